/* gradient.h: holds a backward pass against the forward pass that it claims to differentiate.
 *
 * A Case is y = f(inputs) and dy, the gradient of some loss in y. Any loss with that gradient will
 * do, so we take the simplest, L = sum dy y (dy fixed), and compare what backward adds to each
 * input's gradient with L's slope by central differences of fourth order,
 *
 *   L'(x) = (8 (L(x+h) - L(x-h)) - (L(x+2h) - L(x-2h))) / 12h + O(h^4)
 *
 * In double the two agree to 1e-6 or backward is wrong. In float L itself is known to seven digits
 * only, and the test says so: it tolerates the rounding of L divided by h. */
#ifndef GRADIENT_H
#define GRADIENT_H

#include <float.h>

#include "arena.h"
#include "error.h"
#include "rng.h"
#include "suite.h"

typedef struct {
    const char *name;
    Matrix value, gradient; /* the same shape */
} Variable;

typedef struct Case {
    void (*forward)(struct Case *);  /* fills y from the inputs */
    void (*backward)(struct Case *); /* adds to the inputs' gradients */
    Matrix y, dy;                    /* the same shape */
    Variable in[32];                 /* the inputs, closed by one without a name */
    void *more;                      /* whatever else the two functions need */
} Case;

/* ---- matrices for tests ------------------------------------------------------------------- */

/* A zeroed matrix that is a slice of a wider one, so that a stride taken for a width fails. Every
 * number beside it is NaN. Lives as long as the test. */
static inline Matrix new_matrix(int rows, int cols)
{
    static Arena room;
    if (!room.base) {
        room.used = 1 << 18;
        arena_reserve(&room);
    }
    Matrix wide = arena_matrix(&room, rows, cols + 5);
    for (int i = 0; i < wide.rows; i++)
        for (int j = 0; j < wide.cols; j++) mat_row(wide, i)[j] = (real)NAN;
    Matrix m = mat_cols(wide, 2, cols);
    mat_zero(m);
    return m;
}

static inline void fill_random(Matrix m, double mean, double deviation, Rng *rng)
{
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++)
            mat_row(m, i)[j] = (real)(mean + deviation * rng_normal(rng));
}

static inline Matrix random_matrix(int rows, int cols, Rng *rng)
{
    Matrix m = new_matrix(rows, cols);
    fill_random(m, 0, 1, rng);
    return m;
}

static inline void fill(Matrix m, real x)
{
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) mat_row(m, i)[j] = x;
}

static inline Matrix matrix_of(int rows, int cols, const double *numbers)
{
    Matrix m = new_matrix(rows, cols);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) mat_row(m, i)[j] = (real)numbers[i * cols + j];
    return m;
}

static inline bool same_bits(Matrix a, Matrix b)
{
    if (a.rows != b.rows || a.cols != b.cols) return false;
    for (int i = 0; i < a.rows; i++)
        if (memcmp(mat_row(a, i), mat_row(b, i), sizeof(real) * (size_t)a.cols) != 0) return false;
    return true;
}

/* Each element within tol of the expected one, absolutely. */
static inline void require_near(const char *name, Matrix m, const double *expected, double tol)
{
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++)
            ck_assert_msg(fabs(mat_row(m, i)[j] - expected[i * m.cols + j]) <= tol,
                          "%s[%d][%d] is %.9g, not %.9g", name, i, j, (double)mat_row(m, i)[j],
                          expected[i * m.cols + j]);
}

/* ---- the checks --------------------------------------------------------------------------- */

/* *size gets the sum of the terms' sizes: L's rounding error is a small part of that. */
static inline double case_loss(Case *c, double *size)
{
    double total = 0, sizes = 0;
    c->forward(c);
    for (int i = 0; i < c->y.rows; i++)
        for (int j = 0; j < c->y.cols; j++) {
            double term = (double)mat_row(c->dy, i)[j] * (double)mat_row(c->y, i)[j];
            total += term;
            sizes += fabs(term);
        }
    if (size) *size = sizes;
    return total;
}

static inline double case_loss_at(Case *c, real *x, double moved)
{
    real kept = *x;
    *x = (real)(kept + moved);
    double loss = case_loss(c, NULL);
    *x = kept;
    return loss;
}

static inline double case_slope(Case *c, real *x, double h)
{
    double near = case_loss_at(c, x, h) - case_loss_at(c, x, -h);
    double far = case_loss_at(c, x, 2 * h) - case_loss_at(c, x, -2 * h);
    return (8 * near - far) / (12 * h);
}

/* Forward, then backward `times` times into gradients that begin as `start`. */
static inline void case_differentiate(Case *c, real start, int times)
{
    for (Variable *v = c->in; v->name; v++) fill(v->gradient, start);
    c->forward(c);
    for (int i = 0; i < times; i++) c->backward(c);
}

/* Every element of every input's gradient against L's slope. */
static inline void check_gradients(Case *c)
{
    double h = in_double ? 0x1p-9 : 0x1p-5, tol = in_double ? 1e-6 : 1e-2, size;
    double epsilon = in_double ? DBL_EPSILON : (double)FLT_EPSILON;
    case_loss(c, &size);
    double rounding = 16 * epsilon * size / h;
    case_differentiate(c, 0, 1);
    for (Variable *v = c->in; v->name; v++) {
        double largest = 0;
        for (int i = 0; i < v->value.rows; i++)
            for (int j = 0; j < v->value.cols; j++) {
                double claimed = (double)mat_row(v->gradient, i)[j];
                double slope = case_slope(c, mat_row(v->value, i) + j, h);
                double allowed = tol * fmax(fabs(claimed), fabs(slope)) + rounding;
                if (!(fabs(claimed - slope) <= allowed))
                    ck_abort_msg("d%s[%d][%d] is %.12g by backward and %.12g by differences",
                                 v->name, i, j, claimed, slope);
                largest = fmax(largest, fabs(claimed));
            }
        ck_assert_msg(largest > 1e-3, "d%s is zero: nothing was tested", v->name);
    }
}

/* Backward adds: twice is double, and what the gradient held before stays in the sum. The gradients
 * of the first few inputs it writes: there neither matters. */
static inline void check_accumulates(Case *c, int written)
{
    double tol = in_double ? 1e-12 : 1e-4;
    for (Variable *v = c->in; v->name; v++) {
        Matrix once = new_matrix(v->gradient.rows, v->gradient.cols);
        case_differentiate(c, 0, 1);
        mat_copy(once, v->gradient);
        for (int twice = 0; twice < 2; twice++) {
            case_differentiate(c, twice ? 0 : 3, twice ? 2 : 1);
            for (int i = 0; i < once.rows; i++)
                for (int j = 0; j < once.cols; j++) {
                    double g = (double)mat_row(once, i)[j], sum = twice ? 2 * g : 3 + g;
                    if (v - c->in < written) sum = g;
                    double got = (double)mat_row(v->gradient, i)[j];
                    ck_assert_msg(fabs(got - sum) <= tol * (3 + fabs(g)),
                                  "d%s[%d][%d] is %.12g and should be %.12g %s", v->name, i, j, got,
                                  sum, twice ? "after two passes" : "when it began at 3");
                }
        }
    }
}

#endif
