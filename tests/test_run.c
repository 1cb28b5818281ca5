/* test_run.c: the frame of a run, in a pipe and on a terminal, and the curves it keeps. */
#include "curves.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "threads.h"

static Error err;

/* --- what the tests share --------------------------------------------------------------------- */

static char place[64];
static pid_t owner;

static void remove_place(void)
{
    char command[128];
    if (getpid() != owner) return;
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    if (system(command) != 0) perror(place);
}

/* A path in a directory of this test's own, removed at its end. Overwritten after eight calls. */
static const char *in_place(const char *file)
{
    static char paths[8][256];
    static unsigned turn;
    if (!*place) {
        strcpy(place, "/tmp/test_run_XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(place));
        owner = getpid();
        atexit(remove_place);
    }
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", place, file);
    return path;
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static const char *read_bytes(const char *path)
{
    static char bytes[65536];
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s is not there", path);
    bytes[fread(bytes, 1, sizeof bytes - 1, f)] = '\0';
    fclose(f);
    return bytes;
}

static Run opened(void)
{
    Run r;
    ck_assert_msg(run_open(&r, in_place("out"), "./test", &err), "%s", err.text);
    return r;
}

/* Both ends of a pipe, or of a pseudo-terminal. */
static void open_ends(bool terminal, int ends[2])
{
    if (!terminal) {
        ck_assert_int_eq(pipe(ends), 0);
        return;
    }
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(ends[1], 0);
}

/* Of the terminal that is opened next; 0 columns: it doesn't say. */
static struct winsize window;

/* What `act` prints into a pipe or on a terminal; *status gets how its process ended. */
static const char *printed(bool terminal, void (*act)(void), int *status)
{
    static char text[65536];
    int ends[2], ended;
    in_place("");
    open_ends(terminal, ends);
    if (terminal) ioctl(ends[1], TIOCSWINSZ, &window);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO), dup2(ends[1], STDERR_FILENO);
        act();
        fflush(NULL);
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t n; (n = read(ends[0], text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)n;
    text[used] = '\0'; /* a terminal ends with EIO */
    close(ends[0]);
    waitpid(child, &ended, 0);
    if (status) *status = ended;
    return text;
}

static void pause_seconds(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))}, NULL);
}

/* --- places ----------------------------------------------------------------------------------- */

START_TEST(every_directory_of_the_path_is_made)
{
    Run r;
    struct stat s;
    const char *dir = in_place("a//b/c/");
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_msg(run_open(&r, dir, NULL, &err), "%s", err.text);
        ck_assert(stat(in_place("a/b/c"), &s) == 0 && S_ISDIR(s.st_mode));
        ck_assert_str_eq(r.dir, in_place("a//b/c"));
        directory_release(r.held);
    }
}
END_TEST

START_TEST(a_file_in_the_way_is_named)
{
    Run r;
    char wanted[512];
    write_bytes(in_place("file"), "x", 1);
    snprintf(wanted, sizeof wanted,
             "can't make the directory %s: %s is a file: choose another directory",
             in_place("file/chapter1"), in_place("file"));
    ck_assert(!run_open(&r, in_place("file/chapter1"), NULL, &err));
    ck_assert_str_eq(err.text, wanted);
    ck_assert(!run_open(&r, in_place("file"), NULL, &err));
}
END_TEST

START_TEST(an_empty_or_endless_directory_is_refused)
{
    Run r;
    char long_name[600];
    memset(long_name, 'x', sizeof long_name);
    long_name[599] = '\0';
    ck_assert(!run_open(&r, "", NULL, &err));
    ck_assert_str_eq(err.text, "--out is empty: name a directory");
    ck_assert(!run_open(&r, long_name, NULL, &err));
    ck_assert_str_eq(err.text, "--out is 599 bytes long: 511 are the most");
}
END_TEST

START_TEST(the_root_directory_keeps_its_slash)
{
    Run r;
    const char *const roots[] = {"/", "//", "///"};
    for (int i = 0; i < 3; i++) {
        run_open(&r, roots[i], NULL, &err); /* who may not write there learns so */
        ck_assert_str_eq(r.dir, "/");
        directory_release(r.held);
    }
}
END_TEST

START_TEST(a_result_that_could_not_be_written_is_named_before_the_work)
{
    const char *const results[] = {"curves.csv", "summary.json", "model.safetensors", "config.json",
                                   "vocab.json"};
    for (int i = 0; i < 5; i++) {
        char dir[300], taken[400], wanted[512];
        Run r;
        snprintf(dir, sizeof dir, "%s%d", in_place("taken"), i);
        snprintf(taken, sizeof taken, "%s/%s", dir, results[i]);
        ck_assert(mkdir(dir, 0777) == 0 && mkdir(taken, 0777) == 0);
        snprintf(wanted, sizeof wanted, "can't write %s: Is a directory", taken);
        ck_assert(!run_open(&r, dir, NULL, &err));
        ck_assert_str_eq(err.text, wanted);
    }
}
END_TEST

/* root may write anywhere, so this is asked as nobody */
static void open_forbidden(void)
{
    Run r;
    if (geteuid() == 0 && setuid(65534) != 0) return;
    if (!run_open(&r, in_place("shut"), NULL, &err)) printf("%s\n", err.text);
    if (!run_open(&r, in_place("shut/inner"), NULL, &err)) printf("%s\n", err.text);
}

START_TEST(a_directory_that_cant_be_written_is_named)
{
    char wanted[512];
    chmod(in_place(""), 0755);
    mkdir(in_place("shut"), 0555);
    snprintf(wanted, sizeof wanted,
             "can't write into %s: Permission denied: choose another --out\n"
             "can't make the directory %s: Permission denied: choose another --out\n",
             in_place("shut"), in_place("shut/inner"));
    ck_assert_str_eq(printed(false, open_forbidden, NULL), wanted);
}
END_TEST

