/* fuzz.h: the frame of a target that feeds one reader of outside data with arbitrary bytes.
 *
 * A target is a function from bytes to nothing. It must return for any bytes at all; what must
 * hold whatever they are it checks with REQUIRE, which aborts. Each target is built twice: alone,
 * with libFuzzer around it (make fuzz), and within test_fuzz, which replays the files of
 * tests/fuzz/corpus and tests/fuzz/broke with every compiler. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(name)                                          \
    void fuzz_##name(const uint8_t *bytes, size_t size);           \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size); \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)  \
    {                                                              \
        fuzz_##name(bytes, size);                                  \
        return 0;                                                  \
    }                                                              \
    void fuzz_##name(const uint8_t *bytes, size_t size)
#else
#define FUZZ_TARGET(name)                                \
    void fuzz_##name(const uint8_t *bytes, size_t size); \
    void fuzz_##name(const uint8_t *bytes, size_t size)
#endif

/* A directory of this process, made at the first call and removed at its end. */
static char fuzz_dir[64];
static pid_t fuzz_owner;

static inline void fuzz_clean(void)
{
    char command[96];
    if (getpid() != fuzz_owner) return;
    snprintf(command, sizeof command, "rm -rf '%s'", fuzz_dir);
    if (system(command) != 0) perror(fuzz_dir);
}

/* The path of a file in that directory; valid until the eighth next call. */
static inline const char *fuzz_path(const char *file)
{
    static char paths[8][128];
    static unsigned turn;
    if (fuzz_owner != getpid()) {
        snprintf(fuzz_dir, sizeof fuzz_dir, "%s/fuzz_XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        REQUIRE(mkdtemp(fuzz_dir), "no place in %s", fuzz_dir);
        fuzz_owner = getpid();
        atexit(fuzz_clean);
    }
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_dir, file);
    return path;
}

/* Writes the bytes into that file and returns its path. */
static inline const char *fuzz_file(const char *file, const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_path(file);
    FILE *out = fopen(path, "wb");
    REQUIRE(out, "%s can't be written", path);
    if (size) REQUIRE(fwrite(bytes, 1, size, out) == size, "%s is cut short", path);
    fclose(out);
    return path;
}

/* A refusal is one sentence that can be shown on a terminal, whatever the bytes were. */
static inline void fuzz_check_sentence(const Error *err)
{
    REQUIRE(err->text[0], "refused without a word");
    for (const char *c = err->text; *c; c++)
        REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character in: %s", err->text);
}

/* The bytes as a string; free() it. They end at the first zero. */
static inline char *fuzz_string(const uint8_t *bytes, size_t size)
{
    char *text = NEW(char, size + 1);
    if (size) memcpy(text, bytes, size);
    return text;
}

#endif
