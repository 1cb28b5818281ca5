/* test_advantage.c: what a symbol was worth, by hand, by identities, and by the oracle. */
#define SUITE_TIMEOUT 60
#include "advantage.h"
#include "error.h"
#include "gradient.h"
#include "lambda.h"
#include "reinforce.h"
#include "suite.h"

/* ---- texts whose numbers are given ----------------------------------------------------------- */

static Vocabulary vocabulary;

static Rollout *new_rollout(int texts, int longest)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b"};
    TransformerShape shape = {1, 1, 4, longest, 3};
    if (!vocabulary.size) vocabulary_make(&vocabulary, symbols, 3, 0);
    return rollout_new(&shape, &vocabulary, texts, longest);
}

/* One text of four symbols that earns 1 at its end; the critic has begun to suspect it. */
static Rollout *one_of_four(void)
{
    static const real values[] = {(real)0.2, (real)0.4, (real)0.3, (real)0.8};
    Rollout *r = new_rollout(1, 4);
    rollout_add(r, (int[]){1, 2, 1, 0}, 4);
    memcpy(r->values, values, sizeof values);
    r->rewards[3] = 1;
    return r;
}

/* Texts of 3, 1 and 5 symbols, the last cut at the length limit, with random rewards and values. */
static Rollout *random_rollout(uint64_t seed)
{
    Rng rng = rng_stream(seed, 0);
    Rollout *r = new_rollout(3, 5);
    rollout_add(r, (int[]){1, 2, 0}, 3);
    rollout_add(r, (int[]){0}, 1);
    rollout_add(r, (int[]){2, 2, 1, 2, 1}, 5);
    for (int n = 0; n < rollout_rows(r); n++) {
        r->rewards[n] = (real)rng_normal(&rng);
        r->values[n] = (real)rng_normal(&rng);
    }
    return r;
}

static void require_numbers(const char *name, const real *x, const double *expected, int count)
{
    double tol = in_double ? 1e-14 : 1e-6;
    for (int n = 0; n < count; n++)
        ck_assert_msg(fabs(x[n] - expected[n]) <= tol, "%s of row %d is %.15g, not %.15g", name, n,
                      (double)x[n], expected[n]);
}

/* sum_{s >= t} gamma^(s-t) r_s, each term by itself */
static double return_from(const Rollout *r, int n, int last, double gamma)
{
    double total = 0;
    for (int s = n; s <= last; s++) total += pow(gamma, s - n) * r->rewards[s];
    return total;
}

START_TEST(gae_by_hand_on_four_steps)
{
    Rollout *r = one_of_four();
    advantage_td(r, 1);
    require_numbers("delta", r->advantages, (double[]){0.2, -0.1, 0.5, 0.2}, 4);
    advantage_gae(r, 1, 0.5);
    require_numbers("A", r->advantages, (double[]){0.3, 0.2, 0.6, 0.2}, 4);
    advantage_gae(r, 1, 1);
    require_numbers("A", r->advantages, (double[]){0.8, 0.6, 0.7, 0.2}, 4);
    rollout_free(r);
}
END_TEST

START_TEST(a_discount_takes_its_share_of_value_and_advantage)
{
    Rollout *r = one_of_four();
    advantage_td(r, 0.5);
    require_numbers("delta", r->advantages, (double[]){0, -0.25, 0.1, 0.2}, 4);
    advantage_gae(r, 0.5, 0.5);
    require_numbers("A", r->advantages, (double[]){-0.053125, -0.2125, 0.15, 0.2}, 4);
    advantage_to_go(r, 0.5);
    require_numbers("A", r->advantages, (double[]){-0.075, -0.15, 0.2, 0.2}, 4);
    rollout_free(r);
}
END_TEST

START_TEST(the_source_gives_every_symbol_the_whole_return_minus_its_value)
{
    Rollout *r = one_of_four();
    r->rewards[0] = 0.5;
    advantage_total(r);
    require_numbers("A", r->advantages, (double[]){1.3, 1.1, 1.2, 0.7}, 4);
    advantage_to_go(r, 1);
    require_numbers("A", r->advantages, (double[]){1.3, 0.6, 0.7, 0.2}, 4);
    rollout_free(r);
}
END_TEST

