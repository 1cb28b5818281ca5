/* reward.h: what a text is worth, R(tau): the judge that the policy learns to please.
 *
 * A reward is written as a weighted sum of terms:
 *
 *     contains:hello
 *     contains:hello + 0.2*fluency - 0.01*length
 *
 *   contains:WORD    1 if the letters of WORD stand anywhere in the text, else 0
 *   count:WORD       how often they do (without overlap)
 *   relevance:A,B,C  share of these keywords that the text contains
 *   fluency          mean log-probability per symbol under chapter 1's n-gram, nats (so below 0)
 *   coherence        share of the pairs of neighbouring words among its first 512 that it has not
 *                    said before; 0 for a text of fewer than two words
 *   length           symbols, without the end symbol
 *   command          whatever --reward-command answers
 *
 * Words are compared without regard to the case of ASCII letters. A sign stands between blanks, so
 * that words may hold + and -. Book: chapter 3, "Rewards". */
#ifndef REWARD_H
#define REWARD_H

#include "ngram.h"
#include "reward_command.h"
#include "rollout.h"

enum { REWARD_TERMS = 16, REWARD_WORDS = 64 };

typedef struct RewardTerm RewardTerm;

/* A text as a term sees it: without its end symbol. */
typedef struct {
    const char *text;
    const int *ids;
    int count;
    bool ended;
} Told;

struct RewardTerm {
    double weight;
    const char *name;
    double (*worth)(const RewardTerm *term, const Told *told); /* NULL: the command's */
    int words;
    char *word[REWARD_WORDS]; /* in lower case */
    const Ngram *ngram;       /* of fluency; not owned */
};

typedef struct {
    int terms;
    RewardTerm term[REWARD_TERMS];
    RewardCommand *command; /* of the term "command", else NULL; not owned */
    double *answers;        /* private: (texts) its answers */
    int texts;
} Reward;

/* Reads a reward as it is written above. Names what it does not understand. */
bool reward_parse(Reward *r, const char *written, Error *err);
void reward_free(Reward *r);

/* True if it has a term of this name: "fluency". */
bool reward_uses(const Reward *r, const char *name);

/* The first of its words that no text of these symbols can contain, or NULL. */
const char *reward_unwritable(const Reward *r, const Vocabulary *v);

/* The n-gram of "fluency" and the program of "command" come from outside, before reward_score. */
void reward_give_ngram(Reward *r, const Ngram *ngram);
void reward_give_command(Reward *r, RewardCommand *command);

/* Beyond this a reward's square would leave nothing of the other numbers of a batch. */
#define REWARD_MAX 1e9

/* Fills batch->reward. Fails where the command does, or for a reward that is no number up to
 * REWARD_MAX. */
bool reward_score(Reward *r, Rollout *batch, Error *err);

/* The least KL(pi || pi_ref), in nats, at which texts that earn 1 with probability p under the
 * reference can earn it with probability q:
 *
 *   q ln(q/p) + (1-q) ln((1-q)/(1-p))
 *
 * It is reached by the policy that keeps the reference's proportions among the texts that earn 1,
 * and among those that earn 0. NAN where p is 0 or 1 and q is another number: nothing that is drawn
 * could lead there. */
double least_kl(double p, double q);

#endif
