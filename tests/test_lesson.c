/* test_lesson.c: the programs of chapters 3 to 5 as their user meets them, on a model that has
 * learnt next to nothing: what they write, that threads change no byte of it, what they refuse. */
#define SUITE_TIMEOUT 120
#include "lesson.h"
#include "suite.h"

static char dir[40];

/* Runs "$BUILD/chapterN <arguments>" in a shell, with @ in the arguments standing for the test's
 * directory; what it says goes to @/said. It finds a shell, for rewards by command, and no gnuplot:
 * figures take time. Returns the exit status. */
static int run(int chapter, const char *arguments)
{
    char command[2048], *at = command;
    const char *build = getenv("BUILD");
    at += sprintf(at, "PATH=%s %s/chapter%d ", dir, build ? build : "build/gcc-float", chapter);
    for (const char *a = arguments; *a; a++)
        if (*a == '@')
            at += sprintf(at, "%s", dir);
        else
            *at++ = *a;
    sprintf(at, " > %s/said 2>&1 < /dev/null", dir);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A model in @/model: tales, but few of them and not for long. */
static void setup(void)
{
    char sh[80];
    /* in memory, if possible: on a disk most of the time goes into forcing files to it */
    snprintf(dir, sizeof dir, "%s/test_lesson_XXXXXX",
             access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(sh, sizeof sh, "%s/sh", dir);
    ck_assert_int_eq(symlink("/bin/sh", sh), 0);
    ck_assert_int_eq(run(2, "--tales 60 --layers 1 --heads 2 --channels 8 --context 24 --batch 4 "
                            "--steps 20 --warmup 2 --eval-every 20 --orders 0 --sample 0 --out "
                            "@/model"),
                     0);
}

static void cleanup(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
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

static void check_says(int chapter, int status, const char *arguments, const char *part)
{
    int got = run(chapter, arguments);
    char *said = read_whole("said");
    ck_assert_msg(got == status && strstr(said, part), "chapter%d %s\nexit %d, wanted %d: %s",
                  chapter, arguments, got, status, said);
    free(said);
}

static void check_holds(const char *file, const char *part)
{
    char *text = read_whole(file);
    ck_assert_msg(strstr(text, part), "%s lacks %s:\n%.1500s", file, part, text);
    free(text);
}

#define SMALL " --load @/model --batch 8 --steps 3 --price 8 --sample 1 --reward count:e "

START_TEST(every_chapter_writes_curves_summary_and_model)
{
    setup();
    for (int n = 3; n <= 5; n++) {
        check_says(n, 0, SMALL "--out @/a", "wrote");
        check_holds("a/curves.csv", "seed,");
        check_holds("a/curves.csv", ",symbols,reward,kl,objective,entropy,length,ended,distinct,"
                                    "gradient_norm");
        check_holds("a/summary.json", "\"before\"");
        check_holds("a/summary.json", "\"after\"");
        check_holds("a/summary.json", "\"reward\":\t\"count:e\"");
        check_holds("a/summary.json", "/model\"");
        free(read_whole("a/model.safetensors"));
        char command[64]; /* so that the next chapter's are its own */
        snprintf(command, sizeof command, "rm -r %s/a", dir);
        ck_assert_int_eq(system(command), 0);
    }
    cleanup();
}
END_TEST

START_TEST(threads_change_no_byte_of_the_curves)
{
    setup();
    for (int n = 3; n <= 5; n++) {
        ck_assert_int_eq(run(n, SMALL "--batch 40 --seeds 2 --threads 1 --out @/a"), 0);
        ck_assert_int_eq(run(n, SMALL "--batch 40 --seeds 2 --threads 3 --out @/b"), 0);
        char *one = read_whole("a/curves.csv"), *three = read_whole("b/curves.csv");
        ck_assert_str_eq(one, three);
        free(one), free(three);
    }
    cleanup();
}
END_TEST

START_TEST(what_can_not_be_meant_is_wrong_usage)
{
    setup();
    for (int n = 3; n <= 5; n++) {
        check_says(n, 2, SMALL "--reward contain:hello --out @/a", "no term of a reward");
        check_says(n, 2, SMALL "--reward command --out @/a", "name one with --reward-command");
        check_says(n, 2, SMALL "--reward-command cat --out @/a", "has no term command");
        check_says(n, 2, SMALL "--beta -1 --out @/a", "--beta");
        check_says(n, 2, " --reward-command ' ' --out @/a", "--reward-command is empty");
        check_says(n, 2, SMALL "--reward 'contains:\xff' --out @/a", "--reward is not UTF-8");
        check_says(n, 1, SMALL "--length 999 --out @/a", "context");
        check_says(n, 1, SMALL "--out @/model", "choose another --out");
        check_says(n, 1,
                   "--reward-command 'echo $$ > @/pid; exec /bin/sleep 60' --load @/none --out @/a",
                   "none");
        char *pid = read_whole("pid");
        ck_assert_int_ne(kill(atoi(pid), 0), 0); /* it isn't left to itself */
        free(pid);
    }
    check_says(3, 2, SMALL "--batch 1 --out @/a", "no other texts");
    for (int n = 4; n <= 5; n++)
        check_says(n, 2, SMALL "--minibatches 9 --out @/a", "can't be shared by --minibatches 9");
    cleanup();
}
END_TEST

/* The command dies in the second rollout: what the first has taught is kept. */
START_TEST(a_reward_that_fails_half_way_leaves_what_was_learnt)
{
    setup();
    for (int n = 3; n <= 5; n++) {
        check_says(n, 1,
                   " --load @/model --batch 8 --steps 3 --price 8 --sample 0 --reward-command "
                   "'for i in 1 2 3 4; do for j in 1 2 3 4 5 6 7 8; do read -r x; echo $j; done; "
                   "done' --out @/a",
                   "what was learnt is saved in");
        check_holds("a/curves.csv", "\n1,");
        free(read_whole("a/model.safetensors"));
    }
    cleanup();
}
END_TEST

/* The command dies with the second seed: the model of the first stays, and the sentence is true. */
START_TEST(a_reward_that_fails_in_a_later_seed_leaves_the_first_ones_model)
{
#define ANSWERS(n)                                                                               \
    " --load @/model --batch 8 --steps 1 --price 8 --sample 0 --seeds 2 --reward-command 'i=0; " \
    "while [ $i -lt " #n " ]; do for j in 1 2 3 4 5 6 7 8; do read -r x; echo $j; done; "        \
    "i=$((i+1)); done' --out @/"
    setup();
    for (int n = 3; n <= 5; n++) {
        check_says(n, 0, ANSWERS(6) "whole", "wrote");
        check_says(n, 1, ANSWERS(5) "cut", "(the curves so far are saved in");
        char compare[256];
        snprintf(compare, sizeof compare, "cmp %s/whole/model.safetensors %s/cut/model.safetensors",
                 dir, dir);
        ck_assert_int_eq(system(compare), 0);
        check_holds("cut/curves.csv", "\n2,");
    }
    cleanup();
}
END_TEST

START_TEST(a_run_that_learns_nothing_leaves_what_an_earlier_one_wrote)
{
    static const char *const files[] = {"a/curves.csv", "a/summary.json", "a/model.safetensors"};
    setup();
    for (int n = 3; n <= 5; n++) {
        char *before[3];
        check_says(n, 0, SMALL "--out @/a", "");
        for (int i = 0; i < 3; i++) before[i] = read_whole(files[i]);
        check_says(n, 1, SMALL "--reward command --reward-command 'exit 3' --out @/a", "exit 3");
        for (int i = 0; i < 3; i++) {
            char *after = read_whole(files[i]);
            ck_assert_msg(memcmp(after, before[i], 1 << 20) == 0, "chapter%d: %s is another", n,
                          files[i]);
            free(before[i]), free(after);
        }
    }
    cleanup();
}
END_TEST

/* A critic that is wrong by thousands: the table has a number in each of its 14 columns still. */
START_TEST(large_numbers_stand_apart_in_the_table_of_steps)
{
    setup();
    check_says(5, 0,
               " --load @/model --batch 8 --steps 2 --price 8 --sample 0 --reward '99*count:e' "
               "--stop-kl 0 --out @/a",
               "explained");
    char *said = read_whole("said"), *row = strchr(strstr(said, "explained"), '\n') + 1;
    int fields = 0;
    double loss = 0;
    row[strcspn(row, "\n")] = '\0';
    for (char *word = strtok(row, " "); word; word = strtok(NULL, " "))
        if (++fields == 9) loss = atof(word);
    ck_assert_int_eq(fields, 14);
    ck_assert_double_gt(loss, 1000);
    free(said);
    cleanup();
}
END_TEST

START_TEST(without_a_clip_no_share_is_clipped)
{
    setup();
    check_says(5, 0, SMALL "--unclipped --stop-kl 0 --out @/a", "clipped -");
    check_says(5, 0, SMALL "--stop-kl 0 --out @/a", "clipped 0.");
    cleanup();
}
END_TEST

/* Neighbours in seed and step among them, and steps of long runs; below 0 are the looks from
 * outside. */
START_TEST(no_two_steps_of_any_seed_draw_the_same_texts)
{
    enum { SEEDS = 8, STEPS = 64 };
    uint64_t drawn[SEEDS * STEPS];
    for (int i = 0; i < SEEDS * STEPS; i++) {
        int k = i % STEPS, step = k < 32 ? k - 2 : k < 48 ? 100 * (k - 31) : 1 << (k - 42);
        drawn[i] = step_seed(i / STEPS, step);
        for (int j = 0; j < i; j++)
            ck_assert_msg(drawn[i] != drawn[j], "seed %d, step %d", i / STEPS, step);
    }
}
END_TEST

START_TEST(symbols_until_a_reward_are_counted_where_enough_texts_earn_it)
{
    Curves *c = curves_new("symbols,reward");
    static const double reward[] = {0.2, 0.96, 0.5, 0.95, 0.97, 0.99};
    for (int i = 0; i < 6; i++) curves_add(c, 100 * i, reward[i]);
    ck_assert(symbols_until(c, 0, 128, 0.95) == 300); /* two batches of 128 */
    ck_assert(symbols_until(c, 4, 128, 0.95) == 400);
    ck_assert(symbols_until(c, 0, 200, 0.95) == 300);
    ck_assert(isnan(symbols_until(c, 0, 64, 0.95))); /* four: 0.95, 0.97 and 0.99 are three */
    ck_assert(symbols_until(c, 0, 86, 0.95) == 300);
    ck_assert(symbols_until(c, 0, 64, 0.85) == 200); /* four: no fewer, and no more */
    ck_assert(isnan(symbols_until(c, 0, 128, 0.99)));
    curves_free(c);
    c = curves_new("symbols,reward");
    for (int i = 0; i < 3; i++) curves_add(c, 100 * i, i > 0 ? 1.0 : 0.5);
    ck_assert(symbols_until(c, 0, 128, 1) == 100); /* no more than that is asked */
    curves_free(c);
}
END_TEST

static const TTest *const tests[] = {
    every_chapter_writes_curves_summary_and_model,
    threads_change_no_byte_of_the_curves,
    what_can_not_be_meant_is_wrong_usage,
    a_reward_that_fails_half_way_leaves_what_was_learnt,
    a_reward_that_fails_in_a_later_seed_leaves_the_first_ones_model,
    a_run_that_learns_nothing_leaves_what_an_earlier_one_wrote,
    large_numbers_stand_apart_in_the_table_of_steps,
    without_a_clip_no_share_is_clipped,
    no_two_steps_of_any_seed_draw_the_same_texts,
    symbols_until_a_reward_are_counted_where_enough_texts_earn_it,
    NULL};
RUN_TESTS("lesson", tests)
