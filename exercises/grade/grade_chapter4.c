/* grade_chapter4.c: tests of the exercises on actor and critic, and of bugs in them. */
#include <math.h>

#include "actor_critic.h"
#include "extensions.h"
#include "lambda.h"
#include "rollouts.h"
#include "threads.h"

static const double *advantages_of(const Rollout *r)
{
    return numbers(r->advantages, rollout_rows(r));
}

/* Two texts of 3 and 2 symbols with values. */
static Rollout *two_texts(void)
{
    Rollout *r = texts_new((int[]){3, 2, 0});
    set(r->rewards, (double[]){1, 0, 2, /**/ 0.5, 4}, 5);
    set(r->values, (double[]){0.5, 1, 0.25, /**/ 2, 1}, 5);
    return r;
}

#define TWO_TEXTS "two texts with rewards (1, 0, 2), (0.5, 4) and values (0.5, 1, 0.25), (2, 1)"

/* The four steps of the book. */
static Rollout *four_steps(void)
{
    Rollout *r = texts_new((int[]){4, 0});
    set(r->rewards, (double[]){0, 0, 0, 1}, 4);
    set(r->values, (double[]){0.2, 0.4, 0.3, 0.8}, 4);
    return r;
}

#define FOUR_STEPS "the book's four steps: rewards 0 0 0 1, values 0.2 0.4 0.3 0.8, gamma = 1"

/* Some function of the state that knows nothing of the symbol to come: of time and last symbol. */
static void invent_values(Rollout *r)
{
    for (int i = 0; i < rollout_texts(r); i++)
        for (int n = rollout_first(r, i); n <= rollout_last(r, i); n++) {
            int before = n > rollout_first(r, i) ? r->rows->targets[n - 1] : 0;
            r->values[n] = (real)(0.7 * (n - rollout_first(r, i)) - 0.4 * before + 0.3);
        }
}

static void advantages_as_weights(Rollout *r)
{
    for (int n = 0; n < rollout_rows(r); n++) r->weights[n] = r->advantages[n];
}

/* ---- 4.1 reward to go, less what was expected ------------------------------------------------ */

static void what_came_less_what_was_expected(void)
{
    Rollout *r = two_texts();
    advantage_to_go(r, 1);
    expect_numbers(
        "advantages, gamma = 1", TWO_TEXTS, advantages_of(r), (double[]){2.5, 1, 1.75, 2.5, 3}, 5,
        (Known[]){{{3, 2, 2, 4.5, 4}, "the value isn't taken away"},
                  {{2.5, 2, 2.75, 2.5, 3.5},
                   "this is R(tau) - V: what came before a symbol "
                   "is not what its value expects"},
                  {{7, 5.5, 6.25, 2.5, 3}, "the sum runs on from one text into the other"},
                  {{2.5, 1, 1.75, 5.5, 6}, "the sum runs on from one text into the other"},
                  {{-2.5, -1, -1.75, -2.5, -3}, "the sign: what came, less what was expected"},
                  {{2, 1.75, 2, 3.5, 4},
                   "this is the value of the next state: V(s_t) stands in the symbol's own row"},
                  {{-0.5, -1, -0.25, -2, -1},
                   "nothing came: the rewards per symbol are r->rewards, and r->reward is the raw "
                   "one"},
                  {{1.25, 0.75, 1.75, 1.5, 3},
                   "every later value is taken away too: R_t is of rewards alone"},
                  {.likely = NULL}},
        "A_t = R_t - V(s_t)");
    advantage_to_go(r, 0.5);
    expect_numbers("advantages, gamma = 1/2", TWO_TEXTS, advantages_of(r),
                   (double[]){1, 0, 1.75, 0.5, 3}, 5,
                   (Known[]){{{2.5, 1, 1.75, 2.5, 3}, "the discount is missing"},
                             {{0.25, -0.5, 0.75, -0.75, 1},
                              "a reward that comes with the symbol itself "
                              "is not discounted"},
                             {.likely = NULL}},
                   "R_t = r_t + gamma R_{t+1}");
}

static void to_go(Rollout *batch, void *unused)
{
    (void)unused;
    advantage_to_go(batch, 1);
    advantages_as_weights(batch);
}

static void any_value_of_the_state_leaves_the_mean_gradient(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 1, 0.5, 0);
    invent_values(k.oracle->all);
    expect_slope_of_J(
        &k, to_go, say("%s; an a earns 1, an end 0.5; V is any function of the state", ALL_TEXTS),
        "a value may be wrong, but it must be that of the state before the symbol");
}

/* ---- 4.2 temporal differences ---------------------------------------------------------------- */

