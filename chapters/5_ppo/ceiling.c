/* ceiling.c: see ceiling.h. */
#include "ceiling.h"

#include <math.h>
#include <stdlib.h>

#include "error.h"

PpoOptions ceiling_options(int steps)
{
    return (PpoOptions){
        .advantage = {.kind = ADVANTAGE_GAE, .gamma = 1, .lambda = 0.95, .whiten = true},
        .epsilon = 0.2,
        .epochs = 4,
        .minibatches = 4,
        .stop_kl = 0.1,
        .lr = 1e-2,
        .last_lr = 0,
        .steps = steps,
        .beta2 = 0.99,
        .clip = 1,
        .critic = {.lr = 1e-2, .beta2 = 0.99, .clip = 1}};
}

Curves *ceiling_curves(void)
{
    return curves_new("seed,epsilon,step,symbols,objective,reward,kl,kl_best,ceiling,share,"
                      "largest_ratio");
}

/* What is exactly so, of the policy as it is. */
static void look(Toy *toy, const double *best, Climb *climb)
{
    toy_look(toy);
    climb->reached = oracle_objective(toy->oracle, toy->beta);
    climb->share = (climb->reached - climb->start) / (climb->ceiling - climb->start);
    climb->reward = oracle_reward(toy->oracle);
    climb->kl = oracle_kl(toy->oracle);
    climb->kl_best = oracle_kl_to(toy->oracle, best);
}

/* One step of the loop of this chapter, on texts of at most five letters. */
static PpoStep learn(Toy *toy, Ppo *f, Rollout *r, int seed)
{
    Error err;
    uint64_t draw = (uint64_t)seed << 32 | (uint64_t)f->step;
    rollout_draw(r, f->policy, draw);
    REQUIRE(reward_score(&toy->reward, r, &err), "%s", err.text);
    rollout_compare(r, toy->reference, f->scoring);
    return ppo_update(f, r, draw);
}

Climb ceiling_climb(Toy *toy, const PpoOptions *options, int seed, Curves *c, Run *run)
{
    PpoOptions o = *options;
    o.beta = toy->beta;
    Oracle *q = toy->oracle;
    int longest = q->all->longest;
    double *best = NEW(double, rollout_texts(q->all)), symbols = 0;
    transformer_copy_weights(toy->policy, toy->reference);
    Ppo *f = ppo_new(toy->policy, &o, &toy->vocabulary, CEILING_TEXTS, longest);
    Rollout *r = rollout_new(&toy->shape, &toy->vocabulary, CEILING_TEXTS, longest);

    toy_look(toy);
    Climb climb = {.start = oracle_objective(q, toy->beta),
                   .ceiling = toy->beta * oracle_best(q, toy->beta, best)};
    PpoStep u = {.largest_ratio = 1};
    for (int step = 0; step <= o.steps; step++) {
        look(toy, best, &climb);
        curves_add(c, seed, isinf(o.epsilon) ? 0 : o.epsilon, step, symbols, climb.reached,
                   climb.reward, climb.kl, climb.kl_best, climb.ceiling, climb.share,
                   u.largest_ratio);
        if (run) run_progress(run, step, o.steps, "%.2f%% of the way", 100 * climb.share);
        if (step == o.steps || run_stopped()) break;
        u = learn(toy, f, r, seed);
        symbols += rollout_rows(r);
    }
    if (run) run_progress_end(run);
    ppo_free(f);
    rollout_free(r);
    free(best);
    return climb;
}
