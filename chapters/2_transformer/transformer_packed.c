/* transformer_packed.c: a model's weights once more, in the panels that products read.
 *
 * Every product with the weights would copy them into panels first, and between two updates many
 * products read the same: a batch that goes through in parts, every symbol of a text. */
#include <string.h>

#include "transformer.h"

static real *room_for(Arena *a, const Matrix *m, bool wanted)
{
    return wanted ? arena_matrix(a, 1, (int)mat_panels_size(m->rows, m->cols)).data : NULL;
}

static void add_weight(Activations *a, Matrix *m, bool panels, bool turned)
{
    PackedWeight *w = &a->weights[a->weight_count++];
    *w = (PackedWeight){m, room_for(&a->panels, m, panels), NULL};
    w->turned = room_for(&a->panels, m, turned);
}

/* A text alone, a row at a time, reads every W once a symbol. As long as a cache holds them all, it
 * does so where they lie; from further away panels come faster. */
static bool panels_pay(const Activations *a)
{
    const size_t cache = 8 << 20;
    return a->for_backward || a->capacity > 1 || sizeof(real) * a->packed_of->size > cache;
}

/* Layers read x W forward and dy W' backward; the output, which is the embedding, the other way
 * round. */
static void panels_layout(Activations *a)
{
    Parameters *p = &a->packed;
    bool panels = panels_pay(a), back = a->for_backward;
    a->panels.used = 0;
    a->weight_count = 0;
    add_weight(a, &p->wte, back, true);
    for (int l = 0; l < a->shape.layers; l++) {
        Linear *linear[] = {&p->block[l].qkv, &p->block[l].proj, &p->block[l].fc, &p->block[l].out};
        for (int i = 0; i < 4; i++) add_weight(a, &linear[i]->w, panels, back);
    }
}

void activations_pack(Activations *a, const Transformer *t)
{
    activations_require(a, &t->shape);
    Block *block = a->packed.block;
    a->packed = t->p;
    a->packed.block = memcpy(block, t->p.block, sizeof(Block) * (size_t)t->shape.layers);
    a->packed_of = t;
    panels_layout(a); /* counts, the first time, and places */
    if (!a->panels.base) {
        arena_reserve(&a->panels);
        panels_layout(a);
    }
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < a->weight_count; i++) {
        PackedWeight *w = &a->weights[i];
        *w->m = mat_pack(*w->m, w->panels, w->turned);
    }
}

void activations_unpack(Activations *a)
{
    a->packed_of = NULL;
}

const Parameters *parameters_for(const Transformer *t, const Activations *a)
{
    return a->packed_of == t ? &a->packed : &t->p;
}
