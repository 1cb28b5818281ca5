/* test_chapter2.c: the program as its user meets it: what it writes, resumes, scores and refuses.
 */
#define SUITE_TIMEOUT 120
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#include "curves.h"
#include "generate.h"
#include "mle.h"
#include "model.h"
#include "suite.h"
#include "tales.h"
#include "yardstick.h"

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
 * directory; what it says goes to @/said. It finds no gnuplot, as figures take time, but what
 * note_figures leaves there. Returns the exit status. */
static int run(const char *arguments)
{
    char command[2048], *at = command;
    const char *build = getenv("BUILD");
    at += sprintf(at, "PATH=%s %s/chapter2 ", dir, build ? build : "build/gcc-float");
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
    ck_assert_int_eq(run(SMALL "--shards 3 --threads 1 --out @/a"), 0);
    check_says(0, SMALL "--shards 3 --threads 2 --out @/b", "windows in 3 shards, seed 1, 2 thr");
    check_same("a/curves.csv", "b/curves.csv");
    check_same("a/model.safetensors", "b/model.safetensors");
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
    char *ids = read_whole("ids"), *summary = read_whole("b/eval.json");
    ck_assert_int_eq(strncmp(ids, "[[0, ", 5), 0); /* the first list begins with the end symbol */
    ck_assert_ptr_nonnull(strstr(ids, ", 0]"));    /* and ends with it */
    ck_assert_ptr_nonnull(strstr(summary, "\"symbols\":\t29"));
    free(ids), free(summary);
    summary = read_whole("a/summary.json"); /* what the training said stays */
    check_says(0, "--load @/a --eval @/text --sample 1 --length 9 --out @/a", "nats per symbol");
    char *after = read_whole("a/summary.json");
    ck_assert_str_eq(after, summary);
    free(after), free(summary);
    snprintf(command, sizeof command, "echo '{\"shards\": 16}' > %s/file.json", dir);
    ck_assert_int_eq(system(command), 0); /* of a batch that is only scored, and of four windows */
    check_says(0, "--load @/a --config @/file.json --batch 4 --eval @/text --out @/b", "nats per");
    snprintf(command, sizeof command, "printf 'Zoe met \\303\\244 fox' > %s/text", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(1, "--load @/a --eval @/text --out @/b", "8"); /* the byte of the strange letter */
    cleanup();
}
END_TEST

/* Before anything is scored or written, as where a model is trained. */
START_TEST(what_a_saved_model_can_not_write_is_told_before_any_work)
{
    setup();
    char text[64];
    ck_assert_int_eq(run(SMALL "--steps 0 --out @/a"), 0);
    check_says(2, "--load @/a --sample 100000 --length 1000000 --out @/b", "would take");
    snprintf(text, sizeof text, "%s/text", dir);
    FILE *out = fopen(text, "w");
    ck_assert(out && fputs("Zoe met a fox.\n", out) != EOF && fclose(out) == 0);
    check_says(1, "--load @/a --prompt 'Zo\xc3\xab' --out @/b", "--prompt");
    char *alone = read_whole("said");
    check_says(1, "--load @/a --eval @/text --prompt 'Zo\xc3\xab' --out @/b", "--prompt");
    char *said = read_whole("said");
    ck_assert_str_eq(said, alone);
    snprintf(text, sizeof text, "%s/b/eval.json", dir);
    ck_assert_int_ne(access(text, F_OK), 0);
    free(said), free(alone);
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
    check_says(2, SMALL "--ids @/ids --out @/a", "--ids needs a text that is scored: add --eval");
    check_says(2, SMALL "--heads 3 --out @/a", "can't be shared by 3 heads");
    check_says(2, SMALL "--shards 5 --out @/a", "give at most 4");
    check_says(2, SMALL "--batch 65536 --context 65536 --out @/a",
               "--batch 65536 windows of 65536 symbols");
    check_says(1, SMALL "--text @/nothing --out @/a", "nothing");
    check_says(1, "--load @/nothing --out @/a", "nothing");
    check_says(1, SMALL "--resume --out @/fresh", "training.safetensors");
    /* what is read is not written over */
    ck_assert_int_eq(run(SMALL "--out @/read"), 0);
    char *before = read_whole("read/model.safetensors"), said_of[96];
    check_says(2, "--load @/read --eval README.md --ids @/read/model.safetensors --out @/a",
               "--ids would write over");
    snprintf(said_of, sizeof said_of, "--ids would write over %s/read/config.json", dir);
    check_says(2, "--load @/read --eval @/read/config.json --ids @/read/config.json --out @/a",
               said_of);
    char *after = read_whole("read/model.safetensors");
    ck_assert_mem_eq(before, after, 1 << 12);
    free(before), free(after);
    ck_assert_int_eq(run(SMALL "--seeds 2 --out @/two"), 0);
    check_says(1, SMALL "--resume --out @/two", "curves.csv has other seeds as well");
    check_says(2, SMALL "--resume --seeds 2 --out @/a", "--seeds");
    check_says(2, SMALL "--resume --load @/a --out @/a", "leave one out");
    check_says(2, SMALL "--prompt 'a\nb' --out @/a", "--prompt has more than one line");
    check_says(0, SMALL "--out @/lost", "wrote");
    char lost[300];
    snprintf(lost, sizeof lost, "%s/lost/curves.csv", dir);
    ck_assert_int_eq(unlink(lost), 0);
    check_says(1, SMALL "--resume --out @/lost",
               "curves.csv is not there, and no run goes on without it: leave out --resume");
    check_says(0, SMALL "--out @/lost", "wrote");
    char command[1300];
    snprintf(command, sizeof command, "head -n 1 %s >%s.1 && mv %s.1 %s", lost, lost, lost, lost);
    ck_assert_int_eq(system(command), 0);
    check_says(1, SMALL "--resume --out @/lost", "curves.csv has no rows");
    check_says(2, SMALL "--context 100000 --out @/a", "make it smaller, or its --context");
    check_says(1, "--load @/nowhere", "there is no model in ");
    check_says(1, "--load @/lost/model.safetensors",
               "model.safetensors is a file: give the directory that it is in");
    check_says(1, SMALL "--lr 1e6 --last-lr 1e6 --clip 1e9 --warmup 0 --steps 400 --out @/a",
               "--lr");
    check_says(1, SMALL "--prompt \xc3\xa4 --out @/a", "--prompt");
    cleanup();
}
END_TEST

/* --- what it writes is what its parts measure ------------------------------------------------- */

static Error err;

static Curves *curves_of(const char *file)
{
    char path[256];
    char *whole = read_whole(file);
    whole[strcspn(whole, "\n")] = '\0';
    Curves *c = curves_new(whole);
    snprintf(path, sizeof path, "%s/%s", dir, file);
    ck_assert_msg(curves_load(c, path, &err), "%s", err.text);
    free(whole);
    return c;
}

static cJSON *json_of(const char *file)
{
    char *whole = read_whole(file);
    cJSON *j = cJSON_Parse(whole);
    ck_assert_ptr_nonnull(j);
    free(whole);
    return j;
}

static double number(const cJSON *j, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(j, key);
    ck_assert_msg(cJSON_IsNumber(item), "no number %s", key);
    return item->valuedouble;
}

/* The run of SMALL again, by hand. */
typedef struct {
    Text text;
    Windows *train, *held_out;
    Transformer *model;
    Mle *m;
} Again;

static Again again(int seed)
{
    Again a;
    size_t size;
    TextOptions options = {TEXT_LINES, TEXT_CHARS, 0.1};
    char *tales = tales_corpus(1, 60, &size);
    ck_assert(text_from_string(&a.text, tales, size, "the tales", &options, &err));
    free(tales);
    TransformerShape shape = {1, 2, 8, 128, a.text.vocabulary.size};
    MleOptions mle = {.steps = 24,
                      .batch = 4,
                      .lr = 8e-3,
                      .last_lr = 3e-5,
                      .warmup = 2,
                      .beta2 = 0.99,
                      .weight_decay = 0.1,
                      .clip = 1,
                      .seed = (uint64_t)seed};
    a.train = windows_new(&a.text.train, 0, 128);
    a.held_out = windows_new(&a.text.held_out, 0, 128);
    a.model = transformer_new(&shape, (uint64_t)seed);
    a.m = mle_new(a.model, &mle);
    return a;
}

static void again_free(Again *a)
{
    mle_free(a->m);
    transformer_free(a->model);
    windows_free(a->train);
    windows_free(a->held_out);
    text_free(&a->text);
}

/* A row every six steps: what was read, the mean loss since the row before, the loss over the
 * held-out windows that are looked at, and the last step's rate and norm. */
static void check_curves(const char *arguments, int windows)
{
    ck_assert_int_eq(run(arguments), 0);
    Curves *c = curves_of("a/curves.csv");
    Again a = again(1);
    double symbols = 0, recent = 0;
    MleStep step = {.lr = NAN, .gradient_norm = NAN};
    if (windows == 0) windows = a.held_out->windows;
    ck_assert_int_eq(c->rows, 5);
    for (int row = 0; row < 5; row++) {
        double held_out = mle_evaluate(a.m, a.held_out, windows, NULL);
        ck_assert(curves_at(c, row, "seed") == 1 && curves_at(c, row, "step") == 6 * row);
        ck_assert(curves_at(c, row, "symbols") == symbols);
        ck_assert_msg(close_to(curves_at(c, row, "held_out_loss"), held_out, 1e-6), "row %d", row);
        if (row == 0) {
            ck_assert(isnan(curves_at(c, row, "train_loss")));
            ck_assert(isnan(curves_at(c, row, "learning_rate")));
        } else {
            ck_assert(close_to(curves_at(c, row, "train_loss"), recent / 6, 1e-6));
            ck_assert(close_to(curves_at(c, row, "learning_rate"), step.lr, 1e-6));
            ck_assert(close_to(curves_at(c, row, "gradient_norm"), step.gradient_norm, 1e-6));
        }
        recent = 0;
        for (int i = 0; i < 6 && row < 4; i++) {
            step = mle_step(a.m, a.train);
            recent += step.loss;
            symbols = a.m->symbols;
        }
    }
    again_free(&a);
    curves_free(c);
}

START_TEST(a_row_of_the_curves_is_the_run_up_to_its_step)
{
    setup();
    check_curves(SMALL "--out @/a", 0);
    check_curves(SMALL "--eval-windows 2 --out @/a", 2);
    check_curves(SMALL "--eval-windows 1 --out @/a", 1);
    cleanup();
}
END_TEST

/* The best model of those that were looked at is kept and judged, and so are uniform guesses, the
 * best of the n-grams, and the floor. */
START_TEST(the_summary_judges_the_best_model_beside_its_yardsticks)
{
    setup();
    static const int most[] = {0, 2, 3};
    for (int i = 0; i < 3; i++) {
        int orders = most[i];
        char arguments[256];
        snprintf(arguments, sizeof arguments, SMALL "--orders %d --seed 3 --out @/a", orders);
        ck_assert_int_eq(run(arguments), 0);
        cJSON *j = json_of("a/summary.json");
        Curves *c = curves_of("a/curves.csv");
        double best = INFINITY;
        for (int k = 0; k < c->rows; k++) best = fmin(best, curves_at(c, k, "held_out_loss"));
        const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "runs"), 0);
        const cJSON *held_out = cJSON_GetObjectItem(first, "held_out");
        ck_assert(close_to(number(held_out, "nats_per_symbol"), best, 1e-6));
        ck_assert(number(first, "seed") == 3 && number(first, "steps") == 24);
        ck_assert(0 <= number(first, "training_seconds") && number(first, "training_seconds") < 60);
        ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(j, "runs")), 1);

        Again a = again(3); /* the same tales whatever the seed */
        Yardstick *y = yardstick_new(&a.text, true, orders < 3 ? 1 : 3, orders);
        ck_assert(close_to(number(j, "uniform_nats_per_symbol"), y->uniform, 1e-12));
        ck_assert(close_to(number(j, "floor_nats_per_symbol"), y->floor, 1e-12));
        ck_assert(number(j, "best_ngram_order") == y->order);
        if (orders > 0)
            ck_assert(close_to(number(cJSON_GetObjectItem(j, "best_ngram"), "nats_per_symbol"),
                               y->ngram.nats, 1e-12));
        /* every place is weighed against the truth */
        Transformer *kept;
        Vocabulary v;
        Documents documents;
        char path[64];
        snprintf(path, sizeof path, "%s/a", dir);
        ck_assert_msg(model_load(path, &kept, &v, &documents, &err), "%s", err.text);
        Mle *m = mle_new(kept, &a.m->options);
        real *logprob = NEW(real, y->symbols);
        double *wide = NEW(double, y->symbols);
        mle_evaluate(m, a.held_out, a.held_out->windows, logprob);
        for (size_t k = 0; k < y->symbols; k++) wide[k] = (double)logprob[k];
        Score s = yardstick_score(y, wide);
        ck_assert(close_to(number(held_out, "excess_where_far"), s.far, 1e-6));
        ck_assert(close_to(number(held_out, "excess_elsewhere"), s.near, 1e-6));
        free(logprob), free(wide);
        mle_free(m);
        transformer_free(kept);
        vocabulary_free(&v);
        char *said = read_whole("said");
        ck_assert_int_eq(strstr(said, "best n-gram") != NULL, orders > 0);
        free(said);
        yardstick_free(y);
        again_free(&a);
        curves_free(c);
        cJSON_Delete(j);
    }
    cleanup();
}
END_TEST

