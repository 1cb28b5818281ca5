/* test_price.c: what a policy earns and pays is what its texts say, one by one; and the tables that
 * chapters 3 to 5 print show the numbers that they were given. */
#define SUITE_TIMEOUT 60
#include "price.h"

#include "lambda.h"
#include "studies.h"
#include "suite.h"
#include "tales.h"
#include "toy.h"
#include "variance.h"

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-10 : 1e-4;

/* ---- measuring ---------------------------------------------------------------------------- */

enum { BATCHES = 3, TEXTS = 7, LONGEST = 5, SEED = 20 };

/* The toy's policy, and all that it is measured with. */
typedef struct {
    Toy *toy;
    Text text;
    Ngram *ngram;
    Activations *activations;
    Scales scales;
} Fixture;

static Fixture fixture(const char *reward)
{
    static const char corpus[] = "ab\nabca\ncab\nba\n";
    TextOptions lines = {.documents = TEXT_LINES};
    NgramOptions options = {.order = 2, .smoothing = SMOOTHING_ADD_K, .k = 0.5};
    Error err;
    Fixture f = {.toy = toy_new(reward, 0.25, 1, 3)};
    ck_assert(text_from_string(&f.text, corpus, sizeof corpus - 1, "corpus", &lines, &err));
    f.ngram = ngram_train(&f.text.train, &f.text.vocabulary, &options);
    f.activations = activations_new(&f.toy->shape, TEXTS * LONGEST, false);
    Rollout *r = rollout_new(&f.toy->shape, &f.toy->vocabulary, TEXTS, LONGEST);
    f.scales = (Scales){f.toy->reference, f.activations, r, &f.toy->reward, f.ngram, false, 0.25};
    return f;
}

static void fixture_free(Fixture *f)
{
    rollout_free(f->scales.rollout);
    activations_free(f->activations);
    ngram_free(f->ngram);
    text_free(&f->text);
    toy_free(f->toy);
}

static Price measured(const Fixture *f)
{
    Price p;
    Error err;
    ck_assert(price_measure(&p, &f->scales, f->toy->policy, BATCHES, SEED, &err));
    return p;
}

/* log P of a text under the n-gram: without the end, which ngram_score adds, where it has none */
static double text_under_ngram(const Fixture *f, const Rollout *r, int text)
{
    double each[LONGEST + 1];
    int symbols = rollout_length(r, text) - r->ended[text];
    double whole = ngram_score(f->ngram, r->rows->targets + rollout_first(r, text), symbols, each);
    return r->ended[text] ? whole : whole - each[symbols];
}

START_TEST(a_price_is_the_mean_over_every_text_of_every_batch)
{
    Fixture f = fixture("count:a");
    Price p = measured(&f);
    Rollout *r = f.scales.rollout;
    Error err;
    double reward = 0, square = 0, kl = 0, ref = 0, ngram = 0, rows = 0, ended = 0, distinct = 0;
    for (int b = 0; b < BATCHES; b++) { /* the same texts again */
        rollout_draw(r, f.toy->policy, SEED + (uint64_t)b);
        rollout_compare(r, f.toy->reference, f.activations);
        ck_assert(reward_score(&f.toy->reward, r, &err));
        for (int i = 0; i < TEXTS; i++) {
            reward += r->reward[i];
            square += r->reward[i] * r->reward[i];
            ended += r->ended[i];
            ngram += text_under_ngram(&f, r, i);
        }
        for (int n = 0; n < rollout_rows(r); n++) {
            kl += (double)r->logprob_old[n] - r->logprob_ref[n];
            ref += r->logprob_ref[n];
        }
        rows += rollout_rows(r);
        distinct += rollout_stats(r, 0).distinct;
    }
    double N = BATCHES * TEXTS, mean = reward / N;
    ck_assert_int_eq(p.texts, BATCHES * TEXTS);
    ck_assert(close_to(p.stats.reward, mean, 1e-12));
    ck_assert(close_to(p.standard_error, sqrt((square / N - mean * mean) / N), 1e-9));
    ck_assert(close_to(p.stats.kl, kl / N, tolerance));
    ck_assert(close_to(p.stats.objective, mean - 0.25 * kl / N, tolerance));
    ck_assert(close_to(p.stats.length, rows / N, 1e-12));
    ck_assert(close_to(p.stats.ended, ended / N, 1e-12));
    ck_assert(close_to(p.stats.distinct, distinct / BATCHES, 1e-12));
    ck_assert(close_to(p.fluency_ref, ref / rows, tolerance));
    ck_assert(close_to(p.fluency_ngram, ngram / rows, tolerance));
    ck_assert(ended > 0 && ended < N && distinct < BATCHES && p.standard_error > 0);
    ck_assert(isnan(p.grammar));
    f.scales.ngram = NULL;
    ck_assert(isnan(measured(&f).fluency_ngram));
    fixture_free(&f);
}
END_TEST

