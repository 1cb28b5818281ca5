/* arpa.c: writes and reads the ARPA format. See arpa.h; arpa_spelling.c spells symbols. */
#include "arpa.h"

#include "files.h"
#include "utf8.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double nothing = -99; /* log10 of probability 0 */

/* --- writing --------------------------------------------------------------------------------- */

typedef struct {
    const Ngram *m;
    char **spelling; /* of every symbol of the trie: the vocabulary, </s>, <s>, <unk> */
} Writer;

/* log10 of a probability to 9 decimals, without zeros at the end. An ARPA file is little else, and
 * printf would take half of the time that it takes to count a text and write it. */
static void write_log10(FILE *out, double logprob)
{
    double x = fmax(nothing, logprob / log(10));
    long long units = llround(fabs(x) * 1e9);
    int decimals = 9;
    char text[32], *at = text + sizeof text;
    for (; decimals > 0 && units % 10 == 0; decimals--) units /= 10;
    if (x < 0 && units > 0) fputc('-', out);
    for (; decimals > 0; units /= 10) {
        *--at = (char)('0' + units % 10);
        if (--decimals == 0) *--at = '.';
    }
    do *--at = (char)('0' + units % 10);
    while ((units /= 10) > 0);
    fwrite(at, 1, (size_t)(text + sizeof text - at), out);
}

static void write_ngram(FILE *out, const Writer *w, uint32_t ngram)
{
    const Node *node = &w->m->trie.nodes[ngram];
    int symbols[TRIE_MAX_ORDER], n = ngram_memory(w->m, ngram, symbols);
    write_log10(out, node->logprob);
    for (int i = 0; i < n; i++) {
        fputc(i == 0 ? '\t' : ' ', out);
        fputs(w->spelling[symbols[i]], out);
    }
    if (n < w->m->order) {
        fputc('\t', out);
        write_log10(out, node->backoff);
    }
    fputc('\n', out);
}

static bool write_model(FILE *out, void *arg)
{
    const Writer *w = arg;
    fprintf(out, "\\data\\\n");
    for (int n = 1; n <= w->m->order; n++)
        fprintf(out, "ngram %d=%zu\n", n, ngram_distinct(w->m, n));
    for (int n = 1; n <= w->m->order; n++) {
        fprintf(out, "\n\\%d-grams:\n", n);
        for (uint32_t i = 1; i < w->m->trie.count; i++)
            if ((int)w->m->trie.nodes[i].order == n) write_ngram(out, w, i);
    }
    fprintf(out, "\n\\end\\\n");
    return !ferror(out);
}

/* What stands in the file for a symbol of the trie; free() it. */
static char *spelling_of(const Ngram *m, const Vocabulary *v, int symbol)
{
    bool own = symbol == m->end || symbol >= v->size;
    const char *name = symbol == m->end ? "</s>" : symbol == m->start ? "<s>" : "<unk>";
    char *out = NEW(char, ARPA_SPELLING(strlen(own ? name : v->symbol[symbol])));
    if (own)
        strcpy(out, name);
    else
        arpa_spell(out, v->symbol[symbol]);
    return out;
}

bool arpa_save(const char *path, const Ngram *m, const Vocabulary *v, Error *err)
{
    int symbols = v->size + 3; /* with the end, <s> and <unk> */
    Writer w = {.m = m, .spelling = NEW(char *, symbols)};
    for (int x = 0; x < symbols; x++) w.spelling[x] = spelling_of(m, v, x);
    bool ok = file_replace(path, write_model, &w, err);
    for (int x = 0; x < symbols; x++) free(w.spelling[x]);
    free(w.spelling);
    return ok;
}

/* --- reading ------------------------------------------------------------------------------------
 * A first pass over the single symbols makes the vocabulary, a second one fills the trie. */

typedef struct {
    const char *at;
    size_t length;
} Field;

enum { FIELDS_MAX = TRIE_MAX_ORDER + 2 };

typedef struct {
    const char *path;
    const char *at; /* where the next line begins */
    int line;       /* number of the current line, from 1 */
    Field field[FIELDS_MAX];
    int fields;
    size_t announced[TRIE_MAX_ORDER + 1]; /* n-grams by order */
    int order;
    char *symbol; /* scratch for one symbol */
    Ngram *m;
    Vocabulary *v;
    Error *err;
} Reader;

