"""changed-forward: a value of the forward was changed before it was used.

Family: State, dtype, harness
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: h.mul_(2); dz = (1 - h**2) * dh
Right: dz = (1 - h**2) * dh

Why:
The backward pass needs the values the forward computed. A function whose name ends in an underscore, `+=`, or an
assignment into `h[...]` writes over them, and every later line reads the new numbers. The checker puts the forward's
values back after each gradient, so that one such line spoils one gradient only; in a training loop nobody does.

Read more: the PyTorch documentation, "In-place correctness checks".

Question: After {part}: which of your lines read other numbers than the forward's?
Law: The slopes are those of the forward, at the numbers it had. What writes into one of its tensors takes those away from every line
below. In small: `{other} = torch.ones(2); {other}.mul_(3)` leaves 3 and 3 in {other}.
Traits: formula right, line stays
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.records import Diagnosis, Span


def find(case: Case) -> Diagnosis | None:
    """Proven where the same expression on the forward's own values is right."""
    changed = [(name, i) for name, i in case.verdict.runs[0].changed if _belongs(case, i)]
    if not changed or not case.everywhere or not case.written:
        return None
    value = getattr(case.written[-1], "value", None)
    if not isinstance(value, ast.expr) or not case.is_oracle(case.evaluate(value)):
        return None
    name, index = changed[-1]
    return replace(told(case, name, index), claims=(equal(value),))


def told(case: Case, name: str, index: int) -> Diagnosis:
    statement = case.submission.statements[index]
    return case.proven(
        "changed-forward",
        error=f"this line changes the forward's `{name}` in place",
        note=f"What comes after line {statement.line} reads other numbers than the forward computed for `{name}`.",
        help=f"Compute with a new name, or with `{name}.clone()`.",
        span=case.span(case.nodes[index]),
        evidence=f"`{name}` no longer held the forward's values after line {statement.line}.",
        also=tuple(_reads(case, name, index)),
    )


def _reads(case: Case, name: str, index: int) -> Iterator[tuple[Span, str]]:
    """Where the answer reads what was changed."""
    later = [n for s, n in zip(case.submission.statements, case.nodes, strict=True) if s.index > index and case.name in s.writes]
    uses = (n for node in later for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name)
    for use in uses:
        if (span := case.span(use)) is not None:
            yield span, f"this `{name}` is no longer the forward's"


def _belongs(case: Case, index: int) -> bool:
    """Whether the change happened after the gradient before this one was finished, and before this one was."""
    targets = {t.name for t in case.graph.exercise.targets}
    own = case.verdict.runs[0].answers[case.name].statement
    finished = [run_answer.statement for n, run_answer in case.verdict.runs[0].answers.items() if n in targets and n != case.name]
    before = max((s for s in finished if s is not None and own is not None and s < own), default=-1)
    return own is not None and before < index <= own
