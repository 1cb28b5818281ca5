/* model.c: any bytes as the three files of a model's directory: config.json, vocab.json and
 * model.safetensors, with a line "===" after each of the first two. What is accepted is saved and
 * read back to the same weights. */
#include "../../chapters/2_transformer/model.h"

#include <sys/stat.h>

#include "fuzz.h"

/* Writes the bytes up to the next "\n===\n" into the file; returns what follows. */
static const uint8_t *model_part(const char *file, const uint8_t *bytes, const uint8_t *end)
{
    static const char cut[] = "\n===\n";
    const uint8_t *stop = end > bytes ? memmem(bytes, (size_t)(end - bytes), cut, 5) : NULL;
    fuzz_file(file, bytes, (size_t)((stop ? stop : end) - bytes));
    return stop ? stop + 5 : end;
}

FUZZ_TARGET(model)
{
    Error err = {""};
    Transformer *t = NULL, *same = NULL;
    Vocabulary v, w;
    Documents documents, again;
    const uint8_t *end = bytes + size, *at = model_part("config.json", bytes, end);
    at = model_part("vocab.json", at, end);
    fuzz_file("model.safetensors", at, (size_t)(end - at));
    if (!model_load(fuzz_dir, &t, &v, &documents, &err)) {
        fuzz_check_sentence(&err);
        return;
    }
    const char *dir = fuzz_path("saved");
    mkdir(dir, 0777);
    REQUIRE(model_save(dir, t, &v, documents, &err), "%s", err.text);
    REQUIRE(model_load(dir, &same, &w, &again, &err), "%s", err.text);
    REQUIRE(again == documents && w.size == v.size && same->size == t->size, "another model");
    REQUIRE(memcmp(same->weights.base, t->weights.base, t->size * sizeof(real)) == 0,
            "other weights");
    transformer_free(t), transformer_free(same);
    vocabulary_free(&v), vocabulary_free(&w);
}
