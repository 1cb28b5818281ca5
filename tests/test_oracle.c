/* test_oracle.c: what is claimed of policies, rewards and gradients, held against every text there
 * is. */
#define SUITE_TIMEOUT 240
#include "error.h"
#include "reinforce.h"
#include "suite.h"
#include "toy.h"
#include "variance.h"

/* exact in double, to a few roundings in float */
static double tolerance(double in_float)
{
    return in_double ? 1e-10 : in_float;
}

/* beta is large, so that KL counts; the reward is not 0 or 1 only */
static Toy *toy(void)
{
    return toy_new("contains:ab + 0.3*count:c", 0.25, 64, 3);
}

static void copy_gradient(const Transformer *t, double *g)
{
    for (size_t k = 0; k < t->size; k++) g[k] = t->gradients.base[k];
}

/* The expected gradient of a way of weighing, one text at a time. */
static double *expected(Toy *t, ReinforceOptions options, double baseline)
{
    Weigher w = {options, baseline};
    double *g = NEW(double, t->policy->size);
    oracle_gradient(t->oracle, t->policy, weigh, &w);
    copy_gradient(t->policy, g);
    return g;
}

static double norm(const double *g, size_t size)
{
    double square = 0;
    for (size_t k = 0; k < size; k++) square += g[k] * g[k];
    return sqrt(square);
}

static double distance(const double *g, const double *h, size_t size)
{
    double square = 0;
    for (size_t k = 0; k < size; k++) square += (g[k] - h[k]) * (g[k] - h[k]);
    return sqrt(square);
}

/* J_beta after one weight has moved. */
static double objective_at(Toy *t, real *weight, double moved)
{
    real kept = *weight;
    *weight = (real)(kept + moved);
    oracle_look(t->oracle, t->policy);
    double J = oracle_objective(t->oracle, t->beta);
    *weight = kept;
    return J;
}

static double slope(Toy *t, real *weight)
{
    double h = in_double ? 0x1p-9 : 0x1p-4;
    double near = objective_at(t, weight, h) - objective_at(t, weight, -h);
    double far = objective_at(t, weight, 2 * h) - objective_at(t, weight, -2 * h);
    return (8 * near - far) / (12 * h);
}

/* ---- identity 1 --------------------------------------------------------------------------- */

START_TEST(the_probabilities_of_all_texts_sum_to_one)
{
    Toy *t = toy();
    ck_assert_int_eq(rollout_texts(t->oracle->all), 1 + 3 + 9 + 27 + 81 + 243);
    ck_assert(fabs(toy_look(t) - 1) <= tolerance(1e-5));
    double *best = NEW(double, rollout_texts(t->oracle->all)), sum = 0;
    oracle_best(t->oracle, t->beta, best);
    for (int i = 0; i < rollout_texts(t->oracle->all); i++) sum += exp(best[i]);
    ck_assert(fabs(sum - 1) <= tolerance(1e-5));
    free(best);
    toy_free(t);
}
END_TEST

START_TEST(every_text_is_listed_once_and_ends_once)
{
    Toy *t = toy();
    const Rollout *all = t->oracle->all;
    for (int i = 0; i < rollout_texts(all); i++) {
        const int *x = all->rows->targets + rollout_first(all, i);
        int n = rollout_length(all, i);
        for (int k = 0; k + 1 < n; k++) ck_assert_int_ne(x[k], 0);
        ck_assert_int_eq(all->ended[i], x[n - 1] == 0);
        ck_assert(all->ended[i] || n == 5);
        for (int j = 0; j < i; j++)
            ck_assert(rollout_length(all, j) != n ||
                      memcmp(x, all->rows->targets + rollout_first(all, j),
                             sizeof(int) * (size_t)n) != 0);
    }
    toy_free(t);
}
END_TEST

START_TEST(the_score_sums_to_zero_over_the_vocabulary_at_every_step)
{
    /* E_x[grad_logits log pi(x)] = sum_x p_x (onehot(x) - p) = 0 at every row */
    Toy *t = toy();
    Rollout *r = t->oracle->all;
    Activations *a = t->oracle->activations;
    rollout_score(r, t->policy, a, r->logprob);
    int V = a->probs.cols, N = rollout_rows(r);
    int *x = NEW(int, N);
    mat_zero(a->dlogits);
    for (int j = 0; j < V; j++) {
        for (int n = 0; n < N; n++) {
            x[n] = j;
            r->weights[n] = mat_row(a->probs, n)[j];
        }
        softmax_gradient(a->dlogits, a->probs, x, r->weights);
    }
    for (int n = 0; n < N; n++)
        for (int j = 0; j < V; j++) ck_assert(fabs(mat_row(a->dlogits, n)[j]) <= tolerance(1e-6));
    free(x);
    toy_free(t);
}
END_TEST

