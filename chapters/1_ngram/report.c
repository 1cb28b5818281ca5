/* report.c: tables and JSON. See report.h. */
#include "report.h"

#include "tales.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const smoothing_names[SMOOTHINGS] = {"none", "add-k", "kneser-ney"};

static const char *unit(Level level)
{
    return level == TEXT_WORDS ? "word" : "character";
}

void print_symbols(const Ngram *m, const Text *text, Level level, const int *ids, int count)
{
    const Vocabulary *v = &text->vocabulary;
    for (int i = 0; i < count; i++) {
        if (i > 0 && level == TEXT_WORDS) putchar(' ');
        if (ids[i] == m->start)
            printf("<s>");
        else if (ids[i] == m->end)
            printf("<end>");
        else if (ids[i] > m->start)
            printf("<unk>");
        else if (strcmp(v->symbol[ids[i]], "\n") == 0)
            printf("\\n");
        else
            printf("%s", v->symbol[ids[i]]);
    }
}

/* --- the chain rule -------------------------------------------------------------------------- */

/* The shortest document of at least 8 symbols; NULL if there is none. */
static const int *short_document(const Corpus *c, size_t *count)
{
    const int *ids = NULL;
    for (int d = 0; d < c->documents; d++) {
        size_t length = c->start[d + 1] - c->start[d];
        if (length < 8 || (ids != NULL && length >= *count)) continue;
        ids = c->ids + c->start[d];
        *count = length;
    }
    return ids;
}

static void print_step(const Ngram *m, const Text *text, Level level, NgramState *state, int symbol,
                       double *sum)
{
    int memory[TRIE_MAX_ORDER], remembered = ngram_memory(m, *state, memory);
    double logprob = ngram_step(m, state, symbol);
    *sum += logprob;
    printf("  %9.6f %9.3f %9.3f   ", exp(logprob), logprob, *sum);
    print_symbols(m, text, level, &symbol, 1);
    printf("  after  \"");
    print_symbols(m, text, level, memory, remembered);
    printf("\"\n");
}

void print_chain_rule(const Ngram *m, const Text *text, Level level)
{
    enum { HEAD = 12, TAIL = 4, LONG = 1000, BEGINNING = 24 };
    size_t count = 0;
    const int *ids = short_document(&text->held_out, &count);
    if (ids == NULL) ids = short_document(&text->train, &count);
    if (ids == NULL) return;
    bool whole = count < LONG;
    size_t last = whole ? count : BEGINNING;

    printf(
        "\nThe chain rule with order %d: P(text) is the product of P(%s | what is remembered).\n",
        m->order, unit(level));
    printf("          P     log P       sum   %s\n", unit(level));
    NgramState state = ngram_start(m);
    double sum = 0;
    for (size_t i = 0; i < last + whole; i++) {
        int symbol = i < count ? ids[i] : m->end;
        if (i < HEAD || i + TAIL >= last + whole) {
            print_step(m, text, level, &state, symbol, &sum);
        } else {
            if (i == HEAD) printf("        ...\n");
            sum += ngram_step(m, &state, symbol);
        }
    }
    printf("  log P = %.3f for \"", sum);
    print_symbols(m, text, level, ids, (int)last);
    printf("\"\n");
    char tale[TALE_MAX + 1];
    if (!whole || !tale_text(tale, &text->vocabulary, level, ids, count)) return;
    double truth = tales_read(tale, NULL, NULL);
    if (truth > -INFINITY) printf("  log P = %.3f by the grammar that drew it\n", truth);
}

/* --- tables ---------------------------------------------------------------------------------- */

static void print_perplexity(const NgramScore *s)
{
    if (s->scored == 0)
        printf(" %18s", "");
    else if (s->impossible > 0)
        printf(" infinite (%7zu)", s->impossible);
    else
        printf(" %18.4f", score_perplexity(s));
}

static const Comparison *part_of(const Result *r, bool little)
{
    return little ? &r->little : &r->all;
}

static void print_comparison(const Result *results, int count, Level level, bool little)
{
    size_t impossible = 0;
    printf("\nPerplexity on held-out text after %zu symbols, by smoothing:\n",
           part_of(results, little)->symbols);
    printf("  order    n-grams               none              add-k         kneser-ney  bits/%s\n",
           unit(level));
    for (int i = 0; i < count; i++) {
        const Comparison *c = part_of(&results[i], little);
        printf("  %5d %10zu", results[i].options.order, c->distinct);
        for (int s = 0; s < SMOOTHINGS; s++) {
            print_perplexity(&c->held_out[s]);
            impossible += c->held_out[s].impossible;
        }
        const NgramScore *chosen = &c->held_out[results[i].options.smoothing];
        if (chosen->scored > 0) printf("  %8.4f", score_bits(chosen));
        putchar('\n');
    }
    if (impossible > 0) printf("  (in brackets: held-out symbols that get probability 0)\n");
}

void print_table(const Result *results, int count, Level level, double truth)
{
    if (results->little.symbols > 0) print_comparison(results, count, level, true);
    print_comparison(results, count, level, false);
    if (isfinite(truth)) printf("  %-55s %18.4f  %8.4f\n", "the truth", exp(truth), truth / log(2));
}

