/* curves.c: the table of learning curves, its file, and its sketch on a terminal. */
#include "curves.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096, ROWS_MAX = 10 * 1000 * 1000 };

/* --- the table -------------------------------------------------------------------------------- */

Curves *curves_new(const char *header)
{
    Curves *c = NEW(Curves, 1);
    c->columns = 1;
    for (const char *p = header; *p; p++) c->columns += *p == ',';
    c->names = NEW(char *, c->columns);
    for (int j = 0; j < c->columns; j++) {
        size_t length = strcspn(header, ",");
        REQUIRE(length > 0, "a column of curves has no name");
        c->names[j] = NEW(char, length + 1);
        memcpy(c->names[j], header, length);
        header += length + 1;
    }
    return c;
}

void curves_free(Curves *c)
{
    if (!c) return;
    for (int j = 0; j < c->columns; j++) free(c->names[j]);
    free(c->names);
    free(c->values);
    free(c);
}

void curves_add_row(Curves *c, int columns, const double *values)
{
    REQUIRE(columns == c->columns, "%d numbers for %d columns", columns, c->columns);
    if (c->rows == c->capacity) {
        REQUIRE(c->capacity <= INT_MAX / 2, "too many rows");
        c->capacity = c->capacity ? 2 * c->capacity : 64;
        c->values =
            must_realloc(c->values, (size_t)c->capacity, (size_t)c->columns * sizeof *c->values);
    }
    memcpy(c->values + (size_t)c->rows++ * (size_t)columns, values,
           (size_t)columns * sizeof *values);
}

/* The index of a column, or -1. */
static int find_column(const Curves *c, const char *name)
{
    for (int j = 0; j < c->columns; j++)
        if (strcmp(c->names[j], name) == 0) return j;
    return -1;
}

static double value_at(const Curves *c, int row, int column)
{
    return c->values[(size_t)row * (size_t)c->columns + (size_t)column];
}

