/* values.c: numbers and strings out of JSON files, for the middle of a sentence. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

/* The member at a dotted path: "results.orders.2.bits". */
static const cJSON *member(const cJSON *json, char *path)
{
    char *rest = NULL;
    for (char *key = strtok_r(path, ".", &rest); key && json; key = strtok_r(NULL, ".", &rest)) {
        bool index = cJSON_IsArray(json) && strspn(key, "0123456789") == strlen(key);
        json = index ? cJSON_GetArrayItem(json, atoi(key))
                     : cJSON_GetObjectItemCaseSensitive(json, key);
    }
    return json;
}

/* Prints one value as %s, %d, or %f, %e, %g with up to 17 digits; false for any other format and
 * for a value that doesn't fit it. */
static bool format_value(FILE *out, const cJSON *json, const char *format, double scale)
{
    int digits = 6, length = 0;
    char kind = 0, more;
    if (sscanf(format, "%%.%2d%c%c", &digits, &kind, &more) != 2) {
        digits = 6;
        if (sscanf(format, "%%%c%n%c", &kind, &length, &more) != 1) return false;
    }
    if (kind == 's' && length) return cJSON_IsString(json) && fputs(json->valuestring, out) >= 0;
    double x = cJSON_IsNumber(json) ? json->valuedouble * scale : NAN;
    if (!isfinite(x) || digits < 0 || digits > 17) return false;
    switch (kind) {
    case 'f':
        return fprintf(out, "%.*f", digits, x) > 0;
    case 'e':
        return fprintf(out, "%.*e", digits, x) > 0;
    case 'g':
        return fprintf(out, "%.*g", digits, x) > 0;
    case 'd':
        return length && fabs(x - round(x)) < 1e-9 * fabs(x) + 1e-9 &&
               fprintf(out, "%.0f", round(x)) > 0;
    default:
        return false;
    }
}

/* The text of "FILE PATH FORMAT *SCALE"; NULL, and a problem, if there is no such value. */
char *fresh_value(Book *b, const char *at, char *words)
{
    char *rest, *file = strtok_r(words, " ", &rest), *path = strtok_r(NULL, " ", &rest),
                *format = strtok_r(NULL, " ", &rest), *scale = strtok_r(NULL, " ", &rest);
    if (!format || (scale && *scale != '*') || strtok_r(NULL, " ", &rest))
        return problem(b, at, "a value is: FILE PATH FORMAT, and perhaps *SCALE"), NULL;
    char *source = read_file(file), *text, *whole = strdup(path);
    size_t size;
    FILE *out = text_stream(&text, &size);
    cJSON *json = source ? cJSON_Parse(source) : NULL;
    const cJSON *value = member(json, path);
    bool good = false;
    if (!source)
        problem(b, at, "can't read %s", file);
    else if (!json)
        problem(b, at, "%s is not JSON", file);
    else if (!value)
        problem(b, at, "%s has no %s", file, whole);
    else if (!(good = format_value(out, value, format, scale ? atof(scale + 1) : 1)))
        problem(b, at, "%s of %s can't be written as %s: use %%.Nf, %%.Ne, %%.Ng, %%d or %%s",
                whole, file, format);
    cJSON_Delete(json);
    fclose(out);
    free(source), free(whole);
    if (!good) free(text);
    return good ? text : NULL;
}
