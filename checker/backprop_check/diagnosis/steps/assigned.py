"""Answers that are written through an index, `dx[:, Y] = v`: where that writes, and where it would with other places."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.steps.statements import is_carried, makes_it_right, program
from backprop_check.expression.rewrites import method, put, put_statement


@dataclass(frozen=True)
class Written:
    """A statement `target[index] = value` that writes along a whole `axis` for each number of `picks`; and the one that is right."""

    statement: ast.stmt
    target: ast.Subscript
    axis: int
    picks: ast.expr
    beside: ast.expr
    """What belongs there in the place of the whole axis."""
    counts: bool
    """Whether that is the axis's places, counted, one for each number of `picks`."""
    right: str


def every_place(case: Case) -> Written | None:
    """An index that writes along a whole axis for every number of another one, where those of the two belong together.

    Proven by carrying the answer's statements out: with the places of that axis named they give the gradient, in every trial.
    """
    whole = program(case) if case.everywhere else ()
    for written in whole:
        match written:
            case ast.Assign(targets=[ast.Subscript(slice=ast.Tuple(elts=[one, other])) as target]):
                sign = "="
            case ast.AugAssign(target=ast.Subscript(slice=ast.Tuple(elts=[one, other])) as target, op=ast.Add() | ast.Sub() as op):
                sign = "+=" if isinstance(op, ast.Add) else "-="
            case _:
                continue
        for k, (along, picks) in enumerate(((one, other), (other, one))):
            if ast.dump(along) != ast.dump(ast.Slice()) or isinstance(picks, ast.Slice) or not is_carried(case, whole):
                continue
            for counted in _counted(case, k):
                place = ast.Tuple([counted, picks] if k == 0 else [picks, counted], ast.Load())
                for value in _layouts(written.value):
                    there = put(target, target.slice, place)
                    named = put_statement(put_statement(whole, target, there), written.value, value)
                    if makes_it_right(case, named):
                        counts = _counts(case, counted, _known(case, picks))
                        return Written(written, target, k, picks, counted, counts, f"{text(there)} {sign} {text(value)}")
    return None


def _known(case: Case, part: ast.expr) -> ast.expr | None:
    """The same with the learner's own names written out."""
    names, shown = case.names(case.verdict.runs[0]), part
    for name in [n for n in ast.walk(part) if isinstance(n, ast.Name)]:
        if name.id not in names and name.id not in ("range", "len", "torch", "F"):
            meant = case.fold(name.id)
            if meant is None:
                return None
            shown = put(shown, name, meant)
    return shown


def _counts(case: Case, places: ast.expr, picks: ast.expr | None) -> bool:
    other = value_of(case, picks) if picks is not None else None
    return isinstance(counted := value_of(case, places), range) and isinstance(other, torch.Tensor) and other.shape == (len(counted),)


def _counted(case: Case, axis: int) -> Iterator[ast.expr]:
    """The places of an axis, counted: as the forward counts them, or by the axis's length."""
    for line in case.consumers:
        for part in ast.walk(ast.parse(line.source.strip(), mode="eval")):
            if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Tuple) and axis < len(part.slice.elts):
                yield part.slice.elts[axis]
    yield ast.parse(f"range({case.node}.shape[{axis}])", mode="eval").body


def _layouts(value: ast.expr) -> Iterator[ast.expr]:
    yield value
    if (bare := _without_axis(value)) is not None:
        yield bare
    yield from (method(value, "squeeze", axis) for axis in (1, 0))


def _without_axis(part: ast.expr) -> ast.expr | None:
    """What a part gives an axis of length 1: the `x` of `x[:, None]` and of `x.unsqueeze(1)`."""
    match part:
        case ast.Subscript(value=base, slice=ast.Tuple(elts=cuts)) if any(isinstance(c, ast.Constant) and c.value is None for c in cuts):
            return base
        case ast.Call(func=ast.Attribute(value=base, attr="unsqueeze")):
            return base
    return None
