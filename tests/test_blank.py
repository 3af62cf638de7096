"""The exercise is its solution with the targets blanked, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_check.cli.new import TEMPLATE
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise

COURSE = packaged_course()

SOLUTION = '''\
"""Title."""
# why: this comment is not in backward, and stays


def forward(x):
    y = x * 2                         # (N,)
    return y


def backward(
    x, y,
):
    # a comment that stays
    # why: because
    #      and this goes on
    # but this does not
    helper = 2
    dy = (
        x  # not a shape
        + 1
    )  # (N,)
    # why: again
    dx = helper * dy
'''

EXERCISE = '''\
"""Title."""
# why: this comment is not in backward, and stays


def forward(x):
    y = x * 2                         # (N,)
    return y


def backward(
    x, y,
):
    # a comment that stays
    # but this does not
    helper = 2
    dy = ...                          # (N,)
    dx = ...
'''


def test_targets_are_blanked_and_their_reasons_go() -> None:
    assert blank(SOLUTION) == EXERCISE


def test_a_long_name_moves_all_the_shapes() -> None:
    name = "a_name_that_is_rather_long_for_it"
    forward = f"def forward(x):\n    {name} = x\n    return {name}\n\n\n"
    text = forward + f"def backward(x, {name}):\n    d{name} = 1  # (N,)\n    dx = 2  # (N,)\n"
    lines = blank(text).splitlines()[-2:]
    assert lines[0] == f"    d{name} = ...  # (N,)"
    assert lines[1].index("#") == lines[0].index("#")


@pytest.mark.parametrize("path", sorted(COURSE.solutions.glob("*.py")), ids=lambda path: path.stem)
def test_every_exercise_is_its_blanked_solution(path: Path) -> None:
    assert (COURSE.exercises / path.name).read_bytes() == blank(path.read_text(encoding="utf-8")).encode()


def test_exercises_and_solutions_mirror_each_other() -> None:
    assert {p.name for p in COURSE.exercises.iterdir() if p.name != "__pycache__"} == {
        p.name for p in COURSE.solutions.iterdir() if p.name != "__pycache__"
    }


def test_the_template_is_an_exercise(tmp_path: Path) -> None:
    path = tmp_path / "ex14_new.py"
    path.write_text(blank(TEMPLATE.format(title="New")))
    assert [target.name for target in read_exercise(path).targets] == ["dx", "dw"]
    assert path.read_text().count("...") == 2
