/* gemm.c: a fast matrix product that can still be read.
 *
 * A core multiplies and adds far faster than it loads, so the numbers must be used many times once
 * they are in registers. The product is cut into tiles of C, MR rows by NR columns, small enough
 * to live in registers while the whole sum over k runs:
 *
 *            NR                          each step of k reads MR numbers of A and NR of B
 *          +----+                        and does MR * NR multiply-adds: 12 + 32 loads
 *        k | B  |  packed panel          feed 384 of them with AVX-512
 *          +----+
 *      k
 *   +------+ +----+
 * MR|  A   | | C  |  registers
 *   +------+ +----+
 *
 * Only B is copied, into panels NR wide that the tile reads front to back; A is read in place
 * through its strides, so a transposed product is the same code. Where the matrix ends in the
 * middle of a tile, the tile works on a zero-padded copy.
 *
 * The accumulators start from C and k runs upward, one fused multiply-add a step. So an element's
 * bits depend on its row of A, its column of B and its old value alone: not on tile sizes, slabs or
 * threads. This file is compiled with -ffp-contract=fast, which turns acc += a * b into that fused
 * instruction. */
#include "gemm.h"

#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "error.h"

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, MR = 12 }; /* 32 registers: 24 of C, 2 of B, 1 of A */
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32, MR = 6 }; /* 16 registers: 12 of C, 2 of B, 1 of A */
#else
enum { VECTOR_BYTES = 16, MR = 6 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(real), NR = 2 * LANES };
enum { KC = 512 };               /* rows of B packed at a time: MR * KC of A fit in L1 */
enum { WORTH_A_TEAM = 1 << 18 }; /* multiply-adds below which a second thread costs more */

typedef real Vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c[MR][vectors * LANES] += a[MR][k] b[k][NR]; `vectors` and a's unit stride are constants where
 * this is inlined, so the loops marked UNROLL vanish and acc lives in registers. */
INLINE void tile_body(int vectors, int k, const real *a, long row, long col, const real *b, real *c,
                      long ldc)
{
    Vector acc[MR][2];
    UNROLL
    for (int i = 0; i < MR; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) acc[i][j] = *(Vector *)(c + i * ldc + j * LANES);
    }
    for (int p = 0; p < k; p++, a += col, b += NR) {
        UNROLL
        for (int i = 0; i < MR; i++) {
            UNROLL
            for (int j = 0; j < vectors; j++)
                acc[i][j] += a[i * row] * *(const Vector *)(b + j * LANES);
        }
    }
    UNROLL
    for (int i = 0; i < MR; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) *(Vector *)(c + i * ldc + j * LANES) = acc[i][j];
    }
}

static void tile(int vectors, int k, Strided a, const real *b, real *c, long ldc)
{
    if (a.col == 1 && vectors == 2)
        tile_body(2, k, a.data, a.row, 1, b, c, ldc);
    else if (a.col == 1)
        tile_body(1, k, a.data, a.row, 1, b, c, ldc);
    else if (vectors == 2)
        tile_body(2, k, a.data, 1, a.col, b, c, ldc);
    else
        tile_body(1, k, a.data, 1, a.col, b, c, ldc);
}

/* Copies k rows of `cols` <= NR columns of B into a panel of NR columns, zeros to the right. */
static void pack_panel(int k, int cols, Strided b, real *panel)
{
    if (cols < NR) memset(panel, 0, sizeof(real) * NR * (size_t)k);
    if (b.col == 1)
        for (int p = 0; p < k; p++)
            memcpy(panel + p * NR, b.data + p * b.row, sizeof(real) * (size_t)cols);
    else
        for (int j = 0; j < cols; j++)
            for (int p = 0; p < k; p++) panel[p * NR + j] = b.data[p * b.row + j * b.col];
}

/* A zero-padded copy of `rows` < MR rows of A, column by column. */
static Strided pad_strip(int rows, int k, Strided a, real *side)
{
    for (int p = 0; p < k; p++)
        for (int i = 0; i < MR; i++)
            side[p * MR + i] = i < rows ? a.data[i * a.row + p * a.col] : 0;
    return (Strided){side, 1, MR};
}

