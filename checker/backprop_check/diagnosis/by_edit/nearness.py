"""How far a right line is from the learner's, and how strange it would look beside it and beside the derived one."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache

import torch

from backprop_check.derivation.trees import dumped, parsed, text
from backprop_check.diagnosis.by_edit.edits import is_tensor, names_used, parts, value_of
from backprop_check.diagnosis.by_edit.plain import begins_with_minus
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.case import Case
from backprop_check.expression.chains import factors, is_product, is_sum, terms
from backprop_check.expression.rewrites import is_turned

NEAR = 8
"""A repair that changes so few tokens is near enough: no nearer one is sought."""
LAYOUT = ("reshape", "view", "unsqueeze", "squeeze", "flatten", "transpose", "permute", "expand", "reshape_as", "view_as", "expand_as")
WEIGHTS = {
    "name": 3,
    "call": 2,
    "/": 3,
    "1 / x": 3,
    "signs": 4,
    "()": 1,
    "again": 2,
    "turned": 2,
    "relaid": 3,
    "one_hot(x)": 4,
    "number": 9,
}
"""What each oddity that neither the learner's line nor the derived one has counts for, in tokens."""
TOLD = 8
"""So many tokens farther than others the line may be that the story is about."""
NUMBER = 9
"""What a number counts for that stands neither in the learner's line nor in the derived one, and that no story explains."""
SENSELESS = 20
"""What a division counts for that neither line makes, and floats that are held equal: right by their values alone."""
LOST = 8
"""What it counts for when the repair no longer reads a gradient that the learner's line and the derived one read."""


def far(case: Case, line: str, told: bool = False) -> tuple[bool, float]:
    """How far a right line is from the learner's; of two that are near, the shorter and the less strange is the better."""
    expression, written, these = parsed(line), tokens(text(case.draft)) if case.draft is not None else [], tokens(line)
    usual = [e for e in (case.draft, case.derived.expression if case.derived is not None else None) if e is not None]
    odd = _strangeness(case, expression, usual) - TOLD * told
    if case.derived is not None and not told:
        odd += NUMBER * len(new_numbers(case, line))
    if usual and not told and frozenset.intersection(*map(case.gradients_in, usual)) - case.gradients_in(expression):
        odd += LOST
    odd += SENSELESS * len(senseless(case, expression))
    return _changed(written, these) + odd > NEAR, _steps(written, these) + odd + len(these) / 3


def new_numbers(case: Case, line: str) -> frozenset[float]:
    """The numbers that a line calculates with, and neither the learner's nor the derived one does."""
    usual = [e for e in (case.draft, case.derived.expression if case.derived is not None else None) if e is not None]
    return _numbers(parsed(line)) - frozenset().union(*map(_numbers, usual))


def _changed(written: list[str], line: list[str]) -> int:
    """How many tokens a reader sees changed: those beside the longest pieces that are the same."""
    pieces = difflib.SequenceMatcher(None, written, line, False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in pieces if kind != "equal")


def _steps(written: list[str], line: list[str]) -> int:
    """How many tokens have to be put in, left out or exchanged."""
    row = list(range(len(line) + 1))
    for i, token in enumerate(written, 1):
        above, row = row, [i]
        for j, other in enumerate(line, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (token != other)))
    return row[-1]


@cache
def tokens(source: str) -> list[str]:
    try:
        return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.string.strip()]
    except (tokenize.TokenError, SyntaxError):
        return source.split()  # the learner's line is broken


def _strangeness(case: Case, expression: ast.expr, usual: list[ast.expr]) -> int:
    """How odd an expression is: what it has that neither the `usual` ones have, nor, of names, the lines on the answer's way."""
    way = [*case.consumers, *downstream(case, cut(case))]
    known = Counter(("name", name) for line in way for name in ("d" + line.name, line.name, *line.reads))
    for other in usual:
        known |= Counter(_oddities(case, other))
    return sum(WEIGHTS[kind] * count for (kind, _), count in (Counter(_oddities(case, expression)) - known).items())


