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

/* A gradient is a sum over rows, in order, in however many parts they go through. */
START_TEST(how_many_texts_go_through_at_a_time_changes_no_bit)
{
    real targets[ROWS] = {1, -2, 3, 0, 0.5, -1, 2, 1, 1, -3};
    real *whole = NULL, head[7];
    double loss = 0;
    for (int few = TEXTS; few >= 1; few--) {
        Fixture f = fixture(usual);
        Critic *c = f.critic;
        size_t size = sizeof(real) * c->trunk->size;
        give_opinions(&f);
        critic_zero_gradients(c);
        c->few = few;
        double got = critic_gradient(c, f.r, targets);
        if (!whole) {
            loss = got;
            whole = memcpy(NEW(real, c->trunk->size), c->trunk->gradients.base, size);
            memcpy(head, c->dhead.w.data, sizeof(real) * 6);
            head[6] = c->dhead.b.data[0];
        }
        ck_assert(got == loss && memcmp(whole, c->trunk->gradients.base, size) == 0);
        ck_assert(memcmp(head, c->dhead.w.data, sizeof(real) * 6) == 0);
        ck_assert(head[6] == c->dhead.b.data[0]);
        ck_assert_int_eq(c->activations->rows, few == 1 ? 5 : few == 2 ? 5 : ROWS);
        fixture_free(&f);
    }
    free(whole);
}
END_TEST

/* They are at least four, and two for each thread; there is no room for more than was asked for. */
START_TEST(a_critic_has_room_for_a_few_texts)
{
    Fixture f = fixture(usual);
    int threads = threads_count();
    for (int n = 1; n <= 3; n++) {
        threads_use(n);
        Critic *c = critic_new(f.policy, &usual, 1000);
        ck_assert_int_eq(c->few, n < 3 || threads_count() < 3 ? 4 : 6);
        ck_assert_int_eq(c->activations->capacity, 5 * c->few);
        critic_free(c);
    }
    threads_use(threads);
    Critic *c = critic_new(f.policy, &usual, 19);
    ck_assert_int_eq(c->activations->capacity, 19);
    critic_free(c);
    fixture_free(&f);
}
END_TEST

/* Values can be asked for slice by slice, and are the same; an update has room for one batch. */
START_TEST(a_batch_of_more_rows_than_were_promised_is_valued_but_not_learnt)
{
    Fixture f = fixture(usual);
    Critic *small = critic_new(f.policy, &usual, ROWS - 1);
    real whole[ROWS], slices[ROWS];
    expect_returns(&f, returns);
    critic_update(f.critic, f.r, NULL);
    memcpy(small->trunk->weights.base, f.critic->trunk->weights.base,
           sizeof(real) * small->trunk->size);
    memcpy(small->head_weights.base, f.critic->head_weights.base,
           sizeof(real) * small->head_weights.used);
    critic_values(f.critic, f.r, whole);
    critic_values(small, f.r, slices);
    ck_assert(whole[0] != 0 && memcmp(whole, slices, sizeof whole) == 0);
    ck_assert_dies(critic_update(small, f.r, NULL), "10 rows, and there is room for 9");
    critic_free(small);
    small = critic_new(f.policy, &usual, ROWS); /* and as many as promised are learnt */
    ck_assert(critic_update(small, f.r, NULL) > 0);
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
    a_critic_has_room_for_a_few_texts,
    a_batch_of_more_rows_than_were_promised_is_valued_but_not_learnt,
    NULL};

RUN_TESTS("critic", tests)
