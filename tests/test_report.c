/* test_report.c: what chapters 1 and 2 print and write about their models: every number stands
 * where it belongs, and is the one that was measured. */
#include "suite.h"

#include "../chapters/1_ngram/report.h"
#include "../chapters/2_transformer/report.h"
#include "tales.h"

/* --- what the tests share --------------------------------------------------------------------- */

static char said[1 << 15];
static int kept;
static FILE *caught;

/* What is printed between the two goes to `said`. */
static void listen(void)
{
    fflush(stdout);
    kept = dup(STDOUT_FILENO);
    caught = tmpfile();
    dup2(fileno(caught), STDOUT_FILENO);
}

static void listened(void)
{
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(caught);
    said[fread(said, 1, sizeof said - 1, caught)] = '\0';
    fclose(caught);
}

#define PRINTED(expression) (listen(), (expression), listened())

static int occurrences(const char *part)
{
    int n = 0;
    for (const char *at = said; (at = strstr(at, part)); at++) n++;
    return n;
}

static void check_said(const char *part)
{
    ck_assert_msg(strstr(said, part) != NULL, "\"%s\" is missing in:\n%s", part, said);
}

static Corpus corpus_of(const char *bytes, const Vocabulary *v, const TextOptions *options)
{
    Corpus c;
    Error err;
    ck_assert_msg(corpus_from_string(&c, bytes, strlen(bytes), "a text", v, options, true, &err),
                  "%s", err.text);
    return c;
}

/* Learns from one text and is judged by the other. */
static Text text_of(const char *train, const char *held_out, Documents documents, Level level)
{
    Text text;
    Error err;
    TextOptions options = {.documents = documents, .level = level};
    char *both = calloc(1, strlen(train) + strlen(held_out) + 1);
    strcat(strcpy(both, train), held_out);
    ck_assert_msg(text_from_string(&text, both, strlen(both), "a text", &options, &err), "%s",
                  err.text);
    corpus_free(&text.train);
    corpus_free(&text.held_out);
    text.train = corpus_of(train, &text.vocabulary, &options);
    if (*held_out) text.held_out = corpus_of(held_out, &text.vocabulary, &options);
    free(both);
    return text;
}

static Ngram *trained(const Text *text, int order)
{
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_KNESER_NEY};
    return ngram_train(&text->train, &text->vocabulary, &options);
}

static double number(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(json, key);
    ck_assert_msg(cJSON_IsNumber(item), "no %s", key);
    return item->valuedouble;
}

/* --- chapter 1: symbols ----------------------------------------------------------------------- */

static void check_printed(const Ngram *m, const Text *text, Level level, const int *ids, int count,
                          const char *expected)
{
    PRINTED(print_symbols(m, text, level, ids, count));
    ck_assert_str_eq(said, expected);
}

START_TEST(symbols_that_can_not_be_seen_are_shown_by_name)
{
    Text lines = text_of("b\nab\n", "ab\n", TEXT_LINES, TEXT_CHARS); /* the end, a, b */
    Ngram *m = trained(&lines, 2);
    int ids[] = {m->start, 1, 2, m->start + 1, m->end};
    check_printed(m, &lines, TEXT_CHARS, ids, 5, "<s>ab<unk><end>");
    check_printed(m, &lines, TEXT_WORDS, ids, 5, "<s> a b <unk> <end>");
    check_printed(m, &lines, TEXT_WORDS, ids, 1, "<s>");
    ngram_free(m);
    text_free(&lines);
    Text stream = text_of("a\nb", "ab", TEXT_STREAM, TEXT_CHARS); /* newline, a, b */
    m = trained(&stream, 2);
    int broken[] = {1, 0, 2, m->end};
    check_printed(m, &stream, TEXT_CHARS, broken, 4, "a\\nb<end>");
    ngram_free(m);
    text_free(&stream);
}
END_TEST

/* --- chapter 1: the chain rule ---------------------------------------------------------------- */

