/* lambda.h: how much of the critic's word to take? Measured where the truth is known.
 *
 * GAE's lambda trades one evil for another: near 0 the critic's errors turn the gradient (bias),
 * near 1 the whole future's chance shakes it (variance). On the toy problem both are exact numbers,
 * for a critic that is right, one that has learnt nothing, and one that is wrong.
 * Book: chapter 4, "Bias and variance". */
#ifndef LAMBDA_H
#define LAMBDA_H

#include "advantage.h"
#include "curves.h"
#include "toy.h"

/* The exact V(s_t) = E[R_t | s_t] of every state, into all->values: the mean reward to go of the
 * texts that begin alike, weighed by their probabilities. oracle_look and rollout_rewards first. */
void exact_values(Oracle *o, double gamma);

/* Moves V by `size` times a normal number for each state, the same for every text that passes
 * through it: a critic may be wrong, but it can only know the state. */
void disturb_values(Oracle *o, double size, uint64_t seed);

/* The estimator as the oracle wants it: w_t = A_t / N by the options, with the values that the rows
 * bring along. options: an AdvantageOptions. */
void weigh_advantage(Rollout *batch, void *options);

typedef enum { CRITIC_RIGHT, CRITIC_ZERO, CRITIC_WRONG, CRITICS } CriticKind;

/* The toy of this study. */
#define LAMBDA_REWARD "contains:ab"

/* Fills a table critic,lambda,variance,measured,bias,measured_bias,bias_error,gradient, a row each:
 * variance of the gradient of `batch` texts and distance of its mean from the exact gradient, both
 * exact, and both as `texts` drawn texts show them (bias_error: what such a distance would be by
 * chance alone); and the length of the exact gradient, to compare with. */
Curves *lambda_study(Toy *toy, int batch, int texts, uint64_t seed, Run *run);

void lambda_print(const Curves *c, int batch); /* on stdout */

#endif
