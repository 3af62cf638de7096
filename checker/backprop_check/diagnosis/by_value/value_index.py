"""Small expressions over the tensors of one node, by value: where a needed value is looked up."""

from __future__ import annotations

import ast
import math
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, combinations, product, zip_longest
from types import CodeType

import torch

from backprop_check.derivation.derive import Underivable, derive
from backprop_check.derivation.trees import fill, text
from backprop_check.diagnosis.by_edit.edits import parts, replacements, value_of
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.case import Case
from backprop_check.expression.evaluate import ELEMENTS
from backprop_check.expression.fingerprint import keys
from backprop_check.expression.holes import narrowed
from backprop_check.expression.work import EXPRESSIONS

LOCAL = 8

UNARY = ("-x", "1 / x", "x**2", "2 * x", "1 - x", "1 - x**2", "x * (1 - x)", "x**-2", "-x**-2",
         "x**3", "x**0.5", "torch.exp(x)", "torch.log(x)", "torch.ones_like(x)", "torch.zeros_like(x)", "(x > 0)")  # fmt: skip
BINARY = (
    "a * b",
    "a / b",
    "b / a",
    "a + b",
    "a - b",
    "b - a",
    "-a * b",
    "2 * a * b",
    "a @ b",
    "b @ a",
    "a.T @ b",
    "b.T @ a",
    "a @ b.T",
    "b @ a.T",
)
PLACES = ("x.T", "x.sum(0)", "x.sum(1)", "x.sum(0, keepdim=True)", "x.sum(1, keepdim=True)", "x.sum()")


@dataclass(frozen=True, eq=False)
class Entry:
    """An expression with its value in the first trial: a tree, or a template, filled in when the tree is asked for."""

    value: object
    source: ast.expr | str
    given: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def expression(self) -> ast.expr:
        if isinstance(self.source, str):
            return fill(self.source, {name: entry.expression for name, entry in self.given.items()})
        return self.source


class ValueIndex:
    """Made once for a case. Entries are added from the nearest to the farthest, and the first with a value stays."""

    def __init__(self, case: Case) -> None:
        self._found: dict[Hashable, Entry] = {}
        for entry in case.up_to(EXPRESSIONS, _entries(case)):
            value = entry.value
            if isinstance(value, torch.Tensor) and (value.dtype in (torch.float64, torch.bool) or _is_one_hot(value)):
                for key in keys(value.to(torch.float64)):
                    self._found.setdefault(key, entry)

    def find(self, needed: torch.Tensor) -> Iterator[ast.expr]:
        """Yield expressions that are worth `needed`, or what broadcasts to it, in the first trial."""
        small = narrowed(needed)
        for value in (needed,) if small is needed else (needed, small):
            yield from (entry.expression for entry in dict.fromkeys(self._found[key] for key in keys(value) if key in self._found))


def value_index(case: Case) -> ValueIndex:
    """The case's index, made when it is first asked for."""
    if ValueIndex not in case.memo:
        case.memo[ValueIndex] = ValueIndex(case)
    found: ValueIndex = case.memo[ValueIndex]
    return found


def _entries(case: Case) -> Iterator[Entry]:
    def known(expression: ast.expr) -> Entry:
        return Entry(value_of(case, expression), expression)

    names = [ast.Name(name, ast.Load()) for name in replacements(case)]
    derived = case.derived
    pieces = list(parts(derived.expression)) if derived is not None else []
    own = list(parts(case.draft)) if case.draft is not None else []
    yield from map(known, chain(names, pieces, own, slopes(case)))
    for line in case.consumers:
        yield known(fill("a == b", {"a": ast.Name(case.node, ast.Load()), "b": ast.Name(line.name, ast.Load())}))
    local = [known(name) for name in names[:LOCAL]]
    atoms = [known(e) for e in {text(e): e for e in chain(names[:LOCAL], pieces, own)}.values()]
    yield from _filled(case, UNARY, atoms)
    pairs = []
    for (a, b), template in product(combinations(local, 2), BINARY):
        pairs.append(_made(case, template, a=a, b=b))
        yield pairs[-1]
    yield from _filled(case, PLACES, atoms)
    yield from _filled(case, PLACES[1:], pairs)


def slopes(case: Case) -> Iterator[ast.expr]:
    """How each line on the way to the gradients that the answer reads moves with what it uses: factors of a far way written in one go."""
    trials = [case.verdict.runs[0].trial]
    for line in downstream(case, cut(case)):
        for operand in line.reads:
            gradient = f"d{line.name}"
            if operand != case.node and "d" + operand in trials[0].gradients and gradient in trials[0].gradients:
                try:
                    derived = derive(case.graph, operand, trials, {gradient})
                except Underivable:
                    continue
                yield from (fill(text(term.expression), {gradient: ast.Constant(1)}) for term in derived.terms if term.line is line)


def _filled(case: Case, templates: tuple[str, ...], atoms: list[Entry]) -> Iterator[Entry]:
    for atom in atoms:
        for template in templates:
            yield _made(case, template, x=atom)


def _made(case: Case, template: str, **given: Entry) -> Entry:
    """A template filled in, its value computed from theirs."""
    code, operations = _compiled(template)
    values = {name: entry.value for name, entry in given.items()}
    tensors = [v for v in values.values() if isinstance(v, torch.Tensor)]
    value = None
    if tensors and all(v is not None for v in values.values()) and (len(tensors) == 1 or _together(tensors) <= ELEMENTS):
        case.work.count(*tensors, times=operations)
        with suppress(RuntimeError, TypeError, IndexError, AttributeError):
            value = eval(code, {"torch": torch}, values)  # one of the templates above
    return Entry(value, template, given)


def _is_one_hot(value: torch.Tensor) -> bool:
    """Whether they are whole numbers, each 0 or 1."""
    return value.dtype == torch.int64 and value.dim() > 1 and bool(((value == 0) | (value == 1)).all())


def _together(tensors: list[torch.Tensor]) -> int:
    """How many elements they have, broadcast."""
    return math.prod(map(max, zip_longest(*(reversed(t.shape) for t in tensors), fillvalue=1)))


@cache
def _compiled(template: str) -> tuple[CodeType, int]:
    """A template as code, and how many operations it is."""
    tree = ast.parse(template, mode="eval")
    return compile(tree, "", "eval"), sum(isinstance(n, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare) for n in ast.walk(tree))
