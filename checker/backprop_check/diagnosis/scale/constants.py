"""The constants of a graph that have a name: small numbers, sizes, plain numbers the forward computes with, and their inverses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import torch

from backprop_check.derivation.trees import HUGE, identifiers, parsed, text
from backprop_check.diagnosis.by_edit.edits import names_used, parts
from backprop_check.diagnosis.by_replay.replay import downstream
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.scale.factors import plain_number
from backprop_check.expression.chains import factors, is_product
from backprop_check.expression.evaluate import Evaluator

_AVERAGES = re.compile(r"mean|loss\(")
"""What divides by how many numbers there are, or may."""


@dataclass(frozen=True)
class Named:
    """A constant as text, as an expression, and its value by the seed of the trial. `divides`: the value is the inverse of `node`'s."""

    text: str
    node: ast.expr
    values: Mapping[int, float]
    divides: bool


def named_constants(case: Case) -> list[Named]:
    """Constants a gradient may be off by: 2, 3, 4, each plain number and size of the forward, those less one, the
    constants of the derived gradient, and the inverses of all.

    The forward's plain numbers are those it names, those its lines compute with (`d**0.5`), and how many numbers a mean takes.

    No free rationals: with enough of them anything fits.
    """
    if named_constants not in case.memo:
        case.memo[named_constants] = list(_named(case)) if case.runs else []
    known: list[Named] = case.memo[named_constants]
    return known


def _named(case: Case) -> Iterable[Named]:
    found: dict[tuple[float, ...], Named] = {}
    for node in (*map(parsed, (*_given(case), "2", *_sizes(case), *_computed(case), "3", "4")), *_derived(case)):
        numbers = [_number(evaluator, node) for evaluator in case.evaluators]
        values = tuple(n for n in numbers if n is not None and abs(n) > 1 / HUGE and abs(n) != 1)
        if len(values) == len(case.runs):
            plain = text(node) if isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Subscript) else f"({text(node)})"
            seeds = [run.trial.seed for run in case.runs]
            inverse = tuple(1 / v for v in values)
            found.setdefault(inverse, Named(f"1/{plain}", node, dict(zip(seeds, inverse, strict=True)), True))
            found.setdefault(values, Named(plain, node, dict(zip(seeds, values, strict=True)), False))
    return found.values()


def turned_over(constant: Named) -> Named:
    """The constant with a minus: where sign and size are both off, and no line is there to show which is where."""
    return replace(constant, text=f"-{constant.text}", values={seed: -value for seed, value in constant.values.items()})


def times(part: ast.expr, constant: Named) -> ast.expr:
    """`part` multiplied by the constant, or divided by what it is the inverse of."""
    if constant.divides:
        return ast.BinOp(part, ast.Div(), constant.node)
    return ast.BinOp(constant.node, ast.Mult(), part)


def _sizes(case: Case) -> list[str]:
    """Plain numbers the forward names (and less one), then lengths of tensors that are a size of the exercise."""
    trial = case.verdict.runs[0].trial
    texts = []
    for name, value in trial.values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            texts += [name, f"({name} - 1)"] if isinstance(value, int) else [name]
    known = {trial.values[t] for t in texts if t in trial.values}
    near = dict.fromkeys([case.node, *(name for line in case.consumers for name in (*line.reads, line.name)), *trial.values])
    for size in trial.sizes.values():
        if size not in known:
            tensors = ((name, value) for name in near if isinstance(value := trial.values.get(name), torch.Tensor))
            place = next(((name, axis) for name, value in tensors for axis, length in enumerate(value.shape) if length == size), None)
            if place:
                texts += [f"{place[0]}.shape[{place[1]}]", f"({place[0]}.shape[{place[1]}] - 1)"]
    for name in (case.node, *(line.name for line in case.consumers)):
        value = trial.values[name]
        if isinstance(value, torch.Tensor) and value.dim() > 1:
            texts.append(f"{name}.numel()")
    return texts


def _given(case: Case) -> list[str]:
    """Numbers that the exercise names, where a line below the node computes with them."""
    read = {name for line in downstream(case, frozenset({case.graph.exercise.output})) for name in identifiers(parsed(line.source.strip()))}
    return [name for name, value in case.given.items() if name in read and not isinstance(value, torch.Tensor)]


def _derived(case: Case) -> Iterator[ast.expr]:
    """The constants of the derived gradient: what stands in it as a number, or as a tensor of one that nothing comes back to; and all
    the numbers of one product as one, where a power is among them: `torch.pi**0.5 * 2**0.5`."""
    if case.derived is not None:
        known = case.verdict.runs[0].trial.gradients
        moving = {*known, *(name[1:] for name in known)}
        for part in parts(case.derived.expression):
            names = {n.id for n in names_used(part)}
            if not isinstance(part, ast.Constant | ast.UnaryOp) and names.isdisjoint(moving):
                yield part
        for part in parts(case.derived.expression):
            found = factors(part)[1] if is_product(part) else ()
            plain = [(below, factor) for below, factor in found if _number(case.evaluators[0], factor) is not None]
            # Numbers, names and lengths are told one by one, each with the line that brings it in.
            powers = any(isinstance(factor, ast.BinOp | ast.Attribute) for _, factor in plain)
            if powers and len(plain) > 1 and all(moving.isdisjoint(n.id for n in names_used(factor)) for _, factor in plain):
                above, under = ([factor for below, factor in plain if below is side] for side in (False, True))
                whole = reduce(_times, above) if above else reduce(_times, under)
                yield ast.BinOp(whole, ast.Div(), reduce(_times, under)) if above and under else whole


def _times(one: ast.expr, other: ast.expr) -> ast.expr:
    return ast.BinOp(one, ast.Mult(), other)


def _computed(case: Case) -> list[str]:
    """Plain numbers that stand within the lines below the node, and the number of elements where a line takes a mean."""
    trial = case.verdict.runs[0].trial
    evaluator, texts = case.evaluators[0], []
    moving = {name for gradient in trial.gradients for name in (gradient, gradient[1:])}
    for line in downstream(case, frozenset({case.graph.exercise.output})):
        for part in parts(ast.parse(line.source.strip(), mode="eval").body):
            # What a gradient comes back to is no constant, though it be one number.
            plain = isinstance(part, ast.BinOp | ast.Constant | ast.UnaryOp) and moving.isdisjoint(n.id for n in names_used(part))
            if plain and _number(evaluator, part) is not None:
                texts.append(text(part))
        if _AVERAGES.search(line.source):
            texts += [f"{n}.numel()" for n in line.reads if isinstance(trial.values.get(n), torch.Tensor)]
    return texts


def _number(evaluator: Evaluator, node: ast.expr) -> float | None:
    value = plain_number(evaluator.value(node))
    # What a mask fills in, `float("-inf")`, is no factor.
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < HUGE else None
