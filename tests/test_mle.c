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
    ck_assert(c->symbols == b->symbols);
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
    ck_assert_int_ge(file, 0);
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

/* The model after some steps with so many windows, shards and threads. */
static Transformer *learnt(const Tales *t, int batch, int shards, int threads, int steps)
{
    MleOptions o = options;
    o.batch = batch;
    o.shards = shards;
    threads_use(threads);
    Transformer *model = transformer_new(&t->shape, 3);
    Mle *m = mle_new(model, &o);
    for (int i = 0; i < steps; i++) mle_step(m, t->train);
    mle_free(m);
    return model;
}

START_TEST(threads_change_no_bit_of_a_run)
{
    Tales t = tales_new();
    Transformer *one = learnt(&t, 24, 1, 1, 5), *two = learnt(&t, 24, 1, 2, 5);
    ck_assert_mem_eq(one->weights.base, two->weights.base, one->size * sizeof(real));
    transformer_free(one), transformer_free(two);
    tales_free(&t);
}
END_TEST

START_TEST(the_number_of_shards_changes_bits_and_that_of_threads_none)
{
    Tales t = tales_new();
    enum { WINDOWS = 7, STEPS = 6 }; /* two shards can't be alike, and seven have a window each */
    Transformer *whole = learnt(&t, WINDOWS, 1, 1, STEPS);
    size_t bytes = whole->size * sizeof(real);
    for (int shards = 2; shards <= 7; shards += 5) {
        Transformer *one = learnt(&t, WINDOWS, shards, 1, STEPS);
        ck_assert_mem_ne(one->weights.base, whole->weights.base, bytes);
        for (int threads = 2; threads <= 3; threads++) {
            Transformer *more = learnt(&t, WINDOWS, shards, threads, STEPS);
            ck_assert_mem_eq(more->weights.base, one->weights.base, bytes);
            transformer_free(more);
        }
        transformer_free(one);
    }
    transformer_free(whole);
    tales_free(&t);
}
END_TEST

/* A gradient is a sum over windows, wherever the batch is cut: only the rounding differs. */
START_TEST(shards_add_up_to_the_gradient_of_the_batch)
{
    Tales t = tales_new();
    Transformer *model[2];
    Mle *m[2];
    MleStep step[2];
    for (int i = 0; i < 2; i++) {
        MleOptions o = options;
        o.lr = 0;
        o.clip = INFINITY;
        o.shards = i == 0 ? 1 : 3;
        model[i] = transformer_new(&t.shape, 3);
        m[i] = mle_new(model[i], &o);
        for (int twice = 0; twice < 2; twice++) step[i] = mle_step(m[i], t.train);
    }
    ck_assert(close_to(step[0].loss, step[1].loss, 1e-6));
    ck_assert(close_to(step[0].gradient_norm, step[1].gradient_norm, 1e-5));
    const real *whole = model[0]->gradients.base, *sum = model[1]->gradients.base;
    for (size_t i = 0; i < model[0]->size; i++)
        ck_assert(fabs((double)whole[i] - (double)sum[i]) < 1e-6 * step[0].gradient_norm);
    ck_assert(step[0].gradient_norm > 0.1);
    for (int i = 0; i < 2; i++) mle_free(m[i]), transformer_free(model[i]);
    tales_free(&t);
}
END_TEST

/* Of a tenth of the machine's memory weights, gradients and moments are four tenths, and each
 * further shard has gradients of its own. */
START_TEST(shards_whose_gradients_memory_lacks_are_refused)
{
    enum { C = 1024 };
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    TransformerShape shape = {(int)(memory / 10 / (12.0 * C * C * sizeof(real))), 1, C, 1, 2};
    MleOptions o = options;
    Error err;
    o.batch = 20;
    ck_assert_msg(mle_fits(&shape, &o, &err), "%s", err.text);
    o.shards = 20;
    ck_assert(!mle_fits(&shape, &o, &err));
    ck_assert_msg(strstr(err.text, "training such a model would take "), "%s", err.text);
}
END_TEST

