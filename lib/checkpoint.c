/* checkpoint.c: writes and reads tensors in the safetensors format.
 *
 *     8 bytes          header's length n, little-endian
 *     n bytes          {"wte.weight":{"dtype":"F32","shape":[65,64],"data_offsets":[0,16640]},...}
 *     the other bytes  numbers, little-endian, rows one after another; offsets count from here
 *
 * The header is padded with blanks so that the numbers begin at a multiple of 8. A file may come
 * from anywhere, so the loader believes nothing: checkpoint_header.c proves that the tensors
 * tile the file exactly before a number is read. Numbers are put together byte by byte, so the
 * machine's own byte order does not matter; its float and double must be IEEE 754's. */
#include "checkpoint.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_header.h"
#include "files.h"

/* --- numbers as bytes ------------------------------------------------------------------------- */

static void put_little_endian(unsigned char *to, uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

/* F32 where real is float, F64 where it is double */
static void put_real(unsigned char *to, real x)
{
    uint64_t bits = 0;
    uint32_t narrow;
    if (sizeof x == sizeof narrow) {
        memcpy(&narrow, &x, sizeof narrow);
        bits = narrow;
    } else {
        memcpy(&bits, &x, sizeof x);
    }
    put_little_endian(to, bits, sizeof x);
}

static double float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* (-1)^s 2^(e-15) 1.m, or 2^-14 0.m for e = 0; e has 5 bits, m 10 */
static double half_of_bits(uint32_t bits)
{
    int e = bits >> 10 & 31, m = bits & 1023;
    double x = e == 0 ? ldexp(m, -24) : e < 31 ? ldexp(m + 1024, e - 25) : m ? NAN : INFINITY;
    return bits >> 15 ? -x : x;
}

static double get_number(const unsigned char *from, int dtype)
{
    uint64_t bits = get_little_endian(from, dtype_bytes(dtype));
    double x = 0;
    switch (dtype) {
    case DTYPE_F64:
        memcpy(&x, &bits, sizeof x);
        break;
    case DTYPE_F32:
        x = float_of_bits((uint32_t)bits);
        break;
    case DTYPE_F16:
        x = half_of_bits((uint32_t)bits);
        break;
    case DTYPE_BF16:
        x = float_of_bits((uint32_t)bits << 16);
        break;
    default:
        REQUIRE(false, "dtype %d is not converted", dtype);
    }
    return x;
}

/* --- saving ----------------------------------------------------------------------------------- */

static size_t tensor_bytes(const Tensor *t)
{
    return (size_t)t->m.rows * (size_t)t->m.cols * sizeof(real);
}

static cJSON *tensor_header(const Tensor *t, size_t offset)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "dtype", sizeof(real) == 8 ? "F64" : "F32");
    cJSON *shape = cJSON_AddArrayToObject(json, "shape");
    if (t->dims == 2) cJSON_AddItemToArray(shape, cJSON_CreateNumber(t->m.rows));
    cJSON_AddItemToArray(shape, cJSON_CreateNumber(t->m.cols));
    cJSON *range = cJSON_AddArrayToObject(json, "data_offsets");
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)offset));
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)(offset + tensor_bytes(t))));
    return json;
}

static void require_tensor(const Tensor *t)
{
    REQUIRE(memchr(t->name, '\0', sizeof t->name) && t->name[0], "a tensor has no name");
    REQUIRE(t->dims == 2 || (t->dims == 1 && t->m.rows == 1), "tensor %s: %d dims, %d rows",
            t->name, t->dims, t->m.rows);
}

/* The header as JSON text; free it with cJSON_free. */
static char *header_text(const Tensor *tensors, int count, const cJSON *metadata)
{
    cJSON *header = cJSON_CreateObject();
    if (metadata) cJSON_AddItemToObject(header, METADATA, cJSON_Duplicate(metadata, true));
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const Tensor *t = &tensors[i];
        require_tensor(t);
        REQUIRE(!cJSON_GetObjectItemCaseSensitive(header, t->name), "two tensors %s", t->name);
        cJSON_AddItemToObject(header, t->name, tensor_header(t, offset));
        offset += tensor_bytes(t);
    }
    char *text = cJSON_PrintUnformatted(header);
    REQUIRE(text, "no memory for a header of %d tensors", count);
    cJSON_Delete(header);
    return text;
}

typedef struct {
    const Tensor *tensors;
    int count;
    const char *header;
} Writing;

static bool write_header(FILE *out, const char *header)
{
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    unsigned char size[8];
    put_little_endian(size, padded, sizeof size);
    return fwrite(size, sizeof size, 1, out) == 1 &&
           fprintf(out, "%-*s", (int)padded, header) == (int)padded;
}

static bool write_tensor(FILE *out, const Tensor *t)
{
    size_t cols = (size_t)t->m.cols;
    unsigned char *row = NEW(unsigned char, cols * sizeof(real));
    bool ok = true;
    for (int i = 0; ok && i < t->m.rows; i++) {
        const real *x = mat_row(t->m, i);
        for (size_t j = 0; j < cols; j++) put_real(row + j * sizeof(real), x[j]);
        ok = fwrite(row, sizeof(real), cols, out) == cols;
    }
    free(row);
    return ok;
}

static bool write_file(FILE *out, void *arg)
{
    const Writing *w = arg;
    if (!write_header(out, w->header)) return false;
    for (int i = 0; i < w->count; i++) {
        if (!write_tensor(out, &w->tensors[i])) return false;
    }
    return true;
}

