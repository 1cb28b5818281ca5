/* Chapter 2: a tiny transformer learns to write tales by maximum likelihood.
 *
 * Reads from top to bottom: the settings, the text, the yardsticks, the training loop, and what
 * the trained model says. The model is in transformer.c, one step of training in mle.c. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "curves.h"
#include "generate.h"
#include "mle.h"
#include "model.h"
#include "report.h"
#include "run.h"
#include "settings.h"
#include "tales.h"
#include "threads.h"
#include "yardstick.h"

static struct {
    const char *text, *out, *load, *eval, *ids, *prompt;
    int documents, tales, seed, seeds, threads, eval_every, eval_windows, orders, sample, top_k,
        length;
    double held_out, temperature;
    bool resume;
    TransformerShape shape;
    MleOptions mle;
} o = {.out = "out/chapter2",
       .tales = 50000,
       .seed = 1,
       .seeds = 1,
       .eval_every = 250,
       .eval_windows = 500,
       .orders = 8,
       .sample = 5,
       .held_out = 0.1,
       .temperature = 1,
       .shape = {.layers = 2, .heads = 4, .channels = 64, .context = 128},
       .mle = {.steps = 2500,
               .batch = 16,
               .shards = 1,
               .lr = 8e-3,
               .last_lr = 3e-5,
               .warmup = 200,
               .beta2 = 0.99,
               .weight_decay = 0.1,
               .clip = 1}};

static Setting table[] = {
    {"text", SETTING_STRING, &o.text, .meta = "FILE",
     .help = "a UTF-8 text to learn (default: tales)"},
    {"documents", SETTING_CHOICE, &o.documents, .choices = "lines|stream",
     .help = "a document is a line, or the whole text"},
    {"held-out", SETTING_REAL, &o.held_out, .max = 0.9,
     .help = "share of the text kept for judging"},
    {"tales", SETTING_INT, &o.tales, .min = 20, .max = 1e7, .quick = "5000",
     .help = "tales to draw where no text is given"},
    {"layers", SETTING_INT, &o.shape.layers, .min = 1, .max = 100, .help = "blocks, L"},
    {"heads", SETTING_INT, &o.shape.heads, .min = 1, .max = 1000,
     .help = "attention heads, H; they share the channels"},
    {"channels", SETTING_INT, &o.shape.channels, .min = 1, .max = 100000, .quick = "32",
     .help = "width of the residual stream, C"},
    {"context", SETTING_INT, &o.shape.context, .min = 1, .max = 100000,
     .help = "longest window, T symbols"},
    {"batch", SETTING_INT, &o.mle.batch, .min = 1, .max = 1e6, .help = "windows per step"},
    {"shards", SETTING_INT, &o.mle.shards, .min = 1, .max = 1000,
     .help = "of a batch, each one thread's work"},
    {"steps", SETTING_INT, &o.mle.steps, .max = 1e9, .quick = "150", .help = "updates"},
    {"lr", SETTING_REAL, &o.mle.lr, .max = 1e6, .help = "highest learning rate"},
    {"last-lr", SETTING_REAL, &o.mle.last_lr, .max = 1e6, .help = "learning rate of the last step"},
    {"warmup", SETTING_INT, &o.mle.warmup, .max = 1e9, .quick = "20",
     .help = "steps up to the highest rate"},
    {"beta2", SETTING_REAL, &o.mle.beta2, .max = 0.999999,
     .help = "AdamW's memory of squared gradients"},
    {"weight-decay", SETTING_REAL, &o.mle.weight_decay, .max = 100, .help = "AdamW's, on matrices"},
    {"clip", SETTING_REAL, &o.mle.clip, .min = 1e-9, .max = INFINITY,
     .help = "largest gradient norm"},
    {"eval-every", SETTING_INT, &o.eval_every, .min = 1, .max = 1e9, .quick = "15",
     .help = "steps between looks at the held-out text"},
    {"eval-windows", SETTING_INT, &o.eval_windows, .max = 1e9, .quick = "100",
     .help = "windows of it to look at, 0: all"},
    {"orders", SETTING_INT, &o.orders, .max = 16, .quick = "5",
     .help = "n-grams of up to this order to compare with, 0: none"},
    {"seed", SETTING_INT, &o.seed, .max = SEED_MAX, .help = "of everything random"},
    {"seeds", SETTING_INT, &o.seeds, .min = 1, .max = 1000,
     .help = "runs, with seeds seed, seed+1, ..."},
    {"threads", SETTING_INT, &o.threads, .max = THREADS_MAX, .help = "0: one per core"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where to write"},
    {"resume", SETTING_SWITCH, &o.resume, .no_json = true, .help = "go on with the run in --out"},
    {"load", SETTING_STRING, &o.load, .meta = "DIR", .no_json = true,
     .help = "use this model and don't train"},
    {"eval", SETTING_STRING, &o.eval, .meta = "FILE", .no_json = true,
     .help = "score this text with the model"},
    {"ids", SETTING_STRING, &o.ids, .meta = "FILE", .no_json = true,
     .help = "write the scored token ids here, as JSON"},
    {"prompt", SETTING_STRING, &o.prompt, .meta = "TEXT", .help = "what samples begin with"},
    {"sample", SETTING_INT, &o.sample, .max = 100000, .help = "texts to write in the end"},
    {"length", SETTING_INT, &o.length, .max = 1e6,
     .help = "symbols of a sample at most, besides the prompt; 0: the context, or 500 of a stream"},
    {"temperature", SETTING_REAL, &o.temperature, .max = 100,
     .help = "of sampling; 0: the likeliest symbol"},
    {"top-k", SETTING_INT, &o.top_k, .max = 1e6,
     .help = "draw among the k likeliest symbols, 0: all"},
    {0}};

static const char about[] =
    "Chapter 2: trains a small GPT-2 on a text, symbol by symbol, and samples from it.";

static _Noreturn void fail(int status, const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter2: %s\n", err->text);
    exit(status);
}

/* ---- text --------------------------------------------------------------------------------- */

