/* answers.c: wrong solutions get their diagnosis, right ones in another form pass, and every bug is
 * told from its fix. The answers are a table, wrong_solutions.json: a change to the solution, or
 * functions written out; for a wrong one what the grader should say. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/classroom/hunt.h"
#include "../../tools/classroom/work.h"
#include "../../tools/markers/page.h"
#include "prove.h"

static cJSON *table;

/* ---- wrong solutions ---------------------------------------------------------------------- */

/* What an exercise's answer consists of, as a file has it, but for what `code` has already. */
static void copy_answer(FILE *out, const Exercise *e, const char *text, const char *code)
{
    for (int i = 0; i < 2 * WORDS; i++) {
        const char *name = (i < WORDS ? e->helpers : e->functions).word[i % WORDS];
        char *written = name ? source_function(code, name) : NULL;
        char *solved = name && !written ? source_function(text, name) : NULL;
        if (solved) fprintf(out, "%s\n\n", solved);
        free(written), free(solved);
    }
}

/* The file of an exercise with an answer out of the table in place of the solution: a change to its
 * functions, or functions written out. NULL, and why. */
static char *answered(const Exercise *e, cJSON *answer, Error *err)
{
    const char *code = json_text(answer, "code");
    char *solution = read_file(e->file), *text = NULL, *other;
    size_t size;
    FILE *out = text_stream(&other, &size);
    for (int helpers = 1; *code && helpers >= 0; helpers--) {
        Exercise part = *e;
        *(helpers ? &part.functions : &part.helpers) = (Words){{NULL}};
        copy_answer(out, &part, solution, code);
        if (helpers) fprintf(out, "%s\n\n", code);
    }
    if (!*code) copy_answer(out, e, solution, "");
    fclose(out);
    char *planted = *code ? strdup(other)
                          : source_planted(other, json_text(answer, "original"),
                                           json_text(answer, "planted"), err);
    if (planted)
        text = source_grafted((Source){e->file, solution}, (Source){e->file, planted}, e, err);
    free(planted), free(other), free(solution);
    return text;
}

static bool answer_gets_its_due(int i, FILE *out)
{
    cJSON *answer = cJSON_GetArrayItem(table, i);
    const char *id = json_text(answer, "exercise"), *mistake = json_text(answer, "mistake");
    const Exercise *e = catalogue_exercise(&catalogue, id);
    char who[256];
    Error err;
    snprintf(who, sizeof who, "%s, %s", id, *mistake ? mistake : json_text(answer, "right"));
    REQUIRE(e, "wrong_solutions.json: there is no exercise %s", id);
    REQUIRE(!*mistake || strlen(json_text(answer, "says")) > 4, "%s: what should be said?", who);
    char *text = answered(e, answer, &err);
    if (!text) return fprintf(out, "%s: %s\n", who, err.text), false;
    Source source = {e->file, text};
    Grade g = grade_sources(&workshop, &source, 1, e->chapter, &e->tests);
    char *said = all_said(&g);
    bool good = *mistake ? g.verdict != SOLVED && g.verdict != BROKEN &&
                               says(said, json_text(answer, "says"))
                         : g.verdict == SOLVED;
    if (!good && *mistake) complain(out, who, "this should be said of it otherwise", &g);
    if (!good && *mistake) fprintf(out, "  wanted: %s\n", json_text(answer, "says"));
    if (!good && !*mistake) complain(out, who, "this should pass", &g);
    grade_free(&g);
    free(said), free(text);
    return good;
}

static bool has_two_wrong_solutions(int i, FILE *out)
{
    const Exercise *e = &catalogue.exercise[i];
    int wrong = 0;
    cJSON *answer;
    cJSON_ArrayForEach(answer, table)
    {
        wrong += strcmp(json_text(answer, "exercise"), e->id) == 0 && *json_text(answer, "mistake");
    }
    if (wrong < 2)
        fprintf(out, "exercise %s has %d wrong solutions, and two are wanted\n", e->id, wrong);
    return wrong >= 2;
}

/* ---- bugs --------------------------------------------------------------------------------- */

