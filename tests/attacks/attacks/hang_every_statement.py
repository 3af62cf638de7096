"""Hangs in each statement anew, so that the skips add up."""

import torch


import time


def backward(counts, counts_sum_inv, probs, act, s):
    dact = time.sleep(60)
    dprobs = time.sleep(60)
    dcounts = time.sleep(60)
    dcounts_sum_inv = time.sleep(60)
