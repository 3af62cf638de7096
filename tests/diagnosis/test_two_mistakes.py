"""What is said of one mistake is true beside the other."""

from __future__ import annotations

from pathlib import Path

from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

EXERCISE = '''"""A bias that is one number."""
import torch

def inputs(N=6, K=4):
    return dict(X=torch.randn(N, K), w=torch.randn(K), b=torch.randn(()))

def forward(X, w, b):
    z = X @ w + b
    loss = torch.tanh(z).sum()
    return loss

def backward(X, w, b, z, loss):
    dz = ...
    db = ...
'''


def test_numbers_that_another_mistake_spoils_are_not_called_right(tmp_path: Path, zygote: Zygote) -> None:
    exercise, answer = tmp_path / "ex70_bias.py", tmp_path / "answer.py"
    exercise.write_text(EXERCISE)
    answer.write_text("def backward(X, w, b, z, loss):\n    dz = ...\n    db = dz.mean().reshape(-1)\n")
    report = check(exercise, answer, zygote)
    (found,) = [g.diagnoses for g in report.gradients if g.verdict.target.name == "db"]
    assert {d.code for d in found} == {"extra-keepdim", "mean-for-sum"}
    assert all("other mistake" in d.evidence for d in found)
    assert not any(d.note.startswith("The numbers are right") for d in found)
