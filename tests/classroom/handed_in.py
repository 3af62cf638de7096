"""What students hand in, in every classroom: the same answers to ex05."""

from __future__ import annotations

import json

from backprop_check.exercise.course import packaged_course

RIGHT = (packaged_course().solutions / "ex05_broadcast.py").read_text()
HALF_BODY = """\
dact = torch.ones_like(act)
dprobs = act
dcounts = counts_sum_inv * dprobs
dcounts_sum_inv = (counts * dprobs).sum(1)
"""
HALF = "import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n" + "".join(
    f"    {line}\n" for line in HALF_BODY.splitlines()
)
BINARY = bytes(range(256)) * 8
STATUS = {"dact": "correct", "dprobs": "incorrect", "dcounts": "correct", "dcounts_sum_inv": "incorrect"}
"""Of the half right one: a wrong gradient makes none below it wrong."""


def notebook(*cells: str) -> str:
    """Return a notebook of code cells, as Jupyter saves it."""
    code = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": cell.splitlines(True)} for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code})
