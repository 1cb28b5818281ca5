/* test_book_examples_rl.c: the examples that chapters 3 and 5 of the book work by hand (chapter 4's
 * are in test_advantage.c), and what it says of twenty seeds. */
#include <stdlib.h>
#include <string.h>

#include "advantage.h"
#include "files.h"
#include "layers.h"
#include "ppo.h"
#include "reinforce.h"
#include "reward.h"
#include "suite.h"

/* --- chapter 3: three texts --------------------------------------------------------------------
 * Symbols: the end and a. The logits z are the same in every state, and the reward of a text is the
 * number of its a's. */
enum { END, A, SYMBOLS };

typedef struct {
    Vocabulary v;
    Rollout *r;
    real z[SYMBOLS];
} Pencil;

static void pencil_make(Pencil *p, int texts)
{
    static char *symbols[] = {(char *)"\n", (char *)"a"};
    TransformerShape shape = {1, 1, 4, 2, SYMBOLS};
    *p = (Pencil){0};
    vocabulary_make(&p->v, symbols, SYMBOLS, END);
    p->r = rollout_new(&shape, &p->v, texts, 2);
}

static void pencil_free(Pencil *p)
{
    rollout_free(p->r);
    vocabulary_free(&p->v);
}

/* The three texts of the book, in their order: the end alone, a and the end, a and a. */
static void add_text(Rollout *r, int number, bool paid_at_once)
{
    static const int symbols[3][2] = {{END}, {A, END}, {A, A}}, lengths[3] = {1, 2, 2};
    static const real rewards[3] = {0, 1, 2};
    rollout_add(r, symbols[number], lengths[number]);
    int i = rollout_texts(r) - 1, first = rollout_first(r, i);
    for (int t = 0; t < lengths[number] && paid_at_once; t++)
        r->rewards[first + t] = symbols[number][t] == A;
    if (!paid_at_once) r->rewards[rollout_last(r, i)] = rewards[number];
}

/* sum_t w_t (softmax(z) - onehot(x_t)), into d (SYMBOLS) */
static void gradient_of(const Pencil *p, real *d)
{
    int N = rollout_rows(p->r);
    real logits[6 * SYMBOLS], probs[6 * SYMBOLS], dlogits[6 * SYMBOLS] = {0}, logprob[6];
    for (int n = 0; n < N; n++) memcpy(logits + n * SYMBOLS, p->z, sizeof p->z);
    Matrix P = mat(probs, N, SYMBOLS), D = mat(dlogits, N, SYMBOLS);
    softmax_forward(P, logprob, mat(logits, N, SYMBOLS), p->r->rows->targets);
    softmax_gradient(D, P, p->r->rows->targets, p->r->weights);
    for (int j = 0; j < SYMBOLS; j++) d[j] = 0;
    for (int n = 0; n < N; n++)
        for (int j = 0; j < SYMBOLS; j++) d[j] += mat_row(D, n)[j];
}

/* After a step of size 1 down that gradient: the probability of a. */
static double probability_after_step(Pencil *p)
{
    real d[SYMBOLS];
    gradient_of(p, d);
    return 1 / (1 + exp((p->z[END] - d[END]) - (p->z[A] - d[A])));
}

static void three_texts(Pencil *p)
{
    pencil_make(p, 3);
    for (int i = 0; i < 3; i++) add_text(p->r, i, false);
}

/* J = p + p^2 */
static double objective(double p)
{
    return p + p * p;
}

START_TEST(one_reinforce_step_on_three_texts)
{
    Pencil p;
    real d[SYMBOLS];
    three_texts(&p);
    weights_total(p.r);
    weights_mean(p.r);
    static const double w[] = {0, 1 / 3.0, 1 / 3.0, 2 / 3.0, 2 / 3.0};
    for (int n = 0; n < 5; n++) ck_assert(fabs(p.r->weights[n] - w[n]) < 1e-6);
    gradient_of(&p, d);
    ck_assert(fabs(d[A] + 2 / 3.0) < 1e-6 && fabs(d[END] - 2 / 3.0) < 1e-6);
    double after = probability_after_step(&p);
    ck_assert(fabs(after - 0.791) < 5e-4 && fabs(objective(after) - 1.418) < 5e-4);
    pencil_free(&p);
}
END_TEST

