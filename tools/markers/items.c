/* items.c: finds functions, types, macros and tests in C sources by name.
 *
 * No parser: a walk over the tokens of the top level, where an item ends at a ';' or at the '}' of
 * a function. Sources in the house style come out right; they carry no marks of their own. */
#include "items.h"

#include <ctype.h>
#include <string.h>

#include "page.h"

static bool is_comment(const char *p)
{
    return starts(p, "/*") || starts(p, "//");
}

const char *token_end(const char *p)
{
    if (starts(p, "//")) return p + strcspn(p, "\n");
    if (starts(p, "/*")) {
        const char *end = strstr(p + 2, "*/");
        return end ? end + 2 : p + strlen(p);
    }
    if (*p == '"' || *p == '\'') {
        const char quote = *p++;
        while (*p && *p != quote) p += *p == '\\' && p[1] ? 2 : 1;
        return p + (*p == quote);
    }
    size_t length = word_length(p);
    return p + (length ? length : 1);
}

/* A preprocessor line with its continuations; a #define's name is the macro's. */
static const char *read_directive(const char *p, Item *item)
{
    const char *word = p + 1 + strspn(p + 1, " ");
    if (starts(word, "define ")) item->name = word + 7, item->body = true;
    do p = next_line(p);
    while (*p && p[-2] == '\\');
    return p[-1] == '\n' ? p - 1 : p;
}

/* A declaration or definition up to its ';' or the '}' of a function. Its name is the word before
 * the first parenthesis, bracket or '=', else the last one: typedef struct { ... } Name; */
static const char *read_declaration(const char *p, Item *item)
{
    const char *word = NULL, *end;
    char last = 0;
    bool assigned = false;
    for (int depth = 0; *p; p = end) {
        end = token_end(p);
        if (isspace((unsigned char)*p) || is_comment(p)) continue;
        if (!depth && !item->name && word && strchr("([=;", *p)) item->name = word;
        if (!depth && *p == '(' && p[1] == '*') item->name = p + 2;
        if (!depth && *p == '{') item->body = last == ')' && !assigned;
        if (!depth && *p == '=') assigned = true;
        if (!depth && word_length(p) && !starts(p, "__attribute__")) word = p;
        depth += strchr("([{", *p) ? 1 : strchr(")]}", *p) ? -1 : 0;
        if (depth < 0) return end; /* one } too many */
        if (!depth && (*p == ';' || (*p == '}' && item->body))) return end;
        last = *p;
    }
    return p;
}

bool next_item(const char *p, Item *item)
{
    *item = (Item){0};
    for (;; p = token_end(p)) {
        const char *from = p;
        p += strspn(p, " \t\n");
        for (int lines = 0; from < p; from++)
            if ((lines += *from == '\n') > 1) item->comment = NULL; /* a blank line in between */
        if (!*p) return false;
        if (!is_comment(p)) break;
        if (!item->comment) item->comment = p;
    }
    item->start = p;
    if (!item->comment) item->comment = p;
    p = *p == '#' ? read_directive(p, item) : read_declaration(p, item);
    if (item->name && starts(item->name, "START_TEST(")) {
        item->name += strlen("START_TEST(");
        const char *end = strstr(p, "END_TEST");
        p = end ? end + strlen("END_TEST") : p;
    }
    if (item->name && starts(item->name, "enum {")) { /* enum { NAME = 3 }; */
        item->name += strlen("enum {");
        item->name += strspn(item->name, " \n");
    }
    const char *beside = p + strspn(p, " \t");
    item->end = is_comment(beside) ? token_end(beside) : p;
    return true;
}

bool find_item(const char *source, const char *name, Item *found)
{
    Item item;
    bool any = false;
    for (const char *p = source; next_item(p, &item); p = item.end) {
        size_t length = item.name ? word_length(item.name) : 0;
        if (length != strlen(name) || strncmp(item.name, name, length) != 0) continue;
        if (!any || (item.body && !found->body)) *found = item;
        any = true;
    }
    return any;
}

const char *item_body(const Item *item)
{
    int depth = 0;
    for (const char *p = item->start; p < item->end; p = token_end(p)) {
        if (*p == '{' && depth == 0) return p;
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
    }
    return item->end;
}
