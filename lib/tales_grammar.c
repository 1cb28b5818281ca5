/* tales_grammar.c: rules become a grammar; what can be known of it without drawing from it.
 *
 * grammar_make parses every body once into items, then checks and measures each symbol from the
 * leaves up. Entropy and mean length are exact sums over choices. Book: chapter 0. */
#include "tales_grammar.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- parsing ---------------------------------------------------------------------------------- */

static void *grow(void *array, int count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* at 0, 1, 2, 4, 8, ... */
    return full ? must_realloc(array, (size_t)(count ? 2 * count : 1), size) : array;
}

static Item *add_item(Grammar *g, ItemType type, int variable)
{
    g->items = grow(g->items, g->item_count, sizeof *g->items);
    Item *item = &g->items[g->item_count++];
    *item = (Item){.type = type, .symbol = -1, .variable = variable};
    return item;
}

static int find_symbol(const Grammar *g, Slice name)
{
    for (int s = 0; s < g->symbol_count; s++) {
        const char *known = g->symbols[s].name;
        if ((int)strlen(known) == name.length && !memcmp(known, name.at, (size_t)name.length))
            return s;
    }
    return -1;
}

/* The part of s before the first `stop`; *rest gets what follows it. False if there is no stop. */
static bool cut(Slice s, char stop, Slice *part, Slice *rest)
{
    const char *at = s.length ? memchr(s.at, stop, (size_t)s.length) : NULL;
    int n = at ? (int)(at - s.at) : s.length;
    *part = (Slice){s.at, n};
    *rest = (Slice){s.at + n + (at != NULL), s.length - n - (at != NULL)};
    return at != NULL;
}

static bool is_variable(Slice s)
{
    return s.length == 1 && s.at[0] >= 'A' && s.at[0] <= 'Z';
}

static bool parse_symbol(Grammar *g, Slice name, int variable, Error *err)
{
    int symbol = find_symbol(g, name);
    if (symbol < 0)
        return error_set(err, "the grammar has no rule for [%.*s]: add one or correct the name",
                         name.length, name.at);
    add_item(g, ITEM_SYMBOL, variable)->symbol = symbol;
    if (variable < 0) return true;
    int *remembered = &g->remembers[variable];
    if (*remembered >= 0 && *remembered != symbol)
        return error_set(err, "[%c=...] stands for both [%s] and [%s]: take two letters",
                         'A' + variable, g->symbols[*remembered].name, g->symbols[symbol].name);
    *remembered = symbol;
    add_item(g, ITEM_REMEMBER, variable);
    return true;
}

static bool parse_pick(Grammar *g, int variable, Slice options, Error *err)
{
    Item *item = add_item(g, ITEM_PICK, variable);
    Slice rest = options;
    for (bool more = true; more;) {
        if (item->options == GRAMMAR_KINDS)
            return error_set(err, "[%c:%.*s] offers more than %d texts: take some away",
                             'A' + variable, options.length, options.at, GRAMMAR_KINDS);
        more = cut(rest, '|', &item->text[item->options++], &rest);
    }
    return true;
}

/* What stands between [ and ]. */
static bool parse_bracket(Grammar *g, Slice inside, Error *err)
{
    Slice head, tail;
    if (is_variable(inside)) {
        add_item(g, ITEM_RECALL, inside.at[0] - 'A');
        return true;
    }
    if (cut(inside, '=', &head, &tail) && is_variable(head))
        return parse_symbol(g, tail, head.at[0] - 'A', err);
    if (cut(inside, ':', &head, &tail) && is_variable(head))
        return parse_pick(g, head.at[0] - 'A', tail, err);
    return parse_symbol(g, inside, -1, err);
}

static bool parse_body(Grammar *g, Slice source, Error *err)
{
    Slice rest = source, part;
    while (rest.length) {
        bool bracket = cut(rest, '[', &part, &rest);
        if (part.length) {
            Item *item = add_item(g, ITEM_TEXT, -1);
            item->text[item->options++] = part;
        }
        if (!bracket) break;
        if (!cut(rest, ']', &part, &rest))
            return error_set(err, "a bracket is not closed in \"%.*s\": add ]", source.length,
                             source.at);
        if (!parse_bracket(g, part, err)) return false;
    }
    add_item(g, ITEM_END, -1);
    return true;
}

