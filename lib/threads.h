/* threads.h: how many threads work, with OpenMP or without it. */
#ifndef THREADS_H
#define THREADS_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* From now on use n threads; 0 leaves the choice to the system. */
static inline void threads_use(int n)
{
#ifdef _OPENMP
    if (n > 0) omp_set_num_threads(n);
#else
    (void)n;
#endif
}

static inline int threads_count(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

#endif
