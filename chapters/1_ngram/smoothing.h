/* smoothing.h: from counts to probabilities.
 *
 * Every smoothing of this chapter has one form. With h' for the history h without its oldest
 * symbol,
 *
 *     P(x | h) = own(h x) + backoff(h) P(x | h'),        P(x | no history at all) = 1 / W.
 *
 *                  own(h x)                    backoff(h)
 *     none         c(h x) / c(h)               0
 *     add-k        c(h x) / (c(h) + k W)       k W / (c(h) + k W)
 *     kneser-ney   (c(h x) - D) / c(h)         sum over x of D, over c(h)
 *
 * After a history that was never seen, none gives every x the probability 0; the others sum to 1.
 * A smoothing fills own and backoff of every n-gram, then calls interpolate. With none and add-k, c
 * is 0 for all but the longest histories, so add-k leaves h for the uniform distribution in one
 * step: k W / (c(h) + k W) times 1 / W is the k / (c(h) + k W) of its definition. */
#ifndef SMOOTHING_H
#define SMOOTHING_H

#include "ngram.h"

void smooth_none(Ngram *m);
void smooth_add_k(Ngram *m, double k);

/* W: distinct symbols of the training text, the end and <unk>. */
double smoothing_outcomes(const Ngram *m);

/* c(h) = sum over x of c(h x), for every context h; free() it. */
double *smoothing_totals(const Trie *t);

/* Reads own(h x) from every node's logprob and backoff(h) from its backoff, as plain
 * probabilities, and leaves in both the logarithms that ngram.h speaks of. */
void interpolate(Ngram *m);

#endif
