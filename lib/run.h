/* run.h: what every chapter's program does around its idea: an output directory, curves, a
 * summary, progress with the time left, figures, and a clean stop at Ctrl-C.
 *
 * Contract: run_open first (it makes the directory and catches SIGINT and SIGTERM), then use the
 * rest in any order, run_close last. Files are written to a temporary name in the same directory
 * and renamed, so an interrupt leaves the old file or the new one, never half. */
#ifndef RUN_H
#define RUN_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "error.h"

#define PROJECT_VERSION "0.1.0"

typedef struct {
    char dir[512];     /* where this run writes */
    char root[512];    /* the project's directory (the program's own), where plots/ stands */
    bool terminal;     /* stdout is a terminal: progress is redrawn in place, sketches are drawn */
    double started;    /* seconds, from clock_seconds() */
    double drawn;      /* private: when progress was last shown */
    char written[16][64]; /* names of the files written so far, for run_close to list */
    int written_count;
} Run;

double clock_seconds(void); /* monotonic wall clock */

/* argv0 finds the project's directory. Fails where dir can't be made or written. */
bool run_open(Run *r, const char *dir, const char *argv0, Error *err);

/* True once Ctrl-C (SIGINT) or SIGTERM has come: finish the step, save, stop. */
bool run_stopped(void);

/* Path of a file in the run's directory; valid until the fourth next call. */
const char *run_path(const Run *r, const char *file);

/* Writes a whole file through a temporary name. `write` gets an open stream and returns false on
 * failure (errno set). Errors are named with the path. */
bool file_replace(const char *path, bool (*write)(FILE *out, void *arg), void *arg, Error *err);
bool run_save_json(Run *r, const char *file, const cJSON *json, Error *err);

/* Notes that a file of the run's directory was written by other means (a checkpoint). */
void run_wrote(Run *r, const char *file);

/* Progress of step `step` of `total`: at most ten times a second on a terminal (redrawn in place),
 * every tenth of the way in a pipe. The note is printf-like and short: "loss 1.234". */
void run_progress(Run *r, int step, int total, const char *note, ...)
    __attribute__((format(printf, 4, 5)));
void run_progress_end(Run *r); /* clears the line */

/* A table of curves: a header, then a row per seed and step, all numbers. */
typedef struct {
    int columns, rows, capacity;
    char **names;
    double *values; /* (rows, columns); NAN prints as an empty field */
} Curves;

Curves *curves_new(const char *header); /* "seed,step,train_loss,held_out_loss" */
void curves_add(Curves *c, ...);        /* one double per column */
double curves_at(const Curves *c, int row, const char *column);
bool curves_save(const Curves *c, Run *r, const char *file, Error *err); /* %.9g: exact for float */
bool curves_load(Curves *c, const char *path, Error *err); /* appends; header must be the same */
void curves_free(Curves *c);

/* An ASCII sketch, 60 x 12, of column y against column x, one letter per seed; only where stdout is
 * a terminal. floor: a horizontal line at this value, or NAN. */
void curves_sketch(const Curves *c, const Run *r, const char *x, const char *y, double floor);

/* Runs plots/<script> with gnuplot in the run's directory: the script sees the variables `dir`
 * (where the data are and the figure goes) and whatever `defines` sets ("floor=0.61; n=3").
 * The figure is <script's name>.svg. Where gnuplot or the script is missing, says so in one line
 * and returns; a figure is never a reason to fail. */
void run_plot(Run *r, const char *script, const char *defines);

/* Prints the paths written and the seconds it took. */
void run_close(Run *r);

#endif
