/* tales.c: draws tales, and reads them back with the exact probability of every character.
 *
 * Drawing walks the grammar once and multiplies the probabilities of its choices. Reading walks all
 * derivations that agree with the text so far. Their masses are exact without looking ahead, since
 * whatever comes after a choice sums to one:
 *
 *     P(x_0 .. x_i) = sum of p(derivation so far) over all that have matched x_0 .. x_i
 *     log P(x_i | x_0 .. x_{i-1}) = log P(x_0 .. x_i) - log P(x_0 .. x_{i-1})
 *
 * Book: chapter 0, "A language whose entropy is known". */
#include "tales.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "tales_grammar.h"

/* What each letter remembers: text[start .. end-1] of the tale so far, and its kind. */
typedef struct {
    int start, end, kind;
} Memory;

/* --- drawing ---------------------------------------------------------------------------------- */

typedef struct {
    const Grammar *g;
    char *text;
    int length;
    Rng *rng;
    double logprob;
    Memory memory[GRAMMAR_VARIABLES];
} Drawing;

static void put(Drawing *d, Slice s)
{
    memcpy(d->text + d->length, s.at, (size_t)s.length);
    d->length += s.length;
}

static const Body *choose(Drawing *d, const Symbol *symbol)
{
    const Body *body = d->g->bodies + symbol->first;
    int left = rng_below(d->rng, symbol->total);
    while (left >= body->weight) left -= body++->weight;
    d->logprob += log((double)body->weight / symbol->total);
    return body;
}

static void draw_symbol(Drawing *d, int symbol, int variable)
{
    const Body *body = choose(d, &d->g->symbols[symbol]);
    if (variable >= 0) d->memory[variable] = (Memory){.start = d->length, .kind = body->kind};
    for (const Item *item = d->g->items + body->first; item->type != ITEM_END; item++) {
        Memory *m = item->variable < 0 ? NULL : &d->memory[item->variable];
        switch (item->type) {
        case ITEM_TEXT:
            put(d, item->text[0]);
            break;
        case ITEM_SYMBOL:
            draw_symbol(d, item->symbol, item->variable);
            break;
        case ITEM_REMEMBER:
            m->end = d->length;
            break;
        case ITEM_RECALL:
            put(d, (Slice){d->text + m->start, m->end - m->start});
            break;
        case ITEM_PICK:
            put(d, item->text[m->kind]);
            break;
        case ITEM_END:
            break;
        }
    }
}

double grammar_draw(const Grammar *g, char text[TALE_MAX + 1], Rng *rng)
{
    Drawing d = {.g = g, .text = text, .rng = rng};
    draw_symbol(&d, 0, -1);
    text[d.length] = '\0';
    return d.logprob;
}

/* --- reading ---------------------------------------------------------------------------------- */

typedef struct {
    const Grammar *g;
    const char *text;
    double mass[TALE_MAX + 1];        /* P(x_0 .. x_i); at the end P(tale) */
    int back[TALE_MAX + 1];           /* distances along the derivation being walked */
    int *distance;                    /* those of a derivation that came to the end, or NULL */
    Memory memory[GRAMMAR_VARIABLES]; /* filled before use on every walk, so never restored */
} Reading;

/* Where a walk goes on once a body is at its end. */
typedef struct Return {
    const Item *next;
    const struct Return *up;
} Return;

static void walk(Reading *r, const Item *item, const Return *up, int at, double p);

static void walk_choices(Reading *r, const Item *item, const Return *up, int at, double p)
{
    const Symbol *symbol = &r->g->symbols[item->symbol];
    Return back = {item + 1, up};
    for (int b = symbol->first; b < symbol->first + symbol->count; b++) {
        const Body *body = &r->g->bodies[b];
        if (item->variable >= 0)
            r->memory[item->variable] = (Memory){.start = at, .kind = body->kind};
        walk(r, r->g->items + body->first, &back, at, p * body->weight / symbol->total);
    }
}

/* Matches s at `at` and returns the place after it, or -1. distance: of its first character from
 * what decides it; a recall keeps it along its text, as what it repeats goes along too. */
static int match(Reading *r, Slice s, int at, int distance, double p)
{
    for (int i = 0; i < s.length; i++, at++) {
        if (r->text[at] != s.at[i]) return -1;
        r->mass[at] += p;
        r->back[at] = distance;
    }
    return at;
}

