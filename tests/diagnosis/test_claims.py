"""Claims: the independent reader tells true ones from false ones, and one that fails in the unseen run is not said.

That those of every page, of the catalogue and of the graphs of others are true is asserted where these are judged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import verifier
from pages import section, write

from backprop_check.diagnosis.mistakes import wrong_sign
from backprop_check.flow import check
from backprop_check.records import Claim
from backprop_check.submission.zygote import Zygote

EXERCISE = '''"""One of each."""
import torch

def inputs(N=4, C=3):
    return dict(x=torch.randn(N, C), w=torch.randn(N, C))

def forward(x, w):
    e = torch.exp(x)
    q = e * w + x
    p = torch.softmax(q, 1)
    loss = (p * w).sum()
    return loss

def backward(x, w, e, q, p, loss):
    dp = ...
    dq = ...
    de = ...
    dx = ...
'''

TRUE_AND_FALSE: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("dx", "2 * (de * e + dq)", {"kind": "equal", "left": "answer / 2", "right": "gradient"}, {"left": "answer"}),
    ("dx", "de * x + dq", {"kind": "slope", "line": "e", "of": "torch.exp(x)", "by": "x", "taken": "x"}, {"taken": "y"}),
    ("dx", "torch.exp(de) + dq", {"kind": "sent-through", "line": "e", "of": "torch.exp(x)", "by": "x"}, {"line": "q", "of": "e * w + x"}),
    ("dx", "de + dq", {"kind": "as-if", "lines": {"e": "x"}}, {"lines": {"e": "2 * x"}}),
    ("dx", "dq", {"kind": "gradient-of", "line": "q", "part": "e * w"}, {"line": "e", "part": "torch.exp(x)"}),
    ("dx", "dq", {"kind": "uses-taken", "uses": [["e", 0]], "times": 0}, {"times": 2}),
    ("dq", "p * (1 - p) * dp", {"kind": "diagonal", "line": "p"}, {"line": "q"}),
    ("dx", "e + 1", {"kind": "ones-for", "gradients": ["de", "dq"]}, {"gradients": ["dq"]}),
    ("dx", "dq.sum(1, keepdim=True)", {"kind": "shapes", "got": [[4, 1]], "due": [[4, 3]]}, {"got": [[4]]}),
    ("dx", "dq @ dq", {"kind": "raised", "error": "RuntimeError", "message": ""}, {"error": "TypeError"}),
    ("dx", "dq @ dq", {"kind": "met", "shapes": {"dq": [4, 3]}}, {"shapes": {"dq": [3, 4]}}),
    (
        "dx",
        "dq - de * e",
        {"kind": "statements", "changed": [[18, 4, "dx = dq + de * e"]]},
        {"changed": [[18, 4, "dx = dq + de"]]},
    ),
    (
        "dx",
        "-(dq + de * e)",
        {"kind": "statements", "followed": [[18, 4, "dx = -dx"]]},
        {"followed": [[18, 4, "dx = 2 * dx"]]},
    ),
    (
        "dx",
        "-dq",
        {"kind": "equal", "left": "-answer", "right": "gradient", "answer": "-(de * e + dq)"},
        {"answer": "-dq"},
    ),
]


@pytest.mark.parametrize(
    ("target", "line", "claim", "change"), TRUE_AND_FALSE, ids=lambda x: x.get("kind", "") if isinstance(x, dict) else ""
)
def test_the_verifier_tells_true_from_false(target: str, line: str, claim: dict[str, Any], change: dict[str, Any], tmp_path: Path) -> None:
    exercise, answer = tmp_path / "ex71_one_of_each.py", tmp_path / "answer.py"
    exercise.write_text(EXERCISE)
    answer.write_text(EXERCISE.replace(f"{target} = ...", f"{target} = {line}"))

    def false(claim: dict[str, Any]) -> list[str]:
        report = {"gradients": [{"name": target, "diagnoses": [{"code": "", "claims": [claim]}]}]}
        return list(verifier.false_claims(report, exercise, answer))

    assert false(claim) == []
    assert len(false({**claim, **change})) == 1


def test_a_claim_that_fails_in_the_unseen_run_silences_its_diagnosis(
    tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise, answer = tmp_path / "ex71_one_of_each.py", tmp_path / "answer.py"
    exercise.write_text(EXERCISE)
    answer.write_text(EXERCISE.replace("dx = ...", "dx = -(de * e + dq)"))

    def evidence() -> list[str]:
        return [d.evidence for g in check(exercise, answer, zygote).gradients for d in g.diagnoses]

    said = "The answer times -1 equals autograd's gradient in every trial."
    assert evidence() == [said]
    monkeypatch.setattr(wrong_sign, "equal", lambda left: Claim("equal", {"left": "2 * answer", "right": "gradient"}))
    assert said not in evidence()


def test_the_claim_of_a_diagonal_is_tested_along_its_axis(tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the unseen run sizes are larger: a row of the Jacobian for each element would be thousands of thousands of numbers."""
    asked = []
    real = torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *given, **named: asked.append(1) or real(*given, **named))
    page = "Forward: p = torch.softmax(s, -1)\nShapes: s (B, T, C)\nWrong: ds = p * (1 - p) * dp\nRight: ds = p * (dp - (p * dp).sum(-1, True))\n"
    (gradient,) = check(*write(tmp_path, page, section(page, "Wrong")), zygote).gradients
    assert [d.code for d in gradient.diagnoses] == ["diagonal-jacobian"]
    unseen = gradient.verdict.unseen
    assert unseen is not None
    assert len(asked) < unseen.trial.gradients["ds"].numel()
