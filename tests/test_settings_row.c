/* test_settings_row.c: one row of a table at the edge of what it accepts, and its lines of --help.
 */
#include "suite.h"

#include <errno.h>

#include "settings_row.h"

static Error err;

/* Reads a command line of one flag and its value. */
static SettingsResult read_flag(Setting *table, const char *flag, const char *value)
{
    char *argv[] = {(char *)"./chapter1", (char *)flag, (char *)value, NULL};
    return settings_read(table, value ? 3 : 2, argv, NULL, &err);
}

static void refused(Setting *table, const char *flag, const char *value, const char *sentence)
{
    ck_assert_int_eq(read_flag(table, flag, value), SETTINGS_WRONG);
    ck_assert_str_eq(err.text, sentence);
}

/* --- values ----------------------------------------------------------------------------------- */

START_TEST(both_limits_are_accepted_and_what_is_beyond_is_not)
{
    int whole = 3;
    double number = 0.5;
    Setting table[] = {{"whole", SETTING_INT, &whole, .min = -2, .max = 7},
                       {"number", SETTING_REAL, &number, .min = 0.25, .max = 0.75},
                       {0}};
    ck_assert(read_flag(table, "--whole", "-2") == SETTINGS_GO && whole == -2);
    ck_assert(read_flag(table, "--whole", "7") == SETTINGS_GO && whole == 7);
    ck_assert(read_flag(table, "--number", "0.25") == SETTINGS_GO && number == 0.25);
    ck_assert(read_flag(table, "--number", "0.75") == SETTINGS_GO && number == 0.75);
    refused(table, "--whole", "-3", "--whole must be a whole number from -2 to 7, not \"-3\"");
    refused(table, "--whole", "8", "--whole must be a whole number from -2 to 7, not \"8\"");
    refused(table, "--number", "0.76", "--number must be a number from 0.25 to 0.75, not \"0.76\"");
    ck_assert(whole == 7 && number == 0.75);
}
END_TEST

START_TEST(a_row_may_have_one_limit_or_one_value_only)
{
    int five = 1, least = 1;
    double most = 1;
    Setting table[] = {{"five", SETTING_INT, &five, .min = 5, .max = 5},
                       {"least", SETTING_INT, &least, .min = 0, .max = 5},
                       {"most", SETTING_REAL, &most, .min = -INFINITY, .max = 5},
                       {0}};
    ck_assert(read_flag(table, "--five", "5") == SETTINGS_GO && five == 5);
    refused(table, "--five", "6", "--five must be a whole number from 5 to 5, not \"6\"");
    refused(table, "--least", "-1", "--least must be a whole number from 0 to 5, not \"-1\"");
    ck_assert(read_flag(table, "--most", "-1e9") == SETTINGS_GO && most == -1e9);
    refused(table, "--most", "5.1", "--most must be a number of at most 5, not \"5.1\"");
    refused(table, "--most", "-1e999", "--most must be a number of at most 5, not \"-1e999\"");
}
END_TEST