START_TEST(more_shards_than_windows_are_refused)
{
    Tales t = tales_new();
    MleOptions o = options;
    o.shards = 6;
    Transformer *model = transformer_new(&t.shape, 1);
    ck_assert_dies(mle_new(model, &o), "6 shards of 5 windows");
    transformer_free(model);
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

START_TEST(a_step_is_adamw_on_the_mean_gradient_of_its_windows)
{
    Tales t = tales_new();
    MleOptions o = options;
    o.batch = 3; /* at most 384 rows: one pass */
    o.beta2 = 0.95, o.weight_decay = 0.3, o.clip = 0.8;
    o.steps = 5, o.last_lr = 2e-3; /* halfway down at the last of four steps */
    o.warmup = 2;
    Transformer *model = transformer_new(&t.shape, 3), *same = transformer_new(&t.shape, 3);
    Mle *m = mle_new(model, &o);
    Adam adam = adam_new(same->size, (AdamOptions){0.9, o.beta2, 1e-8, o.weight_decay});
    Activations *a = activations_new(&t.shape, 384, true);
    Sequences *s = sequences_new(3, 384);
    real *w = NEW(real, 384), *logprob = NEW(real, 384);
    double sum = 0;
    for (int step = 0; step < 4; step++) {
        Rng rng = rng_stream(o.seed, (uint64_t)step);
        windows_draw(t.train, 3, &rng, s);
        int N = batch_rows(&s->batch);
        double loss = 0;
        for (int n = 0; n < N; n++) w[n] = 1 / (real)N;
        transformer_zero_gradients(same);
        softmax_forward(a->probs, logprob, transformer_forward(same, a, &s->batch, NULL),
                        s->targets);
        for (int n = 0; n < N; n++) loss -= (double)logprob[n] / N;
        mat_zero(a->dlogits);
        softmax_gradient(a->dlogits, a->probs, s->targets, w);
        transformer_backward(same, a, &s->batch, a->dlogits);
        double lr = learning_rate(step, o.warmup, o.steps, o.lr, o.last_lr);
        double norm = gradient_clip(same->gradients.base, same->size, o.clip);
        adam_step(&adam, same->weights.base, same->gradients.base, same->decayed, lr);

        double before = m->symbols;
        MleStep taken = mle_step(m, t.train);
        sum += taken.loss;
        ck_assert(m->symbols - before == N);
        ck_assert(close_to(taken.loss, loss, 1e-6) && taken.lr == lr &&
                  taken.gradient_norm == norm);
        ck_assert_mem_eq(model->weights.base, same->weights.base, same->size * sizeof(real));
        ck_assert(m->recent_loss == sum && m->recent_steps == step + 1 && m->step == step + 1);
    }
    ck_assert(m->best == INFINITY);
    free(w), free(logprob);
    sequences_free(s);
    activations_free(a);
    adam_free(&adam);
    mle_free(m);
    transformer_free(model), transformer_free(same);
    tales_free(&t);
}
END_TEST

START_TEST(some_windows_are_scored_as_the_first_of_all)
{
    Tales t = tales_new();
    Transformer *model = transformer_new(&t.shape, 2);
    Mle *m = mle_new(model, &options); /* five at a time */
    real *logprob = NEW(real, t.held_out->scored);
    mle_evaluate(m, t.held_out, t.held_out->windows, logprob);
    double total = 0;
    size_t scored = 0;
    for (int windows = 1; windows <= 11; windows++) {
        size_t rows = t.held_out->targets[t.held_out->document_of[windows - 1]];
        for (size_t i = 0; i < rows; i++) total -= (double)logprob[scored++];
        double nats = mle_evaluate(m, t.held_out, windows, NULL);
        ck_assert_msg(close_to(nats, total / (double)scored, 1e-5), "%d: %g", windows, nats);
    }
    free(logprob);
    mle_free(m);
    transformer_free(model);
    tales_free(&t);
}
END_TEST

/* A state whose numbers are these; is it taken? */
static bool state_is_taken(Mle *m, const char *numbers, const char *path, Error *err)
{
    int n = (int)m->model->size;
    real *zeros = NEW(real, n);
    Tensor tensors[] = {{"weights", 1, mat(zeros, 1, n)},
                        {"adam.m", 1, mat(zeros, 1, n)},
                        {"adam.v", 1, mat(zeros, 1, n)}};
    cJSON *metadata = cJSON_CreateObject();
    if (numbers) cJSON_AddStringToObject(metadata, "run", numbers);
    cJSON_AddStringToObject(metadata, "shape",
                            "1 layers, 1 heads, 2 channels, context 4 and 3 symbols");
    ck_assert(checkpoint_save(path, tensors, 3, metadata, NULL));
    cJSON_Delete(metadata);
    free(zeros);
    return mle_load(m, path, err);
}

/* step, best, recent loss, recent steps, beta1^step, beta2^step, symbols, seed */
START_TEST(a_state_that_no_run_can_have_is_refused)
{
    static const char *const good[] = {"5 1 2 3 0.5 0.25 700 7", "0 inf 0 0 1 1 0 7",
                                       "5 1 2 5 0 0 700 7", "1 nan 2 1 0.5 0.25 70 7"};
    static const char *const bad[] = {"-1 1 2 0 0.5 0.25 700 7",
                                      "5 1 2 -1 0.5 0.25 700 7",
                                      "5 1 2 6 0.5 0.25 700 7",
                                      "5 1 2 3 1.1 0.25 700 7",
                                      "5 1 2 3 -0.1 0.25 700 7",
                                      "5 1 2 3 0.5 1.1 700 7",
                                      "5 1 2 3 0.5 -0.1 700 7",
                                      "5 1 2 3 nan 0.25 700 7",
                                      "5 1 nan 3 0.5 0.5 700 7",
                                      "5 1 inf 3 0.5 0.5 700 7",
                                      "5 1 2 3 0.5",
                                      "5 1 2 3 0.5 0.25 700",
                                      "5 1 2 3 0.5 0.25 -1 7",
                                      "5 1 2 3 0.5 0.25 inf 7",
                                      "5 1 2 3 0.5 0.25 nan 7",
                                      "",
                                      NULL};
    TransformerShape small = {1, 1, 2, 4, 3};
    Transformer *model = transformer_new(&small, 1);
    char path[] = "/tmp/test_mle_XXXXXX";
    close(mkstemp(path));
    MleOptions seventh = options;
    seventh.seed = 7;
    Mle *m = mle_new(model, &seventh);
    Error err;
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(state_is_taken(m, good[i], path, &err), "%s: %s", good[i], err.text);
        ck_assert_int_eq((int)m->adam.steps, m->step);
    }
    for (int i = 0; i < 17; i++) {
        ck_assert_msg(!state_is_taken(m, bad[i], path, &err), "%s", bad[i] ? bad[i] : "nothing");
        ck_assert(strstr(err.text, "does not say where its run stopped: start anew"));
    }
    ck_assert(!state_is_taken(m, "5 1 2 3 0.5 0.25 700 6", path, &err));
    ck_assert_msg(strstr(err.text, " is of a run with seed 6: give --seed 6"), "%s", err.text);
    unlink(path);
    mle_free(m);
    transformer_free(model);
}
END_TEST

