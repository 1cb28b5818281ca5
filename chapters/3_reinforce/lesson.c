/* lesson.c: see lesson.h. */
#include "lesson.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

/* ---- files ---------------------------------------------------------------------------------- */

bool lesson_check(const LessonOptions *options, const Setting *table, Error *err)
{
    return ground_check(&options->ground, table, err);
}

static bool holds(const Run *run, const char *file)
{
    return access(run_path(run, file), F_OK) == 0;
}

/* What is learnt is written to --out: not over a model whose training chapter 2 may go on with, nor
 * over one that runs begin from, which has no curves beside it, or is --load's. */
static bool spares_the_model(const Run *run, const char *load, Error *err)
{
    char from[DIRECTORY_MAX + 32];
    const char *inputs[] = {from};
    snprintf(from, sizeof from, "%.*s/model.safetensors", DIRECTORY_MAX, load ? load : "");
    if (holds(run, "training.safetensors"))
        return error_set(err, "%s holds a model of chapter 2: choose another --out", run->dir);
    if (holds(run, "model.safetensors") &&
        (!holds(run, "curves.csv") ||
         !file_spares("--out", run_path(run, "model.safetensors"), inputs, 1, NULL)))
        return error_set(err, "%s holds a model that runs begin from: choose another --out",
                         run->dir);
    return true;
}

bool lesson_begin(Lesson *l, LessonOptions *options, Run *run, const char *program,
                  const Setting *table, const char *columns, bool quick, Error *err)
{
    *l = (Lesson){.options = options, .program = program, .run = run};
    const char *inputs[] = {settings_config(), options->ground.text};
    if (!run_spares(run, inputs, 2, err) || !spares_the_model(run, options->ground.load, err))
        return false;
    if (!ground_make(&l->ground, run, &options->ground, quick, err)) {
        reward_command_stop(l->ground.command);
        return false;
    }
    printf("the reward is %s, less %g per nat of KL to that model\n", l->options->ground.reward,
           options->beta);
    const char *word = reward_unwritable(&l->ground.reward, &l->ground.vocabulary);
    if (word)
        printf("note: no text will contain '%s', which has symbols that the model lacks\n", word);
    l->curves = curves_new(columns);
    l->summary = cJSON_CreateObject();
    cJSON_AddStringToObject(l->summary, "program", program);
    cJSON_AddStringToObject(l->summary, "version", PROJECT_VERSION);
    cJSON_AddItemToObject(l->summary, "settings", settings_json(table));
    cJSON_AddStringToObject(l->summary, "begins_from", l->ground.from);
    cJSON_AddArrayToObject(l->summary, "runs");
    return true;
}

void lesson_end(Lesson *l)
{
    cJSON_Delete(l->summary);
    curves_free(l->curves);
    ground_free(&l->ground);
}

static bool save(Lesson *l, const Transformer *policy, Error *err)
{
    if (!curves_save(l->curves, l->run, "curves.csv", err)) return false;
    if (policy && !model_save(l->run->dir, policy, &l->ground.vocabulary, TEXT_LINES, err))
        return false;
    if (policy) run_wrote(l->run, "model.safetensors");
    return run_save_summary(l->run, l->summary, err);
}

static _Noreturn void end(Lesson *l, const Error *why, const char *more)
{
    reward_command_stop(l->ground.command);
    fflush(stdout);
    fprintf(stderr, "%s: %s%s\n", l->program, why->text, more);
    exit(1);
}

/* Where nothing was learnt, what an earlier run has left in the directory stays. */
static bool stopped_early(const Lesson *l)
{
    return run_stopped() && l->curves->rows == 0;
}

void lesson_save(Lesson *l, const Transformer *policy)
{
    Error err;
    if (stopped_early(l)) return;
    if (l->kept) policy = NULL;
    if (!save(l, policy, &err)) end(l, &err, "");
    l->kept = l->kept || policy;
}

_Noreturn void lesson_fail(Lesson *l, const Transformer *policy, const Error *why)
{
    char more[600];
    run_progress_end(l->run);
    if (l->curves->rows == 0) end(l, why, "");
    bool saves = policy && !l->kept;
    lesson_save(l, policy);
    snprintf(more, sizeof more, " (%s saved in %s)",
             saves ? "what was learnt is" : "the curves so far are", l->run->dir);
    end(l, why, more);
}

/* ---- what was learnt ---------------------------------------------------------------------- */

static void show_texts(Lesson *l, const Transformer *policy, const char *when)
{
    Rollout *r = l->ground.rollout;
    if (l->options->sample == 0) return;
    printf("\n%s it writes\n", when);
    rollout_draw(r, policy, step_seed(l->options->seed, -1));
    for (int i = 0; i < l->options->sample && i < rollout_texts(r); i++)
        printf("    %s%s\n", r->text[i], r->ended[i] ? "" : "...");
}

