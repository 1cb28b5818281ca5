/* twice.c: see extensions.h. */
#include <stdbool.h>
#include <stddef.h>

#include "extensions.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t word_at(const char *text)
{
    size_t n = 0;
    while ((lower(text[n]) >= 'a' && lower(text[n]) <= 'z') || text[n] == '\'') n++;
    return n;
}

static bool same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

static int occurrences(const char *text, const char *word, size_t length)
{
    int found = 0;
    while (*text) {
        size_t n = word_at(text);
        found += n == length && same(text, word, n);
        text += n ? n : 1;
    }
    return found;
}

/* Every word is counted against the whole text: tales are short. */
double twice_reward(const char *text)
{
    const char *at = text;
    while (*at) {
        size_t n = word_at(at);
        if (n > 0 && occurrences(text, at, n) == 2) return 1;
        at += n ? n : 1;
    }
    return 0;
}
