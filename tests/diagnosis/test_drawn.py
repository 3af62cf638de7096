"""A line whose shape hangs on the labels that happened to be drawn is right in a trial, and is no fix."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from pages import write

from backprop_check.diagnosis.drawn import forward_hangs_on_labels, hangs_on_labels
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.work import Work
from backprop_check.flow import check
from backprop_check.records import Line
from backprop_check.submission.zygote import Zygote

Z = torch.arange(15.0).sin().view(5, 3)  # its largest stand in all three columns
NAMES = {"X": torch.tensor([2, 0, 1, 2, 1]), "z": Z, "g": torch.arange(5.0), "keep": torch.tensor([True, False] * 2 + [True])}

HANGS = (
    "F.one_hot(X) * g[:, None]",
    "z - F.one_hot(X)",
    "F.one_hot(z.argmax(1)) * z",
    "torch.bincount(X) * torch.ones(5, 1)",
    "torch.zeros(5, int(X.max()) + 1)",
    "F.one_hot(X, X.max() + 1) * z",
)
HOLDS = (
    "F.one_hot(X, 3) * g[:, None]",
    "z - F.one_hot(X, z.shape[1])",
    "torch.zeros_like(z).index_put((torch.arange(5), X), g)",
    "torch.zeros_like(z).index_add(0, X, z)",
    "z / torch.bincount(X, minlength=3)",
    "z.gather(1, X[:, None]).expand(5, 3)",
    "z * keep[:, None]",
)


@pytest.mark.parametrize("expression", HANGS)
def test_a_shape_that_hangs_on_labels(expression: str) -> None:
    assert hangs_on_labels(ast.parse(expression, mode="eval").body, NAMES["z"], NAMES, Work())


@pytest.mark.parametrize("expression", HOLDS)
def test_a_shape_that_does_not(expression: str) -> None:
    assert not hangs_on_labels(ast.parse(expression, mode="eval").body, NAMES["z"], NAMES, Work())


@pytest.mark.parametrize("expression", [*HANGS, *HOLDS, "[z * k for k in X][0]", "z.T @ g", "-z / z.shape[1]"])
def test_what_is_known_of_whole_numbers(expression: str) -> None:
    """Where none came into a value, it is the same with other labels; nothing is known of what was not evaluated."""
    evaluator, tree = Evaluator(NAMES, Work()), ast.parse(expression, mode="eval").body
    assert not evaluator.knows_no_whole_numbers(tree)
    evaluator(tree)
    assert evaluator.knows_no_whole_numbers(tree) == (expression in ("z * keep[:, None]", "z.T @ g", "-z / z.shape[1]"))


def test_a_forward_may_hang_on_labels_itself() -> None:
    made = {**NAMES, "t": torch.nn.functional.one_hot(NAMES["X"])}
    assert forward_hangs_on_labels([Line("t", "F.one_hot(X)", "", 1, ("X",))], made, Work())
    assert not forward_hangs_on_labels([Line("t", "F.one_hot(X, 3)", "", 1, ("X",))], made, Work())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("dz = (F.one_hot(Y) - torch.softmax(z, 1)) / n", "wrong-sign"),
        ("dz = torch.softmax(z, 1) - F.one_hot(Y)", "wrong-scale"),
        ("dz = (torch.softmax(z, 0) - F.one_hot(Y)) / n", "wrong-axis"),
    ],
)
def test_no_fix_counts_the_labels_that_were_drawn(wrong: str, code: str, tmp_path: Path, zygote: Zygote) -> None:
    """Here each class is drawn in every trial: what else is wrong is named, and the fix says how many classes there are."""
    page = (
        "Forward: n = z.shape[0]; loss = F.cross_entropy(z, Y)\nShapes: z (N, C)\nInputs: torch.randn; Y = torch.arange(N) % C\n"
        f"Wrong: {wrong}\nRight: dz = (torch.softmax(z, 1) - F.one_hot(Y, z.shape[1])) / n\n"
    )
    (gradient,) = check(*write(tmp_path, page, wrong), zygote).gradients
    assert [d.code for d in gradient.diagnoses] == [code]
    assert gradient.diagnoses[0].fix == "(torch.softmax(z, 1) - F.one_hot(Y, z.shape[1])) / n"
