/* test_study.c: what chapter 1 measures: how much of a text a trial learns from, what a model pays
 * beside the truth and where, and the curves of both. */
#include "suite.h"

#include "study.h"
#include "tales.h"

/* --- texts ------------------------------------------------------------------------------------ */

static const TextOptions as_lines = {.documents = TEXT_LINES, .level = TEXT_CHARS};
static const TextOptions as_stream = {.documents = TEXT_STREAM, .level = TEXT_CHARS};
static const TextOptions as_words = {.documents = TEXT_LINES, .level = TEXT_WORDS};

static Corpus corpus_of(const char *bytes, const Vocabulary *v, const TextOptions *options)
{
    Corpus c;
    Error err;
    ck_assert_msg(corpus_from_string(&c, bytes, strlen(bytes), "a text", v, options, true, &err),
                  "%s", err.text);
    return c;
}

/* Learns from one text, is judged by the other, which may have symbols that the first has not. */
static Text text_of(const char *train, const char *held_out, const TextOptions *options)
{
    Text text;
    Error err;
    size_t size = strlen(train) + strlen(held_out);
    char *both = calloc(1, size + 1);
    strcat(strcpy(both, train), held_out);
    ck_assert_msg(text_from_string(&text, both, size, "a text", options, &err), "%s", err.text);
    corpus_free(&text.train);
    corpus_free(&text.held_out);
    text.train = corpus_of(train, &text.vocabulary, options);
    text.held_out = corpus_of(held_out, &text.vocabulary, options);
    free(both);
    return text;
}

static Text tales_text(int train, int held_out, const TextOptions *options)
{
    size_t size;
    char *learnt = tales_corpus(1, train, &size), *judged = tales_corpus(2, held_out, &size);
    Text text = text_of(learnt, judged, options);
    free(learnt);
    free(judged);
    return text;
}

static Ngram *trained(const Text *text, const NgramOptions *options)
{
    return ngram_train(&text->train, &text->vocabulary, options);
}

static const NgramOptions pairs = {.order = 2, .smoothing = SMOOTHING_KNESER_NEY};

static Trial trial_of(const Text *text, size_t symbols)
{
    Trial t = {.options = pairs, .symbols = symbols};
    study_trials(&t, 1, text);
    ck_assert(t.done);
    return t;
}

/* --- trials ----------------------------------------------------------------------------------- */

/* Documents of 3, 2 and 4 symbols: with their ends they reach to 4, 7 and 12. */
START_TEST(a_trial_learns_whole_documents_until_it_has_its_symbols)
{
    static const size_t learnt[] = {4, 4, 4, 4, 4, 7, 7, 7, 12, 12, 12, 12, 12, 12};
    Text text = text_of("aab\nab\nabba\n", "ab\n", &as_lines);
    ck_assert_uint_eq(corpus_symbols(&text.train), 12);
    for (size_t n = 0; n < sizeof learnt / sizeof *learnt; n++)
        ck_assert_uint_eq(trial_of(&text, n).symbols, learnt[n]);
    text_free(&text);
}
END_TEST

/* A single document is cut where the symbols end, of which its own end is one. */
START_TEST(a_trial_learns_the_beginning_of_a_single_document)
{
    Text text = text_of("ababababab", "ab", &as_stream);
    for (size_t n = 1; n <= 11; n++) ck_assert_uint_eq(trial_of(&text, n).symbols, n);
    ck_assert_uint_eq(trial_of(&text, 0).symbols, 1);
    ck_assert_uint_eq(trial_of(&text, 12).symbols, 11);
    /* abab: a, b, the end, <s>, <unk>; <s>a, ab, ba, b-end */
    ck_assert_uint_eq(trial_of(&text, 5).distinct, 9);
    text_free(&text);
}
END_TEST

