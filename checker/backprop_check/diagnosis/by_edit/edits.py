"""Search among small changes of the learner's own expression for one that is right in every trial."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

import torch

from backprop_check.derivation.trees import kept, parsed, text
from backprop_check.diagnosis.by_edit.plain import cancels
from backprop_check.diagnosis.by_replay.replay import downstream
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.special import rests_on_inputs
from backprop_check.diagnosis.spoken import Mended as Mended
from backprop_check.exercise.nodes import walk
from backprop_check.expression.rewrites import calls, put_all
from backprop_check.expression.rewrites import parts as parts
from backprop_check.expression.rewrites import valued_parts as valued_parts
from backprop_check.expression.work import EDITS

Edit = tuple[ast.expr, ast.expr]
"""A changed expression, and the part of the original that was changed."""

Made = tuple[str, ast.expr, ast.expr]
"""A slip in one part of a right formula: the code that names it, the part, and what it becomes."""

COUNTS = ("bincount", "count_nonzero", "sum")
"""Calls that make of whole numbers, or of yes and no, how many there are."""

Edits = Callable[[Case, ast.expr], Iterable[Edit]]
"""How a mistake changes an expression. One that has such a function of the name `edits` takes part in repairs of two steps."""


def search(case: Case, edits: Edits) -> Mended | None:
    """Return the first right edit, within bounds of number and of the case's time.

    One in which the change undoes something else is right by algebra, whatever was meant, and is none. One that is right for what these
    inputs are is taken where there is no other.
    """
    candidates, special = edits(case, case.draft) if case.draft is not None else (), None
    for candidate, part in case.up_to(EDITS, candidates):
        if case.is_right(candidate) and not cancels(case, candidate):
            found = Mended(text(candidate), candidate, part)
            if not rests_on_inputs(case, candidate):
                return found
            special = special or found
    return special


def tensors(case: Case, expression: ast.expr) -> Iterator[ast.expr]:
    """The sub-expressions that are float tensors."""
    for part in parts(expression):
        value = value_of(case, part)
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            yield part


def worth(case: Case, values: Tensors | None) -> list[ast.expr]:
    """The parts of the learner's expression that have these values in every trial, the outermost first; none where all are zero."""
    if case.expression is None or values is None or not any(bool(value.any()) for value in values):
        return []
    return [part for part in valued_parts(case.expression) if case.same(case.evaluate(part), values)]


def value_of(case: Case, expression: ast.expr, trial: int = 0) -> object:
    """What an expression is worth in the first trial, or another one; None where it has no value."""
    return case.each[trial][0].value(expression)


def is_tensor(case: Case, part: ast.expr) -> bool:
    """Whether it is a tensor with an axis, in the first trial."""
    value = value_of(case, part)
    return isinstance(value, torch.Tensor) and value.dim() > 0


def is_index(case: Case, part: ast.expr) -> bool:
    """Whether it is a tensor of whole numbers that say where; not one as large as the gradient that says yes or no of each number, nor one
    that counts: what the forward computes with says how much."""
    value = value_of(case, part)
    if not isinstance(value, torch.Tensor) or value.dtype != torch.int64 or next(calls(part, *COUNTS), None) is not None:
        return False
    if {name.id for name in names_used(part)} & _computed_with(case):
        return False
    return value.shape != case.verdict.runs[0].trial.gradients[case.name].shape or bool(((value != 0) & (value != 1)).any())


def _computed_with(case: Case) -> set[str]:
    """The whole numbers that the forward takes as numbers: in a sum, a product, a quotient or a power of floats, or made floats."""
    found = set[str]()
    for line in case.graph.exercise.lines:
        for part in parts(parsed(line.source.strip())):
            match part:
                case ast.BinOp(left=left, right=right):
                    sides = [left, right]
                case ast.Call(func=ast.Attribute(value=base, attr="float" | "double" | "to" | "type_as")):
                    sides = [base]
                case _:
                    continue
            if _dtype(case, part) != torch.int64:
                found |= {name.id for side in sides if _dtype(case, side) == torch.int64 for name in names_used(side)}
    return found


def _dtype(case: Case, part: ast.expr) -> torch.dtype | None:
    return getattr(value_of(case, part), "dtype", None)


def rename(expression: ast.expr, old: str, new: str) -> ast.expr:
    """Put `new` for every `old`."""
    there = (node for node in walk(expression) if isinstance(node, ast.Name) and node.id == old)
    changed: ast.expr = put_all(expression, {id(node): ast.copy_location(ast.Name(new, ast.Load()), node) for node in there})
    return changed


@kept
def names_used(expression: ast.expr) -> list[ast.Name]:
    """The names whose values count, without those that only lend their shape (`torch.ones_like(x)`, `x.shape[0]`, `len(x)`)."""
    return [p for p in valued_parts(expression) if isinstance(p, ast.Name)]


def weighed(case: Case) -> frozenset[str]:
    """The gradients whose values the answer reads; not those that only lend it their shape."""
    return case.reads if case.expression is None else case.reads & {name.id for name in names_used(case.expression)}


def nearest_first(case: Case) -> list[str]:
    """The gradients it may use: those of what is made of the node first, in the forward's order; of equal ones the next one is meant."""
    order = [line.name for line in downstream(case, frozenset({case.graph.exercise.output}))]
    order += [name for name in case.graph.exercise.names if name not in order]
    return sorted(case.available, key=lambda name: order.index(name[1:]) if name[1:] in order else len(order))


def replacements(case: Case) -> list[str]:
    """Names that may stand in the place of another, the nearest first: those of the lines that use the node, then all others."""
    near = [name for line in case.consumers for name in ("d" + line.name, line.name, *line.reads)]
    usable = {**case.names(case.verdict.runs[0])}
    everything = [*near, case.node, *(name for name in usable if name not in {*near, *case.available}), *nearest_first(case)]
    return [
        name
        for name in dict.fromkeys(everything)
        # Labels of -1 and 1 are factors too, where the forward multiplies with them.
        if isinstance(usable.get(name), torch.Tensor)
        and (usable[name].is_floating_point() or (name in near and usable[name].dtype != torch.bool))
    ]