static void read_text(Text *text)
{
    Error err;
    TextOptions options = {
        .documents = (Documents)o.documents, .level = TEXT_CHARS, .held_out = o.held_out};
    if (o.text) {
        if (!text_load(text, o.text, &options, &err)) fail(1, &err);
        return;
    }
    size_t size;
    char *tales = tales_corpus(1, o.tales, &size); /* the same tales whatever the model's seed */
    if (!text_from_string(text, tales, size, "the tales", &options, &err)) fail(1, &err);
    free(tales);
}

/* ---- samples ------------------------------------------------------------------------------ */

/* The symbols a sample begins with: the end symbol (of a stream: a newline), then the prompt. */
static int *prompt_ids(const Vocabulary *v, Documents documents, int *count)
{
    Corpus c = {0};
    Error err;
    TextOptions options = {.documents = TEXT_STREAM, .level = TEXT_CHARS};
    size_t n = o.prompt ? strlen(o.prompt) : 0;
    if (n > 0 && documents == TEXT_LINES && strchr(o.prompt, '\n')) {
        error_set(&err, "--prompt has more than one line: give one");
        fail(2, &err);
    }
    if (n > 0 && !corpus_from_string(&c, o.prompt, n, "--prompt", v, &options, false, &err))
        fail(1, &err);
    size_t symbols = n > 0 ? c.start[1] : 0;
    int *ids = NEW(int, symbols + 1), newline = vocabulary_find(v, "\n", 1), first = 0;
    if (documents == TEXT_LINES)
        ids[first++] = v->end;
    else if (symbols == 0)
        ids[first++] = newline >= 0 ? newline : 0;
    for (size_t i = 0; i < symbols; i++) ids[first++] = c.ids[i];
    corpus_free(&c);
    *count = first;
    return ids;
}

