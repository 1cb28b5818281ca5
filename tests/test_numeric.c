/* test_numeric.c: exp and log against the C library, over their whole range; sums against the order
 * that numeric.h states, bit for bit. */
#include "suite.h"

#include <float.h>

#include "numeric.h"
#include "rng.h"

static bool is_double(void)
{
    return sizeof(real) == sizeof(double);
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* --- exp --- */

static double exp_error(double x)
{
    return fabs((double)real_exp((real)x) / exp(x) - 1);
}

/* Every 1009th float of each sign: all magnitudes, from the smallest to the ends of the range. */
START_TEST(exp_is_within_2e_7_of_the_c_library)
{
    double worst = 0;
    for (uint32_t bits = 0; bits <= bits_of(88); bits += 1009) {
        double x = (double)float_of(bits);
        worst = fmax(worst, exp_error(x));
        if (x <= 87) worst = fmax(worst, exp_error(-x));
    }
    for (int i = -870000; i <= 880000; i++)
        worst = fmax(worst, exp_error((double)(float)(i * 1e-4)));
    ck_assert_double_le(worst, is_double() ? 0 : 2e-7);
    if (!is_double()) ck_assert_double_gt(worst, 5e-8); /* or this test measured nothing */
}
END_TEST

START_TEST(exp_of_zero_is_one_and_of_its_ends_is_finite)
{
    ck_assert(real_exp(0) == 1 && real_exp((real)-0.0) == 1);
    ck_assert(isfinite(real_exp(88)) && exp_error(88) <= 2e-7);
    ck_assert((double)real_exp(-87) >= FLT_MIN && exp_error(-87) <= 2e-7);
}
END_TEST

START_TEST(exp_of_nan_is_nan)
{
    ck_assert(isnan(real_exp((real)NAN)) && isnan(real_exp((real)-NAN)));
}
END_TEST

START_TEST(exp_outside_its_range_is_that_of_the_nearer_end)
{
    if (is_double()) { /* the C library's */
        ck_assert(isinf(real_exp((real)INFINITY)) && real_exp((real)-INFINITY) == 0);
        return;
    }
    const real above[] = {(real)88.1, 1000, (real)FLT_MAX, (real)INFINITY};
    for (int i = 0; i < 4; i++) {
        ck_assert(real_exp(above[i]) == real_exp(88));
        ck_assert(real_exp(-above[i]) == real_exp(-87));
    }
}
END_TEST

/* Neighbouring floats may differ by rounding; steps of 2^-20 may not go down. */
START_TEST(exp_rises_near_zero)
{
    real last = 0;
    int falls = 0;
    for (int i = -(1 << 18); i <= 1 << 18; i++) {
        real y = real_exp((real)(i * 0x1p-20));
        falls += !(y > last);
        last = y;
    }
    ck_assert_int_eq(falls, 0);
}
END_TEST

/* --- log --- */

static double log_error(double x)
{
    double y = log(x);
    return fabs((double)real_log((real)x) - y) / fmax(1, fabs(y));
}

START_TEST(log_is_within_its_bound_of_the_c_library)
{
    double worst = 0;
    for (uint32_t bits = bits_of(FLT_MIN); bits <= bits_of(FLT_MAX); bits += 1009)
        worst = fmax(worst, log_error((double)float_of(bits)));
    for (int i = 1; i <= 2000000; i++) worst = fmax(worst, log_error((double)(float)(i * 1e-6)));
    ck_assert_double_le(worst, is_double() ? 0 : 1.3e-7);
    if (!is_double()) ck_assert_double_gt(worst, 5e-8);
}
END_TEST

/* Where log x is near 0 the absolute bound says little: its digits are still right. */
START_TEST(log_near_one_is_right_in_relative_terms)
{
    ck_assert(real_log(1) == 0);
    double worst = 0;
    for (float x = 0.7f; x < 1.4f; x += 0x1p-21f)
        if (x != 1) worst = fmax(worst, fabs((double)real_log((real)x) / log((double)x) - 1));
    ck_assert_double_le(worst, is_double() ? 0 : 3e-7);
}
END_TEST

START_TEST(log_of_what_has_none_is_infinite_or_nan)
{
    ck_assert(isinf(real_log(0)) && real_log(0) < 0);
    ck_assert(isinf(real_log((real)-0.0)) && real_log((real)-0.0) < 0);
    ck_assert(isnan(real_log(-1)) && isnan(real_log((real)-INFINITY)));
    ck_assert(isnan(real_log((real)NAN)));
    ck_assert(isinf(real_log((real)INFINITY)) && real_log((real)INFINITY) > 0);
}
END_TEST

START_TEST(log_below_the_normal_numbers_stays_finite)
{
    const uint32_t subnormal[] = {1, 1000, 0x400000, 0x7fffff};
    for (int i = 0; i < 4; i++) {
        double y = (double)real_log((real)float_of(subnormal[i]));
        if (is_double())
            ck_assert_double_lt(y, -87.3);
        else
            ck_assert(y > -88.04 && y < -87.33);
    }
}
END_TEST

START_TEST(log_rises_near_one)
{
    real last = (real)-INFINITY;
    int falls = 0;
    for (int i = -(1 << 18); i <= 1 << 18; i++) {
        real y = real_log((real)(1 + i * 0x1p-20));
        falls += !(y > last);
        last = y;
    }
    ck_assert_int_eq(falls, 0);
}
END_TEST

START_TEST(log_undoes_exp)
{
    for (int x = -87; x <= 88; x++) {
        double back = (double)real_log(real_exp((real)x));
        ck_assert_double_le(fabs(back - x), 1e-6 * fmax(1, fabs((double)x)));
    }
}
END_TEST

START_TEST(square_root_is_the_c_librarys)
{
    Rng rng = rng_stream(1, 0);
    for (int i = 0; i < 1000; i++) {
        real x = (real)rng_uniform(&rng) * 1000;
        real y = is_double() ? (real)sqrt((double)x) : (real)sqrtf((float)x);
        ck_assert(real_sqrt(x) == y);
    }
    ck_assert(isnan(real_sqrt(-1)) && real_sqrt(0) == 0);
}
END_TEST

/* --- sums --- */

enum { MOST = 200, VECTORS = 3 };

/* The stated order: term i goes to lane i mod L; the lanes are folded, the upper half onto the
 * lower, until one is left. */
static real plain_sum(const real *term, int n)
{
    const int lanes = 64 / (int)sizeof(real);
    real lane[64 / sizeof(real)] = {0};
    for (int i = 0; i < n; i++) lane[i % lanes] += term[i];
    for (int width = lanes; width > 1; width /= 2)
        for (int i = 0; i < width / 2; i++) lane[i] += lane[i + width / 2];
    return lane[0];
}

static void draw_vectors(real x[VECTORS][MOST + 1])
{
    Rng rng = rng_stream(2, 0);
    for (int v = 0; v < VECTORS; v++)
        for (int i = 0; i <= MOST; i++) x[v][i] = (real)(rng_normal(&rng) * exp(rng_normal(&rng)));
}

START_TEST(sums_have_the_bits_of_the_stated_order)
{
    static real x[VECTORS][MOST + 1];
    draw_vectors(x);
    for (int from = 0; from < 2; from++) /* 1: not aligned */
        for (int n = 0; n <= MOST; n++) {
            const real *a = x[0] + from, *b = x[1] + from, *c = x[2] + from;
            real ab[MOST], abc[MOST];
            for (int i = 0; i < n; i++) {
                ab[i] = a[i] * b[i];
                abc[i] = a[i] * b[i] * c[i];
            }
            ck_assert(sum(a, n) == plain_sum(a, n));
            ck_assert(dot(a, b, n) == plain_sum(ab, n));
            ck_assert(dot3(a, b, c, n) == plain_sum(abc, n));
        }
}
END_TEST

/* Otherwise the test above could not tell one order from another. */
START_TEST(another_order_gives_other_bits)
{
    static real x[VECTORS][MOST + 1];
    draw_vectors(x);
    real in_order = 0;
    int different = 0;
    for (int n = 1; n <= MOST; n++) {
        in_order += x[0][n - 1];
        different += in_order != sum(x[0], n);
        ck_assert_double_lt(fabs((double)(in_order - sum(x[0], n))), 1e-3);
    }
    ck_assert_int_gt(different, MOST / 2);
}
END_TEST

START_TEST(sums_of_nothing_are_zero_and_of_a_nan_are_nan)
{
    real x[40] = {0};
    ck_assert(sum(x, 0) == 0 && dot(x, x, 0) == 0 && dot3(x, x, x, 0) == 0);
    for (int i = 0; i < 40; i++) {
        x[i] = (real)NAN;
        ck_assert(isnan(sum(x, 40)) && isnan(dot(x, x, 40)) && isnan(dot3(x, x, x, 40)));
        x[i] = 0;
    }
}
END_TEST

START_TEST(largest_is_found_wherever_it_stands)
{
    for (int n = 1; n <= 40; n++)
        for (int at = 0; at < n; at++) {
            real x[40];
            for (int i = 0; i < n; i++) x[i] = (real)(-100 - i);
            x[at] = -7;
            ck_assert(largest(x, n) == -7);
        }
    const real infinite[] = {1, (real)INFINITY, 3};
    ck_assert(isinf(largest(infinite, 3)));
}
END_TEST

static const TTest *const tests[] = {
    exp_is_within_2e_7_of_the_c_library,
    exp_of_zero_is_one_and_of_its_ends_is_finite,
    exp_of_nan_is_nan,
    exp_outside_its_range_is_that_of_the_nearer_end,
    exp_rises_near_zero,
    log_is_within_its_bound_of_the_c_library,
    log_near_one_is_right_in_relative_terms,
    log_of_what_has_none_is_infinite_or_nan,
    log_below_the_normal_numbers_stays_finite,
    log_rises_near_one,
    log_undoes_exp,
    square_root_is_the_c_librarys,
    sums_have_the_bits_of_the_stated_order,
    another_order_gives_other_bits,
    sums_of_nothing_are_zero_and_of_a_nan_are_nan,
    largest_is_found_wherever_it_stands,
    NULL,
};

RUN_TESTS("numeric", tests)
