/* test_pretrained.c: the model that chapters 3 to 5 begin from: one that is there and fits, or one
 * that is trained and kept; and who is told what. */
#include "suite.h"

#include "files.h"
#include "ground.h"
#include "model.h"
#include "pretrained.h"
#include "tales.h"

static char place[] = "/tmp/test_pretrained_XXXXXX";
static char paths[4][64]; /* chapter 2's directory, the kept one, the run's, and another */
enum { CHAPTER2, KEEP, OUT, OTHER };
static Run run = {.held = -1};
static Error err;
static Transformer *model;
static Vocabulary vocabulary;

static PretrainedOptions begin(void)
{
    static const char *const names[] = {"chapter2", "keep", "out", "other"};
    strcpy(place, "/tmp/test_pretrained_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    for (int i = 0; i < 4; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", place, names[i]);
    snprintf(run.dir, sizeof run.dir, "%s", paths[OUT]);
    return (PretrainedOptions){
        .chapter2 = paths[CHAPTER2],
        .keep = paths[KEEP],
        .worst = 5,
        .shape = {.layers = 1, .heads = 2, .channels = 8, .context = 64},
        .mle = {.steps = 3,
                .batch = 4,
                .lr = 1e-2,
                .last_lr = 1e-3,
                .warmup = 1,
                .beta2 = 0.99,
                .clip = 1,
                .seed = 5},
    };
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", place);
    ck_assert_int_eq(system(command), 0);
}

static Text text_of(const char *bytes, Documents documents, double held_out)
{
    Text text;
    TextOptions options = {documents, TEXT_CHARS, held_out};
    ck_assert_msg(text_from_string(&text, bytes, strlen(bytes), "a text", &options, &err), "%s",
                  err.text);
    return text;
}

static Text tales_text(double held_out)
{
    size_t size;
    char *tales = tales_corpus(1, 60, &size);
    Text text = text_of(tales, TEXT_LINES, held_out);
    free(tales);
    return text;
}

/* Does it succeed? What it prints comes into `said`; the model is given back at once. */
static char said[4096];

static bool asked(const PretrainedOptions *o, const Text *text)
{
    FILE *caught = tmpfile();
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fileno(caught), STDOUT_FILENO);
    bool good = pretrained(&model, &vocabulary, o, text, &run, &err);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(caught);
    said[fread(said, 1, sizeof said - 1, caught)] = '\0';
    fclose(caught);
    if (!good) return false;
    if (text) ck_assert(same_symbols(&vocabulary, &text->vocabulary));
    return true;
}

static void given_back(void)
{
    transformer_free(model);
    vocabulary_free(&vocabulary);
}

static void check_said(const char *part)
{
    ck_assert_msg(strstr(said, part), "\"%s\" is missing in:\n%s", part, said);
}

static double said_nats(void)
{
    double nats = NAN;
    const char *at = strstr(said, "; ");
    if (at) sscanf(at, "; %lf nats per symbol on held-out text\n", &nats);
    return nats;
}

/* A model of the text in a directory, as its seed begins. */
static void put_model(const char *dir, const Text *text, Documents documents)
{
    TransformerShape shape = {2, 3, 12, 32, text->vocabulary.size};
    Transformer *t = transformer_new(&shape, 1);
    ck_assert(directory_make(dir, &err));
    ck_assert_msg(model_save(dir, t, &text->vocabulary, documents, &err), "%s", err.text);
    transformer_free(t);
}

START_TEST(vocabularies_are_the_same_if_every_symbol_is)
{
    char *const one[] = {(char *)"\n", (char *)"a", (char *)"b"};
    char *const two[] = {(char *)"\n", (char *)"a", (char *)"c"};
    char *const first[] = {(char *)" ", (char *)"a", (char *)"b"};
    Vocabulary a, b;
    const struct {
        char *const *symbols;
        int count, end;
        bool same;
    } cases[] = {{one, 3, 0, true},
                 {two, 3, 0, false},
                 {first, 3, 0, false},
                 {one, 3, -1, false},
                 {one, 2, 0, false}};
    vocabulary_make(&a, one, 3, 0);
    for (int i = 0; i < 5; i++) {
        vocabulary_make(&b, cases[i].symbols, cases[i].count, cases[i].end);
        ck_assert_int_eq(same_symbols(&a, &b), cases[i].same);
        ck_assert_int_eq(same_symbols(&b, &a), cases[i].same);
        vocabulary_free(&b);
    }
    vocabulary_free(&a);
}
END_TEST

