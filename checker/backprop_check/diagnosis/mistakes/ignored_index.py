"""ignored-index: elements that the forward did not pick receive a gradient.

Family: Selection, indexing, non-smooth
Forward: n = lp.shape[0]; loss = -lp[range(n), Y].mean()
Shapes: lp (N, C), Y (N) of C
Wrong: dlp = torch.full_like(lp, -1 / n)
Right: dlp = torch.zeros_like(lp); dlp[range(n), Y] = -1 / n

Why:
An index picks: lp[range(n), Y] reads one element of each row. Change any other, and the loss stays what it is, so
their gradient is zero. Begin with zeros, and write the gradient at the index the forward used.

Read more: Karpathy, "Becoming a Backprop Ninja", dlogprobs.

Question: Let {one} rise a little: which uses of {node} in {users} notice, and which do not?
Of one use: Let {one} rise a little: does {users} notice?
Of places written to: Into how many places does your line write for one number of its index, and how many of them belong to that number?
Of terms: Let {one} rise a little: does what {lines} picks notice?
Of several lines: Let {one} rise a little: which of {users} notice, and which do not?
Slip: elements that were not picked receive a gradient too
Note: Only the elements that {lines} has picked moved the result.
Help: Begin with zeros in the shape of {node}, and put the gradient only where the forward picked.
"""

from __future__ import annotations

import ast
from dataclasses import replace

import torch

from backprop_check.derivation.trees import fill, parsed, text
from backprop_check.diagnosis.by_edit.edits import parts, value_of
from backprop_check.diagnosis.by_replay.counterfactual import replays, written_as
from backprop_check.diagnosis.by_replay.replay import gradient
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if, equal, placed, statements
from backprop_check.diagnosis.mistakes.missing_scatter import picks
from backprop_check.diagnosis.steps.assigned import Written, every_place
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Line

LOSSES = ("nll_loss", "diagonal", "trace", "select", "narrow")


def find(case: Case) -> Diagnosis | None:
    """Proven by setting to zero what the forward does not pick, or by another index in the learner's own: the answer is then right."""
    if not case.everywhere:
        return None
    if (written := every_place(case)) is not None:
        return _every_place(case, written)
    if (shared := _of_all(case)) is not None:
        return shared
    lines = [line for line in case.consumers if picks(line, case.node) or any(word in line.source for word in LOSSES)]
    if len(lines) != 1 or len(case.consumers) != 1 or any(not bool((o == 0).any()) for o in case.oracles):
        return None
    if not case.mends(lambda a, o: torch.where(o == 0, 0.0, a) if a.shape == o.shape else None):
        return None
    if not all(_outside(case, lines[0], i) for i in range(len(case.runs))):
        return None
    index = [
        n for n in lines[0].reads if (v := case.verdict.runs[0].trial.values[n]) is not None and getattr(v, "dtype", None) == torch.bool
    ]
    return case.proven(
        "missing-mask" if index else "ignored-index",
        error=f"elements that `{_pick(case, lines[0])}` does not pick receive a gradient",
        note=f"At the picked elements the answer is right. The others cannot move {lines[0].name}: their gradient is zero.",
        help=f"Begin with zeros in the shape of {case.node}, and write only where the forward picked.",
        evidence="With zero at every element that is not picked, your answer equals autograd's gradient in every trial.",
        claims=(equal("torch.where(gradient == 0, 0.0, answer)"),),
    )


def _of_all(case: Case) -> Diagnosis | None:
    """Each row with all that comes back, as if the forward picked the sum of all rows: whose it is, only the index says."""
    for line in case.consumers:
        tree = parsed(line.source.strip())
        for part in parts(tree):
            match part:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Name() as index) if name == case.node:
                    changed = put(tree, part, fill("a.sum(0).expand(b.shape)", {"a": part.value, "b": part}))
                    rows = getattr(value_of(case, index), "dtype", None) == torch.int64
                    if rows and replays(case, written_as(case, line, changed)):
                        return _told_of_all(case, line, changed, part)
    return None


def _told_of_all(case: Case, line: Line, changed: ast.expr, part: ast.Subscript) -> Diagnosis:
    index = text(part.slice)
    return case.proven(
        "ignored-index",
        error=f"every row of {case.node} receives what comes back to all rows that `{text(part)}` picks",
        note=f"A row moved only its own copies: what comes back to these is its gradient, and a row that `{index}` does not name has 0.",
        help=f"Begin with zeros in the shape of {case.node}, and add each row of what comes back to the row that `{index}` names.",
        evidence=f"With the sum of all rows in the place of `{text(part)}`, autograd gives exactly your answer in every trial.",
        claims=(as_if([(line, changed)]),),
    )


def _every_place(case: Case, written: Written) -> Diagnosis:
    """A whole axis in the learner's index, where each place on the other one has one of its own there."""
    place, other = ("row", "column") if written.axis == 0 else ("column", "row")
    picks, beside = ast.unparse(written.picks), ast.unparse(written.beside)
    note = f"Each {place} has one {other} of its own: {place} 0 that of the first number of `{picks}`, {place} 1 that of the second."
    move = f"Count the {place}s beside `{picks}`, so that the two go together"
    if not written.counts and not _all_of(case, written):
        note, move = f"Only what `{beside}` names takes part.", f"Write `{beside}` for the `:`"
    if not written.counts and _all_of(case, written):
        move = f"Write `{beside}` for the `:`"
    claim = equal("torch.where(gradient == 0, 0.0, answer)")
    told = case.proven(
        "ignored-index",
        error=f"`:` writes into every {place}" + (f", once for each number of `{picks}`" if written.counts else ""),
        note=note,
        help=f"{move}: `{written.right}`.",
        question="Of places written to",
        span=case.span(written.target),
        evidence=f"With `{written.right}` for this line your answer equals autograd's gradient in every trial.",
        claims=(
            *((claim,) if case.mends(lambda a, o: torch.where(o == 0, 0.0, a) if a.shape == o.shape else None) else ()),
            statements(changed=[placed(case, written.statement, written.right)]),
        ),
    )
    return replace(told, near=(f"line {written.statement.lineno} reads", written.right))


def _all_of(case: Case, written: Written) -> bool:
    """Whether what belongs beside the index counts all places of its axis: then it names every one."""
    value = value_of(case, written.beside)
    every = list(range(case.verdict.runs[0].trial.values[case.node].shape[written.axis]))
    return (value.tolist() if isinstance(value, torch.Tensor) else value) == every


def _outside(case: Case, line: Line, i: int) -> bool:
    """Whether what is too much in the answer stands only where the line does not pick."""
    run, answer, oracle = case.runs[i], case.answers[i], case.oracles[i]
    ones = torch.ones_like(run.trial.gradients["d" + line.name])
    picked = gradient(case, run, frozenset({line.name}), {line.name: ones}) != 0
    return not bool((picked & (oracle == 0) & (answer != 0)).any())


def _pick(case: Case, line: Line) -> str:
    """The part of the line that picks, `lp[range(n), Y]`; the whole line where it is a call."""
    subscripts = (n for n in ast.walk(ast.parse(line.source.strip())) if isinstance(n, ast.Subscript))
    return next((ast.unparse(s) for s in subscripts if isinstance(s.value, ast.Name) and s.value.id == case.node), line.source.strip())