/* Before any work, so that none is lost to a mistake in it. */
static void check_prompt(const Vocabulary *v, Documents documents)
{
    int count;
    free(prompt_ids(v, documents, &count));
}

static int sample_length(Documents documents, const TransformerShape *shape)
{
    if (o.length > 0) return o.length;
    return documents == TEXT_LINES ? shape->context : 500;
}

/* Likewise: what show_samples will want. */
static void check_samples(const TransformerShape *shape, Documents documents)
{
    Error err;
    char samples[64];
    int length = sample_length(documents, shape);
    double need = (double)o.sample * length * (sizeof(int) + sizeof(real));
    snprintf(samples, sizeof samples, "--sample %d texts of %d symbols", o.sample, length);
    if (!memory_fits(need, samples, "ask for fewer, or a smaller --length", &err)) fail(2, &err);
}

/* The files of --config, --text, --eval and --load are read; --out and --ids write. */
static void check_files(const Run *run)
{
    Error err;
    char path[3][700];
    const char *inputs[] = {settings_config(), o.text, o.eval, path[0], path[1], path[2]};
    static const char *const files[] = {"model.safetensors", "config.json", "vocab.json"};
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", o.load ? o.load : run->dir, files[i]);
    if (!run_spares(run, inputs, 3, &err) || !run_leaves(run, "--ids", o.ids, &err) ||
        !file_spares("--ids", o.ids, inputs, 6, &err))
        fail(2, &err);
}

static void show_samples(const Transformer *t, const Vocabulary *v, Documents documents, int count,
                         int length)
{
    SampleOptions options = {o.temperature, o.top_k, v->end, length, run_stopped};
    Samples *s = samples_new(&t->shape, count, length);
    int prompt_length, *prompt = prompt_ids(v, documents, &prompt_length);
    generate(s, t, prompt, prompt_length, &options, (uint64_t)o.seed);
    for (int i = 0; i < count; i++) {
        const int *ids = s->ids + (size_t)i * (size_t)s->longest;
        int n = s->lengths[i];
        if (n == 0) continue; /* stopped before it began */
        printf("    ");
        if (o.prompt) printf("%s", o.prompt);
        text_print(stdout, v, TEXT_CHARS, ids, ids[n - 1] == v->end ? n - 1 : n);
        printf("\n");
    }
    free(prompt);
    samples_free(s);
}

/* ---- scoring a file ----------------------------------------------------------------------- */

/* The text of --eval FILE, or NULL; read before training, so that none is lost to a mistake. */
static Windows *read_eval(const Vocabulary *v, Documents documents, int context)
{
    if (!o.eval) return NULL;
    Error err;
    Corpus c;
    TextOptions options = {.documents = documents, .level = TEXT_CHARS};
    if (!corpus_load(&c, o.eval, v, &options, false, &err)) fail(1, &err);
    Windows *w = windows_new(&c, v->end, context);
    corpus_free(&c);
    if (w->windows > 0) return w;
    error_set(&err, "%s has nothing to score: a stream needs at least two symbols", o.eval);
    fail(1, &err);
}

/* Its mean nats per symbol, into the summary; the ids scored, into --ids FILE. */
static void score_file(Transformer *t, const Windows *w, cJSON *summary)
{
    Error err;
    MleOptions scoring = o.mle;
    scoring.shards = 1;
    Mle *m = mle_new(t, &scoring);
    double nats = mle_evaluate(m, w, w->windows, NULL);
    printf("%s: %.4f nats per symbol (perplexity %.3f) over %zu symbols in windows of %d", o.eval,
           nats, exp(nats), w->scored, w->context);
    if (w->left_over) printf("; %zu at the end fill no window", w->left_over);
    printf("\n");
    cJSON *j = cJSON_AddObjectToObject(summary, "eval");
    cJSON_AddStringToObject(j, "file", o.eval);
    cJSON_AddNumberToObject(j, "nats_per_symbol", nats);
    cJSON_AddNumberToObject(j, "bits_per_symbol", nats / log(2));
    cJSON_AddNumberToObject(j, "perplexity", exp(nats));
    cJSON_AddNumberToObject(j, "symbols", (double)w->scored);
    cJSON_AddNumberToObject(j, "left_over", (double)w->left_over);
    if (o.ids && !report_ids(o.ids, w, &err)) fail(1, &err);
    mle_free(m);
}

