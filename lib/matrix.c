/* matrix.c: views, shape checks and the small loops; the products go to gemm.c. */
#include "matrix.h"

#include <string.h>

#include "error.h"
#include "gemm.h"

Matrix mat(real *data, int rows, int cols)
{
    REQUIRE(rows >= 0 && cols >= 0, "a matrix of %d x %d", rows, cols);
    return (Matrix){rows, cols, cols, data};
}

Matrix mat_rows(Matrix m, int first, int count)
{
    REQUIRE(first >= 0 && count >= 0 && first <= m.rows - count,
            "%d rows from row %d of a %d x %d matrix", count, first, m.rows, m.cols);
    return (Matrix){count, m.cols, m.stride, m.data ? m.data + (size_t)first * m.stride : NULL};
}

Matrix mat_cols(Matrix m, int first, int count)
{
    REQUIRE(first >= 0 && count >= 0 && first <= m.cols - count,
            "%d columns from column %d of a %d x %d matrix", count, first, m.rows, m.cols);
    return (Matrix){m.rows, count, m.stride, m.data ? m.data + first : NULL};
}

real *mat_row(Matrix m, int i)
{
    REQUIRE(i >= 0 && i < m.rows, "row %d of a %d x %d matrix", i, m.rows, m.cols);
    return m.data + (size_t)i * m.stride;
}

/* op names the product in the message: "C += A B'" */
#define REQUIRE_PRODUCT(op, fits)                                                                  \
    REQUIRE(fits, "%s does not fit: C is %d x %d, A is %d x %d, B is %d x %d", op, c.rows, c.cols, \
            a.rows, a.cols, b.rows, b.cols)

void mat_add_ab(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_PRODUCT("C += A B", c.rows == a.rows && a.cols == b.rows && c.cols == b.cols);
    gemm(c.rows, c.cols, a.cols, (Strided){a.data, a.stride, 1}, (Strided){b.data, b.stride, 1},
         c.data, c.stride);
}

void mat_add_abt(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_PRODUCT("C += A B'", c.rows == a.rows && a.cols == b.cols && c.cols == b.rows);
    gemm(c.rows, c.cols, a.cols, (Strided){a.data, a.stride, 1}, (Strided){b.data, 1, b.stride},
         c.data, c.stride);
}

void mat_add_atb(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_PRODUCT("C += A' B", c.rows == a.cols && a.rows == b.rows && c.cols == b.cols);
    gemm(c.rows, c.cols, a.rows, (Strided){a.data, 1, a.stride}, (Strided){b.data, b.stride, 1},
         c.data, c.stride);
}

void mat_zero(Matrix m)
{
    for (int i = 0; i < m.rows; i++) memset(mat_row(m, i), 0, sizeof(real) * (size_t)m.cols);
}

#define REQUIRE_SAME(op, a, b)                                                                    \
    REQUIRE((a).rows == (b).rows && (a).cols == (b).cols, "%s does not fit: %d x %d and %d x %d", \
            op, (a).rows, (a).cols, (b).rows, (b).cols)

void mat_copy(Matrix to, Matrix from)
{
    REQUIRE_SAME("B = A", to, from);
    for (int i = 0; i < to.rows; i++)
        memcpy(mat_row(to, i), mat_row(from, i), sizeof(real) * (size_t)to.cols);
}

void mat_add(Matrix c, Matrix a)
{
    REQUIRE_SAME("C += A", c, a);
    for (int i = 0; i < c.rows; i++) {
        real *to = mat_row(c, i);
        const real *from = mat_row(a, i);
        for (int j = 0; j < c.cols; j++) to[j] += from[j];
    }
}

void mat_set_rows(Matrix m, Matrix row)
{
    REQUIRE(row.rows == 1 && row.cols == m.cols, "a row of %d x %d for a %d x %d matrix", row.rows,
            row.cols, m.rows, m.cols);
    for (int i = 0; i < m.rows; i++) memcpy(mat_row(m, i), row.data, sizeof(real) * (size_t)m.cols);
}

void mat_add_row(Matrix m, Matrix row)
{
    REQUIRE(row.rows == 1 && row.cols == m.cols, "a row of %d x %d for a %d x %d matrix", row.rows,
            row.cols, m.rows, m.cols);
    for (int i = 0; i < m.rows; i++) {
        real *to = mat_row(m, i);
        for (int j = 0; j < m.cols; j++) to[j] += row.data[j];
    }
}

void mat_add_column_sums(Matrix row, Matrix m)
{
    REQUIRE(row.rows == 1 && row.cols == m.cols, "column sums into %d x %d of a %d x %d matrix",
            row.rows, row.cols, m.rows, m.cols);
    for (int i = 0; i < m.rows; i++) {
        const real *from = mat_row(m, i);
        for (int j = 0; j < m.cols; j++) row.data[j] += from[j];
    }
}
