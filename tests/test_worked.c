/* test_worked.c: the examples that chapter 2 of the book works by hand. */
#include "layers.h"
#include "suite.h"

/* "By hand": logits (ln 3, 0), the second symbol comes, a step of size 1 with weight w. */
static double probability_after(double w)
{
    real logits[2] = {(real)log(3), 0}, probs[2], logprob[1], dlogits[2] = {0}, weight = (real)w;
    const int x[] = {1};
    Matrix l = mat(logits, 1, 2), p = mat(probs, 1, 2), d = mat(dlogits, 1, 2);
    softmax_forward(p, logprob, l, x);
    ck_assert_double_eq_tol(probs[0], 0.75, 1e-6);
    ck_assert_double_eq_tol(-logprob[0], 1.386, 5e-4);
    softmax_gradient(d, p, x, &weight);
    ck_assert_double_eq_tol(dlogits[0], 0.75 * w, 1e-6);
    ck_assert_double_eq_tol(dlogits[1], -0.75 * w, 1e-6);
    for (int j = 0; j < 2; j++) logits[j] -= dlogits[j];
    softmax_forward(p, logprob, l, x);
    return (double)probs[1];
}

START_TEST(a_step_on_two_symbols_comes_out_as_by_hand)
{
    ck_assert_double_eq_tol(probability_after(1), 0.599, 5e-4);
    ck_assert_double_eq_tol(-log(probability_after(1)), 0.512, 5e-4);
}
END_TEST

START_TEST(a_negative_weight_goes_the_other_way)
{
    ck_assert_double_eq_tol(probability_after(-1), 0.069, 5e-4);
}
END_TEST

static const TTest *const tests[] = {a_step_on_two_symbols_comes_out_as_by_hand,
                                     a_negative_weight_goes_the_other_way, NULL};
RUN_TESTS("worked", tests)
