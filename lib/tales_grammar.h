/* tales_grammar.h: a grammar with weights, memory and agreement (private to lib/ and its tests).
 *
 * A rule gives a symbol some bodies, divided by '/', each with the rule's weight. A body is text
 * and
 *
 *     [animal]      one of animal's bodies, drawn by weight
 *     [A=animal]    the same, and A remembers the text that came out
 *     [A]           that text once more
 *     [N:she|he]    she if N came from the first rule of its symbol, he if from the second
 *
 * so `[N=hero] lost [N:her|his] hat. "My hat!" cried [N].` gives `Ivy lost her hat. "My hat!" cried
 * Ivy.` The only chance is in the choice of bodies: what returns or agrees costs no information.
 *
 * One derivation. Call a symbol settled if no text of one of its bodies begins, or is, a text of
 * another. If every symbol is settled, no text has two derivations. For let two differ, and look at
 * their first choice that does: all before it is the same, so both choose for one symbol at the
 * same place of the text, with the same things remembered. They take two bodies, whose texts both
 * start at that place, so one begins the other, and the symbol was not settled. (A prefix code,
 * then, at every choice.) grammar_is_settled checks all pairs of bodies of all symbols. */
#ifndef TALES_GRAMMAR_H
#define TALES_GRAMMAR_H

#include "error.h"
#include "rng.h"
#include "tales.h"

typedef struct {
    const char *symbol; /* NULL closes a table; the first rule's symbol is the start */
    int weight;         /* of each body, positive */
    const char *bodies; /* divided by '/' */
} Rule;

enum { GRAMMAR_KINDS = 3, GRAMMAR_VARIABLES = 26 };

typedef struct {
    const char *at; /* into the rule's string */
    int length;
} Slice;

typedef enum { ITEM_END, ITEM_TEXT, ITEM_SYMBOL, ITEM_REMEMBER, ITEM_RECALL, ITEM_PICK } ItemType;

/* A body is a run of items closed by ITEM_END. [X=symbol] is ITEM_SYMBOL with X, then
 * ITEM_REMEMBER, which notes where X's text ends. */
typedef struct {
    ItemType type;
    int symbol;                /* of ITEM_SYMBOL: which */
    int variable;              /* 0..25 for A..Z, or -1 */
    int options;               /* how many texts: 1 of ITEM_TEXT, 2 or 3 of ITEM_PICK */
    Slice text[GRAMMAR_KINDS]; /* of ITEM_TEXT the first only */
} Item;

typedef struct {
    int first; /* its first item */
    int weight;
    int kind;     /* which rule of its symbol it stands in; GRAMMAR_KINDS: a further one */
    Slice source; /* as written in the rule, for messages */
} Body;

typedef struct {
    const char *name;
    int first, count;                     /* its bodies */
    int total;                            /* sum of their weights */
    double entropy;                       /* nats */
    double mean_length;                   /* characters */
    int longest;                          /* no text is longer */
    double kind_share[GRAMMAR_KINDS + 1]; /* probability of each kind */
    bool measured;
} Symbol;

typedef struct {
    Symbol *symbols; /* the first is the start */
    Body *bodies;
    Item *items;
    int symbol_count, body_count, item_count;
    int remembers[GRAMMAR_VARIABLES]; /* the symbol that X remembers, everywhere; -1: unused */
} Grammar;

/* Builds a grammar; the rules' strings must outlive it. Refuses what is malformed: unknown
 * symbols, weights that are not positive, recursion, a memory that is not (or is twice) filled when
 * it is used, a tale that could be longer than TALE_MAX. grammar_free it either way. */
bool grammar_make(Grammar *g, const Rule *rules, Error *err);
void grammar_free(Grammar *g);

/* True if every symbol is settled, which proves that no text has two derivations. Otherwise err
 * names two bodies and what both begin with. It looks at somewhat more texts than there are ([A]
 * stands for any animal, [N:she|he] for either), so it may refuse a sound grammar, but never
 * passes an ambiguous one. */
bool grammar_is_settled(const Grammar *g, Error *err);

/* What tales.h says of tales_draw, tales_read. */
double grammar_draw(const Grammar *g, char text[TALE_MAX + 1], Rng *rng);
double grammar_read(const Grammar *g, const char *text, double *logprob, int *distance);

/* The rules of the tales. */
extern const Rule TALES_RULES[];
const Grammar *tales_grammar(void);

#endif
