/* actor_critic.c: see actor_critic.h. */
#include "actor_critic.h"

#include <stdlib.h>

#include "error.h"
#include "kl.h"
#include "reinforce.h"

ActorCritic *actor_critic_new(Transformer *policy, const ActorCriticOptions *options,
                              const Vocabulary *v, int texts, int longest)
{
    REQUIRE(options->minibatches >= 1 && options->minibatches <= texts,
            "%d minibatches of %d texts", options->minibatches, texts);
    int share = (texts + options->minibatches - 1) / options->minibatches; /* of a minibatch */
    ActorCritic *f = NEW(ActorCritic, 1);
    f->options = *options;
    f->policy = policy;
    f->critic = critic_new(policy, &options->critic, share * longest);
    f->adam = adam_new(policy->size, (AdamOptions){0.9, options->beta2, 1e-8, 0});
    f->activations = activations_new(&policy->shape, texts * longest, true);
    f->minibatch = rollout_new(&policy->shape, v, share, longest);
    return f;
}

void actor_critic_free(ActorCritic *f)
{
    if (!f) return;
    critic_free(f->critic);
    adam_free(&f->adam);
    activations_free(f->activations);
    rollout_free(f->minibatch);
    free(f);
}

/* w_t = A_t / N */
void actor_critic_weights(ActorCritic *f, Rollout *r)
{
    critic_values(f->critic, r, r->values);
    advantage_fill(r, &f->options.advantage);
    f->scale = weights_of_advantages(r, &f->options.advantage);
    weights_mean(r);
}

/* The step of chapter 3's reinforce_update; returns the gradient's norm before clipping. */
static double actor_step(ActorCritic *f, Rollout *r)
{
    Activations *a = f->activations;
    Transformer *policy = f->policy;
    const ActorCriticOptions *o = &f->options;

    /* dlogits_t = w_t (softmax - onehot(x_t)) + scale beta/N grad KL_t, and backward */
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, r->rows->targets, r->weights);
    kl_gradient(a->dlogits, a->probs, r->log_ref, f->scale * o->beta / rollout_texts(r), NULL);
    transformer_zero_gradients(policy);
    transformer_backward(policy, a, &r->rows->batch, a->dlogits);

    /* a step */
    real *gradient = policy->gradients.base;
    double norm = gradient_clip(gradient, policy->size, o->clip);
    double lr = learning_rate(f->adam.steps, 0, o->steps, o->lr, o->last_lr);
    adam_step(&f->adam, policy->weights.base, gradient, 0, lr);
    return norm;
}

static void critic_steps(ActorCritic *f, const Rollout *r, ActorCriticStep *step)
{
    int M = f->options.minibatches, steps = f->options.critic_epochs * M;
    for (int i = 0; i < steps; i++) {
        double norm;
        rollout_share(f->minibatch, r, NULL, i % M, M);
        step->value_loss += critic_update(f->critic, f->minibatch, &norm) / steps;
        step->critic_gradient_norm += norm / steps;
    }
}

ActorCriticStep actor_critic_update(ActorCritic *f, Rollout *r)
{
    ActorCriticStep step = {0};

    /* forward: how probable is now what was drawn, and how far is that from the reference? */
    rollout_score(r, f->policy, f->activations, r->logprob);
    kl_rows(r->kl, f->activations->probs, r->log_ref);
    step.entropy = mean_entropy(f->activations->probs);

    /* what was each symbol worth? */
    rollout_rewards(r, f->options.beta);
    actor_critic_weights(f, r);
    step.explained_variance = explained_variance(r, f->options.advantage.gamma);

    /* the actor learns from the critic, and the critic from what came */
    step.gradient_norm = actor_step(f, r);
    critic_steps(f, r, &step);
    return step;
}
