/* handouts.c: a tree for students holds no solution, builds without a warning, and fails cleanly.
 */
#include "../../tools/classroom/handout.h"
#include "../../tools/classroom/hunt.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/markers/page.h"
#include "prove.h"
#include "run.h"

/* Some chapters, and all of them. */
enum { HANDOUTS = 3 };
static const bool handed[HANDOUTS][CHAPTERS] = {
    {[3] = true, [4] = true}, {[2] = true}, {true, true, true, true, true, true}};

static void handout_place(int i, char place[96])
{
    snprintf(place, 96, "%s/handout%d", workshop.place, i);
}

/* ---- secrets ------------------------------------------------------------------------------ */

/* Lines that only a solution has: of the functions and helpers of the exercises, long enough to
 * mean something, and nowhere in the sources once those are stubs. Blanks don't count. */
typedef struct {
    char **line;
    const char **id;
    int count;
} Secrets;

static char *without_blanks(const char *text, size_t length)
{
    char *result = NEW(char, length + 1), *to = result;
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\n", text[i])) *to++ = text[i];
    return result;
}

/* All sources of the handout, as they should be, without blanks. */
typedef struct {
    FILE *out;
    const bool *chapters;
} Open;

static void add_open(Open *o, const char *path)
{
    Error err;
    char *text = read_file(path);
    for (int i = 0; text && i < catalogue.exercises; i++) {
        const Exercise *e = &catalogue.exercise[i];
        if (!o->chapters[e->chapter] || strcmp(e->file, path) != 0) continue;
        char *next = source_stubbed(text, e, &err);
        REQUIRE(next, "%s", err.text);
        free(text);
        text = next;
    }
    char *bare = text ? without_blanks(text, strlen(text)) : NULL;
    if (bare) fputs(bare, o->out);
    free(bare), free(text);
}

/* Visits the regular files of a tree. */
typedef void Visit(const char *path, void *arg);
static void visit_tree(const char *folder, Visit *visit, void *arg)
{
    DIR *list = opendir(folder);
    REQUIRE(list, "can't read %s", folder);
    for (struct dirent *d; (d = readdir(list));) {
        struct stat s;
        char *path = path_in(folder, d->d_name);
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && lstat(path, &s) == 0) {
            if (S_ISDIR(s.st_mode))
                visit_tree(path, visit, arg);
            else
                visit(path, arg);
        }
        free(path);
    }
    closedir(list);
}

static void add_source(const char *path, void *open)
{
    const char *dot = strrchr(path, '.');
    if (dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0)) add_open(open, path);
}

static char *open_sources(const bool *chapters)
{
    static const char *const folders[] = {"lib", "chapters", "exercises", "tools"};
    char *text;
    size_t size;
    Open o = {text_stream(&text, &size), chapters};
    for (int i = 0; i < 4; i++) visit_tree(folders[i], add_source, &o);
    fclose(o.out);
    return text;
}

static void add_secrets(Secrets *s, const Exercise *e, const char *function, const char *open)
{
    enum { LONG = 22 };
    char *text = read_file(e->file), *body = source_function(text, function);
    for (const char *line = body; line && *line; line = next_line(line)) {
        char *bare = without_blanks(line, strcspn(line, "\n"));
        if (strlen(bare) < LONG || strstr(open, bare)) {
            free(bare);
            continue;
        }
        s->line = must_realloc(s->line, (size_t)s->count + 1, sizeof *s->line);
        s->id = must_realloc(s->id, (size_t)s->count + 1, sizeof *s->id);
        s->line[s->count] = bare;
        s->id[s->count++] = e->id;
    }
    free(body), free(text);
}

static Secrets find_secrets(const bool *chapters)
{
    Secrets s = {0};
    char *open = open_sources(chapters);
    for (int i = 0; i < catalogue.exercises; i++) {
        const Exercise *e = &catalogue.exercise[i];
        if (!chapters[e->chapter]) continue;
        for (int k = 0; e->functions.word[k]; k++) add_secrets(&s, e, e->functions.word[k], open);
        for (int k = 0; e->helpers.word[k]; k++) add_secrets(&s, e, e->helpers.word[k], open);
    }
    free(open);
    return s;
}

