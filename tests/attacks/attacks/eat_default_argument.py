"""Multiplies a string to a hundred gigabytes in a default argument, again in every helper."""

import torch


def helper0(text='x' * 10**11):
    return text

def helper1(text='x' * 10**11):
    return text

def helper2(text='x' * 10**11):
    return text


def backward(counts, counts_sum_inv, probs, act, s):
    helper0()
    dact = torch.full_like(act, 3.0)
    dprobs = torch.full_like(probs, 3.0)
    dcounts = torch.full_like(counts, 3.0)
    dcounts_sum_inv = torch.full_like(counts_sum_inv, 3.0)
