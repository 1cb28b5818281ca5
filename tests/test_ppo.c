/* test_ppo.c: ratios, the clip and its regions, the entropy bonus, and the epochs over one rollout:
 * by hand, by central differences through the whole loss, and by the oracle. */
#define SUITE_TIMEOUT 60
#include "ppo.h"

#include "actor_critic.h"
#include "error.h"
#include "gradient.h"
#include "kl.h"
#include "reinforce.h"
#include "threads.h"
#include "toy.h"

static double tolerance(double in_float)
{
    return in_double ? 1e-12 : in_float;
}

/* ---- texts whose ratios and advantages are given --------------------------------------------- */

enum { TEXTS = 6, LONGEST = 5 };

static Toy *toy(void)
{
    return toy_new("contains:ab + 0.3*count:c", 0.25, 7, TOY_SEED);
}

static Rollout *new_rollout(const Toy *t)
{
    return rollout_new(&t->shape, &t->vocabulary, TEXTS, LONGEST);
}

/* A text of one symbol per number, the last of them the end symbol. */
static Rollout *given(const Toy *t, int count, const double *ratio, const double *A)
{
    static const int symbols[] = {2, 1, 3, 1};
    Rollout *r = new_rollout(t);
    int x[LONGEST];
    memcpy(x, symbols, sizeof symbols);
    x[count - 1] = 0;
    rollout_add(r, x, count);
    for (int n = 0; n < count; n++) {
        r->logprob_old[n] = -2;
        r->logprob[n] = (real)(-2 + log(ratio[n]));
        r->weights[n] = (real)A[n];
    }
    return r;
}

/* The clip of a whole rollout. */
static ClipStats clip(Rollout *r, double epsilon)
{
    ClipStats s = {0};
    weights_clip(r, &(Slice){0, rollout_texts(r), 0, rollout_rows(r), r->rows->batch}, epsilon, &s);
    return s;
}

/* w_t of one symbol */
static double weight_of(const Toy *t, double ratio, double A, double epsilon)
{
    Rollout *r = given(t, 1, &ratio, &A);
    clip(r, epsilon);
    double w = r->weights[0];
    rollout_free(r);
    return w;
}

/* ---- the clip -------------------------------------------------------------------------------- */

/* Ratios 1.5 and 0.9, advantages 2 and -1, eps 0.2:
 *   min(1.5 * 2, 1.2 * 2) = 2.4, clipped;   min(0.9 * -1, 0.9 * -1) = -0.9, not clipped */
START_TEST(one_clipped_update_by_hand)
{
    Toy *t = toy();
    Rollout *r = given(t, 2, (double[]){1.5, 0.9}, (double[]){2, -1});
    weights_mean(r);
    ClipStats s = clip(r, 0.2);
    ck_assert(r->weights[0] == 0);
    ck_assert(fabs(r->weights[1] - -0.9) <= tolerance(1e-6));
    ck_assert(fabs(s.loss - -1.5) <= tolerance(1e-6));
    ck_assert(s.clip_fraction == 0.5);
    ck_assert(fabs(s.largest_ratio - 1.5) <= tolerance(1e-6));
    double k3 = (1.5 - 1 - log(1.5) + 0.9 - 1 - log(0.9)) / 2;
    ck_assert(fabs(k3 - 0.04994770) < 1e-8);
    ck_assert(fabs(s.approx_kl - k3) <= tolerance(1e-6));
    rollout_free(r);
    toy_free(t);
}
END_TEST

START_TEST(the_weight_is_zero_where_the_clip_binds)
{
    Toy *t = toy();
    ck_assert(weight_of(t, 1.3, 2, 0.2) == 0);
    ck_assert(weight_of(t, 50, 2, 0.2) == 0);
    ck_assert(weight_of(t, 0.7, -2, 0.2) == 0);
    ck_assert(weight_of(t, 0.02, -2, 0.2) == 0);
    toy_free(t);
}
END_TEST

/* The clip lets a symbol come back from where it should not be. */
START_TEST(the_weight_is_not_zero_on_the_way_back)
{
    Toy *t = toy();
    ck_assert(close_to(weight_of(t, 50, -2, 0.2), -100, 1e-5));
    ck_assert(close_to(weight_of(t, 1.3, -2, 0.2), -2.6, 1e-5));
    ck_assert(close_to(weight_of(t, 0.7, 2, 0.2), 1.4, 1e-5));
    ck_assert(close_to(weight_of(t, 0.02, 2, 0.2), 0.04, 1e-5));
    toy_free(t);
}
END_TEST

START_TEST(within_the_clip_the_weight_is_ratio_times_advantage)
{
    Toy *t = toy();
    for (double ratio = 0.85; ratio < 1.2; ratio += 0.1) {
        ck_assert(close_to(weight_of(t, ratio, 2, 0.2), 2 * ratio, 1e-5));
        ck_assert(close_to(weight_of(t, ratio, -3, 0.2), -3 * ratio, 1e-5));
    }
    ck_assert(weight_of(t, 1, 2, 0) == 2); /* no room at all: only the step away is refused */
    toy_free(t);
}
END_TEST

START_TEST(the_clip_begins_at_one_less_and_one_more_epsilon)
{
    Toy *t = toy();
    for (double epsilon = 0.1; epsilon < 0.5; epsilon += 0.1) {
        ck_assert(weight_of(t, 1 - 0.99 * epsilon, -2, epsilon) != 0);
        ck_assert(weight_of(t, 1 - 1.01 * epsilon, -2, epsilon) == 0);
        ck_assert(weight_of(t, 1 + 0.99 * epsilon, 2, epsilon) != 0);
        ck_assert(weight_of(t, 1 + 1.01 * epsilon, 2, epsilon) == 0);
    }
    toy_free(t);
}
END_TEST

START_TEST(without_a_clip_no_ratio_is_too_large)
{
    Toy *t = toy();
    ck_assert(close_to(weight_of(t, 50, 2, INFINITY), 100, 1e-5));
    ck_assert(close_to(weight_of(t, 0.02, -2, INFINITY), -0.04, 1e-5));
    toy_free(t);
}
END_TEST

