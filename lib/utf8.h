/* utf8.h: UTF-8, read strictly.
 *
 * A text is checked once, by utf8_check; whatever walks it afterwards trusts it. Only the shortest
 * form of a character counts, surrogate halves and numbers above U+10FFFF do not, and a text has no
 * NUL, because symbols are C strings. Source: RFC 3629 (Yergeau 2003). */
#ifndef UTF8_H
#define UTF8_H

#include "error.h"

enum { UTF8_CODE_POINTS = 0x110000 };

/* Reads a whole file, pipe or device into *bytes (free it), a NUL after its end. Fails for a
 * directory, a file that can't be read, and one that would not fit into memory. */
bool utf8_load(const char *path, char **bytes, size_t *size, Error *err);

/* Bytes of the byte order mark that may stand in front of a text: 3, or 0. */
size_t utf8_mark(const char *bytes, size_t size);

/* True if these bytes are a text; else names the first byte that is wrong by its offset. */
bool utf8_check(const char *bytes, size_t size, const char *name, Error *err);

/* Puts "?" for every byte that belongs to no character. */
void utf8_repair(char *text);

/* False, with a sentence, where a text and its symbols need more bytes than the machine has. */
bool utf8_fits(const char *name, size_t need, Error *err);

size_t utf8_count(const char *bytes, size_t size); /* characters */

/* Writes a character and a NUL; returns its length in bytes. */
int utf8_put(char out[5], int code_point);

/* Bytes of the character that begins so: 1 .. 4, or 0 where none does. */
static inline int utf8_length(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc0 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf8 ? 4
                          : 0;
}

/* The code point at *at, in a text that was checked; *at moves to the next character. */
static inline int utf8_next(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    int length = utf8_length(p[0]);
    int c = length == 1 ? p[0] : p[0] & (0x7f >> length);
    for (int i = 1; i < length; i++) c = c << 6 | (p[i] & 0x3f);
    *at += length;
    return c;
}

#endif
