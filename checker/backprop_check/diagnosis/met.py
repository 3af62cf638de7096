"""Two mistakes that meet: a change of the answer gives what a slip makes of the right formula."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.constants import named_constants
from backprop_check.diagnosis.edits import TRIES, names_used, value_of
from backprop_check.diagnosis.fingerprint import keys
from backprop_check.diagnosis.mend import EDITORS
from backprop_check.diagnosis.slipped import told
from backprop_check.diagnosis.slips import Slip, slips
from backprop_check.records import Diagnosis

First = Callable[[Case], Diagnosis | None]
RESHAPING = ("missing-sum", "lost-keepdim", "extra-keepdim", "wrong-axis", "missing-transpose", "needless-transpose", "missing-scatter")
"""Slips that may leave another shape than the node's; of others the shape says that they are none."""

EXCHANGED = (
    ("wrong-local-derivative", "missing-local-derivative"),
    ("wrong-local-derivative", "wrong-local-derivative"),
    ("extra-term", "missing-branch"),
    ("extra-term", "wrong-local-derivative"),
)
"""One too many and one missing are no two mistakes: something stands in the place of something else."""

WEIGHTY = ("missing-local-derivative", "wrong-local-derivative", "missing-branch", "missing-mask", "wrong-mask", "diagonal-jacobian")
"""What is said before a sign or a constant that is off too."""

NAMED = 4
"""So many meetings are asked for the name of their first mistake."""


def met(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """Return the two mistakes of an answer, each proven: the one against the slipped formula, the other as the slip in it."""
    if not case.everywhere or case.derived is None:
        return ()
    goals: dict[Hashable, Slip] = {}
    for found in slips(case, ast.parse(case.derived.text, mode="eval").body, usual=True):
        value = value_of(case, found.whole)
        if isinstance(value, torch.Tensor) and value.is_floating_point() and _serious(case, found, value):
            for key in keys(value):
                goals.setdefault(key, found)
        if case.late:
            return ()
    asked: set[int] = set()
    for value in _changed(case):
        goal = next((goals[key] for key in keys(value) if key in goals), None)
        if goal is None or id(goal) in asked:
            continue
        asked.add(id(goal))
        wanted = case.evaluate(goal.whole)
        cause = first(case.towards(wanted)) if wanted is not None and not case.is_oracle(wanted) else None
        if cause is not None and (cause.code, goal.code) not in EXCHANGED:
            second = told(case, goal)
            cause = replace(cause, fix=None)
            if second is None or second.code == cause.code:
                continue  # neither can be told of the answer alone
            weighty = second.code in WEIGHTY and cause.code in ("wrong-sign", "wrong-scale")
            return (second, cause) if weighty or second.code == "missing-upstream" else (cause, second)
        if len(asked) >= NAMED:
            break
    return ()


def _serious(case: Case, found: Slip, value: torch.Tensor) -> bool:
    """Whether the slip leaves enough of the formula: all its gradients, or a value for one; not a single number for many, nor nothing."""
    assert case.derived is not None
    single = value.numel() == 1 < case.oracles[0].numel()
    if value.shape != case.oracles[0].shape and found.code not in RESHAPING:
        return False
    used = {n.id for n in names_used(found.whole)}
    right, left = case.gradients_in(case.derived.expression), case.gradients_in(found.whole)
    kept = len(left) >= len(right) or all(name in left or name[1:] in used for name in right)
    put_in = value_of(case, found.left) if isinstance(found.left, ast.Name) else None
    # A tensor of equal numbers in the place of another fits too many answers.
    plain = isinstance(put_in, torch.Tensor) and bool((put_in == put_in.flatten()[0]).all())
    return kept and not single and not plain and bool(value.any())


def _changed(case: Case) -> Iterator[torch.Tensor]:
    """What the answer is worth in the first trial with one change made in it: of its numbers, then of its text."""
    yield from _of_numbers(case, case.answers[0], case.oracles[0])
    for rule in EDITORS if case.draft is not None else ():
        for tried, (edited, _) in enumerate(rule.edits(case, case.draft)):
            if tried >= TRIES or case.late:
                break
            value = value_of(case, edited)
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                yield value


def _of_numbers(case: Case, answer: torch.Tensor, oracle: torch.Tensor) -> Iterator[torch.Tensor]:
    yield -answer
    yield from (answer * constant.values[case.runs[0].trial.seed] for constant in named_constants(case))
    for axis in range(answer.dim()):
        yield answer.sum(axis)
        yield answer.sum(axis, keepdim=True)
        if answer.shape[axis] == 1:
            yield answer.squeeze(axis)
    yield from (answer.unsqueeze(axis) for axis in range(answer.dim() + 1))
    if answer.dim() >= 2:
        yield answer.mT
    if answer.numel() == oracle.numel() and answer.shape != oracle.shape:
        yield answer.reshape(oracle.shape)
