/* test_critic.c: what the critic says, what it may know, and how it learns. */
#define SUITE_TIMEOUT 60
#include "critic.h"
#include "error.h"
#include "gradient.h"
#include "suite.h"
#include "threads.h"

enum { TEXTS = 3, ROWS = 10 }; /* texts of 4, 1 and 5 symbols */

static Vocabulary vocabulary;

typedef struct {
    Transformer *policy;
    Rollout *r;
    Critic *critic;
} Fixture;

static void randomise(Matrix m, double size, Rng *rng)
{
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) mat_row(m, i)[j] += (real)(size * rng_normal(rng));
}

static Fixture fixture(CriticOptions options)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b", (char *)"c"};
    TransformerShape shape = {
        .layers = 2, .heads = 3, .channels = 6, .context = 5, .vocabulary = 4};
    Fixture f;
    Rng rng = rng_stream(4, 0);
    vocabulary_make(&vocabulary, symbols, 4, 0);
    f.policy = transformer_new(&shape, 1);
    for (int l = 0; l < shape.layers; l++) randomise(f.policy->p.block[l].qkv.w, 0.5, &rng);
    randomise(f.policy->p.wte, 0.5, &rng);
    f.r = rollout_new(&shape, &vocabulary, TEXTS, shape.context);
    rollout_add(f.r, (int[]){1, 3, 2, 0}, 4);
    rollout_add(f.r, (int[]){0}, 1);
    rollout_add(f.r, (int[]){2, 2, 3, 1, 1}, 5);
    f.critic = critic_new(f.policy, &options, TEXTS * shape.context);
    return f;
}

static const CriticOptions usual = {.lr = 1e-2, .beta2 = 0.99, .clip = 1e9};

/* A head that says something. */
static void give_opinions(Fixture *f)
{
    Rng rng = rng_stream(5, 0);
    randomise(f->critic->head.w, 0.7, &rng);
    randomise(f->critic->head.b, 0.7, &rng);
}

static void fixture_free(Fixture *f)
{
    critic_free(f->critic);
    rollout_free(f->r);
    transformer_free(f->policy);
    vocabulary_free(&vocabulary);
}

START_TEST(the_value_of_everything_starts_at_zero)
{
    Fixture f = fixture(usual);
    for (int n = 0; n < ROWS; n++) f.r->values[n] = 1;
    critic_values(f.critic, f.r, f.r->values);
    for (int n = 0; n < ROWS; n++) ck_assert(f.r->values[n] == 0);
    fixture_free(&f);
}
END_TEST

START_TEST(the_value_is_the_hidden_state_through_the_head)
{
    Fixture f = fixture(usual);
    give_opinions(&f);
    critic_values(f.critic, f.r, f.r->values);
    trunk_forward(f.policy, f.critic->activations, &f.r->rows->batch, NULL);
    for (int n = 0; n < ROWS; n++) {
        double V = f.critic->head.b.data[0];
        for (int k = 0; k < 6; k++)
            V += (double)mat_row(f.critic->activations->hidden, n)[k] *
                 *mat_row(f.critic->head.w, k);
        ck_assert(fabs(V - f.r->values[n]) < (in_double ? 1e-13 : 1e-5));
    }
    fixture_free(&f);
}
END_TEST

/* Row n is the state before its symbol: another symbol there changes what is expected from the next
 * row on, and nothing before. */
START_TEST(a_value_sees_the_state_before_its_symbol)
{
    for (int t = 0; t < 5; t++) {
        Fixture f = fixture(usual);
        real before[5], after[5];
        int text[] = {2, 2, 3, 1, 1};
        give_opinions(&f);
        critic_values(f.critic, f.r, f.r->values);
        memcpy(before, f.r->values + 5, sizeof before);
        rollout_clear(f.r);
        text[t] = text[t] == 1 ? 2 : 1;
        rollout_add(f.r, text, 5);
        critic_values(f.critic, f.r, after);
        for (int n = 0; n < 5; n++)
            ck_assert_msg((before[n] == after[n]) == (n <= t),
                          "symbol %d changed, V of row %d: %g, %g", t, n, (double)before[n],
                          (double)after[n]);
        fixture_free(&f);
    }
}
END_TEST

START_TEST(an_empty_story_has_the_same_value_in_every_text)
{
    Fixture f = fixture(usual);
    give_opinions(&f);
    critic_values(f.critic, f.r, f.r->values);
    ck_assert(f.r->values[0] != 0);
    ck_assert(f.r->values[0] == f.r->values[4] && f.r->values[0] == f.r->values[5]);
    fixture_free(&f);
}
END_TEST

/* ---- the loss and its gradient --------------------------------------------------------------- */

