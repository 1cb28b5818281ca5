/* rng.h: random numbers that come out the same everywhere.
 *
 * xoshiro256++ (Blackman and Vigna 2021), its state filled by splitmix64 from a seed and a stream
 * number. Streams are independent: each sequence of a batch, and each training step, has its own,
 * so neither the order of the batch nor the thread that runs it changes a number. */
#ifndef RNG_H
#define RNG_H

#include <stdint.h>

#include "real.h"

typedef struct {
    uint64_t s[4];
} Rng;

/* The stream of this number under this seed: equal arguments, equal numbers. */
Rng rng_stream(uint64_t seed, uint64_t stream);

uint64_t rng_next(Rng *r);    /* 64 random bits */
double rng_uniform(Rng *r);   /* uniform in [0, 1), 53 bits */
int rng_below(Rng *r, int n); /* uniform in 0 .. n-1, without modulo bias */
double rng_normal(Rng *r);    /* mean 0, variance 1; Marsaglia's polar method (1964) */

/* Index i with probability p_i / sum(p); p (n) is not negative and its sum is positive. */
int rng_choice(Rng *r, const real *p, int n);

#endif
