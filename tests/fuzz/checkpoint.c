/* checkpoint.c: any bytes as a safetensors file. A refusal changes no tensor; what is accepted is
 * saved and read back to the same bits. */
#include <math.h>

#include "checkpoint.h"
#include "fuzz.h"

enum { CHECKPOINT_NUMBERS = 10 };

/* "a" (2, 3) and "b" (4) over one array */
static void checkpoint_tensors(Tensor tensors[2], real numbers[CHECKPOINT_NUMBERS])
{
    tensors[0] = (Tensor){"a", 2, mat(numbers, 2, 3)};
    tensors[1] = (Tensor){"b", 1, mat(numbers + 6, 1, 4)};
}

FUZZ_TARGET(checkpoint)
{
    Error err = {""};
    real numbers[CHECKPOINT_NUMBERS], same[CHECKPOINT_NUMBERS];
    Tensor tensors[2], others[2];
    cJSON *metadata = NULL;
    for (int i = 0; i < CHECKPOINT_NUMBERS; i++) numbers[i] = (real)-123.5;
    checkpoint_tensors(tensors, numbers);
    if (!checkpoint_load(fuzz_file("in", bytes, size), tensors, 2, &metadata, &err)) {
        fuzz_check_sentence(&err);
        REQUIRE(!metadata, "refused, but with metadata");
        for (int i = 0; i < CHECKPOINT_NUMBERS; i++)
            REQUIRE(numbers[i] == (real)-123.5, "refused, but number %d is %g", i, numbers[i]);
        return;
    }
    const char *path = fuzz_path("out");
    REQUIRE(checkpoint_save(path, tensors, 2, metadata, &err), "%s", err.text);
    checkpoint_tensors(others, same);
    REQUIRE(checkpoint_load(path, others, 2, NULL, &err), "%s", err.text);
    for (int i = 0; i < CHECKPOINT_NUMBERS; i++)
        REQUIRE(same[i] == numbers[i] || (isnan(same[i]) && isnan(numbers[i])), "number %d", i);
    cJSON_Delete(metadata);
}
