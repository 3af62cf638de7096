"""Where autograd's own gradient is no number, nothing is judged, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import Judge, clean, function

from backprop_check.authoring.values import value_findings
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import load_graph

LOG = '''
"""T.

Story.
"""
import torch

def inputs(N=6):
    return dict(x=torch.cat([torch.zeros(1), torch.rand(N - 1)]))

def forward(x):
    y = x.norm()                             # ()
    z = torch.where(x > 0, x.log(), 0.0)     # (N,)
    s = y * z                                # (N,)
    return s

def backward(x, y, z, s, ds):
    dz = ...
    dy = ...
    dx = ...
'''
ROOT = LOG.replace("torch.where(x > 0, x.log(), 0.0)", "torch.where(x > 0, x.sqrt(), 0.0)")


def said(folder: Path, zygote: Zygote, exercise: str, body: str) -> Report:
    (folder / "exercise.py").write_text(clean(exercise))
    names = read_exercise(folder / "exercise.py").parameters
    (folder / "answer.py").write_text(function(names, body))
    return check(folder / "exercise.py", folder / "answer.py", zygote)


@pytest.mark.parametrize(("exercise", "slope"), [(LOG, "1 / x"), (ROOT, "0.5 / x.sqrt()")], ids=["log", "sqrt"])
def test_only_the_other_places_are_judged(tmp_path: Path, zygote: Zygote, exercise: str, slope: str) -> None:
    for value, status in (("0.0", "correct"), ("7.0", "correct"), ("float('nan')", "correct"), ("float('inf')", "incorrect")):
        report = said(tmp_path, zygote, exercise, f"dz = y * ds\ndx = torch.where(x > 0, {slope} * dz, {value}) + x / y * dy")
        found = report.gradients[-1]
        assert found.verdict.status == status
        assert [r.code for r in found.remarks] == (["not-judged"] if "." in value else [])
    wrong = said(tmp_path, zygote, exercise, f"dx = torch.where(x > 0, 2 * {slope} * dz, 0.0) + x / y * dy").gradients[-1]
    assert wrong.verdict.status == "incorrect"
    assert [(d.code, d.certainty) for d in wrong.diagnoses] == [("unrecognised", "located")]
    assert " are not judged: autograd's own are NaN or infinite there." in wrong.diagnoses[0].note


def test_the_author_is_told(tmp_path: Path) -> None:
    path = tmp_path / "exercise.py"
    path.write_text(clean(LOG))
    found = [f.message for f in value_findings(load_graph(read_exercise(path))) if "not finite" in f.message]
    assert len(found) == 1
    assert "gradient of `x` is not finite (nan at dx[0], at N=6): no answer can be judged there" in found[0]


def test_a_gradient_that_is_nowhere_finite_is_the_exercises_fault(ask: Judge) -> None:
    with pytest.raises(AssertionError, match="gradient of `x` is nowhere finite, so nothing can be judged by it"):
        ask.marks(LOG.replace("torch.cat([torch.zeros(1), torch.rand(N - 1)])", "torch.zeros(N)"), "dz = y * ds  # -> correct")
