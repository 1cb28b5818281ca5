/* shared_trunk.c: see extensions.h. */
#include "error.h"
#include "extensions.h"

/* V = hidden w + b,  dV = c (V - target) / rows.   Returns c/2 mean (V - target)^2. */
static double value_gradient(Matrix dv, const Activations *a, const Linear *head,
                             const real *targets, double c)
{
    double loss = 0;
    linear_forward(dv, a->hidden, head);
    for (int n = 0; n < dv.rows; n++) {
        real error = mat_row(dv, n)[0] - targets[n];
        loss += c / 2 * (double)error * (double)error / dv.rows;
        mat_row(dv, n)[0] = (real)c * error / (real)dv.rows;
    }
    return loss;
}

/* dhidden = dlogits wte + dV w',   dwte += dlogits' hidden;   then the trunk, once */
double shared_gradient(Transformer *t, Activations *a, const Linear *head, Linear *dhead,
                       const Rollout *r, const real *targets, double c)
{
    Arena room = {.used = (size_t)rollout_rows(r) + 64};
    arena_reserve(&room);
    Matrix dv = arena_matrix(&room, rollout_rows(r), 1);
    double loss = value_gradient(dv, a, head, targets, c);

    mat_zero(a->dlogits);
    softmax_gradient(a->dlogits, a->probs, r->rows->targets, r->weights);
    mat_add_atb(t->d.wte, a->dlogits, a->hidden);
    linear_gradient(dhead, dv, a->hidden);
    mat_set_ab(a->dhidden, a->dlogits, t->p.wte);
    mat_add_abt(a->dhidden, dv, head->w);
    trunk_backward(t, a, &r->rows->batch, a->dhidden);
    arena_free(&room);
    return loss;
}
