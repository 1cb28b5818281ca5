/* program.h: for tests that run the chapters' programs as their users do.
 *
 * Each test has a directory of its own, where its programs stand when they start, so that what they
 * find and keep under out/ is the test's alone. Of other programs they find a shell, for rewards by
 * command, and no gnuplot: figures take time. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "suite.h"

/* A run of each chapter that takes a fraction of a second; what follows it wins. */
#define TINY_1 "1 --tales 40 --order 2 --length 8 --threads 1 "
#define TINY_2                                                                                  \
    "2 --tales 20 --layers 1 --heads 1 --channels 4 --context 16 --batch 2 --steps 4 --warmup " \
    "1 --eval-every 2 --orders 2 --sample 1 --length 4 --threads 1 "
#define TINY_RL                                                                           \
    " --tales 20 --pretrain-steps 1 --length 8 --batch 2 --steps 2 --sample 1 --price 1 " \
    "--threads 1 "
#define TINY_3 "3" TINY_RL
#define TINY_4 "4" TINY_RL "--minibatches 1 "
#define TINY_5 "5" TINY_RL "--minibatches 1 --epochs 2 "

static char program_place[64];
static pid_t program_owner;

static inline void program_clean(void)
{
    char command[256];
    if (getpid() != program_owner) return;
    snprintf(command, sizeof command, "chmod -R u+w '%s'; rm -rf '%s'", program_place,
             program_place);
    if (system(command) != 0) perror(program_place);
}

/* The path of a file in the test's directory; overwritten by the eighth next call. */
static inline const char *in_place(const char *file)
{
    static char paths[8][640];
    static unsigned turn;
    if (program_owner != getpid() && !*program_place) {
        /* in memory, if possible: on a disk most of the time goes into forcing files to it */
        snprintf(program_place, sizeof program_place, "%s/test_program_XXXXXX",
                 access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
        ck_assert_ptr_nonnull(mkdtemp(program_place));
        program_owner = getpid();
        atexit(program_clean);
        char bin[80], sh[96];
        snprintf(bin, sizeof bin, "%s/bin", program_place);
        snprintf(sh, sizeof sh, "%s/sh", bin);
        ck_assert(mkdir(bin, 0777) == 0 && symlink("/bin/sh", sh) == 0);
    }
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", program_place, file);
    return path;
}

/* A shell command in the test's directory; returns its status as waitpid gives it. */
__attribute__((format(printf, 1, 2))) static inline int shell(const char *format, ...)
{
    char command[4096];
    va_list args;
    int used = snprintf(command, sizeof command, "cd '%s' || exit 125; ", in_place("."));
    va_start(args, format);
    vsnprintf(command + used, sizeof command - (size_t)used, format, args);
    va_end(args);
    return system(command);
}

/* What a shell runs for "3 --seed 2": the program of chapter 3 under this build, by exec. */
static inline const char *program_command(const char *environment, const char *run)
{
    static char command[2048];
    const char *build = getenv("BUILD");
    char *folder = realpath(build ? build : "build/gcc-float", NULL);
    ck_assert_msg(folder != NULL, "run the tests in the project's directory, with BUILD set");
    snprintf(command, sizeof command, "exec env GOMP_SPINCOUNT=2000 PATH=%s %s %s/chapter%s",
             in_place("bin"), environment, folder, run);
    free(folder);
    return command;
}

/* LLVM's OpenMP keeps a file for each process. One that is killed leaves it behind, and a later
 * process with the same number stumbles over it. */
static inline void clear_openmp_files(void)
{
    DIR *dir = opendir("/dev/shm");
    const struct dirent *file;
    int process;
    while (dir && (file = readdir(dir)))
        if (sscanf(file->d_name, "__KMP_REGISTERED_LIB_%d", &process) == 1 &&
            kill(process, 0) != 0 && errno == ESRCH)
            unlinkat(dirfd(dir), file->d_name, 0);
    if (dir) closedir(dir);
}

/* How a program ended, and all that it said. */
typedef struct {
    int status, signal; /* exit status, or -1; the signal that ended it, or 0 */
    char said[1 << 14];
} Ended;

static inline void read_said(Ended *e)
{
    FILE *in = fopen(in_place("said"), "rb");
    size_t size = in ? fread(e->said, 1, sizeof e->said - 1, in) : 0;
    e->said[size] = '\0';
    if (in) fclose(in);
}

static inline const Ended *run_program(const char *environment, const char *run)
{
    static Ended e;
    clear_openmp_files();
    int status = shell("%s >said 2>&1 </dev/null", program_command(environment, run));
    e.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    e.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    read_said(&e);
    return &e;
}

/* The run ends with this exit status and says `part`. */
static inline void check_run(int status, const char *run, const char *part)
{
    const Ended *e = run_program("", run);
    ck_assert_msg(e->status == status && strstr(e->said, part),
                  "chapter%s\nended with %d (signal %d), not %d, or without \"%s\":\n%s", run,
                  e->status, e->signal, status, part, e->said);
}

/* Starts a run and does not wait; returns its process. It is not forked: a signal that comes before
 * the program stands in the child would run Check's handler there, which kills the whole test. */
static inline pid_t start_program(const char *run)
{
    char command[4096];
    snprintf(command, sizeof command, "cd '%s' && %s >said 2>&1 </dev/null", in_place("."),
             program_command("", run));
    clear_openmp_files();
    char *const argv[] = {(char *)"sh", (char *)"-c", command, NULL};
    posix_spawnattr_t how;
    sigset_t all;
    pid_t child;
    sigfillset(&all);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    ck_assert_int_eq(posix_spawn(&child, "/bin/sh", NULL, &how, argv, environ), 0);
    posix_spawnattr_destroy(&how);
    return child;
}

static inline void sleep_seconds(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)(1e9 * fmod(seconds, 1))}, NULL);
}

/* Waits up to a minute until the file is there. */
static inline void await_file(const char *file)
{
    for (int i = 0; i < 12000 && access(in_place(file), R_OK) != 0; i++) sleep_seconds(0.005);
    ck_assert_msg(access(in_place(file), R_OK) == 0, "%s never came", file);
}

/* A run whose text comes through a pipe, --text story, is stopped while it waits: the signal comes
 * before the text. It ends with status 1. */
static inline void check_stopped_while_it_reads(const char *run)
{
    int status, story;
    ck_assert_int_eq(shell("mkfifo story"), 0);
    pid_t child = start_program(run);
    while ((story = open(in_place("story"), O_WRONLY | O_NONBLOCK)) < 0 && !has_ended(child))
        sleep_seconds(0.005); /* opens once the program reads */
    ck_assert_int_ge(story, 0);
    kill(child, SIGTERM);
    sleep_seconds(0.05);
    for (int i = 0; i < 20; i++) dprintf(story, "a hen met %s\n", i % 2 ? "a fox" : "an owl");
    close(story);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", status);
}

static inline void check_same_files(const char *a, const char *b)
{
    ck_assert_msg(shell("cmp %s %s", a, b) == 0, "%s and %s differ", a, b);
}

#endif
