/* test_actor_critic.c: the weights that actor and critic make together, and one step of both. */
#define SUITE_TIMEOUT 60
#include "actor_critic.h"
#include "error.h"
#include "gradient.h"
#include "kl.h"
#include "lambda.h"
#include "reinforce.h"
#include "suite.h"
#include "threads.h"

static ActorCriticOptions options_of(AdvantageKind kind, double lambda, bool whiten)
{
    return (ActorCriticOptions){.advantage = {kind, .gamma = 1, .lambda = lambda, .whiten = whiten},
                                .lr = 1e-2,
                                .last_lr = 1e-2,
                                .beta2 = 0.99,
                                .clip = 1e9,
                                .critic = {.lr = 1e-2, .beta2 = 0.98, .clip = 1e8},
                                .critic_epochs = 1,
                                .minibatches = 1};
}

typedef struct {
    Toy *toy;
    ActorCritic *f;
    Rollout *r; /* a batch with its rewards */
} Fixture;

enum { BATCH = 7 };

static void draw(Fixture *x, uint64_t seed)
{
    Error err;
    rollout_draw(x->r, x->toy->policy, seed);
    ck_assert(reward_score(&x->toy->reward, x->r, &err));
    rollout_compare(x->r, x->toy->reference, x->f->activations);
    rollout_kl_sampled(x->r);
    rollout_rewards(x->r, x->toy->beta);
}

static Fixture fixture(ActorCriticOptions options)
{
    Fixture x = {.toy = toy_new("contains:ab", 0.1, BATCH, 1)};
    int longest = x.toy->oracle->all->longest;
    options.beta = x.toy->beta;
    x.f = actor_critic_new(x.toy->policy, &options, &x.toy->vocabulary, BATCH, longest);
    x.r = rollout_new(&x.toy->shape, &x.toy->vocabulary, BATCH, longest);
    draw(&x, 3);
    return x;
}

/* Without a price on KL, and with texts of both kinds: then a text earns the same whenever it is
 * read, and nothing but rewards pulls at the policy. */
static Fixture plain_fixture(ActorCriticOptions options)
{
    Fixture x = fixture(options);
    x.f->options.beta = 0;
    double sum = 0;
    for (uint64_t seed = 1; sum < 2; seed++) {
        draw(&x, seed);
        sum = 0;
        for (int i = 0; i < BATCH; i++) sum += x.r->reward[i];
    }
    return x;
}

static void fixture_free(Fixture *x)
{
    actor_critic_free(x->f);
    rollout_free(x->r);
    toy_free(x->toy);
}

static void give_opinions(Critic *c)
{
    Rng rng = rng_stream(8, 0);
    for (int k = 0; k < c->head.w.rows; k++)
        *mat_row(c->head.w, k) = (real)(0.3 * rng_normal(&rng));
    c->head.b.data[0] = (real)-0.4;
}

START_TEST(weights_are_whitened_advantages_over_the_number_of_texts)
{
    Fixture x = fixture(options_of(ADVANTAGE_GAE, 0.7, true));
    give_opinions(x.f->critic);
    actor_critic_weights(x.f, x.r);
    int rows = rollout_rows(x.r);
    double mean = 0, square = 0, likeness = 0;
    for (int n = 0; n < rows; n++) {
        mean += x.r->weights[n] / rows;
        square += (double)x.r->weights[n] * x.r->weights[n] / rows;
        likeness += (double)x.r->weights[n] * x.r->advantages[n];
    }
    ck_assert(fabs(mean) < 1e-6 && close_to(sqrt(square), 1.0 / BATCH, 1e-5));
    ck_assert(likeness > 0); /* a good symbol's weight is positive, which raises it */
    fixture_free(&x);
}
END_TEST

START_TEST(raw_weights_are_advantages_over_the_number_of_texts)
{
    Fixture x = fixture(options_of(ADVANTAGE_GAE, 0.7, false));
    give_opinions(x.f->critic);
    actor_critic_weights(x.f, x.r);
    for (int n = 0; n < rollout_rows(x.r); n++)
        ck_assert(fabs(x.r->weights[n] - (double)x.r->advantages[n] / BATCH) < 1e-6);
    fixture_free(&x);
}
END_TEST

START_TEST(with_a_critic_that_knows_nothing_it_is_reinforce)
{
    Fixture x = fixture(options_of(ADVANTAGE_GAE, 1, false));
    actor_critic_weights(x.f, x.r);
    int rows = rollout_rows(x.r);
    real *weights = NEW(real, rows);
    memcpy(weights, x.r->weights, sizeof(real) * (size_t)rows);
    weights_to_go(x.r);
    weights_mean(x.r);
    for (int n = 0; n < rows; n++) ck_assert(fabs(weights[n] - x.r->weights[n]) < 1e-6);
    free(weights);
    fixture_free(&x);
}
END_TEST

