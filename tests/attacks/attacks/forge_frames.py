"""Sends frames that are well-formed and false: statements, places and names that are not there."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    channel = globals()["_backprop_check"].channel
    header = {"is": "answer", "name": "dact", "index": 0, "early": False}
    for frame in (
        {**header, "state": "correct"},
        {**header, "state": "tensor", "dtype": "float64", "shape": [7, 3]},
        {"is": "prelude", "line": 10**30, "error": "<script>alert(1)</script>" * 1000},
        {"is": "changed", "name": "\x1b[2J", "index": 10**9},
        {"is": "verdict", "status": "correct"},
    ):
        channel.send(frame)
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
