"""The one thing in a backward's source that makes its gradients right once it is changed, found by running the backward anew."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.pairs.calling import code_of
from backprop_check.pairs.edits import KINDS, Edit, Known, parts
from backprop_check.pairs.kept import definition_of
from backprop_check.pairs.pair import Back, Fault, Pair
from backprop_check.recording.frames import Place, span_of
from backprop_check.submission.statements import read, written

CLOSE = 1e-6
"""How far a gradient may be from what is due, by its size: differences are no better, and every change that is no repair is further."""

MOST = 1500
"""How many changes are tried."""

PLACES = 8
"""How many different places of arrays that are read are put in elsewhere."""

_NEVER = (ast.While, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Await)
"""What may not end, or not only compute, once it is changed."""

Runs = Callable[[Callable[..., Any]], Back]


def mended(
    pair: Pair,
    back: Back,
    runs: Runs,
    due: Mapping[int, torch.Tensor],
    wrong: Collection[int],
    above: Collection[str],
    confirmed: Callable[[Callable[..., Any]], bool],
) -> Fault | None:
    """Return what one change in the source of `pair`'s backward puts the `wrong` gradients right; None where none does.

    `runs` runs a backward on what the forward left, `due` are the gradients, `above` its names for those it is given; `confirmed` holds a changed backward against other inputs.
    """
    definition = definition_of(pair.backward_function)
    code = code_of(pair.backward_function)
    if definition is None or code is None or code.co_freevars or any(isinstance(n, _NEVER) for n in ast.walk(definition)):
        return None
    definition = copy.deepcopy(definition)
    definition.decorator_list = []
    known = _known(definition, back, above)
    for tried, edit in enumerate(_edits(definition, back, wrong, known)):
        if tried >= MOST:
            return None
        changed = _changed(definition, edit, pair.backward_function)
        if changed is not None and is_right(runs, changed, due) and confirmed(changed):
            old = edit.old
            there = Place(code.co_filename, *span_of(old)) if isinstance(old, ast.expr | ast.stmt) and hasattr(old, "lineno") else None
            several = "this gradient is" if len(wrong) == 1 else "all of these gradients are"
            return Fault(edit.error, f"With this one thing put right, {several} right, on other numbers as well.", edit.help, there)
    return None


def is_right(runs: Runs, changed: Callable[..., Any], due: Mapping[int, torch.Tensor]) -> bool:
    """Whether a changed backward gives the gradients that are due."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            back = runs(changed)
    except Exception:
        return False
    given = back.gradients
    return back.called.error is None and all(
        isinstance(given.get(index), torch.Tensor) and given[index].shape == there.shape and _same(given[index], there)
        for index, there in due.items()
    )


def is_near(pair: Pair, given: Any, due: torch.Tensor) -> bool:
    """Whether a gradient is right, or summed to what is, where who calls the backward sums."""
    if not isinstance(given, torch.Tensor):
        return given is None and not bool(due.any())
    if given.shape != due.shape:
        return pair.sums and given.numel() > due.numel()  # as it may be: this is judged elsewhere
    return _same(given, due)


def _same(given: torch.Tensor, due: torch.Tensor) -> bool:
    return close(given.detach(), due, max(1e-3, float(due.abs().max())) if due.numel() else 1.0, CLOSE)


def _changed(definition: ast.FunctionDef, edit: Edit, function: Callable[..., Any]) -> Callable[..., Any] | None:
    """The backward with one thing changed."""
    tree = _Put(edit).visit(copy.copy(definition))
    own = inspect.unwrap(function)
    own = getattr(own, "__func__", own)
    scope = dict(own.__globals__)
    try:
        exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), own.__code__.co_filename, "exec"), scope)
    except (SyntaxError, ValueError, TypeError):
        return None
    made = scope[definition.name]
    made.__defaults__, made.__kwdefaults__ = own.__defaults__, own.__kwdefaults__
    owner = getattr(function, "__self__", None)
    return types.MethodType(made, owner) if owner is not None and isinstance(function, types.MethodType) else made  # type: ignore[no-any-return]


