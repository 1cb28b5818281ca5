/* grade_chapter1.c: tests of the exercises on counting, and of bugs in it. */
#include <math.h>
#include <string.h>

#include "error.h"
#include "grade.h"
#include "kneser_ney.h"
#include "ngram.h"
#include "smoothing.h"

static Vocabulary *vocabulary_of(int size, char *const *symbols)
{
    Vocabulary *v = NEW(Vocabulary, 1);
    vocabulary_make(v, symbols, size, 0);
    return v;
}

/* ---- a model written down, not counted ------------------------------------------------------- */

enum { END, A, B, C };
#define HAND                                                                                 \
    "a model of order 2 with P(a|<s>) = 1/2, P(b|a) = 1/4, P(end|a) = 1/2, P(end|b) = 1/2, " \
    "and what <s>, a and b leave to the single symbols: 1/2, 1/4, 1/2; P(end) = P(a) = "     \
    "P(b) = P(<unk>) = 1/4"

static Ngram *by_hand(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c"};
    Ngram *m = ngram_new(vocabulary_of(4, symbols), 2);
    Trie *t = &m->trie;
    uint32_t start = trie_find(t, TRIE_ROOT, m->start), a = trie_add(t, TRIE_ROOT, A);
    uint32_t b = trie_add(t, TRIE_ROOT, B), end = trie_find(t, TRIE_ROOT, END);
    uint32_t sa = trie_add(t, start, A), ab = trie_add(t, a, B), a_end = trie_add(t, a, END);
    uint32_t b_end = trie_add(t, b, END);
    Node *n = t->nodes;
    n[end].logprob = n[a].logprob = n[b].logprob = n[m->unknown].logprob = log(0.25);
    n[start].logprob = -INFINITY;
    n[sa].logprob = n[a_end].logprob = n[b_end].logprob = log(0.5);
    n[ab].logprob = log(0.25);
    n[start].backoff = n[b].backoff = log(0.5);
    n[a].backoff = log(0.25);
    return m;
}

static NgramState state_of(const Ngram *m, int symbol)
{
    return trie_find(&m->trie, TRIE_ROOT, symbol);
}

/* ---- 1.1 the chain rule ---------------------------------------------------------------------- */

static void a_text_has_the_product_of_its_conditional_probabilities(void)
{
    Ngram *m = by_hand();
    expect("log P(\"ab\")", HAND, ngram_score(m, (int[]){A, B}, 2, NULL), log(1.0 / 16),
           (Known[]){{{log(1.0 / 8)},
                      "the end symbol isn't scored. It is predicted like any other: "
                      "without it the probabilities of all texts don't sum to 1"},
                     {{1.0 / 16}, "this is the probability: return its logarithm"},
                     {{0.5 + 0.25 + 0.5}, "probabilities are summed: sum logarithms"},
                     {{log(1.0 / 32)}, "a text begins after <s>: its first state is ngram_start()"},
                     {{log(1.0 / 128)}, "every symbol is scored from <s>: the state must move on"},
                     {.likely = NULL}},
           "log P(a|<s>) + log P(b|a) + log P(end|b)");
    expect("log P of the empty text", HAND, ngram_score(m, NULL, 0, NULL), log(1.0 / 8),
           (Known[]){{{0}, "an empty text still has an end, and that has a probability"},
                     {.likely = NULL}},
           "log P(end|<s>)");
}

static void every_symbol_is_told_its_share(void)
{
    Ngram *m = by_hand();
    double logprob[4] = {99, 99, 99, 99};
    ngram_score(m, (int[]){A, B}, 2, logprob);
    expect_numbers("logprob, one for each symbol and one for the end", HAND, logprob,
                   (double[]){log(0.5), log(0.25), log(0.5), 99}, 4,
                   (Known[]){{{99, 99, 99, 99}, "logprob isn't filled"},
                             {{log(0.5), log(0.25), 99, 99}, "the end's is missing"},
                             {.likely = NULL}},
                   "logprob[i] is the log-probability of symbol i, the end's comes last");
}

/* ---- 1.2 counting ---------------------------------------------------------------------------- */

