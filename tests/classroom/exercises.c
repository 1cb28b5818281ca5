/* exercises.c: every exercise has its place in the book, a stub that names it, and a solution that
 * needs no other exercise than it says. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/markers/page.h"
#include "prove.h"

/* ---- the book ----------------------------------------------------------------------------- */

/* The next heading of a section or a part of one. */
static char *next_heading(char *at)
{
    char *end = strstr(at, "\n### "), *deeper = strstr(at, "\n#### ");
    return deeper && (!end || deeper < end) ? deeper : end;
}

/* Text from one place to another, or to its end; free() it. */
static char *text_between(const char *from, const char *to)
{
    return from ? strndup(from, to ? (size_t)(to - from) : strlen(from)) : NULL;
}

/* The section of the book that an exercise names, from its heading to the next; free() it. */
static char *book_section(const Exercise *e)
{
    static char *book;
    char chapter[32], heading[256];
    if (!book) book = read_file("TUTORIAL.md");
    snprintf(chapter, sizeof chapter, "\n## Chapter %c", e->id[0]);
    snprintf(heading, sizeof heading, "# %s\n", e->section);
    char *at = book ? strstr(book, chapter) : NULL;
    char *text = text_between(at, at ? strstr(at + 1, "\n## ") : NULL);
    char *start = text ? strstr(text, heading) : NULL;
    char *section = text_between(start, start ? next_heading(start) : NULL);
    free(text);
    return section;
}

static bool has_its_place_in_the_book(int i, FILE *out)
{
    const Exercise *e = &catalogue.exercise[i];
    char *section = book_section(e), line[512];
    int at = snprintf(line, sizeof line, "**Exercise %s.** %s: ", e->id, e->title);
    for (int k = 0; e->functions.word[k]; k++)
        at += snprintf(line + at, sizeof line - (size_t)at, "`%s()`, ", e->functions.word[k]);
    snprintf(line + at, sizeof line - (size_t)at, "%d minutes.", e->minutes);
    bool there = section && strstr(section, line);
    if (!section)
        fprintf(out, "exercise %s: chapter %c of the book has no section \"%s\"\n", e->id, e->id[0],
                e->section);
    else if (!there)
        fprintf(out, "exercise %s: its section of the book lacks the line\n%s\n", e->id, line);
    free(section);
    return there;
}

/* ---- stubs and solutions ------------------------------------------------------------------ */

/* Is it the first exercise about its file? Those of one file are built together. */
static bool is_first(int i)
{
    const Exercise *e = catalogue.exercise;
    for (int k = 0; k < i; k++)
        if (e[k].chapter == e[i].chapter && strcmp(e[k].file, e[i].file) == 0) return false;
    return true;
}

/* The exercises of a chapter about one file: its text with their stubs, and their tags. */
static char *stubs_of_file(const Exercise *first, Words *tags)
{
    Error err;
    int n = 0;
    char *text = read_file(first->file);
    *tags = (Words){{NULL}};
    for (int i = 0; i < catalogue.exercises; i++) {
        const Exercise *e = &catalogue.exercise[i];
        if (e->chapter != first->chapter || strcmp(e->file, first->file) != 0) continue;
        char *stub = source_stubbed(text, e, &err);
        REQUIRE(stub && n < WORDS, "%s", stub ? "too many exercises about one file" : err.text);
        free(text);
        text = stub;
        tags->word[n++] = e->tests.word[0];
    }
    return text;
}

/* It says that this exercise, or one that it needs, is still to be written, and where to read. */
static bool names_exercise(const char *said, const Exercise *e)
{
    char expected[256];
    snprintf(expected, sizeof expected, "exercise %s, \"%s\", is still to be written: ", e->id,
             e->title);
    if (says(said, expected) && says(said, e->section)) return true;
    for (int i = 0; e->needs.word[i]; i++)
        if (names_exercise(said, catalogue_exercise(&catalogue, e->needs.word[i]))) return true;
    return false;
}

static bool stubs_name_their_exercise(int i, FILE *out)
{
    const Exercise *first = &catalogue.exercise[i];
    Words tags;
    if (!is_first(i)) return true;
    char *text = stubs_of_file(first, &tags);
    Source source = {first->file, text};
    Grade g = grade_sources(&workshop, &source, 1, first->chapter, &tags);
    bool good = g.findings > 0;
    for (int k = 0; k < g.findings; k++) {
        const Finding *f = &g.finding[k];
        good = good && f->verdict == UNWRITTEN &&
               names_exercise(f->said, catalogue_exercise(&catalogue, f->tag));
    }
    if (!good) complain(out, first->file, "its stubs should name themselves, in every test", &g);
    grade_free(&g);
    free(text);
    return good;
}

