/* test_attention.c: one head of one sequence, by hand and against central differences. */
#include "gradient.h"

#include "attention.h"

static const double near = sizeof(real) == 8 ? 1e-12 : 1e-6;

typedef struct {
    Matrix q, k, v, dq, dk, dv, att, datt;
} Head;

static void head_forward(Case *c)
{
    Head *h = c->more;
    attention_forward(c->y, h->att, h->q, h->k, h->v);
}

static void head_backward(Case *c)
{
    Head *h = c->more;
    attention_backward(h->dq, h->dk, h->dv, c->dy, h->att, h->datt, h->q, h->k, h->v);
}

/* Head 1 of 2 in a matrix q|k|v, as in a transformer: slices of one memory. */
static Case head_case(Head *h, int n, int d)
{
    Rng rng = rng_stream(7, 0);
    Matrix qkv = random_matrix(n, 6 * d, &rng), dqkv = new_matrix(n, 6 * d);
    h->q = mat_cols(qkv, d, d), h->dq = mat_cols(dqkv, d, d);
    h->k = mat_cols(qkv, 3 * d, d), h->dk = mat_cols(dqkv, 3 * d, d);
    h->v = mat_cols(qkv, 5 * d, d), h->dv = mat_cols(dqkv, 5 * d, d);
    h->att = new_matrix(n, n), h->datt = new_matrix(n, n);
    fill(h->att, 9), fill(h->datt, 9); /* room holds anything */
    return (Case){head_forward,
                  head_backward,
                  new_matrix(n, d),
                  random_matrix(n, d, &rng),
                  {{"q", h->q, h->dq}, {"k", h->k, h->dk}, {"v", h->v, h->dv}},
                  h};
}

/* d = 4, so scores are q k' / 2. Position 0 sees only itself: y_0 = v_0. Position 1 has the scores
 * (0, 2 ln 3 / 2) = (0, ln 3), so weights (1/4, 3/4), and y_1 = (8 + 3 * 4)/4 = 5 in channel 0. */
START_TEST(attention_by_hand)
{
    Matrix q = matrix_of(2, 4, (double[]){7, 7, 7, 7, 2 * log(3), 0, 0, 0});
    Matrix k = matrix_of(2, 4, (double[]){0, 1, 1, 1, 1, 5, 5, 5});
    Matrix v = matrix_of(2, 4, (double[]){8, 0, 4, 1, 4, 4, 0, 1});
    Matrix att = new_matrix(2, 2), y = new_matrix(2, 4);
    attention_forward(y, att, q, k, v);
    require_near("att", att, (double[]){1, 0, 0.25, 0.75}, near);
    require_near("y", y, (double[]){8, 0, 4, 1, 5, 3, 1, 1}, 10 * near);
}
END_TEST

/* The same two positions, dy = (0, 0; 1, 0) in d = 2 channels with scores (0, ln 3):
 *   dv   = att' dy:  (1/4, 0; 3/4, 0)
 *   datt = dy v' = (8, 4), their mean under att 5;  dscore = (1/4 * 3, 3/4 * -1) = (0.75, -0.75)
 *   dq_1 = (0.75 k_0 - 0.75 k_1)/sqrt(2),   dk_0 = 0.75 q_1/sqrt(2) = -dk_1 */
START_TEST(attention_backward_by_hand)
{
    double r = sqrt(2), s = 0.75 / r, a = r * log(3);
    Matrix q = matrix_of(2, 2, (double[]){6, 7, a, 0}), dq = new_matrix(2, 2);
    Matrix k = matrix_of(2, 2, (double[]){0, 2, 1, 5}), dk = new_matrix(2, 2);
    Matrix v = matrix_of(2, 2, (double[]){8, 3, 4, 3}), dv = new_matrix(2, 2);
    Matrix att = new_matrix(2, 2), datt = new_matrix(2, 2), y = new_matrix(2, 2);
    Matrix dy = matrix_of(2, 2, (double[]){0, 0, 1, 0});
    attention_forward(y, att, q, k, v);
    attention_backward(dq, dk, dv, dy, att, datt, q, k, v);
    require_near("dv", dv, (double[]){0.25, 0, 0.75, 0}, 10 * near);
    require_near("dq", dq, (double[]){0, 0, -s, s * (2 - 5)}, 10 * near);
    require_near("dk", dk, (double[]){s * a, 0, -s * a, 0}, 10 * near);
}
END_TEST

START_TEST(attention_gradient_agrees_with_central_differences)
{
    Head h;
    Case c = head_case(&h, 7, 5);
    check_gradients(&c);
    c = head_case(&h, 19, 3); /* longer than the lanes of a sum */
    check_gradients(&c);
    c = head_case(&h, 41, 2); /* and than the rows that are done together */
    check_gradients(&c);
}
END_TEST

START_TEST(attention_backward_overwrites)
{
    Head h;
    Case c = head_case(&h, 7, 5);
    check_accumulates(&c, 3);
}
END_TEST

START_TEST(weights_sum_to_one_and_the_future_has_none)
{
    Head h;
    Case c = head_case(&h, 19, 3);
    c.forward(&c);
    for (int i = 0; i < 19; i++) {
        double total = 0;
        for (int j = 0; j <= i; j++) total += (double)mat_row(h.att, i)[j];
        ck_assert(fabs(total - 1) <= near);
        for (int j = i + 1; j < 19; j++) ck_assert(mat_row(h.att, i)[j] == 0);
    }
}
END_TEST

