"""How far a right line is from the learner's, and how strange it would look beside it and beside the derived one."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache

from backprop_check.derivation.trees import dumped, literal, parsed, text
from backprop_check.diagnosis.by_edit.edits import is_tensor, names_used, parts
from backprop_check.diagnosis.by_edit.plain import begins_with_minus
from backprop_check.diagnosis.by_edit.sense import is_power, senseless, usual
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.special import rests_on_inputs
from backprop_check.expression.chains import is_sum
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
    known = usual(case)
    odd = _strangeness(case, expression, known) - TOLD * told
    if case.derived is not None and not told:
        odd += NUMBER * len(new_numbers(case, line))
    if known and not told and frozenset.intersection(*map(case.gradients_in, known)) - case.gradients_in(expression):
        odd += LOST
    odd += SENSELESS * (len(senseless(case, expression)) + rests_on_inputs(case, expression))
    return _changed(written, these) + odd > NEAR, _steps(written, these) + odd + len(these) / 3


def new_numbers(case: Case, line: str) -> frozenset[float]:
    """The numbers that a line calculates with, and neither the learner's nor the derived one does."""
    known = usual(case)
    return _numbers(parsed(line)) - frozenset().union(*map(_numbers, known))


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
            case ast.UnaryOp(operand=operand) if isinstance(operand, ast.UnaryOp | ast.BinOp | ast.Compare) and not is_power(operand):
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


def _numbers(expression: ast.expr) -> frozenset[float]:
    """The numbers that are calculated with, 0 and 1 apart and without their signs; not those that name an axis."""
    sides = (literal(s) for p in parts(expression) if isinstance(p, ast.BinOp) for s in (p.left, p.right))
    return frozenset(abs(float(n)) for n in sides if n is not None and abs(n) not in (0, 1))


def _repeats(everything: list[ast.expr], names: list[ast.Name]) -> int:
    """How many parts stand there once more; what is within such a part counts with it."""
    there = Counter(dumped(p) for p in everything if not isinstance(p, ast.Name | ast.Constant)) + Counter(dumped(n) for n in names)
    again = {dumped: count - 1 for dumped, count in there.items() if count > 1}
    return sum(count for dumped, count in again.items() if not any(dumped in other for other in again if other != dumped))


def _is_relaid(part: ast.expr) -> bool:
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in LAYOUT
