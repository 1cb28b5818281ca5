/* results.h: what the rows say when they are held against the floor, the peers and the targets. */
#ifndef RESULTS_H
#define RESULTS_H

#include "rows.h"

typedef enum { MET, UNJUDGED, MISSED } Verdict; /* from good to bad */

/* What we had set out to reach; 0: nothing. */
typedef struct {
    double share; /* of the floor, at least */
    double ratio; /* to the best peer, at least */
    double limit; /* of `scaled`: at least for a rate, at most for a time or an amount of memory */
} Target;

/* NAN is what was not measured. */
typedef struct {
    char what[64], name[64], unit[16], peer[16];
    int threads;
    double ours, floor, peer_value;
    double share;  /* ours / floor; of products, floor is the peak of multiply-adds */
    double ratio;  /* how many times better than the peer: more symbols, or less time or memory */
    double scaled; /* ours as a machine of RESULTS_PEAK would have it, where there is a limit */
    Target target;
    bool target_set; /* any of the three */
    Verdict verdict; /* MET if all targets are, UNJUDGED if one lacks its peer */
    int place[2];    /* private: of the first result of this kind, and of this one */
} Result;

/* The targets that are absolute were set on a machine of so many GFLOP/s a core. */
enum { RESULTS_PEAK = 232 };

Verdict worse(Verdict a, Verdict b);

/* One result for each measurement of ours, and for what two of them say together: the gain of a
 * second thread, the growth of memory over steps. Results of a kind stand together, by threads and
 * by target. free() them. */
Result *results_of(Rows *rows, int *count);

#endif
