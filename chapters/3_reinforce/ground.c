/* ground.c: see ground.h. */
#include "ground.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pretrained.h"
#include "tales.h"

static bool read_text(Ground *g, Error *err)
{
    const GroundOptions *o = g->options;
    TextOptions options = {
        .documents = TEXT_LINES, .level = TEXT_CHARS, .held_out = 0.1, .fixed = true};
    if (o->text) return g->has_text = text_load(&g->text, o->text, &options, err);
    size_t size;
    char *tales = tales_corpus(1, o->tales, &size); /* the same whatever the seed */
    g->has_text = text_from_string(&g->text, tales, size, "the tales", &options, err);
    free(tales);
    return g->has_text;
}

/* ---- reward ------------------------------------------------------------------------------- */

/* A model that has read little says "hello" hardly ever, but "hen" now and then. */
static const char *reward_name(const GroundOptions *o, bool quick)
{
    if (o->reward) return o->reward;
    return o->command ? "command" : quick ? "contains:hen" : "contains:hello";
}

static bool read_reward(Reward *r, const char *name, const GroundOptions *o, Error *err)
{
    if (!reward_parse(r, name, err)) return false;
    bool asks = reward_uses(r, "command");
    if (asks == (o->command != NULL)) return true;
    reward_free(r);
    if (asks)
        return error_set(err, "the reward '%s' asks a command: name one with --reward-command",
                         name);
    return error_set(err,
                     "--reward-command is given, but the reward '%s' has no term command: add it, "
                     "or leave out --reward",
                     name);
}

bool ground_check(const GroundOptions *o, const Setting *table, Error *err)
{
    Reward r;
    if (!o->command && !settings_idle(table, "a reward without a command", "reward-timeout", err))
        return false;
    if (o->command && !reward_command_check(o->command, err)) return false;
    if (!read_reward(&r, reward_name(o, false), o, err)) return false;
    reward_free(&r);
    return true;
}

static bool make_reward(Ground *g, Error *err)
{
    const GroundOptions *o = g->options;
    if (!read_reward(&g->reward, o->reward, o, err)) return false;
    if (!o->command) return true;
    if (!reward_command_start(&g->command, o->command, o->timeout, err)) return false;
    reward_give_command(&g->reward, g->command);
    return true;
}

/* Fluency is judged by counts on the text that the model has learnt. */
static bool count_ngrams(Ground *g, Error *err)
{
    NgramOptions options = {.order = 6, .smoothing = SMOOTHING_KNESER_NEY};
    if (!g->has_text && !read_text(g, err)) return false;
    if (!same_symbols(&g->text.vocabulary, &g->vocabulary))
        return error_set(err,
                         "fluency needs the text that the model in %s has learnt, and a tale has "
                         "other symbols: name it with --text",
                         g->options->load);
    g->ngram = ngram_train(&g->text.train, &g->vocabulary, &options);
    reward_give_ngram(&g->reward, g->ngram);
    return true;
}

/* ---- model -------------------------------------------------------------------------------- */

/* True if the user wants a model of other tales or other steps than the book's. */
static bool wants_its_own(const GroundOptions *o, bool quick)
{
    if (o->pretrain_steps != (quick ? QUICK_STEPS : BOOK_STEPS)) return true;
    return !o->text && o->tales != (quick ? QUICK_TALES : BOOK_TALES);
}

/* The model of chapter 2, or a smaller one that is trained on the way, and kept: the book's, or one
 * for each text and each number of steps. */
static bool find_model(Ground *g, Run *run, bool quick, Error *err)
{
    const GroundOptions *o = g->options;
    bool own = wants_its_own(o, quick), book = !own && !o->text;
    char keep[64];
    snprintf(keep, sizeof keep, "out/pretrained%s", quick ? "/quick" : "");
    if (!o->load && !book)
        snprintf(keep, sizeof keep, "out/pretrained/%s%016" PRIx64 "-%d", quick ? "quick/" : "",
                 text_hash(&g->text), o->pretrain_steps);
    PretrainedOptions p = {
        .load = o->load,
        .chapter2 = own ? NULL : "out/chapter2",
        .keep = keep,
        /* a whole training comes to 0.18 or, of a small model, 0.22; a quick one to 2.3 */
        .worst = !book   ? INFINITY
                 : quick ? 2.6
                         : 0.3,
        .shape = {.layers = 2, .heads = 4, .channels = quick ? 32 : 64, .context = 128},
        .mle = {.steps = o->pretrain_steps,
                .batch = 8,
                .lr = 6e-3,
                .last_lr = 6e-5,
                .warmup = o->pretrain_steps / 20,
                .beta2 = 0.99,
                .weight_decay = 0.1,
                .clip = 1,
                .seed = 1}};
    const char *from = pretrained(&g->reference, &g->vocabulary, &p, &g->text, run, err);
    snprintf(g->from, sizeof g->from, "%.*s", DIRECTORY_MAX, from ? from : "");
    return from != NULL;
}

/* True if the model's symbols spell a tale. */
static bool writes_tales(const Vocabulary *v)
{
    static const char tale[] = "Granny said hello.";
    for (const char *c = tale; *c; c++)
        if (vocabulary_find(v, c, 1) == SYMBOL_UNKNOWN) return false;
    return true;
}

bool ground_make(Ground *g, Run *run, GroundOptions *o, bool quick, Error *err)
{
    *g = (Ground){.options = o};
    o->reward = reward_name(o, quick);
    if (!make_reward(g, err)) return false;
    if ((!o->load || o->text) && !read_text(g, err)) return false;
    if (!find_model(g, run, quick, err)) return false;
    if (o->load && o->text && !same_symbols(&g->text.vocabulary, &g->vocabulary))
        return error_set(err,
                         "the model in %s reads other symbols than %s has: give the text that it "
                         "has learnt, or leave out --text",
                         o->load, o->text);
    int context = g->reference->shape.context;
    if (o->length > context)
        return error_set(err, "--length %d is more than the model's context of %d symbols",
                         o->length, context);
    if (o->length == 0) o->length = context;
    if (!rows_check(&g->reference->shape, o->batch, o->length, "texts", err)) return false;
    if (reward_uses(&g->reward, "fluency") && !count_ngrams(g, err)) return false;
    g->tales = !o->text && writes_tales(&g->vocabulary);
    g->rollout = rollout_new(&g->reference->shape, &g->vocabulary, o->batch, o->length);
    return true;
}

void ground_free(Ground *g)
{
    rollout_free(g->rollout);
    ngram_free(g->ngram);
    reward_command_stop(g->command);
    reward_free(&g->reward);
    transformer_free(g->reference);
    vocabulary_free(&g->vocabulary);
    if (g->has_text) text_free(&g->text);
    *g = (Ground){0};
}

/* ---- for the program ---------------------------------------------------------------------- */

Transformer *ground_policy(const Ground *g)
{
    Transformer *policy = transformer_new(&g->reference->shape, 0);
    transformer_copy_weights(policy, g->reference);
    return policy;
}

Scales ground_scales(Ground *g, Activations *a, double beta)
{
    return (Scales){g->reference, a, g->rollout, &g->reward, g->ngram, g->tales, beta};
}

uint64_t step_seed(int seed, int step)
{
    Rng rng = rng_stream((uint64_t)seed, (uint64_t)step);
    return rng_next(&rng);
}
