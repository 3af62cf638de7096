"""Make the exercise from its solution: the same file, its targets blanked. Nothing here needs torch."""

from __future__ import annotations

import ast

from backprop_check.exercise.custom import functions
from backprop_check.exercise.forward import axes_comment

COLUMN = 38
"""The column (from 0) of the shape comments in an exercise, unless a name is too long for it."""


def blank(solution: str) -> str:
    """Return the exercise file of a solution's text.

    Within `backward` each target's expression becomes `...`, its shape comment stays, and the `# why` comments go, with the lines
    that continue them (a hash and five spaces). Every other line is copied byte for byte.
    """
    lines = solution.split("\n")
    found = functions(ast.parse(solution))
    forward, backward = found["forward"], found["backward"]
    margin = " " * backward.body[0].col_offset
    names = {a.arg for a in forward.args.args} | {_assigned(node) for node in forward.body}
    gradients = {f"d{name}" for name in names if name}
    targets = {node.lineno: node for node in backward.body if _assigned(node) in gradients}
    column = max([COLUMN, *(len(_stub(node)) + 2 for node in targets.values())])
    kept: list[str] = []
    number, in_why = 1, False
    while number <= len(lines):
        line, node = lines[number - 1], targets.get(number)
        inside = backward.lineno < number <= (backward.end_lineno or 0)
        in_why = inside and (line.startswith(f"{margin}# why") or (in_why and line.startswith(f"{margin}#     ")))
        if node is not None:
            axes = axes_comment(lines, node)
            kept.append(f"{_stub(node):{column}}# {axes}" if axes else _stub(node))
            number = node.end_lineno or number
        elif not in_why:
            kept.append(line)
        number += 1
    return "\n".join(kept)


def _assigned(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _stub(node: ast.stmt) -> str:
    return f"{' ' * node.col_offset}{_assigned(node)} = ..."
