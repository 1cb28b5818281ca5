/* values.h: what the critic thought while a text was being written.
 *
 * Keeps V(s_t) over the letters of a few texts of one batch, as a table that a figure is drawn
 * from. Of all batches of a run, the one in which the critic foresaw most is worth a look: too
 * early it knows nothing, and at the end, when every text earns the reward, there is nothing to
 * foresee. Book: chapter 4, "What the critic knows". */
#ifndef VALUES_H
#define VALUES_H

#include "rollout.h"
#include "run.h"

typedef struct {
    double most; /* variance that the critic explained in the batch that is kept; starts at 0 */
    char *table; /* as CSV, NULL: none is worth keeping */
    size_t size;
} Values;

/* Keeps the batch, some texts from above its mean reward and as many that are not, where its
 * explained variance times the variance of its rewards is more than in any batch before. explained:
 * the share, or NAN, which keeps nothing. */
void values_keep(Values *v, const Rollout *r, double explained);

/* Writes text,reward,position,letter,value,advantage: a row per symbol. Does nothing where no batch
 * was worth keeping. */
bool values_save(const Values *v, Run *run, const char *file, Error *err);
void values_free(Values *v);

#endif
