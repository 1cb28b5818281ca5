/* test_rng.c: the generator against known answers, and its draws against their distributions.
 *
 * The seeds are fixed, so nothing here fails by chance; the bounds are such that a right generator
 * would pass with another seed too (about five standard deviations). */
#include "suite.h"

#include "rng.h"

/* sum (observed - expected)^2 / expected, in standard deviations from its mean: a chi-square of f
 * degrees of freedom has mean f and variance 2 f. */
static double chi_square(const int *observed, const double *expected, int bins)
{
    double chi2 = 0;
    for (int i = 0; i < bins; i++) {
        double d = observed[i] - expected[i];
        chi2 += d * d / expected[i];
    }
    return (chi2 - (bins - 1)) / sqrt(2.0 * (bins - 1));
}

static double chi_square_uniform(const int *observed, int bins)
{
    double expected[256], total = 0;
    ck_assert_int_le(bins, 256);
    for (int i = 0; i < bins; i++) total += observed[i];
    for (int i = 0; i < bins; i++) expected[i] = total / bins;
    return chi_square(observed, expected, bins);
}

/* --- the bits --- */

/* The published algorithm run from the state 1, 2, 3, 4, in Python's integers. */
START_TEST(xoshiro_gives_the_known_numbers)
{
    const uint64_t known[] = {41943041u,
                              58720359u,
                              3588806011781223u,
                              3591011842654386u,
                              9228616714210784205u,
                              9973669472204895162u,
                              14011001112246962877u,
                              12406186145184390807u,
                              15849039046786891736u,
                              10450023813501588000u};
    Rng r = {{1, 2, 3, 4}};
    for (int i = 0; i < 10; i++) ck_assert_uint_eq(rng_next(&r), known[i]);
}
END_TEST

/* As the header says, splitmix64 from seed and stream; also from Python, where splitmix64 gave its
 * known numbers from 1234567 (6457827717110365317, 3203168211198807973, ...). */
START_TEST(streams_begin_with_the_known_states)
{
    const struct {
        uint64_t seed, stream, state[4], next;
    } known[] = {
        {0,
         0,
         {0xf89a2566b5822c54u, 0x47200e1d9780fa44u, 0xe710dc7a64e2470au, 0xa8638de0a181ac7fu},
         0x9c45a7531f52ab2du},
        {1,
         2,
         {0xcd0c294188447929u, 0xb60a07ad96fe4056u, 0x381953d14826c485u, 0x5e27576f99df4381u},
         0x259d3b1fdd5a12e9u},
        {2,
         1,
         {0x53f8dbdfeb9bf71du, 0x8bc50c40e5bd4aabu, 0xb01b705b25d9b784u, 0x1b528ab08c8d89acu},
         0x9c34f0a050539cd0u},
        {UINT64_MAX,
         12345,
         {0x9911c3fdfe7a166au, 0xed86c2aa9e235424u, 0xaae1b863726607fbu, 0x38a332421c8fe59du},
         0xb91f48fc0262f0e5u},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        Rng r = rng_stream(known[i].seed, known[i].stream);
        for (int j = 0; j < 4; j++) ck_assert_uint_eq(r.s[j], known[i].state[j]);
        ck_assert_uint_eq(rng_next(&r), known[i].next);
    }
}
END_TEST

START_TEST(uniform_is_the_upper_53_bits)
{
    Rng r = rng_stream(7, 3);
    ck_assert(rng_uniform(&r) == 0.8707007348398552);
    ck_assert(rng_uniform(&r) == 0.2654304624572814);
    ck_assert(rng_uniform(&r) == 0.6410049194038621);
}
END_TEST

START_TEST(uniform_reaches_zero_and_stays_below_one)
{
    Rng zero = {{0, 7, 9, 0}}; /* s0 + s3 = 0, s0 = 0: next is 0 */
    ck_assert(rng_uniform(&zero) == 0);
    /* rotate(s0 + s3, 23) + s0 with s0 = 0 and s3 all ones is all ones */
    Rng ones = {{0, 7, 9, UINT64_MAX}};
    double most = rng_uniform(&ones);
    ck_assert(most < 1 && most == 1 - 0x1p-53);
}
END_TEST

