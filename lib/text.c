/* text.c: from the bytes of a text to documents of ids.
 *
 * A text is checked, cut into documents and walked twice: once to gather the symbols, once to
 * replace each by its id. A walk is a Span that grows shorter from the front. Contract: the bytes
 * passed utf8_check before anything here walks them. */
#include "text.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

typedef struct {
    const char *begin, *end;
} Span;

/* --- documents and symbols -------------------------------------------------------------------- */

/* Takes the next document from the front of a text: a line without its line end ("\n" or "\r\n"),
 * or all of a stream. */
static bool next_document(Span *text, Documents documents, Span *document)
{
    if (text->begin == text->end) return false;
    *document = *text;
    text->begin = text->end;
    if (documents == TEXT_STREAM) return true;

    const char *begin = document->begin;
    const char *newline = memchr(begin, '\n', (size_t)(document->end - begin));
    if (!newline) return true; /* the last line may lack its newline */
    text->begin = newline + 1;
    document->end = newline > begin && newline[-1] == '\r' ? newline - 1 : newline;
    return true;
}

/* ASCII white space, whatever the locale */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool next_word(Span *document, Span *word)
{
    const char *at = document->begin, *end = document->end;
    while (at < end && is_space(*at)) at++;
    word->begin = at;
    while (at < end && !is_space(*at)) at++;
    word->end = at;
    document->begin = at;
    return word->begin < word->end;
}

static size_t count_symbols(Span document, Level level)
{
    if (level == TEXT_CHARS)
        return utf8_count(document.begin, (size_t)(document.end - document.begin));
    size_t n = 0;
    for (Span word; next_word(&document, &word);) n++;
    return n;
}

/* --- the vocabulary of a text ----------------------------------------------------------------- */

static void gather_words(Vocabulary *seen, Span text, Documents documents)
{
    for (Span document, word; next_document(&text, documents, &document);) {
        while (next_word(&document, &word)) {
            vocabulary_add(seen, word.begin, (size_t)(word.end - word.begin));
        }
    }
}

