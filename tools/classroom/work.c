/* work.c: see work.h. */
#include "work.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../markers/page.h"
#include "grading.h"
#include "files.h"
#include "source.h"

/* ---- stubs -------------------------------------------------------------------------------- */

/* The text with stubs for all exercises of the chapter that are about this file. */
static char *stubbed(const Catalogue *c, int chapter, const char *path, Error *err)
{
    char *text = read_file(path);
    if (!text) error_set(err, "can't read %s", path);
    for (int i = 0; text && i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        if (e->chapter != chapter || strcmp(e->file, path) != 0) continue;
        char *next = source_stubbed(text, e, err);
        free(text);
        text = next;
    }
    return text;
}

static bool take_one(const Catalogue *c, int chapter, const char *path, TakeSource *take, void *arg,
                     Error *err)
{
    char *text = stubbed(c, chapter, path, err);
    bool good = text && take(path, text, arg, err);
    free(text);
    return good;
}

static bool in_folder(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Files of the chapter's exercises outside its folder, each once. */
static bool take_elsewhere(const Catalogue *c, int chapter, const char *folder, TakeSource *take,
                           void *arg, Error *err)
{
    for (int i = 0; i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        bool seen = e->chapter != chapter || in_folder(e->file, folder);
        for (int k = 0; k < i && !seen; k++)
            seen = c->exercise[k].chapter == chapter && strcmp(c->exercise[k].file, e->file) == 0;
        if (!seen && !take_one(c, chapter, e->file, take, arg, err)) return false;
    }
    return true;
}

bool stubs_make(const Catalogue *c, int chapter, TakeSource *take, void *arg, Error *err)
{
    char pattern[512], *folder = chapter_folder(chapter);
    if (!folder) return error_set(err, "there is no chapter %d", chapter);
    snprintf(pattern, sizeof pattern, "%s/*", folder);
    glob_t found = {0};
    glob(pattern, 0, NULL, &found);
    bool good = true;
    for (size_t i = 0; i < found.gl_pathc && good; i++) {
        const char *path = found.gl_pathv[i], *dot = strrchr(path, '.');
        if (dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0))
            good = take_one(c, chapter, path, take, arg, err);
    }
    globfree(&found);
    good = good && take_elsewhere(c, chapter, folder, take, arg, err);
    free(folder);
    return good;
}

/* ---- work/chapterN ------------------------------------------------------------------------ */

typedef struct {
    const char *folder;
    int kept;
} Work;

static bool put_source(const char *path, const char *text, void *arg, Error *err)
{
    Work *w = arg;
    char to[1024];
    snprintf(to, sizeof to, "%s/%s", w->folder, base_name(path));
    if (access(to, F_OK) == 0) return w->kept++, true;
    return file_replace_text(to, text, err);
}

bool work_make(const Catalogue *c, int chapter, const char *folder, int *kept, Error *err)
{
    Work w = {.folder = folder};
    bool good = directory_make(folder, err) && stubs_make(c, chapter, put_source, &w, err);
    *kept = w.kept;
    return good;
}

/* ---- work/bugN ---------------------------------------------------------------------------- */

static bool put_readme(const Bug *b, Work *w, Error *err)
{
    char *text;
    size_t size;
    bool sound = *b->original; /* else this tree has the bug too */
    FILE *out = text_stream(&text, &size);
    fprintf(out,
            "# Bug %d\n\n%s\n\nSomewhere in this folder one place is wrong. `make bug N=%d` runs "
            "`chapter%d %s`%s into %s/curves.svg (run it again after a change: your files are "
            "kept). %s.\nMend the place, and ask:\n\n    make found N=%d\n",
            b->number, b->symptom, b->number, b->chapter, b->run,
            sound ? " with the bug\nand without it and draws both" : "\nand draws its curves",
            w->folder,
            sound ? "What the two print is in out.txt and sound.txt"
                  : "What it prints is in out.txt",
            b->number);
    fclose(out);
    bool good = put_source("README.md", text, w, err); /* not over the reader's notes */
    free(text);
    return good;
}

bool work_make_bug(const Bug *b, const char *folder, Error *err)
{
    Work w = {.folder = folder};
    Catalogue nothing = {0};
    char *text = read_file(b->file), *planted = NULL;
    if (!text) return error_set(err, "bug %d: can't read %s", b->number, b->file);
    planted = *b->original ? source_planted(text, b->original, b->planted, err) : strdup(text);
    free(text);
    /* the planted file first: what is there is kept */
    bool good = planted && directory_make(folder, err) && put_source(b->file, planted, &w, err) &&
                stubs_make(&nothing, b->chapter, put_source, &w, err) && put_readme(b, &w, err);
    free(planted);
    return good;
}
