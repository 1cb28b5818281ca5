/* exercise.c: the classroom's tool: chapters become exercises, and what comes back is graded.
 *
 *     exercise list                     all exercises
 *     exercise hint 3.2                 the hint for one
 *     exercise make 3                   work/chapter3: the chapter with stubs
 *     exercise grade 3 [--only=3.2]     grades work/chapter3, or one exercise of it
 *     exercise grade all --submission=DIR [--out=DIR] [--format=gradescope]
 *                                       grades every chapter that a returned tree has worked on
 *     exercise bug 7, exercise found 7  prepares a bug hunt in work/bug7; says if it was found
 *     exercise handout DIR 3 4 [--bugs=7,12]
 *                                       a tree for students without the solutions of chapters 3, 4
 *
 * Exit status 0: done, or all is solved; 1: not all is solved; 2: it can't be done. make calls it
 * (exercises/exercises.mk) and says how to build. The modules are in classroom/. */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "classroom/handout.h"
#include "classroom/hunt.h"
#include "classroom/report.h"
#include "classroom/work.h"
#include "markers/page.h"
#include "run.h"

enum { DONE, NOT_SOLVED, FAILED };

typedef struct {
    const char *work;       /* the folder of one's own work */
    const char *submission; /* or a returned tree */
    const char *out;        /* where the grades go */
    const char *only;       /* the one exercise that is graded, or NULL: all */
    char *bugs;             /* numbers of bugs to plant in a handout */
    bool gradescope;
} Options;

static int fail(const Error *err)
{
    fprintf(stderr, "exercise: %s\n", err->text);
    return FAILED;
}

/* False unless the word is digits alone, few enough for an int, and no 0 before another. */
static bool number_of(const char *word, int *n)
{
    size_t digits = strspn(word, "0123456789");
    bool plain = digits > 0 && digits < 9 && !word[digits] && (word[0] != '0' || digits == 1);
    *n = plain ? atoi(word) : -1;
    return *n >= 0;
}

/* ---- exercises ---------------------------------------------------------------------------- */

static int list(const Catalogue *c)
{
    int minutes = 0, points = 0;
    for (int i = 0; i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        printf("%-5s %-44s %3d min %2d points  \"%s\"\n", e->id, e->title, e->minutes, e->points,
               e->section);
        minutes += e->minutes;
        points += e->points;
    }
    printf("%d exercises, %.1f hours, %d points; %d bugs to find\n", c->exercises, minutes / 60.0,
           points, c->bugs);
    return DONE;
}

static int hint(const Catalogue *c, const char *id, Error *err)
{
    const Exercise *e = catalogue_exercise(c, id);
    if (!e)
        return error_set(err, "there is no exercise %s: `make exercises` lists them", id),
               fail(err);
    printf("%s %s. %s\n", e->id, e->title, e->hint);
    return DONE;
}

static int make(const Catalogue *c, const Options *o, int chapter, Error *err)
{
    char folder[512];
    int kept;
    snprintf(folder, sizeof folder, "%s/chapter%d", o->work, chapter);
    if (!work_make(c, chapter, folder, &kept, err)) return fail(err);
    if (kept) printf("%s: %d files that were there are kept\n", folder, kept);
    for (int i = 0; i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        if (e->chapter != chapter) continue;
        printf("%-5s %-44s %3d min  ", e->id, e->title, e->minutes);
        for (int f = 0; e->functions.word[f]; f++) printf("%s(), ", e->functions.word[f]);
        printf("%s/%s\n", folder, base_name(e->file));
    }
    printf("then: make grade%d\n", chapter);
    return DONE;
}

/* ---- grades ------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The one folder in another, or that other: what is packed often lies one folder deeper. */
static void only_folder(const char *outer, char inner[512])
{
    int count = 0;
    DIR *list = opendir(outer);
    for (struct dirent *d; list && (d = readdir(list));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", outer, d->d_name);
        if (*d->d_name == '.' || strcmp(d->d_name, "__MACOSX") == 0 || !is_folder(path)) continue;
        count++;
        strcpy(inner, path);
    }
    if (list) closedir(list);
    if (count != 1) snprintf(inner, 512, "%s", outer);
}

/* Where a chapter's work stands: work/chapterN, of one's own or of a submission; a submission may
 * also be the folder work itself. False if it isn't there. */
