/* Chapter 5: PPO learns from each batch several times, as long as the policy stays near its author.
 *
 * Reads from top to bottom as chapters 3 and 4 do; lay them side by side. The clipped ratio, and
 * epochs of minibatches, are in ppo.c. --env oracle holds it against exact answers on the toy
 * problem (studies.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground.h"
#include "model.h"
#include "ppo.h"
#include "studies.h"
#include "threads.h"

enum { ENV_TALES, ENV_ORACLE };

static GroundOptions ground_options = GROUND_DEFAULTS;

static struct {
    const char *out;
    int env, advantage, steps, price, sample, seed, seeds, threads, toy_steps, toy_seeds;
    double beta;
    bool raw, unclipped;
    PpoOptions method;
} o = {.out = "out/chapter5",
       .advantage = ADVANTAGE_GAE,
       .steps = 32,
       .price = 16,
       .sample = 5,
       .seed = 1,
       .seeds = 1,
       .toy_steps = CEILING_STEPS,
       .toy_seeds = 5,
       .beta = 0.06,
       .method = {.advantage = {.gamma = 1, .lambda = 0.95},
                  .epsilon = 0.2,
                  .epochs = 2,
                  .minibatches = 8,
                  .stop_kl = 0.02,
                  .lr = 3e-4,
                  .last_lr = 0,
                  .beta2 = 0.99,
                  .clip = 1,
                  .critic = {.lr = 2e-3, .beta2 = 0.99, .clip = 1}}};

static Setting table[] = {
    GROUND_SETTINGS(ground_options),
    {"beta", SETTING_REAL, &o.beta, .max = 1e6,
     .help = "price of a nat of KL to the reference, in units of reward"},
    {"advantage", SETTING_CHOICE, &o.advantage, .choices = "total|to-go|td|gae",
     .help = "what a symbol is worth: R - V, reward to go - V, TD error or GAE"},
    {"lambda", SETTING_REAL, &o.method.advantage.lambda, .max = 1,
     .help = "of GAE; 0: the critic's word, 1: only what came"},
    {"gamma", SETTING_REAL, &o.method.advantage.gamma, .max = 1,
     .help = "discount of rewards, per symbol; 1: none"},
    {"raw", SETTING_SWITCH, &o.raw, .help = "advantages as they are, not whitened"},
    {"epsilon", SETTING_REAL, &o.method.epsilon, .max = 1e6,
     .help = "the clip: ratios pay between 1 - epsilon and 1 + epsilon"},
    {"unclipped", SETTING_SWITCH, &o.unclipped, .help = "no clip at all"},
    {"epochs", SETTING_INT, &o.method.epochs, .min = 1, .max = 1e4,
     .help = "passes over each rollout"},
    {"minibatches", SETTING_INT, &o.method.minibatches, .min = 1, .max = 1e5,
     .help = "updates in a pass, each from a share of the texts"},
    {"stop-kl", SETTING_REAL, &o.method.stop_kl, .max = INFINITY,
     .help = "KL, nats per symbol, to the rollout's author that ends the learning from it"},
    {"entropy", SETTING_REAL, &o.method.entropy, .max = 1e3,
     .help = "bonus for a nat of entropy, in deviations of the advantage"},
    {"steps", SETTING_INT, &o.steps, .max = 1e7, .quick = "6", .help = "rollouts to learn from"},
    {"lr", SETTING_REAL, &o.method.lr, .max = 1e3, .help = "learning rate of the first step"},
    {"last-lr", SETTING_REAL, &o.method.last_lr, .max = 1e3,
     .help = "learning rate of the last step"},
    {"beta2", SETTING_REAL, &o.method.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"clip", SETTING_REAL, &o.method.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"critic-lr", SETTING_REAL, &o.method.critic.lr, .max = 1e3,
     .help = "learning rate of the critic"},
    {"price", SETTING_INT, &o.price, .min = 1, .max = 1e6, .quick = "2",
     .help = "rollouts that the final table is measured on"},
    {"sample", SETTING_INT, &o.sample, .max = 1000, .help = "texts to show"},
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"toy-steps", SETTING_INT, &o.toy_steps, .min = 1, .max = 1e7, .quick = "12",
     .help = "rollouts to learn from in the toy problem"},
    {"toy-seeds", SETTING_INT, &o.toy_seeds, .min = 1, .max = 1000, .quick = "2",
     .help = "its seeds, where --seeds is not given"},
    {"seed", SETTING_INT, &o.seed, .max = 2147483647, .help = "of everything random"},
    {"seeds", SETTING_INT, &o.seeds, .min = 1, .max = 1000,
     .help = "runs, with seeds seed, seed+1, ..."},
    {"threads", SETTING_INT, &o.threads, .max = 1024, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 5: a language model learns from a reward by PPO.\n\n" REWARD_HELP;

static _Noreturn void fail(const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter5: %s\n", err->text);
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
    *c = (Chapter){.run = run};
    c->curves = curves_new("seed,step,symbols,reward,kl,objective,entropy,length,ended,distinct,"
                           "gradient_norm,explained_variance,value_loss,approx_kl,clip_fraction,"
                           "largest_ratio,policy_loss,updates,fluency");
    c->summary = cJSON_CreateObject();
    cJSON_AddStringToObject(c->summary, "program", "chapter5");
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
    fprintf(stderr, "chapter5: %s (what was learnt is saved in %s)\n", why->text, c->run->dir);
    exit(1);
}

/* ---- training ----------------------------------------------------------------------------- */

