/* test_learning_reinforce.c: a run that learns nothing is a failed test.
 *
 * On the toy problem the oracle says what was reached, exactly: no luck of the last batch counts.
 * Every seed must get there; each has its own texts, and the thresholds are far from where seeds
 * end. */
#define SUITE_TIMEOUT 300
#include "error.h"
#include "reinforce.h"
#include "suite.h"
#include "toy.h"

typedef struct {
    double before, after; /* J, exact */
    double objective, ceiling;
    double kl;
} Learnt;

static Learnt learn(ReinforceOptions options, const char *reward, double beta, int steps, int batch,
                    uint64_t seed)
{
    Error err;
    Toy *t = toy_new(reward, beta, 1, TOY_SEED);
    transformer_copy_weights(t->policy, t->reference);
    toy_look(t);
    options.beta = beta;
    Learnt l = {.before = oracle_reward(t->oracle)};
    Reinforce *f = reinforce_new(t->policy, &options, batch * 5);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, batch, 5);
    for (int step = 0; step < steps; step++) {
        Rng rng = rng_stream(seed, (uint64_t)step);
        rollout_draw(r, t->policy, rng_next(&rng));
        ck_assert(reward_score(&t->reward, r, &err));
        rollout_compare(r, t->reference, f->activations);
        reinforce_update(f, r);
    }
    toy_look(t);
    l.after = oracle_reward(t->oracle);
    l.kl = oracle_kl(t->oracle);
    l.objective = oracle_objective(t->oracle, beta);
    l.ceiling = beta * oracle_best(t->oracle, beta, NULL);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
    return l;
}

static ReinforceOptions options(Credit credit, BaselineKind baseline)
{
    return (ReinforceOptions){.credit = credit,
                              .baseline = baseline,
                              .memory = 0.9,
                              .lr = 1e-2,
                              .beta2 = 0.99,
                              .clip = 1};
}

START_TEST(every_credit_and_baseline_learns_a_rare_word)
{
    for (int credit = CREDIT_TOTAL; credit <= CREDIT_TO_GO; credit++)
        for (int baseline = BASELINE_NONE; baseline <= BASELINE_MOVING; baseline++)
            for (uint64_t seed = 1; seed <= 2; seed++) {
                Learnt l = learn(options((Credit)credit, (BaselineKind)baseline), "contains:ab",
                                 0.01, 150, 64, seed);
                ck_assert_msg(l.before < 0.12 && l.after > 0.7,
                              "credit %d, baseline %d, seed %d: from %g to %g", credit, baseline,
                              (int)seed, l.before, l.after);
            }
}
END_TEST

START_TEST(with_a_price_on_KL_the_policy_comes_near_the_best_there_is)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        ReinforceOptions o = options(CREDIT_TO_GO, BASELINE_BATCH);
        o.last_lr = 1e-4;
        o.steps = 400;
        Learnt l = learn(o, "contains:ab", 0.2, 400, 128, seed);
        double share = (l.objective - l.before) / (l.ceiling - l.before);
        ck_assert_msg(share > 0.9 && l.objective < l.ceiling, "seed %d: %g of what is possible",
                      (int)seed, share);
    }
}
END_TEST

START_TEST(without_a_reward_nothing_is_learnt)
{
    Learnt l = learn(options(CREDIT_TO_GO, BASELINE_BATCH), "0*length", 0, 40, 64, 1);
    ck_assert(l.kl == 0);
}
END_TEST

static const TTest *const tests[] = {every_credit_and_baseline_learns_a_rare_word,
                                     with_a_price_on_KL_the_policy_comes_near_the_best_there_is,
                                     without_a_reward_nothing_is_learnt, NULL};
RUN_TESTS("learning_reinforce", tests)
