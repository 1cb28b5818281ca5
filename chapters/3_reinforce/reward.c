/* reward.c: the terms of a reward, how they are written and how they are summed. */
#include "reward.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* ---- terms -------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Where a word that is written in lower case first stands in the text, or NULL. */
static const char *find_word(const char *text, const char *word)
{
    for (; *text; text++) {
        size_t i = 0;
        while (word[i] && lower(text[i]) == word[i]) i++;
        if (!word[i]) return text;
    }
    return NULL;
}

static double contains(const RewardTerm *term, const Told *told)
{
    return find_word(told->text, term->word[0]) != NULL;
}

static double count(const RewardTerm *term, const Told *told)
{
    int found = 0;
    size_t length = strlen(term->word[0]);
    const char *at = told->text;
    for (; (at = find_word(at, term->word[0])) != NULL; at += length) found++;
    return found;
}

static double relevance(const RewardTerm *term, const Told *told)
{
    int found = 0;
    for (int i = 0; i < term->words; i++) found += find_word(told->text, term->word[i]) != NULL;
    return (double)found / term->words;
}

static double length(const RewardTerm *term, const Told *told)
{
    (void)term;
    return told->count;
}

/* mean log P(x_t | the last n-1), its end included if it has one */
static double fluency(const RewardTerm *term, const Told *told)
{
    NgramState state = ngram_start(term->ngram);
    double total = 0;
    for (int i = 0; i < told->count; i++) total += ngram_step(term->ngram, &state, told->ids[i]);
    if (told->ended) total += ngram_step(term->ngram, &state, term->ngram->end);
    return total / (told->count + told->ended);
}

/* ASCII letters, digits and the apostrophe; of other scripts, everything */
static bool in_word(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) || c == '\'';
}

typedef struct {
    const char *at;
    size_t length;
} Word;

/* The first words of a text, `most` at most. Returns how many. */
static int split_words(const char *text, Word *words, int most)
{
    int n = 0;
    while (*text && n < most) {
        size_t length = 0;
        while (text[length] && in_word(text[length])) length++;
        if (length > 0) words[n++] = (Word){text, length};
        text += length > 0 ? length : 1;
    }
    return n;
}

static bool same_word(Word a, Word b)
{
    if (a.length != b.length) return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    return true;
}

/* new pairs / pairs, among the first 512 words */
static double coherence(const RewardTerm *term, const Told *told)
{
    enum { MOST = 512 };
    Word w[MOST];
    int n = split_words(told->text, w, MOST), fresh = 0;
    (void)term;
    for (int i = 0; i + 1 < n; i++) {
        int j = 0;
        while (j < i && !(same_word(w[j], w[i]) && same_word(w[j + 1], w[i + 1]))) j++;
        fresh += j == i;
    }
    return n < 2 ? 0 : (double)fresh / (n - 1);
}

