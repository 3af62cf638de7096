"""A line that raised, hung or ended the process: what is said of it whatever it computes, and the smallest part of it that raises."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backprop_check.diagnosis.case import Case
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.records import Diagnosis, Raised, Run

_ENDS = {
    "TimeoutError": "An endless loop, a wait, or a loop over single elements where one operation of whole tensors would do?",
    "MemoryError": "A tensor that grows in a loop, or a broadcast that builds a far larger table than its operands?",
    "ProcessEnded": "Leave out what ends Python, as `os._exit()` does. A function that calls itself without end can end it too.",
}
_NOT_THE_MATHS = (
    "AssertionError", "ImportError", "ModuleNotFoundError", "NotImplementedError", "OSError", "PermissionError", "FileNotFoundError",
    "BlockingIOError", "EOFError", "MemoryError", "TimeoutError", "RecursionError", "SystemExit", "KeyboardInterrupt", "GeneratorExit",
    "UnicodeDecodeError",
)  # fmt: skip
"""Errors that say nothing of the expression: its derivative may be right, so no cause is sought in it."""

_CUDA = re.compile(r"\b(cuda|nvidia)\b", re.IGNORECASE)


def ended(raised: Raised) -> bool:
    """Whether the statement was stopped from outside: no exception of its own, which would have a place in the learner's text."""
    return raised.kind in _ENDS and raised.span is None


def stopped(case: Case) -> Diagnosis | None:
    """Tell a time-out, the end of the process, or an error that has nothing to do with the gradient, as what it was."""
    raised = case.verdict.answer.raised
    if raised is None:
        return None
    if ended(raised):
        node = case.nodes[raised.statement]
        return Diagnosis(
            code="unrecognised",
            certainty="located",
            error=f"this {raised.message}",
            note="The statement gave no gradient. Those below it were judged all the same.",
            help=_ENDS[raised.kind],
            span=case.opening(node),
            evidence=f"{raised.kind}: the statement {raised.message}.",
        )
    no_gpu = _CUDA.search(raised.message) is not None
    if raised.kind not in _NOT_THE_MATHS and not no_gpu:
        return None
    power = "bitwise_xor" in raised.message
    return Diagnosis(
        code="unrecognised",
        certainty="located",
        error="`^` is no power in Python"
        if power
        else f"{raised.kind}: {raised.message}"
        if raised.message not in ("", "None")
        else f"this raised {raised.kind}",
        note="The line stopped there, so it gave no gradient." + (" `^` compares whole numbers bit by bit." if power else ""),
        help="Gradients are computed on the CPU here: leave out what moves a tensor to a GPU." if no_gpu else _move(raised),
        span=raised.span or case.span(),
        evidence=f"The line raised {raised.kind}: {raised.message}",
    )


def _move(raised: Raised) -> str:
    if "bitwise_xor" in raised.message:
        return "A power is written with two stars: `**`."
    if raised.kind in ("ImportError", "ModuleNotFoundError"):
        return "Do without it; a module of your own must lie beside this file."
    return "Mend or leave out what raised it: a gradient needs none of it."


@dataclass(frozen=True)
class Stopped(Case):
    """An answer whose statements stopped in one of their rounds, at `part`; names are worth what they were `there`, by seed."""

    part: ast.expr | None = None
    there: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def draft(self) -> ast.expr | None:
        return None

    def names(self, run: Run) -> dict[str, Any]:
        return dict(self.there.get(run.trial.seed) or super().names(run))


def failing_part(case: Case) -> ast.expr | None:
    """Return the part of the raising statement that raises while its operands can be evaluated; None when that cannot be found.

    It must fail in the first trial as it did in the worker, at the forward's own values and the oracle's gradients.
    """
    if isinstance(case, Stopped):
        return case.part
    raised = case.verdict.runs[0].answers[case.name].raised
    if raised is None or raised.statement >= len(case.nodes):
        return None
    value = getattr(case.nodes[raised.statement], "value", None)
    if not isinstance(value, ast.expr):
        return None
    run = case.verdict.runs[0]
    names = {**case.names(run), **run.trial.gradients}
    try:
        Evaluator(names, case.work)(value)
    except Failed as failed:
        return failed.node
    except (Refused, RecursionError):
        return _of_draft(case, case.nodes[raised.statement])
    return None


def raises_everywhere(case: Case) -> bool:
    """Whether the line raises the same kind of error in every run, and the part that raises in the first one does so in each."""
    every, part = [run.answers[case.name].raised for run in case.verdict.runs], failing_part(case)
    if None in every or len({(raised.kind, raised.statement) for raised in every if raised is not None}) != 1:
        return False
    if part is None or (
        isinstance(case, Stopped) and isinstance(part, ast.Subscript)
    ):  # of what is written into, only the statement raises
        return True
    names = [{**run.trial.gradients, **case.names(run)} for run in case.verdict.runs]
    return all(_fails(Evaluator(known, case.work), part) == case.verdict.answer.raised.kind for known in names)  # type: ignore[union-attr]


def _fails(evaluator: Evaluator, part: ast.expr) -> str | None:
    """With which kind of error a part fails, its operands being fine."""
    try:
        evaluator(part)
    except Failed as failed:
        return type(failed.error).__name__ if failed.node is part else None
    except (Refused, RecursionError):
        return None
    return None


def _of_draft(case: Case, statement: ast.stmt) -> ast.expr | None:
    """The part that raises where the statement reads helper names: what they stand for is put in."""
    draft = case.draft if case.written and statement is case.written[-1] else None
    try:
        if draft is not None:
            case.first(draft)
    except Failed as failed:
        return failed.node
    except (Refused, RecursionError):
        return None
    return None
