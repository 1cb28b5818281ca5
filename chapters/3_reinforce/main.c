/* Chapter 3: the transformer becomes a policy, and REINFORCE teaches it from a reward.
 *
 * Reads from top to bottom: the settings, the training loop, what was earned at what price, and the
 * toy problem of --env oracle, where everything is exact. The weights that REINFORCE computes are
 * in reinforce.c, texts and their rewards in rollout.c and reward.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lesson.h"
#include "reinforce.h"
#include "threads.h"
#include "variance.h"

enum { ENV_TALES, ENV_ORACLE };

static LessonOptions lesson = LESSON_DEFAULTS(64, 0.045);

static struct {
    const char *out;
    int env, credit, baseline, steps, threads, largest_batch, draws;
    bool compare;
    ReinforceOptions method;
} o = {.out = "out/chapter3",
       .credit = CREDIT_TO_GO,
       .baseline = BASELINE_BATCH,
       .steps = 150,
       .largest_batch = 128,
       .draws = 40000,
       /* clip: far above the usual norms, for accidents; AdamW divides the gradient's scale out */
       .method = {.memory = 0.9, .lr = 3e-4, .last_lr = 1e-4, .beta2 = 0.99, .clip = 1000}};

static Setting table[] = {
    LESSON_SETTINGS(lesson),
    {"credit", SETTING_CHOICE, &o.credit, .choices = "total|to-go",
     .help = "what a symbol is credited with: the whole return, or what came after"},
    {"baseline", SETTING_CHOICE, &o.baseline, .choices = "none|batch|moving",
     .help = "what its credit is compared with: the other texts, or earlier batches"},
    {"memory", SETTING_REAL, &o.method.memory, .max = 0.9999,
     .help = "of the moving baseline: the weight of its past"},
    {"sampled-kl", SETTING_SWITCH, &o.method.sampled,
     .help = "KL by its samples, not from whole distributions"},
    {"compare", SETTING_SWITCH, &o.compare, .help = "run every seed without a baseline too"},
    {"steps", SETTING_INT, &o.steps, .max = 1e7, .quick = "20", .help = "updates, a rollout each"},
    {"lr", SETTING_REAL, &o.method.lr, .max = 1e3, .help = "learning rate of the first step"},
    {"last-lr", SETTING_REAL, &o.method.last_lr, .max = 1e3,
     .help = "learning rate of the last step"},
    {"beta2", SETTING_REAL, &o.method.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"clip", SETTING_REAL, &o.method.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"largest-batch", SETTING_INT, &o.largest_batch, .min = 2, .max = 4096, .quick = "16",
     .help = "of the toy problem"},
    {"draws", SETTING_INT, &o.draws, .min = 100, .max = 1e8, .quick = "4000",
     .help = "texts drawn for each variance of the toy problem"},
    {"threads", SETTING_INT, &o.threads, .max = THREADS_MAX, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 3: a language model learns from a reward by REINFORCE.\n\n" REWARD_HELP;

static const char *const baselines[] = {"none", "batch", "moving"};

static _Noreturn void fail(int status, const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter3: %s\n", err->text);
    exit(status);
}

/* ---- training ----------------------------------------------------------------------------- */

static const char columns[] =
    "seed,baseline,step,symbols,reward,kl,objective,entropy,length,ended,distinct,gradient_norm";

static void note(Lesson *l, int seed, int step, double symbols, const ReinforceStep *u)
{
    RolloutStats s = rollout_stats(l->ground.rollout, lesson.beta);
    curves_add(l->curves, seed, o.method.baseline, step, symbols, s.reward, s.kl, s.objective,
               u->entropy, s.length, s.ended, s.distinct, u->gradient_norm);
    run_progress(l->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  length %.0f", s.reward,
                 s.kl, s.length);
}

/* The loop of this chapter: write texts, have them judged, step up the gradient. Those of chapters
 * 4 and 5 have the same form. */
static void train(Lesson *l, Reinforce *f, int seed)
{
    Error err;
    Rollout *r = l->ground.rollout;
    double symbols = 0;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, step_seed(seed, step));
        if (!reward_score(&l->ground.reward, r, &err)) lesson_fail(l, f->policy, &err);
        rollout_compare(r, l->ground.reference, f->activations);

        ReinforceStep u = reinforce_update(f, r);
        note(l, seed, step, symbols, &u);
        symbols += rollout_rows(r);
        double weights = transformer_norm(f->policy);
        if (!isfinite(u.gradient_norm) || !(weights < WEIGHTS_MAX)) {
            error_set(&err,
                      "the gradient's norm is %g, the weights' %g, at step %d: try a smaller --lr "
                      "(it is %g)",
                      u.gradient_norm, weights, step + 1, o.method.lr);
            lesson_fail(l, NULL, &err);
        }
    }
    run_progress_end(l->run);
}

