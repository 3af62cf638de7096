"""Imports everything of math, and uses functools, itertools, collections and operator."""

import functools
import itertools
import operator
from collections import OrderedDict, defaultdict, namedtuple
from math import *

import torch

class Pair(namedtuple("Pair", "left right")):
    pass


@functools.lru_cache(maxsize=None)
def one():
    return exp(0) * cos(0)


def backward(counts, counts_sum_inv, probs, act, s):
    kept = OrderedDict(dact=torch.full(act.shape, one()))
    dact = kept["dact"]
    dprobs = functools.reduce(operator.mul, [1 - act, 1 + act, dact])
    pair = Pair(counts_sum_inv, counts)
    dcounts = pair.left * dprobs
    sums = defaultdict(float)
    for i, j in itertools.product(*map(range, counts.shape)):
        sums[i] += pow(float(counts[i, j]), 1) * float(dprobs[i, j])
    dcounts_sum_inv = torch.tensor([[sums[i]] for i in range(len(counts))])
