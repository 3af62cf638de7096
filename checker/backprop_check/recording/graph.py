"""The straight-line graph of what was recorded, as an exercise has it: one `name = expression` a line."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.recording.drawing import Lost
from backprop_check.recording.expressions import SCOPE
from backprop_check.recording.frames import Frames
from backprop_check.recording.naming import free, holders, named
from backprop_check.recording.recorder import Recorder
from backprop_check.recording.replay import Replayed, agrees, put, replay, uses
from backprop_check.recording.values import Value
from backprop_check.recording.words import own_words, written
from backprop_check.records import Exercise, Line, Target
from backprop_check.trace.graph import Graph, seeded

LIVE = 0
"""The seed of the trial that has the live numbers; with others the leaves' numbers are shuffled and shaken."""


@dataclass(frozen=True)
class Forward:
    """A recorded forward: the `graph` for the engine, the recorded value behind each of its names, and where each line's value was made.

    `texts` gives what the user calls a value, `spoken` that alone which is no plain variable: `layer_weight` is `layer.weight`. `custom`
    says that a user's own `torch.autograd.Function` took part: its gradient is the user's own, the graph's is that of its forward.
    """

    graph: Graph
    values: Mapping[str, Value]
    where: Mapping[str, Frames]
    spoken: Mapping[str, str] = field(default_factory=dict)
    custom: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, tensor: torch.Tensor) -> str | None:
        """Return the graph's name of a live tensor, or of a parameter as it was before it was stepped."""
        named = next((name for name, value in self.values.items() if value.tensor is tensor), None)
        return named or next((name for name, value in self.values.items() if value.owner is tensor), None)


def graph(
    recorder: Recorder,
    output: torch.Tensor | Sequence[tuple[Value, Value | None]],
    names: Mapping[str, Any] | None = None,
    cotangent: torch.Tensor | None = None,
    around: Mapping[str, Any] | None = None,
    held: Mapping[int, str] | None = None,
) -> Forward | None:
    """Return the graph that made `output`, None where what ran cannot be computed again to the same values.

    `names` are the caller's variables: a value is called as the one that holds it (`held` is what `holders` makes of them, where that
    is known); `around` are more that its lines may read. Where `output` is no single number, its gradient is `cotangent` (a last line
    `(y * dy).sum()` is added), or ones. Instead of one output, pairs of values and their cotangents may be given, as `Recorder.passes`
    has them: their sum is the output.
    """
    if isinstance(output, torch.Tensor):
        output = [(recorder.value_of(output), recorder.value_of(cotangent) if cotangent is not None else None)]
    roots = [root for root, _ in output]
    held = holders(names or {}) if held is None else held
    try:
        done = replay([*roots, *(given for _, given in output if given is not None)], held)
    except Lost:
        return None
    if not all(root in done.trees for root in roots):
        return None
    if any(given is not None and given in done.trees for _, given in output):
        done = _as_leaves(done, roots, [given for _, given in output if given is not None])
    return _built(done, output, held, around or names or {})


def _as_leaves(done: Replayed, roots: Sequence[Value], given: Sequence[Value]) -> Replayed:
    """A cotangent is a given number, however it was made."""
    needed: dict[Value, None] = {}
    back = [*roots]
    while back:
        value = back.pop()
        if value not in needed:
            needed[value] = None
            back += _read(done, value)
    lines = [value for value in done.lines if value in needed]
    leaves = [value for value in done.leaves if value in needed]
    return replace(done, lines=lines, leaves=[*leaves, *(value for value in given if value not in needed)])


def _read(done: Replayed, value: Value) -> list[Value]:
    ids = {node.id for node in ast.walk(done.trees[value]) if isinstance(node, ast.Name)} if value in done.trees else set()
    return [each for each in done.numbers if f"v{id(each)}" in ids]


