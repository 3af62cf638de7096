"""Compute again what was recorded, in float64, and hold every value that is still there against it."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from backprop_check.recording.drawing import Lost, drawn, keeps
from backprop_check.recording.expressions import SCOPE, expression
from backprop_check.recording.frames import place
from backprop_check.recording.places import forms
from backprop_check.recording.stepped import before
from backprop_check.recording.values import Call, Value, reads
from backprop_check.trace.graph import default_dtype

CLOSE = 1e-3
"""How far a value computed again may be from the live one, by the live one's size: float32, computed again in float64."""

ROUNDING = 1e-5
"""How far it may be besides by the size of what it is made of."""

MOST = 2_000
"""How many values a graph may have."""

LARGEST = 20_000_000
"""How many numbers all of them together may have."""


@dataclass
class Replayed:
    """`lines` are values made by calls, in order, and `leaves` what they are made from; `numbers` has all of them in float64.

    `masks` are what dropout drew, by the value that was dropped; `trees` the expressions, over `placeholder` names.
    `inside` are values made in the forward of a custom autograd function, where autograd is off and the gradient flows all the same;
    at those of `cut`, made while it was off, it ends.
    """

    lines: list[Value] = field(default_factory=list)
    leaves: list[Value] = field(default_factory=list)
    numbers: dict[Value, Any] = field(default_factory=dict)
    trees: dict[Value, ast.expr] = field(default_factory=dict)
    masks: dict[Value, torch.Tensor] = field(default_factory=dict)
    inside: set[Value] = field(default_factory=set)
    cut: set[Value] = field(default_factory=set)


def replay(roots: Sequence[Value], held: Collection[int] = (), known: Mapping[Value, Any] | None = None) -> Replayed:
    """Compute `roots` again from what is there. Raises `Lost`.

    A value that does not come out again is a leaf, and so is one that needs no gradient and is `held` by a variable (by its identity).
    With `known` numbers of some values it begins at those, and nothing is said of autograd.
    """
    opaque: set[Value] = set(known or ())
    while True:
        order = _order(roots, opaque)
        moved = _needing(order) if known is None else set()
        given = opaque | {value for value in order if value not in moved and _is_held(value, held)}
        order = _order(roots, given)
        done = Replayed(inside=_inside(order), numbers=dict(known or {}))
        wrong, room = None, LARGEST
        for value in order:
            if not _computed(value, given, moved, done, known is None):
                wrong = value
                break
            number = done.numbers[value]
            room -= number.numel() if isinstance(number, torch.Tensor) else 0
            if room < 0:
                raise Lost
        if wrong is None:
            return _needed(done, roots) if known is None else done
        if wrong.tensor is None or wrong in opaque:
            raise Lost
        opaque.add(wrong)


def _is_held(value: Value, held: Collection[int]) -> bool:
    live = value.tensor
    return live is not None and id(live) in held


def _order(roots: Sequence[Value], opaque: set[Value]) -> list[Value]:
    """Everything that `roots` are made of, each after what it is made of."""
    found: dict[Value, None] = {}
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        value, entered = stack.pop()
        if value in found:
            continue
        if entered or value in opaque or value.call is None:
            found[value] = None
            if len(found) > MOST:
                raise Lost
            continue
        stack.append((value, True))
        stack += [(read, False) for read in reversed(list(reads(value.call)))]
    return list(found)


def _needing(order: Sequence[Value]) -> set[Value]:
    """The values that autograd's leaves went into, by any way."""
    found: set[Value] = set()
    for value in order:
        if value.needs_grad or (value.call is not None and any(read in found for read in reads(value.call))):
            found.add(value)
    return found


def _inside(order: Sequence[Value]) -> set[Value]:
    calls = [(value, value.call) for value in order if value.call is not None and not value.call.grad]
    codes = {code for value, call in calls if value.needs_grad for code, _ in call.where if code.co_name == "forward"}
    return {value for value, call in calls if any(code in codes for code, _ in call.where)}