/* The whole gradient, that of exact KL included: and chapter 3's is the slope of J_beta. */
START_TEST(then_its_gradient_is_reinforces_too)
{
    ActorCriticOptions still = options_of(ADVANTAGE_GAE, 1, false);
    still.lr = still.last_lr = 0;
    Fixture x = fixture(still);
    Transformer *policy = x.toy->policy;
    real *expected = NEW(real, policy->size);
    ReinforceOptions options = {
        .beta = x.toy->beta, .credit = CREDIT_TO_GO, .beta2 = 0.99, .clip = 1e9};
    Reinforce *chapter3 = reinforce_new(policy, &options, rollout_rows(x.r));
    reinforce_update(chapter3, x.r);
    memcpy(expected, policy->gradients.base, sizeof(real) * policy->size);
    actor_critic_update(x.f, x.r);
    ck_assert(gradient_norm(expected, policy->size) > 1e-2);
    for (size_t k = 0; k < policy->size; k++)
        ck_assert(fabs(expected[k] - policy->gradients.base[k]) <= (in_double ? 1e-12 : 1e-5));
    free(expected);
    reinforce_free(chapter3);
    fixture_free(&x);
}
END_TEST

static void weigh_total(Rollout *batch, void *unused)
{
    (void)unused;
    weights_total(batch);
    weights_mean(batch);
}

static void weigh_with_critic(Rollout *batch, void *actor_critic)
{
    actor_critic_weights(actor_critic, batch);
}

/* Distance of the mean gradient from the exact one, in units of that. */
static double bias(Fixture *x)
{
    Transformer *policy = x->toy->policy;
    real *g = NEW(real, policy->size);
    double off = 0;
    oracle_gradient(x->toy->oracle, policy, weigh_with_critic, x->f);
    memcpy(g, policy->gradients.base, sizeof(real) * policy->size);
    oracle_gradient(x->toy->oracle, policy, weigh_total, NULL);
    for (size_t k = 0; k < policy->size; k++) {
        double d = (double)g[k] - policy->gradients.base[k];
        off += d * d;
    }
    free(g);
    return sqrt(off) / gradient_norm(policy->gradients.base, policy->size);
}

/* Through the critic's own network, with opinions that it picked up anywhere: as long as it sees
 * the state only, the expected gradient stays. */
START_TEST(a_critic_of_any_opinion_leaves_the_expected_gradient_of_lambda_one)
{
    Fixture x = fixture(options_of(ADVANTAGE_GAE, 1, false));
    give_opinions(x.f->critic);
    ck_assert_msg(bias(&x) <= (in_double ? 1e-11 : 1e-4), "off by %g", bias(&x));
    x.f->options.advantage.lambda = 0.5;
    ck_assert_msg(bias(&x) > 0.05, "lambda 0.5 is off by %g only", bias(&x));
    fixture_free(&x);
}
END_TEST

START_TEST(the_critic_teaches_and_learns_without_touching_the_actor)
{
    ActorCriticOptions still = options_of(ADVANTAGE_GAE, 0.9, true);
    still.lr = still.last_lr = 0;
    Fixture x = fixture(still);
    size_t bytes = sizeof(real) * x.toy->policy->size;
    real *policy = NEW(real, x.toy->policy->size);
    memcpy(policy, x.toy->policy->weights.base, bytes);
    actor_critic_update(x.f, x.r);
    actor_critic_update(x.f, x.r);
    ck_assert_mem_eq(policy, x.toy->policy->weights.base, bytes);
    critic_values(x.f->critic, x.r, x.r->values);
    ck_assert(x.r->values[0] != 0);
    free(policy);
    fixture_free(&x);
}
END_TEST

START_TEST(the_actor_learns_without_touching_the_critic)
{
    ActorCriticOptions still = options_of(ADVANTAGE_GAE, 0.9, true);
    still.critic.lr = 0;
    Fixture x = fixture(still);
    size_t bytes = sizeof(real) * x.toy->policy->size;
    Transformer *trunk = x.f->critic->trunk;
    ck_assert_mem_eq(trunk->weights.base, x.toy->policy->weights.base, bytes);
    real *critic = NEW(real, trunk->size);
    memcpy(critic, trunk->weights.base, bytes);
    actor_critic_update(x.f, x.r);
    ck_assert_mem_eq(critic, trunk->weights.base, bytes);
    ck_assert_mem_ne(critic, x.toy->policy->weights.base, bytes);
    free(critic);
    fixture_free(&x);
}
END_TEST

