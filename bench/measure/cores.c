/* cores.c: how far from one another two cores are. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "measure.h"
#include "threads.h"

/* Two threads write in turn, each once it has read what the other wrote. */
static double once(void)
{
    enum { TURNS = 10000 };
    static _Alignas(64) atomic_int turn;
    double seconds = NAN;
    atomic_store(&turn, 0);
#pragma omp parallel num_threads(2)
    {
        int me = team_rank();
        double start = clock_seconds();
        for (int i = me; team_size() == 2 && i < TURNS; i += 2) {
            while (atomic_load_explicit(&turn, memory_order_acquire) != i) continue;
            atomic_store_explicit(&turn, i + 1, memory_order_release);
        }
        if (me == 0 && team_size() == 2) seconds = clock_seconds() - start;
    }
    return seconds / TURNS;
}

/* One thread writes many lines, the other reads something of each, the first writes them again. */
static double again(void)
{
    enum { LINES = 4096, ROUNDS = 20, BYTES = 64 };
    static _Alignas(BYTES) char line[LINES][BYTES];
    double seconds = NAN;
    (void)once(); /* which ends when each thread has a core of its own */
#pragma omp parallel num_threads(2)
    {
        int me = team_rank();
        double spent = 0;
        for (int i = 0; i < ROUNDS; i++) {
            double start = clock_seconds();
            for (int k = 0; me == 0 && k < LINES; k++) memset(line[k], i, BYTES);
            if (i > 0) spent += clock_seconds() - start; /* nobody has read the first ones */
            team_meet();
            for (int k = 0; me == 1 && k < LINES; k++) (void)*(volatile char *)line[k];
            team_meet();
        }
        if (me == 0 && team_size() == 2) seconds = spent;
    }
    return seconds / ((ROUNDS - 1) * LINES);
}

static double median_ns(double seconds(void))
{
    enum { TIMES = 9 };
#ifdef _OPENMP
    if (omp_get_num_procs() < 2) return NAN; /* they would wait for each other's turn to run */
#endif
    double ns[TIMES];
    for (int i = 0; i < TIMES; i++) ns[i] = 1e9 * seconds();
    return median(ns, TIMES);
}

double core_to_core(void)
{
    return median_ns(once);
}

double line_taken_back(void)
{
    return median_ns(again);
}
