/* grade_chapter2.c: tests of the exercises on the transformer, and of bugs in it.
 *
 * A backward pass is held against the forward pass that it claims to differentiate: any loss will
 * do, so it is the simplest one, sum dy y with dy fixed. */
#include <math.h>
#include <string.h>

#include "adam.h"
#include "attention.h"
#include "error.h"
#include "generate.h"
#include "grade.h"
#include "layers.h"
#include "mle.h"

static double inner(Matrix a, Matrix b)
{
    double total = 0;
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.cols; j++)
            total += (double)mat_row(a, i)[j] * (double)mat_row(b, i)[j];
    return total;
}

static Matrix filled(int rows, int cols, double x)
{
    Matrix m = slice_new(rows, cols);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) mat_row(m, i)[j] = (real)x;
    return m;
}

/* A (1, n) matrix without gaps, as parameters are. */
static Matrix vector(int n, double mean, uint64_t seed)
{
    Rng rng = rng_stream(seed, 9);
    Matrix m = mat(NEW(real, n), 1, n);
    for (int j = 0; j < n; j++) m.data[j] = (real)(mean + rng_normal(&rng) / 2);
    return m;
}

static Matrix vector_of(int n, double x)
{
    Matrix m = mat(NEW(real, n), 1, n);
    for (int j = 0; j < n; j++) m.data[j] = (real)x;
    return m;
}

/* What was there before must still be in the sum. */
static void expect_added(const char *of, const char *on, Matrix first, Matrix second, double before)
{
    const double *one = numbers_of(first), *two = numbers_of(second);
    int n = first.rows * first.cols;
    double *sum = NEW(double, n);
    for (int i = 0; i < n; i++) sum[i] = one[i] + before;
    for (int i = 0; i < n; i++)
        if (!(fabs(two[i] - sum[i]) <= 1e-9))
            wrong(of, say("%s, with %g in every element before the call", on, before),
                  say("%.6g", sum[i]), say("%.6g", two[i]),
                  fabs(two[i] - one[i]) <= 1e-9 ? "it is set, not added: = where += belongs. A "
                                                  "weight serves every row of every "
                                                  "batch, so its gradient is a sum"
                                                : "the gradient should be added to what is there");
}

/* ---- 2.1 a linear map ------------------------------------------------------------------------ */

enum { N = 5, IN = 3, MANY = 4 };

typedef struct {
    Matrix x, y, dy;
    Linear p;
} LinearCase;

static double linear_loss(void *arg)
{
    LinearCase *c = arg;
    linear_forward(c->y, c->x, &c->p);
    return inner(c->dy, c->y);
}

static LinearCase linear_case(void)
{
    return (LinearCase){slice_random(N, IN, 1),
                        slice_new(N, MANY),
                        slice_random(N, MANY, 2),
                        {slice_random(IN, MANY, 3), vector(MANY, 0, 4)}};
}

#define LINEAR "y = x w + b with x (5, 3), w (3, 4), b (1, 4), random numbers, loss = sum dy y"

static void the_input_of_a_linear_map(void)
{
    LinearCase c = linear_case();
    Matrix dx = filled(N, IN, 7);
    linear_backward(dx, c.dy, &c.p);
    expect_slopes("dx", LINEAR, dx, c.x, linear_loss, &c, NO_KNOWN,
                  "dx = dy w'. It is overwritten: what dx held before is lost");
}

static void the_weights_of_a_linear_map(void)
{
    LinearCase c = linear_case();
    Linear d = {slice_new(IN, MANY), vector_of(MANY, 0)};
    linear_gradient(&d, c.dy, c.x);
    expect_slopes("dw", LINEAR, d.w, c.p.w, linear_loss, &c, NO_KNOWN, "dw += x' dy");
    expect_slopes(
        "db", LINEAR, d.b, c.p.b, linear_loss, &c,
        (Known[]){{{1.0 / N}, "db is the sum down the rows, not their mean"}, {.likely = NULL}},
        "db_j += sum over rows of dy_ij");
    Linear more = {filled(IN, MANY, 3), vector_of(MANY, 3)};
    linear_gradient(&more, c.dy, c.x);
    expect_added("dw", LINEAR, d.w, more.w, 3);
    expect_added("db", LINEAR, d.b, more.b, 3);
}

/* ---- 2.2 layer norm -------------------------------------------------------------------------- */

typedef struct {
    Matrix x, y, dy, stats;
    LayerNorm p;
} NormCase;

static double norm_loss(void *arg)
{
    NormCase *c = arg;
    layernorm_forward(c->y, c->stats, c->x, &c->p);
    return inner(c->dy, c->y);
}

static NormCase norm_case(void)
{
    NormCase c = {slice_random(N, MANY, 1),
                  slice_new(N, MANY),
                  slice_random(N, MANY, 2),
                  slice_new(N, 2),
                  {vector(MANY, 1, 3), vector(MANY, 0, 4)}};
    norm_loss(&c);
    return c;
}

#define NORM "layer norm of x (5, 4), random numbers, loss = sum dy y"

/* dx has no part in the two directions that don't change xhat: a constant, and xhat itself. */
static void the_input_of_layer_norm(void)
{
    NormCase c = norm_case();
    Matrix dx = slice_new(N, MANY);
    layernorm_backward(dx, c.dy, c.stats, c.x, &c.p);
    double constant = 0, along = 0, fewer = 0;
    for (int n = 0; n < N; n++) {
        double sum = 0, product = 0, h = 0;
        for (int j = 0; j < MANY; j++) {
            double d = (double)mat_row(dx, n)[j];
            sum += d;
            h += (double)c.p.g.data[j] * (double)mat_row(c.dy, n)[j];
            product += d * ((double)mat_row(c.x, n)[j] - (double)mat_row(c.stats, n)[0]);
        }
        constant = fmax(constant, fabs(sum)), along = fmax(along, fabs(product));
        fewer = fmax(fewer, fabs(sum + h * (double)mat_row(c.stats, n)[1] / (MANY - 1)));
    }
    const char *likely =
        fewer < 1e-6 ? "the sum of h is divided by C - 1: a mean over C channels is divided by C"
        : constant > 1e-6 ? "mean(h) isn't taken away: adding a constant to x changes nothing, so "
                            "dx must sum to 0 over the channels. h is g dy"
        : along > 1e-3    ? "xhat mean(h xhat) isn't taken away: stretching x along xhat changes "
                            "nothing, so dx must have no part along it. h is g dy, and xhat is (x - "
                            "mean) times what stats holds beside the mean, for that is 1/sigma"
                          : "dx += (h - mean(h) - xhat mean(h xhat)) / sigma, with h = g dy; stats "
                            "holds the mean and "
                            "1/sigma";
    expect_slopes("dx", NORM, dx, c.x, norm_loss, &c, NO_KNOWN, likely);
    Matrix more = filled(N, MANY, 3);
    norm_loss(&c); /* fills stats */
    layernorm_backward(more, c.dy, c.stats, c.x, &c.p);
    expect_added("dx", NORM, dx, more, 3);
}

