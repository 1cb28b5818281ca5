/* test_adam.c: AdamW by hand, the clip, the schedule, and bits that don't depend on threads. */
#include "suite.h"

#include "adam.h"
#include "error.h"
#include "rng.h"
#include "threads.h"

static double tolerance(void)
{
    return sizeof(real) == sizeof(double) ? 1e-14 : 1e-6;
}

static const AdamOptions usual = {0.9, 0.99, 1e-8, 0.1};

/* b1 = 0.9, b2 = 0.999, eps = 0.5, decay 0.1 on the first of two parameters, lr = 0.1.
 * Step 1, p = (1, -2), g = (0.5, -1): corrected, m is g and v is g^2, so
 *   p0 = 1 - 0.1 (0.5 / (0.5 + 0.5) + 0.1 * 1) = 0.94
 *   p1 = -2 - 0.1 (-1 / (1 + 0.5)) = -1.9333...
 * Step 2, g = (0.25, 2): m = (0.07, 0.11), v = (0.00031225, 0.004999); over 1 - 0.9^2 = 0.19 and
 * 1 - 0.999^2 = 0.001999 that is (0.36842, 0.57895) and (0.15620, 2.50075), so
 *   p0 = 0.94 - 0.1 (0.36842 / (0.39522 + 0.5) + 0.094) = 0.88945
 *   p1 = -1.93333 - 0.1 (0.57895 / (1.58138 + 0.5)) = -1.96115
 * Step 3 with g = (-1, 0.125) likewise; the digits are from Python's decimal module. */
START_TEST(three_steps_are_those_worked_by_hand)
{
    const real g[3][2] = {{(real)0.5, -1}, {(real)0.25, 2}, {-1, (real)0.125}};
    const double expected[3][2] = {{0.94, -1.9333333333333333333},
                                   {0.88944600006058629954, -1.9611489389768372478},
                                   {0.89230500086570253097, -1.9840974038715848655}};
    const double m[2] = {-0.037, 0.1115}, v[2] = {0.00131193775, 0.005009626};
    real p[2] = {1, -2};
    Adam a = adam_new(2, (AdamOptions){0.9, 0.999, 0.5, 0.1});
    for (int step = 0; step < 3; step++) {
        adam_step(&a, p, g[step], 1, 0.1);
        for (int i = 0; i < 2; i++)
            ck_assert_msg(close_to((double)p[i], expected[step][i], tolerance()),
                          "step %d, p[%d] = %.12g, not %.12g", step + 1, i, (double)p[i],
                          expected[step][i]);
    }
    ck_assert_int_eq(a.steps, 3);
    for (int i = 0; i < 2; i++) {
        ck_assert(close_to((double)a.m[i], m[i], tolerance()));
        ck_assert(close_to((double)a.v[i], v[i], tolerance()));
    }
    adam_free(&a);
    ck_assert(!a.m && !a.v && a.size == 0 && a.options.beta1 == 0);
}
END_TEST

/* m/(1-b1) = g and sqrt(v/(1-b2)) = |g|: whatever the gradient's size, and whatever the betas. */
START_TEST(first_step_is_the_learning_rate_against_the_gradients_sign)
{
    const double beta2[] = {0.9, 0.99, 0.999, 0.9999};
    const real g[3] = {(real)1e-3, -1, 1000};
    for (int k = 0; k < 4; k++) {
        real p[3] = {0};
        Adam a = adam_new(3, (AdamOptions){0.9, beta2[k], 1e-12, 0});
        adam_step(&a, p, g, 3, 0.25);
        for (int i = 0; i < 3; i++)
            ck_assert(close_to((double)p[i], g[i] > 0 ? -0.25 : 0.25, 1e-6));
        adam_free(&a);
    }
}
END_TEST

START_TEST(decay_reaches_the_first_parameters_only_and_needs_no_gradient)
{
    real p[5] = {1, -2, 3, -4, 5};
    const real g[5] = {0};
    Adam a = adam_new(5, usual);
    adam_step(&a, p, g, 2, 0.5); /* p <- p - 0.5 * 0.1 p */
    ck_assert(close_to((double)p[0], 0.95, tolerance()));
    ck_assert(close_to((double)p[1], -1.9, tolerance()));
    ck_assert(p[2] == 3 && p[3] == -4 && p[4] == 5);
    adam_free(&a);
}
END_TEST

START_TEST(nothing_moves_without_gradient_and_decay_or_at_learning_rate_zero)
{
    real p[3] = {1, -2, 0};
    const real none[3] = {0}, some[3] = {1, 2, 3};
    Adam a = adam_new(3, usual);
    adam_step(&a, p, none, 0, 0.5);
    adam_step(&a, p, some, 3, 0);
    ck_assert(p[0] == 1 && p[1] == -2 && p[2] == 0);
    adam_free(&a);
}
END_TEST