static const struct {
    const char *name;
    double (*worth)(const RewardTerm *, const Told *);
    int words; /* that it takes after its colon: 0, 1, or REWARD_WORDS for one or more */
} kinds[] = {
    {"contains", contains, 1}, {"count", count, 1},         {"relevance", relevance, REWARD_WORDS},
    {"fluency", fluency, 0},   {"coherence", coherence, 0}, {"length", length, 0},
    {"command", NULL, 0}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- how a reward is written -------------------------------------------------------------- */

static const char known[] =
    "contains:WORD, count:WORD, relevance:WORD,WORD,..., fluency, coherence, length and command";

/* The length of the term at `text`: it ends before " + ", before " - " or with the string. */
static size_t term_length(const char *text)
{
    size_t n = 0;
    while (text[n] &&
           !(text[n] == ' ' && (text[n + 1] == '+' || text[n + 1] == '-') && text[n + 2] == ' '))
        n++;
    return n;
}

/* Copies at[0..length-1] in lower case and without blanks at its ends. */
static char *trimmed(const char *at, size_t length)
{
    while (length > 0 && *at == ' ') at++, length--;
    while (length > 0 && at[length - 1] == ' ') length--;
    char *copy = NEW(char, length + 1);
    for (size_t i = 0; i < length; i++) copy[i] = lower(at[i]);
    return copy;
}

/* Does a term begin here: "0.2*fluency", "contains:b"? A name alone does only where it is `clear`
 * that no word goes on with it, as in "arms-length". */
static bool begins_a_term(const char *text, bool clear)
{
    char *stop;
    text += strspn(text, " ");
    strtod(text, &stop);
    stop += strspn(stop, " ");
    if (*stop == '*') text = stop + 1 + strspn(stop + 1, " "), clear = true;
    for (int k = 0; k < KINDS; k++) {
        size_t length = strlen(kinds[k].name);
        if (strncmp(text, kinds[k].name, length) != 0) continue;
        if (kinds[k].words > 0 ? text[length] == ':' : clear && strchr(" +-*", text[length]))
            return true; /* strchr finds the end of a string, too */
    }
    return false;
}

/* In "a+contains:b", "a+0.2*fluency" and "a +" a blank is missing: no text has such a word, and
 * nothing would say so. */
static bool holds_a_sign(const char *word)
{
    size_t n = strlen(word);
    if (n > 1 && word[n - 2] == ' ' && strchr("+-*", word[n - 1])) return true;
    for (const char *p = word; (p = strpbrk(p, "+-*")) != NULL; p++)
        if (begins_a_term(p + 1, *p != '-')) return true;
    return strstr(word, " * ") != NULL;
}

/* "hello" or "fox,barn,moon" */
static bool parse_words(RewardTerm *t, const char *words, int most, Error *err)
{
    for (;;) {
        size_t n = most == 1 ? strlen(words) : strcspn(words, ",");
        if (t->words == most)
            return error_set(err, "the reward's term %s has more than %d words", t->name, most);
        char *word = t->word[t->words++] = trimmed(words, n);
        if (!*word)
            return error_set(err, "the reward's term %s lacks a word: write %s:hello", t->name,
                             t->name);
        if (holds_a_sign(word))
            return error_set(err,
                             "'%s' can't be a word of the reward: between two terms stands "
                             "\" + \" or \" - \", and a weight and its * come first",
                             word);
        if (!words[n]) return true;
        words += n + 1;
    }
}

/* "0.2*relevance:fox,barn", in lower case; blanks around * and : are fine */
static bool parse_term(RewardTerm *t, const char *written, double sign, Error *err)
{
    char *stop;
    double weight = strtod(written, &stop);
    stop += strspn(stop, " ");
    bool weighted = stop != written && *stop == '*';
    t->weight = sign * (weighted ? weight : 1);
    if (!isfinite(t->weight))
        return error_set(err, "the reward's term '%s' has no finite weight", written);
    const char *name = weighted ? stop + 1 + strspn(stop + 1, " ") : written;
    size_t length_of_name = strcspn(name, ": ");
    const char *colon = name + length_of_name + strspn(name + length_of_name, " ");
    for (int k = 0; k < KINDS; k++) {
        if (strlen(kinds[k].name) != length_of_name ||
            memcmp(name, kinds[k].name, length_of_name) != 0)
            continue;
        t->name = kinds[k].name;
        t->worth = kinds[k].worth;
        if (kinds[k].words > 0)
            return parse_words(t, *colon == ':' ? colon + 1 : "", kinds[k].words, err);
        if (!*colon) return true;
        return error_set(err, "the reward's term %s takes no words: write %s alone", t->name,
                         t->name);
    }
    return error_set(err, "'%s' is no term of a reward: there are %s", written, known);
}

bool reward_parse(Reward *r, const char *written, Error *err)
{
    *r = (Reward){0};
    double sign = 1;
    bool good = true;
    for (const char *at = written; good; at += 3) {
        size_t n = term_length(at);
        char *term = trimmed(at, n);
        if (!*term)
            good = error_set(err, "the reward '%s' lacks a term: there are %s", written, known);
        else if (r->terms == REWARD_TERMS)
            good = error_set(err, "a reward has at most %d terms", REWARD_TERMS);
        else
            good = parse_term(&r->term[r->terms++], term, sign, err);
        free(term);
        at += n;
        if (!*at) break;
        sign = at[1] == '-' ? -1 : 1;
    }
    if (!good) reward_free(r);
    return good;
}

void reward_free(Reward *r)
{
    for (int i = 0; i < r->terms; i++)
        for (int j = 0; j < r->term[i].words; j++) free(r->term[i].word[j]);
    free(r->answers);
    *r = (Reward){0};
}

bool reward_uses(const Reward *r, const char *name)
{
    for (int i = 0; i < r->terms; i++)
        if (strcmp(r->term[i].name, name) == 0) return true;
    return false;
}

static bool can_write(const Vocabulary *v, const char *c, size_t length)
{
    char upper = (char)toupper((unsigned char)*c);
    int x = vocabulary_find(v, c, length);
    if (x == SYMBOL_UNKNOWN && length == 1) x = vocabulary_find(v, &upper, 1);
    return x != SYMBOL_UNKNOWN && x != v->end;
}

const char *reward_unwritable(const Reward *r, const Vocabulary *v)
{
    for (int i = 0; i < r->terms; i++)
        for (int j = 0; j < r->term[i].words; j++)
            for (const char *c = r->term[i].word[j]; *c;) {
                size_t length = strnlen(c, (size_t)utf8_length((unsigned char)*c));
                if (!can_write(v, c, length)) return r->term[i].word[j];
                c += length;
            }
    return NULL;
}

void reward_give_ngram(Reward *r, const Ngram *ngram)
{
    for (int i = 0; i < r->terms; i++) r->term[i].ngram = ngram;
}

void reward_give_command(Reward *r, RewardCommand *command)
{
    r->command = command;
}

/* ---- scoring ------------------------------------------------------------------------------ */

/* answers: one per text, or NULL where no command is asked */
static double text_worth(const Reward *r, const Rollout *batch, int i, const double *answers)
{
    int n = rollout_length(batch, i);
    Told told = {.text = batch->text[i],
                 .ids = batch->rows->targets + rollout_first(batch, i),
                 .count = batch->ended[i] ? n - 1 : n,
                 .ended = batch->ended[i]};
    double total = 0;
    for (int t = 0; t < r->terms; t++) {
        const RewardTerm *term = &r->term[t];
        total += term->weight * (term->worth ? term->worth(term, &told) : answers[i]);
    }
    return total;
}

bool reward_score(Reward *r, Rollout *batch, Error *err)
{
    int N = rollout_texts(batch);
    if (reward_uses(r, "command")) {
        REQUIRE(r->command, "a reward with the term command and no command");
        if (N > r->texts) r->answers = must_realloc(r->answers, (size_t)N, sizeof *r->answers);
        if (N > r->texts) r->texts = N;
        if (!reward_command_ask(r->command, batch->text, N, r->answers, err)) return false;
    }
    for (int i = 0; i < N; i++) {
        batch->reward[i] = text_worth(r, batch, i, r->answers);
        if (!(fabs(batch->reward[i]) <= REWARD_MAX)) /* nor NaN */
            return error_set(err,
                             "the text \"%.200s\" earns a reward of %.15g: a reward must be a "
                             "number from %g to %g, scale it",
                             batch->text[i], batch->reward[i], -REWARD_MAX, REWARD_MAX);
    }
    return true;
}

/* x ln(x/y), where 0 ln 0 = 0 */
static double information(double x, double y)
{
    return x == 0 ? 0 : y == 0 ? NAN : x * log(x / y);
}

double least_kl(double p, double q)
{
    return information(q, p) + information(1 - q, 1 - p);
}
