/* test_ngram.c: counting, smoothing and the chain rule, held against arithmetic by hand, an
 * independent implementation, and the laws of probability. */
#include "suite.h"

#include "kneser_ney.h"
#include "ngram.h"
#include "smoothing.h"

#include <string.h>

enum { MAX_LENGTH = 3 };

static Text text_of(const char *bytes, Documents documents, Level level)
{
    Text text;
    Error err;
    TextOptions options = {.documents = documents, .level = level, .held_out = 0};
    ck_assert_msg(text_from_string(&text, bytes, strlen(bytes), "a text", &options, &err), "%s",
                  err.text);
    return text;
}

static Corpus corpus_of(const char *bytes, const Text *like, Documents documents, Level level)
{
    Corpus corpus;
    Error err;
    TextOptions options = {.documents = documents, .level = level};
    ck_assert_msg(corpus_from_string(&corpus, bytes, strlen(bytes), "a text", &like->vocabulary,
                                     &options, true, &err),
                  "%s", err.text);
    return corpus;
}

static Ngram *train(const Text *text, int order, Smoothing smoothing)
{
    NgramOptions options = {.order = order, .smoothing = smoothing, .k = 0.3};
    return ngram_train(&text->train, &text->vocabulary, &options);
}

/* P(every symbol, the end or <unk> | history), added up; a symbol that training lacks is <unk>. */
static double sum_of_distribution(const Ngram *m, const int *history, int length)
{
    double sum = exp(ngram_logprob(m, history, length, SYMBOL_UNKNOWN));
    for (int x = 0; x < m->symbols; x++)
        if (ngram_knows(m, x)) sum += exp(ngram_logprob(m, history, length, x));
    return sum;
}

static int id_of(const Text *text, const char *symbol)
{
    int id = vocabulary_find(&text->vocabulary, symbol, strlen(symbol));
    ck_assert_int_ne(id, SYMBOL_UNKNOWN);
    return id;
}

/* Visits every history of up to MAX_LENGTH ids from -1 (unknown) to symbols - 1. */
typedef void (*Visit)(const Ngram *m, const int *history, int length);

static void every_history(const Ngram *m, Visit visit, int *history, int length, int symbols)
{
    visit(m, history, length);
    if (length == MAX_LENGTH) return;
    for (history[length] = -1; history[length] < symbols; history[length]++)
        every_history(m, visit, history, length + 1, symbols);
}

/* --- by hand -------------------------------------------------------------------------------------
 * Ten words, three documents. After <s>: the, 3 times. After the: cat 2, dog 1. After cat: sat 1,
 * ran
 * 1. After dog: sat 1. After sat: the end 1, down 1. After ran and down: the end 1. W is 8: six
 * words, the end and <unk>. */
static const char ten_words[] = "the cat sat\nthe cat ran\nthe dog sat down\n";

/* Perplexity of a single document by an order-2 model. */
static double perplexity_of(const char *document, Smoothing smoothing, double k)
{
    Text text = text_of(ten_words, TEXT_LINES, TEXT_WORDS);
    Corpus corpus = corpus_of(document, &text, TEXT_LINES, TEXT_WORDS);
    NgramOptions options = {.order = 2, .smoothing = smoothing, .k = k};
    Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
    NgramScore score = ngram_evaluate(m, &corpus);
    ngram_free(m);
    corpus_free(&corpus);
    text_free(&text);
    return score_perplexity(&score);
}

/* P = 3/3 (the | <s>) 1/3 (dog | the) 1/1 (sat | dog) 1/2 (end | sat) = 1/6, over 4 symbols */
START_TEST(perplexity_without_smoothing_by_hand)
{
    ck_assert(close_to(perplexity_of("the dog sat\n", SMOOTHING_NONE, 0), pow(6, 1.0 / 4), 1e-12));
}
END_TEST

/* P = (3+1)/(3+8) (1+1)/(3+8) (1+1)/(1+8) (1+1)/(2+8) = 4/11 2/11 2/9 1/5 = 16/5445 */
START_TEST(perplexity_of_add_one_by_hand)
{
    double expected = pow(5445.0 / 16, 1.0 / 4);
    ck_assert(close_to(perplexity_of("the dog sat\n", SMOOTHING_ADD_K, 1), expected, 1e-12));
}
END_TEST

