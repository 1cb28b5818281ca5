/* Chapter 1: a language model that counts.
 *
 * Learns n-gram models of orders 1 to 6 from the tales (or from --text FILE) and shows what they
 * do: the chain rule on one text, what each order writes, how well it predicts text it has not
 * seen, how that grows with the amount of text, and where forgetting all but a few of the symbols
 * hurts. */
#include "arpa.h"
#include "error.h"
#include "report.h"
#include "run.h"
#include "settings.h"
#include "study.h"
#include "tales.h"
#include "threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char about[] =
    "Chapter 1: a language model that counts. Learns n-gram models of orders 1 to 6 from tales, or "
    "from a text of yours, and measures them on the part that was held out.";

static struct {
    int order, smoothing, level, documents, tales, sample, length, seed, seeds, threads;
    double k, held_out, temperature;
    const char *text, *eval, *arpa, *load_arpa, *prompt, *out;
} o = {.order = 6,
       .smoothing = SMOOTHING_KNESER_NEY,
       .tales = 50000,
       .sample = 1,
       .length = 200,
       .seed = 1,
       .seeds = 1,
       .k = 0.1,
       .held_out = 0.1,
       .temperature = 1,
       .out = "out/chapter1"};

static Setting table[] = {
    {"order", SETTING_INT, &o.order, .min = 1, .max = TRIE_MAX_ORDER,
     .help = "n: predict from n - 1 symbols; not given: every order from 1 to 6"},
    {"smoothing", SETTING_CHOICE, &o.smoothing, .choices = "none|add-k|kneser-ney",
     .help = "not given: all three side by side, the rest of the run with kneser-ney"},
    {"k", SETTING_REAL, &o.k, .min = 1e-9, .max = 1e9, .help = "what add-k adds to every count"},
    {"level", SETTING_CHOICE, &o.level, .choices = "char|word", .help = "what a symbol is"},
    {"text", SETTING_STRING, &o.text, .meta = "FILE", .help = "a UTF-8 text to learn, not tales"},
    {"documents", SETTING_CHOICE, &o.documents, .choices = "lines|stream",
     .help = "each line is a document, or the whole text is one"},
    {"held-out", SETTING_REAL, &o.held_out, .min = 0, .max = 0.99,
     .help = "share of the text that is not learned but predicted; 0: learn everything"},
    {"tales", SETTING_INT, &o.tales, .min = 20, .max = 1e8, .quick = "4000",
     .help = "tales to draw where there is no --text"},
    {"eval", SETTING_STRING, &o.eval, .meta = "FILE", .help = "a text to score as well"},
    {"arpa", SETTING_STRING, &o.arpa, .meta = "FILE",
     .help = "write the model of the highest order here, in ARPA format"},
    {"load-arpa", SETTING_STRING, &o.load_arpa, .meta = "FILE",
     .help = "learn nothing: read a model in ARPA format and score --eval FILE"},
    {"sample", SETTING_INT, &o.sample, .min = 0, .max = 1e6,
     .help = "texts to write at each order"},
    {"length", SETTING_INT, &o.length, .min = 1, .max = 1e6,
     .help = "symbols of a sample at most, besides the prompt"},
    {"temperature", SETTING_REAL, &o.temperature, .min = 0, .max = 100,
     .help = "of sampling; 0 takes the most probable symbol"},
    {"prompt", SETTING_STRING, &o.prompt, .meta = "TEXT", .help = "what samples begin with"},
    {"seed", SETTING_INT, &o.seed, .max = SEED_MAX, .help = "of the tales and samples"},
    {"seeds", SETTING_INT, &o.seeds, .min = 1, .max = 1000,
     .help = "repeat the measurements with tales of so many seeds"},
    {"threads", SETTING_INT, &o.threads, .max = THREADS_MAX,
     .help = "cores to use; 0 takes all. The numbers are the same"},
    {"out", SETTING_STRING, &o.out, .meta = "DIR", .help = "where results are written"},
    {0}};

