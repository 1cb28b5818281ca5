/* grade_chapter5.c: tests of the exercises on PPO, and of bugs in it. */
#include <math.h>

#include "extensions.h"
#include "ppo.h"
#include "rollouts.h"

/* ---- 5.1 the clip ---------------------------------------------------------------------------- */

/* Rows with these ratios and advantages, two texts of 4 symbols each. */
static Rollout *with_ratios(const double *ratio, const double *A)
{
    Rollout *r = texts_new((int[]){4, 4, 0});
    for (int n = 0; n < 8; n++) {
        r->logprob_old[n] = (real)(-1 - 0.25 * n);
        r->logprob[n] = (real)((double)r->logprob_old[n] + log(ratio[n]));
        r->advantages[n] = 10; /* the critic's */
    }
    set(r->weights, A, 8);
    return r;
}

/* The clip of a whole rollout. */
static ClipStats clip(Rollout *r, double epsilon)
{
    ClipStats s = {0};
    weights_clip(r, &(Slice){0, rollout_texts(r), 0, rollout_rows(r), r->rows->batch}, epsilon, &s);
    return s;
}

static const double ratios[] = {0.5, 1, 1.1, 1.5, 0.5, 1, 0.85, 1.5};
static const double advantages[] = {2, 2, 2, 2, -2, -2, -2, -2};
#define RATIOS                                                                                    \
    "two texts of four symbols: ratios 0.5, 1, 1.1, 1.5 with A = 2 and 0.5, 1, 0.85, 1.5 with A " \
    "= "                                                                                          \
    "-2, epsilon = 0.2"

static void the_four_regions(void)
{
    Rollout *r = with_ratios(ratios, advantages);
    clip(r, 0.2);
    expect_numbers(
        "weights", RATIOS, numbers(r->weights, 8), (double[]){1, 2, 2.2, 0, 0, -2, -1.7, -3}, 8,
        (Known[]){
            {{0, 2, 2.2, 0, 0, -2, -1.7, 0},
             "everything outside of the interval is silent. The minimum takes the clipped term "
             "only "
             "where it is the smaller: a good symbol that has become rare, and a bad one that has "
             "become frequent, must come back"},
            {{0, 2, 2.2, 3, -1, -2, -1.7, 0},
             "max where min belongs (or the comparison the wrong way "
             "round): it is silent where it should speak"},
            {{2, 2, 2, 0, 0, -2, -2, -2},
             "the ratio is missing: w = r A, since grad r = r grad log pi"},
            {{1, 2, 2.2, 3, -1, -2, -1.7, -3}, "nothing is clipped"},
            {{1, 2, 2.2, 2.4, -1.6, -2, -1.7, -3},
             "this is the smaller product itself. Where that is the clipped one it is a constant, "
             "which has no gradient: the weight is 0"},
            {{1, 0, 0, 0, 0, 0, 0, -3},
             "inside the interval the two products are the same, and the clip doesn't bind: it "
             "does where the clipped one is smaller, < and not <="},
            {{1, 2, 2.2, 0, -1, -2, -1.7, -3},
             "for A < 0 the clip binds, too: below 1-eps a bad symbol is low enough"},
            {{-1, -2, -2.2, 0, 0, 2, 1.7, 3},
             "the sign: a positive weight raises the symbol that was drawn. Of the loss -L^CLIP "
             "the minus is in softmax_gradient()"},
            {{0.5, 1, 1.1, 0, 0, -1, -0.85, -1.5},
             "divided by the texts once more: the 1/N is in the weights by now"},
            {{2, 2, 2, 2, -2, -2, -2, -2}, "r->weights is as it was: A stood there, w is to"},
            {{5, 10, 11, 0, 5, 10, 8.5, 0},
             "A is read from r->advantages: they belong to the critic. What the policy is to be "
             "weighed with stands in r->weights, perhaps whitened: w = A before, w = r A after"},
            {{1.6, 2, 2.2, 2.4, -1.6, -2, -1.7, -2.4},
             "the clipped ratio is a constant there and has no gradient: the weight is 0"},
            {{4, 2, 2 / 1.1, 0, 0, -2, -2 / 0.85, -2 / 1.5},
             "the ratio is upside down: pi over pi_old"},
            {{0, 2, 2 / 1.1, 2 / 1.5, -4, -2, -2 / 0.85, 0},
             "the ratio is upside down: pi over pi_old"},
            {.likely = NULL}},
        "w = r A, and 0 where clip(r, 1-eps, 1+eps) A is smaller than r A");
}

static void at_ratio_one_it_is_the_advantage(void)
{
    static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1}, A[] = {1, -2, 3, -4, 5, -6, 7, -8};
    Rollout *r = with_ratios(ones, A);
    ClipStats s = clip(r, 0.2);
    expect_numbers("weights", "ratio 1 everywhere, as before the first step",
                   numbers(r->weights, 8), A, 8, NO_KNOWN,
                   "at ratio 1 both products are A, which is the weight: chapter 4's gradient");
    expect("approx_kl", "ratio 1 everywhere", s.approx_kl, 0, NO_KNOWN,
           "the policy is the one that wrote the texts");
    expect("clip_fraction", "ratio 1 everywhere", s.clip_fraction, 0, NO_KNOWN,
           "nothing is outside");
}

