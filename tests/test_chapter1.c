/* test_chapter1.c: the program as its user meets it: which orders, texts and seeds it takes, and
 * that what it says and writes is what its parts measure. */
#define SUITE_TIMEOUT 120
#include "program.h"

#include <cjson/cJSON.h>

#include "curves.h"
#include "study.h"
#include "tales.h"

#define COUNTED "1 --tales 60 --length 8 --threads 1 "

static Error err;
static cJSON *summary;

static void read_summary(const char *file)
{
    static char text[1 << 16];
    FILE *in = fopen(in_place(file), "r");
    ck_assert_msg(in != NULL, "%s is missing", file);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    cJSON_Delete(summary);
    summary = cJSON_Parse(text);
    ck_assert_ptr_nonnull(summary);
}

/* An item of the summary by its path of keys and places: "orders.2.held_out" */
static const cJSON *item_of(const char *keys)
{
    char path[256];
    const cJSON *at = summary;
    snprintf(path, sizeof path, "%s", keys);
    for (char *key = strtok(path, "."); key && at; key = strtok(NULL, "."))
        at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(key)) : cJSON_GetObjectItem(at, key);
    return at;
}

static double number_of(const char *keys)
{
    const cJSON *item = item_of(keys);
    ck_assert_msg(cJSON_IsNumber(item), "no number %s", keys);
    return item->valuedouble;
}

static Curves *table_of(const char *path)
{
    char header[256];
    FILE *in = fopen(in_place(path), "r");
    ck_assert_msg(in && fgets(header, sizeof header, in), "%s is missing", path);
    fclose(in);
    header[strcspn(header, "\n")] = '\0';
    Curves *c = curves_new(header);
    ck_assert_msg(curves_load(c, in_place(path), &err), "%s", err.text);
    return c;
}

/* The tales of a run. */
static Text tales_text(uint64_t seed)
{
    Text text;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS, .held_out = 0.1};
    size_t size;
    char *tales = tales_corpus(seed, 60, &size);
    ck_assert(text_from_string(&text, tales, size, "the tales", &options, &err));
    free(tales);
    return text;
}

/* All numbers are those of a model that is trained here. */
static void check_order(int i, int order, const Text *text)
{
    char keys[64];
    NgramOptions options = {.order = order, .smoothing = SMOOTHING_KNESER_NEY, .k = 0.1};
    for (int s = 0; s < 3; s++) {
        static const char *const names[] = {"none", "add-k", "kneser-ney"};
        options.smoothing = (Smoothing)s;
        Ngram *m = ngram_train(&text->train, &text->vocabulary, &options);
        NgramScore score = ngram_evaluate(m, &text->held_out);
        snprintf(keys, sizeof keys, "smoothings.%d.with_all.%s", i, names[s]);
        const cJSON *perplexity = cJSON_GetObjectItem(item_of(keys), "perplexity");
        if (isfinite(score.logprob))
            ck_assert(close_to(perplexity->valuedouble, score_perplexity(&score), 1e-9));
        else
            ck_assert(cJSON_IsNull(perplexity));
        snprintf(keys, sizeof keys, "orders.%d.distinct_ngrams", i);
        ck_assert(number_of(keys) == m->trie.count - 1);
        if (s == SMOOTHING_KNESER_NEY) {
            snprintf(keys, sizeof keys, "orders.%d.held_out.nats_per_symbol", i);
            ck_assert(close_to(number_of(keys), score_nats(&score), 1e-9));
        }
        ngram_free(m);
    }
    snprintf(keys, sizeof keys, "orders.%d.order", i);
    ck_assert(number_of(keys) == order);
    snprintf(keys, sizeof keys, "smoothings.%d.with_little", i);
    ck_assert(cJSON_IsNull(item_of(keys)));
    for (int k = 0; k < 2; k++) {
        snprintf(keys, sizeof keys, "orders.%d.%s_seconds", i, k ? "score" : "train");
        ck_assert(0 <= number_of(keys) && number_of(keys) < 60);
    }
}

/* Nine tenths of the text are learnt and one is scored, which is also less work for a symbol. A
 * clock that ran through both would show more for scoring, at every order; a moment in which the
 * machine is busy elsewhere does so at one. */
