"""Misconceptions written as changed forwards: autograd makes of each the very wrong answer it leads to.

A change touches derivatives only, as a rule: every value stays the forward's, since the learner's names hold those.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_edit.edits import worth
from backprop_check.diagnosis.by_replay.replay import Change, Evaluate, cut, gradient
from backprop_check.diagnosis.by_replay.sites import Site
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put
from backprop_check.expression.work import REPLAY
from backprop_check.records import Line, Run
from backprop_check.trace.oracle import in_float64

Slope = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_HOLE = "_hole"


class _Kept(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, other: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *arrives: torch.Tensor) -> tuple[torch.Tensor, None]:
        return arrives[0], None


def kept(value: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The numbers of `value` with the derivative of `other`."""
    if not isinstance(other, torch.Tensor):
        raise ValueError("no tensor")
    if other.shape != value.shape:
        other = other.expand(value.shape)
    return _Kept.apply(other, value.detach())  # type: ignore[no-any-return, no-untyped-call]


def replays(case: Case, change: Change) -> bool:
    """Whether autograd on the changed forward gives the learner's answer in every run, and not by chance.

    Zeros are given by every change that lets nothing through, so they are evidence of none. And where the answer reads gradients, the
    changed forward gives it with other ones too. Raises `Spent` where replays have cost what they may.
    """
    case.replaying()
    if case.is_rounding or not any(bool(answer.any()) for answer in case.answers):
        return False
    for stops in ends(case):
        if gives_answer(case, lambda run, s=stops: gradient(case, run, s, change=change)):  # type: ignore[misc]
            return stops != cut(case) or not case.by_chance(lambda run, s=stops: gradient(case, run, s, change=change))  # type: ignore[misc]
    return False


def gives_answer(case: Case, compute: Callable[[Run], torch.Tensor | None]) -> bool:
    """Whether `compute(run)` is the learner's answer in every run; stops at the first in which it is not, or cannot be computed."""
    if not case.everywhere or case.is_rounding:
        return False
    for run, answer, oracle, scale in zip(case.runs, case.answers, case.oracles, case.scales, strict=True):
        try:
            value = compute(run)
        except (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError):
            return False
        if answer.numel() and not bool(torch.isfinite(answer).any()):
            return False  # NaN agrees with NaN, and so with anything
        largest = max((t[torch.isfinite(t)].abs().max().item() for t in (answer, oracle) if torch.isfinite(t).any()), default=0.0)
        if value is None or not close(value, answer, max(scale, largest), case.tolerance):
            return False
    return True


def ends(case: Case) -> list[frozenset[str]]:
    """Where the replay may take up the gradient from above: where the answer does, or at the very output."""
    return list(dict.fromkeys((cut(case), frozenset({case.graph.exercise.output}))))


def part_through(case: Case, change: Change, cut_off: Change) -> ast.expr | None:
    """The part of the answer that is what comes back through the place that `change` changes and `cut_off` closes, and nothing else."""
    stops = cut(case)
    through, rest = ([gradient(case, run, stops, change=c) for run in case.runs] for c in (change, cut_off))
    values = [t - r for t, r in zip(through, rest, strict=True)]
    return next(iter(worth(case, values) or worth(case, [-value for value in values])), None)


def evaluator(case: Case, tree: ast.expr) -> Evaluate:
    """Compile an expression of the forward, so that it can be computed on any values."""
    code = compile(ast.fix_missing_locations(ast.Expression(tree)), "<changed forward>", "eval")
    return lambda values: eval(code, {**case.graph.scope, **values})


def arriving(case: Case, run: Run, line: Line, tree: ast.expr, part: ast.expr) -> torch.Tensor:
    """What arrives at one part of a line, in its shape: the gradient of the loss with respect to its value.

    Raises `ValueError` where that is no float tensor.
    """
    values = in_float64(run.trial.values)
    value = evaluator(case, part)(values)
    case.work.count(value, times=REPLAY)
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        raise ValueError("no float tensor")
    leaf = value.detach().clone().requires_grad_()
    with torch.enable_grad():
        whole = evaluator(case, put(tree, part, ast.Name(_HOLE, ast.Load())))({**values, _HOLE: leaf})
        (found,) = torch.autograd.grad((whole * run.trial.gradients["d" + line.name]).sum(), [leaf], allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


def written_as(case: Case, line: Line, tree: ast.expr, values_too: bool = False) -> Change:
    """A change that differentiates `line` as if its text were `tree`; with `values_too`, that computes it so as well."""
    compute = evaluator(case, tree)

    def change(at: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
        if at is not line:
            return evaluate(values)
        return compute(values) if values_too else kept(evaluate(values), compute(values))

    return change


def _broadcasts(x: torch.Tensor, y: torch.Tensor) -> bool:
    pairs = zip(reversed(x.shape), reversed(y.shape), strict=False)
    return x.dim() <= y.dim() and all(n in (1, m) for n, m in pairs)


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, value: torch.Tensor, function: Callable[[torch.Tensor], Any]) -> torch.Tensor:
        ctx.function = function
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *arrives: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.function(arrives[0]), None, None


def _apart(case: Case, site: Site) -> tuple[Evaluate, Evaluate, Evaluate, Evaluate]:
    """The operand, the operation, the operation on another operand (`_HOLE`), and the line on another result of the operation."""
    hole = ast.Name(_HOLE, ast.Load())
    trees = (site.operand, site.part, put(site.part, site.operand, hole), put(site.tree, site.part, hole))
    operand, part, again, rest = (evaluator(case, tree) for tree in trees)
    return operand, part, again, rest


def applied_to_gradient(case: Case, site: Site) -> Change:
    """A change that sends the gradient through the operation itself, as if that were its derivative."""
    operand, part, again, rest = _apart(case, site)

    def change(at: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
        if at is not site.line:
            return evaluate(values)
        x, y = operand(values), part(values)
        if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor) and x.shape == y.shape):
            raise ValueError("this operation changes the shape")
        passed = _Through.apply(x, y.detach(), lambda g: again({**values, _HOLE: g}))  # type: ignore[no-untyped-call]
        return rest({**values, _HOLE: passed})

    return change


def with_slope(case: Case, site: Site, slope: Slope) -> Change:
    """A change that takes the derivative of one operation by one operand x as `slope(x, result)`. Other operands keep theirs."""
    operand, part, others, rest = _apart(case, site)

    def change(at: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
        if at is not site.line:
            return evaluate(values)
        x, y = operand(values), part(values)
        if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor) and _broadcasts(x, y)):
            raise ValueError("this operand does not broadcast to the result")
        straight = slope(x.detach(), y.detach()) * x
        fixed = others({**values, _HOLE: x.detach()})
        return rest({**values, _HOLE: kept(y, fixed + straight)})

    return change
