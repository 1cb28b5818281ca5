/* Chapter 5: PPO learns from each batch several times, as long as the policy stays near its author.
 *
 * Reads from top to bottom as chapters 3 and 4 do; lay them side by side. The clipped ratio, and
 * epochs of minibatches, are in ppo.c. --env oracle holds it against exact answers on the toy
 * problem (studies.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lesson.h"
#include "ppo.h"
#include "studies.h"
#include "threads.h"

enum { ENV_TALES, ENV_ORACLE };

static LessonOptions lesson = LESSON_DEFAULTS(128, 0.06);

static struct {
    const char *out;
    int env, advantage, steps, threads, toy_steps, toy_seeds;
    bool unclipped;
    PpoOptions method;
} o = {.out = "out/chapter5",
       .advantage = ADVANTAGE_GAE,
       .steps = 32,
       .toy_steps = CEILING_STEPS,
       .toy_seeds = 5,
       .method = {.advantage = {.gamma = 1, .lambda = 0.99},
                  .epsilon = 0.2,
                  .epochs = 2,
                  .minibatches = 8,
                  .stop_kl = 0.02,
                  .lr = 2e-4,
                  .last_lr = 5e-5,
                  .beta2 = 0.99,
                  .clip = 1000,
                  .critic = {.lr = 1e-3, .beta2 = 0.99, .clip = 1}}};

static Setting table[] = {
    LESSON_SETTINGS(lesson),
    {"advantage", SETTING_CHOICE, &o.advantage, .choices = "total|to-go|td|gae",
     .help = "what a symbol is worth: R - V, reward to go - V, TD error or GAE"},
    {"lambda", SETTING_REAL, &o.method.advantage.lambda, .max = 1,
     .help = "of GAE; 0: the critic's word, 1: only what came"},
    {"gamma", SETTING_REAL, &o.method.advantage.gamma, .max = 1,
     .help = "discount of rewards, per symbol; 1: none"},
    {"whiten", SETTING_SWITCH, &o.method.advantage.whiten,
     .help = "advantages with mean 0 and deviation 1"},
    {"epsilon", SETTING_REAL, &o.method.epsilon, .max = 1e6,
     .help = "the clip: ratios pay between 1 - epsilon and 1 + epsilon"},
    {"unclipped", SETTING_SWITCH, &o.unclipped, .help = "no clip at all"},
    {"epochs", SETTING_INT, &o.method.epochs, .min = 1, .max = 1e4,
     .help = "passes over each rollout"},
    {"minibatches", SETTING_INT, &o.method.minibatches, .min = 1, .max = 1e5,
     .help = "updates in a pass, each from a share of the texts"},
    {"stop-kl", SETTING_REAL, &o.method.stop_kl, .max = 1e6,
     .help = "KL, nats per symbol, to the rollout's author that ends the learning from it; 0: none "
             "does"},
    {"entropy", SETTING_REAL, &o.method.entropy, .max = 1e3,
     .help = "bonus for a nat of entropy, in units of reward"},
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
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"toy-steps", SETTING_INT, &o.toy_steps, .min = 1, .max = 1e7, .quick = "12",
     .help = "rollouts to learn from in the toy problem"},
    {"toy-seeds", SETTING_INT, &o.toy_seeds, .min = 1, .max = 1000, .quick = "2",
     .help = "its seeds, where --seeds is not given"},
    {"threads", SETTING_INT, &o.threads, .max = THREADS_MAX, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 5: a language model learns from a reward by PPO.\n\n" REWARD_HELP;

static _Noreturn void fail(int status, const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter5: %s\n", err->text);
    exit(status);
}

/* ---- training ----------------------------------------------------------------------------- */

/* Mean log-probability under the reference, nats per symbol: do the texts read as before? */
static double fluency(const Rollout *r)
{
    double total = 0;
    for (int n = 0; n < rollout_rows(r); n++) total += r->logprob_ref[n];
    return total / rollout_rows(r);
}

static const char columns[] =
    "seed,step,symbols,reward,kl,objective,entropy,length,ended,distinct,gradient_norm,"
    "explained_variance,value_loss,approx_kl,clip_fraction,largest_ratio,policy_loss,updates,"
    "fluency";

