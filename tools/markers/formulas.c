/* formulas.c: would GitHub show this formula as it is meant?
 *
 * GitHub reads a page as Markdown first and only then looks for formulas. So a formula between
 * dollars loses the backslash before a punctuation mark, and what looks like an emphasis, a tag or
 * a link to Markdown becomes one. A block of ```math is safe from that. A few of LaTeX's names are
 * not shown in either. */
#include <ctype.h>
#include <string.h>

#include "page.h"

static void check_names(Book *b, const char *at, const char *formula, size_t length)
{
    static const char *const refused[] = {"\\mathrm{", "\\operatorname", "\\begin{cases}"};
    for (int i = 0; i < 3; i++)
        if (memmem(formula, length, refused[i], strlen(refused[i])))
            problem(b, at, "GitHub doesn't show %s: \\text{...} or words do", refused[i]);
}

/* What Markdown would take for its own in a formula between dollars, or NULL. */
static const char *mangled(const char *formula, size_t length)
{
    for (const char *p = formula; p < formula + length; p++) {
        if (*p == '\\' && ispunct((unsigned char)p[1]))
            return "the backslash before a punctuation mark is lost";
        if (*p == '_' && p > formula && !isalnum((unsigned char)p[-1]))
            return "_ behind a bracket may begin an emphasis";
        if (*p == '*') return "* may begin an emphasis: \\star or \\ast";
        if (*p == '<' || *p == '&') return "< and & belong to HTML: \\lt";
        if (starts(p, "](")) return "]( makes a link";
        if (starts(p, "|")) return "| divides a table: \\mid or \\lvert";
    }
    return NULL;
}

const char *check_formula(Book *b, const char *at)
{
    size_t dollars = at[1] == '$' ? 2 : 1;
    const char *formula = at + dollars, *end = strstr(formula, dollars == 2 ? "$$" : "$");
    const char *paragraph = strstr(formula, "\n\n");
    if (!end || (paragraph && paragraph < end)) {
        problem(b, at, "this formula has no closing $ (a dollar itself is \\$)");
        return formula;
    }
    size_t length = (size_t)(end - formula);
    const char *why = mangled(formula, length);
    if (why)
        problem(b, at, "GitHub would mangle this formula: %s; a block of ```math is safe", why);
    bool touches =
        (at > b->text && isalnum((unsigned char)at[-1])) || isalnum((unsigned char)end[dollars]);
    if (dollars == 1 && (touches || isspace((unsigned char)*formula) ||
                         isspace((unsigned char)end[-1]) || memchr(formula, '\n', length)))
        problem(b, at,
                "GitHub sees no formula here: it stands on one line, without a blank inside "
                "its dollars or a letter right outside of them");
    check_names(b, at, formula, length);
    return end + dollars;
}

void check_math_block(Book *b, const char *at)
{
    const char *formula = next_line(at);
    check_names(b, at, formula, (size_t)(fence_close(at) - formula));
}
