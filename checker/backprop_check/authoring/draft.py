"""Draft an exercise's solution from its forward: every gradient derived, with its reasons and its axes."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from backprop_check.authoring.template import STORY, TITLE
from backprop_check.authoring.unroll import unrolled
from backprop_check.derivation.backward import Written, backward, reasons
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import COLUMN
from backprop_check.exercise.numbers import axis_lengths
from backprop_check.exercise.parse import parse_exercise
from backprop_check.exercise.sizes import axes
from backprop_check.exercise.top_level import surroundings
from backprop_check.files import read_text
from backprop_check.records import Exercise, Trial
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, load_graph
from backprop_check.trace.oracle import trace

WIDTH = 110
SEEDS = range(2)
"""How often each choice of sizes is drawn: a derivation must hold on every draw."""


def draft(path: Path, title: str = "Untitled") -> str:
    """Return the solution's text: the file at `path` without its `backward`, shape comments added, and a `backward` of all float nodes.

    Where the file tells no story, there is a place for one, below its own title or `title`.

    A gradient outside the derivation's table stays `...`. Raises `BadInput` when the file holds no `inputs` and `forward`, or they break
    the contract.
    """
    source = read_text(path, "file")
    head = _head(path, source)
    try:
        exercise = parse_exercise(path, _stubs(head, *_names(path, head)))
    except BadInput as fault:
        with silent():
            head = _head(path, unrolled(path, source, fault))
        exercise = parse_exercise(path, _stubs(head, *_names(path, head)))
    with silent():
        graph = load_graph(replace(exercise, targets=()))
        trials = [trace(graph, seed, sizes) for seed in SEEDS for sizes in graph.sizes]
        output = exercise.output
        upstream = [f"d{output}"] if trials[0].gradients[f"d{output}"].dim() else []
        lines = [line.name for line in exercise.lines]
        nodes = [n for n in (*reversed(lines), *reversed(exercise.inputs)) if f"d{n}" in trials[0].gradients and n != output]
        if not nodes:
            raise BadInput(f"{path}: `forward` names no floating value beside its output, so there is no gradient to write: name one.")
        parameters = [*exercise.names, *upstream]
        graph = load_graph(parse_exercise(path, _stubs(head, parameters, nodes)))
        written = list(backward(graph, trials))
        body = [line for one in written for line in _lines(graph, one, trials)]
    text = "\n".join([_commented(head, exercise, trials), "", "", f"def backward({', '.join(parameters)}):", *body, ""])
    return _with_story(_importing(text, graph.scope, [one.derived.expression for one in written if one.derived]), title)


def _head(path: Path, source: str) -> str:
    """The text that stays: all of it that an exercise runs, but no `backward`, and below `forward` nothing that would not run."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, said = (error.lineno or 1, error.msg) if isinstance(error, SyntaxError) else (1, str(error))
        raise BadInput(f"{path}:{line}: the file does not parse ({said}).") from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in ("inputs", "forward"):
        if name not in functions:
            raise BadInput(f"{path} defines no `{name}`: write `inputs` and `forward` as an exercise has them.")
    forward = functions["forward"]
    if functions["inputs"].lineno > forward.lineno:
        raise BadInput(f"{path}:{forward.lineno}: put `inputs` before `forward`.")
    lines: list[str | None] = [*source.split("\n")]
    runs = surroundings(tree)
    for node in tree.body:
        below = node.lineno > (forward.end_lineno or 0) and node not in runs
        if below or (isinstance(node, ast.FunctionDef) and node.name == "backward"):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            lines[first - 1 : node.end_lineno] = [None] * ((node.end_lineno or first) - first + 1)
    kept = "\n".join(line for line in lines if line is not None).rstrip()
    return re.sub(r"\n{4,}", "\n\n\n", kept) if None in lines else kept