/* --- streams --- */

START_TEST(seed_and_stream_are_not_interchangeable)
{
    for (uint64_t seed = 0; seed < 40; seed++)
        for (uint64_t stream = 0; stream < seed; stream++) {
            Rng a = rng_stream(seed, stream), b = rng_stream(stream, seed);
            ck_assert(rng_next(&a) != rng_next(&b));
        }
}
END_TEST

static int compare_bits(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(no_two_streams_begin_alike)
{
    enum { SEEDS = 100, STREAMS = 1000 };
    uint64_t *first = malloc(sizeof *first * SEEDS * STREAMS);
    for (int i = 0; i < SEEDS * STREAMS; i++) {
        Rng r = rng_stream((uint64_t)(i / STREAMS), (uint64_t)(i % STREAMS));
        first[i] = rng_next(&r);
    }
    qsort(first, SEEDS * STREAMS, sizeof *first, compare_bits);
    int alike = 0;
    for (int i = 1; i < SEEDS * STREAMS; i++) alike += first[i] == first[i - 1];
    ck_assert_int_eq(alike, 0);
    free(first);
}
END_TEST

/* A batch takes one number from each of many streams: those must be as good as one stream's. */
START_TEST(first_numbers_of_neighbouring_streams_and_seeds_are_uniform)
{
    enum { COUNT = 64000, BINS = 64 };
    for (int by_seed = 0; by_seed < 2; by_seed++)
        for (int shift = 0; shift <= 58; shift += 29) {
            int seen[BINS] = {0};
            for (uint64_t i = 0; i < COUNT; i++) {
                Rng r = by_seed ? rng_stream(i, 5) : rng_stream(5, i);
                seen[rng_next(&r) >> shift & (BINS - 1)]++;
            }
            ck_assert_double_lt(fabs(chi_square_uniform(seen, BINS)), 5);
        }
}
END_TEST

START_TEST(neighbouring_streams_are_uncorrelated)
{
    enum { COUNT = 100000 };
    for (uint64_t stream = 0; stream < 8; stream++) {
        Rng a = rng_stream(1, stream), b = rng_stream(1, stream + 1), c = rng_stream(2, stream);
        double ab = 0, ac = 0, aa = 0, last = 0;
        for (int i = 0; i < COUNT; i++) {
            double x = rng_uniform(&a) - 0.5;
            ab += x * (rng_uniform(&b) - 0.5);
            ac += x * (rng_uniform(&c) - 0.5);
            aa += x * last;
            last = x;
        }
        double deviation = sqrt(COUNT) / 12; /* of a sum of products, each of variance 1/144 */
        ck_assert_double_lt(fabs(ab), 5 * deviation);
        ck_assert_double_lt(fabs(ac), 5 * deviation);
        ck_assert_double_lt(fabs(aa), 5 * deviation);
    }
}
END_TEST

/* --- the distributions --- */

START_TEST(uniform_has_its_moments)
{
    enum { COUNT = 1000000 };
    Rng r = rng_stream(3, 0);
    double sum1 = 0, sum2 = 0;
    bool inside = true;
    for (int i = 0; i < COUNT; i++) {
        double u = rng_uniform(&r);
        inside = inside && u >= 0 && u < 1;
        sum1 += u;
        sum2 += u * u;
    }
    ck_assert(inside);
    /* variance of u is 1/12, of u^2 4/45 */
    ck_assert_double_lt(fabs(sum1 / COUNT - 1.0 / 2), 5 * sqrt(1.0 / 12 / COUNT));
    ck_assert_double_lt(fabs(sum2 / COUNT - 1.0 / 3), 5 * sqrt(4.0 / 45 / COUNT));
}
END_TEST

START_TEST(below_is_uniform)
{
    enum { COUNT = 400000 };
    const int ranges[] = {2, 3, 6, 10, 64, 65, 255};
    for (int k = 0; k < 7; k++) {
        Rng r = rng_stream(4, (uint64_t)k);
        int seen[256] = {0}, outside = 0;
        for (int i = 0; i < COUNT; i++) {
            int x = rng_below(&r, ranges[k]);
            if (x >= 0 && x < ranges[k])
                seen[x]++;
            else
                outside++;
        }
        ck_assert_int_eq(outside, 0);
        ck_assert_double_lt(fabs(chi_square_uniform(seen, ranges[k])), 5);
    }
}
END_TEST

START_TEST(below_one_is_zero_and_below_the_largest_int_is_not_negative)
{
    Rng r = rng_stream(5, 0);
    int most = 0;
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(rng_below(&r, 1), 0);
        int x = rng_below(&r, INT32_MAX);
        ck_assert_int_ge(x, 0);
        if (x > most) most = x;
    }
    ck_assert_int_gt(most, INT32_MAX / 100 * 99);
}
END_TEST

