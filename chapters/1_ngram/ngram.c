/* ngram.c: counting, the chain rule, sampling.
 *
 * Counting walks over a document with one hash lookup per symbol: the node that was reached tells
 * where to go on. Prediction walks the same way over the finished trie, and falls back to shorter
 * contexts where the text says something new. Book: chapter 1. */
#include "ngram.h"

#include "error.h"
#include "kneser_ney.h"
#include "smoothing.h"

#include <math.h>
#include <stdlib.h>

/* --- counting -------------------------------------------------------------------------------- */

/* The longest context that an n-gram leaves for the next symbol: itself, if it is short enough. */
static NgramState context_after(const Ngram *m, uint32_t ngram)
{
    const Node *node = &m->trie.nodes[ngram];
    return (int)node->order < m->order ? ngram : node->suffix;
}

/* Counts the n-grams of the full order, and the shorter ones that begin with <s>. What is between,
 * the trie adds with count 0: it is the suffix of something. */
static void count_document(Ngram *m, const int *ids, size_t count)
{
    NgramState context = ngram_start(m);
    for (size_t i = 0; i <= count; i++) {
        int symbol = i < count ? ids[i] : m->end;
        uint32_t ngram = trie_add(&m->trie, context, symbol);
        m->trie.nodes[ngram].count++;
        context = context_after(m, ngram);
    }
}

Ngram *ngram_new(const Vocabulary *v, int order)
{
    REQUIRE(1 <= order && order <= TRIE_MAX_ORDER, "order %d", order);
    REQUIRE(v->size <= TRIE_MAX_SYMBOL - 2, "%d symbols", v->size);
    Ngram *m = NEW(Ngram, 1);
    m->order = order;
    m->end = v->end >= 0 ? v->end : v->size;
    m->symbols = v->end >= 0 ? v->size : v->size + 1;
    m->start = v->size + 1;
    trie_make(&m->trie);
    trie_add(&m->trie, TRIE_ROOT, m->start);
    m->unknown = trie_add(&m->trie, TRIE_ROOT, v->size + 2);
    trie_add(&m->trie, TRIE_ROOT, m->end);
    return m;
}

Ngram *ngram_train(const Corpus *corpus, const Vocabulary *v, const NgramOptions *options)
{
    Ngram *m = ngram_new(v, options->order);
    REQUIRE(corpus->start[corpus->documents] < UINT32_MAX, "a text of 2^32 symbols or more");
    for (int d = 0; d < corpus->documents; d++)
        count_document(m, corpus->ids + corpus->start[d], corpus->start[d + 1] - corpus->start[d]);

    switch (options->smoothing) {
    case SMOOTHING_NONE:
        smooth_none(m);
        break;
    case SMOOTHING_ADD_K:
        smooth_add_k(m, options->k);
        break;
    case SMOOTHING_KNESER_NEY:
        smooth_kneser_ney(m);
        break;
    }
    return m;
}

void ngram_free(Ngram *m)
{
    if (m == NULL) return;
    trie_free(&m->trie);
    free(m->discount);
    free(m);
}

size_t ngram_distinct(const Ngram *m, int order)
{
    size_t distinct = 0;
    for (uint32_t i = 1; i < m->trie.count; i++) distinct += (int)m->trie.nodes[i].order == order;
    return distinct;
}

bool ngram_knows(const Ngram *m, int symbol)
{
    return trie_find(&m->trie, TRIE_ROOT, symbol) != 0;
}

/* --- the chain rule -------------------------------------------------------------------------- */

/* log P(x | h): while h x was never seen, pay for leaving h and try with a shorter history. What
 * was never seen at all is asked for as <unk>. */
double ngram_step(const Ngram *m, NgramState *state, int symbol)
{
    const Node *nodes = m->trie.nodes;
    double logprob = 0;
    uint32_t context = *state, ngram;
    while ((ngram = trie_find(&m->trie, context, symbol)) == 0) {
        if (context == TRIE_ROOT) return ngram_step(m, state, m->start + 1);
        logprob += nodes[context].backoff;
        context = nodes[context].suffix;
    }
    *state = context_after(m, ngram);
    return logprob + nodes[ngram].logprob;
}

