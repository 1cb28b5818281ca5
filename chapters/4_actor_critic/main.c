/* Chapter 4: a critic learns what to expect, and the actor from how it was surprised.
 *
 * Reads from top to bottom as chapter 3 does; lay the two side by side. What a symbol was worth is
 * in advantage.c, the critic in critic.c, a step of both networks in actor_critic.c. --env oracle
 * measures bias and variance on the toy problem, where everything is exact. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "actor_critic.h"
#include "lambda.h"
#include "lesson.h"
#include "threads.h"
#include "values.h"

enum { ENV_TALES, ENV_ORACLE };

static LessonOptions lesson = LESSON_DEFAULTS(32, 0.05);

static struct {
    const char *out;
    int env, advantage, steps, threads, draws;
    ActorCriticOptions method;
} o = {.out = "out/chapter4",
       .advantage = ADVANTAGE_GAE,
       .steps = 240,
       .draws = 40000,
       .method = {.advantage = {.gamma = 1, .lambda = 0.98},
                  .lr = 2e-4,
                  .last_lr = 3e-5,
                  .beta2 = 0.99,
                  .clip = 1000,
                  .critic = {.lr = 1e-3, .beta2 = 0.99, .clip = 1},
                  .critic_epochs = 1,
                  .minibatches = 4}};

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
    {"steps", SETTING_INT, &o.steps, .max = 1e7, .quick = "20", .help = "updates, a rollout each"},
    {"lr", SETTING_REAL, &o.method.lr, .max = 1e3, .quick = "1e-3",
     .help = "learning rate of the first step"},
    {"last-lr", SETTING_REAL, &o.method.last_lr, .max = 1e3,
     .help = "learning rate of the last step"},
    {"beta2", SETTING_REAL, &o.method.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"clip", SETTING_REAL, &o.method.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"critic-lr", SETTING_REAL, &o.method.critic.lr, .max = 1e3,
     .help = "learning rate of the critic"},
    {"critic-epochs", SETTING_INT, &o.method.critic_epochs, .min = 1, .max = 1000,
     .help = "passes of the critic over a rollout"},
    {"minibatches", SETTING_INT, &o.method.minibatches, .min = 1, .max = 1e5,
     .help = "steps of the critic in each"},
    {"env", SETTING_CHOICE, &o.env, .choices = "tales|oracle",
     .help = "the texts, or a toy problem with exact answers"},
    {"draws", SETTING_INT, &o.draws, .min = 100, .max = 1e8, .quick = "4000",
     .help = "texts drawn for each gradient of the toy problem"},
    {"threads", SETTING_INT, &o.threads, .max = THREADS_MAX, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {0}};

static const char about[] =
    "Chapter 4: a language model learns from a reward by actor and critic.\n\n" REWARD_HELP;

static _Noreturn void fail(int status, const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter4: %s\n", err->text);
    exit(status);
}

/* ---- training ----------------------------------------------------------------------------- */

static const char columns[] =
    "seed,step,symbols,reward,kl,objective,entropy,length,ended,distinct,gradient_norm,"
    "explained_variance,value_loss,critic_gradient_norm";

static Values values; /* over a few texts of the first seed */

static void note(Lesson *l, int seed, int step, double symbols, const ActorCriticStep *u)
{
    RolloutStats s = rollout_stats(l->ground.rollout, lesson.beta);
    curves_add(l->curves, seed, step, symbols, s.reward, s.kl, s.objective, u->entropy, s.length,
               s.ended, s.distinct, u->gradient_norm, u->explained_variance, u->value_loss,
               u->critic_gradient_norm);
    if (seed == lesson.seed) values_keep(&values, l->ground.rollout, u->explained_variance);
    char explained[16] = "-"; /* while all returns are the same, there is nothing to explain */
    if (!isnan(u->explained_variance))
        snprintf(explained, sizeof explained, "%.2f", u->explained_variance);
    run_progress(l->run, step + 1, o.steps, "reward %.3f  KL %.2f nats  explained %s", s.reward,
                 s.kl, explained);
}

