/* Chapter 4: a critic learns what to expect, and the actor from how it was surprised.
 *
 * Reads from top to bottom: the settings, the ground that a run stands on, the training loop, and
 * what was earned at what price, as chapter 3 does; lay the two side by side. What a symbol was
 * worth is in advantage.c, the critic in critic.c, a step of both networks in actor_critic.c.
 * --env oracle measures bias and variance on the toy problem where everything is exact. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor_critic.h"
#include "lambda.h"
#include "model.h"
#include "pretrained.h"
#include "price.h"
#include "run.h"
#include "settings.h"
#include "tales.h"
#include "threads.h"
#include "values.h"

enum { ENV_TALES, ENV_ORACLE };

static struct {
    const char *text, *load, *out, *reward, *command;
    int env, tales, pretrain_steps, steps, batch, length, price, sample, seed, seeds, threads,
        draws;
    double timeout, beta;
    ActorCriticOptions method;
} o = {.out = "out/chapter4",
       .reward = "contains:hello",
       .tales = 30000,
       .pretrain_steps = 3000,
       .steps = 60,
       .batch = 128,
       .price = 8,
       .sample = 5,
       .seed = 1,
       .seeds = 1,
       .draws = 100000,
       .timeout = 20,
       .beta = 0.03,
       .method = {.advantage = {.kind = ADVANTAGE_GAE, .gamma = 1, .lambda = 0.95, .whiten = true},
                  .lr = 5e-4,
                  .last_lr = 5e-5,
                  .beta2 = 0.99,
                  .clip = 1,
                  .critic = {.lr = 1e-3, .beta2 = 0.99, .clip = 1},
                  .critic_steps = 1}};

static int advantage = ADVANTAGE_GAE;
static bool raw;

static Setting table[] = {
    {"reward", SETTING_STRING, &o.reward, .help = "what a text is worth, see above"},
    {"reward-command", SETTING_STRING, &o.command, .meta = "CMD",
     .help = "a program that reads a text per line and answers each with a number"},
    {"reward-timeout", SETTING_REAL, &o.timeout, .min = 0.01, .max = 1e6,
     .help = "seconds that it may take for an answer"},
    {"beta", SETTING_REAL, &o.beta, .max = 1e6,
     .help = "price of one nat of KL to the reference, in units of reward"},
    {"advantage", SETTING_CHOICE, &advantage, .choices = "total|to-go|td|gae",
     .help = "what a symbol is worth: R - V, the reward to go - V, TD error, or GAE"},
    {"gamma", SETTING_REAL, &o.method.advantage.gamma, .max = 1,
     .help = "discount of the reward, per symbol"},
    {"lambda", SETTING_REAL, &o.method.advantage.lambda, .max = 1,
     .help = "of GAE, 0: believe the critic, 1: only what came"},
    {"raw", SETTING_SWITCH, &raw, .help = "advantages as they are, not whitened"},
    {"steps", SETTING_INT, &o.steps, .max = 1e7, .quick = "12", .help = "updates, one per batch"},
    {"batch", SETTING_INT, &o.batch, .min = 1, .max = 1e5, .quick = "32", .help = "texts, N"},
    {"lr", SETTING_REAL, &o.method.lr, .max = 1e3, .help = "learning rate of the first step"},
    {"last-lr", SETTING_REAL, &o.method.last_lr, .max = 1e3,
     .help = "learning rate of the last step"},
    {"beta2", SETTING_REAL, &o.method.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"clip", SETTING_REAL, &o.method.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"critic-lr", SETTING_REAL, &o.method.critic.lr, .max = 1e3,
     .help = "learning rate of the critic"},
    {"critic-steps", SETTING_INT, &o.method.critic_steps, .min = 1, .max = 1000,
     .help = "updates of the critic per batch"},
    {"length", SETTING_INT, &o.length, .max = 1e6,
     .help = "symbols of a text at most, 0: the model's context"},
    {"price", SETTING_INT, &o.price, .min = 1, .max = 1e6, .quick = "2",
     .help = "batches that the final table is measured on"},
    {"sample", SETTING_INT, &o.sample, .max = 1000, .help = "texts to show"},
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"draws", SETTING_INT, &o.draws, .min = 100, .max = 1e8, .quick = "4000",
     .help = "texts drawn for each of the toy problem's gradients"},
    {"load", SETTING_STRING, &o.load, .meta = "DIR",
     .help = "a model that chapter 2 wrote (default: out/chapter2, or a small one is trained)"},
    {"text", SETTING_STRING, &o.text, .meta = "FILE",
     .help = "a UTF-8 text, a document per line, that the model has learnt or is to learn"},
    {"tales", SETTING_INT, &o.tales, .min = 20, .max = 1e7, .quick = "4000",
     .help = "tales to draw where no text is given"},
    {"pretrain-steps", SETTING_INT, &o.pretrain_steps, .min = 1, .max = 1e7, .quick = "200",
     .help = "updates of a model that is trained here"},
    {"seed", SETTING_INT, &o.seed, .max = 2147483647, .help = "of everything random"},
    {"seeds", SETTING_INT, &o.seeds, .min = 1, .max = 1000,
     .help = "runs, with seeds seed, seed+1, ..."},
    {"threads", SETTING_INT, &o.threads, .max = 1024, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 4: a language model learns from a reward by actor and critic.\n\n"
    "A reward is a weighted sum of terms, as in 'contains:hello + 0.2*fluency - 0.01*length':\n"
    "  contains:WORD    1 if WORD stands in the text, else 0\n"
    "  count:WORD       how often it does\n"
    "  relevance:A,B,C  share of these keywords that the text contains\n"
    "  fluency          mean log-probability per symbol under chapter 1's n-gram, nats\n"
    "  coherence        share of its pairs of neighbouring words that are not repeated\n"
    "  length           symbols\n"
    "  command          the answer of --reward-command (the reward, if --reward is not given)\n";

static _Noreturn void fail(const Error *err)
{
    fprintf(stderr, "chapter4: %s\n", err->text);
    exit(1);
}

/* ---- the ground a run stands on ----------------------------------------------------------- */

