/* test_faults.c: what is left when a program is killed, has no disk, no memory, no right, or no
 * directory to itself. How programs are made to fail: tests/faults.c. */
#define SUITE_TIMEOUT 300
#include "program.h"

#include "checkpoint.h"
#include "curves.h"
#include "run.h"

static Error err;

static const char *const tiny[] = {TINY_1, TINY_2, TINY_3, TINY_4, TINY_5};
enum { PROGRAMS = sizeof tiny / sizeof *tiny };

/* ---- what a directory holds --------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static char *text_of(const char *path)
{
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s is missing", path);
    char *text = calloc(1, 1 << 20);
    size_t size = fread(text, 1, (1 << 20) - 1, in);
    ck_assert_msg(size > 0, "%s is empty", path);
    fclose(in);
    return text;
}

/* The file is one that a reader takes. */
static void check_whole(const char *path, const char *when)
{
    if (ends_in(path, ".tmp")) return; /* what a killed program leaves, and the next one replaces */
    char *text = text_of(path);
    bool good = true;
    if (ends_in(path, ".json")) {
        cJSON *json = cJSON_Parse(text);
        good = json != NULL;
        cJSON_Delete(json);
    } else if (ends_in(path, "words.csv") || ends_in(path, "values.csv")) {
        good = strchr(text, ',') && ends_in(text, "\n"); /* they hold words too */
    } else if (ends_in(path, ".csv")) {
        text[strcspn(text, "\n")] = '\0';
        Curves *c = curves_new(text);
        good = curves_load(c, path, &err);
        curves_free(c);
    } else if (ends_in(path, ".safetensors")) {
        good = checkpoint_load(path, NULL, 0, NULL, &err); /* proves the header */
    } else {
        good = ends_in(path, ".arpa") && strstr(text, "\\end\\\n");
    }
    ck_assert_msg(good, "%s: %s is broken: %s", when, path, err.text);
    free(text);
}

/* Every file below out/ is whole. Returns how many there are. */
static int check_all_whole(const char *when)
{
    char path[512];
    int files = 0;
    ck_assert_int_eq(shell("find out -type f > files"), 0);
    FILE *list = fopen(in_place("files"), "r");
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = '\0';
        check_whole(in_place(path), when);
        files += !ends_in(path, ".tmp");
    }
    fclose(list);
    return files;
}

/* ---- faults.c ----------------------------------------------------------------------------- */

/* The environment for a fault, or NULL where faults.c is not built: with sanitizers, which stand in
 * front of the C library themselves, and on systems other than Linux. */
static const char *fault(const char *what, int number)
{
    static char environment[600];
    const char *build = getenv("BUILD");
    char library[512], *whole;
    snprintf(library, sizeof library, "%s/tests/faults.so", build ? build : "build/gcc-float");
    whole = realpath(library, NULL);
    if (!whole) return NULL;
    int used = snprintf(environment, sizeof environment, "LD_PRELOAD=%s FAULT_REPORT=%s FAULT=%s",
                        whole, in_place("report"), what);
    if (number > 0) snprintf(environment + used, sizeof environment - (size_t)used, ":%d", number);
    free(whole);
    return environment;
}

/* ---- kills -------------------------------------------------------------------------------- */

START_TEST(a_kill_at_any_step_of_writing_leaves_every_file_whole)
{
    if (!fault("kill", 1)) return;
    for (int p = 0; p < PROGRAMS; p++) {
        char other[512], when[64];
        int kills = 0, before;
        shell("rm -rf out old; exit 0");
        check_run(0, tiny[p], "wrote");
        before = check_all_whole("at first");
        shell("mv out old");
        snprintf(other, sizeof other, "%s--seed 2", tiny[p]);
        for (bool killed = true; killed; kills += killed) {
            shell("rm -rf out; cp -R old out");
            const Ended *e = run_program(fault("kill", kills + 1), other);
            killed = e->signal == SIGKILL;
            ck_assert_msg(killed || e->status == 0, "chapter%s: %d\n%s", other, e->status, e->said);
            snprintf(when, sizeof when, "chapter %d, kill %d", p + 1, kills + 1);
            ck_assert_int_ge(check_all_whole(when), before - (p == 1)); /* no state yet */
        }
        ck_assert_msg(kills > 8, "chapter %d was killed %d times only", p + 1, kills);
    }
}
END_TEST

