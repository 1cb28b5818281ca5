/* arpa.c: any bytes as a model in ARPA format; the first byte chooses between lines and a stream.
 * What is accepted gives each symbol a log-probability that is a number, and is written and read
 * back as a model that says the same. */
#include <math.h>

#include "../../chapters/1_ngram/arpa.h"
#include "fuzz.h"

/* All continuations of two histories. */
static void arpa_compare(const Ngram *m, const Ngram *same, const Vocabulary *v)
{
    for (int x = 0; x < v->size; x++) {
        for (int history = 0; history < 2; history++) {
            double p = ngram_logprob(m, &x, history, x), q = ngram_logprob(same, &x, history, x);
            REQUIRE(!isnan(p), "symbol %d has no probability", x);
            REQUIRE(p == q || fabs(p - q) <= 1e-6 * (1 + fabs(p)), "%g was %g", q, p);
        }
    }
}

FUZZ_TARGET(arpa)
{
    if (size < 1) return;
    Error err = {""};
    Vocabulary v, w;
    Documents documents = bytes[0] & 1 ? TEXT_STREAM : TEXT_LINES;
    Ngram *m = arpa_load(fuzz_file("in.arpa", bytes + 1, size - 1), documents, &v, &err);
    if (!m) {
        fuzz_check_sentence(&err);
        return;
    }
    const char *path = fuzz_path("out.arpa");
    REQUIRE(arpa_save(path, m, &v, &err), "%s", err.text);
    Ngram *same = arpa_load(path, documents, &w, &err);
    REQUIRE(same, "%s", err.text);
    REQUIRE(w.size == v.size, "%d symbols, then %d", v.size, w.size);
    arpa_compare(m, same, &v);
    ngram_free(m), ngram_free(same);
    vocabulary_free(&v), vocabulary_free(&w);
}