/* ---- training ----------------------------------------------------------------------------- */

static bool shards_check(Error *err)
{
    if (o.mle.shards <= o.mle.batch) return true;
    return error_set(err,
                     "--shards %d of --batch %d leaves shards without a window: give at most %d",
                     o.mle.shards, o.mle.batch, o.mle.batch);
}

typedef struct {
    Run *run;
    Curves *curves;
    const Text *text;
    Windows *train, *held_out, *eval;
    int seed;
    char dir[600]; /* of this seed's model */
} Training;

/* The mean loss of the held-out text, or of as much of it as is asked for; NAN if there is none. */
static double held_out_loss(Mle *m, const Training *t)
{
    int windows = t->held_out->windows;
    if (o.eval_windows > 0 && o.eval_windows < windows) windows = o.eval_windows;
    return windows ? mle_evaluate(m, t->held_out, windows, NULL) : NAN;
}

static const char *state_path(const Training *t)
{
    static char path[700];
    snprintf(path, sizeof path, "%s/training.safetensors", t->dir);
    return path;
}

/* The curves first: a resumed run drops rows that its state has not come to. */
static void save_state(Mle *m, const Training *t)
{
    Error err;
    if (!curves_save(t->curves, t->run, "curves.csv", &err) || !mle_save(m, state_path(t), &err))
        fail(1, &err);
}

static _Noreturn void run_away(const Mle *m, const Training *t, const char *what, double value)
{
    Error err;
    error_set(&err,
              "%s is %g at step %d: the weights have run away; try a smaller --lr (it is %g) or "
              "--clip. The best model so far is in %s",
              what, value, m->step, o.mle.lr, t->dir);
    run_progress_end(t->run);
    fail(1, &err);
}

/* The model as it is now is the best so far. */
static void keep_model(Mle *m, const Training *t, double held_out)
{
    Error err;
    m->best = held_out, m->best_step = m->step;
    if (!model_save(t->dir, m->model, &t->text->vocabulary, (Documents)o.documents, &err))
        fail(1, &err);
}

/* A row of the curves, the state, and the model where it is the best so far. */
static void keep(Mle *m, const Training *t, const MleStep *last, double held_out)
{
    double norm = transformer_norm(m->model);
    if (!(norm < WEIGHTS_MAX)) run_away(m, t, "the weights' norm", norm);
    double train = m->recent_steps ? m->recent_loss / m->recent_steps : NAN;
    curves_add(t->curves, (double)t->seed, (double)m->step, m->symbols, train, held_out, last->lr,
               last->gradient_norm);
    m->recent_loss = m->recent_steps = 0;
    if (t->held_out->windows == 0 || held_out < m->best) keep_model(m, t, held_out);
    save_state(m, t);
}

/* Where no run has stopped, --resume would otherwise take up one that was here before. */
static void begin(const Training *t)
{
    Error err;
    if (!file_replaceable(state_path(t), &err)) fail(1, &err);
    if (unlink(state_path(t)) == 0 || errno == ENOENT) return;
    error_set(&err, "can't remove %s: %s", state_path(t), strerror(errno));
    fail(1, &err);
}

static bool has_row(const Training *t, int step)
{
    int last = t->curves->rows - 1;
    return last >= 0 && curves_at(t->curves, last, "seed") == t->seed &&
           curves_at(t->curves, last, "step") == step;
}

