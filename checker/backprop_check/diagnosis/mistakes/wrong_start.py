"""wrong-start: the sum begins with ones instead of zeros, or the other way round.

Family: Branches and accumulation
Forward: y = x[idx]
Shapes: x (N, C), idx (K) of N
Wrong: dx = torch.ones_like(x).index_add(0, idx, dy)
Right: dx = torch.zeros_like(x).index_add(0, idx, dy)

Why:
What is added up begins at nothing: zeros. Ones are the gradient of a plain sum, which is where a gradient may begin
that is then multiplied. Exchanged, every number is off by one, or everything is zero.

Read more: the PyTorch documentation, "torch.Tensor.index_add".

Question: Let {one} rise by 1: by how much does {goes} move? Can your line come to that, beginning as it does?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import users
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by exchanging zeros and ones in one place: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    if found.part is case.draft and case.consumers and not any(bool(a.any()) for a in case.answers):
        return _nothing(case, found)
    return case.proven(
        "wrong-start",
        by=found,
        error=f"`{text(found.part)}` is the wrong start",
        note="What is added up begins at zeros; what is multiplied begins at ones.",
        help="Ask whether the rest of the expression adds to this tensor or multiplies it.",
        evidence="With zeros and ones exchanged here the expression equals autograd's gradient in every trial.",
    )


def _nothing(case: Case, found: Mended) -> Diagnosis:
    """Zeros for the whole answer, where ones are right."""
    one = f"one number of {case.node}" if case.oracles[0].dim() else case.node
    return case.proven(
        "wrong-start",
        by=found,
        error="this is zero, as if nothing moved with " + case.node,
        note=f"Zeros are where a gradient begins that is added up; nothing has been added here. {users(case)} moves with {case.node}.",
        help=f"Ask by how much {' and '.join(line.name for line in case.consumers)} moves when {one} rises by 1.",
        evidence="With ones in the place of zeros it equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    other = {
        "ones_like": "zeros_like",
        "zeros_like": "ones_like",
        "ones": "zeros",
        "zeros": "ones",
        "new_ones": "new_zeros",
        "new_zeros": "new_ones",
    }
    raised_to = {id(n) for power in operations(expression, ast.Pow) for n in ast.walk(power.right)}  # nothing begins there
    for part in parts(expression):
        if id(part) not in raised_to and isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in other:
            function = ast.Attribute(part.func.value, other[part.func.attr], ast.Load())
            yield put(expression, part, ast.copy_location(ast.Call(function, part.args, part.keywords), part)), part
