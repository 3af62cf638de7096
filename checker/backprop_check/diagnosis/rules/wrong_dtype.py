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

from backprop_check.diagnosis import claims
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.words import users
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
            claims=(claims.raised(case),),
        )
    dtypes = {run.answers[case.name].dtype for run in case.verdict.runs}
    if len(dtypes) != 1 or (dtype := next(iter(dtypes))) in (None, "float64", "float32"):
        return None
    note, move = _why(case, str(dtype))
    return Diagnosis(
        code="wrong-dtype",
        certainty="proven",
        error=f"these numbers are {dtype}, but {case.name} is float64",
        note=note,
        help=move,
        span=case.span(),
        evidence=f"The answer's dtype is {dtype} in every trial.",
    )


def _why(case: Case, dtype: str) -> tuple[str, str]:
    """What such numbers lack: the right kind alone, or what arrives from above."""
    if case.everywhere and case.same_shape and case.is_oracle(case.answers):
        return (
            "The numbers are right, and only of another kind.",
            f"Make them of {case.node}'s own kind: `.to({case.node}.dtype)`, or `torch.ones_like({case.node})` for ones.",
        )
    above = [f"d{line.name}" for line in case.consumers if f"d{line.name}" in case.available and f"d{line.name}" not in case.reads]
    if dtype == "bool" or (dtype == "int64" and above):
        what = "True and False" if dtype == "bool" else "Whole numbers"
        move = (
            f"Multiply with what arrives from above: {' or '.join(above)}."
            if above
            else f"Go back to {users(case)}: how far does the result move with {case.node}?"
        )
        return f"{what} can say where a gradient passes, not how much of it.", move
    return "", "Compute in the forward's own dtype: float64, as its tensors are."