/* What a saved model writes is what generate gives, behind the prompt, without the end symbol. */
static void check_samples(const char *prompt, int length, double temperature, int top_k)
{
    char arguments[256], path[64], expected[4096] = "", option[64] = "";
    Transformer *t;
    Vocabulary v;
    Documents documents;
    snprintf(path, sizeof path, "%s/a", dir);
    ck_assert_msg(model_load(path, &t, &v, &documents, &err), "%s", err.text);
    int ids[16] = {v.end}, count = 1, longest = length ? length : t->shape.context;
    for (const char *p = prompt; *p; p++) ids[count++] = vocabulary_find(&v, p, 1);
    if (documents == TEXT_STREAM) memmove(ids, ids + 1, sizeof ids - sizeof *ids), count--;
    if (documents == TEXT_STREAM && !length) longest = 500;
    if (count == 0)
        ids[count++] = vocabulary_find(&v, "\n", 1) >= 0 ? vocabulary_find(&v, "\n", 1) : 0;
    SampleOptions o = {temperature, top_k, v.end, longest, NULL};
    Samples *s = samples_new(&t->shape, 3, longest);
    generate(s, t, ids, count, &o, 6);
    for (int i = 0; i < 3; i++) {
        char *at = expected + strlen(expected);
        at += sprintf(at, "    %s", prompt);
        for (int n = 0; n < s->lengths[i]; n++)
            if (s->ids[i * longest + n] != v.end)
                at += sprintf(at, "%s", v.symbol[s->ids[i * longest + n]]);
        sprintf(at, "\n");
    }
    if (*prompt) snprintf(option, sizeof option, "--prompt '%s'", prompt);
    snprintf(arguments, sizeof arguments,
             "--load @/a --sample 3 --seed 6 --length %d --temperature %g --top-k %d %s --out @/b",
             length, temperature, top_k, option);
    check_says(0, arguments, expected);
    samples_free(s);
    transformer_free(t);
    vocabulary_free(&v);
}

