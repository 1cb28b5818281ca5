/* mle.h: maximum likelihood, the training that makes a language model.
 *
 *   L = -1/N sum_n log P(x_n | what came before),    dlogits_n = 1/N (softmax - onehot(x_n))
 *
 * In the words of the rest of this book: every symbol of the text has the same weight, w = 1/N.
 * Contract: mle_new, then mle_step as often as wanted; mle_evaluate at any time; mle_save and
 * mle_load carry a run over an interruption, to the same bits. Book: chapter 2, "Training". */
#ifndef MLE_H
#define MLE_H

#include "adam.h"
#include "sequences.h"
#include "transformer.h"

typedef struct {
    int steps;           /* updates in all */
    int batch;           /* windows of text in each */
    double lr, last_lr;  /* the largest learning rate, and that of the last step */
    int warmup;          /* steps up to lr */
    double beta2;        /* of AdamW; beta1 is 0.9 */
    double weight_decay; /* of AdamW, on weight matrices */
    double clip;         /* largest norm of the gradient */
    uint64_t seed;       /* of the batches: step s draws from rng_stream(seed, s) */
    uint64_t text;       /* hash of what is learnt, with which alone a run goes on; 0: any */
    int shards;          /* of a batch, each the work of one thread; 0 and 1: not divided */
} MleOptions;

/* A share of a batch, which one thread learns from alone. */
typedef struct {
    Transformer *model; /* the first shard's is the model itself, the others' are twins of it */
    double loss;        /* its share of the batch's */
} Shard;

typedef struct {
    MleOptions options;
    Transformer *model; /* not owned */
    Adam adam;
    Shard *shards;
    Activations **activations; /* (workers) one set for each thread that takes shards */
    int workers;
    Activations *scoring; /* of what nobody goes back through */
    Sequences *batch;
    real *weights, *logprob; /* (rows) */
    int step;                /* steps taken */
    double symbols;          /* read by them */
    double best;             /* lowest held-out loss so far, and its step: the caller keeps them */
    int best_step;
    char flags_before[200]; /* of the run that was loaded, where these are others; else empty */
    double recent_loss;     /* sum over the last recent_steps steps: the caller clears both */
    int recent_steps;
} Mle;

typedef struct {
    double loss;          /* nats per symbol, of this batch before the update */
    double gradient_norm; /* before clipping */
    double lr;
} MleStep;

/* False, with a sentence, where mle_new would take more memory than this machine has. */
bool mle_fits(const TransformerShape *shape, const MleOptions *options, Error *err);
Mle *mle_new(Transformer *model, const MleOptions *options);
void mle_free(Mle *m);

/* One update on a random batch. */
MleStep mle_step(Mle *m, const Windows *train);

/* Mean nats per symbol over the first `windows` windows (all: w->windows), in order. logprob,
 * unless NULL, gets every symbol's (w->scored of them). */
double mle_evaluate(Mle *m, const Windows *w, int windows, real *logprob);

/* The state of a run, not the model alone: weights, both moments, step and best loss. That of
 * another seed, whose batches are others, of other shards, another text or another shape is
 * refused; the model may already have its weights then. Other rates or another batch are not, and
 * m->flags_before says what they were. */
bool mle_save(const Mle *m, const char *path, Error *err);
bool mle_load(Mle *m, const char *path, Error *err);

#endif
