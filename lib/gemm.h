/* gemm.h: the one product behind all those of matrix.h. Private to lib/. */
#ifndef GEMM_H
#define GEMM_H

#include <stddef.h>

#include "real.h"

/* A matrix seen through two strides: element (i, j) is data[i * row + j * col]. A transpose is the
 * same numbers with the two strides exchanged. */
typedef struct {
    const real *data;
    long row, col;
    const real *panels; /* of it as a B, from gemm_pack, or NULL */
} Strided;

/* C = from + A B.  c: (m, n) with rows ldc apart; a: (m, k); b: (k, n), one of its strides 1; from:
 * (m, n) with a column stride of 1, and C itself to accumulate, or a row stride of 0 to start each
 * row alike; gemm_zero to start from nothing. */
void gemm(int m, int n, int k, Strided a, Strided b, Strided from, real *c, long ldc);

/* C = A B where every row has a B (k, n) of its own, whose columns lie side by side: that of row i
 * begins i * block numbers behind the first one. c and a as above. */
void gemm_blocks(int m, int n, int k, Strided a, Strided b, long block, real *c, long ldc);

/* Copies B (k, n) into the panels that the product reads, for a B that many products share. They
 * take gemm_panels_size numbers, and the first of them is the first of B. */
size_t gemm_panels_size(int k, int n);
void gemm_pack(int k, int n, Strided b, real *panels);

/* Zeros without end. */
extern const Strided gemm_zero;

#endif
