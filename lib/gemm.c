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
 * B is copied into panels NR wide, which the tile reads front to back:
 *   - once for many products, where it was packed before;
 *   - not at all, where A has few rows and C whole vectors;
 *   - on the way, else: the first MR rows of A read B in place and leave the panels behind for the
 *     rows below. A transposed B, and columns that fill no panel, are packed before they are read.
 *
 * A is read in place through its strides, so a transposed product is the same code; only where its
 * lines would drive each other out of the cache is a strip of it copied too. Its last rows are done
 * in lower tiles, down to a single one; where C ends in the middle of a vector, the tile works on a
 * padded copy, which a single column can do without.
 *
 * The accumulators start from C, from a row or from nothing, and k runs upward, one fused
 * multiply-add a step. So an element's bits depend on its row of A, its column of B and its start
 * alone: not on tile sizes, slabs or threads. This file is compiled with -ffp-contract=fast, which
 * turns acc + a * b into that fused instruction. (Not so acc += a * b, where clang's sanitizers
 * look at acc after the product, and come between.) */
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
enum { VECTOR_BYTES = 64, MR = 12, WIDE = 16 }; /* 32 registers: 24 of C, 2 of B, 1 of A */
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32, MR = 6, WIDE = 12 }; /* 16 registers: 12 of C, 2 of B, 1 of A */
#else
enum { VECTOR_BYTES = 16, MR = 6, WIDE = 12 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(real), NR = 2 * LANES };
enum { KC = 512 };               /* rows of B packed at a time: MR * KC of A fit in L1 */
enum { NC = 8 * NR };            /* columns of them: KC * NC fit in half of L2 */
enum { WORTH_PACKING = 8 * MR }; /* rows of A below which B is read but a few times: in place */
enum { AHEAD = 24 };             /* rows of a transposed A that are asked for early */
enum { SOON = 16 };              /* and of a B that is copied on the way */
enum { LONG = 128 };             /* a tile so deep leaves the time to ask for the next one's C */
enum { WORTH_A_TEAM = 1 << 18 }; /* multiply-adds below which a second thread costs more */

typedef real Vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));
typedef real Half __attribute__((vector_size(VECTOR_BYTES / 2), aligned(sizeof(real))));
typedef real Quad __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real))));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* A slab of B, or of a packed copy of it, as the tiles read it: NR columns at a time. */
typedef struct {
    const real *data;
    long row;      /* from one k to the next */
    long panel;    /* from NR columns to the next NR */
    real *copy_to; /* where the first strip leaves the panels that the others read, or NULL */
} Slab;

static const real zeros[WIDE * LANES];
const Strided gemm_zero = {zeros, 0, 0};

/* The same matrix from row i and column j on. */
static Strided at(Strided m, long i, long j)
{
    return (Strided){m.data + i * m.row + j * m.col, m.row, m.col};
}

/* ---- tiles -------------------------------------------------------------------------------- */

/* c[rows][vectors * LANES] = from + a[rows][k] b[k][vectors * LANES], where each two vectors of b
 * are of the next panel, and each row's b is `block` numbers behind that of the row before. Two
 * vectors of b also go to `copy`, unless that is NULL. `rows` and `vectors` are constants where
 * this is inlined, so the loops marked UNROLL vanish and acc lives in registers. */
INLINE void tile_body(int rows, int vectors, int k, Strided a, const real *b, long step, long panel,
                      long block, real *copy, Strided from, real *c, long ldc)
{
    Vector acc[MR][WIDE];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++)
            acc[i][j] = *(const Vector *)(from.data + i * from.row + j * LANES);
    }
    for (int p = 0; p < k; p++, a.data += a.col, b += step) {
        if (rows == MR) __builtin_prefetch(a.data + AHEAD * a.col + MR - 1);
        if (copy) {
            __builtin_prefetch(b + SOON * step);
            __builtin_prefetch(b + SOON * step + LANES);
            UNROLL
            for (int j = 0; j < vectors; j++)
                *(Vector *)(copy + j * LANES) = *(const Vector *)(b + j * LANES);
            copy += NR;
        }
        UNROLL
        for (int i = 0; i < rows; i++) {
            UNROLL
            for (int j = 0; j < vectors; j++)
                acc[i][j] = acc[i][j] +
                            a.data[i * a.row] *
                                *(const Vector *)(b + i * block + j / 2 * panel + j % 2 * LANES);
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) *(Vector *)(c + i * ldc + j * LANES) = acc[i][j];
    }
}

