/* yardstick.c: see yardstick.h. */
#include "yardstick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"
#include "tales.h"

static void read_truth(Yardstick *y, const Text *text)
{
    y->truth = NEW(double, y->symbols + TALE_MAX);
    y->distance = NEW(int, y->symbols + TALE_MAX);
    const Corpus *c = &text->held_out;
    double total = 0;
    size_t at = 0;
    for (int d = 0; d < c->documents; d++) {
        size_t count = c->start[d + 1] - c->start[d];
        char tale[TALE_MAX + 1];
        bool whole = tale_text(tale, &text->vocabulary, TEXT_CHARS, c->ids + c->start[d], count);
        REQUIRE(whole, "document %d is no tale", d);
        total -= tales_read(tale, y->truth + at, y->distance + at);
        at += strlen(tale) + 1;
    }
    y->floor = total / (double)at;
}

/* log P of every held-out symbol under an n-gram, ends included where the text has them. */
static void ngram_logprobs(const Ngram *m, const Text *text, double *logprob)
{
    const Corpus *c = &text->held_out;
    bool ends = text->vocabulary.end >= 0;
    for (int d = 0; d < c->documents; d++) {
        size_t n = c->start[d + 1] - c->start[d];
        double *scratch = NEW(double, n + 1);
        ngram_score(m, c->ids + c->start[d], n, scratch);
        memcpy(logprob, scratch, (n + ends) * sizeof *logprob);
        logprob += n + ends;
        free(scratch);
    }
}

static Score ngram_held_out(const Yardstick *y, const Text *text, int order)
{
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_KNESER_NEY};
    Ngram *m = ngram_train(&text->train, &text->vocabulary, &options);
    double *logprob = NEW(double, y->symbols);
    ngram_logprobs(m, text, logprob);
    Score s = yardstick_score(y, logprob);
    free(logprob);
    ngram_free(m);
    return s;
}

Yardstick *yardstick_new(const Text *text, bool tales, int first_order, int last_order)
{
    Yardstick *y = NEW(Yardstick, 1);
    const Corpus *c = &text->held_out;
    y->uniform = log(text->vocabulary.size);
    y->floor = NAN;
    y->ngram = (Score){.nats = NAN, .far = NAN, .near = NAN};
    y->symbols = c->start[c->documents] + (text->vocabulary.end >= 0 ? (size_t)c->documents : 0);
    if (y->symbols == 0) return y;
    if (tales) read_truth(y, text);
    Score *score = NEW(Score, last_order + 1);
#pragma omp parallel for schedule(dynamic, 1)
    for (int order = last_order; order >= first_order; order--) /* the longest work first */
        score[order] = ngram_held_out(y, text, order);
    for (int order = first_order; order <= last_order; order++)
        if (!(score[order].nats >= y->ngram.nats)) { /* the first one too, against NAN */
            y->ngram = score[order];
            y->order = order;
        }
    free(score);
    return y;
}

void yardstick_free(Yardstick *y)
{
    if (!y) return;
    free(y->truth);
    free(y->distance);
    free(y);
}

Score yardstick_score(const Yardstick *y, const double *logprob)
{
    Score s = {.far = NAN, .near = NAN};
    double far = 0, near = 0, count = 0;
    for (size_t i = 0; i < y->symbols; i++) s.nats -= logprob[i] / (double)y->symbols;
    if (!y->truth) return s;
    for (size_t i = 0; i < y->symbols; i++) {
        double excess = y->truth[i] - logprob[i];
        if (y->distance[i] >= DISTANCE_FAR)
            far += excess, count++;
        else
            near += excess;
    }
    s.far = far / count;
    s.near = near / ((double)y->symbols - count);
    s.far_symbols = count;
    return s;
}