START_TEST(a_state_of_another_text_is_refused)
{
    TransformerShape small = {1, 1, 2, 4, 3};
    Transformer *model = transformer_new(&small, 1);
    char path[] = "/tmp/test_mle_XXXXXX";
    close(mkstemp(path));
    Error err;
    MleOptions of = options;
    of.text = 0xfedcba9876543210;
    Mle *m = mle_new(model, &of);
    ck_assert(mle_save(m, path, &err) && mle_load(m, path, &err));
    m->options.text = 0; /* any */
    ck_assert(mle_load(m, path, &err));
    m->options.text = of.text + 1;
    ck_assert(!mle_load(m, path, &err));
    ck_assert_msg(strstr(err.text, "is of a run on another text: give the same"), "%s", err.text);
    m->options.text = of.text;
    ck_assert(!state_is_taken(m, "5 1 2 3 0.5 0.25 700 4", path, &err)); /* says nothing of one */
    unlink(path);
    mle_free(m);
    transformer_free(model);
}
END_TEST

START_TEST(a_state_of_other_shards_is_refused)
{
    TransformerShape small = {1, 1, 2, 4, 3};
    Transformer *model = transformer_new(&small, 1);
    char path[] = "/tmp/test_mle_XXXXXX";
    close(mkstemp(path));
    Error err;
    MleOptions in_two = options;
    in_two.shards = 2;
    Mle *one = mle_new(model, &options), *two = mle_new(model, &in_two);
    ck_assert(mle_save(two, path, &err) && mle_load(two, path, &err));
    ck_assert(!mle_load(one, path, &err));
    ck_assert_msg(strstr(err.text, "is of a run with --shards 2: give the same"), "%s", err.text);
    ck_assert(state_is_taken(one, "5 1 2 3 0.5 0.25 700 4", path, &err)); /* says nothing of any */
    unlink(path);
    mle_free(one), mle_free(two);
    transformer_free(model);
}
END_TEST

