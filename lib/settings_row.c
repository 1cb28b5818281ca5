/* settings_row.c: one row of a table: its name, what it accepts, and setting its variable. Each
 * value is checked here, whatever source it came from. */
#include "settings_row.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Setting settings_common[] = {
    {"config", SETTING_STRING, .meta = "FILE", .help = "take settings from a JSON file"},
    {"quick", SETTING_SWITCH, .help = "the same run at a small size"},
    {"help", SETTING_SWITCH, .help = "show this list"},
    {0}};

/* --- names ----------------------------------------------------------------------------------- */

static char as_key(char c)
{
    return c == '-' ? '_' : c;
}

const char *row_key(const char *name)
{
    static char key[SETTING_NAME_MAX + 1];
    size_t i = 0;
    for (; i < sizeof key - 1 && name[i]; i++) key[i] = as_key(name[i]);
    key[i] = '\0';
    return key;
}

int row_find(const Setting *table, const char *name, size_t length, bool json)
{
    for (int i = 0; table[i].type != SETTING_END; i++) {
        const char *known = table[i].name;
        size_t n = 0;
        while (n < length && known[n] &&
               (json ? as_key(known[n]) == as_key(name[n]) : known[n] == name[n]))
            n++;
        if (n == length && !known[n]) return i;
    }
    return -1;
}

/* Fewest insertions, deletions and changes that turn a into b (Levenshtein 1966). A known name b
 * that begins with a is nearest of all: a is an abbreviation. */
static int edit_distance(const char *a, const char *b)
{
    int row[SETTING_NAME_MAX + 1], n = (int)strlen(b);
    REQUIRE(n < (int)(sizeof row / sizeof *row), "the setting's name %s is too long", b);
    if (*a && strncmp(a, b, strlen(a)) == 0) return 0; /* as near as can be */
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < n; j++) {
            int change = diagonal + (as_key(a[i]) != as_key(b[j]));
            int gap = 1 + (row[j] < row[j + 1] ? row[j] : row[j + 1]);
            diagonal = row[j + 1];
            row[j + 1] = change < gap ? change : gap;
        }
    }
    return row[n];
}

const char *row_nearest(const Setting *table, const char *wrong, bool json)
{
    const Setting *lists[] = {table, json ? NULL : settings_common};
    const char *nearest = NULL;
    int least = INT_MAX;
    for (int l = 0; l < 2; l++) {
        for (const Setting *s = lists[l]; s && s->type != SETTING_END; s++) {
            if (json && s->no_json) continue;
            int distance = edit_distance(wrong, s->name);
            if (distance < least) least = distance, nearest = s->name;
        }
    }
    return nearest;
}

/* --- values ---------------------------------------------------------------------------------- */

/* The limits of a number; an int's are never wider than int. */
static void limits_of(const Setting *s, double *min, double *max)
{
    bool open = s->min == 0 && s->max == 0;
    *min = open ? -INFINITY : s->min;
    *max = open ? INFINITY : s->max;
    REQUIRE(*min <= *max, "--%s: its least value is above its greatest", s->name);
    if (s->type == SETTING_INT) {
        *min = fmax(*min, INT_MIN);
        *max = fmin(*max, INT_MAX);
    }
}

/* 1000000 rather than 1e+06, and 0.1 rather than 0.100000. Four calls later it is overwritten. */
static const char *number_text(double x)
{
    static char texts[4][32];
    static int turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof texts[0], fabs(x) < 1e15 && x == floor(x) ? "%.0f" : "%.10g", x);
    return text;
}

/* "none|add-k|kneser-ney": the i-th choice and its length, or NULL after the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    for (; i > 0; i--) {
        choices = strchr(choices, '|');
        if (!choices) return NULL;
        choices++;
    }
    *length = strcspn(choices, "|");
    return choices;
}

/* "none, add-k or kneser-ney" */
static void list_choices(char *out, size_t size, const char *choices)
{
    size_t used = 0, length, next;
    const char *word;
    for (int i = 0; (word = choice_at(choices, i, &length)) && used < size; i++) {
        const char *before = i == 0 ? "" : choice_at(choices, i + 1, &next) ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", before, (int)length, word);
    }
}