/* ---- identity 2 --------------------------------------------------------------------------- */

static void check_policy_gradient(Credit credit)
{
    Toy *t = toy();
    ReinforceOptions options = {.credit = credit, .baseline = BASELINE_NONE};
    double *g = expected(t, options, 0), largest = 0;
    double tol = in_double ? 1e-6 : 2e-2, rounding = in_double ? 1e-9 : 1e-4;
    int count = transformer_tensors(t->policy, NULL);
    Tensor *tensors = NEW(Tensor, count);
    transformer_tensors(t->policy, tensors);
    for (int i = 0; i < count; i++) /* of every tensor a few weights */
        for (int k = 0; k < 3; k++) {
            Matrix m = tensors[i].m;
            real *weight = mat_row(m, (k * 3) % m.rows) + (k * 5) % m.cols;
            double claimed = -g[weight - t->policy->weights.base], true_slope = slope(t, weight);
            ck_assert_msg(fabs(claimed - true_slope) <= tol * fabs(true_slope) + rounding,
                          "dJ/d%s is %.12g, not %.12g", tensors[i].name, true_slope, claimed);
            largest = fmax(largest, fabs(true_slope));
        }
    ck_assert(largest > 1e-2);
    free(tensors);
    free(g);
    toy_free(t);
}

START_TEST(the_expected_update_of_total_rewards_is_the_slope_of_J)
{
    check_policy_gradient(CREDIT_TOTAL);
}
END_TEST

START_TEST(the_expected_update_of_rewards_to_go_is_the_slope_of_J)
{
    check_policy_gradient(CREDIT_TO_GO);
}
END_TEST

/* ---- identity 3 --------------------------------------------------------------------------- */

static void weigh_evenly(Rollout *batch, void *arg)
{
    (void)arg;
    for (int n = 0; n < rollout_rows(batch); n++) batch->weights[n] = 1;
}

START_TEST(the_expected_score_is_zero)
{
    Toy *t = toy();
    oracle_gradient(t->oracle, t->policy, weigh_evenly, NULL);
    double score = gradient_norm(t->policy->gradients.base, t->policy->size);
    ck_assert(score <= tolerance(1e-5));
    toy_free(t);
}
END_TEST

START_TEST(ten_more_for_every_text_leaves_the_expected_gradient_unchanged)
{
    Toy *t = toy();
    for (int credit = CREDIT_TOTAL; credit <= CREDIT_TO_GO; credit++) {
        ReinforceOptions options = {.credit = (Credit)credit};
        double *g = expected(t, options, 0);
        Rollout *all = t->oracle->all;
        for (int i = 0; i < rollout_texts(all); i++) all->reward[i] += 10;
        rollout_rewards(all, t->beta);
        double *h = expected(t, options, 0);
        ck_assert(norm(g, t->policy->size) > 0.05);
        ck_assert(distance(g, h, t->policy->size) <= tolerance(1e-4));
        for (int i = 0; i < rollout_texts(all); i++) all->reward[i] -= 10;
        rollout_rewards(all, t->beta);
        free(g);
        free(h);
    }
    toy_free(t);
}
END_TEST

START_TEST(a_baseline_leaves_the_expected_gradient_unchanged)
{
    Toy *t = toy();
    double *g = expected(t, (ReinforceOptions){.credit = CREDIT_TO_GO}, 0);
    double *h =
        expected(t, (ReinforceOptions){.credit = CREDIT_TO_GO, .baseline = BASELINE_MOVING}, 0.7);
    ck_assert(distance(g, h, t->policy->size) <= tolerance(1e-4));
    free(g);
    free(h);
    toy_free(t);
}
END_TEST

/* ---- identity 7 --------------------------------------------------------------------------- */

START_TEST(the_distance_to_the_ceiling_is_beta_KL_to_the_best_policy)
{
    Toy *t = toy();
    double *best = NEW(double, rollout_texts(t->oracle->all));
    static const double betas[] = {0.01, 0.1, 0.25, 3};
    for (int b = 0; b < 4; b++) {
        double beta = betas[b], ceiling = beta * oracle_best(t->oracle, beta, best);
        double gap = ceiling - oracle_objective(t->oracle, beta);
        ck_assert(gap > 0);
        ck_assert(close_to(gap, beta * oracle_kl_to(t->oracle, best), in_double ? 1e-9 : 1e-3));
    }
    free(best);
    toy_free(t);
}
END_TEST

