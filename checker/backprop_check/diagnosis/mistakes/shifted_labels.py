"""shifted-labels: the labels are taken one step too early or too late.

Family: Selection, indexing, non-smooth
Forward: Y = X[1:]; n = Y.shape[0]; loss = -lp[range(n), Y].mean()
Shapes: lp (N, C)
Inputs: torch.randn; X = torch.randint(0, C, (N + 1,))
Wrong: dlp = torch.zeros_like(lp); dlp[range(n), X[:-1]] = -1 / n
Right: dlp = torch.zeros_like(lp); dlp[range(n), X[1:]] = -1 / n

Why:
A language model predicts the next token: the label at position t is the token at t + 1. With the labels shifted by one
the gradient pushes up the token that was read, not the one that should be predicted.

Read more: Karpathy, "Let's build GPT", the targets y = data[1:].

Question: Which entry of each row does {users} read? Is it the one you index with?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import evaluator, replays, written_as
from backprop_check.diagnosis.by_replay.sites import below
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Line


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with the labels of the forward shifted by one place, autograd gives the learner's answer."""
    if not case.everywhere:
        return None
    for line, tree in below(case):
        # Labels that are calculated with (`same * d`) are factors, of which none is one place apart from another but by chance.
        factors = {id(side) for n in parts(tree) if isinstance(n, ast.BinOp) for side in (n.left, n.right)}
        for part in parts(tree):
            if id(part) not in factors and _indices(case, part) is not None:
                for other in _shifted(case, part):
                    changed = put(tree, part, other)
                    for values_too in (False, True):
                        if replays(case, written_as(case, line, changed, values_too)):
                            return replace(_told(case, line, part, other), claims=(as_if([(line, changed)], values_too),))
    return None


def _indices(case: Case, node: ast.expr) -> list[torch.Tensor] | None:
    """The value of an expression of the forward in every run, where it is a tensor of whole numbers."""
    compute, found = evaluator(case, node), []
    for run in case.runs:
        try:
            value: Any = compute(run.trial.values)
        except (RuntimeError, TypeError, ValueError, IndexError, NameError, AttributeError):
            return None
        if not (isinstance(value, torch.Tensor) and value.dtype == torch.int64 and value.dim()):
            return None
        found.append(value)
    return found


def _shifted(case: Case, labels: ast.expr) -> Iterator[ast.expr]:
    """Expressions for the same labels one place further on or back."""
    own = _indices(case, labels) or []
    names = [n for n in case.graph.exercise.names if _indices(case, ast.Name(n, ast.Load())) is not None]
    texts = [f"{n}[{':, ' * axis}{cut}]" for n in names for axis in range(own[0].dim()) for cut in ("1:", ":-1")]
    texts += [*names, *(f"torch.roll({ast.unparse(labels)}, {step}, {axis})" for axis in range(own[0].dim()) for step in (1, -1))]
    for text in texts:
        node = ast.parse(text, mode="eval").body
        values = _indices(case, node)
        # With few labels one draw may look the same when shifted; not every one does.
        pairs = list(zip(own, values or [], strict=False))
        if pairs and all(_overlap(a, b) for a, b in pairs) and not all(torch.equal(a, b) for a, b in pairs):
            yield node


def _overlap(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.shape != b.shape:
        return False
    if torch.equal(a, b):
        return True
    ahead = ((a.narrow(k, 1, n - 1), b.narrow(k, 0, n - 1)) for k, n in enumerate(a.shape) if n > 1)
    back = ((a.narrow(k, 0, n - 1), b.narrow(k, 1, n - 1)) for k, n in enumerate(a.shape) if n > 1)
    return any(torch.equal(x, y) for pairs in (ahead, back) for x, y in pairs)


def _told(case: Case, line: Line, labels: ast.expr, other: ast.expr) -> Diagnosis:
    right, mine = ast.unparse(labels), ast.unparse(other)
    return case.proven(
        "shifted-labels",
        error=f"this takes the labels `{mine}`; the forward takes `{right}`",
        note=f"They are the same labels, one place apart: in `{line.name} = {line.source}` each row has the other one.",
        help=f"Use the very labels of the forward, `{right}`.",
        evidence=f"With `{mine}` in the place of `{right}` in the forward, autograd gives exactly your answer in every trial.",
    )
