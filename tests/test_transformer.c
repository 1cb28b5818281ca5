/* test_transformer.c: the whole model against differences, against an independent implementation
 * (golden/gpt2.py), and against itself: the same sequence has the same bits however it is fed. */
#include "gradient.h"

#include "adam.h"
#include "golden/gpt2.h"
#include "threads.h"
#include "transformer.h"

/* ---- batches ------------------------------------------------------------------------------ */

enum { ROWS_MAX = 1024, SEQUENCES_MAX = 64, TENSORS_MAX = 64 };

/* Sequences of the given lengths, with what should follow each symbol. */
typedef struct {
    int start[SEQUENCES_MAX + 1], ids[ROWS_MAX], positions[ROWS_MAX], targets[ROWS_MAX];
    Batch batch;
} Lines;

static void lines_add(Lines *to, const int *ids, const int *targets, int position, int length)
{
    int s = to->batch.sequences++, first = to->start[s];
    ck_assert(s < SEQUENCES_MAX && first + length <= ROWS_MAX);
    for (int i = 0; i < length; i++) {
        to->ids[first + i] = ids[i];
        to->targets[first + i] = targets[i];
        to->positions[first + i] = position + i;
    }
    to->start[s + 1] = first + length;
}

static void lines_clear(Lines *l)
{
    l->start[0] = 0;
    l->batch = (Batch){0, l->start, l->ids, l->positions, NULL};
}

static void lines_copy(Lines *to, const Lines *from, int s)
{
    int first = from->start[s], length = from->start[s + 1] - first;
    lines_add(to, from->ids + first, from->targets + first, 0, length);
}

/* Random symbols; every sequence repeats some, and all share one alphabet. */
static void lines_random(Lines *l, const int *lengths, int sequences, int V, uint64_t seed)
{
    Rng rng = rng_stream(seed, 1);
    int ids[ROWS_MAX];
    lines_clear(l);
    for (int s = 0; s < sequences; s++) {
        for (int i = 0; i <= lengths[s]; i++) ids[i] = rng_below(&rng, V);
        if (lengths[s] > 2) ids[2] = ids[0];
        lines_add(l, ids, ids + 1, 0, lengths[s]);
    }
}

/* ---- models ------------------------------------------------------------------------------- */

/* No two sizes agree: 2 layers, 3 heads of 4 channels, 5 sequences, ..., 15 rows. */
static const TransformerShape toy_shape = {
    .layers = 2, .heads = 3, .channels = 12, .context = 7, .vocabulary = 11};
enum { TOY_SEQUENCES = 5 };
static const int toy_lengths[TOY_SEQUENCES] = {4, 7, 1, 2, 1};

static const TransformerShape wider_shape = {
    .layers = 3, .heads = 3, .channels = 39, .context = 29, .vocabulary = 37};
static const int wider_lengths[] = {17, 1, 29, 8, 12};

/* One thread, except where a test asks for more: teams would only wait for each other on matrices
 * as small as these, and they do not survive the forks of ck_assert_dies. */
static Transformer *model_new(const TransformerShape *shape, uint64_t seed)
{
    threads_use(1);
    return transformer_new(shape, seed);
}

/* A model whose weights are large enough that everything matters: attention chooses, GELU bends. */
static Transformer *strong_model(const TransformerShape *shape, uint64_t seed)
{
    Transformer *t = model_new(shape, seed);
    Rng rng = rng_stream(seed, 2);
    Tensor tensors[TENSORS_MAX];
    int count = transformer_tensors(t, tensors);
    for (int i = 0; i < count; i++) {
        bool gain = strstr(tensors[i].name, "ln_") && strstr(tensors[i].name, "weight");
        double deviation = tensors[i].dims == 2 ? 1.2 / sqrt(shape->channels) : 0.3;
        fill_random(tensors[i].m, gain ? 1 : 0, deviation, &rng);
    }
    return t;
}

/* Where the gradient of a weight lies: at the same place of the twin arena. */
static Matrix gradient_of(const Transformer *t, Matrix weight)
{
    weight.data = t->gradients.base + (weight.data - t->weights.base);
    return weight;
}

/* Adds the gradient of sum_n -w_n log p(target_n); returns that loss. logprob may be NULL. */
static double run(Transformer *t, Activations *a, const Lines *l, const real *w, real *logprob)
{
    real room[ROWS_MAX];
    logprob = logprob ? logprob : room;
    Matrix logits = transformer_forward(t, a, &l->batch, NULL);
    softmax_forward(a->probs, logprob, logits, l->targets);
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, l->targets, w);
    transformer_backward(t, a, &l->batch, a->dlogits);
    double loss = 0;
    for (int n = 0; n < logits.rows; n++) loss -= (double)w[n] * (double)logprob[n];
    return loss;
}

static void equal_weights(real *w, int n)
{
    for (int i = 0; i < n; i++) w[i] = 1 / (real)n;
}

/* Weights of both signs and many sizes, as advantages are. */
static void unequal_weights(real *w, int n)
{
    Rng rng = rng_stream(9, 0);
    for (int i = 0; i < n; i++) w[i] = (real)rng_normal(&rng);
}

/* A copy, in memory of its own: free(copy.data). */
static Matrix copy_of(Matrix m)
{
    Matrix copy = mat(NEW(real, m.rows * m.cols), m.rows, m.cols);
    mat_copy(copy, m);
    return copy;
}

static Matrix logits_of(const Transformer *t, const Lines *l, bool for_backward)
{
    Activations *a = activations_new(&t->shape, batch_rows(&l->batch), for_backward);
    Matrix logits = copy_of(transformer_forward(t, a, &l->batch, NULL));
    activations_free(a);
    return logits;
}

static real *copy_of_gradients(const Transformer *t)
{
    real *copy = NEW(real, t->size);
    memcpy(copy, t->gradients.base, t->size * sizeof(real));
    return copy;
}

/* Every gradient is `times` the expected one, within rounding. */
static void gradients_are(const Transformer *t, double times, const real *expected)
{
    double tol = (in_double ? 1e-13 : 1e-5) * gradient_norm(expected, t->size);
    for (size_t i = 0; i < t->size; i++)
        ck_assert(fabs((double)t->gradients.base[i] - times * (double)expected[i]) <= times * tol);
}