/* A tile of which only rows x cols lie inside C: done on the side. */
static void tile_at_edge(int rows, int cols, int k, Strided a, const real *b, real *c, long ldc)
{
    real edge[MR * NR] = {0};
    for (int i = 0; i < rows; i++) memcpy(edge + i * NR, c + i * ldc, sizeof(real) * (size_t)cols);
    tile(cols > LANES ? 2 : 1, k, a, b, edge, NR);
    for (int i = 0; i < rows; i++) memcpy(c + i * ldc, edge + i * NR, sizeof(real) * (size_t)cols);
}

/* Rows first .. last-1 of C, for one slab of k: each strip of A meets every panel of B. */
static void multiply_rows(int first, int last, int n, int k, Strided a, const real *panels, real *c,
                          long ldc)
{
    real side[MR * KC];
    for (int i = first; i < last; i += MR) {
        int rows = last - i < MR ? last - i : MR;
        Strided strip = {a.data + i * a.row, a.row, a.col};
        if (rows < MR) strip = pad_strip(rows, k, strip, side);
        for (int j = 0; j < n; j += NR) {
            int cols = n - j < NR ? n - j : NR;
            const real *panel = panels + (size_t)j * (size_t)k;
            real *target = c + i * ldc + j;
            if (rows == MR && cols % LANES == 0)
                tile(cols / LANES, k, strip, panel, target, ldc);
            else
                tile_at_edge(rows, cols, k, strip, panel, target, ldc);
        }
    }
}

/* Each thread keeps a buffer of its own for panels, grown when a larger product comes. */
static _Thread_local real *buffer;
static _Thread_local size_t buffer_size;

static real *panel_buffer(int n, int k)
{
    size_t panels = ((size_t)n + NR - 1) / NR, need = panels * NR * (size_t)(k < KC ? k : KC);
    if (need > buffer_size) {
        free(buffer);
        buffer = aligned_alloc(64, (need * sizeof(real) + 63) / 64 * 64);
        if (!buffer) out_of_memory(need, sizeof(real));
        buffer_size = need;
    }
    return buffer;
}

/* All threads of a team have come here. A team of one has no one to wait for, and must not: inside
 * another parallel region the barrier would be that region's. */
static void meet(int threads)
{
    if (threads > 1) {
#pragma omp barrier
    }
}

/* The share of one thread of a team: it packs its panels, waits for the others', and does its rows.
 */
static void multiply_share(int m, int n, int k, Strided a, Strided b, real *c, long ldc,
                           real *panels, int thread, int threads)
{
    int count = (n + NR - 1) / NR, strips = (m + MR - 1) / MR;
    int first = strips * thread / threads * MR, last = strips * (thread + 1) / threads * MR;
    if (last > m) last = m;
    for (int p = 0; p < k; p += KC) {
        int depth = k - p < KC ? k - p : KC;
        for (int j = count * thread / threads; j < count * (thread + 1) / threads; j++) {
            int cols = n - j * NR < NR ? n - j * NR : NR;
            Strided block = {b.data + p * b.row + j * NR * b.col, b.row, b.col};
            pack_panel(depth, cols, block, panels + (size_t)j * NR * (size_t)depth);
        }
        meet(threads);
        multiply_rows(first, last, n, depth, (Strided){a.data + p * a.col, a.row, a.col}, panels, c,
                      ldc);
        meet(threads);
    }
}

void gemm(int m, int n, int k, Strided a, Strided b, real *c, long ldc)
{
    if (m == 0 || n == 0 || k == 0) return;
    real *panels = panel_buffer(n, k);
#ifdef _OPENMP
    if ((double)m * n * k >= WORTH_A_TEAM && !omp_in_parallel() && omp_get_max_threads() > 1) {
#pragma omp parallel
        multiply_share(m, n, k, a, b, c, ldc, panels, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    multiply_share(m, n, k, a, b, c, ldc, panels, 0, 1);
}
