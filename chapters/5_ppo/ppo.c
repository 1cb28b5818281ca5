/* ppo.c: see ppo.h. */
#include "ppo.h"

#include <math.h>
#include <stdlib.h>

#include "error.h"
#include "kl.h"
#include "numeric.h"
#include "reinforce.h"
#include "threads.h"

/* ---- the weights: all there is to this chapter ---------------------------------------------- */

/* w_t = r_t A_t, or 0 once clip(r_t, 1-eps, 1+eps) A_t is the smaller */
void weights_clip(Rollout *r, const Slice *some, double epsilon, ClipStats *stats)
{
    int rows = rollout_rows(r);
    for (int n = some->row; n < some->row + some->rows; n++) {
        double log_ratio = r->logprob[n] - r->logprob_old[n];
        double ratio = real_exp((real)log_ratio), A = r->weights[n];
        double clipped = fmin(fmax(ratio, 1 - epsilon), 1 + epsilon);
        bool binds = clipped * A < ratio * A;
        r->weights[n] = (real)(binds ? 0 : ratio * A);

        stats->loss -= binds ? clipped * A : ratio * A;
        stats->approx_kl += (ratio - 1 - log_ratio) / rows;
        stats->clip_fraction += (ratio != clipped) / (double)rows;
        stats->largest_ratio = fmax(stats->largest_ratio, ratio);
    }
}

/* dlogits_j += c p_j (log p_j + H) */
void entropy_bonus(Matrix dlogits, Matrix probs, double c, double *total)
{
    for (int n = 0; n < probs.rows; n++) {
        const real *p = mat_row(probs, n);
        real *d = mat_row(dlogits, n), H = entropy_row(p, probs.cols);
        *total += H;
        if (c == 0) continue;
        for (int j = 0; j < probs.cols; j++)
            d[j] += p[j] > 0 ? (real)c * p[j] * (real_log(p[j]) + H) : 0;
    }
}

/* ---- learning from one rollout -------------------------------------------------------------- */

/* Of exactly two threads one learns for the policy and one for the critic. */
static bool side_by_side(void)
{
    return threads_count() == 2;
}

Ppo *ppo_new(Transformer *policy, const PpoOptions *options, const Vocabulary *v, int texts,
             int longest)
{
    REQUIRE(options->minibatches >= 1 && options->minibatches <= texts,
            "%d minibatches of %d texts", options->minibatches, texts);
    int share = (texts + options->minibatches - 1) / options->minibatches, rows = share * longest;
    int threads = threads_count(), learning = side_by_side() ? 1 : threads;
    Ppo *f = NEW(Ppo, 1);
    f->options = *options;
    f->policy = policy;
    f->critic = critic_new(policy, &options->critic, rows);
    f->adam = adam_new(policy->size, (AdamOptions){0.9, options->beta2, 1e-8, 0});
    f->activations =
        activations_new(&policy->shape, rollout_slice_rows(rows, longest, learning), true);
    f->scoring = activations_new(&policy->shape, rollout_slice_rows(rows, longest, threads), false);
    f->minibatch = rollout_new(&policy->shape, v, share, longest);
    arena_matrix(&f->arena, rows, policy->shape.channels); /* counts */
    arena_reserve(&f->arena);
    f->dx = arena_matrix(&f->arena, rows, policy->shape.channels);
    f->order = NEW(int, texts);
    return f;
}

void ppo_free(Ppo *f)
{
    if (!f) return;
    critic_free(f->critic);
    adam_free(&f->adam);
    activations_free(f->activations);
    activations_free(f->scoring);
    rollout_free(f->minibatch);
    arena_free(&f->arena);
    free(f->order);
    free(f);
}

void ppo_weights(Ppo *f, Rollout *r)
{
    if (f->options.beta != 0) rollout_kl(r, f->policy, f->scoring); /* else nobody pays for it */
    rollout_rewards(r, f->options.beta);
    critic_values(f->critic, r, r->values);
    advantage_fill(r, &f->options.advantage);
    f->scale = weights_of_advantages(r, &f->options.advantage);
}

