/* sequences.h: texts to batches.
 *
 * A model reads x_0 .. x_{n-1} and predicts x_1 .. x_n. A document of lines is read as
 *
 *     end  x_1  x_2 ... x_n          and predicts
 *     x_1  x_2 ... x_n  end
 *
 * so the end symbol stands on both sides, as GPT-2's does, and is learnt like any other. A stream
 * has no ends, and its first symbol is only read. What is longer than the context T is cut in
 * windows of T. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include "rng.h"
#include "text.h"
#include "transformer.h"

/* A batch that is being filled. Rows follow one another without padding. */
typedef struct {
    Batch batch;  /* what the passes take; its arrays are these: */
    int capacity; /* rows there is room for */
    int *start, *ids, *positions;
    int *targets; /* (rows) the symbol that follows each row */
} Sequences;

Sequences *sequences_new(int sequences, int rows);
void sequences_free(Sequences *s);
void sequences_clear(Sequences *s);

/* Adds a sequence of count - 1 rows, which reads symbols 0 .. count-2 and predicts 1 .. count-1. */
void sequences_add(Sequences *s, const int *symbols, int count);

/* A corpus with its end symbols put in, ready to be cut in windows. */
typedef struct {
    int context;
    int *symbols; /* all documents: end x_1 ... x_n end x_1 ... end, or the stream as it is */
    int documents;
    size_t *first;    /* (documents) where document d begins in symbols, its leading end included */
    size_t *targets;  /* (documents) how many symbols of it are predicted */
    int windows;      /* in all */
    int *document_of; /* (windows) */
    int *offset_of;   /* (windows) in units of context */
    size_t scored;    /* targets in the windows */
    size_t left_over; /* targets at the end of a stream that don't fill a window */
} Windows;

/* end: the vocabulary's end symbol, or -1 for streams. A stream's last, shorter window is left out
 * unless it is the only one, so that all its windows are alike. */
Windows *windows_new(const Corpus *c, int end, int context);
void windows_free(Windows *w);

/* Adds window i, for a pass over the whole text in order. */
void windows_add(const Windows *w, int i, Sequences *to);

/* Clears `to` and fills it with `count` windows drawn at random: a document by its share of the
 * windows, whole where it fits, else from a random place. */
void windows_draw(const Windows *w, int count, Rng *rng, Sequences *to);

#endif