/* The row of symbol i of a document: its probability, the sum so far, and what is remembered. */
static void check_row(const Ngram *m, const Text *text, const int *ids, int count, int i,
                      bool there)
{
    double sum = 0, last = 0;
    for (int k = 0; k <= i; k++)
        sum += last = ngram_logprob(m, ids, k, k < count ? ids[k] : m->end);
    char row[128];
    snprintf(row, sizeof row, "\n  %9.6f %9.3f %9.3f   %s  after  \"", exp(last), last, sum,
             i < count ? text->vocabulary.symbol[ids[i]] : "<end>");
    ck_assert_msg((strstr(said, row) != NULL) == there, "%d of %d: %s %s:\n%s", i, count, row,
                  there ? "is missing in" : "is in", said);
}

/* A document of `count` different letters: every row is its own. */
static const char *alphabet(int count)
{
    static char letters[64];
    for (int i = 0; i < count; i++) letters[i] = (char)('A' + i);
    letters[count] = '\0';
    return letters;
}

/* The first twelve and the last four of a document's symbols and its end; "..." for the others. */
START_TEST(the_chain_rule_shows_twelve_symbols_and_the_last_four)
{
    for (int count = 8; count <= 20; count++) {
        char line[80];
        snprintf(line, sizeof line, "%s\n", alphabet(count));
        Text text = text_of(line, line, TEXT_LINES, TEXT_CHARS);
        Ngram *m = trained(&text, 2);
        const int *ids = text.held_out.ids;
        PRINTED(print_chain_rule(m, &text, TEXT_CHARS));
        for (int i = 0; i <= count; i++)
            check_row(m, &text, ids, count, i, i < 12 || i > count - 4);
        ck_assert_int_eq(occurrences("  after  \""), count < 16 ? count + 1 : 16);
        ck_assert_int_eq(occurrences("        ...\n"), count < 16 ? 0 : 1);
        char total[160];
        snprintf(total, sizeof total, "\n  log P = %.3f for \"%s\"\n",
                 ngram_score(m, ids, (size_t)count, NULL), alphabet(count));
        check_said(total);
        check_said("The chain rule with order 2: P(text) is the product of P(character |");
        ck_assert(!strstr(said, "by the grammar"));
        ngram_free(m);
        text_free(&text);
    }
}
END_TEST