START_TEST(samples_are_what_the_model_generates)
{
    setup();
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    check_samples("", 7, 1, 0);
    check_samples("Zoe", 9, 2, 3);
    check_samples("T", 12, 0, 0);
    check_samples("", 0, 1, 0);
    ck_assert_int_eq(run(SMALL "--context 16 --steps 0 --out @/a"), 0);
    check_samples("", 0, 1, 0); /* as long as this model's context */
    char command[256];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 60 ]; do echo 'Zoe met a fox.'; i=$((i+1)); done > %s/story",
             dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(run(SMALL "--text @/story --documents stream --context 16 --out @/a"), 0);
    check_samples("", 9, 1, 0);
    check_samples("Zoe", 9, 1, 0);
    check_samples("", 0, 1, 0);
    snprintf(command, sizeof command, "tr -d '\\n' < %s/story > %s/flat", dir, dir);
    ck_assert_int_eq(system(command), 0); /* without a newline it begins after symbol 0 */
    ck_assert_int_eq(run(SMALL "--text @/flat --documents stream --context 16 --out @/a"), 0);
    check_samples("", 9, 1, 0);

    /* a model from elsewhere may have the newline anywhere */
    char path[64], *symbols[] = {(char *)"a", (char *)"b", (char *)"\n"};
    TransformerShape shape = {1, 1, 8, 16, 3};
    Transformer *t = transformer_new(&shape, 1);
    for (size_t i = 0; i < t->decayed; i++) t->weights.base[i] *= 10; /* with opinions */
    Vocabulary v;
    vocabulary_make(&v, symbols, 3, -1);
    snprintf(path, sizeof path, "%s/a", dir);
    ck_assert_msg(model_save(path, t, &v, TEXT_STREAM, &err), "%s", err.text);
    check_samples("", 9, 1, 0);
    vocabulary_free(&v);
    transformer_free(t);
    cleanup();
}
END_TEST