static TextOptions text_options(void)
{
    return (TextOptions){
        .documents = (Documents)o.documents, .level = (Level)o.level, .held_out = o.held_out};
}

static NgramOptions ngram_options(int order)
{
    return (NgramOptions){.order = order, .smoothing = (Smoothing)o.smoothing, .k = o.k};
}

static int first_order(void)
{
    return settings_given(table, "order") ? o.order : 1;
}

/* Every seed draws its own tales; a text that is given has no chance in it. */
static int seeds(void)
{
    return o.text == NULL ? o.seeds : 1;
}

/* The grammar's entropy says what the best model could reach, where the text is tales. */
static bool truth_is_known(void)
{
    return o.text == NULL && o.documents == TEXT_LINES;
}

static bool tales_at_character_level(void)
{
    return truth_is_known() && o.level == TEXT_CHARS;
}

static _Noreturn void fail(int status, const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "chapter1: %s\n", err->text);
    exit(status);
}

/* --- the story ------------------------------------------------------------------------------- */

static Text read_text(int seed)
{
    Text text;
    Error err;
    TextOptions options = text_options();
    if (o.text != NULL) {
        if (!text_load(&text, o.text, &options, &err)) fail(1, &err);
        return text;
    }
    size_t size;
    char *tales = tales_corpus((uint64_t)seed, o.tales, &size);
    if (!text_from_string(&text, tales, size, "the tales", &options, &err)) fail(1, &err);
    free(tales);
    return text;
}

static void announce(const Text *text)
{
    const char *documents = o.documents == TEXT_LINES ? "lines" : "documents";
    printf("Chapter 1: a language model that counts.\n\n");
    printf("Text: %s, %d symbols in the vocabulary (%s), seed %d.\n", o.text ? o.text : "tales",
           text->vocabulary.size, o.level == TEXT_WORDS ? "words" : "characters", o.seed);
    printf("Learns from %d %s of %zu symbols, ends included;", text->train.documents, documents,
           corpus_symbols(&text->train));
    printf(" held out: %d of %zu.\n", text->held_out.documents, corpus_symbols(&text->held_out));
    printf("Counts n-grams of order %d", first_order());
    if (first_order() < o.order) printf(" to %d", o.order);
    printf(".\n");
}

/* Trains the model of one order and scores what was held out, with a clock beside both. */
static Result count_order(int order, const Text *text)
{
    Result r = {.options = ngram_options(order)};
    double start = clock_seconds();
    r.model = ngram_train(&text->train, &text->vocabulary, &r.options);
    r.train_seconds = clock_seconds() - start;
    r.all.symbols = corpus_symbols(&text->train);
    r.all.distinct = r.model->trie.count - 1;

    start = clock_seconds();
    r.all.held_out[o.smoothing] = ngram_evaluate(r.model, &text->held_out);
    r.score_seconds = clock_seconds() - start;
    return r;
}

/* Every smoothing, learned from the first `symbols` symbols of the text. */
static Comparison compare(int order, size_t symbols, const Text *text)
{
    Comparison c = {0};
    Trial trials[SMOOTHINGS];
    for (int s = 0; s < SMOOTHINGS; s++) {
        trials[s] = (Trial){.options = ngram_options(order), .symbols = symbols};
        trials[s].options.smoothing = (Smoothing)s;
    }
    study_trials(trials, SMOOTHINGS, text);
    for (int s = 0; s < SMOOTHINGS; s++) {
        if (!trials[s].done) continue;
        c.symbols = trials[s].symbols;
        c.distinct = trials[s].distinct;
        c.held_out[s] = trials[s].held_out;
    }
    return c;
}

/* Smoothing matters most where text is scarce: all smoothings with everything and with a little,
 * unless the user asked for one. */