static void temporal_differences_by_hand(void)
{
    Rollout *r = four_steps();
    advantage_td(r, 1);
    expect_numbers("advantages", FOUR_STEPS, advantages_of(r), (double[]){0.2, -0.1, 0.5, 0.2}, 4,
                   (Known[]){{{-0.2, -0.4, -0.3, 0.2}, "V(s_{t+1}) is missing"},
                             {{-0.2, 0.1, -0.5, 1.8}, "V(s_t) and V(s_{t+1}) are exchanged"},
                             {{0.2, -0.1, 0.5, 1},
                              "at the last symbol nothing is left of the values: V(s_t) is taken "
                              "away there too, and V(s_{t+1}) is 0"},
                             {.likely = NULL}},
                   "delta_t = r_t + gamma V(s_{t+1}) - V(s_t)");
}

static void after_the_end_nothing_is_to_come(void)
{
    Rollout *r = two_texts();
    advantage_td(r, 0.5);
    expect_numbers("advantages, gamma = 1/2", TWO_TEXTS, advantages_of(r),
                   (double[]){1, -0.875, 1.75, -1, 3}, 5,
                   (Known[]){{{1, -0.875, 2.75, -1, 3},
                              "the last symbol of the first text takes the value "
                              "of the next text's first state: after the end V is 0"},
                             {{1, -0.875, 1.875, -1, 3.5},
                              "the last symbol takes the value of its own state for that of the "
                              "next: after the end V is 0"},
                             {{1, -0.875, 2, -1, 4}, "the last symbol's V(s_t) is not taken away"},
                             {{0.5, -0.875, 0.75, -1.25, 1},
                              "a reward that comes with the symbol itself is not discounted"},
                             {{1.5, -0.75, 1.75, -0.5, 3}, "the discount is missing"},
                             {.likely = NULL}},
                   "after a text's last symbol nothing is to come, also where it was cut");
    r->ended[0] = false;
    advantage_td(r, 0.5);
    expect("the last advantage of a text that was cut at the length limit", TWO_TEXTS,
           (double)r->advantages[2], 1.75, NO_KNOWN, "a cut counts as an end");
}

/* ---- 4.3 GAE --------------------------------------------------------------------------------- */

static void gae_by_hand(void)
{
    Rollout *r = four_steps();
    advantage_gae(r, 1, 0.5);
    expect_numbers("advantages, lambda = 1/2", FOUR_STEPS, advantages_of(r),
                   (double[]){0.3, 0.2, 0.6, 0.2}, 4,
                   (Known[]){{{0.2, -0.1, 0.5, 0.2}, "nothing of A_{t+1} is carried over"},
                             {{0.8, 0.6, 0.7, 0.2}, "lambda is missing"},
                             {{0.15, 0.1, 0.3, 0.1},
                              "delta_t itself isn't multiplied by anything: A_{t+1} alone fades"},
                             {.likely = NULL}},
                   "A_t = delta_t + gamma lambda A_{t+1}, from the end to the beginning");
}

static void lambda_one_is_the_reward_to_go_for_any_values(void)
{
    Rollout *r = two_texts();
    advantage_gae(r, 0.5, 1);
    expect_numbers(
        "advantages, gamma = 1/2, lambda = 1", TWO_TEXTS, advantages_of(r),
        (double[]){1, 0, 1.75, 0.5, 3}, 5,
        (Known[]){{{1, 0, 1.75, 0.75, 3.5},
                   "the sum runs on from one text into the other: A begins at 0 at each end"},
                  {{1.0625, 0.125, 2, 0.5, 3},
                   "the sum runs on from one text into the other: A begins at 0 at each end"},
                  {.likely = NULL}},
        "with lambda = 1 all values cancel but V(s_t): R_t - V(s_t)");
}

static void lambda_zero_is_the_temporal_difference(void)
{
    Rollout *r = two_texts();
    advantage_gae(r, 0.5, 0);
    expect_numbers("advantages, gamma = 1/2, lambda = 0", TWO_TEXTS, advantages_of(r),
                   (double[]){1, -0.875, 1.75, -1, 3}, 5,
                   (Known[]){{{1, -0.875, 2.75, -1, 3},
                              "the last symbol of the first text takes the value "
                              "of the next text's first state: after the end V is 0"},
                             {.likely = NULL}},
                   "with lambda = 0 only delta_t is left");
}

static void lambda_and_gamma_both_fade(void)
{
    Rollout *r = texts_new((int[]){4, 0});
    set(r->rewards, (double[]){0, 0, 0, 1}, 4);
    set(r->values, (double[]){0, 0, 0, 0}, 4);
    advantage_gae(r, 0.5, 0.5);
    expect_numbers(
        "advantages, gamma = lambda = 1/2", "rewards 0 0 0 1 and a critic that says 0",
        advantages_of(r), (double[]){1 / 64.0, 1 / 16.0, 0.25, 1}, 4,
        (Known[]){{{0.125, 0.25, 0.5, 1}, "A_{t+1} is multiplied by gamma and by lambda"},
                  {.likely = NULL}},
        "credit fades by gamma lambda a symbol");
}

/* ---- 4.4 whitening --------------------------------------------------------------------------- */

