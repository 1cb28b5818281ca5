/* hunt.h: was a bug found? The files in work/bugN, as far as they differ from this tree's own,
 * before the tests that tell the bug from its fix. */
#ifndef HUNT_H
#define HUNT_H

#include "grading.h"

/* SOLVED: it was. False, and a sentence, where the folder isn't a hunt; else grade_free() *g. */
bool hunt_grade(Workshop *w, const Bug *b, const char *folder, Grade *g, Error *err);

#endif