#define RESUMED                                                                         \
    "2 --tales 60 --layers 1 --heads 2 --channels 8 --context 64 --batch 4 --warmup 2 " \
    "--eval-every 6 --orders 2 --sample 0 --threads 1 "

static bool is_there(const char *file)
{
    return access(in_place(file), F_OK) == 0;
}

START_TEST(a_run_killed_at_any_step_of_writing_resumes_to_the_same_bits)
{
    if (!fault("kill", 1)) return;
    check_run(0, RESUMED "--steps 15 --out out/whole", "wrote");
    int kills = 0;
    for (bool killed = true; killed; kills += killed) {
        shell("rm -rf out/cut");
        killed =
            run_program(fault("kill", kills + 1), RESUMED "--steps 15 --out out/cut")->signal ==
            SIGKILL;
        if (killed && is_there("out/cut/training.safetensors"))
            check_run(0, RESUMED "--steps 15 --out out/cut --resume", "goes on from step");
        else if (killed)
            check_run(0, RESUMED "--steps 15 --out out/cut", "wrote");
        check_same_files("out/whole/curves.csv", "out/cut/curves.csv");
        check_same_files("out/whole/model.safetensors", "out/cut/model.safetensors");
        check_same_files("out/whole/training.safetensors", "out/cut/training.safetensors");
    }
    ck_assert_int_gt(kills, 30);
}
END_TEST

START_TEST(a_run_stopped_at_random_moments_resumes_to_the_same_bits)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};
    double started = clock_seconds();
    unsigned state = (unsigned)time(NULL), first = state;
    check_run(0, RESUMED "--steps 300 --out out/whole", "wrote");
    double whole = clock_seconds() - started;
    shell("mkdir -p out/cut");
    int status = -1, stops = 0;
    for (; stops < 40 && status != 0 && clock_seconds() - started < 100; stops++) {
        bool resumes = is_there("out/cut/training.safetensors");
        pid_t child = start_program(resumes ? RESUMED "--steps 300 --out out/cut --resume"
                                            : RESUMED "--steps 300 --out out/cut");
        state = state * 1103515245u + 12345u;
        /* at once, then later and later, so that it comes to an end */
        if (stops > 0) sleep_seconds(whole * (0.05 + 0.03 * stops) * (state >> 16 & 1023) / 512.0);
        kill(child, signals[stops % 3]);
        waitpid(child, &status, 0);
        ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) <= 1, "it exits with %d",
                      WEXITSTATUS(status));
        check_all_whole("stopped");
    }
    if (status != 0) check_run(0, RESUMED "--steps 300 --out out/cut --resume", "wrote");
    ck_assert_msg(stops > 2, "it was stopped %d times", stops);
    ck_assert_msg(shell("cmp out/whole/curves.csv out/cut/curves.csv && "
                        "cmp out/whole/model.safetensors out/cut/model.safetensors") == 0,
                  "the curves differ after %d stops, the first moment drawn from %u", stops, first);
}
END_TEST

START_TEST(an_early_stop_and_a_new_run_do_not_take_up_an_older_one)
{
    check_run(0, RESUMED "--steps 12 --out out/a", "wrote");
    /* another run begins in the same directory and is killed before it has saved anything */
    if (fault("kill", 1)) {
        const Ended *e = run_program(fault("kill", 1), RESUMED "--steps 12 --seed 9 --out out/a");
        ck_assert_int_eq(e->signal, SIGKILL);
        check_run(1, RESUMED "--steps 12 --out out/a --resume", "leave out --resume");
    }
    check_run(1, RESUMED "--steps 12 --out out/fresh --resume", "leave out --resume");
    check_run(0, RESUMED "--steps 12 --out out/b", "wrote");
    check_run(1, RESUMED "--steps 6 --out out/b --resume", "give more steps");
}
END_TEST

/* ---- a full disk -------------------------------------------------------------------------- */

