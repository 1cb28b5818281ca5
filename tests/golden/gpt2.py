#!/usr/bin/env python3
"""A toy GPT-2 and its gradients in float64: the source of tests/golden/gpt2.h.

Nothing is shared with the C code: the forward pass is written out one sequence and one head at a time, and
the gradients are PyTorch's. Radford et al. 2019 for the model, Hendrycks and Gimpel 2016 for GELU's tanh form.

    python3 tests/golden/gpt2.py        writes gpt2.h beside this file
"""
import math
from pathlib import Path

import torch

LAYERS, HEADS, CHANNELS, POSITIONS, VOCABULARY = 2, 3, 12, 7, 11
EPSILON = 1e-5

# two sequences of different lengths, run apart: no padding
IDS = [[3, 1, 4, 1, 5, 9, 2], [10, 8, 0, 8, 6]]
TARGETS = [[1, 4, 1, 5, 9, 2, 6], [8, 0, 8, 6, 7]]


def shapes():
    """The parameters in order: name -> shape."""
    c = CHANNELS
    yield "wte.weight", (VOCABULARY, c)
    yield "wpe.weight", (POSITIONS, c)
    for n in range(LAYERS):
        for name, shape in (
            ("ln_1.weight", (c,)),
            ("ln_1.bias", (c,)),
            ("attn.c_attn.weight", (c, 3 * c)),
            ("attn.c_attn.bias", (3 * c,)),
            ("attn.c_proj.weight", (c, c)),
            ("attn.c_proj.bias", (c,)),
            ("ln_2.weight", (c,)),
            ("ln_2.bias", (c,)),
            ("mlp.c_fc.weight", (c, 4 * c)),
            ("mlp.c_fc.bias", (4 * c,)),
            ("mlp.c_proj.weight", (4 * c, c)),
            ("mlp.c_proj.bias", (c,)),
        ):
            yield f"h.{n}.{name}", shape
    yield "ln_f.weight", (c,)
    yield "ln_f.bias", (c,)


def parameter(k, name, shape):
    """Element i of tensor k is 0.3 sin(1 + 0.7 (i i mod 1013) + 3.1 k); scaled by 0.3 and added to 1 for a
    layer norm's weight. The square keeps the matrices from having rank 2."""
    values = [0.3 * math.sin(1 + 0.7 * (i * i % 1013) + 3.1 * k) for i in range(math.prod(shape))]
    if "ln_" in name and name.endswith("weight"):
        values = [1 + 0.3 * v for v in values]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_()


def layer_norm(x, w, name):
    centred = x - x.mean(dim=1, keepdim=True)
    variance = (centred * centred).mean(dim=1, keepdim=True)
    return centred / torch.sqrt(variance + EPSILON) * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"] + w[name + ".bias"]


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def attention(x, w, name):
    """Each position reads from itself and from what came before it."""
    length, size = len(x), CHANNELS // HEADS
    qkv = linear(x, w, name + ".c_attn")
    heads = []
    for h in range(HEADS):
        q, k, v = (qkv[:, part * CHANNELS + h * size :][:, :size] for part in range(3))
        rows = []
        for t in range(length):
            scores = k[: t + 1] @ q[t] / math.sqrt(size)
            weights = torch.exp(scores - scores.max())
            rows.append(weights / weights.sum() @ v[: t + 1])
        heads.append(torch.stack(rows))
    return linear(torch.cat(heads, dim=1), w, name + ".c_proj")


def logits(ids, w):
    x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]
    for n in range(LAYERS):
        x = x + attention(layer_norm(x, w, f"h.{n}.ln_1"), w, f"h.{n}.attn")
        hidden = gelu(linear(layer_norm(x, w, f"h.{n}.ln_2"), w, f"h.{n}.mlp.c_fc"))
        x = x + linear(hidden, w, f"h.{n}.mlp.c_proj")
    return layer_norm(x, w, "ln_f") @ w["wte.weight"].T


def nats(rows, targets):
    """-log P of each target."""
    shifted = rows - rows.max(dim=1, keepdim=True).values
    logprob = shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))
    return -logprob[torch.arange(len(targets)), targets]