/* The loop of this chapter: draw a batch, go down its gradient, look at the held-out text now and
 * then. Those of chapters 3 to 5 have the same form. Returns false where it was stopped before it
 * had begun: then what an earlier run has left stays. */
static bool train(Mle *m, const Training *t)
{
    MleStep step = {.lr = NAN, .gradient_norm = NAN};
    bool looked = has_row(t, m->step); /* where a resumed run stopped */
    for (;;) {
        if (!looked && (m->step % o.eval_every == 0 || m->step == o.mle.steps)) {
            double held_out = held_out_loss(m, t);
            if (m->step == 0 && run_stopped()) return false;
            if (m->step == 0) begin(t);
            keep(m, t, &step, held_out);
        }
        looked = false;
        if (m->step >= o.mle.steps || run_stopped()) break;
        step = mle_step(m, t->train);
        if (!isfinite(step.loss)) run_away(m, t, "the loss", step.loss);
        run_progress(t->run, m->step, o.mle.steps, "loss %.4f", step.loss);
    }
    run_progress_end(t->run);
    if (m->step < o.mle.steps) {
        save_state(m, t);
        printf("stopped at step %d of %d%s\n", m->step, o.mle.steps,
               o.seeds == 1        ? "; --resume goes on from here"
               : t->seed == o.seed ? "; --resume without --seeds goes on from here"
                                   : "");
    }
    return true;
}

/* The step of the lowest loss, or the last where none is known. */
static int step_of_lowest(const Curves *c)
{
    double lowest = INFINITY;
    int step = 0;
    for (int i = 0; i < c->rows; i++) {
        double loss = curves_at(c, i, "held_out_loss");
        if (loss >= lowest) continue;
        lowest = isnan(loss) ? lowest : loss;
        step = (int)curves_at(c, i, "step");
    }
    return step;
}

static bool model_is_whole(const char *dir, Error *err)
{
    Transformer *t;
    Vocabulary v;
    Documents documents;
    if (!model_load(dir, &t, &v, &documents, err)) return false;
    transformer_free(t);
    vocabulary_free(&v);
    return true;
}

/* Takes up an interrupted run. */
static void resume(Mle *m, const Training *t)
{
    Error err;
    if (access(state_path(t), F_OK) != 0) {
        error_set(&err, "%s is not there: no run has stopped in %s, leave out --resume",
                  state_path(t), t->dir);
        fail(1, &err);
    }
    if (access(run_path(t->run, "curves.csv"), F_OK) != 0) {
        error_set(&err, "%s is not there, and no run goes on without it: leave out --resume",
                  run_path(t->run, "curves.csv"));
        fail(1, &err);
    }
    if (!mle_load(m, state_path(t), &err) ||
        !curves_load(t->curves, run_path(t->run, "curves.csv"), &err))
        fail(1, &err);
    if (t->curves->rows == 0) {
        error_set(&err, "%s has no rows, and no run goes on without them: leave out --resume",
                  run_path(t->run, "curves.csv"));
        fail(1, &err);
    }
    for (int i = 0; i < t->curves->rows; i++)
        if (curves_at(t->curves, i, "seed") != t->seed) {
            error_set(&err, "%s has other seeds as well, and --resume goes on with one: start anew",
                      run_path(t->run, "curves.csv"));
            fail(1, &err);
        }
    while (t->curves->rows > 0 && curves_at(t->curves, t->curves->rows - 1, "step") > m->step)
        t->curves->rows--;
    m->best_step = step_of_lowest(t->curves);
    if (!model_is_whole(t->dir, &err)) {
        printf("note: the model of step %d is lost, and this one takes its place (%s)\n",
               m->best_step, err.text);
        keep_model(m, t, held_out_loss(m, t));
        save_state(m, t); /* which says how good the model is that was kept */
    }
    printf("goes on from step %d of %d\n", m->step, o.mle.steps);
    if (*m->flags_before) printf("note: until there it was a run with %s\n", m->flags_before);
}

/* ---- what was learnt ---------------------------------------------------------------------- */

