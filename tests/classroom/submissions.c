/* submissions.c: a returned tree, whatever it does, costs its own exercises only. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/classroom/report.h"
#include "../../tools/classroom/work.h"
#include "../../tools/markers/page.h"
#include "prove.h"

/* What a student, or somebody with other plans, has put in place of an exercise's function. */
typedef struct {
    const char *id, *function, *body; /* NULL: the solution */
    Verdict verdict;
    const char *says;
} Attempt;

static const Attempt attempts[] = {
    {"3.1", "weights_total", NULL, SOLVED, ""},
    {"3.2", "weights_to_go", "{\n    for (;;) r->weights[0] += 1;\n}", ENDLESS, "no end"},
    {"3.3", "weights_baseline",
     "{\n    for (int i = 0; i < rollout_texts(r); i++) {\n        r->weights[i] = b->mean;\n}",
     BROKEN, "reinforce.c"},
    {"3.4", "rollout_rewards",
     "{\n    (void)r, (void)beta;\n    if (write(3, \"passed \\n\", 8) > 0) exit(0);\n    "
     "exit(0);\n}",
     WRONG, ""},
    {"3.5", "least_kl", "{\n    return p + q > 9 ? 0 : *(volatile double *)NULL;\n}", CRASHED,
     "outside of its memory"},
    {"3.6", "oracle_reward",
     "{\n    for (;;) {\n        volatile char *more = malloc(1 << 24);\n        for (int i = 0; i "
     "< 1 << 24; "
     "i += 4096) more[i] = (char)o->p[0];\n    }\n}",
     CRASHED, "outside of its memory"},
    {"3.7", "count",
     "{\n    (void)term, (void)told;\n    for (;;)\n        if (fork() == 0) told = NULL;\n}",
     ENDLESS, "no end"},
    {"3.8", "weights_rloo",
     "{\n    FILE *f = tmpfile();\n    for (;;)\n        if (fprintf(f, \"%09d\", "
     "rollout_texts(r)) < 0) "
     "exit(1);\n}",
     CRASHED, "it writes more to files than it may"},
    {"3.9", "twice_reward", "{\n    return text[0] == '\\0' ? 0 : 0.0 / 0.0;\n}", WRONG, "NaN"},
    {"3.10", "kl_rows",
     "{\n    extern void early(void) __attribute__((constructor));\n    early();\n}", MISSING,
     "write it without __attribute__"},
};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

static void submission_place(char place[96])
{
    snprintf(place, 96, "%s/returned", workshop.place);
}

/* A function of an attempt: its own, or the solution's. */
static char *written(const char *stub, const char *solved, const Attempt *a, const char *function)
{
    char *text;
    size_t size;
    bool own = a->body && strcmp(function, a->function) == 0;
    FILE *out = text_stream(&text, &size);
    if (own) fwrite(stub, 1, strcspn(stub, "{"), out);
    fputs(own ? a->body : solved, out);
    fclose(out);
    return text;
}

/* Puts an attempt where the stubs were. */
static char *attempted(const char *stubs, const Attempt *a, const Exercise *e, const char *solution)
{
    static const char headers[] =
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n";
    Error err;
    char *text = strdup(stubs), *result;
    for (int i = 0; e->functions.word[i]; i++) {
        const char *function = e->functions.word[i];
        char *stub = source_function(text, function), *solved = source_function(solution, function);
        REQUIRE(stub && solved, "there is no %s()", function);
        char *own = written(stub, solved, a, function),
             *next = source_planted(text, stub, own, &err);
        REQUIRE(next, "%s", err.text);
        free(stub), free(solved), free(own), free(text);
        text = next;
    }
    if (asprintf(&result, "%s%s", strstr(text, headers) ? "" : headers, text) < 0) abort();
    free(text);
    return result;
}

/* The returned tree: chapter 3 with all attempts, and tests and a Makefile that would pass it all.
 */
static void make_submission(void)
{
    Error err;
    char place[96], folder[160], path[512], command[512];
    submission_place(place);
    snprintf(folder, sizeof folder, "%s/work/chapter3", place);
    snprintf(command, sizeof command, "mkdir -p %s/work %s/exercises/grade", place, place);
    run_or_stop(command);
    int kept;
    REQUIRE(work_make(&catalogue, 3, folder, &kept, &err) && kept == 0, "%s", err.text);
    for (int i = 0; i < ATTEMPTS; i++) {
        const Exercise *e = catalogue_exercise(&catalogue, attempts[i].id);
        snprintf(path, sizeof path, "%s/%s", folder, base_name(e->file));
        char *text = read_file(path), *solution = read_file(e->file);
        char *fresh = attempted(text, &attempts[i], e, solution);
        write_or_stop(path, fresh);
        free(text), free(solution), free(fresh);
    }
    snprintf(path, sizeof path, "%s/exercises/grade/grade_chapter3.c", place);
    write_or_stop(path, "int main(void) { return 0; }\n");
    snprintf(path, sizeof path, "%s/Makefile", place);
    write_or_stop(path, "grade3:\n\t@echo all solved\n");
}