/* 100 symbols predict 99, six windows of 16 and 3 that fill none. */
START_TEST(a_file_is_scored_by_its_windows)
{
    setup();
    char command[256], path[64];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 20 ]; do printf 'abcde'; i=$((i+1)); done > %s/story", dir);
    ck_assert_int_eq(system(command), 0);
    /* all windows, however few of the held-out text are looked at on the way */
    ck_assert_int_eq(run(SMALL "--text @/story --documents stream --context 16 --eval @/story "
                               "--eval-windows 2 --out @/a"),
                     0);
    cJSON *trained = json_of("a/summary.json");
    check_says(0, "--load @/a --eval @/story --sample 0 --out @/b",
               "; 3 at the end fill no window");
    cJSON *j = json_of("b/eval.json");
    const cJSON *eval = cJSON_GetObjectItem(j, "eval");
    Transformer *t;
    Vocabulary v;
    Documents documents;
    Corpus c;
    snprintf(path, sizeof path, "%s/a", dir);
    ck_assert(model_load(path, &t, &v, &documents, &err));
    snprintf(path, sizeof path, "%s/story", dir);
    TextOptions options = {.documents = documents};
    ck_assert(corpus_load(&c, path, &v, &options, false, &err));
    Windows *w = windows_new(&c, -1, 16);
    Mle *m = mle_new(t, &(MleOptions){.batch = 2});
    double nats = mle_evaluate(m, w, w->windows, NULL);
    ck_assert(close_to(number(eval, "nats_per_symbol"), nats, 1e-6));
    ck_assert(close_to(number(eval, "bits_per_symbol"), nats / log(2), 1e-6));
    ck_assert(close_to(number(eval, "perplexity"), exp(nats), 1e-6));
    ck_assert(number(eval, "symbols") == 96 && number(eval, "left_over") == 3);
    const cJSON *same = cJSON_GetObjectItem(trained, "eval"); /* in batches of another size */
    ck_assert(close_to(number(same, "nats_per_symbol"), nats, 1e-6));
    snprintf(command, sizeof command, "printf a > %s/short", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(1, "--load @/a --eval @/short --out @/b", "has nothing to score");
    cJSON_Delete(j), cJSON_Delete(trained);
    mle_free(m);
    windows_free(w);
    corpus_free(&c);
    vocabulary_free(&v);
    transformer_free(t);
    cleanup();
}
END_TEST

START_TEST(every_seed_has_a_model_of_its_own)
{
    setup();
    check_says(0, SMALL "--seeds 3 --seed 5 --out @/a", "training, seed 7");
    char *said = read_whole("said");
    int before = 0, after = 0;
    for (const char *at = said; (at = strstr(at, "before training it writes")); at++) before++;
    for (const char *at = said; (at = strstr(at, "after training it writes")); at++) after++;
    ck_assert(before == 1 && after == 1 && !strstr(said, "seed 8"));
    free(said);
    cJSON *j = json_of("a/summary.json");
    const cJSON *runs = cJSON_GetObjectItem(j, "runs");
    ck_assert_int_eq(cJSON_GetArraySize(runs), 3);
    for (int i = 0; i < 3; i++) ck_assert(number(cJSON_GetArrayItem(runs, i), "seed") == 5 + i);
    free(read_whole("a/seed7/model.safetensors"));
    ck_assert_int_eq(run(SMALL "--seed 6 --sample 0 --out @/b"), 0);
    check_same("a/seed6/config.json", "b/config.json");
    char *among = read_whole("a/seed6/model.safetensors"),
         *alone = read_whole("b/model.safetensors");
    ck_assert_mem_eq(among, alone, 1 << 12);
    free(among), free(alone);
    cJSON *k = json_of("b/summary.json"); /* it is judged by this model, too */
    const cJSON *second = cJSON_GetArrayItem(runs, 1);
    const cJSON *only = cJSON_GetArrayItem(cJSON_GetObjectItem(k, "runs"), 0);
    ck_assert(number(cJSON_GetObjectItem(second, "held_out"), "nats_per_symbol") ==
              number(cJSON_GetObjectItem(only, "held_out"), "nats_per_symbol"));
    cJSON_Delete(j), cJSON_Delete(k);
    said = read_whole("said");
    ck_assert(!strstr(said, "it writes"));
    free(said);
    cleanup();
}
END_TEST

START_TEST(of_several_seeds_the_first_scores_the_file)
{
    setup();
    char text[64];
    snprintf(text, sizeof text, "%s/text", dir);
    FILE *out = fopen(text, "w");
    ck_assert(out && fputs("Zoe met a fox.\n", out) != EOF && fclose(out) == 0);
    check_says(0, SMALL "--seeds 2 --eval @/text --out @/a", "training, seed 2");
    char *summary = read_whole("a/summary.json"), *eval = strstr(summary, "\"eval\":");
    ck_assert(eval && !strstr(eval + 1, "\"eval\":"));
    cJSON *j = json_of("a/summary.json");
    double nats = number(cJSON_GetObjectItem(j, "eval"), "nats_per_symbol");
    cJSON_Delete(j), free(summary);
    ck_assert_int_eq(run("--load @/a --eval @/text --sample 0 --out @/b"), 0);
    j = json_of("b/eval.json");
    ck_assert(close_to(number(cJSON_GetObjectItem(j, "eval"), "nats_per_symbol"), nats, 1e-6));
    cJSON_Delete(j);
    cleanup();
}
END_TEST