static Score score_held_out(Mle *m, const Training *t, const Yardstick *y)
{
    Score unknown = {.nats = NAN, .far = NAN, .near = NAN};
    if (t->held_out->windows == 0) return unknown;
    if (t->held_out->scored != y->symbols) { /* windows leave the end of a stream out */
        unknown.nats = mle_evaluate(m, t->held_out, t->held_out->windows, NULL);
        return unknown;
    }
    real *logprob = NEW(real, y->symbols);
    double *wide = NEW(double, y->symbols);
    mle_evaluate(m, t->held_out, t->held_out->windows, logprob);
    for (size_t i = 0; i < y->symbols; i++) wide[i] = logprob[i];
    Score s = yardstick_score(y, wide);
    free(logprob);
    free(wide);
    return s;
}

/* From here on the model is the one that was kept: that of the best step. */
static void take_best(Mle *m, const Training *t)
{
    Error err;
    Vocabulary v;
    Documents documents;
    if (m->best_step < m->step)
        printf("the model of step %d is kept, which predicts the held-out text best\n",
               m->best_step);
    transformer_free(m->model);
    if (!model_load(t->dir, &m->model, &v, &documents, &err)) fail(1, &err);
    vocabulary_free(&v);
}

static cJSON *run_json(const Mle *m, const Training *t, double seconds, Score s)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddNumberToObject(j, "seed", t->seed);
    cJSON_AddNumberToObject(j, "steps", m->step);
    cJSON_AddNumberToObject(j, "best_step", m->best_step);
    if (*m->flags_before) cJSON_AddStringToObject(j, "flags_before", m->flags_before);
    cJSON_AddNumberToObject(j, "training_seconds", seconds);
    report_json(j, "held_out", s);
    return j;
}

/* Texts of the first seed's model; scores of each, on the screen and in the summary. */
static void judge(Mle *m, const Training *t, const Yardstick *y, double seconds, cJSON *summary)
{
    Error err;
    bool first = t->seed == o.seed;
    take_best(m, t);
    Score s = score_held_out(m, t, y);
    if (first && o.sample > 0) {
        printf("\nafter training it writes\n");
        show_samples(m->model, &t->text->vocabulary, (Documents)o.documents, o.sample,
                     sample_length((Documents)o.documents, &o.shape));
    }
    if (t->held_out->windows) report_scores(y, s);
    cJSON_AddItemToArray(cJSON_GetObjectItem(summary, "runs"), run_json(m, t, seconds, s));
    if (first && t->eval) score_file(m->model, t->eval, summary);
    if (first && t->held_out->windows &&
        !report_attention(t->run, m->model, t->held_out, &t->text->vocabulary, &err))
        fail(1, &err);
}

/* ---- the program -------------------------------------------------------------------------- */

static void run_seed(const Training *t, const Yardstick *y, cJSON *summary)
{
    o.mle.seed = (uint64_t)t->seed;
    Mle *m = mle_new(transformer_new(&o.shape, o.mle.seed), &o.mle);
    if (o.resume) resume(m, t);
    double started = clock_seconds();
    if (t->seed == o.seed && !o.resume && o.sample > 0) {
        int length = sample_length((Documents)o.documents, &o.shape);
        printf("\nbefore training it writes\n");
        show_samples(m->model, &t->text->vocabulary, (Documents)o.documents, 1,
                     length < 100 ? length : 100);
    }
    printf("\ntraining, seed %d\n", t->seed);
    if (train(m, t))
        judge(m, t, y, clock_seconds() - started, summary);
    else
        printf("stopped before the first step: what was in %s stays\n", t->dir);
    transformer_free(m->model);
    mle_free(m);
}

static cJSON *summary_new(void)
{
    cJSON *summary = cJSON_CreateObject();
    cJSON_AddStringToObject(summary, "program", "chapter2");
    cJSON_AddStringToObject(summary, "version", PROJECT_VERSION);
    cJSON_AddItemToObject(summary, "settings", settings_json(table));
    return summary;
}

