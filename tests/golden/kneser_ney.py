#!/usr/bin/env python3
"""Interpolated modified Kneser-Ney from its definition, slowly: the source of golden numbers.

Nothing is shared with the C code: n-grams are tuples in dictionaries, lower-order counts are sets of left
neighbours, probabilities are a recursion (Chen and Goodman 1998). Conventions: a document is preceded by
<s> and followed by </s>, n-grams that begin with <s> keep their counts, discounts that have no value
or one out of range are 0.5, 1, 1.5 for that order, and an unseen symbol is scored as <unk>.

    kneser_ney.py                                       the table in tests/test_ngram.c
    kneser_ney.py [chars|words|stream] ORDER TRAIN EVAL  any two files

prints the perplexity of all scored symbols, the same without unknown symbols, unknown, scored.
"""
import math
import sys
from collections import Counter, defaultdict

TRAIN = """\
a duck went down to the pond and the pond was cold
the duck went home and the house was warm
a goose went down to the pond and the goose was bold
she sang to the duck and the duck sang along
the pond was low and the sun was high and the day was long
a duck and a goose went down the lane to the town
the town was old and the lane was long and the sun went down
"""
EVAL = """\
the goose went home and the pond was warm
a swan sang to the sun and the sun was bold
"""

START, END, UNKNOWN = "<s>", "</s>", "<unk>"


class KneserNey:
    def __init__(self, documents, order):
        self.order = order
        raw = Counter()
        for symbols in documents:
            padded = (START, *symbols, END)
            for n in range(1, order + 1):
                for i in range(len(padded) - n + 1):
                    raw[padded[i : i + n]] += 1
        self.symbols = {gram[0] for gram in raw if len(gram) == 1} - {START} | {END}

        left = defaultdict(set)
        for gram in raw:
            if len(gram) > 1:
                left[gram[1:]].add(gram[0])
        self.count = {}
        for gram, c in raw.items():
            keeps = len(gram) == order or gram[0] == START
            self.count[gram] = c if keeps else len(left[gram])
        self.count.pop((START,), None)  # <s> is never predicted

        self.discounts = {n: self.find_discounts(n) for n in range(1, order + 1)}
        self.total, self.taken = Counter(), Counter()
        for gram, c in self.count.items():
            self.total[gram[:-1]] += c
            self.taken[gram[:-1]] += self.discount(len(gram), c)

    def find_discounts(self, n):
        t = Counter(c for gram, c in self.count.items() if len(gram) == n)
        if not (t[1] and t[2] and t[3]):
            return [0, 0.5, 1, 1.5]
        y = t[1] / (t[1] + 2 * t[2])
        d = [0] + [j - (j + 1) * y * t[j + 1] / t[j] for j in (1, 2, 3)]
        return d if all(0 <= d[j] <= j for j in (1, 2, 3)) else [0, 0.5, 1, 1.5]

    def discount(self, n, count):
        return self.discounts[n][min(count, 3)]

    def probability(self, history, symbol):
        lower = self.probability(history[1:], symbol) if history else 1 / (len(self.symbols) + 1)
        total = self.total[history]
        if total == 0:
            return lower
        c = self.count.get((*history, symbol), 0)
        kept = c - self.discount(len(history) + 1, c) if c else 0
        return kept / total + self.taken[history] / total * lower

    def steps(self, document):
        """(probability, known) of each symbol of a document and of its end."""
        padded = (START, *document, END)
        for i in range(1, len(padded)):
            history = padded[max(0, i - self.order + 1) : i]
            known = padded[i] in self.symbols
            yield self.probability(history, padded[i] if known else UNKNOWN), known


def measure(model, documents):
    steps = [s for d in documents for s in model.steps(d)]
    total = sum(math.log(p) for p, _ in steps)
    known = sum(math.log(p) for p, k in steps if k)
    unknown = sum(not k for _, k in steps)
    return math.exp(-total / len(steps)), math.exp(-known / (len(steps) - unknown)), unknown, len(steps)


def split(text, how):
    if how == "stream":
        return [tuple(text)]
    lines = [line for line in text.split("\n") if line]
    return [tuple(line.split()) if how == "words" else tuple(line) for line in lines]


def read(path, how):
    return split(open(path, encoding="utf-8", newline="").read(), how)


def table():
    for how in ("chars", "words", "stream"):
        for order in (1, 2, 3, 5, 8):
            model = KneserNey(split(TRAIN, how), order)
            print('{"%s", %d, ' % (how, order), end="")
            print("%.12g, %.12g, %d, %d}," % measure(model, split(EVAL, how)))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        table()
    else:
        how, order, train, evaluate = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
        print("%.7g %.7g %d %d" % measure(KneserNey(read(train, how), order), read(evaluate, how)))