START_TEST(a_number_begins_with_a_digit_a_sign_or_a_point)
{
    double x = 0;
    Setting table[] = {{"x", SETTING_REAL, &x, .help = "any"}, {0}};
    static const struct {
        const char *text;
        double value;
    } right[] = {{"+5", 5}, {"-.5", -0.5}, {".25", 0.25}, {"9", 9}, {"0", 0}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        ck_assert(read_flag(table, "--x", right[i].text) == SETTINGS_GO && x == right[i].value);
    static const char *const wrong[] = {"",     "+",  "-",  ".",    "nan",   "inf",
                                        "-inf", "5 ", "1e", "0x10", "1e-400"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char sentence[64];
        snprintf(sentence, sizeof sentence, "--x must be a number, not \"%s\"", wrong[i]);
        refused(table, "--x", wrong[i], sentence);
    }
    errno = ERANGE; /* of a number that was too small, or of whatever was computed before */
    ck_assert(read_flag(table, "--x", "2") == SETTINGS_GO && x == 2);
}
END_TEST

START_TEST(large_numbers_are_shown_in_full_up_to_a_thousand_million_millions)
{
    double x = 999999999999999;
    char shown[64];
    Setting row = {"x", SETTING_REAL, &x, .help = "any"};
    row_value(shown, sizeof shown, &row);
    ck_assert_str_eq(shown, "999999999999999");
    x = 1.05e15;
    row_value(shown, sizeof shown, &row);
    ck_assert_str_eq(shown, "1.05e+15");
    x = -1e15;
    row_value(shown, sizeof shown, &row);
    ck_assert_str_eq(shown, "-1e+15");
    x = 0.1;
    row_value(shown, sizeof shown, &row);
    ck_assert_str_eq(shown, "0.1");
}
END_TEST

START_TEST(tables_that_contradict_themselves_stop_the_program)
{
    int x = 7;
    char out[64];
    Setting upside_down = {"x", SETTING_INT, &x, .min = 2, .max = 1};
    Setting choice = {"c", SETTING_CHOICE, &x, .choices = "one|two"};
    Setting quick[] = {{"q", SETTING_INT, &x, .min = 1, .max = 9, .quick = "10"}, {0}};
    Setting long_name[] = {
        {"this-name-is-long-this-name-is-long-this-name-is-long-this-name-is-long", SETTING_SWITCH,
         &x, .help = "none"},
        {0}};
    ck_assert_dies(row_range(out, sizeof out, &upside_down),
                   "--x: its least value is above its greatest");
    ck_assert_dies(row_value(out, sizeof out, &choice), "--c holds 7, which is none of one|two");
    ck_assert_dies(read_flag(quick, "--quick", NULL), "--q can't be 10");
    ck_assert_dies(settings_given(quick, "r"), "no setting is called r");
    ck_assert_dies(row_nearest(long_name, "x", false), "is too long");
}
END_TEST

/* --- names ------------------------------------------------------------------------------------ */

/* Fewest insertions, deletions and changes: by hand. */
START_TEST(the_nearest_name_is_the_one_with_the_fewest_changes)
{
    static const struct {
        const char *first, *second, *wrong, *nearest;
    } cases[] = {
        {"abcd", "abxx", "abcx", "abcd"},         /* 1 change each: the first */
        {"abxx", "abcdefg", "abcdef", "abcdefg"}, /* an abbreviation */
        {"ba", "bias", "bi", "bias"},             /* an abbreviation is nearer than one change */
        {"xabcd", "abdd", "abcd", "xabcd"},       /* an insertion costs what a change costs */
        {"axyz", "abcde", "abcdxe", "abcde"},     /* a deletion: 1, against 4 */
        {"abc", "bcd", "bcde", "bcd"},            /* deletion 1, against 3 */
        {"tab", "tax", "oax", "tax"},             /* the last letter counts too */
        {"kitten", "sitting", "sittin", "sitting"},
        {"held-out", "help-me", "held_ou_t", "held-out"}, /* a dash is an underscore */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Setting table[] = {{.name = cases[i].first, .type = SETTING_SWITCH},
                           {.name = cases[i].second, .type = SETTING_SWITCH},
                           {0}};
        ck_assert_str_eq(row_nearest(table, cases[i].wrong, true), cases[i].nearest);
    }
}
END_TEST

START_TEST(a_key_is_a_name_with_underscores_and_a_limit)
{
    char name[100];
    memset(name, '-', sizeof name);
    name[SETTING_NAME_MAX] = '\0';
    ck_assert_str_eq(row_key("held-out"), "held_out");
    ck_assert_uint_eq(strspn(row_key(name), "_"), SETTING_NAME_MAX);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    ck_assert_uint_eq(strlen(row_key(name)), SETTING_NAME_MAX);
}
END_TEST

/* With one letter more or less a name of the greatest length is still the nearest. */
START_TEST(a_name_or_choice_may_have_the_greatest_length)
{
    char longest[SETTING_NAME_MAX + 1] = "", choices[80], wrong[80];
    int way = 1;
    memset(longest, 'n', SETTING_NAME_MAX);
    snprintf(choices, sizeof choices, "one|%s|two", longest);
    Setting table[] = {{"some", SETTING_SWITCH, &way, .help = "any"},
                       {longest, SETTING_CHOICE, &way, .choices = choices, .help = "any"},
                       {0}};
    snprintf(wrong, sizeof wrong, "x%s", longest);
    ck_assert_str_eq(row_nearest(table, wrong, false), longest);
    ck_assert_str_eq(row_nearest(table, wrong + 2, false), longest);
    wrong[SETTING_NAME_MAX] = '\0';
    ck_assert_str_eq(row_nearest(table, wrong, false), longest);
    table[0].no_json = true;
    cJSON *json = settings_json(table);
    ck_assert_str_eq(cJSON_GetObjectItem(json, longest)->valuestring, longest);
    cJSON_Delete(json);
}
END_TEST

START_TEST(of_a_long_wrong_name_the_beginning_is_shown)
{
    char flag[103] = "--", sentence[256];
    bool text = false;
    Setting table[] = {{"lexicon", SETTING_SWITCH, &text, .help = "words"}, {0}};
    memset(flag + 2, 'x', 100);
    snprintf(sentence, sizeof sentence,
             "unknown option --%.63s: did you mean --lexicon? (--help lists all)", flag + 2);
    refused(table, flag, NULL, sentence);
}
END_TEST

/* --- the file --------------------------------------------------------------------------------- */

static char config[] = "/tmp/test_settings_row_XXXXXX";

static SettingsResult read_json(Setting *table, const char *json)
{
    strcpy(strrchr(config, '_'), "_XXXXXX");
    int to = mkstemp(config);
    ck_assert_int_ge(to, 0);
    ck_assert_int_eq(write(to, json, strlen(json)), (ssize_t)strlen(json));
    close(to);
    SettingsResult result = read_flag(table, "--config", config);
    unlink(config);
    return result;
}

START_TEST(a_key_of_a_flag_is_refused_in_the_first_row_too)
{
    bool fresh = false;
    char wanted[256];
    Setting table[] = {{"from-scratch", SETTING_SWITCH, &fresh, .no_json = true}, {0}};
    ck_assert_int_eq(read_json(table, "{\"from_scratch\": true}"), SETTINGS_WRONG);
    snprintf(wanted, sizeof wanted,
             "\"from_scratch\" in %s is a flag only: give it as --from-scratch on the command line",
             config);
    ck_assert_str_eq(err.text, wanted);
    static const char *const common[] = {"config", "quick", "help"};
    for (int i = 0; i < COMMON_COUNT; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"%s\": true}", common[i]);
        ck_assert_int_eq(read_json(table, json), SETTINGS_WRONG);
        snprintf(wanted, sizeof wanted,
                 "\"%s\" in %s is a flag only: give it as --%s on the command line", common[i],
                 config, common[i]);
        ck_assert_str_eq(err.text, wanted);
    }
    ck_assert(!fresh);
}
END_TEST