/* Of a, b, c, d and the end the first document has a, b and the end; the second also c. */
START_TEST(a_trial_knows_how_many_symbols_it_has_not_seen)
{
    Text lines = text_of("ab\nabc\n", "abcd\n", &as_lines);
    ck_assert_int_eq(trial_of(&lines, 3).unseen, 2);
    ck_assert_int_eq(trial_of(&lines, 7).unseen, 1);
    Trial t = trial_of(&lines, 3);
    ck_assert_uint_eq(t.held_out.scored, 5);
    ck_assert_uint_eq(t.held_out.unknown, 2);
    text_free(&lines);
    Text stream = text_of("abc", "abcd", &as_stream);
    ck_assert_int_eq(trial_of(&stream, 3).unseen, 2);
    ck_assert_int_eq(trial_of(&stream, 4).unseen, 1);
    text_free(&stream);
}
END_TEST

/* Many at once are each what it is alone. */
START_TEST(trials_side_by_side_are_the_same_trials)
{
    enum { COUNT = 5 };
    Text text = tales_text(40, 5, &as_lines);
    Trial together[COUNT];
    for (int i = 0; i < COUNT; i++)
        together[i] = (Trial){.options = pairs, .symbols = (size_t)(300 * (i + 1))};
    study_trials(together, COUNT, &text);
    for (int i = 0; i < COUNT; i++) {
        Trial alone = trial_of(&text, (size_t)(300 * (i + 1)));
        ck_assert(together[i].done);
        ck_assert_uint_eq(together[i].symbols, alone.symbols);
        ck_assert_uint_eq(together[i].distinct, alone.distinct);
        ck_assert(together[i].held_out.logprob == alone.held_out.logprob);
        if (i > 0) ck_assert_uint_gt(together[i].symbols, together[i - 1].symbols);
    }
    text_free(&text);
}
END_TEST

/* Two unknown symbols, each one of four: 2 bits each on top of 10 nats, over 8 symbols. */
START_TEST(an_unknown_symbol_also_pays_for_its_name)
{
    Trial t = {.unseen = 4, .held_out = {.scored = 8, .unknown = 2, .logprob = -10}};
    ck_assert(close_to(trial_bits_named(&t), (10 / log(2) + 2 * 2) / 8, 1e-12));
    t.unseen = 1; /* it can be no other */
    ck_assert(close_to(trial_bits_named(&t), score_bits(&t.held_out), 1e-12));
    t.unseen = 0, t.held_out.unknown = 0;
    ck_assert(close_to(trial_bits_named(&t), score_bits(&t.held_out), 1e-12));
    t.held_out.unknown = 2;
    ck_assert(close_to(trial_bits_named(&t), score_bits(&t.held_out), 1e-12));
}
END_TEST

/* --- against the truth ------------------------------------------------------------------------ */

static char *letters(char c, int count)
{
    static char line[300];
    memset(line, c, (size_t)count);
    line[count] = '\0';
    return line;
}

/* Does the first document of this text fit into a tale, and is it then itself? */
static bool fits(const char *line, const TextOptions *options)
{
    char out[TALE_MAX + 1], lines[400];
    snprintf(lines, sizeof lines, "%s\n", line);
    Text text = text_of(lines, "zoo\n", options);
    const Corpus *c = &text.train;
    bool good = tale_text(out, &text.vocabulary, options->level, c->ids, c->start[1]);
    if (good) ck_assert_str_eq(out, line);
    text_free(&text);
    return good;
}

START_TEST(a_document_is_put_together_if_it_is_no_longer_than_a_tale)
{
    char line[300];
    ck_assert(fits("a hen met a fox", &as_lines));
    ck_assert(fits("a hen met a fox", &as_words));
    ck_assert(fits("hen", &as_words));
    ck_assert(fits(letters('a', TALE_MAX), &as_lines));
    ck_assert(!fits(letters('a', TALE_MAX + 1), &as_lines));
    strcat(strcpy(line, letters('a', TALE_MAX - 3)), " bb"); /* the blank counts */
    ck_assert(fits(line, &as_words));
    strcat(line, "b");
    ck_assert(!fits(line, &as_words));
}
END_TEST