static void check_clocks(void)
{
    int quicker = 0;
    char keys[64];
    for (int i = 0; i < 6; i++) {
        snprintf(keys, sizeof keys, "orders.%d.train_seconds", i);
        double train = number_of(keys);
        snprintf(keys, sizeof keys, "orders.%d.score_seconds", i);
        quicker += number_of(keys) < train;
    }
    ck_assert_int_gt(quicker, 0);
}

START_TEST(orders_from_1_to_6_are_counted_unless_one_is_given)
{
    Text text = tales_text(1);
    check_run(0, COUNTED, "Counts n-grams of order 1 to 6.");
    read_summary("out/chapter1/summary.json");
    ck_assert_int_eq(cJSON_GetArraySize(item_of("orders")), 6);
    ck_assert_int_eq(cJSON_GetArraySize(item_of("smoothings")), 6);
    for (int order = 1; order <= 6; order++) check_order(order - 1, order, &text);
    check_clocks();
    ck_assert(!item_of("settings.order") && !item_of("settings.smoothing"));
    ck_assert(number_of("settings.tales") == 60 && number_of("chapter") == 1);
    ck_assert(number_of("text.train_symbols") == (double)corpus_symbols(&text.train));
    ck_assert(cJSON_IsFalse(item_of("stopped_early")));

    check_run(0, COUNTED "--order 4", "Counts n-grams of order 4.");
    read_summary("out/chapter1/summary.json");
    ck_assert_int_eq(cJSON_GetArraySize(item_of("orders")), 1);
    check_order(0, 4, &text);
    ck_assert(number_of("settings.order") == 4);
    text_free(&text);
}
END_TEST

START_TEST(the_truth_is_that_of_the_held_out_tales)
{
    Text text = tales_text(3);
    check_run(0, COUNTED "--order 2 --seed 3", "the truth");
    read_summary("out/chapter1/summary.json");
    double nats = -study_truth(&text, TEXT_CHARS) / (double)corpus_symbols(&text.held_out);
    ck_assert(close_to(number_of("truth.held_out_nats_per_symbol"), nats, 1e-9));
    ck_assert(number_of("seed") == 3);
    ck_assert_str_eq(item_of("text.name")->valuestring, "tales");
    text_free(&text);

    /* the same truth by the word; where a text is given, or has no lines, there is none */
    check_run(0, COUNTED "--order 2 --seed 3 --level word --out out/words", "bits/word");
    read_summary("out/words/summary.json");
    double words = number_of("truth.held_out_nats_per_symbol");
    ck_assert(words > 2 * nats && !item_of("truth.far_excess_nats"));
    ck_assert_int_ne(access(in_place("out/words/recall.csv"), F_OK), 0);
    check_run(0, COUNTED "--order 2 --documents stream --out out/stream", "wrote");
    read_summary("out/stream/summary.json");
    ck_assert(!item_of("truth"));
    ck_assert_int_ne(access(in_place("out/stream/recall.csv"), F_OK), 0);
    shell(
        "for i in 1 2 3 4 5 6 7 8 9; do echo 'a hen met a fox'; echo 'the fox sang'; done > story");
    check_run(0, "1 --order 2 --text story --seeds 3 --threads 1 --out out/story", "wrote");
    read_summary("out/story/summary.json");
    ck_assert_str_eq(item_of("text.name")->valuestring, "story");
    ck_assert(!item_of("truth"));
    Curves *c = table_of("out/story/curves.csv"); /* a text has no seeds */
    for (int i = 0; i < c->rows; i++) ck_assert(curves_at(c, i, "seed") == 1);
    curves_free(c);
}
END_TEST

/* Of several orders it is the highest whose memory of far places is judged. */
START_TEST(far_places_are_those_of_the_highest_order)
{
    check_run(0, COUNTED "--seeds 2", "order 6 pays");
    read_summary("out/chapter1/summary.json");
    Curves *c = table_of("out/chapter1/recall.csv");
    double places = 0, excess = 0, seen[8] = {0};
    for (int i = 0; i < c->rows; i++) {
        seen[(int)curves_at(c, i, "order")]++;
        if (curves_at(c, i, "order") < 6 || curves_at(c, i, "distance") < 40) continue;
        places += curves_at(c, i, "places");
        excess += curves_at(c, i, "places") * curves_at(c, i, "excess_nats");
    }
    for (int order = 1; order <= 6; order++) ck_assert(seen[order] > 4);
    ck_assert(close_to(number_of("truth.far_excess_nats"), excess / places, 1e-6));
    curves_free(c);
    c = table_of("out/chapter1/curves.csv");
    int halves = 1 + (int)floor(log2(number_of("text.train_symbols") / 1000));
    ck_assert_int_eq(c->rows, 2 * 6 * halves); /* seeds, orders, parts of the text */
    curves_free(c);
}
END_TEST

