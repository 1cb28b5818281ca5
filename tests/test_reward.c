/* test_reward.c: what a text is worth, by hand, and what is said when a reward can't be had. */
#include "error.h"
#include "reward.h"
#include "run.h"
#include "suite.h"

#include <poll.h>
#include <sys/resource.h>

/* ---- texts -------------------------------------------------------------------------------- */

/* A rollout that holds the given texts, closed by NULL; each ends with the end symbol. */
typedef struct {
    Vocabulary v;
    Rollout *r;
} Texts;

static void spell_into(Texts *t, const char *text, bool ends)
{
    int ids[64], n = 0;
    for (const char *p = text; *p; p++) ids[n++] = vocabulary_find(&t->v, p, 1);
    if (ends) ids[n++] = t->v.end;
    rollout_add(t->r, ids, n);
}

static Texts texts_of(const char *const *texts)
{
    static const char letters[] = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,'+-";
    TransformerShape shape = {1, 1, 4, 64, sizeof letters - 1};
    char *symbols[sizeof letters], storage[sizeof letters][2];
    for (size_t i = 0; i + 1 < sizeof letters; i++) {
        storage[i][0] = letters[i];
        storage[i][1] = '\0';
        symbols[i] = storage[i];
    }
    Texts t;
    int count = 0;
    while (texts[count]) count++;
    Vocabulary v;
    vocabulary_make(&v, symbols, sizeof letters - 1, 0);
    t.v = v;
    t.r = rollout_new(&shape, &v, count, 64);
    t.r->vocabulary = &t.v;
    for (int i = 0; i < count; i++) spell_into(&t, texts[i], true);
    return t;
}

static void texts_free(Texts *t)
{
    rollout_free(t->r);
    vocabulary_free(&t->v);
}

static double worth(const char *reward, const char *text)
{
    const char *const texts[] = {text, NULL};
    Texts t = texts_of(texts);
    t.r->vocabulary = &t.v;
    Reward r;
    Error err;
    ck_assert_msg(reward_parse(&r, reward, &err), "%s", err.text);
    ck_assert(reward_score(&r, t.r, &err));
    double R = t.r->reward[0];
    reward_free(&r);
    texts_free(&t);
    return R;
}

static void refused(const char *reward, const char *part)
{
    Reward r;
    Error err;
    ck_assert_msg(!reward_parse(&r, reward, &err), "'%s' was taken", reward);
    ck_assert_msg(strstr(err.text, part), "'%s' said: %s", reward, err.text);
}

/* ---- terms -------------------------------------------------------------------------------- */

START_TEST(contains_looks_for_letters_in_any_case)
{
    ck_assert(worth("contains:hello", "Oh, HeLLo there") == 1);
    ck_assert(worth("contains:HELLO", "shellollo") == 1);
    ck_assert(worth("contains:hello", "hell o") == 0);
    ck_assert(worth("contains:hello", "") == 0);
    ck_assert(worth("contains:good day", "A Good day.") == 1);
    ck_assert(worth("contains:a,b", "xa,b") == 1); /* one word, whatever is in it */
    ck_assert(worth("contains:a,b", "a b") == 0);
}
END_TEST

START_TEST(count_counts_without_overlap)
{
    ck_assert(worth("count:aa", "aaaaa") == 2);
    ck_assert(worth("count:hello", "hello Hello hell hello") == 3);
    ck_assert(worth("count:hello", "") == 0);
}
END_TEST

START_TEST(relevance_is_the_share_of_keywords_that_are_there)
{
    ck_assert(worth("relevance:fox,barn, moon ,tea", "The Fox sat on the moon.") == 0.5);
    ck_assert(worth("relevance:fox", "fox fox fox") == 1);
}
END_TEST

START_TEST(length_counts_symbols_without_the_end)
{
    ck_assert(worth("length", "") == 0);
    ck_assert(worth("length", "abc d") == 5);
}
END_TEST

START_TEST(coherence_is_the_share_of_new_word_pairs)
{
    ck_assert(worth("coherence", "the cat sat on the mat") == 1);
    ck_assert(close_to(worth("coherence", "hello hello hello Hello."), 1 / 3.0, 1e-12));
    ck_assert(close_to(worth("coherence", "a b, a b a"), 2 / 4.0, 1e-12));
    ck_assert(worth("coherence", "one") == 0);
    ck_assert(worth("coherence", "one two") == 1);
    ck_assert(worth("coherence", "it's its, it's") == 1); /* the apostrophe is a letter */
    ck_assert(close_to(worth("coherence", "aZ zA  az Za"), 2 / 3.0, 1e-12));
    ck_assert(worth("coherence", "") == 0);
}
END_TEST

