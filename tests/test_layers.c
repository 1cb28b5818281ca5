/* test_layers.c: each layer by hand, and its backward pass against central differences. */
#include "gradient.h"

#include "layers.h"

static const double near = sizeof(real) == 8 ? 1e-9 : 1e-6;

/* ---- linear ------------------------------------------------------------------------------- */

typedef struct {
    Matrix x, dx;
    Linear p, d;
    bool adds;
} LinearMore;

static void linear_case_forward(Case *c)
{
    LinearMore *m = c->more;
    if (m->adds)
        mat_zero(c->y), linear_add(c->y, c->y, m->x, &m->p);
    else
        linear_forward(c->y, m->x, &m->p);
}

static void linear_case_backward(Case *c)
{
    LinearMore *m = c->more;
    linear_backward(m->dx, c->dy, &m->p);
    linear_gradient(&m->d, c->dy, m->x);
}

static Case linear_case(LinearMore *m, bool adds)
{
    enum { N = 5, IN = 7, OUT = 11 };
    Rng rng = rng_stream(1, 0);
    m->adds = adds;
    m->x = random_matrix(N, IN, &rng), m->dx = new_matrix(N, IN);
    m->p = (Linear){random_matrix(IN, OUT, &rng), random_matrix(1, OUT, &rng)};
    m->d = (Linear){new_matrix(IN, OUT), new_matrix(1, OUT)};
    return (Case){linear_case_forward,
                  linear_case_backward,
                  new_matrix(N, OUT),
                  random_matrix(N, OUT, &rng),
                  {{"x", m->x, m->dx}, {"w", m->p.w, m->d.w}, {"b", m->p.b, m->d.b}},
                  m};
}

/* x = (1, 2), w = (3 4 5; 6 7 8), b = (0.5, 0, -1):
 *   y  = (3+12+0.5, 4+14, 5+16-1) = (15.5, 18, 20)
 * dy = (1, 0, -2):
 *   dx = (3 - 2*5, 6 - 2*8) = (-7, -10),   dw = (1 0 -2; 2 0 -4),   db = dy */
START_TEST(linear_by_hand)
{
    Matrix x = matrix_of(1, 2, (double[]){1, 2}), y = new_matrix(1, 3), dx = new_matrix(1, 2);
    Matrix dy = matrix_of(1, 3, (double[]){1, 0, -2});
    Linear p = {matrix_of(2, 3, (double[]){3, 4, 5, 6, 7, 8}),
                matrix_of(1, 3, (double[]){0.5, 0, -1})};
    Linear d = {new_matrix(2, 3), new_matrix(1, 3)};
    fill(y, 99); /* forward overwrites */
    linear_forward(y, x, &p);
    require_near("y", y, (double[]){15.5, 18, 20}, near);
    Matrix before = matrix_of(1, 3, (double[]){10, -20, 30});
    linear_add(y, before, x, &p); /* to what was before, which stays */
    require_near("y", y, (double[]){25.5, -2, 50}, near);
    require_near("before", before, (double[]){10, -20, 30}, near);
    linear_add(y, y, x, &p); /* which may be y */
    require_near("y", y, (double[]){41, 16, 70}, near);
    linear_backward(dx, dy, &p);
    linear_gradient(&d, dy, x);
    require_near("dx", dx, (double[]){-7, -10}, near);
    require_near("dw", d.w, (double[]){1, 0, -2, 2, 0, -4}, near);
    require_near("db", d.b, (double[]){1, 0, -2}, near);
}
END_TEST

START_TEST(linear_gradient_agrees_with_central_differences)
{
    LinearMore m;
    for (int adds = 0; adds < 2; adds++) {
        Case c = linear_case(&m, adds);
        check_gradients(&c);
    }
}
END_TEST

START_TEST(linear_adds_to_the_gradients_of_its_weights_alone)
{
    LinearMore m;
    Case c = linear_case(&m, false);
    check_accumulates(&c, 1);
}
END_TEST