def _with_story(text: str, title: str) -> str:
    """The text with a docstring of a title and a story, which its author has still to tell where the file has none."""
    body, lines = ast.parse(text).body, text.split("\n")
    told = ast.get_docstring(ast.parse(text)) or ""
    last = (body[0].end_lineno or 1) - 1
    if not told:
        first = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)  # a coding line stays the first
        lines[first:first] = [f'"""{title}: {TITLE}', "", STORY, '"""', *([""] if lines[first].strip() else [])]
    elif "\n" not in told.strip() and lines[last].endswith('"""'):
        lines[last : last + 1] = [lines[last][:-3], "", STORY, '"""']
    return "\n".join(lines)


def _names(path: Path, head: str) -> tuple[list[str], list[str]]:
    """What a stub needs before the forward is known to be sound: its arguments, and every name that it may bind."""
    forward = next(n for n in ast.parse(head).body if isinstance(n, ast.FunctionDef) and n.name == "forward")
    arguments = [a.arg for a in forward.args.args]
    bound = [n.id for n in ast.walk(forward) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    if not arguments:
        raise BadInput(f"{path}:{forward.lineno}: `forward` takes no argument: give it what `inputs` draws, as forward(x, w).")
    return arguments, [*dict.fromkeys([*arguments, *bound])]


def _stubs(head: str, parameters: Sequence[str], nodes: Sequence[str]) -> str:
    return "\n".join([head, f"def backward({', '.join(parameters)}):", *(f"    d{name} = ..." for name in nodes), ""])


def _lines(graph: Graph, written: Written, trials: Sequence[Trial]) -> Iterator[str]:
    if written.derived is None:
        why, line = f"{written.why_not}; write it yourself.", f"    {written.name} = ..."
    else:
        why = " ".join(text for _, text in reasons(graph, written.derived))
        line = f"    {written.name} = {written.derived.text}"
    yield from textwrap.wrap(why, WIDTH, initial_indent="    # why: ", subsequent_indent="    #      ", break_long_words=False)
    yield _with_axes(line, _axes(written.name[1:], trials))


def _commented(head: str, exercise: Exercise, trials: Sequence[Trial]) -> str:
    """The text with a shape comment on each line of the forward that names a tensor and has none."""
    lines = head.split("\n")
    forward = next(n for n in ast.parse(head).body if isinstance(n, ast.FunctionDef) and n.name == "forward")
    ends = {node.lineno: node for node in forward.body}
    for line in exercise.lines:
        node, value = ends[line.number], trials[0].values[line.name]
        last = (node.end_lineno or node.lineno) - 1
        if isinstance(value, torch.Tensor) and not line.axes and (told := _axes(line.name, trials)):
            code = lines[last].encode()[: node.end_col_offset].decode()
            comment = lines[last][len(code) :].strip().lstrip("#; ").strip()
            lines[last] = _with_axes(code, f"{told}  {comment}".rstrip())
    return "\n".join(lines)


def _axes(name: str, trials: Sequence[Trial]) -> str:
    """The shape of a name in words of the sizes; empty where none fits at every choice of sizes."""
    sizes = [trial.sizes for trial in trials]
    shapes = [tuple(trial.values[name].shape) for trial in trials]
    told = axes(shapes, sizes)
    return told if [axis_lengths(told, choice) for choice in sizes] == shapes else ""


def _with_axes(line: str, told: str) -> str:
    if not told:
        return line
    return f"{line:{COLUMN}}# {told}" if len(line) < COLUMN - 1 else f"{line}  # {told}"


def _importing(text: str, scope: Mapping[str, object], expressions: Sequence[ast.expr]) -> str:
    """The text with the imports that the derived lines need and the author's file has not."""
    read = {n.id for e in expressions for n in ast.walk(e) if isinstance(n, ast.Name)}
    needed = {"torch": "import torch", "F": "import torch.nn.functional as F"}
    missing = [line for name, line in needed.items() if name in read and name not in scope]
    if not missing:
        return text
    body = ast.parse(text).body
    imports = [node.end_lineno or 0 for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    docstring = body[0].end_lineno or 0 if isinstance(body[0], ast.Expr) else 0
    lines = text.split("\n")
    at = max(imports, default=docstring)
    lines[at:at] = missing if imports else ["", *missing]
    return "\n".join(lines)