START_TEST(a_model_of_chapter_2_that_fits_is_taken)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    put_model(paths[CHAPTER2], &text, TEXT_LINES);
    ck_assert_msg(asked(&o, &text), "%s", err.text);
    ck_assert_int_eq(model->shape.layers, 2);
    check_said("begins from ");
    check_said("chapter2: a transformer of 2 layers, 3 heads, 12 channels, context 32; ");

    /* its loss over the held-out text is what chapter 2 would say */
    double nats = said_nats();
    Windows *w = windows_new(&text.held_out, text.vocabulary.end, 32);
    Mle *m = mle_new(model, &o.mle);
    double expected = mle_evaluate(m, w, w->windows, NULL);
    ck_assert_msg(fabs(nats - expected) < 1e-4, "%g, not %g", nats, expected);
    mle_free(m);
    windows_free(w);
    given_back();
    ck_assert_int_ne(access(paths[KEEP], F_OK), 0);
    text_free(&text);
    end();
}
END_TEST

START_TEST(a_small_model_is_trained_and_kept_for_the_next_time)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    ck_assert_msg(asked(&o, &text), "%s", err.text);
    check_said("trains a small model first: ");
    check_said("keeps it in ");
    check_said("context 64; ");
    double kept = said_nats();
    ck_assert_int_eq(model->shape.vocabulary, text.vocabulary.size);

    /* it has gone the steps of its settings */
    TransformerShape shape = o.shape;
    shape.vocabulary = text.vocabulary.size;
    Transformer *same = transformer_new(&shape, 5);
    Windows *w = windows_new(&text.train, text.vocabulary.end, 64);
    Mle *m = mle_new(same, &o.mle);
    for (int i = 0; i < 3; i++) mle_step(m, w);
    ck_assert_mem_eq(same->weights.base, model->weights.base, same->size * sizeof(real));
    given_back();
    ck_assert_msg(asked(&o, &text), "%s", err.text);
    ck_assert(!strstr(said, "trains") && !strstr(said, "keeps"));
    check_said("begins from ");
    check_said("/keep: ");
    ck_assert_msg(fabs(said_nats() - kept) < 2e-4, "%g, then %g", kept, said_nats());
    ck_assert_mem_eq(same->weights.base, model->weights.base, same->size * sizeof(real));
    given_back();
    mle_free(m);
    windows_free(w);
    transformer_free(same);
    text_free(&text);
    end();
}
END_TEST

START_TEST(a_model_that_does_not_fit_is_told_and_replaced)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2), other = text_of("abc\nbca\ncab\nacb\n", TEXT_LINES, 0);
    put_model(paths[CHAPTER2], &other, TEXT_LINES);
    ck_assert(asked(&o, &text));
    check_said("trains a small model first: the model in ");
    check_said("/chapter2 reads other symbols than this text has");
    given_back();
    end();

    o = begin(); /* as many symbols, but one of them is another */
    size_t size;
    char *tales = tales_corpus(1, 60, &size);
    for (size_t i = 0; i < size; i++)
        if (tales[i] == 'a') tales[i] = '#';
    Text alike = text_of(tales, TEXT_LINES, 0.2);
    free(tales);
    ck_assert_int_eq(alike.vocabulary.size, text.vocabulary.size);
    put_model(paths[CHAPTER2], &alike, TEXT_LINES);
    ck_assert(asked(&o, &text));
    check_said("/chapter2 reads other symbols than this text has");
    given_back();
    text_free(&alike);
    end();

    o = begin(); /* at first it guesses uniformly: log of the symbols */
    put_model(paths[CHAPTER2], &text, TEXT_LINES);
    o.worst = log(text.vocabulary.size) / 2;
    ck_assert(asked(&o, &text));
    check_said("/chapter2 has learnt too little (");
    check_said(" nats per symbol)");
    given_back();
    end();

    o = begin(); /* nothing is held out: nothing is known against it */
    Text whole = tales_text(0);
    put_model(paths[CHAPTER2], &whole, TEXT_LINES);
    o.worst = 0.001;
    ck_assert(asked(&o, &whole));
    check_said("context 32\n");
    given_back();
    text_free(&text);
    text_free(&other);
    text_free(&whole);
    end();
}
END_TEST