static void weights_get_mean_zero_and_deviation_one(void)
{
    Rollout *r = texts_new((int[]){3, 1, 0});
    set(r->weights, (double[]){1, 3, 5, 7}, 4); /* mean 4, variance 5 */
    double scale = weights_whiten(r), d = sqrt(5);
    expect_numbers(
        "weights", "two texts with the weights (1, 3, 5) and (7)", numbers(r->weights, 4),
        (double[]){-3 / d, -1 / d, 1 / d, 3 / d}, 4,
        (Known[]){
            {{-3 / sqrt(20 / 3.0), -1 / sqrt(20 / 3.0), 1 / sqrt(20 / 3.0), 3 / sqrt(20 / 3.0)},
             "the variance is divided by N - 1: this is no sample of something, it is the "
             "deviation of the rows themselves"},
            {{-0.6, -0.2, 0.2, 0.6}, "divided by the variance: take its root"},
            {{-3, -1, 1, 3}, "not divided by the deviation"},
            {{1 / d, 3 / d, 5 / d, 7 / d}, "the mean isn't taken away"},
            {{-2 / sqrt(8 / 3.0), 0, 2 / sqrt(8 / 3.0), 7},
             "each text is whitened by itself: all rows of the batch together"},
            {.likely = NULL}},
        "(w - mean) / deviation over all rows, the end symbols included");
    expect(
        "what is returned", "the same", scale, 1 / d,
        (Known[]){{{d}, "what the weights were multiplied by, not divided by"}, {.likely = NULL}},
        "1 / deviation: all that stands beside the weights in a loss must be multiplied by it too");
}

static void without_a_scale_weights_stay(void)
{
    Rollout *r = texts_new((int[]){3, 0});
    set(r->weights, (double[]){2, 2, 2}, 3);
    double scale = weights_whiten(r);
    expect("what is returned", "three weights of 2", scale, 1, NO_KNOWN, "they stay: times 1");
    expect_numbers(
        "weights", "three weights of 2", numbers(r->weights, 3), (double[]){2, 2, 2}, 3,
        (Known[]){{{0, 0, 0}, "there is no scale to bring them to: they stay"}, {.likely = NULL}},
        "0/0: rows that are all alike stay as they are");
    const double tenths[] = {0.1, 0.1, 0.1};
    set(r->weights, tenths, 3);
    weights_whiten(r);
    expect_numbers("weights", "three weights of 0.1", numbers(r->weights, 3), tenths, 3, NO_KNOWN,
                   "the deviation is 0 but for rounding, since the mean of three times 0.1 isn't "
                   "exactly 0.1: rows that are all alike stay");
    Rollout *one = texts_new((int[]){1, 0});
    set(one->weights, (double[]){5}, 1);
    weights_whiten(one);
    expect("the weight", "one row alone", (double)one->weights[0], 5, NO_KNOWN,
           "fewer than two rows stay as they are");
}

static void only_the_weights_are_whitened(void)
{
    static const double A[] = {2.5, 1, 1.75, 2.5, 3};
    Rollout *r = two_texts();
    AdvantageOptions o = {.whiten = true};
    set(r->advantages, A, 5);
    weights_of_advantages(r, &o);
    expect_numbers("advantages after whitening", "two texts with advantages 2.5 1 1.75 | 2.5 3",
                   advantages_of(r), A, 5, NO_KNOWN,
                   "the critic's target is A_t + V(s_t): the advantages must stay as they are, and "
                   "only the weights, a copy, are whitened");
}

/* ---- 4.5 explained variance ------------------------------------------------------------------ */

static Rollout *with_values(const double *values)
{
    Rollout *r = texts_new((int[]){1, 1, 1, 0});
    set(r->rewards, (double[]){3, 1, 2}, 3);
    set(r->values, values, 3);
    return r;
}

#define THREE_RETURNS "rewards to go of 3, 1 and 2"

static void explained_variance_by_hand(void)
{
    expect("explained variance", THREE_RETURNS ", values 1, 1, 2",
           explained_variance(with_values((double[]){1, 1, 2}), 1), -1 / 3.0,
           (Known[]){{{1 - (4 / 3.0) / (2 / 3.0)},
                      "this is the mean square of the errors: take the "
                      "variance, from their own mean"},
                     {{4 / 3.0}, "subtract it from 1"},
                     {{1 / 3.0}, "this is Var(V) / Var(R): what is left is the variance of R - V"},
                     {{1 - sqrt(4 / 3.0)}, "variances, not deviations: no root"},
                     {.likely = NULL}},
           "1 - Var(R - V) / Var(R) = 1 - (8/9) / (2/3)");
    expect("explained variance", THREE_RETURNS ", the same values",
           explained_variance(with_values((double[]){3, 1, 2}), 1), 1, NO_KNOWN,
           "a critic that foresees everything");
    expect("explained variance", THREE_RETURNS ", values 7, 7, 7",
           explained_variance(with_values((double[]){7, 7, 7}), 1), 0, NO_KNOWN,
           "a constant explains nothing, and does no harm either: variances don't see it");
}