def digits(numbers):
    return ", ".join(f"{x:.17g}" for x in numbers)


HEADER = """\
/* gpt2.h: golden numbers of a toy GPT-2, made by tests/golden/gpt2.py (PyTorch, float64).
 *
 * %d layers, %d heads, %d channels, %d positions, vocabulary %d, hidden layer %d, epsilon %g.
 * Tensor k of golden_gradients' order, element i (row by row, weights stored in, out):
 *
 *     u = 0.3 sin(1 + 0.7 (i i mod 1013) + 3.1 k),   1 + 0.3 u for the weight of a layer norm
 *
 * Two sequences of different lengths lie one behind the other, each run from position 0. The loss
 * is the mean over all %d targets of -log P(target) in nats; the gradients are of that mean. */
#ifndef GOLDEN_GPT2_H
#define GOLDEN_GPT2_H

/* clang-format off */
"""

STRUCT = """
/* A gradient's sum is 0 for tensors that write to the residual stream, because layer norms centre
 * it: compare sums on the scale of the norm. */
typedef struct {
    const char *name;
    int rows, cols;    /* rows is 1 for a vector */
    double sum, norm;  /* sum_i g_i and sqrt(sum_i g_i g_i), i counts row by row */
    double weighted;   /* sum_i g_i sin(1 + i), which sees elements exchanged */
    int index[3];      /* three elements, */
    double element[3]; /* and what they are */
} GoldenGradient;

"""


def main():
    w = {name: parameter(k, name, shape) for k, (name, shape) in enumerate(shapes())}
    rows = torch.cat([logits(ids, w) for ids in IDS])
    ids, targets = sum(IDS, []), sum(TARGETS, [])
    loss = nats(rows, targets).mean()
    loss.backward()

    sizes = (LAYERS, HEADS, CHANNELS, POSITIONS, VOCABULARY, 4 * CHANNELS)
    text = HEADER % (*sizes, EPSILON, len(targets))
    names = ("LAYERS", "HEADS", "CHANNELS", "POSITIONS", "VOCABULARY", "HIDDEN")
    text += "enum {\n" + "".join(f"    GOLDEN_{n} = {size},\n" for n, size in zip(names, sizes))
    text += f"    GOLDEN_SEQUENCES = {len(IDS)},\n    GOLDEN_TOKENS = {len(ids)},\n    GOLDEN_TENSORS = {len(w)}\n}};\n\n"
    text += f"static const int golden_lengths[GOLDEN_SEQUENCES] = {{{', '.join(str(len(s)) for s in IDS)}}};\n"
    text += f"static const int golden_ids[GOLDEN_TOKENS] = {{{', '.join(map(str, ids))}}};\n"
    text += f"static const int golden_targets[GOLDEN_TOKENS] = {{{', '.join(map(str, targets))}}};\n\n"
    text += f"static const double golden_loss = {loss.item():.17g};\n\n"
    text += "static const double golden_logits[GOLDEN_TOKENS][GOLDEN_VOCABULARY] = {\n"
    for row in rows.tolist():
        parts = [digits(row[i : i + 4]) for i in range(0, VOCABULARY, 4)]
        text += "    {" + ",\n     ".join(parts) + "},\n"
    text += "};\n" + STRUCT + "static const GoldenGradient golden_gradients[GOLDEN_TENSORS] = {\n"
    for name, tensor in w.items():
        gradient = tensor.grad.flatten()
        count = len(gradient)
        index = (0, count // 5, count - 1)
        shape = tensor.shape if tensor.dim() == 2 else (1, count)
        text += f'    {{"{name}", {shape[0]}, {shape[1]},\n'
        weighted = sum(g * math.sin(1 + i) for i, g in enumerate(gradient.tolist()))
        text += f"     {digits((gradient.sum().item(), gradient.norm().item(), weighted))},\n"
        text += f"     {{{', '.join(map(str, index))}}},\n"
        text += f"     {{{digits(gradient[i].item() for i in index)}}}}},\n"
    text += "};\n/* clang-format on */\n\n#endif\n"
    (Path(__file__).parent / "gpt2.h").write_text(text)


if __name__ == "__main__":
    main()