/* 2^64 = 6 * 3074457345618258602 + 4: of six numbers four would come too often. */
START_TEST(below_rejects_numbers_past_the_last_full_multiple)
{
    Rng r = {{0, 7, 9, UINT64_MAX}}; /* the next number is 2^64 - 1, to be rejected */
    Rng after = r;
    rng_next(&after);
    uint64_t second = rng_next(&after);
    ck_assert_int_eq(rng_below(&r, 6), (int)(second % 6));
    ck_assert(memcmp(&r, &after, sizeof r) == 0);
}
END_TEST

/* rotate(s0 + s3, 23) + s0 with s0 = 0 is any number x for s3 = rotate(x, 41). */
static Rng about_to_give(uint64_t x)
{
    return (Rng){{0, 7, 9, x << 41 | x >> 23}};
}

START_TEST(below_rejects_the_first_number_past_it_and_takes_the_one_before)
{
    const uint64_t multiple = UINT64_MAX - 3; /* 6 * 3074457345618258602 */
    Rng last = about_to_give(multiple - 1), past = about_to_give(multiple), after = past;
    ck_assert_uint_eq(rng_next(&after), multiple);
    ck_assert_int_eq(rng_below(&last, 6), 5);
    ck_assert_int_eq(rng_below(&past, 6), (int)(rng_next(&after) % 6));
    ck_assert(memcmp(&past, &after, sizeof past) == 0);
}
END_TEST

START_TEST(normal_has_its_moments)
{
    enum { COUNT = 1000000 };
    Rng r = rng_stream(6, 0);
    double s[5] = {0};
    for (int i = 0; i < COUNT; i++) {
        double x = rng_normal(&r), power = 1;
        for (int k = 1; k <= 4; k++) s[k] += power *= x;
    }
    /* x^k has the mean 0, 1, 0, 3 and the variance 1, 2, 15, 96 */
    const double mean[] = {0, 0, 1, 0, 3}, variance[] = {0, 1, 2, 15, 96};
    for (int k = 1; k <= 4; k++)
        ck_assert_double_lt(fabs(s[k] / COUNT - mean[k]), 5 * sqrt(variance[k] / COUNT));
}
END_TEST

