/* run.c: the frame of a run: where it writes, how far it is, and when to stop. */
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WIDEST = 79 };

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- a clean stop ----------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_asked;

/* Only what is safe in a handler: a flag, the default for the next signal, and write(). */
static void ask_to_stop(int number)
{
    static const char message[] = "\nstopping after this step (Ctrl-C again: at once)\n";
    int saved = errno;
    stop_asked = 1;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (number == SIGINT) (void)!write(STDERR_FILENO, message, sizeof message - 1);
    errno = saved;
}

/* SA_RESTART: a file that is being written when the signal comes is written to its end. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    stop_asked = 0;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, &before);
    if (before.sa_handler == SIG_IGN) signal(SIGINT, SIG_IGN); /* as nohup and & ask */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a failed write, not our end */
}

bool run_stopped(void)
{
    return stop_asked;
}

/* --- children --------------------------------------------------------------------------------- */

bool child_ended(pid_t child, double seconds, int *status)
{
    for (double until = clock_seconds() + seconds;; poll(NULL, 0, 5)) {
        if (waitpid(child, status, WNOHANG) != 0) return true;
        if (clock_seconds() >= until) return false;
    }
}

/* --- places ----------------------------------------------------------------------------------- */

/* The nearest folder above the program that has plots/, else the program's own. */
static void find_root(char *root, size_t size, const char *argv0)
{
    char path[PATH_MAX], try[PATH_MAX + 8];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0)
        path[length] = '\0';
    else if (!argv0 || !realpath(argv0, path))
        strcpy(path, "./program");
    snprintf(root, size, ".");
    for (bool own = true;; own = false) {
        char *slash = strrchr(path, '/');
        if (!slash) return;
        *slash = '\0';
        snprintf(try, sizeof try, "%s/plots", path);
        bool found = is_directory(try);
        if ((own || found) && strlen(path) < size) snprintf(root, size, "%s", *path ? path : "/");
        if (found) return;
    }
}

/* What every program writes at its end: if it may not, that is said now and not after the work. */
static const char *const results[] = {"curves.csv",  "summary.json", "model.safetensors",
                                      "config.json", "vocab.json",   "training.safetensors"};
enum { RESULTS = sizeof results / sizeof *results };

static bool may_write_results(const Run *r, Error *err)
{
    for (int i = 0; i < RESULTS; i++)
        if (!file_replaceable(run_path(r, results[i]), err)) return false;
    return true;
}

bool run_spares(const Run *r, const char *const inputs[], int count, Error *err)
{
    for (int i = 0; i < RESULTS; i++)
        if (!file_spares("--out", run_path(r, results[i]), inputs, count, err)) return false;
    return true;
}

bool run_leaves(const Run *r, const char *flag, const char *path, Error *err)
{
    char folder[PATH_MAX] = ".";
    if (!path) return true;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (slash) snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    if (!same_file(folder, r->dir)) return true;
    for (int i = 0; i < RESULTS; i++)
        if (strcmp(name, results[i]) == 0)
            return error_set(err, "%s %s is a file that the run itself writes: name another file",
                             flag, path);
    return true;
}

/* Two runs in one directory would mix their files. */
static bool hold(Run *r, Error *err)
{
    bool busy;
    r->held = directory_hold(r->dir, &busy);
    return !busy || error_set(err,
                              "another run is writing into %s: wait for its end, or choose another "
                              "--out",
                              r->dir);
}

bool run_open(Run *r, const char *dir, const char *argv0, Error *err)
{
    *r = (Run){.started = clock_seconds(), .terminal = isatty(STDOUT_FILENO), .held = -1};
    r->patience = 30;
    if (!dir || !*dir) return error_set(err, "--out is empty: name a directory");
    if (strlen(dir) >= sizeof r->dir)
        return error_set(err, "--out is %zu bytes long: %zu are the most", strlen(dir),
                         sizeof r->dir - 1);
    strcpy(r->dir, dir);
    for (size_t n = strlen(dir); n > 1 && r->dir[n - 1] == '/'; n--) r->dir[n - 1] = '\0';
    find_root(r->root, sizeof r->root, argv0);
    if (!directory_make(r->dir, err)) return false;
    if (access(r->dir, W_OK | X_OK) != 0)
        return error_set(err, "can't write into %s: %s: choose another --out", r->dir,
                         strerror(errno));
    if (!may_write_results(r, err) || !hold(r, err)) return false;
    catch_signals();
    return true;
}

const char *run_path(const Run *r, const char *file)
{
    static char paths[4][1024];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", r->dir, file);
    return path;
}

/* --- files ------------------------------------------------------------------------------------ */