START_TEST(the_introduction_says_what_will_be_learnt)
{
    setup();
    char text[256];
    Again a = again(1);
    const Corpus *c = &a.text.train, *h = &a.text.held_out;
    snprintf(text, sizeof text,
             "learns the tales: %zu symbols of %d kinds in %d documents, and %zu held out",
             c->start[c->documents], a.text.vocabulary.size, c->documents, h->start[h->documents]);
    check_says(0, SMALL "--steps 0 --threads 1 --out @/a", text);
    check_says(0, SMALL "--steps 0 --threads 1 --out @/a",
               "0 steps of 4 windows, seed 1, 1 thread\n");
    snprintf(text, sizeof text, "1 layers, 2 heads, 8 channels, context 128: %.0f weights",
             model_weights(&a.model->shape));
    check_says(0, SMALL "--steps 0 --threads 2 --out @/a", text);
    check_says(0, SMALL "--steps 0 --threads 2 --out @/a", "seed 1, 2 threads\n");
    char *said = read_whole("said");
    ck_assert(!strstr(said, "stopped at step"));
    free(said);
    again_free(&a);
    char command[256];
    snprintf(command, sizeof command, "printf 'abcdefgh abcdefgh' > %s/story", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(0,
               SMALL "--text @/story --documents stream --context 4 --steps 0 --orders 0 --out @/b",
               "in 1 document,");
    cleanup();
}
END_TEST

/* The row where it stopped is not written twice. */
START_TEST(a_finished_run_goes_on_to_more_steps)
{
    setup();
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    check_says(0, SMALL "--steps 48 --resume --out @/a", "goes on from step 24 of 48");
    Curves *c = curves_of("a/curves.csv");
    ck_assert_int_eq(c->rows, 9);
    for (int i = 0; i < 9; i++) {
        ck_assert(curves_at(c, i, "step") == 6 * i);
        if (i > 0) ck_assert(curves_at(c, i, "symbols") > curves_at(c, i - 1, "symbols"));
    }
    curves_free(c);
    check_says(1, SMALL "--steps 30 --resume --out @/a", "--steps 30 ends before");
    check_says(1, SMALL "--steps 60 --heads 4 --resume --out @/a",
               "is of a model with 1 layers, 2 heads, 8 channels");
    check_says(1, SMALL "--steps 60 --seed 7 --resume --out @/a",
               "is of a run with seed 1: give --seed 1");
    check_says(1, SMALL "--steps 60 --tales 70 --resume --out @/a", "is of a run on another text");
    cleanup();
}
END_TEST

static double held_out_nats(const char *file)
{
    cJSON *j = json_of(file);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "runs"), 0);
    double nats = number(cJSON_GetObjectItem(first, "held_out"), "nats_per_symbol");
    cJSON_Delete(j);
    return nats;
}

/* The step of the kept model, as the summary has it, and as it is said where it isn't the last. */
static void check_best_step(const char *out, int best, int last)
{
    char file[64], line[128] = "the model of step";
    snprintf(file, sizeof file, "%s/summary.json", out);
    cJSON *j = json_of(file);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "runs"), 0);
    ck_assert(number(first, "best_step") == best && number(first, "steps") == last);
    cJSON_Delete(j);
    char *said = read_whole("said");
    if (best < last)
        snprintf(line, sizeof line,
                 "\nthe model of step %d is kept, which predicts the held-out text best\n", best);
    ck_assert_msg((strstr(said, line) != NULL) == (best < last), "best %d: %s", best, said);
    free(said);
}

/* The state holds the best loss, by which a resumed run knows that it does worse. */
START_TEST(a_resumed_run_that_does_worse_keeps_the_model_from_before)
{
    setup();
    char path[64];
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    double best = held_out_nats("a/summary.json");
    Again a = again(1);
    snprintf(path, sizeof path, "%s/a/training.safetensors", dir);
    ck_assert_msg(mle_load(a.m, path, &err), "%s", err.text);
    ck_assert(close_to(a.m->best, best, 1e-6));
    again_free(&a);
    check_best_step("a", 24, 24);

    check_says(
        0, SMALL "--steps 30 --lr 2 --last-lr 2 --resume --out @/a",
        "note: until there it was a run with --batch 4 --lr 0.008 --last-lr 3e-05 --warmup 2 "
        "--beta2 0.99 --weight-decay 0.1 --clip 1\n");
    Curves *c = curves_of("a/curves.csv");
    ck_assert(curves_at(c, c->rows - 1, "held_out_loss") > best + 0.1);
    ck_assert(close_to(held_out_nats("a/summary.json"), best, 1e-6));
    curves_free(c);
    check_best_step("a", 24, 30);

    /* a model that somebody has removed, or a part of it, is no better than any */
    snprintf(path, sizeof path, "%s/a/model.safetensors", dir);
    ck_assert_int_eq(unlink(path), 0);
    check_says(0, SMALL "--steps 36 --lr 2 --last-lr 2 --resume --out @/a", "from step 30 of 36");
    check_best_step("a", 30, 36); /* that of the state has taken its place */
    ck_assert(held_out_nats("a/summary.json") > best + 0.1);
    snprintf(path, sizeof path, "%s/a/vocab.json", dir);
    ck_assert_int_eq(unlink(path), 0);
    check_says(0, SMALL "--steps 36 --lr 2 --last-lr 2 --resume --out @/a",
               "note: the model of step");
    cleanup();
}
END_TEST

/* At such a rate nothing is better than the first weights, whether or not the run has stopped. */
START_TEST(a_resumed_run_says_which_model_it_keeps_as_if_never_stopped)
{
    setup();
    ck_assert_int_eq(run(SMALL "--lr 2 --last-lr 2 --out @/whole"), 0);
    check_best_step("whole", 0, 24);
    ck_assert_int_eq(run(SMALL "--steps 12 --lr 2 --last-lr 2 --out @/a"), 0);
    check_best_step("a", 0, 12);
    ck_assert_int_eq(run(SMALL "--lr 2 --last-lr 2 --resume --out @/a"), 0);
    check_best_step("a", 0, 24);
    check_same("whole/curves.csv", "a/curves.csv");

    /* where nothing is held out, the last is the best */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            run(i ? SMALL "--held-out 0 --resume --out @/b" : SMALL "--held-out 0 --out @/b"), 0);
        check_best_step("b", 24, 24);
    }
    cleanup();
}
END_TEST

/* A state that is older than the curves, as after a crash between the two: what is trained again
 * replaces what had been. */
