"""Slips at a matrix product: which way round its factors stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.authoring.slips.factors import left_out
from backprop_check.authoring.slips.names import Names
from backprop_check.authoring.slips.places import MOVES, Place, called
from backprop_check.authoring.slips.whole import Codes, LabelledSlip, also


def at_matmul(place: Place, node: ast.BinOp, names: Names) -> Iterator[LabelledSlip]:
    """Yield the slips at one `@`: a factor left out, turned or exchanged with the other."""
    left, right = node.left, node.right
    yield "factor", left_out(place, right, names), left
    yield "factor", left_out(place, left, names), right
    beside_vector = [side for side, other in ((left, right), (right, left)) if names.vector(other)]
    exchanged = [code for side in beside_vector for code in _turning(_turned(side))]  # the other way round, it meets on its other axis
    yield "swap", ("wrong-transpose", *exchanged), ast.BinOp(right, node.op, left)
    yield "operator", ("elementwise-for-matmul",), ast.BinOp(left, ast.Mult(), right)
    turned_left, turned_right = _turned(left), _turned(right)
    yield "transpose", _turning(left), ast.BinOp(turned_left, node.op, right)
    yield "transpose", _turning(right), ast.BinOp(left, node.op, turned_right)
    yield "transpose", tuple(dict.fromkeys((*_turning(left), *_turning(right)))), ast.BinOp(turned_left, node.op, turned_right)
    yield "transpose", ("transposed", "wrong-transpose", "needless-transpose", "reversed-axes"), _turned(node)


def at_turn(place: Place) -> Iterator[LabelledSlip]:
    """A `.T` or `.mT` left out."""
    if isinstance(place.node, ast.Attribute) and place.node.attr in ("T", "mT"):
        yield "transpose", _turning(place.node), place.node.value


def _turning(node: ast.expr) -> Codes:
    turned = isinstance(node, ast.Attribute) and node.attr in ("T", "mT")
    if turned:
        return "missing-transpose", "wrong-transpose"
    return "needless-transpose", "wrong-transpose", "reversed-axes", *also(called(node) in MOVES, "wrong-permutation")


def _turned(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        return node.value
    return ast.Attribute(node, "T", ast.Load())