static void the_gain_and_bias_of_layer_norm(void)
{
    NormCase c = norm_case();
    LayerNorm d = {vector_of(MANY, 0), vector_of(MANY, 0)};
    layernorm_gradient(&d, c.dy, c.stats, c.x);
    expect_slopes("dg", NORM, d.g, c.p.g, norm_loss, &c, NO_KNOWN,
                  "dg += sum over rows of dy xhat, with xhat = (x - mean) / sigma; stats holds the "
                  "mean and 1/sigma");
    expect_slopes("db", NORM, d.b, c.p.b, norm_loss, &c, NO_KNOWN, "db += sum over rows of dy");
    LayerNorm more = {vector_of(MANY, 3), vector_of(MANY, 3)};
    layernorm_gradient(&more, c.dy, c.stats, c.x);
    expect_added("dg", NORM, d.g, more.g, 3);
    expect_added("db", NORM, d.b, more.b, 3);
}

/* ---- 2.3 GELU -------------------------------------------------------------------------------- */

typedef struct {
    Matrix x, y, slope, dy;
} GeluCase;

static GeluCase gelu_case(void)
{
    return (GeluCase){slice_random(N, MANY, 1), filled(N, MANY, 7), filled(N, MANY, 7),
                      filled(N, MANY, 1)};
}

static double gelu_loss(void *arg)
{
    GeluCase *c = arg;
    gelu_forward(c->y, c->slope, c->x);
    return inner(c->dy, c->y);
}

#define GELU "GELU of x (5, 4), random numbers"

static void an_input_times_its_gate(void)
{
    GeluCase c = gelu_case();
    Matrix y = slice_new(N, MANY);
    for (int n = 0; n < N; n++)
        for (int j = 0; j < MANY; j++) {
            double x = (double)mat_row(c.x, n)[j];
            mat_row(y, n)[j] =
                (real)(x / 2 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))));
        }
    gelu_loss(&c);
    expect_numbers("y", GELU "; y held 7", numbers_of(c.y), numbers_of(y), N * MANY, NO_KNOWN,
                   "y = x s, s = 1 / (1 + e^-v), v = a (x + b x^3). y is overwritten");
}

static void the_slope_of_gelu(void)
{
    GeluCase c = gelu_case();
    Matrix slope = filled(N, MANY, 7);
    gelu_forward(c.y, slope, c.x);
    expect_slopes("slope", GELU "; slope held 7", slope, c.x, gelu_loss, &c, NO_KNOWN,
                  "dy/dx = s + x s (1 - s) v', v' = a (1 + 3 b x^2): the gate s, and x times the "
                  "gate's own slope, with the slope of what is in the gate. slope is overwritten");
}

static void the_slope_takes_the_place_of_x(void)
{
    GeluCase c = gelu_case();
    Matrix both = slice_new(N, MANY), y = slice_new(N, MANY);
    mat_copy(both, c.x);
    gelu_forward(c.y, c.slope, c.x);
    gelu_forward(y, both, both);
    const char *likely = "read x before slope is written: they may share memory";
    expect_numbers("y, where slope and x are the same memory", GELU, numbers_of(y), numbers_of(c.y),
                   N * MANY, NO_KNOWN, likely);
    expect_numbers("slope, where it and x are the same memory", GELU, numbers_of(both),
                   numbers_of(c.slope), N * MANY, NO_KNOWN, likely);
}

static void gelu_goes_back_in_place(void)
{
    Matrix slope = slice_random(N, MANY, 2), dy = slice_random(N, MANY, 3);
    Matrix dx = filled(N, MANY, 7), right = slice_new(N, MANY);
    for (int n = 0; n < N; n++)
        for (int j = 0; j < MANY; j++)
            mat_row(right, n)[j] = mat_row(dy, n)[j] * mat_row(slope, n)[j];
    gelu_backward(dx, dy, slope);
    expect_numbers("dx", "GELU backward, (5, 4); dx held 7", numbers_of(dx), numbers_of(right),
                   N * MANY, NO_KNOWN, "dx = dy slope, element by element. dx is overwritten");
    gelu_backward(dy, dy, slope);
    expect_numbers("dx, where dx and dy are the same memory", "GELU backward, (5, 4)",
                   numbers_of(dy), numbers_of(right), N * MANY, NO_KNOWN,
                   "read dy before dx is written");
}

/* ---- 2.4 attention --------------------------------------------------------------------------- */

#define TWO_POSITIONS                                                                           \
    "two positions of 4 channels: q = (0 0 0 0), (2 0 0 0), k = (5 0 0 0), (5 + ln 3, 0 0 0), " \
    "v = 8, 16 in the first channel"

