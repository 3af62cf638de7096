"""A derived gradient as lines: what is needed twice has a name, no line is too long, and the last hint and `derive` show them so."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "diagnosis"))
sys.path.insert(0, str(Path(__file__).parent))
from climbing import ladder, taught_by
from forms import exercise, trials

from backprop_check.derivation.backward import backward, named_lines
from backprop_check.derivation.named import INDENT, WIDTH, lines
from backprop_check.flow import check
from backprop_check.report.derivation import derivation_lines
from backprop_check.submission.zygote import Zygote

NORM = "F.layer_norm(x, (x.shape[1],), weight=u, bias=cw)"
DX = """\
rstd = (x.var(-1, unbiased=False, keepdim=True) + 1e-5)**-0.5
xhat = (x - x.mean(-1, keepdim=True)) * rstd
centred = u * dy - (u * dy).mean(-1, keepdim=True)
dx = rstd * (centred - xhat * (xhat * u * dy).mean(-1, keepdim=True))"""


def written(name: str, expression: str, *taken: str) -> list[str]:
    return [line.text for line in lines(name, ast.parse(expression, mode="eval").body, taken)]


def test_a_part_that_is_needed_twice_gets_a_name() -> None:
    assert written("dx", "torch.softmax(x @ w, 1) * (g - (torch.softmax(x @ w, 1) * g).sum(1, keepdim=True))") == [
        "p = torch.softmax(x @ w, 1)",
        "dx = p * (g - (p * g).sum(1, keepdim=True))",
    ]


def test_a_short_line_stays_whole() -> None:
    assert written("dx", "(g / y).sum(-1, keepdim=True) * x - (g / y) @ v") == ["dx = (g / y).sum(-1, keepdim=True) * x - (g / y) @ v"]


def test_no_helper_has_a_name_that_is_taken() -> None:
    twice = "torch.softmax(x @ w, 1) @ torch.softmax(x @ w, 1).T"
    assert written("dx", twice, "p", "p2")[0] == "p3 = torch.softmax(x @ w, 1)"


@pytest.mark.parametrize("depth", [3, 6, 9])
def test_what_is_too_long_is_cut_and_worth_the_same(depth: int) -> None:
    sums = "x"
    for i in range(depth):
        sums = f"(torch_sin({sums} + {i}) * 0.25 - abs({sums} - {i + 1}) / {i + 2})"
    told = written("dx", sums)
    assert len(told) > 1
    assert all(INDENT + len(line) <= WIDTH for line in told)
    scope = {"x": 0.3, "torch_sin": lambda v: v - v**3 / 6}
    values = dict(scope)
    exec("\n".join(told), values)
    assert values["dx"] == pytest.approx(eval(sums, scope))


def test_derive_and_the_last_hint_show_the_lines(tmp_path: Path, zygote: Zygote) -> None:
    graph = exercise(NORM)
    done = list(backward(graph, trials(graph)))
    assert "\n".join(line.text for line in named_lines(graph, done[0])) == DX
    shown = "\n".join(line.plain for line in derivation_lines(graph, done[:1], 100))
    assert DX in shown
    path = tmp_path / "norm.py"
    path.write_text(graph.exercise.source)
    report = check(path, path, zygote)
    (gradient,) = (g for g in report.gradients if g.verdict.target.name == "dx")
    ((_, taught),) = taught_by(report, gradient)
    last = ladder(report, gradient, taught)[-1]
    assert all(line in last for line in DX.split("\n"))