/* ---- how far: approx_kl ---------------------------------------------------------------------- */

static double text_kl(Rollout *one, const Rollout *all, int text)
{
    rollout_clear(one);
    rollout_copy(one, all, text);
    return clip(one, 0.2).approx_kl * rollout_length(one, 0);
}

/* Sum over all texts of p_old(text) times its k3: exactly KL(pi_old || pi). The reference plays
 * pi_old, so that the other direction is a different number, known too. */
START_TEST(approx_kl_is_the_kl_of_the_old_policy_from_the_new_on_average)
{
    Toy *t = toy();
    Oracle *o = t->oracle;
    Rollout *all = o->all, *one = new_rollout(t);
    double kl = 0, k3 = 0, other = oracle_kl(o); /* KL(policy || reference) */
    rollout_score(all, t->policy, o->activations, all->logprob);
    memcpy(all->logprob_old, all->logprob_ref, sizeof(real) * (size_t)rollout_rows(all));
    for (int i = 0; i < rollout_texts(all); i++) {
        double log_old = 0, log_new = 0;
        for (int n = rollout_first(all, i); n <= rollout_last(all, i); n++) {
            log_old += all->logprob_old[n];
            log_new += all->logprob[n];
        }
        double text = text_kl(one, all, i);
        ck_assert_msg(text >= (in_double ? 0 : -1e-6), "k3 of text %d is %g", i, text);
        kl += exp(log_old) * (log_old - log_new);
        k3 += exp(log_old) * text;
    }
    ck_assert_msg(fabs(kl - k3) <= tolerance(1e-5), "%.12g is not %.12g", k3, kl);
    ck_assert(fabs(kl - other) > 1e-4);
    rollout_free(one);
    toy_free(t);
}
END_TEST

/* ---- the gradient ---------------------------------------------------------------------------- */

static PpoOptions options_of(double lr)
{
    return (PpoOptions){.advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.9, .whiten = true},
                        .epsilon = 0.2,
                        .epochs = 3,
                        .minibatches = 2,
                        .stop_kl = INFINITY,
                        .lr = lr,
                        .last_lr = lr,
                        .beta2 = 0.99,
                        .clip = 1,
                        .critic = {.lr = 1e-3, .beta2 = 0.98, .clip = 2}};
}

/* A rollout of the toy's policy, ready to be learnt from. */
static Rollout *draw(Toy *t, Ppo *f, uint64_t seed)
{
    Error err;
    Rollout *r = new_rollout(t);
    rollout_draw(r, t->policy, seed);
    ck_assert(reward_score(&t->reward, r, &err));
    rollout_compare(r, t->reference, f->activations);
    return r;
}

static Ppo *new_ppo(Toy *t, PpoOptions options)
{
    options.beta = t->beta;
    return ppo_new(t->policy, &options, &t->vocabulary, TEXTS, LONGEST);
}

/* Before the first step PPO is chapter 4, to the last bit: with the weights of a critic that knows
 * nothing yet, the clip, exact KL and all. */
START_TEST(gradient_at_ratio_one_is_the_actor_critics)
{
    Toy *t = toy();
    PpoOptions o = options_of(0);
    o.minibatches = 1;
    Ppo *f = new_ppo(t, o);
    ActorCriticOptions other = {.beta = t->beta,
                                .advantage = o.advantage,
                                .beta2 = 0.99,
                                .clip = INFINITY,
                                .critic = o.critic,
                                .critic_epochs = 1,
                                .minibatches = 1};
    ActorCritic *chapter4 = actor_critic_new(t->policy, &other, &t->vocabulary, TEXTS, LONGEST);
    Rollout *r = draw(t, f, 1);
    size_t bytes = sizeof(real) * t->policy->size;
    real *expected = NEW(real, t->policy->size);
    actor_critic_update(chapter4, r);
    memcpy(expected, t->policy->gradients.base, bytes);

    ClipStats s;
    double entropy;
    ppo_weights(f, r);
    transformer_zero_gradients(t->policy);
    ppo_gradient(f, r, &s, &entropy);
    ck_assert(gradient_norm(expected, t->policy->size) > 1e-3);
    ck_assert(memcmp(expected, t->policy->gradients.base, bytes) == 0);
    free(expected);
    rollout_free(r);
    actor_critic_free(chapter4);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* As ppo.h has it: beta1 is 0.9, nothing decays. */
START_TEST(the_policys_AdamW_is_chapter_2s_without_decay)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(0));
    const AdamOptions *o = &f->adam.options;
    ck_assert(o->beta1 == 0.9 && o->beta2 == 0.99 && o->weight_decay == 0);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* A_t = R_t - V with a wrong V, through the clip at ratio one. */
static void weigh_ppo(Rollout *batch, void *arg)
{
    (void)arg;
    for (int n = 0; n < rollout_rows(batch); n++) {
        batch->values[n] = (real)0.3; /* a baseline that knows only that it is asked */
        batch->logprob[n] = batch->logprob_old[n];
    }
    advantage_to_go(batch, 1);
    weights_advantage(batch);
    weights_mean(batch);
    clip(batch, 0.2);
}

static void weigh_total(Rollout *batch, void *arg)
{
    (void)arg;
    weights_total(batch);
}

START_TEST(expected_gradient_at_ratio_one_is_the_policy_gradient)
{
    Toy *t = toy();
    size_t size = t->policy->size;
    double *g = NEW(double, size);
    oracle_gradient(t->oracle, t->policy, weigh_total, NULL);
    for (size_t k = 0; k < size; k++) g[k] = t->policy->gradients.base[k];
    oracle_gradient(t->oracle, t->policy, weigh_ppo, NULL);
    for (size_t k = 0; k < size; k++)
        ck_assert(fabs(g[k] - t->policy->gradients.base[k]) <= tolerance(1e-5));
    free(g);
    toy_free(t);
}
END_TEST

/* The whole loss as a function of the weights, of texts with known ratios and advantages. */
typedef struct {
    Toy *t;
    Ppo *f;
    Rollout *batch;
    real *A;
} Whole;

