"""The picture of the forward: every edge drawn, every shape true, at any width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from rich.cells import cell_len

from backprop_check.cli.graph import _in_ascii
from backprop_check.cli.main import main
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.numbers import axis_lengths, is_number
from backprop_check.exercise.parse import read_exercise
from backprop_check.exercise.shapes import NUMBER, written_shapes
from backprop_check.report.graph import graph_lines
from backprop_check.report.lanes import Lanes
from backprop_check.trace.graph import load_graph
from backprop_check.trace.shapes import traced_shapes

COURSE = packaged_course()
Captured = pytest.CaptureFixture[str]

EX12 = """\
○ logits
│ (N, C) = (7, 3)   used by n, counts   · dlogits
│ n = logits.shape[0]
│ a plain number   used by loss
● counts = logits.exp()
│ (N, C) = (7, 3)   used by counts_sum, probs   ✗ dcounts
├─╮
│ ● counts_sum = counts.sum(1, keepdim=True)
│ │ (N, 1) = (7, 1)   used by counts_sum_inv   · dcounts_sum
│ ● counts_sum_inv = counts_sum**-1
│ │ (N, 1) = (7, 1)   used by probs   · dcounts_sum_inv
├─╯
● probs = counts * counts_sum_inv
│ (N, C) = (7, 3)   used by logprobs   ✓ dprobs
● logprobs = probs.log()
│ (N, C) = (7, 3)   used by loss   · dlogprobs
│ ○ Y
│ │ (N,) = (7,)   used by loss
├─╯
● loss = -logprobs[range(n), Y].mean()
  ()   the output
"""


def drawn(name: str, width: int, **statuses: str) -> list[str]:
    exercise = read_exercise(COURSE.find(name))
    return [line.plain.rstrip() for line in graph_lines(exercise, written_shapes(exercise), statuses, width)]


def test_the_picture_of_ex12() -> None:
    assert "\n".join(drawn("ex12", 80, dprobs="correct", dcounts="incorrect")) + "\n" == EX12


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("name", COURSE.ids())
def test_it_is_complete_and_fits(name: str, width: int) -> None:
    lines = drawn(name, width)
    exercise = read_exercise(COURSE.find(name))
    assert all(cell_len(line) <= width for line in lines)
    text = " ".join(line.translate(str.maketrans("│├┤╮╯┴─", "       ")) for line in lines)
    assert all(target.name in text for target in exercise.targets)
    assert all(f"{line.name} =" in text for line in exercise.lines)


@pytest.mark.parametrize("name", COURSE.ids())
def test_the_shapes_need_no_torch_and_are_true(name: str) -> None:
    exercise = read_exercise(COURSE.find(name))
    graph = load_graph(exercise)
    shapes = written_shapes(exercise)
    values = graph.forward(graph.inputs(graph.sizes[1], 0))
    assert {line.name for line in exercise.lines} <= set(shapes)
    for node in shapes:
        if shapes[node] == NUMBER:
            assert not isinstance(values[node], torch.Tensor)
        else:
            shape = tuple(values[node].shape)
            lengths = axis_lengths(shapes[node], graph.sizes[1])
            # A length that follows from sizes may have a name of its own: `L` windows.
            own = set(re.findall(r"[A-Za-z_]\w*", shapes[node])) - graph.sizes[1].keys()
            assert lengths == shape or (own and shapes[node].count(",") + 1 == len(shape))


def test_without_comments_torch_tells_the_shapes() -> None:
    exercise = read_exercise(COURSE.find("ex12"))
    assert traced_shapes(load_graph(exercise)) == written_shapes(exercise)


def test_lanes_cross_and_join() -> None:
    lanes = Lanes({"a": 2, "b": 1, "c": 1, "d": 0})
    assert lanes.place("a", [], "○") == (None, "○", "│")
    assert lanes.place("b", [], "○") == (None, "│ ○", "│ │")
    assert lanes.place("c", ["a"], "●") == ("├─│─╮", "│ │ ●", "│ │ │")
    assert lanes.place("d", ["a", "b", "c"], "●") == ("├─┴─╯", "●", "")


def test_the_command_reads_the_stored_progress(course: Path, capsys: Captured) -> None:
    assert main(["graph", "ex05"]) == 0
    assert "0 of 4 gradients right (not checked yet)" in capsys.readouterr().out
    folder = course / ".backprop-check"
    folder.mkdir()
    folder.joinpath("progress.json").write_text('{"version": 1, "exercises": {"ex05": {"passed": false, "targets": {"dact": "correct"}}}}')
    assert main(["graph", "ex05"]) == 0
    out = capsys.readouterr().out
    assert "✓ dact" in out and "· dprobs" in out
    assert "1 of 4 gradients right (at the last check; the file has changed since)" in out
    assert main(["graph", "ex07"]) == 0
    assert "0 of 1 gradient right (not checked yet)" in capsys.readouterr().out


def test_plain_signs_where_the_terminal_has_no_others() -> None:
    exercise = read_exercise(COURSE.find("ex13"))
    lines = [_in_ascii(line) for line in graph_lines(exercise, written_shapes(exercise), {"dh": "correct"}, 80)]
    assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize(("source", "number"), [
    ("X.shape[0]", True), ("len(x) - 1", True), ("x.size(1)", True), ("2 * n", True), ("x.size()", False), ("x[0]", False),
    ("x.sum()", False), ("n * x", False),
])  # fmt: skip
def test_plain_numbers_are_told_by_their_text(source: str, number: bool) -> None:
    assert is_number(source, {"n"}) is number


@pytest.mark.parametrize(("axes", "lengths"), [
    ("(N, B·E)", (5, 6)), ("(N,)", (5,)), ("()", ()), ("(N-1, 2·B)", (4, 4)), ("(7, N)", (7, 5)), ("(Q,)", None), ("(N//2, B/2, N-B+1)", (2, 1, 4)), ("(N/2,)", None), ("(N/0,)", None),
])  # fmt: skip
def test_shape_comments_are_read(axes: str, lengths: tuple[int, ...] | None) -> None:
    assert axis_lengths(axes, {"N": 5, "B": 2, "E": 3}) == lengths
