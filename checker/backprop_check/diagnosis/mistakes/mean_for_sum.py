"""mean-for-sum: the gradients of several uses are averaged where they should be added.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.mean(0)
Right: db = dy.sum(0)

Why:
Gradients of several uses of one number add up; nothing divides them. If the loss is a mean, its 1/N is already inside
the gradient that arrives, and averaging again divides twice.

Read more: the PyTorch documentation, "Broadcasting semantics".

Question: Does each use of {one} send back all that comes from it, or only a share?
Of a factor: By what does {told} divide, and by what does your line?
Slip: this averages where the gradient adds up
Note: Every use sends back its share, and shares add up.
Help: Sum, and divide by nothing that the forward does not divide by.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.by_value.other_divisor import other_divisor
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.scale.factors import beyond, same_factor
from backprop_check.diagnosis.scale.factors import brought as brought_in
from backprop_check.expression.reductions import added_up
from backprop_check.expression.rewrites import calls, operations, put, put_all
from backprop_check.records import Diagnosis, Line

SEVERAL = 4
"""Of more means than these only one is tried at a time."""


def find(case: Case) -> Diagnosis | None:
    """Proven by writing `sum` for `mean` in the learner's own expression: it is then right."""
    found = search(case, edits)
    if found is None:
        return None
    quotients = operations(case.draft, ast.Div) if case.draft is not None else ()
    if any(found.part in parts(whole.right) for whole in quotients) and (other := other_divisor(case)) is not None:
        return replace(other, code="mean-for-sum")
    part, taken = found.part, len(list(calls(case.draft, "mean"))) - len(list(calls(found.tree, "mean"))) if case.draft is not None else 1
    means = "`mean`" if taken == 1 else f"{taken} means"
    assert isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
    return case.proven(
        "mean-for-sum",
        error="this averages what should be added up",
        note="What comes back from several uses of one number is added up, undivided.",
        help="Write `sum` for `mean`." + _mean_above(case, part),
        span=case.span(part, after=part.func.value),
        evidence=f"With `sum` in the place of {means} the expression equals autograd's gradient in every trial.",
        fix=found.fix,
    )


def _mean_above(case: Case, part: ast.Call) -> str:
    """The forward's mean of as many numbers as the learner's, if every way from the node goes through it: then what arrives holds it."""
    fewer = [n for n in (value_of(case, part), value_of(case, part.func.value)) if isinstance(n, torch.Tensor)]  # type: ignore[attr-defined]
    if len(fewer) < 2:
        return ""
    by = [fewer[0].numel() / fewer[1].numel()]
    for brought in brought_in(case, beyond(case)):
        line = brought.line
        if "mean(" in line.source and same_factor(brought.values[:1], by) and _all_pass(case, line):
            return f" The mean in `{line.name} = {line.source}` is already inside the gradient that arrives."
    return ""


def _all_pass(case: Case, only: Line) -> bool:
    """Whether every way from the node to the output goes through this line."""
    reached = {case.node}
    for line in case.graph.exercise.lines:
        if line != only and reached & set(line.reads):
            reached.add(line.name)
    return case.graph.exercise.output not in reached


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    means = [(call, added_up(call)) for call in calls(expression, "mean")]
    yield from ((put(expression, call, summed), call) for call, summed in means)
    for count in range(2, len(means) + 1) if len(means) <= SEVERAL else ():
        for some in combinations(means, count):
            changed = put_all(expression, {id(call): summed for call, summed in some})
            if len(list(calls(changed, "mean"))) == len(means) - count:  # of two, one within the other, only the outer one is changed
                yield changed, some[0][0]
