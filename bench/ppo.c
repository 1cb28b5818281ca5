/* ppo.c: one iteration of chapter 5: 64 texts of 48 symbols, a reward that costs nothing, GAE, and
 * 4 epochs of 4 minibatches for a policy and a critic of 2 layers, 2 heads and 64 channels.
 *
 * The texts are drawn without an end, so that each has its 48 symbols as the peer's has; otherwise
 * this is chapter 5's loop, without the reference model that it scores texts with. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/measure.h"
#include "ppo.h"
#include "threads.h"

enum { TEXTS = 64, LENGTH = 48, SYMBOLS = 65 };

typedef struct {
    Vocabulary vocabulary;
    Transformer *policy;
    Ppo *ppo;
    Samples *samples;
    Rollout *rollout;
    uint64_t seed;
} Iteration;

/* Symbol 0 is a newline, which would end a text; the others are characters from the blank on. */
static Vocabulary characters(void)
{
    char letter[SYMBOLS][2] = {"\n"}, *symbol[SYMBOLS];
    Vocabulary v;
    for (int i = 0; i < SYMBOLS; i++) symbol[i] = letter[i];
    for (int i = 1; i < SYMBOLS; i++) letter[i][0] = (char)(' ' + i);
    vocabulary_make(&v, symbol, SYMBOLS, 0);
    return v;
}

/* What rollout_draw does, but that no symbol ends a text. */
static void draw(Iteration *t)
{
    const Samples *s = t->samples;
    Rollout *r = t->rollout;
    SampleOptions o = {.temperature = 1, .end = -1, .length = LENGTH};
    int first = 0;
    generate(t->samples, t->policy, &first, 1, &o, t->seed);
    rollout_clear(r);
    for (int i = 0; i < TEXTS; i++) {
        rollout_add(r, s->ids + i * LENGTH, LENGTH);
        memcpy(r->logprob_old + rollout_first(r, i), s->logprob + i * LENGTH,
               sizeof(real) * LENGTH);
    }
}

/* The share of vowels, on the last symbol. */
static void reward(Rollout *r)
{
    for (int i = 0; i < TEXTS; i++) {
        int vowels = 0;
        for (const char *c = r->text[i]; *c; c++) vowels += strchr("aeiouAEIOU", *c) != NULL;
        r->reward[i] = (double)vowels / LENGTH;
    }
    rollout_rewards(r, 0);
}

static void iterate(void *arg)
{
    Iteration *t = arg;
    draw(t);
    reward(t->rollout);
    PpoStep step = ppo_update(t->ppo, t->rollout, t->seed++);
    REQUIRE(step.updates == 16 && isfinite(step.policy_loss), "%d updates, loss %g", step.updates,
            step.policy_loss);
}

int main(int argc, char **argv)
{
    Bench b = {
        .what = "PPO iteration", .by = "ours", .unit = "symbols/s", .threads = 1, .seconds = 3};
    Setting table[] = {BENCH_SETTINGS(b, "1"), {0}};
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, "Measures an iteration of PPO.", NULL);
    threads_use(b.threads);

    TransformerShape shape = {2, 2, 64, 64, SYMBOLS};
    PpoOptions o = {.advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.95, .whiten = true},
                    .epsilon = 0.2,
                    .epochs = 4,
                    .minibatches = 4,
                    .stop_kl = INFINITY,
                    .entropy = 0.01,
                    .lr = 1e-3,
                    .last_lr = 1e-3,
                    .beta2 = 0.99,
                    .clip = 0.5,
                    .critic = {.lr = 1e-3, .beta2 = 0.99, .clip = 0.5}};
    Iteration t = {.vocabulary = characters(), .policy = transformer_new(&shape, 1), .seed = 1};
    t.ppo = ppo_new(t.policy, &o, &t.vocabulary, TEXTS, LENGTH);
    t.samples = samples_new(&shape, TEXTS, LENGTH);
    t.rollout = rollout_new(&shape, &t.vocabulary, TEXTS, LENGTH);
    bench_row(&b, "2/2/64", TEXTS * LENGTH, measure(&b, iterate, &t));

    rollout_free(t.rollout);
    samples_free(t.samples);
    ppo_free(t.ppo);
    transformer_free(t.policy);
    vocabulary_free(&t.vocabulary);
    settings_free(table);
    return 0;
}