START_TEST(normal_has_its_shape)
{
    enum { COUNT = 500000, BINS = 40 };
    Rng r = rng_stream(7, 0);
    int seen[BINS] = {0};
    double expected[BINS];
    for (int i = 0; i < COUNT; i++) {
        double x = rng_normal(&r);
        int bin = (int)floor((x + 4) * 5); /* a fifth wide; the first and last are the tails */
        seen[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
    for (int i = 0; i < BINS; i++) {
        double from = i == 0 ? -INFINITY : -4 + i / 5.0;
        double to = i == BINS - 1 ? INFINITY : -4 + (i + 1) / 5.0;
        expected[i] = COUNT * (erfc(-to / sqrt(2)) - erfc(-from / sqrt(2))) / 2;
    }
    ck_assert_double_lt(fabs(chi_square(seen, expected, BINS)), 5);
}
END_TEST

START_TEST(choice_follows_its_weights)
{
    enum { COUNT = 300000 };
    const real p[] = {0, 3, (real)0.5, 0, 1, (real)0.01, 0}; /* they need not sum to 1 */
    const double sum = 4.51;
    Rng r = rng_stream(8, 0);
    int seen[7] = {0};
    for (int i = 0; i < COUNT; i++) seen[rng_choice(&r, p, 7)]++;
    ck_assert(seen[0] == 0 && seen[3] == 0 && seen[6] == 0);
    const int possible[] = {seen[1], seen[2], seen[4], seen[5]};
    const double expected[] = {3 * COUNT / sum, 0.5 * COUNT / sum, COUNT / sum, 0.01 * COUNT / sum};
    ck_assert_double_lt(fabs(chi_square(possible, expected, 4)), 5);
}
END_TEST

START_TEST(choice_at_both_ends_of_the_uniform_takes_a_possible_one)
{
    const real p[] = {0, (real)0.1, (real)0.2, (real)0.7, 0};
    Rng zero = {{0, 7, 9, 0}}, ones = {{0, 7, 9, UINT64_MAX}};
    ck_assert_int_eq(rng_choice(&zero, p, 5), 1);
    ck_assert_int_eq(rng_choice(&ones, p, 5), 3);
    const real only[] = {(real)1e-30};
    ck_assert_int_eq(rng_choice(&ones, only, 1), 0);
}
END_TEST

/* [0, 0.5) is the first one's, [0.5, 1) the second's. */
START_TEST(choice_between_two_alike_is_cut_at_one_half)
{
    const real p[] = {1, 1};
    Rng below = about_to_give(((uint64_t)1 << 63) - 1), half = about_to_give((uint64_t)1 << 63);
    ck_assert_int_eq(rng_choice(&below, p, 2), 0);
    ck_assert_int_eq(rng_choice(&half, p, 2), 1);
}
END_TEST

/* The least number there is times 1 - 2^-53 is rounded to itself, so x is at the total. */
START_TEST(choice_that_rounding_leaves_at_the_total_is_the_last_possible_one)
{
    const real p[] = {0, (real)4.9406564584124654e-324, 0};
    Rng ones = {{0, 7, 9, UINT64_MAX}};
    if (p[1] > 0) ck_assert_int_eq(rng_choice(&ones, p, 3), 1);
}
END_TEST

START_TEST(draws_that_make_no_sense_are_refused)
{
    Rng r = rng_stream(9, 0);
    const real none[] = {0, 0}, nan[] = {1, (real)NAN}, huge[] = {1, (real)INFINITY};
    ck_assert_dies(rng_below(&r, 0), "a number below 0");
    ck_assert_dies(rng_below(&r, -3), "a number below -3");
    ck_assert_dies(rng_choice(&r, none, 2), "a choice with weights that sum to 0");
    ck_assert_dies(rng_choice(&r, nan, 2), "a choice with weights that sum to");
    ck_assert_dies(rng_choice(&r, huge, 2), "a choice with weights that sum to inf");
    ck_assert_dies(rng_choice(&r, none, 0), "a choice among 0");
}
END_TEST

static const TTest *const tests[] = {
    xoshiro_gives_the_known_numbers,
    streams_begin_with_the_known_states,
    uniform_is_the_upper_53_bits,
    uniform_reaches_zero_and_stays_below_one,
    seed_and_stream_are_not_interchangeable,
    no_two_streams_begin_alike,
    first_numbers_of_neighbouring_streams_and_seeds_are_uniform,
    neighbouring_streams_are_uncorrelated,
    uniform_has_its_moments,
    below_is_uniform,
    below_one_is_zero_and_below_the_largest_int_is_not_negative,
    below_rejects_numbers_past_the_last_full_multiple,
    below_rejects_the_first_number_past_it_and_takes_the_one_before,
    normal_has_its_moments,
    normal_has_its_shape,
    choice_follows_its_weights,
    choice_at_both_ends_of_the_uniform_takes_a_possible_one,
    choice_between_two_alike_is_cut_at_one_half,
    choice_that_rounding_leaves_at_the_total_is_the_last_possible_one,
    draws_that_make_no_sense_are_refused,
    NULL,
};

RUN_TESTS("rng", tests)
