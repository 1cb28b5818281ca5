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

/* One credit with one baseline, at every batch size. */
static void study_one(Curves *c, Toy *toy, const Weigher *w, const real *gradient, int largest,
                      int texts, uint64_t seed)
{
    Oracle *o = toy->oracle;
    bool alone = w->options.baseline != BASELINE_BATCH;
    double one = alone ? oracle_variance(o, weigh, (void *)w) : NAN;
    for (int batch = alone ? 1 : 2; batch <= largest; batch *= 2) {
        Estimate e = oracle_estimate(o, weigh, (void *)w, batch, texts / batch + 2, seed, gradient);
        curves_add(c, w->options.credit, w->options.baseline, batch, e.variance, one / batch,
                   e.bias, e.bias_error);
    }
}

Curves *variance_study(Toy *toy, int largest_batch, int texts, uint64_t seed, Run *run)
{
    Curves *c = curves_new("credit,baseline,batch,variance,expected,bias,bias_error");
    Weigher w = {.mean = oracle_objective(toy->oracle, toy->beta)};
    size_t size = toy->policy->size;
    real *gradient = NEW(real, size);
    w.options.credit = CREDIT_TOTAL;
    oracle_gradient(toy->oracle, toy->policy, weigh, &w);
    memcpy(gradient, toy->policy->gradients.base, size * sizeof(real));
    oracle_scores(toy->oracle, toy->policy);
    for (int i = 0; i < 6 && !run_stopped(); i++) {
        w.options.credit = i / 3 ? CREDIT_TO_GO : CREDIT_TOTAL;
        w.options.baseline = (BaselineKind)(i % 3);
        study_one(c, toy, &w, gradient, largest_batch, texts, seed);
        run_progress(run, i + 1, 6, "variances of gradient estimates");
    }
    run_progress_end(run);
    free(gradient);
    return c;
}

void variance_print(const Curves *c, const Toy *toy, double gradient_norm)
{
    static const char *const credits[] = {"R(tau)", "to go"};
    static const char *const baselines[] = {"none", "batch", "moving"};
    double last = 0;
    for (int i = 0; i < c->rows; i++) last = fmax(last, curves_at(c, i, "batch"));
    printf("variance of the gradient of %.0f texts (the gradient itself: |g|^2 = %.5f)\n", last,
           gradient_norm * gradient_norm);
    printf("  %-8s %-9s %10s %10s %14s\n", "credit", "baseline", "measured", "exact",
           "bias/chance");
    for (int i = 0; i < c->rows; i++) {
        if (curves_at(c, i, "batch") != last) continue;
        double exact = curves_at(c, i, "expected");
        printf("  %-8s %-9s %10.6f ", credits[(int)curves_at(c, i, "credit")],
               baselines[(int)curves_at(c, i, "baseline")], curves_at(c, i, "variance"));
        if (isnan(exact))
            printf("%10s", "-");
        else
            printf("%10.6f", exact);
        printf(" %14.2f\n", curves_at(c, i, "bias") / curves_at(c, i, "bias_error"));
    }
    (void)toy;
}
