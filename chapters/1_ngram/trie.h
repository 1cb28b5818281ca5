/* trie.h: every n-gram that a text contains, stored once.
 *
 * An n-gram w_1 .. w_n is a node that knows two shorter ones, which are nodes as well:
 *
 *     context   w_1 .. w_{n-1}   what its last symbol is predicted from
 *     suffix    w_2 .. w_n       the same n-gram with less history, to back off to
 *
 * A node is its number. Number 0 is the empty n-gram, the root; it is nobody's child, so 0 also
 * says "not there". Context and suffix are always added before the node itself: a loop over
 * the numbers meets every n-gram after the two it leans on.
 *
 * Children are found through one hash table from (context, symbol) to node, so the memory is linear
 * in the number of distinct n-grams, whatever the vocabulary and the order. Book: chapter 1. */
#ifndef TRIE_H
#define TRIE_H

#include <stddef.h>
#include <stdint.h>

enum { TRIE_ROOT = 0, TRIE_MAX_ORDER = 255, TRIE_MAX_SYMBOL = (1 << 24) - 1 };

typedef struct {
    uint32_t context, suffix;
    unsigned symbol : 24; /* w_n */
    unsigned order : 8;   /* n */
    uint32_t count;
    double logprob; /* log P(w_n | w_1 .. w_{n-1}), nats */
    double backoff; /* as a context: log of the probability that it leaves to its suffix */
} Node;

typedef struct {
    uint32_t node; /* 0: the slot is free */
    uint32_t tag;  /* low bits of the hash: tells other n-grams apart without a look at the node */
} TrieSlot;

typedef struct {
    Node *nodes;
    uint32_t count, capacity; /* nodes, the root included */
    TrieSlot *slots;
    size_t mask; /* slots - 1, a power of two minus one */
    int shift;   /* the high bits of a hash are its slot */
} Trie;

void trie_make(Trie *t);
void trie_free(Trie *t);

/* The node of (context, symbol), added with all its suffixes if it is new. */
uint32_t trie_add(Trie *t, uint32_t context, int symbol);

static inline uint64_t trie_hash(uint32_t context, uint32_t symbol)
{
    /* two odd constants: 2^64 / golden ratio (Knuth 1973, 6.4), and one that mixes low bits up */
    return ((uint64_t)context * 0x9E3779B97F4A7C15u + symbol) * 0xD6E8FEB86659FD93u;
}

/* The node of (context, symbol), or 0. */
static inline uint32_t trie_find(const Trie *t, uint32_t context, int symbol)
{
    uint64_t hash = trie_hash(context, (uint32_t)symbol);
    for (size_t i = hash >> t->shift;; i = (i + 1) & t->mask) {
        TrieSlot slot = t->slots[i];
        if (slot.node == 0) return 0;
        const Node *n = &t->nodes[slot.node];
        if (slot.tag == (uint32_t)hash && n->context == context && n->symbol == (uint32_t)symbol)
            return slot.node;
    }
}

#endif
