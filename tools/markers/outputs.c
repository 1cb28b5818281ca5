/* outputs.c: runs the commands of output markers, and forgives what differs from run to run. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "page.h"

/* a number and the unit of time, or the rate, that makes it differ from run to run */
static const char TIMES[] =
    "( *[0-9][0-9.,]* *(ns|us|ms|s|seconds?|min|minutes?|([A-Za-z]+ ?){0,3}/s))([^[:alnum:]]|$)";

typedef struct {
    char *command, *from, *to, *mask; /* patterns, or NULL */
    int first, last;                  /* lines; last is 0 for all */
    int status;
} Request;

/* Cuts a marker's words into a command and the options behind it. */
static Request read_request(char *words)
{
    Request r = {.command = words, .first = 1};
    for (char *p = words; (p = strchr(p, ' '));) {
        char *cut = p++;
        char **pattern = starts(p, "from=/")   ? &r.from
                         : starts(p, "to=/")   ? &r.to
                         : starts(p, "mask=/") ? &r.mask
                                               : NULL;
        if (pattern) { /* it ends at a '/' before a blank */
            p = *pattern = strchr(p, '/') + 1;
            while (*p && !(*p == '/' && (p[1] == ' ' || !p[1]))) p++;
            if (*p) *p++ = 0;
            *cut = 0;
        } else if (sscanf(p, "lines=%d-%d", &r.first, &r.last) == 2 ||
                   sscanf(p, "status=%d", &r.status) == 1)
            *cut = 0;
    }
    return r;
}

/* Reads until the other end closes; false once the time is up. */
static bool read_all(int in, FILE *out, int seconds)
{
    time_t end = time(NULL) + seconds;
    char buffer[4096];
    for (ssize_t n = 1; n > 0; fwrite(buffer, 1, n > 0 ? (size_t)n : 0, out)) {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        time_t left = end - time(NULL);
        if (left <= 0 || poll(&ready, 1, (int)left * 1000) == 0) return false;
        n = read(in, buffer, sizeof buffer);
    }
    return true;
}

/* Runs a command with nothing to read, in a process group, so that all of it can be stopped. */
static int run_command(const char *command, FILE *out, int seconds)
{
    int fd[2], status = 0;
    fflush(stdout);
    REQUIRE(pipe(fd) == 0, "%s", strerror(errno));
    pid_t child = fork();
    REQUIRE(child >= 0, "%s", strerror(errno));
    if (child == 0) {
        setpgid(0, 0);
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(fd[1], STDOUT_FILENO);
        close(fd[0]);
        close(fd[1]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    setpgid(child, child);
    close(fd[1]);
    bool in_time = read_all(fd[0], out, seconds);
    if (!in_time) kill(-child, SIGKILL);
    close(fd[0]);
    waitpid(child, &status, 0);
    return in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const Output *output_of(Book *b, const char *command)
{
    for (Output *o = b->outputs; o; o = o->next)
        if (strcmp(o->command, command) == 0) return o;
    Output *o = NEW(Output, 1);
    size_t size;
    FILE *out = text_stream(&o->text, &size);
    o->command = strdup(command);
    o->status = run_command(command, out, b->limit);
    fflush(out);
    if (size && o->text[size - 1] != '\n') putc('\n', out);
    fclose(out);
    o->next = b->outputs;
    return b->outputs = o;
}

static bool compile(Book *b, const char *at, regex_t *regex, const char *pattern)
{
    char why[128];
    int code = regcomp(regex, pattern, REG_EXTENDED | REG_NEWLINE);
    if (code == 0) return true;
    regerror(code, regex, why, sizeof why);
    problem(b, at, "/%s/ is no regular expression: %s", pattern, why);
    return false;
}

/* The first line of text that the pattern matches, or NULL and a problem. */
static char *line_matching(Book *b, const char *at, const char *pattern, char *text)
{
    regex_t regex;
    regmatch_t match;
    if (!compile(b, at, &regex, pattern)) return NULL;
    bool found = regexec(&regex, text, 1, &match, 0) == 0;
    regfree(&regex);
    if (!found) return problem(b, at, "/%s/ matches no line of the output", pattern), NULL;
    char *line = text + match.rm_so;
    while (line > text && line[-1] != '\n') line--;
    return line;
}

/* The part of an output that a marker asks for, cut out of text in place; NULL, and a problem. */
static char *select_lines(Book *b, const char *at, const Request *r, char *text)
{
    char *start = text, *end;
    if (r->from && !(start = line_matching(b, at, r->from, text))) return NULL;
    if (r->to) {
        if (!(end = line_matching(b, at, r->to, start))) return NULL;
        *(char *)next_line(end) = 0;
    }
    for (int i = 1; i < r->first; i++) start = (char *)next_line(start);
    end = start;
    for (int i = r->first; i <= r->last; i++) {
        if (!*end)
            return problem(b, at, "lines=%d-%d: there is no line %d", r->first, r->last, i), NULL;
        end = (char *)next_line(end);
    }
    if (r->last) *end = 0;
    return start;
}

/* A command's output as the marker asks for it; NULL, and a problem, if the command fails. */
static char *run_request(Book *b, const char *at, const Request *r)
{
    const Output *o = output_of(b, r->command);
    if (o->status != r->status) {
        if (o->status < 0)
            problem(b, at, "%s didn't end within %d s", r->command, b->limit);
        else
            problem(b, at, "%s: exit status %d, not %d", r->command, o->status, r->status);
        return NULL;
    }
    char *text = strdup(o->text), *part = select_lines(b, at, r, text);
    if (part)
        memmove(text, part, strlen(part) + 1);
    else
        free(text);
    return part ? text : NULL;
}

/* The text with '#' for whatever the pattern, or its first group, matches. */
static char *masked(Book *b, const char *at, const char *pattern, const char *text)
{
    char *result;
    size_t size;
    FILE *out = text_stream(&result, &size);
    regex_t regex;
    regmatch_t m[2];
    bool good = compile(b, at, &regex, pattern);
    const char *p = text;
    while (good && *p && !regexec(&regex, p, 2, m, p > text && p[-1] != '\n' ? REG_NOTBOL : 0)) {
        regmatch_t hit = regex.re_nsub > 0 && m[1].rm_so >= 0 ? m[1] : m[0];
        copy(out, p, p + hit.rm_so);
        p += hit.rm_so;
        if (hit.rm_eo > hit.rm_so)
            putc('#', out), p += hit.rm_eo - hit.rm_so;
        else if (*p)
            putc(*p++, out);
    }
    if (good) regfree(&regex);
    fputs(p, out);
    fclose(out);
    return result;
}

/* What an output marker's block should hold: the old text where only times and masks differ. */
char *fresh_output(Book *b, const char *at, char *words, const char *body, const char *old)
{
    Request r = read_request(words);
    char *fresh = run_request(b, at, &r);
    if (!fresh) return NULL;
    char *was = masked(b, at, TIMES, old), *is = masked(b, at, TIMES, fresh);
    if (r.mask) {
        char *times[2] = {was, is};
        was = masked(b, at, r.mask, was), is = masked(b, at, r.mask, is);
        free(times[0]), free(times[1]);
    }
    bool same = strcmp(was, is) == 0;
    if (!same) drift(b, body, r.command, was, is);
    free(was), free(is);
    if (same) free(fresh), fresh = strdup(old);
    return fresh;
}

void outputs_free(Output *o)
{
    for (Output *next; o; o = next) {
        next = o->next;
        free(o->command), free(o->text), free(o);
    }
}
