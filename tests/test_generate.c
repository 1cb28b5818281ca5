/* test_generate.c: samples are drawn from the model's own distribution, whoever draws them. */
#include "generate.h"
#include "numeric.h"
#include "suite.h"
#include "threads.h"

static const TransformerShape shape = {2, 3, 12, 9, 5};
static const int prompt[] = {0, 3};

/* A model whose logits are far from uniform. */
static Transformer *opinionated(uint64_t seed)
{
    Transformer *t = transformer_new(&shape, seed);
    for (size_t i = 0; i < t->size; i++) t->weights.base[i] *= 6;
    return t;
}

static Samples *drawn(const Transformer *t, int count, int length, SampleOptions o, uint64_t seed)
{
    Samples *s = samples_new(&t->shape, count, length);
    generate(s, t, prompt, 2, &o, seed);
    return s;
}

/* log softmax of the last row of the whole sequence, without a cache */
static void last_logits(const Transformer *t, const int *symbols, int count, real *logits)
{
    int start[] = {0, count}, positions[9];
    for (int i = 0; i < count; i++) positions[i] = i;
    Batch b = {1, start, symbols, positions, NULL};
    Activations *a = activations_new(&t->shape, count, false);
    Matrix all = transformer_forward(t, a, &b, NULL);
    memcpy(logits, mat_row(all, count - 1), 5 * sizeof(real));
    activations_free(a);
}

START_TEST(logprobs_are_those_of_the_whole_sequence_bit_for_bit)
{
    Transformer *t = opinionated(1);
    Samples *s = drawn(t, 7, 6, (SampleOptions){.temperature = 1, .end = 1, .length = 6}, 3);
    for (int i = 0; i < 7; i++) {
        int text[9] = {prompt[0], prompt[1]};
        memcpy(text + 2, s->ids + i * 6, sizeof(int) * (size_t)s->lengths[i]);
        for (int n = 0; n < s->lengths[i]; n++) {
            real row[5], probs[5], logprob[1];
            last_logits(t, text, n + 2, row);
            softmax_forward(mat(probs, 1, 5), logprob, mat(row, 1, 5), &text[n + 2]);
            ck_assert_mem_eq(logprob, &s->logprob[i * 6 + n], sizeof(real));
        }
    }
    samples_free(s);
    transformer_free(t);
}
END_TEST

START_TEST(frequencies_are_the_probabilities)
{
    enum { MANY = 20000 };
    Transformer *t = opinionated(2);
    for (int hot = 1; hot <= 2; hot++) { /* temperature 1 and 2 */
        Samples *s =
            drawn(t, MANY, 1, (SampleOptions){.temperature = hot, .end = -1, .length = 1}, 5);
        real row[5];
        last_logits(t, prompt, 2, row);
        double z = 0, chi = 0;
        int seen[5] = {0};
        for (int j = 0; j < 5; j++) z += exp((double)row[j] / hot);
        for (int i = 0; i < MANY; i++) seen[s->ids[i]]++;
        for (int j = 0; j < 5; j++) {
            double expected = MANY * exp((double)row[j] / hot) / z;
            chi += (seen[j] - expected) * (seen[j] - expected) / expected;
        }
        ck_assert_double_lt(chi, 23.5); /* 4 degrees of freedom: one in 10,000 is larger */
        samples_free(s);
    }
    transformer_free(t);
}
END_TEST

START_TEST(temperature_zero_takes_the_likeliest)
{
    Transformer *t = opinionated(3);
    Samples *s = drawn(t, 3, 4, (SampleOptions){.temperature = 0, .end = -1, .length = 4}, 1);
    real row[5];
    last_logits(t, prompt, 2, row);
    int best = 0;
    for (int j = 0; j < 5; j++)
        if (row[j] > row[best]) best = j;
    for (int i = 0; i < 3; i++) ck_assert_int_eq(s->ids[i * 4], best);
    /* and so does one whose inverse is beyond all numbers */
    Samples *cold =
        drawn(t, 3, 4, (SampleOptions){.temperature = 1e-320, .end = -1, .length = 4}, 1);
    for (int i = 0; i < 12; i++) ck_assert_int_eq(cold->ids[i], s->ids[i]);
    samples_free(cold);
    samples_free(s);
    transformer_free(t);
}
END_TEST

