/* handout.h: a tree for students, with stubs where the exercises of some chapters are.
 *
 * Only files that belong to the project are copied, by name and ending, so neither history nor
 * anything built comes along. The listings of the book show the stubs too. What stands above the
 * highest of the chapters is left out, since it is built from their solutions; so are the tests,
 * which hold other solutions, and the bugs of these chapters, whose fix is their solution. */
#ifndef HANDOUT_H
#define HANDOUT_H

#include "grading.h"

/* directory must not exist, or be empty. chapters: a flag for each; bugs: numbers of bugs that are
 * planted in the tree itself, with no word of what they are; w tries whether right solutions stay
 * right beside them; book: the program that brings listings up to date. */
bool handout_make(Workshop *w, const Catalogue *c, const bool chapters[CHAPTERS], const Words *bugs,
                  const char *directory, const char *book, Error *err);

#endif
