"""Answers made step by step, in loops or by writing into places: what is to be changed is one thing in one of their lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import verifier
from rich.console import Console

from backprop_check.derivation.lesson import lesson
from backprop_check.flow import check
from backprop_check.records import Diagnosis, Gradient, Report
from backprop_check.report.hint.ladder import hint_lines
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import load_graph

EXERCISES = Path(__file__).parents[2] / "exercises"

ROWS = (
    ("ex20", "dlogp = torch.zeros_like(logp)|dlogp[range(y.shape[0])][:, y] = dp", "not-kept", "dlogp[range(y.shape[0]), y] = dp"),
    ("ex19", "dE = torch.zeros_like(E)|dE[ix].add_(demb)", "not-kept", "dE.index_put_((ix,), demb, accumulate=True)"),
    ("ex27", "dE = dscores.T @ h|dE.index_add(0, ix, demb)", "not-kept", "dE = dE.index_add(0, ix, demb)"),
    ("ex11", "db2 = torch.zeros_like(b2)|for i in range(h.shape[0]):|    db2 + dlogits[i]", "not-kept", "db2 += dlogits[i]"),
    ("ex01", "da = torch.zeros_like(a)|for i in range(len(a)):|    da[i] = b[0]", "wrong-slice", "da[i] = b[i]"),
    ("ex02b", "da = torch.zeros_like(a)|for i in range(a.shape[0]):|    da[i] = b * dc[0]", "wrong-slice", "da[i] = b * dc[i]"),
    ("ex02b", "db = torch.zeros_like(b)|for i in range(len(dc)):|    db -= a[i] * dc[i]", "wrong-sign", "db += a[i] * dc[i]"),
    ("ex02b", "db = torch.zeros_like(b)|for i in range(len(dc)):|    db = a[i] * dc[i]", "overwritten-branch", "db += a[i] * dc[i]"),
    ("ex03b", "db = torch.ones_like(b)|for i in range(a.shape[0]):|    db += torch.outer(a[i], dc[i])", "wrong-start",
     "db = torch.zeros_like(b)"),
    ("ex03b", "da = torch.zeros_like(a)|for i in range(a.shape[0]):|    for k in range(a.shape[1]):|        for m in range(b.shape[1]):|"
     "            da[i, k] += dc[i, m] * a[i, k]", "wrong-operand", "da[i, k] += dc[i, m] * b[k, m]"),
    ("ex05", "dcounts_sum_inv = torch.zeros_like(counts_sum_inv)|for i in range(counts.shape[0]):|    for j in range(counts.shape[1]):|"
     "        dcounts_sum_inv[i, 0] = counts[i, j] * dprobs[i, j]", "overwritten-branch",
     "dcounts_sum_inv[i, 0] += counts[i, j] * dprobs[i, j]"),
    ("ex06b", "da = torch.zeros_like(a)|for i in range(a.shape[0] - 1):|    da[i] = b[i] * dc[i]", "wrong-slice", "for i in range(a.shape[0]):"),
    ("ex09b", "da = torch.zeros_like(a)|for t in range(a.shape[1]):|    da[:, t] = db / a.shape[1]", "wrong-scale", "da[:, t] = db"),
    ("ex10", "da = torch.zeros_like(a)|da[a == b] = db", "shape-error", "da[a == b] = db.squeeze(1)"),
    ("ex10b", "da = torch.zeros_like(a)|for i in range(a.shape[0]):|    da[i, a.argmax(0)[i]] = db[i]", "wrong-axis",
     "da[i, a.argmax(1)[i]] = db[i]"),
    ("ex11", "db2 = torch.zeros_like(b2)|for i in range(h.shape[0]):|    for j in range(b2.shape[0]):|"
     "        db2[j] = db2[j] + dlogits[i, j] * h[i, j]", "wrong-local-derivative", "db2[j] = db2[j] + dlogits[i, j]"),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs)|dlogprobs[range(n), Y] = -1", "wrong-scale", "dlogprobs[range(n), Y] = -1 / n"),
    ("ex12", "dlogits = probs.clone()|dlogits[range(n), Y] -= 1", "wrong-scale", "dlogits /= n"),
    ("ex12", "dlogits = probs.clone()|dlogits[range(n), Y] -= 1|dlogits /= logits.shape[1]", "wrong-scale", "dlogits /= n"),
    ("ex12b", "dlogits = torch.zeros_like(logits)|for i in range(logits.shape[0]):|"
     "    J = torch.diag(probs[i]) + torch.outer(probs[i], probs[i])|    dlogits[i] = J @ dprobs[i]", "wrong-sign",
     "J = torch.diag(probs[i]) - torch.outer(probs[i], probs[i])"),
)  # fmt: skip
"""An exercise, statements for the answer, the code, and the line that has to be changed as it is to read."""

STOPPED = (
    ("ex03b", "da = torch.zeros_like(a)|for j in range(b.shape[1]):|    da += dc[:, j] * b[:, j]", r"`dc\[:, j\]` is \(N,\)"),
    ("ex03b", "db = torch.zeros_like(b)|for i in range(a.shape[0]):|    db += torch.outer(dc[i], a[i])", r"is \(M, K\) = \(7, 3\): `\+`"),
    ("ex03b", "da = torch.zeros_like(a)|for i in range(a.shape[0]):|    for k in range(a.shape[1]):|        da[i, k] = dc[i] * b[k]",
     r"what is written is \(7,\), and `da\[i, k\]` is one number"),
)  # fmt: skip


def answered(exercise: str, answer: str, folder: Path, zygote: Zygote) -> tuple[Report, Gradient]:
    (path,) = EXERCISES.glob(f"{exercise}_*.py")
    name = answer.split(" =")[0]
    body = "\n".join(f"    {line}" for line in answer.split("|"))
    file = folder / "answer.py"
    file.write_text(re.sub(rf"^ *{name} = \.\.\..*$", lambda _: body, path.read_text(encoding="utf-8"), count=1, flags=re.M))
    report = check(path, file, zygote)
    (gradient,) = [g for g in report.gradients if g.verdict.target.name == name]
    return report, gradient


def last_hint(report: Report, gradient: Gradient) -> str:
    assert report.submission is not None
    taught = lesson(load_graph(report.exercise), report.submission, gradient.verdict)
    console = Console(width=160)
    with console.capture() as shown:
        for line in hint_lines(report.exercise, report.submission, gradient, taught, 4, None, 160):
            console.print(line)
    return shown.get()


@pytest.mark.parametrize(("exercise", "answer", "code", "line"), ROWS, ids=[row[1].split("|")[-1].strip() for row in ROWS])
def test_one_thing_in_one_line(exercise: str, answer: str, code: str, line: str, tmp_path: Path, zygote: Zygote) -> None:
    report, gradient = answered(exercise, answer, tmp_path, zygote)
    (told,) = gradient.diagnoses
    assert (told.code, told.certainty) == (code, "proven")
    assert told.near is not None and told.near[1] == line
    assert "statements" in [claim.kind for claim in told.claims]
    assert list(verifier.false_claims(as_json(report), report.exercise.path, tmp_path / "answer.py")) == []
    hint = last_hint(report, gradient)
    assert line in hint and "nearest" not in hint


def test_a_line_that_is_shown_is_right(tmp_path: Path, zygote: Zygote) -> None:
    for exercise, answer, _, line in ROWS:
        told: Diagnosis = answered(exercise, answer, tmp_path, zygote)[1].diagnoses[0]
        assert told.near is not None
        lines = answer.split("|")
        found = re.search(r"\d+", told.near[0])
        (path,) = EXERCISES.glob(f"{exercise}_*.py")
        first = next(
            i for i, row in enumerate(path.read_text().split("\n"), 1) if row.strip().startswith(f"{lines[0].split(' =')[0]} = ...")
        )
        at = int(found[0]) - first if found else 0
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at : at + 1] = [lines[at], line] if told.near[0].startswith("this follows") else [indent + line]
        assert answered(exercise, "|".join(lines), tmp_path, zygote)[1].verdict.status == "correct", lines


@pytest.mark.parametrize(("exercise", "answer", "error"), STOPPED, ids=[row[1].split("|")[-1].strip() for row in STOPPED])
def test_a_round_that_stops_is_told_with_its_shapes(exercise: str, answer: str, error: str, tmp_path: Path, zygote: Zygote) -> None:
    report, gradient = answered(exercise, answer, tmp_path, zygote)
    assert re.search(error, gradient.diagnoses[0].error), gradient.diagnoses[0].error
    assert list(verifier.false_claims(as_json(report), report.exercise.path, tmp_path / "answer.py")) == []
