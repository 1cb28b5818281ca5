/* transformer.c: GPT-2 forward, and the same lines in reverse order backward. */
#include "transformer.h"

#include <string.h>

#include "attention.h"
#include "error.h"

int batch_rows(const Batch *b)
{
    return b->start[b->sequences];
}

/* ---- attention of every head of every sequence ---------------------------------------------- */

/* Sequence s of a batch: its rows, and how many of its positions came in earlier passes. */
typedef struct {
    int first, count, past, slot;
} Rows;

static Rows rows_of(const Batch *b, int s)
{
    int first = b->start[s], count = b->start[s + 1] - first;
    return (Rows){first, count, b->positions[first], b->slots ? b->slots[s] : s};
}

/* Columns of head h in a matrix of C = H d columns. */
static Matrix head(Matrix m, int h, int H)
{
    return mat_cols(m, h * (m.cols / H), m.cols / H);
}

/* Puts the new keys and values behind those of earlier passes; returns all of them so far. */
static void remember(Matrix *k, Matrix *v, Matrix keys, Matrix values, Rows r, int T)
{
    mat_copy(mat_rows(keys, r.slot * T + r.past, r.count), *k);
    mat_copy(mat_rows(values, r.slot * T + r.past, r.count), *v);
    *k = mat_rows(keys, r.slot * T, r.past + r.count);
    *v = mat_rows(values, r.slot * T, r.past + r.count);
}

/* A few short sequences are done before a second thread has woken. */
#define WORTH_A_TEAM(b, C) ((b)->sequences > 1 && (long)batch_rows(b) * (C) >= 1 << 12)

static void heads_forward(BlockActivations *a, const Batch *b, const TransformerShape *shape,
                          Matrix *keys, Matrix *values)
{
    int C = shape->channels, H = shape->heads, T = shape->context;
#pragma omp parallel for schedule(dynamic) if (WORTH_A_TEAM(b, C))
    for (int s = 0; s < b->sequences; s++) {
        Rows r = rows_of(b, s);
        Matrix qkv = mat_rows(a->qkv, r.first, r.count);
        Matrix q = mat_cols(qkv, 0, C), k = mat_cols(qkv, C, C), v = mat_cols(qkv, 2 * C, C);
        if (keys) remember(&k, &v, *keys, *values, r, T);
        for (int h = 0; h < H; h++) {
            Matrix att = mat_cols(mat_rows(a->att, r.first, r.count), h * T, k.rows);
            attention_forward(head(mat_rows(a->heads, r.first, r.count), h, H), att, head(q, h, H),
                              head(k, h, H), head(v, h, H));
        }
    }
}

