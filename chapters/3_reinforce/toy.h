/* toy.h: a problem so small that the oracle knows everything about it.
 *
 * The symbols are the end, a, b and c, a text has at most five, and a real transformer writes them.
 * The policy is the reference after a push in a random direction, so that KL is not zero. Tests,
 * the figures on variance, and chapters 4 and 5 stand on it. Book: chapter 3, "An oracle". */
#ifndef TOY_H
#define TOY_H

#include "oracle.h"
#include "reward.h"

typedef struct {
    TransformerShape shape;
    Vocabulary vocabulary;
    Transformer *reference, *policy;
    Reward reward;
    Oracle *oracle; /* rewards, reference and policy known to it, rewards per symbol too */
    double beta;
} Toy;

enum { TOY_SEED = 3 }; /* of the one that the book shows */

/* reward: as reward.h has it. batch: the most texts an estimate will draw at once. */
Toy *toy_new(const char *reward, double beta, int batch, uint64_t seed);
void toy_free(Toy *t);

/* After the policy has changed: probabilities, and rewards per symbol with KL by its samples.
 * Returns the sum of probabilities. */
double toy_look(Toy *t);

/* Then: the rewards with exact KL, whose own gradient the oracle adds from now on; or as before. */
void toy_exact_kl(Toy *t, bool exact);

#endif