START_TEST(linear_refuses_shapes_that_do_not_fit)
{
    Matrix x = new_matrix(4, 3), y = new_matrix(4, 5), narrow = new_matrix(4, 2);
    Linear p = {new_matrix(3, 5), new_matrix(1, 5)}, d = {new_matrix(3, 5), new_matrix(1, 4)};
    ck_assert_dies(linear_forward(y, narrow, &p), "A is 4 x 2, B is 3 x 5");
    ck_assert_dies(linear_add(y, y, narrow, &p), "A is 4 x 2, B is 3 x 5");
    ck_assert_dies(linear_add(y, narrow, x, &p), "C = A + row does not fit: 4 x 5 and 4 x 2");
    ck_assert_dies(linear_forward(narrow, x, &p), "C = A B + row does not fit: C is 4 x 2");
    ck_assert_dies(linear_backward(narrow, y, &p), "C is 4 x 2, A is 4 x 5, B is 3 x 5");
    ck_assert_dies(linear_gradient(&d, narrow, x), "C is 3 x 5, A is 4 x 3, B is 4 x 2");
    ck_assert_dies(linear_gradient(&d, y, x), "column sums into 1 x 4 of a 4 x 5 matrix");
}
END_TEST

/* ---- layer norm --------------------------------------------------------------------------- */

typedef struct {
    Matrix x, dx, stats;
    LayerNorm p, d;
} NormMore;

static void norm_case_forward(Case *c)
{
    NormMore *m = c->more;
    layernorm_forward(c->y, m->stats, m->x, &m->p);
}

static void norm_case_backward(Case *c)
{
    NormMore *m = c->more;
    layernorm_backward(m->dx, c->dy, m->stats, m->x, &m->p);
    layernorm_gradient(&m->d, c->dy, m->stats, m->x);
}

/* C = 37: lanes and a rest in every sum. The mean is not 0. */
static Case norm_case(NormMore *m)
{
    enum { N = 4, C = 37 };
    Rng rng = rng_stream(2, 0);
    m->x = new_matrix(N, C), m->dx = new_matrix(N, C), m->stats = new_matrix(N, 2);
    fill_random(m->x, 0.7, 1.3, &rng);
    m->p = (LayerNorm){random_matrix(1, C, &rng), random_matrix(1, C, &rng)};
    m->d = (LayerNorm){new_matrix(1, C), new_matrix(1, C)};
    return (Case){norm_case_forward,
                  norm_case_backward,
                  new_matrix(N, C),
                  random_matrix(N, C, &rng),
                  {{"x", m->x, m->dx}, {"gain", m->p.g, m->d.g}, {"bias", m->p.b, m->d.b}},
                  m};
}

/* x = (1, 2, 6): mean 3, deviations (-2, -1, 3), variance (4 + 1 + 9)/3 = 14/3,
 * 1/sqrt(14/3 + 0.00001) = 0.462909554, xhat = (-0.925819108, -0.462909554, 1.388728662);
 * gain (1, 2, -1) and bias (0, 0.5, 1): y = (-0.925819108, -0.425819108, -0.388728662) */
START_TEST(layer_norm_by_hand)
{
    Matrix x = matrix_of(1, 3, (double[]){1, 2, 6}), y = new_matrix(1, 3), stats = new_matrix(1, 2);
    LayerNorm p = {matrix_of(1, 3, (double[]){1, 2, -1}), matrix_of(1, 3, (double[]){0, 0.5, 1})};
    layernorm_forward(y, stats, x, &p);
    require_near("y", y, (double[]){-0.925819108, -0.425819108, -0.388728662}, 2 * near);
    require_near("stats", stats, (double[]){3, 0.462909554}, near);
}
END_TEST

