/* source.h: C sources with functions taken out, put in, or changed.
 *
 * Every function makes a new text, free() it, or fills *err and returns NULL. */
#ifndef SOURCE_H
#define SOURCE_H

#include "catalogue.h"

/* Is this function, in this source, still a stub? Not if EXERCISE stands in a comment, or in the
 * function below that a missing } lets it run into. */
bool source_has_stub(const char *text, const char *function);

/* The bodies of the exercise's functions, but for those that are stubs already, become stubs, which
 * name the exercise and the section; its helpers go. */
char *source_stubbed(const char *text, const Exercise *e, Error *err);

/* The base with the functions of one exercise as another file of the same name has them, and with
 * the helpers (functions, macros, types, variables) that they use and the base doesn't define. The
 * rest of that file isn't looked at, so a mistake in it costs nothing. #line tells the compiler
 * where each part came from.
 *
 * What an unbalanced brace, an open comment or an open string has swallowed is found by its layout:
 * a function begins at the first column and ends at a } there, at the latest above the next one. */
typedef struct {
    const char *path, *text;
} Source;

char *source_grafted(Source base, Source other, const Exercise *e, Error *err);

/* The text with `original`, which must occur exactly once, replaced. */
char *source_planted(const char *text, const char *original, const char *planted, Error *err);

/* One function with everything between its name's line and its last brace. */
char *source_function(const char *text, const char *function);

#endif
