/* page.h: a Markdown file at hand, and what the parts of the book tool do to it.
 *
 * Parts of a text are pointers into it. A function that makes a text returns it in memory of its
 * own, free() it, or reports a problem and returns NULL. */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

typedef struct Output {
    char *command, *text;
    int status; /* exit status; -1 if it ran out of time or was killed */
    struct Output *next;
} Output;

typedef struct {
    const char *path; /* the Markdown file at hand */
    char *text;       /* and what it says */
    bool refresh;     /* rewrite it, rather than compare */
    bool run;         /* run commands, rather than trust their outputs */
    int limit;        /* seconds that a command may take */
    int problems;     /* reported so far */
    Output *outputs;  /* of the commands run so far, each runs once */
    char *functions;  /* "name\nname\n", all that lib/ and chapters/ define */
    char *tests;      /* the same of tests/ */
} Book;

/* Prints "file:line: ..." for a place in the page's text, and counts it. */
void problem(Book *b, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints where a part of the page, from `at` on, first departs from what it should be: a problem,
 * unless the page is being refreshed. what: "lib/matrix.c mat_rows". */
void drift(Book *b, const char *at, const char *what, const char *old, const char *fresh);

/* What belongs behind a marker. words: those of the marker behind its kind; they are cut up. */
char *fresh_listing(Book *b, const char *at, char *words);
char *fresh_output(Book *b, const char *at, char *words, const char *body, const char *old);
char *fresh_value(Book *b, const char *at, char *words);

/* Reports links, figures, files, functions and tests that the text names and that aren't there. */
void check_references(Book *b);

/* Reports sections that comments of the sources name and that aren't in this page, if it is the
 * one with the chapters. */
void check_sections(Book *b);

/* Reports what GitHub wouldn't show as it is meant. Returns what follows the formula. */
const char *check_formula(Book *b, const char *at); /* $x$ or $$x$$, at its dollar */
void check_math_block(Book *b, const char *at);     /* ```math, at its fence */

/* Reports flags that a chapter's program lacks, and targets that the Makefile lacks. A command is
 * a line of a block of sh, or what stands in a code span. */
void check_command(Book *b, const char *at, const char *end);

/* True if <!-- foreign: ... --> names the word or what it belongs to, up to a dot. */
bool is_foreign(const Book *b, const char *name, size_t length);

char *defined_functions(void); /* of lib/ and chapters/: "name\nname\n" */
char *defined_tests(void);     /* of tests/ */

/* The output of a command; it runs once, whoever asks. */
const Output *output_of(Book *b, const char *command);
void outputs_free(Output *outputs);

/* --- texts ------------------------------------------------------------------------------------ */

bool starts(const char *text, const char *prefix);
const char *next_line(const char *at);
void copy(FILE *out, const char *from, const char *to);
size_t word_length(const char *p); /* of the C identifier that begins here, or 0 */
bool listed(const char *words, const char *word, size_t length); /* is it one of the words? */

FILE *text_stream(char **text, size_t *size); /* open_memstream that doesn't fail */
char *read_file(const char *path);            /* NULL, without a report, if it can't be read */

/* A fenced block: is this line its opening, and which line (or the text's end) closes it? */
bool is_fence(const char *line);
const char *fence_close(const char *line);

#endif
