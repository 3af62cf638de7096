"""Slips at an operator: one side left out, the sides exchanged, another operator."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.authoring.slips.factors import left_out
from backprop_check.authoring.slips.matmul import at_matmul
from backprop_check.authoring.slips.names import Names, literal, makes, number
from backprop_check.authoring.slips.places import Place
from backprop_check.authoring.slips.whole import Codes, LabelledSlip, also, filled

_OTHER = "wrong-local-derivative"


def at_operator(place: Place, names: Names) -> Iterator[LabelledSlip]:
    """Yield the slips of one binary operator or minus sign."""
    node = place.node
    match node:
        case ast.UnaryOp(op=ast.USub()) if number(node) is None:
            yield "sign", ("wrong-sign",), node.operand
        case ast.BinOp(op=ast.Add()):
            yield from _add(node, names)
        case ast.BinOp(op=ast.Sub()):
            yield from _subtract(node, names)
        case ast.BinOp(op=ast.Mult()):
            yield from _multiply(place, node, names)
        case ast.BinOp(op=ast.Div()):
            yield from _divide(place, node, names)
        case ast.BinOp(op=ast.Pow()):
            yield from _power(node, names)
        case ast.BinOp(op=ast.MatMult()):
            yield from at_matmul(place, node, names)


def _add(node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    left, right = node.left, node.right
    if names.upstream(left) and names.upstream(right):
        yield "branch", ("missing-branch",), left
        yield "branch", ("missing-branch",), right
        for scaled in names.by_count("({})"):
            yield "constant", ("wrong-scale",), ast.BinOp(filled(scaled, left), node.op, right)
            yield "constant", ("wrong-scale",), ast.BinOp(left, node.op, filled(scaled, right))
        yield "operator", ("subtracted-branch", "wrong-sign"), _with(node, ast.Sub())
        yield "operator", ("multiplied-branches",), _with(node, ast.Mult())
    else:  # a point the forward shifted, as in `bnvar + 1e-5`
        yield "point", ("dropped-epsilon",), left
        # With the number alone, nothing of the value is left in this factor.
        yield "point", ("wrong-point", _OTHER, "missing-local-derivative"), right
        yield "operator", ("wrong-point", "wrong-sign", _OTHER), _with(node, ast.Sub())
        yield "operator", ("wrong-point", "dropped-epsilon", _OTHER), _with(node, ast.Mult())


def _subtract(node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    left, right = node.left, node.right
    if names.upstream(left) and names.upstream(right):
        # Two terms, of two uses or of one derivative as softmax has it.
        passed = also(names.gradient(left), "missing-local-derivative")
        yield "branch", ("missing-branch", "diagonal-jacobian", _OTHER, *passed), left
        yield "branch", ("missing-branch", "wrong-sign", _OTHER), right
        exchanged: Codes = ("wrong-sign",)
        added: Codes = ("wrong-sign",)
    elif names.constant(node):  # a count, as in `n - 1`
        yield "constant", ("wrong-scale",), left
        yield "constant", ("wrong-scale", "wrong-sign"), right
        exchanged, added = ("wrong-sign", "wrong-scale"), ("wrong-scale", "wrong-sign")
    else:  # a local derivative, as in `1 - h**2`; or two terms with a common factor, as in `(h0 - n) * dh`: each may be a use
        use = also(number(left) is None and number(right) is None, "missing-branch")
        yield "term", ("missing-local-derivative", _OTHER, *use, *also(makes(right, "one_hot"), "missing-label")), left
        yield "term", (_OTHER, *use), right
        exchanged, added = ("wrong-sign",), ("wrong-sign", _OTHER)
    yield "swap", exchanged, ast.BinOp(right, node.op, left)
    yield "operator", added, _with(node, ast.Add())


def _multiply(place: Place, node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    left, right = node.left, node.right
    yield "factor", left_out(place, right, names), left
    yield "factor", left_out(place, left, names), right
    copied = any(makes(side, "ones_like") for side in (left, right))
    yield "operator", ("plus-for-times", *also(copied, "extra-term", "wrong-start")), _with(node, ast.Add())
    if names.constant(right):
        inverted: Codes = ("wrong-scale",)
    elif makes(right, "one_hot"):
        inverted = "not-finite", "wrong-mask", _OTHER
    else:
        inverted = _OTHER, "wrong-power"
    yield "operator", inverted, _with(node, ast.Div())


def _divide(place: Place, node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    left, right = node.left, node.right
    inverted = ("wrong-scale",) if names.constant(node) else (_OTHER, "wrong-power")
    multiplied = ("wrong-scale", *inverted) if names.constant(right) else inverted
    yield "factor", left_out(place, right, names), left
    yield "factor", (*inverted, *left_out(place, left, names)), right
    yield "swap", inverted, ast.BinOp(right, node.op, left)
    yield "operator", tuple(dict.fromkeys(multiplied)), _with(node, ast.Mult())


def _power(node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    fair = "wrong-power", _OTHER, *also(names.constant(node), "wrong-scale")
    yield "power", fair, node.left
    yield "power", (*fair, "missing-local-derivative"), node.right
    yield "swap", fair, ast.BinOp(node.right, node.op, node.left)
    power = number(node.right)
    for other in (power + 1, power - 1, -power, power / 2) if power is not None else ():
        yield "power", fair, ast.BinOp(node.left, node.op, literal(other))


def _with(node: ast.BinOp, operator: ast.operator) -> ast.BinOp:
    return ast.BinOp(node.left, operator, node.right)
