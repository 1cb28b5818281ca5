/* settings_help.c: the list of flags that --help shows, made from the table. */
#include "settings_row.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 100, FLAG_COLUMN_MAX = 30 };

/* Prints words from column `indent` on, and breaks lines before HELP_WIDTH. */
static void print_wrapped(const char *text, int indent)
{
    int column = indent;
    while (*text) {
        int word = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + word > HELP_WIDTH)
            printf("\n%*s", column = indent, "");
        else if (column > indent)
            putchar(' '), column++;
        printf("%.*s", word, text);
        column += word;
        text += word;
        if (*text == '\n') printf("\n%*s", column = indent, "");
        if (*text) text++;
    }
    putchar('\n');
}

/* "--held-out X" */
static void flag_text(char *out, size_t size, const Setting *s)
{
    static const char *const by_type[] = {[SETTING_INT] = "N",
                                          [SETTING_REAL] = "X",
                                          [SETTING_STRING] = "TEXT",
                                          [SETTING_CHOICE] = "NAME"};
    const char *meta = s->meta ? s->meta : s->type == SETTING_SWITCH ? NULL : by_type[s->type];
    snprintf(out, size, "--%s%s%s", s->name, meta ? " " : "", meta ? meta : "");
}

/* Joins the notes of a row with "; ". */
static void add_note(char *notes, size_t size, const char *before, const char *note)
{
    size_t used = strlen(notes);
    if (*note) snprintf(notes + used, size - used, "%s%s%s", used ? "; " : "", before, note);
}

/* "updates (from 1 to 1000000000; default 2000; quick 100)" */
static void help_text(char *out, size_t size, const Setting *s)
{
    char range[256] = "", value[256] = "", notes[800] = "";
    bool unlimited = s->type == SETTING_INT && s->min == 0 && s->max == 0;
    if (!unlimited) row_range(range, sizeof range, s);
    if (s->value) row_value(value, sizeof value, s);
    const char *short_range = range + strspn(range, " ");
    if (strncmp(short_range, "of ", 3) == 0) short_range += 3;
    add_note(notes, sizeof notes, "", short_range);
    if (strcmp(value, "false") != 0) add_note(notes, sizeof notes, "default ", value);
    if (s->quick) add_note(notes, sizeof notes, "quick ", s->quick);
    snprintf(out, size, notes[0] ? "%s (%s)" : "%s", s->help ? s->help : "", notes);
}

static void help_row(const Setting *s, int column)
{
    char flag[128], text[1200];
    flag_text(flag, sizeof flag, s);
    help_text(text, sizeof text, s);
    int width = printf("  %s", flag);
    if (width + 2 > column)
        printf("\n%*s", column, "");
    else
        printf("%*s", column - width, "");
    print_wrapped(text, column);
}

void settings_help(const Setting *table, const char *program, const char *about)
{
    const Setting *lists[] = {table, settings_common};
    int column = 0;
    char flag[128];
    for (int l = 0; l < 2; l++) {
        for (const Setting *s = lists[l]; s->type != SETTING_END; s++) {
            flag_text(flag, sizeof flag, s);
            int width = (int)strlen(flag) + 4;
            if (width > column && width <= FLAG_COLUMN_MAX) column = width;
        }
    }
    printf("usage: %s [--flag value]...\n\n", program);
    if (about) print_wrapped(about, 0), putchar('\n');
    for (int l = 0; l < 2; l++)
        for (const Setting *s = lists[l]; s->type != SETTING_END; s++) help_row(s, column);
}
