/* layers.c: forward and backward of each layer, one above the other.
 *
 * What treats each row alone can be called on any slice of rows, and what sums down the rows on any
 * slice of columns: so transformer.c deals them out to threads, and no sum is ever split. */
#include "layers.h"

#include "error.h"
#include "numeric.h"

static void require_shape(const char *name, Matrix m, int rows, int cols)
{
    REQUIRE(m.rows == rows && m.cols == cols, "%s is %d x %d and should be %d x %d", name, m.rows,
            m.cols, rows, cols);
}

/* ---- linear ------------------------------------------------------------------------------- */

void linear_forward(Matrix y, Matrix x, const Linear *p)
{
    mat_set_ab_row(y, x, p->w, p->b);
}

void linear_add(Matrix y, Matrix before, Matrix x, const Linear *p)
{
    mat_set_a_row(y, before, p->b);
    mat_add_ab(y, x, p->w);
}

void linear_backward(Matrix dx, Matrix dy, const Linear *p)
{
    mat_set_abt(dx, dy, p->w);
}

void linear_gradient(Linear *d, Matrix dy, Matrix x)
{
    mat_add_atb(d->w, x, dy);
    mat_add_column_sums(d->b, dy);
}

/* ---- layer norm --------------------------------------------------------------------------- */

void layernorm_forward(Matrix y, Matrix stats, Matrix x, const LayerNorm *p)
{
    int C = x.cols;
    const real *g = p->g.data, *b = p->b.data;
    require_shape("layer norm: y", y, x.rows, C);
    require_shape("layer norm: stats", stats, x.rows, 2);
    require_shape("layer norm: gain", p->g, 1, C);
    require_shape("layer norm: bias", p->b, 1, C);
    for (int n = 0; n < x.rows; n++) {
        const real *in = mat_row(x, n);
        real *out = mat_row(y, n), *stat = mat_row(stats, n);
        real mean = sum(in, C) / (real)C;
        for (int c = 0; c < C; c++) out[c] = in[c] - mean;
        real scale = 1 / real_sqrt(dot(out, out, C) / (real)C + (real)1e-5);
        for (int c = 0; c < C; c++) out[c] = out[c] * scale * g[c] + b[c];
        stat[0] = mean;
        stat[1] = scale;
    }
}

/* With h = g dy, the gradient at xhat: the mean and the variance each take their part of h away,
 *
 *   dx += scale (h - mean(h) - xhat mean(h xhat)) */
void layernorm_backward(Matrix dx, Matrix dy, Matrix stats, Matrix x, const LayerNorm *p)
{
    int C = x.cols;
    const real *g = p->g.data;
    require_shape("layer norm: dx", dx, x.rows, C);
    require_shape("layer norm: dy", dy, x.rows, C);
    for (int n = 0; n < x.rows; n++) {
        const real *in = mat_row(x, n), *up = mat_row(dy, n), *stat = mat_row(stats, n);
        real *down = mat_row(dx, n), mean = stat[0], scale = stat[1];
        real sum_h = dot(g, up, C), sum_hx = (dot3(g, up, in, C) - mean * sum_h) * scale;
        real mean_h = sum_h / (real)C, mean_hx = sum_hx / (real)C;
        for (int c = 0; c < C; c++)
            down[c] += scale * (g[c] * up[c] - mean_h - (in[c] - mean) * scale * mean_hx);
    }
}

/* dg += sum_n dy xhat,   db += sum_n dy */
void layernorm_gradient(LayerNorm *d, Matrix dy, Matrix stats, Matrix x)
{
    real *g = d->g.data, *b = d->b.data;
    require_shape("layer norm: dy", dy, x.rows, x.cols);
    require_shape("layer norm: d gain", d->g, 1, x.cols);
    require_shape("layer norm: d bias", d->b, 1, x.cols);
    for (int n = 0; n < x.rows; n++) {
        const real *in = mat_row(x, n), *up = mat_row(dy, n), *stat = mat_row(stats, n);
        for (int c = 0; c < x.cols; c++) {
            g[c] += up[c] * ((in[c] - stat[0]) * stat[1]);
            b[c] += up[c];
        }
    }
}

/* ---- GELU --------------------------------------------------------------------------------- */

/* (1 + tanh u)/2 is the logistic function of 2u, so GELU is x times a smooth gate between 0 and 1:
 *
 *   y = x s,   s = 1/(1 + e^-v),   v = 2u = a (x + b x^3),   a = 2 sqrt(2/pi),   b = 0.044715
 *
 *   dy/dx = s + x s (1 - s) v',   v' = a (1 + 3 b x^2) */
