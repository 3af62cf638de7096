"""wrong-point: the right formula, taken at another value: the input where the output belongs, or the other way round.

Family: Local derivative
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: dz = (1 - z**2) * dh
Right: dz = (1 - h**2) * dh

Why:
Some derivatives are short when written with the output: 1 - h**2 for h = tanh(z), h * (1 - h) for a sigmoid, c for c
= exp(z). The same letters with the input in them are another number. Ask of every value in the formula: is this what
went in, or what came out?

Read more: `backprop-check explain tanh`, and of any other operation its own page: what stands there as y, what as x?

Question: A slope belongs to a point. Is your formula made for {node}, or for the result {users}?
Of what has no name: A slope belongs to a point. Is your formula made for what goes into the function of {node} in {lines}, or for
what comes out of it?
Of a line further on: A slope belongs to a point. What goes into {told}, and what comes out? For which of the two is your formula made?
Slip: {stands}
Note: A derivative in terms of what went in has another form than one in terms of what came out.
Help: Ask of each name whether it is what went into {lines} or what came out.
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.diagnosis.by_edit.edits import Edit, names_used, parts, rename, search
from backprop_check.diagnosis.by_replay import sites
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, operands_of
from backprop_check.diagnosis.scale.factors import lines_of_answer
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Line

ROWS = ("softmax", "log_softmax")
"""What has a derivative in terms of what comes out, though it is no function of each number alone."""


def find(case: Case) -> Diagnosis | None:
    """Proven by exchanging input and output of the operation in the learner's own expression: it is then right."""
    if case.draft is None:
        return None
    for line in _functions(case):
        for old, new in ((case.node, line.name), (line.name, case.node), (line.name, _inside(case, line))):
            found = search(case, partial(_exchanged, old=old, new=new)) if new is not None else None
            if found is not None:
                role = "what went in" if old == case.node else "what came out"
                other = "what came out" if old == case.node else "what went in"
                return case.proven(
                    "wrong-point",
                    by=found,
                    error=f"`{old}` is {role}" if case.beside else f"the formula is right, but `{old}` is {role}",
                    note=f"In `{line.name} = {line.source}` this formula belongs to {other}, `{new}`.",
                    help=f"Ask of each name in the formula whether it is the input or the output of the operation that makes {line.name}.",
                    evidence=f"With `{new}` in the place of `{old}` the expression equals autograd's gradient in every trial.",
                )
    return _a_part_of_it(case) or _further_on(case)


def _a_part_of_it(case: Case) -> Diagnosis | None:
    """The result of a line where the result of one function in it belongs: `h` for the `torch.sigmoid(x)` of `h = x * torch.sigmoid(x)`."""
    for line in _functions(case):
        tree = ast.parse(line.source.strip(), mode="eval").body
        for inner in (p for p in parts(tree) if p is not tree and isinstance(p, ast.Call) and case.node in sites.names(p)):
            new = ast.unparse(inner)
            found = search(case, partial(_exchanged, old=line.name, new=new))
            if found is not None:
                of_it = f"`{line.name}` is all of `{line.source}`, and"
                return case.proven(
                    "wrong-point",
                    by=found,
                    error=f"{of_it} `{new}` belongs here" if case.beside else f"the formula is right, but {of_it} `{new}` belongs here",
                    note=f"In `{line.name} = {line.source}` this formula belongs to what `{new}` gives.",
                    help=f"Ask of each name in the formula of which operation of `{line.name} = {line.source}` it is the result.",
                    evidence=f"With `{new}` in the place of `{line.name}` the expression equals autograd's gradient in every trial.",
                )
    return None


def _further_on(case: Case) -> Diagnosis | None:
    """Of an answer that takes several lines at once, input and output of a function on the way: `scaled` for `act = tanh(scaled)`."""
    for before, line in _functions_on_the_way(case):
        for old, new in ((before, line.name), (line.name, before)):
            found = search(case, partial(_exchanged, old=old, new=new))
            if found is not None:
                went = old == before
                role, other = ("what goes into", "what comes out of") if went else ("what comes out of", "what goes into")
                return case.proven(
                    "wrong-point",
                    by=found,
                    error=f"`{old}` is {role} {line.name}"
                    if case.beside
                    else f"the formula is right, but `{old}` is {role} `{line.source}`",
                    note=f"For `{line.name} = {line.source}` this formula belongs to {other} it, `{new}`.",
                    help=f"Ask of each name in the formula whether it is the input or the output of the operation that makes {line.name}.",
                    evidence=f"With `{new}` in the place of `{old}` the expression equals autograd's gradient in every trial.",
                    question="Of a line further on",
                )
    return None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for line in _functions(case):
        yield from _exchanged(case, expression, case.node, line.name)
        yield from _exchanged(case, expression, line.name, case.node)


def _functions(case: Case) -> list[Line]:
    """The consumers that are functions of the node alone: only of those is a formula one of the input or of the output."""
    values = case.verdict.runs[0].trial.values
    return [line for line in case.consumers if not any(isinstance(values[r], torch.Tensor) for r in line.reads if r != case.node)]


def _functions_on_the_way(case: Case) -> Iterator[tuple[str, Line]]:
    """The lines behind those that use the node, of those the answer takes the slopes of, that are one function of one tensor, and that."""
    values = case.verdict.runs[0].trial.values
    for line in lines_of_answer(case):
        call = ast.parse(line.source.strip(), mode="eval").body
        tensors = [name for name in line.reads if isinstance(values[name], torch.Tensor)]
        if not isinstance(call, ast.Call) or function_of(call) not in (*SLOPES, *ROWS) or len(tensors) != 1 or tensors[0] == case.node:
            continue
        if any(isinstance(operand, ast.Name) and operand.id == tensors[0] for operand in operands_of(call)):
            yield tensors[0], line


def _inside(case: Case, line: Line) -> str | None:
    """What a function or a power is taken of, where that is more than the node: the `ms + 1e-5` of `(ms + 1e-5)**-0.5`."""
    match ast.parse(line.source.strip(), mode="eval").body:
        case ast.BinOp(left=inner, op=ast.Pow()) | ast.Call(args=[inner], keywords=[]) if not isinstance(inner, ast.Name):
            return ast.unparse(inner) if case.node in {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)} else None
    return None


def _exchanged(_: Case, expression: ast.expr, old: str, new: str) -> Iterator[Edit]:
    uses = [n for n in names_used(expression) if n.id == old]
    if uses and new.isidentifier():
        yield rename(expression, old, new), uses[0]
    elif uses:
        changed, inner = expression, ast.parse(new, mode="eval").body
        for use in uses:
            changed = put(changed, use, ast.copy_location(inner, use))
        yield changed, uses[0]
