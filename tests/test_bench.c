/* test_bench.c: what bench/table.c says of rows: medians, peers, targets, and who meets them; and
 * that the bench's yardstick multiplies. */
#include "suite.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "measure/kernel.h"
#include "measure/measure.h"
#include "measure/results.h"

/* One row, as the programs of bench/ print them; NAN: without a peak. */
static void add_beside(Rows *rows, const char *what, const char *name, const char *by, int threads,
                       const char *unit, double value, double peak)
{
    Series key = {.threads = threads};
    strcpy(key.what, what), strcpy(key.name, name), strcpy(key.by, by), strcpy(key.unit, unit);
    rows_add(rows, &key, value, value / peak);
}

/* Products beside a peak of 100, all else without one. */
static void add(Rows *rows, const char *what, const char *name, const char *by, int threads,
                const char *unit, double value)
{
    add_beside(rows, what, name, by, threads, unit, value,
               strcmp(unit, "GFLOP/s") == 0 ? 100 : NAN);
}

/* The result of that name; the rows are used up. */
static Result only_result(Rows *rows, const char *what, int threads)
{
    int count, found = -1;
    Result *results = results_of(rows, &count);
    for (int i = 0; i < count; i++)
        if (strcmp(results[i].what, what) == 0 && results[i].threads == threads) found = i;
    ck_assert_msg(found >= 0, "there is no result of %s", what);
    Result r = results[found];
    free(results);
    rows_free(rows);
    return r;
}

static const char STEP[] = "training step", CASE[] = "2/2/64/64x32", RATE[] = "symbols/s";

START_TEST(a_step_is_held_against_its_floor_and_its_peer_by_medians)
{
    Rows rows = {0};
    const double ours[] = {90, 1, 86}, floor[] = {100, 500, 99}, peer[] = {41, 40, 7};
    for (int i = 0; i < 3; i++) {
        add(&rows, STEP, CASE, "ours", 1, RATE, ours[i]);
        add(&rows, STEP, CASE, "floor", 1, RATE, floor[i]);
        add(&rows, STEP, CASE, "pytorch", 1, RATE, peer[i]);
    }
    Result r = only_result(&rows, STEP, 1);
    ck_assert(r.ours == 86 && r.floor == 100 && r.peer_value == 40);
    ck_assert(r.share == 0.86 && r.ratio == 2.15);
    ck_assert_str_eq(r.peer, "pytorch");
    ck_assert(r.target.share == 0.85 && r.target.ratio == 2);
    ck_assert_int_eq(r.verdict, MET);
}
END_TEST

START_TEST(one_target_that_is_missed_decides)
{
    Rows rows = {0};
    add(&rows, STEP, CASE, "ours", 1, RATE, 84.9);
    add(&rows, STEP, CASE, "floor", 1, RATE, 100);
    add(&rows, STEP, CASE, "pytorch", 1, RATE, 10);
    ck_assert_int_eq(only_result(&rows, STEP, 1).verdict, MISSED);

    add(&rows, STEP, CASE, "ours", 1, RATE, 99);
    add(&rows, STEP, CASE, "floor", 1, RATE, 100);
    add(&rows, STEP, CASE, "pytorch", 1, RATE, 50);
    ck_assert_int_eq(only_result(&rows, STEP, 1).verdict, MISSED);
}
END_TEST

START_TEST(without_a_peer_nothing_is_called_met)
{
    Rows rows = {0};
    add(&rows, STEP, CASE, "ours", 1, RATE, 99);
    add(&rows, STEP, CASE, "floor", 1, RATE, 100);
    ck_assert_int_eq(only_result(&rows, STEP, 1).verdict, UNJUDGED);

    add(&rows, STEP, CASE, "ours", 1, RATE, 10); /* but a miss is a miss */
    add(&rows, STEP, CASE, "floor", 1, RATE, 100);
    ck_assert_int_eq(only_result(&rows, STEP, 1).verdict, MISSED);

    add(&rows, STEP, CASE, "ours", 1, RATE, NAN);
    add(&rows, STEP, CASE, "floor", 1, RATE, 100);
    add(&rows, STEP, CASE, "pytorch", 1, RATE, 10);
    ck_assert_int_ne(only_result(&rows, STEP, 1).verdict, MET);
}
END_TEST

