/* checkpoint.h: tensors in a safetensors file.
 *
 * A file is eight bytes (the header's length, little-endian), the header (JSON: a name, dtype,
 * shape and byte range for each tensor, and "__metadata__", a map from string to string), then the
 * numbers. Format: safetensors documentation, Hugging Face, 2023. */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <cjson/cJSON.h>

#include "error.h"
#include "matrix.h"

typedef struct {
    char name[96]; /* GPT-2's own: "h.0.attn.c_attn.weight" */
    int dims;      /* 1: shape [cols], m.rows is 1; 2: shape [rows, cols] */
    Matrix m;
} Tensor;

/* Writes `count` tensors as F32, or F64 where real is double, through a temporary name. metadata:
 * an object whose values are strings, or NULL; PyTorch's readers look for {"format": "pt"}. */
bool checkpoint_save(const char *path, const Tensor *tensors, int count, const cJSON *metadata,
                     Error *err);

/* Fills the given tensors from the file. Each must be there under its name, or under its name with
 * "transformer." before it, and have its shape; F64, F32, F16 and BF16 are converted to real. Other
 * tensors of the file are left alone. Offsets, shapes and sizes are checked before anything is
 * read: a malformed file gets one sentence that names the tensor and the byte. On failure the
 * tensors hold what they held. *metadata, if not NULL, gets the metadata (cJSON_Delete it) or NULL.
 */
bool checkpoint_load(const char *path, Tensor *tensors, int count, cJSON **metadata, Error *err);

/* True if the file can be read and has a tensor of this name, or with "transformer." before it. */
bool checkpoint_holds(const char *path, const char *name);

#endif
