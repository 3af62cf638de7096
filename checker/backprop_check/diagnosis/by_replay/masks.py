"""Operations of the forward that let some elements through and hold back the others, and what an answer lets through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import ends, evaluator, with_slope, written_as
from backprop_check.diagnosis.by_replay.replay import Change, gradient
from backprop_check.diagnosis.by_replay.sites import Site, below, names, reached, sites
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put

KINKS = ("relu", "clamp", "clip", "hardtanh", "relu6")
SELECTS = ("max", "min", "amax", "amin")
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}


def masked(case: Case) -> Iterator[Site]:
    """The places where a mask that the forward is given decides: `where`, `masked_fill`, `tril`, a product with zeros and ones."""
    for site in sites(case):
        name = called(site.part)
        where = name == "where" and isinstance(site.part, ast.Call) and site.operand is not condition(site.part)
        if where or name in ("masked_fill", "tril", "triu") or _is_masking_product(case, site):
            yield site


def other_branches(case: Case, site: Site) -> list[Site]:
    """The other branch of a `where`, if the node reaches that too."""
    if called(site.part) != "where" or not isinstance(site.part, ast.Call):
        return []
    others = (branch for branch in site.part.args if branch is not condition(site.part) and branch is not site.operand)
    return [replace(site, operand=branch) for branch in others if names(branch) & reached(case, site.line)]


def kinks(case: Case) -> Iterator[Site]:
    """The places where the operand's own value decides what passes: relu, clamp."""
    yield from (site for site in sites(case) if called(site.part) in KINKS)


def called(part: ast.expr) -> str:
    return part.func.attr if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else ""


def condition(part: ast.Call) -> ast.expr | None:
    """The condition of `torch.where(c, a, b)` or `a.where(c, b)`."""
    return part.args[0] if part.args else None


def forwards_mask(site: Site) -> ast.expr | None:
    """The mask that the forward is given at one of the `masked` places."""
    match site.part:
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return right if site.operand is left else left
        case ast.Call() as call if called(call) == "where":
            return condition(call)
        case ast.Call() as call if called(call) == "masked_fill":
            return next((given for given in call.args if given is not site.operand), None)
    return None


def opposite(mask: ast.expr) -> ast.expr:
    """`a >= b` for `a < b`, `~m` for any other mask."""
    if isinstance(mask, ast.Compare) and len(mask.ops) == 1 and type(mask.ops[0]) in OPPOSITE:
        return ast.Compare(mask.left, [OPPOSITE[type(mask.ops[0])]()], mask.comparators)
    return ast.UnaryOp(ast.Invert(), mask)


def opened(case: Case, site: Site, slope: float) -> Change:
    """A change in which the mask lets everything through (slope 1), or nothing (slope 0)."""
    return with_slope(case, site, lambda x, y: torch.full_like(y, slope))


def selections(case: Case) -> Iterator[tuple[Site, Change]]:
    """The places where a maximum selects, each with the change in which it is a sum: all pass."""
    reached = {case.node}
    for line, tree in below(case):
        for part in parts(tree):
            call = part.value if isinstance(part, ast.Attribute) and part.attr == "values" else part
            if called(call) in SELECTS and names(call) & reached and isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                total = ast.Call(ast.Attribute(call.func.value, "sum", ast.Load()), call.args, call.keywords)
                yield Site(line, tree, part, part), written_as(case, line, put(tree, part, total))
        reached.add(line.name)


def let_through(case: Case, everything: Change, nothing: Change | None) -> list[torch.Tensor] | None:
    """Where the answer lets the gradient through, by run: None if it is anything but a mask of what could pass."""
    for stops in ends(case):
        found = [_mask(case, i, stops, everything, nothing) for i in range(len(case.runs))]
        if all(mask is not None for mask in found):
            return [mask for mask in found if mask is not None]
    return None


def _mask(case: Case, i: int, stops: frozenset[str], everything: Change, nothing: Change | None) -> torch.Tensor | None:
    run, answer = case.runs[i], case.answers[i]
    try:
        whole = gradient(case, run, stops, change=everything)
        none = torch.zeros_like(whole) if nothing is None else gradient(case, run, stops, change=nothing)
    except (RuntimeError, ValueError, TypeError):
        return None
    if whole.shape != answer.shape:
        return None
    passes = (answer - whole).abs() < (answer - none).abs()
    return passes if close(torch.where(passes, whole, none), answer, case.scales[i], case.tolerance) else None


def _is_masking_product(case: Case, site: Site) -> bool:
    if not (isinstance(site.part, ast.BinOp) and isinstance(site.part.op, ast.Mult)):
        return False
    other = site.part.right if site.operand is site.part.left else site.part.left
    compute = evaluator(case, other)
    for run in case.runs:
        try:
            value = compute(run.trial.values)
        except (RuntimeError, TypeError, ValueError):
            return False
        if not isinstance(value, torch.Tensor) or not value.dim() or not bool(((value == 0) | (value == 1)).all()):
            return False
    return True