static void what_the_clip_says_of_itself(void)
{
    ClipStats s = clip(with_ratios(ratios, advantages), 0.2);
    double k3 = 0, k1 = 0;
    for (int n = 0; n < 8; n++)
        k3 += (ratios[n] - 1 - log(ratios[n])) / 8, k1 -= log(ratios[n]) / 8;
    /* min: 1 2 2.2 2.4 -1.6 -2 -1.7 -3 */
    expect(
        "loss", RATIOS, s.loss, 0.7,
        (Known[]){{{-0.7}, "L^CLIP is maximised: the loss is -L^CLIP"},
                  {{0.35}, "it is a sum: the 1/N is in the weights by now"},
                  {{0.0875}, "it is a sum, not a mean over the symbols"},
                  {{-(1 + 2 + 2.2 - 2 - 1.7 - 3)},
                   "where the clip binds, the clipped term belongs to the loss, though it has no "
                   "gradient"},
                  {.likely = NULL}},
        "-sum of min(r A, clip(r) A)");
    expect("approx_kl", RATIOS, s.approx_kl, k3,
           (Known[]){{{k1},
                      "this is k1, the mean of -log r: right on average, but its terms have both "
                      "signs. Asked for is k3, r - 1 - log r"},
                     {{-k1}, "this is the mean of log r"},
                     {{8 * k3}, "a mean over the symbols, not their sum"},
                     {{4 * k3}, "a mean over the symbols, not over the texts"},
                     {.likely = NULL}},
           "the mean over the symbols of r - 1 - log r");
    expect("clip_fraction", RATIOS, s.clip_fraction, 0.5,
           (Known[]){{{0.25},
                      "the share of symbols outside of the interval, whether the clip binds "
                      "there or not"},
                     {{4}, "a share: divide by the number of symbols"},
                     {.likely = NULL}},
           "four of the eight ratios are outside of 0.8 .. 1.2");
    expect("largest_ratio", RATIOS, s.largest_ratio, 1.5, NO_KNOWN, "the largest of all ratios");
}

static void without_a_clip_nothing_binds(void)
{
    static const double far[] = {0.01, 1, 1.1, 20, 0.01, 1, 0.9, 20};
    Rollout *r = with_ratios(far, advantages);
    clip(r, INFINITY);
    double expected[8];
    for (int n = 0; n < 8; n++) expected[n] = far[n] * advantages[n];
    expect_numbers("weights", "ratios up to 20, epsilon = infinity", numbers(r->weights, 8),
                   expected, 8, NO_KNOWN,
                   "w = r A everywhere. epsilon may be infinite: 1 - infinity and 1 + infinity are "
                   "fine, and nothing is outside of them");
}

/* The second text first, so that what belongs to the other shows; its largest ratio stands neither
 * first nor last, nor in the slice that is called last. 0.81 and 1.21 are on one side of 1 -+ eps,
 * and on the other of e^-+eps. */
#define SLICES                                                                                     \
    "two texts of four symbols: ratios 0.81, 1, 1.21, 1.5 with A = 2 and 0.5, 3, 0.85, 1.21 with " \
    "A = -2, epsilon = 0.2"
static void a_slice_at_a_time(void)
{
    static const double far[] = {0.81, 1, 1.21, 1.5, 0.5, 3, 0.85, 1.21};
    static const double w[] = {1.62, 2, 0, 0, 0, -6, -1.7, -2.42};
    Rollout *r = with_ratios(far, advantages);
    const double *now = numbers(r->logprob, 8), *old = numbers(r->logprob_old, 8);
    double loss = -(1.62 + 2 + 2.4 + 2.4 - 1.6 - 6 - 1.7 - 2.42), first = -(1.62 + 2 + 2.4 + 2.4);
    double k3 = 0, k3_first = 0;
    for (int n = 0; n < 8; n++) {
        double k = (far[n] - 1 - log(far[n])) / 8;
        k3 += k, k3_first += n < 4 ? k : 0;
    }
    ClipStats s = {0};
    const Batch *b = &r->rows->batch;
    weights_clip(r, &(Slice){1, 1, 4, 4, batch_slice(b, 1, 1)}, 0.2, &s);
    expect_numbers("weights of rows 0 .. 3", "rows 4 .. 7 of " SLICES, numbers(r->weights, 4),
                   advantages, 4, NO_KNOWN,
                   "only the rows of the slice are weighed: some->row and the some->rows - 1 "
                   "behind it");
    weights_clip(r, &(Slice){0, 1, 0, 4, batch_slice(b, 0, 1)}, 0.2, &s);
    expect_numbers(
        "weights", "rows 4 .. 7, then 0 .. 3, of " SLICES, numbers(r->weights, 8), w, 8,
        (Known[]){{{1.62, 2, 2.42, 0, 0, -6, -1.7, -2.42},
                   "the interval is 1-eps .. 1+eps of the ratio itself, not of its logarithm"},
                  {.likely = NULL}},
        "0 where the ratio is beyond 1 -+ eps on the side to which A pushes, else A times it. Row "
        "n of a slice is row some->row + n of the rollout, in logprob, logprob_old and weights; "
        "the rows of other slices stay as they are");
    expect_numbers("logprob_old", SLICES, numbers(r->logprob_old, 8), old, 8, NO_KNOWN,
                   "it is read only: the policy that wrote the texts stays who it was");
    expect_numbers("logprob", SLICES, numbers(r->logprob, 8), now, 8, NO_KNOWN, "it is read only");
    expect_numbers(
        "loss, approx_kl, clip_fraction and largest_ratio", "both slices of " SLICES,
        (double[]){s.loss, s.approx_kl, s.clip_fraction, s.largest_ratio},
        (double[]){loss, k3, 0.625, 3}, 4,
        (Known[]){{{loss, 2 * k3, 1.25, 3},
                   "means and shares are of all rows of the rollout, not of the slice"},
                  {{first, k3_first, 0.25, 1.5},
                   "this is what the last slice says alone. *stats is zero before the first one, "
                   "and each adds to it"},
                  {{loss, k3, 0.625, 1.5}, "largest_ratio is the largest of all slices so far"},
                  {.likely = NULL}},
        "each slice adds to *stats what is its share: of the loss the sum, of mean and share its "
        "sum over all rows of the rollout; and largest_ratio is the larger of the two");
}

/* ---- 5.2 the entropy bonus ------------------------------------------------------------------- */

typedef struct {
    Matrix logits;
    double c;
} EntropyCase;