/* The ten words of the book. */
enum { T_END, THE, CAT, DOG, SAT, RAN, DOWN };
static char *words[] = {(char *)"\n",  (char *)"the", (char *)"cat", (char *)"dog",
                        (char *)"sat", (char *)"ran", (char *)"down"};
#define TEN "the ten words of the book: the cat sat / the cat ran / the dog sat down"

static Ngram *count_ten(int order)
{
    static int ids[] = {THE, CAT, SAT, THE, CAT, RAN, THE, DOG, SAT, DOWN};
    static size_t start[] = {0, 3, 6, 10};
    Corpus corpus = {3, start, ids};
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_NONE};
    return ngram_train(&corpus, vocabulary_of(7, words), &options);
}

/* The count of an n-gram; -1 if there is none. from: a symbol, or -1 for <s>. */
static double count_of(const Ngram *m, int from, int symbol)
{
    uint32_t context = trie_find(&m->trie, TRIE_ROOT, from < 0 ? m->start : from);
    uint32_t node = context ? trie_find(&m->trie, context, symbol) : 0;
    return node ? (double)m->trie.nodes[node].count : -1;
}

static void pairs_are_counted(void)
{
    Ngram *m = count_ten(2);
    expect_numbers(
        "counts of: the cat, the dog, cat sat, dog sat, sat down (-1: not there)", TEN,
        (double[]){count_of(m, THE, CAT), count_of(m, THE, DOG), count_of(m, CAT, SAT),
                   count_of(m, DOG, SAT), count_of(m, SAT, DOWN)},
        (double[]){2, 1, 1, 1, 1}, 5,
        (Known[]){{{-1, -1, -1, -1, -1},
                   "no pairs are there: the context of a symbol is what came "
                   "before it, by context_after()"},
                  {.likely = NULL}},
        "each step: add the n-gram of context and symbol, count it, move the context on");
    expect("the count of: <s> the", TEN, count_of(m, -1, THE), 3,
           (Known[]){{{-1}, "a document begins after <s>: ngram_start()"}, {.likely = NULL}},
           "every document begins after <s>");
}

static void ends_are_counted(void)
{
    Ngram *m = count_ten(2);
    expect_numbers(
        "counts of: sat end, ran end, down end (-1: not there)", TEN,
        (double[]){count_of(m, SAT, T_END), count_of(m, RAN, T_END), count_of(m, DOWN, T_END)},
        (double[]){1, 1, 1}, 3,
        (Known[]){{{-1, -1, -1},
                   "the end of a document isn't counted, so the model never stops: the "
                   "loop goes up to i <= count, where the symbol is m->end"},
                  {.likely = NULL}},
        "each document is followed by an end symbol");
    expect("the number of pairs that cross from one line into the next", TEN,
           fmax(count_of(m, SAT, THE), count_of(m, T_END, THE)), -1, NO_KNOWN,
           "documents don't follow one another: each begins anew after <s>");
}

static void no_n_gram_is_longer_than_the_order(void)
{
    for (int order = 1; order <= 3; order++) {
        Ngram *m = count_ten(order);
        int longest = 0;
        for (uint32_t i = 0; i < m->trie.count; i++)
            if ((int)m->trie.nodes[i].order > longest) longest = (int)m->trie.nodes[i].order;
        expect(say("the longest n-gram of a model of order %d", order), TEN, longest, order,
               NO_KNOWN,
               "context_after() forgets the oldest symbol where a context is long enough");
    }
}

static void what_is_between_is_not_counted(void)
{
    Ngram *m = count_ten(3);
    const Node *n = m->trie.nodes;
    double got[] = {n[trie_find(&m->trie, TRIE_ROOT, THE)].count,
                    n[trie_find(&m->trie, TRIE_ROOT, SAT)].count, count_of(m, -1, THE),
                    count_of(m, THE, CAT), count_of(m, SAT, T_END)};
    expect_numbers("counts of: the, sat, <s> the, the cat, sat end, in a model of order 3", TEN,
                   got, (double[]){0, 0, 3, 0, 0}, 5,
                   (Known[]){{{3, 2, 3, 2, 1},
                              "the suffixes are counted too. The trie adds them, with count 0: "
                              "Kneser-Ney asks another question of them, exercise 1.6"},
                             {.likely = NULL}},
                   "counted are n-grams of the full order and those that begin with <s>, which are "
                   "shorter because nothing stands before them: one n-gram in each step");
}