static void compare_smoothings(Result *r, const Text *text)
{
    enum { LITTLE = 64, SMALLEST = 1000 };
    if (settings_given(table, "smoothing") || corpus_symbols(&text->held_out) == 0) return;
    Comparison all = compare(r->options.order, r->all.symbols, text);
    if (all.held_out[o.smoothing].scored > 0) r->all = all;
    if (r->all.symbols >= LITTLE * SMALLEST)
        r->little = compare(r->options.order, r->all.symbols / LITTLE, text);
}

/* Writes o.sample texts with one model. */
static void show_samples(const Ngram *m, const Vocabulary *v, const Corpus *prompt)
{
    int given = prompt->documents > 0 ? (int)prompt->start[1] : 0;
    int *ids = NEW(int, given + o.length);
    for (int i = 0; i < o.sample && !run_stopped(); i++) {
        Rng rng = rng_stream((uint64_t)o.seed, ((uint64_t)m->order << 40) + (uint64_t)i);
        bool ended;
        if (given > 0) memcpy(ids, prompt->ids, (size_t)given * sizeof *ids);
        int count = ngram_generate(m, ids, given, given + o.length, o.temperature, &rng, &ended);
        printf(o.documents == TEXT_STREAM ? "order %d:\n" : "  %d  ", m->order);
        text_print(stdout, v, (Level)o.level, ids, count);
        printf(ended ? "\n" : " ...\n");
    }
    free(ids);
}

static Corpus read_prompt(const Vocabulary *v)
{
    Corpus prompt = {0};
    Error err;
    TextOptions options = text_options();
    if (o.prompt == NULL || o.prompt[0] == '\0') return prompt;
    if (!corpus_from_string(&prompt, o.prompt, strlen(o.prompt), "--prompt", v, &options, false,
                            &err))
        fail(1, &err);
    if (prompt.documents != 1) {
        error_set(&err, "--prompt has %d lines: give one", prompt.documents);
        fail(2, &err);
    }
    return prompt;
}

/* The text of --eval, in which unknown symbols are allowed. Empty if there is none. */
static Corpus read_eval(const Vocabulary *v)
{
    Corpus corpus = {0};
    Error err;
    TextOptions options = text_options();
    if (o.eval == NULL) return corpus;
    if (!corpus_load(&corpus, o.eval, v, &options, true, &err)) fail(1, &err);
    return corpus;
}

static void evaluate(Result *results, int count, const Corpus *corpus)
{
    if (corpus->documents == 0) return;
    for (int i = 0; i < count; i++) results[i].eval = ngram_evaluate(results[i].model, corpus);
    print_eval(results, count, o.eval, o.load_arpa, (Level)o.level);
}

/* --- the two figures ------------------------------------------------------------------------- */

typedef struct {
    Curves *learning, *recall;
    Recall pooled; /* of the highest order, over the seeds */
} Figures;

static void measure(Figures *f, int seed, const Text *text, Run *run)
{
    int orders = o.order - first_order() + 1;
    for (int order = first_order(); order <= o.order && !run_stopped(); order++) {
        NgramOptions options = ngram_options(order);
        study_learning_curve(f->learning, &options, seed, text);
        if (tales_at_character_level()) {
            Recall r = study_recall_curve(f->recall, &options, seed, text);
            if (order == o.order) recall_pool(&f->pooled, &r);
        }
        run_progress(run, (seed - o.seed) * orders + order - first_order() + 1, seeds() * orders,
                     "learning curves: order %d, seed %d", order, seed);
    }
}

static Figures figures_new(void)
{
    return (Figures){.learning = curves_new("seed,order,symbols,ngrams,bits_per_symbol,"
                                            "nats_per_symbol,perplexity,unknown,bits_named"),
                     .recall = curves_new("seed,order,distance,places,excess_nats")};
}

static void measure_seeds(Figures *f, const Text *text, Run *run)
{
    measure(f, o.seed, text, run);
    for (int seed = o.seed + 1; seed < o.seed + seeds() && !run_stopped(); seed++) {
        Text other = read_text(seed);
        measure(f, seed, &other, run);
        text_free(&other);
    }
    run_progress_end(run);
}

