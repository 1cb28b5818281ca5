/* test_leaks.c: whoever makes something and frees it leaves no memory behind, and no open file. */
#include "actor_critic.h"
#include "adam.h"
#include "arpa.h"
#include "checkpoint_header.h"
#include "curves.h"
#include "leaks.h"
#include "mle.h"
#include "model.h"
#include "ppo.h"
#include "program.h"
#include "reinforce.h"
#include "settings.h"
#include "tales.h"
#include "toy.h"
#include "utf8.h"
#include "values.h"
#include "yardstick.h"

/* ---- what the tests share -------------------------------------------------------------------- */

static Error err;

static Text few_tales(void)
{
    Text text;
    TextOptions options = {.documents = TEXT_LINES, .level = TEXT_CHARS, .held_out = 0.2};
    size_t size;
    char *tales = tales_corpus(1, 20, &size);
    ck_assert(text_from_string(&text, tales, size, "the tales", &options, &err));
    free(tales);
    return text;
}

static TransformerShape shape_for(int vocabulary)
{
    return (TransformerShape){2, 2, 8, 16, vocabulary};
}

/* ---- lib ------------------------------------------------------------------------------------- */

static void adam(void)
{
    Adam a = adam_new(1000, (AdamOptions){0.9, 0.99, 1e-8, 0});
    adam_free(&a);
}

static void arena(void)
{
    Arena a = {0};
    arena_matrix(&a, 10, 20);
    arena_reserve(&a);
    arena_free(&a);
}

static void curves(void)
{
    Curves *c = curves_new("seed,step,loss");
    for (int i = 0; i < 100; i++) curves_add(c, 1, i, 0.5);
    curves_free(c);
}

static void text(void)
{
    Text t = few_tales();
    text_free(&t);
}

static void corpus(void)
{
    static const TextOptions options = {.documents = TEXT_LINES, .level = TEXT_WORDS};
    static char *symbols[] = {(char *)"\n", (char *)"a", (char *)"hen"};
    Vocabulary v;
    Corpus c;
    vocabulary_make(&v, symbols, 3, 0);
    ck_assert(corpus_from_string(&c, "a hen\nhen\n", 10, "a text", &v, &options, false, &err));
    corpus_free(&c);
    ck_assert(!corpus_from_string(&c, "a fox\nhen\n", 10, "a text", &v, &options, false, &err));
    vocabulary_free(&v);
}

static void settings(void)
{
    static const char *name, *other = "a text";
    static char program[] = "program", flag[] = "--config", file[256];
    Setting table[] = {{"name", SETTING_STRING, &name, .help = "of a thing"},
                       {"other", SETTING_STRING, &other, .help = "of another"},
                       {0}};
    char *argv[] = {program, flag, file, NULL};
    snprintf(file, sizeof file, "%s", in_place("config.json"));
    bool quick;
    ck_assert_msg(settings_read(table, 3, argv, &quick, &err) == SETTINGS_GO, "%s", err.text);
    ck_assert_str_eq(name, "longer than a few bytes, so that it weighs something");
    cJSON_Delete(settings_json(table));
    settings_free(table);
}

static void header(void)
{
    Header h;
    FILE *in = fopen(in_place("model.safetensors"), "rb");
    ck_assert_msg(in && header_read(&h, in, "the model", &err), "%s", err.text);
    header_free(&h);
    fclose(in);
}

static void tensors(void)
{
    cJSON *metadata;
    ck_assert(checkpoint_load(in_place("model.safetensors"), NULL, 0, &metadata, &err));
    cJSON_Delete(metadata);
}

static void save_model(void)
{
    Text t = few_tales();
    TransformerShape shape = shape_for(t.vocabulary.size);
    Transformer *model = transformer_new(&shape, 1);
    ck_assert_msg(model_save(in_place(""), model, &t.vocabulary, TEXT_LINES, &err), "%s", err.text);
    transformer_free(model);
    text_free(&t);
}

START_TEST(what_lib_makes_can_be_freed_to_the_last_byte)
{
    CHECK_LEAVES_NOTHING(adam);
    CHECK_LEAVES_NOTHING(arena);
    CHECK_LEAVES_NOTHING(curves);
    CHECK_LEAVES_NOTHING(text);
    CHECK_LEAVES_NOTHING(corpus);
    save_model();
    CHECK_LEAVES_NOTHING(header);
    CHECK_LEAVES_NOTHING(tensors);
    shell(
        "echo '{\"name\": \"longer than a few bytes, so that it weighs something\"}' >config.json");
    CHECK_LEAVES_NOTHING(settings);
}
END_TEST

static int open_files(void)
{
    int count = 0;
    for (int file = 0; file < 1024; file++) count += fcntl(file, F_GETFD) >= 0;
    return count;
}

