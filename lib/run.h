/* run.h: what every chapter's program does around its idea: an output directory, curves, a
 * summary, progress with the time left, figures, and a clean stop at Ctrl-C.
 *
 * Contract: run_open first (it makes the directory and catches SIGINT and SIGTERM), then use the
 * rest in any order, run_close last. While it is open no other run can use its directory. */
#ifndef RUN_H
#define RUN_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <sys/types.h>

#include "error.h"
#include "files.h"

#define PROJECT_VERSION "0.1.0"

typedef struct {
    char dir[DIRECTORY_MAX + 1]; /* where this run writes */
    char root[512]; /* the project's directory (the program's own), where plots/ stands */
    bool terminal;  /* stdout is a terminal: progress is redrawn in place, sketches are drawn */
    double started; /* seconds, from clock_seconds() */
    char written[32][64]; /* names of the files written so far, for run_close to list */
    int written_count;

    /* private */
    int held;             /* by directory_hold */
    double drawn;         /* when progress was last shown; 0: nothing is on the line */
    double phase_start;   /* when the first step of this progress came; 0: none yet */
    int phase_first;      /* that step */
    int phase_last;       /* the latest one */
    int phase_tenths;     /* tenths of the way that a pipe has seen */
    bool without_figures; /* it was said that gnuplot is missing, or too slow */
    double patience;      /* seconds that a figure may take */
} Run;

double clock_seconds(void); /* monotonic wall clock */

/* Waits so many seconds for a child's end. *status as waitpid gives it; what it held where somebody
 * else has waited for it. */
bool child_ended(pid_t child, double seconds, int *status);

/* argv0 finds the project's directory. Fails where dir can't be made or written, where another run
 * is using it, and where a file that every program writes is there and protected. */
bool run_open(Run *r, const char *dir, const char *argv0, Error *err);

/* False, with a sentence, where the run would write its results over one of the files that it
 * reads; any of the names may be NULL. */
bool run_spares(const Run *r, const char *const inputs[], int count, Error *err);

/* False, with a sentence, where the file that `flag` wants to write is one of the run's results. */
bool run_leaves(const Run *r, const char *flag, const char *path, Error *err);

/* True once Ctrl-C (SIGINT) or SIGTERM has come: finish the step, save, stop. A second one ends the
 * program at once. */
bool run_stopped(void);

/* Path of a file in the run's directory; valid until the fourth next call. */
const char *run_path(const Run *r, const char *file);

/* Writes a file of the run's directory, by file_replace. */
bool run_save_json(Run *r, const char *file, const cJSON *json, Error *err);

/* Writes summary.json, and into it the most memory that the run has had, "peak_memory_bytes". */
bool run_save_summary(Run *r, cJSON *summary, Error *err);

/* Notes that a file of the run's directory was written by other means (a checkpoint). */
void run_wrote(Run *r, const char *file);

/* Progress of step `step` of `total`: at most ten times a second on a terminal (redrawn in place),
 * every tenth of the way in a pipe. The note is printf-like and short: "loss 1.234". */
void run_progress(Run *r, int step, int total, const char *note, ...)
    __attribute__((format(printf, 4, 5)));
void run_progress_end(Run *r); /* clears the line: call it before printing anything else */

/* Runs plots/<script> with gnuplot: the script sees the variables `dir` (where the data are and the
 * figure goes), `root` (the project's directory) and whatever `defines` sets ("floor=0.61; n=3", or
 * NULL). The figure is <script's name>.svg, by plots/style.gp. Where gnuplot or the script is
 * missing, complains or takes half a minute, says so in one line and returns; a figure is never a
 * reason to fail. */
void run_plot(Run *r, const char *script, const char *defines);

/* Removes what an earlier run has left under this name, where this one has nothing to put there: a
 * file, or the figure of a script. */
void run_drop(Run *r, const char *file);
void run_drop_figure(Run *r, const char *script);

/* Prints the paths written and the seconds it took. False, with a word on stderr, where what the
 * program had to say did not get through, as on a full disk. */
bool run_close(Run *r);

#endif
