/* test_figures.c: the gnuplot scripts draw all that the files have: every seed, whatever its
 * number, and every text's reward. */
#include "program.h"
#include "suite.h"

/* Draws plots/<script>.gp from the files in the test's directory. Returns the figure. */
static char *drawn(const char *script, const char *given)
{
    static char figure[1 << 20];
    char file[80], *root = realpath(".", NULL);
    ck_assert_msg(shell("exec gnuplot -d -e \"root='%s'; dir='.'; %s\" '%s/plots/%s.gp'", root,
                        given, root, script) == 0,
                  "%s", script);
    free(root);
    snprintf(file, sizeof file, "%s.svg", script);
    FILE *in = fopen(in_place(file), "rb");
    ck_assert_msg(in != NULL, "%s is missing", file);
    figure[fread(figure, 1, sizeof figure - 1, in)] = '\0';
    fclose(in);
    return figure;
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

/* Three rows for each of some seeds. */
static void put_seeds(const char *file, const char *header, const char *row, int first, int seeds)
{
    FILE *out = fopen(in_place(file), "w");
    fprintf(out, "%s\n", header);
    for (int seed = first; seed < first + seeds; seed++)
        for (int step = 0; step < 3; step++) fprintf(out, row, seed, step, step);
    fclose(out);
}

/* A figure of `seeds` seeds has `lines` lines more for each, whether they are small or large. */
static void check_seeds(const char *script, const char *file, const char *header, const char *row,
                        const char *given, int lines)
{
    static const int first[] = {1, 1, 0, 7, 999999990};
    static const int seeds[] = {1, 5, 5, 5, 5};
    int paths[5];
    for (int i = 0; i < 5; i++) {
        put_seeds(file, header, row, first[i], seeds[i]);
        paths[i] = count(drawn(script, given), "<path stroke=");
        if (i > 0)
            ck_assert_msg(paths[i] == paths[0] + 4 * lines,
                          "%s: %d lines for one seed, %d for five", script, paths[0], paths[i]);
    }
}

START_TEST(every_seed_is_drawn)
{
    check_seeds("chapter2_loss", "curves.csv",
                "seed,step,symbols,train_loss,held_out_loss,learning_rate,gradient_norm",
                "%d,%d,%d,0.9,0.8,0.1,1\n", "uniform=4; ngram=0.5; order=3; floor=0.15", 2);
    check_seeds("chapter5_ceiling", "ceiling.csv", "seed,step,symbols,objective,ceiling",
                "%d,%d,%d,0.5,0.8\n", "", 1);
}
END_TEST

/* Of few tales the first seed may have no place that is as far as another's. */
START_TEST(the_orders_have_their_names_whichever_seed_goes_farthest)
{
    for (int farthest = 1; farthest <= 3; farthest++) {
        FILE *out = fopen(in_place("recall.csv"), "w");
        fprintf(out, "seed,order,distance,places,excess_nats\n");
        for (int seed = 1; seed <= 3; seed++)
            for (int order = 1; order <= 2; order++)
                for (int distance = 0; distance <= (seed == farthest ? 28 : 20); distance += 4)
                    fprintf(out, "%d,%d,%d,9,%d.5\n", seed, order, distance, 4 - order);
        fclose(out);
        const char *figure = drawn("chapter1_recall", "first=1; last=2");
        ck_assert(strstr(figure, "order 1<") && strstr(figure, ">  2<"));
    }
}
END_TEST

START_TEST(every_text_shows_its_reward)
{
    FILE *out = fopen(in_place("values.csv"), "w");
    fprintf(out, "text,reward,position,letter,value,advantage\n");
    for (int text = 0; text < 4; text++)
        for (int at = 0; at < 3; at++)
            fprintf(out, "%d,%g,%d,a,0.%d,0\n", text, (double[]){3, 250, -2, 0}[text], at, at);
    fclose(out);
    const char *figure = drawn("chapter4_value", "");
    const char *const labels[] = {"R = 3<", "R = 250<", "R = -2<", "R = 0<"};
    for (int i = 0; i < 4; i++) ck_assert_msg(strstr(figure, labels[i]), "no %s", labels[i]);
}
END_TEST

static const TTest *const tests[] = {every_seed_is_drawn,
                                     the_orders_have_their_names_whichever_seed_goes_farthest,
                                     every_text_shows_its_reward, NULL};
RUN_TESTS("figures", tests)
