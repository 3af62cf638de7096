"""What is wrong within one expression of an answer of several statements, as the mistakes themselves tell it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from types import ModuleType
from typing import Any

from backprop_check.diagnosis.by_edit import brackets
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.mistakes import (
    applied_twice,
    elementwise_for_matmul,
    extra_term,
    inner_for_outer,
    mean_for_sum,
    missing_transpose,
    needless_sum,
    needless_transpose,
    plus_for_times,
    sum_before_product,
    wrong_axis,
    wrong_local_derivative,
    wrong_operand,
    wrong_point,
    wrong_power,
    wrong_scale,
    wrong_start,
)
from backprop_check.diagnosis.steps.statements import all_of, makes_it_right, names
from backprop_check.expression.carried import Carrying, carried
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.rewrites import put_statement
from backprop_check.records import Diagnosis, Run

WITHIN = (
    wrong_start, elementwise_for_matmul, missing_transpose, inner_for_outer, mean_for_sum, wrong_axis, sum_before_product, needless_sum,
    brackets, needless_transpose, applied_twice, wrong_point, wrong_scale, wrong_power, wrong_operand, plus_for_times, extra_term,
    wrong_local_derivative,
)  # fmt: skip
"""What may be wrong within one statement, in the order in which it is asked."""


@dataclass(frozen=True)
class Within(Case):
    """An answer of several statements, of which one part, `hole`, may be changed: that is right which makes the whole right.

    Parts of it are worth what they are in the first round in which their statement is reached.
    """

    program: tuple[ast.stmt, ...] = ()
    statement: ast.stmt | None = None
    hole: ast.expr | None = None

    @cached_property
    def expression(self) -> ast.expr | None:
        return self.hole

    @property
    def draft(self) -> ast.expr | None:
        return self.hole

    @cached_property
    def evaluators(self) -> list[Evaluator]:
        return [Evaluator(self._reached(run), self.work) for run in self.runs]

    def _reached(self, run: Run) -> dict[str, Any]:
        state = Carrying(names(self, run), self.work, self.statement)
        with suppress(Refused, Failed, RecursionError, RuntimeError, TypeError, ValueError):
            state.out(self.program)
        return state.seen if state.seen is not None else names(self, run)

    def is_right(self, expression: ast.expr) -> bool:
        assert self.hole is not None
        return makes_it_right(self, put_statement(self.program, self.hole, expression))

    def evaluate(self, expression: ast.expr) -> Tensors | None:
        return self.answers if expression is self.hole else super().evaluate(expression)

    def gives(self, expression: ast.expr) -> bool:
        assert self.hole is not None
        changed = put_statement(self.program, self.hole, expression)
        made = [carried(names(self, run), changed, self.name, self.work) for run in self.runs]
        return all(m is not None for m in made) and self.is_answer([m for m in made if m is not None])


@dataclass(frozen=True)
class Change:
    """One change of the statements that makes them right: the statement as it is to be, and what is said of it."""

    program: tuple[ast.stmt, ...]
    old: ast.stmt
    told: Diagnosis
    follows: ast.stmt | None = None
    """A statement that is to follow `old`, where nothing is to be changed."""
    first: ast.stmt | None = None
    """Another statement that is to be changed, before `old`."""


def within_one(case: Case, program: tuple[ast.stmt, ...], mistakes: Sequence[ModuleType]) -> Change | None:
    """What is wrong within one expression of the statements, as the mistakes tell it."""
    for statement in all_of(program):
        for hole in _holes(statement):
            within = _within(case, program, statement, hole)
            for mistake in mistakes:
                told: Diagnosis | None = mistake.find(within)
                if told is not None and told.fix is not None and told.certainty == "proven":
                    changed = put_statement(program, hole, ast.parse(told.fix, mode="eval").body)
                    if makes_it_right(case, changed):
                        return Change(changed, statement, replace(told, note=_of_statements(told.note)))
                if case.late:
                    return None
    return None


def _holes(statement: ast.stmt) -> Iterator[ast.expr]:
    """The values and the indices of a statement."""
    match statement:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            yield value
            if isinstance(target, ast.Subscript):
                yield target.slice
        case ast.Expr(value=ast.Call(args=arguments)):
            yield from arguments


def _within(case: Case, program: tuple[ast.stmt, ...], statement: ast.stmt, hole: ast.expr) -> Within:
    own = {f.name: getattr(case, f.name) for f in fields(Case)} | {"memo": {}}
    return Within(**own, program=program, statement=statement, hole=hole)


def _of_statements(note: str) -> str:
    return re.sub(r"\bthe expression is right\b", "all of it is right", note)
