"""Slips at a number or a name: another constant, another tensor."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from backprop_check.authoring.slips.names import Names, literal, number
from backprop_check.authoring.slips.places import Place, method, put
from backprop_check.authoring.slips.whole import Codes, LabelledSlip, also

_OTHER = "wrong-local-derivative"


_LAID_OUT = {"ones_like": ("not-expanded", "accidental-outer"), "zeros_like": ("missing-scatter",), "one_hot": ("wrong-mask",)}


def at_constant(place: Place, names: Names) -> Iterator[LabelledSlip]:
    """One more, one less, twice, the other sign and nothing, for a number that is no axis."""
    value = number(place.node)
    signed = isinstance(place.above, ast.UnaryOp) and number(place.above) is not None  # the sign is part of the number
    if value is not None and not signed and not place.in_axis:
        for other in (value + 1, value - 1, 2 * value, -value, 0):
            yield "constant", _constant(place, value, other, names), literal(other)


def _constant(place: Place, value: float, other: float, names: Names) -> Codes:
    if place.in_exponent:
        return "wrong-power", _OTHER, *also(other == 0, "missing-local-derivative")
    if place.in_subscript:
        return (
            "wrong-axis",
            *also(place.in_length, "wrong-scale"),
            *also(place.in_slice or not place.of_shape, "wrong-slice"),
            *also(place.reshaped, "bad-reshape"),
        )
    if place.joins:
        return "wrong-axis", "shape-error"
    if place.reshaped:
        return "bad-reshape", "shape-error"
    if place.moving:
        return "wrong-permutation", "reversed-axes", "missing-transpose", "wrong-transpose", "shape-error"
    if place.in_comparison:
        return ("wrong-mask",)
    if place.laid_out == "one_hot":
        return "wrong-axis", "hard-coded-size", "shape-error"
    match place.above:
        case ast.BinOp(op=ast.Add()):  # a point the forward shifted, as in `bnvar + 1e-5`
            if other == 0:
                return ("dropped-epsilon",)
            return "wrong-point", _OTHER, "wrong-scale", *also(other == -value, "wrong-sign")
        case ast.BinOp(op=ast.Sub()) as above if not names.constant(above):  # a local derivative, as in `1 - h**2`
            return _OTHER, *also(other != 0, "wrong-scale"), *also(other == -value, "wrong-sign")
        case ast.BinOp(op=ast.Sub()):  # a count, as in `n - 1`
            return "wrong-scale", *also(other == -value, "wrong-sign")
    if other == 0:
        return "wrong-scale", "extra-term"
    return ("wrong-sign",) if other == -value else ("wrong-scale",)


def at_name(place: Place, names: Names, tree: ast.expr, others: Collection[str]) -> Iterator[LabelledSlip]:
    """Another tensor for the one that belongs there."""
    node = place.node
    if isinstance(node, ast.Name) and node.id not in ("torch", "F", "math") and not place.called:
        for other in (*others, *(names.counts if node.id in names.counts else ())):
            new = ast.Name(other, ast.Load())
            yield "operand", _operand(place, node.id, other, names, put(tree, place, new)), new


def _operand(place: Place, name: str, other: str, names: Names, wrong: ast.expr) -> Codes:
    if place.in_comparison:
        return "wrong-mask", "wrong-operand"
    if place.in_length or place.in_slice:
        return "wrong-operand", "wrong-axis", *also(place.in_length, "wrong-scale"), *also(place.in_slice, "wrong-slice")
    if name not in names.shapes:  # a count or an index
        return "wrong-operand", *also(name in names.counts and not place.laid_out, "wrong-scale", _OTHER)
    if place.laid_out:
        near = also(names.one_line(name, other), "wrong-point")
        viewed = any(method(above) in ("view", "reshape") for above, _, _ in place.path)
        return "wrong-operand", *_LAID_OUT.get(place.laid_out, ()), *also(viewed, "not-reshaped"), *near
    if names.is_gradient(name) and names.is_gradient(other):  # of a node further on, it skips what lies between
        skipped = also(names.leads(name[1:], other[1:]), "missing-local-derivative")
        return "wrong-operand", "stale-name", "missing-upstream", *skipped, *also(bool(skipped), "missing-branch")
    if names.is_gradient(name):
        return "wrong-operand", *also(not names.upstream(wrong), "missing-upstream"), *also(not place.inner, _OTHER)
    return "wrong-operand", *also(names.one_line(name, other), "wrong-point")
