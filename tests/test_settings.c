/* test_settings.c: every way to give a setting, and every sentence that refuses one. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "settings.h"

/* A table with a row of each type; no two defaults are alike. */
static int steps, seed, smoothing;
static double held_out, rate;
static bool resume, bias;
static const char *text_file, *prompt;
static Setting table[10];
static Error err;
static char config[] = "/tmp/test_settings_XXXXXX";

static void remove_config(void)
{
    unlink(config);
}

static void set_up(void)
{
    if (strstr(config, "XXXXXX")) {
        close(mkstemp(config));
        atexit(remove_config);
    }
    steps = 2000, seed = 7, smoothing = 2, held_out = 0.1, rate = 3e-4;
    resume = bias = false, text_file = NULL, prompt = "Once";
    err.text[0] = '\0';
    const Setting rows[] = {
        {"steps", SETTING_INT, &steps, .min = 1, .max = 1e9, .quick = "100", .help = "updates"},
        {"seed", SETTING_INT, &seed, .help = "of all random numbers"},
        {"held-out", SETTING_REAL, &held_out, .min = 0, .max = 0.9, .help = "share held out"},
        {"learning-rate", SETTING_REAL, &rate, .min = 0, .max = INFINITY, .help = "peak"},
        {"smoothing", SETTING_CHOICE, &smoothing, .choices = "none|add-k|kneser-ney",
         .quick = "add-k", .help = "how counts are smoothed"},
        {"bias", SETTING_SWITCH, &bias, .help = "with biases"},
        {"resume", SETTING_SWITCH, &resume, .no_json = true, .help = "continue the run in --out"},
        {"text", SETTING_STRING, &text_file, .meta = "FILE", .help = "a UTF-8 text to learn"},
        {"prompt", SETTING_STRING, &prompt, .help = "the sample's beginning"},
        {0}};
    memcpy(table, rows, sizeof rows);
}

/* Reads a command line; the arguments end with NULL. */
static SettingsResult read_line(bool *quick, const char *const *words)
{
    char *argv[16] = {(char *)"./chapter1"};
    int argc = 1;
    for (; words[argc - 1]; argc++) argv[argc] = (char *)words[argc - 1];
    return settings_read(table, argc, argv, quick, &err);
}
#define READ(...) read_line(NULL, (const char *const[]){__VA_ARGS__, NULL})

#define REFUSED(sentence, ...)                               \
    do {                                                     \
        set_up();                                            \
        ck_assert_int_eq(READ(__VA_ARGS__), SETTINGS_WRONG); \
        ck_assert_str_eq(err.text, sentence);                \
    } while (0)

