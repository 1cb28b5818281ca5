/* attention.c: three lines of mathematics forward, and the same reversed. */
#include "attention.h"

#include "error.h"
#include "numeric.h"

/* Row i sees the first `past + i + 1` keys: softmax over them, zeros for the future. */
static void causal_softmax(Matrix att, int past, real scale)
{
    for (int i = 0; i < att.rows; i++) {
        real *row = mat_row(att, i);
        int seen = past + i + 1;
        real m = largest(row, seen) * scale;
        for (int j = 0; j < seen; j++) row[j] = real_exp(row[j] * scale - m);
        real share = 1 / sum(row, seen);
        for (int j = 0; j < seen; j++) row[j] *= share;
        for (int j = seen; j < att.cols; j++) row[j] = 0;
    }
}

void attention_forward(Matrix y, Matrix att, Matrix q, Matrix k, Matrix v)
{
    REQUIRE(k.rows >= q.rows, "%d positions ask and only %d can be read", q.rows, k.rows);
    mat_zero(att);
    mat_add_abt(att, q, k);
    causal_softmax(att, k.rows - q.rows, 1 / real_sqrt((real)q.cols));
    mat_zero(y);
    mat_add_ab(y, att, v);
}

/* Softmax by rows, backward, in place:   dscore_j = att_j (datt_j - sum_i att_i datt_i) */
static void causal_softmax_backward(Matrix datt, Matrix att, real scale)
{
    for (int i = 0; i < att.rows; i++) {
        const real *a = mat_row(att, i);
        real *d = mat_row(datt, i), mean = dot(a, d, i + 1);
        for (int j = 0; j <= i; j++) d[j] = a[j] * (d[j] - mean) * scale;
        for (int j = i + 1; j < att.cols; j++) d[j] = 0;
    }
}

void attention_backward(Matrix dq, Matrix dk, Matrix dv, Matrix dy, Matrix att, Matrix datt,
                        Matrix q, Matrix k, Matrix v)
{
    REQUIRE(k.rows == q.rows, "%d queries and %d keys: backward wants whole sequences", q.rows,
            k.rows);
    mat_add_atb(dv, att, dy);
    mat_zero(datt);
    mat_add_abt(datt, dy, v);
    causal_softmax_backward(datt, att, 1 / real_sqrt((real)q.cols));
    mat_add_ab(dq, datt, k);
    mat_add_atb(dk, datt, q);
}
