/* test_studies.c: what the programs measure on problems that can be enumerated obeys the identities
 * that hold there; and chapter 1's ways to score and to go on from a text. */
#define SUITE_TIMEOUT 120
#include "program.h"

#include <cjson/cJSON.h>

#include "ceiling.h"
#include "curves.h"
#include "files.h"
#include "lambda.h"
#include "model.h"
#include "studies.h"
#include "threads.h"
#include "variance.h"

static Error err;

/* A table that a program has written. */
static Curves *table_of(const char *path)
{
    char header[1024];
    FILE *in = fopen(in_place(path), "r");
    ck_assert_msg(in && fgets(header, sizeof header, in), "%s is missing", path);
    fclose(in);
    header[strcspn(header, "\n")] = '\0';
    Curves *c = curves_new(header);
    ck_assert_msg(curves_load(c, in_place(path), &err), "%s", err.text);
    return c;
}

/* A number of a JSON file by its path of keys, as "orders.held_out.perplexity"; of a list its last.
 */
static double number_of(const char *file, const char *keys)
{
    static char text[1 << 16];
    char path[256];
    FILE *in = fopen(in_place(file), "r");
    ck_assert_msg(in != NULL, "%s is missing", file);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    cJSON *whole = cJSON_Parse(text), *at = whole;
    snprintf(path, sizeof path, "%s", keys);
    for (char *key = strtok(path, "."); key; key = strtok(NULL, ".")) {
        if (cJSON_IsArray(at)) at = cJSON_GetArrayItem(at, cJSON_GetArraySize(at) - 1);
        at = cJSON_GetObjectItem(at, key);
        ck_assert_msg(at != NULL, "%s has no %s of %s", file, key, keys);
    }
    double number = at->valuedouble;
    cJSON_Delete(whole);
    return number;
}

/* ---- chapter 1 ---------------------------------------------------------------------------- */

#define COUNTED "1 --tales 60 --order 3 --length 8 --threads 1 "

START_TEST(a_model_read_from_arpa_scores_as_the_one_that_was_counted)
{
    shell("printf 'Lily met a hen.\\nThe hen said hello.\\nX\\n' > story");
    check_run(0, COUNTED "--arpa m.arpa --eval story --out out/a", "story, kneser-ney smoothing");
    check_run(0, "1 --load-arpa m.arpa --eval story --out out/b", "a model of order 3");
    double counted = number_of("out/a/summary.json", "orders.eval.perplexity");
    double loaded = number_of("out/b/eval.json", "eval.perplexity");
    ck_assert_msg(counted > 1 && close_to(counted, loaded, 1e-6), "%.9g, %.9g", counted, loaded);
    check_run(0, "1 --load-arpa m.arpa --eval story --out out/a", "a model of order 3");
    ck_assert(number_of("out/a/summary.json", "orders.eval.perplexity") == counted); /* it stays */
    shell("cp story kept");
    check_run(2, COUNTED "--text story --arpa story", "--arpa would write over story, which is");
    check_run(2, COUNTED "--eval story --arpa ./story", "--arpa would write over story");
    check_run(2, "1 --load-arpa m.arpa --eval story --arpa m.arpa",
              "--arpa would write over m.arpa");
    check_same_files("story", "kept");
    check_run(1, COUNTED "--arpa ''", "has no name");
    check_run(2, "1 --load-arpa m.arpa --out out/b", "add --eval FILE");
    check_run(1, "1 --load-arpa missing --eval story --out out/b", "missing");
    check_run(1, "1 --load-arpa m.arpa --eval missing --out out/b", "missing");
}
END_TEST

START_TEST(a_text_goes_on_from_its_prompt)
{
    check_run(0, COUNTED "--prompt 'The hen'", "The hen");
    check_run(2, COUNTED "--prompt 'one\ntwo'", "--prompt has 2 lines: give one");
    check_run(1, COUNTED "--prompt '\xe4\xb8\xad'", "--prompt");
}
END_TEST

/* Its first twelve symbols and its last four, of which the end is one; the sum column ends at the
 * sum over all. */
START_TEST(the_chain_rule_is_shown_from_its_beginning_to_its_end)
{
    double sum = NAN, all = NAN;
    int rows = 0;
    const Ended *e = run_program("", COUNTED);
    for (const char *line = e->said; line; line = strchr(line, '\n')) {
        const char *at = line += *line == '\n';
        bool is_row = false;
        while (*at && *at != '\n' && !(is_row = strncmp(at, "  after  ", 9) == 0)) at++;
        if (is_row) rows++, sscanf(line, "%*f %*f %lf", &sum);
        if (isnan(all)) sscanf(line, "  log P = %lf", &all);
    }
    ck_assert_int_eq(rows, 16);
    ck_assert_msg(sum < 0 && sum == all, "%g, then %g", sum, all);
}
END_TEST

START_TEST(every_seed_of_chapter_1_has_its_row)
{
    check_run(0, COUNTED "--seeds 3 --seed 4", "wrote");
    Curves *c = table_of("out/chapter1/curves.csv");
    bool seen[3] = {false};
    for (int i = 0; i < c->rows; i++) {
        int seed = (int)curves_at(c, i, "seed");
        ck_assert_int_ge(seed, 4);
        ck_assert_int_le(seed, 6);
        seen[seed - 4] = true;
    }
    ck_assert(seen[0] && seen[1] && seen[2]);
    curves_free(c);
}
END_TEST

/* The means over far places and all others are those of the table by distance, over all seeds. */
START_TEST(what_far_places_cost_is_the_mean_over_their_rows)
{
    check_run(0, COUNTED "--seeds 2", "wrote");
    Curves *c = table_of("out/chapter1/recall.csv");
    double places[2] = {0}, excess[2] = {0};
    for (int i = 0; i < c->rows; i++) {
        bool far = curves_at(c, i, "distance") > 40;
        places[far] += curves_at(c, i, "places");
        excess[far] += curves_at(c, i, "places") * curves_at(c, i, "excess_nats");
    }
    curves_free(c);
    double far = number_of("out/chapter1/summary.json", "truth.far_excess_nats");
    double other = number_of("out/chapter1/summary.json", "truth.elsewhere_excess_nats");
    ck_assert(places[0] > 100 && places[1] > 10);
    ck_assert_msg(close_to(far, excess[1] / places[1], 1e-6), "%g %g", far, excess[1] / places[1]);
    ck_assert_msg(close_to(other, excess[0] / places[0], 1e-6), "%g %g", other,
                  excess[0] / places[0]);
}
END_TEST

START_TEST(words_are_counted_as_characters_are)
{
    shell("for i in 1 2 3 4 5 6; do echo 'a hen met a fox'; echo 'a fox met a hen'; done > story");
    check_run(0, "1 --level word --text story --order 2 --length 8 --threads 1", "bits/word");
    check_run(0, "1 --smoothing none --text story --order 2 --length 8 --threads 1", "wrote");
    check_run(0, "1 --smoothing add-k --documents stream --text story --order 2 --length 8",
              "wrote");
}
END_TEST

/* ---- chapters 3 to 5 ---------------------------------------------------------------------- */

/* The run ends well, its texts have all the probability there is, J_beta = J - 0.1 KL, and the last
 * row is told as the last of so many. */
static void ask_oracle(const char *run, int rows)
{
    double J, KL, objective;
    char last[32];
    const Ended *e = run_program("", run);
    const char *sum = strstr(e->said, "probabilities sum to ");
    ck_assert_msg(e->status == 0 && sum, "chapter%s\nended with %d:\n%s", run, e->status, e->said);
    ck_assert(strstr(e->said, "\n364 texts, "));
    double total = atof(sum + strlen("probabilities sum to "));
    ck_assert_msg(fabs(total - 1) < 1e-6, "the probabilities sum to %.9f", total);
    const char *found = strstr(e->said, "\nJ = ");
    ck_assert(found &&
              sscanf(found, " J = %lf, KL = %lf nats, J_beta = %lf", &J, &KL, &objective) == 3);
    ck_assert_msg(KL > 0 && fabs(J - 0.1 * KL - objective) < 2e-4, "%g, %g, %g", J, KL, objective);
    const char *top = strstr(e->said, "beta log Z = ");
    if (top) { /* no text of five letters earns more than five */
        double ceiling = atof(top + strlen("beta log Z = "));
        ck_assert_msg(ceiling > objective && ceiling < 5, "%g", ceiling);
    }
    snprintf(last, sizeof last, "step %d/%d ", rows, rows);
    ck_assert_msg(strstr(e->said, last), "%s is missing in:\n%s", last, e->said);
}

/* What chance alone makes of a bias is sqrt(variance / draws): there are as many as asked, or two
 * more, so that there is always a variance. */
static void check_draws(const Curves *c, int row, double variance, double asked)
{
    double draws = variance / pow(curves_at(c, row, "bias_error"), 2);
    ck_assert_msg(draws > asked - 0.1 && draws < asked + 2.1, "row %d: %g draws, not %g", row,
                  draws, asked);
}

START_TEST(the_variance_of_an_estimate_falls_as_one_over_the_batch)
{
    ask_oracle("3 --env oracle --largest-batch 4 --draws 400 --threads 1", 9);
    Curves *c = table_of("out/chapter3/variance.csv");
    double first = NAN, raw = NAN;
    ck_assert_int_eq(c->rows, 3 * (3 + 2 + 3)); /* other texts are there from two on */
    for (int i = 0; i < c->rows; i++) {
        double batch = curves_at(c, i, "batch"), exact = curves_at(c, i, "expected");
        double measured = curves_at(c, i, "variance");
        check_draws(c, i, measured, 400 / batch);
        if (isnan(exact)) continue; /* other texts as a baseline: none is known */
        if (batch == 1) first = exact;
        if (batch == 1 && isnan(raw)) raw = exact;
        ck_assert_msg(close_to(exact * batch, first, 1e-6), "row %d: %g of %g", i, exact, first);
        ck_assert_msg(measured > exact / 2 && measured < 2 * exact, "row %d: %g, exactly %g", i,
                      measured, exact);
        ck_assert_msg(curves_at(c, i, "bias") < 3 * curves_at(c, i, "bias_error"), "row %d", i);
    }
    ck_assert(first < raw / 4); /* a baseline, and what came before left out */
    curves_free(c);
}
END_TEST