static void write_config(const char *bytes, size_t size)
{
    FILE *f = fopen(config, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static SettingsResult read_json(const char *json)
{
    set_up();
    write_config(json, strlen(json));
    return READ("--config", config);
}

/* A sentence about the file, with its path for each %s. */
static void refused_json(const char *json, const char *sentence)
{
    char wanted[512];
    const char *place = strstr(sentence, "FILE");
    ck_assert_ptr_nonnull(place);
    ck_assert_int_eq(read_json(json), SETTINGS_WRONG);
    snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(place - sentence), sentence, config,
             place + 4);
    ck_assert_str_eq(err.text, wanted);
    settings_free(table);
}

START_TEST(without_arguments_the_defaults_stand)
{
    bool quick = true;
    char *argv[] = {(char *)"./chapter1", NULL};
    set_up();
    ck_assert_int_eq(settings_read(table, 1, argv, &quick, &err), SETTINGS_GO);
    ck_assert(!quick);
    ck_assert_int_eq(steps, 2000);
    ck_assert(!settings_given(table, "steps"));
    ck_assert_int_eq(settings_read(table, 0, argv + 1, &quick, &err), SETTINGS_GO);
}
END_TEST

START_TEST(each_type_is_read_from_the_command_line)
{
    set_up();
    ck_assert_int_eq(READ("--steps", "12", "--held-out=0.25", "--smoothing", "none", "--bias",
                          "--text", "a b.txt", "--seed", "-3", "--prompt="),
                     SETTINGS_GO);
    ck_assert_int_eq(steps, 12);
    ck_assert_int_eq(seed, -3);
    ck_assert(held_out == 0.25);
    ck_assert_int_eq(smoothing, 0);
    ck_assert(bias && !resume);
    ck_assert_str_eq(text_file, "a b.txt");
    ck_assert_str_eq(prompt, "");
    ck_assert(settings_given(table, "held-out") && !settings_given(table, "learning-rate"));
}
END_TEST

START_TEST(whole_numbers_may_be_written_with_an_exponent)
{
    set_up();
    ck_assert_int_eq(READ("--steps", "1e4"), SETTINGS_GO);
    ck_assert_int_eq(steps, 10000);
    ck_assert_int_eq(read_json("{\"steps\": 1e3}"), SETTINGS_GO);
    ck_assert_int_eq(steps, 1000);
}
END_TEST

START_TEST(of_two_same_flags_the_last_counts)
{
    set_up();
    ck_assert_int_eq(READ("--steps", "12", "--steps", "34"), SETTINGS_GO);
    ck_assert_int_eq(steps, 34);
}
END_TEST

START_TEST(quick_comes_before_file_and_line_wherever_it_stands)
{
    bool quick = false;
    set_up();
    write_config("{\"smoothing\": \"none\"}", 21);
    const char *const line[] = {"--seed", "5", "--config", config, "--quick", NULL};
    ck_assert_int_eq(read_line(&quick, line), SETTINGS_GO);
    ck_assert(quick);
    ck_assert_int_eq(steps, 100);
    ck_assert_int_eq(smoothing, 0);
    ck_assert(!settings_given(table, "steps") && settings_given(table, "smoothing"));
    set_up();
    ck_assert_int_eq(READ("--steps", "55", "--quick"), SETTINGS_GO);
    ck_assert_int_eq(steps, 55);
    ck_assert_int_eq(smoothing, 1);
}
END_TEST

START_TEST(each_type_is_read_from_json)
{
    ck_assert_int_eq(read_json("{\"steps\": 9, \"held_out\": 0, \"learning-rate\": 2.5,\n"
                               " \"smoothing\": \"add-k\", \"bias\": true, \"text\": \"s.txt\","
                               " \"prompt\": null}"),
                     SETTINGS_GO);
    ck_assert_int_eq(steps, 9);
    ck_assert(held_out == 0 && rate == 2.5 && bias);
    ck_assert_int_eq(smoothing, 1);
    ck_assert_str_eq(text_file, "s.txt");
    ck_assert_ptr_null(prompt);
    settings_free(table);
    ck_assert_ptr_null(text_file);
}
END_TEST

START_TEST(the_command_line_goes_over_the_file)
{
    set_up();
    const char *json = "{\"steps\": 9, \"seed\": 8, \"text\": \"file\"}";
    write_config(json, strlen(json));
    ck_assert_int_eq(READ("--text", "line", "--steps", "3", "--config", config), SETTINGS_GO);
    ck_assert_int_eq(steps, 3);
    ck_assert_int_eq(seed, 8);
    ck_assert_str_eq(text_file, "line");
    settings_free(table);
    ck_assert_str_eq(text_file, "line");
}
END_TEST

START_TEST(an_unknown_flag_gets_the_nearest_name)
{
    REFUSED("unknown option --step: did you mean --steps? (--help lists all)", "--step", "3");
    REFUSED("unknown option --held_out: did you mean --held-out? (--help lists all)",
            "--held_out=0.2");
    REFUSED("unknown option --lr: did you mean --help? (--help lists all)", "--lr", "1");
    REFUSED("unknown option --learn: did you mean --learning-rate? (--help lists all)", "--learn");
    REFUSED("unknown option --confg: did you mean --config? (--help lists all)", "--confg", "x");
    REFUSED("unknown option -steps: did you mean --steps? (--help lists all)", "-steps", "3");
    REFUSED("unknown option ---steps: did you mean --steps? (--help lists all)", "---steps", "3");
}
END_TEST

START_TEST(an_ambiguous_abbreviation_is_unknown_too)
{
    REFUSED("unknown option --s: did you mean --steps? (--help lists all)", "--s", "3");
}
END_TEST

START_TEST(words_without_a_flag_are_refused)
{
    REFUSED("can't use \"tales.txt\": a value follows its flag (--help lists all)", "--seed", "3",
            "tales.txt", "--steps", "4");
    REFUSED("can't use \"x\": a value follows its flag (--help lists all)", "--", "x");
    REFUSED("can't use \"-\": a value follows its flag (--help lists all)", "-");
    REFUSED("can't use \"\": a value follows its flag (--help lists all)", "");
    set_up();
    ck_assert_int_eq(READ("--seed", "3", "--"), SETTINGS_GO);
}
END_TEST

START_TEST(missing_and_superfluous_values_are_refused)
{
    REFUSED("--steps needs a value after it: a whole number from 1 to 1000000000", "--steps");
    REFUSED("--text needs a value after it", "--text");
    REFUSED("--config needs a value after it", "--config");
    REFUSED("--quick takes no value", "--quick=3");
    REFUSED("--bias takes no value", "--bias=true");
    REFUSED("--text needs a value before --bias (or write --text=--bias)", "--text", "--bias");
    set_up();
    ck_assert_int_eq(READ("--text=--bias"), SETTINGS_GO);
    ck_assert_str_eq(text_file, "--bias");
}
END_TEST

START_TEST(whole_numbers_refuse_all_else)
{
    const char *wrong[] = {"1.5", "12abc",       "",    " 5",         "many",
                           "0",   "99999999999", "nan", "1000000001", "inf"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char sentence[128];
        snprintf(sentence, sizeof sentence,
                 "--steps must be a whole number from 1 to 1000000000, not \"%s\"", wrong[i]);
        REFUSED(sentence, "--steps", wrong[i]);
        ck_assert_int_eq(steps, 2000);
    }
    REFUSED("--seed must be a whole number from -2147483648 to 2147483647, not \"2147483648\"",
            "--seed", "2147483648");
}
END_TEST

START_TEST(numbers_and_choices_refuse_all_else)
{
    REFUSED("--held-out must be a number from 0 to 0.9, not \"0.95\"", "--held-out", "0.95");
    REFUSED("--held-out must be a number from 0 to 0.9, not \"NaN\"", "--held-out", "NaN");
    REFUSED("--learning-rate must be a number of at least 0, not \"-1\"", "--learning-rate", "-1");
    REFUSED("--learning-rate must be a number of at least 0, not \"1e999\"", "--learning-rate",
            "1e999");
    REFUSED("--smoothing must be none, add-k or kneser-ney, not \"add\"", "--smoothing", "add");
    REFUSED("--smoothing must be none, add-k or kneser-ney, not \"none|add-k\"", "--smoothing",
            "none|add-k");
}
END_TEST

START_TEST(json_values_are_checked_like_flags)
{
    refused_json("{\"steps\": \"many\"}", "\"steps\" in FILE must be a whole number from 1 to "
                                          "1000000000, not \"many\"");
    refused_json("{\"steps\": 1.5}",
                 "\"steps\" in FILE must be a whole number from 1 to 1000000000, not 1.5");
    refused_json("{\"steps\": true}",
                 "\"steps\" in FILE must be a whole number from 1 to 1000000000, not true");
    refused_json("{\"held_out\": -0.5}",
                 "\"held_out\" in FILE must be a number from 0 to 0.9, not -0.5");
    refused_json("{\"held_out\": null}",
                 "\"held_out\" in FILE must be a number from 0 to 0.9, not null");
    refused_json("{\"bias\": 1}", "\"bias\" in FILE must be true or false, not 1");
    refused_json("{\"text\": [\"a\", 2]}",
                 "\"text\" in FILE must be a text in quotes, not [\"a\",2]");
    refused_json("{\"smoothing\": \"kn\"}",
                 "\"smoothing\" in FILE must be none, add-k or kneser-ney, not \"kn\"");
    refused_json("{\"steps\": 1e999}", "\"steps\" in FILE must be a whole number from 1 to "
                                       "1000000000, not a number that is too large to hold");
    refused_json("{\"learning_rate\": 1e999}", "\"learning_rate\" in FILE must be a number of at "
                                               "least 0, not a number that is too large to hold");
}
END_TEST

START_TEST(json_keys_are_checked)
{
    refused_json("{\"heldout\": 0.1}",
                 "unknown key \"heldout\" in FILE: did you mean \"held_out\"? (--help lists all)");
    refused_json("{\"resum\": true}",
                 "unknown key \"resum\" in FILE: did you mean \"seed\"? (--help lists all)");
    refused_json("{\"resume\": true}",
                 "\"resume\" in FILE is a flag only: give it as --resume on the command line");
    refused_json("{\"quick\": true}",
                 "\"quick\" in FILE is a flag only: give it as --quick on the command line");
    refused_json("{\"held_out\": 0.1, \"seed\": 1, \"held-out\": 0.1}",
                 "\"held_out\" stands twice in FILE: keep one");
}
END_TEST

START_TEST(what_is_not_json_is_shown_by_line_and_column)
{
    refused_json("{\"steps\": 10,\n \"seed\" 3}", "FILE is not JSON: look at line 2, column 9");
    refused_json("{\"text\": \"\xc3\xa9\xc3\xa9\" 3}",
                 "FILE is not JSON: look at line 1, column 15");
    refused_json("{\"steps\": NaN}", "FILE is not JSON: look at line 1, column 11");
    refused_json("{\"steps\": 10", "FILE is not JSON: look at line 1, column 13");
    refused_json("{\"steps\": 10} }", "FILE is not JSON: look at line 1, column 15");
    refused_json("", "FILE is not JSON: look at line 1, column 1");
    refused_json("[1, 2]", "FILE must hold one JSON object, like {\"steps\": 100}");
    refused_json("3", "FILE must hold one JSON object, like {\"steps\": 100}");
}
END_TEST

/* A string of C would end there, and be taken without its rest. */
START_TEST(a_nul_in_json_is_shown_by_line_and_column)
{
    refused_json("{\"text\": \"ab.txt\\u0000zz\"}",
                 "no setting may hold \\u0000: remove it from FILE, line 1, column 17");
    refused_json("{\"steps\": 3,\n \"se\\u0000ed\": 1}",
                 "no setting may hold \\u0000: remove it from FILE, line 2, column 5");
    ck_assert_int_eq(read_json("{\"text\": \"a\\\\u0000\", \"prompt\": \"\\u00001\"}"),
                     SETTINGS_WRONG);
    ck_assert_int_eq(read_json("{\"text\": \"a\\\\u0000\", \"prompt\": \"\\u0001\"}"), SETTINGS_GO);
    ck_assert_str_eq(text_file, "a\\u0000");
    settings_free(table);
}
END_TEST

/* A summary is JSON, and that is UTF-8; but a file may have any name. */
START_TEST(a_text_is_utf8_and_the_name_of_a_file_need_not_be)
{
    char wanted[256];
    REFUSED("--prompt is not UTF-8 text: at byte offset 1, 0xff does not begin a character; "
            "convert it, for example with iconv -f LATIN1 -t UTF-8",
            "--prompt", "a\xff");
    ck_assert_str_eq(prompt, "Once");
    set_up();
    ck_assert_int_eq(READ("--prompt", "\xc3\xa9", "--text", "a\xff"), SETTINGS_GO);
    ck_assert_str_eq(text_file, "a\xff");
    table[7].meta = "DIR";
    ck_assert_int_eq(READ("--text", "b\xff"), SETTINGS_GO);
    table[7].meta = "CMD";
    ck_assert_int_eq(READ("--text", "c\xff"), SETTINGS_GO);
    table[7].meta = "TEXT";
    ck_assert_int_eq(READ("--text", "d\xff"), SETTINGS_WRONG);
    ck_assert_str_eq(text_file, "c\xff");

    ck_assert_int_eq(read_json("{\"prompt\": \"\xe9\"}"), SETTINGS_WRONG);
    snprintf(wanted, sizeof wanted,
             "%s is not UTF-8 text: at byte offset 12, 0xe9 begins a character that is not "
             "completed; convert it, for example with iconv -f LATIN1 -t UTF-8",
             config);
    ck_assert_str_eq(err.text, wanted);
}
END_TEST

/* A run's summary holds them under that name, beside its results. */
START_TEST(the_settings_of_a_summary_are_taken_from_it)
{
    ck_assert_int_eq(
        read_json("{\"program\": \"chapter1\", \"settings\": {\"steps\": 7}, \"runs\": [1]}"),
        SETTINGS_GO);
    ck_assert_int_eq(steps, 7);
    settings_free(table);
    refused_json("{\"settings\": {\"stps\": 7}, \"runs\": []}",
                 "unknown key \"stps\" in FILE: did you mean \"steps\"? (--help lists all)");
    refused_json("{\"settings\": [7]}",
                 "unknown key \"settings\" in FILE: did you mean \"steps\"? (--help lists all)");
}
END_TEST

START_TEST(files_that_cant_be_settings_are_refused)
{
    char *big = malloc(2 << 20);
    char wanted[128];
    REFUSED("can't open --config /no/such.json: No such file or directory", "--config",
            "/no/such.json");
    REFUSED("can't read --config /tmp: Is a directory", "--config", "/tmp");
    memset(big, ' ', 2 << 20);
    write_config(big, 2 << 20);
    snprintf(wanted, sizeof wanted,
             "--config %s is a megabyte or more: that is no file of settings", config);
    REFUSED(wanted, "--config", config);
    write_config("{}\0{", 4);
    snprintf(wanted, sizeof wanted, "%s is not JSON: byte 2 is zero", config);
    REFUSED(wanted, "--config", config);
    free(big);
}
END_TEST

START_TEST(settings_written_as_json_read_back_the_same)
{
    set_up();
    ck_assert_int_eq(READ("--held-out", "0.3", "--learning-rate", "0.1234567890123456", "--bias",
                          "--prompt", "say \"hi\"\n"),
                     SETTINGS_GO);
    cJSON *json = settings_json(table);
    char *printed = cJSON_Print(json);
    ck_assert_ptr_null(cJSON_GetObjectItem(json, "resume"));
    ck_assert_int_eq(read_json(printed), SETTINGS_GO);
    ck_assert_int_eq(steps, 2000);
    ck_assert(held_out == 0.3 && rate == 0.1234567890123456 && bias);
    ck_assert_int_eq(smoothing, 2);
    ck_assert_ptr_null(text_file);
    ck_assert_str_eq(prompt, "say \"hi\"\n");
    cJSON_free(printed);
    cJSON_Delete(json);
    settings_free(table);
}
END_TEST

START_TEST(help_is_asked_for_by_either_name)
{
    set_up();
    ck_assert_int_eq(READ("--seed", "3", "--help"), SETTINGS_HELP);
    ck_assert_int_eq(READ("-h"), SETTINGS_HELP);
}
END_TEST

/* What settings_read_or_exit prints and its exit status. */
static int run_or_exit(char *out, size_t size, char *word)
{
    int ends[2], status;
    char *argv[] = {(char *)"./chapter1", word, NULL};
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1), dup2(ends[1], 2);
        settings_read_or_exit(table, 2, argv,
                              "Counts what follows what, in a text of your own or in tales drawn "
                              "from a grammar whose entropy is known.",
                              NULL);
        _exit(99);
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t n; (n = read(ends[0], out + used, size - 1 - used)) > 0;) used += (size_t)n;
    out[used] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