static void note(Lesson *l, int seed, int step, double symbols, const PpoStep *u)
{
    RolloutStats s = rollout_stats(l->ground.rollout, lesson.beta);
    double clip_fraction = o.unclipped ? NAN : u->clip_fraction;
    curves_add(l->curves, seed, step, symbols, s.reward, s.kl, s.objective, u->entropy, s.length,
               s.ended, s.distinct, u->gradient_norm, u->explained_variance, u->value_loss,
               u->approx_kl, clip_fraction, u->largest_ratio, u->policy_loss, u->updates,
               fluency(l->ground.rollout));
    char clipped[16] = "-"; /* without a clip there is no such share */
    if (!o.unclipped) snprintf(clipped, sizeof clipped, "%.3f", clip_fraction);
    run_progress(l->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  clipped %s  ratio %.1f",
                 s.reward, s.kl, clipped, u->largest_ratio);
}

/* The loop of chapters 3 and 4; only the update is another, which goes over the texts again. */
static void train(Lesson *l, Ppo *f, int seed)
{
    Error err;
    Rollout *r = l->ground.rollout;
    double symbols = 0;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, step_seed(seed, step));
        if (!reward_score(&l->ground.reward, r, &err)) lesson_fail(l, f->policy, &err);
        rollout_compare(r, l->ground.reference, f->scoring);

        PpoStep u = ppo_update(f, r, step_seed(seed, step));
        note(l, seed, step, symbols, &u);
        symbols += rollout_rows(r);
        double weights = transformer_norm(f->policy);
        if (!isfinite(u.gradient_norm) || !isfinite(u.value_loss) || !(weights < WEIGHTS_MAX)) {
            error_set(&err,
                      "the gradient's norm is %g, the critic's loss %g, the weights' norm %g, at "
                      "step %d: try a smaller --lr (it is %g) or --critic-lr (%g), or fewer "
                      "--epochs (%d)",
                      u.gradient_norm, u.value_loss, weights, step + 1, o.method.lr,
                      o.method.critic.lr, o.method.epochs);
            lesson_fail(l, NULL, &err);
        }
    }
    run_progress_end(l->run);
}

/* ---- a run --------------------------------------------------------------------------------- */

/* What training looked like: some of its steps. */
static void show_steps(const Curves *c, int first_row)
{
    static const struct {
        const char *column, *title;
        int width, digits;
    } shown[] = {{"step", "step", 4, 0},
                 {"reward", "reward", 7, 3},
                 {"kl", "KL", 6, 2},
                 {"objective", "J", 6, 2},
                 {"entropy", "entr.", 6, 3},
                 {"approx_kl", "approx", 7, 4},
                 {"clip_fraction", "clipped", 8, 4},
                 {"largest_ratio", "largest", 8, 2},
                 {"value_loss", "value", 6, 3},
                 {"explained_variance", "explained", 10, 2},
                 {"length", "length", 7, 1},
                 {"ended", "ended", 6, 2},
                 {"distinct", "distinct", 9, 2},
                 {"gradient_norm", "gradient", 9, 2}};
    enum { SHOWN = 8, COLUMNS = sizeof shown / sizeof *shown };
    int rows = c->rows - first_row;
    printf("\n");
    for (int k = 0; k < COLUMNS; k++) printf("%*s", shown[k].width, shown[k].title);
    printf("\n");
    for (int i = 0; i < SHOWN && i < rows; i++) {
        int row = first_row + (rows <= SHOWN ? i : i * (rows - 1) / (SHOWN - 1));
        for (int k = 0; k < COLUMNS; k++) {
            double x = curves_at(c, row, shown[k].column);
            int width = shown[k].width - 1, digits = shown[k].digits; /* a blank, then the number */
            while (digits > 0 && snprintf(NULL, 0, "%.*f", digits, x) > width) digits--;
            if (isnan(x))
                printf(" %*s", width, "-");
            else
                printf(" %*.*f", width, digits, x);
        }
        printf("\n");
    }
}

