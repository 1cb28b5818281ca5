/* settings.c: a table of hyper-parameters, filled from --quick, a JSON file and the command line.
 *
 * The command line is scanned first and only remembered, so that --quick and --config act before
 * the other flags wherever they stand. Then the sources are applied in order, the later over the
 * earlier. */
#include "settings_row.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static int row_count(const Setting *table)
{
    int n = 0;
    while (table[n].type != SETTING_END) n++;
    return n;
}

/* --- the file -------------------------------------------------------------------------------- */

/* The whole file as a string; free() it. */
static char *read_config(const char *path, Error *err)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        error_set(err, "can't open --config %s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = NEW(char, FILE_MAX_BYTES + 1);
    size_t size = fread(text, 1, FILE_MAX_BYTES, in);
    bool ok = true;
    if (ferror(in))
        ok = error_set(err, "can't read --config %s: %s", path, strerror(errno));
    else if (size == FILE_MAX_BYTES)
        ok = error_set(err, "--config %s is a megabyte or more: that is no file of settings", path);
    else if (strlen(text) != size)
        ok = error_set(err, "%s is not JSON: byte %zu is zero", path, strlen(text));
    else
        ok = utf8_check(text, size, path, err);
    fclose(in);
    if (ok) return text;
    free(text);
    return NULL;
}

/* The line and the column of a place in a text, from 1. */
static void find_place(const char *text, const char *place, int *line, int *column)
{
    *line = *column = 1;
    for (const char *c = text; c < place; c++) {
        if (*c == '\n')
            ++*line, *column = 1;
        else
            *column += ((unsigned char)*c & 0xC0) != 0x80; /* a character, not its later bytes */
    }
}

/* Where \u0000 stands in JSON, or NULL. A string of C would end there. */
static const char *find_nul(const char *text)
{
    while ((text = strchr(text, '\\')) != NULL) {
        if (strncmp(text, "\\u0000", 6) == 0) return text;
        text += 2; /* a backslash may be escaped itself */
    }
    return NULL;
}

/* The tree of a JSON object; cJSON_Delete it. */
static cJSON *parse_object(const char *text, const char *path, Error *err)
{
    int line, column;
    const char *stop = text;
    cJSON *json = cJSON_ParseWithOpts(text, &stop, true);
    const char *nul = json ? find_nul(text) : NULL;
    if (cJSON_IsObject(json) && !nul) return json;
    find_place(text, nul ? nul : stop, &line, &column);
    if (nul)
        error_set(err, "no setting may hold \\u0000: remove it from %s, line %d, column %d", path,
                  line, column);
    else if (json)
        error_set(err, "%s must hold one JSON object, like {\"steps\": 100}", path);
    else
        error_set(err, "%s is not JSON: look at line %d, column %d", path, line, column);
    cJSON_Delete(json);
    return NULL;
}

/* cJSON reads 1e999 as infinity, and would print null for it. */
static bool refuse_value(const Setting *s, const cJSON *item, const char *path, Error *err)
{
    bool infinite = cJSON_IsNumber(item) && !isfinite(item->valuedouble);
    char accepts[256], *given = cJSON_PrintUnformatted(item);
    row_accepts(accepts, sizeof accepts, s);
    error_set(err, "\"%s\" in %s must be %s, not %.80s", item->string, path, accepts,
              infinite ? "a number that is too large to hold" : given);
    cJSON_free(given);
    return false;
}

static bool apply_item(Setting *table, const cJSON *item, const char *path, Error *err)
{
    const char *key = item->string;
    int i = row_find(table, key, strlen(key), true);
    if (row_find(settings_common, key, strlen(key), true) >= 0 || (i >= 0 && table[i].no_json))
        return error_set(err, "\"%s\" in %s is a flag only: give it as --%s on the command line",
                         key, path, i >= 0 ? table[i].name : key);
    if (i < 0) {
        const char *nearest = row_nearest(table, key, true);
        return error_set(err,
                         "unknown key \"%.80s\" in %s: did you mean \"%s\"? (--help lists all)",
                         key, path, nearest ? row_key(nearest) : "");
    }
    for (const cJSON *c = item->next; c; c = c->next)
        if (row_find(table, c->string, strlen(c->string), true) == i)
            return error_set(err, "\"%s\" stands twice in %s: keep one", key, path);
    if (!row_set_json(&table[i], item)) return refuse_value(&table[i], item, path, err);
    return table[i].given = true;
}

static bool apply_config(Setting *table, const char *path, Error *err)
{
    char *text = read_config(path, err);
    if (!text) return false;
    cJSON *json = parse_object(text, path, err);
    free(text);
    if (!json) return false;
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(json, "settings"); /* of a summary */
    const cJSON *item = cJSON_IsObject(inner) ? inner->child : json->child;
    bool ok = true;
    for (; item && ok; item = item->next) ok = apply_item(table, item, path, err);
    cJSON_Delete(json);
    return ok;
}

