/* commands.c: would a command that the page tells a reader to type be understood? */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

/* The next word of a command, cut at blanks and where another command begins; 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
    *at += strspn(*at, " \n'\"");
    size_t length = strcspn(*at, " \n'\"|;&()");
    if (*at + length > end) length = *at < end ? (size_t)(end - *at) : 0;
    return length;
}

/* A flag stands in the list as "  --flag". */
static bool has_flag(const char *help, const char *flag, size_t length)
{
    for (const char *p = help; (p = memmem(p, strlen(p), flag, length)); p += length)
        if (p > help && p[-1] == ' ' && strchr(" \n", p[length])) return true;
    return false;
}

static void check_flag(Book *b, const char *at, const char *program, size_t length)
{
    char command[64];
    snprintf(command, sizeof command, "%s --help", program);
    size_t flag = strcspn(at, "=");
    if (flag < length) length = flag;
    const Output *help = output_of(b, command);
    if (help->status != 0)
        problem(b, at, "%s fails: is it built?", command);
    else if (!has_flag(help->text, at, length) && !is_foreign(b, at, length))
        problem(b, at, "%s has no %.*s", program, (int)length, at);
}

/* A target begins a line of what make knows, or is a file that make can make. In `make chapterN`
 * the N stands for any number. */
static void check_make_target(Book *b, const char *at, size_t length)
{
    char rule[128], command[192];
    if (memchr(at, '=', length) || *at == '-' || length + 2 > sizeof rule) return;
    snprintf(rule, sizeof rule, "\n%.*s:", (int)length, at);
    if (rule[length] == 'N') rule[length] = '1';
    if (strstr(output_of(b, "make -qpRr 2>/dev/null; true")->text, rule)) return;
    snprintf(command, sizeof command, "make -n %.*s >/dev/null 2>&1", (int)length, at);
    if (!memchr(at, '/', length) || output_of(b, command)->status != 0)
        problem(b, at, "the Makefile has no target %.*s", (int)length, at);
}

void check_command(Book *b, const char *at, const char *end)
{
    char program[16] = "";
    bool make = false;
    if (!b->run) return;
    for (size_t length; (length = next_word(&at, end)) > 0 || at < end; at += length ? length : 1) {
        if (length == 0 || (*at == '#' && at[-1] == ' ')) { /* another command, or a remark */
            *program = 0, make = false;
            if (length) return;
        } else if (starts(at, "./chapter") && isdigit((unsigned char)at[9]) && length == 10)
            snprintf(program, sizeof program, "%.10s", at);
        else if (length == 4 && starts(at, "make"))
            make = true;
        else if (*program && starts(at, "--"))
            check_flag(b, at, program, length);
        else if (make)
            check_make_target(b, at, length);
    }
}