/* A moving baseline that has come to rest stands at the mean return, KL included. */
START_TEST(a_moving_baseline_rests_at_the_mean_return)
{
    check_run(0, "3 --env oracle --largest-batch 2 --draws 100 --threads 1", "wrote");
    Curves *c = table_of("out/chapter3/variance.csv");
    Toy *toy = toy_new(VARIANCE_REWARD, 0.1, 2, TOY_SEED);
    Weigher w = {.options = {.credit = CREDIT_TOTAL, .baseline = BASELINE_MOVING}};
    const Rollout *all = toy->oracle->all;
    threads_use(1);
    oracle_scores(toy->oracle, toy->policy);
    for (int i = 0; i < rollout_texts(all); i++)
        w.mean += toy->oracle->p[i] * rollout_return(all, i);
    double exact = oracle_variance(toy->oracle, weigh, &w);
    int rows = 0;
    for (int i = 0; i < c->rows; i++) {
        if (curves_at(c, i, "credit") != NOISE_TOTAL) continue;
        if (curves_at(c, i, "baseline") != BASELINE_MOVING) continue;
        double expected = curves_at(c, i, "expected") * curves_at(c, i, "batch");
        ck_assert_msg(close_to(expected, exact, 1e-5), "%.9g, not %.9g", expected, exact);
        rows++;
    }
    ck_assert_int_eq(rows, 2);
    curves_free(c);
    toy_free(toy);
}
END_TEST

START_TEST(lambda_of_one_or_a_right_critic_has_no_bias)
{
    ask_oracle("4 --env oracle --draws 400 --batch 4 --threads 1", 33);
    Curves *c = table_of("out/chapter4/lambda.csv");
    double before = NAN;
    ck_assert_int_eq(c->rows, 33); /* three critics, lambda from 0 to 1 by tenths */
    for (int i = 0; i < c->rows; i++) {
        double bias = curves_at(c, i, "bias"), lambda = curves_at(c, i, "lambda");
        bool right = curves_at(c, i, "critic") == 0;
        bool none = right || lambda == 1;
        check_draws(c, i, curves_at(c, i, "measured"), 400 / 4);
        ck_assert_msg(none == (bias < 1e-3), "row %d: the bias is %g", i, bias);
        ck_assert_msg(lambda == 0 || right || bias < before, "row %d: the bias grows", i);
        ck_assert_msg(fabs(curves_at(c, i, "measured_bias") - bias) <
                          3 * curves_at(c, i, "bias_error"),
                      "row %d: %g, not %g", i, curves_at(c, i, "measured_bias"), bias);
        before = bias;
    }
    curves_free(c);
}
END_TEST

/* How the wrong critic errs follows from the seed, and so does its bias; nothing else that is exact
 * does. */
START_TEST(of_three_critics_the_seed_changes_the_wrong_one)
{
    Curves *c[2];
    for (int k = 0; k < 2; k++) {
        check_run(0,
                  k ? "4 --env oracle --draws 100 --batch 4 --threads 1 --seed 2"
                    : "4 --env oracle --draws 100 --batch 4 --threads 1 --seed 1",
                  "wrote");
        c[k] = table_of("out/chapter4/lambda.csv");
    }
    for (int i = 0; i < c[0]->rows; i++) {
        double one = curves_at(c[0], i, "bias"), other = curves_at(c[1], i, "bias");
        if (curves_at(c[0], i, "lambda") == 1) continue; /* it isn't asked */
        bool wrong = curves_at(c[0], i, "critic") == CRITIC_WRONG;
        ck_assert_msg(wrong == (one != other), "row %d: %g and %g", i, one, other);
    }
    for (int k = 0; k < 2; k++) curves_free(c[k]);
}
END_TEST

/* beta log Z - J_beta(pi) = beta KL(pi || pi*), and J_beta = E[R] - beta KL(pi || pi_ref); the
 * share is of the way from where a run began. */
static void check_ceiling(const char *path, double beta)
{
    Curves *c = table_of(path);
    double start = NAN;
    ck_assert_int_gt(c->rows, 3);
    for (int i = 0; i < c->rows; i++) {
        double J = curves_at(c, i, "objective"), ceiling = curves_at(c, i, "ceiling");
        if (curves_at(c, i, "step") == 0) start = J;
        double way = curves_at(c, i, "share") * (ceiling - start);
        ck_assert_msg(fabs(way - (J - start)) < 1e-5, "%s, row %d: %g, not %g", path, i, way,
                      J - start);
        double paid = curves_at(c, i, "reward") - beta * curves_at(c, i, "kl");
        double missing = beta * curves_at(c, i, "kl_best");
        ck_assert_msg(fabs(paid - J) < 1e-5, "%s, row %d: %g, not %g", path, i, paid, J);
        ck_assert_msg(fabs(ceiling - J - missing) < 1e-5, "%s, row %d: %g below, not %g", path, i,
                      ceiling - J, missing);
        if (curves_at(c, i, "step") > 0) continue;
        ck_assert_msg(curves_at(c, i, "kl") < 1e-9, "%s, row %d", path, i);
        ck_assert(curves_at(c, i, "share") == 0);
        ck_assert(curves_at(c, i, "symbols") == 0 && curves_at(c, i, "largest_ratio") == 1);
    }
    for (int i = 1; i < c->rows; i++) { /* of one to five symbols are the texts of a step */
        double drawn = curves_at(c, i, "symbols") - curves_at(c, i - 1, "symbols");
        if (curves_at(c, i, "step") == 0) continue;
        ck_assert(curves_at(c, i, "step") == curves_at(c, i - 1, "step") + 1);
        ck_assert(drawn > CEILING_TEXTS && drawn < 5 * CEILING_TEXTS);
        ck_assert(curves_at(c, i, "largest_ratio") >= 1);
    }
    curves_free(c);
}

/* Below a title and the heads of its columns: the lines up to the next that is blank. */
static void check_table(const char *said, const char *title, int count, const char *row)
{
    const char *at = strstr(said, title);
    int lines = 0;
    ck_assert_msg(at && strstr(at, row), "%s is missing in:\n%s", row, said);
    for (; (at = strchr(at, '\n')) && at[1] == ' '; at++) lines++;
    ck_assert_msg(lines == 1 + count, "%d lines, not %d, in:\n%s", lines - 1, count, said);
}

/* A study's table has a line for each run, and tells how that ended. */
static void check_ends(const char *said, const Curves *ceiling, const Curves *stress)
{
    char row[128];
    int last = ceiling->rows - 1;
    double J = curves_at(ceiling, last, "objective"), top = curves_at(ceiling, last, "ceiling");
    snprintf(row, sizeof row, "\n     1 %9.4f %9.4f %8.2f%% %9.6f %10.6f\n", J, top,
             100 * curves_at(ceiling, last, "share"), top - J,
             0.2 * curves_at(ceiling, last, "kl_best"));
    check_table(said, "to the ceiling", 1, row);
    for (int run = 0; run < 2; run++) {
        double ratio = 0;
        int end = (run + 1) * stress->rows / 2 - 1;
        for (int i = run * stress->rows / 2; i <= end; i++)
            ratio = fmax(ratio, curves_at(stress, i, "largest_ratio"));
        snprintf(row, sizeof row, "\n     1 %7s %9.4f %9.4f %9.4f %15.4g\n",
                 curves_at(stress, end, "epsilon") > 0 ? "0.2" : "none",
                 curves_at(stress, end, "reward"), curves_at(stress, end, "kl"),
                 curves_at(stress, end, "objective"), ratio);
        check_table(said, "large steps and ten epochs", 2, row);
    }
}

/* As where a study is stopped at its beginning. */
START_TEST(a_study_of_one_row_has_a_line)
{
    Curves *c = ceiling_curves();
    curves_add(c, 7, 0.2, 0, 0, 0.5, 0.6, 0.25, 0.125, 0.75, 0, 3.5);
    ck_assert_exits((dup2(STDERR_FILENO, STDOUT_FILENO), study_ceiling_print(c), exit(0)), 0,
                    "     7    0.5000    0.7500     0.00%  0.250000   0.025000\n");
    ck_assert_exits((dup2(STDERR_FILENO, STDOUT_FILENO), study_stress_print(c), exit(0)), 0,
                    "     7     0.2    0.6000    0.2500    0.5000             3.5\n");
    curves_free(c);
}
END_TEST