/* Left extensions: the 1, cat 1, dog 1, sat 2, ran 1, down 1, end 3: 10 in all. Both orders fall
 * back to D = 0.5, 1, 1.5, because D_2 would be negative (order 1: t = 5, 1, 1, 0, Y = 5/7, D_2 = 2
 * - 15/7; order 2: t = 8, 1, 1, 0, Y = 4/5, D_2 = 2 - 12/5).
 *
 *   gamma() = (5 * 0.5 + 1 + 1.5) / 10 = 0.5    P(the) = P(dog) = 0.5/10 + 0.5/8 = 0.1125
 *   P(sat) = (2 - 1)/10 + 0.5/8 = 0.1625        P(end) = (3 - 1.5)/10 + 0.5/8 = 0.2125
 *   P(the | <s>) = (3 - 1.5)/3 + 1.5/3 P(the)     = 0.55625
 *   P(dog | the) = (1 - 0.5)/3 + (1 + 0.5)/3 P(dog) = 1/6 + 0.05625
 *   P(sat | dog) = (1 - 0.5)/1 + 0.5/1 P(sat)     = 0.58125
 *   P(end | sat) = (1 - 0.5)/2 + 1/2 P(end)       = 0.35625 */
START_TEST(perplexity_of_kneser_ney_by_hand)
{
    double p = 0.55625 * (1.0 / 6 + 0.05625) * 0.58125 * 0.35625;
    ck_assert(
        close_to(perplexity_of("the dog sat\n", SMOOTHING_KNESER_NEY, 0), pow(p, -1.0 / 4), 1e-12));
}
END_TEST

/* An unseen word is <unk>, gamma() / W = 1/16. Having been left for it, "the" pays gamma(the) =
 * 1/2; after it nothing is remembered, so the end gets its 0.2125. P = 0.55625 * 0.5/16 * 0.2125, 3
 * symbols. */
START_TEST(unknown_words_are_scored_as_unknown_and_counted)
{
    Text text = text_of(ten_words, TEXT_LINES, TEXT_WORDS);
    Corpus corpus = corpus_of("the elephant\n", &text, TEXT_LINES, TEXT_WORDS);
    Ngram *m = train(&text, 2, SMOOTHING_KNESER_NEY);
    NgramScore s = ngram_evaluate(m, &corpus);
    ck_assert_uint_eq(s.scored, 3);
    ck_assert_uint_eq(s.unknown, 1);
    ck_assert_uint_eq(s.impossible, 0);
    double known = 0.55625 * 0.2125, all = known * 0.5 / 16;
    ck_assert(close_to(score_perplexity(&s), pow(all, -1.0 / 3), 1e-12));
    ck_assert(close_to(score_perplexity_known(&s), pow(known, -1.0 / 2), 1e-12));
    ck_assert(close_to(score_nats(&s), -log(all) / 3, 1e-12));
    ck_assert(close_to(score_bits(&s), -log2(all) / 3, 1e-12));
    ngram_free(m);
    corpus_free(&corpus);
    text_free(&text);
}
END_TEST

START_TEST(without_smoothing_what_was_never_seen_is_impossible_and_counted)
{
    Text text = text_of(ten_words, TEXT_LINES, TEXT_WORDS);
    Corpus corpus = corpus_of("the dog ran\n", &text, TEXT_LINES, TEXT_WORDS);
    Ngram *m = train(&text, 2, SMOOTHING_NONE);
    NgramScore s = ngram_evaluate(m, &corpus);
    ck_assert_uint_eq(s.scored, 4);
    ck_assert_uint_eq(s.impossible, 1);
    ck_assert(isinf(score_perplexity(&s)) && score_perplexity(&s) > 0);
    ck_assert(ngram_score(m, corpus.ids, 3, NULL) == -INFINITY);
    ngram_free(m);
    corpus_free(&corpus);
    text_free(&text);
}
END_TEST