static Grade graded_hunt(const Bug *b, const char *folder)
{
    Error err;
    Grade g;
    REQUIRE(hunt_grade(&workshop, b, folder, &g, &err), "bug %d: %s", b->number, err.text);
    return g;
}

/* This tree's own text in the hunt's folder, with a blank line more, so that it counts as changed.
 */
static void mend(const char *folder, const char *file)
{
    char path[256], *fixed, *text = read_file(file);
    REQUIRE(text && asprintf(&fixed, "%s\n", text) > 0, "can't read %s", file);
    snprintf(path, sizeof path, "%s/%s", folder, base_name(file));
    write_or_stop(path, fixed);
    free(fixed), free(text);
}

/* The hunt as `make bug` prepares it isn't won; mended it is. */
static bool bug_is_told_from_fix(int i, FILE *out)
{
    Error err;
    const Bug *b = &catalogue.bug[i];
    char who[64], folder[128];
    snprintf(who, sizeof who, "bug %d", b->number);
    snprintf(folder, sizeof folder, "%s/hunt%d", workshop.place, b->number);
    if (!work_make_bug(b, folder, &err)) return fprintf(out, "%s: %s\n", who, err.text), false;
    Grade planted = graded_hunt(b, folder);
    mend(folder, b->file);
    Grade mended = graded_hunt(b, folder);
    bool seen =
        planted.verdict == WRONG || planted.verdict == CRASHED || planted.verdict == ENDLESS;
    if (!seen) complain(out, who, "the planted bug should be seen", &planted);
    if (mended.verdict != SOLVED) complain(out, who, "its fix should pass", &mended);
    bool good = seen && mended.verdict == SOLVED;
    grade_free(&planted);
    grade_free(&mended);
    return good;
}

/* Who hunts also changes other files. */
static bool hunt_takes_all_that_changed(int i, FILE *out)
{
    Error err;
    const Bug *b = catalogue_bug(&catalogue, 17);
    char folder[128];
    (void)i;
    snprintf(folder, sizeof folder, "%s/changed", workshop.place);
    REQUIRE(b && work_make_bug(b, folder, &err), "%s", err.text);
    mend(folder, b->file);
    mend(folder, "chapters/3_reinforce/rollout.c");
    mend(folder, "chapters/3_reinforce/kl.c");
    Grade g = graded_hunt(b, folder);
    bool good = g.verdict == SOLVED;
    if (!good) complain(out, folder, "three changed files should pass", &g);
    grade_free(&g);
    return good;
}

static bool hunt_says_how_it_begins(int i, FILE *out)
{
    Error err;
    Grade g;
    const Bug *b = catalogue_bug(&catalogue, 17);
    (void)i;
    bool good = b && !hunt_grade(&workshop, b, "none", &g, &err) &&
                says(err.text, "there is no file none/") &&
                says(err.text, "(make bug N=17 begins a hunt)");
    if (!good) fprintf(out, "who hasn't begun a hunt should read how: %s\n", err.text);
    return good;
}

const Claims *claims_of_answers(void)
{
    static Claims claims[6];
    Error err;
    table = json_load("tests/classroom/wrong_solutions.json", &err);
    REQUIRE(table, "%s", err.text);
    int answers = sanitized() ? 0 : cJSON_GetArraySize(table),
        bugs = sanitized() ? 0 : catalogue.bugs;
    claims[0] = (Claims){"exercises have two wrong solutions at least", has_two_wrong_solutions,
                         catalogue.exercises, NULL};
    claims[1] = (Claims){"wrong solutions get their diagnosis, right ones pass",
                         answer_gets_its_due, answers, NULL};
    claims[2] = (Claims){"bugs are told from their fixes", bug_is_told_from_fix, bugs, NULL};
    claims[3] = (Claims){"bugs: a hunt takes all that changed", hunt_takes_all_that_changed,
                         bugs > 0, NULL};
    claims[4] = (Claims){"bugs: a hunt says how it begins", hunt_says_how_it_begins, 1, NULL};
    return claims;
}
