"""scrambled-reshape: the right numbers stand in wrong places, because a reshape did the work of a transpose.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dW = (dy.T @ x).reshape(W.shape)
Right: dW = (dy.T @ x).T

Why:
`reshape` and `view` read the numbers row by row and lay them out again row by row; they never turn rows into columns.
To undo a view of the forward, view back to the shape it came from, in the same order of axes; to exchange axes, use
`.T`, `transpose` or `permute`.

Read more: the PyTorch documentation, "torch.Tensor.view".

Question: A reshape reads row by row. Which number of the one shape comes to stand at {place} of the other?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_value.reordered import RESHAPES
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, method, put, same_place, turned
from backprop_check.records import Claim, Diagnosis

MOST = 4
"""Of tensors of more axes not every order is tried."""


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: the oracle with its axes permuted and then reshaped (or the other way round) is the learner's answer.

    Or by a transpose in the place of the reshape, inside the answer: the expression is then right.
    """
    return _whole(case) or _inside(case)


def _inside(case: Case) -> Diagnosis | None:
    found = search(case, _turned)
    if found is None:
        return None
    call = found.part
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    name, inner = call.func.attr, call.func.value
    above = next(around(case.draft, call), None) if case.draft is not None else None
    after = isinstance(above, ast.Attribute) and above.attr in ("T", "mT")
    back = isinstance(inner, ast.Attribute) and inner.attr in ("T", "mT")
    right = same_place(case.draft, found.tree, call) if case.draft is not None else None
    laid = right if isinstance(right, ast.Attribute) and isinstance(right.value, ast.Call) else None
    several = getattr(value_of(case, inner), "ndim", 2) > 2
    return case.proven(
        "scrambled-reshape",
        error=f"`{name}` gives these numbers another shape, and turns nothing",
        note="It reads row by row and lays out row by row: it never turns rows into columns.",
        help=f"Leave both out, the `{name}` and the `.T`."
        if after or back
        else f"Lay it out with these lengths the other way round, and turn that over: `{text(laid)}`."
        if laid is not None
        else f"Exchange the axes of `{short(inner)}` in place of the `{name}`: `{text(right)}`."
        if several and right is not None
        else f"Turn `{short(inner)}` over with `.T` in place of the `{name}`.",
        span=case.span(call, after=inner),
        fix=found.fix,
    )


def _turned(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, *RESHAPES):
        assert isinstance(call.func, ast.Attribute)
        above = next(around(expression, call), None)
        if isinstance(above, ast.Attribute) and above.attr in ("T", "mT"):
            yield put(expression, above, call.func.value), call
            continue
        value = value_of(case, call.func.value)
        if isinstance(value, torch.Tensor) and value.dim() == 2:
            yield put(expression, call, ast.copy_location(turned(call.func.value), call)), call
        elif isinstance(value, torch.Tensor) and 2 < value.dim() <= MOST:
            for other in _permuted(call.func.value, value.dim()):
                yield put(expression, call, ast.copy_location(other, call)), call
        if len(call.args) == 2:
            other = ast.Call(call.func, call.args[::-1], [])
            yield put(expression, call, ast.copy_location(turned(other), call)), call


def _permuted(base: ast.expr, rank: int) -> Iterator[ast.expr]:
    """A tensor of several axes with these exchanged: two of them, then others."""
    yield ast.Attribute(base, "mT", ast.Load())
    yield from (method(base, "transpose", i, j) for i, j in combinations(range(rank), 2) if (i, j) != (rank - 2, rank - 1))
    yield from (method(base, "permute", *order) for order in permutations(range(rank)))


def _whole(case: Case) -> Diagnosis | None:
    if not case.everywhere or case.expression is None or not case.same_shape:
        return None
    call = next(calls(case.expression, *RESHAPES), None)
    rank = case.oracles[0].dim()
    if call is None or not 2 <= rank <= 6:
        return None
    for order in permutations(range(rank)):
        if order == tuple(range(rank)):
            continue
        for change, claim in ((partial(_forth, order=order), _put(order)), (partial(_back, order=order), _put_back(order))):
            if close(change(case.oracles[0], case.answers[0]), case.answers[0], case.scales[0], case.tolerance) and case.replays(change):
                return replace(_told(case, call, order), claims=(claim,))
    return None


def _forth(oracle: torch.Tensor, answer: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    return oracle.permute(order).reshape(oracle.shape)


def _back(oracle: torch.Tensor, answer: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    """The oracle reshaped to permuted lengths and then permuted to its own shape."""
    lengths = [oracle.shape[i] for i in order]
    inverse = [order.index(i) for i in range(len(order))]
    return oracle.reshape(lengths).permute(inverse)


def _put(order: tuple[int, ...]) -> Claim:
    return equal(f"gradient.permute{order}.reshape(gradient.shape)", ANSWER)


def _put_back(order: tuple[int, ...]) -> Claim:
    lengths = ", ".join(f"gradient.shape[{i}]" for i in order)
    return equal(f"gradient.reshape({lengths}).permute{tuple(order.index(i) for i in range(len(order)))}", ANSWER)


def _told(case: Case, call: ast.Call, order: tuple[int, ...]) -> Diagnosis:
    assert isinstance(call.func, ast.Attribute) and case.expression is not None
    inner = call.func.value
    shape = ast.parse(f"{case.node}.shape", mode="eval").body
    edits = [put(case.expression, call, turned(inner)), put(case.expression, call, inner)]
    edits += [method(inner, "reshape", shape)]
    for back in (order, tuple(order.index(i) for i in range(len(order)))):
        lengths = [ast.parse(f"{case.node}.shape[{i}]", mode="eval").body for i in back]
        laid = method(inner, "reshape", *lengths)
        edits += [put(case.expression, call, method(laid, "permute", *(back.index(i) for i in range(len(back)))))]
    edits += [put(case.expression, call, method(inner, "permute", *p)) for p in permutations(range(case.oracles[0].dim()))]
    return case.proven(
        "scrambled-reshape",
        error=f"`{call.func.attr}` puts the right numbers in wrong places",
        note="It reads row by row and lays out row by row: it never turns rows into columns.",
        help="To exchange axes use `.T`, `transpose` or `permute`; to undo a view, view back in the forward's own order of axes.",
        span=case.span(call, after=inner),
        evidence="Autograd's gradient, its axes permuted and then reshaped, is your answer in every trial.",
        fix=case.fix(*edits),
    )