/* Chapters that are stubs together: lower ones are solved. */
enum { GROUPS = 4 };
static const bool group[GROUPS][CHAPTERS] = {
    {[0] = true}, {[1] = true}, {[2] = true}, {[3] = true, [4] = true, [5] = true}};

static void group_place(int g, char place[96])
{
    snprintf(place, 96, "%s/stubs%d", workshop.place, g);
}

static int group_of(int chapter)
{
    return chapter < 3 ? chapter : 3;
}

static char *stub_text(int g, const char *path)
{
    Error err;
    char *text = read_file(path);
    for (int i = 0; i < catalogue.exercises; i++) {
        const Exercise *e = &catalogue.exercise[i];
        if (!group[g][e->chapter] || strcmp(e->file, path) != 0) continue;
        char *next = source_stubbed(text, e, &err);
        REQUIRE(next, "%s", err.text);
        free(text);
        text = next;
    }
    return text;
}

/* base.a with the group's files replaced by stubs. */
static void make_group_base(int g)
{
    char place[96], command[4096], flags[2048] = "";
    group_place(g, place);
    for (char **flag = workshop.compile; *flag; flag++)
        snprintf(flags + strlen(flags), sizeof flags - strlen(flags), "%s ", *flag);
    snprintf(command, sizeof command, "mkdir %s && cp %s %s/base.a && chmod 755 %s", place,
             workshop.base, place, place);
    run_or_stop(command);
    bool any = false;
    for (int i = 0; i < catalogue.exercises; i++) {
        const char *path = catalogue.exercise[i].file;
        bool seen = !group[g][catalogue.exercise[i].chapter];
        for (int k = 0; k < i && !seen; k++)
            seen = group[g][catalogue.exercise[k].chapter] &&
                   strcmp(catalogue.exercise[k].file, path) == 0;
        if (seen) continue;
        char file[256], *text = stub_text(g, path);
        snprintf(file, sizeof file, "%s/%s", place, base_name(path));
        write_or_stop(file, text);
        free(text);
        any = true;
    }
    snprintf(
        command, sizeof command,
        "cd %s && for f in *.c; do (cd \"$OLDPWD\" && %s -c %s/$f -o %s/${f%%.c}.o) || exit 1; "
        "done && ar r base.a *.o",
        place, flags, place, place);
    if (any) run_or_stop(command);
}

static bool make_base(int g, FILE *out)
{
    (void)out;
    make_group_base(g);
    return true;
}

/* The group's stubs with this one exercise, and what it needs, solved. */
static bool solution_passes_among_stubs(int i, FILE *out)
{
    Error err;
    const Exercise *e = &catalogue.exercise[i];
    int g = group_of(e->chapter);
    Source source[WORDS + 1];
    int n = 0;
    for (int k = -1; k < 0 || e->needs.word[k]; k++) {
        const Exercise *one = k < 0 ? e : catalogue_exercise(&catalogue, e->needs.word[k]);
        REQUIRE(one, "exercise %s needs %s, which there isn't", e->id, e->needs.word[k]);
        int at = 0;
        while (at < n && strcmp(source[at].path, one->file) != 0) at++;
        if (at == n) source[n++] = (Source){one->file, stub_text(g, one->file)};
        Source solved = {one->file, read_file(one->file)};
        char *text = source_grafted(source[at], solved, one, &err);
        REQUIRE(text, "%s", err.text);
        source[at].text = text;
    }
    Workshop stubs = workshop;
    char place[96], base[128];
    group_place(g, place);
    snprintf(base, sizeof base, "%s/base.a", place);
    stubs.base = base;
    Grade grade = grade_sources(&stubs, source, n, e->chapter, &e->tests);
    bool good = grade.verdict == SOLVED;
    if (!good) complain(out, e->id, "its solution should pass where all others are stubs", &grade);
    grade_free(&grade);
    return good;
}

const Claims *claims_of_exercises(void)
{
    static Claims claims[5];
    int n = catalogue.exercises;
    claims[0] =
        (Claims){"exercises have their place in the book", has_its_place_in_the_book, n, NULL};
    claims[1] = (Claims){"stubs name their exercise", stubs_name_their_exercise, n, NULL};
    claims[2] = (Claims){"archives of stubs can be built", make_base, GROUPS, NULL};
    claims[3] = (Claims){"solutions pass where all others are stubs", solution_passes_among_stubs,
                         n, claims[2].name};
    return claims;
}