START_TEST(ppo_comes_nearer_to_the_ceiling_and_never_above)
{
    char said[sizeof((Ended *)0)->said];
    strcpy(said, run_program("", "5 --env oracle --toy-steps 8 --toy-seeds 1 --threads 1")->said);
    check_ceiling("out/chapter5/ceiling.csv", 0.2);
    Curves *c = table_of("out/chapter5/ceiling.csv");
    ck_assert(curves_at(c, c->rows - 1, "share") > 0.3);
    ck_assert(curves_at(c, c->rows - 1, "share") < 1);
    ck_assert_int_eq(c->rows, 9);
    char way[64];
    snprintf(way, sizeof way, "step 8/8  %.2f%% of the way", 100 * curves_at(c, 8, "share"));
    ck_assert_msg(strstr(said, way), "%s is missing in:\n%s", way, said);

    Curves *stress = table_of("out/chapter5/stress.csv");
    ck_assert_int_eq(stress->rows, 2 * (1 + 2)); /* a quarter of the steps, with a clip or none */
    check_ends(said, c, stress);
    curves_free(c);
    curves_free(stress);

    c = table_of("out/chapter5/frontier.csv");
    double p = NAN;
    ck_assert_int_eq(c->rows, 5);
    for (int i = 0; i < c->rows; i++) {
        char row[64];
        snprintf(row, sizeof row, "  %6g %4.0f %9.4f", curves_at(c, i, "beta"),
                 curves_at(c, i, "seed"), curves_at(c, i, "reward"));
        ck_assert_msg(strstr(said, row), "%s is missing in:\n%s", row, said);
        double beta = curves_at(c, i, "beta"), kl = curves_at(c, i, "kl");
        double J = curves_at(c, i, "reward") - beta * kl;
        double best = curves_at(c, i, "best_reward") - beta * curves_at(c, i, "best_kl");
        ck_assert_msg(J < best, "row %d: %g, but %g is the most", i, J, best);
        ck_assert_msg(kl >= curves_at(c, i, "least_kl") - 1e-6, "row %d", i);
        /* pi* earns q, ln(q/(1-q)) = ln(p/(1-p)) + 1/beta: every beta names the same p */
        double q = curves_at(c, i, "best_reward");
        double odds = exp(log(q / (1 - q)) - 1 / beta), here = odds / (1 + odds);
        if (i == 0) p = here;
        ck_assert_msg(close_to(p, here, 1e-3), "row %d: p is %g, and was %g", i, here, p);
        ck_assert(close_to(curves_at(c, i, "best_kl"), least_kl(p, q), 1e-3));
        ck_assert(
            close_to(curves_at(c, i, "least_kl"), least_kl(p, curves_at(c, i, "reward")), 1e-2));
    }
    curves_free(c);
}
END_TEST

/* Each seed with the clip and each without, whose ratios go further. */
START_TEST(the_stress_has_every_seed_with_the_clip_and_without)
{
    check_run(0, "5 --env oracle --toy-steps 4 --toy-seeds 2 --threads 1", "ten epochs");
    check_ceiling("out/chapter5/stress.csv", 0.2);
    Curves *c = table_of("out/chapter5/stress.csv");
    double largest[2][2] = {{0}};
    ck_assert_int_eq(c->rows, 2 * 2 * 2); /* of each a quarter of the steps, and its beginning */
    for (int i = 0; i < c->rows; i++) {
        double *most =
            &largest[curves_at(c, i, "epsilon") == 0.2][(int)curves_at(c, i, "seed") - 1];
        *most = fmax(*most, curves_at(c, i, "largest_ratio"));
    }
    for (int seed = 0; seed < 2; seed++)
        ck_assert_msg(1 < largest[1][seed] && largest[1][seed] < largest[0][seed],
                      "seed %d: %g with the clip, %g without", seed + 1, largest[1][seed],
                      largest[0][seed]);
    curves_free(c);
}
END_TEST

/* --seeds counts for the toy too; where PPO ends is asked of three seeds at most, at each price. */
START_TEST(every_seed_of_the_toy_has_its_runs)
{
    check_run(0, "5 --env oracle --toy-steps 1 --seed 4 --seeds 4 --threads 1", "seeds 4 to 7\n");
    Curves *c = table_of("out/chapter5/ceiling.csv");
    ck_assert_int_eq(c->rows, 4 * 2); /* before its step and after */
    for (int i = 0; i < c->rows; i++) ck_assert(curves_at(c, i, "seed") == 4 + i / 2);
    for (int i = 3; i < c->rows; i += 2) /* each with texts of its own */
        ck_assert(curves_at(c, i, "reward") != curves_at(c, i - 2, "reward"));
    curves_free(c);
    c = table_of("out/chapter5/stress.csv");
    ck_assert_int_eq(c->rows, 2 * 4 * 2); /* one step is the least */
    for (int i = 0; i < c->rows; i++) {
        ck_assert(curves_at(c, i, "seed") == 4 + i / 2 % 4);
        ck_assert((curves_at(c, i, "epsilon") == 0) == (i >= 8));
    }
    curves_free(c);
    c = table_of("out/chapter5/frontier.csv");
    ck_assert_int_eq(c->rows, 5 * 3);
    for (int i = 0; i < c->rows; i++) {
        ck_assert(curves_at(c, i, "seed") == 4 + i % 3);
        double beta = curves_at(c, i, "beta"),
               before = i < 3 ? INFINITY : curves_at(c, i - 3, "beta");
        ck_assert(i % 3 ? beta == curves_at(c, i - 1, "beta") : beta < before);
    }
    curves_free(c);
}
END_TEST

/* Where nothing is learnt, a run's texts are those of its seed alone: no run is another one's, a
 * step later. */
START_TEST(neighbours_in_seed_share_no_rollouts_of_the_toy)
{
    enum { STEPS = 5 };
    Curves *c = ceiling_curves();
    PpoOptions o = ceiling_options(STEPS);
    o.lr = 0;
    threads_use(1);
    for (int seed = 1; seed <= 2; seed++) {
        Toy *toy = toy_new(CEILING_REWARD, CEILING_BETA, 1, TOY_SEED);
        ceiling_climb(toy, &o, seed, c, NULL);
        toy_free(toy);
    }
    for (int later = 0; later < 2; later++) {
        int alike = 0;
        for (int i = 0; i + later < STEPS; i++) {
            int one = i + later, other = STEPS + 1 + i;
            alike += curves_at(c, one + 1, "symbols") - curves_at(c, one, "symbols") ==
                     curves_at(c, other + 1, "symbols") - curves_at(c, other, "symbols");
        }
        ck_assert_int_lt(alike, STEPS - 1);
    }
    curves_free(c);
}
END_TEST

/* Starts a run, waits until it tells of a step, interrupts it, and returns its exit status. */
static int interrupted(const char *run)
{
    static Ended e;
    int status;
    unlink(in_place("said"));
    e.said[0] = '\0';
    pid_t child = start_program(run);
    for (int i = 0; i < 12000 && !strstr(e.said, "\nstep "); i++)
        sleep_seconds(0.005), read_said(&e);
    kill(child, SIGINT);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(an_interrupt_ends_a_study_with_what_it_has)
{
    static const struct {
        const char *run, *table;
        int rows; /* of all that was asked for */
    } studies[] = {
        {"3 --env oracle --draws 40000 --largest-batch 2 --threads 1", "chapter3/variance.csv",
         3 * (2 + 1 + 2)},
        {"4 --env oracle --draws 20000 --batch 4 --threads 1", "chapter4/lambda.csv", 33},
        {"5 --env oracle --toy-steps 400 --toy-seeds 1 --threads 1", "chapter5/ceiling.csv", 401}};
    /* of the studies that it has not begun, what an earlier run has left stays */
    shell("mkdir -p out/chapter5; cd out/chapter5; echo earlier | tee stress.csv >frontier.csv");
    for (int k = 0; k < 3; k++) {
        char path[64];
        snprintf(path, sizeof path, "out/%s", studies[k].table);
        ck_assert_int_eq(interrupted(studies[k].run), 1);
        Curves *c = table_of(path);
        ck_assert_msg(c->rows < studies[k].rows, "%s has %d rows", path, c->rows);
        curves_free(c);
    }
    ck_assert_int_eq(shell("cd out/chapter5 && grep -q earlier stress.csv && "
                           "grep -q earlier frontier.csv"),
                     0);
}
END_TEST

/* A command may take its time: a stop doesn't wait for it. */
START_TEST(a_stop_does_not_wait_for_the_rewards_command)
{
    static Ended e;
    int status;
    pid_t child = start_program(
        TINY_3 "--reward-timeout 50 --reward-command 'read x; : >asked; kill -STOP $$'");
    await_file("asked");
    sleep_seconds(0.3);
    double started = clock_seconds();
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    read_said(&e);
    ck_assert(clock_seconds() - started < 20);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
                      strstr(e.said, "stopped while the reward command was asked"),
                  "status %x: %s", status, e.said);
}
END_TEST

START_TEST(a_flag_without_effect_is_refused)
{
    check_run(2, TINY_3 "--env oracle", "has no effect with --env oracle: leave it out");
    check_run(2, "3 --env oracle --reward count:b", "--reward has no effect with --env oracle");
    check_run(2, "4 --env oracle --load out", "--load has no effect with --env oracle");
    check_run(2, "5 --env oracle --epsilon 0.1", "--epsilon has no effect with --env oracle");
    check_run(2, "2 --load out --layers 3", "--layers has no effect with --load: leave it out");
    check_run(2, "1 --load-arpa m.arpa --eval story --order 3",
              "--order has no effect with --load");
    shell("echo '{\"reward\": \"count:b\", \"env\": \"oracle\"}' >kept.json");
    check_run(0, "3 --config kept.json --largest-batch 2 --draws 100 --threads 1", "wrote");
}
END_TEST

