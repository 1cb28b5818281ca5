/* variance.c: see variance.h. */
#include "variance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weigh(Rollout *batch, void *weigher)
{
    const Weigher *w = weigher;
    Baseline resting = {w->options.baseline, .memory = 1, .mean = w->mean, .batches = 1};
    reinforce_weights(batch, &w->options, &resting);
}

/* Every a earns its 1 where it stands, and not at the end. */
static void pay_at_once(Rollout *r, double beta)
{
    int a = vocabulary_find(r->vocabulary, "a", 1);
    double *kept = NEW(double, rollout_texts(r));
    memcpy(kept, r->reward, sizeof(double) * (size_t)rollout_texts(r));
    memset(r->reward, 0, sizeof(double) * (size_t)rollout_texts(r));
    rollout_rewards(r, beta); /* the KL alone */
    for (int n = 0; n < rollout_rows(r); n++) r->rewards[n] += r->rows->targets[n] == a;
    memcpy(r->reward, kept, sizeof(double) * (size_t)rollout_texts(r));
    free(kept);
}

/* One credit with one baseline, at every batch size. */
static void study_one(Curves *c, Toy *toy, NoiseCredit credit, BaselineKind baseline,
                      const real *gradient, int largest, int texts, uint64_t seed)
{
    Oracle *o = toy->oracle;
    Weigher w = {.options = {.credit = credit == NOISE_TOTAL ? CREDIT_TOTAL : CREDIT_TO_GO,
                             .baseline = baseline},
                 .mean = oracle_objective(o, toy->beta)};
    bool alone = baseline != BASELINE_BATCH;
    double one = alone ? oracle_variance(o, weigh, &w) : NAN;
    for (int batch = alone ? 1 : 2; batch <= largest; batch *= 2) {
        Estimate e = oracle_estimate(o, weigh, &w, batch, texts / batch + 2, seed, gradient);
        curves_add(c, credit, baseline, batch, e.variance, one / batch, e.bias, e.bias_error);
    }
}

Curves *variance_study(Toy *toy, int largest_batch, int texts, uint64_t seed, Run *run)
{
    enum { BASELINES = 3, ALL = NOISE_CREDITS * BASELINES };
    Curves *c = curves_new("credit,baseline,batch,variance,expected,bias,bias_error");
    size_t size = toy->policy->size;
    real *gradient = NEW(real, size);
    Weigher w = {.options.credit = CREDIT_TOTAL};
    oracle_gradient(toy->oracle, toy->policy, weigh, &w);
    memcpy(gradient, toy->policy->gradients.base, size * sizeof(real));
    oracle_scores(toy->oracle, toy->policy);
    for (int i = 0; i < ALL && !run_stopped(); i++) {
        NoiseCredit credit = (NoiseCredit)(i / BASELINES);
        if (credit == NOISE_PAID_AT_ONCE) pay_at_once(toy->oracle->all, toy->beta);
        study_one(c, toy, credit, (BaselineKind)(i % BASELINES), gradient, largest_batch, texts,
                  seed);
        run_progress(run, i + 1, ALL, "variances of gradient estimates");
    }
    run_progress_end(run);
    toy_look(toy); /* the rewards as they were */
    free(gradient);
    return c;
}

void variance_print(const Curves *c)
{
    static const char *const credits[] = {"R(tau)", "to go", "to go, paid at once"};
    static const char *const baselines[] = {"none", "other texts", "moving average"};
    double last = 0;
    for (int i = 0; i < c->rows; i++) last = fmax(last, curves_at(c, i, "batch"));
    printf("\nvariance of the gradient of %.0f texts, summed over the weights\n", last);
    printf("  %-20s %-15s %9s %9s %26s\n", "credit", "baseline", "measured", "exact",
           "bias (by chance alone)");
    for (int i = 0; i < c->rows; i++) {
        if (curves_at(c, i, "batch") != last) continue;
        double exact = curves_at(c, i, "expected");
        printf("  %-20s %-15s %9.5f ", credits[(int)curves_at(c, i, "credit")],
               baselines[(int)curves_at(c, i, "baseline")], curves_at(c, i, "variance"));
        if (isnan(exact))
            printf("%9s", "");
        else
            printf("%9.5f", exact);
        printf(" %12.4f (%.4f)\n", curves_at(c, i, "bias"), curves_at(c, i, "bias_error"));
    }
}
