"""not-selected: every element receives the gradient, though only the winner of a maximum moved it.

Family: Selection, indexing, non-smooth
Forward: m = x.max(1, keepdim=True).values
Shapes: x (N, C)
Wrong: dx = torch.ones_like(x) * dm
Right: dx = (x == m) * dm

Why:
A maximum is the largest element; move another one a little, and it stays what it is. So the gradient goes to the
winner of each row alone, and the others get zero.

Read more: the PyTorch documentation, "torch.amax".

Question: Let a number of {node} rise that is not the winner of its row. Does anything move?
Traits: of all numbers
"""

from __future__ import annotations

import ast

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.records import Diagnosis, Line

SELECTS = ("max(", "min(", "amax(", "amin(")


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: the gradient from above copied to every element is the answer, and its share at the winners is the oracle."""
    if not case.everywhere:
        return None
    for line in case.consumers:
        if any(word in line.source for word in SELECTS) and _copied(case, line):
            return _told(case, line)
    return None


def _copied(case: Case, line: Line) -> bool:
    """Whether answer and oracle agree where the oracle is not zero, and the answer is the upstream gradient everywhere."""
    for answer, oracle, run in zip(case.answers, case.oracles, case.runs, strict=True):
        above = run.trial.gradients["d" + line.name]
        spread = [_spread(g, oracle) for g in (above, *(above.unsqueeze(k) for k in range(above.dim() + 1)))]
        mine = _spread(answer, oracle)
        if mine is None or not any(s is not None and torch.allclose(s, mine, rtol=1e-9, atol=0) for s in spread):
            return False
        if not torch.allclose(torch.where(oracle == 0, 0.0, mine), oracle, rtol=1e-9, atol=0) or bool((oracle != 0).all()):
            return False
    return True


def _spread(tensor: torch.Tensor, oracle: torch.Tensor) -> torch.Tensor | None:
    try:
        return tensor.expand(oracle.shape)
    except RuntimeError:
        return None


def _told(case: Case, line: Line) -> Diagnosis:
    fix = None
    if case.expression is not None:
        mask = ast.Compare(ast.Name(case.node, ast.Load()), [ast.Eq()], [ast.Name(line.name, ast.Load())])
        above = ast.Name(f"d{line.name}", ast.Load())
        fix = case.fix(ast.BinOp(mask, ast.Mult(), above), ast.BinOp(mask, ast.Mult(), case.expression))
    return case.proven(
        "not-selected",
        error="every element receives the gradient; only the winners should"
        if case.same_shape
        else f"{case.got}, but {case.node} is {case.due}",
        note=f"`{line.name} = {line.source}` hands on the winners alone; the other elements cannot move it.",
        help=f"Let d{line.name} through where {case.node} is the one that was taken, and zero elsewhere.",
        evidence="Your answer is the gradient from above at every element; set to zero except at the winners it is autograd's.",
        claims=(equal("torch.where(gradient == 0, 0.0, answer.expand(gradient.shape))"),),
        fix=fix,
    )