START_TEST(a_model_that_was_asked_for_is_taken_as_it_is_or_refused)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    put_model(paths[OTHER], &text, TEXT_LINES);
    o.load = paths[OTHER];
    o.worst = 0.001;
    ck_assert_msg(asked(&o, NULL), "%s", err.text);
    check_said("/other: a transformer of 2 layers, 3 heads, 12 channels, context 32\n");
    given_back();

    Text stream = text_of("abcabc", TEXT_STREAM, 0);
    put_model(paths[CHAPTER2], &stream, TEXT_STREAM);
    o.load = paths[CHAPTER2];
    ck_assert(!asked(&o, NULL));
    ck_assert(strstr(err.text, "has no end symbol, so its texts never end: train one with "
                               "--documents lines"));
    o.load = paths[KEEP];
    ck_assert(!asked(&o, NULL));
    o.load = NULL;
    ck_assert(!asked(&o, &stream));
    ck_assert_str_eq(err.text, "the text has no lines: nothing ends in it");
    text_free(&text);
    text_free(&stream);
    end();
}
END_TEST

START_TEST(what_can_not_be_trained_is_refused)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    size_t none[] = {0};
    Text empty = {
        .vocabulary = text.vocabulary, .train = {0, none, NULL}, .held_out = {0, none, NULL}};
    ck_assert(!asked(&o, &empty));
    ck_assert_str_eq(err.text, "the text is too short to learn from: give a longer one");
    o.shape.heads = 3;
    ck_assert(!asked(&o, &text));
    ck_assert(strstr(err.text, "can't be shared by 3 heads"));
    o.shape.heads = 2;
    o.mle = (MleOptions){.steps = 200,
                         .batch = 4,
                         .lr = 1e6,
                         .last_lr = 1e6,
                         .beta2 = 0.99,
                         .weight_decay = 0.1,
                         .clip = 1e9};
    ck_assert(!asked(&o, &text));
    ck_assert_msg(strstr(err.text, "pretraining's loss is "), "%s", err.text);
    char kept[128];
    snprintf(kept, sizeof kept, "%s/model.safetensors", paths[KEEP]);
    ck_assert_int_ne(access(kept, F_OK), 0);
    text_free(&text);
    end();
}
END_TEST

/* No --out would help: where the model is kept is no choice. */
START_TEST(who_can_not_keep_the_model_is_told_where_it_would_be)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    char inner[80], wanted[256];
    FILE *in_the_way = fopen(paths[KEEP], "w");
    ck_assert_ptr_nonnull(in_the_way);
    fclose(in_the_way);
    snprintf(inner, sizeof inner, "%s/inner", paths[KEEP]);
    o.keep = inner;
    ck_assert(!asked(&o, &text));
    snprintf(wanted, sizeof wanted,
             "a model is trained first and kept in %s, which can't be written: Not a directory: "
             "run in another directory, or --load a model",
             inner);
    ck_assert_str_eq(err.text, wanted);
    text_free(&text);
    end();
}
END_TEST

