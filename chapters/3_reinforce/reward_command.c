/* reward_command.c: see reward_command.h.
 *
 * Both pipes are watched at once: a program that answers while it reads would otherwise wait for us
 * to take its answers, and we for it to take our texts. */
#include "reward_command.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

extern char **environ;

enum { ANSWER_MAX = 4096 };

struct RewardCommand {
    char *command;
    double timeout; /* seconds */
    pid_t child;    /* it leads a process group of its own; 0 once it has been waited for */
    int to, from;   /* its input and its output */
    char *lines;    /* the texts of a batch as lines */
    size_t size, written, room;
    char answer[ANSWER_MAX + 1]; /* what has come and is not yet a line */
    size_t held;
};

/* ---- start and stop ----------------------------------------------------------------------- */

/* sh -c command, with these ends as its input and output. It gets its own process group, so that a
 * Ctrl-C for us is not one for it, and the usual answer to SIGPIPE. */
static int spawn_shell(pid_t *child, const char *command, int input, int output)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    int why = posix_spawnp(child, "sh", &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return why;
}

/* A pipe whose ends no other program inherits. */
static bool private_pipe(int ends[2])
{
    if (pipe(ends) != 0) return false;
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return true;
}

bool reward_command_check(const char *command, Error *err)
{
    return command[strspn(command, " \t\n")] ||
           error_set(err, "--reward-command is empty: name a program");
}

bool reward_command_start(RewardCommand **c, const char *command, double timeout, Error *err)
{
    int in[2], out[2];
    *c = NULL;
    if (!reward_command_check(command, err)) return false;
    if (!private_pipe(in))
        return error_set(err, "no pipe to the reward command: %s", strerror(errno));
    if (!private_pipe(out)) {
        close(in[0]), close(in[1]);
        return error_set(err, "no pipe from the reward command: %s", strerror(errno));
    }
    RewardCommand *n = NEW(RewardCommand, 1);
    int why = spawn_shell(&n->child, command, in[0], out[1]);
    close(in[0]), close(out[1]);
    n->to = in[1], n->from = out[0];
    n->timeout = timeout;
    n->command = NEW(char, strlen(command) + 1);
    strcpy(n->command, command);
    fcntl(n->to, F_SETFL, O_NONBLOCK);
    *c = n;
    if (why == 0) return true;
    n->child = 0;
    reward_command_stop(n);
    *c = NULL;
    return error_set(err, "the reward command can't be started: %s", strerror(why));
}

/* Waits up to `seconds` for the program's end. */
static bool has_ended(RewardCommand *c, double seconds, int *status)
{
    bool ended = child_ended(c->child, seconds, status);
    if (ended) c->child = 0;
    return ended;
}

void reward_command_stop(RewardCommand *c)
{
    if (!c) return;
    int status;
    close(c->to);
    close(c->from);
    pid_t group = c->child;
    if (c->child && !has_ended(c, 1, &status)) {
        kill(-group, SIGKILL);
        waitpid(group, &status, 0);
    }
    free(c->command);
    free(c->lines);
    free(c);
}

/* ---- what goes wrong ---------------------------------------------------------------------- */

/* It has closed its output: says how it ended. */
static bool say_ended(RewardCommand *c, int got, int count, Error *err)
{
    int status = -1; /* unknown, where the system has waited for it instead of us */
    char how[80] = "closed its input or output";
    if (c->child && has_ended(c, 1, &status)) {
        if (status == -1)
            snprintf(how, sizeof how, "ended");
        else if (WIFSIGNALED(status))
            snprintf(how, sizeof how, "was killed by signal %d", WTERMSIG(status));
        else
            snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    }
    return error_set(err,
                     "the reward command '%.200s' %s after answering %d of %d texts: it must "
                     "answer every line until its input ends",
                     c->command, how, got, count);
}

static bool say_stalled(const RewardCommand *c, int got, int count, Error *err)
{
    return error_set(err,
                     "the reward command '%.200s' was silent for %g s after answering %d of %d "
                     "texts: does it flush its output after every line? (--reward-timeout gives "
                     "it longer)",
                     c->command, c->timeout, got, count);
}

/* ---- asking ------------------------------------------------------------------------------- */

