/* mle.c: see mle.h. */
#include "mle.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "threads.h"

/* A batch goes through the model in parts, so small that what forward leaves is still in the cache
 * when backward comes for it: about 256 rows, and four sequences, which two threads can share; in
 * a shard, which one thread takes alone, about 192, and two. */
static int rows_at_a_time(int context, int rows, int shards)
{
    int sequences = shards > 1 ? 2 : 4, few = shards > 1 ? 192 : 256;
    if (few < sequences * context) few = sequences * context;
    return few < rows ? few : rows;
}

/* Shards, 1 where the options don't say. */
static int shards_of(const MleOptions *o)
{
    return o->shards < 1 ? 1 : o->shards;
}

/* The most rows of a shard. */
static int shard_rows(const MleOptions *o, int context)
{
    return (o->batch + shards_of(o) - 1) / shards_of(o) * context;
}

/* Threads that a shard at a time keeps busy. */
static int workers_of(const MleOptions *o)
{
    return shards_of(o) < threads_count() ? shards_of(o) : threads_count();
}

bool mle_fits(const TransformerShape *s, const MleOptions *o, Error *err)
{
    int S = shards_of(o), T = s->context;
    double learning = activations_size(s, rows_at_a_time(T, shard_rows(o, T), S), true);
    double scoring = activations_size(s, rows_at_a_time(T, o->batch * T, 1), false);
    double model = (S + 3.0) * model_weights(s); /* weights, Adam's two, and gradients */
    return memory_fits(sizeof(real) * (workers_of(o) * learning + scoring + model),
                       "training such a model", "make it smaller, or its --context", err);
}

Mle *mle_new(Transformer *model, const MleOptions *options)
{
    Mle *m = NEW(Mle, 1);
    int T = model->shape.context, rows = options->batch * T;
    m->options = *options;
    int S = m->options.shards = shards_of(options), most = shard_rows(options, T);
    REQUIRE(S <= options->batch, "%d shards of %d windows", S, options->batch);
    m->model = model;
    m->adam =
        adam_new(model->size, (AdamOptions){0.9, options->beta2, 1e-8, options->weight_decay});
    m->shards = NEW(Shard, S);
    for (int i = 0; i < S; i++) m->shards[i].model = i == 0 ? model : transformer_twin(model);
    m->workers = workers_of(options);
    m->activations = NEW(Activations *, m->workers);
    for (int i = 0; i < m->workers; i++)
        m->activations[i] = activations_new(&model->shape, rows_at_a_time(T, most, S), true);
    m->scoring = activations_new(&model->shape, rows_at_a_time(T, rows, 1), false);
    m->batch = sequences_new(options->batch, rows);
    m->weights = NEW(real, rows);
    m->logprob = NEW(real, rows);
    m->best = INFINITY;
    return m;
}

void mle_free(Mle *m)
{
    if (!m) return;
    adam_free(&m->adam);
    for (int i = 1; i < m->options.shards; i++) transformer_free(m->shards[i].model);
    for (int i = 0; i < m->workers; i++) activations_free(m->activations[i]);
    free(m->activations);
    free(m->shards);
    activations_free(m->scoring);
    sequences_free(m->batch);
    free(m->weights);
    free(m->logprob);
    free(m);
}

/* Fills the log-probabilities of a part of the batch; returns the sum of -log P. */
static double forward(Mle *m, const Transformer *model, Activations *a, const Batch *b)
{
    int first = b->start[0];
    Matrix logits = transformer_forward(model, a, b, NULL);
    softmax_forward(a->probs, m->logprob + first, logits, m->batch->targets + first);
    double total = 0;
    for (int n = 0; n < logits.rows; n++) total -= m->logprob[first + n];
    return total;
}

/* What forward left becomes a share of the mean loss's gradient. */
static void backward(Mle *m, Transformer *model, Activations *a, const Batch *b)
{
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, m->batch->targets + b->start[0], m->weights);
    transformer_backward(model, a, b, a->dlogits);
}