START_TEST(a_step_raises_what_was_better_than_expected)
{
    Fixture x = plain_fixture(options_of(ADVANTAGE_GAE, 1, true));
    double before = 0, after = 0;
    x.f->options.lr = x.f->options.last_lr = 1e-4;
    actor_critic_update(x.f, x.r);
    for (int n = 0; n < rollout_rows(x.r); n++) before += x.r->weights[n] * x.r->logprob[n];
    rollout_score(x.r, x.toy->policy, x.f->activations, x.r->logprob);
    for (int n = 0; n < rollout_rows(x.r); n++) after += x.r->weights[n] * x.r->logprob[n];
    ck_assert_msg(after > before + 1e-5, "%g before, %g after", before, after);
    fixture_free(&x);
}
END_TEST

START_TEST(a_step_says_what_the_critic_knew_before_it)
{
    Fixture x = plain_fixture(options_of(ADVANTAGE_TO_GO, 1, true));
    ActorCriticStep u = actor_critic_update(x.f, x.r);
    double square = 0;
    for (int n = 0; n < rollout_rows(x.r); n++) /* V was 0, so the error is the return */
        square += (double)x.r->advantages[n] * x.r->advantages[n];
    ck_assert(fabs(u.explained_variance) < 1e-6);
    ck_assert(close_to(u.value_loss, 0.5 * square / rollout_rows(x.r), 1e-5));
    ck_assert(u.entropy > 0 && u.entropy < log(4) && u.gradient_norm > 0);
    ck_assert(u.critic_gradient_norm > 0);
    for (int i = 0; i < 60; i++) u = actor_critic_update(x.f, x.r);
    /* not all of it: texts that begin alike end differently */
    ck_assert_msg(u.explained_variance > 0.25, "%g", u.explained_variance);
    fixture_free(&x);
}
END_TEST

START_TEST(more_steps_of_the_critic_bring_it_nearer)
{
    double loss[2];
    for (int many = 0; many < 2; many++) {
        ActorCriticOptions o = options_of(ADVANTAGE_TO_GO, 1, true);
        o.critic_epochs = many ? 4 : 1;
        o.minibatches = many ? 2 : 1;
        Fixture x = fixture(o);
        actor_critic_update(x.f, x.r);
        loss[many] = actor_critic_update(x.f, x.r).value_loss;
        fixture_free(&x);
    }
    ck_assert_msg(loss[1] < 0.7 * loss[0], "%g after one step each, %g after eight", loss[0],
                  loss[1]);
}
END_TEST

/* Of a critic that expects nothing and stays so, the loss is half the mean square of the returns:
 * of each share of the texts, then the mean over shares. In every epoch the same. */
START_TEST(in_an_epoch_the_critic_reads_every_text_once)
{
    enum { SHARES = 3 };
    for (int epochs = 1; epochs <= 3; epochs++) {
        ActorCriticOptions o = options_of(ADVANTAGE_TO_GO, 1, true);
        o.minibatches = SHARES;
        o.critic_epochs = epochs;
        o.critic.lr = 0;
        Fixture x = plain_fixture(o);
        ActorCriticStep u = actor_critic_update(x.f, x.r);
        double loss = 0, norm = 0;
        for (int m = 0; m < SHARES; m++) { /* 2, 2 and 3 of 7 texts */
            int from = BATCH * m / SHARES, to = BATCH * (m + 1) / SHARES, rows = 0;
            double square = 0, one;
            rollout_clear(x.f->minibatch);
            for (int i = from; i < to; i++) {
                rollout_copy(x.f->minibatch, x.r, i);
                for (int n = rollout_first(x.r, i); n <= rollout_last(x.r, i); n++, rows++)
                    square += (double)x.r->advantages[n] * x.r->advantages[n];
            }
            loss += 0.5 * square / rows / SHARES;
            critic_update(x.f->critic, x.f->minibatch, &one);
            norm += one / SHARES;
        }
        ck_assert_msg(close_to(u.value_loss, loss, 1e-5), "%g, not %g", u.value_loss, loss);
        ck_assert(norm > 0 && close_to(u.critic_gradient_norm, norm, 1e-5));
        fixture_free(&x);
    }
}
END_TEST

/* Whitening divides the weights by their deviation, and the price of KL with them: but for the mean
 * that it takes away, the gradient keeps its direction. */