START_TEST(a_reward_at_the_end_belongs_to_the_last_symbol)
{
    Rollout *r = one_of_four();
    memset(r->values, 0, sizeof(real) * 4);
    advantage_td(r, 1);
    require_numbers("A", r->advantages, (double[]){0, 0, 0, 1}, 4);
    advantage_gae(r, 1, 0);
    require_numbers("A", r->advantages, (double[]){0, 0, 0, 1}, 4);
    advantage_gae(r, 1, 0.5);
    require_numbers("A", r->advantages, (double[]){0.125, 0.25, 0.5, 1}, 4);
    rollout_free(r);
}
END_TEST

START_TEST(gae_of_lambda_one_is_the_return_minus_the_value_whatever_the_value)
{
    double tol = in_double ? 1e-13 : 1e-5;
    for (uint64_t seed = 0; seed < 10; seed++) {
        double gamma = seed % 2 ? 1 : 0.9;
        Rollout *r = random_rollout(seed);
        advantage_gae(r, gamma, 1);
        for (int i = 0; i < rollout_texts(r); i++)
            for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {
                double expected = return_from(r, n, rollout_last(r, i), gamma) - r->values[n];
                ck_assert(fabs(r->advantages[n] - expected) <= tol);
            }
        rollout_free(r);
    }
}
END_TEST

START_TEST(gae_of_lambda_zero_is_the_temporal_difference)
{
    Rollout *r = random_rollout(3);
    int rows = rollout_rows(r);
    real *td = NEW(real, rows);
    advantage_td(r, 0.9);
    memcpy(td, r->advantages, sizeof(real) * (size_t)rows);
    for (int i = 0; i < rollout_texts(r); i++)
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {
            double next = n < rollout_last(r, i) ? r->values[n + 1] : 0;
            double expected = r->rewards[n] + 0.9 * next - r->values[n];
            ck_assert(fabs(td[n] - expected) <= (in_double ? 1e-14 : 1e-6));
        }
    advantage_gae(r, 0.9, 0);
    ck_assert_mem_eq(td, r->advantages, sizeof(real) * (size_t)rows);
    free(td);
    rollout_free(r);
}
END_TEST

/* A_t = (1 - l) sum_{k=1}^{K-1} l^(k-1) A_t^(k) + l^(K-1) A_t^(K), where A_t^(k) looks k steps
 * ahead: A_t^(k) = r_t + ... + gamma^(k-1) r_{t+k-1} + gamma^k V(s_{t+k}) - V(s_t), and the K-th
 * sees the end. */
START_TEST(gae_is_the_weighted_mean_of_looks_ahead)
{
    double gamma = 0.9, lambda = 0.7;
    Rollout *r = random_rollout(5);
    advantage_gae(r, gamma, lambda);
    for (int i = 0; i < rollout_texts(r); i++)
        for (int n = rollout_first(r, i), last = rollout_last(r, i); n <= last; n++) {
            double mean = 0, ahead = -r->values[n];
            int K = last - n + 1;
            for (int k = 1; k <= K; k++) {
                ahead += pow(gamma, k - 1) * r->rewards[n + k - 1];
                double look = ahead + (k < K ? pow(gamma, k) * r->values[n + k] : 0);
                mean += (k < K ? 1 - lambda : 1) * pow(lambda, k - 1) * look;
            }
            ck_assert(fabs(r->advantages[n] - mean) <= (in_double ? 1e-13 : 1e-5));
        }
    rollout_free(r);
}
END_TEST

START_TEST(after_the_last_symbol_nothing_is_expected_even_where_the_text_was_cut)
{
    Rollout *r = random_rollout(7);
    advantage_gae(r, 1, 0.5);
    for (int i = 0; i < rollout_texts(r); i++) {
        int last = rollout_last(r, i);
        ck_assert(fabs(r->advantages[last] - ((double)r->rewards[last] - r->values[last])) <= 1e-6);
    }
    rollout_free(r);
}
END_TEST

START_TEST(a_text_knows_nothing_of_the_next_one)
{
    void (*const functions[])(Rollout *, double) = {advantage_to_go, advantage_td};
    for (int f = 0; f < 4; f++) {
        real first[3];
        for (int changed = 0; changed < 2; changed++) {
            Rollout *r = random_rollout(11);
            for (int n = 3; n < rollout_rows(r) && changed; n++) {
                r->rewards[n] += 100;
                r->values[n] -= 1000;
            }
            if (f < 2)
                functions[f](r, 0.9);
            else if (f == 2)
                advantage_gae(r, 0.9, 0.8);
            else
                advantage_total(r);
            if (changed) ck_assert_mem_eq(first, r->advantages, sizeof first);
            memcpy(first, r->advantages, sizeof first);
            rollout_free(r);
        }
    }
}
END_TEST

