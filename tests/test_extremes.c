/* test_extremes.c: the smallest, the largest and the most absurd that the settings allow. Each has
 * a defined outcome: it works, and its numbers are what they must be, or it is refused by one
 * sentence. */
#define SUITE_TIMEOUT 120
#include "program.h"

#include "curves.h"
#include "files.h"
#include "model.h"

static Error err;

static const char *const learners[] = {TINY_3, TINY_4, TINY_5};
enum { LEARNERS = sizeof learners / sizeof *learners };

/* A run of chapter 3 + i with more flags. */
static const char *learner(int i, const char *flags)
{
    static char run[1024];
    snprintf(run, sizeof run, "%s%s", learners[i], flags);
    return run;
}

/* The curves that chapter `chapter` has just written. */
static Curves *curves_of(int chapter)
{
    char path[64], header[1024];
    snprintf(path, sizeof path, "out/chapter%d/curves.csv", chapter);
    FILE *in = fopen(in_place(path), "r");
    ck_assert_msg(in && fgets(header, sizeof header, in), "%s is missing", path);
    fclose(in);
    header[strcspn(header, "\n")] = '\0';
    Curves *c = curves_new(header);
    ck_assert_msg(curves_load(c, in_place(path), &err), "%s", err.text);
    return c;
}

/* In every row of that chapter's curves the column has this value. */
static void check_column(int chapter, const char *column, double value)
{
    Curves *c = curves_of(chapter);
    ck_assert_int_gt(c->rows, 0);
    for (int i = 0; i < c->rows; i++)
        ck_assert_msg(curves_at(c, i, column) == value, "chapter %d, row %d: %s is %g, not %g",
                      chapter, i, column, curves_at(c, i, column), value);
    curves_free(c);
}

/* No number of the curves is infinite, and what is measured in every step is there. */
static void check_finite(int chapter)
{
    static const char *const always[] = {"reward", "kl", "objective", "entropy", "length", "ended"};
    Curves *c = curves_of(chapter);
    for (int i = 0; i < c->rows; i++) {
        for (int j = 0; j < c->columns; j++)
            ck_assert_msg(!isinf(c->values[i * c->columns + j]), "chapter %d, row %d: %s", chapter,
                          i, c->names[j]);
        for (size_t j = 0; j < sizeof always / sizeof *always; j++)
            ck_assert_msg(!isnan(curves_at(c, i, always[j])), "chapter %d, row %d: no %s", chapter,
                          i, always[j]);
    }
    curves_free(c);
}

/* ---- texts -------------------------------------------------------------------------------- */

START_TEST(a_vocabulary_of_two_is_learnt_and_of_one_is_refused)
{
    shell("for i in 1 2 3 4 5 6 7 8; do printf abababababab; done > two");
    shell("for i in 1 2 3 4 5 6 7 8; do echo aaa; done > one");
    check_run(0, TINY_1 "--text two --documents stream", "2 symbols in the vocabulary");
    check_run(0, TINY_2 "--text two --documents stream", "of 2 kinds");
    check_run(1, TINY_1 "--text one", "one has one distinct symbol only, \"a\"");
    check_run(1, TINY_2 "--text one", "one has one distinct symbol only, \"a\"");
    for (int i = 0; i < LEARNERS; i++) {
        check_run(1, learner(i, "--text one"), "one has one distinct symbol only, \"a\"");
        check_run(1, learner(i, "--text two"), "nothing is left to hold out: give more lines\n");
    }
}
END_TEST

START_TEST(a_vocabulary_of_five_thousand_is_learnt)
{
    FILE *out = fopen(in_place("wide"), "w");
    for (int i = 0; i < 5000; i++) {
        int c = 0x4e00 + i; /* Chinese characters */
        fprintf(out, "%c%c%c%s", 0xe0 | c >> 12, 0x80 | (c >> 6 & 63), 0x80 | (c & 63),
                i % 25 == 24 ? "\n" : "");
    }
    fclose(out);
    check_run(0, TINY_1 "--text wide", "5001 symbols in the vocabulary");
    check_run(0, TINY_2 "--text wide", "of 5001 kinds");
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--text wide"), "wrote");
        check_finite(3 + i);
    }
}
END_TEST

START_TEST(documents_of_one_character_are_learnt)
{
    shell("for i in 1 2 3 4 5 6 7 8 9 0; do printf 'a\\nb\\na\\n'; done > short");
    check_run(0, TINY_1 "--text short", "wrote");
    check_run(0, TINY_2 "--text short", "wrote");
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--text short --reward contains:b"), "wrote");
        check_finite(3 + i);
    }
}
END_TEST

