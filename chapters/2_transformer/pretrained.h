/* pretrained.h: the model that chapters 3 to 5 begin from.
 *
 * If chapter 2 has left one that fits, it is used; else a smaller run trains one in some seconds
 * and keeps it for the next time. One line says which. A model fits if it reads the same symbols as
 * the text, has an end symbol, and predicts the held-out text well enough. */
#ifndef PRETRAINED_H
#define PRETRAINED_H

#include "mle.h"
#include "run.h"

typedef struct {
    const char *load; /* a directory that must be used; NULL: the first of the next two that fits */
    const char *chapter2;   /* where chapter 2 writes; NULL: a model of these options is wanted */
    const char *keep;       /* where a model that is trained here is kept, and found again */
    double worst;           /* a model with more nats per symbol on held-out text does not fit */
    TransformerShape shape; /* of a model that is trained here; the text sets its vocabulary */
    MleOptions mle;         /* how it is trained */
} PretrainedOptions;

/* *t and *v belong to the caller. text may be NULL where load is given. Prints a line; shows
 * progress while it trains. Returns the directory that the model is in, which is one of o's; NULL
 * where the model to load can't be used, the text is not one of lines, the directory can't be
 * written, or the user has stopped the run. */
const char *pretrained(Transformer **t, Vocabulary *v, const PretrainedOptions *o, const Text *text,
                       Run *run, Error *err);

/* True if both give every symbol the same id. */
bool same_symbols(const Vocabulary *a, const Vocabulary *b);

#endif
