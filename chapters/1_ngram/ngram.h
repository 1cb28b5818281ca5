/* ngram.h: a language model that counts.
 *
 * The chain rule splits the probability of a document exactly,
 *
 *     P(x_1 .. x_T) = prod_t P(x_t | x_1 .. x_{t-1}),
 *
 * and a model of order n forgets all but the last n - 1 symbols of the history. What is left can be
 * counted. Every document is preceded by <s>, which is only ever context, and followed by an
 * end symbol, which is predicted and scored like any other. A symbol that training has not seen is
 * scored as <unk>.
 *
 *     NgramOptions options = {.order = 5, .smoothing = SMOOTHING_KNESER_NEY};
 *     Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
 *     double nats = -ngram_score(m, ids, count, NULL);
 *     ngram_free(m);
 *
 * All logarithms are natural, all sums are in double. Book: chapter 1. */
#ifndef NGRAM_H
#define NGRAM_H

#include "rng.h"
#include "text.h"
#include "trie.h"

/* W is the number of outcomes: the distinct symbols of the training text, the end and <unk>.
 *
 *   none        c(h x) / c(h), and 0 for what was never seen after h
 *   add-k       (c(h x) + k) / (c(h) + k W)
 *   kneser-ney  interpolated modified Kneser-Ney: see kneser_ney.h */
typedef enum { SMOOTHING_NONE, SMOOTHING_ADD_K, SMOOTHING_KNESER_NEY } Smoothing;

typedef struct {
    int order; /* n: predicts from n - 1 symbols; 1 .. TRIE_MAX_ORDER */
    Smoothing smoothing;
    double k; /* of add-k, positive */
} NgramOptions;

typedef struct {
    int order;
    Trie trie;
    int end;               /* the end symbol's id: the vocabulary's, or its size if it has none */
    int start;             /* <s> as a symbol of the trie; never an outcome */
    int symbols;           /* that it can draw: ids 0 .. symbols - 1, the end's among them */
    uint32_t unknown;      /* the node of <unk> */
    double (*discount)[4]; /* [n][1..3] of Kneser-Ney for order n, else NULL */
} Ngram;

/* A model that has counted nothing yet. */
Ngram *ngram_new(const Vocabulary *v, int order);

/* Counts the corpus and smooths the counts. A document's ids are 0 .. v->size - 1. */
Ngram *ngram_train(const Corpus *corpus, const Vocabulary *v, const NgramOptions *options);
void ngram_free(Ngram *m);

/* The number of distinct n-grams of the given order (of order 1: with <s>, the end and <unk>). */
size_t ngram_distinct(const Ngram *m, int order);

/* True if training has seen the symbol, so that it isn't scored as <unk>. */
bool ngram_knows(const Ngram *m, int symbol);

/* --- probabilities ------------------------------------------------------------------------------
 * log P(symbol | history), in nats; -INFINITY for probability 0. The history is what stands before
 * the symbol in its document, from the beginning of the document; the last n - 1 symbols of it
 * matter, and where there are fewer, <s> is among what is predicted from. */
double ngram_logprob(const Ngram *m, const int *history, int length, int symbol);

/* log P(document), the sum of the log-probabilities of its `count` symbols and its end. logprob, if
 * not NULL, gets each of them: count + 1 numbers, the end's last. */
double ngram_score(const Ngram *m, const int *ids, size_t count, double *logprob);

/* A state is the node of the longest end of the history that was seen in training and can be
 * continued; that is all that the model remembers. */
typedef uint32_t NgramState;
NgramState ngram_start(const Ngram *m);
NgramState ngram_state(const Ngram *m, const int *history, int length);

/* log P(symbol | state); moves the state on past the symbol. */
double ngram_step(const Ngram *m, NgramState *state, int symbol);

/* The symbols a state remembers; <s> is m->start, and <unk> m->start + 1. memory[0 .. return value
 * - 1], the oldest first. */
int ngram_memory(const Ngram *m, NgramState state, int memory[TRIE_MAX_ORDER]);

/* --- how well it predicts a corpus ----------------------------------------------------------- */
typedef struct {
    size_t scored;        /* symbols, the documents' ends included */
    size_t unknown;       /* of these: not seen in training */
    size_t impossible;    /* of these: given probability 0 */
    double logprob;       /* sum over all scored symbols, nats */
    double logprob_known; /* the same without the unknown symbols */
} NgramScore;

NgramScore ngram_evaluate(const Ngram *m, const Corpus *corpus);

double score_perplexity(const NgramScore *s);       /* exp(-logprob / scored) */
double score_perplexity_known(const NgramScore *s); /* the same without unknown symbols */
double score_nats(const NgramScore *s);             /* per symbol */
double score_bits(const NgramScore *s);             /* per symbol */

/* --- sampling -----------------------------------------------------------------------------------
 * Draws from P(x | state)^(1/temperature), normalised; temperature 0 takes the most probable. Never
 * <s>, never <unk>; where nothing has a probability (no smoothing, unseen history), the end.
 * weights: scratch for m->symbols numbers. */
int ngram_sample(const Ngram *m, NgramState state, double temperature, Rng *rng, real *weights);

/* Continues ids[0 .. count-1] up to `limit` symbols in all. Returns the new count; the end symbol
 * is not stored, *ended tells if it was drawn. */
int ngram_generate(const Ngram *m, int *ids, int count, int limit, double temperature, Rng *rng,
                   bool *ended);

#endif