/* ---- sizes -------------------------------------------------------------------------------- */

START_TEST(a_context_of_one_symbol_works)
{
    check_run(0, TINY_2 "--context 1 --out out/one", "wrote");
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--load out/one --length 0"), "wrote");
        check_column(3 + i, "length", 1);
        check_finite(3 + i);
        check_run(1, learner(i, "--load out/one --length 2"), "more than the model's context of 1");
    }
}
END_TEST

START_TEST(texts_of_one_symbol_work)
{
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--length 1 --reward contains:a"), "wrote");
        check_column(3 + i, "length", 1);
        check_finite(3 + i);
    }
}
END_TEST

START_TEST(a_batch_of_one_text_works_where_nothing_is_compared_within_it)
{
    check_run(0, TINY_2 "--batch 1", "wrote");
    check_run(2, TINY_3 "--batch 1", "give --batch 2 or more, or --baseline moving");
    check_run(0, TINY_3 "--batch 1 --baseline moving --reward length", "wrote");
    check_finite(3);
    check_run(0, TINY_3 "--batch 1 --baseline none --reward length", "wrote");
    check_finite(3);
    for (int i = 1; i < LEARNERS; i++) {
        check_run(0, learner(i, "--batch 1 --reward length"), "wrote");
        check_finite(3 + i);
        check_run(2, learner(i, "--batch 1 --minibatches 2"), "can't be shared");
    }
}
END_TEST

START_TEST(no_steps_leave_the_model_as_it_was)
{
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--steps 0"), "wrote");
        Curves *c = curves_of(3 + i);
        ck_assert_int_eq(c->rows, 0);
        curves_free(c);
    }
}
END_TEST

/* ---- learning rates ----------------------------------------------------------------------- */

START_TEST(a_learning_rate_of_zero_changes_nothing)
{
    check_run(0, TINY_2 "--lr 0 --last-lr 0", "wrote");
    Curves *c = curves_of(2);
    ck_assert_int_eq(c->rows, 3);
    check_column(2, "held_out_loss", curves_at(c, 0, "held_out_loss"));
    curves_free(c);
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--lr 0 --last-lr 0 --reward length --steps 4"), "wrote");
        check_column(3 + i, "kl", 0);
    }
    check_column(5, "largest_ratio", 1);
    check_column(5, "approx_kl", 0);
    check_column(5, "clip_fraction", 0);
}
END_TEST

/* It goes on with finite numbers, or says which rate was too large. */
START_TEST(an_absurd_learning_rate_is_survived_or_named)
{
    check_run(1, TINY_2 "--lr 1e6 --last-lr 1e6 --clip 1e9 --warmup 0 --steps 60",
              "try a smaller --lr (it is 1e+06)");
    for (int i = 0; i < LEARNERS; i++) {
        static const char *const flags[] = {
            "--lr 1e3 --last-lr 1e3 --steps 30 --reward contains:e --clip 1e9",
            "--critic-lr 1e3 --steps 30 --reward contains:e"};
        for (int f = 0; f < (i == 0 ? 1 : 2); f++) {
            const Ended *e = run_program("", learner(i, flags[f]));
            ck_assert_msg(e->status == 0 ||
                              (e->status == 1 && strstr(e->said, "try a smaller --lr")),
                          "chapter%s: %d (signal %d)\n%s", learner(i, flags[f]), e->status,
                          e->signal, e->said);
            if (e->status == 0) check_finite(3 + i);
        }
        /* weights so large that the next text would be drawn from numbers that are none */
        check_run(1,
                  learner(i, "--batch 4 --steps 3 --lr 1e3 --last-lr 1e3 --clip 1e30 --beta 1e-3 "
                             "--beta2 0 --reward length"),
                  "at step 2: try a smaller --lr (it is 1000)");
    }
}
END_TEST

/* ---- rewards ------------------------------------------------------------------------------ */

START_TEST(a_reward_that_is_always_equal_teaches_nothing_and_says_so)
{
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--reward contains:zzzzzzzz --beta 0 --steps 5"),
                  "texts earn the same, 0");
        check_column(3 + i, "reward", 0);
        check_column(3 + i, "kl", 0);
        check_column(3 + i, "gradient_norm", 0);
    }
    /* with a baseline, a constant is as good as nothing */
    check_run(0, TINY_3 "--reward-command 'while read x; do echo 7; done' --beta 0 --steps 5",
              "texts earn the same, 7");
    check_column(3, "kl", 0);
    check_column(3, "gradient_norm", 0);
}
END_TEST

