/* adam.h: AdamW, the global-norm clip and the learning-rate schedule, each one flat loop.
 *
 * Parameters and gradients are flat arrays laid out alike (arena.h), so the optimiser knows nothing
 * of the model. Contract: gradients are accumulated elsewhere; call gradient_clip, then adam_step.
 * Book: chapter 2, "Training". */
#ifndef ADAM_H
#define ADAM_H

#include <stddef.h>

#include "arena.h"

typedef struct {
    double beta1, beta2; /* decay of the two moments, e.g. 0.9 and 0.99 */
    double epsilon;      /* 1e-8 */
    double weight_decay; /* per unit of learning rate, e.g. 0.1 */
} AdamOptions;

typedef struct {
    AdamOptions options;
    size_t size;
    int steps;                       /* taken so far */
    double beta1_power, beta2_power; /* beta^steps */
    Arena moments;                   /* where these two lie: */
    real *m, *v;                     /* (size) first and second moment of the gradient */
} Adam;

Adam adam_new(size_t size, AdamOptions options);
void adam_free(Adam *a);

/* One step of size lr on p (size), given the gradient g (size) of the loss:
 *
 *   m <- b1 m + (1 - b1) g            v <- b2 v + (1 - b2) g^2
 *   p <- p - lr ( m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + eps)  +  decay p )
 *
 * The decay reaches the first `decayed` parameters only (the weight matrices).
 * Source: Kingma and Ba 2015; Loshchilov and Hutter 2019 for the decoupled decay. */
void adam_step(Adam *a, real *p, const real *g, size_t decayed, double lr);

/* The Euclidean norm of g (size). Blocks are summed in double, then the blocks in order. */
double gradient_norm(const real *g, size_t size);

/* Scales g so that its norm is at most `most`. Returns the norm it had. */
double gradient_clip(real *g, size_t size, double most);

/* Learning rate of step 0, 1, ..., total-1: a linear rise from lr/warmup to lr over `warmup` steps,
 * then a straight line down to `last` at the final step. Where the rise leaves no room for a line
 * (total - 1 <= warmup), the rate stays at lr. */
double learning_rate(int step, int warmup, int total, double lr, double last);

#endif
