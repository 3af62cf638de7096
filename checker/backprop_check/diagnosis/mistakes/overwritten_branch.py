"""overwritten-branch: a second assignment replaced what the first one had collected.

Family: Branches and accumulation
Forward: p = c * 2; q = c * c; r = p * q
Shapes: c (N, C)
Wrong: dp = q * dr; dq = p * dr; dc = 2 * dp; dc = 2 * c * dq
Right: dp = q * dr; dq = p * dr; dc = 2 * dp; dc += 2 * c * dq

Why:
`=` gives a name a new value and forgets the old one; `+=` adds to it. A value that is used twice collects two
gradients, so its second line (and, in a loop, every round) has to add.

Read more: the PyTorch documentation, "torch.Tensor.backward", on gradients that accumulate.

Question: What is in {name} before line {line} is carried out, and what is in it after?
Of a loop over places: If two rounds of the loop write into one place, what is there after the second?
Of a loop: What is in {name} after the first round of the loop, and what is in it after the second?
Law: `=` gives a name a new value and forgets the old one; `+=` adds to it. In small: `{name} = 2`, then `{name} = 3`, leaves 3; with `+=`
it is 5.
Slip: elements that are used several times keep only the last of their gradients
Note: {lines} uses the same element more than once, and each use sends a gradient back.
Help: Add to what is there: `+=`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_replay.paths import paths
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import placed, statements
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.fold import fold
from backprop_check.records import Claim, Diagnosis, Span

ROUNDS = 200


def find(case: Case) -> Diagnosis | None:
    """Proven by reading `=` as `+=`: what the statements then add up to is the oracle."""
    if not case.everywhere or not case.written:
        return None
    for nodes, chosen in _adding(case):
        folded = fold(case.submission, nodes, case.name, case.put_in)
        if folded is not None and case.is_right(folded):
            lost = _lost(case, chosen)
            lines = " and ".join(f"line {node.lineno}" for node in lost)
            note = f"Line {chosen[-1].lineno} replaced what {lines} had collected." if lost else "The second line replaced the first."
            return replace(_told(case, chosen[-1], note, case.fix(folded)), also=tuple(_thrown_away(case, lost)))
    replaced = _in_places(case)
    if replaced is not None:
        said = "Where it wrote, your answer is what comes back through one use alone; elsewhere it is autograd's gradient, in every trial."
        return replace(_told(case, case.written[-1], replaced, None), evidence=said)
    last = case.written[-1]
    if isinstance(last, ast.For) and _adds_up(case, last):
        told = _told(case, last.body[-1], "Each round of the loop replaces what the round before it has found.", None)
        return replace(told, claims=(_summed(case, last),))
    return None


def _summed(case: Case, loop: ast.For) -> Claim:
    """That the loop gives the gradient, were it to begin with zeros and to add up."""
    write = next(n for n in loop.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == case.name)
    zeros, added = f"{case.name} = torch.zeros_like({case.node})", f"{case.name} += {text(write.value)}"
    return statements(changed=[placed(case, write, added)], preceded=[placed(case, loop, zeros)])


def _in_places(case: Case) -> str | None:
    """Where an assignment at an index has put one use's gradient in the place of the sum of all."""
    found = paths(case) if case.same_shape and isinstance(case.written[-1], ast.Assign) else []
    for path in found if len(found) > 1 else ():
        if not isinstance(case.written[-1].targets[0], ast.Subscript):  # type: ignore[attr-defined]
            return None
        left = [torch.where(v != 0, v, o) for v, o in zip(path.values, case.oracles, strict=True)]
        if case.is_answer(left):
            return f"Where a gradient comes back through {path.told}, what came back through the other uses is gone."
    return None


def _adding(case: Case) -> Iterator[tuple[list[ast.stmt], list[ast.Assign]]]:
    """The statements with a later `=` of the target read as `+=`: the last one, then all."""
    plain = [n for n in case.written if isinstance(n, ast.Assign) and all(isinstance(t, ast.Name) for t in n.targets)]
    later = [n for n in plain if n is not case.written[0] and not _reads(n, case.name)]
    for chosen in (later[-1:], later):
        if chosen:
            yield [_added(n, case.name) if n in chosen else n for n in case.nodes], chosen


def _lost(case: Case, chosen: list[ast.Assign]) -> list[ast.stmt]:
    """The statements whose value the last of `chosen` throws away, or one of `chosen` before it did."""
    before = case.written[: case.written.index(chosen[-1])]
    begun = [i for i, n in enumerate(before) if isinstance(n, ast.Assign) and n not in chosen and not _reads(n, case.name)]
    return before[begun[-1] if begun else 0 :]


def _thrown_away(case: Case, lost: list[ast.stmt]) -> Iterator[tuple[Span, str]]:
    for node in lost:
        if (span := case.span(getattr(node, "value", node))) is not None:
            yield span, "this is thrown away"


def _added(node: ast.stmt, name: str) -> ast.stmt:
    assert isinstance(node, ast.Assign)
    return ast.copy_location(ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), node.value), node)


def _reads(node: ast.Assign, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value))


def _adds_up(case: Case, loop: ast.For) -> bool:
    """Whether the values that the loop assigns to the target add up to the oracle, and its last one is the answer."""
    rounds = [_rounds(case, loop, case.names(run)) for run in case.runs]
    if any(not r for r in rounds):
        return False
    return case.is_answer([r[-1] for r in rounds]) and case.is_oracle([torch.stack(r).sum(0) for r in rounds])


def _rounds(case: Case, loop: ast.For, names: Mapping[str, Any]) -> list[torch.Tensor]:
    """The target's value after each round; empty where the loop does more than assign plain names."""
    found: list[torch.Tensor] = []
    body = [n for n in loop.body if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)]
    if len(body) != len(loop.body) or not isinstance(loop.target, ast.Name):
        return []
    try:
        steps = Evaluator(names, case.work)(loop.iter)
        for step in list(steps)[:ROUNDS]:
            known = {**names, loop.target.id: step}
            for node in body:
                known[node.targets[0].id] = Evaluator(known, case.work)(node.value)  # type: ignore[attr-defined]
            found.append(known[case.name])
    except (Refused, Failed, RecursionError, TypeError, KeyError):
        return []
    return found if all(isinstance(v, torch.Tensor) for v in found) else []


def _sign(case: Case, node: ast.stmt) -> Span | None:
    """Where the `=` of an assignment stands."""
    end = case.span(node.targets[-1]) if isinstance(node, ast.Assign) else None
    at = case.submission.lines[end[2] - 1].find("=", end[3]) if end is not None else -1
    return (end[2], at, end[2], at + 1) if end is not None and at >= 0 else case.span(node)


def _told(case: Case, where: ast.stmt, note: str, fix: str | None) -> Diagnosis:
    return case.proven(
        "overwritten-branch",
        error=f"this `=` throws away what {case.name} already held",
        note=f"{note} Gradients of several uses of {case.node} add up.",
        help="Add to it: `+=`, after a first value, or zeros, has been given to it.",
        span=_sign(case, where),
        evidence="With `+=` in the place of this `=` the statements add up to autograd's gradient in every trial.",
        fix=fix,
    )
