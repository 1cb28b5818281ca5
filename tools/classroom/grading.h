/* grading.h: from a student's function to a verdict.
 *
 * For each exercise the functions that it asks for, and nothing else, are grafted onto this tree's
 * own source, compiled, linked against this tree's own objects and tests, and each test runs in a
 * process of its own. So a mistake costs its own exercise only, and changed tests or headers cost
 * nobody anything.
 *
 *     Workshop w;
 *     workshop_open(&w, &err);
 *     Grade g = grade_exercise(&w, catalogue, exercise, "work/chapter3");
 *     ...
 *     grade_free(&g);
 *     workshop_close(&w); */
#ifndef GRADING_H
#define GRADING_H

#include "catalogue.h"
#include "confined.h"
#include "source.h"

/* How to build, as make says it, and where. */
typedef struct {
    char **compile; /* compiler and flags, closed by NULL */
    char **link;    /* libraries */
    char *build;    /* directory of this tree's objects */
    char *base;     /* archive of this tree's own functions */
    char **own;     /* objects that stand before those of the archive */
    char place[64]; /* a temporary directory */
    int jobs;       /* built there so far */
    bool distrust;  /* compile as nobody as well, or not at all */
    Limits compiling, running;
} Workshop;

typedef enum {
    SOLVED,
    WRONG,     /* a test says so */
    UNWRITTEN, /* it is still a stub */
    WAITING,   /* another exercise, which it needs, is still a stub */
    MISSING,   /* the file or the function isn't there */
    BROKEN,    /* it doesn't compile */
    CRASHED,
    STOPPED, /* by a REQUIRE, or it ended the program */
    ENDLESS, /* out of time */
    VERDICTS
} Verdict;

extern const char *const verdict_names[VERDICTS];

/* What one test found: a verdict, and lines "expected ...", "got ...", "likely ...". */
typedef struct {
    char *name, *tag;
    Verdict verdict;
    char *said;
    double seconds;
} Finding;

typedef struct {
    const Exercise *exercise; /* NULL: of a bug */
    Verdict verdict;          /* the first that isn't SOLVED */
    int findings;
    Finding *finding;
    char *said; /* of the compiler, or why there was nothing to test */
} Grade;

/* Reads CLASSROOM_COMPILE, CLASSROOM_LINK, CLASSROOM_BUILD, CLASSROOM_BASE and, if it is there,
 * CLASSROOM_OWN from the environment. */
bool workshop_open(Workshop *w, Error *err);
void workshop_close(Workshop *w);

/* The exercise as a folder has it. */
Grade grade_exercise(Workshop *w, const Catalogue *c, const Exercise *e, const char *folder);

/* Some whole sources, in the place of this tree's own of the same name, before the tests with these
 * tags of one chapter. */
Grade grade_sources(Workshop *w, const Source *sources, int count, int chapter, const Words *tests);

void grade_free(Grade *g);

/* A regular file of at most a megabyte, not a link, without a byte order mark, with \n for \r\n;
 * NULL and a sentence otherwise. free() it. */
char *read_submitted(const char *folder, const char *name, Error *err);

/* "reinforce.c" of "chapters/3_reinforce/reinforce.c" */
const char *base_name(const char *path);

#endif
