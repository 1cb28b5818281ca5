/* error.h: the two kinds of mistake.
 *
 * The programmer's (a wrong shape, an index out of range): REQUIRE stops the program with the
 * expression and the place. Always on.
 *
 * The user's (a file, a flag, a checkpoint): a function that can fail returns bool and takes an
 * Error *, which it fills with one sentence that names the thing and says what to do. Only a
 * main prints it and exits. Call as
 *
 *     if (n == 0) return error_set(err, "%s is empty: give a file with some text", path); */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char text[1024]; /* one sentence that a terminal can show */
} Error;

/* Fills *err (err may be NULL) and returns false, so that a failure is one line. A control
 * character, or a byte that is no UTF-8, becomes "?". */
bool error_set(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define REQUIRE(condition, ...) \
    ((condition) ? (void)0 : require_failed(__FILE__, __LINE__, #condition, __VA_ARGS__))

_Noreturn void require_failed(const char *file, int line, const char *condition, const char *format,
                              ...) __attribute__((format(printf, 4, 5)));

/* Memory, or the end of the program with a clear sentence: NEW(int, n) is n zeroed ints. */
#define NEW(type, count) ((type *)must_calloc((size_t)(count), sizeof(type)))
void *must_calloc(size_t count, size_t size);
void *must_realloc(void *memory, size_t count, size_t size);
_Noreturn void out_of_memory(size_t count, size_t size);

/* False, with a sentence that ends in the remedy, where these bytes for `what` are more than the
 * machine has. Systems hand out more memory than there is and end whoever uses it: so ask first. */
bool memory_fits(double bytes, const char *what, const char *remedy, Error *err);

#endif
