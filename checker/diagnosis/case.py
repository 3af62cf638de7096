"""What a rule may see of one wrong answer, and the ways it has to prove a cause."""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from checker.comparison.compare import TOLERANCE, close
from checker.derivation.derive import Derived, Underivable, derive
from checker.diagnosis.evaluate import Evaluator, Failed, Refused
from checker.diagnosis.fold import fold, statement_nodes
from checker.exercise.sizes import axes, axis_name, written
from checker.exercise.source import characters
from checker.records import Line, Run, Span, Submission, Verdict
from checker.submission.statements import gradients_used
from checker.trace.graph import Graph
from checker.trace.oracle import in_float64, trace

Tensors = list[torch.Tensor]

clock = time.thread_time
"""Seconds of this thread's work: a search goes as far on a busy machine as on a quiet one, so the same answer is told the same."""


@dataclass(frozen=True)
class Case:
    """One answer that is not right. Lists of tensors hold one per run (trial) in which the answer is a tensor, all in float64."""

    graph: Graph
    submission: Submission
    verdict: Verdict
    deadline: float = math.inf
    """Until when (of `clock`) this answer may be searched for edits, all rules together."""
    edited: ast.expr | None = None
    """The learner's expression with one of its mistakes put right, where the others are sought."""
    partial: bool = False
    """Whether the answer is held against a part of the gradient only."""

    @property
    def late(self) -> bool:
        """Whether the time for searching is used up."""
        return clock() > self.deadline

    @property
    def name(self) -> str:
        return self.verdict.target.name

    @property
    def node(self) -> str:
        return self.verdict.target.node

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        return tuple(run for run in self.verdict.runs if run.answers[self.name].value is not None)

    @property
    def everywhere(self) -> bool:
        """Whether the answer is a tensor in every trial: without that nothing about its value is proven."""
        return len(self.runs) == len(self.verdict.runs) > 0

    @cached_property
    def answers(self) -> Tensors:
        return [value.to(torch.float64) for run in self.runs if (value := run.answers[self.name].value) is not None]

    @cached_property
    def oracles(self) -> Tensors:
        return [run.trial.gradients[self.name] for run in self.runs]

    @property
    def same_shape(self) -> bool:
        """Whether the answer has the oracle's shape wherever it is a tensor."""
        return all(a.shape == o.shape for a, o in zip(self.answers, self.oracles, strict=True))

    @cached_property
    def scales(self) -> list[float]:
        return [run.trial.scales[self.name] for run in self.runs]

    @cached_property
    def dtype(self) -> torch.dtype:
        single = any(run.answers[self.name].dtype == "float32" for run in self.runs)
        return torch.float32 if single else torch.float64

    @cached_property
    def nodes(self) -> list[ast.stmt]:
        return statement_nodes(self.submission)

    @cached_property
    def written(self) -> list[ast.stmt]:
        """The statements that write the target, in order."""
        return [n for s, n in zip(self.submission.statements, self.nodes, strict=True) if self.name in s.writes]

    @cached_property
    def reads(self) -> frozenset[str]:
        """The gradients the answer reads, directly or through helper names."""
        first = self.verdict.runs[0]
        taken = {name: answer.statement for name, answer in first.answers.items()}
        return gradients_used(self.name, self.submission.statements, first.trial.gradients, taken)

    @cached_property
    def consumers(self) -> tuple[Line, ...]:
        """The lines of the forward that use this node and that a gradient flows through."""
        known = self.verdict.runs[0].trial.gradients
        return tuple(line for line in self.graph.exercise.lines if self.node in line.reads and "d" + line.name in known)

    def names(self, run: Run) -> dict[str, Any]:
        """Names an expression for this target may use in `run`: the forward's, and the gradients complete at its line."""
        return {**in_float64(run.trial.values), **{name: run.trial.gradients[name] for name in self.available}}

    @cached_property
    def available(self) -> frozenset[str]:
        first = min((s.index for s in self.submission.statements if self.name in s.writes), default=0)
        targets = {t.name for t in self.graph.exercise.targets}
        last = {n: s.index for s in self.submission.statements for n in s.writes & targets}
        trial = self.verdict.runs[0].trial
        exercise = self.graph.exercise
        given = {"d" + exercise.output} if exercise.takes_cotangent else set()
        return frozenset(n for n in trial.gradients if n != self.name and (n in given or (n in targets and last.get(n, -1) < first)))

    def gradients_in(self, expression: ast.expr) -> frozenset[str]:
        """The gradients from above, of those it may use, that an expression names."""
        return frozenset(n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and n.id in self.available)

    @cached_property
    def derived(self) -> Derived | None:
        """The gradient as the forward's own text gives it, in terms of what the answer may use; None outside the derivation's table."""
        try:
            return derive(self.graph, self.node, [run.trial for run in self.verdict.runs], self.available)
        except Underivable:
            return None

    @cached_property
    def evaluators(self) -> list[Evaluator]:
        return [Evaluator(self.names(run)) for run in self.runs]

    @cached_property
    def expression(self) -> ast.expr | None:
        """The answer as one expression, verified: evaluated here it gives the learner's value in every run."""
        if not self.everywhere or not self.written:
            return None
        folded = self.edited or fold(self.submission, self.nodes, self.name, frozenset(self.verdict.runs[0].trial.gradients))
        return folded if folded is not None and self.is_answer(self.evaluate(folded)) else None

    @cached_property
    def draft(self) -> ast.expr | None:
        """What may be edited: the verified expression, or, of an answer that raised, the one it was meant to be."""
        if self.expression is not None or self.everywhere or not self.written:
            return self.expression
        return self.edited or fold(self.submission, self.nodes, self.name, frozenset(self.verdict.runs[0].trial.gradients))

    def towards(self, goals: Tensors) -> Case:
        """The same answer held against other values: those that one of its mistakes makes of the oracle's leave the others to be found."""
        runs = [
            replace(run, trial=replace(run.trial, gradients={**run.trial.gradients, self.name: goal}))
            for run, goal in zip(self.verdict.runs, goals, strict=True)
        ]
        return replace(self, verdict=replace(self.verdict, runs=tuple(runs)), partial=True)

    def put_right(self, expression: ast.expr) -> Case | None:
        """The answer as it would be with `expression` for the learner's; None where that has no value in some trial."""
        values = _floats(expression, [evaluator for evaluator, _ in self._everywhere])
        if values is None:
            return None
        runs = []
        for value, (_, run) in zip(values, self._everywhere, strict=True):
            answer = replace(run.answers[self.name], state="tensor", value=value, dtype="float64", shape=tuple(value.shape), raised=None)
            runs.append(replace(run, answers={**run.answers, self.name: answer}))
        return replace(self, verdict=replace(self.verdict, runs=tuple(runs)), edited=expression)

    def is_right(self, expression: ast.expr) -> bool:
        """Whether an expression of the learner's names gives the oracle in every trial; stops at the first in which it does not."""
        for evaluator, run in self._everywhere:
            try:
                value = evaluator(expression)
            except (Refused, Failed, RecursionError):
                return False
            oracle, scale = run.trial.gradients[self.name], run.trial.scales[self.name]
            if not isinstance(value, torch.Tensor) or not close(value, oracle, scale):
                return False
        return self._holds(expression)

    def _holds(self, expression: ast.expr) -> bool:
        """Whether a right expression stays right when the gradients it reads are others: it may be right only because these are special."""
        read = self.gradients_in(expression)
        if not read or self.partial:
            return True
        if read not in self.memo:
            trial = trace(self.graph, 0, self.graph.sizes[0], perturb=[name[1:] for name in read])
            names = {**in_float64(trial.values), **{name: trial.gradients[name] for name in self.available}}
            self.memo[read] = Evaluator(names), trial
        evaluator, trial = self.memo[read]
        try:
            value = evaluator(expression)
        except (Refused, Failed, RecursionError):
            return False
        return isinstance(value, torch.Tensor) and close(value, trial.gradients[self.name], trial.scales[self.name])

    @cached_property
    def memo(self) -> dict[object, Any]:
        """What several rules need and is costly to make."""
        return {}

    def first(self, expression: ast.expr) -> Any:
        """The value of an expression in the first trial. Raises `Refused` or `Failed`."""
        return self._everywhere[0][0](expression)

    @cached_property
    def _everywhere(self) -> list[tuple[Evaluator, Run]]:
        if self.everywhere:
            return list(zip(self.evaluators, self.runs, strict=True))
        return [(Evaluator(self.names(run)), run) for run in self.verdict.runs]

    def evaluate(self, expression: ast.expr) -> Tensors | None:
        """Evaluate an expression in every run; None where it cannot be, or gives no float tensor."""
        return _floats(expression, self.evaluators)

    def is_oracle(self, values: Tensors | None) -> bool:
        """Whether `values` are the right gradient in every run."""
        return values is not None and self._agree(values, self.oracles)

    def is_answer(self, values: Tensors | None) -> bool:
        """Whether `values` are the learner's answer in every run: a mistake replayed."""
        return values is not None and self._agree(values, self.answers)

    def gives(self, expression: ast.expr) -> bool:
        """Whether `expression` is worth the learner's answer in every run; stops at the first in which it is not."""
        for evaluator, answer, scale in zip(self.evaluators, self.answers, self.scales, strict=True):
            values = _floats(expression, [evaluator])
            if values is None or not close(values[0], answer, max(scale, _finite_max(answer)), self.dtype):
                return False
        return self.everywhere

    def same(self, values: Tensors | None, others: Tensors) -> bool:
        """Whether two lists of values agree in every run."""
        return values is not None and self._agree(values, others)

    def mends(self, change: Callable[[torch.Tensor, torch.Tensor], torch.Tensor | None]) -> bool:
        """Whether `change(answer, oracle)` gives the oracle in every run, though the answer is wrong in every one."""
        values = [change(a, o) for a, o in zip(self.answers, self.oracles, strict=True)]
        return self.everywhere and all(v is not None for v in values) and self.is_oracle([v for v in values if v is not None])

    def replays(self, change: Callable[[torch.Tensor, torch.Tensor], torch.Tensor | None]) -> bool:
        """Whether `change(oracle, answer)` gives the learner's answer in every run."""
        values = [change(o, a) for a, o in zip(self.answers, self.oracles, strict=True)]
        return self.everywhere and all(v is not None for v in values) and self.is_answer([v for v in values if v is not None])

    def fix(self, *candidates: ast.expr | None) -> str | None:
        """Return the first candidate that is right in every run, as text."""
        for candidate in candidates:
            if candidate is not None and self.is_right(candidate):
                return ast.unparse(ast.fix_missing_locations(candidate))
        return None

    def _agree(self, values: Tensors, others: Tensors) -> bool:
        if not self.everywhere or len(values) != len(others):
            return False
        return all(close(v, o, max(s, _finite_max(o)), self.dtype) for v, o, s in zip(values, others, self.scales, strict=True))

    def shape(self, of: Callable[[Run], torch.Tensor | tuple[int, ...]]) -> str:
        """Write a shape with its axes and its nominal numbers: `(N, 1) = (7, 1)`."""
        runs = self.runs or self.verdict.runs
        shapes = [tuple(getattr(value := of(run), "shape", value)) for run in runs]
        named, plain = axes(shapes, [run.trial.sizes for run in runs]), written(shapes[0])
        return plain if named == plain else f"{named} = {plain}"

    def axis_names(self, of: Callable[[Run], torch.Tensor]) -> list[str]:
        """Name each axis of a tensor seen in every run: `["N", "1"]`."""
        runs = self.runs
        sizes = [run.trial.sizes for run in runs]
        return [axis_name(lengths, sizes) for lengths in zip(*(of(run).shape for run in runs), strict=True)]

    @property
    def got(self) -> str:
        return self.shape(lambda run: run.answers[self.name].shape or ())

    @property
    def due(self) -> str:
        return self.shape(lambda run: run.trial.gradients[self.name])

    def span(self, node: ast.AST | None = None, after: ast.AST | None = None) -> Span | None:
        """Where `node` stands in the submission's body (default: the value of the last statement that writes the target).

        With `after`, only what follows that part of it: the `.sum(1)` of `x.sum(1)`.
        """
        if node is None:
            if not self.written:
                return None
            last = self.written[-1]
            node = getattr(last, "value", last)
        line, column = getattr(node, "lineno", None), getattr(node, "col_offset", 0)
        if line is None:
            return None
        if after is not None and getattr(after, "end_lineno", None) is not None:
            line, column = getattr(after, "end_lineno", line), getattr(after, "end_col_offset", column)
        end_line, end_column = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
        lines = self.submission.lines
        return line, characters(lines, line, column), end_line, characters(lines, end_line, end_column)

    @property
    def tolerance(self) -> float:
        return TOLERANCE[self.dtype]


def _floats(expression: ast.expr, evaluators: list[Evaluator]) -> Tensors | None:
    values = []
    for evaluator in evaluators:
        try:
            value = evaluator(expression)
        except (Refused, Failed, RecursionError):
            return None
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return None
        values.append(value)
    return values


def _finite_max(tensor: torch.Tensor) -> float:
    finite = tensor[torch.isfinite(tensor)]
    return finite.abs().max().item() if finite.numel() else 0.0
