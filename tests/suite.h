/* suite.h: the shared frame of every test program.
 *
 * A test file includes this, writes its START_TESTs, names them in `tests` and ends with
 * RUN_TESTS("unit"). Names are sentences. A TCase's default time limit is 4 s; slow tests pass
 * their own to SUITE_TIMEOUT before the include. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real.h"

/* Check's START_TEST makes a test's name a variable, which can't stand in a constant table. Here it
 * is an array of one, whose address is a constant (and &name_ttest is the same, as in Check). */
#undef START_TEST
#define START_TEST(name)                                                                          \
    static void name##_fn(int);                                                                   \
    CK_ATTRIBUTE_UNUSED static const TTest name##_ttest = {#name, name##_fn, __FILE__, __LINE__}; \
    static const TTest name[] = {{#name, name##_fn, __FILE__, __LINE__}};                         \
    static void name##_fn(int _i CK_ATTRIBUTE_UNUSED)

static const bool in_double = sizeof(real) == sizeof(double);

/* Memory is watched by AddressSanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#ifndef SUITE_TIMEOUT
#define SUITE_TIMEOUT 60
#endif

/* relative error at most tol; false for NaN */
static inline int close_to(double a, double b, double tol)
{
    double scale = fmax(1e-300, fmax(fabs(a), fabs(b)));
    return a == b || fabs(a - b) / scale <= tol;
}

/* How a piece of code ended, run in a process of its own, and what it wrote to stderr. */
typedef struct {
    int pipe[2];
    pid_t child;
    int status; /* as waitpid gives it */
    char said[4096];
} Apart;

/* Splits the process: true in the child, whose stderr goes to the parent. */
static inline bool apart_begin(Apart *a)
{
    fflush(NULL);
    ck_assert_int_eq(pipe(a->pipe), 0);
    a->child = fork();
    ck_assert_int_ge(a->child, 0);
    if (a->child > 0) return false;
    dup2(a->pipe[1], STDERR_FILENO);
    close(a->pipe[0]);
    close(a->pipe[1]);
    return true;
}

/* In the parent: reads what the child says, to its end; kept is what there is room for. */
static inline void apart_end(Apart *a)
{
    size_t length = 0, room;
    ssize_t got;
    char more[1024];
    close(a->pipe[1]);
    do {
        room = sizeof a->said - 1 - length;
        got = read(a->pipe[0], room ? a->said + length : more, room ? room : sizeof more);
        if (got > 0 && room) length += (size_t)got;
    } while (got > 0);
    a->said[length] = '\0';
    close(a->pipe[0]);
    waitpid(a->child, &a->status, 0);
}

/* True once a child has nothing more to say; it is still to be waited for. */
static inline bool has_ended(pid_t child)
{
    siginfo_t how = {0};
    return waitid(P_PID, (id_t)child, &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           how.si_pid == child;
}

#define RUN_APART(a, expression) \
    do {                         \
        if (apart_begin(a)) {    \
            expression;          \
            _exit(0);            \
        }                        \
        apart_end(a);            \
    } while (0)

/* The expression breaks a REQUIRE: the program is aborted, and its message contains `part`. It must
 * not start an OpenMP team: those do not survive a fork. */
#define ck_assert_dies(expression, part)                                                \
    do {                                                                                \
        Apart apart_;                                                                   \
        RUN_APART(&apart_, expression);                                                 \
        ck_assert_msg(WIFSIGNALED(apart_.status) && WTERMSIG(apart_.status) == SIGABRT, \
                      "'%s' was not refused; it said: %s", #expression, apart_.said);   \
        ck_assert_msg(strstr(apart_.said, part), "'%s' said: %s, not: %s", #expression, \
                      apart_.said, part);                                               \
    } while (0)

/* The expression ends the program with this exit status, and says `part` on stderr. */
#define ck_assert_exits(expression, code, part)                                                    \
    do {                                                                                           \
        Apart apart_;                                                                              \
        RUN_APART(&apart_, expression);                                                            \
        ck_assert_msg(WIFEXITED(apart_.status) && WEXITSTATUS(apart_.status) == (code),            \
                      "'%s' did not exit with %d; it said: %s", #expression, (code), apart_.said); \
        ck_assert_msg(strstr(apart_.said, part), "'%s' said: %s, not: %s", #expression,            \
                      apart_.said, part);                                                          \
    } while (0)

/* tests: an array of const TTest *, closed by NULL */
#define RUN_TESTS(unit, tests)                                               \
    int main(void)                                                           \
    {                                                                        \
        Suite *suite = suite_create(unit);                                   \
        TCase *tc = tcase_create(unit);                                      \
        tcase_set_timeout(tc, SUITE_TIMEOUT);                                \
        for (const TTest *const *t = tests; *t; t++) tcase_add_test(tc, *t); \
        suite_add_tcase(suite, tc);                                          \
        SRunner *runner = srunner_create(suite);                             \
        srunner_run_all(runner, CK_ENV);                                     \
        int failed = srunner_ntests_failed(runner);                          \
        srunner_free(runner);                                                \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                         \
    }

#endif
