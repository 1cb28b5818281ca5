/* prove.h: claims about the classroom, and what all proofs of them use. */
#ifndef PROVE_H
#define PROVE_H

#include <stdio.h>

#include "../../tools/classroom/grading.h"

extern Catalogue catalogue;
extern Workshop workshop;

/* A claim to be proved, the i-th of its kind: true, or false and a text on out. */
typedef bool Claim(int i, FILE *out);

typedef struct {
    const char *name;
    Claim *claim;
    int count;
    const char *after; /* the name of claims whose proof makes what this one looks at, or NULL */
} Claims;

/* Each file's claims, closed by one without a name. */
const Claims *claims_of_exercises(void);
const Claims *claims_of_answers(void);
const Claims *claims_of_handouts(void);
const Claims *claims_of_submissions(void);
const Claims *claims_of_slips(void);

/* All that a grade says, in one text; free() it. */
char *all_said(const Grade *g);

/* Is the phrase in the text, wherever its lines are broken? */
bool says(const char *text, const char *phrase);

/* Prints who, what was expected and what the grade says; false. */
bool complain(FILE *out, const char *who, const char *what, const Grade *g);

/* A shell command that has to succeed. */
void run_or_stop(const char *command);

/* A file with this text. */
void write_or_stop(const char *path, const char *text);

/* Is this a build with a sanitizer, under which some hundred programs take too long? */
bool sanitized(void);

#endif
