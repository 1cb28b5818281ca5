/* test_rollout.c: texts come from the policy itself, and each symbol gets its own numbers. */
#define SUITE_TIMEOUT 240
#include "error.h"
#include "kl.h"
#include "suite.h"
#include "threads.h"
#include "toy.h"

/* 37 texts of the toy policy, with rewards and reference */
static Rollout *drawn(Toy *t, int texts, uint64_t seed)
{
    Error err;
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, texts, 5);
    Activations *a = activations_new(&t->shape, texts * 5, false);
    rollout_draw(r, t->policy, seed);
    rollout_compare(r, t->reference, a);
    ck_assert(reward_score(&t->reward, r, &err));
    rollout_kl_sampled(r);
    rollout_rewards(r, t->beta);
    activations_free(a);
    return r;
}

START_TEST(the_ratio_is_exactly_one_before_the_first_update)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 200, 1);
    Activations *a = activations_new(&t->shape, 1000, false);
    rollout_score(r, t->policy, a, r->logprob); /* all texts at once, without a cache */
    ck_assert_mem_eq(r->logprob, r->logprob_old, sizeof(real) * (size_t)rollout_rows(r));
    activations_free(a);
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(texts_are_drawn_with_the_probabilities_that_are_scored)
{
    /* any other temperature than 1, top-k, or an end symbol that can't be drawn fails here */
    enum { MANY = 20000 };
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, MANY, 1), *all = t->oracle->all;
    double chi = 0, kinds = 0, rest = 0, seen_rest = 0;
    for (int i = 0; i < rollout_texts(all); i++) {
        double expected = MANY * t->oracle->p[i], seen = 0;
        int n = rollout_length(all, i);
        for (int j = 0; j < MANY; j++)
            seen += rollout_length(r, j) == n && memcmp(r->rows->targets + rollout_first(r, j),
                                                        all->rows->targets + rollout_first(all, i),
                                                        sizeof(int) * (size_t)n) == 0;
        if (expected < 10) { /* rare texts are counted together */
            rest += expected;
            seen_rest += seen;
            continue;
        }
        chi += (seen - expected) * (seen - expected) / expected;
        kinds++;
    }
    if (rest > 0) chi += (seen_rest - rest) * (seen_rest - rest) / rest;
    ck_assert_msg(kinds > 30 && chi < kinds + 5 * sqrt(2 * kinds), "chi square %g of %g", chi,
                  kinds);
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(the_end_symbol_is_a_row_like_any_other)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 64, 2);
    int ended = 0, cut = 0;
    for (int i = 0; i < 64; i++) {
        int first = rollout_first(r, i), last = rollout_last(r, i), n = rollout_length(r, i);
        const int *x = r->rows->targets;
        ck_assert_int_eq(n, last - first + 1);
        ck_assert_int_eq(r->rows->ids[first], 0); /* the first row reads the end symbol before it */
        ck_assert_int_eq(r->rows->positions[last], n - 1);
        for (int k = first; k < last; k++) ck_assert_int_eq(r->rows->ids[k + 1], x[k]);
        ck_assert_int_eq(r->ended[i], x[last] == 0);
        ck_assert_uint_eq(strlen(r->text[i]), (size_t)(r->ended[i] ? n - 1 : n));
        ck_assert(r->logprob_old[last] < 0);
        ended += r->ended[i];
        cut += !r->ended[i];
    }
    ck_assert(ended > 5 && cut > 5);
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(the_reward_comes_with_the_last_symbol)
{
    Toy *t = toy_new("length", 0.25, 1, 3);
    Rollout *r = drawn(t, 64, 2);
    rollout_rewards(r, 0);
    for (int i = 0; i < 64; i++) {
        for (int n = rollout_first(r, i); n < rollout_last(r, i); n++)
            ck_assert(r->rewards[n] == 0);
        ck_assert(r->rewards[rollout_last(r, i)] == (real)strlen(r->text[i]));
        ck_assert(rollout_return(r, i) == (double)strlen(r->text[i]));
    }
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(the_reference_has_a_word_on_every_symbol)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 64, 4);
    for (int n = 0; n < rollout_rows(r); n++) {
        double sum = 0;
        for (int j = 0; j < 4; j++) sum += exp(mat_row(r->log_ref, n)[j]);
        ck_assert(fabs(sum - 1) <= (in_double ? 1e-14 : 1e-6));
        double drawn_one = mat_row(r->log_ref, n)[r->rows->targets[n]];
        ck_assert(fabs(drawn_one - r->logprob_ref[n]) <= (in_double ? 1e-14 : 1e-6));
    }
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(every_symbol_pays_for_leaving_the_reference)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 64, 4);
    for (int i = 0; i < 64; i++)
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {
            double due = -0.25 * ((double)r->logprob_old[n] - r->logprob_ref[n]);
            if (n == rollout_last(r, i)) due += r->reward[i];
            ck_assert(fabs(r->rewards[n] - due) <= (in_double ? 1e-14 : 1e-6));
        }
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(the_expected_return_is_the_objective)
{
    /* E[sum r_t] = E[R] - beta KL: a wrong sign of the KL adds 2 beta KL */
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *all = t->oracle->all;
    double J = 0;
    for (int i = 0; i < rollout_texts(all); i++) J += t->oracle->p[i] * rollout_return(all, i);
    ck_assert(fabs(J - oracle_objective(t->oracle, 0.25)) <= (in_double ? 1e-12 : 1e-5));
    ck_assert(oracle_kl(t->oracle) > 0.01);
    toy_free(t);
}
END_TEST

