/* curves.h: a table of numbers that grows by rows: the learning curves of a run.
 *
 * A header names the columns; then comes a row per seed and step. It is saved as curves.csv, which
 * gnuplot draws, and can be read back, so that a run that goes on keeps its past. A field that was
 * not measured is NAN in memory and empty in the file. */
#ifndef CURVES_H
#define CURVES_H

#include <stdio.h>

#include "error.h"
#include "run.h"

typedef struct {
    int columns, rows, capacity;
    char **names;
    double *values; /* (rows, columns) */
} Curves;

Curves *curves_new(const char *header); /* "seed,step,train_loss,held_out_loss" */
void curves_free(Curves *c);

/* curves_add(c, seed, step, loss, NAN): one number per column, of any arithmetic type. */
#define curves_add(c, ...)                                                     \
    curves_add_row(c, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), \
                   (const double[]){__VA_ARGS__})
void curves_add_row(Curves *c, int columns, const double *values);

double curves_at(const Curves *c, int row, const char *column);

/* Writes the table as CSV into the run's directory, by file_replace, and notes it for run_close.
 * Numbers as %.9g, which is exact for float; NAN as nothing. */
bool curves_save(const Curves *c, Run *r, const char *file, Error *err);

/* Appends the file's rows; its header must be the same. A file that is not a table of numbers is
 * refused with its line, and c keeps the rows it had. */
bool curves_load(Curves *c, const char *path, Error *err);

/* An ASCII sketch, 60 x 12, of column y against column x, one letter per seed (column "seed", if
 * there is one), * where seeds meet; each letter is the mean of the rows that fall into its place.
 * bound: a dashed line at this value, with its name behind it; NAN: none. Only where stdout is a
 * terminal; curves_draw draws it anywhere. */
void curves_sketch(const Curves *c, const Run *r, const char *x, const char *y, double bound,
                   const char *name);
void curves_draw(FILE *out, const Curves *c, const char *x, const char *y, double bound,
                 const char *name);

#endif
