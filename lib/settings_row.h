/* settings_row.h: one row of a table of settings; private to lib/settings*.c. */
#ifndef SETTINGS_ROW_H
#define SETTINGS_ROW_H

#include "settings.h"

enum { SETTING_NAME_MAX = 63 };

/* The flags that every program has: their rows hold no variable. */
enum { COMMON_CONFIG, COMMON_QUICK, COMMON_HELP, COMMON_COUNT };
extern const Setting settings_common[COMMON_COUNT + 1];

/* The row of that name, or -1. As a JSON key, a dash and an underscore are the same. */
int row_find(const Setting *table, const char *name, size_t length, bool json);

/* The known name that is nearest to a wrong one, for "did you mean"; NULL if none is known. */
const char *row_nearest(const Setting *table, const char *wrong, bool json);

/* A flag's name as a JSON key: held-out is held_out. Overwritten by the next call. */
const char *row_key(const char *name);

/* Set the row's variable, or return false and leave it: the value is not what the row accepts. */
bool row_set_text(Setting *s, const char *text); /* as the command line writes it */
bool row_set_json(Setting *s, const cJSON *item);

/* In words: what the row accepts ("a number from 0 to 1"), only its range (" from 0 to 1", "none or
 * add-k", or ""), and the value that it holds ("" for a string that is not given). */
void row_accepts(char *out, size_t size, const Setting *s);
void row_range(char *out, size_t size, const Setting *s);
void row_value(char *out, size_t size, const Setting *s);

#endif
