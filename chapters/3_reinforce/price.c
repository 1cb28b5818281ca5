/* price.c: see price.h. */
#include "price.h"

#include <math.h>
#include <stdio.h>

#include "run.h"
#include "tales.h"

/* Sums over the texts of one batch, added to the sums so far. */
static void add_texts(Price *p, const Scales *s, double *square)
{
    const Rollout *r = s->rollout;
    for (int i = 0; i < rollout_texts(r); i++) {
        int n = rollout_length(r, i);
        const int *ids = r->rows->targets + rollout_first(r, i);
        double R = r->reward[i];
        *square += R * R;
        p->zero_or_one = p->zero_or_one && (R == 0 || R == 1);
        if (s->tales) p->grammar += r->ended[i] && tales_read(r->text[i], NULL, NULL) > -INFINITY;
        for (int t = 0; t < n; t++) p->fluency_ref += r->logprob_ref[rollout_first(r, i) + t];
        if (!s->ngram) continue;
        NgramState state = ngram_start(s->ngram);
        for (int t = 0; t < n; t++) p->fluency_ngram += ngram_step(s->ngram, &state, ids[t]);
    }
}

static void add_stats(RolloutStats *sum, RolloutStats s)
{
    sum->reward += s.reward;
    sum->kl += s.kl;
    sum->objective += s.objective;
    sum->length += s.length;
    sum->ended += s.ended;
    sum->distinct += s.distinct;
}

static void divide(Price *p, int batches, double rows, double square, const Scales *s)
{
    RolloutStats *m = &p->stats;
    m->reward /= batches;
    m->kl /= batches;
    m->objective /= batches;
    m->length /= batches;
    m->ended /= batches;
    m->distinct /= batches;
    p->fluency_ref /= rows;
    p->fluency_ngram = s->ngram ? p->fluency_ngram / rows : NAN;
    p->grammar = s->tales ? p->grammar / p->texts : NAN;
    p->standard_error = sqrt(fmax(0, square / p->texts - m->reward * m->reward) / p->texts);
}

bool price_measure(Price *p, const Scales *s, const Transformer *policy, int batches, uint64_t seed,
                   Error *err)
{
    Rollout *r = s->rollout;
    double rows = 0, square = 0;
    *p = (Price){.zero_or_one = true};
    int b = 0;
    for (; b < batches && !(b > 0 && run_stopped()); b++) {
        rollout_draw(r, policy, seed + (uint64_t)b);
        rollout_score(r, s->reference, s->activations, r->logprob_ref);
        if (!reward_score(s->reward, r, err)) return false;
        add_stats(&p->stats, rollout_stats(r, s->beta));
        add_texts(p, s, &square);
        p->texts += rollout_texts(r);
        rows += rollout_rows(r);
    }
    divide(p, b, rows, square, s);
    return true;
}

double price_least_kl(const Price *before, const Price *after)
{
    if (!before->zero_or_one || !after->zero_or_one) return NAN;
    return least_kl(before->stats.reward, after->stats.reward);
}

/* ---- on paper ------------------------------------------------------------------------------- */

static void print_row(const char *name, double before, double after)
{
    if (!isnan(before)) printf("  %-46s %9.4f %9.4f\n", name, before, after);
}

void price_print(const Price *before, const Price *after)
{
    const RolloutStats *b = &before->stats, *a = &after->stats;
    printf("\nmeans over %5d and %5d fresh texts%12s %9s %9s\n", before->texts, after->texts, "",
           "before", "after");
    print_row("reward", b->reward, a->reward);
    print_row("KL to the reference, nats per text", b->kl, a->kl);
    print_row("log P under the reference, nats per symbol", before->fluency_ref,
              after->fluency_ref);
    print_row("log P under the n-gram, nats per symbol", before->fluency_ngram,
              after->fluency_ngram);
    print_row("share of texts that the grammar gives", before->grammar, after->grammar);
    print_row("share that ends by the end symbol", b->ended, a->ended);
    print_row("share of distinct texts in a batch", b->distinct, a->distinct);
    print_row("symbols per text", b->length, a->length);
    double least = price_least_kl(before, after);
    if (!(least > 0 && a->reward > b->reward)) return;
    double times = a->kl / least; /* samples may say less than 0 */
    printf("reward %.3f from %.3f costs at least about %.2g nats; paid %.2f", a->reward, b->reward,
           least, a->kl);
    if (times > 0) printf(", %.*f times that", times < 10, times);
    printf("\n");
}

/* cJSON writes null for what was not measured and is NaN. */
cJSON *price_json(const Price *p)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddNumberToObject(j, "texts", p->texts);
    cJSON_AddNumberToObject(j, "reward", p->stats.reward);
    cJSON_AddNumberToObject(j, "reward_standard_error", p->standard_error);
    cJSON_AddNumberToObject(j, "kl", p->stats.kl);
    cJSON_AddNumberToObject(j, "objective", p->stats.objective);
    cJSON_AddNumberToObject(j, "fluency_reference", p->fluency_ref);
    cJSON_AddNumberToObject(j, "fluency_ngram", p->fluency_ngram);
    cJSON_AddNumberToObject(j, "grammar", p->grammar);
    cJSON_AddNumberToObject(j, "length", p->stats.length);
    cJSON_AddNumberToObject(j, "ended", p->stats.ended);
    cJSON_AddNumberToObject(j, "distinct", p->stats.distinct);
    return j;
}