/* Mean log-probability of the texts under the reference, nats per symbol: do they read as before?
 */
static double fluency(const Rollout *r)
{
    double total = 0;
    for (int n = 0; n < rollout_rows(r); n++) total += r->logprob_ref[n];
    return total / rollout_rows(r);
}

static void note(Chapter *c, int seed, int step, double symbols, const PpoStep *u)
{
    RolloutStats s = rollout_stats(c->ground.rollout, o.beta);
    curves_add(c->curves, seed, step, symbols, s.reward, s.kl, s.objective, u->entropy, s.length,
               s.ended, s.distinct, u->gradient_norm, u->explained_variance, u->value_loss,
               u->approx_kl, u->clip_fraction, u->largest_ratio, u->policy_loss, u->updates,
               fluency(c->ground.rollout));
    run_progress(c->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  clipped %.3f  ratio %.1f",
                 s.reward, s.kl, u->clip_fraction, u->largest_ratio);
}

/* The loop of chapters 3 and 4; only the update is another, which goes over the texts again. */
static void train(Chapter *c, Ppo *f, int seed)
{
    Error err;
    Rollout *r = c->ground.rollout;
    double symbols = 0;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, step_seed(seed, step));
        if (!reward_score(&c->ground.reward, r, &err)) fail_saved(c, f->policy, &err);
        rollout_score(r, c->ground.reference, f->activations, r->logprob_ref);
        rollout_rewards(r, o.beta);

        PpoStep u = ppo_update(f, r, step_seed(seed, step));
        note(c, seed, step, symbols, &u);
        symbols += rollout_rows(r);
        if (!isfinite(u.gradient_norm) || !isfinite(u.value_loss)) {
            error_set(&err,
                      "the gradient's norm is %g, the critic's loss %g, at step %d: try a smaller "
                      "--lr (it is %g) or --critic-lr (%g), or fewer --epochs (%d)",
                      u.gradient_norm, u.value_loss, step, o.method.lr, o.method.critic.lr,
                      o.method.epochs);
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

/* Symbols drawn until two batches in a row, or more where they are of fewer than 64 texts, have
 * earned this on average, or NAN. */
static double symbols_until(const Curves *c, int first_row, double reward)
{
    int batches = 1 + 127 / ground_options.batch;
    if (batches < 2) batches = 2;
    for (int i = first_row; i + batches <= c->rows; i++) {
        double mean = 0;
        for (int k = 0; k < batches; k++) mean += curves_at(c, i + k, "reward") / batches;
        if (mean >= reward) return curves_at(c, i, "symbols");
    }
    return NAN;
}

/* What training looked like: some of its steps. */
static void show_steps(const Curves *c, int first_row)
{
    enum { SHOWN = 8 };
    int rows = c->rows - first_row;
    printf("\n%4s %7s %6s %5s %6s %7s %7s %7s %6s %9s %6s %5s %8s %8s\n", "step", "reward", "KL",
           "J", "entr.", "approx", "clipped", "largest", "value", "explained", "length", "ended",
           "distinct", "gradient");
    for (int i = 0; i < SHOWN && i < rows; i++) {
        int row = first_row + (rows <= SHOWN ? i : i * (rows - 1) / (SHOWN - 1));
        printf(
            "%4.0f %7.3f %6.2f %5.2f %6.3f %7.4f %7.4f %7.2f %6.3f %9.2f %6.1f %5.2f %8.2f %8.2f\n",
            curves_at(c, row, "step"), curves_at(c, row, "reward"), curves_at(c, row, "kl"),
            curves_at(c, row, "objective"), curves_at(c, row, "entropy"),
            curves_at(c, row, "approx_kl"), curves_at(c, row, "clip_fraction"),
            curves_at(c, row, "largest_ratio"), curves_at(c, row, "value_loss"),
            curves_at(c, row, "explained_variance"), curves_at(c, row, "length"),
            curves_at(c, row, "ended"), curves_at(c, row, "distinct"),
            curves_at(c, row, "gradient_norm"));
    }
}

static void report(Chapter *c, int seed, const Price *after, int first_row, double seconds)
{
    bool zero_or_one = c->before.zero_or_one && after->zero_or_one;
    double until = zero_or_one ? symbols_until(c->curves, first_row, 0.95) : NAN;
    double least = price_least_kl(&c->before, after);
    price_print(&c->before, after);
    if (!isnan(until)) printf("reward 0.95 was reached after %.0f symbols\n", until);
    cJSON *j = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_GetObjectItem(c->summary, "runs"), j);
    cJSON_AddNumberToObject(j, "seed", seed);
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

static void run_seed(Chapter *c, int seed)
{
    bool first = c->curves->rows == 0;
    Transformer *policy = ground_policy(&c->ground);
    Ppo *f = ppo_new(policy, &o.method, &c->ground.vocabulary, ground_options.batch,
                     ground_options.length);
    if (first) {
        show_texts(c, policy, "before");
        look_before(c, policy, f->activations);
    }
    printf("\ntraining, seed %d; the reward is %.4f so far\n", seed, c->before.stats.reward);
    int row = c->curves->rows;
    double started = clock_seconds();
    train(c, f, seed);
    double seconds = clock_seconds() - started;
    show_steps(c->curves, row);
    if (first) show_texts(c, policy, "after");
    Price after = measure(c, policy, f->activations, o.price);
    report(c, seed, &after, row, seconds);
    save(c, first ? policy : NULL);
    ppo_free(f);
    transformer_free(policy);
}

static void learn(Run *run, bool quick)
{
    Error err;
    Chapter c;
    printf("chapter 5: PPO\n");
    chapter_make(&c, run);
    if (!ground_make(&c.ground, run, &ground_options, quick, &err)) fail(&err);
    printf("the reward is %s, less %g per nat of KL to that model\n", c.ground.reward_name, o.beta);
    printf("%d steps of %d texts, %d times over in %d minibatches, learning rates %g and %g, seed "
           "%d, %d thread%s\n",
           o.steps, ground_options.batch, o.method.epochs, o.method.minibatches, o.method.lr,
           o.method.critic.lr, o.seed, threads_count(), threads_count() == 1 ? "" : "s");
    for (int seed = o.seed; seed < o.seed + o.seeds && !run_stopped(); seed++) run_seed(&c, seed);
    curves_sketch(c.curves, run, "symbols", "reward", NAN);
    char defines[64];
    double least = c.before.zero_or_one ? least_kl(c.before.stats.reward, 0.95) : NAN;
    snprintf(defines, sizeof defines, "least=%.6f", isfinite(least) ? least : -1);
    run_plot(run, "chapter5_compare.gp", defines);
    chapter_free(&c);
}

/* ---- the toy problem ------------------------------------------------------------------------ */

static void keep(Curves *c, Run *run, const char *file, const char *figure)
{
    Error err;
    if (!curves_save(c, run, file, &err)) fail(&err);
    run_plot(run, figure, NULL);
    curves_free(c);
}

static void ask_oracle(Run *run)
{
    int seeds = settings_given(table, "seeds") ? o.seeds : o.toy_seeds;
    printf("chapter 5: PPO on problems that can be enumerated\n");
    printf("%d steps of %d texts, seeds %d to %d\n", o.toy_steps, CEILING_TEXTS, o.seed,
           o.seed + seeds - 1);
    threads_use(1); /* a toy is too small to share */
    Curves *c = study_ceiling(o.seed, seeds, o.toy_steps, run);
    study_ceiling_print(c);
    keep(c, run, "ceiling.csv", "chapter5_ceiling.gp");
    c = study_stress(o.seed, seeds, o.toy_steps, run);
    study_stress_print(c);
    keep(c, run, "stress.csv", "chapter5_stress.gp");
    c = study_frontier(o.seed, seeds < 3 ? seeds : 3, o.toy_steps, run);
    study_frontier_print(c);
    keep(c, run, "frontier.csv", "chapter5_frontier.gp");
}

int main(int argc, char **argv)
{
    Error err;
    Run run;
    bool quick;
    threads_start(argv);
    ground_options.batch = 128;
    settings_read_or_exit(table, argc, argv, about, &quick);
    threads_use(o.threads);
    o.method.advantage.kind = (AdvantageKind)o.advantage;
    o.method.advantage.whiten = !o.raw;
    o.method.steps = o.steps;
    if (o.unclipped) o.method.epsilon = INFINITY;
    if (o.method.minibatches > ground_options.batch) {
        fprintf(stderr,
                "chapter5: %d texts can't be shared by %d minibatches: give --minibatches %d or "
                "fewer\n",
                ground_options.batch, o.method.minibatches, ground_options.batch);
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
