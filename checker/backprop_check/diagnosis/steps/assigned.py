"""Answers that are written through an index into zeros, `dx[:, Y] = v`: where that writes, and where it would with other places."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.expression.evaluate import Failed, Refused
from backprop_check.expression.rewrites import method, put


@dataclass(frozen=True)
class Written:
    """A statement `target[index] = value` that writes along a whole `axis` for each number of `picks`; and the one that is right."""

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

    Proven by carrying it out, on zeros: as it stands it is the answer, and with the places of that axis named it is the gradient, in
    every trial.
    """
    last = case.written[-1] if case.everywhere and case.written else None
    target = last.targets[0] if isinstance(last, ast.Assign) else last.target if isinstance(last, ast.AugAssign) else None
    if not isinstance(last, ast.Assign | ast.AugAssign) or not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Tuple):
        return None
    if isinstance(last, ast.AugAssign) and not isinstance(last.op, ast.Add | ast.Sub):
        return None
    index, value = target.slice.elts, _known(case, last.value)
    taken = [_known(case, part) for part in index]
    if value is None or any(part is None for part in taken) or not case.is_answer(_made(case, last, taken, value)):
        return None
    whole = [k for k, part in enumerate(index) if isinstance(part, ast.Slice) and ast.dump(part) == ast.dump(ast.Slice())]
    picks = [part for k, part in enumerate(index) if k not in whole]
    for k in whole if len(index) == 2 and len(picks) == 1 else ():
        for counted in _counted(case, k):
            for laid, shown in _layouts(value, last.value):
                if case.is_oracle(_made(case, last, [counted if j == k else part for j, part in enumerate(taken)], laid)):
                    beside = ast.Tuple([counted if j == k else part for j, part in enumerate(index)], ast.Load())
                    there = text(ast.Subscript(target.value, beside, ast.Load()))
                    sign = {ast.Add: "+=", ast.Sub: "-="}[type(last.op)] if isinstance(last, ast.AugAssign) else "="
                    return Written(target, k, picks[0], counted, _counts(case, counted, taken[1 - k]), f"{there} {sign} {text(shown)}")
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


def _layouts(value: ast.expr, shown: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    yield value, shown
    if (bare := _without_axis(value)) is not None and (plain := _without_axis(shown)) is not None:
        yield bare, plain
    yield from ((method(value, "squeeze", axis), method(shown, "squeeze", axis)) for axis in (1, 0))


def _without_axis(part: ast.expr) -> ast.expr | None:
    """What a part gives an axis of length 1: the `x` of `x[:, None]` and of `x.unsqueeze(1)`."""
    match part:
        case ast.Subscript(value=base, slice=ast.Tuple(elts=cuts)) if any(isinstance(c, ast.Constant) and c.value is None for c in cuts):
            return base
        case ast.Call(func=ast.Attribute(value=base, attr="unsqueeze")):
            return base
    return None


def _made(case: Case, last: ast.Assign | ast.AugAssign, index: list[ast.expr | None], value: ast.expr) -> Tensors | None:
    """What the statement makes of zeros in each trial."""
    made = []
    for evaluator, run in case.each:
        table = torch.zeros_like(run.trial.gradients[case.name])
        try:
            at = tuple(evaluator(part) for part in index if part is not None)
            what = evaluator(value)
            table[at] = -what if isinstance(last, ast.AugAssign) and isinstance(last.op, ast.Sub) else what
        except (Refused, Failed, RecursionError, RuntimeError, TypeError, ValueError, IndexError):
            return None
        made.append(table)
    return made
