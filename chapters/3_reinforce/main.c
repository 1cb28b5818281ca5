/* Chapter 3: the transformer becomes a policy, and REINFORCE teaches it from a reward.
 *
 * Reads from top to bottom: the settings, the training loop, what was earned at what price, and the
 * toy problem of --env oracle, where everything is exact. The weights that REINFORCE computes are
 * in reinforce.c, texts and their rewards in rollout.c and reward.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground.h"
#include "model.h"
#include "reinforce.h"
#include "threads.h"
#include "variance.h"

enum { ENV_TALES, ENV_ORACLE };

static GroundOptions ground_options = GROUND_DEFAULTS;

static struct {
    const char *out;
    int env, credit, baseline, steps, price, sample, seed, seeds, threads, largest_batch, draws;
    double beta;
    bool compare;
    ReinforceOptions method;
} o = {.out = "out/chapter3",
       .credit = CREDIT_TO_GO,
       .baseline = BASELINE_BATCH,
       .steps = 100,
       .price = 16,
       .sample = 5,
       .seed = 1,
       .seeds = 1,
       .largest_batch = 128,
       .draws = 40000,
       .beta = 0.04,
       .method = {.memory = 0.9, .lr = 6e-4, .last_lr = 0, .beta2 = 0.99, .clip = 1}};

static Setting table[] = {
    GROUND_SETTINGS(ground_options),
    {"beta", SETTING_REAL, &o.beta, .max = 1e6,
     .help = "price of a nat of KL to the reference, in units of reward"},
    {"credit", SETTING_CHOICE, &o.credit, .choices = "total|to-go",
     .help = "what a symbol is credited with: the whole return, or what came after"},
    {"baseline", SETTING_CHOICE, &o.baseline, .choices = "none|batch|moving",
     .help = "what its credit is compared with: the other texts, or earlier batches"},
    {"memory", SETTING_REAL, &o.method.memory, .max = 0.9999,
     .help = "of the moving baseline: the weight of its past"},
    {"compare", SETTING_SWITCH, &o.compare, .help = "run every seed without a baseline too"},
    {"steps", SETTING_INT, &o.steps, .max = 1e7, .quick = "20", .help = "updates, a rollout each"},
    {"lr", SETTING_REAL, &o.method.lr, .max = 1e3, .help = "learning rate of the first step"},
    {"last-lr", SETTING_REAL, &o.method.last_lr, .max = 1e3,
     .help = "learning rate of the last step"},
    {"beta2", SETTING_REAL, &o.method.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"clip", SETTING_REAL, &o.method.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"price", SETTING_INT, &o.price, .min = 1, .max = 1e6, .quick = "2",
     .help = "rollouts that the final table is measured on"},
    {"sample", SETTING_INT, &o.sample, .max = 1000, .help = "texts to show"},
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"largest-batch", SETTING_INT, &o.largest_batch, .min = 2, .max = 4096, .quick = "16",
     .help = "of the toy problem"},
    {"draws", SETTING_INT, &o.draws, .min = 100, .max = 1e8, .quick = "4000",
     .help = "texts drawn for each variance of the toy problem"},
    {"seed", SETTING_INT, &o.seed, .max = 2147483647, .help = "of everything random"},
    {"seeds", SETTING_INT, &o.seeds, .min = 1, .max = 1000,
     .help = "runs, with seeds seed, seed+1, ..."},
    {"threads", SETTING_INT, &o.threads, .max = 1024, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 3: a language model learns from a reward by REINFORCE.\n\n" REWARD_HELP;

static const char *const baselines[] = {"none", "batch", "moving"};

static _Noreturn void fail(const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter3: %s\n", err->text);
    exit(1);
}

/* ---- a run and what it writes -----------------------------------------------------------------
 */

typedef struct {
    Run *run;
    Ground ground;
    Curves *curves;
    cJSON *summary;
    Price before;
} Chapter;

static void chapter_make(Chapter *c, Run *run)
{
    c->run = run;
    c->curves = curves_new("seed,baseline,step,symbols,reward,kl,objective,entropy,length,ended,"
                           "distinct,gradient_norm");
    c->summary = cJSON_CreateObject();
    cJSON_AddStringToObject(c->summary, "program", "chapter3");
    cJSON_AddStringToObject(c->summary, "version", PROJECT_VERSION);
    cJSON_AddItemToObject(c->summary, "settings", settings_json(table));
    cJSON_AddArrayToObject(c->summary, "runs");
}

static void chapter_free(Chapter *c)
{
    cJSON_Delete(c->summary);
    curves_free(c->curves);
    ground_free(&c->ground);
}

