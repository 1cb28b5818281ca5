/* rloo.c: see extensions.h. */
#include "extensions.h"

/* w = (R_i - (sum of R - R_i) / (N - 1)) / N */
void weights_rloo(Rollout *r)
{
    int N = rollout_texts(r);
    double sum = 0;
    for (int i = 0; i < N; i++) sum += rollout_return(r, i);
    for (int i = 0; i < N; i++) {
        double R = rollout_return(r, i), others = N > 1 ? (sum - R) / (N - 1) : R;
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++)
            r->weights[n] = (real)((R - others) / N);
    }
}
