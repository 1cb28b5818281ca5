/* grade_chapter3.c: tests of the exercises on REINFORCE, and of bugs in it. */
#include <math.h>
#include <stdio.h>

#include "extensions.h"
#include "kl.h"
#include "reinforce.h"
#include "reward.h"
#include "rollouts.h"

static const double *weights_of(const Rollout *r)
{
    return numbers(r->weights, rollout_rows(r));
}

/* ---- 3.1 the whole reward -------------------------------------------------------------------- */

static void every_symbol_of_a_text_gets_its_whole_reward(void)
{
    Rollout *r = three_texts();
    weights_total(r);
    expect_numbers(
        "weights, text by text", THREE_TEXTS, weights_of(r),
        (double[]){3, 3, 3.75, 3.75, 3.75, 3.75, -2}, 7,
        (Known[]){{{3, 2, 3.75, 3.25, 4.25, 0.25, -2}, "this is the reward to go, exercise 3.2"},
                  {{1, 2, 0.5, -1, 4, 0.25, -2}, "each symbol gets its own reward only: sum first"},
                  {{3, UNTOUCHED, 3.75, 3.75, 3.75, UNTOUCHED, UNTOUCHED},
                   "the last symbol of each text is left out. It is an action like any other: "
                   "without it the policy never learns when to stop"},
                  {{3, 3, 6.75, 6.75, 6.75, 6.75, 4.75},
                   "the sum isn't set back to 0 where a text begins"},
                  {{1.5, 1.5, 0.9375, 0.9375, 0.9375, 0.9375, -2},
                   "each text is divided by its own length, which turns the gradient"},
                  {{0, 0, 0, 0, 0, 0, 0},
                   "this reads r->reward, the raw reward of a text; the "
                   "return is the sum of r->rewards, a number per symbol"},
                  {.likely = NULL}},
        "w_t = R(tau), the sum of the rewards of the text that the symbol belongs to");
}

static void total(Rollout *batch, void *unused)
{
    (void)unused;
    weights_total(batch);
}

static void a_reward_that_all_texts_earn_pushes_nowhere_on_average(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 0, 0, 10);
    double length = mean_gradient_length(&k, total);
    expect_that(length < 1e-9, "the length of the mean gradient, E[10 grad log pi(text)]",
                say("%s; every text earns 10", ALL_TEXTS), "0", say("%.6g", length),
                "E[grad log pi] isn't 0: is the end symbol left out of the loss?");
}

static void the_mean_gradient_is_the_slope_of_J(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 1, 0.5, 0.25);
    expect_slope_of_J(&k, total, say("%s; an a earns 1, an end 0.5", ALL_TEXTS),
                      "a weight must be the return of its own text, with its own sign: a positive "
                      "weight makes a symbol likelier");
}

/* ---- 3.2 reward to go ------------------------------------------------------------------------ */

static void a_symbol_gets_what_comes_with_it_and_after_it(void)
{
    Rollout *r = three_texts();
    weights_to_go(r);
    expect_numbers(
        "weights, text by text", THREE_TEXTS, weights_of(r),
        (double[]){3, 2, 3.75, 3.25, 4.25, 0.25, -2}, 7,
        (Known[]){
            {{3, 3, 3.75, 3.75, 3.75, 3.75, -2},
             "this is the reward of the whole text, exercise 3.1: leave out what came before"},
            {{1, 3, 0.5, -0.5, 3.5, 3.75, -2},
             "the sum runs the wrong way: it holds what came before a symbol, not what comes"},
            {{2, 0, 3.25, 4.25, 0.25, 0, 0},
             "a symbol's own reward belongs to it: start the sum at t, not at t + 1"},
            {{1, 2, 0.5, -1, 4, 0.25, -2}, "each symbol gets its own reward only: sum"},
            {{4.75, 3.75, 1.75, 1.25, 2.25, -1.75, -2},
             "the sum runs on from one text into the other: set it back to 0"},
            {{3, 2, 6.75, 6.25, 7.25, 3.25, 4.75},
             "the sum runs on from one text into the other: set it back to 0"},
            {.likely = NULL}},
        "w_t = r_t + w_{t+1}, from the last symbol of a text to its first");
}

static void to_go(Rollout *batch, void *unused)
{
    (void)unused;
    weights_to_go(batch);
}

static void what_came_before_adds_nothing_on_average(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 1, 0.5, 0);
    expect_slope_of_J(
        &k, to_go, say("%s; an a earns 1 where it stands", ALL_TEXTS),
        "the rewards that a symbol brings itself, and all that come later, count in full");
}

/* ---- 3.3 a baseline -------------------------------------------------------------------------- */

/* Weights that are the returns 3, 3.75 and -2 already. */
static Rollout *with_returns(void)
{
    Rollout *r = three_texts();
    set(r->weights, (double[]){3, 3, 3.75, 3.75, 3.75, 3.75, -2}, 7);
    return r;
}

#define RETURNS \
    "three texts of 2, 4 and 1 symbols with returns 3, 3.75 and -2, which are the weights"