/* What a term finds in a text of any length and script. */
static double found_in(const char *reward, const char *text)
{
    Reward r;
    Error err;
    ck_assert_msg(reward_parse(&r, reward, &err), "%s", err.text);
    double found = r.term[0].worth(&r.term[0], &(Told){.text = text});
    reward_free(&r);
    return found;
}

/* Were a letter beyond ASCII a gap, its halves would be words: x a x a, y b y b. */
START_TEST(every_letter_beyond_ASCII_is_part_of_a_word)
{
    for (int last = 0x80; last < 0xc0; last++) {
        char text[16];
        snprintf(text, sizeof text, "x\xc3%cy x\xc3%cy", last, last);
        ck_assert_msg(found_in("coherence", text) == 1, "c3 %x", (unsigned)last);
    }
    ck_assert(
        close_to(found_in("coherence", "\xe4\xb8\xad \xe4\xb8\xad \xe4\xb8\xad"), 0.5, 1e-12));
}
END_TEST

/* Of 600 equal words 511 pairs are looked at, and one of them is new. */
START_TEST(coherence_is_judged_by_the_first_512_words)
{
    char text[1201] = "";
    for (int i = 0; i < 600; i++) memcpy(text + 2 * i, "a ", 3);
    ck_assert(close_to(found_in("coherence", text), 1 / 511.0, 1e-12));
    text[1000] = '\0'; /* of 500 all */
    ck_assert(close_to(found_in("coherence", text), 1 / 499.0, 1e-12));
}
END_TEST

START_TEST(terms_are_weighted_and_summed)
{
    ck_assert(close_to(worth("contains:a + 0.5*count:b - 0.25 * length", "abb"), 1.25, 1e-12));
    ck_assert(close_to(worth("-2*length", "abb"), -6, 1e-12));
    ck_assert(close_to(worth("length - -1*length", "abb"), 6, 1e-12));
    ck_assert(close_to(worth("length - count:a + 2*count:b", "abb"), 3 - 1 + 4, 1e-12));
    ck_assert(close_to(worth("length - count:a - count:b", "abb"), 3 - 1 - 2, 1e-12));
    ck_assert(worth("contains:a+b", "xa+b") == 1);   /* a sign without blanks belongs to the word */
    ck_assert(worth("contains:a +b", "xa +b") == 1); /* nor with a blank on one side only */
    ck_assert(worth("contains:a- b", "xa- b") == 1);
    ck_assert(worth("contains:a +b", "xa") == 0);
    ck_assert(worth("  contains : hello ", "hello") == 1);
    ck_assert(worth("2*  length", "abb") == 6); /* a blank on either side of the sign, or none */
    ck_assert(worth("2  *length", "abb") == 6);
}
END_TEST

START_TEST(fluency_is_the_mean_log_probability_of_the_n_gram)
{
    static const char corpus[] = "abab\nabba\nbaab\n";
    Text text;
    Error err;
    TextOptions lines = {.documents = TEXT_LINES};
    NgramOptions options = {.order = 3, .smoothing = SMOOTHING_ADD_K, .k = 0.5};
    TransformerShape shape = {1, 1, 4, 8, 3};
    ck_assert(text_from_string(&text, corpus, sizeof corpus - 1, "corpus", &lines, &err));
    Ngram *m = ngram_train(&text.train, &text.vocabulary, &options);
    Rollout *r = rollout_new(&shape, &text.vocabulary, 2, 4);
    rollout_add(r, (int[]){1, 2, 1, 0}, 4);
    rollout_add(r, (int[]){1, 2, 1, 2}, 4); /* cut: no end to score */
    Reward reward;
    ck_assert(reward_parse(&reward, "fluency", &err) && reward_uses(&reward, "fluency"));
    ck_assert(!reward_uses(&reward, "length"));
    reward_give_ngram(&reward, m);
    ck_assert(reward_score(&reward, r, &err));
    double logprob[5];
    ck_assert(close_to(r->reward[0], ngram_score(m, (int[]){1, 2, 1}, 3, logprob) / 4, 1e-12));
    double cut = ngram_score(m, (int[]){1, 2, 1, 2}, 4, logprob) - logprob[4];
    ck_assert(close_to(r->reward[1], cut / 4, 1e-12));
    reward_free(&reward);
    rollout_free(r);
    ngram_free(m);
    text_free(&text);
}
END_TEST

