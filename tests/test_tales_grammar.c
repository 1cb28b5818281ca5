/* test_tales_grammar.c: grammars small enough to know all about, and grammars that are wrong. */
#include "leaks.h"
#include "tales_interpreter.h"

#include <stdint.h>

/* --- one derivation --------------------------------------------------------------------------- */

/* The rules with each list cut to its first `most` bodies; the shapes of the tale all stay. */
static Rule *cut_rules(int most)
{
    int count = 0;
    while (TALES_RULES[count].symbol) count++;
    Rule *rules = NEW(Rule, count + 1);
    for (int i = 0; i < count; i++) {
        char *bodies = strdup(TALES_RULES[i].bodies), *at = bodies;
        for (int b = 0; at && b < most; b++) at = strchr(at + 1, '/');
        if (at) *at = '\0';
        rules[i] = (Rule){TALES_RULES[i].symbol, TALES_RULES[i].weight, bodies};
    }
    return rules;
}

static void free_rules(Rule *rules)
{
    for (Rule *r = rules; r->symbol; r++) free((char *)(uintptr_t)r->bodies);
    free(rules);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const Derivation *)a)->text, ((const Derivation *)b)->text);
}

START_TEST(a_listed_language_sums_to_one_and_holds_no_text_twice)
{
    Rule *rules = cut_rules(2);
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    Set all = derivations(rules, NULL);
    ck_assert_int_gt(all.count, 3000);
    qsort(all.at, (size_t)all.count, sizeof *all.at, by_text);
    double sum = 0, entropy = 0, length = 0;
    for (int i = 0; i < all.count; i++) {
        const Derivation *d = &all.at[i];
        if (i) ck_assert_str_ne(d->text, d[-1].text);
        ck_assert(close_to(grammar_read(&g, d->text, NULL, NULL), log(d->p), 1e-12));
        sum += d->p;
        entropy -= d->p * log(d->p);
        length += d->p * d->length;
        ck_assert_int_le(d->length, g.symbols[0].longest);
    }
    ck_assert(close_to(sum, 1, 1e-12));
    ck_assert(close_to(g.symbols[0].entropy, entropy, 1e-12));
    ck_assert(close_to(g.symbols[0].mean_length, length, 1e-12));
    free(all.at);
    grammar_free(&g);
    free_rules(rules);
}
END_TEST

START_TEST(two_derivations_of_a_text_are_detected)
{
    static const Rule same_text[] = {{"tale", 1, "[pet] ran./A [toy] ran."},
                                     {"pet", 3, "A dog/A cat"},
                                     {"toy", 1, "car/cat"},
                                     {0}};
    static const Rule beginning[] = {
        {"tale", 1, "[N=name][rest]."}, {"name", 1, "Tom/Tommy"}, {"rest", 1, "my ran/ ran"}, {0}};
    static const Rule twice[] = {
        {"tale", 1, "[A=pet] [A]/[A=pet] [B=pet]"}, {"pet", 1, "cat/dog"}, {0}};
    struct {
        const Rule *rules;
        const char *text;
        double p;
    } cases[] = {{same_text, "A cat ran.", 0.5 / 2 + 0.5 / 2},
                 {beginning, "Tommy ran.", 0.25 + 0.25},
                 {twice, "dog dog", 0.25 + 0.125}};
    for (int i = 0; i < 3; i++) {
        Grammar g;
        Error err;
        char text[TALE_MAX + 1];
        ck_assert_msg(grammar_make(&g, cases[i].rules, &err), "%s", err.text);
        ck_assert(!grammar_is_settled(&g, &err));
        ck_assert_ptr_nonnull(strstr(err.text, "can both begin with"));
        Set all = derivations(cases[i].rules, cases[i].text);
        ck_assert_int_eq(all.count, 2);
        free(all.at);
        /* the text's probability is the sum over both, more than any draw of it reports */
        ck_assert(close_to(grammar_read(&g, cases[i].text, NULL, NULL), log(cases[i].p), 1e-12));
        Rng rng = rng_stream(1, 1);
        double drawn;
        do {
            drawn = grammar_draw(&g, text, &rng);
        } while (strcmp(text, cases[i].text) != 0);
        ck_assert(drawn < log(cases[i].p) - 0.1);
        grammar_free(&g);
    }
}
END_TEST