START_TEST(a_run_that_is_further_than_its_steps_is_refused)
{
    TransformerShape small = {1, 1, 2, 4, 3};
    Transformer *model = transformer_new(&small, 1);
    char path[] = "/tmp/test_mle_XXXXXX";
    close(mkstemp(path));
    Mle *m = mle_new(model, &options); /* 30 steps */
    Error err;
    ck_assert(state_is_taken(m, "30 1 2 3 0.5 0.25 700 4", path, &err));
    ck_assert(!state_is_taken(m, "31 1 2 3 0.5 0.25 700 4", path, &err));
    ck_assert_msg(strstr(err.text, "stopped at step 31, and --steps 30 ends before"), "%s",
                  err.text);
    unlink(path);
    mle_free(m);
    transformer_free(model);
}
END_TEST

/* Parts of about 256 rows stay in the cache, with four windows that two threads can share; those of
 * a shard have about 192 and two windows. There is no room for more than a batch, or a shard. */
START_TEST(a_batch_goes_through_the_model_in_small_parts)
{
    static const struct {
        int context, batch, rows, shards;
    } cases[] = {{16, 2, 32, 0},    {16, 16, 256, 1},  {16, 17, 256, 0}, {64, 5, 256, 1},
                 {65, 5, 260, 1},   {100, 10, 400, 1}, {100, 3, 300, 1}, {16, 17, 144, 2},
                 {100, 10, 200, 2}, {64, 2, 64, 2}};
    for (int i = 0; i < 10; i++) {
        TransformerShape shape = {1, 1, 2, cases[i].context, 3};
        MleOptions o = options;
        o.batch = cases[i].batch;
        o.shards = cases[i].shards;
        Transformer *model = transformer_new(&shape, 1);
        Mle *m = mle_new(model, &o);
        ck_assert_int_eq(m->activations[m->workers - 1]->capacity, cases[i].rows);
        mle_free(m);
        transformer_free(model);
    }
}
END_TEST

static const TTest *const tests[] = {the_first_loss_is_that_of_a_uniform_guess,
                                     training_lowers_the_loss_on_text_that_it_has_not_seen,
                                     the_mean_is_over_symbols_whatever_the_batch,
                                     an_interrupted_run_goes_on_to_the_same_bits,
                                     a_state_of_another_shape_is_refused,
                                     threads_change_no_bit_of_a_run,
                                     the_number_of_shards_changes_bits_and_that_of_threads_none,
                                     shards_add_up_to_the_gradient_of_the_batch,
                                     shards_whose_gradients_memory_lacks_are_refused,
                                     more_shards_than_windows_are_refused,
                                     a_learning_rate_of_zero_changes_nothing,
                                     a_step_is_adamw_on_the_mean_gradient_of_its_windows,
                                     some_windows_are_scored_as_the_first_of_all,
                                     a_state_that_no_run_can_have_is_refused,
                                     a_state_of_another_text_is_refused,
                                     a_state_of_other_shards_is_refused,
                                     a_run_that_is_further_than_its_steps_is_refused,
                                     a_batch_goes_through_the_model_in_small_parts,
                                     NULL};
RUN_TESTS("mle", tests)
