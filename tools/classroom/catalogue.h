/* catalogue.h: what there is to write and to find: exercises/exercises.json and bugs.json.
 *
 * An exercise names functions, never files or lines: where they stand is looked up in the sources,
 * so the catalogue stays true while the code moves. All texts live as long as the catalogue. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <cjson/cJSON.h>

#include "error.h"

enum { WORDS = 16, CHAPTERS = 6 };

/* A few words, closed by NULL. */
typedef struct {
    const char *word[WORDS + 1];
} Words;

typedef struct {
    const char *id; /* "3.2" */
    const char *title;
    int chapter;         /* 0: lib */
    Words functions;     /* to be written, all in one file */
    Words helpers;       /* functions of the solution that students don't get and needn't write */
    const char *section; /* heading in TUTORIAL.md */
    int minutes, points;
    const char *hint;
    Words tests; /* tags of the tests that grade it; the id where the file names none */
    Words needs; /* ids of exercises whose functions these tests also call */
    char *file;  /* where the functions are, found by name */
} Exercise;

typedef struct {
    int number;
    int chapter;                    /* whose program shows it */
    const char *symptom;            /* what somebody who runs it sees */
    const char *run;                /* arguments that show it */
    Words look;                     /* columns of curves.csv to look at */
    const char *file;               /* where it is, in the project */
    const char *original, *planted; /* exact texts; the original occurs once. "" in a
                                       handout that has the bug in its own source */
    const char *why;                /* told to whoever has found it */
    Words tests;                    /* tags of the tests that tell the bug from the fix */
} Bug;

typedef struct {
    int exercises, bugs;
    Exercise *exercise; /* in the order of the file */
    Bug *bug;
    cJSON *json[2]; /* private */
} Catalogue;

/* Reads both files of the project in the current directory, and finds the functions. bugs.json may
 * be missing: a handout has none. */
bool catalogue_load(Catalogue *c, Error *err);
void catalogue_free(Catalogue *c);

/* NULL if there is none. */
const Exercise *catalogue_exercise(const Catalogue *c, const char *id);
const Bug *catalogue_bug(const Catalogue *c, int number);

/* "chapters/3_reinforce", or "lib" for 0; NULL if there is no such chapter. free() it. */
char *chapter_folder(int chapter);

/* "folder/name", or name alone in the folder "". free() it. */
char *path_in(const char *folder, const char *name);

/* A JSON file, or NULL and a sentence with the place where it is not JSON. */
cJSON *json_load(const char *path, Error *err);

/* A member that is a text: a string, or an array of its lines. "" if there is none. */
const char *json_text(cJSON *object, const char *name);

#endif