START_TEST(a_text_does_not_depend_on_its_batch_or_the_threads)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    threads_use(1);
    Rollout *few = drawn(t, 3, 5);
    threads_use(2);
    Rollout *many = drawn(t, 40, 5);
    size_t rows = (size_t)rollout_rows(few);
    ck_assert_mem_eq(few->rows->targets, many->rows->targets, rows * sizeof(int));
    ck_assert_mem_eq(few->logprob_old, many->logprob_old, rows * sizeof(real));
    ck_assert_mem_eq(few->logprob_ref, many->logprob_ref, rows * sizeof(real));
    ck_assert_mem_eq(few->rewards, many->rewards, rows * sizeof(real));
    rollout_free(few);
    rollout_free(many);
    toy_free(t);
}
END_TEST

START_TEST(a_copied_text_keeps_all_its_numbers)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 9, 6), *some = rollout_new(&t->shape, &t->vocabulary, 2, 5);
    for (int n = 0; n < rollout_rows(r); n++) {
        r->values[n] = (real)(n + 0.5);
        r->advantages[n] = (real)(n + 0.25);
        r->weights[n] = (real)-n;
        r->logprob[n] = (real)(-n - 0.5);
        r->kl[n] = (real)(n + 0.75);
        r->rewards[n] = (real)(n - 0.25);
    }
    for (int i = 0; i < 9; i++) r->reward[i] = i + 1;
    rollout_copy(some, r, 7);
    rollout_copy(some, r, 2);
    for (int k = 0; k < 2; k++) {
        int i = k ? 2 : 7, from = rollout_first(r, i), to = rollout_first(some, k);
        size_t size = sizeof(real) * (size_t)rollout_length(r, i);
        ck_assert_int_eq(rollout_length(some, k), rollout_length(r, i));
        ck_assert_mem_eq(some->logprob_old + to, r->logprob_old + from, size);
        ck_assert_mem_eq(some->logprob_ref + to, r->logprob_ref + from, size);
        ck_assert_mem_eq(some->logprob + to, r->logprob + from, size);
        ck_assert_mem_eq(some->kl + to, r->kl + from, size);
        for (int m = 0; m < rollout_length(r, i); m++)
            ck_assert_mem_eq(mat_row(some->log_ref, to + m), mat_row(r->log_ref, from + m),
                             4 * sizeof(real));
        ck_assert_mem_eq(some->rewards + to, r->rewards + from, size);
        ck_assert_mem_eq(some->values + to, r->values + from, size);
        ck_assert_mem_eq(some->advantages + to, r->advantages + from, size);
        ck_assert_mem_eq(some->weights + to, r->weights + from, size);
        ck_assert(some->reward[k] == r->reward[i] && some->ended[k] == r->ended[i]);
        ck_assert_str_eq(some->text[k], r->text[i]);
    }
    ck_assert_dies(rollout_copy(some, r, 0), "text 2 of 2");
    rollout_free(r);
    rollout_free(some);
    toy_free(t);
}
END_TEST

