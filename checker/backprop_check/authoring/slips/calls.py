"""Slips at a call: left out, another axis, a keyword lost or planted, another function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.authoring.slips.factors import left_out
from backprop_check.authoring.slips.names import Names, makes
from backprop_check.authoring.slips.places import AXIS_FIRST, JOINS, MOVES, RESHAPES, Place, called, method
from backprop_check.authoring.slips.whole import Codes, LabelledSlip, also

_REDUCTIONS = ("sum", "mean", "max", "amax", "argmax", "cumsum", "min")
_OTHER = "wrong-local-derivative"

_BEFORE = ("wrong-point", "wrong-operand", "wrong-local-derivative")
"""What stands there without a function of numbers: the value before it."""
_METHOD_LEFT_OUT: dict[str, Codes] = {
    "sum": ("missing-sum",),
    "mean": ("missing-sum",),
    "var": _BEFORE,
    "unsqueeze": ("accidental-outer", "not-expanded"),
    "view": ("not-reshaped",),
    "reshape": ("not-reshaped",),
    "scatter": ("missing-scatter", "missing-label"),
    "index_put": ("missing-scatter",),
    "index_add": ("missing-scatter",),
    "argmax": ("index-as-value",),
    **dict.fromkeys(MOVES, ("wrong-permutation", "missing-transpose")),
}
_FUNCTION_LEFT_OUT: dict[str, Codes] = {
    **dict.fromkeys(("exp", "log", "tanh", "sigmoid", "erf", "sign", "softmax"), _BEFORE),
    "sqrt": (*_BEFORE, "wrong-power"),
    "ones_like": ("wrong-operand", "extra-term", _OTHER),
    "zeros_like": ("wrong-start", "ignored-index", "extra-term"),
    "one_hot": ("index-as-value",),
    "where": ("mask-as-gradient", "missing-upstream", "wrong-dtype"),
    "fold": ("missing-scatter", "not-reshaped"),
}
_KEYWORD_LEFT_OUT: dict[str, Codes] = {
    "keepdim": ("lost-keepdim",),
    "accumulate": ("dropped-repeats",),
    "unbiased": ("wrong-scale", _OTHER),
}
_ARGUMENT_LEFT_OUT: dict[str, Codes] = {
    "one_hot": ("hard-coded-size",),
    **dict.fromkeys(JOINS, ("wrong-axis",)),
    **dict.fromkeys(RESHAPES, ("bad-reshape",)),
    **dict.fromkeys(MOVES, ("wrong-permutation",)),
}
_OTHER_AXIS: dict[str, Codes] = {"argmax": ("wrong-mask",), "unsqueeze": ("accidental-outer", "not-expanded", "elementwise-for-matmul")}
_EXCHANGED: dict[str, tuple[str, Codes]] = {
    "exp": ("log", (_OTHER,)),
    "log": ("exp", (_OTHER,)),
    "tanh": ("sigmoid", (_OTHER,)),
    "sqrt": ("square", (_OTHER, "wrong-power")),
    "square": ("sqrt", (_OTHER, "wrong-power")),
    "ones_like": ("zeros_like", ("wrong-start", "wrong-scale")),
    "zeros_like": ("ones_like", ("wrong-start", "extra-term", "ignored-index")),
    "argmax": ("argmin", ("wrong-mask", "wrong-operand")),
    "sum": ("mean", ("mean-for-sum", "wrong-scale")),
    "mean": ("sum", ("wrong-scale",)),
}


def at_call(place: Place, names: Names) -> Iterator[LabelledSlip]:
    """Yield the slips of one call of a method, or of a function of torch or F."""
    node, name = place.node, called(place.node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or name is None:
        return
    if method(node) is not None:
        adds = name.startswith("index_") and not makes(node.func.value, "zeros_like", "zeros")  # to what is there already
        yield (
            "call",
            (
                *also(adds, "missing-branch"),
                *_METHOD_LEFT_OUT.get(name, ()),
                *also(name in ("sum", "mean") and place.inner, "diagonal-jacobian"),
                *also(name in MOVES and any(called(above) in RESHAPES for above, _, _ in place.path), "scrambled-reshape"),
                *also(_cancels(place, node.func.value), "missing-branch"),
                *also(name == "sum" and isinstance(node.func.value, ast.Compare), "missing-local-derivative"),  # how many it holds at
            ),
            node.func.value,
        )
        yield from _axes(place, node, name)
    elif node.args:
        yield "call", _FUNCTION_LEFT_OUT.get(name) or _other_factor(place, node, names), node.args[0]
    for i, keyword in enumerate(node.keywords):
        known = keyword.arg or ""
        fair = (*_KEYWORD_LEFT_OUT.get(known, ()), *also(known == "keepdim" and place.inner, "accidental-outer"))
        yield "keepdim" if known == "keepdim" else "keyword", fair, _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    if name in _EXCHANGED:
        other, fair = _EXCHANGED[name]
        yield "function", fair, _with(node, func=ast.Attribute(node.func.value, other, ast.Load()))
    if len(node.args) > 1:
        exchanged = (*also(name == "outer", "transposed", "wrong-transpose"), *also(name in MOVES, "wrong-permutation"))
        yield "swap", (*exchanged, "shape-error"), _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
        for i in range(1, len(node.args)):
            yield "argument", _ARGUMENT_LEFT_OUT.get(name, ()), _with(node, args=[*node.args[:i], *node.args[i + 1 :]])


def _cancels(place: Place, left: ast.expr) -> bool:
    """Whether what is left is taken from itself: `d - d`, where a term was."""
    above = place.above
    return isinstance(above, ast.BinOp) and isinstance(above.op, ast.Sub) and ast.dump(above.left) == ast.dump(left)


def _axes(place: Place, node: ast.Call, name: str) -> Iterator[LabelledSlip]:
    """Another axis, none, or one that is kept."""
    if name in _REDUCTIONS:
        if node.args and not any(k.arg == "keepdim" for k in node.keywords):
            fair: Codes = ("extra-keepdim", *also(place.inner, "accidental-outer"))
            yield "keepdim", fair, _with(node, keywords=[*node.keywords, ast.keyword("keepdim", ast.Constant(True))])
        over_all = ("summed-everything", *also(place.inner, "wrong-axis"))
        fair = ("wrong-axis", "wrong-mask", "index-as-value") if name == "argmax" else over_all
        yield "axis", fair, _with(node, args=[], keywords=[])
    if name in AXIS_FIRST and node.args:
        for axis in (0, 1, -1, 2):
            yield "axis", _axis(name, node.args[0], axis), _with(node, args=[ast.Constant(axis), *node.args[1:]])


def _axis(name: str, right: ast.expr, axis: int) -> Codes:
    if isinstance(right, ast.Tuple) and axis in [e.value for e in right.elts if isinstance(e, ast.Constant)]:
        return ("missing-sum",)
    if isinstance(right, ast.Tuple):
        return "wrong-axis", "missing-sum"
    return "wrong-axis", *_OTHER_AXIS.get(name, ())


def _other_factor(place: Place, node: ast.Call, names: Names) -> Codes:
    """`torch.outer(dc, b)` left at `dc` lacks the factor `b`."""
    return left_out(place, node.args[1], names) if called(node) == "outer" and len(node.args) > 1 else ()


def _with(node: ast.Call, **changes: object) -> ast.Call:
    fields = {"func": node.func, "args": node.args, "keywords": node.keywords} | changes
    return ast.Call(**fields)  # type: ignore[arg-type]
