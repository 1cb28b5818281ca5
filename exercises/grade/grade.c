/* grade.c: see grade.h. Check runs the tests; what they find goes to whoever started the program.
 *
 *     grader              runs all, with Check's own report
 *     grader NAME         runs one in this process; what it finds is written to descriptor 3
 *     grader --list TAG   names of the tests with a tag, on descriptor 3
 *
 * With NAME, a line on stdin is read before the test and written back as "passed ..." after it. */
#include "grade.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "rng.h"

enum { REPORT = 3 };
static bool reporting; /* else descriptor 3 may be Check's own */

/* ---- words -------------------------------------------------------------------------------- */

const char *say(const char *words, ...)
{
    char *text = NEW(char, 2048);
    va_list args;
    va_start(args, words);
    vsnprintf(text, 2048, words, args);
    va_end(args);
    return text;
}

static const char *with_digits(const double *x, int n, int digits)
{
    char *text = NEW(char, 32 * n + 1), *at = text;
    for (int i = 0; i < n; i++)
        at += sprintf(at, isnan(x[i]) ? "%sNaN" : "%s%.*g", i ? "  " : "", digits, x[i]);
    return text;
}

const char *say_numbers(const double *x, int n)
{
    return with_digits(x, n, 6);
}

/* "got       1 2", its further lines set in below the first */
static char *line(char *at, const char *key, const char *words)
{
    if (!words || !*words) return at;
    at += sprintf(at, "%-9s ", key);
    for (; *words; words++) at += sprintf(at, *words == '\n' ? "\n          " : "%c", *words);
    return at + sprintf(at, "\n");
}

void wrong(const char *of, const char *on, const char *expected, const char *got,
           const char *likely)
{
    const char *const words[] = {of, on, expected, got, likely};
    size_t size = 256;
    for (int i = 0; i < 5; i++) size += words[i] ? 12 * strlen(words[i]) : 0;
    char *text = NEW(char, size), *at = text;
    at = line(at, "of", of);
    at = line(at, "on", on);
    at = line(at, "expected", expected);
    at = line(at, "got", got);
    at = line(at, "likely", likely);
    if (reporting && write(REPORT, text, strlen(text)) < 0) perror("report");
    ck_abort_msg("\n%s", text);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool near(double a, double b, double tol)
{
    if (isinf(a) || isinf(b)) return a == b;
    return fabs(a - b) <= tol * fmax(1, fmax(fabs(a), fabs(b)));
}

static bool all_near(const double *a, const double *b, int n, double tol)
{
    for (int i = 0; i < n; i++)
        if (!near(a[i], b[i], tol)) return false;
    return true;
}

static bool untouched(const double *got, const double *expected, int n)
{
    for (int i = 0; i < n; i++)
        if (got[i] == UNTOUCHED && expected[i] != UNTOUCHED) return true;
    return false;
}

static const char *explain(const double *got, const double *expected, int n, double tol,
                           const Known *known, const char *otherwise)
{
    for (int i = 0; i < n; i++)
        if (isnan(got[i]))
            return say("NaN comes from 0/0, from infinity less infinity or from the logarithm of a "
                       "negative number.\n%s",
                       otherwise);
    for (; known->likely; known++)
        if (n <= KNOWN_NUMBERS && all_near(got, known->gives, n, fmax(tol, 1e-7)))
            return known->likely;
    if (untouched(got, expected, n))
        return say("%g was there before the call: what still holds it is never written.\n%s",
                   UNTOUCHED, otherwise);
    if (all_near(got, expected, n, 1e-5))
        return say("This is right but for its last digits: is a small number added to a divisor, "
                   "where the contract has none?\n%s",
                   otherwise);
    return otherwise;
}

/* With as many digits as tell the two apart. */
static void compare(const char *of, const char *on, const double *got, const double *expected,
                    int n, double tol, const Known *known, const char *otherwise)
{
    if (all_near(got, expected, n, tol)) return;
    const char *wanted = say_numbers(expected, n), *came = say_numbers(got, n);
    for (int digits = 7; digits <= 17 && strcmp(wanted, came) == 0; digits++)
        wanted = with_digits(expected, n, digits), came = with_digits(got, n, digits);
    wrong(of, on, wanted, came, explain(got, expected, n, tol, known, otherwise));
}

void expect_numbers(const char *of, const char *on, const double *got, const double *expected,
                    int n, const Known *known, const char *otherwise)
{
    compare(of, on, got, expected, n, 1e-9, known, otherwise);
}

void expect(const char *of, const char *on, double got, double expected, const Known *known,
            const char *otherwise)
{
    compare(of, on, &got, &expected, 1, 1e-9, known, otherwise);
}

void expect_within(const char *of, const char *on, double got, double expected, double tol,
                   const Known *known, const char *otherwise)
{
    compare(of, on, &got, &expected, 1, tol, known, otherwise);
}

void expect_that(bool holds, const char *of, const char *on, const char *expected, const char *got,
                 const char *likely)
{
    if (!holds) wrong(of, on, expected, got, likely);
}

/* ---- slopes ------------------------------------------------------------------------------- */

static double moved(Loss *loss, void *arg, real *x, double by)
{
    real kept = *x;
    *x = (real)(kept + by);
    double value = loss(arg);
    *x = kept;
    return value;
}

double slope(Loss *loss, void *arg, real *x)
{
    const double h = 0x1p-9;
    double close = moved(loss, arg, x, h) - moved(loss, arg, x, -h);
    double far = moved(loss, arg, x, 2 * h) - moved(loss, arg, x, -2 * h);
    return (8 * close - far) / (12 * h);
}

/* The one factor between two lists of numbers; NAN if there is none. */
static double common_factor(const double *got, const double *expected, int n)
{
    double up = 0, down = 0;
    for (int i = 0; i < n; i++) up += got[i] * expected[i], down += expected[i] * expected[i];
    double factor = down > 0 ? up / down : NAN;
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - factor * expected[i]) <= 1e-5 * fmax(1e-3, fabs(expected[i]))))
            return NAN;
    return factor;
}