/* --- building --------------------------------------------------------------------------------- */

static void add_symbols(Grammar *g, const Rule *rules)
{
    for (const Rule *r = rules; r->symbol; r++) {
        if (find_symbol(g, (Slice){r->symbol, (int)strlen(r->symbol)}) >= 0) continue;
        g->symbols = grow(g->symbols, g->symbol_count, sizeof *g->symbols);
        g->symbols[g->symbol_count++] = (Symbol){.name = r->symbol};
    }
}

static bool add_rule(Grammar *g, Symbol *symbol, const Rule *rule, int kind, Error *err)
{
    if (rule->weight <= 0)
        return error_set(err, "a rule of [%s] has weight %d: weights must be positive",
                         rule->symbol, rule->weight);
    Slice rest = {rule->bodies, (int)strlen(rule->bodies)};
    for (bool more = true; more;) {
        Body body = {.first = g->item_count, .weight = rule->weight, .kind = kind};
        more = cut(rest, '/', &body.source, &rest);
        g->bodies = grow(g->bodies, g->body_count, sizeof *g->bodies);
        g->bodies[g->body_count++] = body;
        symbol->count++;
        symbol->total += body.weight;
        if (!parse_body(g, body.source, err)) return false;
    }
    return true;
}

/* The bodies of one symbol, from all of its rules, stand one after another. */
static bool add_bodies(Grammar *g, Symbol *symbol, const Rule *rules, Error *err)
{
    int kind = 0;
    symbol->first = g->body_count;
    for (const Rule *r = rules; r->symbol; r++) {
        if (strcmp(r->symbol, symbol->name) != 0) continue;
        if (!add_rule(g, symbol, r, kind, err)) return false;
        if (kind < GRAMMAR_KINDS) kind++;
    }
    return true;
}

/* --- measuring -------------------------------------------------------------------------------- */

static bool measure(Grammar *g, int s, int depth, Error *err);

static int longest_option(const Item *item)
{
    int longest = 0;
    for (int k = 0; k < item->options; k++)
        if (item->text[k].length > longest) longest = item->text[k].length;
    return longest;
}

/* Adds an item's share of its body's entropy, mean length and longest length. A recall has the
 * length of what it recalls, and the mean of a sum is the sum of the means, dependent or not. */
static bool measure_item(Grammar *g, const Item *item, Symbol *body, int depth, Error *err)
{
    if (item->type == ITEM_TEXT) {
        body->mean_length += item->text[0].length;
        body->longest += item->text[0].length;
    } else if (item->type == ITEM_SYMBOL || item->type == ITEM_RECALL) {
        bool fresh = item->type == ITEM_SYMBOL;
        int s = fresh ? item->symbol : g->remembers[item->variable];
        if (!measure(g, s, depth + 1, err)) return false;
        body->entropy += fresh ? g->symbols[s].entropy : 0;
        body->mean_length += g->symbols[s].mean_length;
        body->longest += g->symbols[s].longest;
    } else if (item->type == ITEM_PICK) {
        int s = g->remembers[item->variable];
        if (!measure(g, s, depth + 1, err)) return false;
        for (int k = 0; k < item->options; k++)
            body->mean_length += g->symbols[s].kind_share[k] * item->text[k].length;
        body->longest += longest_option(item);
    }
    return true;
}

/* H(symbol) = sum over bodies of p_b (-log p_b + sum of H over the symbols in b) */
static bool measure(Grammar *g, int s, int depth, Error *err)
{
    Symbol *symbol = &g->symbols[s];
    if (symbol->measured) return true;
    if (depth > g->symbol_count)
        return error_set(err, "[%s] can contain itself: tales must end", symbol->name);
    for (int b = symbol->first; b < symbol->first + symbol->count; b++) {
        Symbol body = {0};
        for (const Item *item = &g->items[g->bodies[b].first]; item->type != ITEM_END; item++)
            if (!measure_item(g, item, &body, depth, err)) return false;
        double p = (double)g->bodies[b].weight / symbol->total;
        symbol->entropy += p * (-log(p) + body.entropy);
        symbol->mean_length += p * body.mean_length;
        symbol->kind_share[g->bodies[b].kind] += p;
        if (body.longest > symbol->longest) symbol->longest = body.longest;
    }
    symbol->measured = true;
    return true;
}