/* ---- 1.3 perplexity -------------------------------------------------------------------------- */

static const NgramScore sixth = {.scored = 4, .logprob = -1.791759469228055};
#define SIXTH "\"the dog sat\" and its end: four symbols with probability 1/6 in all"

static void one_surprise_in_three_units(void)
{
    expect("score_nats", SIXTH, score_nats(&sixth), log(6) / 4,
           (Known[]){{{log(6)}, "per symbol: divide by the number of scored symbols"},
                     {{-log(6) / 4}, "the sign: a surprise is -log P"},
                     {.likely = NULL}},
           "-log P / number of symbols");
    expect("score_bits", SIXTH, score_bits(&sixth), log(6) / 4 / log(2),
           (Known[]){{{log(6) / 4 * log(2)}, "divide by ln 2: a bit is 0.69 nats"},
                     {{log(6) / 4}, "this is in nats"},
                     {.likely = NULL}},
           "nats / ln 2");
    expect("score_perplexity", SIXTH, score_perplexity(&sixth), pow(6, 0.25),
           (Known[]){{{pow(2, log(6) / 4)},
                      "2 to the power of nats mixes two units: e to the power "
                      "of nats, or 2 to the power of bits"},
                     {{6}, "this is of the whole text: of one symbol"},
                     {.likely = NULL}},
           "exp(nats)");
}

static void a_die_has_the_perplexity_of_its_faces(void)
{
    NgramScore die = {.scored = 100, .logprob = 100 * log(1.0 / 6)};
    expect("score_perplexity", "100 throws of a fair die", score_perplexity(&die), 6, NO_KNOWN,
           "as unsure as among 6 equally likely symbols");
    NgramScore never = {.scored = 3, .impossible = 1, .logprob = -INFINITY};
    expect("score_perplexity", "a text with an impossible symbol", score_perplexity(&never),
           INFINITY, NO_KNOWN, "a single zero makes it infinite");
}

/* ---- 1.4 add-k ------------------------------------------------------------------------------- */

/* Pairs of the ten words with their counts, as the book's table has them. */
static const int pairs[][3] = {{-1, THE, 3},    {THE, CAT, 2},   {THE, DOG, 1},   {CAT, SAT, 1},
                               {CAT, RAN, 1},   {DOG, SAT, 1},   {SAT, T_END, 1}, {SAT, DOWN, 1},
                               {RAN, T_END, 1}, {DOWN, T_END, 1}};

static Ngram *ten_words(void)
{
    Ngram *m = ngram_new(vocabulary_of(7, words), 2);
    for (int i = 0; i < 10; i++) {
        int from = pairs[i][0] < 0 ? m->start : pairs[i][0];
        uint32_t context = trie_add(&m->trie, TRIE_ROOT, from);
        uint32_t node = trie_add(&m->trie, context, pairs[i][1]);
        m->trie.nodes[node].count = (uint32_t)pairs[i][2];
    }
    return m;
}

/* P(symbol | from), by the header's equation: own, or what is left to the suffix. */
static double probability(const Ngram *m, int from, int symbol)
{
    const Node *n = m->trie.nodes;
    uint32_t context = trie_find(&m->trie, TRIE_ROOT, from < 0 ? m->start : from);
    uint32_t pair = trie_find(&m->trie, context, symbol);
    uint32_t single = trie_find(&m->trie, TRIE_ROOT, symbol);
    return pair ? exp(n[pair].logprob) : exp(n[context].backoff + n[single].logprob);
}

static double sum_after(const Ngram *m, int from)
{
    double sum = exp(m->trie.nodes[trie_find(&m->trie, TRIE_ROOT, from)].backoff +
                     m->trie.nodes[m->unknown].logprob);
    for (int x = T_END; x <= DOWN; x++) sum += probability(m, from, x);
    return sum;
}