static void heads_backward(Matrix dqkv, Matrix dheads, Matrix datt, const BlockActivations *a,
                           const Batch *b, const TransformerShape *shape)
{
    int C = shape->channels, H = shape->heads, T = shape->context;
#pragma omp parallel for schedule(dynamic) if (WORTH_A_TEAM(b, C))
    for (int s = 0; s < b->sequences; s++) {
        Rows r = rows_of(b, s);
        int n = r.count;
        Matrix qkv = mat_rows(a->qkv, r.first, n), d = mat_rows(dqkv, r.first, n);
        for (int h = 0; h < H; h++) {
            Matrix q = head(mat_cols(qkv, 0, C), h, H), dq = head(mat_cols(d, 0, C), h, H);
            Matrix k = head(mat_cols(qkv, C, C), h, H), dk = head(mat_cols(d, C, C), h, H);
            Matrix v = head(mat_cols(qkv, 2 * C, C), h, H), dv = head(mat_cols(d, 2 * C, C), h, H);
            attention_backward(dq, dk, dv, head(mat_rows(dheads, r.first, n), h, H),
                               mat_cols(mat_rows(a->att, r.first, n), h * T, n),
                               mat_cols(mat_rows(datt, r.first, n), h * T, n), q, k, v);
        }
    }
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* x_mid = x + proj(heads(qkv(ln_1(x)))),   y = x_mid + out(gelu(fc(ln_2(x_mid)))) */
static void block_forward(Matrix y, BlockActivations *a, const Block *p, const Batch *b,
                          const TransformerShape *shape, Matrix *keys, Matrix *values)
{
    layernorm_forward(a->ln_1, a->ln_1_stats, a->x, &p->ln_1);
    linear_forward(a->qkv, a->ln_1, &p->qkv);
    heads_forward(a, b, shape, keys, values);
    mat_copy(a->x_mid, a->x);
    linear_add(a->x_mid, a->heads, &p->proj);

    layernorm_forward(a->ln_2, a->ln_2_stats, a->x_mid, &p->ln_2);
    linear_forward(a->fc, a->ln_2, &p->fc);
    gelu_forward(a->gelu, a->fc);
    mat_copy(y, a->x_mid);
    linear_add(y, a->gelu, &p->out);
}

/* On entry s->dx holds dy. The stream passes it on unchanged, so dy is already most of dx_mid, and
 * dx_mid of dx: each half only adds what came through its branch. */
static void block_backward(Block *d, const Block *p, const BlockActivations *a, Activations *s,
                           const Batch *b)
{
    mat_zero(s->dgelu);
    linear_backward(s->dgelu, &d->out, s->dx, a->gelu, &p->out);
    mat_zero(s->dfc);
    gelu_backward(s->dfc, s->dgelu, a->fc);
    mat_zero(s->dln);
    linear_backward(s->dln, &d->fc, s->dfc, a->ln_2, &p->fc);
    layernorm_backward(s->dx, &d->ln_2, s->dln, a->ln_2_stats, a->x_mid, &p->ln_2);

    mat_zero(s->dheads);
    linear_backward(s->dheads, &d->proj, s->dx, a->heads, &p->proj);
    mat_zero(s->dqkv);
    heads_backward(s->dqkv, s->dheads, s->datt, a, b, &s->shape);
    mat_zero(s->dln);
    linear_backward(s->dln, &d->qkv, s->dqkv, a->ln_1, &p->qkv);
    layernorm_backward(s->dx, &d->ln_1, s->dln, a->ln_1_stats, a->x, &p->ln_1);
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Attention trusts a batch: with a gap in its positions it would read what is not there. */
static void require_batch(const Batch *b, bool cached)
{
    for (int s = 0; s < b->sequences; s++) {
        int first = b->start[s], end = b->start[s + 1];
        REQUIRE(first < end, "sequence %d of the batch is empty", s);
        REQUIRE(cached || b->positions[first] == 0,
                "sequence %d begins at position %d, and without a cache nothing is before it", s,
                b->positions[first]);
        for (int n = first + 1; n < end; n++)
            REQUIRE(b->positions[n] == b->positions[n - 1] + 1,
                    "sequence %d goes from position %d to position %d", s, b->positions[n - 1],
                    b->positions[n]);
    }
}

static void require_same_shape(const TransformerShape *t, const TransformerShape *a)
{
    REQUIRE(memcmp(t, a, sizeof *t) == 0, "the activations were made for a model of another shape");
}

void trunk_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache)
{
    int L = t->shape.layers;
    require_batch(b, cache);
    require_same_shape(&t->shape, &a->shape);
    activations_layout(a, batch_rows(b));
    embedding_forward(a->block[0].x, b->ids, b->positions, t->p.wte, t->p.wpe);
    for (int l = 0; l < L; l++) {
        Matrix y = l + 1 < L ? a->block[l + 1].x : a->x_last;
        block_forward(y, &a->block[l], &t->p.block[l], b, &t->shape, cache ? &cache->keys[l] : NULL,
                      cache ? &cache->values[l] : NULL);
    }
    layernorm_forward(a->hidden, a->ln_f_stats, a->x_last, &t->p.ln_f);
}

void trunk_backward(Transformer *t, Activations *a, const Batch *b, Matrix dhidden)
{
    REQUIRE(a->for_backward && a->rows == batch_rows(b), "backward of %d rows after forward of %d",
            batch_rows(b), a->rows);
    require_same_shape(&t->shape, &a->shape);
    mat_zero(a->dx);
    layernorm_backward(a->dx, &t->d.ln_f, dhidden, a->ln_f_stats, a->x_last, &t->p.ln_f);
    for (int l = t->shape.layers - 1; l >= 0; l--)
        block_backward(&t->d.block[l], &t->p.block[l], &a->block[l], a, b);
    embedding_backward(t->d.wte, t->d.wpe, b->ids, b->positions, a->dx);
}

/* logits = hidden wte' */
Matrix transformer_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache)
{
    trunk_forward(t, a, b, cache);
    mat_zero(a->logits);
    mat_add_abt(a->logits, a->hidden, t->p.wte);
    return a->logits;
}

/* dhidden = dlogits wte,   dwte += dlogits' hidden */
void transformer_backward(Transformer *t, Activations *a, const Batch *b, Matrix dlogits)
{
    mat_zero(a->dhidden);
    mat_add_ab(a->dhidden, dlogits, t->p.wte);
    mat_add_atb(t->d.wte, dlogits, a->hidden);
    trunk_backward(t, a, b, a->dhidden);
}