START_TEST(more_decayed_than_there_are_is_refused)
{
    real p[2] = {1, 2};
    const real g[2] = {1, 2};
    Adam a = adam_new(2, usual);
    ck_assert_dies(adam_step(&a, p, g, 3, 0.1), "3 decayed of 2 parameters");
    adam_free(&a);
}
END_TEST

START_TEST(nan_in_one_gradient_reaches_its_own_parameter_only)
{
    real p[3] = {1, 2, 3};
    const real g[3] = {1, (real)NAN, 1};
    Adam a = adam_new(3, usual);
    adam_step(&a, p, g, 3, 0.1);
    ck_assert(isfinite(p[0]) && isnan(p[1]) && isfinite(p[2]));
    adam_free(&a);
}
END_TEST

/* --- the same bits --- */

enum { MANY = 40009 }; /* enough for a team, and not a multiple of anything */

typedef struct {
    real *p, *g;
    Adam adam;
} Training;

static Training training_new(void)
{
    Training t = {malloc(sizeof(real) * MANY), malloc(sizeof(real) * MANY), adam_new(MANY, usual)};
    Rng rng = rng_stream(1, 0);
    for (int i = 0; i < MANY; i++) t.p[i] = (real)rng_normal(&rng);
    return t;
}

static void training_run(Training *t, int first, int count)
{
    for (int step = first; step < first + count; step++) {
        Rng rng = rng_stream(2, (uint64_t)step);
        for (int i = 0; i < MANY; i++) t->g[i] = (real)rng_normal(&rng);
        gradient_clip(t->g, MANY, 1);
        adam_step(&t->adam, t->p, t->g, MANY / 3, 1e-3);
    }
}

static void training_free(Training *t)
{
    free(t->p);
    free(t->g);
    adam_free(&t->adam);
}

static bool training_same(const Training *a, const Training *b)
{
    return memcmp(a->p, b->p, sizeof(real) * MANY) == 0 &&
           memcmp(a->adam.m, b->adam.m, sizeof(real) * MANY) == 0 &&
           memcmp(a->adam.v, b->adam.v, sizeof(real) * MANY) == 0;
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    Training one = training_new();
    threads_use(1);
    training_run(&one, 0, 4);
    for (int threads = 2; threads <= 3; threads++) {
        Training team = training_new();
        threads_use(threads);
        training_run(&team, 0, 4);
        ck_assert(training_same(&one, &team));
        training_free(&team);
    }
    training_free(&one);
}
END_TEST

START_TEST(copied_state_continues_to_the_same_bits)
{
    Training whole = training_new(), first = training_new(), resumed = training_new();
    training_run(&whole, 0, 5);
    training_run(&first, 0, 2);

    memcpy(resumed.p, first.p, sizeof(real) * MANY);
    memcpy(resumed.adam.m, first.adam.m, sizeof(real) * MANY);
    memcpy(resumed.adam.v, first.adam.v, sizeof(real) * MANY);
    resumed.adam.steps = first.adam.steps;
    resumed.adam.beta1_power = first.adam.beta1_power;
    resumed.adam.beta2_power = first.adam.beta2_power;
    training_run(&resumed, 2, 3);

    ck_assert(training_same(&whole, &resumed));
    ck_assert(!training_same(&whole, &first));
    training_free(&whole);
    training_free(&first);
    training_free(&resumed);
}
END_TEST

/* --- norm and clip --- */

START_TEST(norm_is_euclids)
{
    const real g[2] = {3, -4};
    ck_assert(gradient_norm(g, 2) == 5);
    ck_assert(gradient_norm(g, 0) == 0);
}
END_TEST

START_TEST(norm_counts_every_element_of_every_block)
{
    const size_t sizes[] = {1, 15, 16, 17, 4095, 4096, 4097, 8192, 10007};
    static real g[10007];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t i = 0; i < sizes[s]; i += 1 + i / 3) {
            g[i] = -2;
            ck_assert(gradient_norm(g, sizes[s]) == 2);
            g[i] = 0;
        }
    for (size_t i = 0; i < 10007; i++) g[i] = 1;
    ck_assert(gradient_norm(g, 10007) == sqrt(10007));
}
END_TEST

/* Threads share the blocks, as many at once as there is room for; their sums are added in order. */
START_TEST(norm_has_the_same_bits_whatever_the_threads)
{
    enum { SIZE = (1 << 24) + 4099 };
    const size_t places[] = {0, (1 << 24) - 1, 1 << 24, (1 << 24) + 4096, SIZE - 1};
    real *g = NEW(real, SIZE);
    for (int i = 0; i < 5; i++) {
        g[places[i]] = 1;
        threads_use(1 + i);
        ck_assert(gradient_norm(g, SIZE) == sqrt(i + 1));
    }
    Rng rng = rng_stream(1, 1);
    for (int i = 0; i < 100003; i++) g[i] = (real)rng_normal(&rng);
    double norm[4];
    for (int i = 0; i < 4; i++) {
        threads_use(1 + i);
        norm[i] = gradient_norm(g, 100003);
        ck_assert(norm[i] == norm[0]);
    }
    ck_assert(gradient_clip(g, 100003, norm[0] / 2) == norm[0]);
    ck_assert(close_to(gradient_norm(g, 100003), norm[0] / 2, 1e-6));
    free(g);
}
END_TEST

