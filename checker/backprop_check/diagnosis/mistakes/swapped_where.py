"""swapped-where: the two sides of a `where` are exchanged.

Family: Selection, indexing, non-smooth
Forward: y = torch.where(c > 0, a, b)
Shapes: a (N, C), b (N, C), c (N, C)
Wrong: da = torch.where(c > 0, 0, dy)
Right: da = torch.where(c > 0, dy, 0)

Why:
where(c, a, b) takes a where c is true and b where it is not. So a receives the gradient where c is true, b where it is
false, each of them zero in the other places.

Read more: the PyTorch documentation, "torch.where".

Question: Where the condition holds, which of the two does `where` take? Is that {node}?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.by_replay.counterfactual import replays, written_as
from backprop_check.diagnosis.by_replay.masks import called, condition, other_branches
from backprop_check.diagnosis.by_replay.sites import Site, sites
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.expression.rewrites import calls, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with the condition of the forward's `where` turned round, autograd gives the learner's answer."""
    if not case.everywhere:
        return None
    for site in sites(case):
        if called(site.part) == "where" and isinstance(site.part, ast.Call):
            mask = condition(site.part)
            if mask is None or mask is site.operand:
                continue
            turned = put(site.tree, mask, ast.UnaryOp(ast.Invert(), mask))
            if replays(case, written_as(case, site.line, turned)):
                return _told(case, site, mask)
    return None


def _told(case: Case, site: Site, mask: ast.expr) -> Diagnosis:
    assert isinstance(site.part, ast.Call)
    truth = "true" if site.operand is not site.part.args[-1] else "false"
    found = search(case, edits)
    help = f"Let the gradient through where `{text(mask)}` is {truth}."
    if other_branches(case, site):
        help = f"What comes back from `{text(site.operand)}` belongs where `{text(mask)}` is {truth}: exchange the two."
    return case.proven(
        "swapped-where",
        error="the two sides of the `where` are exchanged",
        note=f"`{text(site.part)}` takes `{text(site.operand)}` where `{text(mask)}` is {truth}; your answer has it the other way round.",
        help=help,
        span=case.span(found.part if found else None),
        evidence=f"With `{text(mask)}` turned round in the forward, autograd gives exactly your answer in every trial.",
        claims=(as_if([(site.line, put(site.tree, mask, ast.UnaryOp(ast.Invert(), mask)))]),),
        fix=found.fix if found else None,
    )


TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    calls_of_it = [site.part for site in sites(case) if isinstance(site.part, ast.Call) and called(site.part) == "where"]
    masks = [mask for call in calls_of_it if (mask := condition(call)) is not None]
    compared = [part for part in parts(expression) if isinstance(part, ast.Compare) and len(part.ops) == 1]
    yield from ((put(expression, part, ast.copy_location(mask, part)), part) for part in compared for mask in masks)
    for each in compared:
        if (other := TURNED.get(type(each.ops[0]))) is not None:
            yield put(expression, each, ast.copy_location(ast.Compare(each.left, [other()], each.comparators), each)), each
    for call in calls(expression, "where"):
        if len(call.args) == 3:
            yield put(expression, call, ast.Call(call.func, [call.args[0], call.args[2], call.args[1]], [])), call
    for part in parts(expression):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Invert):
            yield put(expression, part, part.operand), part
        elif not isinstance(value_of(case, part), int | float):  # `~1` is a number too, -2, and an axis
            yield put(expression, part, ast.UnaryOp(ast.Invert(), part)), part
