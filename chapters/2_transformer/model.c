/* model.c: see model.h. */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

enum { PATH = 1024 };

static void join(char path[PATH], const char *dir, const char *file)
{
    snprintf(path, PATH, "%s/%s", dir, file);
}

/* ---- config.json -------------------------------------------------------------------------- */

static cJSON *config_json(const TransformerShape *s, const Vocabulary *v, Documents documents)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "model_type", "gpt2");
    const char *architecture = "GPT2LMHeadModel";
    cJSON_AddItemToObject(j, "architectures", cJSON_CreateStringArray(&architecture, 1));
    cJSON_AddNumberToObject(j, "n_layer", s->layers);
    cJSON_AddNumberToObject(j, "n_head", s->heads);
    cJSON_AddNumberToObject(j, "n_embd", s->channels);
    cJSON_AddNumberToObject(j, "n_positions", s->context);
    cJSON_AddNumberToObject(j, "n_ctx", s->context);
    cJSON_AddNumberToObject(j, "vocab_size", s->vocabulary);
    cJSON_AddStringToObject(j, "activation_function", "gelu_new");
    cJSON_AddNumberToObject(j, "layer_norm_epsilon", 1e-5);
    cJSON_AddBoolToObject(j, "scale_attn_weights", true);
    cJSON_AddBoolToObject(j, "tie_word_embeddings", true);
    for (int i = 0; i < 3; i++) {
        static const char *const dropout[] = {"resid_pdrop", "embd_pdrop", "attn_pdrop"};
        cJSON_AddNumberToObject(j, dropout[i], 0);
    }
    for (int i = 0; i < 2; i++) {
        const char *key = i ? "eos_token_id" : "bos_token_id";
        if (v->end >= 0)
            cJSON_AddNumberToObject(j, key, v->end);
        else
            cJSON_AddNullToObject(j, key);
    }
    cJSON_AddStringToObject(j, "documents", documents == TEXT_LINES ? "lines" : "stream");
    return j;
}

enum { MOST = 1 << 24 };

/* A whole number of the config, from 1 to MOST. */
static bool read_count(const cJSON *j, const char *path, const char *key, int *value, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(j, key);
    if (!item)
        return error_set(err, "%s has no \"%s\": is it the config.json of a GPT-2?", path, key);
    double x = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (!(x >= 1 && x <= MOST && x == floor(x)))
        return error_set(err, "%s: \"%s\" must be a whole number from 1 to %d", path, key, MOST);
    *value = (int)x;
    return true;
}

static bool read_shape(const cJSON *j, const char *path, TransformerShape *s, Error *err)
{
    Error why;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(j, "model_type");
    if (cJSON_IsString(type) && strcmp(type->valuestring, "gpt2") != 0)
        return error_set(err, "%s describes a \"%s\": only \"gpt2\" can be loaded", path,
                         type->valuestring);
    const cJSON *act = cJSON_GetObjectItemCaseSensitive(j, "activation_function");
    if (cJSON_IsString(act) && strcmp(act->valuestring, "gelu_new") != 0)
        return error_set(err, "%s wants the activation \"%s\": only \"gelu_new\" is known", path,
                         act->valuestring);
    const cJSON *epsilon = cJSON_GetObjectItemCaseSensitive(j, "layer_norm_epsilon");
    if (cJSON_IsNumber(epsilon) && epsilon->valuedouble != 1e-5)
        return error_set(err, "%s wants a layer_norm_epsilon of %g: only 1e-05 is known", path,
                         epsilon->valuedouble);
    static const char *const on[] = {"scale_attn_weights", "tie_word_embeddings"};
    for (int i = 0; i < 2; i++)
        if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(j, on[i])))
            return error_set(err, "%s says that \"%s\" is false: only true is known", path, on[i]);
    return read_count(j, path, "n_layer", &s->layers, err) &&
           read_count(j, path, "n_head", &s->heads, err) &&
           read_count(j, path, "n_embd", &s->channels, err) &&
           read_count(j, path, "n_positions", &s->context, err) &&
           read_count(j, path, "vocab_size", &s->vocabulary, err) &&
           (shape_check(s, &why) || error_set(err, "%s: %s", path, why.text));
}

/* A config.json that doesn't say, as GPT-2's own, is of lines. */
static bool read_documents(const cJSON *j, const char *path, Documents *documents, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(j, "documents");
    const char *word = !item ? "lines" : cJSON_IsString(item) ? item->valuestring : "";
    *documents = strcmp(word, "stream") == 0 ? TEXT_STREAM : TEXT_LINES;
    return *documents == TEXT_STREAM || strcmp(word, "lines") == 0 ||
           error_set(err, "%s: \"documents\" must be \"lines\" or \"stream\"", path);
}