/* ---- looking for them --------------------------------------------------------------------- */

typedef struct {
    const Secrets *secrets;
    FILE *out;
    int found, files;
} Search;

static void search_file(const char *path, void *arg)
{
    Search *s = arg;
    char *text = read_file(path), *bare = without_blanks(text, strlen(text));
    const char *dot = strrchr(path, '.');
    s->files++;
    if (strstr(path, "/.git/") || strstr(path, "/build/") || strstr(path, "/tests/") ||
        (dot && (strcmp(dot, ".o") == 0 || strcmp(dot, ".a") == 0))) {
        fprintf(s->out, "%s doesn't belong into a handout\n", path);
        s->found++;
    }
    for (int i = 0; i < s->secrets->count; i++)
        if (strstr(bare, s->secrets->line[i])) {
            fprintf(s->out, "%s tells of exercise %s: %s\n", path, s->secrets->id[i],
                    s->secrets->line[i]);
            s->found++;
        }
    free(bare), free(text);
}

/* An exercise without a line of its own couldn't be looked for. */
static bool all_have_secrets(const Secrets *s, const bool *chapters, FILE *out)
{
    bool all = true;
    for (int i = 0; i < catalogue.exercises; i++) {
        const Exercise *e = &catalogue.exercise[i];
        bool has = !chapters[e->chapter];
        for (int k = 0; k < s->count && !has; k++) has = strcmp(s->id[k], e->id) == 0;
        if (!has) fprintf(out, "the solution of exercise %s has no line of its own\n", e->id);
        all = all && has;
    }
    return all;
}

static bool handout_holds_no_solution(int i, FILE *out)
{
    Error err;
    char place[96], *book = realpath(getenv("CLASSROOM_BOOK"), NULL);
    handout_place(i, place);
    REQUIRE(book, "make says where the book tool is");
    if (!handout_make(&workshop, &catalogue, handed[i], &(Words){{NULL}}, place, book, &err))
        return fprintf(out, "handout %d: %s\n", i, err.text), false;
    Secrets secrets = find_secrets(handed[i]);
    Search search = {.secrets = &secrets, .out = out};
    bool all = all_have_secrets(&secrets, handed[i], out);
    visit_tree(place, search_file, &search);
    if (search.files < 100) fprintf(out, "handout %d has %d files only\n", i, search.files);
    free(book);
    return all && search.found == 0 && search.files >= 100;
}

/* The same search must find the solutions where they are. */
static bool this_tree_holds_them(int i, FILE *out)
{
    static const char *const folders[] = {"lib", "chapters", "exercises"};
    Secrets secrets = find_secrets(handed[i]);
    char *nothing;
    size_t size;
    Search search = {.secrets = &secrets, .out = text_stream(&nothing, &size)};
    for (int k = 0; k < 3; k++) visit_tree(folders[k], search_file, &search);
    fclose(search.out);
    free(nothing);
    if (search.found < secrets.count)
        fprintf(out, "%d of %d secrets were found where they are\n", search.found, secrets.count);
    return secrets.count > 20 && search.found >= secrets.count;
}

/* ---- bugs --------------------------------------------------------------------------------- */

