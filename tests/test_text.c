/* test_text.c: text to symbols and back, the held-out part, and every refusal. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text.h"
#include "utf8.h"

static TextOptions options(Documents documents, Level level, double held_out)
{
    return (TextOptions){.documents = documents, .level = level, .held_out = held_out};
}

static Text text_of(const char *bytes, TextOptions o)
{
    Text t;
    Error err = {"no error"};
    ck_assert_msg(text_from_string(&t, bytes, strlen(bytes), "a.txt", &o, &err), "%s", err.text);
    return t;
}

static void refused(const char *bytes, size_t size, TextOptions o, const char *sentence)
{
    Text t;
    Error err = {""};
    ck_assert(!text_from_string(&t, bytes, size, "a.txt", &o, &err));
    ck_assert_str_eq(err.text, sentence);
    ck_assert_ptr_null(t.vocabulary.symbol);
    ck_assert_int_eq(t.vocabulary.end, -1);
    ck_assert_ptr_null(t.train.ids);
    ck_assert_int_eq(t.train.documents + t.held_out.documents, 0);
}

/* The symbols of a document, joined by '|'. Valid until the next call. */
static const char *shown(const Text *t, const Corpus *c, int document)
{
    static char line[4096];
    char *to = line;
    *to = '\0';
    for (size_t i = c->start[document]; i < c->start[document + 1]; i++) {
        to += sprintf(to, "%s%s", to > line ? "|" : "", t->vocabulary.symbol[c->ids[i]]);
    }
    return line;
}

static void vocabulary_is(const Vocabulary *v, int size, const char *const *symbols)
{
    ck_assert_int_eq(v->size, size);
    for (int id = 0; id < size; id++) {
        ck_assert_str_eq(v->symbol[id], symbols[id]);
        ck_assert_int_eq(vocabulary_find(v, symbols[id], strlen(symbols[id])), id);
    }
}

