/* test_tales.c: the truth that the loss curves are drawn against, and the language itself. */
#include "tales_interpreter.h"

#include "tales.h"

enum { SAMPLE = 20000 };

static double draw(char *text, int i)
{
    Rng rng = rng_stream(20, (uint64_t)i);
    return tales_draw(text, &rng);
}

/* The next word of *text, letters and apostrophes, or NULL; *text moves on. */
static const char *next_word(const char **text, char word[LINE])
{
    while (**text && !isalpha((unsigned char)**text)) ++*text;
    int n = 0;
    while (isalpha((unsigned char)**text) || (n && **text == '\'')) word[n++] = *(*text)++;
    word[n] = '\0';
    return n ? word : NULL;
}

/* True if the word stands in a list such as "Anna/Clara". */
static bool listed(const char *word, const char *list)
{
    size_t n = strlen(word);
    for (const char *at = list; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, word, n) == 0 && (at[n] == '/' || !at[n])) return true;
    }
    return false;
}

/* --- one derivation, and its probability ------------------------------------------------------ */

START_TEST(one_tale_has_the_probability_found_by_hand)
{
    const char *tale = "Ben had a kite and Anna had a white puzzle. They swapped. Now Ben has a "
                       "white puzzle and Anna has a kite.";
    /* shape, hero, thing, friend, colour, toy */
    double expected = -log(18.0 * 16 * 20 * 12 * 10 * 8);
    double logprob[TALE_MAX + 1];
    ck_assert(close_to(tales_read(tale, logprob, NULL), expected, 1e-14));
    /* after "Ben h" a hero may have had (one shape), heard (one) or hid (one) */
    ck_assert(close_to(logprob[5], -log(3), 1e-13));
    ck_assert_double_eq(logprob[6], 0);
}
END_TEST

START_TEST(an_independent_parser_finds_one_derivation_with_the_drawn_probability)
{
    char text[TALE_MAX + 1];
    for (int i = 0; i < 5000; i++) {
        double drawn = draw(text, i);
        Set all = derivations(TALES_RULES, text);
        ENSURE(all.count == 1, "%s: %d derivations", text, all.count);
        ENSURE(close_to(log(all.at[0].p), drawn, 1e-13), "%s", text);
        free(all.at);
    }
}
END_TEST

START_TEST(reading_gives_the_drawn_probability)
{
    char text[TALE_MAX + 1];
    double logprob[TALE_MAX + 1];
    for (int i = 0; i < SAMPLE; i++) {
        double drawn = draw(text, i), sum = 0, read = tales_read(text, logprob, NULL);
        for (size_t k = 0; k <= strlen(text); k++) {
            ENSURE(logprob[k] <= 0, "%s: %g", text, logprob[k]);
            sum += logprob[k];
        }
        ENSURE(sum == read, "%s: %.17g, %.17g", text, sum, read);
        ENSURE(close_to(read, drawn, 1e-12), "%s", text);
    }
}
END_TEST

START_TEST(no_text_of_a_choice_begins_another_so_no_tale_has_two_derivations)
{
    Error err;
    ck_assert_msg(grammar_is_settled(tales_grammar(), &err), "%s", err.text);
}
END_TEST

START_TEST(after_any_beginning_the_next_characters_sum_to_one)
{
    char text[TALE_MAX + 1], longer[TALE_MAX + 2];
    double logprob[TALE_MAX + 1];
    for (int i = 0; i < 40; i++) {
        draw(text, i);
        for (int n = 0; n <= (int)strlen(text); n += n < 12 ? 1 : 7) {
            snprintf(longer, sizeof longer, "%.*s", n, text);
            tales_read(longer, logprob, NULL);
            double sum = exp(logprob[n]); /* the end */
            for (int c = 1; c < 256; c++) {
                longer[n] = (char)c;
                longer[n + 1] = '\0';
                tales_read(longer, logprob, NULL);
                sum += exp(logprob[n]);
            }
            ck_assert_msg(close_to(sum, 1, 1e-12), "%.*s: %.17g", n, text, sum);
        }
    }
}
END_TEST

/* --- entropy, length -------------------------------------------------------------------------- */

/* |mean - expected| is at most 4 standard errors */
static void check_mean(double sum, double sum_of_squares, int n, double expected)
{
    double mean = sum / n, variance = sum_of_squares / n - mean * mean;
    ck_assert_double_gt(variance, 0);
    ck_assert_msg(fabs(mean - expected) <= 4 * sqrt(variance / n), "%g, expected %g", mean,
                  expected);
}

