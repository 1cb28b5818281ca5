/* tales_interpreter.h: a second, independent reading of the tales' rules, for the tests.
 *
 * It works on the rules' strings as they are written, and keeps a set of all derivations at once,
 * growing it piece by piece: without a target it lists a whole language, with one it keeps the
 * derivations of that text. The library parses the rules beforehand and walks one derivation at a
 * time, so the two share nothing but the rules. */
#ifndef TALES_INTERPRETER_H
#define TALES_INTERPRETER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "tales_grammar.h"

enum { LINE = 160 };

/* Check notes every assertion it passes in a pipe, too slow for the many of an inner loop. */
#define ENSURE(condition, ...)                       \
    do {                                             \
        if (!(condition)) ck_abort_msg(__VA_ARGS__); \
    } while (0)

typedef struct {
    char text[LINE];
    int length;
    double p;
    int start[26], end[26], rule[26]; /* what each letter remembers, and from which rule */
} Derivation;

typedef struct {
    Derivation *at;
    int count, capacity;
} Set;

typedef struct {
    const Rule *rules;
    const char *target; /* NULL: every text will do */
} Interpreter;

static void keep(Set *set, const Derivation *d)
{
    if (set->count == set->capacity) {
        set->capacity = 2 * set->capacity + 4;
        set->at = realloc(set->at, (size_t)set->capacity * sizeof *set->at);
        ENSURE(set->at, "out of memory");
    }
    set->at[set->count++] = *d;
}

/* Appends a text to each derivation; those that leave the target are dropped. */
static bool append(const Interpreter *in, Derivation *d, const char *text, int length)
{
    if (in->target && strncmp(in->target + d->length, text, (size_t)length) != 0) return false;
    ENSURE(d->length + length < LINE, "%s is too long", d->text);
    memmove(d->text + d->length, text, (size_t)length);
    d->length += length;
    d->text[d->length] = '\0';
    return true;
}

static int total_weight(const Rule *rules, const char *symbol)
{
    int total = 0;
    for (const Rule *r = rules; r->symbol; r++) {
        if (strcmp(r->symbol, symbol) != 0) continue;
        total += r->weight;
        for (const char *c = r->bodies; *c; c++) total += *c == '/' ? r->weight : 0;
    }
    return total;
}

static Set expand(const Interpreter *in, const char *symbol, const Set *from, int variable);

/* The piece of a body between [ and ]. */
static Set bracket(const Interpreter *in, const char *piece, Set from)
{
    Set to = {0};
    int variable = isupper((unsigned char)piece[0]) ? piece[0] - 'A' : -1;
    if (variable < 0 || piece[1] == '=') {
        to = expand(in, variable < 0 ? piece : piece + 2, &from, variable);
    } else {
        for (int i = 0; i < from.count; i++) {
            Derivation d = from.at[i];
            const char *text = d.text + d.start[variable];
            int length = d.end[variable] - d.start[variable];
            if (piece[1] == ':') {
                text = piece + 2;
                for (int k = 0; k < d.rule[variable]; k++) text = strchr(text, '|') + 1;
                length = (int)strcspn(text, "|");
            }
            if (append(in, &d, text, length)) keep(&to, &d);
        }
    }
    free(from.at);
    return to;
}

/* All ways to go on from each derivation by one body. */
static Set follow(const Interpreter *in, const char *body, Set from)
{
    while (*body && *body != '/' && from.count) {
        if (*body == '[') {
            char piece[LINE];
            int length = (int)strcspn(body, "]") - 1;
            snprintf(piece, sizeof piece, "%.*s", length, body + 1);
            from = bracket(in, piece, from);
            body += length + 2;
        } else {
            int length = (int)strcspn(body, "[/"), kept = 0;
            for (int i = 0; i < from.count; i++)
                if (append(in, &from.at[i], body, length)) from.at[kept++] = from.at[i];
            from.count = kept;
            body += length;
        }
    }
    return from;
}

static Set expand(const Interpreter *in, const char *symbol, const Set *from, int variable)
{
    Set to = {0};
    int rule = 0, total = total_weight(in->rules, symbol);
    for (const Rule *r = in->rules; r->symbol; r++) {
        if (strcmp(r->symbol, symbol) != 0) continue;
        for (const char *body = r->bodies; body; body = strchr(body, '/')) {
            body += *body == '/';
            Set some = {0};
            for (int i = 0; i < from->count; i++) {
                Derivation d = from->at[i];
                d.p *= (double)r->weight / total;
                if (variable >= 0) d.start[variable] = d.length, d.rule[variable] = rule;
                keep(&some, &d);
            }
            some = follow(in, body, some);
            for (int i = 0; i < some.count; i++) {
                if (variable >= 0) some.at[i].end[variable] = some.at[i].length;
                keep(&to, &some.at[i]);
            }
            free(some.at);
        }
        rule++;
    }
    return to;
}

/* All derivations of the target, or of every text. free() .at */
static inline Set derivations(const Rule *rules, const char *target)
{
    Derivation nothing = {.p = 1};
    Set from = {.at = &nothing, .count = 1};
    Set all = expand(&(Interpreter){rules, target}, rules[0].symbol, &from, -1);
    int kept = 0;
    for (int i = 0; i < all.count; i++)
        if (!target || strcmp(all.at[i].text, target) == 0) all.at[kept++] = all.at[i];
    all.count = kept;
    return all;
}

#endif