START_TEST(what_is_remembered_stands_behind_each_symbol)
{
    Text text = text_of("abcdefgh\n", "abcdefgh\n", TEXT_LINES, TEXT_CHARS);
    Ngram *m = trained(&text, 3);
    PRINTED(print_chain_rule(m, &text, TEXT_CHARS));
    check_said("   a  after  \"<s>\"\n");
    check_said("   b  after  \"<s>a\"\n");
    check_said("   c  after  \"ab\"\n");
    check_said("   <end>  after  \"gh\"\n");
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* The shortest of at least eight symbols, the first of several; else one that was learnt from. */
START_TEST(the_chain_rule_takes_a_short_document)
{
    static const struct {
        const char *train, *held_out, *shown;
    } cases[] = {
        {"xyz\n", "abcdefg\nabcdefghijkl\nabcdefghi\nbcdefghi\ncdefghij\n", "bcdefghi"},
        {"xyz\n", "abcdefghijkl\nabcdefghi\n", "abcdefghi"},
        {"hgfedcba\nhgfedcbaa\n", "abcdefg\n", "hgfedcba"},
    };
    for (int i = 0; i < 3; i++) {
        char end[64];
        Text text = text_of(cases[i].train, cases[i].held_out, TEXT_LINES, TEXT_CHARS);
        Ngram *m = trained(&text, 2);
        PRINTED(print_chain_rule(m, &text, TEXT_CHARS));
        snprintf(end, sizeof end, " for \"%s\"\n", cases[i].shown);
        check_said(end);
        ngram_free(m);
        text_free(&text);
    }
    Text text = text_of("abcdefg\n", "abc\n", TEXT_LINES, TEXT_CHARS);
    Ngram *m = trained(&text, 2);
    PRINTED(print_chain_rule(m, &text, TEXT_CHARS));
    ck_assert_str_eq(said, "");
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* Of a thousand symbols the first 24, and no end. */
START_TEST(of_a_long_document_the_chain_rule_shows_the_beginning)
{
    for (int count = 999; count <= 1000; count++) {
        char *line = calloc(1, (size_t)count + 1), total[160];
        for (int i = 0; i < count; i++) line[i] = (char)('A' + i % 24);
        Text text = text_of(line, line, TEXT_STREAM, TEXT_CHARS);
        Ngram *m = trained(&text, 2);
        PRINTED(print_chain_rule(m, &text, TEXT_CHARS));
        double sum = 0, each[1001];
        double whole = ngram_score(m, text.held_out.ids, (size_t)count, each);
        for (int i = 0; i < 24; i++) sum += each[i];
        snprintf(total, sizeof total, "\n  log P = %.3f for \"%.*s\"\n", count < 1000 ? whole : sum,
                 count < 1000 ? count : 24, line);
        check_said(total);
        ck_assert_int_eq(strstr(said, "<end>") != NULL, count < 1000);
        ck_assert_int_eq(occurrences("  after  \""), 16);
        ngram_free(m);
        text_free(&text);
        free(line);
    }
}
END_TEST

START_TEST(the_chain_rule_of_a_tale_is_compared_with_the_grammar)
{
    char tale[TALE_MAX + 1], lines[TALE_MAX + 2], truth[80];
    Rng rng = rng_stream(1, 1);
    double logprob = tales_draw(tale, &rng);
    snprintf(lines, sizeof lines, "%s\n", tale);
    for (int level = 0; level < 2; level++) {
        Text text = text_of(lines, lines, TEXT_LINES, (Level)level);
        Ngram *m = trained(&text, 2);
        PRINTED(print_chain_rule(m, &text, (Level)level));
        snprintf(truth, sizeof truth, "\n  log P = %.3f by the grammar that drew it\n", logprob);
        if (level == TEXT_CHARS || text.held_out.start[1] >= 8) check_said(truth);
        ngram_free(m);
        text_free(&text);
    }
}
END_TEST

/* --- chapter 1: tables ------------------------------------------------------------------------ */

/* nats per symbol: 1, 2, 3 ...; the third has 5 impossible symbols */
static NgramScore score_of(int i)
{
    size_t scored = 10;
    return (NgramScore){.scored = scored,
                        .unknown = 2,
                        .impossible = i == 3 ? 5 : 0,
                        .logprob = -i * (double)scored,
                        .logprob_known = -0.5 * i * (double)scored};
}

/* Two orders, with every smoothing; the second has little text left out. */
static void fill_results(Result results[2])
{
    memset(results, 0, 2 * sizeof *results);
    for (int i = 0; i < 2; i++) {
        results[i].options = (NgramOptions){.order = i + 3, .smoothing = SMOOTHING_ADD_K};
        results[i].all = (Comparison){.symbols = 6400, .distinct = (size_t)(700 + i)};
        for (int s = 0; s < SMOOTHINGS; s++) results[i].all.held_out[s] = score_of(1 + s + 3 * i);
        results[i].eval = score_of(7 + i);
    }
    results[0].little = (Comparison){.symbols = 100, .distinct = 77};
    results[0].little.held_out[SMOOTHING_ADD_K] = score_of(9);
}

START_TEST(the_table_has_every_smoothing_of_every_order)
{
    Result results[2];
    char row[2][160], truth[160];
    fill_results(results);
    PRINTED(print_table(results, 2, TEXT_CHARS, 1.25));
    snprintf(row[0], sizeof row[0], "\n  %5d %10d %18.4f %18.4f infinite (%7d)  %8.4f\n", 3, 700,
             exp(1), exp(2), 5, 2 / log(2));
    snprintf(row[1], sizeof row[1], "\n  %5d %10d %18.4f %18.4f %18.4f  %8.4f\n", 4, 701, exp(4),
             exp(5), exp(6), 5 / log(2));
    snprintf(truth, sizeof truth, " %18.4f  %8.4f\n", exp(1.25), 1.25 / log(2));
    check_said(row[0]);
    check_said(row[1]);
    check_said("(in brackets: held-out symbols that get probability 0)");
    check_said("the truth  ");
    check_said(truth);
    check_said("bits/character\n");
    const char *little = strstr(said, "after 100 symbols"),
               *all = strstr(said, "after 6400 symbols");
    ck_assert(little && all && little < all);
    snprintf(row[0], sizeof row[0], "\n  %5d %10d %18s %18.4f %18s  %8.4f\n", 3, 77, "", exp(9), "",
             9 / log(2));
    check_said(row[0]);
    snprintf(row[1], sizeof row[1], "\n  %5d %10d %18s %18s %18s\n", 4, 0, "", "", "");
    check_said(row[1]);
}
END_TEST

START_TEST(the_table_leaves_out_what_is_not_there)
{
    Result results[2];
    fill_results(results);
    results[0].little.symbols = 0;
    results[0].all.held_out[SMOOTHING_KNESER_NEY].impossible = 1;
    PRINTED(print_table(results, 1, TEXT_WORDS, NAN));
    check_said("infinite (      1)");
    check_said("(in brackets");
    results[0].all.held_out[SMOOTHING_KNESER_NEY].impossible = 0;
    PRINTED(print_table(results, 1, TEXT_WORDS, NAN));
    ck_assert_int_eq(occurrences("Perplexity on held-out text"), 1);
    ck_assert(!strstr(said, "in brackets") && !strstr(said, "truth"));
    check_said("bits/word\n");
    results[0].little.symbols = 1;
    PRINTED(print_table(results, 1, TEXT_WORDS, NAN));
    check_said("after 1 symbols");
}
END_TEST

START_TEST(a_single_symbol_has_a_score_too)
{
    Result results[2];
    char row[160];
    fill_results(results);
    results[0].little = (Comparison){0};
    results[0].all.symbols = 1;
    for (int s = 0; s < SMOOTHINGS; s++)
        results[0].all.held_out[s] = (NgramScore){.scored = 1, .logprob = -s};
    PRINTED(print_table(results, 1, TEXT_CHARS, NAN));
    snprintf(row, sizeof row, "\n  %5d %10d %18.4f %18.4f %18.4f  %8.4f\n", 3, 700, exp(0), exp(1),
             exp(2), 1 / log(2));
    check_said(row);
    cJSON *json = smoothings_json(results, 1);
    const cJSON *all = cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "with_all");
    ck_assert(number(cJSON_GetObjectItem(all, "add-k"), "nats_per_symbol") == 1);
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_table_of_scores_has_its_numbers_below_their_heads)
{
    for (int level = 0; level < 2; level++) {
        Result results[2];
        char head[32];
        fill_results(results);
        PRINTED(print_eval(results, 2, "story", "hen.arpa", (Level)level));
        check_said("\nstory, by the model in hen.arpa:\n"); /* its smoothing is not known */
        PRINTED(print_eval(results, 2, "story", NULL, (Level)level));
        check_said("\nstory, add-k smoothing:\n");
        snprintf(head, sizeof head, "bits/%s", level == TEXT_WORDS ? "word" : "character");
        check_said(head);
        const char *line = strstr(said, "  order"), *row = strchr(line, '\n') + 1;
        int end = (int)(strstr(line, head) + strlen(head) - line);
        for (int i = 0; i < 2; i++, row = strchr(row, '\n') + 1) {
            int order, scored, unknown, impossible;
            double perplexity, known, bits;
            ck_assert_int_eq(sscanf(row, "%d %lf %lf %lf %d %d %d", &order, &perplexity, &known,
                                    &bits, &scored, &unknown, &impossible),
                             7);
            const NgramScore *s = &results[i].eval;
            ck_assert(order == 3 + i && scored == 10 && unknown == 2 && impossible == 0);
            ck_assert(fabs(perplexity - score_perplexity(s)) < 1e-5 &&
                      fabs(known - score_perplexity_known(s)) < 1e-5 &&
                      fabs(bits - score_bits(s)) < 1e-4);
            ck_assert(row[end - 1] != ' ' && row[end] == ' ');
        }
    }
}
END_TEST

START_TEST(what_far_places_cost_is_told_where_it_is_known)
{
    Recall r = {.far_places = 4, .far_excess = 10, .other_places = 8, .other_excess = 6};
    PRINTED(print_recall(&r, 3));
    check_said("40 or more characters back, order 3 pays\n2.500 nats more than the truth; "
               "everywhere else 0.750.\n");
    r.far_places = 1;
    PRINTED(print_recall(&r, 3));
    check_said("10.000 nats");
    r.far_excess = INFINITY;
    PRINTED(print_recall(&r, 3));
    ck_assert_str_eq(said, "");
    r.far_excess = 1, r.other_excess = INFINITY;
    PRINTED(print_recall(&r, 3));
    ck_assert_str_eq(said, "");
    r.other_excess = 1, r.far_places = 0;
    PRINTED(print_recall(&r, 3));
    ck_assert_str_eq(said, "");
}
END_TEST

/* --- chapter 1: JSON -------------------------------------------------------------------------- */

static void check_score(const cJSON *json, const NgramScore *s)
{
    ck_assert(close_to(number(json, "perplexity"), score_perplexity(s), 1e-12));
    ck_assert(
        close_to(number(json, "perplexity_without_unknown"), score_perplexity_known(s), 1e-12));
    ck_assert(close_to(number(json, "bits_per_symbol"), score_bits(s), 1e-12));
    ck_assert(close_to(number(json, "nats_per_symbol"), score_nats(s), 1e-12));
    ck_assert(number(json, "scored") == (double)s->scored);
    ck_assert(number(json, "unknown") == (double)s->unknown);
    ck_assert(number(json, "impossible") == (double)s->impossible);
}

START_TEST(a_score_is_written_with_all_its_numbers_or_null)
{
    NgramScore s = score_of(3), none = {0}, one = {.scored = 1, .logprob = -1, .logprob_known = -1};
    cJSON *json = score_json(&s), *null = score_json(&none), *single = score_json(&one);
    check_score(json, &s);
    check_score(single, &one);
    ck_assert(cJSON_IsNull(null));
    cJSON_Delete(json);
    cJSON_Delete(null);
    cJSON_Delete(single);
}
END_TEST

START_TEST(a_result_is_written_with_every_order_of_its_model)
{
    Result results[2];
    fill_results(results);
    Text text = text_of("abracadabra\n", "abra\n", TEXT_LINES, TEXT_CHARS);
    results[0].model = trained(&text, 3);
    results[0].train_seconds = 1.5, results[0].score_seconds = 0.25;
    cJSON *json = result_json(&results[0]);
    ck_assert(number(json, "order") == 3);
    ck_assert_str_eq(cJSON_GetObjectItem(json, "smoothing")->valuestring, "add-k");
    ck_assert(number(json, "distinct_ngrams") == 700);
    ck_assert(number(json, "train_seconds") == 1.5 && number(json, "score_seconds") == 0.25);
    check_score(cJSON_GetObjectItem(json, "held_out"), &results[0].all.held_out[SMOOTHING_ADD_K]);
    check_score(cJSON_GetObjectItem(json, "eval"), &results[0].eval);
    const cJSON *orders = cJSON_GetObjectItem(json, "ngrams");
    ck_assert_int_eq(cJSON_GetArraySize(orders), 3);
    for (int n = 1; n <= 3; n++) {
        const cJSON *order = cJSON_GetArrayItem(orders, n - 1);
        const cJSON *discounts = cJSON_GetObjectItem(order, "discounts");
        ck_assert(number(order, "n") == n);
        ck_assert(number(order, "distinct") == (double)ngram_distinct(results[0].model, n));
        ck_assert_int_eq(cJSON_GetArraySize(discounts), 3);
        for (int k = 0; k < 3; k++)
            ck_assert(cJSON_GetArrayItem(discounts, k)->valuedouble ==
                      results[0].model->discount[n][k + 1]);
    }
    cJSON_Delete(json);
    ngram_free(results[0].model);
    text_free(&text);
}
END_TEST

START_TEST(smoothings_are_written_where_they_were_measured)
{
    Result results[2];
    fill_results(results);
    cJSON *json = smoothings_json(results, 2);
    ck_assert_int_eq(cJSON_GetArraySize(json), 2);
    for (int i = 0; i < 2; i++) {
        const cJSON *order = cJSON_GetArrayItem(json, i);
        const cJSON *all = cJSON_GetObjectItem(order, "with_all");
        const cJSON *little = cJSON_GetObjectItem(order, "with_little");
        ck_assert(number(order, "order") == 3 + i);
        ck_assert(number(all, "train_symbols") == 6400 &&
                  number(all, "distinct_ngrams") == 700 + i);
        for (int s = 0; s < SMOOTHINGS; s++)
            check_score(cJSON_GetObjectItem(all, smoothing_names[s]), &results[i].all.held_out[s]);
        if (i == 1) {
            ck_assert(cJSON_IsNull(little));
            continue;
        }
        ck_assert(number(little, "train_symbols") == 100 &&
                  number(little, "distinct_ngrams") == 77);
        ck_assert_int_eq(cJSON_GetArraySize(little), 3);
        check_score(cJSON_GetObjectItem(little, "add-k"), &results[0].little.held_out[1]);
    }
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_text_is_written_with_its_sizes)
{
    Text text = text_of("abc\nde\n", "a\nb\nfg\n", TEXT_LINES, TEXT_CHARS);
    cJSON *json = text_json(&text, "some text");
    ck_assert_str_eq(cJSON_GetObjectItem(json, "name")->valuestring, "some text");
    ck_assert(number(json, "vocabulary") == 8);
    ck_assert(number(json, "train_documents") == 2 && number(json, "train_symbols") == 7);
    ck_assert(number(json, "held_out_documents") == 3 && number(json, "held_out_symbols") == 7);
    cJSON_Delete(json);
    text_free(&text);
}
END_TEST

START_TEST(the_truth_is_written_by_the_symbol_the_tale_and_the_place)
{
    Recall r = {.far_places = 4, .far_excess = 10, .other_places = 8, .other_excess = 6},
           none = {0};
    cJSON *json = truth_json(1.25, &r), *less = truth_json(1.25, &none);
    ck_assert(number(json, "held_out_nats_per_symbol") == 1.25);
    ck_assert(close_to(number(json, "held_out_bits_per_symbol"), 1.25 / log(2), 1e-12));
    ck_assert(number(json, "entropy_nats_per_tale") == tales_entropy());
    ck_assert(close_to(number(json, "entropy_nats_per_character") * tales_mean_length(),
                       tales_entropy(), 1e-12));
    ck_assert(number(json, "far_distance") == DISTANCE_FAR);
    ck_assert(number(json, "far_excess_nats") == 2.5 &&
              number(json, "elsewhere_excess_nats") == 0.75);
    ck_assert_int_eq(cJSON_GetArraySize(less), 4);
    cJSON_Delete(json);
    cJSON_Delete(less);
    r.far_places = 1;
    json = truth_json(1.25, &r);
    ck_assert(number(json, "far_excess_nats") == 10);
    cJSON_Delete(json);
}
END_TEST

/* --- chapter 2: losses ------------------------------------------------------------------------ */

START_TEST(losses_stand_side_by_side)
{
    double truth[1] = {0};
    Yardstick y = {.uniform = 4, .order = 5, .floor = 0.5, .symbols = 123, .truth = truth};
    char row[3][128];
    y.ngram = (Score){.nats = 1.5, .far = 3.25, .near = 0.125};
    PRINTED(report_scores(&y, (Score){.nats = 1, .far = 2.5, .near = 0.25}));
    check_said("held-out text, 123 symbols");
    check_said("40+ characters back");
    snprintf(row[0], 128, "\n  %-24s %9.4f    %9.4f\n", "uniform", 4.0, 4 / log(2));
    snprintf(row[1], 128, "\n  %-24s %9.4f    %9.4f   %16.4f   %16.4f\n", "best n-gram (order 5)",
             1.5, 1.5 / log(2), 3.25, 0.125);
    snprintf(row[2], 128, "\n  %-24s %9.4f    %9.4f   %16.4f   %16.4f\n", "transformer", 1.0,
             1 / log(2), 2.5, 0.25);
    for (int i = 0; i < 3; i++) check_said(row[i]);
    snprintf(row[0], 128, "\n  %-24s %9.4f    %9.4f   %16.4f   %16.4f\n", "the truth (floor)", 0.5,
             0.5 / log(2), 0.0, 0.0);
    check_said(row[0]);

    y.truth = NULL, y.order = 0;
    PRINTED(report_scores(&y, (Score){.nats = 1, .far = NAN, .near = NAN}));
    ck_assert(!strstr(said, "n-gram") && !strstr(said, "truth") && !strstr(said, "excess"));
    snprintf(row[2], 128, "\n  %-24s %9.4f    %9.4f\n", "transformer", 1.0, 1 / log(2));
    check_said(row[2]);
    y.order = 1;
    PRINTED(report_scores(&y, (Score){.nats = 1, .far = NAN, .near = NAN}));
    check_said("best n-gram (order 1)");
}
END_TEST

START_TEST(a_loss_is_written_with_its_excess_where_it_is_known)
{
    cJSON *json = cJSON_CreateObject();
    report_json(json, "all", (Score){.nats = 1.5, .far = 3, .near = 0.25});
    report_json(json, "less", (Score){.nats = 2, .far = NAN, .near = NAN});
    const cJSON *all = cJSON_GetObjectItem(json, "all"), *less = cJSON_GetObjectItem(json, "less");
    ck_assert(number(all, "nats_per_symbol") == 1.5);
    ck_assert(close_to(number(all, "bits_per_symbol"), 1.5 / log(2), 1e-12));
    ck_assert(number(all, "excess_where_far") == 3 && number(all, "excess_elsewhere") == 0.25);
    ck_assert(number(less, "nats_per_symbol") == 2);
    ck_assert_int_eq(cJSON_GetArraySize(less), 2);
    cJSON_Delete(json);
}
END_TEST

/* --- chapter 2: files ------------------------------------------------------------------------- */

static void read_file(const char *path, char *text, size_t size)
{
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s is missing", path);
    text[fread(text, 1, size - 1, in)] = '\0';
    fclose(in);
}

START_TEST(ids_are_written_window_by_window)
{
    char path[] = "/tmp/test_report_XXXXXX", text[256];
    close(mkstemp(path));
    Text lines = text_of("abc\nd\n", "a\n", TEXT_LINES, TEXT_CHARS);
    Windows *w = windows_new(&lines.train, 0, 3);
    ck_assert(report_ids(path, w, NULL));
    read_file(path, text, sizeof text);
    ck_assert_str_eq(text, "[[0, 1, 2, 3],\n [3, 0],\n [0, 4, 0]]\n");
    windows_free(w);
    text_free(&lines);
    unlink(path);
}
END_TEST

/* The document is read behind its end symbol, which is row 0 and no word. */
static void check_words(const char *line, Documents documents, const char *expected)
{
    char dir[] = "/tmp/test_report_XXXXXX", command[64], text[1024];
    Run run = {.held = -1};
    Error err;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(run.dir, sizeof run.dir, "%s", dir);
    Text read = text_of(line, line, documents, TEXT_CHARS);
    TransformerShape shape = {2, 3, 12, 40, read.vocabulary.size};
    Transformer *t = transformer_new(&shape, 1);
    for (size_t i = 0; i < t->size; i++) t->weights.base[i] *= 30; /* attention of all sizes */
    Windows *w = windows_new(&read.held_out, read.vocabulary.end, shape.context);
    ck_assert_msg(report_attention(&run, t, w, &read.vocabulary, &err), "%s", err.text);
    read_file(run_path(&run, "attention_words.csv"), text, sizeof text);
    ck_assert_str_eq(text, expected);

    Sequences *s = sequences_new(1, shape.context);
    windows_add(w, 0, s);
    int N = batch_rows(&s->batch), row = 0;
    Activations *a = activations_new(&shape, N, true);
    transformer_forward(t, a, &s->batch, NULL);
    Curves *c = curves_new("layer,head,row,column,weight");
    ck_assert_msg(curves_load(c, run_path(&run, "attention.csv"), &err), "%s", err.text);
    for (int i = 0; i < 2 * 3 * N * N; i++) { /* by layer, head, row and column */
        int layer = i / (3 * N * N), head = i / (N * N) % 3, from = i / N % N, to = i % N;
        double weight = mat_row(a->block[layer].att, head * N + from)[to];
        if (to > from || !(weight >= 0.01)) continue;
        ck_assert_int_lt(row, c->rows);
        ck_assert(curves_at(c, row, "layer") == layer + 1 && curves_at(c, row, "head") == head + 1);
        ck_assert(curves_at(c, row, "row") == from && curves_at(c, row, "column") == to);
        ck_assert(close_to(curves_at(c, row, "weight"), weight, 1e-8));
        row++;
    }
    ck_assert_int_eq(row, c->rows);
    ck_assert_int_lt(row, 2 * 3 * N * (N + 1) / 2); /* some are smaller */
    curves_free(c);
    activations_free(a);
    sequences_free(s);
    windows_free(w);
    transformer_free(t);
    text_free(&read);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(attention_is_written_with_the_words_that_are_read)
{
    check_words("the  old hen\n", TEXT_LINES, "row,word\n1,\"the\"\n6,\"old\"\n10,\"hen\"\n");
    check_words("a \"b\" cd\n", TEXT_LINES, "row,word\n1,\"a\"\n3,\"b\"\n7,\"cd\"\n");
    check_words("abcdefghijkl m\n", TEXT_LINES, "row,word\n1,\"abcdefghijkl\"\n14,\"m\"\n");
    check_words("abcdefghijklmn o\n", TEXT_LINES, /* a script without blanks */
                "row,word\n1,\"abcdefghijkl\"\n13,\"mn\"\n16,\"o\"\n");
    check_words("xab\ncd e", TEXT_STREAM,
                "row,word\n1,\"ab\"\n4,\"cd\"\n"); /* e is only predicted */
}
END_TEST

static const TTest *const tests[] = {
    symbols_that_can_not_be_seen_are_shown_by_name,
    the_chain_rule_shows_twelve_symbols_and_the_last_four,
    what_is_remembered_stands_behind_each_symbol,
    the_chain_rule_takes_a_short_document,
    of_a_long_document_the_chain_rule_shows_the_beginning,
    the_chain_rule_of_a_tale_is_compared_with_the_grammar,
    the_table_has_every_smoothing_of_every_order,
    the_table_leaves_out_what_is_not_there,
    a_single_symbol_has_a_score_too,
    a_table_of_scores_has_its_numbers_below_their_heads,
    what_far_places_cost_is_told_where_it_is_known,
    a_score_is_written_with_all_its_numbers_or_null,
    a_result_is_written_with_every_order_of_its_model,
    smoothings_are_written_where_they_were_measured,
    a_text_is_written_with_its_sizes,
    the_truth_is_written_by_the_symbol_the_tale_and_the_place,
    losses_stand_side_by_side,
    a_loss_is_written_with_its_excess_where_it_is_known,
    ids_are_written_window_by_window,
    attention_is_written_with_the_words_that_are_read,
    NULL,
};

RUN_TESTS("report", tests)
