/* transformer.c: GPT-2 forward, and the same lines in reverse order backward. */
#include "transformer.h"

#include <string.h>

#include "attention.h"
#include "error.h"
#include "threads.h"

int batch_rows(const Batch *b)
{
    return b->start[b->sequences] - b->start[0];
}

Batch batch_slice(const Batch *b, int first, int count)
{
    REQUIRE(first >= 0 && count >= 0 && first <= b->sequences - count,
            "%d sequences from sequence %d of %d", count, first, b->sequences);
    return (Batch){count, b->start + first, b->ids, b->positions,
                   b->slots ? b->slots + first : NULL};
}

bool batch_next(const Batch *all, int rows, Batch *part)
{
    int first = part->start ? (int)(part->start - all->start) + part->sequences : 0, next = first;
    if (first == all->sequences) return false;
    do next++;
    while (next < all->sequences && all->start[next + 1] - all->start[first] <= rows);
    *part = batch_slice(all, first, next - first);
    return true;
}

/* ---- who does what ------------------------------------------------------------------------ */

/* A pass is the work of a team of threads. Each takes some of the sequences, which are some of the
 * rows, through all layers and needs to wait for no one; only the gradients of weights, which are
 * sums over all rows, are shared out by columns once the whole team has arrived. */
typedef struct {
    int sequence, end_sequence; /* sequence .. end_sequence - 1 */
    int row, rows;              /* row .. row + rows - 1 */
    int thread, threads;
} Part;

/* A few short sequences are done before a second thread has woken. */
static bool worth_a_team(const Batch *b, const TransformerShape *s)
{
    return b->sequences > 1 && (long)batch_rows(b) * s->channels >= 1 << 12;
}

/* Where a thread's sequences begin: such that all have about the same number of rows. */
static int first_sequence(const Batch *b, int thread, int threads)
{
    int s = 0;
    long row = b->start[0] + (long)batch_rows(b) * thread / threads;
    while (s < b->sequences && (long)b->start[s] + b->start[s + 1] < 2 * row) s++;
    return s;
}

static Part part_of(const Batch *b, int thread, int threads)
{
    Part p = {.thread = thread, .threads = threads};
    p.sequence = first_sequence(b, p.thread, p.threads);
    p.end_sequence = first_sequence(b, p.thread + 1, p.threads);
    p.row = b->start[p.sequence] - b->start[0];
    p.rows = b->start[p.end_sequence] - b->start[p.sequence];
    return p;
}

static Matrix my_rows(Matrix m, Part p)
{
    return mat_rows(m, p.row, p.rows);
}

static BlockActivations my_block(const BlockActivations *a, Part p)
{
    return (BlockActivations){
        .x = my_rows(a->x, p),
        .ln_1 = my_rows(a->ln_1, p),
        .ln_1_stats = my_rows(a->ln_1_stats, p),
        .qkv = my_rows(a->qkv, p),
        .heads = my_rows(a->heads, p),
        .x_mid = my_rows(a->x_mid, p),
        .ln_2 = my_rows(a->ln_2, p),
        .ln_2_stats = my_rows(a->ln_2_stats, p),
        .gelu = my_rows(a->gelu, p),
        .slope = my_rows(a->slope, p),
    };
}

/* A share of the columns, by bundles of 32: whole vectors on every machine. */
static Matrix my_cols(Matrix m, Part p)
{
    int bundles = (m.cols + 31) / 32, first = bundles * p.thread / p.threads * 32;
    int last = bundles * (p.thread + 1) / p.threads * 32;
    return mat_cols(m, first, (last < m.cols ? last : m.cols) - first);
}

/* ---- attention of every head of every sequence ---------------------------------------------- */

/* Sequence s of a batch: its rows, and how many of its positions came in earlier passes. */
typedef struct {
    int first, count, past, slot;
} Rows;

static Rows rows_of(const Batch *b, int s)
{
    int first = b->start[s] - b->start[0], count = b->start[s + 1] - b->start[s];
    return (Rows){first, count, b->positions[b->start[s]], b->slots ? b->slots[s] : s};
}

/* Columns of head h in a matrix of C = H d columns. */
static Matrix head(Matrix m, int h, int H)
{
    return mat_cols(m, h * (m.cols / H), m.cols / H);
}

