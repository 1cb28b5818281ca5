/* rollouts.h: texts with known numbers, and a policy about which everything is known, for the tests
 * of chapters 3 to 5. Nothing here calls a function that is an exercise of these chapters. */
#ifndef ROLLOUTS_H
#define ROLLOUTS_H

#include <math.h>
#include <string.h>

#include "error.h"
#include "grade.h"
#include "oracle.h"

/* The symbols are the end, a, b and c; a text has at most `longest`. */
static inline Vocabulary *four_symbols(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c"};
    Vocabulary *v = NEW(Vocabulary, 1);
    vocabulary_make(v, symbols, 4, 0);
    return v;
}

static inline TransformerShape four_shape(int longest)
{
    return (TransformerShape){
        .layers = 1, .heads = 2, .channels = 8, .context = longest, .vocabulary = 4};
}

/* Texts of the given lengths, closed by 0. A text that is shorter than the longest ends with its
 * end symbol. */
static inline Rollout *texts_new(const int *lengths)
{
    int texts = 0, longest = 0, symbols[64];
    for (; lengths[texts]; texts++) longest = lengths[texts] > longest ? lengths[texts] : longest;
    TransformerShape shape = four_shape(longest);
    Rollout *r = rollout_new(&shape, four_symbols(), texts, longest);
    for (int i = 0; i < texts; i++) {
        for (int t = 0; t < lengths[i]; t++) symbols[t] = 1 + (i + t) % 3;
        if (lengths[i] < longest) symbols[lengths[i] - 1] = 0;
        rollout_add(r, symbols, lengths[i]);
    }
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] = r->advantages[n] = (real)UNTOUCHED;
    return r;
}

static inline void set(real *to, const double *from, int n)
{
    for (int i = 0; i < n; i++) to[i] = (real)from[i];
}

/* Three texts of 2, 4 and 1 symbols, with numbers that are exact in binary. */
#define THREE_TEXTS "three texts with the rewards per symbol (1, 2), (0.5, -1, 4, 0.25) and (-2)"
static inline Rollout *three_texts(void)
{
    Rollout *r = texts_new((int[]){2, 4, 1, 0});
    set(r->rewards, (double[]){1, 2, /**/ 0.5, -1, 4, 0.25, /**/ -2}, 7);
    return r;
}

/* ---- a policy of which everything is known -------------------------------------------------- */

#define ALL_TEXTS "all 364 texts of at most five symbols, each with its exact probability"

/* A transformer with opinions, and every text that it can write. */
typedef struct {
    Transformer *policy;
    Oracle *oracle;
} Known4;

static inline Transformer *random_policy(const TransformerShape *shape, uint64_t seed)
{
    Transformer *t = transformer_new(shape, seed);
    Rng rng = rng_stream(seed, 1);
    int count = transformer_tensors(t, NULL);
    Tensor *tensors = NEW(Tensor, count);
    transformer_tensors(t, tensors);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < tensors[i].m.rows * tensors[i].m.cols; j++)
            mat_row(tensors[i].m, j / tensors[i].m.cols)[j % tensors[i].m.cols] +=
                (real)(0.3 * rng_normal(&rng));
    return t;
}

static inline Known4 known_new(int batch)
{
    TransformerShape shape = four_shape(5);
    Known4 k = {random_policy(&shape, 7), oracle_new(&shape, four_symbols(), 5, batch)};
    oracle_look(k.oracle, k.policy);
    return k;
}

/* R(text) = what was paid per symbol: `a` for every a, 1 for a text that ends with an end symbol,
 * `always` for any text, with the last symbol. Into rewards; the sum into reward. */
static inline void pay(Rollout *r, double a, double end, double always)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        r->reward[i] = 0;
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {
            int x = r->rows->targets[n];
            double paid = (x == 1 ? a : x == 0 ? end : 0) + (n == rollout_last(r, i) ? always : 0);
            r->rewards[n] = (real)paid;
            r->reward[i] += paid;
        }
    }
}

/* -J of the policy, exactly, from the probabilities and the rewards of all texts. */
static inline double minus_J(void *known)
{
    Known4 *k = known;
    double J = 0;
    oracle_look(k->oracle, k->policy);
    for (int i = 0; i < rollout_texts(k->oracle->all); i++)
        J += k->oracle->p[i] * k->oracle->all->reward[i];
    return -J;
}

/* The mean gradient of an estimator that sees one text at a time, into policy->gradients: each text
 * weighed by its probability. */
static inline void mean_gradient(Known4 *k, WeightsFunction weights)
{
    Rollout *all = k->oracle->all, *one = k->oracle->batch;
    Activations *a = k->oracle->activations;
    for (int i = 0; i < rollout_texts(all); i++) {
        rollout_clear(one);
        rollout_copy(one, all, i);
        weights(one, NULL);
        for (int t = 0; t < rollout_length(all, i); t++)
            all->weights[rollout_first(all, i) + t] = (real)k->oracle->p[i] * one->weights[t];
    }
    rollout_score(all, k->policy, a, all->logprob);
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, all->rows->targets, all->weights);
    transformer_zero_gradients(k->policy);
    transformer_backward(k->policy, a, &all->rows->batch, a->dlogits);
}

/* The gradient that an estimator gives on average, held against the slope of -J at a few weights.
 */
static inline void expect_slope_of_J(Known4 *k, WeightsFunction weights, const char *on,
                                     const char *likely)
{
    mean_gradient(k, weights);
    double got[4], expected[4];
    for (int i = 0; i < 4; i++) {
        size_t at = k->policy->size / 5 * (size_t)(i + 1) / 16 * 16 + 2;
        got[i] = (double)k->policy->gradients.base[at];
        expected[i] = slope(minus_J, k, &k->policy->weights.base[at]);
    }
    oracle_look(k->oracle, k->policy);
    for (int i = 0; i < 4; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-6))
            wrong("the mean gradient of -J, at four of the weights", on, say_numbers(expected, 4),
                  say_numbers(got, 4), likely);
}

/* The length of the mean gradient. */
static inline double mean_gradient_length(Known4 *k, WeightsFunction weights)
{
    double square = 0;
    mean_gradient(k, weights);
    for (size_t i = 0; i < k->policy->size; i++)
        square += (double)k->policy->gradients.base[i] * (double)k->policy->gradients.base[i];
    return sqrt(square);
}

#endif
