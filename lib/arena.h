/* arena.h: memory for matrices, one block per lifetime.
 *
 * A layout function takes an Arena and places its matrices one after another. It runs twice: over
 * an empty arena, which only counts, and again after arena_reserve, which allocates what was
 * counted. Run over twin arenas it lays out parameters and gradients identically, so a whole
 * model is one flat array to the optimiser, the gradient check and the checkpoint.
 *
 *     Arena a = {0};
 *     model_layout(&model, &a);       counts
 *     arena_reserve(&a);              allocates, zeroed
 *     model_layout(&model, &a);       places
 *     ...
 *     arena_free(&a);
 *
 * Every matrix begins at a multiple of 64 bytes; the gaps hold zeros and stay zero. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "matrix.h"

typedef struct {
    real *base;  /* NULL while counting */
    size_t used; /* elements placed so far */
    size_t size; /* elements allocated */
} Arena;

/* The next rows x cols matrix; data is NULL while the arena counts. */
Matrix arena_matrix(Arena *a, int rows, int cols);

void arena_reserve(Arena *a);
void arena_free(Arena *a);

#endif
