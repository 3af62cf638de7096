"""Slips around the whole right expression: its sign, its scale, its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.authoring.slips.names import Names

Codes = tuple[str, ...]
LabelledSlip = tuple[str, Codes, ast.expr]
"""What was done, the codes that name it fairly, and the wrong expression or the wrong part of it."""


def also(holds: bool, *codes: str) -> Codes:
    """More names for a slip, where something holds."""
    return codes if holds else ()


def around(tree: ast.expr, shape: tuple[int, ...], names: Names) -> Iterator[LabelledSlip]:
    """Yield the slips around an expression whose value has this shape."""
    scaled, layout = ("wrong-scale", "extra-term"), _flattened(shape)
    for slip, fair, text in (
        ("sign", ("wrong-sign",), "-({})"),
        ("transpose", _turned(tree, shape), "({}).T"),
        ("constant", ("wrong-scale",), "2 * ({})"),
        ("constant", ("wrong-scale",), "({}) / 2"),
        ("axis", _summed(shape, 0), "({}).sum(0)"),
        ("axis", _summed(shape, 0), "({}).sum(0, keepdim=True)"),
        ("axis", _summed(shape, -1), "({}).sum(-1)"),
        ("axis", ("summed-everything", "needless-sum"), "({}).sum()"),
        ("axis", _summed(shape, 0), "({}).mean(0)"),
        ("keepdim", ("extra-keepdim",), "({})[None]"),
        ("power", ("wrong-power", "extra-term"), "({})**2"),
        ("power", ("wrong-power", "wrong-local-derivative", *also(names.uniform(tree), "wrong-scale")), "({})**-1"),
        ("term", ("extra-term",), "({}) + 1e-4"),
        ("constant", scaled, "({}) * (1 + 1e-6)"),
        ("layout", layout, "({}).flatten()"),
        ("layout", ("wrong-permutation",), "({}).flip(0)"),
        ("constant", scaled, "({}) * 0"),
        *(("constant", ("wrong-scale",), text) for text in names.by_count("({})")),
    ):
        yield slip, fair, filled(text, tree)


def filled(text: str, part: ast.expr) -> ast.expr:
    """The expression `text` with `part` in the place of its braces."""
    return ast.parse(text.format(ast.unparse(part)), mode="eval").body


def _summed(shape: tuple[int, ...], axis: int) -> Codes:
    """A sum of a gradient that needs none. Along an axis of length 1 it adds nothing up and only drops the axis."""
    if shape and shape[axis] == 1:
        return ("lost-keepdim",)
    if sum(n > 1 for n in shape) == 1:
        return "summed-everything", "needless-sum"
    return ("needless-sum",)


def _flattened(shape: tuple[int, ...]) -> Codes:
    if not shape:
        return ("extra-keepdim",)
    return ("lost-keepdim", "not-reshaped") if sum(n > 1 for n in shape) == 1 else ("not-reshaped",)


def _turned(tree: ast.expr, shape: tuple[int, ...]) -> Codes:
    product = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.MatMult)
    factors = also(product, "wrong-transpose", "needless-transpose")
    return "transposed", *factors, *also(len(shape) > 2, "reversed-axes", "wrong-permutation")
