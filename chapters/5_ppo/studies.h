/* studies.h: what PPO does where everything is known, in three tables for three figures.
 *
 * All on the toy problem: a run takes a second, and its reward, its KL and the best there is are
 * exact numbers. Book: chapter 5, "The best policy there is", "Without the clip", "What a reward
 * costs". */
#ifndef STUDIES_H
#define STUDIES_H

#include "ceiling.h"

/* Several seeds on their way to the ceiling. */
Curves *study_ceiling(int first_seed, int seeds, int steps, Run *run);

/* The same with steps that do not shrink, many epochs and no early stop: with the clip and without.
 * Both in one table, of a quarter of the steps. */
Curves *study_stress(int first_seed, int seeds, int steps, Run *run);

/* beta,seed,reward,kl,best_reward,best_kl,least_kl: where PPO ends for each of some prices of KL,
 * and where the best policy is,
 *
 *   pi* earns q,  ln(q/(1-q)) = ln(p/(1-p)) + 1/beta,  at KL = q ln(q/p) + (1-q) ln((1-q)/(1-p))
 *
 * with p what the reference earns, for a reward of 0 or 1. least_kl: the least that PPO's own
 * reward could have cost. */
Curves *study_frontier(int first_seed, int seeds, int steps, Run *run);
#define FRONTIER_REWARD "contains:ab"

/* What the tables say, on stdout. */
void study_ceiling_print(const Curves *c);
void study_stress_print(const Curves *c);
void study_frontier_print(const Curves *c);

#endif