START_TEST(the_loss_is_half_the_mean_square_and_its_gradient_the_mean_error)
{
    Fixture f = fixture(usual);
    real targets[ROWS];
    double loss = 0, mean = 0;
    for (int n = 0; n < ROWS; n++) {
        targets[n] = (real)(n - 3);
        loss += 0.5 * (n - 3) * (n - 3) / ROWS;
        mean -= (n - 3) / (double)ROWS;
    }
    critic_zero_gradients(f.critic);
    ck_assert(fabs(critic_gradient(f.critic, f.r, targets) - loss) < 1e-6);
    ck_assert(fabs(f.critic->dhead.b.data[0] - mean) < 1e-6);
    fixture_free(&f);
}
END_TEST

/* While the head is zero, no error reaches the trunk. */
START_TEST(the_first_step_moves_the_head_only)
{
    Fixture f = fixture(usual);
    real targets[ROWS] = {1, -2, 3};
    critic_zero_gradients(f.critic);
    critic_gradient(f.critic, f.r, targets);
    ck_assert(gradient_norm(f.critic->trunk->gradients.base, f.critic->trunk->size) == 0);
    ck_assert(gradient_norm(f.critic->dhead.w.data, 6) > 0.01);
    fixture_free(&f);
}
END_TEST

static double loss_at(Fixture *f, const real *targets, real *x, double moved)
{
    real kept = *x, values[ROWS];
    double loss = 0;
    *x = (real)(kept + moved);
    critic_values(f->critic, f->r, values);
    for (int n = 0; n < ROWS; n++)
        loss += 0.5 * ((double)values[n] - targets[n]) * ((double)values[n] - targets[n]) / ROWS;
    *x = kept;
    return loss;
}

static void check_slopes(Fixture *f, const real *targets, real *p, const real *g, size_t size)
{
    double h = in_double ? 0x1p-9 : 0x1p-5, largest = 0;
    for (size_t k = 0; k < size; k++) {
        double near = loss_at(f, targets, p + k, h) - loss_at(f, targets, p + k, -h);
        double far = loss_at(f, targets, p + k, 2 * h) - loss_at(f, targets, p + k, -2 * h);
        double slope = (8 * near - far) / (12 * h);
        double allowed = (in_double ? 1e-6 : 2e-2) * fmax(fabs(slope), fabs((double)g[k])) +
                         (in_double ? 1e-10 : 2e-4);
        ck_assert_msg(fabs(slope - g[k]) <= allowed, "number %zu: %.10g by differences, %.10g", k,
                      slope, (double)g[k]);
        largest = fmax(largest, fabs(slope));
    }
    ck_assert_msg(largest > 1e-3, "every slope is zero: nothing was tested");
}

START_TEST(the_gradient_of_the_value_loss_agrees_with_differences)
{
    Fixture f = fixture(usual);
    real targets[ROWS] = {1, -2, 3, 0, 0.5, -1, 2, 1, 1, -3};
    Critic *c = f.critic;
    give_opinions(&f);
    critic_zero_gradients(c);
    critic_gradient(c, f.r, targets);
    check_slopes(&f, targets, c->head_weights.base, c->head_gradients.base, c->head_weights.used);
    check_slopes(&f, targets, c->trunk->weights.base, c->trunk->gradients.base, c->trunk->size);
    fixture_free(&f);
}
END_TEST

START_TEST(backward_twice_doubles_the_critics_gradient)
{
    Fixture f = fixture(usual);
    real targets[ROWS] = {1, -2, 3};
    size_t size = f.critic->trunk->size;
    real *trunk = f.critic->trunk->gradients.base, *head = f.critic->dhead.w.data;
    real *once = NEW(real, size), head_once[6];
    give_opinions(&f);
    critic_zero_gradients(f.critic);
    critic_gradient(f.critic, f.r, targets);
    memcpy(once, trunk, sizeof(real) * size);
    memcpy(head_once, head, sizeof head_once);
    critic_gradient(f.critic, f.r, targets);
    double tol = in_double ? 1e-13 : 1e-5;
    for (size_t k = 0; k < size; k++) ck_assert(fabs(trunk[k] - 2 * (double)once[k]) <= tol);
    for (int k = 0; k < 6; k++) ck_assert(fabs(head[k] - 2 * (double)head_once[k]) <= 10 * tol);
    free(once);
    fixture_free(&f);
}
END_TEST

/* ---- learning ----------------------------------------------------------------------------- */

/* Advantages of returns to go, for which the targets are the returns. */
static void expect_returns(Fixture *f, const real *returns)
{
    critic_values(f->critic, f->r, f->r->values);
    for (int n = 0; n < ROWS; n++) f->r->advantages[n] = returns[n] - f->r->values[n];
}

