/* test_book_examples.c: the examples that the book works by hand, in its order.
 *
 * A number that TUTORIAL.md derives on paper stands here once more, and the code must give it. The
 * rest of its examples are in the test of their unit; the book names the test beside each. */
#include "suite.h"

#include "attention.h"
#include "layers.h"
#include "matrix.h"
#include "ngram.h"
#include "rng.h"
#include "tales_grammar.h"

/* --- chapter 0: matrices ---------------------------------------------------------------------- */

static void assert_2_x_2(Matrix c, real c00, real c01, real c10, real c11)
{
    ck_assert(mat_row(c, 0)[0] == c00 && mat_row(c, 0)[1] == c01);
    ck_assert(mat_row(c, 1)[0] == c10 && mat_row(c, 1)[1] == c11);
}

START_TEST(a_2_x_2_product_in_its_three_forms)
{
    real a_data[] = {1, 2, 3, 4}, b_data[] = {5, 6, 7, 8}, c_data[] = {0, 0, 0, 0};
    Matrix a = mat(a_data, 2, 2), b = mat(b_data, 2, 2), c = mat(c_data, 2, 2);
    mat_add_ab(c, a, b);
    assert_2_x_2(c, 19, 22, 43, 50);
    mat_add_ab(c, a, b); /* twice: they accumulate */
    assert_2_x_2(c, 38, 44, 86, 100);
    mat_zero(c);
    mat_add_abt(c, a, b);
    assert_2_x_2(c, 17, 23, 39, 53);
    mat_zero(c);
    mat_add_atb(c, a, b);
    assert_2_x_2(c, 26, 30, 38, 44);
}
END_TEST

START_TEST(a_head_is_a_slice_of_columns)
{
    real numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, scores_data[4] = {0};
    Matrix qkv = mat(numbers, 2, 6); /* q | k | v, two channels each */
    Matrix q = mat_cols(qkv, 1, 1), k = mat_cols(qkv, 3, 1), scores = mat(scores_data, 2, 2);
    ck_assert_ptr_eq(q.data, numbers + 1);
    ck_assert_int_eq(q.stride, 6);
    mat_add_abt(scores, q, k); /* q = (2, 8), k = (4, 10) */
    assert_2_x_2(scores, 8, 20, 32, 80);
}
END_TEST

START_TEST(a_window_is_a_slice_of_rows_and_columns)
{
    real numbers[24];
    Matrix m = mat(numbers, 4, 6);
    Matrix window = mat_cols(mat_rows(m, 1, 2), 2, 3), same = mat_rows(mat_cols(m, 2, 3), 1, 2);
    ck_assert(window.rows == 2 && window.cols == 3 && window.stride == 6);
    ck_assert_ptr_eq(window.data, numbers + 8);
    ck_assert_ptr_eq(same.data, window.data);
    ck_assert_int_eq(same.stride, 6);
}
END_TEST

START_TEST(a_multiply_add_rounds_once)
{
    real x = (real)(1 + 0x1p-12), c = (real) - (1 + 0x1p-11);
    volatile real square = x * x; /* to float 1 + 2^-11: the last term is lost */
    if (sizeof(real) == sizeof(float)) ck_assert(square + c == 0);
    mat_add_ab(mat(&c, 1, 1), mat(&x, 1, 1), mat(&x, 1, 1));
    ck_assert(c == (real)0x1p-24);
}
END_TEST

START_TEST(the_order_of_a_sum_shows_in_floats)
{
    volatile float large = 1e8f, left = large + 1, right = large - large;
    ck_assert(left - large == 0);
    ck_assert(right + 1 == 1);
}
END_TEST

START_TEST(streams_begin_with_these_numbers)
{
    static const double first[3] = {0.5596, 0.7243, 0.1469};
    for (int stream = 0; stream < 3; stream++) {
        Rng rng = rng_stream(1, (uint64_t)stream);
        double u = rng_uniform(&rng);
        ck_assert(fabs(u - first[stream]) < 5e-5);
    }
}
END_TEST

