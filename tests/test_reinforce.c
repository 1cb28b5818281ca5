/* test_reinforce.c: what a symbol was worth, and what one update makes of it. */
#define SUITE_TIMEOUT 240
#include "error.h"
#include "mle.h"
#include "reinforce.h"
#include "suite.h"
#include "threads.h"
#include "toy.h"
#include "variance.h"

/* Three texts of 2, 4 and 1 symbols; rewards per symbol are exact in binary. */
typedef struct {
    Vocabulary v;
    Rollout *r;
} ByHand;

static ByHand by_hand(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b"};
    static const real rewards[] = {1, 2, /**/ 0.5, -1, 4, 0.25, /**/ -2};
    TransformerShape shape = {1, 1, 4, 4, 3};
    ByHand h;
    vocabulary_make(&h.v, symbols, 3, 0);
    h.r = rollout_new(&shape, &h.v, 3, 4);
    rollout_add(h.r, (int[]){1, 0}, 2);
    rollout_add(h.r, (int[]){2, 1, 2, 1}, 4);
    rollout_add(h.r, (int[]){0}, 1);
    for (int n = 0; n < 7; n++) h.r->rewards[n] = rewards[n];
    return h;
}

static void by_hand_free(ByHand *h)
{
    rollout_free(h->r);
    vocabulary_free(&h->v);
}

static void require_weights(const Rollout *r, const double *expected)
{
    for (int n = 0; n < rollout_rows(r); n++)
        ck_assert_msg(fabs(r->weights[n] - expected[n]) <= 1e-6, "weight %d is %g, not %g", n,
                      (double)r->weights[n], expected[n]);
}

START_TEST(every_symbol_gets_the_whole_return)
{
    ByHand h = by_hand();
    weights_total(h.r);
    require_weights(h.r, (double[]){3, 3, 3.75, 3.75, 3.75, 3.75, -2});
    by_hand_free(&h);
}
END_TEST

START_TEST(a_symbol_gets_what_came_with_it_and_after_it)
{
    ByHand h = by_hand();
    weights_to_go(h.r);
    require_weights(h.r, (double[]){3, 2, 3.75, 3.25, 4.25, 0.25, -2});
    by_hand_free(&h);
}
END_TEST

START_TEST(the_batch_baseline_leaves_the_text_itself_out)
{
    ByHand h = by_hand();
    Baseline b = {.kind = BASELINE_BATCH};
    weights_total(h.r);
    weights_baseline(h.r, &b);
    double b0 = (3.75 - 2) / 2, b1 = (3 - 2) / 2.0, b2 = (3 + 3.75) / 2;
    require_weights(
        h.r, (double[]){3 - b0, 3 - b0, 3.75 - b1, 3.75 - b1, 3.75 - b1, 3.75 - b1, -2 - b2});
    by_hand_free(&h);
}
END_TEST

START_TEST(the_moving_baseline_knows_earlier_batches_only)
{
    ByHand h = by_hand();
    Baseline b = {.kind = BASELINE_MOVING, .memory = 0.75};
    double first = 4.75 / 3;
    weights_to_go(h.r);
    weights_baseline(h.r, &b); /* nothing came before: 0 */
    require_weights(h.r, (double[]){3, 2, 3.75, 3.25, 4.25, 0.25, -2});
    ck_assert(close_to(b.mean, first, 1e-6));
    for (int n = 0; n < 7; n++) h.r->rewards[n] *= 2;
    weights_to_go(h.r);
    weights_baseline(h.r, &b);
    require_weights(h.r, (double[]){6 - first, 4 - first, 7.5 - first, 6.5 - first, 8.5 - first,
                                    0.5 - first, -4 - first});
    ck_assert(close_to(b.mean, 0.75 * first + 0.25 * 2 * first, 1e-6));
    ck_assert_int_eq(b.batches, 2);
    by_hand_free(&h);
}
END_TEST

START_TEST(long_texts_and_short_ones_are_divided_by_the_same_number)
{
    ByHand h = by_hand();
    weights_to_go(h.r);
    weights_mean(h.r);
    require_weights(h.r, (double[]){1, 2 / 3.0, 1.25, 3.25 / 3, 4.25 / 3, 0.25 / 3, -2 / 3.0});
    by_hand_free(&h);
}
END_TEST

/* ---- updates ------------------------------------------------------------------------------ */

/* lr 0, so that the policy stays where the oracle has looked at it */
static const ReinforceOptions still = {
    .beta = 0.25, .credit = CREDIT_TO_GO, .beta2 = 0.99, .clip = INFINITY};

