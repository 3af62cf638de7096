"""wrong-dtype: the answer holds whole numbers or truth values, not floating-point numbers.

Family: State, dtype, harness
Forward: h = torch.relu(z)
Shapes: z (N, C)
Wrong: dz = dh > 0
Right: dz = (z > 0) * dh

Why:
A gradient says how fast the loss moves, which is hardly ever a whole number. An integer or bool tensor mostly comes
from a comparison, a mask, `argmax` or `one_hot` that was meant to be multiplied with the gradient that arrives from
above.

Read more: the PyTorch documentation, "torch.dtype" and "type promotion".
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    raised = case.verdict.answer.raised
    if raised is not None and "can't be cast" in raised.message:
        return Diagnosis(
            code="wrong-dtype",
            certainty="proven",
            error="a tensor of whole numbers cannot take these",
            note=f"The line raised: {raised.message}. What was made to collect the gradient holds whole numbers; a gradient does not.",
            help=f"Begin with `torch.zeros_like({case.node})`, which has the right shape and dtype.",
            span=raised.span or case.span(),
            evidence=f"{raised.kind}: {raised.message}.",
        )
    dtypes = {run.answers[case.name].dtype for run in case.verdict.runs}
    if len(dtypes) != 1 or (dtype := next(iter(dtypes))) in (None, "float64", "float32"):
        return None
    return Diagnosis(
        code="wrong-dtype",
        certainty="proven",
        error=f"these numbers are {dtype}, but {case.name} is float64",
        note="A mask or an index is no gradient yet: it says where, not how much." if dtype in ("bool", "int64") else "",
        help="Multiply it with the gradient that arrives from above."
        if dtype in ("bool", "int64")
        else "Compute in the forward's own dtype.",
        span=case.span(),
        evidence=f"The answer's dtype is {dtype} in every trial.",
    )
