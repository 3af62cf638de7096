"""mask-as-gradient: a mask of zeros and ones stands where a gradient is due.

Family: State, dtype, harness
Forward: z = x * w; h = torch.relu(z)
Shapes: x (N, C), w (N, C)
Wrong: dz = z > 0
Right: dz = (z > 0) * dh

Why:
A mask says where something may pass; it holds nothing that could pass. Multiply it with the gradient that arrives from
above: this value where the mask is one, zero where it is not.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation", the backward of relu.

Question: {part} says where something comes back. How much comes back there?
"""

from __future__ import annotations

import ast

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ones_for
from backprop_check.diagnosis.mistakes.missing_upstream import is_the_slope_alone
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: the answer holds zeros and ones only, and is what autograd gives with ones arriving from above."""
    if not case.everywhere or not all(bool(((a == 0) | (a == 1)).all()) and bool((a == 0).any()) for a in case.answers):
        return None
    if not is_the_slope_alone(case):
        return None
    above = " and ".join(f"d{line.name}" for line in case.consumers)
    mask = case.fold(case.name)
    fix = None if mask is None else case.fix(ast.BinOp(mask, ast.Mult(), ast.Name(f"d{case.consumers[0].name}", ast.Load())))
    return case.proven(
        "mask-as-gradient",
        error="this is a mask: it says where the gradient passes, not what it is",
        note=f"It has the right places. What passes there is {above}, and that is missing.",
        help=f"Multiply the mask with {above}.",
        evidence=f"With ones in the place of {above}, autograd gives exactly your zeros and ones in every trial.",
        claims=(ones_for(f"d{line.name}" for line in case.consumers),),
        fix=fix if len(case.consumers) == 1 else None,
    )