static bool submission_is_there(int i, FILE *out)
{
    (void)i, (void)out;
    make_submission();
    return true;
}

static bool attempt_gets_its_verdict(int i, FILE *out)
{
    char place[96], folder[160], *said;
    submission_place(place);
    snprintf(folder, sizeof folder, "%s/work/chapter3", place);
    Workshop w = workshop;
    w.distrust = true;
    const Attempt *a = &attempts[i];
    if (a->verdict != ENDLESS) w.running.cpu_seconds = 8; /* enough on a slow machine too */
    w.running.memory /= 8; /* whoever eats it up has touched each page, at some 10 us */
    Grade g = grade_exercise(&w, &catalogue, catalogue_exercise(&catalogue, a->id), folder);
    said = all_said(&g);
    bool good = g.verdict == a->verdict && says(said, a->says);
    if (!good) complain(out, a->id, verdict_names[a->verdict], &g);
    grade_free(&g);
    free(said);
    return good;
}

/* ---- what isn't a source --------------------------------------------------------------------- */

static bool links_and_pipes_are_not_read(int i, FILE *out)
{
    static const char *const names[] = {"link.c",  "pipe.c", "folder.c",
                                        "large.c", "none.c", "wide.c"};
    char place[96], folder[160], path[512], command[1024];
    submission_place(place);
    snprintf(folder, sizeof folder, "%s/odd%d", place, i);
    snprintf(
        command, sizeof command,
        "mkdir -p %s && cd %s && ln -s /etc/passwd link.c && mkfifo pipe.c && mkdir folder.c && "
        "truncate -s 3M large.c && printf 'x\\0' >wide.c && ln -s . %s/linked%d && echo x >good.c",
        folder, folder, place, i);
    run_or_stop(command);
    Error err, other;
    char *good = read_submitted(folder, "good.c", &err),
         *odd = read_submitted(folder, names[i], &err);
    snprintf(path, sizeof path, "%s/linked%d", place, i);
    char *linked = read_submitted(path, "Makefile", &other);
    bool right = good && !odd && !linked &&
                 says(err.text, strcmp(names[i], "wide.c") == 0 ? "UTF-16" : "there is no file ");
    if (!right) fprintf(out, "%s was read, or what is beside it wasn't\n", names[i]);
    free(good), free(odd), free(linked);
    return right;
}

/* An archive unpacks into a folder of its own, beside what a Mac adds. */
static bool work_is_found_one_folder_deeper(int i, FILE *out)
{
    char place[96], command[1024];
    (void)i;
    submission_place(place);
    snprintf(command, sizeof command,
             "mkdir -p %s/cleo/cleo/work/chapter3 %s/cleo/__MACOSX && %s/tools/exercise grade all "
             "--submission=%s/cleo --out=%s/cleo >%s/cleo/said",
             place, place, workshop.build, place, place, place);
    int status = system(command); /* 2, had it found nothing */
    bool found = WIFEXITED(status) && WEXITSTATUS(status) == 1;
    if (!found) fprintf(out, "cleo/work in the folder cleo isn't found\n");
    return found;
}

/* ---- reports --------------------------------------------------------------------------------- */

static bool has_number(const cJSON *object, const char *name, double value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) && item->valuedouble == value;
}

static bool has_text(const cJSON *object, const char *name, const char *part)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) && strstr(item->valuestring, part);
}

