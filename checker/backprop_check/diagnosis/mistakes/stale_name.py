"""stale-name: a name that was used more than once holds another gradient here than the one that is meant.

Family: State, dtype, harness
Forward: z = x * w; h = torch.tanh(z)
Shapes: x (N, C), w (N, C)
Wrong: d = dh; dx = d * w; d = d * (1 - h**2); dz = d
Right: d = dh; d = d * (1 - h**2); dz = d; dx = d * w

Why:
A short name like d or grad that is carried from line to line means another gradient after each of them. A line that
reads it one assignment too early or too late takes the gradient of another tensor. One name for each gradient, d and
the name of its tensor, makes that visible.

Read more: Karpathy, "Becoming a Backprop Ninja": one name for every gradient, from dlogprobs to dC.

Question: Go through your lines from the top, and say after each which gradient {part} is. Which one does {name} need?
Law: A name means what was assigned to it last, when the line runs. In small: `{bare} = 2; {name} = 10 * {bare}; {bare} = 3` leaves 20 in
{name}, not 30.
Traits: formula right
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from backprop_check.diagnosis.by_edit.edits import rename
from backprop_check.diagnosis.by_replay.sites import names
from backprop_check.diagnosis.case import Case
from backprop_check.expression.fold import fold
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Statement

Version = tuple[Statement, ast.expr]


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own statements with the name's value of another line: the answer is then right."""
    if case.expression is None:
        return None
    known = set(case.verdict.runs[0].trial.gradients) | set(case.graph.exercise.names) | {case.name}
    own = {n for s in case.submission.statements if case.name in s.writes for n in s.reads}
    for name in sorted(own - known):
        versions = list(_versions(case, name))
        kept = _fold(case, len(case.nodes), case.name, name) if len(versions) > 1 else None
        if kept is None or name not in names(kept):
            continue
        for statement, value in versions:
            mended = _with(kept, name, value)
            if case.is_right(mended):
                return _told(case, name, versions, statement, mended)
    return None


def _versions(case: Case, name: str) -> Iterator[Version]:
    """What the name holds after each statement that writes it, as an expression."""
    for statement in case.submission.statements:
        if name in statement.writes:
            value = _fold(case, statement.index + 1, name)
            if value is not None:
                yield statement, value


def _fold(case: Case, end: int, target: str, *left: str) -> ast.expr | None:
    """Fold the first `end` statements into one expression for `target`; names in `left` stay names."""
    head = replace(case.submission, statements=case.submission.statements[:end])
    return fold(head, case.nodes[:end], target, case.put_in | set(left))


def _with(expression: ast.expr, name: str, value: ast.expr) -> ast.expr:
    marked = rename(expression, name, name)
    for node in [n for n in ast.walk(marked) if isinstance(n, ast.Name) and n.id == name]:
        marked = put(marked, node, value)
    return marked


def _told(case: Case, name: str, versions: list[Version], right: Statement, mended: ast.expr) -> Diagnosis:
    last = max(s.index for s in case.submission.statements if case.name in s.writes)
    held = [(s, v) for s, v in versions if s.index < last]
    here = _is_gradient(case, held[-1][1]) if held else None
    uses = [n for n in ast.walk(case.nodes[last]) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    also = [(use, f"and here `{name}` again") for use in uses[1:]] + [(case.nodes[right.index], f"the `{name}` of this line is meant")]
    return case.proven(
        "stale-name",
        error=f"`{name}` is {here or 'another gradient'} here, not the one that is meant",
        note=f"The lines give `{name}` several values, one after the other; the one that belongs here is that of line {right.line}.",
        help=f"Give each of them a name of its own, d and the name of its tensor, instead of `{name}` for all.",
        span=case.span(uses[0] if uses else None),
        evidence=f"With the value `{name}` has after line {right.line} the same expression equals autograd's gradient in every trial.",
        fix=case.fix(mended),
        also=tuple((span, said) for node, said in also if (span := case.span(node)) is not None),
    )


def _is_gradient(case: Case, value: ast.expr) -> str | None:
    """The gradient an expression is the value of, by name."""
    values = case.evaluate(value)
    for name in case.runs[0].trial.gradients if values is not None else ():
        of = [run.trial.gradients[name] for run in case.runs]
        if values is not None and all(v.shape == g.shape and v.allclose(g, rtol=1e-9) for v, g in zip(values, of, strict=True)):
            return name
    return None