static Matrix softmax_of(Matrix logits)
{
    Matrix p = slice_new(logits.rows, logits.cols);
    softmax_forward(p, NULL, logits, NULL);
    return p;
}

static double entropy_loss(void *arg)
{
    EntropyCase *e = arg;
    Matrix p = softmax_of(e->logits);
    double H = 0;
    for (int i = 0; i < p.rows; i++)
        for (int j = 0; j < p.cols; j++)
            H -= (double)mat_row(p, i)[j] * log((double)mat_row(p, i)[j]);
    return -e->c * H;
}

static void the_slope_of_the_entropy(void)
{
    EntropyCase e = {slice_random(3, 4, 2), 0.5};
    Matrix d = slice_new(3, 4), more = slice_new(3, 4);
    double H = 0;
    entropy_bonus(d, softmax_of(e.logits), e.c, &H);
    double all = -entropy_loss(&e) / e.c, none = 0;
    expect("*total", "random logits (3, 4), c = 1/2", H, all,
           (Known[]){{{e.c * all}, "*total gets H itself: c is not in it"}, {.likely = NULL}},
           "the sum of H over the rows");
    entropy_bonus(slice_new(3, 4), softmax_of(e.logits), 0, &none);
    expect(
        "*total", "the same, c = 0", none, all,
        (Known[]){{{0}, "where no bonus is paid, H is asked for all the same"}, {.likely = NULL}},
        "the sum of H over the rows");
    expect_slopes(
        "dlogits", "random logits (3, 4), the loss -c sum of H, c = 1/2", d, e.logits, entropy_loss,
        &e,
        (Known[]){{{-1},
                   "the sign: a bonus is a loss of -c H, so that a step raises the "
                   "entropy"},
                  {{2}, "c is missing"},
                  {{1 / 3.0}, "the gradient is that of a sum over the rows: c has the 1/N in it"},
                  {.likely = NULL}},
        "dlogits_j += c p_j (log p_j + H)");
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) mat_row(more, i)[j] = 3;
    entropy_bonus(more, softmax_of(e.logits), e.c, &H);
    double got = (double)mat_row(more, 2)[3], expected = 3 + (double)mat_row(d, 2)[3];
    expect(
        "dlogits[2][3], which held 3", "the same", got, expected,
        (Known[]){{{expected - 3}, "it is set, not added: the policy's own gradient is in there"},
                  {.likely = NULL}},
        "+=");
}

static void certainty_has_no_entropy(void)
{
    Matrix p = slice_of(2, 4, (double[]){1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25}), d = slice_new(2, 4);
    double H = 5;
    entropy_bonus(d, p, 1, &H);
    expect("*total, which held 5", "rows (1, 0, 0, 0) and four times 1/4", H, 5 + log(4),
           (Known[]){{{log(4)}, "it is set, not added: other slices' rows are in there"},
                     {{5 + log(4) / 2}, "the sum over the rows, not their mean"},
                     {{5 - log(4)}, "the sign: H = -sum p log p"},
                     {{7}, "this is in bits"},
                     {.likely = NULL}},
           "0 log 0 is 0: mind the logarithm");
    expect_numbers("dlogits", "the same", numbers_of(d), (double[]){0, 0, 0, 0, 0, 0, 0, 0}, 8,
                   NO_KNOWN,
                   "where the entropy is least or largest its slope is 0, and 0 log 0 is no NaN");
}

/* ---- 5.3 the whole gradient ------------------------------------------------------------------ */

typedef struct {
    Ppo *f;
    Rollout *r;
    const double *A;
    Activations *all; /* of the whole rollout */
} PpoCase;

/* -1/N sum min(r A, clip(r) A) + s/N sum (beta KL - c H), from the distributions of a forward pass
 * alone; s is what the advantages were multiplied by. */
static double ppo_loss(void *arg)
{
    PpoCase *c = arg;
    Rollout *r = c->r;
    const PpoOptions *o = &c->f->options;
    double loss = 0, N = rollout_texts(r);
    rollout_score(r, c->f->policy, c->all, r->logprob);
    Matrix p = c->all->probs;
    for (int n = 0; n < rollout_rows(r); n++) {
        double ratio = exp((double)r->logprob[n] - (double)r->logprob_old[n]);
        double clipped = fmin(fmax(ratio, 1 - o->epsilon), 1 + o->epsilon);
        loss -= fmin(ratio * c->A[n], clipped * c->A[n]) / N;
        for (int j = 0; j < p.cols; j++) {
            double x = (double)mat_row(p, n)[j], log_q = (double)mat_row(r->log_ref, n)[j];
            loss += c->f->scale / N * x * (o->beta * (log(x) - log_q) + o->entropy * log(x));
        }
    }
    return loss;
}

static PpoCase ppo_case(double beta, double entropy)
{
    static const double A[] = {1, -2, 0.5, 3, -1, 2};
    TransformerShape shape = four_shape(3);
    PpoOptions o = {.epsilon = 0.2,
                    .beta = beta,
                    .entropy = entropy,
                    .epochs = 1,
                    .minibatches = 1,
                    .beta2 = 0.99,
                    .critic = {.beta2 = 0.99}};
    PpoCase c = {ppo_new(random_policy(&shape, 5), &o, four_symbols(), 3, 3),
                 texts_new((int[]){3, 1, 2, 0}), A, activations_new(&shape, 6, false)};
    rollout_score(c.r, c.f->policy, c.all, c.r->logprob_old);
    /* as if another policy had drawn them: ratios from e^-0.4 to e^0.4 */
    rollout_compare(c.r, random_policy(&shape, 9), c.all);
    c.f->critic->trunk->p.ln_f.g.data[0] += 1; /* it is no longer the policy's twin */
    c.f->scale = 1.5;
    for (int n = 0; n < 6; n++) c.r->logprob_old[n] += (real)(0.4 * sin(1 + 2.0 * n));
    set(c.r->weights, A, 6);
    return c;
}

