/* transformer_memory.c: where every number of a transformer lies, how it starts and what it is
 * called. Nothing here computes; the passes are in transformer.c. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adam.h"
#include "transformer.h"

/* ---- layout ------------------------------------------------------------------------------- */

static Linear linear_matrices(Arena *a, int in, int out)
{
    return (Linear){.w = arena_matrix(a, in, out)};
}

static LayerNorm layernorm_layout(Arena *a, int C)
{
    LayerNorm ln = {.g = arena_matrix(a, 1, C)};
    ln.b = arena_matrix(a, 1, C);
    return ln;
}

/* First every weight matrix, then every bias and gain: what decays lies in front. Returns how
 * many numbers that is. */
static size_t parameters_layout(Parameters *p, const TransformerShape *s, Arena *a)
{
    int C = s->channels;
    p->wte = arena_matrix(a, s->vocabulary, C);
    p->wpe = arena_matrix(a, s->context, C);
    for (int l = 0; l < s->layers; l++) {
        Block *b = &p->block[l];
        b->qkv = linear_matrices(a, C, 3 * C);
        b->proj = linear_matrices(a, C, C);
        b->fc = linear_matrices(a, C, 4 * C);
        b->out = linear_matrices(a, 4 * C, C);
    }
    size_t decayed = a->used;
    for (int l = 0; l < s->layers; l++) {
        Block *b = &p->block[l];
        b->ln_1 = layernorm_layout(a, C);
        b->qkv.b = arena_matrix(a, 1, 3 * C);
        b->proj.b = arena_matrix(a, 1, C);
        b->ln_2 = layernorm_layout(a, C);
        b->fc.b = arena_matrix(a, 1, 4 * C);
        b->out.b = arena_matrix(a, 1, C);
    }
    p->ln_f = layernorm_layout(a, C);
    return decayed;
}

void activations_layout(Activations *a, int N)
{
    const TransformerShape *s = &a->shape;
    Arena *arena = &a->arena;
    int C = s->channels, L = s->layers, V = s->vocabulary;
    bool for_backward = a->for_backward;
    arena->used = 0;
    a->rows = N;
    for (int l = 0; l < L; l++) {
        BlockActivations *b = &a->block[l];
        if (l > 0 && !for_backward) { /* nobody will look back: all blocks share the first one's */
            *b = a->block[0];
            continue;
        }
        b->x = arena_matrix(arena, N, C);
        b->ln_1 = arena_matrix(arena, N, C);
        b->ln_1_stats = arena_matrix(arena, N, 2);
        b->qkv = arena_matrix(arena, N, 3 * C);
        b->att = arena_matrix(arena, s->heads * N, s->context);
        b->heads = arena_matrix(arena, N, C);
        b->x_mid = arena_matrix(arena, N, C);
        b->ln_2 = arena_matrix(arena, N, C);
        b->ln_2_stats = arena_matrix(arena, N, 2);
        b->gelu = arena_matrix(arena, N, 4 * C);
        b->slope = arena_matrix(arena, N, 4 * C);
    }
    a->x_last = for_backward ? arena_matrix(arena, N, C) : a->block[0].x;
    a->ln_f_stats = arena_matrix(arena, N, 2);
    a->hidden = arena_matrix(arena, N, C);
    a->logits = arena_matrix(arena, N, V);
    a->probs = arena_matrix(arena, N, V);
    if (!for_backward) return;
    a->dlogits = arena_matrix(arena, N, V);
    a->dhidden = arena_matrix(arena, N, C);
    a->dy = arena_matrix(arena, N, C);
    a->dfc = arena_matrix(arena, N, 4 * C);
    a->dln_2 = arena_matrix(arena, N, C);
    a->dx_mid = arena_matrix(arena, N, C);
    a->dheads = arena_matrix(arena, N, C);
    a->datt = arena_matrix(arena, N, s->context);
    a->dqkv = arena_matrix(arena, N, 3 * C);
    a->dln_1 = arena_matrix(arena, N, C);
}

static void cache_layout(Cache *c, const TransformerShape *s)
{
    for (int l = 0; l < s->layers; l++) {
        c->keys[l] = arena_matrix(&c->arena, c->sequences * s->channels, s->context);
        c->values[l] = arena_matrix(&c->arena, s->context, c->sequences * s->channels);
    }
}

/* ---- new and free ------------------------------------------------------------------------- */

