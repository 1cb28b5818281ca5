/* arpa.h: models in the ARPA format, the common tongue of n-gram tools.
 *
 *     \data\
 *     ngram 1=68
 *     ...
 *     \1-grams:
 *     -2.1504312  t   -1.0381273      log10 P, the symbols, log10 of the back-off weight
 *     ...
 *     \end\
 *
 * Fields are separated by a tab, symbols by a blank; the highest order has no weights. The start,
 * end and unknown symbol are <s>, </s> and <unk>; -99 stands for probability 0, <s> among them.
 *
 * A symbol may itself be a blank or a newline. Such characters (white space and control characters
 * of all Unicode) are written <U+0020>, <U+000A> and so on. A symbol that would be mistaken for
 * one of the format's own (the word "<s>", or one that contains "<U+") has its "<" written as
 * <U+003C>. Everything else stands for itself.
 *
 * Format: ngram-format(5), SRILM (Stolcke 2002). */
#ifndef ARPA_H
#define ARPA_H

#include "ngram.h"

/* Writes the model through a temporary name. */
bool arpa_save(const char *path, const Ngram *m, const Vocabulary *v, Error *err);

/* Reads a model, and its symbols into *v. documents says what the end is: TEXT_LINES makes it
 * symbol 0, the newline, as text_load does. An n-gram whose suffix the file lacks gets it by
 * back-off. NULL, and a sentence with the line, if the file is no such model; *v is then empty. */
Ngram *arpa_load(const char *path, Documents documents, Vocabulary *v, Error *err);

/* The spelling of a symbol, and back. out holds ARPA_SPELLING(strlen(symbol)) bytes. */
#define ARPA_SPELLING(length) (10 * (length) + 1)
void arpa_spell(char *out, const char *symbol);
void arpa_unspell(char *out, const char *field, size_t length);

#endif