static void heads_forward(BlockActivations *a, const Batch *b, Part mine,
                          const TransformerShape *shape)
{
    int C = shape->channels, H = shape->heads, N = batch_rows(b);
    for (int s = mine.sequence; s < mine.end_sequence; s++) {
        Rows r = rows_of(b, s);
        Matrix qkv = mat_rows(a->qkv, r.first, r.count), y = mat_rows(a->heads, r.first, r.count);
        Matrix q = mat_cols(qkv, 0, C), k = mat_cols(qkv, C, C), v = mat_cols(qkv, 2 * C, C);
        for (int h = 0; h < H; h++)
            attention_forward(head(y, h, H), mat_rows(a->att, h * N + r.first, r.count),
                              head(q, h, H), head(k, h, H), head(v, h, H));
    }
}

/* How many sequences from s on write at the same position, in slots side by side. */
static int sequences_abreast(const Batch *b, int s, int end)
{
    Rows first = rows_of(b, s);
    int n = 1;
    for (; first.count == 1 && s + n < end; n++) {
        Rows r = rows_of(b, s + n);
        if (r.count > 1 || r.past != first.past || r.slot != first.slot + n) break;
    }
    return n;
}

/* Puts the keys and the values of some sequences' next position, k and v (n, C), behind those of
 * earlier ones. */
static void remember(Matrix keys, Matrix values, Matrix k, Matrix v, int position)
{
    int C = k.cols;
    for (int i = 0; i < k.rows; i++) {
        const real *key = mat_row(k, i);
        real *column = mat_row(keys, i * C) + position;
        for (int c = 0; c < C; c++, column += keys.stride) *column = key[c];
        memcpy(mat_row(values, position) + i * C, mat_row(v, i), sizeof(real) * (size_t)C);
    }
}

/* The same a position at a time, with the keys and values of all before it. n rows of C = H d
 * channels are n H heads of d, which lie below one another once the queries have been copied to
 * where x_mid will be. */
static void heads_forward_cached(BlockActivations *a, const Batch *b, Part mine,
                                 const TransformerShape *shape, Matrix keys, Matrix values)
{
    int C = shape->channels, H = shape->heads, d = C / H;
    for (int s = mine.sequence, n; s < mine.end_sequence; s += n) {
        n = sequences_abreast(b, s, mine.end_sequence);
        Rows r = rows_of(b, s);
        Matrix k = mat_rows(keys, r.slot * C, n * C), v = mat_cols(values, r.slot * C, n * C);
        for (int i = 0; i < r.count; i++) {
            int row = r.first + i, position = r.past + i;
            Matrix qkv = mat_rows(a->qkv, row, n), q = mat_rows(a->x_mid, row, n);
            remember(k, v, mat_cols(qkv, C, C), mat_cols(qkv, 2 * C, C), position);
            mat_copy(q, mat_cols(qkv, 0, C));
            attention_forward_cached(mat(mat_row(a->heads, row), n * H, d),
                                     mat_rows(a->att, row * H, n * H), mat(q.data, n * H, d), k,
                                     mat_rows(v, 0, position + 1));
        }
    }
}

