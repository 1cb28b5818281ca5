/* products.c: the three products of lib/matrix.h at the shapes that the chapters use.
 *
 * A linear layer of `rows` symbols, `in` and `out` channels is three products,
 *
 *     y  += x w       ab     (rows, out) over in
 *     dx += dy w'     abt    (rows, in)  over out
 *     dw += x' dy     atb    (in, out)   over rows
 *
 * and so is a head of attention: scores q k', what it reads att v, and its gradient att' dy. A case
 * is named by the product and m x n x k, where C is (m, n) and k is summed over. Views are columns
 * of a matrix three times as wide, as a query is of q|k|v.
 *
 * --by openblas measures the peer, which is looked for when the program starts, not when it is
 * built. Each multiply-add counts as two operations. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "measure/measure.h"
#include "threads.h"

typedef enum { AB, ABT, ATB } Op;
static const char *const op_names[] = {"ab", "abt", "atb"};

typedef struct {
    Op op;
    Matrix c, a, b;
} Product;

static void multiply_ours(void *arg)
{
    const Product *p = arg;
    if (p->op == AB)
        mat_add_ab(p->c, p->a, p->b);
    else if (p->op == ABT)
        mat_add_abt(p->c, p->a, p->b);
    else
        mat_add_atb(p->c, p->a, p->b);
}

/* ---- the peer ------------------------------------------------------------------------------- */

/* C = alpha op(A) op(B) + beta C, of the C interface to BLAS (Lawson et al. 1979; its enumerations
 * are part of the interface). */
enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };
typedef void Gemm(int order, int trans_a, int trans_b, int m, int n, int k, real alpha,
                  const real *a, int lda, const real *b, int ldb, real beta, real *c, int ldc);
static Gemm *blas_gemm;

static void multiply_blas(void *arg)
{
    const Product *p = arg;
    int k = p->op == ATB ? p->a.rows : p->a.cols;
    blas_gemm(ROW_MAJOR, p->op == ATB ? TRANSPOSED : AS_IT_IS, p->op == ABT ? TRANSPOSED : AS_IT_IS,
              p->c.rows, p->c.cols, k, 1, p->a.data, p->a.stride, p->b.data, p->b.stride, 1,
              p->c.data, p->c.stride);
}

/* ISO C has no cast from dlsym's void * to a function. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found;
}

static bool blas_open(const char *path, int threads, Error *err)
{
    void (*set_threads)(int);
    void *library = dlopen(path, RTLD_NOW);
    if (!library) return error_set(err, "%s can't be loaded: install OpenBLAS", path);
    const char *gemm = sizeof(real) == sizeof(float) ? "cblas_sgemm" : "cblas_dgemm";
    if (!find(library, gemm, &blas_gemm) ||
        !find(library, "openblas_set_num_threads", &set_threads))
        return error_set(err, "%s is not OpenBLAS", path);
    set_threads(threads);
    return true;
}

/* ---- cases ---------------------------------------------------------------------------------- */

/* rows, in, out of layers; the last are cubes */
static const int layers[][3] = {
    {768, 128, 128},   {768, 128, 384},   {768, 128, 512},   {768, 512, 128}, {768, 128, 65},
    {2048, 64, 64},    {2048, 64, 192},   {2048, 64, 256},   {2048, 256, 64}, {2048, 64, 65},
    {1024, 384, 384},  {1024, 384, 1152}, {1024, 384, 1536}, {512, 32, 128},  {512, 64, 256},
    {4096, 128, 32},   {4096, 256, 256},  {4096, 512, 512},  {256, 256, 256}, {512, 512, 512},
    {1024, 1024, 1024}};
static const int views[][3] = {{768, 128, 128}, {2048, 64, 192}, {4096, 256, 256}};
static const int heads[][2] = {{64, 16}, {64, 32}, {128, 16}, {256, 64}}; /* positions, channels */

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static Matrix operand(int rows, int cols, bool view)
{
    int stride = view ? 3 * cols : cols;
    Matrix wide = mat(random_numbers((size_t)rows * (size_t)stride), rows, stride);
    return mat_cols(wide, view ? cols : 0, cols);
}

static void operand_free(Matrix m, bool view)
{
    free(m.data - (view ? m.cols : 0));
}

static void run_case(const Bench *b, Op op, int m, int n, int k, bool view)
{
    char name[64];
    snprintf(name, sizeof name, "%s %dx%dx%d%s", op_names[op], m, n, k, view ? " view" : "");
    if (!bench_wants(b, name)) return;
    Product p = {op, operand(m, n, view), op == ATB ? operand(k, m, view) : operand(m, k, view),
                 op == ABT ? operand(n, k, view) : operand(k, n, view)};
    Measured time = measure(b, blas_gemm ? multiply_blas : multiply_ours, &p);
    bench_row(b, name, 2e-9 * m * n * k, time);
    operand_free(p.c, view), operand_free(p.a, view), operand_free(p.b, view);
}

static void run_layer(const Bench *b, const int layer[3], bool view)
{
    int rows = layer[0], in = layer[1], out = layer[2];
    run_case(b, AB, rows, out, in, view);
    run_case(b, ABT, rows, in, out, view);
    run_case(b, ATB, in, out, rows, view);
}

/* Too small to be shared: each thread of a batch has heads of its own. */
static void run_head(const Bench *b, const int head[2])
{
    int T = head[0], d = head[1];
    run_case(b, ABT, T, T, d, true);
    run_case(b, AB, T, d, T, true);
    run_case(b, ATB, T, d, T, true);
}

int main(int argc, char **argv)
{
    Bench b = {.by = "ours", .unit = "GFLOP/s", .threads = 1, .seconds = 0.05};
    int by = 0;
    const char *library = "libopenblas.so.0";
    Setting table[] = {
        BENCH_SETTINGS(b, "0.015"),
        {"by", SETTING_CHOICE, &by, .choices = "ours|openblas", .help = "whose products"},
        {"library", SETTING_STRING, &library, .meta = "FILE", .help = "where OpenBLAS is"},
        {0}};
    Error err;
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures matrix products.", NULL);
    threads_use(b.threads);
    if (by && !blas_open(library, b.threads, &err)) {
        fprintf(stderr, "products: %s\n", err.text);
        return 1;
    }
    if (by) b.by = "openblas";
    b.what = "product";
    for (int i = 0; i < COUNT(layers); i++) run_layer(&b, layers[i], false);
    for (int i = 0; i < COUNT(views); i++) run_layer(&b, views[i], true);
    b.what = "product of a head";
    for (int i = 0; i < COUNT(heads) && b.threads == 1; i++) run_head(&b, heads[i]);
    settings_free(table);
    return 0;
}
