/* error.c: see error.h for the two kinds of mistake. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "utf8.h"

/* Bytes of the character at p if it can be shown on a terminal, else 0: p is a control character,
 * or a piece of UTF-8 that a limited width has cut off. */
static int printable(const char *p)
{
    int length = utf8_length((unsigned char)*p);
    for (int i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    const char *at = p;
    int c = length ? utf8_next(&at) : 0;
    return c < 0x20 || (c >= 0x7f && c < 0xa0) ? 0 : length;
}

/* A sentence quotes what a file holds, and a file may hold anything, an escape sequence too. */
static void make_printable(char *text)
{
    for (int length; *text; text += length) {
        length = printable(text);
        if (length) continue;
        *text = '?';
        length = 1;
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
