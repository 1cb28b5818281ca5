/* peak.c: the machine's multiply-adds per second, to which all other rates are related, and how
 * much of the processor was ours meanwhile: on a machine that does other things, nothing can be
 * measured. For two threads also how far their cores are from one another. */
#include <math.h>
#include <time.h>

#include "measure/measure.h"
#include "threads.h"

static void distance(Bench b, const char *name, double ns)
{
    b.unit = "ns";
    if (!isnan(ns)) bench_row(&b, name, 0, (Measured){.seconds = ns});
}

static void rate(Bench b)
{
    enum { MOST = 1000 };
    double peak[MOST], start = clock_seconds();
    clock_t began = clock();
    int n = 0;
    while (n < 3 || (n < MOST && clock_seconds() - start < b.seconds))
        peak[n++] = peak_rate(b.threads);
    double had = (double)(clock() - began) / CLOCKS_PER_SEC;
    double wanted = b.threads * (clock_seconds() - start);
    bench_row(&b, "multiply-add", median(peak, n), (Measured){.seconds = 1});
    b.unit = "share";
    bench_row(&b, "ours alone", had / wanted, (Measured){.seconds = 1});
}

int main(int argc, char **argv)
{
    Bench b = {.what = "machine", .by = "ours", .unit = "GFLOP/s", .threads = 1, .seconds = 0.5};
    Setting table[] = {BENCH_SETTINGS(b, "0.1"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures the machine itself.", NULL);
    threads_use(b.threads);

    if (b.threads == 2 && bench_wants(&b, "core to core"))
        distance(b, "core to core", core_to_core());
    if (b.threads == 2 && bench_wants(&b, "line taken back"))
        distance(b, "line taken back", line_taken_back());
    if (bench_wants(&b, "multiply-add") || bench_wants(&b, "ours alone")) rate(b);
    settings_free(table);
    return 0;
}
