/* kl.h: how far a policy is from the reference, at every state, exactly; and its entropy.
 *
 * A drawn symbol shows log pi(x_t|s_t) - log pi_ref(x_t|s_t), one sample of the distance at s_t.
 * The whole distributions are at hand, though, and give the distance itself:
 *
 *   KL_t = sum_x pi(x|s_t) (log pi(x|s_t) - log pi_ref(x|s_t)) >= 0
 *
 * Its sum over the states of a text has the same mean as the sum of the samples. State by state it
 * has no noise of its own; for the whole sum less noise is the rule and no theorem. But its own
 * gradient is not zero on average, as a sample's is, so it stands beside the one of w_t:
 *
 *   grad KL(pi || pi_ref) = E[ sum_t ( grad KL_t + grad log pi(x_t|s_t) sum_{s > t} KL_s ) ]
 *   dKL/dlogits_j = p_j (log p_j - log q_j - KL)
 *
 * V is the number of symbols. Source: Amini, Vieira and Cotterell 2025. Book: chapter 3, "The
 * price, exactly". */
#ifndef KL_H
#define KL_H

#include "matrix.h"

/* log p, of probs (rows, V): -inf where p is 0. */
void log_probabilities(Matrix log_p, Matrix probs);

/* kl (rows), nats: KL(p || q) of every row, p from probs (rows, V), q as log_q (rows, V). Where
 * p = q as bits, it is exactly 0. */
void kl_rows(real *kl, Matrix probs, Matrix log_q);

/* The loss c sum_n KL_n:   dlogits_j += c p_j (log p_j - log q_j - KL).   *total += sum_n KL_n,
 * nats; total may be NULL. */
void kl_gradient(Matrix dlogits, Matrix probs, Matrix log_q, double c, double *total);

/* -sum_j p_j log p_j of one row (V), nats, where 0 log 0 = 0; and its mean over all rows. */
real entropy_row(const real *p, int V);
double mean_entropy(Matrix probs);

#endif
