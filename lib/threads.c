/* threads.c: see threads.h. */
#include "threads.h"

#ifdef _OPENMP

#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

void threads_start(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
#ifdef __clang__
    (void)argv;
    kmp_set_blocktime(0); /* LLVM's OpenMP can be told at any time */
#else
    /* without memory for it we would begin for ever; where there is no /proc, we simply go on */
    if (setenv("GOMP_SPINCOUNT", "2000", 1) == 0) execv("/proc/self/exe", argv);
#endif
}

void threads_use(int n)
{
    int most = omp_get_max_threads();
    if (n > 0 || most > THREADS_MAX) omp_set_num_threads(n > 0 ? n : THREADS_MAX);
}

int threads_count(void)
{
    return omp_get_max_threads();
}

int team_rank(void)
{
    return omp_get_thread_num();
}

int team_size(void)
{
    return omp_get_num_threads();
}

void team_meet(void)
{
#pragma omp barrier
}

#else

void threads_start(char **argv)
{
    (void)argv;
}

void threads_use(int n)
{
    (void)n;
}

int threads_count(void)
{
    return 1;
}

int team_rank(void)
{
    return 0;
}

int team_size(void)
{
    return 1;
}

void team_meet(void) {}

#endif