/* Of a constant row the deviations are 0: no division by zero, y = bias. */
START_TEST(layer_norm_of_a_constant_row_is_the_bias)
{
    Matrix x = new_matrix(1, 9), y = new_matrix(1, 9), stats = new_matrix(1, 2);
    Rng rng = rng_stream(3, 0);
    LayerNorm p = {random_matrix(1, 9, &rng), random_matrix(1, 9, &rng)};
    fill(x, 0.5);
    layernorm_forward(y, stats, x, &p);
    ck_assert(same_bits(y, p.b));
}
END_TEST

START_TEST(layer_norm_gradient_agrees_with_central_differences)
{
    NormMore m;
    Case c = norm_case(&m);
    check_gradients(&c);
}
END_TEST

START_TEST(layer_norm_backward_adds_to_what_is_there)
{
    NormMore m;
    Case c = norm_case(&m);
    check_accumulates(&c, 0);
}
END_TEST

START_TEST(layer_norm_refuses_shapes_that_do_not_fit)
{
    Matrix x = new_matrix(4, 3), stats = new_matrix(4, 2), narrow = new_matrix(4, 2);
    LayerNorm p = {new_matrix(1, 3), new_matrix(1, 3)}, d = {new_matrix(1, 3), new_matrix(1, 2)};
    ck_assert_dies(layernorm_forward(narrow, stats, x, &p),
                   "layer norm: y is 4 x 2 and should be 4 x 3");
    ck_assert_dies(layernorm_forward(x, x, x, &p), "stats is 4 x 3 and should be 4 x 2");
    ck_assert_dies(layernorm_forward(x, stats, x, &d), "bias is 1 x 2 and should be 1 x 3");
    ck_assert_dies(layernorm_backward(narrow, x, stats, x, &p), "dx is 4 x 2");
    ck_assert_dies(layernorm_backward(x, narrow, stats, x, &p), "dy is 4 x 2");
    ck_assert_dies(layernorm_gradient(&p, narrow, stats, x), "dy is 4 x 2");
    ck_assert_dies(layernorm_gradient(&d, x, stats, x), "d bias is 1 x 2");
}
END_TEST

/* ---- GELU --------------------------------------------------------------------------------- */

static void gelu_case_forward(Case *c)
{
    gelu_forward(c->y, *(Matrix *)c->more, c->in[0].value);
}

static void gelu_case_backward(Case *c)
{
    gelu_backward(c->in[0].gradient, c->dy, *(Matrix *)c->more);
}

static Case gelu_case(Matrix *slope)
{
    *slope = new_matrix(6, 21);
    Rng rng = rng_stream(4, 0);
    Matrix x = new_matrix(6, 21);
    fill_random(x, 0, 2, &rng);
    return (Case){gelu_case_forward,
                  gelu_case_backward,
                  new_matrix(6, 21),
                  random_matrix(6, 21, &rng),
                  {{"x", x, new_matrix(6, 21)}},
                  slope};
}

/* x = 1: u = 0.7978845608 * 1.044715 = 0.8335620, tanh u = 0.6823839812, y = 1.6823839812 / 2.
 * gelu(x) - gelu(-x) = x, so x = -1 gives y - 1. Far out the gate is open (or shut). */
START_TEST(gelu_by_hand)
{
    Matrix x = matrix_of(1, 5, (double[]){1, -1, 0, 30, -30}), y = new_matrix(1, 5);
    Matrix dx = new_matrix(1, 5), dy = new_matrix(1, 5), slope = new_matrix(1, 5);
    gelu_forward(y, slope, x);
    require_near("y", y, (double[]){0.8411919906, -0.1588080094, 0, 30, 0}, near);
    require_near("slope", mat_cols(slope, 2, 3), (double[]){0.5, 1, 0}, near);
    fill(dy, 2);
    gelu_backward(dx, dy, slope);
    require_near("dx", mat_cols(dx, 2, 3), (double[]){1, 2, 0}, near);
}
END_TEST

START_TEST(gelu_leaves_its_slope_in_the_place_of_its_input)
{
    Matrix slope, y = new_matrix(6, 21), both = new_matrix(6, 21);
    Case c = gelu_case(&slope);
    mat_copy(both, c.in[0].value);
    gelu_forward(c.y, slope, c.in[0].value);
    gelu_forward(y, both, both);
    ck_assert(same_bits(y, c.y) && same_bits(both, slope));
}
END_TEST

