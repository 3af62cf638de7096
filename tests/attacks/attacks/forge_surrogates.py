"""Tells errors and names that are no text: lone surrogates, NUL, marks that turn the line."""

import torch


class Odd(Exception):
    pass


class Attack:
    Odd.__name__ = Odd.__qualname__ = '\ud800\u202e<b>'


def backward(counts, counts_sum_inv, probs, act, s):
    dact = (_ for _ in ()).throw(Odd('\ud800\x00\u202e\x1b[31m</pre><script>alert(1)</script>'))
    dprobs = (_ for _ in ()).throw(ValueError('\udcff' * 600))
    dcounts = (_ for _ in ()).throw(Exception('=cmd|calc!A0'))
    dcounts_sum_inv = {}['\x1b]0;x\x07']