/* Ratios in every region of the clip, far from its edges, with advantages of both signs. */
static void spread_ratios(Whole *w)
{
    static const double ratios[] = {0.5, 0.93, 1.07, 1.6, 4};
    Rollout *r = w->batch;
    rollout_score(r, w->t->policy, w->f->activations, r->logprob);
    for (int n = 0; n < rollout_rows(r); n++) {
        r->logprob_old[n] = r->logprob[n] - (real)log(ratios[n % 5]);
        w->A[n] = (real)((n / 5 % 2 ? 1 : -1) * (0.4 + 0.1 * (n % 7)));
    }
}

static Whole whole_new(uint64_t seed)
{
    PpoOptions options = options_of(1e-3);
    options.entropy = 0.3;
    options.minibatches = 1;
    Whole w = {.t = toy(), .A = NEW(real, TEXTS * LONGEST)};
    w.f = new_ppo(w.t, options);
    w.batch = draw(w.t, w.f, seed);
    w.f->scale = 0.8; /* without one, KL and entropy would count nothing */
    spread_ratios(&w);
    return w;
}

static void whole_free(Whole *w)
{
    free(w->A);
    rollout_free(w->batch);
    ppo_free(w->f);
    toy_free(w->t);
}

static double whole_loss(const Whole *w, ClipStats *s, double *entropy)
{
    memcpy(w->batch->weights, w->A, sizeof(real) * (size_t)rollout_rows(w->batch));
    return ppo_gradient(w->f, w->batch, s, entropy);
}

/* Keeps the gradients as they were: only the loss is wanted. */
static void whole_forward(Case *c)
{
    const Whole *w = c->more;
    Transformer *policy = w->f->policy;
    size_t bytes = sizeof(real) * policy->size;
    real *kept = NEW(real, policy->size);
    memcpy(kept, policy->gradients.base, bytes);
    ClipStats s;
    double entropy;
    *mat_row(c->y, 0) = (real)whole_loss(w, &s, &entropy);
    memcpy(policy->gradients.base, kept, bytes);
    free(kept);
}

static void whole_backward(Case *c)
{
    ClipStats s;
    double entropy;
    whole_loss(c->more, &s, &entropy);
}

START_TEST(gradient_of_every_weight_through_the_whole_loss_agrees_with_central_differences)
{
    if (!in_double) return; /* a float loss is too coarse for differences */
    static Tensor tensors[31];
    Whole w = whole_new(2);
    Transformer *policy = w.t->policy;
    Case c = {whole_forward, whole_backward, new_matrix(1, 1), new_matrix(1, 1), {{0}}, &w};
    *mat_row(c.dy, 0) = 1;
    int count = transformer_tensors(policy, tensors);
    for (int i = 0; i < count; i++) {
        Matrix gradient = tensors[i].m;
        gradient.data = policy->gradients.base + (tensors[i].m.data - policy->weights.base);
        c.in[i] = (Variable){tensors[i].name, tensors[i].m, gradient};
    }
    ck_assert_int_gt(rollout_rows(w.batch), 10);
    check_gradients(&c);
    check_accumulates(&c, 0);
    whole_free(&w);
}
END_TEST

/* As it multiplies the advantages, whitening multiplies all that stands beside them. */
START_TEST(the_scale_of_the_weights_is_that_of_KL_and_entropy_too)
{
    Whole w = whole_new(3);
    Ppo *f = w.f;
    Transformer *policy = w.t->policy;
    size_t size = policy->size;
    double *scaled = NEW(double, size), loss[2], entropy;
    ClipStats s;
    for (int k = 0; k < 2; k++) {
        f->scale = k ? 1 : 0.5;
        f->options.beta = k ? 0.5 : 1;
        f->options.entropy = k ? 1.5 : 3;
        transformer_zero_gradients(policy);
        loss[k] = whole_loss(&w, &s, &entropy);
        for (size_t i = 0; i < size && k == 0; i++) scaled[i] = policy->gradients.base[i];
    }
    ck_assert(close_to(loss[0], loss[1], 1e-12));
    for (size_t i = 0; i < size; i++) ck_assert(scaled[i] == policy->gradients.base[i]);
    free(scaled);
    whole_free(&w);
}
END_TEST

START_TEST(two_half_batches_make_one_batch)
{
    Whole w = whole_new(3);
    Rollout *r = w.batch, *half = new_rollout(w.t);
    Transformer *policy = w.t->policy;
    size_t size = policy->size;
    double *whole = NEW(double, size), entropy;
    ClipStats s;
    memcpy(r->weights, w.A, sizeof(real) * (size_t)rollout_rows(r));
    transformer_zero_gradients(policy);
    for (int h = 0; h < 2; h++) {
        rollout_clear(half);
        for (int i = h * TEXTS / 2; i < (h + 1) * TEXTS / 2; i++) rollout_copy(half, r, i);
        ppo_gradient(w.f, half, &s, &entropy);
    }
    for (size_t k = 0; k < size; k++) whole[k] = policy->gradients.base[k] / 2;
    transformer_zero_gradients(policy);
    whole_loss(&w, &s, &entropy);
    for (size_t k = 0; k < size; k++)
        ck_assert(fabs(whole[k] - policy->gradients.base[k]) <= tolerance(1e-4));
    free(whole);
    rollout_free(half);
    whole_free(&w);
}
END_TEST

/* ---- the entropy bonus ----------------------------------------------------------------------- */

typedef struct {
    Matrix logits, dlogits, probs;
} Bonus;

static void bonus_forward(Case *c)
{
    const Bonus *b = c->more;
    softmax_forward(b->probs, NULL, b->logits, NULL);
    for (int n = 0; n < b->probs.rows; n++) {
        double H = 0;
        for (int j = 0; j < b->probs.cols; j++) {
            double p = mat_row(b->probs, n)[j];
            H -= p * log(p);
        }
        *mat_row(c->y, n) = (real)H;
    }
}

static void bonus_backward(Case *c)
{
    const Bonus *b = c->more;
    double sum = 0, H = 0;
    entropy_bonus(b->dlogits, b->probs, 0.7, &H);
    for (int n = 0; n < c->y.rows; n++) sum += *mat_row(c->y, n);
    ck_assert(fabs(H - sum) <= tolerance(1e-5));
}