START_TEST(a_flag_that_waits_for_another_is_refused)
{
    check_run(2, TINY_1 "--k 3", "--k has no effect with --smoothing kneser-ney: leave it out");
    check_run(2, TINY_1 "--k 3 --smoothing none", "--k has no effect with --smoothing none");
    check_run(0, TINY_1 "--k 3 --smoothing add-k", "wrote");
    check_run(2, TINY_3 "--draws 500", "--draws has no effect with --env tales");
    check_run(2, TINY_3 "--largest-batch 4", "--largest-batch has no effect with --env tales");
    check_run(2, TINY_3 "--memory 0.5", "--memory has no effect with a baseline that isn't moving");
    check_run(0, TINY_3 "--memory 0.5 --baseline moving", "wrote");
    check_run(2, TINY_5 "--reward-timeout 3",
              "--reward-timeout has no effect with a reward without");
    check_run(2, TINY_4 "--draws 500", "--draws has no effect with --env tales");
    check_run(2, TINY_4 "--advantage td --lambda 0.5", "--lambda has no effect with another");
    check_run(2, TINY_5 "--toy-steps 5", "--toy-steps has no effect with --env tales");
    check_run(2, TINY_5 "--toy-seeds 5", "--toy-seeds has no effect with --env tales");
    check_run(2, TINY_5 "--advantage total --lambda 0.5", "--lambda has no effect with another");
    shell("echo '{\"draws\": 500, \"memory\": 0.5}' >kept.json"); /* as it may serve other runs */
    check_run(0, TINY_3 "--config kept.json", "wrote");
}
END_TEST

/* Reads the next flag of a list that --help shows, and a value that it takes: the one that it has
 * anyway, or a word that will do for a reward, a prompt and a file; "" for a switch. */
static bool next_flag(const char **help, char flag[32], char value[64])
{
    const char *at = strstr(*help, "\n  --");
    if (!at || sscanf(at, "\n  --%31s", flag) != 1) return false;
    *help = at + strlen("\n  --");
    const char *named = *help + strlen(flag);
    const char *end = strstr(named, "\n  --"), *given = strstr(named, "default");
    strcpy(value, "length");
    if (named[0] == ' ' && named[1] == ' ')
        value[0] = '\0';
    else if (given && end && given < end)
        sscanf(given, "default%*[ \n]%63[^;)]", value);
    return true;
}

/* Each flag of a program either is on a list or is refused. The list of --help ends in what every
 * program takes, from --config on. To be quick, nothing is run: --out is a file. */
START_TEST(every_flag_without_effect_is_refused)
{
    static const struct {
        const char *run, *with, *used;
    } ways[] = {
        {"1 --load-arpa m.arpa --eval story", "--load-arpa",
         " load-arpa eval arpa documents level threads out "},
        {"2 --load model --eval story", "--load",
         " load eval ids batch prompt sample length temperature top-k seed threads out "},
        {"3 --env oracle", "--env oracle", " env largest-batch draws seed threads out "},
        {"4 --env oracle", "--env oracle", " env batch draws seed threads out "},
        {"5 --env oracle", "--env oracle", " env toy-steps toy-seeds seed seeds threads out "}};
    shell("echo a hen met a fox >story");
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        char help[sizeof((Ended *)0)->said], run[512], flag[32], value[64], listed[40], says[160];
        int flags = 0;
        snprintf(run, sizeof run, "%c --help", ways[k].run[0]);
        strcpy(help, run_program("", run)->said);
        for (const char *at = help; next_flag(&at, flag, value); flags++) {
            if (strcmp(flag, "config") == 0) break;
            if (strcmp(flag, "resume") == 0) continue; /* --load refuses it by a word of its own */
            snprintf(run, sizeof run, "%s --%s %s --out story", ways[k].run, flag, value);
            snprintf(listed, sizeof listed, " %s ", flag);
            snprintf(says, sizeof says, "--%s has no effect with %s: leave it out", flag,
                     ways[k].with);
            if (strstr(ways[k].used, listed))
                check_run(1, run, "story is a file: choose another directory");
            else
                check_run(2, run, says);
        }
        ck_assert_int_gt(flags, 15);
    }
}
END_TEST

START_TEST(a_study_whose_table_cannot_be_saved_ends_at_once)
{
    static const struct {
        const char *run, *table;
    } studies[] = {
        {"3 --env oracle --draws 100 --largest-batch 2 --threads 1", "chapter3/variance.csv"},
        {"4 --env oracle --draws 100 --batch 4 --threads 1", "chapter4/lambda.csv"},
        {"5 --env oracle --toy-steps 1 --toy-seeds 1 --threads 1", "chapter5/ceiling.csv"}};
    for (int k = 0; k < 3; k++) {
        shell("mkdir -p out/%s/in_the_way", studies[k].table);
        check_run(1, studies[k].run, studies[k].table);
        ck_assert(!strstr(run_program("", studies[k].run)->said, "wrote"));
    }
}
END_TEST

/* The price of learning is counted in symbols drawn: none before the first step. */
START_TEST(symbols_are_the_sum_of_the_lengths_before)
{
    static const char *const runs[] = {TINY_3, TINY_4, TINY_5};
    for (int n = 3; n <= 5; n++) {
        char run[512], path[64];
        snprintf(run, sizeof run, "%s--reward length --steps 5 --batch 3", runs[n - 3]);
        snprintf(path, sizeof path, "out/chapter%d/curves.csv", n);
        check_run(0, run, "wrote");
        Curves *c = table_of(path);
        double drawn = 0;
        ck_assert_int_eq(c->rows, 5);
        for (int i = 0; i < c->rows; i++) {
            ck_assert_msg(curves_at(c, i, "symbols") == drawn, "chapter %d, row %d: %g, not %g", n,
                          i, curves_at(c, i, "symbols"), drawn);
            drawn += round(3 * curves_at(c, i, "length"));
        }
        curves_free(c);
    }
}
END_TEST

/* Eight steps, the first and the last among them, at even distances. */
START_TEST(ppo_shows_some_of_its_steps)
{
    static const int shown[] = {0, 2, 5, 8, 10, 13, 16, 19};
    const Ended *e = run_program("", TINY_5 "--steps 20 --reward length");
    ck_assert_int_eq(e->status, 0);
    Curves *c = table_of("out/chapter5/curves.csv");
    for (int i = 0; i < 8; i++) {
        char row[64];
        snprintf(row, sizeof row, "\n%4d%7.3f%6.2f", shown[i], curves_at(c, shown[i], "reward"),
                 curves_at(c, shown[i], "kl"));
        ck_assert_msg(strstr(e->said, row), "%s is missing in:\n%s", row + 1, e->said);
    }
    ck_assert(!strstr(e->said, "\n   1 "));
    curves_free(c);
}
END_TEST

/* Eight steps or fewer are all shown, of each seed its own. */
START_TEST(ppo_shows_every_step_if_they_are_few)
{
    static const int steps[] = {2, 8};
    for (int k = 0; k < 2; k++) {
        char run[512];
        int rows = 0;
        snprintf(run, sizeof run, "%s--steps %d --seeds 2 --reward length", TINY_5, steps[k]);
        const Ended *e = run_program("", run);
        Curves *c = table_of("out/chapter5/curves.csv");
        for (const char *line = e->said; (line = strchr(line, '\n')) != NULL; line++) {
            double step, reward, kl;
            if (line[1] != ' ' || strcspn(line + 1, "\n") < 90) continue;
            if (sscanf(line, "%lf %lf %lf", &step, &reward, &kl) != 3) continue;
            ck_assert_int_lt(rows, c->rows);
            ck_assert(step == curves_at(c, rows, "step"));
            ck_assert(fabs(reward - curves_at(c, rows, "reward")) < 6e-4);
            ck_assert(fabs(kl - curves_at(c, rows, "kl")) < 6e-3);
            rows++;
        }
        ck_assert_msg(rows == 2 * steps[k], "%d rows in:\n%s", rows, e->said);
        curves_free(c);
    }
}
END_TEST

/* One header, then rows of as many fields: the letter's may be a quoted comma. */
START_TEST(the_table_of_values_is_all_there_and_nothing_more)
{
    check_run(0, TINY_4 "--batch 16 --steps 12 --critic-lr 1e-2 --reward length", "values.csv");
    ck_assert(shell("test -s out/chapter4/values.csv && ! grep -qP '\\x00' out/chapter4/values.csv"
                    " && test $(grep -c ^text, out/chapter4/values.csv) = 1"
                    " && ! grep -vE '^(text|[0-9]+),.*,[^,]+,[^,]+$' out/chapter4/values.csv") ==
              0);
    check_run(0,
              TINY_4 "--batch 16 --steps 12 --critic-lr 1e-2 --reward length --seeds 3 --out out/3",
              "values.csv");
    /* of the first seed, though the third's critic explains more */
    check_same_files("out/chapter4/values.csv", "out/3/values.csv");
}
END_TEST

/* Two numbers of the report's row, before and after. */
static void row_of(const char *said, const char *name, double pair[2])
{
    const char *row = strstr(said, name);
    ck_assert_msg(row && sscanf(row + strlen(name), "%lf %lf", &pair[0], &pair[1]) == 2,
                  "no \"%s\" in:\n%s", name, said);
}

/* Of texts of one symbol, the mean over texts is the mean over symbols. */
START_TEST(fluency_of_one_symbol_is_its_log_probability_under_the_n_gram)
{
    double reward[2], fluency[2];
    const Ended *e = run_program("", TINY_3 "--length 1 --reward fluency");
    row_of(e->said, "\n  reward ", reward);
    row_of(e->said, "log P under the n-gram, nats per symbol", fluency);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(reward[i] < 0 && close_to(reward[i], fluency[i], 1e-4), "%g %g", reward[i],
                      fluency[i]);
}
END_TEST

START_TEST(rewards_of_the_language_itself_are_learnt_from)
{
    check_run(0, TINY_3 "--reward '0.1*fluency + coherence' --baseline none", "fluency");
    check_run(0, TINY_4 "--reward '0.1*fluency + coherence'", "fluency");
    check_run(0, TINY_3 "--reward length --compare", "wrote");
}
END_TEST

/* ---- runs of chapters 3 to 5 ---------------------------------------------------------------- */

static const char *const learners[] = {TINY_3, TINY_4, TINY_5};