START_TEST(norm_of_large_and_small_numbers_neither_overflows_nor_vanishes)
{
    const real large[2] = {(real)3e30, (real)4e30}, small[2] = {(real)3e-30, (real)4e-30};
    ck_assert(close_to(gradient_norm(large, 2), 5e30, 1e-6));
    ck_assert(close_to(gradient_norm(small, 2), 5e-30, 1e-6));
}
END_TEST

START_TEST(clip_scales_a_long_gradient_and_leaves_a_short_one)
{
    real g[3] = {6, -8, 0};
    ck_assert(gradient_clip(g, 3, 10) == 10);
    ck_assert(g[0] == 6 && g[1] == -8);
    ck_assert(gradient_clip(g, 3, 2.5) == 10);
    ck_assert(g[0] == (real)1.5 && g[1] == -2 && g[2] == 0);
    ck_assert(gradient_norm(g, 3) == 2.5);
}
END_TEST

START_TEST(clip_tells_of_a_nan_by_returning_it)
{
    real g[3] = {1, (real)NAN, 2};
    ck_assert(isnan(gradient_clip(g, 3, 1)));
    ck_assert(g[0] == 1 && g[2] == 2);
}
END_TEST

/* --- the schedule --- */

START_TEST(schedule_rises_holds_its_corner_and_falls_to_its_end)
{
    /* warmup 4 of 15 steps, 0.8 down to 0.1 */
    const double rise[] = {0.2, 0.4, 0.6, 0.8, 0.8};
    for (int step = 0; step < 5; step++)
        ck_assert(close_to(learning_rate(step, 4, 15, 0.8, 0.1), rise[step], 1e-14));
    ck_assert(close_to(learning_rate(9, 4, 15, 0.8, 0.1), 0.45, 1e-14)); /* half way */
    ck_assert(close_to(learning_rate(14, 4, 15, 0.8, 0.1), 0.1, 1e-14));
    ck_assert(close_to(learning_rate(99, 4, 15, 0.8, 0.1), 0.1, 1e-14)); /* past the end */
    for (int step = 5; step < 15; step++)
        ck_assert(learning_rate(step, 4, 15, 0.8, 0.1) < learning_rate(step - 1, 4, 15, 0.8, 0.1));
}
END_TEST

START_TEST(schedule_without_warmup_starts_at_the_top)
{
    ck_assert(learning_rate(0, 0, 11, 0.8, 0.3) == 0.8);
    ck_assert(close_to(learning_rate(5, 0, 11, 0.8, 0.3), 0.55, 1e-14));
    ck_assert(close_to(learning_rate(10, 0, 11, 0.8, 0.3), 0.3, 1e-14));
    ck_assert(close_to(learning_rate(0, 1, 11, 0.8, 0.3), 0.8, 1e-14));
}
END_TEST

START_TEST(schedule_with_no_room_to_fall_stays_at_the_top)
{
    ck_assert(learning_rate(0, 0, 1, 0.8, 0.3) == 0.8);
    ck_assert(close_to(learning_rate(9, 10, 10, 0.8, 0.3), 0.8, 1e-14));
    ck_assert(close_to(learning_rate(4, 20, 10, 0.8, 0.3), 0.2, 1e-14));
    ck_assert(learning_rate(10, 10, 11, 0.8, 0.3) == 0.8);
}
END_TEST

START_TEST(schedule_with_equal_ends_is_constant)
{
    for (int step = 0; step < 7; step++) ck_assert(learning_rate(step, 0, 7, 0.8, 0.8) == 0.8);
}
END_TEST

static const TTest *const tests[] = {
    three_steps_are_those_worked_by_hand,
    first_step_is_the_learning_rate_against_the_gradients_sign,
    decay_reaches_the_first_parameters_only_and_needs_no_gradient,
    nothing_moves_without_gradient_and_decay_or_at_learning_rate_zero,
    more_decayed_than_there_are_is_refused,
    nan_in_one_gradient_reaches_its_own_parameter_only,
    any_number_of_threads_gives_the_same_bits,
    copied_state_continues_to_the_same_bits,
    norm_is_euclids,
    norm_counts_every_element_of_every_block,
    norm_has_the_same_bits_whatever_the_threads,
    norm_of_large_and_small_numbers_neither_overflows_nor_vanishes,
    clip_scales_a_long_gradient_and_leaves_a_short_one,
    clip_tells_of_a_nan_by_returning_it,
    schedule_rises_holds_its_corner_and_falls_to_its_end,
    schedule_without_warmup_starts_at_the_top,
    schedule_with_no_room_to_fall_stays_at_the_top,
    schedule_with_equal_ends_is_constant,
    NULL,
};

RUN_TESTS("adam", tests)