/* A model that ends every text with its first symbol. */
static void save_silent_model(const char *dir)
{
    char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b"};
    TransformerShape shape = {
        .layers = 1, .heads = 1, .channels = 4, .context = 8, .vocabulary = 3};
    Vocabulary v;
    vocabulary_make(&v, symbols, 3, 0);
    Transformer *t = transformer_new(&shape, 1);
    mat_zero(t->p.wte);
    mat_row(t->p.wte, v.end)[0] = 1; /* logits = hidden wte': 100 for the end, 0 for the others */
    mat_zero(t->p.ln_f.g);
    mat_row(t->p.ln_f.b, 0)[0] = 100;
    ck_assert(directory_make(dir, &err) && model_save(dir, t, &v, TEXT_LINES, &err));
    transformer_free(t);
    vocabulary_free(&v);
}

START_TEST(texts_that_all_end_at_once_are_texts)
{
    save_silent_model(in_place("out/silent"));
    for (int i = 0; i < LEARNERS; i++) {
        check_run(0, learner(i, "--load out/silent --reward length --steps 4"), "wrote");
        check_column(3 + i, "length", 1);
        check_column(3 + i, "ended", 1);
        check_column(3 + i, "reward", 0); /* of the end symbol nothing is counted */
        check_finite(3 + i);
    }
}
END_TEST

/* The first step has its rewards, and 8 texts before it, by which the model is measured. */
START_TEST(an_external_reward_that_is_no_number_ends_the_run_with_all_saved)
{
    static const struct {
        const char *answer, *says;
    } cases[] = {{"echo nan", "answered \"nan\" to the text"},
                 {"echo -inf", "answered \"-inf\" to the text"},
                 {"echo 1e999", "answered \"1e999\" to the text"},
                 {"echo 1e300", "earns a reward of 1e+300: a reward must be a number from -1e+09"},
                 {"exit 3", "ended with status 3"}};
    for (int i = 0; i < LEARNERS; i++) {
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            char flags[256], saved[64];
            snprintf(flags, sizeof flags,
                     "--price 4 --batch 4 --steps 3 --reward-command 'for i in 1 2 3 4 5 6 7 8 9 "
                     "10 11 12; do read x; echo 1; done; while read x; do %s; done'",
                     cases[k].answer);
            check_run(1, learner(i, flags), cases[k].says);
            snprintf(saved, sizeof saved, "out/chapter%d/model.safetensors", 3 + i);
            ck_assert_msg(access(in_place(saved), R_OK) == 0, "%s is missing", saved);
            shell("rm -r out/chapter%d", 3 + i);
        }
    }
}
END_TEST

/* The text comes through a pipe, and the signal before it: what an earlier run has left stays. */
START_TEST(a_training_that_is_stopped_before_its_first_step_leaves_everything_as_it_was)
{
    check_run(0, TINY_2, "wrote");
    ck_assert_int_eq(shell("cp -r out/chapter2 kept"), 0);
    check_stopped_while_it_reads(TINY_2 "--text story");
    ck_assert_int_eq(shell("diff -r out/chapter2 kept"), 0);
}
END_TEST

/* All that the run says is one line, by which it is refused. */
static void check_refused_at_once(const char *run, const char *part)
{
    const Ended *e = run_program("", run);
    const char *end = strchr(e->said, '\n');
    ck_assert_msg(e->status == 1 && strstr(e->said, part) && end && !end[1],
                  "chapter%s\nended with %d, or said more than \"%s\":\n%s", run, e->status, part,
                  e->said);
}

/* What is asked for after the work is looked at before it: nothing is done and then lost. */
START_TEST(files_for_the_end_are_looked_at_in_the_beginning)
{
    ck_assert_int_eq(shell("echo Granny said hello. >text"), 0);
    check_refused_at_once(TINY_2 "--eval nowhere", "nowhere");
    check_refused_at_once(TINY_2 "--eval text --ids no/where", "make its directory first");
    check_refused_at_once(TINY_1 "--arpa no/where", "make its directory first");
    ck_assert_int_eq(shell("test -e out/chapter1/summary.json -o -e out/chapter2/curves.csv"), 256);
    check_run(2, "1 --load-arpa m.arpa --eval text --arpa n.arpa", "leave one out");
}
END_TEST

