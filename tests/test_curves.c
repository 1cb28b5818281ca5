/* test_curves.c: a table's edges, a file read strictly, and sketches drawn by hand. */
#include "suite.h"

#include "curves.h"

static Error err;

/* A temporary file with these bytes; remove it with unlink. */
static const char *file_of(const char *bytes)
{
    static char path[64];
    strcpy(path, "/tmp/test_curves_XXXXXX");
    int to = mkstemp(path);
    ck_assert_int_ge(to, 0);
    ck_assert_int_eq(write(to, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(to);
    return path;
}

/* What curves_draw draws; valid until the next call. */
static const char *drawn(const Curves *c, const char *x, const char *y, double floor_value)
{
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    curves_draw(out, c, x, y, floor_value, "floor");
    fclose(out);
    return text;
}

/* Line `number` of a sketch, counted from 0. */
static const char *line_of(const char *sketch, int number)
{
    static char line[256];
    for (; number > 0; number--) sketch += strcspn(sketch, "\n") + 1;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(sketch, "\n"), sketch);
    return line;
}

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(names_of_any_length_are_kept_in_order)
{
    char header[8192] = "", name[128] = "";
    for (int length = 1; length <= 80; length++) {
        strcat(name, "n");
        if (*header) strcat(header, ",");
        strcat(header, name);
    }
    Curves *c = curves_new(header);
    ck_assert_int_eq(c->columns, 80);
    for (int j = 0; j < 80; j++) ck_assert_uint_eq(strlen(c->names[j]), (size_t)j + 1);
    curves_free(c);
}
END_TEST

START_TEST(what_is_no_row_or_column_stops_the_program)
{
    Curves *c = curves_new("step,loss");
    curves_add(c, 1, 2);
    ck_assert_dies(curves_at(c, 0, "lass"), "no column is called lass");
    ck_assert_dies(curves_at(c, 1, "loss"), "row 1 of 1");
    ck_assert_dies(curves_at(c, -1, "loss"), "row -1 of 1");
    ck_assert_dies(curves_draw(stdout, c, "stop", "loss", NAN, ""),
                   "no columns are called stop and");
    ck_assert_dies(curves_draw(stdout, c, "step", "lass", NAN, ""),
                   "no columns are called step and");
    ck_assert_dies(curves_new("step,,loss"), "a column of curves has no name");
    ck_assert_dies(curves_new(""), "a column of curves has no name");
    curves_free(c);
}
END_TEST

START_TEST(an_empty_line_of_a_table_of_one_column_is_a_number_that_was_not_measured)
{
    Curves *c = curves_new("loss");
    const char *path = file_of("loss\r\n\r\n\n1\r\n");
    ck_assert_msg(curves_load(c, path, &err), "%s", err.text);
    ck_assert_int_eq(c->rows, 3);
    ck_assert(isnan(curves_at(c, 0, "loss")) && isnan(curves_at(c, 1, "loss")));
    ck_assert(curves_at(c, 2, "loss") == 1);
    unlink(path);
    curves_free(c);
}
END_TEST

/* --- the sketch ------------------------------------------------------------------------------- */

/* One point is in the middle: place 0.5 * 59 = 29.5, so 30 of 0..59, and 0.5 * 11 = 5.5, so 6 of
 * 0..11, counted from below. */
START_TEST(one_point_stands_in_the_middle_whatever_was_not_measured)
{
    Curves *c = curves_new("step,loss");
    curves_add(c, NAN, 1);
    curves_add(c, 3, 2);
    curves_add(c, 4, INFINITY);
    char middle[64], axis[128];
    snprintf(middle, sizeof middle, "%10s |%30s%c", "", "", 'a');
    snprintf(axis, sizeof axis, "%12s3%27sstep%27s3", "", "", "");
    const char *sketch = drawn(c, "step", "loss", NAN);
    ck_assert_str_eq(line_of(sketch, 0), "loss");
    ck_assert_str_eq(line_of(sketch, 1), "         2 |");
    for (int i = 2; i < 12; i++)
        ck_assert_str_eq(line_of(sketch, i), i == 6 ? middle : "           |");
    ck_assert_str_eq(line_of(sketch, 12), "         2 |");
    ck_assert_str_eq(line_of(sketch, 14), axis);
    curves_free(c);
}
END_TEST

START_TEST(a_floor_between_the_limits_leaves_both_limits_shown)
{
    Curves *c = curves_new("step,loss");
    curves_add(c, 0, 11);
    curves_add(c, 59, 0);
    const char *sketch = drawn(c, "step", "loss", 5);
    char dashes[128] = "         5 |-", last[80];
    for (int j = 2; j < 60; j += 2) strcat(dashes, " -");
    strcat(dashes, " floor");
    snprintf(last, sizeof last, "%10s |%59s%c", "0", "", 'a');
    ck_assert_str_eq(line_of(sketch, 1), "        11 |a");
    ck_assert_str_eq(line_of(sketch, 7), dashes);
    ck_assert_str_eq(line_of(sketch, 12), last);
    curves_free(c);
}
END_TEST

/* 0.3 and 10.8 fall into the rows of 0 and 11: what is drawn there is the floor. */
START_TEST(a_floor_in_the_row_of_a_limit_has_its_own_number_there)
{
    Curves *c = curves_new("step,loss");
    curves_add(c, 0, 11);
    curves_add(c, 59, 0);
    const char *sketch = drawn(c, "step", "loss", 0.3);
    ck_assert_int_eq(strncmp(line_of(sketch, 1), "        11 |", 12), 0);
    ck_assert_int_eq(strncmp(line_of(sketch, 12), "       0.3 |- -", 15), 0);
    sketch = drawn(c, "step", "loss", 10.8);
    ck_assert_int_eq(strncmp(line_of(sketch, 1), "      10.8 |a -", 15), 0);
    ck_assert_int_eq(strncmp(line_of(sketch, 12), "         0 |", 12), 0);
    curves_free(c);
}
END_TEST

START_TEST(a_letter_is_the_mean_of_what_falls_into_its_place)
{
    Curves *c = curves_new("step,loss");
    curves_add(c, 0, 11);
    curves_add(c, 0, 7); /* mean 9: two rows below 11 */
    curves_add(c, 59, 0);
    const char *sketch = drawn(c, "step", "loss", NAN);
    ck_assert_str_eq(line_of(sketch, 1), "        11 |");
    ck_assert_str_eq(line_of(sketch, 3), "           |a");
    curves_free(c);
}
END_TEST

START_TEST(a_sketch_shows_nothing_of_the_one_before)
{
    char alone[1024];
    Curves *c = curves_new("step,loss"), *other = curves_new("step,loss");
    curves_add(c, 0, 11);
    curves_add(c, 59, 0);
    curves_add(other, 0, 3);
    curves_add(other, 30, 5);
    snprintf(alone, sizeof alone, "%s", drawn(c, "step", "loss", NAN));
    drawn(other, "step", "loss", NAN);
    ck_assert_str_eq(drawn(c, "step", "loss", NAN), alone);
    curves_free(c), curves_free(other);
}
END_TEST

START_TEST(there_are_letters_for_26_seeds_and_the_last_serves_all_others)
{
    Curves *c = curves_new("seed,step,loss");
    for (int s = 0; s < 30; s++) curves_add(c, 100 - s, s, s % 2);
    int seen[26] = {0};
    for (const char *p = strchr(drawn(c, "step", "loss", NAN), '\n'); *p && *p != '+'; p++)
        if (*p >= 'a' && *p <= 'z') seen[*p - 'a']++;
    for (int s = 0; s < 26; s++) ck_assert_int_eq(seen[s], s < 25 ? 1 : 5);
    curves_free(c);
}
END_TEST

START_TEST(a_long_name_keeps_a_blank_on_both_sides)
{
    char name[80], header[128], wanted[128];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(header, sizeof header, "%s,loss", name);
    Curves *c = curves_new(header);
    curves_add(c, 1, 2);
    curves_add(c, 9, 2);
    snprintf(wanted, sizeof wanted, "%12s1 %s 9", "", name);
    ck_assert_str_eq(line_of(drawn(c, name, "loss", NAN), 14), wanted);
    curves_free(c);
}
END_TEST

/* As long as there is room its ends stand below the sketch's, and the name in the middle. */
START_TEST(a_name_of_any_length_stands_in_the_middle)
{
    for (int length = 1; length <= 56; length++) {
        char name[64] = "", header[80], wanted[128];
        int blanks = 58 - length;
        memset(name, 'n', (size_t)length);
        snprintf(header, sizeof header, "%s,loss", name);
        Curves *c = curves_new(header);
        curves_add(c, 1, 2);
        curves_add(c, 9, 2);
        snprintf(wanted, sizeof wanted, "%12s1%*s%s%*s9", "", blanks / 2, "", name,
                 blanks - blanks / 2, "");
        ck_assert_str_eq(line_of(drawn(c, name, "loss", NAN), 14), wanted);
        curves_free(c);
    }
}
END_TEST

static const TTest *const tests[] = {
    names_of_any_length_are_kept_in_order,
    what_is_no_row_or_column_stops_the_program,
    an_empty_line_of_a_table_of_one_column_is_a_number_that_was_not_measured,
    one_point_stands_in_the_middle_whatever_was_not_measured,
    a_floor_between_the_limits_leaves_both_limits_shown,
    a_floor_in_the_row_of_a_limit_has_its_own_number_there,
    a_letter_is_the_mean_of_what_falls_into_its_place,
    a_sketch_shows_nothing_of_the_one_before,
    there_are_letters_for_26_seeds_and_the_last_serves_all_others,
    a_long_name_keeps_a_blank_on_both_sides,
    a_name_of_any_length_stands_in_the_middle,
    NULL};

RUN_TESTS("curves", tests)
