/* test_book.c: runs tools/book over small pages in a directory of its own.
 *
 * The program is $BUILD/tools/book, or build/gcc-float/tools/book. */
#define SUITE_TIMEOUT 60
#include "suite.h"

#include <limits.h>
#include <sys/stat.h>

static char place[] = "/tmp/test_book.XXXXXX", text[1 << 16];

static void clean_up(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", place);
    if (system(command) != 0) perror(place);
}

static void put(const char *file, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place, file);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(content, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

static void make_runnable(const char *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place, file);
    ck_assert_int_eq(chmod(path, 0777), 0);
}

/* A tiny project: two sources, a test, a program, results and a figure. */
static void make_place(void)
{
    ck_assert_ptr_nonnull(mkdtemp(place));
    atexit(clean_up);
    const char *const folders[] = {"lib", "chapters", "chapters/1_one", "plots", "tests"};
    for (int i = 0; i < 5; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", place, folders[i]);
        ck_assert_int_eq(mkdir(path, 0777), 0);
    }
    put("lib/sum.h", "/* sum.h */\n#ifndef SUM_H\n#define SUM_H\n\n"
                     "/* A pair. */\ntypedef struct {\n    int a, b;\n} Pair;\n\n"
                     "enum { MOST = 9 };\n\n"
                     "/* The sum. */\nint sum(Pair p);\nint twice(int x); /* 2 x */\n\n"
                     "#define SQUARE(x) \\\n    ((x) * (x))\n\n#endif\n");
    put("lib/sum.c",
        "/* sum.c */\n#include \"sum.h\"\n\nstatic int half(int x);\n\n"
        "/* brace } in a comment */\nint sum(Pair p)\n{\n"
        "    if (p.a == '}') return 0;\n    return p.a + p.b;\n}\n\n"
        "/* stands apart */\n\nint twice(int x)\n{\n    return 2 * x;\n}\n\n"
        "/* Half of x,\n * rounded. */\nstatic int half(int x)\n{\n    return x / 2;\n}\n");
    put("chapters/1_one/one.c", "int one(void)\n{\n    return 1;\n}\n");
    put("tests/test_one.c", "START_TEST(one_is_not_two)\n{\n}\nEND_TEST\n");
    put("plots/one.svg", "<svg/>\n");
    put("plots/one.csv", "x,y\n");
    put("Makefile", "all: one ## build\none chapter1:\n\techo made > made\n"
                    "out/%.o: lib/%.c\n\techo made > made\n");
    put("chapter1", "#!/bin/sh\n[ $1 = --help ] || exit 3\necho '  --order N   (default 3)'\n"
                    "echo '  --quick'\n");
    make_runnable("chapter1");
    put("results.json", "{\"nats\": [2.5, 0.123456], \"steps\": 300, \"name\": \"tiny\", "
                        "\"none\": null, \"deep\": {\"share\": 0.256}}");
    put("other.md", "# Other\n\n## Same\n\n## Same\n");
}