static void attention_by_hand(void)
{
    Matrix q = slice_of(2, 4, (double[]){0, 0, 0, 0, 2, 0, 0, 0});
    Matrix k = slice_of(2, 4, (double[]){5, 0, 0, 0, 5 + log(3), 0, 0, 0});
    Matrix v = slice_of(2, 4, (double[]){8, 0, 0, 1, 16, 0, 0, 1});
    Matrix att = filled(2, 2, 99), y = filled(2, 4, 99);
    attention_forward(y, att, q, k, v);
    double all = 1 / (1 + sqrt(3));
    expect_numbers(
        "the weights att", TWO_POSITIONS ": scores ... | 5, 5 + ln 3", numbers_of(att),
        (double[]){1, 0, 0.25, 0.75}, 4,
        (Known[]){{{1, 0, 0.1, 0.9}, "the scores are not divided by sqrt(d), here 2"},
                  {{1, 0, all, 1 - all}, "the scores are divided by d: by its root"},
                  {{0.5, 0.5, 0.25, 0.75},
                   "position 0 reads position 1, its future: the mask is "
                   "missing. Nobody may read what is to be predicted"},
                  {{0, 0, 1, 0}, "a position doesn't read itself: j <= i"},
                  {{1, 99, 0.25, 0.75}, "the weights on the future must be set to 0"},
                  {.likely = NULL}},
        "att_ij = exp(s_ij) / sum over j <= i, s_ij = q_i . k_j / sqrt(d), and 0 for j > i");
    expect_numbers("what is read, y", TWO_POSITIONS, numbers_of(y),
                   (double[]){8, 0, 0, 1, 14, 0, 0, 1}, 8, NO_KNOWN,
                   "y_i is the mean of the values, by the weights; y is overwritten");
}

static void large_scores_do_not_overflow(void)
{
    Matrix q = slice_of(2, 1, (double[]){1000, 1000}), k = slice_of(2, 1, (double[]){1, 2});
    Matrix v = slice_of(2, 1, (double[]){3, 4}), att = slice_new(2, 2), y = slice_new(2, 1);
    attention_forward(y, att, q, k, v);
    expect_numbers("the weights att", "scores of 1000 and 2000", numbers_of(att),
                   (double[]){1, 0, 0, 1}, 4, NO_KNOWN,
                   "take the largest score of a row away before exp()");
    q = slice_of(2, 1, (double[]){-1000, -1000});
    attention_forward(y, att, q, k, v);
    expect_numbers("the weights att", "scores of -1000 and -2000", numbers_of(att),
                   (double[]){1, 0, 1, 0}, 4, NO_KNOWN,
                   "the largest score of a row may be far below 0: the search for it doesn't begin "
                   "with 0");
}

static void what_is_remembered_can_be_read(void)
{
    Matrix k = slice_of(3, 1, (double[]){0, 0, 0}), v = slice_of(3, 1, (double[]){1, 2, 6});
    Matrix q = slice_of(1, 1, (double[]){1}), att = slice_new(1, 3), y = slice_new(1, 1);
    attention_forward(y, att, q, k, v);
    expect_numbers("the weights of the last of three positions, asked alone",
                   "one query, three keys that are all the same", numbers_of(att),
                   (double[]){1 / 3.0, 1 / 3.0, 1 / 3.0}, 3,
                   (Known[]){{{1, 0, 0},
                              "with n queries and m keys, query i stands at position m - n "
                              "+ i: with a cache it has a past"},
                             {.likely = NULL}},
                   "query i may read the keys 0 .. m - n + i");
}

/* ---- 2.5 attention, backwards ---------------------------------------------------------------- */

enum { T = 5, D = 3 };

typedef struct {
    Matrix q, k, v, att, y, dy;
} HeadCase;

static double head_loss(void *arg)
{
    HeadCase *c = arg;
    attention_forward(c->y, c->att, c->q, c->k, c->v);
    return inner(c->dy, c->y);
}

static void the_gradients_of_a_head(void)
{
    HeadCase c = {slice_random(T, D, 1), slice_random(T, D, 2), slice_random(T, D, 3),
                  slice_new(T, T),       slice_new(T, D),       slice_random(T, D, 4)};
    Matrix dq = filled(T, D, 7), dk = filled(T, D, 7), dv = filled(T, D, 7), datt = filled(T, T, 7);
    const char *on = "one head with 5 positions of 3 channels, random numbers, loss = sum dy y";
    head_loss(&c);
    attention_backward(dq, dk, dv, c.dy, c.att, datt, c.q, c.k, c.v);
    const Known scale[] = {{{sqrt(3)},
                            "the division of the scores by sqrt(d) has to be gone back "
                            "through as well"},
                           {.likely = NULL}};
    expect_slopes("dv", on, dv, c.v, head_loss, &c, NO_KNOWN, "dv = att' dy");
    expect_slopes("dq", on, dq, c.q, head_loss, &c, scale,
                  "dq = ds k / sqrt(d), ds_ij = att_ij (datt_ij - sum over j of att_ij datt_ij), "
                  "datt = dy v'. Is the sum taken away, and only over the past?");
    expect_slopes("dk", on, dk, c.k, head_loss, &c, scale, "dk = ds' q / sqrt(d)");
}

/* ---- 2.6 softmax ----------------------------------------------------------------------------- */

static void softmax_by_hand(void)
{
    Matrix logits = slice_of(2, 2, (double[]){log(3), 0, 0, 0}), probs = filled(2, 2, 99);
    real logprob[2] = {99, 99};
    softmax_forward(probs, logprob, logits, (int[]){1, 0});
    expect_numbers("probs", "logits (ln 3, 0) and (0, 0)", numbers_of(probs),
                   (double[]){0.75, 0.25, 0.5, 0.5}, 4,
                   (Known[]){{{3, 1, 1, 1}, "divide by the sum of the row"}, {.likely = NULL}},
                   "e^z_j over the sum of the row");
    expect_numbers("logprob of the symbols 1 and 0", "the same", numbers(logprob, 2),
                   (double[]){log(0.25), log(0.5)}, 2,
                   (Known[]){{{log(0.75), log(0.5)}, "of the symbol x_n, not of the likeliest"},
                             {{0.25, 0.5}, "its logarithm"},
                             {.likely = NULL}},
                   "log probs[n][x_n]");
    softmax_forward(logits, NULL, logits, NULL);
    expect_numbers("probs, in the memory of the logits and without logprob", "the same",
                   numbers_of(logits), (double[]){0.75, 0.25, 0.5, 0.5}, 4, NO_KNOWN,
                   "probs and logits may be the same memory, and logprob may be NULL");
}

