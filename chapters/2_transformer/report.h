/* report.h: what chapter 2 says and writes about a trained model. */
#ifndef TRANSFORMER_REPORT_H
#define TRANSFORMER_REPORT_H

#include <cjson/cJSON.h>

#include "run.h"
#include "sequences.h"
#include "yardstick.h"

/* Prints the losses side by side: uniform, best n-gram, transformer, truth. */
void report_scores(const Yardstick *y, Score transformer);

/* j[name] = {nats_per_symbol, bits_per_symbol, ...} */
void report_json(cJSON *j, const char *name, Score s);

/* attention.csv: what each head of each layer reads at every position of window 0 (weights of 0.01
 * and more), and attention_words.csv: where its words begin. For plots/chapter2_attention.gp. */
bool report_attention(Run *run, const Transformer *t, const Windows *w, const Vocabulary *v,
                      Error *err);

/* A JSON list for each window: the id that is read first, then the ids that are predicted. */
bool report_ids(const char *path, const Windows *w, Error *err);

#endif
