/* generate.c: see generate.h. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "numeric.h"
#include "threads.h"

/* A text in the making. */
typedef struct {
    int sequence;  /* of the samples */
    int used, fed; /* symbols in its window; how many of these are in the cache */
    Rng rng;
} Draft;

/* What one thread works with. */
typedef struct {
    Activations *activations;
    Cache *cache;
    Draft *draft;                 /* (slots) */
    int *window;                  /* (slots, T) the symbols that each draft goes on from */
    int *active;                  /* (slots) the slots at work, `sequences` of them */
    int *start, *ids, *positions; /* the batch: a symbol for each */
    real *p;                      /* (V) */
    int slots, sequences;
} Worker;

struct Generator {
    int workers, begun; /* sequences that a worker has taken up */
    Worker *worker;
};

/* What is to be done, the same for all workers. */
typedef struct {
    Samples *samples;
    const Transformer *model;
    const int *prompt;
    int prompt_length;
    const SampleOptions *options;
    uint64_t seed;
} Task;

static Worker worker_new(const TransformerShape *s, int slots)
{
    size_t symbols = (size_t)slots * (size_t)s->context;
    return (Worker){.activations = activations_new(s, slots, false),
                    .cache = cache_new(s, slots),
                    .draft = NEW(Draft, slots),
                    .window = NEW(int, symbols),
                    .active = NEW(int, slots),
                    .start = NEW(int, slots + 1),
                    .ids = NEW(int, slots),
                    .positions = NEW(int, slots),
                    .p = NEW(real, s->vocabulary),
                    .slots = slots};
}

static void worker_free(Worker *w)
{
    activations_free(w->activations);
    cache_free(w->cache);
    free(w->draft);
    free(w->window);
    free(w->active);
    free(w->start);
    free(w->ids);
    free(w->positions);
    free(w->p);
}

/* How many texts a thread writes at a time: few, that their keys and values stay near, beside the
 * weights of a small model; a larger one's come from further away, once for twice as many. */
static int slots_for(const TransformerShape *s)
{
    size_t weights = 12 * (size_t)s->layers * (size_t)s->channels * (size_t)s->channels;
    return weights * sizeof(real) <= 1 << 19 ? 8 : 16;
}

Samples *samples_new(const TransformerShape *shape, int sequences, int longest)
{
    size_t symbols = (size_t)sequences * (size_t)longest;
    Samples *s = NEW(Samples, 1);
    s->sequences = sequences;
    s->longest = longest;
    s->ids = NEW(int, symbols);
    s->lengths = NEW(int, sequences);
    s->logprob = NEW(real, symbols);
    Generator *g = s->generator = NEW(Generator, 1);
    int threads = threads_count();
    g->workers = threads < sequences ? threads : sequences;
    g->worker = NEW(Worker, g->workers);
    for (int i = 0; i < g->workers; i++) {
        int share = (sequences + g->workers - 1) / g->workers, most = slots_for(shape);
        g->worker[i] = worker_new(shape, share < most ? share : most);
    }
    return s;
}

void samples_free(Samples *s)
{
    if (!s) return;
    for (int i = 0; i < s->generator->workers; i++) worker_free(&s->generator->worker[i]);
    free(s->generator->worker);
    free(s->generator);
    free(s->ids);
    free(s->lengths);
    free(s->logprob);
    free(s);
}

static int *window_of(const Worker *w, int slot)
{
    return w->window + (size_t)slot * (size_t)w->activations->shape.context;
}

/* Feeds the next symbol of every active window to the model: row i of the logits says what draft
 * active[i] thinks comes after it. */
static Matrix feed(Worker *w, const Transformer *t)
{
    for (int i = 0; i < w->sequences; i++) {
        int slot = w->active[i], at = w->draft[slot].fed++;
        w->start[i] = i;
        w->ids[i] = window_of(w, slot)[at];
        w->positions[i] = at;
    }
    w->start[w->sequences] = w->sequences;
    Batch b = {w->sequences, w->start, w->ids, w->positions, w->active};
    return transformer_forward(t, w->activations, &b, w->cache);
}

/* The k-th largest of n numbers: nothing smaller may be drawn. */
static real kth_largest(const real *x, int n, int k)
{
    real bound = INFINITY;
    for (int found = 0; found < k;) { /* one pass per distinct value: k is small */
        real next = -INFINITY;
        int times = 0;
        for (int j = 0; j < n; j++)
            if (x[j] < bound && x[j] > next) next = x[j];
        for (int j = 0; j < n; j++) times += x[j] == next;
        if (times == 0) break; /* fewer than k numbers: all of them may */
        bound = next;
        found += times;
    }
    return bound;
}

