"""dropped-epsilon: a small constant the forward adds is missing in the derivative.

Family: Local derivative
Forward: r = (v + 1e-5)**-0.5
Shapes: v (C)
Inputs: torch.rand + 0.5
Wrong: dv = -0.5 * v**-1.5 * dr
Right: dv = -0.5 * (v + 1e-5)**-1.5 * dr

Why:
The small number keeps the forward from dividing by zero. It is part of what the forward computed, so the derivative
is taken there too: at v + 1e-5, not at v. The difference is small where v is large, and everything where v is zero.

Read more: Ioffe and Szegedy, "Batch Normalization", the role of epsilon.

Question: What exactly is raised, rooted or divided by in {lines}? Is all of it in your line?
Slip: the small number that the forward adds is left out
Note: In {lines} the derivative is taken where the forward was, the small number included.
Help: Differentiate what the forward computed, to the letter.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from backprop_check.derivation.trees import dumped, text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search
from backprop_check.diagnosis.by_replay.counterfactual import replays, written_as
from backprop_check.diagnosis.by_replay.sites import below, names
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis, Line

SMALL = 0.5

Guarded = tuple[Line, ast.expr, ast.BinOp, ast.expr]
"""A line, its tree, the sum in it that has a small constant, and the sum's other operand."""


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: without the constant in the forward, autograd gives the learner's answer. Or by putting it into that answer."""
    for place in _places(case):
        line, tree, part, other = place
        bare = put(tree, part, other)
        ways = (too for too in (False, True) if replays(case, written_as(case, line, bare, too)))
        replayed = [as_if([(line, bare)], too) for too in islice(ways, 1)]
        found = search(case, partial(_completed, part=part, other=other))
        if replayed or found is not None:
            return replace(_told(case, place, found, bool(replayed)), claims=tuple(replayed))
    return None


def _places(case: Case) -> Iterator[Guarded]:
    reached = {case.node}
    for line, tree in below(case):
        for part in operations(tree, ast.Add):
            for other, constant in ((part.left, part.right), (part.right, part.left)):
                if names(other) & reached and _is_small(case, constant):
                    yield line, tree, part, other
        reached.add(line.name)


def _is_small(case: Case, node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = case.verdict.runs[0].trial.values.get(node.id)
    return isinstance(value, float) and 0 < abs(value) < SMALL


def _completed(_: Case, draft: ast.expr, part: ast.BinOp, other: ast.expr) -> Iterator[Edit]:
    """The answer with the forward's sum in the places of its bare operand: in each alone, and in all."""
    bare = [p for p in parts(draft) if ast.dump(p) == ast.dump(other)]
    everywhere = draft
    for place in bare:
        everywhere = put(everywhere, place, part)
        yield put(draft, place, part), place
    if len(bare) > 1:
        yield everywhere, bare[0]


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The forward's sum in the places of its bare operand."""
    for _, _, part, other in _places(case):
        yield from _completed(case, expression, part, other)


def _told(case: Case, place: Guarded, found: Mended | None, replayed: bool) -> Diagnosis:
    line, _, part, other = place
    constant = ast.unparse(part.right if other is part.left else part.left)
    return case.proven(
        "dropped-epsilon",
        error=f"the `{constant}` of the forward is missing here",
        note=f"`{line.name} = {line.source}` computes with `{text(part)}`; this is a derivative at `{text(other)}`.",
        help=f"Differentiate what the forward computed: wherever `{text(other)}` stands for that sum, write the whole sum."
        if case.draft is not None and any(dumped(p) == dumped(other) for p in parts(case.draft))
        else f"Take the slope of `{line.source}` as it stands, with the `{constant}` in it.",
        span=case.span(found.part if found else None),
        evidence=f"Without `{constant}` in the forward, autograd gives exactly your answer in every trial."
        if replayed
        else f"With `{text(part)}` in its place the expression equals autograd's gradient in every trial.",
        fix=found.fix if found else None,
    )
