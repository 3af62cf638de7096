"""summed-everything: the answer is one number, the sum of all that the gradient holds.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.sum()
Right: db = dy.sum(0)

Why:
Each number of b feeds its own column only, so each has a gradient of its own: the sum over its column. `sum()`
without an axis also adds up numbers that belong to different elements of b.

Read more: the PyTorch documentation, "torch.sum".

Question: Which numbers does {one} move in the forward? Which of those that {part} adds up come back from there?
Of a reduction of the forward: Along which axes does the forward reduce where your line has {part}, and how many numbers are left then? How
many are left of yours?
Slip: a sum runs over all axes
Note: One number cannot stand for all rows and columns.
Help: Sum only over the axes that are not needed after it.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, permutations

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.meeting import axes_of, axis_told, function_of, last_step, operands_of
from backprop_check.diagnosis.phrases import users
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, put, same_place, summed
from backprop_check.records import Diagnosis

REDUCTIONS = ("sum", "mean", "amax", "amin", "prod", "norm", "var", "std")


def find(case: Case) -> Diagnosis | None:
    """Proven by summing the oracle: that is the learner's number. Or by the forward's axes in a part that has none: it is then right."""
    if (inside := _inside(case)) is not None:
        return inside
    if not case.everywhere or any(a.numel() != 1 or o.numel() < 2 for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    if not case.replays(lambda o, a: o.sum().reshape(a.shape)) or all(float(a.abs().max()) == 0 for a in case.answers):
        return None
    found = _total(case) or _joined(case)
    part, why, move, fix = found or (
        None,
        "yours is the sum of all of them.",
        f"Ask of one number of {case.node} alone: how far does {users(case)} move with it?",
        None,
    )
    call = part if isinstance(part, ast.Call) else None
    return case.proven(
        "summed-everything",
        error=f"one number, but {case.node} is {case.due}",
        note=f"Each number of {case.node} has a gradient of its own; {why}",
        help=move,
        span=case.span(part, after=getattr(call.func, "value", None) if call is not None and function_of(call) == "sum" else None),
        evidence="The answer is the sum of autograd's gradient over all its elements, in every trial.",
        claims=(equal("gradient.sum().reshape(answer.shape)", ANSWER),),
        fix=fix,
    )


def _inside(case: Case) -> Diagnosis | None:
    """A reduction of all numbers in the answer, where the forward has the same of the same tensor along an axis."""
    found = search(case, _as_in_forward)
    if found is None or (right := same_place(case.draft, found.tree, found.part) if case.draft is not None else None) is None:
        return None
    mine, due = text(found.part), text(right)
    return case.proven(
        "summed-everything",
        by=found,
        error=f"`{mine}` makes one number of all of them",
        question="Of a reduction of the forward",
        note=f"The forward has `{due}`, which keeps an axis apart.",
        help="Reduce along the axis along which the forward does, and keep what the forward keeps.",
        evidence=f"With `{due}` in its place the expression equals autograd's gradient in every trial.",
    )


def _as_in_forward(case: Case, expression: ast.expr) -> Iterator[Edit]:
    lines = [ast.parse(line.source.strip(), mode="eval").body for line in case.graph.exercise.lines]
    for call in calls(expression, *REDUCTIONS):
        if call.keywords or len(operands_of(call)) != 1:
            continue
        own = text(operands_of(call)[0])
        for part in (part for tree in lines for part in calls(tree, function_of(call))):
            more = part.keywords or len(operands_of(part)) > 1
            if more and operands_of(part) and text(operands_of(part)[0]) == own:
                yield put(expression, call, ast.copy_location(part, call)), call


Found = tuple[ast.expr, str, str, str]
"""The part that adds all up, how to say that, the move, and the right expression."""


def _total(case: Case) -> Found | None:
    """A `sum()` over all axes, where the expression is right with fewer, or none."""
    for call in calls(case.expression, "sum") if case.expression is not None else ():
        inner = reduced(call)
        if inner is not None and (fix := case.fix(put(case.expression, call, inner[0]))) is not None:  # type: ignore[arg-type]
            return call, f"`{short_call(call)}` has added them all into one.", f"Leave the `{short_call(call)}` out.", fix
        if inner is None or inner[1]:
            continue
        values = case.evaluate(inner[0])
        rank = values[0].dim() if values else 0
        for count in range(1, rank):
            for dims in combinations(range(rank), count):
                for keep in (False, True):
                    fix = case.fix(put(case.expression, call, summed(inner[0], dims, keep)))  # type: ignore[arg-type]
                    if fix is not None:
                        names = axes_of(case, inner[0]) or [str(n) for n in range(rank)]
                        axis = " and ".join(axis_told(names, d) for d in dims)
                        move = f"Sum over {axis} only{', and keep it with length 1' if keep else ''}."
                        return call, f"`{short_call(call)}` has added them all into one.", move, fix
    return None


def _joined(case: Case) -> Found | None:
    """An inner product of two vectors, where their product element by element is right."""
    for part in parts(case.expression) if case.expression is not None else ():
        factors = operands_of(part)
        if isinstance(part, ast.Call) and function_of(part) == "einsum" and (kept := _kept(case, part)):
            return part, "no letter after `->` keeps an axis, so all is added up.", f"Name the axes that stay: `->{kept[0]}`.", kept[1]
        inner = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
        inner = inner or (isinstance(part, ast.Call) and function_of(part) in ("dot", "vdot", "inner", "matmul"))
        if inner and len(factors) == 2:
            fix = case.fix(put(case.expression, part, ast.BinOp(factors[0], ast.Mult(), factors[1])))  # type: ignore[arg-type]
            if fix is not None:
                name = function_of(part) if isinstance(part, ast.Call) else "@"
                return part, f"`{name}` of two vectors adds all products into one.", "Multiply element by element: `*`.", fix
    return None


def _kept(case: Case, call: ast.Call) -> tuple[str, str] | None:
    """The letters that a right result of an `einsum` keeps, and the right expression."""
    text = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    if not isinstance(text, str) or "." in text:
        return None
    before, _, after = text.replace(" ", "").partition("->")
    if after:
        return None
    for letters in permutations(dict.fromkeys(before.replace(",", "")), case.oracles[0].dim()):
        kept = "".join(letters)
        fix = case.fix(put(case.expression, call.args[0], ast.Constant(f"{before}->{kept}")))  # type: ignore[arg-type]
        if fix is not None:
            return kept, fix
    return None


def short_call(call: ast.Call) -> str:
    return last_step(call).removeprefix(".") if not ast.unparse(call.func).startswith("torch.") else "sum"