def _built(
    done: Replayed, output: Sequence[tuple[Value, Value | None]], held: Mapping[int, str], variables: Mapping[str, Any]
) -> Forward | None:
    values = [*done.leaves, *done.lines]
    names, texts = named(values, held)
    used = set(names.values())
    read = uses(done)
    roots = {root for root, _ in output}

    def called(word: str) -> str:
        used.add(name := free(word, used))
        return name

    for value in values:
        if value not in names and (value not in done.trees or value in roots or read[f"v{id(value)}"] != 1):
            names[value] = called("out" if value in roots else "t" if value in done.trees else "w" if value.needs_grad else "c")
    masks = {f"m{id(value)}": called("mask") for value in done.masks}
    trees = {f"v{id(value)}": (ast.Name(names[value], ast.Load()) if value in names else done.trees[value]) for value in values}
    trees |= {placed: ast.Name(name, ast.Load()) for placed, name in masks.items()}
    numbers = {names[leaf]: done.numbers[leaf] for leaf in done.leaves}
    numbers |= {masks[f"m{id(value)}"]: mask for value, mask in done.masks.items()}
    known = {name: done.numbers[value] for value, name in names.items()}
    lines: list[tuple[str, str]] = []
    modules: dict[str, Any] = {}
    for value in done.lines:
        if value in names:
            tree = put(done.trees[value], trees)
            reads = {texts.get(n.id, n.id): n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in known}
            source = None if value in done.masks or value in done.cut else written(value)
            own = (
                own_words(*source, reads, variables, known, done.numbers[value], {names[leaf] for leaf in done.leaves})
                if source is not None
                else None
            )
            text, beside = own if own is not None else (ast.unparse(tree), {})
            modules |= {name: there for name, there in beside.items() if isinstance(there, types.ModuleType)}
            numbers |= {name: there for name, there in beside.items() if not isinstance(there, types.ModuleType)}
            lines.append((names[value], text))
    last, more = _output(done, output, names, called)
    found = _graph(last, [*lines, *more], numbers, modules)
    targets = _differentiated(found, known)
    if targets is None:
        return None
    found = replace(found, exercise=replace(found.exercise, targets=tuple(Target("d" + name, 1, "") for name in targets)))
    where = {names[value]: value.call.where for value in done.lines if value in names and value.call is not None}
    spoken = {name: text for name, text in texts.items() if text != name and (not text.isidentifier() or name == text + "_")}
    return Forward(found, {name: value for value, name in names.items()}, where, spoken, bool(done.inside), texts)


def _output(
    done: Replayed, output: Sequence[tuple[Value, Value | None]], names: Mapping[Value, str], called: Callable[[str], str]
) -> tuple[str, list[tuple[str, str]]]:
    """The name of the graph's one number, and the lines that make it of the outputs."""
    terms = []
    for root, given in output:
        if given is not None:
            terms.append(f"({names[root]} * {names[given]}).sum()")
        else:
            terms.append(f"{names[root]}.sum()" if done.numbers[root].dim() else names[root])
    if len(terms) == 1 and terms[0].isidentifier():
        return terms[0], []
    name = called("loss" if len(terms) > 1 or output[0][1] is not None else names[output[0][0]] + "_sum")
    return name, [(name, " + ".join(terms))]


def _graph(output: str, lines: Sequence[tuple[str, str]], numbers: Mapping[str, Any], modules: Mapping[str, Any]) -> Graph:
    def inputs() -> dict[str, Any]:
        seed = torch.initial_seed()
        return {name: shaken(number, seed) for name, number in numbers.items()}

    made = {name for name, _ in lines}
    known = {*numbers, *made}
    reads = [[n.id for n in ast.walk(ast.parse(f"({source}\n)")) if isinstance(n, ast.Name) and n.id in known] for _, source in lines]
    records = tuple(
        Line(name, source, "", number, tuple(dict.fromkeys(reads[number - 1]))) for number, (name, source) in enumerate(lines, 1)
    )
    exercise = Exercise(
        id="here",
        path=Path("here"),
        title="",
        story="",
        source="",
        sizes={},
        inputs=tuple(numbers),
        lines=records,
        output=output,
        parameters=(*numbers, *(name for name, _ in lines)),
        targets=(),
    )
    code = tuple((line, compile(f"({line.source}\n)", "<forward>", "eval")) for line in records)
    return Graph(exercise, {**SCOPE, **modules, "inputs": inputs}, code, ({},))


def shaken(number: Any, seed: int) -> Any:
    """A leaf's own numbers for the trial `LIVE`, others like them for every other."""
    if not isinstance(number, torch.Tensor) or not number.is_floating_point() or seed == LIVE or not number.numel():
        return number.clone() if isinstance(number, torch.Tensor) else number
    with seeded(seed):
        mixed = number.flatten()[torch.randperm(number.numel())].reshape(number.shape)
        if bool(((mixed == 0) | (mixed == 1)).all()) and 0 < float(mixed.sum()) < mixed.numel():
            return mixed  # labels or a mask, whatever their dtype
        return mixed * (1 + 0.1 * torch.rand_like(mixed))


def _differentiated(found: Graph, numbers: Mapping[str, Any]) -> list[str] | None:
    """The names that have a gradient; None where the lines as they are written do not give the `numbers` that were computed."""
    given = found.inputs({}, LIVE)
    leaves = {name: value.requires_grad_() if _floats(value) else value for name, value in given.items()}
    try:
        with torch.enable_grad():
            values = found.forward(leaves)
    except (BadInput, RuntimeError):
        return None
    if not all(agrees(values[name], number) for name, number in numbers.items() if isinstance(number, torch.Tensor)):
        return None
    return [name for name, value in values.items() if isinstance(value, torch.Tensor) and value.requires_grad]


def _floats(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()