/* A pronoun: every letter of it is decided where the thing itself begins. */
static int match_pick(Reading *r, const Item *item, int at, double p)
{
    const Memory *m = &r->memory[item->variable];
    Slice s = item->text[m->kind];
    int end = match(r, s, at, 0, p);
    for (int i = at; i < end; i++) r->back[i] = i - m->start;
    return end;
}

static void finish(Reading *r, int at, double p)
{
    if (r->text[at] != '\0') return;
    r->mass[at] += p;
    r->back[at] = 0;
    if (r->distance) memcpy(r->distance, r->back, sizeof(int) * (size_t)(at + 1));
}

/* Goes on from an item, having read x_0 .. x_{at-1} with probability p. */
static void walk(Reading *r, const Item *item, const Return *up, int at, double p)
{
    for (; at >= 0; item++) {
        const Memory *m = item->variable < 0 ? NULL : &r->memory[item->variable];
        switch (item->type) {
        case ITEM_TEXT:
            at = match(r, item->text[0], at, 0, p);
            break;
        case ITEM_SYMBOL:
            walk_choices(r, item, up, at, p);
            return;
        case ITEM_REMEMBER:
            r->memory[item->variable].end = at;
            break;
        case ITEM_RECALL:
            at = match(r, (Slice){r->text + m->start, m->end - m->start}, at, at - m->start, p);
            break;
        case ITEM_PICK:
            at = match_pick(r, item, at, p);
            break;
        case ITEM_END:
            if (!up) {
                finish(r, at, p);
                return;
            }
            item = up->next - 1; /* the loop's step goes to next */
            up = up->up;
            break;
        }
    }
}

/* Masses become conditionals. Rounding may leave a sure character a hair above 1: never above 0. */
static double conditionals(const double *mass, int n, double *logprob)
{
    double total = 0;
    for (int i = 0; i <= n; i++) {
        double before = i ? mass[i - 1] : 1;
        double l = mass[i] > 0 ? fmin(log(mass[i] / before), 0) : -INFINITY;
        if (logprob) logprob[i] = l;
        total += l;
    }
    return total;
}

/* The start symbol, then the end. */
static const Item START[] = {{.type = ITEM_SYMBOL, .symbol = 0, .variable = -1},
                             {.type = ITEM_END, .variable = -1}};

double grammar_read(const Grammar *g, const char *text, double *logprob, int *distance)
{
    Reading r = {.g = g, .text = text, .distance = distance};
    size_t length = strlen(text);
    int n = length > TALE_MAX ? TALE_MAX : (int)length;
    if (distance) memset(distance, 0, sizeof(int) * (size_t)(n + 1));
    walk(&r, START, NULL, 0, 1);
    return conditionals(r.mass, n, logprob);
}

/* --- the tales -------------------------------------------------------------------------------- */

/* Made at the first use, which must come before several threads draw or read at once. */
const Grammar *tales_grammar(void)
{
    static Grammar g;
    static bool made;
    if (!made) {
        Error err;
        made = grammar_make(&g, TALES_RULES, &err);
        REQUIRE(made, "%s", err.text);
    }
    return &g;
}

double tales_draw(char text[TALE_MAX + 1], Rng *rng)
{
    return grammar_draw(tales_grammar(), text, rng);
}

double tales_read(const char *text, double *logprob, int *distance)
{
    return grammar_read(tales_grammar(), text, logprob, distance);
}

double tales_entropy(void)
{
    return tales_grammar()->symbols[0].entropy;
}

double tales_mean_length(void)
{
    return tales_grammar()->symbols[0].mean_length + 1; /* the end symbol */
}

char *tales_corpus(uint64_t seed, int count, size_t *size)
{
    char *corpus = must_realloc(NULL, (size_t)count + 1, TALE_MAX + 1), *end = corpus;
    for (int i = 0; i < count; i++) {
        Rng rng = rng_stream(seed, (uint64_t)i);
        tales_draw(end, &rng);
        end += strlen(end);
        *end++ = '\n';
    }
    *end = '\0';
    *size = (size_t)(end - corpus);
    return must_realloc(corpus, *size + 1, 1);
}
