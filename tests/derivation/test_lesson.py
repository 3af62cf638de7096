"""What a graph teaches of a gradient is true of it: the shares of its uses add up, the axes are named, and the laws are its own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backprop_check.derivation import lesson as module
from backprop_check.derivation.lesson import lesson, way_back
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.records import Lesson
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import load_graph
from backprop_check.trace.oracle import trace
from backprop_check.trace.response import response


def lessons(path: Path, answers: Path, zygote: Zygote) -> dict[str, Lesson]:
    report = check(path, answers, zygote)
    assert report.submission is not None
    graph = load_graph(report.exercise)
    found = {g.verdict.target.name: lesson(graph, report.submission, g.verdict) for g in report.gradients}
    for gradient in report.gradients:  # what a pass tells of it is found in another way, and the same
        name = gradient.verdict.target.name
        laws = {step.law for use in found[name].uses for way in use.ways for step in way}
        assert way_back(graph, report.submission, gradient.verdict) == (name, found[name].expression, laws)
    return found


ODD = """
import torch

def inputs(N=5, C=3):
    return dict(x=torch.rand(N, C), k=torch.randn(()), s=torch.randn(N, 1), W=torch.randn(C, 4))

def forward(x, k, s, W):
    a = x * s + k
    b = x.detach() * x
    c = torch.special.erfcx(x + 1)
    h = (a + b + c) @ W
    loss = (h * h).mean()
    return loss

def backward(x, k, s, W, a, b, c, h, loss):
    dh = ...
    da = ...
    db = ...
    dc = ...
    dW = ...
    dk = ...
    ds = ...
    dx = x * 2
"""


@pytest.fixture
def odd(tmp_path: Path, zygote: Zygote) -> dict[str, Lesson]:
    (tmp_path / "odd.py").write_text(ODD)
    return lessons(tmp_path / "odd.py", tmp_path / "odd.py", zygote)


def test_operations_are_told_in_the_forwards_words_with_axes(odd: dict[str, Lesson]) -> None:
    (use,) = odd["ds"].uses
    assert (use.line.name, use.upstream, use.axes) == ("a", "da", "(N, C)")
    ((plus, times),) = use.ways
    assert (plus.name, plus.text, plus.operand) == ("add", "x * s + k", "x * s")
    assert (times.text, times.operand, times.own, times.result) == ("x * s", "s", "(N, 1)", "(N, C)")
    assert times.copies == ("axis 1 (C)",)
    assert times.beside == (("x", "(N, C)"),)
    assert odd["dk"].uses[0].ways[0][0].copies == ("axis 0 (N)", "axis 1 (C)")
    assert odd["dW"].uses[0].ways[0][0].beside == (("a + b + c", "(N, C)"),)


def test_the_number_followed_is_where_the_answer_is_furthest_off(odd: dict[str, Lesson]) -> None:
    assert odd["dx"].given is not None
    assert odd["dx"].given != odd["dx"].gradient
    assert odd["dk"].place == ""
    assert odd["dk"].given is None
    assert odd["dk"].uses[0].count == 15


def test_a_line_outside_the_table_is_measured_and_named(odd: dict[str, Lesson]) -> None:
    assert odd["dx"].expression is None
    assert odd["dx"].outside == "`erfcx` is outside the table of laws"
    through = {use.line.name: use for use in odd["dx"].uses}
    assert through["c"].ways == ()
    assert through["c"].count == 1
    assert through["b"].moved[0].slope > 0
    assert len(through["b"].ways) == 1, "nothing goes through a detach"
    assert odd["dh"].expression == "2 * h / h.numel()"


def test_what_is_detached_does_not_respond(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    graph = load_graph(read_exercise(tmp_path / "odd.py"))
    trial = trace(graph, 0, graph.sizes[0])
    line = next(line for line in graph.exercise.lines if line.name == "b")
    slopes = response(graph, trial, line, "x", (1, 2))
    assert slopes.nonzero().tolist() == [[1, 2]]
    assert torch.isclose(slopes[1, 2], trial.values["x"][1, 2])


def test_what_cannot_be_measured_is_left_out(tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    def once_only(*_: object) -> None:
        raise RuntimeError("cannot be differentiated twice")

    monkeypatch.setattr(module, "response", once_only)
    path = packaged_course().find("ex05")
    taught = lessons(path, path, zygote)["dprobs"]
    assert math.isnan(taught.uses[0].share)
    assert replace(taught, uses=()).expression == "(1 - act**2) * dact"


LONG = """
import torch

def inputs(N=5, C=3):
    return dict(x=torch.randn(N, C), b=torch.randn(C))

def forward(x, b):
    z = x + b
    h = torch.tanh(z)
    u = h * h
    v = u.exp()
    w = v * 2
    y = w + 1
    return y

def backward(x, b, z, h, u, v, w, y, dy):
    dh = ...
    db = dh.sum(0)
    dx = ...
"""


def test_where_a_gradient_has_no_name_the_lesson_goes_on_to_one_that_has(tmp_path: Path, zygote: Zygote) -> None:
    (tmp_path / "long.py").write_text(LONG)
    taught = lessons(tmp_path / "long.py", tmp_path / "long.py", zygote)
    assert [use.upstream for use in taught["db"].uses] == [""]
    assert [(use.node, use.line.name, use.upstream) for use in taught["db"].beyond] == [("z", "h", "dh")]
    assert "1 - h**2" in taught["db"].beyond[0].ways[0][0].law
    assert [use.line.name for use in taught["dh"].uses] == ["u"]
    assert [use.line.name for use in taught["dh"].beyond] == ["v", "w", "y"]
    assert len(taught["dx"].beyond) <= module.BEYOND
    (tmp_path / "short.py").write_text(LONG.replace("    dh = ...\n", ""))
    assert len(lessons(tmp_path / "short.py", tmp_path / "short.py", zygote)["dx"].beyond) == module.BEYOND