__attribute__((format(printf, 2, 3))) static bool fail(Reader *r, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return error_set(r->err, "%s, line %d: %s", r->path, r->line, what);
}

/* Splits the next line that isn't blank into fields. False at the end of the file. */
static bool next_line(Reader *r)
{
    for (r->fields = 0; r->fields == 0;) {
        if (*r->at == '\0') return false;
        r->line++;
        while (*r->at != '\n' && *r->at != '\0') {
            size_t length = strcspn(r->at, " \t\r\n");
            if (length > 0 && r->fields < FIELDS_MAX)
                r->field[r->fields++] = (Field){r->at, length};
            r->at += length;
            r->at += strspn(r->at, " \t\r");
        }
        r->at += *r->at == '\n';
    }
    return true;
}

static bool field_is(const Reader *r, int i, const char *text)
{
    return i < r->fields && r->field[i].length == strlen(text) &&
           memcmp(r->field[i].at, text, r->field[i].length) == 0;
}

/* A logarithm: none is beyond what stands for 0, or its reciprocal. */
static bool field_number(const Reader *r, int i, double *value)
{
    char *end;
    *value = strtod(r->field[i].at, &end);
    return end == r->field[i].at + r->field[i].length && *value <= -nothing;
}

/* Digits, and the blanks behind them: strtoull alone would take a sign. */
static bool take_number(const char **at, unsigned long long *number)
{
    char *end;
    if (!isdigit((unsigned char)**at)) return false;
    errno = 0;
    *number = strtoull(*at, &end, 10);
    *at = end + strspn(end, " \t\r");
    return errno == 0;
}

/* The rest of a line "ngram 2=34", with blanks around the = or without. */
static bool read_count(const char *at, unsigned long long *order, unsigned long long *count)
{
    if (!take_number(&at, order) || *at++ != '=') return false;
    at += strspn(at, " \t");
    return take_number(&at, count) && (*at == '\n' || *at == '\0');
}

/* The header: how many n-grams there are of each order. Leaves the reader at "\1-grams:". */
static bool read_header(Reader *r)
{
    while (next_line(r) && !field_is(r, 0, "\\data\\"))
        ;
    if (r->fields == 0)
        return error_set(r->err, "%s has no line \\data\\: give a model in ARPA format", r->path);
    while (next_line(r) && field_is(r, 0, "ngram")) {
        unsigned long long n, count;
        if (!read_count(r->fields > 1 ? r->field[1].at : "", &n, &count))
            return fail(r, "expected ngram ORDER=COUNT, two whole numbers");
        if (n != (unsigned)r->order + 1 || n > TRIE_MAX_ORDER)
            return fail(r, "order %llu does not follow order %d", n, r->order);
        r->announced[++r->order] = count;
    }
    if (r->order == 0) return fail(r, "expected ngram 1=COUNT");
    return true;
}

/* The symbols <s>, </s> and <unk>, or one of the vocabulary. */
static int symbol_of(Reader *r, int i)
{
    if (field_is(r, i, "<s>")) return r->m->start;
    if (field_is(r, i, "</s>")) return r->m->end;
    if (field_is(r, i, "<unk>") || field_is(r, i, "<UNK>"))
        return (int)r->m->trie.nodes[r->m->unknown].symbol;
    arpa_unspell(r->symbol, r->field[i].at, r->field[i].length);
    return vocabulary_find(r->v, r->symbol, strlen(r->symbol));
}

/* First pass: every symbol among the 1-grams but the format's own. */
static void read_vocabulary(Reader *r)
{
    while (next_line(r) && r->field[0].at[0] != '\\') {
        if (r->fields < 2 || field_is(r, 1, "<s>") || field_is(r, 1, "</s>") ||
            field_is(r, 1, "<unk>") || field_is(r, 1, "<UNK>"))
            continue;
        arpa_unspell(r->symbol, r->field[1].at, r->field[1].length);
        vocabulary_add(r->v, r->symbol, strlen(r->symbol));
    }
}

