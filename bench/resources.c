/* resources.c: the time and the memory of a whole program.
 *
 *     resources WHAT CASE BY THREADS PROGRAM [ARGUMENT...]
 *
 * runs the program, whose standard output is thrown away, and prints two rows: seconds from start
 * to end, and the most memory in MiB that it, or a program that it ran, held at any time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/measure.h"

#ifdef __APPLE__
static const double RSS_UNIT = 1; /* bytes */
#else
static const double RSS_UNIT = 1024;
#endif

static _Noreturn void become(char **command)
{
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: resources WHAT CASE BY THREADS PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    Bench b = {.what = argv[1], .by = argv[3], .threads = atoi(argv[4])};
    double start = clock_seconds();
    pid_t child = fork();
    if (child == 0) become(argv + 5);
    int status = -1;
    struct rusage used;
    if (child < 0 || waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &used) < 0)
        perror("resources");
    if (status != 0) {
        fprintf(stderr, "resources: %s failed: no row for it\n", argv[5]);
        return EXIT_FAILURE;
    }
    b.unit = "s";
    bench_row(&b, argv[2], 0, (Measured){.seconds = clock_seconds() - start});
    b.unit = "MiB";
    bench_row(&b, argv[2], (double)used.ru_maxrss * RSS_UNIT / (1 << 20), (Measured){.seconds = 1});
    return EXIT_SUCCESS;
}
