/* kneser_ney.c: the formulas of kneser_ney.h, a function for each. Book: chapter 1. */
#include "kneser_ney.h"

#include "error.h"
#include "smoothing.h"

#include <stdlib.h>

/* c(w_1 .. w_n) = |{ v : v w_1 .. w_n occurs }|. An n-gram that is the suffix of another has had
 * count 0 so far: the highest order is nobody's suffix, and neither is what begins with <s>. */
static void count_left_extensions(Trie *t)
{
    for (uint32_t i = 1; i < t->count; i++)
        if (t->nodes[i].order > 1) t->nodes[t->nodes[i].suffix].count++;
}

bool kneser_ney_discounts(double d[4], const double t[5])
{
    static const double fall_back[4] = {0, 0.5, 1, 1.5};
    bool defined = true;

    /* Y = t_1 / (t_1 + 2 t_2),   D_j = j - (j + 1) Y t_{j+1} / t_j */
    double y = t[1] / (t[1] + 2 * t[2]);
    d[0] = 0;
    for (int j = 1; j <= 3; j++) {
        d[j] = j - (j + 1) * y * t[j + 1] / t[j];
        if (!(0 <= d[j] && d[j] <= j)) defined = false; /* 0 / 0 comes here too */
    }
    for (int j = 1; j <= 3 && !defined; j++) d[j] = fall_back[j];
    return defined;
}

/* One set of discounts for each order, from the counts of its counts. */
static void find_discounts(Ngram *m)
{
    double(*t)[5] = must_calloc((size_t)m->order + 1, sizeof *t);
    for (uint32_t i = 1; i < m->trie.count; i++) {
        const Node *n = &m->trie.nodes[i];
        if (n->count <= 4) t[n->order][n->count]++;
    }
    m->discount = must_calloc((size_t)m->order + 1, sizeof *m->discount);
    for (int n = 1; n <= m->order; n++) kneser_ney_discounts(m->discount[n], t[n]);
    free(t);
}

static double discount(const Ngram *m, const Node *n)
{
    return m->discount[n->order][n->count < 3 ? n->count : 3];
}

void smooth_kneser_ney(Ngram *m)
{
    Node *nodes = m->trie.nodes;
    count_left_extensions(&m->trie);
    find_discounts(m);
    double *total = smoothing_totals(&m->trie);

    /* own(h x) = (c(h x) - D) / c(h), and what is taken adds up to gamma(h) = sum_x D / c(h) */
    for (uint32_t i = 0; i < m->trie.count; i++) nodes[i].backoff = total[i] > 0 ? 0 : 1;
    for (uint32_t i = 1; i < m->trie.count; i++) {
        Node *n = &nodes[i];
        double c = total[n->context], d = discount(m, n);
        n->logprob = c > 0 ? (n->count - d) / c : 0;
        nodes[n->context].backoff += c > 0 ? d / c : 0;
    }
    free(total);
    interpolate(m);
}
