/* lesson.h: a run of chapters 3 to 5, but for what is learnt in it and how: its files, the texts
 * that it shows, and what the policy earns before and after, at what price.
 *
 *     LessonOptions o = LESSON_DEFAULTS(64, 0.04);
 *     Setting table[] = {LESSON_SETTINGS(o), ..., {0}};
 *     ...
 *     if (!lesson_check(&o, table, &err)) ...          wrong usage
 *     if (!lesson_begin(&l, &o, &run, ...)) ...        a model, a reward, a rollout, files
 *     for each seed:
 *         policy = ground_policy(&l.ground);
 *         lesson_before(&l, policy, activations);      once
 *         ...                                          rows of l.curves
 *         lesson_after(&l, policy, activations, seed, first_row, seconds);
 *         lesson_save(&l, policy);
 *     lesson_end(&l);
 *
 * Book: chapter 3, "A step, and the loop". */
#ifndef LESSON_H
#define LESSON_H

#include "curves.h"
#include "ground.h"

typedef struct {
    GroundOptions ground;
    double beta;     /* price of a nat of KL, in units of reward */
    int seed, seeds; /* seed of the first run, and how many */
    int price;       /* texts that the final table is measured on, at least */
    int sample;      /* texts to show */
} LessonOptions;

/* clang-format off */
#define LESSON_DEFAULTS(texts, nat) \
    {.ground = GROUND_DEFAULTS(texts), .beta = (nat), .seed = 1, .seeds = 1, .price = 1024, \
     .sample = 5}

#define LESSON_SETTINGS(o) \
    GROUND_SETTINGS((o).ground), \
    {"beta", SETTING_REAL, &(o).beta, .max = 1e6, \
     .help = "price of a nat of KL to the reference, in units of reward"}, \
    {"seed", SETTING_INT, &(o).seed, .max = SEED_MAX, .help = "of everything random"}, \
    {"seeds", SETTING_INT, &(o).seeds, .min = 1, .max = 1000, \
     .help = "runs, with seeds seed, seed+1, ..."}, \
    {"price", SETTING_INT, &(o).price, .min = 1, .max = 1e7, .quick = "64", \
     .help = "texts that the final table is measured on, at least"}, \
    {"sample", SETTING_INT, &(o).sample, .max = 1000, .help = "texts to show, of a batch"}
/* clang-format on */

typedef struct {
    LessonOptions *options;
    const char *program;
    Run *run;
    Ground ground;
    Curves *curves;
    cJSON *summary; /* settings, "before", and a row in "runs" for each seed */
    Price before;
    bool kept; /* a policy has been saved */
} Lesson;

/* False where the options can't be meant: a reward that is badly written, or a flag of the table
 * that has no effect with it. */
bool lesson_check(const LessonOptions *options, const Setting *table, Error *err);

/* program: "chapter3", for its files and messages. columns: the header of curves.csv; among them
 * seed, step, symbols and reward. quick: as ground_make has it. Says what the run begins from. */
bool lesson_begin(Lesson *l, LessonOptions *options, Run *run, const char *program,
                  const Setting *table, const char *columns, bool quick, Error *err);
void lesson_end(Lesson *l);

/* Writes curves and summary, and the policy if it is the first one given: the model that is kept is
 * the first seed's. Ends the program where it can't. */
void lesson_save(Lesson *l, const Transformer *policy);

/* What main does with a failure half way: what was learnt is saved (as lesson_save has it; NULL: no
 * policy that is worth it), the reason printed, the program ended with exit status 1. */
_Noreturn void lesson_fail(Lesson *l, const Transformer *policy, const Error *why);

/* Shows and measures the policy as it begins. */
void lesson_before(Lesson *l, const Transformer *policy, Activations *a);

/* The same as it ends, beside what it was; texts are shown of the first seed. first_row: where its
 * curve begins. Returns its row of the summary, to which more may be added. */
cJSON *lesson_after(Lesson *l, const Transformer *policy, Activations *a, int seed, int first_row,
                    double seconds);

/* A sketch of the rewards and the chapter's figure, which gets `least`: nats that a reward of 0.95
 * costs at least, -1 where that is not known. */
void lesson_draw(Lesson *l, const char *script);

/* Symbols that had been drawn before the first batches that earned `reward` on average: two of
 * them, or more where it takes more to make 256 texts. NAN where none did. */
double symbols_until(const Curves *c, int first_row, int batch, double reward);

#endif