/* Without smoothing a curve can be infinite everywhere, and there is nothing to draw. */
static bool has_numbers(const Curves *c, const char *column)
{
    for (int row = 0; row < c->rows; row++)
        if (isfinite(curves_at(c, row, column))) return true;
    return false;
}

/* A table and its figure; what has nothing to show leaves nothing of an earlier run either. */
static void keep(const Curves *c, Run *run, const char *file, const char *column,
                 const char *script, const char *defines)
{
    Error err;
    if (c->rows == 0)
        run_drop(run, file);
    else if (!curves_save(c, run, file, &err))
        fail(1, &err);
    if (has_numbers(c, column))
        run_plot(run, script, defines);
    else
        run_drop_figure(run, script);
}

static void draw_figures(const Figures *f, Run *run, double floor)
{
    char defines[256];
    snprintf(defines, sizeof defines, "first=%d; last=%d; unit=\"%s\"; floor=%.9g", first_order(),
             o.order, o.level == TEXT_WORDS ? "word" : "character", isnan(floor) ? -1 : floor);
    if (f->learning->rows == 0 && run_stopped()) return;
    study_sketch(f->learning, run, o.order, floor);
    keep(f->learning, run, "curves.csv", "bits_named", "chapter1_learning.gp", defines);
    keep(f->recall, run, "recall.csv", "excess_nats", "chapter1_recall.gp", defines);
}

/* --- summary.json ---------------------------------------------------------------------------- */

/* The settings, without those whose absence means something: --config takes this as it is. */
static cJSON *settings_to_repeat(void)
{
    static const char *const chosen[] = {"order", "smoothing"};
    cJSON *json = settings_json(table);
    for (int i = 0; i < 2; i++)
        if (!settings_given(table, chosen[i])) cJSON_DeleteItemFromObject(json, chosen[i]);
    return json;
}

static cJSON *summary_new(void)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "chapter", 1);
    cJSON_AddStringToObject(json, "version", PROJECT_VERSION);
    cJSON_AddNumberToObject(json, "seed", o.seed);
    cJSON_AddItemToObject(json, "settings", settings_to_repeat());
    return json;
}

/* Where nothing was measured before Ctrl-C, what an earlier run has left stays. */
static void save_summary(Run *run, const Text *text, double truth, const Result *results, int count,
                         const Figures *f)
{
    Error err;
    bool early = run_stopped() && f->learning->rows == 0;
    if (early && access(run_path(run, "summary.json"), F_OK) == 0) {
        printf("stopped early: the results that were in %s stay\n", run->dir);
        return;
    }
    cJSON *json = summary_new();
    cJSON_AddItemToObject(json, "text", text_json(text, o.text != NULL ? o.text : "tales"));
    if (truth_is_known()) cJSON_AddItemToObject(json, "truth", truth_json(truth, &f->pooled));
    cJSON *orders = cJSON_AddArrayToObject(json, "orders");
    for (int i = 0; i < count; i++) cJSON_AddItemToArray(orders, result_json(&results[i]));
    if (corpus_symbols(&text->held_out) > 0)
        cJSON_AddItemToObject(json, "smoothings", smoothings_json(results, count));
    cJSON_AddBoolToObject(json, "stopped_early", run_stopped());
    if (!run_save_summary(run, json, &err)) fail(1, &err);
    cJSON_Delete(json);
}

/* --- two ways to run ------------------------------------------------------------------------- */

