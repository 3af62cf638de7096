"""The one thing in a backward's source that makes its gradients right once it is changed, found by running the backward anew."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import itertools
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.expression.rewrites import put_statement
from backprop_check.pairs.calling import code_of
from backprop_check.pairs.edit import Edit, Known
from backprop_check.pairs.edits import KINDS
from backprop_check.pairs.edits_names import scales
from backprop_check.pairs.kept import definition_of
from backprop_check.pairs.pair import Back, Fault, Pair
from backprop_check.pairs.reach import known as known_in
from backprop_check.pairs.reach import reached as reached_from
from backprop_check.pairs.reach import steps_of
from backprop_check.recording.frames import Place, span_of

CLOSE = 1e-6
"""How far a gradient may be from what is due, by its size: differences are no better, and every change that is no repair is further."""

MOST = 1500
"""How many changes are tried."""

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

    `runs` runs a backward on what the forward left, `due` are the gradients, `above` its names for those it is given;
    `confirmed` holds a changed backward against other inputs.
    """
    definition = definition_of(pair.backward_function)
    code = code_of(pair.backward_function)
    if definition is None or code is None or code.co_freevars or any(isinstance(n, _NEVER) for n in ast.walk(definition)):
        return None
    definition = copy.deepcopy(definition)
    definition.decorator_list = []
    known = known_in(definition, back, above)
    found: list[Edit] = []
    for edit in itertools.islice(changes(definition, back, wrong, known), MOST):
        if found and not edit.alike:
            break
        changed = _changed(definition, edit, pair.backward_function)
        if changed is not None and is_right(runs, changed, due) and confirmed(changed):
            found.append(edit)
            if not edit.alike:
                break
    return _told(found, code.co_filename, len(wrong)) if found else None


def _told(found: Sequence[Edit], filename: str, wrong: int) -> Fault:
    old, which = found[0].old, "this gradient is" if wrong == 1 else "all of these gradients are"
    there = Place(filename, *span_of(old)) if isinstance(old, ast.expr | ast.stmt) and hasattr(old, "lineno") else None
    if len(found) == 1:
        return Fault(found[0].error, f"With this one thing put right, {which} right, on other numbers as well.", found[0].help, there)
    every = " or ".join(f"`{ast.unparse(edit.old)}` in line {edit.old.lineno}" for edit in found)  # type: ignore[attr-defined]
    return Fault("the sign is wrong", f"With {every} turned round, {which} right, on other numbers as well.", found[0].help, there)


def goes_step_by_step(pair: Pair) -> bool:
    """Whether a backward loops, or writes into places: no expression stands for what it makes."""
    definition = definition_of(pair.backward_function)
    return definition is not None and any(
        isinstance(n, ast.For) or (isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)) or _writes(n)
        for n in ast.walk(definition)
    )


def _writes(node: ast.AST) -> bool:
    """Whether a statement is a call that writes: `grad.scatter_add_(...)`."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name.endswith("_")
    return False


def is_right(runs: Runs, changed: Callable[..., Any], due: Mapping[int, torch.Tensor]) -> bool:
    """Whether a changed backward gives the gradients that are due."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            back = runs(changed)
    except Exception:
        return False
    given = back.gradients
    return back.called.error is None and all(
        isinstance(given.get(index), torch.Tensor) and given[index].shape == there.shape and same(given[index], there)
        for index, there in due.items()
    )


def is_near(pair: Pair, given: Any, due: torch.Tensor) -> bool:
    """Whether a gradient is right, or summed to what is, where who calls the backward sums."""
    if not isinstance(given, torch.Tensor):
        return given is None and not bool(due.any())
    if given.shape != due.shape:
        return pair.sums and given.numel() > due.numel()  # as it may be: this is judged elsewhere
    return same(given, due)


def same(given: torch.Tensor, due: torch.Tensor) -> bool:
    return close(given.detach(), due, max(1e-3, float(due.abs().max())) if due.numel() else 1.0, CLOSE)


def _changed(definition: ast.FunctionDef, edit: Edit, function: Callable[..., Any]) -> Callable[..., Any] | None:
    """The backward with one thing changed."""
    tree = put_statement([definition], edit.old, edit.new)[0]
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
    return types.MethodType(made, owner) if owner is not None and isinstance(function, types.MethodType) else made


def changes(definition: ast.FunctionDef, back: Back, wrong: Collection[int], known: Known) -> Iterator[Edit]:
    """The changes of those statements that reach every wrong gradient, those that reach no right one first; no text twice."""
    steps = list(steps_of(definition.body))
    found = reached_from(steps, back)
    every = [step for step in steps if found[id(step)] >= set(wrong)]
    alone = [step for step in every if found[id(step)] == set(wrong)]
    for some in (alone, [step for step in every if step not in alone]):
        for kind in KINDS:
            for step in reversed(some) if kind is scales else some:  # a constant that is missing is nearest to what lacks it
                yield from kind(step, known)
