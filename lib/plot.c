/* plot.c: draws a figure with gnuplot, and takes it lightly where that can't be done.
 *
 * gnuplot is started without a shell, so no path needs more quoting than gnuplot's own: between
 * single quotes everything stands for itself, and a single quote is written twice. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { NO_GNUPLOT = 127 }; /* also the status of a child whose program was not found */
enum { TOO_SLOW = 128 };   /* what no program ends with: it was ended */

/* name='text'; */
static void add_string(char *commands, size_t size, const char *name, const char *text)
{
    size_t used = strlen(commands);
    used += (size_t)snprintf(commands + used, size - used, "%s='", name);
    for (; *text && used + 6 < size; text++) {
        if (*text == '\'') commands[used++] = '\'';
        commands[used++] = *text;
    }
    snprintf(commands + used, size - used, "'; ");
}

/* Starts gnuplot with its output, errors included, in a pipe. Returns its id, or -1. In a process
 * group of its own it doesn't hear of a Ctrl-C: we wait for the figure. */
static pid_t start_gnuplot(const char *commands, const char *script, int output[2])
{
    char *argv[] = {(char *)"gnuplot", (char *)"-d",   (char *)"-e",
                    (char *)commands,  (char *)script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, output[0]);
    posix_spawn_file_actions_addclose(&actions, output[1]);
    errno = posix_spawnp(&child, "gnuplot", &actions, &attributes, argv, environ);
    if (errno) child = -1;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return child;
}

/* The last line that is not blank: there gnuplot names the file, the line and the mistake. */
static void last_line(FILE *in, char *last, size_t size)
{
    char line[256];
    last[0] = '\0';
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[strspn(line, " \t^")]) snprintf(last, size, "%s", line);
    }
}

/* gnuplot's exit status, NO_GNUPLOT or TOO_SLOW; complaint gets its last line. */
static int run_gnuplot(const char *commands, const char *script, double patience, char *complaint,
                       size_t size)
{
    int output[2], status = -1;
    snprintf(complaint, size, "gnuplot could not be started");
    if (pipe(output) != 0) return -1;
    pid_t child = start_gnuplot(commands, script, output);
    int why = errno;
    close(output[1]);
    if (child < 0) {
        close(output[0]);
        return why == ENOENT ? NO_GNUPLOT : -1;
    }
    bool done = child_ended(child, patience, &status);
    if (!done) {
        kill(-child, SIGKILL); /* with all that it has started */
        waitpid(child, &status, 0);
    }
    fcntl(output[0], F_SETFL, O_NONBLOCK); /* what it started may still hold the other end */
    FILE *in = fdopen(output[0], "r");
    if (in) {
        last_line(in, complaint, size);
        fclose(in);
    } else {
        close(output[0]);
    }
    if (!done) return TOO_SLOW;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* gnuplot doesn't notice a disk that is full: a figure that it has written whole ends so. */
static bool is_whole(const char *path)
{
    static const char end[] = "</svg>";
    char last[16] = "";
    FILE *in = fopen(path, "rb");
    if (!in) return false;
    if (fseek(in, 1 - (long)sizeof last, SEEK_END) == 0)
        last[fread(last, 1, sizeof last - 1, in)] = '\0';
    fclose(in);
    return strstr(last, end) != NULL;
}

static void figure_of(char file[80], const char *script)
{
    snprintf(file, 80, "%.*s.svg", (int)strcspn(script, "."), script);
}

void run_drop_figure(Run *r, const char *script)
{
    char file[80];
    figure_of(file, script);
    run_drop(r, file);
}

/* What gnuplot is told before the script: the variables that run_plot promises, and where to put an
 * unfinished figure. */
static void make_commands(char *commands, size_t size, const Run *r, const char *defines)
{
    char dir[DIRECTORY_MAX + 3]; /* "./~" is a directory, and "~" would be another one */
    snprintf(dir, sizeof dir, "%s%s", *r->dir == '/' ? "" : "./", r->dir);
    commands[0] = '\0';
    add_string(commands, size, "dir", dir);
    add_string(commands, size, "root", r->root);
    add_string(commands, size, "suffix", ".tmp");
    size_t used = strlen(commands);
    snprintf(commands + used, size - used, "%s", defines ? defines : "");
}

void run_plot(Run *r, const char *script, const char *defines)
{
    char path[1024], file[80], half[96], commands[8192], complaint[256];
    snprintf(path, sizeof path, "%s/plots/%s", r->root, script);
    figure_of(file, script);
    snprintf(half, sizeof half, "%s.tmp", file);
    run_progress_end(r);
    if (access(path, R_OK) != 0) {
        printf("no figure %s: %s is missing\n", file, path);
        return;
    }
    if (r->without_figures) return;
    make_commands(commands, sizeof commands, r, defines);
    int status = run_gnuplot(commands, path, r->patience, complaint, sizeof complaint);
    bool there = access(run_path(r, half), F_OK) == 0, whole = is_whole(run_path(r, half));
    if (status == 0 && whole && rename(run_path(r, half), run_path(r, file)) == 0) {
        run_wrote(r, file);
        return;
    }
    unlink(run_path(r, half));
    if (status == 0 && there && !whole) {
        printf("no figure %s: it was not written whole: is the disk full?\n", file);
        return;
    }
    run_drop(r, file); /* an earlier run's */
    r->without_figures = status == NO_GNUPLOT || status == TOO_SLOW;
    if (status == NO_GNUPLOT)
        printf("no figure: gnuplot is not installed (sh setup.sh installs it)\n");
    else if (status == TOO_SLOW)
        printf("no figure: gnuplot took more than %g seconds\n", r->patience);
    else
        printf("no figure %s: %s\n", file, *complaint ? complaint : "gnuplot wrote none");
}
