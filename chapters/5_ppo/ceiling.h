/* ceiling.h: how near does PPO come to the best that there is?
 *
 * On the toy problem the oracle knows, at every step of a run, the policy's exact objective
 * J_beta = E[R] - beta KL(pi || pi_ref), and the best that any policy could have:
 *
 *   beta log Z - J_beta(pi) = beta KL(pi || pi*)
 *
 * so the ceiling is beta log Z, and what is missing to it says how far pi is from the best policy.
 * Nothing of this is used for learning: PPO sees drawn texts, as everywhere. Book: chapter 5, "The
 * best policy there is". */
#ifndef CEILING_H
#define CEILING_H

#include "curves.h"
#include "ppo.h"
#include "toy.h"

#define CEILING_REWARD "relevance:a,b"
#define CEILING_BETA 0.2
enum { CEILING_STEPS = 160, CEILING_TEXTS = 256 }; /* texts in each step's batch */

/* How PPO learns a toy in `steps` batches: by large steps, which shrink to nothing. */
PpoOptions ceiling_options(int steps);

typedef struct {
    double start;   /* J_beta of the reference: where the policy begins */
    double reached; /* where it ends */
    double ceiling; /* beta log Z */
    double reward;  /* J, and */
    double kl;      /* KL(pi || pi_ref), nats, at the end */
    double share;   /* of the way from the start to the ceiling */
    double kl_best; /* KL(pi || pi*) at the end, nats */
} Climb;

/* seed,epsilon,step,symbols,objective,reward,kl,kl_best,ceiling,share,largest_ratio; epsilon is 0
 * where there is no clip, largest_ratio that of the update before the row */
Curves *ceiling_curves(void);

/* Sets the policy to the reference, and learns for options->steps batches; their beta is the toy's.
 * Adds a row per step to c. run: shows progress there, or NULL. */
Climb ceiling_climb(Toy *toy, const PpoOptions *options, int seed, Curves *c, Run *run);

#endif
