"""What a product lacks when a factor of it is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.authoring.slips.names import Names, makes, number, numbers
from backprop_check.authoring.slips.places import Place
from backprop_check.authoring.slips.whole import Codes, also


def left_out(place: Place, lost: ast.expr, names: Names) -> Codes:
    """What a product lacks without the factor `lost`."""
    kept = [factor for factor in _product(place) if factor is not lost]
    if names.upstream(lost):
        masks = bool(kept) and all(_masks(factor) for factor in kept)
        is_value = len(kept) == 1 and isinstance(kept[0], ast.Name) and not place.inner
        return "missing-upstream", *also(masks, "mask-as-gradient"), *also(is_value, "wrong-local-derivative")
    if _masks(lost) or (isinstance(lost, ast.Name) and lost.id in names.masks):
        whole = also(not makes(lost, "one_hot"), "missing-local-derivative", "wrong-local-derivative")
        ties = also(makes(lost, "sum"), "tie-convention")  # how many there are
        return "missing-mask", "not-selected", *also(makes(lost, "one_hot"), "missing-scatter", "ignored-index"), *whole, *ties
    inner = any(names.local(factor) or (isinstance(factor, ast.Name) and factor.id in names.masks) for factor in kept)
    inner = inner or any(name[1:] in names.nested for factor in kept for name in numbers(factor) if names.is_gradient(name))
    inner = inner or (isinstance(lost, ast.BinOp) and isinstance(lost.op, ast.Mult | ast.Div))  # slopes of more than one operation
    if names.local(lost):
        return (
            "missing-local-derivative",
            "wrong-local-derivative",
            *also(inner, "missing-inner-derivative"),
            *also(names.single(lost), "wrong-scale"),
        )
    # Without its last local factor, even a constant one, the gradient from above goes through as if nothing stood in its way.
    through = bool(kept) and all(names.gradient(factor) or makes(factor, "ones_like") or names.constant(factor) for factor in kept)
    passed = also(through, "missing-local-derivative")
    if makes(lost, "ones_like"):
        return "not-expanded", *also(not isinstance(lost, ast.Call), "wrong-scale"), *passed
    value = number(lost)
    part = also(inner and value not in (1, -1), "wrong-local-derivative")
    return *also(value is not None and value < 0, "wrong-sign"), *also(value != -1, "wrong-scale"), *part, *passed


def _masks(factor: ast.expr) -> bool:
    return makes(factor, "one_hot") or any(isinstance(node, ast.Compare) for node in ast.walk(factor))


def _product(place: Place) -> Iterator[ast.expr]:
    """The factors of the product that a place stands in."""
    product: list[ast.AST] = [place.node]
    for above, _, _ in reversed(place.path):
        if not (isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult | ast.Div | ast.MatMult)):
            break
        product.append(above)
    for node in product:
        if isinstance(node, ast.BinOp):
            yield from (side for side in (node.left, node.right) if side not in product)
