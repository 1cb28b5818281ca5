/* numeric.h: exp, log and sums whose bits are the same everywhere.
 *
 * The C library's exp and log differ from one system to the next in the last bit, and they can't be
 * vectorised. These are straight-line arithmetic: a compiler turns a loop over real_exp into
 * vector code, and no compiler changes a bit. In double (the tests) the C library is used, since
 * there accuracy comes first. Book: chapter 0. */
#ifndef NUMERIC_H
#define NUMERIC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "real.h"

/* Where real_exp begins and ends, -87 and 88, out of the compiler's sight: where it knows them, it
 * makes masks and branches of what is else one instruction each. */
extern const float exp_first, exp_last;

/* a b + c, rounded once, where the machine has the instruction: without it the C library would have
 * to compute what no hot loop can wait for. */
static inline float fused(float a, float b, float c)
{
#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* e^x with a relative error of at most 2e-7, for x in [-87, 88]; x outside is taken as the nearer
 * end, so e^-1000 is 1e-38 rather than 0. NaN gives NaN.
 *
 *   x = n ln 2 + r, |r| <= ln 2 / 2   =>   e^x = 2^n e^r,   e^r by its Taylor series to r^7
 *
 * Adding 1.5 * 2^23 rounds a float to a whole number n, which then stands in its lowest bits. ln 2
 * is taken away in two parts, the first short enough (355/512) that n times it is exact. */
static inline real real_exp(real x)
{
    if (sizeof(real) == sizeof(double)) return (real)exp(x);
    const float shift = 12582912.0f, inverse_ln2 = 1.44269504f;
    float y = (float)x;
    y = y > exp_last ? exp_last : y;
    y = y < exp_first ? exp_first : y;
    float shifted = fused(y, inverse_ln2, shift), n = shifted - shift;
    float r = fused(n, 2.12194440e-4f, fused(n, -0.693359375f, y));
    float p = 1.0f / 5040;
    p = fused(p, r, 1.0f / 720);
    p = fused(p, r, 1.0f / 120);
    p = fused(p, r, 1.0f / 24);
    p = fused(p, r, 1.0f / 6);
    p = fused(p, r, 0.5f);
    p = fused(p, r, 1.0f);
    p = fused(p, r, 1.0f);
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23; /* 2^n: its exponent field is n + 127 */
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return (real)(p * scale);
}

/* ln x with an absolute error of at most 1.3e-7 max(1, |ln x|), for normal x > 0 (a smaller x gives
 * -88.03 .. -87.33); 0 gives -inf, and x < 0 NaN.
 *
 *   x = 2^n m, m in [0.7, 1.4)   =>   ln x = n ln 2 + 2 artanh(s),   s = (m - 1) / (m + 1)
 *
 * with artanh(s) = s + s^3/3 + s^5/5 + ..., |s| < 0.18. */
static inline real real_log(real x)
{
    if (sizeof(real) == sizeof(double)) return (real)log(x);
    float y = (float)x;
    if (!(y > 0)) return (real)(y == 0 ? -INFINITY : NAN);
    if (!(y < INFINITY)) return x;
    int32_t bits;
    memcpy(&bits, &y, sizeof bits);
    int32_t n = (bits - 0x3f333333) >> 23; /* 0x3f333333 is 0.7 */
    bits -= n * (1 << 23);
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1) / (m + 1), z = s * s;
    float p = 1.0f / 9;
    p = p * z + 1.0f / 7;
    p = p * z + 1.0f / 5;
    p = p * z + 1.0f / 3;
    p = p * z + 1.0f;
    return (real)((float)n * 0.693359375f + (2 * s * p - (float)n * 2.12194440e-4f));
}

/* The square root is exact to the last bit by the IEEE standard: the C library's will do. */
static inline real real_sqrt(real x)
{
    return sizeof(real) == sizeof(double) ? (real)sqrt(x) : (real)sqrtf((float)x);
}

/* Sums run in LANE_COUNT interleaved lanes, which are then added pairwise: one fixed order that a
 * vector unit of any width can follow. Zeros behind the last number change no bit. */
