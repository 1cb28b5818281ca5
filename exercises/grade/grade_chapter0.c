/* grade_chapter0.c: tests of the exercises on lib. */
#include <math.h>
#include <string.h>

#include "error.h"
#include "grade.h"
#include "tales_grammar.h"

/* ---- 0.1 and 0.2 products -------------------------------------------------------------------- */

static const double A[] = {1, 2, 3, 4, 5, 6};                     /* (2, 3) */
static const double B[] = {1, 0, 2, -1, 3, 1, 0, 1, 4, 2, -2, 1}; /* (3, 4) */
#define AB "A = (1 2 3 / 4 5 6), B = (1 0 2 -1 / 3 1 0 1 / 4 2 -2 1), C = 0"

static Matrix transposed(int rows, int cols, const double *x)
{
    Matrix m = slice_new(cols, rows);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) mat_row(m, j)[i] = (real)x[i * cols + j];
    return m;
}

/* A B is (19 8 -4 4 / 43 17 -4 7), also as A (B')' and (A')' B. */
static const double product[] = {19, 8, -4, 4, 43, 17, -4, 7};

static void the_product_by_hand(void)
{
    Matrix c = slice_new(2, 4);
    mat_add_ab(c, slice_of(2, 3, A), slice_of(3, 4, B));
    expect_numbers(
        "C += A B", AB, numbers_of(c), product, 8,
        (Known[]){{{7, 2, 2, 1, 19, 5, 8, 1}, "the last k is left out of the sum"},
                  {{0, 0, 0, 0, 0, 0, 0, 0}, "nothing is written to C"},
                  {{12, 6, -6, 3, 24, 12, -12, 6}, "each k overwrites the one before: add to c_ij"},
                  {.likely = NULL}},
        "c_ij += sum over k of a_ik b_kj. A matrix may be a window into a wider one: step "
        "from row to row by its stride, which mat_row() knows, and not by its columns");
}

static void products_add_to_what_is_there(Matrix c, const char *of)
{
    double expected[8];
    for (int i = 0; i < 8; i++) expected[i] = product[i] + 10;
    expect_numbers(
        of, "the same, and C = 10 everywhere", numbers_of(c), expected, 8,
        (Known[]){{{19, 8, -4, 4, 43, 17, -4, 7},
                   "what C held is lost: the products accumulate, +=, because a gradient is "
                   "a sum over all places where a weight is used"},
                  {.likely = NULL}},
        "add to what C holds");
}

static Matrix tens(void)
{
    return slice_of(2, 4, (double[]){10, 10, 10, 10, 10, 10, 10, 10});
}

static void the_product_accumulates(void)
{
    Matrix c = tens();
    mat_add_ab(c, slice_of(2, 3, A), slice_of(3, 4, B));
    products_add_to_what_is_there(c, "C += A B");
}

#define TRANSPOSE                                                                           \
    "read a transposed matrix with its indices exchanged: (B')_kj is b_jk. The shapes are " \
    "written beside the prototypes"

static void the_product_with_B_transposed(void)
{
    Matrix c = slice_new(2, 4);
    mat_add_abt(c, slice_of(2, 3, A), transposed(3, 4, B));
    expect_numbers("C += A B'", AB ", B handed over as its transpose, (4, 3)", numbers_of(c),
                   product, 8, NO_KNOWN, "c_ij += sum over k of a_ik b_jk. " TRANSPOSE);
    c = tens();
    mat_add_abt(c, slice_of(2, 3, A), transposed(3, 4, B));
    products_add_to_what_is_there(c, "C += A B'");
}

static void the_product_with_A_transposed(void)
{
    Matrix c = slice_new(2, 4);
    mat_add_atb(c, transposed(2, 3, A), slice_of(3, 4, B));
    expect_numbers("C += A' B", AB ", A handed over as its transpose, (3, 2)", numbers_of(c),
                   product, 8, NO_KNOWN, "c_ij += sum over k of a_ki b_kj. " TRANSPOSE);
    c = tens();
    mat_add_atb(c, transposed(2, 3, A), slice_of(3, 4, B));
    products_add_to_what_is_there(c, "C += A' B");
}

/* ---- 0.3 views ------------------------------------------------------------------------------- */

