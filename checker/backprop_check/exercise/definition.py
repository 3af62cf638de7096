"""Which file says what an exercise asks, when the learner writes into the exercise itself."""

from __future__ import annotations

import ast
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course
from backprop_check.exercise.parse import read_exercise


def definition(course: Course, exercise: Path) -> Path:
    """Return the solution that mirrors `exercise` where both have the same inputs and forward, else `exercise` itself.

    A learner may have lost a target's line, or broken one; the solution still names every gradient to write.
    """
    try:
        solution = course.solution(exercise)
    except BadInput:
        return exercise
    return solution if _graph(solution) == _graph(exercise) else exercise


def _graph(path: Path) -> list[str]:
    tree = ast.parse(read_exercise(path).source)
    return [ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in ("inputs", "forward")]