static void nothing_overflows_and_nothing_is_lost(void)
{
    Matrix logits = slice_of(2, 2, (double[]){1000, 1000, 0, -1000}), probs = slice_new(2, 2);
    real logprob[2];
    softmax_forward(probs, logprob, logits, (int[]){0, 1});
    expect_numbers("probs", "logits (1000, 1000) and (0, -1000)", numbers_of(probs),
                   (double[]){0.5, 0.5, 1, 0}, 4, NO_KNOWN,
                   "e^1000 is infinite: take the largest logit of the row away first");
    Matrix low = slice_of(1, 2, (double[]){-1000, -1000});
    softmax_forward(mat_rows(probs, 0, 1), NULL, low, NULL);
    expect_numbers("probs", "logits (-1000, -1000)", numbers_of(mat_rows(probs, 0, 1)),
                   (double[]){0.5, 0.5}, 2, NO_KNOWN,
                   "the largest logit of a row may be far below 0: the search for it doesn't begin "
                   "with 0");
    expect(
        "logprob of the second row's symbol", "logits (0, -1000), symbol 1", (double)logprob[1],
        -1000, NO_KNOWN,
        "the logarithm of a probability that was rounded to 0 is lost: take z_x - m - log(sum) and "
        "never log(p)");
}

/* ---- 2.7 the one gradient -------------------------------------------------------------------- */

static void the_one_gradient_by_hand(void)
{
    Matrix probs = slice_of(2, 2, (double[]){0.75, 0.25, 0.5, 0.5}), d = slice_new(2, 2);
    softmax_gradient(d, probs, (int[]){1, 0}, (real[]){1, -2});
    expect_numbers("dlogits", "probs (3/4, 1/4) and (1/2, 1/2), symbols 1 and 0, weights 1 and -2",
                   numbers_of(d), (double[]){0.75, -0.75, 1, -1}, 4,
                   (Known[]){{{-0.75, 0.75, -1, 1},
                              "the sign: a step goes down the loss, and the symbol that came "
                              "must become likelier where its weight is positive"},
                             {{0.75, -0.75, -0.5, 0.5}, "the weights are missing"},
                             {{0.75, -0.75, -1, -2}, "onehot is multiplied by the weight too"},
                             {{0.75, -0.75, -2, -1}, "onehot is multiplied by the weight too"},
                             {{0.75, 0.25, -1, -1}, "onehot is missing"},
                             {{0.375, -0.375, 0.5, -0.5},
                              "a sum over the rows, not their mean: a 1/N is in the weights"},
                             {.likely = NULL}},
                   "w (softmax - onehot)");
    double sum = 0;
    for (int j = 0; j < 2; j++) sum += (double)mat_row(d, 1)[j];
    expect("the sum over the vocabulary", "the second row", sum, 0, NO_KNOWN,
           "probability is moved, not made");
}

static void terms_of_a_loss_add_up(void)
{
    Matrix probs = slice_of(1, 2, (double[]){0.75, 0.25}), d = filled(1, 2, 3),
           none = slice_new(1, 2);
    softmax_gradient(d, probs, (int[]){1}, (real[]){1});
    softmax_gradient(none, probs, (int[]){1}, (real[]){1});
    expect_added("dlogits", "probs (3/4, 1/4), symbol 1, weight 1", none, d, 3);
}

/* ---- 2.8 AdamW ------------------------------------------------------------------------------- */

static const AdamOptions adam_options = {0.5, 0.96, 1e-8, 0};

static void two_steps_by_hand(void)
{
    /* b1 = 1/2, b2 = 24/25. g = 3, then 1: m 3/2, 5/4; v 9/25, 241/625.
     * step 1: m/(1/2) = 3, v/(1/25) = 9.  step 2: m/(3/4) = 5/3, v/(49/625) = 241/49. */
    Adam a = adam_new(1, adam_options);
    real p = 10, first = 3, second = 1;
    adam_step(&a, &p, &first, 0, 0.1);
    expect_within("the parameter after one step", "p = 10, g = 3, lr = 0.1, b1 = 1/2, b2 = 24/25",
                  (double)p, 9.9, 1e-7,
                  (Known[]){{{9.75}, "m and v must be divided by 1 - b^t"},
                            {{9.8}, "v is the mean of g^2, not of m^2"},
                            {{9.5}, "v must be divided by 1 - b2^t"},
                            {{9.95}, "m must be divided by 1 - b1^t"},
                            {{9.7}, "m must be divided by sqrt(v)"},
                            {{9.85}, "m must be divided by sqrt(v), both corrected by 1 - b^t"},
                            {{10.1}, "a step goes down: -"},
                            {.likely = NULL}},
                  "the first step is lr, whatever the size of the gradient: m/(1 - b1) = g and "
                  "v/(1 - b2) = g^2");
    adam_step(&a, &p, &second, 0, 0.1);
    double expected = 9.9 - 0.1 * (5.0 / 3) / sqrt(241.0 / 49);
    expect_within("the parameter after a second step", "the same, and then g = 1", (double)p,
                  expected, 1e-7,
                  (Known[]){{{9.9 - 0.1 * 1.25 / sqrt(241.0 / 625)},
                             "m and v must be divided by 1 - b^t, t counting the steps"},
                            {{9.9 - 0.1 * 2.5 / sqrt(241.0 / 25)},
                             "t is not counted: in the second step it is 1 - b^2"},
                            {{9.9 - 0.1}, "the moments don't remember the first step"},
                            {.likely = NULL}},
                  "m = 5/4 over 1 - 1/4, v = 241/625 over 1 - 576/625");
    expect("steps", "after two of them", a.steps, 2, NO_KNOWN, "a->steps counts them");
}

