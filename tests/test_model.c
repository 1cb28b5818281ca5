/* test_model.c: a model's directory: what is written, and what is refused. */
#include <sys/stat.h>

#include "model.h"
#include "run.h"
#include "suite.h"

static const TransformerShape shape = {2, 3, 12, 7, 4};
static const char *const symbols[] = {"\n", "a", "\xe4\xb8\xad", "\""};

static void in_new_directory(char dir[32])
{
    strcpy(dir, "/tmp/test_model_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_directory(const char *dir)
{
    const char *files[] = {"model.safetensors", "config.json", "vocab.json"};
    char path[128];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(dir), 0);
}

static void save_model(const char *dir, Documents documents)
{
    Vocabulary v;
    vocabulary_make(&v, (char *const *)symbols, 4, documents == TEXT_LINES ? 0 : -1);
    Transformer *t = transformer_new(&shape, 5);
    ck_assert(model_save(dir, t, &v, documents, NULL));
    transformer_free(t);
    vocabulary_free(&v);
}

static bool write_string(FILE *out, void *text)
{
    return fputs(text, out) >= 0;
}

static void put_file(const char *dir, const char *file, const char *text)
{
    char path[128], copy[1024];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    snprintf(copy, sizeof copy, "%s", text);
    ck_assert(file_replace(path, write_string, copy, NULL));
}

START_TEST(a_model_comes_back_as_it_was)
{
    for (int d = 0; d < 2; d++) {
        char dir[32];
        in_new_directory(dir);
        save_model(dir, (Documents)d);
        Transformer *same = transformer_new(&shape, 5), *t;
        Vocabulary v;
        Documents documents;
        Error err;
        ck_assert_msg(model_load(dir, &t, &v, &documents, &err), "%s", err.text);
        ck_assert_int_eq(documents, d);
        ck_assert_int_eq(v.size, 4);
        ck_assert_int_eq(v.end, d == TEXT_LINES ? 0 : -1);
        for (int i = 0; i < 4; i++) ck_assert_str_eq(v.symbol[i], symbols[i]);
        ck_assert_mem_eq(&t->shape, &shape, sizeof shape);
        ck_assert_mem_eq(t->weights.base, same->weights.base, t->size * sizeof(real));
        transformer_free(t);
        transformer_free(same);
        vocabulary_free(&v);
        remove_directory(dir);
    }
}
END_TEST

/* Three files make a model: where one can't be written, none is said to be saved. */
START_TEST(a_model_is_saved_with_all_of_its_files_or_not)
{
    static const char *const files[] = {"model.safetensors", "config.json", "vocab.json"};
    Vocabulary v;
    vocabulary_make(&v, (char *const *)symbols, 4, 0);
    Transformer *t = transformer_new(&shape, 5);
    for (int i = 0; i < 3; i++) {
        char dir[32], path[64], wanted[128];
        Error err;
        in_new_directory(dir);
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        snprintf(wanted, sizeof wanted, "can't write %s: Is a directory", path);
        ck_assert_int_eq(mkdir(path, 0777), 0);
        ck_assert(!model_save(dir, t, &v, TEXT_LINES, &err));
        ck_assert_str_eq(err.text, wanted);
        ck_assert_int_eq(rmdir(path), 0);
        remove_directory(dir);
    }
    transformer_free(t);
    vocabulary_free(&v);
}
END_TEST

START_TEST(a_weight_that_is_no_number_is_refused_by_its_place)
{
    const real none[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        char dir[32], path[128];
        in_new_directory(dir);
        save_model(dir, TEXT_LINES);
        Transformer *t = transformer_new(&shape, 5);
        Vocabulary v;
        Documents documents;
        Error err;
        Tensor tensors[64];
        int count = transformer_tensors(t, tensors);
        mat_row(t->p.wpe, 4)[11] = none[i];
        snprintf(path, sizeof path, "%s/model.safetensors", dir);
        ck_assert(checkpoint_save(path, tensors, count, NULL, &err));
        transformer_free(t);
        ck_assert(!model_load(dir, &t, &v, &documents, &err));
        const char *part = i ? "\"wpe.weight\" holds inf at row 4, column 11: train anew"
                             : "\"wpe.weight\" holds nan at row 4, column 11: train anew";
        ck_assert_msg(strstr(err.text, part), "%s", err.text);
        remove_directory(dir);
    }
}
END_TEST

START_TEST(the_weights_are_counted_without_the_room_between_them)
{
    TransformerShape odd = {3, 2, 6, 5, 7};
    Transformer *t = transformer_new(&odd, 1);
    Tensor tensors[64];
    int count = transformer_tensors(t, tensors);
    double weights = 0;
    for (int i = 0; i < count; i++) weights += tensors[i].m.rows * tensors[i].m.cols;
    ck_assert(model_weights(&odd) == weights);
    transformer_free(t);
}
END_TEST

START_TEST(config_is_that_of_a_gpt2)
{
    char dir[32], path[128], text[2048] = {0};
    in_new_directory(dir);
    save_model(dir, TEXT_LINES);
    snprintf(path, sizeof path, "%s/config.json", dir);
    FILE *in = fopen(path, "rb");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, in), 10);
    fclose(in);
    cJSON *j = cJSON_Parse(text);
    ck_assert_str_eq(cJSON_GetObjectItem(j, "model_type")->valuestring, "gpt2");
    ck_assert_str_eq(cJSON_GetObjectItem(j, "activation_function")->valuestring, "gelu_new");
    ck_assert_int_eq(cJSON_GetObjectItem(j, "n_embd")->valueint, 12);
    ck_assert_int_eq(cJSON_GetObjectItem(j, "n_positions")->valueint, 7);
    ck_assert_int_eq(cJSON_GetObjectItem(j, "eos_token_id")->valueint, 0);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(j, "tie_word_embeddings")));
    cJSON_Delete(j);
    remove_directory(dir);
}
END_TEST