START_TEST(a_peer_may_use_fewer_threads_but_not_more)
{
    Rows rows = {0};
    add(&rows, STEP, CASE, "ours", 2, RATE, 100);
    add(&rows, STEP, CASE, "pytorch", 1, RATE, 50);
    add(&rows, STEP, CASE, "pytorch", 2, RATE, 40);
    ck_assert(only_result(&rows, STEP, 2).ratio == 2);

    add(&rows, STEP, CASE, "ours", 1, RATE, 100);
    add(&rows, STEP, CASE, "pytorch", 1, RATE, 40);
    add(&rows, STEP, CASE, "pytorch", 2, RATE, 50);
    ck_assert(only_result(&rows, STEP, 1).ratio == 2.5);
}
END_TEST

START_TEST(of_times_and_memory_less_is_better)
{
    Rows rows = {0};
    add(&rows, "counting n-grams", "to ARPA", "ours", 1, "s", 2);
    add(&rows, "counting n-grams", "to ARPA", "lmplz", 1, "s", 5);
    add(&rows, "counting n-grams", "to ARPA", "other", 1, "s", 4);
    Result r = only_result(&rows, "counting n-grams", 1);
    ck_assert_str_eq(r.peer, "other");
    ck_assert(r.ratio == 2);
    ck_assert_int_eq(r.verdict, MET);

    add(&rows, "memory", "chapter2", "ours", 1, "MiB", 201);
    ck_assert_int_eq(only_result(&rows, "memory", 1).verdict, MISSED);
    add(&rows, "memory", "chapter2", "ours", 1, "MiB", 199);
    ck_assert_int_eq(only_result(&rows, "memory", 1).verdict, MET);
}
END_TEST

START_TEST(absolute_targets_are_scaled_by_the_peak_of_one_core)
{
    Rows rows = {0};
    add(&rows, "machine", "multiply-add", "ours", 1, "GFLOP/s", 116);
    add(&rows, "machine", "multiply-add", "ours", 2, "GFLOP/s", 232);
    add(&rows, "sampling one", "2/2/64", "ours", 1, RATE, 125001);
    Result r = only_result(&rows, "sampling one", 1);
    ck_assert(r.ours == 125001 && r.scaled == 250002);
    ck_assert_int_eq(r.verdict, MET);

    add(&rows, "machine", "multiply-add", "ours", 1, "GFLOP/s", 116);
    add(&rows, "Shakespeare, 2000 steps", "the program", "ours", 2, "s", 57);
    r = only_result(&rows, "Shakespeare, 2000 steps", 2);
    ck_assert(r.scaled == 28.5);
    ck_assert_int_eq(r.verdict, MISSED);

    add(&rows, "machine", "multiply-add", "ours", 1, "GFLOP/s", 1);
    add_beside(&rows, "sampling one", "2/2/64", "ours", 1, RATE, 125, 116); /* its own counts */
    ck_assert_double_eq_tol(only_result(&rows, "sampling one", 1).scaled, 250, 1e-9);

    add(&rows, "sampling one", "2/2/64", "ours", 1, RATE, 1e9); /* a peak that nobody knows */
    ck_assert_int_eq(only_result(&rows, "sampling one", 1).verdict, UNJUDGED);
}
END_TEST

START_TEST(products_are_near_the_peak_where_no_side_is_short)
{
    Rows rows = {0};
    add(&rows, "product", "ab 768x384x128 view", "ours", 1, "GFLOP/s", 91);
    add(&rows, "product", "ab 768x384x128 view", "openblas", 1, "GFLOP/s", 91);
    Result r = only_result(&rows, "product", 1);
    ck_assert(r.share == 0.91 && r.target.share == 0.9 && r.target.ratio == 1);
    ck_assert_int_eq(r.verdict, MET);

    add(&rows, "product", "atb 128x32x4096", "ours", 2, "GFLOP/s", 50);
    add(&rows, "product", "atb 128x32x4096", "openblas", 2, "GFLOP/s", 51);
    r = only_result(&rows, "product", 2);
    ck_assert(r.target.share == 0);
    ck_assert_int_eq(r.verdict, MISSED);
}
END_TEST

START_TEST(two_rows_together_say_what_a_thread_gains_and_how_memory_grows)
{
    Rows rows = {0};
    add(&rows, STEP, CASE, "ours", 1, RATE, 100);
    add(&rows, STEP, CASE, "ours", 2, RATE, 175);
    add(&rows, STEP, CASE, "pytorch", 2, RATE, 900);
    Result r = only_result(&rows, "training step, 2 threads for 1", 2);
    ck_assert(r.ours == 1.75);
    ck_assert_int_eq(r.verdict, MISSED);

    add(&rows, "memory", "chapter3", "ours", 1, "MiB", 40);
    add(&rows, "memory of few steps", "chapter3", "ours", 1, "MiB", 37);
    r = only_result(&rows, "memory, growth over steps", 1);
    ck_assert(r.ours == 3);
    ck_assert_int_eq(r.verdict, MISSED);
}
END_TEST

