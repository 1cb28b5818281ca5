/* test_yardstick.c: the three lines that a loss is drawn between are what chapter 1 and the grammar
 * say, symbol by symbol. */
#include "suite.h"

#include "study.h"
#include "tales.h"
#include "yardstick.h"

static Corpus corpus_of(const char *bytes, const Vocabulary *v, Documents documents)
{
    Corpus c;
    Error err;
    TextOptions options = {.documents = documents, .level = TEXT_CHARS};
    ck_assert_msg(corpus_from_string(&c, bytes, strlen(bytes), "a text", v, &options, false, &err),
                  "%s", err.text);
    return c;
}

static Text text_of(const char *train, const char *held_out, Documents documents)
{
    Text text;
    Error err;
    TextOptions options = {.documents = documents, .level = TEXT_CHARS};
    char *both = calloc(1, strlen(train) + strlen(held_out) + 1);
    strcat(strcpy(both, train), held_out);
    ck_assert_msg(text_from_string(&text, both, strlen(both), "a text", &options, &err), "%s",
                  err.text);
    corpus_free(&text.train);
    corpus_free(&text.held_out);
    text.train = corpus_of(train, &text.vocabulary, documents);
    text.held_out = corpus_of(held_out, &text.vocabulary, documents);
    free(both);
    return text;
}

static Text tales_text(int held_out)
{
    size_t size;
    char *learnt = tales_corpus(1, 150, &size), *judged = tales_corpus(2, held_out, &size);
    Text text = text_of(learnt, judged, TEXT_LINES);
    free(learnt);
    free(judged);
    return text;
}

/* truth - model is 1, 2, 4, 8, 16; two places of five are far, of which one is just so */
START_TEST(a_score_parts_far_places_from_all_others)
{
    double truth[] = {-1, -1, -1, -1, -1}, logprob[] = {-2, -3, -5, -9, -17};
    int distance[] = {0, DISTANCE_FAR - 1, DISTANCE_FAR, 1, DISTANCE_FAR + 5};
    Yardstick y = {.symbols = 5, .truth = truth, .distance = distance};
    Score s = yardstick_score(&y, logprob);
    ck_assert(close_to(s.nats, 36.0 / 5, 1e-12));
    ck_assert(close_to(s.far, (4.0 + 16) / 2, 1e-12) && s.far_symbols == 2);
    ck_assert(close_to(s.near, (1.0 + 2 + 8) / 3, 1e-12));
    y.truth = NULL;
    s = yardstick_score(&y, logprob);
    ck_assert(close_to(s.nats, 36.0 / 5, 1e-12) && isnan(s.far) && isnan(s.near));
    ck_assert(s.far_symbols == 0);
}
END_TEST

START_TEST(the_floor_is_the_mean_of_the_exact_log_probabilities)
{
    for (int tales = 1; tales <= 40; tales += 39) { /* one, and many */
        Text text = tales_text(tales);
        Yardstick *y = yardstick_new(&text, true, 1, 1);
        const Corpus *c = &text.held_out;
        double total = 0;
        size_t at = 0;
        ck_assert_uint_eq(y->symbols, c->start[tales] + (size_t)tales);
        ck_assert(y->uniform == log(text.vocabulary.size));
        for (int d = 0; d < tales; d++) {
            char tale[TALE_MAX + 1];
            double truth[TALE_MAX + 1];
            int distance[TALE_MAX + 1];
            size_t n = c->start[d + 1] - c->start[d];
            for (size_t i = 0; i < n; i++)
                tale[i] = text.vocabulary.symbol[c->ids[c->start[d] + i]][0];
            tale[n] = '\0';
            total -= tales_read(tale, truth, distance);
            ck_assert_mem_eq(y->truth + at, truth, (n + 1) * sizeof *truth);
            ck_assert_mem_eq(y->distance + at, distance, (n + 1) * sizeof *distance);
            at += n + 1;
        }
        ck_assert_uint_eq(at, y->symbols);
        ck_assert(close_to(y->floor, total / (double)at, 1e-12));
        yardstick_free(y);
        text_free(&text);
    }
}
END_TEST

