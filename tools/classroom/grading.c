/* grading.c: see grading.h. */
#include "grading.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../markers/page.h"

const char *const verdict_names[VERDICTS] = {[SOLVED] = "solved",
                                             [WRONG] = "wrong",
                                             [UNWRITTEN] = "not written yet",
                                             [WAITING] = "waits for another exercise",
                                             [MISSING] = "missing",
                                             [BROKEN] = "does not compile",
                                             [CRASHED] = "crashes",
                                             [STOPPED] = "stops the program",
                                             [ENDLESS] = "does not end"};

/* ---- the workshop ------------------------------------------------------------------------- */

static char **split(const char *words)
{
    size_t most = strlen(words) / 2 + 2;
    char **list = NEW(char *, most), *rest, *copy_of = strdup(words);
    int n = 0;
    for (char *word = strtok_r(copy_of, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        list[n++] = strdup(word);
    free(copy_of);
    return list;
}

static void free_words(char **words)
{
    for (int i = 0; words && words[i]; i++) free(words[i]);
    free(words);
}

static int count_words(char *const *words)
{
    int n = 0;
    while (words[n]) n++;
    return n;
}

bool workshop_open(Workshop *w, Error *err)
{
    const char *compile = getenv("CLASSROOM_COMPILE"), *link = getenv("CLASSROOM_LINK");
    const char *build = getenv("CLASSROOM_BUILD"), *base = getenv("CLASSROOM_BASE");
    if (!compile || !link || !build || !base)
        return error_set(err, "start the grader by make: `make grade3`, for instance");
    const char *own = getenv("CLASSROOM_OWN");
    bool sanitized = strstr(compile, "-fsanitize=") != NULL;
    long megabyte = 1 << 20;
    *w = (Workshop){.compile = split(compile),
                    .link = split(link),
                    .build = strdup(build),
                    .base = strdup(base),
                    .own = split(own ? own : ""),
                    .place = "/tmp/classroom.XXXXXX",
                    .compiling = {20, 60, 2048 * megabyte, 64 * megabyte, true, true},
                    .running = {4, 60, 512 * megabyte, megabyte, false, true}};
    if (sanitized) w->compiling.memory = w->running.memory = 0; /* they map terabytes */
    if (!mkdtemp(w->place)) return error_set(err, "no directory can be made in /tmp");
    confined_scratch(w->place);
    if (chmod(w->place, 0755) != 0) return error_set(err, "can't open up %s", w->place);
    w->compiling.as_nobody = confined_can_read(w->base) && confined_can_read("lib/real.h");
    return true;
}

static void remove_tree(const char *path)
{
    char *const argv[] = {(char *)"rm", (char *)"-rf", (char *)path, NULL};
    Limits limits = {60, 60, 0, 1 << 20, true, false};
    Confined c = confined_run(argv, NULL, NULL, &limits);
    confined_free(&c);
}

void workshop_close(Workshop *w)
{
    remove_tree(w->place);
    confined_scratch(NULL);
    free_words(w->compile);
    free_words(w->link);
    free_words(w->own);
    free(w->build);
    free(w->base);
}

/* ---- files -------------------------------------------------------------------------------- */

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* On Windows lines end with \r\n, and a mark of UTF-8 may stand before the first. */
static void remove_marks(char *text)
{
    char *to = text;
    for (const char *p = text + (starts(text, "\xEF\xBB\xBF") ? 3 : 0); *p; p++)
        if (!starts(p, "\r\n")) *to++ = *p;
    *to = '\0';
}

char *read_submitted(const char *folder, const char *name, Error *err)
{
    enum { MOST = 1 << 20 };
    struct stat s;
    char *text = NULL;
    bool zeros = false;
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = at < 0 ? -1 : openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size <= MOST) {
        text = NEW(char, s.st_size + 1);
        ssize_t got = read(fd, text, (size_t)s.st_size);
        if (got < 0) got = 0;
        text[got] = '\0';
        zeros = strlen(text) < (size_t)got;
        remove_marks(text);
    }
    if (fd >= 0) close(fd);
    if (at >= 0) close(at);
    if (text && !zeros) return text;
    free(text);
    error_set(err,
              zeros ? "%s/%s holds zero bytes, as UTF-16 has them: save it as UTF-8"
                    : "there is no file %s/%s",
              folder, name);
    return NULL;
}

static bool write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    if (!out) return false;
    bool good = fputs(text, out) >= 0;
    return fclose(out) == 0 && good;
}