/* The run of chapter n with these flags; *c gets its curves, unless that is NULL. */
static const Ended *learn(int n, const char *flags, Curves **c)
{
    char run[1024], path[64];
    snprintf(run, sizeof run, "%s%s", learners[n - 3], flags);
    snprintf(path, sizeof path, "out/chapter%d/curves.csv", n);
    const Ended *e = run_program("", run);
    ck_assert_msg(e->status == 0, "chapter%s\nended with %d:\n%s", run, e->status, e->said);
    if (c) *c = table_of(path);
    return e;
}

static int times(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)) != NULL; text++) count++;
    return count;
}

/* The model of --load knows nothing: every symbol is as likely as any other. */
static void save_undecided_model(const char *dir)
{
    char *symbols[] = {(char *)"\n", (char *)"a", (char *)"b"};
    TransformerShape shape = {
        .layers = 1, .heads = 1, .channels = 4, .context = 8, .vocabulary = 3};
    Vocabulary v;
    vocabulary_make(&v, symbols, 3, 0);
    Transformer *t = transformer_new(&shape, 1);
    memset(t->weights.base, 0, sizeof(real) * t->size);
    ck_assert(directory_make(dir, &err) && model_save(dir, t, &v, TEXT_LINES, &err));
    transformer_free(t);
    vocabulary_free(&v);
}

#define UNDECIDED "--load out/undecided --lr 0 --last-lr 0 --reward length "

START_TEST(every_step_of_every_seed_has_a_row)
{
    for (int n = 3; n <= 5; n++) {
        Curves *c;
        const Ended *e = learn(n, "--reward length --seed 4 --seeds 3 --sample 2", &c);
        ck_assert_int_eq(c->rows, 6);
        for (int i = 0; i < 6; i++) {
            ck_assert(curves_at(c, i, "seed") == 4 + i / 2);
            ck_assert(curves_at(c, i, "step") == i % 2);
            ck_assert((curves_at(c, i, "symbols") == 0) == (i % 2 == 0));
        }
        curves_free(c);
        ck_assert(strstr(e->said, "2 steps of 2 texts") && strstr(e->said, "seed 4, 1 thread\n"));
        ck_assert(strstr(e->said, "training, seed 6") && !strstr(e->said, "training, seed 7"));
        char summary[64];
        snprintf(summary, sizeof summary, "out/chapter%d/summary.json", n);
        ck_assert(number_of(summary, "runs.seed") == 6); /* the last */
        ck_assert(strstr(e->said, "step 2/2  reward "));
        ck_assert_int_eq(times(e->said, "before it writes"), 1);
        ck_assert_int_eq(times(e->said, "after it writes"), 1); /* the first seed's */
    }
    check_run(0, TINY_3 "--reward length --threads 2", "2 threads\n");
    check_run(0, TINY_4 "--reward length --threads 2", "2 threads\n");
    check_run(0, TINY_5 "--reward length --threads 2", "2 threads\n");
}
END_TEST

/* The interrupt comes while the texts of the fourth step are judged: the step is finished, what was
 * learnt is measured and kept, and no other seed begins. */
START_TEST(an_interrupt_ends_a_run_after_its_step)
{
    static const char knocking[] =
        "--steps 50 --seeds 3 --reward-command 'n=0; while read x; do n=$((n + 1)); "
        "test $n = 9 && kill -INT $PPID; echo $n; done'";
    for (int n = 3; n <= 5; n++) {
        char run[512], path[64];
        snprintf(run, sizeof run, "%s%s", learners[n - 3], knocking);
        const Ended *e = run_program("", run);
        ck_assert_msg(e->status == 1 && strstr(e->said, "after it writes"), "%d: %s", e->status,
                      e->said);
        ck_assert(strstr(e->said, "training, seed 1") && !strstr(e->said, "training, seed 2"));
        snprintf(path, sizeof path, "out/chapter%d/curves.csv", n);
        Curves *c = table_of(path);
        ck_assert_int_eq(c->rows, 4); /* texts 1 and 2 are measured before, 9 and 10 are its own */
        curves_free(c);
        snprintf(path, sizeof path, "out/chapter%d/model.safetensors", n);
        ck_assert(access(in_place(path), R_OK) == 0);
        snprintf(path, sizeof path, "out/chapter%d/summary.json", n);
        ck_assert(number_of(path, "runs.after.texts") == 2);
    }
}
END_TEST

START_TEST(a_run_whose_report_is_lost_has_failed)
{
    if (access("/dev/full", W_OK) != 0) return;
    for (int n = 3; n <= 5; n++) {
        char run[512];
        snprintf(run, sizeof run, "%s--reward length", learners[n - 3]);
        int status = shell("%s >/dev/full 2>said", program_command("", run));
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "chapter %d: %x", n, status);
    }
}
END_TEST

START_TEST(the_model_that_is_kept_is_the_first_seeds)
{
    for (int n = 3; n <= 5; n++) {
        learn(n, "--reward length --out out/one", NULL);
        learn(n, "--reward length --seeds 2 --out out/two", NULL);
        check_same_files("out/one/model.safetensors", "out/two/model.safetensors");
    }
}
END_TEST

/* A minibatch may be a single text, of chapter 5 in each of its epochs. */
START_TEST(a_batch_can_be_shared_down_to_single_texts)
{
    Curves *c;
    learn(4, "--reward length --minibatches 2", NULL);
    learn(5, "--reward length --minibatches 2 --stop-kl 0 --lr 0.01", &c);
    for (int i = 0; i < c->rows; i++) ck_assert(curves_at(c, i, "updates") == 4);
    curves_free(c);
    learn(5, "--reward length --minibatches 2 --stop-kl 1e-9 --lr 0.01", &c);
    for (int i = 0; i < c->rows; i++) ck_assert(curves_at(c, i, "updates") < 4);
    curves_free(c);
}
END_TEST

START_TEST(a_policy_that_writes_one_text_only_is_remarked_on)
{
    static const char note[] = "note: all texts of a batch are the same";
    const Ended *e = learn(3, "--lr 1000 --steps 4 --batch 8 --reward length", NULL);
    ck_assert_msg(strstr(e->said, note), "%s", e->said);
    e = learn(3, "--batch 8 --reward length", NULL);
    ck_assert_msg(!strstr(e->said, note), "%s", e->said);
    e = learn(3, "--batch 1 --baseline none --reward length", NULL); /* which is no wonder */
    ck_assert_msg(!strstr(e->said, note), "%s", e->said);
}
END_TEST

START_TEST(a_comparison_runs_every_seed_without_a_baseline_too)
{
    Curves *c;
    learn(3, "--reward length --seeds 2 --compare", &c);
    ck_assert_int_eq(c->rows, 8);
    for (int i = 0; i < 8; i++) {
        ck_assert(curves_at(c, i, "seed") == 1 + i / 4);
        ck_assert((curves_at(c, i, "baseline") == 0) == (i / 2 % 2 == 1));
    }
    curves_free(c);
    /* and the summary says so: of the setting, then of the runs */
    ck_assert(shell("test $(grep -c 'baseline.*batch' out/chapter3/summary.json) = 3") == 0);
    ck_assert(shell("test $(grep -c 'baseline.*none' out/chapter3/summary.json) = 2") == 0);
    learn(3, "--reward length --compare --baseline none", &c); /* is one already */
    ck_assert_int_eq(c->rows, 2);
    curves_free(c);
}
END_TEST

/* Its weights may be no numbers any more: of such a run the curves alone are kept. */
START_TEST(a_policy_that_has_run_away_is_not_kept)
{
#define AWAY                                                                                    \
    "--batch 4 --steps 300 --sample 0 --reward '1e6*length' --beta 1e6 --lr 1e3 --last-lr 1e3 " \
    "--clip 1e30 --critic-lr 1e3 --out out/away "
    static const char *const runs[] = {TINY_4 AWAY, TINY_5 AWAY "--unclipped --stop-kl 0"};
    for (int k = 0; k < 2; k++) {
        const Ended *e = run_program("", runs[k]);
        ck_assert_msg(e->status == 1 && strstr(e->said, "the gradient's norm is ") &&
                          strstr(e->said, "(the curves so far are saved in out/away)"),
                      "%d: %s", e->status, e->said);
        ck_assert(access(in_place("out/away/curves.csv"), F_OK) == 0);
        ck_assert(access(in_place("out/away/model.safetensors"), F_OK) != 0);
    }
#undef AWAY
}
END_TEST

/* Nothing that can't be written is passed over in silence. */
START_TEST(a_model_or_a_table_that_cannot_be_saved_ends_the_run)
{
    static const char *const files[] = {"model.safetensors", "curves.csv", "summary.json"};
    for (int n = 3; n <= 5; n++)
        for (int k = 0; k < 3; k++) {
            char run[512];
            shell("rm -rf out; mkdir -p out/chapter%d/%s/in_the_way", n, files[k]);
            snprintf(run, sizeof run, "%s--reward length", learners[n - 3]);
            check_run(1, run, files[k]);
        }
}
END_TEST

/* So it is with what is put in the way when the run has long begun. */
START_TEST(what_cannot_be_saved_in_the_end_ends_the_run)
{
    static const char *const files[] = {"model.safetensors", "curves.csv", "summary.json"};
    for (int n = 3; n <= 5; n++)
        for (int k = 0; k < 3; k++) {
            char run[512];
            shell("rm -rf out; mkdir -p bin; ln -sf \"$(command -v mkdir)\" bin/mkdir");
            snprintf(run, sizeof run,
                     "%s--reward-command 'mkdir -p out/chapter%d/%s/in_the_way; while read x; do "
                     "echo 1; done'",
                     learners[n - 3], n, files[k]);
            check_run(1, run, files[k]);
        }
}
END_TEST

