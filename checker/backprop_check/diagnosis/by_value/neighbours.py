"""Answers that are the gradient of another value: of one further down (stopped short), or of one further up (gone too far)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import arriving
from backprop_check.diagnosis.by_replay.sites import below, brought_back, names, only_moves
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.claims import gradient_of
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.records import Diagnosis, Line

PartOfLine = tuple[Line, ast.expr, ast.expr]
"""A line of the forward, its tree, and a part of it."""


def neighbour(case: Case) -> Diagnosis | None:
    """Proven by value: in every trial the answer is what arrives at a neighbouring value."""
    if not case.everywhere:
        return None
    for line, tree, part in _further_down(case):
        arrives = _at(case, line, tree, part)
        if arrives is not None and case.is_answer(arrives) and not case.by_chance(partial(arriving, case, line=line, tree=tree, part=part)):
            return _short_of(case, line, part, outer=part is not tree and not case.is_answer(_at(case, line, tree, tree)))
    for line, tree, part in _further_up(case):
        if case.is_answer(_at(case, line, tree, part)):
            return _too_far(case, line, part)
    return None


def _further_down(case: Case) -> Iterator[PartOfLine]:
    """Up to the first line whose gradient the answer reads: what reads that has not stopped further down."""
    reached = {case.node}
    for line, tree in below(case):
        for part in parts(tree):
            if names(part) & reached and not isinstance(part, ast.Name):
                yield line, tree, part
        reached.add(line.name)
        if "d" + line.name in case.reads:
            return


def _further_up(case: Case) -> Iterator[PartOfLine]:
    for line in case.graph.exercise.lines:
        if line.name == case.node:
            tree = ast.parse(line.source.strip(), mode="eval").body
            yield from ((line, tree, part) for part in parts(tree) if part is not tree)


def _at(case: Case, line: Line, tree: ast.expr, part: ast.expr) -> Tensors | None:
    try:
        return [arriving(case, run, line, tree, part) for run in case.runs]
    except (RuntimeError, TypeError, ValueError, KeyError):
        return None


SENDS_BACK = {
    "not-expanded": ("sum", "mean", "logsumexp", "var", "std", "norm", "prod"),
    "not-selected": ("max", "min", "amax", "amin"),
    "missing-scatter": (
        "index_select",
        "gather",
        "diagonal",
        "diag",
        "narrow",
        "select",
        "unfold",
        "embedding",
        "take_along_dim",
        "chunk",
        "split",
    ),
    "not-reshaped": ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
    "wrong-permutation": ("permute", "transpose", "movedim", "swapaxes", "t"),
    "transposed": ("T", "mT"),
}
"""What is left undone where an answer stops short of an operation that is not elementwise."""


def _left_undone(part: ast.expr, outer: bool) -> str:
    if isinstance(part, ast.Attribute):
        part = part.value if part.attr in ("values", "indices") else ast.Call(part, [], [])
    operation = part.func.attr if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else ""
    if isinstance(part, ast.Subscript):
        return "missing-scatter"
    known = (code for code, operations in SENDS_BACK.items() if operation in operations)
    return next(known, "missing-inner-derivative" if outer else "missing-local-derivative")


def _short_of(case: Case, line: Line, part: ast.expr, outer: bool) -> Diagnosis:
    inside = short(part)
    between = dict.fromkeys((*(step.name for step, _ in below(case) if step in _up_to(case, line)), line.name))
    direct = case.node in {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    way = [] if direct else [name for name in between if name != line.name]
    also = lines(other for other in case.consumers if other is not line) if direct else ""
    code = _left_undone(part, outer)
    moves = f"Ask how much `{inside}` moves when {case.node} moves a little, and multiply with that."
    if code in ("not-reshaped", "wrong-permutation", "transposed") or only_moves(part, ast.Name(case.node, ast.Load())):
        moves = brought_back(case.node, f"`{inside}`")
    return case.proven(
        code,
        error=f"this is what arrives at `{inside}`, not yet at {case.node}",
        note=f"`{inside}` stands in `{line.name} = {line.source}`; from there the way back to {case.node} goes on"
        + (f", through {' and '.join(way)}." if way else ".")
        + (f" {case.node} is also used in {also}; that sends a gradient back too." if also else ""),
        help=asks(case) if line not in case.consumers else moves,
        evidence=f"In every trial your answer is the gradient of the loss with respect to `{inside}`.",
        claims=(gradient_of(line, part),),
    )


def _up_to(case: Case, line: Line) -> list[Line]:
    """The lines that lead from the node to `line`: those that move it."""
    leads, found = set(line.reads), []
    for step, _ in reversed(below(case)):
        if step.name in leads:
            leads |= set(step.reads)
            found.append(step)
    return found


def _too_far(case: Case, line: Line, part: ast.expr) -> Diagnosis:
    inside = short(part)
    return case.proven(
        "wrong-local-derivative",
        error=f"this goes one step too far: it is the gradient of `{inside}`",
        note=f"`{line.name} = {line.source}` makes {case.node}; its derivative belongs to what goes into it, not to {case.node} itself.",
        help=f"Stop at {case.node}: only operations that come after it in the forward have a factor here.",
        evidence=f"In every trial your answer is the gradient of the loss with respect to `{inside}`.",
        claims=(gradient_of(line, part),),
    )


def is_plain(case: Case, line: Line, tree: ast.expr, part: ast.expr) -> bool:
    """Whether what arrives at a part of a line is what arrives at the line: nothing but sums lie between."""
    arrives = _at(case, line, tree, part)
    if arrives is None:
        return False
    return all(torch.equal(a, run.trial.gradients["d" + line.name]) for a, run in zip(arrives, case.runs, strict=True))