START_TEST(a_file_of_a_byte_less_than_a_megabyte_is_read)
{
    enum { MEGABYTE = 1 << 20 };
    int x = 1;
    char *json = malloc(MEGABYTE + 1), wanted[256];
    Setting table[] = {{"x", SETTING_INT, &x, .help = "any"}, {0}};
    memset(json, ' ', MEGABYTE);
    memcpy(json, "{\"x\": 5}", 8);
    json[MEGABYTE - 1] = '\0';
    ck_assert_msg(read_json(table, json) == SETTINGS_GO, "%s", err.text);
    ck_assert_int_eq(x, 5);
    json[MEGABYTE - 1] = ' ', json[MEGABYTE] = '\0';
    ck_assert_int_eq(read_json(table, json), SETTINGS_WRONG);
    snprintf(wanted, sizeof wanted,
             "--config %s is a megabyte or more: that is no file of settings", config);
    ck_assert_str_eq(err.text, wanted);
    free(json);
}
END_TEST

START_TEST(a_file_settles_what_is_given_once_per_reading)
{
    int x = 1;
    Setting table[] = {{"x", SETTING_INT, &x, .help = "any"}, {0}};
    ck_assert_int_eq(read_json(table, "{\"x\": 5}"), SETTINGS_GO);
    ck_assert(settings_given(table, "x"));
    ck_assert_int_eq(read_json(table, "{}"), SETTINGS_GO);
    ck_assert(!settings_given(table, "x"));
}
END_TEST

START_TEST(texts_of_any_length_come_whole_from_a_file)
{
    const char *first = NULL, *second = NULL;
    Setting table[] = {{"first", SETTING_STRING, &first, .help = "any"},
                       {"second", SETTING_STRING, &second, .help = "any"},
                       {0}};
    for (int length = 1; length <= 100; length++) {
        char text[101] = "", json[256];
        memset(text, 't', (size_t)length);
        snprintf(json, sizeof json, "{\"first\": \"%s\", \"second\": \"%s\"}", text, text + 1);
        ck_assert_int_eq(read_json(table, json), SETTINGS_GO);
        ck_assert_str_eq(first, text);
        ck_assert_str_eq(second, text + 1);
        settings_free(table);
        ck_assert(!first && !second);
    }
}
END_TEST

/* --- help ------------------------------------------------------------------------------------- */

/* What settings_help prints of this table; valid until the next call. */
static const char *help_of(const Setting *table, const char *about)
{
    static char text[8192];
    FILE *kept = tmpfile();
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    dup2(fileno(kept), STDOUT_FILENO);
    settings_help(table, "./chapter1", about);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(kept);
    text[fread(text, 1, sizeof text - 1, kept)] = '\0';
    fclose(kept);
    return text;
}