static void add_one_on_ten_words(void)
{
    Ngram *m = ten_words();
    smooth_add_k(m, 1);
    double got[] = {probability(m, -1, THE), probability(m, THE, CAT), probability(m, THE, DOG),
                    probability(m, DOG, SAT), probability(m, DOG, RAN)};
    expect_numbers(
        "P(the|<s>), P(cat|the), P(dog|the), P(sat|dog), P(ran|dog)", TEN ", k = 1, W = 8", got,
        (double[]){4.0 / 11, 3.0 / 11, 2.0 / 11, 2.0 / 9, 1.0 / 9}, 5,
        (Known[]){
            {{3.0 / 11, 2.0 / 11, 1.0 / 11, 1.0 / 9, 0},
             "nothing comes from the uniform distribution: every context leaves k W / (c(h) + "
             "k W), also one that nothing was counted after, and the empty one"},
            {{4.125 / 12, 3.125 / 12, 2.125 / 12, 2.125 / 10, 1.125 / 10},
             "W counts <s>, which is never an outcome"},
            {{3.875 / 10, 2.875 / 10, 1.875 / 10, 1.875 / 8, 0.875 / 8},
             "W lacks an outcome: the end and <unk> are two of them"},
            {.likely = NULL}},
        "(c(h x) + k) / (c(h) + k W). own(h x) is c(h x) / (c(h) + k W), and what h leaves "
        "to the uniform distribution is k W / (c(h) + k W)");
}

static void add_k_sums_to_one(void)
{
    for (int i = 0; i < 2; i++) {
        double k = i ? 0.1 : 2.5;
        Ngram *m = ten_words();
        smooth_add_k(m, k);
        for (int from = THE; from <= DOWN; from++)
            expect(
                say("the sum of P(x|%s) over the 8 outcomes", words[from]),
                say("%s, k = %g", TEN, k), sum_after(m, from), 1, NO_KNOWN,
                "probability is lost or made: what the counts give up and what is handed out must "
                "be the same k W / (c(h) + k W)");
    }
}

/* ---- 1.5 discounts --------------------------------------------------------------------------- */

static void discounts_by_hand(void)
{
    double d[4] = {99, 99, 99, 99}, t[5] = {0, 10, 4, 2, 1}; /* Y = 5/9 */
    bool defined = kneser_ney_discounts(d, t);
    expect_numbers("D_0 .. D_3", "t_1 .. t_4 = 10, 4, 2, 1, so Y = 10/18", d,
                   (double[]){0, 5.0 / 9, 7.0 / 6, 17.0 / 9}, 4,
                   (Known[]){{{0, 1 - 5.0 / 9 * 0.4, 2 - 2 * 5.0 / 9 * 0.5, 3 - 3 * 5.0 / 9 * 0.5},
                              "the factor before Y is j + 1, not j"},
                             {{0, 1 - 2 * (10 / 14.0) * 0.4, 2 - 3 * (10 / 14.0) * 0.5,
                               3 - 4 * (10 / 14.0) * 0.5},
                              "Y is t_1 / (t_1 + 2 t_2)"},
                             {{99, 5.0 / 9, 7.0 / 6, 17.0 / 9},
                              "d[0] is 0: what was never seen gives "
                              "nothing up"},
                             {.likely = NULL}},
                   "D_j = j - (j + 1) Y t_{j+1} / t_j");
    expect_that(defined, "what is returned", "the same", "true", "false",
                "true where the formula gave the discounts");
}

static void a_text_too_small_for_the_formula_falls_back(void)
{
    static const double t[][5] = {{0, 10, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 1, 1, 9, 1}};
    for (int i = 0; i < 3; i++) {
        double d[4] = {99, 99, 99, 99};
        bool defined = kneser_ney_discounts(d, t[i]);
        const char *on = say("t_1 .. t_4 = %g, %g, %g, %g", t[i][1], t[i][2], t[i][3], t[i][4]);
        expect_numbers(
            "D_0 .. D_3", on, d, (double[]){0, 0.5, 1, 1.5}, 4, NO_KNOWN,
            "where a D_j is 0/0 or outside 0 .. j, all three become 0.5, 1 and 1.5. NaN is "
            "in no interval: write the comparison so that it fails");
        expect_that(!defined, "what is returned", on, "false", "true",
                    "false where the discounts are the fall-back");
    }
}

