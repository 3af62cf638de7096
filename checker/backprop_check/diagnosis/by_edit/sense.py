"""What a right line owes to its values alone, and nobody would write: by this a repair is told from a coincidence."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import dumped, literal, parsed
from backprop_check.diagnosis.by_edit.edits import is_tensor, parts, value_of
from backprop_check.diagnosis.by_edit.plain import begins_with_minus, takes_back_a_minus
from backprop_check.diagnosis.case import Case
from backprop_check.expression.chains import factors, is_product, is_sum, terms, undone


def senseless(case: Case, expression: ast.expr) -> frozenset[str]:
    """What is right by its value alone: a divisor that the forward does not divide by, as in `u / s` for the 1 / T of `u = s / T`; a sum or
    a difference of two values that the forward does not join so; equal floats; a sum in brackets that another term makes good, or that
    has a factor in each of its terms.

    Not what the learner or the derived line has too.
    """
    if case.derived is None:
        return frozenset()
    own, forward = usual(case), _forward(case)
    itself = _over_itself(expression) - frozenset().union(*map(_over_itself, own))
    joined = _joined(case, expression) - frozenset().union(*(_joined(case, e) for e in (*own, *forward)))
    equal = _held_equal(case, expression) - frozenset().union(*(_held_equal(case, e) for e in own))
    collected = _collected(case, expression) - frozenset().union(*(_collected(case, e) for e in own))
    spread = _spread(expression) - frozenset().union(*map(_spread, own))
    taken = taken_back(expression) - frozenset().union(*map(taken_back, own))
    if takes_back_a_minus(expression) and not any(map(takes_back_a_minus, own)):
        taken |= {"-"}
    return undone_by_a_divisor(case, expression) | itself | joined | equal | collected | spread | taken


def undone_by_a_divisor(case: Case, expression: ast.expr) -> frozenset[str]:
    """The values that an expression divides by, and neither the learner's line nor the derived one: with them it undoes the forward."""
    if case.derived is None:
        return frozenset()
    common, forward = usual(case), _forward(case)
    over, times = set[str](), {dumped(_base(f)) for product in _products(case.derived.expression) for divides, f in product if not divides}
    made = {dumped(ast.Name(line.name, ast.Load())): line.reads for line in case.graph.exercise.lines}
    for product in _products(expression):
        above = {dumped(factor) for divides, factor in product if not divides}
        known = {name for factor in above for name in made.get(factor, ())}
        below = (base for divides, factor in product if divides and isinstance(base := _base(factor), ast.Name) and is_tensor(case, base))
        over |= {
            dumped(name)
            for name in below
            if dumped(name) in times
            or name.id in known
            or above & {dumped(ast.Name(read, ast.Load())) for read in made.get(dumped(name), ())}
        }
    below_it = [_base(f) for other in (*common, *forward) for product in _products(other) for divides, f in product if divides]
    own = {dumped(_base(f)) for base in below_it for f in (base, *(f for product in _products(base) for _, f in product))}
    new = _divisors(case, expression) - own
    if case.draft is None or len(new) > len(_divisors(case, case.draft) - _divisors(case, expression)):
        over |= new  # not one divisor of the learner's exchanged for another
    return frozenset(over - own)


def usual(case: Case) -> list[ast.expr]:
    """The learner's line and the derived one: what they have is nothing strange."""
    return [e for e in (case.draft, case.derived.expression if case.derived is not None else None) if e is not None]


def _forward(case: Case) -> list[ast.expr]:
    return [parsed(line.source) for line in case.graph.exercise.lines]


def _divisors(case: Case, expression: ast.expr) -> frozenset[str]:
    """The tensors that an expression divides by."""
    below = (_base(factor) for product in _products(expression) for divides, factor in product if divides)
    return frozenset(dumped(base) for base in below if isinstance(base, ast.Name) and is_tensor(case, base))


def _over_itself(expression: ast.expr) -> frozenset[str]:
    """What a product both multiplies with and divides by, `-v / v`."""
    found = (({dumped(f) for d, f in product if d}, {dumped(f) for d, f in product if not d}) for product in _products(expression))
    return frozenset().union(*(below & above for below, above in found))


def taken_back(expression: ast.expr) -> frozenset[str]:
    """What a sum takes away again, `c + b - c`, `(c + 0.1).T - 0.1`, and numbers that are added up, `1 + 1`."""
    sums = [terms(part) for part in parts(expression) if is_sum(part)]
    added = {" + ".join(dumped(term) for _, term in found) for found in sums if all(literal(term) is not None for _, term in found)}
    signs = {(minus, literal(term)) for found in sums for minus, term in found if literal(term) not in (None, 0, 1)}
    taken = {str(number) for minus, number in signs if minus and (False, number) in signs}
    return frozenset(added | taken).union(*map(undone, parts(expression)))


def _joined(case: Case, expression: ast.expr) -> frozenset[str]:
    """The pairs of values of the forward that an expression adds, or takes one from the other."""
    values = case.verdict.runs[0].trial.values
    sums = (part for part in parts(expression) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub))
    pairs = [(p.left.id, p.right.id) for p in sums if isinstance(p.left, ast.Name) and isinstance(p.right, ast.Name)]
    return frozenset(" and ".join(sorted(pair)) for pair in pairs if all(isinstance(values.get(name), torch.Tensor) for name in pair))


def _collected(case: Case, expression: ast.expr) -> frozenset[str]:
    """The gradients of which a sum in brackets brings in too much or too little, which another term makes good: `da + c * (da + db)`."""
    found = set[str]()
    for added in ([term for _, term in terms(part)] for part in parts(expression) if is_sum(part)):
        for term in added:
            inner = [one for _, factor in factors(term)[1] if is_sum(factor) for _, one in terms(factor)]
            bare = {one.id for one in inner if isinstance(one, ast.Name) and one.id in case.available}
            found |= bare & frozenset().union(*(case.gradients_in(other) for other in added if other is not term))
    return frozenset(found)


def _spread(expression: ast.expr) -> frozenset[str]:
    """The factors that all terms of a sum have which is multiplied, in the place of one factor: `(x * g + x) * (1 - g)`."""
    sums = [f for product in _products(expression) if len(product) > 1 for _, f in product if is_sum(f)]
    held = ([{dumped(one) for divides, one in factors(term)[1] if not divides} for _, term in terms(each)] for each in sums)
    return frozenset().union(*(frozenset.intersection(*map(frozenset, each)) for each in held))


def _products(expression: ast.expr) -> Iterator[list[tuple[bool, ast.expr]]]:
    """What each product in an expression multiplies with and divides by; a negative power divides."""
    for part in parts(expression):
        if is_product(part):
            yield [(divides != (is_power(f) and begins_with_minus(f.right)), f) for divides, f in factors(part)[1]]  # type: ignore[attr-defined]


def _held_equal(case: Case, expression: ast.expr) -> frozenset[str]:
    """The comparisons for equality of floats, as their sign; a maximum is equal to the number that it picked."""
    if any(f"{name}(" in line.source for line in case.consumers for name in ("max", "min", "amax", "amin", "maximum", "minimum", "median")):
        return frozenset()
    pairs = (
        (p.left, p.comparators[0]) for p in parts(expression) if isinstance(p, ast.Compare) and isinstance(p.ops[0], ast.Eq | ast.NotEq)
    )
    values = ([value_of(case, side) for side in pair] for pair in pairs)
    return frozenset("==" for pair in values if all(isinstance(v, torch.Tensor) and v.is_floating_point() for v in pair))


def _base(factor: ast.expr) -> ast.expr:
    return factor.left if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Pow) else factor


def is_power(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
