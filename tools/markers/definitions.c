/* definitions.c: the listings of a page, and the names that it may mention. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "page.h"

/* "lib/matrix.c mat_rows struct Matrix" as text; NULL, and a problem, if something isn't there.
 * Items of one line stand together, longer ones apart. */
char *fresh_listing(Book *b, const char *at, char *words)
{
    char *text, *rest, *path = strtok_r(words, " ", &rest), *source = path ? read_file(path) : NULL;
    if (!source) return problem(b, at, "can't read %s", path ? path : "a listing of no file"), NULL;
    bool comments = !rest || !listed(rest, "nocomment", strlen("nocomment"));
    bool some = false, apart = false, failed = false;
    size_t size;
    FILE *out = text_stream(&text, &size);
    for (char *name; (name = strtok_r(NULL, " ", &rest));) {
        Item item;
        if (listed("nocomment struct enum union typedef", name, strlen(name))) continue;
        if (!find_item(source, name, &item)) {
            problem(b, at, "%s defines no %s: it may have moved or been renamed", path, name);
            failed = true;
            break;
        }
        const char *start = comments ? item.comment : item.start;
        bool long_item = memchr(start, '\n', (size_t)(item.end - start)) != NULL;
        if (some && (apart || long_item)) putc('\n', out);
        copy(out, start, item.end);
        putc('\n', out);
        some = true, apart = long_item;
    }
    if (!some) fputs(source, out);
    fclose(out);
    free(source);
    if (failed) free(text);
    return failed ? NULL : text;
}

/* The names of the functions, macros and tests that the sources matching the patterns define. */
static char *names_defined(const char *const *patterns)
{
    char *names;
    size_t size;
    FILE *out = text_stream(&names, &size);
    for (; *patterns; patterns++) {
        glob_t files = {0};
        glob(*patterns, 0, NULL, &files);
        for (size_t f = 0; f < files.gl_pathc; f++) {
            char *source = read_file(files.gl_pathv[f]);
            Item item;
            for (const char *p = source; p && next_item(p, &item); p = item.end)
                if (item.name && item.body)
                    fprintf(out, "%.*s\n", (int)word_length(item.name), item.name);
            free(source);
        }
        globfree(&files);
    }
    fclose(out);
    return names;
}

char *defined_functions(void)
{
    return names_defined((const char *const[]){"lib/*.[ch]", "chapters/*/*.[ch]",
                                               "chapters/*/*/*.[ch]", "exercises/extensions/*.[ch]",
                                               NULL});
}

char *defined_tests(void)
{
    return names_defined((const char *const[]){"tests/*.[ch]", "tests/*/*.[ch]", NULL});
}
