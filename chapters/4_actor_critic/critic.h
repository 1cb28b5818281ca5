/* critic.h: a network that learns what to expect, V(s_t) = E[R_t | s_t].
 *
 * A transformer of its own, of the policy's shape, with a scalar head in place of the output layer:
 *
 *   V(s_t) = hidden_t . w + b
 *
 * It begins as a copy of the pretrained model, which already knows what the text so far says, and
 * its head at zero, so V = 0 everywhere: a critic that knows nothing claims nothing. Row n reads
 * x_{t-1} and what came before it, and x_t stands only in the targets: V(s_t) is the value of the
 * state before the symbol that the same row's weight is about. It learns by
 *
 *   L = 1/2 mean_t (V(s_t) - target_t)^2,   dV_t = (V(s_t) - target_t) / rows
 *
 * with an optimiser of its own; policy and critic share no weight. Contract: critic_values, then
 * the advantages, then critic_update, which brings V nearer to A_t + V_old(s_t).
 * Source: Barto, Sutton and Anderson 1983; Konda and Tsitsiklis 2000. Book: chapter 4. */
#ifndef CRITIC_H
#define CRITIC_H

#include "adam.h"
#include "rollout.h"

typedef struct {
    double lr;
    double beta2; /* of AdamW; beta1 is 0.9, nothing decays */
    double clip;  /* largest norm of the gradient, trunk and head together */
} CriticOptions;

typedef struct {
    CriticOptions options;
    Transformer *trunk; /* owned */
    Linear head, dhead; /* (C, 1) and its gradient, twins in memory */
    Arena head_weights, head_gradients;
    Adam trunk_adam, head_adam;
    Activations *activations;
    Matrix values, dvalues; /* (rows, 1) of the last forward pass, and their gradient */
    Matrix targets;         /* (rows, 1) of the last update */
    Arena results;
} Critic;

/* pretrained is copied. rows: the most that a batch will have. */
Critic *critic_new(const Transformer *pretrained, const CriticOptions *options, int rows);
void critic_free(Critic *c);

/* V(s_t) of every row (rows); values may be r->values. */
void critic_values(Critic *c, const Rollout *r, real *values);

/* The loss for these targets (rows), and its gradient, which is added to trunk and head: call
 * critic_zero_gradients before. The rollout goes through in slices: a gradient is a sum over rows,
 * in order, and no bit depends on them. */
double critic_gradient(Critic *c, const Rollout *r, const real *targets);
void critic_zero_gradients(Critic *c);

/* One step towards the targets r->advantages + r->values: lambda-returns where the advantages are
 * GAE's, rewards to go where they are R_t - V, and R(tau), the past included, where R(tau) - V.
 * r->values are those that the advantages were made with, so that minibatches and later epochs have
 * the same targets. Returns the loss before the step; *norm, unless NULL, gets the gradient's norm
 * before clipping. */
double critic_update(Critic *c, const Rollout *r, double *norm);

/* Its two halves: the gradient, which moves nothing and returns the loss, and the step with it,
 * which returns the gradient's norm. */
double critic_learn(Critic *c, const Rollout *r);
double critic_step(Critic *c);

#endif