/* ---- the gradient ------------------------------------------------------------------------- */

typedef struct {
    Transformer *t;
    Activations *a;
    Lines lines;
    real w[ROWS_MAX];
} Whole;

static void whole_forward(Case *c)
{
    Whole *m = c->more;
    real logprob[ROWS_MAX];
    Matrix logits = transformer_forward(m->t, m->a, &m->lines.batch, NULL);
    softmax_forward(m->a->probs, logprob, logits, m->lines.targets);
    for (int n = 0; n < logits.rows; n++) *mat_row(c->y, n) = logprob[n];
}

static void whole_backward(Case *c)
{
    Whole *m = c->more;
    mat_zero(m->a->dlogits);
    softmax_gradient(m->a->dlogits, m->a->probs, m->lines.targets, m->w);
    transformer_backward(m->t, m->a, &m->lines.batch, m->a->dlogits);
}

/* y is log p of each target, dy = -w: the loss sum_n -w_n log p_n. */
static Case whole_case(Whole *m)
{
    static Tensor tensors[TENSORS_MAX];
    lines_random(&m->lines, toy_lengths, TOY_SEQUENCES, toy_shape.vocabulary, 1);
    int N = batch_rows(&m->lines.batch);
    m->t = strong_model(&toy_shape, 1);
    m->a = activations_new(&toy_shape, N, true);
    unequal_weights(m->w, N);
    Case c = {whole_forward, whole_backward, new_matrix(N, 1), new_matrix(N, 1), {{0}}, m};
    for (int n = 0; n < N; n++) *mat_row(c.dy, n) = -m->w[n];
    int count = transformer_tensors(m->t, tensors);
    for (int i = 0; i < count; i++)
        c.in[i] = (Variable){tensors[i].name, tensors[i].m, gradient_of(m->t, tensors[i].m)};
    return c;
}

static void whole_free(Whole *m)
{
    transformer_free(m->t);
    activations_free(m->a);
}

START_TEST(gradient_of_every_weight_agrees_with_central_differences)
{
    Whole m;
    Case c = whole_case(&m);
    check_gradients(&c);
    whole_free(&m);
}
END_TEST

START_TEST(backward_adds_to_what_is_there)
{
    Whole m;
    Case c = whole_case(&m);
    check_accumulates(&c, 0);
    whole_free(&m);
}
END_TEST

START_TEST(backward_twice_doubles_and_zeroing_forgets)
{
    Whole m;
    Case c = whole_case(&m);
    c.forward(&c);
    c.backward(&c);
    real *once = copy_of_gradients(m.t);
    c.backward(&c);
    gradients_are(m.t, 2, once);
    transformer_zero_gradients(m.t);
    c.backward(&c);
    ck_assert(memcmp(once, m.t->gradients.base, m.t->size * sizeof(real)) == 0);
    free(once);
    whole_free(&m);
}
END_TEST

/* The loss is a sum over sequences, so its gradient may come in parts. */
START_TEST(two_half_batches_make_one_batch)
{
    Whole m;
    Case c = whole_case(&m);
    c.forward(&c);
    c.backward(&c);
    real *together = copy_of_gradients(m.t);
    transformer_zero_gradients(m.t);
    for (int half = 0; half < 2; half++) {
        Lines part;
        lines_clear(&part);
        int first = half ? 2 : 0, end = half ? TOY_SEQUENCES : 2;
        for (int s = first; s < end; s++) lines_copy(&part, &m.lines, s);
        run(m.t, m.a, &part, m.w + m.lines.start[first], NULL);
    }
    gradients_are(m.t, 1, together);
    free(together);
    whole_free(&m);
}
END_TEST