START_TEST(a_resumed_run_drops_rows_that_its_state_has_not_come_to)
{
    setup();
    char command[256];
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    snprintf(command, sizeof command, "cp %s/a/training.safetensors %s/old", dir, dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(run(SMALL "--steps 48 --resume --out @/a"), 0);
    snprintf(command, sizeof command,
             "mv %s/old %s/a/training.safetensors && cp %s/a/curves.csv %s/whole.csv", dir, dir,
             dir, dir);
    ck_assert_int_eq(system(command), 0);
    check_says(0, SMALL "--steps 48 --resume --out @/a", "goes on from step 24 of 48");
    check_same("whole.csv", "a/curves.csv");

    /* all of them, if need be */
    ck_assert_int_eq(run(SMALL "--out @/a"), 0);
    snprintf(command, sizeof command,
             "cd %s && (head -n 1 whole.csv; sed -n '/^1,30,/p' whole.csv) > a/curves.csv", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(0, SMALL "--steps 48 --resume --out @/a", "goes on from step 24 of 48");
    Curves *c = curves_of("a/curves.csv");
    ck_assert_int_eq(c->rows, 5);
    for (int row = 0; row < 5; row++) ck_assert(curves_at(c, row, "step") == 24 + 6 * row);
    curves_free(c);
    cleanup();
}
END_TEST

/* The lines that the program writes behind these words, each a sample of so many letters. */
static void check_sample_lengths(const char *behind, int samples, int length)
{
    char *said = read_whole("said"), *at = strstr(said, behind);
    ck_assert_msg(at != NULL, "no \"%s\" in %s", behind, said);
    at = strchr(at, '\n') + 1;
    for (int i = 0; i < samples; i++, at = strchr(at, '\n') + 1) {
        ck_assert_msg(strncmp(at, "    ", 4) == 0, "sample %d of \"%s\" in %s", i, behind, said);
        ck_assert_int_eq((int)strcspn(at + 4, "\n"), length);
    }
    ck_assert_msg(strncmp(at, "    ", 4) != 0, "too many samples in %s", said);
    free(said);
}

/* A stream has no end, so that a sample is as long as it may be. */
START_TEST(one_short_sample_is_written_before_training_and_all_in_the_end)
{
    setup();
    char command[256], arguments[256];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 60 ]; do printf 'abcde'; i=$((i+1)); done > %s/story", dir);
    ck_assert_int_eq(system(command), 0);
    static const int lengths[] = {99, 150, 0}; /* by default 500 */
    for (int i = 0; i < 3; i++) {
        snprintf(arguments, sizeof arguments,
                 SMALL "--text @/story --documents stream --context 16 --sample 2 --length %d "
                       "--steps 1 --out @/a",
                 lengths[i]);
        ck_assert_int_eq(run(arguments), 0);
        check_sample_lengths("before training it writes", 1, lengths[i] == 99 ? 99 : 100);
        check_sample_lengths("after training it writes", 2, lengths[i] ? lengths[i] : 500);
    }
    check_says(0,
               SMALL "--text @/story --documents stream --context 16 --steps 2 --resume --out @/a",
               "after training it writes");
    char *said = read_whole("said"); /* it has begun already */
    ck_assert(!strstr(said, "before training"));
    free(said);
    cleanup();
}
END_TEST

/* Instead of gnuplot: a program that notes the figure's script and what it is told. */
static void note_figures(void)
{
    char command[512];
    snprintf(command, sizeof command,
             "printf '#!/bin/sh\\necho \"$4 $3\" >> %s/noted\\n' > %s/gnuplot && "
             "chmod +x %s/gnuplot",
             dir, dir, dir);
    ck_assert_int_eq(system(command), 0);
}

static double told(const char *noted, const char *name)
{
    const char *at = strstr(noted, name);
    ck_assert_msg(at && at[strlen(name)] == '=', "no %s in %s", name, noted);
    return atof(at + strlen(name) + 1);
}

/* Lines stand where there is something to compare with: elsewhere below zero, out of the picture.
 */
START_TEST(the_figure_of_losses_is_told_the_yardsticks)
{
    setup();
    char command[256];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 30 ]; do echo 'a hen met a fox'; i=$((i+1)); done > %s/story",
             dir);
    ck_assert_int_eq(system(command), 0);
    static const char *const given[] = {"", "--orders 1 ", "--orders 0 ", "--text @/story "};
    for (int i = 0; i < 4; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, SMALL "--steps 0 %s--out @/a", given[i]);
        note_figures();
        ck_assert_int_eq(run(arguments), 0);
        char *noted = read_whole("noted");
        cJSON *j = json_of("a/summary.json");
        const char *losses = strstr(noted, "chapter2_loss.gp");
        ck_assert_msg(losses != NULL, "%s", noted);
        ck_assert(fabs(told(losses, "uniform") - number(j, "uniform_nats_per_symbol")) < 1e-6);
        double ngram =
            i == 2 ? -1 : number(cJSON_GetObjectItem(j, "best_ngram"), "nats_per_symbol");
        ck_assert(fabs(told(losses, "ngram") - ngram) < 1e-6);
        ck_assert(told(losses, "order") == number(j, "best_ngram_order"));
        double floor = i == 3 ? -1 : number(j, "floor_nats_per_symbol");
        ck_assert(fabs(told(losses, "floor") - floor) < 1e-6);
        ck_assert(i < 3 || !cJSON_GetObjectItem(j, "floor_nats_per_symbol"));
        cJSON_Delete(j);
        free(noted);
        snprintf(command, sizeof command, "rm %s/noted", dir);
        ck_assert_int_eq(system(command), 0);
    }
    cleanup();
}
END_TEST

/* A stream of tales is one document, which is no tale: what could be reached is not known. */
START_TEST(the_floor_is_that_of_tales_a_line_each)
{
    setup();
    check_says(0, SMALL "--steps 0 --sample 0 --out @/a", "the floor is 0.1");
    check_says(0, SMALL "--documents stream --steps 0 --sample 0 --out @/a", "best n-gram");
    char *said = read_whole("said"), *summary = read_whole("a/summary.json");
    ck_assert_msg(!strstr(said, "floor") && !strstr(said, "inf"), "%s", said);
    ck_assert_msg(!strstr(summary, "floor"), "%s", summary);
    free(said), free(summary);
    cleanup();
}
END_TEST