/* A word that the model can't spell is never earned, and the program says so. */
START_TEST(a_word_with_symbols_that_the_model_lacks_is_found)
{
    char *const symbols[] = {(char *)"\n", (char *)"a", (char *)"H", (char *)"+", (char *)"é"};
    static const struct {
        const char *reward, *lacking;
    } cases[] = {{"contains:ah", NULL},       {"contains:HA + length", NULL},
                 {"contains:a+h", NULL},      {"count:hé", NULL},
                 {"contains:b", "b"},         {"length - contains:aab", "aab"},
                 {"relevance:a,h,è,b", "è"},  {"contains:a\n", "a\n"},
                 {"contains:a\xc3", "a\xc3"}, {"fluency", NULL}};
    Error err;
    Vocabulary v;
    vocabulary_make(&v, symbols, 5, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Reward r;
        ck_assert(reward_parse(&r, cases[i].reward, &err));
        const char *lacking = reward_unwritable(&r, &v);
        if (cases[i].lacking)
            ck_assert_str_eq(lacking, cases[i].lacking);
        else
            ck_assert_ptr_null(lacking);
        reward_free(&r);
    }
    vocabulary_free(&v);
}
END_TEST

START_TEST(a_reward_that_is_written_wrongly_is_refused_by_its_part)
{
    refused("contain:hello", "'contain:hello' is no term of a reward");
    refused("contains:a+contains:b", "'a+contains:b' can't be a word of the reward");
    refused("contains:a -count:b", "'a -count:b' can't be a word");
    refused("contains:hello +", "'hello +' can't be a word");
    refused("contains:hello+0.2*fluency-0.01*length", "'hello+0.2*fluency-0.01*length' can't be");
    refused("contains:hello+fluency", "'hello+fluency' can't be a word");
    refused("contains:hello-0.01 * length", "'hello-0.01 * length' can't be a word");
    refused("contains:hello, 0.2*fluency", "'hello, 0.2*fluency' can't be a word");
    refused("contains:a * 2", "'a * 2' can't be a word");
    refused("relevance:a,b*contains:c", "'b*contains:c' can't be a word");
    refused("", "lacks a term");
    refused("length + ", "lacks a term");
    refused("length +  + length", "lacks a term");
    refused("   ", "lacks a term");
    refused("*length", "is no term");
    refused("2 length", "is no term");
    refused("contains", "lacks a word");
    refused("contains: + length", "lacks a word");
    refused("relevance:a,,b", "lacks a word");
    refused("fluency:hello", "takes no words");
    refused("1e999*length", "no finite weight");
    refused("x*length", "is no term");
    refused("contain", "there are contains:WORD, count:WORD");
    refused("lengt", "is no term"); /* nor is a part of a name, or more than one */
    refused("lengths", "is no term");
    refused("length 2", "takes no words");
    char many[600] = "length";
    for (int i = 0; i < 16; i++) strcat(many, " + length");
    refused(many, "at most 16 terms");
    many[strlen(many) - strlen(" + length")] = '\0';
    ck_assert(worth(many, "ab") == 32); /* sixteen are */
    strcpy(many, "relevance:a");
    for (int i = 0; i < 64; i++) strcat(many, ",a");
    refused(many, "more than 64 words");
    many[strlen(many) - strlen(",a")] = '\0';
    ck_assert(worth(many, "ab") == 1);
}
END_TEST

START_TEST(the_least_KL_by_hand)
{
    ck_assert(close_to(least_kl(0.03, 0.95), 3.1343, 1e-4));
    ck_assert(least_kl(0.2, 0.2) == 0 && least_kl(0, 0) == 0 && least_kl(1, 1) == 0);
    ck_assert(close_to(least_kl(0.25, 1), log(4), 1e-12));
    ck_assert(close_to(least_kl(0.25, 0), log(4 / 3.0), 1e-12));
    ck_assert(isnan(least_kl(0, 0.5)));
}
END_TEST

/* ---- the command -------------------------------------------------------------------------- */

static const char *const three[] = {"say hello", "no", "hello hello", NULL};

