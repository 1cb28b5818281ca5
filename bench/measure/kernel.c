/* kernel.c: a product of few lines. Sums of a tile of C stay in registers; B is copied into
 * panels as wide as a tile, DEPTH rows at a time; A is read where it lies. Compiled, as
 * lib/gemm.c is, with -ffp-contract=fast. */
#include "kernel.h"

#include <string.h>

#if defined(__AVX512F__)
enum { BYTES = 64, TALL = 12 };
#elif defined(__AVX__)
enum { BYTES = 32, TALL = 6 };
#else
enum { BYTES = 16, TALL = 6 };
#endif
enum { LANES = BYTES / sizeof(real), WIDE = 2 * LANES, DEPTH = 512 };
typedef real Vector __attribute__((vector_size(BYTES), aligned(sizeof(real))));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c[TALL][vectors * LANES] = (c if `add`, else 0) + a[TALL][k] panel[k][WIDE] */
INLINE void tile_of(int vectors, int k, const real *a, long row, long col, const real *panel,
                    real *c, long stride, int add)
{
    Vector sum[TALL][2];
    UNROLL
    for (int i = 0; i < TALL; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = add ? *(Vector *)(c + i * stride + j * LANES) : (Vector){0};
    }
    for (int p = 0; p < k; p++) {
        UNROLL
        for (int i = 0; i < TALL; i++) {
            UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] += a[i * row + p * col] * *(const Vector *)(panel + p * WIDE + j * LANES);
        }
    }
    UNROLL
    for (int i = 0; i < TALL; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) *(Vector *)(c + i * stride + j * LANES) = sum[i][j];
    }
}

/* The same with the unit stride and the width known to the compiler. */
static void tile(int vectors, int k, Operand a, const real *panel, real *c, long stride, int add)
{
    if (a.col == 1 && vectors == 2)
        tile_of(2, k, a.data, a.row, 1, panel, c, stride, add);
    else if (a.col == 1)
        tile_of(1, k, a.data, a.row, 1, panel, c, stride, add);
    else if (vectors == 2)
        tile_of(2, k, a.data, 1, a.col, panel, c, stride, add);
    else
        tile_of(1, k, a.data, 1, a.col, panel, c, stride, add);
}

/* k rows and up to WIDE columns of B, with zeros where there are fewer. */
static void pack(int k, int cols, Operand b, real *panel)
{
    if (cols < WIDE) memset(panel, 0, sizeof(real) * WIDE * (size_t)k);
    if (b.col == 1)
        for (int p = 0; p < k; p++)
            memcpy(panel + p * WIDE, b.data + p * b.row, sizeof(real) * (size_t)cols);
    else
        for (int j = 0; j < cols; j++)
            for (int p = 0; p < k; p++) panel[p * WIDE + j] = b.data[p + j * b.col];
}

/* A tile that hangs over the edge of C is made aside, from as many rows of A as there are. */
static void tile_at_edge(int rows, int cols, int k, Operand a, const real *panel, real *c,
                         long stride, int add)
{
    real strip[TALL * DEPTH], aside[TALL * WIDE] = {0};
    if (rows < TALL) {
        for (int p = 0; p < k; p++)
            for (int i = 0; i < TALL; i++)
                strip[p * TALL + i] = i < rows ? a.data[i * a.row + p * a.col] : 0;
        a = (Operand){strip, 1, TALL};
    }
    for (int i = 0; i < rows && add; i++)
        memcpy(aside + i * WIDE, c + i * stride, sizeof(real) * (size_t)cols);
    tile(cols > LANES ? 2 : 1, k, a, panel, aside, WIDE, add);
    for (int i = 0; i < rows; i++)
        memcpy(c + i * stride, aside + i * WIDE, sizeof(real) * (size_t)cols);
}

static void meet(int threads)
{
    if (threads > 1) {
#pragma omp barrier
    }
}

static int at_most(int x, int most)
{
    return x < most ? x : most;
}

long kernel_room(int n)
{
    return (long)(n + WIDE - 1) / WIDE * WIDE * DEPTH;
}

void kernel_multiply(int m, int n, int k, real *c, Operand a, Operand b, real *room, int thread,
                     int threads)
{
    int panels = (n + WIDE - 1) / WIDE, strips = (m + TALL - 1) / TALL;
    for (int p = 0; p < k; p += DEPTH) {
        int depth = at_most(k - p, DEPTH);
        for (int j = panels * thread / threads; j < panels * (thread + 1) / threads; j++) {
            Operand block = {b.data + p * b.row + j * WIDE * b.col, b.row, b.col};
            pack(depth, at_most(n - j * WIDE, WIDE), block, room + (long)j * WIDE * depth);
        }
        meet(threads);
        for (int i = strips * thread / threads; i < strips * (thread + 1) / threads; i++) {
            int rows = at_most(m - i * TALL, TALL);
            Operand strip = {a.data + i * TALL * a.row + p * a.col, a.row, a.col};
            for (int j = 0; j < panels; j++) {
                int cols = at_most(n - j * WIDE, WIDE);
                const real *panel = room + (long)j * WIDE * depth;
                real *to = c + (long)i * TALL * n + j * WIDE;
                if (rows == TALL && cols % LANES == 0)
                    tile(cols / LANES, depth, strip, panel, to, n, p > 0);
                else
                    tile_at_edge(rows, cols, depth, strip, panel, to, n, p > 0);
            }
        }
        meet(threads);
    }
}