/* A temporary file with the given bytes; remove it with unlink. */
static const char *file_of(const char *bytes, size_t size)
{
    static char path[64];
    strcpy(path, "/tmp/test_text_XXXXXX");
    int to = mkstemp(path);
    ck_assert_int_ge(to, 0);
    ck_assert_int_eq(write(to, bytes, size), (ssize_t)size);
    close(to);
    return path;
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

/* An assertion that holds costs a message to the parent, and there are a million of them. */
START_TEST(every_code_point_survives_encoding_and_decoding)
{
    for (int c = 1; c < UTF8_CODE_POINTS; c++) {
        char bytes[5];
        const char *at = bytes;
        int length = utf8_put(bytes, c);
        bool whole = (int)strlen(bytes) == length;
        bool known = utf8_check(bytes, (size_t)length, "x", NULL) == (c < 0xd800 || c > 0xdfff);
        bool back = utf8_next(&at) == c && at == bytes + length;
        if (!whole || !known || !back) ck_abort_msg("U+%04X: %d %d %d", c, whole, known, back);
    }
}
END_TEST

START_TEST(what_is_not_utf8_is_refused_with_its_offset)
{
    static const struct {
        const char *bytes;
        const char *at;
    } wrong[] = {
        {"ab\xff", "offset 2, 0xff does not begin a character;"},
        {"\x80", "offset 0, 0x80 does not begin a character;"},
        {"abc\xbf", "offset 3, 0xbf does not begin a character;"},
        {"\xe4\xb8\xad\xf8\x88\x80\x80\x80", "offset 3, 0xf8 does not begin a character;"},
        {"a\xc0\x80", "offset 1, 0xc0 begins a character in an overlong form;"},
        {"a\xc1\xbf", "offset 1, 0xc1 begins a character in an overlong form;"},
        {"\xe0\x9f\xbf", "offset 0, 0xe0 begins a character in an overlong form;"},
        {"\xf0\x8f\xbf\xbf", "offset 0, 0xf0 begins a character in an overlong form;"},
        {"aaa\xed\xa0\x80", "offset 3, 0xed begins a surrogate half;"},
        {"\xed\xbf\xbf", "offset 0, 0xed begins a surrogate half;"},
        {"\xf4\x90\x80\x80", "offset 0, 0xf4 begins a character above U+10FFFF;"},
        {"\xf7\xbf\xbf\xbf", "offset 0, 0xf7 begins a character above U+10FFFF;"},
        {"ab\xc3", "offset 2, 0xc3 begins a character that the end of the text cuts off;"},
        {"\xf0\x9f\x98", "offset 0, 0xf0 begins a character that the end of the text cuts off;"},
        {"\xe4\xb8g", "offset 0, 0xe4 begins a character that is not completed;"},
        {"\xe4\xc3\xa9", "offset 0, 0xe4 begins a character that is not completed;"},
        {"ab\xef\xbb\xbf\xe9", "middle of a character, which begins at byte offset 5: cut it off"},
        {"\xe4\xb8\xad\xe4\xb8", "byte offset 3: cut it off there, for example with head -c 3"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Error err = {""};
        ck_assert(!utf8_check(wrong[i].bytes, strlen(wrong[i].bytes), "a.txt", &err));
        ck_assert_msg(strstr(err.text, wrong[i].at) != NULL, "%s", err.text);
    }
    refused("caf\xe9\n", 5, options(TEXT_LINES, TEXT_CHARS, 0),
            "a.txt is not UTF-8 text: at byte offset 3, 0xe9 begins a character that is not "
            "completed; convert it, for example with iconv -f LATIN1 -t UTF-8");
    refused(
        "\xff\xfeH\0i\0", 6, options(TEXT_LINES, TEXT_CHARS, 0),
        "a.txt is not UTF-8 text: at byte offset 0, 0xff does not begin a character; convert it, "
        "for example with iconv -f UTF-16 -t UTF-8");
}
END_TEST

START_TEST(a_nul_is_refused_with_its_offset)
{
    refused("ab\0cd", 5, options(TEXT_STREAM, TEXT_CHARS, 0),
            "a.txt is not a text: it has a NUL at byte offset 2; give a text file, or remove NULs "
            "with tr -d '\\000'");
}
END_TEST

/* --- symbols and documents -------------------------------------------------------------------- */

START_TEST(characters_are_in_order_of_code_point_after_the_end_symbol)
{
    Text t = text_of("b\t中é\na😀~\n", options(TEXT_LINES, TEXT_CHARS, 0));
    vocabulary_is(&t.vocabulary, 8,
                  (const char *const[]){"\n", "\t", "a", "b", "~", "é", "中", "😀"});
    ck_assert_int_eq(t.vocabulary.end, 0);
    ck_assert_str_eq(shown(&t, &t.train, 0), "b|\t|中|é");
    ck_assert_str_eq(shown(&t, &t.train, 1), "a|😀|~");
    text_free(&t);
}
END_TEST

START_TEST(a_stream_is_one_document_with_its_newlines)
{
    Text t = text_of("天\n\n地玄\r\n", options(TEXT_STREAM, TEXT_CHARS, 0));
    vocabulary_is(&t.vocabulary, 5, (const char *const[]){"\n", "\r", "地", "天", "玄"});
    ck_assert_int_eq(t.vocabulary.end, -1);
    ck_assert_int_eq(t.train.documents, 1);
    ck_assert_int_eq(t.train.start[0], 0);
    ck_assert_int_eq(t.train.start[1], 7);
    ck_assert_str_eq(shown(&t, &t.train, 0), "天|\n|\n|地|玄|\r|\n");
    text_free(&t);
}
END_TEST

START_TEST(empty_lines_are_no_documents_but_a_blank_one_is)
{
    Text t = text_of("\n\nab\n\n \nc\n\n", options(TEXT_LINES, TEXT_CHARS, 0));
    ck_assert_int_eq(t.train.documents, 3);
    ck_assert_int_eq(t.train.start[3], 4);
    ck_assert_str_eq(shown(&t, &t.train, 0), "a|b");
    ck_assert_str_eq(shown(&t, &t.train, 1), " ");
    ck_assert_str_eq(shown(&t, &t.train, 2), "c");
    text_free(&t);
}
END_TEST

START_TEST(a_line_loses_its_carriage_return_and_the_last_may_lack_its_newline)
{
    Text t = text_of("ab\r\n\r\nc\rd\r\n\re", options(TEXT_LINES, TEXT_CHARS, 0));
    ck_assert_int_eq(t.train.documents, 3);
    ck_assert_str_eq(shown(&t, &t.train, 0), "a|b");
    ck_assert_str_eq(shown(&t, &t.train, 1), "c|\r|d");
    ck_assert_str_eq(shown(&t, &t.train, 2), "\r|e");
    text_free(&t);
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_in_front_only)
{
    Text t = text_of("\xef\xbb\xbf"
                     "ab\n\xef\xbb\xbf"
                     "a\n",
                     options(TEXT_LINES, TEXT_CHARS, 0));
    vocabulary_is(&t.vocabulary, 4, (const char *const[]){"\n", "a", "b", "\xef\xbb\xbf"});
    ck_assert_str_eq(shown(&t, &t.train, 0), "a|b");
    text_free(&t);
}
END_TEST

START_TEST(words_are_what_ascii_white_space_separates)
{
    /* U+00A0, a no-break space, is no separator; \v and \f are. */
    Text t = text_of(" the  cat\tThe\vcat,\f犬\r\n \t \nthe\u00a0cat the\n",
                     options(TEXT_LINES, TEXT_WORDS, 0));
    vocabulary_is(&t.vocabulary, 7,
                  (const char *const[]){"\n", "The", "cat", "cat,", "the", "the\u00a0cat", "犬"});
    ck_assert_int_eq(t.train.documents, 2);
    ck_assert_str_eq(shown(&t, &t.train, 0), "the|cat|The|cat,|犬");
    ck_assert_str_eq(shown(&t, &t.train, 1), "the\u00a0cat|the");
    text_free(&t);
}
END_TEST

START_TEST(words_of_a_stream_have_no_newline)
{
    Text t = text_of("b a\n\na\rc\r\n", options(TEXT_STREAM, TEXT_WORDS, 0));
    vocabulary_is(&t.vocabulary, 3, (const char *const[]){"a", "b", "c"});
    ck_assert_int_eq(t.vocabulary.end, -1);
    ck_assert_int_eq(t.train.documents, 1);
    ck_assert_str_eq(shown(&t, &t.train, 0), "b|a|a|c");
    text_free(&t);
}
END_TEST

/* --- the held-out part ------------------------------------------------------------------------ */

START_TEST(a_stream_is_cut_after_the_floor_of_its_share_for_every_percentage)
{
    static char bytes[8 * 100];
    memset(bytes, 'a', sizeof bytes);
    bytes[0] = 'b';
    for (int percent = 1; percent < 100; percent++) {
        for (int size = 30; size <= 700; size += 67) {
            int keep = (100 - percent) * size / 100; /* exact */
            if (keep == 0 || keep == size) continue;
            TextOptions o = options(TEXT_STREAM, TEXT_CHARS, percent / 100.0);
            Text t;
            ck_assert(text_from_string(&t, bytes, (size_t)size, "a.txt", &o, NULL));
            ck_assert_int_eq(t.train.start[1], keep);
            ck_assert_int_eq(t.held_out.start[1], size - keep);
            text_free(&t);
        }
    }
    Text t = text_of("abcdefghij", options(TEXT_STREAM, TEXT_CHARS, 0.1));
    ck_assert_str_eq(shown(&t, &t.held_out, 0), "j");
    text_free(&t);
    t = text_of("abcdefghij", options(TEXT_STREAM, TEXT_CHARS, 0.9));
    ck_assert_str_eq(shown(&t, &t.train, 0), "a");
    text_free(&t);
}
END_TEST

START_TEST(the_cut_counts_characters_and_not_bytes)
{
    Text t = text_of("\xef\xbb\xbf天地玄黄abcdef", options(TEXT_STREAM, TEXT_CHARS, 0.7));
    ck_assert_str_eq(shown(&t, &t.train, 0), "天|地|玄");
    ck_assert_str_eq(shown(&t, &t.held_out, 0), "黄|a|b|c|d|e|f");
    text_free(&t);
}
END_TEST

/* "ab\ncd\nef\n": newlines are characters 2, 5 and 8 of 9, counted from 0 */
START_TEST(lines_are_cut_after_the_first_newline_at_or_after_the_place)
{
    static const struct {
        double held_out;
        int train;
    } cuts[] = {{0.95, 1}, {0.7, 1}, {0.66, 2}, {0.5, 2}, {0.4, 2}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        for (Level level = TEXT_CHARS; level <= TEXT_WORDS; level++) {
            Text t = text_of("ab\ncd\nef\n", options(TEXT_LINES, level, cuts[i].held_out));
            ck_assert_int_eq(t.train.documents, cuts[i].train);
            ck_assert_int_eq(t.held_out.documents, 3 - cuts[i].train);
            ck_assert_str_eq(shown(&t, &t.held_out, 2 - cuts[i].train),
                             level == TEXT_CHARS ? "e|f" : "ef");
            text_free(&t);
        }
    }
    refused("ab\ncd\nef\n", 9, options(TEXT_LINES, TEXT_CHARS, 0.3),
            "a.txt: too short to hold out a share of 0.3, nothing is left to hold out: give more "
            "lines, or try --held-out 0 or --documents stream");
}
END_TEST

START_TEST(no_word_of_a_stream_is_cut_in_two)
{
    /* 15 characters, of which floor(0.5 * 15) = 7 end within "cde" */
    Text t = text_of("ab ab cde ab fg", options(TEXT_STREAM, TEXT_WORDS, 0.5));
    ck_assert_str_eq(shown(&t, &t.train, 0), "ab|ab|cde");
    ck_assert_str_eq(shown(&t, &t.held_out, 0), "ab|fg");
    text_free(&t);
}
END_TEST

START_TEST(the_vocabulary_is_of_the_whole_text)
{
    Text t = text_of("aaaaaaaaab", options(TEXT_STREAM, TEXT_CHARS, 0.1));
    vocabulary_is(&t.vocabulary, 2, (const char *const[]){"a", "b"});
    ck_assert_int_eq(t.held_out.ids[0], 1);
    text_free(&t);
}
END_TEST

START_TEST(holding_out_nothing_trains_on_everything)
{
    Text t = text_of("ab", options(TEXT_LINES, TEXT_CHARS, 0));
    ck_assert_int_eq(t.train.documents, 1);
    ck_assert_int_eq(t.held_out.documents, 0);
    ck_assert_int_eq(t.held_out.start[0], 0);
    text_free(&t);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

/* By the hash a run knows that it goes on with the same text: each differs from the first. */
START_TEST(the_hash_is_of_all_that_is_learnt)
{
    static const struct {
        const char *bytes;
        Documents documents;
    } others[] = {{"xy\nzxy\n", TEXT_LINES},    /* as many symbols of another name */
                  {"a\nbcab\n", TEXT_LINES},    /* the same ones, in other documents */
                  {"ab\nabc\n", TEXT_LINES},    /* in another order */
                  {"ab\ncab\nc\n", TEXT_LINES}, /* and more of them */
                  {"ab\ncab\n", TEXT_STREAM}};
    TextOptions lines = options(TEXT_LINES, TEXT_CHARS, 0);
    Text t = text_of("ab\ncab\n", lines), same = text_of("ab\n\ncab", lines);
    ck_assert(text_hash(&t) == text_hash(&same));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        Text other = text_of(others[i].bytes, options(others[i].documents, TEXT_CHARS, 0));
        ck_assert_msg(text_hash(&t) != text_hash(&other), "\"%s\"", others[i].bytes);
        text_free(&other);
    }
    text_free(&t), text_free(&same);
}
END_TEST

START_TEST(a_text_without_two_symbols_is_refused)
{
    TextOptions lines = options(TEXT_LINES, TEXT_CHARS, 0.1);
    TextOptions stream = options(TEXT_STREAM, TEXT_CHARS, 0.1);
    const char *empty = "a.txt is empty: give a file with some text";
    const char *blank = "a.txt has nothing but white space: give a file with some text";
    refused("", 0, lines, empty);
    refused("\xef\xbb\xbf", 3, stream, empty);
    refused("\n\r\n\n", 4, lines, blank);
    refused(" \t\n", 3, options(TEXT_STREAM, TEXT_WORDS, 0), blank);
    refused("aaa\naa\n", 7, lines,
            "a.txt has one distinct symbol only, \"a\": give a text with at least two different "
            "characters");
    refused("\n\n\n", 3, stream,
            "a.txt has one distinct symbol only, \"\\n\": give a text with at least two different "
            "characters");
    refused("cat cat", 7, options(TEXT_LINES, TEXT_WORDS, 0),
            "a.txt has one distinct symbol only, \"cat\": give a text with at least two different "
            "words");
}
END_TEST

START_TEST(a_text_too_short_to_hold_out_is_refused_with_a_remedy)
{
    refused("one line\n", 9, options(TEXT_LINES, TEXT_CHARS, 0.1),
            "a.txt: too short to hold out a share of 0.1, nothing is left to hold out: give more "
            "lines, or try --held-out 0 or --documents stream");
    refused("abcd", 4, options(TEXT_STREAM, TEXT_CHARS, 0.9),
            "a.txt: too short to hold out a share of 0.9, nothing is left to train on: give a "
            "longer text, or try --held-out 0");

    /* where no flag would change it, none is advised */
    TextOptions fixed = {.documents = TEXT_LINES, .held_out = 0.1, .fixed = true};
    refused("one line\n", 9, fixed,
            "a.txt: too short to hold out a share of 0.1, nothing is left to hold out: give more "
            "lines");
    fixed = (TextOptions){.documents = TEXT_STREAM, .held_out = 0.9, .fixed = true};
    refused("abcd", 4, fixed,
            "a.txt: too short to hold out a share of 0.9, nothing is left to train on: give a "
            "longer text");
}
END_TEST

START_TEST(a_share_outside_0_to_1_is_refused)
{
    refused("abcd", 4, options(TEXT_STREAM, TEXT_CHARS, 1),
            "--held-out 1 is no share: give a number from 0 to below 1");
    refused("abcd", 4, options(TEXT_STREAM, TEXT_CHARS, -0.5),
            "--held-out -0.5 is no share: give a number from 0 to below 1");
    Text t;
    TextOptions nan = options(TEXT_STREAM, TEXT_CHARS, NAN);
    ck_assert(!text_from_string(&t, "abcd", 4, "a.txt", &nan, NULL));
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(a_file_is_read_as_its_bytes_are)
{
    const char *path = file_of("ab\nca\n", 6);
    TextOptions o = options(TEXT_LINES, TEXT_CHARS, 0.7);
    Text t;
    Corpus c;
    ck_assert(text_load(&t, path, &o, NULL));
    ck_assert_str_eq(shown(&t, &t.held_out, 0), "c|a");
    ck_assert(corpus_load(&c, path, &t.vocabulary, &o, false, NULL));
    ck_assert_int_eq(c.documents, 2); /* nothing is held out here */
    unlink(path);
    for (int twice = 0; twice < 2; twice++) { /* what is freed is empty */
        corpus_free(&c);
        text_free(&t);
        ck_assert(c.documents == 0 && !c.start && !c.ids);
        ck_assert(t.vocabulary.size == 0 && t.vocabulary.end == -1 && t.train.documents == 0);
    }
}
END_TEST

static void load_refused(const char *path, const char *sentence)
{
    TextOptions o = options(TEXT_LINES, TEXT_CHARS, 0);
    Text t;
    Corpus c;
    Vocabulary v;
    Error err = {""};
    ck_assert(!text_load(&t, path, &o, &err));
    ck_assert_str_eq(err.text, sentence);
    ck_assert_int_eq(t.vocabulary.size, 0);
    ck_assert_int_eq(t.vocabulary.end, -1);
    ck_assert(!vocabulary_load(&v, path, TEXT_LINES, &err));
    ck_assert_str_eq(err.text, sentence);
    ck_assert_int_eq(v.size, 0);
    ck_assert_int_eq(v.end, -1);
    vocabulary_make(&v, NULL, 0, -1);
    ck_assert(!corpus_load(&c, path, &v, &o, false, &err));
    ck_assert_str_eq(err.text, sentence);
    ck_assert(c.documents == 0 && !c.ids);
}

START_TEST(a_missing_file_and_a_directory_are_refused)
{
    load_refused("", "a text is wanted, and its name is empty: give a path");
    load_refused("/nonesuch/a.txt",
                 "/nonesuch/a.txt can't be opened: No such file or directory; check the path");
    load_refused("/tmp", "/tmp is a directory: give the path of a file in it");
}
END_TEST

START_TEST(a_file_larger_than_memory_is_refused_before_it_is_read)
{
    const char *path = file_of("", 0);
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double gib = 1 << 30;
    if (truncate(path, (off_t)memory) == 0) { /* a sparse file: it takes no space */
        char sentence[512];
        snprintf(sentence, sizeof sentence,
                 "%s would take %.1f GiB of memory, and this machine has %.1f: take a part of it, "
                 "for example with head -c 1000M",
                 path, 2 * memory / gib, memory / gib);
        load_refused(path, sentence);
    }
    unlink(path);
}
END_TEST

START_TEST(what_needs_as_much_memory_as_there_is_fits_and_more_does_not)
{
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    ck_assert(utf8_fits("a.txt", (size_t)memory, NULL));
    ck_assert(!utf8_fits("a.txt", (size_t)memory + (1 << 20), NULL));
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end)
{
    enum { LINES = 50000 }; /* 200 kB, more than the first room */
    int ends[2];
    char path[32];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *out = fdopen(ends[1], "w");
        for (int i = 0; i < LINES; i++) fprintf(out, "%03d\n", i % 1000);
        fclose(out);
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    TextOptions o = options(TEXT_LINES, TEXT_CHARS, 0);
    Text t;
    ck_assert(text_load(&t, path, &o, NULL));
    ck_assert_int_eq(t.train.documents, LINES);
    ck_assert_int_eq(t.train.start[LINES], 3 * LINES);
    ck_assert_str_eq(shown(&t, &t.train, LINES - 2), "9|9|8");
    waitpid(child, NULL, 0);
    text_free(&t);
}
END_TEST

/* --- a given vocabulary ----------------------------------------------------------------------- */

static char *const letters[] = {(char[]){"\n"}, (char[]){"a"}, (char[]){"é"}, (char[]){"cat"}};

START_TEST(an_unknown_symbol_is_refused_by_name_and_offset_or_allowed)
{
    Vocabulary v;
    Corpus c;
    Error err = {""};
    TextOptions o = options(TEXT_LINES, TEXT_CHARS, 0.1);
    vocabulary_make(&v, letters, 4, 0);
    const char *bytes = "éa\naxéc\n";
    size_t size = strlen(bytes);
    ck_assert(!corpus_from_string(&c, bytes, size, "b.txt", &v, &o, false, &err));
    ck_assert_str_eq(err.text, "b.txt: the symbol \"x\" at byte offset 5 is not in the vocabulary: "
                               "remove it, or train on a text that has it");
    ck_assert(c.documents == 0 && !c.ids);

    ck_assert(corpus_from_string(&c, bytes, size, "b.txt", &v, &o, true, &err));
    static const int expected[] = {2, 1, 1, SYMBOL_UNKNOWN, 2, SYMBOL_UNKNOWN};
    ck_assert_int_eq(c.documents, 2);
    ck_assert_mem_eq(c.ids, expected, sizeof expected);
    corpus_free(&c);
    vocabulary_free(&v);
}
END_TEST

START_TEST(an_unknown_word_or_newline_is_shown)
{
    Vocabulary v;
    Corpus c;
    Error err = {""};
    vocabulary_make(&v, letters + 1, 3, -1);
    TextOptions o = options(TEXT_STREAM, TEXT_WORDS, 0);
    ck_assert(!corpus_from_string(&c, "cat a cats", 10, "b", &v, &o, false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "b: the symbol \"cats\" at byte offset 6 is not"));
    o.level = TEXT_CHARS;
    ck_assert(!corpus_from_string(&c, "a\n", 2, "b", &v, &o, false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "b: the symbol \"\\n\" at byte offset 1 is not"));
    vocabulary_free(&v);
}
END_TEST

START_TEST(of_a_long_unknown_word_sixty_bytes_are_shown)
{
    Vocabulary v;
    Corpus c;
    Error err = {""};
    char text[128] = "cat ", wanted[256];
    TextOptions o = options(TEXT_STREAM, TEXT_WORDS, 0);
    vocabulary_make(&v, letters + 1, 3, -1);
    memset(text + 4, 'x', 61);
    ck_assert(!corpus_from_string(&c, text, 65, "b", &v, &o, false, &err));
    snprintf(
        wanted, sizeof wanted,
        "b: the symbol \"%.60s\" at byte offset 4 is not in the vocabulary: remove it, or train "
        "on a text that has it",
        text + 4);
    ck_assert_str_eq(err.text, wanted);
    vocabulary_free(&v);
}
END_TEST

START_TEST(symbols_of_any_length_are_kept_whole)
{
    enum { LONGEST = 200 };
    Vocabulary v = {.end = -1};
    char word[LONGEST + 1];
    memset(word, 'w', sizeof word);
    for (int length = 1; length <= LONGEST; length++)
        ck_assert_int_eq(vocabulary_add(&v, word, (size_t)length), length - 1);
    for (int length = 1; length <= LONGEST; length++) {
        ck_assert_int_eq(vocabulary_find(&v, word, (size_t)length), length - 1);
        ck_assert_uint_eq(strlen(v.symbol[length - 1]), (size_t)length);
    }
    vocabulary_free(&v);
}
END_TEST

START_TEST(symbols_that_make_no_sense_stop_the_program)
{
    Vocabulary v;
    const int before = SYMBOL_UNKNOWN - 1, after = 4;
    char *twice[] = {letters[1], letters[2], letters[1]};
    vocabulary_make(&v, letters, 4, 0);
    ck_assert_dies(text_print(stdout, &v, TEXT_CHARS, &before, 1), "symbol -2 of 4");
    ck_assert_dies(text_print(stdout, &v, TEXT_CHARS, &after, 1), "symbol 4 of 4");
    vocabulary_free(&v);
    ck_assert_dies(vocabulary_make(&v, twice, 3, -1), "symbol 2, \"a\", is there already, as 0");
}
END_TEST

START_TEST(a_corpus_without_a_document_is_refused)
{
    Vocabulary v;
    Corpus c;
    Error err = {""};
    vocabulary_make(&v, letters, 4, 0);
    TextOptions o = options(TEXT_LINES, TEXT_CHARS, 0);
    ck_assert(!corpus_from_string(&c, "", 0, "b", &v, &o, true, &err));
    ck_assert_str_eq(err.text, "b is empty: give a file with some text");
    ck_assert(!corpus_from_string(&c, "\n\n", 2, "b", &v, &o, true, &err));
    ck_assert_str_eq(err.text, "b has nothing but white space: give a file with some text");
    ck_assert(!corpus_from_string(&c, "a\xff", 2, "b", &v, &o, true, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "b is not UTF-8 text: at byte offset 1"));
    ck_assert(c.documents == 0 && !c.ids);
    vocabulary_free(&v);
}
END_TEST

START_TEST(a_vocabulary_finds_each_of_many_symbols_and_no_other)
{
    enum { MANY = 20000 };
    Vocabulary v = {.end = -1};
    char word[16];
    for (int i = 0; i < MANY; i++) {
        int length = sprintf(word, "w%d", i * 7);
        ck_assert_int_eq(vocabulary_add(&v, word, (size_t)length), i);
        ck_assert_int_eq(vocabulary_add(&v, word, (size_t)length), i);
    }
    ck_assert_int_eq(v.size, MANY);
    for (int i = 0; i < 7 * MANY; i++) {
        int length = sprintf(word, "w%d", i);
        ck_assert_int_eq(vocabulary_find(&v, word, (size_t)length), i % 7 ? SYMBOL_UNKNOWN : i / 7);
    }
    ck_assert_int_eq(vocabulary_find(&v, "w", 1), SYMBOL_UNKNOWN);
    ck_assert_int_eq(vocabulary_find(&v, "w77", 2), 1);
    ck_assert_int_eq(vocabulary_find(&v, "w7\0", 3), SYMBOL_UNKNOWN);
    vocabulary_free(&v);
    ck_assert_int_eq(vocabulary_find(&v, "w7", 2), SYMBOL_UNKNOWN);
}
END_TEST

/* --- vocab.json ------------------------------------------------------------------------------- */

START_TEST(a_vocabulary_survives_its_file)
{
    Text t = text_of("\"\\/\t\x01\x7f\n中😀é <b>", options(TEXT_LINES, TEXT_CHARS, 0));
    const char *path = file_of("", 0);
    Vocabulary v;
    Error err = {""};
    ck_assert_msg(vocabulary_save(&t.vocabulary, path, &err), "%s", err.text);
    ck_assert_msg(vocabulary_load(&v, path, TEXT_LINES, &err), "%s", err.text);
    ck_assert_int_eq(v.end, 0);
    vocabulary_is(&v, t.vocabulary.size, (const char *const *)t.vocabulary.symbol);
    vocabulary_free(&v);
    ck_assert(vocabulary_load(&v, path, TEXT_STREAM, &err));
    ck_assert_int_eq(v.end, -1);
    vocabulary_free(&v);
    text_free(&t);
    unlink(path);
    ck_assert(!vocabulary_save(&v, "/nonesuch/vocab.json", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "/nonesuch/vocab.json"));
}
END_TEST

START_TEST(the_order_of_a_vocabulary_is_that_of_its_ids)
{
    const char *json = " {\"b\": 2, \"\\n\": 0, \"\\u00e9\": 1}\n";
    const char *path = file_of(json, strlen(json));
    Vocabulary v;
    ck_assert(vocabulary_load(&v, path, TEXT_LINES, NULL));
    vocabulary_is(&v, 3, (const char *const[]){"\n", "é", "b"});
    vocabulary_free(&v);
    unlink(path);
}
END_TEST

START_TEST(a_malformed_vocabulary_is_refused)
{
    static const struct {
        const char *json, *sentence;
    } wrong[] = {
        {"", " is not JSON near byte offset 0; train again to write it anew"},
        {"{\"a\" 0}", " is not JSON near byte offset 5; train again to write it anew"},
        {"{\"a\": 0} {", " is not JSON near byte offset 9; train again to write it anew"},
        {"[0, 1]", " is not a vocabulary: it must be an object such as {\"a\": 0, \"b\": 1}; train "
                   "again to write it anew"},
        {"{}", " is not a vocabulary: it must be an object such as {\"a\": 0, \"b\": 1}; train "
               "again to write it anew"},
        {"{\"a\": 0, \"b\": 2}", ": the symbol \"b\" has no id from 0 to 1 (the number of symbols "
                                 "less 1): train again to write it anew"},
        {"{\"a\": 0.5}", ": the symbol \"a\" has no id from 0 to 0 (the number of symbols less 1): "
                         "train again to write it anew"},
        {"{\"a\": -1}", ": the symbol \"a\" has no id from 0 to 0 (the number of symbols less 1): "
                        "train again to write it anew"},
        {"{\"a\": \"0\"}", ": the symbol \"a\" has no id from 0 to 0 (the number of symbols less "
                           "1): train again to write it anew"},
        {"{\"a\": 1, \"b\": 1}",
         ": the symbols \"a\" and \"b\" have the same id 1: train again to write it anew"},
        {"{\"a\": 1, \"\\n\": 0, \"a\": 2}",
         ": the symbol \"a\" is there twice: train again to write it anew"},
        {"{\"\": 0}", " has an empty symbol: train again to write it anew"},
        {"{\"a\": 0, \"\\n\": 1}",
         " has no end symbol: id 0 is \"a\" and not the newline; train again to "
         "write it anew"},
        {"{\"\xff\": 0}", " is not UTF-8 text: at byte offset 2, 0xff does not begin a character; "
                          "convert it, for example with iconv -f LATIN1 -t UTF-8"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *path = file_of(wrong[i].json, strlen(wrong[i].json));
        Vocabulary v;
        Error err = {""};
        ck_assert(!vocabulary_load(&v, path, TEXT_LINES, &err));
        ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
        ck_assert_str_eq(err.text + strlen(path), wrong[i].sentence);
        ck_assert_ptr_null(v.symbol);
        unlink(path);
    }
}
END_TEST

/* --- printing --------------------------------------------------------------------------------- */

static void prints(const Vocabulary *v, Level level, const int *ids, int count, const char *text)
{
    char *printed;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    text_print(out, v, level, ids, count);
    fclose(out);
    ck_assert_str_eq(printed, text);
    free(printed);
}

START_TEST(ids_print_as_text_with_a_blank_between_words)
{
    Vocabulary v;
    vocabulary_make(&v, letters, 4, 0);
    static const int ids[] = {1, 2, 0, SYMBOL_UNKNOWN, 3, 0, 1};
    prints(&v, TEXT_CHARS, ids, 7,
           "aé\n\xef\xbf\xbd"
           "cat\na");
    prints(&v, TEXT_WORDS, ids, 7, "a é\n<unk> cat\na");
    prints(&v, TEXT_WORDS, ids, 0, "");
    vocabulary_free(&v);
}
END_TEST

RUN_TESTS("text", ((const TTest *const[]){
                      every_code_point_survives_encoding_and_decoding,
                      what_is_not_utf8_is_refused_with_its_offset,
                      a_nul_is_refused_with_its_offset,
                      characters_are_in_order_of_code_point_after_the_end_symbol,
                      a_stream_is_one_document_with_its_newlines,
                      empty_lines_are_no_documents_but_a_blank_one_is,
                      a_line_loses_its_carriage_return_and_the_last_may_lack_its_newline,
                      a_byte_order_mark_is_skipped_in_front_only,
                      words_are_what_ascii_white_space_separates,
                      words_of_a_stream_have_no_newline,
                      a_stream_is_cut_after_the_floor_of_its_share_for_every_percentage,
                      the_cut_counts_characters_and_not_bytes,
                      lines_are_cut_after_the_first_newline_at_or_after_the_place,
                      no_word_of_a_stream_is_cut_in_two,
                      the_vocabulary_is_of_the_whole_text,
                      holding_out_nothing_trains_on_everything,
                      the_hash_is_of_all_that_is_learnt,
                      a_text_without_two_symbols_is_refused,
                      a_text_too_short_to_hold_out_is_refused_with_a_remedy,
                      a_share_outside_0_to_1_is_refused,
                      a_file_is_read_as_its_bytes_are,
                      a_missing_file_and_a_directory_are_refused,
                      a_file_larger_than_memory_is_refused_before_it_is_read,
                      what_needs_as_much_memory_as_there_is_fits_and_more_does_not,
                      a_pipe_is_read_to_its_end,
                      an_unknown_symbol_is_refused_by_name_and_offset_or_allowed,
                      an_unknown_word_or_newline_is_shown,
                      of_a_long_unknown_word_sixty_bytes_are_shown,
                      symbols_of_any_length_are_kept_whole,
                      symbols_that_make_no_sense_stop_the_program,
                      a_corpus_without_a_document_is_refused,
                      a_vocabulary_finds_each_of_many_symbols_and_no_other,
                      a_vocabulary_survives_its_file,
                      the_order_of_a_vocabulary_is_that_of_its_ids,
                      a_malformed_vocabulary_is_refused,
                      ids_print_as_text_with_a_blank_between_words,
                      NULL}))
