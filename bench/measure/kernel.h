/* kernel.h: a product that stands beside lib/gemm.c and never changes with it, for floor.c: a
 * yardstick must not grow with what it measures. */
#ifndef KERNEL_H
#define KERNEL_H

#include "real.h"

/* Element (i, j) is data[i * row + j * col]; one of the strides is 1. */
typedef struct {
    const real *data;
    long row, col;
} Operand;

/* The room that C = A B of n columns needs for B, in numbers. */
long kernel_room(int n);

/* One thread's share of C = A B, with C (m, n) contiguous, A (m, k), B (k, n). All `threads` call
 * it with the same arguments inside one parallel region; room is shared by them. A team of one may
 * work anywhere. */
void kernel_multiply(int m, int n, int k, real *c, Operand a, Operand b, real *room, int thread,
                     int threads);

#endif