/* Draws a symbol from one row of logits, which is changed. */
static int draw(real *logits, int V, const SampleOptions *o, real *p, Rng *rng, real *logprob)
{
    real m = largest(logits, V), inverse = (real)(1 / o->temperature);
    *logprob = 0;
    if (isinf(inverse)) { /* 0, or as good as that */
        int likeliest = 0;
        while (likeliest < V - 1 && logits[likeliest] != m) likeliest++;
        return likeliest;
    }
    if (o->top_k > 0 && o->top_k < V) {
        real bound = kth_largest(logits, V, o->top_k);
        for (int j = 0; j < V; j++)
            if (logits[j] < bound) logits[j] = -INFINITY;
    }
    for (int j = 0; j < V; j++)
        p[j] = logits[j] == -INFINITY ? 0 : real_exp((logits[j] - m) * inverse);
    int x = rng_choice(rng, p, V);
    *logprob = (logits[x] - m) * inverse - real_log(sum(p, V));
    return x;
}

static bool stopped(const SampleOptions *o)
{
    return o->stopped && o->stopped();
}

/* Begins the next sequence that nobody has begun, in this slot. False where none is left. */
static bool begin(Worker *w, int slot, const Task *task)
{
    Generator *g = task->samples->generator;
    int sequence, T = task->model->shape.context;
#pragma omp atomic capture
    sequence = g->begun++;
    if (sequence >= task->samples->sequences || stopped(task->options)) return false;
    int used = task->prompt_length < T ? task->prompt_length : T;
    w->draft[slot] = (Draft){sequence, used, 0, rng_stream(task->seed, (uint64_t)sequence)};
    memcpy(window_of(w, slot), task->prompt + task->prompt_length - used,
           sizeof(int) * (size_t)used);
    return true;
}

/* Draws the draft's next symbol. Returns false where the text ends. */
static bool go_on(Worker *w, int slot, real *logits, const Task *task)
{
    Samples *s = task->samples;
    const SampleOptions *o = task->options;
    int V = task->model->shape.vocabulary, T = task->model->shape.context, keep = T / 2;
    Draft *d = &w->draft[slot];
    int *window = window_of(w, slot), n = s->lengths[d->sequence]++;
    size_t at = (size_t)d->sequence * (size_t)s->longest + (size_t)n;
    int x = s->ids[at] = draw(logits, V, o, w->p, &d->rng, &s->logprob[at]);
    if (x == o->end || n + 1 == o->length || stopped(o)) return false;
    if (d->used == T) { /* the last half of a full window becomes the start of a new one */
        memmove(window, window + T - keep, sizeof(int) * (size_t)keep);
        d->used = keep;
        d->fed = 0;
    }
    window[d->used++] = x;
    return true;
}

/* Where a text ends the next one takes its slot, so that the batch stays full. */
static void worker_generate(Worker *w, const Task *task)
{
    activations_pack(w->activations, task->model);
    for (w->sequences = 0; w->sequences < w->slots; w->sequences++) {
        if (!begin(w, w->sequences, task)) break;
        w->active[w->sequences] = w->sequences;
    }
    while (w->sequences > 0) {
        Matrix logits = feed(w, task->model);
        int kept = 0;
        for (int i = 0; i < w->sequences; i++) {
            int slot = w->active[i];
            const Draft *d = &w->draft[slot];
            if (d->fed < d->used || go_on(w, slot, mat_row(logits, i), task) ||
                begin(w, slot, task))
                w->active[kept++] = slot;
        }
        w->sequences = kept;
    }
    activations_unpack(w->activations);
}

void generate(Samples *s, const Transformer *t, const int *prompt, int prompt_length,
              const SampleOptions *options, uint64_t seed)
{
    REQUIRE(prompt_length > 0, "a text begins after at least one symbol");
    REQUIRE(options->length <= s->longest, "%d symbols into samples of %d", options->length,
            s->longest);
    Generator *g = s->generator;
    memset(s->lengths, 0, sizeof(int) * (size_t)s->sequences);
    g->begun = options->length > 0 ? 0 : s->sequences;
    Task task = {s, t, prompt, prompt_length, options, seed};
#pragma omp parallel for schedule(static, 1) num_threads(g->workers)
    for (int i = 0; i < g->workers; i++) worker_generate(&g->worker[i], &task);
}
