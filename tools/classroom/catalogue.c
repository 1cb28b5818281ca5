/* catalogue.c: see catalogue.h. */
#include "catalogue.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../markers/items.h"
#include "../markers/page.h"

/* ---- JSON --------------------------------------------------------------------------------- */

cJSON *json_load(const char *path, Error *err)
{
    char *text = read_file(path);
    const char *end = NULL;
    cJSON *json = text ? cJSON_ParseWithOpts(text, &end, 1) : NULL;
    if (!text) {
        error_set(err, "can't read %s", path);
    } else if (!json) {
        int line = 1;
        for (const char *p = text; end && p < end; p++) line += *p == '\n';
        error_set(err, "%s is not JSON from line %d on: mend it there", path, line);
    }
    free(text);
    return json;
}

/* Lines become one text in place, so that it lives as long as the tree. */
const char *json_text(cJSON *object, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item)) return item->valuestring;
    if (!cJSON_IsArray(item)) return "";
    char *text;
    size_t size;
    FILE *out = text_stream(&text, &size);
    cJSON *line;
    cJSON_ArrayForEach(line, item)
    {
        fprintf(out, "%s%s", line == item->child ? "" : "\n",
                cJSON_IsString(line) ? line->valuestring : "");
    }
    fclose(out);
    cJSON *joined = cJSON_CreateString(text);
    free(text);
    cJSON_ReplaceItemInObjectCaseSensitive(object, name, joined);
    return joined->valuestring;
}

/* True if the object has these members and no others. types: a letter for each, s text, n number,
 * w words; a capital one may be missing. */
static bool check_members(const cJSON *object, const char *where, const char *const *names,
                          const char *types, Error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(object)) return error_set(err, "%s: an entry is no object", where);
    cJSON_ArrayForEach(item, object)
    {
        int i = 0;
        while (names[i] && strcmp(names[i], item->string) != 0) i++;
        if (!names[i])
            return error_set(err, "%s: nothing is called \"%s\" there", where, item->string);
    }
    for (int i = 0; names[i]; i++) {
        item = cJSON_GetObjectItemCaseSensitive(object, names[i]);
        char type = types[i];
        bool optional = type < 'a', words = type == 'w' || type == 'W';
        if (!item && optional) continue;
        bool good = type == 'n' || type == 'N' ? cJSON_IsNumber(item)
                    : words                    ? cJSON_IsArray(item)
                                               : cJSON_IsString(item) || cJSON_IsArray(item);
        if (!good)
            return error_set(err, "%s: \"%s\" should be %s", where, names[i],
                             words                        ? "a list"
                             : type == 'n' || type == 'N' ? "a number"
                                                          : "a text");
    }
    return true;
}

static bool read_words(Words *w, const cJSON *object, const char *name, const char *where,
                       Error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name), *item;
    int n = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || n == WORDS)
            return error_set(err, "%s: \"%s\" should be at most %d texts", where, name, WORDS);
        w->word[n++] = item->valuestring;
    }
    return true;
}

static int number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valueint : 0;
}

/* ---- where functions stand ------------------------------------------------------------------ */

char *chapter_folder(int chapter)
{
    if (chapter == 0) return strdup("lib");
    char pattern[32];
    snprintf(pattern, sizeof pattern, "chapters/%d_*", chapter);
    glob_t found = {0};
    char *folder = glob(pattern, 0, NULL, &found) == 0 ? strdup(found.gl_pathv[0]) : NULL;
    globfree(&found);
    return folder;
}

char *path_in(const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", folder, *folder ? "/" : "", name) < 0) out_of_memory(1, 1);
    return path;
}

static bool defines_all(const char *path, const Words *functions)
{
    char *text = read_file(path);
    bool all = text != NULL;
    for (int i = 0; all && functions->word[i]; i++) {
        Item item;
        all = find_item(text, functions->word[i], &item) && item.body;
    }
    free(text);
    return all;
}

/* The one source of a folder that defines them all. free() it. */
static char *search_folder(const char *folder, const Words *functions)
{
    char *pattern = path_in(folder, "*.c"), *file = NULL;
    glob_t found = {0};
    glob(pattern, 0, NULL, &found);
    free(pattern);
    for (size_t i = 0; i < found.gl_pathc && !file; i++)
        if (defines_all(found.gl_pathv[i], functions)) file = strdup(found.gl_pathv[i]);
    globfree(&found);
    return file;
}

