"""Slips in a right formula that exchange its operations: sums before products, terms multiplied, another step, a factor turned."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import reduce

from backprop_check.derivation.trees import fill
from backprop_check.diagnosis.by_edit.edits import Made, is_tensor, names_used, parts
from backprop_check.diagnosis.case import Case
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, is_turned, operations, put

STEP = re.compile(r"(\D+)(\d+)$")


def early_sums(case: Case, right: ast.expr) -> Iterator[Made]:
    """Factors summed up, each by itself, and multiplied then."""
    for call in calls(right, "sum"):
        given = reduced(call)
        inner = given[0] if given is not None else None
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
            left, right_ = (put(call, inner, side) for side in (inner.left, inner.right))
            yield "sum-before-product", call, ast.BinOp(left, ast.Mult(), right_)
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.MatMult):
            factors = {"a": inner.left, "b": inner.right}
            yield "sum-before-product", call, fill("a.sum(0) @ b.sum(0)", factors)
            yield "sum-before-product", call, fill("a.sum(-1).T @ b.sum(-2)", factors)
    for part in operations(right, ast.MatMult):
        factors = {"a": part.left, "b": part.right}
        yield "sum-before-product", part, fill("a.sum(-1, keepdim=True) * b.sum(-2)", factors)
    yield from _across_paths(right)


def _across_paths(right: ast.expr) -> Iterator[Made]:
    """The gradients of all paths added, and what they are multiplied with; within the sum that is taken of each term alike."""
    terms, around = added(right), list[ast.Call]()
    while all(isinstance(term, ast.Call) for term in terms):
        given = [reduced(term) for term in terms if isinstance(term, ast.Call)]
        inner = [each[0] for each in given if each is not None]
        hole = ast.Name("_", ast.Load())
        alike = {ast.dump(put(term, base, hole)) for term, base in zip(terms, inner, strict=False)}
        if len(inner) < len(terms) or len(alike) > 1 or not isinstance(terms[0], ast.Call):
            return
        around.append(terms[0])
        terms = inner
    products = [term for term in terms if isinstance(term, ast.BinOp)]
    if len(terms) < 2 or len(products) < len(terms) or len({type(t.op) for t in products}) > 1:
        return
    if isinstance(products[0].op, ast.Mult | ast.MatMult):
        sides = [reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), side) for side in zip(*((t.left, t.right) for t in products), strict=True)]
        whole: ast.expr = ast.BinOp(sides[0], products[0].op, sides[1])
        for call in reversed(around):
            whole = put(call, reduced(call)[0], whole)  # type: ignore[index]
        yield "sum-before-product", right, whole


def multiplied_paths(case: Case, right: ast.expr) -> Iterator[Made]:
    """The paths multiplied; or, along one path, factors added."""
    terms = added(right)
    if len(terms) > 1:
        yield "multiplied-branches", right, reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), terms)
    for part in parts(right):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult) and is_tensor(case, part.left) and is_tensor(case, part.right):
            yield "plus-for-times", part, ast.BinOp(part.left, ast.Add(), part.right)


def added(right: ast.expr) -> list[ast.expr]:
    """The terms of a sum."""
    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Add):
        return [*added(right.left), *added(right.right)]
    return [right]


def turns(case: Case, right: ast.expr) -> Iterator[Made]:
    """A factor of a matrix product that is turned though it should not be, or is not though it should be."""
    for part in operations(right, ast.MatMult):
        for factor in (part.left, part.right):
            if is_turned(factor):
                inner = factor.value if isinstance(factor, ast.Attribute) else getattr(getattr(factor, "func", None), "value", factor)
                yield "missing-transpose", factor, inner
            else:
                yield "needless-transpose", factor, fill("x.mT", {"x": factor})


def other_products(case: Case, right: ast.expr) -> Iterator[Made]:
    """A matrix product in the place of an elementwise one, or the other way round."""
    for part in parts(right):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult) and is_tensor(case, part.left) and is_tensor(case, part.right):
            for text in ("a @ b", "b @ a", "a.T @ b", "b.T @ a", "a @ b.T"):
                yield "needless-sum", part, fill(text, {"a": part.left, "b": part.right})
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult):
            for text in ("a * b", "(a.T * b).sum(0)", "(a * b).sum(0)"):
                yield "elementwise-for-matmul", part, fill(text, {"a": part.left, "b": part.right})


def one_of_many(case: Case, right: ast.expr) -> Iterator[Made]:
    """Only the first of what a sum brings together."""
    for call in calls(right, "sum"):
        given = reduced(call)
        axis = given[1][0].value if given is not None and given[1] and isinstance(given[1][0], ast.Constant) else None
        if given is not None and isinstance(axis, int):
            yield "missing-sum", call, fill(f"x.select({axis}, 0)", {"x": given[0]})


def functions(case: Case, right: ast.expr) -> Iterator[Made]:
    """A tensor's complement or inverse in its place, or it in theirs."""
    for name in names_used(right):
        if is_tensor(case, name) and name.id not in case.available:
            for text in ("1 - x", "x * (1 - x)", "1 - x**2", "1 / x"):
                yield "wrong-local-derivative", name, fill(text, {"x": name})


def steps(case: Case, right: ast.expr) -> Iterator[Made]:
    """The names of a chain `h0, h1, h2` each taken one step too early or too late: those of the forward, or those of gradients."""
    for gradients in (False, True):
        found = [(n, m) for n in names_used(right) if (n.id in case.available) is gradients and (m := STEP.match(n.id))]
        for by in (1, -1):
            whole = right
            for name, match in found:
                whole = put(whole, name, ast.Name(f"{match[1]}{int(match[2]) + by}", ast.Load()))
            if found:
                yield "wrong-operand", right, whole
