/* settings.h: hyper-parameters from defaults, a JSON file and the command line.
 *
 * A program declares one table. Each row is at once a command-line flag (--held-out 0.1), a JSON
 * key ("held_out": 0.1), a line of --help and a line of summary.json. Order: the defaults that the
 * variables hold, the row's `quick` value if --quick is given, --config FILE, the command line.
 *
 *     int steps = 2000; const char *text = NULL;
 *     Setting table[] = {
 *         {"steps", SETTING_INT, &steps, .min = 1, .max = 1e9, .quick = "100", .help = "updates"},
 *         {"text", SETTING_STRING, &text, .meta = "FILE", .help = "a UTF-8 text to learn"},
 *         ...
 *         {0}};
 *
 * --config, --quick and --help are always there; rows for them are not written. Names in the table
 * are the flag's, with dashes; JSON keys have underscores (dashes are taken as well). An unknown
 * name is refused with the nearest known one, a wrong type or range with what is allowed. Flags are
 * written out in full; of two that are the same, the last counts. Numbers may be written 1e4. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <cjson/cJSON.h>

#include "error.h"

enum { SEED_MAX = 999999999 }; /* of --seed: so --seeds more than that are whole numbers too */

typedef enum {
    SETTING_END = 0, /* {0} closes a table */
    SETTING_INT,     /* int */
    SETTING_REAL,    /* double */
    SETTING_SWITCH,  /* bool; the flag takes no argument, JSON takes true or false */
    SETTING_STRING,  /* const char *; NULL is "not given". UTF-8, but for a FILE, DIR or CMD */
    SETTING_CHOICE   /* int, an index into `choices` */
} SettingType;

typedef struct {
    const char *name;
    SettingType type;
    void *value;
    double min, max;     /* of numbers, inclusive; both 0: no limit; max may be INFINITY */
    const char *choices; /* of a choice: "none|add-k|kneser-ney" */
    const char *quick;   /* the value under --quick, as on the command line, or NULL */
    const char *meta;    /* the argument's name in --help: FILE, DIR, N, ...; NULL: by type */
    const char *help;    /* a few words, with the unit */
    bool no_json;        /* a flag only, not a key of config.json (e.g. resume) */
    char *owned;         /* private: a string that came from a file */
    bool given;          /* private: set by file or flag */
    bool flag;           /* private: set by flag */
} Setting;

typedef enum { SETTINGS_GO, SETTINGS_HELP, SETTINGS_WRONG } SettingsResult;

/* Reads argv into the table's variables. SETTINGS_HELP: the caller prints settings_help and exits
 * 0. SETTINGS_WRONG: err says why; the caller prints it and exits 2. *quick tells if --quick was
 * given (may be NULL). From then on JSON that finds no memory ends the program with a sentence. */
SettingsResult settings_read(Setting *table, int argc, char **argv, bool *quick, Error *err);

/* What main does with it in one line: prints help (exit 0, or 1 where it can't be printed) or the
 * mistake (exit 2). */
void settings_read_or_exit(Setting *table, int argc, char **argv, const char *about, bool *quick);

/* The file of --config that was read last, or NULL. */
const char *settings_config(void);

void settings_help(const Setting *table, const char *program, const char *about);

/* True if the user set this row by file or flag (so not by default or --quick). */
bool settings_given(const Setting *table, const char *name);

/* False, with a sentence, where the command line has a flag that `with`, such as "--env oracle",
 * leaves without effect: one that is not among `used`, names with blanks between. What a file sets
 * may stand, as it may serve other runs too. */
bool settings_used(const Setting *table, const char *with, const char *used, Error *err);

/* The same the other way round: where the line has one of the `idle` flags. */
bool settings_idle(const Setting *table, const char *with, const char *idle, Error *err);

/* {"held_out": 0.1, ...}, without the no_json rows; a string that is not given is null. Written to
 * a file, alone or as "settings" in an object, --config takes it as it is. cJSON_Delete it. */
cJSON *settings_json(const Setting *table);

/* Frees the strings that came from a file; their variables become NULL. */
void settings_free(Setting *table);

#endif