START_TEST(a_directory_has_one_run_at_a_time)
{
    Run first = opened(), second;
    char wanted[256];
    snprintf(wanted, sizeof wanted,
             "another run is writing into %s: wait for its end, or choose another --out",
             in_place("out"));
    ck_assert(!run_open(&second, in_place("out"), NULL, &err));
    ck_assert_str_eq(err.text, wanted);
    ck_assert(run_open(&second, in_place("other"), NULL, &err));
    ck_assert_int_eq(system("exec 2>/dev/null; sleep 2 &"), 0); /* what we start holds nothing */
    directory_release(first.held);
    ck_assert_msg(run_open(&first, in_place("out"), NULL, &err), "%s", err.text);
}
END_TEST

START_TEST(four_paths_are_valid_at_once)
{
    Run r = {.dir = "out"};
    const char *a = run_path(&r, "a"), *b = run_path(&r, "b"), *c = run_path(&r, "c");
    const char *d = run_path(&r, "d");
    ck_assert_str_eq(a, "out/a");
    ck_assert_str_eq(b, "out/b");
    ck_assert_str_eq(c, "out/c");
    ck_assert_str_eq(d, "out/d");
    ck_assert_ptr_eq(run_path(&r, "e"), a);
}
END_TEST

START_TEST(the_root_is_the_nearest_folder_with_plots)
{
    char command[1024];
    int status;
    Run r = opened();
    struct stat s;
    ck_assert(stat(r.root, &s) == 0 && S_ISDIR(s.st_mode));
    /* this program, copied below a folder that has plots/, finds that folder */
    snprintf(command, sizeof command,
             "cd '%s' && mkdir -p p/plots p/build/x && "
             "cp \"$(readlink /proc/%ld/exe)\" p/build/x/test && TEST_ROOT=1 p/build/x/test",
             place, (long)getpid());
    if (access("/proc/self/exe", R_OK) != 0) return;
    FILE *child = popen(command, "r");
    char root[600] = "";
    ck_assert_ptr_nonnull(fgets(root, sizeof root, child));
    status = pclose(child);
    ck_assert_int_eq(status, 0);
    root[strcspn(root, "\n")] = '\0';
    ck_assert_str_eq(root, in_place("p"));
}
END_TEST

START_TEST(without_plots_the_root_is_the_folder_of_the_program)
{
    char command[1024], root[600] = "";
    if (access("/proc/self/exe", R_OK) != 0) return;
    if (access("/tmp/plots", F_OK) == 0 || access("/plots", F_OK) == 0) return;
    in_place("");
    snprintf(command, sizeof command,
             "cd '%s' && mkdir -p q/build && cp \"$(readlink /proc/%ld/exe)\" q/build/test && "
             "TEST_ROOT=1 q/build/test",
             place, (long)getpid());
    FILE *child = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(root, sizeof root, child));
    ck_assert_int_eq(pclose(child), 0);
    root[strcspn(root, "\n")] = '\0';
    ck_assert_str_eq(root, in_place("q/build"));
}
END_TEST

START_TEST(the_clock_is_the_monotonic_one)
{
    for (int i = 0; i < 100; i++) {
        struct timespec t[2];
        clock_gettime(CLOCK_MONOTONIC, &t[0]);
        double between = clock_seconds();
        clock_gettime(CLOCK_MONOTONIC, &t[1]);
        for (int k = 0; k < 2; k++) {
            double seconds = (double)t[k].tv_sec + (double)t[k].tv_nsec / 1e9;
            ck_assert(k == 0 ? between >= seconds - 1e-6 : between <= seconds + 1e-6);
        }
        pause_seconds(0.002);
    }
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

static bool write_hello(FILE *out, void *arg)
{
    return fprintf(out, "hello %s\n", (const char *)arg) > 0;
}

static bool write_and_give_up(FILE *out, void *arg)
{
    (void)arg;
    fprintf(out, "half");
    errno = 0;
    return false;
}

static bool write_megabyte(FILE *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < 1 << 20; i++) fputc('x', out);
    return true; /* as if it had not looked */
}

START_TEST(a_file_is_replaced_whole_or_not_at_all)
{
    const char *path = in_place("file"), *temporary = in_place("file.tmp");
    char wanted[256];
    ck_assert(file_replace(path, write_hello, (void *)"one", &err));
    ck_assert(file_replace(path, write_hello, (void *)"two", &err));
    ck_assert_str_eq(read_bytes(path), "hello two\n");
    ck_assert(!file_replace(path, write_and_give_up, NULL, &err));
    snprintf(wanted, sizeof wanted, "can't write %s: it failed halfway", path);
    ck_assert_str_eq(err.text, wanted);
    ck_assert_str_eq(read_bytes(path), "hello two\n");
    ck_assert_int_ne(access(temporary, F_OK), 0);
}
END_TEST