static void the_batch_baseline_is_the_mean_of_the_other_texts(void)
{
    Rollout *r = with_returns();
    Baseline b = {.kind = BASELINE_BATCH};
    weights_baseline(r, &b);
    double mean = 4.75 / 3;
    expect_numbers(
        "weights less the batch baseline", RETURNS, weights_of(r),
        (double[]){2.125, 2.125, 3.25, 3.25, 3.25, 3.25, -5.375}, 7,
        (Known[]){
            {{3 - mean, 3 - mean, 3.75 - mean, 3.75 - mean, 3.75 - mean, 3.75 - mean, -2 - mean},
             "the mean holds the text itself. Then it depends on the symbol that it judges: "
             "leave the text out of its own baseline"},
            {{3, 3, 3.75, 3.75, 3.75, 3.75, -2},
             "nothing is taken away, or what isn't the return: r->reward, the raw one, has no "
             "price in it"},
            {{3.875, 3.875, 4.25, 4.25, 4.25, 4.25, 1.375}, "the baseline is added"},
            {{3 - 1.75 / 3, 3 - 1.75 / 3, 3.75 - 1.0 / 3, 3.75 - 1.0 / 3, 3.75 - 1.0 / 3,
              3.75 - 1.0 / 3, -2 - 6.75 / 3},
             "the others are N - 1 texts, and the sum is divided by N"},
            {.likely = NULL}},
        "b of text i is the sum of the returns of the other texts over N - 1; rollout_return() "
        "gives "
        "a return");
}

static void a_text_alone_has_no_others(void)
{
    Rollout *r = texts_new((int[]){3, 0});
    Baseline b = {.kind = BASELINE_BATCH};
    set(r->rewards, (double[]){1, 0, 2}, 3);
    set(r->weights, (double[]){3, 3, 3}, 3);
    weights_baseline(r, &b);
    expect_numbers("weights less the batch baseline", "one text alone, with return 3",
                   weights_of(r), (double[]){3, 3, 3}, 3,
                   (Known[]){{{0, 0, 0}, "it is compared with itself"}, {.likely = NULL}},
                   "there are no other texts to take the mean of, so b = 0: mind 0/0");
}

static void the_moving_baseline_knows_earlier_batches_only(void)
{
    Rollout *r = with_returns();
    Baseline b = {.kind = BASELINE_MOVING, .memory = 0.75};
    double mean = 4.75 / 3;
    weights_baseline(r, &b);
    expect_numbers(
        "weights of the first batch, less the moving baseline", RETURNS, weights_of(r),
        (double[]){3, 3, 3.75, 3.75, 3.75, 3.75, -2}, 7,
        (Known[]){
            {{3 - mean, 3 - mean, 3.75 - mean, 3.75 - mean, 3.75 - mean, 3.75 - mean, -2 - mean},
             "the average was moved before it was used, so it holds the texts that "
             "it judges: E[b grad log pi] is no longer 0"},
            {.likely = NULL}},
        "before the first batch the average is 0; move it after its use");
    expect("the moving average after the first batch", RETURNS, b.mean, mean,
           (Known[]){{{mean / 4},
                      "the first batch is averaged with the 0 that stood there before it: "
                      "it should be taken as it is"},
                     {.likely = NULL}},
           "after the first batch the average is the mean of its returns");
    for (int n = 0; n < rollout_rows(r); n++) r->rewards[n] *= 2;
    weights_baseline(r, &b);
    expect("the moving average after a second batch of twice the returns, with memory 0.75",
           RETURNS, b.mean, 0.75 * mean + 0.25 * 2 * mean,
           (Known[]){{{0.25 * mean + 0.75 * 2 * mean},
                      "memory is the weight of the past, not of the "
                      "new batch"},
                     {.likely = NULL}},
           "mean <- memory mean + (1 - memory) mean of this batch");
}

static void the_moving_baseline_is_taken_away(void)
{
    Rollout *r = with_returns();
    Baseline b = {.kind = BASELINE_MOVING, .memory = 0.75, .mean = 1, .batches = 2};
    double moved = 0.75 + 0.25 * 4.75 / 3;
    weights_baseline(r, &b);
    expect_numbers(
        "weights less the moving baseline", RETURNS "; the average of two batches before is 1",
        weights_of(r), (double[]){2, 2, 2.75, 2.75, 2.75, 2.75, -3}, 7,
        (Known[]){
            {{3, 3, 3.75, 3.75, 3.75, 3.75, -2},
             "nothing is taken away: the average is kept, and not used"},
            {{4, 4, 4.75, 4.75, 4.75, 4.75, -1}, "the baseline is added"},
            {{3 - moved, 3 - moved, 3.75 - moved, 3.75 - moved, 3.75 - moved, 3.75 - moved,
              -2 - moved},
             "the average was moved before it was used, so it holds the texts that it judges"},
            {.likely = NULL}},
        "every symbol's weight less b->mean, as earlier batches have left it");
    expect("batches", "the third batch", b.batches, 3,
           (Known[]){{{2}, "this batch isn't counted"}, {.likely = NULL}},
           "b->batches counts the batches that the average has seen");
}

static void a_first_batch_may_earn_nothing(void)
{
    Rollout *nothing = with_returns(), *r = with_returns();
    Baseline b = {.kind = BASELINE_MOVING, .memory = 0.75};
    nothing->rewards[6] = (real)-6.75;
    weights_baseline(nothing, &b);
    weights_baseline(r, &b);
    double mean = 4.75 / 3;
    expect("the moving average after two batches", "batches with mean returns 0 and 4.75/3", b.mean,
           mean / 4,
           (Known[]){{{mean},
                      "the second batch is taken for the first: b->batches tells, and a mean of 0 "
                      "doesn't"},
                     {.likely = NULL}},
           "mean <- memory mean + (1 - memory) mean of this batch");
}

