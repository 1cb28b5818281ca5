/* attention.c: three lines of mathematics forward, and the same reversed. */
#include "attention.h"

#include "error.h"
#include "numeric.h"

/* Queries that one product does together: the first of them meets up to BLOCK - 1 keys of its
 * future, for nothing. */
enum { BLOCK = 32 };

static int block_rows(int first, int rows)
{
    return rows - first < BLOCK ? rows - first : BLOCK;
}

/* `seen` rounded up to whole vectors, where the row is that long: loops without a ragged end. */
static int whole_vectors(int seen, Matrix att)
{
    int width = (seen + LANE_COUNT - 1) / LANE_COUNT * LANE_COUNT;
    return width < att.cols ? width : att.cols;
}

/* Row i sees the first `seen + i * more` keys: softmax over them, zeros for the future. In three
 * passes over all rows, as a row alone would wait for its maximum, and then for its sum. */
static void causal_softmax(Matrix att, int seen, int more, real scale)
{
    int end[BLOCK], width[BLOCK]; /* of what each row sees, and that in whole vectors */
    REQUIRE(att.rows <= BLOCK, "a block of %d rows", att.rows);
    for (int i = 0; i < att.rows; i++) {
        real *row = mat_row(att, i);
        end[i] = seen + i * more, width[i] = whole_vectors(end[i], att);
        for (int j = end[i]; j < width[i]; j++) row[j] = row[0]; /* changes no maximum */
        real m = largest(row, width[i]) * scale;
        for (int j = 0; j < width[i]; j++) row[j] = row[j] * scale - m;
    }
    for (int i = 0; i < att.rows; i++) {
        real *row = mat_row(att, i);
        for (int j = 0; j < width[i]; j++) row[j] = real_exp(row[j]);
        for (int j = end[i]; j < att.cols; j++) row[j] = 0;
    }
    for (int i = 0; i < att.rows; i++) {
        real *row = mat_row(att, i), share = 1 / sum(row, width[i]);
        for (int j = 0; j < width[i]; j++) row[j] *= share;
    }
}

/* att = softmax(q k' / sqrt(d)),   y = att v,   a block of rows at a time and only their past */
void attention_forward(Matrix y, Matrix att, Matrix q, Matrix k, Matrix v)
{
    int past = k.rows - q.rows;
    REQUIRE(past >= 0, "%d positions ask and only %d can be read", q.rows, k.rows);
    for (int i = 0; i < q.rows; i += BLOCK) {
        int n = block_rows(i, q.rows), seen = past + i + n;
        Matrix rows = mat_rows(att, i, n);
        mat_set_abt(mat_cols(rows, 0, seen), mat_rows(q, i, n), mat_rows(k, 0, seen));
        causal_softmax(rows, past + i + 1, 1, 1 / real_sqrt((real)q.cols));
        mat_set_ab(mat_rows(y, i, n), mat_cols(rows, 0, seen), mat_rows(v, 0, seen));
    }
}

/* scores = q keys: what was a transposed product has become a plain one. The columns between the
 * last key and the next whole vector are computed too, and count for nothing. */
void attention_forward_cached(Matrix y, Matrix att, Matrix q, Matrix keys, Matrix v)
{
    int seen = v.rows, width = whole_vectors(seen, att);
    REQUIRE(seen > 0, "a position asks and none can be read");
    att = mat_cols(att, 0, width);
    mat_set_ab_blocks(att, q, mat_cols(keys, 0, width));
    for (int h = 0; h < q.rows; h += BLOCK)
        causal_softmax(mat_rows(att, h, block_rows(h, q.rows)), seen, 0,
                       1 / real_sqrt((real)q.cols));
    mat_set_ab_blocks(y, mat_cols(att, 0, seen), v);
}

/* Softmax by rows, backward, in place:   dscore_j = att_j (datt_j - sum_i att_i datt_i)
 * which is zero in the future, for att is. */
static void causal_softmax_backward(Matrix datt, Matrix att, int past, real scale)
{
    for (int i = 0; i < att.rows; i++) {
        const real *a = mat_row(att, i);
        int width = whole_vectors(past + i + 1, att);
        real *d = mat_row(datt, i), mean = dot(a, d, width);
        for (int j = 0; j < width; j++) d[j] = a[j] * (d[j] - mean) * scale;
        for (int j = width; j < att.cols; j++) d[j] = 0;
    }
}

/* dv = att' dy,   datt = dy v',   dq = dscore k,   dk = dscore' q: a query looks back at the keys
 * before it, and a key hears from the queries after it */
void attention_backward(Matrix dq, Matrix dk, Matrix dv, Matrix dy, Matrix att, Matrix datt,
                        Matrix q, Matrix k, Matrix v)
{
    int T = q.rows;
    REQUIRE(k.rows == T, "%d queries and %d keys: backward wants whole sequences", T, k.rows);
    for (int i = 0; i < T; i += BLOCK) {
        int n = block_rows(i, T), seen = i + n;
        Matrix a = mat_cols(mat_rows(att, i, n), 0, seen);
        Matrix d = mat_cols(mat_rows(datt, i, n), 0, seen);
        mat_set_abt(d, mat_rows(dy, i, n), mat_rows(v, 0, seen));
        causal_softmax_backward(d, a, i, 1 / real_sqrt((real)q.cols));
        mat_set_ab(mat_rows(dq, i, n), d, mat_rows(k, 0, seen));
    }
    for (int j = 0; j < T; j += BLOCK) {
        int n = block_rows(j, T), after = T - j;
        Matrix a = mat_cols(mat_rows(att, j, after), j, n);
        Matrix d = mat_cols(mat_rows(datt, j, after), j, n);
        mat_set_atb(mat_rows(dv, j, n), a, mat_rows(dy, j, after));
        mat_set_atb(mat_rows(dk, j, n), d, mat_rows(q, j, after));
    }
}
