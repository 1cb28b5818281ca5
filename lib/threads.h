/* threads.h: how many threads work, with OpenMP or without it. */
#ifndef THREADS_H
#define THREADS_H

/* Call first in main. A thread that waits for the others spins a little and then sleeps. GNU OpenMP
 * would spin for milliseconds, which on a busy machine takes the core away from the very thread
 * that is waited for (a run was measured at 15 times its time), and it reads this from the
 * environment before main: so the program sets it and starts itself anew. What the user has set in
 * OMP_WAIT_POLICY or GOMP_SPINCOUNT stands. */
void threads_start(char **argv);

/* From now on use n threads; 0 leaves the choice to the system, up to THREADS_MAX. */
enum { THREADS_MAX = 1024 };
void threads_use(int n);

int threads_count(void);

/* Inside an OpenMP parallel region: which of how many threads this is, and a wait until all of them
 * have come here. Outside, a team of one. */
int team_rank(void);
int team_size(void);
void team_meet(void);

#endif
