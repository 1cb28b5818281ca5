/* ground.h: what chapters 3 to 5 stand on before their first step: a model that writes, a reward
 * that judges, and a rollout to meet in.
 *
 *     GroundOptions o = GROUND_DEFAULTS(64);
 *     Setting table[] = {..., GROUND_SETTINGS(o), {0}};
 *     ...
 *     if (!ground_make(&g, &run, &o, quick, &err)) fail(&err);
 *
 * Prints where the model comes from. */
#ifndef GROUND_H
#define GROUND_H

#include "price.h"
#include "run.h"
#include "settings.h"

typedef struct {
    const char *reward, *command; /* reward NULL: the command, or contains:hello (then it is set) */
    double timeout;               /* of the command, seconds */
    const char *load, *text;      /* NULL: chapter 2's model, the tales */
    int tales, pretrain_steps;
    int batch, length; /* texts in a rollout; symbols in each, 0: the context (then it is set) */
} GroundOptions;

/* Tales and updates of the small model that is trained where chapter 2 has left none. Other numbers
 * ask for a model of their own, beside it. */
#define BOOK_TALES 30000
#define BOOK_STEPS 3000
#define QUICK_TALES 4000
#define QUICK_STEPS 200

#define AS_WRITTEN(number) #number
#define DIGITS(number) AS_WRITTEN(number)

/* clang-format off */
#define GROUND_DEFAULTS(texts) \
    {.timeout = 20, .tales = BOOK_TALES, .pretrain_steps = BOOK_STEPS, .batch = (texts)}

#define GROUND_SETTINGS(o) \
    {"reward", SETTING_STRING, &(o).reward, \
     .help = "what a text is worth, as above (default contains:hello; quick contains:hen)"}, \
    {"reward-command", SETTING_STRING, &(o).command, .meta = "CMD", \
     .help = "a program that reads a text a line and answers each with a number"}, \
    {"reward-timeout", SETTING_REAL, &(o).timeout, .min = 0.01, .max = 1e6, \
     .help = "seconds that it may take for an answer"}, \
    {"batch", SETTING_INT, &(o).batch, .min = 1, .max = 1e5, .quick = "32", \
     .help = "texts in a rollout, N"}, \
    {"length", SETTING_INT, &(o).length, .max = 1e6, \
     .help = "symbols of a text at most, 0: the model's context"}, \
    {"load", SETTING_STRING, &(o).load, .meta = "DIR", \
     .help = "a model that chapter 2 wrote (default: out/chapter2, or a small one is trained)"}, \
    {"text", SETTING_STRING, &(o).text, .meta = "FILE", \
     .help = "a UTF-8 text, a document a line, that the model has learnt or is to learn"}, \
    {"tales", SETTING_INT, &(o).tales, .min = 20, .max = 1e7, .quick = DIGITS(QUICK_TALES), \
     .help = "tales to draw where no text is given"}, \
    {"pretrain-steps", SETTING_INT, &(o).pretrain_steps, .min = 1, .max = 1e7, \
     .quick = DIGITS(QUICK_STEPS), \
     .help = "updates of the small model; one is trained where you change them or --tales"}
/* clang-format on */

/* What --help says of rewards. */
#define REWARD_HELP                                                                              \
    "A reward is a weighted sum of terms, as in 'contains:hello + 0.2*fluency - 0.01*length',\n" \
    "with blanks around each + and -:\n"                                                         \
    "  contains:WORD    1 if WORD stands in the text, else 0\n"                                  \
    "  count:WORD       how often it does\n"                                                     \
    "  relevance:A,B,C  share of these keywords that the text contains\n"                        \
    "  fluency          mean log-probability per symbol under chapter 1's n-gram, nats\n"        \
    "  coherence        share of its pairs of neighbouring words that are not repeated\n"        \
    "  length           symbols\n"                                                               \
    "  command          the answer of --reward-command (the reward, if --reward is not given)"

typedef struct {
    const GroundOptions *options;
    char from[DIRECTORY_MAX + 1]; /* the directory of the model that it begins from */
    Text text;                    /* empty where a model is loaded and nobody needs its text */
    bool has_text;
    bool tales; /* the model writes tales */
    Vocabulary vocabulary;
    Transformer *reference; /* the pretrained model, frozen */
    Reward reward;
    RewardCommand *command; /* or NULL */
    Ngram *ngram;           /* of the reward's fluency, or NULL */
    Rollout *rollout;       /* (batch) */
} Ground;

/* False for options that no run can mean: a reward that is badly written. */
bool ground_check(const GroundOptions *o, const Setting *table, Error *err);

/* quick: where no model fits, one is trained that is smaller still. */
bool ground_make(Ground *g, Run *run, GroundOptions *o, bool quick, Error *err);
void ground_free(Ground *g);

/* A policy to be taught: a copy of the reference. */
Transformer *ground_policy(const Ground *g);

/* What is measured of a policy in the end; a has room for a text at least: see price.h. */
Scales ground_scales(Ground *g, Activations *a, double beta);

/* A seed for the texts of each step of each seed. Steps below 0 are for looks from outside. */
uint64_t step_seed(int seed, int step);

#endif
