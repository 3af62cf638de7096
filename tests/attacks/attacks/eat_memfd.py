"""Makes files that have no name: memfd, shared memory, a pipe."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    for attempt in (
        lambda: torch.os.write(torch.os.memfd_create("backprop_attack"), b"x" * (1 << 30)),
        lambda: torch.os.pipe(),
        lambda: torch.zeros(1 << 26).share_memory_(),
        lambda: torch.from_file("backprop_attack_map", shared=True, size=1 << 20),
        lambda: torch.save(torch.zeros(1 << 20), "backprop_attack_save"),
    ):
        try:
            attempt()
        except Exception:
            pass
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