void print_eval(const Result *results, int count, const char *path, const char *arpa, Level level)
{
    if (arpa)
        printf("\n%s, by the model in %s:\n", path, arpa);
    else
        printf("\n%s, %s smoothing:\n", path, smoothing_names[results->options.smoothing]);
    printf("  order     perplexity  without unknown  bits/%s     scored  unknown  impossible\n",
           unit(level));
    for (int i = 0; i < count; i++) {
        const NgramScore *s = &results[i].eval;
        printf("  %5d %14.5f %16.5f  %*.4f %10zu %8zu %11zu\n", results[i].options.order,
               score_perplexity(s), score_perplexity_known(s), (int)strlen(unit(level)) + 5,
               score_bits(s), s->scored, s->unknown, s->impossible);
    }
}

void print_recall(const Recall *r, int order)
{
    if (r->far_places == 0 || !isfinite(r->far_excess + r->other_excess)) return;
    printf("\nWhere a character belongs to something %d or more characters back, order %d pays\n"
           "%.3f nats more than the truth; everywhere else %.3f.\n",
           DISTANCE_FAR, order, r->far_excess / (double)r->far_places,
           r->other_excess / (double)r->other_places);
}

/* --- summary.json ---------------------------------------------------------------------------- */

cJSON *score_json(const NgramScore *s)
{
    if (s->scored == 0) return cJSON_CreateNull();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "perplexity", score_perplexity(s));
    cJSON_AddNumberToObject(json, "perplexity_without_unknown", score_perplexity_known(s));
    cJSON_AddNumberToObject(json, "bits_per_symbol", score_bits(s));
    cJSON_AddNumberToObject(json, "nats_per_symbol", score_nats(s));
    cJSON_AddNumberToObject(json, "scored", (double)s->scored);
    cJSON_AddNumberToObject(json, "unknown", (double)s->unknown);
    cJSON_AddNumberToObject(json, "impossible", (double)s->impossible);
    return json;
}

static cJSON *model_json(const Ngram *m)
{
    cJSON *orders = cJSON_CreateArray();
    for (int n = 1; n <= m->order; n++) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "n", n);
        cJSON_AddNumberToObject(json, "distinct", (double)ngram_distinct(m, n));
        if (m->discount != NULL)
            cJSON_AddItemToObject(json, "discounts",
                                  cJSON_CreateDoubleArray(m->discount[n] + 1, 3));
        cJSON_AddItemToArray(orders, json);
    }
    return orders;
}

static cJSON *comparison_json(const Comparison *c)
{
    if (c->symbols == 0) return cJSON_CreateNull();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "train_symbols", (double)c->symbols);
    cJSON_AddNumberToObject(json, "distinct_ngrams", (double)c->distinct);
    for (int s = 0; s < SMOOTHINGS; s++)
        if (c->held_out[s].scored > 0)
            cJSON_AddItemToObject(json, smoothing_names[s], score_json(&c->held_out[s]));
    return json;
}

cJSON *result_json(const Result *r)
{
    int chosen = (int)r->options.smoothing;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "order", r->options.order);
    cJSON_AddStringToObject(json, "smoothing", smoothing_names[chosen]);
    cJSON_AddNumberToObject(json, "distinct_ngrams", (double)r->all.distinct);
    cJSON_AddNumberToObject(json, "train_seconds", r->train_seconds);
    cJSON_AddNumberToObject(json, "score_seconds", r->score_seconds);
    cJSON_AddItemToObject(json, "held_out", score_json(&r->all.held_out[chosen]));
    cJSON_AddItemToObject(json, "eval", score_json(&r->eval));
    cJSON_AddItemToObject(json, "ngrams", model_json(r->model));
    return json;
}

cJSON *smoothings_json(const Result *results, int count)
{
    cJSON *orders = cJSON_CreateArray();
    for (int i = 0; i < count; i++) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "order", results[i].options.order);
        cJSON_AddItemToObject(json, "with_all", comparison_json(&results[i].all));
        cJSON_AddItemToObject(json, "with_little", comparison_json(&results[i].little));
        cJSON_AddItemToArray(orders, json);
    }
    return orders;
}

cJSON *text_json(const Text *text, const char *name)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddNumberToObject(json, "vocabulary", text->vocabulary.size);
    cJSON_AddNumberToObject(json, "train_documents", text->train.documents);
    cJSON_AddNumberToObject(json, "train_symbols", (double)corpus_symbols(&text->train));
    cJSON_AddNumberToObject(json, "held_out_documents", text->held_out.documents);
    cJSON_AddNumberToObject(json, "held_out_symbols", (double)corpus_symbols(&text->held_out));
    return json;
}

cJSON *truth_json(double truth, const Recall *r)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "held_out_nats_per_symbol", truth);
    cJSON_AddNumberToObject(json, "held_out_bits_per_symbol", truth / log(2));
    cJSON_AddNumberToObject(json, "entropy_nats_per_tale", tales_entropy());
    cJSON_AddNumberToObject(json, "entropy_nats_per_character",
                            tales_entropy() / tales_mean_length());
    if (r->far_places == 0) return json;
    cJSON_AddNumberToObject(json, "far_distance", DISTANCE_FAR);
    cJSON_AddNumberToObject(json, "far_excess_nats", r->far_excess / (double)r->far_places);
    cJSON_AddNumberToObject(json, "elsewhere_excess_nats",
                            r->other_excess / (double)r->other_places);
    return json;
}
