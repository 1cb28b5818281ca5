/* items.h: what a C source defines at its top level: functions, types, macros, tests.
 *
 *     Item item;
 *     for (const char *p = source; next_item(p, &item); p = item.end) ...
 *
 * Parts of an item are pointers into the source. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stdbool.h>

typedef struct {
    const char *comment;     /* the comment directly above the item, or the item's start */
    const char *start, *end; /* the item, with a comment behind it on its last line */
    const char *name;        /* what it defines, or NULL */
    bool body;               /* a function with its body, or a macro */
} Item;

/* Finds the next item at the top level of a C source. */
bool next_item(const char *p, Item *item);

/* The item of that name; its definition rather than a declaration of the same name. */
bool find_item(const char *source, const char *name, Item *found);

/* The '{' of a function's body; the item's end if it has none. */
const char *item_body(const Item *item);

/* The end of the comment, literal, word or single character that begins here. */
const char *token_end(const char *p);

#endif
