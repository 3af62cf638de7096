"""What would let two shapes fit that do not: the move in words, each tried on every run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import names_used, value_of
from backprop_check.diagnosis.meeting import (
    axes_of,
    contracted,
    function_of,
    has_product,
    in_product,
    last_step,
    multiplied,
    node_axes,
    shape_told,
)
from backprop_check.diagnosis.rewrites import method, put, turned
from backprop_check.diagnosis.words import short, users
from backprop_check.exercise.sizes import written

SHAPERS = ("squeeze", "t", "transpose", "permute", "flatten", "swapaxes", "movedim", "reshape", "view", "unsqueeze")
PRODUCT_CALLS = ("matmul", "mm", "mv", "bmm", "dot", "outer", "ger", "inner", "vdot")


def fitting(case: Case, part: ast.BinOp | ast.Call, operands: list[ast.expr]) -> str:
    """The move: what is proven to make the line right, else what the forward has there, else how to go on."""
    for changed, words in _changes(case, part, operands):
        if _right_with(case, part, changed):
            return words
    product = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
    product = product or (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in PRODUCT_CALLS)
    return (_of_product(case, part, operands) if product else _meeting(case)) or (
        f"{case.node} is {written(node_axes(case))}. Go back to {users(case)}: "
        "which numbers meet there, and which axes are copied, joined or summed away?"
    )


def _of_product(case: Case, part: ast.expr, operands: list[ast.expr]) -> str | None:
    """Of a matrix product: that the forward has none, that a single number scales, or on which axis its factors have to meet."""
    single = next((o for o in operands if isinstance(v := value_of(case, o), torch.Tensor) and not v.dim()), None)
    if single is not None:
        return f"`{short(single)}` is a single number: multiply with it by `*`."
    if (found := _meeting(case)) is not None:
        return found
    if has_product(case) or len(operands) != 2:
        return None
    times = put(part, part, ast.BinOp(operands[0], ast.Mult(), operands[1]))
    if _right_with(case, part, times) or multiplied(case) is not None:
        return f"There is no matrix product in {users(case)}: it works element by element, and so does the way back, with `*`."
    return None


def _meeting(case: Case) -> str | None:
    """Which factors the gradient is made of, and the axis that they have and the node has not."""
    right, line = case.derived.expression if case.derived is not None else None, in_product(case)
    own = node_axes(case)
    for product in ast.walk(right) if right is not None and line is not None else ():
        names = [n.id for n in names_used(product)] if isinstance(product, ast.BinOp | ast.Call) else []
        if len(names) != 2 or line is None:
            continue
        told = {n: axes_of(case, ast.Name(n, ast.Load())) or [] for n in names}
        back = f"Going back through `{line.name} = {line.source}`,"
        if isinstance(product, ast.Call) and function_of(product) == "outer":
            return f"{back} every number of {names[0]} meets every one of {names[1]}: {names[0]} stands as a column, {names[1]} as a row."
        meet = (
            contracted(case, product.left, product.right)
            if isinstance(product, ast.BinOp) and isinstance(product.op, ast.MatMult)
            else None
        )
        if meet and meet[0] == meet[1] and not meet[0].isdigit() and meet[0] not in own:
            shapes = " and ".join(f"{n} {written(names_)}" for n, names_ in told.items())
            every = dict.fromkeys(axis for axes in told.values() for axis in axes)
            rest = [n for n in every if n not in own and n != meet[0] and not n.isdigit()]
            more = f", and what is left along {' and '.join(rest)} is added up" if rest else ""
            return f"{back} {shapes} are multiplied. {case.node} is {written(own)}: it has no {meet[0]}, so they meet on {meet[0]}{more}."
    return None


def _changes(case: Case, part: ast.BinOp | ast.Call, operands: list[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    """The part with one operand laid out otherwise, and how to say that."""
    for operand in operands:
        base = _unshaped(operand)
        if base is not None:
            yield (
                put(part, operand, base),
                f"Leave the `{last_step(operand)}` out: `{short(base)}` is {shape_told(case, base)}, and fits as it is.",
            )
    for operand in operands:
        value = value_of(case, operand)
        rank = value.dim() if isinstance(value, torch.Tensor) else 0
        for axis in range(rank, -1, -1) if rank else ():
            given = method(operand, "unsqueeze", axis)
            where = "last" if axis == rank else "first" if not axis else f"at position {axis}"
            names = axes_of(case, given)
            yield (
                put(part, operand, given),
                f"Give `{short(operand)}` an axis of length 1 {where}, as in `.unsqueeze({axis})`: then it is {written(names or [])}.",
            )
        if rank == 2:
            yield (
                put(part, operand, turned(operand)),
                f"Turn `{short(operand)}` over: then it is {written(axes_of(case, turned(operand)) or [])}.",
            )


def _unshaped(operand: ast.expr) -> ast.expr | None:
    """What stands before the last change of layout."""
    if isinstance(operand, ast.Attribute) and operand.attr in ("T", "mT"):
        return operand.value
    if isinstance(operand, ast.Call) and isinstance(operand.func, ast.Attribute) and operand.func.attr in SHAPERS:
        return operand.func.value if ast.unparse(operand.func.value) != "torch" else operand.args[0] if operand.args else None
    return None


def _right_with(case: Case, part: ast.expr, changed: ast.expr) -> bool:
    """Whether the learner's whole expression is right with another part in it."""
    return case.draft is not None and any(node is part for node in ast.walk(case.draft)) and case.is_right(put(case.draft, part, changed))
