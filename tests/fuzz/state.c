/* state.c: any bytes as the state that --resume takes up, training.safetensors. What is accepted is
 * a state from which a run can go on. */
#include <math.h>

#include "../../chapters/2_transformer/mle.h"
#include "fuzz.h"

FUZZ_TARGET(state)
{
    Error err = {""};
    TransformerShape shape = {
        .layers = 1, .heads = 1, .channels = 1, .context = 1, .vocabulary = 2};
    MleOptions options = {.steps = 100, .batch = 1, .beta2 = 0.99, .lr = 1e-3, .clip = 1};
    Transformer *model = transformer_new(&shape, 1);
    Mle *m = mle_new(model, &options);
    if (!mle_load(m, fuzz_file("training.safetensors", bytes, size), &err)) {
        fuzz_check_sentence(&err);
    } else {
        REQUIRE(m->step >= 0 && m->step <= options.steps, "step %d", m->step);
        REQUIRE(m->recent_steps >= 0 && m->recent_steps <= m->step, "%d recent", m->recent_steps);
        REQUIRE(m->adam.beta1_power >= 0 && m->adam.beta1_power <= 1, "beta1's power is %g",
                m->adam.beta1_power);
        REQUIRE(m->adam.beta2_power >= 0 && m->adam.beta2_power <= 1, "beta2's power is %g",
                m->adam.beta2_power);
        REQUIRE(!isnan(m->recent_loss), "a loss that is no number");
    }
    mle_free(m);
    transformer_free(model);
}