START_TEST(a_reward_is_plain_where_every_text_earns_zero_or_one)
{
    static const struct {
        const char *reward;
        bool plain;
    } cases[] = {{"contains:a", true},
                 {"0*length", true},
                 {"0*length + contains:a - 0*length", true},
                 {"2*contains:a", false},
                 {"-1*contains:a", false},
                 {"count:a", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Fixture f = fixture(cases[i].reward);
        Price p = measured(&f);
        ck_assert_msg(p.zero_or_one == cases[i].plain, "%s", cases[i].reward);
        fixture_free(&f);
    }
}
END_TEST

START_TEST(a_reward_that_all_earn_has_no_error)
{
    Fixture f = fixture("0*length");
    ck_assert(measured(&f).standard_error == 0);
    fixture_free(&f);
}
END_TEST

/* A model that writes `tale` and nothing else: whatever it has read, its position names the next
 * symbol. The vocabulary is the tale's own letters. */
static Transformer *parrot(Vocabulary *v, const char *tale)
{
    char letters[128][2] = {"\n"}, *symbols[128] = {letters[0]};
    int kinds = 1, T = (int)strlen(tale);
    for (const char *c = tale; *c; c++) {
        int k = 0;
        while (k < kinds && letters[k][0] != *c) k++;
        if (k == kinds) letters[kinds][0] = *c, symbols[kinds] = letters[kinds], kinds++;
    }
    vocabulary_make(v, symbols, kinds, 0);
    TransformerShape shape = {
        .layers = 1, .heads = 1, .channels = kinds, .context = T + 1, .vocabulary = kinds};
    Transformer *t = transformer_new(&shape, 0);
    memset(t->weights.base, 0, sizeof(real) * t->size);
    for (int k = 0; k < kinds; k++) {
        mat_row(t->p.wte, k)[k] = 1;
        mat_row(t->p.ln_f.g, 0)[k] = 100;
    }
    for (int i = 0; i <= T; i++)
        mat_row(t->p.wpe, i)[i < T ? vocabulary_find(v, tale + i, 1) : v->end] = 1000;
    return t;
}

static double grammatical(const char *tale, int longest)
{
    Vocabulary v;
    Reward reward;
    Price p;
    Error err;
    Transformer *t = parrot(&v, tale);
    Rollout *r = rollout_new(&t->shape, &v, 2, longest);
    Activations *a = activations_new(&t->shape, 2 * longest, false);
    ck_assert(reward_parse(&reward, "length", &err));
    Scales s = {t, a, r, &reward, NULL, true, 0};
    ck_assert(price_measure(&p, &s, t, 2, 1, &err));
    ck_assert(strncmp(r->text[0], tale, strlen(r->text[0])) == 0);
    reward_free(&reward);
    activations_free(a);
    rollout_free(r);
    transformer_free(t);
    vocabulary_free(&v);
    return p.grammar;
}

START_TEST(a_tale_that_is_told_to_its_end_is_grammatical)
{
    char tale[TALE_MAX + 1];
    Rng rng = rng_stream(4, 0);
    tales_draw(tale, &rng);
    int whole = (int)strlen(tale) + 1;
    ck_assert(grammatical(tale, whole) == 1);
    ck_assert(grammatical(tale, whole - 1) == 0); /* no end */
    ck_assert(grammatical("the the the", 12) == 0);
}
END_TEST

/* ---- on paper ----------------------------------------------------------------------------- */

static int stdout_kept;

static void listen(void)
{
    fflush(stdout);
    stdout_kept = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    ck_assert(file && dup2(fileno(file), STDOUT_FILENO) >= 0);
    fclose(file);
}

/* What was printed since listen(). */
static const char *heard(void)
{
    static char text[1 << 14];
    fflush(stdout);
    lseek(STDOUT_FILENO, 0, SEEK_SET);
    ssize_t size = read(STDOUT_FILENO, text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    dup2(stdout_kept, STDOUT_FILENO);
    close(stdout_kept);
    return text;
}

/* The lines of a text, where blanks count as one, are these from line `from` on: no more, no less.
 */
static void check_lines(const char *text, int from, const char *const *wanted)
{
    char line[256];
    for (int i = 0; *text; i++) {
        size_t n = 0;
        for (; *text && *text != '\n'; text++) {
            if (*text == ' ' && (n == 0 || line[n - 1] == ' ')) continue;
            ck_assert_uint_lt(n, sizeof line - 1);
            line[n++] = *text;
        }
        line[n] = '\0';
        text += *text == '\n';
        if (i < from) continue;
        ck_assert_msg(*wanted, "too much: %s", line);
        ck_assert_str_eq(line, *wanted++);
    }
    ck_assert_msg(!*wanted, "%s is missing", *wanted);
}

static const Price before = {.texts = 20,
                             .stats = {.reward = 0.25,
                                       .kl = 0.5,
                                       .objective = 0.125,
                                       .length = 12,
                                       .ended = 0.75,
                                       .distinct = 0.875},
                             .fluency_ref = -1.5,
                             .fluency_ngram = -2.5,
                             .grammar = 0.375,
                             .zero_or_one = true,
                             .standard_error = 0.0625};

START_TEST(the_table_of_prices_has_a_row_for_all_that_was_measured)
{
    Price after = before;
    after.texts = 10;
    after.stats = (RolloutStats){.reward = 1, .kl = 3, .length = 9, .ended = 1, .distinct = 0.1};
    after.fluency_ref = -1.25, after.fluency_ngram = -2.25, after.grammar = 0.125;
    listen();
    price_print(&before, &after);
    check_lines(
        heard(), 0,
        (const char *[]){
            "", "means over 20 and 10 fresh texts before after", "reward 0.2500 1.0000",
            "KL to the reference, nats per text 0.5000 3.0000",
            "log P under the reference, nats per symbol -1.5000 -1.2500",
            "log P under the n-gram, nats per symbol -2.5000 -2.2500",
            "share of texts that the grammar gives 0.3750 0.1250",
            "share that ends by the end symbol 0.7500 1.0000",
            "share of distinct texts in a batch 0.8750 0.1000", "symbols per text 12.0000 9.0000",
            /* ln 4 = 1.386; 3 / 1.386 = 2.164 */
            "reward 1.000 from 0.250 costs at least about 1.4 nats; paid 3.00, 2.2 times that",
            NULL});
}
END_TEST

/* A KL that is sampled may come out below 0, and is no price then. */
START_TEST(what_was_paid_is_compared_only_where_it_is_something)
{
    static const double kl[] = {-0.01, 0, 0.7};
    static const char *const said[] = {"nats; paid -0.01\n", "nats; paid 0.00\n",
                                       "nats; paid 0.70, 0.5 times that\n"};
    for (int i = 0; i < 3; i++) {
        Price after = before;
        after.stats.reward = 1, after.stats.kl = kl[i];
        listen();
        price_print(&before, &after);
        ck_assert_ptr_nonnull(strstr(heard(), said[i]));
    }
}
END_TEST

START_TEST(a_reward_that_has_fallen_has_no_cost)
{
    Price after = before;
    after.stats.reward = 0, after.stats.kl = 9;
    listen();
    price_print(&before, &after);
    ck_assert_ptr_null(strstr(heard(), "costs at least"));
}
END_TEST

START_TEST(what_was_not_measured_has_no_row_and_no_number)
{
    Price p = before;
    p.fluency_ngram = p.grammar = NAN;
    p.zero_or_one = false;
    listen();
    price_print(&p, &before);
    const char *said = heard();
    ck_assert(!strstr(said, "n-gram") && !strstr(said, "grammar") && !strstr(said, "at least"));
    ck_assert(strstr(said, "symbols per text"));
    listen();
    price_print(&before, &before); /* nothing gained, so there is nothing to pay */
    ck_assert(!strstr(heard(), "at least"));
    ck_assert(isnan(price_least_kl(&p, &before)) && isnan(price_least_kl(&before, &p)));
    ck_assert(price_least_kl(&before, &before) == 0);
    cJSON *j = price_json(&p);
    char *text = cJSON_PrintUnformatted(j);
    ck_assert(strstr(text, "\"grammar\":null") && strstr(text, "\"fluency_ngram\":null"));
    cJSON_free(text);
    cJSON_Delete(j);
}
END_TEST

START_TEST(a_price_as_json_names_all_its_numbers)
{
    static const struct {
        const char *name;
        double number;
    } all[] = {{"texts", 20},        {"reward", 0.25},
               {"kl", 0.5},          {"reward_standard_error", 0.0625},
               {"objective", 0.125}, {"fluency_reference", -1.5},
               {"grammar", 0.375},   {"fluency_ngram", -2.5},
               {"length", 12},       {"ended", 0.75},
               {"distinct", 0.875}};
    cJSON *j = price_json(&before);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const cJSON *number = cJSON_GetObjectItem(j, all[i].name);
        ck_assert_msg(cJSON_IsNumber(number) && number->valuedouble == all[i].number, "%s",
                      all[i].name);
    }
    cJSON_Delete(j);
}
END_TEST

/* Of each way of weighing the largest batch; the exact number is left out where none is known. */
START_TEST(the_table_of_variances_shows_the_largest_batch)
{
    Curves *c = curves_new("credit,baseline,batch,variance,expected,bias,bias_error");
    curves_add(c, NOISE_TOTAL, BASELINE_NONE, 1, 9, 9, 9, 9);
    curves_add(c, NOISE_TOTAL, BASELINE_NONE, 2, 0.5, 0.25, 0.125, 0.0625);
    curves_add(c, NOISE_TO_GO, BASELINE_BATCH, 2, 1.5, NAN, 2.5, 3.5);
    curves_add(c, NOISE_PAID_AT_ONCE, BASELINE_MOVING, 1, 9, 9, 9, 9);
    curves_add(c, NOISE_PAID_AT_ONCE, BASELINE_MOVING, 2, 1, 2, 3, 4);
    listen();
    variance_print(c);
    check_lines(heard(), 0,
                (const char *[]){
                    "", "variance of the gradient of 2 texts, summed over the weights",
                    "credit baseline measured exact bias (by chance alone)",
                    "R(tau) none 0.50000 0.25000 0.1250 (0.0625)",
                    "to go other texts 1.50000 2.5000 (3.5000)",
                    "to go, paid at once moving average 1.00000 2.00000 3.0000 (4.0000)", NULL});
    curves_free(c);
}
END_TEST

START_TEST(the_table_of_lambdas_shows_every_other_tenth)
{
    Curves *c = curves_new("critic,lambda,variance,measured,bias,measured_bias,bias_error,"
                           "gradient");
    curves_add(c, 0, 0, 1, 2, 3, 4, 5, 0.125);
    curves_add(c, 0, 0.1, 9, 9, 9, 9, 9, 0.125);
    curves_add(c, 1, 0.6, 0.1, 0.2, 0.3, 0.4, 0.5, 0.125);
    curves_add(c, 2, 0.9, 9, 9, 9, 9, 9, 0.125);
    curves_add(c, 2, 1, 6, 7, 8, 9, 10, 0.125);
    listen();
    lambda_print(c, 16);
    check_lines(
        heard(), 1,
        (const char *[]){"the gradient of 16 texts: its variance, and how far its mean is from the "
                         "exact one, which is 0.125 long",
                         "critic lambda variance measured bias measured (chance)",
                         "right 0.0 1.00000 2.00000 3.00000 4.00000 (5.00000)",
                         "knows nothing 0.6 0.10000 0.20000 0.30000 0.40000 (0.50000)",
                         "wrong 1.0 6.00000 7.00000 8.00000 9.00000 (10.00000)", NULL});
    curves_free(c);
}
END_TEST

/* Two runs: the first ends where the second's step 0 follows. */
static Curves *two_runs(void)
{
    Curves *c = ceiling_curves();
    curves_add(c, 4, 0.2, 0, 0, 0.25, 0.3, 0.4, 0.5, 0.75, 0, 1);
    curves_add(c, 4, 0.2, 1, 9, 0.5, 0.6, 0.7, 0.8, 0.75, 0.5, 7);
    curves_add(c, 4, 0.2, 2, 9, 0.625, 0.7, 0.8, 0.25, 0.75, 0.75, 3);
    curves_add(c, 5, 0, 0, 0, 0.25, 0.3, 0.4, 0.5, 0.75, 0, 1);
    curves_add(c, 5, 0, 1, 9, 0.5, 0.4, 0.3, 0.125, 0.75, 0.5, 2);
    return c;
}

START_TEST(the_table_of_the_ceiling_shows_where_each_seed_ends)
{
    Curves *c = two_runs();
    listen();
    study_ceiling_print(c);
    check_lines(heard(), 2,
                (const char *[]){"seed J_beta ceiling reached missing beta KL*",
                                 "4 0.6250 0.7500 75.00% 0.125000 0.050000",
                                 "5 0.5000 0.7500 50.00% 0.250000 0.025000", NULL});
    curves_free(c);
}
END_TEST

/* The ratio is the largest on the way, of each run its own. */
START_TEST(the_table_of_the_stress_shows_the_largest_ratio_of_each_run)
{
    Curves *c = two_runs();
    listen();
    study_stress_print(c);
    check_lines(heard(), 1,
                (const char *[]){
                    "large steps and ten epochs", "seed clip reward KL, nats J_beta largest ratio",
                    "4 0.2 0.7000 0.8000 0.6250 7", "5 none 0.4000 0.3000 0.5000 2", NULL});
    curves_free(c);
}
END_TEST

START_TEST(the_table_of_the_frontier_shows_every_row)
{
    Curves *c = curves_new("beta,seed,reward,kl,best_reward,best_kl,least_kl");
    curves_add(c, 0.5, 1, 0.25, 2, 0.375, 3, 4);
    curves_add(c, 0.1, 2, 0.75, 5, 0.875, 6, 7);
    listen();
    study_frontier_print(c);
    check_lines(heard(), 2,
                (const char *[]){"beta seed reward KL, nats pi* earns at KL least for PPO",
                                 "0.5 1 0.2500 2.0000 0.3750 3.0000 4.0000",
                                 "0.1 2 0.7500 5.0000 0.8750 6.0000 7.0000", NULL});
    curves_free(c);
}
END_TEST

static const TTest *const tests[] = {a_price_is_the_mean_over_every_text_of_every_batch,
                                     a_reward_is_plain_where_every_text_earns_zero_or_one,
                                     a_reward_that_all_earn_has_no_error,
                                     a_tale_that_is_told_to_its_end_is_grammatical,
                                     the_table_of_prices_has_a_row_for_all_that_was_measured,
                                     what_was_paid_is_compared_only_where_it_is_something,
                                     a_reward_that_has_fallen_has_no_cost,
                                     what_was_not_measured_has_no_row_and_no_number,
                                     a_price_as_json_names_all_its_numbers,
                                     the_table_of_variances_shows_the_largest_batch,
                                     the_table_of_lambdas_shows_every_other_tenth,
                                     the_table_of_the_ceiling_shows_where_each_seed_ends,
                                     the_table_of_the_stress_shows_the_largest_ratio_of_each_run,
                                     the_table_of_the_frontier_shows_every_row,
                                     NULL};

RUN_TESTS("price", tests)
