/* test_matrix.c: views, the small loops, and the three products against three plain loops.
 *
 * The plain version below is the definition in matrix.h written down. The fast one must give its
 * bits, whatever the shape, the slicing and the number of threads. */
#include "suite.h"

#include "matrix.h"
#include "rng.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* A view inside a larger matrix of NaN: who reads beyond the view spoils his result, who writes
 * beyond it is found by comparing with the copy. */
typedef struct {
    Matrix whole, view;
    real *copy;
} Framed;

enum { LEFT = 3, RIGHT = 5, ABOVE = 1, BELOW = 2 };

static size_t framed_size(const Framed *f)
{
    return (size_t)f->whole.rows * (size_t)f->whole.cols;
}

static Framed framed_new(int rows, int cols, Rng *rng)
{
    Framed f;
    int tall = rows + ABOVE + BELOW, wide = cols + LEFT + RIGHT;
    f.whole = mat(calloc((size_t)tall * (size_t)wide, sizeof(real)), tall, wide);
    f.copy = calloc(framed_size(&f), sizeof(real));
    for (size_t i = 0; i < framed_size(&f); i++) f.whole.data[i] = (real)NAN;
    f.view = mat_rows(mat_cols(f.whole, LEFT, cols), ABOVE, rows);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) mat_row(f.view, i)[j] = (real)rng_normal(rng);
    memcpy(f.copy, f.whole.data, framed_size(&f) * sizeof(real));
    return f;
}

static void framed_free(Framed *f)
{
    free(f->whole.data);
    free(f->copy);
}

/* The same view, of the copy. */
static Matrix framed_copy(const Framed *f)
{
    Matrix m = f->view;
    m.data = f->copy + (f->view.data - f->whole.data);
    return m;
}

/* Same bits in the view as in the copy, and around it. */
static bool framed_same(const Framed *f)
{
    return memcmp(f->whole.data, f->copy, framed_size(f) * sizeof(real)) == 0;
}

static real fused(real a, real b, real c)
{
    return sizeof(real) == sizeof(double) ? (real)fma(a, b, c)
                                          : (real)fmaf((float)a, (float)b, (float)c);
}

typedef enum { AB, ABT, ATB } Product;
typedef enum { ADD, SET, SET_ROW } Start;

/* What the product of each form and start is called; a start from a row has one form only. */
static const char *const product_name[3][3] = {
    {"C += A B", "C += A B'", "C += A' B"}, {"C = A B", "C = A B'", "C = A' B"}, {"C = row + A B"}};

/* c_ij <- fma(a_ik, b_kj, c_ij), k upward; a and b as they stand, transposed by the indices. */
static void plain(Start start, Product product, Matrix c, Matrix a, Matrix b, Matrix row)
{
    int depth = product == ATB ? a.rows : a.cols;
    for (int i = 0; i < c.rows; i++)
        for (int j = 0; j < c.cols; j++) {
            if (start != ADD) mat_row(c, i)[j] = start == SET ? 0 : row.data[j];
            for (int k = 0; k < depth; k++) {
                real x = product == ATB ? mat_row(a, k)[i] : mat_row(a, i)[k];
                real y = product == ABT ? mat_row(b, j)[k] : mat_row(b, k)[j];
                mat_row(c, i)[j] = fused(x, y, mat_row(c, i)[j]);
            }
        }
}

static void fast(Start start, Product product, Matrix c, Matrix a, Matrix b, Matrix row)
{
    if (start == ADD)
        (product == AB ? mat_add_ab : product == ABT ? mat_add_abt : mat_add_atb)(c, a, b);
    else if (start == SET)
        (product == AB ? mat_set_ab : product == ABT ? mat_set_abt : mat_set_atb)(c, a, b);
    else
        mat_set_ab_row(c, a, b, row);
}

/* The operands of C (m,n) += A B with a sum over k. */
typedef struct {
    Framed c, a, b, row;
} Operands;