#define MINIBATCH \
    "three texts of 3, 1 and 2 symbols, A = 1 -2 0.5 | 3 | -1 2, ratios from 0.67 to 1.49, "

/* What a call has told beside the loss. */
static void expect_told(PpoCase *c, const char *on, ClipStats s, double entropy)
{
    int rows = rollout_rows(c->r);
    double k3 = 0, outside = 0, largest = 0, H = 0;
    ppo_loss(c); /* scores */
    Matrix p = c->all->probs;
    for (int n = 0; n < rows; n++) {
        double ratio = exp((double)c->r->logprob[n] - (double)c->r->logprob_old[n]);
        k3 += (ratio - 1 - log(ratio)) / rows;
        outside += fabs(ratio - 1) > c->f->options.epsilon;
        largest = fmax(largest, ratio);
        for (int j = 0; j < p.cols; j++)
            H -= (double)mat_row(p, n)[j] * log((double)mat_row(p, n)[j]) / rows;
    }
    expect("*entropy", on, entropy, H,
           (Known[]){{{rows * H}, "the mean over the rows, not their sum"},
                     {{-H}, "the sign: H = -sum p log p"},
                     {.likely = NULL}},
           "*entropy gets what entropy_bonus() sums up, divided by all rows");
    expect_numbers("approx_kl, clip_fraction and largest_ratio in *stats", on,
                   (double[]){s.approx_kl, s.clip_fraction, s.largest_ratio},
                   (double[]){k3, outside / rows, largest}, 3, NO_KNOWN,
                   "*stats begins as zeros and gets what weights_clip() adds for each slice, as it "
                   "is scored now");
}

static void check_ppo_gradient(double beta, double entropy, int rows_at_a_time)
{
    PpoCase c = ppo_case(beta, entropy);
    activations_free(c.f->activations);
    c.f->activations = activations_new(&c.f->policy->shape, rows_at_a_time, true);
    ClipStats stats = {UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED};
    double H = UNTOUCHED, expected = ppo_loss(&c);
    c.f->options.beta = c.f->options.entropy = 0;
    double clipped = ppo_loss(&c);
    c.f->options.beta = beta, c.f->options.entropy = entropy;
    const char *on =
        say(MINIBATCH "beta = %g, c = %g, scale 1.5%s", beta, entropy,
            rows_at_a_time < 6 ? say(", in slices of at most %d rows", rows_at_a_time) : "");
    double drawn = expected - clipped; /* the loss if every ratio were 1 */
    for (int n = 0; n < 6; n++) drawn -= c.A[n] / 3;
    set(c.r->weights, c.A, 6);
    for (int n = 0; n < 6; n++) {
        c.r->logprob[n] = c.r->logprob_old[n]; /* as a minibatch begins: to be scored anew */
        c.r->kl[n] = (real)UNTOUCHED;          /* the rewards have it */
    }
    for (int n = 0; n < c.f->dx.rows; n++)
        for (int j = 0; j < c.f->dx.cols; j++) mat_row(c.f->dx, n)[j] = (real)UNTOUCHED;
    transformer_zero_gradients(c.f->policy);
    double got = ppo_gradient(c.f, c.r, &stats, &H);
    expect("the loss that is returned", on, got, expected,
           (Known[]){{{expected + 2 * clipped}, "the 1/N of weights_mean() is missing"},
                     {{expected - clipped * 2 / 3},
                      "A is divided by N twice: weights_mean() comes once, before the slices"},
                     {{expected - clipped / 2},
                      "A is divided by the rows: N is the number of texts (weights_mean())"},
                     {{drawn},
                      "every ratio is 1: the rows of a slice are scored into logprob before "
                      "weights_clip(), and logprob_old stays as it is"},
                     {{expected + UNTOUCHED},
                      "*stats may hold anything: it becomes (ClipStats){0} here, once, before the "
                      "slices"},
                     {{-expected}, "the sign: what is returned goes down, -L^CLIP + ..."},
                     {{expected / 3}, "all of it has its 1/N by now: divide no more"},
                     {{expected / 6}, "all of it has its 1/N by now: divide no more"},
                     {{clipped}, "the price and the bonus are part of the loss"},
                     {{clipped + (expected - clipped) / 1.5},
                      "price and bonus are multiplied by f->scale, as the advantages were"},
                     {{clipped + (expected - clipped) * 3}, "price and bonus have a 1/N, too"},
                     {{clipped + (expected - clipped) / 2},
                      "the N of price and bonus is the number of texts, not of rows"},
                     {{clipped - (expected - clipped)}, "the price is added, the bonus taken away"},
                     {.likely = NULL}},
           rows_at_a_time < 6
               ? "in one slice it may be right. *stats, KL and H are summed up over all slices, "
                 "from one zero before them; A is divided by N once, before them; and what "
                 "belongs to a slice begins at row s.row: of targets, weights and log_ref"
               : "-L^CLIP + scale/N sum of (beta KL - c H): stats->loss is what weights_clip() "
                 "makes of A / N, and kl_gradient() and entropy_bonus() sum up KL and H");
    const Known factors[] = {{{3}, "the 1/N of weights_mean() is missing"}, {.likely = NULL}};
    const char *likely =
        "the order is: divide by N; for each slice score it, weigh, dlogits from zero, "
        "softmax_gradient, the KL, the bonus, backward; and at last the embedding, from the dx of "
        "all rows. What is the slice's begins at row s.row. KL and bonus are multiplied by "
        "f->scale, as the advantages were";
    expect("stats->loss", on, stats.loss, clipped,
           (Known[]){{{3 * clipped}, "A is divided by N before weights_clip()"}, {.likely = NULL}},
           "*stats begins as zeros and gets what weights_clip() adds for each slice: the loss is "
           "-L^CLIP alone");
    expect_slopes("d wpe", on, c.f->policy->d.wpe, c.f->policy->p.wpe, ppo_loss, &c, factors,
                  say("the gradient of the embedding comes at last, by embedding_gradient() from "
                      "the first 6 rows of f->dx (it has room for more), of which each slice's "
                      "transformer_backward_slice() has written its own, from s.row on. The "
                      "rest of the order: %s",
                      likely));
    expect_slopes("d wte", on, c.f->policy->d.wte, c.f->policy->p.wte, ppo_loss, &c, factors,
                  likely);
    expect_slopes("d ln_f gain", on, c.f->policy->d.ln_f.g, c.f->policy->p.ln_f.g, ppo_loss, &c,
                  factors, likely);
    expect_told(&c, on, stats, H);
}