/* A tree with two bugs in it says nowhere how their places should read. */
static bool planted_bugs_stay_hidden(int i, FILE *out)
{
    Error err;
    static const bool none[CHAPTERS] = {false};
    const Words bugs = {{"13", "31", NULL}};
    char place[96], *book = realpath(getenv("CLASSROOM_BOOK"), NULL);
    Secrets s = {0};
    (void)i;
    snprintf(place, sizeof place, "%s/hunted", workshop.place);
    if (!handout_make(&workshop, &catalogue, none, &bugs, place, book, &err))
        return fprintf(out, "a handout with bugs: %s\n", err.text), false;
    for (int k = 0; bugs.word[k]; k++) {
        const Bug *b = catalogue_bug(&catalogue, atoi(bugs.word[k]));
        char *path = path_in(place, b->file), *planted = read_file(path);
        if (!planted || !strstr(planted, b->planted) || strstr(planted, b->original))
            return fprintf(out, "bug %d isn't in %s\n", b->number, path), false;
        s.line = must_realloc(s.line, (size_t)s.count + 1, sizeof *s.line);
        s.id = must_realloc(s.id, (size_t)s.count + 1, sizeof *s.id);
        s.line[s.count] = without_blanks(b->original, strlen(b->original));
        s.id[s.count++] = "(a bug)";
        free(path), free(planted);
    }
    Search search = {.secrets = &s, .out = out};
    visit_tree(place, search_file, &search);
    free(book);
    return search.found == 0;
}

/* Nobody is to be told that what is right is wrong. */
static bool bug_beside_exercises_is_refused(int i, FILE *out)
{
    static const struct {
        bool chapters[CHAPTERS];
        Words bugs;
        const char *says;
    } pairs[] = {
        {{[4] = true}, {{"23"}}, "bug 23 is in chapter 4, which is to be written"},
        {{[3] = true}, {{"21", "5"}}, "beside bug 5 right solutions of exercise 3.1 would be"},
        {{[5] = true}, {{"9"}}, "beside bug 9 right solutions of exercise 5.3 would be"}};
    Error err = {""};
    bool refused = !handout_make(&workshop, &catalogue, pairs[i].chapters, &pairs[i].bugs,
                                 "/nowhere", "/no/book", &err) &&
                   says(err.text, pairs[i].says);
    if (!refused) fprintf(out, "it should be refused: %s.\n%s\n", pairs[i].says, err.text);
    return refused;
}

/* Those that TEACHING.md plants in the handout of a chapter above. */
static bool planned_bug_fits(int i, FILE *out)
{
    static const int bug_in[][2] = {{1, 2}, {4, 2}, {13, 4}, {16, 4}, {21, 5}};
    Error err;
    const Bug *b = catalogue_bug(&catalogue, bug_in[i][0]);
    bool fits = hunt_spares(&workshop, &catalogue, b, bug_in[i][1], &err);
    if (!fits) fprintf(out, "%s\n", err.text);
    return fits;
}

/* ---- building it -------------------------------------------------------------------------- */

/* What was compiled here from the very same sources, with everything that make asks about it, so
 * that only what differs is compiled there. */
typedef struct {
    const char *place, *build; /* the handout, and the directory of its objects */
} Reuse;

static bool same_text(const char *path, const char *other)
{
    char *a = read_file(path), *b = read_file(other);
    bool same = a && b && strcmp(a, b) == 0;
    free(a), free(b);
    return same;
}

static void copy_bytes(const char *from, const char *to)
{
    char block[BUFSIZ];
    FILE *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    REQUIRE(out, "can't copy %s to %s", from, to);
    for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;) fwrite(block, 1, n, out);
    REQUIRE(fclose(in) == 0 && fclose(out) == 0, "can't copy %s to %s", from, to);
}

static void reuse_object(const char *path, void *arg)
{
    static const char *const endings[] = {"o", "d"};
    const Reuse *r = arg;
    const char *inside = path + strlen(r->place) + 1, *dot = strrchr(inside, '.');
    if (!dot || strcmp(dot, ".c") != 0 || !same_text(path, inside)) return;
    for (int i = 0; i < 2; i++) {
        Error err;
        char *from, *to, *folder;
        REQUIRE(asprintf(&from, "%s/%.*s%s", workshop.build, (int)(dot + 1 - inside), inside,
                         endings[i]) > 0 &&
                    asprintf(&to, "%s/%s%s", r->place, r->build, from + strlen(workshop.build)) > 0,
                "no memory");
        folder = strndup(to, (size_t)(strrchr(to, '/') - to));
        if (access(from, R_OK) == 0) {
            REQUIRE(directory_make(folder, &err), "%s", err.text);
            copy_bytes(from, to);
        }
        free(folder), free(to), free(from);
    }
}

