/* transformer.h: GPT-2, exactly: its parameters, its forward pass and its backward pass.
 *
 *   x   = wte[symbol] + wpe[position]                             embedding
 *   x  += proj(attention(qkv(ln_1(x))))                           each of L blocks, first half
 *   x  += out(gelu(fc(ln_2(x))))                                  and second half
 *   logits = ln_f(x) wte'                                         output, tied to the embedding
 *
 * Sizes: N rows (symbols) in a batch, C channels, H heads of C/H channels each, L layers, T
 * positions of context, V symbols. Weights are kept (in, out), so y = x w + b reads as written.
 *
 * A Transformer is parameters and their gradients, laid out alike; Activations are what a forward
 * pass leaves behind for its backward pass. One set of activations can serve several models of the
 * same shape. Contract: transformer_forward; then a->dlogits (N, V), which holds anything: zero it
 * and add each term of the loss; then transformer_backward with the same batch and activations,
 * which adds to the gradients. Call transformer_zero_gradients before the first batch of a step.
 * Source: Radford et al. 2019. Book: chapter 2. */
#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include "arena.h"
#include "checkpoint.h"
#include "layers.h"
#include "rng.h"

typedef struct {
    int layers, heads, channels;
    int context; /* T: the longest sequence */
    int vocabulary;
} TransformerShape;

typedef struct {
    LayerNorm ln_1;
    Linear qkv;  /* (C, 3C) */
    Linear proj; /* (C, C) */
    LayerNorm ln_2;
    Linear fc;  /* (C, 4C) */
    Linear out; /* (4C, C) */
} Block;

/* Weights, or gradients of weights. */
typedef struct {
    Matrix wte;   /* (V, C) a row for each symbol */
    Matrix wpe;   /* (T, C) a row for each position */
    Block *block; /* (L) */
    LayerNorm ln_f;
} Parameters;

typedef struct {
    TransformerShape shape;
    Parameters p, d;          /* weights and their gradients */
    Arena weights, gradients; /* the same as two flat arrays of `size` numbers */
    size_t size;
    size_t decayed; /* how many of them stand in front and decay: the weight matrices; then biases
                       and gains */
} Transformer;

/* Some sequences laid end to end, without padding: row n is one symbol. Sequence s has the rows
 * start[s] .. start[s+1]-1 of ids and positions. start[0] need not be 0: a slice of a batch shares
 * its arrays (batch_slice), and its row start[0] is row 0 of what the model makes of it. */
typedef struct {
    int sequences;
    const int *start;     /* (sequences + 1) */
    const int *ids;       /* (N) the symbol that is read */
    const int *positions; /* (N) its place in its sequence: 0, 1, ... one after another */
    const int *slots;     /* (sequences) the place in a cache that each uses; NULL: 0, 1, ... */
} Batch;

/* What one block leaves for its backward pass. */
typedef struct {
    Matrix x;          /* (N, C) the residual stream as it comes in */
    Matrix ln_1;       /* (N, C) */
    Matrix ln_1_stats; /* (N, 2) */
    Matrix qkv;        /* (N, 3C) queries, keys and values, each a slice per head */
    Matrix att;   /* (H N, T) row h N + n: the weights of head h on the positions that n reads */
    Matrix heads; /* (N, C) what the heads read, side by side */
    Matrix x_mid; /* (N, C) the stream after attention */
    Matrix ln_2;  /* (N, C) */
    Matrix ln_2_stats;  /* (N, 2) */
    Matrix gelu, slope; /* (N, 4C) the wide layer, and GELU's derivative there */
} BlockActivations;

/* A weight matrix among packed parameters, and the room for its two copies. */
typedef struct {
    Matrix *m;
    real *panels, *turned;
} PackedWeight;

typedef struct {
    TransformerShape shape;
    bool for_backward;
    int capacity;                  /* the rows that they were made for */
    int rows;                      /* N of the batch they hold */
    BlockActivations *block;       /* (L) */
    Matrix x_last;                 /* (N, C) the stream after the last block */
    Matrix ln_f_stats;             /* (N, 2) */
    Matrix hidden;                 /* (N, C) ln_f of it: what the output layer reads */
    Matrix logits, probs, dlogits; /* (N, V) */
    Matrix dhidden;                /* (N, C) */
    Matrix dy, dfc, dln_2, dx_mid, dheads, datt, dqkv, dln_1; /* of one block at a time */
    Arena arena;
    const Transformer *packed_of; /* whose weights are packed, or NULL */
    Parameters packed;            /* the same weights with their panels: see mat_pack */
    PackedWeight *weights;        /* (weight_count) private */
    int weight_count;
    Arena panels;
} Activations;