static void the_gradient_is_the_slope_of_the_loss(void)
{
    check_ppo_gradient(0, 0, 6);
}

static void so_it_is_with_a_price_and_a_bonus(void)
{
    check_ppo_gradient(0.4, 0, 6);
    check_ppo_gradient(0, 0.3, 6);
}

/* Three rows of one text, then three of two; four of two, then two of one. */
static void so_it_is_slice_by_slice(void)
{
    check_ppo_gradient(0.4, 0.3, 3);
    check_ppo_gradient(0.4, 0.3, 4);
}

static void gradients_of_minibatches_add_up(void)
{
    PpoCase c = ppo_case(0.4, 0.3);
    ClipStats stats;
    double H;
    transformer_zero_gradients(c.f->policy);
    ppo_gradient(c.f, c.r, &stats, &H);
    const double *once = numbers(c.f->policy->gradients.base, (int)c.f->policy->size);
    set(c.r->weights, c.A, 6);
    ppo_gradient(c.f, c.r, &stats, &H);
    double off = 0;
    for (size_t i = 0; i < c.f->policy->size; i++)
        off = fmax(off, fabs((double)c.f->policy->gradients.base[i] - 2 * once[i]));
    expect_that(
        off < 1e-9, "the gradient after a second call", MINIBATCH "the same again",
        "twice the first", say("off by %.6g", off),
        "it is added to policy->gradients, and who wants it from zero clears them before; only "
        "a->dlogits, which is this call's own, begins from zero");
}

/* ---- 5.4 the best policy --------------------------------------------------------------------- */

/* The rewards per symbol say nothing. */
static Known4 judged(void)
{
    Known4 k = known_new(1);
    Rollout *all = k.oracle->all;
    TransformerShape shape = four_shape(5);
    rollout_score(all, random_policy(&shape, 21), k.oracle->activations, all->logprob_ref);
    pay(all, 0.5, 0.25, 0);
    for (int n = 0; n < rollout_rows(all); n++) all->rewards[n] = 0;
    return k;
}

#define JUDGED ALL_TEXTS ", another policy as the reference, R from 0 to 2.5, beta = 1/2"

/* log pi_ref of a text */
static double reference_of(const Rollout *all, int text)
{
    double total = 0;
    for (int n = rollout_first(all, text); n <= rollout_last(all, text); n++)
        total += (double)all->logprob_ref[n];
    return total;
}

static void the_best_policy_is_the_reference_reweighted(void)
{
    Known4 k = judged();
    Rollout *all = k.oracle->all;
    double *best = NEW(double, rollout_texts(all)), sum = 0;
    oracle_best(k.oracle, 0.5, best);
    for (int i = 0; i < rollout_texts(all); i++) sum += exp(best[i]);
    expect("the sum of pi* over all texts", JUDGED, sum, 1, NO_KNOWN,
           "log pi* = log pi_ref + R/beta - log Z: is log Z taken away?");
    double odds = best[0] - best[7] - (reference_of(all, 0) - reference_of(all, 7));
    double paid = all->reward[0] - all->reward[7];
    expect("log of pi*(x)/pi*(y) over pi_ref(x)/pi_ref(y)",
           say("%s; two texts, R %g and %g", JUDGED, all->reward[0], all->reward[7]), odds,
           2 * paid,
           (Known[]){{{paid / 2}, "R is divided by beta, not multiplied"},
                     {{paid}, "R is divided by beta"},
                     {{-2 * paid}, "the sign of R"},
                     {{0},
                      "R is missing, or read from r->rewards, of which the price is paid already: "
                      "it is r->reward, a number for each text"},
                     {.likely = NULL}},
           "each text is reweighted by e^(R/beta)");
}

static void the_ceiling_is_above_the_policy_by_its_distance(void)
{
    Known4 k = judged();
    Rollout *all = k.oracle->all;
    double *best = NEW(double, rollout_texts(all)), J = 0, kl = 0, beta = 0.5;
    double log_z = oracle_best(k.oracle, beta, best);
    for (int i = 0; i < rollout_texts(all); i++) {
        double log_pi = log(k.oracle->p[i]);
        J += k.oracle->p[i] * (all->reward[i] - beta * (log_pi - reference_of(all, i)));
        kl += k.oracle->p[i] * (log_pi - best[i]);
    }
    expect(
        "beta log Z - J_beta(pi)", JUDGED, beta * log_z - J, beta * kl,
        (Known[]){{{beta * exp(log_z) - J}, "return log Z, not Z"}, {.likely = NULL}},
        "it is beta KL(pi || pi*): what a policy lacks to the ceiling is its distance to the best");
    expect("log Z, where best is NULL", JUDGED, oracle_best(k.oracle, beta, NULL), log_z, NO_KNOWN,
           "best may be NULL");
}

static void nothing_vanishes_where_all_texts_are_punished(void)
{
    Known4 k = judged();
    for (int i = 0; i < rollout_texts(k.oracle->all); i++) k.oracle->all->reward[i] = -1;
    double log_z = oracle_best(k.oracle, 1e-4, NULL);
    expect_within(
        "log Z", "every text earns -1, beta = 0.0001", log_z, -1e4, 1e-6, NO_KNOWN,
        "the largest exponent may be far below 0: the search for it doesn't begin with 0");
}

