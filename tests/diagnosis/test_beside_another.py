"""Answers with two mistakes of which one was once told as the whole: what is said holds, and both are named."""

from __future__ import annotations

from pathlib import Path

import pytest
import verifier

from backprop_check.flow import check
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote

ROPE = '''"""Rotary embedding."""
import torch

def inputs(T=5, D=4):
    return dict(x=torch.randn(T, 2 * D), cos=torch.randn(T, D), sin=torch.randn(T, D))

def forward(x, cos, sin):
    a = x[..., ::2]
    b = x[..., 1::2]
    ra = a * cos - b * sin
    rb = a * sin + b * cos
    out = torch.stack([ra, rb], dim=-1).flatten(-2)
    return out

def backward(x, cos, sin, a, b, ra, rb, out, dout):
    drb = ...
    dra = ...
    dcos = ...
'''
GRU = '''"""The new state of a gated cell."""
import torch

def inputs(N=5, D=4, H=3):
    return dict(x=torch.randn(N, D), h=torch.randn(N, H), z=torch.rand(N, H), r=torch.rand(N, H), W=torch.randn(D, H), U=torch.randn(H, H))

def forward(x, h, z, r, W, U):
    n = torch.tanh(x @ W + (r * h) @ U)
    h2 = (1 - z) * n + z * h
    return h2

def backward(x, h, z, r, W, U, n, h2, dh2):
    dn = ...
    dU = ...
'''
RNN = '''"""Two steps of a recurrent layer."""
import torch

def inputs(N=4, D=3, H=5):
    return dict(x=torch.randn(N, 2, D), h0=torch.randn(N, H), Wx=torch.randn(D, H), Wh=torch.randn(H, H), b=torch.randn(H))

def forward(x, h0, Wx, Wh, b):
    h1 = torch.tanh(x[:, 0] @ Wx + h0 @ Wh + b)
    h2 = torch.tanh(x[:, 1] @ Wx + h1 @ Wh + b)
    out = torch.stack([h1, h2], dim=1)
    return out

def backward(x, h0, Wx, Wh, b, h1, h2, out, dout):
    dh2 = ...
    dh1 = ...
    db = ...
'''


@pytest.mark.parametrize(
    ("exercise", "answer", "never"),
    [
        (ROPE, "dcos = b * a + a * ra", "only through"),
        (GRU, "dU = (r * h).T @ ((1 - dh2**2) * n)", "^With `dn`"),
        (RNN, "db = ((1 - h2**2) * dh2).sum(0) + ((1 - h1 / 2) * dh1).sum(0)", "1 - h1)"),
    ],
)
def test_both_are_told_and_every_claim_holds(exercise: str, answer: str, never: str, tmp_path: Path, zygote: Zygote) -> None:
    path, handed_in = tmp_path / "ex71_two.py", tmp_path / "answer.py"
    path.write_text(exercise)
    name = answer.split(" =")[0]
    handed_in.write_text(exercise.replace(f"    {name} = ...", f"    {answer}"))
    report = as_json(check(path, handed_in, zygote))
    (found,) = [g["diagnoses"] for g in report["gradients"] if g["name"] == name]
    assert len(found) == 2 and all("With the other mistake put right" in d["evidence"] for d in found)
    assert not [d for d in found if never in d["note"] or never in d["evidence"] or d["evidence"].startswith(never.strip("^"))]
    assert verifier.counted(report) and not list(verifier.false_claims(report, path, handed_in))
