"""What the fixtures give to a course's own tests."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.course import find_course, locate
from backprop_check.exercise.definition import course_exercise
from backprop_check.here import argument, learner_name, name_of, retained
from backprop_check.live.asked import Asked
from backprop_check.live.caller import caller
from backprop_check.live.compare import compared
from backprop_check.live.say import said
from backprop_check.pairs.anew import changed
from backprop_check.pairs.behind import behind
from backprop_check.pytest_plugin.answers import Answers
from backprop_check.pytest_plugin.judging import judge
from backprop_check.report.json import as_json
from backprop_check.submission.parse import read_submission


def assert_gradient(dx: Any, x: torch.Tensor) -> None:
    """Hold `dx` against `x.grad`. Raises `AssertionError` with the explanation where it is wrong, `BadInput` where `x` has no gradient."""
    __tracebackhide__ = True
    around = caller(sys._getframe(1))
    node = name_of(around, x, argument(around, "assert_gradient", 1) or "x")
    learner = learner_name(around, dx, "assert_gradient", 0) or "d" + node
    try:
        asked = Asked(learner, node, dx, x, retained(x, node))
        result = compared(around, asked, anew=changed)
    except BadInput as error:
        raise BadInput(str(error)) from None  # shown where it was asked
    if not result.right:
        raise AssertionError("\n".join([*said(node, result, around, asked), *behind(result, asked)]))


def checked(config: pytest.Config, exercise: str | os.PathLike[str], submission: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the JSON report on `submission`, held against an exercise: an id of the course, or the path of an exercise file.

    The course is the one around the root of the tests, else around the current folder. Raises `BadInput` where there is no such exercise.
    """
    asked, root = os.fspath(exercise), config.rootpath
    start = root if not find_course(root).packaged else Path.cwd()
    if asked.endswith(".py") or "/" in asked:
        asked = str(_standing(asked, root))
    course, path = locate(asked, start)
    answers = Answers(partial(read_submission, _standing(submission, root)))
    return as_json(judge(config).report(course_exercise(course, path), answers))


def _standing(path: str | os.PathLike[str], root: Path) -> Path:
    """Return a path as it stands in the current folder or, where nothing is there, from the root of the tests."""
    return Path(path) if Path(path).exists() or not (root / path).exists() else root / path
