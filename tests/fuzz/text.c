/* text.c: any bytes as a text file. The first byte chooses the options. A stream of characters
 * comes back from its ids byte for byte; whatever is accepted is accepted again with its own
 * vocabulary, as the same ids. */
#include "fuzz.h"
#include "text.h"

static void check_ids(const Corpus *c, const Vocabulary *v)
{
    REQUIRE(c->start[0] == 0, "a corpus begins at %zu", c->start[0]);
    for (int d = 0; d < c->documents; d++)
        REQUIRE(c->start[d] < c->start[d + 1], "document %d is empty", d);
    for (size_t i = 0; i < c->start[c->documents]; i++)
        REQUIRE(c->ids[i] >= 0 && c->ids[i] < v->size, "id %d of %d", c->ids[i], v->size);
}

/* The training part, then the held-out part, as bytes. */
static void check_round_trip(const Text *t, const char *bytes, size_t size)
{
    const Corpus *parts[] = {&t->train, &t->held_out};
    size_t mark = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, length;
    char *printed;
    FILE *out = open_memstream(&printed, &length);
    for (int i = 0; i < 2; i++)
        text_print(out, &t->vocabulary, TEXT_CHARS, parts[i]->ids,
                   (int)parts[i]->start[parts[i]->documents]);
    fclose(out);
    REQUIRE(length == size - mark && memcmp(printed, bytes + mark, length) == 0,
            "%zu bytes came back as %zu others", size - mark, length);
    free(printed);
}

static void check_same_ids(const Text *t, const Corpus *all)
{
    const Corpus *parts[] = {&t->train, &t->held_out};
    size_t at = 0;
    for (int p = 0; p < 2; p++) {
        size_t n = parts[p]->start[parts[p]->documents];
        for (size_t i = 0; i < n; i++, at++)
            REQUIRE(parts[p]->ids[i] == all->ids[at], "symbol %zu is read otherwise", at);
    }
    REQUIRE(at == all->start[all->documents], "%zu symbols, then %zu", at,
            all->start[all->documents]);
}

FUZZ_TARGET(text)
{
    static const double shares[] = {0, 0.1, 0.5, 0.99};
    if (size < 1) return;
    Error err = {""};
    Text t;
    Corpus all;
    TextOptions options = {.documents = bytes[0] & 1 ? TEXT_STREAM : TEXT_LINES,
                           .level = bytes[0] & 2 ? TEXT_WORDS : TEXT_CHARS,
                           .held_out = shares[bytes[0] >> 2 & 3]};
    const char *path = fuzz_file("text", bytes + 1, size - 1);
    if (!text_load(&t, path, &options, &err)) {
        fuzz_check_sentence(&err);
        return;
    }
    check_ids(&t.train, &t.vocabulary);
    check_ids(&t.held_out, &t.vocabulary);
    if (options.documents == TEXT_STREAM && options.level == TEXT_CHARS)
        check_round_trip(&t, (const char *)bytes + 1, size - 1);
    REQUIRE(corpus_load(&all, path, &t.vocabulary, &options, false, &err), "%s", err.text);
    check_same_ids(&t, &all);
    corpus_free(&all);
    text_free(&t);
}