/* A text that is cut goes on in dots; of more texts than there are, those that are there. */
START_TEST(texts_are_shown_as_they_end)
{
    int whole = 0, cut = 0;
    save_undecided_model(in_place("out/undecided"));
    const Ended *e = learn(3, UNDECIDED "--length 2 --batch 12 --sample 20", NULL);
    for (const char *line = e->said; (line = strstr(line, "\n    ")) != NULL; line++) {
        size_t n = strcspn(line + 5, "\n");
        bool dots = n == 5 && memcmp(line + 7, "...", 3) == 0;
        ck_assert_msg(dots || n < 2, "%.40s", line);
        dots ? cut++ : whole++;
    }
    ck_assert_int_eq(cut + whole, 24); /* before and after */
    ck_assert(cut > 0 && whole > 0);
    ck_assert_int_eq(times(learn(3, "--reward length --batch 5 --sample 3", NULL)->said, "\n    "),
                     6);
    ck_assert(!strstr(learn(3, "--reward length --sample 0", NULL)->said, "it writes"));
}
END_TEST

/* Eight texts each: those that are shown, those of every step, those of the price. Where nothing is
 * learnt, different texts have different lengths on average. */
START_TEST(the_texts_that_are_shown_are_neither_learnt_from_nor_measured)
{
    Curves *c;
    save_undecided_model(in_place("out/undecided"));
    const Ended *e = learn(3, UNDECIDED "--length 8 --steps 3 --batch 8 --price 8 --sample 8", &c);
    double shown[2] = {0};
    int lines = 0;
    for (const char *line = e->said; (line = strstr(line, "\n    ")) != NULL; line++, lines++) {
        size_t n = strcspn(line + 5, "\n");
        shown[lines / 8] += (double)(n > 8 ? 8 : n) / 8; /* of dots none */
    }
    ck_assert_int_eq(lines, 16);
    ck_assert(shown[0] == shown[1]); /* before and after the same, as nothing was learnt */
    for (int i = 0; i < 3; i++) ck_assert(curves_at(c, i, "reward") != shown[0]);
    ck_assert(fabs(number_of("out/chapter3/summary.json", "runs.after.reward") - shown[0]) > 1e-9);
    curves_free(c);
}
END_TEST

START_TEST(a_price_is_measured_on_as_many_texts_as_asked_and_before_on_twice_as_many)
{
    for (int n = 3; n <= 5; n++) {
        char file[64];
        snprintf(file, sizeof file, "out/chapter%d/summary.json", n);
        learn(n, "--reward length --batch 2 --price 5", NULL);
        ck_assert(number_of(file, "before.texts") == 10);
        ck_assert(number_of(file, "runs.after.texts") == 6);
        learn(n, "--reward length --batch 2 --price 6", NULL);
        ck_assert(number_of(file, "before.texts") == 12);
        ck_assert(number_of(file, "runs.after.texts") == 6);
        ck_assert(number_of(file, "runs.seed") == 1);
        double seconds = number_of(file, "runs.training_seconds");
        ck_assert(seconds >= 0 && seconds < 60);
    }
}
END_TEST

/* Where nothing is learnt, texts of one seed earn the same: none that is drawn in training is
 * measured before or after it. */
START_TEST(a_price_is_measured_on_fresh_texts)
{
    for (int n = 3; n <= 5; n++) {
        Curves *c;
        char summary[64];
        snprintf(summary, sizeof summary, "out/chapter%d/summary.json", n);
        learn(n, "--reward fluency --lr 0 --last-lr 0 --steps 6 --price 2", &c);
        double before = number_of(summary, "before.reward");
        double after = number_of(summary, "runs.after.reward");
        for (int i = 0; i < c->rows; i++) {
            double reward = curves_at(c, i, "reward");
            ck_assert(fabs(reward - before) > 1e-6 && fabs(reward - after) > 1e-6);
            for (int k = 0; k < i; k++) ck_assert(fabs(reward - curves_at(c, k, "reward")) > 1e-6);
        }
        curves_free(c);
    }
}
END_TEST

START_TEST(only_a_plain_reward_says_when_it_was_reached_and_what_it_cost_at_least)
{
    const char *good =
        "--seeds 2 --batch 64 --steps 4 --reward-command 'while read x; do echo 1; done'";
    const Ended *e = learn(3, good, NULL);
    ck_assert_int_eq(times(e->said, "reward 0.95 was reached after 0 symbols"), 2);
    ck_assert(number_of("out/chapter3/summary.json", "runs.symbols_until_95") == 0);
    ck_assert(number_of("out/chapter3/summary.json", "runs.least_kl") == 0);
    /* 64 texts before, 256 of the first seed and 64 after it: the second seed earns nothing */
    const char *once = "--seeds 2 --batch 64 --steps 4 --reward-command "
                       "'n=0; while read x; do n=$((n + 1)); echo $((n <= 384)); done'";
    ck_assert_int_eq(times(learn(3, once, NULL)->said, "reward 0.95 was reached"), 1);
    ck_assert(shell("test $(grep -c symbols_until_95 out/chapter3/summary.json) = 1") == 0);
    const char *bad = "--batch 64 --reward-command 'while read x; do echo 2; done'";
    ck_assert(!strstr(learn(3, bad, NULL)->said, "was reached"));
    ck_assert(shell("grep -q 'least_kl\\|symbols_until' out/chapter3/summary.json") != 0);
}
END_TEST

/* A program that notes what a figure is told and which script draws it, instead of gnuplot. */
static void note_figures(void)
{
    shell("mkdir -p bin && printf '#!/bin/sh\\necho \"$3\" >> noted\\necho ${4##*/} >> scripts\\n'"
          " > bin/gnuplot && chmod +x bin/gnuplot");
}

START_TEST(a_run_draws_the_figures_of_its_chapter)
{
    static const struct {
        const char *run, *scripts;
    } runs[] = {{TINY_3 "--reward length", "chapter3_reward.gp"},
                {TINY_4 "--batch 16 --steps 12 --critic-lr 1e-2 --reward length",
                 "chapter4_reward.gp chapter4_value.gp"},
                {TINY_5 "--reward length", "chapter5_compare.gp"},
                {"3 --env oracle --draws 100 --largest-batch 2 --threads 1",
                 "chapter3_variance.gp chapter3_batch.gp"},
                {"4 --env oracle --draws 100 --batch 4 --threads 1", "chapter4_lambda.gp"},
                {"5 --env oracle --toy-steps 1 --toy-seeds 1 --threads 1",
                 "chapter5_ceiling.gp chapter5_stress.gp chapter5_frontier.gp"}};
    note_figures();
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        shell(": > scripts");
        check_run(0, runs[k].run, "wrote");
        ck_assert_msg(shell("test \"$(echo $(cat scripts))\" = '%s'", runs[k].scripts) == 0,
                      "chapter%s does not draw %s", runs[k].run, runs[k].scripts);
    }
}
END_TEST

START_TEST(the_figure_is_told_what_the_reward_costs_at_least)
{
    note_figures();
    learn(3, "--reward '0*length + contains:e' --length 3 --batch 40 --price 40", NULL);
    double p = number_of("out/chapter3/summary.json", "before.reward");
    double least = 0.95 * log(0.95 / p) + 0.05 * log(0.05 / (1 - p));
    ck_assert(p > 0 && p < 1);
    ck_assert_msg(shell("grep -q 'least=%.6f' noted", least) == 0, "least=%.6f", least);
    double q = number_of("out/chapter3/summary.json", "runs.after.reward");
    ck_assert(
        close_to(number_of("out/chapter3/summary.json", "runs.least_kl"), least_kl(p, q), 1e-9));
    ck_assert(fabs(least_kl(p, q) - least_kl(q, p)) > 1e-6);
    learn(4, "--reward length", NULL);
    ck_assert(shell("grep -q 'least=-1' noted") == 0);
}
END_TEST

START_TEST(an_undecided_policy_has_the_entropy_of_its_symbols)
{
    save_undecided_model(in_place("out/undecided"));
    for (int n = 3; n <= 5; n++) {
        Curves *c;
        char file[64];
        const Ended *e = learn(n, UNDECIDED, &c);
        ck_assert(!strstr(e->said, "that the grammar gives")); /* it can't spell a tale */
        for (int i = 0; i < c->rows; i++) {
            ck_assert(close_to(curves_at(c, i, "entropy"), log(3), 1e-5));
            ck_assert(curves_at(c, i, "kl") == 0);
            ck_assert(curves_at(c, i, "objective") == curves_at(c, i, "reward"));
            if (n == 5) ck_assert(close_to(curves_at(c, i, "fluency"), -log(3), 1e-5));
        }
        curves_free(c);
        snprintf(file, sizeof file, "out/chapter%d/summary.json", n);
        ck_assert(close_to(number_of(file, "before.fluency_reference"), -log(3), 1e-5));
    }
}
END_TEST

/* Below each title, up to its last letter, stands the number, with a blank before it, for which it
 * gives up decimals; all on less than 100 columns. */
static void check_columns(const char *said, const Curves *c, int row)
{
    static const struct {
        const char *title, *column;
        int digits;
    } shown[] = {{"step", "step", 0},
                 {"reward", "reward", 3},
                 {"KL", "kl", 2},
                 {"J", "objective", 2},
                 {"entr.", "entropy", 3},
                 {"approx", "approx_kl", 4},
                 {"clipped", "clip_fraction", 4},
                 {"largest", "largest_ratio", 2},
                 {"value", "value_loss", 3},
                 {"explained", "explained_variance", 2},
                 {"length", "length", 1},
                 {"ended", "ended", 2},
                 {"distinct", "distinct", 2},
                 {"gradient", "gradient_norm", 2}};
    const char *head = strstr(said, "\nstep reward"), *end = head;
    ck_assert_ptr_nonnull(head++);
    size_t width = strcspn(head, "\n");
    const char *line = head + (width + 1) * ((size_t)row + 1);
    ck_assert(width < 100 && strcspn(line, "\n") == width);
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++) {
        const char *title = strstr(end, shown[k].title);
        ck_assert_msg(title && title[-1] == (k == 0 ? '\n' : ' '), "%s in:\n%s", shown[k].title,
                      head);
        long room = title + strlen(shown[k].title) - end;
        end += room;
        char number[64];
        double x = curves_at(c, row, shown[k].column);
        int length, digits = shown[k].digits;
        do length = snprintf(number, sizeof number, "%.*f", digits, x);
        while (length >= room && digits-- > 0);
        if (isnan(x)) length = snprintf(number, sizeof number, "-");
        ck_assert_msg(memcmp(line + (end - head) - length, number, (size_t)length) == 0,
                      "%s is not %s in:\n%s", shown[k].title, number, head);
    }
    ck_assert(*end == '\n');
}

