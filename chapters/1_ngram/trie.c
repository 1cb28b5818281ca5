/* trie.c: the growing table behind trie.h.
 *
 * Open addressing with linear probing; the table doubles before it is half full. */
#include "trie.h"

#include "error.h"

#include <stdio.h>
#include <stdlib.h>

static void put(Trie *t, uint32_t node)
{
    uint64_t hash = trie_hash(t->nodes[node].context, t->nodes[node].symbol);
    size_t i = hash >> t->shift;
    while (t->slots[i].node != 0) i = (i + 1) & t->mask;
    t->slots[i] = (TrieSlot){.node = node, .tag = (uint32_t)hash};
}

static void check_memory(int bits)
{
    static const char remedy[] = "use a lower order or less text";
    double need = (double)((size_t)1 << bits) * (sizeof(TrieSlot) + sizeof(Node) / 2.0);
    Error err;
    bool countable = bits <= 32 || error_set(&err, "there are more than 2^31 n-grams: %s", remedy);
    if (countable && memory_fits(need, "a table of the n-grams", remedy, &err)) return;
    fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static void grow(Trie *t, int bits)
{
    check_memory(bits);
    free(t->slots);
    t->slots = NEW(TrieSlot, (size_t)1 << bits);
    t->mask = ((size_t)1 << bits) - 1;
    t->shift = 64 - bits;
    t->capacity = (uint32_t)((size_t)1 << (bits - 1));
    t->nodes = must_realloc(t->nodes, t->capacity, sizeof(Node));
    for (uint32_t node = 1; node < t->count; node++) put(t, node);
}

void trie_make(Trie *t)
{
    *t = (Trie){.count = 1};
    grow(t, 10);
    t->nodes[TRIE_ROOT] = (Node){.order = 0};
}

void trie_free(Trie *t)
{
    free(t->nodes);
    free(t->slots);
    *t = (Trie){0};
}

static uint32_t append(Trie *t, Node node)
{
    if (t->count == t->capacity) grow(t, 64 - t->shift + 1);
    t->nodes[t->count] = node;
    put(t, t->count);
    return t->count++;
}

uint32_t trie_add(Trie *t, uint32_t context, int symbol)
{
    uint32_t node = trie_find(t, context, symbol);
    if (node != 0) return node;

    /* w_1 .. w_n contains w_2 .. w_n: that one comes first */
    uint32_t suffix = TRIE_ROOT;
    if (context != TRIE_ROOT) suffix = trie_add(t, t->nodes[context].suffix, symbol);
    return append(t, (Node){.context = context,
                            .suffix = suffix,
                            .symbol = (unsigned)symbol & TRIE_MAX_SYMBOL,
                            .order = (t->nodes[context].order + 1u) & TRIE_MAX_ORDER});
}
