"""wrong-power: the exponent is not the one the power rule gives.

Family: Local derivative
Forward: y = s**-1
Shapes: s (N,)
Wrong: ds = -(s**-1) * dy
Right: ds = -(s**-2) * dy

Why:
The derivative of x**n is n * x**(n-1): bring the exponent down as a factor *and* lower it by one. One below -1 is -2;
one below -1/2 is -3/2. Check one number: where the value is 2, how much does the result move?

Read more: `backprop-check explain pow`, and of any other operation its own page; the power rule.

Question: Try it with numbers: let {node} go from 0.5 to 0.51. How large a change does that 0.01 make in {users}? And by your formula?
Slip: a power is off
Note: Your answer is what the gradient would be with another exponent in one place.
Help: {power}
Traits: of a part
Ties: wrong-point, wrong-operand
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import dumped, literal, parsed, text
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, tensors, value_of
from backprop_check.diagnosis.by_replay.sites import names
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, operands_of
from backprop_check.diagnosis.mistakes.extra_term import beyond_derived
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import put, same_place
from backprop_check.records import Diagnosis

FLAT = ("sign", "sgn", "ones_like", "zeros_like")
POWERS = {"square": 2, "sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1}


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with another exponent: it is then right."""
    found = search(case, edits)
    if found is None:
        return None
    if (more := beyond_derived(case)) is not None:
        return more
    fixed, tree, part = found
    if case.draft is not None and ast.dump(tree) == ast.dump(put(case.draft, part, _inside(part) or part)):
        return _outside(case, fixed, part)
    if (raised := _raised(part)) is not None and case.draft is not None and ast.dump(tree) == ast.dump(put(case.draft, part, raised)):
        return _one_star(case, fixed, part)
    if (raised := _times_itself(part)) is not None and case.draft is not None and ast.dump(tree) == ast.dump(put(case.draft, part, raised)):
        return _times(case, fixed, part)
    if (number := literal(part)) is not None:
        return _alone(case, found, number)
    if (turned := _turned_round(part)) is not None and case.draft is not None and ast.dump(tree) == ast.dump(put(case.draft, part, turned)):
        return _round(case, fixed, part)
    base = _base(part) or part
    root = same_place(case.draft, tree, part) if case.draft is not None else None
    if root is not None and _root_of(root) is not None and _base(part) is None:
        return case.proven(
            "wrong-power",
            by=found,
            error=f"`{short(part)}` stands here, and its root belongs here",
            note=f"The forward takes the root: `{short(root)}`.",
            help=asks(case),
        )
    return case.proven(
        "wrong-power",
        error=f"`{text(base)}` does not stand to the right power here",
        note=case.only("Nothing else in the expression has to change."),
        help=_move(case, base),
        span=case.span(part),
        evidence="With another exponent the expression equals autograd's gradient in every trial.",
        fix=fixed,
    )


def _one_star(case: Case, fixed: str, part: ast.expr) -> Diagnosis:
    assert isinstance(part, ast.BinOp)
    return case.proven(
        "wrong-power",
        error=f"`* {text(part.right)}` multiplies: with one star it is a product",
        note=case.only("Raised to a power instead, the expression is right."),
        help="A power is written with two stars, `**`.",
        span=case.span(part, after=part.left),
        evidence="With `**` in the place of `*` the expression equals autograd's gradient in every trial.",
        fix=fixed,
    )


def _alone(case: Case, found: Mended, number: float) -> Diagnosis:
    whole = same_place(case.draft, found.tree, found.part) if case.draft is not None else None
    raised = short(whole) if whole is not None else "the power"
    return case.proven(
        "wrong-power",
        by=found,
        error=f"`{number:g}` is an exponent, and what it raises is missing",
        note=case.only(f"With `{raised}` in its place the expression is right."),
        help=asks(case),
    )


def _round(case: Case, fixed: str, part: ast.expr) -> Diagnosis:
    assert isinstance(part, ast.BinOp)
    return case.proven(
        "wrong-power",
        error=f"`{short(part)}` raises {short(part.left)} to the power `{short(part.right)}`: the other way round it is right",
        note=case.only("Nothing else in the expression has to change."),
        help=f"What is raised stands before `**`, the exponent behind it: here `{short(part.right)}` is raised.",
        span=case.span(part),
        evidence="With base and exponent exchanged the expression equals autograd's gradient in every trial.",
        fix=fixed,
    )


