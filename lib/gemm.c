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
 * Only B is copied, into panels NR wide that the tile reads front to back (and not even B where A
 * has so few rows that a copy would cost more than it saves). A is read in place through its
 * strides, so a transposed product is the same code. The last rows of A are done in tiles of 8, 4,
 * 2 and 1; where C ends in the middle of a vector, the tile works on a padded copy.
 *
 * The accumulators start from C, from a row or from nothing, and k runs upward, one fused
 * multiply-add a step. So an element's bits depend on its row of A, its column of B and its start
 * alone: not on tile sizes, slabs or threads. This file is compiled with -ffp-contract=fast, which
 * turns acc += a * b into that fused instruction. */
#include "gemm.h"

#include <pthread.h>
#include <stdbool.h>
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
enum { WIDE = 8 };                /* vectors of a tile of one row, which would wait for its sums */
enum { KC = 512 };                /* rows of B packed at a time: MR * KC of A fit in L1 */
enum { WORTH_PACKING = 12 * MR }; /* rows of A below which B is read but a few times: in place */
enum { WORTH_A_TEAM = 1 << 18 };  /* multiply-adds below which a second thread costs more */

typedef real Vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));
typedef real Quad __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real))));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* B, or a packed copy of it, as the tiles read it: NR columns at a time. */
typedef struct {
    const real *data;
    long row;   /* from one k to the next */
    long panel; /* from NR columns to the next NR */
} Panels;

static const real zeros[WIDE * LANES];
const Strided gemm_zero = {zeros, 0, 0};

/* The same matrix from row i and column j on. */
static Strided at(Strided m, long i, long j)
{
    return (Strided){m.data + i * m.row + j * m.col, m.row, m.col};
}

/* ---- tiles -------------------------------------------------------------------------------- */

/* c[rows][vectors * LANES] = from + a[rows][k] b[k][vectors * LANES]; `rows` and `vectors` are
 * constants where this is inlined, so the loops marked UNROLL vanish and acc lives in registers. */
INLINE void tile_body(int rows, int vectors, int k, Strided a, const real *b, long step,
                      Strided from, real *c, long ldc)
{
    Vector acc[MR][WIDE];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++)
            acc[i][j] = *(const Vector *)(from.data + i * from.row + j * LANES);
    }
    for (int p = 0; p < k; p++, a.data += a.col, b += step) {
        UNROLL
        for (int i = 0; i < rows; i++) {
            UNROLL
            for (int j = 0; j < vectors; j++)
                acc[i][j] += a.data[i * a.row] * *(const Vector *)(b + j * LANES);
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) *(Vector *)(c + i * ldc + j * LANES) = acc[i][j];
    }
}

enum { LOW = MR < 8 ? 4 : 8 };