void row_range(char *out, size_t size, const Setting *s)
{
    double min, max;
    out[0] = '\0';
    if (s->type == SETTING_CHOICE) list_choices(out, size, s->choices);
    if (s->type != SETTING_INT && s->type != SETTING_REAL) return;
    limits_of(s, &min, &max);
    if (isfinite(min) && isfinite(max))
        snprintf(out, size, " from %s to %s", number_text(min), number_text(max));
    else if (isfinite(min))
        snprintf(out, size, " of at least %s", number_text(min));
    else if (isfinite(max))
        snprintf(out, size, " of at most %s", number_text(max));
}

void row_accepts(char *out, size_t size, const Setting *s)
{
    static const char *const words[] = {[SETTING_INT] = "a whole number",
                                        [SETTING_REAL] = "a number",
                                        [SETTING_SWITCH] = "true or false",
                                        [SETTING_STRING] = "a text in quotes",
                                        [SETTING_CHOICE] = ""};
    char range[256];
    row_range(range, sizeof range, s);
    snprintf(out, size, "%s%s", words[s->type], range);
}

void row_value(char *out, size_t size, const Setting *s)
{
    const char *text = NULL;
    size_t length = 0;
    if (s->type == SETTING_INT) text = number_text(*(int *)s->value);
    if (s->type == SETTING_REAL) text = number_text(*(double *)s->value);
    if (s->type == SETTING_SWITCH) text = *(bool *)s->value ? "true" : "false";
    if (s->type == SETTING_STRING) text = *(const char **)s->value;
    if (s->type == SETTING_CHOICE) {
        text = choice_at(s->choices, *(int *)s->value, &length);
        REQUIRE(text, "--%s holds %d, which is none of %s", s->name, *(int *)s->value, s->choices);
        snprintf(out, size, "%.*s", (int)length, text);
    } else {
        snprintf(out, size, "%s", text ? text : "");
    }
}

static bool set_number(Setting *s, double x)
{
    double min, max;
    limits_of(s, &min, &max);
    if (!(x >= min && x <= max)) return false; /* NaN fails too */
    if (s->type == SETTING_INT) {
        if (x != floor(x)) return false;
        *(int *)s->value = (int)x;
    } else {
        if (!isfinite(x)) return false;
        *(double *)s->value = x;
    }
    return true;
}

static bool set_choice(Setting *s, const char *text)
{
    const char *word;
    size_t length;
    for (int i = 0; (word = choice_at(s->choices, i, &length)); i++) {
        if (strlen(text) == length && strncmp(text, word, length) == 0) {
            *(int *)s->value = i;
            return true;
        }
    }
    return false;
}

static bool set_switch(Setting *s, bool on)
{
    *(bool *)s->value = on;
    return true;
}

/* The whole text is one number: strtod would skip leading blanks and stop at the first letter. */
static bool parse_number(const char *text, double *x)
{
    char *end;
    if (text[strspn(text, "+-.0123456789eE")]) return false; /* nor inf, nan and hexadecimals */
    errno = 0;
    *x = strtod(text, &end);
    return end != text && *end == '\0' && errno != ERANGE;
}

bool row_set_text(Setting *s, const char *text)
{
    double x;
    if (s->type == SETTING_SWITCH) return set_switch(s, strcmp(text, "true") == 0);
    if (s->type == SETTING_CHOICE) return set_choice(s, text);
    if (s->type != SETTING_STRING) return parse_number(text, &x) && set_number(s, x);
    *(const char **)s->value = text;
    return true;
}

bool row_set_json(Setting *s, const cJSON *item)
{
    const char *text = item->valuestring; /* NULL unless the item is a string */
    if (s->type == SETTING_SWITCH) return cJSON_IsBool(item) && set_switch(s, cJSON_IsTrue(item));
    if (s->type == SETTING_CHOICE) return text && set_choice(s, text);
    if (s->type != SETTING_STRING) return cJSON_IsNumber(item) && set_number(s, item->valuedouble);
    if (cJSON_IsNull(item)) return row_set_text(s, NULL);
    if (!text) return false;
    s->owned = must_realloc(s->owned, strlen(text) + 1, 1); /* the file's tree is freed soon */
    return row_set_text(s, strcpy(s->owned, text));
}
