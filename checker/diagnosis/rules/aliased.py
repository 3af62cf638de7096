"""aliased: a right gradient was changed later through another name.

Family: State, dtype, harness
Forward: n = l * 3; p = n * l
Shapes: l (N, C)
Wrong: dn = l * dp; dl = dn; dl *= 3; dl += n * dp
Right: dn = l * dp; dl = dn.clone(); dl *= 3; dl += n * dp

Why:
`dl = dn` copies no numbers: it gives the same tensor a second name. What then happens to `dl` in place happens to
`dn` as well. Give the new name a tensor of its own, with `.clone()` or with an expression that makes one (`dl = dn +
...`).

Read more: the PyTorch documentation, "In-place operations"; Ned Batchelder, "Facts and myths about Python names and values".
"""

from __future__ import annotations

from checker.diagnosis.case import Case
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    index = case.verdict.runs[0].answers[case.name].statement
    if "aliased" not in case.verdict.why or index is None:
        return None
    statement = case.submission.statements[index]
    names = sorted(statement.writes) or ["another name"]
    own = [s.line for s in case.submission.statements if case.name in s.writes]
    return Diagnosis(
        code="aliased",
        certainty="proven",
        error=f"this line also changes {case.name}, through its second name `{names[0]}`",
        note=f"{case.name} was right when line {own[-1]} wrote it; `{names[0]}` is the same tensor under another name.",
        help=f"Give `{names[0]}` a tensor of its own: `.clone()`, or a plain `=` with the whole sum.",
        span=case.span(case.nodes[index]),
        evidence=f"{case.name} equals the oracle after line {own[-1]} and no longer after line {statement.line}, in every trial.",
    )