START_TEST(the_truth_of_a_corpus_is_the_sum_over_its_tales)
{
    char tale[TALE_MAX + 1], lines[8 * TALE_MAX] = "";
    double sum = 0;
    for (int i = 0; i < 6; i++) {
        Rng rng = rng_stream(3, (uint64_t)i);
        sum += tales_draw(tale, &rng);
        strcat(strcat(lines, tale), "\n");
    }
    Text chars = text_of("ab\n", lines, &as_lines), words = text_of("ab\n", lines, &as_words);
    ck_assert(close_to(study_truth(&chars, TEXT_CHARS), sum, 1e-12));
    ck_assert(close_to(study_truth(&words, TEXT_WORDS), sum, 1e-12));
    text_free(&chars);
    text_free(&words);

    strcat(lines, "no tale\n");
    chars = text_of("ab\n", lines, &as_lines);
    ck_assert(study_truth(&chars, TEXT_CHARS) == -INFINITY);
    text_free(&chars);
    chars = text_of("ab\n", letters('a', TALE_MAX + 1), &as_lines);
    ck_assert(study_truth(&chars, TEXT_CHARS) == -INFINITY);
    text_free(&chars);
}
END_TEST

/* Does a character that belongs `distance` back stand in bin b? Bin 0 is for those that belong to
 * nothing, bin b for DISTANCE_BIN distances that begin at (b - 1) DISTANCE_BIN. */
static bool in_bin(int distance, int b)
{
    int from = (b - 1) * DISTANCE_BIN;
    if (distance == 0) return b == 0;
    return b > 0 && from <= distance && distance < from + DISTANCE_BIN;
}

/* Recall, place by place: the tales one after the other, and every bin for itself. */
static Recall recall_by_hand(const Ngram *m, const Text *text)
{
    Recall r = {0};
    const Corpus *c = &text->held_out;
    for (int d = 0; d < c->documents; d++) {
        char tale[TALE_MAX + 1];
        double truth[TALE_MAX + 1];
        int distance[TALE_MAX + 1], count = (int)(c->start[d + 1] - c->start[d]);
        const int *ids = c->ids + c->start[d];
        for (int i = 0; i < count; i++) tale[i] = text->vocabulary.symbol[ids[i]][0];
        tale[count] = '\0';
        tales_read(tale, truth, distance);
        for (int i = 0; i <= count; i++) {
            double excess =
                truth[i] - ngram_logprob(m, ids, i, i < count ? ids[i] : text->vocabulary.end);
            for (int b = 0; b < DISTANCE_BINS; b++)
                if (in_bin(distance[i], b)) r.places[b]++, r.excess[b] += excess;
            if (distance[i] >= DISTANCE_FAR)
                r.far_places++, r.far_excess += excess;
            else
                r.other_places++, r.other_excess += excess;
        }
    }
    return r;
}

static void check_same_recall(const Recall *a, const Recall *b)
{
    for (int i = 0; i < DISTANCE_BINS; i++) {
        ck_assert_uint_eq(a->places[i], b->places[i]);
        ck_assert(close_to(a->excess[i], b->excess[i], 1e-9));
    }
    ck_assert_uint_eq(a->far_places, b->far_places);
    ck_assert_uint_eq(a->other_places, b->other_places);
    ck_assert(close_to(a->far_excess, b->far_excess, 1e-9));
    ck_assert(close_to(a->other_excess, b->other_excess, 1e-9));
}

START_TEST(every_place_is_counted_by_its_distance)
{
    Text text = tales_text(200, 150, &as_lines);
    Ngram *m = trained(&text, &pairs);
    Recall r = study_recall(m, &text), expected = recall_by_hand(m, &text);
    check_same_recall(&r, &expected);
    ck_assert_uint_eq(r.far_places + r.other_places, corpus_symbols(&text.held_out));
    ck_assert_uint_gt(r.far_places, 20);
    NgramScore s = ngram_evaluate(m, &text.held_out);
    ck_assert(
        close_to(r.far_excess + r.other_excess, study_truth(&text, TEXT_CHARS) - s.logprob, 1e-9));
    ngram_free(m);
    text_free(&text);
}
END_TEST

