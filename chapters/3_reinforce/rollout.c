/* rollout.c: see rollout.h. */
#include "rollout.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "kl.h"
#include "numeric.h"

/* Bytes of the longest symbol. */
static size_t widest_symbol(const Vocabulary *v)
{
    size_t most = 1;
    for (int i = 0; i < v->size; i++)
        if (strlen(v->symbol[i]) > most) most = strlen(v->symbol[i]);
    return most;
}

Rollout *rollout_new(const TransformerShape *s, const Vocabulary *v, int texts, int longest)
{
    REQUIRE(longest >= 1 && longest <= s->context, "texts of %d symbols in a context of %d",
            longest, s->context);
    REQUIRE(v->end >= 0, "texts without an end symbol have no end to be rewarded at");
    Rollout *r = NEW(Rollout, 1);
    int rows = texts * longest;
    r->rows = sequences_new(texts, rows);
    r->vocabulary = v;
    r->capacity = texts;
    r->longest = longest;
    r->shape = *s;
    r->logprob_old = NEW(real, rows);
    r->logprob_ref = NEW(real, rows);
    r->logprob = NEW(real, rows);
    r->kl = NEW(real, rows);
    r->rewards = NEW(real, rows);
    r->values = NEW(real, rows);
    r->advantages = NEW(real, rows);
    r->weights = NEW(real, rows);
    r->reward = NEW(double, texts);
    r->ended = NEW(bool, texts);
    r->text = NEW(char *, texts);
    size_t widest = (size_t)longest * widest_symbol(v) + 1, bytes = (size_t)texts * widest;
    r->letters = NEW(char, bytes);
    for (int i = 0; i < texts; i++) r->text[i] = r->letters + (size_t)i * widest;
    r->read = NEW(int, longest + 1);
    r->read[0] = v->end;
    r->sorted = NEW(char *, texts);
    arena_matrix(&r->arena, rows, s->vocabulary); /* counts */
    arena_reserve(&r->arena);
    r->log_ref = arena_matrix(&r->arena, rows, s->vocabulary);
    return r;
}

void rollout_free(Rollout *r)
{
    if (!r) return;
    sequences_free(r->rows);
    samples_free(r->samples);
    free(r->logprob_old);
    free(r->logprob_ref);
    free(r->logprob);
    free(r->kl);
    free(r->rewards);
    free(r->values);
    free(r->advantages);
    free(r->weights);
    free(r->reward);
    free(r->ended);
    free(r->text);
    free(r->letters);
    free(r->read);
    free(r->sorted);
    arena_free(&r->arena);
    free(r);
}

/* ---- where what stands -------------------------------------------------------------------- */

int rollout_texts(const Rollout *r)
{
    return r->rows->batch.sequences;
}

int rollout_rows(const Rollout *r)
{
    return batch_rows(&r->rows->batch);
}

/* Its first row, and the next text's. */
static const int *rows_of(const Rollout *r, int text)
{
    REQUIRE(0 <= text && text < rollout_texts(r), "text %d of %d", text, rollout_texts(r));
    return r->rows->start + text;
}

int rollout_first(const Rollout *r, int text)
{
    return rows_of(r, text)[0];
}

int rollout_last(const Rollout *r, int text)
{
    return rows_of(r, text)[1] - 1;
}

int rollout_length(const Rollout *r, int text)
{
    const int *rows = rows_of(r, text);
    return rows[1] - rows[0];
}

/* ---- texts -------------------------------------------------------------------------------- */

void rollout_clear(Rollout *r)
{
    sequences_clear(r->rows);
}

static void spell(char *text, const Vocabulary *v, const int *symbols, int count)
{
    for (int i = 0; i < count; i++) {
        strcpy(text, v->symbol[symbols[i]]);
        text += strlen(text);
    }
    *text = '\0';
}

/* The numbers per row, to be visited one array after the other. */
enum { ROW_ARRAYS = 8 };
static void row_arrays(const Rollout *r, real *array[ROW_ARRAYS])
{
    array[0] = r->logprob_old;
    array[1] = r->logprob_ref;
    array[2] = r->logprob;
    array[3] = r->rewards;
    array[4] = r->values;
    array[5] = r->advantages;
    array[6] = r->weights;
    array[7] = r->kl;
}

void rollout_add(Rollout *r, const int *symbols, int count)
{
    int i = rollout_texts(r), end = r->vocabulary->end;
    REQUIRE(i < r->capacity && count >= 1 && count <= r->longest,
            "text %d of %d, %d symbols of at most %d", i, r->capacity, count, r->longest);
    memcpy(r->read + 1, symbols, sizeof(int) * (size_t)count);
    sequences_add(r->rows, r->read, count + 1);

    real *array[ROW_ARRAYS];
    row_arrays(r, array);
    for (int a = 0; a < ROW_ARRAYS; a++)
        memset(array[a] + rollout_first(r, i), 0, sizeof(real) * (size_t)count);
    r->reward[i] = 0;
    r->ended[i] = symbols[count - 1] == end;
    spell(r->text[i], r->vocabulary, symbols, r->ended[i] ? count - 1 : count);
}

