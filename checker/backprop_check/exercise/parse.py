"""Read an exercise file into a record, and hold it to the contract (design, section 2)."""

from __future__ import annotations

import ast
import contextlib
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.custom import plain
from backprop_check.exercise.forward import axes_comment, read_forward
from backprop_check.exercise.mend import parse_leniently
from backprop_check.exercise.targets import stubs
from backprop_check.files import read_text
from backprop_check.records import Broken, Exercise, Target

_ID = re.compile(r"(ex\d+[a-z]?)_")


def read_exercise(path: Path) -> Exercise:
    """Parse the exercise at `path`. Raises `BadInput` with the line and the rule it breaks."""
    return parse_exercise(path, read_text(path, "exercise file"))


@lru_cache(64)
def parse_exercise(path: Path, source: str) -> Exercise:
    """Parse the text of an exercise; `path` names it in messages. Raises `BadInput` as `read_exercise` does."""
    tree, mended, broken = parse_leniently(plain(source))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in ("inputs", "forward", "backward"):
        if name not in functions and broken:
            raise BadInput(f"{path}:{broken[0].line}: the exercise does not parse ({broken[0].message}).")
        if name not in functions:
            raise BadInput(f"{path} is no exercise: it defines no `{name}` (see `backprop-check new`).")
    _whole(path, broken, functions["backward"])
    text = mended.split("\n")
    forward, backward = functions["forward"], functions["backward"]
    arguments = tuple(a.arg for a in forward.args.args)
    lines, output = read_forward(path, forward, text)
    names = {*arguments, *(line.name for line in lines)}
    parameters = tuple(a.arg for a in backward.args.args)
    if "d" + output in parameters and any(line.name == output and line.axes == "()" for line in lines):
        raise BadInput(needless_cotangent(f"{path}:{backward.lineno}", output))
    targets = _targets(path, backward, text, names, broken)
    story = ast.get_docstring(tree) or ""
    match = _ID.match(path.name)
    return Exercise(
        id=match.group(1) if match else path.stem,
        path=path,
        title=story.split("\n", 1)[0].strip() or path.stem,
        story=story,
        source=mended,
        sizes=_sizes(path, functions["inputs"]),
        inputs=arguments,
        lines=lines,
        output=output,
        parameters=parameters,
        targets=targets,
        points=_points(path, tree, {target.name for target in targets}),
    )


def _points(path: Path, tree: ast.Module, targets: set[str]) -> dict[str, float]:
    """Read `POINTS = dict(dW=2)`, or the same as a dict in braces: what targets are worth that are not worth 1."""
    node = next((n for n in reversed(tree.body) if "POINTS" in _names_given(n)), None)
    if node is None:
        return {}
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    given: dict[object, object] = {}
    points: dict[str, float] = {}
    with contextlib.suppress(ValueError, TypeError, SyntaxError, ArithmeticError, MemoryError, RecursionError):
        if isinstance(value, ast.Call) and not value.args:
            given = {k.arg: ast.literal_eval(k.value) for k in value.keywords}
        elif value is not None:
            given = dict(ast.literal_eval(value))
        points = {
            k: float(v) for k, v in given.items() if isinstance(k, str) and isinstance(v, int | float) and math.isfinite(v) and v >= 0
        }
    if not given or len(points) < len(given) or points.keys() - targets:
        raise BadInput(f"{path}:{node.lineno}: POINTS names targets and what each is worth, as in POINTS = dict({min(targets)}=2).")
    return points


def _names_given(node: ast.stmt) -> list[str]:
    """The names that a statement of the top level defines or assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []
    return [getattr(node, "name", ""), *(t.id for t in targets if isinstance(t, ast.Name))]


def needless_cotangent(where: str, output: str) -> str:
    """What an author is told whose `backward` is given the gradient of a scalar output; only the forward knows one without a comment."""
    return f"{where}: the output `{output}` is one number, whose gradient is 1: take `d{output}` out of the parameters of `backward`."


def _sizes(path: Path, inputs: ast.FunctionDef) -> dict[str, int]:
    given = inputs.args
    names = [a.arg for a in given.args]
    defaults = [d.value if isinstance(d, ast.Constant) else None for d in given.defaults]
    sizes = {n: d for n, d in zip(names, defaults, strict=False) if isinstance(d, int) and not isinstance(d, bool) and d > 0}
    if len(defaults) != len(names) or len(sizes) != len(names) or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise BadInput(f"{path}:{inputs.lineno}: give every size of `inputs` a whole number above 0 as its default: inputs(N=5, C=3).")
    return sizes


def _whole(path: Path, broken: Sequence[Broken], backward: ast.FunctionDef) -> None:
    """A line of `backward` may be broken (it may be a learner's, and costs its own gradient); any other makes the exercise unusable."""
    for piece in broken:
        if not backward.lineno <= piece.line <= (backward.end_lineno or 0):
            raise BadInput(f"{path}:{piece.line}: the exercise does not parse ({piece.message}).")


def _targets(path: Path, backward: ast.FunctionDef, text: list[str], names: set[str], broken: Sequence[Broken]) -> tuple[Target, ...]:
    targets = {b.target: Target(b.target, b.line, "") for b in broken if b.target and b.target[1:] in names}
    for name, node in stubs(backward).items():
        if name.startswith("d") and name[1:] in names:
            alone = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
            targets.setdefault(name, Target(name, node.lineno, axes_comment(text, node) if alone else ""))
    if not targets:
        raise BadInput(f"{path}:{backward.lineno}: `backward` names no gradient to write (`d<node> = ...`).")
    return tuple(sorted(targets.values(), key=lambda target: target.line))