/* The loss is -0.7 sum H: its gradient by hand, by differences. */
START_TEST(entropy_gradient_agrees_with_central_differences)
{
    Rng rng = rng_stream(1, 0);
    Bonus b = {random_matrix(3, 7, &rng), new_matrix(3, 7), new_matrix(3, 7)};
    Case c = {bonus_forward,
              bonus_backward,
              new_matrix(3, 1),
              new_matrix(3, 1),
              {{"logits", b.logits, b.dlogits}, {0}},
              &b};
    fill(c.dy, (real)-0.7);
    check_gradients(&c);
    check_accumulates(&c, 0);
}
END_TEST

START_TEST(entropy_bonus_is_zero_for_the_undecided_and_lowers_what_is_too_likely)
{
    Matrix p = matrix_of(2, 4, (double[]){0.25, 0.25, 0.25, 0.25, 0.7, 0.1, 0.1, 0.1});
    Matrix d = new_matrix(2, 4);
    double H = 3, off = 0;
    entropy_bonus(d, p, 1, &H);
    for (int j = 0; j < 4; j++) ck_assert(fabs(mat_row(d, 0)[j]) <= tolerance(1e-6));
    ck_assert(mat_row(d, 1)[0] > 0.1 && mat_row(d, 1)[1] < -0.05); /* we go down dlogits */
    ck_assert(fabs(H - (3 + log(4) - 0.7 * log(0.7) - 0.3 * log(0.1))) <= tolerance(1e-6));
    mat_zero(d);
    entropy_bonus(d, p, 0, &off);
    ck_assert(fabs(off + 3 - H) <= tolerance(1e-6) && mat_row(d, 1)[0] == 0);
}
END_TEST

START_TEST(entropy_of_certainty_is_zero_and_no_nan)
{
    Matrix p = matrix_of(1, 3, (double[]){1, 0, 0}), d = new_matrix(1, 3);
    double H = 0;
    entropy_bonus(d, p, 1, &H);
    ck_assert(H == 0);
    for (int j = 0; j < 3; j++) ck_assert(mat_row(d, 0)[j] == 0);
}
END_TEST

/* ---- epochs over one rollout ----------------------------------------------------------------- */

START_TEST(ratio_is_one_bit_for_bit_before_the_first_update)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(1e-3));
    Rollout *r = draw(t, f, 4), *some = new_rollout(t);
    for (int i = TEXTS - 1; i > 0; i -= 2) rollout_copy(some, r, i); /* other neighbours */
    ppo_weights(f, some);
    rollout_score(some, t->policy, f->activations, some->logprob);
    ck_assert(memcmp(some->logprob, some->logprob_old, sizeof(real) * (size_t)rollout_rows(some)) ==
              0);
    real *A = NEW(real, rollout_rows(some));
    memcpy(A, some->weights, sizeof(real) * (size_t)rollout_rows(some));
    ClipStats s = clip(some, 0.2);
    ck_assert(s.largest_ratio == 1 && s.approx_kl == 0 && s.clip_fraction == 0);
    ck_assert(memcmp(A, some->weights, sizeof(real) * (size_t)rollout_rows(some)) == 0);
    free(A);
    rollout_free(some);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

START_TEST(ratio_stays_one_at_learning_rate_zero)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.stop_kl = 0; /* which a KL of 0 does not pass */
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 5);
    PpoStep s = ppo_update(f, r, 1);
    ck_assert(s.largest_ratio == 1 && s.approx_kl == 0 && s.clip_fraction == 0);
    ck_assert_int_eq(s.updates, 6);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

START_TEST(old_log_probabilities_are_frozen_for_all_epochs)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(1e-2));
    Rollout *r = draw(t, f, 6);
    size_t bytes = sizeof(real) * (size_t)rollout_rows(r);
    real *old = NEW(real, rollout_rows(r));
    memcpy(old, r->logprob_old, bytes);
    PpoStep s = ppo_update(f, r, 1);
    ck_assert(memcmp(old, r->logprob_old, bytes) == 0);
    ck_assert_msg(s.largest_ratio > 1.02, "the largest ratio is %g", s.largest_ratio);

    /* and what the last minibatch says of its distance is of the size that the whole rollout has */
    rollout_score(r, t->policy, f->activations, r->logprob);
    double kl = clip(r, 0.2).approx_kl;
    ck_assert_msg(s.approx_kl > 0.2 * kl && s.approx_kl < 5 * kl, "approx_kl %g, at the end %g",
                  s.approx_kl, kl);
    free(old);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* Values and advantages are those of the rollout's policy and critic, in every epoch. */
START_TEST(advantages_are_made_once_and_whitened_over_the_whole_rollout)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(1e-2)), *other = new_ppo(t, options_of(1e-2));
    Rollout *r = draw(t, f, 7);
    int N = rollout_rows(r);
    ppo_weights(other, r);
    real *A = NEW(real, N);
    memcpy(A, r->weights, sizeof(real) * (size_t)N);
    ppo_update(f, r, 1);
    double mean = 0, square = 0;
    for (int n = 0; n < N; n++) {
        mean += r->weights[n] / N;
        square += (double)r->weights[n] * r->weights[n] / N;
    }
    ck_assert(memcmp(A, r->weights, sizeof(real) * (size_t)N) == 0);
    ck_assert(fabs(mean) <= tolerance(1e-6) && fabs(square - 1) <= tolerance(1e-5));
    free(A);
    rollout_free(r);
    ppo_free(f);
    ppo_free(other);
    toy_free(t);
}
END_TEST

/* Not again for each minibatch: at learning rate 0 the last one's w_t is A_t / N, bit for bit,
 * though the critic, which learns, would by now say something else. */
