"""not-deterministic: the same line gave other numbers when it was run again.

Family: State, dtype, harness
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = b * dy + torch.Generator().seed()
Right: da = b * dy

Why:
A gradient follows from the values of the forward and from nothing else, so the same values give the same gradient. What draws at random,
asks the clock or an address (`id`), or reads memory to which nothing was written (`torch.empty`), gives another answer each time, which
is right by luck at most.

Read more: the PyTorch documentation, "Reproducibility" and `torch.empty`.

Question: Which part of your line could give another value when the same line is run again?
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    if "not-deterministic" not in case.verdict.why:
        return None
    return case.proven(
        "not-deterministic",
        error=f"this does not give the same {case.name} each time it is run",
        note="A gradient follows from the values of the forward alone; what differs from run to run is right by luck at most.",
        help="Leave out what varies: random numbers, the clock, `id`, what an earlier run left behind, memory from `torch.empty`.",
        span=case.span(),
        evidence="Run again, the same code gave another answer.",
    )