/* In the exercise's own chapter, among the extensions, in lib, in the chapters below. */
static bool find_file(Exercise *e, Error *err)
{
    for (int k = 0; k <= CHAPTERS + 1 && !e->file; k++) {
        char *folder = k == 0   ? chapter_folder(e->chapter)
                       : k == 1 ? strdup("exercises/extensions")
                                : chapter_folder(k - 2);
        if (folder) e->file = search_folder(folder, &e->functions);
        free(folder);
    }
    if (e->file) return true;
    return error_set(err, "exercise %s: no source defines %s(): it may have been renamed", e->id,
                     e->functions.word[0]);
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool read_exercise(Exercise *e, cJSON *json, Error *err)
{
    static const char *const names[] = {"id",      "title",   "chapter", "functions",
                                        "section", "minutes", "points",  "hint",
                                        "tests",   "needs",   "helpers", NULL};
    char where[64];
    snprintf(where, sizeof where, "exercise %.20s", json_text(json, "id"));
    if (!check_members(json, where, names, "ssnwsnnsWWW", err)) return false;
    *e = (Exercise){.id = json_text(json, "id"),
                    .title = json_text(json, "title"),
                    .chapter = number(json, "chapter"),
                    .section = json_text(json, "section"),
                    .minutes = number(json, "minutes"),
                    .points = number(json, "points"),
                    .hint = json_text(json, "hint")};
    if (e->minutes < 1 || e->points < 1 || e->chapter < 0)
        return error_set(err, "%s: minutes and points should be 1 or more", where);
    if (!read_words(&e->functions, json, "functions", where, err) ||
        !read_words(&e->tests, json, "tests", where, err) ||
        !read_words(&e->needs, json, "needs", where, err) ||
        !read_words(&e->helpers, json, "helpers", where, err))
        return false;
    if (!e->functions.word[0]) return error_set(err, "%s has no functions", where);
    if (!e->tests.word[0]) e->tests.word[0] = e->id;
    return find_file(e, err);
}

static bool read_bug(Bug *b, cJSON *json, Error *err)
{
    static const char *const names[] = {"number",   "chapter", "symptom", "run",   "look", "file",
                                        "original", "planted", "why",     "tests", NULL};
    char where[64];
    snprintf(where, sizeof where, "bug %d", number(json, "number"));
    if (!check_members(json, where, names, "nnsswssssw", err)) return false;
    *b = (Bug){.number = number(json, "number"),
               .chapter = number(json, "chapter"),
               .symptom = json_text(json, "symptom"),
               .run = json_text(json, "run"),
               .file = json_text(json, "file"),
               .original = json_text(json, "original"),
               .planted = json_text(json, "planted"),
               .why = json_text(json, "why")};
    return read_words(&b->look, json, "look", where, err) &&
           read_words(&b->tests, json, "tests", where, err);
}

static bool load_exercises(Catalogue *c, Error *err)
{
    cJSON *list = c->json[0] = json_load("exercises/exercises.json", err), *item;
    if (!list) return false;
    c->exercise = NEW(Exercise, cJSON_GetArraySize(list));
    cJSON_ArrayForEach(item, list)
    {
        if (catalogue_exercise(c, json_text(item, "id")))
            return error_set(err, "exercise %s stands twice in exercises.json",
                             json_text(item, "id"));
        if (!read_exercise(&c->exercise[c->exercises++], item, err)) return false;
    }
    return true;
}

static bool load_bugs(Catalogue *c, Error *err)
{
    static const char path[] = "exercises/bugs.json";
    FILE *there = fopen(path, "r");
    if (!there) return true;
    fclose(there);
    cJSON *list = c->json[1] = json_load(path, err), *item;
    if (!list) return false;
    c->bug = NEW(Bug, cJSON_GetArraySize(list));
    cJSON_ArrayForEach(item, list)
    {
        if (catalogue_bug(c, number(item, "number")))
            return error_set(err, "bug %d stands twice in bugs.json", number(item, "number"));
        if (!read_bug(&c->bug[c->bugs++], item, err)) return false;
    }
    return true;
}

bool catalogue_load(Catalogue *c, Error *err)
{
    *c = (Catalogue){0};
    if (load_exercises(c, err) && load_bugs(c, err)) return true;
    catalogue_free(c);
    return false;
}

void catalogue_free(Catalogue *c)
{
    for (int i = 0; i < c->exercises; i++) free(c->exercise[i].file);
    free(c->exercise);
    free(c->bug);
    cJSON_Delete(c->json[0]);
    cJSON_Delete(c->json[1]);
    *c = (Catalogue){0};
}

const Exercise *catalogue_exercise(const Catalogue *c, const char *id)
{
    for (int i = 0; i < c->exercises; i++)
        if (strcmp(c->exercise[i].id, id) == 0) return &c->exercise[i];
    return NULL;
}

const Bug *catalogue_bug(const Catalogue *c, int n)
{
    for (int i = 0; i < c->bugs; i++)
        if (c->bug[i].number == n) return &c->bug[i];
    return NULL;
}
