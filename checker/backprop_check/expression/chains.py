"""Products and sums as flat lists, written anew: without needless brackets, with one sign, and without some of what they hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from math import prod

from backprop_check.derivation.sums import LINEAR
from backprop_check.derivation.trees import dumped, literal, number
from backprop_check.expression.rewrites import put

Factor = tuple[bool, ast.expr]
"""What is multiplied with; or, where the first is true, divided by."""
Term = tuple[bool, ast.expr]
"""What is added; or, where the first is true, taken away."""

MOST = 8
"""Of longer chains nothing is left out in pairs."""


def factors(node: ast.expr) -> tuple[bool, list[Factor]]:
    """Whether a product is negative, and what it is made of, in its order."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            negative, found = factors(operand)
            return not negative, found
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            (one, before), (other, after) = factors(left), factors(right)
            return one != other, before + [(divides != isinstance(op, ast.Div), factor) for divides, factor in after]
        case ast.Constant(value=int() | float() as value) if value < 0:
            return True, [(False, number(-value))]
    return False, [(False, node)]


def product(negative: bool, found: list[Factor]) -> ast.expr:
    """A product as one writes it: from left to right, several divisors in one bracket, the sign in front or in a difference."""
    kept = [f for i, f in enumerate(found) if literal(f[1]) != 1 or (i == 0 and found[1:2] and found[1][0])]
    if not kept or kept[0][0]:
        kept.insert(0, (False, ast.Constant(1)))
    turned = next((i for i, (divides, f) in enumerate(kept) if not divides and _is_difference(f)), None) if negative else None
    if turned is not None:
        kept[turned] = False, total([(not minus, t) for minus, t in terms(kept[turned][1])])
    elif negative:
        at = next((i for i, (divides, f) in enumerate(kept) if not divides and literal(f) is not None), 0)
        kept.insert(0, kept.pop(at))
        kept[0] = False, ast.UnaryOp(ast.USub(), kept[0][1])
    made = kept[0][1]
    at = 1
    while at < len(kept):
        divides, factor = kept[at]
        at += 1
        while divides and at < len(kept) and kept[at][0]:
            factor = ast.BinOp(factor, ast.Mult(), kept[at][1])
            at += 1
        made = ast.BinOp(made, ast.Div() if divides else ast.Mult(), factor)
    return made