/* 71110 characters, of which 63999 are learnt, and an end: the least of which 1/64 is tried. */
START_TEST(smoothings_are_also_compared_after_little_text)
{
    for (int more = 0; more < 2; more++) {
        shell("i=0; while [ $i -lt 7111 ]; do printf 'abcaacb ed'; i=$((i+1)); done |"
              " head -c %d > long",
              71109 + more);
        check_run(0, "1 --order 2 --text long --documents stream --sample 0 --threads 1", "wrote");
        read_summary("out/chapter1/summary.json");
        ck_assert(number_of("text.train_symbols") == 63999 + more);
        const cJSON *little = item_of("smoothings.0.with_little");
        if (more == 0)
            ck_assert(cJSON_IsNull(little));
        else
            ck_assert(number_of("smoothings.0.with_little.train_symbols") == 1000);
    }
    ck_assert(number_of("smoothings.0.with_little.kneser-ney.scored") > 0);

    /* who chooses a smoothing gets this one */
    check_run(0, COUNTED "--order 2 --smoothing add-k", "wrote");
    read_summary("out/chapter1/summary.json");
    const cJSON *all = item_of("smoothings.0.with_all");
    ck_assert(cJSON_HasObjectItem(all, "add-k") && !cJSON_HasObjectItem(all, "kneser-ney"));
    ck_assert_str_eq(item_of("settings.smoothing")->valuestring, "add-k");
    double distinct =
        number_of("orders.0.ngrams.0.distinct") + number_of("orders.0.ngrams.1.distinct");
    ck_assert(number_of("orders.0.distinct_ngrams") == distinct);
}
END_TEST

static int occurrences(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++) n++;
    return n;
}

START_TEST(every_order_writes_its_samples_behind_the_prompt)
{
    char first[64], second[64];
    const Ended *e = run_program("", COUNTED "--sample 3 --prompt zyz");
    ck_assert_int_eq(e->status, 0);
    ck_assert_ptr_nonnull(strstr(e->said, "What each order writes (temperature 1):"));
    for (int order = 1; order <= 6; order++) {
        char head[32];
        snprintf(head, sizeof head, "\n  %d  zyz", order);
        ck_assert_int_eq(occurrences(e->said, head), 3);
    }
    e = run_program("", COUNTED "--order 1 --sample 2 --length 200 --prompt z");
    ck_assert_int_eq(occurrences(e->said, "\n  1  z"), 2);
    const char *at = strstr(e->said, "\n  1  z");
    snprintf(first, sizeof first, "%s", at);
    snprintf(second, sizeof second, "%s", strstr(at + 1, "\n  1  z"));
    ck_assert(strncmp(first, second, 20) != 0); /* each by its own chance */
    /* no more than its length behind the prompt; and what has not ended goes on */
    e = run_program("", COUNTED "--order 2 --sample 1 --length 1 --prompt zyz");
    at = strstr(e->said, "\n  2  zyz");
    ck_assert_msg(at && (strncmp(at + 10, " ...\n", 5) == 0 || at[9] == '\n'), "%s", e->said);
    ck_assert_ptr_nonnull(strstr(e->said, "What each order writes"));
    e = run_program("", COUNTED "--order 2 --sample 0");
    ck_assert(!strstr(e->said, "What each order writes"));
    e = run_program("", COUNTED "--order 2 --sample 1 --documents stream --prompt zy");
    ck_assert_msg(strstr(e->said, "order 2:\nzy"), "%s", e->said);
    check_run(0, COUNTED "--order 2 --prompt ''", "wrote");
}
END_TEST

/* A table or a figure of an earlier run beside a summary of this one would be read as this one's.
 */