/* What shard s of the batch adds to the mean loss, and the gradient of that. */
static void learn_shard(Mle *m, int s)
{
    Shard *mine = &m->shards[s];
    Activations *a = m->activations[team_rank()];
    const Batch *all = &m->batch->batch;
    int S = m->options.shards, first = all->sequences * s / S, end = all->sequences * (s + 1) / S;
    Batch shard = batch_slice(all, first, end - first);
    mine->loss = 0;
    transformer_zero_gradients(mine->model);
    activations_pack(a, mine->model); /* for all parts */
    for (Batch part = {0}; batch_next(&shard, a->capacity, &part);) {
        mine->loss += forward(m, mine->model, a, &part) / batch_rows(all);
        backward(m, mine->model, a, &part);
    }
    activations_unpack(a);
}

/* The mean loss of the batch and its gradient. One shard is shared out to threads within the
 * passes; several are taken by a thread each, and their gradients added in order. */
static double learn(Mle *m)
{
    int S = m->options.shards;
    double loss = 0;
    if (S == 1) { /* outside of any team: the passes make their own */
        learn_shard(m, 0);
    } else {
#pragma omp parallel for schedule(static, 1) num_threads(m->workers)
        for (int s = 0; s < S; s++) learn_shard(m, s);
    }
    for (int s = 0; s < S; s++) {
        loss += m->shards[s].loss;
        if (s > 0) transformer_add_gradients(m->model, m->shards[s].model);
    }
    return loss;
}

MleStep mle_step(Mle *m, const Windows *train)
{
    const MleOptions *o = &m->options;
    Rng rng = rng_stream(o->seed, (uint64_t)m->step);
    windows_draw(train, o->batch, &rng, m->batch);
    int N = batch_rows(&m->batch->batch);
    for (int n = 0; n < N; n++) m->weights[n] = 1 / (real)N;
    MleStep result = {.loss = learn(m)};

    real *weights = m->model->weights.base, *gradients = m->model->gradients.base;
    result.lr = learning_rate(m->step, o->warmup, o->steps, o->lr, o->last_lr);
    result.gradient_norm = gradient_clip(gradients, m->model->size, o->clip);
    adam_step(&m->adam, weights, gradients, m->model->decayed, result.lr);
    m->step++;
    m->symbols += N;
    m->recent_loss += result.loss;
    m->recent_steps++;
    return result;
}

double mle_evaluate(Mle *m, const Windows *w, int windows, real *logprob)
{
    double total = 0;
    size_t scored = 0;
    activations_pack(m->scoring, m->model);
    for (int first = 0; first < windows; first += m->options.batch) {
        sequences_clear(m->batch);
        for (int i = first; i < windows && i < first + m->options.batch; i++)
            windows_add(w, i, m->batch);
        int N = batch_rows(&m->batch->batch);
        for (Batch part = {0}; batch_next(&m->batch->batch, m->scoring->capacity, &part);)
            total += forward(m, m->model, m->scoring, &part);
        if (logprob)
            for (int n = 0; n < N; n++) logprob[scored + (size_t)n] = m->logprob[n];
        scored += (size_t)N;
    }
    activations_unpack(m->scoring);
    return total / (double)scored;
}

/* ---- a run's state -------------------------------------------------------------------------- */

/* The three flat arrays as tensors of one row. */
static void state_tensors(const Mle *m, Tensor tensors[3])
{
    int n = (int)m->model->size;
    tensors[0] = (Tensor){"weights", 1, mat(m->model->weights.base, 1, n)};
    tensors[1] = (Tensor){"adam.m", 1, mat(m->adam.m, 1, n)};
    tensors[2] = (Tensor){"adam.v", 1, mat(m->adam.v, 1, n)};
}

static const char *describe_shape(const TransformerShape *s)
{
    static char text[120];
    snprintf(text, sizeof text, "%d layers, %d heads, %d channels, context %d and %d symbols",
             s->layers, s->heads, s->channels, s->context, s->vocabulary);
    return text;
}

static const char *describe_text(const Mle *m)
{
    static char text[20];
    snprintf(text, sizeof text, "%016" PRIx64, m->options.text);
    return text;
}

static const char *describe_shards(const Mle *m)
{
    static char text[12];
    snprintf(text, sizeof text, "%d", m->options.shards);
    return text;
}