static Operands operands_new(Product product, int m, int n, int k, uint64_t seed)
{
    Rng rng = rng_stream(seed, (uint64_t)product);
    Operands o;
    o.c = framed_new(m, n, &rng);
    o.a = product == ATB ? framed_new(k, m, &rng) : framed_new(m, k, &rng);
    o.b = product == ABT ? framed_new(n, k, &rng) : framed_new(k, n, &rng);
    o.row = framed_new(1, n, &rng);
    return o;
}

static void operands_free(Operands *o)
{
    framed_free(&o->c);
    framed_free(&o->a);
    framed_free(&o->b);
    framed_free(&o->row);
}

/* The matrix with panels for this product. To show that they are what is read, the matrix itself
 * becomes NaN but for its first element; kept has what it held. */
static Matrix packed(Product product, Matrix m, real **room, Matrix kept)
{
    size_t size = mat_panels_size(m.rows, m.cols);
    *room = aligned_alloc(64, (size * sizeof(real) + 63) / 64 * 64);
    for (size_t i = 0; i < size; i++) (*room)[i] = (real)NAN;
    m = mat_pack(m, product == ABT ? NULL : *room, product == ABT ? *room : NULL);
    mat_copy(kept, m);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++)
            if (i + j > 0) mat_row(m, i)[j] = (real)NAN;
    return m;
}

/* True if the product of these sizes has the plain version's bits and touches nothing else. */
static bool agrees_packed(Start start, Product product, int m, int n, int k, uint64_t seed)
{
    Operands o = operands_new(product, m, n, k, seed);
    real *room, *kept = calloc((size_t)o.b.view.rows * (size_t)o.b.view.cols, sizeof(real));
    Matrix b = mat(kept, o.b.view.rows, o.b.view.cols);
    fast(start, product, o.c.view, o.a.view, packed(product, o.b.view, &room, b), o.row.view);
    plain(start, product, framed_copy(&o.c), o.a.view, b, o.row.view);
    bool same = framed_same(&o.c) && framed_same(&o.a) && framed_same(&o.row);
    operands_free(&o);
    free(room);
    free(kept);
    return same;
}

static bool agrees(Start start, Product product, int m, int n, int k, uint64_t seed)
{
    Operands o = operands_new(product, m, n, k, seed);
    fast(start, product, o.c.view, o.a.view, o.b.view, o.row.view);
    plain(start, product, framed_copy(&o.c), o.a.view, o.b.view, o.row.view);
    bool same = framed_same(&o.c) && framed_same(&o.a) && framed_same(&o.b) && framed_same(&o.row);
    operands_free(&o);
    return same;
}

static void check_products(int m, int n, int k, uint64_t seed)
{
    for (Start start = ADD; start <= SET_ROW; start++)
        for (Product product = AB; product <= ATB && product_name[start][product]; product++) {
            ck_assert_msg(agrees(start, product, m, n, k, seed),
                          "%s, (m, n, k) = (%d, %d, %d), seed %d: other bits than the plain loops",
                          product_name[start][product], m, n, k, (int)seed);
            if (k > 0)
                ck_assert_msg(agrees_packed(start, product, m, n, k, seed),
                              "%s, (m, n, k) = (%d, %d, %d), seed %d, packed: other bits",
                              product_name[start][product], m, n, k, (int)seed);
        }
}

static void set_threads(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads);
#else
    (void)threads;
#endif
}

/* --- the products --- */

