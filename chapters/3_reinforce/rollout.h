/* rollout.h: a batch of texts that the policy wrote, laid out for learning from them.
 *
 * The agent is the language model. A state s_t is the text so far, an action the next symbol x_t,
 * an episode a text: it ends with its end symbol or, cut short, at the length limit, and both count
 * as an end. The reward R of the whole text comes with its last symbol, and every state costs what
 * lies there between the policy and the reference model:
 *
 *   r_t = [t is last] R - beta KL_t
 *
 * where KL_t is either the distance of the two distributions at s_t (kl.h), or the one sample of it
 * that the drawn symbol shows, log pi(x_t|s_t) - log pi_ref(x_t|s_t).
 *
 * Row n is one symbol, those of one text after those of another, without padding; so the row that
 * reads x_{t-1} (the end symbol before a text's first) stands for s_t, and targets holds x_t, the
 * end symbol included. Contract: rollout_draw; then raw rewards (reward.h) and rollout_compare, in
 * any order; then kl, by kl_rows, rollout_kl or rollout_kl_sampled; then rollout_rewards. What is
 * learnt from them is weights, by row.
 * Book: chapter 3, "The view". */
#ifndef ROLLOUT_H
#define ROLLOUT_H

#include "generate.h"
#include "sequences.h"

typedef struct {
    Sequences *rows; /* rows->batch goes to the passes, rows->targets are the symbols drawn */
    const Vocabulary *vocabulary; /* not owned */
    int capacity, longest;        /* texts, and symbols in each */

    /* a number per row */
    real *logprob_old; /* log pi(x_t|s_t) when it was drawn, nats; never changed afterwards */
    real *logprob;     /* the same under the policy as it is now: the update's own */
    real *logprob_ref; /* log pi_ref(x_t|s_t), nats */
    Matrix log_ref;    /* (rows, V) log pi_ref(x|s_t) of every symbol x */
    real *kl;          /* KL_t, nats */
    real *rewards;     /* r_t */
    real *values;      /* V(s_t): chapters 4 and 5 */
    real *advantages;  /* A_t: chapters 4 and 5 */
    real *weights;     /* w_t, of softmax_gradient */

    /* a number per text */
    double *reward; /* R, raw */
    bool *ended;    /* by its end symbol, not by the length limit */
    char **text;    /* as UTF-8, without its end symbol */

    /* private */
    TransformerShape shape;
    Samples *samples; /* room to draw in, made when first needed */
    char *letters;    /* what text points into */
    int *read;        /* (longest + 1) one text with an end symbol in front */
    char **sorted;    /* (texts) */
    Arena arena;      /* of log_ref */
} Rollout;

/* longest: the length limit in symbols, the end symbol included; at most the context. */
Rollout *rollout_new(const TransformerShape *s, const Vocabulary *v, int texts, int longest);
void rollout_free(Rollout *r);

int rollout_texts(const Rollout *r);            /* N */
int rollout_rows(const Rollout *r);             /* symbols of all texts */
int rollout_first(const Rollout *r, int text);  /* its first row */
int rollout_last(const Rollout *r, int text);   /* its last row: the one that earns R */
int rollout_length(const Rollout *r, int text); /* its symbols, the end symbol included */

/* As many new texts as there is room for, from the policy's own distribution (temperature 1: what
 * is drawn, what is updated and what is compared with the reference is one and the same). Text i
 * draws from rng_stream(seed, i). logprob_old has the bits of rollout_score with this policy. */
void rollout_draw(Rollout *r, const Transformer *policy, uint64_t seed);

/* A rollout may be larger than the activations that a model is run with. Then what is done with it
 * is done slice by slice, each of as many texts as fit (a text at least); the bits are the same:
 *
 *     for (Slice s = {0}; rollout_next(r, a, &s);) ... */
typedef struct {
    int text, texts; /* text .. text + texts - 1 */
    int row, rows;   /* row .. row + rows - 1 of every number per row of the rollout */
    Batch batch;     /* for the passes; its ids are the rollout's: the slice's begin at ids[row] */
} Slice;
bool rollout_next(const Rollout *r, const Activations *a, Slice *s);

/* The rows to make activations for, of so many in all, where every slice goes forward and then
 * backward: about 128, of which the caches nearby still hold much when backward comes, but two
 * texts for each thread, if there are several. */
int rollout_slice_rows(int rows, int longest, int threads);

/* The log-probability of every symbol of a slice under the model, in its rows of logprob. Leaves
 * the passes' results in a, among them the whole distributions, a->probs (s->rows, V). */
void rollout_score_slice(const Rollout *r, const Slice *s, const Transformer *model, Activations *a,
                         real *logprob);

/* logprob (rows) = log-probability of every symbol under the model. Leaves the passes' results in
 * a, among them the whole distributions, a->probs: those of the last slice. */
void rollout_score(const Rollout *r, const Transformer *model, Activations *a, real *logprob);

/* What the reference says of these texts: logprob_ref and log_ref. */
void rollout_compare(Rollout *r, const Transformer *reference, Activations *a);

/* kl, exactly, and logprob: the policy against log_ref. */
void rollout_kl(Rollout *r, const Transformer *policy, Activations *a);

/* kl_t = log pi(x_t|s_t) - log pi_ref(x_t|s_t), from logprob_old and logprob_ref */
void rollout_kl_sampled(Rollout *r);

/* The rewards per symbol, from reward and kl: the equation above. */
void rollout_rewards(Rollout *r, double beta);

/* sum_t r_t of a text: R - beta sum_t KL_t */
double rollout_return(const Rollout *r, int text);

/* Adds a text, given by its symbols. Its numbers are zero, but for log_ref, which is not yet
 * anything. */
void rollout_add(Rollout *r, const int *symbols, int count);
void rollout_clear(Rollout *r);

/* Adds a copy of a text of another rollout, with all its numbers: how minibatches are made. */
void rollout_copy(Rollout *to, const Rollout *from, int text);

/* Fills `to` with share m of M of the texts, in this order (NULL: as they stand): a minibatch. */
void rollout_share(Rollout *to, const Rollout *from, const int *order, int m, int M);

/* What a batch looks like, in means over its texts. */
typedef struct {
    double reward; /* R, raw */
    double kl;     /* log pi(text) - log pi_ref(text), nats: an estimate of KL(pi || pi_ref), which
                      for one text, or by chance for a batch, may be negative */
    double objective; /* reward - beta kl */
    double length;    /* symbols, the end symbol included */
    double ended;     /* share that ended by the end symbol */
    double distinct;  /* different texts / texts */
} RolloutStats;

RolloutStats rollout_stats(const Rollout *r, double beta);

#endif
