/* actor_critic.h: two networks learn from the same texts, one after the other.
 *
 * The actor is the policy, the critic says what was to be expected (critic.h), and the difference,
 * the advantage (advantage.h), is what a symbol was worth:
 *
 *   grad J = E[ sum_t grad log pi(x_t|s_t) A_t ]
 *   dlogits_t = w_t (softmax - onehot(x_t)),     w_t = A_t / N
 *
 * which is the gradient of chapter 3 with another w_t. A positive weight raises the probability of
 * the symbol that was drawn. Source: Sutton et al. 2000; Konda and Tsitsiklis 2000; Mnih et al.
 * 2016. Book: chapter 4. */
#ifndef ACTOR_CRITIC_H
#define ACTOR_CRITIC_H

#include "advantage.h"
#include "critic.h"

typedef struct {
    double beta; /* price of a nat of KL to the reference, in units of reward */
    AdvantageOptions advantage;
    double lr, last_lr; /* of the actor: falls from one to the other in a straight line */
    int steps;          /* in all; 0: the rate stays */
    double beta2;       /* of its AdamW; beta1 is 0.9, no weight decays */
    double clip;        /* largest norm of its gradient */
    CriticOptions critic;
    int critic_epochs; /* passes of the critic over a rollout */
    int minibatches;   /* its steps in each: a minibatch is a share of the texts */
} ActorCriticOptions;

typedef struct {
    ActorCriticOptions options;
    Transformer *policy; /* not owned */
    Critic *critic;      /* begins as a copy of the policy with V = 0 */
    Adam adam;           /* fresh, as in chapter 3 */
    Activations *activations;
    Rollout *minibatch;
    double scale; /* of the last weights: 1, or what whitening has multiplied them by */
} ActorCritic;

/* v: the vocabulary of the rollouts to come; texts, longest: their most. */
ActorCritic *actor_critic_new(Transformer *policy, const ActorCriticOptions *options,
                              const Vocabulary *v, int texts, int longest);
void actor_critic_free(ActorCritic *f);

/* V, A_t and w_t of a rollout whose rewards are known. */
void actor_critic_weights(ActorCritic *f, Rollout *r);

/* What a step says of itself. */
typedef struct {
    double entropy;              /* mean over the policy's distributions, nats per symbol */
    double gradient_norm;        /* of the actor, before clipping */
    double value_loss;           /* 1/2 mean (V - target)^2, mean over the critic's steps */
    double critic_gradient_norm; /* before clipping, mean over them */
    double explained_variance;   /* of the values that the advantages were made with */
} ActorCriticStep;

/* One step of the actor up J, then the critic's, of which there are more: it does no harm when it
 * learns from old texts as well as it can, while the actor's gradient is right for the policy that
 * wrote them and for no other. */
ActorCriticStep actor_critic_update(ActorCritic *f, Rollout *r);

#endif