/* --- chapter 0: a language whose entropy is known --------------------------------------------- */

static const Rule small_rules[] = {
    {"tale", 1, "[N=hero] lost [N:her|his] [T=thing]. \"My [T]!\" cried [N]."},
    {"hero", 1, "Ivy/Mia"},
    {"hero", 2, "Tom"},
    {"thing", 1, "hat/key/cup/box"},
    {0}};

START_TEST(the_small_grammar_has_three_and_a_half_bits)
{
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, small_rules, &err), "%s", err.text);
    ck_assert(grammar_is_settled(&g, &err));
    ck_assert(close_to(g.symbols[0].entropy, 3.5 * log(2), 1e-12));
    ck_assert(close_to(g.symbols[0].mean_length, 38, 1e-12));

    /* all that is uncertain in a tale: who (2 bits, or 1 for Tom), and what (2 bits) */
    const char *tale = "Ivy lost her hat. \"My hat!\" cried Ivy.";
    double logprob[TALE_MAX + 1];
    int distance[TALE_MAX + 1];
    ck_assert(close_to(grammar_read(&g, tale, logprob, distance), -4 * log(2), 1e-12));
    for (int i = 0; i <= (int)strlen(tale); i++)
        ck_assert(close_to(logprob[i], i == 0 || i == 13 ? -2 * log(2) : 0, 1e-12));
    ck_assert_int_eq(distance[9], 9);   /* h of "her", from the name */
    ck_assert_int_eq(distance[22], 9);  /* h of the second "hat" */
    ck_assert_int_eq(distance[34], 34); /* I of the second "Ivy" */
    ck_assert(close_to(grammar_read(&g, "Tom lost his key. \"My key!\" cried Tom.", NULL, NULL),
                       -3 * log(2), 1e-12));
    grammar_free(&g);
}
END_TEST

/* --- chapter 1: what forgetting costs --------------------------------------------------------- */

/* Each tale of the small grammar as often as its probability says: 1/16 or 2/16. */
static Text small_tales(void)
{
    static const char *const heroes[] = {"Ivy", "Mia", "Tom", "Tom"};
    static const char *const things[] = {"hat", "key", "cup", "box"};
    char lines[16 * 64];
    size_t size = 0;
    for (int i = 0; i < 16; i++) {
        const char *hero = heroes[i / 4], *thing = things[i % 4];
        size += (size_t)sprintf(lines + size, "%s lost %s %s. \"My %s!\" cried %s.\n", hero,
                                i / 4 < 2 ? "her" : "his", thing, thing, hero);
    }
    Text text;
    Error err;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS};
    ck_assert_msg(text_from_string(&text, lines, size, "small tales", &options, &err), "%s",
                  err.text);
    return text;
}

static double bits_a_tale(const Text *text, int order)
{
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_NONE};
    Ngram *m = ngram_train(&text->train, &text->vocabulary, &options);
    NgramScore s = ngram_evaluate(m, &text->train);
    ngram_free(m);
    return -s.logprob / 16 / log(2);
}

/* What is forgotten is paid for again: the pronoun 1 bit, the thing 2, the name 1.5. The steps: the
 * thing's last letter is in sight, the name's from the pronoun, the pronoun's from the name (which
 * leaves half a bit, between the girls), the name's from the name. */
START_TEST(forgetting_costs_the_small_tales_four_and_a_half_bits)
{
    static const struct {
        int order;
        double bits;
    } stairs[] = {
        {6, 3.5 + 1 + 2 + 1.5}, {7, 3.5 + 1 + 2 + 1.5}, {8, 3.5 + 1 + 1.5}, {9, 3.5 + 1.5},
        {23, 3.5 + 1.5},        {24, 3.5 + 0.5},        {32, 3.5 + 0.5},    {33, 3.5}};
    Text text = small_tales();
    for (int i = 0; i < 8; i++)
        ck_assert(close_to(bits_a_tale(&text, stairs[i].order), stairs[i].bits, 1e-12));
    text_free(&text);
}
END_TEST

