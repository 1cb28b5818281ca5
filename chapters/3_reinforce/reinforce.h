/* reinforce.h: what each symbol of a text was worth, as REINFORCE sees it.
 *
 * The expected reward J(theta) = E[R(tau)] of the texts tau that a policy writes has the gradient
 *
 *   grad J = E[ sum_t grad log pi(x_t|s_t) R(tau) ]
 *
 * which N drawn texts estimate by a mean. We go down the loss -J, so by the one gradient of this
 * book
 *
 *   dlogits_t = w_t (softmax - onehot(x_t)),     w_t = (credit_t - b) / N
 *
 * where a positive weight raises the probability of the symbol that was drawn. Everything this
 * chapter has to say is in w_t. Source: Williams 1992; Sutton et al. 2000. Book: chapter 3. */
#ifndef REINFORCE_H
#define REINFORCE_H

#include "adam.h"
#include "rollout.h"

/* credit_t = R(tau) = sum_u r_u: every symbol gets the whole reward of its text */
void weights_total(Rollout *r);

/* credit_t = R_t = sum_{s >= t} r_s: what was earned before a symbol is not its merit */
void weights_to_go(Rollout *r);

/* What a symbol's credit is compared with. A baseline must not know the symbol itself: then
 * E[b grad log pi] = b grad sum_x pi(x) = 0, and it changes the noise of the gradient only. */
typedef enum {
    BASELINE_NONE,  /* b = 0 */
    BASELINE_BATCH, /* b = mean return of the other texts of the batch (leave one out) */
    BASELINE_MOVING /* b = moving average of the means of earlier batches */
} BaselineKind;

typedef struct {
    BaselineKind kind;
    double memory; /* of the moving average: its weight on the past, e.g. 0.9 */
    double mean;   /* the moving average so far; 0 before the first batch, whose mean it then is */
    int batches;   /* that it has seen */
} Baseline;

/* w_t -= b. A text alone in its batch has no others: b = 0. The moving average is used first, and
 * then takes this batch's mean return in: mean = memory mean + (1 - memory) that. */
void weights_baseline(Rollout *r, Baseline *b);

/* w_t /= N: the mean over texts. N is the same for long texts and short ones; dividing each text by
 * its own length would turn the gradient. */
void weights_mean(Rollout *r);

/* ---- one step of learning ------------------------------------------------------------------- */

typedef enum { CREDIT_TOTAL, CREDIT_TO_GO } Credit;

typedef struct {
    double beta;  /* price of a nat of KL to the reference, in units of reward */
    bool sampled; /* KL by its samples alone: more noise, one gradient */
    Credit credit;
    BaselineKind baseline;
    double memory;      /* of a moving baseline */
    double lr, last_lr; /* the learning rate falls from one to the other in a straight line */
    int steps;          /* in all; 0: the rate stays */
    double beta2;       /* of AdamW; beta1 is 0.9, no weight decays */
    double clip;        /* largest norm of the gradient */
} ReinforceOptions;

typedef struct {
    ReinforceOptions options;
    Transformer *policy; /* not owned */
    Adam adam;           /* fresh: the moments of another objective would push it the wrong way */
    Activations *activations;
    Baseline baseline;
} Reinforce;

/* rows: of the largest rollout to come, which an update takes whole. */
Reinforce *reinforce_new(Transformer *policy, const ReinforceOptions *options, int rows);
void reinforce_free(Reinforce *f);

/* w_t of a rollout whose rewards are known, by the options. */
void reinforce_weights(Rollout *r, const ReinforceOptions *options, Baseline *b);

typedef struct {
    double gradient_norm; /* before clipping */
    double entropy;       /* of the policy before the step, mean over states, nats */
} ReinforceStep;

/* One step up J_beta, from texts, raw rewards and log_ref. */
ReinforceStep reinforce_update(Reinforce *f, Rollout *r);

#endif
