/* files.h: files and directories that survive whatever happens to the program.
 *
 * A file is written under a temporary name in the same directory and renamed, so an interrupt, a
 * full disk or a kill leaves the old file or the new one, never half. */
#ifndef FILES_H
#define FILES_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "error.h"

bool is_directory(const char *path);

/* True where both names lead to one file, or to one directory. */
bool same_file(const char *a, const char *b);

/* Makes a directory and those above it; fine if it is there. At most DIRECTORY_MAX bytes. Where one
 * can't be made, errno says why. */
enum { DIRECTORY_MAX = 511 };
bool directory_make(const char *dir, Error *err);

/* Holds a directory against other programs that ask to hold it. The hold ends with
 * directory_release or with the process, however that ends, so it is never stale. Returns what
 * directory_release takes, below 0 where the directory can't be opened or another program has it,
 * which *busy tells. Where the disk knows no locks nothing is held, and that is no failure. */
int directory_hold(const char *dir, bool *busy);
void directory_release(int held);

/* Writes a whole file through a temporary name. `write` gets an open stream and returns false on
 * failure (errno set). A file that may not be written is not replaced; a link to a file is
 * followed; what is no regular file, like /dev/stdout, is written as it is. Errors are named with
 * the path. */
bool file_replace(const char *path, bool (*write)(FILE *out, void *arg), void *arg, Error *err);

/* The same for a text, and for JSON with a newline behind it. What in a text of the JSON is no
 * UTF-8, as a file's name may be, becomes "?". */
bool file_replace_text(const char *path, const char *text, Error *err);
bool file_replace_json(const char *path, const cJSON *json, Error *err);

/* The JSON of a file that one of these programs has written (cJSON_Delete it), or NULL. */
cJSON *file_read_json(const char *path, Error *err);

/* False, with a sentence, where the file that `flag` wants to write is one of those that the run
 * reads. Any of the names may be NULL. */
bool file_spares(const char *flag, const char *path, const char *const inputs[], int count,
                 Error *err);

/* False, with the sentence of file_replace, where a file could not be replaced or made. */
bool file_replaceable(const char *path, Error *err);

#endif