/* ---- 1.6 continuation counts ----------------------------------------------------------------- */

static double single(const Ngram *m, int symbol)
{
    return m->trie.nodes[trie_find(&m->trie, TRIE_ROOT, symbol)].count;
}

static void a_word_counts_once_for_each_word_before_it(void)
{
    Ngram *m = ten_words();
    smooth_kneser_ney(m);
    double got[7];
    for (int x = T_END; x <= DOWN; x++) got[x] = single(m, x);
    expect_numbers(
        "counts of: end, the, cat, dog, sat, ran, down", TEN, got, (double[]){3, 1, 1, 1, 2, 1, 1},
        7,
        (Known[]){{{3, 3, 2, 1, 2, 1, 1},
                   "this is how often a word occurs. Asked for is after how many different "
                   "words it occurs: each pair counts once"},
                  {{0, 0, 0, 0, 0, 0, 0}, "nothing is counted"},
                  {{0, 2, 2, 1, 2, 1, 1},
                   "the context was counted instead of the suffix: "
                   "how many different words come after it"},
                  {.likely = NULL}},
        "every n-gram is one more left extension of its suffix");
    expect_numbers("counts of: the cat, the dog", TEN,
                   (double[]){count_of(m, THE, CAT), count_of(m, THE, DOG)}, (double[]){2, 1}, 2,
                   NO_KNOWN, "the longest n-grams keep their plain counts");
}

static void the_root_is_not_counted(void)
{
    Ngram *m = ten_words();
    smooth_kneser_ney(m);
    expect("the count of the empty n-gram", TEN, m->trie.nodes[TRIE_ROOT].count, 0,
           (Known[]){{{9}, "single symbols are no left extensions of anything: order > 1"},
                     {.likely = NULL}},
           "only n-grams of two symbols and more extend something");
}

/* Three trigrams, their contexts and their suffixes. */
static void so_it_is_for_every_order(void)
{
    static const int trigrams[][3] = {{CAT, SAT, T_END}, {DOG, SAT, T_END}, {DOG, SAT, DOWN}};
    Ngram *m = ngram_new(vocabulary_of(7, words), 3);
    Trie *t = &m->trie;
    for (int i = 0; i < 3; i++) {
        uint32_t pair = trie_add(t, trie_add(t, TRIE_ROOT, trigrams[i][0]), trigrams[i][1]);
        uint32_t trigram = trie_add(t, pair, trigrams[i][2]);
        t->nodes[trigram].count = 5;
    }
    smooth_kneser_ney(m);
    expect_numbers("counts of: sat end, sat down, cat sat, sat, end, down",
                   "cat sat end, dog sat end and dog sat down, each 5 times, in a model of order 3",
                   (double[]){count_of(m, SAT, T_END), count_of(m, SAT, DOWN),
                              count_of(m, CAT, SAT), single(m, SAT), single(m, T_END),
                              single(m, DOWN)},
                   (double[]){2, 1, 0, 2, 1, 1}, 6,
                   (Known[]){{{0, 0, 0, 2, 1, 1},
                              "only pairs are taken for left extensions: a trigram extends a pair, "
                              "and so on up to the full order"},
                             {{2, 1, 0, 0, 0, 0},
                              "only the longest n-grams are taken for left extensions: a pair "
                              "extends a single symbol"},
                             {.likely = NULL}},
                   "every n-gram of two symbols or more is one more left extension of its suffix");
}

/* ---- 1.7 backing off ------------------------------------------------------------------------- */

static double step(const Ngram *m, int from, int symbol, NgramState *after)
{
    *after = from < 0 ? ngram_start(m) : state_of(m, from);
    return ngram_step(m, after, symbol);
}

static void what_was_seen_has_its_own_probability(void)
{
    Ngram *m = by_hand();
    NgramState s;
    expect("log P(b|a)", HAND, step(m, A, B, &s), log(0.25),
           (Known[]){
               {{2 * log(0.25)}, "the price of backing off is paid though nothing was backed off"},
               {.likely = NULL}},
           "the pair is in the trie: its own log-probability");
    expect_that(s == state_of(m, B), "the state after it", HAND, "b", say("node %u", s),
                "the state moves on past the symbol: context_after()");
}