START_TEST(a_full_disk_is_noticed_and_leaves_the_old_file)
{
    const char *path = in_place("file");
    char wanted[256];
    struct rlimit limit, before;
    ck_assert(file_replace(path, write_hello, (void *)"one", &err));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 100000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    bool ok = file_replace(path, write_megabyte, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert(!ok);
    snprintf(wanted, sizeof wanted, "can't write %s: File too large: free some space and run again",
             path);
    ck_assert_str_eq(err.text, wanted);
    ck_assert_str_eq(read_bytes(path), "hello one\n");
    ck_assert_int_ne(access(in_place("file.tmp"), F_OK), 0);
}
END_TEST

START_TEST(a_path_that_cant_be_written_is_named)
{
    char wanted[512];
    ck_assert(!file_replace(in_place("no/file"), write_hello, (void *)"x", &err));
    snprintf(wanted, sizeof wanted,
             "can't write %s: No such file or directory: make its directory first",
             in_place("no/file"));
    ck_assert_str_eq(err.text, wanted);
    mkdir(in_place("dir"), 0777);
    ck_assert(!file_replace(in_place("dir"), write_hello, (void *)"x", &err));
    snprintf(wanted, sizeof wanted, "can't write %s: Is a directory", in_place("dir"));
    ck_assert_str_eq(err.text, wanted);
    ck_assert_int_ne(access(in_place("dir.tmp"), F_OK), 0);
}
END_TEST

static void replace_protected(void)
{
    if (geteuid() == 0 && setuid(65534) != 0) return;
    if (file_replace(in_place("mine/file"), write_hello, (void *)"x", &err)) printf("replaced\n");
    printf("%s\n", err.text);
    Run r;
    if (!run_open(&r, in_place("mine"), NULL, &err)) printf("%s\n", err.text);
}

START_TEST(a_protected_file_is_not_replaced)
{
    char wanted[512];
    chmod(in_place(""), 0755);
    mkdir(in_place("mine"), 0777);
    chmod(in_place("mine"), 0777);
    write_bytes(in_place("mine/file"), "old", 3);
    write_bytes(in_place("mine/vocab.json"), "old", 3);
    chmod(in_place("mine/file"), 0444);
    chmod(in_place("mine/vocab.json"), 0444);
    snprintf(wanted, sizeof wanted,
             "can't write %s: Permission denied: choose another place\n"
             "can't write %s: Permission denied: choose another place\n",
             in_place("mine/file"), in_place("mine/vocab.json"));
    ck_assert_str_eq(printed(false, replace_protected, NULL), wanted);
    ck_assert_str_eq(read_bytes(in_place("mine/file")), "old");
}
END_TEST

START_TEST(a_link_is_followed_and_a_device_is_written_as_it_is)
{
    struct stat s;
    write_bytes(in_place("target"), "old", 3);
    ck_assert_int_eq(symlink("target", in_place("link")), 0);
    ck_assert(file_replace(in_place("link"), write_hello, (void *)"new", &err));
    ck_assert_str_eq(read_bytes(in_place("target")), "hello new\n");
    ck_assert(lstat(in_place("link"), &s) == 0 && S_ISLNK(s.st_mode));

    ck_assert(file_replace("/dev/null", write_hello, (void *)"x", &err));
    ck_assert(lstat("/dev/null", &s) == 0 && S_ISCHR(s.st_mode));
    if (access("/dev/full", W_OK) != 0) return;
    ck_assert(!file_replace("/dev/full", write_hello, (void *)"x", &err));
    ck_assert_str_eq(err.text, "can't write /dev/full: No space left on device: free some space "
                               "and run again");
    ck_assert(lstat("/dev/full", &s) == 0 && S_ISCHR(s.st_mode));
}
END_TEST

START_TEST(json_is_saved_and_noted)
{
    Run r = opened();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "loss", 0.5);
    ck_assert(run_save_json(&r, "summary.json", json, &err));
    ck_assert(run_save_json(&r, "summary.json", json, &err));
    ck_assert_str_eq(read_bytes(run_path(&r, "summary.json")), "{\n\t\"loss\":\t0.5\n}\n");
    ck_assert_int_eq(r.written_count, 1);
    ck_assert_str_eq(r.written[0], "summary.json");
    cJSON_Delete(json);
}
END_TEST

/* A path may be any bytes. */
START_TEST(what_is_no_utf8_is_a_question_mark_in_json)
{
    Run r = opened();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "text", "a\xff\xc3\xa9 \xc0\xaf\xe9z \xe9\x80");
    ck_assert(run_save_json(&r, "summary.json", json, &err));
    ck_assert_str_eq(read_bytes(run_path(&r, "summary.json")),
                     "{\n\t\"text\":\t\"a?\xc3\xa9 ???z ??\"\n}\n");
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_summary_says_how_much_memory_there_was)
{
    Run r = opened();
    cJSON *json = cJSON_CreateObject();
    for (int twice = 0; twice < 2; twice++) ck_assert(run_save_summary(&r, json, &err));
    cJSON *read = cJSON_Parse(read_bytes(run_path(&r, "summary.json")));
    double bytes = cJSON_GetNumberValue(cJSON_GetObjectItem(read, "peak_memory_bytes"));
    ck_assert_int_eq(cJSON_GetArraySize(read), 1);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    ck_assert_msg(bytes > 1e5 && bytes < 1e11, "%g bytes", bytes);
#ifdef __linux__
    ck_assert_double_le(bytes, 1024.0 * (double)used.ru_maxrss);
    ck_assert_double_ge(bytes, 0.95 * 1024 * (double)used.ru_maxrss);
#endif
    cJSON_Delete(json);
    cJSON_Delete(read);
}
END_TEST

static void close_into_full_disk(void)
{
    Run r = opened();
    int full = open("/dev/full", O_WRONLY), report = dup(STDOUT_FILENO);
    if (full < 0) exit(9);
    fflush(stdout);
    dup2(full, STDOUT_FILENO);
    bool said = run_close(&r);
    dprintf(report, said ? "said" : "unsaid");
    _exit(0);
}

START_TEST(what_cant_be_shown_is_told)
{
    char wanted[512];
    if (access("/dev/full", W_OK) != 0) return;
    snprintf(wanted, sizeof wanted,
             "what was to be shown could not be written (No space left on device); the files in %s "
             "are whole\nunsaid",
             in_place("out"));
    ck_assert_str_eq(printed(false, close_into_full_disk, NULL), wanted);
}
END_TEST

static void close_run(void)
{
    Run r = opened();
    run_wrote(&r, "curves.csv");
    run_wrote(&r, "loss.svg");
    for (int i = 0; i < 3; i++) run_wrote(&r, "curves.csv");
    r.started -= 72;
    run_close(&r);
    r = opened();
    run_close(&r);
    for (int i = 0; i < 100; i++) {
        char name[100];
        snprintf(name, sizeof name, "%090d", i);
        run_wrote(&r, name);
    }
    printf("%d files, the last of %zu letters\n", r.written_count, strlen(r.written[31]));
}