START_TEST(whitening_scales_the_price_of_KL_along)
{
    ActorCriticOptions o = options_of(ADVANTAGE_TO_GO, 1, true);
    o.lr = o.last_lr = 0;
    Fixture x = fixture(o);
    Activations *a = x.f->activations;
    Transformer *policy = x.toy->policy;
    real *got = NEW(real, policy->size);
    actor_critic_update(x.f, x.r);
    memcpy(got, policy->gradients.base, sizeof(real) * policy->size);

    /* by hand: (A - mean) / deviation / N, and beta / deviation / N */
    int rows = rollout_rows(x.r);
    double mean = 0, square = 0;
    for (int n = 0; n < rows; n++) mean += (double)x.r->advantages[n] / rows;
    for (int n = 0; n < rows; n++) square += pow(x.r->advantages[n] - mean, 2) / rows;
    for (int n = 0; n < rows; n++)
        x.r->weights[n] = (real)((x.r->advantages[n] - mean) / sqrt(square) / BATCH);
    rollout_score(x.r, policy, a, x.r->logprob);
    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, x.r->rows->targets, x.r->weights);
    kl_gradient(a->dlogits, a->probs, x.r->log_ref, x.toy->beta / sqrt(square) / BATCH, NULL);
    transformer_zero_gradients(policy);
    transformer_backward(policy, a, &x.r->rows->batch, a->dlogits);
    ck_assert(fabs(sqrt(square) - 1) > 0.1); /* a scale that would be seen */
    for (size_t k = 0; k < policy->size; k++)
        ck_assert(fabs(got[k] - policy->gradients.base[k]) <= (in_double ? 1e-12 : 1e-4));
    free(got);
    fixture_free(&x);
}
END_TEST

START_TEST(more_minibatches_than_texts_are_refused)
{
    Toy *t = toy_new("contains:ab", 0.1, BATCH, 1);
    ActorCriticOptions o = options_of(ADVANTAGE_GAE, 1, true);
    for (int wrong = 0; wrong <= BATCH + 1; wrong += BATCH + 1) {
        o.minibatches = wrong;
        ck_assert_dies(actor_critic_new(t->policy, &o, &t->vocabulary, BATCH, 5),
                       "minibatches of 7 texts");
    }
    o.minibatches = BATCH;
    actor_critic_free(actor_critic_new(t->policy, &o, &t->vocabulary, BATCH, 5));
    toy_free(t);
}
END_TEST

START_TEST(the_learning_rate_falls_to_its_last_value)
{
    ActorCriticOptions o = options_of(ADVANTAGE_GAE, 1, true);
    o.steps = 2;
    o.last_lr = 0;
    Fixture x = fixture(o);
    size_t bytes = sizeof(real) * x.toy->policy->size;
    real *policy = NEW(real, x.toy->policy->size);
    actor_critic_update(x.f, x.r);
    memcpy(policy, x.toy->policy->weights.base, bytes);
    actor_critic_update(x.f, x.r);
    ck_assert_mem_eq(policy, x.toy->policy->weights.base, bytes);
    free(policy);
    fixture_free(&x);
}
END_TEST

/* As the headers have it: beta1 is 0.9, nothing decays, and each network has a beta2 of its own. */
START_TEST(both_networks_have_AdamW_by_their_own_options)
{
    Fixture x = fixture(options_of(ADVANTAGE_GAE, 1, true));
    const AdamOptions *actor = &x.f->adam.options, *trunk = &x.f->critic->trunk_adam.options,
                      *head = &x.f->critic->head_adam.options;
    ck_assert(actor->beta1 == 0.9 && actor->beta2 == 0.99 && actor->weight_decay == 0);
    ck_assert(trunk->beta1 == 0.9 && trunk->beta2 == 0.98 && trunk->weight_decay == 0);
    ck_assert(head->beta1 == 0.9 && head->beta2 == 0.98 && head->weight_decay == 0);
    fixture_free(&x);
}
END_TEST

/* Texts that earn nothing have no gradient; the policy moves on all the same. */
START_TEST(a_step_remembers_the_gradients_before_it)
{
    ActorCriticOptions o = options_of(ADVANTAGE_TO_GO, 1, false);
    o.critic.lr = 0;
    Fixture x = plain_fixture(o);
    size_t bytes = sizeof(real) * x.toy->policy->size;
    real *before = NEW(real, x.toy->policy->size);
    actor_critic_update(x.f, x.r);
    memset(x.r->reward, 0, sizeof(double) * BATCH);
    memcpy(before, x.toy->policy->weights.base, bytes);
    ck_assert(actor_critic_update(x.f, x.r).gradient_norm == 0);
    ck_assert_mem_ne(before, x.toy->policy->weights.base, bytes);
    free(before);
    fixture_free(&x);
}
END_TEST

