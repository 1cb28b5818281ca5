/* generate.c: see generate.h. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "numeric.h"
#include "sequences.h"
#include "threads.h"

/* The sequences first .. first+count-1 of the samples, in the hands of one thread. */
typedef struct {
    int first, count;
    Activations *activations;
    Cache *cache;
    Rng *rng;    /* (count) */
    int *active; /* (sequences) those that have not ended; their slots in the cache */
    int *window; /* (count, T) the symbols that each sequence has in the cache */
    int used;    /* columns of it, the same for all */
    int *start, *ids, *positions; /* the batch */
    real *p;                      /* (V) */
    int sequences;                /* active ones */
} Hand;

struct Generator {
    TransformerShape shape;
    int hands;
    Hand *hand;
};

static Hand hand_new(const TransformerShape *s, int first, int count)
{
    return (Hand){.first = first,
                  .count = count,
                  .activations = activations_new(s, count, false),
                  .cache = cache_new(s, count),
                  .rng = NEW(Rng, count),
                  .active = NEW(int, count),
                  .window = NEW(int, (size_t)count *(size_t)s->context),
                  .start = NEW(int, count + 1),
                  .ids = NEW(int, count),
                  .positions = NEW(int, count),
                  .p = NEW(real, s->vocabulary)};
}

static void hand_free(Hand *h)
{
    activations_free(h->activations);
    cache_free(h->cache);
    free(h->rng);
    free(h->active);
    free(h->window);
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
    int hands = threads_count();
    g->hands = hands < sequences ? hands : sequences;
    g->shape = *shape;
    g->hand = NEW(Hand, g->hands);
    for (int i = 0; i < g->hands; i++) {
        int first = sequences * i / g->hands, last = sequences * (i + 1) / g->hands;
        g->hand[i] = hand_new(shape, first, last - first);
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

/* Feeds column j of every active window to the model: row i of the logits says what sequence
 * active[i] thinks comes after it. */
static Matrix feed(Hand *h, const Transformer *t, int j)
{
    for (int i = 0; i < h->sequences; i++) {
        h->start[i] = i;
        h->ids[i] = window_of(h, h->active[i])[j];
        h->positions[i] = j;
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

/* One symbol for each active sequence; those that end leave. */
static void draw_all(Hand *h, Samples *s, Matrix logits, int n, const SampleOptions *o)
{
    int kept = 0;
    for (int i = 0; i < h->sequences; i++) {
        int slot = h->active[i], sequence = h->first + slot;
        size_t at = (size_t)sequence * (size_t)s->longest + (size_t)n;
        int x = draw(mat_row(logits, i), logits.cols, o, h->p, &h->rng[slot], &s->logprob[at]);
        s->ids[at] = x;
        s->lengths[sequence] = n + 1;
        if (x == o->end) continue;
        window_of(h, slot)[h->used] = x;
        h->active[kept++] = slot;
    }
    h->sequences = kept;
    h->used++;
}

/* The last half of a full window becomes the start of a new one. */
static void slide(Hand *h, int T)
{
    int keep = T / 2;
    for (int i = 0; i < h->sequences; i++) {
        int *w = window_of(h, h->active[i]);
        memmove(w, w + T - keep, sizeof(int) * (size_t)keep);
    }
    h->used = keep;
}

static void hand_generate(Hand *h, Samples *s, const Transformer *t, const int *prompt,
                          int prompt_length, const SampleOptions *o, uint64_t seed)
{
    int T = t->shape.context, fed = 0;
    activations_pack(h->activations, t);
    h->sequences = h->count;
    h->used = prompt_length < T ? prompt_length : T;
    for (int i = 0; i < h->count; i++) {
        h->active[i] = i;
        h->rng[i] = rng_stream(seed, (uint64_t)(h->first + i));
        memcpy(window_of(h, i), prompt + prompt_length - h->used, sizeof(int) * (size_t)h->used);
        s->lengths[h->first + i] = 0;
    }
    for (int n = 0; n < o->length && h->sequences > 0; n++) {
        Matrix logits;
        for (; fed < h->used; fed++) logits = feed(h, t, fed);
        if (h->used == T) { /* make room for the symbol that comes */
            slide(h, T);
            fed = 0;
        }
        draw_all(h, s, logits, n, o);
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
#pragma omp parallel for schedule(static, 1) num_threads(g->hands)
    for (int i = 0; i < g->hands; i++)
        hand_generate(&g->hand[i], s, t, prompt, prompt_length, options, seed);
}