static void where_nothing_varies_there_is_nothing_to_explain(void)
{
    Rollout *r = with_values((double[]){1, 2, 3});
    set(r->rewards, (double[]){2, 2, 2}, 3);
    double got = explained_variance(r, 1);
    expect_that(isnan(got), "explained variance", "rewards to go of 2, 2 and 2", "NaN",
                say("%g", got),
                "Var(R) is 0: there is nothing to explain, and no number would be right");
    for (int i = 0; i < 2; i++) {
        double R = i ? 0.7 : 0.1;
        set(r->rewards, (double[]){R, R, R}, 3);
        got = explained_variance(r, 1);
        expect_that(isnan(got), "explained variance", say("three rewards to go of %g", R), "NaN",
                    say("%g", got),
                    "Var(R) is 0 but for rounding, and may come out a little above 0 or below: "
                    "compare it with something small");
    }
    Rollout *two = texts_new((int[]){2, 2, 0});
    set(two->rewards, (double[]){0, 4, 0, 0}, 4);
    set(two->values, (double[]){2, 4, 0, 0}, 4);
    expect("explained variance, gamma = 1/2", "rewards (0, 4), (0, 0), values (2, 4), (0, 0)",
           explained_variance(two, 0.5), 1, NO_KNOWN,
           "R_t is discounted, and starts anew in each text");
}

/* ---- 4.6 the critic's gradient --------------------------------------------------------------- */

typedef struct {
    Critic *critic;
    Rollout *r;
    const real *targets;
} CriticCase;

/* From critic_values alone. */
static double critic_loss(void *arg)
{
    CriticCase *c = arg;
    int rows = rollout_rows(c->r);
    double loss = 0;
    critic_values(c->critic, c->r, c->r->values);
    for (int n = 0; n < rows; n++)
        loss += 0.5 * pow((double)c->r->values[n] - (double)c->targets[n], 2) / rows;
    return loss;
}

static const real critic_targets[] = {1, -2, 0.5, 3, 0, 1};

static CriticCase critic_of(Rollout *r, const real *targets)
{
    TransformerShape shape = four_shape(r->longest);
    CriticOptions o = {.lr = 0.01, .beta2 = 0.99, .clip = INFINITY};
    CriticCase c = {critic_new(random_policy(&shape, 5), &o, rollout_rows(r)), r, targets};
    Rng rng = rng_stream(4, 4);
    for (int i = 0; i < shape.channels; i++)
        mat_row(c.critic->head.w, i)[0] = (real)rng_normal(&rng);
    return c;
}

static CriticCase critic_case(void)
{
    return critic_of(texts_new((int[]){3, 1, 2, 0}), critic_targets);
}

#define CRITIC "three texts of 3, 1 and 2 symbols, targets 1 -2 0.5 | 3 | 0 1"

static void the_loss_of_the_critic(void)
{
    CriticCase c = critic_case();
    critic_zero_gradients(c.critic);
    double expected = critic_loss(&c), got = critic_gradient(c.critic, c.r, c.targets);
    expect("the loss that is returned", CRITIC, got, expected,
           (Known[]){{{2 * expected}, "1/2 is missing"},
                     {{6 * expected}, "the mean over the rows, not their sum"},
                     {{12 * expected}, "1/2 the mean over the rows, not their sum"},
                     {.likely = NULL}},
           "1/2 mean over the rows of (V - target)^2");
}

static void the_gradient_of_the_critic(void)
{
    CriticCase c = critic_case();
    const Known factors[] = {{{2}, "the 2 of the square and the 1/2 of the loss cancel"},
                             {{6}, "the loss is a mean over the rows: divide by their number"},
                             {{12}, "divide by the number of rows; 2 and 1/2 cancel"},
                             {.likely = NULL}};
    critic_zero_gradients(c.critic);
    critic_gradient(c.critic, c.r, c.targets);
    expect_slopes("d head.w", CRITIC, c.critic->dhead.w, c.critic->head.w, critic_loss, &c, factors,
                  "dV_t = (V(s_t) - target_t) / rows");
    expect_slopes("d head.b", CRITIC, c.critic->dhead.b, c.critic->head.b, critic_loss, &c, factors,
                  "dV_t = (V(s_t) - target_t) / rows");
    expect_slopes("d ln_f gain of the trunk", CRITIC, c.critic->trunk->d.ln_f.g,
                  c.critic->trunk->p.ln_f.g, critic_loss, &c, factors,
                  "the gradient goes on through the head into the trunk: critic_backward()");
}

static void gradients_of_the_critic_add_up(void)
{
    CriticCase c = critic_case();
    critic_zero_gradients(c.critic);
    critic_gradient(c.critic, c.r, c.targets);
    double head = (double)c.critic->dhead.b.data[0],
           trunk = (double)c.critic->trunk->d.ln_f.b.data[0];
    critic_gradient(c.critic, c.r, c.targets);
    expect_numbers(
        "d head.b and d ln_f bias [0] after a second call", CRITIC,
        (double[]){(double)c.critic->dhead.b.data[0], (double)c.critic->trunk->d.ln_f.b.data[0]},
        (double[]){2 * head, 2 * trunk}, 2,
        (Known[]){{{head, trunk},
                   "the gradients are cleared here: who wants them from zero calls "
                   "critic_zero_gradients() before"},
                  {.likely = NULL}},
        "twice the first: the gradient is added");
}

