/* test_chapter2.c: the program as its user meets it: what it writes, resumes, scores and refuses.
 */
#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "suite.h"

#define SMALL                                                                           \
    " --tales 60 --layers 1 --heads 2 --channels 8 --context 128 --batch 4 --steps 24 " \
    "--warmup 2 --eval-every 6 --orders 3 --sample 1 --length 12 "

static char dir[40];

static void setup(void)
{
    /* in memory, if possible: on a disk most of the time goes into forcing files to it */
    snprintf(dir, sizeof dir, "%s/test_chapter2_XXXXXX",
             access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void cleanup(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

/* Runs "$BUILD/chapter2 <arguments>" in a shell, with @ in the arguments standing for the test's
 * directory; what it says goes to @/said. It finds no gnuplot: figures take time. Returns the exit
 * status. */
static int run(const char *arguments)
{
    char command[2048], *at = command;
    const char *build = getenv("BUILD");
    at += sprintf(at, "PATH=/nowhere %s/chapter2 ", build ? build : "build/gcc-float");
    for (const char *a = arguments; *a; a++)
        if (*a == '@')
            at += sprintf(at, "%s", dir);
        else
            *at++ = *a;
    sprintf(at, " > %s/said 2>&1 < /dev/null", dir);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *read_whole(const char *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s is missing", path);
    char *text = calloc(1, 1 << 20);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, in), 0);
    fclose(in);
    return text;
}

static void check_same(const char *a, const char *b)
{
    char *x = read_whole(a), *y = read_whole(b);
    ck_assert_msg(strcmp(x, y) == 0, "%s and %s differ:\n%.1500s\n%.1500s", a, b, x, y);
    free(x), free(y);
}

static void check_says(int status, const char *arguments, const char *part)
{
    int got = run(arguments);
    char *said = read_whole("said");
    ck_assert_msg(got == status && strstr(said, part), "chapter2 %s\nexit %d, wanted %d: %s",
                  arguments, got, status, said);
    free(said);
}

START_TEST(a_run_writes_curves_summary_and_model)
{
    setup();
    check_says(0, SMALL "--out @/a", "wrote");
    char *curves = read_whole("a/curves.csv"), *summary = read_whole("a/summary.json");
    ck_assert_ptr_nonnull(strstr(curves, "seed,step,symbols,train_loss,held_out_loss"));
    ck_assert_ptr_nonnull(strstr(curves, "\n1,24,"));
    ck_assert_ptr_nonnull(strstr(summary, "\"nats_per_symbol\""));
    free(curves), free(summary);
    free(read_whole("a/model.safetensors"));
    free(read_whole("a/config.json"));
    free(read_whole("a/vocab.json"));
    cleanup();
}
END_TEST

START_TEST(threads_change_no_byte_of_the_curves)
{
    setup();
    ck_assert_int_eq(run(SMALL "--batch 32 --channels 32 --threads 1 --out @/a"), 0);
    ck_assert_int_eq(run(SMALL "--batch 32 --channels 32 --threads 2 --out @/b"), 0);
    check_same("a/curves.csv", "b/curves.csv");
    cleanup();
}
END_TEST

START_TEST(another_seed_gives_other_curves_and_the_same_seed_the_same)
{
    setup();
    ck_assert_int_eq(run(SMALL "--seeds 2 --out @/a"), 0);
    ck_assert_int_eq(run(SMALL "--seed 2 --out @/b"), 0);
    char *two = read_whole("a/curves.csv"), *one = read_whole("b/curves.csv");
    const char *rows = strstr(one, "\n2,0,");
    ck_assert_ptr_nonnull(rows);
    ck_assert_ptr_nonnull(strstr(two, rows));
    ck_assert_ptr_nonnull(strstr(two, "\n1,0,"));
    free(one), free(two);
    cleanup();
}
END_TEST

START_TEST(an_interrupted_run_resumes_to_the_same_bytes)
{
    setup();
    ck_assert_int_eq(run(SMALL "--steps 400 --out @/whole"), 0);
    char out[64], path[300];
    snprintf(out, sizeof out, "%s/half", dir);
    const char *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/chapter2", build ? build : "build/gcc-float");
    pid_t child = fork();
    if (child == 0) {
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
        setenv("PATH", "/nowhere", 1);
        execl(path, path, "--tales", "60", "--layers", "1", "--heads", "2", "--channels", "8",
              "--context", "128", "--batch", "4", "--steps", "400", "--warmup", "2", "--eval-every",
              "6", "--orders", "3", "--sample", "0", "--out", out, (char *)NULL);
        _exit(127);
    }
    char curves[128];
    snprintf(curves, sizeof curves, "%s/curves.csv", out);
    struct timespec nap = {0, 2000000};
    for (int i = 0; i < 20000 && access(curves, R_OK) != 0; i++) nanosleep(&nap, NULL);
    kill(child, SIGINT);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    check_says(0, SMALL "--steps 400 --resume --out @/half", "goes on from step");
    check_same("whole/curves.csv", "half/curves.csv");
    char *a = read_whole("whole/model.safetensors"), *b = read_whole("half/model.safetensors");
    ck_assert_mem_eq(a, b, 1 << 14);
    free(a), free(b);
    cleanup();
}
END_TEST

START_TEST(a_saved_model_scores_and_writes_without_training)
{
    setup();
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    char command[256];
    snprintf(command, sizeof command, "printf 'Zoe met a fox.\\nThe fox sang.\\n' > %s/text", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(0,
               "--load @/a --eval @/text --ids @/ids --sample 2 --length 9 --prompt Zoe --out @/b",
               "nats per symbol");
    char *ids = read_whole("ids"), *summary = read_whole("b/summary.json");
    ck_assert_int_eq(strncmp(ids, "[[0, ", 5), 0); /* the first list begins with the end symbol */
    ck_assert_ptr_nonnull(strstr(ids, ", 0]"));    /* and ends with it */
    ck_assert_ptr_nonnull(strstr(summary, "\"symbols\":\t29"));
    free(ids), free(summary);
    snprintf(command, sizeof command, "printf 'Zoe met \\303\\244 fox' > %s/text", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(1, "--load @/a --eval @/text --out @/b", "8"); /* the byte of the strange letter */
    cleanup();
}
END_TEST

START_TEST(a_chinese_stream_can_be_learnt)
{
    setup();
    char command[512];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 40 ]; do printf '天地玄黄，宇宙洪荒。'; i=$((i+1)); done > %s/zh",
             dir);
    ck_assert_int_eq(system(command), 0);
    check_says(0, SMALL "--text @/zh --documents stream --context 16 --sample 2 --out @/a",
               "10 kinds");
    cleanup();
}
END_TEST

START_TEST(a_short_context_and_no_held_out_text_work)
{
    setup();
    ck_assert_int_eq(run(SMALL "--context 5 --out @/a"), 0);
    ck_assert_int_eq(run(SMALL "--held-out 0 --out @/b"), 0);
    ck_assert_int_eq(run(SMALL "--context 1 --batch 1 --steps 0 --out @/c"), 0);
    cleanup();
}
END_TEST

START_TEST(bad_input_gets_a_sentence_and_a_status)
{
    setup();
    check_says(2, "--step 5", "--steps");
    check_says(2, "--lr many", "lr");
    check_says(1, SMALL "--heads 3 --out @/a", "can't be shared by 3 heads");
    check_says(1, SMALL "--text @/nothing --out @/a", "nothing");
    check_says(1, "--load @/nothing --out @/a", "nothing");
    check_says(1, SMALL "--resume --out @/fresh", "training.safetensors");
    check_says(1, SMALL "--resume --seeds 2 --out @/a", "--seeds");
    check_says(1, SMALL "--lr 1e6 --last-lr 1e6 --clip 1e9 --warmup 0 --steps 400 --out @/a",
               "--lr");
    check_says(1, SMALL "--prompt \xc3\xa4 --out @/a", "--prompt");
    cleanup();
}
END_TEST

static const TTest *const tests[] = {a_run_writes_curves_summary_and_model,
                                     threads_change_no_byte_of_the_curves,
                                     another_seed_gives_other_curves_and_the_same_seed_the_same,
                                     an_interrupted_run_resumes_to_the_same_bytes,
                                     a_saved_model_scores_and_writes_without_training,
                                     a_chinese_stream_can_be_learnt,
                                     a_short_context_and_no_held_out_text_work,
                                     bad_input_gets_a_sentence_and_a_status,
                                     NULL};
RUN_TESTS("chapter2", tests)
