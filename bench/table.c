/* table.c: rows of all programs of bench/ in, and out a table: how fast we are, how fast we could
 * be, how fast others are, and what we had set out to reach.
 *
 *     table ROWS [JSON] [SHORT]
 *
 * ROWS is a file with a row of JSON a line (measure/measure.h). The same measurement may come many
 * times, from many processes; its median counts. JSON gets every number of the table, SHORT a
 * narrower one with many products as one line, their worst. A line says
 *
 *     on        threads
 *     ours      the median of our rows
 *     floor     what the parts would do alone, or, of products, the peak of multiply-adds
 *     share     ours / floor
 *     peer      the best of the others, who may use fewer threads than we do
 *     ratio     how many times better than the peer: more symbols, or less time or memory
 *     absolute  ours again where the target is absolute; a rate or a time as a machine would have
 * it whose peak is 232 GFLOP/s a core, for on such a one the targets were set
 *
 * with the target in parentheses behind each that has one, and whether all of them are met; "?"
 * where one could not be judged because the peer is not there. Share and ratio are cut, not
 * rounded: 0.849 is 0.84. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/measure.h"
#include "measure/results.h"

static const char *const verdicts[] = {[MET] = "yes", [UNJUDGED] = "?", [MISSED] = "no"};

/* ---- many products as one line -------------------------------------------------------------- */

/* The smaller of two, of which either may be NAN. */
static double lower(double a, double b)
{
    return isnan(a) || b < a ? b : a;
}

static bool same_products(const Result *a, const Result *b)
{
    return strncmp(a->what, "product", strlen("product")) == 0 && strcmp(a->what, b->what) == 0 &&
           a->threads == b->threads && a->target.share == b->target.share;
}

#define WORST_OF "worst; %d of %d met"

/* Products of the same targets become one line, of their worst share and their worst ratio. Returns
 * how many lines are left. */
static int shorten(Result *results, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        Result r = results[i];
        int met = r.verdict == MET, all = 1;
        if (i > 0 && same_products(&results[kept - 1], &r)) {
            Result *line = &results[kept - 1];
            sscanf(line->name, WORST_OF, &met, &all);
            met += r.verdict == MET, all++;
            line->share = lower(line->share, r.share), line->ratio = lower(line->ratio, r.ratio);
            line->verdict = worse(line->verdict, r.verdict);
        } else
            results[kept++] = r;
        Result *line = &results[kept - 1];
        if (!same_products(line, line)) continue;
        line->ours = line->floor = line->peer_value = NAN;
        snprintf(line->name, sizeof line->name, WORST_OF, met, all);
    }
    return kept;
}

/* ---- the table ------------------------------------------------------------------------------ */

/* Four digits or so: "0.128", "17.9", "13880"; "-" for NAN. */
static const char *number(char out[32], double x)
{
    int decimals = fabs(x) >= 100 ? 0 : fabs(x) >= 10 ? 1 : fabs(x) >= 1 ? 2 : 3;
    if (isnan(x)) return "-";
    snprintf(out, 32, "%.*f", decimals, x);
    return out;
}

/* "0.84 (0.85)": what was reached, cut to two decimals, and the target. */
static const char *reached(char out[64], double x, double target)
{
    char aim[32] = "";
    if (target > 0) snprintf(aim, sizeof aim, " (%.2f)", target);
    if (isnan(x))
        snprintf(out, 64, "-%s", aim);
    else
        snprintf(out, 64, "%.2f%s", floor(x * 100) / 100, aim);
    return out;
}

static const char *limited(char out[80], const Result *r)
{
    char value[32], limit[32];
    if (r->target.limit == 0) return "-";
    snprintf(out, 80, "%s (%s)", number(value, r->scaled), number(limit, r->target.limit));
    return out;
}

/* brief: without the numbers that share and ratio are made of. */
static void print_line(FILE *out, const Result *r, bool brief)
{
    char name[160], ours[32], base[32], peer[32], share[64], ratio[64], absolute[80];
    snprintf(name, sizeof name, "%s, %s", r->what, r->name);
    fprintf(out, "%-46s %3d %9s %-9s ", name, r->threads, number(ours, r->ours), r->unit);
    if (!brief) fprintf(out, "%9s ", number(base, r->floor));
    fprintf(out, "%-11s ", reached(share, r->share, r->target.share));
    if (!brief) fprintf(out, "%9s %-8s ", number(peer, r->peer_value), r->peer);
    fprintf(out, "%-12s ", reached(ratio, r->ratio, r->target.ratio));
    if (r->target_set)
        fprintf(out, "%-15s %s\n", limited(absolute, r), verdicts[r->verdict]);
    else
        fprintf(out, "-\n");
}

static void print_table(FILE *out, const Result *results, int count, bool brief)
{
    fprintf(out, "%-46s %3s %9s %-9s ", "", "on", "ours", "");
    if (!brief) fprintf(out, "%9s ", "floor");
    fprintf(out, "%-11s ", "share");
    if (!brief) fprintf(out, "%9s %-8s ", "peer", "");
    fprintf(out, "%-12s %-15s %s\n", "ratio", "absolute", "met");
    for (int i = 0; i < count; i++) print_line(out, &results[i], brief);
}

/* NAN is left out. */
static void add_number(cJSON *to, const char *name, double x)
{
    if (isfinite(x)) cJSON_AddNumberToObject(to, name, x);
}

static cJSON *result_json(const Result *r)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "what", r->what);
    cJSON_AddStringToObject(j, "case", r->name);
    cJSON_AddNumberToObject(j, "threads", r->threads);
    cJSON_AddStringToObject(j, "unit", r->unit);
    add_number(j, "ours", r->ours);
    add_number(j, "floor", r->floor);
    add_number(j, "share", r->share);
    if (r->target.share > 0) add_number(j, "share_target", r->target.share);
    if (r->peer[0]) cJSON_AddStringToObject(j, "peer", r->peer);
    add_number(j, "peer_value", r->peer_value);
    add_number(j, "ratio", r->ratio);
    if (r->target.ratio > 0) add_number(j, "ratio_target", r->target.ratio);
    add_number(j, "scaled", r->scaled);
    if (r->target.limit > 0) add_number(j, "limit", r->target.limit);
    if (r->target_set) cJSON_AddStringToObject(j, "met", verdicts[r->verdict]);
    return j;
}

typedef struct {
    const Result *results;
    int count;
} Lines;

static bool write_lines(FILE *out, void *arg)
{
    const Lines *lines = arg;
    print_table(out, lines->results, lines->count, true);
    return !ferror(out);
}

int main(int argc, char **argv)
{
    Error err;
    Rows rows = {0};
    int count;
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: table ROWS [JSON] [SHORT]\n");
        return 2;
    }
    bool good = rows_read(&rows, argv[1], &err);
    Result *results = results_of(&rows, &count);
    if (good) print_table(stdout, results, count, false);
    if (good && argc > 2) {
        cJSON *all = cJSON_CreateArray();
        for (int i = 0; i < count; i++) cJSON_AddItemToArray(all, result_json(&results[i]));
        good = file_replace_json(argv[2], all, &err);
        cJSON_Delete(all);
    }
    if (good && argc > 3) {
        Lines lines = {results, shorten(results, count)};
        good = file_replace(argv[3], write_lines, &lines, &err);
    }
    if (!good) fprintf(stderr, "table: %s\n", err.text);
    free(results);
    rows_free(&rows);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