START_TEST(product_of_two_small_matrices_is_the_one_worked_by_hand)
{
    real a[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8, 9, 10, 11, 12}, c[] = {100, 200, 300, 400};
    mat_add_ab(mat(c, 2, 2), mat(a, 2, 3), mat(b, 3, 2));
    ck_assert(c[0] == 158 && c[1] == 264 && c[2] == 439 && c[3] == 554);

    /* (1 2 3; 4 5 6) (7 8 9; 10 11 12)' */
    real d[4] = {0};
    mat_add_abt(mat(d, 2, 2), mat(a, 2, 3), mat(b, 2, 3));
    ck_assert(d[0] == 50 && d[1] == 68 && d[2] == 122 && d[3] == 167);

    /* (1 2; 3 4; 5 6)' (7; 8; 9) */
    real e[2] = {0};
    mat_add_atb(mat(e, 2, 1), mat(a, 3, 2), mat(b, 3, 1));
    ck_assert(e[0] == 76 && e[1] == 100);
}
END_TEST

START_TEST(products_of_random_shapes_have_the_bits_of_plain_loops)
{
    Rng rng = rng_stream(1, 0);
    for (uint64_t i = 0; i < 250; i++) {
        int m = 1 + rng_below(&rng, 70), n = 1 + rng_below(&rng, 70), k = 1 + rng_below(&rng, 70);
        check_products(m, n, k, i);
    }
}
END_TEST

START_TEST(products_at_the_edges_of_every_tile_have_the_bits_of_plain_loops)
{
    const int rows[] = {1, 2, 5, 6, 7, 11, 12, 13, 24, 25};
    const int cols[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 64, 65, 200};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof cols / sizeof *cols; j++) {
            check_products(rows[i], cols[j], 1, i);
            check_products(rows[i], cols[j], 19, j);
        }
}
END_TEST

START_TEST(products_deeper_than_a_slab_have_the_bits_of_plain_loops)
{
    const int depths[] = {511, 512, 513, 1024, 1025, 1300};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        check_products(14, 35, depths[i], i);
        check_products(1, 33, depths[i], i);
        check_products(25, 1, depths[i], i);
        check_products(1, 1, depths[i], i);
    }
    set_threads(1); /* which gets so large an A' whole: slabs half as deep */
    check_products(260, 260, 300, 1);
}
END_TEST

/* Rows are 8 numbers further apart than they are long: here a multiple of 4096 bytes. */
START_TEST(products_whose_lines_collide_have_the_bits_of_plain_loops)
{
    const int lengths[] = {504, 1016}; /* in double, in float */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        set_threads(1);                         /* which gets all the columns */
        check_products(13, 560, lengths[i], i); /* of A, and of B more columns than fit in L2 */
        set_threads(2);
        check_products(30, 300, lengths[i], i); /* of A */
        check_products(lengths[i], 300, 20, i); /* of A' */
        check_products(30, lengths[i], 20, i);  /* of B, in blocks of columns */
    }
}
END_TEST

/* B is read in place where A has few rows and C whole vectors of columns, and packed elsewhere. */
START_TEST(products_with_b_in_place_have_the_bits_of_plain_loops)
{
    const int rows[] = {3, 16, 31, 47, 48, 49, 64, 71, 72, 73, 95, 96, 97};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_products(rows[i], 48, 37, i);
        check_products(rows[i], 32, 600, i);
    }
}
END_TEST

/* The last of so many columns stands alone behind whole panels, of 4 to 32 columns. */
START_TEST(products_with_a_single_last_column_have_the_bits_of_plain_loops)
{
    const int rows[] = {3, 4, 8, 15, 16, 17, 31, 33, 64, 127, 128, 129, 150, 275};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_products(rows[i], 1, 37, i);
        check_products(rows[i], 65, 3, i);
        check_products(rows[i], 33, 514, i);
    }
}
END_TEST