/* Runs the tool in the place; asserts its exit status and returns what it printed. */
static const char *book(const char *arguments, int status)
{
    const char *build = getenv("BUILD");
    char path[PATH_MAX], program[PATH_MAX], command[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/tools/book", build ? build : "build/gcc-float");
    ck_assert_msg(realpath(path, program) != NULL, "there is no %s: make it first", path);
    snprintf(command, sizeof command, "cd %s && %s %s 2>&1", place, program, arguments);
    FILE *in = popen(command, "r");
    ck_assert_ptr_nonnull(in);
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    int code = pclose(in);
    ck_assert_msg(WIFEXITED(code) && WEXITSTATUS(code) == status, "%s: status %d, not %d: %s",
                  arguments, WEXITSTATUS(code), status, text);
    return text;
}

static const char *page(void)
{
    static char content[1 << 16];
    char path[256];
    snprintf(path, sizeof path, "%s/page.md", place);
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    content[fread(content, 1, sizeof content - 1, in)] = 0;
    fclose(in);
    return content;
}

static void assert_has(const char *all, const char *part)
{
    ck_assert_msg(strstr(all, part) != NULL, "no \"%s\" in: %s", part, all);
}

/* check finds something in `drifted`, refresh turns it into `fresh`, which both then leave alone.
 */
static void assert_refreshes(const char *drifted, const char *finding, const char *fresh)
{
    put("page.md", drifted);
    assert_has(book("check page.md", 1), finding);
    ck_assert_str_eq(page(), drifted);
    book("refresh page.md", 0);
    ck_assert_str_eq(page(), fresh);
    ck_assert_str_eq(book("refresh page.md", 0), "");
    ck_assert_str_eq(page(), fresh);
    ck_assert_str_eq(book("check page.md", 0), "");
}

/* check finds each of the given sentences, and refresh neither mends nor touches the page. */
static void assert_refused(const char *content, const char *finding)
{
    put("page.md", content);
    assert_has(book("check page.md", 1), finding);
    assert_has(book("refresh page.md", 1), finding);
    ck_assert_str_eq(page(), content);
}

static void assert_accepted(const char *content)
{
    put("page.md", content);
    ck_assert_str_eq(book("check page.md", 0), "");
}

#define FENCE "\n```\n"
#define SUM "int sum(Pair p)\n{\n    if (p.a == '}') return 0;\n    return p.a + p.b;\n}"
#define HALF "/* Half of x,\n * rounded. */\nstatic int half(int x)\n{\n    return x / 2;\n}"

START_TEST(a_listing_that_drifted_is_found_at_its_line_and_refreshed)
{
    make_place();
    assert_refreshes("# Book\n\n<!-- listing: lib/sum.c half -->\n```c\n/* Half of x,\n"
                     " * rounded up. */" FENCE "end\n",
                     "page.md:6: lib/sum.c half has drifted\n    -  * rounded up. */\n"
                     "    +  * rounded. */\n",
                     "# Book\n\n<!-- listing: lib/sum.c half -->\n```c\n" HALF FENCE "end\n");
}
END_TEST

START_TEST(a_listing_gives_several_definitions_in_order_without_their_comments_if_asked)
{
    make_place();
    assert_refreshes(
        "<!-- listing: lib/sum.c half sum nocomment -->\n```c" FENCE, "page.md:3: ",
        "<!-- listing: lib/sum.c half sum nocomment -->\n```c\nstatic int half(int x)\n"
        "{\n    return x / 2;\n}\n\n" SUM FENCE);
}
END_TEST

START_TEST(a_comment_belongs_to_a_definition_only_directly_above_it)
{
    make_place();
    assert_refreshes("<!-- listing: lib/sum.c twice -->\n```c" FENCE, "page.md:3: ",
                     "<!-- listing: lib/sum.c twice -->\n```c\nint twice(int x)\n{\n"
                     "    return 2 * x;\n}" FENCE);
}
END_TEST

START_TEST(a_listing_finds_prototypes_types_constants_and_macros)
{
    make_place();
    assert_refreshes(
        "<!-- listing: lib/sum.h typedef Pair MOST twice sum SQUARE -->\n", "page.md:2: ",
        "<!-- listing: lib/sum.h typedef Pair MOST twice sum SQUARE -->\n```c\n"
        "/* A pair. */\ntypedef struct {\n    int a, b;\n} Pair;\n\nenum { MOST = 9 };\n"
        "int twice(int x); /* 2 x */\n\n/* The sum. */\nint sum(Pair p);\n\n"
        "#define SQUARE(x) \\\n    ((x) * (x))" FENCE);
}
END_TEST

START_TEST(a_listing_without_names_is_the_whole_file)
{
    make_place();
    assert_refreshes("<!-- listing: plots/one.svg -->\n```xml\nold" FENCE,
                     "page.md:3: ", "<!-- listing: plots/one.svg -->\n```xml\n<svg/>" FENCE);
}
END_TEST

START_TEST(a_listing_of_what_is_not_there_is_refused)
{
    make_place();
    assert_refused("<!-- listing: lib/sum.c sums -->\n```c\nold" FENCE,
                   "page.md:1: lib/sum.c defines no sums");
    assert_refused("<!-- listing: lib/summ.c sum -->\n```c\nold" FENCE, "can't read lib/summ.c");
}
END_TEST

START_TEST(an_output_that_drifted_is_found_and_refreshed)
{
    make_place();
    assert_refreshes("<!-- output: echo one; echo two -->\n```text\none\n2" FENCE,
                     "page.md:4: echo one; echo two has drifted\n    - 2\n    + two\n",
                     "<!-- output: echo one; echo two -->\n```text\none\ntwo" FENCE);
}
END_TEST

START_TEST(an_output_is_cut_by_patterns_and_then_by_lines)
{
    make_place();
    assert_refreshes("<!-- output: seq 20 from=/^8$/ to=/^1.$/ -->\n```text" FENCE, "page.md:3: ",
                     "<!-- output: seq 20 from=/^8$/ to=/^1.$/ -->\n```text\n8\n9\n10" FENCE);
    assert_refreshes("<!-- output: seq 20 lines=2-3 from=/7/ -->\n```text" FENCE, "page.md:3: ",
                     "<!-- output: seq 20 lines=2-3 from=/7/ -->\n```text\n8\n9" FENCE);
    assert_refused("<!-- output: seq 20 lines=19-21 -->\n```text" FENCE, "there is no line 21");
    assert_refused("<!-- output: seq 20 from=/x/ -->\n```text" FENCE, "/x/ matches no line");
    assert_refused("<!-- output: seq 20 from=/[/ -->\n```text" FENCE, "no regular expression");
}
END_TEST

START_TEST(times_and_rates_may_differ_and_other_numbers_may_not)
{
    make_place();
    const char *command = "<!-- output: printf '%s\\n' 'loss 1.5 after 12.3 s,  8.0 steps/s' -->";
    char content[512];
    snprintf(content, sizeof content, "%s\n```text\nloss 1.5 after  9 s, 10.25 steps/s" FENCE,
             command);
    assert_accepted(content);
    ck_assert_str_eq(book("refresh page.md", 0), "");
    ck_assert_str_eq(page(), content);
    snprintf(content, sizeof content, "%s\n```text\nloss 1.4 after 12.3 s,  8.0 steps/s" FENCE,
             command);
    put("page.md", content);
    assert_has(book("check page.md", 1), "    - loss 1.4 after");
    assert_accepted("<!-- output: echo took 7 ms -->\n```text\ntook 12 ms" FENCE);
    put("page.md", "<!-- output: echo 7 symbols -->\n```text\n8 symbols" FENCE);
    book("check page.md", 1);
}
END_TEST

START_TEST(a_mask_allows_what_its_first_group_matches)
{
    make_place();
    assert_accepted("<!-- output: echo on 2 cores: 5 mask=/on ([0-9]+) cores/ -->\n```text\n"
                    "on 64 cores: 5" FENCE);
    put("page.md", "<!-- output: echo on 2 cores: 5 mask=/on ([0-9]+) cores/ -->\n```text\n"
                   "on 64 cores: 6" FENCE);
    book("check page.md", 1);
}
END_TEST

START_TEST(a_command_runs_once_and_has_nothing_to_read)
{
    make_place();
    put("page.md", "<!-- output: cat; echo ran | tee -a log -->\n\n"
                   "<!-- output: cat; echo ran | tee -a log lines=1-1 -->\n\n"
                   "<!-- output: tr -s x < log | grep -c ran -->\n");
    book("refresh page.md", 0);
    ck_assert_str_eq(page(),
                     "<!-- output: cat; echo ran | tee -a log -->\n```text\nran" FENCE "\n"
                     "<!-- output: cat; echo ran | tee -a log lines=1-1 -->\n```text\nran" FENCE
                     "\n<!-- output: tr -s x < log | grep -c ran -->\n```text\n1" FENCE);
}
END_TEST

START_TEST(a_command_that_fails_is_refused_unless_the_failure_is_expected)
{
    make_place();
    assert_refused("<!-- output: echo no; exit 2 -->\n```text\nno" FENCE,
                   "page.md:1: echo no; exit 2: exit status 2, not 0");
    assert_refused("<!-- output: echo no status=2 -->\n```text\nno" FENCE, "exit status 0, not 2");
    assert_accepted("<!-- output: echo no; exit 2 status=2 -->\n```text\nno" FENCE);
}
END_TEST

START_TEST(a_command_that_does_not_end_is_stopped)
{
    make_place();
    put("page.md", "<!-- output: sleep 50 | cat -->\n```text\nold" FENCE);
    assert_has(book("check --limit=1 page.md", 1), "sleep 50 | cat didn't end within 1 s");
}
END_TEST

START_TEST(no_run_leaves_outputs_alone_and_checks_the_rest)
{
    make_place();
    put("page.md", "<!-- output: echo x > ran -->\n```text\nold" FENCE "[a](ran)\n");
    assert_has(book("check --no-run page.md", 1), "page.md:5: there is no file ran");
}
END_TEST

START_TEST(values_come_from_json_in_the_given_format)
{
    make_place();
    assert_refreshes("a <!-- value: results.json nats.1 %.3f -->0.124<!-- /value --> and "
                     "<!-- value: results.json steps %d -->?<!-- /value -->,\n"
                     "<!-- value: results.json name %s --><!-- /value --> "
                     "<!-- value: results.json deep.share %.1f *100 -->26<!-- /value -->% "
                     "<!-- value: results.json nats.0 %g --><!-- /value -->, "
                     "<!-- value: results.json nats.1 %.2e --><!-- /value -->\n",
                     "page.md:1: results.json nats.1 %.3f has drifted\n    - 0.124\n    + 0.123\n",
                     "a <!-- value: results.json nats.1 %.3f -->0.123<!-- /value --> and "
                     "<!-- value: results.json steps %d -->300<!-- /value -->,\n"
                     "<!-- value: results.json name %s -->tiny<!-- /value --> "
                     "<!-- value: results.json deep.share %.1f *100 -->25.6<!-- /value -->% "
                     "<!-- value: results.json nats.0 %g -->2.5<!-- /value -->, "
                     "<!-- value: results.json nats.1 %.2e -->1.23e-01<!-- /value -->\n");
}
END_TEST

START_TEST(a_value_that_is_not_there_or_does_not_fit_its_format_is_refused)
{
    make_place();
    static const char *const wrong[][2] = {
        {"results.json nats.2 %f", "results.json has no nats.2"},
        {"results.json nats.x %f", "results.json has no nats.x"},
        {"missing.json nats.0 %f", "can't read missing.json"},
        {"lib/sum.c nats.0 %f", "lib/sum.c is not JSON"},
        {"results.json nats.0 %d", "nats.0 of results.json can't be written as %d"},
        {"results.json none %f", "can't be written as %f"},
        {"results.json name %f", "can't be written as %f"},
        {"results.json steps %s", "can't be written as %s"},
        {"results.json steps %n", "can't be written as %n"},
        {"results.json steps %5d", "can't be written as %5d"},
        {"results.json steps %*d", "can't be written as %*d"},
        {"results.json steps %.3f%n", "can't be written as %.3f%n"},
        {"results.json steps %.99f", "can't be written as %.99f"},
        {"results.json steps", "a value is: FILE PATH FORMAT"},
        {"results.json steps %d 100", "a value is: FILE PATH FORMAT"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char content[256];
        snprintf(content, sizeof content, "\nx <!-- value: %s -->0<!-- /value --> y\n",
                 wrong[i][0]);
        assert_refused(content, "page.md:2: ");
        assert_has(text, wrong[i][1]);
    }
    assert_refused("<!-- value: results.json steps %d -->300\n", "isn't closed by <!-- /value -->");
}
END_TEST

START_TEST(links_lead_to_files_and_headings)
{
    make_place();
    assert_accepted(
        "# Two words, `code_x()` & [more](other.md)!\n\n# Same\n\n# Same\n\n"
        "[a](lib/sum.c) [b](#two-words-code_x--more) [c](other.md#same-1) [d](#same-1)\n"
        "[e](https://example.org/x#y) `[f](none)` \\](none)\n\n```\n[g](none)\n```\n"
        "<!-- [h](none) --> <!-- foreign: code_x -->\n");
    assert_refused("x\n[a](lib/none.c)\n", "page.md:2: there is no file lib/none.c");
    assert_refused("[a](#none)\n", "page.md has no heading #none");
    assert_refused("# Same\n# Same\n[a](#same-2)\n", "page.md has no heading #same-2");
    assert_refused("```\n# Fenced\n```\n[a](#fenced)\n", "page.md:4: page.md has no heading");
    assert_refused("[a](other.md#none)\n", "other.md has no heading #none");
    assert_refused("[a]()\n", "a link to nowhere");
    assert_refused("<a href=\"none.html\">x</a>\n", "there is no file none.html");
}
END_TEST

START_TEST(figures_exist_and_say_what_they_show)
{
    make_place();
    assert_accepted("A ![curve](plots/one.svg) <img src=\"plots/one.svg\" alt=\"A curve\">\n");
    assert_refused("\nA ![curve](plots/two.svg)\n", "page.md:2: there is no file plots/two.svg");
    assert_refused("A ![ ](plots/one.svg)\n", "page.md:1: this figure has no alt text");
    assert_refused("<img src=\"plots/one.svg\">\n", "this figure has no alt text");
    assert_refused("<img src=\"plots/one.svg\" alt=\"\">\n", "this figure has no alt text");
}
END_TEST

START_TEST(a_figure_has_a_caption_with_its_data)
{
    make_place();
    assert_accepted("![A curve](plots/one.svg)\n\n*See [data](plots/one.csv).*\n\nText.\n");
    assert_accepted("![A curve](plots/one.svg)\n*See\n[data](plots/one.csv).*\n");
    assert_refused("\n![A curve](plots/one.svg)\n\nSee [data](plots/one.csv).\n",
                   "page.md:2: this figure has no caption");
    assert_refused("![A curve](plots/one.svg)\n\n*See.*\n\n*[data](plots/one.csv)*\n",
                   "this figure has no caption");
    assert_refused("![A curve](plots/one.svg)\n\n**See [data](plots/one.csv).**\n",
                   "this figure has no caption");
    assert_refused("![A curve](plots/one.svg)\n", "this figure has no caption");
}
END_TEST

START_TEST(tests_and_files_that_the_text_mentions_are_there)
{
    make_place();
    assert_accepted(
        "`one_is_not_two`, `two_short_words`, `lib/sum.c`, `lib/`, `lib/*.c`, `sum.c`\n");
    assert_refused("\n`one_is_not_three`\n", "page.md:2: there is no test one_is_not_three");
    assert_refused("`lib/none.c`\n", "there is no file lib/none.c");
    assert_accepted("`a_column_of_data` <!-- foreign: a_column_of_data -->\n");
}
END_TEST

START_TEST(a_glossary_has_a_row_for_each_column)
{
    make_place();
    put("plots/one.csv", "seed,gain,loss\n1,2,3\n");
    assert_accepted("<!-- glossary: plots/one.csv -->\n\n| column | what |\n|---|---|\n"
                    "| `seed` | `none` |\n| `loss`, `gain` | nats |\n");
    assert_refused("\n<!-- glossary: plots/one.csv -->\n\n| `seed` | `gain` |\n| `loss` | x |\n",
                   "page.md:2: no table explains the column gain of plots/one.csv");
    assert_refused("<!-- glossary: plots/two.csv -->\n", "can't read plots/two.csv");
}
END_TEST

START_TEST(commands_use_flags_and_targets_that_there_are)
{
    make_place();
    assert_accepted("`make one && ./chapter1 --order 3 --quick`, `make X=2`, `make chapterN`\n\n"
                    "`make out/sum.o`\n\n"
                    "```sh\nmake -s one # --none\n./chapter1 --order=3 | grep --none\n```\n"
                    "```text\n./chapter1 --none\n```\n");
    assert_refused("\n`./chapter1 --ord 3`\n", "page.md:2: ./chapter1 has no --ord\n");
    assert_refused("`./chapter1 --order3`\n", "./chapter1 has no --order3");
    assert_refused("```sh\nmake one\n./chapter1 --quick --none\n```\n",
                   "page.md:3: ./chapter1 has no --none");
    assert_refused("`make two`\n", "the Makefile has no target two");
    assert_refused("`make out/none.o`\n", "the Makefile has no target out/none.o");
    assert_refused("`make on`\n", "the Makefile has no target on");
    assert_refused("`./chapter2 --quick`\n", "./chapter2 --help fails: is it built?");
    assert_accepted("`./chapter1 --none` <!-- foreign: --none -->\n");
    ck_assert_str_eq(book("check --no-run page.md", 0), "");
}
END_TEST

START_TEST(formulas_are_such_that_github_leaves_them_whole)
{
    make_place();
    assert_accepted("$x_t$, $\\pi_\\theta(x \\mid s)$ and $a > b$, \\$5, `$`.\n\n"
                    "$$\n\\frac{a}{b}\n$$\n\n```math\n\\{ x_{i}_j < 3 * 4 \\}\\,\n```\n");
    static const char *const wrong[][2] = {
        {"$a\\,b$", "the backslash before a punctuation mark is lost"},
        {"$$\\{ x \\}$$", "the backslash before a punctuation mark is lost"},
        {"$\\bar{x}_i$", "_ behind a bracket may begin an emphasis"},
        {"$a * b$", "* may begin an emphasis"},
        {"$a < b$", "< and & belong to HTML"},
        {"$[x](y)$", "]( makes a link"},
        {"$P(x|h)$", "| divides a table"},
        {"$\\mathrm{clip}$", "GitHub doesn't show \\mathrm{"},
        {"\n```math\n\\operatorname{clip}\n```\n", "GitHub doesn't show \\operatorname"},
        {"$ x$", "GitHub sees no formula here"},
        {"$x $", "GitHub sees no formula here"},
        {"$x\ny$", "GitHub sees no formula here"},
        {"x$y$", "GitHub sees no formula here"},
        {"$x$s", "GitHub sees no formula here"},
        {"$x\n\n$", "this formula has no closing $"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char content[256];
        snprintf(content, sizeof content, "%s\n", wrong[i][0]);
        assert_refused(content, wrong[i][1]);
    }
}
END_TEST

START_TEST(functions_that_the_text_mentions_are_defined)
{
    make_place();
    assert_accepted("`sum()` and `half()`, `one()`, `SQUARE()`, `printf()`, `f(x)`, ``a ` b()``\n");
    assert_refused("\n\n`summ()`\n", "page.md:3: summ() is no function of lib/ or chapters/");
    assert_refused("`nn.Linear()` <!-- foreign: n nn.Lin -->\n", "nn.Linear() is no function");
    assert_accepted("`nn.Linear()` `fork()` <!-- foreign: nn fork -->\n");
}
END_TEST

START_TEST(sections_that_sources_name_are_there)
{
    make_place();
    put("lib/priced.h",
        "/* priced.h: what it costs. Book: chapter 1, \"The price,\n * paid\", \"Two\". */\n");
    assert_accepted("# Another page\n");
    assert_accepted("# Book\n\n## Chapter 1: One\n\n### The price, paid\n\n### Two\n");
    assert_refused("# Book\n\n## Chapter 1: One\n\n### The price\n\n### Two\n",
                   "page.md:1: lib/priced.h names a section \"The price, paid\" that isn't there");
    assert_refused("# Book\n\n## Chapter 1: One\n\n### The price, paid\n",
                   "lib/priced.h names a section \"Two\" that isn't there");
}
END_TEST

START_TEST(markers_inside_a_fenced_block_are_text)
{
    make_place();
    assert_accepted("````\n<!-- listing: none.c f -->\n```c\n```\n"
                    "<!-- value: a b c -->1<!-- /value --> `none()`\n````\n");
}
END_TEST

START_TEST(a_marker_that_would_be_overlooked_is_refused)
{
    make_place();
    assert_refused("<!-- listng: lib/sum.c sum -->\n```c\nold" FENCE,
                   "a block follows this comment");
    assert_refused("- <!-- listing: lib/sum.c sum -->\n", "this marker must begin its line");
    assert_refused("<!-- listing: lib/sum.c\nsum -->\n", "isn't closed by --> on its line");
    assert_refused("<!-- listing: lib/sum.c sum -->\n```c\nold\n",
                   "page.md:2: this block isn't closed");
}
END_TEST

START_TEST(wrong_usage_and_missing_pages_have_their_own_words)
{
    make_place();
    assert_has(book("check", 2), "usage: book check|refresh");
    assert_has(book("mend page.md", 2), "usage: ");
    assert_has(book("check --quick page.md", 2), "usage: ");
    assert_has(book("check --limit=0 page.md", 2), "usage: ");
    assert_has(book("check none.md", 1), "can't read none.md");
}
END_TEST

static const TTest *const tests[] = {
    a_listing_that_drifted_is_found_at_its_line_and_refreshed,
    a_listing_gives_several_definitions_in_order_without_their_comments_if_asked,
    a_comment_belongs_to_a_definition_only_directly_above_it,
    a_listing_finds_prototypes_types_constants_and_macros,
    a_listing_without_names_is_the_whole_file,
    a_listing_of_what_is_not_there_is_refused,
    an_output_that_drifted_is_found_and_refreshed,
    an_output_is_cut_by_patterns_and_then_by_lines,
    times_and_rates_may_differ_and_other_numbers_may_not,
    a_mask_allows_what_its_first_group_matches,
    a_command_runs_once_and_has_nothing_to_read,
    a_command_that_fails_is_refused_unless_the_failure_is_expected,
    a_command_that_does_not_end_is_stopped,
    no_run_leaves_outputs_alone_and_checks_the_rest,
    values_come_from_json_in_the_given_format,
    a_value_that_is_not_there_or_does_not_fit_its_format_is_refused,
    links_lead_to_files_and_headings,
    figures_exist_and_say_what_they_show,
    a_figure_has_a_caption_with_its_data,
    tests_and_files_that_the_text_mentions_are_there,
    a_glossary_has_a_row_for_each_column,
    commands_use_flags_and_targets_that_there_are,
    formulas_are_such_that_github_leaves_them_whole,
    functions_that_the_text_mentions_are_defined,
    sections_that_sources_name_are_there,
    markers_inside_a_fenced_block_are_text,
    a_marker_that_would_be_overlooked_is_refused,
    wrong_usage_and_missing_pages_have_their_own_words,
    NULL};

RUN_TESTS("book", tests)
