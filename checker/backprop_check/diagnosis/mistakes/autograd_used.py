"""autograd-used: the answer asks autograd for the gradient it should write.

Family: State, dtype, harness
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = torch.autograd.grad(y.sum(), a)[0]
Right: da = b * dy

Why:
Autograd is what your answer is compared with. Asking it proves nothing about what you know, so it earns nothing, even
where the number would be right. Turning gradients off (`torch.no_grad()`, `.detach()`) is fine, and so are finite
differences you compute yourself.

Read more: backprop-check's README, "How it judges".

Question: Be autograd for a moment, standing at {lines}: which one rule do you apply, and to what?
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    if "autograd-used" not in case.verdict.why:
        return None
    raised = case.verdict.answer.raised
    return case.proven(
        "autograd-used",
        error=f"`{case.verdict.asked}` asks autograd for the answer",
        note=f"Autograd is what {case.name} is compared with; the exercise is to write what it does.",
        help=f"Write {case.name} as an expression of the forward's values, and of the gradients written above it.",
        span=raised.span if raised else case.span(),
        evidence="Found in the code, or refused when it ran.",
    )
