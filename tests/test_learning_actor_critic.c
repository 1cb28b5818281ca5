/* test_learning_actor_critic.c: a run that learns nothing is a failed test.
 *
 * The toy problem is learnt from drawn texts only, and the oracle says what came of it: the exact
 * reward and KL of the policy, and how far the critic is from the exact value of every state. */
#define SUITE_TIMEOUT 60
#include "actor_critic.h"
#include "error.h"
#include "lambda.h"
#include "suite.h"

enum { BATCH = 32 };

static ActorCriticOptions options_of(double lr)
{
    return (ActorCriticOptions){
        .advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.9, .whiten = true},
        .lr = lr,
        .last_lr = lr,
        .beta2 = 0.99,
        .clip = 1,
        .critic = {.lr = 3e-3, .beta2 = 0.99, .clip = 1},
        .critic_epochs = 1,
        .minibatches = 2};
}

static void learn(Toy *toy, ActorCritic *f, int steps, uint64_t seed)
{
    Error err;
    Rollout *r = rollout_new(&toy->shape, &toy->vocabulary, BATCH, toy->oracle->all->longest);
    for (int step = 0; step < steps; step++) {
        rollout_draw(r, f->policy, 1000 * seed + (uint64_t)step);
        ck_assert(reward_score(&toy->reward, r, &err));
        rollout_compare(r, toy->reference, f->activations);
        actor_critic_update(f, r);
    }
    rollout_free(r);
    toy_look(toy);
}

static ActorCritic *new_learner(Toy *toy, ActorCriticOptions options)
{
    options.beta = toy->beta;
    /* room for every text at once, to look at the critic */
    return actor_critic_new(toy->policy, &options, &toy->vocabulary,
                            rollout_texts(toy->oracle->all), toy->oracle->all->longest);
}

START_TEST(actor_and_critic_learn_the_toy_problem_on_every_seed)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Toy *toy = toy_new("contains:ab", 0.05, 1, 1);
        ActorCritic *f = new_learner(toy, options_of(1e-2));
        double before = oracle_reward(toy->oracle);
        learn(toy, f, 80, seed);
        double after = oracle_reward(toy->oracle);
        ck_assert_msg(before < 0.4 && after > 0.9, "seed %d: reward %.3f before, %.3f after",
                      (int)seed, before, after);
        actor_critic_free(f);
        toy_free(toy);
    }
}
END_TEST

/* What one text in fifty has. */
START_TEST(a_rare_reward_is_found_and_learnt)
{
    Toy *toy = toy_new("contains:aac", 0.02, 1, 1);
    ActorCritic *f = new_learner(toy, options_of(1e-2));
    double before = oracle_reward(toy->oracle);
    learn(toy, f, 200, 1);
    double after = oracle_reward(toy->oracle);
    ck_assert_msg(before < 0.03 && after > 0.8, "reward %.4f before, %.3f after", before, after);
    actor_critic_free(f);
    toy_free(toy);
}
END_TEST

/* The mean square distance of V from the exact values, over the texts as they are drawn, and that
 * of the exact values from their own mean. */
static void distances(Toy *toy, Critic *critic, double *off, double *spread)
{
    Oracle *o = toy->oracle;
    Rollout *all = o->all;
    real *V = NEW(real, rollout_rows(all));
    double weight = 0, mean = 0;
    *off = *spread = 0;
    critic_values(critic, all, V);
    exact_values(o, 1);
    for (int i = 0; i < rollout_texts(all); i++)
        for (int n = rollout_first(all, i); n <= rollout_last(all, i); n++) {
            double exact = all->values[n], d = V[n] - exact;
            *off += o->p[i] * d * d;
            *spread += o->p[i] * exact * exact;
            mean += o->p[i] * exact;
            weight += o->p[i];
        }
    *off /= weight;
    *spread = *spread / weight - (mean / weight) * (mean / weight);
    free(V);
}

START_TEST(the_critic_of_a_resting_policy_comes_near_the_exact_values)
{
    Toy *toy = toy_new("contains:ab", 0.05, 1, 1);
    ActorCritic *f = new_learner(toy, options_of(0));
    double off, spread;
    distances(toy, f->critic, &off, &spread);
    ck_assert_msg(off > spread, "it begins at %g of %g", off, spread);
    learn(toy, f, 200, 1);
    distances(toy, f->critic, &off, &spread);
    ck_assert_msg(off < 0.25 * spread, "it ends at %g of %g", off, spread);
    actor_critic_free(f);
    toy_free(toy);
}
END_TEST

static const TTest *const tests[] = {
    actor_and_critic_learn_the_toy_problem_on_every_seed, a_rare_reward_is_found_and_learnt,
    the_critic_of_a_resting_policy_comes_near_the_exact_values, NULL};

RUN_TESTS("learning_actor_critic", tests)
