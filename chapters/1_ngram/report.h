/* report.h: how the chapter's program shows its results, on the terminal and in summary.json. */
#ifndef REPORT_H
#define REPORT_H

#include <cjson/cJSON.h>

#include "study.h"

enum { SMOOTHINGS = 3 };
extern const char *const smoothing_names[SMOOTHINGS];

/* One order with every smoothing, learned from so much text and scored on what was held out. */
typedef struct {
    size_t symbols, distinct;
    NgramScore held_out[SMOOTHINGS]; /* nothing scored: not measured */
} Comparison;

/* Everything about one order. */
typedef struct {
    Ngram *model;
    NgramOptions options;
    double train_seconds, score_seconds;
    Comparison all, little; /* the whole training text, and a small part of it */
    NgramScore eval;
} Result;

/* What stands in text for ids, the model's own <s>, <unk> and end among them; no newline is
 * printed. */
void print_symbols(const Ngram *m, const Text *text, Level level, const int *ids, int count);

/* The chain rule, symbol by symbol, on a document that was held out (or on the beginning of a long
 * one). */
void print_chain_rule(const Ngram *m, const Text *text, Level level);

/* Perplexities by order and smoothing, with all and with little text. truth: nats per symbol of the
 * best possible model, or NAN. */
void print_table(const Result *results, int count, Level level, double truth);

/* What each order gives a text. arpa: the file that the only model was read from, or NULL. */
void print_eval(const Result *results, int count, const char *path, const char *arpa, Level level);

void print_recall(const Recall *r, int order);

/* {"order": 5, "perplexity": ..., ...}. What was not measured, or is infinite, is null. */
cJSON *result_json(const Result *r);
cJSON *smoothings_json(const Result *results, int count);
cJSON *score_json(const NgramScore *s);
cJSON *text_json(const Text *text, const char *name);
cJSON *truth_json(double truth, const Recall *r);

#endif