START_TEST(help_shows_every_row_in_a_hundred_columns)
{
    char out[8192];
    set_up();
    table[1].help = "of all random numbers, and so long a story about them that it has to be "
                    "broken into more than one line of the list";
    table[4].meta = "none|add-k|kneser-ney";
    ck_assert_int_eq(run_or_exit(out, sizeof out, (char *)"--help"), 0);
    ck_assert_ptr_nonnull(strstr(out, "usage: ./chapter1"));
    ck_assert_ptr_nonnull(strstr(
        out, "\n  --steps N          updates (from 1 to 1000000000; default 2000; quick 100)\n"));
    ck_assert_ptr_nonnull(strstr(out,
                                 "\n  --smoothing none|add-k|kneser-ney\n"
                                 "                     how counts are smoothed (none, add-k or "
                                 "kneser-ney; default kneser-ney; quick\n"
                                 "                     add-k)\n"));
    ck_assert_ptr_nonnull(strstr(out, "\n  --text FILE        a UTF-8 text to learn\n"));
    ck_assert_ptr_nonnull(strstr(out, "\n  --bias             with biases\n"));
    ck_assert_ptr_nonnull(strstr(out, "\n  --config FILE      "));
    ck_assert_ptr_nonnull(strstr(out, "peak (at least 0; default 0.0003)\n"));
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
        ck_assert_uint_le(strlen(line), 100);
}
END_TEST