/* --- chapter 1: ten words --------------------------------------------------------------------- */

static const char ten_words[] = "the cat sat\nthe cat ran\nthe dog sat down\n";

static Ngram *train_on_ten_words(Text *text, Smoothing smoothing, double k)
{
    Error err;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_WORDS};
    ck_assert_msg(text_from_string(text, ten_words, strlen(ten_words), "ten words", &options, &err),
                  "%s", err.text);
    NgramOptions ngram = {.order = 2, .smoothing = smoothing, .k = k};
    return ngram_train(&text->train, &text->vocabulary, &ngram);
}

static int word(const Text *text, const char *bytes)
{
    return vocabulary_find(&text->vocabulary, bytes, strlen(bytes));
}

static double after(const Ngram *m, const Text *text, const char *history, const char *symbol)
{
    int id = word(text, history);
    return exp(ngram_logprob(m, &id, 1, word(text, symbol)));
}

/* The most frequent word of all is as unlikely after "dog" as one that occurs once. */
/* P(line) by the shares of its pairs; the words are separated by single blanks. */
static double line_probability(const Ngram *m, const Text *text, const char *line)
{
    int ids[8];
    size_t count = 0;
    char copy[64], *rest;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        ids[count++] = word(text, w);
    return exp(ngram_score(m, ids, count, NULL));
}

START_TEST(the_five_lines_of_the_ten_words_sum_to_one)
{
    static const char *const lines[] = {"the cat sat", "the cat ran", "the cat sat down",
                                        "the dog sat", "the dog sat down"};
    Text text;
    Ngram *m = train_on_ten_words(&text, SMOOTHING_NONE, 0);
    for (int i = 0; i < 5; i++)
        ck_assert(
            close_to(line_probability(m, &text, lines[i]), i == 1 ? 1.0 / 3 : 1.0 / 6, 1e-12));
    ngram_free(m);
    text_free(&text);
}
END_TEST

