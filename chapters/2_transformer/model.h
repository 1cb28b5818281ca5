/* model.h: a transformer and its symbols in a directory, as Hugging Face keeps GPT-2:
 *
 *   model.safetensors   the weights under GPT-2's names
 *   config.json         the shape, for GPT2LMHeadModel
 *   vocab.json          symbol -> id
 *
 * so GPT2LMHeadModel.from_pretrained(DIR) loads it as it is. */
#ifndef MODEL_H
#define MODEL_H

#include "text.h"
#include "transformer.h"

/* documents: how the model's documents end, kept in config.json. Writes into an existing directory,
 * each file through a temporary name. */
bool model_save(const char *dir, const Transformer *t, const Vocabulary *v, Documents documents,
                Error *err);

/* Numbers in the weights of a model of this shape: embeddings, L blocks of four matrices, four
 * biases and two layer norms, and the last layer norm. A double, which no config.json overflows. */
double model_weights(const TransformerShape *s);

/* On success *t and *v belong to the caller. A missing file, a config.json of another architecture,
 * or tensors of another shape: one sentence. */
bool model_load(const char *dir, Transformer **t, Vocabulary *v, Documents *documents, Error *err);

#endif