typedef struct {
    Run *run;
    Text text; /* empty where a model is loaded and nobody needs its text */
    bool has_text, tales;
    Vocabulary vocabulary;
    Transformer *reference; /* the pretrained model, frozen */
    Reward reward;
    RewardCommand *command;
    Ngram *ngram; /* of the reward's fluency, or NULL */
    Rollout *rollout;
    Curves *curves;
    Values values; /* the critic's, over a few texts of the first seed */
    Price before;
    cJSON *summary;
} Ground;

static void read_text(Ground *g)
{
    Error err;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS, .held_out = 0.1};
    if (o.text) {
        if (!text_load(&g->text, o.text, &options, &err)) fail(&err);
    } else {
        size_t size;
        char *tales = tales_corpus(1, o.tales, &size); /* whatever the seed */
        if (!text_from_string(&g->text, tales, size, "the tales", &options, &err)) fail(&err);
        free(tales);
    }
    g->has_text = true;
}

/* The model of chapter 2, or a smaller one that is trained on the way. */
static void find_model(Ground *g, bool quick)
{
    Error err;
    PretrainedOptions p = {
        .load = o.load,
        .chapter2 = "out/chapter2",
        .keep = quick ? "out/pretrained/quick" : "out/pretrained",
        .worst = o.text  ? INFINITY
                 : quick ? 2.2
                         : 0.3,
        .shape = {.layers = 2, .heads = 4, .channels = quick ? 32 : 64, .context = 128},
        .mle = {.steps = o.pretrain_steps,
                .batch = 8,
                .lr = 6e-3,
                .last_lr = 6e-5,
                .warmup = o.pretrain_steps / 20,
                .beta2 = 0.99,
                .weight_decay = 0.1,
                .clip = 1,
                .seed = 1}};
    if (!pretrained(&g->reference, &g->vocabulary, &p, &g->text, g->run, &err)) fail(&err);
    int context = g->reference->shape.context;
    if (o.length > context) {
        error_set(&err, "--length %d is more than the model's context of %d symbols", o.length,
                  context);
        fail(&err);
    }
    if (o.length == 0) o.length = context;
}

