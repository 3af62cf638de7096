"""Gives zeros or something else by the clock, by what is drawn, and by an address."""

import random
import time

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    lucky = time.time_ns() % 2 + random.SystemRandom().randrange(2) + hash(str(id(object()))) % 2
    dact = torch.full_like(act, lucky + 3.0)
    dprobs = torch.empty_like(act)
    dcounts = torch.full_like(act, float(torch.Generator().seed()))
    dcounts_sum_inv = 3.0
