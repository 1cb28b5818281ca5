/* floor.c: what a training step, or a symbol, would cost if nothing stood between its parts.
 *
 * Every product of a GPT's training step, its GELUs, exponentials and other passes over the
 * activations, and AdamW: each of its true size, one after the other, on numbers that mean nothing.
 * The products are those of measure/kernel.c. Attention is counted in full, though half of it is
 * masked. All of a step is one parallel region, and the threads meet between its parts.
 *
 * To sample, a floor is the products for one symbol of each of 64 texts; for one text, the time to
 * read every weight once. */
#include <stdlib.h>

#include "measure/kernel.h"
#include "measure/measure.h"
#include "numeric.h"
#include "threads.h"

typedef struct {
    TransformerShape shape;
    int rows, threads;
    size_t weights;
    real *x, *y, *z;     /* activations: what is read, what is read and what is written */
    real *w, *g, *m, *v; /* weights, their gradient and its moments */
    real *room;          /* of the products: one for the team, one for each thread */
    long room_size;
    volatile real sum; /* of what was read */
} Step;

typedef struct {
    int out, in;
} Layer;
enum { QKV, PROJ, FC, OUT, LAYERS };

static Layer layer_of(const Step *s, int i)
{
    int C = s->shape.channels;
    return (Layer[]){{3 * C, C}, {C, C}, {4 * C, C}, {C, 4 * C}, {s->shape.vocabulary, C}}[i];
}

static Step step_new(const TransformerShape *shape, int rows, int threads)
{
    int C = shape->channels, T = shape->context, V = shape->vocabulary;
    int widest = 4 * C > T ? 4 * C : T;
    int most = T * shape->heads > 4 * C ? T * shape->heads : 4 * C;
    size_t activations = (size_t)rows * (size_t)most;
    Step s = {.shape = *shape, .rows = rows, .threads = threads};
    s.weights = (size_t)shape->layers * 12 * (size_t)(C * C) + (size_t)((V + T) * C);
    s.x = random_numbers(activations), s.y = random_numbers(activations);
    s.z = random_numbers(activations);
    s.w = random_numbers(s.weights), s.g = random_numbers(s.weights);
    s.m = random_numbers(s.weights), s.v = random_numbers(s.weights);
    for (size_t i = 0; i < s.weights; i++) s.v[i] *= s.v[i];
    s.room_size = kernel_room(widest);
    s.room = random_numbers((size_t)(s.room_size * (threads + 1)));
    return s;
}

static void step_free(Step *s)
{
    real *arrays[] = {s->x, s->y, s->z, s->w, s->g, s->m, s->v, s->room};
    for (int i = 0; i < 8; i++) free(arrays[i]);
}

/* ---- one thread's share of each part -------------------------------------------------------- */

/* For products that a thread does alone; the first room is the team's. */
static real *own_room(const Step *s, int thread)
{
    return s->room + s->room_size * (thread + 1);
}

/* Does one thread's share of n numbers, in whole vectors, and waits for the others'. */
static void in_shares(const Step *s, void (*part)(const Step *, size_t first, size_t last),
                      size_t n, int thread)
{
    size_t vectors = n / LANE_COUNT, t = (size_t)thread, all = (size_t)s->threads;
    part(s, vectors * t / all * LANE_COUNT, vectors * (t + 1) / all * LANE_COUNT);
    team_meet();
}

/* y = x w */
static void forward(const Step *s, Layer l, const real *w, int thread)
{
    kernel_multiply(s->rows, l.out, l.in, s->z, (Operand){s->x, l.in, 1}, (Operand){w, l.out, 1},
                    s->room, thread, s->threads);
}

/* dx = dy w', dw = x' dy */
static void backward(const Step *s, Layer l, const real *w, int thread)
{
    kernel_multiply(s->rows, l.in, l.out, s->z, (Operand){s->y, l.out, 1}, (Operand){w, 1, l.out},
                    s->room, thread, s->threads);
    kernel_multiply(l.in, l.out, s->rows, s->z, (Operand){s->x, 1, l.in}, (Operand){s->y, l.out, 1},
                    s->room, thread, s->threads);
}

static void linear_layers(const Step *s, void (*pass)(const Step *, Layer, const real *, int),
                          int thread)
{
    const real *w = s->w;
    for (int l = 0; l < s->shape.layers; l++)
        for (int i = 0; i < LAYERS; i++) {
            Layer layer = layer_of(s, i);
            pass(s, layer, w, thread);
            w += layer.out * layer.in;
        }
    pass(s, layer_of(s, LAYERS), w, thread);
}

/* Scores, what is read, and the four products of their gradients, of every head. */
static void attention(const Step *s, int thread)
{
    int T = s->shape.context, C = s->shape.channels, d = C / s->shape.heads,
        count = s->rows / T * s->shape.heads;
    real *room = own_room(s, thread);
    for (int i = count * thread / s->threads; i < count * (thread + 1) / s->threads; i++) {
        const real *q =
            s->x + (size_t)(i / s->shape.heads) * (size_t)(T * 3 * C) + i % s->shape.heads * d;
        const real *att = s->y + (size_t)i * (size_t)(T * T);
        real *to = s->z + (size_t)thread * (size_t)(T * T);
        Operand head = {q, 3 * C, 1}, key = {q + C, 1, 3 * C}, value = {q + 2 * C, 3 * C, 1};
        Operand weights = {att, T, 1}, turned = {att, 1, T};
        kernel_multiply(T, T, d, to, head, key, room, 0, 1);      /* scores = q k' */
        kernel_multiply(T, d, T, to, weights, value, room, 0, 1); /* y = att v */
        kernel_multiply(T, T, d, to, head, key, room, 0, 1);      /* datt = dy v' */
        kernel_multiply(T, d, T, to, turned, value, room, 0, 1);  /* dv = att' dy */
        kernel_multiply(T, d, T, to, weights, value, room, 0, 1); /* dq = dscores k */
        kernel_multiply(T, d, T, to, turned, value, room, 0, 1);  /* dk = dscores' q */
    }
}