static bool knows(const Vocabulary *v, const char *letters)
{
    for (; *letters; letters++)
        if (vocabulary_find(v, letters, 1) == SYMBOL_UNKNOWN) return false;
    return true;
}

/* Fluency is judged by counts on the text that the model has learnt. */
static void count_ngrams(Ground *g)
{
    Error err;
    NgramOptions options = {.order = 6, .smoothing = SMOOTHING_KNESER_NEY};
    if (!g->has_text) read_text(g);
    if (g->text.vocabulary.size != g->vocabulary.size) {
        error_set(&err,
                  "the reward's fluency needs the text that the model in %s has learnt: name "
                  "it with --text",
                  o.load ? o.load : o.out);
        fail(&err);
    }
    g->ngram = ngram_train(&g->text.train, &g->vocabulary, &options);
    reward_give_ngram(&g->reward, g->ngram);
}

static void read_reward(Ground *g)
{
    Error err;
    if (o.command && !settings_given(table, "reward")) o.reward = "command";
    if (!reward_parse(&g->reward, o.reward, &err)) fail(&err);
    bool asks = reward_uses(&g->reward, "command");
    if (asks != (o.command != NULL)) {
        error_set(&err,
                  asks ? "the reward '%s' has the term command: name a program with "
                         "--reward-command"
                       : "--reward-command is given, but the reward '%s' has no term command",
                  o.reward);
        fail(&err);
    }
    if (asks && !reward_command_start(&g->command, o.command, o.timeout, &err)) fail(&err);
    if (asks) reward_give_command(&g->reward, g->command);
}

static void ground_make(Ground *g, Run *run, bool quick)
{
    *g = (Ground){.run = run};
    read_reward(g);
    if (!o.load || o.text) read_text(g);
    find_model(g, quick);
    g->tales = !o.text && knows(&g->vocabulary, "hello Granny");
    if (reward_uses(&g->reward, "fluency")) count_ngrams(g);
    g->rollout = rollout_new(&g->reference->shape, &g->vocabulary, o.batch, o.length);
    g->curves = curves_new("seed,step,symbols,reward,kl,objective,entropy,length,ended,distinct,"
                           "gradient_norm,explained_variance,value_loss,critic_gradient_norm");
    g->summary = cJSON_CreateObject();
    cJSON_AddStringToObject(g->summary, "program", "chapter4");
    cJSON_AddStringToObject(g->summary, "version", PROJECT_VERSION);
    cJSON_AddItemToObject(g->summary, "settings", settings_json(table));
}

static void ground_free(Ground *g)
{
    cJSON_Delete(g->summary);
    curves_free(g->curves);
    values_free(&g->values);
    rollout_free(g->rollout);
    ngram_free(g->ngram);
    reward_command_stop(g->command);
    reward_free(&g->reward);
    transformer_free(g->reference);
    vocabulary_free(&g->vocabulary);
    if (g->has_text) text_free(&g->text);
}

static void save(Ground *g)
{
    Error err;
    if (!curves_save(g->curves, g->run, "curves.csv", &err) ||
        !values_save(&g->values, g->run, "values.csv", &err) ||
        !run_save_json(g->run, "summary.json", g->summary, &err))
        fail(&err);
}

/* A reward that fails ends the run, with all that was learnt saved. */
static _Noreturn void fail_saved(Ground *g, const Transformer *policy, const Error *why)
{
    Error err;
    run_progress_end(g->run);
    save(g);
    if (policy && !model_save(g->run->dir, policy, &g->vocabulary, TEXT_LINES, &err)) fail(&err);
    reward_command_stop(g->command);
    fprintf(stderr, "chapter4: %s. %s saved in %s\n", why->text,
            policy ? "Model and curves are" : "The summary is", g->run->dir);
    exit(1);
}

