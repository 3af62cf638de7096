"""missing-mask: the gradient goes to elements that the forward masked out.

Family: Selection, indexing, non-smooth
Forward: y = torch.where(keep > 0, x, 0)
Shapes: x (N, C), keep (N, C)
Wrong: dx = dy
Right: dx = torch.where(keep > 0, dy, 0)

Why:
An element that was masked out, dropped or filled over never reached the loss: whatever its value, the output stays
the same. So its gradient is zero, and the mask of the forward masks the gradient too.

Read more: the PyTorch documentation, "torch.Tensor.masked_fill" and "torch.nn.Dropout".

Question: Let {one} rise a little: does {users} notice?
Of several lines: Let {one} rise a little: which of {users} notice, and which do not?
Of an operand: Which numbers of `{operand}` does `{operation}` hold back? What comes back to those?
Of a use: For {one}, does `{operation}` let `{operand}` through? What comes back from there where it does not?
Slip: elements that the forward held back receive a gradient
Note: What the forward does not let through cannot move the loss.
Help: Use the forward's own mask on the gradient too.
Ties: wrong-mask
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import dumped, text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search
from backprop_check.diagnosis.by_replay.counterfactual import part_through, replays
from backprop_check.diagnosis.by_replay.masks import called, condition, masked, opened, opposite, other_branches
from backprop_check.diagnosis.by_replay.sites import Site
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import slope
from backprop_check.expression.rewrites import put, same_place
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with a mask of the forward letting everything through, autograd gives the learner's answer. Or by the forward's
    masked operand in the place of the bare one: it is then right."""
    if not case.everywhere:
        return None
    for site in masked(case):
        if replays(case, opened(case, site, 1.0)) and not replays(case, opened(case, site, 0.0)):
            if any(replays(case, opened(case, other, 0.0)) for other in other_branches(case, site)):
                continue  # the mask is there, and what is missing is the other branch
            return _told(case, site)
    found = search(case, _masked_operand)
    return _bare(case, found) if found is not None else None


def _masked_operand(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for site in masked(case):
        if isinstance(site.part, ast.Call):
            bare = (p for p in parts(expression) if dumped(p) == dumped(site.operand))
            yield from ((put(expression, p, ast.copy_location(site.part, p)), p) for p in bare)


def _bare(case: Case, found: Mended) -> Diagnosis:
    due = same_place(case.draft, found.tree, found.part) if case.draft is not None else None
    operand, forward = text(found.part), f"`{text(due)}`" if due is not None else "what the mask leaves of it"
    return case.proven(
        "missing-mask",
        by=found,
        error=f"`{operand}` stands here as it is before the mask",
        note=f"The forward computes with {forward}: what is held back there counts for nothing.",
        help="Write what the forward computes with, the mask in it.",
    )


def _told(case: Case, site: Site) -> Diagnosis:
    operation = text(site.part)
    return case.proven(
        "missing-mask",
        error=f"elements that `{operation}` holds back receive a gradient",
        note=f"Where `{operation}` does not take `{text(site.operand)}`, that cannot move {site.line.name}: nothing comes back.",
        help="Use the forward's mask on the gradient too.",
        span=case.span(part_through(case, opened(case, site, 1.0), opened(case, site, 0.0))),
        evidence=f"With everything let through at `{operation}`, autograd gives exactly your answer in every trial.",
        claims=(slope(site, "1"),),
        fix=case.fix(*_masked(case, site)) if case.expression is not None else None,
    )


def _masked(case: Case, site: Site) -> list[ast.expr]:
    """The answer under the forward's mask."""
    part, answer = site.part, case.expression
    assert answer is not None
    if isinstance(part, ast.BinOp):
        return [ast.BinOp(answer, ast.Mult(), part.right if site.operand is part.left else part.left)]
    assert isinstance(part, ast.Call)
    mask = condition(part)
    if called(part) == "where" and mask is not None:
        places = [answer, ast.Constant(0)]
        times = [ast.BinOp(answer, ast.Mult(), where) for where in (mask, opposite(mask)) if isinstance(where, ast.Compare)]
        return [*times, *(_call("where", mask, *pair) for pair in (places, places[::-1]))]
    if called(part) == "masked_fill" and len(part.args) > 1:
        return [_call("masked_fill", answer, part.args[-2], ast.Constant(0))]
    return [ast.Call(ast.Attribute(answer, called(part), ast.Load()), [], [])]


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("torch", ast.Load()), name, ast.Load()), list(arguments), [])