/* ---- one build ---------------------------------------------------------------------------- */

/* A directory of its own for each, so that several can be built at once. */
typedef struct {
    char place[128], program[160];
} Job;

/* This tree's own grader of a chapter, which make has built. */
static void own_grader(const Workshop *w, int chapter, char program[160])
{
    snprintf(program, 160, "%s/exercises/grade/chapter%d", w->build, chapter);
}

static Job job_new(Workshop *w)
{
    Job job;
    snprintf(job.place, sizeof job.place, "%s/%d.%d", w->place, (int)getpid(), w->jobs++);
    snprintf(job.program, sizeof job.program, "%s/grader", job.place);
    REQUIRE(mkdir(job.place, 0755) == 0, "can't make %s", job.place);
    confined_give(job.place);
    return job;
}

/* The first lines of what a compiler said, which mostly follow from the first anyway. */
static char *first_lines(const char *text, int lines)
{
    const char *end = text;
    for (int i = 0; i < lines && *end; i++) end = next_line(end);
    return strndup(text, (size_t)(end - text));
}

/* Is this object made from a source of the same name as one of these? */
static bool replaced(const char *object, const Source *sources, int count)
{
    const char *name = base_name(object);
    size_t length = strlen(name) - 1; /* with the dot */
    for (int i = 0; i < count; i++)
        if (strncmp(base_name(sources[i].path), name, length) == 0) return true;
    return false;
}

/* Compiles the sources and links them before this tree's archive, whose objects of the same
 * functions are then not taken. NULL if that went well, else what went wrong. */
static char *build(Workshop *w, const Job *job, const Source *sources, int count, int chapter)
{
    int flags = count_words(w->compile), libraries = count_words(w->link) + count_words(w->own),
        n = 0;
    char tests[2][256], (*files)[256] = must_calloc((size_t)count + 1, sizeof *files);
    char **argv = NEW(char *, flags + libraries + count + 8);
    for (int i = 0; i < flags; i++) argv[n++] = w->compile[i];
    for (int i = 0; i < count; i++) {
        snprintf(files[i], sizeof *files, "%s/%s", job->place, base_name(sources[i].path));
        REQUIRE(write_file(files[i], sources[i].text), "can't write %s", files[i]);
        argv[n++] = files[i];
    }
    snprintf(tests[0], sizeof *tests, "%s/exercises/grade/grade_chapter%d.o", w->build, chapter);
    snprintf(tests[1], sizeof *tests, "%s/exercises/grade/grade.o", w->build);
    argv[n++] = tests[0];
    argv[n++] = tests[1];
    for (int i = 0; w->own[i]; i++)
        if (!replaced(w->own[i], sources, count)) argv[n++] = w->own[i];
    argv[n++] = w->base;
    for (int i = 0; w->link[i]; i++) argv[n++] = w->link[i];
    argv[n++] = (char *)"-o";
    argv[n++] = (char *)job->program;

    Confined c = confined_run(argv, NULL, NULL, &w->compiling);
    bool good = c.ending == ENDED_BY_ITSELF && c.status == 0;
    char *said = good                        ? NULL
                 : c.ending == ENDED_BY_TIME ? strdup("the compiler took too long\n")
                                             : first_lines(c.said, 8);
    confined_free(&c);
    free(argv);
    free(files);
    return said;
}

/* ---- one test ----------------------------------------------------------------------------- */

static char *format(const char *words, const char *more)
{
    char *text;
    size_t size;
    FILE *out = text_stream(&text, &size);
    fprintf(out, words, more);
    fclose(out);
    return text;
}

static const char *signal_meaning(int number)
{
    return number == SIGSEGV || number == SIGBUS
               ? "got       a crash: it reads or writes outside of its memory\n"
                 "likely    an index goes past the end of an array, or a pointer is NULL\n"
           : number == SIGFPE  ? "got       a crash: a whole number was divided by 0\n"
           : number == SIGXFSZ ? "got       an end: it writes more to files than it may\n"
                               : "got       an end by a signal\n";
}

/* Exit status 0 proves nothing, since the function under test may have called exit: the program
 * must know a number that it read before its tests began. */
