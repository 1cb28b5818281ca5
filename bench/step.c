/* step.c: the training step of chapter 2: forward, backward, clipping and AdamW, on a text of
 * random symbols, at three sizes, with as many shards as threads. */
#include <stdlib.h>

#include "measure/measure.h"
#include "mle.h"
#include "threads.h"

typedef struct {
    Mle *mle;
    Windows *text;
} Training;

static void step(void *arg)
{
    Training *t = arg;
    mle_step(t->mle, t->text);
}

static Windows *random_text(const TransformerShape *s)
{
    enum { SYMBOLS = 100000 };
    size_t start[] = {0, SYMBOLS};
    Corpus c = {1, start, NEW(int, SYMBOLS)};
    Rng rng = rng_stream(1, 0);
    for (int i = 0; i < SYMBOLS; i++) c.ids[i] = rng_below(&rng, s->vocabulary);
    Windows *w = windows_new(&c, -1, s->context);
    free(c.ids);
    return w;
}

static int shards; /* 0: as many as threads */

static void run_case(const Bench *b, const TrainingCase *c)
{
    int wanted = shards > 0 ? shards : b->threads;
    MleOptions o = {.steps = 1000000,
                    .batch = c->batch,
                    .shards = wanted < c->batch ? wanted : c->batch,
                    .lr = 1e-3,
                    .beta2 = 0.99,
                    .weight_decay = 0.1,
                    .clip = 1};
    Transformer *model = transformer_new(&c->shape, 1);
    Training t = {mle_new(model, &o), random_text(&c->shape)};
    bench_row(b, c->name, c->batch * c->shape.context, measure(b, step, &t));
    windows_free(t.text);
    mle_free(t.mle);
    transformer_free(model);
}

int main(int argc, char **argv)
{
    Bench b = {
        .what = "training step", .by = "ours", .unit = "symbols/s", .threads = 1, .seconds = 2};
    Setting table[] = {
        BENCH_SETTINGS(b, "0.5"),
        {"shards", SETTING_INT, &shards, .max = 1000, .help = "of a batch, 0: as many as threads"},
        {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures chapter 2's training step.", NULL);
    threads_use(b.threads);
    for (int i = 0; i < TRAINING_CASES; i++)
        if (bench_wants(&b, training_cases[i].name)) run_case(&b, &training_cases[i]);
    settings_free(table);
    return 0;
}
