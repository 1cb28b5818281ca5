/* smoothing.c: no smoothing, add-k, and the step that all smoothings share. Book: chapter 1. */
#include "smoothing.h"

#include "error.h"

#include <math.h>
#include <stdlib.h>

double smoothing_outcomes(const Ngram *m)
{
    return (double)ngram_distinct(m, 1) - 1; /* <s> is never an outcome */
}

double *smoothing_totals(const Trie *t)
{
    double *total = NEW(double, t->count);
    for (uint32_t i = 1; i < t->count; i++) total[t->nodes[i].context] += t->nodes[i].count;
    return total;
}

/* P(x | h) = own(h x) + backoff(h) P(x | h'): a node's context and suffix stand before it, so one
 * pass is enough. */
void interpolate(Ngram *m)
{
    Node *nodes = m->trie.nodes;
    nodes[TRIE_ROOT].logprob = 1 / smoothing_outcomes(m);
    for (uint32_t i = 1; i < m->trie.count; i++)
        nodes[i].logprob += nodes[nodes[i].context].backoff * nodes[nodes[i].suffix].logprob;

    for (uint32_t i = 0; i < m->trie.count; i++) {
        nodes[i].logprob = log(nodes[i].logprob);
        nodes[i].backoff = log(nodes[i].backoff);
    }
    nodes[trie_find(&m->trie, TRIE_ROOT, m->start)].logprob = -INFINITY;
}

void smooth_none(Ngram *m)
{
    double *total = smoothing_totals(&m->trie);
    for (uint32_t i = 0; i < m->trie.count; i++) {
        Node *n = &m->trie.nodes[i];
        n->logprob = total[n->context] > 0 ? n->count / total[n->context] : 0;
        n->backoff = 0;
    }
    free(total);
    interpolate(m);
}

void smooth_add_k(Ngram *m, double k)
{
    double kw = k * smoothing_outcomes(m);
    double *total = smoothing_totals(&m->trie);
    for (uint32_t i = 0; i < m->trie.count; i++) {
        Node *n = &m->trie.nodes[i];
        n->logprob = n->count / (total[n->context] + kw);
        n->backoff = kw / (total[i] + kw);
    }
    free(total);
    interpolate(m);
}