def _times(case: Case, fixed: str, part: ast.expr) -> Diagnosis:
    assert isinstance(part, ast.BinOp)
    base, number = ast.unparse(part.right), literal(part.left)
    times, power = ("twice", "its square") if number == 2 else ("three times", "its third power")
    return case.proven(
        "wrong-power",
        error=f"`{text(part)}` is {times} `{base}`, where {power} belongs",
        note=case.only("With that in its place the expression is right."),
        help=asks(case),
        span=case.span(part),
        fix=fixed,
    )


def _times_itself(part: ast.expr) -> ast.expr | None:
    """`x**2` for `2 * x`."""
    if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Mult) or literal(part.left) not in (2, 3):
        return None
    if not isinstance(part.right, ast.Name):
        return None
    return ast.copy_location(ast.BinOp(part.right, ast.Pow(), part.left), part)


def _raised(part: ast.expr) -> ast.expr | None:
    """`x**2` for `x * 2`, and `y / x**2` for `y / x * 2`."""
    if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Mult) or literal(part.right) not in (2, 3) or literal(part.left):
        return None
    match part.left:
        case ast.UnaryOp(op=ast.USub(), operand=base):
            return ast.copy_location(ast.UnaryOp(ast.USub(), ast.BinOp(base, ast.Pow(), part.right)), part)
        case ast.BinOp(left=above, op=ast.Mult() | ast.Div() as op, right=base):
            return ast.copy_location(ast.BinOp(above, op, ast.BinOp(base, ast.Pow(), part.right)), part)
    return ast.copy_location(ast.BinOp(part.left, ast.Pow(), part.right), part)


def _outside(case: Case, fixed: str, part: ast.expr) -> Diagnosis:
    assert isinstance(part, ast.BinOp) and isinstance(part.left, ast.BinOp)
    return case.proven(
        "wrong-power",
        error=f"the power is taken of the whole of `{text(part.left)}`",
        note=f"It belongs to `{text(part.left.right)}` alone, inside the bracket.",
        help=f"Take the power of `{text(part.left.right)}` first; what stands before it comes after that.",
        span=case.span(part),
        evidence="With the power inside the bracket the expression equals autograd's gradient in every trial.",
        fix=fixed,
    )


def _turned_round(part: ast.expr) -> ast.expr | None:
    """`x**2` for `2**x`."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and literal(part.left) is not None and literal(part.right) is None:
        return ast.copy_location(ast.BinOp(part.right, ast.Pow(), part.left), part)
    return None


def _inside(part: ast.expr) -> ast.expr | None:
    """`1 - x**2` for `(1 - x)**2`."""
    match part:
        case ast.BinOp(
            left=ast.BinOp(left=ast.Constant() as number, op=ast.Add() | ast.Sub() as op, right=right), op=ast.Pow(), right=power
        ):
            return ast.copy_location(ast.BinOp(number, op, ast.BinOp(right, ast.Pow(), power)), part)
    return None


def _move(case: Case, base: ast.expr) -> str:
    """The power rule, where a line that uses the node raises this to a fixed power; unless the node is not in there."""
    trees = ((line, parsed(line.source.strip())) for line in case.consumers)
    powers = ((line, p) for line, tree in trees for p in parts(tree) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Pow))
    here = [(line, p) for line, p in powers if dumped(p.left) == dumped(base) and isinstance(value_of(case, p.right), int | float)]
    if not here:
        return asks(case)
    if any(case.node in names(p) for _, p in here):
        return "Bring the exponent down as a factor, and lower it by one."
    line, power = here[0]
    return f"`{text(power)}` stands beside {case.node} in `{line.source}`, and does not move with it: put it in as it stands there."


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if (inside := _inside(part)) is not None:
            yield put(expression, part, inside), part
        if (raised := _raised(part)) is not None:
            yield put(expression, part, raised), part
        if (raised := _times_itself(part)) is not None:
            yield put(expression, part, raised), part
        if (turned := _turned_round(part)) is not None:
            yield put(expression, part, turned), part
        elif (number := literal(part)) is not None and case.derived is not None:
            for power in parts(case.derived.expression):
                if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow) and literal(power.right) == number:
                    yield put(expression, part, ast.copy_location(power, part)), part
    powers = [p for p in parts(expression) if _base(p) is not None]
    for power in powers:
        if isinstance(power, ast.BinOp):
            others = (ast.BinOp(power.left, ast.Pow(), other) for other in _beside(power.right))
            yield from ((put(expression, power, ast.copy_location(other, power)), power) for other in others)
        for exponent in _exponents(case, power):
            yield put(expression, power, ast.copy_location(_power(_base(power) or power, exponent), power)), power
    yield from _rooted(case, expression)
    for part in tensors(case, expression):
        if part not in powers and isinstance(part, ast.Name | ast.Call) and not _is_flat(part):
            for exponent in (2, 3):
                yield put(expression, part, ast.copy_location(_power(part, exponent), part)), part


def _exponents(case: Case, power: ast.expr) -> list[float]:
    """The exponents that may be due: those that follow from the forward's powers, the derived line's, and those near the learner's."""
    own, base = _exponent(power), dumped(_base(power) or power)
    trees = [parsed(line.source.strip()) for line in case.consumers]
    powers = sorted((p for tree in trees for p in parts(tree)), key=lambda p: dumped(_base(p) or p) != base)
    forward = [n for p in powers if (n := _exponent(p))]
    due = [n + step for step in (-1, 0, -2, 1) for n in forward]
    # Where the result itself is raised: of r = v**-0.5 the slope is -0.5 * r**3.
    due += [turns for n in forward if (turns := (n - 1) / n) * 2 % 1 == 0]
    if case.derived is not None:
        due += [n for p in parts(case.derived.expression) if (n := _exponent(p)) is not None]
    # Under a fraction line the same exponent has the other sign.
    due = [signed for n in due for signed in (n, -n)]
    if own is not None:
        due += [own + step for step in (-1, 1, -2, 2, -0.5, 0.5)] + [-own]
    exact = (round(n, 9) for n in due)
    return [n for n in dict.fromkeys(int(n) if n == int(n) else n for n in exact) if n not in (0, own)]