double curves_at(const Curves *c, int row, const char *column)
{
    int j = find_column(c, column);
    REQUIRE(j >= 0, "no column is called %s", column);
    REQUIRE(row >= 0 && row < c->rows, "row %d of %d", row, c->rows);
    return value_at(c, row, j);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool write_csv(FILE *out, void *arg)
{
    const Curves *c = arg;
    for (int j = 0; j < c->columns; j++) fprintf(out, "%s%s", j ? "," : "", c->names[j]);
    for (int i = 0; i < c->rows; i++) {
        for (int j = 0; j < c->columns; j++) {
            fputc(j ? ',' : '\n', out);
            double x = value_at(c, i, j);
            if (isnan(x)) continue;
            fprintf(out, x == floor(x) && fabs(x) < 1e15 ? "%.0f" : "%.9g", x);
        }
    }
    return fputc('\n', out) != EOF;
}

bool curves_save(const Curves *c, Run *r, const char *file, Error *err)
{
    if (!file_replace(run_path(r, file), write_csv, (void *)c, err)) return false;
    run_wrote(r, file);
    return true;
}

/* The next line without its end. Returns 1, 0 at the end of the file, -1 for a line that is too
 * long, is cut short, or holds a zero byte. */
static int read_line(FILE *in, char line[LINE_MAX_BYTES])
{
    if (!fgets(line, LINE_MAX_BYTES, in)) return 0;
    size_t length = strlen(line);
    if (length == 0 || line[length - 1] != '\n') return -1;
    line[--length] = '\0';
    if (length > 0 && line[length - 1] == '\r') line[length - 1] = '\0';
    return 1;
}

static bool same_header(const Curves *c, const char *line)
{
    for (int j = 0; j < c->columns; j++) {
        size_t length = strlen(c->names[j]);
        if (strncmp(line, c->names[j], length) != 0) return false;
        if (line[length] != (j + 1 < c->columns ? ',' : '\0')) return false;
        line += length + 1;
    }
    return true;
}

/* Fills values (columns) with a line's numbers. Returns the field that is wrong, from 1, or 0. */
static int read_row(const Curves *c, const char *line, double *values)
{
    for (int j = 0; j < c->columns; j++) {
        bool empty = *line == ',' || *line == '\0';
        char *end = (char *)line;
        values[j] = empty ? NAN : strtod(line, &end);
        if (*end != (j + 1 < c->columns ? ',' : '\0')) return j + 1;
        if (!empty && (end == line || isspace((unsigned char)*line))) return j + 1;
        line = end + 1;
    }
    return 0;
}

static bool read_rows(Curves *c, FILE *in, double *values, const char *path, Error *err)
{
    char line[LINE_MAX_BYTES];
    int got = read_line(in, line);
    if (got == 0 && ferror(in)) return error_set(err, "can't read %s: %s", path, strerror(errno));
    if (got <= 0 || !same_header(c, line))
        return error_set(err,
                         "line 1 of %s names other columns than this program writes: remove "
                         "the file or choose another --out",
                         path);
    for (int number = 2; (got = read_line(in, line)) != 0; number++) {
        if (got < 0)
            return error_set(err, "line %d of %s is cut short, or is no line of numbers: remove it",
                             number, path);
        int wrong = read_row(c, line, values);
        if (wrong)
            return error_set(err, "line %d of %s is not %d numbers: look at field %d", number, path,
                             c->columns, wrong);
        if (number - 1 > ROWS_MAX)
            return error_set(err, "%s has more than %d rows: that is no file of curves", path,
                             ROWS_MAX);
        curves_add_row(c, c->columns, values);
    }
    return !ferror(in) || error_set(err, "can't read %s: %s", path, strerror(errno));
}

bool curves_load(Curves *c, const char *path, Error *err)
{
    FILE *in = fopen(path, "rb");
    if (!in) return error_set(err, "can't open %s: %s", path, strerror(errno));
    double *values = NEW(double, c->columns);
    int rows = c->rows;
    bool ok = read_rows(c, in, values, path, err);
    if (!ok) c->rows = rows;
    free(values);
    fclose(in);
    return ok;
}

/* --- the sketch ------------------------------------------------------------------------------- */

enum { WIDTH = 60, HEIGHT = 12, SEEDS_MAX = 26 };

typedef struct {
    double low, high;
} Range;

typedef struct {
    int x, y, seed; /* seed -1: there is no such column */
} Columns;

static void range_add(Range *r, double v)
{
    if (!isfinite(v)) return;
    if (!(r->low <= v)) r->low = v; /* NaN before the first value */
    if (!(r->high >= v)) r->high = v;
}

/* The place of v among n, from 0. */
static int place(const Range *r, double v, int n)
{
    double share = r->high > r->low ? (v - r->low) / (r->high - r->low) : 0.5;
    return (int)lround(share * (n - 1));
}

/* The letter of a seed, a for the first one seen. */
static int letter_of(double seed, double *seeds, int *count)
{
    for (int s = 0; s < *count; s++)
        if (seeds[s] == seed) return s;
    if (*count == SEEDS_MAX) return SEEDS_MAX - 1;
    seeds[*count] = seed;
    return (*count)++;
}

/* Marks the mean of y in each column of the sketch, a letter per seed. */
static void mark_curves(char canvas[HEIGHT][WIDTH + 1], const Curves *c, Columns at,
                        const Range *rx, const Range *ry)
{
    static double sum[SEEDS_MAX][WIDTH], count[SEEDS_MAX][WIDTH];
    double seeds[SEEDS_MAX];
    int seed_count = 0;
    memset(sum, 0, sizeof sum);
    memset(count, 0, sizeof count);
    for (int i = 0; i < c->rows; i++) {
        double x = value_at(c, i, at.x), y = value_at(c, i, at.y);
        if (!isfinite(x) || !isfinite(y)) continue;
        int s = letter_of(at.seed >= 0 ? value_at(c, i, at.seed) : 0, seeds, &seed_count);
        sum[s][place(rx, x, WIDTH)] += y;
        count[s][place(rx, x, WIDTH)] += 1;
    }
    for (int s = 0; s < seed_count; s++) {
        for (int j = 0; j < WIDTH; j++) {
            if (count[s][j] == 0) continue;
            char *spot = &canvas[HEIGHT - 1 - place(ry, sum[s][j] / count[s][j], HEIGHT)][j];
            *spot = *spot == ' ' || *spot == '-' ? (char)('a' + s) : '*';
        }
    }
}

static void print_sketch(FILE *out, char canvas[HEIGHT][WIDTH + 1], const char *x, const char *y,
                         const Range *rx, const Range *ry, double bound, const char *name)
{
    int bound_row = isfinite(bound) ? HEIGHT - 1 - place(ry, bound, HEIGHT) : -1;
    char left[32], right[32];
    fprintf(out, "%s\n", y);
    for (int i = 0; i < HEIGHT; i++) {
        char label[32] = "";
        if (i == 0) snprintf(label, sizeof label, "%.4g", ry->high);
        if (i == HEIGHT - 1) snprintf(label, sizeof label, "%.4g", ry->low);
        if (i == bound_row) snprintf(label, sizeof label, "%.4g", bound);
        int used = WIDTH;
        while (used > 0 && canvas[i][used - 1] == ' ') used--;
        fprintf(out, "%10s |%.*s", label, used, canvas[i]);
        fprintf(out, i == bound_row ? " %s\n" : "\n", name);
    }
    snprintf(left, sizeof left, "%.6g", rx->low);
    snprintf(right, sizeof right, "%.6g", rx->high);
    int gap = WIDTH - (int)strlen(left) - (int)strlen(x) - (int)strlen(right), before = gap / 2;
    fprintf(out, "%10s +", "");
    for (int j = 0; j < WIDTH; j++) fputc('-', out);
    fprintf(out, "\n%12s%s%*s%s%*s%s\n", "", left, before > 1 ? before : 1, "", x,
            gap - before > 1 ? gap - before : 1, "", right);
}

void curves_draw(FILE *out, const Curves *c, const char *x, const char *y, double bound,
                 const char *name)
{
    Columns at = {find_column(c, x), find_column(c, y), find_column(c, "seed")};
    REQUIRE(at.x >= 0 && at.y >= 0, "no columns are called %s and %s", x, y);
    Range rx = {NAN, NAN}, ry = {NAN, NAN};
    for (int i = 0; i < c->rows; i++) {
        if (!isfinite(value_at(c, i, at.x)) || !isfinite(value_at(c, i, at.y))) continue;
        range_add(&rx, value_at(c, i, at.x));
        range_add(&ry, value_at(c, i, at.y));
    }
    if (isnan(rx.low)) return; /* nothing was measured */
    range_add(&ry, bound);
    char canvas[HEIGHT][WIDTH + 1];
    memset(canvas, ' ', sizeof canvas);
    if (isfinite(bound))
        for (int j = 0; j < WIDTH; j += 2) canvas[HEIGHT - 1 - place(&ry, bound, HEIGHT)][j] = '-';
    mark_curves(canvas, c, at, &rx, &ry);
    print_sketch(out, canvas, x, y, &rx, &ry, bound, name);
}

void curves_sketch(const Curves *c, const Run *r, const char *x, const char *y, double bound,
                   const char *name)
{
    if (r->terminal) curves_draw(stdout, c, x, y, bound, name);
}
