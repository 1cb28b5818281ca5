/* ngram.c: counting the n-grams of order 5 of a text's characters, smoothing them, and asking for
 * probabilities. The text, one long stream, is a file or 22000 tales; a tenth of it is held out.
 *
 * Without --arpa and --words it prints rows. --arpa does the whole of a tool's work, from a text to
 * an ARPA file, so that its time and memory can be compared with such a tool's. --words writes the
 * characters as words, for tools that know only words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpa.h"
#include "measure/measure.h"
#include "tales.h"

typedef struct {
    const Text *text;
    Ngram *model;
    double logprob;
} Counting;

static void count(void *arg)
{
    Counting *c = arg;
    NgramOptions o = {.order = 5, .smoothing = SMOOTHING_KNESER_NEY};
    ngram_free(c->model);
    c->model = ngram_train(&c->text->train, &c->text->vocabulary, &o);
}

static void query(void *arg)
{
    Counting *c = arg;
    const Corpus *held_out = &c->text->held_out;
    c->logprob = ngram_score(c->model, held_out->ids, held_out->start[held_out->documents], NULL);
    REQUIRE(c->logprob < 0, "the held-out text has the log-probability %g", c->logprob);
}

static bool read_text(Text *text, const char *path, Error *err)
{
    TextOptions o = {.documents = TEXT_STREAM, .level = TEXT_CHARS, .held_out = 0.1};
    if (path) return text_load(text, path, &o, err);
    size_t size;
    char *tales = tales_corpus(1, 22000, &size);
    bool good = text_from_string(text, tales, size, "the tales", &o, err);
    free(tales);
    return good;
}

/* Every symbol as ARPA files spell it, a blank after each, all on one line. */
static bool write_words(const char *path, const Vocabulary *v, const Corpus *c, Error *err)
{
    FILE *out = fopen(path, "w");
    if (!out) return error_set(err, "can't write %s", path);
    for (size_t i = 0; i < c->start[c->documents]; i++) {
        char word[ARPA_SPELLING(8)];
        arpa_spell(word, v->symbol[c->ids[i]]);
        fprintf(out, "%s ", word);
    }
    fprintf(out, "\n");
    return fclose(out) == 0 || error_set(err, "can't write %s", path);
}

static void measure_all(Bench *b, const Text *text)
{
    Counting c = {.text = text};
    const Corpus *held_out = &text->held_out;
    b->what = "counting n-grams", b->unit = "s";
    bench_row(b, "in memory", 0, measure(b, count, &c));
    b->what = "querying n-grams", b->unit = "symbols/s";
    bench_row(b, "order 5", (double)held_out->start[held_out->documents], measure(b, query, &c));
    ngram_free(c.model);
}

int main(int argc, char **argv)
{
    Bench b = {.by = "ours", .threads = 1, .seconds = 1};
    const char *path = NULL, *arpa = NULL, *words = NULL, *held_out = NULL;
    Setting table[] = {
        BENCH_SETTINGS(b, "0.5"),
        {"text", SETTING_STRING, &path, .meta = "FILE", .help = "a UTF-8 text (default: tales)"},
        {"arpa", SETTING_STRING, &arpa, .meta = "FILE", .help = "count, write this, and no more"},
        {"words", SETTING_STRING, &words, .meta = "FILE", .help = "write the training part here"},
        {"held-out", SETTING_STRING, &held_out, .meta = "FILE", .help = "and the held-out part"},
        {0}};
    Error err;
    Text text;
    settings_read_or_exit(table, argc, argv, "Measures the counting of n-grams.", NULL);
    bool good = read_text(&text, path, &err);
    if (good && words) good = write_words(words, &text.vocabulary, &text.train, &err);
    if (good && held_out) good = write_words(held_out, &text.vocabulary, &text.held_out, &err);
    if (good && arpa) {
        Counting c = {.text = &text};
        count(&c);
        good = arpa_save(arpa, c.model, &text.vocabulary, &err);
        ngram_free(c.model);
    }
    if (!good) {
        fprintf(stderr, "ngram: %s\n", err.text);
        return EXIT_FAILURE;
    }
    if (!arpa && !words && !held_out) measure_all(&b, &text);
    text_free(&text);
    settings_free(table);
    return EXIT_SUCCESS;
}
