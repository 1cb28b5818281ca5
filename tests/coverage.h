/* coverage.h: stands before every source of a build that counts what is executed (make coverage): a
 * program that a failed REQUIRE ends keeps its counts too. */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdlib.h>

void __gcov_dump(void);
#define abort() (__gcov_dump(), (abort)())

#endif