START_TEST(a_minibatch_keeps_the_advantages_of_its_rollout)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(0));
    Rollout *r = draw(t, f, 10);
    ppo_update(f, r, 1);
    const Rollout *last = f->minibatch;
    ck_assert_int_eq(rollout_texts(last), TEXTS / 2);
    for (int i = 0; i < rollout_texts(last); i++) {
        int text = f->order[TEXTS / 2 + i], rows = rollout_length(last, i);
        int from = rollout_first(r, text), to = rollout_first(last, i);
        ck_assert_int_eq(rows, rollout_length(r, text));
        for (int n = 0; n < rows; n++) {
            ck_assert(last->values[to + n] == r->values[from + n]);
            ck_assert(last->advantages[to + n] == r->advantages[from + n]);
            ck_assert(last->weights[to + n] == r->weights[from + n] / (real)(TEXTS / 2));
        }
    }
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* At learning rate 0 the gradient that is left is the last minibatch's, and nothing of the others'.
 */
START_TEST(every_minibatch_has_a_gradient_of_its_own)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.clip = INFINITY;
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 11), *last = new_rollout(t);
    size_t bytes = sizeof(real) * t->policy->size;
    real *left = NEW(real, t->policy->size);
    ClipStats s;
    double entropy;
    ppo_update(f, r, 1);
    memcpy(left, t->policy->gradients.base, bytes);
    for (int i = TEXTS / 2; i < TEXTS; i++) rollout_copy(last, r, f->order[i]);
    transformer_zero_gradients(t->policy);
    ppo_gradient(f, last, &s, &entropy);
    ck_assert(gradient_norm(left, t->policy->size) > 1e-3);
    ck_assert(memcmp(left, t->policy->gradients.base, bytes) == 0);
    free(left);
    rollout_free(last);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

START_TEST(learning_from_a_rollout_ends_where_the_policy_has_gone_too_far)
{
    Toy *t = toy();
    PpoOptions options = options_of(1e-2);
    options.stop_kl = 1e-9; /* the first step is free, the second minibatch sees what it did */
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 8);
    PpoStep s = ppo_update(f, r, 1);
    ck_assert_int_eq(s.updates, 1);
    ck_assert(s.approx_kl > 1e-9);
    ck_assert_int_eq(f->adam.steps, 1); /* the critic stops where the policy does */
    ck_assert_int_eq(f->critic->trunk_adam.steps, 1);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

START_TEST(every_text_is_in_one_minibatch_of_an_epoch_in_an_order_of_the_seed)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(0));
    Rollout *r = draw(t, f, 9);
    int first[TEXTS], different = 0;
    ppo_update(f, r, 1);
    memcpy(first, f->order, sizeof first);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ppo_update(f, r, seed);
        different += memcmp(first, f->order, sizeof first) != 0;
        if (seed == 1) ck_assert_int_eq(different, 0);
        int sorted[TEXTS];
        memcpy(sorted, f->order, sizeof sorted);
        qsort(sorted, TEXTS, sizeof(int), ascending);
        for (int i = 0; i < TEXTS; i++) ck_assert_int_eq(sorted[i], i);
    }
    ck_assert_int_gt(different, 0);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* Fisher and Yates, as ppo_update shuffles. */
static void shuffled(int order[TEXTS], Rng rng)
{
    for (int i = 0; i < TEXTS; i++) {
        int j = rng_below(&rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* Text i was drawn from stream i of the same seed: what chose its symbols is not to choose its
 * place. The stream behind theirs shows that the shuffle here is the one there. */
START_TEST(the_order_follows_from_no_stream_that_a_text_was_drawn_from)
{
    enum { SEEDS = 4 };
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.epochs = 1;
    Ppo *f = new_ppo(t, options);
    int order[TEXTS], alike[TEXTS + 1] = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Rollout *r = draw(t, f, seed);
        ppo_update(f, r, seed);
        for (uint64_t stream = 0; stream <= TEXTS; stream++) {
            shuffled(order, rng_stream(seed, stream));
            alike[stream] += memcmp(order, f->order, sizeof order) == 0;
        }
        rollout_free(r);
    }
    ck_assert_int_eq(alike[TEXTS], SEEDS);
    for (int i = 0; i < TEXTS; i++) ck_assert_msg(alike[i] < SEEDS, "stream %d", i);
    ppo_free(f);
    toy_free(t);
}
END_TEST

START_TEST(every_epoch_has_an_order_of_its_own)
{
    Toy *t = toy();
    int order[2][TEXTS], alike = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (int epochs = 1; epochs <= 2; epochs++) {
            PpoOptions options = options_of(0);
            options.epochs = epochs;
            Ppo *f = new_ppo(t, options);
            Rollout *r = draw(t, f, 9);
            ppo_update(f, r, seed);
            memcpy(order[epochs - 1], f->order, sizeof *order);
            rollout_free(r);
            ppo_free(f);
        }
        alike += memcmp(order[0], order[1], sizeof *order) == 0;
    }
    ck_assert_int_lt(alike, 2); /* of 720 orders the same one twice, in 20 tries */
    toy_free(t);
}
END_TEST

START_TEST(every_text_is_as_often_in_every_place)
{
    enum { TIMES = 600 };
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.epochs = options.minibatches = 1;
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 9);
    int seen[TEXTS][TEXTS] = {{0}};
    for (uint64_t seed = 1; seed <= TIMES; seed++) {
        ppo_update(f, r, seed);
        for (int i = 0; i < TEXTS; i++) seen[i][f->order[i]]++;
    }
    double mean = TIMES / TEXTS, deviation = sqrt(mean * (1 - 1.0 / TEXTS));
    for (int i = 0; i < TEXTS; i++)
        for (int j = 0; j < TEXTS; j++)
            ck_assert_msg(fabs(seen[i][j] - mean) < 4.5 * deviation,
                          "text %d stands in place %d %d times of %d", j, i, seen[i][j], TIMES);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

static void learn_with(int threads, Transformer *policy, Transformer *critic)
{
    Toy *t = toy();
    threads_use(threads);
    Ppo *f = new_ppo(t, options_of(1e-2));
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rollout *r = draw(t, f, seed);
        ppo_update(f, r, seed);
        rollout_free(r);
    }
    transformer_copy_weights(policy, t->policy);
    transformer_copy_weights(critic, f->critic->trunk);
    ppo_free(f);
    toy_free(t);
}