START_TEST(one_step_with_the_mean_of_the_other_texts_as_baseline)
{
    Pencil p;
    real d[SYMBOLS];
    three_texts(&p);
    weights_total(p.r);
    weights_baseline(p.r, &(Baseline){.kind = BASELINE_BATCH});
    weights_mean(p.r);
    static const double w[] = {-0.5, 0, 0, 0.5, 0.5};
    for (int n = 0; n < 5; n++) ck_assert(fabs(p.r->weights[n] - w[n]) < 1e-6);
    gradient_of(&p, d);
    ck_assert(fabs(d[A] + 0.75) < 1e-6);
    double after = probability_after_step(&p);
    ck_assert(fabs(after - 0.818) < 5e-4 && fabs(objective(after) - 1.486) < 5e-4);
    pencil_free(&p);
}
END_TEST

START_TEST(a_lucky_batch_steps_and_a_silent_one_does_not)
{
    for (int number = 0; number < 3; number += 2) {
        Pencil p;
        real d[SYMBOLS];
        pencil_make(&p, 3);
        for (int i = 0; i < 3; i++) add_text(p.r, number, false);
        weights_total(p.r);
        weights_mean(p.r);
        gradient_of(&p, d);
        double after = probability_after_step(&p);
        ck_assert(fabs(d[A] + number) < 1e-6 && fabs(d[END] - number) < 1e-6);
        ck_assert(fabs(after - (number ? 0.982 : 0.5)) < 5e-4);
        ck_assert(fabs(objective(after) - (number ? 1.946 : 0.75)) < 5e-4);
        pencil_free(&p);
    }
}
END_TEST

/* What one text, each a paid at once, says of dJ/dz_a on average, if `fill` makes its weights. */
static double mean_estimate(void (*fill)(Rollout *r))
{
    static const double probability[] = {0.5, 0.25, 0.25};
    double mean = 0;
    for (int i = 0; i < 3; i++) {
        Pencil p;
        real d[SYMBOLS];
        pencil_make(&p, 1);
        add_text(p.r, i, true);
        fill(p.r);
        gradient_of(&p, d);
        mean -= probability[i] * d[A];
        pencil_free(&p);
    }
    return mean;
}

static void weights_so_far(Rollout *r)
{
    real so_far = 0;
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] = so_far += r->rewards[n];
}

START_TEST(the_reward_so_far_forgets_what_a_symbol_brings_about)
{
    ck_assert(fabs(mean_estimate(weights_to_go) - 0.5) < 1e-6);
    ck_assert(fabs(mean_estimate(weights_so_far) - 3 / 8.0) < 1e-6);
}
END_TEST

/* V is right, 3/4 at first and 1/2 after an a, or says 5 too much. */
static double error_of_V;

static void weights_td(Rollout *r)
{
    for (int n = 0; n < rollout_rows(r); n++)
        r->values[n] = (real)((n == 0 ? 0.75 : 0.5) + error_of_V);
    advantage_td(r, 1);
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] = r->advantages[n];
}

START_TEST(a_constant_error_of_the_critic_is_charged_to_the_end)
{
    for (error_of_V = 0; error_of_V < 10; error_of_V += 5)
        ck_assert(fabs(mean_estimate(weights_td) - (0.5 + error_of_V / 4)) < 1e-5);
}
END_TEST

START_TEST(three_successes_among_sixty_four_whitened)
{
    Pencil p;
    pencil_make(&p, 64);
    for (int i = 0; i < 64; i++) {
        add_text(p.r, 0, false);
        p.r->weights[i] = i < 3;
    }
    weights_whiten(p.r);
    for (int i = 0; i < 64; i++) ck_assert(fabs(p.r->weights[i] - (i < 3 ? 4.51 : -0.22)) < 5e-3);
    pencil_free(&p);
}
END_TEST

/* Mean and variance of what one text says of dJ/dz_a, with a constant baseline b, exactly. */
static void estimate(bool paid_at_once, double b, double *mean, double *variance)
{
    static const double probability[] = {0.5, 0.25, 0.25};
    double square = 0;
    *mean = 0;
    for (int i = 0; i < 3; i++) {
        Pencil p;
        real d[SYMBOLS];
        pencil_make(&p, 1);
        add_text(p.r, i, paid_at_once);
        weights_to_go(p.r);
        weights_baseline(p.r, &(Baseline){BASELINE_MOVING, .memory = 1, .mean = b, .batches = 1});
        gradient_of(&p, d);
        *mean -= probability[i] * d[A];
        square += probability[i] * d[A] * d[A];
        pencil_free(&p);
    }
    *variance = square - *mean * *mean;
}