static double logprob_of(double base10)
{
    return base10 <= nothing ? -INFINITY : base10 * log(10);
}

/* One n-gram: log10 P, n symbols, and perhaps a back-off weight. */
static bool read_ngram(Reader *r, int n)
{
    double logprob, backoff = 0;
    if (r->fields != n + 1 && r->fields != n + 2)
        return fail(r, "expected a number, %d symbols and perhaps a back-off weight", n);
    if (!field_number(r, 0, &logprob) || logprob > 1e-6)
        return fail(r, "\"%.*s\" is not the logarithm of a probability", (int)r->field[0].length,
                    r->field[0].at);
    if (r->fields == n + 2 && !field_number(r, n + 1, &backoff))
        return fail(r, "\"%.*s\" is not a back-off weight", (int)r->field[n + 1].length,
                    r->field[n + 1].at);

    uint32_t ngram = TRIE_ROOT;
    for (int i = 1; i <= n; i++) {
        int symbol = symbol_of(r, i);
        if (symbol == SYMBOL_UNKNOWN)
            return fail(r, "\"%.*s\" is not among the 1-grams", (int)r->field[i].length,
                        r->field[i].at);
        uint32_t next = trie_find(&r->m->trie, ngram, symbol);
        if (next == 0 && i < n) return fail(r, "its first %d symbols are no %d-gram", i, i);
        ngram = next != 0 ? next : trie_add(&r->m->trie, ngram, symbol);
    }
    Node *node = &r->m->trie.nodes[ngram];
    if (node->count++ > 0) return fail(r, "this n-gram was there before");
    node->logprob = logprob_of(logprob);
    node->backoff = logprob_of(backoff);
    return true;
}

/* "\n-grams:" and as many lines as were announced, for every order, then "\end\". */
static bool read_sections(Reader *r)
{
    for (int n = 1; n <= r->order; n++) {
        char title[32];
        snprintf(title, sizeof title, "\\%d-grams:", n);
        if (r->fields == 0 || !field_is(r, 0, title)) return fail(r, "expected %s", title);
        size_t count = 0;
        while (next_line(r) && r->field[0].at[0] != '\\') {
            if (!read_ngram(r, n)) return false;
            count++;
        }
        if (count != r->announced[n])
            return fail(r, "%zu %d-grams, but \\data\\ announces %zu", count, n, r->announced[n]);
    }
    return field_is(r, 0, "\\end\\") || fail(r, "expected \\end\\: the file is not complete");
}

/* What the file leaves out: a suffix that other tools have pruned gets its probability by back-off,
 * a missing </s> or <unk> has none. */
static void fill_gaps(Trie *t)
{
    for (uint32_t i = 1; i < t->count; i++) {
        Node *n = &t->nodes[i];
        if (n->count > 0) continue;
        n->logprob =
            n->order == 1 ? -INFINITY : t->nodes[n->context].backoff + t->nodes[n->suffix].logprob;
    }
}

static bool read_model(Reader *r, const char *text, size_t size)
{
    r->at = text;
    if (!read_header(r)) return false;
    r->symbol = NEW(char, size + 1);
    Reader titled = *r; /* the second pass begins here again */
    read_vocabulary(r);
    *r = titled;
    r->m = ngram_new(r->v, r->order);
    if (!read_sections(r)) return false;
    fill_gaps(&r->m->trie);
    return true;
}

Ngram *arpa_load(const char *path, Documents documents, Vocabulary *v, Error *err)
{
    char *text;
    size_t size;
    *v = (Vocabulary){.end = -1};
    if (!utf8_load(path, &text, &size, err)) return NULL;

    if (documents == TEXT_LINES) v->end = vocabulary_add(v, "\n", 1);
    Reader r = {.path = path, .v = v, .err = err};
    size_t mark = utf8_mark(text, size);
    bool ok = utf8_check(text, size, path, err) && read_model(&r, text + mark, size - mark);
    if (!ok) {
        ngram_free(r.m);
        vocabulary_free(v);
        r.m = NULL;
    }
    free(r.symbol);
    free(text);
    return r.m;
}