static void run_seed(Lesson *l, int seed)
{
    int row = l->curves->rows;
    Transformer *policy = ground_policy(&l->ground);
    Ppo *f = ppo_new(policy, &o.method, &l->ground.vocabulary, lesson.ground.batch,
                     lesson.ground.length);
    if (row == 0) lesson_before(l, policy, f->scoring);
    printf("\ntraining, seed %d; the reward is %.4f so far\n", seed, l->before.stats.reward);
    double started = clock_seconds();
    train(l, f, seed);
    double seconds = clock_seconds() - started;
    show_steps(l->curves, row);
    lesson_after(l, policy, f->scoring, seed, row, seconds);
    lesson_save(l, policy);
    ppo_free(f);
    transformer_free(policy);
}

static void learn(Run *run, bool quick)
{
    Error err;
    Lesson l;
    printf("chapter 5: PPO\n");
    if (!lesson_begin(&l, &lesson, run, "chapter5", table, columns, quick, &err)) fail(1, &err);
    printf("%d steps of %d texts, %d times over in %d minibatches, learning rates %g and %g, seed "
           "%d, %d thread%s\n",
           o.steps, lesson.ground.batch, o.method.epochs, o.method.minibatches, o.method.lr,
           o.method.critic.lr, lesson.seed, threads_count(), threads_count() == 1 ? "" : "s");
    for (int seed = lesson.seed; seed < lesson.seed + lesson.seeds && !run_stopped(); seed++)
        run_seed(&l, seed);
    lesson_draw(&l, "chapter5_compare.gp");
    lesson_end(&l);
}

/* ---- the toy problem ------------------------------------------------------------------------ */

/* Where a study was stopped before its first row, what an earlier run has left stays. */
static void keep(Curves *c, Run *run, void (*print)(const Curves *), const char *file,
                 const char *figure)
{
    Error err;
    if (c->rows > 0) {
        print(c);
        if (!curves_save(c, run, file, &err)) fail(1, &err);
        run_plot(run, figure, NULL);
    }
    curves_free(c);
}

static void ask_oracle(Run *run)
{
    int seeds = settings_given(table, "seeds") ? lesson.seeds : o.toy_seeds;
    printf("chapter 5: PPO on problems that can be enumerated\n");
    printf("%d steps of %d texts, seeds %d to %d\n", o.toy_steps, CEILING_TEXTS, lesson.seed,
           lesson.seed + seeds - 1);
    threads_use(1); /* a toy is too small to share */
    Curves *c = study_ceiling(lesson.seed, seeds, o.toy_steps, run);
    keep(c, run, study_ceiling_print, "ceiling.csv", "chapter5_ceiling.gp");
    c = study_stress(lesson.seed, seeds, o.toy_steps, run);
    keep(c, run, study_stress_print, "stress.csv", "chapter5_stress.gp");
    c = study_frontier(lesson.seed, seeds < 3 ? seeds : 3, o.toy_steps, run);
    keep(c, run, study_frontier_print, "frontier.csv", "chapter5_frontier.gp");
}

int main(int argc, char **argv)
{
    Error err;
    Run run;
    bool quick;
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, about, &quick);
    threads_use(o.threads);
    o.method.advantage.kind = (AdvantageKind)o.advantage;
    o.method.steps = o.steps;
    o.method.beta = lesson.beta;
    if (o.unclipped) o.method.epsilon = INFINITY;
    if (o.method.stop_kl == 0) o.method.stop_kl = INFINITY;
    if (o.method.minibatches > lesson.ground.batch) {
        error_set(&err,
                  "%d texts can't be shared by --minibatches %d: give fewer of those or a "
                  "larger --batch",
                  lesson.ground.batch, o.method.minibatches);
        fail(2, &err);
    }
    bool fits = o.env == ENV_ORACLE
                    ? settings_used(table, "--env oracle",
                                    "env toy-steps toy-seeds seed seeds threads out", &err)
                    : settings_idle(table, "--env tales", "toy-steps toy-seeds", &err);
    if (!fits) fail(2, &err);
    if (o.advantage != ADVANTAGE_GAE &&
        !settings_idle(table, "another advantage than gae", "lambda", &err))
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