START_TEST(what_a_run_has_not_got_is_no_earlier_runs)
{
    check_run(0, TINY_1, "recall.csv");
    ck_assert_int_eq(shell("touch out/chapter1/chapter1_learning.svg "
                           "out/chapter1/chapter1_recall.svg out/chapter1/mine.txt && "
                           "printf 'a\\nb\\na\\nb\\na\\nb\\na\\nb\\na\\nb\\n' >text"),
                     0);
    check_run(0, "1 --text text --order 2 --held-out 0", "wrote");
    ck_assert_int_eq(shell("test -e out/chapter1/mine.txt && test -e out/chapter1/summary.json && "
                           "! ls out/chapter1/*.csv && ! ls out/chapter1/*.svg"),
                     0);
}
END_TEST

START_TEST(what_is_read_from_arpa_is_counted_as_it_was_written)
{
    char said[80];
    shell("printf 'The hen said hello.\\n' > story");
    check_run(0, COUNTED "--order 3 --arpa m.arpa --eval story", "wrote");
    read_summary("out/chapter1/summary.json");
    snprintf(said, sizeof said, "a model of order 3, %.0f symbols, %.0f n-grams.",
             number_of("text.vocabulary"), number_of("orders.0.distinct_ngrams"));
    check_run(0, "1 --load-arpa m.arpa --eval story --out out/b", said);
    check_run(0, COUNTED "--arpa m.arpa", "wrote"); /* of the highest order */
    check_run(0, "1 --load-arpa m.arpa --eval story --out out/b", "a model of order 6");
    check_run(0, "1 --load-arpa m.arpa --eval story --out out/b",
              "\nstory, by the model in m.arpa:");
}
END_TEST

/* By every order, in documents and levels as they are asked for, and by what ARPA has kept. */
START_TEST(a_text_is_scored_by_every_order_as_it_was_learnt)
{
    static const char *const options[] = {"", "--documents stream", "--level word"};
    char run[160];
    shell("printf 'The hen said hello.\\nThe fox sang!\\n' > story");
    for (int i = 0; i < 3; i++) {
        TextOptions o = {.documents = i == 1, .level = i == 2, .held_out = 0.1};
        size_t size;
        Text text;
        Corpus story;
        char *tales = tales_corpus(1, 60, &size);
        ck_assert(text_from_string(&text, tales, size, "the tales", &o, &err));
        ck_assert_msg(corpus_load(&story, in_place("story"), &text.vocabulary, &o, true, &err),
                      "%s", err.text);
        snprintf(run, sizeof run, COUNTED "%s --eval story --arpa m.arpa", options[i]);
        check_run(0, run, "story, kneser-ney smoothing:");
        read_summary("out/chapter1/summary.json");
        double nats = 0;
        for (int order = 1; order <= 6; order++) {
            char keys[32];
            NgramOptions kind = {.order = order, .smoothing = SMOOTHING_KNESER_NEY};
            Ngram *m = ngram_train(&text.train, &text.vocabulary, &kind);
            NgramScore score = ngram_evaluate(m, &story);
            nats = score_nats(&score);
            snprintf(keys, sizeof keys, "orders.%d.eval", order - 1);
            const cJSON *eval = item_of(keys);
            ck_assert(
                close_to(cJSON_GetObjectItem(eval, "nats_per_symbol")->valuedouble, nats, 1e-9));
            ck_assert(cJSON_GetObjectItem(eval, "scored")->valuedouble == (double)score.scored);
            ngram_free(m);
        }
        snprintf(run, sizeof run, "1 --load-arpa m.arpa %s --eval story --out out/b", options[i]);
        check_run(0, run, "a model of order 6");
        read_summary("out/b/eval.json");
        ck_assert(close_to(number_of("eval.nats_per_symbol"), nats, 1e-7));
        corpus_free(&story);
        text_free(&text);
        free(tales);
    }
}
END_TEST