START_TEST(a_settled_grammar_is_told_from_an_unsettled_one_by_a_letter)
{
    static const Rule settled[] = {{"tale", 1, "[N=name] ran to [N:her|his] hut./[N=name] sat."},
                                   {"name", 2, "Ann"},
                                   {"name", 1, "Tom/Tim"},
                                   {0}};
    static const Rule unsettled[] = {{"tale", 1, "[N=name] ran to [N:her|his] hut./[N=name] sat."},
                                     {"name", 2, "Ann"},
                                     {"name", 1, "Tom/Anna"},
                                     {0}};
    Grammar g;
    Error err;
    ck_assert(grammar_make(&g, settled, &err));
    ck_assert(grammar_is_settled(&g, &err));
    grammar_free(&g);
    ck_assert(grammar_make(&g, unsettled, &err));
    ck_assert(!grammar_is_settled(&g, &err));
    ck_assert_str_eq(err.text,
                     "\"Ann\" and \"Anna\" of [name] can both begin with \"Ann\": change one");
    grammar_free(&g);
}
END_TEST

START_TEST(entropy_and_mean_length_of_a_small_grammar_are_those_found_by_hand)
{
    static const Rule rules[] = {{"tale", 1, "[N=name] is [N:she|he]."},
                                 {"tale", 1, "[N=name], [N]!"},
                                 {"name", 3, "Ann"},
                                 {"name", 1, "Timmy"},
                                 {0}};
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    double h = log(2) - 0.75 * log(0.75) - 0.25 * log(0.25);
    ck_assert(close_to(g.symbols[0].entropy, h, 1e-14));
    double name = 0.75 * 3 + 0.25 * 5, pronoun = 0.75 * 3 + 0.25 * 2;
    double length = 0.5 * (name + 4 + pronoun + 1) + 0.5 * (2 * name + 3);
    ck_assert(close_to(g.symbols[0].mean_length, length, 1e-14));
    ck_assert_int_eq(g.symbols[0].longest, 13);
    grammar_free(&g);
}
END_TEST

START_TEST(draws_come_as_often_as_their_weights_say)
{
    static const Rule rules[] = {{"tale", 2, "[N=name] sat./[N=name] ran to [N:her|his] hut."},
                                 {"tale", 5, "So [N=name] slept."},
                                 {"name", 3, "Ann"},
                                 {"name", 1, "Tim/Bob"},
                                 {0}};
    enum { N = 20000 };
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    Set all = derivations(rules, NULL);
    ck_assert_int_eq(all.count, 9);
    int seen[9] = {0};
    Rng rng = rng_stream(5, 0);
    for (int i = 0; i < N; i++) {
        char text[TALE_MAX + 1];
        double drawn = grammar_draw(&g, text, &rng);
        int k = 0;
        while (k < 9 && strcmp(text, all.at[k].text) != 0) k++;
        ENSURE(k < 9 && close_to(drawn, log(all.at[k].p), 1e-14), "%s: %g", text, drawn);
        seen[k]++;
    }
    for (int k = 0; k < 9; k++) {
        double p = all.at[k].p;
        ck_assert_msg(fabs((double)seen[k] / N - p) <= 4 * sqrt(p * (1 - p) / N), "%s: %d",
                      all.at[k].text, seen[k]);
    }
    free(all.at);
    grammar_free(&g);
}
END_TEST

START_TEST(symbols_may_stand_within_each_other_as_deep_as_there_are_any)
{
    static const Rule rules[] = {{"tale", 1, "[a]!"}, {"a", 1, "[b]/x"}, {"b", 1, "[Z=c][Z]"},
                                 {"c", 1, "[d]"},     {"d", 1, "y"},     {0}};
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    ck_assert(close_to(g.symbols[0].entropy, log(2), 1e-14));
    ck_assert(close_to(g.symbols[0].mean_length, 2.5, 1e-14));
    ck_assert_int_eq(g.symbols[0].longest, 3);
    ck_assert(grammar_is_settled(&g, &err));
    ck_assert(close_to(grammar_read(&g, "yy!", NULL, NULL), -log(2), 1e-14));
    grammar_free(&g);
}
END_TEST

/* Only what stands before the colon in [A:...] may be a letter. */
START_TEST(a_symbol_may_have_a_colon_or_an_equals_sign_in_its_name)
{
    static const Rule rules[] = {
        {"tale", 1, "[it:s] [a=b]"}, {"it:s", 1, "x"}, {"a=b", 1, "yy"}, {0}};
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    ck_assert(grammar_read(&g, "x yy", NULL, NULL) == 0);
    grammar_free(&g);
}
END_TEST

