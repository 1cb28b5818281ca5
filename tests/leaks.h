/* leaks.h: what is made and freed leaves no memory behind, by glibc's own count of what is in use.
 * Elsewhere, and where a sanitizer or valgrind counts, this holds of itself. */
#ifndef LEAKS_H
#define LEAKS_H

#include "suite.h"
#include "threads.h"

#if defined __GLIBC__ && !defined SANITIZED
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define COUNTED
#endif
#endif

static inline size_t bytes_in_use(void)
{
#ifdef COUNTED
    struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
#else
    return 0;
#endif
}

/* The C library keeps some of what is freed at hand, up to a limit, and counts it as used. So this
 * is looked at in spells: what leaks takes more in every one of them. */
static inline void check_leaves_nothing(void (*make_and_free)(void), const char *name)
{
    enum { SPELLS = 10, ROUNDS = 5 };
    size_t before, after = 0;
    threads_use(1);
    for (int spell = 0; spell < SPELLS; spell++) {
        before = bytes_in_use();
        for (int i = 0; i < ROUNDS; i++) make_and_free();
        after = bytes_in_use();
        if (after <= before) return;
    }
    ck_abort_msg("%s: %d rounds leave %zu bytes", name, ROUNDS, after - before);
}

#define CHECK_LEAVES_NOTHING(make_and_free) check_leaves_nothing(make_and_free, #make_and_free)

#endif