static void no_baseline_takes_nothing_away(void)
{
    Rollout *r = with_returns();
    Baseline b = {.kind = BASELINE_NONE};
    weights_baseline(r, &b);
    expect_numbers("weights", RETURNS, weights_of(r), (double[]){3, 3, 3.75, 3.75, 3.75, 3.75, -2},
                   7, NO_KNOWN, "BASELINE_NONE means b = 0");
}

/* ---- 3.4 the price --------------------------------------------------------------------------- */

/* log pi and log pi_ref of three texts of 2, 4 and 1 symbols; R is 1, 0 and 3. */
static Rollout *with_logprobs(void)
{
    Rollout *r = texts_new((int[]){2, 4, 1, 0});
    set(r->logprob_old, (double[]){-1, -2, -1, -1, -3, -0.5, -1.5}, 7);
    set(r->logprob_ref, (double[]){-1.5, -2, -0.5, -2, -3, -1, -1}, 7);
    set(r->logprob, (double[]){-7, -7, -7, -7, -7, -7, -7}, 7);
    for (int n = 0; n < 7; n++) r->rewards[n] = r->kl[n] = (real)UNTOUCHED;
    r->reward[0] = 1;
    r->reward[1] = 0;
    r->reward[2] = 3;
    return r;
}

#define LOGPROBS                                                                         \
    "three texts that earn R = 1, 0 and 3, with log pi - log pi_ref = (0.5, 0), (-0.5, " \
    "1, 0, 0.5) and (-0.5), beta = 0.5"

static void a_symbol_pays_for_leaving_the_reference(void)
{
    Rollout *r = with_logprobs();
    rollout_kl_sampled(r);
    rollout_rewards(r, 0.5);
    expect_numbers(
        "rewards per symbol, from kl by its samples", LOGPROBS, numbers(r->rewards, 7),
        (double[]){-0.25, 1, 0.25, -0.5, 0, -0.25, 3.25}, 7,
        (Known[]){
            {{0.25, 1, -0.25, 0.5, 0, 0.25, 2.75},
             "the sign of the KL is wrong: leaving the reference is paid for, not rewarded"},
            {{0.75, 0, 0.25, -0.5, 0, -0.25, 3.25},
             "R comes with the first symbol. It belongs to the last: before it, nothing is "
             "known of the text"},
            {{0.75, 1, 0.25, -0.5, 0, -0.25, 3.25}, "every symbol of a text gets its R"},
            {{-0.5, 1, 0.5, -1, 0, -0.5, 3.5}, "the price is not multiplied by beta"},
            {{-0.25, 0, 0.25, -0.5, 0, -0.25, 0.25}, "R is missing"},
            {{0, 1, 0, 0, 0, 0, 3}, "the price is missing"},
            {{-0.25, 1, 0, -0.5, 0, -0.25, 3},
             "negative differences are set to 0. One text may be likelier under the reference; "
             "only the mean can't be negative, and clamping bends the objective"},
            {{2.75, 3.5, 3.25, 2.5, 2, 3, 6},
             "log pi of the policy as it is now was used: the price is fixed when the texts are "
             "drawn, by logprob_old"},
            {.likely = NULL}},
        "kl_t = log pi(x_t|s_t) - log pi_ref(x_t|s_t), r_t = [t is last] R - beta kl_t");
}

static void the_rewards_of_a_text_sum_to_its_reward_less_the_price(void)
{
    Rollout *r = with_logprobs();
    r->ended[1] = false; /* cut at the length limit: an end like any other */
    r->reward[1] = 2;
    rollout_kl_sampled(r);
    rollout_rewards(r, 0.5);
    double got = 0;
    for (int n = 2; n < 6; n++) got += (double)r->rewards[n];
    expect(
        "the sum of a text's rewards", "the second text, cut at the length limit, with R = 2", got,
        1.5,
        (Known[]){{{-0.5}, "a text that was cut at the length limit gets no R. It counts as ended"},
                  {.likely = NULL}},
        "R - beta (log pi(text) - log pi_ref(text)): 2 - 0.5 * 1");
}

static void the_price_is_that_of_kl(void)
{
    Rollout *r = with_logprobs();
    rollout_kl_sampled(r);
    expect_numbers("kl, a number for each symbol", LOGPROBS, numbers(r->kl, 7),
                   (double[]){0.5, 0, -0.5, 1, 0, 0.5, -0.5}, 7,
                   (Known[]){{{-0.5, 0, 0.5, -1, 0, -0.5, 0.5}, "the sign: log pi - log pi_ref"},
                             {{0.25, 0, -0.25, 0.5, 0, 0.25, -0.25},
                              "beta belongs to rollout_rewards(): kl is in nats"},
                             {.likely = NULL}},
                   "rollout_kl_sampled() fills r->kl with log pi(x_t|s_t) - log pi_ref(x_t|s_t)");
    set(r->kl, (double[]){1, 2, 0, 3, 1, 0, 2}, 7);
    rollout_rewards(r, 0.5);
    expect_numbers("rewards per symbol, from kl = (1, 2), (0, 3, 1, 0), (2)", LOGPROBS,
                   numbers(r->rewards, 7), (double[]){-0.5, 0, 0, -1.5, -0.5, 0, 2}, 7,
                   (Known[]){{{-0.25, 1, 0.25, -0.5, 0, -0.25, 3.25},
                              "the price is made from the log-probabilities anew. It is r->kl, "
                              "which kl_rows() may have filled as well"},
                             {.likely = NULL}},
                   "r_t = [t is last] R - beta kl_t, whatever has filled r->kl");
}

/* ---- 3.5 the least price --------------------------------------------------------------------- */

