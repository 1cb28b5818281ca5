/* lambda.c: see lambda.h. */
#include "lambda.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adam.h"
#include "reinforce.h"

/* ---- critics -------------------------------------------------------------------------------- */

/* Do two texts share their first t symbols, so that both pass through one state s_t? */
static bool same_state(const Rollout *r, int one, int other, int t)
{
    if (rollout_length(r, other) <= t) return false;
    const int *x = r->rows->targets;
    return memcmp(x + rollout_first(r, one), x + rollout_first(r, other),
                  sizeof(int) * (size_t)t) == 0;
}

/* Texts are listed in order, so those that pass through a state stand together. */
static int last_through(const Rollout *r, int text, int t)
{
    while (text + 1 < rollout_texts(r) && same_state(r, text, text + 1, t)) text++;
    return text;
}

/* Calls visit for every state: its time t, and the texts first .. last that pass through it. */
typedef void StateVisitor(Oracle *o, int t, int first, int last, void *arg);

static void for_each_state(Oracle *o, StateVisitor *visit, void *arg)
{
    const Rollout *all = o->all;
    for (int t = 0; t < all->longest; t++)
        for (int i = 0; i < rollout_texts(all); i++) {
            if (rollout_length(all, i) <= t) continue;
            int last = last_through(all, i, t);
            visit(o, t, i, last, arg);
            i = last;
        }
}

/* V(s_t) = sum p R_t / sum p, over the texts that pass through s_t */
static void expect(Oracle *o, int t, int first, int last, void *to_go)
{
    Rollout *all = o->all;
    const double *R = to_go;
    double sum = 0, p = 0;
    for (int i = first; i <= last; i++) {
        sum += o->p[i] * R[rollout_first(all, i) + t];
        p += o->p[i];
    }
    for (int i = first; i <= last; i++) all->values[rollout_first(all, i) + t] = (real)(sum / p);
}

void exact_values(Oracle *o, double gamma)
{
    Rollout *all = o->all;
    double *to_go = NEW(double, rollout_rows(all));
    for (int i = 0; i < rollout_texts(all); i++) {
        double R = 0;
        for (int n = rollout_last(all, i); n >= rollout_first(all, i); n--)
            to_go[n] = R = all->rewards[n] + gamma * R;
    }
    for_each_state(o, expect, to_go);
    free(to_go);
}

typedef struct {
    double size;
    Rng rng;
} Noise;

static void disturb(Oracle *o, int t, int first, int last, void *noise)
{
    Noise *n = noise;
    double error = n->size * rng_normal(&n->rng);
    for (int i = first; i <= last; i++) o->all->values[rollout_first(o->all, i) + t] += (real)error;
}

void disturb_values(Oracle *o, double size, uint64_t seed)
{
    Noise noise = {size, rng_stream(seed, 0)};
    for_each_state(o, disturb, &noise);
}

/* ---- bias and variance -------------------------------------------------------------------- */

void weigh_advantage(Rollout *batch, void *options)
{
    advantage_fill(batch, options);
    weights_of_advantages(batch, options);
    weights_mean(batch);
}

static void criticise(Oracle *o, CriticKind kind, uint64_t seed)
{
    exact_values(o, 1);
    if (kind == CRITIC_WRONG) disturb_values(o, 0.2, seed);
    if (kind == CRITIC_ZERO) memset(o->all->values, 0, sizeof(real) * (size_t)rollout_rows(o->all));
}

static double distance(const real *a, const real *b, size_t size)
{
    double square = 0;
    for (size_t k = 0; k < size; k++) square += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
    return sqrt(square);
}

/* One critic, lambda from 0 to 1. */
static void study_critic(Curves *c, Toy *toy, CriticKind kind, const real *gradient, int batch,
                         int texts, uint64_t seed, Run *run)
{
    enum { STEPS = 10, ALL = CRITICS * (STEPS + 1) };
    Oracle *o = toy->oracle;
    size_t size = toy->policy->size;
    double length = gradient_norm(gradient, size);
    AdvantageOptions options = {ADVANTAGE_GAE, .gamma = 1};
    criticise(o, kind, seed);
    for (int i = 0; i <= STEPS && !run_stopped(); i++) {
        options.lambda = i / (double)STEPS;
        oracle_gradient(o, toy->policy, weigh_advantage, &options);
        double bias = distance(toy->policy->gradients.base, gradient, size);
        double variance = oracle_variance(o, weigh_advantage, &options) / batch;
        Estimate e =
            oracle_estimate(o, weigh_advantage, &options, batch, texts / batch + 2, seed, gradient);
        curves_add(c, kind, options.lambda, variance, e.variance, bias, e.bias, e.bias_error,
                   length);
        run_progress(run, kind * (STEPS + 1) + i + 1, ALL, "gradients, lambda %.1f",
                     options.lambda);
    }
}

Curves *lambda_study(Toy *toy, int batch, int texts, uint64_t seed, Run *run)
{
    Curves *c =
        curves_new("critic,lambda,variance,measured,bias,measured_bias,bias_error,gradient");
    AdvantageOptions truth = {ADVANTAGE_TOTAL, .gamma = 1}; /* with V = 0: chapter 3's */
    size_t size = toy->policy->size;
    real *gradient = NEW(real, size);
    criticise(toy->oracle, CRITIC_ZERO, seed);
    oracle_gradient(toy->oracle, toy->policy, weigh_advantage, &truth);
    memcpy(gradient, toy->policy->gradients.base, size * sizeof(real));
    oracle_scores(toy->oracle, toy->policy);
    for (int kind = 0; kind < CRITICS; kind++)
        study_critic(c, toy, (CriticKind)kind, gradient, batch, texts, seed, run);
    run_progress_end(run);
    free(gradient);
    return c;
}

void lambda_print(const Curves *c, int batch)
{
    static const char *const critics[] = {"right", "knows nothing", "wrong"};
    printf("\nthe gradient of %d texts: its variance, and how far its mean is from the exact one, "
           "which is %.3f long\n",
           batch, curves_at(c, 0, "gradient"));
    printf("  %-13s %6s %9s %9s %9s %19s\n", "critic", "lambda", "variance", "measured", "bias",
           "measured (chance)");
    for (int i = 0; i < c->rows; i++) {
        int tenths = (int)lround(10 * curves_at(c, i, "lambda"));
        if (tenths % 2 != 0) continue; /* half of the rows say enough */
        printf("  %-13s %6.1f %9.5f %9.5f %9.5f %9.5f (%.5f)\n",
               critics[(int)curves_at(c, i, "critic")], curves_at(c, i, "lambda"),
               curves_at(c, i, "variance"), curves_at(c, i, "measured"), curves_at(c, i, "bias"),
               curves_at(c, i, "measured_bias"), curves_at(c, i, "bias_error"));
    }
}