/* After one file of a good directory was changed, loading fails and says `part`. */
static void check_refused(const char *file, const char *text, const char *part)
{
    char dir[32];
    in_new_directory(dir);
    save_model(dir, TEXT_LINES);
    put_file(dir, file, text);
    Transformer *t;
    Vocabulary v;
    Documents documents;
    Error err;
    ck_assert_msg(!model_load(dir, &t, &v, &documents, &err), "loaded in spite of %s", text);
    ck_assert_msg(strstr(err.text, part), "'%s' does not say '%s'", err.text, part);
    remove_directory(dir);
}

START_TEST(directories_that_hold_no_model_are_refused_with_a_sentence)
{
    check_refused("config.json", "[1]", "is not a JSON object");
    check_refused("config.json", "{\"model_type\": \"bert\"}", "only \"gpt2\"");
    check_refused("config.json", "{\"activation_function\": \"relu\"}", "\"gelu_new\"");
    check_refused("config.json", "{\"layer_norm_epsilon\": 0.5}", "only 1e-05 is known");
    check_refused("config.json", "{\"scale_attn_weights\": false}",
                  "says that \"scale_attn_weights\" is false: only true is known");
    check_refused("config.json", "{\"tie_word_embeddings\": false}",
                  "says that \"tie_word_embeddings\" is false: only true is known");
    check_refused("config.json",
                  "{\"n_layer\": 2, \"n_head\": 3, \"n_embd\": 12, \"n_positions\": 7, "
                  "\"vocab_size\": 4, \"documents\": \"words\"}",
                  "\"documents\" must be \"lines\" or \"stream\"");
    check_refused("config.json",
                  "{\"n_layer\": 1, \"n_head\": 3, \"n_embd\": 12, \"n_positions\": 7, "
                  "\"vocab_size\": 4}",
                  "has more layers than the 1 of config.json");
    check_refused("config.json", "{\"n_layer\": 2}", "has no \"n_head\"");
    check_refused("config.json", "{\"n_layer\": 2.5}", "must be a whole number");
    check_refused("config.json", "{\"n_layer\": 0}", "must be a whole number");
    check_refused("config.json", "{\"n_layer\": 16777217}", "must be a whole number");
    check_refused("config.json", "{\"n_layer\": 1}", "has no \"n_head\"");
    check_refused("config.json", "{\"n_layer\": 16777216}", "has no \"n_head\"");
    const char *shapes =
        "{\"n_layer\":%d,\"n_head\":%d,\"n_embd\":12,\"n_positions\":7,\"vocab_size\":%d}";
    char text[256];
    snprintf(text, sizeof text, shapes, 2, 5, 4);
    check_refused("config.json", text, "can't be shared by 5 heads");
    snprintf(text, sizeof text, shapes, 2, 3, 5);
    check_refused("config.json", text, "vocab.json has 4 symbols");
    snprintf(text, sizeof text, shapes, 3, 3, 4);
    check_refused("config.json", text, "h.2.");
    check_refused("vocab.json", "{\"\\n\": 0, \"a\": 7}", "vocab.json");
    check_refused("model.safetensors", "short", "model.safetensors");
    Transformer *t;
    Vocabulary v;
    Documents documents;
    Error err;
    ck_assert(!model_load("/tmp/no such directory", &t, &v, &documents, &err));
    ck_assert_ptr_nonnull(
        strstr(err.text, "directory/config.json is missing (./chapter2 trains one)"));
}
END_TEST

