/* study.h: what the chapter measures: learning curves, and where a short memory hurts. */
#ifndef STUDY_H
#define STUDY_H

#include "curves.h"
#include "ngram.h"

/* --- one model, trained and scored ----------------------------------------------------------- */
typedef struct {
    NgramOptions options;
    size_t symbols;  /* of the training text to count, ends included */
    size_t distinct; /* n-grams */
    int unseen;      /* symbols of the vocabulary that this training text lacks */
    NgramScore held_out;
    bool done;
} Trial;

/* Symbols of a corpus as they are scored: with the end of every document. */
size_t corpus_symbols(const Corpus *c);

/* Trains and scores a model for every trial, several at once on several cores, the last (by
 * convention the largest) first. After Ctrl-C the rest is left undone. */
void study_trials(Trial *trials, int count, const Text *text);

/* Held-out bits per symbol where an unknown symbol costs <unk> and then its name, one out of all
 * that are unseen. Without the name, a model that has seen almost nothing would look good. */
double trial_bits_named(const Trial *t);

/* --- against the truth ----------------------------------------------------------------------- */
enum { DISTANCE_BIN = 8, DISTANCE_BINS = 17, DISTANCE_FAR = 40 };

/* How many nats more than the truth a model pays for the characters of tales, by the distance back
 * to what a character belongs to; also summed over far places and all others. */
typedef struct {
    size_t places[DISTANCE_BINS]; /* [0]: belongs to nothing; [b]: distance/DISTANCE_BIN is b - 1 */
    double excess[DISTANCE_BINS]; /* sums: divide by places */
    size_t far_places, other_places;
    double far_excess, other_excess;
} Recall;

/* A document of tales as text. out holds TALE_MAX + 1 bytes; false if it does not fit. */
bool tale_text(char *out, const Vocabulary *v, Level level, const int *ids, size_t count);

/* The sum of exact log-probabilities of a corpus of tales; -INFINITY if it holds anything else. */
double study_truth(const Text *text, Level level);

/* Compares character by character; only for tales at character level. */
Recall study_recall(const Ngram *m, const Text *text);

void recall_pool(Recall *sum, const Recall *r); /* sum += r */

/* --- curves ---------------------------------------------------------------------------------- */

/* Held-out scores of models of growing amounts of text: all of it, half, a quarter ... Rows of
 * seed,order,symbols,ngrams,bits_per_symbol,nats_per_symbol,perplexity,unknown,bits_named. */
void study_learning_curve(Curves *c, const NgramOptions *options, int seed, const Text *text);

/* Mean excess by distance (its bin's middle). Rows of seed,order,distance,places,excess_nats. */
Recall study_recall_curve(Curves *c, const NgramOptions *options, int seed, const Text *text);

/* Sketches one order's learning curve on a terminal, against the logarithm of the symbols. */
void study_sketch(const Curves *learning, const Run *run, int order, double floor);

#endif
