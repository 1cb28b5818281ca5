/* source.c: see source.h. */
#include "source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../markers/items.h"
#include "../markers/page.h"

/* ---- functions ---------------------------------------------------------------------------- */

typedef struct {
    const char *start, *end;
} Span;

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (const char *p = text; p < at; p++) line += *p == '\n';
    return line;
}

/* Does the line name the function before a parenthesis, at the first column? */
static bool line_defines(const char *line, const char *function)
{
    size_t length = strlen(function);
    if (!isalpha((unsigned char)*line)) return false;
    for (const char *p = line; *p && *p != '\n' && *p != '(';
         p += word_length(p) ? word_length(p) : 1)
        if (word_length(p) == length && strncmp(p, function, length) == 0)
            return p[length + strspn(p + length, " ")] == '(';
    return false;
}

static bool is_statement(const char *word)
{
    static const char *const words[] = {"if", "for", "while", "switch", "return"};
    for (int i = 0; i < 5; i++)
        if (word_length(word) == strlen(words[i]) && starts(word, words[i])) return true;
    return false;
}

/* Does a function begin on this line: a type and a name, a parenthesis, and no ; before a {? */
static bool begins_function(const char *line)
{
    const char *p = line;
    int words = 0;
    if (!isalpha((unsigned char)*line)) return false;
    for (size_t length; (length = word_length(p)) || *p == ' ' || *p == '*';
         p += length + !length) {
        if (is_statement(p)) return false;
        words += length > 0;
    }
    return words > 1 && *p == '(' && p[strcspn(p, ";{")] == '{';
}

/* What begins with this body ends there, or, if another function begins before that, at the first }
 * in the first column, at the latest above the other: a brace or a comment isn't closed. */
static const char *own_end(const char *body, const char *end)
{
    const char *other = next_line(body), *brace = strstr(body, "\n}");
    while (other < end && !begins_function(other)) other = next_line(other);
    if (other >= end) return end;
    return brace && brace < other ? brace + 2 : other;
}

static bool find_by_layout(const char *text, const char *function, Span *found)
{
    for (const char *line = text; *line; line = next_line(line)) {
        if (!line_defines(line, function)) continue;
        const char *body = line + strcspn(line, ";{"), *brace = strstr(body, "\n}");
        if (*body != '{') continue; /* a prototype */
        *found = (Span){line, own_end(body, brace ? brace + 2 : body + strlen(body))};
        return true;
    }
    return false;
}

static bool find_function(const char *text, const char *function, Span *found)
{
    Item item;
    if (!find_item(text, function, &item) || !item.body)
        return find_by_layout(text, function, found);
    *found = (Span){item.start, own_end(item_body(&item), item.end)};
    return true;
}

bool source_has_stub(const char *text, const char *function)
{
    Span s;
    if (!find_function(text, function, &s)) return false;
    for (const char *p = s.start; p < s.end; p = token_end(p))
        if (starts(p, "EXERCISE(\"")) return true;
    return false;
}

char *source_function(const char *text, const char *function)
{
    Span s;
    return find_function(text, function, &s) ? strndup(s.start, (size_t)(s.end - s.start)) : NULL;
}

/* ---- stubs -------------------------------------------------------------------------------- */

/* Behind the last #include of the top. */
static const char *after_includes(const char *text)
{
    const char *end = text;
    for (const char *line = text; *line; line = next_line(line))
        if (starts(line, "#include")) end = next_line(line);
    return end;
}

static char *with_include(char *text, const char *line)
{
    if (strstr(text, line)) return text;
    char *result;
    size_t size;
    FILE *out = text_stream(&result, &size);
    const char *at = after_includes(text);
    copy(out, text, at);
    fprintf(out, "%s\n%s", line, at);
    fclose(out);
    free(text);
    return result;
}

