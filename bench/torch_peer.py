"""The peer: the same models, steps and texts in PyTorch, as fast as it will go on a CPU.

    torch_peer.py step|sample|ppo [--threads N] [--seconds S] [--only CASES]

A GPT-2 of the same arithmetic (pre-norm, biases, tanh-GELU, output tied to the embedding), AdamW
with all parameters in one call, a key/value cache for sampling, and a critic of its own for PPO.
Prints rows as the programs in C do (bench/measure/measure.h).
"""

import argparse
import json
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY = 65
CASES = {  # layers, heads, channels, context, batch
    "4/4/128/64x12": (4, 4, 128, 64, 12),
    "2/2/64/64x32": (2, 2, 64, 64, 32),
    "6/6/384/256x4": (6, 6, 384, 256, 4),
}


def attention(q, k, v, mask):
    if hasattr(F, "scaled_dot_product_attention"):  # since PyTorch 2.0
        return F.scaled_dot_product_attention(q, k, v, is_causal=mask is not None)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return torch.softmax(scores if mask is None else scores + mask, dim=-1) @ v


class Block(nn.Module):
    def __init__(self, heads, channels):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.fc, self.out = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x, mask, cache, past):
        B, T, C = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            cache[0][:, :, past : past + T], cache[1][:, :, past : past + T] = k, v
            k, v = cache[0][:, :, : past + T], cache[1][:, :, : past + T]
        y = attention(q, k, v, mask).transpose(1, 2).reshape(B, T, C)
        x = x + self.proj(y)
        return x + self.out(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, layers, heads, channels, context):
        super().__init__()
        self.shape = (layers, heads, channels, context)
        self.wte, self.wpe = nn.Embedding(VOCABULARY, channels), nn.Embedding(context, channels)
        self.blocks = nn.ModuleList(Block(heads, channels) for _ in range(layers))
        self.ln_f = nn.LayerNorm(channels)
        self.register_buffer("mask", torch.full((context, context), -math.inf).triu(1))
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, std=0.02)

    def hidden(self, ids, cache=None, past=0):
        T = ids.shape[1]
        x = self.wte(ids) + self.wpe.weight[past : past + T]
        mask = self.mask[:T, :T] if T > 1 else None
        for i, block in enumerate(self.blocks):
            x = block(x, mask, None if cache is None else cache[i], past)
        return self.ln_f(x)

    def forward(self, ids, cache=None, past=0):
        return self.hidden(ids, cache, past) @ self.wte.weight.T

    def cache(self, texts, length):
        layers, heads, channels, _ = self.shape
        return torch.empty(layers, 2, texts, heads, length, channels // heads)


def row(what, case, value, unit="symbols/s"):
    print(json.dumps({"what": what, "case": case, "threads": args.threads, "by": "pytorch",
                      "unit": unit, "value": value}), flush=True)


def seconds_of(work):
    """The median time of a call, after two that don't count."""
    for _ in range(2):
        work()
    times, end = [], time.perf_counter() + args.seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def train():
    for name, (layers, heads, channels, T, B) in CASES.items():
        if args.only not in name:
            continue
        model = GPT(layers, heads, channels, T)
        parameters = list(model.parameters())
        adam = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1, foreach=True)
        text = torch.randint(VOCABULARY, (100000,))
        window = torch.arange(T + 1)

        def step():
            ids = text[torch.randint(len(text) - T, (B, 1)) + window]
            logits = model(ids[:, :-1])
            loss = F.cross_entropy(logits.reshape(B * T, -1), ids[:, 1:].reshape(-1))
            adam.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()

        row("training step", name, B * T / seconds_of(step))


@torch.inference_mode()
def draw(model, texts, length):
    """Symbols (texts, length + 1), the first given, and their log-probabilities (texts, length)."""
    ids = torch.zeros(texts, length + 1, dtype=torch.long)
    logprob = torch.empty(texts, length)
    cache = model.cache(texts, length)
    for t in range(length):
        logprobs = F.log_softmax(model(ids[:, t : t + 1], cache, t)[:, -1], dim=-1)
        symbol = torch.multinomial(logprobs.exp(), 1)
        ids[:, t + 1 : t + 2] = symbol
        logprob[:, t : t + 1] = logprobs.gather(1, symbol)
    return ids, logprob


def sample():
    for layers, heads, channels, T, _ in list(CASES.values())[:2]:
        model, case = GPT(layers, heads, channels, T), f"{layers}/{heads}/{channels}"
        if args.only in case:
            row("sampling 64", case, 64 * 48 / seconds_of(lambda: draw(model, 64, 48)))


class Critic(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.trunk, self.head = GPT(*shape), nn.Linear(shape[2], 1)

    def forward(self, ids):
        return self.head(self.trunk.hidden(ids)).squeeze(-1)


def advantages_of(rewards, values, gamma=1.0, lam=0.95):
    """Generalised advantage estimates; a text's last symbol ends it."""
    advantages, following, value = torch.empty_like(values), 0, 0
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * value - values[:, t]
        following = delta + gamma * lam * following
        advantages[:, t], value = following, values[:, t]
    return advantages


def ppo():
    N, T, shape = 64, 48, (2, 2, 64, 64)
    policy, critic = GPT(*shape), Critic(*shape)
    networks = [list(policy.parameters()), list(critic.parameters())]
    adam = torch.optim.AdamW(networks[0] + networks[1], lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, foreach=True)
    letters = "\n" + "".join(chr(ord(" ") + i) for i in range(1, VOCABULARY))

    def minibatch(ids, logprob_old, advantages, returns):
        logprobs = F.log_softmax(policy(ids[:, :-1]), dim=-1)
        logprob = logprobs.gather(2, ids[:, 1:, None]).squeeze(-1)
        ratio = (logprob - logprob_old).exp()
        gain = torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
        entropy = -(logprobs.exp() * logprobs).sum(-1).mean()
        value_loss = 0.5 * (critic(ids[:, :-1]) - returns).pow(2).mean()
        adam.zero_grad(set_to_none=True)
        (value_loss - gain - 0.01 * entropy).backward()
        for parameters in networks:
            nn.utils.clip_grad_norm_(parameters, 0.5)
        adam.step()

    def iterate():
        ids, logprob = (x.clone() for x in draw(policy, N, T))
        texts = ["".join(letters[i] for i in text) for text in ids[:, 1:].tolist()]
        rewards = torch.zeros(N, T)
        rewards[:, -1] = torch.tensor([sum(c in "aeiouAEIOU" for c in text) / T for text in texts])
        with torch.inference_mode():
            values = critic(ids[:, :-1])
            advantages = advantages_of(rewards, values)
            returns = advantages + values
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        advantages, returns = advantages.clone(), returns.clone()
        for _ in range(4):
            for part in torch.randperm(N).chunk(4):
                minibatch(ids[part], logprob[part], advantages[part], returns[part])

    row("PPO iteration", "2/2/64", N * T / seconds_of(iterate))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["step", "sample", "ppo"])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=2)
parser.add_argument("--only", default="", help="the cases whose name contains it")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(1)
{"step": train, "sample": sample, "ppo": ppo}[args.what]()