START_TEST(top_k_draws_only_among_the_k_likeliest)
{
    Transformer *t = opinionated(4);
    real row[5];
    last_logits(t, prompt, 2, row);
    for (int k = 1; k <= 6; k++) {
        Samples *s = drawn(
            t, 400, 1, (SampleOptions){.temperature = 3, .top_k = k, .end = -1, .length = 1}, 9);
        bool seen[5] = {false};
        int kinds = 0;
        for (int i = 0; i < 400; i++) seen[s->ids[i]] = true;
        for (int j = 0; j < 5; j++) {
            int above = 0;
            for (int i = 0; i < 5; i++) above += row[i] > row[j];
            if (seen[j]) ck_assert_int_lt(above, k);
            kinds += seen[j];
        }
        ck_assert_int_eq(kinds, k < 5 ? k : 5);
        samples_free(s);
    }
    transformer_free(t);
}
END_TEST

START_TEST(texts_stop_at_their_end_symbol)
{
    Transformer *t = transformer_new(&shape, 5); /* close to uniform: one symbol in five ends */
    Samples *s = drawn(t, 50, 30, (SampleOptions){.temperature = 1, .end = 1, .length = 30}, 2);
    int ended = 0;
    for (int i = 0; i < 50; i++) {
        int n = s->lengths[i];
        ck_assert_int_ge(n, 1);
        for (int k = 0; k + 1 < n; k++) ck_assert_int_ne(s->ids[i * 30 + k], 1);
        ended += s->ids[i * 30 + n - 1] == 1;
        if (n < 30) ck_assert_int_eq(s->ids[i * 30 + n - 1], 1);
    }
    ck_assert_int_gt(ended, 40);
    samples_free(s);
    transformer_free(t);
}
END_TEST

/* More texts than are written at a time, of any length: one begins where another has ended. */
START_TEST(a_text_does_not_depend_on_its_batch_or_the_threads)
{
    enum { MANY = 100 };
    Transformer *t = opinionated(6);
    SampleOptions o = {.temperature = 1, .end = 1, .length = 20};
    Samples *samples[3]; /* a few, all of them, all by two threads */
    int count[] = {2, MANY, MANY}, lengths[21] = {0}, kinds = 0;
    for (int k = 0; k < 3; k++) {
        threads_use(k < 2 ? 1 : 2);
        samples[k] = drawn(t, count[k], 20, o, 8);
    }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < count[k]; i++) {
            const Samples *a = samples[k], *b = samples[k + 1];
            size_t n = (size_t)a->lengths[i];
            ck_assert_int_eq(a->lengths[i], b->lengths[i]);
            ck_assert_mem_eq(a->ids + i * 20, b->ids + i * 20, n * sizeof(int));
            ck_assert_mem_eq(a->logprob + i * 20, b->logprob + i * 20, n * sizeof(real));
            kinds += lengths[n]++ == 0;
        }
    ck_assert_int_gt(kinds, 3);
    for (int k = 0; k < 3; k++) samples_free(samples[k]);
    transformer_free(t);
}
END_TEST

/* The window is full at 9 symbols. When the next has been chosen from it, it is made of the last 4
 * and that one. Each symbol was drawn by what is read in the window of its time. */
START_TEST(a_text_longer_than_the_context_goes_on_from_half_a_window)
{
    Transformer *t = opinionated(7);
    Samples *s = drawn(t, 3, 25, (SampleOptions){.temperature = 1, .end = -1, .length = 25}, 1);
    for (int i = 0; i < 3; i++) {
        int window[9] = {prompt[0], prompt[1]}, used = 2;
        ck_assert_int_eq(s->lengths[i], 25);
        for (int n = 0; n < 25; n++) {
            real row[5], probs[5], logprob[1];
            last_logits(t, window, used, row);
            softmax_forward(mat(probs, 1, 5), logprob, mat(row, 1, 5), &s->ids[i * 25 + n]);
            ck_assert_mem_eq(logprob, &s->logprob[i * 25 + n], sizeof(real));
            if (used == 9) {
                memmove(window, window + 5, 4 * sizeof(int));
                used = 4;
            }
            window[used++] = s->ids[i * 25 + n];
        }
    }
    samples_free(s);
    transformer_free(t);
}
END_TEST

START_TEST(a_context_of_one_symbol_still_writes)
{
    TransformerShape narrow = {1, 1, 4, 1, 3};
    Transformer *t = transformer_new(&narrow, 1);
    Samples *s = samples_new(&narrow, 2, 6);
    int first[] = {2};
    generate(s, t, first, 1, &(SampleOptions){.temperature = 1, .end = -1, .length = 6}, 1);
    ck_assert_int_eq(s->lengths[1], 6);
    samples_free(s);
    transformer_free(t);
}
END_TEST