START_TEST(a_full_disk_gets_a_sentence_and_loses_nothing)
{
    if (!fault("full", 1)) return;
    for (int p = 0; p < PROGRAMS; p++) {
        char other[512], when[64];
        int fulls = 0;
        shell("rm -rf out old; exit 0");
        check_run(0, tiny[p], "wrote");
        int before = check_all_whole("at first");
        shell("mv out old");
        snprintf(other, sizeof other, "%s--seed 2", tiny[p]);
        for (bool full = true; full; fulls += full) {
            shell("rm -rf out; cp -R old out");
            const Ended *e = run_program(fault("full", fulls + 1), other);
            full = e->status != 0;
            ck_assert_msg(!full || (e->status == 1 && strstr(e->said, "can't write out/") &&
                                    strstr(e->said, "No space left on device: free some space")),
                          "chapter%s, step %d: %d (signal %d)\n%s", other, fulls + 1, e->status,
                          e->signal, e->said);
            snprintf(when, sizeof when, "chapter %d, full from step %d", p + 1, fulls + 1);
            ck_assert_int_ge(check_all_whole(when), before - (p == 1));
            ck_assert_msg(shell("! find out -name '*.tmp' | grep .") == 0, "%s", when);
        }
        ck_assert_int_gt(fulls, 4);
    }
}
END_TEST

/* What the disk did not take is found out by forcing it there, if the disk knows how. */
START_TEST(what_did_not_reach_the_disk_does_not_replace_the_old_file)
{
    if (!fault("sync", EIO)) return;
    static const int not_there[] = {EINVAL, ENOTSUP};
    check_run(0, TINY_1, "wrote");
    shell("cp -R out old");
    const Ended *e = run_program(fault("sync", EIO), TINY_1 "--seed 2");
    ck_assert_msg(e->status == 1 && strstr(e->said, "can't write out/chapter1/curves.csv: "
                                                    "Input/output error"),
                  "%d\n%s", e->status, e->said);
    ck_assert_int_eq(shell("diff -r old out"), 0);
    for (int i = 0; i < 2; i++) {
        shell("rm -r out; cp -R old out");
        e = run_program(fault("sync", not_there[i]), TINY_1 "--seed 2");
        ck_assert_msg(e->status == 0, "%d\n%s", e->status, e->said);
        ck_assert_int_ne(shell("cmp -s old/chapter1/curves.csv out/chapter1/curves.csv"), 0);
    }
}
END_TEST

START_TEST(a_file_that_may_not_grow_is_not_left_half)
{
    check_run(0, TINY_2 "--out out", "wrote");
    check_all_whole("at first");
    shell("mv out old");
    for (int blocks = 0; blocks < 8; blocks++) {
        shell("rm -rf out; cp -R old out");
        int status = shell("ulimit -f %d; %s >/dev/null 2>said", blocks,
                           program_command("", TINY_2 "--channels 24 --seed 2 --out out"));
        Ended e;
        read_said(&e);
        if (blocks >
            1) /* with none there is no place for the sentence, and LLVM's OpenMP wants one */
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
                              strstr(e.said, "File too large: free some space"),
                          "%d blocks: %d %s", blocks, status, e.said);
        check_all_whole("too large");
    }
}
END_TEST

START_TEST(words_that_reach_nobody_are_a_failure)
{
    if (!is_there("/dev/full") && access("/dev/full", W_OK) != 0) return;
    for (int p = 0; p < PROGRAMS; p++) {
        int status = shell("%s >/dev/full 2>said", program_command("", tiny[p]));
        Ended e;
        read_said(&e);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
                          strstr(e.said, "could not be written (No space left on device)"),
                      "chapter%s: %d %s", tiny[p], status, e.said);
        check_all_whole("nobody listens");
    }
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------- */

static const char *const wanting[] = {TINY_1 "--arpa out/m.arpa",
                                      TINY_2,
                                      TINY_3,
                                      TINY_4,
                                      TINY_5,
                                      "3 --env oracle --largest-batch 2 --draws 100 --threads 1",
                                      "5 --env oracle --toy-steps 1 --toy-seeds 1 --threads 1",
                                      NULL};

/* Every place that asks for memory is refused once: see faults.c. */
static void refuse_memory(const char *run)
{
    char line[512];
    int places = 0, survived = 0, status, by_signal, said;
    const Ended *e = run_program(fault("memory", 0), run);
    ck_assert_msg(e->status == 0, "chapter%s\nended with %d:\n%s", run, e->status, e->said);
    FILE *report = fopen(in_place("report"), "r");
    ck_assert_ptr_nonnull(report);
    while (fgets(line, sizeof line, report)) {
        if (sscanf(line, "%d %d %d", &status, &by_signal, &said) != 3) continue;
        places++;
        survived += status == 0;
        if ((status == 0 || (status == 1 && said)) && by_signal == 0) continue;
        shell("cat report >&2");
        ck_abort_msg("chapter%s\nthe %d. place without memory: status %d, signal %d, %s: the "
                     "callers stand above the line \"%d %d %d\" of the report",
                     run, places, status, by_signal, said ? "with a word" : "without a word",
                     status, by_signal, said);
    }
    fclose(report);
    ck_assert_msg(places > 50 && survived < places / 4, "%d places, %d survived", places, survived);
}