/* More rows than go through at a time. */
static void the_critic_hears_of_every_text(void)
{
    enum { ROWS = 305 };
    static real targets[ROWS];
    for (int n = 0; n < ROWS; n++) targets[n] = (real)sin(n);
    threads_use(1); /* few threads take few texts at a time */
    CriticCase c = critic_of(texts_new((int[]){60, 7, 33, 50, 12, 41, 28, 55, 19, 0}), targets);
    const char *on = "nine texts of 7 to 60 symbols, 305 in all, with targets of their own",
               *likely = "do all texts go through, and not the first few alone? Row n of a slice "
                         "has the target of row s.row + n, and the mean is over the "
                         "rows of the whole batch, not of the slice";
    critic_zero_gradients(c.critic);
    double expected = critic_loss(&c), got = critic_gradient(c.critic, c.r, targets);
    expect("the loss that is returned", on, got, expected, NO_KNOWN, likely);
    expect_slopes("d head.w", on, c.critic->dhead.w, c.critic->head.w, critic_loss, &c, NO_KNOWN,
                  likely);
    expect_slopes("d ln_f gain of the trunk", on, c.critic->trunk->d.ln_f.g,
                  c.critic->trunk->p.ln_f.g, critic_loss, &c, NO_KNOWN, likely);
}

/* ---- 4.7 the exact value of every state ------------------------------------------------------ */

/* The texts end, a end and aa of the book, an a being paid where it stands; P(a) = 1/4. */
static Oracle *three_by_hand(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a"};
    Vocabulary *v = NEW(Vocabulary, 1);
    vocabulary_make(v, symbols, 2, 0);
    TransformerShape shape = {1, 1, 4, 2, 2};
    Oracle *o = oracle_new(&shape, v, 2, 1);
    for (int i = 0; i < 3; i++) {
        o->p[i] = 1;
        for (int n = rollout_first(o->all, i); n <= rollout_last(o->all, i); n++) {
            bool a = o->all->rows->targets[n] == 1;
            o->all->rewards[n] = a;
            o->p[i] *= a ? 0.25 : 0.75;
        }
    }
    return o;
}

#define THREE_BY_HAND "the texts end, a end and aa, each a earning 1 where it stands, P(a) = 1/4"

static void the_values_of_two_states(void)
{
    Oracle *o = three_by_hand();
    exact_values(o, 1);
    int none = 0, a = 0; /* a row in the first state, and one in the state after an a */
    for (int i = 0; i < 3; i++)
        if (rollout_length(o->all, i) == 2) none = rollout_first(o->all, i), a = none + 1;
    expect("V of the state after an a", THREE_BY_HAND, (double)o->all->values[a], 0.25,
           (Known[]){
               {{0.5}, "this is the plain mean over the texts: weigh them by their probabilities"},
               {{0.0625}, "divide by the probability of all texts that pass through the state"},
               {{1.25}, "what was earned before the state doesn't count: it is to come no more"},
               {.likely = NULL}},
           "the mean of what is still to come, over the texts that pass through the state");
    expect(
        "V of the first state", THREE_BY_HAND, (double)o->all->values[none], 0.25 + 0.0625,
        (Known[]){{{1}, "this is the plain mean over the texts: weigh them by their probabilities"},
                  {.likely = NULL}},
        "E[R], since every text passes through it");
    exact_values(o, 0.5);
    expect("V of the first state, gamma = 1/2", THREE_BY_HAND, (double)o->all->values[none],
           0.25 + 0.5 * 0.0625,
           (Known[]){{{0.25 + 0.0625}, "the discount is missing"}, {.likely = NULL}},
           "R_t = r_t + gamma R_{t+1}");
}

static void exact_values_expect_what_comes(void)
{
    Known4 k = known_new(1);
    Rollout *all = k.oracle->all;
    pay(all, 1, 0.5, 0.25);
    exact_values(k.oracle, 1);
    double J = 0, deltas = 0;
    for (int i = 0; i < rollout_texts(all); i++) {
        J += k.oracle->p[i] * all->reward[i];
        if (rollout_length(all, i) > 1) {
            int n = rollout_first(all, i) + 1, last = rollout_last(all, i);
            deltas +=
                k.oracle->p[i] *
                (double)(all->rewards[n] + (n < last ? all->values[n + 1] : 0) - all->values[n]);
        }
    }
    expect("V of the first state", ALL_TEXTS, (double)all->values[0], J, NO_KNOWN,
           "it is J = E[R]");
    expect("E[delta of the second symbol]", ALL_TEXTS, deltas, 0, NO_KNOWN,
           "with the exact V a temporal difference is 0 on average");
}