static void decay_reaches_the_weight_matrices_alone(void)
{
    AdamOptions o = adam_options;
    o.weight_decay = 0.5;
    Adam a = adam_new(2, o);
    real p[2] = {10, 10}, g[2] = {1, 1};
    adam_step(&a, p, g, 1, 0.1);
    expect_numbers("both parameters after one step",
                   "p = 10, g = 1, lr = 0.1, decay 0.5 for the first", numbers(p, 2),
                   (double[]){10 - 0.1 - 0.1 * 0.5 * 10, 9.9}, 2,
                   (Known[]){{{9.4, 9.4}, "the second is not to decay: only the first `decayed`"},
                             {{9.9, 9.9},
                              "nothing decays, or the decay went into the gradient, where Adam's "
                              "division takes its size away: it is apart from m and v (AdamW)"},
                             {{4.9, 9.9}, "decay is per unit of learning rate: lr decay p"},
                             {.likely = NULL}},
                   "p - lr (step + decay p)");
}

static void a_large_gradient_makes_no_larger_step(void)
{
    Adam a = adam_new(1, adam_options), tiny = adam_new(1, adam_options);
    real p = 0, q = 0, large = 1e6f, none = 0;
    adam_step(&a, &p, &large, 0, 0.1);
    expect_within("the first step", "g = 1000000, lr = 0.1", (double)p, -0.1, 1e-6, NO_KNOWN,
                  "m / sqrt(v) has no unit");
    adam_step(&tiny, &q, &none, 0, 0.1);
    expect("the first step", "g = 0", (double)q, 0, NO_KNOWN, "0/0: eps stands beside sqrt(v)");
}

static void epsilon_is_added_to_the_root(void)
{
    AdamOptions o = adam_options;
    o.epsilon = 1;
    Adam a = adam_new(1, o);
    real p = 10, g = 3;
    adam_step(&a, &p, &g, 0, 0.1);
    expect_within("the parameter after one step", "p = 10, g = 3, lr = 0.1, eps = 1", (double)p,
                  10 - 0.1 * 3 / (3 + 1), 1e-7,
                  (Known[]){{{10 - 0.1 * 3 / sqrt(9 + 1)}, "eps is added to the root, not in it"},
                            {{10 - 0.1 * 3 / (0.6 + 1) * 0.2},
                             "eps is added to the root of the v that has been divided by 1 - b2^t"},
                            {{9.9}, "eps is missing"},
                            {.likely = NULL}},
                  "m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + eps)");
}

/* ---- 2.9 the learning rate ------------------------------------------------------------------- */

#define INTEGERS "an integer is divided by an integer, and what is left over is lost: 1/4 is 0"

static void it_rises_and_falls_in_straight_lines(void)
{
    double got[9];
    for (int s = 0; s < 9; s++) got[s] = learning_rate(s, 4, 9, 8, 0);
    expect_numbers(
        "the rates of the steps 0 .. 8", "warmup 4, total 9, lr 8, last 0", got,
        (double[]){2, 4, 6, 8, 8, 6, 4, 2, 0}, 9,
        (Known[]){
            {{0, 2, 4, 6, 8, 6, 4, 2, 0},
             "the first step has rate lr/warmup, not 0: a step of "
             "size 0 is a batch thrown away"},
            {{2, 4, 6, 8, 8, 6.4, 4.8, 3.2, 1.6}, "`last` is reached at the final step, total - 1"},
            {{2, 4, 6, 8, 6.4, 4.8, 3.2, 1.6, 0}, "the line begins with lr at step `warmup`"},
            {{0, 8 / 3.0, 16 / 3.0, 8, 8, 6, 4, 2, 0}, "the first step has rate lr/warmup, not 0"},
            {{2, 4, 6, 8, 8, 8, 8, 8, 0}, INTEGERS},
            {{0, 0, 0, 8, 8, 6, 4, 2, 0}, INTEGERS},
            {.likely = NULL}},
        "lr (step + 1)/warmup while it rises; then from lr at step `warmup` in a straight line to "
        "`last` at step total - 1");
}

static void without_room_it_stays(void)
{
    expect("the rate of step 0", "warmup 0, total 1, lr 8, last 0: no room for a line",
           learning_rate(0, 0, 1, 8, 0), 8, NO_KNOWN,
           "where there is no room for a line, lr: mind 0/0");
    expect("the rate of step 0", "warmup 4, total 3, lr 8, last 0: it ends while it rises",
           learning_rate(0, 4, 3, 8, 0), 2,
           (Known[]){{{8}, "without room for a line it rises all the same, step < warmup"},
                     {.likely = NULL}},
           "lr (step + 1)/warmup while it rises");
    expect("the rate of step 5", "warmup 0, total 11, lr 8, last 2", learning_rate(5, 0, 11, 8, 2),
           5, (Known[]){{{4}, "the line goes to `last`, not to 0"}, {.likely = NULL}},
           "half way between lr and last");
    expect("the rate of step 40", "the same: more steps than were announced",
           learning_rate(40, 0, 11, 8, 2), 2, NO_KNOWN, "after the last step it stays at `last`");
    expect("the rate of step 3", "warmup 0, total 0 (for ever), lr 8", learning_rate(3, 0, 0, 8, 2),
           8, NO_KNOWN, "with no total the rate stays");
}

/* ---- 2.10 the clip of the gradient ----------------------------------------------------------- */

static void a_long_gradient_is_shortened(void)
{
    real g[3] = {3, 0, -4};
    double norm = gradient_clip(g, 3, 1);
    expect_numbers(
        "the gradient", "(3, 0, -4), whose norm is 5, at most 1", numbers(g, 3),
        (double[]){0.6, 0, -0.8}, 3,
        (Known[]){{{1, 0, -1},
                   "each number is clipped by itself, which turns the gradient: "
                   "scale them all by one factor"},
                  {{3, 0, -4}, "nothing is scaled"},
                  {{3.0 / 25, 0, -4.0 / 25}, "divide by the norm, not by its square"},
                  {{3 / sqrt(5), 0, -4 / sqrt(5)}, "gradient_norm() has taken the root already"},
                  {.likely = NULL}},
        "g most / norm");
    expect("what is returned", "the same", norm, 5,
           (Known[]){{{1}, "the norm that it had before"},
                     {{25}, "the root is missing"},
                     {.likely = NULL}},
           "the norm before clipping: it is what a curve should show");
    real longer[2] = {6, 8};
    gradient_clip(longer, 2, 5);
    expect_numbers("the gradient", "(6, 8), whose norm is 10, at most 5", numbers(longer, 2),
                   (double[]){3, 4}, 2,
                   (Known[]){{{0.6, 0.8}, "its norm becomes `most`, not 1"}, {.likely = NULL}},
                   "g most / norm");
}

