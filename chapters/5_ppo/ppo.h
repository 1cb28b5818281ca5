/* ppo.h: many steps of learning from one rollout, with a clip on how far they pay.
 *
 * Texts are dear, so PPO learns from each batch several times over. After the first step, though,
 * the policy is no longer the one that wrote the texts, and the importance ratio
 *
 *   r_t = pi(x_t|s_t) / pi_old(x_t|s_t) = exp(logprob_t - logprob_old_t)
 *
 * (the paper's letter; not the reward r_t of rollout.h) makes up for it: what pi would now write
 * more often counts for more. That is trustworthy only while pi is near pi_old, so an advantage
 * pays no further than a ratio of 1 - eps or 1 + eps:
 *
 *   L^CLIP = 1/N sum_t min( r_t A_t, clip(r_t, 1-eps, 1+eps) A_t )     is maximised
 *
 * We go down the loss -L^CLIP. As grad r_t = r_t grad log pi(x_t|s_t), it has the gradient of this
 * book, dlogits_t = w_t (softmax - onehot(x_t)), where a positive weight raises the probability of
 * the symbol that was drawn:
 *
 *   w_t = r_t A_t / N  while the clip is inactive, 0 once it binds
 *
 *                   A_t > 0               A_t < 0
 *   r_t < 1-eps     r_t A_t: come back    0: low enough
 *   between         r_t A_t               r_t A_t
 *   r_t > 1+eps     0: high enough        r_t A_t: come back, with all the force of a large r_t
 *
 * Nothing binds the ratio itself: the clip only stops paying for more. With r_t = 1 everywhere, as
 * before the first step, w_t = A_t / N is chapter 4's. Source: Schulman et al. 2017, eq. 7, who
 * maximise. Book: chapter 5. */
#ifndef PPO_H
#define PPO_H

#include "advantage.h"
#include "critic.h"

/* How far the policy is from the one that wrote the batch. */
typedef struct {
    double loss;      /* -L^CLIP; whitened, 0 over a whole rollout at ratio 1: no learning curve */
    double approx_kl; /* KL(pi_old || pi), nats per symbol, see below */
    double clip_fraction; /* share of symbols whose ratio is outside [1-eps, 1+eps] */
    double largest_ratio;
} ClipStats;

/* w_t  =>  r_t w_t, or 0 where the clip binds, in the rows of a slice of r. Reads r->logprob, of
 * the policy as it is now, and r->logprob_old. epsilon INFINITY: no clip.
 *
 * Adds to *stats, which the caller sets to {0} before the first slice: to the loss, the sum of
 * -min(r_t w_t, clip(r_t) w_t), w_t as it comes in, which for A_t / N (weights_mean) is -L^CLIP; to
 * approx_kl and clip_fraction, the sum over these rows divided by all rows of r. largest_ratio is
 * the largest so far.
 *
 * approx_kl is the mean of k3 = r_t - 1 - log r_t over symbols that pi_old drew. Its expectation is
 * exactly KL(pi_old || pi), as E_old[r_t] = 1, and the same holds for k1 = -log r_t; but k3 is
 * never negative, term by term (but for rounding), and less noisy while ratios are near 1, so a
 * threshold on it means something. Far from 1 it grows with r_t, and a single symbol can be all of
 * it. Source of the names: Schulman 2020, "Approximating KL divergence". */
void weights_clip(Rollout *r, const Slice *some, double epsilon, ClipStats *stats);

/* The bonus for an undecided policy: the loss -c sum_t H_t, H = -sum_j p_j log p_j, of probs
 * (rows, V).
 *
 *   dH/dlogits_j = -p_j (log p_j + H)   =>   dlogits_j += c p_j (log p_j + H)
 *
 * States are taken as given: what a symbol does to the entropy of those after it is left out.
 * c has the 1/N of weights_mean in it. *total += sum_t H_t, nats, where c is 0, too. */
void entropy_bonus(Matrix dlogits, Matrix probs, double c, double *total);

/* ---- learning from one rollout -------------------------------------------------------------- */

typedef struct {
    double beta; /* price of a nat of KL to the reference, in units of reward */
    AdvantageOptions advantage;
    double epsilon;  /* of the clip; INFINITY: none */
    int epochs;      /* passes over a rollout */
    int minibatches; /* steps in each: a minibatch is a share of the texts, in a new random order */
    double stop_kl;  /* approx_kl of a minibatch that ends the learning from this rollout */
    double entropy;  /* c, of the entropy bonus, in units of reward */
    double lr, last_lr; /* of the policy: falls from one to the other in a straight line */
    int steps;          /* rollouts in all; 0: the rate stays */
    double beta2;       /* of its AdamW; beta1 is 0.9, nothing decays */
    double clip;        /* largest norm of its gradient */
    CriticOptions critic;
} PpoOptions;

typedef struct {
    PpoOptions options;
    Transformer *policy;      /* not owned */
    Critic *critic;           /* begins as a copy of the policy with V = 0 */
    Adam adam;                /* fresh, as in chapter 3 */
    Activations *activations; /* of a slice of a minibatch */
    Activations *scoring;     /* light ones, of the policy and of others of its shape */
    Rollout *minibatch;
    Matrix dx;    /* (rows of the largest minibatch, C) the gradient of what the embedding gave */
    Arena arena;  /* of dx */
    int *order;   /* (texts) shuffled */
    double scale; /* of the rollout's weights: 1, or what whitening has multiplied them by */
    int step;     /* rollouts learnt from so far */
} Ppo;

/* v: the vocabulary of the rollouts to come; texts, longest: their most. */
Ppo *ppo_new(Transformer *policy, const PpoOptions *options, const Vocabulary *v, int texts,
             int longest);
void ppo_free(Ppo *f);

/* What the learning from one rollout says of itself. */
typedef struct {
    int updates;          /* steps taken, fewer than epochs * minibatches after an early stop */
    double policy_loss;   /* as ppo_gradient returns it, mean over the minibatches looked at */
    double entropy;       /* of the policy that wrote the texts: first minibatch */
    double approx_kl;     /* of the last minibatch, so of the policy almost as it is left */
    double clip_fraction; /* mean over the minibatches */
    double largest_ratio; /* of them all */
    double gradient_norm; /* of the policy, before clipping: mean over steps, 0 if there is none */
    double value_loss;    /* the critic's, mean over steps, 0 if there is none */
    double explained_variance; /* of the values that the advantages were made with */
} PpoStep;

/* Rewards per symbol, V, A_t and w_t = A_t, once for all epochs. */
void ppo_weights(Ppo *f, Rollout *r);

/* The gradient of the loss on one minibatch of N texts, whose weights are A_t, not yet divided by N
 * (they become w_t), added to policy->gradients:
 *
 *   -L^CLIP + scale/N sum_t (beta KL_t - c H_t)
 *
 * where scale, f->scale, is what whitening has multiplied the A_t by. The minibatch goes through
 * the model in slices, forward and backward each, and no bit depends on them. It has at most the
 * rows that ppo_new was told; its logprob are those of the policy as it is now. Returns the loss.
 * *stats becomes that of the minibatch, *entropy the mean of H_t. */
double ppo_gradient(Ppo *f, Rollout *batch, ClipStats *stats, double *entropy);

/* Epochs of minibatches over the next rollout, whose raw rewards and log_ref are known, the critic
 * learning beside the policy. seed: of the order of the texts. */
PpoStep ppo_update(Ppo *f, Rollout *r, uint64_t seed);

#endif
