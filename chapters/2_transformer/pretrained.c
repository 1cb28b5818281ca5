/* pretrained.c: see pretrained.h. */
#include "pretrained.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

static void describe(const Transformer *t, const char *how, const char *dir, double nats)
{
    const TransformerShape *s = &t->shape;
    printf("%s %s: a transformer of %d layers, %d heads, %d channels, context %d", how, dir,
           s->layers, s->heads, s->channels, s->context);
    if (!isnan(nats)) printf("; %.4f nats per symbol on held-out text", nats);
    printf("\n");
}

bool same_symbols(const Vocabulary *a, const Vocabulary *b)
{
    if (a->size != b->size || a->end != b->end) return false;
    for (int i = 0; i < a->size; i++)
        if (strcmp(a->symbol[i], b->symbol[i]) != 0) return false;
    return true;
}

/* Nats per symbol over some of the held-out text, or NAN where nothing is held out. */
static double held_out_loss(Mle *m, const Text *text)
{
    enum { ENOUGH = 400 };
    Windows *w = windows_new(&text->held_out, text->vocabulary.end, m->model->shape.context);
    int windows = w->windows < ENOUGH ? w->windows : ENOUGH;
    double nats = windows > 0 ? mle_evaluate(m, w, windows, NULL) : NAN;
    windows_free(w);
    return nats;
}

/* A model of these documents, whatever its symbols. */
static bool load(Transformer **t, Vocabulary *v, const char *dir, Error *err)
{
    Documents documents;
    if (!model_load(dir, t, v, &documents, err)) return false;
    if (documents == TEXT_LINES) return true;
    transformer_free(*t);
    vocabulary_free(v);
    return error_set(err,
                     "the model in %s has no end symbol, so its texts never end: train one with "
                     "--documents lines",
                     dir);
}

/* True if the model in dir is there and fits; else err says why not. */
static bool load_if_it_fits(Transformer **t, Vocabulary *v, const char *dir,
                            const PretrainedOptions *o, const Text *text, Error *err)
{
    char config[DIRECTORY_MAX + 16];
    if (!dir) return error_set(err, "there is none yet that has learnt as was asked");
    snprintf(config, sizeof config, "%s/config.json", dir);
    if (access(config, F_OK) != 0)
        return error_set(err, "there is none in %s yet (./chapter2 trains the book's)", dir);
    if (!load(t, v, dir, err)) return false;
    MleOptions scoring = {.batch = 16, .beta2 = 0.99};
    Mle *m = mle_new(*t, &scoring);
    bool good = same_symbols(v, &text->vocabulary);
    double nats = good ? held_out_loss(m, text) : NAN;
    mle_free(m);
    if (!good)
        error_set(err, "the model in %s reads other symbols than this text has", dir);
    else if (nats > o->worst)
        good = error_set(err, "the model in %s has learnt too little (%.2f nats per symbol)", dir,
                         nats);
    if (good) {
        describe(*t, "begins from", dir, nats);
        return true;
    }
    transformer_free(*t);
    vocabulary_free(v);
    return false;
}

/* A smaller chapter 2. */
static bool train(Mle *m, const Text *text, Run *run, Error *err)
{
    Windows *w = windows_new(&text->train, text->vocabulary.end, m->model->shape.context);
    bool good = w->windows > 0;
    if (!good) error_set(err, "the text is too short to learn from: give a longer one");
    while (good && m->step < m->options.steps) {
        double loss = mle_step(m, w).loss;
        run_progress(run, m->step, m->options.steps, "pretraining, loss %.4f", loss);
        if (run_stopped()) good = error_set(err, "stopped while pretraining: nothing was kept");
        if (good && !isfinite(loss))
            good = error_set(err, "pretraining's loss is %g at step %d", loss, m->step);
    }
    run_progress_end(run);
    windows_free(w);
    return good;
}

/* No --out changes where the model is kept, so that is no remedy. */
static bool cant_keep(const char *dir, Error *err)
{
    return error_set(err,
                     "a model is trained first and kept in %s, which can't be written: %s: run in "
                     "another directory, or --load a model",
                     dir, strerror(errno));
}

/* Two runs may want the same model: the second waits, and then finds it. */
static bool hold(const char *dir, int *held, const Run *run, Error *err)
{
    bool busy = false, said = false;
    *held = -1;
    if (!directory_make(dir, NULL)) return cant_keep(dir, err);
    while (strcmp(dir, run->dir) != 0 && (*held = directory_hold(dir, &busy), busy)) {
        if (run_stopped()) return error_set(err, "stopped while waiting for the model in %s", dir);
        if (!said) printf("waits for another run, which is training the model in %s\n", dir);
        fflush(stdout);
        said = true;
        poll(NULL, 0, 100); /* milliseconds */
    }
    return true;
}

static bool train_and_keep(Transformer **t, Vocabulary *v, const PretrainedOptions *o,
                           const Text *text, Run *run, Error *err)
{
    TransformerShape shape = o->shape;
    shape.vocabulary = text->vocabulary.size;
    if (access(o->keep, W_OK | X_OK) != 0) return cant_keep(o->keep, err);
    if (!shape_check(&shape, err)) return false;
    *t = transformer_new(&shape, o->mle.seed);
    Mle *m = mle_new(*t, &o->mle);
    bool good =
        train(m, text, run, err) && model_save(o->keep, *t, &text->vocabulary, TEXT_LINES, err);
    double nats = good ? held_out_loss(m, text) : NAN;
    mle_free(m);
    if (!good) {
        transformer_free(*t);
        return false;
    }
    describe(*t, "keeps it in", o->keep, nats);
    vocabulary_make(v, text->vocabulary.symbol, text->vocabulary.size, text->vocabulary.end);
    return true;
}

const char *pretrained(Transformer **t, Vocabulary *v, const PretrainedOptions *o, const Text *text,
                       Run *run, Error *err)
{
    if (o->load) {
        if (!load(t, v, o->load, err)) return NULL;
        describe(*t, "begins from", o->load, NAN);
        return o->load;
    }
    if (text->vocabulary.end < 0) {
        error_set(err, "the text has no lines: nothing ends in it");
        return NULL;
    }
    Error why;
    if (load_if_it_fits(t, v, o->chapter2, o, text, &why)) return o->chapter2;
    int held;
    if (!hold(o->keep, &held, run, err)) return NULL;
    bool good = load_if_it_fits(t, v, o->keep, o, text, NULL);
    if (!good) {
        printf("trains a small model first: %s\n", why.text);
        good = train_and_keep(t, v, o, text, run, err);
    }
    directory_release(held);
    return good ? o->keep : NULL;
}