/* log of softmax(logits / temperature) over the k likeliest; at temperature 0 nothing is drawn. */
START_TEST(logprobs_are_those_of_the_distribution_that_was_drawn_from)
{
    Transformer *t = opinionated(3);
    real row[5];
    last_logits(t, prompt, 2, row);
    for (int k = 0; k <= 5; k++)
        for (int hot = 1; hot <= 3; hot++) {
            SampleOptions o = {.temperature = hot, .top_k = k, .end = -1, .length = 1};
            Samples *s = drawn(t, 40, 1, o, 4);
            double z = 0;
            for (int j = 0; j < 5; j++) {
                int above = 0;
                for (int i = 0; i < 5; i++) above += row[i] > row[j];
                if (k == 0 || above < k) z += exp((double)row[j] / hot);
            }
            for (int i = 0; i < 40; i++) {
                double expected = (double)row[s->ids[i]] / hot - log(z);
                ck_assert_msg(fabs((double)s->logprob[i] - expected) < 1e-5, "%g, not %g",
                              (double)s->logprob[i], expected);
            }
            samples_free(s);
        }
    Samples *s = drawn(t, 2, 1, (SampleOptions){.temperature = 0, .end = -1, .length = 1}, 4);
    ck_assert(s->logprob[0] == 0 && s->logprob[1] == 0);
    samples_free(s);
    transformer_free(t);
}
END_TEST

/* Symbols 1 and 3 have the same embedding, and so the same logit. */
START_TEST(equal_logits_are_drawn_together_or_not_at_all)
{
    Transformer *t = opinionated(3);
    memcpy(mat_row(t->p.wte, 3), mat_row(t->p.wte, 1), 12 * sizeof(real));
    real row[5];
    last_logits(t, prompt, 2, row);
    ck_assert(row[1] == row[3]);
    for (int k = 1; k <= 5; k++) {
        SampleOptions o = {.temperature = 8, .top_k = k, .end = -1, .length = 1};
        Samples *s = drawn(t, 600, 1, o, 4);
        bool seen[5] = {false};
        for (int i = 0; i < 600; i++) seen[s->ids[i]] = true;
        for (int j = 0; j < 5; j++) {
            int above = 0;
            for (int i = 0; i < 5; i++) above += row[i] > row[j];
            ck_assert_msg(seen[j] == (above < k), "k %d, symbol %d with %d above", k, j, above);
        }
        samples_free(s);
    }
    transformer_free(t);
}
END_TEST

/* How probable a drawn symbol is tells one window from another, where the likeliest may be the
 * same. */
START_TEST(of_a_long_prompt_the_last_window_is_read)
{
    Transformer *t = opinionated(8);
    int longer[12] = {0, 1, 2, 3, 4, 3, 1, 0, 2, 2, 4, 1};
    SampleOptions o = {.temperature = 1, .end = -1, .length = 1};
    for (int count = 8; count <= 12; count++) {
        int from = count > 9 ? count - 9 : 0;
        Samples *s = samples_new(&shape, 2, 1);
        generate(s, t, longer, count, &o, 1);
        for (int i = 0; i < 2; i++) {
            real row[5], probs[5], logprob[1];
            last_logits(t, longer + from, count - from, row);
            softmax_forward(mat(probs, 1, 5), logprob, mat(row, 1, 5), &s->ids[i]);
            ck_assert_msg(memcmp(logprob, &s->logprob[i], sizeof(real)) == 0, "%d symbols", count);
            ck_assert_int_eq(s->lengths[i], 1);
        }
        samples_free(s);
    }
    transformer_free(t);
}
END_TEST

/* What the room has held before, fewer symbols of another prompt, leaves no trace. */
START_TEST(samples_drawn_anew_are_those_of_new_samples)
{
    Transformer *t = opinionated(8);
    static const int longer[] = {2, 4, 4, 1, 3, 0};
    SampleOptions o = {.temperature = 1, .end = 1, .length = 12}, few = o;
    few.length = 2;
    Samples *used = drawn(t, 40, 12, few, 4), *fresh = samples_new(&shape, 40, 12);
    generate(used, t, longer, 6, &o, 5);
    generate(fresh, t, longer, 6, &o, 5);
    ck_assert_mem_eq(used->lengths, fresh->lengths, 40 * sizeof(int));
    for (int i = 0; i < 40; i++) {
        size_t n = (size_t)fresh->lengths[i];
        ck_assert_mem_eq(used->ids + i * 12, fresh->ids + i * 12, n * sizeof(int));
        ck_assert_mem_eq(used->logprob + i * 12, fresh->logprob + i * 12, n * sizeof(real));
    }
    samples_free(used), samples_free(fresh);
    transformer_free(t);
}
END_TEST