START_TEST(any_number_of_threads_learns_the_same_bits)
{
    Toy *t = toy();
    Transformer *policy[4], *critic[4];
    size_t bytes = sizeof(real) * t->policy->size;
    for (int threads = 1; threads <= 3; threads++) { /* of two, one is the critic's */
        policy[threads] = transformer_new(&t->shape, 0);
        critic[threads] = transformer_new(&t->shape, 0);
        learn_with(threads, policy[threads], critic[threads]);
        ck_assert(memcmp(policy[1]->weights.base, policy[threads]->weights.base, bytes) == 0);
        ck_assert(memcmp(critic[1]->weights.base, critic[threads]->weights.base, bytes) == 0);
    }
    ck_assert(memcmp(policy[1]->weights.base, t->policy->weights.base, bytes) != 0);
    ck_assert(memcmp(critic[1]->weights.base, t->policy->weights.base, bytes) != 0);
    for (int i = 1; i <= 3; i++) transformer_free(policy[i]), transformer_free(critic[i]);
    toy_free(t);
}
END_TEST

/* Nothing moves, so every pass over the rollout says what the first did. */
START_TEST(at_learning_rate_zero_more_epochs_say_the_same)
{
    Toy *t = toy();
    PpoStep steps[3];
    for (int i = 0; i < 3; i++) {
        PpoOptions options = options_of(0);
        options.minibatches = 1;
        options.entropy = 0.3;
        options.critic.lr = 0;
        options.epochs = 1 + 2 * i;
        Ppo *f = new_ppo(t, options);
        Rollout *r = draw(t, f, 5);
        for (int n = 0; n < rollout_rows(r); n++) r->logprob_old[n] -= 1; /* all far away */
        steps[i] = ppo_update(f, r, 1);
        ck_assert_int_eq(steps[i].updates, options.epochs);
        ClipStats look; /* and what a look without a step says */
        double entropy, loss = ppo_gradient(f, r, &look, &entropy);
        ck_assert(close_to(steps[i].policy_loss, loss, in_double ? 1e-12 : 1e-4));
        ck_assert(close_to(steps[i].approx_kl, look.approx_kl, 1e-12));
        ck_assert(close_to(steps[i].largest_ratio, look.largest_ratio, 1e-12));
        rollout_free(r);
        ppo_free(f);
    }
    for (int i = 1; i < 3; i++) {
        double tol = in_double ? 1e-12 : 1e-4;
        ck_assert(close_to(steps[i].policy_loss, steps[0].policy_loss, tol));
        ck_assert(close_to(steps[i].entropy, steps[0].entropy, tol));
        ck_assert(close_to(steps[i].gradient_norm, steps[0].gradient_norm, tol));
        ck_assert(close_to(steps[i].value_loss, steps[0].value_loss, tol));
        ck_assert(steps[i].explained_variance == steps[0].explained_variance);
        ck_assert(close_to(steps[i].clip_fraction, 1, 1e-12));
    }
    ck_assert(steps[0].policy_loss != 0 && steps[0].gradient_norm > 0 && steps[0].value_loss > 0);
    toy_free(t);
}
END_TEST

/* Without a reward's pull there is only the entropy: it is that of the policy that wrote the texts,
 * however far the epochs go. */
START_TEST(the_entropy_is_that_of_the_author)
{
    Toy *t = toy();
    double entropy[2];
    for (int i = 0; i < 2; i++) {
        PpoOptions options = options_of(i ? 1e-2 : 0);
        options.minibatches = 1;
        Ppo *f = new_ppo(t, options);
        Rollout *r = draw(t, f, 5);
        Activations *whole = activations_new(&t->shape, rollout_rows(r), false);
        rollout_score(r, t->policy, whole, r->logprob);
        double mean = mean_entropy(whole->probs); /* over the symbols, and no padding */
        PpoStep s = ppo_update(f, r, 1);
        entropy[i] = s.entropy;
        ck_assert_msg(fabs(s.entropy - mean) < 1e-6, "%g, by itself %g", s.entropy, mean);
        activations_free(whole);
        ck_assert((s.approx_kl > 0) == (i == 1));
        rollout_free(r);
        ppo_free(f);
    }
    ck_assert(entropy[0] == entropy[1] && entropy[0] > 0 && entropy[0] < log(4));
    toy_free(t);
}
END_TEST

