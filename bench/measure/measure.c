/* measure.c: bursts, medians and rows. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "rng.h"

enum { VOCABULARY = 65 };

const TrainingCase training_cases[TRAINING_CASES] = {
    {"4/4/128", "4/4/128/64x12", {4, 4, 128, 64, VOCABULARY}, 12},
    {"2/2/64", "2/2/64/64x32", {2, 2, 64, 64, VOCABULARY}, 32},
    {"6/6/384", "6/6/384/256x4", {6, 6, 384, 256, VOCABULARY}, 4}};

bool bench_wants(const Bench *b, const char *name)
{
    return !b->only || strstr(name, b->only);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, compare);
    return x[n / 2];
}

/* Seconds of one of `calls` calls in a row. */
static double burst(void (*work)(void *arg), void *arg, int calls)
{
    double start = clock_seconds();
    for (int i = 0; i < calls; i++) work(arg);
    return (clock_seconds() - start) / calls;
}

/* The threads of a process that has just begun may share a core until the system has noticed. */
static void settle(int threads)
{
    static bool settled;
    double start = clock_seconds();
    while (!settled && clock_seconds() - start < 0.1) peak_rate(threads);
    settled = true;
}

Measured measure(const Bench *b, void (*work)(void *arg), void *arg)
{
    enum { FEWEST = 3, MOST = 4096 };
    double seconds[MOST], peak[MOST];
    settle(b->threads);
    work(arg);
    double first = burst(work, arg, 1);
    int calls = first < BURST_SECONDS ? (int)(BURST_SECONDS / first) : 1, n = 0;
    for (double start = clock_seconds(); n < MOST; n++) {
        if (n >= FEWEST && clock_seconds() - start >= b->seconds) break;
        seconds[n] = burst(work, arg, calls);
        peak[n] = peak_rate(b->threads);
    }
    return (Measured){median(seconds, n), median(peak, n)};
}

void bench_row(const Bench *b, const char *name, double amount, Measured m)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "what", b->what);
    cJSON_AddStringToObject(row, "case", name);
    cJSON_AddNumberToObject(row, "threads", b->threads);
    cJSON_AddStringToObject(row, "by", b->by);
    cJSON_AddStringToObject(row, "unit", b->unit);
    cJSON_AddNumberToObject(row, "value", amount > 0 ? amount / m.seconds : m.seconds);
    if (m.peak > 0) cJSON_AddNumberToObject(row, "peak", m.peak);
    char *line = cJSON_PrintUnformatted(row);
    printf("%s\n", line);
    fflush(stdout);
    free(line);
    cJSON_Delete(row);
}

real *random_numbers(size_t n)
{
    Arena a = {0};
    arena_matrix(&a, 1, (int)n);
    arena_reserve(&a);
    real *x = a.base;
    Rng rng = rng_stream(1, n);
    for (size_t i = 0; i < n; i++) x[i] = (real)(rng_uniform(&rng) - 0.5);
    return x;
}
