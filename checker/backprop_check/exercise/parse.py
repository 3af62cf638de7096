"""Read an exercise file into a record, and hold it to the contract (design, section 2)."""

from __future__ import annotations

import ast
import contextlib
import math
import re
from collections.abc import Sequence
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.mend import parse_leniently
from backprop_check.exercise.source import segment
from backprop_check.files import read_text
from backprop_check.records import Broken, Exercise, Line, Target

_ID = re.compile(r"(ex\d+[a-z]?)_")
_AXES = re.compile(r"#\s*(\([^)#]*\))")


def read_exercise(path: Path) -> Exercise:
    """Parse the exercise at `path`. Raises `BadInput` with the line and the rule it breaks."""
    return parse_exercise(path, read_text(path, "exercise file"))


def parse_exercise(path: Path, source: str) -> Exercise:
    """Parse the text of an exercise; `path` names it in messages. Raises `BadInput` as `read_exercise` does."""
    tree, mended, broken = parse_leniently(source)
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
    lines, output = _forward(path, forward, text)
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
    for node in tree.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["POINTS"]:
            break
    else:
        return {}
    given: dict[object, object] = {}
    with contextlib.suppress(ValueError, TypeError):
        if isinstance(node.value, ast.Call) and not node.value.args:
            given = {k.arg: ast.literal_eval(k.value) for k in node.value.keywords}
        else:
            given = dict(ast.literal_eval(node.value))
    points = {k: float(v) for k, v in given.items() if isinstance(k, str) and isinstance(v, int | float) and math.isfinite(v) and v >= 0}
    if not given or len(points) < len(given) or points.keys() - targets:
        raise BadInput(f"{path}:{node.lineno}: POINTS names targets and what each is worth, as in POINTS = dict({min(targets)}=2).")
    return points


def needless_cotangent(where: str, output: str) -> str:
    """What an author is told whose `backward` is given the gradient of a scalar output; only the forward knows one without a comment."""
    return f"{where}: the output `{output}` is one number, whose gradient is 1: take `d{output}` out of the parameters of `backward`."


def _sizes(path: Path, inputs: ast.FunctionDef) -> dict[str, int]:
    names = [a.arg for a in inputs.args.args]
    defaults = [d.value if isinstance(d, ast.Constant) else None for d in inputs.args.defaults]
    sizes = {n: d for n, d in zip(names, defaults, strict=False) if isinstance(d, int) and not isinstance(d, bool)}
    if len(defaults) != len(names) or len(sizes) != len(names):
        raise BadInput(f"{path}:{inputs.lineno}: give every size of `inputs` a whole number as its default.")
    return sizes


def _forward(path: Path, forward: ast.FunctionDef, text: list[str]) -> tuple[tuple[Line, ...], str]:
    lines: list[Line] = []
    encoded = [line.encode() for line in text]
    known = {a.arg for a in forward.args.args}
    body = forward.body[1:] if ast.get_docstring(forward) else forward.body
    for node in body[:-1]:
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            raise BadInput(f"{path}:{node.lineno}: the forward takes lines `name = expression` only; split or move this one.")
        name = node.targets[0].id
        if name in known:
            raise BadInput(f"{path}:{node.lineno}: `{name}` is named twice in the forward; give each value a name of its own.")
        reads = tuple(dict.fromkeys(n.id for n in ast.walk(node.value) if isinstance(n, ast.Name) and n.id in known))
        source = segment(node.value, encoded)
        lines.append(Line(name, source, axes_comment(text, node), node.lineno, reads))
        known.add(name)
    last = body[-1]
    if not (isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id in known):
        raise BadInput(f"{path}:{last.lineno}: end the forward with `return` and the name of its output.")
    return tuple(lines), last.value.id


def _whole(path: Path, broken: Sequence[Broken], backward: ast.FunctionDef) -> None:
    """A line of `backward` may be broken (it may be a learner's, and costs its own gradient); any other makes the exercise unusable."""
    for piece in broken:
        if not backward.lineno <= piece.line <= (backward.end_lineno or 0):
            raise BadInput(f"{path}:{piece.line}: the exercise does not parse ({piece.message}).")


def _targets(path: Path, backward: ast.FunctionDef, text: list[str], names: set[str], broken: Sequence[Broken]) -> tuple[Target, ...]:
    targets = {b.target: Target(b.target, b.line, "") for b in broken if b.target and b.target[1:] in names}
    for node in backward.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.startswith("d") and name[1:] in names:
                targets.setdefault(name, Target(name, node.lineno, axes_comment(text, node)))
    if not targets:
        raise BadInput(f"{path}:{backward.lineno}: `backward` names no gradient to write (`d<node> = ...`).")
    return tuple(sorted(targets.values(), key=lambda target: target.line))


def axes_comment(text: list[str], node: ast.stmt) -> str:
    """Return the shape a line's trailing comment gives, `(N, C)`, or an empty string."""
    tail = text[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode(errors="replace")
    match = _AXES.search(tail)
    return match.group(1) if match else ""