bool shape_check(const TransformerShape *s, Error *err)
{
    if (s->layers < 1 || s->heads < 1 || s->channels < 1 || s->context < 1 || s->vocabulary < 2)
        return error_set(err,
                         "%d layers, %d heads, %d channels, context %d and %d symbols make no "
                         "model: each must be at least 1, and symbols 2",
                         s->layers, s->heads, s->channels, s->context, s->vocabulary);
    if (s->channels % s->heads != 0)
        return error_set(
            err, "%d channels can't be shared by %d heads: make channels a multiple of heads",
            s->channels, s->heads);
    if (s->layers > 1 << 16 || s->channels > 1 << 16 || (long)s->heads * s->context > 1 << 30)
        return error_set(err,
                         "%d layers, %d channels and %d heads over a context of %d are more than "
                         "can be counted: make the largest of them smaller",
                         s->layers, s->channels, s->heads, s->context);
    return true;
}

bool rows_check(const TransformerShape *s, int batch, int length, const char *what, Error *err)
{
    if ((double)batch * length * s->heads <= INT_MAX) return true;
    return error_set(err,
                     "--batch %d %s of %d symbols, which %d heads read, are more rows than can be "
                     "counted: make the batch smaller",
                     batch, what, length, s->heads);
}

static void fill_normal(Matrix m, double deviation, Rng *rng)
{
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) mat_row(m, i)[j] = (real)(deviation * rng_normal(rng));
}

static void fill_ones(Matrix m)
{
    for (int j = 0; j < m.cols; j++) m.data[j] = 1;
}

static void parameters_init(Parameters *p, const TransformerShape *s, uint64_t seed)
{
    Rng rng = rng_stream(seed, 0);
    double narrow = 0.02 / sqrt(2.0 * s->layers); /* 2 L branches add up in the stream */
    fill_normal(p->wte, 0.02, &rng);
    fill_normal(p->wpe, 0.02, &rng);
    for (int l = 0; l < s->layers; l++) {
        Block *b = &p->block[l];
        fill_normal(b->qkv.w, 0.02, &rng);
        fill_normal(b->proj.w, narrow, &rng);
        fill_normal(b->fc.w, 0.02, &rng);
        fill_normal(b->out.w, narrow, &rng);
        fill_ones(b->ln_1.g);
        fill_ones(b->ln_2.g);
    }
    fill_ones(p->ln_f.g);
}

static void make_gradients(Transformer *t)
{
    t->d.block = NEW(Block, t->shape.layers);
    parameters_layout(&t->d, &t->shape, &t->gradients); /* counts */
    arena_reserve(&t->gradients);
    parameters_layout(&t->d, &t->shape, &t->gradients); /* places */
}

Transformer *transformer_new(const TransformerShape *s, uint64_t seed)
{
    Error err;
    REQUIRE(shape_check(s, &err), "%s", err.text);
    Transformer *t = NEW(Transformer, 1);
    t->shape = *s;
    t->p.block = NEW(Block, s->layers);
    parameters_layout(&t->p, s, &t->weights); /* counts */
    t->size = t->weights.used;
    arena_reserve(&t->weights);
    t->decayed = parameters_layout(&t->p, s, &t->weights); /* places */
    make_gradients(t);
    parameters_init(&t->p, s, seed);
    return t;
}

void transformer_free(Transformer *t)
{
    if (!t) return;
    free(t->p.block);
    free(t->d.block);
    arena_free(&t->weights);
    arena_free(&t->gradients);
    free(t);
}

Transformer *transformer_twin(const Transformer *t)
{
    Transformer *twin = NEW(Transformer, 1);
    size_t blocks = sizeof(Block) * (size_t)t->shape.layers;
    *twin = *t;
    twin->p.block = memcpy(NEW(Block, t->shape.layers), t->p.block, blocks);
    twin->weights = twin->gradients = (Arena){0}; /* the weights are not its own */
    make_gradients(twin);
    return twin;
}

void transformer_zero_gradients(Transformer *t)
{
    memset(t->gradients.base, 0, t->size * sizeof(real));
}

static void require_same_shape(const Transformer *a, const Transformer *b)
{
    REQUIRE(memcmp(&a->shape, &b->shape, sizeof a->shape) == 0,
            "weights or gradients of a model of another shape");
}

void transformer_copy_weights(Transformer *to, const Transformer *from)
{
    require_same_shape(to, from);
    memcpy(to->weights.base, from->weights.base, to->size * sizeof(real));
}

double transformer_norm(const Transformer *t)
{
    return gradient_norm(t->weights.base, t->size);
}

