/* catalogue.c: any bytes as exercises.json and bugs.json, with a line "===" between them. What is
 * accepted names each exercise once, with its functions and the file that they stand in. */
#include "../../tools/classroom/catalogue.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"

/* A project with one source. */
static void catalogue_project(const uint8_t *bytes, size_t size)
{
    static const char source[] = "int half(int x)\n{\n    return x / 2;\n}\n";
    static const char cut[] = "\n===\n";
    mkdir(fuzz_path("exercises"), 0777);
    mkdir(fuzz_path("exercises/extensions"), 0777);
    fuzz_file("exercises/extensions/half.c", (const uint8_t *)source, sizeof source - 1);
    const uint8_t *stop = size ? memmem(bytes, size, cut, sizeof cut - 1) : NULL;
    size_t first = stop ? (size_t)(stop - bytes) : size, second = stop ? first + 5 : size;
    fuzz_file("exercises/exercises.json", bytes, first);
    if (stop)
        fuzz_file("exercises/bugs.json", bytes + second, size - second);
    else
        unlink(fuzz_path("exercises/bugs.json"));
}

static void catalogue_check(const Catalogue *c)
{
    for (int i = 0; i < c->exercises; i++) {
        const Exercise *e = &c->exercise[i];
        REQUIRE(catalogue_exercise(c, e->id) == e, "%s stands twice", e->id);
        REQUIRE(e->functions.word[0] && e->tests.word[0] && e->file, "%s lacks something", e->id);
        REQUIRE(e->minutes > 0 && e->points > 0, "%s is worth nothing", e->id);
    }
    for (int i = 0; i < c->bugs; i++)
        REQUIRE(catalogue_bug(c, c->bug[i].number) == &c->bug[i], "bug %d", c->bug[i].number);
}

FUZZ_TARGET(catalogue)
{
    Error err = {""};
    Catalogue c;
    catalogue_project(bytes, size);
    int here = open(".", O_RDONLY | O_DIRECTORY);
    REQUIRE(here >= 0 && chdir(fuzz_dir) == 0, "no way into %s", fuzz_dir);
    bool good = catalogue_load(&c, &err);
    REQUIRE(fchdir(here) == 0, "no way back");
    close(here);
    if (!good) {
        fuzz_check_sentence(&err);
        return;
    }
    catalogue_check(&c);
    catalogue_free(&c);
}
