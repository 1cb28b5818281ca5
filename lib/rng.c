/* rng.c: xoshiro256++ and what is drawn from it. */
#include "rng.h"

#include "error.h"
#include "numeric.h"

/* splitmix64 (Steele, Lea and Flood 2014): turns a counter into well-mixed bits. */
static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

Rng rng_stream(uint64_t seed, uint64_t stream)
{
    uint64_t outer = seed, inner = splitmix(&outer) ^ stream;
    inner = splitmix(&inner) + outer; /* mixed twice: (1, 2) and (2, 1) are unrelated */
    Rng r;
    for (int i = 0; i < 4; i++) r.s[i] = splitmix(&inner);
    return r;
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t rng_next(Rng *r)
{
    uint64_t *s = r->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rng_uniform(Rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

int rng_below(Rng *r, int n)
{
    REQUIRE(n > 0, "a number below %d", n);
    uint64_t range = (uint64_t)n, limit = UINT64_MAX - UINT64_MAX % range, x;
    do x = rng_next(r);
    while (x >= limit); /* numbers past the last full multiple of n would favour the small ones */
    return (int)(x % range);
}

double rng_normal(Rng *r)
{
    double u, v, q;
    do { /* a point in the unit disc */
        u = 2 * rng_uniform(r) - 1;
        v = 2 * rng_uniform(r) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q == 0);
    return u * sqrt(-2 * (double)real_log((real)q) / q);
}

int rng_choice(Rng *r, const real *p, int n)
{
    REQUIRE(n > 0, "a choice among %d", n);
    double total = 0;
    for (int i = 0; i < n; i++) total += p[i];
    REQUIRE(total > 0 && total < INFINITY, "a choice with weights that sum to %g", total);
    double x = rng_uniform(r) * total, reached = 0;
    int last = 0;
    for (int i = 0; i < n; i++) {
        if (!(p[i] > 0)) continue;
        reached += p[i];
        last = i;
        if (x < reached) break;
    }
    return last; /* rounding may leave x at the total: the last possible one then */
}