/* Of a batch of fewer texts than the one before: what is left of that is no text. */
START_TEST(texts_that_were_cleared_away_count_nothing)
{
    Rollout *r = random_rollout(17), *fresh = new_rollout(3, 5);
    rollout_clear(r);
    rollout_add(r, (int[]){1, 0}, 2);
    rollout_add(fresh, (int[]){1, 0}, 2);
    r->reward[0] = fresh->reward[0] = 3;
    r->kl[0] = fresh->kl[0] = 1;
    for (int n = 2; n < 3 * 5; n++) r->rewards[n] = r->advantages[n] = 1000, r->values[n] = 300;
    rollout_rewards(r, 0.5);
    rollout_rewards(fresh, 0.5);
    for (int kind = ADVANTAGE_TOTAL; kind <= ADVANTAGE_GAE; kind++) {
        AdvantageOptions options = {(AdvantageKind)kind, .gamma = 0.9, .lambda = 0.8};
        advantage_fill(r, &options);
        advantage_fill(fresh, &options);
        ck_assert_mem_eq(r->advantages, fresh->advantages, 2 * sizeof(real));
        for (int n = 2; n < 3 * 5; n++) ck_assert(r->advantages[n] == 1000);
    }
    for (int n = 2; n < 3 * 5; n++) ck_assert(r->rewards[n] == 1000);
    ck_assert(explained_variance(r, 0.9) == explained_variance(fresh, 0.9));
    ck_assert(rollout_stats(r, 0.5).reward == 3);
    rollout_free(r);
    rollout_free(fresh);
}
END_TEST

START_TEST(the_options_choose_one_of_the_four)
{
    static const double A[][4] = {[ADVANTAGE_TOTAL] = {0.8, 0.6, 0.7, 0.2},
                                  [ADVANTAGE_TO_GO] = {-0.075, -0.15, 0.2, 0.2},
                                  [ADVANTAGE_TD] = {0, -0.25, 0.1, 0.2},
                                  [ADVANTAGE_GAE] = {-0.053125, -0.2125, 0.15, 0.2}};
    Rollout *r = one_of_four();
    for (int kind = ADVANTAGE_TOTAL; kind <= ADVANTAGE_GAE; kind++) {
        AdvantageOptions options = {(AdvantageKind)kind, .gamma = 0.5, .lambda = 0.5};
        advantage_fill(r, &options);
        require_numbers("A", r->advantages, A[kind], 4);
    }
    rollout_free(r);
}
END_TEST

/* ---- whitening ------------------------------------------------------------------------------ */

START_TEST(whitened_weights_have_mean_zero_and_deviation_one_over_the_rows)
{
    Rollout *r = random_rollout(13);
    int rows = rollout_rows(r);
    double mean = 0, square = 0;
    for (int n = rows; n < 3 * 5; n++) r->weights[n] = 1000; /* rows that no text has */
    advantage_to_go(r, 1);
    weights_advantage(r);
    weights_whiten(r);
    for (int n = 0; n < rows; n++) {
        mean += r->weights[n] / rows;
        square += (double)r->weights[n] * r->weights[n] / rows;
    }
    ck_assert(fabs(mean) <= (in_double ? 1e-14 : 1e-6));
    ck_assert(fabs(square - 1) <= (in_double ? 1e-14 : 1e-5));
    ck_assert(r->weights[rows] == 1000);
    rollout_free(r);
}
END_TEST

START_TEST(whitening_by_hand_counts_the_end_symbol)
{
    Rollout *r = one_of_four();
    static const real A[] = {0, 0, 0, 2};
    memcpy(r->weights, A, sizeof A);
    double s = sqrt(0.75), scale = weights_whiten(r); /* mean 1/2, variance 3/4 */
    ck_assert(fabs(scale - 1 / s) <= 1e-6);
    require_numbers("w", r->weights, (double[]){-0.5 / s, -0.5 / s, -0.5 / s, 1.5 / s}, 4);
    rollout_free(r);
}
END_TEST

/* mean 5, deviation 2 */
START_TEST(two_rows_are_enough_to_be_whitened)
{
    Rollout *r = new_rollout(1, 2);
    rollout_add(r, (int[]){1, 0}, 2);
    r->weights[0] = 3, r->weights[1] = 7;
    ck_assert(weights_whiten(r) == 0.5);
    ck_assert(r->weights[0] == -1 && r->weights[1] == 1);
    rollout_free(r);
}
END_TEST

