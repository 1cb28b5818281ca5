/* layers.h: the pieces of a transformer that work on one position at a time, as pairs of forward
 * and backward.
 *
 * Rows are positions: N of them, all sequences of a batch one after another. Columns are channels.
 * A gradient carries the name of its variable with a d before it. Going back, X_backward gives the
 * gradient in a layer's input, row by row, and X_gradient that in its weights, summed over all
 * rows. Weights serve every row of every batch, so their gradients accumulate (+=). An input's
 * gradient is overwritten, but two are added to: layernorm_backward's, as the residual stream flows
 * round a norm as well as through it, and softmax_gradient's, as a loss may have several terms.
 * Book: chapter 2, "One position: linear maps, norm, GELU". */
#ifndef LAYERS_H
#define LAYERS_H

#include "matrix.h"

typedef struct {
    Matrix w; /* (in, out) */
    Matrix b; /* (1, out) */
} Linear;

typedef struct {
    Matrix g; /* (1, C) gain */
    Matrix b; /* (1, C) bias */
} LayerNorm;

/* y = x w + b.   x (N, in), y (N, out) */
void linear_forward(Matrix y, Matrix x, const Linear *p);

/* y = before + x w + b: the form in which a block writes into the residual stream. before (N, out)
 * may be y. */
void linear_add(Matrix y, Matrix before, Matrix x, const Linear *p);

/* dx = dy w';   dw += x' dy,  db += column sums of dy.   Of both forms above. */
void linear_backward(Matrix dx, Matrix dy, const Linear *p);
void linear_gradient(Linear *d, Matrix dy, Matrix x);

/* y = g xhat + b,  xhat = (x - mean) / sqrt(variance + 1e-5), over the C channels of each row.
 * x, y (N, C); stats (N, 2) gets mean and 1/sqrt(variance + 1e-5) for the backward pass.
 * Source: Ba, Kiros and Hinton 2016. */
void layernorm_forward(Matrix y, Matrix stats, Matrix x, const LayerNorm *p);
void layernorm_backward(Matrix dx, Matrix dy, Matrix stats, Matrix x, const LayerNorm *p);
void layernorm_gradient(LayerNorm *d, Matrix dy, Matrix stats, Matrix x);

/* y = x/2 (1 + tanh u),  u = sqrt(2/pi) (x + 0.044715 x^3).   All (N, any)
 * slope gets dy/dx for the backward pass, dx = dy slope; it may be x's memory, and dx may be dy's.
 * Source: Hendrycks and Gimpel 2016; the tanh form is GPT-2's. */
void gelu_forward(Matrix y, Matrix slope, Matrix x);
void gelu_backward(Matrix dx, Matrix dy, Matrix slope);

/* y_n = wte[id_n] + wpe[position_n].   ids, positions (N), wte (V, C), wpe (T, C), y (N, C)
 * dwte[id_n] += dy_n,   dwpe[position_n] += dy_n,   row by row */
void embedding_forward(Matrix y, const int *ids, const int *positions, Matrix wte, Matrix wpe);
void embedding_gradient(Matrix dwte, Matrix dwpe, const int *ids, const int *positions, Matrix dy);

/* probs = softmax(logits) by rows, both (N, V), may be the same memory; and, unless logprob is
 * NULL, logprob_n = log probs[n][x_n] in nats, for the symbols x (N). */
void softmax_forward(Matrix probs, real *logprob, Matrix logits, const int *x);

/* The one gradient of this book. For a loss L = sum_n -w_n log softmax(logits_n)[x_n],
 *
 *   dlogits_n += w_n (softmax(logits_n) - onehot(x_n))
 *
 * probs (N, V) from softmax_forward, x (N) the symbols that came, w (N) their weights: 1/N for
 * maximum likelihood, and from chapter 3 on whatever the algorithm says a symbol was worth. */
void softmax_gradient(Matrix dlogits, Matrix probs, const int *x, const real *w);

#endif
