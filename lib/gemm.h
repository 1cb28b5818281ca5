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

/* C += A B.  c: (m, n) with rows ldc apart; a: (m, k); b: (k, n). One of a's strides must be 1. */
void gemm(int m, int n, int k, Strided a, Strided b, real *c, long ldc);

#endif