static void what_was_not_pays_for_leaving_its_history(void)
{
    Ngram *m = by_hand();
    NgramState s;
    expect("log P(a|b)", HAND, step(m, B, A, &s), log(0.5 * 0.25),
           (Known[]){{{log(0.25)}, "leaving b costs its back-off"},
                     {{log(0.25 * 0.25)},
                      "the back-off is that of the context that is left, not of "
                      "the symbol"},
                     {{0.5 * log(0.25)}, "both are logarithms: add"},
                     {.likely = NULL}},
           "log of what b leaves, and log P(a)");
    expect_that(s == state_of(m, A), "the state after it", HAND, "a", say("node %u", s),
                "the state moves on to the context after the n-gram that was found");
}

static void what_nobody_knows_is_unknown(void)
{
    Ngram *m = by_hand();
    NgramState s;
    expect("log P(c|a), where c was never seen", HAND, step(m, A, C, &s), log(0.25 * 0.25),
           NO_KNOWN, "at the root, what isn't found is m->unknown");
    expect("log P(end) after that", HAND, ngram_step(m, &s, END), log(0.25),
           (Known[]){{{log(0.5)}, "the state is still a: an unknown symbol moves it on as well"},
                     {.likely = NULL}},
           "nothing is known of what follows an unknown symbol, and leaving it is free");
}

#define LONGER                                                                                  \
    "a model of order 3 with P(a|b) = 1/2, P(end) = 1/8, P(<unk>) = 1/32, where ab leaves 1/4 " \
    "to b and b leaves 1/2 to the single symbols; nothing else was seen after ab or b"

static Ngram *longer(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c"};
    Ngram *m = ngram_new(vocabulary_of(4, symbols), 3);
    Trie *t = &m->trie;
    uint32_t a = trie_add(t, TRIE_ROOT, A), b = trie_add(t, TRIE_ROOT, B);
    uint32_t ab = trie_add(t, a, B), ba = trie_add(t, b, A), end = trie_find(t, TRIE_ROOT, END);
    Node *n = t->nodes;
    n[a].logprob = n[b].logprob = n[ab].logprob = log(0.25);
    n[ba].logprob = log(0.5);
    n[end].logprob = log(1 / 8.0);
    n[m->unknown].logprob = log(1 / 32.0);
    n[ab].backoff = log(0.25);
    n[b].backoff = log(0.5);
    return m;
}

static void a_history_is_shortened_symbol_by_symbol(void)
{
    Ngram *m = longer();
    uint32_t ab = trie_find(&m->trie, state_of(m, A), B);
    uint32_t ba = trie_find(&m->trie, state_of(m, B), A);
    NgramState s = ab;
    expect("log P(a|ab)", LONGER, ngram_step(m, &s, A), log(0.25 * 0.5),
           (Known[]){{{log(0.25 * 0.25)},
                      "ab is left for the single symbols at once: b comes before, its suffix"},
                     {.likely = NULL}},
           "log of what ab leaves to b, and log P(a|b)");
    expect_that(s == ba, "the state after it", LONGER, "ba", say("node %u", s),
                "two symbols are remembered: context_after() the n-gram that was found");
    s = ab;
    expect(
        "log P(end|ab)", LONGER, ngram_step(m, &s, END), log(0.25 * 0.5 / 8),
        (Known[]){
            {{log(0.25 / 32)}, "after one step back the search is given up: while, not if"},
            {{log(0.25 * 0.5 / 32)}, "after one step back the search is given up: while, not if"},
            {{log(0.25 / 8)}, "leaving b costs its back-off too"},
            {.likely = NULL}},
        "log of what ab leaves to b, of what b leaves, and log P(end)");
}

/* ---- 1.8 temperature ------------------------------------------------------------------------- */

enum { DRAWS = 20000 };

static void frequencies(double share[4], double temperature)
{
    Ngram *m = by_hand();
    Rng rng = rng_stream(5, 1);
    real weights[8];
    for (int i = 0; i < 4; i++) share[i] = 0;
    for (int i = 0; i < DRAWS; i++)
        share[ngram_sample(m, state_of(m, A), temperature, &rng, weights)] += 1.0 / DRAWS;
}