/* A directory can be opened, and not read. */
START_TEST(a_text_that_is_refused_is_closed)
{
    char *bytes, directory[64];
    size_t size;
    snprintf(directory, sizeof directory, "%s", in_place(""));
    int before = open_files();
    for (int i = 0; i < 20; i++) ck_assert(!utf8_load(directory, &bytes, &size, &err));
    ck_assert_int_eq(open_files(), before);
}
END_TEST

/* ---- chapter 1 ------------------------------------------------------------------------------- */

static void ngram(void)
{
    Text t = few_tales();
    for (int s = 0; s < 3; s++) {
        NgramOptions options = {.order = 3, .smoothing = (Smoothing)s, .k = 0.1};
        Ngram *m = ngram_train(&t.train, &t.vocabulary, &options);
        ngram_free(m);
    }
    text_free(&t);
}

static void arpa_write(void)
{
    Text t = few_tales();
    NgramOptions options = {.order = 2, .smoothing = SMOOTHING_KNESER_NEY};
    Ngram *m = ngram_train(&t.train, &t.vocabulary, &options);
    ck_assert(arpa_save(in_place("arpa"), m, &t.vocabulary, &err));
    ngram_free(m);
    text_free(&t);
}

static void arpa_read(void)
{
    Vocabulary v;
    Ngram *m = arpa_load(in_place("arpa"), TEXT_LINES, &v, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ngram_free(m);
    vocabulary_free(&v);
}

START_TEST(what_counts_can_be_freed_to_the_last_byte)
{
    CHECK_LEAVES_NOTHING(ngram);
    CHECK_LEAVES_NOTHING(arpa_write);
    CHECK_LEAVES_NOTHING(arpa_read);
}
END_TEST

/* ---- chapter 2 ------------------------------------------------------------------------------- */

static void transformer(void)
{
    TransformerShape shape = shape_for(10);
    transformer_free(transformer_new(&shape, 1));
    transformer_free(NULL);
}

static void activations(void)
{
    TransformerShape shape = shape_for(10);
    Transformer *t = transformer_new(&shape, 1);
    for (int backward = 0; backward < 2; backward++) {
        Activations *a = activations_new(&shape, 20, backward);
        activations_pack(a, t);
        activations_free(a);
    }
    activations_free(NULL);
    transformer_free(t);
}

static void cache(void)
{
    TransformerShape shape = shape_for(10);
    cache_free(cache_new(&shape, 3));
    cache_free(NULL);
}

static void samples(void)
{
    TransformerShape shape = shape_for(10);
    Transformer *t = transformer_new(&shape, 1);
    Samples *s = samples_new(&shape, 3, 20); /* longer than the context */
    generate(s, t, (int[]){0}, 1, &(SampleOptions){1, 3, -1, 20, NULL}, 1);
    samples_free(s);
    transformer_free(t);
}

static void sequences(void)
{
    sequences_free(sequences_new(3, 20));
}

static void mle(void)
{
    Text t = few_tales();
    TransformerShape shape = shape_for(t.vocabulary.size);
    Transformer *model = transformer_new(&shape, 1);
    Windows *w = windows_new(&t.train, t.vocabulary.end, shape.context);
    Mle *m =
        mle_new(model, &(MleOptions){.batch = 2, .shards = 2, .steps = 1, .lr = 1e-3, .clip = 1});
    mle_step(m, w);
    mle_evaluate(m, w, 1, NULL);
    mle_free(m);
    windows_free(w);
    transformer_free(model);
    text_free(&t);
}

static void yardstick(void)
{
    Text t = few_tales();
    for (int tales = 0; tales < 2; tales++) yardstick_free(yardstick_new(&t, tales, 1, 2));
    text_free(&t);
}

static void model_read(void)
{
    Transformer *t;
    Vocabulary v;
    Documents documents;
    ck_assert_msg(model_load(in_place(""), &t, &v, &documents, &err), "%s", err.text);
    transformer_free(t);
    vocabulary_free(&v);
}

START_TEST(what_trains_a_transformer_can_be_freed_to_the_last_byte)
{
    CHECK_LEAVES_NOTHING(transformer);
    CHECK_LEAVES_NOTHING(activations);
    CHECK_LEAVES_NOTHING(cache);
    CHECK_LEAVES_NOTHING(samples);
    CHECK_LEAVES_NOTHING(sequences);
    CHECK_LEAVES_NOTHING(mle);
    CHECK_LEAVES_NOTHING(yardstick);
    save_model();
    CHECK_LEAVES_NOTHING(model_read);
}
END_TEST

/* ---- chapters 3 to 5 ------------------------------------------------------------------------- */

enum { TEXTS = 3, LONGEST = 4 };

static Toy *toy(void)
{
    return toy_new("contains:ab + 0.3*count:c", 0.25, TEXTS, TOY_SEED);
}

/* Texts of the toy's policy, with their rewards. */
static Rollout *toy_rollout(Toy *t)
{
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, TEXTS, LONGEST);
    rollout_draw(r, t->policy, 1);
    ck_assert(reward_score(&t->reward, r, &err));
    rollout_compare(r, t->reference, t->oracle->activations);
    return r;
}