static void ask_help(const char *where)
{
    char *argv[] = {(char *)"./chapter1", (char *)"--help", NULL};
    if (!freopen(where, "w", stdout)) _exit(99);
    settings_read_or_exit(table, 2, argv, "About.", NULL);
}

START_TEST(help_that_can_not_be_shown_exits_with_1)
{
    set_up();
    ck_assert_exits(ask_help("/dev/null"), 0, "");
    ck_assert_exits(ask_help("/dev/full"), 1,
                    "./chapter1: the list could not be shown: No space left on device\n");
}
END_TEST

START_TEST(a_wrong_line_exits_with_2_and_the_sentence)
{
    char out[1024];
    set_up();
    ck_assert_int_eq(run_or_exit(out, sizeof out, (char *)"--step"), 2);
    ck_assert_str_eq(out, "./chapter1: unknown option --step: did you mean --steps? "
                          "(--help lists all)\n");
    ck_assert_int_eq(run_or_exit(out, sizeof out, (char *)"--bias"), 99);
    ck_assert_str_eq(out, "");
}
END_TEST

static const TTest *const tests[] = {without_arguments_the_defaults_stand,
                                     each_type_is_read_from_the_command_line,
                                     whole_numbers_may_be_written_with_an_exponent,
                                     of_two_same_flags_the_last_counts,
                                     quick_comes_before_file_and_line_wherever_it_stands,
                                     each_type_is_read_from_json,
                                     the_command_line_goes_over_the_file,
                                     an_unknown_flag_gets_the_nearest_name,
                                     an_ambiguous_abbreviation_is_unknown_too,
                                     words_without_a_flag_are_refused,
                                     missing_and_superfluous_values_are_refused,
                                     whole_numbers_refuse_all_else,
                                     numbers_and_choices_refuse_all_else,
                                     json_values_are_checked_like_flags,
                                     json_keys_are_checked,
                                     what_is_not_json_is_shown_by_line_and_column,
                                     a_nul_in_json_is_shown_by_line_and_column,
                                     a_text_is_utf8_and_the_name_of_a_file_need_not_be,
                                     the_settings_of_a_summary_are_taken_from_it,
                                     files_that_cant_be_settings_are_refused,
                                     settings_written_as_json_read_back_the_same,
                                     help_is_asked_for_by_either_name,
                                     help_shows_every_row_in_a_hundred_columns,
                                     help_that_can_not_be_shown_exits_with_1,
                                     a_wrong_line_exits_with_2_and_the_sentence,
                                     NULL};

RUN_TESTS("settings", tests)
