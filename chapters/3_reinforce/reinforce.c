/* reinforce.c: see reinforce.h. */
#include "reinforce.h"

#include <stdlib.h>

#include "error.h"
#include "kl.h"

/* ---- the weights: all there is to this chapter -------------------------------------------- */

/* w_t = sum_u r_u */
void weights_total(Rollout *r)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        double total = rollout_return(r, i);
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) r->weights[n] = (real)total;
    }
}

/* w_t = r_t + w_{t+1} */
void weights_to_go(Rollout *r)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        double to_go = 0;
        for (int n = rollout_last(r, i); n >= rollout_first(r, i); n--)
            r->weights[n] = (real)(to_go += r->rewards[n]);
    }
}

/* w_t -= b */
void weights_baseline(Rollout *r, Baseline *b)
{
    int N = rollout_texts(r);
    double sum = 0;
    for (int i = 0; i < N; i++) sum += rollout_return(r, i);
    for (int i = 0; i < N; i++) {
        double others = N > 1 ? (sum - rollout_return(r, i)) / (N - 1) : 0;
        double baseline[] = {
            [BASELINE_NONE] = 0, [BASELINE_BATCH] = others, [BASELINE_MOVING] = b->mean};
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++)
            r->weights[n] -= (real)baseline[b->kind];
    }
    /* only now, so that the average never holds the texts that it judges */
    double keep = b->batches++ ? b->memory : 0;
    b->mean = keep * b->mean + (1 - keep) * sum / N;
}

/* w_t /= N */
void weights_mean(Rollout *r)
{
    real N = (real)rollout_texts(r);
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] /= N;
}

/* ---- one step of learning ------------------------------------------------------------------- */

void reinforce_weights(Rollout *r, const ReinforceOptions *options, Baseline *b)
{
    if (options->credit == CREDIT_TOTAL)
        weights_total(r);
    else
        weights_to_go(r);
    weights_baseline(r, b);
    weights_mean(r);
}

Reinforce *reinforce_new(Transformer *policy, const ReinforceOptions *options, int rows)
{
    Reinforce *f = NEW(Reinforce, 1);
    f->options = *options;
    f->policy = policy;
    f->adam = adam_new(policy->size, (AdamOptions){0.9, options->beta2, 1e-8, 0});
    f->activations = activations_new(&policy->shape, rows, true);
    f->baseline = (Baseline){.kind = options->baseline, .memory = options->memory};
    return f;
}

void reinforce_free(Reinforce *f)
{
    if (!f) return;
    adam_free(&f->adam);
    activations_free(f->activations);
    free(f);
}

ReinforceStep reinforce_update(Reinforce *f, Rollout *r)
{
    ReinforceStep step = {0};
    Activations *a = f->activations;
    Transformer *policy = f->policy;
    const ReinforceOptions *o = &f->options;

    /* forward: how probable is now what was drawn, and how far is that from the reference? */
    rollout_score(r, policy, a, r->logprob);
    if (o->sampled)
        rollout_kl_sampled(r);
    else
        kl_rows(r->kl, a->probs, r->log_ref);
    step.entropy = mean_entropy(a->probs);

    /* what was each symbol worth? */
    rollout_rewards(r, o->beta);
    reinforce_weights(r, o, &f->baseline);

    /* dlogits_t = w_t (softmax - onehot(x_t)) + beta/N grad KL_t, and backward */
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, r->rows->targets, r->weights);
    if (!o->sampled)
        kl_gradient(a->dlogits, a->probs, r->log_ref, o->beta / rollout_texts(r), NULL);
    transformer_zero_gradients(policy);
    transformer_backward(policy, a, &r->rows->batch, a->dlogits);

    /* a step */
    real *gradient = policy->gradients.base;
    step.gradient_norm = gradient_clip(gradient, policy->size, o->clip);
    double lr = learning_rate(f->adam.steps, 0, o->steps, o->lr, o->last_lr);
    adam_step(&f->adam, policy->weights.base, gradient, 0, lr);
    return step;
}