/* What shapes the steps, but for their number: a run may be made longer. */
static const char *describe_flags(const Mle *m)
{
    static char text[200];
    const MleOptions *o = &m->options;
    snprintf(text, sizeof text,
             "--batch %d --lr %g --last-lr %g --warmup %d --beta2 %g --weight-decay %g --clip %g",
             o->batch, o->lr, o->last_lr, o->warmup, o->beta2, o->weight_decay, o->clip);
    return text;
}

/* The numbers beside them, as text: doubles in hexadecimal, which loses nothing. */
bool mle_save(const Mle *m, const char *path, Error *err)
{
    char text[256];
    snprintf(text, sizeof text, "%d %a %a %d %a %a %.0f %" PRIu64, m->step, m->best, m->recent_loss,
             m->recent_steps, m->adam.beta1_power, m->adam.beta2_power, m->symbols,
             m->options.seed);
    cJSON *metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(metadata, "run", text);
    cJSON_AddStringToObject(metadata, "shape", describe_shape(&m->model->shape));
    cJSON_AddStringToObject(metadata, "text", describe_text(m));
    cJSON_AddStringToObject(metadata, "shards", describe_shards(m));
    cJSON_AddStringToObject(metadata, "flags", describe_flags(m));
    Tensor tensors[3];
    state_tensors(m, tensors);
    bool good = checkpoint_save(path, tensors, 3, metadata, err);
    cJSON_Delete(metadata);
    return good;
}

static bool is_power(double x)
{
    return x >= 0 && x <= 1; /* NaN is none */
}

/* The numbers of mle_save, if they can be those of a run. */
static bool read_numbers(Mle *m, uint64_t *seed, const char *text)
{
    Adam *a = &m->adam;
    return sscanf(text, "%d %la %la %d %la %la %la %" SCNu64, &m->step, &m->best, &m->recent_loss,
                  &m->recent_steps, &a->beta1_power, &a->beta2_power, &m->symbols, seed) == 8 &&
           m->step >= 0 && m->recent_steps >= 0 && m->recent_steps <= m->step &&
           is_power(a->beta1_power) && is_power(a->beta2_power) && isfinite(m->recent_loss) &&
           isfinite(m->symbols) && m->symbols >= 0;
}

/* What the state says under a key, or NULL. */
static const char *said(const cJSON *metadata, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, key));
}

static bool same(const char *text, const char *expected)
{
    return text && strcmp(text, expected) == 0;
}

/* Is it the state of a run that m could have made? */
static bool same_kind(const Mle *m, const cJSON *metadata, const char *path, Error *err)
{
    const char *shape = said(metadata, "shape"), *shards = said(metadata, "shards");
    if (!same(shape, describe_shape(&m->model->shape)))
        return error_set(err, "%s is of a model with %.100s: give the same", path,
                         shape ? shape : "an unknown shape");
    if (m->options.text && !same(said(metadata, "text"), describe_text(m)))
        return error_set(err, "%s is of a run on another text: give the same, or start anew", path);
    if (shards && !same(shards, describe_shards(m)))
        return error_set(err, "%s is of a run with --shards %.20s: give the same", path, shards);
    return true;
}

bool mle_load(Mle *m, const char *path, Error *err)
{
    Tensor tensors[3];
    state_tensors(m, tensors);
    cJSON *metadata = NULL;
    uint64_t seed = 0;
    if (!checkpoint_load(path, tensors, 3, &metadata, err)) return false;
    const char *run = said(metadata, "run"), *flags = said(metadata, "flags");
    bool good = same_kind(m, metadata, path, err);
    if (good && !(run && read_numbers(m, &seed, run)))
        good = error_set(err, "%s does not say where its run stopped: start anew", path);
    if (good && flags && !same(flags, describe_flags(m)))
        snprintf(m->flags_before, sizeof m->flags_before, "%s", flags);
    cJSON_Delete(metadata);
    if (!good) return false;
    m->adam.steps = m->step;
    if (seed != m->options.seed)
        return error_set(err, "%s is of a run with seed %" PRIu64 ": give --seed %" PRIu64, path,
                         seed, seed);
    return m->step <= m->options.steps ||
           error_set(err, "%s stopped at step %d, and --steps %d ends before: give more steps",
                     path, m->step, m->options.steps);
}