/* A picture per head: more than 24 can't be read. */
START_TEST(attention_is_drawn_up_to_24_heads)
{
    setup();
    note_figures();
    ck_assert_int_eq(run(SMALL "--steps 0 --layers 2 --heads 12 --channels 12 --out @/a"), 0);
    char *noted = read_whole("noted");
    const char *attention = strstr(noted, "chapter2_attention.gp");
    ck_assert_msg(attention != NULL, "%s", noted);
    ck_assert(told(attention, "layers") == 2 && told(attention, "heads") == 12);
    free(noted);
    char command[256];
    snprintf(command, sizeof command, "rm %s/noted", dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(run(SMALL "--steps 0 --layers 5 --heads 5 --channels 5 --out @/a"), 0);
    noted = read_whole("noted");
    ck_assert(strstr(noted, "chapter2_loss.gp") && !strstr(noted, "chapter2_attention.gp"));
    free(noted);
    cleanup();
}
END_TEST

/* Steps, symbols and rows go on as if the run had never stopped: only the learning rates are those
 * of another plan. A run of no steps can go on, too. */
START_TEST(a_resumed_run_has_the_rows_of_one_that_never_stopped)
{
    setup();
    ck_assert_int_eq(run(SMALL "--steps 48 --out @/whole"), 0);
    Curves *whole = curves_of("whole/curves.csv");
    static const int stops[] = {0, 24, 48};
    for (int i = 0; i < 3; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, SMALL "--steps %d --out @/a", stops[i]);
        ck_assert_int_eq(run(arguments), 0);
        ck_assert_int_eq(run(SMALL "--steps 48 --resume --out @/a"), 0);
        Curves *c = curves_of("a/curves.csv");
        ck_assert_int_eq(c->rows, whole->rows);
        for (int row = 0; row < c->rows; row++) {
            ck_assert(curves_at(c, row, "step") == curves_at(whole, row, "step"));
            ck_assert(curves_at(c, row, "symbols") == curves_at(whole, row, "symbols"));
        }
        curves_free(c);
    }
    curves_free(whole);
    cleanup();
}
END_TEST

/* What is left out at the end of a stream is left out of its judgement. */
START_TEST(a_stream_is_judged_by_the_windows_that_it_fills)
{
    setup();
    char command[256];
    snprintf(command, sizeof command,
             "i=0; while [ $i -lt 60 ]; do echo 'Zoe met a fox.'; i=$((i+1)); done > %s/story",
             dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(run(SMALL "--text @/story --documents stream --context 16 --out @/a"), 0);
    cJSON *j = json_of("a/summary.json");
    Curves *c = curves_of("a/curves.csv");
    double best = INFINITY;
    for (int row = 0; row < c->rows; row++) best = fmin(best, curves_at(c, row, "held_out_loss"));
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "runs"), 0);
    const cJSON *held_out = cJSON_GetObjectItem(first, "held_out");
    ck_assert(close_to(number(held_out, "nats_per_symbol"), best, 1e-6));
    ck_assert(!cJSON_GetObjectItem(held_out, "excess_where_far"));
    curves_free(c);
    cJSON_Delete(j);
    /* by all of them, however few were looked at on the way */
    ck_assert_int_eq(
        run(SMALL "--text @/story --documents stream --context 16 --steps 0 --out @/a"), 0);
    ck_assert_int_eq(run(SMALL "--text @/story --documents stream --context 16 --steps 0 "
                               "--eval-windows 1 --out @/b"),
                     0);
    ck_assert(held_out_nats("a/summary.json") == held_out_nats("b/summary.json"));
    cleanup();
}
END_TEST

/* The last step's loss is a number and the weights that it leaves are beyond all measure. */
START_TEST(a_model_that_has_run_away_is_not_kept)
{
    setup();
    check_says(
        1, SMALL "--held-out 0 --sample 0 --steps 1 --lr 1e6 --last-lr 1e6 --warmup 0 --out @/a",
        "the weights have run away; try a smaller --lr (it is 1e+06)");
    check_says(0, "--load @/a --sample 1 --length 5 --out @/b", "/a: 1 layers");
    cleanup();
}
END_TEST

/* Where nothing is held out, nothing is the best: it is the last model that is kept. */
START_TEST(without_held_out_text_the_last_model_is_kept)
{
    setup();
    ck_assert_int_eq(run(SMALL "--held-out 0 --sample 0 --out @/a"), 0);
    Transformer *model;
    Vocabulary v;
    Documents documents;
    char path[64];
    snprintf(path, sizeof path, "%s/a", dir);
    ck_assert_msg(model_load(path, &model, &v, &documents, &err), "%s", err.text);
    Mle *m = mle_new(model, &(MleOptions){.steps = 24, .batch = 4, .seed = 1});
    real *kept = NEW(real, model->size);
    memcpy(kept, model->weights.base, model->size * sizeof(real));
    snprintf(path, sizeof path, "%s/a/training.safetensors", dir);
    ck_assert_msg(mle_load(m, path, &err), "%s", err.text);
    ck_assert_int_eq(m->step, 24);
    ck_assert_mem_eq(kept, model->weights.base, model->size * sizeof(real));
    free(kept);
    mle_free(m);
    transformer_free(model);
    vocabulary_free(&v);
    cleanup();
}
END_TEST

/* Nothing to judge by: no loss is claimed, and no line or attention drawn. */
START_TEST(without_held_out_text_nothing_is_judged)
{
    setup();
    note_figures();
    check_says(0, SMALL "--held-out 0 --sample 0 --out @/a", "nats per symbol to beat: uniform");
    char *said = read_whole("said"), *noted = read_whole("noted");
    ck_assert(!strstr(said, "n-gram") && !strstr(said, "held-out text"));
    ck_assert(told(noted, "ngram") == -1 && told(noted, "floor") == -1);
    ck_assert(!strstr(noted, "chapter2_attention.gp"));
    free(said), free(noted);
    cJSON *j = json_of("a/summary.json");
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "runs"), 0);
    const cJSON *held_out = cJSON_GetObjectItem(first, "held_out");
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(held_out, "nats_per_symbol")));
    cJSON_Delete(j);
    char command[128];
    snprintf(command, sizeof command, "printf ab > %s/short", dir);
    ck_assert_int_eq(system(command), 0);
    check_says(1, SMALL "--text @/short --documents stream --held-out 0.5 --out @/b",
               "has fewer than two symbols");
    cleanup();
}
END_TEST

