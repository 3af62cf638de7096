"""The lines that made a live tensor, as they ran: statements over the forward's names, each with its place in the user's source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.live.statements import statement
from backprop_check.recording.drawing import Lost
from backprop_check.recording.expressions import SCOPE
from backprop_check.recording.frames import Place
from backprop_check.recording.naming import free, identifier, named
from backprop_check.recording.replay import Replayed, replay, uses
from backprop_check.recording.values import Value, reads
from backprop_check.recording.words import statement_of
from backprop_check.records import Span, Trial

MOST = 80
"""How many lines are explained: a longer loop is explained as it stands in the source."""


@dataclass(frozen=True)
class Ran:
    """One statement: the `name` it gives a value (`number` in float64), its `text`, and, by span in the text, where its parts stand."""

    name: str
    text: str
    value: Value
    number: torch.Tensor
    places: tuple[tuple[Span, Place], ...]


@dataclass(frozen=True)
class Lines:
    """The statements in the order in which they ran. `leaves` are tensors from elsewhere, `spoken` the user's words for names.

    Of lines as they stand in a source, `made` is where the gradient is made: there what is said of several lines is shown.
    """

    ran: tuple[Ran, ...]
    leaves: Mapping[str, torch.Tensor]
    spoken: Mapping[str, str]
    repeated: bool
    made: Place | None = None


Gradient = Callable[[str, Sequence[tuple[Value, Any]]], tuple[Value, str] | None]
"""Tells of the values that had one name which of them is a gradient, and what the engine calls that."""


def lines_of(
    given: Value,
    known: Mapping[Value, str],
    trial: Trial,
    names: Mapping[str, Any],
    held: Mapping[int, str],
    target: str,
    gradient: Gradient,
    strict: bool = False,
) -> Lines | None:
    """Return the lines that made `given`, from the `known` values of the forward and gradients. None where they cannot be had.

    Where that is `strict`, what `gradient` does not take for a gradient has no gradient's name.
    """
    numbers = {**trial.gradients, **trial.values}
    try:
        done = replay([given], known={value: numbers[name] for value, name in known.items() if name in numbers})
    except Lost:
        return None
    if given not in done.trees:
        return None
    order = _as_ran(done)
    fresh = [leaf for leaf in done.leaves if leaf not in known]
    own, texts = named([*fresh, *order], held)
    used = {*trial.values}
    called: dict[Value, str] = {value: name for value, name in known.items() if name in numbers}
    spoken: dict[str, str] = {}
    for leaf in fresh:
        called[leaf] = free(own.get(leaf, "c"), {*used, *trial.gradients})
        used.add(called[leaf])
    read = uses(done)
    kept = [value for value in order if value is given or value in own or read[f"v{id(value)}"] != 1]
    kept = [value for value in kept if not _is_half(value, done)]
    if len(kept) > MOST:
        return None
    wanted = _wanted(
        kept, {value: texts[name] for value, name in own.items()}, done, given, target, gradient, trial.gradients if strict else ()
    )
    last = _last_reads(kept, done)
    holder: dict[str, Value] = {}
    plain = {name: number for name, number in trial.values.items() if not isinstance(number, torch.Tensor)}
    env: dict[str, Any] = {**SCOPE, **plain, **{called[leaf]: done.numbers[leaf] for leaf in done.leaves if leaf in called}}
    ran = []
    for number, value in enumerate(kept):
        name = wanted.get(value, "t")
        before = holder.get(name)
        clashes = name in used if before is None else last.get(before, 0) > number
        if value is not given and clashes:
            name, before = free(name, {*used, *holder, *wanted.values()}), None
        holder[name], called[value] = value, name
        if value in own and identifier(texts[own[value]]) != name:
            spoken[name] = texts[own[value]]
        text, places = statement(value, name, before, called, done, names, env)
        ran.append(Ran(name, text, value, done.numbers[value], places))
    leaves = {called[leaf]: done.numbers[leaf] for leaf in fresh}
    ways = [(value.call.where, value.call.name) for value in order if value.call is not None]
    return Lines(tuple(ran), leaves, spoken, len(set(ways)) < len(ways))


def _as_ran(done: Replayed) -> list[Value]:
    """The values in the order in which they were made."""
    when: dict[Value, int] = {}
    for value in done.lines:
        assert value.call is not None
        when[value] = max([value.call.order, *(when.get(read, 0) for read in reads(value.call))])
    return sorted(done.lines, key=lambda value: when[value])


def _is_half(value: Value, done: Replayed) -> bool:
    """Whether a write through a view is followed by the same write into its base: `z[0] += 1` is both."""
    if value.call is None or value.call.name != "__setitem__":
        return False
    after = [other for other in done.lines if other.call is not None and other.call.name == "__setitem__" and other.call.args[0] is value]
    return any(statement_of(other) is not None and statement_of(other) is statement_of(value) for other in after)


def _wanted(
    kept: Sequence[Value],
    texts: Mapping[Value, str],
    done: Replayed,
    given: Value,
    target: str,
    gradient: Gradient,
    taken: Collection[str],
) -> dict[Value, str]:
    """The name each value should have: of values that had one name, one may be a gradient, and those before it lead to it."""
    groups: dict[str, list[Value]] = {}
    for value in kept:
        if value in texts:
            groups.setdefault(texts[value], []).append(value)
    wanted: dict[Value, str] = {}
    for text, group in groups.items():
        found = (given, target) if given in group else gradient(text, [(value, done.numbers[value]) for value in group])
        plain = identifier(text)
        for number, value in enumerate(group):
            if found is None:
                wanted[value] = free(plain, taken)
            else:
                wanted[value] = found[1] if number <= group.index(found[0]) else f"{plain}_1"
    wanted[given] = target
    return wanted


def _last_reads(kept: Sequence[Value], done: Replayed) -> dict[Value, int]:
    """By value, the number of the last line that reads it."""
    ids = {f"v{id(value)}": value for value in done.numbers}
    names = set(kept)
    found: dict[Value, int] = {}

    def read(tree: ast.expr, number: int) -> None:
        for node in ast.walk(tree):
            value = ids.get(node.id) if isinstance(node, ast.Name) else None
            if value is not None:
                found[value] = max(found.get(value, 0), number)
                if value not in names and value in done.trees:
                    read(done.trees[value], number)

    for number, value in enumerate(kept):
        read(done.trees[value], number)
    return found