static void write_lines(RewardCommand *c, char *const *texts, int count)
{
    size_t need = 0;
    for (int i = 0; i < count; i++) need += strlen(texts[i]) + 1;
    if (need > c->room) c->lines = must_realloc(c->lines, c->room = need, 1);
    c->size = c->written = 0;
    for (int i = 0; i < count; i++) {
        for (const char *p = texts[i]; *p; p++)
            c->lines[c->size++] = *p == '\n' || *p == '\r' ? ' ' : *p;
        c->lines[c->size++] = '\n';
    }
}

/* One line as a number. */
static bool read_number(const RewardCommand *c, const char *line, const char *text, double *answer,
                        Error *err)
{
    char *stop;
    *answer = strtod(line, &stop);
    if (stop != line && !stop[strspn(stop, " \t\r")] && isfinite(*answer)) return true;
    return error_set(err,
                     "the reward command '%.200s' answered \"%.80s\" to the text \"%.200s\": it "
                     "must answer one finite number per line",
                     c->command, line, text);
}

/* Takes the whole lines out of c->answer. */
static bool take_answers(RewardCommand *c, char *const *texts, int count, double *answers, int *got,
                         Error *err)
{
    char *line = c->answer, *end;
    while ((end = memchr(line, '\n', c->held)) != NULL) {
        if (*got == count) break; /* surplus: the next question finds it */
        *end = '\0';
        if (!read_number(c, line, texts[*got], &answers[*got], err)) return false;
        ++*got;
        c->held -= (size_t)(end + 1 - line);
        line = end + 1;
    }
    memmove(c->answer, line, c->held);
    if (c->held == ANSWER_MAX)
        return error_set(err, "the reward command '%.200s' answered a line of %d bytes", c->command,
                         ANSWER_MAX);
    return true;
}

/* Takes what has come, as read does. */
static ssize_t receive(RewardCommand *c)
{
    ssize_t n = read(c->from, c->answer + c->held, ANSWER_MAX - c->held);
    if (n > 0) c->held += (size_t)n;
    return n;
}

enum { GRACE = 2 }; /* seconds that it has where the run is to end */

/* Waits until the program reads or answers. Returns 1, 0 after the time-out, -1 if it is gone. */
static int exchange(RewardCommand *c)
{
    bool writing = c->written < c->size;
    struct pollfd watched[] = {{.fd = c->from, .events = POLLIN},
                               {.fd = writing ? c->to : -1, .events = POLLOUT}};
    double seconds = run_stopped() ? fmin(c->timeout, GRACE) : c->timeout;
    int ready = poll(watched, 2, (int)fmin(seconds * 1000, 2e9));
    if (ready < 0) return errno == EINTR ? 1 : -1;
    if (ready == 0) return 0;
    if (watched[1].revents) {
        ssize_t n = write(c->to, c->lines + c->written, c->size - c->written);
        if (n > 0) c->written += (size_t)n;
        if (n < 0 && errno != EAGAIN && errno != EINTR && !watched[0].revents) return -1;
    }
    if (watched[0].revents) {
        ssize_t n = receive(c);
        if (n == 0 || (n < 0 && errno != EINTR)) return -1;
    }
    return 1;
}

/* Before anything is asked nothing should have been answered: else all answers would be one off. */
static bool is_quiet(RewardCommand *c, Error *err)
{
    struct pollfd watched = {.fd = c->from, .events = POLLIN};
    if (poll(&watched, 1, 0) > 0 && (watched.revents & POLLIN)) receive(c);
    if (c->held == 0) return true;
    c->answer[c->held] = '\0';
    c->answer[strcspn(c->answer, "\r\n")] = '\0';
    return error_set(err,
                     "the reward command '%.200s' answered \"%.80s\" without being asked: it must "
                     "answer one line a text",
                     c->command, c->answer);
}

static bool exchange_all(RewardCommand *c, char *const *texts, int count, double *answers,
                         Error *err)
{
    int got = 0;
    if (!is_quiet(c, err)) return false;
    write_lines(c, texts, count);
    while (got < count) {
        int how = exchange(c);
        if (how == 0 && run_stopped())
            return error_set(err, "stopped while the reward command was asked");
        if (how == 0) return say_stalled(c, got, count, err);
        if (how < 0) return say_ended(c, got, count, err);
        if (!take_answers(c, texts, count, answers, &got, err)) return false;
    }
    return true;
}

bool reward_command_ask(RewardCommand *c, char *const *texts, int count, double *answers,
                        Error *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); /* a program that is gone must not take us along */
    bool good = exchange_all(c, texts, count, answers, err);
    sigaction(SIGPIPE, &before, NULL);
    return good;
}
