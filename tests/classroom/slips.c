/* slips.c: what a file has wrong is said of the exercise that has it, and of no other: one below it
 * is still a stub, and one further down is solved. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/classroom/source.h"
#include "../../tools/classroom/work.h"
#include "../../tools/markers/page.h"
#include "prove.h"

/* What stands in place of exercise 3.1's body. */
typedef struct {
    const char *what, *body;
    Verdict verdict;
    bool windows; /* a byte order mark, and lines that end with \r\n */
} Slip;

#define LOOP                                       \
    "for (int i = 0; i < rollout_texts(r); i++)\n" \
    "for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {\n"
#define SUM "r->weights[n] = (real)rollout_return(r, i);\n"

static const Slip slips[] = {
    {"nothing", "{\n    " LOOP "    " SUM "    }\n}", SOLVED, false},
    {"marks of Windows", "{\n    " LOOP "    " SUM "    }\n}", SOLVED, true},
    {"lines that aren't set in", "{\n" LOOP SUM "}\nif (!r) {\nreturn;\n}\n}", SOLVED, false},
    {"its stub in a comment", "{\n    // EXERCISE(\"3.1\")\n    " LOOP SUM "    }\n}", SOLVED,
     false},
    {"one } more", "{\n    " LOOP SUM "    }\n}\n}", SOLVED, false},
    {"a loop without its }", "{\n    " LOOP SUM "}", BROKEN, false},
    {"no } at the end", "{\n    " LOOP SUM "    }\n", BROKEN, false},
    {"an open comment", "{\n    /* the whole reward\n    " LOOP SUM "    }\n}", BROKEN, false},
    {"an open string", "{\n    puts(\"the whole reward);\n    " LOOP SUM "    }\n}", BROKEN, false},
    {"an open character", "{\n    char c = 'r;\n    " LOOP SUM "    }\n}", BROKEN, false},
    {"an open parenthesis", "{\n    if (r->weights[0] > (1) r = r;\n    " LOOP SUM "    }\n}",
     BROKEN, false},
};
enum { SLIPS = sizeof slips / sizeof *slips };

static char *with_function(char *text, const char *function, const char *fresh)
{
    Error err;
    char *stub = source_function(text, function),
         *next = stub ? source_planted(text, stub, fresh, &err) : NULL;
    REQUIRE(next, "%s() can't be put into the stubs", function);
    free(stub), free(text);
    return next;
}

/* Exercise 3.1 with the slip, 3.2 a stub, 3.3 solved by a function of its own above it. */
static char *slipped(char *stubs, const char *solution, const Slip *s)
{
    char *total, *own, *baseline = source_function(solution, "weights_baseline");
    REQUIRE(asprintf(&total, "void weights_total(Rollout *r)\n%s", s->body) > 0 &&
                asprintf(&own,
                         "static void without(Rollout *r, Baseline *b)\n%s\n\n"
                         "void weights_baseline(Rollout *r, Baseline *b)\n"
                         "{\n    without(r, b);\n}",
                         strchr(baseline, '{')) > 0,
            "no memory");
    char *text =
        with_function(with_function(stubs, "weights_baseline", own), "weights_total", total);
    free(total), free(own), free(baseline);
    return text;
}

static char *with_windows_marks(char *text)
{
    char *result;
    size_t size;
    FILE *out = text_stream(&result, &size);
    fputs("\xEF\xBB\xBF", out);
    for (const char *p = text; *p; p++) {
        if (*p == '\n') putc('\r', out);
        putc(*p, out);
    }
    fclose(out);
    free(text);
    return result;
}

static void write_slip(const Slip *s, const char *folder)
{
    Error err;
    int kept;
    char path[160];
    snprintf(path, sizeof path, "%s/reinforce.c", folder);
    REQUIRE(work_make(&catalogue, 3, folder, &kept, &err), "%s", err.text);
    char *solution = read_file(catalogue_exercise(&catalogue, "3.1")->file);
    char *text = slipped(read_file(path), solution, s);
    if (s->windows) text = with_windows_marks(text);
    write_or_stop(path, text);
    free(text), free(solution);
}

static bool has_verdict(FILE *out, const char *what, const char *folder, const char *id,
                        Verdict verdict)
{
    char who[128];
    Grade g = grade_exercise(&workshop, &catalogue, catalogue_exercise(&catalogue, id), folder);
    char *said = all_said(&g);
    bool good = g.verdict == verdict && (verdict != BROKEN || says(said, "error: "));
    snprintf(who, sizeof who, "%s, where 3.1 has %s", id, what);
    if (!good) complain(out, who, verdict_names[verdict], &g);
    grade_free(&g);
    free(said);
    return good;
}

static bool slip_costs_its_own_exercise(int i, FILE *out)
{
    const Slip *s = &slips[i];
    char folder[128];
    snprintf(folder, sizeof folder, "%s/slip%d", workshop.place, i);
    write_slip(s, folder);
    bool own = has_verdict(out, s->what, folder, "3.1", s->verdict),
         stub = has_verdict(out, s->what, folder, "3.2", UNWRITTEN),
         solved = has_verdict(out, s->what, folder, "3.3", SOLVED);
    return own && stub && solved;
}

const Claims *claims_of_slips(void)
{
    static Claims claims[2];
    claims[0] = (Claims){"slips cost their own exercise only", slip_costs_its_own_exercise,
                         sanitized() ? 0 : SLIPS, NULL};
    return claims;
}
