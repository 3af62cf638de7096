"""The lines that made a live tensor, as they ran: statements over the forward's names, each with its place in the user's source."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.recording.expressions import SCOPE
from backprop_check.recording.frames import Place, place
from backprop_check.recording.naming import free, identifier, name_given, named
from backprop_check.recording.recorder import Value, reads
from backprop_check.recording.replay import Lost, Replayed, put, replay
from backprop_check.recording.words import SAME, is_pure, statement_of
from backprop_check.records import Span, Trial
from backprop_check.trace.graph import default_dtype

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
    uses = Counter(node.id for tree in done.trees.values() for node in ast.walk(tree) if isinstance(node, ast.Name))
    kept = [value for value in order if value is given or value in own or uses[f"v{id(value)}"] != 1]
    kept = [value for value in kept if not _is_half(value, done)]
    if len(kept) > MOST:
        return None
    wanted = _wanted(
        kept, {value: texts[name] for value, name in own.items()}, done, given, target, gradient, trial.gradients if strict else ()
    )
    last = _last_reads(kept, done)
    holder: dict[str, Value] = {}
    env: dict[str, Any] = {**SCOPE, **{called[leaf]: done.numbers[leaf] for leaf in done.leaves if leaf in called}}
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
        statement = _statement(value, name, before, called, done, names, env)
        ran.append(Ran(name, statement[0], value, done.numbers[value], statement[1]))
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
                wanted[value] = f"{plain}_1" if plain in taken else plain
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


def _statement(
    value: Value,
    name: str,
    before: Value | None,
    called: Mapping[Value, str],
    done: Replayed,
    names: Mapping[str, Any],
    env: dict[str, Any],
) -> tuple[str, tuple[tuple[Span, Place], ...]]:
    """The text of the statement, and where its parts stand: in the user's words where those give the value, else as it was recorded."""
    trees = {f"v{id(each)}": tree for each, tree in done.trees.items()}
    trees |= {f"v{id(each)}": ast.Name(its, ast.Load()) for each, its in called.items() if each is not value}
    tree = put(done.trees[value], trees)
    there = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own = _own(value, name, before, called, there, names)
    due = done.numbers[value]
    if own is not None:
        text, source, beside = own
        after = _after(text, {**env, **beside})
        if after is not None and _same(after.get(name), due):
            env.update(beside)
            env[name] = due
            return text, tuple(_parallel(ast.parse(text), source, value))
    env[name] = due
    text = f"{name} = {ast.unparse(tree)}"
    return text, tuple(_parallel(ast.parse(text).body[0].value, tree, value))  # type: ignore[attr-defined]


def _own(
    value: Value, name: str, before: Value | None, called: Mapping[Value, str], there: set[str], names: Mapping[str, Any]
) -> tuple[str, ast.stmt, dict[str, Any]] | None:
    """The user's statement over the graph's names, with the plain numbers and modules that it reads beside."""
    source = statement_of(value)
    if source is None or not is_pure_statement(source, names):
        return None
    texts = {text: mine for each, mine in called.items() if mine in there or mine == name for text in _texts(each, mine)}
    copied = ast.parse(ast.unparse(source)).body[0]
    beside: dict[str, Any] = {}
    for node in ast.walk(copied):
        if isinstance(node, ast.Name):
            if node.id in texts:
                node.id = texts[node.id]
            elif node.id in names and not isinstance(names[node.id], torch.Tensor) and node.id not in called.values():
                beside[node.id] = names[node.id]
    match copied:
        case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
            target.id = name
        case ast.AugAssign(target=ast.Name(id=written)) | ast.AugAssign(target=ast.Subscript(value=ast.Name(id=written))):
            if written != name or before is None:
                return None
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=written))]):
            if written != name or before is None:
                return None
    return ast.unparse(copied), source, beside


def _texts(value: Value, mine: str) -> Iterator[str]:
    yield mine
    given = name_given(value)
    if given is not None:
        yield given


def is_pure_statement(node: ast.stmt, names: Mapping[str, Any]) -> bool:
    return all(is_pure(each, names) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))


def _after(text: str, env: Mapping[str, Any]) -> dict[str, Any] | None:
    scope = {key: each.clone() if isinstance(each, torch.Tensor) else each for key, each in env.items()}
    try:
        with torch.no_grad(), default_dtype(torch.float64):
            exec(compile(text, "<lines>", "exec"), scope)
    except Exception:
        return None
    return scope


def _same(value: Any, due: Any) -> bool:
    if not isinstance(value, torch.Tensor) or not isinstance(due, torch.Tensor) or value.shape != due.shape or value.dtype != due.dtype:
        return False
    if not value.is_floating_point():
        return torch.equal(value, due)
    finite = due[torch.isfinite(due)]
    size = float(finite.abs().max()) if finite.numel() else 0.0
    return torch.allclose(value, due, rtol=SAME, atol=SAME * size, equal_nan=True)


def _parallel(parsed: ast.AST, source: ast.AST, value: Value) -> Iterator[tuple[Span, Place]]:
    """Yield, by span in the text, the place of each part in the user's source: two trees of one structure, the second with places."""
    filename = _file(value)
    ours, theirs = [*ast.walk(parsed)], [*ast.walk(source)]
    if isinstance(parsed, ast.Module):
        ours = [*ast.walk(parsed.body[0])]
    if [type(node) for node in ours] != [type(node) for node in theirs]:
        ours, theirs = ours[:1], theirs[:1]
    for mine, other in zip(ours, theirs, strict=True):
        there = getattr(other, "place", None)
        if there is None and isinstance(source, ast.stmt) and filename is not None and isinstance(other, ast.expr | ast.stmt):
            there = Place(filename, other.lineno, other.col_offset, other.end_lineno or other.lineno, other.end_col_offset or 0)
        if there is not None and isinstance(mine, ast.expr | ast.stmt):
            yield (mine.lineno, mine.col_offset, mine.end_lineno or mine.lineno, mine.end_col_offset or 0), there


def _file(value: Value) -> str | None:
    there = place(*value.call.where[0]) if value.call is not None and value.call.where else None
    return there.filename if there is not None else None
