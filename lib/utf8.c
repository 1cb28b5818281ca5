/* utf8.c: UTF-8, read strictly: what a text file must be before anything learns from it. */
#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- characters ------------------------------------------------------------------------------- */

static const char cut_off[] = "begins a character that the end of the text cuts off";

/* What is wrong with the character that begins at p, with `left` bytes up to the end; or NULL. */
static const char *fault(const unsigned char *p, size_t left)
{
    static const int least[] = {0, 0, 0x80, 0x800, 0x10000}; /* that needs so many bytes */
    int length = utf8_length(p[0]);
    if (length == 0) return "does not begin a character";
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= left) return cut_off;
        if ((p[i] & 0xc0) != 0x80) return "begins a character that is not completed";
    }
    const char *at = (const char *)p;
    int c = utf8_next(&at);
    if (c < least[length]) return "begins a character in an overlong form";
    if (c >= 0xd800 && c <= 0xdfff) return "begins a surrogate half";
    if (c >= UTF8_CODE_POINTS) return "begins a character above U+10FFFF";
    return NULL;
}

size_t utf8_mark(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* What is not UTF-8 begins with a mark of UTF-16, or is most likely a single byte a character. */
static const char *likely_encoding(const char *bytes, size_t size)
{
    bool marked =
        size >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
    return marked ? "UTF-16" : "LATIN1";
}

bool utf8_check(const char *bytes, size_t size, const char *name, Error *err)
{
    const unsigned char *p = (const unsigned char *)bytes;
    for (size_t i = 0; i < size; i += (size_t)utf8_length(p[i])) {
        if (p[i] == 0)
            return error_set(err,
                             "%s is not a text: it has a NUL at byte offset %zu; give a text file, "
                             "or remove NULs with tr -d '\\000'",
                             name, i);
        const char *wrong = p[i] < 0x80 ? NULL : fault(p + i, size - i);
        if (wrong == cut_off && utf8_count(bytes, i) < i) /* by longer ones before: it is UTF-8 */
            return error_set(err,
                             "%s ends in the middle of a character, which begins at byte offset "
                             "%zu: cut it off there, for example with head -c %zu",
                             name, i, i);
        if (wrong)
            return error_set(err,
                             "%s is not UTF-8 text: at byte offset %zu, 0x%02x %s; convert it, for "
                             "example with iconv -f %s -t UTF-8",
                             name, i, p[i], wrong, likely_encoding(bytes, size));
    }
    return true;
}

size_t utf8_count(const char *bytes, size_t size)
{
    size_t n = 0; /* a character has one byte that is not 10xxxxxx: its first */
    for (size_t i = 0; i < size; i++) n += (bytes[i] & 0xc0) != 0x80;
    return n;
}

int utf8_put(char out[5], int c)
{
    int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = length - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[length] | c);
    out[length] = '\0';
    return length;
}

void utf8_repair(char *text)
{
    for (size_t left = strlen(text), length; left > 0; text += length, left -= length) {
        length = (size_t)utf8_length((unsigned char)*text);
        if (length > 0 && length <= left && utf8_check(text, length, "", NULL)) continue;
        *text = '?';
        length = 1;
    }
}

/* --- files ------------------------------------------------------------------------------------ */

bool utf8_fits(const char *name, size_t need, Error *err)
{
    return memory_fits((double)need, name, "take a part of it, for example with head -c 1000M",
                       err);
}

/* A pipe does not tell its size: read until nothing comes, doubling the room when it is full. */
static bool read_all(FILE *in, const char *path, size_t room, char **bytes, size_t *size,
                     Error *err)
{
    char *to = must_realloc(NULL, room, 1);
    size_t used = 0;
    for (;;) {
        used += fread(to + used, 1, room - used, in);
        if (used < room) break; /* the end, or an error */
        if (!utf8_fits(path, 2 * room, err)) {
            free(to);
            return false;
        }
        room *= 2;
        to = must_realloc(to, room, 1);
    }
    if (ferror(in)) {
        free(to);
        return error_set(err, "%s can't be read: %s; give a readable file", path, strerror(errno));
    }
    to[used] = '\0';
    *bytes = to;
    *size = used;
    return true;
}

static bool read_stream(FILE *in, const char *path, char **bytes, size_t *size, Error *err)
{
    struct stat info;
    size_t room = 1 << 16;
    if (fstat(fileno(in), &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return error_set(err, "%s is a directory: give the path of a file in it", path);
        /* Four bytes are at least one symbol, and a symbol takes four bytes: twice the file. */
        size_t bytes_of_file = (size_t)info.st_size;
        if (S_ISREG(info.st_mode)) {
            if (!utf8_fits(path, 2 * bytes_of_file, err)) return false;
            room = bytes_of_file + 1;
        }
    }
    return read_all(in, path, room, bytes, size, err);
}

bool utf8_load(const char *path, char **bytes, size_t *size, Error *err)
{
    FILE *in = fopen(path, "rb");
    if (!in && !*path)
        return error_set(err, "a text is wanted, and its name is empty: give a path");
    if (!in) return error_set(err, "%s can't be opened: %s; check the path", path, strerror(errno));
    bool ok = read_stream(in, path, bytes, size, err);
    fclose(in);
    return ok;
}