START_TEST(fewer_than_two_rows_or_equal_ones_are_not_whitened)
{
    Rollout *r = new_rollout(2, 5);
    rollout_add(r, (int[]){0}, 1);
    r->weights[0] = 3;
    ck_assert(weights_whiten(r) == 1);
    ck_assert(r->weights[0] == 3);
    rollout_add(r, (int[]){1, 0}, 2);
    for (int n = 0; n < 3; n++) r->weights[n] = 7;
    ck_assert(weights_whiten(r) == 1);
    for (int n = 0; n < 3; n++) ck_assert(r->weights[n] == 7);
    rollout_free(r);
}
END_TEST

START_TEST(whitening_leaves_the_advantages_to_the_critic)
{
    Rollout *r = one_of_four();
    AdvantageOptions options = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.5, .whiten = true};
    advantage_fill(r, &options);
    double scale = weights_of_advantages(r, &options);
    ck_assert(close_to(r->weights[2] - r->weights[0], scale * (0.6 - 0.3), 1e-5));
    require_numbers("A", r->advantages, (double[]){0.3, 0.2, 0.6, 0.2}, 4);
    ck_assert(fabs(r->weights[2] - 0.6) > 0.1);
    options.whiten = false;
    ck_assert(weights_of_advantages(r, &options) == 1);
    require_numbers("w", r->weights, (double[]){0.3, 0.2, 0.6, 0.2}, 4);
    rollout_free(r);
}
END_TEST

/* ---- explained variance ---------------------------------------------------------------------- */

START_TEST(explained_variance_by_hand)
{
    Rollout *r = new_rollout(2, 5); /* R_t = 3 1 | 2, so Var = 2/3 */
    rollout_add(r, (int[]){1, 0}, 2);
    rollout_add(r, (int[]){0}, 1);
    memcpy(r->rewards, (real[]){2, 1, 2}, sizeof(real) * 3);
    memcpy(r->values, (real[]){3, 1, 2}, sizeof(real) * 3);
    ck_assert(fabs(explained_variance(r, 1) - 1) <= 1e-6);
    memcpy(r->values, (real[]){5, 5, 5}, sizeof(real) * 3);
    ck_assert(fabs(explained_variance(r, 1)) <= 1e-6);
    memcpy(r->values, (real[]){1, 1, 2}, sizeof(real) * 3); /* rest 2 0 0, Var = 8/9 */
    ck_assert(fabs(explained_variance(r, 1) - (1 - (8.0 / 9) / (2.0 / 3))) <= 1e-6);
    memcpy(r->values, (real[]){2.5, 1, 2}, sizeof(real) * 3); /* gamma 1/2: R_t = 2.5 1 2 */
    ck_assert(fabs(explained_variance(r, 0.5) - 1) <= 1e-6);
    rollout_free(r);
}
END_TEST

START_TEST(where_every_return_is_the_same_there_is_nothing_to_explain)
{
    Rollout *r = one_of_four();
    ck_assert(isnan(explained_variance(r, 1)));
    rollout_free(r);
}
END_TEST

/* ---- against the oracle ---------------------------------------------------------------------- */

static Toy *new_toy(void)
{
    return toy_new("contains:ab", 0.1, 8, 1);
}

/* The expected gradient of these options with the values as they stand; free() it. */
static real *expected_gradient(Toy *toy, AdvantageOptions options)
{
    size_t bytes = sizeof(real) * toy->policy->size;
    oracle_gradient(toy->oracle, toy->policy, weigh_advantage, &options);
    real *g = NEW(real, toy->policy->size);
    memcpy(g, toy->policy->gradients.base, bytes);
    return g;
}

/* |a - b| / |b| */
static double off_by(const real *a, const real *b, size_t size)
{
    double off = 0, of = 0;
    for (size_t k = 0; k < size; k++) {
        off += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
        of += (double)b[k] * b[k];
    }
    return sqrt(off / of);
}

/* w_t = R(tau): chapter 3's, whose expected gradient is held against differences of J there. */
static void weigh_total(Rollout *batch, void *unused)
{
    (void)unused;
    weights_total(batch);
    weights_mean(batch);
}

/* How far the mean gradient of these options is from that. */
static double bias(Toy *toy, AdvantageOptions options)
{
    real *g = expected_gradient(toy, options);
    oracle_gradient(toy->oracle, toy->policy, weigh_total, NULL);
    double off = off_by(g, toy->policy->gradients.base, toy->policy->size);
    free(g);
    return off;
}