START_TEST(gelu_gradient_agrees_with_central_differences)
{
    Matrix slope;
    Case c = gelu_case(&slope);
    check_gradients(&c);
}
END_TEST

START_TEST(gelu_backward_overwrites)
{
    Matrix slope;
    Case c = gelu_case(&slope);
    check_accumulates(&c, 1);
}
END_TEST

START_TEST(gelu_refuses_shapes_that_do_not_fit)
{
    Matrix x = new_matrix(4, 3), low = new_matrix(2, 3), narrow = new_matrix(4, 2);
    ck_assert_dies(gelu_forward(narrow, x, x), "GELU: y is 4 x 2 and should be 4 x 3");
    ck_assert_dies(gelu_forward(x, low, x), "GELU: slope is 2 x 3 and should be 4 x 3");
    ck_assert_dies(gelu_backward(low, x, x), "GELU: dx is 2 x 3");
    ck_assert_dies(gelu_backward(x, narrow, x), "GELU: dy is 4 x 2");
}
END_TEST

/* ---- embedding ---------------------------------------------------------------------------- */

static const int ids[] = {2, 0, 2, 4, 2}, positions[] = {0, 1, 2, 0, 1};

static void embedding_case_forward(Case *c)
{
    embedding_forward(c->y, ids, positions, c->in[0].value, c->in[1].value);
}

static void embedding_case_backward(Case *c)
{
    embedding_gradient(c->in[0].gradient, c->in[1].gradient, ids, positions, c->dy);
}

static Case embedding_case(void)
{
    enum { N = 5, V = 6, T = 4, C = 7 };
    Rng rng = rng_stream(5, 0);
    return (Case){embedding_case_forward,
                  embedding_case_backward,
                  new_matrix(N, C),
                  random_matrix(N, C, &rng),
                  {{"wte", random_matrix(V, C, &rng), new_matrix(V, C)},
                   {"wpe", random_matrix(T, C, &rng), new_matrix(T, C)}},
                  NULL};
}

/* Symbol 1 stands at positions 0 and 1: y = (10+1, 10+2), and its gradient is 3 + 4. */
START_TEST(embedding_by_hand)
{
    Matrix wte = matrix_of(2, 1, (double[]){20, 10}), wpe = matrix_of(3, 1, (double[]){1, 2, 5});
    Matrix dwte = new_matrix(2, 1), dwpe = new_matrix(3, 1), y = new_matrix(2, 1);
    embedding_forward(y, (int[]){1, 1}, (int[]){0, 1}, wte, wpe);
    require_near("y", y, (double[]){11, 12}, 0);
    embedding_gradient(dwte, dwpe, (int[]){1, 1}, (int[]){0, 1}, matrix_of(2, 1, (double[]){3, 4}));
    require_near("dwte", dwte, (double[]){0, 7}, 0);
    require_near("dwpe", dwpe, (double[]){3, 4, 0}, 0);
}
END_TEST

START_TEST(embedding_gradient_agrees_with_central_differences)
{
    Case c = embedding_case();
    check_gradients(&c);
}
END_TEST

START_TEST(embedding_gradient_adds_to_what_is_there)
{
    Case c = embedding_case();
    check_accumulates(&c, 0);
}
END_TEST

