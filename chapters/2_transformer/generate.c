/* generate.c: see generate.h. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "numeric.h"
#include "sequences.h"
#include "threads.h"

enum { SLOTS = 16 }; /* texts that a thread writes at a time: their keys and values stay near */

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
} Hand;

struct Generator {
    int hands, begun; /* sequences that a hand has taken up */
    Hand *hand;
};

/* What is to be done, the same for all hands. */
typedef struct {
    Samples *samples;
    const Transformer *model;
    const int *prompt;
    int prompt_length;
    const SampleOptions *options;
    uint64_t seed;
} Task;

static Hand hand_new(const TransformerShape *s, int slots)
{
    return (Hand){.activations = activations_new(s, slots, false),
                  .cache = cache_new(s, slots),
                  .draft = NEW(Draft, slots),
                  .window = NEW(int, (size_t)slots *(size_t)s->context),
                  .active = NEW(int, slots),
                  .start = NEW(int, slots + 1),
                  .ids = NEW(int, slots),
                  .positions = NEW(int, slots),
                  .p = NEW(real, s->vocabulary),
                  .slots = slots};
}

static void hand_free(Hand *h)
{
    activations_free(h->activations);
    cache_free(h->cache);
    free(h->draft);
    free(h->window);
    free(h->active);
    free(h->start);
    free(h->ids);
    free(h->positions);
    free(h->p);
}

Samples *samples_new(const TransformerShape *shape, int sequences, int longest)
{
    Samples *s = NEW(Samples, 1);
    s->sequences = sequences;
    s->longest = longest;
    s->ids = NEW(int, (size_t)sequences *(size_t)longest);
    s->lengths = NEW(int, sequences);
    s->logprob = NEW(real, (size_t)sequences * (size_t)longest);
    Generator *g = s->generator = NEW(Generator, 1);
    int threads = threads_count();
    g->hands = threads < sequences ? threads : sequences;
    g->hand = NEW(Hand, g->hands);
    for (int i = 0; i < g->hands; i++) {
        int share = (sequences + g->hands - 1) / g->hands;
        g->hand[i] = hand_new(shape, share < SLOTS ? share : SLOTS);
    }
    return s;
}

void samples_free(Samples *s)
{
    if (!s) return;
    for (int i = 0; i < s->generator->hands; i++) hand_free(&s->generator->hand[i]);
    free(s->generator->hand);
    free(s->generator);
    free(s->ids);
    free(s->lengths);
    free(s->logprob);
    free(s);
}

static int *window_of(const Hand *h, int slot)
{
    return h->window + (size_t)slot * (size_t)h->activations->shape.context;
}

/* Feeds the next symbol of every active window to the model: row i of the logits says what draft
 * active[i] thinks comes after it. */
static Matrix feed(Hand *h, const Transformer *t)
{
    for (int i = 0; i < h->sequences; i++) {
        int slot = h->active[i], at = h->draft[slot].fed++;
        h->start[i] = i;
        h->ids[i] = window_of(h, slot)[at];
        h->positions[i] = at;
    }
    h->start[h->sequences] = h->sequences;
    Batch b = {h->sequences, h->start, h->ids, h->positions, h->active};
    return transformer_forward(t, h->activations, &b, h->cache);
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
    int likeliest = 0;
    for (int j = 1; j < V; j++)
        if (logits[j] > logits[likeliest]) likeliest = j;
    *logprob = 0;
    if (o->temperature == 0) return likeliest;
    if (o->top_k > 0 && o->top_k < V) {
        real bound = kth_largest(logits, V, o->top_k);
        for (int j = 0; j < V; j++)
            if (logits[j] < bound) logits[j] = -INFINITY;
    }
    real m = logits[likeliest], inverse = (real)(1 / o->temperature);
    for (int j = 0; j < V; j++)
        p[j] = logits[j] == -INFINITY ? 0 : real_exp((logits[j] - m) * inverse);
    int x = rng_choice(rng, p, V);
    *logprob = (logits[x] - m) * inverse - real_log(sum(p, V));
    return x;
}

/* Begins the next sequence that nobody has begun, in this slot. Returns false where none is left.
 */
static bool begin(Hand *h, int slot, const Task *task)
{
    Generator *g = task->samples->generator;
    int sequence, T = task->model->shape.context;
#pragma omp atomic capture
    sequence = g->begun++;
    if (sequence >= task->samples->sequences) return false;
    int used = task->prompt_length < T ? task->prompt_length : T;
    h->draft[slot] = (Draft){sequence, used, 0, rng_stream(task->seed, (uint64_t)sequence)};
    memcpy(window_of(h, slot), task->prompt + task->prompt_length - used,
           sizeof(int) * (size_t)used);
    return true;
}

/* Draws the draft's next symbol. Returns false where the text ends. */
static bool go_on(Hand *h, int slot, real *logits, const Task *task)
{
    Samples *s = task->samples;
    const SampleOptions *o = task->options;
    int V = task->model->shape.vocabulary, T = task->model->shape.context, keep = T / 2;
    Draft *d = &h->draft[slot];
    int *window = window_of(h, slot), n = s->lengths[d->sequence]++;
    size_t at = (size_t)d->sequence * (size_t)s->longest + (size_t)n;
    int x = s->ids[at] = draw(logits, V, o, h->p, &d->rng, &s->logprob[at]);
    if (x == o->end || n + 1 == o->length) return false;
    if (d->used == T) { /* the last half of a full window becomes the start of a new one */
        memmove(window, window + T - keep, sizeof(int) * (size_t)keep);
        d->used = keep;
        d->fed = 0;
    }
    window[d->used++] = x;
    return true;
}

/* Where a text ends the next one takes its slot, so that the batch stays full. */
static void hand_generate(Hand *h, const Task *task)
{
    activations_pack(h->activations, task->model);
    for (h->sequences = 0; h->sequences < h->slots; h->sequences++) {
        if (!begin(h, h->sequences, task)) break;
        h->active[h->sequences] = h->sequences;
    }
    while (h->sequences > 0) {
        Matrix logits = feed(h, task->model);
        int kept = 0;
        for (int i = 0; i < h->sequences; i++) {
            int slot = h->active[i];
            const Draft *d = &h->draft[slot];
            if (d->fed < d->used || go_on(h, slot, mat_row(logits, i), task) ||
                begin(h, slot, task))
                h->active[kept++] = slot;
        }
        h->sequences = kept;
    }
    activations_unpack(h->activations);
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
#pragma omp parallel for schedule(static, 1) num_threads(g->hands)
    for (int i = 0; i < g->hands; i++) hand_generate(&g->hand[i], &task);
}
