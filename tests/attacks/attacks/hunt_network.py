"""Connects to the net and to every local socket."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    socket, told = torch.sys.modules["socket"], []
    for family, address in ((2, ("127.0.0.1", 22)), (2, ("8.8.8.8", 53)), (1, "/run/systemd/private"), (1, "\0backprop_attack")):
        try:
            socket.socket(family, 1).connect(address)
            told.append(address)
        except OSError:
            pass
    assert not told, told
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