/* t = 10, 4, 2, 1: Y = 10/18, D_1 = 1 - 2 Y 4/10, D_2 = 2 - 3 Y 2/4, D_3 = 3 - 4 Y 1/2 */
START_TEST(discounts_by_hand)
{
    double d[4], t[5] = {0, 10, 4, 2, 1};
    ck_assert(kneser_ney_discounts(d, t));
    ck_assert(d[0] == 0);
    ck_assert(close_to(d[1], 5.0 / 9, 1e-12));
    ck_assert(close_to(d[2], 7.0 / 6, 1e-12));
    ck_assert(close_to(d[3], 17.0 / 9, 1e-12));
}
END_TEST

/* No n-gram of count 3; none at all; D_2 = 2 - 3 * 6 / 10 * 9 / 2 < 0. */
START_TEST(discounts_without_a_value_or_out_of_range_fall_back)
{
    const double cases[][5] = {{0, 10, 4, 0, 1}, {0, 0, 0, 0, 0}, {0, 6, 2, 9, 1}, {0, 0, 1, 2, 3}};
    for (int i = 0; i < 4; i++) {
        double d[4];
        ck_assert(!kneser_ney_discounts(d, cases[i]));
        ck_assert(d[0] == 0 && d[1] == 0.5 && d[2] == 1 && d[3] == 1.5);
    }
    double d[4], none_of_four[5] = {0, 10, 4, 2, 0};
    ck_assert(kneser_ney_discounts(d, none_of_four));
    ck_assert(d[3] == 3);
}
END_TEST

/* --- golden numbers, by tests/golden/kneser_ney.py
 * ------------------------------------------------ */

static const char golden_train[] = "a duck went down to the pond and the pond was cold\n"
                                   "the duck went home and the house was warm\n"
                                   "a goose went down to the pond and the goose was bold\n"
                                   "she sang to the duck and the duck sang along\n"
                                   "the pond was low and the sun was high and the day was long\n"
                                   "a duck and a goose went down the lane to the town\n"
                                   "the town was old and the lane was long and the sun went down\n";
static const char golden_eval[] = "the goose went home and the pond was warm\n"
                                  "a swan sang to the sun and the sun was bold\n";

static const struct {
    const char *how;
    int order;
    double perplexity, known;
    size_t unknown, scored;
} golden[] = {
    {"chars", 1, 14.3697112101, 14.3697112101, 0, 86},
    {"chars", 2, 4.81793194699, 4.81793194699, 0, 86},
    {"chars", 3, 2.82310047327, 2.82310047327, 0, 86},
    {"chars", 5, 2.2049949985, 2.2049949985, 0, 86},
    {"chars", 8, 2.18168720412, 2.18168720412, 0, 86},
    {"words", 1, 20.7900814308, 19.3553028916, 1, 22},
    {"words", 2, 6.3521486828, 5.62976375215, 1, 22},
    {"words", 3, 6.96680425063, 5.87733994476, 1, 22},
    {"words", 5, 8.37207727409, 7.12492690035, 1, 22},
    {"words", 8, 8.37207727409, 7.12492690035, 1, 22},
    {"stream", 1, 14.8919016878, 14.8919016878, 0, 87},
    {"stream", 2, 5.03357236692, 5.03357236692, 0, 87},
    {"stream", 3, 2.91213961748, 2.91213961748, 0, 87},
    {"stream", 5, 2.27846433807, 2.27846433807, 0, 87},
    {"stream", 8, 2.27852189724, 2.27852189724, 0, 87},
};

START_TEST(kneser_ney_gives_the_numbers_of_an_independent_implementation)
{
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        Documents documents = strcmp(golden[i].how, "stream") == 0 ? TEXT_STREAM : TEXT_LINES;
        Level level = strcmp(golden[i].how, "words") == 0 ? TEXT_WORDS : TEXT_CHARS;
        Text text = text_of(golden_train, documents, level);
        Corpus corpus = corpus_of(golden_eval, &text, documents, level);
        Ngram *m = train(&text, golden[i].order, SMOOTHING_KNESER_NEY);
        NgramScore s = ngram_evaluate(m, &corpus);
        ck_assert_uint_eq(s.scored, golden[i].scored);
        ck_assert_uint_eq(s.unknown, golden[i].unknown);
        ck_assert_msg(close_to(score_perplexity(&s), golden[i].perplexity, 1e-10) &&
                          close_to(score_perplexity_known(&s), golden[i].known, 1e-10),
                      "%s, order %d: %.12g, %.12g", golden[i].how, golden[i].order,
                      score_perplexity(&s), score_perplexity_known(&s));
        ngram_free(m);
        corpus_free(&corpus);
        text_free(&text);
    }
}
END_TEST