static cJSON *summary_of_training(const Yardstick *y)
{
    cJSON *summary = summary_new();
    cJSON_AddNumberToObject(summary, "uniform_nats_per_symbol", y->uniform);
    if (y->truth) cJSON_AddNumberToObject(summary, "floor_nats_per_symbol", y->floor);
    cJSON_AddNumberToObject(summary, "best_ngram_order", y->order);
    report_json(summary, "best_ngram", y->ngram);
    cJSON_AddArrayToObject(summary, "runs"); /* a row for each seed, by judge */
    return summary;
}

/* A model that is there already: score and sample, no training. What its training left, a summary
 * among it, may stand in the same directory and stays. */
static void use_model(Run *run)
{
    Error err;
    Transformer *t;
    Vocabulary v;
    Documents documents;
    if (!model_load(o.load, &t, &v, &documents, &err)) fail(1, &err);
    printf("%s: %d layers, %d heads, %d channels, context %d, %d symbols\n", o.load,
           t->shape.layers, t->shape.heads, t->shape.channels, t->shape.context, v.size);
    if (!rows_check(&t->shape, o.mle.batch, t->shape.context, "windows", &err)) fail(2, &err);
    check_prompt(&v, documents);
    check_samples(&t->shape, documents);
    if (o.ids && !file_replaceable(o.ids, &err)) fail(1, &err);
    Windows *eval = read_eval(&v, documents, t->shape.context);
    if (eval) {
        cJSON *score = summary_new();
        score_file(t, eval, score);
        if (!run_save_json(run, "eval.json", score, &err)) fail(1, &err);
        cJSON_Delete(score);
        windows_free(eval);
    }
    if (o.sample > 0) show_samples(t, &v, documents, o.sample, sample_length(documents, &t->shape));
    vocabulary_free(&v);
    transformer_free(t);
}

static void introduce(const Text *text, const Yardstick *y)
{
    const Corpus *c = &text->train, *h = &text->held_out;
    printf("learns %s: %zu symbols of %d kinds in %d document%s, and %zu held out\n",
           o.text ? o.text : "the tales", c->start[c->documents], text->vocabulary.size,
           c->documents, c->documents == 1 ? "" : "s", h->start[h->documents]);
    printf("a transformer of %d layers, %d heads, %d channels, context %d: %.0f weights\n",
           o.shape.layers, o.shape.heads, o.shape.channels, o.shape.context,
           model_weights(&o.shape));
    printf("%d steps of %d windows", o.mle.steps, o.mle.batch);
    if (o.mle.shards > 1) printf(" in %d shards", o.mle.shards);
    printf(", seed %d, %d thread%s\n", o.seed, threads_count(), threads_count() == 1 ? "" : "s");
    printf("nats per symbol to beat: uniform %.3f", y->uniform);
    if (y->order > 0) printf(", best n-gram %.4f (order %d)", y->ngram.nats, y->order);
    if (y->truth) printf("; the floor is %.4f", y->floor);
    printf("\n");
}

static void show_results(const Training *t, const Yardstick *y, cJSON *summary)
{
    Error err;
    if (!run_save_summary(t->run, summary, &err)) fail(1, &err);
    run_wrote(t->run, "model.safetensors");
    curves_sketch(t->curves, t->run, "step", "held_out_loss", y->truth ? y->floor : y->ngram.nats,
                  y->truth ? "floor" : "best n-gram");
    char lines[200];
    snprintf(lines, sizeof lines, "uniform=%.6f; ngram=%.6f; order=%d; floor=%.6f", y->uniform,
             y->order > 0 ? y->ngram.nats : -1, y->order, y->truth ? y->floor : -1);
    run_plot(t->run, "chapter2_loss.gp", lines);
    snprintf(lines, sizeof lines, "layers=%d; heads=%d", o.shape.layers, o.shape.heads);
    if (t->held_out->windows && o.shape.layers * o.shape.heads <= 24)
        run_plot(t->run, "chapter2_attention.gp", lines);
    else
        run_drop_figure(t->run, "chapter2_attention.gp");
    if (t->held_out->windows == 0) {
        run_drop(t->run, "attention.csv");
        run_drop(t->run, "attention_words.csv");
    }
}