START_TEST(a_baseline_changes_the_variance_and_not_the_mean)
{
    static const struct {
        bool paid_at_once;
        double b, variance;
    } rows[] = {{false, 0, 0.75},
                {false, 0.75, 0.2109},
                {false, 4 / 3.0, 1 / 12.0},
                {false, -10, 48.25},
                {true, 0, 0.375}};
    for (int i = 0; i < 5; i++) {
        double mean, variance;
        estimate(rows[i].paid_at_once, rows[i].b, &mean, &variance);
        ck_assert(fabs(mean - 0.5) < 1e-5);
        ck_assert_msg(fabs(variance - rows[i].variance) < 1e-4, "row %d: %g, not %g", i, variance,
                      rows[i].variance);
    }
}
END_TEST

START_TEST(a_baseline_of_one_leaves_no_variance_in_rewards_to_go)
{
    double mean, variance;
    estimate(true, 1, &mean, &variance);
    ck_assert(fabs(mean - 0.5) < 1e-6 && fabs(variance) < 1e-6);
}
END_TEST

START_TEST(the_least_price_of_a_reward_of_0_95)
{
    ck_assert(fabs(least_kl(0.03, 0.95) - 3.13) < 5e-3);
    ck_assert(fabs(least_kl(0.03, 1) - log(1 / 0.03)) < 1e-12);
    ck_assert(fabs(least_kl(1e-6, 1) - 13.8) < 0.02);
}
END_TEST

/* --- chapter 5: one clipped update -------------------------------------------------------------
 * Two symbols, logits 0, an a is drawn, steps of size 1/4. The end alone is the text where the
 * symbol is bad. */

static ClipStats clip(Rollout *r, double epsilon)
{
    ClipStats s = {0};
    weights_clip(r, &(Slice){0, rollout_texts(r), 0, rollout_rows(r), r->rows->batch}, epsilon, &s);
    return s;
}

/* Steps on one drawn symbol; ratio[k] and w[k] are those before step k. */
static void steps_on_one_symbol(double advantage, double epsilon, int steps, double *ratio,
                                double *w)
{
    Pencil p;
    pencil_make(&p, 1);
    rollout_add(p.r, (int[]){A, A}, 1);
    p.r->logprob_old[0] = (real)log(0.5);
    for (int k = 0; k < steps; k++) {
        double a = 1 / (1 + exp((double)p.z[END] - p.z[A]));
        real d[SYMBOLS];
        p.r->logprob[0] = (real)log(a);
        p.r->weights[0] = (real)advantage;
        clip(p.r, epsilon);
        ratio[k] = a / 0.5;
        w[k] = p.r->weights[0];
        gradient_of(&p, d);
        for (int j = 0; j < SYMBOLS; j++) p.z[j] -= d[j] / 4;
    }
    pencil_free(&p);
}

START_TEST(a_clipped_update_stops_after_two_steps_and_an_unclipped_one_goes_on)
{
    double ratio[5], w[5];
    steps_on_one_symbol(1, 0.2, 5, ratio, w);
    static const double r[] = {1, 1.124, 1.243, 1.243, 1.243}, weight[] = {1, 1.124, 0, 0, 0};
    for (int k = 0; k < 5; k++)
        ck_assert_msg(fabs(ratio[k] - r[k]) < 5e-4 && fabs(w[k] - weight[k]) < 5e-4,
                      "step %d: ratio %.5f, weight %.5f", k, ratio[k], w[k]);
    steps_on_one_symbol(1, INFINITY, 5, ratio, w);
    static const double free_r[] = {1, 1.124, 1.243, 1.350, 1.443};
    for (int k = 0; k < 5; k++)
        ck_assert_msg(fabs(ratio[k] - free_r[k]) < 5e-4 && w[k] > 0.9, "step %d: ratio %.5f", k,
                      ratio[k]);
}
END_TEST

START_TEST(a_bad_symbol_is_pushed_down_to_the_clip_and_no_further)
{
    double ratio[4], w[4];
    steps_on_one_symbol(-1, 0.2, 4, ratio, w);
    static const double r[] = {1, 0.876, 0.757, 0.757}, weight[] = {-1, -0.876, 0, 0};
    for (int k = 0; k < 4; k++)
        ck_assert_msg(fabs(ratio[k] - r[k]) < 5e-4 && fabs(w[k] - weight[k]) < 5e-4,
                      "step %d: ratio %.5f, weight %.5f", k, ratio[k], w[k]);
}
END_TEST