static void gather_chars(Vocabulary *seen, Span text, Documents documents)
{
    bool *mark = NEW(bool, UTF8_CODE_POINTS);
    for (Span document; next_document(&text, documents, &document);) {
        while (document.begin < document.end) mark[utf8_next(&document.begin)] = true;
    }
    for (int c = 0; c < UTF8_CODE_POINTS; c++) {
        char symbol[5];
        if (mark[c]) vocabulary_add(seen, symbol, (size_t)utf8_put(symbol, c));
    }
    free(mark);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The end symbol first, if there is one, then by bytes: in UTF-8 that is by code point. */
static void vocabulary_of(Vocabulary *v, Span text, const TextOptions *options)
{
    Vocabulary seen = {.end = -1};
    bool lines = options->documents == TEXT_LINES;
    (options->level == TEXT_CHARS ? gather_chars : gather_words)(&seen, text, options->documents);
    if (seen.size) qsort(seen.symbol, (size_t)seen.size, sizeof *seen.symbol, by_bytes);

    *v = (Vocabulary){.end = lines ? 0 : -1};
    if (lines) vocabulary_add(v, "\n", 1);
    for (int i = 0; i < seen.size; i++) vocabulary_add(v, seen.symbol[i], strlen(seen.symbol[i]));
    vocabulary_free(&seen);
}

static bool vocabulary_suffices(const Vocabulary *v, const char *name, Level level, Error *err)
{
    int distinct = v->size - (v->end >= 0);
    if (distinct == 0)
        return error_set(err, "%s has nothing but white space: give a file with some text", name);
    if (distinct == 1)
        return error_set(err,
                         "%s has one distinct symbol only, \"%.40s\": give a text with at least "
                         "two different %s",
                         name,
                         strcmp(v->symbol[v->size - 1], "\n") ? v->symbol[v->size - 1] : "\\n",
                         level == TEXT_CHARS ? "characters" : "words");
    return true;
}

/* --- encoding --------------------------------------------------------------------------------- */

typedef struct {
    const Vocabulary *v;
    Documents documents;
    Level level;
    int *id_of;   /* of a code point: id + 1, or 0; characters need no hashing */
    Span unknown; /* the first symbol that the vocabulary lacks, or NULLs */
} Encoder;

static Encoder encoder_new(const Vocabulary *v, const TextOptions *options)
{
    Encoder e = {.v = v, .documents = options->documents, .level = options->level};
    if (e.level == TEXT_WORDS) return e;
    e.id_of = NEW(int, UTF8_CODE_POINTS);
    for (int id = 0; id < v->size; id++) {
        const char *at = v->symbol[id];
        if (!*at || !utf8_check(at, strlen(at), "", NULL)) continue; /* no character's */
        int c = utf8_next(&at);
        if (*at == '\0') e.id_of[c] = id + 1; /* a longer symbol is no character's either */
    }
    return e;
}

static size_t encode_chars(int *ids, Span document, Encoder *e)
{
    const int *id_of = e->id_of;
    size_t n = 0;
    for (const char *at = document.begin, *next = at; at < document.end; at = next) {
        int id = id_of[utf8_next(&next)] - 1;
        if (id == SYMBOL_UNKNOWN && !e->unknown.begin) e->unknown = (Span){at, next};
        ids[n++] = id;
    }
    return n;
}

static size_t encode_words(int *ids, Span document, Encoder *e)
{
    size_t n = 0;
    for (Span word; next_word(&document, &word); n++) {
        ids[n] = vocabulary_find(e->v, word.begin, (size_t)(word.end - word.begin));
        if (ids[n] == SYMBOL_UNKNOWN && !e->unknown.begin) e->unknown = word;
    }
    return n;
}

/* --- corpora ---------------------------------------------------------------------------------- */

typedef struct {
    size_t documents, symbols;
} Count;

/* Walks the documents of a text; with c NULL it only counts them. */
static Count corpus_walk(Corpus *c, Span text, Encoder *e)
{
    Count n = {0};
    for (Span document; next_document(&text, e->documents, &document);) {
        size_t symbols = !c                       ? count_symbols(document, e->level)
                         : e->level == TEXT_CHARS ? encode_chars(c->ids + n.symbols, document, e)
                                                  : encode_words(c->ids + n.symbols, document, e);
        if (symbols == 0) continue; /* an empty line is not a document */
        if (c) c->start[n.documents] = n.symbols;
        n.documents++;
        n.symbols += symbols;
    }
    if (c) c->start[n.documents] = n.symbols;
    return n;
}

static void corpus_make(Corpus *c, Count n, Span text, Encoder *e)
{
    *c = (Corpus){.documents = (int)n.documents,
                  .start = NEW(size_t, n.documents + 1),
                  .ids = NEW(int, n.symbols)};
    corpus_walk(c, text, e);
}

void corpus_free(Corpus *c)
{
    free(c->start);
    free(c->ids);
    *c = (Corpus){0};
}

static bool corpus_fits(Count n, const char *name, size_t size, Error *err)
{
    if (n.documents > INT_MAX)
        return error_set(err, "%s has %zu lines, more than %d: use --documents stream", name,
                         n.documents, INT_MAX);
    size_t need = size + n.symbols * sizeof(int) + (n.documents + 1) * sizeof(size_t);
    return utf8_fits(name, need, err);
}

/* The text within bytes that must be UTF-8: all of them, but for a byte order mark in front. */
static bool text_within(Span *text, const char *bytes, size_t size, const char *name, Error *err)
{
    if (!utf8_check(bytes, size, name, err)) return false;
    size_t mark = utf8_mark(bytes, size);
    if (size == mark) return error_set(err, "%s is empty: give a file with some text", name);
    *text = (Span){bytes + mark, bytes + size};
    return true;
}

static bool refuse_unknown(Span unknown, const char *bytes, const char *name, Error *err)
{
    int length = (int)(unknown.end - unknown.begin);
    static const char *const names[] = {"\\t", "\\n", "\\v", "\\f", "\\r"};
    bool named = *unknown.begin >= '\t' && *unknown.begin <= '\r';
    const char *shown = named ? names[*unknown.begin - '\t'] : unknown.begin;
    int width = named ? 2 : length < 60 ? length : 60;
    return error_set(err,
                     "%s: the symbol \"%.*s\" at byte offset %zu is not in the vocabulary: remove "
                     "it, or train on a text that has it",
                     name, width, shown, (size_t)(unknown.begin - bytes));
}

bool corpus_from_string(Corpus *c, const char *bytes, size_t size, const char *name,
                        const Vocabulary *v, const TextOptions *options, bool allow_unknown,
                        Error *err)
{
    *c = (Corpus){0};
    Span text;
    if (!text_within(&text, bytes, size, name, err)) return false;
    Encoder e = encoder_new(v, options);
    Count n = corpus_walk(NULL, text, &e);
    bool ok = corpus_fits(n, name, size, err);
    if (ok && n.documents == 0)
        ok = error_set(err, "%s has nothing but white space: give a file with some text", name);
    if (ok) corpus_make(c, n, text, &e);
    if (ok && e.unknown.begin && !allow_unknown) {
        ok = refuse_unknown(e.unknown, bytes, name, err);
        corpus_free(c);
    }
    free(e.id_of);
    return ok;
}

bool corpus_load(Corpus *c, const char *path, const Vocabulary *v, const TextOptions *options,
                 bool allow_unknown, Error *err)
{
    *c = (Corpus){0};
    char *bytes;
    size_t size;
    if (!utf8_load(path, &bytes, &size, err)) return false;
    bool ok = corpus_from_string(c, bytes, size, path, v, options, allow_unknown, err);
    free(bytes);
    return ok;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Where the held-out part begins: after floor((1 - f) n) characters, or as soon after them as no
 * document (no word of a stream) is cut in two. */
static const char *held_out_begin(Span text, const TextOptions *options)
{
    if (options->held_out == 0) return text.end;
    double n = (double)utf8_count(text.begin, (size_t)(text.end - text.begin));
    /* 1 - f and its product are rounded, by less than 2 n epsilon: 0.9 of 10 leaves 1, not 0 */
    size_t keep = (size_t)floor((1 - options->held_out) * n + 2 * n * DBL_EPSILON);
    const char *at = text.begin;
    for (size_t i = 0; i < keep && at < text.end; i++) at += utf8_length((unsigned char)*at);

    if (options->documents == TEXT_LINES) {
        const char *newline = memchr(at, '\n', (size_t)(text.end - at));
        return newline ? newline + 1 : text.end;
    }
    if (options->level == TEXT_WORDS) {
        while (at < text.end && !is_space(*at)) at++;
    }
    return at;
}

static bool cant_hold_out(const char *name, const TextOptions *options, const char *purpose,
                          Error *err)
{
    bool lines = options->documents == TEXT_LINES;
    return error_set(err,
                     "%s: too short to hold out a share of %g, nothing is left to %s: give %s%s%s",
                     name, options->held_out, purpose, lines ? "more lines" : "a longer text",
                     options->fixed ? "" : ", or try --held-out 0",
                     lines && !options->fixed ? " or --documents stream" : "");
}

static bool text_split(Text *t, Span text, const char *name, size_t size,
                       const TextOptions *options, Error *err)
{
    const char *cut = held_out_begin(text, options);
    Span train = {text.begin, cut}, held_out = {cut, text.end};
    Encoder e = encoder_new(&t->vocabulary, options);
    Count n = corpus_walk(NULL, train, &e), m = corpus_walk(NULL, held_out, &e);
    Count both = {n.documents + m.documents, n.symbols + m.symbols};
    bool ok = corpus_fits(both, name, size, err);
    if (ok && options->held_out > 0 && !(n.documents && m.documents))
        ok = cant_hold_out(name, options, n.documents ? "hold out" : "train on", err);
    if (ok) {
        corpus_make(&t->train, n, train, &e);
        corpus_make(&t->held_out, m, held_out, &e);
    }
    free(e.id_of);
    return ok;
}

bool text_from_string(Text *t, const char *bytes, size_t size, const char *name,
                      const TextOptions *options, Error *err)
{
    *t = (Text){.vocabulary.end = -1};
    Span text;
    if (!(options->held_out >= 0 && options->held_out < 1))
        return error_set(err, "--held-out %g is no share: give a number from 0 to below 1",
                         options->held_out);
    if (!text_within(&text, bytes, size, name, err)) return false;
    vocabulary_of(&t->vocabulary, text, options);
    bool ok = vocabulary_suffices(&t->vocabulary, name, options->level, err) &&
              text_split(t, text, name, size, options, err);
    if (!ok) text_free(t);
    return ok;
}

bool text_load(Text *t, const char *path, const TextOptions *options, Error *err)
{
    *t = (Text){.vocabulary.end = -1};
    char *bytes;
    size_t size;
    if (!utf8_load(path, &bytes, &size, err)) return false;
    bool ok = text_from_string(t, bytes, size, path, options, err);
    free(bytes);
    return ok;
}

void text_free(Text *t)
{
    vocabulary_free(&t->vocabulary);
    corpus_free(&t->train);
    corpus_free(&t->held_out);
}

/* FNV-1a: Fowler, Noll and Vo 1991 */
static uint64_t hash_on(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *p = bytes; size > 0; p++, size--) hash = (hash ^ *p) * 0x100000001b3;
    return hash;
}

uint64_t text_hash(const Text *t)
{
    const Vocabulary *v = &t->vocabulary;
    const Corpus *c = &t->train;
    uint64_t hash = 0xcbf29ce484222325;
    for (int id = 0; id < v->size; id++)
        hash = hash_on(hash, v->symbol[id], strlen(v->symbol[id]) + 1);
    hash = hash_on(hash, &v->end, sizeof v->end);
    hash = hash_on(hash, c->start, ((size_t)c->documents + 1) * sizeof *c->start);
    return hash_on(hash, c->ids, c->start[c->documents] * sizeof *c->ids);
}

void text_print(FILE *out, const Vocabulary *v, Level level, const int *ids, int count)
{
    bool space = false; /* words: a blank between two, but none around a newline */
    for (int i = 0; i < count; i++) {
        REQUIRE(ids[i] >= SYMBOL_UNKNOWN && ids[i] < v->size, "symbol %d of %d", ids[i], v->size);
        const char *unknown = level == TEXT_CHARS ? "\xef\xbf\xbd" : "<unk>"; /* U+FFFD */
        const char *symbol = ids[i] == SYMBOL_UNKNOWN ? unknown : v->symbol[ids[i]];
        bool newline = symbol[0] == '\n';
        if (level == TEXT_WORDS && space && !newline) fputc(' ', out);
        fputs(symbol, out);
        space = !newline;
    }
}