static void a_short_gradient_stays(void)
{
    real g[2] = {0.3f, 0.4f}, zero[2] = {0, 0};
    double before[2] = {(double)g[0], (double)g[1]};
    gradient_clip(g, 2, 1);
    expect_numbers(
        "the gradient", "(0.3, 0.4), at most 1", numbers(g, 2), before, 2,
        (Known[]){{{before[0] / 0.5, before[1] / 0.5},
                   "it is stretched to the limit: a gradient that is short enough stays"},
                  {.likely = NULL}},
        "only what is longer than `most` is scaled");
    gradient_clip(zero, 2, 1);
    expect_numbers("the gradient", "(0, 0)", numbers(zero, 2), (double[]){0, 0}, 2, NO_KNOWN,
                   "0/0: a gradient of zero isn't scaled");
    real wide[2] = {6, 8};
    gradient_clip(wide, 2, INFINITY);
    expect_numbers("the gradient", "(6, 8), with no limit", numbers(wide, 2), (double[]){6, 8}, 2,
                   NO_KNOWN, "most may be infinite");
}

/* ---- 2.11 drawing a symbol ------------------------------------------------------------------- */

static TransformerShape small_shape(int vocabulary)
{
    return (TransformerShape){
        .layers = 2, .heads = 2, .channels = 8, .context = 6, .vocabulary = vocabulary};
}

static Transformer *opinionated(int vocabulary)
{
    TransformerShape s = small_shape(vocabulary);
    Transformer *t = transformer_new(&s, 3);
    Rng rng = rng_stream(3, 1);
    for (int v = 0; v < vocabulary; v++)
        for (int c = 0; c < s.channels; c++)
            mat_row(t->p.wte, v)[c] += (real)(0.3 * rng_normal(&rng));
    return t;
}

/* The logits after the symbol 0. */
static const double *first_logits(const Transformer *t)
{
    Activations *a = activations_new(&t->shape, 1, false);
    Batch b = {1, (int[]){0, 1}, (int[]){0}, (int[]){0}, NULL};
    return numbers_of(transformer_forward(t, a, &b, NULL));
}

enum { TEXTS = 8000, V = 5 };

typedef struct {
    double share[V], logprob[V];
} Drawn;

static Drawn draw_firsts(const Transformer *t, double temperature, int top_k)
{
    SampleOptions o = {.temperature = temperature, .top_k = top_k, .end = -1, .length = 1};
    Samples *s = samples_new(&t->shape, TEXTS, 1);
    Drawn d = {{0}, {0}};
    generate(s, t, (int[]){0}, 1, &o, 12);
    for (int i = 0; i < TEXTS; i++) {
        d.share[s->ids[i]] += 1.0 / TEXTS;
        d.logprob[s->ids[i]] = (double)s->logprob[i];
    }
    return d;
}

/* e^(logit/temperature) over the largest k, normalised. */
static void expected_shares(double share[V], const double *logits, double temperature, int k)
{
    double z = 0;
    for (int j = 0; j < V; j++) {
        int larger = 0;
        for (int i = 0; i < V; i++) larger += logits[i] > logits[j];
        share[j] = larger < k ? exp(logits[j] / temperature) : 0;
        z += share[j];
    }
    for (int j = 0; j < V; j++) share[j] /= z;
}

static void expect_shares(const Drawn *d, const double *logits, double temperature, int k,
                          const char *likely)
{
    double share[V];
    expected_shares(share, logits, temperature, k);
    const char *on =
        say("8000 symbols, temperature %g, among the %d likeliest of 5", temperature, k);
    for (int j = 0; j < V; j++) {
        double tol = share[j] > 0 ? 0.025 : 0;
        expect_within(say("the share of symbol %d", j), on, d->share[j], share[j], tol, NO_KNOWN,
                      likely);
        if (d->share[j] > 0)
            expect_within(say("the logprob of symbol %d", j), on, d->logprob[j], log(share[j]),
                          1e-6, NO_KNOWN,
                          "the log-probability under the very distribution that it was drawn from: "
                          "with its temperature, and among those that could be drawn");
    }
}

static void symbols_come_by_their_temperature(void)
{
    Transformer *t = opinionated(V);
    const double *logits = first_logits(t);
    Drawn one = draw_firsts(t, 1, 0), half = draw_firsts(t, 0.5, 0);
    expect_shares(&one, logits, 1, V, "softmax of the logits");
    expect_shares(&half, logits, 0.5, V,
                  "softmax of logits / temperature: a small temperature sharpens");
}

static void only_the_likeliest_k_come(void)
{
    Transformer *t = opinionated(V);
    Drawn d = draw_firsts(t, 1, 2);
    expect_shares(&d, first_logits(t), 1, 2,
                  "exactly the top_k likeliest can come, in their own proportions");
    Drawn sharper = draw_firsts(t, 0.5, 2);
    expect_shares(&sharper, first_logits(t), 0.5, 2,
                  "with top_k the temperature counts as it does without: softmax of logits / "
                  "temperature, among those that can come");
}

static void at_temperature_zero_the_likeliest_comes(void)
{
    Transformer *t = opinionated(V);
    const double *logits = first_logits(t);
    int best = 0;
    for (int j = 1; j < V; j++)
        if (logits[j] > logits[best]) best = j;
    Drawn d = draw_firsts(t, 0, 0);
    expect("the share of the likeliest symbol", "temperature 0", d.share[best], 1, NO_KNOWN,
           "temperature 0 means the likeliest, always, and no division by 0");
    double share[V];
    expected_shares(share, logits, 1, V);
    expect("the logprob of the likeliest symbol", "temperature 0", d.logprob[best], 0,
           (Known[]){
               {{log(share[best])}, "this is the model's own log-probability, as at temperature 1"},
               {{1}, "its logarithm"},
               {.likely = NULL}},
           "what always comes has probability 1 under the distribution that it was drawn from");
}

