/* advantage.h: was a symbol better or worse than what was expected of its place?
 *
 * V(s_t) is what the critic expects to be earned from the state s_t on, before the symbol x_t. What
 * was earned is
 *
 *   R_t = sum_{s >= t} gamma^(s-t) r_s
 *
 * and the advantage A_t says how far the symbol has moved it. The four functions differ in how much
 * of the future they see with their own eyes, and how much they believe the critic. After a text's
 * last symbol nothing is to come, so V is 0 there, also where the text was cut at the length limit:
 * that counts as an end, as it does for the reward.
 *
 * All read r->rewards and r->values and fill r->advantages, which stay as they are: the critic's
 * target is A_t + V(s_t). What is to be weighed, w_t, is made from a copy. With chapter 3's
 * weights_mean at the end,
 *
 *   critic_values(critic, r, r->values);
 *   advantage_gae(r, 1, 0.95);
 *   weights_advantage(r);        w_t = A_t
 *   weights_whiten(r);           w_t = (w_t - mean) / deviation
 *   weights_mean(r);             w_t = w_t / N
 *
 * Source: Schulman et al. 2016 for GAE; Sutton 1988 for temporal differences. Book: chapter 4. */
#ifndef ADVANTAGE_H
#define ADVANTAGE_H

#include "rollout.h"

/* A_t = R(tau) - V(s_t), R(tau) = sum_u r_u: the whole text's reward, past and future alike. Right
 * on average, but what was earned before t is noise, until a critic that is trained towards R(tau)
 * has learnt to expect that, too. Never discounted. */
void advantage_total(Rollout *r);

/* A_t = R_t - V(s_t) */
void advantage_to_go(Rollout *r, double gamma);

/* A_t = delta_t = r_t + gamma V(s_{t+1}) - V(s_t), the temporal difference: one step is seen, the
 * rest is the critic's word. */
void advantage_td(Rollout *r, double gamma);

/* A_t = sum_{s >= t} (gamma lambda)^(s-t) delta_s   =>   A_t = delta_t + gamma lambda A_{t+1}
 *
 * lambda = 0 is the temporal difference, lambda = 1 the reward to go, whatever V is. */
void advantage_gae(Rollout *r, double gamma, double lambda);

typedef enum { ADVANTAGE_TOTAL, ADVANTAGE_TO_GO, ADVANTAGE_TD, ADVANTAGE_GAE } AdvantageKind;

typedef struct {
    AdvantageKind kind;
    double gamma;  /* discount per symbol, 1: none */
    double lambda; /* of ADVANTAGE_GAE */
    bool whiten;   /* the weights made from the advantages */
} AdvantageOptions;

/* One of the four, by the options. */
void advantage_fill(Rollout *r, const AdvantageOptions *options);

/* ---- weights ------------------------------------------------------------------------------ */

/* w_t = A_t */
void weights_advantage(Rollout *r);

/* w_t = (w_t - mean) / deviation, over all rows of the batch, the end symbols included (there is no
 * padding to leave out). Once per batch, before it is cut in minibatches. The deviation is that of
 * the rows themselves (divided by their number); fewer than two rows, or rows that are all alike (a
 * deviation of at most 1e-8), stay as they are: there is no scale to bring them to.
 * Returns what they were multiplied by: all that stands beside them in the loss must be, too. */
double weights_whiten(Rollout *r);

/* The two above, the second if the options want it. Returns the scale, 1 without it. */
double weights_of_advantages(Rollout *r, const AdvantageOptions *options);

/* ---- how good is the critic? --------------------------------------------------------------- */

/* 1 - Var(R_t - V(s_t)) / Var(R_t), over the rows: 1 for a critic that foresees everything, 0 for
 * one that knows no more than a constant, below 0 for one that is worse than that. NAN where all
 * R_t are the same (a variance of at most 1e-12). */
double explained_variance(const Rollout *r, double gamma);

#endif
