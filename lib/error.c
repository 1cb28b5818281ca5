/* error.c: see error.h for the two kinds of mistake. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool error_set(Error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return false;
}

void require_failed(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: required: %s: ", file, line, condition);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr,
            "out of memory: %zu x %zu bytes could not be had: use a smaller text, model or batch\n",
            count, size);
    exit(1);
}

void *must_calloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) out_of_memory(count, size);
    return p;
}

void *must_realloc(void *memory, size_t count, size_t size)
{
    size_t bytes;
    void *p = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes)) p = realloc(memory, bytes ? bytes : 1);
    if (!p) out_of_memory(count, size);
    return p;
}
