/* values.c: see values.h. */
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A letter as a field of the table: what has a meaning in a table is replaced by its likeness, and
 * the end symbol is a pilcrow. */
static const char *letter(const Rollout *r, int row)
{
    int x = r->rows->targets[row];
    if (x == r->vocabulary->end) return "¶";
    const char *symbol = r->vocabulary->symbol[x];
    return strcmp(symbol, "\"") == 0 ? "”" : strcmp(symbol, ",") == 0 ? "‚" : symbol;
}

static void write_text(FILE *out, const Rollout *r, int text, int number)
{
    int first = rollout_first(r, text);
    for (int t = 0; t < rollout_length(r, text); t++)
        fprintf(out, "%d,%.9g,%d,%s,%.9g,%.9g\n", number, r->reward[text], t, letter(r, first + t),
                (double)r->values[first + t], (double)r->advantages[first + t]);
}

/* The first few texts above the mean reward, then the first few of the others. */
static void write_texts(FILE *out, const Rollout *r, double mean)
{
    enum { OF_EACH = 2 };
    int N = rollout_texts(r), number = 0;
    for (int above = 1; above >= 0; above--)
        for (int i = 0, taken = 0; i < N && taken < OF_EACH; i++) {
            if ((r->reward[i] > mean) != above) continue;
            write_text(out, r, i, number++);
            taken++;
        }
}

void values_keep(Values *v, const Rollout *r, double explained)
{
    int N = rollout_texts(r);
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) {
        mean += r->reward[i] / N;
        square += r->reward[i] * r->reward[i] / N;
    }
    double most = explained * (square - mean * mean);
    if (!(most > v->most)) return;
    v->most = most;
    free(v->table);
    FILE *out = open_memstream(&v->table, &v->size);
    if (!out) out_of_memory(1, BUFSIZ);
    fprintf(out, "text,reward,position,letter,value,advantage\n");
    write_texts(out, r, mean);
    bool whole = !ferror(out);
    if (fclose(out) != 0 || !whole) out_of_memory(1, v->size);
}

static bool write_table(FILE *out, void *values)
{
    const Values *v = values;
    return fwrite(v->table, 1, v->size, out) == v->size;
}

bool values_save(const Values *v, Run *run, const char *file, Error *err)
{
    if (!v->table) return true;
    if (!file_replace(run_path(run, file), write_table, (void *)v, err)) return false;
    run_wrote(run, file);
    return true;
}

void values_free(Values *v)
{
    free(v->table);
    *v = (Values){0};
}