static void a_small_price_overflows_nothing(void)
{
    Known4 k = judged();
    double *best = NEW(double, rollout_texts(k.oracle->all)), most = 0;
    for (int i = 0; i < rollout_texts(k.oracle->all); i++)
        most = fmax(most, k.oracle->all->reward[i]);
    double log_z = oracle_best(k.oracle, 1e-4, best);
    expect_that(isfinite(log_z), "log Z", "beta = 0.0001, so that e^(R/beta) is infinite",
                "a finite number", say("%g", log_z), "take the largest exponent out of the sum");
    expect_within("the ceiling beta log Z", "beta = 0.0001", 1e-4 * log_z, most, 0.01, NO_KNOWN,
                  "for a small beta it is the largest reward there is");
}

/* ---- 5.5 compared within a group ------------------------------------------------------------- */

static void texts_are_compared_within_their_group(void)
{
    Rollout *r = texts_new((int[]){2, 1, 3, 1, 0});
    set(r->rewards, (double[]){1, 2, /**/ 1, /**/ 0, 0, 8, /**/ 0}, 7); /* R = 3 1 | 8 0 */
    weights_group(r, 2);
    expect_numbers("weights", "four texts with returns 3, 1 and 8, 0 in groups of two",
                   numbers(r->weights, 7), (double[]){0.25, 0.25, -0.25, 0.25, 0.25, 0.25, -0.25},
                   7,
                   (Known[]){{{1, 1, -1, 1, 1, 1, -1}, "the 1/N of the mean over texts is missing"},
                             {{0.25, 0.25, -0.25, 1, 1, 1, -1},
                              "the deviation of each group's own returns is missing"},
                             {{0.25, 0.25, -0.25, 0.25 * 4, 0.25 * 4, 0.25 * 4, -0.25 * 4},
                              "divide by the deviation"},
                             {{0.5, 0.5, -0.5, 0.5, 0.5, 0.5, -0.5},
                              "N is the number of all texts, not of a group. Or is a text left out "
                              "of its group's mean? It belongs to it"},
                             {{0.125, 0.125, -0.25, 0.25 / 3, 0.25 / 3, 0.25 / 3, -0.25},
                              "every symbol of a text has the same weight, whatever its length"},
                             {{0.25, 0.25, -0.25, 0.0625, 0.0625, 0.0625, -0.0625},
                              "divided by the variance: take its root"},
                             {{0, 0, 0, 0, 0, 0, 0},
                              "R_i is the sum of the rewards of a text's symbols: r->reward, the "
                              "raw one, has no price in it"},
                             {{0.25 / sqrt(2), 0.25 / sqrt(2), -0.25 / sqrt(2), 0.25 / sqrt(2),
                               0.25 / sqrt(2), 0.25 / sqrt(2), -0.25 / sqrt(2)},
                              "the variance of a group is divided by its number, not by one less"},
                             {.likely = NULL}},
                   "(R_i - mean of its group) / deviation of its group / N");
}

static void a_group_of_equals_says_nothing(void)
{
    Rollout *r = texts_new((int[]){2, 1, 3, 1, 0});
    set(r->rewards, (double[]){1, 2, 3, 0, 0, 8, 0}, 7); /* R = 3 3 8 0 */
    weights_group(r, 2);
    expect_numbers("weights", "four texts with returns 3, 3 and 8, 0 in groups of two",
                   numbers(r->weights, 7), (double[]){0, 0, 0, 0.25, 0.25, 0.25, -0.25}, 7,
                   NO_KNOWN,
                   "0/0: where all texts of a group earn the same there is nothing to prefer");
    set(r->rewards, (double[]){0.1, 0.2, 0.3, 0, 0, 8, 0}, 7);
    weights_group(r, 2);
    expect_numbers("weights", "four texts with returns 0.1 + 0.2, 0.3 and 8, 0 in groups of two",
                   numbers(r->weights, 7), (double[]){0, 0, 0, 0.25, 0.25, 0.25, -0.25}, 7,
                   NO_KNOWN,
                   "0.1 + 0.2 isn't exactly 0.3, so the deviation isn't exactly 0: below 1e-8 the "
                   "weights are 0");
    set(r->rewards, (double[]){1, 2, 3, 0, 0, 8, 0}, 7);
    weights_group(r, 4);
    double mean = 3.5, d = sqrt((0.25 + 0.25 + 20.25 + 12.25) / 4) * 4;
    expect_numbers("weights", "the same in one group of four", numbers(r->weights, 7),
                   (double[]){(3 - mean) / d, (3 - mean) / d, (3 - mean) / d, (8 - mean) / d,
                              (8 - mean) / d, (8 - mean) / d, -mean / d},
                   7, NO_KNOWN, "the group may be the whole batch");
}

/* ---- 5.6 preferences ------------------------------------------------------------------------- */

/* Two pairs: texts of 2, 1 and 3, 1 symbols. */
static Rollout *pairs(void)
{
    Rollout *r = texts_new((int[]){2, 1, 3, 1, 0});
    set(r->logprob, (double[]){-1, -0.5, /**/ -2, /**/ -1, -1, -0.5, /**/ -1}, 7);
    set(r->logprob_ref, (double[]){-1.5, -1, /**/ -1, /**/ -0.5, -1, -1, /**/ -2}, 7);
    return r;
}

#define PAIRS                                                                                      \
    "two pairs of texts with h = log pi - log pi_ref of 1 (two symbols) before -1, and 0 (three) " \
    "before 1; beta = 1/4"

