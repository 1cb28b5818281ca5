/* generate.h: samples texts symbol by symbol, a whole batch at once, with the key/value cache.
 *
 *     x_t ~ softmax(logits(x_0 .. x_{t-1}) / temperature)
 *
 * Sequence i draws from rng_stream(seed, i), so its text depends neither on the batch around it nor
 * on the number of threads. Each thread writes a few texts at a time, as many as have their keys
 * and values near the processor, and begins the next where one ends.
 * Book: chapter 2, "Sampling". */
#ifndef GENERATE_H
#define GENERATE_H

#include "transformer.h"

typedef struct {
    double temperature;    /* 1: the model's own distribution; 0: always the likeliest symbol */
    int top_k;             /* draw among the k likeliest symbols; 0: among all */
    int end;               /* the symbol that ends a text, or -1 */
    int length;            /* symbols to draw at most, the end symbol included */
    bool (*stopped)(void); /* or NULL; once true, texts end where they are and none begins */
} SampleOptions;

typedef struct Generator Generator; /* the room to work in */

typedef struct {
    int sequences, longest;
    int *ids;      /* (sequences, longest) row i: the symbols drawn, the end symbol included */
    int *lengths;  /* (sequences) */
    real *logprob; /* (sequences, longest) nats, of each symbol under the distribution it was drawn
                      from */
    Generator *generator;
} Samples;

Samples *samples_new(const TransformerShape *s, int sequences, int longest);
void samples_free(Samples *s);

/* Draws all sequences anew, each after the same prompt (at least one symbol; for tales the end
 * symbol alone), which is not copied to the samples. Where a text grows longer than the context,
 * the last half of the window becomes the start of the next. */
void generate(Samples *s, const Transformer *t, const int *prompt, int prompt_length,
              const SampleOptions *options, uint64_t seed);

#endif