static bool find_work(const Options *o, int chapter, char folder[1024])
{
    char inner[512];
    const char *roots[] = {o->submission, inner};
    snprintf(folder, 1024, "%s/chapter%d", o->work, chapter);
    if (!o->submission) return is_folder(folder);
    only_folder(o->submission, inner);
    for (int i = 0; i < 4; i++) {
        snprintf(folder, 1024, "%s%s/chapter%d", roots[i / 2], i % 2 ? "" : "/work", chapter);
        if (is_folder(folder)) return true;
    }
    return false;
}

static bool save(const Report *r, const Options *o, Error *err)
{
    return report_save(r, o->out, err) &&
           (!o->gradescope || report_save_gradescope(r, o->out, err));
}

/* Who has returned something else is to hear of it, and to stand in the table with 0 points. */
static void save_nothing(const Error *why, const Options *o)
{
    Error err;
    if (!save(&(Report){.said = why->text}, o, &err)) fprintf(stderr, "exercise: %s\n", err.text);
}

/* chapter -1: all that there is work on */
static int grade(const Catalogue *c, const Options *o, int chapter, Error *err)
{
    Workshop w;
    char folder[1024];
    double began = clock_seconds();
    if (!workshop_open(&w, err)) return fail(err);
    w.distrust = o->submission != NULL;
    Report r = {.grade = NEW(Grade, c->exercises)};
    for (int i = 0; i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        if (chapter >= 0 && e->chapter != chapter) continue;
        if (o->only && strcmp(e->id, o->only) != 0) continue;
        bool there = find_work(o, e->chapter, folder);
        if (there || chapter >= 0) r.grade[r.count++] = grade_exercise(&w, c, e, folder);
    }
    workshop_close(&w);
    r.seconds = clock_seconds() - began;
    if (r.count == 0 && o->only) {
        error_set(err, "chapter %d has no exercise %s: `make exercises` lists them", chapter,
                  o->only);
    } else if (r.count == 0) {
        error_set(err, "%s has no folder work/chapterN, so there is nothing to grade",
                  o->submission ? o->submission : ".");
        if (o->submission) save_nothing(err, o);
    }
    bool good = r.count > 0 && (o->only || save(&r, o, err)); /* the grades of all stay */
    if (r.count > 0) report_print(&r);
    int status = !good ? fail(err) : report_solved(&r) ? DONE : NOT_SOLVED;
    for (int i = 0; i < r.count; i++) grade_free(&r.grade[i]);
    free(r.grade);
    return status;
}

/* ---- bugs --------------------------------------------------------------------------------- */

static const Bug *find_bug(const Catalogue *c, const char *number, Error *err)
{
    int n;
    const Bug *b = number_of(number, &n) ? catalogue_bug(c, n) : NULL;
    if (!b) error_set(err, "there is no bug %s: there are %d, from 1 on", number, c->bugs);
    return b;
}

static void bug_folder(const Options *o, const Bug *b, char folder[512])
{
    snprintf(folder, 512, "%s/bug%d", o->work, b->number);
}

static int bug(const Catalogue *c, const Options *o, const char *number, Error *err)
{
    char folder[512];
    const Bug *b = find_bug(c, number, err);
    if (!b) return fail(err);
    bug_folder(o, b, folder);
    if (!work_make_bug(b, folder, err)) return fail(err);
    printf("bug %d: %s\n%s/README.md says how to go on\n", b->number, b->symptom, folder);
    return DONE;
}

/* For a shell: what to run and which columns to look at. */
static int bug_run(const Catalogue *c, const char *number, Error *err)
{
    const Bug *b = find_bug(c, number, err);
    if (!b) return fail(err);
    printf("chapter=%d hidden=%d arguments='%s' columns='", b->chapter, !*b->original, b->run);
    for (int i = 0; b->look.word[i]; i++) printf("%s%s", i ? " " : "", b->look.word[i]);
    printf("'\n");
    return DONE;
}