static AdvantageOptions gae(double lambda)
{
    return (AdvantageOptions){ADVANTAGE_GAE, .gamma = 1, .lambda = lambda};
}

static double exactly(void)
{
    return in_double ? 1e-12 : 1e-5;
}

START_TEST(the_exact_value_of_the_first_state_is_the_objective)
{
    Toy *toy = new_toy();
    exact_values(toy->oracle, 1);
    double V = toy->oracle->all->values[0], J = oracle_objective(toy->oracle, toy->beta);
    ck_assert_msg(fabs(V - J) <= exactly() && fabs(J) > 0.01, "V(s_1) = %g, J = %g", V, J);
    toy_free(toy);
}
END_TEST

/* E[r_t + V(s_{t+1}) | s_t] = V(s_t): weighed by any function of the state, the
 * average is 0. */
START_TEST(the_exact_value_makes_every_temporal_difference_zero_on_average)
{
    Toy *toy = new_toy();
    Oracle *o = toy->oracle;
    Rollout *all = o->all;
    exact_values(o, 1);
    advantage_td(all, 1);
    for (int t = 0; t < all->longest; t++) {
        double sum = 0, size = 0;
        for (int i = 0; i < rollout_texts(all); i++) {
            if (rollout_length(all, i) <= t) continue;
            int n = rollout_first(all, i) + t;
            double key = t > 0 ? all->rows->targets[n - 1] : 1;
            sum += o->p[i] * key * all->advantages[n];
            size += o->p[i] * key * fabs((double)all->advantages[n]);
        }
        ck_assert_msg(fabs(sum) <= exactly() * size, "at step %d: %g", t, sum / size);
    }
    toy_free(toy);
}
END_TEST

START_TEST(with_the_exact_value_every_lambda_gives_the_exact_gradient)
{
    Toy *toy = new_toy();
    exact_values(toy->oracle, 1);
    for (int i = 0; i <= 10; i++) {
        double off = bias(toy, gae(i / 10.0));
        ck_assert_msg(off <= exactly(), "lambda %g is off by %g", i / 10.0, off);
    }
    ck_assert(bias(toy, (AdvantageOptions){ADVANTAGE_TD, .gamma = 1}) <= exactly());
    toy_free(toy);
}
END_TEST

START_TEST(with_a_wrong_value_the_bias_shrinks_as_lambda_goes_to_one)
{
    for (int wrong = 0; wrong < 3; wrong++) {
        Toy *toy = new_toy();
        double before = INFINITY;
        exact_values(toy->oracle, 1);
        for (int n = 0; n < rollout_rows(toy->oracle->all) && wrong < 2; n++)
            toy->oracle->all->values[n] *= (real)(wrong ? 0 : 0.5);
        if (wrong == 2) disturb_values(toy->oracle, 0.2, 9);
        for (int i = 0; i <= 10; i++) {
            double off = bias(toy, gae(i / 10.0));
            ck_assert_msg(off < before, "lambda %g: %g after %g", i / 10.0, off, before);
            if (i == 0) ck_assert_msg(off > 0.1, "a wrong value is off by %g only", off);
            if (i == 10) ck_assert_msg(off <= exactly(), "lambda 1 is off by %g", off);
            before = off;
        }
        toy_free(toy);
    }
}
END_TEST

/* Normal errors of this size: of a few dozen none is four times as large, and some are not small.
 */
START_TEST(a_disturbed_value_is_off_by_about_the_size_that_is_asked_for)
{
    const double sizes[] = {0.1, 3};
    for (int k = 0; k < 2; k++) {
        Toy *toy = new_toy();
        Rollout *all = toy->oracle->all;
        double most = 0;
        exact_values(toy->oracle, 1);
        int rows = rollout_rows(all);
        real *exact = NEW(real, rows);
        memcpy(exact, all->values, sizeof(real) * (size_t)rows);
        disturb_values(toy->oracle, sizes[k], 5);
        for (int n = 0; n < rows; n++) most = fmax(most, fabs((double)(all->values[n] - exact[n])));
        ck_assert_msg(most > sizes[k] && most < 4 * sizes[k], "%g for %g", most, sizes[k]);
        free(exact);
        toy_free(toy);
    }
}
END_TEST

