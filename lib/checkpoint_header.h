/* checkpoint_header.h: the header of a safetensors file, proven before it is used.
 *
 * Private to checkpoint.c. header_read refuses a file unless its tensors, put in order of their
 * offsets, tile the data exactly: no hole, no overlap, nothing outside, and each as long as its
 * shape and dtype say. So an Entry can be read without a further check. */
#ifndef CHECKPOINT_HEADER_H
#define CHECKPOINT_HEADER_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

#define METADATA "__metadata__" /* the one name in a header that is no tensor's */

/* What a tensor's numbers are. Those before DTYPE_OTHERS can be converted to real. */
enum { DTYPE_F64, DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_OTHERS };

size_t dtype_bytes(int dtype); /* of one number */
const char *dtype_name(int dtype);

enum { SHAPE_MAX = 8 };

typedef struct {
    const char *name; /* lives as long as the header */
    int dtype, dims;
    uint64_t shape[SHAPE_MAX];
    uint64_t begin, end; /* bytes of the file */
} Entry;

typedef struct {
    cJSON *json;
    const cJSON *metadata; /* within json, or NULL */
    Entry *entries;        /* (count) in order of their names */
    int count;
} Header;

bool header_read(Header *h, FILE *in, const char *path, Error *err);
void header_free(Header *h);

const Entry *header_find(const Header *h, const char *name); /* or NULL */

/* True for an object whose values are strings. */
bool metadata_is_valid(const cJSON *metadata);

/* "[65, 64]", in text; returns text. */
const char *shape_text(char text[256], const uint64_t *shape, int dims);

uint64_t get_little_endian(const unsigned char *from, size_t bytes);

#endif