START_TEST(rules_from_the_fourth_on_are_of_one_kind)
{
    static const Rule rules[] = {
        {"tale", 1, "[pet]!"}, {"pet", 1, "a"},   {"pet", 2, "b"},  {"pet", 3, "c"},
        {"pet", 4, "d"},       {"pet", 5, "e/f"}, {"pet", 10, "g"}, {0}};
    const double share[] = {1, 2, 3, 4 + 10 + 10};
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    for (int k = 0; k <= GRAMMAR_KINDS; k++)
        ck_assert(close_to(g.symbols[1].kind_share[k], share[k] / 30, 1e-14));
    ck_assert_int_eq(g.symbols[1].count, 7);
    grammar_free(&g);
    ck_assert(!g.symbols && !g.bodies && !g.items && g.symbol_count == 0);
}
END_TEST

START_TEST(a_pick_is_as_long_as_its_longest_text_and_may_be_empty)
{
    static const Rule rules[] = {
        {"tale", 1, "[N=who] [N:is|] [N:|was||]"}, {"who", 1, "a"}, {"who", 1, "we"}, {0}};
    static const Rule three[] = {
        {"tale", 1, "[N=who] [N:|was|]"}, {"who", 1, "a"}, {"who", 2, "we"}, {"who", 1, "it"}, {0}};
    Grammar g;
    Error err;
    ck_assert(!grammar_make(&g, rules, &err));
    ck_assert_str_eq(err.text, "[N:|was||] offers more than 3 texts: take some away");
    grammar_free(&g);
    ck_assert_msg(grammar_make(&g, three, &err), "%s", err.text);
    ck_assert_int_eq(g.symbols[0].longest, 2 + 1 + 3);
    ck_assert(close_to(g.symbols[0].mean_length, 0.25 * 2 + 0.5 * 6 + 0.25 * 3, 1e-14));
    ck_assert(close_to(grammar_read(&g, "we was", NULL, NULL), log(0.5), 1e-14));
    ck_assert(close_to(grammar_read(&g, "it ", NULL, NULL), log(0.25), 1e-14));
    ck_assert(isinf(grammar_read(&g, "it was", NULL, NULL)));
    grammar_free(&g);
    static const Rule silent[] = {
        {"tale", 1, "[N=who][N:||]"}, {"who", 1, "a"}, {"who", 1, "we"}, {0}};
    ck_assert_msg(grammar_make(&g, silent, &err), "%s", err.text);
    ck_assert_int_eq(g.symbols[0].longest, 2);
    grammar_free(&g);
}
END_TEST

/* --- a grammar that is wrong is refused ------------------------------------------------------- */

/* Makes a grammar of two rules at most; its refusal must be this sentence. */
static void refuse(Rule first, Rule second, const char *sentence)
{
    Rule rules[] = {first, second, {0}};
    Grammar g;
    Error err;
    ck_assert(!grammar_make(&g, rules, &err));
    ck_assert_str_eq(err.text, sentence);
    grammar_free(&g);
}

START_TEST(a_malformed_grammar_is_refused_with_a_sentence)
{
    const Rule none = {0}, pet = {"pet", 1, "cat/dog"};
    refuse(none, none, "the grammar has no rules: add one");
    refuse((Rule){"tale", 1, "A [pit]."}, pet,
           "the grammar has no rule for [pit]: add one or correct the name");
    refuse((Rule){"tale", 0, "A [pet]."}, pet,
           "a rule of [tale] has weight 0: weights must be positive");
    refuse((Rule){"tale", 1, "A [pet."}, pet, "a bracket is not closed in \"A [pet.\": add ]");
    refuse((Rule){"tale", 1, "A cat."}, pet, "[pet] is used by no tale: use it or take it away");
    refuse((Rule){"tale", 1, "A [pet]."}, (Rule){"pet", 1, "cat/old [pet]"},
           "[pet] can contain itself: tales must end");
    refuse((Rule){"tale", 1, "A [A=pet], [B=tale]"}, pet,
           "[tale] can contain itself: tales must end");
    refuse((Rule){"tale", 1, "A [pet] and [C]."}, pet,
           "[C] is used where nothing is remembered: put [C=...] before it");
}
END_TEST

