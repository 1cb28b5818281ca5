/* test_values.c: the table from which the critic's thoughts are drawn. */
#include "values.h"
#include "suite.h"

static Vocabulary vocabulary;

/* Texts `a,` and `"` and an end alone; only the first earns its reward. */
static Rollout *three_texts(void)
{
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)",", (char *)"\""};
    TransformerShape shape = {1, 1, 4, 4, 4};
    vocabulary_make(&vocabulary, symbols, 4, 0);
    Rollout *r = rollout_new(&shape, &vocabulary, 3, 4);
    rollout_add(r, (int[]){1, 2, 0}, 3);
    rollout_add(r, (int[]){3, 0}, 2);
    rollout_add(r, (int[]){0}, 1);
    r->reward[0] = 1;
    for (int n = 0; n < 6; n++) {
        r->values[n] = (real)(n + 0.5);
        r->advantages[n] = (real)-n;
    }
    return r;
}

START_TEST(a_row_is_a_symbol_with_what_was_expected_before_it)
{
    Rollout *r = three_texts();
    Values v = {0};
    values_keep(&v, r, 0.5);
    ck_assert_str_eq(v.table, "text,reward,position,letter,value,advantage\n"
                              "0,1,0,a,0.5,0\n"
                              "0,1,1,‚,1.5,-1\n"
                              "0,1,2,¶,2.5,-2\n"
                              "1,0,0,”,3.5,-3\n"
                              "1,0,1,¶,4.5,-4\n"
                              "2,0,0,¶,5.5,-5\n");
    values_free(&v);
    rollout_free(r);
    vocabulary_free(&vocabulary);
}
END_TEST

/* Two from above the mean, as they stand, then two that are not above it. */
START_TEST(texts_of_both_kinds_are_shown)
{
    static char *symbols[] = {(char *)"\n", (char *)"a"};
    static const double rewards[] = {2, 4, 3, 5, 9, 1, 0, 0}; /* their mean is 3 */
    TransformerShape shape = {1, 1, 4, 1, 2};
    vocabulary_make(&vocabulary, symbols, 2, 0);
    Rollout *r = rollout_new(&shape, &vocabulary, 8, 1);
    for (int i = 0; i < 8; i++) {
        rollout_add(r, (int[]){i % 2}, 1);
        r->reward[i] = rewards[i];
    }
    Values v = {0};
    values_keep(&v, r, 0.5);
    ck_assert_str_eq(v.table, "text,reward,position,letter,value,advantage\n"
                              "0,4,0,a,0,0\n"
                              "1,5,0,a,0,0\n"
                              "2,2,0,¶,0,0\n"
                              "3,3,0,¶,0,0\n");
    /* 0.5 of the variance, whose exact share is (4+16+9+25+81+1)/8 - 9 = 8 */
    ck_assert(close_to(v.most, 0.5 * 8, 1e-12));
    values_free(&v);
    rollout_free(r);
    vocabulary_free(&vocabulary);
}
END_TEST

START_TEST(the_batch_in_which_most_was_foreseen_is_kept)
{
    Rollout *r = three_texts();
    Values v = {0};
    values_keep(&v, r, -0.5);
    values_keep(&v, r, NAN);
    ck_assert_ptr_null(v.table);
    values_keep(&v, r, 0.5);
    double first = v.most;
    values_keep(&v, r, 0.4);
    ck_assert(v.most == first);
    values_keep(&v, r, 0.6);
    ck_assert(close_to(v.most, 0.6 / 0.5 * first, 1e-12));
    double second = v.most;
    r->reward[0] = 0; /* where all earn the same, a large share is a share of nothing */
    values_keep(&v, r, 0.99);
    ck_assert(v.most == second);
    values_free(&v);
    r->reward[0] = 1;
    values_keep(&v, r, 0.5); /* begins afresh; of two that are alike the first stays */
    const char *table = v.table;
    values_keep(&v, r, 0.5);
    ck_assert_ptr_eq(v.table, table);
    values_free(&v);
    rollout_free(r);
    vocabulary_free(&vocabulary);
}
END_TEST

START_TEST(the_table_is_written_to_a_file_if_there_is_one)
{
    Rollout *r = three_texts();
    Values v = {0};
    Error err;
    Run run;
    char dir[] = "/tmp/valuesXXXXXX", head[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert(run_open(&run, dir, "./chapter4", &err));
    ck_assert(values_save(&v, &run, "values.csv", &err));
    ck_assert(access(run_path(&run, "values.csv"), F_OK) != 0);
    values_keep(&v, r, 0.5);
    ck_assert(values_save(&v, &run, "values.csv", &err));
    FILE *in = fopen(run_path(&run, "values.csv"), "r");
    ck_assert(in && fgets(head, sizeof head, in));
    fclose(in);
    ck_assert_str_eq(head, "text,reward,position,letter,value,advantage\n");
    unlink(run_path(&run, "values.csv"));
    rmdir(dir);
    values_free(&v);
    rollout_free(r);
    vocabulary_free(&vocabulary);
}
END_TEST

static const TTest *const tests[] = {a_row_is_a_symbol_with_what_was_expected_before_it,
                                     texts_of_both_kinds_are_shown,
                                     the_batch_in_which_most_was_foreseen_is_kept,
                                     the_table_is_written_to_a_file_if_there_is_one, NULL};

RUN_TESTS("values", tests)