START_TEST(the_end_lists_what_was_written_and_the_seconds)
{
    char wanted[512], text[512];
    int status, length = -1;
    double first, second;
    snprintf(text, sizeof text, "%s", printed(false, close_run, &status));
    ck_assert_int_eq(status, 0);
    snprintf(wanted, sizeof wanted,
             "wrote %s, loss.svg in %%lf s\ndone in %%lf s\n"
             "32 files, the last of 63 letters%%n",
             in_place("out/curves.csv"));
    ck_assert_msg(sscanf(text, wanted, &first, &second, &length) == 2 && length > 0, "%s", text);
    ck_assert_msg(72 <= first && first < 82 && 0 <= second && second < 10, "%s", text);
    ck_assert_str_eq(text + length, "\n");
}
END_TEST

/* --- a clean stop ----------------------------------------------------------------------------- */

static void stop_once(void)
{
    Run r = opened();
    if (run_stopped()) printf("too early\n");
    raise(SIGTERM);
    printf("%s\n", run_stopped() ? "stopped" : "deaf");
    directory_release(r.held);
    opened(); /* a second run in the same program starts afresh */
    printf("%s\n", run_stopped() ? "stopped" : "afresh");
    fflush(stdout);
    raise(SIGINT);
    printf("%s\n", run_stopped() ? "stopped" : "deaf");
    fflush(stdout);
    raise(SIGINT);
    printf("still here\n");
}

START_TEST(one_signal_asks_and_the_second_ends)
{
    int status;
    const char *text = printed(false, stop_once, &status);
    ck_assert_str_eq(text, "stopped\nafresh\n\nstopping after this step (Ctrl-C again: at once)\n"
                           "stopped\n");
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}
END_TEST

static void stop_by_term_then_int(void)
{
    opened();
    raise(SIGTERM);
    raise(SIGINT);
    printf("still here\n");
}

static void stop_by_int_then_term(void)
{
    opened();
    raise(SIGINT);
    raise(SIGTERM);
    printf("still here\n");
}