enum { LANE_COUNT = 64 / sizeof(real) };
typedef real Lanes __attribute__((vector_size(64), aligned(sizeof(real))));
typedef real HalfLanes __attribute__((vector_size(32), aligned(sizeof(real))));
typedef real QuarterLanes __attribute__((vector_size(16), aligned(sizeof(real))));

/* Pairwise, the upper half to the lower until one is left; written out, as a compiler that has to
 * count the halves goes through memory. */
static inline real lanes_sum(const Lanes *lanes)
{
    HalfLanes half[2];
    QuarterLanes quarter[2];
    real v[LANE_COUNT / 4];
    memcpy(half, lanes, sizeof half);
    half[0] += half[1];
    memcpy(quarter, half, sizeof quarter);
    quarter[0] += quarter[1];
    memcpy(v, quarter, sizeof v);
    for (int i = 0; i < LANE_COUNT / 8; i++) v[i] += v[i + LANE_COUNT / 8];
    for (int i = 0; i < LANE_COUNT / 16; i++) v[i] += v[i + LANE_COUNT / 16];
    return v[0];
}

static inline real greater(real a, real b)
{
    return b > a ? b : a;
}

/* The same of two vectors, number by number: a comparison sets all bits, or none. */
#define VECTOR_GREATER(a, b)                                      \
    ((__typeof__(a))((((b) > (a)) & (__typeof__((b) > (a)))(b)) | \
                     (~((b) > (a)) & (__typeof__((b) > (a)))(a))))

static inline real lanes_largest(const Lanes *lanes)
{
    HalfLanes half[2];
    QuarterLanes quarter[2];
    real v[LANE_COUNT / 4];
    memcpy(half, lanes, sizeof half);
    half[0] = VECTOR_GREATER(half[0], half[1]);
    memcpy(quarter, half, sizeof quarter);
    quarter[0] = VECTOR_GREATER(quarter[0], quarter[1]);
    memcpy(v, quarter, sizeof v);
    for (int i = 0; i < LANE_COUNT / 8; i++) v[i] = greater(v[i], v[i + LANE_COUNT / 8]);
    for (int i = 0; i < LANE_COUNT / 16; i++) v[i] = greater(v[i], v[i + LANE_COUNT / 16]);
    return v[0];
}

static inline real sum(const real *x, int n)
{
    Lanes lanes = {0};
    int i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT) lanes += *(const Lanes *)(x + i);
    if (i < n) {
        real last[LANE_COUNT] = {0};
        for (int j = 0; i + j < n; j++) last[j] = x[i + j];
        lanes += *(const Lanes *)last;
    }
    return lanes_sum(&lanes);
}

static inline real dot(const real *x, const real *y, int n)
{
    Lanes lanes = {0};
    int i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT)
        lanes += *(const Lanes *)(x + i) * *(const Lanes *)(y + i);
    if (i < n) {
        real last[LANE_COUNT] = {0};
        for (int j = 0; i + j < n; j++) last[j] = x[i + j] * y[i + j];
        lanes += *(const Lanes *)last;
    }
    return lanes_sum(&lanes);
}

/* sum_i x_i y_i z_i */
static inline real dot3(const real *x, const real *y, const real *z, int n)
{
    Lanes lanes = {0};
    int i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT)
        lanes += *(const Lanes *)(x + i) * *(const Lanes *)(y + i) * *(const Lanes *)(z + i);
    if (i < n) {
        real last[LANE_COUNT] = {0};
        for (int j = 0; i + j < n; j++) last[j] = x[i + j] * y[i + j] * z[i + j];
        lanes += *(const Lanes *)last;
    }
    return lanes_sum(&lanes);
}

/* The largest of n >= 1 numbers; the order does not matter, and a NaN may be passed over. */
static inline real largest(const real *x, int n)
{
    real m = x[0];
    int i = 0;
    if (n >= LANE_COUNT) {
        Lanes lanes = *(const Lanes *)x;
        for (i = LANE_COUNT; i + LANE_COUNT <= n; i += LANE_COUNT) {
            Lanes next = *(const Lanes *)(x + i);
            lanes = VECTOR_GREATER(lanes, next);
        }
        m = lanes_largest(&lanes);
    }
    for (; i < n; i++) m = greater(m, x[i]);
    return m;
}

#endif