START_TEST(embedding_refuses_strangers_and_other_widths)
{
    Matrix y = new_matrix(2, 3), wte = new_matrix(5, 3), wpe = new_matrix(4, 3);
    Matrix wide = new_matrix(4, 6);
    int fine[] = {0, 1}, high[] = {0, 5}, low[] = {-1, 0};
    ck_assert_dies(embedding_forward(y, high, fine, wte, wpe), "row 5 of a 5 x 3 matrix");
    ck_assert_dies(embedding_forward(y, low, fine, wte, wpe), "row -1 of a 5 x 3 matrix");
    ck_assert_dies(embedding_forward(y, fine, high, wte, wpe), "row 5 of a 4 x 3 matrix");
    ck_assert_dies(embedding_forward(y, fine, fine, wide, wpe), "wte is 4 x 6 and should be 4 x 3");
    ck_assert_dies(embedding_forward(y, fine, fine, wte, wide), "wpe is 4 x 6 and should be 4 x 3");
    ck_assert_dies(embedding_gradient(wide, wpe, fine, fine, y), "dwte is 4 x 6");
    ck_assert_dies(embedding_gradient(wte, wide, fine, fine, y), "dwpe is 4 x 6");
}
END_TEST

/* ---- softmax ------------------------------------------------------------------------------ */

/* y is log p of the symbols that came, dy = -w: the loss sum_n -w_n log p_n. */
enum { SOFTMAX_N = 5, SOFTMAX_V = 19 };
static const int came[SOFTMAX_N] = {3, 18, 0, 3, 7};
static const real worth[SOFTMAX_N] = {1, (real)-0.5, 2, (real)0.25, (real)-1.5};

static void softmax_case_forward(Case *c)
{
    real logprob[SOFTMAX_N];
    softmax_forward(*(Matrix *)c->more, logprob, c->in[0].value, came);
    for (int n = 0; n < SOFTMAX_N; n++) *mat_row(c->y, n) = logprob[n];
}

static void softmax_case_backward(Case *c)
{
    softmax_gradient(c->in[0].gradient, *(Matrix *)c->more, came, worth);
}

static Case softmax_case(Matrix *probs)
{
    Rng rng = rng_stream(6, 0);
    Matrix dy = new_matrix(SOFTMAX_N, 1);
    for (int n = 0; n < SOFTMAX_N; n++) *mat_row(dy, n) = -worth[n];
    *probs = new_matrix(SOFTMAX_N, SOFTMAX_V);
    return (Case){
        softmax_case_forward,
        softmax_case_backward,
        new_matrix(SOFTMAX_N, 1),
        dy,
        {{"logits", random_matrix(SOFTMAX_N, SOFTMAX_V, &rng), new_matrix(SOFTMAX_N, SOFTMAX_V)}},
        probs};
}

/* logits (0, ln 2, ln 5): p = (1, 2, 5)/8. Symbol 1 came: log p = -ln 4; with the weight 4 the
 * gradient is 4 (1/8, 2/8 - 1, 5/8) = (0.5, -3, 2.5). */
START_TEST(softmax_by_hand)
{
    Matrix logits = matrix_of(1, 3, (double[]){0, log(2), log(5)}), d = new_matrix(1, 3);
    real logprob, w = 4;
    int x = 1;
    softmax_forward(logits, &logprob, logits, &x); /* in place */
    require_near("probs", logits, (double[]){0.125, 0.25, 0.625}, near);
    ck_assert(fabs(logprob + log(4)) <= near);
    softmax_gradient(d, logits, &x, &w);
    require_near("dlogits", d, (double[]){0.5, -3, 2.5}, 4 * near);
}
END_TEST

START_TEST(softmax_survives_large_logits)
{
    Matrix logits = matrix_of(2, 3, (double[]){1000, 1000, -1000, -3000, -3000, -3000});
    Matrix probs = new_matrix(2, 3);
    real logprob[2];
    softmax_forward(probs, logprob, logits, (int[]){2, 0});
    require_near("probs", probs, (double[]){0.5, 0.5, 0, 1. / 3, 1. / 3, 1. / 3}, near);
    ck_assert(close_to((double)logprob[0], -2000 - log(2), 1e-6)); /* though p itself underflows */
    ck_assert(fabs((double)logprob[1] + log(3)) <= near);
}
END_TEST

START_TEST(softmax_gradient_agrees_with_central_differences)
{
    Matrix probs;
    Case c = softmax_case(&probs);
    check_gradients(&c);
}
END_TEST