/* The rate falls by rollouts, not by the steps in them. */
START_TEST(the_learning_rate_falls_to_its_last_value_with_the_last_rollout)
{
    Toy *t = toy();
    PpoOptions options = options_of(1e-2);
    options.steps = 3;
    options.last_lr = 0;
    Ppo *f = new_ppo(t, options);
    size_t bytes = sizeof(real) * t->policy->size;
    real *before = NEW(real, t->policy->size);
    for (int step = 0; step < 3; step++) {
        Rollout *r = draw(t, f, (uint64_t)step);
        memcpy(before, t->policy->weights.base, bytes);
        ppo_update(f, r, 1);
        ck_assert((memcmp(before, t->policy->weights.base, bytes) == 0) == (step == 2));
        rollout_free(r);
    }
    free(before);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* Two policies take the same first step of three; the second is of half the rate, whether that is
 * half way down or has been asked for. */
START_TEST(half_way_the_learning_rate_is_half_way_down)
{
    Toy *t[2];
    for (int k = 0; k < 2; k++) {
        PpoOptions options = options_of(1e-2);
        options.steps = 3;
        options.last_lr = k ? 1e-2 : 0;
        t[k] = toy();
        Ppo *f = new_ppo(t[k], options);
        for (uint64_t step = 0; step < 2; step++) {
            if (k && step == 1) f->options.lr = f->options.last_lr = 0.5e-2;
            Rollout *r = draw(t[k], f, step);
            ppo_update(f, r, 1);
            rollout_free(r);
        }
        ppo_free(f);
    }
    const real *one = t[0]->policy->weights.base, *other = t[1]->policy->weights.base;
    for (size_t w = 0; w < t[0]->policy->size; w++)
        ck_assert_msg(fabs((double)one[w] - other[w]) <= tolerance(1e-6), "weight %zu", w);
    for (int k = 0; k < 2; k++) toy_free(t[k]);
}
END_TEST

/* Where the first look is one too many, nothing is learnt and nothing is averaged. */
START_TEST(a_rollout_of_another_author_teaches_nothing)
{
    Toy *t = toy();
    PpoOptions options = options_of(1e-2);
    options.stop_kl = 1e-9;
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 8);
    for (int n = 0; n < rollout_rows(r); n++) r->logprob_old[n] -= 1;
    PpoStep s = ppo_update(f, r, 1);
    ck_assert_int_eq(s.updates, 0);
    ck_assert(s.gradient_norm == 0 && s.value_loss == 0);
    ck_assert(close_to(s.largest_ratio, exp(1), 1e-5) && s.clip_fraction == 1);
    ck_assert(close_to(s.approx_kl, exp(1) - 2, 1e-5)); /* r - 1 - ln r */
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* A rollout of which one text is another author's, by a ratio of e. */
static Rollout *draw_with_a_stranger(Toy *t, Ppo *f, int text)
{
    Rollout *r = draw(t, f, 8);
    for (int n = rollout_first(r, text); n <= rollout_last(r, text); n++) r->logprob_old[n] -= 1;
    return r;
}

/* One text after the other is another author's, by a ratio of e, and alone in its minibatch: what
 * comes after it is not learnt from, and what was looked at is averaged over the looks. */
START_TEST(the_first_minibatch_that_is_too_far_ends_the_learning)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.epochs = 1;
    options.minibatches = TEXTS;
    options.stop_kl = 0.5; /* e - 2 is more, a sixth of it is less */
    Ppo *f = new_ppo(t, options);
    for (int far = 0; far < TEXTS; far++) {
        Rollout *r = draw_with_a_stranger(t, f, far);
        PpoStep s = ppo_update(f, r, 1);
        int place = 0;
        while (f->order[place] != far) place++;
        ck_assert_msg(s.updates == place, "%d updates, and text %d stands in place %d", s.updates,
                      far, place);
        ck_assert(close_to(s.clip_fraction, 1.0 / (place + 1), 1e-6));
        ck_assert_int_eq(f->step, far + 1); /* for the learning rate it counts all the same */
        double loss = 0, entropy;
        for (int m = 0; m <= place; m++) { /* nothing has moved: each says what it said */
            ClipStats look;
            rollout_share(f->minibatch, r, f->order, m, TEXTS);
            loss += ppo_gradient(f, f->minibatch, &look, &entropy) / (place + 1);
        }
        ck_assert_msg(close_to(s.policy_loss, loss, tolerance(1e-4)), "%g, not %g", s.policy_loss,
                      loss);
        rollout_free(r);
    }
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* Six texts in four minibatches, one of one text, one of two: whichever has the largest ratio. The
 * KL that is shown is that of the last. */
START_TEST(no_text_is_left_out_where_minibatches_are_of_different_sizes)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.epochs = 1;
    options.minibatches = 4;
    Ppo *f = new_ppo(t, options);
    for (int far = 0; far < TEXTS; far++) {
        Rollout *r = draw_with_a_stranger(t, f, far);
        PpoStep s = ppo_update(f, r, 1);
        ck_assert_int_eq(s.updates, 4);
        ck_assert_msg(close_to(s.largest_ratio, exp(1), 1e-5), "text %d: %g", far, s.largest_ratio);
        bool in_the_last = f->order[4] == far || f->order[5] == far; /* whose KL is shown */
        ck_assert((s.approx_kl > 0) == in_the_last);
        rollout_free(r);
    }
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* Texts that earn nothing have no gradient; the policy moves on all the same. */
START_TEST(a_step_remembers_the_gradients_of_earlier_rollouts)
{
    Toy *t = toy();
    t->beta = 0;
    PpoOptions options = options_of(1e-3);
    options.epochs = options.minibatches = 1;
    options.critic.lr = 0;
    options.advantage.whiten = false;
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 8);
    size_t bytes = sizeof(real) * t->policy->size;
    real *before = NEW(real, t->policy->size);
    ck_assert(ppo_update(f, r, 1).gradient_norm > 0);
    memset(r->reward, 0, sizeof(double) * TEXTS);
    memcpy(before, t->policy->weights.base, bytes);
    ck_assert(ppo_update(f, r, 2).gradient_norm == 0);
    ck_assert_mem_ne(before, t->policy->weights.base, bytes);
    free(before);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* What the critic is to foresee are the returns that it learns, with their discount. */
START_TEST(explained_is_the_variance_of_discounted_returns)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.advantage.gamma = 0.5;
    Ppo *f = new_ppo(t, options);
    Rollout *r = draw(t, f, 8);
    for (uint64_t seed = 1; seed <= 20; seed++) ppo_update(f, r, seed); /* V is no longer 0 */
    PpoStep s = ppo_update(f, r, 21);
    ck_assert(close_to(s.explained_variance, explained_variance(r, 0.5), 1e-12));
    ck_assert(!close_to(s.explained_variance, explained_variance(r, 1), 1e-2));
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

/* A slice's rows alone are weighed, and what several slices say adds up to what one says. */
START_TEST(the_clip_of_slices_is_the_clip_of_all)
{
    Toy *t = toy();
    Rollout *r = new_rollout(t);
    ClipStats s = {0};
    for (int text = 0; text < 2; text++) rollout_add(r, (int[]){2, 1, 0}, 3);
    real weights[6];
    for (int times = 0; times < 2; times++) {
        for (int n = 0; n < 6; n++) {
            r->logprob[n] = (real)(r->logprob_old[n] + 0.1 * n - 0.2);
            r->weights[n] = (real)(1 - n % 2 * 2);
        }
        if (times == 0) {
            const Batch *b = &r->rows->batch;
            weights_clip(r, &(Slice){1, 1, 3, 3, batch_slice(b, 1, 1)}, 0.2, &s);
            for (int n = 0; n < 3; n++) ck_assert(r->weights[n] == 1 - n % 2 * 2);
            weights_clip(r, &(Slice){0, 1, 0, 3, batch_slice(b, 0, 1)}, 0.2, &s);
            memcpy(weights, r->weights, sizeof weights);
        }
    }
    ClipStats all = clip(r, 0.2);
    ck_assert_mem_eq(weights, r->weights, sizeof weights);
    ck_assert(close_to(s.loss, all.loss, 1e-12) && close_to(s.approx_kl, all.approx_kl, 1e-12));
    ck_assert(close_to(s.clip_fraction, all.clip_fraction, 1e-12) && all.clip_fraction > 0.1);
    ck_assert(s.largest_ratio == all.largest_ratio && s.loss != 0);
    rollout_free(r);
    toy_free(t);
}
END_TEST

/* All at once, some texts at a time, as few as there is room for: one gradient, bit for bit. */
START_TEST(a_minibatch_in_any_slices_has_the_same_gradient)
{
    static const int at_a_time[] = {TEXTS * LONGEST, 2 * LONGEST, LONGEST}, slices[] = {1, 3, 5};
    Whole w = whole_new(3);
    Ppo *f = w.f;
    Rollout *r = w.batch;
    Transformer *policy = w.t->policy;
    size_t bytes = sizeof(real) * policy->size;
    real *at_once = NEW(real, policy->size);
    double loss[3], entropy[3];
    ClipStats s[3];
    rollout_clear(r);
    for (int i = 0; i < TEXTS; i++) rollout_add(r, (int[]){1, 2, 3, 2, 1}, LONGEST - i % 4);
    rollout_compare(r, w.t->reference, f->scoring);
    spread_ratios(&w);
    for (int i = 0; i < 3; i++) {
        activations_free(f->activations);
        f->activations = activations_new(&w.t->shape, at_a_time[i], true);
        int count = 0;
        for (Slice each = {0}; rollout_next(r, f->activations, &each);) count++;
        ck_assert_int_eq(count, slices[i]);
        transformer_zero_gradients(policy);
        loss[i] = whole_loss(&w, &s[i], &entropy[i]);
        if (i == 0) memcpy(at_once, policy->gradients.base, bytes);
        ck_assert_mem_eq(at_once, policy->gradients.base, bytes);
        ck_assert_mem_eq(&s[0], &s[i], sizeof s[0]);
        ck_assert(loss[i] == loss[0] && entropy[i] == entropy[0]);
    }
    ck_assert(gradient_norm(at_once, policy->size) > 1e-3);
    free(at_once);
    whole_free(&w);
}
END_TEST

START_TEST(a_minibatch_of_more_rows_than_there_is_room_for_is_refused)
{
    Toy *t = toy();
    Ppo *f = new_ppo(t, options_of(1e-3)); /* two minibatches: room for half of the texts */
    Rollout *r = draw(t, f, 1);
    ClipStats s;
    double entropy;
    ppo_weights(f, r); /* all texts, in slices */
    ck_assert_dies(ppo_gradient(f, r, &s, &entropy), "rows from row 0 of a 15 x");
    rollout_clear(r); /* half of the texts have room, each as long as can be */
    for (int i = 0; i < TEXTS / 2; i++) rollout_add(r, (int[]){1, 2, 3, 2, 1}, LONGEST);
    ppo_weights(f, r);
    ppo_gradient(f, r, &s, &entropy);
    ck_assert_int_eq(rollout_rows(r), f->dx.rows);
    rollout_free(r);
    ppo_free(f);
    toy_free(t);
}
END_TEST

START_TEST(more_minibatches_than_texts_are_refused)
{
    Toy *t = toy();
    PpoOptions options = options_of(0);
    options.minibatches = TEXTS + 1;
    ck_assert_dies(new_ppo(t, options), "7 minibatches of 6 texts");
    toy_free(t);
}
END_TEST

static const TTest *const tests[] = {
    one_clipped_update_by_hand,
    the_weight_is_zero_where_the_clip_binds,
    the_weight_is_not_zero_on_the_way_back,
    within_the_clip_the_weight_is_ratio_times_advantage,
    the_clip_begins_at_one_less_and_one_more_epsilon,
    without_a_clip_no_ratio_is_too_large,
    the_clip_of_slices_is_the_clip_of_all,
    approx_kl_is_the_kl_of_the_old_policy_from_the_new_on_average,
    gradient_at_ratio_one_is_the_actor_critics,
    the_policys_AdamW_is_chapter_2s_without_decay,
    expected_gradient_at_ratio_one_is_the_policy_gradient,
    gradient_of_every_weight_through_the_whole_loss_agrees_with_central_differences,
    the_scale_of_the_weights_is_that_of_KL_and_entropy_too,
    two_half_batches_make_one_batch,
    a_minibatch_in_any_slices_has_the_same_gradient,
    entropy_gradient_agrees_with_central_differences,
    entropy_bonus_is_zero_for_the_undecided_and_lowers_what_is_too_likely,
    entropy_of_certainty_is_zero_and_no_nan,
    ratio_is_one_bit_for_bit_before_the_first_update,
    ratio_stays_one_at_learning_rate_zero,
    old_log_probabilities_are_frozen_for_all_epochs,
    advantages_are_made_once_and_whitened_over_the_whole_rollout,
    a_minibatch_keeps_the_advantages_of_its_rollout,
    every_minibatch_has_a_gradient_of_its_own,
    learning_from_a_rollout_ends_where_the_policy_has_gone_too_far,
    every_text_is_in_one_minibatch_of_an_epoch_in_an_order_of_the_seed,
    the_order_follows_from_no_stream_that_a_text_was_drawn_from,
    every_epoch_has_an_order_of_its_own,
    every_text_is_as_often_in_every_place,
    at_learning_rate_zero_more_epochs_say_the_same,
    the_entropy_is_that_of_the_author,
    the_learning_rate_falls_to_its_last_value_with_the_last_rollout,
    half_way_the_learning_rate_is_half_way_down,
    a_rollout_of_another_author_teaches_nothing,
    the_first_minibatch_that_is_too_far_ends_the_learning,
    no_text_is_left_out_where_minibatches_are_of_different_sizes,
    a_step_remembers_the_gradients_of_earlier_rollouts,
    explained_is_the_variance_of_discounted_returns,
    any_number_of_threads_learns_the_same_bits,
    a_minibatch_of_more_rows_than_there_is_room_for_is_refused,
    more_minibatches_than_texts_are_refused,
    NULL};

RUN_TESTS("ppo", tests)
