"""Numbers in a line that are lengths of today: which they are, and the line with each taken from a tensor of the forward."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import prod
from typing import NamedTuple

import torch

from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put


class Taken(NamedTuple):
    """A number that is a length of today, and the expression of the forward that has this length at every size."""

    literal: ast.Constant
    source: ast.expr


def lengths(case: Case, expression: ast.AST) -> list[ast.Constant]:
    """Whole numbers in the expression that equal a length of this graph at the nominal sizes, or a product of some, as they stand in it.

    Not 0 and 1.
    """
    values = case.verdict.runs[0].trial.values.values()
    tensors = [v for v in values if isinstance(v, torch.Tensor)]
    lengths = {n for v in tensors for n in (*v.shape, v.numel(), *_together(v))} | {v for v in values if type(v) is int}
    found = [n for n in ast.walk(expression) if isinstance(n, ast.Constant) and length_of(n) in lengths and length_of(n) > 1]
    return sorted(found, key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))


def length_of(node: ast.Constant) -> int:
    """The whole number a constant holds, or 0."""
    return node.value if type(node.value) is int else 0


def changes(case: Case, expression: ast.expr, holds: Callable[[Case, ast.expr], bool]) -> Iterator[tuple[ast.expr, list[Taken]]]:
    """The expression with one, two or all such numbers taken from the forward, where that `holds` in every trial."""
    literals = lengths(case, expression)[:4]
    sources = {id(literal): _sources(case, length_of(literal)) for literal in literals}
    tried = 0
    for count in range(1, len(literals) + 1):
        for chosen in combinations(literals, count):
            most = 6 if count < 3 else 1
            for given in product(*(sources[id(literal)][:most] for literal in chosen)):
                changed, tried = expression, tried + 1
                for literal, source in zip(chosen, given, strict=True):
                    changed = put(changed, literal, source)
                if tried > 400:
                    return
                if holds(case, changed):
                    yield changed, [Taken(literal, source) for literal, source in zip(chosen, given, strict=True)]


def runs_everywhere(case: Case, candidate: ast.expr, fits: bool) -> bool:
    """Whether a candidate has a value in every trial, and, where the learner's `fits` at the nominal sizes, one of the right shape."""
    values = [value_of(case, candidate, trial) for trial in range(len(case.verdict.runs))]
    due = [run.trial.gradients[case.name].shape for run in case.verdict.runs]
    return all(isinstance(v, torch.Tensor) and (not fits or v.shape == shape) for v, shape in zip(values, due, strict=True))


def _together(value: torch.Tensor) -> dict[int, tuple[int, ...]]:
    """How many numbers several axes of a tensor hold, not all: a mean may run over those."""
    several = [axes for count in range(2, value.dim()) for axes in combinations(range(value.dim()), count)]
    return {prod(value.shape[axis] for axis in axes): axes for axes in reversed(several)}


def _sources(case: Case, length: int) -> list[ast.expr]:
    """Expressions of the forward that have this value at the nominal sizes: plain numbers, lengths of node and inputs, products."""
    exercise, values = case.graph.exercise, case.verdict.runs[0].trial.values
    texts = [n for n in exercise.names if type(values.get(n)) is int and values[n] == length]
    for name in dict.fromkeys((case.node, *exercise.names)):
        value = values.get(name)
        if isinstance(value, torch.Tensor):
            texts += [f"{name}.shape[{i}]" for i, n in enumerate(value.shape) if n == length]
            texts += [f"{name}.numel()"] if value.dim() > 1 and value.numel() == length else []
            texts += [" * ".join(f"{name}.shape[{i}]" for i in axes) for n, axes in _together(value).items() if n == length]
    return [ast.parse(text, mode="eval").body for text in dict.fromkeys(texts)][:6]
