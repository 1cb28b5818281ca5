/* adam.c: see adam.h for the equations. */
#include "adam.h"

#include <math.h>

#include "error.h"
#include "numeric.h"

enum { WORTH_A_TEAM = 1 << 15 }; /* numbers above which a second thread pays */

static void moments_layout(Adam *a)
{
    a->m = arena_matrix(&a->moments, 1, (int)a->size).data;
    a->v = arena_matrix(&a->moments, 1, (int)a->size).data;
}

Adam adam_new(size_t size, AdamOptions options)
{
    Adam a = {.options = options, .size = size, .beta1_power = 1, .beta2_power = 1};
    moments_layout(&a); /* counts */
    arena_reserve(&a.moments);
    moments_layout(&a); /* places */
    return a;
}

void adam_free(Adam *a)
{
    arena_free(&a->moments);
    *a = (Adam){0};
}

void adam_step(Adam *a, real *p, const real *g, size_t decayed, double lr)
{
    REQUIRE(decayed <= a->size, "%zu decayed of %zu parameters", decayed, a->size);
    double beta1 = a->options.beta1, beta2 = a->options.beta2;
    a->steps++;
    a->beta1_power *= beta1;
    a->beta2_power *= beta2;

    /* the two bias corrections move out of the loop: m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)
     * = rate * m / (sqrt(v) + eps * root) with root = sqrt(1-b2^t) */
    double root = sqrt(1 - a->beta2_power);
    real rate = (real)(lr * root / (1 - a->beta1_power)),
         epsilon = (real)(a->options.epsilon * root);
    /* 1 - beta is taken in double: in float 1 - 0.999 is 1.3e-5 off */
    real b1 = (real)beta1, b2 = (real)beta2, fresh1 = (real)(1 - beta1), fresh2 = (real)(1 - beta2);
    real decay = (real)(lr * a->options.weight_decay);
    real *m = a->m, *v = a->v;
    long size = (long)a->size;
#pragma omp parallel for simd schedule(static) if (size > WORTH_A_TEAM)
    for (long i = 0; i < size; i++) {
        m[i] = b1 * m[i] + fresh1 * g[i];
        v[i] = b2 * v[i] + fresh2 * g[i] * g[i];
        real shrink = (size_t)i < decayed ? decay : 0;
        p[i] -= rate * m[i] / (real_sqrt(v[i]) + epsilon) + shrink * p[i];
    }
}

enum { BLOCK = 4096, BLOCKS = 4096 };

static double sum_of_squares(const real *g, long size)
{
    double lane[16] = {0}, total = 0;
    long i = 0;
    for (; i + 16 <= size; i += 16)
        for (int j = 0; j < 16; j++) lane[j] += (double)g[i + j] * (double)g[i + j];
    for (; i < size; i++) total += (double)g[i] * (double)g[i];
    for (int j = 0; j < 16; j++) total += lane[j];
    return total;
}

double gradient_norm(const real *g, size_t size)
{
    double total = 0, block[BLOCKS];
    for (long left = (long)size; left > 0; left -= (long)BLOCK * BLOCKS) {
        long count = left < (long)BLOCK * BLOCKS ? left : (long)BLOCK * BLOCKS;
        long blocks = (count + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) if (count > WORTH_A_TEAM)
        for (long b = 0; b < blocks; b++)
            block[b] = sum_of_squares(g + b * BLOCK, b + 1 < blocks ? BLOCK : count - b * BLOCK);
        for (long b = 0; b < blocks; b++) total += block[b];
        g += count;
    }
    return sqrt(total);
}

double gradient_clip(real *g, size_t size, double most)
{
    double norm = gradient_norm(g, size);
    if (norm > most) {
        real scale = (real)(most / norm);
        long end = (long)size;
#pragma omp parallel for simd schedule(static) if (end > WORTH_A_TEAM)
        for (long i = 0; i < end; i++) g[i] *= scale;
    }
    return norm;
}

double learning_rate(int step, int warmup, int total, double lr, double last)
{
    if (step < warmup) return lr * (step + 1) / warmup;
    if (total - 1 <= warmup) return lr;
    double way = (double)(step - warmup) / (total - 1 - warmup);
    return lr + (last - lr) * (way < 1 ? way : 1);
}
