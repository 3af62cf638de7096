"""Claims: every diagnosis carries some, an independent reader finds them true, and one that fails in the unseen run is not said."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import verifier
from pages import section, write
from test_catalogue import ROWS, given
from test_catalogue import page as page_of
from test_heldout import FOLDERS, packs, submission
from test_pages import code

from backprop_check.diagnosis.rules import rules, wrong_sign
from backprop_check.flow import check
from backprop_check.records import Claim
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote

WITHOUT = {
    "aliased": "the answer was right, and was changed by a later line: of its value there is nothing to say",
    "autograd-used": "nothing was computed",
    "not-deterministic": "two runs gave two answers, and neither is the answer",
    "not-a-tensor": "the answer has no value that could be compared",
    "syntax-error": "nothing was computed",
    "unrecognised": "a line that was stopped from outside gave nothing",
    "wrong-dtype": "what is said is the dtype",
}
"""Codes that may come without any claim."""

EVERY, HELDOUT = 5, 60


def examined(exercise: Path, answer: Path, zygote: Zygote) -> dict[str, Any]:
    """The report as a reader of its JSON has it, each of its claims held by the verifier; none that stands alone is false."""
    report = json.loads(json.dumps(as_json(check(exercise, answer, zygote))))
    assert list(verifier.false_claims(report, exercise, answer)) == []
    for gradient in report["gradients"]:
        for diagnosis in gradient["diagnoses"]:
            assert diagnosis["claims"] or diagnosis["code"] in WITHOUT, diagnosis
    return report


@pytest.mark.parametrize("rule", rules().values(), ids=code)
def test_claims_of_a_page(rule: ModuleType, tmp_path: Path, zygote: Zygote) -> None:
    page = rule.__doc__ or ""
    examined(*write(tmp_path, page, section(page, "Wrong")), zygote)


@pytest.mark.parametrize(("file", "row"), ROWS[::EVERY], ids=[f"{file}: {row['code']}: {row['wrong']}" for file, row in ROWS[::EVERY]])
def test_claims_of_a_row(file: str, row: dict[str, Any], tmp_path: Path, zygote: Zygote) -> None:
    examined(*write(tmp_path, page_of(row), given(row, row["wrong"])), zygote)


@pytest.mark.parametrize("source", FOLDERS, ids=lambda path: path.name)
def test_claims_on_graphs_of_others(source: Path, tmp_path: Path, zygote: Zygote) -> None:
    lines = [line for line in (source / "cases.jsonl").read_text().splitlines() if line.strip()]
    right = json.loads((source / "right.json").read_text())
    for i, pack in enumerate(packs([json.loads(line) for line in lines[::HELDOUT]])):
        path = tmp_path / f"{i}.py"
        path.write_text(submission((source / "exercise.py").read_text(), right, pack))
        examined(source / "exercise.py", path, zygote)


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