/* --- the laws of probability
 * ---------------------------------------------------------------------- */

static void sums_to_one(const Ngram *m, const int *history, int length)
{
    double sum = sum_of_distribution(m, history, length);
    ck_assert_msg(close_to(sum, 1, 1e-12), "order %d, history of %d: %.15g", m->order, length, sum);
}

/* 1 where the history was seen, 0 where nothing follows it */
static void sums_to_one_or_zero(const Ngram *m, const int *history, int length)
{
    double sum = sum_of_distribution(m, history, length);
    ck_assert_msg(sum == 0 || close_to(sum, 1, 1e-12), "order %d: %.15g", m->order, sum);
}

START_TEST(distributions_sum_to_one_after_every_history_seen_or_not)
{
    const char *texts[] = {"abacab\nacba\nab\nb\n", "aab\n", "abcabcabcbbbacabacbbaaccabab\n"};
    const Documents kinds[] = {TEXT_LINES, TEXT_STREAM};
    for (int t = 0; t < 3; t++)
        for (int kind = 0; kind < 2; kind++)
            for (int order = 1; order <= 6; order++)
                for (int smoothing = 0; smoothing < 3; smoothing++) {
                    int history[MAX_LENGTH + 1];
                    Text text = text_of(texts[t], kinds[kind], TEXT_CHARS);
                    Ngram *m = train(&text, order, (Smoothing)smoothing);
                    every_history(m,
                                  smoothing == SMOOTHING_NONE ? sums_to_one_or_zero : sums_to_one,
                                  history, 0, text.vocabulary.size);
                    ngram_free(m);
                    text_free(&text);
                }
}
END_TEST

