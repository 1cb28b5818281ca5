/* book.c: keeps README.md and TUTORIAL.md true to the code and its runs.
 *
 * The Markdown always holds its full text. Comments, which a reader doesn't see, say where a part
 * comes from. The first two begin a line, and a fenced block follows (or is put there):
 *
 *     <!-- listing: lib/matrix.c mat_add_ab struct Matrix nocomment -->
 *         definitions by name, each with the comment directly above it unless nocomment; prototypes
 *         too where the file is a header; without a name, the whole file
 *     <!-- output: ./chapter1 --quick from=/^order/ to=/^6/ mask=/[0-9]+ threads/ -->
 *         what the command prints into a pipe; from=, to= and then lines=3-12 take a part;
 *         status=2 expects another exit status than 0. Times and rates ("12.3 s", "2 steps/s"), and
 *         what mask= (or its first group) matches, may differ from run to run.
 *     <!-- value: plots/results/chapter2.json results.nats.0 %.3f *100 -->1.234<!-- /value -->
 *         a number or a string out of a JSON file, as %.Nf, %.Ne, %.Ng, %d or %s, perhaps scaled
 *     <!-- foreign: torch.nn fork --ordr -->
 *         functions, tests and flags that the text may mention though they are not ours
 *     <!-- glossary: plots/chapter1_curves.csv plots/chapter1_recall.csv -->
 *         for each column of these files the page has a table's row that begins with its `name`
 *
 * `book refresh FILE...` brings all this up to date; `book check FILE...` fails where it isn't.
 * --no-run leaves outputs alone; --limit=300 is the time in seconds that a command may take. Both
 * also check that
 *
 *     links, anchors and figures exist; a figure has an alt text, and below it a caption, a
 *         paragraph in *italics*, which links the .csv that was drawn
 *     `name()` is a function of lib/ or chapters/, and `a_name_of_four_words` or more a test;
 *         `lib/file.c` and its like are there
 *     the flags of a ./chapterN in blocks of sh and in `code` are in its --help, and what make is
 *         asked for is in the Makefile
 *     formulas are written so that GitHub leaves them whole
 *
 * Start it in the project's root: the paths and the commands of markers are taken from there, links
 * from the folder of the file.
 *
 * This file goes through a page; each kind of marker has its own file in markers/. */
#include <stdlib.h>
#include <string.h>

#include "markers/page.h"
#include "run.h"

/* The words of a marker, "<!-- kind: words -->", free() them. NULL, and a problem, if it isn't
 * closed. */
static char *marker_words(Book *b, const char *at, const char *end)
{
    const char *close = memmem(at, (size_t)(end - at), "-->", 3);
    if (!close) return problem(b, at, "this marker isn't closed by --> on its line"), NULL;
    at += strcspn(at, ":") + 1;
    while (*at == ' ') at++;
    while (close > at && close[-1] == ' ') close--;
    return strndup(at, (size_t)(close - at));
}

/* Copies a listing or output marker and its block as it should be; returns what follows them. */
static const char *write_block(Book *b, const char *at, FILE *out)
{
    const char *open = next_line(at), *body = open, *close = open;
    bool fenced = is_fence(open), listing = starts(at, "<!-- listing: ");
    if (fenced) close = fence_close(open), body = next_line(open);
    char *words = marker_words(b, at, open), *old = strndup(body, (size_t)(close - body));
    char *fresh = NULL;
    if (fenced && !*close)
        problem(b, open, "this block isn't closed by ```");
    else if (words && listing) {
        char *what = strdup(words);
        fresh = fresh_listing(b, at, words);
        if (fresh && strcmp(fresh, old) != 0) drift(b, body, what, old, fresh);
        free(what);
    } else if (words && b->run)
        fresh = fresh_output(b, at, words, body, old);

    copy(out, at, body);
    if (!fenced && fresh) fputs(listing ? "```c\n" : "```text\n", out);
    fputs(fresh ? fresh : old, out);
    if (!fenced && fresh) fputs("```\n", out);
    free(words), free(old), free(fresh);
    const char *end = fenced ? next_line(close) : close;
    copy(out, close, end);
    return end;
}

/* Copies a line of prose with its values as they should be. */
static void write_line(Book *b, const char *at, const char *end, FILE *out)
{
    static const char open[] = "<!-- value: ", closing[] = "<!-- /value -->";
    for (const char *mark; (mark = memmem(at, (size_t)(end - at), open, sizeof open - 1));) {
        char *words = marker_words(b, mark, end);
        const char *body = words ? strstr(mark, "-->") + 3 : mark;
        const char *close = memmem(body, (size_t)(end - body), closing, sizeof closing - 1);
        if (words && !close) problem(b, mark, "this value isn't closed by %s on its line", closing);
        if (!words || !close) {
            free(words);
            break;
        }
        char *what = strdup(words), *fresh = fresh_value(b, mark, words);
        char *old = strndup(body, (size_t)(close - body));
        if (fresh && strcmp(fresh, old) != 0) drift(b, body, what, old, fresh);
        copy(out, at, body);
        fputs(fresh ? fresh : old, out);
        free(words), free(what), free(fresh), free(old);
        at = close;
    }
    copy(out, at, end);
}

static void write_book(Book *b, FILE *out)
{
    for (const char *at = b->text, *end; *at; at = end)
        if (is_fence(at))
            copy(out, at, end = next_line(fence_close(at)));
        else if (starts(at, "<!-- listing: ") || starts(at, "<!-- output: "))
            end = write_block(b, at, out);
        else
            write_line(b, at, end = next_line(at), out);
}

static void do_file(Book *b, const char *path)
{
    b->path = path;
    b->text = read_file(path);
    if (!b->text) {
        printf("can't read %s\n", path);
        b->problems++;
        return;
    }
    char *fresh;
    size_t size;
    FILE *out = text_stream(&fresh, &size);
    write_book(b, out);
    fclose(out);
    if (b->refresh && strcmp(fresh, b->text) != 0) {
        Error err;
        if (!file_replace_text(path, fresh, &err)) problem(b, b->text, "%s", err.text);
        char *old = b->text;
        b->text = fresh, fresh = old;
    }
    check_references(b);
    check_sections(b);
    free(b->text), free(fresh);
}

int main(int argc, char **argv)
{
    Book b = {.run = true, .limit = 300};
    bool check = argc > 1 && strcmp(argv[1], "check") == 0;
    b.refresh = argc > 1 && strcmp(argv[1], "refresh") == 0;
    int first = 2;
    for (; first < argc && starts(argv[first], "--"); first++)
        if (strcmp(argv[first], "--no-run") == 0)
            b.run = false;
        else if (sscanf(argv[first], "--limit=%d", &b.limit) != 1 || b.limit < 1)
            break;
    if ((!check && !b.refresh) || first >= argc || starts(argv[first], "--")) {
        fprintf(stderr, "usage: book check|refresh [--no-run] [--limit=SECONDS] FILE...\n");
        return 2;
    }
    b.functions = defined_functions(), b.tests = defined_tests();
    for (int i = first; i < argc; i++) do_file(&b, argv[i]);
    if (b.problems)
        printf("book: %d to mend; `make book` brings back what has drifted\n", b.problems);
    outputs_free(b.outputs);
    free(b.functions), free(b.tests);
    return b.problems ? EXIT_FAILURE : EXIT_SUCCESS;
}