/* Row i of C = row i of A times block i of B, below one another or side by side. */
START_TEST(products_by_blocks_have_the_bits_of_a_product_for_each_row)
{
    real x[] = {1, 2, 3, 4}, y[] = {5, 6, 7, 8}, z[] = {9, 9};
    mat_set_ab_blocks(mat(z, 2, 1), mat(x, 2, 2), mat(y, 4, 1)); /* (1 2) (5; 6), (3 4) (7; 8) */
    ck_assert(z[0] == 17 && z[1] == 53);
    mat_set_ab_blocks(mat(z, 2, 1), mat(x, 2, 2), mat(y, 2, 2)); /* (1 2) (5; 7), (3 4) (6; 8) */
    ck_assert(z[0] == 19 && z[1] == 50);

    const int rows[] = {1, 2, 3, 4, 5, 6, 7, 12}, cols[] = {1, 5, 8, 15, 16, 17, 32, 48, 65, 200};
    Rng rng = rng_stream(3, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof cols / sizeof *cols; j++)
            for (int below = 0; below < 2; below++) {
                int m = rows[i], n = cols[j], k = 1 + rng_below(&rng, 40);
                Framed c = framed_new(m, n, &rng), a = framed_new(m, k, &rng);
                Framed b = below ? framed_new(m * k, n, &rng) : framed_new(k, m * n, &rng);
                mat_set_ab_blocks(c.view, a.view, b.view);
                for (int r = 0; r < m; r++)
                    plain(SET, AB, mat_rows(framed_copy(&c), r, 1), mat_rows(a.view, r, 1),
                          below ? mat_rows(b.view, r * k, k) : mat_cols(b.view, r * n, n), a.view);
                ck_assert_msg(framed_same(&c) && framed_same(&a) && framed_same(&b),
                              "%d rows of %d, sums of %d, %s: other bits", m, n, k,
                              below ? "below one another" : "side by side");
                framed_free(&c);
                framed_free(&a);
                framed_free(&b);
            }
}
END_TEST

START_TEST(products_shared_by_a_team_have_the_bits_of_plain_loops)
{
    for (int threads = 1; threads <= 3; threads++) {
        set_threads(threads);
        check_products(97, 67, 61, 1);
        check_products(31, 33, 1030, 2);
        check_products(1, 600, 700, 3); /* one row: one thread has nothing to multiply */
        check_products(130, 65, 300, 5);
        check_products(700, 1, 600, 4); /* one panel: one thread has nothing to pack */
    }
}
END_TEST

START_TEST(products_inside_a_parallel_region_have_the_bits_of_plain_loops)
{
    enum { SEQUENCES = 13 }; /* odd: a barrier that one thread meets more often would hang */
    bool same[SEQUENCES] = {false};
    set_threads(2);
#pragma omp parallel for
    for (int s = 0; s < SEQUENCES; s++)
        same[s] = agrees(ADD, (Product)(s % 3), 40 + s, 66 - s, 520 + s, (uint64_t)s);
    for (int s = 0; s < SEQUENCES; s++) ck_assert_msg(same[s], "sequence %d", s);
}
END_TEST

START_TEST(product_of_whole_numbers_added_twice_doubles)
{
    enum { M = 17, N = 35, K = 21 };
    real a[M * K], b[K * N], once[M * N] = {0}, twice[M * N] = {0};
    Rng rng = rng_stream(2, 0);
    for (int i = 0; i < M * K; i++) a[i] = (real)(rng_below(&rng, 19) - 9);
    for (int i = 0; i < K * N; i++) b[i] = (real)(rng_below(&rng, 19) - 9);
    mat_add_ab(mat(once, M, N), mat(a, M, K), mat(b, K, N));
    mat_add_ab(mat(twice, M, N), mat(a, M, K), mat(b, K, N));
    mat_add_ab(mat(twice, M, N), mat(a, M, K), mat(b, K, N));
    real most = 0;
    for (int i = 0; i < M * N; i++) {
        ck_assert(twice[i] == 2 * once[i]);
        if (once[i] > most) most = once[i];
    }
    ck_assert(most > 100);
}
END_TEST