START_TEST(entropy_and_mean_length_are_those_of_many_draws)
{
    enum { N = 100000 };
    char text[TALE_MAX + 1];
    double h = 0, hh = 0, l = 0, ll = 0;
    for (int i = 0; i < N; i++) {
        double nats = -draw(text, i), length = (double)strlen(text) + 1;
        h += nats, hh += nats * nats;
        l += length, ll += length * length;
    }
    check_mean(h, hh, N, tales_entropy());
    check_mean(l, ll, N, tales_mean_length());
    ck_assert(tales_entropy() > 14 && tales_entropy() < 20);
}
END_TEST

/* --- the language ----------------------------------------------------------------------------- */

START_TEST(a_tale_is_one_line_of_at_most_127_letters_and_stops)
{
    char text[TALE_MAX + 1];
    ck_assert_int_le(tales_grammar()->symbols[0].longest, TALE_MAX);
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        ENSURE((int)strlen(text) <= tales_grammar()->symbols[0].longest, "%s", text);
        for (const char *c = text; *c; c++)
            ENSURE(isalpha((unsigned char)*c) || strchr(" .,!?\"'", *c), "%s", text);
        ENSURE(isupper((unsigned char)text[text[0] == '"']), "%s", text);
        ENSURE(strchr(".!\"", text[strlen(text) - 1]), "%s", text);
        ENSURE(!strstr(text, "  "), "%s", text);
    }
}
END_TEST

START_TEST(quotes_open_and_close)
{
    char text[TALE_MAX + 1];
    int with_dialogue = 0;
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        int quotes = 0;
        for (const char *c = text; *c; c++) quotes += *c == '"';
        ENSURE(quotes % 2 == 0, "%s", text);
        with_dialogue += quotes > 0;
    }
    ck_assert_int_gt(with_dialogue, SAMPLE / 3);
}
END_TEST

START_TEST(a_never_stands_before_a_vowel)
{
    char text[TALE_MAX + 1];
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        for (const char *c = text; *c; c++) {
            if (strncmp(c, " a ", 3) && strncmp(c, " A ", 3) && strncmp(c, "\"A ", 3)) continue;
            ENSURE(!strchr("aeiou", c[3]), "%s", text);
        }
    }
}
END_TEST

START_TEST(there_are_twelve_shapes_and_three_hundred_words_at_least)
{
    char text[TALE_MAX + 1], word[LINE];
    static char words[2000][24];
    int count = 0;
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        const char *at = text;
        while (next_word(&at, word)) {
            for (char *c = word; *c; c++) *c = (char)tolower((unsigned char)*c);
            int w = 0;
            while (w < count && strcmp(words[w], word)) w++;
            if (w == count) strcpy(words[count++], word);
        }
    }
    ck_assert_int_ge(tales_grammar()->symbols[0].count, 12);
    ck_assert_int_ge(count, 300);
}
END_TEST

static const char GIRLS[] =
    "Lily/Mia/Ruby/Nora/Zoe/Ella/Rose/Ivy/Anna/Clara/Daisy/Kate/Molly/Penny";
static const char BOYS[] = "Tom/Ben/Max/Sam/Leo/Finn/Jack/Hugo/Adam/Billy/Danny/Oscar/Peter/Toby";
static const char FRIENDS[] = "Anna/Clara/Daisy/Kate/Molly/Penny/Adam/Billy/Danny/Oscar/Peter/Toby";

START_TEST(pronouns_agree_with_the_name)
{
    char text[TALE_MAX + 1], word[LINE];
    int pronouns = 0;
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        int hero = 0, friend = 0, she = 0, he = 0; /* +1 a girl, -1 a boy */
        const char *at = text;
        while (next_word(&at, word)) {
            int sex = listed(word, GIRLS) - listed(word, BOYS);
            if (sex) *(listed(word, FRIENDS) ? &friend : &hero) = sex;
            she += listed(word, "she/She/her");
            he += listed(word, "he/He/his/him");
        }
        if (!she && !he) continue;
        pronouns++;
        /* where there is a friend, it is the friend that pronouns speak of */
        int who = friend ? friend : hero;
        ENSURE(who > 0 ? he == 0 : she == 0 && who < 0, "%s", text);
    }
    ck_assert_int_gt(pronouns, SAMPLE / 3);
}
END_TEST

/* P(no text of the symbol holds "hello"), exact: each literal holds it or not, and none of it
 * straddles two pieces (the sample below would show it). */
