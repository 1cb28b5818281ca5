/* attention.h: lets each position read from the positions before it.
 *
 * A head is a column slice of q|k|v and a sequence a row slice, so nothing is copied. With q, k, v
 * of one head and sequence, d = C/H channels:
 *
 *   scores = q k' / sqrt(d),   att = softmax(scores) over the past,   y = att v
 *
 * Row i of att has weights on keys 0 .. i only, and zeros after. Contract: backward reads the att
 * that forward filled. Source: Vaswani et al. 2017. Book: chapter 2, "Attention: what passes
 * between positions". */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "matrix.h"

/* One head of one sequence. q (n, d), k and v (m, d) with m >= n: the last n of m positions ask.
 * att (n, m or more) and y (n, d) are overwritten. */
void attention_forward(Matrix y, Matrix att, Matrix q, Matrix k, Matrix v);

/* The same bits for the last position alone, which is what sampling asks for, and for many heads,
 * h of them, of one sequence or of several that are equally long: q and y (h, d), att (h, m or
 * more). Keys lie as columns, so that nothing is turned round: keys (h d, as many as att has), of
 * which the first m count; v (m, h d). */
void attention_forward_cached(Matrix y, Matrix att, Matrix q, Matrix keys, Matrix v);

/* dq, dk, dv (n, d) are overwritten; datt (n, n) is room to work in. n = m: a whole sequence. */
void attention_backward(Matrix dq, Matrix dk, Matrix dv, Matrix dy, Matrix att, Matrix datt,
                        Matrix q, Matrix k, Matrix v);

#endif