static Finding judge(const char *name, const Confined *c, const char *secret)
{
    char passed[64], *stub = strstr(c->said, "is still to be written");
    snprintf(passed, sizeof passed, "passed %s\n", secret);
    Finding f = {.name = strdup(name), .seconds = c->seconds};
    if (c->ending == ENDED_BY_TIME) {
        f.verdict = ENDLESS;
        f.said = strdup("got       no end: it was stopped while it was still running\n"
                        "likely    a loop whose condition stays true\n");
    } else if (stub) {
        f.verdict = UNWRITTEN;
        f.said = first_lines(c->said, 1);
    } else if (c->ending == ENDED_BY_SIGNAL && c->status == SIGABRT && *c->said) {
        f.verdict = STOPPED;
        f.said = format("got       a stop: %s", c->said);
    } else if (c->ending == ENDED_BY_SIGNAL) {
        f.verdict = CRASHED;
        f.said = strdup(signal_meaning(c->status));
    } else if (strstr(c->report, passed)) {
        f.verdict = SOLVED;
        f.said = strdup("");
    } else if (*c->report) {
        f.verdict = WRONG;
        f.said = strdup(c->report);
    } else {
        f.verdict = STOPPED;
        f.said = *c->said ? format("got       an end of the program: %s", c->said)
                          : strdup("got       an end of the program, before the test was over\n");
    }
    return f;
}

static void draw_secret(char secret[33])
{
    unsigned char bytes[16] = {0};
    FILE *in = fopen("/dev/urandom", "rb");
    REQUIRE(in && fread(bytes, 1, sizeof bytes, in) == sizeof bytes, "no random numbers");
    fclose(in);
    for (int i = 0; i < 16; i++) snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
}

static Finding run_test(Workshop *w, const Job *job, const char *name, const char *tag)
{
    char secret[33], input[40], *argv[] = {(char *)job->program, (char *)name, NULL};
    draw_secret(secret);
    snprintf(input, sizeof input, "%s\n", secret);
    Confined c = confined_run(argv, NULL, input, &w->running);
    Finding f = judge(name, &c, secret);
    f.tag = strdup(tag);
    confined_free(&c);
    return f;
}

/* Names of the tests with a tag: one a line. This tree's own grader says them, since what a student
 * has written could leave some out. */
static char *list_tests(Workshop *w, int chapter, const char *tag)
{
    char program[160], *argv[] = {program, (char *)"--list", (char *)tag, NULL};
    Limits limits = w->running;
    limits.as_nobody = false;
    own_grader(w, chapter, program);
    Confined c = confined_run(argv, NULL, NULL, &limits);
    char *list = c.report;
    c.report = NULL;
    confined_free(&c);
    return list;
}

static void add_finding(Grade *g, Finding f)
{
    g->finding = must_realloc(g->finding, (size_t)g->findings + 1, sizeof *g->finding);
    g->finding[g->findings++] = f;
    if (g->verdict == SOLVED) g->verdict = f.verdict;
}

static void run_tests(Workshop *w, const Job *job, Grade *g, int chapter, const char *tag)
{
    char *list = list_tests(w, chapter, tag), *rest;
    int before = g->findings;
    for (char *name = strtok_r(list, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest))
        add_finding(g, run_test(w, job, name, tag));
    if (g->findings == before) {
        g->verdict = g->verdict == SOLVED ? STOPPED : g->verdict;
        g->said = g->said ? g->said : format("no test of %s could be run\n", tag);
    }
    free(list);
}

Grade grade_sources(Workshop *w, const Source *sources, int count, int chapter, const Words *tests)
{
    Grade g = {.verdict = SOLVED};
    if (w->distrust && !w->compiling.as_nobody) {
        g.verdict = MISSING;
        g.said = strdup("this tree can't be read by the user nobody, as whom submissions run: "
                        "give others the right to read it, or don't grade as root\n");
        return g;
    }
    Job job = job_new(w);
    if (count == 0 && !w->own[0])
        own_grader(w, chapter, job.program);
    else
        g.said = build(w, &job, sources, count, chapter);
    if (g.said) g.verdict = BROKEN;
    for (int i = 0; !g.said && tests->word[i]; i++) run_tests(w, &job, &g, chapter, tests->word[i]);
    remove_tree(job.place);
    return g;
}