/* Rows 0, 4 and 5 are one state, so they need one target. */
static const real returns[ROWS] = {1, -2, 3, 0, 1, 1, 2, 1, 1, -3};

START_TEST(the_targets_are_advantage_plus_value_also_in_a_later_epoch)
{
    Fixture f = fixture(usual);
    give_opinions(&f);
    expect_returns(&f, returns);
    for (int epoch = 0; epoch < 3; epoch++) {
        critic_update(f.critic, f.r, NULL);
        for (int n = 0; n < ROWS; n++)
            ck_assert(fabs(f.critic->targets.data[n] - returns[n]) < 1e-5);
    }
    fixture_free(&f);
}
END_TEST

START_TEST(the_critic_learns_one_batch_by_heart)
{
    Fixture f = fixture(usual);
    expect_returns(&f, returns);
    double loss = 0, first = critic_update(f.critic, f.r, NULL);
    for (int i = 0; i < 400; i++) loss = critic_update(f.critic, f.r, NULL);
    ck_assert_msg(first > 1 && loss < 1e-3, "from %g to %g", first, loss);
    critic_values(f.critic, f.r, f.r->values);
    for (int n = 0; n < ROWS; n++) ck_assert(fabs(f.r->values[n] - returns[n]) < 0.1);
    fixture_free(&f);
}
END_TEST

START_TEST(an_update_leaves_the_policy_alone)
{
    Fixture f = fixture(usual);
    size_t bytes = sizeof(real) * f.policy->size;
    real *before = NEW(real, f.policy->size);
    memcpy(before, f.policy->weights.base, bytes);
    give_opinions(&f);
    expect_returns(&f, returns);
    critic_update(f.critic, f.r, NULL);
    ck_assert_mem_eq(before, f.policy->weights.base, bytes);
    ck_assert_mem_ne(before, f.critic->trunk->weights.base, bytes);
    free(before);
    fixture_free(&f);
}
END_TEST

START_TEST(the_clip_holds_trunk_and_head_together)
{
    CriticOptions tight = usual;
    tight.clip = 0.125;
    Fixture f = fixture(tight);
    double norm;
    give_opinions(&f);
    expect_returns(&f, returns);
    critic_zero_gradients(f.critic);
    critic_gradient(f.critic, f.r, returns);
    double trunk = gradient_norm(f.critic->trunk->gradients.base, f.critic->trunk->size);
    double head = gradient_norm(f.critic->head_gradients.base, f.critic->head_gradients.used);
    critic_update(f.critic, f.r, &norm);
    ck_assert(close_to(norm, hypot(trunk, head), 1e-5) && norm > 1);
    double t = gradient_norm(f.critic->trunk->gradients.base, f.critic->trunk->size);
    double h = gradient_norm(f.critic->head_gradients.base, f.critic->head_gradients.used);
    ck_assert(close_to(hypot(t, h), 0.125, 1e-5) && close_to(t / h, trunk / head, 1e-4));
    fixture_free(&f);
}
END_TEST

START_TEST(at_learning_rate_zero_the_critic_stays)
{
    CriticOptions still = usual;
    still.lr = 0;
    Fixture f = fixture(still);
    expect_returns(&f, returns);
    critic_update(f.critic, f.r, NULL);
    critic_values(f.critic, f.r, f.r->values);
    for (int n = 0; n < ROWS; n++) ck_assert(f.r->values[n] == 0);
    fixture_free(&f);
}
END_TEST

/* What critic_gradient should give, from all texts at once. */
static double gradient_at_once(Critic *c, const Rollout *r, const real *targets)
{
    int rows = rollout_rows(r);
    Activations *a = activations_new(&c->trunk->shape, rows, true);
    Matrix values = mat_rows(c->values, 0, rows), dvalues = mat_rows(c->dvalues, 0, rows);
    double loss = 0;
    trunk_forward(c->trunk, a, &r->rows->batch, NULL);
    linear_forward(values, a->hidden, &c->head);
    for (int n = 0; n < rows; n++) {
        real error = values.data[n] - targets[n];
        loss += 0.5 * (double)error * error / rows;
        dvalues.data[n] = error / (real)rows;
    }
    linear_backward(a->dhidden, dvalues, &c->head);
    linear_gradient(&c->dhead, dvalues, a->hidden);
    trunk_backward(c->trunk, a, &r->rows->batch, a->dhidden);
    activations_free(a);
    return loss;
}

/* Texts go through a few at a time: about 128 rows, but two texts for each of several threads. A
 * gradient is a sum over rows, in order, and no bit depends on how few. */