START_TEST(a_line_that_is_no_row_is_refused_with_its_number)
{
    const char *const lines[] = {
        "{\"what\":\"w\",\"case\":\"c\",\"by\":\"ours\",\"unit\":\"s\",\"threads\":1,\"value\":2}",
        "{\"what\":\"w\",\"case\":\"c\",\"by\":\"ours\",\"unit\":\"s\",\"threads\":1}", "[", ""};
    char path[] = "/tmp/test_bench_XXXXXX";
    close(mkstemp(path));
    for (int wrong = 1; wrong < 4; wrong++) {
        Rows rows = {0};
        Error err = {""};
        FILE *out = fopen(path, "w");
        fprintf(out, "%s\n%s\n", lines[0], lines[wrong]);
        fclose(out);
        ck_assert(!rows_read(&rows, path, &err));
        ck_assert_msg(strstr(err.text, ":2: "), "it said: %s", err.text);
        ck_assert_int_eq(rows.count, 1);
        ck_assert(rows.series[0].value[0] == 2);
        rows_free(&rows);
    }
    remove(path);
}
END_TEST

/* Largest error of the yardstick's product, by a team; a and b as the strides say. */
static double kernel_error(int m, int n, int k, bool turn_a, bool turn_b, int threads)
{
    real *a = random_numbers((size_t)(m * k)), *b = random_numbers((size_t)(k * n));
    real *c = random_numbers((size_t)(m * n)), *room = random_numbers((size_t)kernel_room(n));
    Operand left = turn_a ? (Operand){a, 1, m} : (Operand){a, k, 1};
    Operand right = turn_b ? (Operand){b, 1, k} : (Operand){b, n, 1};
#ifdef _OPENMP
#pragma omp parallel num_threads(threads)
    kernel_multiply(m, n, k, c, left, right, room, omp_get_thread_num(), omp_get_num_threads());
#else
    (void)threads;
    kernel_multiply(m, n, k, c, left, right, room, 0, 1);
#endif
    double worst = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double exact = 0;
            for (int p = 0; p < k; p++)
                exact += (double)left.data[i * left.row + p * left.col] *
                         right.data[p * right.row + j * right.col];
            worst = fmax(worst, fabs((double)c[i * n + j] - exact));
        }
    free(a), free(b), free(c), free(room);
    return worst;
}

START_TEST(the_yardstick_multiplies)
{
    for (int turned = 0; turned < 4; turned++)
        for (int threads = 1; threads <= 3; threads++) {
            double edges = kernel_error(29, 65, 1100, turned & 1, turned & 2, threads);
            double whole = kernel_error(24, 64, 512, turned & 1, turned & 2, threads);
            double one = kernel_error(1, 1, 1, turned & 1, turned & 2, threads);
            ck_assert_msg(edges < 1e-4 && whole < 1e-4 && one < 1e-6, "%g, %g and %g", edges, whole,
                          one);
        }
}
END_TEST

START_TEST(the_peak_is_measured_and_medians_are_in_the_middle)
{
    double odd[] = {5, 1, 9}, even[] = {4, 2, 8, 6};
    ck_assert(median(odd, 3) == 5 && median(even, 4) == 6);
    ck_assert(peak_rate(1) > 0);
}
END_TEST

static const TTest *const tests[] = {a_step_is_held_against_its_floor_and_its_peer_by_medians,
                                     one_target_that_is_missed_decides,
                                     without_a_peer_nothing_is_called_met,
                                     a_peer_may_use_fewer_threads_but_not_more,
                                     of_times_and_memory_less_is_better,
                                     absolute_targets_are_scaled_by_the_peak_of_one_core,
                                     products_are_near_the_peak_where_no_side_is_short,
                                     two_rows_together_say_what_a_thread_gains_and_how_memory_grows,
                                     a_line_that_is_no_row_is_refused_with_its_number,
                                     the_yardstick_multiplies,
                                     the_peak_is_measured_and_medians_are_in_the_middle,
                                     NULL};

RUN_TESTS("bench", tests)