/* The rows that a strip of A has: MR while there are as many and B is packed, then 8, 4, 2, 1. */
static int strip_height(int rows, bool packed)
{
    if (packed && rows >= MR) return MR;
    return rows >= LOW ? LOW : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

/* A strip of A meets every panel of B. Where C ends in the middle of a vector, the tile is done on
 * the side. */
INLINE void strip_body(int rows, int n, int k, Strided a, const real *b, long step, long panel,
                       Strided from, real *c, long ldc)
{
    enum { WIDTH = WIDE * LANES };
    for (; rows == 1 && panel == NR && n >= WIDTH; n -= WIDTH, b += WIDTH, c += WIDTH) {
        tile_body(1, WIDE, k, a, b, step, from, c, ldc);
        from.data += WIDTH * from.col;
    }
    for (; n >= NR; n -= NR, b += panel, from.data += NR * from.col, c += NR)
        tile_body(rows, 2, k, a, b, step, from, c, ldc);
    if (n == LANES) {
        tile_body(rows, 1, k, a, b, step, from, c, ldc);
    } else if (n > 0) {
        real edge[MR * NR];
        size_t width = sizeof(real) * (size_t)n;
        memset(edge, 0, sizeof(real) * NR * (size_t)rows);
        for (int i = 0; i < rows; i++) memcpy(edge + i * NR, from.data + i * from.row, width);
        if (n < LANES)
            tile_body(rows, 1, k, a, b, step, (Strided){edge, NR, 1}, edge, NR);
        else
            tile_body(rows, 2, k, a, b, step, (Strided){edge, NR, 1}, edge, NR);
        for (int i = 0; i < rows; i++) memcpy(c + i * ldc, edge + i * NR, width);
    }
}

#define STRIP(rows, a, step) strip_body(rows, n, k, a, b.data, step, b.panel, from, c, ldc)

/* The tall strip is told what it can be told: it has no register left for more than one stride. */
static void strip(int rows, int n, int k, Strided a, Panels b, Strided from, real *c, long ldc)
{
    if (rows == MR && a.col == 1)
        STRIP(MR, ((Strided){a.data, a.row, 1}), NR);
    else if (rows == MR)
        STRIP(MR, ((Strided){a.data, 1, a.col}), NR);
    else if (rows == LOW)
        STRIP(LOW, a, b.row);
    else if (rows == 4)
        STRIP(4, a, b.row);
    else if (rows == 2)
        STRIP(2, a, b.row);
    else
        STRIP(1, a, b.row);
}

/* One slab of k. */
static void multiply(int m, int n, int k, Strided a, Panels b, Strided from, real *c, long ldc)
{
    for (int i = 0, rows; i < m; i += rows) {
        rows = strip_height(m - i, b.row == NR);
        strip(rows, n, k, at(a, i, 0), b, at(from, i, 0), c + i * ldc, ldc);
    }
}

/* ---- packing ------------------------------------------------------------------------------ */

#if __has_builtin(__builtin_shufflevector)
/* to[p][j] = from[j][p], 4 x 4 */
INLINE void transpose_quad(const real *from, long row, real *to)
{
    Quad a = *(const Quad *)from, b = *(const Quad *)(from + row);
    Quad c = *(const Quad *)(from + 2 * row), d = *(const Quad *)(from + 3 * row);
    Quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    Quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    *(Quad *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(Quad *)(to + NR) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(Quad *)(to + 2 * NR) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(Quad *)(to + 3 * NR) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
#else
INLINE void transpose_quad(const real *from, long row, real *to)
{
    for (int p = 0; p < 4; p++)
        for (int j = 0; j < 4; j++) to[p * NR + j] = from[j * row + p];
}
#endif

/* A panel from a B whose columns are contiguous: the copy turns it round. */
static void pack_transposed(int k, int cols, Strided b, real *panel)
{
    int j = 0;
    for (; j + 4 <= cols; j += 4) {
        const real *from = b.data + j * b.col;
        int p = 0;
        for (; p + 4 <= k; p += 4) transpose_quad(from + p, b.col, panel + p * NR + j);
        for (; p < k; p++)
            for (int i = 0; i < 4; i++) panel[p * NR + j + i] = from[i * b.col + p];
    }
    for (; j < cols; j++)
        for (int p = 0; p < k; p++) panel[p * NR + j] = b.data[j * b.col + p];
}

/* Copies k rows of `cols` <= NR columns of B into a panel of NR columns, zeros to the right. */
static void pack_panel(int k, int cols, Strided b, real *panel)
{
    if (cols < NR) memset(panel, 0, sizeof(real) * NR * (size_t)k);
    if (b.col != 1)
        pack_transposed(k, cols, b, panel);
    else if (cols == NR)
        for (int p = 0; p < k; p++) memcpy(panel + p * NR, b.data + p * b.row, sizeof(real) * NR);
    else
        for (int p = 0; p < k; p++)
            memcpy(panel + p * NR, b.data + p * b.row, sizeof(real) * (size_t)cols);
}

/* Each thread keeps a buffer of its own for panels, grown when a larger product comes, and freed
 * when the thread ends: OpenMP's come and go as its teams change. */
static _Thread_local real *buffer;
static _Thread_local size_t buffer_size;
static pthread_key_t end_of_thread;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_at_the_end(void)
{
    REQUIRE(pthread_key_create(&end_of_thread, free) == 0, "no key for the buffers of threads");
}

static real *panel_buffer(int n, int k)
{
    size_t panels = ((size_t)n + NR - 1) / NR, need = panels * NR * (size_t)(k < KC ? k : KC);
    if (need > buffer_size) {
        free(buffer);
        buffer = aligned_alloc(64, (need * sizeof(real) + 63) / 64 * 64);
        if (!buffer) out_of_memory(need, sizeof(real));
        buffer_size = need;
        pthread_once(&once, free_at_the_end);
        pthread_setspecific(end_of_thread, buffer);
    }
    return buffer;
}

static Panels pack(int n, int k, Strided b)
{
    real *panels = panel_buffer(n, k);
    for (int j = 0; j < n; j += NR)
        pack_panel(k, n - j < NR ? n - j : NR, at(b, 0, j), panels + (size_t)j * (size_t)k);
    return (Panels){panels, NR, (long)NR * k};
}

/* ---- the product -------------------------------------------------------------------------- */

static void product(int m, int n, int k, Strided a, Strided b, Strided from, real *c, long ldc)
{
    bool in_place = b.col == 1 && m < WORTH_PACKING && n % LANES == 0;
    int p = 0;
    do { /* even for k = 0: C = from */
        int depth = k - p < KC ? k - p : KC;
        Strided slab = at(b, p, 0);
        Panels panels = in_place ? (Panels){slab.data, b.row, NR} : pack(n, depth, slab);
        multiply(m, n, depth, at(a, 0, p), panels, p == 0 ? from : (Strided){c, ldc, 1}, c, ldc);
        p += KC;
    } while (p < k);
}

#ifdef _OPENMP
/* The share of one thread of a team: some of the rows of C, or of the columns where it has more of
 * those and so few rows that packing B for a share of them would not pay. */
static void product_share(int m, int n, int k, Strided a, Strided b, Strided from, real *c,
                          long ldc, int thread, int threads)
{
    bool by_rows = m >= n || m >= 2 * WORTH_PACKING;
    int whole = by_rows ? m : n, unit = by_rows ? MR : NR, units = (whole + unit - 1) / unit;
    int first = units * thread / threads * unit, last = units * (thread + 1) / threads * unit;
    int count = (last < whole ? last : whole) - first;
    if (by_rows)
        product(count, n, k, at(a, first, 0), b, at(from, first, 0), c + first * ldc, ldc);
    else
        product(m, count, k, a, at(b, 0, first), at(from, 0, first), c + first, ldc);
}
#endif

void gemm(int m, int n, int k, Strided a, Strided b, Strided from, real *c, long ldc)
{
#ifdef _OPENMP
    if ((double)m * n * k >= WORTH_A_TEAM && !omp_in_parallel() && omp_get_max_threads() > 1) {
#pragma omp parallel
        product_share(m, n, k, a, b, from, c, ldc, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    product(m, n, k, a, b, from, c, ldc);
}