static void the_least_price_by_hand(void)
{
    /* from 1/4 to 1/2: 1/2 ln 2 + 1/2 ln (2/3) = 1/2 ln (4/3) */
    expect("least_kl(0.25, 0.5)", "p = 1/4 under the reference, q = 1/2 wanted",
           least_kl(0.25, 0.5), 0.5 * log(4.0 / 3),
           (Known[]){{{0.25 * log(0.5) + 0.75 * log(1.5)},
                      "p and q are exchanged: the policy that "
                      "is learned, q, stands before the logarithm"},
                     {{0.5 * log(2)}, "the texts that earn 0 are missing: (1-q) ln((1-q)/(1-p))"},
                     {{0.5 * log(4.0 / 3) / log(2)}, "this is in bits: take the natural logarithm"},
                     {.likely = NULL}},
           "q ln(q/p) + (1-q) ln((1-q)/(1-p))");
    expect("least_kl(0.3, 0.3)", "no change", least_kl(0.3, 0.3), 0, NO_KNOWN,
           "what doesn't change costs nothing");
    expect("least_kl(1, 1)", "certain before and after", least_kl(1, 1), 0, NO_KNOWN,
           "0 ln(0/0) is 0 too: what doesn't change costs nothing");
}

static void certainty_costs_the_surprise_of_the_reward(void)
{
    expect("least_kl(0.125, 1)", "p = 1/8, and certainty is wanted", least_kl(0.125, 1), log(8),
           NO_KNOWN, "0 ln 0 is 0: the second term vanishes and ln(1/p) remains");
    expect("least_kl(0.125, 0)", "p = 1/8, and never is wanted", least_kl(0.125, 0), log(8.0 / 7),
           NO_KNOWN, "0 ln 0 is 0: the first term vanishes");
    double never = least_kl(0, 0.5), always = least_kl(1, 0.5);
    expect_that(isnan(never), "least_kl(0, 0.5)", "p = 0: the reference never does it",
                "NaN, since no finite price would do", say("%g", never),
                "the reference can't be reweighted to what it never writes");
    expect_that(isnan(always), "least_kl(1, 0.5)", "p = 1: the reference always does it",
                "NaN, since no finite price would do", say("%g", always),
                "half of the texts are to earn 0, and the reference writes none of these");
}

static void nobody_pays_less(void)
{
    /* four texts, two of which earn 1; every policy with the same q costs at least this */
    const double ref[4] = {0.1, 0.2, 0.3, 0.4};
    for (int i = 1; i < 10; i++) {
        double share = i / 10.0, q = 0.6;
        double pi[4] = {q * share, q * (1 - share), (1 - q) * 0.5, (1 - q) * 0.5}, kl = 0;
        for (int j = 0; j < 4; j++) kl += pi[j] * log(pi[j] / ref[j]);
        double least = least_kl(0.3, q);
        expect_that(least <= kl + 1e-12, "least_kl(0.3, 0.6)",
                    say("a policy over four texts that earns 0.6 at KL %.6f", kl),
                    "not more than that", say("%.6f", least),
                    "it is the price of keeping all proportions within both groups");
    }
}

/* ---- 3.6 exact expectations ------------------------------------------------------------------ */

/* The three texts by hand of the book: end, a end, a a; with p_a = 1/2, and 1/4 under the
 * reference. */
static Oracle *by_hand(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a"};
    Vocabulary *v = NEW(Vocabulary, 1);
    vocabulary_make(v, symbols, 2, 0);
    TransformerShape shape = {1, 1, 4, 2, 2};
    Oracle *o = oracle_new(&shape, v, 2, 1);
    Rollout *all = o->all;
    for (int i = 0; i < 3; i++) {
        double p = 1;
        all->reward[i] = 0;
        for (int n = rollout_first(all, i); n <= rollout_last(all, i); n++) {
            bool a = all->rows->targets[n] == 1;
            all->logprob_old[n] = (real)log(0.5);
            all->logprob_ref[n] = (real)log(a ? 0.25 : 0.75);
            all->reward[i] += a;
            p *= 0.5;
        }
        o->p[i] = p;
    }
    return o;
}

#define BOOKS_TEXTS                                                                             \
    "the texts end, a end and aa with probabilities 1/2, 1/4 and 1/4, R the number of a's; an " \
    "a has probability 1/2, under the reference 1/4"

static void the_expected_reward_of_three_texts(void)
{
    expect("J = E[R]", BOOKS_TEXTS, oracle_reward(by_hand()), 0.75,
           (Known[]){{{1}, "this is the plain mean over the texts: weigh each by its probability"},
                     {{3}, "this is the plain sum over the texts: weigh each by its probability"},
                     {{0.25}, "the probabilities sum to 1: there is nothing to divide by"},
                     {{0}, "R is o->all->reward, a number for each text"},
                     {.likely = NULL}},
           "J = sum over texts of p R");
}

