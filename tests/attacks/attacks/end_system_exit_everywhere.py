"""Raises SystemExit in a helper, a default argument, a decorator and a metaclass."""

import torch


def leave(*args, **kwargs):
    raise SystemExit(0)

def helper(x=leave()):
    return x

class Meta(type):
    def __new__(cls, *args):
        raise SystemExit("bye")

class Left(metaclass=Meta):
    pass

@leave
def decorated():
    pass


def backward(counts, counts_sum_inv, probs, act, s):
    leave()
    dact = leave()
    dprobs = leave()
    dcounts = leave()
    dcounts_sum_inv = leave()
