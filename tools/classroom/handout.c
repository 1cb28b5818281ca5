/* handout.c: see handout.h. */
#include "handout.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../markers/page.h"
#include "files.h"
#include "hunt.h"
#include "source.h"
#include "work.h"

static const char note_path[] = "exercises/handed_out";

typedef struct {
    const Catalogue *catalogue;
    const bool *chapters;
    const Words *bugs;
    int highest;
    const char *directory;
} Handout;

static bool is_planted(const Handout *h, const Bug *b)
{
    for (int i = 0; h->bugs->word[i]; i++)
        if (atoi(h->bugs->word[i]) == b->number) return true;
    return false;
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool put(const Handout *h, const char *path, const char *text, Error *err)
{
    char *to = path_in(h->directory, path);
    char *slash = strrchr(to, '/');
    *slash = '\0';
    bool good = directory_make(to, err);
    *slash = '/';
    good = good && file_replace_text(to, text, err);
    free(to);
    return good;
}

static bool put_json(const Handout *h, const char *path, const cJSON *json, Error *err)
{
    char *text = cJSON_Print(json);
    bool good = text && put(h, path, text, err);
    free(text);
    return good;
}

/* ---- what belongs to it --------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *endings)
{
    const char *dot = strrchr(path, '.');
    return dot && listed(endings, dot, strlen(dot));
}

/* The chapter that a path belongs to, by its name or, for an extension, by its exercise; 0: none.
 */
static int chapter_of(const Handout *h, const char *path)
{
    int chapter = 0;
    if (sscanf(path, "chapters/%d_", &chapter) == 1) return chapter;
    if (sscanf(path, "exercises/grade/grade_chapter%d.", &chapter) == 1) return chapter;
    if (starts(path, "exercises/extensions/"))
        for (int i = 0; i < h->catalogue->exercises; i++)
            if (strcmp(h->catalogue->exercise[i].file, path) == 0)
                return h->catalogue->exercise[i].chapter;
    return 0;
}

static bool is_generated(const char *path)
{
    return listed("exercises/exercises.json exercises/bugs.json exercises/handed_out", path,
                  strlen(path));
}

static bool belongs(const Handout *h, const char *path)
{
    static const char *const files =
        "Makefile README.md TUTORIAL.md LICENSE setup.sh .gitignore .editorconfig .clang-format";
    static const char *const folders[] = {"lib/", "chapters/", "exercises/", "tools/", "plots/"};
    if (!strchr(path, '/')) return listed(files, path, strlen(path));
    bool inside = false;
    for (int i = 0; i < 5; i++) inside = inside || starts(path, folders[i]);
    return inside && ends_in(path, ".c .h .json .mk .gp .svg .csv .sh .md") &&
           !is_generated(path) && strcmp(path, "exercises/TEACHING.md") != 0 &&
           chapter_of(h, path) <= h->highest;
}

/* ---- sources ------------------------------------------------------------------------------ */

/* The text with stubs for the exercises of all chapters that are handed out, and with the bugs. */
static char *stubbed(const Handout *h, const char *path, Error *err)
{
    char *text = read_file(path);
    if (!text) error_set(err, "can't read %s", path);
    for (int i = 0; text && i < h->catalogue->exercises; i++) {
        const Exercise *e = &h->catalogue->exercise[i];
        if (!h->chapters[e->chapter] || strcmp(e->file, path) != 0) continue;
        char *next = source_stubbed(text, e, err);
        free(text);
        text = next;
    }
    for (int i = 0; text && i < h->catalogue->bugs; i++) {
        const Bug *b = &h->catalogue->bug[i];
        if (!is_planted(h, b) || strcmp(b->file, path) != 0) continue;
        char *next = source_planted(text, b->original, b->planted, err);
        free(text);
        text = next;
    }
    return text;
}

/* The book up to its last chapter that is in the tree. */
static void cut_book(const Handout *h, char *text)
{
    char heading[32];
    snprintf(heading, sizeof heading, "\n## Chapter %d", h->highest + 1);
    char *end = strstr(text, heading);
    if (end) end[1] = '\0';
}

/* Is the word a helper that this tree doesn't have any more? */
static bool is_gone(const Handout *h, const char *word, size_t length)
{
    for (int i = 0; i < h->catalogue->exercises; i++) {
        const Exercise *e = &h->catalogue->exercise[i];
        for (int k = 0; h->chapters[e->chapter] && e->helpers.word[k]; k++)
            if (strlen(e->helpers.word[k]) == length && !memcmp(word, e->helpers.word[k], length))
                return true;
    }
    return false;
}

/* Listings don't ask for what is gone. */
static char *without_gone(const Handout *h, char *text)
{
    char *result;
    size_t size;
    FILE *out = text_stream(&result, &size);
    for (const char *line = text, *end; *line; line = end) {
        end = next_line(line);
        bool listing = starts(line, "<!-- listing: ");
        for (const char *p = line; p < end;) {
            size_t length = word_length(p), step = length ? length : 1;
            bool gone = listing && length && p[-1] == ' ' && is_gone(h, p, length);
            if (gone)
                step += p[length] == ' '; /* and the blank behind it */
            else
                copy(out, p, p + step);
            p += step;
        }
    }
    fclose(out);
    free(text);
    return result;
}

static bool copy_file(const Handout *h, const char *path, Error *err)
{
    struct stat s;
    char *text = stubbed(h, path, err), *to = path_in(h->directory, path);
    if (text && strcmp(path, "TUTORIAL.md") == 0) {
        cut_book(h, text);
        text = without_gone(h, text);
    }
    bool good = text && put(h, path, text, err);
    free(text);
    if (good && stat(path, &s) == 0 && chmod(to, s.st_mode & 0777) != 0)
        good = error_set(err, "can't set the mode of %s", to);
    free(to);
    return good;
}

/* Within the tree it would be copied into itself, and that without end. */
static bool is_destination(const Handout *h, const struct stat *s)
{
    struct stat to;
    return stat(h->directory, &to) == 0 && to.st_dev == s->st_dev && to.st_ino == s->st_ino;
}

/* Links aren't followed, and what isn't text has no known ending. */
static bool copy_tree(const Handout *h, const char *folder, Error *err)
{
    DIR *list = opendir(*folder ? folder : ".");
    if (!list) return error_set(err, "can't read %s", folder);
    bool good = true;
    for (struct dirent *d; good && (d = readdir(list));) {
        struct stat s;
        char *path = path_in(folder, d->d_name);
        bool descend = *folder || listed("lib chapters exercises tools plots", path, strlen(path));
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && lstat(path, &s) == 0) {
            if (S_ISDIR(s.st_mode))
                good = !descend || is_destination(h, &s) || copy_tree(h, path, err);
            else if (S_ISREG(s.st_mode) && belongs(h, path))
                good = copy_file(h, path, err);
        }
        free(path);
    }
    closedir(list);
    return good;
}

