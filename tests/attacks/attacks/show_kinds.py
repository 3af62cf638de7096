"""Gives objects whose type's names are markup and escapes."""

import torch


class Attack:
    Odd = type('<svg onload=alert(5)>', (), {'__module__': '\x1b[31m<i>'})


def backward(counts, counts_sum_inv, probs, act, s):
    dact = Attack.Odd()
    dprobs = Attack.Odd
    dcounts = type('=1+1', (), {})()
    dcounts_sum_inv = type('x' * 10**6, (), {})()