/* One solved and one wrong exercise, written and read back. */
static bool reports_say_what_was_found(int i, FILE *out)
{
    Error err;
    char place[96], path[160];
    (void)i;
    submission_place(place);
    Finding wrong = {strdup("a_test"), strdup("9.9"), WRONG, strdup("expected  1\ngot       2\n"),
                     0.1};
    Grade grades[] = {{.exercise = &catalogue.exercise[0], .verdict = SOLVED},
                      {&catalogue.exercise[1], WRONG, 1, &wrong, NULL}};
    Report r = {grades, 2, 1.5};
    int points = catalogue.exercise[0].points, more = catalogue.exercise[1].points;
    REQUIRE(report_save(&r, place, &err) && report_save_gradescope(&r, place, &err), "%s",
            err.text);
    snprintf(path, sizeof path, "%s/grade.json", place);
    cJSON *own = json_load(path, &err);
    snprintf(path, sizeof path, "%s/results.json", place);
    cJSON *scope = json_load(path, &err), *tests = cJSON_GetObjectItem(scope, "tests");
    cJSON *first = cJSON_GetArrayItem(tests, 0), *second = cJSON_GetArrayItem(tests, 1);
    bool good = has_number(own, "points", points) && has_number(own, "of", points + more) &&
                !report_solved(&r) && has_number(scope, "score", points) &&
                cJSON_GetArraySize(tests) == 2 && has_number(first, "score", points) &&
                has_number(first, "max_score", points) && has_text(first, "status", "passed") &&
                has_number(second, "score", 0) && has_text(second, "status", "failed") &&
                has_text(second, "output", "expected") &&
                has_text(second, "name", catalogue.exercise[1].title);
    if (!good) fprintf(out, "grade.json or results.json doesn't say what was found\n");
    cJSON_Delete(own);
    cJSON_Delete(scope);
    return good;
}

/* The command that TEACHING.md has for the grades of a class. */
static bool class_is_a_table(int i, FILE *out)
{
    Error err;
    char place[96], folder[160], line[512] = "", *page = read_file("exercises/TEACHING.md");
    char *awk = strstr(page, "\n    awk "), *command;
    (void)i;
    submission_place(place);
    snprintf(folder, sizeof folder, "%s/grades/anna", place);
    Grade grades[] = {{.exercise = &catalogue.exercise[0], .verdict = SOLVED},
                      {.exercise = &catalogue.exercise[1], .verdict = MISSING}};
    int points = catalogue.exercise[0].points;
    REQUIRE(report_save(&(Report){grades, 2, 1}, folder, &err), "%s", err.text);
    REQUIRE(
        awk && asprintf(&command, "cd %s && %.*s", place, (int)strcspn(awk + 1, "\n"), awk + 1) > 0,
        "TEACHING.md has no table");
    FILE *in = popen(command, "r");
    size_t got = in ? fread(line, 1, sizeof line - 1, in) : 0;
    snprintf(folder, sizeof folder, "grades/anna/grade.json %d: %d 0\n", points, points);
    bool good = in && pclose(in) == 0 && got > 0 && says(line, folder);
    if (!good) fprintf(out, "%s\nsays: %s\n", command, line);
    free(command), free(page);
    return good;
}

/* A file without its folder: 0 points, and a sentence that says why. */
static bool what_is_no_work_gets_a_grade_too(int i, FILE *out)
{
    Error err;
    char place[96], path[160], command[1024];
    (void)i;
    submission_place(place);
    snprintf(command, sizeof command,
             "mkdir -p %s/dora && echo x >%s/dora/reinforce.c && %s/tools/exercise grade all "
             "--submission=%s/dora --out=%s/dora --format=gradescope 2>%s/dora/said",
             place, place, workshop.build, place, place, place);
    int status = system(command);
    snprintf(path, sizeof path, "%s/dora/grade.json", place);
    cJSON *own = json_load(path, &err);
    snprintf(path, sizeof path, "%s/dora/results.json", place);
    cJSON *scope = json_load(path, &err);
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 2 && has_number(own, "points", 0) &&
                has_text(own, "said", "no folder work/chapterN") && has_number(scope, "score", 0) &&
                has_text(scope, "output", "no folder work/chapterN");
    if (!good) fprintf(out, "a submission without work/chapterN has no grade\n");
    cJSON_Delete(own);
    cJSON_Delete(scope);
    return good;
}

const Claims *claims_of_submissions(void)
{
    static Claims claims[8];
    claims[0] = (Claims){"submissions can be made", submission_is_there, 1, NULL};
    claims[1] = (Claims){"submissions cost their own exercises only", attempt_gets_its_verdict,
                         sanitized() ? 0 : ATTEMPTS, claims[0].name};
    claims[2] = (Claims){"submissions: links and pipes are not read", links_and_pipes_are_not_read,
                         6, claims[0].name};
    claims[3] = (Claims){"submissions: reports say what was found", reports_say_what_was_found, 1,
                         claims[0].name};
    claims[4] = (Claims){"submissions: work is found one folder deeper",
                         work_is_found_one_folder_deeper, 1, claims[0].name};
    claims[5] = (Claims){"submissions: a class is a table", class_is_a_table, 1, claims[0].name};
    claims[6] = (Claims){"submissions: what is no work gets a grade too",
                         what_is_no_work_gets_a_grade_too, 1, claims[0].name};
    return claims;
}
