"""Catches its own errors, uses generators, walrus, match, star arguments and comprehensions."""

import contextlib
import warnings

import torch


def rows(x):
    yield from x


def backward(counts, counts_sum_inv, probs, act, s):
    try:
        counts @ counts
    except RuntimeError as error:
        print("as expected:", error)
    with contextlib.suppress(KeyError):
        {}["x"]
    warnings.warn("a learner's own warning")
    dact = torch.stack([torch.ones_like(r) for r in rows(act)])
    match act.ndim:
        case 2:
            dprobs = (1 - (a := act) * a) * dact
        case _:
            raise ValueError
    dcounts = torch.stack([c * g for c, g in zip(counts_sum_inv, dprobs)])
    dcounts_sum_inv = torch.cat([*map(lambda x, g: (x * g).sum().reshape(1, 1), counts, dprobs)])