static void the_distance_of_two_policies_on_three_texts(void)
{
    /* p_end = 1/2: ln(2/3). a end: ln 2 + ln(2/3). aa: 2 ln 2 */
    double L = log(2.0 / 3), exact = 0.5 * L + 0.25 * (log(2) + L) + 0.25 * 2 * log(2);
    double reverse = -(0.75 * L + 0.25 * 0.75 * (log(2) + L) + 0.0625 * 2 * log(2));
    expect("KL(pi || pi_ref)", BOOKS_TEXTS, oracle_kl(by_hand()), exact,
           (Known[]){
               {{-exact}, "the sign is wrong: ln(pi/pi_ref), which is never negative on average"},
               {{reverse}, "this is KL(pi_ref || pi): the weights are pi's"},
               {{(L + log(2) + L + 2 * log(2)) / 3}, "weigh each text by its probability"},
               {{L + log(2) + L + 2 * log(2)}, "weigh each text by its probability"},
               {{exact / 2}, "it is per text and not per symbol"},
               {{0.5 * L + 0.25 * (log(2) + L) / 2 + 0.25 * log(2)},
                "it is per text and not per symbol"},
               {{exact / 3}, "the probabilities sum to 1: there is nothing to divide by"},
               {{exact + 1.5 * log(2)},
                "log pi is 0: the policy that was last looked at stands in logprob_old"},
               {.likely = NULL}},
           "sum over texts of p (log pi(text) - log pi_ref(text)), each the sum over its symbols");
}

static void a_policy_is_at_no_distance_from_itself(void)
{
    Known4 k = known_new(1);
    Rollout *all = k.oracle->all;
    memcpy(all->logprob_ref, all->logprob_old, sizeof(real) * (size_t)rollout_rows(all));
    expect("KL(pi || pi)", ALL_TEXTS, oracle_kl(k.oracle), 0, NO_KNOWN,
           "compare logprob_old with logprob_ref");
    for (int i = 0; i < rollout_texts(all); i++) all->reward[i] = 10;
    expect("E[10]", ALL_TEXTS, oracle_reward(k.oracle), 10, NO_KNOWN,
           "the probabilities of all texts sum to 1");
}

/* ---- 3.7 a reward that counts ---------------------------------------------------------------- */

/* What `written` gives for a text of the letters a and b. */
static double worth(const char *written, const char *letters)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"A"};
    Vocabulary *v = NEW(Vocabulary, 1);
    TransformerShape shape = {1, 1, 4, 16, 4};
    Reward reward;
    Error err;
    int ids[16], n = 0;
    vocabulary_make(v, symbols, 4, 0);
    Rollout *r = rollout_new(&shape, v, 1, 16);
    for (; letters[n]; n++) ids[n] = letters[n] == 'a' ? 1 : letters[n] == 'b' ? 2 : 3;
    ids[n] = 0;
    rollout_add(r, ids, n + 1);
    if (!reward_parse(&reward, written, &err) || !reward_score(&reward, r, &err))
        wrong("a reward", written, "a number", err.text, "the term can't be used");
    return r->reward[0];
}

static void it_counts_without_overlap(void)
{
    expect("count:ab", "\"abbab\"", worth("count:ab", "abbab"), 2,
           (Known[]){{{1}, "it stops at the first, as contains does"},
                     {{0}, "it finds nothing: find_word() says where a word stands"},
                     {.likely = NULL}},
           "go on searching behind what was found");
    expect("count:aa", "\"aaaaa\"", worth("count:aa", "aaaaa"), 2,
           (Known[]){{{4},
                      "it counts overlapping ones: go on behind the word, not behind its first "
                      "letter"},
                     {{1}, "it stops at the first, as contains does"},
                     {{5}, "it counts letters"},
                     {.likely = NULL}},
           "go on behind the word that was found");
}

static void it_finds_nothing_where_nothing_is(void)
{
    expect("count:ab", "\"bbb\"", worth("count:ab", "bbb"), 0, NO_KNOWN,
           "nothing is there to count");
    expect("count:a", "an empty text", worth("count:a", ""), 0, NO_KNOWN,
           "nothing is there to count");
    expect("count:ab", "\"Abab\"", worth("count:ab", "Abab"), 2,
           (Known[]){{{1}, "A and a are the same here: find_word() knows that"}, {.likely = NULL}},
           "A and a are the same here");
}

/* ---- 3.8 leave one out, in one function ------------------------------------------------------ */

static void the_others_mean_is_the_baseline_of_a_text(void)
{
    Rollout *r = three_texts();
    weights_rloo(r);
    double b[] = {2.125 / 3, 3.25 / 3, -5.375 / 3}, mean = 4.75 / 3;
    expect_numbers(
        "weights, text by text", THREE_TEXTS, weights_of(r),
        (double[]){b[0], b[0], b[1], b[1], b[1], b[1], b[2]}, 7,
        (Known[]){
            {{b[0] * 3, b[0] * 3, b[1] * 3, b[1] * 3, b[1] * 3, b[1] * 3, b[2] * 3},
             "the 1/N of the mean over texts is missing"},
            {{(3 - mean) / 3, (3 - mean) / 3, (3.75 - mean) / 3, (3.75 - mean) / 3,
              (3.75 - mean) / 3, (3.75 - mean) / 3, (-2 - mean) / 3},
             "the mean holds the text itself: leave it out"},
            {{3 / 3.0, 3 / 3.0, 1.25, 1.25, 1.25, 1.25, -2 / 3.0}, "no baseline is taken away"},
            {{-b[0], -b[0], -b[1], -b[1], -b[1], -b[1], -b[2]}, "the sign: R_i less the mean"},
            {{(3 - 1.75 / 3) / 3, (3 - 1.75 / 3) / 3, (3.75 - 1 / 3.0) / 3, (3.75 - 1 / 3.0) / 3,
              (3.75 - 1 / 3.0) / 3, (3.75 - 1 / 3.0) / 3, (-2 - 6.75 / 3) / 3},
             "the others are N - 1: their sum is divided by that"},
            {{(3 - 4.75 / 2) / 3, (3 - 4.75 / 2) / 3, (3.75 - 4.75 / 2) / 3, (3.75 - 4.75 / 2) / 3,
              (3.75 - 4.75 / 2) / 3, (3.75 - 4.75 / 2) / 3, (-2 - 4.75 / 2) / 3},
             "the sum over the others holds the text itself: leave it out"},
            {{0, 0, 0, 0, 0, 0, 0},
             "R_i is the sum of the rewards of a text's symbols: r->reward, the raw one, has no "
             "price in it"},
            {{b[0] * 3 / 2, b[0] * 3 / 2, b[1] * 3 / 4, b[1] * 3 / 4, b[1] * 3 / 4, b[1] * 3 / 4,
              b[2] * 3},
             "each text is divided by its own length: divide all by N, the number of texts"},
            {.likely = NULL}},
        "w = (R_i - mean of the other texts' R) / N");
}

