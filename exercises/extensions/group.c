/* group.c: see extensions.h. */
#include <math.h>

#include "error.h"
#include "extensions.h"

/* w = (R_i - mean) / deviation / N */
void weights_group(Rollout *r, int group)
{
    int N = rollout_texts(r);
    REQUIRE(group > 0 && N % group == 0, "groups of %d in %d texts", group, N);
    for (int first = 0; first < N; first += group) {
        double mean = 0, square = 0;
        for (int i = first; i < first + group; i++) mean += rollout_return(r, i) / group;
        for (int i = first; i < first + group; i++)
            square += pow(rollout_return(r, i) - mean, 2) / group;
        for (int i = first; i < first + group; i++) {
            double deviation = sqrt(square);
            double w = deviation > 1e-8 ? (rollout_return(r, i) - mean) / deviation / N : 0;
            for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) r->weights[n] = (real)w;
        }
    }
}