START_TEST(softmax_gradient_adds_to_what_is_there)
{
    Matrix probs;
    Case c = softmax_case(&probs);
    check_accumulates(&c, 0);
}
END_TEST

/* Raising every logit alike changes nothing, so the gradient has no part in that direction. */
START_TEST(gradient_of_log_pi_sums_to_zero_over_the_vocabulary)
{
    Matrix probs;
    Case c = softmax_case(&probs);
    case_differentiate(&c, 0, 1);
    for (int n = 0; n < SOFTMAX_N; n++) {
        double total = 0;
        for (int j = 0; j < SOFTMAX_V; j++) total += (double)mat_row(c.in[0].gradient, n)[j];
        ck_assert(fabs(total) <= (in_double ? 1e-15 : 1e-6));
    }
}
END_TEST

/* sum_x p(x) grad log p(x) = 0: with w = p(x) each symbol in turn, the gradients cancel. It is why
 * a baseline costs nothing. */
START_TEST(expected_gradient_of_log_pi_is_zero)
{
    Matrix probs;
    Case c = softmax_case(&probs);
    Matrix d = c.in[0].gradient;
    c.forward(&c);
    for (int x = 0; x < SOFTMAX_V; x++) {
        int all[SOFTMAX_N];
        real w[SOFTMAX_N];
        for (int n = 0; n < SOFTMAX_N; n++) all[n] = x, w[n] = mat_row(probs, n)[x];
        softmax_gradient(d, probs, all, w);
    }
    for (int n = 0; n < d.rows; n++)
        for (int j = 0; j < d.cols; j++)
            ck_assert(fabs((double)mat_row(d, n)[j]) <= (in_double ? 1e-15 : 1e-6));
}
END_TEST

START_TEST(softmax_refuses_shapes_and_strangers)
{
    Matrix m = new_matrix(2, 3), narrow = new_matrix(2, 2);
    real logprob[2], w[2] = {1, 1};
    int fine[] = {0, 2}, high[] = {0, 3}, low[] = {-1, 0};
    ck_assert_dies(softmax_forward(narrow, logprob, m, fine),
                   "softmax: probs is 2 x 2 and should be 2 x 3");
    ck_assert_dies(softmax_forward(m, logprob, m, high), "row 1 asks for symbol 3 of 3");
    ck_assert_dies(softmax_forward(m, logprob, m, low), "row 0 asks for symbol -1 of 3");
    ck_assert_dies(softmax_gradient(narrow, m, fine, w), "softmax: dlogits is 2 x 2");
    ck_assert_dies(softmax_gradient(m, m, high, w), "row 1 asks for symbol 3 of 3");
}
END_TEST

static const TTest *const tests[] = {
    linear_by_hand,
    linear_gradient_agrees_with_central_differences,
    linear_adds_to_the_gradients_of_its_weights_alone,
    linear_refuses_shapes_that_do_not_fit,
    layer_norm_by_hand,
    layer_norm_of_a_constant_row_is_the_bias,
    layer_norm_gradient_agrees_with_central_differences,
    layer_norm_backward_adds_to_what_is_there,
    layer_norm_refuses_shapes_that_do_not_fit,
    gelu_by_hand,
    gelu_leaves_its_slope_in_the_place_of_its_input,
    gelu_gradient_agrees_with_central_differences,
    gelu_backward_overwrites,
    gelu_refuses_shapes_that_do_not_fit,
    embedding_by_hand,
    embedding_gradient_agrees_with_central_differences,
    embedding_gradient_adds_to_what_is_there,
    embedding_refuses_strangers_and_other_widths,
    softmax_by_hand,
    softmax_survives_large_logits,
    softmax_gradient_agrees_with_central_differences,
    softmax_gradient_adds_to_what_is_there,
    gradient_of_log_pi_sums_to_zero_over_the_vocabulary,
    expected_gradient_of_log_pi_is_zero,
    softmax_refuses_shapes_and_strangers,
    NULL,
};

RUN_TESTS("layers", tests)
