/* test_kl.c: the distance to the reference at every state, exactly: by hand, by differences, and by
 * the oracle, for whom its two gradients together are the slope of J_beta. */
#define SUITE_TIMEOUT 240
#include "kl.h"

#include "gradient.h"
#include "reinforce.h"
#include "toy.h"
#include "variance.h"

static double tolerance(double in_float)
{
    return in_double ? 1e-12 : in_float;
}

/* p = 1/2 1/4 1/4 from q = 1/4 1/4 1/2: KL = 1/2 ln 2 - 1/4 ln 2; p = 1 0 0 from q = 1/2 1/2 0 */
static const double ps[] = {0.5, 0.25, 0.25, 1, 0, 0};
static const double log_qs[] = {-1.3862943611198906, -1.3862943611198906, -0.6931471805599453,
                                -0.6931471805599453, -0.6931471805599453, -INFINITY};

START_TEST(kl_of_two_rows_by_hand)
{
    Matrix p = matrix_of(2, 3, ps), q = matrix_of(2, 3, log_qs);
    real kl[2];
    kl_rows(kl, p, q);
    ck_assert(fabs(kl[0] - 0.25 * log(2)) <= tolerance(1e-6));
    ck_assert(fabs(kl[1] - log(2)) <= tolerance(1e-6)); /* 0 log 0 is 0 */
}
END_TEST

START_TEST(kl_of_what_is_alike_is_exactly_zero)
{
    Rng rng = rng_stream(1, 0);
    Matrix p = random_matrix(5, 7, &rng), log_p = new_matrix(5, 7);
    real kl[5];
    softmax_forward(p, NULL, p, NULL);
    log_probabilities(log_p, p);
    kl_rows(kl, p, log_p);
    for (int n = 0; n < 5; n++) ck_assert(kl[n] == 0);
}
END_TEST

START_TEST(kl_gradient_by_hand)
{
    Matrix p = matrix_of(2, 3, ps), q = matrix_of(2, 3, log_qs), d = new_matrix(2, 3);
    double l = log(2), kl = 3;
    kl_gradient(d, p, q, 2, &kl);
    /* 2 p_j (log p_j/q_j - KL) with log ratios l, 0, -l and KL l/4; certainty has no slope */
    require_near("d", d, (double[]){0.75 * l, -0.125 * l, -0.625 * l, 0, 0, 0}, tolerance(1e-6));
    ck_assert(fabs(kl - (3 + 0.25 * l + l)) <= tolerance(1e-6));
}
END_TEST

typedef struct {
    Matrix logits, dlogits, probs, log_q;
} Pair;

static void kl_forward(Case *c)
{
    const Pair *b = c->more;
    softmax_forward(b->probs, NULL, b->logits, NULL);
    for (int n = 0; n < c->y.rows; n++) {
        double kl = 0;
        for (int j = 0; j < b->probs.cols; j++) {
            double p = mat_row(b->probs, n)[j];
            kl += p * (log(p) - mat_row(b->log_q, n)[j]);
        }
        *mat_row(c->y, n) = (real)kl;
    }
}

static void kl_backward(Case *c)
{
    const Pair *b = c->more;
    kl_gradient(b->dlogits, b->probs, b->log_q, 0.7, NULL);
}

START_TEST(kl_gradient_agrees_with_central_differences_and_accumulates)
{
    Rng rng = rng_stream(2, 0);
    Pair b = {random_matrix(3, 7, &rng), new_matrix(3, 7), new_matrix(3, 7),
              random_matrix(3, 7, &rng)};
    softmax_forward(b.log_q, NULL, b.log_q, NULL);
    log_probabilities(b.log_q, b.log_q);
    Case c = {kl_forward,
              kl_backward,
              new_matrix(3, 1),
              new_matrix(3, 1),
              {{"logits", b.logits, b.dlogits}, {0}},
              &b};
    fill(c.dy, (real)0.7);
    check_gradients(&c);
    check_accumulates(&c, 0);
}
END_TEST

/* ---- what its sum is, and its gradients ------------------------------------------------------ */

static Toy *toy(void)
{
    return toy_new("contains:ab + 0.3*count:c", 0.25, 8, 3);
}

