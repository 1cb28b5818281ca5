/* n_step.c: see extensions.h. */
#include "extensions.h"

/* From the far end: A = r_t + gamma (r_{t+1} + gamma (...)) - V(s_t) */
void advantage_n_step(Rollout *r, double gamma, int n)
{
    for (int i = 0; i < rollout_texts(r); i++)
        for (int t = rollout_first(r, i); t <= rollout_last(r, i); t++) {
            int end = t + n, last = rollout_last(r, i);
            double seen = end <= last ? r->values[end] : 0;
            for (int u = (end <= last ? end : last + 1) - 1; u >= t; u--)
                seen = r->rewards[u] + gamma * seen;
            r->advantages[t] = (real)(seen - r->values[t]);
        }
}