/* Without a clip there is no share that it took, and of rewards that never vary none is explained.
 */
START_TEST(the_columns_of_ppos_steps_stand_below_their_titles)
{
    static const char *const more[] = {"--reward length", "--reward length --unclipped",
                                       "--load out/undecided --lr 0 --last-lr 0 --reward 0*length"};
    save_undecided_model(in_place("out/undecided"));
    for (int k = 0; k < 3; k++) {
        const Ended *e = learn(5, more[k], NULL);
        Curves *c = table_of("out/chapter5/curves.csv");
        for (int row = 0; row < c->rows; row++) check_columns(e->said, c, row);
        ck_assert(isnan(curves_at(c, 0, "clip_fraction")) == (k == 1));
        ck_assert(isnan(curves_at(c, 0, "explained_variance")) == (k == 2));
        curves_free(c);
    }
}
END_TEST

/* Is every number of these columns, which NULL ends, the same in both tables? */
static bool same_columns(const Curves *a, const Curves *b, const char *const *columns)
{
    ck_assert_int_eq(a->rows, b->rows);
    for (; *columns; columns++)
        for (int i = 0; i < a->rows; i++)
            if (curves_at(a, i, *columns) != curves_at(b, i, *columns)) return false;
    return true;
}

#define LEARNING "--reward length --batch 4 --steps 4 --price 4 --lr 0.01 --last-lr 0.001 "

/* While the critic stays at V = 0, each flag of the policy changes what that does; while the policy
 * stays, each flag of the critic changes its loss, and nothing of the policy. */