/* policy: NULL where the model should stay as it was saved last */
static void save(Chapter *c, const Transformer *policy)
{
    Error err;
    if (policy && !model_save(c->run->dir, policy, &c->ground.vocabulary, TEXT_LINES, &err))
        fail(&err);
    if (policy) run_wrote(c->run, "model.safetensors");
    if (!curves_save(c->curves, c->run, "curves.csv", &err) ||
        !run_save_json(c->run, "summary.json", c->summary, &err))
        fail(&err);
}

/* Ends the run with all that was learnt saved. */
static _Noreturn void fail_saved(Chapter *c, const Transformer *policy, const Error *why)
{
    run_progress_end(c->run);
    save(c, policy);
    reward_command_stop(c->ground.command);
    fflush(stdout);
    fprintf(stderr, "chapter3: %s (what was learnt is saved in %s)\n", why->text, c->run->dir);
    exit(1);
}

/* ---- training ----------------------------------------------------------------------------- */

static void note(Chapter *c, int seed, int step, double symbols, double entropy, double norm)
{
    RolloutStats s = rollout_stats(c->ground.rollout, o.beta);
    curves_add(c->curves, seed, o.method.baseline, step, symbols, s.reward, s.kl, s.objective,
               entropy, s.length, s.ended, s.distinct, norm);
    run_progress(c->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  length %.0f", s.reward,
                 s.kl, s.length);
}

/* The loop of this chapter: write texts, have them judged, step up the gradient. Those of chapters
 * 4 and 5 have the same form. */
static void train(Chapter *c, Reinforce *f, int seed)
{
    Error err;
    Rollout *r = c->ground.rollout;
    double symbols = 0, entropy;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, step_seed(seed, step));
        if (!reward_score(&c->ground.reward, r, &err)) fail_saved(c, f->policy, &err);
        rollout_score(r, c->ground.reference, f->activations, r->logprob_ref);
        rollout_rewards(r, o.beta);

        double norm = reinforce_update(f, r, &entropy);
        note(c, seed, step, symbols, entropy, norm);
        symbols += rollout_rows(r);
        if (!isfinite(norm)) {
            error_set(&err, "the gradient's norm is %g at step %d: try a smaller --lr (it is %g)",
                      norm, step, o.method.lr);
            fail_saved(c, NULL, &err);
        }
    }
    run_progress_end(c->run);
}

/* ---- what was learnt ---------------------------------------------------------------------- */

static void show_texts(Chapter *c, const Transformer *policy, const char *when)
{
    const Rollout *r = c->ground.rollout;
    if (o.sample == 0) return;
    printf("\n%s it writes\n", when);
    rollout_draw(c->ground.rollout, policy, step_seed(o.seed, -1));
    for (int i = 0; i < o.sample && i < rollout_texts(r); i++)
        printf("    %s%s\n", r->text[i], r->ended[i] ? "" : "...");
}

static Price measure(Chapter *c, const Transformer *policy, Activations *a, int rollouts)
{
    Error err;
    Price p;
    Scales s = ground_scales(&c->ground, a, o.beta);
    if (!price_measure(&p, &s, policy, rollouts, step_seed(o.seed, -2), &err))
        fail_saved(c, policy, &err);
    return p;
}

/* Symbols drawn until two batches in a row have earned this, or NAN. */
static double symbols_until(const Curves *c, int first_row, double reward)
{
    for (int i = first_row; i + 1 < c->rows; i++)
        if (curves_at(c, i, "reward") >= reward && curves_at(c, i + 1, "reward") >= reward)
            return curves_at(c, i, "symbols");
    return NAN;
}

static void report(Chapter *c, int seed, const Price *after, int first_row, double seconds)
{
    double until = c->before.zero_or_one ? symbols_until(c->curves, first_row, 0.95) : NAN;
    double least = price_least_kl(&c->before, after);
    price_print(&c->before, after);
    if (!isnan(until)) printf("reward 0.95 was reached after %.0f symbols\n", until);
    cJSON *j = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_GetObjectItem(c->summary, "runs"), j);
    cJSON_AddNumberToObject(j, "seed", seed);
    cJSON_AddStringToObject(j, "baseline", baselines[o.method.baseline]);
    cJSON_AddItemToObject(j, "after", price_json(after));
    if (!isnan(least)) cJSON_AddNumberToObject(j, "least_kl", least);
    if (!isnan(until)) cJSON_AddNumberToObject(j, "symbols_until_0.95", until);
    cJSON_AddNumberToObject(j, "training_seconds", seconds);
}

