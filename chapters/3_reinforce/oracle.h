/* oracle.h: exact answers, by listing every text there is.
 *
 * With 4 symbols and texts of at most 5 there are 364 texts. The oracle lays all of them out as one
 * rollout, asks the real transformer for the probability of each, and sums: expectations are exact,
 * so an estimator can be held against what it claims to estimate, and its variance is a number and
 * not a guess. Texts end as those of a rollout do: by the end symbol or at the length limit.
 *
 *     Oracle *o = oracle_new(&shape, &vocabulary, 5, 64);
 *     reward_score(reward, o->all, &err);          R of every text
 *     rollout_compare(o->all, reference, o->activations);
 *     double one = oracle_look(o, policy);         probabilities; their sum is 1
 *     rollout_kl_sampled(o->all);
 *     rollout_rewards(o->all, beta);               rewards per symbol
 *     double J = oracle_reward(o);
 *
 * Book: chapter 3, "An oracle". */
#ifndef ORACLE_H
#define ORACLE_H

#include "rollout.h"

typedef struct {
    Rollout *all; /* every text, once */
    double *p;    /* (texts) its probability under the policy last looked at */
    Activations *activations;
    double beta;  /* estimators have exact KL: beta sum_t grad KL_t is added to what their weights
                     make; 0: by default, their weights say it all */
    Matrix score; /* (rows, parameters) grad log pi(x_t|s_t), once oracle_scores has been called */
    Matrix slope; /* (rows, parameters) grad KL_t, the same */
    Arena arena;
    Rollout *batch; /* room for the texts that an estimator sees */
    int *origin;    /* private: for each text of the batch, which of all it is */
} Oracle;

/* batch: the most texts that oracle_estimate will draw at once. */
Oracle *oracle_new(const TransformerShape *s, const Vocabulary *v, int longest, int batch);
void oracle_free(Oracle *o);

/* p and all->logprob_old under this policy. Returns the sum of p. */
double oracle_look(Oracle *o, const Transformer *policy);

/* ---- exact expectations under the policy last looked at ---------------------------------------
 * R is all->reward; the reference is all->logprob_ref. */
double oracle_reward(const Oracle *o);                 /* J = E[R] */
double oracle_kl(const Oracle *o);                     /* KL(pi || pi_ref), nats */
double oracle_objective(const Oracle *o, double beta); /* J_beta = E[R] - beta KL(pi || pi_ref) */

/* The best that any policy can do for J_beta, and its value:
 *
 *   pi*(y) = pi_ref(y) e^{R(y)/beta} / Z,   Z = sum_y pi_ref(y) e^{R(y)/beta}
 *   beta log Z - J_beta(pi) = beta KL(pi || pi*) >= 0
 *
 * best (texts), unless NULL, gets log pi*. Returns log Z. */
double oracle_best(const Oracle *o, double beta, double *best);

/* KL(pi || q) where q is given by its log-probabilities (texts). */
double oracle_kl_to(const Oracle *o, const double *log_q);

/* ---- estimators -------------------------------------------------------------------------------
 * An estimator is a function that fills the weights of a batch from its rewards. Its gradient is
 * that of the loss, -J, as everywhere. */
typedef void (*WeightsFunction)(Rollout *batch, void *arg);

/* The expected gradient of an estimator that sees one text at a time, by one forward and backward
 * pass, into policy->gradients. With weights_total it is -grad J_beta, of the beta that the rewards
 * have in them. */
void oracle_gradient(Oracle *o, Transformer *policy, WeightsFunction weights, void *arg);

/* grad log pi and grad KL of every row, a backward pass each: what follows needs them. */
void oracle_scores(Oracle *o, Transformer *policy);

/* sum_k Var(g_k), over the parameters k, of the same estimator. Exact. */
double oracle_variance(Oracle *o, WeightsFunction weights, void *arg);

/* The same for an estimator that sees a batch: `draws` batches are drawn, with the exact
 * probabilities. bias is the distance of the mean gradient from `gradient` (parameters), or of zero
 * where that is NULL. */
typedef struct {
    double variance; /* unbiased estimate from the draws */
    double bias;
    double bias_error; /* what the distance would be by chance alone: sqrt(variance / draws) */
} Estimate;

Estimate oracle_estimate(Oracle *o, WeightsFunction weights, void *arg, int batch, int draws,
                         uint64_t seed, const real *gradient);

#endif