def _computed(value: Value, given: set[Value], moved: set[Value], done: Replayed, legible: bool) -> bool:
    call, live = value.call, value.tensor
    if value in done.numbers:
        done.leaves.append(value)
        return True
    if call is None or value in given:
        number = before(value) if live is None else double(live)
        if number is None:
            raise Lost
        done.leaves.append(value)
        done.numbers[value] = number
        return True
    if not all(read in done.numbers for read in reads(call)):  # made of what is behind a leaf
        raise Lost
    try:
        with torch.no_grad(), default_dtype(torch.float64):
            if call.drawn is not None and not keeps(call):
                number, dropped = drawn(value, call, done.numbers)
                if dropped is None:
                    done.numbers[value] = double(number)
                    done.leaves.append(value)
                    return agrees(done.numbers[value], live)
                done.masks[value] = double(number)
                done.numbers[value] = done.numbers[dropped] * done.masks[value]
                tree: ast.expr = at(call, ast.BinOp(placeholder(dropped), ast.Mult(), ast.Name(f"m{id(value)}", ast.Load())))
            else:
                tree = at(call, expression(call, value.index, value.written, placeholder))
                if call.name == "__setitem__" and legible:
                    tree = at(call, _legible(call, tree, done))
                if not call.grad and value not in done.inside and any(read in moved for read in reads(call)):
                    done.cut.add(value)
                    tree = ast.Call(ast.Attribute(tree, "detach", ast.Load()), [], [])
                done.numbers[value] = _evaluated(tree, done)
            done.trees[value] = tree
            done.lines.append(value)
    except Exception:
        return False
    return agrees(done.numbers[value], live, max((_size(done.numbers[read]) for read in reads(call)), default=0.0))


def _legible(call: Call, tree: ast.expr, done: Replayed) -> ast.expr:
    """What a write leaves, by operations that make new tensors, where those give the same numbers."""
    due = _evaluated(tree, done)
    for other in forms(call, done.numbers, placeholder):
        try:
            found = _evaluated(other, done)
        except (RuntimeError, TypeError, ValueError, IndexError):
            continue
        if isinstance(found, torch.Tensor) and found.dtype == due.dtype and torch.equal(found, due):
            return other
    return tree


def _needed(done: Replayed, roots: Sequence[Value]) -> Replayed:
    """Without what no root reads: what stood in places before all of them were written."""
    known = {f"v{id(value)}": value for value in done.numbers}
    needed, stack = set[Value](), [*roots]
    while stack:
        value = stack.pop()
        if value not in needed:
            needed.add(value)
            tree = done.trees.get(value)
            stack += [known[n.id] for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in known] if tree is not None else []
    done.lines = [value for value in done.lines if value in needed]
    done.leaves = [value for value in done.leaves if value in needed]
    done.trees = {value: tree for value, tree in done.trees.items() if value in needed}
    return done


def _size(number: Any) -> float:
    if not isinstance(number, torch.Tensor) or not number.is_floating_point() or not number.numel():
        return 0.0
    return float(number.abs().nan_to_num(0.0, 0.0, 0.0).max())


def agrees(number: Any, live: torch.Tensor | None, terms: float = 0.0) -> bool:
    """Whether a number computed again is the live one, as far as that is there: to the rounding of its `terms`, where those cancel."""
    if live is None:
        return True
    if not isinstance(number, torch.Tensor) or number.shape != live.shape:
        return False
    there = double(live)
    if not there.is_floating_point():
        return torch.equal(number.to(there.dtype), there)
    return torch.allclose(number.to(torch.float64), there, rtol=CLOSE, atol=CLOSE * _size(there) + ROUNDING * terms, equal_nan=True)


def double(live: torch.Tensor) -> torch.Tensor:
    plain = live.detach().cpu()
    return plain.to(torch.float64) if plain.is_floating_point() else plain


def uses(done: Replayed) -> Counter[str]:
    """How often each placeholder is read; by the results of one call together, such as the parts of a `chunk`, as often as by one."""
    trees = {id(value.call): tree for value, tree in done.trees.items()}
    return Counter(node.id for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Name))


def at(call: Call, tree: ast.expr) -> ast.expr:
    """Note at an expression where the user's stands that it is made from."""
    tree.place = place(*call.where[0]) if call.where else None  # type: ignore[attr-defined]
    return tree


def placeholder(value: Value) -> ast.expr:
    return ast.Name(f"v{id(value)}", ast.Load())


def _evaluated(tree: ast.expr, done: Replayed) -> Any:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    scope = {**SCOPE, **{f"v{id(value)}": number for value, number in done.numbers.items() if f"v{id(value)}" in names}}
    return eval(compile(ast.fix_missing_locations(ast.Expression(tree)), "<recorded>", "eval"), scope)


def put(tree: ast.expr, trees: Mapping[str, ast.expr]) -> ast.expr:
    """The expression with names in place of values, and with what has no name of its own written out."""
    return ast.fix_missing_locations(_put(tree, trees))


def _put(tree: ast.expr, trees: Mapping[str, ast.expr]) -> ast.expr:
    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            there = trees.get(node.id)
            return node if there is None else there if isinstance(there, ast.Name) else _put(there, trees)

    result: ast.expr = Put().visit(copy.deepcopy(tree))
    return result
