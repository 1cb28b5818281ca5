/* extensions.h: exercises that go on where the book stops. Each has a file of its own; nothing in
 * the chapters calls them. */
#ifndef EXTENSIONS_H
#define EXTENSIONS_H

#include "rollout.h"

/* REINFORCE, leave one out: every symbol of text i gets
 *
 *   w = (R_i - mean of R_j over the other texts j) / N,     R_i = sum of the rewards of its symbols
 *
 * and 0 where there is no other text. Source: Kool, van Hoof and Welling 2019; Ahmadian et al.
 * 2024. */
void weights_rloo(Rollout *r);

/* A reward: 1 if some word occurs exactly twice in the text, else 0. A word is a run of ASCII
 * letters and apostrophes; Hen and hen are the same. */
double twice_reward(const char *text);

/* A_t = r_t + gamma r_{t+1} + ... + gamma^{n-1} r_{t+n-1} + gamma^n V(s_{t+n}) - V(s_t), where the
 * text has so many symbols left; else all that is left of it, and no V. n >= 1. Reads rewards and
 * values, fills advantages. Book: chapter 4, "GAE". */
void advantage_n_step(Rollout *r, double gamma, int n);

/* Actor and critic on one trunk: after rollout_score(r, t, a, ...), adds to the gradients of t and
 * to dhead those of
 *
 *   L = -sum_t w_t log pi(x_t|s_t)  +  c / (2 rows) sum_t (V(s_t) - target_t)^2
 *   V(s_t) = hidden_t . head.w + head.b
 *
 * with w_t = r->weights. Reads a->hidden and a->probs. Returns the second term of L. */
double shared_gradient(Transformer *t, Activations *a, const Linear *head, Linear *dhead,
                       const Rollout *r, const real *targets, double c);

/* Group-relative weights: texts i, i+1, .. of each run of `group` texts are compared with one
 * another,
 *
 *   w = (R_i - mean of the group) / deviation of the group / N
 *
 * for every symbol of text i, the deviation being that of the group itself (divided by its number);
 * 0 where it is below 1e-8. group divides N, the number of texts. Source: Shao et al. 2024, who
 * also divide by the length of text i. */
void weights_group(Rollout *r, int group);

/* Direct preference optimisation: of each pair of texts 2i and 2i+1 somebody has preferred the
 * first. With h(y) = log pi(y) - log pi_ref(y), from logprob and logprob_ref,
 *
 *   L = -1/P sum over the P pairs of log sigma(beta (h(y_2i) - h(y_2i+1)))
 *   sigma(m) = 1/(1 + e^-m)
 *
 * whose gradient is the one gradient of this book: fills w_t, the same for all symbols of a text.
 * Returns L. Source: Rafailov et al. 2023. */
double weights_preference(Rollout *r, double beta);

#endif
