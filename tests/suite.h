/* suite.h: the shared frame of every test program.
 *
 * A test file includes this, writes its START_TESTs, names them in `tests` and ends with
 * RUN_TESTS("unit"). Names are sentences. A TCase's default time limit is 4 s; slow tests pass
 * their own to SUITE_TIMEOUT before the include. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "real.h"

#ifndef SUITE_TIMEOUT
#define SUITE_TIMEOUT 20
#endif

/* relative error at most tol; false for NaN */
static inline int close_to(double a, double b, double tol)
{
    double scale = fmax(1e-300, fmax(fabs(a), fabs(b)));
    return a == b || fabs(a - b) / scale <= tol;
}

/* tests: an array of const TTest *, closed by NULL */
#define RUN_TESTS(unit, tests)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        Suite *suite = suite_create(unit);                                                         \
        TCase *tc = tcase_create(unit);                                                            \
        tcase_set_timeout(tc, SUITE_TIMEOUT);                                                      \
        for (const TTest *const *t = tests; *t; t++) tcase_add_test(tc, *t);                       \
        suite_add_tcase(suite, tc);                                                                \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                               \
    }

#endif