START_TEST(the_best_policy_for_a_free_reward_is_the_reference)
{
    Toy *t = toy_new("0*length", 0.25, 4, 3);
    double *best = NEW(double, rollout_texts(t->oracle->all));
    ck_assert(fabs(oracle_best(t->oracle, 0.25, best)) <= tolerance(1e-5)); /* Z = 1 */
    ck_assert(
        close_to(oracle_kl(t->oracle), oracle_kl_to(t->oracle, best), in_double ? 1e-9 : 1e-3));
    ck_assert(oracle_kl(t->oracle) > 0.01);
    free(best);
    toy_free(t);
}
END_TEST

START_TEST(the_best_policy_of_a_plain_reward_pays_the_least_KL)
{
    /* pi* of a reward of 0 or 1 keeps the reference's proportions on each side, so its KL is
     * least_kl between the two rates */
    Toy *t = toy_new("contains:ab", 0.25, 4, 3);
    Oracle *o = t->oracle;
    double *best = NEW(double, rollout_texts(o->all)), p = 0, q = 0, kl = 0;
    oracle_best(o, 0.25, best);
    oracle_look(o, t->reference);
    p = oracle_reward(o);
    for (int i = 0; i < rollout_texts(o->all); i++) {
        double ref = 0;
        for (int n = rollout_first(o->all, i); n <= rollout_last(o->all, i); n++)
            ref += o->all->logprob_ref[n];
        q += exp(best[i]) * o->all->reward[i];
        kl += exp(best[i]) * (best[i] - ref);
    }
    ck_assert(q > p + 0.1);
    ck_assert(close_to(kl, least_kl(p, q), in_double ? 1e-9 : 1e-3));
    free(best);
    toy_free(t);
}
END_TEST

START_TEST(one_KL_sample_may_be_negative_but_its_mean_may_not)
{
    Toy *t = toy();
    Rollout *all = t->oracle->all;
    int negative = 0;
    for (int i = 0; i < rollout_texts(all); i++)
        negative += rollout_return(all, i) > all->reward[i]; /* -beta (log pi - log pi_ref) > 0 */
    ck_assert_int_gt(negative, 20);
    ck_assert(oracle_kl(t->oracle) > 0.01);
    transformer_copy_weights(t->policy, t->reference);
    toy_look(t);
    ck_assert(oracle_kl(t->oracle) == 0);
    toy_free(t);
}
END_TEST

/* ---- variance ----------------------------------------------------------------------------- */

START_TEST(estimates_from_drawn_batches_agree_with_the_exact_mean_and_variance)
{
    Toy *t = toy();
    Weigher w = {.options = {.credit = CREDIT_TO_GO}};
    oracle_gradient(t->oracle, t->policy, weigh, &w);
    real *g = NEW(real, t->policy->size);
    memcpy(g, t->policy->gradients.base, t->policy->size * sizeof(real));
    oracle_scores(t->oracle, t->policy);
    double exact = oracle_variance(t->oracle, weigh, &w);
    for (int batch = 1; batch <= 16; batch *= 4) {
        Estimate e = oracle_estimate(t->oracle, weigh, &w, batch, 3000, 7, g);
        ck_assert_msg(close_to(e.variance, exact / batch, 0.1), "batch %d: %g, not %g", batch,
                      e.variance, exact / batch);
        ck_assert(e.bias < 2 * e.bias_error);
    }
    free(g);
    toy_free(t);
}
END_TEST

START_TEST(a_leave_one_out_baseline_is_unbiased_and_less_noisy)
{
    Toy *t = toy();
    Weigher none = {.options = {.credit = CREDIT_TO_GO}}, batch = none;
    batch.options.baseline = BASELINE_BATCH;
    oracle_gradient(t->oracle, t->policy, weigh, &none);
    real *g = NEW(real, t->policy->size);
    memcpy(g, t->policy->gradients.base, t->policy->size * sizeof(real));
    oracle_scores(t->oracle, t->policy);
    Estimate without = oracle_estimate(t->oracle, weigh, &none, 8, 4000, 7, g);
    Estimate with = oracle_estimate(t->oracle, weigh, &batch, 8, 4000, 7, g);
    ck_assert(with.bias < 2 * with.bias_error);
    ck_assert_msg(with.variance < 0.8 * without.variance, "%g, and %g without", with.variance,
                  without.variance);
    free(g);
    toy_free(t);
}
END_TEST