/* The loop of chapter 3; only the update is another, which asks the critic and then teaches it. */
static void train(Lesson *l, ActorCritic *f, int seed)
{
    Error err;
    Rollout *r = l->ground.rollout;
    double symbols = 0;
    for (int step = 0; step < o.steps && !run_stopped(); step++) {
        rollout_draw(r, f->policy, step_seed(seed, step));
        if (!reward_score(&l->ground.reward, r, &err)) lesson_fail(l, f->policy, &err);
        rollout_compare(r, l->ground.reference, f->activations);

        ActorCriticStep u = actor_critic_update(f, r);
        note(l, seed, step, symbols, &u);
        symbols += rollout_rows(r);
        double weights = transformer_norm(f->policy);
        if (!isfinite(u.gradient_norm) || !isfinite(u.critic_gradient_norm) ||
            !(weights < WEIGHTS_MAX)) {
            error_set(&err,
                      "the gradient's norm is %g, the critic's %g, the weights' %g, at step %d: "
                      "try a smaller --lr (it is %g) or --critic-lr (%g)",
                      u.gradient_norm, u.critic_gradient_norm, weights, step + 1, o.method.lr,
                      o.method.critic.lr);
            lesson_fail(l, NULL, &err);
        }
    }
    run_progress_end(l->run);
}

static void run_seed(Lesson *l, int seed)
{
    int row = l->curves->rows;
    Transformer *policy = ground_policy(&l->ground);
    ActorCritic *f = actor_critic_new(policy, &o.method, &l->ground.vocabulary, lesson.ground.batch,
                                      lesson.ground.length);
    if (row == 0) lesson_before(l, policy, f->activations);
    printf("\ntraining, seed %d; the reward is %.4f so far\n", seed, l->before.stats.reward);
    double started = clock_seconds();
    train(l, f, seed);
    lesson_after(l, policy, f->activations, seed, row, clock_seconds() - started);
    lesson_save(l, policy);
    actor_critic_free(f);
    transformer_free(policy);
}

static void learn(Run *run, bool quick)
{
    Error err;
    Lesson l;
    printf("chapter 4: actor and critic\n");
    if (!lesson_begin(&l, &lesson, run, "chapter4", table, columns, quick, &err)) fail(1, &err);
    printf("%d steps of %d texts, learning rates %g and %g, seed %d, %d thread%s\n", o.steps,
           lesson.ground.batch, o.method.lr, o.method.critic.lr, lesson.seed, threads_count(),
           threads_count() == 1 ? "" : "s");
    for (int seed = lesson.seed; seed < lesson.seed + lesson.seeds && !run_stopped(); seed++)
        run_seed(&l, seed);
    if (!values_save(&values, run, "values.csv", &err)) fail(1, &err);
    lesson_draw(&l, "chapter4_reward.gp");
    if (values.table) {
        run_plot(run, "chapter4_value.gp", NULL);
    } else if (l.curves->rows > 0) { /* a critic that explained nothing shows nothing */
        run_drop(run, "values.csv");
        run_drop_figure(run, "chapter4_value.gp");
    }
    values_free(&values);
    lesson_end(&l);
}

/* ---- the toy problem ------------------------------------------------------------------------ */

static void ask_oracle(Run *run)
{
    Error err;
    int batch = lesson.ground.batch;
    Toy *toy = toy_new(LAMBDA_REWARD, 0.1, batch, TOY_SEED);
    Oracle *q = toy->oracle;
    printf("chapter 4: actor and critic on a problem that can be enumerated\n");
    printf("the reward is %s, less %g per nat of KL\n", LAMBDA_REWARD, toy->beta);
    printf("%d texts, whose probabilities sum to %.9f\n", rollout_texts(q->all), toy_look(toy));
    printf("J = %.4f, KL = %.4f nats, J_beta = %.4f = V(s_1)\n", oracle_reward(q), oracle_kl(q),
           oracle_objective(q, toy->beta));
    Curves *c = lambda_study(toy, batch, o.draws, (uint64_t)lesson.seed, run);
    if (c->rows > 0) {
        lambda_print(c, batch);
        if (!curves_save(c, run, "lambda.csv", &err)) fail(1, &err);
        run_plot(run, "chapter4_lambda.gp", NULL);
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
    o.method.advantage.kind = (AdvantageKind)o.advantage;
    o.method.steps = o.steps;
    o.method.beta = lesson.beta;
    if (o.method.minibatches > lesson.ground.batch) {
        error_set(&err,
                  "%d texts can't be shared by --minibatches %d: give fewer of those or a "
                  "larger --batch",
                  lesson.ground.batch, o.method.minibatches);
        fail(2, &err);
    }
    bool fits = o.env == ENV_ORACLE
                    ? settings_used(table, "--env oracle", "env batch draws seed threads out", &err)
                    : settings_idle(table, "--env tales", "draws", &err);
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
