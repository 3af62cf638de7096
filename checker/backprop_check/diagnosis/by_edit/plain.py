"""Expressions made plain: what cancels itself is taken out, and what is written in a roundabout way is written straight.

Every step is verified by value. `settled` takes out what is idle: what could go without any change of the part in which it stands.
`plain` goes on to whatever is shorter and as right.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from itertools import permutations

import torch

from backprop_check.derivation.trees import dumped, kept, literal, text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.special import rests_on_inputs
from backprop_check.exercise.nodes import children, walk
from backprop_check.expression.chains import factors, is_product, is_sum, product, rewritten, shortened, undone
from backprop_check.expression.layout import straightened
from backprop_check.expression.rewrites import parts, put, without_keyword

_ONE = ast.Constant(1)
LARGE = 80
"""An expression of more parts is left as it is."""


def cancels(case: Case, expression: ast.expr) -> bool:
    """Whether what an expression has and the learner's has not undoes something in it: `a * b / a` for `c / a`.

    A right expression of which this holds is no repair: that it is right is algebra, and says nothing of what was meant. To give back an
    axis that the learner took away is none of that.
    """
    own = _over_itself(case.draft) if case.draft is not None else set()
    if _undone_in(expression) - (_undone_in(case.draft) if case.draft is not None else set()):
        return True
    if takes_back_a_minus(expression) and not (case.draft is not None and takes_back_a_minus(case.draft)):
        return True
    if any(_over_itself(part) - own for part in parts(expression)):
        return True
    new = _pieces(expression) - (_pieces(case.draft) if case.draft is not None else Counter())
    return any(new & (_pieces(expression) - _pieces(less)) for less in _settlings(case, expression, algebra=True)) if new else False


def takes_back_a_minus(line: ast.expr) -> bool:
    """Whether a minus of the line takes back another one: `-(-a)`, `a - -b`, `-a * (b - 1)`."""
    minus = [n.operand for n in walk(line) if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub)]
    minus += [n.left for n in minus if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)]
    taken = (n.right for n in parts(line) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub))
    if any(map(begins_with_minus, (*minus, *taken))):
        return True
    for part in (p for p in parts(line) if is_product(p)):
        negative, found = factors(part)
        if negative and any(begins_with_minus(f) or _is_less_one(f) for _, f in found):
            return True
    return False


def begins_with_minus(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return not isinstance(node.op, ast.Pow | ast.MatMult) and begins_with_minus(node.left)
    return (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)) or (literal(node) or 0) < 0


def _is_less_one(node: ast.expr) -> bool:
    """A difference that is turned round: `a - 1`."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and literal(node.right) is not None and literal(node.left) is None


def _over_itself(expression: ast.expr) -> set[str]:
    """What a product both multiplies with and divides by: without it the numbers are the same, though perhaps not the shape."""
    found = {(divides, dumped(factor)) for divides, factor in (factors(expression)[1] if is_product(expression) else ())}
    return {factor for divides, factor in found if divides and (False, factor) in found}


def _undone_in(expression: ast.expr) -> set[str]:
    return set().union(*map(undone, parts(expression)))


def _pieces(expression: ast.expr) -> Counter[str]:
    return Counter(dumped(part) for part in parts(expression) if not isinstance(part, ast.BinOp | ast.UnaryOp))


def settled(case: Case, expression: ast.expr) -> ast.expr:
    """The expression without what is idle in it."""
    while (found := next(_settlings(case, expression), None)) is not None:
        expression = found
    return expression


def plain(case: Case, expression: ast.expr) -> ast.expr:
    """The expression as short as local changes make it, all of them verified to be as right."""
    while (found := next(_shorter(case, expression), None)) is not None:
        expression = found
    return expression


@kept
def size(expression: ast.expr) -> int:
    """How much there is to read: the tokens, nearly; and one more for each sign that stands within a product."""
    return _least(expression) + text(expression).count("(")


@kept
def _least(node: ast.AST) -> int:
    """The same without its brackets, for which it would have to be written."""
    own = int(isinstance(node, ast.expr | ast.keyword))
    if isinstance(node, ast.BinOp):
        own += 1 + (isinstance(node.op, ast.Mult | ast.Div) and isinstance(node.right, ast.UnaryOp))
    return own + sum(map(_least, children(node)))


def _is_less(new: ast.expr, size_before: int) -> bool:
    return _least(new) < size_before and size(new) < size_before


