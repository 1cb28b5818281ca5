/* reward.c: any bytes as --reward. What is accepted gives a text a number, or is refused by one
 * sentence. */
#include "../../chapters/3_reinforce/reward.h"

#include <math.h>

#include "fuzz.h"

static void reward_of_a_text(Reward *r)
{
    Told told = {.text = "Zoe said hello to the fox. The fox said hello.", .count = 46};
    for (int i = 0; i < r->terms; i++) {
        const RewardTerm *t = &r->term[i];
        REQUIRE(isfinite(t->weight), "term %d weighs %g", i, t->weight);
        REQUIRE(t->words <= REWARD_WORDS, "term %d has %d words", i, t->words);
        if (!t->worth || strcmp(t->name, "fluency") == 0) continue;
        REQUIRE(isfinite(t->worth(t, &told)), "term %d gives no number", i);
    }
}

FUZZ_TARGET(reward)
{
    Error err = {""};
    Reward r;
    char *written = fuzz_string(bytes, size);
    if (reward_parse(&r, written, &err)) {
        REQUIRE(r.terms >= 1 && r.terms <= REWARD_TERMS, "%d terms", r.terms);
        reward_of_a_text(&r);
        reward_free(&r);
    } else {
        fuzz_check_sentence(&err);
    }
    free(written);
}