def terms(node: ast.expr) -> list[Term]:
    """What is added up, and what is taken away, in its order."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            return terms(left) + [(minus != isinstance(op, ast.Sub), term) for minus, term in terms(right)]
        case ast.UnaryOp(op=ast.USub(), operand=ast.BinOp(op=ast.Add() | ast.Sub()) as inner):
            return [(not minus, term) for minus, term in terms(inner)]
    negative, found = factors(node)
    return [(True, product(False, found))] if negative else [(False, node)]


def undone(node: ast.expr) -> set[str]:
    """What a sum both adds and takes away: `c` of `c + b - c`, `d` of `d - d.index_add(0, i, v)`."""
    found = [(minus, one) for minus, term in terms(node) for one in (term, _added_to(term)) if one is not None] if is_sum(node) else []
    signs = {(minus, dumped(term)) for minus, term in found}
    return {term for minus, term in signs if minus and (False, term) in signs}


def _added_to(term: ast.expr) -> ast.expr | None:
    match term:
        case ast.Call(func=ast.Attribute(value=base, attr="index_add" | "scatter_add")):
            return base
    return None


def total(found: list[Term]) -> ast.expr:
    """A sum as one writes it: what is added stands before what is taken away if that were first."""
    first = next((t for t in found if not t[0]), None) if found[0][0] else None
    ordered = [first, *(t for t in found if t is not first)] if first else found
    minus, made = ordered[0]
    made = product(True, factors(made)[1]) if minus else made
    for minus, term in ordered[1:]:
        made = ast.BinOp(made, ast.Sub() if minus else ast.Add(), term)
    return made


def _is_difference(node: ast.expr) -> bool:
    signs = [minus for minus, _ in terms(node)]
    return len(signs) > 1 and any(signs)


def rewritten(node: ast.expr) -> Iterator[ast.expr]:
    """The same product, sum, power or mask, written plainly."""
    if is_product(node):
        negative, multiplied = factors(node)
        yield product(negative, multiplied)
        others = (_over(multiplied), _logistic(multiplied), _taken_out(multiplied))
        yield from (product(negative, other) for other in others if other is not None)
    elif is_sum(node):
        found = terms(node)
        yield total(found)
        if len(once := _like(found)) < len(found):
            yield total(once)
    match node:
        case ast.BinOp(left=ast.BinOp(left=base, op=ast.Pow(), right=first), op=ast.Pow() as op, right=second):
            one, other = literal(first), literal(second)
            if one is not None and other is not None:
                yield ast.BinOp(base, op, number(one * other))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="masked_fill"), args=[base, mask, zero]) if literal(zero) == 0:
            kept = isinstance(mask, ast.UnaryOp) and isinstance(mask.op, ast.Invert)
            yield ast.BinOp(base, ast.Mult(), mask.operand if kept else ast.UnaryOp(ast.Invert(), mask))  # type: ignore[attr-defined]


def _over(found: list[Factor]) -> list[Factor] | None:
    """`y / x` for `1 / x * y`."""
    at = next((i for i, (divides, _) in enumerate(found) if not divides and i), None)
    return [found[at], *found[1:at], *found[at + 1 :]] if at is not None and at > 1 and literal(found[0][1]) == 1 else None


def _taken_out(found: list[Factor]) -> list[Factor] | None:
    """`a * (y / x).sum(1)` for `2 * a * (y / (2 * x)).sum(1)`: the numbers of a product as one, though some stand within a call."""
    for i, (divides, factor) in enumerate(found):
        base = _passed_by(factor)
        if base is not factor and is_product(base) and not divides:
            negative, inner = factors(base)
            numbers = [(d, n) for d, f in (*inner, *found) if (n := literal(f)) is not None]
            kept = [f for f in inner if literal(f[1]) is None]
            if not kept or kept[0][0] or not any(literal(f) is not None for _, f in inner) or any(n == 0 for _, n in numbers):
                continue
            value = prod(1 / n if d else n for d, n in numbers)
            of = put(factor, base, product(negative, kept))
            rest = [(False, of) if k == i else f for k, f in enumerate(found) if k == i or literal(f[1]) is None]
            first = [(False, number(int(value)))] if value == int(value) != 1 else []
            last = [(True, number(int(1 / value)))] if value < 1 and 1 / value == int(1 / value) else []
            return [*first, *rest, *last] if first or last or value == 1 else None
    return None


def _passed_by(factor: ast.expr) -> ast.expr:
    """What stands within the calls that a number may pass: the `a` of `a.unsqueeze(1).unsqueeze(2)`."""
    match factor:
        case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in LINEAR:
            return _passed_by(base)
    return factor


def _logistic(found: list[Factor]) -> list[Factor] | None:
    """`torch.sigmoid(x)` for `torch.exp(x) / (1 + torch.exp(x))`, and for `1 / (1 + torch.exp(-x))`."""
    for i, (divides, below) in enumerate(found):
        added = [term for minus, term in terms(below) if not minus] if divides else []
        rest = [term for term in added if literal(term) != 1]
        if len(added) != 2 or len(rest) != 1 or (of := _exponent(rest[0])) is None:
            continue
        above = next((k for k, f in enumerate(found) if not f[0] and dumped(f[1]) == dumped(rest[0])), None)
        turned = of.operand if isinstance(of, ast.UnaryOp) and isinstance(of.op, ast.USub) else ast.UnaryOp(ast.USub(), of)
        whole = ast.Call(ast.Attribute(ast.Name("torch", ast.Load()), "sigmoid", ast.Load()), [of if above is not None else turned], [])
        at = i if above is None else above
        return [(False, whole) if k == at else f for k, f in enumerate(found) if k == at or k != i]
    return None


def _exponent(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="exp"), args=[of]):
            return of
        case ast.Call(func=ast.Attribute(value=of, attr="exp"), args=[]):
            return of
    return None


def _like(found: list[Term]) -> list[Term]:
    """`2 * a` for `a + a`."""
    keys = [(minus, dumped(term)) for minus, term in found]
    times = [(keys.count(key), term) for key, term in zip(keys, found, strict=True)]
    once = [t for i, t in enumerate(times) if keys[i] not in keys[:i]]
    return [term if count == 1 else (term[0], product(False, [(False, number(count)), *factors(term[1])[1]])) for count, term in once]


def shortened(node: ast.expr) -> Iterator[ast.expr]:
    """The product or sum with one or two of its members left out; powers of one base as one power."""
    if is_product(node):
        negative, found = factors(node)
        merged = _merged(found)
        if len(merged) < len(found):
            yield product(negative, merged)
        # The 1 of `-1 * x` and of `1 / x` is a way to write, and hides nothing.
        said = 1 if literal(found[0][1]) == 1 and (negative or (found[1:2] and found[1][0])) else 0
        yield from (product(negative, found[:said] + left) for left in _without(found[said:]) if left)
    elif is_sum(node):
        yield from (total(left) for left in _without(terms(node)) if left)


def is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div))


def is_sum(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _without(found: list[tuple[bool, ast.expr]]) -> Iterator[list[tuple[bool, ast.expr]]]:
    for count in (1, 2) if len(found) <= MOST else (1,):
        for out in combinations(range(len(found)), count):
            yield [f for i, f in enumerate(found) if i not in out]


def _merged(found: list[Factor]) -> list[Factor]:
    """A base that is multiplied with and divided by as one power of it, where the first stands."""
    powers = [(ast.dump(base), base, -exponent if divides else exponent) for divides, f in found for base, exponent in [_power(f)]]
    merged: list[Factor] = []
    for i, (key, base, _) in enumerate(powers):
        same = [e for k, _, e in powers if k == key]
        if literal(base) is not None or min(same) > 0 or max(same) < 0:
            merged.append(found[i])
        elif key not in [k for k, _, _ in powers[:i]] and (left := sum(same)):
            merged.append((left < 0, base if abs(left) == 1 else ast.BinOp(base, ast.Pow(), number(abs(left)))))
    return merged or [(False, ast.Constant(1))]


def _power(factor: ast.expr) -> tuple[ast.expr, float]:
    match factor:
        case ast.BinOp(left=base, op=ast.Pow(), right=right) if (exponent := literal(right)) is not None:
            return base, exponent
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="square"), args=[base]):
            return base, 2
        case ast.Call(func=ast.Attribute(value=base, attr="square"), args=[]):
            return base, 2
    return factor, 1


def without_one(expression: ast.expr) -> ast.expr:
    """A product without the factor 1, its sign in front: `-x * y` for `-1 * x * y`."""
    negative, found = factors(expression) if is_product(expression) else (False, [])
    kept = [(divides, factor) for divides, factor in found if divides or not (isinstance(factor, ast.Constant) and factor.value == 1)]
    return product(negative, kept) if kept and len(kept) < len(found) and not kept[0][0] else expression