void transformer_add_gradients(Transformer *t, const Transformer *twin)
{
    require_same_shape(t, twin);
    real *sum = t->gradients.base;
    const real *more = twin->gradients.base;
    long size = (long)t->size;
#pragma omp parallel for simd schedule(static) if (size > 1 << 15)
    for (long i = 0; i < size; i++) sum[i] += more[i];
}

/* Without memory for what is counted. */
static Activations *activations_counted(const TransformerShape *s, int rows, bool for_backward)
{
    Activations *a = NEW(Activations, 1);
    a->shape = *s;
    a->for_backward = for_backward;
    a->capacity = rows;
    a->block = NEW(BlockActivations, s->layers);
    a->packed.block = NEW(Block, s->layers);
    a->weights = NEW(PackedWeight, 4 * s->layers + 1);
    activations_layout(a, rows);
    return a;
}

Activations *activations_new(const TransformerShape *s, int rows, bool for_backward)
{
    Activations *a = activations_counted(s, rows, for_backward);
    arena_reserve(&a->arena);
    activations_layout(a, rows); /* places */
    return a;
}

double activations_size(const TransformerShape *s, int rows, bool for_backward)
{
    Activations *a = activations_counted(s, rows, for_backward);
    double size = (double)a->arena.used;
    activations_free(a);
    return size;
}

void activations_require(const Activations *a, const TransformerShape *s)
{
    REQUIRE(memcmp(s, &a->shape, sizeof *s) == 0,
            "the activations were made for a model of another shape");
}

void activations_free(Activations *a)
{
    if (!a) return;
    free(a->block);
    free(a->packed.block);
    free(a->weights);
    arena_free(&a->arena);
    arena_free(&a->panels);
    free(a);
}

Cache *cache_new(const TransformerShape *s, int sequences)
{
    Cache *c = NEW(Cache, 1);
    c->sequences = sequences;
    c->keys = NEW(Matrix, s->layers);
    c->values = NEW(Matrix, s->layers);
    cache_layout(c, s);
    arena_reserve(&c->arena);
    cache_layout(c, s);
    return c;
}

void cache_free(Cache *c)
{
    if (!c) return;
    free(c->keys);
    free(c->values);
    arena_free(&c->arena);
    free(c);
}

/* ---- names -------------------------------------------------------------------------------- */

static int add_tensor(Tensor *tensors, int n, int layer, const char *name, Matrix m, int dims)
{
    if (tensors) {
        Tensor *t = &tensors[n];
        *t = (Tensor){.dims = dims, .m = m};
        if (layer < 0)
            snprintf(t->name, sizeof t->name, "%s", name);
        else
            snprintf(t->name, sizeof t->name, "h.%d.%s", layer, name);
    }
    return n + 1;
}

int transformer_tensors(const Transformer *t, Tensor *tensors)
{
    int n = 0;
    n = add_tensor(tensors, n, -1, "wte.weight", t->p.wte, 2);
    n = add_tensor(tensors, n, -1, "wpe.weight", t->p.wpe, 2);
    for (int l = 0; l < t->shape.layers; l++) {
        const Block *b = &t->p.block[l];
        n = add_tensor(tensors, n, l, "ln_1.weight", b->ln_1.g, 1);
        n = add_tensor(tensors, n, l, "ln_1.bias", b->ln_1.b, 1);
        n = add_tensor(tensors, n, l, "attn.c_attn.weight", b->qkv.w, 2);
        n = add_tensor(tensors, n, l, "attn.c_attn.bias", b->qkv.b, 1);
        n = add_tensor(tensors, n, l, "attn.c_proj.weight", b->proj.w, 2);
        n = add_tensor(tensors, n, l, "attn.c_proj.bias", b->proj.b, 1);
        n = add_tensor(tensors, n, l, "ln_2.weight", b->ln_2.g, 1);
        n = add_tensor(tensors, n, l, "ln_2.bias", b->ln_2.b, 1);
        n = add_tensor(tensors, n, l, "mlp.c_fc.weight", b->fc.w, 2);
        n = add_tensor(tensors, n, l, "mlp.c_fc.bias", b->fc.b, 1);
        n = add_tensor(tensors, n, l, "mlp.c_proj.weight", b->out.w, 2);
        n = add_tensor(tensors, n, l, "mlp.c_proj.bias", b->out.b, 1);
    }
    n = add_tensor(tensors, n, -1, "ln_f.weight", t->p.ln_f.g, 1);
    n = add_tensor(tensors, n, -1, "ln_f.bias", t->p.ln_f.b, 1);
    return n;
}