/* Not only up to rounding, where the embedding comes after the last slice. */
START_TEST(a_batch_in_slices_has_the_bits_of_one_that_goes_at_once)
{
    enum { SEQUENCES = 40, ROWS = 128 }; /* of 39 channels: so many are worth a team */
    int lengths[SEQUENCES];
    Lines lines;
    for (int s = 0; s < SEQUENCES; s++) lengths[s] = wider_lengths[s % 5];
    lines_random(&lines, lengths, SEQUENCES, wider_shape.vocabulary, 15);
    const Batch *all = &lines.batch;
    int N = batch_rows(all), slices = 0;
    Transformer *t = strong_model(&wider_shape, 15);
    Activations *a = activations_new(&wider_shape, N, true);
    real w[ROWS_MAX];
    unequal_weights(w, N);
    run(t, a, &lines, w, NULL);
    real *at_once = copy_of_gradients(t);
    Matrix dx = copy_of(a->dy);
    for (int threads = 1; threads <= 3; threads++) {
        threads_use(threads);
        mat_zero(dx);
        transformer_zero_gradients(t);
        for (Batch b = {0}; batch_next(all, ROWS, &b); slices++) {
            int first = b.start[0];
            Matrix logits = transformer_forward(t, a, &b, NULL);
            softmax_forward(a->probs, NULL, logits, NULL);
            mat_zero(a->dlogits);
            softmax_gradient(a->dlogits, a->probs, lines.targets + first, w + first);
            transformer_backward_slice(t, a, &b, a->dlogits, mat_rows(dx, first, batch_rows(&b)));
        }
        ck_assert(memcmp(at_once, t->gradients.base, t->size * sizeof(real)) != 0);
        embedding_gradient(t->d.wte, t->d.wpe, all->ids, all->positions, dx);
        ck_assert_mem_eq(at_once, t->gradients.base, t->size * sizeof(real));
    }
    threads_use(1);
    ck_assert_int_ge(slices, 3 * 5);
    free(dx.data);
    free(at_once);
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* Chapter 4 hangs another output on the trunk: its gradient alone goes down the same way. */
START_TEST(trunk_backward_is_backward_below_the_output)
{
    Whole m;
    Case c = whole_case(&m);
    const Batch *b = &m.lines.batch;
    c.forward(&c);
    c.backward(&c);
    real *whole = copy_of_gradients(m.t);
    transformer_zero_gradients(m.t);
    trunk_forward(m.t, m.a, b, NULL);
    Matrix dhidden = copy_of(m.a->hidden);
    mat_zero(dhidden);
    mat_add_ab(dhidden, m.a->dlogits, m.t->p.wte);
    trunk_backward(m.t, m.a, b, dhidden);
    mat_add_atb(m.t->d.wte, m.a->dlogits, m.a->hidden);
    gradients_are(m.t, 1, whole);
    free(dhidden.data);
    free(whole);
    whole_free(&m);
}
END_TEST

START_TEST(a_twin_has_the_weights_of_the_first_and_gradients_of_its_own)
{
    Whole m;
    Case c = whole_case(&m);
    Transformer *twin = transformer_twin(m.t);
    c.forward(&c);
    c.backward(&c);
    real *whole = copy_of_gradients(m.t);
    ck_assert(gradient_norm(twin->gradients.base, twin->size) == 0);
    m.t->p.wte.data[0] += 1, m.t->p.block[1].fc.w.data[0] += 1;
    ck_assert(twin->p.wte.data[0] == m.t->p.wte.data[0]);
    ck_assert(twin->p.block[1].fc.w.data == m.t->p.block[1].fc.w.data);
    m.t->p.wte.data[0] -= 1, m.t->p.block[1].fc.w.data[0] -= 1;

    transformer_backward(twin, m.a, &m.lines.batch, m.a->dlogits);
    gradients_are(m.t, 1, whole); /* untouched */
    gradients_are(twin, 1, whole);
    transformer_add_gradients(m.t, twin);
    gradients_are(m.t, 2, whole);
    Transformer *stranger = transformer_new(&wider_shape, 1);
    ck_assert_dies(transformer_add_gradients(m.t, stranger), "of a model of another shape");
    ck_assert_dies(transformer_copy_weights(m.t, stranger), "of a model of another shape");
    transformer_free(stranger);
    free(whole);
    transformer_free(twin);
    whole_free(&m);
}
END_TEST

/* ---- against an independent implementation ------------------------------------------------ */

static Transformer *golden_model(void)
{
    TransformerShape shape = {GOLDEN_LAYERS, GOLDEN_HEADS, GOLDEN_CHANNELS, GOLDEN_POSITIONS,
                              GOLDEN_VOCABULARY};
    Transformer *t = model_new(&shape, 1);
    Tensor tensors[GOLDEN_TENSORS];
    ck_assert_int_eq(transformer_tensors(t, NULL), GOLDEN_TENSORS);
    transformer_tensors(t, tensors);
    for (int k = 0; k < GOLDEN_TENSORS; k++) {
        const GoldenGradient *g = &golden_gradients[k];
        ck_assert_str_eq(tensors[k].name, g->name);
        ck_assert_int_eq(tensors[k].m.rows, g->rows);
        ck_assert_int_eq(tensors[k].m.cols, g->cols);
        bool gain = strstr(g->name, "ln_") && strstr(g->name, "weight");
        for (int i = 0; i < g->rows * g->cols; i++) {
            double u = 0.3 * sin(1 + 0.7 * (i * i % 1013) + 3.1 * k);
            tensors[k].m.data[i] = (real)(gain ? 1 + 0.3 * u : u);
        }
    }
    return t;
}

static void golden_lines(Lines *l)
{
    lines_clear(l);
    for (int s = 0, first = 0; s < GOLDEN_SEQUENCES; first += golden_lengths[s++])
        lines_add(l, golden_ids + first, golden_targets + first, 0, golden_lengths[s]);
}

START_TEST(logits_and_loss_are_those_of_an_independent_implementation)
{
    double tol = in_double ? 1e-13 : 1e-5;
    Lines lines;
    golden_lines(&lines);
    Transformer *t = golden_model();
    Activations *a = activations_new(&t->shape, GOLDEN_TOKENS, true);
    real w[GOLDEN_TOKENS];
    equal_weights(w, GOLDEN_TOKENS);
    double loss = run(t, a, &lines, w, NULL);
    require_near("logits", a->logits, golden_logits[0], tol);
    ck_assert_msg(fabs(loss - golden_loss) <= tol, "loss %.17g", loss);
    activations_free(a);
    transformer_free(t);
}
END_TEST

START_TEST(gradients_are_those_of_an_independent_implementation)
{
    double tol = in_double ? 1e-13 : 1e-5;
    Lines lines;
    golden_lines(&lines);
    Transformer *t = golden_model();
    Activations *a = activations_new(&t->shape, GOLDEN_TOKENS, true);
    Tensor tensors[GOLDEN_TENSORS];
    real w[GOLDEN_TOKENS];
    equal_weights(w, GOLDEN_TOKENS);
    run(t, a, &lines, w, NULL);
    transformer_tensors(t, tensors);
    for (int k = 0; k < GOLDEN_TENSORS; k++) {
        const GoldenGradient *g = &golden_gradients[k];
        Matrix d = gradient_of(t, tensors[k].m);
        double sum = 0, squares = 0, weighted = 0, size = g->rows * g->cols;
        for (int i = 0; i < g->rows * g->cols; i++) {
            sum += (double)d.data[i];
            squares += (double)d.data[i] * (double)d.data[i];
            weighted += (double)d.data[i] * sin(1 + i);
        }
        double allowed = tol * g->norm * sqrt(size);
        ck_assert_msg(fabs(sum - g->sum) <= allowed, "sum of d %s: %.17g", g->name, sum);
        ck_assert_msg(fabs(weighted - g->weighted) <= allowed, "weighted sum of d %s", g->name);
        ck_assert_msg(close_to(sqrt(squares), g->norm, tol), "norm of d %s", g->name);
        for (int i = 0; i < 3; i++)
            ck_assert_msg(fabs((double)d.data[g->index[i]] - g->element[i]) <= tol * g->norm,
                          "d %s[%d]", g->name, g->index[i]);
    }
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* ---- the same bits, however it is fed ----------------------------------------------------- */

START_TEST(changing_a_symbol_changes_no_earlier_logit)
{
    Lines lines;
    lines_random(&lines, wider_lengths, 5, wider_shape.vocabulary, 2);
    Transformer *t = strong_model(&wider_shape, 2);
    Matrix before = logits_of(t, &lines, true);
    int first = lines.start[2], end = lines.start[3];
    for (int at = first; at < end; at += 3) {
        int kept = lines.ids[at];
        lines.ids[at] = (kept + 1) % wider_shape.vocabulary;
        Matrix after = logits_of(t, &lines, true);
        lines.ids[at] = kept;
        for (int n = 0; n < after.rows; n++)
            ck_assert_msg(same_bits(mat_rows(after, n, 1), mat_rows(before, n, 1)) ==
                              (n < at || n >= end),
                          "symbol %d of %d..%d changed: row %d", at, first, end, n);
        free(after.data);
    }
    free(before.data);
    transformer_free(t);
}
END_TEST

START_TEST(a_sequence_alone_has_the_same_bits_as_in_a_batch)
{
    Lines lines, alone;
    lines_random(&lines, wider_lengths, 5, wider_shape.vocabulary, 3);
    Transformer *t = strong_model(&wider_shape, 3);
    Matrix together = logits_of(t, &lines, true);
    for (int s = 0; s < 5; s++) {
        lines_clear(&alone);
        lines_copy(&alone, &lines, s);
        Matrix logits = logits_of(t, &alone, true);
        ck_assert(same_bits(logits, mat_rows(together, lines.start[s], wider_lengths[s])));
        free(logits.data);
    }
    free(together.data);
    transformer_free(t);
}
END_TEST

START_TEST(activations_without_backward_give_the_same_bits)
{
    Lines lines;
    lines_random(&lines, wider_lengths, 5, wider_shape.vocabulary, 4);
    Transformer *t = strong_model(&wider_shape, 4);
    Matrix with = logits_of(t, &lines, true), without = logits_of(t, &lines, false);
    ck_assert(same_bits(with, without));
    free(with.data);
    free(without.data);
    transformer_free(t);
}
END_TEST

START_TEST(packed_weights_give_the_same_bits_forward_and_backward)
{
    Lines lines;
    lines_random(&lines, wider_lengths, 5, wider_shape.vocabulary, 9);
    int N = batch_rows(&lines.batch);
    Transformer *t = strong_model(&wider_shape, 9), *other = strong_model(&wider_shape, 10);
    Activations *a = activations_new(&wider_shape, N, true),
                *light = activations_new(&wider_shape, N, false);
    real w[ROWS_MAX], logprob[ROWS_MAX], packed_logprob[ROWS_MAX];
    unequal_weights(w, N);
    transformer_zero_gradients(t);
    run(t, a, &lines, w, logprob);
    real *plain = copy_of_gradients(t);
    for (int round = 0; round < 2; round++) { /* packed anew, in the same room */
        activations_pack(a, t);
        ck_assert_ptr_eq(parameters_for(t, a), &a->packed);
        ck_assert_ptr_nonnull(a->packed.block[0].fc.w.panels);
        transformer_zero_gradients(t);
        run(t, a, &lines, w, packed_logprob);
        ck_assert(memcmp(logprob, packed_logprob, sizeof(real) * (size_t)N) == 0);
        ck_assert(memcmp(t->gradients.base, plain, t->size * sizeof(real)) == 0);
    }
    Matrix logits = logits_of(t, &lines, false), others = logits_of(other, &lines, false);
    activations_pack(light, t);
    ck_assert_ptr_null(light->packed.block[0].fc.w.turned); /* nobody will look back */
    ck_assert(same_bits(transformer_forward(t, light, &lines.batch, NULL), logits));
    ck_assert_ptr_eq(parameters_for(other, light), &other->p); /* who is not packed is read */
    ck_assert(same_bits(transformer_forward(other, light, &lines.batch, NULL), others));
    free(plain);
    free(logits.data);
    free(others.data);
    activations_free(a);
    activations_free(light);
    transformer_free(t);
    transformer_free(other);
}
END_TEST

/* Layers read x W forward and dy W' backward, the output the embedding the other way round; nothing
 * is packed that is never read. */
START_TEST(weights_are_packed_as_their_products_read_them)
{
    Transformer *t = model_new(&toy_shape, 1);
    for (int back = 0; back < 2; back++) {
        Activations *a = activations_new(&toy_shape, 15, back);
        activations_pack(a, t);
        const Parameters *p = parameters_for(t, a);
        ck_assert(p->wte.turned && !p->wte.panels == !back);
        ck_assert(!p->wpe.turned && !p->wpe.panels); /* it is only looked up */
        for (int l = 0; l < toy_shape.layers; l++) {
            const Block *b = &p->block[l];
            const Matrix *w[] = {&b->qkv.w, &b->proj.w, &b->fc.w, &b->out.w};
            for (int i = 0; i < 4; i++) ck_assert(w[i]->panels && !w[i]->turned == !back);
        }
        activations_free(a);
    }
    transformer_free(t);
}
END_TEST

START_TEST(packed_weights_that_have_changed_are_refused_until_they_are_unpacked)
{
    TransformerShape other_shape = toy_shape;
    other_shape.heads = 4;
    Lines lines;
    lines_random(&lines, toy_lengths, TOY_SEQUENCES, toy_shape.vocabulary, 11);
    Transformer *t = model_new(&toy_shape, 1), *other = model_new(&other_shape, 1);
    Activations *a = activations_new(&toy_shape, 15, true);
    activations_pack(a, t);
    for (size_t i = 0; i < t->size; i++) t->weights.base[i] *= (real)1.25;
    ck_assert_dies(transformer_forward(t, a, &lines.batch, NULL),
                   "has changed since it was packed");
    activations_unpack(a);
    Matrix logits = logits_of(t, &lines, false);
    ck_assert(same_bits(transformer_forward(t, a, &lines.batch, NULL), logits));
    ck_assert_dies(activations_pack(a, other), "a model of another shape");
    free(logits.data);
    activations_free(a);
    transformer_free(t);
    transformer_free(other);
}
END_TEST

/* A batch large enough that rows, columns and products are all shared between threads. */
START_TEST(any_number_of_threads_gives_the_same_bits)
{
    TransformerShape shape = {
        .layers = 2, .heads = 3, .channels = 48, .context = 32, .vocabulary = 50};
    enum { SEQUENCES = 37 };
    int lengths[SEQUENCES];
    for (int s = 0; s < SEQUENCES; s++) lengths[s] = 6 + s * 11 % 27;
    Lines lines;
    lines_random(&lines, lengths, SEQUENCES, shape.vocabulary, 5);
    int N = batch_rows(&lines.batch);
    ck_assert_int_ge(N * shape.channels, 1 << 15); /* layers.c: WORTH_A_TEAM */
    Transformer *t = strong_model(&shape, 5);
    Activations *a = activations_new(&shape, N, true);
    real w[ROWS_MAX], logprob[ROWS_MAX], first_logprob[ROWS_MAX], *first = NULL;
    unequal_weights(w, N);
    for (int threads = 1; threads <= 3; threads++) {
        threads_use(threads);
        transformer_zero_gradients(t);
        run(t, a, &lines, w, logprob);
        if (!first) {
            first = copy_of_gradients(t);
            memcpy(first_logprob, logprob, sizeof logprob);
        }
        ck_assert(memcmp(logprob, first_logprob, sizeof(real) * (size_t)N) == 0);
        ck_assert(memcmp(t->gradients.base, first, t->size * sizeof(real)) == 0);
    }
    free(first);
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* FNV-1a (Fowler, Noll and Vo): one number that changes with any bit. */
static uint64_t hash_of(const real *x, size_t n)
{
    uint64_t hash = 14695981039346656037u;
    const unsigned char *byte = (const unsigned char *)x;
    for (size_t i = 0; i < n * sizeof(real); i++) hash = (hash ^ byte[i]) * 1099511628211u;
    return hash;
}

/* Every compiler and every vector unit that fuses multiply and add trains to the same weights. The
 * number below was the same under gcc and clang, AVX2 and AVX-512, -O1 to -O3; where arithmetic is
 * changed on purpose it changes too. In double, exp and log are the system's. */
START_TEST(ten_steps_of_training_end_in_the_same_bits_everywhere)
{
#if defined __FMA__ || defined __aarch64__
    if (in_double) return;
    Lines lines;
    lines_random(&lines, wider_lengths, 5, wider_shape.vocabulary, 16);
    int N = batch_rows(&lines.batch);
    Transformer *t = model_new(&wider_shape, 16);
    Activations *a = activations_new(&wider_shape, N, true);
    Adam adam = adam_new(t->size, (AdamOptions){0.9, 0.99, 1e-8, 0.1});
    real w[ROWS_MAX];
    equal_weights(w, N);
    for (int step = 0; step < 10; step++) {
        transformer_zero_gradients(t);
        run(t, a, &lines, w, NULL);
        gradient_clip(t->gradients.base, t->size, 1);
        adam_step(&adam, t->weights.base, t->gradients.base, t->decayed, 0.01);
    }
    uint64_t hash = hash_of(t->weights.base, t->size);
    ck_assert_msg(hash == 0x541608b3ebe96e58u, "the weights' hash is 0x%016llx",
                  (unsigned long long)hash);
    adam_free(&adam);
    activations_free(a);
    transformer_free(t);
#endif
}
END_TEST

/* ---- the cache ---------------------------------------------------------------------------- */

enum { FED = 4 }; /* sequences */

/* Sequences on their way through a cache, held against the logits of the whole. */
typedef struct {
    const Transformer *t;
    Activations *a;
    Cache *cache;
    Lines lines;
    Matrix whole;   /* logits without a cache */
    int done[FED];  /* symbols fed so far */
    int slots[FED]; /* of the cache */
} Feeding;

static const int fed_lengths[FED] = {17, 6, 29, 11};

static void feeding_begin(Feeding *f, const Transformer *t, Cache *cache, const int *slots,
                          uint64_t seed)
{
    lines_random(&f->lines, fed_lengths, FED, t->shape.vocabulary, seed);
    f->t = t, f->cache = cache;
    f->whole = logits_of(t, &f->lines, false);
    f->a = activations_new(&t->shape, batch_rows(&f->lines.batch), false);
    for (int s = 0; s < FED; s++) f->done[s] = 0, f->slots[s] = slots[s];
}

static void feeding_end(Feeding *f)
{
    for (int s = 0; s < FED; s++) ck_assert_int_eq(f->done[s], fed_lengths[s]);
    free(f->whole.data);
    activations_free(f->a);
}

/* Feeds the next counts[s] symbols (or what is left) of each sequence; 0 leaves it out of the
 * batch. Last to first if backwards. The logits must be those of the whole, bit for bit. */
static void feed(Feeding *f, const int *counts, bool backwards)
{
    Lines part;
    int slots[FED], sequence[FED];
    lines_clear(&part);
    part.batch.slots = slots;
    for (int i = 0; i < FED; i++) {
        int s = backwards ? FED - 1 - i : i, at = f->lines.start[s] + f->done[s];
        int left = fed_lengths[s] - f->done[s], count = counts[s] < left ? counts[s] : left;
        if (count == 0) continue;
        slots[part.batch.sequences] = f->slots[s];
        sequence[part.batch.sequences] = s;
        lines_add(&part, f->lines.ids + at, f->lines.targets + at, f->done[s], count);
    }
    if (part.batch.sequences == 0) return;
    Matrix logits = transformer_forward(f->t, f->a, &part.batch, f->cache);
    for (int i = 0; i < part.batch.sequences; i++) {
        int s = sequence[i], first = part.start[i], count = part.start[i + 1] - first;
        Matrix expected = mat_rows(f->whole, f->lines.start[s] + f->done[s], count);
        ck_assert_msg(same_bits(mat_rows(logits, first, count), expected),
                      "sequence %d, %d symbols after %d: other logits than without a cache", s,
                      count, f->done[s]);
        f->done[s] += count;
    }
}

/* Symbol by symbol: shorter sequences drop out of the batch as they end. */
START_TEST(a_cache_gives_the_same_bits_symbol_by_symbol)
{
    Transformer *t = strong_model(&wider_shape, 6);
    Cache *cache = cache_new(&wider_shape, FED);
    Feeding f;
    feeding_begin(&f, t, cache, (int[FED]){0, 1, 2, 3}, 6);
    for (int i = 0; i < wider_shape.context; i++) feed(&f, (int[FED]){1, 1, 1, 1}, false);
    feeding_end(&f);
    cache_free(cache);
    transformer_free(t);
}
END_TEST

START_TEST(a_cache_gives_the_same_bits_in_chunks)
{
    Transformer *t = strong_model(&wider_shape, 7);
    Cache *cache = cache_new(&wider_shape, FED);
    Feeding f;
    feeding_begin(&f, t, cache, (int[FED]){0, 1, 2, 3}, 7);
    feed(&f, (int[FED]){5, 6, 13, 1}, false); /* the second at once */
    for (int i = 0; i < 3; i++) feed(&f, (int[FED]){1, 0, 1, 1}, false);
    feed(&f, (int[FED]){7, 0, 2, 4}, false);
    for (int i = 0; i < wider_shape.context; i++) feed(&f, (int[FED]){1, 1, 1, 1}, false);
    feeding_end(&f);
    cache_free(cache);
    transformer_free(t);
}
END_TEST

/* Slots in any order, in a cache with more of them; sequences that wait while others go on, and a
 * batch in another order than before. Then other sequences in the used slots. */
START_TEST(a_cache_gives_the_same_bits_in_any_slot_and_order)
{
    Transformer *t = strong_model(&wider_shape, 8);
    Cache *cache = cache_new(&wider_shape, FED + 2);
    Feeding f;
    for (uint64_t round = 0; round < 2; round++) {
        feeding_begin(&f, t, cache, round ? (int[FED]){1, 5, 0, 4} : (int[FED]){4, 0, 5, 2},
                      8 + round);
        feed(&f, (int[FED]){2, 0, 3, 1}, false);
        feed(&f, (int[FED]){0, 2, 1, 0}, true);
        feed(&f, (int[FED]){0, 0, 4, 0}, false);
        for (int i = 0; i < wider_shape.context; i++) {
            feed(&f, (int[FED]){1, i % 3 != 0, 2, i % 2}, i % 2);
        }
        feeding_end(&f);
    }
    cache_free(cache);
    transformer_free(t);
}
END_TEST

/* ---- learning ----------------------------------------------------------------------------- */

START_TEST(initial_loss_is_near_that_of_a_uniform_guess)
{
    TransformerShape shape = {
        .layers = 4, .heads = 4, .channels = 64, .context = 48, .vocabulary = 65};
    Lines lines;
    lines_random(&lines, (int[]){48, 30, 41, 25}, 4, shape.vocabulary, 10);
    int N = batch_rows(&lines.batch);
    Transformer *t = model_new(&shape, 10);
    Activations *a = activations_new(&shape, N, true);
    real w[ROWS_MAX];
    equal_weights(w, N);
    double loss = run(t, a, &lines, w, NULL);
    ck_assert_msg(fabs(loss - log(65)) < 0.1, "%g, ln 65 is %g", loss, log(65));
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* Three sequences with beginnings of their own can be learnt by heart. */
START_TEST(one_batch_can_be_learnt_by_heart)
{
    TransformerShape shape = {
        .layers = 2, .heads = 3, .channels = 24, .context = 9, .vocabulary = 11};
    Lines lines;
    lines_random(&lines, (int[]){9, 7, 8}, 3, shape.vocabulary, 11);
    for (int s = 0; s < 3; s++) lines.ids[lines.start[s]] = s;
    int N = batch_rows(&lines.batch);
    Transformer *t = model_new(&shape, 11);
    Activations *a = activations_new(&shape, N, true);
    Adam adam = adam_new(t->size, (AdamOptions){0.9, 0.99, 1e-8, 0});
    real w[ROWS_MAX];
    equal_weights(w, N);
    double loss = INFINITY;
    for (int step = 0; step < 150; step++) {
        transformer_zero_gradients(t);
        loss = run(t, a, &lines, w, NULL);
        adam_step(&adam, t->weights.base, t->gradients.base, t->decayed, 0.01);
    }
    ck_assert_msg(loss < 0.01, "%g nats are left", loss);
    adam_free(&adam);
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int rows, cols; /* rows 0: a vector */
} Named;

START_TEST(tensors_have_the_names_and_shapes_of_gpt2)
{
    enum { V = 11, T = 7, C = 12 };
    const Named outer[] = {{"wte.weight", V, C}, {"wpe.weight", T, C}};
    const Named block[] = {
        {"ln_1.weight", 0, C},       {"ln_1.bias", 0, C},          {"attn.c_attn.weight", C, 36},
        {"attn.c_attn.bias", 0, 36}, {"attn.c_proj.weight", C, C}, {"attn.c_proj.bias", 0, C},
        {"ln_2.weight", 0, C},       {"ln_2.bias", 0, C},          {"mlp.c_fc.weight", C, 48},
        {"mlp.c_fc.bias", 0, 48},    {"mlp.c_proj.weight", 48, C}, {"mlp.c_proj.bias", 0, C}};
    const Named last[] = {{"ln_f.weight", 0, C}, {"ln_f.bias", 0, C}};
    Transformer *t = model_new(&toy_shape, 1);
    Tensor tensors[TENSORS_MAX];
    ck_assert_int_eq(transformer_tensors(t, NULL), 28);
    ck_assert_int_eq(transformer_tensors(t, tensors), 28);
    for (int i = 0; i < 28; i++) {
        int in_block = i - 2;
        const Named *n = i < 2 ? &outer[i] : i < 26 ? &block[in_block % 12] : &last[i - 26];
        char name[96];
        if (i < 2 || i >= 26)
            snprintf(name, sizeof name, "%s", n->name);
        else
            snprintf(name, sizeof name, "h.%d.%s", in_block / 12, n->name);
        ck_assert_str_eq(tensors[i].name, name);
        ck_assert_int_eq(tensors[i].dims, n->rows ? 2 : 1);
        ck_assert_int_eq(tensors[i].m.rows, n->rows ? n->rows : 1);
        ck_assert_int_eq(tensors[i].m.cols, n->cols);
        /* weight matrices, which decay, lie in front of biases and gains */
        size_t place = (size_t)(tensors[i].m.data - t->weights.base);
        ck_assert_int_eq(place < t->decayed, tensors[i].dims == 2);
    }
    transformer_free(t);
}
END_TEST

/* Embeddings V C + T C; a block 4 C^2 + 8 C^2 weights, 3C + C + 4C + C biases, 4C of layer norms.
 */
static long parameter_count(const TransformerShape *s)
{
    long C = s->channels;
    return (s->vocabulary + s->context) * C + s->layers * (12 * C * C + 13 * C) + 2 * C;
}

static long tensors_count(const TransformerShape *s)
{
    Transformer *t = model_new(s, 1);
    Tensor tensors[TENSORS_MAX];
    long total = 0;
    for (int i = transformer_tensors(t, tensors) - 1; i >= 0; i--)
        total += (long)tensors[i].m.rows * tensors[i].m.cols;
    transformer_free(t);
    return total;
}

START_TEST(parameters_are_as_many_as_the_formula_says)
{
    const TransformerShape small = {12, 12, 768, 1024, 50257}, tiny = {4, 4, 128, 64, 65};
    ck_assert_int_eq(parameter_count(&small), 124439808); /* GPT-2 small, as published */
    ck_assert_int_eq(tensors_count(&tiny), parameter_count(&tiny));
    ck_assert_int_eq(tensors_count(&toy_shape), parameter_count(&toy_shape));
}
END_TEST

/* What lies between the tensors stays zero, so norms and steps over the flat array are right. */
START_TEST(gradients_fill_their_tensors_and_nothing_else)
{
    Whole m;
    Case c = whole_case(&m);
    case_differentiate(&c, 0, 1);
    for (int i = 0; c.in[i].name; i++) fill(c.in[i].gradient, 0);
    for (size_t i = 0; i < m.t->size; i++) ck_assert(m.t->gradients.base[i] == 0);
    whole_free(&m);
}
END_TEST

static double deviation(Matrix m)
{
    double squares = 0;
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++)
            squares += (double)mat_row(m, i)[j] * (double)mat_row(m, i)[j];
    return sqrt(squares / m.rows / m.cols);
}

static bool is_constant(Matrix row, real x)
{
    for (int j = 0; j < row.cols; j++)
        if (row.data[j] != x) return false;
    return true;
}

/* However many rows they are laid out for. */
START_TEST(activations_begin_at_multiples_of_64_bytes)
{
    Activations *a = activations_new(&toy_shape, 9, true);
    for (int rows = 9; rows > 0; rows -= 4) {
        activations_layout(a, rows);
        const Matrix all[] = {a->block[0].x,     a->block[0].qkv,  a->block[1].gelu, a->x_last,
                              a->ln_f_stats,     a->hidden,        a->logits,        a->probs,
                              a->block[1].heads, a->block[0].ln_1, a->dfc,           a->dln_1};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            ck_assert_uint_eq((uintptr_t)all[i].data % 64, 0);
    }
    activations_free(a);
}
END_TEST

/* Deviation 0.02, or 0.02/sqrt(2 * 3 layers) = 0.008165 where a block writes into the stream. */
START_TEST(a_new_model_is_as_gpt2_begins)
{
    TransformerShape shape = {
        .layers = 3, .heads = 4, .channels = 64, .context = 48, .vocabulary = 65};
    Transformer *t = model_new(&shape, 12);
    ck_assert(close_to(deviation(t->p.wte), 0.02, 0.05));
    ck_assert(close_to(deviation(t->p.wpe), 0.02, 0.05));
    for (int l = 0; l < 3; l++) {
        const Block *b = &t->p.block[l];
        ck_assert(close_to(deviation(b->qkv.w), 0.02, 0.05));
        ck_assert(close_to(deviation(b->fc.w), 0.02, 0.05));
        ck_assert(close_to(deviation(b->proj.w), 0.008165, 0.05));
        ck_assert(close_to(deviation(b->out.w), 0.008165, 0.05));
        ck_assert(is_constant(b->ln_1.g, 1) && is_constant(b->ln_1.b, 0));
        ck_assert(is_constant(b->ln_2.g, 1) && is_constant(b->ln_2.b, 0));
        ck_assert(is_constant(b->qkv.b, 0) && is_constant(b->proj.b, 0));
        ck_assert(is_constant(b->fc.b, 0) && is_constant(b->out.b, 0));
    }
    ck_assert(is_constant(t->p.ln_f.g, 1) && is_constant(t->p.ln_f.b, 0));
    transformer_free(t);
}
END_TEST

START_TEST(the_seed_decides_the_weights)
{
    Transformer *a = model_new(&toy_shape, 1), *b = model_new(&toy_shape, 1);
    Transformer *other = model_new(&toy_shape, 2);
    ck_assert(memcmp(a->weights.base, b->weights.base, a->size * sizeof(real)) == 0);
    ck_assert(!same_bits(a->p.wte, other->p.wte));
    transformer_free(a);
    transformer_free(b);
    transformer_free(other);
}
END_TEST

/* One set of activations serves batches of any size up to its own, one after the other. */
START_TEST(activations_are_laid_out_anew_for_smaller_batches)
{
    Lines large, small;
    lines_random(&large, wider_lengths, 5, wider_shape.vocabulary, 13);
    lines_random(&small, toy_lengths, TOY_SEQUENCES, wider_shape.vocabulary, 14);
    int N = batch_rows(&large.batch), n = batch_rows(&small.batch);
    Transformer *t = strong_model(&wider_shape, 13);
    Activations *a = activations_new(&wider_shape, N, true),
                *own = activations_new(&wider_shape, n, true);
    real w[ROWS_MAX];
    unequal_weights(w, N);
    run(t, own, &small, w, NULL);
    real *expected = copy_of_gradients(t);
    for (int i = 0; i < 2; i++) { /* small after large, twice */
        run(t, a, &large, w, NULL);
        transformer_zero_gradients(t);
        run(t, a, &small, w, NULL);
        ck_assert(same_bits(a->logits, own->logits));
        ck_assert(memcmp(t->gradients.base, expected, t->size * sizeof(real)) == 0);
    }
    ck_assert_dies(activations_layout(own, n + 1), "the arena holds");
    free(expected);
    activations_free(own);
    activations_free(a);
    transformer_free(t);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------- */

static void shape_is_refused(TransformerShape s, const char *sentence)
{
    Error err = {""};
    ck_assert(!shape_check(&s, &err));
    ck_assert_str_eq(err.text, sentence);
    ck_assert(!shape_check(&s, NULL));
}

START_TEST(a_shape_that_is_no_transformer_is_refused)
{
    Error err = {"untouched"};
    ck_assert(shape_check(&toy_shape, &err));
    ck_assert(shape_check(&(TransformerShape){12, 12, 768, 1024, 50257}, &err));
    ck_assert(shape_check(&(TransformerShape){1, 1, 1, 1, 2}, &err));
    ck_assert_str_eq(err.text, "untouched");
    shape_is_refused((TransformerShape){2, 3, 16, 7, 11},
                     "16 channels can't be shared by 3 heads: make channels a multiple of heads");
    const TransformerShape wrong[] = {{0, 3, 15, 7, 11},
                                      {2, 0, 15, 7, 11},
                                      {2, 3, -15, 7, 11},
                                      {2, 3, 15, 0, 11},
                                      {2, 3, 15, 7, 1}};
    for (int i = 0; i < 5; i++) {
        const TransformerShape *s = &wrong[i];
        char sentence[256];
        snprintf(sentence, sizeof sentence,
                 "%d layers, %d heads, %d channels, context %d and %d symbols make no model: each "
                 "must be at least 1, and symbols 2",
                 s->layers, s->heads, s->channels, s->context, s->vocabulary);
        shape_is_refused(*s, sentence);
    }
    shape_is_refused((TransformerShape){2, 1, 2000000000, 7, 11},
                     "2 layers, 2000000000 channels and 1 heads over a context of 7 are more than "
                     "can be counted: make the largest of them smaller");
    shape_is_refused((TransformerShape){2, 4, 16, 2000000000, 11},
                     "2 layers, 16 channels and 4 heads over a context of 2000000000 are more than "
                     "can be counted: make the largest of them smaller");
    ck_assert_dies(transformer_new(&wrong[0], 1), "0 layers, 3 heads");
}
END_TEST

START_TEST(a_batch_that_breaks_its_contract_is_refused)
{
    Transformer *t = model_new(&toy_shape, 1);
    Activations *a = activations_new(&toy_shape, 20, true);
    int start[] = {0, 3}, empty[] = {0, 0, 3}, ids[] = {1, 2, 11, 1, 1, 1, 1, 1},
        positions[] = {0, 1, 2, 3, 4, 5, 6, 7};
    int gap[] = {0, 2, 3}, all[] = {0, 8}, fine[8] = {0};
    Batch stranger = {1, start, ids, positions, NULL}, hollow = {2, empty, fine, positions, NULL};
    Batch jump = {1, start, fine, gap, NULL}, later = {1, start, fine, positions + 1, NULL};
    Batch longest = {1, all, fine, positions, NULL};
    ck_assert_dies(transformer_forward(t, a, &stranger, NULL), "row 11 of a 11 x 12 matrix");
    ck_assert_dies(transformer_forward(t, a, &hollow, NULL), "sequence 0 of the batch is empty");
    ck_assert_dies(transformer_forward(t, a, &jump, NULL), "goes from position 0 to position 2");
    ck_assert_dies(transformer_forward(t, a, &later, NULL),
                   "begins at position 1, and without a cache nothing is before it");
    ck_assert_dies(transformer_forward(t, a, &longest, NULL), "row 7 of a 7 x 12 matrix");
    activations_free(a);
    transformer_free(t);
}
END_TEST

START_TEST(backward_is_refused_without_its_forward)
{
    TransformerShape other_shape = toy_shape;
    other_shape.heads = 4;
    Lines lines, fewer;
    lines_random(&lines, toy_lengths, TOY_SEQUENCES, toy_shape.vocabulary, 15);
    lines_random(&fewer, toy_lengths, 2, toy_shape.vocabulary, 15);
    Transformer *t = model_new(&toy_shape, 1), *other = model_new(&other_shape, 1);
    Activations *a = activations_new(&toy_shape, 15, true),
                *light = activations_new(&toy_shape, 15, false);
    transformer_forward(t, a, &lines.batch, NULL);
    transformer_forward(t, light, &lines.batch, NULL);
    Matrix narrow = mat_cols(a->dlogits, 0, 10);
    ck_assert_dies(transformer_backward(t, a, &lines.batch, narrow), "does not fit");
    ck_assert_dies(trunk_backward(t, a, &fewer.batch, a->dhidden),
                   "backward of 11 rows after forward of 15");
    ck_assert_dies(trunk_backward(t, light, &lines.batch, a->dhidden), "a->for_backward");
    ck_assert_dies(transformer_backward_slice(t, light, &lines.batch, a->dlogits, a->dy),
                   "a->for_backward");
    ck_assert_dies(transformer_forward(other, a, &lines.batch, NULL),
                   "the activations were made for a model of another shape");
    ck_assert_dies(transformer_backward(other, a, &lines.batch, a->dlogits), "another shape");
    activations_free(a);
    activations_free(light);
    transformer_free(t);
    transformer_free(other);
}
END_TEST

static const TTest *const tests[] = {
    gradient_of_every_weight_agrees_with_central_differences,
    backward_adds_to_what_is_there,
    backward_twice_doubles_and_zeroing_forgets,
    two_half_batches_make_one_batch,
    a_batch_in_slices_has_the_bits_of_one_that_goes_at_once,
    trunk_backward_is_backward_below_the_output,
    a_twin_has_the_weights_of_the_first_and_gradients_of_its_own,
    logits_and_loss_are_those_of_an_independent_implementation,
    gradients_are_those_of_an_independent_implementation,
    changing_a_symbol_changes_no_earlier_logit,
    a_sequence_alone_has_the_same_bits_as_in_a_batch,
    activations_without_backward_give_the_same_bits,
    packed_weights_give_the_same_bits_forward_and_backward,
    weights_are_packed_as_their_products_read_them,
    packed_weights_that_have_changed_are_refused_until_they_are_unpacked,
    any_number_of_threads_gives_the_same_bits,
    ten_steps_of_training_end_in_the_same_bits_everywhere,
    a_cache_gives_the_same_bits_symbol_by_symbol,
    a_cache_gives_the_same_bits_in_chunks,
    a_cache_gives_the_same_bits_in_any_slot_and_order,
    initial_loss_is_near_that_of_a_uniform_guess,
    one_batch_can_be_learnt_by_heart,
    tensors_have_the_names_and_shapes_of_gpt2,
    parameters_are_as_many_as_the_formula_says,
    gradients_fill_their_tensors_and_nothing_else,
    activations_begin_at_multiples_of_64_bytes,
    a_new_model_is_as_gpt2_begins,
    the_seed_decides_the_weights,
    activations_are_laid_out_anew_for_smaller_batches,
    a_shape_that_is_no_transformer_is_refused,
    a_batch_that_breaks_its_contract_is_refused,
    backward_is_refused_without_its_forward,
    NULL,
};

RUN_TESTS("transformer", tests)
