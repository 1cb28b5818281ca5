/* vocabulary.c: symbols and their ids; declared in text.h.
 *
 * An open-addressing hash table from bytes to id: slots hold id + 1, 0 is free, and at least half
 * of them are free. Symbols are only ever added, so an id never changes. */
#include "text.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* FNV-1a (Fowler, Noll and Vo 1991), its high half folded in because slots are taken by low bits */
static uint64_t hash(const char *bytes, size_t length)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

/* The slot that holds these bytes, or the free one where they belong. */
static int slot_of(const Vocabulary *v, const char *bytes, size_t length)
{
    uint64_t mask = (uint64_t)v->slot_count - 1;
    uint64_t at = hash(bytes, length) & mask;
    for (; v->slots[at]; at = (at + 1) & mask) {
        const char *symbol = v->symbol[v->slots[at] - 1];
        if (strlen(symbol) == length && memcmp(symbol, bytes, length) == 0) break;
    }
    return (int)at;
}

int vocabulary_find(const Vocabulary *v, const char *bytes, size_t length)
{
    if (v->slot_count == 0) return SYMBOL_UNKNOWN;
    int held = v->slots[slot_of(v, bytes, length)];
    return held ? held - 1 : SYMBOL_UNKNOWN;
}

/* Twice the room, for symbols and for slots. */
static void grow(Vocabulary *v)
{
    REQUIRE(v->slot_count <= 1 << 29, "a vocabulary of %d symbols is full", v->size);
    v->slot_count = v->slot_count ? 2 * v->slot_count : 64;
    v->symbol = must_realloc(v->symbol, (size_t)v->slot_count / 2, sizeof *v->symbol);
    free(v->slots);
    v->slots = NEW(int, v->slot_count);
    for (int id = 0; id < v->size; id++) {
        v->slots[slot_of(v, v->symbol[id], strlen(v->symbol[id]))] = id + 1;
    }
}

int vocabulary_add(Vocabulary *v, const char *bytes, size_t length)
{
    int id = vocabulary_find(v, bytes, length);
    if (id != SYMBOL_UNKNOWN) return id;
    if (v->size == v->slot_count / 2) grow(v);
    id = v->size++;
    v->slots[slot_of(v, bytes, length)] = id + 1;
    v->symbol[id] = NEW(char, length + 1);
    memcpy(v->symbol[id], bytes, length);
    return id;
}

void vocabulary_make(Vocabulary *v, char *const *symbols, int count, int end)
{
    *v = (Vocabulary){.end = end};
    for (int id = 0; id < count; id++) {
        int given = vocabulary_add(v, symbols[id], strlen(symbols[id]));
        REQUIRE(given == id, "symbol %d, \"%s\", is there already, as %d", id, symbols[id], given);
    }
}

void vocabulary_free(Vocabulary *v)
{
    for (int id = 0; id < v->size; id++) free(v->symbol[id]);
    free(v->symbol);
    free(v->slots);
    *v = (Vocabulary){.end = -1};
}

/* --- vocab.json ------------------------------------------------------------------------------- */

bool vocabulary_save(const Vocabulary *v, const char *path, Error *err)
{
    cJSON *json = cJSON_CreateObject();
    for (int id = 0; id < v->size; id++) cJSON_AddNumberToObject(json, v->symbol[id], id);
    char *text = cJSON_PrintUnformatted(json);
    REQUIRE(text, "no memory for a vocabulary of %d symbols", v->size);
    bool ok = file_replace_text(path, text, err);
    cJSON_free(text);
    cJSON_Delete(json);
    return ok;
}

/* Sorts the object's n symbols by id: symbols[id]. Every id 0 .. n-1 must be there once. */
static bool symbols_by_id(char **symbols, int n, const cJSON *json, const char *path, Error *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (!item->string || !item->string[0])
            return error_set(err, "%s has an empty symbol: train again to write it anew", path);
        double id = cJSON_IsNumber(item) ? item->valuedouble : -1;
        if (!(id >= 0 && id < n) || id != (int)id)
            return error_set(err,
                             "%s: the symbol \"%.40s\" has no id from 0 to %d (the number of "
                             "symbols less 1): train again to write it anew",
                             path, item->string, n - 1);
        if (symbols[(int)id])
            return error_set(err,
                             "%s: the symbols \"%.40s\" and \"%.40s\" have the same id %d: train "
                             "again to write it anew",
                             path, symbols[(int)id], item->string, (int)id);
        symbols[(int)id] = item->string;
    }
    return true;
}

/* As vocabulary_make, but a symbol that comes twice is the file's mistake. */
static bool make_checked(Vocabulary *v, char **symbols, int n, Documents documents,
                         const char *path, Error *err)
{
    if (documents == TEXT_LINES && strcmp(symbols[0], "\n") != 0)
        return error_set(err,
                         "%s has no end symbol: id 0 is \"%.40s\" and not the newline; train "
                         "again to write it anew",
                         path, symbols[0]);
    *v = (Vocabulary){.end = documents == TEXT_LINES ? 0 : -1};
    for (int id = 0; id < n; id++) {
        if (vocabulary_add(v, symbols[id], strlen(symbols[id])) == id) continue;
        vocabulary_free(v);
        return error_set(err,
                         "%s: the symbol \"%.40s\" is there twice: train again to write it anew",
                         path, symbols[id]);
    }
    return true;
}

static bool from_json(Vocabulary *v, const cJSON *json, Documents documents, const char *path,
                      Error *err)
{
    int n = cJSON_IsObject(json) ? cJSON_GetArraySize(json) : 0;
    if (n == 0)
        return error_set(err,
                         "%s is not a vocabulary: it must be an object such as {\"a\": 0, \"b\": "
                         "1}; train again to write it anew",
                         path);
    char **symbols = NEW(char *, n);
    bool ok = symbols_by_id(symbols, n, json, path, err) &&
              make_checked(v, symbols, n, documents, path, err);
    free(symbols);
    return ok;
}

bool vocabulary_load(Vocabulary *v, const char *path, Documents documents, Error *err)
{
    *v = (Vocabulary){.end = -1};
    cJSON *json = file_read_json(path, err);
    bool ok = json && from_json(v, json, documents, path, err);
    cJSON_Delete(json);
    return ok;
}