/* matrix.h promises one order of k: so a product may be cut anywhere, in any direction. */
START_TEST(product_done_in_slices_has_the_bits_of_the_whole)
{
    Operands o = operands_new(AB, 29, 47, 600, 3);
    Matrix c = o.c.view, a = o.a.view, b = o.b.view, slices = framed_copy(&o.c);
    mat_add_ab(c, a, b);
    for (int k = 0; k < 600; k += 150)
        for (int half = 0; half < 2; half++) {
            int first = half ? 10 : 0, count = half ? 19 : 10;
            mat_add_ab(mat_rows(slices, first, count), mat_cols(mat_rows(a, first, count), k, 150),
                       mat_rows(b, k, 150));
        }
    ck_assert(framed_same(&o.c));
    operands_free(&o);
}
END_TEST

START_TEST(products_of_nothing_change_nothing)
{
    for (Product product = AB; product <= ATB; product++)
        for (int zero = 0; zero < 3; zero++) {
            Operands o =
                operands_new(product, zero == 0 ? 0 : 13, zero == 1 ? 0 : 18, zero == 2 ? 0 : 7, 4);
            fast(ADD, product, o.c.view, o.a.view, o.b.view, o.row.view);
            ck_assert(framed_same(&o.c));
            operands_free(&o);
        }
    check_products(13, 18, 0, 4); /* a sum of nothing is where it starts */
    mat_add_ab(mat(NULL, 0, 3), mat(NULL, 0, 0), mat(NULL, 0, 3));
}
END_TEST

START_TEST(nan_in_one_operand_spoils_its_row_or_column_and_no_more)
{
    Operands o = operands_new(AB, 27, 37, 15, 5);
    mat_row(o.a.view, 13)[4] = (real)NAN;
    mat_row(o.b.view, 9)[36] = (real)NAN;
    mat_add_ab(o.c.view, o.a.view, o.b.view);
    for (int i = 0; i < 27; i++)
        for (int j = 0; j < 37; j++)
            ck_assert_msg(!isnan(mat_row(o.c.view, i)[j]) == !(i == 13 || j == 36), "%d, %d", i, j);
    operands_free(&o);
}
END_TEST

START_TEST(infinity_propagates_and_infinity_times_zero_is_nan)
{
    real a[] = {(real)INFINITY, 1, 0, 1}, b[] = {2, 0, -3, (real)-INFINITY}, c[4] = {0};
    mat_add_ab(mat(c, 2, 2), mat(a, 2, 2), mat(b, 2, 2));
    ck_assert(isinf(c[0]) && c[0] > 0); /* inf 2 + 1 (-3) */
    ck_assert(isnan(c[1]));             /* inf 0 */
    ck_assert(c[2] == -3);
    ck_assert(isinf(c[3]) && c[3] < 0);
}
END_TEST

