/* confined.c: see confined.h. */
#include "confined.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

extern char **environ;

enum { UNSTARTED = 127, NOBODY = 65534 };

/* ---- the child ---------------------------------------------------------------------------- */

static void limit(int what, unsigned long most)
{
    struct rlimit r = {most, most}, now;
    if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
        r.rlim_cur = r.rlim_max = now.rlim_max;
    if (setrlimit(what, &r) != 0) _exit(UNSTARTED);
}

static void set_limits(const Limits *l)
{
    struct rlimit cpu = {(rlim_t)l->cpu_seconds, (rlim_t)l->cpu_seconds + 1};
    if (setrlimit(RLIMIT_CPU, &cpu) != 0) _exit(UNSTARTED);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 64);
    limit(RLIMIT_FSIZE, (unsigned long)l->file_size);
    if (l->memory > 0) limit(RLIMIT_AS, (unsigned long)l->memory);
    if (!l->may_fork) limit(RLIMIT_NPROC, 0);
}

static void nobody_ids(uid_t *user, gid_t *group)
{
    const struct passwd *nobody = getpwnam("nobody");
    *user = nobody ? nobody->pw_uid : NOBODY;
    *group = nobody ? nobody->pw_gid : NOBODY;
}

static void become_nobody(void)
{
    uid_t user;
    gid_t group;
    if (geteuid() != 0) return;
    nobody_ids(&user, &group);
    if (setgroups(0, NULL) != 0 || setgid(group) != 0 || setuid(user) != 0) _exit(UNSTARTED);
}

/* As little of the caller's environment as a compiler needs. */
static void set_environment(char *const more[])
{
    static const char *const kept[] = {"PATH", "TMPDIR"};
    static char *fresh[32];
    int n = 0;
    for (int i = 0; i < 2; i++) {
        const char *value = getenv(kept[i]);
        if (value && asprintf(&fresh[n++], "%s=%s", kept[i], value) < 0) _exit(UNSTARTED);
    }
    fresh[n++] = (char *)"LC_ALL=C";
    fresh[n++] = (char *)"OMP_NUM_THREADS=1";
    for (int i = 0; more && more[i] && n < 31; i++) fresh[n++] = more[i];
    environ = fresh;
}

typedef struct {
    int input[2], said[2], report[2];
} Pipes;

_Noreturn static void child(char *const argv[], char *const environment[], const Pipes *p,
                            const Limits *limits)
{
    setpgid(0, 0);
    int in = fcntl(p->input[0], F_DUPFD, 10), out = fcntl(p->said[1], F_DUPFD, 10);
    int report = fcntl(p->report[1], F_DUPFD, 10);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    dup2(report, 3);
    for (int fd = 4; fd < 256; fd++) close(fd);
    set_environment(environment);
    if (limits->as_nobody) become_nobody();
    set_limits(limits);
    execvp(argv[0], argv);
    fprintf(stderr, "can't run %s: %s\n", argv[0], strerror(errno));
    _exit(UNSTARTED);
}

/* ---- the parent --------------------------------------------------------------------------- */

/* What runs is in a group of its own, which a Ctrl-C doesn't reach: it ends with us. */
static volatile pid_t running;
static const char *volatile scratch;

static void end_with_us(int number)
{
    if (running > 0) kill(-running, SIGKILL);
    if (scratch && fork() == 0) {
        execl("/bin/rm", "rm", "-rf", scratch, (char *)NULL);
        _exit(UNSTARTED);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_ends(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 3; i++)
        if (signal(ends[i], end_with_us) == SIG_IGN) signal(ends[i], SIG_IGN); /* as nohup asks */
}

void confined_scratch(const char *path)
{
    scratch = path;
    catch_ends();
}

typedef struct {
    int fd; /* -1: closed */
    char *text;
    size_t length;
} Reader;

/* Reads what is there; past the limit it is thrown away. */
static void take(Reader *r)
{
    char more[4096];
    ssize_t got = read(r->fd, more, sizeof more);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
        close(r->fd);
        r->fd = -1;
        return;
    }
    size_t room = CONFINED_MAX - r->length, keep = (size_t)got < room ? (size_t)got : room;
    memcpy(r->text + r->length, more, keep);
    r->length += keep;
}

