/* sequences.c: see sequences.h. */
#include "sequences.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

Sequences *sequences_new(int sequences, int rows)
{
    Sequences *s = NEW(Sequences, 1);
    s->capacity = rows;
    s->start = NEW(int, sequences + 1);
    s->ids = NEW(int, rows);
    s->positions = NEW(int, rows);
    s->targets = NEW(int, rows);
    s->batch = (Batch){0, s->start, s->ids, s->positions, NULL};
    return s;
}

void sequences_free(Sequences *s)
{
    if (!s) return;
    free(s->start);
    free(s->ids);
    free(s->positions);
    free(s->targets);
    free(s);
}

void sequences_clear(Sequences *s)
{
    s->batch.sequences = 0;
}

void sequences_add(Sequences *s, const int *symbols, int count)
{
    int row = s->start[s->batch.sequences];
    REQUIRE(count >= 2 && row + count - 1 <= s->capacity,
            "%d symbols into a batch with %d of %d rows", count, row, s->capacity);
    for (int i = 0; i + 1 < count; i++, row++) {
        s->ids[row] = symbols[i];
        s->positions[row] = i;
        s->targets[row] = symbols[i + 1];
    }
    s->start[++s->batch.sequences] = row;
}

/* Copies the documents with an end symbol before the first and after each. */
static void copy_documents(Windows *w, const Corpus *c, int end)
{
    size_t at = 0;
    bool ends = end >= 0;
    if (ends) w->symbols[at++] = end;
    for (int d = 0; d < c->documents; d++) {
        size_t n = c->start[d + 1] - c->start[d];
        w->first[d] = ends ? at - 1 : at;
        memcpy(w->symbols + at, c->ids + c->start[d], n * sizeof(int));
        at += n;
        if (ends) w->symbols[at++] = end;
        w->targets[d] = ends ? n + 1 : n > 0 ? n - 1 : 0;
    }
}

Windows *windows_new(const Corpus *c, int end, int context)
{
    Windows *w = NEW(Windows, 1);
    size_t T = (size_t)context, windows = 0;
    w->context = context;
    w->documents = c->documents;
    w->symbols = NEW(int, c->start[c->documents] + (size_t)c->documents + 1);
    w->first = NEW(size_t, c->documents);
    w->targets = NEW(size_t, c->documents);
    copy_documents(w, c, end);

    for (int d = 0; d < c->documents; d++) windows += (w->targets[d] + T - 1) / T;
    w->document_of = NEW(int, windows);
    w->offset_of = NEW(int, windows);
    for (int d = 0; d < c->documents; d++)
        for (size_t i = 0; i * T < w->targets[d]; i++) {
            size_t rest = w->targets[d] - i * T;
            if (end < 0 && i > 0 && rest < T) {
                w->left_over += rest;
                continue;
            }
            w->document_of[w->windows] = d;
            w->offset_of[w->windows++] = (int)i;
            w->scored += rest < T ? rest : T;
        }
    return w;
}

void windows_free(Windows *w)
{
    if (!w) return;
    free(w->symbols);
    free(w->first);
    free(w->targets);
    free(w->document_of);
    free(w->offset_of);
    free(w);
}

/* At most T targets of document d from its target number `offset` on. */
static void add_part(const Windows *w, int d, size_t offset, Sequences *to)
{
    size_t rest = w->targets[d] - offset, T = (size_t)w->context;
    sequences_add(to, w->symbols + w->first[d] + offset, (int)(rest < T ? rest : T) + 1);
}

void windows_add(const Windows *w, int i, Sequences *to)
{
    add_part(w, w->document_of[i], (size_t)w->offset_of[i] * (size_t)w->context, to);
}

void windows_draw(const Windows *w, int count, Rng *rng, Sequences *to)
{
    sequences_clear(to);
    for (int i = 0; i < count; i++) {
        int d = w->document_of[rng_below(rng, w->windows)];
        size_t n = w->targets[d], T = (size_t)w->context;
        add_part(w, d, n > T ? (size_t)(rng_uniform(rng) * (double)(n - T + 1)) : 0, to);
    }
}
