/* ladder.c: from three loops to the kernel, one idea a rung, each measured beside the machine's
 * peak of multiply-adds. Prints what chapter 0 of the book draws: bench/ladder > FILE.csv
 *
 * Every rung computes C += A B for the same three square matrices and gives the bits of
 * lib/matrix.h, because every rung adds up each element over k in order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "matrix.h"
#include "measure/measure.h"
#include "threads.h"

enum { SIZE = 384 };

typedef struct {
    Matrix c, a, b;
} Product;

static real fused(real a, real b, real c)
{
    return sizeof(real) == sizeof(double) ? (real)fma(a, b, c)
                                          : (real)fmaf((float)a, (float)b, (float)c);
}

/* The definition. The inner loop walks down a column of B: every step touches another line of
 * memory, and waits for the sum of the step before. */
static void three_loops(void *arg)
{
    const Product *p = arg;
    const real *b = p->b.data;
    for (int i = 0; i < SIZE; i++) {
        const real *a = mat_row(p->a, i);
        real *c = mat_row(p->c, i);
        for (int j = 0; j < SIZE; j++)
            for (int k = 0; k < SIZE; k++) c[j] = fused(a[k], b[k * SIZE + j], c[j]);
    }
}

/* The same multiply-adds with the two inner loops exchanged: along the rows of B and C, so that a
 * vector unit does many columns at once and no sum waits for itself. */
static void rows_along_rows(void *arg)
{
    const Product *p = arg;
    for (int i = 0; i < SIZE; i++) {
        const real *a = mat_row(p->a, i);
        real *c = mat_row(p->c, i);
        for (int k = 0; k < SIZE; k++) {
            const real *b = mat_row(p->b, k);
            for (int j = 0; j < SIZE; j++) c[j] = fused(a[k], b[j], c[j]);
        }
    }
}

/* Four steps of k at a time: a row of C goes to the cache and back for every fourth of them. */
static void four_steps(void *arg)
{
    const Product *p = arg;
    for (int i = 0; i < SIZE; i++) {
        const real *a = mat_row(p->a, i);
        real *c = mat_row(p->c, i);
        for (int k = 0; k < SIZE; k += 4) {
            const real *b0 = mat_row(p->b, k), *b1 = b0 + SIZE, *b2 = b1 + SIZE, *b3 = b2 + SIZE;
#pragma omp simd
            for (int j = 0; j < SIZE; j++) {
                real sum = fused(a[k], b0[j], c[j]);
                sum = fused(a[k + 1], b1[j], sum);
                sum = fused(a[k + 2], b2[j], sum);
                c[j] = fused(a[k + 3], b3[j], sum);
            }
        }
    }
}

/* lib/gemm.c: the tile of C stays in registers while the whole sum runs, B is packed. */
static void kernel(void *arg)
{
    const Product *p = arg;
    mat_add_ab(p->c, p->a, p->b);
}

static const struct {
    const char *name;
    void (*work)(void *arg);
} rungs[] = {
    {"three loops: i, j, k", three_loops},
    {"the inner two exchanged: i, k, j", rows_along_rows},
    {"four steps of k at a time", four_steps},
    {"a tile in registers, B packed", kernel},
};
enum { RUNGS = sizeof rungs / sizeof *rungs };

static Product product_new(real *room)
{
    size_t n = (size_t)SIZE * SIZE;
    memset(room, 0, n * sizeof(real));
    return (Product){mat(room, SIZE, SIZE), mat(room + n, SIZE, SIZE),
                     mat(room + 2 * n, SIZE, SIZE)};
}

int main(int argc, char **argv)
{
    Bench b = {.what = "ladder", .by = "ours", .unit = "GFLOP/s", .threads = 1, .seconds = 1};
    Setting table[] = {BENCH_SETTINGS(b, "0.2"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures a matrix product, idea by idea.", NULL);
    threads_use(b.threads);

    real *room = random_numbers(3 * (size_t)SIZE * SIZE), *first = NEW(real, SIZE * SIZE);
    printf("rung,gflops,peak\n");
    for (int i = 0; i < RUNGS; i++) {
        Product p = product_new(room);
        rungs[i].work(&p);
        if (i == 0) memcpy(first, p.c.data, sizeof(real) * SIZE * SIZE);
        REQUIRE(memcmp(first, p.c.data, sizeof(real) * SIZE * SIZE) == 0,
                "rung %d gives other bits than the first", i);
        Measured m = measure(&b, rungs[i].work, &p);
        printf("\"%s\",%.2f,%.2f\n", rungs[i].name, 2e-9 * SIZE * SIZE * SIZE / m.seconds, m.peak);
    }
    free(room);
    free(first);
    settings_free(table);
    return 0;
}