static char *stub_one(char *text, const char *function, const Exercise *e)
{
    Item item;
    char *result;
    size_t size;
    if (!find_item(text, function, &item)) return text;
    FILE *out = text_stream(&result, &size);
    copy(out, text, item_body(&item));
    int length = fprintf(out, "{\n    EXERCISE(\"%s\", \"%s\",", e->id, e->title);
    bool fits = length + (int)strlen(e->section) + 20 < 100;
    fprintf(out, "%s\"chapter %c, \\\"%s\\\"\");\n}", fits ? " " : "\n             ", e->id[0],
            e->section);
    fputs(item.end, out);
    fclose(out);
    free(text);
    return result;
}

/* Without the helpers, and the comments above them. */
static char *without_helpers(const char *source, const Exercise *e)
{
    char *text = strdup(source);
    for (int i = 0; e->helpers.word[i]; i++) {
        Item item;
        char *result;
        size_t size;
        if (!find_item(text, e->helpers.word[i], &item)) continue;
        FILE *out = text_stream(&result, &size);
        copy(out, text, item.comment);
        fputs(item.end + strspn(item.end, "\n"), out);
        fclose(out);
        free(text);
        text = result;
    }
    return text;
}

char *source_stubbed(const char *source, const Exercise *e, Error *err)
{
    char *text = without_helpers(source, e);
    for (int i = 0; e->functions.word[i]; i++) {
        Item item;
        const char *function = e->functions.word[i];
        if (!find_item(text, function, &item) || !item.body) {
            error_set(err, "exercise %s: %s defines no %s()", e->id, e->file, function);
            free(text);
            return NULL;
        }
        if (!source_has_stub(text, function)) text = stub_one(text, function, e);
    }
    return with_include(text, "#include \"exercise.h\"");
}

/* ---- grafts ------------------------------------------------------------------------------- */

/* Items of the other file that the graft brings along. */
typedef struct {
    const char *base;
    Item item[256];
    bool wanted[256];
    int count;
} Helpers;

/* What the other file defines and the base doesn't. */
static void list_helpers(Helpers *h, const char *base, const char *other)
{
    Item item, known;
    char name[128];
    *h = (Helpers){.base = base};
    for (const char *p = other; next_item(p, &item) && h->count < 256; p = item.end) {
        item.end = own_end(item_body(&item), item.end);
        if (!item.name) continue;
        snprintf(name, sizeof name, "%.*s", (int)word_length(item.name), item.name);
        if (!find_item(base, name, &known)) h->item[h->count++] = item;
    }
}

/* Marks what a part of the text names, and what that names in turn. */
static void want(Helpers *h, Span part)
{
    for (const char *p = part.start; p < part.end; p = token_end(p)) {
        size_t length = word_length(p);
        for (int i = 0; length > 0 && i < h->count; i++) {
            const Item *item = &h->item[i];
            if (h->wanted[i] || word_length(item->name) != length ||
                strncmp(item->name, p, length) != 0)
                continue;
            h->wanted[i] = true;
            want(h, (Span){item->start, item->end});
        }
    }
}