START_TEST(recall_is_refused_where_a_text_is_no_tale)
{
    Text text = text_of("ab\n", "ab\xc3\xa4\n", &as_lines); /* four bytes, three symbols */
    Ngram *m = trained(&text, &pairs);
    ck_assert_dies(study_recall(m, &text), "document 0 is not a tale");
    ngram_free(m);
    text_free(&text);
}
END_TEST

START_TEST(recalls_add_up)
{
    Recall sum = {0},
           r = {.far_places = 5, .other_places = 11, .far_excess = 2.5, .other_excess = 7};
    for (int b = 0; b < DISTANCE_BINS; b++) r.places[b] = (size_t)b + 3, r.excess[b] = 0.5 * b + 1;
    for (int times = 1; times <= 3; times++) {
        recall_pool(&sum, &r);
        for (int b = 0; b < DISTANCE_BINS; b++) {
            ck_assert_uint_eq(sum.places[b], (size_t)times * r.places[b]);
            ck_assert(sum.excess[b] == times * r.excess[b]);
        }
        ck_assert_uint_eq(sum.far_places, (size_t)times * 5);
        ck_assert_uint_eq(sum.other_places, (size_t)times * 11);
        ck_assert(sum.far_excess == times * 2.5 && sum.other_excess == times * 7.0);
    }
}
END_TEST

/* --- curves ----------------------------------------------------------------------------------- */

#define LEARNING \
    "seed,order,symbols,ngrams,bits_per_symbol,nats_per_symbol,perplexity,unknown,bits_named"

/* A stream of `count` letters drawn from ten, with one more that comes late. */
static Text random_letters(int count)
{
    char *learnt = calloc(1, (size_t)count + 1);
    Rng rng = rng_stream(4, 0);
    for (int i = 0; i < count; i++) learnt[i] = (char)('a' + rng_below(&rng, 10));
    learnt[count - 1] = 'x';
    Text text = text_of(learnt, "abcdefghijxy", &as_stream);
    free(learnt);
    return text;
}

/* 4000 symbols, the end included, and the half, and the half of that: 1000 is the least. */
START_TEST(a_learning_curve_has_all_of_the_text_its_half_and_so_on)
{
    Text text = random_letters(3999);
    Curves *c = curves_new(LEARNING);
    study_learning_curve(c, &pairs, 7, &text);
    ck_assert_int_eq(c->rows, 3);
    for (int i = 0; i < 3; i++) {
        Trial t = trial_of(&text, (size_t)1000 << i);
        const NgramScore *s = &t.held_out;
        ck_assert(curves_at(c, i, "seed") == 7 && curves_at(c, i, "order") == 2);
        ck_assert(curves_at(c, i, "symbols") == 1000 << i);
        ck_assert(curves_at(c, i, "ngrams") == (double)t.distinct);
        ck_assert(close_to(curves_at(c, i, "nats_per_symbol"), score_nats(s), 1e-12));
        ck_assert(close_to(curves_at(c, i, "bits_per_symbol"), score_bits(s), 1e-12));
        ck_assert(close_to(curves_at(c, i, "perplexity"), score_perplexity(s), 1e-12));
        ck_assert(curves_at(c, i, "unknown") == (i < 2 ? 2 : 1)); /* x and y, then y */
        ck_assert(close_to(curves_at(c, i, "bits_named"), trial_bits_named(&t), 1e-12));
    }
    curves_free(c);
    text_free(&text);
    text = random_letters(3998); /* 3999 >> 2 is less than 1000 */
    c = curves_new(LEARNING);
    study_learning_curve(c, &pairs, 7, &text);
    ck_assert_int_eq(c->rows, 2);
    ck_assert(curves_at(c, 1, "symbols") == 3999);
    curves_free(c);
    text_free(&text);
}
END_TEST