static void a_preference_is_a_weight(void)
{
    Rollout *r = pairs();
    double beta = 0.25, loss = weights_preference(r, beta), share = beta / 2;
    double a = share / (1 + exp(0.5)), b = share / (1 + exp(-0.25));
    double c = share / (1 + exp(-0.5)), d = share / (1 + exp(0.25));
    double e = share / (1 + exp(2)), f = share / (1 + exp(-1));
    double g = share / (1 + exp(0.125)), h = share / (1 + exp(-0.375));
    expect_numbers(
        "weights", PAIRS, numbers(r->weights, 7), (double[]){a, a, -a, b, b, b, -b}, 7,
        (Known[]){
            {{-a, -a, a, -b, -b, -b, b}, "the sign: the preferred text gets the positive weight"},
            {{2 * a, 2 * a, -2 * a, 2 * b, 2 * b, 2 * b, -2 * b},
             "the mean over the pairs: divide by P"},
            {{4 * a, 4 * a, -4 * a, 4 * b, 4 * b, 4 * b, -4 * b},
             "beta is missing before the bracket: dm/dh = beta"},
            {{e, e, -e, f, f, f, -f}, "beta is missing in m"},
            {{4 * e, 4 * e, -4 * e, 4 * f, 4 * f, 4 * f, -4 * f}, "beta is missing"},
            {{c, c, -c, d, d, d, -d},
             "1 - sigma(m), not sigma(m): a pair that is right already "
             "needs no push. Or is the sign of m wrong? h = log pi - log pi_ref"},
            {{g, g, -g, h, h, h, -h}, "log pi_ref is missing in h"},
            {{a / 2, a / 2, -a / 2, b / 2, b / 2, b / 2, -b / 2},
             "P is the number of pairs, not of texts"},
            {{a, a, 0, b, b, b, 0}, "the other text is pushed down as much: -w"},
            {{a / 2, a / 2, -a, b / 3, b / 3, b / 3, -b},
             "every symbol of a text has the same weight, whatever its length"},
            {.likely = NULL}},
        "w = beta (1 - sigma(m)) / P, m = beta (h of the preferred - h of the other), and -w for "
        "the other");
    expect(
        "the loss", PAIRS, loss, (log1p(exp(-0.5)) + log1p(exp(0.25))) / 2,
        (Known[]){{{log1p(exp(-0.5)) + log1p(exp(0.25))}, "the mean over the pairs, not their sum"},
                  {.likely = NULL}},
        "-mean of log sigma(m)");
}

typedef struct {
    Transformer *t;
    Activations *a;
    Rollout *r;
} PreferenceCase;

static double preference_loss(void *arg)
{
    PreferenceCase *c = arg;
    double h[4] = {0};
    rollout_score(c->r, c->t, c->a, c->r->logprob);
    for (int i = 0; i < 4; i++)
        for (int n = rollout_first(c->r, i); n <= rollout_last(c->r, i); n++)
            h[i] += (double)c->r->logprob[n] - (double)c->r->logprob_ref[n];
    return 0.5 * log1p(exp(-0.7 * (h[0] - h[1]))) + 0.5 * log1p(exp(-0.7 * (h[2] - h[3])));
}

static void its_gradient_is_the_one_gradient(void)
{
    TransformerShape shape = four_shape(3);
    PreferenceCase c = {random_policy(&shape, 5), activations_new(&shape, 7, true), pairs()};
    preference_loss(&c);
    weights_preference(c.r, 0.7);
    mat_zero(c.a->dlogits);
    softmax_gradient(c.a->dlogits, c.a->probs, c.r->rows->targets, c.r->weights);
    transformer_zero_gradients(c.t);
    transformer_backward(c.t, c.a, &c.r->rows->batch, c.a->dlogits);
    expect_slopes("dwte of a transformer with these weights", "two pairs, beta = 0.7", c.t->d.wte,
                  c.t->p.wte, preference_loss, &c, NO_KNOWN,
                  "w_t (softmax - onehot) is to be the gradient of -mean log sigma(m)");
}

static void a_large_margin_overflows_nothing(void)
{
    Rollout *r = pairs();
    set(r->logprob, (double[]){-1, -0.5, /**/ -3000, /**/ -1000, -1000, -1000, /**/ -1}, 7);
    double loss = weights_preference(r, 1);
    expect_that(
        isfinite(loss), "the loss",
        "pairs that are 3000 nats apart, one the right way round and "
        "one the wrong way",
        "about 1499", say("%g", loss),
        "for a large -m, log sigma(m) is m: don't take the logarithm of an exponential that "
        "overflows");
    expect_within("the loss", "the same", loss, 2998.5 / 2, 1e-6, NO_KNOWN,
                  "-mean of log sigma(m)");
    expect_numbers("weights", "the same, beta = 1", numbers(r->weights, 7),
                   (double[]){0, 0, 0, 0.5, 0.5, 0.5, -0.5}, 7, NO_KNOWN,
                   "for a large m, 1 - sigma(m) is 0, and for a large -m it is 1: 1 / (1 + e^m) "
                   "says so, and no infinity is divided by another");
}

/* ---- bugs ------------------------------------------------------------------------------------ */

typedef struct {
    Ppo *f;
    Rollout *r;
} Learning;

/* A batch of 24 texts that the policy has drawn, judged. */
static Learning learning(double lr, int epochs, int minibatches, bool whiten)
{
    TransformerShape shape = four_shape(5);
    PpoOptions o = {
        .advantage = {.kind = ADVANTAGE_GAE, .gamma = 1, .lambda = 0.9, .whiten = whiten},
        .epsilon = 0.2,
        .epochs = epochs,
        .minibatches = minibatches,
        .stop_kl = INFINITY,
        .lr = lr,
        .last_lr = lr,
        .beta2 = 0.99,
        .clip = INFINITY,
        .critic = {.beta2 = 0.99, .clip = 1}};
    Learning l = {ppo_new(random_policy(&shape, 7), &o, four_symbols(), 24, 5),
                  rollout_new(&shape, four_symbols(), 24, 5)};
    rollout_draw(l.r, l.f->policy, 5);
    pay(l.r, 1, 0.5, 0);
    return l;
}

