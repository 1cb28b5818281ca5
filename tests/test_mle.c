/* test_mle.c: maximum likelihood: one step, many steps, interruption, and what a seed fixes. */
#include "mle.h"
#include "suite.h"
#include "tales.h"
#include "threads.h"

static const MleOptions options = {.steps = 30,
                                   .batch = 5,
                                   .lr = 1e-2,
                                   .last_lr = 1e-4,
                                   .warmup = 3,
                                   .beta2 = 0.99,
                                   .weight_decay = 0.1,
                                   .clip = 1,
                                   .seed = 4};

typedef struct {
    Text text;
    TransformerShape shape;
    Windows *train, *held_out;
} Tales;

static Tales tales_new(void)
{
    Tales t;
    size_t size;
    char *corpus = tales_corpus(1, 300, &size);
    TextOptions o = {TEXT_LINES, TEXT_CHARS, 0.1};
    ck_assert(text_from_string(&t.text, corpus, size, "tales", &o, NULL));
    free(corpus);
    t.shape = (TransformerShape){2, 2, 16, 128, t.text.vocabulary.size};
    t.train = windows_new(&t.text.train, t.text.vocabulary.end, 128);
    t.held_out = windows_new(&t.text.held_out, t.text.vocabulary.end, 128);
    return t;
}

static void tales_free(Tales *t)
{
    windows_free(t->train);
    windows_free(t->held_out);
    text_free(&t->text);
}

START_TEST(the_first_loss_is_that_of_a_uniform_guess)
{
    Tales t = tales_new();
    Transformer *model = transformer_new(&t.shape, 1);
    Mle *m = mle_new(model, &options);
    double loss = mle_evaluate(m, t.held_out, t.held_out->windows, NULL);
    ck_assert_double_eq_tol(loss, log(t.shape.vocabulary), 0.05);
    mle_free(m);
    transformer_free(model);
    tales_free(&t);
}
END_TEST

START_TEST(training_lowers_the_loss_on_text_that_it_has_not_seen)
{
    Tales t = tales_new();
    MleOptions o = options;
    o.steps = 150;
    Transformer *model = transformer_new(&t.shape, 1);
    Mle *m = mle_new(model, &o);
    double before = mle_evaluate(m, t.held_out, t.held_out->windows, NULL);
    for (int i = 0; i < o.steps; i++) mle_step(m, t.train);
    double after = mle_evaluate(m, t.held_out, t.held_out->windows, NULL);
    ck_assert_double_gt(before, 3.9);
    ck_assert_double_lt(after, 2.75); /* the symbols' frequencies alone give 2.9 */
    mle_free(m);
    transformer_free(model);
    tales_free(&t);
}
END_TEST

START_TEST(the_mean_is_over_symbols_whatever_the_batch)
{
    Tales t = tales_new();
    Transformer *model = transformer_new(&t.shape, 2);
    MleOptions one = options;
    one.batch = 1;
    Mle *many = mle_new(model, &options), *single = mle_new(model, &one);
    real *logprob = NEW(real, t.held_out->scored);
    double a = mle_evaluate(many, t.held_out, t.held_out->windows, logprob);
    double b = mle_evaluate(single, t.held_out, t.held_out->windows, NULL);
    ck_assert(close_to(a, b, 1e-6));
    double total = 0;
    for (size_t i = 0; i < t.held_out->scored; i++) total -= (double)logprob[i];
    ck_assert(close_to(a, total / (double)t.held_out->scored, 1e-6));
    free(logprob);
    mle_free(many);
    mle_free(single);
    transformer_free(model);
    tales_free(&t);
}
END_TEST