static double without_hello(const char *symbol)
{
    double p = 0;
    for (const Rule *r = TALES_RULES; r->symbol; r++) {
        if (strcmp(r->symbol, symbol) != 0) continue;
        char *bodies = strdup(r->bodies), *save;
        for (char *b = strtok_r(bodies, "/", &save); b; b = strtok_r(NULL, "/", &save)) {
            double q = strcasestr(b, "hello") == NULL;
            for (char *open = strchr(b, '['); open; open = strchr(open + 1, '[')) {
                char name[LINE];
                snprintf(name, sizeof name, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
                bool upper = isupper((unsigned char)name[0]);
                if (upper && name[1] != '=') continue;
                q *= without_hello(name + (upper ? 2 : 0));
            }
            p += q * r->weight / total_weight(TALES_RULES, symbol);
        }
        free(bodies);
    }
    return p;
}

START_TEST(hello_occurs_in_two_to_four_per_cent)
{
    enum { N = 100000 };
    double p = 1 - without_hello("tale");
    ck_assert_msg(p >= 0.02 && p <= 0.04, "%g", p);
    char text[TALE_MAX + 1];
    int seen = 0, lower = 0;
    for (int i = 0; i < N; i++) {
        draw(text, i);
        seen += strcasestr(text, "hello") != NULL;
        lower += strstr(text, "hello") != NULL;
    }
    ck_assert_int_eq(seen, lower); /* always in lower case */
    ck_assert(fabs((double)seen / N - p) <= 4 * sqrt(p * (1 - p) / N));
}
END_TEST

/* --- what returns ----------------------------------------------------------------------------- */

START_TEST(distances_lead_back_to_the_first_mention)
{
    const char *tale = "Lily lost her red kite in the barn. A shy fox found it. Lily hugged the "
                       "fox and the red kite.";
    int distance[TALE_MAX + 1];
    ck_assert(isfinite(tales_read(tale, NULL, distance)));
    int lily = (int)(strstr(tale, "Lily hugged") - tale);
    int fox = (int)(strstr(tale, "fox and") - tale);
    int red = (int)(strstr(tale, "red kite.") - tale);
    for (int i = 0; i <= (int)strlen(tale); i++) {
        int expected = 0;
        if (i >= 10 && i < 13) expected = i; /* her: where Lily begins */
        if (i >= lily && i < lily + 4) expected = lily;
        if (i >= fox && i < fox + 3) expected = fox - 42;
        if (i >= red && i < red + 8 && i != red + 3) expected = red - 14;
        ck_assert_msg(distance[i] == expected, "%d: %d, expected %d", i, distance[i], expected);
    }
}
END_TEST

START_TEST(most_tales_hold_a_word_that_returns_after_forty_characters)
{
    char text[TALE_MAX + 1];
    int distance[TALE_MAX + 1], far = 0, near_only = 0;
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        tales_read(text, NULL, distance);
        bool found = false;
        for (int k = 2; text[k]; k++) {
            /* a whole word of three letters at least, the same as at its first mention */
            int d = distance[k];
            if (d < 40 || distance[k - 1] != d || distance[k - 2] != d) continue;
            found |= !strncmp(text + k - 2, text + k - 2 - d, 3) && isalpha((unsigned char)text[k]);
        }
        far += found;
        near_only += !found;
    }
    ck_assert_int_gt(far, SAMPLE * 8 / 10);
    ck_assert_int_eq(far + near_only, SAMPLE);
}
END_TEST

START_TEST(what_returns_costs_almost_nothing)
{
    /* once a mention has begun to return, only another shape or choice could compete with it */
    char text[TALE_MAX + 1];
    double logprob[TALE_MAX + 1], returned = 0, all = 0;
    int distance[TALE_MAX + 1];
    for (int i = 0; i < SAMPLE; i++) {
        draw(text, i);
        all += tales_read(text, logprob, distance);
        for (int k = 0; text[k]; k++) returned += distance[k] ? logprob[k] : 0;
    }
    ck_assert(returned > 0.01 * all);
}
END_TEST

/* --- reading refuses, drawing repeats --------------------------------------------------------- */

START_TEST(reading_refuses_what_is_not_a_tale)
{
    static const char *const wrong[] = {
        "",
        "hello",
        "Ben had a kite and Anna had a white puzzle. They swapped. Now Ben has a white puzzle and "
        "Anna has a kite",
        "Ben had a kite and Anna had a white puzzle. They swapped. Now Ben has a white puzzle and "
        "Anna has a kite..",
        "Ben had a kite and Anna had a white puzzle. They swapped. Now Max has a white puzzle and "
        "Anna has a kite.",
        "Ben had a kite and Anna had a white puzzle. They swapped. Now Ben has a black puzzle and "
        "Anna has a kite.",
        "Ben lost her red kite in the barn. A shy fox found it. Ben hugged the fox and the red "
        "kite.",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double logprob[TALE_MAX + 1];
        ck_assert(isinf(tales_read(wrong[i], logprob, NULL)));
        ck_assert(tales_read(wrong[i], NULL, NULL) < 0);
        bool departed = false;
        for (size_t k = 0; k <= strlen(wrong[i]); k++) {
            ck_assert(!departed || isinf(logprob[k]));
            departed |= isinf(logprob[k]);
        }
        ck_assert(departed);
    }
}
END_TEST

