/* oracle.c: see oracle.h. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "kl.h"

/* ---- every text --------------------------------------------------------------------------- */

/* Texts of V symbols, one of them the end: (V-1)^k end after k others, and (V-1)^T do not */
static int count_texts(int V, int longest)
{
    double texts = 0, open = 1;
    for (int t = 0; t < longest; t++, open *= V - 1) texts += open;
    REQUIRE(texts + open <= 1e5, "%g texts are too many to list", texts + open);
    return (int)(texts + open);
}

/* Adds the texts that begin with the given symbols: those that end now, then those that go on. */
static void list_texts(Rollout *all, int *symbols, int count)
{
    int end = all->vocabulary->end;
    for (int x = 0; x < all->vocabulary->size; x++) {
        symbols[count] = x;
        if (x == end || count + 1 == all->longest)
            rollout_add(all, symbols, count + 1);
        else
            list_texts(all, symbols, count + 1);
    }
}

Oracle *oracle_new(const TransformerShape *s, const Vocabulary *v, int longest, int batch)
{
    Oracle *o = NEW(Oracle, 1);
    int texts = count_texts(v->size, longest), *symbols = NEW(int, longest);
    o->all = rollout_new(s, v, texts, longest);
    list_texts(o->all, symbols, 0);
    REQUIRE(rollout_texts(o->all) == texts, "%d texts listed of %d", rollout_texts(o->all), texts);
    o->p = NEW(double, texts);
    o->activations = activations_new(s, rollout_rows(o->all), true);
    o->batch = rollout_new(s, v, batch, longest);
    o->origin = NEW(int, batch);
    free(symbols);
    return o;
}

void oracle_free(Oracle *o)
{
    if (!o) return;
    rollout_free(o->all);
    rollout_free(o->batch);
    activations_free(o->activations);
    arena_free(&o->arena);
    free(o->origin);
    free(o->p);
    free(o);
}

/* ---- expectations ------------------------------------------------------------------------- */

/* log of a text's probability, the sum over its symbols */
static double text_logprob(const Rollout *r, const real *logprob, int text)
{
    double total = 0;
    for (int n = rollout_first(r, text); n <= rollout_last(r, text); n++) total += logprob[n];
    return total;
}

double oracle_look(Oracle *o, const Transformer *policy)
{
    double sum = 0;
    rollout_score(o->all, policy, o->activations, o->all->logprob_old);
    for (int i = 0; i < rollout_texts(o->all); i++)
        sum += o->p[i] = exp(text_logprob(o->all, o->all->logprob_old, i));
    return sum;
}

double oracle_reward(const Oracle *o)
{
    double J = 0;
    for (int i = 0; i < rollout_texts(o->all); i++) J += o->p[i] * o->all->reward[i];
    return J;
}

double oracle_kl(const Oracle *o)
{
    const Rollout *r = o->all;
    double kl = 0;
    for (int i = 0; i < rollout_texts(r); i++)
        kl += o->p[i] * (text_logprob(r, r->logprob_old, i) - text_logprob(r, r->logprob_ref, i));
    return kl;
}

double oracle_objective(const Oracle *o, double beta)
{
    return oracle_reward(o) - beta * oracle_kl(o);
}

/* The largest exponent is taken out of the sum, so that a small beta overflows nothing. */
double oracle_best(const Oracle *o, double beta, double *best)
{
    const Rollout *r = o->all;
    int N = rollout_texts(r);
    double *tilted = NEW(double, N), most = -INFINITY, sum = 0;
    for (int i = 0; i < N; i++) {
        tilted[i] = text_logprob(r, r->logprob_ref, i) + r->reward[i] / beta;
        most = fmax(most, tilted[i]);
    }
    for (int i = 0; i < N; i++) sum += exp(tilted[i] - most);
    double log_z = most + log(sum);
    for (int i = 0; i < N && best; i++) best[i] = tilted[i] - log_z;
    free(tilted);
    return log_z;
}

double oracle_kl_to(const Oracle *o, const double *log_q)
{
    double kl = 0;
    for (int i = 0; i < rollout_texts(o->all); i++)
        kl += o->p[i] * (text_logprob(o->all, o->all->logprob_old, i) - log_q[i]);
    return kl;
}

/* ---- estimators --------------------------------------------------------------------------- */

/* The batch that consists of one text; its weights are asked for. */
static const real *weights_of_one(Oracle *o, int text, WeightsFunction weights, void *arg)
{
    rollout_clear(o->batch);
    rollout_copy(o->batch, o->all, text);
    weights(o->batch, arg);
    return o->batch->weights;
}

/* E[g] = sum over texts of p times the gradient with that text's weights */
void oracle_gradient(Oracle *o, Transformer *policy, WeightsFunction weights, void *arg)
{
    Rollout *all = o->all;
    Activations *a = o->activations;
    for (int i = 0; i < rollout_texts(all); i++) {
        const real *w = weights_of_one(o, i, weights, arg);
        int first = rollout_first(all, i);
        for (int t = 0; t < rollout_length(all, i); t++)
            all->weights[first + t] = (real)o->p[i] * w[t];
    }
    rollout_score(all, policy, a, all->logprob);
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, all->rows->targets, all->weights);
    for (int i = 0; i < rollout_texts(all); i++) {
        int first = rollout_first(all, i), T = rollout_length(all, i);
        kl_gradient(mat_rows(a->dlogits, first, T), mat_rows(a->probs, first, T),
                    mat_rows(all->log_ref, first, T), o->beta * o->p[i], NULL);
    }
    transformer_zero_gradients(policy);
    transformer_backward(policy, a, &all->rows->batch, a->dlogits);
}