/* Asks the command about three texts, `times` times. */
static bool ask(const char *command, double timeout, int times, double answers[3], Error *err)
{
    RewardCommand *c;
    char *texts[] = {(char *)three[0], (char *)three[1], (char *)three[2]};
    if (!reward_command_start(&c, command, timeout, err)) return false;
    bool good = true;
    for (int i = 0; i < times && good; i++) {
        if (i > 0) usleep(50000); /* as a step of learning would: what it says unasked is heard */
        good = reward_command_ask(c, texts, 3, answers, err);
    }
    reward_command_stop(c);
    return good;
}

static void command_fails_within(double timeout, const char *command, int times, const char *part)
{
    Error err;
    double answers[3];
    ck_assert_msg(!ask(command, timeout, times, answers, &err), "'%s' did not fail", command);
    ck_assert_msg(strstr(err.text, part), "'%s' said: %s", command, err.text);
}

/* For another reason than that it is slow, however busy the machine is. */
static void command_fails(const char *command, int times, const char *part)
{
    command_fails_within(30, command, times, part);
}

START_TEST(a_command_answers_line_by_line)
{
    Error err;
    double answers[3];
    const char *cases = "while read l; do case $l in *hello*) echo 1;; *) echo -2e-1;; esac; done";
    ck_assert_msg(ask(cases, 5, 4, answers, &err), "%s", err.text);
    ck_assert(answers[0] == 1 && answers[1] == -0.2 && answers[2] == 1);
    ck_assert(ask("while read line; do echo ${#line}.5; done", 5, 2, answers, &err));
    ck_assert(answers[0] == 9.5 && answers[1] == 2.5 && answers[2] == 11.5);
}
END_TEST

START_TEST(a_reward_may_hold_the_command_as_a_term)
{
    Error err;
    Reward r;
    RewardCommand *c;
    Texts t = texts_of(three);
    t.r->vocabulary = &t.v;
    ck_assert(reward_parse(&r, "0.5*command + contains:no", &err));
    ck_assert(reward_command_start(&c, "while read line; do echo ${#line}; done", 5, &err));
    reward_give_command(&r, c);
    ck_assert(reward_score(&r, t.r, &err));
    ck_assert(t.r->reward[0] == 4.5 && t.r->reward[1] == 2 && t.r->reward[2] == 5.5);
    reward_command_stop(c);
    reward_free(&r);
    texts_free(&t);
}
END_TEST

static void check_answer(const char *command, const char *text, double wanted)
{
    Error err;
    RewardCommand *c;
    char *texts[] = {(char *)text};
    double answer;
    ck_assert(reward_command_start(&c, command, 5, &err));
    ck_assert_msg(reward_command_ask(c, texts, 1, &answer, &err), "%s", err.text);
    ck_assert_msg(answer == wanted, "%g, not %g", answer, wanted);
    reward_command_stop(c);
}

START_TEST(a_break_within_a_text_becomes_a_blank)
{
    const char *compare = "read -r line; test \"$line\" = 'a b c  d'; echo $?";
    check_answer(compare, "a\nb\rc\r\nd", 0);
    check_answer(compare, "a\nb\rc\td", 1); /* and nothing else does */
}
END_TEST

/* A batch may be larger than all before, and smaller. */
START_TEST(batches_of_all_sizes_are_answered)
{
    static const int sizes[] = {1, 5, 2, 9, 9, 1};
    static const char *const nine[] = {"a",      "bb",      "ccc",      "dddd",      "eeeee",
                                       "ffffff", "ggggggg", "hhhhhhhh", "iiiiiiiii", NULL};
    Error err;
    Reward r;
    RewardCommand *c;
    ck_assert(reward_parse(&r, "command", &err));
    ck_assert(reward_command_start(&c, "while read line; do echo ${#line}; done", 5, &err));
    reward_give_command(&r, c);
    for (int k = 0; k < 6; k++) {
        const char *some[10] = {NULL};
        memcpy(some, nine, sizeof *nine * (size_t)sizes[k]);
        Texts t = texts_of(some);
        t.r->vocabulary = &t.v;
        ck_assert_msg(reward_score(&r, t.r, &err), "%s", err.text);
        for (int i = 0; i < sizes[k]; i++) ck_assert(t.r->reward[i] == i + 1);
        texts_free(&t);
    }
    reward_command_stop(c);
    reward_free(&r);
}
END_TEST

