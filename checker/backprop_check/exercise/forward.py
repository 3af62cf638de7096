"""Read an exercise's `forward`: straight lines `name = expression`. What is not one is refused by its line, with what to write instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.nodes import walk
from backprop_check.exercise.source import segment
from backprop_check.records import Line

_AXES = re.compile(r"#\s*(\([^)#]*\))")
_BLOCKS = {
    ast.For: "loop", ast.AsyncFor: "loop", ast.While: "loop", ast.If: "branch", ast.Match: "branch", ast.With: "`with` block",
    ast.AsyncWith: "`with` block", ast.Try: "`try` block", ast.TryStar: "`try` block", ast.FunctionDef: "definition",
    ast.AsyncFunctionDef: "definition", ast.ClassDef: "definition",
}  # fmt: skip
LONGEST = 60
"""The longest expression, in characters, that is written out in a message."""


def read_forward(path: Path, forward: ast.FunctionDef, text: Sequence[str]) -> tuple[tuple[Line, ...], str]:
    """Return the lines of `forward` and the name of its output; `text` are the file's lines. Raises `BadInput` naming the line at fault."""
    given = forward.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise BadInput(f"{path}:{forward.lineno}: `forward` takes plain arguments only, each by its name: forward(x, w).")
    bound = {a.arg: forward.lineno for a in given.args}
    stored = {n.id for n in walk(forward) if isinstance(n, ast.Name)} | bound.keys()
    lines: list[Line] = []
    encoded = [line.encode() for line in text]
    body = forward.body[1:] if ast.get_docstring(forward) is not None else forward.body
    ends = forward.body[0].lineno - 1 if body else 0
    for node in body[:-1]:
        name, value = _named(path, node, stored)
        if node.lineno <= ends:
            raise BadInput(f"{path}:{node.lineno}: two statements share this line: give each a line of its own.")
        if name in bound:
            raise BadInput(f"{path}:{node.lineno}: {_twice(name, bound[name], node.lineno, stored, name in [a.arg for a in given.args])}")
        reads = tuple(dict.fromkeys(n.id for n in walk(value) if isinstance(n, ast.Name) and n.id in bound))
        lines.append(Line(name, segment(value, encoded), axes_comment(text, node), node.lineno, reads))
        bound[name], ends = node.lineno, node.end_lineno or node.lineno
    output = _output(path, forward, body, bound)
    for name, number in bound.items():
        if f"d{name}" in bound:
            both = f"the forward names both `{name}` and `d{name}`, which is what the gradient of `{name}` is called"
            raise BadInput(f"{path}:{max(number, bound[f'd{name}'])}: {both}: rename one of them.")
    return tuple(lines), output


def axes_comment(text: Sequence[str], node: ast.stmt) -> str:
    """Return the shape a line's trailing comment gives, `(N, C)`, or an empty string."""
    tail = text[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode(errors="replace")
    match = _AXES.search(tail)
    return match.group(1) if match else ""


def _named(path: Path, node: ast.stmt, stored: Collection[str]) -> tuple[str, ast.expr]:
    """The name that a statement gives and the expression it gives it to."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        for inner in walk(node.value):
            if isinstance(inner, ast.NamedExpr):
                what = f"`{inner.target.id} := ...` names a value within the line"
                raise BadInput(f"{path}:{node.lineno}: {what}: write `{inner.target.id} = {_short(inner.value)}` as a line above.")
        return node.targets[0].id, node.value
    raise BadInput(f"{path}:{node.lineno}: {_instead(node, stored)}")


def _instead(node: ast.stmt, stored: Collection[str]) -> str:
    """What is wrong with a statement that is no `name = expression`, and what to write."""
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
            whole = ast.BinOp(ast.Name(name, ast.Load()), op, value)
            return f"`{_short(node)}` changes {name} in place; write `{_fresh(name, stored)} = {_short(whole)}`."
        case ast.AugAssign(target=target) | ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target]):
            part = next((n.id for n in walk(target) if isinstance(n, ast.Name)), "a value")
            new = _fresh(part, stored)
            return (
                f"`{_short(node)}` changes {part} in place; build it whole under a new name, as `{new} = torch.where(...)` or `torch.cat`."
            )
        case ast.Assign(targets=[ast.Tuple(elts=names) | ast.List(elts=names)], value=value):
            return f"tuple: write one line for each: {_each(names, value)}."
        case ast.Assign(targets=[*_, _] as targets, value=value):
            first = ast.unparse(targets[0])
            others = ", ".join(f"`{ast.unparse(t)} = {first}`" for t in targets[1:])
            return f"one name a line: write `{first} = {_short(value)}`, then {others}."
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return f"leave the annotation out: write `{ast.unparse(target)} = {_short(value)}`."
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr))) if re.fullmatch(r"[a-z]\w*[^_]_", attr):
            return f"`{_short(node)}` changes {name} in place; write `{_fresh(name, stored)} = {_short(node).replace(attr, attr[:-1], 1)}`."
        case ast.Return():
            return "the forward returns here, and goes on below: leave one `return`, as its last line."
    kind = _BLOCKS.get(type(node))
    if kind is None:
        return f"`{_short(node)}` names no value: take it out; the forward takes lines `name = expression` only."
    if kind == "definition":
        return "a definition within the forward: put it above `forward`, at the left margin."
    return f"the forward takes lines `name = expression` only, no {kind}: write its steps as lines, or call a function that has it."


def _each(names: Sequence[ast.expr], value: ast.expr) -> str:
    paired = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(names)
    parts = [_short(e) for e in value.elts] if paired else [f"{_short(value)}[{i}]" for i in range(len(names))]  # type: ignore[attr-defined]
    return ", ".join(f"`{ast.unparse(n)} = {part}`" for n, part in zip(names[:4], parts, strict=False))


def _twice(name: str, first: int, second: int, stored: Collection[str], is_argument: bool) -> str:
    new = _fresh(name, stored)
    if is_argument:
        return f"`{name}` is an argument of the forward and cannot be bound again: name this value `{new}`, and read that below."
    return f"`{name} = ...` is bound twice (lines {first} and {second}): name the second `{new}`, and read that below."


def _output(path: Path, forward: ast.FunctionDef, body: Sequence[ast.stmt], bound: Collection[str]) -> str:
    last = body[-1] if body else forward
    if isinstance(last, ast.Return):
        if isinstance(last.value, ast.Name):
            if last.value.id in bound:
                return last.value.id
            raise BadInput(
                f"{path}:{last.lineno}: the forward returns `{last.value.id}`, which no line of it names: return one that it does."
            )
        if isinstance(last.value, ast.Tuple):
            raise BadInput(f"{path}:{last.lineno}: the forward returns several values: return one name, a scalar or a tensor.")
        if last.value is not None:
            new = _fresh("out", bound) if "out" in bound else "out"
            raise BadInput(f"{path}:{last.lineno}: name the output first: `{new} = {_short(last.value)}`, then `return {new}`.")
    raise BadInput(f"{path}:{last.lineno}: end the forward with `return` and the name of its output.")


def _fresh(name: str, taken: Collection[str]) -> str:
    return next(new for i in range(2, len(taken) + 3) if (new := f"{name}{i}") not in taken)


def _short(node: ast.stmt | ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST else "..."
