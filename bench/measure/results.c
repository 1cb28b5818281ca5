/* results.c: the targets, and who meets them. */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- targets -------------------------------------------------------------------------------- */

/* name NULL: every case of it; threads 0: any number. Of products, see product_target. */
static const struct {
    const char *what, *name;
    int threads;
    const char *unit;
    Target target;
} targets[] = {
    {"machine", "ours alone", 0, "share", {.limit = 0.9}},
    {"product of a head", NULL, 1, "GFLOP/s", {.share = 0.5}},
    {"training step", "4/4/128/64x12", 1, "symbols/s", {.share = 0.85, .ratio = 1.6}},
    {"training step", "2/2/64/64x32", 1, "symbols/s", {.share = 0.85, .ratio = 2}},
    {"training step", "6/6/384/256x4", 1, "symbols/s", {.share = 0.85, .ratio = 1.15}},
    {"training step", "4/4/128/64x12", 2, "symbols/s", {.share = 0.85, .ratio = 2}},
    {"training step", "2/2/64/64x32", 2, "symbols/s", {.share = 0.85, .ratio = 2.5}},
    {"training step", "6/6/384/256x4", 2, "symbols/s", {.share = 0.85, .ratio = 1.25}},
    {"training step, 2 threads for 1", NULL, 2, "times", {.limit = 1.8}},
    {"PPO iteration", NULL, 1, "symbols/s", {.ratio = 2.4}},
    {"PPO iteration, 2 threads for 1", NULL, 2, "times", {.limit = 1.8}},
    {"sampling 64", "2/2/64", 0, "symbols/s", {.ratio = 6}},
    {"sampling 64", "4/4/128", 0, "symbols/s", {.ratio = 4}},
    {"sampling one", "2/2/64", 1, "symbols/s", {.limit = 250000}},
    {"sampling one", "4/4/128", 1, "symbols/s", {.limit = 27000}},
    {"sampling one", "6/6/384", 1, "symbols/s", {.limit = 1100}},
    {"counting n-grams", "to ARPA", 1, "s", {.ratio = 2}},
    {"counting n-grams", "to ARPA", 1, "MiB", {.ratio = 1}},
    {"querying n-grams", NULL, 1, "symbols/s", {.ratio = 1}},
    {"Shakespeare, 2000 steps", NULL, 1, "s", {.limit = 50}},
    {"Shakespeare, 2000 steps", NULL, 2, "s", {.limit = 28}},
    {"memory", NULL, 0, "MiB", {.limit = 200}},
    {"memory, growth over steps", NULL, 0, "MiB", {.limit = 2}},
};

/* "ab 768x384x128 view": of 64 and more in every direction, near the peak; never slower than the
 * peer. */
static Target product_target(const char *name, int threads)
{
    int m = 0, n = 0, k = 0;
    Target t = {.ratio = 1};
    if (sscanf(name, "%*s %dx%dx%d", &m, &n, &k) == 3 && m >= 64 && n >= 64 && k >= 64)
        t.share = threads == 1 ? 0.9 : 0.85;
    return t;
}

static Target target_of(const char *what, const char *name, int threads, const char *unit)
{
    if (strcmp(what, "product") == 0) return product_target(name, threads);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        bool named = !targets[i].name || strcmp(targets[i].name, name) == 0;
        bool threaded = targets[i].threads == 0 || targets[i].threads == threads;
        if (named && threaded && strcmp(targets[i].what, what) == 0 &&
            strcmp(targets[i].unit, unit) == 0)
            return targets[i].target;
    }
    return (Target){0};
}

/* ---- results -------------------------------------------------------------------------------- */

static bool less_is_better(const char *unit)
{
    return strcmp(unit, "s") == 0 || strcmp(unit, "MiB") == 0;
}

/* Rates and times as the machine would have them on which the limits were set. */
static double scale(const char *unit, double value, double peak)
{
    if (strcmp(unit, "symbols/s") == 0) return value * RESULTS_PEAK / peak;
    if (strcmp(unit, "s") == 0) return value * peak / RESULTS_PEAK;
    return value;
}

Verdict worse(Verdict a, Verdict b)
{
    return a > b ? a : b;
}

/* reached: NAN where it could not be measured */
static Verdict judge(double reached, double target, bool less)
{
    if (target == 0) return MET;
    if (isnan(reached)) return UNJUDGED;
    return (less ? reached <= target : reached >= target) ? MET : MISSED;
}

/* The best of those who are neither we nor a floor, with as many threads or fewer. */
static void find_peer(Result *r, const Rows *rows, const Series *key)
{
    bool less = less_is_better(key->unit);
    r->peer_value = NAN;
    for (int i = 0; i < rows->count; i++) {
        const char *by = rows->series[i].by;
        if (strcmp(by, "ours") == 0 || strcmp(by, "floor") == 0) continue;
        for (int threads = 1; threads <= key->threads; threads++) {
            double value = series_value(rows_find(rows, key, by, threads));
            if (isnan(value) || (less ? value >= r->peer_value : value <= r->peer_value)) continue;
            r->peer_value = value;
            strcpy(r->peer, by);
        }
    }
}