START_TEST(a_reward_up_to_a_thousand_millions_is_one)
{
    static const struct {
        const char *answer;
        bool fine;
    } cases[] = {{"1e9", true}, {"-1e9", true}, {"1.0000001e9", false}, {"-1.0000001e9", false}};
    for (int k = 0; k < 4; k++) {
        Error err;
        Reward r;
        RewardCommand *c;
        char command[64];
        Texts t = texts_of(three);
        t.r->vocabulary = &t.v;
        snprintf(command, sizeof command, "while read line; do echo %s; done", cases[k].answer);
        ck_assert(reward_parse(&r, "command", &err));
        ck_assert(reward_command_start(&c, command, 5, &err));
        reward_give_command(&r, c);
        ck_assert_msg(reward_score(&r, t.r, &err) == cases[k].fine, "%s", cases[k].answer);
        ck_assert(cases[k].fine || strstr(err.text, "from -1e+09 to 1e+09, scale it"));
        ck_assert(cases[k].fine || strstr(err.text, "1000000100: a reward must be"));
        reward_command_stop(c);
        reward_free(&r);
        texts_free(&t);
    }
}
END_TEST

/* The number that the next file would have. */
static int next_file(void)
{
    int file = dup(STDIN_FILENO);
    ck_assert_int_ge(file, 0);
    close(file);
    return file;
}

/* Where there is no room for both pipes it is said which is missing, and none is left open. */
START_TEST(without_room_for_pipes_no_command_is_started)
{
    for (int room = 0; room < 4; room++) {
        Error err;
        RewardCommand *c;
        struct rlimit usual, tight;
        int next = next_file();
        getrlimit(RLIMIT_NOFILE, &usual);
        tight = usual;
        tight.rlim_cur = (rlim_t)(next + room);
        setrlimit(RLIMIT_NOFILE, &tight);
        bool started = reward_command_start(&c, "cat", 5, &err);
        setrlimit(RLIMIT_NOFILE, &usual);
        ck_assert(!started && c == NULL);
        ck_assert_msg(strstr(err.text, room < 2 ? "no pipe to the" : "no pipe from the"), "%s",
                      err.text);
        ck_assert_int_eq(next_file(), next);
    }
}
END_TEST

START_TEST(where_there_is_no_shell_no_command_is_started)
{
    Error err;
    RewardCommand *c;
    int next = next_file();
    setenv("PATH", "/nowhere", 1);
    ck_assert(!reward_command_start(&c, "cat", 5, &err) && c == NULL);
    ck_assert_msg(strstr(err.text, "can't be started: No such file"), "%s", err.text);
    ck_assert_int_eq(next_file(), next);
}
END_TEST

static void nothing(int signal)
{
    (void)signal;
}

/* As where a window changes its size, or a stopped program goes on. */
START_TEST(a_signal_does_not_end_the_asking)
{
    Error err;
    double answers[3];
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = nothing}, NULL);
    const char *knocking = "while read l; do kill -USR1 $PPID; sleep 0.05; echo 3; done";
    ck_assert_msg(ask(knocking, 5, 1, answers, &err), "%s", err.text);
    ck_assert(answers[0] == 3 && answers[2] == 3);
}
END_TEST

START_TEST(more_text_than_a_pipe_holds_gets_through)
{
    enum { MANY = 300 };
    Error err;
    RewardCommand *c;
    char line[1001], *texts[MANY];
    double *answers = NEW(double, MANY);
    memset(line, 'x', 1000);
    line[1000] = '\0';
    line[7] = '\n'; /* one line each, whatever the text */
    for (int i = 0; i < MANY; i++) texts[i] = line;
    ck_assert(reward_command_start(&c, "while read line; do echo ${#line}; done", 10, &err));
    ck_assert_msg(reward_command_ask(c, texts, MANY, answers, &err), "%s", err.text);
    for (int i = 0; i < MANY; i++) ck_assert(answers[i] == 1000);
    reward_command_stop(c);
    free(answers);
}
END_TEST

START_TEST(a_command_that_dies_is_reported_with_its_status)
{
    command_fails("exit 7", 1, "ended with status 7 after answering 0 of 3 texts");
    command_fails("read a; echo 1; read b; echo 2; exit 0", 1,
                  "ended with status 0 after answering 2 of 3 texts");
    command_fails("read a; kill -9 $$", 1, "was killed by signal 9");
    command_fails("for i in 1 2 3; do read a; echo $i; done", 2, "after answering 0 of 3 texts");
    command_fails("no-such-program-at-all 2>/dev/null", 1, "ended with status 127");
}
END_TEST