def _settlings(case: Case, expression: ast.expr, algebra: bool = False) -> Iterator[ast.expr]:
    """The expression with one idle thing less: the part it stands in is worth the same without it."""
    everything = [p for p in parts(expression) if not (algebra and _is_layout(p))]
    own = {dumped(part) for part in parts(case.draft)} if case.draft is not None else set()
    for part in everything if len(everything) <= LARGE else ():
        long = size(part)
        for less in (*_less(part), *_undone(case, part)):
            if case.late:
                return
            if _is_less(less, long) and case.alike(part, less, expression):
                settled = put(expression, part, less)
                if not _rests_on_more(case, settled, expression):
                    yield settled
        if dumped(part) not in own and (base := _laid_out(part)) is not None:
            flat = put(expression, part, base)
            if case.gradients_in(expression) <= case.gradients_in(flat) and case.is_right(flat):
                yield flat


def _is_layout(part: ast.expr) -> bool:
    return isinstance(part, ast.Subscript | ast.Attribute) or _laid_out(part) is not None


def _laid_out(part: ast.expr) -> ast.expr | None:
    """What a part only gives another shape: broadcasting may do without."""
    match part:
        case ast.Call(func=ast.Attribute(value=base, attr="unsqueeze" | "squeeze" | "reshape" | "view" | "expand" | "expand_as")):
            return base
    return None


def _undone(case: Case, part: ast.expr) -> Iterator[ast.expr]:
    """What is left where a line of the forward is undone, unless the learner undoes it: `b` of `c / a` after `c = a * b`."""
    negative, found = factors(part) if is_product(part) else (False, [])
    own = {(divides, dumped(f)) for p in (parts(case.draft) if case.draft is not None else ()) for divides, f in factors(p)[1]}
    for (i, (divided, one)), (j, (divides, other)) in permutations(enumerate(found), 2):
        if divides and not divided and {(False, dumped(one)), (True, dumped(other))} - own:
            for name in _before(case, ast.BinOp(one, ast.Div(), other)):
                yield product(negative, [(d, name if k == i else f) for k, (d, f) in enumerate(found) if k != j])
    if isinstance(part, ast.Call) and (False, dumped(part)) not in own:
        yield from _before(case, part)
        yield from (ast.BinOp(_ONE, ast.Div(), name) for name in _before(case, ast.BinOp(_ONE, ast.Div(), part)))


def _before(case: Case, part: ast.expr) -> Iterator[ast.Name]:
    """The values of the forward that a part comes back to: those with its value that stand before what it is made of."""
    order = [n for n in case.names(case.verdict.runs[0]) if n not in case.available]
    used = [order.index(n.id) for n in walk(part) if isinstance(n, ast.Name) and n.id in order]
    return (name for name in _known(case, part) if name.id in order and order.index(name.id) < max(used, default=0))


def _less(part: ast.expr) -> Iterator[ast.expr]:
    """What is left of a part when something of it goes: the outermost operations, or members of a product or a sum."""
    if is_product(part) or is_sum(part):
        yield from shortened(part)
    if isinstance(part, ast.BinOp) and (is_product(part) or is_sum(part)):
        return
    for inner in parts(part):
        if inner is not part and not isinstance(inner, ast.Constant | ast.Slice | ast.Tuple):
            yield inner
            if isinstance(inner, ast.Call) and any(k.arg == "keepdim" for k in inner.keywords):
                yield without_keyword(inner, inner, "keepdim")


def _shorter(case: Case, expression: ast.expr) -> Iterator[ast.expr]:
    everything = list(parts(expression))
    for part in everything if len(everything) <= LARGE else ():
        long, read = size(part), case.gradients_in(part)
        for new in (*rewritten(part), *straightened(part), *_less(part), *(_known(case, part) if isinstance(part, ast.BinOp) else ())):
            if case.late:
                return
            if not _is_less(new, long):
                continue
            candidate = put(expression, part, new)
            lost = read - case.gradients_in(new)
            kept = not lost or lost <= case.gradients_in(candidate)
            if kept and case.is_right(candidate) and not _rests_on_more(case, candidate, expression):
                yield candidate


def _rests_on_more(case: Case, shorter: ast.expr, expression: ast.expr) -> bool:
    """Whether it is right for these inputs only, and the longer one is not."""
    return rests_on_inputs(case, shorter) and not rests_on_inputs(case, expression)


def _known(case: Case, part: ast.expr) -> Iterator[ast.Name]:
    """The names that have the value of a part."""
    value = _tensor(case, part)
    for name in case.names(case.verdict.runs[0]) if value is not None and value.dim() else ():
        other = _tensor(case, found := ast.Name(name, ast.Load()))
        if value is not None and other is not None and other.shape == value.shape and torch.allclose(other, value):
            yield found


def _tensor(case: Case, part: ast.expr) -> torch.Tensor | None:
    value = case.each[0][0].tensor(part)
    return value if value is not None and value.dtype == torch.float64 else None
