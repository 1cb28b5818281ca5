/* studies.c: see studies.h. */
#include "studies.h"

#include <math.h>
#include <stdio.h>

/* A toy, climbed once. */
static Climb climb_anew(const char *reward, double beta, const PpoOptions *o, int seed, Curves *c,
                        Run *run)
{
    Toy *toy = toy_new(reward, beta, 1, TOY_SEED);
    Climb climb = ceiling_climb(toy, o, seed, c, run);
    toy_free(toy);
    return climb;
}

Curves *study_ceiling(int first_seed, int seeds, int steps, Run *run)
{
    Curves *c = ceiling_curves();
    PpoOptions o = ceiling_options(steps);
    for (int i = 0; i < seeds && !run_stopped(); i++)
        climb_anew(CEILING_REWARD, CEILING_BETA, &o, first_seed + i, c, run);
    return c;
}

Curves *study_stress(int first_seed, int seeds, int steps, Run *run)
{
    Curves *c = ceiling_curves();
    PpoOptions o = ceiling_options(steps / 4 > 1 ? steps / 4 : 1);
    o.lr = o.last_lr = 3e-2;
    o.clip = INFINITY;
    o.epochs = 10;
    o.stop_kl = INFINITY;
    for (int i = 0; i < 2 * seeds && !run_stopped(); i++) {
        o.epsilon = i < seeds ? 0.2 : INFINITY;
        climb_anew(CEILING_REWARD, CEILING_BETA, &o, first_seed + i % seeds, c, run);
    }
    return c;
}

Curves *study_frontier(int first_seed, int seeds, int steps, Run *run)
{
    static const double betas[] = {1, 0.5, 0.3, 0.2, 0.1};
    enum { BETAS = sizeof betas / sizeof *betas };
    Curves *c = curves_new("beta,seed,reward,kl,best_reward,best_kl,least_kl");
    PpoOptions o = ceiling_options(steps);
    for (int i = 0; i < BETAS * seeds && !run_stopped(); i++) {
        int seed = first_seed + i % seeds;
        double beta = betas[i / seeds];
        Curves *way = ceiling_curves();
        Climb climb = climb_anew(FRONTIER_REWARD, beta, &o, seed, way, run);
        double p = curves_at(way, 0, "reward"), q = 1 / (1 + (1 - p) / p * exp(-1 / beta));
        curves_add(c, beta, seed, climb.reward, climb.kl, q, least_kl(p, q),
                   least_kl(p, climb.reward));
        curves_free(way);
    }
    return c;
}

/* ---- on paper ------------------------------------------------------------------------------- */

/* The last row of a seed's run is followed by another run's first. */
static bool is_last(const Curves *c, int row)
{
    return row + 1 == c->rows || curves_at(c, row + 1, "step") == 0;
}

void study_ceiling_print(const Curves *c)
{
    printf("\nto the ceiling: the reward is %s, less %g per nat of KL\n", CEILING_REWARD,
           CEILING_BETA);
    printf("  %4s %9s %9s %9s %9s %10s\n", "seed", "J_beta", "ceiling", "reached", "missing",
           "beta KL*");
    for (int i = 0; i < c->rows; i++) {
        if (!is_last(c, i)) continue;
        double J = curves_at(c, i, "objective"), top = curves_at(c, i, "ceiling");
        printf("  %4.0f %9.4f %9.4f %8.2f%% %9.6f %10.6f\n", curves_at(c, i, "seed"), J, top,
               100 * curves_at(c, i, "share"), top - J, CEILING_BETA * curves_at(c, i, "kl_best"));
    }
}

void study_stress_print(const Curves *c)
{
    printf("\nlarge steps and ten epochs\n  %4s %7s %9s %9s %9s %15s\n", "seed", "clip", "reward",
           "KL, nats", "J_beta", "largest ratio");
    double ratio = 0;
    for (int i = 0; i < c->rows; i++) {
        ratio = fmax(ratio, curves_at(c, i, "largest_ratio"));
        if (!is_last(c, i)) continue;
        printf("  %4.0f %7s %9.4f %9.4f %9.4f %15.4g\n", curves_at(c, i, "seed"),
               curves_at(c, i, "epsilon") > 0 ? "0.2" : "none", curves_at(c, i, "reward"),
               curves_at(c, i, "kl"), curves_at(c, i, "objective"), ratio);
        ratio = 0;
    }
}

void study_frontier_print(const Curves *c)
{
    printf("\nwhat KL costs: the reward is %s\n  %6s %4s %9s %9s %11s %9s %13s\n", FRONTIER_REWARD,
           "beta", "seed", "reward", "KL, nats", "pi* earns", "at KL", "least for PPO");
    for (int i = 0; i < c->rows; i++)
        printf("  %6g %4.0f %9.4f %9.4f %11.4f %9.4f %13.4f\n", curves_at(c, i, "beta"),
               curves_at(c, i, "seed"), curves_at(c, i, "reward"), curves_at(c, i, "kl"),
               curves_at(c, i, "best_reward"), curves_at(c, i, "best_kl"),
               curves_at(c, i, "least_kl"));
}