START_TEST(what_add_k_adds_is_what_was_asked_for)
{
    Text text = tales_text(1);
    NgramOptions options = {.order = 2, .smoothing = SMOOTHING_ADD_K, .k = 3};
    Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
    NgramScore score = ngram_evaluate(m, &text.held_out);
    check_run(0, COUNTED "--order 2 --smoothing add-k --k 3", "wrote");
    read_summary("out/chapter1/summary.json");
    ck_assert(close_to(number_of("orders.0.held_out.nats_per_symbol"), score_nats(&score), 1e-9));
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* The rows of a second seed are those of a run that begins with it. */
START_TEST(every_seed_is_measured_on_tales_of_its_own)
{
    check_run(0, COUNTED "--order 2 --seed 3 --seeds 2", "wrote");
    check_run(0, COUNTED "--order 2 --seed 4 --out out/b", "wrote");
    static const char *const files[] = {"curves.csv", "recall.csv"};
    for (int i = 0; i < 2; i++)
        ck_assert_msg(shell("grep ^4, out/chapter1/%s > both; grep ^4, out/b/%s | cmp - both",
                            files[i], files[i]) == 0,
                      "%s differ", files[i]);
}
END_TEST

START_TEST(the_fewest_tales_are_enough_for_a_run)
{
    check_run(2, "1 --tales 19", "--tales must be a whole number from 20 to 100000000, not \"19\"");
    for (int seed = 1; seed <= 3; seed++) {
        char run[80];
        snprintf(run, sizeof run, "1 --tales 20 --order 2 --threads 1 --seed %d", seed);
        check_run(0, run, "wrote");
    }
}
END_TEST

START_TEST(a_text_is_announced_with_its_sizes)
{
    char said[160];
    check_run(0, COUNTED "--order 2", "wrote");
    read_summary("out/chapter1/summary.json");
    snprintf(said, sizeof said,
             "Learns from %.0f lines of %.0f symbols, ends included; held out: %.0f of %.0f.",
             number_of("text.train_documents"), number_of("text.train_symbols"),
             number_of("text.held_out_documents"), number_of("text.held_out_symbols"));
    check_run(0, COUNTED "--order 2", said);
    check_run(0, COUNTED "--order 2 --level word --seed 9", "(words), seed 9");
    check_run(0, COUNTED "--order 2 --held-out 0", "held out: 0 of 0.");
    read_summary("out/chapter1/summary.json");
    ck_assert(!item_of("smoothings") && cJSON_IsNull(item_of("orders.0.held_out")));
    /* nothing is possible, nothing is drawn: the table of words never seen after each other */
    check_run(0, COUNTED "--order 5 --smoothing none", "infinite (");
}
END_TEST

/* OpenMP says of every thread of a team that it begins; alone, nobody makes a team. */
START_TEST(it_counts_with_as_many_threads_as_it_is_told)
{
#ifdef _OPENMP
    static const char speak[] =
        "OMP_NUM_THREADS=2 OMP_DISPLAY_AFFINITY=TRUE OMP_AFFINITY_FORMAT='one of %N threads'";
    static const int threads[] = {0, 1, 2, 3}; /* 0: as many as OpenMP has */
    for (int i = 0; i < 4; i++) {
        char run[128], team[32];
        snprintf(run, sizeof run, "1 --tales 60 --order 2 --threads %d", threads[i]);
        snprintf(team, sizeof team, "one of %d threads", threads[i] ? threads[i] : 2);
        const Ended *e = run_program(speak, run);
        ck_assert_int_eq(e->status, 0);
        for (int n = 2; n <= 3; n++) {
            char other[32];
            snprintf(other, sizeof other, "one of %d threads", n);
            ck_assert_msg((strstr(e->said, other) != NULL) == (strcmp(team, other) == 0),
                          "--threads %d: %s", threads[i], e->said);
        }
    }
#endif
}
END_TEST

/* A program that notes what a figure is told, instead of gnuplot. */
static void note_figures(void)
{
    shell("printf '#!/bin/sh\\necho \"$4 $3\" >> noted\\n' > bin/gnuplot && chmod +x bin/gnuplot");
}

static bool noted(const char *part)
{
    return shell("grep -q '%s' noted", part) == 0;
}

START_TEST(figures_are_told_the_orders_the_unit_and_the_floor)
{
    char told[128];
    note_figures();
    check_run(0, COUNTED, "wrote");
    double floor = tales_entropy() / tales_mean_length() / log(2);
    snprintf(told, sizeof told, "learning.*first=1; last=6; unit=\"character\"; floor=%.6f", floor);
    told[strlen(told) - 1] = '\0'; /* the last digit may be rounded another way */
    ck_assert_msg(noted(told), "%s", told);
    ck_assert(noted("recall.*first=1; last=6"));
    shell("rm noted");
    check_run(0, COUNTED "--order 2 --level word", "wrote");
    ck_assert(noted("learning.*first=2; last=2; unit=\"word\"; floor=-1"));
    ck_assert(!noted("recall"));
    shell("rm noted; for i in 1 2 3 4 5 6 7 8 9; do echo 'a hen met a fox'; echo 'the fox sang'; "
          "done > story");
    check_run(0, "1 --order 3 --text story --threads 1", "wrote");
    ck_assert(noted("learning.*first=3; last=3; unit=\"character\"; floor=-1"));
    ck_assert(!noted("recall"));
}
END_TEST

/* Words that nothing was ever counted before have probability 0: such curves are saved, but there
 * is nothing of them to draw. */
START_TEST(a_curve_without_a_number_is_not_drawn)
{
    note_figures();
    check_run(0, COUNTED "--order 6 --smoothing none --level word", "wrote");
    ck_assert(access(in_place("out/chapter1/curves.csv"), R_OK) == 0);
    ck_assert(access(in_place("noted"), F_OK) != 0);
}
END_TEST

START_TEST(a_table_that_can_not_be_written_is_a_failure)
{
    static const char *const tables[] = {"curves.csv", "recall.csv"};
    for (int i = 0; i < 2; i++) {
        char said[80];
        shell("rm -rf out; mkdir -p out/chapter1/%s", tables[i]);
        snprintf(said, sizeof said, "can't write out/chapter1/%s: Is a directory", tables[i]);
        check_run(1, COUNTED "--order 2", said);
    }
}
END_TEST

/* What the program shows on a terminal, without the returns at the ends of lines. */
static const char *shown(const char *run)
{
    static char text[1 << 16];
    size_t used = 0, kept = 0;
    int status;
    char command[4096];
    snprintf(command, sizeof command, "%s", program_command("", run));
    int ours = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    int theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(theirs, 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(theirs, STDOUT_FILENO);
        close(ours);
        _exit(shell("%s </dev/null", command) == 0 ? 0 : 1);
    }
    close(theirs);
    for (ssize_t n; (n = read(ours, text + used, sizeof text - 1 - used)) > 0;) used += (size_t)n;
    close(ours); /* a terminal ends with EIO */
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    for (size_t i = 0; i < used; i++)
        if (text[i] != '\r') text[kept++] = text[i];
    text[kept] = '\0';
    return text;
}

START_TEST(a_terminal_gets_a_sketch_of_the_highest_order)
{
    static char sketch[8192];
    const char *text = shown(COUNTED "--order 2");
    ck_assert(strstr(text, "\nbits_named\n") != NULL);
    text = shown(COUNTED);
    Curves *c = table_of("out/chapter1/curves.csv"),
           *one = curves_new("seed,log10_symbols,bits_named");
    for (int i = 0; i < c->rows; i++)
        if (curves_at(c, i, "order") == 6)
            curves_add(one, 1, log10(curves_at(c, i, "symbols")), curves_at(c, i, "bits_named"));
    FILE *out = fmemopen(sketch, sizeof sketch, "w");
    curves_draw(out, one, "log10_symbols", "bits_named",
                tales_entropy() / tales_mean_length() / log(2), "floor");
    fclose(out);
    ck_assert_msg(strstr(text, sketch) != NULL, "no\n%s\nin\n%s", sketch, text);
    curves_free(c), curves_free(one);
}
END_TEST

/* Sample i of order n is drawn by a stream of random numbers of its own. */
START_TEST(samples_are_what_each_model_generates)
{
    enum { LENGTH = 30 };
    Text text = tales_text(4);
    int prompt = vocabulary_find(&text.vocabulary, "T", 1);
    ck_assert_int_ge(prompt, 0);
    for (int given = 0; given < 2; given++) {
        char run[128];
        snprintf(run, sizeof run,
                 "1 --tales 60 --seed 4 --sample 2 --length %d --temperature 0.7 %s", LENGTH,
                 given ? "--prompt T" : "");
        const Ended *e = run_program("", run);
        ck_assert_int_eq(e->status, 0);
        for (int order = 1; order <= 6; order++) {
            NgramOptions options = {.order = order, .smoothing = SMOOTHING_KNESER_NEY};
            Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
            char expected[1024], *at = expected;
            for (int i = 0; i < 2; i++) {
                int ids[1 + LENGTH] = {prompt};
                bool ended;
                Rng rng = rng_stream(4, ((uint64_t)order << 40) + (uint64_t)i);
                int count = ngram_generate(m, ids, given, given + LENGTH, 0.7, &rng, &ended);
                at += sprintf(at, "\n  %d  ", order);
                for (int k = 0; k < count; k++)
                    at += sprintf(at, "%s", text.vocabulary.symbol[ids[k]]);
                at += sprintf(at, ended ? "" : " ...");
            }
            sprintf(at, "\n");
            ck_assert_msg(strstr(e->said, expected) != NULL, "no %s in %s", expected, e->said);
            ngram_free(m);
        }
    }
    text_free(&text);
}
END_TEST

START_TEST(progress_counts_every_order_of_every_seed)
{
    static const struct {
        const char *options, *lines[4];
    } cases[] = {
        {"--order 2", {"step 1/1  learning curves: order 2, seed 1\n", "order 2, seed 1", "", ""}},
        {"--order 3 --seeds 2 --seed 7",
         {"step 1/2  learning curves: order 3, seed 7\n",
          "step 2/2  learning curves: order 3, seed 8\n", "", ""}},
        {"--seeds 2 --seed 3",
         {"step 6/12  learning curves: order 6, seed 3",
          "step 8/12  learning curves: order 2, seed 4",
          "step 11/12  learning curves: order 5, seed 4",
          "step 12/12  learning curves: order 6, seed 4\n"}},
    };
    for (int i = 0; i < 3; i++) {
        char run[128];
        snprintf(run, sizeof run, COUNTED "%s", cases[i].options);
        const Ended *e = run_program("", run);
        for (int k = 0; k < 4; k++)
            ck_assert_msg(strstr(e->said, cases[i].lines[k]) != NULL, "no %s in %s",
                          cases[i].lines[k], e->said);
    }
}
END_TEST

/* Of a thousand seeds a hundred are seen: what there is by then is written, and the status tells.
 */
START_TEST(a_run_that_is_stopped_writes_what_it_has)
{
    static Ended e;
    int status;
    pid_t child = start_program(COUNTED "--order 1 --seeds 1000");
    do {
        sleep_seconds(0.005);
        read_said(&e);
    } while (!strstr(e.said, "learning curves") && !has_ended(child));
    kill(child, SIGTERM);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x: %s", status, e.said);
    read_summary("out/chapter1/summary.json");
    ck_assert(cJSON_IsTrue(item_of("stopped_early")));
    ck_assert_int_eq(cJSON_GetArraySize(item_of("orders")), 1);
    Curves *c = table_of("out/chapter1/curves.csv");
    double last = curves_at(c, c->rows - 1, "seed");
    ck_assert(100 <= last && last < 1000);
    curves_free(c);
}
END_TEST

/* The text comes through a pipe, and the signal before it: no run ends without a model. */
START_TEST(a_run_that_is_stopped_while_it_reads_counts_one_order)
{
    check_stopped_while_it_reads("1 --text story --threads 1");
    read_summary("out/chapter1/summary.json");
    ck_assert(cJSON_IsTrue(item_of("stopped_early")));
    ck_assert_int_eq(cJSON_GetArraySize(item_of("orders")), 1);
    ck_assert_int_ne(access(in_place("out/chapter1/curves.csv"), F_OK), 0); /* it had no time */
}
END_TEST

static const TTest *const tests[] = {orders_from_1_to_6_are_counted_unless_one_is_given,
                                     the_truth_is_that_of_the_held_out_tales,
                                     far_places_are_those_of_the_highest_order,
                                     smoothings_are_also_compared_after_little_text,
                                     every_order_writes_its_samples_behind_the_prompt,
                                     what_a_run_has_not_got_is_no_earlier_runs,
                                     what_is_read_from_arpa_is_counted_as_it_was_written,
                                     a_text_is_scored_by_every_order_as_it_was_learnt,
                                     what_add_k_adds_is_what_was_asked_for,
                                     every_seed_is_measured_on_tales_of_its_own,
                                     the_fewest_tales_are_enough_for_a_run,
                                     a_text_is_announced_with_its_sizes,
                                     it_counts_with_as_many_threads_as_it_is_told,
                                     figures_are_told_the_orders_the_unit_and_the_floor,
                                     a_curve_without_a_number_is_not_drawn,
                                     a_table_that_can_not_be_written_is_a_failure,
                                     a_terminal_gets_a_sketch_of_the_highest_order,
                                     samples_are_what_each_model_generates,
                                     progress_counts_every_order_of_every_seed,
                                     a_run_that_is_stopped_writes_what_it_has,
                                     a_run_that_is_stopped_while_it_reads_counts_one_order,
                                     NULL};

RUN_TESTS("chapter1", tests)
