/* arena.c: see arena.h for the contract. */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* Asks for pages of 2 MiB, where the system has them: an address is then looked up once for 512 of
 * the usual pages, which is a few per cent of the time of a product. */
static void ask_for_large_pages(void *base, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)base + page - 1) / page * page, end = (uintptr_t)base + bytes;
    /* advice: no matter if it is not taken */
    if (bytes >= 1 << 21) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)base, (void)bytes;
#endif
}

void arena_reserve(Arena *a)
{
    REQUIRE(!a->base, "an arena is reserved once");
    size_t bytes = (a->used + LINE) * sizeof(real);
    a->base = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!a->base) out_of_memory(a->used, sizeof(real));
    ask_for_large_pages(a->base, bytes);
    memset(a->base, 0, bytes);
    a->size = a->used;
    a->used = 0;
}

void arena_free(Arena *a)
{
    free(a->base);
    *a = (Arena){0};
}
