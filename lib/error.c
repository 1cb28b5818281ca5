/* error.c: see error.h for the two kinds of mistake. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

/* A sentence quotes what a file holds, and a file may hold anything: an escape sequence, or UTF-8
 * that a limited width has cut off. */
static void make_printable(char *text)
{
    utf8_repair(text);
    for (char *p = text; *p;) {
        const char *next = p;
        int c = utf8_next(&next);
        size_t length = (size_t)(next - p);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) memset(p, '?', length);
        p += length;
    }
}

bool error_set(Error *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        make_printable(err->text);
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

bool memory_fits(double bytes, const char *what, const char *remedy, Error *err)
{
    const double gib = 1024.0 * 1024 * 1024;
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (memory <= 0 || bytes <= memory) return true; /* a system may not say */
    return error_set(err, "%s would take %.1f GiB of memory, and this machine has %.1f: %s", what,
                     bytes / gib, memory / gib, remedy);
}
