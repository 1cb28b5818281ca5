/* reward_command.h: a reward written in any language.
 *
 * A program is started once, by sh -c, and asked again and again: it gets each text as one line on
 * its standard input and answers each with one line, a number, on its standard output. In Python:
 *
 *     import sys
 *     for line in sys.stdin:
 *         print(float("hello" in line.lower()), flush=True)
 *
 * All texts of a batch are written before the first answer is needed, so it may also read ahead.
 * A program that ends, falls silent or answers nonsense is reported with one sentence. Its standard
 * error is left alone. Book: chapter 3, "Rewards". */
#ifndef REWARD_COMMAND_H
#define REWARD_COMMAND_H

#include "error.h"

typedef struct RewardCommand RewardCommand;

/* False, with a sentence, where a command is blank. */
bool reward_command_check(const char *command, Error *err);

/* timeout: the seconds that it may take for the next answer. */
bool reward_command_start(RewardCommand **c, const char *command, double timeout, Error *err);

/* Closes its input and gives it a second to end by itself. */
void reward_command_stop(RewardCommand *c);

/* answers (count): a finite number for each text. A line break within a text becomes a blank. */
bool reward_command_ask(RewardCommand *c, char *const *texts, int count, double *answers,
                        Error *err);

#endif
