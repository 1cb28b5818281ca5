/* rows.h: the rows of many processes, gathered by what they measured. */
#ifndef ROWS_H
#define ROWS_H

#include "error.h"

/* All rows of one measurement by one contestant. */
typedef struct {
    char what[64], name[64], unit[16], by[16]; /* name: the row's "case" */
    int threads, count;
    double *value, *share; /* (count) sorted or not; share is value / peak, NAN without a peak */
} Series;

typedef struct {
    int count;
    Series *series;
} Rows;

/* Adds the rows of a file, one a line. A line that is no row is refused with its number. */
bool rows_read(Rows *rows, const char *path, Error *err);
void rows_free(Rows *rows);

/* key names the measurement and whose it is; value, share and count of it don't matter. */
void rows_add(Rows *rows, const Series *key, double value, double share);

/* The series of the same measurement, by this contestant with so many threads, or NULL. */
const Series *rows_find(const Rows *rows, const Series *key, const char *by, int threads);

double series_value(const Series *s); /* the median; NAN for NULL */
double series_share(const Series *s);

#endif
