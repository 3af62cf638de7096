"""missing-sum: an axis that broadcasting stretched was not summed.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy
Right: db = dy.sum(0)

Why:
Broadcasting uses one number many times: b is added to every row. Each use sends its own gradient back, and gradients
of several uses of the same number add up. So the gradient is summed over exactly the axes along which the variable
was copied, and has the variable's shape again.

Read more: the PyTorch documentation, "Broadcasting semantics"; HIPS autograd, `unbroadcast`.

Question: Your answer is {got}, and {node} is {axes}: how many of your numbers belong to {one} alone?
Slip: inside this, a sum is missing
Note: What comes back from several results to one number adds up.
Help: Name the axes: along which of them does one number of the forward serve several results? Sum over that one.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations, product

import torch

from backprop_check.derivation.site import unbroadcast
from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.meeting import axes_of, axis_told, shape_told
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, literal_axes, method, put, summed
from backprop_check.records import Diagnosis

Sum = tuple[tuple[int, ...], bool]
AXES = 3
"""Of what is joined, a sum is sought over the first so many axes."""


def find(case: Case) -> Diagnosis | None:
    """Proven by summing the answer over those axes: it is then the oracle."""
    if not case.everywhere or any(a.numel() <= o.numel() for a, o in zip(case.answers, case.oracles, strict=True)):
        return _of_a_member(case)
    for dims, keep in _sums(case.answers[0], case.oracles[0]):
        if all(a.dim() == case.answers[0].dim() for a in case.answers) and case.mends(partial(_summed, dims=dims, keep=keep)):
            return _told(case, dims, keep, _fix(case, dims, keep))
    if case.mends(_collected):
        answer, oracle = case.answers[0].shape, case.oracles[0].shape
        extra = len(answer) - len(oracle)
        dims = tuple(d for d, n in enumerate(answer) if d < extra or (oracle[d - extra] == 1 and n != 1))
        return _told(case, dims, None, case.fix(unbroadcast(case.expression, answer, oracle)) if case.expression is not None else None)
    return _without_an_axis(case) or _of_a_member(case)


def _of_a_member(case: Case) -> Diagnosis | None:
    """Proven by summing what is joined before it is: one member, or all of them."""
    found = search(case, edits)
    if found is None or case.draft is None:
        return None
    members = next((each for call, each in _joined(case.draft) if call is found.part), [found.part])
    total = next(call for call in calls(found.tree, "sum") if ast.dump(getattr(call.func, "value", call)) == ast.dump(members[0]))
    names, (axis, *_) = axes_of(case, members[0]) or [], literal_axes(total) or (0,)
    place, keep = axis_told(names, axis) if names else f"axis {axis}", ", and keep it with length 1" if total.keywords else ""
    told = " and ".join(f"`{short(m)}` is {shape_told(case, m)}" for m in members)
    return case.proven(
        "missing-sum",
        by=found,
        error=f"a sum is missing before this is joined: {told}",
        note="What comes back from several uses of one number is added up; joining adds nothing up.",
        help=f"Sum {'it' if len(members) == 1 else 'each of them'} over {place} first{keep}.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A sum over one axis of what `cat` joins: of one member, or of all."""
    for call, members in _joined(expression):
        for axis, keep in product(range(AXES), (False, True)):
            wholly = expression
            for member in members:
                one = ast.copy_location(summed(member, (axis,), keep), member)
                yield put(expression, member, one), member
                wholly = put(wholly, member, one)
            yield wholly, call


def _joined(expression: ast.expr) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    """What is joined, and the call that does it."""
    for call in calls(expression, "cat", "concat", "hstack"):
        if call.args and isinstance(call.args[0], ast.List | ast.Tuple):
            yield call, call.args[0].elts


