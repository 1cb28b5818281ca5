/* exercise.h: what stands in place of a function that is left to be written.
 *
 * `make exerciseN` puts EXERCISE("3.2", "Reward to go", "chapter 3, ...") where the body was.
 * Whoever calls it is told what is missing and where to read about it, and the program ends. */
#ifndef EXERCISE_H
#define EXERCISE_H

#define EXERCISE(id, title, section) exercise_open(id, title, section, __func__, __FILE__)

/* Exit status 1. */
_Noreturn void exercise_open(const char *id, const char *title, const char *section,
                             const char *function, const char *file);

#endif