/* The table of the four regions, and the middle. */
START_TEST(the_four_regions_of_the_clip)
{
    static const double cases[][3] = {{1, 1.5, 0},   {-1, 1.5, -1.5}, {1, 0.5, 0.5},  {-1, 0.5, 0},
                                      {1, 1.1, 1.1}, {-1, 0.9, -0.9}, {-1, 20, -20.0}};
    for (int i = 0; i < 7; i++) {
        Pencil p;
        pencil_make(&p, 1);
        rollout_add(p.r, (int[]){A, A}, 1);
        p.r->logprob[0] = (real)log(cases[i][1]);
        p.r->weights[0] = (real)cases[i][0];
        ClipStats s = clip(p.r, 0.2);
        ck_assert(fabs(p.r->weights[0] - cases[i][2]) < 1e-4);
        ck_assert(fabs(s.largest_ratio - cases[i][1]) < 1e-4);
        ck_assert((s.clip_fraction == 1) == (fabs(cases[i][1] - 1) > 0.2));
        pencil_free(&p);
    }
}
END_TEST

/* A reward of 0 or 1 from a base rate of 3%: the best policy's rate, and its price. */
START_TEST(the_entropy_bonus_by_hand_on_three_symbols)
{
    real probs[] = {0.5, 0.25, 0.25}, dlogits[3] = {0};
    double H = 0;
    entropy_bonus(mat(dlogits, 1, 3), mat(probs, 1, 3), 1, &H);
    ck_assert(fabs(H - 1.04) < 5e-4);
    ck_assert(fabs(dlogits[0] - 0.173) < 5e-4); /* we go down dlogits */
    ck_assert(fabs(dlogits[1] + 0.087) < 5e-4 && fabs(dlogits[2] + 0.087) < 5e-4);
}
END_TEST

START_TEST(the_best_policy_for_a_reward_of_zero_or_one)
{
    static const double rows[][3] = {
        {1, 0.0776, 0.0271}, {0.3, 0.464, 0.952}, {0.1558, 0.95, 3.13}, {0.05, 1, 3.51}};
    for (int i = 0; i < 4; i++) {
        double odds = 0.03 / 0.97 * exp(1 / rows[i][0]), q = odds / (1 + odds);
        ck_assert_msg(fabs(q - rows[i][1]) < 5e-4, "beta %g: q = %.5f", rows[i][0], q);
        ck_assert_msg(fabs(least_kl(0.03, q) - rows[i][2]) < 5e-3, "beta %g: %.4f nats", rows[i][0],
                      least_kl(0.03, q));
    }
}
END_TEST

/* --- chapter 5: who needs least? ----------------------------------------------------------------
 */

enum { NO_BASELINE, REINFORCE, ACTOR_CRITIC, PPO, ALGORITHMS, TWENTY = 20 };
enum { HALF, MOST, KL, MEASURES };
typedef double Twenty[ALGORITHMS][MEASURES][TWENTY];

