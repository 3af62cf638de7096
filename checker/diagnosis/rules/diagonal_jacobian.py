"""diagonal-jacobian: each output is treated as if only its own input moved it.

Family: Composite formulas
Forward: p = torch.softmax(z, 1)
Shapes: z (N, C)
Wrong: dz = p * (1 - p) * dp
Right: dz = p * (dp - (p * dp).sum(1, keepdim=True))

Why:
Raising one logit raises its own probability and lowers all others of its row, because they add up to one. p * (1 - p)
is the effect on its own probability alone, the diagonal of the table of all effects; the others are as real.

Read more: any derivation of the softmax derivative (its Jacobian is diag(p) - p pᵀ for each row).
"""

from __future__ import annotations

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.replay import gradient
from checker.records import Diagnosis, Line, Run

ELEMENTS = 256


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: the diagonal of the operation's Jacobian times the gradient from above is the learner's answer."""
    if not case.everywhere or len(case.consumers) != 1:
        return None
    line = case.consumers[0]
    values = [run.trial.values[line.name] for run in case.runs]
    if any(
        not isinstance(v, torch.Tensor) or v.shape != o.shape or v.numel() > ELEMENTS for v, o in zip(values, case.oracles, strict=True)
    ):
        return None
    if not case.is_answer([_diagonal(case, run, line) * run.trial.gradients["d" + line.name] for run in case.runs]):
        return None
    return Diagnosis(
        code="diagonal-jacobian",
        certainty="proven",
        error=f"each {line.name} is moved by more than its own {case.node}",
        note=f"This is the effect of each {case.node} on its own element of {line.name}; in `{line.source}` it moves the others too.",
        help=f"For one element of {case.node}, add up what it does to every element of {line.name}, each times its own d{line.name}.",
        span=case.span(),
        evidence=f"The diagonal of the Jacobian of `{line.source}`, times d{line.name}, is exactly your answer in every trial.",
    )


def _diagonal(case: Case, run: Run, line: Line) -> torch.Tensor:
    like = run.trial.values[line.name].to(torch.float64)
    diagonal = torch.zeros(like.numel(), dtype=torch.float64)
    for i in range(like.numel()):
        one = torch.zeros_like(like)
        one.view(-1)[i] = 1.0
        diagonal[i] = gradient(case, run, frozenset({line.name}), {line.name: one}).reshape(-1)[i]
    return diagonal.reshape(like.shape)