static Result result_of(const Rows *rows, const Series *ours, double peak)
{
    Result r = {.threads = ours->threads, .ours = series_value(ours)};
    strcpy(r.what, ours->what), strcpy(r.name, ours->name), strcpy(r.unit, ours->unit);
    r.target = target_of(r.what, r.name, r.threads, r.unit);
    r.floor = series_value(rows_find(rows, ours, "floor", ours->threads));
    r.share = r.ours / r.floor;
    if (strcmp(r.unit, "GFLOP/s") == 0) { /* each row has a peak of its own */
        r.share = series_share(ours);
        r.floor = r.ours / r.share;
    }
    find_peer(&r, rows, ours);
    bool less = less_is_better(r.unit);
    r.ratio = less ? r.peer_value / r.ours : r.ours / r.peer_value;
    double peak_then = r.ours / series_share(ours) / ours->threads; /* of a core */
    r.scaled =
        r.target.limit > 0 ? scale(r.unit, r.ours, isnan(peak_then) ? peak : peak_then) : NAN;
    r.target_set = r.target.share > 0 || r.target.ratio > 0 || r.target.limit > 0;
    r.verdict = worse(judge(r.share, r.target.share, false), judge(r.ratio, r.target.ratio, false));
    r.verdict = worse(r.verdict, judge(r.scaled, r.target.limit, less));
    return r;
}

/* ---- measurements made of others ------------------------------------------------------------ */

/* How much faster two threads are than one. */
static void add_scaling(Rows *rows, const char *what)
{
    for (int i = 0; i < rows->count; i++) {
        Series one = rows->series[i];
        if (strcmp(one.what, what) != 0 || strcmp(one.by, "ours") != 0 || one.threads != 1)
            continue;
        const Series *two = rows_find(rows, &one, "ours", 2);
        if (!two) continue;
        double times = series_value(two) / series_value(&one);
        snprintf(one.what, sizeof one.what, "%s, 2 threads for 1", what);
        snprintf(one.unit, sizeof one.unit, "times");
        one.threads = 2;
        rows_add(rows, &one, times, NAN);
    }
}

static const char FEW_STEPS[] = "memory of few steps";

/* How much more memory a run of all its steps takes than one of few. */
static void add_growth(Rows *rows)
{
    for (int i = 0; i < rows->count; i++) {
        Series few = rows->series[i];
        if (strcmp(few.what, FEW_STEPS) != 0 || strcmp(few.unit, "MiB") != 0) continue;
        double least = series_value(&few);
        snprintf(few.what, sizeof few.what, "memory");
        double most = series_value(rows_find(rows, &few, few.by, few.threads));
        snprintf(few.what, sizeof few.what, "memory, growth over steps");
        if (!isnan(most)) rows_add(rows, &few, most - least, NAN);
    }
}

/* Rows that are ours, are about the chapters and have a line in the table. */
static bool has_line(const Series *s)
{
    if (strcmp(s->by, "ours") != 0 || strcmp(s->what, FEW_STEPS) == 0) return false;
    return strcmp(s->what, "memory") != 0 || strcmp(s->unit, "MiB") == 0;
}

/* "memory" and "memory, growth over steps" are of one kind. */
static int first_of_kind(const Rows *rows, const char *what)
{
    size_t length = strcspn(what, ",");
    for (int i = 0; i < rows->count; i++) {
        const char *other = rows->series[i].what;
        if (strncmp(other, what, length) == 0 && strcspn(other, ",") == length) return i;
    }
    return rows->count;
}

static int compare(const void *a, const void *b)
{
    const Result *x = a, *y = b;
    if (x->place[0] != y->place[0]) return x->place[0] - y->place[0];
    if (x->threads != y->threads) return x->threads - y->threads;
    if (x->target.share != y->target.share) return x->target.share < y->target.share ? 1 : -1;
    return x->place[1] - y->place[1];
}

Result *results_of(Rows *rows, int *count)
{
    Series machine = {.what = "machine", .name = "multiply-add", .unit = "GFLOP/s"};
    double peak = series_value(rows_find(rows, &machine, "ours", 1));
    add_scaling(rows, "training step");
    add_scaling(rows, "PPO iteration");
    add_growth(rows);
    Result *results = NEW(Result, rows->count);
    *count = 0;
    for (int i = 0; i < rows->count; i++) {
        if (!has_line(&rows->series[i])) continue;
        Result *r = &results[*count];
        *r = result_of(rows, &rows->series[i], peak);
        r->place[0] = first_of_kind(rows, r->what), r->place[1] = (*count)++;
    }
    qsort(results, (size_t)*count, sizeof *results, compare);
    return results;
}
