"""A forward that is no straight line (a loop, a helper, a name bound twice, an in-place line), run once and written out in lines."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.sizes import choose_sizes
from backprop_check.exercise.top_level import surroundings
from backprop_check.recording import graph, recording
from backprop_check.trace.author import authors
from backprop_check.trace.graph import default_dtype, seeded

LOOK = "    # Unrolled from a forward that is no straight line: look whether these are the lines you mean.\n"
"""What the author finds above the lines."""


def unrolled(path: Path, source: str, fault: BadInput) -> str:
    """Return the file's text with its `forward` written out in lines. Raises `fault` where they would not give what it gives.

    The lines are those of its own sizes. They are held against the forward itself at the others, too.
    """
    tree = ast.parse(source)
    node = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "forward")
    if _is_straight(node):  # it is refused for something else
        raise fault
    kept = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in ("inputs", "forward")]
    tree.body = sorted([*surroundings(tree), *kept], key=lambda each: each.lineno)
    try:
        with authors(path), default_dtype(torch.float64):
            with seeded(0):
                scope: dict[str, Any] = {"__name__": "unrolled", "__file__": str(path)}
                exec(compile(tree, str(path), "exec"), scope)
            lines = _lines(scope, node)
            text = None if lines is None else _put(source, node, lines)
            if text is None or not _same(path, scope, text):
                raise fault
    except BadInput:
        raise fault from None
    return text


def _is_straight(node: ast.FunctionDef) -> bool:
    names = [target.id for each in node.body if isinstance(each, ast.Assign) for target in each.targets if isinstance(target, ast.Name)]
    plain = all(isinstance(each, ast.Return) or (isinstance(each, ast.Assign) and len(each.targets) == 1) for each in node.body)
    return plain and len(names) == len({*names}) == sum(isinstance(each, ast.Assign) for each in node.body)


def _drawn(scope: Mapping[str, Any], sizes: Mapping[str, int], seed: int) -> dict[str, Any]:
    with seeded(seed):
        drawn = scope["inputs"](**sizes)
    if not isinstance(drawn, dict):
        raise BadInput("`inputs` returns no dict")
    return {k: v.detach().requires_grad_() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in drawn.items()}


def _lines(scope: Mapping[str, Any], node: ast.FunctionDef) -> list[str] | None:
    """The lines that the forward ran at its own sizes, and its `return`."""
    ended: dict[str, Any] = {}
    forward = scope["forward"]

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code is forward.__code__:
            ended.update(frame.f_locals)

    arguments = _drawn(scope, {}, 0)
    with recording() as recorder:
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            output = forward(**arguments)
        finally:
            sys.setprofile(before)
    counted = {n.id for each in ast.walk(node) if isinstance(each, ast.For) for n in ast.walk(each.target) if isinstance(n, ast.Name)}
    names = {name: value for name, value in {**scope, **ended}.items() if name not in counted}  # each step has a number of its own
    found = graph(recorder, output, {**ended, **arguments}, around=names) if isinstance(output, torch.Tensor) else None
    if found is None:
        return None
    exercise = found.graph.exercise
    last = found.name_of(output) or exercise.output
    numbers = [name for name in exercise.inputs if name not in arguments and name not in scope]
    given = [_number(name, node, arguments, scope) for name in numbers]
    if None in given:
        return None
    made = [f"{line.name} = {line.source}" for line in exercise.lines]
    upto = [line.name for line in exercise.lines].index(last) + 1 if last in [line.name for line in exercise.lines] else len(made)
    return [*(line for line in given if line is not None), *made[:upto], f"return {last}"]


def _number(name: str, node: ast.FunctionDef, arguments: Mapping[str, Any], scope: Mapping[str, Any]) -> str | None:
    """The line of the forward that gives a plain number its name, where that reads its arguments only."""
    given = [each for each in node.body if isinstance(each, ast.Assign) and [ast.unparse(t) for t in each.targets] == [name]]
    if len(given) != 1:
        return None
    read = {n.id for n in ast.walk(given[0].value) if isinstance(n, ast.Name)}
    return ast.unparse(given[0]) if read <= {*arguments, *scope, "int", "len", "float"} else None


def _put(source: str, node: ast.FunctionDef, lines: list[str]) -> str:
    rows = source.split("\n")
    head = rows[node.lineno - 1 : node.body[0].lineno - 1]
    rows[node.lineno - 1 : node.end_lineno] = [*head, LOOK.rstrip("\n"), *(f"    {line}" for line in lines)]
    return "\n".join(rows)


def _same(path: Path, scope: Mapping[str, Any], text: str) -> bool:
    """Whether the lines give what the forward gives, at every choice of sizes."""
    tree = ast.parse(text)
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in ("inputs", "forward")]
    ours = dict(scope)
    exec(compile(tree, str(path), "exec"), ours)
    sizes = {a.arg: ast.literal_eval(d) for n in tree.body if n.name == "inputs" for a, d in zip(n.args.args, n.args.defaults, strict=True)}  # type: ignore[attr-defined]
    listed = scope.get("SIZES", ())
    for seed, choice in enumerate(choose_sizes(sizes, list(listed))):
        there, here = (f["forward"](**_drawn(scope, choice, seed)) for f in (scope, ours))
        if not isinstance(there, torch.Tensor) or there.shape != here.shape or not torch.allclose(there, here, rtol=1e-9, atol=1e-12):
            return False
    return True