START_TEST(without_smoothing_seen_histories_sum_to_one)
{
    Text text = text_of(ten_words, TEXT_LINES, TEXT_WORDS);
    Ngram *m = train(&text, 3, SMOOTHING_NONE);
    int history[] = {id_of(&text, "the"), id_of(&text, "cat"), id_of(&text, "sat")};
    for (int length = 0; length <= 3; length++)
        ck_assert(close_to(sum_of_distribution(m, history, length), 1, 1e-12));
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* log prod P(x_t | history) = sum log P = ngram_score, and the steps are its summands */
START_TEST(the_product_of_the_chain_rule_is_the_sum_of_logarithms)
{
    Text text = text_of(golden_train, TEXT_LINES, TEXT_CHARS);
    Corpus corpus = corpus_of(golden_eval, &text, TEXT_LINES, TEXT_CHARS);
    for (int order = 1; order <= 5; order++)
        for (int smoothing = 1; smoothing < 3; smoothing++) {
            Ngram *m = train(&text, order, (Smoothing)smoothing);
            int count = (int)corpus.start[1];
            double each[64], product = 1;
            double score = ngram_score(m, corpus.ids, (size_t)count, each);
            ck_assert_int_lt(count, 64);
            for (int t = 0; t <= count; t++) {
                int symbol = t < count ? corpus.ids[t] : m->end;
                double logprob = ngram_logprob(m, corpus.ids, t, symbol);
                ck_assert(logprob == each[t]);
                product *= exp(logprob);
            }
            ck_assert(close_to(log(product), score, 1e-12));
            ngram_free(m);
        }
    corpus_free(&corpus);
    text_free(&text);
}
END_TEST

START_TEST(a_corpus_scores_the_sum_of_its_documents)
{
    Text text = text_of(golden_train, TEXT_LINES, TEXT_CHARS);
    Ngram *m = train(&text, 4, SMOOTHING_KNESER_NEY);
    NgramScore s = ngram_evaluate(m, &text.train);
    double sum = 0;
    for (int d = 0; d < text.train.documents; d++)
        sum += ngram_score(m, text.train.ids + text.train.start[d],
                           text.train.start[d + 1] - text.train.start[d], NULL);
    ck_assert(close_to(sum, s.logprob, 1e-12));
    ck_assert_uint_eq(s.scored, text.train.start[7] + 7);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* Only the last n - 1 symbols of a history matter. */
START_TEST(what_is_further_back_than_the_order_is_forgotten)
{
    Text text = text_of(golden_train, TEXT_LINES, TEXT_CHARS);
    Ngram *m = train(&text, 3, SMOOTHING_KNESER_NEY);
    const int *ids = text.train.ids;
    for (int x = 0; x < m->symbols; x++)
        ck_assert(ngram_logprob(m, ids, 12, x) == ngram_logprob(m, ids + 10, 2, x));
    bool differs = false; /* but one symbol after the start is "<s> ?", not "? ?" */
    for (int x = 0; x < m->symbols; x++)
        differs |= ngram_logprob(m, ids + 10, 2, x) != ngram_logprob(m, ids + 11, 1, x);
    ck_assert(differs);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* --- unusual texts
 * -------------------------------------------------------------------------------- */

/* Corpora built by hand: text_load refuses a text with a single symbol. */
static Corpus corpus_of_ids(int *ids, size_t *start, int documents)
{
    return (Corpus){.documents = documents, .start = start, .ids = ids};
}

START_TEST(a_text_of_one_document_of_one_character_is_learned)
{
    int ids[] = {0}, history[MAX_LENGTH + 1];
    size_t start[] = {0, 1};
    Corpus corpus = corpus_of_ids(ids, start, 1);
    Vocabulary v = {.size = 1, .end = -1};
    for (int order = 1; order <= 5; order++)
        for (int smoothing = 0; smoothing < 3; smoothing++) {
            NgramOptions options = {.order = order, .smoothing = (Smoothing)smoothing, .k = 0.3};
            Ngram *m = ngram_train(&corpus, &v, &options);
            every_history(m, smoothing == SMOOTHING_NONE ? sums_to_one_or_zero : sums_to_one,
                          history, 0, 1);
            ck_assert(isfinite(ngram_score(m, ids, 1, NULL)));
            ngram_free(m);
        }
}
END_TEST

/* P(x) = 1/W, and W is 2: the end and <unk> */
START_TEST(an_empty_text_gives_the_uniform_distribution)
{
    size_t start[] = {0};
    Corpus corpus = corpus_of_ids(NULL, start, 0);
    Vocabulary v = {.size = 4, .end = -1};
    for (int smoothing = 1; smoothing < 3; smoothing++) {
        NgramOptions options = {.order = 3, .smoothing = (Smoothing)smoothing, .k = 0.3};
        Ngram *m = ngram_train(&corpus, &v, &options);
        ck_assert(close_to(ngram_logprob(m, NULL, 0, m->end), log(0.5), 1e-12));
        ck_assert(close_to(ngram_logprob(m, NULL, 0, 2), log(0.5), 1e-12)); /* is unknown */
        ngram_free(m);
    }
}
END_TEST

START_TEST(an_order_longer_than_the_text_adds_nothing)
{
    Text text = text_of("abcab\n", TEXT_LINES, TEXT_CHARS);
    Ngram *whole = train(&text, 7, SMOOTHING_KNESER_NEY); /* <s>, 5 characters, the end */
    Ngram *longer = train(&text, TRIE_MAX_ORDER, SMOOTHING_KNESER_NEY);
    ck_assert_uint_eq(whole->trie.count, longer->trie.count);
    ck_assert(close_to(ngram_score(whole, text.train.ids, 5, NULL),
                       ngram_score(longer, text.train.ids, 5, NULL), 1e-12));
    ngram_free(whole);
    ngram_free(longer);
    text_free(&text);
}
END_TEST

/* abab, order 2: 5 single symbols (a, b, end, <s>, <unk>) and <s>a ab ba b-end */
START_TEST(distinct_ngrams_are_counted_once)
{
    Text text = text_of("abab\n", TEXT_LINES, TEXT_CHARS);
    Ngram *m = train(&text, 2, SMOOTHING_KNESER_NEY);
    ck_assert_uint_eq(ngram_distinct(m, 1), 5);
    ck_assert_uint_eq(ngram_distinct(m, 2), 4);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* 100,000 symbols of which most occur once, 16 deep: keys must not collide, memory must grow. */
START_TEST(large_vocabularies_and_high_orders_work)
{
    enum { V = 100000, N = 120000 };
    int *ids = NEW(int, N);
    size_t start[] = {0, N / 3, N};
    Rng rng = rng_stream(7, 0);
    for (int i = 0; i < N; i++) ids[i] = i % 5 ? rng_below(&rng, V) : V - 1;
    Corpus corpus = corpus_of_ids(ids, start, 2);
    Vocabulary v = {.size = V, .end = -1};
    NgramOptions options = {.order = 16, .smoothing = SMOOTHING_KNESER_NEY};
    Ngram *m = ngram_train(&corpus, &v, &options);
    ck_assert_uint_eq(ngram_distinct(m, 16), N + 2 - 2 * 14); /* every one of them is new */
    sums_to_one(m, ids, 10);
    sums_to_one(m, NULL, 0);
    ck_assert(isfinite(ngram_score(m, ids, N / 3, NULL)));
    ngram_free(m);
    free(ids);
}
END_TEST

START_TEST(chinese_text_is_a_text_like_any_other)
{
    Text text = text_of("小猫在河边看鱼。\n小狗在山上看花。\n小猫和小狗在家看雨。\n", TEXT_LINES,
                        TEXT_CHARS);
    Ngram *m = train(&text, 3, SMOOTHING_KNESER_NEY);
    int history[] = {id_of(&text, "小"), id_of(&text, "猫")};
    sums_to_one(m, history, 2);
    ck_assert(ngram_logprob(m, history, 2, id_of(&text, "和")) >
              ngram_logprob(m, history, 2, id_of(&text, "山")));
    ngram_free(m);
    text_free(&text);
}
END_TEST

START_TEST(training_twice_gives_the_same_bits)
{
    Text text = text_of(golden_train, TEXT_STREAM, TEXT_CHARS);
    Ngram *one = train(&text, 6, SMOOTHING_KNESER_NEY),
          *two = train(&text, 6, SMOOTHING_KNESER_NEY);
    ck_assert_uint_eq(one->trie.count, two->trie.count);
    ck_assert_mem_eq(one->trie.nodes, two->trie.nodes, one->trie.count * sizeof(Node));
    ngram_free(one);
    ngram_free(two);
    text_free(&text);
}
END_TEST

START_TEST(orders_that_make_no_sense_are_refused)
{
    Vocabulary v = {.size = 3, .end = -1};
    ck_assert_dies(ngram_new(&v, 0), "order 0");
    ck_assert_dies(ngram_new(&v, TRIE_MAX_ORDER + 1), "order 256");
    v.size = TRIE_MAX_SYMBOL;
    ck_assert_dies(ngram_new(&v, 3), "symbols");
}
END_TEST

/* --- states
 * --------------------------------------------------------------------------------------- */

START_TEST(a_state_remembers_the_longest_end_of_the_history_that_was_seen)
{
    Text text = text_of("abcd\nbce\n", TEXT_LINES, TEXT_CHARS);
    Ngram *m = train(&text, 4, SMOOTHING_KNESER_NEY);
    int memory[TRIE_MAX_ORDER];
    int a = id_of(&text, "a"), b = id_of(&text, "b"), c = id_of(&text, "c"), e = id_of(&text, "e");

    ck_assert_int_eq(ngram_memory(m, ngram_start(m), memory), 1); /* <s> */
    ck_assert_int_eq(memory[0], m->start);

    int seen[] = {a, b, c};
    ck_assert_int_eq(ngram_memory(m, ngram_state(m, seen, 3), memory), 3);
    ck_assert(memory[0] == a && memory[1] == b && memory[2] == c);

    int partly[] = {e, b, c}; /* ebc never occurs, bc does */
    ck_assert_int_eq(ngram_memory(m, ngram_state(m, partly, 3), memory), 2);
    ck_assert(memory[0] == b && memory[1] == c);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* --- sampling
 * ------------------------------------------------------------------------------------- */

/* Draws often; checks each frequency against P^(1/T), normalised, within 5 standard deviations. */
static void check_frequencies(const Ngram *m, NgramState state, double temperature)
{
    enum { DRAWS = 40000, IDS = 40 };
    real weights[IDS];
    int drawn[IDS] = {0};
    double p[IDS], sum = 0;
    ck_assert_int_le(m->symbols, IDS);
    for (int x = 0; x < m->symbols; x++) {
        NgramState next = state;
        p[x] = ngram_knows(m, x) ? exp(ngram_step(m, &next, x) / temperature) : 0;
        sum += p[x];
    }
    Rng rng = rng_stream(11, 3);
    for (int i = 0; i < DRAWS; i++) drawn[ngram_sample(m, state, temperature, &rng, weights)]++;
    for (int x = 0; x < m->symbols; x++) {
        double expected = DRAWS * p[x] / sum, deviation = sqrt(expected * (1 - p[x] / sum));
        ck_assert_msg(fabs(drawn[x] - expected) <= 5 * deviation + 1, "symbol %d: %d, expected %g",
                      x, drawn[x], expected);
    }
}

START_TEST(sampling_follows_the_probabilities_and_the_temperature)
{
    Text text = text_of(golden_train, TEXT_LINES, TEXT_CHARS);
    const Smoothing smoothings[] = {SMOOTHING_NONE, SMOOTHING_KNESER_NEY};
    for (int s = 0; s < 2; s++) {
        Ngram *m = train(&text, 3, smoothings[s]);
        NgramState after_e_blank = ngram_state(m, text.train.ids + 20, 4);
        check_frequencies(m, after_e_blank, 1);
        check_frequencies(m, after_e_blank, 0.5);
        check_frequencies(m, ngram_start(m), 2);
        ngram_free(m);
    }
    text_free(&text);
}
END_TEST

START_TEST(temperature_zero_takes_the_most_probable_symbol)
{
    Text text = text_of(ten_words, TEXT_LINES, TEXT_WORDS);
    Ngram *m = train(&text, 2, SMOOTHING_KNESER_NEY);
    real weights[16];
    Rng rng = rng_stream(1, 1);
    int the = id_of(&text, "the");
    NgramState after_the = ngram_state(m, &the, 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ngram_sample(m, ngram_start(m), 0, &rng, weights), the);
        ck_assert_int_eq(ngram_sample(m, after_the, 0, &rng, weights), id_of(&text, "cat"));
    }
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* A stream has an end that is no symbol of its vocabulary; a text that was held out may have
 * symbols that training lacks: neither is ever written. */
START_TEST(generated_texts_hold_symbols_of_the_training_text_only)
{
    Text text;
    Error err;
    const char bytes[] = "abcabcabacbcabcabXYZ"; /* the last fifth is held out */
    TextOptions options = {.documents = TEXT_STREAM, .held_out = 0.2};
    ck_assert(text_from_string(&text, bytes, strlen(bytes), "a text", &options, &err));
    Ngram *m = train(&text, 2, SMOOTHING_KNESER_NEY);
    int endings = 0;
    for (int i = 0; i < 200; i++) {
        int ids[30] = {id_of(&text, "b")};
        bool ended;
        Rng rng = rng_stream(5, (uint64_t)i);
        int count = ngram_generate(m, ids, 1, 30, 1.0, &rng, &ended);
        ck_assert(ended ? count >= 1 && count < 30 : count == 30);
        for (int j = 0; j < count; j++) ck_assert(ngram_knows(m, ids[j]) && ids[j] != m->end);
        endings += ended;
    }
    ck_assert_int_gt(endings, 0);
    ck_assert_int_lt(endings, 200);
    ngram_free(m);
    text_free(&text);
}
END_TEST

START_TEST(the_same_stream_of_random_numbers_writes_the_same_text)
{
    Text text = text_of(golden_train, TEXT_LINES, TEXT_CHARS);
    Ngram *m = train(&text, 4, SMOOTHING_KNESER_NEY);
    int one[60], two[60];
    bool ended;
    Rng a = rng_stream(2, 9), b = rng_stream(2, 9);
    int count = ngram_generate(m, one, 0, 60, 1.0, &a, &ended);
    ck_assert_int_eq(count, ngram_generate(m, two, 0, 60, 1.0, &b, &ended));
    ck_assert_int_gt(count, 0);
    ck_assert_mem_eq(one, two, (size_t)count * sizeof *one);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* Without smoothing nothing is known after a history that was never seen. The end is symbol 0 of
 * lines, and of a stream one behind its vocabulary. */
START_TEST(where_nothing_has_a_probability_the_text_ends)
{
    for (int documents = 0; documents < 2; documents++) {
        Text text = text_of("abc\nbca\n", (Documents)documents, TEXT_CHARS);
        Ngram *m = train(&text, 2, SMOOTHING_NONE);
        real weights[8];
        bool ended;
        for (int temperature = 0; temperature < 3; temperature++) {
            Rng rng = rng_stream(3, 1);
            int ids[4] = {SYMBOL_UNKNOWN};
            NgramState unseen = ngram_state(m, ids, 1);
            ck_assert_int_eq(ngram_sample(m, unseen, temperature, &rng, weights), m->end);
            ck_assert_int_eq(ngram_generate(m, ids, 1, 4, temperature, &rng, &ended), 1);
            ck_assert(ended);
        }
        ngram_free(m);
        text_free(&text);
    }
}
END_TEST

/* The end, <s> and <unk> need numbers as well. */
START_TEST(vocabularies_are_as_large_as_a_trie_can_number)
{
    Vocabulary v = {.size = TRIE_MAX_SYMBOL - 2, .end = -1};
    Ngram *m = ngram_new(&v, 1);
    ck_assert_uint_eq(m->trie.nodes[m->unknown].symbol, TRIE_MAX_SYMBOL);
    ngram_free(m);
    v.size++;
    ck_assert_dies(ngram_new(&v, 1), "16777214 symbols");
}
END_TEST

/* Another n-gram may look for its slot where this one's is, and have the same low bits: only the
 * node tells them apart. So rare a meeting is looked for here. */
START_TEST(ngrams_whose_hashes_agree_in_slot_and_tag_are_told_apart)
{
    enum { SYMBOL = 5 };
    Trie t;
    trie_make(&t);
    uint32_t node = trie_add(&t, TRIE_ROOT, SYMBOL), context = 0, symbol;
    uint64_t hash = trie_hash(TRIE_ROOT, SYMBOL), other;
    do { /* the low half of context c + symbol stays the same, c being trie_hash's constant */
        context++;
        symbol = (uint32_t)(SYMBOL - context * 0x9E3779B97F4A7C15u);
        other = trie_hash(context, symbol);
    } while (symbol > TRIE_MAX_SYMBOL || other >> t.shift != hash >> t.shift);
    ck_assert_uint_eq((uint32_t)other, (uint32_t)hash);
    ck_assert_uint_eq(trie_find(&t, TRIE_ROOT, SYMBOL), node);
    ck_assert_uint_eq(trie_find(&t, context, (int)symbol), 0);
    trie_free(&t);
}
END_TEST

static const TTest *const tests[] = {
    perplexity_without_smoothing_by_hand,
    perplexity_of_add_one_by_hand,
    perplexity_of_kneser_ney_by_hand,
    unknown_words_are_scored_as_unknown_and_counted,
    without_smoothing_what_was_never_seen_is_impossible_and_counted,
    discounts_by_hand,
    discounts_without_a_value_or_out_of_range_fall_back,
    kneser_ney_gives_the_numbers_of_an_independent_implementation,
    distributions_sum_to_one_after_every_history_seen_or_not,
    without_smoothing_seen_histories_sum_to_one,
    the_product_of_the_chain_rule_is_the_sum_of_logarithms,
    a_corpus_scores_the_sum_of_its_documents,
    what_is_further_back_than_the_order_is_forgotten,
    a_text_of_one_document_of_one_character_is_learned,
    an_empty_text_gives_the_uniform_distribution,
    an_order_longer_than_the_text_adds_nothing,
    distinct_ngrams_are_counted_once,
    large_vocabularies_and_high_orders_work,
    chinese_text_is_a_text_like_any_other,
    training_twice_gives_the_same_bits,
    orders_that_make_no_sense_are_refused,
    a_state_remembers_the_longest_end_of_the_history_that_was_seen,
    sampling_follows_the_probabilities_and_the_temperature,
    temperature_zero_takes_the_most_probable_symbol,
    generated_texts_hold_symbols_of_the_training_text_only,
    the_same_stream_of_random_numbers_writes_the_same_text,
    where_nothing_has_a_probability_the_text_ends,
    vocabularies_are_as_large_as_a_trie_can_number,
    ngrams_whose_hashes_agree_in_slot_and_tag_are_told_apart,
    NULL,
};

RUN_TESTS("ngram", tests)
