"""reversed-axes: `.T` turns all axes of a batched tensor round, where only the last two should change places.

Family: Matrix products and layout
Forward: s = q @ k.transpose(-2, -1)
Shapes: q (B, T, K), k (B, N, K)
Wrong: dk = ds.T @ q
Right: dk = ds.transpose(-2, -1) @ q

Why:
Of a matrix `.T` exchanges the two axes. Of a tensor with a batch axis in front it reverses them all, so the batch
ends up last. A matrix product runs batch by batch over the last two axes: exchange only those, with `.mT` or
`transpose(-2, -1)`.

Read more: the PyTorch documentation, "torch.Tensor.T" and "torch.Tensor.mT".

Question: How many axes does {part} turn round? Which two should change places?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import last_step
from backprop_check.expression.rewrites import method, put, summed
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by exchanging only the last two axes: the expression is then right."""
    found = search(case, edits)
    summed_too = found is None and not case.everywhere and (found := search(case, _summed)) is not None
    if found is None:
        return None
    part = found.part
    base = _base(case, part)
    assert base is not None
    rank = getattr(value_of(case, base), "ndim", 3)
    sign = f"`{last_step(part)}`"
    return case.proven(
        "reversed-axes",
        error=f"{sign} reverses all {rank} axes of `{text(base)}`",
        note="The axes in front number the matrices of a batch: they have to stay where they are.",
        help="Exchange only the last two axes: `.mT`, or `transpose(-2, -1)`."
        + (f" Then add up what is left in front: `{last_step(found.tree)}`." if summed_too else ""),
        span=case.span(part, after=base),
        fix=found.fix,
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    turned = [(part, base) for part in parts(expression) if (base := _base(case, part)) is not None][:4]
    for count in range(1, len(turned) + 1):
        for chosen in combinations(turned, count):
            changed = expression
            for part, base in chosen:
                exchanged = method(base, "transpose", ast.UnaryOp(ast.USub(), ast.Constant(2)), ast.UnaryOp(ast.USub(), ast.Constant(1)))
                changed = put(changed, part, ast.copy_location(exchanged, part))
            yield changed, chosen[0][0]


def _summed(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The same, and the axes in front summed away: of the matrices of a batch, what comes back to one that served all of them."""
    rank = case.verdict.runs[0].trial.gradients[case.name].dim()
    for changed, part in edits(case, expression):
        value = value_of(case, changed)
        if isinstance(value, torch.Tensor) and value.dim() > rank > 0:
            yield summed(changed, tuple(range(value.dim() - rank)), keep=False), part


def _base(case: Case, part: ast.expr) -> ast.expr | None:
    """What stands before a `.T`, or another reversal of its axes, if it has three or more."""
    if isinstance(part, ast.Attribute) and part.attr == "T":
        base, order = part.value, None
    elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in ("permute", "transpose", "swapaxes"):
        base, order = part.func.value, part.args
    else:
        return None
    value = value_of(case, base)
    if not isinstance(value, torch.Tensor) or value.dim() < 3:
        return None
    if order is None:
        return base
    after = value_of(case, part)
    reversed_ = value.permute(*range(value.dim() - 1, -1, -1))
    same = isinstance(after, torch.Tensor) and after.shape == reversed_.shape and after.stride() == reversed_.stride()
    return base if same else None