START_TEST(products_that_do_not_fit_are_refused_with_all_three_shapes)
{
    real x[64] = {0};
    Matrix c = mat(x, 2, 3), a = mat(x, 2, 4), b = mat(x, 4, 3);
    ck_assert_dies(mat_add_ab(c, b, a), "c.rows == a.rows && a.cols == b.rows");
    ck_assert_dies(mat_add_ab(c, b, a),
                   "C += A B does not fit: C is 2 x 3, A is 4 x 3, B is 2 x 4");
    ck_assert_dies(mat_add_ab(mat(x, 3, 3), a, b), "C is 3 x 3, A is 2 x 4, B is 4 x 3");
    ck_assert_dies(mat_add_ab(mat(x, 2, 2), a, b), "C is 2 x 2");
    ck_assert_dies(mat_add_ab(c, a, mat(x, 5, 3)), "B is 5 x 3");
    ck_assert_dies(mat_add_abt(c, a, b),
                   "C += A B' does not fit: C is 2 x 3, A is 2 x 4, B is 4 x 3");
    ck_assert_dies(mat_add_abt(mat(x, 1, 3), a, mat(x, 3, 4)), "C is 1 x 3");
    ck_assert_dies(mat_add_abt(mat(x, 2, 4), a, mat(x, 3, 4)), "C is 2 x 4");
    ck_assert_dies(mat_add_atb(c, a, b),
                   "C += A' B does not fit: C is 2 x 3, A is 2 x 4, B is 4 x 3");
    ck_assert_dies(mat_add_atb(mat(x, 5, 3), mat(x, 4, 2), b), "C is 5 x 3");
    ck_assert_dies(mat_add_atb(mat(x, 2, 4), mat(x, 4, 2), b), "C is 2 x 4");
    ck_assert_dies(mat_set_ab(c, b, a), "C = A B does not fit: C is 2 x 3, A is 4 x 3, B is 2 x 4");
    ck_assert_dies(mat_set_abt(c, a, b), "C = A B' does not fit: C is 2 x 3");
    ck_assert_dies(mat_set_atb(c, a, b), "C = A' B does not fit: C is 2 x 3");
    ck_assert_dies(mat_set_ab_row(c, b, a, mat(x, 1, 3)), "C = A B + row does not fit: C is 2 x 3");
    ck_assert_dies(mat_set_ab_row(c, a, b, mat(x, 1, 2)), "a row of 1 x 2 for a 2 x 3 matrix");
    ck_assert_dies(mat_set_ab_row(c, a, b, mat(x, 2, 3)), "a row of 2 x 3 for a 2 x 3 matrix");
    ck_assert_dies(mat_set_ab_row(c, a, b, mat(x, 0, 3)), "a row of 0 x 3 for a 2 x 3 matrix");
    ck_assert_dies(mat_set_ab_blocks(c, a, b),
                   "C = A B by blocks does not fit: C is 2 x 3, A is 2 x 4, B is 4 x 3");
    ck_assert_dies(mat_set_ab_blocks(c, b, mat(x, 8, 3)), "A is 4 x 3, B is 8 x 3");
    ck_assert_dies(mat_set_ab_blocks(c, a, mat(x, 7, 3)), "B is 7 x 3");
    ck_assert_dies(mat_set_ab_blocks(c, a, mat(x, 4, 7)), "B is 4 x 7");
}
END_TEST

/* --- views --- */

START_TEST(a_packed_matrix_that_has_changed_is_refused_and_its_slices_are_not_packed)
{
    real b[6] = {1, 2, 3, 4, 5, 6}, a[2] = {1, 10}, c[3] = {0};
    real *room = aligned_alloc(64, 4096 * sizeof(real));
    ck_assert_uint_le(mat_panels_size(2, 3), 2048);
    Matrix m = mat_pack(mat(b, 2, 3), room, room + 2048), row = mat(c, 1, 3), two = mat(a, 1, 2);
    mat_add_ab(row, two, m);
    ck_assert(c[0] == 41 && c[1] == 52 && c[2] == 63);
    mat_set_abt(two, row, m); /* 41 + 104 + 189,  164 + 260 + 378 */
    ck_assert(a[0] == 334 && a[1] == 802);
    b[0] = 7;
    ck_assert_dies(mat_add_ab(row, two, m), "a 2 x 3 matrix has changed since it was packed");
    ck_assert_dies(mat_set_abt(two, row, m), "has changed since it was packed");
    ck_assert_ptr_null(mat_rows(m, 0, 2).panels);
    ck_assert_ptr_null(mat_rows(m, 0, 2).turned);
    ck_assert_ptr_null(mat_cols(m, 0, 3).panels);
    ck_assert_ptr_null(mat_cols(m, 0, 3).turned);
    m = mat_pack(m, NULL, room); /* one of the two */
    ck_assert(!m.panels && m.turned == room);
    ck_assert_dies(mat_pack(mat(b, 0, 3), room, NULL), "a 0 x 3 matrix has nothing to pack");
    free(room);
}
END_TEST

