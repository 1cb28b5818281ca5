/* test_arena.c: the two passes of a layout, the two kinds of mistake (error.h), and what is left to
 * do. */
#include "suite.h"

#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "exercise.h"

typedef struct {
    Matrix weight, bias, nothing, head;
} Toy;

static void toy_layout(Toy *t, Arena *a)
{
    t->weight = arena_matrix(a, 5, 7);
    t->bias = arena_matrix(a, 1, 7);
    t->nothing = arena_matrix(a, 0, 3);
    t->head = arena_matrix(a, 7, 16);
}

static Arena toy_place(Toy *t)
{
    Arena a = {0};
    toy_layout(t, &a);
    arena_reserve(&a);
    toy_layout(t, &a);
    return a;
}

START_TEST(first_pass_counts_and_gives_shapes_without_memory)
{
    Arena a = {0};
    Toy t;
    toy_layout(&t, &a);
    size_t line = 64 / sizeof(real), lines = (35 + line - 1) / line + 1 + 0 + 112 / line;
    ck_assert_uint_eq(a.used, lines * line);
    ck_assert_uint_eq(a.size, 0);
    ck_assert_ptr_null(t.weight.data);
    ck_assert_int_eq(t.head.rows, 7);
    ck_assert_int_eq(t.head.cols, 16);
    arena_free(&a);
}
END_TEST

START_TEST(second_pass_places_every_matrix_on_a_line_of_its_own)
{
    Toy t;
    Arena a = toy_place(&t);
    ck_assert_uint_eq(a.used, a.size);
    const Matrix placed[] = {t.weight, t.bias, t.nothing, t.head};
    const real *end = a.base;
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq((uintptr_t)placed[i].data % 64, 0);
        ck_assert(placed[i].data >= end);
        ck_assert_int_eq(placed[i].stride, placed[i].cols);
        end = placed[i].data + placed[i].rows * placed[i].cols;
    }
    ck_assert(end <= a.base + a.size);
    arena_free(&a);
}
END_TEST

START_TEST(reserved_memory_is_zero)
{
    Toy t;
    Arena a = toy_place(&t);
    for (size_t i = 0; i < a.size; i++) ck_assert(a.base[i] == 0);
    arena_free(&a);
}
END_TEST

START_TEST(memory_that_was_used_before_is_zero_too)
{
    enum { NUMBERS = 4096 };
    Arena a = {0};
    void *used = aligned_alloc(64, (NUMBERS + 64 / sizeof(real)) * sizeof(real));
    ck_assert_ptr_nonnull(used);
    memset(used, 0xff, (NUMBERS + 64 / sizeof(real)) * sizeof(real));
    free(used);
    arena_matrix(&a, 64, NUMBERS / 64);
    arena_reserve(&a);
    size_t zeros = 0;
    for (size_t i = 0; i < a.size; i++) zeros += a.base[i] == 0;
    ck_assert_uint_eq(zeros, NUMBERS);
    arena_free(&a);
}
END_TEST

/* More than 2 MiB, which come in pages of that size where there are such. */
START_TEST(much_memory_is_zero_and_begins_a_line_too)
{
    Arena a = {0};
    arena_matrix(&a, 1 << 10, 1 << 11);
    arena_matrix(&a, 1, 3);
    arena_reserve(&a);
    ck_assert_uint_eq((uintptr_t)a.base % 64, 0);
    size_t others = 0;
    for (size_t i = 0; i < a.size; i++) others += a.base[i] != 0;
    ck_assert_uint_eq(others, 0);
    Matrix m = arena_matrix(&a, 1 << 10, 1 << 11), last = arena_matrix(&a, 1, 3);
    mat_row(m, (1 << 10) - 1)[(1 << 11) - 1] = 1;
    mat_row(last, 0)[2] = 2;
    ck_assert(a.base[(1 << 21) - 1] == 1 && a.base[(1 << 21) + 2] == 2);
    arena_free(&a);
}
END_TEST

START_TEST(gaps_stay_zero_when_the_matrices_are_filled)
{
    Toy t;
    Arena a = toy_place(&t);
    const Matrix placed[] = {t.weight, t.bias, t.head};
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < placed[m].rows; i++)
            for (int j = 0; j < placed[m].cols; j++) mat_row(placed[m], i)[j] = 1;
    size_t ones = 0;
    for (size_t i = 0; i < a.size; i++) {
        ck_assert(a.base[i] == 0 || a.base[i] == 1);
        ones += a.base[i] == 1;
    }
    ck_assert_uint_eq(ones, 35 + 7 + 112);
    arena_free(&a);
}
END_TEST

START_TEST(twin_arenas_lay_out_alike)
{
    Toy p, d;
    Arena parameters = toy_place(&p), gradients = toy_place(&d);
    ck_assert_uint_eq(parameters.size, gradients.size);
    ck_assert_int_eq(p.bias.data - parameters.base, d.bias.data - gradients.base);
    ck_assert_int_eq(p.head.data - parameters.base, d.head.data - gradients.base);
    ck_assert(p.head.data != d.head.data);
    arena_free(&parameters);
    arena_free(&gradients);
}
END_TEST

START_TEST(empty_arena_can_be_reserved_and_freed)
{
    Arena a = {0};
    arena_reserve(&a);
    ck_assert_uint_eq(a.size, 0);
    ck_assert_ptr_nonnull(arena_matrix(&a, 0, 3).data);
    arena_free(&a);
    arena_free(&a);
    ck_assert(!a.base && a.used == 0 && a.size == 0);
}
END_TEST

