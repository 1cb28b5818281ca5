/* preference.c: see extensions.h. */
#include <math.h>

#include "extensions.h"

/* h = sum over the text of log pi - log pi_ref */
static double gain(const Rollout *r, int text)
{
    double h = 0;
    for (int n = rollout_first(r, text); n <= rollout_last(r, text); n++)
        h += r->logprob[n] - r->logprob_ref[n];
    return h;
}

static void weigh_text(Rollout *r, int text, double w)
{
    for (int n = rollout_first(r, text); n <= rollout_last(r, text); n++) r->weights[n] = (real)w;
}

/* dL/dh = -beta (1 - sigma(m)) / P for the preferred, and the opposite for the other; for large m
 * of either sign log sigma is had without overflow */
double weights_preference(Rollout *r, double beta)
{
    int P = rollout_texts(r) / 2;
    double loss = 0;
    for (int i = 0; i < P; i++) {
        double m = beta * (gain(r, 2 * i) - gain(r, 2 * i + 1));
        double surprise = m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m;
        double w = beta / (1 + exp(m)) / P;
        weigh_text(r, 2 * i, w);
        weigh_text(r, 2 * i + 1, -w);
        loss += surprise / P;
    }
    return loss;
}
