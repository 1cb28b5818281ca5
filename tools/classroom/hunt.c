/* hunt.c: see hunt.h. */
#include "hunt.h"

#include <stdlib.h>
#include <string.h>

#include "../markers/page.h"
#include "work.h"

/* Texts of the hunt's files that differ from this tree's, which is all that needs to be tested. */
enum { HUNT = 64 };
typedef struct {
    const Bug *bug;
    const char *folder;
    Source source[HUNT];
    int count;
} Hunt;

static bool take_changed(const char *path, const char *text, void *arg, Error *err)
{
    Hunt *h = arg;
    const char *name = base_name(path), *dot = strrchr(name, '.');
    for (int i = 0; i < h->count; i++)
        if (strcmp(base_name(h->source[i].path), name) == 0) return true;
    if (strcmp(dot, ".c") != 0 || strcmp(name, "main.c") == 0) return true;
    Error why;
    char *own = read_submitted(h->folder, name, &why);
    if (!own) return error_set(err, "%s (make bug N=%d begins a hunt)", why.text, h->bug->number);
    if (strcmp(own, text) != 0 && h->count < HUNT)
        h->source[h->count++] = (Source){strdup(path), own};
    else
        free(own);
    return true;
}

bool hunt_grade(Workshop *w, const Bug *b, const char *folder, Grade *g, Error *err)
{
    Hunt h = {.bug = b, .folder = folder};
    Catalogue nothing = {0};
    char *text = read_file(b->file);
    bool good = text ? take_changed(b->file, text, &h, err) &&
                           stubs_make(&nothing, b->chapter, take_changed, &h, err)
                     : error_set(err, "bug %d: can't read %s", b->number, b->file);
    if (good) *g = grade_sources(w, h.source, h.count, b->chapter, &b->tests);
    for (int i = 0; i < h.count; i++)
        free((char *)h.source[i].path), free((char *)h.source[i].text);
    free(text);
    return good;
}

static Words tests_of(const Catalogue *c, int chapter)
{
    Words tests = {{NULL}};
    int n = 0;
    for (int i = 0; i < c->exercises; i++)
        for (int k = 0; c->exercise[i].chapter == chapter && c->exercise[i].tests.word[k]; k++) {
            REQUIRE(n < WORDS, "chapter %d has more than %d tags of tests", chapter, WORDS);
            tests.word[n++] = c->exercise[i].tests.word[k];
        }
    return tests;
}

bool hunt_spares(Workshop *w, const Catalogue *c, const Bug *b, int chapter, Error *err)
{
    Words tests = tests_of(c, chapter);
    char *text = read_file(b->file);
    if (!text) return error_set(err, "bug %d: can't read %s", b->number, b->file);
    Source source = {b->file, source_planted(text, b->original, b->planted, err)};
    free(text);
    if (!source.text) return false;
    Grade g = grade_sources(w, &source, 1, chapter, &tests);
    int i = 0;
    while (i < g.findings && g.finding[i].verdict == SOLVED) i++;
    bool good = g.verdict == SOLVED;
    if (!good && i < g.findings)
        error_set(err, "beside bug %d right solutions of exercise %s would be called wrong",
                  b->number, g.finding[i].tag);
    else if (!good)
        error_set(err, "bug %d can't be tried: %s", b->number, g.said);
    free((char *)source.text);
    grade_free(&g);
    return good;
}