/* --load-arpa: score a text with a model that is already there. */
static void score_with_arpa(Run *run)
{
    Error err;
    Vocabulary v;
    Result r = {.options = ngram_options(o.order)};
    if (o.eval == NULL) {
        error_set(&err, "--load-arpa needs a text to score: add --eval FILE");
        fail(2, &err);
    }
    if (o.arpa != NULL) {
        error_set(&err, "--load-arpa counts nothing for --arpa to write: leave one out");
        fail(2, &err);
    }
    r.model = arpa_load(o.load_arpa, (Documents)o.documents, &v, &err);
    if (r.model == NULL) fail(1, &err);
    r.options.order = r.model->order;
    printf("%s: a model of order %d, %d symbols, %u n-grams.\n", o.load_arpa, r.model->order,
           v.size, r.model->trie.count - 1);
    Corpus eval = read_eval(&v);
    evaluate(&r, 1, &eval);

    cJSON *json = summary_new();
    cJSON_AddItemToObject(json, "eval", score_json(&r.eval));
    if (!run_save_json(run, "eval.json", json, &err)) fail(1, &err); /* a summary is of counting */
    cJSON_Delete(json);
    corpus_free(&eval);
    ngram_free(r.model);
    vocabulary_free(&v);
}

static void learn_and_measure(Run *run)
{
    Error err;
    Text text = read_text(o.seed);
    Corpus prompt = read_prompt(&text.vocabulary), eval = read_eval(&text.vocabulary);
    if (o.arpa != NULL && !file_replaceable(o.arpa, &err)) fail(1, &err); /* before the work */
    announce(&text);

    Result results[TRIE_MAX_ORDER] = {0};
    int count = 0;
    for (int order = first_order(); order <= o.order && (count == 0 || !run_stopped()); order++) {
        results[count] = count_order(order, &text);
        compare_smoothings(&results[count++], &text);
    }
    const Ngram *largest = results[count - 1].model;

    print_chain_rule(largest, &text, (Level)o.level);
    if (o.sample > 0) printf("\nWhat each order writes (temperature %g):\n", o.temperature);
    for (int i = 0; i < count; i++) show_samples(results[i].model, &text.vocabulary, &prompt);

    double truth = NAN, floor = NAN;
    if (truth_is_known()) {
        truth = -study_truth(&text, (Level)o.level) / (double)corpus_symbols(&text.held_out);
        if (o.level == TEXT_CHARS) floor = tales_entropy() / tales_mean_length() / log(2);
    }
    bool held_out = corpus_symbols(&text.held_out) > 0;
    if (held_out) print_table(results, count, (Level)o.level, truth);
    evaluate(results, count, &eval);
    if (o.arpa != NULL && !arpa_save(o.arpa, largest, &text.vocabulary, &err)) fail(1, &err);

    Figures figures = figures_new();
    if (held_out) {
        measure_seeds(&figures, &text, run);
        print_recall(&figures.pooled, o.order);
    }
    draw_figures(&figures, run, floor);
    save_summary(run, &text, truth, results, count, &figures);

    curves_free(figures.learning);
    curves_free(figures.recall);
    for (int i = 0; i < count; i++) ngram_free(results[i].model);
    corpus_free(&prompt);
    corpus_free(&eval);
    text_free(&text);
}

int main(int argc, char **argv)
{
    Run run;
    Error err;
    threads_start(argv);
    settings_read_or_exit(table, argc, argv, about, NULL);
    threads_use(o.threads);
    const char *const inputs[] = {settings_config(), o.text, o.eval, o.load_arpa};
    if (!file_spares("--arpa", o.arpa, inputs, 4, &err)) fail(2, &err);
    if (o.load_arpa && !settings_used(table, "--load-arpa",
                                      "load-arpa eval arpa documents level threads out", &err))
        fail(2, &err);
    if (o.smoothing != SMOOTHING_ADD_K &&
        !settings_idle(
            table, o.smoothing == SMOOTHING_NONE ? "--smoothing none" : "--smoothing kneser-ney",
            "k", &err))
        fail(2, &err);
    if (!run_open(&run, o.out, argv[0], &err)) fail(1, &err);
    if (!run_spares(&run, inputs, 4, &err) || !run_leaves(&run, "--arpa", o.arpa, &err))
        fail(2, &err);
    if (o.load_arpa != NULL)
        score_with_arpa(&run);
    else
        learn_and_measure(&run);
    bool said = run_close(&run);
    settings_free(table);
    return said && !run_stopped() ? 0 : 1;
}