START_TEST(no_memory_is_told_wherever_it_is_missing)
{
    if (!fault("memory", 0)) return;
    for (int i = 0; wanting[i]; i++) refuse_memory(wanting[i]);
}
END_TEST

static double peak_of(const char *run)
{
    const Ended *e = run_program(fault("peak", 0), run);
    ck_assert_msg(e->status == 0, "chapter%s\n%s", run, e->said);
    char *text = text_of(in_place("report"));
    double bytes = atof(text);
    free(text);
    ck_assert_msg(bytes > 1e5, "%g bytes", bytes);
    return bytes;
}

START_TEST(memory_stays_flat_over_steps)
{
    static const struct {
        const char *run, *few, *many;
    } cases[] = {{TINY_2 "--eval-every 1000 ", "--steps 10", "--steps 400"},
                 {TINY_3, "--steps 10", "--steps 60"}, /* within the first room for curves */
                 {TINY_4, "--steps 10", "--steps 60"},
                 {TINY_5, "--steps 10", "--steps 60"}};
    if (!fault("peak", 0)) return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char few[512], many[512];
        snprintf(few, sizeof few, "%s%s", cases[i].run, cases[i].few);
        snprintf(many, sizeof many, "%s%s", cases[i].run, cases[i].many);
        run_program("", few); /* trains the model that they begin from */
        double a = peak_of(few), b = peak_of(many);
        ck_assert_msg(b - a < 2048, "chapter%s: %.0f bytes, then %.0f", many, a, b);
    }
}
END_TEST

/* ---- two at once -------------------------------------------------------------------------- */

START_TEST(a_second_run_in_the_same_directory_is_refused)
{
    pid_t child = start_program(RESUMED "--steps 1000000 --out out/a");
    await_file("out/a/training.safetensors");
    int status = shell("%s >second 2>&1", program_command("", TINY_1 "--out out/a"));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%d", status);
    char *said = text_of(in_place("second"));
    ck_assert_msg(strstr(said, "another run is writing into out/a: wait for its end"), "%s", said);
    free(said);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    check_run(0, TINY_1 "--out out/a", "wrote"); /* no lock is left */
}
END_TEST

/* The reward's program lives on after a kill, until it is told to end or its directory is gone. */
START_TEST(what_a_killed_run_has_started_holds_no_directory)
{
    const char *run = TINY_3 "--steps 100000 --out out/a --reward-command "
                             "'while read x; do echo 1; done; "
                             "while test -e said -a ! -e gone; do sleep 0.1; done'";
    check_run(0, TINY_3, "wrote");
    char seen[512];
    snprintf(seen, sizeof seen, "%s", in_place("gone"));
    pid_t child = start_program(run);
    int status;
    for (int i = 0; i < 1000 && shell("grep -q training, said") != 0; i++) sleep_seconds(0.01);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ck_assert_msg(WIFSIGNALED(status), "it had ended by itself");
    const Ended *e = run_program("", TINY_3 "--out out/a");
    shell("touch gone");
    ck_assert_msg(e->status == 0, "%s", e->said);
}
END_TEST

START_TEST(two_runs_that_need_the_same_model_train_it_once)
{
    char first[2048];
    shell("for i in 1 2 3 4 5; do for j in 1 2 3 4 5; do echo Zoe met $i$j foxes.; done; done > "
          "text");
    snprintf(first, sizeof first, "%s",
             program_command("", TINY_3 "--text text --pretrain-steps 400 --out a"));
    shell("(%s) >one 2>&1 & (%s) >two 2>&1; b=$?; wait $!; echo $? $b >both", first,
          program_command("", TINY_4 "--text text --pretrain-steps 400 --out b"));
    char *both = text_of(in_place("both"));
    ck_assert_str_eq(both, "0 0\n");
    ck_assert_int_eq(shell("test $(cat one two | grep -c 'trains a small model') = 1"), 0);
    ck_assert_int_eq(shell("test $(cat one two | grep -c 'waits for another run') = 1"), 0);
    free(both);
}
END_TEST