/* So a program inherits it from one that does not care for its children. */
START_TEST(where_the_system_takes_the_status_none_is_told)
{
    signal(SIGCHLD, SIG_IGN);
    command_fails("exit 7", 1, "'exit 7' ended after answering 0 of 3 texts");
}
END_TEST

START_TEST(a_command_that_falls_silent_is_reported_and_ended)
{
    double started = clock_seconds();
    command_fails_within(2, "read a; echo 1; sleep 30", 1,
                         "silent for 2 s after answering 1 of 3 texts");
    command_fails_within(0.3, "sleep 30", 1, "--reward-timeout");
    ck_assert(clock_seconds() - started < 10);
}
END_TEST

START_TEST(a_command_that_answers_nonsense_is_reported_with_it)
{
    command_fails("while read a; do echo good; done", 1,
                  "answered \"good\" to the text \"say hello\"");
    command_fails("while read a; do echo nan; done", 1, "answered \"nan\"");
    command_fails("while read a; do echo inf; done", 1, "answered \"inf\"");
    command_fails("while read a; do echo; done", 1, "answered \"\"");
    command_fails("while read a; do echo 1 2; done", 1, "answered \"1 2\"");
    command_fails("while read a; do echo 1; echo 2; done; sleep 1", 2,
                  "answered \"2\" without being asked");
    command_fails("read a; head -c 5000 /dev/zero | tr '\\0' 1; sleep 2", 1,
                  "a line of 4096 bytes");
    command_fails("  ", 1, "is empty");
}
END_TEST

START_TEST(a_slow_answer_in_time_is_an_answer)
{
    Error err;
    double answers[3];
    const char *slow = "while read l; do sleep 0.1; echo 3; done";
    ck_assert_msg(ask(slow, 5, 1, answers, &err), "%s", err.text);
    ck_assert(answers[0] == 3 && answers[2] == 3);
    ck_assert_msg(ask("while read l; do echo 4; done", 1e9, 1, answers, &err), "%s", err.text);
}
END_TEST

/* When its input ends it has a second to finish what it does; later it is killed with all that it
 * has started. */
START_TEST(a_command_may_finish_and_is_not_waited_for_long)
{
    Error err;
    RewardCommand *c, *other;
    char dir[] = "/tmp/test_reward_XXXXXX", command[128], file[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/done", dir);
    snprintf(command, sizeof command, "cat >/dev/null; sleep 0.2; echo >%s", file);
    ck_assert(reward_command_start(&c, command, 5, &err));
    ck_assert(reward_command_start(&other, "cat", 5, &err)); /* does not hold the first's input */
    reward_command_stop(c);
    reward_command_stop(other);
    ck_assert(access(file, F_OK) == 0);
    unlink(file);
    rmdir(dir);
    double started = clock_seconds();
    int held[2]; /* open in all that it starts */
    ck_assert_int_eq(pipe(held), 0);
    ck_assert(reward_command_start(&c, "sleep 9; echo", 5, &err));
    close(held[1]);
    reward_command_stop(c);
    ck_assert(clock_seconds() - started < 6);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = held[0], .events = POLLIN}, 1, 3000), 1);
    close(held[0]);
}
END_TEST

START_TEST(an_answer_may_be_long_and_have_blanks_around_it)
{
    Error err;
    double answers[3];
    /* 4095 bytes and the end of the line: as much as is held */
    const char *widest = "while read l; do printf '%4095s\\n' 7; done";
    ck_assert_msg(ask(widest, 5, 1, answers, &err), "%s", err.text);
    ck_assert(answers[0] == 7 && answers[1] == 7 && answers[2] == 7);
    command_fails("while read l; do printf '%4096s\\n' 7; done", 1, "a line of 4096 bytes");
    ck_assert(ask("while read l; do printf '\\t8 \\r\\n'; done", 5, 2, answers, &err));
    ck_assert(answers[0] == 8 && answers[2] == 8);
}
END_TEST

/* However it is cut, each byte of it is read once, and no more than the room for a line. */
START_TEST(an_answer_may_come_in_pieces)
{
    Error err;
    double answers[3];
    const char *pieces =
        "while read l; do for p in 4 2 .5; do printf $p; sleep 0.01; done; echo; done";
    ck_assert_msg(ask(pieces, 5, 1, answers, &err), "%s", err.text);
    ck_assert(answers[0] == 42.5 && answers[1] == 42.5 && answers[2] == 42.5);
    command_fails("while read l; do printf 1; sleep 0.05; printf '%4999s\\n' 7; done", 1,
                  "a line of 4096 bytes");
}
END_TEST

