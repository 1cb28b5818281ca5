/* confined.h: runs a program that nobody vouches for, with limits on what it can take.
 *
 * A process of its own, in a group of its own: limited processor time, wall-clock time, memory,
 * size of files and number of processes, no core dump, a small environment. Started by root it runs
 * as nobody. What it writes is read up to a limit; then it is ended, with all that it started. This
 * guards against accidents and clumsy malice; exercises/TEACHING.md says what it can't stop. */
#ifndef CONFINED_H
#define CONFINED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int cpu_seconds, wall_seconds;
    long memory;    /* bytes of address space; 0: no limit, for sanitizers */
    long file_size; /* bytes */
    bool may_fork;  /* a compiler must; else no process and no thread can be made */
    bool as_nobody; /* where root starts it */
} Limits;

typedef enum {
    ENDED_BY_ITSELF, /* status: as exit gave it */
    ENDED_BY_SIGNAL, /* status: the signal */
    ENDED_BY_TIME,   /* processor or wall clock */
    ENDED_UNSTARTED  /* the program can't be run */
} Ending;

typedef struct {
    Ending ending;
    int status;
    double seconds;
    char *said;   /* on stdout and stderr, the first CONFINED_MAX bytes; free() it */
    char *report; /* on descriptor 3; free() it */
} Confined;

enum { CONFINED_MAX = 1 << 15 };

/* argv[0] is a path or a name in PATH. environment: "NAME=value" strings closed by NULL, added to
 * the small one; input: what stands on stdin. */
Confined confined_run(char *const argv[], char *const environment[], const char *input,
                      const Limits *limits);
void confined_free(Confined *c);

/* A directory that goes with us where a signal ends us; NULL: none any more. */
void confined_scratch(const char *path);

/* Can nobody read this file? True where we aren't root. */
bool confined_can_read(const char *path);

/* Gives a file or directory to nobody, where we are root. */
void confined_give(const char *path);

#endif
