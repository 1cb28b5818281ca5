/* report.h: what the grader found, on paper and in JSON. */
#ifndef REPORT_H_
#define REPORT_H_

#include "grading.h"

typedef struct {
    Grade *grade; /* of exercises, in the catalogue's order */
    int count;
    double seconds;
    const char *said; /* where there is nothing to grade, why; or NULL */
} Report;

int report_points(const Report *r);
int report_most(const Report *r);
bool report_solved(const Report *r); /* everything */

/* A line for each exercise, with what is wrong below it, and the sum. */
void report_print(const Report *r);

/* grade.json: points and, for every exercise, its verdict and the findings of its tests. */
bool report_save(const Report *r, const char *directory, Error *err);

/* results.json as Gradescope's autograder specification has it: a test for each exercise, with its
 * score, its status and a text. */
bool report_save_gradescope(const Report *r, const char *directory, Error *err);

/* The findings of one grade, set in. */
void finding_print(const Grade *g);

#endif