/* ---- training ----------------------------------------------------------------------------- */

static Transformer *copy_of(const Transformer *t)
{
    Transformer *copy = transformer_new(&t->shape, 0);
    memcpy(copy->weights.base, t->weights.base, t->size * sizeof(real));
    return copy;
}

/* Every step of every seed has texts of its own. */
static uint64_t seed_of(int seed, int step)
{
    Rng rng = rng_stream((uint64_t)seed, (uint64_t)step);
    return rng_next(&rng);
}

static void note(Ground *g, int seed, int step, double symbols, const ActorCriticStep *u)
{
    RolloutStats s = rollout_stats(g->rollout, o.beta);
    curves_add(g->curves, seed, step, symbols, s.reward, s.kl, s.objective, u->entropy, s.length,
               s.ended, s.distinct, u->gradient_norm, u->explained_variance, u->value_loss,
               u->critic_gradient_norm);
    if (seed == o.seed) values_keep(&g->values, g->rollout, u->explained_variance, step);
    run_progress(g->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  explained %.2f", s.reward,
                 s.kl, u->explained_variance);
}

/* The loop of chapter 3. Only the update is another: it asks the critic, and then teaches it. */
static void train(Ground *g, ActorCritic *f, int seed)
{
    Error err;
    Rollout *r = g->rollout;
    double symbols = 0;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, seed_of(seed, step));
        if (!reward_score(&g->reward, r, &err)) fail_saved(g, f->policy, &err);
        rollout_score(r, g->reference, f->activations, r->logprob_ref);
        rollout_rewards(r, o.beta);

        ActorCriticStep u = actor_critic_update(f, r);
        note(g, seed, step, symbols, &u);
        symbols += rollout_rows(r);
        if (!isfinite(u.gradient_norm) || !isfinite(u.critic_gradient_norm)) {
            error_set(&err,
                      "the gradient's norm is %g, the critic's %g, at step %d: try a smaller --lr "
                      "(it is %g) or --critic-lr (%g)",
                      u.gradient_norm, u.critic_gradient_norm, step, o.method.lr,
                      o.method.critic.lr);
            fail_saved(g, NULL, &err);
        }
    }
    run_progress_end(g->run);
}

/* ---- what was learnt ---------------------------------------------------------------------- */

static void show_texts(Ground *g, const Transformer *policy, const char *when)
{
    if (o.sample == 0) return;
    printf("\n%s it writes\n", when);
    rollout_draw(g->rollout, policy, seed_of(o.seed, -1));
    for (int i = 0; i < o.sample && i < rollout_texts(g->rollout); i++)
        printf("    %s%s\n", g->rollout->text[i], g->rollout->ended[i] ? "" : "...");
}

static Price measure(Ground *g, const Transformer *policy, Activations *a, int batches)
{
    Error err;
    Price p;
    Scales s = {g->reference, a, g->rollout, &g->reward, g->ngram, g->tales, o.beta};
    if (!price_measure(&p, &s, policy, batches, seed_of(o.seed, -2), &err))
        fail_saved(g, policy, &err);
    return p;
}

/* Symbols read until two batches in a row have earned this on average, or -1. */
static double symbols_until(const Curves *c, int first_row, double reward)
{
    for (int i = first_row; i + 1 < c->rows; i++)
        if (curves_at(c, i, "reward") >= reward && curves_at(c, i + 1, "reward") >= reward)
            return curves_at(c, i, "symbols");
    return -1;
}

static void report(Ground *g, int seed, const Price *after, int first_row, double seconds)
{
    double until = symbols_until(g->curves, first_row, 0.95), least;
    least = price_least_kl(&g->before, after);
    price_print(&g->before, after);
    if (g->before.zero_or_one && until >= 0) printf("0.95 was reached after %.0f symbols\n", until);
    cJSON *j = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_GetObjectItem(g->summary, "runs"), j);
    cJSON_AddNumberToObject(j, "seed", seed);
    cJSON_AddItemToObject(j, "after", price_json(after));
    if (isfinite(least)) cJSON_AddNumberToObject(j, "least_kl", least);
    if (until >= 0) cJSON_AddNumberToObject(j, "symbols_until_0.95", until);
    cJSON_AddNumberToObject(j, "training_seconds", seconds);
}

