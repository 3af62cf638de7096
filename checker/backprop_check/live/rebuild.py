"""Rebuild the forward that made some live tensors: from the caller's source, held against the values that are there."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from backprop_check.live.caller import Caller
from backprop_check.recording.graph import shaken
from backprop_check.recording.replay import double
from backprop_check.recording.words import is_pure
from backprop_check.records import Exercise, Line, Target
from backprop_check.trace.graph import Graph, default_dtype

CLOSE = 1e-3
"""How far a line's value may be from the live one, by its own size: float32, computed again in float64."""


@dataclass(frozen=True)
class Definition:
    """`name = source`, the latest that has run."""

    name: str
    node: ast.expr
    source: str
    order: int


def definitions(caller: Caller) -> dict[str, Definition]:
    """Return how each name was last given a value, where that was a plain assignment."""
    found: dict[str, Definition] = {}
    for order, (part, node) in enumerate(caller.statements()):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For)
            else []
        )
        names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        plain = isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in targets)
        for name in names:
            found.pop(name, None)
            if plain and isinstance(node, ast.Assign):
                found[name] = Definition(name, node.value, _source(part.text, node.value), order)
    return found


def _source(text: str, node: ast.expr) -> str:
    """What `ast.get_source_segment` returns, without splitting the text anew for each of its many nodes."""
    lines = _lines_of(text)[node.lineno - 1 : node.end_lineno]
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"\n".join(lines).decode()


@lru_cache(maxsize=64)
def _lines_of(text: str) -> list[bytes]:
    return text.encode().split(b"\n")


def outputs(caller: Caller, known: Mapping[str, Definition]) -> Iterator[str]:
    """Yield names of what `backward()` may have been called on: what the source says, latest first, then any scalar with a graph."""
    called = [
        call.func.value.id
        for call in caller.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr == "backward" and isinstance(call.func.value, ast.Name)
    ]
    scalars = [name for name in known if _is_node(caller.names.get(name)) and caller.names[name].numel() == 1]
    yield from dict.fromkeys(name for name in (*reversed(called), *reversed(scalars)) if _is_node(caller.names.get(name)))


def made_of(names: Mapping[str, Any], output: str, known: Mapping[str, Definition]) -> tuple[tuple[tuple[str, str], ...], set[str]]:
    """Return the lines, as (name, source), that `rebuilt` would begin with, and all names that are in them."""
    lines, leaves = _lines(names, output, known, set())
    read = {n.id for line in lines for n in ast.walk(known[line.name].node) if isinstance(n, ast.Name)}
    return tuple((line.name, line.source) for line in lines), {*leaves, *read}


def rebuilt(caller: Caller, output: str, known: Mapping[str, Definition]) -> Graph | None:
    """Return the graph from the leaves to `output`, or None where its lines do not give the values that are there.

    A tensor whose line is not to be had, or does not give its value, becomes a leaf.
    """
    opaque: set[str] = set()
    while True:
        lines, leaves = _lines(caller.names, output, known, opaque)
        if not lines or lines[-1].name != output:
            return None
        wrong = _disagrees(caller.names, lines, leaves, known)
        if wrong is None:
            return _graph(caller.names, output, lines, leaves, known)
        opaque.add(wrong)


def _lines(names: Mapping[str, Any], output: str, known: Mapping[str, Definition], opaque: set[str]) -> tuple[list[Line], list[str]]:
    lines: dict[str, Line] = {}
    leaves: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in lines or name in leaves or name in above:
            return
        value, made = names.get(name), known.get(name)
        if not isinstance(value, torch.Tensor | int | float) or isinstance(value, bool):
            return
        if made is None or name in opaque or not isinstance(value, torch.Tensor) or value.grad_fn is None:
            leaves[name] = None
            return
        reads = tuple(dict.fromkeys(n.id for n in ast.walk(made.node) if isinstance(n, ast.Name) and n.id in names))
        for read in reads:
            visit(read, (*above, name))
        used = tuple(read for read in reads if read in lines or read in leaves)
        lines[name] = Line(name, made.source, "", len(lines) + 1, used)

    visit(output, ())
    return list(lines.values()), list(leaves)


def _disagrees(names: Mapping[str, Any], lines: Iterable[Line], leaves: Iterable[str], known: Mapping[str, Definition]) -> str | None:
    """Return the first line whose expression does not give the value its name has now."""
    values = {**names, **{leaf: _double(names[leaf]) for leaf in leaves}}
    for line in lines:
        if not is_pure(known[line.name].node, names):
            return line.name
        try:
            with torch.no_grad(), default_dtype(torch.float64):
                value = eval(compile(ast.Expression(known[line.name].node), "<forward>", "eval"), dict(values))
        except Exception:
            return line.name
        there = names[line.name].detach()
        if not isinstance(value, torch.Tensor) or value.shape != there.shape:
            return line.name
        if not torch.allclose(
            value.to(torch.float64), there.to(torch.float64), rtol=CLOSE, atol=CLOSE * float(there.abs().max() if there.numel() else 0)
        ):
            return line.name
        values[line.name] = value
    return None


def _graph(names: Mapping[str, Any], output: str, lines: list[Line], leaves: list[str], known: Mapping[str, Definition]) -> Graph:
    def inputs() -> dict[str, Any]:
        seed = torch.initial_seed()
        return {leaf: _leaf(names[leaf], seed) for leaf in leaves}

    if names[output].dim():  # one number all the same, or `backward()` would have refused it
        lines = [*lines, Line(output + "_sum", f"{output}.sum()", "", len(lines) + 1, (output,))]
        output = lines[-1].name
    used = {n.id for line in lines for n in ast.walk(ast.parse(f"({line.source}\n)")) if isinstance(n, ast.Name)}
    scope = {name: value for name, value in names.items() if name in used and name not in leaves}
    scope = {**_modules(names), **scope, "inputs": inputs}
    nodes = [*(leaf for leaf in leaves if _is_leaf(names[leaf])), *(line.name for line in lines)]
    exercise = Exercise(
        id="here",
        path=Path("here"),
        title="",
        story="",
        source="",
        sizes={},
        inputs=tuple(leaves),
        lines=tuple(lines),
        output=output,
        parameters=(*leaves, *(line.name for line in lines)),
        targets=tuple(Target("d" + node, 1, "") for node in nodes),
    )
    code = tuple((line, compile(f"({line.source}\n)", "<forward>", "eval")) for line in lines)
    return Graph(exercise, scope, code, ({},))


def _leaf(value: Any, seed: int) -> Any:
    return shaken(double(value), seed) if isinstance(value, torch.Tensor) else value


def _double(value: Any) -> Any:
    return value.detach().to(torch.float64) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _modules(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in names.items() if isinstance(value, types.ModuleType)}


def _is_node(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.grad_fn is not None


def _is_leaf(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.requires_grad