NgramState ngram_start(const Ngram *m)
{
    return context_after(m, trie_find(&m->trie, TRIE_ROOT, m->start));
}

NgramState ngram_state(const Ngram *m, const int *history, int length)
{
    int memory = m->order - 1;
    NgramState state = length < memory ? ngram_start(m) : TRIE_ROOT;
    for (int i = length < memory ? 0 : length - memory; i < length; i++)
        ngram_step(m, &state, history[i]);
    return state;
}

double ngram_logprob(const Ngram *m, const int *history, int length, int symbol)
{
    NgramState state = ngram_state(m, history, length);
    return ngram_step(m, &state, symbol);
}

/* log P(x_1 .. x_T, end) = sum_t log P(x_t | x_{t-n+1} .. x_{t-1}) */
double ngram_score(const Ngram *m, const int *ids, size_t count, double *logprob)
{
    NgramState state = ngram_start(m);
    double sum = 0;
    for (size_t i = 0; i <= count; i++) {
        double step = ngram_step(m, &state, i < count ? ids[i] : m->end);
        if (logprob != NULL) logprob[i] = step;
        sum += step;
    }
    return sum;
}

int ngram_memory(const Ngram *m, NgramState state, int memory[TRIE_MAX_ORDER])
{
    const Node *node = &m->trie.nodes[state];
    int length = (int)node->order;
    for (int i = length - 1; i >= 0; i--) {
        memory[i] = (int)node->symbol;
        node = &m->trie.nodes[node->context];
    }
    return length;
}

/* --- perplexity ------------------------------------------------------------------------------ */

NgramScore ngram_evaluate(const Ngram *m, const Corpus *corpus)
{
    NgramScore s = {0};
    for (int d = 0; d < corpus->documents; d++) {
        NgramState state = ngram_start(m);
        for (size_t i = corpus->start[d]; i <= corpus->start[d + 1]; i++) {
            int symbol = i < corpus->start[d + 1] ? corpus->ids[i] : m->end;
            double logprob = ngram_step(m, &state, symbol);
            bool known = ngram_knows(m, symbol);
            s.scored++;
            s.unknown += !known;
            s.impossible += logprob == -INFINITY;
            s.logprob += logprob;
            s.logprob_known += known ? logprob : 0;
        }
    }
    return s;
}

double score_nats(const NgramScore *s)
{
    return -s->logprob / (double)s->scored;
}

double score_bits(const NgramScore *s)
{
    return score_nats(s) / log(2);
}

double score_perplexity(const NgramScore *s)
{
    return exp(score_nats(s));
}

double score_perplexity_known(const NgramScore *s)
{
    return exp(-s->logprob_known / (double)(s->scored - s->unknown));
}

/* --- sampling -------------------------------------------------------------------------------- */

int ngram_sample(const Ngram *m, NgramState state, double temperature, Rng *rng, real *weights)
{
    for (int x = 0; x < m->symbols; x++) {
        NgramState next = state;
        weights[x] = (real)(ngram_knows(m, x) ? ngram_step(m, &next, x) : -INFINITY);
    }
    int best = m->end;
    for (int x = 0; x < m->symbols; x++)
        if (weights[x] > weights[best]) best = x;
    if (temperature == 0 || weights[best] == -INFINITY) return best;

    /* P^(1/T) = exp(log P / T); the largest weight is 1 */
    real highest = weights[best];
    for (int x = 0; x < m->symbols; x++)
        weights[x] = (real)exp((weights[x] - highest) / temperature);
    return rng_choice(rng, weights, m->symbols);
}

int ngram_generate(const Ngram *m, int *ids, int count, int limit, double temperature, Rng *rng,
                   bool *ended)
{
    real *weights = NEW(real, m->symbols);
    NgramState state = ngram_state(m, ids, count);
    *ended = false;
    while (count < limit && !*ended) {
        int symbol = ngram_sample(m, state, temperature, rng, weights);
        *ended = symbol == m->end;
        if (!*ended) ids[count++] = symbol;
        ngram_step(m, &state, symbol);
    }
    free(weights);
    return count;
}