static void heads_backward(Matrix dqkv, Matrix dheads, Matrix datt, const BlockActivations *a,
                           const Batch *b, Part mine, const TransformerShape *shape)
{
    int C = shape->channels, H = shape->heads, N = batch_rows(b);
    for (int s = mine.sequence; s < mine.end_sequence; s++) {
        Rows r = rows_of(b, s);
        int n = r.count;
        Matrix qkv = mat_rows(a->qkv, r.first, n), d = mat_rows(dqkv, r.first, n);
        for (int h = 0; h < H; h++) {
            Matrix q = head(mat_cols(qkv, 0, C), h, H), dq = head(mat_cols(d, 0, C), h, H);
            Matrix k = head(mat_cols(qkv, C, C), h, H), dk = head(mat_cols(d, C, C), h, H);
            Matrix v = head(mat_cols(qkv, 2 * C, C), h, H), dv = head(mat_cols(d, 2 * C, C), h, H);
            attention_backward(dq, dk, dv, head(mat_rows(dheads, r.first, n), h, H),
                               mat_rows(a->att, h * N + r.first, n), mat_rows(datt, r.first, n), q,
                               k, v);
        }
    }
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* x_mid = x + proj(heads(qkv(ln_1(x)))),   y = x_mid + out(gelu(fc(ln_2(x_mid))))
 * for the rows of one thread */
static void block_forward(Matrix y, BlockActivations *all, const Block *p, const Batch *b,
                          Part mine, const TransformerShape *shape, const Cache *cache, int layer)
{
    BlockActivations a = my_block(all, mine);
    layernorm_forward(a.ln_1, a.ln_1_stats, a.x, &p->ln_1);
    linear_forward(a.qkv, a.ln_1, &p->qkv);
    if (cache)
        heads_forward_cached(all, b, mine, shape, cache->keys[layer], cache->values[layer]);
    else
        heads_forward(all, b, mine, shape);
    linear_add(a.x_mid, a.x, a.heads, &p->proj);

    layernorm_forward(a.ln_2, a.ln_2_stats, a.x_mid, &p->ln_2);
    linear_forward(a.slope, a.ln_2, &p->fc); /* GELU's input, whose place its slope takes */
    gelu_forward(a.gelu, a.slope, a.slope);
    linear_add(my_rows(y, mine), a.x_mid, a.gelu, &p->out);
}

/* Down to the block's queries, keys and values: s->dy, the gradient of what the block gave, is
 * there, and on the way s gets the gradient of every layer's result. The stream passes dy on
 * unchanged, so it is already most of dx_mid, to which the second half adds what comes through. */
static void block_backward(Activations *s, const Block *p, const BlockActivations *all,
                           const Batch *b, Part mine)
{
    BlockActivations a = my_block(all, mine);
    Matrix dy = my_rows(s->dy, mine), dx_mid = my_rows(s->dx_mid, mine);
    Matrix dfc = my_rows(s->dfc, mine);
    Matrix dln_2 = my_rows(s->dln_2, mine), dln_1 = my_rows(s->dln_1, mine);
    linear_backward(dfc, dy, &p->out);
    gelu_backward(dfc, dfc, a.slope);
    linear_backward(dln_2, dfc, &p->fc);
    mat_copy(dx_mid, dy);
    layernorm_backward(dx_mid, dln_2, a.ln_2_stats, a.x_mid, &p->ln_2);

    linear_backward(my_rows(s->dheads, mine), dx_mid, &p->proj);
    heads_backward(s->dqkv, s->dheads, s->datt, all, b, mine, &s->shape);
    linear_backward(dln_1, my_rows(s->dqkv, mine), &p->qkv);
}

/* Some columns of the gradient of a layer's weights. */
static void my_linear_gradient(const Linear *d, Matrix dy, Matrix x, Part mine)
{
    Linear some = {my_cols(d->w, mine), my_cols(d->b, mine)};
    linear_gradient(&some, my_cols(dy, mine), x);
}

static void my_layernorm_gradient(const LayerNorm *d, Matrix dy, Matrix stats, Matrix x, Part mine)
{
    LayerNorm some = {my_cols(d->g, mine), my_cols(d->b, mine)};
    layernorm_gradient(&some, my_cols(dy, mine), stats, my_cols(x, mine));
}

/* All weights of a block, from what block_backward left: over all rows, for some columns. */
static void block_gradient(Block *d, const Activations *s, const BlockActivations *a, Part mine)
{
    my_linear_gradient(&d->out, s->dy, a->gelu, mine);
    my_linear_gradient(&d->fc, s->dfc, a->ln_2, mine);
    my_layernorm_gradient(&d->ln_2, s->dln_2, a->ln_2_stats, a->x_mid, mine);
    my_linear_gradient(&d->proj, s->dx_mid, a->heads, mine);
    my_linear_gradient(&d->qkv, s->dqkv, a->ln_1, mine);
    my_layernorm_gradient(&d->ln_1, s->dln_1, a->ln_1_stats, a->x, mine);
}

/* dx = dx_mid + what came through ln_1: the dy of the block before. */
static void block_input(Activations *s, const Block *p, const BlockActivations *all, Part mine)
{
    BlockActivations a = my_block(all, mine);
    Matrix dx = my_rows(s->dy, mine);
    mat_copy(dx, my_rows(s->dx_mid, mine));
    layernorm_backward(dx, my_rows(s->dln_1, mine), a.ln_1_stats, a.x, &p->ln_1);
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

static void my_trunk_forward(const Transformer *t, Activations *a, const Batch *b,
                             const Cache *cache, Part mine)
{
    const Parameters *p = parameters_for(t, a);
    int L = t->shape.layers, first = b->start[0] + mine.row;
    embedding_forward(my_rows(a->block[0].x, mine), b->ids + first, b->positions + first, p->wte,
                      p->wpe);
    for (int l = 0; l < L; l++) {
        Matrix y = l + 1 < L ? a->block[l + 1].x : a->x_last;
        block_forward(y, &a->block[l], &p->block[l], b, mine, &t->shape, cache, l);
    }
    layernorm_forward(my_rows(a->hidden, mine), my_rows(a->ln_f_stats, mine),
                      my_rows(a->x_last, mine), &p->ln_f);
}

/* Down to a->dy, the gradient of what the embedding gave. */
static void my_blocks_backward(Transformer *t, Activations *a, const Batch *b, Matrix dhidden,
                               Part mine)
{
    const Parameters *p = parameters_for(t, a);
    Matrix dy = my_rows(a->dy, mine);
    mat_zero(dy);
    layernorm_backward(dy, my_rows(dhidden, mine), my_rows(a->ln_f_stats, mine),
                       my_rows(a->x_last, mine), &p->ln_f);
    my_layernorm_gradient(&t->d.ln_f, dhidden, a->ln_f_stats, a->x_last, mine);
    for (int l = t->shape.layers - 1; l >= 0; l--) {
        block_backward(a, &p->block[l], &a->block[l], b, mine);
        team_meet(); /* every row has its gradients */
        block_gradient(&t->d.block[l], a, &a->block[l], mine);
        team_meet(); /* they have been read and may change */
        block_input(a, &p->block[l], &a->block[l], mine);
    }
}

static void my_embedding_gradient(Transformer *t, const Activations *a, const Batch *b, Part mine)
{
    embedding_gradient(my_cols(t->d.wte, mine), my_cols(t->d.wpe, mine), b->ids + b->start[0],
                       b->positions + b->start[0], my_cols(a->dy, mine));
}

void trunk_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache)
{
    require_batch(b, cache);
    activations_require(a, &t->shape);
    if (a->rows != batch_rows(b)) activations_layout(a, batch_rows(b));
    if (worth_a_team(b, &t->shape)) { /* else no region at all: sampling calls this per symbol */
#pragma omp parallel
        my_trunk_forward(t, a, b, cache, part_of(b, team_rank(), team_size()));
    } else {
        my_trunk_forward(t, a, b, cache, part_of(b, 0, 1));
    }
}

static void require_forward(const Transformer *t, const Activations *a, const Batch *b)
{
    REQUIRE(a->for_backward && a->rows == batch_rows(b), "backward of %d rows after forward of %d",
            batch_rows(b), a->rows);
    activations_require(a, &t->shape);
}

void trunk_backward(Transformer *t, Activations *a, const Batch *b, Matrix dhidden)
{
    require_forward(t, a, b);
#pragma omp parallel if (worth_a_team(b, &t->shape))
    {
        Part mine = part_of(b, team_rank(), team_size());
        my_blocks_backward(t, a, b, dhidden, mine);
        team_meet();
        my_embedding_gradient(t, a, b, mine);
    }
}

/* logits = hidden wte' */
Matrix transformer_forward(const Transformer *t, Activations *a, const Batch *b, Cache *cache)
{
    trunk_forward(t, a, b, cache);
    mat_set_abt(a->logits, a->hidden, parameters_for(t, a)->wte);
    return a->logits;
}

/* dhidden = dlogits wte,   dwte += dlogits' hidden */
static void output_backward(Transformer *t, Activations *a, Matrix dlogits)
{
    mat_set_ab(a->dhidden, dlogits, parameters_for(t, a)->wte);
    mat_add_atb(t->d.wte, dlogits, a->hidden);
}

void transformer_backward(Transformer *t, Activations *a, const Batch *b, Matrix dlogits)
{
    output_backward(t, a, dlogits);
    trunk_backward(t, a, b, a->dhidden);
}

void transformer_backward_slice(Transformer *t, Activations *a, const Batch *b, Matrix dlogits,
                                Matrix dx)
{
    require_forward(t, a, b);
    output_backward(t, a, dlogits);
#pragma omp parallel if (worth_a_team(b, &t->shape))
    {
        Part mine = part_of(b, team_rank(), team_size());
        my_blocks_backward(t, a, b, a->dhidden, mine);
        mat_copy(my_rows(dx, mine), my_rows(a->dy, mine));
    }
}
