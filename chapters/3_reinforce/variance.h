/* variance.h: how noisy is each way of weighing? Measured where the truth is known.
 *
 * On the toy problem every gradient estimate is held against the exact gradient: each credit with
 * each baseline, one batch size after another. Book: chapter 3, "Noise". */
#ifndef VARIANCE_H
#define VARIANCE_H

#include <cjson/cJSON.h>

#include "reinforce.h"
#include "run.h"
#include "toy.h"

/* Fills a table credit,baseline,batch,variance,expected,bias,bias_error (a row each; credit and
 * baseline as their enums) from `texts` texts drawn for each. expected: the exact variance of one
 * text's estimate over the batch size; NAN where the baseline comes from the batch itself. */
Curves *variance_study(Toy *toy, int largest_batch, int texts, uint64_t seed, Run *run);

/* The estimator of one credit and baseline as the oracle wants it: arg is its ReinforceOptions. A
 * moving baseline stands at `mean`, as if it had come to rest there. */
typedef struct {
    ReinforceOptions options;
    double mean;
} Weigher;
void weigh(Rollout *batch, void *weigher);

void variance_print(const Curves *c, const Toy *toy, double gradient_norm);

#endif