/* ---- rights ------------------------------------------------------------------------------- */

/* Runs as one who is not root, whom nothing would stop. False where that can't be done. */
static bool run_as_nobody(Ended *e, const char *run)
{
    char command[4096];
    snprintf(command, sizeof command, "cd '%s' && %s </dev/null", in_place("."),
             program_command("", run));
    chmod(in_place("."), 0755);
    Apart a;
    if (apart_begin(&a)) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(99);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(99);
    }
    apart_end(&a);
    e->status = WIFEXITED(a.status) ? WEXITSTATUS(a.status) : -1;
    snprintf(e->said, sizeof e->said, "%s", a.said);
    return e->status != 99 && e->status != 126 && e->status != 127;
}

static void check_refused(const char *run, const char *part)
{
    Ended e;
    if (!run_as_nobody(&e, run)) return;
    ck_assert_msg(e.status == 1 && strstr(e.said, part), "chapter%s\nended with %d:\n%s", run,
                  e.status, e.said);
}

START_TEST(what_may_not_be_written_or_read_is_named_before_any_work)
{
    check_run(0, TINY_2 "--out out/a", "wrote");
    check_run(0, TINY_3 "--out out/b", "wrote");
    shell("chmod -R a+rwX out && chmod a-w out/a/model.safetensors out/b/model.safetensors");
    shell("cp out/b/model.safetensors .");
    check_refused(TINY_2 "--out out/a", "can't write out/a/model.safetensors: Permission denied: "
                                        "choose another place");
    check_refused(TINY_3 "--out out/b", "can't write out/b/model.safetensors: Permission denied");
    check_same_files("model.safetensors", "out/b/model.safetensors");

    shell("chmod a+w out/a/*; chmod a-w out/a/training.safetensors");
    check_refused(TINY_2 "--out out/a", "can't write out/a/training.safetensors");
    shell("chmod a+w out/a/*; chmod a-w out/a");
    check_refused(TINY_2 "--out out/a", "can't write into out/a: Permission denied");
    check_refused(TINY_2 "--out out/a/b", "can't make the directory out/a/b: Permission denied");
    shell("chmod a+w out/a; chmod a-r out/a/model.safetensors");
    check_refused(TINY_3 "--load out/a --out out/b2", "out/a/model.safetensors can't be opened: "
                                                      "Permission denied");
    shell("chmod a-r out/a/config.json");
    check_refused(TINY_3 "--load out/a --out out/b2", "out/a/config.json can't be opened: "
                                                      "Permission denied");
    shell("rm out/pretrained/*/*; chmod a-w out/pretrained/*");
    check_refused(TINY_3 "--out out/b2", "a model is trained first and kept in out/pretrained/");
    check_refused(TINY_3 "--out out/b2", "which can't be written: Permission denied: run in "
                                         "another directory");
    shell("rm -r out/pretrained; chmod a-w out");
    check_refused(TINY_3 "--out out/b2", "a model is trained first and kept in out/pretrained/");
    check_refused(TINY_3 "--out out/b2", "which can't be written: Permission denied: run in "
                                         "another directory");
}
END_TEST

static const TTest *const tests[] = {a_kill_at_any_step_of_writing_leaves_every_file_whole,
                                     a_run_killed_at_any_step_of_writing_resumes_to_the_same_bits,
                                     a_run_stopped_at_random_moments_resumes_to_the_same_bits,
                                     an_early_stop_and_a_new_run_do_not_take_up_an_older_one,
                                     a_full_disk_gets_a_sentence_and_loses_nothing,
                                     what_did_not_reach_the_disk_does_not_replace_the_old_file,
                                     a_file_that_may_not_grow_is_not_left_half,
                                     words_that_reach_nobody_are_a_failure,
                                     no_memory_is_told_wherever_it_is_missing,
                                     memory_stays_flat_over_steps,
                                     a_second_run_in_the_same_directory_is_refused,
                                     what_a_killed_run_has_started_holds_no_directory,
                                     two_runs_that_need_the_same_model_train_it_once,
                                     what_may_not_be_written_or_read_is_named_before_any_work,
                                     NULL};

RUN_TESTS("faults", tests)
