/* test_sequences.c: documents to batches: where ends go, what is predicted, how texts are cut. */
#include "sequences.h"
#include "suite.h"

/* two documents, "abc" and "d", as ids 1 2 3 and 4; the end symbol is 0 */
static int two_ids[] = {1, 2, 3, 4};
static size_t two_start[] = {0, 3, 4};
static const Corpus two = {2, two_start, two_ids};

static int ten_ids[] = {5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static size_t ten_start[] = {0, 10};
static const Corpus ten = {1, ten_start, ten_ids};

START_TEST(a_line_is_read_from_its_end_symbol_and_predicts_its_end)
{
    Windows *w = windows_new(&two, 0, 8);
    Sequences *s = sequences_new(2, 16);
    ck_assert_int_eq(w->windows, 2);
    ck_assert_uint_eq(w->scored, 6);
    windows_add(w, 0, s);
    windows_add(w, 1, s);
    const int ids[] = {0, 1, 2, 3, 0, 4}, targets[] = {1, 2, 3, 0, 4, 0}, at[] = {0, 1, 2, 3, 0, 1};
    ck_assert_int_eq(batch_rows(&s->batch), 6);
    ck_assert_int_eq(s->start[1], 4);
    ck_assert_mem_eq(s->ids, ids, sizeof ids);
    ck_assert_mem_eq(s->targets, targets, sizeof targets);
    ck_assert_mem_eq(s->positions, at, sizeof at);
    sequences_free(s);
    windows_free(w);
}
END_TEST

START_TEST(a_long_line_is_cut_so_that_every_symbol_is_predicted_once)
{
    Windows *w = windows_new(&ten, 0, 4); /* 11 targets: 4 + 4 + 3 */
    Sequences *s = sequences_new(3, 12);
    ck_assert_int_eq(w->windows, 3);
    ck_assert_uint_eq(w->scored, 11);
    for (int i = 0; i < 3; i++) windows_add(w, i, s);
    const int targets[] = {5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
    ck_assert_mem_eq(s->targets, targets, sizeof targets);
    ck_assert_int_eq(s->ids[4], 3); /* the second window reads the last symbol of the first */
    sequences_free(s);
    windows_free(w);
}
END_TEST

START_TEST(a_stream_has_no_ends_and_only_full_windows)
{
    Windows *w = windows_new(&ten, -1, 4); /* 9 targets: 4 + 4, one left over */
    Sequences *s = sequences_new(2, 8);
    ck_assert_int_eq(w->windows, 2);
    ck_assert_uint_eq(w->scored, 8);
    ck_assert_uint_eq(w->left_over, 1);
    windows_add(w, 0, s);
    windows_add(w, 1, s);
    const int ids[] = {5, 1, 2, 3, 4, 5, 6, 7}, targets[] = {1, 2, 3, 4, 5, 6, 7, 8};
    ck_assert_mem_eq(s->ids, ids, sizeof ids);
    ck_assert_mem_eq(s->targets, targets, sizeof targets);
    sequences_free(s);
    windows_free(w);
}
END_TEST

START_TEST(a_stream_shorter_than_the_context_is_one_window)
{
    Windows *w = windows_new(&ten, -1, 64);
    ck_assert_int_eq(w->windows, 1);
    ck_assert_uint_eq(w->scored, 9);
    ck_assert_uint_eq(w->left_over, 0);
    windows_free(w);
}
END_TEST

/* Ten symbols predict nine: whole windows of every length, and what is left of them. */
START_TEST(every_target_of_a_stream_is_in_a_full_window_or_left_over)
{
    for (int context = 1; context <= 9; context++) {
        Windows *w = windows_new(&ten, -1, context);
        Sequences *s = sequences_new(1, context);
        ck_assert_int_eq(w->windows, 9 / context);
        ck_assert_uint_eq(w->scored, (size_t)(9 / context * context));
        ck_assert_uint_eq(w->left_over, (size_t)(9 % context));
        for (int i = 0; i < w->windows; i++) {
            sequences_clear(s);
            windows_add(w, i, s);
            ck_assert_int_eq(batch_rows(&s->batch), context);
            ck_assert_mem_eq(s->targets, ten_ids + 1 + i * context, sizeof(int) * (size_t)context);
        }
        sequences_free(s);
        windows_free(w);
    }
}
END_TEST

START_TEST(an_empty_corpus_has_no_windows)
{
    size_t none[] = {0};
    int nothing[] = {0};
    Corpus empty = {0, none, nothing};
    Windows *w = windows_new(&empty, 0, 4);
    ck_assert_int_eq(w->windows, 0);
    windows_free(w);
    size_t single[] = {0, 1};
    Corpus symbol = {1, single, nothing}; /* one symbol predicts nothing */
    w = windows_new(&symbol, -1, 4);
    ck_assert_int_eq(w->windows, 0);
    windows_free(w);
}
END_TEST

START_TEST(drawn_windows_of_a_stream_begin_everywhere)
{
    Windows *w = windows_new(&ten, -1, 4);
    Sequences *s = sequences_new(1, 4);
    int seen[10] = {0};
    for (int i = 0; i < 600; i++) {
        Rng rng = rng_stream(7, (uint64_t)i);
        windows_draw(w, 1, &rng, s);
        ck_assert_int_eq(batch_rows(&s->batch), 4);
        int first = s->targets[0] - 1; /* target k of the stream is the symbol k + 1 */
        ck_assert_int_le(first, 5);
        for (int n = 1; n < 4; n++) ck_assert_int_eq(s->targets[n], s->targets[0] + n);
        seen[first]++;
    }
    for (int k = 0; k <= 5; k++) ck_assert_int_gt(seen[k], 60); /* 100 expected of each */
    sequences_free(s);
    windows_free(w);
}
END_TEST

/* "abcd" has five targets, and of windows of two it fills three; "e" and its end fill one. */
START_TEST(a_line_is_drawn_as_often_as_it_has_windows)
{
    int ids[] = {1, 2, 3, 4, 5}, of_short = 0;
    size_t start[] = {0, 4, 5};
    Corpus c = {2, start, ids};
    Windows *w = windows_new(&c, 0, 2);
    Sequences *s = sequences_new(1, 2);
    Rng rng = rng_stream(3, 1);
    for (int i = 0; i < 800; i++) {
        windows_draw(w, 1, &rng, s);
        of_short += s->targets[0] == 5;
    }
    ck_assert(160 < of_short && of_short < 240); /* 200 expected, give or take 12 */
    sequences_free(s);
    windows_free(w);
}
END_TEST

START_TEST(drawing_clears_the_batch_first)
{
    Windows *w = windows_new(&two, 0, 8);
    Sequences *s = sequences_new(3, 24);
    Rng rng = rng_stream(1, 1);
    for (int i = 0; i < 10; i++) windows_draw(w, 3, &rng, s);
    ck_assert_int_eq(s->batch.sequences, 3);
    sequences_free(s);
    windows_free(w);
}
END_TEST

START_TEST(a_full_batch_refuses_more)
{
    Sequences *s = sequences_new(2, 3);
    const int symbols[] = {1, 2, 3, 4, 5};
    ck_assert_dies(sequences_add(s, symbols, 5), "5 symbols into a batch");
    ck_assert_dies(sequences_add(s, symbols, 1), "1 symbols");
    sequences_free(s);
}
END_TEST

START_TEST(a_batch_is_filled_to_its_last_row)
{
    Sequences *s = sequences_new(3, 4);
    const int symbols[] = {1, 2, 3, 4, 5};
    sequences_add(s, symbols, 2);
    sequences_add(s, symbols, 4);
    ck_assert_int_eq(batch_rows(&s->batch), 4);
    ck_assert_dies(sequences_add(s, symbols, 2), "2 symbols into a batch with 4 of 4 rows");
    sequences_clear(s);
    sequences_add(s, symbols, 5);
    ck_assert_int_eq(batch_rows(&s->batch), 4);
    sequences_free(s);
}
END_TEST

/* Five sequences of 3, 4, 2, 5 and 1 rows. */
START_TEST(parts_of_a_batch_are_as_full_as_they_can_be)
{
    static const struct {
        int rows, first[6]; /* of each part, and 5 */
    } cases[] = {{7, {0, 2, 4, 5}},       {6, {0, 1, 3, 5}}, {8, {0, 2, 5}},
                 {1, {0, 1, 2, 3, 4, 5}}, {14, {0, 4, 5}},   {15, {0, 5}}};
    const int lengths[] = {3, 4, 2, 5, 1}, symbols[6] = {0};
    Sequences *s = sequences_new(5, 15);
    for (int i = 0; i < 5; i++) sequences_add(s, symbols, lengths[i] + 1);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int part = 0;
        for (Batch b = {0}; batch_next(&s->batch, cases[c].rows, &b); part++) {
            ck_assert_int_eq((int)(b.start - s->start), cases[c].first[part]);
            ck_assert_int_eq(b.sequences, cases[c].first[part + 1] - cases[c].first[part]);
        }
        ck_assert_int_eq(cases[c].first[part], 5);
    }
    sequences_free(s);
}
END_TEST

static const TTest *const tests[] = {a_line_is_read_from_its_end_symbol_and_predicts_its_end,
                                     a_long_line_is_cut_so_that_every_symbol_is_predicted_once,
                                     a_stream_has_no_ends_and_only_full_windows,
                                     a_stream_shorter_than_the_context_is_one_window,
                                     every_target_of_a_stream_is_in_a_full_window_or_left_over,
                                     an_empty_corpus_has_no_windows,
                                     drawn_windows_of_a_stream_begin_everywhere,
                                     a_line_is_drawn_as_often_as_it_has_windows,
                                     drawing_clears_the_batch_first,
                                     a_full_batch_refuses_more,
                                     a_batch_is_filled_to_its_last_row,
                                     parts_of_a_batch_are_as_full_as_they_can_be,
                                     NULL};
RUN_TESTS("sequences", tests)