#define AFTER_A "20000 symbols after a, where end, a and b have 8, 1 and 4 of 13 parts: " HAND

static void a_temperature_changes_the_odds(void)
{
    double half[4], one[4], two[4];
    frequencies(one, 1);
    frequencies(half, 0.5);
    frequencies(two, 2);
    double z = sqrt(8) + 1 + sqrt(4);
    expect_within("the share of ends at temperature 1", AFTER_A, one[END], 8.0 / 13, 0.02, NO_KNOWN,
                  "at temperature 1 the model's own distribution, without <unk>");
    expect_within(
        "the share of ends at temperature 1/2", AFTER_A, half[END], 64.0 / 81, 0.015,
        (Known[]){{{sqrt(8) / z}, "P^T instead of P^(1/T): the logarithm is divided by T"},
                  {{8.0 / 13}, "the temperature has no effect"},
                  {.likely = NULL}},
        "P^(1/T), normalised: squares, so 64 : 1 : 16");
    expect_within("the share of ends at temperature 2", AFTER_A, two[END], sqrt(8) / z, 0.02,
                  (Known[]){{{64.0 / 81}, "P^T instead of P^(1/T)"}, {.likely = NULL}},
                  "P^(1/T), normalised: square roots");
    expect("the share of c, which was never seen", AFTER_A, one[C] + half[C] + two[C], 0, NO_KNOWN,
           "never <unk>: a symbol that training hasn't seen gets no weight (ngram_knows)");
}

static void a_small_temperature_leaves_something(void)
{
    double share[4];
    frequencies(share, 1 / 2000.0);
    expect("the share of ends at temperature 1/2000", AFTER_A, share[END], 1, NO_KNOWN,
           "e^(log P / T) is 0 for all of them: take the largest logarithm away first");
}

static void where_nothing_can_come_a_text_ends(void)
{
    Ngram *m = by_hand();
    Rng rng = rng_stream(5, 1);
    real weights[8];
    for (uint32_t i = 0; i < m->trie.count; i++) m->trie.nodes[i].logprob = -INFINITY;
    int got = ngram_sample(m, state_of(m, A), 1, &rng, weights);
    expect_that(got == m->end, "what is drawn", "a state after which nothing has a probability",
                "the end", say("symbol %d", got),
                "where nothing has a probability, as without smoothing, the text ends");
}

static void temperature_zero_takes_the_likeliest(void)
{
    double share[4];
    frequencies(share, 0);
    expect("the share of ends at temperature 0", AFTER_A, share[END], 1, NO_KNOWN,
           "temperature 0 is no division by 0 but the likeliest symbol, always");
}

/* ---- 1.9 a weighted draw --------------------------------------------------------------------- */

static void shares(double share[4], const double *p, uint64_t seed)
{
    Rng rng = rng_stream(seed, 0);
    real weights[4];
    for (int i = 0; i < 4; i++) weights[i] = (real)p[i], share[i] = 0;
    for (int i = 0; i < DRAWS; i++) {
        int x = rng_choice(&rng, weights, 4);
        if (x < 0 || x > 3)
            wrong("rng_choice()", "4 weights", "0 .. 3", say("%d", x), "an index is out of range");
        share[x] += 1.0 / DRAWS;
    }
}

static void draws_come_as_often_as_their_weights_say(void)
{
    double share[4];
    shares(share, (double[]){1, 3, 0, 4}, 3);
    for (int i = 0; i < 4; i++)
        expect_within(say("the share of index %d", i), "20000 draws with the weights 1, 3, 0, 4",
                      share[i], (double[]){0.125, 0.375, 0, 0.5}[i], 0.02,
                      (Known[]){{{i == 0 ? 1 : 0},
                                 "weights needn't sum to 1: compare with a number "
                                 "between 0 and their sum"},
                                {{i == 1 ? 7 / 16.0 : -1},
                                 "one random number for the whole walk, not a new one at each "
                                 "index"},
                                {{i == 1 ? 0.25 : -1},
                                 "compare with the sum of the weights so far, not with one weight"},
                                {.likely = NULL}},
                      "index i with probability p_i / sum");
}

