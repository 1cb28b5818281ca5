/* report.c: see report.h. */
#include "report.h"

#include <math.h>

#include "curves.h"
#include "study.h"

static void print_row(const char *name, Score s)
{
    printf("  %-24s %9.4f    %9.4f", name, s.nats, s.nats / log(2));
    if (!isnan(s.far)) printf("   %16.4f   %16.4f", s.far, s.near);
    printf("\n");
}

void report_scores(const Yardstick *y, Score transformer)
{
    printf("\nheld-out text, %zu symbols   nats/symbol  bits/symbol%s\n", y->symbols,
           y->truth ? "   excess where something returns from" : "");
    if (y->truth) printf("%57s%d+ characters back    elsewhere\n", "", DISTANCE_FAR);
    print_row("uniform", (Score){y->uniform, NAN, NAN, 0});
    if (y->order > 0) {
        char name[40];
        snprintf(name, sizeof name, "best n-gram (order %d)", y->order);
        print_row(name, y->ngram);
    }
    print_row("transformer", transformer);
    if (y->truth) print_row("the truth (floor)", (Score){y->floor, 0, 0, 0});
}

void report_json(cJSON *j, const char *name, Score s)
{
    cJSON *item = cJSON_AddObjectToObject(j, name);
    cJSON_AddNumberToObject(item, "nats_per_symbol", s.nats);
    cJSON_AddNumberToObject(item, "bits_per_symbol", s.nats / log(2));
    if (isnan(s.far)) return;
    cJSON_AddNumberToObject(item, "excess_where_far", s.far);
    cJSON_AddNumberToObject(item, "excess_elsewhere", s.near);
}

/* ---- attention ---------------------------------------------------------------------------- */

typedef struct {
    const Sequences *sequence;
    const Vocabulary *vocabulary;
} Words;

/* Where each word begins, for the axes of the figure; without quotes, which a CSV would double.
 * Some scripts have no blanks: what is longer is cut. */
static bool write_words(FILE *out, void *arg)
{
    enum { LONGEST = 12 };
    const Words *w = arg;
    const int *ids = w->sequence->ids;
    int length = 0; /* of the word so far */
    fputs("row,word\n", out);
    for (int i = 1; i < batch_rows(&w->sequence->batch); i++) {
        const char *symbol = w->vocabulary->symbol[ids[i]];
        bool blank = symbol[0] == ' ' || symbol[0] == '\n';
        if (length > 0 && (blank || length == LONGEST)) fputs("\"\n", out), length = 0;
        if (blank) continue;
        if (length++ == 0) fprintf(out, "%d,\"", i);
        if (symbol[0] != '"') fputs(symbol, out);
    }
    return fputs(length > 0 ? "\"\n" : "", out) >= 0;
}

bool report_attention(Run *run, const Transformer *t, const Windows *w, const Vocabulary *v,
                      Error *err)
{
    Sequences *s = sequences_new(1, t->shape.context);
    windows_add(w, 0, s);
    int N = batch_rows(&s->batch), H = t->shape.heads;
    Activations *a = activations_new(&t->shape, N, true);
    transformer_forward(t, a, &s->batch, NULL);
    Curves *c = curves_new("layer,head,row,column,weight");
    for (int l = 0; l < t->shape.layers; l++)
        for (int h = 0; h < H; h++)
            for (int i = 0; i < N; i++)
                for (int j = 0; j <= i; j++) {
                    double weight = (double)mat_row(a->block[l].att, h * a->rows + i)[j];
                    if (weight >= 0.01) curves_add(c, l + 1, h + 1, i, j, weight);
                }
    Words words = {s, v};
    bool good = curves_save(c, run, "attention.csv", err) &&
                file_replace(run_path(run, "attention_words.csv"), write_words, &words, err);
    curves_free(c);
    activations_free(a);
    sequences_free(s);
    return good;
}

/* ---- ids ---------------------------------------------------------------------------------- */

static bool write_ids(FILE *out, void *arg)
{
    const Windows *w = arg;
    Sequences *s = sequences_new(1, w->context);
    for (int i = 0; i < w->windows; i++) {
        sequences_clear(s);
        windows_add(w, i, s);
        fprintf(out, "%s[%d", i ? ",\n " : "[", s->ids[0]);
        for (int n = 0; n < s->start[1]; n++) fprintf(out, ", %d", s->targets[n]);
        fputs("]", out);
    }
    sequences_free(s);
    return fputs("]\n", out) >= 0;
}

bool report_ids(const char *path, const Windows *w, Error *err)
{
    return file_replace(path, write_ids, (void *)w, err);
}