/* Texts of the toy's policy, judged. */
static void fill(Toy *t, Rollout *r, Activations *a, uint64_t seed)
{
    Error err;
    rollout_draw(r, t->policy, seed);
    rollout_compare(r, t->reference, a);
    ck_assert(reward_score(&t->reward, r, &err));
}

/* w_t = R - beta (log pi(text) - log pi_ref(text)), from the definition and from nobody's code */
static void weigh_by_definition(Rollout *one, void *beta)
{
    double R = one->reward[0];
    for (int n = 0; n < rollout_rows(one); n++)
        R -= *(const double *)beta * ((double)one->logprob_old[n] - one->logprob_ref[n]);
    for (int n = 0; n < rollout_rows(one); n++) one->weights[n] = (real)R;
}

/* The mean gradient of real updates on drawn texts, against the oracle's -grad J: distance, and
 * what chance alone would give. The gradient itself is many times larger. */
static void check_mean_update(ReinforceOptions options, int draws, int texts)
{
    Toy *t = toy_new("contains:ab + 0.3*length", 0.25, 1, 3);
    Reinforce *f = reinforce_new(t->policy, &options, texts * 5);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, texts, 5);
    size_t size = t->policy->size;
    double *mean = NEW(double, size), *exact = NEW(double, size), square = 0, off = 0, length = 0;
    oracle_gradient(t->oracle, t->policy, weigh_by_definition, &t->beta);
    for (size_t k = 0; k < size; k++) exact[k] = t->policy->gradients.base[k];
    for (int d = 0; d < draws; d++) {
        fill(t, r, f->activations, (uint64_t)d);
        reinforce_update(f, r);
        for (size_t k = 0; k < size; k++) {
            double g = t->policy->gradients.base[k];
            mean[k] += g / draws;
            square += g * g / draws;
        }
    }
    for (size_t k = 0; k < size; k++) {
        square -= mean[k] * mean[k];
        off += (mean[k] - exact[k]) * (mean[k] - exact[k]);
        length += exact[k] * exact[k];
    }
    double chance = sqrt(square / draws);
    ck_assert_msg(sqrt(off) < 1.8 * chance, "the mean update is %g off, by chance %g", sqrt(off),
                  chance);
    ck_assert_msg(sqrt(length) > 20 * chance, "the gradient is %g, noise %g", sqrt(length), chance);
    free(mean);
    free(exact);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}

START_TEST(the_mean_update_on_drawn_texts_is_the_slope_of_J)
{
    check_mean_update(still, 300, 256);
}
END_TEST

START_TEST(so_it_is_with_KL_by_its_samples)
{
    ReinforceOptions options = still;
    options.sampled = true;
    check_mean_update(options, 300, 256);
}
END_TEST

START_TEST(so_it_is_with_a_leave_one_out_baseline)
{
    ReinforceOptions options = still;
    options.baseline = BASELINE_BATCH;
    check_mean_update(options, 300, 256);
}
END_TEST

/* lr 0, so that the same texts earn the same again: the mean return of the first step is taken from
 * the weights of the second, and of a batch that earns 1 more a quarter is in the third's. */
