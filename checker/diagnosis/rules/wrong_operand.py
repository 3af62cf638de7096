"""wrong-operand: a factor of the product is another tensor than the one that belongs there.

Family: Local derivative
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = a * dy
Right: da = b * dy

Why:
In a product each factor receives the other one times the gradient from above: how fast a * b moves with a is b. In a
matrix product the gradient of the weight is built from the input, and that of the input from the weight. And what
arrives from above is a gradient, d and the name, not the value itself.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.diagnosis.case import Case
from checker.diagnosis.edits import Edit, names_used, rename, replacements, search
from checker.diagnosis.rewrites import put
from checker.diagnosis.words import users
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with one name put in the place of another: it is then right."""
    if case.draft is None:
        return None
    found = search(case, edits)
    if found is None:
        return None
    text, tree, part = found
    assert isinstance(part, ast.Name)
    old, new = part.id, _new(case.draft, tree, part)
    gradient = new[:1] == "d" and new[1:] in case.graph.exercise.names
    if gradient and new[1:] != old and not case.reads:
        return _lacks_upstream(case, found, new)
    if gradient and new[1:] == old:
        note = f"`{old}` is the value the forward computed; what comes back to it is `{new}`."
    elif old == case.node:
        note = f"How fast the result moves with {case.node} is told by the other operand, `{new}`."
    else:
        note = f"The line of the forward that uses {case.node} brings in `{new}`, not `{old}`."
    return Diagnosis(
        code="wrong-operand",
        certainty="proven",
        error=f"`{old}` stands where another tensor belongs",
        note=note,
        help=f"Look at {users(case)}: which tensor decides how fast it moves with {case.node}?",
        span=case.span(part),
        evidence=f"With `{new}` in the place of `{old}` the expression equals autograd's gradient in every trial.",
        fix=text,
    )


def _lacks_upstream(case: Case, found: tuple[str, ast.expr, ast.expr], new: str) -> Diagnosis:
    return Diagnosis(
        code="missing-upstream",
        certainty="proven",
        error=f"`{ast.unparse(found[2])}` is a value of the forward; no gradient from above is in this",
        note=f"The loss sees {case.node} only through {new[1:]}, so what arrives there belongs in the product.",
        help=f"Multiply along the path: the derivative of {users(case)}, times {new}.",
        span=case.span(found[2]),
        evidence=f"With `{new}` in its place the expression equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    names, others = names_used(expression), replacements(case)
    for node in names:
        for other in others:
            if other != node.id:
                yield put(expression, node, ast.copy_location(ast.Name(other, ast.Load()), node)), node
    repeated = [n for n in names if sum(m.id == n.id for m in names) > 1]
    for name, node in {n.id: n for n in repeated}.items():
        for other in others:
            if other != name:
                yield rename(expression, name, other), node


def _new(before: ast.expr, after: ast.expr, part: ast.Name) -> str:
    pairs = zip(
        (n for n in ast.walk(before) if isinstance(n, ast.Name)), (n for n in ast.walk(after) if isinstance(n, ast.Name)), strict=True
    )
    return next(b.id for a, b in pairs if a.id != b.id)