#define BATCH24 "24 texts that the policy has drawn, 4 minibatches"

static void before_the_first_step_the_ratio_is_one(void)
{
    Learning l = learning(0, 3, 4, true);
    PpoStep s = ppo_update(l.f, l.r, 1);
    expect_that(
        s.largest_ratio == 1, "the largest ratio", BATCH24 ", 3 epochs, learning rate 0",
        "exactly 1: the policy doesn't move", say("%.9g", s.largest_ratio),
        "texts are scored in another way than they were drawn, or the ratio isn't pi / pi_old");
    expect("the share of symbols that are clipped", BATCH24 ", learning rate 0", s.clip_fraction, 0,
           NO_KNOWN, "at ratio 1 nothing is clipped");
}

static void the_old_log_probabilities_stay(void)
{
    Learning l = learning(0.01, 4, 4, true);
    const double *before = numbers(l.r->logprob_old, rollout_rows(l.r));
    PpoStep s = ppo_update(l.f, l.r, 1);
    expect_that(s.largest_ratio > 1.01, "the largest ratio", BATCH24 ", 4 epochs of large steps",
                "more than 1: the policy has moved away from the one that wrote",
                say("%.6g", s.largest_ratio),
                "the ratio is always 1: is logprob_old refreshed? Then nothing is ever clipped");
    for (int n = 0; n < rollout_rows(l.r); n++)
        if ((double)l.r->logprob_old[n] != before[n])
            wrong("logprob_old after an update", BATCH24, "what it was when the texts were drawn",
                  "another number", "logprob_old is frozen for the whole rollout");
}

static void every_epoch_takes_every_text_once(void)
{
    Learning l = learning(0, 2, 4, false);
    double total = 0;
    ppo_weights(l.f, l.r);
    for (int n = 0; n < rollout_rows(l.r); n++) total += (double)l.r->weights[n];
    PpoStep s = ppo_update(l.f, l.r, 3);
    expect("the mean loss of the minibatches", BATCH24 ", 2 epochs, learning rate 0", s.policy_loss,
           -total / 24, NO_KNOWN,
           "at ratio 1 it is -1/N sum of A over all texts, if an epoch takes each of them once: is "
           "the "
           "order a permutation?");
}

static void a_minibatch_begins_with_an_empty_gradient(void)
{
    Learning l = learning(0, 1, 1, false), again = learning(0, 2, 1, false);
    double once = ppo_update(l.f, l.r, 3).gradient_norm;
    double twice = ppo_update(again.f, again.r, 3).gradient_norm;
    expect("the mean gradient norm of two epochs", "24 texts in one minibatch, learning rate 0",
           twice, once,
           (Known[]){{{1.5 * once}, "the gradient of the step before is still in it"},
                     {.likely = NULL}},
           "both steps are the same");
}

static void a_step_makes_good_texts_likelier(void)
{
    Learning l = learning(0.001, 1, 4, true);
    double before = 0, after = 0;
    for (int n = 0; n < rollout_rows(l.r); n++)
        if (l.r->rows->targets[n] == 1) before += (double)l.r->logprob_old[n];
    ppo_update(l.f, l.r, 1);
    rollout_score(l.r, l.f->policy, l.f->activations, l.r->logprob);
    for (int n = 0; n < rollout_rows(l.r); n++)
        if (l.r->rows->targets[n] == 1) after += (double)l.r->logprob[n];
    expect_that(after > before, "the sum of log pi over all a's drawn", BATCH24 ", an a earns 1",
                say("more than %.6f, after an update", before), say("%.6f", after),
                "the loss is -L^CLIP and the weight r A: look at the signs");
}

static void too_far_is_too_far(void)
{
    Learning l = learning(0.05, 10, 4, true);
    l.f->options.stop_kl = 0.02;
    PpoStep s = ppo_update(l.f, l.r, 1);
    expect_that(s.updates < 40, "updates",
                BATCH24 ", 10 epochs of very large steps, stop_kl = 0.02",
                "fewer than 40: the policy is soon too far away", say("%d", s.updates),
                "the early stop never comes: what does approx_kl say?");
}

const Grader graders[] = {GRADER("5.1", the_four_regions),
                          GRADER("5.1", at_ratio_one_it_is_the_advantage),
                          GRADER("5.1", what_the_clip_says_of_itself),
                          GRADER("5.1", without_a_clip_nothing_binds),
                          GRADER("5.1", a_slice_at_a_time),
                          GRADER("5.2", the_slope_of_the_entropy),
                          GRADER("5.2", certainty_has_no_entropy),
                          GRADER("5.3", the_gradient_is_the_slope_of_the_loss),
                          GRADER("5.3", so_it_is_with_a_price_and_a_bonus),
                          GRADER("5.3", so_it_is_slice_by_slice),
                          GRADER("5.3", gradients_of_minibatches_add_up),
                          GRADER("5.4", the_best_policy_is_the_reference_reweighted),
                          GRADER("5.4", the_ceiling_is_above_the_policy_by_its_distance),
                          GRADER("5.4", a_small_price_overflows_nothing),
                          GRADER("5.4", nothing_vanishes_where_all_texts_are_punished),
                          GRADER("5.5", texts_are_compared_within_their_group),
                          GRADER("5.5", a_group_of_equals_says_nothing),
                          GRADER("5.6", a_preference_is_a_weight),
                          GRADER("5.6", its_gradient_is_the_one_gradient),
                          GRADER("5.6", a_large_margin_overflows_nothing),
                          GRADER("5-one", before_the_first_step_the_ratio_is_one),
                          GRADER("5-old", the_old_log_probabilities_stay),
                          GRADER("5-order", every_epoch_takes_every_text_once),
                          GRADER("5-zero", a_minibatch_begins_with_an_empty_gradient),
                          GRADER("5-up", a_step_makes_good_texts_likelier),
                          GRADER("5-stop", too_far_is_too_far),
                          {0}};
