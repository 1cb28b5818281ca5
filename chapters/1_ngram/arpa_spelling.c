/* arpa_spelling.c: how a symbol stands in a file whose fields end at white space. See arpa.h. */
#include "arpa.h"

#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* White space and control characters: what some reader of ARPA files would split at. */
static bool splits(int c)
{
    return c <= 0x20 || (0x7f <= c && c <= 0xa0) || c == 0x1680 || (0x2000 <= c && c <= 0x200b) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

static bool mistakable(const char *symbol)
{
    static const char *const own[] = {"<s>", "</s>", "<unk>", "<UNK>"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(symbol, own[i]) == 0) return true;
    return strstr(symbol, "<U+") != NULL;
}

void arpa_spell(char *out, const char *symbol)
{
    bool escape = mistakable(symbol);
    while (*symbol) {
        const char *from = symbol;
        int c = utf8_next(&symbol);
        if (splits(c) || (escape && c == '<'))
            out += sprintf(out, "<U+%04X>", (unsigned)c);
        else
            while (from < symbol) *out++ = *from++;
    }
    *out = '\0';
}

/* The character that <U+XXXX> at the front of a field stands for, and its length; or 0. */
static int escaped(const char *field, size_t length, size_t *size)
{
    char *end;
    if (length < 5 || memcmp(field, "<U+", 3) != 0) return 0;
    long c = strtol(field + 3, &end, 16);
    *size = (size_t)(end - field) + 1;
    bool closed = *size <= length && *end == '>';
    return closed && 0 < c && c < UTF8_CODE_POINTS ? (int)c : 0;
}

void arpa_unspell(char *out, const char *field, size_t length)
{
    while (length > 0) {
        size_t size = 1;
        int c = escaped(field, length, &size);
        if (c != 0) {
            out += utf8_put(out, c);
        } else {
            size = 1;
            *out++ = *field;
        }
        field += size;
        length -= size;
    }
    *out = '\0';
}