def _without_an_axis(case: Case) -> Diagnosis | None:
    """The same, where an axis of length 1 is lost too: two reductions of one sum."""
    answer, oracle = case.answers[0], case.oracles[0]
    left = [n for n in oracle.shape if n != 1]
    if len(left) == oracle.dim() or any(a.dim() != answer.dim() for a in case.answers):
        return None
    for dims in combinations(range(answer.dim()), max(0, answer.dim() - len(left))):
        fits = dims and [n for i, n in enumerate(answer.shape) if i not in dims] == left
        if fits and case.mends(partial(_reshaped, dims=dims)):
            whole = ast.parse(f"{case.node}.shape", mode="eval").body
            fix = case.fix(method(summed(case.expression, dims, False), "reshape", whole)) if case.expression is not None else None
            told = _told(case, dims, False, fix)
            move = f"{told.help.removesuffix('.')} as well, and keep what is summed with length 1: {case.node} is {case.due}."
            evidence = told.evidence.replace(", the answer", f" and reshaped to {case.due}, the answer")
            return replace(told, help=move, evidence=evidence, claims=(equal(f"answer.sum({dims}).reshape(gradient.shape)"),))
    return None


def _reshaped(answer: torch.Tensor, oracle: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor | None:
    summed_ = answer.sum(dims)
    return summed_.reshape(oracle.shape) if summed_.numel() == oracle.numel() else None


def _collected(answer: torch.Tensor, oracle: torch.Tensor) -> torch.Tensor | None:
    """The answer summed as the oracle's shape was stretched to its own: some axes gone, some kept with length 1."""
    fits = zip(reversed(answer.shape), reversed(oracle.shape), strict=False)
    return answer.sum_to_size(oracle.shape) if answer.dim() > oracle.dim() and all(m in (1, n) for n, m in fits) else None


def _sums(answer: torch.Tensor, oracle: torch.Tensor) -> Iterator[Sum]:
    for count in range(1, min(answer.dim(), 4) + 1):
        for dims in combinations(range(answer.dim()), count):
            for keep in (True, False):
                shape = [1 if i in dims else n for i, n in enumerate(answer.shape) if keep or i not in dims]
                if shape == list(oracle.shape):
                    yield dims, keep


def _summed(answer: torch.Tensor, oracle: torch.Tensor, dims: tuple[int, ...], keep: bool) -> torch.Tensor:
    return answer.sum(dims, keepdim=keep)


def _told(case: Case, dims: tuple[int, ...], keep: bool | None, fix: str | None) -> Diagnosis:
    names = case.axis_names(lambda run: run.answers[case.name].value)  # type: ignore[arg-type,return-value]
    listed = " and ".join(f"{d} ({names[d]})" for d in dims)
    axis = f"axis {listed}" if len(dims) == 1 else f"axes {listed}"
    times = "·".join(names[d] for d in dims)
    return case.proven(
        "missing-sum",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=f"For each number of {case.node} yours has {times}, along {axis}"
        + (": what comes back from several uses of one number is added up." if _shared(case) else ": added up they are its gradient."),
        help=f"Sum over {axis}{', and keep what is summed with length 1' if keep else ''}.",
        evidence=f"Summed over {axis}, the answer equals autograd's gradient in every trial.",
        claims=(equal(f"answer.sum({dims}, keepdim={keep})" if keep is not None else "answer.sum_to_size(gradient.shape)"),),
        fix=fix,
    )


def _shared(case: Case) -> bool:
    """Whether the forward lets each number of the node be used several times: another tensor stands beside it, or it is copied."""
    words = ("expand", "repeat", "tile", "stack", "cat", "broadcast", "meshgrid", "[")
    values = case.verdict.runs[0].trial.values
    return any(
        any(name != case.node and isinstance(values.get(name), torch.Tensor) for name in line.reads)
        or any(word in line.source for word in words)
        for line in case.consumers
    )


def _fix(case: Case, dims: tuple[int, ...], keep: bool) -> str | None:
    expression: ast.expr | None = case.expression
    return case.fix(summed(expression, dims, keep)) if expression is not None else None
