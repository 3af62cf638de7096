"""Draft an exercise's solution from its forward: every gradient derived, with its reasons and its axes."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from backprop_check.derivation.backward import Written, backward, reasons, trials
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import COLUMN
from backprop_check.exercise.parse import parse_exercise
from backprop_check.files import read_text
from backprop_check.trace.graph import Graph, load_graph

WIDTH = 110


def draft(path: Path) -> str:
    """Return the solution's text: the file at `path` as far as its `forward` reaches, and a `backward` of all float nodes.

    A gradient outside the derivation's table stays `...`. Raises `BadInput` when the file holds no `inputs` and `forward`.
    """
    source = read_text(path, "file")
    head, arguments, names = _forward(path, source)
    graph = load_graph(parse_exercise(path, _stubs(head, [*arguments, *names], names)))
    trial = trials(graph)[0]
    output = graph.exercise.output
    upstream = [f"d{output}"] if trial.gradients[f"d{output}"].dim() else []
    nodes = [name for name in (*reversed(names), *reversed(arguments)) if f"d{name}" in trial.gradients and name != output]
    if not nodes:
        raise BadInput(f"{path}: `forward` has no floating value to differentiate with respect to.")
    parameters = [*arguments, *names, *upstream]
    graph = load_graph(parse_exercise(path, _stubs(head, parameters, nodes)))
    body = [line for written in backward(graph) for line in _lines(graph, written)]
    return "\n".join([head, "", "", f"def backward({', '.join(parameters)}):", *body, ""])


def _forward(path: Path, source: str) -> tuple[str, list[str], list[str]]:
    """The text up to the end of `forward`, its arguments, and the names its lines give."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise BadInput(f"{path}:{error.lineno}: the file does not parse ({error.msg}).") from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in ("inputs", "forward"):
        if name not in functions:
            raise BadInput(f"{path} defines no `{name}`: write `inputs` and `forward` as an exercise has them.")
    forward = functions["forward"]
    if functions["inputs"].lineno > forward.lineno:
        raise BadInput(f"{path}:{forward.lineno}: put `inputs` before `forward`.")
    names = [t.id for node in forward.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)]
    return "\n".join(source.split("\n")[: forward.end_lineno]), [a.arg for a in forward.args.args], names


def _stubs(head: str, parameters: Sequence[str], nodes: Sequence[str]) -> str:
    stubs = [f"    d{name} = ..." for name in nodes] or ["    pass"]
    return "\n".join([head, f"def backward({', '.join(parameters)}):", *stubs, ""])


def _lines(graph: Graph, written: Written) -> Iterator[str]:
    if written.derived is None:
        yield f"    # why: {written.why_not}; write it yourself."
        line = f"    {written.name} = ..."
    else:
        why = " ".join(text for _, text in reasons(graph, written.derived))
        yield from textwrap.wrap(why, WIDTH, initial_indent="    # why: ", subsequent_indent="    #      ", break_long_words=False)
        line = f"    {written.name} = {written.derived.text}"
    yield f"{line:{COLUMN}}# {written.axes}" if len(line) < COLUMN - 1 else f"{line}  # {written.axes}"
