"""transposed: the answer is the right gradient with its axes in another order.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dW = dy.T @ x
Right: dW = x.T @ dy

Why:
(A @ B).T is B.T @ A.T: taking the factors of a product in the other order turns the result over. The gradient has the
layout of the variable, so the factor that carries the variable's first axis stands first.

Read more: The Matrix Cookbook, section 2, derivatives of matrices.

Question: {node} is {axes}. Write the axes of yours under these, one by one: which have changed places?
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from itertools import permutations

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.letters import letters_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.rewrites import calls, method, put, swapped_product, turned
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by permuting the answer's axes back: it is then the oracle."""
    rank = case.answers[0].dim() if case.answers else 0
    if not 2 <= rank <= 4 or not case.everywhere or any(a.dim() != o.dim() for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    for order in permutations(range(rank)):
        if order != tuple(range(rank)) and case.mends(partial(_permuted, order=order)):
            return _told(case, order)
    return None


def _permuted(answer: torch.Tensor, oracle: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    return answer.permute(order)


def _told(case: Case, order: tuple[int, ...]) -> Diagnosis:
    expression = case.expression
    fix = None
    if expression is not None:
        plain = turned(expression) if len(order) == 2 else _back(expression, order)
        others = _ways(expression) if len(order) == 2 else [_told_otherwise(expression, order)]
        fix = case.fix(*others, *_stacked(expression), plain)
    same = case.same_shape
    return case.proven(
        "transposed" if order[:-2] == tuple(range(len(order) - 2)) else "wrong-permutation",
        error=f"these are the numbers of {case.name}, turned over" if same else f"{case.got}, but {case.node} is {case.due}",
        note=case.only(f"You built the transpose of {case.name}: its numbers, with rows for columns.")
        if len(order) == 2
        else f"The axes stand in another order: axes {order} of yours, in this order, are those of {case.node}.",
        help="Let `stack` put its new axis where the forward has it."
        if expression is not None and fix is not None and fix in map(text, _stacked(expression))
        else _move(case, expression, order),
        evidence=f"With its axes in the order {order} the answer equals autograd's gradient in every trial.",
        claims=(equal(f"answer.permute{order}"),),
        fix=fix,
    )


def _back(expression: ast.expr, order: tuple[int, ...]) -> ast.expr:
    """The axes put in this order: by `.mT` where only the last two change places, by `transpose` where two others do."""
    moved = [axis for axis, place in enumerate(order) if axis != place]
    if moved == [len(order) - 2, len(order) - 1]:
        return turned(expression) if isinstance(expression, ast.Attribute) else ast.Attribute(expression, "mT", ast.Load())
    return method(expression, "transpose", *moved) if len(moved) == 2 else method(expression, "permute", *order)


def _ways(expression: ast.expr) -> Iterator[ast.expr | None]:
    """Other ways to write a product the other way round: its factors exchanged, its letters, nothing turned."""
    yield swapped(expression)
    yield bare if (bare := _bare(expression)) is not expression else None
    for call in calls(expression, "unsqueeze"):
        yield from (put(expression, call, method(call.func.value, "unsqueeze", axis)) for axis in (0, 1))  # type: ignore[attr-defined]
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
        if expression.func.attr in ("outer", "ger") and len(expression.args) == 2:
            yield ast.Call(expression.func, expression.args[::-1], [])
        yield _told_otherwise(expression, (1, 0))


def swapped(expression: ast.expr) -> ast.expr | None:
    """Every product of a sum, or beside a number, with its factors exchanged and turned; None where something else stands there."""
    match expression:
        case ast.BinOp(op=ast.MatMult()):
            return swapped_product(expression)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            one, other = swapped(left), swapped(right)
            return ast.BinOp(one, op, other) if one is not None and other is not None else None
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=ast.Name() | ast.Constant() | ast.BinOp() as number):
            inner = swapped(left)
            return ast.BinOp(inner, op, number) if inner is not None else None
        case ast.BinOp(left=ast.Name() | ast.Constant() as number, op=ast.Mult() as op, right=right):
            inner = swapped(right)
            return ast.BinOp(number, op, inner) if inner is not None else None
        case ast.UnaryOp(op=ast.USub() as minus, operand=operand):
            inner = swapped(operand)
            return ast.UnaryOp(minus, inner) if inner is not None else None
    return None


def _stacked(expression: ast.expr) -> Iterator[ast.expr]:
    """A `stack` along another axis."""
    for call in calls(expression, "stack"):
        axis = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg in ("dim", "axis")), None)
        if axis is not None:
            yield from (put(expression, axis, ast.Constant(k)) for k in range(4))


def _bare(expression: ast.expr) -> ast.expr:
    """The expression without any `.T`."""
    for part in [n for n in ast.walk(expression) if isinstance(n, ast.Attribute) and n.attr in ("T", "mT")]:
        expression = put(expression, part, part.value)
    return expression


def _told_otherwise(expression: ast.expr, order: tuple[int, ...]) -> ast.expr | None:
    """An `einsum` with the letters of its result in this order."""
    letters = letters_of(expression)
    if letters is None or len(letters[1]) != len(order):
        return None
    assert isinstance(expression, ast.Call)
    after = "".join(letters[1][axis] for axis in order)
    return put(expression, expression.args[0], ast.Constant(f"{','.join(letters[0])}->{after}"))


def _move(case: Case, expression: ast.expr | None, order: tuple[int, ...]) -> str:
    """How the answer comes to stand the other way round, by what it is."""
    if (letters := letters_of(expression) if expression is not None else None) is not None and len(letters[1]) == len(order):
        return f"Exchange the letters of the result: `->{''.join(letters[1][axis] for axis in order)}`."
    if len(order) > 2:
        step = text(_back(ast.Name("x", ast.Load()), order)).removeprefix("x")
        return f"Put the axes in the order of {case.node}, {case.due}: `{step}` does."
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute) and expression.func.attr in ("outer", "ger"):
        return "Exchange the two vectors: the first one gives the rows."
    if isinstance(expression, ast.BinOp) and not isinstance(expression.op, ast.MatMult) and swapped(expression) is not None:
        return f"Exchange the two factors of each `@` and turn them, so that the first axis of {case.node} comes first; or turn the result."
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.MatMult):
        return f"Exchange the two factors and turn each, so that the first axis of {case.node} comes first; or turn the result."
    if isinstance(expression, ast.Attribute) and expression.attr in ("T", "mT"):
        return f"Leave the last `.{expression.attr}` out."
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute) and expression.func.attr == "unsqueeze":
        return f"Let the axis of length 1 stand at the other end: `.unsqueeze({0 if ast.unparse(expression.args[0]) != '0' else 1})`."
    if expression is not None and (bare := _bare(expression)) is not expression and case.is_right(bare):
        return "Leave the `.T` out: nothing has to be turned."
    return "Turn the result over: `.T`."