START_TEST(slices_see_the_same_memory)
{
    real x[5 * 7];
    for (int i = 0; i < 5 * 7; i++) x[i] = (real)i;
    Matrix m = mat(x, 5, 7), s = mat_cols(mat_rows(m, 1, 3), 2, 4);
    ck_assert_int_eq(s.rows, 3);
    ck_assert_int_eq(s.cols, 4);
    ck_assert_int_eq(s.stride, 7);
    ck_assert(mat_row(s, 2)[3] == 3 * 7 + 5);
    mat_row(s, 0)[0] = -1;
    ck_assert(x[7 + 2] == -1);
    ck_assert_ptr_eq(mat_row(mat_rows(mat_cols(m, 2, 4), 1, 3), 2), mat_row(s, 2));
    ck_assert_int_eq(mat_rows(m, 5, 0).rows, 0);
    ck_assert_int_eq(mat_cols(m, 7, 0).cols, 0);
}
END_TEST

START_TEST(slices_of_a_matrix_without_memory_have_none)
{
    Matrix m = mat_cols(mat_rows(mat(NULL, 5, 7), 1, 3), 2, 4);
    ck_assert_ptr_null(m.data);
    ck_assert_int_eq(m.rows, 3);
    ck_assert_int_eq(m.cols, 4);
}
END_TEST

START_TEST(slices_and_rows_out_of_range_are_refused)
{
    real x[5 * 7] = {0};
    Matrix m = mat(x, 5, 7);
    ck_assert_dies(mat_rows(m, 4, 2), "2 rows from row 4 of a 5 x 7 matrix");
    ck_assert_dies(mat_rows(m, -1, 2), "2 rows from row -1 of a 5 x 7 matrix");
    ck_assert_dies(mat_rows(m, 2, -1), "-1 rows from row 2");
    ck_assert_dies(mat_rows(m, 2147483647, 2147483647), "from row 2147483647");
    ck_assert_dies(mat_cols(m, 6, 2), "2 columns from column 6 of a 5 x 7 matrix");
    ck_assert_dies(mat_cols(m, -1, 2), "2 columns from column -1 of a 5 x 7 matrix");
    ck_assert_dies(mat_cols(m, 2, -1), "-1 columns from column 2");
    ck_assert_dies(mat_row(m, 5), "row 5 of a 5 x 7 matrix");
    ck_assert_dies(mat_row(m, -1), "row -1 of a 5 x 7 matrix");
    ck_assert_dies(mat(x, -1, 7), "a matrix of -1 x 7");
    ck_assert_dies(mat(x, 5, -7), "a matrix of 5 x -7");
}
END_TEST

/* --- the small loops --- */

START_TEST(small_loops_write_inside_their_view_only)
{
    Rng rng = rng_stream(6, 0);
    Framed to = framed_new(4, 19, &rng), from = framed_new(4, 19, &rng);
    Framed row = framed_new(1, 19, &rng);
    Matrix expected = framed_copy(&to);

    mat_add(to.view, from.view);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 19; j++) mat_row(expected, i)[j] += mat_row(from.view, i)[j];
    ck_assert(framed_same(&to));

    mat_set_a_row(to.view, to.view, row.view); /* A may be C */
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 19; j++) mat_row(expected, i)[j] += mat_row(row.view, 0)[j];
    ck_assert(framed_same(&to));

    mat_set_a_row(to.view, from.view, row.view);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 19; j++)
            mat_row(expected, i)[j] = mat_row(from.view, i)[j] + mat_row(row.view, 0)[j];
    ck_assert(framed_same(&to));

    mat_copy(to.view, from.view);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 19; j++) mat_row(expected, i)[j] = mat_row(from.view, i)[j];
    ck_assert(framed_same(&to));

    mat_zero(to.view);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 19; j++) mat_row(expected, i)[j] = 0;
    ck_assert(framed_same(&to));

    ck_assert(framed_same(&from) && framed_same(&row));
    framed_free(&to);
    framed_free(&from);
    framed_free(&row);
}
END_TEST