/* Keys and values of the symbols so far, so that a new symbol costs one row, not a whole pass. */
typedef struct {
    int sequences;
    Matrix *keys;   /* (L) of (sequences C, T): slot s has the rows s C .. s C + C - 1 */
    Matrix *values; /* (L) of (T, sequences C): slot s has the columns s C .. s C + C - 1 */
    Arena arena;
} Cache;

/* Fails for a shape that is no transformer (channels no multiple of heads) or can't be counted. */
bool shape_check(const TransformerShape *s, Error *err);

/* Fails for a batch of so many windows, or texts, that their rows can't be counted. */
bool rows_check(const TransformerShape *s, int batch, int length, const char *what, Error *err);

/* Weights N(0, 0.02), those that write into the residual stream divided by sqrt(2 L); biases 0,
 * gains 1. */
Transformer *transformer_new(const TransformerShape *s, uint64_t seed);
void transformer_free(Transformer *t);
void transformer_zero_gradients(Transformer *t);

/* Gives a model the weights of another of its shape. */
void transformer_copy_weights(Transformer *to, const Transformer *from);

/* The Euclidean norm of all weights, some dozens in a trained model. From WEIGHTS_MAX on steps have
 * been so large that what it computes may be no number any more. */
#define WEIGHTS_MAX 1e6
double transformer_norm(const Transformer *t);

/* The same weights, which must outlive it and which only the first one may move (`weights` is empty
 * here), with gradients of its own: for another thread, whose gradients are then added. */
Transformer *transformer_twin(const Transformer *t);
void transformer_add_gradients(Transformer *t, const Transformer *twin);

/* Names and matrices of all weights, as GPT-2's checkpoints call them. Returns how many; tensors
 * may be NULL to count. */
int transformer_tensors(const Transformer *t, Tensor *tensors);

/* for_backward: false saves memory where only the forward pass is run (sampling, scoring). */
Activations *activations_new(const TransformerShape *s, int rows, bool for_backward);
double activations_size(const TransformerShape *s, int rows, bool for_backward); /* in numbers */
void activations_layout(Activations *a, int rows); /* trunk_forward calls it where N changes */
void activations_require(const Activations *a, const TransformerShape *s); /* made for this shape */
void activations_free(Activations *a);

/* Copies a model's weights, for all passes with these activations up to activations_unpack, into
 * the panels that products read. It pays where many passes come between two updates, and changes no
 * bit. A pass that meets weights which have changed since then stops the program. */
void activations_pack(Activations *a, const Transformer *t);
void activations_unpack(Activations *a);

/* The model's parameters, packed if these activations have them so. */
const Parameters *parameters_for(const Transformer *t, const Activations *a);

Cache *cache_new(const TransformerShape *s, int sequences);
void cache_free(Cache *c);

/* From symbols to a->hidden (N, C). With a cache, the batch holds only the new symbols of each
 * sequence (their positions say how many came before), and keys and values are kept there; the
 * bits are those of the whole sequence at once. cache may be NULL. */
void trunk_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache);

/* From dhidden (N, C) to gradients of every weight below. Without cache. */
void trunk_backward(Transformer *t, Activations *a, const Batch *b, Matrix dhidden);

/* trunk_forward, then logits = hidden wte' into a->logits (N, V). Returns a view of them. */
Matrix transformer_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache);

/* From dlogits (N, V) alone to gradients of every weight. Whatever was wanted of the model, a low
 * loss or a high reward, dlogits says it all. */
void transformer_backward(Transformer *t, Activations *a, const Batch *b, Matrix dlogits);

/* The same for a slice of a batch, but that it stops above the embedding: it adds all gradients but
 * the embedding's, and dx (N, C) gets the gradient of what the embedding gave. Call
 * embedding_gradient, for all rows, after the last slice: then wte and wpe have the bits of
 * transformer_backward of the whole batch. wte is the output layer, too: if each slice added
 * both of its gradients, they would be summed in another order, to other last digits. */
void transformer_backward_slice(Transformer *t, Activations *a, const Batch *b, Matrix dlogits,
                                Matrix dx);

/* Rows N of a batch. */
int batch_rows(const Batch *b);

/* Sequences first .. first+count-1 of it. */
Batch batch_slice(const Batch *b, int first, int count);

/* The next sequences of a batch, as many as have no more than so many rows (a sequence at least):
 *
 *     for (Batch part = {0}; batch_next(&all, rows, &part);) ...
 *
 * A gradient is a sum over rows, so a batch may go through the model in parts. The rows keep their
 * order, and so the bits are the same, but for wte: see transformer_backward_slice. */
bool batch_next(const Batch *all, int rows, Batch *part);

#endif