/* A change of k and v at one position changes what comes out from there on, and nothing before. */
START_TEST(no_position_reads_a_later_one)
{
    enum { N = 9, D = 5, AT = 4 };
    Head h;
    Case c = head_case(&h, N, D);
    Matrix before = new_matrix(N, D);
    c.forward(&c);
    mat_copy(before, c.y);
    fill(mat_rows(h.q, AT, 1), 3), fill(mat_rows(h.k, AT, 1), -2), fill(mat_rows(h.v, AT, 1), 5);
    c.forward(&c);
    ck_assert(same_bits(mat_rows(c.y, 0, AT), mat_rows(before, 0, AT)));
    for (int i = AT; i < N; i++) ck_assert(!same_bits(mat_rows(c.y, i, 1), mat_rows(before, i, 1)));
}
END_TEST

/* Scores far apart and far from 0 neither overflow nor give NaN. */
START_TEST(large_scores_choose_one_key)
{
    Matrix q = matrix_of(2, 1, (double[]){-1000, 1000}), k = matrix_of(2, 1, (double[]){-5, 5});
    Matrix v = matrix_of(2, 1, (double[]){2, 3}), att = new_matrix(2, 2), y = new_matrix(2, 1);
    attention_forward(y, att, q, k, v);
    require_near("y", y, (double[]){2, 3}, 0);
}
END_TEST

/* The last positions alone, against all keys, give the bits that they give within the whole. */
START_TEST(the_last_positions_alone_give_the_same_bits)
{
    enum { N = 19, D = 6 };
    Head h;
    Case c = head_case(&h, N, D);
    c.forward(&c);
    for (int m = 1; m <= N; m++)
        for (int n = 1; n <= m; n++) {
            Matrix att = mat(NEW(real, n * m), n, m), y = mat(NEW(real, n * D), n, D);
            attention_forward(y, att, mat_rows(h.q, m - n, n), mat_rows(h.k, 0, m),
                              mat_rows(h.v, 0, m));
            ck_assert_msg(same_bits(y, mat_rows(c.y, m - n, n)), "the last %d of %d differ", n, m);
            ck_assert(same_bits(att, mat_cols(mat_rows(h.att, m - n, n), 0, m)));
            free(att.data), free(y.data);
        }
}
END_TEST

/* One position with a cache, of more heads than a block has rows, each with other numbers. */
START_TEST(many_heads_with_a_cache_have_the_bits_of_each_alone)
{
    enum { HEADS = 70, T = 21, SEEN = 19, D = 3 };
    Rng rng = rng_stream(9, 0);
    Matrix q = random_matrix(HEADS, D, &rng), keys = random_matrix(HEADS * D, T, &rng);
    Matrix v = random_matrix(SEEN, HEADS * D, &rng), y = mat(NEW(real, HEADS * D), HEADS, D);
    Matrix att = new_matrix(HEADS, T), k = new_matrix(SEEN, D), one = new_matrix(1, D);
    Matrix att_one = new_matrix(1, SEEN);
    attention_forward_cached(y, att, q, keys, v);
    for (int h = 0; h < HEADS; h++) {
        for (int t = 0; t < SEEN; t++)
            for (int c = 0; c < D; c++) mat_row(k, t)[c] = mat_row(keys, h * D + c)[t];
        attention_forward(one, att_one, mat_rows(q, h, 1), k, mat_cols(v, h * D, D));
        ck_assert_msg(same_bits(mat_rows(y, h, 1), one), "head %d", h);
        ck_assert(same_bits(mat_cols(mat_rows(att, h, 1), 0, SEEN), att_one));
    }
    free(y.data);
}
END_TEST

START_TEST(attention_refuses_shapes_that_do_not_fit)
{
    Matrix y = new_matrix(4, 3), q = new_matrix(4, 3), att = new_matrix(4, 4),
           wide = new_matrix(4, 5);
    Matrix few = new_matrix(2, 3), many = new_matrix(6, 3), att6 = new_matrix(4, 6);
    ck_assert_dies(attention_forward(y, att, q, few, few),
                   "4 positions ask and only 2 can be read");
    ck_assert_dies(attention_forward(y, att, q, wide, q), "C = A B' does not fit");
    ck_assert_dies(attention_forward(y, att, q, q, few), "4 rows from row 0 of a 2 x 3 matrix");
    ck_assert_dies(attention_forward(wide, att, q, q, q), "C = A B does not fit");
    ck_assert_dies(attention_forward(y, mat_cols(att, 0, 3), q, q, q), "4 columns from column 0");
    ck_assert_dies(attention_forward_cached(y, att, q, new_matrix(12, 4), new_matrix(0, 12)),
                   "a position asks and none can be read");
    ck_assert_dies(attention_forward_cached(y, att, q, new_matrix(11, 4), new_matrix(4, 12)),
                   "C = A B by blocks does not fit: C is 4 x 4, A is 4 x 3, B is 11 x 4");
    ck_assert_dies(attention_forward_cached(y, att, q, new_matrix(12, 4), new_matrix(4, 11)),
                   "C is 4 x 3, A is 4 x 4, B is 4 x 11");
    ck_assert_dies(attention_backward(y, many, many, y, att6, att6, q, many, many),
                   "4 queries and 6 keys: backward wants whole sequences");
    ck_assert_dies(attention_backward(y, y, y, y, att, y, q, q, q), "4 columns from column 0");
}
END_TEST

static const TTest *const tests[] = {
    attention_by_hand,
    attention_backward_by_hand,
    attention_gradient_agrees_with_central_differences,
    attention_backward_overwrites,
    weights_sum_to_one_and_the_future_has_none,
    no_position_reads_a_later_one,
    large_scores_choose_one_key,
    the_last_positions_alone_give_the_same_bits,
    many_heads_with_a_cache_have_the_bits_of_each_alone,
    attention_refuses_shapes_that_do_not_fit,
    NULL,
};

RUN_TESTS("attention", tests)