START_TEST(an_interrupted_run_goes_on_to_the_same_bits)
{
    Tales t = tales_new();
    Transformer *whole = transformer_new(&t.shape, 3), *half = transformer_new(&t.shape, 3),
                *rest = transformer_new(&t.shape, 99);
    Mle *a = mle_new(whole, &options), *b = mle_new(half, &options), *c = mle_new(rest, &options);
    char path[] = "/tmp/test_mle_XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (int i = 0; i < 20; i++) mle_step(a, t.train);
    for (int i = 0; i < 13; i++) mle_step(b, t.train);
    b->best = 1.25;
    ck_assert(mle_save(b, path, NULL));
    ck_assert(mle_load(c, path, NULL));
    ck_assert_int_eq(c->step, 13);
    ck_assert(c->best == 1.25 && c->recent_loss == b->recent_loss && c->recent_steps == 13);
    for (int i = 13; i < 20; i++) mle_step(c, t.train);
    ck_assert_mem_eq(whole->weights.base, rest->weights.base, whole->size * sizeof(real));
    ck_assert(a->recent_loss == c->recent_loss);
    unlink(path);
    mle_free(a), mle_free(b), mle_free(c);
    transformer_free(whole), transformer_free(half), transformer_free(rest);
    tales_free(&t);
}
END_TEST

START_TEST(a_state_of_another_shape_is_refused)
{
    Tales t = tales_new();
    TransformerShape other = t.shape;
    other.channels = 8;
    Transformer *big = transformer_new(&t.shape, 3), *small = transformer_new(&other, 3);
    Mle *a = mle_new(big, &options), *b = mle_new(small, &options);
    char path[] = "/tmp/test_mle_XXXXXX";
    int file = mkstemp(path);
    close(file);
    Error err;
    ck_assert(mle_save(a, path, NULL));
    ck_assert(!mle_load(b, path, &err));
    ck_assert_msg(strstr(err.text, "weights"), "%s", err.text);
    ck_assert_int_eq(b->step, 0);
    ck_assert(!mle_load(b, "/tmp/there is no such file", &err));
    unlink(path);
    mle_free(a), mle_free(b);
    transformer_free(big), transformer_free(small);
    tales_free(&t);
}
END_TEST

START_TEST(threads_change_no_bit_of_a_run)
{
    Tales t = tales_new();
    MleOptions o = options;
    o.batch = 24;
    Transformer *one = transformer_new(&t.shape, 3), *two = transformer_new(&t.shape, 3);
    threads_use(1);
    Mle *a = mle_new(one, &o);
    for (int i = 0; i < 5; i++) mle_step(a, t.train);
    threads_use(2);
    Mle *b = mle_new(two, &o);
    for (int i = 0; i < 5; i++) mle_step(b, t.train);
    ck_assert_mem_eq(one->weights.base, two->weights.base, one->size * sizeof(real));
    mle_free(a), mle_free(b);
    transformer_free(one), transformer_free(two);
    tales_free(&t);
}
END_TEST

START_TEST(a_learning_rate_of_zero_changes_nothing)
{
    Tales t = tales_new();
    MleOptions o = options;
    o.lr = o.last_lr = 0;
    Transformer *model = transformer_new(&t.shape, 3), *fresh = transformer_new(&t.shape, 3);
    Mle *m = mle_new(model, &o);
    for (int i = 0; i < 3; i++) mle_step(m, t.train);
    ck_assert_mem_eq(model->weights.base, fresh->weights.base, fresh->size * sizeof(real));
    mle_free(m);
    transformer_free(model), transformer_free(fresh);
    tales_free(&t);
}
END_TEST

static const TTest *const tests[] = {the_first_loss_is_that_of_a_uniform_guess,
                                     training_lowers_the_loss_on_text_that_it_has_not_seen,
                                     the_mean_is_over_symbols_whatever_the_batch,
                                     an_interrupted_run_goes_on_to_the_same_bits,
                                     a_state_of_another_shape_is_refused,
                                     threads_change_no_bit_of_a_run,
                                     a_learning_rate_of_zero_changes_nothing,
                                     NULL};
RUN_TESTS("mle", tests)
