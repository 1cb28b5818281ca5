/* work.h: a student's folder, work/chapterN, and the folder of a bug hunt, work/bugN. */
#ifndef WORK_H
#define WORK_H

#include "catalogue.h"

/* Writes a chapter's sources, and the files elsewhere that its exercises are about, with stubs for
 * the exercises. A file that is there already is kept; *kept says how many were. */
bool work_make(const Catalogue *c, int chapter, const char *folder, int *kept, Error *err);

/* Writes a chapter's sources with one bug in them, and what is known about it in README.md. */
bool work_make_bug(const Bug *b, const char *folder, Error *err);

/* The sources of a chapter as an exercise sheet has them: path (as it is in the project) and text
 * with stubs. Calls `take` for each; stops where it returns false. */
typedef bool TakeSource(const char *path, const char *text, void *arg, Error *err);
bool stubs_make(const Catalogue *c, int chapter, TakeSource *take, void *arg, Error *err);

#endif
