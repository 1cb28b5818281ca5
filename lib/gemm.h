/* gemm.h: the one product behind mat_add_ab, mat_add_abt and mat_add_atb. Private to lib/. */
#ifndef GEMM_H
#define GEMM_H

#include "real.h"

/* A matrix seen through two strides: element (i, j) is data[i * row + j * col]. A transpose is the
 * same numbers with the two strides exchanged. */
typedef struct {
    const real *data;
    long row, col;
} Strided;

/* C = from + A B.  c: (m, n) with rows ldc apart; a: (m, k); b: (k, n), one of its strides 1; from:
 * (m, n) with a column stride of 1, and C itself to accumulate, or a row stride of 0 to start each
 * row alike; gemm_zero to start from nothing. */
void gemm(int m, int n, int k, Strided a, Strided b, Strided from, real *c, long ldc);

/* Zeros without end. */
extern const Strided gemm_zero;

#endif
