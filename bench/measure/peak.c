/* peak.c: how fast this machine multiplies and adds, with nothing to load or store.
 *
 *     x_i <- x_i a + b
 *
 * for as many independent vectors x_i as the registers hold, because a core begins a new
 * multiply-add long before the last one is done. Compiled with -ffp-contract=fast, which makes each
 * line one fused instruction where the machine has it. */
#include "measure.h"

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, VECTORS = 24 };
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32, VECTORS = 12 };
#else
enum { VECTOR_BYTES = 16, VECTORS = 12 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(real) };
typedef real Vector __attribute__((vector_size(VECTOR_BYTES)));

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

/* The sum of all lanes, so that nothing can be left out; a < 1 keeps it small. No two calls begin
 * alike, or a compiler could make them one. */
static double multiply_add(long rounds, double begin)
{
    Vector x[VECTORS], a = {0}, b = {0};
    a += (real)0.75, b += (real)0.125;
    UNROLL
    for (int i = 0; i < VECTORS; i++) x[i] = b + (real)(begin + i);
    for (long k = 0; k < rounds; k++) {
        UNROLL
        for (int i = 0; i < VECTORS; i++) x[i] = x[i] * a + b;
    }
    double total = 0;
    for (int i = 0; i < VECTORS; i++)
        for (int j = 0; j < LANES; j++) total += x[i][j];
    return total;
}

/* Each thread has a clock of its own: how long a thread takes to wake is not the machine's rate. */
double peak_rate(int threads)
{
    enum { ROUNDS = 10000 };
    double rate = 0, sum = 0;
    (void)threads; /* without OpenMP there is one */
#pragma omp parallel num_threads(threads) reduction(+ : rate, sum)
    {
#pragma omp barrier
        double start = clock_seconds(), seconds = 0, rounds = 0;
        for (; seconds < BURST_SECONDS; seconds = clock_seconds() - start) {
            sum += multiply_add(ROUNDS, seconds);
            rounds += ROUNDS;
        }
        rate += 2e-9 * rounds * VECTORS * LANES / seconds;
    }
    REQUIRE(sum > 0, "the sum of all x_i came out as %g", sum);
    return rate;
}
