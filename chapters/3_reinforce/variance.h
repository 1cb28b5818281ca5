/* variance.h: how noisy is each way of weighing? Measured where the truth is known.
 *
 * On the toy problem every gradient estimate is held against the exact gradient: each credit with
 * each baseline, one batch size after another. Book: chapter 3, "An oracle". */
#ifndef VARIANCE_H
#define VARIANCE_H

#include "curves.h"
#include "reinforce.h"
#include "toy.h"

/* What is compared. A reward for the whole text comes with its last symbol, and then the reward to
 * go differs from the whole in its KL only. Where every a is paid as soon as it is written (the sum
 * is the same), the reward to go can leave out what came before. */
typedef enum { NOISE_TOTAL, NOISE_TO_GO, NOISE_PAID_AT_ONCE, NOISE_CREDITS } NoiseCredit;

/* The toy of this study: every a in a text earns 1. */
#define VARIANCE_REWARD "count:a"

/* Fills a table credit,baseline,batch,variance,expected,bias,bias_error (a row each; credit and
 * baseline as their enums) from `texts` texts drawn for each. expected: the exact variance of one
 * text's estimate over the batch size; NAN where the baseline comes from the batch itself. */
Curves *variance_study(Toy *toy, int largest_batch, int texts, uint64_t seed, Run *run);

/* The estimator of one credit and baseline as the oracle wants it: weigher is a Weigher, whose
 * moving baseline stands at `mean`, as if it had come to rest there. */
typedef struct {
    ReinforceOptions options;
    double mean;
} Weigher;
void weigh(Rollout *batch, void *weigher);

/* The rows of the largest batch, on stdout. */
void variance_print(const Curves *c);

#endif
