/* grade.h: tests that explain.
 *
 * A test of an exercise knows no solution. It knows examples worked by hand and identities that
 * hold for every right solution, and it knows what the well-known mistakes would give instead. So
 * when a number is wrong it says what should have come, what came, on which input, and what that
 * looks like:
 *
 *     Known whole[] = {{{2.5, 2.5, 2.5}, "this is the whole reward, for every symbol"}, {0}};
 *     expect_numbers("weights", "rewards 1, 0.5, 1", got, (double[]){2.5, 1.5, 1}, 3, whole,
 *                    "sum what comes with the symbol and after it");
 *
 * Built in double. A file of tests ends with
 *
 *     const Grader graders[] = {{"3.2", "a_name_that_is_a_sentence", its_function}, ..., {0}}; */
#ifndef GRADE_H
#define GRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "matrix.h"

typedef struct {
    const char *tag; /* the exercise's id */
    const char *name;
    void (*test)(void);
} Grader;
extern const Grader graders[];
#define GRADER(tag, function)    \
    {                            \
        tag, #function, function \
    }

/* What a known mistake gives, and what it is. {0} closes a list of them. */
enum { KNOWN_NUMBERS = 12 };
typedef struct {
    double gives[KNOWN_NUMBERS];
    const char *likely;
} Known;
#define NO_KNOWN ((const Known[]){{.likely = NULL}})

/* Ends the test. Each of these is one line, or several parted by newlines. */
_Noreturn void wrong(const char *of, const char *on, const char *expected, const char *got,
                     const char *likely);

/* A number that a function under test should set begins as this, and where it still stands, that is
 * said. */
#define UNTOUCHED 99.0

/* n numbers, each within tol of the expected one, absolutely and relatively whichever is larger.
 * `otherwise` is said where no known mistake fits, after what the numbers say by themselves: NaN,
 * UNTOUCHED, or nearly the right ones. */
void expect_numbers(const char *of, const char *on, const double *got, const double *expected,
                    int n, const Known *known, const char *otherwise);
void expect(const char *of, const char *on, double got, double expected, const Known *known,
            const char *otherwise);
void expect_within(const char *of, const char *on, double got, double expected, double tol,
                   const Known *known, const char *otherwise);

/* A claim in words. */
void expect_that(bool holds, const char *of, const char *on, const char *expected, const char *got,
                 const char *likely);

/* Every element of the gradient against the slope of loss(arg) in the variable, by central
 * differences of fourth order. Says so where all are off by the same factor. */
typedef double Loss(void *arg);
void expect_slopes(const char *of, const char *on, Matrix gradient, Matrix variable, Loss *loss,
                   void *arg, const Known *known_factors, const char *otherwise);

double slope(Loss *loss, void *arg, real *x);

/* printf into memory that lasts as long as the test */
const char *say(const char *words, ...) __attribute__((format(printf, 1, 2)));
const char *say_numbers(const double *x, int n);

/* ---- inputs ------------------------------------------------------------------------------- */

/* A zeroed slice of a wider matrix whose other columns are NaN, so that whoever walks over it as
 * over rows * cols numbers in a row gets NaN. */
Matrix slice_new(int rows, int cols);
Matrix slice_of(int rows, int cols, const double *numbers);
Matrix slice_random(int rows, int cols, uint64_t seed);
const double *numbers_of(Matrix m); /* row by row */
const double *numbers(const real *x, int n);

#endif