START_TEST(the_second_signal_ends_whichever_came_first)
{
    int status;
    ck_assert_str_eq(printed(false, stop_by_term_then_int, &status), "");
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    ck_assert_ptr_null(strstr(printed(false, stop_by_int_then_term, &status), "still here"));
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
END_TEST

static void stay_deaf(void)
{
    signal(SIGINT, SIG_IGN);
    opened();
    raise(SIGINT);
    raise(SIGINT);
    printf("%d", run_stopped());
}

START_TEST(an_ignored_interrupt_stays_ignored)
{
    ck_assert_str_eq(printed(false, stay_deaf, NULL), "0");
}
END_TEST

/* --- progress --------------------------------------------------------------------------------- */

static void count_to_2000(void)
{
    Run r = opened();
    for (int step = 1; step <= 2000; step++) run_progress(&r, step, 2000, "loss %.1f", 0.5 * step);
    run_progress_end(&r);
    for (int step = 1; step <= 3; step++) run_progress(&r, step, 3, "x");
    run_progress_end(&r);
    for (int step = 71; step <= 100; step++) run_progress(&r, step, 100, "resumed");
    run_progress_end(&r);
}

START_TEST(a_pipe_gets_a_line_each_tenth_of_the_way)
{
    char text[8192];
    int lines = 0, resumed = 0;
    snprintf(text, sizeof text, "%s", printed(false, count_to_2000, NULL));
    ck_assert_ptr_null(strpbrk(text, "\r\033"));
    ck_assert_ptr_nonnull(strstr(text, "step 200/2000  loss 100.0"));
    ck_assert_ptr_nonnull(strstr(text, "step 2000/2000  loss 1000.0\n"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        resumed += strstr(line, "resumed") != NULL;
        lines++;
    }
    ck_assert_int_eq(lines, 10 + 3 + 3);
    ck_assert_int_eq(resumed, 3); /* at 80, 90 and 100 */
}
END_TEST

static void count_again_and_again(void)
{
    Run r = opened();
    for (int step = 0; step <= 3; step++) run_progress(&r, step, 3, "first");
    run_progress(&r, 3, 3, "the same step");
    for (int step = 1; step <= 3; step++) run_progress(&r, step, 3, "again");
}

START_TEST(a_step_is_shown_once_and_steps_may_begin_again)
{
    char text[2048];
    snprintf(text, sizeof text, "%s", printed(false, count_again_and_again, NULL));
    for (char *left = strstr(text, " s left"); left; left = strstr(text, " s left")) {
        char *blanks = left; /* "  1 s left" depends on the clock */
        while (blanks[-1] != ' ') blanks--;
        memmove(blanks - 2, left + 7, strlen(left + 7) + 1);
    }
    ck_assert_str_eq(text, "step 1/3  first\nstep 2/3  first\nstep 3/3  first\n"
                           "step 1/3  again\nstep 2/3  again\nstep 3/3  again\n");
}
END_TEST

/* The steps since the tenth of a hundred took so many seconds. */
static void count_after(Run *r, int step, double seconds)
{
    r->phase_start = clock_seconds() - seconds;
    run_progress(r, step, 100, "x");
}

static void count_at_a_known_pace(void)
{
    Run r = opened();
    run_progress(&r, 10, 100, "x");
    count_after(&r, 20, 12.3);       /* 12.3 / 10 * 80 = 98.4 s */
    count_after(&r, 30, 28.35);      /* 28.35 / 20 * 70 = 99.2 s */
    count_after(&r, 40, 2999.1);     /* 2999.1 / 30 * 60 = 5998.2 s */
    count_after(&r, 50, 4799.4);     /* 4799.4 / 40 * 50 = 5999.25 s */
    count_after(&r, 60, 22499999.5); /* 22499999.5 / 50 * 40 = 17999999.6 s, 5000 h */
    count_after(&r, 100, 1e6);
}

START_TEST(the_time_left_is_rounded_up_in_seconds_minutes_or_hours)
{
    ck_assert_str_eq(printed(false, count_at_a_known_pace, NULL), "step 10/100  x\n"
                                                                  "step 20/100  x  99 s left\n"
                                                                  "step 30/100  x  2 min left\n"
                                                                  "step 40/100  x  100 min left\n"
                                                                  "step 50/100  x  1.7 h left\n"
                                                                  "step 60/100  x  5000.0 h left\n"
                                                                  "step 100/100  x\n");
}
END_TEST

START_TEST(steps_that_make_no_sense_are_refused)
{
    Run r = {.terminal = false};
    ck_assert_dies(run_progress(&r, 0, 0, "x"), "step 0 of 0");
    ck_assert_dies(run_progress(&r, -1, 3, "x"), "step -1 of 3");
    ck_assert_dies(run_progress(&r, 4, 3, "x"), "step 4 of 3");
}
END_TEST

static void hurry(void)
{
    Run r = opened();
    run_progress(&r, 8, 10, "x");
    run_progress(&r, 9, 10, "too soon");
    run_progress(&r, 10, 10, "the last");
}

START_TEST(the_last_step_is_drawn_at_once)
{
    ck_assert_str_eq(printed(true, hurry, NULL),
                     "\rstep 8/10  x\033[K\rstep 10/10  the last\033[K");
}
END_TEST

static void count_slowly(void)
{
    char note[200];
    Run r = opened();
    memset(note, 'n', 199);
    note[199] = '\0';
    run_progress(&r, 1, 10, "begin");
    for (int i = 0; i < 1000; i++) run_progress(&r, 1, 10, "too often");
    pause_seconds(0.15);
    run_progress(&r, 2, 10, "loss %.2f", 1.25);
    pause_seconds(0.15);
    run_progress(&r, 3, 1000000000, "%s", note);
    run_progress_end(&r);
    run_progress_end(&r);
    printf("after");
}

static size_t widest_line(char *text)
{
    size_t widest = 0;
    for (char *line = strtok(text, "\r"); line; line = strtok(NULL, "\r")) {
        size_t width = strcspn(line, "\033");
        if (width > widest) widest = width;
    }
    return widest;
}

START_TEST(a_terminal_is_redrawn_in_place)
{
    char text[8192];
    snprintf(text, sizeof text, "%s", printed(true, count_slowly, NULL));
    ck_assert_ptr_null(strchr(text, '\n'));
    ck_assert_ptr_nonnull(strstr(text, "\rstep 1/10  begin\033[K\rstep 2/10  loss 1.25  "));
    ck_assert_ptr_nonnull(strstr(text, " s left\033[K\r"));
    ck_assert_ptr_nonnull(strstr(text, "\r\033[Kafter"));
    ck_assert_ptr_null(strstr(text, "too often"));
    ck_assert_uint_eq(widest_line(text), 79);
}
END_TEST

/* In a narrow one no line reaches the last column, where it would go on below; what is left of it
 * are the numbers. */
START_TEST(a_line_is_as_narrow_as_its_terminal)
{
    static const int columns[] = {200, 80, 79, 60, 40, 20, 5};
    char text[8192];
    for (int i = 0; i < 7; i++) {
        window.ws_col = (unsigned short)columns[i];
        snprintf(text, sizeof text, "%s", printed(true, count_slowly, NULL));
        if (columns[i] >= 40) ck_assert_ptr_nonnull(strstr(text, "step 3/1000000000  n"));
        if (columns[i] >= 60) ck_assert_ptr_nonnull(strstr(text, "n  "));
        ck_assert_uint_eq(widest_line(text), columns[i] <= 79 ? columns[i] - 1 : 79);
    }
}
END_TEST

/* --- curves ----------------------------------------------------------------------------------- */

START_TEST(curves_come_back_from_their_file)
{
    Run r = opened();
    Curves *c = curves_new("seed,step,loss"), *back = curves_new("seed,step,loss");
    for (int i = 0; i < 1000; i++) curves_add(c, 7, 10 * i, (float)(1 / (1.0 + i)));
    curves_add(c, 8, NAN, INFINITY);
    curves_add(c, NAN, 3, NAN);
    ck_assert(curves_save(c, &r, "curves.csv", &err));
    ck_assert(curves_load(back, run_path(&r, "curves.csv"), &err));
    ck_assert_int_eq(back->rows, 1002);
    for (int i = 0; i < 1000; i++) {
        ck_assert((float)curves_at(back, i, "loss") == (float)curves_at(c, i, "loss"));
        ck_assert(curves_at(back, i, "step") == 10 * i && curves_at(back, i, "seed") == 7);
    }
    ck_assert(isnan(curves_at(back, 1000, "step")) && isinf(curves_at(back, 1000, "loss")));
    ck_assert(isnan(curves_at(back, 1001, "seed")) && isnan(curves_at(back, 1001, "loss")));
    ck_assert_ptr_nonnull(strstr(read_bytes(run_path(&r, "curves.csv")),
                                 "seed,step,loss\n7,0,1\n7,10,0.5\n7,20,0.333333343\n"));
    ck_assert(curves_load(back, run_path(&r, "curves.csv"), &err)); /* appends */
    ck_assert_int_eq(back->rows, 2004);
    curves_add(c, 1234567891, 1e14 + 1, 1e15); /* whole numbers keep their digits */
    ck_assert(curves_save(c, &r, "curves.csv", &err));
    ck_assert_ptr_nonnull(
        strstr(read_bytes(run_path(&r, "curves.csv")), "\n1234567891,100000000000001,1e+15\n"));
    curves_free(c);
    curves_free(back);
    curves_free(NULL);
}
END_TEST

/* Loading these bytes fails with the sentence, and keeps the rows that were there. */
static void refuses(const char *bytes, size_t size, const char *before, const char *after)
{
    char wanted[512];
    const char *path = in_place("bad.csv");
    Curves *c = curves_new("step,loss");
    curves_add(c, 1, 2);
    write_bytes(path, bytes, size);
    snprintf(wanted, sizeof wanted, "%s%s%s", before, path, after);
    ck_assert(!curves_load(c, path, &err));
    ck_assert_str_eq(err.text, wanted);
    ck_assert_int_eq(c->rows, 1);
    curves_free(c);
}
#define REFUSES(bytes, before, after) refuses(bytes, sizeof bytes - 1, before, after)

START_TEST(a_file_that_is_no_table_of_numbers_is_refused_by_line)
{
    const char *columns =
        " names other columns than this program writes: remove the file or choose another --out";
    const char *cut = " is cut short, or is no line of numbers: remove it";
    static char line_long[9000] = "step,loss\n";
    REFUSES("", "line 1 of ", columns);
    REFUSES("step,los\n", "line 1 of ", columns);
    REFUSES("step,loss,x\n", "line 1 of ", columns);
    REFUSES("step\n", "line 1 of ", columns);
    REFUSES("step,loss\n1,2\n3\n", "line 3 of ", " is not 2 numbers: look at field 1");
    REFUSES("step,loss\n1,2,3\n", "line 2 of ", " is not 2 numbers: look at field 2");
    REFUSES("step,loss\n1,x\n", "line 2 of ", " is not 2 numbers: look at field 2");
    REFUSES("step,loss\n1, 2\n", "line 2 of ", " is not 2 numbers: look at field 2");
    REFUSES("step,loss\n1;2\n", "line 2 of ", " is not 2 numbers: look at field 1");
    REFUSES("step,loss\n\n1,2\n", "line 2 of ", " is not 2 numbers: look at field 1");
    REFUSES("step,loss\n1,2\n3,0.12", "line 3 of ", cut);
    REFUSES("step,loss\n1,2\n3,\0004\n", "line 3 of ", cut);
    memset(line_long + 10, '1', sizeof line_long - 10);
    refuses(line_long, sizeof line_long, "line 2 of ", cut);
}
END_TEST

START_TEST(a_file_from_another_system_or_none_at_all)
{
    char wanted[256];
    Curves *c = curves_new("step,loss");
    write_bytes(in_place("dos.csv"), "step,loss\r\n1,2.5\r\n", 18);
    ck_assert_msg(curves_load(c, in_place("dos.csv"), &err), "%s", err.text);
    ck_assert(curves_at(c, 0, "loss") == 2.5);
    ck_assert(!curves_load(c, in_place("none.csv"), &err));
    snprintf(wanted, sizeof wanted, "can't open %s: No such file or directory",
             in_place("none.csv"));
    ck_assert_str_eq(err.text, wanted);
    ck_assert(!curves_load(c, place, &err));
    snprintf(wanted, sizeof wanted, "can't read %s: Is a directory", place);
    ck_assert_str_eq(err.text, wanted);
    curves_free(c);
}
END_TEST

static void add_too_few(void)
{
    curves_add(curves_new("seed,step,loss"), 1, 2);
}

START_TEST(a_row_of_the_wrong_length_stops_the_program)
{
    int status;
    const char *text = printed(false, add_too_few, &status);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_ptr_nonnull(strstr(text, "2 numbers for 3 columns"));
}
END_TEST

static const char *sketched(const Curves *c, double floor_value)
{
    FILE *out = fopen(in_place("sketch"), "w");
    curves_draw(out, c, "step", "loss", floor_value, "floor");
    fclose(out);
    return read_bytes(in_place("sketch"));
}

START_TEST(a_sketch_shows_each_seed_the_floor_and_the_limits)
{
    Curves *c = curves_new("seed,step,loss");
    for (int i = 0; i < 60; i++) {
        curves_add(c, 31, 2 * i, 11 - i / 6);
        curves_add(c, 32, 2 * i, i < 30 ? 11 - i / 6 : 8);
    }
    curves_add(c, 31, 4, NAN);
    ck_assert_str_eq(
        sketched(c, 0.5),
        "loss\n"
        "        11 |******\n"
        "           |      ******\n"
        "           |            ******\n"
        "           |                  ******      bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
        "           |                        ******\n"
        "           |                              aaaaaa\n"
        "           |                                    aaaaaa\n"
        "           |                                          aaaaaa\n"
        "           |                                                aaaaaa\n"
        "           |                                                      aaaaaa\n"
        "           |\n"
        "       0.5 |- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - floor\n"
        "           +------------------------------------------------------------\n"
        "            0                          step                          118\n");
    curves_free(c);
}
END_TEST

START_TEST(a_sketch_of_one_point_or_none_is_harmless)
{
    Curves *c = curves_new("step,loss");
    ck_assert_str_eq(sketched(c, 0.5), "");
    curves_add(c, NAN, 1);
    curves_add(c, 3, INFINITY);
    ck_assert_str_eq(sketched(c, NAN), "");
    curves_add(c, 3, 2);
    const char *sketch = sketched(c, NAN);
    ck_assert_ptr_nonnull(strstr(sketch, "         2 |"));
    ck_assert_ptr_nonnull(strchr(sketch, 'a'));
    ck_assert_ptr_null(strstr(sketch, "floor"));
    curves_free(c);
}
END_TEST

static void sketch_here(void)
{
    Run r = opened();
    Curves *c = curves_new("step,loss");
    curves_add(c, 1, 2);
    curves_sketch(c, &r, "step", "loss", NAN, "");
    curves_free(c);
}

START_TEST(only_a_terminal_gets_a_sketch)
{
    ck_assert_str_eq(printed(false, sketch_here, NULL), "");
    ck_assert_ptr_nonnull(strstr(printed(true, sketch_here, NULL), "loss\r\n"));
}
END_TEST

/* --- figures ---------------------------------------------------------------------------------- */

/* A run whose root has the given script as plots/figure.gp, and whose directory needs quoting. */
static Run run_with_script(const char *script)
{
    Run r;
    ck_assert(run_open(&r, in_place("it's `a` \"test\""), NULL, &err));
    snprintf(r.root, sizeof r.root, "%s", place);
    mkdir(in_place("plots"), 0777);
    write_bytes(in_place("plots/figure.gp"), script, strlen(script));
    return r;
}

static const char *const good_script = "set terminal svg; set output dir.'/figure.svg'.suffix\n"
                                       "set title root; plot floor + x\n";

static void draw_good(void)
{
    Run r = run_with_script(good_script);
    run_plot(&r, "figure.gp", "floor=0.61");
    printf("%d %s\n", r.written_count, r.written[0]);
}

static void draw_bad(void)
{
    Run r = run_with_script("set terminal svg; set output dir.'/figure.svg'.suffix\n\n"
                            "plot no_such_variable\n");
    run_plot(&r, "figure.gp", NULL);
    printf("%d\n", r.written_count);
    directory_release(r.held);
    r = run_with_script("print 'nothing'\n");
    run_plot(&r, "figure.gp", NULL);
    run_plot(&r, "other.gp", NULL);
}

/* As where the disk is full: gnuplot says nothing of it. */
static void draw_half(void)
{
    Run r = run_with_script("set print dir.'/figure.svg'.suffix\nprint '<svg>'\n");
    write_bytes(in_place("it's `a` \"test\"/figure.svg"), "earlier", 7);
    run_plot(&r, "figure.gp", NULL);
    printf("%d\n", r.written_count);
}

static void draw_without_gnuplot(void)
{
    Run r = run_with_script(good_script);
    setenv("PATH", place, 1);
    run_plot(&r, "figure.gp", NULL);
    run_plot(&r, "figure.gp", NULL);
    printf("%d\n", r.written_count);
}

/* A gnuplot that does as these lines of shell say. */
static void draw_patiently_with(const char *shell, double patience)
{
    char path[300], script[400];
    Run r = run_with_script(good_script);
    ck_assert(r.patience > 10);
    r.patience = patience;
    mkdir(in_place("bin"), 0777);
    snprintf(script, sizeof script, "#!/bin/sh\n%s\n", shell);
    write_bytes(in_place("bin/gnuplot"), script, strlen(script));
    chmod(in_place("bin/gnuplot"), 0755);
    snprintf(path, sizeof path, "%s", in_place("bin"));
    setenv("PATH", path, 1);
    run_plot(&r, "figure.gp", NULL);
    printf("%d\n", r.written_count);
}

static void draw_with(const char *shell)
{
    draw_patiently_with(shell, 30);
}

static void draw_one_letter(void)
{
    draw_with("echo x; exit 3");
}

static void draw_blank_lines(void)
{
    draw_with("echo the reason; echo; echo '  ^'; exit 3");
}

static void draw_silently(void)
{
    draw_with("exit 3");
}

static void draw_and_die(void)
{
    draw_with("kill -9 $$");
}

static void draw_with_what_cant_start(void)
{
    Run r = run_with_script(good_script);
    char path[300];
    mkdir(in_place("bin"), 0777);
    write_bytes(in_place("bin/gnuplot"), "", 0);
    chmod(in_place("bin/gnuplot"), 0644);
    snprintf(path, sizeof path, "%s", in_place("bin"));
    setenv("PATH", path, 1);
    run_plot(&r, "figure.gp", NULL);
    printf("%d\n", r.without_figures);
}

START_TEST(what_gnuplot_said_last_is_the_reason)
{
    ck_assert_str_eq(printed(false, draw_one_letter, NULL), "no figure figure.svg: x\n0\n");
    ck_assert_str_eq(printed(false, draw_blank_lines, NULL),
                     "no figure figure.svg: the reason\n0\n");
    ck_assert_str_eq(printed(false, draw_silently, NULL),
                     "no figure figure.svg: gnuplot wrote none\n0\n");
    ck_assert_str_eq(printed(false, draw_and_die, NULL),
                     "no figure figure.svg: gnuplot wrote none\n0\n");
    ck_assert_str_eq(printed(false, draw_with_what_cant_start, NULL),
                     "no figure figure.svg: gnuplot could not be started\n0\n");
}
END_TEST

/* What it has started holds its output, and is ended with it. */
static void draw_for_ever(void)
{
    draw_patiently_with("/bin/sleep 1000 & echo $! >$0.sleeps; wait", 2);
    char sleeps[300];
    snprintf(sleeps, sizeof sleeps, "%s", in_place("bin/gnuplot.sleeps"));
    pid_t sleeper = atoi(read_bytes(sleeps));
    for (int i = 0; i < 100 && kill(sleeper, 0) == 0; i++) usleep(20000); /* somebody reaps it */
    printf("%d\n", sleeper > 0 && kill(sleeper, 0) != 0);
}

START_TEST(a_gnuplot_that_never_ends_is_ended)
{
    ck_assert_str_eq(printed(false, draw_for_ever, NULL),
                     "no figure: gnuplot took more than 2 seconds\n0\n1\n");
}
END_TEST

static bool have_gnuplot(void)
{
    return system("command -v gnuplot >/dev/null") == 0;
}

START_TEST(a_figure_is_drawn_into_a_directory_of_any_name)
{
    if (!have_gnuplot()) return;
    ck_assert_str_eq(printed(false, draw_good, NULL), "1 figure.svg\n");
    ck_assert_ptr_nonnull(strstr(read_bytes(in_place("it's `a` \"test\"/figure.svg")), "</svg>"));
    ck_assert_int_ne(access(in_place("it's `a` \"test\"/figure.svg.tmp"), F_OK), 0);
}
END_TEST

START_TEST(a_figure_that_is_cut_short_leaves_the_earlier_one)
{
    if (!have_gnuplot()) return;
    ck_assert_str_eq(printed(false, draw_half, NULL),
                     "no figure figure.svg: it was not written whole: is the disk full?\n0\n");
    ck_assert_str_eq(read_bytes(in_place("it's `a` \"test\"/figure.svg")), "earlier");
    ck_assert_int_ne(access(in_place("it's `a` \"test\"/figure.svg.tmp"), F_OK), 0);
}
END_TEST

START_TEST(a_figure_that_fails_is_one_line)
{
    char wanted[1024], text[1024];
    if (!have_gnuplot()) return;
    snprintf(text, sizeof text, "%s", printed(false, draw_bad, NULL));
    snprintf(wanted, sizeof wanted,
             "no figure figure.svg: \"%s\" line 3: undefined variable: no_such_variable\n0\n"
             "no figure figure.svg: nothing\nno figure other.svg: %s is missing\n",
             in_place("plots/figure.gp"), in_place("plots/other.gp"));
    ck_assert_str_eq(text, wanted);
    ck_assert_int_ne(access(in_place("it's `a` \"test\"/figure.svg.tmp"), F_OK), 0);
}
END_TEST

START_TEST(without_gnuplot_it_is_said_once)
{
    int status;
    ck_assert_str_eq(printed(false, draw_without_gnuplot, &status),
                     "no figure: gnuplot is not installed (sh setup.sh installs it)\n0\n");
    ck_assert_int_eq(status, 0);
}
END_TEST

/* --- threads ---------------------------------------------------------------------------------- */

static void start_threads(void)
{
    char *argv[] = {(char *)"anew", NULL};
    threads_start(argv);
    printf("went on\n");
}

static void forget_threads(void)
{
    unsetenv("OMP_WAIT_POLICY");
    unsetenv("GOMP_SPINCOUNT");
    setenv("TEST_THREADS", "1", 1);
}

static void start_with_nothing_set(void)
{
    forget_threads();
    start_threads();
}

static void start_with_a_policy_set(void)
{
    forget_threads();
    setenv("OMP_WAIT_POLICY", "passive", 1);
    start_threads();
}

static void start_with_a_count_set(void)
{
    forget_threads();
    setenv("GOMP_SPINCOUNT", "17", 1);
    start_threads();
}

START_TEST(threads_start_anew_unless_the_user_has_set_how_they_wait)
{
#if defined(_OPENMP) && !defined(__clang__)
    const char *wanted = access("/proc/self/exe", R_OK) == 0 ? "spin 2000\n" : "went on\n";
#else
    const char *wanted = "went on\n"; /* LLVM's OpenMP is told in place */
#endif
    ck_assert_str_eq(printed(false, start_with_nothing_set, NULL), wanted);
    ck_assert_str_eq(printed(false, start_with_a_policy_set, NULL), "went on\n");
    ck_assert_str_eq(printed(false, start_with_a_count_set, NULL), "went on\n");
}
END_TEST

START_TEST(threads_are_as_many_as_was_asked_for)
{
#ifdef _OPENMP
    for (int n = 3; n >= 1; n--) {
        threads_use(n);
        ck_assert_int_eq(threads_count(), n);
        threads_use(0); /* leaves it */
        ck_assert_int_eq(threads_count(), n);
    }
    threads_use(2);
    threads_use(0);
    ck_assert_int_eq(threads_count(), 2);
#endif
    ck_assert_int_eq(team_rank(), 0);
    ck_assert_int_eq(team_size(), 1);
}
END_TEST

/* The copied program of the_root_is_the_nearest_folder_with_plots, and the one that threads_start
 * starts. */
__attribute__((constructor)) static void show_what_was_asked_for(void)
{
    Run r;
    if (getenv("TEST_THREADS")) {
        printf("spin %s\n", getenv("GOMP_SPINCOUNT"));
        exit(0);
    }
    if (!getenv("TEST_ROOT")) return;
    if (run_open(&r, ".", NULL, &err)) puts(r.root);
    exit(0);
}

static const TTest *const tests[] = {every_directory_of_the_path_is_made,
                                     a_file_in_the_way_is_named,
                                     an_empty_or_endless_directory_is_refused,
                                     the_root_directory_keeps_its_slash,
                                     a_result_that_could_not_be_written_is_named_before_the_work,
                                     a_directory_that_cant_be_written_is_named,
                                     a_directory_has_one_run_at_a_time,
                                     four_paths_are_valid_at_once,
                                     the_root_is_the_nearest_folder_with_plots,
                                     without_plots_the_root_is_the_folder_of_the_program,
                                     the_clock_is_the_monotonic_one,
                                     a_file_is_replaced_whole_or_not_at_all,
                                     a_full_disk_is_noticed_and_leaves_the_old_file,
                                     a_path_that_cant_be_written_is_named,
                                     a_protected_file_is_not_replaced,
                                     a_link_is_followed_and_a_device_is_written_as_it_is,
                                     json_is_saved_and_noted,
                                     what_is_no_utf8_is_a_question_mark_in_json,
                                     a_summary_says_how_much_memory_there_was,
                                     what_cant_be_shown_is_told,
                                     the_end_lists_what_was_written_and_the_seconds,
                                     one_signal_asks_and_the_second_ends,
                                     the_second_signal_ends_whichever_came_first,
                                     an_ignored_interrupt_stays_ignored,
                                     a_pipe_gets_a_line_each_tenth_of_the_way,
                                     a_step_is_shown_once_and_steps_may_begin_again,
                                     the_time_left_is_rounded_up_in_seconds_minutes_or_hours,
                                     steps_that_make_no_sense_are_refused,
                                     the_last_step_is_drawn_at_once,
                                     a_terminal_is_redrawn_in_place,
                                     a_line_is_as_narrow_as_its_terminal,
                                     curves_come_back_from_their_file,
                                     a_file_that_is_no_table_of_numbers_is_refused_by_line,
                                     a_file_from_another_system_or_none_at_all,
                                     a_row_of_the_wrong_length_stops_the_program,
                                     a_sketch_shows_each_seed_the_floor_and_the_limits,
                                     a_sketch_of_one_point_or_none_is_harmless,
                                     only_a_terminal_gets_a_sketch,
                                     a_figure_is_drawn_into_a_directory_of_any_name,
                                     a_figure_that_is_cut_short_leaves_the_earlier_one,
                                     a_figure_that_fails_is_one_line,
                                     without_gnuplot_it_is_said_once,
                                     a_gnuplot_that_never_ends_is_ended,
                                     what_gnuplot_said_last_is_the_reason,
                                     threads_start_anew_unless_the_user_has_set_how_they_wait,
                                     threads_are_as_many_as_was_asked_for,
                                     NULL};

RUN_TESTS("run", tests)