#define COMMON(indent)                                          \
    "  --config FILE" indent "take settings from a JSON file\n" \
    "  --quick      " indent "the same run at a small size\n"   \
    "  --help       " indent "show this list\n"

START_TEST(help_is_the_page_written_by_hand)
{
    int few = 0, seed = 7;
    double rate = 0.5;
    bool on = true, off = false;
    const char *text = "Once", *none = NULL;
    const Setting table[] = {
        {"few", SETTING_INT, &few, .min = 0, .max = 5, .help = "a range from 0"},
        {"seed", SETTING_INT, &seed, .help = "any"},
        {"rate", SETTING_REAL, &rate, .min = 0, .max = INFINITY, .quick = "2", .help = "one limit"},
        {"on", SETTING_SWITCH, &on, .help = NULL},
        {"off", SETTING_SWITCH, &off, .help = "is off"},
        {"text", SETTING_STRING, &text, .help = "a beginning"},
        {"none", SETTING_STRING, &none, .meta = "FILE", .help = "nothing"},
        {"way", SETTING_CHOICE, &few, .choices = "one|two", .help = "how"},
        {0}};
    ck_assert_str_eq(help_of(table, "Says one\nand two."),
                     "usage: ./chapter1 [--flag value]...\n"
                     "\n"
                     "Says one\n"
                     "and two.\n"
                     "\n"
                     "  --few N        a range from 0 (from 0 to 5; default 0)\n"
                     "  --seed N       any (default 7)\n"
                     "  --rate X       one limit (at least 0; default 0.5; quick 2)\n"
                     "  --on           (default true)\n"
                     "  --off          is off\n"
                     "  --text TEXT    a beginning (default Once)\n"
                     "  --none FILE    nothing\n"
                     "  --way NAME     how (one or two; default one)\n" COMMON("  "));
}
END_TEST

START_TEST(a_flag_of_26_letters_has_its_help_beside_it_and_a_longer_one_above)
{
    bool on = false;
    Setting table[] = {{"twenty-six-in-all-letters", SETTING_SWITCH, &on, .help = "below"},
                       {"twenty-six-in-all-letter", SETTING_SWITCH, &on, .help = "beside"},
                       {0}};
    ck_assert_str_eq(help_of(table, NULL),
                     "usage: ./chapter1 [--flag value]...\n"
                     "\n"
                     "  --twenty-six-in-all-letters\n"
                     "                              below\n"
                     "  --twenty-six-in-all-letter  beside\n" COMMON("               "));
}
END_TEST

START_TEST(a_line_of_help_has_a_hundred_columns_at_most)
{
    const Setting none[] = {{0}};
    char about[128] = "";
    for (int i = 0; i < 10; i++) strcat(about, "ninechars ");
    about[99] = 's'; /* 9 words of 9 letters, one of 10, and 9 blanks: 100 */
    const char *help = help_of(none, about);
    const char *body = strstr(help, "\n\n") + 2;
    ck_assert_uint_eq(strcspn(body, "\n"), 100);
    strcat(about, "s");
    help = help_of(none, about);
    body = strstr(help, "\n\n") + 2;
    ck_assert_uint_eq(strcspn(body, "\n"), 89);
    ck_assert_int_eq(strncmp(body + 89, "\nninecharsss\n", 13), 0);
}
END_TEST

static const TTest *const tests[] = {
    both_limits_are_accepted_and_what_is_beyond_is_not,
    a_row_may_have_one_limit_or_one_value_only,
    a_number_begins_with_a_digit_a_sign_or_a_point,
    large_numbers_are_shown_in_full_up_to_a_thousand_million_millions,
    tables_that_contradict_themselves_stop_the_program,
    the_nearest_name_is_the_one_with_the_fewest_changes,
    a_key_is_a_name_with_underscores_and_a_limit,
    a_name_or_choice_may_have_the_greatest_length,
    of_a_long_wrong_name_the_beginning_is_shown,
    a_key_of_a_flag_is_refused_in_the_first_row_too,
    a_file_of_a_byte_less_than_a_megabyte_is_read,
    a_file_settles_what_is_given_once_per_reading,
    texts_of_any_length_come_whole_from_a_file,
    help_is_the_page_written_by_hand,
    a_flag_of_26_letters_has_its_help_beside_it_and_a_longer_one_above,
    a_line_of_help_has_a_hundred_columns_at_most,
    NULL};

RUN_TESTS("settings_row", tests)
