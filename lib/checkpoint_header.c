/* checkpoint_header.c: reads the header of a safetensors file and believes nothing it says.
 *
 * Every refusal names the file, the tensor and the byte of the file, counted from 0. Format:
 * safetensors documentation, Hugging Face, 2023. */
#include "checkpoint_header.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "utf8.h"

#define DAMAGED "the file is damaged or cut short; save it anew"

enum { HEADER_MAX = 100 * 1000 * 1000 }; /* bytes; the format's own limit */

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"F64", 8},     {"F32", 4},     {"F16", 2}, {"BF16", 2}, {"I64", 8},
              {"U64", 8},     {"I32", 4},     {"U32", 4}, {"I16", 2},  {"U16", 2},
              {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};

enum { DTYPE_COUNT = sizeof dtypes / sizeof *dtypes };

size_t dtype_bytes(int dtype)
{
    return dtypes[dtype].bytes;
}

const char *dtype_name(int dtype)
{
    return dtypes[dtype].name;
}

uint64_t get_little_endian(const unsigned char *from, size_t bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++) bits |= (uint64_t)from[i] << 8 * i;
    return bits;
}

bool metadata_is_valid(const cJSON *metadata)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item)) return false;
    }
    return cJSON_IsObject(metadata);
}

const char *shape_text(char text[256], const uint64_t *shape, int dims)
{
    int n = sprintf(text, "[");
    for (int i = 0; i < dims; i++) {
        n += sprintf(text + n, "%s%llu", i ? ", " : "", (unsigned long long)shape[i]);
    }
    sprintf(text + n, "]");
    return text;
}

/* --- one tensor ------------------------------------------------------------------------------- */

/* A whole number below 2^53: cJSON's numbers are doubles, and there these are exact. */
static bool whole(const cJSON *json, uint64_t *value)
{
    double x = cJSON_IsNumber(json) ? json->valuedouble : -1;
    if (!(x >= 0 && x < 9007199254740992.0) || x != floor(x)) return false;
    *value = (uint64_t)x;
    return true;
}

static bool read_dtype(Entry *e, const cJSON *json, const char *path, Error *err)
{
    const char *name = cJSON_IsString(json) ? json->valuestring : "none";
    for (e->dtype = 0; e->dtype < DTYPE_COUNT; e->dtype++) {
        if (strcmp(name, dtypes[e->dtype].name) == 0) return true;
    }
    return error_set(err, "%s: tensor \"%.95s\" has the unknown dtype \"%.20s\": save it as F32",
                     path, e->name, name);
}

static bool read_shape(Entry *e, const cJSON *json, const char *path, Error *err)
{
    e->dims = cJSON_GetArraySize(json);
    bool ok = cJSON_IsArray(json) && e->dims <= SHAPE_MAX;
    const cJSON *item = ok ? json->child : NULL;
    for (int i = 0; item; i++, item = item->next) ok = whole(item, &e->shape[i]) && ok;
    return ok ||
           error_set(err,
                     "%s: tensor \"%.95s\" has no \"shape\" of at most %d whole numbers; " DAMAGED,
                     path, e->name, SHAPE_MAX);
}

/* Offsets count from the byte `data`; the numbers must lie within the file's `size` bytes. */
static bool read_range(Entry *e, const cJSON *json, uint64_t data, uint64_t size, const char *path,
                       Error *err)
{
    bool ok = cJSON_IsArray(json) && cJSON_GetArraySize(json) == 2 &&
              whole(json->child, &e->begin) && whole(json->child->next, &e->end);
    if (!ok)
        return error_set(
            err, "%s: tensor \"%.95s\" has no \"data_offsets\" of two whole numbers; " DAMAGED,
            path, e->name);
    e->begin += data;
    e->end += data;
    if (e->end > size)
        return error_set(
            err,
            "%s: tensor \"%.95s\" would end at byte %llu, but the file has %llu bytes: " DAMAGED,
            path, e->name, (unsigned long long)e->end, (unsigned long long)size);
    return e->begin <= e->end ||
           error_set(err,
                     "%s: tensor \"%.95s\" would end at byte %llu, before it begins at byte "
                     "%llu: " DAMAGED,
                     path, e->name, (unsigned long long)e->end, (unsigned long long)e->begin);
}

/* bytes of the range = bytes of a number x product of the shape */
static bool shape_fills_range(const Entry *e, const char *path, Error *err)
{
    uint64_t need = dtype_bytes(e->dtype);
    bool fits = true, none = false;
    for (int i = 0; i < e->dims; i++) {
        none = none || e->shape[i] == 0;
        fits = fits && !__builtin_mul_overflow(need, e->shape[i], &need);
    }
    char text[256];
    return (none ? e->end == e->begin : fits && need == e->end - e->begin) ||
           error_set(err,
                     "%s: tensor \"%.95s\" of shape %s and dtype %s does not fill its %llu bytes "
                     "from byte %llu: " DAMAGED,
                     path, e->name, shape_text(text, e->shape, e->dims), dtype_name(e->dtype),
                     (unsigned long long)(e->end - e->begin), (unsigned long long)e->begin);
}

