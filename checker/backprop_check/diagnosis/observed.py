"""What is seen of one wrong answer: its values by run, what it reads and who uses the node; and what an expression is worth in each run."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import torch

from backprop_check.comparison.compare import tolerance
from backprop_check.derivation.derive import Derived, Underivable, derive
from backprop_check.derivation.lesson import users
from backprop_check.derivation.trees import identifiers
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.fold import fold, statement_nodes
from backprop_check.expression.work import REPLAYS, Spent, Work
from backprop_check.records import Line, Run, Submission, Verdict
from backprop_check.submission.statements import gradients_used
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import in_float64
from backprop_check.trace.scale import EXACT

Tensors = list[torch.Tensor]
T = TypeVar("T")


@dataclass(frozen=True)
class Observed:
    """One answer that is not right. Lists of tensors hold one per run (trial) in which the answer is a tensor, all in float64."""

    graph: Graph
    submission: Submission
    verdict: Verdict
    work: Work = field(default_factory=Work)
    until: float = math.inf
    """Up to how much `work` this answer may be searched for edits, all mistakes together."""
    edited: ast.expr | None = None
    """The learner's expression with one of its mistakes put right, where the others are sought."""
    partial: bool = False
    """Whether the answer is held against a part of the gradient only."""
    memo: dict[object, Any] = field(default_factory=dict)
    """What several mistakes need and is costly to make; a case made of this one shares it, so nothing here depends on the answer."""

    @property
    def late(self) -> bool:
        """Whether what may be spent on searching is used up."""
        return self.work.done > self.until

    def replaying(self) -> None:
        """Raise `Spent` where replays of the forward have cost what they may."""
        if self.work.done > self.until + REPLAYS:
            raise Spent

    def up_to(self, most: int, candidates: Iterable[T]) -> Iterator[T]:
        """So many of what may be tried, while the search may go on."""
        for candidate in islice(candidates, most):
            if self.late:
                return
            yield candidate

    @property
    def beside(self) -> bool:
        """Whether the answer has another mistake beside the one that is sought."""
        return self.partial or self.edited is not None

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
    def tolerance(self) -> float:
        """What `max|Δ| / scale` may be between the answer and what is held against it."""
        given = [(run.trial, value.dtype) for run in self.runs if (value := run.answers[self.name].value) is not None]
        return max((tolerance(trial, self.name, dtype) for trial, dtype in given), default=EXACT)

    @cached_property
    def nodes(self) -> list[ast.stmt]:
        return statement_nodes(self.submission)

    @cached_property
    def written(self) -> list[ast.stmt]:
        """The statements that write the target, in order."""
        return [n for s, n in zip(self.submission.statements, self.nodes, strict=True) if self.name in s.writes]

    @cached_property
    def folded(self) -> ast.expr | None:
        """The statements that write the target as one expression, as far as they are plain assignments; not verified by value."""
        return self.fold(self.name) if self.written else None

    def fold(self, target: str) -> ast.expr | None:
        """The same of any name, gradients left as they are."""
        return fold(self.submission, self.nodes, target, self.put_in, self.given)

    @cached_property
    def put_in(self) -> frozenset[str]:
        """The gradients that the judge puts in: of one that is not asked for and that the learner writes, the learner's value is used."""
        targets = {target.name for target in self.graph.exercise.targets}
        own = set().union(*(statement.writes for statement in self.submission.statements)) - targets
        return frozenset(self.verdict.runs[0].trial.gradients) - own

    @cached_property
    def reads(self) -> frozenset[str]:
        """The gradients the answer reads, directly or through helper names."""
        first = self.verdict.runs[0]
        taken = {name: answer.statement for name, answer in first.answers.items()}
        return gradients_used(self.name, self.submission.statements, self.put_in, taken)

    @cached_property
    def consumers(self) -> tuple[Line, ...]:
        """The lines of the forward that use this node and that a gradient flows through."""
        known = self.verdict.runs[0].trial.gradients
        return users(self.graph.exercise, self.node, known)

    @cached_property
    def given(self) -> dict[str, Any]:
        """The numbers and tensors that the exercise names at its top level: they are there in every `backward`."""
        named = ((name, value) for name, value in sorted(self.graph.scope.items()) if not name.startswith("_"))
        return in_float64({name: value for name, value in named if type(value) in (int, float) or isinstance(value, torch.Tensor)})

    def names(self, run: Run) -> dict[str, Any]:
        """Names an expression for this target may use in `run`: the forward's, and the gradients complete at its line."""
        return {**self.given, **in_float64(run.trial.values), **{name: run.trial.gradients[name] for name in self.available}}

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
        return identifiers(expression) & self.available

    @cached_property
    def derived(self) -> Derived | None:
        """The gradient as the forward's own text gives it, in terms of what the answer may use; None outside the derivation's table."""
        try:
            return derive(self.graph, self.node, [run.trial for run in self.verdict.runs], self.available)
        except Underivable:
            return None

    @cached_property
    def evaluators(self) -> list[Evaluator]:
        return [self._evaluator(run) for run in self.runs]

    def _evaluator(self, run: Run) -> Evaluator:
        key = Evaluator, run.trial.seed
        if key not in self.memo:
            self.memo[key] = Evaluator(self.names(run), self.work)
        known: Evaluator = self.memo[key]
        return known

    def first(self, expression: ast.expr) -> Any:
        """The value of an expression in the first trial. Raises `Refused` or `Failed`."""
        return self.each[0][0](expression)

    @cached_property
    def each(self) -> list[tuple[Evaluator, Run]]:
        """An evaluator for every run, also where the answer raised in one."""
        if self.everywhere:
            return list(zip(self.evaluators, self.runs, strict=True))
        return [(self._evaluator(run), run) for run in self.verdict.runs]

    def evaluate(self, expression: ast.expr) -> Tensors | None:
        """Evaluate an expression in every run; None where it cannot be, or gives no float tensor."""
        return floats(expression, self.evaluators)


def floats(expression: ast.expr, evaluators: list[Evaluator]) -> Tensors | None:
    values = []
    for evaluator in evaluators:
        value = evaluator.tensor(expression)
        if value is None or not value.is_floating_point():
            return None
        values.append(value)
    return values
