"""through-detach: a gradient was sent back through a `detach()`.

Family: Local derivative
Forward: y = x.detach() * x
Shapes: x (N, C)
Wrong: dx = 2 * x * dy
Right: dx = x.detach() * dy

Why:
`detach()` hands on the numbers and forgets where they came from. Forward it changes nothing; backward it is a wall.
What stands behind it is a constant: that use of the value sends nothing back.

Read more: the PyTorch documentation, "torch.Tensor.detach".

Question: `detach()` hands a value on. What does it hand back?
"""

from __future__ import annotations

import ast

from backprop_check.diagnosis.by_edit.edits import search
from backprop_check.diagnosis.by_replay.counterfactual import evaluator, kept, replays
from backprop_check.diagnosis.by_replay.replay import Change
from backprop_check.diagnosis.by_replay.sites import below
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.diagnosis.phrases import lines
from backprop_check.expression.rewrites import calls, operations, put
from backprop_check.records import Diagnosis, Line


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with a `detach()` taken out of the forward, autograd gives the learner's answer."""
    if not case.everywhere:
        return None
    walls = [(line, tree, list(calls(tree, "detach"))) for line, tree in below(case)]
    open_ = {line.name: _without(tree, found) for line, tree, found in walls if found}
    singles = [{name: tree} for name, tree in open_.items()]
    for opened in [*singles, open_] if len(open_) > 1 else singles:
        if replays(case, _opened(case, opened)):
            return _told(case, {line: opened[line.name] for line, _, _ in walls if line.name in opened})
    return None


def _without(tree: ast.expr, found: list[ast.Call]) -> ast.expr:
    # The innermost first, for the outer ones hold the inner.
    for call in reversed(found):
        assert isinstance(call.func, ast.Attribute)
        tree = put(tree, call, call.func.value)
    return tree


def _opened(case: Case, trees: dict[str, ast.expr]) -> Change:
    compute = {name: evaluator(case, tree) for name, tree in trees.items()}
    return lambda at, evaluate, values: kept(evaluate(values), compute[at.name](values)) if at.name in compute else evaluate(values)


def _told(case: Case, opened: dict[Line, ast.expr]) -> Diagnosis:
    where = lines(opened)
    found = search(case, _shorter)
    return case.proven(
        "through-detach",
        error="this counts a path that goes through a `detach()`",
        note=f"In {where} what stands before `.detach()` is a constant for the backward pass: nothing flows back through that use.",
        help=f"Follow only the uses of {case.node} that are not detached; treat the detached one as a given number.",
        span=case.span(found.part if found else None),
        evidence="With `.detach()` taken out of the forward, autograd gives exactly your answer in every trial.",
        claims=(as_if(opened.items()),),
        fix=found.fix if found else None,
    )


def _shorter(_: Case, expression: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """The expression without one of its terms, or without one of its factors."""
    found = []
    for part in operations(expression, ast.Add | ast.Sub | ast.Mult):
        found += [(put(expression, part, part.left), part.right), (put(expression, part, part.right), part.left)]
    return found