static const real gelu_a = (real)1.5957691216057308, gelu_b = (real)0.044715;

void gelu_forward(Matrix y, Matrix slope, Matrix x)
{
    require_shape("GELU: y", y, x.rows, x.cols);
    require_shape("GELU: slope", slope, x.rows, x.cols);
    for (int n = 0; n < x.rows; n++) {
        const real *in = mat_row(x, n);
        real *out = mat_row(y, n), *d = mat_row(slope, n);
#pragma omp simd
        for (int c = 0; c < x.cols; c++) {
            real square = in[c] * in[c], v = gelu_a * in[c] * (1 + gelu_b * square);
            real s = 1 / (1 + real_exp(-v)), dv = gelu_a * (1 + 3 * gelu_b * square);
            out[c] = in[c] * s;
            d[c] = s + out[c] * (1 - s) * dv;
        }
    }
}

void gelu_backward(Matrix dx, Matrix dy, Matrix slope)
{
    require_shape("GELU: dx", dx, slope.rows, slope.cols);
    require_shape("GELU: dy", dy, slope.rows, slope.cols);
    for (int n = 0; n < slope.rows; n++) {
        const real *up = mat_row(dy, n), *d = mat_row(slope, n);
        real *down = mat_row(dx, n);
        for (int c = 0; c < slope.cols; c++) down[c] = up[c] * d[c];
    }
}

/* ---- embedding ---------------------------------------------------------------------------- */

void embedding_forward(Matrix y, const int *ids, const int *positions, Matrix wte, Matrix wpe)
{
    require_shape("embedding: wte", wte, wte.rows, y.cols);
    require_shape("embedding: wpe", wpe, wpe.rows, y.cols);
    for (int n = 0; n < y.rows; n++) {
        const real *symbol = mat_row(wte, ids[n]), *place = mat_row(wpe, positions[n]);
        real *out = mat_row(y, n);
        for (int c = 0; c < y.cols; c++) out[c] = symbol[c] + place[c];
    }
}

/* A symbol stands at many rows, and its gradient is the sum over them. */
void embedding_gradient(Matrix dwte, Matrix dwpe, const int *ids, const int *positions, Matrix dy)
{
    require_shape("embedding: dwte", dwte, dwte.rows, dy.cols);
    require_shape("embedding: dwpe", dwpe, dwpe.rows, dy.cols);
    for (int n = 0; n < dy.rows; n++) {
        const real *up = mat_row(dy, n);
        real *symbol = mat_row(dwte, ids[n]), *place = mat_row(dwpe, positions[n]);
        for (int c = 0; c < dy.cols; c++) {
            symbol[c] += up[c];
            place[c] += up[c];
        }
    }
}

/* ---- softmax ------------------------------------------------------------------------------ */

/* Is a pass over m long enough for a second thread to pay? */
#define WORTH_A_TEAM(m) ((long)(m).rows * (m).cols >= 1 << 15)

static int symbol(const int *x, int n, int V)
{
    REQUIRE(x[n] >= 0 && x[n] < V, "row %d asks for symbol %d of %d", n, x[n], V);
    return x[n];
}

/* The largest logit is taken away first, so that no exponential overflows:
 *
 *   p_j = e^(l_j - m) / z,   z = sum_j e^(l_j - m),   log p_x = l_x - m - log z */
void softmax_forward(Matrix probs, real *logprob, Matrix logits, const int *x)
{
    int V = logits.cols;
    require_shape("softmax: probs", probs, logits.rows, V);
#pragma omp parallel for schedule(static) if (WORTH_A_TEAM(logits))
    for (int n = 0; n < logits.rows; n++) {
        const real *l = mat_row(logits, n);
        real *p = mat_row(probs, n), m = largest(l, V);
        if (logprob) logprob[n] = l[symbol(x, n, V)] - m;
        for (int j = 0; j < V; j++) p[j] = real_exp(l[j] - m);
        real z = sum(p, V), scale = 1 / z;
        if (logprob) logprob[n] -= real_log(z);
        for (int j = 0; j < V; j++) p[j] *= scale;
    }
}

void softmax_gradient(Matrix dlogits, Matrix probs, const int *x, const real *w)
{
    int V = probs.cols;
    require_shape("softmax: dlogits", dlogits, probs.rows, V);
#pragma omp parallel for schedule(static) if (WORTH_A_TEAM(probs))
    for (int n = 0; n < probs.rows; n++) {
        const real *p = mat_row(probs, n);
        real *d = mat_row(dlogits, n);
        for (int j = 0; j < V; j++) d[j] += w[n] * p[j];
        d[symbol(x, n, V)] -= w[n];
    }
}