START_TEST(column_sums_are_added_row_by_row_in_order)
{
    Rng rng = rng_stream(7, 0);
    Framed row = framed_new(1, 37, &rng), m = framed_new(53, 37, &rng);
    Matrix expected = framed_copy(&row);
    mat_add_column_sums(row.view, m.view);
    for (int j = 0; j < 37; j++)
        for (int i = 0; i < 53; i++) mat_row(expected, 0)[j] += mat_row(m.view, i)[j];
    ck_assert(framed_same(&row) && framed_same(&m));
    framed_free(&row);
    framed_free(&m);
}
END_TEST

START_TEST(small_loops_over_no_rows_do_nothing)
{
    Matrix none = mat(NULL, 0, 3);
    real x[3] = {1, 2, 3};
    mat_zero(none);
    mat_copy(none, none);
    mat_add(none, none);
    mat_set_a_row(none, none, mat(x, 1, 3));
    mat_add_column_sums(mat(x, 1, 3), none);
    ck_assert(x[0] == 1 && x[1] == 2 && x[2] == 3);
}
END_TEST

START_TEST(small_loops_refuse_shapes_that_differ)
{
    real x[20] = {0};
    Matrix m = mat(x, 3, 4);
    ck_assert_dies(mat_copy(m, mat(x, 4, 3)), "B = A does not fit: 3 x 4 and 4 x 3");
    ck_assert_dies(mat_copy(m, mat(x, 3, 5)), "3 x 4 and 3 x 5");
    ck_assert_dies(mat_add(m, mat(x, 4, 4)), "C += A does not fit: 3 x 4 and 4 x 4");
    ck_assert_dies(mat_set_a_row(m, mat(x, 4, 3), mat(x, 1, 4)),
                   "C = A + row does not fit: 3 x 4 and 4 x 3");
    ck_assert_dies(mat_set_a_row(m, m, mat(x, 1, 3)), "a row of 1 x 3 for a 3 x 4 matrix");
    ck_assert_dies(mat_set_a_row(m, m, mat(x, 3, 4)), "a row of 3 x 4 for a 3 x 4 matrix");
    ck_assert_dies(mat_add_column_sums(mat(x, 1, 3), m),
                   "column sums into 1 x 3 of a 3 x 4 matrix");
    ck_assert_dies(mat_add_column_sums(mat(x, 3, 4), m),
                   "column sums into 3 x 4 of a 3 x 4 matrix");
}
END_TEST

static const TTest *const tests[] = {
    product_of_two_small_matrices_is_the_one_worked_by_hand,
    products_of_random_shapes_have_the_bits_of_plain_loops,
    products_at_the_edges_of_every_tile_have_the_bits_of_plain_loops,
    products_deeper_than_a_slab_have_the_bits_of_plain_loops,
    products_whose_lines_collide_have_the_bits_of_plain_loops,
    products_with_b_in_place_have_the_bits_of_plain_loops,
    products_with_a_single_last_column_have_the_bits_of_plain_loops,
    products_by_blocks_have_the_bits_of_a_product_for_each_row,
    products_shared_by_a_team_have_the_bits_of_plain_loops,
    products_inside_a_parallel_region_have_the_bits_of_plain_loops,
    product_of_whole_numbers_added_twice_doubles,
    product_done_in_slices_has_the_bits_of_the_whole,
    products_of_nothing_change_nothing,
    nan_in_one_operand_spoils_its_row_or_column_and_no_more,
    infinity_propagates_and_infinity_times_zero_is_nan,
    products_that_do_not_fit_are_refused_with_all_three_shapes,
    a_packed_matrix_that_has_changed_is_refused_and_its_slices_are_not_packed,
    slices_see_the_same_memory,
    slices_of_a_matrix_without_memory_have_none,
    slices_and_rows_out_of_range_are_refused,
    small_loops_write_inside_their_view_only,
    column_sums_are_added_row_by_row_in_order,
    small_loops_over_no_rows_do_nothing,
    small_loops_refuse_shapes_that_differ,
    NULL,
};

RUN_TESTS("matrix", tests)