/* ---- one exercise ------------------------------------------------------------------------- */

/* The sources of a build, each once, with grafts from the student's files. */
typedef struct {
    Source source[WORDS + 1];
    int count;
} Sources;

static void sources_free(Sources *s)
{
    for (int i = 0; i < s->count; i++) free((char *)s->source[i].text);
}

static Source *sources_get(Sources *s, const char *path)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->source[i].path, path) == 0) return &s->source[i];
    Source *fresh = &s->source[s->count++];
    *fresh = (Source){path, read_file(path)};
    REQUIRE(fresh->text, "can't read %s", path);
    return fresh;
}

/* Puts the functions of e, as the folder has them, into the sources. */
static bool graft(Sources *s, const Exercise *e, const char *folder, Grade *g)
{
    Error err;
    char path[512], *text = read_submitted(folder, base_name(e->file), &err);
    snprintf(path, sizeof path, "%s/%s", folder, base_name(e->file));
    Source *base = sources_get(s, e->file);
    char *grafted = text ? source_grafted(*base, (Source){path, text}, e, &err) : NULL;
    if (!grafted) {
        g->verdict = MISSING;
        g->said = format("%s\n", err.text);
        free(text);
        return false;
    }
    for (int i = 0; e->functions.word[i] && g->verdict == SOLVED; i++)
        if (source_has_stub(text, e->functions.word[i])) g->verdict = UNWRITTEN;
    free((char *)base->text);
    base->text = grafted;
    free(text);
    return g->verdict == SOLVED;
}

/* work/chapter3 for work/chapter5 */
static char *folder_beside(const char *folder, int chapter)
{
    const char *name = base_name(folder);
    char *path;
    if (asprintf(&path, "%.*schapter%d", (int)(name - folder), folder, chapter) < 0) abort();
    return path;
}

/* In a tree whose own function is a stub, an exercise that is needed is taken from the student. */
static bool graft_needs(Sources *s, const Catalogue *c, const Exercise *e, const char *folder,
                        Grade *g)
{
    for (int i = 0; e->needs.word[i]; i++) {
        const Exercise *needed = catalogue_exercise(c, e->needs.word[i]);
        char *text = needed ? read_file(needed->file) : NULL;
        bool open = text && source_has_stub(text, needed->functions.word[0]);
        char *beside = needed ? folder_beside(folder, needed->chapter) : NULL;
        bool good = !open || graft(s, needed, beside, g);
        free(text), free(beside);
        if (good) continue;
        g->verdict = WAITING;
        free(g->said);
        g->said = format("it stands on exercise %s: write that one first\n", needed->id);
        return false;
    }
    return true;
}

/* A test that met the stub of another exercise. */
static void see_who_is_waited_for(Grade *g, const Exercise *e)
{
    char *own = format("exercise %s,", e->id);
    for (int i = 0; i < g->findings; i++)
        if (g->finding[i].verdict == UNWRITTEN && !strstr(g->finding[i].said, own))
            g->finding[i].verdict = WAITING;
    g->verdict = SOLVED;
    for (int i = 0; i < g->findings && g->verdict == SOLVED; i++)
        g->verdict = g->finding[i].verdict;
    if (g->findings == 0) g->verdict = BROKEN;
    free(own);
}

Grade grade_exercise(Workshop *w, const Catalogue *c, const Exercise *e, const char *folder)
{
    Sources s = {0};
    Grade g = {.verdict = SOLVED};
    if (graft(&s, e, folder, &g) && graft_needs(&s, c, e, folder, &g)) {
        g = grade_sources(w, s.source, s.count, e->chapter, &e->tests);
        see_who_is_waited_for(&g, e);
    }
    if (g.verdict == UNWRITTEN && !g.said) {
        char where[256];
        snprintf(where, sizeof where, "chapter %c, \"%s\"", e->id[0], e->section);
        g.said = format("the book has it in %s\n", where);
    }
    g.exercise = e;
    sources_free(&s);
    return g;
}

void grade_free(Grade *g)
{
    for (int i = 0; i < g->findings; i++) {
        free(g->finding[i].name);
        free(g->finding[i].tag);
        free(g->finding[i].said);
    }
    free(g->finding);
    free(g->said);
    *g = (Grade){0};
}
