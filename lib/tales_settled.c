/* tales_settled.c: proves that no tale has two derivations (the argument: tales_grammar.h).
 *
 * For every two bodies of a symbol, two fingers go through all their texts side by side and look
 * for a pair where one text begins the other. Where they read different characters the pair is
 * done with, and most part at the first, so looking at all pairs takes milliseconds. */
#include "tales_grammar.h"

#include <stddef.h>

/* Where to go on once a body is read to its end. Lives on the C stack of the search. */
typedef struct Return {
    const Item *next;
    const struct Return *up;
} Return;

/* A finger: the text under it, then the items after that. next is NULL at the very end. */
typedef struct {
    Slice text;
    const Item *next;
    const Return *up;
} Finger;

typedef struct {
    const Grammar *g;
    char common[TALE_MAX + 1]; /* what both have read */
} Search;

static bool clash(Search *s, Finger a, Finger b, int read);

/* Puts finger f on some text, by every way there is, and searches on from each. */
static bool clash_after_step(Search *s, Finger f, Finger other, int read)
{
    const Item *item = f.next++;
    if (item->type == ITEM_END) {
        f.next = f.up ? f.up->next : NULL;
        f.up = f.up ? f.up->up : NULL;
        return clash(s, f, other, read);
    }
    if (item->type == ITEM_REMEMBER) return clash(s, f, other, read);
    for (int k = 0; k < item->options; k++) {
        f.text = item->text[k];
        if (clash(s, f, other, read)) return true;
    }
    if (item->options) return false;
    bool recall = item->type == ITEM_RECALL; /* stands for any text that it could recall */
    const Symbol *symbol = &s->g->symbols[recall ? s->g->remembers[item->variable] : item->symbol];
    Return back = {f.next, f.up};
    for (int i = symbol->first; i < symbol->first + symbol->count; i++) {
        Finger inside = {.next = &s->g->items[s->g->bodies[i].first], .up = &back};
        if (clash(s, inside, other, read)) return true;
    }
    return false;
}

/* True if some text from a on begins, or is begun by, some text from b on. */
static bool clash(Search *s, Finger a, Finger b, int read)
{
    while (a.text.length && b.text.length) {
        if (*a.text.at != *b.text.at) return false;
        s->common[read++] = *a.text.at;
        a.text = (Slice){a.text.at + 1, a.text.length - 1};
        b.text = (Slice){b.text.at + 1, b.text.length - 1};
    }
    Finger *empty = a.text.length ? &b : &a;
    if (!empty->next) {
        s->common[read] = '\0';
        return true;
    }
    return clash_after_step(s, *empty, empty == &a ? b : a, read);
}

bool grammar_is_settled(const Grammar *g, Error *err)
{
    Search search = {.g = g};
    for (const Symbol *s = g->symbols; s < g->symbols + g->symbol_count; s++)
        for (const Body *a = g->bodies + s->first; a < g->bodies + s->first + s->count; a++)
            for (const Body *b = g->bodies + s->first; b < a; b++)
                if (clash(&search, (Finger){.next = &g->items[a->first]},
                          (Finger){.next = &g->items[b->first]}, 0))
                    return error_set(err,
                                     "\"%.*s\" and \"%.*s\" of [%s] can both begin with "
                                     "\"%s\": change one",
                                     b->source.length, b->source.at, a->source.length, a->source.at,
                                     s->name, search.common);
    return true;
}