/* ---- 2.12 the output layer, and with it the whole -------------------------------------------- */

typedef struct {
    Transformer *t;
    Activations *a;
    Batch b;
    Matrix dlogits;
} WholeCase;

static double whole_loss(void *arg)
{
    WholeCase *c = arg;
    return inner(c->dlogits, transformer_forward(c->t, c->a, &c->b, NULL));
}

static WholeCase whole_case(void)
{
    static const int start[] = {0, 4, 6}, ids[] = {0, 3, 1, 3, 2, 3},
                     positions[] = {0, 1, 2, 3, 0, 1};
    WholeCase c = {opinionated(V), NULL, {2, start, ids, positions, NULL}, slice_random(6, V, 8)};
    c.a = activations_new(&c.t->shape, 6, true);
    return c;
}

#define WHOLE \
    "a transformer of two layers, two sequences of 4 and 2 symbols, loss = sum dlogits logits"

static void the_tied_matrix_gets_both_its_gradients(void)
{
    WholeCase c = whole_case();
    whole_loss(&c);
    transformer_zero_gradients(c.t);
    transformer_backward(c.t, c.a, &c.b, c.dlogits);
    expect_slopes(
        "dwte", WHOLE, c.t->d.wte, c.t->p.wte, whole_loss, &c, NO_KNOWN,
        "wte is used twice, as embedding and as output layer: dwte += dlogits' hidden here, "
        "and the trunk adds what comes through the embedding");
    expect_slopes("dwpe", WHOLE, c.t->d.wpe, c.t->p.wpe, whole_loss, &c, NO_KNOWN,
                  "dhidden = dlogits wte, and then the trunk");
    expect_slopes("d ln_f gain", WHOLE, c.t->d.ln_f.g, c.t->p.ln_f.g, whole_loss, &c, NO_KNOWN,
                  "dhidden = dlogits wte, and then the trunk");
    expect_slopes("d qkv bias of the first block", WHOLE, c.t->d.block[0].qkv.b,
                  c.t->p.block[0].qkv.b, whole_loss, &c, NO_KNOWN,
                  "dhidden = dlogits wte, and then the trunk");
}

static void backward_twice_doubles_the_gradient(void)
{
    WholeCase c = whole_case();
    whole_loss(&c);
    transformer_zero_gradients(c.t);
    transformer_backward(c.t, c.a, &c.b, c.dlogits);
    const double *once = numbers(c.t->gradients.base, (int)c.t->size);
    transformer_backward(c.t, c.a, &c.b, c.dlogits);
    for (size_t i = 0; i < c.t->size; i++) {
        double got = (double)c.t->gradients.base[i];
        if (!(fabs(got - 2 * once[i]) <= 1e-9))
            wrong(say("weight %zu's gradient after two backward passes", i), WHOLE,
                  say("%.6g, twice that of one", 2 * once[i]), say("%.6g", got),
                  fabs(got - once[i]) <= 1e-9
                      ? "= where += belongs: a gradient of weights is added"
                      : "+= where = belongs: dhidden is no weight's gradient, and what the pass "
                        "before has left in it doesn't count");
    }
}

/* ---- bugs ------------------------------------------------------------------------------------ */

/* Logits of the symbols ids[0 .. 5], read as one sequence. */
static const double *logits_of(const Transformer *t, const int *ids)
{
    Activations *a = activations_new(&t->shape, 6, false);
    Batch b = {1, (int[]){0, 6}, ids, (int[]){0, 1, 2, 3, 4, 5}, NULL};
    return numbers_of(transformer_forward(t, a, &b, NULL));
}

static void nobody_reads_the_future(void)
{
    Transformer *t = opinionated(V);
    const double *one = logits_of(t, (int[]){0, 1, 2, 3, 4, 1});
    const double *other = logits_of(t, (int[]){0, 1, 2, 4, 4, 1});
    for (int i = 0; i < 6 * V; i++) {
        bool before = i / V < 3;
        if (before ? one[i] == other[i] : i % V || one[i] != other[i]) continue;
        wrong(say("logit %d at position %d", i % V, i / V),
              "six symbols, of which number 3 is then exchanged for another",
              before ? "the same, since it was before" : "another, since it comes after",
              say("%.6g, and then %.6g", one[i], other[i]),
              before ? "a position reads a later one" : "a position doesn't read an earlier one");
    }
}

static void a_cache_changes_nothing(void)
{
    Transformer *t = opinionated(V);
    const int ids[] = {0, 1, 2, 3, 4, 1};
    const double *whole = logits_of(t, ids);
    Activations *a = activations_new(&t->shape, 1, false);
    Cache *cache = cache_new(&t->shape, 1);
    for (int n = 0; n < 6; n++) {
        Batch b = {1, (int[]){0, 1}, ids + n, (int[]){n}, NULL};
        const double *one = numbers_of(transformer_forward(t, a, &b, cache));
        for (int j = 0; j < V; j++)
            if (one[j] != whole[n * V + j])
                wrong(say("logit %d at position %d, with a cache", j, n),
                      "six symbols, one at a time",
                      say("%.9g, as without a cache", whole[n * V + j]), say("%.9g", one[j]),
                      "what is kept isn't what was computed, or is looked for at another place");
    }
}

/* Fresh weights know nothing, so the first loss is ln V; that of a text is what the model says of
 * it. */
