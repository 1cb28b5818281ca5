/* critic.c: see critic.h. */
#include "critic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "threads.h"

/* ---- layout ------------------------------------------------------------------------------- */

static void head_layout(Linear *head, int C, Arena *a)
{
    head->w = arena_matrix(a, C, 1);
    head->b = arena_matrix(a, 1, 1);
}

static void results_layout(Critic *c, int rows)
{
    c->values = arena_matrix(&c->results, rows, 1);
    c->dvalues = arena_matrix(&c->results, rows, 1);
    c->targets = arena_matrix(&c->results, rows, 1);
}

static void critic_layout(Critic *c, int C, int rows)
{
    head_layout(&c->head, C, &c->head_weights);
    head_layout(&c->dhead, C, &c->head_gradients);
    results_layout(c, rows);
}

Critic *critic_new(const Transformer *pretrained, const CriticOptions *options, int rows)
{
    Critic *c = NEW(Critic, 1);
    int C = pretrained->shape.channels;
    AdamOptions adam = {0.9, options->beta2, 1e-8, 0};
    c->options = *options;
    c->trunk = transformer_new(&pretrained->shape, 0);
    transformer_copy_weights(c->trunk, pretrained);
    critic_layout(c, C, rows); /* counts */
    arena_reserve(&c->head_weights);
    arena_reserve(&c->head_gradients);
    arena_reserve(&c->results);
    critic_layout(c, C, rows); /* places; reserved memory is zero */
    c->trunk_adam = adam_new(c->trunk->size, adam);
    c->head_adam = adam_new(c->head_weights.used, adam);
    c->activations =
        activations_new(&pretrained->shape,
                        rollout_slice_rows(rows, pretrained->shape.context, threads_count()), true);
    return c;
}

void critic_free(Critic *c)
{
    if (!c) return;
    transformer_free(c->trunk);
    adam_free(&c->trunk_adam);
    adam_free(&c->head_adam);
    activations_free(c->activations);
    arena_free(&c->head_weights);
    arena_free(&c->head_gradients);
    arena_free(&c->results);
    free(c);
}

/* ---- forward and backward ------------------------------------------------------------------- */

/* V = hidden w + b.   Returns V (rows, 1). */
static Matrix critic_forward(Critic *c, const Batch *b)
{
    Matrix values = mat_rows(c->values, 0, batch_rows(b));
    trunk_forward(c->trunk, c->activations, b, NULL);
    linear_forward(values, c->activations->hidden, &c->head);
    return values;
}

/* dhidden = dV w',   dw += hidden' dV,   db += sum dV;   then the trunk */
static void critic_backward(Critic *c, const Batch *b, Matrix dvalues)
{
    Activations *a = c->activations;
    linear_backward(a->dhidden, dvalues, &c->head);
    linear_gradient(&c->dhead, dvalues, a->hidden);
    trunk_backward(c->trunk, a, b, a->dhidden);
}

void critic_values(Critic *c, const Rollout *r, real *values)
{
    for (Slice s = {0}; rollout_next(r, c->activations, &s);) {
        Matrix v = critic_forward(c, &s.batch);
        for (int n = 0; n < v.rows; n++) values[s.row + n] = v.data[n];
    }
}

/* ---- learning ----------------------------------------------------------------------------- */

void critic_zero_gradients(Critic *c)
{
    transformer_zero_gradients(c->trunk);
    memset(c->head_gradients.base, 0, sizeof(real) * c->head_gradients.used);
}

static void require_room(const Critic *c, const Rollout *r)
{
    int rows = rollout_rows(r);
    REQUIRE(0 < rows && rows <= c->targets.rows, "a batch of %d rows, and there is room for %d",
            rows, c->targets.rows);
}

double critic_gradient(Critic *c, const Rollout *r, const real *targets)
{
    require_room(c, r);
    int rows = rollout_rows(r);
    double loss = 0;
    for (Slice s = {0}; rollout_next(r, c->activations, &s);) {
        Matrix v = critic_forward(c, &s.batch), dv = mat_rows(c->dvalues, 0, s.rows);
        for (int n = 0; n < s.rows; n++) {
            real error = v.data[n] - targets[s.row + n];
            loss += 0.5 * (double)error * error / rows;
            dv.data[n] = error / (real)rows;
        }
        critic_backward(c, &s.batch, dv);
    }
    return loss;
}

/* Trunk and head are one vector to the clip. */
static double clip_both(Critic *c, double most)
{
    real *trunk = c->trunk->gradients.base, *head = c->head_gradients.base;
    size_t sizes[] = {c->trunk->size, c->head_gradients.used};
    double norms[] = {gradient_norm(trunk, sizes[0]), gradient_norm(head, sizes[1])};
    double norm = hypot(norms[0], norms[1]);
    if (norm > most) {
        gradient_clip(trunk, sizes[0], norms[0] * most / norm);
        gradient_clip(head, sizes[1], norms[1] * most / norm);
    }
    return norm;
}

double critic_learn(Critic *c, const Rollout *r)
{
    require_room(c, r);

    /* target_t = A_t + V(s_t) */
    real *targets = c->targets.data;
    for (int n = 0; n < rollout_rows(r); n++) targets[n] = r->advantages[n] + r->values[n];

    critic_zero_gradients(c);
    activations_pack(c->activations, c->trunk);
    double loss = critic_gradient(c, r, targets);
    activations_unpack(c->activations);
    return loss;
}

double critic_step(Critic *c)
{
    double norm = clip_both(c, c->options.clip);
    real *w = c->trunk->weights.base, *head = c->head_weights.base;
    adam_step(&c->trunk_adam, w, c->trunk->gradients.base, 0, c->options.lr);
    adam_step(&c->head_adam, head, c->head_gradients.base, 0, c->options.lr);
    return norm;
}

double critic_update(Critic *c, const Rollout *r, double *norm)
{
    double loss = critic_learn(c, r), length = critic_step(c);
    if (norm) *norm = length;
    return loss;
}