START_TEST(how_many_texts_go_through_at_a_time_changes_no_bit)
{
    static const struct {
        int length, threads, last; /* last: rows of the last part of 23 texts */
    } cases[] = {
        {90, 1, 1 * 90}, {90, 2, 3 * 90}, {90, 3, 5 * 90}, {20, 1, 5 * 20}, {3, 1, 23 * 3}};
    TransformerShape shape = {
        .layers = 2, .heads = 2, .channels = 8, .context = 90, .vocabulary = 4};
    Fixture f = fixture(usual);
    int before = threads_count();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int symbols[90], rows = 23 * cases[i].length;
        Rng rng = rng_stream(9, i);
        Transformer *policy = transformer_new(&shape, 2);
        Rollout *r = rollout_new(&shape, &vocabulary, 23, 90);
        threads_use(cases[i].threads);
        Critic *c = critic_new(policy, &usual, rows);
        real *targets = NEW(real, rows), *whole = NEW(real, c->trunk->size), head[9];
        for (int t = 0; t < 23; t++) {
            for (int n = 0; n < cases[i].length; n++) symbols[n] = 1 + rng_below(&rng, 3);
            rollout_add(r, symbols, cases[i].length);
        }
        for (int n = 0; n < rows; n++) targets[n] = (real)rng_normal(&rng);
        randomise(c->head.w, 0.7, &rng);

        threads_use(1);
        critic_zero_gradients(c);
        double loss = gradient_at_once(c, r, targets);
        memcpy(whole, c->trunk->gradients.base, sizeof(real) * c->trunk->size);
        memcpy(head, c->dhead.w.data, sizeof(real) * 8);
        head[8] = c->dhead.b.data[0];
        threads_use(cases[i].threads);
        int threads = threads_count(); /* a single one without OpenMP */
        critic_zero_gradients(c);
        ck_assert(critic_gradient(c, r, targets) == loss && loss > 0.1);
        ck_assert(memcmp(whole, c->trunk->gradients.base, sizeof(real) * c->trunk->size) == 0);
        ck_assert(memcmp(head, c->dhead.w.data, sizeof(real) * 8) == 0);
        ck_assert(head[8] == c->dhead.b.data[0]);
        if (threads == cases[i].threads) ck_assert_int_eq(c->activations->rows, cases[i].last);

        free(targets);
        free(whole);
        critic_free(c);
        rollout_free(r);
        transformer_free(policy);
    }
    threads_use(before);
    fixture_free(&f);
}
END_TEST

/* Values can be asked for slice by slice, and are the same; a gradient is one batch's. */
START_TEST(a_batch_of_more_rows_than_were_promised_is_valued_but_not_learnt)
{
    Fixture f = fixture(usual);
    Critic *small = critic_new(f.policy, &usual, ROWS - 1);
    real whole[ROWS], slices[ROWS];
    expect_returns(&f, returns);
    critic_update(f.critic, f.r, NULL);
    transformer_copy_weights(small->trunk, f.critic->trunk);
    memcpy(small->head_weights.base, f.critic->head_weights.base,
           sizeof(real) * small->head_weights.used);
    critic_values(f.critic, f.r, whole);
    critic_values(small, f.r, slices);
    ck_assert(whole[0] != 0 && memcmp(whole, slices, sizeof whole) == 0);
    ck_assert_dies(critic_gradient(small, f.r, returns), "10 rows, and there is room for 9");
    ck_assert_dies(critic_update(small, f.r, NULL), "10 rows, and there is room for 9");
    critic_free(small);
    small = critic_new(f.policy, &usual, ROWS); /* and as many as promised are learnt */
    ck_assert(critic_update(small, f.r, NULL) > 0);
    rollout_clear(f.r);
    ck_assert_dies(critic_gradient(small, f.r, returns), "0 rows, and there is room for 10");
    critic_free(small);
    fixture_free(&f);
}
END_TEST

static const TTest *const tests[] = {
    the_value_of_everything_starts_at_zero,
    the_value_is_the_hidden_state_through_the_head,
    a_value_sees_the_state_before_its_symbol,
    an_empty_story_has_the_same_value_in_every_text,
    the_loss_is_half_the_mean_square_and_its_gradient_the_mean_error,
    the_first_step_moves_the_head_only,
    the_gradient_of_the_value_loss_agrees_with_differences,
    backward_twice_doubles_the_critics_gradient,
    the_targets_are_advantage_plus_value_also_in_a_later_epoch,
    the_critic_learns_one_batch_by_heart,
    an_update_leaves_the_policy_alone,
    the_clip_holds_trunk_and_head_together,
    at_learning_rate_zero_the_critic_stays,
    how_many_texts_go_through_at_a_time_changes_no_bit,
    a_batch_of_more_rows_than_were_promised_is_valued_but_not_learnt,
    NULL};

RUN_TESTS("critic", tests)