static int found(const Catalogue *c, const Options *o, const char *number, Error *err)
{
    Workshop w;
    Grade g;
    char folder[512];
    const Bug *b = find_bug(c, number, err);
    if (!b || !workshop_open(&w, err)) return fail(err);
    bug_folder(o, b, folder);
    bool there = hunt_grade(&w, b, folder, &g, err);
    workshop_close(&w);
    if (!there) return fail(err);
    bool good = g.verdict == SOLVED;
    if (good)
        printf("found. %s\n", *b->why ? b->why : "Your teacher knows the story behind it.");
    else
        printf("not found: %s\n",
               g.verdict == WRONG ? "it is still there" : verdict_names[g.verdict]);
    if (!good && g.verdict != WRONG) finding_print(&g);
    grade_free(&g);
    return good ? DONE : NOT_SOLVED;
}

/* ---- handouts ----------------------------------------------------------------------------- */

static int handout(const Catalogue *c, const Options *o, char **words, int count, Error *err)
{
    bool chapters[CHAPTERS] = {false};
    Words bugs = {{NULL}};
    char *rest = o->bugs;
    for (int i = 0; i < WORDS && rest; i++) bugs.word[i] = strtok_r(rest, ", ", &rest);
    const char *book = getenv("CLASSROOM_BOOK");
    char *path = book ? realpath(book, NULL) : NULL;
    if (!path)
        return error_set(err, "start it by make: make handout CHAPTERS=\"3 4\" DIR=..."), fail(err);
    for (int i = 1; i < count; i++) {
        int chapter;
        if (!number_of(words[i], &chapter) || chapter >= CHAPTERS)
            return error_set(err, "there is no chapter %s", words[i]), fail(err);
        chapters[chapter] = true;
    }
    Workshop w;
    bool open = workshop_open(&w, err);
    bool good = open && handout_make(&w, c, chapters, &bugs, words[0], path, err);
    if (open) workshop_close(&w);
    free(path);
    if (!good) return fail(err);
    printf("%s: START.md says how it begins\n", words[0]);
    return DONE;
}

/* ---- the command line --------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: exercise list | hint ID | make N | grade N|all | bug N | found N | "
                    "handout DIR N...\n       [--work=DIR] [--only=ID] [--submission=DIR] "
                    "[--out=DIR] [--format=gradescope]\n");
    return FAILED;
}

static bool read_flags(Options *o, int argc, char **argv)
{
    static const struct option flags[] = {{"work", required_argument, NULL, 'w'},
                                          {"submission", required_argument, NULL, 's'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"format", required_argument, NULL, 'f'},
                                          {"bugs", required_argument, NULL, 'b'},
                                          {"only", required_argument, NULL, 'e'},
                                          {NULL, 0, NULL, 0}};
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        if (flag == 'w') o->work = optarg;
        if (flag == 's') o->submission = *optarg ? optarg : NULL;
        if (flag == 'o') o->out = optarg;
        if (flag == 'b') o->bugs = optarg;
        if (flag == 'e') o->only = *optarg ? optarg : NULL;
        if (flag == 'f') o->gradescope = strcmp(optarg, "gradescope") == 0;
        if (flag == '?' || (flag == 'f' && !o->gradescope && *optarg)) return false;
    }
    return true;
}

static int run(const Catalogue *c, const Options *o, char **words, int count, Error *err)
{
    const char *what = words[0], *which = count > 1 ? words[1] : NULL;
    if (strcmp(what, "list") == 0) return list(c);
    if (!which) return usage();
    if (strcmp(what, "hint") == 0) return hint(c, which, err);
    int chapter = -1;
    bool chosen = number_of(which, &chapter) || strcmp(which, "all") == 0;
    if (strcmp(what, "make") == 0 && chosen) return make(c, o, chapter, err);
    if (strcmp(what, "grade") == 0 && chosen) return grade(c, o, chapter, err);
    if (strcmp(what, "bug") == 0) return bug(c, o, which, err);
    if (strcmp(what, "bug-run") == 0) return bug_run(c, which, err);
    if (strcmp(what, "found") == 0) return found(c, o, which, err);
    if (strcmp(what, "handout") == 0) return handout(c, o, words + 1, count - 1, err);
    return usage();
}

int main(int argc, char **argv)
{
    Error err;
    Catalogue c;
    Options o = {.work = "work", .out = "."};
    if (!read_flags(&o, argc, argv) || optind >= argc) return usage();
    if (!catalogue_load(&c, &err)) return fail(&err);
    int status = run(&c, &o, argv + optind, argc - optind, &err);
    catalogue_free(&c);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    error_set(&err, "its answer could not be written: is the disk full?");
    return fail(&err);
}