START_TEST(the_moving_baseline_goes_on_from_step_to_step)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    ReinforceOptions options = still;
    options.baseline = BASELINE_MOVING;
    options.memory = 0.75;
    Reinforce *f = reinforce_new(t->policy, &options, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    double mean = 0, w[3];
    fill(t, r, f->activations, 1);
    for (int step = 0; step < 3; step++) {
        reinforce_update(f, r);
        w[step] = 100 * (double)r->weights[0];
        for (int i = 0; i < 100 && step == 0; i++) {
            mean += rollout_return(r, i) / 100;
            r->reward[i]++;
        }
    }
    ck_assert(fabs(mean) > 0.01);
    ck_assert_msg(fabs(w[1] - (w[0] + 1 - mean)) < 1e-4, "%g after %g", w[1], w[0]);
    ck_assert_msg(fabs(w[2] - (w[0] + 1 - mean - 0.25)) < 1e-4, "%g after %g", w[2], w[0]);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(the_ratio_stays_one_at_learning_rate_zero)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Reinforce *f = reinforce_new(t->policy, &still, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    fill(t, r, f->activations, 1);
    for (int k = 0; k < 3; k++) reinforce_update(f, r);
    rollout_score(r, t->policy, f->activations, r->logprob);
    ck_assert_mem_eq(r->logprob, r->logprob_old, sizeof(real) * (size_t)rollout_rows(r));
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(old_log_probabilities_stay_as_they_were_drawn)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    ReinforceOptions options = still;
    options.lr = 0.01;
    Reinforce *f = reinforce_new(t->policy, &options, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    fill(t, r, f->activations, 1);
    size_t bytes = sizeof(real) * (size_t)rollout_rows(r);
    real *kept = NEW(real, rollout_rows(r));
    memcpy(kept, r->logprob_old, bytes);
    for (int k = 0; k < 2; k++) reinforce_update(f, r);
    ck_assert_mem_eq(kept, r->logprob_old, bytes);
    ck_assert_mem_ne(kept, r->logprob, bytes);
    free(kept);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(two_halves_of_a_batch_make_the_whole)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Reinforce *f = reinforce_new(t->policy, &still, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    Rollout *half = rollout_new(&t->shape, &t->vocabulary, 50, 5);
    size_t size = t->policy->size;
    double *sum = NEW(double, size), tol = in_double ? 1e-13 : 1e-5;
    fill(t, r, f->activations, 1);
    for (int k = 0; k < 2; k++) {
        rollout_clear(half);
        for (int i = 0; i < 50; i++) rollout_copy(half, r, 50 * k + i);
        reinforce_update(f, half);
        for (size_t j = 0; j < size; j++) sum[j] += t->policy->gradients.base[j] / 2;
    }
    reinforce_update(f, r);
    for (size_t j = 0; j < size; j++) ck_assert(fabs(sum[j] - t->policy->gradients.base[j]) <= tol);
    free(sum);
    rollout_free(half);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    real *kept = NULL;
    for (int threads = 1; threads <= 3; threads++) {
        threads_use(threads);
        Toy *t = toy_new("contains:ab", 0.25, 1, 3);
        ReinforceOptions options = still;
        options.lr = 0.01;
        options.baseline = BASELINE_BATCH;
        Reinforce *f = reinforce_new(t->policy, &options, 1500);
        Rollout *r = rollout_new(&t->shape, &t->vocabulary, 300, 5);
        for (int step = 0; step < 4; step++) {
            fill(t, r, f->activations, (uint64_t)step);
            reinforce_update(f, r);
        }
        size_t bytes = t->policy->size * sizeof(real);
        if (!kept) memcpy(kept = NEW(real, t->policy->size), t->policy->weights.base, bytes);
        ck_assert_mem_eq(kept, t->policy->weights.base, bytes);
        rollout_free(r);
        reinforce_free(f);
        toy_free(t);
    }
    free(kept);
}
END_TEST

START_TEST(a_rewarded_text_becomes_likelier_and_a_punished_one_rarer)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        Toy *t = toy_new("contains:ab", 0, 1, 3);
        ReinforceOptions options = still;
        options.beta = 0;
        options.lr = 1e-3;
        Reinforce *f = reinforce_new(t->policy, &options, 5);
        Rollout *r = rollout_new(&t->shape, &t->vocabulary, 1, 5);
        double change = 0;
        rollout_add(r, (int[]){1, 2, 3, 0}, 4);
        rollout_score(r, t->policy, f->activations, r->logprob_old);
        memcpy(r->logprob_ref, r->logprob_old, 4 * sizeof(real));
        r->reward[0] = sign;
        reinforce_update(f, r);
        rollout_score(r, t->policy, f->activations, r->logprob);
        for (int n = 0; n < 4; n++) change += r->logprob[n] - r->logprob_old[n];
        ck_assert_msg(sign * change > 0.001, "reward %d changes log P by %g", sign, change);
        rollout_free(r);
        reinforce_free(f);
        toy_free(t);
    }
}
END_TEST

/* Maximum likelihood on a few texts, so that there are moments to forget. */
static void train_a_little(Transformer *t, const Vocabulary *v)
{
    Text text;
    Error err;
    static const char corpus[] = "abca\nccab\nbbaa\n";
    TextOptions lines = {.documents = TEXT_LINES};
    MleOptions options = {
        .steps = 20, .batch = 3, .lr = 1e-3, .beta2 = 0.99, .clip = 1, .weight_decay = 0.1};
    ck_assert(text_from_string(&text, corpus, sizeof corpus - 1, "corpus", &lines, &err));
    ck_assert_int_eq(text.vocabulary.size, v->size);
    Windows *w = windows_new(&text.train, 0, t->shape.context);
    Mle *m = mle_new(t, &options);
    for (int i = 0; i < 20; i++) mle_step(m, w);
    mle_free(m);
    windows_free(w);
    text_free(&text);
}

START_TEST(the_optimiser_forgets_what_pretraining_wanted)
{
    /* Adam's very first step is lr sign(g); a weight without a gradient stays where it is. With
     * moments from pretraining, or with decay, both would be otherwise. */
    Toy *t = toy_new("contains:ab", 0, 1, 3);
    train_a_little(t->policy, &t->vocabulary);
    ReinforceOptions options = still;
    options.beta = 0;
    options.lr = 1e-3;
    Reinforce *f = reinforce_new(t->policy, &options, 5);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 1, 5);
    size_t size = t->policy->size;
    real *before = NEW(real, size);
    memcpy(before, t->policy->weights.base, size * sizeof(real));
    rollout_add(r, (int[]){1, 2, 0}, 3); /* positions 3 and 4 are not used */
    r->reward[0] = 1;
    rollout_score(r, t->policy, f->activations, r->logprob_old);
    memcpy(r->logprob_ref, r->logprob_old, 3 * sizeof(real));
    reinforce_update(f, r);
    int still_ones = 0;
    for (size_t k = 0; k < size; k++) {
        double g = t->policy->gradients.base[k], moved = t->policy->weights.base[k] - before[k];
        if (fabs(g) > 1e-4) ck_assert(fabs(moved + (g > 0 ? 1e-3 : -1e-3)) < 2e-6);
        if (g == 0) ck_assert(moved == 0);
        still_ones += g == 0 && before[k] != 0;
    }
    ck_assert_int_gt(still_ones, 10);
    free(before);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

/* A rollout that nobody earns anything with has no gradient; the policy moves on all the same. */
START_TEST(a_step_remembers_the_gradients_before_it)
{
    Toy *t = toy_new("contains:ab", 0, 1, 3);
    ReinforceOptions options = still;
    options.beta = 0;
    options.lr = 1e-3;
    options.beta2 = 0.98;
    Reinforce *f = reinforce_new(t->policy, &options, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    size_t bytes = sizeof(real) * t->policy->size;
    real *before = NEW(real, t->policy->size);
    fill(t, r, f->activations, 1);
    reinforce_update(f, r);
    memset(r->reward, 0, sizeof(double) * 100);
    memcpy(before, t->policy->weights.base, bytes);
    ck_assert(reinforce_update(f, r).gradient_norm == 0);
    ck_assert_mem_ne(before, t->policy->weights.base, bytes);
    ck_assert(f->adam.options.beta1 == 0.9 && f->adam.options.beta2 == 0.98);
    free(before);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(the_learning_rate_falls_to_its_last_value)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    ReinforceOptions options = still;
    options.lr = 0.01;
    options.last_lr = 0;
    options.steps = 3;
    Reinforce *f = reinforce_new(t->policy, &options, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    size_t bytes = sizeof(real) * t->policy->size;
    real *before = NEW(real, t->policy->size);
    for (int step = 0; step < 3; step++) {
        fill(t, r, f->activations, (uint64_t)step);
        memcpy(before, t->policy->weights.base, bytes);
        reinforce_update(f, r);
        ck_assert((memcmp(before, t->policy->weights.base, bytes) == 0) == (step == 2));
    }
    free(before);
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

START_TEST(the_norm_is_that_before_clipping)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    ReinforceOptions options = still;
    Reinforce *f = reinforce_new(t->policy, &options, 500);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 100, 5);
    fill(t, r, f->activations, 1);
    ReinforceStep step = reinforce_update(f, r);
    double norm = step.gradient_norm;
    ck_assert(close_to(norm, gradient_norm(t->policy->gradients.base, t->policy->size), 1e-6));
    f->options.clip = norm / 3;
    ck_assert(close_to(reinforce_update(f, r).gradient_norm, norm, 1e-6));
    ck_assert(close_to(gradient_norm(t->policy->gradients.base, t->policy->size), norm / 3, 1e-5));
    ck_assert(step.entropy > 0.2 && step.entropy < log(4));
    rollout_free(r);
    reinforce_free(f);
    toy_free(t);
}
END_TEST

static const TTest *const tests[] = {every_symbol_gets_the_whole_return,
                                     a_symbol_gets_what_came_with_it_and_after_it,
                                     the_batch_baseline_leaves_the_text_itself_out,
                                     the_moving_baseline_knows_earlier_batches_only,
                                     long_texts_and_short_ones_are_divided_by_the_same_number,
                                     the_mean_update_on_drawn_texts_is_the_slope_of_J,
                                     so_it_is_with_KL_by_its_samples,
                                     so_it_is_with_a_leave_one_out_baseline,
                                     the_moving_baseline_goes_on_from_step_to_step,
                                     the_ratio_stays_one_at_learning_rate_zero,
                                     old_log_probabilities_stay_as_they_were_drawn,
                                     two_halves_of_a_batch_make_the_whole,
                                     any_number_of_threads_gives_the_same_bits,
                                     a_rewarded_text_becomes_likelier_and_a_punished_one_rarer,
                                     the_optimiser_forgets_what_pretraining_wanted,
                                     a_step_remembers_the_gradients_before_it,
                                     the_learning_rate_falls_to_its_last_value,
                                     the_norm_is_that_before_clipping,
                                     NULL};
RUN_TESTS("reinforce", tests)