static void take_all(Reader readers[2], int milliseconds)
{
    struct pollfd polls[2] = {{readers[0].fd, POLLIN, 0}, {readers[1].fd, POLLIN, 0}};
    if (poll(polls, 2, milliseconds) <= 0) return;
    for (int i = 0; i < 2; i++)
        if (readers[i].fd >= 0 && polls[i].revents) take(&readers[i]);
}

/* Until the child ends or its time is up. Whoever else holds the pipes isn't waited for. */
static int watch(pid_t pid, Reader readers[2], double deadline, bool *late)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
        if (clock_seconds() > deadline) {
            *late = true;
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            break;
        }
        if (readers[0].fd >= 0 || readers[1].fd >= 0)
            take_all(readers, 20);
        else
            usleep(2000);
    }
    kill(-pid, SIGKILL); /* what it may have left behind */
    for (int i = 0; i < 2; i++) {
        if (readers[i].fd >= 0) fcntl(readers[i].fd, F_SETFL, O_NONBLOCK);
        for (int k = 0; k < 64 && readers[i].fd >= 0; k++) {
            size_t before = readers[i].length;
            take(&readers[i]);
            if (readers[i].length == before) break;
        }
        if (readers[i].fd >= 0) close(readers[i].fd);
    }
    return status;
}

static Reader reader_new(int fd)
{
    return (Reader){fd, NEW(char, CONFINED_MAX + 1), 0};
}

static void feed(int fd, const char *input)
{
    size_t length = input ? strlen(input) : 0;
    if (length > 0 && write(fd, input, length) < 0) perror("input"); /* short: fits the pipe */
    close(fd);
}

Confined confined_run(char *const argv[], char *const environment[], const char *input,
                      const Limits *limits)
{
    Confined c = {.ending = ENDED_UNSTARTED};
    Pipes p;
    REQUIRE(pipe(p.input) == 0 && pipe(p.said) == 0 && pipe(p.report) == 0, "no pipes: %s",
            strerror(errno));
    fflush(NULL);
    double began = clock_seconds();
    pid_t pid = fork();
    REQUIRE(pid >= 0, "no process can be made: %s", strerror(errno));
    if (pid == 0) child(argv, environment, &p, limits);

    setpgid(pid, pid);
    running = pid;
    catch_ends();
    close(p.input[0]);
    close(p.said[1]);
    close(p.report[1]);
    signal(SIGPIPE, SIG_IGN);
    feed(p.input[1], input);
    Reader readers[2] = {reader_new(p.said[0]), reader_new(p.report[0])};
    bool late = false;
    int status = watch(pid, readers, began + limits->wall_seconds, &late);
    running = 0;
    c.seconds = clock_seconds() - began;
    c.said = readers[0].text;
    c.report = readers[1].text;
    bool killed = WIFSIGNALED(status);
    c.status = killed ? WTERMSIG(status) : WEXITSTATUS(status);
    /* out of processor time: SIGXCPU, or SIGKILL a second later if that was caught */
    bool spent = killed && (c.status == SIGXCPU || c.status == SIGKILL);
    c.ending = late || spent           ? ENDED_BY_TIME
               : killed                ? ENDED_BY_SIGNAL
               : c.status == UNSTARTED ? ENDED_UNSTARTED
                                       : ENDED_BY_ITSELF;
    return c;
}

void confined_free(Confined *c)
{
    free(c->said);
    free(c->report);
    *c = (Confined){0};
}

/* ---- nobody ------------------------------------------------------------------------------- */

bool confined_can_read(const char *path)
{
    if (geteuid() != 0) return true;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        _exit(access(path, R_OK) == 0 ? 0 : 1);
    }
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

void confined_give(const char *path)
{
    uid_t user;
    gid_t group;
    nobody_ids(&user, &group);
    if (geteuid() == 0 && chown(path, user, group) != 0) perror(path);
}
