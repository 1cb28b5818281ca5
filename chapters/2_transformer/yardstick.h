/* yardstick.h: what a loss is worth. The curves of this chapter are drawn between three lines:
 * guessing uniformly, the best that counting does (chapter 1), and, on the tales, the truth.
 *
 * On the tales it also weighs the places where something returns from far back: a name, a
 * pronoun, a colour that was said 40 characters ago or more (DISTANCE_FAR), which an n-gram can't
 * see. */
#ifndef YARDSTICK_H
#define YARDSTICK_H

#include "ngram.h"
#include "text.h"

/* A model's losses over the held-out text, in nats per symbol; NAN where there is no truth. */
typedef struct {
    double nats;      /* mean of -log P */
    double far, near; /* mean of log P_true - log P: where something returns from afar, elsewhere */
    double far_symbols; /* how many */
} Score;

typedef struct {
    double uniform; /* ln V */
    int order;      /* of the best n-gram */
    Score ngram;    /* its score */
    double floor;   /* entropy of the held-out text under the truth, nats per symbol */
    size_t symbols; /* scored: all symbols of the held-out text, ends included */
    double *truth;  /* (symbols) log P_true, or NULL */
    int *distance;  /* (symbols) how far back what returns stood, or NULL */
} Yardstick;

/* tales: the text is drawn from the grammar, so the truth is known. Tries orders first..last. */
Yardstick *yardstick_new(const Text *text, bool tales, int first_order, int last_order);
void yardstick_free(Yardstick *y);

/* Scores a model by its log-probability of each symbol of the held-out text, ends included. */
Score yardstick_score(const Yardstick *y, const double *logprob);

#endif