static void ten_more_for_every_text_changes_nothing(void)
{
    Rollout *r = three_texts();
    weights_rloo(r);
    const double *before = weights_of(r);
    for (int i = 0; i < 3; i++) r->rewards[rollout_last(r, i)] += 10;
    weights_rloo(r);
    expect_numbers(
        "weights after every text's reward has risen by 10", THREE_TEXTS, weights_of(r), before, 7,
        NO_KNOWN,
        "what all texts earn is no reason to prefer one: the baseline should take it away");
    Rollout *one = texts_new((int[]){2, 0});
    set(one->rewards, (double[]){1, 1}, 2);
    weights_rloo(one);
    expect_numbers(
        "weights", "one text alone, with return 2", weights_of(one), (double[]){0, 0}, 2,
        (Known[]){{{2, 2}, "with no other text there is no baseline, and the header says 0"},
                  {.likely = NULL}},
        "there is no other text: mind 0/0");
}

/* ---- 3.9 a reward of one's own --------------------------------------------------------------- */

static void twice(const char *text, double expected, const char *likely)
{
    expect("twice_reward", say("\"%s\"", text), twice_reward(text), expected, NO_KNOWN, likely);
}

static void some_word_occurs_exactly_twice(void)
{
    twice("Ben had a kite and Anna had a map.", 1, "had and a occur twice");
    twice("Ben had a kite.", 0, "no word occurs twice");
    twice("no no no", 0, "three times is not exactly twice");
    twice("the hen, the hat and the map saw a hen", 1,
          "the occurs three times, but hen occurs twice: look at every word");
}

static void words_are_whole_and_case_does_not_matter(void)
{
    twice("A hen saw another", 0, "an occurs in another, but not as a word");
    twice("Hen! hen?", 1, "Hen and hen are the same word; a mark isn't part of it");
    twice("it's it", 0, "an apostrophe is part of a word");
    twice("", 0, "an empty text has no words");
    twice("12 12", 0, "digits are no letters, so there is no word here");
}

#define MANY_WORDS "300 different words, and then "
#define SIXTY "averylongwordofsixtylettersthatnobodyhaseverwrittenintoatale"

static void a_text_may_have_many_words_and_long_ones(void)
{
    char text[2048], *at = text;
    for (int i = 0; i < 300; i++) at += sprintf(at, "%c%c ", 'a' + i / 26, 'a' + i % 26);
    strcpy(at, SIXTY "s, " SIXTY "z");
    expect("twice_reward", MANY_WORDS "two of 61 letters that differ in the last",
           twice_reward(text), 0, NO_KNOWN, "a word is compared to its end, however long it is");
    strcpy(at, SIXTY " " SIXTY);
    expect("twice_reward", MANY_WORDS "one of 60 letters, twice", twice_reward(text), 1, NO_KNOWN,
           "a text may have any number of words, of any length");
}

/* ---- 3.10 the price, exactly ----------------------------------------------------------------- */

typedef struct {
    Matrix logits, log_q;
    double c;
} PenaltyCase;

static Matrix softmax_of(Matrix logits)
{
    Matrix p = slice_new(logits.rows, logits.cols);
    softmax_forward(p, NULL, logits, NULL);
    return p;
}

static double penalty_loss(void *arg)
{
    PenaltyCase *c = arg;
    Matrix p = softmax_of(c->logits);
    double kl = 0;
    for (int i = 0; i < p.rows; i++)
        for (int j = 0; j < p.cols; j++) {
            double x = (double)mat_row(p, i)[j];
            kl += x * (log(x) - (double)mat_row(c->log_q, i)[j]);
        }
    return c->c * kl;
}

static Matrix logs_of(Matrix p)
{
    Matrix l = slice_new(p.rows, p.cols);
    for (int i = 0; i < p.rows; i++)
        for (int j = 0; j < p.cols; j++) mat_row(l, i)[j] = (real)log((double)mat_row(p, i)[j]);
    return l;
}

