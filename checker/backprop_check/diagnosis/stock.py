"""Small expressions over the tensors of one node, by value: where a needed value is looked up."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from itertools import chain

import torch

from backprop_check.derivation.derive import Underivable, derive
from backprop_check.derivation.trees import fill, text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import parts, replacements, value_of
from backprop_check.diagnosis.fingerprint import keys
from backprop_check.diagnosis.holes import narrowed
from backprop_check.diagnosis.replay import cut, downstream

ENTRIES = 3000
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


class Stock:
    """Made once for a case. Entries are added from the nearest to the farthest, and the first with a value stays."""

    def __init__(self, case: Case) -> None:
        self._found: dict[Hashable, ast.expr] = {}
        for count, expression in enumerate(_expressions(case)):
            if count >= ENTRIES or case.late:
                break
            value = value_of(case, expression)
            if isinstance(value, torch.Tensor) and value.dtype in (torch.float64, torch.bool):
                for key in keys(value.to(torch.float64)):
                    self._found.setdefault(key, expression)

    def find(self, needed: torch.Tensor) -> Iterator[ast.expr]:
        """Yield expressions that are worth `needed`, or what broadcasts to it, in the first trial."""
        small = narrowed(needed)
        for value in (needed,) if small is needed else (needed, small):
            yield from dict.fromkeys(self._found[key] for key in keys(value) if key in self._found)


def stock(case: Case) -> Stock:
    """The case's stock, made when it is first asked for."""
    if Stock not in case.memo:
        case.memo[Stock] = Stock(case)
    found: Stock = case.memo[Stock]
    return found


def _expressions(case: Case) -> Iterator[ast.expr]:
    names = [ast.Name(name, ast.Load()) for name in replacements(case)]
    derived = case.derived
    pieces = list(parts(derived.expression)) if derived is not None else []
    own = list(parts(case.draft)) if case.draft is not None else []
    yield from chain(names, pieces, own, slopes(case))
    yield from (fill("a == b", {"a": ast.Name(case.node, ast.Load()), "b": ast.Name(c.name, ast.Load())}) for c in case.consumers)
    local = names[:LOCAL]
    atoms = list({text(e): e for e in chain(local, pieces, own)}.values())
    yield from _filled(UNARY, atoms)
    pairs = [fill(template, {"a": a, "b": b}) for i, a in enumerate(local) for b in local[i + 1 :] for template in BINARY]
    yield from pairs
    yield from _filled(PLACES, atoms)
    yield from _filled(PLACES[1:], pairs)


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


def _filled(templates: tuple[str, ...], atoms: list[ast.expr]) -> Iterator[ast.expr]:
    for atom in atoms:
        for template in templates:
            yield fill(template, {"x": atom})
