/* price.h: what a policy earns, and what it has paid for it.
 *
 * A reward is easy to raise by texts that nobody wants. So every run of chapters 3 to 5 ends with
 * the same measurements on many fresh texts: the reward; how far the policy has gone from the
 * reference, KL in nats per text, beside the least that such a reward can cost; and whether the
 * texts still read as before. Book: chapter 3, "The price". */
#ifndef PRICE_H
#define PRICE_H

#include <cjson/cJSON.h>

#include "reward.h"

typedef struct {
    int texts;
    RolloutStats stats;    /* means over all of them; distinct within each batch */
    double fluency_ref;    /* mean log pi_ref per symbol, nats */
    double fluency_ngram;  /* the same under chapter 1's n-gram, or NAN */
    double grammar;        /* share that the grammar of the tales could have given, or NAN */
    bool zero_or_one;      /* every reward was 0 or 1 */
    double standard_error; /* of the mean reward */
} Price;

/* What is measured with: not owned. */
typedef struct {
    const Transformer *reference;
    Activations *activations; /* room for a text at least: the rollout goes through in slices */
    Rollout *rollout;         /* overwritten, batch by batch */
    Reward *reward;
    const Ngram *ngram; /* or NULL */
    bool tales;         /* the texts should be tales */
    double beta;
} Scales;

/* Draws `batches` rollouts from the policy, rollout b with seed `seed` + b. Fails where the reward
 * does. */
bool price_measure(Price *p, const Scales *s, const Transformer *policy, int batches, uint64_t seed,
                   Error *err);

/* least_kl from the first price's reward to the second's; NAN for a reward that is not 0 or 1. */
double price_least_kl(const Price *before, const Price *after);

/* A table of both, on stdout. */
void price_print(const Price *before, const Price *after);
cJSON *price_json(const Price *p);

#endif