/* E[sum_t KL_t] = KL(pi || pi_ref), of whole texts */
START_TEST(the_distances_of_the_states_make_the_distance_of_the_policies)
{
    Toy *t = toy();
    const Rollout *all = t->oracle->all;
    double kl = oracle_kl(t->oracle), sum = 0, J = 0;
    toy_exact_kl(t, true);
    for (int i = 0; i < rollout_texts(all); i++) {
        for (int n = rollout_first(all, i); n <= rollout_last(all, i); n++) {
            ck_assert(all->kl[n] >= (in_double ? 0 : -1e-6));
            sum += t->oracle->p[i] * all->kl[n];
        }
        J += t->oracle->p[i] * rollout_return(all, i);
    }
    ck_assert(kl > 0.01);
    ck_assert_msg(fabs(sum - kl) <= tolerance(1e-5), "%.12g, not %.12g", sum, kl);
    ck_assert(fabs(J - oracle_objective(t->oracle, t->beta)) <= tolerance(1e-5));
    toy_free(t);
}
END_TEST

static double *gradient_of(Toy *t, Credit credit, bool exact)
{
    Weigher w = {.options.credit = credit};
    double *g = NEW(double, t->policy->size);
    toy_exact_kl(t, exact);
    oracle_gradient(t->oracle, t->policy, weigh, &w);
    for (size_t k = 0; k < t->policy->size; k++) g[k] = t->policy->gradients.base[k];
    return g;
}

static double distance(const double *g, const double *h, size_t size)
{
    double square = 0;
    for (size_t k = 0; k < size; k++) square += (g[k] - (h ? h[k] : 0)) * (g[k] - (h ? h[k] : 0));
    return sqrt(square);
}

/* The gradient of sampled KL is held against differences of J_beta in test_oracle.c. */
START_TEST(exact_and_sampled_KL_have_the_same_expected_gradient)
{
    Toy *t = toy();
    size_t size = t->policy->size;
    double *sampled = gradient_of(t, CREDIT_TO_GO, false);
    double *exact = gradient_of(t, CREDIT_TO_GO, true);
    double *total = gradient_of(t, CREDIT_TOTAL, true);
    ck_assert(distance(sampled, NULL, size) > 0.05);
    ck_assert(distance(sampled, exact, size) <= tolerance(1e-4));
    ck_assert(distance(sampled, total, size) <= tolerance(1e-4));
    /* and it takes both parts of it: the credit alone is another gradient */
    t->oracle->beta = 0;
    Weigher w = {.options.credit = CREDIT_TO_GO};
    oracle_gradient(t->oracle, t->policy, weigh, &w);
    for (size_t k = 0; k < size; k++) total[k] = t->policy->gradients.base[k];
    ck_assert(distance(sampled, total, size) > 0.01);
    free(sampled);
    free(exact);
    free(total);
    toy_free(t);
}
END_TEST

/* With no other reward, all noise is that of KL. */
START_TEST(exact_KL_is_less_noisy_than_its_samples)
{
    Toy *t = toy_new("0*length", 0.25, 8, 3);
    Weigher w = {.options.credit = CREDIT_TO_GO};
    double variance[2];
    oracle_scores(t->oracle, t->policy);
    for (int exact = 0; exact < 2; exact++) {
        toy_exact_kl(t, exact);
        oracle_gradient(t->oracle, t->policy, weigh, &w);
        variance[exact] = oracle_variance(t->oracle, weigh, &w);
        real *g = NEW(real, t->policy->size);
        memcpy(g, t->policy->gradients.base, t->policy->size * sizeof(real));
        Estimate e = oracle_estimate(t->oracle, weigh, &w, 8, 3000, 7, g);
        ck_assert(e.bias < 2 * e.bias_error);
        ck_assert(close_to(e.variance, variance[exact] / 8, 0.1));
        free(g);
    }
    ck_assert_msg(variance[1] < 0.5 * variance[0], "exact %g, sampled %g", variance[1],
                  variance[0]);
    toy_free(t);
}
END_TEST

static const TTest *const tests[] = {kl_of_two_rows_by_hand,
                                     kl_of_what_is_alike_is_exactly_zero,
                                     kl_gradient_by_hand,
                                     kl_gradient_agrees_with_central_differences_and_accumulates,
                                     the_distances_of_the_states_make_the_distance_of_the_policies,
                                     exact_and_sampled_KL_have_the_same_expected_gradient,
                                     exact_KL_is_less_noisy_than_its_samples,
                                     NULL};
RUN_TESTS("kl", tests)