bool checkpoint_save(const char *path, const Tensor *tensors, int count, const cJSON *metadata,
                     Error *err)
{
    REQUIRE(!metadata || metadata_is_valid(metadata), "metadata maps strings to strings");
    char *header = header_text(tensors, count, metadata);
    Writing w = {tensors, count, header};
    bool ok = file_replace(path, write_file, &w, err);
    cJSON_free(header);
    return ok;
}

/* --- loading ---------------------------------------------------------------------------------- */

static bool shape_fits(const Tensor *t, const uint64_t *shape, const Entry *e)
{
    return e->dims == t->dims && memcmp(e->shape, shape, (size_t)t->dims * sizeof *shape) == 0;
}

/* Under its name, or under its name with "transformer." before it. */
static const Entry *find(const Header *h, const char *name)
{
    char longer[128];
    snprintf(longer, sizeof longer, "transformer.%s", name);
    const Entry *e = header_find(h, name);
    return e ? e : header_find(h, longer);
}

/* What the file has for a tensor that the caller wants; NULL, and why, where that does not fit. */
static const Entry *entry_for(const Tensor *t, const Header *h, const char *path, Error *err)
{
    char found[256], expected[256];
    const Entry *e = find(h, t->name);
    uint64_t whole_shape[] = {(uint64_t)t->m.rows, (uint64_t)t->m.cols};
    const uint64_t *shape = whole_shape + (2 - t->dims);

    if (!e) {
        error_set(err, "%s has no tensor \"%s\": it belongs to another kind of model", path,
                  t->name);
    } else if (!shape_fits(t, shape, e)) {
        error_set(err,
                  "%s: tensor \"%s\" has shape %s where %s is expected: the checkpoint belongs to "
                  "a model of another size",
                  path, e->name, shape_text(found, e->shape, e->dims),
                  shape_text(expected, shape, t->dims));
    } else if (e->dtype >= DTYPE_OTHERS) {
        error_set(err, "%s: tensor \"%s\" has dtype %s: save it as F32, F64, F16 or BF16", path,
                  e->name, dtype_name(e->dtype));
    } else {
        return e;
    }
    return NULL;
}

static void fill_tensor(Tensor *t, const unsigned char *from, int dtype)
{
    size_t bytes = dtype_bytes(dtype);
    for (int i = 0; i < t->m.rows; i++) {
        real *x = mat_row(t->m, i);
        for (int j = 0; j < t->m.cols; j++, from += bytes) x[j] = (real)get_number(from, dtype);
    }
}

static bool read_bytes(unsigned char *to, const Entry *e, FILE *in, const char *path, Error *err)
{
    size_t bytes = (size_t)(e->end - e->begin);
    if (fseeko(in, (off_t)e->begin, SEEK_SET) == 0 && fread(to, 1, bytes, in) == bytes) return true;
    return error_set(err, "%s: tensor \"%s\" can't be read from byte %llu on: %s", path, e->name,
                     (unsigned long long)e->begin,
                     ferror(in) ? strerror(errno) : "the file has become shorter; load it again");
}

/* All bytes are there before the first tensor changes. */
static bool fill_all(Tensor *tensors, int count, const Entry *const *entries, FILE *in,
                     const char *path, Error *err)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += (size_t)(entries[i]->end - entries[i]->begin);
    unsigned char *numbers = NEW(unsigned char, bytes), *at = numbers;
    bool ok = true;
    for (int i = 0; ok && i < count; at += entries[i]->end - entries[i]->begin, i++) {
        ok = read_bytes(at, entries[i], in, path, err);
    }
    at = numbers;
    for (int i = 0; ok && i < count; at += entries[i]->end - entries[i]->begin, i++) {
        fill_tensor(&tensors[i], at, entries[i]->dtype);
    }
    free(numbers);
    return ok;
}

static bool load_from(FILE *in, const Header *h, const char *path, Tensor *tensors, int count,
                      Error *err)
{
    const Entry **entries = NEW(const Entry *, count);
    bool ok = true;
    for (int i = 0; ok && i < count; i++) {
        require_tensor(&tensors[i]);
        entries[i] = entry_for(&tensors[i], h, path, err);
        ok = entries[i] != NULL;
    }
    ok = ok && fill_all(tensors, count, entries, in, path, err);
    free(entries);
    return ok;
}

bool checkpoint_load(const char *path, Tensor *tensors, int count, cJSON **metadata, Error *err)
{
    if (metadata) *metadata = NULL;
    FILE *in = fopen(path, "rb");
    if (!in) return error_set(err, "%s can't be opened: %s; check the path", path, strerror(errno));
    Header h;
    bool ok = header_read(&h, in, path, err);
    if (ok) {
        ok = load_from(in, &h, path, tensors, count, err);
        if (ok && metadata && h.metadata) *metadata = cJSON_Duplicate(h.metadata, true);
        header_free(&h);
    }
    fclose(in);
    return ok;
}

bool checkpoint_holds(const char *path, const char *name)
{
    Header h;
    FILE *in = fopen(path, "rb");
    bool found = in && header_read(&h, in, path, NULL);
    if (found) {
        found = find(&h, name) != NULL;
        header_free(&h);
    }
    if (in) fclose(in);
    return found;
}
