"""The constants of a graph that have a name: small numbers, sizes, plain numbers the forward computes with, and their inverses."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.edits import parts
from checker.diagnosis.replay import downstream


@dataclass(frozen=True)
class Named:
    """A constant as text, as an expression, and its value by the seed of the trial. `divides`: the value is the inverse of `node`'s."""

    text: str
    node: ast.expr
    values: Mapping[int, float]
    divides: bool


def named_constants(case: Case) -> list[Named]:
    """Constants a gradient may be off by: 2, 3, 4, each plain number and size of the forward, those less one, and the inverses of all.

    The forward's plain numbers are those it names, those its lines compute with (`d**0.5`), and how many numbers a mean takes.

    No free rationals: with enough of them anything fits.
    """
    found: list[Named] = []
    for text in dict.fromkeys(("2", *_sizes(case), *_computed(case), "3", "4")):
        node = ast.parse(text, mode="eval").body
        values = {run.trial.seed: _number(case.names(run), node) for run in case.runs}
        if all(v is not None and abs(v) not in (0.0, 1.0) for v in values.values()):
            numbers = {seed: v for seed, v in values.items() if v is not None}
            if any(known.values == numbers for known in found):
                continue
            plain = f"({ast.unparse(node)})" if isinstance(node, ast.BinOp) else text
            found.append(Named(f"1/{plain}", node, {seed: 1 / v for seed, v in numbers.items()}, True))
            found.append(Named(plain, node, numbers, False))
    return found


def _sizes(case: Case) -> list[str]:
    """Plain numbers the forward names (and less one), then lengths of tensors that are a size of the exercise."""
    trial = case.verdict.runs[0].trial
    texts = []
    for name, value in trial.values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            texts += [name, f"({name} - 1)"] if isinstance(value, int) else [name]
    known = {trial.values[t] for t in texts if t in trial.values}
    for size in trial.sizes.values():
        if size not in known:
            place = next(
                ((n, i) for n, v in trial.values.items() if isinstance(v, torch.Tensor) for i, k in enumerate(v.shape) if k == size), None
            )
            if place:
                texts += [f"{place[0]}.shape[{place[1]}]", f"({place[0]}.shape[{place[1]}] - 1)"]
    return texts


def _computed(case: Case) -> list[str]:
    """Plain numbers that stand within the lines below the node, and the number of elements where a line takes a mean."""
    trial = case.verdict.runs[0].trial
    names, texts = case.names(case.verdict.runs[0]), []
    for line in downstream(case, frozenset({case.graph.exercise.output})):
        for part in parts(ast.parse(line.source.strip(), mode="eval").body):
            if isinstance(part, ast.BinOp | ast.Constant) and _number(names, part) is not None:
                texts.append(ast.unparse(part))
        if "mean" in line.source or "loss" in line.source:
            texts += [f"{n}.numel()" for n in line.reads if isinstance(trial.values.get(n), torch.Tensor)]
    return texts


def _number(names: Mapping[str, object], node: ast.expr) -> float | None:
    from checker.diagnosis.evaluate import Evaluator, Failed, Refused

    try:
        value = Evaluator(names)(node)
    except (Refused, Failed):
        return None
    return float(value) if isinstance(value, int | float) else None
