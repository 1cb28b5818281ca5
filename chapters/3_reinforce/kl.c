/* kl.c: see kl.h. */
#include "kl.h"

#include "numeric.h"

/* log p; real_log(0) is -inf, and 0 log 0 is taken as 0 by those who multiply */
void log_probabilities(Matrix log_p, Matrix probs)
{
    for (int n = 0; n < probs.rows; n++) {
        const real *p = mat_row(probs, n);
        real *l = mat_row(log_p, n);
        for (int j = 0; j < probs.cols; j++) l[j] = real_log(p[j]);
    }
}

/* KL = sum_j p_j (log p_j - log q_j) */
static real kl_row(const real *p, const real *log_q, int V)
{
    real kl = 0;
    for (int j = 0; j < V; j++) kl += p[j] > 0 ? p[j] * (real_log(p[j]) - log_q[j]) : 0;
    return kl;
}

void kl_rows(real *kl, Matrix probs, Matrix log_q)
{
    for (int n = 0; n < probs.rows; n++)
        kl[n] = kl_row(mat_row(probs, n), mat_row(log_q, n), probs.cols);
}

void kl_gradient(Matrix dlogits, Matrix probs, Matrix log_q, double c, double *total)
{
    for (int n = 0; n < probs.rows; n++) {
        const real *p = mat_row(probs, n), *lq = mat_row(log_q, n);
        real *d = mat_row(dlogits, n), kl = kl_row(p, lq, probs.cols);
        for (int j = 0; j < probs.cols; j++)
            d[j] += p[j] > 0 ? (real)c * p[j] * (real_log(p[j]) - lq[j] - kl) : 0;
        if (total) *total += kl;
    }
}

real entropy_row(const real *p, int V)
{
    real H = 0;
    for (int j = 0; j < V; j++) H -= p[j] > 0 ? p[j] * real_log(p[j]) : 0;
    return H;
}

double mean_entropy(Matrix probs)
{
    double total = 0;
    for (int n = 0; n < probs.rows; n++) total += entropy_row(mat_row(probs, n), probs.cols);
    return total / probs.rows;
}
