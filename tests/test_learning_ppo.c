/* test_learning_ppo.c: a run that learns nothing is a failed test.
 *
 * PPO sees drawn texts only, and the oracle says what came of it: the exact objective, beside the
 * exact ceiling that no policy passes. */
#define SUITE_TIMEOUT 60
#include "ceiling.h"
#include "error.h"
#include "suite.h"
#include "threads.h"

static double tolerance(double in_float)
{
    return sizeof(real) == sizeof(double) ? 1e-10 : in_float;
}

/* One thread: matrices this small are not worth a team, and a busy machine would wait for it. */
static Climb climb_alone(int seed, Curves *c)
{
    threads_use(1);
    Toy *toy = toy_new(CEILING_REWARD, CEILING_BETA, 1, TOY_SEED);
    PpoOptions o = ceiling_options(CEILING_STEPS);
    Climb climb = ceiling_climb(toy, &o, seed, c, NULL);
    toy_free(toy);
    return climb;
}

static void check_climb(Climb climb, int seed)
{
    ck_assert_msg(climb.share > 0.99 && climb.share < 1, "seed %d: %g of the way", seed,
                  climb.share);
}

START_TEST(ppo_reaches_99_percent_of_what_is_possible_on_every_seed)
{
    for (int seed = 2; seed <= 3; seed++) { /* and on seed 1 below */
        Curves *c = ceiling_curves();
        check_climb(climb_alone(seed, c), seed);
        curves_free(c);
    }
}
END_TEST

/* beta log Z - J_beta(pi) = beta KL(pi || pi*), at every step of the climb */
START_TEST(what_is_missing_to_the_ceiling_is_beta_kl_to_the_best_policy)
{
    Curves *c = ceiling_curves();
    check_climb(climb_alone(1, c), 1);
    ck_assert_int_eq(c->rows, CEILING_STEPS + 1);
    ck_assert(fabs(curves_at(c, 0, "kl")) <= tolerance(1e-6)); /* begins as the reference */
    for (int i = 0; i < c->rows; i++) {
        double missing = curves_at(c, i, "ceiling") - curves_at(c, i, "objective");
        double kl = curves_at(c, i, "kl_best"), J = curves_at(c, i, "reward");
        ck_assert_msg(fabs(missing - CEILING_BETA * kl) <= tolerance(1e-5) && kl > 0,
                      "step %d: %.9g is missing, beta KL is %.9g", i, missing, CEILING_BETA * kl);
        ck_assert(fabs(J - CEILING_BETA * curves_at(c, i, "kl") - curves_at(c, i, "objective")) <=
                  tolerance(1e-5));
    }
    curves_free(c);
}
END_TEST

/* ---- what the epochs are for ----------------------------------------------------------------- */

enum { BATCH = 64, STEPS = 8 };

typedef struct {
    double reward, kl; /* exact, of the policy in the end */
    double largest_ratio;
} Learnt;

static PpoOptions options_of(double lr)
{
    return (PpoOptions){.advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.95, .whiten = true},
                        .epsilon = 0.2,
                        .epochs = 4,
                        .minibatches = 4,
                        .stop_kl = INFINITY,
                        .lr = lr,
                        .last_lr = lr,
                        .beta2 = 0.99,
                        .clip = 1,
                        .critic = {.lr = 1e-2, .beta2 = 0.99, .clip = 1}};
}

static Learnt learn(const char *reward, double beta, PpoOptions options, uint64_t seed)
{
    Error err;
    Learnt l = {0};
    threads_use(1);
    Toy *toy = toy_new(reward, beta, 1, TOY_SEED);
    transformer_copy_weights(toy->policy, toy->reference);
    int longest = toy->oracle->all->longest;
    options.beta = beta;
    Ppo *f = ppo_new(toy->policy, &options, &toy->vocabulary, BATCH, longest);
    Rollout *r = rollout_new(&toy->shape, &toy->vocabulary, BATCH, longest);
    for (int step = 0; step < STEPS; step++) {
        rollout_draw(r, toy->policy, 1000 * seed + (uint64_t)step);
        ck_assert(reward_score(&toy->reward, r, &err));
        rollout_compare(r, toy->reference, f->activations);
        l.largest_ratio = fmax(l.largest_ratio, ppo_update(f, r, seed).largest_ratio);
    }
    toy_look(toy);
    l.reward = oracle_reward(toy->oracle);
    l.kl = oracle_kl(toy->oracle);
    rollout_free(r);
    ppo_free(f);
    toy_free(toy);
    return l;
}

START_TEST(eight_rollouts_are_enough_on_every_seed)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Learnt l = learn("relevance:a,b", 0.05, options_of(1e-2), seed);
        ck_assert_msg(l.reward > 0.85, "seed %d: reward %g", (int)seed, l.reward);
    }
}
END_TEST

START_TEST(the_same_texts_teach_more_in_several_epochs)
{
    PpoOptions once = options_of(5e-4), often = once;
    once.epochs = 1;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        double one = learn("relevance:a,b", 0.05, once, seed).reward;
        double four = learn("relevance:a,b", 0.05, often, seed).reward;
        ck_assert_msg(four > one + 0.1, "seed %d: reward %g after four epochs, %g after one",
                      (int)seed, four, one);
    }
}
END_TEST

START_TEST(at_learning_rate_zero_nothing_moves)
{
    Learnt l = learn("relevance:a,b", 0.05, options_of(0), 1);
    ck_assert(l.largest_ratio == 1 && fabs(l.kl) <= tolerance(1e-6));
}
END_TEST

static const TTest *const tests[] = {ppo_reaches_99_percent_of_what_is_possible_on_every_seed,
                                     what_is_missing_to_the_ceiling_is_beta_kl_to_the_best_policy,
                                     eight_rollouts_are_enough_on_every_seed,
                                     the_same_texts_teach_more_in_several_epochs,
                                     at_learning_rate_zero_nothing_moves,
                                     NULL};
RUN_TESTS("learning_ppo", tests)
