/* ceiling.c: see ceiling.h. */
#include "ceiling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* A toy takes large steps; that they shrink to nothing brings the last percent. */
static const PpoOptions options = {
    .advantage = {.kind = ADVANTAGE_GAE, .gamma = 1, .lambda = 0.95, .whiten = true},
    .epsilon = 0.2,
    .epochs = 4,
    .minibatches = 4,
    .stop_kl = 0.1,
    .lr = 1e-2,
    .last_lr = 0,
    .steps = CEILING_STEPS,
    .beta2 = 0.99,
    .clip = 1,
    .critic = {.lr = 1e-2, .beta2 = 0.99, .clip = 1}};

Curves *ceiling_curves(void)
{
    return curves_new("seed,step,symbols,objective,reward,kl,kl_best,ceiling,share");
}

/* What is exactly so, of the policy as it is. */
static void look(Toy *toy, const double *best, Climb *climb)
{
    toy_look(toy);
    climb->reached = oracle_objective(toy->oracle, toy->beta);
    climb->share = (climb->reached - climb->start) / (climb->ceiling - climb->start);
    climb->kl_best = oracle_kl_to(toy->oracle, best);
}

/* The loop of this chapter, on texts of at most five letters. */
static double learn(Toy *toy, Ppo *f, Rollout *r, int seed)
{
    Error err;
    uint64_t draw = (uint64_t)seed << 32 | (uint64_t)f->step;
    rollout_draw(r, f->policy, draw);
    REQUIRE(reward_score(&toy->reward, r, &err), "%s", err.text);
    rollout_score(r, toy->reference, f->activations, r->logprob_ref);
    rollout_rewards(r, toy->beta);
    ppo_update(f, r, draw);
    return rollout_rows(r);
}

Climb ceiling_climb(Toy *toy, int seed, Curves *c, Run *run)
{
    Oracle *q = toy->oracle;
    int longest = q->all->longest;
    size_t size = sizeof(real) * toy->policy->size;
    double *best = NEW(double, rollout_texts(q->all)), symbols = 0;
    memcpy(toy->policy->weights.base, toy->reference->weights.base, size);
    Ppo *f = ppo_new(toy->policy, &options, &toy->vocabulary, CEILING_TEXTS, longest);
    Rollout *r = rollout_new(&toy->shape, &toy->vocabulary, CEILING_TEXTS, longest);

    toy_look(toy);
    Climb climb = {.start = oracle_objective(q, toy->beta),
                   .ceiling = toy->beta * oracle_best(q, toy->beta, best)};
    for (int step = 0; step <= CEILING_STEPS; step++) {
        look(toy, best, &climb);
        curves_add(c, seed, step, symbols, climb.reached, oracle_reward(q), oracle_kl(q),
                   climb.kl_best, climb.ceiling, climb.share);
        if (run) run_progress(run, step, CEILING_STEPS, "%.2f%% of the way", 100 * climb.share);
        if (step == CEILING_STEPS || run_stopped()) break;
        symbols += learn(toy, f, r, seed);
    }
    if (run) run_progress_end(run);
    ppo_free(f);
    rollout_free(r);
    free(best);
    return climb;
}

void ceiling_print(const Climb *climb, double beta, int seed)
{
    printf("seed %d: J_beta from %.4f to %.4f, ceiling beta log Z = %.4f: %.2f%% of the way\n",
           seed, climb->start, climb->reached, climb->ceiling, 100 * climb->share);
    printf("        what is missing is %.6f, and beta KL(pi || pi*) is %.6f\n",
           climb->ceiling - climb->reached, beta * climb->kl_best);
}