def _oddities(case: Case, expression: ast.expr) -> Iterator[tuple[str, str]]:
    everything = list(parts(expression))
    yield from {("name", name.id) for name in names_used(expression) if is_tensor(case, name)}
    yield from [("again", "")] * _repeats(everything, names_used(expression))
    for part in everything:
        match part:
            case ast.Call(func=ast.Attribute(value=inner, attr=name), args=arguments):
                yield "call", name
                if name == "one_hot" and len(arguments) == 1:
                    yield "one_hot(x)", ""
                if name in LAYOUT and _is_relaid(inner):
                    yield "relaid", ""
            case ast.Attribute(value=inner, attr="T" | "mT") if _is_relaid(inner):
                yield "relaid", ""
            case ast.UnaryOp(operand=operand) if isinstance(operand, ast.UnaryOp | ast.BinOp | ast.Compare) and not _is_power(operand):
                yield "signs", text(operand) if is_sum(operand) else ""
            case ast.BinOp(op=op, right=right):
                if isinstance(op, ast.Div):
                    if is_tensor(case, right):
                        yield "/", ""
                    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Div):
                        yield "1 / x", ""
                if not isinstance(op, ast.Pow) and (isinstance(right, ast.UnaryOp) or (is_sum(part) and begins_with_minus(right))):
                    yield "signs", ""
                if isinstance(op, ast.Mult) and isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult | ast.Div):
                    yield "()", ""
        if is_turned(part) and not isinstance(part.value if isinstance(part, ast.Attribute) else part, ast.Name):
            yield "turned", ""


def senseless(case: Case, expression: ast.expr) -> frozenset[str]:
    """What is right by its value alone: a divisor that may be 0 in the forward, as in `u / s` for the 1 / T of `u = s / T`; a sum or a
    difference of two values that the forward does not join so; equal floats; a sum in brackets that another term makes good.

    Not what the learner or the derived line has too.
    """
    if case.derived is None:
        return frozenset()
    usual = [case.derived.expression, *([case.draft] if case.draft is not None else [])]
    forward = [parsed(line.source) for line in case.graph.exercise.lines]
    over, times = set[str](), {dumped(_base(f)) for product in _products(usual[0]) for divides, f in product if not divides}
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
    itself = _over_itself(expression) - frozenset().union(*map(_over_itself, usual))
    below_it = [_base(f) for other in (*usual, *forward) for product in _products(other) for divides, f in product if divides]
    own = {dumped(_base(f)) for base in below_it for f in (base, *(f for product in _products(base) for _, f in product))}
    joined = _joined(case, expression) - frozenset().union(*(_joined(case, e) for e in (*usual, *forward)))
    equal = _held_equal(case, expression) - frozenset().union(*(_held_equal(case, e) for e in usual))
    collected = _collected(case, expression) - frozenset().union(*(_collected(case, e) for e in usual))
    return frozenset(over - own) | itself | joined | equal | collected


def _over_itself(expression: ast.expr) -> frozenset[str]:
    """What a product both multiplies with and divides by, `-v / v`."""
    found = (({dumped(f) for d, f in product if d}, {dumped(f) for d, f in product if not d}) for product in _products(expression))
    return frozenset().union(*(below & above for below, above in found))


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


def _products(expression: ast.expr) -> Iterator[list[tuple[bool, ast.expr]]]:
    """What each product in an expression multiplies with and divides by; a negative power divides."""
    for part in parts(expression):
        if is_product(part):
            yield [(divides != (_is_power(f) and begins_with_minus(f.right)), f) for divides, f in factors(part)[1]]  # type: ignore[attr-defined]


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


def _numbers(expression: ast.expr) -> frozenset[float]:
    """The numbers that are calculated with, 0 and 1 apart; not those that name an axis."""
    sides = (s for p in parts(expression) if isinstance(p, ast.BinOp) for s in (p.left, p.right) if isinstance(s, ast.Constant))
    return frozenset(float(s.value) for s in sides if isinstance(s.value, int | float) and s.value not in (0, 1))


def _repeats(everything: list[ast.expr], names: list[ast.Name]) -> int:
    """How many parts stand there once more; what is within such a part counts with it."""
    there = Counter(dumped(p) for p in everything if not isinstance(p, ast.Name | ast.Constant)) + Counter(dumped(n) for n in names)
    again = {dumped: count - 1 for dumped, count in there.items() if count > 1}
    return sum(count for dumped, count in again.items() if not any(dumped in other for other in again if other != dumped))


def _is_relaid(part: ast.expr) -> bool:
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in LAYOUT


def _is_power(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