/* From dlogits, which are those of one text, to a row of gradients. */
static void keep_gradient(Matrix kept, int row, const Oracle *o, Transformer *policy)
{
    transformer_zero_gradients(policy);
    transformer_backward(policy, o->activations, &o->batch->rows->batch, o->activations->dlogits);
    memcpy(mat_row(kept, row), policy->gradients.base, sizeof(real) * policy->size);
}

/* One text at a time, and of its rows one at a time: first with weight -1, the others with 0, then
 * with its KL. */
static void keep_row(Oracle *o, Transformer *policy, int row, int t)
{
    Rollout *one = o->batch;
    Activations *a = o->activations;
    rollout_score(one, policy, a, one->logprob);
    memset(one->weights, 0, sizeof(real) * (size_t)rollout_rows(one));
    one->weights[t] = -1;
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, one->rows->targets, one->weights);
    keep_gradient(o->score, row, o, policy);

    mat_zero(a->dlogits);
    kl_gradient(mat_rows(a->dlogits, t, 1), mat_rows(a->probs, t, 1), mat_rows(one->log_ref, t, 1),
                1, NULL);
    keep_gradient(o->slope, row, o, policy);
}

static void scores_layout(Oracle *o, int parameters)
{
    o->score = arena_matrix(&o->arena, rollout_rows(o->all), parameters);
    o->slope = arena_matrix(&o->arena, rollout_rows(o->all), parameters);
}

void oracle_scores(Oracle *o, Transformer *policy)
{
    Rollout *all = o->all;
    if (!o->arena.base) {
        scores_layout(o, (int)policy->size); /* counts */
        arena_reserve(&o->arena);
        scores_layout(o, (int)policy->size); /* places */
    }
    for (int i = 0; i < rollout_texts(all); i++) {
        rollout_clear(o->batch);
        rollout_copy(o->batch, all, i);
        for (int t = 0; t < rollout_length(all, i); t++)
            keep_row(o, policy, rollout_first(all, i) + t, t);
    }
}

/* g += sum_t (-w_t grad log pi(x_t|s_t) + beta grad KL_t), of one text of all */
static void add_gradient(double *g, const Oracle *o, int text, const real *w, double beta)
{
    int first = rollout_first(o->all, text);
    for (int t = 0; t < rollout_length(o->all, text); t++) {
        const real *score = mat_row(o->score, first + t), *slope = mat_row(o->slope, first + t);
        for (int k = 0; k < o->score.cols; k++) g[k] += beta * slope[k] - (double)w[t] * score[k];
    }
}

/* Var(g) = E|g|^2 - |E[g]|^2 */
double oracle_variance(Oracle *o, WeightsFunction weights, void *arg)
{
    REQUIRE(o->score.data, "oracle_scores comes first");
    int P = o->score.cols;
    double *g = NEW(double, P), *mean = NEW(double, P), square = 0, of_mean = 0;
    for (int i = 0; i < rollout_texts(o->all); i++) {
        memset(g, 0, sizeof(double) * (size_t)P);
        add_gradient(g, o, i, weights_of_one(o, i, weights, arg), o->beta);
        for (int k = 0; k < P; k++) {
            mean[k] += o->p[i] * g[k];
            square += o->p[i] * g[k] * g[k];
        }
    }
    for (int k = 0; k < P; k++) of_mean += mean[k] * mean[k];
    free(g);
    free(mean);
    return square - of_mean;
}

/* A text, with its exact probability. */
static int draw_text(const Oracle *o, Rng *rng)
{
    double x = rng_uniform(rng), reached = 0;
    int N = rollout_texts(o->all);
    for (int i = 0; i < N; i++)
        if (x < (reached += o->p[i])) return i;
    return N - 1;
}

static void draw_batch(Oracle *o, int batch, Rng *rng)
{
    rollout_clear(o->batch);
    for (int b = 0; b < batch; b++) {
        o->origin[b] = draw_text(o, rng);
        rollout_copy(o->batch, o->all, o->origin[b]);
    }
}

Estimate oracle_estimate(Oracle *o, WeightsFunction weights, void *arg, int batch, int draws,
                         uint64_t seed, const real *gradient)
{
    REQUIRE(o->score.data && draws > 1, "oracle_scores comes first, and two draws at least");
    int P = o->score.cols;
    double *g = NEW(double, P), *mean = NEW(double, P), square = 0;
    Estimate e = {0};
    for (int d = 0; d < draws; d++) {
        Rng rng = rng_stream(seed, (uint64_t)d);
        draw_batch(o, batch, &rng);
        weights(o->batch, arg);
        memset(g, 0, sizeof(double) * (size_t)P);
        for (int b = 0; b < batch; b++)
            add_gradient(g, o, o->origin[b], o->batch->weights + rollout_first(o->batch, b),
                         o->beta / batch);
        for (int k = 0; k < P; k++) {
            mean[k] += g[k] / draws;
            square += g[k] * g[k] / draws;
        }
    }
    for (int k = 0; k < P; k++) {
        double off = mean[k] - (gradient ? gradient[k] : 0);
        square -= mean[k] * mean[k];
        e.bias += off * off;
    }
    e.variance = fmax(0, square) * draws / (draws - 1); /* by rounding a little below 0 */
    e.bias = sqrt(e.bias);
    e.bias_error = sqrt(e.variance / draws);
    free(g);
    free(mean);
    return e;
}