START_TEST(freed_arena_serves_again)
{
    Toy t;
    Arena a = toy_place(&t);
    size_t size = a.size;
    arena_free(&a);
    toy_layout(&t, &a);
    arena_reserve(&a);
    toy_layout(&t, &a);
    ck_assert_uint_eq(a.size, size);
    arena_free(&a);
}
END_TEST

START_TEST(layout_that_wants_more_than_it_counted_is_refused)
{
    Toy t;
    Arena a = toy_place(&t);
    char part[128];
    snprintf(part, sizeof part, "the arena holds %zu numbers and its layout wants %zu", a.size,
             a.size + 64 / sizeof(real));
    ck_assert_dies(arena_matrix(&a, 1, 1), part);
    arena_free(&a);
}
END_TEST

START_TEST(arena_refuses_a_second_reserve_and_negative_shapes)
{
    Toy t;
    Arena a = toy_place(&t);
    ck_assert_dies(arena_reserve(&a), "an arena is reserved once");
    arena_free(&a);
    ck_assert_dies(arena_matrix(&a, -2, 3), "a matrix of -2 x 3");
    ck_assert_dies(arena_matrix(&a, 2, -3), "a matrix of 2 x -3");
    ck_assert_int_eq(arena_matrix(&a, 2, 0).rows, 2);
    ck_assert_uint_eq(a.used, 0);
}
END_TEST

/* --- error.h --- */

START_TEST(error_is_filled_and_false)
{
    Error err;
    ck_assert(!error_set(&err, "%s is empty: give a file with %d words", "a.txt", 2));
    ck_assert_str_eq(err.text, "a.txt is empty: give a file with 2 words");
    ck_assert(!error_set(NULL, "nobody listens"));
}
END_TEST

START_TEST(error_longer_than_its_room_is_cut)
{
    Error err;
    error_set(&err, "%2000d", 7);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

START_TEST(error_shows_a_terminal_nothing_but_characters)
{
    const struct {
        const char *given, *shown;
    } cases[] = {
        {"a\nb\tc", "a?b?c"},
        {"red \x1b[31m", "red ?[31m"},
        {"\x7f\xc2\x9b", "???"}, /* delete; a control character of two bytes */
        {"\xc3\xa4\xe5\xa4\xa9", "\xc3\xa4\xe5\xa4\xa9"},
        {"\xe5\xa4", "??"},
        {"\xe5\xa4z", "??z"}, /* cut off */
        {"\x80\xff", "??"},
        {"\xc3z\xc3\xa4", "?z\xc3\xa4"},          /* not completed */
        {"a\xc2\xa0z\xc2\x9f~", "a\xc2\xa0z??~"}, /* U+00A0 is the first that can be shown */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err;
        error_set(&err, "%s", cases[i].given);
        ck_assert_str_eq(err.text, cases[i].shown);
    }
}
END_TEST

START_TEST(require_says_expression_place_and_reason)
{
    int rows = 3;
    REQUIRE(rows == 3, "not reached");
    ck_assert_dies(REQUIRE(rows % 2 == 0, "%d rows", rows), "required: rows % 2 == 0: 3 rows\n");
    ck_assert_dies(REQUIRE(rows > 3, "few"), "test_arena.c:");
    ck_assert_dies(REQUIRE(NAN < 1, "a NaN fails"), "a NaN fails");
}
END_TEST

START_TEST(an_open_exercise_says_what_is_missing_and_where_to_read)
{
    ck_assert_exits(exercise_open("3.2", "Reward to go", "chapter 3", "returns", "rollout.c"), 1,
                    "exercise 3.2, \"Reward to go\", is still to be written: returns() in "
                    "rollout.c. Read chapter 3.\n");
}
END_TEST

START_TEST(new_memory_is_zero_and_keeps_its_numbers_when_it_grows)
{
    int *x = NEW(int, 10);
    for (int i = 0; i < 10; i++) ck_assert_int_eq(x[i], 0);
    x[9] = 7;
    x = must_realloc(x, 1000, sizeof *x);
    ck_assert_int_eq(x[9], 7);
    free(x);
    x = NEW(int, 0);
    ck_assert_ptr_nonnull(x);
    x = must_realloc(x, 0, sizeof *x);
    ck_assert_ptr_nonnull(x);
    free(x);
}
END_TEST

START_TEST(memory_that_is_not_there_ends_the_program_with_a_sentence)
{
    volatile size_t most = SIZE_MAX;
    ck_assert_exits(must_realloc(NULL, most, 2), 1, "could not be had: use a smaller");
    ck_assert_exits(out_of_memory(12, 8), 1, "out of memory: 12 x 8 bytes");
}
END_TEST

static const TTest *const tests[] = {
    first_pass_counts_and_gives_shapes_without_memory,
    second_pass_places_every_matrix_on_a_line_of_its_own,
    reserved_memory_is_zero,
    memory_that_was_used_before_is_zero_too,
    much_memory_is_zero_and_begins_a_line_too,
    gaps_stay_zero_when_the_matrices_are_filled,
    twin_arenas_lay_out_alike,
    empty_arena_can_be_reserved_and_freed,
    freed_arena_serves_again,
    layout_that_wants_more_than_it_counted_is_refused,
    arena_refuses_a_second_reserve_and_negative_shapes,
    error_is_filled_and_false,
    error_longer_than_its_room_is_cut,
    error_shows_a_terminal_nothing_but_characters,
    require_says_expression_place_and_reason,
    an_open_exercise_says_what_is_missing_and_where_to_read,
    new_memory_is_zero_and_keeps_its_numbers_when_it_grows,
    memory_that_is_not_there_ends_the_program_with_a_sentence,
    NULL,
};

RUN_TESTS("arena", tests)
