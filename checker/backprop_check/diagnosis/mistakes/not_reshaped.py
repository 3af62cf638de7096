"""not-reshaped: the gradient still has the shape of the view, not that of the variable.

Family: Matrix products and layout
Forward: y = x.view(x.shape[0], -1)
Shapes: x (N, C, K)
Wrong: dx = dy
Right: dx = dy.view(x.shape)

Why:
A view changes no number, it only renames the places. The gradient comes back with the names of the view, and the way
back is the opposite view: to the shape the variable had.

Read more: the PyTorch documentation, "torch.Tensor.view".

Question: The forward carries {one} to {carried}. From where does your line fetch its gradient?
Of what moves nothing: Nothing in the forward moves with {one}. What belongs there, and what does your line put there?
Of another shape: The forward carries {one} to {carried}. Yours is {got}: where in it is what comes back from there?
Traits: other shape
"""

from __future__ import annotations

import ast

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.rewrites import calls, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by laying the answer out in the variable's shape: it is then the oracle."""
    if not case.everywhere or any(a.shape == o.shape or a.numel() != o.numel() for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    if not case.mends(lambda a, o: a.reshape(o.shape)):
        return None
    if case.partial and case.got == case.due:
        return None  # what the answer is held against has another shape than the node
    fix = None
    if case.expression is not None:
        shape = ast.parse(f"{case.node}.shape", mode="eval").body
        laid = list(calls(case.expression, "view", "reshape"))
        edits: list[ast.expr] = [put(case.expression, c, ast.Call(c.func, [shape], [])) for c in laid]
        edits += [ast.Call(ast.Attribute(case.expression, name, ast.Load()), [shape], []) for name in ("view", "reshape")]
        fix = case.fix(*edits)
    return case.proven(
        "not-reshaped",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=case.only(f"The numbers are right and in the right order; they are laid out in another shape than {case.node}."),
        help=f"View it in the shape of {case.node}: `.view({case.node}.shape)`, or `.reshape(...)` where a view is refused.",
        evidence=f"Laid out as {case.due}, the answer equals autograd's gradient in every trial.",
        claims=(equal("answer.reshape(gradient.shape)"),),
        fix=fix,
    )
