/* references.c: do the links, anchors, figures, files, functions and tests of a page exist? */
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page.h"

/* functions of the C library and of POSIX that the book mentions */
static const char C_LIBRARY[] =
    "abort assert atoi calloc erf exit exp expf fclose fgets fma fopen fprintf fread free fseek "
    "fsync fwrite getc log log1p main malloc memcpy memset mmap pow printf puts qsort rand read "
    "realloc rename sizeof snprintf sqrt srand strlen tanh tanhf write";

/* The anchor that GitHub gives a heading: lower case, blanks as '-', no punctuation or markup. */
static void heading_slug(const char *p, char *slug, size_t size)
{
    size_t n = 0;
    for (p += strspn(p, "# "); *p && *p != '\n' && n + 1 < size; p++) {
        if (starts(p, "<!--") && strstr(p, "-->"))
            p = strstr(p, "-->") + 2;
        else if (starts(p, "]("))
            p += strcspn(p, ")\n") - (p[strcspn(p, ")\n")] != ')');
        else if (starts(p, "\xe2\x80"))
            p += p[2] ? 2 : 1; /* dashes and quotation marks */
        else if (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80 || strchr("-_", *p))
            slug[n++] = (char)tolower((unsigned char)*p);
        else if (*p == ' ')
            slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-') n--; /* blanks at the end */
    slug[n] = 0;
}

static int headings(const char *text, const char *anchor, size_t length)
{
    int count = 0;
    char slug[256];
    for (const char *at = text; *at; at = next_line(at)) {
        if (is_fence(at)) at = fence_close(at);
        if (*at != '#') continue;
        heading_slug(at, slug, sizeof slug);
        count += strlen(slug) == length && strncmp(slug, anchor, length) == 0;
    }
    return count;
}

/* A second heading of the same text has "-1" behind its anchor, a third "-2". */
static bool has_anchor(const char *text, const char *anchor)
{
    if (headings(text, anchor, strlen(anchor)) > 0) return true;
    const char *dash = strrchr(anchor, '-');
    int number = dash ? atoi(dash + 1) : 0;
    return number > 0 && headings(text, anchor, (size_t)(dash - anchor)) > number;
}

static void check_link(Book *b, const char *at, const char *target, size_t length)
{
    if (memmem(target, length, "://", 3) || starts(target, "mailto:")) return;
    const char *slash = strrchr(b->path, '/');
    int folder = slash ? (int)(slash - b->path) + 1 : 0;
    char *path, *anchor = NULL;
    size_t size;
    FILE *out = text_stream(&path, &size);
    fprintf(out, "%.*s%.*s", folder, b->path, (int)length, target);
    fclose(out);
    if (strchr(path + folder, '#')) anchor = strchr(path + folder, '#') + 1, anchor[-1] = 0;
    bool here = !path[folder];
    if (here && !anchor)
        problem(b, at, "a link to nowhere: name a file or a #heading");
    else if (!here && access(path, F_OK) != 0)
        problem(b, at, "there is no file %s", path);
    else if (anchor && (here || strstr(path, ".md"))) {
        char *other = here ? NULL : read_file(path);
        if (!has_anchor(other ? other : b->text, anchor))
            problem(b, at, "%s has no heading #%s", here ? b->path : path, anchor);
        free(other);
    }
    free(path);
}

bool is_foreign(const Book *b, const char *name, size_t length)
{
    static const char open[] = "<!-- foreign: ";
    for (const char *p = b->text; (p = strstr(p, open));)
        for (p += sizeof open - 1; *p && !starts(p, "-->"); p += strspn(p, " \n")) {
            size_t n = strcspn(p, " \n");
            if (n <= length && strncmp(p, name, n) == 0 && (n == length || name[n] == '.'))
                return true;
            p += n;
        }
    return false;
}

/* `name()` is a function, ours or known. */
static void check_function(Book *b, const char *at, const char *name, size_t length)
{
    if (!listed(b->functions, name, length) && !listed(C_LIBRARY, name, length) &&
        !is_foreign(b, name, length))
        problem(b, at,
                "%.*s() is no function of lib/ or chapters/: mend the name, or add "
                "<!-- foreign: %.*s -->",
                (int)length, name, (int)length, name);
}

/* A test's name is a sentence: a word with three underscores or more is one. */
static void check_test(Book *b, const char *at, const char *name, size_t length)
{
    int underscores = 0;
    for (size_t i = 0; i < length; i++) underscores += name[i] == '_';
    if (underscores >= 3 && !listed(b->tests, name, length) &&
        !listed(b->functions, name, length) && !is_foreign(b, name, length))
        problem(b, at, "there is no test %.*s", (int)length, name);
}

/* `lib/file.c`: what begins with a folder of ours, has no blank in it and ends like a file. */
static void check_path(Book *b, const char *at, const char *name, size_t length)
{
    static const char *const folders[] = {"lib/",   "chapters/", "tests/",
                                          "tools/", "plots/",    "exercises/"};
    char path[256];
    const char *dot = memrchr(name, '.', length);
    if (length >= sizeof path || !dot || !isalpha((unsigned char)dot[1])) return;
    snprintf(path, sizeof path, "%.*s", (int)length, name);
    for (int i = 0; i < 6; i++)
        if (starts(path, folders[i]) && !strpbrk(path, " *{<") && access(path, F_OK) != 0)
            problem(b, at, "there is no file %s", path);
}

/* The end of a code span's text, where its closing ticks are, or what it can't go beyond. */
static const char *code_span_end(const char *text, size_t ticks)
{
    const char *end = text;
    for (; *end && !starts(end, "\n\n"); end += strspn(end, "`")) {
        end += strcspn(end, "`\n");
        if (*end == '\n' && end[1] != '\n')
            end++;
        else if (strspn(end, "`") == ticks)
            break;
    }
    return end;
}

/* Checks what a code span names; returns what follows the span. */
static const char *check_code_span(Book *b, const char *at)
{
    size_t ticks = strspn(at, "`"), length = 0;
    const char *text = at + ticks, *end = code_span_end(text, ticks);
    if (*end != '`') return text; /* never closed: not a span */
    while (word_length(text + length) || text[length] == '.') length++;
    if (length && text + length + 2 == end && starts(text + length, "()"))
        check_function(b, at, text, length);
    else if (length && text + length == end)
        check_test(b, at, text, length);
    else {
        check_path(b, at, text, (size_t)(end - text));
        check_command(b, text, end);
    }
    return end + ticks;
}

static bool in_first_cell(const Book *b, const char *at)
{
    while (at > b->text && at[-1] != '\n' && at[-1] != '|') at--;
    return *at == ' ' && at > b->text + 1 && at[-1] == '|' && at[-2] == '\n';
}

/* <!-- glossary: FILE.csv ... --> : each column of the files is explained by a row of a table. */
static void check_glossary(Book *b, const char *at)
{
    char path[256], *table, row[128];
    const char *p = at + strlen("<!-- glossary: "), *end = strstr(p, "-->");
    for (size_t n; end && p < end; p += n + strspn(p + n, " ")) {
        n = strcspn(p, " ");
        snprintf(path, sizeof path, "%.*s", (int)n, p);
        if (!(table = read_file(path))) {
            problem(b, at, "can't read %s", path);
            continue;
        }
        table[strcspn(table, "\n")] = 0;
        char *rest, *name = strtok_r(table, ",", &rest);
        for (; name; name = strtok_r(NULL, ",", &rest)) {
            snprintf(row, sizeof row, "`%s`", name);
            const char *found = b->text; /* in the first cell of a row, perhaps beside others */
            while ((found = strstr(found, row)) && !in_first_cell(b, found)) found++;
            if (!found) problem(b, at, "no table explains the column %s of %s", name, path);
        }
        free(table);
    }
}

/* A comment is passed over, unless it looks as if it should have been a marker. */
static const char *check_comment(Book *b, const char *at)
{
    bool marker = starts(at, "<!-- listing: ") || starts(at, "<!-- output: ");
    const char *end = strstr(at, "-->");
    if (starts(at, "<!-- glossary: ")) check_glossary(b, at);
    if (marker && at > b->text && at[-1] != '\n') problem(b, at, "this marker must begin its line");
    if (!marker && end && end[3] == '\n' && is_fence(end + 4))
        problem(b, at, "a block follows this comment: begin it with <!-- listing: or <!-- output:");
    return end ? end + 3 : at + strlen(at);
}

/* A link or a figure in Markdown, ](target), or an attribute of a tag. */
static void check_target(Book *b, const char *at)
{
    static const char *const openings[] = {"](", " src=\"", " href=\"", " srcset=\""};
    for (int i = 0; i < 4; i++)
        if (starts(at, openings[i])) {
            const char *target = at + strlen(openings[i]);
            check_link(b, at, target, strcspn(target, i == 0 ? ") \n" : "\" \n"));
        }
}

static void check_alt_text(Book *b, const char *at)
{
    bool without = false;
    if (starts(at, "![")) {
        at += 2;
        without = at[strspn(at, " \n")] == ']';
    } else if (starts(at, "<img ")) {
        const char *alt = memmem(at, strcspn(at, ">"), " alt=\"", 6);
        without = !alt || alt[6] == '"';
    }
    if (without) problem(b, at, "this figure has no alt text: say in a sentence what it shows");
}

/* Below a figure that stands by itself: a paragraph in italics that links the data. */
static void check_caption(Book *b, const char *at)
{
    const char *caption = next_line(at), *end;
    while (*caption == '\n') caption++;
    end = strstr(caption, "\n\n");
    size_t length = end ? (size_t)(end - caption) : strlen(caption);
    if (*caption != '*' || caption[1] == '*' || !memmem(caption, length, ".csv)", 5))
        problem(b, at,
                "this figure has no caption: below it belongs a paragraph in *italics* that says "
                "what to see and links the .csv");
}

/* A fenced block, at its opening; returns what follows it. */
static const char *check_block(Book *b, const char *at)
{
    const char *info = at + strspn(at, " `"), *close = fence_close(at);
    if (starts(info, "math\n")) check_math_block(b, at);
    if (starts(info, "sh\n"))
        for (const char *line = next_line(at); line < close; line = next_line(line))
            check_command(b, line, line + strcspn(line, "\n"));
    return next_line(close);
}

/* A title in quotation marks, of a comment whose lines begin with " * "; returns what follows. */
static const char *read_title(const char *at, char *title, size_t size)
{
    size_t n = 0;
    for (at++; *at && *at != '"'; at++) {
        if (n + 1 < size) title[n++] = *at == '\n' ? ' ' : *at;
        if (starts(at, "\n *")) at += strspn(at + 1, " *");
    }
    title[n] = '\0';
    return *at ? at + 1 : at;
}

/* Book: chapter 3, "The price", "Rewards". */
static void check_source(Book *b, const char *path)
{
    static const char open[] = "Book: chapter ";
    char *source = read_file(path), title[128], slug[256];
    const char *p = source ? strstr(source, open) : NULL;
    for (; p; p = strstr(p, open))
        for (p += sizeof open - 1; *p && !starts(p, "*/") && *p != '.';) {
            if (*p++ != '"') continue;
            p = read_title(p - 1, title, sizeof title);
            heading_slug(title, slug, sizeof slug);
            if (headings(b->text, slug, strlen(slug)) == 0)
                problem(b, b->text, "%s names a section \"%s\" that isn't there", path, title);
        }
    free(source);
}

void check_sections(Book *b)
{
    static const char *const patterns[] = {"lib/*.[ch]", "chapters/*/*.[ch]"};
    if (!strstr(b->text, "\n## Chapter ")) return;
    for (int i = 0; i < 2; i++) {
        glob_t files = {0};
        glob(patterns[i], 0, NULL, &files);
        for (size_t f = 0; f < files.gl_pathc; f++) check_source(b, files.gl_pathv[f]);
        globfree(&files);
    }
}

void check_references(Book *b)
{
    for (const char *at = b->text; *at;) {
        bool line_start = at == b->text || at[-1] == '\n';
        if (line_start && is_fence(at)) {
            at = check_block(b, at);
        } else if (starts(at, "<!--")) {
            at = check_comment(b, at);
        } else if (*at == '`') {
            at = check_code_span(b, at);
        } else if (*at == '$') {
            at = check_formula(b, at);
        } else if (*at == '\\' && at[1]) {
            at += 2;
        } else {
            if (line_start && starts(at, "![")) check_caption(b, at);
            check_alt_text(b, at);
            check_target(b, at);
            at++;
        }
    }
}