/* Of a file that is read nothing is lost, nor of two that would be written to one place. */
START_TEST(no_result_is_written_over_what_is_read_or_over_another)
{
    static const char *const results[] = {"curves.csv",  "summary.json", "model.safetensors",
                                          "config.json", "vocab.json",   "training.safetensors"};
    static const char *const model[] = {"model.safetensors", "config.json", "vocab.json"};
    char run[512], says[128];
    ck_assert_int_eq(shell("mkdir own && echo '{\"tales\": 30}' >own/config.json && "
                           "echo Granny said hello. >own/curves.csv && "
                           "echo model >own/model.safetensors && echo symbols >own/vocab.json && "
                           "cp -r own kept"),
                     0);
    check_run(2, TINY_2 "--config own/config.json --out own", "own/config.json, which is read");
    check_run(2, TINY_1 "--text own/curves.csv --out own", "own/curves.csv, which is read");
    check_run(2, TINY_1 "--config own/config.json --arpa own/config.json", "which is read");
    check_run(1, TINY_3 "--config own/config.json --out own", "own/config.json, which is read");
    check_run(2, TINY_1 "--eval own/curves.csv --out own", "own/curves.csv, which is read");
    check_run(2, TINY_2 "--eval own/curves.csv --out own", "own/curves.csv, which is read");
    check_run(2, "1 --load-arpa own/curves.csv --eval kept/curves.csv --out own",
              "own/curves.csv, which is read");
    for (int i = 0; i < 6; i++) {
        snprintf(run, sizeof run, TINY_2 "--eval own/curves.csv --ids new/%s --out new",
                 results[i]);
        snprintf(says, sizeof says, "new/%s is a file that the run itself writes", results[i]);
        check_run(2, run, says);
    }
    for (int i = 0; i < 3; i++) {
        snprintf(run, sizeof run, "2 --load own --eval kept/curves.csv --ids own/%s", model[i]);
        snprintf(says, sizeof says, "--ids would write over own/%s, which is read", model[i]);
        check_run(2, run, says);
    }
    check_run(2, TINY_1 "--arpa new/summary.json --out new", "a file that the run itself writes");
    check_run(0, TINY_1 "--arpa new/a.arpa --out new", "wrote");
    ck_assert_int_eq(shell("echo '{\"out\": null}' >null.json"), 0);
    check_run(1, TINY_1 "--config null.json", "--out is empty: name a directory");
    ck_assert_int_eq(shell("diff -r own kept"), 0);
}
END_TEST

START_TEST(a_policy_is_not_written_over_the_model_that_it_began_from)
{
    check_run(0, TINY_3, "keeps it in out/pretrained/");
    ck_assert_int_eq(shell("mv out/pretrained/* kept && cp -r kept out/chapter3/kept"), 0);
    check_run(1, TINY_3 "--out kept", "kept holds a model that runs begin from");
    ck_assert_int_eq(shell("diff -r kept out/chapter3/kept && mv out/chapter3 learnt"), 0);
    check_run(1, TINY_3 "--out learnt --load ./learnt", "learnt holds a model that runs begin");
    check_run(0, TINY_3 "--out learnt", "wrote learnt/curves.csv, model.safetensors");
}
END_TEST

static const TTest *const tests[] = {
    a_vocabulary_of_two_is_learnt_and_of_one_is_refused,
    a_vocabulary_of_five_thousand_is_learnt,
    documents_of_one_character_are_learnt,
    a_context_of_one_symbol_works,
    texts_of_one_symbol_work,
    a_batch_of_one_text_works_where_nothing_is_compared_within_it,
    no_steps_leave_the_model_as_it_was,
    a_learning_rate_of_zero_changes_nothing,
    an_absurd_learning_rate_is_survived_or_named,
    a_reward_that_is_always_equal_teaches_nothing_and_says_so,
    texts_that_all_end_at_once_are_texts,
    an_external_reward_that_is_no_number_ends_the_run_with_all_saved,
    a_training_that_is_stopped_before_its_first_step_leaves_everything_as_it_was,
    files_for_the_end_are_looked_at_in_the_beginning,
    no_result_is_written_over_what_is_read_or_over_another,
    a_policy_is_not_written_over_the_model_that_it_began_from,
    NULL};

RUN_TESTS("extremes", tests)
