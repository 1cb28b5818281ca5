/* measure.h: how long something takes, beside what this machine could do in the same seconds.
 *
 * A processor's clock rises and falls with heat and with what the neighbours do, so a rate alone
 * says little. Every measurement here is cut in short bursts, and between any two of them the peak
 * of the machine is measured again. What is kept of both is the median. A program of bench/
 * measures one contestant in one process and prints its results as rows,
 *
 *     {"what":"training step","case":"2/2/64/64x32","threads":1,"by":"ours","unit":"symbols/s",
 *      "value":120000,"peak":117.2}
 *
 * one line of JSON each. run.sh starts the processes of all contestants in turn, several times
 * over, and table.c takes medians again and compares. */
#ifndef MEASURE_H
#define MEASURE_H

#include "run.h"
#include "settings.h"
#include "transformer.h"

typedef struct {
    const char *what, *by; /* the measurement and whose it is: "ours", "floor", a peer's name */
    const char *unit;
    const char *only; /* measure the cases whose name contains this; NULL: all */
    int threads;
    double seconds; /* for each case, about */
} Bench;

/* clang-format off */
#define BENCH_SETTINGS(b, usual_seconds) \
    {"threads", SETTING_INT, &(b).threads, .min = 1, .max = 1024, .help = "threads to work with"}, \
    {"seconds", SETTING_REAL, &(b).seconds, .min = 0.001, .max = 600, .quick = usual_seconds, \
     .help = "time for each case, about"}, \
    {"only", SETTING_STRING, &(b).only, .meta = "TEXT", .help = "the cases whose name contains it"}
/* clang-format on */

/* True if --only lets this case through. */
bool bench_wants(const Bench *b, const char *name);

typedef struct {
    double seconds; /* of one call: the median over the bursts */
    double peak;    /* multiply-adds of the machine meanwhile, GFLOP/s, all threads together */
} Measured;

/* Calls work(arg) again and again for about b->seconds, after two calls that don't count. */
Measured measure(const Bench *b, void (*work)(void *arg), void *arg);

/* Prints a row: `amount` units were done in m.seconds; with amount 0, m.seconds is the value. */
void bench_row(const Bench *b, const char *name, double amount, Measured m);

double median(double *x, int n); /* sorts x; the upper one of two in the middle */

/* n numbers between -1/2 and 1/2, at a multiple of 64 bytes; free() them. */
real *random_numbers(size_t n);

/* A burst is shorter than the turn that a scheduler gives, and yet so long that the system's own
 * interruptions are in each: in a virtual machine they may take a twentieth of the time. */
#define BURST_SECONDS 2e-3

/* Multiply-adds that `threads` cores can do at once, each on numbers that never leave its
 * registers: GFLOP/s, two for each multiply-add. Takes a burst, for what is held against it has the
 * interruptions of one. */
double peak_rate(int threads);

/* Nanoseconds until one core reads what another has written: some 30 where they share a cache,
 * and several times that where they don't. NAN where there are no two. */
double core_to_core(void);

/* Nanoseconds, where many are at work at once, until a core may write again to a line of 64 bytes
 * that another has read since. NAN as above. */
double line_taken_back(void);

/* The models and the training steps that are measured, of ours, of the floor and of the peer. */
typedef struct {
    const char *model; /* layers/heads/channels */
    const char *name;  /* model/context x batch */
    TransformerShape shape;
    int batch;
} TrainingCase;
enum { TRAINING_CASES = 3 };
extern const TrainingCase training_cases[TRAINING_CASES];

#endif