static void the_slope_of_the_distance(void)
{
    PenaltyCase c = {slice_random(3, 4, 2), logs_of(softmax_of(slice_random(3, 4, 6))), 0.5};
    Matrix d = slice_new(3, 4), more = slice_new(3, 4);
    double kl = 5;
    kl_gradient(d, softmax_of(c.logits), c.log_q, c.c, &kl);
    expect_slopes(
        "dlogits", "random distributions (3, 4), the loss c sum of KL, c = 1/2", d, c.logits,
        penalty_loss, &c,
        (Known[]){{{2}, "c is missing"},
                  {{1 / 3.0}, "the gradient is that of a sum over the rows"},
                  {.likely = NULL}},
        "dlogits_j += c p_j (log p_j - log q_j - KL). Only with the KL of the row taken away "
        "does it sum to 0 over the vocabulary");
    double sum = penalty_loss(&c) / c.c;
    expect("*total, which held 5", "the same", kl, 5 + sum,
           (Known[]){{{sum}, "it is set, not added: other rows are in there"},
                     {{5 + sum / 3}, "the sum over the rows, not their mean"},
                     {{5 + c.c * sum}, "without c"},
                     {.likely = NULL}},
           "sum_j p_j (log p_j - log q_j)");
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) mat_row(more, i)[j] = 3;
    kl_gradient(more, softmax_of(c.logits), c.log_q, c.c, NULL);
    double got = (double)mat_row(more, 2)[3], expected = 3 + (double)mat_row(d, 2)[3];
    expect("dlogits[2][3], which held 3", "the same", got, expected,
           (Known[]){{{expected - 3}, "it is set, not added: the gradient of w_t is in there"},
                     {.likely = NULL}},
           "+=");
}

static void the_distance_by_hand(void)
{
    Matrix p = slice_of(3, 2, (double[]){1, 0, 0.25, 0.75, 0.5, 0.5}), d = slice_new(3, 2);
    Matrix q = logs_of(slice_of(3, 2, (double[]){0.5, 0.5, 0.25, 0.75, 0.25, 0.75}));
    real kl[3] = {99, 99, 99};
    kl_rows(kl, p, q);
    expect_numbers(
        "kl", "p = (1, 0), (1/4, 3/4), (1/2, 1/2), q = (1/2, 1/2), (1/4, 3/4), (1/4, 3/4)",
        numbers(kl, 3), (double[]){log(2), 0, 0.5 * log(2) + 0.5 * log(2.0 / 3)}, 3,
        (Known[]){{{-log(2), 0, -0.5 * log(2) - 0.5 * log(2.0 / 3)}, "the sign: log p - log q"},
                  {{1, 0, 0.5 + 0.5 * log(2.0 / 3) / log(2)}, "this is in bits"},
                  {.likely = NULL}},
        "sum_j p_j (log p_j - log q_j), and 0 log 0 is 0");
    kl_gradient(d, p, q, 1, NULL);
    expect_numbers(
        "dlogits of the first two rows", "the same", numbers_of(mat_rows(d, 0, 2)),
        (double[]){0, 0, 0, 0}, 4, NO_KNOWN,
        "a certain policy can't be moved, and one that is the reference needn't be: 0 log 0 "
        "is no NaN");
}

/* ---- bugs ------------------------------------------------------------------------------------ */

static void every_text_is_scored_as_it_was_drawn(void)
{
    TransformerShape shape = four_shape(5);
    Transformer *policy = random_policy(&shape, 7);
    Activations *a = activations_new(&shape, 500, true);
    Rollout *r = rollout_new(&shape, four_symbols(), 100, 5);
    rollout_draw(r, policy, 3);
    rollout_score(r, policy, a, r->logprob);
    for (int n = 0; n < rollout_rows(r); n++)
        if (r->logprob[n] != r->logprob_old[n])
            wrong(
                "the ratio pi / pi_old of a symbol, before any update",
                "100 texts that the policy has drawn itself", "exactly 1",
                say("%.6f", exp((double)(r->logprob[n] - r->logprob_old[n]))),
                "texts are drawn in one way and scored in another: temperature, top-k, or another "
                "position");
}

static void texts_come_as_often_as_they_should(void)
{
    enum { TEXTS = 20000 };
    Known4 k = known_new(1);
    Rollout *r = rollout_new(&k.policy->shape, four_symbols(), TEXTS, 5);
    double p = 0, seen = 0;
    rollout_draw(r, k.policy, 11);
    for (int i = 0; i < rollout_texts(k.oracle->all); i++)
        if (rollout_length(k.oracle->all, i) == 1) p = k.oracle->p[i];
    for (int i = 0; i < TEXTS; i++) seen += rollout_length(r, i) == 1;
    double error = sqrt(p * (1 - p) / TEXTS);
    expect_that(fabs(seen / TEXTS - p) < 5 * error, "the share of empty texts",
                "20000 texts drawn by the policy", say("%.4f, give or take %.4f", p, error),
                say("%.4f", seen / TEXTS),
                "symbols are drawn from another distribution than the one they are scored by");
}

static void the_mean_over_texts_divides_all_by_the_same_number(void)
{
    Rollout *r = with_returns();
    weights_mean(r);
    expect_numbers("weights after weights_mean()", RETURNS, weights_of(r),
                   (double[]){1, 1, 1.25, 1.25, 1.25, 1.25, -2 / 3.0}, 7,
                   (Known[]){{{1.5, 1.5, 0.9375, 0.9375, 0.9375, 0.9375, -2},
                              "each text is divided by its own length: short ones count for more"},
                             {.likely = NULL}},
                   "w_t / N, with N the number of texts");
}

static void an_update_moves_towards_what_was_rewarded(void)
{
    TransformerShape shape = four_shape(5);
    for (int sign = -1; sign <= 1; sign += 2) {
        Transformer *policy = random_policy(&shape, 7);
        ReinforceOptions o = {.credit = CREDIT_TOTAL, .lr = 1e-3, .beta2 = 0.99, .clip = INFINITY};
        Reinforce *f = reinforce_new(policy, &o, 5);
        Rollout *r = rollout_new(&shape, four_symbols(), 1, 5);
        rollout_add(r, (int[]){1, 2, 3, 0}, 4);
        rollout_score(r, policy, f->activations, r->logprob_old);
        r->reward[0] = sign;
        reinforce_update(f, r);
        double change = 0;
        rollout_score(r, policy, f->activations, r->logprob);
        for (int n = 0; n < 4; n++) change += (double)(r->logprob[n] - r->logprob_old[n]);
        expect_that(sign * change > 1e-3, "the change of log pi(text) after one update",
                    say("the text abc, with a reward of %d", sign), sign > 0 ? "up" : "down",
                    say("%.6f", change), "the loss is -J: look at the signs");
    }
}