static void a_model_can_not_know_what_it_has_not_read(void)
{
    static int ids[] = {1, 2, 3, 4, 2, 1};
    static size_t start[] = {0, 6};
    Corpus c = {1, start, ids};
    TransformerShape s = small_shape(V);
    Transformer *t = transformer_new(&s, 3);
    MleOptions o = {.steps = 60, .batch = 1, .lr = 0.02, .last_lr = 0.02, .beta2 = 0.99, .clip = 1};
    Windows *w = windows_new(&c, 0, s.context);
    Mle *m = mle_new(t, &o);
    Rng rng = rng_stream(1, 1);
    double loss = 0;
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 6; k++) ids[k] = 1 + rng_below(&rng, 4); /* chance can't be learnt */
        windows_free(w);
        w = windows_new(&c, 0, s.context);
        MleStep step = mle_step(m, w);
        if (i >= 30) loss += step.loss / 30;
    }
    expect_that(loss > 1.0, "the mean loss on symbols that are drawn by chance, nats",
                "texts of six "
                "symbols, each one of four by chance, new in every step",
                "at least 1: nobody can predict chance", say("%.4f", loss),
                "the model reads what it is to predict: are the targets shifted by one?");
}

static void a_batch_is_learnt_by_heart(void)
{
    static int ids[] = {1, 2, 3, 4, 2, 1};
    static size_t start[] = {0, 6};
    Corpus c = {1, start, ids};
    TransformerShape s = small_shape(V);
    Transformer *t = transformer_new(&s, 3);
    MleOptions o = {
        .steps = 150, .batch = 1, .lr = 0.02, .last_lr = 0.02, .beta2 = 0.99, .clip = 1};
    Mle *m = mle_new(t, &o);
    Windows *w = windows_new(&c, 0, s.context);
    MleStep step = mle_step(m, w);
    expect_within("the first loss, nats per symbol", "fresh weights, 5 symbols", step.loss, log(5),
                  0.1, NO_KNOWN, "a model that knows nothing pays ln V");
    for (int i = 1; i < 150; i++) step = mle_step(m, w);
    expect_that(step.loss < 0.05, "the loss after 150 steps on one text", "the text 1 2 3 4 2 1",
                "below 0.05", say("%.4f", step.loss),
                "a text that is seen again and again is learnt");
}

static void the_gradient_is_of_this_batch_alone(void)
{
    static int ids[] = {1, 2, 3, 4, 2, 1};
    static size_t start[] = {0, 6};
    Corpus c = {1, start, ids};
    TransformerShape s = small_shape(V);
    MleOptions o = {.steps = 9, .batch = 1, .lr = 0, .beta2 = 0.99, .clip = INFINITY};
    Mle *m = mle_new(transformer_new(&s, 3), &o);
    Windows *w = windows_new(&c, 0, s.context);
    double first = mle_step(m, w).gradient_norm, second = mle_step(m, w).gradient_norm;
    expect("the gradient's norm in a second step that is like the first",
           "one text, learning rate 0", second, first,
           (Known[]){{{2 * first}, "the first step's gradient is still in it"}, {.likely = NULL}},
           "the two steps should be the same");
}

static void a_symbol_collects_from_all_its_rows(void)
{
    Matrix dy = slice_of(3, 2, (double[]){1, 2, 10, 20, 100, 200});
    Matrix dwte = slice_new(3, 2), dwpe = slice_new(3, 2);
    embedding_gradient(dwte, dwpe, (int[]){1, 0, 1}, (int[]){0, 1, 0}, dy);
    expect_numbers("dwte", "rows 1, 10 and 100 of the symbols 1, 0 and 1", numbers_of(dwte),
                   (double[]){10, 20, 101, 202, 0, 0}, 6, NO_KNOWN,
                   "a symbol that stands at two rows gets the sum of both");
    expect_numbers("dwpe", "the same, at positions 0, 1 and 0", numbers_of(dwpe),
                   (double[]){101, 202, 10, 20, 0, 0}, 6, NO_KNOWN,
                   "a position that is used by two rows gets the sum of both");
}

const Grader graders[] = {GRADER("2.1", the_input_of_a_linear_map),
                          GRADER("2.1", the_weights_of_a_linear_map),
                          GRADER("2.2", the_input_of_layer_norm),
                          GRADER("2.2", the_gain_and_bias_of_layer_norm),
                          GRADER("2.3", an_input_times_its_gate),
                          GRADER("2.3", the_slope_of_gelu),
                          GRADER("2.3", the_slope_takes_the_place_of_x),
                          GRADER("2.3", gelu_goes_back_in_place),
                          GRADER("2.4", attention_by_hand),
                          GRADER("2.4", large_scores_do_not_overflow),
                          GRADER("2.4", what_is_remembered_can_be_read),
                          GRADER("2.5", the_gradients_of_a_head),
                          GRADER("2.6", softmax_by_hand),
                          GRADER("2.6", nothing_overflows_and_nothing_is_lost),
                          GRADER("2.7", the_one_gradient_by_hand),
                          GRADER("2.7", terms_of_a_loss_add_up),
                          GRADER("2.8", two_steps_by_hand),
                          GRADER("2.8", decay_reaches_the_weight_matrices_alone),
                          GRADER("2.8", a_large_gradient_makes_no_larger_step),
                          GRADER("2.8", epsilon_is_added_to_the_root),
                          GRADER("2.9", it_rises_and_falls_in_straight_lines),
                          GRADER("2.9", without_room_it_stays),
                          GRADER("2.10", a_long_gradient_is_shortened),
                          GRADER("2.10", a_short_gradient_stays),
                          GRADER("2.11", symbols_come_by_their_temperature),
                          GRADER("2.11", only_the_likeliest_k_come),
                          GRADER("2.11", at_temperature_zero_the_likeliest_comes),
                          GRADER("2.12", the_tied_matrix_gets_both_its_gradients),
                          GRADER("2.12", backward_twice_doubles_the_gradient),
                          GRADER("2-causal", nobody_reads_the_future),
                          GRADER("2-cache", a_cache_changes_nothing),
                          GRADER("2-chance", a_model_can_not_know_what_it_has_not_read),
                          GRADER("2-heart", a_batch_is_learnt_by_heart),
                          GRADER("2-zero", the_gradient_is_of_this_batch_alone),
                          GRADER("2-embedding", a_symbol_collects_from_all_its_rows),
                          {0}};