/* Do two texts share their first t symbols, and go on? */
static bool same_state(const Rollout *r, int one, int other, int t)
{
    const int *x = r->rows->targets;
    return rollout_length(r, one) > t && rollout_length(r, other) > t &&
           memcmp(x + rollout_first(r, one), x + rollout_first(r, other), sizeof *x * (size_t)t) ==
               0;
}

/* V is one number for a state, and with it the temporal difference from there is 0 on average. */
static void every_state_has_its_value(void)
{
    Known4 k = known_new(1);
    Rollout *all = k.oracle->all;
    pay(all, 1, 0.5, 0.25);
    exact_values(k.oracle, 0.5);
    for (int i = 0; i < rollout_texts(all); i++)
        for (int t = 0; t < rollout_length(all, i); t++) {
            if (i > 0 && same_state(all, i - 1, i, t)) continue; /* has been looked at */
            double delta = 0, p = 0, V = (double)all->values[rollout_first(all, i) + t];
            for (int j = 0; j < rollout_texts(all); j++) {
                if (!same_state(all, i, j, t)) continue;
                int n = rollout_first(all, j) + t;
                double next = n < rollout_last(all, j) ? (double)all->values[n + 1] : 0;
                expect(say("V of a state after %d symbols, by another text through it", t),
                       ALL_TEXTS, (double)all->values[n], V, NO_KNOWN,
                       "at every time V is the mean over all texts that share what was written so "
                       "far, and the same for them all");
                delta += k.oracle->p[j] * ((double)all->rewards[n] + 0.5 * next - V);
                p += k.oracle->p[j];
            }
            expect(say("E[delta] of a state after %d symbols, gamma = 1/2", t), ALL_TEXTS,
                   delta / p, 0, NO_KNOWN,
                   "with the exact V a temporal difference is 0 on average");
        }
}

/* ---- 4.8 n steps ----------------------------------------------------------------------------- */

static void one_step_and_all_of_them(void)
{
    Rollout *r = four_steps();
    advantage_n_step(r, 1, 1);
    expect_numbers(
        "advantages, n = 1", FOUR_STEPS, advantages_of(r), (double[]){0.2, -0.1, 0.5, 0.2}, 4,
        (Known[]){{{0.2, -0.1, -0.3, 0.2},
                   "the last state has a value too: V(s_{t+n}) counts as long as row "
                   "t + n is the text's"},
                  {{-0.2, -0.4, -0.3, 0.2}, "V(s_{t+n}) is missing"},
                  {{0.2, -0.1, 1.5, 0.2}, "n rewards, r_t to r_{t+n-1}: here it is one more"},
                  {{0.2, -0.1, 0.5, 1}, "behind the end there is no V"},
                  {.likely = NULL}},
        "n = 1 is the temporal difference");
    advantage_n_step(r, 1, 9);
    expect_numbers("advantages, n = 9", FOUR_STEPS, advantages_of(r),
                   (double[]){0.8, 0.6, 0.7, 0.2}, 4, NO_KNOWN,
                   "once n reaches the end it is the reward to go less the value");
}

static void two_steps_ahead(void)
{
    Rollout *r = two_texts();
    advantage_n_step(r, 0.5, 2);
    expect_numbers(
        "advantages, n = 2, gamma = 1/2", TWO_TEXTS, advantages_of(r),
        (double[]){1 + 0.25 * 0.25 - 0.5, 0.5 * 2 - 1, 1.75, 0.5 + 2 - 2, 3}, 5,
        (Known[]){
            {{1 + 0.5 * 0.25 - 0.5, 0, 1.75, 0.5, 3}, "V(s_{t+n}) is discounted by gamma^n"},
            {{1 + 0.25 * 0.25 - 0.5, 0.5 * 2 + 0.25 * 2 - 1, 1.75 + 0.5 * 0.5 + 0.25 * 1, 0.5, 3},
             "it looks on into the next text: behind the end there is nothing"},
            {{1 - 0.5, 0, 1.75, 0.5, 3}, "V(s_{t+n}) is missing"},
            {.likely = NULL}},
        "r_t + gamma r_{t+1} + gamma^2 V(s_{t+2}) - V(s_t), and no V where the text is over");
}

static void n_step(Rollout *batch, void *unused)
{
    (void)unused;
    advantage_n_step(batch, 1, 9);
    advantages_as_weights(batch);
}

static void with_all_steps_the_mean_gradient_is_right(void)
{
    Known4 k = known_new(1);
    pay(k.oracle->all, 1, 0.5, 0);
    invent_values(k.oracle->all);
    expect_slope_of_J(&k, n_step, say("%s; n = 9, V is any function of the state", ALL_TEXTS),
                      "with all steps seen, V is a baseline and no more");
}

/* ---- 4.9 one trunk for both ------------------------------------------------------------------ */

typedef struct {
    Transformer *t;
    Activations *a;
    Linear head;
    Rollout *r;
    double c;
} SharedCase;

