"""Answers that are the updated parameter, `W - lr * dW`, where the gradient alone is asked for."""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import parsed
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.rewrites import parts, put
from backprop_check.records import Diagnosis


def updated(case: Case) -> Diagnosis | None:
    """Proven by value: less the node itself, the answer is one and the same multiple of the gradient in every trial."""
    if not case.everywhere or not case.same_shape:
        return None
    if all(_same_direction(run.trial.values[case.node], oracle) for run, oracle in zip(case.runs, case.oracles, strict=True)):
        return None  # anything in that direction is the node and some of its gradient
    rates = []
    for run, answer, oracle in zip(case.runs, case.answers, case.oracles, strict=True):
        step = answer - run.trial.values[case.node].to(torch.float64)
        at = oracle.abs().argmax()
        rates.append(step.flatten()[at] / oracle.flatten()[at])
    if not all(bool(rate.isfinite()) and abs(float(rate - rates[0])) < 1e-9 for rate in rates) or float(rates[0]) == 0:
        return None
    values = [run.trial.values[case.node].to(torch.float64) + rates[0] * o for run, o in zip(case.runs, case.oracles, strict=True)]
    if not case.is_answer(values):
        return None
    if abs(float(rates[0]) - 1) < 1e-9:
        return _began_with(case)
    return case.proven(
        "extra-term",
        error=f"this is {case.node} after a step of gradient descent, not its gradient",
        note=f"Your answer is {case.node} with {float(rates[0]):g} times its gradient added. The gradient inside it is right.",
        help=f"Give the gradient alone: neither {case.node} nor a learning rate belongs to it.",
        evidence=f"In every trial your answer less {case.node} is {float(rates[0]):g} times autograd's gradient.",
        claims=(equal(f"answer - {case.node}", f"{float(rates[0]):.12g} * gradient"),),
    )


def _same_direction(value: torch.Tensor, oracle: torch.Tensor) -> bool:
    at = oracle.abs().argmax()
    return torch.allclose(value.to(torch.float64), oracle * (value.flatten()[at] / oracle.flatten()[at]), rtol=1e-9, atol=1e-12)


def _began_with(case: Case) -> Diagnosis:
    zeros = parsed(f"torch.zeros_like({case.node})")
    return case.proven(
        "wrong-start",
        error=f"this begins with {case.node} itself, and adds its gradient to it",
        note=f"What is added is right; but a gradient is collected from nothing, not on top of {case.node}.",
        help=f"Begin with `torch.zeros_like({case.node})`.",
        evidence=f"In every trial your answer less {case.node} is autograd's gradient.",
        claims=(equal(f"answer - {case.node}"),),
        fix=case.fix(*(put(case.draft, own, zeros) for own in _own_names(case.draft, case.node))) if case.draft is not None else None,
    )


def _own_names(expression: ast.expr, node: str) -> list[ast.Name]:
    return [part for part in parts(expression) if isinstance(part, ast.Name) and part.id == node]