static Price measure(Lesson *l, const Transformer *policy, Activations *a, int texts)
{
    Error err;
    Price p;
    int batch = l->options->ground.batch, rollouts = (texts + batch - 1) / batch;
    Scales s = ground_scales(&l->ground, a, l->options->beta);
    if (!price_measure(&p, &s, policy, rollouts, step_seed(l->options->seed, -2), &err))
        lesson_fail(l, policy, &err);
    return p;
}

/* A reward that is the same for every text teaches nothing. */
void lesson_before(Lesson *l, const Transformer *policy, Activations *a)
{
    show_texts(l, policy, "before");
    l->before = measure(l, policy, a, 2 * l->options->price);
    cJSON_AddItemToObject(l->summary, "before", price_json(&l->before));
    if (l->before.standard_error > 0) return;
    printf("\nnote: all of %d texts earn the same, %g: as long as that is so, there is nothing to "
           "learn from\n",
           l->before.texts, l->before.stats.reward);
}

double symbols_until(const Curves *c, int first_row, int batch, double reward)
{
    int batches = batch < 128 ? 1 + 255 / batch : 2;
    for (int i = first_row; i + batches <= c->rows; i++) {
        double mean = 0;
        for (int k = 0; k < batches; k++) mean += curves_at(c, i + k, "reward") / batches;
        if (mean >= reward) return curves_at(c, i, "symbols");
    }
    return NAN;
}

cJSON *lesson_after(Lesson *l, const Transformer *policy, Activations *a, int seed, int first_row,
                    double seconds)
{
    int steps = l->curves->rows - first_row; /* fewer than asked for where it was stopped */
    if (run_stopped()) printf("stopped after %d step%s\n", steps, steps == 1 ? "" : "s");
    if (first_row == 0) show_texts(l, policy, "after");
    Price after = measure(l, policy, a, l->options->price);
    bool plain = l->before.zero_or_one && after.zero_or_one;
    int batch = l->ground.options->batch;
    double until = plain ? symbols_until(l->curves, first_row, batch, 0.95) : NAN;
    double least = price_least_kl(&l->before, &after);
    price_print(&l->before, &after);
    if (batch > 1 && after.stats.distinct * batch < 1.5)
        printf("note: all texts of a batch are the same: try a smaller --lr, or a larger --beta\n");
    if (!isnan(until)) printf("reward 0.95 was reached after %.0f symbols\n", until);
    cJSON *j = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_GetObjectItem(l->summary, "runs"), j);
    cJSON_AddNumberToObject(j, "seed", seed);
    cJSON_AddNumberToObject(j, "steps", steps);
    cJSON_AddItemToObject(j, "after", price_json(&after));
    if (!isnan(least)) cJSON_AddNumberToObject(j, "least_kl", least);
    if (!isnan(until)) cJSON_AddNumberToObject(j, "symbols_until_95", until);
    cJSON_AddNumberToObject(j, "training_seconds", seconds);
    return j;
}

static const char *text_in(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
    return text ? text : "";
}

/* Whose curves of an earlier chapter this one's figure shows: those of a run beside this one, if it
 * had the same reward and began from the same model; else the book's, if reward and texts are the
 * book's; else nobody's. */
typedef enum { NOBODYS, THE_BOOKS, BESIDE } Whose;

static Whose whose_curves(const Lesson *l, int chapter)
{
    char path[DIRECTORY_MAX + 64];
    snprintf(path, sizeof path, "%s/../chapter%d/summary.json", l->run->dir, chapter);
    cJSON *summary = file_read_json(path, NULL),
          *settings = cJSON_GetObjectItem(summary, "settings");
    bool same = strcmp(text_in(settings, "reward"), l->options->ground.reward) == 0 &&
                strcmp(text_in(summary, "begins_from"), l->ground.from) == 0;
    cJSON_Delete(summary);
    if (same) return BESIDE;
    bool books = strcmp(l->options->ground.reward, "contains:hello") == 0 && l->ground.tales;
    return books ? THE_BOOKS : NOBODYS;
}

void lesson_draw(Lesson *l, const char *script)
{
    const Curves *c = l->curves;
    if (stopped_early(l)) return;
    if (c->rows == 0 || curves_at(c, c->rows - 1, "step") < 1) {
        printf("no figure: a curve needs two steps\n");
        run_drop_figure(l->run, script);
        return;
    }
    double least = l->before.zero_or_one ? least_kl(l->before.stats.reward, 0.95) : NAN;
    char defines[96];
    snprintf(defines, sizeof defines, "least=%.6f; share=%d; chapter3=%d; chapter4=%d",
             isfinite(least) ? least : -1, l->before.zero_or_one, whose_curves(l, 3),
             whose_curves(l, 4));
    curves_sketch(l->curves, l->run, "symbols", "reward", NAN, "");
    run_plot(l->run, script, defines);
}