/* An edge that fits into half a vector, which many cores do in half the time. Of a single column,
 * such as the last of 65 symbols, only the first lane counts, and it needs no padded copy. */
INLINE void half_tile(int rows, bool single, int k, Strided a, const real *b, long step,
                      Strided from, real *c, long ldc)
{
    Half acc[MR];
    UNROLL
    for (int i = 0; i < rows; i++) {
        const real *begin = from.data + i * from.row;
        if (single)
            acc[i] = (Half){*begin};
        else
            acc[i] = *(const Half *)begin;
    }
    for (int p = 0; p < k; p++, a.data += a.col, b += step) {
        UNROLL
        for (int i = 0; i < rows; i++) acc[i] = acc[i] + a.data[i * a.row] * *(const Half *)b;
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        if (single)
            c[i * ldc] = acc[i][0];
        else
            *(Half *)(c + i * ldc) = acc[i];
    }
}

/* Asks for a tile of C, to be written soon. */
INLINE void ask_for(const real *c, long ldc)
{
    UNROLL
    for (int i = 0; i < MR; i++) {
        __builtin_prefetch(c + i * ldc, 1);
        __builtin_prefetch(c + i * ldc + LANES, 1);
    }
}

enum { LOW = MR < 8 ? 4 : 8 }; /* the tallest strip below MR */

/* The rows that a strip of A has: MR while there are as many and B is packed or will be, then LOW,
 * 4, 2, 1; and twice LOW rather than MR and a few. */
static int strip_height(int rows, bool packed)
{
    if (packed && rows >= MR && rows != 2 * LOW) return MR;
    return rows >= LOW ? LOW : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

/* A row alone would wait for its sums: up to WIDE vectors of it are done together, and of a B in
 * place so much is read at a stretch. */
#define WIDE_TILES(vectors)                                                 \
    for (; rows == 1 && n >= (vectors)*LANES; n -= (vectors)*LANES) {       \
        tile_body(1, vectors, k, a, b, step, panel, 0, NULL, from, c, ldc); \
        b += (vectors) / 2 * panel, c += (vectors)*LANES;                   \
        from.data += (vectors)*LANES * from.col;                            \
    }

/* A strip of A meets every panel of B. Where C ends in the middle of a vector, the tile is done on
 * the side. */
INLINE void strip_body(int rows, int n, int k, Strided a, const real *b, long step, long panel,
                       real *copy, Strided from, real *c, long ldc)
{
    WIDE_TILES(WIDE)
    WIDE_TILES(12)
    WIDE_TILES(8)
    WIDE_TILES(4)
    const real *below = c + rows * ldc;
    for (; n >= NR; n -= NR, b += panel, from.data += NR * from.col, c += NR) {
        if (rows == MR && k >= LONG) ask_for(n < 2 * NR ? below : c + NR, ldc);
        tile_body(rows, 2, k, a, b, step, panel, 0, copy, from, c, ldc);
        if (copy) copy += (long)NR * k;
    }
    if (n == LANES) {
        tile_body(rows, 1, k, a, b, step, panel, 0, NULL, from, c, ldc);
    } else if (n == 1) {
        half_tile(rows, true, k, a, b, step, from, c, ldc);
    } else if (n > 0) {
        real edge[MR * NR];
        size_t width = sizeof(real) * (size_t)n;
        memset(edge, 0, sizeof(real) * NR * (size_t)rows);
        for (int i = 0; i < rows; i++) memcpy(edge + i * NR, from.data + i * from.row, width);
        if (n <= LANES / 2)
            half_tile(rows, false, k, a, b, step, (Strided){edge, NR, 1}, edge, NR);
        else if (n < LANES)
            tile_body(rows, 1, k, a, b, step, panel, 0, NULL, (Strided){edge, NR, 1}, edge, NR);
        else
            tile_body(rows, 2, k, a, b, step, panel, 0, NULL, (Strided){edge, NR, 1}, edge, NR);
        for (int i = 0; i < rows; i++) memcpy(c + i * ldc, edge + i * NR, width);
    }
}

#define STRIP(rows, a, step) strip_body(rows, n, k, a, b.data, step, b.panel, NULL, from, c, ldc)

/* The tall strip is told what it can be told: it has no register left for more than one stride. So
 * is a row alone that reads B in place: it has none for where each of many vectors begins. */
INLINE void strip(int rows, int n, int k, Strided a, Slab b, Strided from, real *c, long ldc)
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
    else if (b.panel == NR)
        b.panel = NR, STRIP(1, a, b.row);
    else
        STRIP(1, a, b.row);
}