/* Headers by name alone: a path would show files of the machine in the compiler's messages. */
static bool harmless_include(const char *line)
{
    const char *name = line + strlen("#include") + strspn(line + strlen("#include"), " ");
    if (*name != '<' && *name != '"') return false;
    size_t length = strspn(name + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && starts(name + 1 + length, ".h") && strchr(">\"", name[length + 3]);
}

static void write_includes(FILE *out, const char *base, const char *other)
{
    for (const char *line = other; *line; line = next_line(line)) {
        if (!starts(line, "#include") || !harmless_include(line)) continue;
        char *one = strndup(line, strcspn(line, "\n"));
        if (!strstr(base, one)) fprintf(out, "%s\n", one);
        free(one);
    }
}

/* A graft consists of functions and helpers; a directive in it would reach further than that, and
 * so would a function that runs before the tests, or in place of theirs. */
static bool check_part(Span part, const char *path, Error *err)
{
    static const char *const beyond = "__attribute __attribute__ asm __asm __asm__ gnu __gnu__";
    for (const char *p = part.start; p < part.end; p = token_end(p)) {
        size_t length = word_length(p);
        if (length && listed(beyond, p, length))
            return error_set(err, "%s: write it without %.*s, which the grader doesn't take", path,
                             (int)length, p);
    }
    for (const char *line = part.start; line < part.end; line = next_line(line)) {
        const char *p = line + strspn(line, " \t");
        const char *word = p + 1 + strspn(p + 1, " \t");
        if (*p == '#' && (starts(word, "include") || starts(word, "embed")))
            return error_set(err, "%s: an #include belongs at the top of the file", path);
    }
    if (memmem(part.start, (size_t)(part.end - part.start), "%:", 2) ||
        memmem(part.start, (size_t)(part.end - part.start),
               "?"
               "?=",
               3))
        return error_set(err, "%s: write # as #", path);
    return true;
}

static void write_part(FILE *out, Source s, Span part)
{
    fprintf(out, "#line %d \"%s\"\n", line_of(s.text, part.start), s.path);
    copy(out, part.start, part.end);
    putc('\n', out);
}

typedef struct {
    Span in_base, in_other;
} Graft;

static int by_place(const void *a, const void *b)
{
    const Graft *x = a, *y = b;
    return (x->in_base.start > y->in_base.start) - (x->in_base.start < y->in_base.start);
}

static int find_grafts(Graft grafts[WORDS], Source base, Source other, const Exercise *e,
                       Error *err)
{
    int n = 0;
    for (; e->functions.word[n]; n++) {
        const char *name = e->functions.word[n];
        if (!find_function(base.text, name, &grafts[n].in_base))
            return error_set(err, "%s defines no %s()", base.path, name) - 1;
        if (!find_function(other.text, name, &grafts[n].in_other))
            return error_set(err, "%s defines no %s()", other.path, name) - 1;
        if (!check_part(grafts[n].in_other, other.path, err)) return -1;
    }
    qsort(grafts, (size_t)n, sizeof *grafts, by_place);
    return n;
}

static bool write_helpers(FILE *out, Source base, Source other, const Graft *grafts, int n,
                          Error *err)
{
    Helpers *h = NEW(Helpers, 1);
    bool good = true;
    list_helpers(h, base.text, other.text);
    for (int i = 0; i < n; i++) want(h, grafts[i].in_other);
    for (int i = 0; i < h->count && good; i++) {
        Span part = {h->item[i].start, h->item[i].end};
        if (!h->wanted[i]) continue;
        good = check_part(part, other.path, err);
        if (good) write_part(out, other, part);
    }
    free(h);
    return good;
}

static bool write_graft(FILE *out, Source base, Source other, const Exercise *e, Error *err)
{
    Graft grafts[WORDS] = {0};
    int n = find_grafts(grafts, base, other, e, err);
    if (n < 0) return false;
    const char *at = after_includes(base.text);
    copy(out, base.text, at);
    write_includes(out, base.text, other.text);
    for (int i = 0; i < n; i++) {
        write_part(out, base, (Span){at, grafts[i].in_base.start});
        if (i == 0 && !write_helpers(out, base, other, grafts, n, err)) return false;
        write_part(out, other, grafts[i].in_other);
        at = grafts[i].in_base.end;
    }
    write_part(out, base, (Span){at, at + strlen(at)});
    return true;
}

char *source_grafted(Source base, Source other, const Exercise *e, Error *err)
{
    char *text, *bare = without_helpers(base.text, e);
    size_t size;
    FILE *out = text_stream(&text, &size);
    bool good = write_graft(out, (Source){base.path, bare}, other, e, err);
    fclose(out);
    free(bare);
    if (good) return text;
    free(text);
    return NULL;
}

/* ---- plants ------------------------------------------------------------------------------- */

char *source_planted(const char *text, const char *original, const char *planted, Error *err)
{
    const char *at = strstr(text, original);
    if (!at || !*original || strstr(at + 1, original)) {
        error_set(err, "\"%.60s\" should occur once and occurs %s", original,
                  at ? "more often" : "nowhere");
        return NULL;
    }
    char *result;
    size_t size;
    FILE *out = text_stream(&result, &size);
    copy(out, text, at);
    fprintf(out, "%s%s", planted, at + strlen(original));
    fclose(out);
    return result;
}