static void an_update_begins_with_an_empty_gradient(void)
{
    TransformerShape shape = four_shape(5);
    Transformer *policy = random_policy(&shape, 7);
    ReinforceOptions o = {.credit = CREDIT_TO_GO, .lr = 0, .beta2 = 0.99, .clip = INFINITY};
    Reinforce *f = reinforce_new(policy, &o, 5);
    Rollout *r = rollout_new(&shape, four_symbols(), 1, 5);
    rollout_add(r, (int[]){1, 2, 3, 0}, 4);
    r->reward[0] = 1;
    double first = reinforce_update(f, r).gradient_norm;
    double second = reinforce_update(f, r).gradient_norm;
    expect("the gradient's norm in a second update that is like the first",
           "one text, learning rate 0", second, first,
           (Known[]){{{2 * first}, "the gradient of the first update is still in it"},
                     {.likely = NULL}},
           "the two updates should be the same");
}

static void by_reinforce(Rollout *batch, void *unused)
{
    ReinforceOptions o = {.credit = CREDIT_TOTAL};
    Baseline b = {.kind = BASELINE_NONE};
    (void)unused;
    reinforce_weights(batch, &o, &b);
}

static void the_end_symbol_is_worth_as_much_as_any(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 0, 0, 10);
    double length = mean_gradient_length(&k, by_reinforce);
    expect_that(length < 1e-9, "the length of the mean gradient, E[10 grad log pi(text)]",
                say("%s; every text earns 10", ALL_TEXTS), "0", say("%.6g", length),
                "E[grad log pi] isn't 0: is the end symbol left out of the loss?");
}

static void the_kl_of_a_batch_is_the_mean_over_its_texts(void)
{
    Rollout *r = with_logprobs();
    RolloutStats s = rollout_stats(r, 0.5);
    expect("the mean of log pi(text) - log pi_ref(text)", LOGPROBS, s.kl, 1 / 3.0,
           (Known[]){{{1 / 7.0}, "this is per symbol"},
                     {{-1 / 3.0}, "the sign is wrong"},
                     {{2.0 / 3}, "negative texts are left out or set to 0"},
                     {.likely = NULL}},
           "0.5, 1 and -0.5, their mean");
}

const Grader graders[] = {GRADER("3.1", every_symbol_of_a_text_gets_its_whole_reward),
                          GRADER("3.1", a_reward_that_all_texts_earn_pushes_nowhere_on_average),
                          GRADER("3.1", the_mean_gradient_is_the_slope_of_J),
                          GRADER("3.2", a_symbol_gets_what_comes_with_it_and_after_it),
                          GRADER("3.2", what_came_before_adds_nothing_on_average),
                          GRADER("3.3", the_batch_baseline_is_the_mean_of_the_other_texts),
                          GRADER("3.3", a_text_alone_has_no_others),
                          GRADER("3.3", the_moving_baseline_knows_earlier_batches_only),
                          GRADER("3.3", the_moving_baseline_is_taken_away),
                          GRADER("3.3", a_first_batch_may_earn_nothing),
                          GRADER("3.3", no_baseline_takes_nothing_away),
                          GRADER("3.4", a_symbol_pays_for_leaving_the_reference),
                          GRADER("3.4", the_rewards_of_a_text_sum_to_its_reward_less_the_price),
                          GRADER("3.4", the_price_is_that_of_kl),
                          GRADER("3.5", the_least_price_by_hand),
                          GRADER("3.5", certainty_costs_the_surprise_of_the_reward),
                          GRADER("3.5", nobody_pays_less),
                          GRADER("3.6", the_expected_reward_of_three_texts),
                          GRADER("3.6", the_distance_of_two_policies_on_three_texts),
                          GRADER("3.6", a_policy_is_at_no_distance_from_itself),
                          GRADER("3.7", it_counts_without_overlap),
                          GRADER("3.7", it_finds_nothing_where_nothing_is),
                          GRADER("3.8", the_others_mean_is_the_baseline_of_a_text),
                          GRADER("3.8", ten_more_for_every_text_changes_nothing),
                          GRADER("3.9", some_word_occurs_exactly_twice),
                          GRADER("3.9", words_are_whole_and_case_does_not_matter),
                          GRADER("3.9", a_text_may_have_many_words_and_long_ones),
                          GRADER("3.10", the_slope_of_the_distance),
                          GRADER("3.10", the_distance_by_hand),
                          GRADER("3-drawing", every_text_is_scored_as_it_was_drawn),
                          GRADER("3-drawing", texts_come_as_often_as_they_should),
                          GRADER("3-mean", the_mean_over_texts_divides_all_by_the_same_number),
                          GRADER("3-update", an_update_moves_towards_what_was_rewarded),
                          GRADER("3-update", an_update_begins_with_an_empty_gradient),
                          GRADER("3-end", the_end_symbol_is_worth_as_much_as_any),
                          GRADER("3-stats", the_kl_of_a_batch_is_the_mean_over_its_texts),
                          {0}};
