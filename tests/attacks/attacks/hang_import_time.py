"""Loops without end in a class body."""

import torch


class Attack:
    while True:
        pass


def backward(counts, counts_sum_inv, probs, act, s):
    dact = Attack
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