static const char *explain_factor(double factor, const Known *known, const char *otherwise)
{
    for (; known->likely; known++)
        if (near(factor, known->gives[0], 1e-4)) return known->likely;
    if (near(factor, 0, 1e-4)) return "nothing is added to this gradient";
    if (near(factor, -1, 1e-4)) return "the sign is the wrong way round";
    if (!isnan(factor)) return say("every element is %.4g times what it should be", factor);
    return otherwise;
}

void expect_slopes(const char *of, const char *on, Matrix gradient, Matrix variable, Loss *loss,
                   void *arg, const Known *known_factors, const char *otherwise)
{
    int n = gradient.rows * gradient.cols, worst = 0;
    const double *got = numbers_of(gradient);
    double *expected = NEW(double, n), most = 0;
    for (int i = 0; i < n; i++) {
        real *x = mat_row(variable, i / variable.cols) + i % variable.cols;
        expected[i] = slope(loss, arg, x);
        double off = fabs(got[i] - expected[i]) / fmax(1e-2, fabs(expected[i]));
        if (!(off <= most)) most = off, worst = i;
    }
    if (most <= 1e-6) return;
    wrong(say("%s, element [%d][%d]", of, worst / gradient.cols, worst % gradient.cols), on,
          say("%.9g, the slope of the loss by central differences", expected[worst]),
          say("%.9g", got[worst]),
          isnan(got[worst])
              ? explain(&got[worst], &expected[worst], 1, 0, NO_KNOWN, otherwise)
              : explain_factor(common_factor(got, expected, n), known_factors, otherwise));
}

/* ---- inputs ------------------------------------------------------------------------------- */

Matrix slice_new(int rows, int cols)
{
    int wide = cols + 3;
    real *data = NEW(real, rows * wide);
    for (int i = 0; i < rows * wide; i++) data[i] = (real)NAN;
    Matrix m = {.rows = rows, .cols = cols, .stride = wide, .data = data + 2};
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) m.data[i * wide + j] = 0;
    return m;
}

Matrix slice_of(int rows, int cols, const double *x)
{
    Matrix m = slice_new(rows, cols);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) m.data[i * m.stride + j] = (real)x[i * cols + j];
    return m;
}

Matrix slice_random(int rows, int cols, uint64_t seed)
{
    Rng rng = rng_stream(seed, 0);
    Matrix m = slice_new(rows, cols);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) m.data[i * m.stride + j] = (real)rng_normal(&rng);
    return m;
}

const double *numbers_of(Matrix m)
{
    double *x = NEW(double, m.rows *m.cols);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) x[i * m.cols + j] = (double)m.data[i * m.stride + j];
    return x;
}

const double *numbers(const real *x, int n)
{
    double *copy = NEW(double, n);
    for (int i = 0; i < n; i++) copy[i] = (double)x[i];
    return copy;
}

/* ---- running ------------------------------------------------------------------------------ */

START_TEST(one)
{
    graders[_i].test();
}
END_TEST

static Suite *suite_of(const char *name)
{
    Suite *suite = suite_create("exercises");
    for (int i = 0; graders[i].tag; i++) {
        if (name && strcmp(graders[i].name, name) != 0) continue;
        TCase *tc = tcase_create(graders[i].name);
        tcase_set_tags(tc, graders[i].tag);
        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, one, i, i + 1);
        suite_add_tcase(suite, tc);
    }
    return suite;
}

static int list(const char *tag)
{
    for (int i = 0; graders[i].tag; i++)
        if (strcmp(graders[i].tag, tag) == 0) dprintf(REPORT, "%s\n", graders[i].name);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    char secret[64] = "";
    if (argc == 3) return list(argv[2]);
    if (argc == 2) {
        reporting = true;
        ssize_t got = read(STDIN_FILENO, secret, sizeof secret - 1);
        secret[got > 0 ? got : 0] = '\0';
        close(STDIN_FILENO);
    }
    SRunner *runner = srunner_create(suite_of(argc == 2 ? argv[1] : NULL));
    if (argc == 2) srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, argc == 2 ? CK_SILENT : CK_ENV);
    bool passed = srunner_ntests_failed(runner) == 0 && srunner_ntests_run(runner) > 0;
    srunner_free(runner);
    if (passed && argc == 2) dprintf(REPORT, "passed %s", secret);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