START_TEST(the_actors_norm_is_that_before_clipping)
{
    ActorCriticOptions still = options_of(ADVANTAGE_TO_GO, 1, false);
    still.lr = still.last_lr = still.critic.lr = 0;
    Fixture x = plain_fixture(still);
    const Transformer *policy = x.toy->policy;
    double norm = actor_critic_update(x.f, x.r).gradient_norm;
    ck_assert(close_to(norm, gradient_norm(policy->gradients.base, policy->size), 1e-6));
    x.f->options.clip = norm / 3;
    ck_assert(close_to(actor_critic_update(x.f, x.r).gradient_norm, norm, 1e-6));
    ck_assert(close_to(gradient_norm(policy->gradients.base, policy->size), norm / 3, 1e-5));
    fixture_free(&x);
}
END_TEST

/* However far the critic has come: its target is A_t + V(s_t) with the V that A_t was made with. */
START_TEST(every_step_of_the_critic_has_the_targets_of_the_first)
{
    ActorCriticOptions o = options_of(ADVANTAGE_GAE, 0.5, false);
    o.critic_epochs = 5;
    Fixture x = plain_fixture(o);
    actor_critic_update(x.f, x.r);
    actor_critic_update(x.f, x.r);
    for (int n = 0; n < rollout_rows(x.r); n++) {
        ck_assert(x.r->values[n] != 0 && x.f->minibatch->values[n] == x.r->values[n]);
        ck_assert(x.f->critic->targets.data[n] == x.r->advantages[n] + x.r->values[n]);
    }
    fixture_free(&x);
}
END_TEST

/* What the critic is to foresee are the returns that it learns, with their discount. */
START_TEST(explained_is_the_variance_of_discounted_returns)
{
    ActorCriticOptions o = options_of(ADVANTAGE_TO_GO, 1, true);
    o.advantage.gamma = 0.5;
    Fixture x = plain_fixture(o);
    give_opinions(x.f->critic);
    ActorCriticStep u = actor_critic_update(x.f, x.r);
    ck_assert(close_to(u.explained_variance, explained_variance(x.r, 0.5), 1e-12));
    ck_assert(!close_to(u.explained_variance, explained_variance(x.r, 1), 1e-2));
    fixture_free(&x);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    real *policy = NULL, *critic = NULL;
    for (int threads = 1; threads <= 3; threads++) {
        threads_use(threads);
        Fixture x = fixture(options_of(ADVANTAGE_GAE, 0.9, true));
        size_t bytes = sizeof(real) * x.toy->policy->size;
        for (int i = 0; i < 3; i++) {
            draw(&x, (uint64_t)i);
            actor_critic_update(x.f, x.r);
        }
        if (threads == 1) {
            policy = NEW(real, x.toy->policy->size);
            critic = NEW(real, x.toy->policy->size);
            memcpy(policy, x.toy->policy->weights.base, bytes);
            memcpy(critic, x.f->critic->trunk->weights.base, bytes);
        }
        ck_assert_mem_eq(policy, x.toy->policy->weights.base, bytes);
        ck_assert_mem_eq(critic, x.f->critic->trunk->weights.base, bytes);
        fixture_free(&x);
    }
    free(policy);
    free(critic);
}
END_TEST

static const TTest *const tests[] = {
    weights_are_whitened_advantages_over_the_number_of_texts,
    raw_weights_are_advantages_over_the_number_of_texts,
    with_a_critic_that_knows_nothing_it_is_reinforce,
    then_its_gradient_is_reinforces_too,
    a_critic_of_any_opinion_leaves_the_expected_gradient_of_lambda_one,
    the_critic_teaches_and_learns_without_touching_the_actor,
    the_actor_learns_without_touching_the_critic,
    a_step_raises_what_was_better_than_expected,
    a_step_says_what_the_critic_knew_before_it,
    more_steps_of_the_critic_bring_it_nearer,
    in_an_epoch_the_critic_reads_every_text_once,
    whitening_scales_the_price_of_KL_along,
    more_minibatches_than_texts_are_refused,
    the_learning_rate_falls_to_its_last_value,
    both_networks_have_AdamW_by_their_own_options,
    a_step_remembers_the_gradients_before_it,
    the_actors_norm_is_that_before_clipping,
    every_step_of_the_critic_has_the_targets_of_the_first,
    explained_is_the_variance_of_discounted_returns,
    any_number_of_threads_gives_the_same_bits,
    NULL};

RUN_TESTS("actor_critic", tests)
