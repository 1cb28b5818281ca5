/* test_arpa.c: models written in ARPA format and read back, what other tools write, and broken
 * files. */
#include "suite.h"

#include "arpa.h"
#include "error.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/test_arpa_XXXXXX";

/* An empty file of a name that nobody else has; a test that follows gets another. */
static void new_file(void)
{
    strcpy(path, "/tmp/test_arpa_XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void write_file(const char *content)
{
    new_file();
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(content, f);
    ck_assert_int_eq(fclose(f), 0);
}

static char *read_back(void)
{
    static char content[1 << 16];
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    content[fread(content, 1, sizeof content - 1, f)] = '\0';
    fclose(f);
    return content;
}

/* --- round trips
 * ---------------------------------------------------------------------------------- */

static double score_of(const Ngram *m, const Vocabulary *v, const char *bytes,
                       const TextOptions *options, NgramScore *s)
{
    Corpus corpus;
    Error err;
    ck_assert_msg(
        corpus_from_string(&corpus, bytes, strlen(bytes), "a text", v, options, true, &err), "%s",
        err.text);
    *s = ngram_evaluate(m, &corpus);
    corpus_free(&corpus);
    return s->logprob;
}

/* Trains, writes, reads; both models must give the second text the same score. */
static void check_round_trip(const char *train, const char *eval, Documents documents, Level level,
                             int order, Smoothing smoothing)
{
    Text text;
    Error err;
    Vocabulary v;
    NgramScore before, after;
    TextOptions options = {.documents = documents, .level = level};
    NgramOptions kind = {.order = order, .smoothing = smoothing, .k = 0.25};
    ck_assert(text_from_string(&text, train, strlen(train), "a text", &options, &err));
    Ngram *m = ngram_train(&text.train, &text.vocabulary, &kind);
    new_file();
    ck_assert_msg(arpa_save(path, m, &text.vocabulary, &err), "%s", err.text);
    Ngram *read = arpa_load(path, documents, &v, &err);
    ck_assert_msg(read != NULL, "%s", err.text);

    ck_assert_int_eq(read->order, order);
    ck_assert_uint_eq(read->trie.count, m->trie.count);
    double written = score_of(m, &text.vocabulary, eval, &options, &before);
    double loaded = score_of(read, &v, eval, &options, &after);
    ck_assert_msg(close_to(written, loaded, 1e-7), "%.12g, read back %.12g", written, loaded);
    ck_assert_uint_eq(before.scored, after.scored);
    ck_assert_uint_eq(before.unknown, after.unknown);
    ck_assert_uint_eq(before.impossible, after.impossible);
    ngram_free(m);
    ngram_free(read);
    vocabulary_free(&v);
    text_free(&text);
    remove(path);
}

static const char rhyme[] =
    "one duck, two ducks,\nthree ducks swim.\ntwo ducks dive and\none falls in.\n";

START_TEST(a_model_read_back_gives_the_same_scores)
{
    for (int order = 1; order <= 6; order++)
        for (int smoothing = 0; smoothing < 3; smoothing++)
            for (int level = 0; level < 2; level++)
                for (int documents = 0; documents < 2; documents++)
                    check_round_trip(rhyme, "two ducks swim and\none falls, Quack!\n",
                                     (Documents)documents, (Level)level, order,
                                     (Smoothing)smoothing);
}
END_TEST

START_TEST(chinese_and_white_space_of_all_kinds_survive)
{
    const char text[] = "小猫\t看鱼\n\n小狗\xe3\x80\x80看花\r\n\xc2\xa0 \v\n";
    check_round_trip(text, "小猫看花\n\t\xe3\x80\x80", TEXT_STREAM, TEXT_CHARS, 3,
                     SMOOTHING_KNESER_NEY);
}
END_TEST

START_TEST(words_that_look_like_the_formats_own_survive)
{
    const char text[] =
        "<s> is no </s> but\n<unk> <UNK> <U+0020> a<U+0041> < > \\end\\\n\\data\\ <s>\n";
    check_round_trip(text, "<s> < </s>\na<U+0041> \\end\\ aA <unk>\n", TEXT_LINES, TEXT_WORDS, 2,
                     SMOOTHING_KNESER_NEY);
}
END_TEST

/* --- the format
 * ----------------------------------------------------------------------------------- */

START_TEST(symbols_are_spelled_so_that_nothing_collides)
{
    const char *pairs[][2] = {{" ", "<U+0020>"},
                              {"\n", "<U+000A>"},
                              {"\xe3\x80\x80", "<U+3000>"},
                              {"a", "a"},
                              {"<", "<"},
                              {"<s>", "<U+003C>s>"},
                              {"<b>", "<b>"},
                              {"</s>", "<U+003C>/s>"},
                              {"<unk>", "<U+003C>unk>"},
                              {"鱼", "鱼"},
                              {"<U+0020>", "<U+003C>U+0020>"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[128], back[128];
        arpa_spell(out, pairs[i][0]);
        ck_assert_str_eq(out, pairs[i][1]);
        arpa_unspell(back, out, strlen(out));
        ck_assert_str_eq(back, pairs[i][0]);
    }
}
END_TEST

START_TEST(what_only_begins_like_an_escape_stands_for_itself)
{
    const char *fields[] = {"<U+", "<U+>", "<U+00", "<U+20 >", "<U+110000>", "<U+0>"};
    for (int i = 0; i < 6; i++) {
        char back[64];
        arpa_unspell(back, fields[i], strlen(fields[i]));
        ck_assert_str_eq(back, fields[i]);
    }
}
END_TEST

/* ab, order 2, add-k with k = 1: W = 4. P(a | <s>) = 2/5 and so on; unseen history: 1/4. */
START_TEST(the_file_is_written_as_the_format_demands)
{
    int ids[] = {0, 1};
    size_t start[] = {0, 2};
    char *symbols[] = {(char[]){"a"}, (char[]){"b"}};
    Corpus corpus = {.documents = 1, .start = start, .ids = ids};
    Vocabulary v;
    Error err;
    vocabulary_make(&v, symbols, 2, -1);
    NgramOptions options = {.order = 2, .smoothing = SMOOTHING_ADD_K, .k = 1};
    Ngram *m = ngram_train(&corpus, &v, &options);
    new_file();
    ck_assert(arpa_save(path, m, &v, &err));
    ck_assert_str_eq(read_back(), "\\data\\\nngram 1=5\nngram 2=3\n\n"
                                  "\\1-grams:\n"
                                  "-99\t<s>\t-0.096910013\n"
                                  "-0.602059991\t<unk>\t0\n"
                                  "-0.602059991\t</s>\t0\n"
                                  "-0.602059991\ta\t-0.096910013\n"
                                  "-0.602059991\tb\t-0.096910013\n\n"
                                  "\\2-grams:\n"
                                  "-0.397940009\t<s> a\n"
                                  "-0.397940009\ta b\n"
                                  "-0.397940009\tb </s>\n\n"
                                  "\\end\\\n");
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

/* Written by hand as other tools do: text in front, blanks for tabs and at the beginning of lines
 * or alone on one, <s> with log10 P = 0, "b c" missing below "a b c" (pruned), no <unk>. */
START_TEST(files_of_other_tools_are_read)
{
    Error err;
    Vocabulary v;
    write_file("made by hand\n\n\\data\\\nngram 1=5\nngram 2=1\nngram 3=1\n\n\\1-grams:\n"
               "0 <s> -0.5\n-1 </s>\n-0.3\ta\t-0.2\r\n  -0.4 b -0.25\n\t-0.6 c\n \t\n\\2-grams:\n"
               "-0.1 a b -0.7\n\n\\3-grams:\n-0.05 a b c\n\n\\end\\\n");
    Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_int_eq(v.end, 0);
    int a = vocabulary_find(&v, "a", 1), b = vocabulary_find(&v, "b", 1);
    int c = vocabulary_find(&v, "c", 1), ab[] = {a, b}, xb[] = {c, b}, bc[] = {b, c};
    double ten = log(10);
    ck_assert(close_to(ngram_logprob(m, ab, 2, c), -0.05 * ten, 1e-12));
    ck_assert(
        close_to(ngram_logprob(m, xb, 2, c), (-0.25 - 0.6) * ten, 1e-12)); /* b c by back-off */
    ck_assert(close_to(ngram_logprob(m, ab, 2, m->end), (-0.7 - 0.25 - 1) * ten, 1e-12));
    ck_assert(close_to(ngram_logprob(m, NULL, 0, a), (-0.5 - 0.3) * ten, 1e-12));
    ck_assert(close_to(ngram_logprob(m, bc, 2, a), -0.3 * ten, 1e-12)); /* weight 0 */
    ck_assert(ngram_logprob(m, ab, 2, SYMBOL_UNKNOWN) == -INFINITY);
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

/* "a x b" by a model in which x is unknown, under the name that a tool gives it. */
static double score_with_unknown(const char *unknown, int *symbols)
{
    char content[256];
    Error err;
    Vocabulary v;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS};
    NgramScore s;
    snprintf(content, sizeof content,
             "\\data\\\nngram 1=5\nngram 2=1\n\n\\1-grams:\n-99 <s> -0.5\n-1 </s>\n"
             "-0.7 %s -0.2\n-0.3 a -0.4\n-0.6 b -0.1\n\n\\2-grams:\n-0.25 %s b\n\n\\end\\\n",
             unknown, unknown);
    write_file(content);
    Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    double score = score_of(m, &v, "axb\n", &options, &s);
    ck_assert_uint_eq(s.unknown, 1);
    *symbols = v.size;
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
    return score;
}

/* P(b | <unk>) is in the file; a, <unk> and </s> come by back-off. */
START_TEST(srilms_name_of_the_unknown_is_as_good_as_the_other)
{
    int symbols, others;
    double score = score_with_unknown("<unk>", &symbols);
    ck_assert(close_to(score, (-0.5 - 0.3 - 0.4 - 0.7 - 0.25 - 0.1 - 1) * log(10), 1e-12));
    ck_assert(score_with_unknown("<UNK>", &others) == score);
    ck_assert(symbols == 3 && others == 3);
}
END_TEST

/* Some tools count <unk> as any symbol: then it is predicted from what comes before. */
START_TEST(an_ngram_that_ends_in_the_unknown_is_used)
{
    Error err;
    Vocabulary v;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS};
    NgramScore s;
    write_file("\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-99 <s> -0.5\n-1 </s>\n"
               "-0.7 <unk> -0.2\n-0.3 a -0.4\n\n\\2-grams:\n-0.15 a <unk>\n-0.05 <unk> <unk>\n"
               "\n\\end\\\n");
    Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    double score = score_of(m, &v, "axya\n", &options, &s); /* a; x, y: <unk>; a; the end */
    ck_assert(close_to(score, (-0.5 - 0.3 - 0.15 - 0.05 - 0.2 - 0.3 - 0.4 - 1) * log(10), 1e-12));
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

/* -99 is probability 0 in either column: what is only to be had through such a weight is
 * impossible, not very improbable. */
START_TEST(a_weight_of_minus_99_leaves_nothing_to_the_shorter_history)
{
    Error err;
    Vocabulary v;
    write_file("\\data\\\nngram 1=4\nngram 2=1\n\n\\1-grams:\n-1 <s> -99\n-1 </s>\n-0.3 a -0.5\n"
               "-0.4 b -98\n\n\\2-grams:\n-0.1 <s> a\n\n\\end\\\n");
    Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    int a = vocabulary_find(&v, "a", 1), b = vocabulary_find(&v, "b", 1);
    ck_assert(close_to(ngram_logprob(m, NULL, 0, a), -0.1 * log(10), 1e-12));
    ck_assert(ngram_logprob(m, NULL, 0, b) == -INFINITY);
    ck_assert(close_to(ngram_logprob(m, &b, 1, a), -98.3 * log(10), 1e-12));
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

/* Some editors put the mark in front; blanks around = are as good as none. */
START_TEST(a_byte_order_mark_and_blanks_in_the_header_are_skipped)
{
    static const char *const headers[] = {"\xef\xbb\xbf\\data\\\nngram 1=2\n",
                                          "\\data\\\nngram 1 = 2\n", "\\data\\\nngram\t1= 2 \r\n",
                                          "\xef\xbb\xbf\n\\data\\\nngram 1 =2\n"};
    for (int i = 0; i < 4; i++) {
        char content[128];
        Error err;
        Vocabulary v;
        snprintf(content, sizeof content, "%s\n\\1-grams:\n-1 </s>\n-0.25 a\n\\end\\\n",
                 headers[i]);
        write_file(content);
        Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
        ck_assert_msg(m != NULL, "%s", err.text);
        ck_assert_int_eq(v.size, 2);
        ngram_free(m);
        vocabulary_free(&v);
        remove(path);
    }
}
END_TEST

#define HEAD "\\data\\\nngram 1=3\nngram 2=1\n\n\\1-grams:\n-1 <s> -1\n-1 </s>\n-1 a -1\n\n"

START_TEST(a_broken_file_is_refused_with_the_line)
{
    const struct {
        const char *content, *says;
    } cases[] = {
        {"", "no line \\data\\"},
        {"hello\n", "no line \\data\\"},
        {"\\data\\\n", "line 1: expected ngram 1=COUNT"},
        {"\\data\\\nngram 2=3\n", "line 2: order 2 does not follow order 0"},
        {"\\data\\\nngram x\n", "line 2: expected ngram ORDER=COUNT, two whole numbers"},
        {"\\data\\\nngram 1=-4\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram -1=4\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=+4\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=4x\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=4 5\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=\n4\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1 4\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=99999999999999999999\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 4294967297=3\n", "line 2: order 4294967297 does not follow order 0"},
        {"\\data\\\nngram 1=1\n\\2-grams:\n", "line 3: expected \\1-grams:"},
        {"\\data\\\nngram 1=2\n\n\\1-grams:\n-1 a\n\\end\\\n",
         "1 1-grams, but \\data\\ announces 2"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a\n", "expected \\end\\"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1\n\\end\\\n",
         "line 5: expected a number, 1 symbols"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n0.5 a\n\\end\\\n",
         "line 5: \"0.5\" is not the logarithm"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\nnan a\n\\end\\\n",
         "line 5: \"nan\" is not the logarithm"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a b\n\\end\\\n",
         "line 5: \"b\" is not a back-off weight"},
        {"\\data\\\nngram 1=2\n\n\\1-grams:\n-1 a\n-1 a\n\\end\\\n",
         "line 6: this n-gram was there before"},
        {HEAD "\\2-grams:\n-1 a x\n\\end\\\n", "line 11: \"x\" is not among the 1-grams"},
        {HEAD "\\2-grams:\n-1 a a 0 0\n\\end\\\n", "line 11: expected a number, 2 symbols"},
        {HEAD "\\3-grams:\n-1 a a a\n\\end\\\n", "line 10: expected \\2-grams:"},
        {"\\data\\\nngram 1=1\nngram 2=0\nngram 3=1\n\\1-grams:\n-1 a\n\\2-grams:\n\\3-grams:\n"
         "-1 a a a\n\\end\\\n",
         "line 9: its first 2 symbols are no 2-gram"},
        {"\\data\\\nngram 1=1\n\xff\n", "UTF-8"},
        {"\\data\\\nngram\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1\n", "line 2: expected ngram ORDER=COUNT"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a inf\n\\end\\\n",
         "line 5: \"inf\" is not a back-off weight"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a 100\n\\end\\\n",
         "line 5: \"100\" is not a back-off weight"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1x a\n\\end\\\n", "line 5: \"-1x\" is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err;
        Vocabulary v;
        write_file(cases[i].content);
        ck_assert_ptr_null(arpa_load(path, TEXT_LINES, &v, &err));
        ck_assert_msg(strstr(err.text, cases[i].says) && strstr(err.text, path),
                      "case %zu says: %s", i, err.text);
        ck_assert_int_eq(v.size, 0);
        remove(path);
    }
}
END_TEST

START_TEST(paths_that_do_not_work_are_named)
{
    Error err;
    Vocabulary v = {.size = 2, .end = -1};
    ck_assert_ptr_null(arpa_load("no/such/model.arpa", TEXT_LINES, &v, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "no/such/model.arpa"));

    char *symbols[] = {(char[]){"a"}, (char[]){"b"}};
    vocabulary_make(&v, symbols, 2, -1);
    Ngram *m = ngram_new(&v, 2);
    ck_assert(!arpa_save("no/such/model.arpa", m, &v, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "no/such/model.arpa"));
    ngram_free(m);
    vocabulary_free(&v);
}
END_TEST

/* The first and the last character of each range, and what stands beside it. */
START_TEST(every_kind_of_white_space_is_spelled_and_its_neighbours_are_not)
{
    static const int splitting[] = {0x01,   0x1f,   0x20,   0x7f,   0x80,   0xa0,   0x1680, 0x2000,
                                    0x200b, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff};
    static const int plain[] = {0x21,   0x7e,   0xa1,   0x167f, 0x1681, 0x1fff,
                                0x200c, 0x2027, 0x202a, 0x202e, 0x2030, 0x205e,
                                0x2060, 0x2fff, 0x3001, 0xfefe, 0xff00};
    char symbol[8], out[64], expected[64];
    for (size_t i = 0; i < sizeof splitting / sizeof *splitting; i++) {
        symbol[utf8_put(symbol, splitting[i])] = '\0';
        snprintf(expected, sizeof expected, "<U+%04X>", (unsigned)splitting[i]);
        arpa_spell(out, symbol);
        ck_assert_str_eq(out, expected);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        symbol[utf8_put(symbol, plain[i])] = '\0';
        arpa_spell(out, symbol);
        ck_assert_str_eq(out, symbol);
    }
    arpa_spell(out, "<UNK>");
    ck_assert_str_eq(out, "<U+003C>UNK>");
}
END_TEST

START_TEST(escapes_are_read_to_their_last_digit)
{
    const char *pairs[][2] = {
        {"<U+9>", "\t"},       {"<U+1>", "\x01"},    {"<U+10FFFF>", "\xf4\x8f\xbf\xbf"},
        {"a<U+0020>b", "a b"}, {"<U+-5>", "<U+-5>"}, {"<U+9", "<U+9"},
        {"<U+9><U+A>", "\t\n"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char back[64];
        arpa_unspell(back, pairs[i][0], strlen(pairs[i][0]));
        ck_assert_str_eq(back, pairs[i][1]);
    }
    char back[64]; /* a field ends where its length says */
    arpa_unspell(back, "<U+9>", 4);
    ck_assert_str_eq(back, "<U+9");
}
END_TEST

/* Up to 9 decimals, no zeros at their end, and no sign of zero. */
START_TEST(logarithms_are_written_without_what_says_nothing)
{
    static const struct {
        double x;
        const char *written;
    } cases[] = {{-0.5, "-0.5"},
                 {-1, "-1"},
                 {-12, "-12"},
                 {-1.25, "-1.25"},
                 {0.3, "0.3"},
                 {-1e-9, "-0.000000001"},
                 {-1e-12, "0"},
                 {-98.9999999994, "-98.999999999"},
                 {-100, "-99"},
                 {-10.100200301, "-10.100200301"},
                 {-INFINITY, "-99"},
                 {-2.0000000004, "-2"},
                 {-30.000000006, "-30.000000006"}};
    char *symbols[] = {(char[]){"a"}, (char[]){"b"}};
    Vocabulary v;
    Error err;
    vocabulary_make(&v, symbols, 2, -1);
    Ngram *m = ngram_new(&v, 1);
    new_file();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[64];
        m->trie.nodes[m->unknown].logprob = cases[i].x * log(10);
        snprintf(line, sizeof line, "\n%s\t<unk>\n", cases[i].written);
        ck_assert(arpa_save(path, m, &v, &err));
        ck_assert_msg(strstr(read_back(), line), "%s is not in\n%s", line, read_back());
    }
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

START_TEST(more_orders_than_a_model_can_have_are_refused)
{
    char content[1 << 13] = "\\data\\\n", *at = content + strlen(content);
    Error err;
    Vocabulary v;
    for (int n = 1; n <= TRIE_MAX_ORDER; n++) at += sprintf(at, "ngram %d=0\n", n);
    write_file(content);
    ck_assert_ptr_null(arpa_load(path, TEXT_LINES, &v, &err));
    ck_assert_msg(strstr(err.text, "expected \\1-grams:"), "%s", err.text);
    remove(path);
    sprintf(at, "ngram %d=0\n", TRIE_MAX_ORDER + 1);
    write_file(content);
    ck_assert_ptr_null(arpa_load(path, TEXT_LINES, &v, &err));
    ck_assert_msg(strstr(err.text, "order 256 does not follow order 255"), "%s", err.text);
    remove(path);
}
END_TEST

START_TEST(a_line_of_any_length_may_stand_before_the_model)
{
    char content[1 << 13] = "";
    Error err;
    Vocabulary v;
    for (int i = 0; i < 600; i++) strcat(content, "many words ");
    strcat(content, "\n\\data\\\nngram 1=2\n\n\\1-grams:\n-1 </s>\n-0.25 a\n\\end\\\n");
    write_file(content);
    Ngram *m = arpa_load(path, TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert(
        close_to(ngram_logprob(m, NULL, 0, vocabulary_find(&v, "a", 1)), -0.25 * log(10), 1e-12));
    ngram_free(m);
    vocabulary_free(&v);
    remove(path);
}
END_TEST

static const TTest *const tests[] = {
    a_model_read_back_gives_the_same_scores,
    chinese_and_white_space_of_all_kinds_survive,
    words_that_look_like_the_formats_own_survive,
    symbols_are_spelled_so_that_nothing_collides,
    what_only_begins_like_an_escape_stands_for_itself,
    the_file_is_written_as_the_format_demands,
    files_of_other_tools_are_read,
    srilms_name_of_the_unknown_is_as_good_as_the_other,
    an_ngram_that_ends_in_the_unknown_is_used,
    a_weight_of_minus_99_leaves_nothing_to_the_shorter_history,
    a_byte_order_mark_and_blanks_in_the_header_are_skipped,
    a_broken_file_is_refused_with_the_line,
    paths_that_do_not_work_are_named,
    every_kind_of_white_space_is_spelled_and_its_neighbours_are_not,
    escapes_are_read_to_their_last_digit,
    logarithms_are_written_without_what_says_nothing,
    more_orders_than_a_model_can_have_are_refused,
    a_line_of_any_length_may_stand_before_the_model,
    NULL,
};

RUN_TESTS("arpa", tests)
