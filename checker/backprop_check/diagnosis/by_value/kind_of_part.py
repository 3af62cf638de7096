"""What mistake it is to have written one part of an expression for another, read off the two of them."""

from __future__ import annotations

import ast

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, operands_of
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.diagnosis.scale.factors import divided_by, lines_of_answer
from backprop_check.expression.rewrites import MODULES

ANOTHER = "wrong-operand", "stands where another value belongs"
SOME_OTHER = "wrong-operand", "stands where something else belongs"
SLOPE = "wrong-local-derivative", "is a value, where its slope, 1, belongs"
FUNCTION = "wrong-local-derivative", "is another function than the one that belongs here"
OTHERWISE = "wrong-local-derivative", "is not the derivative that belongs here"
"""`SOME_OTHER` and the last are said of a part that has little in common with what mends it: other explanations go before them."""


def kind_of(part: ast.expr, replacement: ast.expr) -> tuple[str, str] | None:
    """What mistake it is to have written `part` for `replacement`; None where something beside it is wrong instead."""
    part, replacement = without_common(part, replacement)
    if isinstance(replacement, ast.BinOp):
        within = ast.dump(part) in ast.dump(replacement)
        if within and literal(replacement.left) is not None and ast.dump(replacement.right) == ast.dump(part):
            return None  # a constant is off, and that has mistakes of its own
        if within and isinstance(replacement.op, ast.Mult) and not isinstance(part, ast.Constant):
            return "missing-local-derivative", "is not the whole derivative: a factor is missing"
        if (within and isinstance(replacement.op, ast.Add | ast.Sub)) or (
            isinstance(part, ast.Name) and isinstance(replacement.left, ast.Constant)
        ):
            return None
    if isinstance(part, ast.Subscript) and isinstance(replacement, ast.Subscript) and ast.dump(part.value) == ast.dump(replacement.value):
        return "wrong-slice", "is another part than the one the forward used"
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "ones_like":
        return "missing-local-derivative", "takes the derivative for 1"
    if isinstance(part, ast.Call) and isinstance(replacement, ast.Call) and _of_the_same(part, replacement):
        return FUNCTION
    names = {n.id for n in ast.walk(replacement) if isinstance(n, ast.Name)} - {*MODULES}
    if isinstance(replacement, ast.Call) and isinstance(replacement.func, ast.Attribute) and replacement.func.attr == "ones_like":
        return SLOPE
    if isinstance(part, ast.Name) and names != {part.id}:
        return ANOTHER if isinstance(replacement, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else SOME_OTHER
    if (
        isinstance(part, ast.Name)
        and isinstance(replacement, ast.Call)
        and not any(word in ast.dump(replacement) for word in ("sign", "ones_like"))
    ):
        return ANOTHER
    return OTHERWISE


def _of_the_same(part: ast.Call, replacement: ast.Call) -> bool:
    """Whether two calls differ in the function alone."""
    return function_of(part) != function_of(replacement) and [*map(ast.dump, operands_of(part))] == [
        *map(ast.dump, operands_of(replacement))
    ]


def without_common(part: ast.expr, replacement: ast.expr) -> tuple[ast.expr, ast.expr]:
    """Both without what they have in common around the part in which they differ: of `c**2` and `tanh(c)**2`, `c` and `tanh(c)`."""
    while isinstance(part, ast.BinOp) and isinstance(replacement, ast.BinOp) and type(part.op) is type(replacement.op):
        if ast.dump(part.right) == ast.dump(replacement.right):
            part, replacement = part.left, replacement.left
        elif ast.dump(part.left) == ast.dump(replacement.left):
            part, replacement = part.right, replacement.right
        else:
            break
    return part, replacement


def taken_by_the_forward(case: Case, name: str, call: ast.expr) -> tuple[str, str, str] | None:
    """Code, error and note where a name stands for a function of it that the forward computes on the way."""
    line = next((line for line in lines_of_answer(case) if ast.dump(call) in ast.dump(parsed(line.source.strip()))), None)
    if line is None or not isinstance(call, ast.Call):
        return None
    if name == case.node and name not in {n.id for n in ast.walk(call) if isinstance(n, ast.Name)}:
        return (
            "wrong-operand",
            f"`{name}` {ANOTHER[1]}",
            f"How far the result of {lines([line])} moves with {name} is told by `{text(call)}`.",
        )
    if name == case.node:
        error = f"the formula is right, but `{name}` is what goes into `{text(call)}`"
        return "wrong-point", error, f"In {lines([line])} it belongs to what comes out of that."
    return "wrong-operand", f"`{name}` {ANOTHER[1]}", f"{lines([line])} brings in `{text(call)}`, not `{name}`."


def is_its_mask(part: ast.expr, replacement: ast.expr) -> bool:
    """Whether what belongs there is `x > 0`, or `x >= 0`, of the part `x`."""
    match replacement:
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE()], comparators=[ast.Constant(value=0)]):
            return ast.dump(left) == ast.dump(part)
    return False


def divides_by_one_less(part: ast.expr, replacement: ast.expr) -> tuple[str, str, str] | None:
    """Error, help and note where a variance is divided by n - 1 in the place of n, or the other way round."""
    mine, due = (divided_by(node) for node in (part, replacement))
    if mine is None or due is None or mine == due:
        return None
    note = "`var` and `std` divide by n - 1, unless they are told `unbiased=False`: then by n, which is how many numbers there are."
    return f"`{short(part)}` divides by {mine}, where {due} belongs", f"Write `{text(replacement)}`.", note