/* A reward that is the same for every text teaches nothing. */
static void look_before(Chapter *c, const Transformer *policy, Activations *a)
{
    c->before = measure(c, policy, a, 2 * o.price);
    cJSON_AddItemToObject(c->summary, "before", price_json(&c->before));
    if (c->before.standard_error > 0) return;
    printf("\nnote: all of %d texts earn the same, %g: as long as that is so, there is nothing to "
           "learn from\n",
           c->before.texts, c->before.stats.reward);
}

static void run_seed(Chapter *c, int seed, BaselineKind kind)
{
    bool first = c->curves->rows == 0;
    Transformer *policy = ground_policy(&c->ground);
    o.method.baseline = kind;
    Reinforce *f = reinforce_new(policy, &o.method, ground_options.batch * ground_options.length);
    if (first) {
        show_texts(c, policy, "before");
        look_before(c, policy, f->activations);
    }
    printf("\ntraining, seed %d, baseline %s; the reward is %.4f so far\n", seed, baselines[kind],
           c->before.stats.reward);
    int row = c->curves->rows;
    double started = clock_seconds();
    train(c, f, seed);
    double seconds = clock_seconds() - started;
    if (first) show_texts(c, policy, "after");
    Price after = measure(c, policy, f->activations, o.price);
    report(c, seed, &after, row, seconds);
    save(c, first ? policy : NULL);
    reinforce_free(f);
    transformer_free(policy);
}

static void learn(Run *run, bool quick)
{
    Error err;
    Chapter c;
    printf("chapter 3: REINFORCE\n");
    chapter_make(&c, run);
    if (!ground_make(&c.ground, run, &ground_options, quick, &err)) fail(&err);
    printf("the reward is %s, less %g per nat of KL to that model\n", c.ground.reward_name, o.beta);
    printf("%d steps of %d texts, learning rate %g, seed %d, %d thread%s\n", o.steps,
           ground_options.batch, o.method.lr, o.seed, threads_count(),
           threads_count() == 1 ? "" : "s");
    for (int seed = o.seed; seed < o.seed + o.seeds && !run_stopped(); seed++) {
        run_seed(&c, seed, (BaselineKind)o.baseline);
        if (o.compare && o.baseline != BASELINE_NONE && !run_stopped())
            run_seed(&c, seed, BASELINE_NONE);
    }
    curves_sketch(c.curves, run, "symbols", "reward", NAN);
    char defines[64];
    double least = c.before.zero_or_one ? least_kl(c.before.stats.reward, 0.95) : NAN;
    snprintf(defines, sizeof defines, "least=%.6f", isfinite(least) ? least : -1);
    run_plot(run, "chapter3_reward.gp", defines);
    chapter_free(&c);
}

/* ---- the toy problem ------------------------------------------------------------------------ */

static void ask_oracle(Run *run)
{
    Error err;
    Toy *toy = toy_new(VARIANCE_REWARD, 0.1, o.largest_batch, TOY_SEED);
    Oracle *q = toy->oracle;
    printf("chapter 3: REINFORCE on a problem that can be enumerated\n");
    printf("the reward is %s, less %g per nat of KL\n", VARIANCE_REWARD, toy->beta);
    printf("%d texts, whose probabilities sum to %.9f\n", rollout_texts(q->all), toy_look(toy));
    printf("J = %.4f, KL = %.4f nats, J_beta = %.4f, and its ceiling beta log Z = %.4f\n",
           oracle_reward(q), oracle_kl(q), oracle_objective(q, toy->beta),
           toy->beta * oracle_best(q, toy->beta, NULL));
    Curves *c = variance_study(toy, o.largest_batch, o.draws, (uint64_t)o.seed, run);
    variance_print(c);
    if (!curves_save(c, run, "variance.csv", &err)) fail(&err);
    run_plot(run, "chapter3_variance.gp", NULL);
    run_plot(run, "chapter3_batch.gp", NULL);
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
    o.method.credit = (Credit)o.credit;
    o.method.steps = o.steps;
    if (ground_options.batch == 1 && o.baseline == BASELINE_BATCH) {
        fprintf(stderr, "chapter3: a batch of one text has no other texts to compare with: give "
                        "--batch 2 or more, or --baseline moving\n");
        exit(2);
    }
    if (!run_open(&run, o.out, argv[0], &err)) fail(&err);
    if (o.env == ENV_ORACLE)
        ask_oracle(&run);
    else
        learn(&run, quick);
    run_close(&run);
    settings_free(table);
    return run_stopped() ? 1 : 0;
}