def _exponent(part: ast.expr) -> float | None:
    """The number that something is raised to: also 0.5 for a root and -1 for what stands under a fraction line."""
    match part:
        case ast.BinOp(op=ast.Pow(), right=right):
            return literal(right)
        case ast.BinOp(op=ast.Div(), right=right) if literal(right) is None:
            return -1
        case ast.Call() if function_of(part) == "pow" and len(operands_of(part)) > 1:
            return literal(operands_of(part)[1])
        case ast.Call():
            return POWERS.get(function_of(part))
    return None


def _beside(exponent: ast.expr) -> Iterator[ast.expr]:
    """`n - 1` and `n + 1` for `n`, and `n` for these."""
    if isinstance(exponent, ast.BinOp) and isinstance(exponent.op, ast.Add | ast.Sub) and literal(exponent.right) == 1:
        yield exponent.left
    elif literal(exponent) is None:
        yield from (ast.BinOp(exponent, op, ast.Constant(1)) for op in (ast.Sub(), ast.Add()))


def _rooted(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A root that the forward takes, in the place of what it is taken of."""
    for line in case.consumers:
        for root in parts(parsed(line.source)):
            inner = _root_of(root)
            for part in parts(expression) if inner is not None else ():
                if ast.dump(part) == ast.dump(inner):  # type: ignore[arg-type]
                    yield put(expression, part, ast.copy_location(root, part)), part


def _root_of(root: ast.expr) -> ast.expr | None:
    match root:
        case ast.BinOp(left=inner, op=ast.Pow(), right=ast.Constant(value=0.5)):
            return inner
        case ast.Call() if function_of(root) == "sqrt" and len(operands_of(root)) == 1 and not isinstance(operands_of(root)[0], ast.Name):
            return operands_of(root)[0]
    return None


def _base(part: ast.expr) -> ast.expr | None:
    """What is raised to a power: the `x` of `x**2`, `x.square()` and `torch.pow(x, 2)`."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow):
        return part.left
    return operands_of(part)[0] if isinstance(part, ast.Call) and function_of(part) in ("square", "pow") and operands_of(part) else None


def _is_flat(part: ast.expr) -> bool:
    """Whether a call gives ones, zeros and signs: a power of them is no derivative."""
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in FLAT


def _power(base: ast.expr, exponent: float) -> ast.expr:
    if exponent == 1:
        return base
    number: ast.expr = ast.Constant(abs(exponent))
    return ast.BinOp(base, ast.Pow(), number if exponent > 0 else ast.UnaryOp(ast.USub(), number))