/* ---- the catalogue ------------------------------------------------------------------------ */

static int number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valueint : 0;
}

/* The fix of a bug is a solution of the chapter that the bug is in. */
static bool tells_too_much(const Handout *h, const cJSON *bug)
{
    const char *file = json_text((cJSON *)bug, "file");
    int chapter = number(bug, "chapter");
    if (chapter > h->highest || h->chapters[chapter] || h->chapters[chapter_of(h, file)])
        return true;
    for (int i = 0; i < h->catalogue->exercises; i++) {
        const Exercise *e = &h->catalogue->exercise[i];
        if (h->chapters[e->chapter] && strcmp(e->file, file) == 0) return true;
    }
    return false;
}

/* Of a planted bug only the symptom is told. */
static void keep_quiet(cJSON *bug)
{
    static const char *const told[] = {"original", "planted", "why"};
    for (int i = 0; i < 3; i++)
        cJSON_ReplaceItemInObjectCaseSensitive(bug, told[i], cJSON_CreateString(""));
}

/* What a bug hides stays hidden also in the entries of other bugs in its file. */
static bool shares_file(const Handout *h, const Bug *b)
{
    for (int i = 0; i < h->catalogue->bugs; i++)
        if (is_planted(h, &h->catalogue->bug[i]) && strcmp(h->catalogue->bug[i].file, b->file) == 0)
            return true;
    return false;
}

static bool put_catalogue(const Handout *h, Error *err)
{
    cJSON *exercises = cJSON_Duplicate(h->catalogue->json[0], 1);
    cJSON *bugs = h->catalogue->json[1] ? cJSON_Duplicate(h->catalogue->json[1], 1) : NULL;
    for (int i = cJSON_GetArraySize(exercises) - 1; i >= 0; i--)
        if (number(cJSON_GetArrayItem(exercises, i), "chapter") > h->highest)
            cJSON_DeleteItemFromArray(exercises, i);
    for (int i = cJSON_GetArraySize(bugs) - 1; i >= 0; i--) {
        cJSON *item = cJSON_GetArrayItem(bugs, i);
        const Bug *b = catalogue_bug(h->catalogue, number(item, "number"));
        if (is_planted(h, b))
            keep_quiet(item);
        else if (tells_too_much(h, item) || shares_file(h, b))
            cJSON_DeleteItemFromArray(bugs, i);
    }
    bool good = put_json(h, "exercises/exercises.json", exercises, err) &&
                (!bugs || put_json(h, "exercises/bugs.json", bugs, err));
    cJSON_Delete(exercises);
    cJSON_Delete(bugs);
    return good;
}

static const char how_to_write[] =
    "For each chapter N that is yours to write:\n\n"
    "    make exerciseN           # your files, in work/chapterN\n"
    "    make gradeN              # what is solved, and what is wrong with the rest\n"
    "    make chapterN WORK=1     # your chapter's program, ./chapterN\n"
    "    make hint E=N.1          # a hint for one exercise\n\n"
    "The first grade of a chapter takes a minute: its tests are built. An exercise that waits "
    "stands on another one, which the grader names.\n\n";