static cJSON *config_of(Documents documents)
{
    char dir[32], path[128], text[2048] = {0};
    in_new_directory(dir);
    save_model(dir, documents);
    snprintf(path, sizeof path, "%s/config.json", dir);
    FILE *in = fopen(path, "rb");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, in), 10);
    fclose(in);
    remove_directory(dir);
    return cJSON_Parse(text);
}

START_TEST(a_stream_has_no_end_symbol_in_its_config)
{
    cJSON *j = config_of(TEXT_STREAM);
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(j, "eos_token_id")));
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(j, "bos_token_id")));
    ck_assert_str_eq(cJSON_GetObjectItem(j, "documents")->valuestring, "stream");
    cJSON_Delete(j);
}
END_TEST

START_TEST(every_number_of_the_config_is_the_models)
{
    static const struct {
        const char *key;
        double value;
    } numbers[] = {{"n_layer", 2},      {"n_head", 3},
                   {"n_embd", 12},      {"n_positions", 7},
                   {"n_ctx", 7},        {"vocab_size", 4},
                   {"resid_pdrop", 0},  {"embd_pdrop", 0},
                   {"attn_pdrop", 0},   {"layer_norm_epsilon", 1e-5},
                   {"bos_token_id", 0}, {"eos_token_id", 0}};
    cJSON *j = config_of(TEXT_LINES);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const cJSON *item = cJSON_GetObjectItem(j, numbers[i].key);
        ck_assert_msg(cJSON_IsNumber(item) && item->valuedouble == numbers[i].value, "%s",
                      numbers[i].key);
    }
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(j, "scale_attn_weights")));
    const cJSON *architectures = cJSON_GetObjectItem(j, "architectures");
    ck_assert_int_eq(cJSON_GetArraySize(architectures), 1);
    ck_assert_str_eq(cJSON_GetArrayItem(architectures, 0)->valuestring, "GPT2LMHeadModel");
    ck_assert_str_eq(cJSON_GetObjectItem(j, "documents")->valuestring, "lines");
    cJSON_Delete(j);
}
END_TEST

/* Two bytes a weight are the least that any format has. */
START_TEST(a_file_too_short_for_its_weights_is_refused_before_they_are_made)
{
    char dir[32], path[128], expected[128];
    in_new_directory(dir);
    save_model(dir, TEXT_LINES);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    Transformer *whole = transformer_new(&shape, 5), *t;
    Tensor tensors[64];
    Vocabulary v;
    Documents documents;
    Error err;
    size_t weights = 0;
    for (int i = transformer_tensors(whole, tensors) - 1; i >= 0; i--)
        weights += (size_t)tensors[i].m.rows * (size_t)tensors[i].m.cols;
    snprintf(expected, sizeof expected, "%zu bytes, too few for the %zu weights", 2 * weights - 1,
             weights);
    ck_assert_int_eq(truncate(path, (off_t)(2 * weights - 1)), 0);
    ck_assert(!model_load(dir, &t, &v, &documents, &err));
    ck_assert_msg(strstr(err.text, expected) && t == NULL, "%s", err.text);
    save_model(dir, TEXT_LINES);
    ck_assert_int_eq(truncate(path, (off_t)(2 * weights)), 0);
    ck_assert(!model_load(dir, &t, &v, &documents, &err));
    ck_assert_msg(!strstr(err.text, "too few for the"), "%s", err.text);
    transformer_free(whole);
    remove_directory(dir);
}
END_TEST

START_TEST(what_is_no_json_is_named_by_its_place)
{
    check_refused("config.json", "{\"n_layer\": 2", "config.json is not JSON near byte offset");
    check_refused("config.json", "{\"n_layer\": \"\xff\"}", "config.json is not UTF-8 text");
    check_refused("vocab.json", "{\"a\": 0", "vocab.json is not JSON near byte offset");
}
END_TEST

static const TTest *const tests[] = {
    a_model_comes_back_as_it_was,
    a_model_is_saved_with_all_of_its_files_or_not,
    a_weight_that_is_no_number_is_refused_by_its_place,
    the_weights_are_counted_without_the_room_between_them,
    config_is_that_of_a_gpt2,
    directories_that_hold_no_model_are_refused_with_a_sentence,
    a_stream_has_no_end_symbol_in_its_config,
    every_number_of_the_config_is_the_models,
    a_file_too_short_for_its_weights_is_refused_before_they_are_made,
    what_is_no_json_is_named_by_its_place,
    NULL};
RUN_TESTS("model", tests)
