/* arena.c: see arena.h for the contract. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { LINE = 64 / sizeof(real) }; /* numbers in 64 bytes */

Matrix arena_matrix(Arena *a, int rows, int cols)
{
    REQUIRE(rows >= 0 && cols >= 0, "a matrix of %d x %d", rows, cols);
    Matrix m = mat(a->base ? a->base + a->used : NULL, rows, cols);
    a->used += ((size_t)rows * (size_t)cols + LINE - 1) / LINE * LINE;
    REQUIRE(!a->base || a->used <= a->size,
            "the arena holds %zu numbers and its layout wants %zu: it counted otherwise", a->size,
            a->used);
    return m;
}

void arena_reserve(Arena *a)
{
    REQUIRE(!a->base, "an arena is reserved once");
    size_t bytes = (a->used + LINE) * sizeof(real);
    a->base = aligned_alloc(64, bytes / 64 * 64);
    if (!a->base) out_of_memory(a->used, sizeof(real));
    memset(a->base, 0, bytes / 64 * 64);
    a->size = a->used;
    a->used = 0;
}

void arena_free(Arena *a)
{
    free(a->base);
    *a = (Arena){0};
}
