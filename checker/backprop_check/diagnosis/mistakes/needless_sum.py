"""needless-sum: a sum runs over an axis that the variable has itself, so nothing was copied along it.

Family: Shape, broadcast, reduction
Forward: y = a + b
Shapes: a (N, C), b (N, C)
Wrong: da = dy.sum(0)
Right: da = dy

Why:
A sum going back undoes a copy going forward. Here a and y have the same shape: each number of a was used once, for
the number of y in the same place, and there is nothing to add up. Same shape in, same shape back.

Read more: the PyTorch documentation, "Broadcasting semantics".

Question: Which numbers does {part} bring together? Does your line need their sum, or each of them?
Of several axes: Over which axes does {part} run, and along which of these does your line need each number for itself?
Slip: this is a matrix product, where the derivative multiplies element by element
Note: `@` also sums over an axis, and in {lines} nothing was copied or shared along that axis.
Help: Multiply element by element, and sum only where {node} was copied.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from itertools import combinations

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, Edits, search, value_of
from backprop_check.diagnosis.by_edit.plain import settled
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.meeting import axis_told, last_step, operator_around
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, operations, put, summed
from backprop_check.records import Diagnosis

ADDING = ("sum", "mean", "einsum", "matmul", "bmm", "mm", "mv", "dot", "tensordot", "linear", "cumsum")
"""Calls that add up."""


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression without that sum, or with fewer axes in it: it is then right. Or by summing the oracle."""
    found = search(case, edits)
    if found is None:
        return _added_up(case)
    call = found.part
    assert isinstance(call, ast.Call)
    inner = reduced(call)
    every = inner is not None and not inner[1] and not call.keywords
    name = "mean" if isinstance(call.func, ast.Attribute) and call.func.attr == "mean" else "sum"
    noun = "mean" if name == "mean" else "sum"
    # Not the sum left out, but one over fewer axes of the same thing.
    fewer = next((c for c in calls(found.tree, "sum") if inner and c is not call and (reduced(c) or [None])[0] is inner[0]), None)
    product = case.draft is not None and isinstance(operator_around(case.draft, call), ast.MatMult)
    share = (
        name == "mean"
        and case.draft is not None
        and len(list(operations(found.tree, ast.Div))) > len(list(operations(case.draft, ast.Div)))
    )
    whole = all(a.shape != o.shape for a, o in zip(case.answers, case.oracles, strict=True)) and case.everywhere
    return case.proven(
        "summed-everything" if every and name == "sum" else "needless-sum",
        error=f"{case.got}, but {case.node} is {case.due}"
        if whole
        else "this mean makes one number of them all"
        if share
        else f"this {noun} is one too many"
        if fewer is None
        else "this sum runs over too many axes",
        note=_needed(case, inner[0], call, fewer)
        if inner is not None and fewer is not None
        else f"{'The `@` beside it adds up already: what' if product else 'What'} stands in the {noun} is needed number by number.",
        help="Divide by how many there are, and let each number stand."
        if share
        else f"Leave the `{last_step(call)}` out."
        if fewer is None
        else f"Write `{last_step(fewer)}`.",
        span=case.span(call, after=getattr(call.func, "value", None)),
        fix=found.fix,
        question="Of several axes" if fewer is not None else "",
    )


def _needed(case: Case, within: ast.expr, call: ast.Call, fewer: ast.Call) -> str:
    """Over which of the axes of a sum it is needed, and along which not."""
    values = case.evaluate(within)
    if values is None:
        return ""
    of = {id(run): value for run, value in zip(case.runs, values, strict=True)}
    names = case.axis_names(lambda run: of[id(run)])
    mine, due = (_axes(inner[1], c.keywords, len(names)) for c in (call, fewer) if (inner := reduced(c)) is not None)
    over, along = (" and ".join(axis_told(names, axis) for axis in axes) for axes in (due, [a for a in mine if a not in due]))
    return f"What stands in the sum is needed added up over {over}, but number by number along {along}."


