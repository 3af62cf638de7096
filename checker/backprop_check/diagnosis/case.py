"""One wrong answer, and the ways there are to prove its cause."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import text
from backprop_check.diagnosis.drawn import forward_hangs_on_labels, hangs_on_labels
from backprop_check.diagnosis.observed import Tensors, floats
from backprop_check.diagnosis.spoken import Spoken
from backprop_check.exercise.nodes import walk
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.work import REPLAY
from backprop_check.records import Run, Trial
from backprop_check.trace.oracle import in_float64, trace

__all__ = ["Case", "Tensors"]


@dataclass(frozen=True)
class Case(Spoken):
    """One answer that is not right, and proofs by value."""

    @cached_property
    def expression(self) -> ast.expr | None:
        """The answer as one expression, verified: evaluated here it gives the learner's value in every run."""
        if not self.everywhere or not self.written:
            return None
        folded = self.edited or self.folded
        return folded if folded is not None and self.same(self.evaluate(folded), self.answers) else None

    @cached_property
    def draft(self) -> ast.expr | None:
        """What may be edited: the verified expression, or, of an answer that raised, the one it was meant to be."""
        if self.expression is not None or self.everywhere or not self.written:
            return self.expression
        return self.edited or self.folded

    def towards(self, goals: Tensors) -> Case:
        """The same answer held against other values: those that one of its mistakes makes of the oracle's leave the others to be found."""
        runs = [
            replace(run, trial=replace(run.trial, gradients={**run.trial.gradients, self.name: goal}))
            for run, goal in zip(self.verdict.runs, goals, strict=True)
        ]
        return replace(self, verdict=replace(self.verdict, runs=tuple(runs)), partial=True)

    def put_right(self, expression: ast.expr) -> Case | None:
        """The answer as it would be with `expression` for the learner's; None where that has no value in some trial."""
        values = floats(expression, [evaluator for evaluator, _ in self.each])
        if values is None:
            return None
        runs = []
        for value, (_, run) in zip(values, self.each, strict=True):
            answer = replace(run.answers[self.name], state="tensor", value=value, dtype="float64", shape=tuple(value.shape), raised=None)
            runs.append(replace(run, answers={**run.answers, self.name: answer}))
        return replace(self, verdict=replace(self.verdict, runs=tuple(runs)), edited=expression)

    def is_right(self, expression: ast.expr) -> bool:
        """Whether an expression of the learner's names gives the oracle in every trial; stops at the first in which it does not."""
        for evaluator, run in self.each:
            value = evaluator.tensor(expression)
            if value is None or not close(value, run.trial.gradients[self.name], run.trial.scales[self.name]):
                return False
        return self._holds(expression)

    def _holds(self, expression: ast.expr) -> bool:
        """Whether a right expression stays right when the labels or the gradients it reads are others: these may be special."""
        if self.partial:
            return True
        if self.counts_labels(expression) and not self._counts_labels_itself:
            return False
        read = self.gradients_in(expression)
        return not read or self._right_with_others(expression, read) or self._right_as_written(expression)

    def _right_with_others(self, expression: ast.expr, read: frozenset[str]) -> bool:
        evaluator, trial = self._perturbed(read)
        value = evaluator.tensor(expression)
        return value is not None and close(value, trial.gradients[self.name], trial.scales[self.name])

    def _right_as_written(self, expression: ast.expr) -> bool:
        """Whether it reads the gradients that the learner's line does, as often, and counts on the forward between them as that does."""
        last = self._last(expression)
        if self.draft is None or last == self.gradients_in(expression):
            return False
        own, there = (sorted(n.id for n in walk(e) if isinstance(n, ast.Name) and n.id in self.available) for e in (self.draft, expression))
        return own == there and self._right_with_others(expression, last)

    @cached_property
    def _counts_labels_itself(self) -> bool:
        """Whether the learner's line does, which may have another mistake beside."""
        return self.draft is not None and self.counts_labels(self.draft)

    def counts_labels(self, expression: ast.expr) -> bool:
        """Whether it has the right shape only where enough labels are drawn, though every line of the forward has it always."""
        first = self.verdict.runs[0]
        other = next((run for run in self.verdict.runs if run.trial.sizes != first.trial.sizes), first)
        if not (self._hangs_on_labels(expression, first) or self._hangs_on_labels(expression, other)):
            return False
        if forward_hangs_on_labels not in self.memo:
            self.memo[forward_hangs_on_labels] = forward_hangs_on_labels(self.graph.exercise.lines, self.names(first), self.work)
        return not self.memo[forward_hangs_on_labels]

    def _hangs_on_labels(self, expression: ast.expr, run: Run) -> bool:
        evaluator, gradient = self._evaluator(run), run.trial.gradients[self.name]
        if evaluator.knows_no_whole_numbers(expression):  # its value is what it would be with any labels
            value = evaluator(expression)
            return isinstance(value, torch.Tensor) and value.shape != gradient.shape
        return hangs_on_labels(expression, gradient, evaluator.names, self.work)

    def _perturbed(self, read: frozenset[str]) -> tuple[Evaluator, Trial]:
        """A trial in which these gradients are not what this graph makes of them."""
        if read not in self.memo:
            trial = trace(self.graph, 0, self.graph.sizes[0], perturb=[name[1:] for name in read])
            self.work.count(*trial.values.values(), times=REPLAY)
            names = {**self.given, **in_float64(trial.values), **{name: trial.gradients[name] for name in self.available}}
            self.memo[read] = Evaluator(names, self.work), trial
        known: tuple[Evaluator, Trial] = self.memo[read]
        return known

    def by_chance(self, story: Callable[[Run], torch.Tensor | None]) -> bool:
        """Whether the answer parts ways with what a story makes of it once the gradients that it reads are others.

        Those of this graph may be special: all ones behind a plain sum, the same in every row.
        """
        if self.expression is None or self.partial or not self.gradients_in(self.expression):
            return False
        evaluator, trial = self._perturbed(self._last(self.expression))
        try:
            told, value = story(replace(self.runs[0], trial=trial)), evaluator.tensor(self.expression)
        except (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError):
            return False
        if told is None or value is None:
            return False
        return not close(told, value, max(trial.scales[self.name], _finite_max(value)), self.tolerance)

    def _last(self, expression: ast.expr) -> frozenset[str]:
        """The gradients that an expression reads, of two on one way the one further down: a line may count on the forward between them."""
        read = self.gradients_in(expression)
        return frozenset(name for name in read if not read & self.below(name))

    def below(self, gradient: str) -> frozenset[str]:
        """The gradients of the values that are made of one."""
        made = {gradient[1:]}
        for line in self.graph.exercise.lines:
            if made & set(line.reads):
                made.add(line.name)
        return frozenset(f"d{name}" for name in made) - {gradient}

    def alike(self, one: ast.expr, other: ast.expr, within: ast.expr) -> bool:
        """Whether two parts are tensors of the same numbers in every trial, and when the gradients that the whole reads are others."""
        read = self.gradients_in(within)
        everywhere = [evaluator for evaluator, _ in self.each]
        for evaluator in [*everywhere, self._perturbed(read)[0]] if read else everywhere:
            a, b = evaluator.tensor(one), evaluator.tensor(other)
            if a is None or b is None or a.dtype != b.dtype or not a.is_floating_point():
                return False
            if not close(b, a, _finite_max(a)):
                return False
        return True

    def is_oracle(self, values: Tensors | None) -> bool:
        """Whether `values` are the right gradient in every run."""
        return values is not None and self._agree(values, self.oracles)

    def is_answer(self, values: Tensors | None) -> bool:
        """Whether `values` are the learner's answer in every run: a mistake replayed."""
        return values is not None and self.has_numbers and not self.is_rounding and self._agree(values, self.answers)

    @cached_property
    def is_rounding(self) -> bool:
        """Whether the answer is what rounding leaves of zeros: it agrees with every story in which all cancels, and proves none."""
        if not self.everywhere or not any(bool(answer.any()) for answer in self.answers):
            return False
        near = zip(self.answers, self.scales, strict=True)
        return all(close(torch.zeros_like(answer), answer, scale, self.tolerance) for answer, scale in near)

    @cached_property
    def has_numbers(self) -> bool:
        """Whether the answer has a finite number in every run: NaN agrees with NaN, and so with anything."""
        return all(bool(torch.isfinite(a).any()) or not a.numel() for a in self.answers)

    def gives(self, expression: ast.expr) -> bool:
        """Whether `expression` is worth the learner's answer in every run; stops at the first in which it is not."""
        if self.is_rounding and not self._gives_with_others(expression):
            return False
        for evaluator, answer, scale in zip(self.evaluators, self.answers, self.scales, strict=True):
            values = floats(expression, [evaluator])
            if values is None or not close(values[0], answer, max(scale, _finite_max(answer)), self.tolerance):
                return False
        return self.everywhere and self.has_numbers

    def _gives_with_others(self, expression: ast.expr) -> bool:
        """Whether it is worth what the learner's is, and that is not zero, once the gradients that both read are others."""
        if self.expression is None or not (read := self.gradients_in(self.expression)) or self.gradients_in(expression) != read:
            return False
        evaluator, trial = self._perturbed(read)
        value, answer = evaluator.tensor(expression), evaluator.tensor(self.expression)
        if value is None or answer is None:
            return False
        scale = max(trial.scales[self.name], _finite_max(answer))
        return close(value, answer, scale, self.tolerance) and not close(torch.zeros_like(answer), answer, scale, self.tolerance)

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
                return text(candidate)
        return None

    def _agree(self, values: Tensors, others: Tensors) -> bool:
        if not self.everywhere or len(values) != len(others):
            return False
        return all(close(v, o, max(s, _finite_max(o)), self.tolerance) for v, o, s in zip(values, others, self.scales, strict=True))


def _finite_max(tensor: torch.Tensor) -> float:
    if tensor.numel() and isfinite(most := tensor.abs().max().item()):
        return most
    finite = tensor[torch.isfinite(tensor)]
    return finite.abs().max().item() if finite.numel() else 0.0
