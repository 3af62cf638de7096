"""A line that is right only for what these inputs are: a matrix that is its own transpose, a name that stands for just this number."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import parsed
from backprop_check.diagnosis.case import Case
from backprop_check.errors import BadInput
from backprop_check.exercise.nodes import walk
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.work import REPLAY
from backprop_check.records import Trial
from backprop_check.trace.oracle import in_float64, trace


def rests_on_inputs(case: Case, expression: ast.expr) -> bool:
    """Whether a right line is wrong for inputs that are not so special, and does not read them just as the learner's line does."""
    if special not in case.memo:
        case.memo[special] = _otherwise(case)
    there: tuple[frozenset[str], Evaluator, Trial] | None = case.memo[special]
    if there is None or case.partial:
        return False
    names, evaluator, trial = there
    value = evaluator.tensor(expression)
    if value is not None and close(value, trial.gradients[case.name], trial.scales[case.name]):
        return False
    read = _read(expression, names)
    return not read or case.draft is None or read != _read(case.draft, names)


def special(case: Case) -> frozenset[str]:
    """The names of matrices that are their own transposes in every trial, and of numbers, in the forward as inputs or at the top level."""
    lines = [parsed(f"({line.source.strip()}\n)") for line in case.graph.exercise.lines]
    read = {n.id for line in lines for n in walk(line) if isinstance(n, ast.Name)} & {*case.graph.exercise.names, *case.given}
    powers = {id(n) for line in lines for p in walk(line) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Pow) for n in walk(p.right)}
    exponents = {n.id for line in lines for n in walk(line) if isinstance(n, ast.Name) and id(n) in powers}
    exponents -= {n.id for line in lines for n in walk(line) if isinstance(n, ast.Name) and id(n) not in powers}
    made = {line.name for line in case.graph.exercise.lines}
    known = [{**case.given, **run.trial.values} for run in case.verdict.runs]
    return frozenset(n for n in read - made if all(_is_special(values.get(n), n in exponents) for values in known))


def _is_special(value: object, exponent: bool) -> bool:
    if isinstance(value, torch.Tensor):
        square = value.is_floating_point() and value.dim() > 1 and value.shape[-1] == value.shape[-2] > 1
        return square and torch.equal(value, value.mT)
    return isinstance(value, float) or (exponent and isinstance(value, int) and not isinstance(value, bool))


def _otherwise(case: Case) -> tuple[frozenset[str], Evaluator, Trial] | None:
    """A trial in which these are others; None where there are none, or where the derived gradient is not autograd's there."""
    names = special(case)
    if not names or case.derived is None:
        return None
    graph, drawn = case.graph, case.graph.scope["inputs"]

    def inputs(**sizes: int) -> dict[str, Any]:
        return _changed(drawn(**sizes), names)

    scope = {**_changed(graph.scope, names), "inputs": inputs}
    try:
        trial = trace(replace(graph, scope=scope), 0, graph.sizes[0])
    except (BadInput, RuntimeError, ValueError, TypeError, ArithmeticError):
        return None
    case.work.count(*trial.values.values(), times=REPLAY)
    given = _changed(case.given, names)
    evaluator = Evaluator({**given, **in_float64(trial.values), **{name: trial.gradients[name] for name in case.available}}, case.work)
    value, due = evaluator.tensor(case.derived.expression), trial.gradients[case.name]
    known = value is not None and bool(torch.isfinite(due).all()) and close(value, due, trial.scales[case.name])
    return (names, evaluator, trial) if known else None


def _changed(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: _other(value) if name in names else value for name, value in values.items()}


def _other(value: Any) -> Any:
    """A number some tenth larger, a whole one by one; a matrix that is larger above its diagonal."""
    if isinstance(value, torch.Tensor):
        return value + 0.1 * value.abs().mean() * torch.ones_like(value).triu(1)
    return value + 1 if isinstance(value, int) else 1.1 * value


def _read(expression: ast.expr, names: frozenset[str]) -> Counter[str]:
    """How often an expression reads each of these names, as it is and turned."""
    turned = {id(n.value): f".{n.attr}" for n in walk(expression) if isinstance(n, ast.Attribute) and n.attr in ("T", "mT")}
    found = (n for n in walk(expression) if isinstance(n, ast.Name) and n.id in names)
    return Counter(n.id + turned.get(id(n), "").replace("mT", "T") for n in found)
