"""Slips in a right formula that put numbers, or names, in other places: another axis, no scatter, a flip, another tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import fill
from backprop_check.diagnosis.by_edit.edits import Made, names_used, parts, replacements, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, put, with_keyword, without_keyword

SCATTERS = ("index_put", "index_add", "scatter", "scatter_add", "slice_scatter", "select_scatter")
"""Operations that begin with zeros and put a gradient in the places it came from."""


def reductions(case: Case, right: ast.expr) -> Iterator[Made]:
    """A sum left out, or its kept axis, or taken over another axis, or averaged."""
    for call in calls(right, "sum", "mean"):
        given = reduced(call)
        if given is None or not isinstance(call.func, ast.Attribute):
            continue
        if not _counted_on(right, call):
            yield "diagonal-jacobian" if _takes_off(right, call) else "missing-sum", call, given[0]
        if any(k.arg == "keepdim" for k in call.keywords):
            yield "lost-keepdim", call, without_keyword(call, call, "keepdim")
        elif given[1]:
            yield "extra-keepdim", call, with_keyword(call, call, "keepdim", True)
        if call.func.attr == "sum":
            yield "mean-for-sum", call, ast.Call(ast.Attribute(call.func.value, "mean", ast.Load()), call.args, call.keywords)
        base = value_of(case, given[0])
        for axis in range(base.dim() if isinstance(base, torch.Tensor) else 0):
            yield "wrong-axis", call, ast.Call(call.func, [ast.Constant(axis)], call.keywords)
        yield "summed-everything", call, ast.Call(call.func, [], [])


def _counted_on(right: ast.expr, call: ast.Call) -> bool:
    """Whether another reduction runs over what this one leaves, and counts the axes that are left: without this one it means others."""
    if any(k.arg == "keepdim" for k in call.keywords):
        return False
    return any(
        other is not call and isinstance(other.func, ast.Attribute) and other.func.value is call for other in calls(right, "sum", "mean")
    )


def _takes_off(right: ast.expr, call: ast.Call) -> bool:
    """Whether the sum is taken off something, as in `p * (g - (p * g).sum(1, keepdim=True))`: without it each element is by itself."""
    minus = (p for p in parts(right) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Sub))
    return any(call in ast.walk(p.right) for p in minus)


def scattering(case: Case, right: ast.expr) -> Iterator[Made]:
    """A gradient that is not put where it came from, or to more places than that, or only once to each."""
    scatters = [call for call in calls(right, *SCATTERS) if _moved(case, call) is not None]
    for call in scatters:
        moved = _moved(case, call)
        assert moved is not None
        yield "ignored-index" if _fits(value_of(case, moved), value_of(case, call)) else "missing-scatter", call, moved
        yield "ignored-index", call, fill("torch.ones_like(c) * g", {"c": call, "g": moved})
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr == "index_add":
            yield _once(case), call, ast.Call(ast.Attribute(call.func.value, "index_copy", ast.Load()), call.args, call.keywords)
        elif call.keywords:
            yield _once(case), call, without_keyword(call, call, "accumulate")
    if len(scatters) > 1:
        once = right
        for call in scatters:
            once = put(once, call, without_keyword(call, call, "accumulate"))
        yield _once(case), right, once
        whole = right
        for call in scatters:
            whole = put(whole, call, _moved(case, call) or call)
        yield "missing-scatter", right, whole
    for call in calls(right, "one_hot"):
        # `x[:, y]` takes the columns of all labels from every row, where `x[range(n), y]` takes one number of each.
        yield "ignored-index", call, fill("torch.ones_like(c) * c.amax(0, keepdim=True)", {"c": call})


def _fits(value: object, whole: object) -> bool:
    """Whether a value has the shape of the whole, but for axes of length 1."""
    if not isinstance(value, torch.Tensor) or not isinstance(whole, torch.Tensor) or value.dim() != whole.dim():
        return False
    return all(n in (1, m) for n, m in zip(value.shape, whole.shape, strict=True))


def _moved(case: Case, call: ast.Call) -> ast.expr | None:
    """The argument of a scatter that is put into its places."""
    return next((a for a in call.args if case.gradients_in(a)), None)


def _once(case: Case) -> str:
    """What it is that one element keeps only one of its gradients: a loop that replaces what it wrote, or an index used once."""
    loops = any(isinstance(n, ast.For) and _assigns(n) for n in case.written)
    return "overwritten-branch" if loops else "dropped-repeats"


def _assigns(loop: ast.For) -> bool:
    return any(isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Subscript) for n in ast.walk(loop))


def flips(case: Case, right: ast.expr) -> Iterator[Made]:
    """A gradient from above taken from the other end of an axis."""
    for name in parts(right):
        value = value_of(case, name) if isinstance(name, ast.Name) and name.id in case.available else None
        if isinstance(value, torch.Tensor):
            for axis in range(value.dim()):
                inside = any(name in ast.walk(call) for call in calls(right, *SCATTERS))
                yield "wrong-slice" if inside else "wrong-permutation", name, fill(f"g.flip({axis})", {"g": name})


def other_names(case: Case, right: ast.expr) -> Iterator[Made]:
    """Another tensor in the place of one."""
    others = replacements(case)
    through = {line.name for line in case.consumers}
    for name in names_used(right):
        for other in others:
            if other != name.id:
                pair = {name.id, other}
                code = "wrong-point" if case.node in pair and pair & through else "wrong-operand"
                if name.id in case.available and other not in case.available:
                    code = "missing-upstream" if not case.reads else "wrong-operand"
                yield code, name, ast.Name(other, ast.Load())
    # The one tensor turned, as it has to be, and the other one as it is.
    for part in parts(right):
        value = value_of(case, part) if isinstance(part, ast.Attribute) and part.attr in ("T", "mT") else None
        for other in others if isinstance(value, torch.Tensor) and not case.gradients_in(part) else ():
            given = value_of(case, ast.Name(other, ast.Load()))
            if other not in case.available and isinstance(given, torch.Tensor) and given.shape == value.shape:  # type: ignore[attr-defined]
                yield "wrong-operand", part, ast.Name(other, ast.Load())