START_TEST(every_flag_of_learning_sets_what_it_names)
{
    static const char *const policy[] = {"reward", "kl", "gradient_norm", NULL};
    static const char *const texts[] = {"reward", "kl", NULL};
    static const char *const critic[] = {"value_loss", NULL};
    static const struct {
        int chapter;
        bool critic;
        const char *flags, *flag;
    } cases[] = {{3, false, "", "--lr 0.02"},
                 {3, false, "", "--last-lr 0.002"},
                 {3, false, "", "--beta2 0.5"},
                 {3, false, "", "--clip 0.001"},
                 {3, false, "", "--beta 3"},
                 {3, false, "", "--sampled-kl"},
                 {3, false, "", "--credit total"},
                 {3, false, "", "--baseline none"},
                 {3, false, "--baseline moving ", "--memory 0.1"},
                 {4, false, "--critic-lr 0 ", "--lr 0.02"},
                 {4, false, "--critic-lr 0 ", "--last-lr 0.002"},
                 {4, false, "--critic-lr 0 ", "--beta2 0.5"},
                 {4, false, "--critic-lr 0 ", "--clip 0.001"},
                 {4, false, "--critic-lr 0 ", "--beta 3"},
                 {4, false, "--critic-lr 0 ", "--whiten"},
                 {4, false, "--critic-lr 0 ", "--lambda 0.5"},
                 {4, false, "--critic-lr 0 ", "--advantage total"},
                 {4, false, "--critic-lr 0 --advantage to-go ", "--gamma 0.5"},
                 {4, true, "--lr 0 --last-lr 0 ", "--critic-lr 0.02"},
                 {4, true, "--lr 0 --last-lr 0 ", "--critic-epochs 9"},
                 {4, true, "--lr 0 --last-lr 0 ", "--minibatches 3"},
                 {5, false, "--critic-lr 0 ", "--lr 0.02"},
                 {5, false, "--critic-lr 0 ", "--last-lr 0.002"},
                 {5, false, "--critic-lr 0 ", "--beta2 0.5"},
                 {5, false, "--critic-lr 0 ", "--clip 0.001"},
                 {5, false, "--critic-lr 0 ", "--beta 3"},
                 {5, false, "--critic-lr 0 ", "--whiten"},
                 {5, false, "--critic-lr 0 ", "--lambda 0.5"},
                 {5, false, "--critic-lr 0 ", "--advantage total"},
                 {5, false, "--critic-lr 0 --advantage to-go ", "--gamma 0.5"},
                 {5, false, "--critic-lr 0 ", "--epsilon 0.001"},
                 {5, false, "--critic-lr 0 --epsilon 0.001 ", "--unclipped"},
                 {5, false, "--critic-lr 0 ", "--epochs 9"},
                 {5, false, "--critic-lr 0 ", "--minibatches 3"},
                 {5, false, "--critic-lr 0 ", "--stop-kl 1e-9"},
                 {5, false, "--critic-lr 0 ", "--entropy 3"},
                 {5, true, "--lr 0 --last-lr 0 ", "--critic-lr 0.02"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char flags[256];
        Curves *without, *with;
        const char *stop = cases[i].chapter == 5 ? "--stop-kl 0 " : "";
        snprintf(flags, sizeof flags, LEARNING "%s%s", stop, cases[i].flags);
        learn(cases[i].chapter, flags, &without);
        strcat(flags, cases[i].flag);
        learn(cases[i].chapter, flags, &with);
        bool good = cases[i].critic
                        ? same_columns(without, with, texts) && !same_columns(without, with, critic)
                        : !same_columns(without, with, policy);
        ck_assert_msg(good, "chapter%d %s", cases[i].chapter, flags);
        curves_free(without);
        curves_free(with);
    }
}
END_TEST

/* Before the first step the policy is the reference, and after the last it is not: the table, the
 * summary and the price say so. Where every text earns 2 and KL costs nothing, a critic that stays
 * at V = 0 is off by 2 at every symbol. */
START_TEST(every_column_holds_what_it_names)
{
    for (int n = 3; n <= 5; n++) {
        Curves *c;
        char flags[256];
        snprintf(flags, sizeof flags,
                 "--batch 12 --steps 3 --length 3 --lr 0.01 --beta 0 %s --reward-command "
                 "'while read x; do echo 2; done'",
                 n == 3   ? "--baseline none"
                 : n == 4 ? "--critic-lr 0 --lambda 1"
                          : "--critic-lr 0 --lambda 1 --stop-kl 0");
        learn(n, flags, &c);
        for (int i = 0; i < c->rows; i++) {
            double texts = 12 * curves_at(c, i, "distinct"), length = curves_at(c, i, "length");
            ck_assert(curves_at(c, i, "reward") == 2 && curves_at(c, i, "objective") == 2);
            ck_assert(fabs(texts - round(texts)) < 1e-6 && texts >= 1);
            ck_assert((i == 0) == (fabs(curves_at(c, i, "kl")) < 1e-5));
            ck_assert(curves_at(c, i, "entropy") > 0 && curves_at(c, i, "entropy") < log(200));
            ck_assert(curves_at(c, i, "gradient_norm") > 0);
            if (n == 3) continue;
            ck_assert(isnan(curves_at(c, i, "explained_variance")));
            ck_assert(close_to(curves_at(c, i, "value_loss"), 2, 1e-6));
            if (n == 4) ck_assert(curves_at(c, i, "critic_gradient_norm") > 2); /* 2 by its bias */
            if (n == 4) continue;
            ck_assert(curves_at(c, i, "updates") == 2);
            ck_assert(curves_at(c, i, "approx_kl") > 0);
            ck_assert(curves_at(c, i, "largest_ratio") > 1);
            ck_assert(fabs(curves_at(c, i, "policy_loss") + 2 * length) < 0.2 * length);
            ck_assert(curves_at(c, i, "fluency") < 0);
        }
        curves_free(c);
        snprintf(flags, sizeof flags, "out/chapter%d/summary.json", n);
        ck_assert(fabs(number_of(flags, "before.kl")) < 1e-5);
        ck_assert(fabs(number_of(flags, "runs.after.kl")) > 1e-3);
    }
}
END_TEST

/* A text that ends has a symbol more than its reward counts. */
START_TEST(the_length_of_texts_that_end_counts_their_end)
{
    for (int n = 3; n <= 5; n++) {
        Curves *c;
        save_undecided_model(in_place("out/undecided"));
        learn(n, UNDECIDED "--length 3 --batch 12", &c);
        for (int i = 0; i < c->rows; i++) {
            double length = curves_at(c, i, "length"), ended = curves_at(c, i, "ended");
            ck_assert(close_to(length - curves_at(c, i, "reward"), ended, 1e-6));
            ck_assert(ended > 0 && ended < 1);
        }
        curves_free(c);
    }
}
END_TEST

/* Where all earn the same there is no variance of which a share could be explained. */
START_TEST(what_a_critic_explains_is_told_where_there_is_something)
{
    save_undecided_model(in_place("out/undecided"));
    const char *same = "--load out/undecided --lr 0 --last-lr 0 --reward 0*length";
    const Ended *e = learn(4, same, NULL);
    ck_assert_msg(times(e->said, "explained -\n") == 2, "%s", e->said);
    e = learn(4, "--reward length --batch 8", NULL);
    double share;
    const char *at = strstr(e->said, "explained ");
    ck_assert_msg(at && sscanf(at, "explained %lf", &share) == 1, "%s", e->said);
    ck_assert(share <= 1);
}
END_TEST

START_TEST(a_text_is_at_most_as_long_as_the_context)
{
    Curves *c;
    save_undecided_model(in_place("out/undecided"));
    learn(3, UNDECIDED "--length 8", NULL);
    check_run(1, TINY_3 UNDECIDED "--length 9",
              "--length 9 is more than the model's context of 8 symbols");
    learn(3, UNDECIDED "--length 0 --batch 60", &c); /* the context */
    double length = curves_at(c, 0, "length");       /* E = 3 (1 - (2/3)^8) = 2.88 */
    ck_assert_msg(length > 2 && length < 4, "%g", length);
    curves_free(c);
}
END_TEST

START_TEST(fluency_needs_a_text_of_the_models_symbols)
{
    save_undecided_model(in_place("out/undecided"));
    shell("printf 'ab\\nba\\na\\nabba\\nbab\\nbb\\naab\\nb\\na\\nabab\\nba\\n' > ab; tr ab xy < ab "
          "> xy");
    check_run(1, TINY_3 "--load out/undecided --reward fluency", "and a tale has other symbols");
    check_run(1, TINY_3 "--load out/undecided --reward fluency --text xy",
              "reads other symbols than xy has: give the text that it has learnt");
    check_run(1, TINY_3 "--load out/undecided --text xy", "reads other symbols than xy has");
    check_run(0, TINY_3 "--load out/undecided --reward fluency --text ab",
              "log P under the n-gram");
}
END_TEST

START_TEST(a_program_says_which_reward_and_which_model_it_has)
{
    const Ended *e = learn(3, "", NULL);
    ck_assert(strstr(e->said, "the reward is contains:hello, less 0.045 per nat"));
    ck_assert(strstr(e->said, "keeps it in out/pretrained/"));
    ck_assert(strstr(e->said, ": a transformer of 2 layers, 4 heads, 64 channels, context 128"));
    ck_assert(strstr(e->said, "share of texts that the grammar gives"));
    e = learn(3, "--quick", NULL); /* says less, and reads less */
    ck_assert(strstr(e->said, "the reward is contains:hen, less"));
    ck_assert(strstr(e->said, "keeps it in out/pretrained/quick/"));
    ck_assert(strstr(e->said, ": a transformer of 2 layers, 4 heads, 32 channels, context 128"));
    e = learn(3, "--reward-command 'while read x; do echo 1; done'", NULL);
    ck_assert(strstr(e->said, "the reward is command, less"));
    for (int n = 4; n <= 5; n++) {
        e = learn(n, "--reward length --lr 3e-4 --critic-lr 2e-3", NULL);
        ck_assert_msg(strstr(e->said, "learning rates 0.0003 and 0.002, seed 1"), "%s", e->said);
    }
}
END_TEST

/* A model that has learnt otherwise than was asked is no answer, however good it is. */
START_TEST(a_model_of_other_tales_or_other_steps_is_one_of_its_own)
{
#define BOOK "3 --quick --batch 2 --steps 1 --sample 0 --price 1 "
    static const char *const others[] = {BOOK "--pretrain-steps 2",
                                         BOOK "--pretrain-steps 2 --tales 21",
                                         BOOK "--pretrain-steps 3 --tales 21"};
    check_run(0, TINY_2, "wrote");
    check_run(0, BOOK, "trains a small model first: the model in out/chapter2 reads other symbols");
    check_run(0, BOOK, "begins from out/pretrained/quick: ");
    ck_assert_int_eq(shell("grep -q '\"begins_from\":.\"out/pretrained/quick\"' "
                           "out/chapter3/summary.json && "
                           "grep -q '\"reward\":.\"contains:hen\"' out/chapter3/summary.json"),
                     0);
    for (int i = 0; i < 3; i++) {
        check_run(0, others[i], "there is none yet that has learnt as was asked");
        check_run(0, others[i], "begins from out/pretrained/quick/");
    }
    check_run(0, BOOK, "begins from out/pretrained/quick: ");
#undef BOOK
}
END_TEST

/* Its summary holds all that a run was told. */
START_TEST(a_run_is_repeated_from_its_summary)
{
    static const char *const runs[] = {TINY_1, TINY_2, TINY_3, TINY_4, TINY_5};
    for (int n = 1; n <= 5; n++) {
        char first[600], again[600];
        snprintf(first, sizeof first, "%s--seed 3 --seeds 2 --out first%d", runs[n - 1], n);
        snprintf(again, sizeof again, "%d --config first%d/summary.json --out again%d", n, n, n);
        check_run(0, first, "wrote");
        check_run(0, again, "wrote");
        ck_assert_int_eq(shell("cmp first%d/curves.csv again%d/curves.csv", n, n), 0);
    }
}
END_TEST

/* A quick model is good enough for a quick run alone. The command, which is started first, ends the
 * run before more than a step of a better one is learnt. */
START_TEST(a_model_that_has_learnt_too_little_is_not_the_books)
{
    static const char quick[] = "3 --quick --batch 2 --steps 1 --sample 0 --price 1";
    check_run(0, quick, "keeps it in out/pretrained/quick: ");
    ck_assert_int_eq(shell("mv out/pretrained/quick out/chapter2"), 0);
    check_run(0, quick, "begins from out/chapter2: ");
    check_run(1, "3 --threads 1 --reward-command 'kill -TERM $PPID; read x'",
              "the model in out/chapter2 has learnt too little (");
}
END_TEST

/* Of a user's own text any model of its symbols will do, of the size that was asked for, and no
 * grammar knows it, though its letters spell a tale. */
START_TEST(a_model_of_the_users_text_is_kept)
{
    shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo 'Granny said hello.'; done > story");
    const Ended *e = learn(3, "--text story --reward length", NULL);
    ck_assert(strstr(e->said, "keeps it in out/pretrained"));
    ck_assert(!strstr(e->said, "that the grammar gives"));
    e = learn(3, "--text story --reward length", NULL);
    ck_assert(strstr(e->said, "begins from out/pretrained") && strstr(e->said, " 64 channels"));
    e = learn(3, "--text story --reward length --quick", NULL);
    ck_assert(strstr(e->said, "keeps it in out/pretrained") && strstr(e->said, " 32 channels"));
}
END_TEST

static const TTest *const tests[] = {
    a_model_read_from_arpa_scores_as_the_one_that_was_counted,
    a_text_goes_on_from_its_prompt,
    the_chain_rule_is_shown_from_its_beginning_to_its_end,
    every_seed_of_chapter_1_has_its_row,
    what_far_places_cost_is_the_mean_over_their_rows,
    words_are_counted_as_characters_are,
    the_variance_of_an_estimate_falls_as_one_over_the_batch,
    a_moving_baseline_rests_at_the_mean_return,
    lambda_of_one_or_a_right_critic_has_no_bias,
    of_three_critics_the_seed_changes_the_wrong_one,
    a_study_of_one_row_has_a_line,
    ppo_comes_nearer_to_the_ceiling_and_never_above,
    the_stress_has_every_seed_with_the_clip_and_without,
    every_seed_of_the_toy_has_its_runs,
    neighbours_in_seed_share_no_rollouts_of_the_toy,
    an_interrupt_ends_a_study_with_what_it_has,
    a_stop_does_not_wait_for_the_rewards_command,
    a_flag_without_effect_is_refused,
    a_flag_that_waits_for_another_is_refused,
    every_flag_without_effect_is_refused,
    a_study_whose_table_cannot_be_saved_ends_at_once,
    symbols_are_the_sum_of_the_lengths_before,
    the_columns_of_ppos_steps_stand_below_their_titles,
    ppo_shows_some_of_its_steps,
    ppo_shows_every_step_if_they_are_few,
    the_table_of_values_is_all_there_and_nothing_more,
    fluency_of_one_symbol_is_its_log_probability_under_the_n_gram,
    rewards_of_the_language_itself_are_learnt_from,
    every_step_of_every_seed_has_a_row,
    an_interrupt_ends_a_run_after_its_step,
    a_run_whose_report_is_lost_has_failed,
    the_model_that_is_kept_is_the_first_seeds,
    a_batch_can_be_shared_down_to_single_texts,
    a_policy_that_writes_one_text_only_is_remarked_on,
    a_comparison_runs_every_seed_without_a_baseline_too,
    a_policy_that_has_run_away_is_not_kept,
    a_model_or_a_table_that_cannot_be_saved_ends_the_run,
    what_cannot_be_saved_in_the_end_ends_the_run,
    texts_are_shown_as_they_end,
    the_texts_that_are_shown_are_neither_learnt_from_nor_measured,
    a_price_is_measured_on_as_many_texts_as_asked_and_before_on_twice_as_many,
    a_price_is_measured_on_fresh_texts,
    only_a_plain_reward_says_when_it_was_reached_and_what_it_cost_at_least,
    a_run_draws_the_figures_of_its_chapter,
    the_figure_is_told_what_the_reward_costs_at_least,
    an_undecided_policy_has_the_entropy_of_its_symbols,
    every_flag_of_learning_sets_what_it_names,
    every_column_holds_what_it_names,
    the_length_of_texts_that_end_counts_their_end,
    what_a_critic_explains_is_told_where_there_is_something,
    a_text_is_at_most_as_long_as_the_context,
    fluency_needs_a_text_of_the_models_symbols,
    a_program_says_which_reward_and_which_model_it_has,
    a_model_of_other_tales_or_other_steps_is_one_of_its_own,
    a_run_is_repeated_from_its_summary,
    a_model_that_has_learnt_too_little_is_not_the_books,
    a_model_of_the_users_text_is_kept,
    NULL};

RUN_TESTS("studies", tests)
