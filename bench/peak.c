/* peak.c: the machine's multiply-adds per second, to which all other rates are related. */
#include "measure/measure.h"
#include "threads.h"

int main(int argc, char **argv)
{
    Bench b = {.what = "machine", .by = "ours", .unit = "GFLOP/s", .threads = 1, .seconds = 0.5};
    Setting table[] = {BENCH_SETTINGS(b, "0.1"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures multiply-adds per second.", NULL);
    threads_use(b.threads);

    enum { MOST = 1000 };
    double peak[MOST], start = clock_seconds();
    int n = 0;
    while (n < 3 || (n < MOST && clock_seconds() - start < b.seconds))
        peak[n++] = peak_rate(b.threads);
    bench_row(&b, "multiply-add", median(peak, n), (Measured){.seconds = 1});
    settings_free(table);
    return 0;
}