bool run_save_json(Run *r, const char *file, const cJSON *json, Error *err)
{
    if (!file_replace_json(run_path(r, file), json, err)) return false;
    run_wrote(r, file);
    return true;
}

/* The most memory that this process has had at once; 0 where the system does not tell. */
static double peak_memory_bytes(void)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
#ifdef __APPLE__
    return (double)used.ru_maxrss;
#else
    return 1024.0 * (double)used.ru_maxrss;
#endif
}

bool run_save_summary(Run *r, cJSON *summary, Error *err)
{
    static const char key[] = "peak_memory_bytes";
    cJSON_DeleteItemFromObject(summary, key); /* of an earlier save */
    cJSON_AddNumberToObject(summary, key, peak_memory_bytes());
    return run_save_json(r, "summary.json", summary, err);
}

void run_wrote(Run *r, const char *file)
{
    const int most = sizeof r->written / sizeof *r->written;
    for (int i = 0; i < r->written_count; i++)
        if (strcmp(r->written[i], file) == 0) return;
    if (r->written_count == most) return;
    snprintf(r->written[r->written_count++], sizeof *r->written, "%s", file);
}

void run_drop(Run *r, const char *file)
{
    unlink(run_path(r, file));
}

bool run_close(Run *r)
{
    run_progress_end(r);
    double seconds = clock_seconds() - r->started;
    for (int i = 0; i < r->written_count; i++)
        printf("%s%s", i ? ", " : "wrote ", i ? r->written[i] : run_path(r, r->written[i]));
    printf(r->written_count ? " in %.1f s\n" : "done in %.1f s\n", seconds);
    bool said = fflush(stdout) == 0 && !ferror(stdout);
    if (!said)
        fprintf(stderr,
                "what was to be shown could not be written (%s); the files in %s are whole\n",
                strerror(errno), r->dir);
    directory_release(r->held);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    return said;
}

/* --- progress --------------------------------------------------------------------------------- */

static int tenths(int step, int total)
{
    return (int)(10LL * step / total);
}

/* The first call of a progress, after run_progress_end or when the steps begin again. */
static void begin_phase(Run *r, int step, int total, double now)
{
    r->phase_start = now;
    r->phase_first = step;
    r->phase_tenths = tenths(step > 0 ? step - 1 : 0, total);
    r->drawn = 0;
}

static bool progress_due(Run *r, int step, int total, double now)
{
    if (r->terminal) return now - r->drawn >= 0.1 || step == total;
    bool due = tenths(step, total) > r->phase_tenths;
    if (due) r->phase_tenths = tenths(step, total);
    return due;
}

/* "12 s left", by the pace since the first call; "" while there is none. */
static void time_left(char *out, size_t size, const Run *r, int step, int total, double now)
{
    out[0] = '\0';
    if (step <= r->phase_first || step >= total) return;
    double pace = (now - r->phase_start) / (step - r->phase_first);
    double left = ceil(pace * (total - step));
    if (left < 100)
        snprintf(out, size, "  %.0f s left", left);
    else if (left < 100 * 60)
        snprintf(out, size, "  %.0f min left", ceil(left / 60));
    else
        snprintf(out, size, "  %.1f h left", left / 3600);
}

/* Characters that fit on a line, so that it can be drawn anew in place. */
static int line_width(const Run *r)
{
    struct winsize w;
    if (!r->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0) return WIDEST;
    return w.ws_col <= WIDEST ? w.ws_col - 1 : WIDEST;
}

/* On a narrow line the note is cut first. */
void run_progress(Run *r, int step, int total, const char *note, ...)
{
    REQUIRE(total > 0 && step >= 0 && step <= total, "step %d of %d", step, total);
    double now = clock_seconds();
    if (r->phase_start == 0 || step < r->phase_last) begin_phase(r, step, total, now);
    r->phase_last = step;
    if (!progress_due(r, step, total, now)) return;
    char head[48], middle[WIDEST + 1], left[32], line[WIDEST + 80];
    int width = line_width(r);
    va_list args;
    va_start(args, note);
    vsnprintf(middle, sizeof middle, note, args);
    va_end(args);
    snprintf(head, sizeof head, "step %d/%d  ", step, total);
    time_left(left, sizeof left, r, step, total, now);
    int room = width - (int)strlen(head) - (int)strlen(left);
    snprintf(line, sizeof line, "%s%.*s%s", head, room > 0 ? room : 0, middle, left);
    printf(r->terminal ? "\r%.*s\033[K" : "%.*s\n", width, line);
    fflush(stdout);
    r->drawn = now;
}

void run_progress_end(Run *r)
{
    if (r->terminal && r->drawn > 0) {
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }
    r->drawn = r->phase_start = 0;
}