class _Put(ast.NodeTransformer):
    """A copy with one node in the place of another, made only along the way to it."""

    def __init__(self, edit: Edit) -> None:
        self.edit = edit

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.edit.old:
            return ast.copy_location(self.edit.new, node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                new: Any = self.visit(value)
            elif isinstance(value, list) and any(isinstance(each, ast.AST) for each in value):
                new = [self.visit(each) if isinstance(each, ast.AST) else each for each in value]
                new = value if all(a is b for a, b in zip(new, value, strict=True)) else new
            else:
                continue
            if new is not value:
                node = copy.copy(node)
                setattr(node, name, new)
        return node


def _known(definition: ast.FunctionDef, back: Back, above: Collection[str]) -> Known:
    shapes: dict[str, tuple[int, ...] | None] = {}
    for name, value in back.called.own.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            shapes[name] = None
        elif hasattr(value, "shape") and hasattr(value, "dtype"):
            shapes[name] = tuple(value.shape)
    loaded = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    sizes: dict[int, ast.expr] = {}
    for name, shape in shapes.items():
        for axis, size in enumerate(shape or ()):
            if size > 2 and name in loaded:
                shown: ast.expr = ast.Attribute(ast.Name(name, ast.Load()), "shape", ast.Load())
                sizes.setdefault(size, ast.Subscript(shown, ast.Constant(axis), ast.Load()))
    unused = [name for name in shapes if name in bound and name not in loaded]
    read_at = {ast.unparse(n): n for n in ast.walk(definition) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Load)}
    places = [n for n in read_at.values() if isinstance(n.value, ast.Name) and shapes.get(n.value.id) is not None][:PLACES]
    numbers = {name for name, value in back.called.own.items() if isinstance(value, int | float)}
    on_above = frozenset(_moved(definition, {*above}, numbers)) if above else None
    return Known(shapes, unused, [ast.Constant(2), *sizes.values()], on_above, places)


def _moved(definition: ast.FunctionDef, above: set[str], numbers: set[str]) -> set[str]:
    """The names that hang on the gradients from above; `numbers`, which are sizes of them, do not."""
    steps, found = list(_steps(definition.body)), set(above)
    while more := {n for step in steps if _read(step) & found for n in _written(step)} - found - numbers:
        found |= more
    return found


def _read(step: ast.stmt) -> set[str]:
    return {name for part in parts(step) for name in read(part)}


def _edits(definition: ast.FunctionDef, back: Back, wrong: Collection[int], known: Known) -> Iterator[Edit]:
    """The changes of those statements that reach every wrong gradient, those that reach no right one first; no text twice."""
    steps = list(_steps(definition.body))
    reached = _reached(steps, back)
    every = [step for step in steps if reached[id(step)] >= set(wrong)]
    alone = [step for step in every if reached[id(step)] == set(wrong)]
    for some in (alone, [step for step in every if step not in alone]):
        for kind in KINDS:
            for step in some:
                yield from kind(step, known)


def _steps(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        for name in ("body", "orelse"):
            yield from _steps(getattr(statement, name, []))


def _reached(steps: Sequence[ast.stmt], back: Back) -> dict[int, set[int]]:
    """By statement, the numbers of the inputs in whose gradients what it makes comes in."""
    texts = {text: index for index, text in back.names.items()}
    entries = {
        key.value: value
        for step in steps for node in ast.walk(step) if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }  # fmt: skip
    goes: dict[str, set[int]] = {}
    for text, index in texts.items():
        tree = entries.get(text) or (ast.parse(text, mode="eval").body if _parses(text) else None)
        for name in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} if tree is not None else ():
            goes.setdefault(name if name != "self" else text, set()).add(index)
    found: dict[int, set[int]] = {id(step): set() for step in steps}
    moving = True
    while moving:
        moving = False
        for step in steps:
            makes, reads_ = _written(step), _read(step)
            if isinstance(step, ast.Return):
                reach = set(back.gradients)
            else:
                reach = set().union(*(goes.get(name, set()) for name in makes))
            if isinstance(step, ast.For | ast.If | ast.With):
                reach |= set().union(*(found[id(each)] for each in _steps(step.body)), set())
            if not reach <= found[id(step)]:
                found[id(step)] |= reach
                moving = True
            for name in reads_ if not isinstance(step, ast.Return) else ():
                if not reach <= goes.setdefault(name, set()):
                    goes[name] |= reach
                    moving = True
    return found


def _written(step: ast.stmt) -> set[str]:
    if isinstance(step, ast.For | ast.If | ast.With | ast.Return):
        return written(step.target) if isinstance(step, ast.For) else set()
    return written(step) - {"self"} | {
        ast.unparse(n) for n in ast.walk(step) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    }


def _parses(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