START_TEST(a_wrong_use_of_memory_is_refused_with_a_sentence)
{
    const Rule pet = {"pet", 1, "cat/dog"};
    refuse((Rule){"tale", 1, "A [pet]. [A] ran."}, pet,
           "[A] is used where nothing is remembered: put [A=...] before it");
    refuse((Rule){"tale", 1, "A [A]. [A=pet] ran."}, pet,
           "[A] is used where nothing is remembered: put [A=...] before it");
    refuse((Rule){"tale", 1, "A [A=pet]./The [A]."}, pet,
           "[A] is used where nothing is remembered: put [A=...] before it");
    refuse((Rule){"tale", 1, "[A=pet] [A=pet]"}, pet,
           "[A=...] can be drawn twice in a tale: take two letters");
    refuse((Rule){"tale", 1, "[A=pet] [A=cat]"}, pet,
           "the grammar has no rule for [cat]: add one or correct the name");
    refuse((Rule){"tale", 1, "[A=pet][A:s|t|u|v]"}, pet,
           "[A:s|t|u|v] offers more than 3 texts: take some away");
    Rule rules[] = {{"tale", 1, "[A=pet] [A:x|y]"}, pet, pet, pet, {0}};
    Grammar g;
    Error err;
    ck_assert(!grammar_make(&g, rules, &err));
    ck_assert_str_eq(err.text, "[A:x|...] has fewer texts than [pet] has rules: add one");
    grammar_free(&g);
    Rule four[] = {{"tale", 1, "[A=pet] [A:x|y|z]"}, pet, pet, pet, pet, {0}};
    ck_assert(!grammar_make(&g, four, &err));
    ck_assert_str_eq(err.text, "[A:x|...] has fewer texts than [pet] has rules: add one");
    grammar_free(&g);
    Rule perhaps[] = {{"tale", 1, "[who] and [A]"}, {"who", 1, "[A=pet]/nobody"}, pet, {0}};
    ck_assert(!grammar_make(&g, perhaps, &err));
    ck_assert_str_eq(err.text, "[A] is used where nothing is remembered: put [A=...] before it");
    grammar_free(&g);
    perhaps[0].bodies = "[who] and [A=pet]";
    ck_assert(!grammar_make(&g, perhaps, &err));
    ck_assert_str_eq(err.text, "[A=...] can be drawn twice in a tale: take two letters");
    grammar_free(&g);
    Rule two[] = {{"tale", 1, "[A=pet] [A=car]"}, pet, {"car", 1, "van"}, {0}};
    ck_assert(!grammar_make(&g, two, &err));
    ck_assert_str_eq(err.text, "[A=...] stands for both [pet] and [car]: take two letters");
    grammar_free(&g);
}
END_TEST

START_TEST(a_grammar_with_too_long_a_tale_is_refused)
{
    char long_name[80];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    refuse((Rule){"tale", 1, "[N=name] [N]"}, (Rule){"name", 1, long_name},
           "a tale can have 159 characters: at most 127 fit");
    Rule rules[] = {{"tale", 1, "[N=name] [N]"}, {"name", 1, long_name + 79 - 63}, {0}};
    Grammar g;
    Error err;
    ck_assert_msg(grammar_make(&g, rules, &err), "%s", err.text);
    ck_assert_int_eq(g.symbols[0].longest, TALE_MAX);
    grammar_free(&g);
    rules[0].bodies = "[N=name] [N]!";
    ck_assert(!grammar_make(&g, rules, &err));
    ck_assert_str_eq(err.text, "a tale can have 128 characters: at most 127 fit");
    grammar_free(&g);
}
END_TEST

static void make_and_free_a_grammar(void)
{
    static const Rule broken[] = {{"tale", 1, "[N=name] [N]"}, {0}};
    Grammar g;
    Error err;
    ck_assert(grammar_make(&g, TALES_RULES, &err));
    grammar_free(&g);
    ck_assert(!grammar_make(&g, broken, &err));
    grammar_free(&g);
}

START_TEST(a_grammar_good_or_bad_can_be_freed_to_the_last_byte)
{
    CHECK_LEAVES_NOTHING(make_and_free_a_grammar);
}
END_TEST

static const TTest *const tests[] = {
    a_listed_language_sums_to_one_and_holds_no_text_twice,
    two_derivations_of_a_text_are_detected,
    a_settled_grammar_is_told_from_an_unsettled_one_by_a_letter,
    draws_come_as_often_as_their_weights_say,
    entropy_and_mean_length_of_a_small_grammar_are_those_found_by_hand,
    symbols_may_stand_within_each_other_as_deep_as_there_are_any,
    a_symbol_may_have_a_colon_or_an_equals_sign_in_its_name,
    rules_from_the_fourth_on_are_of_one_kind,
    a_pick_is_as_long_as_its_longest_text_and_may_be_empty,
    a_malformed_grammar_is_refused_with_a_sentence,
    a_wrong_use_of_memory_is_refused_with_a_sentence,
    a_grammar_with_too_long_a_tale_is_refused,
    a_grammar_good_or_bad_can_be_freed_to_the_last_byte,
    NULL};

RUN_TESTS("tales_grammar", tests)