/* ---- packing ------------------------------------------------------------------------------ */

#if __has_builtin(__builtin_shufflevector)
/* to[p][j] = from[j][p], 4 x 4 */
INLINE void transpose_quad(const real *from, long row, real *to, long step)
{
    Quad a = *(const Quad *)from, b = *(const Quad *)(from + row);
    Quad c = *(const Quad *)(from + 2 * row), d = *(const Quad *)(from + 3 * row);
    Quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    Quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    *(Quad *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(Quad *)(to + step) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(Quad *)(to + 2 * step) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(Quad *)(to + 3 * step) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
#else
INLINE void transpose_quad(const real *from, long row, real *to, long step)
{
    for (int p = 0; p < 4; p++)
        for (int j = 0; j < 4; j++) to[p * step + j] = from[j * row + p];
}
#endif

/* to[p][j] = from[j][p] for k numbers of each of n rows, turned round; to has rows of `step`. As
 * many as 16 rows go together, so that a line of the cache is filled at once. */
static void transpose(int n, int k, const real *from, long row, real *to, long step)
{
    for (int rows; n > 0; n -= rows, from += rows * row, to += rows) {
        rows = n >= 16 ? 16 : n;
        int p = 0, quads = rows / 4 * 4;
        for (; p + 4 <= k; p += 4)
            for (int j = 0; j < quads; j += 4)
                transpose_quad(from + j * row + p, row, to + p * step + j, step);
        for (int j = 0; j < rows; j++)
            for (int q = j < quads ? p : 0; q < k; q++) to[q * step + j] = from[j * row + q];
    }
}

/* A panel of `cols` <= NR columns of a B whose columns are contiguous. */
static void pack_transposed(int k, int cols, Strided b, real *panel)
{
    if (cols < NR) memset(panel, 0, sizeof(real) * NR * (size_t)k);
    transpose(cols, k, b.data, b.col, panel, NR);
}

/* Copies row p of B, n columns, into its places in all panels, each k rows deep. */
static void pack_row(int p, int k, int n, const real *b, real *panels)
{
    real *to = panels + p * NR;
    for (; n >= NR; n -= NR, b += NR, to += (long)NR * k) memcpy(to, b, sizeof(real) * NR);
    if (n == 0) return;
    memset(to, 0, sizeof(real) * NR);
    memcpy(to, b, sizeof(real) * (size_t)n);
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

static real *panel_buffer(size_t need)
{
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

/* n rounded up to whole panels. */
static int padded(int n)
{
    return (n + NR - 1) / NR * NR;
}

/* Panels of k rows, one behind the other, as a slab. */
static Slab packed(const real *panels, int k)
{
    return (Slab){panels, NR, (long)NR * k};
}

/* Copies k rows of n columns of B into panels of NR columns, one behind the other, zeros to the
 * right of the last. */
static const real *pack_slab(int k, int n, Strided b, real *panels)
{
    if (b.col == 1)
        for (int p = 0; p < k; p++) pack_row(p, k, n, b.data + p * b.row, panels);
    else
        for (int j = 0; j < n; j += NR)
            pack_transposed(k, n - j < NR ? n - j : NR, at(b, 0, j), panels + (long)j * k);
    return panels;
}

size_t gemm_panels_size(int k, int n)
{
    return (size_t)k * (size_t)padded(n);
}

void gemm_pack(int k, int n, Strided b, real *panels)
{
    for (int p = 0; p < k; p += KC)
        pack_slab(k - p < KC ? k - p : KC, n, at(b, p, 0), panels + gemm_panels_size(p, n));
}

/* ---- the product -------------------------------------------------------------------------- */

/* Lines a multiple of 4096 bytes apart fall into the same few places of the nearest cache and drive
 * each other out: a strip of such an A is copied, where it meets so many panels that this is worth
 * it. */
static bool lines_collide(Strided a, int n)
{
    long apart = a.col == 1 ? a.row : a.col;
    return apart * (long)sizeof(real) % 4096 == 0 && n >= 8 * NR;
}

/* MR rows of A, k numbers of each, column by column. */
static void copy_strip(int k, Strided a, real *copy)
{
    if (a.col == 1)
        transpose(MR, k, a.data, a.row, copy, MR);
    else
        for (int p = 0; p < k; p++) memcpy(copy + p * MR, a.data + p * a.col, sizeof(real) * MR);
}

/* The first strip reads B in place and leaves it in panels, which costs next to nothing beside its
 * multiply-adds. What is behind the last whole panel is packed before. It stands apart from the
 * other strips, which would want for registers. */
__attribute__((noinline)) static Slab first_strip(int n, int k, Strided a, Slab b, Strided from,
                                                  real *c, long ldc)
{
    int whole = n / NR * NR;
    real *rest = b.copy_to + (long)whole * k;
    strip_body(MR, whole, k, a, b.data, b.row, b.panel, b.copy_to, from, c, ldc);
    if (whole < n) {
        pack_slab(k, n - whole, (Strided){b.data + whole, b.row, 1}, rest);
        strip_body(MR, n - whole, k, a, rest, NR, 0, NULL, at(from, 0, whole), c + whole, ldc);
    }
    return packed(b.copy_to, k);
}

/* All rows of C, strip by strip, for one slab of k. */
INLINE void multiply(int m, int n, int k, Strided a, Slab b, Strided from, real *c, long ldc)
{
    real copy[MR * KC];
    for (int i = 0, rows; i < m; i += rows) {
        rows = strip_height(m - i, b.row == NR || b.copy_to);
        Strided mine = at(a, i, 0);
        if (rows == MR && lines_collide(a, n)) {
            copy_strip(k, mine, copy);
            mine = (Strided){copy, 1, MR};
        }
        if (b.copy_to)
            b = first_strip(n, k, mine, b, at(from, i, 0), c + i * ldc, ldc);
        else
            strip(rows, n, k, mine, b, at(from, i, 0), c + i * ldc, ldc);
    }
}

/* The second factor, from one of its columns on. */
typedef struct {
    Strided b; /* all of it */
    int cols;
    int first; /* where a panel begins */
} Factor;

/* Rows p .. p + depth - 1 of n columns of a factor. Where the first of the m rows of A make a strip
 * of MR, that will fill the panels: see multiply. */
INLINE Slab slab_of(Factor f, int p, int depth, int m, int n, bool in_place)
{
    Strided b = at(f.b, p, f.first);
    const real *panels = f.b.panels;
    if (panels) {
        panels += gemm_panels_size(p, f.cols) + (size_t)f.first * (size_t)depth;
    } else if (in_place) {
        return (Slab){b.data, b.row, NR};
    } else if (b.col == 1 && strip_height(m, true) == MR) {
        return (Slab){b.data, b.row, NR, panel_buffer(gemm_panels_size(depth, n))};
    } else {
        panels = pack_slab(depth, n, b, panel_buffer(gemm_panels_size(depth, n)));
    }
    return packed(panels, depth);
}

/* The single column behind the last whole panel: c = A b is done as the row c' = b' A', whose
 * numbers of each k lie side by side in a transposed A; another A is turned round, a block at a
 * time. Where fewer than LANES rows are left, the last LANES are done again. */
static void column(int m, int k, Strided a, Slab b, Strided from, real *c, long ldc)
{
    enum { WIDTH = 8 * LANES, DEPTH = 32 };
    real row[WIDTH], turned[WIDTH * DEPTH];
    for (int i = 0; i < m;) {
        int rows = m - i < WIDTH ? (m - i) / LANES * LANES : WIDTH;
        int first = rows > 0 ? i : m - LANES;
        if (rows == 0) rows = LANES;
        for (int r = 0; r < rows; r++) row[r] = from.data[(first + r) * from.row];
        for (int p = 0, depth; p < k; p += depth) {
            Strided block = at(a, first, p);
            depth = a.row == 1 || k - p < DEPTH ? k - p : DEPTH;
            if (a.row != 1) {
                transpose(rows, depth, block.data, a.row, turned, WIDTH);
                block = (Strided){turned, 1, WIDTH};
            }
            strip_body(1, rows, depth, (Strided){b.data + p * b.row, 0, b.row}, block.data,
                       block.col, NR, NULL, (Strided){row, 0, 1}, row, 0);
        }
        for (; i < first + rows; i++) c[i * ldc] = row[i - first];
    }
}

/* How many rows of B make a slab: KC, as it was packed, or a quarter of them where the panels of so
 * many columns would leave no room in L2. A transposed A needs room there too, for each strip reads
 * a little of every line. */
static int slab_depth(int m, int n, Strided a, Factor f)
{
    if (f.b.panels) return KC;
    if (n > 2 * NC) return KC / 4;
    return a.col != 1 && m + n >= 2 * NC ? KC / 2 : KC;
}

/* Some columns of C, a slab of B at a time. */
INLINE void columns(int m, int n, int k, Strided a, Factor f, bool in_place, Strided from, real *c,
                    long ldc)
{
    int p = 0, deepest = slab_depth(m, n, a, f);
    do { /* even for k = 0: C = from */
        int depth = k - p < deepest ? k - p : deepest;
        Slab slab = slab_of(f, p, depth, m, n, in_place);
        Strided begin = p == 0 ? from : (Strided){c, ldc, 1};
        multiply(m, n, depth, at(a, 0, p), slab, begin, c, ldc);
        p += depth;
    } while (p < k);
}

/* NC columns at a time, at last up to half as many more, rather than a few alone; all at once where
 * B is read in place, and where strips of A are copied, which each block would do anew. A single
 * column behind the last panel is done by itself. */
static void product(int m, int n, int k, Strided a, Factor f, Strided from, real *c, long ldc)
{
    if (n % NR == 1 && m >= 4 * LANES && (a.row == 1 || a.col == 1) && (!f.b.panels || k <= KC)) {
        n--;
        Slab last = slab_of((Factor){f.b, f.cols, f.first + n}, 0, k, m, 1, true);
        column(m, k, a, last, at(from, 0, n), c + n, ldc);
    }
    bool in_place = f.b.col == 1 && m < WORTH_PACKING && n % LANES == 0;
    bool whole = in_place || lines_collide(a, n);
    for (int j = 0, cols; j < n; j += cols, f.first += cols) {
        cols = whole || n - j < NC + NC / 2 ? n - j : NC;
        columns(m, cols, k, a, f, in_place, at(from, 0, j), c + j, ldc);
    }
}

#ifdef _OPENMP
/* The share of one thread of a team: some of the rows of C, or of the columns where it has so few
 * rows that packing B for a share of them would not pay. */
static void product_share(int m, int n, int k, Strided a, Strided b, Strided from, real *c,
                          long ldc, int thread, int threads)
{
    bool by_rows = m >= 2 * WORTH_PACKING || n < 2 * NR;
    int whole = by_rows ? m : n, unit = by_rows ? MR : NR, units = (whole + unit - 1) / unit;
    int first = units * thread / threads * unit, last = units * (thread + 1) / threads * unit;
    int count = (last < whole ? last : whole) - first;
    if (by_rows)
        product(count, n, k, at(a, first, 0), (Factor){b, n, 0}, at(from, first, 0),
                c + first * ldc, ldc);
    else
        product(m, count, k, a, (Factor){b, n, first}, at(from, 0, first), c + first, ldc);
}
#endif

void gemm(int m, int n, int k, Strided a, Strided b, Strided from, real *c, long ldc)
{
    if (m == 0 || n == 0) return;
    if (k == 0) { /* nothing to add, and nowhere to read it */
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) c[i * ldc + j] = from.data[i * from.row + j * from.col];
        return;
    }
#ifdef _OPENMP
    if ((double)m * n * k >= WORTH_A_TEAM && !omp_in_parallel() && omp_get_max_threads() > 1) {
#pragma omp parallel
        product_share(m, n, k, a, b, from, c, ldc, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    product(m, n, k, a, (Factor){b, n, 0}, from, c, ldc);
}

/* ---- rows that have a B each ---------------------------------------------------------------- */

/* A single row would wait for its sums: several are done together. */
INLINE void block_strip(int rows, int n, int k, Strided a, Strided b, long block, real *c, long ldc)
{
    for (; n >= NR; n -= NR, b.data += NR, c += NR)
        tile_body(rows, 2, k, a, b.data, b.row, 0, block, NULL, gemm_zero, c, ldc);
    for (; n >= LANES; n -= LANES, b.data += LANES, c += LANES)
        tile_body(rows, 1, k, a, b.data, b.row, 0, block, NULL, gemm_zero, c, ldc);
    for (int i = 0; n > 0 && i < rows; i++)
        product(1, n, k, at(a, i, 0), (Factor){at(b, 0, i * block), n, 0}, gemm_zero, c + i * ldc,
                ldc);
}

void gemm_blocks(int m, int n, int k, Strided a, Strided b, long block, real *c, long ldc)
{
    for (int i = 0, rows; i < m; i += rows, a = at(a, rows, 0), b.data += rows * block) {
        rows = m - i >= 4 ? 4 : m - i >= 2 ? 2 : 1;
        if (rows == 4)
            block_strip(4, n, k, a, b, block, c + i * ldc, ldc);
        else if (rows == 2)
            block_strip(2, n, k, a, b, block, c + i * ldc, ldc);
        else
            block_strip(1, n, k, a, b, block, c + i * ldc, ldc);
    }
}
