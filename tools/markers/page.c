/* page.c: reports, and the few things that all parts of the book tool do with texts. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

void problem(Book *b, const char *at, const char *format, ...)
{
    int line = 1;
    for (const char *p = b->text; p < at; p++) line += *p == '\n';
    printf("%s:%d: ", b->path, line);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    b->problems++;
}

bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *next_line(const char *at)
{
    at += strcspn(at, "\n");
    return at + (*at == '\n');
}

void copy(FILE *out, const char *from, const char *to)
{
    fwrite(from, 1, (size_t)(to - from), out);
}

size_t word_length(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
    return n;
}

FILE *text_stream(char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);
    REQUIRE(out, "out of memory");
    return out;
}

char *read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    char *text, block[BUFSIZ];
    size_t size;
    FILE *out = text_stream(&text, &size);
    for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;) fwrite(block, 1, n, out);
    fclose(in);
    fclose(out);
    return text;
}

bool listed(const char *words, const char *word, size_t length)
{
    for (const char *p = words; *p; p += strspn(p, " \n")) {
        size_t n = strcspn(p, " \n");
        if (n == length && strncmp(p, word, n) == 0) return true;
        p += n;
    }
    return false;
}

bool is_fence(const char *line)
{
    return starts(line + strspn(line, " "), "```");
}

const char *fence_close(const char *line)
{
    size_t ticks = strspn(line + strspn(line, " "), "`");
    for (line = next_line(line); *line; line = next_line(line)) {
        const char *p = line + strspn(line, " ");
        if (strspn(p, "`") >= ticks && p[strspn(p, "` ")] == '\n') break;
    }
    return line;
}

void drift(Book *b, const char *at, const char *what, const char *old, const char *fresh)
{
    while (*old && *fresh && strcspn(old, "\n") == strcspn(fresh, "\n") &&
           strncmp(old, fresh, strcspn(old, "\n")) == 0)
        old = next_line(old), fresh = next_line(fresh), at = next_line(at);
    problem(b, at, "%s %s\n    - %.*s\n    + %.*s", what, b->refresh ? "refreshed" : "has drifted",
            (int)strcspn(old, "\n"), old, (int)strcspn(fresh, "\n"), fresh);
    b->problems -= b->refresh;
}