static void run_seed(Ground *g, int seed)
{
    Error err;
    bool first = seed == o.seed;
    Transformer *policy = copy_of(g->reference);
    ActorCritic *f = actor_critic_new(policy, &o.method, o.batch * o.length);
    if (first) {
        show_texts(g, policy, "before");
        g->before = measure(g, policy, f->activations, 2 * o.price);
        cJSON_AddItemToObject(g->summary, "before", price_json(&g->before));
        cJSON_AddArrayToObject(g->summary, "runs");
    }
    printf("\ntraining, seed %d: reward %.4f so far\n", seed, g->before.stats.reward);
    int row = g->curves->rows;
    double started = clock_seconds();
    train(g, f, seed);
    double seconds = clock_seconds() - started;
    if (first) {
        show_texts(g, policy, "after");
        if (!model_save(g->run->dir, policy, &g->vocabulary, TEXT_LINES, &err)) fail(&err);
        run_wrote(g->run, "model.safetensors");
    }
    Price after = measure(g, policy, f->activations, o.price);
    report(g, seed, &after, row, seconds);
    save(g);
    actor_critic_free(f);
    transformer_free(policy);
}

static void introduce(const Ground *g)
{
    printf("chapter 4: actor and critic\n");
    printf("the reward is '%s', less %g per nat of KL to the reference\n", o.reward, o.beta);
    printf("%d steps of %d texts, learning rate %g, seed %d, %d thread%s\n", o.steps, o.batch,
           o.method.lr, o.seed, threads_count(), threads_count() == 1 ? "" : "s");
    (void)g;
}

static void learn(Run *run, bool quick)
{
    Ground g;
    introduce(NULL);
    ground_make(&g, run, quick);
    for (int seed = o.seed; seed < o.seed + o.seeds && !run_stopped(); seed++) run_seed(&g, seed);
    curves_sketch(g.curves, run, "symbols", "reward", NAN);
    run_plot(run, "chapter4_reward.gp", NULL);
    if (g.values.table) run_plot(run, "chapter4_value.gp", NULL);
    ground_free(&g);
}

/* ---- the toy problem ------------------------------------------------------------------------ */

static void ask_oracle(Run *run)
{
    Error err;
    printf("chapter 4: actor and critic on a problem that can be enumerated\n");
    Toy *toy = toy_new("contains:ab", 0.1, o.batch, (uint64_t)o.seed);
    Oracle *q = toy->oracle;
    printf("%d texts, of total probability %.12f; J_beta = %.6f\n", rollout_texts(q->all),
           toy_look(toy), oracle_objective(q, toy->beta));
    AdvantageOptions truth = {ADVANTAGE_TOTAL, .gamma = 1};
    oracle_gradient(q, toy->policy, weigh_advantage, &truth);
    double norm = gradient_norm(toy->policy->gradients.base, toy->policy->size);
    Curves *c = lambda_study(toy, o.batch, o.draws, (uint64_t)o.seed, run);
    lambda_print(c, o.batch, norm);
    if (!curves_save(c, run, "lambda.csv", &err)) fail(&err);
    run_plot(run, "chapter4_lambda.gp", NULL);
    curves_free(c);
    toy_free(toy);
}

int main(int argc, char **argv)
{
    Error err;
    Run run;
    bool quick;
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, about, &quick);
    threads_use(o.threads);
    o.method.advantage.kind = (AdvantageKind)advantage;
    o.method.advantage.whiten = !raw;
    o.method.steps = o.steps;
    if (!run_open(&run, o.out, argv[0], &err)) fail(&err);
    if (o.env == ENV_ORACLE)
        ask_oracle(&run);
    else
        learn(&run, quick);
    run_close(&run);
    settings_free(table);
    return run_stopped() ? 1 : 0;
}