static double value_loss(const SharedCase *s)
{
    double loss = 0;
    int rows = rollout_rows(s->r);
    for (int n = 0; n < rows; n++) {
        double V = (double)s->head.b.data[0];
        for (int i = 0; i < s->t->shape.channels; i++)
            V += (double)mat_row(s->a->hidden, n)[i] * (double)mat_row(s->head.w, i)[0];
        loss += s->c / 2 * pow(V - (double)critic_targets[n], 2) / rows;
    }
    return loss;
}

static double shared_loss(void *arg)
{
    SharedCase *s = arg;
    double loss = 0;
    rollout_score(s->r, s->t, s->a, s->r->logprob);
    for (int n = 0; n < rollout_rows(s->r); n++)
        loss -= (double)s->r->weights[n] * (double)s->r->logprob[n];
    return loss + value_loss(s);
}

static void two_losses_go_back_through_one_trunk(void)
{
    TransformerShape shape = four_shape(3);
    SharedCase s = {random_policy(&shape, 5),
                    activations_new(&shape, 6, true),
                    {slice_random(8, 1, 3), slice_of(1, 1, (double[]){0.5})},
                    texts_new((int[]){3, 1, 2, 0}),
                    0.25};
    Linear d = {slice_new(8, 1), slice_new(1, 1)};
    const char *on = CRITIC ", weights 0.5 -1 0.25 | 2 | 1 -0.5, c = 1/4";
    set(s.r->weights, (double[]){0.5, -1, 0.25, 2, 1, -0.5}, 6);
    shared_loss(&s);
    double expected = value_loss(&s);
    transformer_zero_gradients(s.t);
    double got = shared_gradient(s.t, s.a, &s.head, &d, s.r, critic_targets, s.c);
    expect("the loss that is returned", on, got, expected,
           (Known[]){{{4 * expected}, "c is missing"},
                     {{2 * expected}, "1/2 is missing"},
                     {{6 * expected}, "a mean over the rows, not their sum"},
                     {.likely = NULL}},
           "c / (2 rows) sum (V - target)^2");
    const Known factors[] = {
        {{4}, "c is missing in the gradient of the value loss"},
        {{6}, "the value loss is a mean over the rows: divide by their number"},
        {.likely = NULL}};
    expect_slopes("d head.w", on, d.w, s.head.w, shared_loss, &s, factors,
                  "the head hears of the value loss alone: c (V - target) / rows");
    expect_slopes("d head.b", on, d.b, s.head.b, shared_loss, &s, factors,
                  "the head hears of the value loss alone: c (V - target) / rows");
    expect_slopes("d ln_f bias", on, s.t->d.ln_f.b, s.t->p.ln_f.b, shared_loss, &s, NO_KNOWN,
                  "the trunk hears of both: dhidden = dlogits wte + dV head.w'");
    expect_slopes("dwte", on, s.t->d.wte, s.t->p.wte, shared_loss, &s, NO_KNOWN,
                  "wte is the output layer too: dwte += dlogits' hidden");
    shared_loss(&s);
    transformer_zero_gradients(s.t);
    mat_zero(d.w), mat_zero(d.b);
    shared_gradient(s.t, s.a, &s.head, &d, s.r, critic_targets, s.c);
    double once[] = {(double)d.b.data[0], (double)s.t->d.ln_f.b.data[0]};
    shared_gradient(s.t, s.a, &s.head, &d, s.r, critic_targets, s.c);
    expect_numbers(
        "d head.b and d ln_f bias [0] after a second call", on,
        (double[]){(double)d.b.data[0], (double)s.t->d.ln_f.b.data[0]},
        (double[]){2 * once[0], 2 * once[1]}, 2,
        (Known[]){{{once[0], once[1]}, "the gradients are cleared or set: += belongs here"},
                  {{once[0], 2 * once[1]}, "dhead is set: += belongs here"},
                  {{2 * once[0], once[1]}, "the trunk's gradients are cleared: += belongs here"},
                  {.likely = NULL}},
        "twice the first: gradients are added, and only a->dlogits and a->dhidden, which are this "
        "call's own, begin from zero");
}

/* ---- bugs ------------------------------------------------------------------------------------ */

static void a_critic_that_knows_nothing_claims_nothing(void)
{
    TransformerShape shape = four_shape(3);
    CriticOptions o = {.lr = 0.01, .beta2 = 0.99, .clip = 1};
    Critic *c = critic_new(random_policy(&shape, 5), &o, 6);
    Rollout *r = texts_new((int[]){3, 1, 2, 0});
    critic_values(c, r, r->values);
    expect_numbers("V of every state, before any update", "three texts", numbers(r->values, 6),
                   (double[]){0, 0, 0, 0, 0, 0}, 6, NO_KNOWN, "the head begins at zero");
}

