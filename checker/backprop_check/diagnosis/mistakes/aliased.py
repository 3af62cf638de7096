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

Question: Go from line {first} to line {line}: how many names does the tensor of {name} have in the end?
Law: `=` copies no numbers, it gives one tensor a second name. What is done to it in place (`+=`, `*=`, `[...] =`, a function that ends in
_) shows under both. In small: `{name} = torch.ones(2); {other} = {name}; {other} += 1` leaves 2 and 2 in {name}.
Traits: formula right, line stays
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis, Span


def find(case: Case) -> Diagnosis | None:
    index = case.verdict.runs[0].answers[case.name].statement
    if "aliased" not in case.verdict.why or index is None:
        return None
    statement = case.submission.statements[index]
    names = sorted(statement.writes) or ["another name"]
    own = [s.line for s in case.submission.statements if case.name in s.writes]
    return case.proven(
        "aliased",
        error=f"this line also changes {case.name}, through its second name `{names[0]}`",
        note=f"{case.name} was right when line {own[-1]} wrote it; `{names[0]}` is the same tensor under another name.",
        help=f"Give `{names[0]}` a tensor of its own: `.clone()`, or a plain `=` with the whole sum.",
        span=case.span(case.nodes[index]),
        evidence=f"{case.name} equals the oracle after line {own[-1]} and no longer after line {statement.line}, in every trial.",
        also=tuple(_second_name(case, names[0], index)),
    )


def _second_name(case: Case, name: str, index: int) -> Iterator[tuple[Span, str]]:
    """Where the target was right, and where the two names came to mean one tensor."""
    last = case.span(case.written[-1])
    other = [n for s, n in zip(case.submission.statements, case.nodes, strict=True) if s.index < index and s.writes == {name}]
    naming = next((n for n in reversed(other) if isinstance(n, ast.Assign) and _root(n.value) == case.name), None)
    span = case.span(naming) if naming is not None else None
    if last is not None:
        yield last, f"{case.name} is right here" + ("" if span is not None else f", and is one tensor with `{name}`")
    if span is not None:
        yield span, f"from here on `{name}` is the same tensor"


def _root(node: ast.expr) -> str | None:
    """The name at the root of `x.view(-1)[0]`."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