void rollout_copy(Rollout *to, const Rollout *from, int text)
{
    int first = rollout_first(from, text), count = rollout_length(from, text);
    int i = rollout_texts(to);
    rollout_add(to, from->rows->targets + first, count);
    real *array[ROW_ARRAYS], *source[ROW_ARRAYS];
    row_arrays(to, array);
    row_arrays(from, source);
    for (int a = 0; a < ROW_ARRAYS; a++)
        memcpy(array[a] + rollout_first(to, i), source[a] + first, sizeof(real) * (size_t)count);
    mat_copy(mat_rows(to->log_ref, rollout_first(to, i), count),
             mat_rows(from->log_ref, first, count));
    to->reward[i] = from->reward[text];
}

void rollout_share(Rollout *to, const Rollout *from, const int *order, int m, int M)
{
    long texts = rollout_texts(from);
    rollout_clear(to);
    for (long i = texts * m / M; i < texts * (m + 1) / M; i++)
        rollout_copy(to, from, order ? order[i] : (int)i);
}

void rollout_draw(Rollout *r, const Transformer *policy, uint64_t seed)
{
    int end = r->vocabulary->end;
    SampleOptions o = {.temperature = 1, .end = end, .length = r->longest};
    if (!r->samples) r->samples = samples_new(&r->shape, r->capacity, r->longest);
    const Samples *s = r->samples;
    generate(r->samples, policy, &end, 1, &o, seed);
    rollout_clear(r);
    for (int i = 0; i < r->capacity; i++) {
        rollout_add(r, s->ids + i * s->longest, s->lengths[i]);
        memcpy(r->logprob_old + rollout_first(r, i), s->logprob + i * s->longest,
               sizeof(real) * (size_t)s->lengths[i]);
    }
}

/* ---- numbers ------------------------------------------------------------------------------ */

bool rollout_next(const Rollout *r, const Activations *a, Slice *s)
{
    if (!batch_next(&r->rows->batch, a->capacity, &s->batch)) return false;
    s->text += s->texts, s->texts = s->batch.sequences;
    s->row += s->rows, s->rows = batch_rows(&s->batch);
    return true;
}

int rollout_slice_rows(int rows, int longest, int threads)
{
    int few = threads > 1 ? 2 * threads * longest : longest;
    if (few < 128) few = 128;
    return few < rows ? few : rows;
}

void rollout_score_slice(const Rollout *r, const Slice *s, const Transformer *model, Activations *a,
                         real *logprob)
{
    Matrix logits = transformer_forward(model, a, &s->batch, NULL);
    softmax_forward(a->probs, logprob + s->row, logits, r->rows->targets + s->row);
}

void rollout_score(const Rollout *r, const Transformer *model, Activations *a, real *logprob)
{
    for (Slice s = {0}; rollout_next(r, a, &s);) rollout_score_slice(r, &s, model, a, logprob);
}

void rollout_compare(Rollout *r, const Transformer *reference, Activations *a)
{
    for (Slice s = {0}; rollout_next(r, a, &s);) {
        rollout_score_slice(r, &s, reference, a, r->logprob_ref);
        log_probabilities(mat_rows(r->log_ref, s.row, s.rows), a->probs);
    }
}

void rollout_kl(Rollout *r, const Transformer *policy, Activations *a)
{
    for (Slice s = {0}; rollout_next(r, a, &s);) {
        rollout_score_slice(r, &s, policy, a, r->logprob);
        kl_rows(r->kl + s.row, a->probs, mat_rows(r->log_ref, s.row, s.rows));
    }
}

void rollout_kl_sampled(Rollout *r)
{
    for (int n = 0; n < rollout_rows(r); n++) r->kl[n] = r->logprob_old[n] - r->logprob_ref[n];
}

/* r_t = [t is last] R - beta KL_t */
void rollout_rewards(Rollout *r, double beta)
{
    for (int n = 0; n < rollout_rows(r); n++) r->rewards[n] = (real)-beta * r->kl[n];
    for (int i = 0; i < rollout_texts(r); i++) r->rewards[rollout_last(r, i)] += (real)r->reward[i];
}

double rollout_return(const Rollout *r, int text)
{
    double total = 0;
    for (int n = rollout_first(r, text); n <= rollout_last(r, text); n++) total += r->rewards[n];
    return total;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int count_distinct(const Rollout *r)
{
    int N = rollout_texts(r), distinct = 1;
    char **sorted = r->sorted;
    memcpy(sorted, r->text, sizeof(char *) * (size_t)N);
    qsort(sorted, (size_t)N, sizeof(char *), compare_texts);
    for (int i = 1; i < N; i++) distinct += strcmp(sorted[i], sorted[i - 1]) != 0;
    return distinct;
}

RolloutStats rollout_stats(const Rollout *r, double beta)
{
    RolloutStats s = {0};
    int N = rollout_texts(r);
    REQUIRE(N > 0, "a rollout without texts");
    for (int n = 0; n < rollout_rows(r); n++) s.kl += r->logprob_old[n] - r->logprob_ref[n];
    for (int i = 0; i < N; i++) {
        s.reward += r->reward[i];
        s.ended += r->ended[i];
    }
    s.reward /= N;
    s.ended /= N;
    s.kl /= N;
    s.objective = s.reward - beta * s.kl;
    s.length = (double)rollout_rows(r) / N;
    s.distinct = (double)count_distinct(r) / N;
    return s;
}
