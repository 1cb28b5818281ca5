/* matrix.c: views, shape checks and the small loops; the products go to gemm.c. */
#include "matrix.h"

#include <stdbool.h>
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

/* op names the product in the message: "C += A B'" */
#define REQUIRE_PRODUCT(op, fits)                                                                  \
    REQUIRE(fits, "%s does not fit: C is %d x %d, A is %d x %d, B is %d x %d", op, c.rows, c.cols, \
            a.rows, a.cols, b.rows, b.cols)

#define REQUIRE_AB(op) REQUIRE_PRODUCT(op, c.rows == a.rows && a.cols == b.rows && c.cols == b.cols)
#define REQUIRE_ABT(op) \
    REQUIRE_PRODUCT(op, c.rows == a.rows && a.cols == b.cols && c.cols == b.rows)
#define REQUIRE_ATB(op) \
    REQUIRE_PRODUCT(op, c.rows == a.cols && a.rows == b.rows && c.cols == b.cols)

/* A packed copy that is still one. */
static const real *fresh(const real *copy, Matrix m)
{
    REQUIRE(!copy || memcmp(copy, m.data, sizeof(real)) == 0,
            "a %d x %d matrix has changed since it was packed: mat_pack it again", m.rows, m.cols);
    return copy;
}

static Strided plain(Matrix m)
{
    return (Strided){m.data, m.stride, 1, fresh(m.panels, m)};
}

static Strided transposed(Matrix m)
{
    return (Strided){m.data, 1, m.stride, fresh(m.turned, m)};
}

void mat_add_ab(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_AB("C += A B");
    gemm(c.rows, c.cols, a.cols, plain(a), plain(b), plain(c), c.data, c.stride);
}

void mat_add_abt(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_ABT("C += A B'");
    gemm(c.rows, c.cols, a.cols, plain(a), transposed(b), plain(c), c.data, c.stride);
}

void mat_add_atb(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_ATB("C += A' B");
    gemm(c.rows, c.cols, a.rows, transposed(a), plain(b), plain(c), c.data, c.stride);
}

void mat_set_ab(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_AB("C = A B");
    gemm(c.rows, c.cols, a.cols, plain(a), plain(b), gemm_zero, c.data, c.stride);
}

void mat_set_abt(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_ABT("C = A B'");
    gemm(c.rows, c.cols, a.cols, plain(a), transposed(b), gemm_zero, c.data, c.stride);
}

void mat_set_atb(Matrix c, Matrix a, Matrix b)
{
    REQUIRE_ATB("C = A' B");
    gemm(c.rows, c.cols, a.rows, transposed(a), plain(b), gemm_zero, c.data, c.stride);
}

void mat_set_ab_blocks(Matrix c, Matrix a, Matrix b)
{
    int m = c.rows, n = c.cols, k = a.cols;
    bool below = b.rows == (long)m * k && b.cols == n;
    REQUIRE_PRODUCT("C = A B by blocks",
                    a.rows == m && (below || (b.rows == k && b.cols == (long)m * n)));
    gemm_blocks(m, n, k, plain(a), plain(b), below ? (long)k * b.stride : n, c.data, c.stride);
}

#define REQUIRE_ROW(row, c)                                                                     \
    REQUIRE((row).rows == 1 && (row).cols == (c).cols, "a row of %d x %d for a %d x %d matrix", \
            (row).rows, (row).cols, (c).rows, (c).cols)

void mat_set_ab_row(Matrix c, Matrix a, Matrix b, Matrix row)
{
    REQUIRE_AB("C = A B + row");
    REQUIRE_ROW(row, c);
    gemm(c.rows, c.cols, a.cols, plain(a), plain(b), (Strided){row.data, 0, 1}, c.data, c.stride);
}

size_t mat_panels_size(int rows, int cols)
{
    size_t panels = gemm_panels_size(rows, cols), turned = gemm_panels_size(cols, rows);
    return panels > turned ? panels : turned;
}

Matrix mat_pack(Matrix m, real *panels, real *turned)
{
    REQUIRE(m.rows > 0 && m.cols > 0, "a %d x %d matrix has nothing to pack", m.rows, m.cols);
    m.panels = m.turned = NULL;
    if (panels) gemm_pack(m.rows, m.cols, plain(m), panels);
    if (turned) gemm_pack(m.cols, m.rows, transposed(m), turned);
    m.panels = panels, m.turned = turned;
    return m;
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

void mat_set_a_row(Matrix c, Matrix a, Matrix row)
{
    REQUIRE_SAME("C = A + row", c, a);
    REQUIRE_ROW(row, c);
    for (int i = 0; i < c.rows; i++) {
        real *to = mat_row(c, i);
        const real *from = mat_row(a, i);
        for (int j = 0; j < c.cols; j++) to[j] = from[j] + row.data[j];
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