/* --- checking --------------------------------------------------------------------------------- */

/* Sets of variables, a bit each: filled for sure, and filled perhaps. */
typedef struct {
    uint32_t sure, maybe;
} Filled;

static bool check_memory(const Grammar *g, int s, Filled *filled, Error *err);

/* [X:...] must have a text for every rule that X can come from. */
static bool check_pick(const Grammar *g, const Item *item, Error *err)
{
    const Symbol *who = &g->symbols[g->remembers[item->variable]];
    for (int k = item->options; k <= GRAMMAR_KINDS; k++)
        if (who->kind_share[k] > 0)
            return error_set(err, "[%c:%.*s|...] has fewer texts than [%s] has rules: add one",
                             'A' + item->variable, item->text[0].length, item->text[0].at,
                             who->name);
    return true;
}

static bool check_item(const Grammar *g, const Item *item, Filled *filled, Error *err)
{
    uint32_t bit = item->variable < 0 ? 0 : 1u << item->variable;
    switch (item->type) {
    case ITEM_SYMBOL:
        return check_memory(g, item->symbol, filled, err);
    case ITEM_REMEMBER:
        if (filled->maybe & bit)
            return error_set(err, "[%c=...] can be drawn twice in a tale: take two letters",
                             'A' + item->variable);
        *filled = (Filled){filled->sure | bit, filled->maybe | bit};
        return true;
    case ITEM_RECALL:
    case ITEM_PICK:
        if (!(filled->sure & bit))
            return error_set(err,
                             "[%c] is used where nothing is remembered: put [%c=...] before it",
                             'A' + item->variable, 'A' + item->variable);
        return item->type == ITEM_RECALL || check_pick(g, item, err);
    default:
        return true;
    }
}

/* Follows a symbol wherever it stands; *filled goes from before it to after it. */
static bool check_memory(const Grammar *g, int s, Filled *filled, Error *err)
{
    Filled after = {UINT32_MAX, filled->maybe};
    for (int b = 0; b < g->symbols[s].count; b++) {
        Filled now = *filled;
        const Item *item = &g->items[g->bodies[g->symbols[s].first + b].first];
        for (; item->type != ITEM_END; item++)
            if (!check_item(g, item, &now, err)) return false;
        after.sure &= now.sure;
        after.maybe |= now.maybe;
    }
    *filled = after;
    return true;
}

/* A letter that is used but nowhere given would have no symbol to measure. */
static bool check_letters(const Grammar *g, Error *err)
{
    for (int i = 0; i < g->item_count; i++) {
        const Item *item = &g->items[i];
        if (item->variable >= 0 && g->remembers[item->variable] < 0)
            return error_set(err,
                             "[%c] is used where nothing is remembered: put [%c=...] before it",
                             'A' + item->variable, 'A' + item->variable);
    }
    return true;
}

bool grammar_make(Grammar *g, const Rule *rules, Error *err)
{
    *g = (Grammar){0};
    for (int v = 0; v < GRAMMAR_VARIABLES; v++) g->remembers[v] = -1;
    add_symbols(g, rules);
    if (!g->symbol_count) return error_set(err, "the grammar has no rules: add one");
    for (int s = 0; s < g->symbol_count; s++)
        if (!add_bodies(g, &g->symbols[s], rules, err)) return false;
    if (!check_letters(g, err) || !measure(g, 0, 0, err)) return false;
    for (int s = 0; s < g->symbol_count; s++)
        if (!g->symbols[s].measured)
            return error_set(err, "[%s] is used by no tale: use it or take it away",
                             g->symbols[s].name);
    Filled filled = {0};
    if (!check_memory(g, 0, &filled, err)) return false;
    if (g->symbols[0].longest > TALE_MAX)
        return error_set(err, "a tale can have %d characters: at most %d fit",
                         g->symbols[0].longest, TALE_MAX);
    return true;
}

void grammar_free(Grammar *g)
{
    free(g->symbols);
    free(g->bodies);
    free(g->items);
    *g = (Grammar){0};
}