double ppo_gradient(Ppo *f, Rollout *batch, ClipStats *stats, double *entropy)
{
    Transformer *policy = f->policy;
    Activations *a = f->activations;
    double N = rollout_texts(batch), beta = f->scale * f->options.beta / N;
    double c = f->scale * f->options.entropy / N;
    double kl = 0, H = 0; /* sums over all rows */
    const Batch *all = &batch->rows->batch;
    Matrix dx = mat_rows(f->dx, 0, batch_rows(all));
    *stats = (ClipStats){0};
    weights_mean(batch);

    for (Slice s = {0}; rollout_next(batch, a, &s);) {
        const int *x = batch->rows->targets + s.row;
        Matrix log_ref = mat_rows(batch->log_ref, s.row, s.rows);

        /* forward: how probable is now what was drawn? */
        rollout_score_slice(batch, &s, policy, a, batch->logprob);

        /* what was each symbol worth, and does it still pay? */
        weights_clip(batch, &s, f->options.epsilon, stats);

        /* dlogits_t = w_t (softmax - onehot(x_t)) + beta grad KL_t - c grad H_t, and backward */
        mat_zero(a->dlogits);
        softmax_gradient(a->dlogits, a->probs, x, batch->weights + s.row);
        kl_gradient(a->dlogits, a->probs, log_ref, beta, &kl);
        entropy_bonus(a->dlogits, a->probs, c, &H);
        transformer_backward_slice(policy, a, &s.batch, a->dlogits, mat_rows(dx, s.row, s.rows));
    }
    embedding_gradient(policy->d.wte, policy->d.wpe, all->ids, all->positions, dx);
    *entropy = H / rollout_rows(batch);
    return stats->loss + beta * kl - c * H;
}

/* What a minibatch says, before anything moves. */
typedef struct {
    double policy_loss, value_loss, entropy;
    ClipStats clip;
} Learnt;

static void policy_learn(Ppo *f, Learnt *l)
{
    activations_pack(f->activations, f->policy);
    l->policy_loss = ppo_gradient(f, f->minibatch, &l->clip, &l->entropy);
    activations_unpack(f->activations);
}

static void value_learn(Ppo *f, Learnt *l)
{
    l->value_loss = critic_learn(f->critic, f->minibatch);
}

/* The gradients of policy and critic. Neither reads what the other writes: the policy changes the
 * minibatch's logprob and weights, which are nothing to the critic. So of two threads each takes
 * one, always the same, whose numbers it has near; more threads share out the passes of both. */
static Learnt learn(Ppo *f)
{
    void (*const both[])(Ppo *, Learnt *) = {policy_learn, value_learn};
    Learnt l = {0};
    if (side_by_side()) {
#pragma omp parallel for schedule(static, 1)
        for (int i = 0; i < 2; i++) both[i](f, &l);
    } else {
        for (int i = 0; i < 2; i++) both[i](f, &l);
    }
    return l;
}

static double policy_step(Ppo *f)
{
    const PpoOptions *o = &f->options;
    real *gradient = f->policy->gradients.base;
    double lr = learning_rate(f->step, 0, o->steps, o->lr, o->last_lr);
    double norm = gradient_clip(gradient, f->policy->size, o->clip);
    adam_step(&f->adam, f->policy->weights.base, gradient, 0, lr);
    return norm;
}

/* Fisher and Yates: every order is as likely as any other. */
static void shuffle(int *order, int n, Rng *rng)
{
    for (int i = 0; i < n; i++) {
        int j = rng_below(rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

PpoStep ppo_update(Ppo *f, Rollout *r, uint64_t seed)
{
    const PpoOptions *o = &f->options;
    PpoStep step = {0};
    Rng rng = rng_stream(seed, (uint64_t)rollout_texts(r)); /* no text was drawn from it */
    ppo_weights(f, r);
    step.explained_variance = explained_variance(r, o->advantage.gamma);

    int looked_at = 0;
    for (int i = 0; i < o->epochs * o->minibatches; i++) {
        if (i % o->minibatches == 0) shuffle(f->order, rollout_texts(r), &rng);
        rollout_share(f->minibatch, r, f->order, i % o->minibatches, o->minibatches);

        transformer_zero_gradients(f->policy);
        Learnt l = learn(f);
        if (looked_at++ == 0) step.entropy = l.entropy;
        step.policy_loss += l.policy_loss;
        step.approx_kl = l.clip.approx_kl;
        step.clip_fraction += l.clip.clip_fraction;
        step.largest_ratio = fmax(step.largest_ratio, l.clip.largest_ratio);
        if (l.clip.approx_kl > o->stop_kl) break;

        step.gradient_norm += policy_step(f);
        step.value_loss += l.value_loss;
        critic_step(f->critic);
        step.updates++;
    }
    f->step++;
    step.policy_loss /= looked_at;
    step.clip_fraction /= looked_at;
    if (step.updates > 0) step.gradient_norm /= step.updates;
    if (step.updates > 0) step.value_loss /= step.updates;
    return step;
}