START_TEST(statistics_by_hand)
{
    char *symbols[] = {(char *)"\n", (char *)"a", (char *)"\xe4\xb8\xad"};
    TransformerShape shape = {1, 1, 4, 6, 3};
    Vocabulary v;
    vocabulary_make(&v, symbols, 3, 0);
    Rollout *r = rollout_new(&shape, &v, 5, 6); /* and one that is not there */
    rollout_add(r, (int[]){1, 2, 0}, 3);
    rollout_add(r, (int[]){0}, 1);
    rollout_add(r, (int[]){2, 2, 2, 2, 2, 2}, 6);
    rollout_add(r, (int[]){1, 2, 0}, 3);
    ck_assert_str_eq(r->text[0], "a\xe4\xb8\xad");
    ck_assert_str_eq(r->text[1], "");
    ck_assert_uint_eq(strlen(r->text[2]), 18);
    r->reward[0] = 1;
    r->reward[2] = 2;
    for (int n = 0; n < rollout_rows(r); n++) {
        r->logprob_old[n] = (real)-1;
        r->logprob_ref[n] = n < 3 ? (real)-3 : (real)-0.5;
    }
    RolloutStats s = rollout_stats(r, 0.5);
    ck_assert(close_to(s.reward, 0.75, 1e-12));
    ck_assert(close_to(s.kl, (3 * 2 - 10 * 0.5) / 4, 1e-12)); /* the other 10 rows: -0.5 each */
    ck_assert(close_to(s.objective, 0.75 - 0.5 * 0.25, 1e-12));
    ck_assert(close_to(s.length, 13 / 4.0, 1e-12));
    ck_assert(close_to(s.ended, 0.75, 1e-12));
    ck_assert(close_to(s.distinct, 0.75, 1e-12));
    rollout_free(r);
    vocabulary_free(&v);
}
END_TEST

/* Whichever symbol is spelt with the most bytes, no text reaches into the next. */
START_TEST(texts_of_the_widest_symbol_have_room)
{
    static const char wide[] = "\xf0\x9f\xa6\x8a"; /* a fox */
    for (int place = 0; place < 3; place++) {
        TransformerShape shape = {1, 1, 4, 5, 3};
        char *symbols[3] = {(char *)"a", (char *)"b", (char *)"c"};
        Vocabulary v;
        symbols[(place + 1) % 3] = (char *)"\n";
        symbols[place] = (char *)wide;
        vocabulary_make(&v, symbols, 3, (place + 1) % 3);
        Rollout *r = rollout_new(&shape, &v, 2, 5);
        const int x[] = {place, place, place, place, place};
        for (int i = 0; i < 2; i++) rollout_add(r, x, 5);
        for (int i = 0; i < 2; i++) {
            ck_assert_uint_eq(strlen(r->text[i]), 5 * strlen(wide));
            for (int k = 0; k < 5; k++)
                ck_assert_mem_eq(r->text[i] + k * (int)strlen(wide), wide, strlen(wide));
        }
        rollout_free(r);
        vocabulary_free(&v);
    }
}
END_TEST

/* It need not be the vocabulary's first: each text is read from behind it, and ends by it. */
START_TEST(any_symbol_may_be_the_end)
{
    static char *symbols[] = {(char *)"a", (char *)"b", (char *)"\n"};
    TransformerShape shape = {1, 1, 4, 4, 3};
    Vocabulary v;
    vocabulary_make(&v, symbols, 3, 2);
    Rollout *r = rollout_new(&shape, &v, 2, 4);
    rollout_add(r, (int[]){1, 0, 2}, 3);
    rollout_add(r, (int[]){0}, 1);
    ck_assert_mem_eq(r->rows->ids, ((int[]){2, 1, 0, 2}), 4 * sizeof(int));
    ck_assert_mem_eq(r->rows->targets, ((int[]){1, 0, 2, 0}), 4 * sizeof(int));
    ck_assert(r->ended[0] && !r->ended[1]);
    ck_assert_str_eq(r->text[0], "ba");
    rollout_free(r);
    vocabulary_free(&v);
}
END_TEST

START_TEST(entropy_by_hand)
{
    real p[] = {1, 0, 0, (real)0.5, (real)0.25, (real)0.25};
    ck_assert(fabs(mean_entropy(mat(p, 2, 3)) - 0.75 * log(2)) < 1e-6); /* 0, and 1.5 ln 2 */
}
END_TEST

START_TEST(a_text_of_no_symbols_or_too_many_is_refused)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 2, 4);
    static const int x[] = {1, 2, 3, 1, 0};
    ck_assert_dies(rollout_stats(r, 0), "a rollout without texts");
    ck_assert_dies(rollout_add(r, x, 0), "text 0 of 2, 0 symbols of at most 4");
    ck_assert_dies(rollout_add(r, x, 5), "text 0 of 2, 5 symbols of at most 4");
    rollout_add(r, x, 4);
    rollout_add(r, x, 1);
    ck_assert_dies(rollout_add(r, x, 1), "text 2 of 2");
    rollout_free(r);
    toy_free(t);
}
END_TEST