static bool read_config(const char *path, TransformerShape *s, Documents *documents, Error *err)
{
    cJSON *config = file_read_json(path, err);
    if (!config) return false;
    bool good = cJSON_IsObject(config) ||
                error_set(err, "%s is not a JSON object: train again to write it anew", path);
    good = good && read_shape(config, path, s, err) && read_documents(config, path, documents, err);
    cJSON_Delete(config);
    return good;
}

/* ---- the directory ------------------------------------------------------------------------ */

bool model_save(const char *dir, const Transformer *t, const Vocabulary *v, Documents documents,
                Error *err)
{
    char path[PATH];
    int count = transformer_tensors(t, NULL);
    Tensor *tensors = NEW(Tensor, count);
    transformer_tensors(t, tensors);
    cJSON *metadata = cJSON_CreateObject(), *config = config_json(&t->shape, v, documents);
    cJSON_AddStringToObject(metadata, "format", "pt"); /* asked for by Hugging Face's loader */

    join(path, dir, "model.safetensors");
    bool good = checkpoint_save(path, tensors, count, metadata, err);
    join(path, dir, "config.json");
    good = good && file_replace_json(path, config, err);
    join(path, dir, "vocab.json");
    good = good && vocabulary_save(v, path, err);
    cJSON_Delete(metadata);
    cJSON_Delete(config);
    free(tensors);
    return good;
}

double model_weights(const TransformerShape *s)
{
    double C = s->channels;
    return (s->vocabulary + s->context) * C + s->layers * (12 * C * C + 13 * C) + 2 * C;
}

/* A config.json can promise any size: before that is allocated, the file must have its bytes, two a
 * number at least. */
static bool weights_are_there(const char *path, const TransformerShape *s, Error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(err, "%s can't be opened: %s; check the path", path, strerror(errno));
    return (double)info.st_size >= 2 * model_weights(s) ||
           error_set(err,
                     "%s has %lld bytes, too few for the %.0f weights that config.json beside it "
                     "asks for: it is cut short, or they are of two models",
                     path, (long long)info.st_size, model_weights(s));
}

/* A NaN would spread to everything that the model says, and a weight far beyond any that is learnt
 * would overflow in its products. */
static bool all_sane(const char *path, const Tensor *t, Error *err)
{
    for (int i = 0; i < t->m.rows; i++)
        for (int j = 0; j < t->m.cols; j++)
            if (!(fabs((double)mat_row(t->m, i)[j]) <= WEIGHTS_MAX))
                return error_set(err, "%s: tensor \"%s\" holds %g at row %d, column %d: train anew",
                                 path, t->name, (double)mat_row(t->m, i)[j], i, j);
    return true;
}

static bool load_weights(const char *path, Transformer *t, Error *err)
{
    int count = transformer_tensors(t, NULL);
    Tensor *tensors = NEW(Tensor, count);
    transformer_tensors(t, tensors);
    char beyond[32];
    snprintf(beyond, sizeof beyond, "h.%d.ln_1.weight", t->shape.layers);
    bool good = checkpoint_load(path, tensors, count, NULL, err);
    if (good && checkpoint_holds(path, beyond))
        good = error_set(err,
                         "%s has more layers than the %d of config.json beside it: they are "
                         "of two models",
                         path, t->shape.layers);
    for (int i = 0; good && i < count; i++) good = all_sane(path, &tensors[i], err);
    free(tensors);
    return good;
}

bool model_load(const char *dir, Transformer **t, Vocabulary *v, Documents *documents, Error *err)
{
    char path[PATH];
    TransformerShape shape;
    if (access(dir, F_OK) == 0 && !is_directory(dir))
        return error_set(err, "%s is a file: give the directory that it is in", dir);
    join(path, dir, "config.json");
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return error_set(err, "there is no model in %s, for %s is missing (./chapter2 trains one)",
                         dir, path);
    if (!read_config(path, &shape, documents, err)) return false;
    join(path, dir, "vocab.json");
    if (!vocabulary_load(v, path, *documents, err)) return false;
    if (v->size != shape.vocabulary) {
        error_set(err,
                  "%s has %d symbols and config.json beside it says %d: they are of two models",
                  path, v->size, shape.vocabulary);
        vocabulary_free(v);
        return false;
    }
    join(path, dir, "model.safetensors");
    if (weights_are_there(path, &shape, err)) {
        *t = transformer_new(&shape, 0);
        if (load_weights(path, *t, err)) return true;
        transformer_free(*t);
    }
    vocabulary_free(v);
    *t = NULL;
    return false;
}