static void read_twenty(Twenty of)
{
    static const char *const names[] = {"no baseline", "REINFORCE", "actor-critic", "PPO"};
    FILE *in = fopen("plots/chapter5_twenty.csv", "r");
    char line[200], name[40];
    ck_assert(in && fgets(line, sizeof line, in));
    for (int i = 0; i < ALGORITHMS * TWENTY; i++) {
        int a = i / TWENTY, s = i % TWENTY, seed;
        ck_assert(fgets(line, sizeof line, in) &&
                  sscanf(line, "%39[^,],%d,%lf,%lf,%lf", name, &seed, &of[a][HALF][s],
                         &of[a][MOST][s], &of[a][KL][s]) == 5);
        ck_assert_msg(strcmp(name, names[a]) == 0 && seed == s + 1, "%s", line);
    }
    fclose(in);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* In thousands, rounded. */
static long median(const double x[TWENTY])
{
    double sorted[TWENTY];
    memcpy(sorted, x, sizeof sorted);
    qsort(sorted, TWENTY, sizeof *sorted, by_size);
    return lround((sorted[TWENTY / 2 - 1] + sorted[TWENTY / 2]) / 2000);
}

static int seeds_below(const double x[TWENTY], const double y[TWENTY])
{
    int below = 0;
    for (int s = 0; s < TWENTY; s++) below += x[s] < y[s];
    return below;
}

static double mean(const double x[TWENTY])
{
    double total = 0;
    for (int s = 0; s < TWENTY; s++) total += x[s] / TWENTY;
    return total;
}

START_TEST(twenty_seeds_say_what_the_book_says)
{
    Twenty of;
    read_twenty(of);
    ck_assert_int_eq(median(of[PPO][HALF]), 97);
    ck_assert_int_eq(median(of[ACTOR_CRITIC][HALF]), 124);
    ck_assert_int_eq(median(of[REINFORCE][HALF]), 152);
    ck_assert_int_eq(median(of[PPO][MOST]), 262);
    ck_assert_int_eq(median(of[ACTOR_CRITIC][MOST]), 236);
    ck_assert_int_eq(median(of[REINFORCE][MOST]), 440);
    ck_assert_int_eq(seeds_below(of[PPO][HALF], of[ACTOR_CRITIC][HALF]), 16);
    ck_assert_int_eq(seeds_below(of[PPO][HALF], of[REINFORCE][HALF]), 19);
    ck_assert_int_eq(seeds_below(of[ACTOR_CRITIC][MOST], of[PPO][MOST]), 13);
    ck_assert_int_eq(seeds_below(of[REINFORCE][MOST], of[PPO][MOST]), 3);

    /* chapter 3: noise needn't be slow, but it leads away */
    ck_assert_int_eq(seeds_below(of[NO_BASELINE][HALF], of[REINFORCE][HALF]), 10);
    ck_assert_int_eq(seeds_below(of[NO_BASELINE][MOST], of[REINFORCE][MOST]), 8);
    ck_assert_int_eq(seeds_below(of[REINFORCE][KL], of[NO_BASELINE][KL]), TWENTY);
    ck_assert(fabs(mean(of[NO_BASELINE][KL]) - 6.6) < 0.05);
    ck_assert(fabs(mean(of[REINFORCE][KL]) - 5.4) < 0.05);

    /* chapter 4: a fifth less, and nearly half */
    ck_assert(fabs(1 -
                   (double)median(of[ACTOR_CRITIC][HALF]) / (double)median(of[REINFORCE][HALF]) -
                   0.2) < 0.05);
    ck_assert(fabs(1 -
                   (double)median(of[ACTOR_CRITIC][MOST]) / (double)median(of[REINFORCE][MOST]) -
                   0.46) < 0.02);
}
END_TEST

/* The first five of them are those of the chapters' summaries. */
START_TEST(the_first_five_of_twenty_are_the_books_five)
{
    Twenty of;
    read_twenty(of);
    for (int chapter = 3; chapter <= 5; chapter++) {
        char path[60];
        Error err;
        snprintf(path, sizeof path, "plots/chapter%d_summary.json", chapter);
        cJSON *summary = file_read_json(path, &err);
        ck_assert_msg(summary != NULL, "%s", err.text);
        cJSON *runs = cJSON_GetObjectItem(summary, "runs"), *run;
        int compared = 0;
        cJSON_ArrayForEach(run, runs)
        {
            const cJSON *baseline = cJSON_GetObjectItem(run, "baseline");
            bool none = baseline && strcmp(baseline->valuestring, "none") == 0;
            int a = none ? NO_BASELINE : REINFORCE + chapter - 3;
            int s = (int)cJSON_GetObjectItem(run, "seed")->valuedouble - 1;
            ck_assert(of[a][MOST][s] == cJSON_GetObjectItem(run, "symbols_until_95")->valuedouble);
            compared++;
        }
        ck_assert_int_eq(compared, chapter == 3 ? 10 : 5);
        cJSON_Delete(summary);
    }
}
END_TEST

static const TTest *const tests[] = {
    one_reinforce_step_on_three_texts,
    one_step_with_the_mean_of_the_other_texts_as_baseline,
    a_lucky_batch_steps_and_a_silent_one_does_not,
    the_reward_so_far_forgets_what_a_symbol_brings_about,
    a_constant_error_of_the_critic_is_charged_to_the_end,
    three_successes_among_sixty_four_whitened,
    a_baseline_changes_the_variance_and_not_the_mean,
    a_baseline_of_one_leaves_no_variance_in_rewards_to_go,
    the_least_price_of_a_reward_of_0_95,
    a_clipped_update_stops_after_two_steps_and_an_unclipped_one_goes_on,
    a_bad_symbol_is_pushed_down_to_the_clip_and_no_further,
    the_four_regions_of_the_clip,
    the_entropy_bonus_by_hand_on_three_symbols,
    the_best_policy_for_a_reward_of_zero_or_one,
    twenty_seeds_say_what_the_book_says,
    the_first_five_of_twenty_are_the_books_five,
    NULL};

RUN_TESTS("book_examples_rl", tests)
