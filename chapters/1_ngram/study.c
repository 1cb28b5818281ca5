/* study.c: the measurements of study.h. */
#include "study.h"

#include "error.h"
#include "run.h"
#include "tales.h"

#include <math.h>
#include <string.h>

size_t corpus_symbols(const Corpus *c)
{
    return c->start[c->documents] + (size_t)c->documents;
}

/* The first documents that together have `symbols` symbols, or so much of a single document. A
 * view: nothing to free. */
static Corpus corpus_first(const Corpus *c, size_t symbols, size_t cut[2])
{
    Corpus first = *c;
    if (c->documents == 1 && symbols < corpus_symbols(c)) {
        cut[0] = 0;
        cut[1] = symbols > 1 ? symbols - 1 : 0;
        first.start = cut;
    }
    while (first.documents > 1 &&
           c->start[first.documents - 1] + (size_t)first.documents - 1 >= symbols)
        first.documents--;
    return first;
}

static void run_trial(Trial *trial, const Text *text)
{
    size_t cut[2];
    Corpus part = corpus_first(&text->train, trial->symbols, cut);
    Ngram *m = ngram_train(&part, &text->vocabulary, &trial->options);
    trial->symbols = corpus_symbols(&part);
    trial->distinct = m->trie.count - 1;
    trial->unseen = m->symbols + 2 - (int)ngram_distinct(m, 1); /* <s> and <unk> are no symbols */
    trial->held_out = ngram_evaluate(m, &text->held_out);
    trial->done = true;
    ngram_free(m);
}

void study_trials(Trial *trials, int count, const Text *text)
{
#pragma omp parallel for schedule(dynamic, 1)
    for (int i = 0; i < count; i++)
        if (!run_stopped()) run_trial(&trials[count - 1 - i], text);
}

double trial_bits_named(const Trial *t)
{
    double naming = t->unseen > 0 ? (double)t->held_out.unknown * log(t->unseen) : 0;
    return (naming - t->held_out.logprob) / (double)t->held_out.scored / log(2);
}

/* --- against the truth ----------------------------------------------------------------------- */

bool tale_text(char *out, const Vocabulary *v, Level level, const int *ids, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const char *symbol = v->symbol[ids[i]];
        bool blank = level == TEXT_WORDS && i > 0;
        if (used + blank + strlen(symbol) > TALE_MAX) return false;
        if (blank) out[used++] = ' ';
        memcpy(out + used, symbol, strlen(symbol));
        used += strlen(symbol);
    }
    out[used] = '\0';
    return true;
}

double study_truth(const Text *text, Level level)
{
    const Corpus *c = &text->held_out;
    double sum = 0;
    for (int d = 0; d < c->documents; d++) {
        char tale[TALE_MAX + 1];
        size_t count = c->start[d + 1] - c->start[d];
        if (!tale_text(tale, &text->vocabulary, level, c->ids + c->start[d], count))
            return -INFINITY;
        sum += tales_read(tale, NULL, NULL);
    }
    return sum;
}

/* Adds one place: a character that belongs to something `distance` back (0: to nothing). */
static void recall_add(Recall *r, int distance, double excess)
{
    bool far = distance >= DISTANCE_FAR;
    int bin = distance > 0 ? 1 + distance / DISTANCE_BIN : 0;
    r->places[bin]++;
    r->excess[bin] += excess;
    r->far_places += far;
    r->other_places += !far;
    *(far ? &r->far_excess : &r->other_excess) += excess;
}

void recall_pool(Recall *sum, const Recall *r)
{
    for (int b = 0; b < DISTANCE_BINS; b++) {
        sum->places[b] += r->places[b];
        sum->excess[b] += r->excess[b];
    }
    sum->far_places += r->far_places;
    sum->far_excess += r->far_excess;
    sum->other_places += r->other_places;
    sum->other_excess += r->other_excess;
}

Recall study_recall(const Ngram *m, const Text *text)
{
    const Corpus *c = &text->held_out;
    Recall r = {0};
    for (int d = 0; d < c->documents; d++) {
        char tale[TALE_MAX + 1];
        double truth[TALE_MAX + 1], model[TALE_MAX + 1];
        int distance[TALE_MAX + 1];
        const int *ids = c->ids + c->start[d];
        size_t count = c->start[d + 1] - c->start[d];
        bool fits = tale_text(tale, &text->vocabulary, TEXT_CHARS, ids, count);
        REQUIRE(fits && strlen(tale) == count, "document %d is not a tale", d);
        tales_read(tale, truth, distance);
        ngram_score(m, ids, count, model);
        for (size_t i = 0; i <= count; i++) recall_add(&r, distance[i], truth[i] - model[i]);
    }
    return r;
}

/* --- curves ---------------------------------------------------------------------------------- */

static double finite_or_nan(double x)
{
    return isfinite(x) ? x : NAN;
}

void study_learning_curve(Curves *c, const NgramOptions *options, int seed, const Text *text)
{
    enum { POINTS = 40, SMALLEST = 1000 };
    Trial trials[POINTS];
    size_t symbols = corpus_symbols(&text->train);
    int count = 1;
    while (count < POINTS && symbols >> count >= SMALLEST) count++;
    for (int i = 0; i < count; i++)
        trials[i] = (Trial){.options = *options, .symbols = symbols >> (count - 1 - i)};

    study_trials(trials, count, text);
    for (int i = 0; i < count; i++) {
        const NgramScore *s = &trials[i].held_out;
        if (!trials[i].done) continue;
        curves_add(c, (double)seed, (double)options->order, (double)trials[i].symbols,
                   (double)trials[i].distinct, finite_or_nan(score_bits(s)),
                   finite_or_nan(score_nats(s)), finite_or_nan(score_perplexity(s)),
                   (double)s->unknown, finite_or_nan(trial_bits_named(&trials[i])));
    }
}

Recall study_recall_curve(Curves *c, const NgramOptions *options, int seed, const Text *text)
{
    Ngram *m = ngram_train(&text->train, &text->vocabulary, options);
    Recall r = study_recall(m, text);
    ngram_free(m);
    for (int b = 0; b < DISTANCE_BINS; b++)
        if (r.places[b] > 0)
            curves_add(c, (double)seed, (double)options->order,
                       b > 0 ? (b - 0.5) * DISTANCE_BIN : 0, (double)r.places[b],
                       finite_or_nan(r.excess[b] / (double)r.places[b]));
    return r;
}

void study_sketch(const Curves *learning, const Run *run, int order, double floor)
{
    Curves *one = curves_new("seed,log10_symbols,bits_named");
    for (int i = 0; i < learning->rows; i++)
        if ((int)curves_at(learning, i, "order") == order)
            curves_add(one, curves_at(learning, i, "seed"),
                       log10(curves_at(learning, i, "symbols")),
                       curves_at(learning, i, "bits_named"));
    curves_sketch(one, run, "log10_symbols", "bits_named", floor, "floor");
    curves_free(one);
}
