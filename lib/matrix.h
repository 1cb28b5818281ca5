/* matrix.h: dense row-major matrices of `real`, as views that never own their memory.
 *
 * A Matrix is passed by value. Element (i, j) is data[i * stride + j], and stride >= cols, so a
 * block of columns of a wider matrix is a Matrix too: an attention head is a column slice of
 * q|k|v, a sequence is a row slice of the batch, and nothing is copied.
 *
 * The three products accumulate, or start anew; C shares no memory with A or B. Every element of a
 * result is summed over k in order, from its start, each step one fused multiply-add:
 *
 *     c_ij <- fma(a_ik, b_kj, c_ij)   for k = 0, 1, 2, ...
 *
 * so the same bits come out whatever the tile size, the slicing or the number of threads. (On a
 * processor that has no such instruction each step rounds twice.) Book: chapter 0. */
#ifndef MATRIX_H
#define MATRIX_H

#include <stddef.h>

#include "error.h"
#include "real.h"

typedef struct {
    int rows, cols, stride; /* stride: from one row to the next, in elements */
    real *data;
    const real *panels, *turned; /* copies of M and M' that products read faster: see mat_pack; or
                                    NULL, as in a view of a part */
} Matrix;

/* A contiguous view of rows * cols numbers. */
Matrix mat(real *data, int rows, int cols);

/* Rows first .. first+count-1, and columns first .. first+count-1, of the same memory. */
Matrix mat_rows(Matrix m, int first, int count);
Matrix mat_cols(Matrix m, int first, int count);

/* A pointer to row i, for loops over its columns. Here, because it is called for every row. */
static inline real *mat_row(Matrix m, int i)
{
    REQUIRE(i >= 0 && i < m.rows, "row %d of a %d x %d matrix", i, m.rows, m.cols);
    return m.data + (size_t)i * m.stride;
}

void mat_add_ab(Matrix c, Matrix a, Matrix b);  /* C += A B     (m,n) (m,k) (k,n) */
void mat_add_abt(Matrix c, Matrix a, Matrix b); /* C += A B'    (m,n) (m,k) (n,k) */
void mat_add_atb(Matrix c, Matrix a, Matrix b); /* C += A' B    (m,n) (k,m) (k,n) */

/* The same from nothing: what C held is lost. */
void mat_set_ab(Matrix c, Matrix a, Matrix b);                 /* C = A B */
void mat_set_abt(Matrix c, Matrix a, Matrix b);                /* C = A B' */
void mat_set_atb(Matrix c, Matrix a, Matrix b);                /* C = A' B */
void mat_set_ab_row(Matrix c, Matrix a, Matrix b, Matrix row); /* every row of C = row + A B */

/* Row i of C = row i of A times block i of B, for B = m blocks of (k,n): one below the other, or
 * side by side. */
void mat_set_ab_blocks(Matrix c, Matrix a, Matrix b);

/* A matrix that many products read before it changes, as a layer's weights are, can be copied once
 * into the form in which they read it: M with panels, as B of A B, and with its transpose's, as B
 * of A B'. Either may be NULL. Each takes mat_panels_size numbers; the products' bits stay the
 * same. A product that meets a matrix which has changed since (its first element tells) stops the
 * program. */
size_t mat_panels_size(int rows, int cols);
Matrix mat_pack(Matrix m, real *panels, real *turned);

void mat_zero(Matrix m);
void mat_copy(Matrix to, Matrix from);
void mat_add(Matrix c, Matrix a);                   /* C += A, shapes equal */
void mat_set_a_row(Matrix c, Matrix a, Matrix row); /* every row of C = row + A, which may be C */
void mat_add_column_sums(Matrix row, Matrix m);     /* row_j += sum_i m_ij, over i in order */

#endif