static void toy_alone(void)
{
    toy_free(toy());
}

static void reward(void)
{
    Reward r;
    ck_assert(reward_parse(&r, "contains:hen - 0.1*relevance:fox,hen,owl + length", &err));
    reward_free(&r);
    ck_assert(!reward_parse(&r, "contains:hen + nonsense:fox", &err));
}

static void rollout(void)
{
    Toy *t = toy();
    rollout_free(toy_rollout(t));
    toy_free(t);
}

static void total(Rollout *batch, void *arg)
{
    (void)arg;
    weights_total(batch);
}

static void oracle(void)
{
    Toy *t = toy();
    oracle_scores(t->oracle, t->policy);
    oracle_estimate(t->oracle, total, NULL, TEXTS, 2, 1, NULL);
    toy_free(t);
}

static void reinforce(void)
{
    Toy *t = toy();
    Rollout *r = toy_rollout(t);
    Reinforce *f = reinforce_new(
        t->policy, &(ReinforceOptions){.beta = 0.1, .lr = 1e-3, .beta2 = 0.99, .clip = 1},
        TEXTS * LONGEST);
    reinforce_update(f, r);
    reinforce_free(f);
    rollout_free(r);
    toy_free(t);
}

static const CriticOptions critic_options = {.lr = 1e-3, .beta2 = 0.99, .clip = 1};

static void critic(void)
{
    Toy *t = toy();
    critic_free(critic_new(t->policy, &critic_options, TEXTS * LONGEST));
    toy_free(t);
}

static void actor_critic(void)
{
    Toy *t = toy();
    Rollout *r = toy_rollout(t);
    ActorCriticOptions options = {.lr = 1e-3,
                                  .advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.9},
                                  .beta2 = 0.99,
                                  .clip = 1,
                                  .critic = critic_options,
                                  .critic_epochs = 1,
                                  .minibatches = 2};
    ActorCritic *f = actor_critic_new(t->policy, &options, &t->vocabulary, TEXTS, LONGEST);
    actor_critic_update(f, r);
    actor_critic_free(f);
    rollout_free(r);
    toy_free(t);
}

static void values(void)
{
    Toy *t = toy();
    Rollout *r = rollout_new(&t->shape, &t->vocabulary, 2, LONGEST);
    Values v = {0};
    rollout_add(r, (int[]){1, 2, 0}, 3);
    rollout_add(r, (int[]){0}, 1);
    r->reward[0] = 1;
    values_keep(&v, r, 0.5);
    values_keep(&v, r, 0.6);
    ck_assert_ptr_nonnull(v.table);
    values_free(&v);
    rollout_free(r);
    toy_free(t);
}

static void ppo(void)
{
    Toy *t = toy();
    Rollout *r = toy_rollout(t);
    PpoOptions options = {.advantage = {ADVANTAGE_GAE, .gamma = 1, .lambda = 0.9},
                          .epsilon = 0.2,
                          .epochs = 2,
                          .minibatches = 2,
                          .stop_kl = INFINITY,
                          .lr = 1e-3,
                          .beta2 = 0.99,
                          .clip = 1,
                          .critic = critic_options};
    Ppo *f = ppo_new(t->policy, &options, &t->vocabulary, TEXTS, LONGEST);
    ppo_update(f, r, 1);
    ppo_free(f);
    rollout_free(r);
    toy_free(t);
}

START_TEST(what_learns_from_rewards_can_be_freed_to_the_last_byte)
{
    CHECK_LEAVES_NOTHING(toy_alone);
    CHECK_LEAVES_NOTHING(reward);
    CHECK_LEAVES_NOTHING(rollout);
    CHECK_LEAVES_NOTHING(oracle);
    CHECK_LEAVES_NOTHING(reinforce);
    CHECK_LEAVES_NOTHING(critic);
    CHECK_LEAVES_NOTHING(actor_critic);
    CHECK_LEAVES_NOTHING(values);
    CHECK_LEAVES_NOTHING(ppo);
}
END_TEST

static const TTest *const tests[] = {what_lib_makes_can_be_freed_to_the_last_byte,
                                     a_text_that_is_refused_is_closed,
                                     what_counts_can_be_freed_to_the_last_byte,
                                     what_trains_a_transformer_can_be_freed_to_the_last_byte,
                                     what_learns_from_rewards_can_be_freed_to_the_last_byte,
                                     NULL};

RUN_TESTS("leaks", tests)