/* Texts that differ in one symbol: the state before it is the same. */
static void a_value_knows_nothing_of_its_symbol(void)
{
    CriticCase c = critic_case();
    TransformerShape shape = four_shape(3);
    Rollout *one = rollout_new(&shape, four_symbols(), 1, 3);
    Rollout *other = rollout_new(&shape, four_symbols(), 1, 3);
    rollout_add(one, (int[]){1, 2, 0}, 3);
    rollout_add(other, (int[]){1, 3, 0}, 3);
    critic_values(c.critic, one, one->values);
    critic_values(c.critic, other, other->values);
    expect_numbers(
        "V of the first two states", "the texts ab and ac, which part at the second symbol",
        numbers(other->values, 2), numbers(one->values, 2), 2, NO_KNOWN,
        "V(s_t) must be read off before x_t: a baseline that knows the symbol that it judges "
        "turns the gradient");
    expect_that(one->values[2] != other->values[2], "V of the third state", "the same",
                "two numbers, as the states differ", "one number",
                "V doesn't read the symbol before it");
}

static void the_target_is_advantage_plus_old_value(void)
{
    CriticCase c = critic_case();
    const double *old = (double[]){5, -5, 1, 0, 2, 2};
    set(c.r->values, old, 6);
    for (int n = 0; n < 6; n++) c.r->advantages[n] = critic_targets[n] - c.r->values[n];
    Rollout *copy = texts_new((int[]){3, 1, 2, 0});
    CriticCase asked = {c.critic, copy, critic_targets};
    double expected = critic_loss(&asked), got = critic_update(c.critic, c.r, NULL);
    expect("the loss of an update",
           CRITIC " = advantages + values that the advantages were made with", got, expected,
           NO_KNOWN,
           "target_t = A_t + V_old(s_t): not the advantage alone, and not with values that are "
           "computed anew");
    expect_that(critic_loss(&asked) < expected, "the loss after the update", CRITIC,
                say("less than %.6g", expected), say("%.6g", critic_loss(&asked)),
                "the critic steps away from its targets");
}

/* The actor's weights, by the definition: A_t / N with GAE. */
static void the_actor_is_weighed_by_its_advantages(void)
{
    TransformerShape shape = four_shape(3);
    Rollout *r = texts_new((int[]){3, 1, 2, 0});
    ActorCriticOptions o = {.advantage = {.kind = ADVANTAGE_TD, .gamma = 1},
                            .beta2 = 0.99,
                            .clip = INFINITY,
                            .critic = {.lr = 0, .beta2 = 0.99, .clip = 1},
                            .critic_epochs = 1,
                            .minibatches = 1};
    ActorCritic *f = actor_critic_new(random_policy(&shape, 5), &o, four_symbols(), 3, 3);
    set(r->rewards, (double[]){1, 2, 3, 4, 5, 6}, 6);
    actor_critic_weights(f, r);
    expect_numbers("the actor's weights, V being 0",
                   "rewards 1 2 3 | 4 | 5 6, temporal differences", numbers(r->weights, 6),
                   (double[]){1 / 3.0, 2 / 3.0, 1, 4 / 3.0, 5 / 3.0, 2}, 6, NO_KNOWN,
                   "w_t = A_t / N");
}

const Grader graders[] = {GRADER("4.1", what_came_less_what_was_expected),
                          GRADER("4.1", any_value_of_the_state_leaves_the_mean_gradient),
                          GRADER("4.2", temporal_differences_by_hand),
                          GRADER("4.2", after_the_end_nothing_is_to_come),
                          GRADER("4.3", gae_by_hand),
                          GRADER("4.3", lambda_one_is_the_reward_to_go_for_any_values),
                          GRADER("4.3", lambda_zero_is_the_temporal_difference),
                          GRADER("4.3", lambda_and_gamma_both_fade),
                          GRADER("4.4", weights_get_mean_zero_and_deviation_one),
                          GRADER("4.4", without_a_scale_weights_stay),
                          GRADER("4-apart", only_the_weights_are_whitened),
                          GRADER("4.5", explained_variance_by_hand),
                          GRADER("4.5", where_nothing_varies_there_is_nothing_to_explain),
                          GRADER("4.6", the_loss_of_the_critic),
                          GRADER("4.6", the_gradient_of_the_critic),
                          GRADER("4.6", the_critic_hears_of_every_text),
                          GRADER("4.6", gradients_of_the_critic_add_up),
                          GRADER("4.7", the_values_of_two_states),
                          GRADER("4.7", exact_values_expect_what_comes),
                          GRADER("4.7", every_state_has_its_value),
                          GRADER("4.8", one_step_and_all_of_them),
                          GRADER("4.8", two_steps_ahead),
                          GRADER("4.8", with_all_steps_the_mean_gradient_is_right),
                          GRADER("4.9", two_losses_go_back_through_one_trunk),
                          GRADER("4-begin", a_critic_that_knows_nothing_claims_nothing),
                          GRADER("4-state", a_value_knows_nothing_of_its_symbol),
                          GRADER("4-target", the_target_is_advantage_plus_old_value),
                          GRADER("4-actor", the_actor_is_weighed_by_its_advantages),
                          {0}};
