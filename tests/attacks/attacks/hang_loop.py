"""Loops without end in a target."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    while True:
        dact = act
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
