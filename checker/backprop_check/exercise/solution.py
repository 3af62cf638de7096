"""Read a solution: each gradient's expression, and the comment that says why. Nothing here needs torch."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.custom import functions
from backprop_check.exercise.source import segment
from backprop_check.files import read_text


@dataclass(frozen=True)
class Step:
    """One line of a solution's `backward`: `name = source`, and why."""

    name: str
    source: str
    why: str


def read_solution(path: Path) -> dict[str, Step]:
    """Return the steps of the solution at `path` by the gradient's name. Raises `BadInput` when it cannot be read."""
    text = read_text(path, "solution")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise BadInput(f"{path}:{error.lineno}: the solution does not parse ({error.msg}): mend that line.") from None
    backward = functions(tree)["backward"]
    lines, coded = text.split("\n"), text.encode().split(b"\n")
    steps = {}
    for node in backward.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            steps[name] = Step(name, segment(node.value, coded), _why(lines, node.lineno - 1))
    return steps


def _why(lines: list[str], index: int) -> str:
    """The comment that ends above the line `index`, without its hashes and the word `why`."""
    comment: list[str] = []
    while index > 0 and lines[index - 1].lstrip().startswith("#"):
        index -= 1
        comment.insert(0, lines[index].strip().lstrip("# "))
    return " ".join(comment).removeprefix("why:").strip()