/* Its only byte is the end of the line. */
START_TEST(an_empty_text_is_asked_once)
{
    Error err;
    RewardCommand *c;
    char *empty = (char *)"";
    double answer;
    ck_assert(reward_command_start(
        &c, "n=0; while read l; do n=$((n+1)); sleep 0.02; echo $n; done", 5, &err));
    for (int i = 1; i <= 3; i++) {
        ck_assert_msg(reward_command_ask(c, &empty, 1, &answer, &err), "%s", err.text);
        ck_assert(answer == i);
        usleep(50000);
    }
    reward_command_stop(c);
}
END_TEST

START_TEST(a_single_byte_without_being_asked_is_noticed)
{
    Error err;
    RewardCommand *c;
    char file[] = "/tmp/test_reward_XXXXXX", command[128], *texts[] = {(char *)"a"};
    double answer;
    close(mkstemp(file));
    snprintf(command, sizeof command, "read a; echo 1; sleep 0.05; printf 7; rm %s; cat", file);
    ck_assert(reward_command_start(&c, command, 5, &err));
    ck_assert_msg(reward_command_ask(c, texts, 1, &answer, &err), "%s", err.text);
    while (access(file, F_OK) == 0) usleep(1000);
    ck_assert(!reward_command_ask(c, texts, 1, &answer, &err));
    ck_assert_msg(strstr(err.text, "answered \"7\" without being asked"), "%s", err.text);
    reward_command_stop(c);
}
END_TEST

START_TEST(a_program_that_closes_its_output_and_lives_on_is_reported)
{
    command_fails("read a; echo 1; exec 1>&-; cat >/dev/null", 1,
                  "closed its input or output after answering 1 of 3 texts");
}
END_TEST

START_TEST(a_broken_pipe_does_not_end_the_program)
{
    /* it closes its input and lives on: writing to it raises SIGPIPE */
    command_fails("exec 0<&-; sleep 0.1; exec 1>&-; sleep 0.2", 1, "of 3 texts");
    struct sigaction now;
    sigaction(SIGPIPE, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

static const TTest *const tests[] = {contains_looks_for_letters_in_any_case,
                                     count_counts_without_overlap,
                                     relevance_is_the_share_of_keywords_that_are_there,
                                     length_counts_symbols_without_the_end,
                                     coherence_is_the_share_of_new_word_pairs,
                                     every_letter_beyond_ASCII_is_part_of_a_word,
                                     coherence_is_judged_by_the_first_512_words,
                                     terms_are_weighted_and_summed,
                                     fluency_is_the_mean_log_probability_of_the_n_gram,
                                     a_reward_that_is_written_wrongly_is_refused_by_its_part,
                                     the_least_KL_by_hand,
                                     a_command_answers_line_by_line,
                                     a_word_with_symbols_that_the_model_lacks_is_found,
                                     a_reward_may_hold_the_command_as_a_term,
                                     a_break_within_a_text_becomes_a_blank,
                                     batches_of_all_sizes_are_answered,
                                     a_reward_up_to_a_thousand_millions_is_one,
                                     without_room_for_pipes_no_command_is_started,
                                     where_there_is_no_shell_no_command_is_started,
                                     a_signal_does_not_end_the_asking,
                                     more_text_than_a_pipe_holds_gets_through,
                                     a_command_that_dies_is_reported_with_its_status,
                                     where_the_system_takes_the_status_none_is_told,
                                     a_command_that_falls_silent_is_reported_and_ended,
                                     a_command_that_answers_nonsense_is_reported_with_it,
                                     a_slow_answer_in_time_is_an_answer,
                                     a_command_may_finish_and_is_not_waited_for_long,
                                     an_answer_may_be_long_and_have_blanks_around_it,
                                     an_answer_may_come_in_pieces,
                                     an_empty_text_is_asked_once,
                                     a_single_byte_without_being_asked_is_noticed,
                                     a_program_that_closes_its_output_and_lives_on_is_reported,
                                     a_broken_pipe_does_not_end_the_program,
                                     NULL};
RUN_TESTS("reward", tests)
