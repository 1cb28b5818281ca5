/* hunt.h: a bug before tests. */
#ifndef HUNT_H
#define HUNT_H

#include "grading.h"

/* Was it found? The files in work/bugN, as far as they differ from this tree's own, before the
 * tests that tell the bug from its fix. SOLVED: it was. False, and a sentence, where the folder
 * isn't a hunt; else grade_free() *g. */
bool hunt_grade(Workshop *w, const Bug *b, const char *folder, Grade *g, Error *err);

/* Do this tree's own solutions of a chapter pass with the bug beside them? False, and a sentence,
 * where they don't: there right solutions of students would be called wrong. */
bool hunt_spares(Workshop *w, const Catalogue *c, const Bug *b, int chapter, Error *err);

#endif