static void what_has_no_weight_never_comes(void)
{
    double share[4];
    shares(share, (double[]){0, 1, 1, 0}, 4);
    expect("the share of index 0 and 3", "20000 draws with the weights 0, 1, 1, 0",
           share[0] + share[3], 0, NO_KNOWN, "weight 0 is never drawn, not even at the border");
    shares(share, (double[]){0, 0, 1e-300, 0}, 5);
    expect("the share of index 2", "weights 0, 0, 1e-300, 0", share[2], 1, NO_KNOWN,
           "only the proportions matter");
}

/* ---- bugs ------------------------------------------------------------------------------------ */

static Ngram *trained(Smoothing smoothing)
{
    static int ids[] = {THE, CAT, SAT, THE, CAT, RAN, THE, DOG, SAT, DOWN};
    static size_t start[] = {0, 3, 6, 10};
    Corpus corpus = {3, start, ids};
    NgramOptions options = {.order = 2, .smoothing = smoothing, .k = 1};
    return ngram_train(&corpus, vocabulary_of(7, words), &options);
}

static void kneser_ney_sums_to_one(void)
{
    Ngram *m = trained(SMOOTHING_KNESER_NEY);
    for (int from = THE; from <= DOWN; from++)
        expect(say("the sum of P(x|%s) over the 8 outcomes", words[from]), TEN, sum_after(m, from),
               1, NO_KNOWN,
               "what the n-grams of a history give up isn't what it leaves to the shorter one");
}

static void the_line_of_the_book_has_its_perplexity(void)
{
    static size_t start[] = {0, 3};
    Corpus line = {1, start, (int[]){THE, DOG, SAT}};
    Ngram *m = trained(SMOOTHING_KNESER_NEY);
    NgramScore s = ngram_evaluate(m, &line);
    expect("symbols that are scored", "\"the dog sat\"", (double)s.scored, 4,
           (Known[]){{{3}, "the end isn't scored"}, {.likely = NULL}}, "three words and the end");
    expect_within("the perplexity of \"the dog sat\"", TEN, score_perplexity(&s), 2.49814, 1e-5,
                  NO_KNOWN,
                  "the book has it by hand in chapter 1, \"Kneser-Ney: ask another question\"");
}

const Grader graders[] = {GRADER("1.1", a_text_has_the_product_of_its_conditional_probabilities),
                          GRADER("1.1", every_symbol_is_told_its_share),
                          GRADER("1.2", pairs_are_counted),
                          GRADER("1.2", ends_are_counted),
                          GRADER("1.2", no_n_gram_is_longer_than_the_order),
                          GRADER("1.2", what_is_between_is_not_counted),
                          GRADER("1.3", one_surprise_in_three_units),
                          GRADER("1.3", a_die_has_the_perplexity_of_its_faces),
                          GRADER("1.4", add_one_on_ten_words),
                          GRADER("1.4", add_k_sums_to_one),
                          GRADER("1.5", discounts_by_hand),
                          GRADER("1.5", a_text_too_small_for_the_formula_falls_back),
                          GRADER("1.6", a_word_counts_once_for_each_word_before_it),
                          GRADER("1.6", the_root_is_not_counted),
                          GRADER("1.6", so_it_is_for_every_order),
                          GRADER("1.7", what_was_seen_has_its_own_probability),
                          GRADER("1.7", what_was_not_pays_for_leaving_its_history),
                          GRADER("1.7", what_nobody_knows_is_unknown),
                          GRADER("1.7", a_history_is_shortened_symbol_by_symbol),
                          GRADER("1.8", a_temperature_changes_the_odds),
                          GRADER("1.8", temperature_zero_takes_the_likeliest),
                          GRADER("1.8", a_small_temperature_leaves_something),
                          GRADER("1.8", where_nothing_can_come_a_text_ends),
                          GRADER("1.9", draws_come_as_often_as_their_weights_say),
                          GRADER("1.9", what_has_no_weight_never_comes),
                          GRADER("1-sum", kneser_ney_sums_to_one),
                          GRADER("1-line", the_line_of_the_book_has_its_perplexity),
                          {0}};