static double nats_of(const Text *text, int order)
{
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_KNESER_NEY};
    Ngram *m = ngram_train(&text->train, &text->vocabulary, &options);
    NgramScore s = ngram_evaluate(m, &text->held_out);
    ngram_free(m);
    return score_nats(&s);
}

START_TEST(the_best_n_gram_is_the_best_of_the_orders_that_were_tried)
{
    Text text = tales_text(30);
    for (int first = 1; first <= 7; first += 3) {
        Yardstick *y = yardstick_new(&text, true, first, 8);
        double best = INFINITY;
        int order = 0;
        for (int n = first; n <= 8; n++)
            if (nats_of(&text, n) < best) best = nats_of(&text, order = n);
        ck_assert_int_eq(y->order, order);
        ck_assert(close_to(y->ngram.nats, best, 1e-12));
        /* what it pays above the truth, there and elsewhere, is all that it pays above the floor */
        double far = y->ngram.far * y->ngram.far_symbols;
        double near = y->ngram.near * ((double)y->symbols - y->ngram.far_symbols);
        ck_assert(close_to(far + near, (y->ngram.nats - y->floor) * (double)y->symbols, 1e-9));
        ck_assert(y->ngram.far > y->ngram.near && y->ngram.far_symbols > 10);
        yardstick_free(y);
    }
    text_free(&text);
}
END_TEST

/* Lines are scored with their ends, a stream without: it has none. */
START_TEST(a_stream_is_scored_without_an_end)
{
    NgramOptions options = {.order = 2, .smoothing = SMOOTHING_KNESER_NEY};
    Text text = text_of("abcabcabcacb", "abcabb", TEXT_STREAM);
    Yardstick *y = yardstick_new(&text, false, 2, 2);
    Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
    double each[7], sum = 0;
    ngram_score(m, text.held_out.ids, 6, each);
    for (int i = 0; i < 6; i++) sum -= each[i];
    ck_assert_uint_eq(y->symbols, 6);
    ck_assert(close_to(y->ngram.nats, sum / 6, 1e-12));
    ck_assert(y->truth == NULL && isnan(y->floor) && isnan(y->ngram.far));
    yardstick_free(y);
    ngram_free(m);
    text_free(&text);

    text = text_of("abc\nacb\n", "ab\nc\nba\n", TEXT_LINES);
    y = yardstick_new(&text, false, 2, 2);
    ck_assert_uint_eq(y->symbols, 8);
    ck_assert(close_to(y->ngram.nats, nats_of(&text, 2), 1e-12));
    yardstick_free(y);
    text_free(&text);
}
END_TEST

START_TEST(where_nothing_is_held_out_nothing_is_measured)
{
    Text text;
    TextOptions options = {.documents = TEXT_LINES};
    ck_assert(text_from_string(&text, "ab\nba\n", 6, "a text", &options, NULL));
    Yardstick *y = yardstick_new(&text, true, 1, 3);
    ck_assert_uint_eq(y->symbols, 0);
    ck_assert(close_to(y->uniform, log(3), 1e-12));
    ck_assert(isnan(y->floor) && isnan(y->ngram.nats) && y->order == 0 && y->truth == NULL);
    yardstick_free(y);
    text_free(&text);
    text = tales_text(3);
    y = yardstick_new(&text, true, 1, 0); /* no order to try */
    ck_assert(isnan(y->ngram.nats) && y->order == 0 && y->floor > 0);
    yardstick_free(y);
    text_free(&text);
}
END_TEST

static const TTest *const tests[] = {a_score_parts_far_places_from_all_others,
                                     the_floor_is_the_mean_of_the_exact_log_probabilities,
                                     the_best_n_gram_is_the_best_of_the_orders_that_were_tried,
                                     a_stream_is_scored_without_an_end,
                                     where_nothing_is_held_out_nothing_is_measured,
                                     NULL};
RUN_TESTS("yardstick", tests)
