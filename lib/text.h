/* text.h: UTF-8 text to symbols and back.
 *
 * A symbol is a Unicode character (a Chinese text works as well as an English one) or, at word
 * level, a run of bytes between white space. A text is a list of documents: with TEXT_LINES each
 * non-empty line is one, and the newline is its end symbol; with TEXT_STREAM the whole text is
 * one long document without an end symbol, and a newline is a symbol like any other (at word
 * level it only separates). A line may end in "\r\n": the "\r" is not part of it, while a stream
 * is kept as it is. White space is ASCII's. A byte order mark in front is skipped.
 *
 * The last part of a text is held out: with n characters and the share f, the cut stands after
 * floor((1 - f) n) characters of a stream; between lines, just after the first newline at or
 * after that place; between the words of a stream, at the first white space at or after it.
 * Characters are counted as the file has them, line ends included, at word level too. f = 0
 * trains on everything. */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "error.h"

typedef enum { TEXT_LINES, TEXT_STREAM } Documents;
typedef enum { TEXT_CHARS, TEXT_WORDS } Level;

typedef struct {
    Documents documents;
    Level level;
    double held_out; /* share of the text in [0, 1) */
    bool fixed;      /* no flag changes these: a sentence advises none */
} TextOptions;

/* The symbols of a text. Ids are 0 .. size-1 in order of code point (words: of bytes), except that
 * the end symbol, where there is one, has id 0. */
typedef struct {
    int size;
    int end;       /* id of the end symbol "\n" of TEXT_LINES: 0, or -1 where there is none */
    char **symbol; /* (size) each as a UTF-8 string */
    int *slots;    /* private: hash table from string to id */
    int slot_count;
} Vocabulary;

enum { SYMBOL_UNKNOWN = -1 };

/* The id of a symbol given by its bytes, or SYMBOL_UNKNOWN. */
int vocabulary_find(const Vocabulary *v, const char *bytes, size_t length);

/* The same, but a symbol that is new gets the next id. {.end = -1} is an empty vocabulary. */
int vocabulary_add(Vocabulary *v, const char *bytes, size_t length);

/* A vocabulary of the `count` given strings, ids in the given order; copies them. end: as above. */
void vocabulary_make(Vocabulary *v, char *const *symbols, int count, int end);
void vocabulary_free(Vocabulary *v);

/* vocab.json, as GPT-2's tokenizers write it: an object from symbol to id. Loading checks that the
 * ids are 0 .. size-1, each once, and with TEXT_LINES that id 0 is the end symbol. */
bool vocabulary_save(const Vocabulary *v, const char *path, Error *err);
bool vocabulary_load(Vocabulary *v, const char *path, Documents documents, Error *err);

/* Documents as ids. Document d is ids[start[d]] .. ids[start[d+1] - 1], its end symbol not
 * included. Lines that are empty are not documents. */
typedef struct {
    int documents;
    size_t *start; /* (documents + 1) */
    int *ids;      /* (start[documents]) */
} Corpus;

void corpus_free(Corpus *c);

typedef struct {
    Vocabulary vocabulary; /* of the whole text, the held-out part included */
    Corpus train, held_out;
} Text;

/* Reads a file. Fails with one sentence for a file that can't be read, is empty, has one distinct
 * symbol only, is not UTF-8 (names the byte offset) or would not fit into memory (names its size
 * and what it needs). */
bool text_load(Text *t, const char *path, const TextOptions *options, Error *err);

/* The same for `size` bytes in memory; `name` stands for the path in messages. */
bool text_from_string(Text *t, const char *bytes, size_t size, const char *name,
                      const TextOptions *options, Error *err);
void text_free(Text *t);

/* A fingerprint (FNV-1a, 64 bits) of the vocabulary and of the documents that are learnt from, not
 * of what is held out: two texts that differ in these have the same one only by a rare chance. */
uint64_t text_hash(const Text *t);

/* Reads a file (or bytes) with a vocabulary that is given, as --eval and --prompt do, all of it
 * into one corpus: options->held_out does not matter here. A symbol that the vocabulary lacks
 * becomes SYMBOL_UNKNOWN if allow_unknown, else it is refused by name and byte offset. */
bool corpus_load(Corpus *c, const char *path, const Vocabulary *v, const TextOptions *options,
                 bool allow_unknown, Error *err);
bool corpus_from_string(Corpus *c, const char *bytes, size_t size, const char *name,
                        const Vocabulary *v, const TextOptions *options, bool allow_unknown,
                        Error *err);

/* Prints ids as text; words are separated by a blank. SYMBOL_UNKNOWN is U+FFFD, or <unk>. */
void text_print(FILE *out, const Vocabulary *v, Level level, const int *ids, int count);

#endif