/* The first seed's model stands in --out itself, another's in a directory below. */
static void choose_dir(Training *t)
{
    Error err;
    snprintf(t->dir, sizeof t->dir, "%s", t->run->dir);
    if (t->seed == o.seed) return;
    snprintf(t->dir, sizeof t->dir, "%s/seed%d", t->run->dir, t->seed);
    if (!directory_make(t->dir, &err)) fail(1, &err);
}

static void train_all(Run *run)
{
    Error err;
    Text text;
    read_text(&text);
    o.shape.vocabulary = text.vocabulary.size;
    if (!shape_check(&o.shape, &err) ||
        !rows_check(&o.shape, o.mle.batch, o.shape.context, "windows", &err) ||
        !shards_check(&err) || !mle_fits(&o.shape, &o.mle, &err))
        fail(2, &err);
    o.mle.text = text_hash(&text);
    check_prompt(&text.vocabulary, (Documents)o.documents);
    check_samples(&o.shape, (Documents)o.documents);
    Windows *eval = read_eval(&text.vocabulary, (Documents)o.documents, o.shape.context);
    if (o.ids && !file_replaceable(o.ids, &err)) fail(1, &err);
    printf("chapter 2: a transformer\n");
    bool tales = !o.text && o.documents == TEXT_LINES; /* a tale a line: their truth is known */
    Yardstick *y = yardstick_new(&text, tales, 1, o.orders);
    introduce(&text, y);

    Training t = {.run = run,
                  .curves = curves_new(
                      "seed,step,symbols,train_loss,held_out_loss,learning_rate,gradient_norm"),
                  .text = &text,
                  .train = windows_new(&text.train, text.vocabulary.end, o.shape.context),
                  .held_out = windows_new(&text.held_out, text.vocabulary.end, o.shape.context),
                  .eval = eval};
    if (t.train->windows == 0) {
        error_set(&err, "the text is too short to learn from: it has fewer than two symbols");
        fail(1, &err);
    }
    cJSON *summary = summary_of_training(y);
    for (t.seed = o.seed; t.seed < o.seed + o.seeds && !run_stopped(); t.seed++) {
        choose_dir(&t);
        run_seed(&t, y, summary);
    }
    if (t.curves->rows > 0) show_results(&t, y, summary);
    cJSON_Delete(summary);
    curves_free(t.curves);
    windows_free(t.train);
    windows_free(t.held_out);
    windows_free(t.eval);
    yardstick_free(y);
    text_free(&text);
}

int main(int argc, char **argv)
{
    Error err;
    Run run;
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, about, NULL);
    threads_use(o.threads);
    if (o.ids && !o.eval) {
        error_set(&err, "--ids needs a text that is scored: add --eval FILE");
        fail(2, &err);
    }
    if (o.resume && o.load) {
        error_set(&err, "--resume trains on and --load trains nothing: leave one out");
        fail(2, &err);
    }
    static const char scoring[] =
        "load eval ids batch prompt sample length temperature top-k seed threads out";
    if (o.load && !settings_used(table, "--load", scoring, &err)) fail(2, &err);
    if (o.resume && o.seeds > 1) {
        error_set(&err, "--resume goes on with one run: leave out --seeds");
        fail(2, &err);
    }
    if (!run_open(&run, o.out, argv[0], &err)) fail(1, &err);
    check_files(&run);
    if (o.load)
        use_model(&run);
    else
        train_all(&run);
    bool said = run_close(&run);
    settings_free(table);
    return said && !run_stopped() ? 0 : 1;
}