static void run_seed(Lesson *l, int seed, BaselineKind kind)
{
    int row = l->curves->rows, rows = lesson.ground.batch * lesson.ground.length;
    Transformer *policy = ground_policy(&l->ground);
    o.method.baseline = kind;
    Reinforce *f = reinforce_new(policy, &o.method, rows);
    if (row == 0) lesson_before(l, policy, f->activations);
    printf("\ntraining, seed %d, baseline %s; the reward is %.4f so far\n", seed, baselines[kind],
           l->before.stats.reward);
    double started = clock_seconds();
    train(l, f, seed);
    cJSON *j = lesson_after(l, policy, f->activations, seed, row, clock_seconds() - started);
    cJSON_AddStringToObject(j, "baseline", baselines[kind]);
    lesson_save(l, policy);
    reinforce_free(f);
    transformer_free(policy);
}

static void learn(Run *run, bool quick)
{
    Error err;
    Lesson l;
    printf("chapter 3: REINFORCE\n");
    if (!lesson_begin(&l, &lesson, run, "chapter3", table, columns, quick, &err)) fail(1, &err);
    printf("%d steps of %d texts, learning rate %g, seed %d, %d thread%s\n", o.steps,
           lesson.ground.batch, o.method.lr, lesson.seed, threads_count(),
           threads_count() == 1 ? "" : "s");
    for (int seed = lesson.seed; seed < lesson.seed + lesson.seeds && !run_stopped(); seed++) {
        run_seed(&l, seed, (BaselineKind)o.baseline);
        if (o.compare && o.baseline != BASELINE_NONE && !run_stopped())
            run_seed(&l, seed, BASELINE_NONE);
    }
    lesson_draw(&l, "chapter3_reward.gp");
    lesson_end(&l);
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
    Curves *c = variance_study(toy, o.largest_batch, o.draws, (uint64_t)lesson.seed, run);
    if (c->rows > 0) {
        variance_print(c);
        if (!curves_save(c, run, "variance.csv", &err)) fail(1, &err);
        run_plot(run, "chapter3_variance.gp", NULL);
        run_plot(run, "chapter3_batch.gp", NULL);
    }
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
    o.method.beta = lesson.beta;
    if (lesson.ground.batch == 1 && o.baseline == BASELINE_BATCH) {
        error_set(&err, "a batch of one text has no other texts to compare with: give --batch 2 or "
                        "more, or --baseline moving");
        fail(2, &err);
    }
    bool fits =
        o.env == ENV_ORACLE
            ? settings_used(table, "--env oracle", "env largest-batch draws seed threads out", &err)
            : settings_idle(table, "--env tales", "largest-batch draws", &err);
    if (!fits) fail(2, &err);
    if (o.baseline != BASELINE_MOVING &&
        !settings_idle(table, "a baseline that isn't moving", "memory", &err))
        fail(2, &err);
    if (!lesson_check(&lesson, table, &err)) fail(2, &err);
    if (!run_open(&run, o.out, argv[0], &err)) fail(1, &err);
    if (o.env == ENV_ORACLE)
        ask_oracle(&run);
    else
        learn(&run, quick);
    bool said = run_close(&run);
    settings_free(table);
    return said && !run_stopped() ? 0 : 1;
}