START_TEST(kneser_ney_asks_after_how_many_words_a_word_has_come)
{
    Text text;
    Ngram *m = train_on_ten_words(&text, SMOOTHING_KNESER_NEY, 0);
    ck_assert(close_to(after(m, &text, "dog", "the"), 0.05625, 1e-12));
    ck_assert(close_to(after(m, &text, "dog", "ran"), 0.05625, 1e-12));
    ck_assert(close_to(after(m, &text, "dog", "sat"), 0.58125, 1e-12));
    int ids[] = {word(&text, "the"), word(&text, "dog"), word(&text, "ran")};
    double p = 0.55625 * (1.0 / 6 + 0.05625) * 0.05625 * 0.60625;
    ck_assert(close_to(ngram_score(m, ids, 3, NULL), log(p), 1e-12));
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* After "the" stand cat (2/3) and dog (1/3); at temperature 1/2 squares: 4/5 and 1/5. */
START_TEST(a_temperature_of_one_half_squares_the_probabilities)
{
    enum { DRAWS = 20000 };
    Text text;
    Ngram *m = train_on_ten_words(&text, SMOOTHING_NONE, 0);
    real weights[16];
    Rng rng = rng_stream(1, 1);
    int the = word(&text, "the"), cats = 0;
    ck_assert_int_le(m->symbols, 16);
    for (int i = 0; i < DRAWS; i++) {
        int x = ngram_sample(m, ngram_state(m, &the, 1), 0.5, &rng, weights);
        ck_assert(x == word(&text, "cat") || x == word(&text, "dog"));
        cats += x == word(&text, "cat");
    }
    ck_assert(fabs((double)cats / DRAWS - 0.8) < 5 * sqrt(0.8 * 0.2 / DRAWS));
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* --- chapter 2: a transformer ----------------------------------------------------------------- */

/* "By hand": logits (ln 3, 0), the second symbol comes, a step of size 1 with weight w. */
static double probability_after(double w)
{
    real logits[2] = {(real)log(3), 0}, probs[2], logprob[1], dlogits[2] = {0}, weight = (real)w;
    const int x[] = {1};
    Matrix l = mat(logits, 1, 2), p = mat(probs, 1, 2), d = mat(dlogits, 1, 2);
    softmax_forward(p, logprob, l, x);
    ck_assert_double_eq_tol(probs[0], 0.75, 1e-6);
    ck_assert_double_eq_tol(-logprob[0], 1.386, 5e-4);
    softmax_gradient(d, p, x, &weight);
    ck_assert_double_eq_tol(dlogits[0], 0.75 * w, 1e-6);
    ck_assert_double_eq_tol(dlogits[1], -0.75 * w, 1e-6);
    for (int j = 0; j < 2; j++) logits[j] -= dlogits[j];
    softmax_forward(p, logprob, l, x);
    return (double)probs[1];
}

START_TEST(a_step_on_two_symbols_comes_out_as_by_hand)
{
    ck_assert_double_eq_tol(probability_after(1), 0.599, 5e-4);
    ck_assert_double_eq_tol(-log(probability_after(1)), 0.512, 5e-4);
}
END_TEST

START_TEST(a_negative_weight_goes_the_other_way)
{
    ck_assert_double_eq_tol(probability_after(-1), 0.069, 5e-4);
}
END_TEST

START_TEST(attention_by_hand_on_two_positions)
{
    real queries[] = {0, (real)log(3)}, keys[] = {1, 0}, values[] = {4, 8}, y_data[2], att_data[4];
    Matrix q = mat(queries, 2, 1), k = mat(keys, 2, 1), v = mat(values, 2, 1);
    Matrix y = mat(y_data, 2, 1), att = mat(att_data, 2, 2);
    attention_forward(y, att, q, k, v);
    ck_assert_double_eq_tol(y_data[0], 4, 1e-6);
    ck_assert_double_eq_tol(att_data[2], 0.75, 1e-6);
    ck_assert_double_eq_tol(y_data[1], 5, 1e-5);

    real dy[] = {0, 1}, dq[2] = {0}, dk[2] = {0}, dv[2] = {0}, room[4];
    attention_backward(mat(dq, 2, 1), mat(dk, 2, 1), mat(dv, 2, 1), mat(dy, 2, 1), att,
                       mat(room, 2, 2), q, k, v);
    ck_assert_double_eq_tol(dq[1], -0.75, 1e-5);
    ck_assert_double_eq_tol(dk[0], -0.824, 5e-4);
    ck_assert_double_eq_tol(dk[1], 0.824, 5e-4);
    ck_assert_double_eq_tol(dv[0], 0.75, 1e-6);
}
END_TEST

static const TTest *const tests[] = {a_2_x_2_product_in_its_three_forms,
                                     a_head_is_a_slice_of_columns,
                                     a_window_is_a_slice_of_rows_and_columns,
                                     a_multiply_add_rounds_once,
                                     the_order_of_a_sum_shows_in_floats,
                                     streams_begin_with_these_numbers,
                                     the_small_grammar_has_three_and_a_half_bits,
                                     forgetting_costs_the_small_tales_four_and_a_half_bits,
                                     the_five_lines_of_the_ten_words_sum_to_one,
                                     kneser_ney_asks_after_how_many_words_a_word_has_come,
                                     a_temperature_of_one_half_squares_the_probabilities,
                                     a_step_on_two_symbols_comes_out_as_by_hand,
                                     a_negative_weight_goes_the_other_way,
                                     attention_by_hand_on_two_positions,
                                     NULL};

RUN_TESTS("book_examples", tests)