static bool read_entry(Entry *e, const cJSON *json, uint64_t data, uint64_t size, const char *path,
                       Error *err)
{
    e->name = json->string;
    if (cJSON_GetArraySize(json) != 3) /* so none of the three is there twice */
        return error_set(err,
                         "%s: tensor \"%.95s\" needs a \"dtype\", a \"shape\" and "
                         "\"data_offsets\", and nothing else; " DAMAGED,
                         path, e->name);
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(json, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(json, "shape");
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(json, "data_offsets");
    return read_dtype(e, dtype, path, err) && read_shape(e, shape, path, err) &&
           read_range(e, range, data, size, path, err) && shape_fills_range(e, path, err);
}

/* --- all tensors ------------------------------------------------------------------------------ */

static int by_offset(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name);
}

/* In order of offset, each tensor begins where the one before it ends. */
static bool entries_tile(Header *h, uint64_t data, uint64_t size, const char *path, Error *err)
{
    uint64_t at = data;
    if (h->count) qsort(h->entries, (size_t)h->count, sizeof *h->entries, by_offset);
    for (int i = 0; i < h->count; i++) {
        const Entry *e = &h->entries[i];
        if (e->begin != at)
            return error_set(
                err,
                "%s: tensor \"%.95s\" begins at byte %llu and not at byte %llu, it %s: " DAMAGED,
                path, e->name, (unsigned long long)e->begin, (unsigned long long)at,
                e->begin < at ? "overlaps another tensor" : "leaves a hole before it");
        at = e->end;
    }
    return at == size ||
           error_set(err,
                     "%s: the last tensor ends at byte %llu, but the file has %llu bytes: " DAMAGED,
                     path, (unsigned long long)at, (unsigned long long)size);
}

/* Leaves the entries in order of their names, as header_find wants them. */
static bool names_differ(Header *h, const char *path, Error *err)
{
    if (h->count) qsort(h->entries, (size_t)h->count, sizeof *h->entries, by_name);
    for (int i = 1; i < h->count; i++) {
        if (by_name(&h->entries[i - 1], &h->entries[i]) == 0)
            return error_set(
                err, "%s: tensor \"%.95s\" is there twice, at bytes %llu and %llu: " DAMAGED, path,
                h->entries[i].name, (unsigned long long)h->entries[i - 1].begin,
                (unsigned long long)h->entries[i].begin);
    }
    return true;
}

static bool read_metadata(Header *h, const cJSON *item, const char *path, Error *err)
{
    if (h->metadata || !metadata_is_valid(item))
        return error_set(err,
                         "%s: " METADATA " must be there at most once, and map strings to "
                         "strings; " DAMAGED,
                         path);
    h->metadata = item;
    return true;
}

static bool read_entries(Header *h, uint64_t data, uint64_t size, const char *path, Error *err)
{
    const cJSON *item;
    h->entries = NEW(Entry, cJSON_GetArraySize(h->json));
    cJSON_ArrayForEach(item, h->json)
    {
        bool ok = strcmp(item->string, METADATA) == 0
                      ? read_metadata(h, item, path, err)
                      : read_entry(&h->entries[h->count++], item, data, size, path, err);
        if (!ok) return false;
    }
    return entries_tile(h, data, size, path, err) && names_differ(h, path, err);
}

/* --- the file's beginning --------------------------------------------------------------------- */

/* The length that the first 8 bytes give, if the file can hold it. */
static bool read_length(uint64_t *length, FILE *in, uint64_t size, const char *path, Error *err)
{
    unsigned char first[8];
    if (size < sizeof first || fread(first, sizeof first, 1, in) != 1)
        return error_set(err,
                         "%s is no safetensors file: it has %llu bytes, fewer than 8; give the "
                         "path of a model.safetensors",
                         path, (unsigned long long)size);
    *length = get_little_endian(first, sizeof first);
    if (*length > HEADER_MAX || *length > size - sizeof first)
        return error_set(err,
                         "%s is no safetensors file, or is cut short: bytes 0 to 7 give its header "
                         "%llu bytes, but %llu follow and %d are allowed; save it anew",
                         path, (unsigned long long)*length,
                         (unsigned long long)(size - sizeof first), HEADER_MAX);
    return true;
}

static bool parse(Header *h, const char *text, size_t length, const char *path, Error *err)
{
    const char *stop = text;
    if (text[0] == '{' && utf8_check(text, length, path, NULL))
        h->json = cJSON_ParseWithOpts(text, &stop, true);
    if (!h->json)
        return error_set(
            err, "%s: the header, from byte 8, is not a JSON object (near byte %zu): " DAMAGED,
            path, 8 + (size_t)(stop - text));
    return true;
}

bool header_read(Header *h, FILE *in, const char *path, Error *err)
{
    *h = (Header){0};
    struct stat info;
    if (fstat(fileno(in), &info) != 0 || !S_ISREG(info.st_mode))
        return error_set(err, "%s is not a regular file: give the path of a safetensors file",
                         path);
    uint64_t size = (uint64_t)info.st_size, length = 0;
    if (!read_length(&length, in, size, path, err)) return false;

    char *text = NEW(char, length + 1);
    bool ok = fread(text, 1, length, in) == length ||
              error_set(err, "%s can't be read up to byte %llu: " DAMAGED, path,
                        (unsigned long long)(8 + length));
    ok = ok && parse(h, text, length, path, err) && read_entries(h, 8 + length, size, path, err);
    free(text);
    if (!ok) header_free(h);
    return ok;
}

void header_free(Header *h)
{
    cJSON_Delete(h->json);
    free(h->entries);
    *h = (Header){0};
}

const Entry *header_find(const Header *h, const char *name)
{
    Entry key = {.name = name};
    return h->count ? bsearch(&key, h->entries, (size_t)h->count, sizeof key, by_name) : NULL;
}
