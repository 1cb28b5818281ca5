/* tales.h: a small language of children's tales whose entropy is known exactly.
 *
 * A probabilistic grammar draws a tale by a chain of weighted choices. A tale has exactly one
 * derivation, so the product of the choices' probabilities is the tale's exact probability, and
 * the entropy of the whole language can be computed: no model can have a lower cross-entropy.
 *
 * A tale is one line of at most TALE_MAX characters, without its newline; a..z, A..Z, and
 * punctuation; its end symbol is the newline. Names, things, colours and places return later in
 * the same tale, often 40 characters and more, and pronouns agree with names. The word "hello"
 * occurs in 2-4% of tales. Book: chapter 0, "A language whose entropy is known". */
#ifndef TALES_H
#define TALES_H

#include <stddef.h>

#include "rng.h"

enum { TALE_MAX = 127 };

/* Draws a tale into text (NUL-terminated). Returns its log-probability, nats, its end included. */
double tales_draw(char text[TALE_MAX + 1], Rng *rng);

/* Reads a tale back. logprob[i], i = 0 .. n, is the exact log P(x_i | x_0 .. x_{i-1}) in nats of
 * character i, where character n is the end of the tale (n = strlen(text)); distance[i] is the
 * number of characters back to the place that decides character i where it belongs to something
 * that returns (a name, pronoun, thing, colour, place...), and 0 elsewhere. Either may be NULL;
 * both hold TALE_MAX + 1 elements. Returns the sum of logprob, or -INFINITY for a text that the
 * grammar does not give (logprob is then filled up to where the text departs from every tale). */
double tales_read(const char *text, double *logprob, int *distance);

double tales_entropy(void);     /* exact, nats per tale, from the grammar's weights */
double tales_mean_length(void); /* exact, characters per tale, the end symbol included */

/* `count` tales, one a line, each ended by a newline, tale i drawn from rng_stream(seed, i).
 * *size gets the number of bytes. free() it. */
char *tales_corpus(uint64_t seed, int count, size_t *size);

#endif