/* --- the command line ------------------------------------------------------------------------ */

/* What the line says, before anything of it is applied. */
typedef struct {
    struct option *options; /* the table's rows, then those that every program has */
    const char **text;      /* (rows) the last value given, or NULL */
    const char *config;
    bool quick, help;
} Line;

static struct option *options_new(const Setting *table, int rows)
{
    struct option *options = NEW(struct option, rows + COMMON_COUNT + 1);
    for (int i = 0; i < rows + COMMON_COUNT; i++) {
        const Setting *s = i < rows ? &table[i] : &settings_common[i - rows];
        options[i].name = s->name;
        options[i].has_arg = s->type == SETTING_SWITCH ? no_argument : required_argument;
    }
    return options;
}

/* getopt keeps its place between calls; tests read many lines in one process. */
static void getopt_restart(void)
{
    opterr = 0;
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
    optreset = 1;
    optind = 1;
#else
    optind = 0;
#endif
}

static bool stray_word(const char *word, Error *err)
{
    return error_set(err, "can't use \"%.80s\": a value follows its flag (--help lists all)", word);
}

/* getopt would take an abbreviation, which a later version of the table might make ambiguous, so
 * the name is looked up in full before getopt sees it. */
static bool check_name(const Setting *table, const char *word, Error *err)
{
    if (word[0] != '-' || !word[1]) return stray_word(word, err);
    if (strcmp(word, "--") == 0 || strcmp(word, "-h") == 0) return true;
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    if (name - word == 2 && (row_find(table, name, length, false) >= 0 ||
                             row_find(settings_common, name, length, false) >= 0))
        return true;
    char wrong[SETTING_NAME_MAX + 1] = "";
    memcpy(wrong, name, length < sizeof wrong ? length : sizeof wrong - 1);
    return error_set(err, "unknown option %.*s%s: did you mean --%s? (--help lists all)",
                     (int)(name - word), word, wrong, row_nearest(table, wrong, false));
}

/* getopt's complaint about a flag that is known: its value is missing, or it takes none. */
static bool wrong_value(const Setting *table, const char *word, int complaint, Error *err)
{
    char accepts[256];
    int length = (int)strcspn(word, "=");
    int i = row_find(table, word + 2, (size_t)length - 2, false);
    if (complaint == '?') return error_set(err, "%.*s takes no value", length, word);
    if (i < 0 || table[i].type == SETTING_STRING)
        return error_set(err, "%s needs a value after it", word);
    row_accepts(accepts, sizeof accepts, &table[i]);
    return error_set(err, "%s needs a value after it: %s", word, accepts);
}

static void note_option(Line *line, int index, int rows)
{
    if (index < rows)
        line->text[index] = optarg ? optarg : "true";
    else if (index == rows + COMMON_CONFIG)
        line->config = optarg;
    else if (index == rows + COMMON_QUICK)
        line->quick = true;
    else
        line->help = true;
}

static bool scan_line(Line *line, const Setting *table, int rows, int argc, char **argv, Error *err)
{
    getopt_restart();
    for (int at = 1; at < argc; at = optind) {
        int index = rows + COMMON_HELP; /* -h leaves it so */
        if (!check_name(table, argv[at], err)) return false;
        int got = getopt_long(argc, argv, "+:h", line->options, &index);
        if (got == '?' || got == ':') return wrong_value(table, argv[at], got, err);
        if (got == -1) { /* after "--" */
            if (optind == argc) return true;
            return stray_word(argv[optind], err);
        }
        if (optarg && optarg == argv[optind - 1] && strncmp(optarg, "--", 2) == 0)
            return error_set(err, "%s needs a value before %s (or write %s=%s)", argv[at], optarg,
                             argv[at], optarg);
        note_option(line, index, rows);
    }
    return true;
}

static void apply_quick(Setting *table)
{
    for (Setting *s = table; s->type != SETTING_END; s++)
        REQUIRE(!s->quick || row_set_text(s, s->quick), "--%s can't be %s", s->name, s->quick);
}

/* What stands in a summary must be UTF-8. Names of files, and commands that hold some, may be any
 * bytes: there they are given as the system has them. */
static bool check_text(const Setting *s, const char *text, Error *err)
{
    static const char *const any[] = {"FILE", "DIR", "CMD"};
    char flag[SETTING_NAME_MAX + 3];
    if (s->type != SETTING_STRING) return true;
    for (int i = 0; i < 3 && s->meta; i++)
        if (strcmp(s->meta, any[i]) == 0) return true;
    snprintf(flag, sizeof flag, "--%s", s->name);
    return utf8_check(text, strlen(text), flag, err);
}