START_TEST(what_is_infinite_is_no_point_of_a_curve)
{
    Text text = random_letters(500);
    NgramOptions none = {.order = 3, .smoothing = SMOOTHING_NONE};
    Curves *c = curves_new(LEARNING);
    study_learning_curve(c, &none, 1, &text);
    ck_assert_int_eq(c->rows, 1);
    ck_assert(isnan(curves_at(c, 0, "nats_per_symbol")) && isnan(curves_at(c, 0, "perplexity")));
    ck_assert(curves_at(c, 0, "unknown") == 1);
    curves_free(c);
    text_free(&text);
}
END_TEST

START_TEST(a_recall_curve_has_the_mean_of_every_bin_at_its_middle)
{
    Text text = tales_text(200, 60, &as_lines);
    Curves *c = curves_new("seed,order,distance,places,excess_nats");
    Ngram *m = trained(&text, &pairs);
    Recall r = study_recall_curve(c, &pairs, 5, &text), expected = recall_by_hand(m, &text);
    check_same_recall(&r, &expected);
    int row = 0;
    for (int b = 0; b < DISTANCE_BINS; b++) {
        if (expected.places[b] == 0) continue;
        ck_assert_int_lt(row, c->rows);
        ck_assert(curves_at(c, row, "seed") == 5 && curves_at(c, row, "order") == 2);
        ck_assert(curves_at(c, row, "distance") == (b == 0 ? 0 : 8 * b - 4));
        ck_assert(curves_at(c, row, "places") == (double)expected.places[b]);
        ck_assert(close_to(curves_at(c, row, "excess_nats"),
                           expected.excess[b] / (double)expected.places[b], 1e-9));
        row++;
    }
    ck_assert_int_eq(row, c->rows);
    curves_free(c);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* What a FILE * got. */
static const char *all_of(FILE *file)
{
    static char text[1 << 14];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(the_sketch_shows_one_order_against_the_logarithm_of_the_symbols)
{
    Curves *all = curves_new("seed,order,symbols,bits_named");
    Curves *one = curves_new("seed,log10_symbols,bits_named");
    for (int order = 1; order <= 3; order++)
        for (int i = 0; i < 6; i++) {
            double symbols = pow(2, i) * 1000, bits = 5.0 / order - 0.1 * i * order;
            curves_add(all, 1, order, symbols, bits);
            if (order == 2) curves_add(one, 1, log10(symbols), bits);
        }
    char expected[1 << 14];
    FILE *drawn = tmpfile(), *shown = tmpfile();
    curves_draw(drawn, one, "log10_symbols", "bits_named", 1.5, "floor");
    snprintf(expected, sizeof expected, "%s", all_of(drawn));

    Run run = {.terminal = true};
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fileno(shown), STDOUT_FILENO);
    study_sketch(all, &run, 2, 1.5);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    ck_assert_ptr_nonnull(strstr(all_of(shown), expected));
    ck_assert_uint_gt(strlen(expected), 100);
    curves_free(all);
    curves_free(one);
}
END_TEST

static const TTest *const tests[] = {
    a_trial_learns_whole_documents_until_it_has_its_symbols,
    a_trial_learns_the_beginning_of_a_single_document,
    a_trial_knows_how_many_symbols_it_has_not_seen,
    trials_side_by_side_are_the_same_trials,
    an_unknown_symbol_also_pays_for_its_name,
    a_document_is_put_together_if_it_is_no_longer_than_a_tale,
    the_truth_of_a_corpus_is_the_sum_over_its_tales,
    every_place_is_counted_by_its_distance,
    recall_is_refused_where_a_text_is_no_tale,
    recalls_add_up,
    a_learning_curve_has_all_of_the_text_its_half_and_so_on,
    what_is_infinite_is_no_point_of_a_curve,
    a_recall_curve_has_the_mean_of_every_bin_at_its_middle,
    the_sketch_shows_one_order_against_the_logarithm_of_the_symbols,
    NULL,
};

RUN_TESTS("study", tests)
