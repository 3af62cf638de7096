"""Overflows the C stack by freeing a list nested a million deep."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    nested = []
    for _ in range(10**6):
        nested = [nested]
    del nested
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