/* Runs a command in the handout; its exit status, and what it said. */
static int run_in(const char *place, const char *command, char **said)
{
    char line[512];
    size_t size;
    snprintf(line, sizeof line, "cd %s && env -u MAKEFLAGS -u MAKELEVEL %s 2>&1", place, command);
    FILE *in = popen(line, "r"), *out = text_stream(said, &size);
    REQUIRE(in, "can't run %s", command);
    for (int c; (c = getc(in)) != EOF;) putc(c, out);
    fclose(out);
    int status = pclose(in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool expect_run(FILE *out, const char *place, const char *command, int status,
                       const char *phrase)
{
    char *said;
    int ended = run_in(place, command, &said);
    bool good = ended == status && says(said, phrase);
    if (!good)
        fprintf(out, "%s: exit status %d, not %d with \"%s\":\n%s\n", command, ended, status,
                phrase, said);
    free(said);
    return good;
}

/* How make is called there, at its quickest, after what was compiled here has been copied. */
static bool find_make(const char *place, char make[256], FILE *out)
{
    char where[320], *folder;
    snprintf(make, 256, "make -s -j2 CC=%s REAL=double OPT=-O0 WERROR=1", workshop.compile[0]);
    snprintf(where, sizeof where, "%s print-build", make);
    bool good = run_in(place, where, &folder) == 0;
    folder[strcspn(folder, "\n")] = '\0';
    if (good)
        visit_tree(place, reuse_object, &(Reuse){place, folder});
    else
        fprintf(out, "%s\n", folder);
    free(folder);
    return good;
}

/* Of the handout of all chapters: everything is a stub, and yet it builds. */
static bool handout_builds_and_fails_cleanly(int i, FILE *out)
{
    char place[96], make[256], build[320], grade[640], one[320], none[320], own[320], kernel[640];
    (void)i;
    handout_place(HANDOUTS - 1, place);
    if (!find_make(place, make, out)) return false;
    snprintf(build, sizeof build, "%s all grade-ready", make);
    snprintf(grade, sizeof grade, "%s exercise3 && %s grade3", make, make);
    snprintf(one, sizeof one, "%s grade3 E=3.2", make);
    snprintf(none, sizeof none, "%s grade3 E=4.2", make);
    snprintf(own, sizeof own, "%s chapter3 WORK=1", make);
    snprintf(
        kernel, sizeof kernel,
        "%s exercise0 && make -s WERROR=1 CC=%s $(make -s CC=%s print-build)/work/chapter0/gemm.o",
        make, workshop.compile[0], workshop.compile[0]);
    return expect_run(out, place, build, 0, "") &&
           expect_run(out, place, "./chapter1 --quick", 1, "is still to be written: ") &&
           expect_run(out, place, grade, 2, "3.2 Reward to go 0/2 not written yet") &&
           expect_run(out, place, one, 2, "0 of 2 points") &&
           expect_run(out, place, none, 2, "chapter 3 has no exercise 4.2: `make exercises`") &&
           expect_run(out, place, own, 0, "") && expect_run(out, place, kernel, 0, "") &&
           expect_run(out, place, "./chapter3 --quick", 1, "is still to be written: ");
}

/* The words between quotation marks behind the first `name` of a text, which they are cut from. */
static Words cut_words(char *text, const char *name)
{
    Words w = {{NULL}};
    char *at = strstr(text, name), *rest;
    REQUIRE(at, "%s isn't there", name);
    at += strlen(name);
    at[strcspn(at, "\"")] = '\0';
    int n = 0;
    for (char *word = strtok_r(at, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        w.word[n++] = word;
    return w;
}

/* TEACHING.md's own example, with one bug more, above all that is to be written. */
static bool make_example(const char *place, FILE *out)
{
    Error err;
    bool chapters[CHAPTERS] = {false};
    char *page = read_file("exercises/TEACHING.md"),
         *book = realpath(getenv("CLASSROOM_BOOK"), NULL);
    char *example = strstr(page, "\n    make handout ");
    Words bugs = cut_words(example, "BUGS=\""), numbers = cut_words(example, "CHAPTERS=\"");
    for (int i = 0; numbers.word[i]; i++) chapters[atoi(numbers.word[i])] = true;
    int n = 0;
    while (bugs.word[n]) n++;
    bugs.word[n] = "25";
    bool made = handout_make(&workshop, &catalogue, chapters, &bugs, place, book, &err);
    if (!made) fprintf(out, "TEACHING.md's handout: %s\n", err.text);
    free(page), free(book);
    return made;
}

/* What the bug's program and its tests stand on are stubs in such a tree. */
static bool hunt_stands_on_own_work(int i, FILE *out)
{
    char place[96], make[256], begin[640], solve[640], bug[320], found[320], mend[320];
    (void)i;
    snprintf(place, sizeof place, "%s/hunt", workshop.place);
    if (!make_example(place, out) || !find_make(place, make, out)) return false;
    snprintf(begin, sizeof begin, "%s exercise3 && %s exercise4", make, make);
    snprintf(solve, sizeof solve,
             "for n in 3 4; do for f in %s/work/chapter$n/*.c; do cp $(find chapters/${n}_* "
             "exercises/extensions lib chapters -name ${f##*/} | head -n 1) $f; done; done",
             place);
    snprintf(bug, sizeof bug, "%s bug N=25", make);
    snprintf(found, sizeof found, "%s found N=25", make);
    snprintf(mend, sizeof mend, "cp chapters/5_ppo/ppo.c %s/work/bug25", place);
    if (!expect_run(out, place, begin, 0, "4.3")) return false;
    run_or_stop(solve);
    if (!expect_run(out, place, bug, 0, "work/bug25/README.md says") ||
        !expect_run(out, place, found, 2, "not found: it is still there"))
        return false;
    run_or_stop(mend);
    return expect_run(out, place, found, 0, "found. Your teacher knows the story");
}

/* Called too early, or without a variable, it says what is to be typed. */
static bool make_says_how_it_is_called(int i, FILE *out)
{
    static const char *const calls[][2] = {
        {"make -s hint", "which one? make hint E=3.2"},
        {"make -s bug", "which one? make bug N=7"},
        {"make -s found", "which one? make found N=7"},
        {"make -s grade", "which one? make grade SUBMISSION=DIR"},
        {"make -s grade3 WORKDIR=none", "there is no none/chapter3 yet: make exercise3"},
        {"make test", "a handout has no tests and no benchmarks of the project: make gradeN"}};
    char place[96];
    handout_place(0, place);
    return expect_run(out, place, calls[i][0], 2, calls[i][1]);
}

const Claims *claims_of_handouts(void)
{
    static Claims claims[10];
    int n = HANDOUTS;
    claims[0] = (Claims){"handouts hold no solution", handout_holds_no_solution, n, NULL};
    claims[1] = (Claims){"handouts: the search finds solutions where they are",
                         this_tree_holds_them, n, NULL};
    claims[2] = (Claims){"handouts: planted bugs stay hidden", planted_bugs_stay_hidden, 1, NULL};
    claims[3] = (Claims){"a handout builds and fails cleanly", handout_builds_and_fails_cleanly,
                         sanitized() ? 0 : 1, claims[0].name};
    claims[4] = (Claims){"handouts: make says how it is called", make_says_how_it_is_called, 6,
                         claims[0].name};
    claims[5] = (Claims){"handouts: a bug beside exercises is refused",
                         bug_beside_exercises_is_refused, sanitized() ? 0 : 3, NULL};
    claims[6] = (Claims){"handouts: the course plan's bugs can be planted", planned_bug_fits,
                         sanitized() ? 0 : 5, NULL};
    claims[7] = (Claims){"handouts: a hunt stands on the student's own work",
                         hunt_stands_on_own_work, sanitized() ? 0 : 1, NULL};
    return claims;
}