def _added_up(case: Case) -> Diagnosis | None:
    """The gradient's own numbers, added up along one axis, whatever it is that adds them."""
    rank = case.oracles[0].dim() if case.everywhere else 0
    if rank < 2 or not all(bool(a.any()) for a in case.answers):
        return None
    # Of copies a sum is no more than one of them times how many there are.
    for axis in (axis for axis in range(rank) if not all(_is_copied(oracle, axis) for oracle in case.oracles)):
        for keep in (False, True):
            if case.same_shape or not case.replays(partial(_summed, axis=axis, keep=keep)):
                continue
            along = axis_told(case.axis_names(lambda run: run.trial.gradients[case.name]), axis)
            products = [n for n in ast.walk(case.draft) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)] if case.draft else []
            shared = case.draft is not None and not products and not any(calls(case.draft, *ADDING))
            return case.proven(
                "missing-local-derivative" if shared else "needless-sum",
                error=f"{case.got}, but {case.node} is {case.due}",
                note=f"The numbers of {case.name}, added up over {along}, make this: each number of {case.node} has its own share."
                if shared
                else f"These are the numbers of {case.name}, added up over {along}; each number of {case.node} has one of its own.",
                help=f"Ask how much of it each number along {along} is due: that is the factor that is missing."
                if shared
                else "`@` adds up: multiply element by element."
                if products
                else f"Ask which of the numbers that you add up belong to one number of {case.node}, and add up those alone.",
                span=case.span(products[0] if len(products) == 1 else None),
                evidence=f"Autograd's gradient, summed over {along}, is your answer in every trial.",
                claims=(equal(f"gradient.sum({axis}, keepdim={keep})", ANSWER),),
            )
    return None


def _is_copied(oracle: torch.Tensor, axis: int) -> bool:
    return bool(torch.allclose(oracle, oracle.narrow(axis, 0, 1).expand_as(oracle)))


def _summed(oracle: torch.Tensor, answer: torch.Tensor, axis: int, keep: bool) -> torch.Tensor:
    return oracle.sum(axis, keepdim=keep)


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, "sum", "mean"):
        inner = reduced(call)
        if inner is None:
            continue
        yield put(expression, call, inner[0]), call
        value = value_of(case, inner[0])
        if (share := _share(case, call, inner, value)) is not None:
            yield settled(case, put(expression, call, ast.copy_location(share, call))), call  # what spread the one number goes too
        if not isinstance(call.func, ast.Attribute) or call.func.attr == "mean":
            continue
        axes = _axes(inner[1], call.keywords, value.dim() if isinstance(value, torch.Tensor) else 0)
        keep = any(k.arg == "keepdim" for k in call.keywords)
        for count in range(1, len(axes)):
            for fewer in combinations(axes, count):
                yield put(expression, call, ast.copy_location(summed(inner[0], fewer, keep), call)), call


def _share(case: Case, call: ast.Call, inner: tuple[ast.expr, list[ast.expr]], value: object) -> ast.expr | None:
    """What a mean runs over, divided by how many there are: each number's share, where the mean makes one of them all."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "mean" or not isinstance(value, torch.Tensor):
        return None
    axes = _axes(inner[1], call.keywords, value.dim()) or (() if inner[1] or call.keywords else tuple(range(value.dim())))
    if not axes or not case.everywhere or value.shape != case.oracles[0].shape:
        return None
    return ast.BinOp(inner[0], ast.Div(), ast.parse(" * ".join(f"{case.node}.shape[{axis}]" for axis in axes), mode="eval").body)


def over_one(case: Case, expression: ast.expr) -> int:
    """How many sums and means of an expression run over axes of length 1 alone: they change no number.

    A repair that leaves a sum nothing to add up where it had something keeps in words what it takes away in fact: it shows another mistake.
    """
    return sum(_runs_over_one(case, call) for call in calls(expression, "sum", "mean"))


def busy(edits: Edits) -> Edits:
    """Those of a mistake's edits that leave each sum and mean something to do: where one has nothing, its axis is wrong, or needless."""

    def kept(case: Case, expression: ast.expr) -> Iterator[Edit]:
        before = over_one(case, expression)
        yield from (edit for edit in edits(case, expression) if over_one(case, edit[0]) <= before)

    return kept


def _runs_over_one(case: Case, call: ast.Call) -> bool:
    inner = reduced(call)
    value = value_of(case, inner[0]) if inner is not None else None
    axes = _axes(inner[1], call.keywords, value.dim()) if inner is not None and isinstance(value, torch.Tensor) else ()
    return bool(axes) and isinstance(value, torch.Tensor) and all(value.shape[axis] == 1 for axis in axes)


def _axes(arguments: list[ast.expr], keywords: list[ast.keyword], rank: int) -> tuple[int, ...]:
    """The axes a sum names, of several; all of them where it names none is another mistake."""
    given = arguments or [k.value for k in keywords if k.arg in ("dim", "axis")]
    try:
        named = tuple(ast.literal_eval(node) for node in given)
    except ValueError:
        return ()
    flat = [n for item in named for n in (item if isinstance(item, tuple | list) else (item,))]
    return tuple(sorted(n % rank for n in flat)) if rank and all(type(n) is int and -rank <= n < rank for n in flat) else ()