START_TEST(any_value_of_the_state_leaves_the_expected_gradient_of_returns)
{
    Toy *toy = new_toy();
    exact_values(toy->oracle, 1);
    disturb_values(toy->oracle, 3, 5);
    double total = bias(toy, (AdvantageOptions){ADVANTAGE_TOTAL, .gamma = 1});
    double to_go = bias(toy, (AdvantageOptions){ADVANTAGE_TO_GO, .gamma = 1});
    ck_assert_msg(total <= 30 * exactly() && to_go <= 30 * exactly(), "%g %g", total, to_go);
    toy_free(toy);
}
END_TEST

/* The trap of a prefix that is off by one: V(s_{t+1}) in V(s_t)'s place. */
START_TEST(a_value_that_has_seen_the_symbol_turns_the_gradient)
{
    Toy *toy = new_toy();
    Rollout *all = toy->oracle->all;
    exact_values(toy->oracle, 1);
    for (int i = 0; i < rollout_texts(all); i++)
        for (int n = rollout_first(all, i); n <= rollout_last(all, i); n++)
            all->values[n] = n < rollout_last(all, i) ? all->values[n + 1] : 0;
    double off = bias(toy, (AdvantageOptions){ADVANTAGE_TO_GO, .gamma = 1});
    ck_assert_msg(off > 0.1, "off by %g", off);
    toy_free(toy);
}
END_TEST

START_TEST(a_right_critic_quietens_the_gradient)
{
    Toy *toy = new_toy();
    Oracle *o = toy->oracle;
    AdvantageOptions to_go = {ADVANTAGE_TO_GO, .gamma = 1};
    oracle_scores(o, toy->policy);
    memset(o->all->values, 0, sizeof(real) * (size_t)rollout_rows(o->all));
    double without = oracle_variance(o, weigh_advantage, &to_go);
    exact_values(o, 1);
    double with = oracle_variance(o, weigh_advantage, &to_go);
    ck_assert_msg(with < 0.8 * without, "%g with, %g without", with, without);
    toy_free(toy);
}
END_TEST

START_TEST(the_measured_variance_and_bias_are_the_exact_ones_but_for_chance)
{
    Toy *toy = new_toy();
    Curves *c = lambda_study(toy, 8, 16000, 3, &(Run){0});
    ck_assert_int_eq(c->rows, 33);
    for (int i = 0; i < c->rows; i++) {
        double exact = curves_at(c, i, "variance"), bias_exact = curves_at(c, i, "bias");
        double chance = curves_at(c, i, "bias_error");
        ck_assert_msg(fabs(curves_at(c, i, "measured") / exact - 1) < 0.15, "row %d: %g, %g", i,
                      exact, curves_at(c, i, "measured"));
        ck_assert(fabs(curves_at(c, i, "measured_bias") - bias_exact) < 3 * chance);
    }
    curves_free(c);
    toy_free(toy);
}
END_TEST

static const TTest *const tests[] = {
    gae_by_hand_on_four_steps,
    a_discount_takes_its_share_of_value_and_advantage,
    the_source_gives_every_symbol_the_whole_return_minus_its_value,
    a_reward_at_the_end_belongs_to_the_last_symbol,
    gae_of_lambda_one_is_the_return_minus_the_value_whatever_the_value,
    gae_of_lambda_zero_is_the_temporal_difference,
    gae_is_the_weighted_mean_of_looks_ahead,
    after_the_last_symbol_nothing_is_expected_even_where_the_text_was_cut,
    a_text_knows_nothing_of_the_next_one,
    texts_that_were_cleared_away_count_nothing,
    the_options_choose_one_of_the_four,
    whitened_weights_have_mean_zero_and_deviation_one_over_the_rows,
    whitening_by_hand_counts_the_end_symbol,
    two_rows_are_enough_to_be_whitened,
    fewer_than_two_rows_or_equal_ones_are_not_whitened,
    whitening_leaves_the_advantages_to_the_critic,
    explained_variance_by_hand,
    where_every_return_is_the_same_there_is_nothing_to_explain,
    the_exact_value_of_the_first_state_is_the_objective,
    the_exact_value_makes_every_temporal_difference_zero_on_average,
    with_the_exact_value_every_lambda_gives_the_exact_gradient,
    with_a_wrong_value_the_bias_shrinks_as_lambda_goes_to_one,
    a_disturbed_value_is_off_by_about_the_size_that_is_asked_for,
    any_value_of_the_state_leaves_the_expected_gradient_of_returns,
    a_value_that_has_seen_the_symbol_turns_the_gradient,
    a_right_critic_quietens_the_gradient,
    the_measured_variance_and_bias_are_the_exact_ones_but_for_chance,
    NULL};

RUN_TESTS("advantage", tests)
