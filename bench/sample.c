/* sample.c: drawing texts with the key/value cache: 64 at once, as a rollout does, and a single
 * one.
 *
 * No symbol ends a text, so that every text has its full length: 48 symbols in a batch, as the
 * peer's, and the whole context where there is one text. */
#include "generate.h"
#include "measure/measure.h"
#include "threads.h"

enum { TEXTS = 64, LENGTH = 48 };

typedef struct {
    Samples *samples;
    Transformer *model;
    SampleOptions options;
} Sampling;

static void draw(void *arg)
{
    Sampling *s = arg;
    int first = 0;
    generate(s->samples, s->model, &first, 1, &s->options, 1);
}

static void run_case(Bench *b, const char *what, const TrainingCase *c, int texts, int length)
{
    b->what = what;
    if (!bench_wants(b, c->model)) return;
    Sampling s = {samples_new(&c->shape, texts, length),
                  transformer_new(&c->shape, 1),
                  {.temperature = 1, .end = -1, .length = length}};
    bench_row(b, c->model, (double)texts * length, measure(b, draw, &s));
    transformer_free(s.model);
    samples_free(s.samples);
}

int main(int argc, char **argv)
{
    Bench b = {.by = "ours", .unit = "symbols/s", .threads = 1, .seconds = 1};
    Setting table[] = {BENCH_SETTINGS(b, "0.3"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures how fast texts are drawn.", NULL);
    threads_use(b.threads);
    for (int i = 0; i < TRAINING_CASES; i++) {
        const TrainingCase *c = &training_cases[i];
        if (c->shape.channels <= 128) run_case(&b, "sampling 64", c, TEXTS, LENGTH);
        if (b.threads == 1) run_case(&b, "sampling one", c, 1, c->shape.context);
    }
    settings_free(table);
    return 0;
}
