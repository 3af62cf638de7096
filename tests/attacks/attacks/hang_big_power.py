"""Computes a whole number with a milliard digits."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = 10 ** 10 ** 9
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
