/* rows.c: see rows.h. */
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static bool same_measurement(const Series *a, const Series *b)
{
    return strcmp(a->what, b->what) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->unit, b->unit) == 0;
}

const Series *rows_find(const Rows *rows, const Series *key, const char *by, int threads)
{
    for (int i = 0; i < rows->count; i++) {
        const Series *s = &rows->series[i];
        if (same_measurement(s, key) && s->threads == threads && strcmp(s->by, by) == 0) return s;
    }
    return NULL;
}

void rows_add(Rows *rows, const Series *key, double value, double share)
{
    const Series *found = rows_find(rows, key, key->by, key->threads);
    int at = found ? (int)(found - rows->series) : rows->count;
    if (!found) {
        rows->series = must_realloc(rows->series, (size_t)++rows->count, sizeof *rows->series);
        rows->series[at] = *key;
        rows->series[at].count = 0, rows->series[at].value = rows->series[at].share = NULL;
    }
    Series *s = &rows->series[at];
    s->value = must_realloc(s->value, (size_t)s->count + 1, sizeof *s->value);
    s->share = must_realloc(s->share, (size_t)s->count + 1, sizeof *s->share);
    s->value[s->count] = value;
    s->share[s->count++] = share;
}

static bool take_text(char *to, size_t size, const cJSON *row, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));
    return text && (size_t)snprintf(to, size, "%s", text) < size;
}

static double take_number(const cJSON *row, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(row, key)); /* or NAN */
}

static bool read_row(Rows *rows, const char *line)
{
    cJSON *row = cJSON_Parse(line);
    Series key = {0};
    double value = take_number(row, "value"), threads = take_number(row, "threads");
    bool good = take_text(key.what, sizeof key.what, row, "what") &&
                take_text(key.name, sizeof key.name, row, "case") &&
                take_text(key.unit, sizeof key.unit, row, "unit") &&
                take_text(key.by, sizeof key.by, row, "by") && threads >= 1 && threads < 1e4 &&
                isfinite(value);
    if (good) {
        key.threads = (int)threads;
        rows_add(rows, &key, value, value / take_number(row, "peak"));
    }
    cJSON_Delete(row);
    return good;
}

bool rows_read(Rows *rows, const char *path, Error *err)
{
    FILE *in = fopen(path, "r");
    if (!in) return error_set(err, "can't read %s: make bench writes it", path);
    char line[1024];
    bool good = true;
    for (int number = 1; good && fgets(line, sizeof line, in); number++)
        good = read_row(rows, line) || error_set(err, "%s:%d: this is no row", path, number);
    fclose(in);
    return good;
}

void rows_free(Rows *rows)
{
    for (int i = 0; i < rows->count; i++) {
        free(rows->series[i].value);
        free(rows->series[i].share);
    }
    free(rows->series);
    *rows = (Rows){0};
}

double series_value(const Series *s)
{
    return s ? median(s->value, s->count) : NAN;
}

double series_share(const Series *s)
{
    return s ? median(s->share, s->count) : NAN;
}