/* The matrix of the book: q|k|v, two channels each, in a wider one. */
static const double QKV[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
#define WIDE "a matrix of 3 rows 1 .. 6, 7 .. 12, 13 .. 18, itself a slice with stride 9"

static void expect_view(const char *of, Matrix got, int rows, int cols, int stride,
                        const double *expected)
{
    expect_numbers(say("rows, columns and stride of %s", of), WIDE,
                   (double[]){got.rows, got.cols, got.stride}, (double[]){rows, cols, stride}, 3,
                   (Known[]){{{rows, cols, cols},
                              "the stride is that of the wide matrix: the next row is still as far "
                              "away as before"},
                             {.likely = NULL}},
                   "a view has the rows and columns that were asked for, and the stride that was");
    expect_numbers(of, WIDE, numbers_of(got), expected, rows * cols, NO_KNOWN,
                   "row i begins i * stride elements from the start, column j is j elements on");
}

static void rows_are_a_view(void)
{
    Matrix m = slice_of(3, 6, QKV);
    expect_view("mat_rows(m, 1, 2)", mat_rows(m, 1, 2), 2, 6, m.stride,
                (double[]){7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18});
    expect_that(mat_rows(m, 0, 3).data == m.data, "mat_rows(m, 0, 3)", WIDE, "the same memory",
                "other memory", "a view copies nothing");
}

/* Panels are those of the whole matrix. */
static void a_view_has_no_panels(void)
{
    Matrix m = slice_of(3, 6, QKV);
    size_t size = mat_panels_size(3, 6);
    Matrix packed = mat_pack(m, NEW(real, size), NEW(real, size));
    Matrix rows = mat_rows(packed, 0, 2), cols = mat_cols(packed, 0, 2);
    expect_that(!rows.panels && !rows.turned && !cols.panels && !cols.turned,
                "panels and turned of mat_rows(m, 0, 2) and mat_cols(m, 0, 2)",
                WIDE ", after mat_pack()", "NULL", "those of m",
                "a product would read the copy of the whole matrix for the part");
}

static void columns_are_a_view(void)
{
    Matrix m = slice_of(3, 6, QKV);
    expect_view("mat_cols(m, 3, 1), the second channel of k", mat_cols(m, 3, 1), 3, 1, m.stride,
                (double[]){4, 10, 16});
    Matrix corner = mat_cols(mat_rows(m, 1, 2), 4, 2);
    expect_view("mat_cols(mat_rows(m, 1, 2), 4, 2)", corner, 2, 2, m.stride,
                (double[]){11, 12, 17, 18});
    mat_row(corner, 0)[0] = -1;
    expect("m[1][4] after writing to the view's [0][0]", WIDE, (double)mat_row(m, 1)[4], -1,
           NO_KNOWN, "a view copies nothing: who writes to it writes to the matrix");
}

/* ---- 0.4 entropy ----------------------------------------------------------------------------- */

static const Symbol *start_of(Grammar *g, const Rule *rules)
{
    Error err;
    if (!grammar_make(g, rules, &err))
        wrong("grammar_make()", rules[0].bodies, "a grammar", err.text, "measure() returns false?");
    return &g->symbols[0];
}

static void the_small_grammar_has_three_and_a_half_bits(void)
{
    static const Rule rules[] = {
        {"tale", 1, "[N=hero] lost [N:her|his] [T=thing]. \"My [T]!\" cried [N]."},
        {"hero", 1, "Ivy/Mia"},
        {"hero", 2, "Tom"},
        {"thing", 1, "hat/key/cup/box"},
        {0}};
    Grammar g;
    double bit = log(2);
    expect("the entropy of a tale, nats",
           "the book's small grammar: Ivy 1, Mia 1, Tom 2; hat, key, cup, box 1 each",
           start_of(&g, rules)->entropy, 3.5 * bit,
           (Known[]){{{3.5}, "this is in bits: take the natural logarithm"},
                     {{0}, "what the choices inside a body add is missing"},
                     {{13 * bit}, "each choice counts in full: weigh it by its probability"},
                     {{log(3) + log(4)}, "weights are ignored: Tom is as likely as the two girls"},
                     {{-3.5 * bit}, "the sign: a surprise is -log p"},
                     {.likely = NULL}},
           "H(S) = sum over bodies of p_b (-log p_b + sum of H over the symbols drawn in b)");
    expect("its mean length", "the same grammar", start_of(&g, rules)->mean_length, 38,
           (Known[]){{{0}, "mean_length isn't filled"}, {.likely = NULL}},
           "the mean over the bodies, by their probabilities");
}

static void choices_inside_are_weighed_by_the_way_to_them(void)
{
    static const Rule rules[] = {
        {"tale", 3, "yes"}, {"tale", 1, "[coin] and [coin]"}, {"coin", 1, "heads/tails"}, {0}};
    Grammar g;
    double choice = -0.75 * log(0.75) - 0.25 * log(0.25), expected = choice + 0.25 * 2 * log(2);
    const Symbol *tale = start_of(&g, rules);
    expect("the entropy of a tale, nats",
           "yes with weight 3, or two coins are thrown with weight 1", tale->entropy, expected,
           (Known[]){{{choice + 2 * log(2)},
                      "the coins are thrown in one tale of four only: weigh "
                      "what is inside a body by the body's probability"},
                     {{choice}, "what the choices inside a body add is missing"},
                     {{0.5 * choice * 2 + 2 * log(2)}, "weigh by the weights"},
                     {.likely = NULL}},
           "p_b multiplies both: -log p_b, and the entropies inside b");
    expect("its mean length", "the same", tale->mean_length, 0.75 * 3 + 0.25 * 15, NO_KNOWN,
           "the mean over the bodies, by their probabilities");
    expect("its longest length", "the same", tale->longest, 15,
           (Known[]){{{18}, "the longest of the bodies, not their sum"}, {.likely = NULL}},
           "the longest of its bodies");
}

const Grader graders[] = {GRADER("0.1", the_product_by_hand),
                          GRADER("0.1", the_product_accumulates),
                          GRADER("0.2", the_product_with_B_transposed),
                          GRADER("0.2", the_product_with_A_transposed),
                          GRADER("0.3", rows_are_a_view),
                          GRADER("0.3", columns_are_a_view),
                          GRADER("0.3", a_view_has_no_panels),
                          GRADER("0.4", the_small_grammar_has_three_and_a_half_bits),
                          GRADER("0.4", choices_inside_are_weighed_by_the_way_to_them),
                          {0}};
