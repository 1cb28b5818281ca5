/* report.c: see report.h. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../markers/page.h"
#include "run.h"

static int points_of(const Grade *g)
{
    return g->verdict == SOLVED ? g->exercise->points : 0;
}

int report_points(const Report *r)
{
    int points = 0;
    for (int i = 0; i < r->count; i++) points += points_of(&r->grade[i]);
    return points;
}

int report_most(const Report *r)
{
    int points = 0;
    for (int i = 0; i < r->count; i++) points += r->grade[i].exercise->points;
    return points;
}

bool report_solved(const Report *r)
{
    return r->count > 0 && report_points(r) == report_most(r);
}

/* ---- on paper ----------------------------------------------------------------------------- */

/* "a_name_like_this" as words */
static char *words_of(const char *name)
{
    char *words = strdup(name);
    for (char *p = words; *p; p++)
        if (*p == '_') *p = ' ';
    return words;
}

static void print_indented(FILE *out, const char *text, const char *indent)
{
    for (const char *line = text; *line; line = next_line(line))
        fprintf(out, "%s%.*s\n", indent, (int)strcspn(line, "\n"), line);
}

static void write_findings(FILE *out, const Grade *g, const char *indent)
{
    char deeper[32];
    snprintf(deeper, sizeof deeper, "%s  ", indent);
    if (g->said) print_indented(out, g->said, indent);
    for (int i = 0; i < g->findings; i++) {
        const Finding *f = &g->finding[i];
        if (f->verdict == SOLVED) continue;
        char *words = words_of(f->name);
        fprintf(out, "%s%s: %s\n", indent, words, verdict_names[f->verdict]);
        print_indented(out, f->said, deeper);
        free(words);
    }
}

void finding_print(const Grade *g)
{
    write_findings(stdout, g, "       ");
}

void report_print(const Report *r)
{
    for (int i = 0; i < r->count; i++) {
        const Grade *g = &r->grade[i];
        printf("%-5s  %-44s %2d/%-2d  %s\n", g->exercise->id, g->exercise->title, points_of(g),
               g->exercise->points, verdict_names[g->verdict]);
        finding_print(g);
    }
    printf("%d of %d points\n", report_points(r), report_most(r));
}

/* ---- JSON --------------------------------------------------------------------------------- */

static bool save(cJSON *json, const char *directory, const char *file, Error *err)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, file);
    bool good = directory_make(directory, err) && file_replace_json(path, json, err);
    cJSON_Delete(json);
    return good;
}

static cJSON *finding_json(const Finding *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", f->name);
    cJSON_AddStringToObject(json, "verdict", verdict_names[f->verdict]);
    if (*f->said) cJSON_AddStringToObject(json, "said", f->said);
    cJSON_AddNumberToObject(json, "seconds", f->seconds);
    return json;
}

static cJSON *grade_json(const Grade *g)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", g->exercise->id);
    cJSON_AddStringToObject(json, "title", g->exercise->title);
    cJSON_AddNumberToObject(json, "chapter", g->exercise->chapter);
    cJSON_AddNumberToObject(json, "points", points_of(g));
    cJSON_AddNumberToObject(json, "of", g->exercise->points);
    cJSON_AddStringToObject(json, "verdict", verdict_names[g->verdict]);
    if (g->said) cJSON_AddStringToObject(json, "said", g->said);
    cJSON *tests = cJSON_AddArrayToObject(json, "tests");
    for (int i = 0; i < g->findings; i++) cJSON_AddItemToArray(tests, finding_json(&g->finding[i]));
    return json;
}

bool report_save(const Report *r, const char *directory, Error *err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "points", report_points(r));
    cJSON_AddNumberToObject(json, "of", report_most(r));
    cJSON_AddBoolToObject(json, "solved", report_solved(r));
    if (r->said) cJSON_AddStringToObject(json, "said", r->said);
    cJSON *list = cJSON_AddArrayToObject(json, "exercises");
    for (int i = 0; i < r->count; i++) cJSON_AddItemToArray(list, grade_json(&r->grade[i]));
    return save(json, directory, "grade.json", err);
}

static cJSON *gradescope_json(const Grade *g)
{
    char *output, name[256];
    size_t size;
    FILE *out = text_stream(&output, &size);
    fprintf(out, "%s\n", verdict_names[g->verdict]);
    write_findings(out, g, "");
    fclose(out);
    snprintf(name, sizeof name, "%s %s", g->exercise->id, g->exercise->title);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "score", points_of(g));
    cJSON_AddNumberToObject(json, "max_score", g->exercise->points);
    cJSON_AddStringToObject(json, "status", g->verdict == SOLVED ? "passed" : "failed");
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "number", g->exercise->id);
    cJSON_AddStringToObject(json, "output", output);
    cJSON_AddStringToObject(json, "output_format", "text");
    cJSON_AddStringToObject(json, "visibility", "visible");
    free(output);
    return json;
}

bool report_save_gradescope(const Report *r, const char *directory, Error *err)
{
    char summary[64];
    snprintf(summary, sizeof summary, "%d of %d points", report_points(r), report_most(r));
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "score", report_points(r));
    cJSON_AddNumberToObject(json, "execution_time", r->seconds);
    cJSON_AddStringToObject(json, "output", r->said ? r->said : summary);
    cJSON_AddStringToObject(json, "stdout_visibility", "hidden");
    cJSON *tests = cJSON_AddArrayToObject(json, "tests");
    for (int i = 0; i < r->count; i++) cJSON_AddItemToArray(tests, gradescope_json(&r->grade[i]));
    return save(json, directory, "results.json", err);
}
