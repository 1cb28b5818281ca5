/* kneser_ney.h: interpolated modified Kneser-Ney smoothing.
 *
 * To every history h belongs a share that its n-grams give up; the shorter history h' (h without
 * its oldest symbol) hands it out, to what h has been followed by and to what it has not:
 *
 *     P(x | h) = (c(h x) - D(c(h x))) / c(h)  +  gamma(h) P(x | h')
 *     gamma(h) = sum over x of D(c(h x)) / c(h),      c(h) = sum over x of c(h x)
 *
 * Two ideas make it good. First, the discount D depends on the count, with three values for each
 * order n, in closed form from t_j, the number of distinct n-grams of that order with count j:
 *
 *     Y = t_1 / (t_1 + 2 t_2),      D_j = j - (j + 1) Y t_{j+1} / t_j    (j = 1, 2, and 3 or more)
 *
 * Second, an n-gram below the highest order matters most where a longer one has failed. How often
 * it occurs is then the wrong question; after how many different symbols it has occurred is the
 * right one. So for those orders c is the number of distinct left extensions,
 *
 *     c(w_1 .. w_n) = |{ v : v w_1 .. w_n occurs }|      (n below the highest order),
 *
 * except for n-grams that begin with <s>: nothing can stand before them, and they keep their
 * counts. The single symbols are interpolated with the uniform distribution, 1 / W, over the
 * distinct symbols of the training text, the end and <unk>; <unk> has nothing else.
 *
 * Where a text is so small or so regular that the closed form has no value, or one outside 0 <= D_j
 * <= j, that order's discounts are 0.5, 1 and 1.5.
 *
 * Source: Chen and Goodman 1998, section 3, eq. 26 and the recursion above it; conventions for <s>,
 * <unk> and the fall-back: Heafield et al. 2013 (KenLM's lmplz). Tested by test_ngram.c. */
#ifndef KNESER_NEY_H
#define KNESER_NEY_H

#include "ngram.h"

/* Turns counted n-grams into a Kneser-Ney model. */
void smooth_kneser_ney(Ngram *m);

/* D_1, D_2, D_3 into d[1 .. 3] (d[0] is 0) from t[1 .. 4]. False if these are the fall-back. */
bool kneser_ney_discounts(double d[4], const double t[5]);

#endif