static bool apply_line(Setting *table, const Line *line, Error *err)
{
    for (int i = 0; table[i].type != SETTING_END; i++) {
        if (!line->text[i]) continue;
        if (!check_text(&table[i], line->text[i], err)) return false;
        if (!row_set_text(&table[i], line->text[i])) {
            char accepts[256];
            row_accepts(accepts, sizeof accepts, &table[i]);
            return error_set(err, "--%s must be %s, not \"%.80s\"", table[i].name, accepts,
                             line->text[i]);
        }
        table[i].given = table[i].flag = true;
    }
    return true;
}

/* --- what a program calls -------------------------------------------------------------------- */

/* Where memory is missing, cJSON by itself goes on and leaves things out. */
static void *json_memory(size_t bytes)
{
    return must_calloc(bytes, 1);
}

static const char *config_file;

const char *settings_config(void)
{
    return config_file;
}

SettingsResult settings_read(Setting *table, int argc, char **argv, bool *quick, Error *err)
{
    int rows = row_count(table);
    Line line = {.options = options_new(table, rows), .text = NEW(const char *, rows)};
    SettingsResult result = SETTINGS_WRONG;
    cJSON_InitHooks(&(cJSON_Hooks){json_memory, free});
    for (int i = 0; i < rows; i++) table[i].given = table[i].flag = false;
    if (scan_line(&line, table, rows, argc, argv, err)) {
        if (line.quick) apply_quick(table);
        if (line.help)
            result = SETTINGS_HELP;
        else if ((!line.config || apply_config(table, line.config, err)) &&
                 apply_line(table, &line, err))
            result = SETTINGS_GO;
    }
    if (quick) *quick = line.quick;
    config_file = line.config;
    free(line.options);
    free(line.text);
    return result;
}

void settings_read_or_exit(Setting *table, int argc, char **argv, const char *about, bool *quick)
{
    Error err;
    const char *program = argc > 0 ? argv[0] : "program";
    switch (settings_read(table, argc, argv, quick, &err)) {
    case SETTINGS_GO:
        return;
    case SETTINGS_HELP:
        settings_help(table, program, about);
        if (fflush(stdout) == 0 && !ferror(stdout)) exit(0);
        fprintf(stderr, "%s: the list could not be shown: %s\n", program, strerror(errno));
        exit(1);
    default:
        fprintf(stderr, "%s: %s\n", program, err.text);
        exit(2);
    }
}

bool settings_given(const Setting *table, const char *name)
{
    int i = row_find(table, name, strlen(name), false);
    REQUIRE(i >= 0, "no setting is called %s", name);
    return table[i].given;
}

static bool is_among(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (; *names; names += strcspn(names, " "), names += *names == ' ')
        if (strcspn(names, " ") == length && strncmp(names, name, length) == 0) return true;
    return false;
}

static bool flags_fit(const Setting *table, const char *with, const char *names, bool wanted,
                      Error *err)
{
    for (const Setting *s = table; s->type != SETTING_END; s++)
        if (s->flag && is_among(names, s->name) != wanted)
            return error_set(err, "--%s has no effect with %s: leave it out", s->name, with);
    return true;
}

bool settings_used(const Setting *table, const char *with, const char *used, Error *err)
{
    return flags_fit(table, with, used, true, err);
}

bool settings_idle(const Setting *table, const char *with, const char *idle, Error *err)
{
    return flags_fit(table, with, idle, false, err);
}

cJSON *settings_json(const Setting *table)
{
    cJSON *json = cJSON_CreateObject();
    for (const Setting *s = table; s->type != SETTING_END; s++) {
        char choice[SETTING_NAME_MAX + 1];
        cJSON *item;
        if (s->no_json) continue;
        if (s->type == SETTING_INT) {
            item = cJSON_CreateNumber(*(int *)s->value);
        } else if (s->type == SETTING_REAL) {
            item = cJSON_CreateNumber(*(double *)s->value);
        } else if (s->type == SETTING_SWITCH) {
            item = cJSON_CreateBool(*(bool *)s->value);
        } else if (s->type == SETTING_CHOICE) {
            row_value(choice, sizeof choice, s);
            item = cJSON_CreateString(choice);
        } else {
            const char *text = *(const char **)s->value;
            item = text ? cJSON_CreateString(text) : cJSON_CreateNull();
        }
        cJSON_AddItemToObject(json, row_key(s->name), item);
    }
    return json;
}

void settings_free(Setting *table)
{
    for (Setting *s = table; s->type != SETTING_END; s++) {
        if (s->owned && *(char **)s->value == s->owned) *(char **)s->value = NULL;
        free(s->owned);
        s->owned = NULL;
    }
}