/* Nothing is left of the text that stood there before. */
START_TEST(a_new_text_has_no_numbers_yet)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *r = drawn(t, 9, 6);
    real *arrays[] = {r->logprob_old, r->logprob_ref, r->logprob,    r->kl,
                      r->rewards,     r->values,      r->advantages, r->weights};
    for (int a = 0; a < 8; a++)
        for (int n = 0; n < rollout_rows(r); n++) arrays[a][n] = 1;
    r->reward[0] = 1;
    rollout_clear(r);
    ck_assert_int_eq(rollout_texts(r), 0);
    rollout_add(r, (int[]){1, 2, 0}, 3);
    for (int a = 0; a < 8; a++)
        for (int n = 0; n < 3; n++) ck_assert_msg(arrays[a][n] == 0, "array %d, row %d", a, n);
    ck_assert(r->reward[0] == 0);
    rollout_free(r);
    toy_free(t);
}
END_TEST

/* Where there is room for a few texts only they are taken a few at a time: each once, in order. */
START_TEST(slices_of_any_size_say_what_the_whole_says)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Rollout *whole = drawn(t, 23, 7), *r = drawn(t, 23, 7);
    Activations *a = activations_new(&t->shape, 23 * 5, false);
    size_t rows = (size_t)rollout_rows(r);
    rollout_kl(whole, t->policy, a);
    activations_free(a);
    for (int capacity = 5; capacity <= 23 * 5; capacity += 11) {
        a = activations_new(&t->shape, capacity, false);
        int texts = 0, seen = 0;
        for (Slice s = {0}; rollout_next(r, a, &s);) {
            ck_assert_int_eq(s.text, texts);
            ck_assert_int_eq(s.row, seen);
            ck_assert(s.texts > 0 && s.rows <= capacity);
            ck_assert_int_eq(s.row, rollout_first(r, s.text));
            texts += s.texts, seen += s.rows;
        }
        ck_assert_int_eq(texts, 23);
        ck_assert_int_eq(seen, (int)rows);
        rollout_clear(r); /* so that nothing is known */
        for (int i = 0; i < 23; i++)
            rollout_add(r, whole->rows->targets + rollout_first(whole, i),
                        rollout_length(whole, i));
        mat_zero(r->log_ref);
        rollout_compare(r, t->reference, a);
        rollout_kl(r, t->policy, a);
        ck_assert_mem_eq(r->logprob_ref, whole->logprob_ref, sizeof(real) * rows);
        ck_assert_mem_eq(r->logprob, whole->logprob, sizeof(real) * rows);
        ck_assert_mem_eq(r->kl, whole->kl, sizeof(real) * rows);
        for (int n = 0; n < (int)rows; n++)
            ck_assert_mem_eq(mat_row(r->log_ref, n), mat_row(whole->log_ref, n), 4 * sizeof(real));
        activations_free(a);
    }
    rollout_free(r);
    rollout_free(whole);
    toy_free(t);
}
END_TEST

START_TEST(a_limit_beyond_the_context_and_texts_without_ends_are_refused)
{
    Toy *t = toy_new("contains:ab", 0.25, 1, 3);
    Vocabulary endless = t->vocabulary;
    endless.end = -1;
    ck_assert_dies(rollout_new(&t->shape, &t->vocabulary, 2, 6), "context of 5");
    ck_assert_dies(rollout_new(&t->shape, &endless, 2, 5), "end symbol");
    toy_free(t);
}
END_TEST

static const TTest *const tests[] = {the_ratio_is_exactly_one_before_the_first_update,
                                     texts_are_drawn_with_the_probabilities_that_are_scored,
                                     the_end_symbol_is_a_row_like_any_other,
                                     the_reward_comes_with_the_last_symbol,
                                     the_reference_has_a_word_on_every_symbol,
                                     every_symbol_pays_for_leaving_the_reference,
                                     the_expected_return_is_the_objective,
                                     a_text_does_not_depend_on_its_batch_or_the_threads,
                                     a_copied_text_keeps_all_its_numbers,
                                     statistics_by_hand,
                                     texts_of_the_widest_symbol_have_room,
                                     any_symbol_may_be_the_end,
                                     entropy_by_hand,
                                     a_text_of_no_symbols_or_too_many_is_refused,
                                     a_new_text_has_no_numbers_yet,
                                     slices_of_any_size_say_what_the_whole_says,
                                     a_limit_beyond_the_context_and_texts_without_ends_are_refused,
                                     NULL};
RUN_TESTS("rollout", tests)