START_TEST(reading_says_where_a_text_departs)
{
    const char *text = "Ben lost her red kite.";
    double logprob[TALE_MAX + 1];
    int distance[TALE_MAX + 1];
    ck_assert(isinf(tales_read(text, logprob, distance)));
    for (int k = 0; k < 10; k++) ck_assert(isfinite(logprob[k])); /* "Ben lost h" */
    ck_assert(isinf(logprob[10]));                                /* "his" could come, "her" not */
    for (size_t k = 0; k <= strlen(text); k++) ck_assert_int_eq(distance[k], 0);
}
END_TEST

START_TEST(reading_fills_an_element_for_each_character_and_the_end_and_no_more)
{
    static const char *const texts[] = {
        "Ben lost her red kite.",
        "Lily lost her red kite in the barn. A shy fox found it. Lily hugged the fox and the red "
        "kite."};
    for (int i = 0; i < 2; i++) {
        double logprob[TALE_MAX + 1];
        int distance[TALE_MAX + 1], n = (int)strlen(texts[i]);
        for (int k = 0; k <= TALE_MAX; k++) logprob[k] = 7, distance[k] = -7;
        tales_read(texts[i], logprob, distance);
        for (int k = 0; k <= TALE_MAX; k++) {
            ENSURE((logprob[k] <= 0) == (k <= n), "%d: %g", k, logprob[k]);
            ENSURE((distance[k] >= 0) == (k <= n), "%d: %d", k, distance[k]);
        }
        ck_assert_int_eq(distance[n], 0);
    }
}
END_TEST

START_TEST(reading_refuses_a_text_that_is_too_long)
{
    char text[400];
    double logprob[TALE_MAX + 1];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert(isinf(tales_read(text, logprob, NULL)));
    draw(text, 1);
    text[strlen(text)] = 'a'; /* a whole tale, then more */
    ck_assert(isinf(tales_read(text, logprob, NULL)));
}
END_TEST

START_TEST(the_same_seed_gives_the_same_tales)
{
    size_t size, same_size, other_size;
    char *corpus = tales_corpus(7, 500, &size);
    char *same = tales_corpus(7, 500, &same_size);
    char *other = tales_corpus(8, 500, &other_size);
    ck_assert_uint_eq(size, same_size);
    ck_assert_mem_eq(corpus, same, size);
    ck_assert(other_size != size || memcmp(corpus, other, size) != 0);
    free(corpus), free(same), free(other);
}
END_TEST

START_TEST(a_corpus_is_its_tales_a_line_each)
{
    size_t size;
    char *corpus = tales_corpus(7, 300, &size), *at = corpus, text[TALE_MAX + 1];
    for (int i = 0; i < 300; i++) {
        Rng rng = rng_stream(7, (uint64_t)i);
        tales_draw(text, &rng);
        size_t n = strlen(text);
        ck_assert(!strncmp(at, text, n) && at[n] == '\n');
        at += n + 1;
    }
    ck_assert_uint_eq((size_t)(at - corpus), size);
    free(corpus);
    corpus = tales_corpus(7, 0, &size);
    ck_assert_uint_eq(size, 0);
    free(corpus);
}
END_TEST

#define TESTS                                                                            \
    (const TTest *const[])                                                               \
    {                                                                                    \
        one_tale_has_the_probability_found_by_hand,                                      \
            an_independent_parser_finds_one_derivation_with_the_drawn_probability,       \
            reading_gives_the_drawn_probability,                                         \
            no_text_of_a_choice_begins_another_so_no_tale_has_two_derivations,           \
            after_any_beginning_the_next_characters_sum_to_one,                          \
            entropy_and_mean_length_are_those_of_many_draws,                             \
            a_tale_is_one_line_of_at_most_127_letters_and_stops, quotes_open_and_close,  \
            a_never_stands_before_a_vowel,                                               \
            there_are_twelve_shapes_and_three_hundred_words_at_least,                    \
            pronouns_agree_with_the_name, hello_occurs_in_two_to_four_per_cent,          \
            distances_lead_back_to_the_first_mention,                                    \
            most_tales_hold_a_word_that_returns_after_forty_characters,                  \
            what_returns_costs_almost_nothing, reading_refuses_what_is_not_a_tale,       \
            reading_says_where_a_text_departs,                                           \
            reading_fills_an_element_for_each_character_and_the_end_and_no_more,         \
            reading_refuses_a_text_that_is_too_long, the_same_seed_gives_the_same_tales, \
            a_corpus_is_its_tales_a_line_each, NULL                                      \
    }

RUN_TESTS("tales", TESTS)
