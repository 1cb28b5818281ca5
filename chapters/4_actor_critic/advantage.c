/* advantage.c: see advantage.h. */
#include "advantage.h"

#include <math.h>

/* ---- the advantages: all there is to this chapter ----------------------------------------- */

/* A_t = sum_u r_u - V(s_t) */
void advantage_total(Rollout *r)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        double total = rollout_return(r, i);
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++)
            r->advantages[n] = (real)(total - r->values[n]);
    }
}

/* R_t = r_t + gamma R_{t+1},   A_t = R_t - V(s_t) */
void advantage_to_go(Rollout *r, double gamma)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        double to_go = 0;
        for (int n = rollout_last(r, i); n >= rollout_first(r, i); n--) {
            to_go = r->rewards[n] + gamma * to_go;
            r->advantages[n] = (real)(to_go - r->values[n]);
        }
    }
}

/* delta_t = r_t + gamma V(s_{t+1}) - V(s_t),   where the last symbol's V(s_{t+1}) is 0 */
static double td_error(const Rollout *r, int n, int last, double gamma)
{
    double next = n == last ? 0 : r->values[n + 1];
    return r->rewards[n] + gamma * next - r->values[n];
}

/* A_t = delta_t */
void advantage_td(Rollout *r, double gamma)
{
    for (int i = 0; i < rollout_texts(r); i++)
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++)
            r->advantages[n] = (real)td_error(r, n, rollout_last(r, i), gamma);
}

/* A_t = delta_t + gamma lambda A_{t+1} */
void advantage_gae(Rollout *r, double gamma, double lambda)
{
    for (int i = 0; i < rollout_texts(r); i++) {
        double A = 0;
        for (int n = rollout_last(r, i); n >= rollout_first(r, i); n--) {
            A = td_error(r, n, rollout_last(r, i), gamma) + gamma * lambda * A;
            r->advantages[n] = (real)A;
        }
    }
}

void advantage_fill(Rollout *r, const AdvantageOptions *options)
{
    switch (options->kind) {
    case ADVANTAGE_TOTAL:
        advantage_total(r);
        break;
    case ADVANTAGE_TO_GO:
        advantage_to_go(r, options->gamma);
        break;
    case ADVANTAGE_TD:
        advantage_td(r, options->gamma);
        break;
    case ADVANTAGE_GAE:
        advantage_gae(r, options->gamma, options->lambda);
        break;
    }
}

/* ---- weights ------------------------------------------------------------------------------ */

void weights_advantage(Rollout *r)
{
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] = r->advantages[n];
}

static double mean_of(const real *x, int n)
{
    double total = 0;
    for (int i = 0; i < n; i++) total += x[i];
    return total / n;
}

/* mean (x - mean x)^2 */
static double variance_of(const real *x, int n)
{
    double mean = mean_of(x, n), total = 0;
    for (int i = 0; i < n; i++) total += (x[i] - mean) * (x[i] - mean);
    return total / n;
}

/* w_t = (w_t - mean) / deviation */
double weights_whiten(Rollout *r)
{
    int rows = rollout_rows(r);
    if (rows < 2) return 1;
    double mean = mean_of(r->weights, rows), deviation = sqrt(variance_of(r->weights, rows));
    if (!(deviation > 1e-8)) return 1;
    for (int n = 0; n < rows; n++) r->weights[n] = (real)((r->weights[n] - mean) / deviation);
    return 1 / deviation;
}

double weights_of_advantages(Rollout *r, const AdvantageOptions *options)
{
    weights_advantage(r);
    return options->whiten ? weights_whiten(r) : 1;
}

/* ---- how good is the critic? --------------------------------------------------------------- */

/* Sums of R_t and R_t^2, and of R_t - V(s_t) and its square, give both variances in one pass. */
double explained_variance(const Rollout *r, double gamma)
{
    double R_sum = 0, R_square = 0, rest_sum = 0, rest_square = 0, rows = rollout_rows(r);
    for (int i = 0; i < rollout_texts(r); i++) {
        double to_go = 0;
        for (int n = rollout_last(r, i); n >= rollout_first(r, i); n--) {
            to_go = r->rewards[n] + gamma * to_go;
            double rest = to_go - r->values[n];
            R_sum += to_go, R_square += to_go * to_go;
            rest_sum += rest, rest_square += rest * rest;
        }
    }
    double of_R = R_square / rows - R_sum / rows * (R_sum / rows);
    double of_rest = rest_square / rows - rest_sum / rows * (rest_sum / rows);
    return of_R > 1e-12 ? 1 - of_rest / of_R : NAN;
}