/* Another process holds the directory for a while, and leaves a model in it. */
START_TEST(whoever_comes_second_waits_for_the_model_and_finds_it)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    int ready[2];
    char byte;
    bool busy;
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert(directory_make(paths[KEEP], &err));
    pid_t child = fork();
    if (child == 0) {
        int held = directory_hold(paths[KEEP], &busy);
        if (write(ready[1], "x", 1) != 1) _exit(1);
        usleep(250000);
        put_model(paths[KEEP], &text, TEXT_LINES);
        directory_release(held);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_msg(asked(&o, &text), "%s", err.text);
    const char *waits = strstr(said, "waits for another run, which is training the model in ");
    ck_assert(waits && !strstr(waits + 1, "waits for another run"));
    ck_assert(!strstr(said, "trains a small model"));
    check_said("/keep: a transformer of 2 layers");
    given_back();
    int held = directory_hold(paths[KEEP], &busy); /* it is free again */
    ck_assert(!busy);
    directory_release(held);

    /* a run's own directory is held already, by itself */
    snprintf(run.dir, sizeof run.dir, "%s", paths[KEEP]);
    held = directory_hold(paths[KEEP], &busy);
    ck_assert(asked(&o, &text));
    given_back();
    directory_release(held);
    int status;
    waitpid(child, &status, 0);
    text_free(&text);
    end();
}
END_TEST

/* Ctrl-C or the like has come: not even the first step is enough to be kept. */
START_TEST(who_is_stopped_trains_and_waits_no_longer)
{
    PretrainedOptions o = begin();
    Text text = tales_text(0.2);
    char wanted[128];
    bool busy;
    ck_assert_msg(run_open(&run, paths[OUT], NULL, &err), "%s", err.text);
    raise(SIGTERM);
    ck_assert(!asked(&o, &text));
    ck_assert_str_eq(err.text, "stopped while pretraining: nothing was kept");
    snprintf(wanted, sizeof wanted, "%s/model.safetensors", paths[KEEP]);
    ck_assert_int_ne(access(wanted, F_OK), 0);

    int held = directory_hold(paths[KEEP], &busy); /* as another run would */
    ck_assert(held >= 0 && !busy);
    ck_assert(!asked(&o, &text));
    snprintf(wanted, sizeof wanted, "stopped while waiting for the model in %s", paths[KEEP]);
    ck_assert_str_eq(err.text, wanted);
    ck_assert(!strstr(said, "waits for another run"));
    directory_release(held);
    directory_release(run.held);
    text_free(&text);
    end();
}
END_TEST

/* The z stands in the part that is held out, and only there. */
START_TEST(fluency_is_counted_on_what_was_learnt_and_not_on_what_was_held_out)
{
    static const char lines[] = "abcabc\nbcaacb\ncabbac\nacbbca\nbacacb\ncbaabc\nzz\n";
    begin();
    char file[80];
    snprintf(file, sizeof file, "%s/text", place);
    ck_assert_msg(file_replace_text(file, lines, &err), "%s", err.text);
    Text text = text_of(lines, TEXT_LINES, 0.1);
    int z = vocabulary_find(&text.vocabulary, "z", 1);
    put_model(paths[OTHER], &text, TEXT_LINES);
    GroundOptions o = {.reward = "fluency", .load = paths[OTHER], .text = file, .batch = 2};
    Ground g;
    ck_assert_msg(ground_make(&g, &run, &o, true, &err), "%s", err.text);
    for (int x = 0; x < text.vocabulary.size; x++)
        ck_assert_int_eq(ngram_knows(g.ngram, x), x != z);
    ground_free(&g);
    text_free(&text);
    end();
}
END_TEST

static const TTest *const tests[] = {
    vocabularies_are_the_same_if_every_symbol_is,
    a_model_of_chapter_2_that_fits_is_taken,
    a_small_model_is_trained_and_kept_for_the_next_time,
    a_model_that_does_not_fit_is_told_and_replaced,
    a_model_that_was_asked_for_is_taken_as_it_is_or_refused,
    what_can_not_be_trained_is_refused,
    who_can_not_keep_the_model_is_told_where_it_would_be,
    whoever_comes_second_waits_for_the_model_and_finds_it,
    who_is_stopped_trains_and_waits_no_longer,
    fluency_is_counted_on_what_was_learnt_and_not_on_what_was_held_out,
    NULL};
RUN_TESTS("pretrained", tests)