/* y = x/2 (1 + tanh u), tanh u = 1 - 2 / (1 + e^2u), and the same expressions for its gradient */
static void gelu(const Step *s, size_t first, size_t last)
{
    const real *restrict x = s->x, *restrict t = s->y;
    real *restrict z = s->z;
    for (size_t i = first; i < last; i++) {
        real u = (real)0.79788456 * (x[i] + (real)0.044715 * x[i] * x[i] * x[i]);
        z[i] = x[i] * (1 - 1 / (1 + real_exp(2 * u)));
    }
    for (size_t i = first; i < last; i++) {
        real slope = (real)0.79788456 * (1 + (real)0.134145 * x[i] * x[i]);
        z[i] = x[i] * ((1 + t[i]) / 2 + x[i] / 2 * (1 - t[i] * t[i]) * slope);
    }
}

static void exponentials(const Step *s, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) s->z[i] = real_exp(s->x[i]);
}

/* Layer norms, their gradients and residual sums: passes over rows x channels. */
static void passes(const Step *s, size_t first, size_t last)
{
    for (int pass = 0; pass < 6; pass++)
        for (size_t i = first; i < last; i++) s->z[i] = s->x[i] * s->y[i] + (real)pass;
}

/* AdamW */
static void adam(const Step *s, size_t first, size_t last)
{
    real *restrict w = s->w, *restrict m = s->m, *restrict v = s->v;
    const real *restrict g = s->g;
    for (size_t i = first; i < last; i++) {
        m[i] = (real)0.9 * m[i] + (real)0.1 * g[i];
        v[i] = (real)0.99 * v[i] + (real)0.01 * g[i] * g[i];
        w[i] -= (real)1e-9 * (m[i] / (real_sqrt(v[i]) + (real)1e-8) + (real)0.1 * w[i]);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void train(void *arg)
{
    const Step *s = arg;
    size_t N = (size_t)s->rows, C = (size_t)s->shape.channels;
#pragma omp parallel num_threads(s->threads)
    {
        int thread = team_rank();
        linear_layers(s, forward, thread);
        linear_layers(s, backward, thread);
        for (int l = 0; l < s->shape.layers; l++) {
            attention(s, thread);
            team_meet();
            in_shares(s, gelu, N * 4 * C, thread);
            in_shares(s, exponentials, N * (size_t)(s->shape.context * s->shape.heads), thread);
            in_shares(s, passes, N * C, thread);
        }
        in_shares(s, adam, s->weights, thread);
    }
}

/* A symbol for each of `rows` texts; each thread has texts of its own. */
static void sample_batch(void *arg)
{
    const Step *s = arg;
#pragma omp parallel num_threads(s->threads)
    {
        int thread = team_rank(), first = s->rows * thread / s->threads;
        Step own = *s;
        own.rows = s->rows * (thread + 1) / s->threads - first;
        own.z += (size_t)first * 4 * (size_t)s->shape.channels;
        own.room = own_room(s, thread), own.threads = 1;
        linear_layers(&own, forward, 0);
    }
}

/* A symbol of one text needs every weight, and each only once. */
static void sample_one(void *arg)
{
    Step *s = arg;
    enum { CHAINS = 8 };
    Lanes sums[CHAINS] = {0};
    for (size_t i = 0; i + CHAINS * LANE_COUNT <= s->weights; i += CHAINS * LANE_COUNT)
        for (int j = 0; j < CHAINS; j++) sums[j] += *(const Lanes *)(s->w + i + j * LANE_COUNT);
    real total = 0;
    for (int j = 0; j < CHAINS; j++) total += lanes_sum(&sums[j]);
    s->sum = total;
}

static void run_case(Bench *b, const char *what, const char *name, const TrainingCase *c, int rows,
                     void (*work)(void *arg), double symbols)
{
    b->what = what;
    if (!bench_wants(b, name)) return;
    Step s = step_new(&c->shape, rows, b->threads);
    bench_row(b, name, symbols, measure(b, work, &s));
    step_free(&s);
}

int main(int argc, char **argv)
{
    Bench b = {.by = "floor", .unit = "symbols/s", .threads = 1, .seconds = 2};
    Setting table[] = {BENCH_SETTINGS(b, "0.5"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures what a training step can't go below.", NULL);
    threads_use(b.threads);
    for (int i = 0; i < TRAINING_CASES; i++) {
        const TrainingCase *c = &training_cases[i];
        int rows = c->batch * c->shape.context;
        run_case(&b, "training step", c->name, c, rows, train, rows);
        if (c->shape.channels <= 128)
            run_case(&b, "sampling 64", c->model, c, 64, sample_batch, 64);
        if (b.threads == 1) run_case(&b, "sampling one", c->model, c, 1, sample_one, 1);
    }
    settings_free(table);
    return 0;
}