START_TEST(a_text_in_its_own_baseline_shrinks_the_gradient)
{
    /* why one is left out: with N texts the plain mean takes 1/N of the gradient away */
    Toy *t = toy();
    Weigher w = {.options = {.credit = CREDIT_TOTAL, .baseline = BASELINE_BATCH}};
    double *g = expected(t, (ReinforceOptions){.credit = CREDIT_TOTAL}, 0);
    oracle_scores(t->oracle, t->policy);
    real *narrow = NEW(real, t->policy->size);
    for (size_t k = 0; k < t->policy->size; k++) narrow[k] = (real)g[k];
    Estimate e = oracle_estimate(t->oracle, weigh, &w, 2, 20000, 5, narrow);
    ck_assert(e.bias < 2 * e.bias_error);
    ck_assert(0.5 * norm(g, t->policy->size) > 4 * e.bias_error); /* it would have been seen */
    free(narrow);
    free(g);
    toy_free(t);
}
END_TEST

/* Of two draws already the variance is right on average: it is divided by one less than the draws.
 */
START_TEST(a_variance_from_two_draws_is_unbiased)
{
    enum { SEEDS = 500 };
    Toy *t = toy();
    Weigher w = {.options = {.credit = CREDIT_TO_GO}};
    oracle_scores(t->oracle, t->policy);
    double exact = oracle_variance(t->oracle, weigh, &w), mean = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Estimate e = oracle_estimate(t->oracle, weigh, &w, 1, 2, seed, NULL);
        ck_assert(close_to(e.bias_error, sqrt(e.variance / 2), 1e-12));
        mean += e.variance / SEEDS;
    }
    ck_assert_msg(close_to(mean, exact, 0.25), "%g, not %g", mean, exact);
    ck_assert_dies(oracle_estimate(t->oracle, weigh, &w, 1, 1, 1, NULL), "two draws at least");
    toy_free(t);
}
END_TEST

START_TEST(without_a_gradient_to_compare_with_the_bias_is_the_length_of_the_mean)
{
    Toy *t = toy();
    Weigher w = {.options = {.credit = CREDIT_TO_GO}};
    double *g = expected(t, w.options, 0);
    oracle_scores(t->oracle, t->policy);
    Estimate e = oracle_estimate(t->oracle, weigh, &w, 64, 1000, 7, NULL);
    ck_assert(fabs(e.bias - norm(g, t->policy->size)) < 2 * e.bias_error);
    ck_assert(e.bias > 8 * e.bias_error);
    free(g);
    toy_free(t);
}
END_TEST

START_TEST(estimates_need_scores)
{
    Toy *t = toy();
    Weigher w = {.options = {.credit = CREDIT_TO_GO}};
    ck_assert_dies(oracle_variance(t->oracle, weigh, &w), "oracle_scores comes first");
    ck_assert_dies(oracle_estimate(t->oracle, weigh, &w, 1, 2, 1, NULL),
                   "oracle_scores comes first");
    toy_free(t);
}
END_TEST

START_TEST(too_many_texts_are_refused)
{
    TransformerShape shape = {1, 1, 4, 9, 9};
    char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c", (char *)"d",
                       (char *)"e",  (char *)"f", (char *)"g", (char *)"h"};
    Vocabulary v;
    vocabulary_make(&v, symbols, 9, 0);
    /* 1 + 8 + ... + 8^8 that end, and 8^9 that do not: 153391689 */
    ck_assert_dies(oracle_new(&shape, &v, 9, 1), "1.53392e+08 texts are too many to list");
    vocabulary_free(&v);
}
END_TEST

static const TTest *const tests[] = {
    the_probabilities_of_all_texts_sum_to_one,
    every_text_is_listed_once_and_ends_once,
    the_score_sums_to_zero_over_the_vocabulary_at_every_step,
    the_expected_update_of_total_rewards_is_the_slope_of_J,
    the_expected_update_of_rewards_to_go_is_the_slope_of_J,
    the_expected_score_is_zero,
    ten_more_for_every_text_leaves_the_expected_gradient_unchanged,
    a_baseline_leaves_the_expected_gradient_unchanged,
    the_distance_to_the_ceiling_is_beta_KL_to_the_best_policy,
    the_best_policy_for_a_free_reward_is_the_reference,
    the_best_policy_of_a_plain_reward_pays_the_least_KL,
    one_KL_sample_may_be_negative_but_its_mean_may_not,
    estimates_from_drawn_batches_agree_with_the_exact_mean_and_variance,
    a_leave_one_out_baseline_is_unbiased_and_less_noisy,
    a_text_in_its_own_baseline_shrinks_the_gradient,
    a_variance_from_two_draws_is_unbiased,
    without_a_gradient_to_compare_with_the_bias_is_the_length_of_the_mean,
    estimates_need_scores,
    too_many_texts_are_refused,
    NULL};
RUN_TESTS("oracle", tests)