static void write_start(FILE *out, const Handout *h)
{
    bool writes = false;
    for (int n = 0; n <= h->highest; n++) writes |= h->chapters[n];
    fputs("# Where to start\n\n`sh setup.sh` installs what is needed. Read TUTORIAL.md. ", out);
    fputs(writes ? how_to_write : "Nothing in this tree is yours to write.\n", out);
    for (int i = 0; i < h->catalogue->exercises; i++) {
        const Exercise *e = &h->catalogue->exercise[i];
        if (!h->chapters[e->chapter]) continue;
        fprintf(out, "- %s %s:", e->id, e->title);
        for (int k = 0; e->functions.word[k]; k++) fprintf(out, " `%s()`,", e->functions.word[k]);
        fprintf(out, " %d minutes, %d point%s. Chapter %c, \"%s\"\n", e->minutes, e->points,
                e->points == 1 ? "" : "s", e->id[0], e->section);
    }
    if (h->bugs->word[0])
        fputs(
            "\nSomewhere in this tree is a bug, or more than one. `make bug N=7` prepares the hunt "
            "for bug 7, `make found N=7` says whether you have found it.\n\n",
            out);
    for (int i = 0; i < h->catalogue->bugs; i++)
        if (is_planted(h, &h->catalogue->bug[i]))
            fprintf(out, "- bug %d: %s\n", h->catalogue->bug[i].number,
                    h->catalogue->bug[i].symptom);
}

static bool put_notes(const Handout *h, Error *err)
{
    char *text, *note;
    size_t size;
    FILE *out = text_stream(&text, &size), *list = text_stream(&note, &size);
    write_start(out, h);
    for (int i = 0; i < CHAPTERS; i++)
        if (h->chapters[i]) fprintf(list, "%d\n", i);
    fclose(out);
    fclose(list);
    bool good = put(h, "START.md", text, err) && put(h, note_path, note, err);
    free(text);
    free(note);
    return good;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Listings are taken from the sources, so in this tree they show the stubs. */
static bool refresh_book(const Handout *h, const char *book, Error *err)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(h->directory) != 0 || !freopen("/dev/null", "w", stdout)) _exit(2);
        execl(book, book, "refresh", "--no-run", "TUTORIAL.md", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) > 1) /* 1: links to what isn't there any more */
        return error_set(err, "%s couldn't bring the listings up to date", book);
    return true;
}

static bool is_empty(const char *directory)
{
    DIR *list = opendir(directory);
    int entries = 0;
    if (!list) return true;
    while (readdir(list)) entries++;
    closedir(list);
    return entries <= 2;
}

/* A bug among stubs would be a solution with one mistake. Elsewhere it may not be blamed on whoever
 * writes what is right. */
static bool check_bugs(const Handout *h, Workshop *w, Error *err)
{
    for (int i = 0; h->bugs->word[i]; i++) {
        const char *word = h->bugs->word[i];
        bool number = word[strspn(word, "0123456789")] == '\0';
        const Bug *b = number ? catalogue_bug(h->catalogue, atoi(word)) : NULL;
        if (!b) return error_set(err, "there is no bug %s", word);
        if (h->chapters[b->chapter])
            return error_set(err, "bug %d is in chapter %d, which is to be written", b->number,
                             b->chapter);
        for (int chapter = 0; chapter < CHAPTERS; chapter++)
            if (h->chapters[chapter] && !hunt_spares(w, h->catalogue, b, chapter, err))
                return false;
    }
    return true;
}

static int highest_chapter(const Handout *h)
{
    int highest = -1;
    for (int i = 0; i < CHAPTERS; i++)
        if (h->chapters[i]) highest = i;
    for (int i = 0; i < h->catalogue->bugs; i++)
        if (is_planted(h, &h->catalogue->bug[i]) && h->catalogue->bug[i].chapter > highest)
            highest = h->catalogue->bug[i].chapter;
    return highest;
}

bool handout_make(Workshop *w, const Catalogue *c, const bool chapters[CHAPTERS], const Words *bugs,
                  const char *directory, const char *book, Error *err)
{
    Handout h = {.catalogue = c, .chapters = chapters, .bugs = bugs, .directory = directory};
    h.highest = highest_chapter(&h);
    if (h.highest < 0)
        return error_set(err, "no chapter is named, and no bug: CHAPTERS=\"3 4\" or BUGS=\"7\"");
    char *folder = chapter_folder(h.highest);
    bool there = folder != NULL;
    free(folder);
    if (!there) return error_set(err, "there is no chapter %d", h.highest);
    if (!is_empty(directory)) return error_set(err, "%s isn't empty", directory);
    return check_bugs(&h, w, err) && copy_tree(&h, "", err) && put_catalogue(&h, err) &&
           put_notes(&h, err) && refresh_book(&h, book, err);
}