START_TEST(a_text_ends_where_it_was_asked_to_however_much_room_there_is)
{
    Transformer *t = opinionated(8);
    for (int length = 1; length <= 12; length += 11) {
        Samples *s =
            drawn(t, 5, 12, (SampleOptions){.temperature = 1, .end = -1, .length = length}, 4);
        for (int i = 0; i < 5; i++) ck_assert_int_eq(s->lengths[i], length);
        samples_free(s);
    }
    transformer_free(t);
}
END_TEST

static int asked;

static bool stopped_at_last(void)
{
    int now;
#pragma omp atomic capture
    now = ++asked;
    return now >= 400;
}

/* What was drawn before is what would have been drawn, and some texts never begin. */
START_TEST(texts_that_are_stopped_end_where_they_are)
{
    enum { TEXTS = 200, LENGTH = 12 };
    Transformer *t = opinionated(8);
    SampleOptions o = {.temperature = 1, .end = -1, .length = LENGTH}, stopping = o;
    stopping.stopped = stopped_at_last;
    Samples *whole = drawn(t, TEXTS, LENGTH, o, 5), *some = samples_new(&shape, TEXTS, LENGTH);
    asked = 0;
    generate(some, t, prompt, 2, &stopping, 5);
    int begun = 0, symbols = 0;
    for (int i = 0; i < TEXTS; i++) {
        size_t n = (size_t)some->lengths[i];
        ck_assert_mem_eq(some->ids + i * LENGTH, whole->ids + i * LENGTH, n * sizeof(int));
        begun += n > 0;
        symbols += (int)n;
    }
    ck_assert(begun > 0 && begun < TEXTS);
    ck_assert(symbols > 200 && symbols < 600);
    samples_free(whole), samples_free(some);
    transformer_free(t);
}
END_TEST

START_TEST(samples_that_can_not_be_are_refused)
{
    Transformer *t = opinionated(8);
    SampleOptions o = {.temperature = 0, .end = -1, .length = 3};
    Samples *s = samples_new(&shape, 2, 2);
    ck_assert_dies(generate(s, t, prompt, 2, &o, 1), "3 symbols into samples of 2");
    o.length = 2;
    ck_assert_dies(generate(s, t, prompt, 0, &o, 1), "at least one symbol");
    generate(s, t, prompt, 1, &o, 1);
    ck_assert_int_eq(s->lengths[1], 2);
    o.length = 0;
    generate(s, t, prompt, 1, &o, 1);
    ck_assert_int_eq(s->lengths[1], 0);
    samples_free(s);
    transformer_free(t);
}
END_TEST

/* Their number is counted without wrapping round: nobody has this much memory. */
START_TEST(more_samples_than_memory_holds_are_refused_with_a_sentence)
{
#ifndef SANITIZED /* a sanitizer refuses them in its own words */
    ck_assert_exits(samples_new(&shape, 1 << 30, 1 << 30), 1, "out of memory: 1152921504606846976");
#endif
}
END_TEST

static const TTest *const tests[] = {logprobs_are_those_of_the_whole_sequence_bit_for_bit,
                                     frequencies_are_the_probabilities,
                                     temperature_zero_takes_the_likeliest,
                                     top_k_draws_only_among_the_k_likeliest,
                                     texts_stop_at_their_end_symbol,
                                     a_text_does_not_depend_on_its_batch_or_the_threads,
                                     a_text_longer_than_the_context_goes_on_from_half_a_window,
                                     a_context_of_one_symbol_still_writes,
                                     logprobs_are_those_of_the_distribution_that_was_drawn_from,
                                     equal_logits_are_drawn_together_or_not_at_all,
                                     of_a_long_prompt_the_last_window_is_read,
                                     samples_drawn_anew_are_those_of_new_samples,
                                     a_text_ends_where_it_was_asked_to_however_much_room_there_is,
                                     texts_that_are_stopped_end_where_they_are,
                                     samples_that_can_not_be_are_refused,
                                     more_samples_than_memory_holds_are_refused_with_a_sentence,
                                     NULL};
RUN_TESTS("generate", tests)