/* Ctrl-C: the step is finished, the state saved, no other seed begun, and the status says so. */
START_TEST(a_run_that_is_stopped_says_where_and_begins_no_other)
{
    setup();
    char path[300], out[64], curves[128], end[128];
    const char *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/chapter2", build ? build : "build/gcc-float");
    snprintf(out, sizeof out, "%s/a", dir);
    snprintf(curves, sizeof curves, "%s/curves.csv", out);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char said[64];
        snprintf(said, sizeof said, "%s/said", dir);
        if (!freopen(said, "w", stdout)) _exit(126);
        setenv("PATH", "/nowhere", 1);
        execl(path, path, "--tales", "60", "--layers", "1", "--heads", "1", "--channels", "4",
              "--context", "16", "--batch", "2", "--steps", "100000000", "--orders", "0",
              "--sample", "0", "--seeds", "2", "--out", out, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_ge(child, 0);
    struct timespec nap = {0, 2000000};
    while (access(curves, R_OK) != 0 && !has_ended(child)) nanosleep(&nap, NULL);
    kill(child, SIGTERM);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    cJSON *j = json_of("a/summary.json");
    const cJSON *runs = cJSON_GetObjectItem(j, "runs");
    ck_assert_int_eq(cJSON_GetArraySize(runs), 1);
    snprintf(end, sizeof end,
             "stopped at step %.0f of 100000000; --resume without --seeds goes on from "
             "here\n",
             number(cJSON_GetArrayItem(runs, 0), "steps"));
    char *said = read_whole("said");
    ck_assert_msg(strstr(said, end) != NULL, "no \"%s\" in %s", end, said);
    free(said);
    cJSON_Delete(j);
    cleanup();
}
END_TEST

/* The model of the second seed goes into a pipe that is too small for it, so that the signal comes
 * while it is written. --resume would go on with the first seed, which is done. */
START_TEST(a_run_that_is_stopped_in_a_later_seed_gives_no_advice)
{
    setup();
    char path[128], command[1024], bytes[4096];
    const char *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/a/seed2/model.safetensors", dir);
    snprintf(command, sizeof command, "mkdir -p %s/a/seed2 && mkfifo %s", dir, path);
    ck_assert_int_eq(system(command), 0);
    struct pollfd model = {.fd = open(path, O_RDONLY | O_NONBLOCK), .events = POLLIN};
    ck_assert_int_ge(model.fd, 0);
    snprintf(command, sizeof command,
             "PATH=/nowhere exec %s/chapter2 --tales 20 --layers 1 --heads 1 --channels 64 "
             "--context 16 --batch 2 --steps 1 --orders 0 --sample 0 --seeds 2 --out %s/a "
             ">%s/said 2>&1 </dev/null",
             build ? build : "build/gcc-float", dir, dir);
    char *const argv[] = {(char *)"sh", (char *)"-c", command, NULL};
    pid_t child;
    int status;
    ck_assert_int_eq(posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ), 0);
    while (poll(&model, 1, 10) == 0 && !has_ended(child))
        ;
    kill(child, SIGTERM);
    /* the model that it will look at is the first seed's */
    snprintf(command, sizeof command, "rm %s && cp %s/a/model.safetensors %s", path, dir, path);
    ck_assert_int_eq(system(command), 0);
    while (poll(&model, 1, 10000) > 0 && read(model.fd, bytes, sizeof bytes) > 0)
        ;
    close(model.fd);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    char *said = read_whole("said");
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x: %s", status, said);
    const char *second = strstr(said, "training, seed 2");
    ck_assert_msg(second && strstr(second, "stopped at step 0 of 1\n"), "%s", said);
    free(said);
    cleanup();
}
END_TEST

static const TTest *const tests[] = {a_run_writes_curves_summary_and_model,
                                     threads_change_no_byte_of_the_curves,
                                     another_seed_gives_other_curves_and_the_same_seed_the_same,
                                     an_interrupted_run_resumes_to_the_same_bytes,
                                     a_saved_model_scores_and_writes_without_training,
                                     what_a_saved_model_can_not_write_is_told_before_any_work,
                                     a_chinese_stream_can_be_learnt,
                                     a_short_context_and_no_held_out_text_work,
                                     bad_input_gets_a_sentence_and_a_status,
                                     a_row_of_the_curves_is_the_run_up_to_its_step,
                                     the_summary_judges_the_best_model_beside_its_yardsticks,
                                     samples_are_what_the_model_generates,
                                     a_file_is_scored_by_its_windows,
                                     every_seed_has_a_model_of_its_own,
                                     of_several_seeds_the_first_scores_the_file,
                                     the_introduction_says_what_will_be_learnt,
                                     a_finished_run_goes_on_to_more_steps,
                                     a_resumed_run_that_does_worse_keeps_the_model_from_before,
                                     a_resumed_run_says_which_model_it_keeps_as_if_never_stopped,
                                     a_resumed_run_drops_rows_that_its_state_has_not_come_to,
                                     one_short_sample_is_written_before_training_and_all_in_the_end,
                                     the_figure_of_losses_is_told_the_yardsticks,
                                     the_floor_is_that_of_tales_a_line_each,
                                     attention_is_drawn_up_to_24_heads,
                                     a_resumed_run_has_the_rows_of_one_that_never_stopped,
                                     a_stream_is_judged_by_the_windows_that_it_fills,
                                     a_model_that_has_run_away_is_not_kept,
                                     without_held_out_text_the_last_model_is_kept,
                                     without_held_out_text_nothing_is_judged,
                                     a_run_that_is_stopped_says_where_and_begins_no_other,
                                     a_run_that_is_stopped_in_a_later_seed_gives_no_advice,
                                     NULL};
RUN_TESTS("chapter2", tests)
