/* toy.c: see toy.h. */
#include "toy.h"

#include <stdlib.h>

#include "error.h"
#include "kl.h"

/* Fresh weights are so small that every symbol is as likely as any other: larger ones have
 * opinions. */
static void add_noise(Transformer *t, double size, uint64_t seed)
{
    Rng rng = rng_stream(seed, 1);
    int count = transformer_tensors(t, NULL);
    Tensor *tensors = NEW(Tensor, count);
    transformer_tensors(t, tensors);
    for (int i = 0; i < count; i++)
        for (int row = 0; row < tensors[i].m.rows; row++)
            for (int col = 0; col < tensors[i].m.cols; col++)
                mat_row(tensors[i].m, row)[col] += (real)(size * rng_normal(&rng));
    free(tensors);
}

Toy *toy_new(const char *reward, double beta, int batch, uint64_t seed)
{
    enum { LONGEST = 5 };
    char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c"};
    Error err;
    Toy *t = NEW(Toy, 1);
    t->shape = (TransformerShape){
        .layers = 1, .heads = 2, .channels = 8, .context = LONGEST, .vocabulary = 4};
    t->beta = beta;
    vocabulary_make(&t->vocabulary, symbols, 4, 0);
    t->reference = transformer_new(&t->shape, seed);
    t->policy = transformer_new(&t->shape, seed);
    add_noise(t->reference, 0.3, seed);
    transformer_copy_weights(t->policy, t->reference);
    add_noise(t->policy, 0.05, seed + 1);
    t->oracle = oracle_new(&t->shape, &t->vocabulary, LONGEST, batch);
    REQUIRE(reward_parse(&t->reward, reward, &err), "%s", err.text);
    REQUIRE(reward_score(&t->reward, t->oracle->all, &err), "%s", err.text);
    rollout_compare(t->oracle->all, t->reference, t->oracle->activations);
    toy_look(t);
    return t;
}

double toy_look(Toy *t)
{
    double sum = oracle_look(t->oracle, t->policy);
    toy_exact_kl(t, false);
    return sum;
}

void toy_exact_kl(Toy *t, bool exact)
{
    Oracle *o = t->oracle;
    if (exact) {
        rollout_score(o->all, t->policy, o->activations, o->all->logprob);
        kl_rows(o->all->kl, o->activations->probs, o->all->log_ref);
    } else {
        rollout_kl_sampled(o->all);
    }
    rollout_rewards(o->all, t->beta);
    o->beta = exact ? t->beta : 0;
}

void toy_free(Toy *t)
{
    if (!t) return;
    oracle_free(t->oracle);
    reward_free(&t->reward);
    transformer_free(t->policy);
    transformer_free(t->reference);
    vocabulary_free(&t->vocabulary);
    free(t);
}
