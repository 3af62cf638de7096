"""tie-convention: where two values tie, the gradient is shared out in another way than autograd does it.

Family: Selection, indexing, non-smooth
Forward: y = torch.maximum(a, b)
Shapes: a (N, C), b (N, C)
Inputs: a = torch.zeros(N, C); b = torch.randn(N, C).clamp(min=0)
Wrong: da = (a >= b) * dy
Right: da = ((a > b) + 0.5 * (a == b)) * dy

Why:
Where two elements are both the largest, or a relu stands exactly at zero, there is no single derivative: any share
between the two one-sided ones is a valid choice (a subgradient). Yours is one, autograd made another. `amax` and
`maximum` share equally among ties, `max` along an axis gives all to one of them, `relu` takes zero at zero.

Read more: the PyTorch documentation, "Autograd mechanics", gradients for non-differentiable functions.

Question: If two numbers are equally large, which of them moved the result: the first, both, each by half?
Law: Where two are equally large, the maximum has no single slope: every way of sharing is a subgradient. autograd has chosen one of them,
and the check goes by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_replay.counterfactual import ends
from backprop_check.diagnosis.by_replay.replay import gradient
from backprop_check.diagnosis.by_replay.standing import tied
from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis, Line, Run

STEP, PLACES, SAME = 1e-12, 48, 1e-9


def find(case: Case) -> Diagnosis | None:
    """Proven by the operations, which stand at a tie for each doubtful element, and by moving it a little up and down there: the answer
    lies between the two gradients.

    It is a valid choice where what the tied elements receive adds up to what autograd gives them.
    """
    for stops in ends(case) if case.everywhere else ():
        found = _shares(case, stops)
        if found is not None:
            return _told(case, *found)
    return None


def _told(case: Case, at: Sequence[Line], valid: bool) -> Diagnosis:
    lines = " and ".join(f"`{line.source}`" for line in at)
    return case.proven(
        "tie-convention",
        error="where values tie, this is another valid choice than autograd's"
        if valid
        else "where values tie, each of them receives the whole gradient",
        note=f"At a tie {lines} has no single derivative; every share between the one-sided ones is a subgradient. Everywhere else the "
        "answer is right."
        if valid
        else f"What arrives at {lines} is there once; given to each of the tied elements, it counts several times. Everywhere else the "
        "answer is right.",
        help="Follow autograd's convention: `backprop-check explain tie-convention` says how each operation shares among ties.",
        evidence="Only elements at ties differ; there your numbers lie between the gradients just beside the tie"
        + (", and their sum is autograd's, in every trial." if valid else ", but their sum is not autograd's, in some trial."),
    )


def _shares(case: Case, stops: frozenset[str]) -> tuple[list[Line], bool] | None:
    """The lines with ties, and whether the tied elements together get what is due to them; None if what differs is no share at all."""
    found: list[bool] = []
    lines: dict[str, Line] = {}
    for i, run in enumerate(case.runs):
        answer, oracle, scale = case.answers[i], case.oracles[i], case.scales[i]
        if close(answer, oracle, scale):
            continue
        if answer.shape != oracle.shape or not bool(torch.isfinite(answer).all()):
            return None
        off = ((answer - oracle).abs() > SAME * scale).flatten().nonzero().flatten().tolist()
        ties = tied(case, run, stops)
        every = -(-len(off) // PLACES)  # of more places than can be moved one by one, some from everywhere; at a tie is each
        for k, place in enumerate(off):
            at = {line.name: line for line, moved in ties if bool(moved.flatten()[place])}
            share = (_share(case, run, stops, place, i) if k % every == 0 else True) if at else None
            if share is None:
                return None
            found.append(share)
            lines |= at
    return (list(lines.values()), all(found)) if found else None


def _share(case: Case, run: Run, stops: frozenset[str], place: int, i: int) -> bool | None:
    """Whether the answer at `place` and its ties add up to autograd's gradient, as every choice does.

    None if it is not between the one-sided gradients there, and where it does not add up, if it is not all that one of them could receive.
    """
    answer, oracle, slack = case.answers[i], case.oracles[i], SAME * case.scales[i]
    up, down = (_beside(case, run, stops, place, sign * STEP) for sign in (1, -1))
    low, high = sorted((float(up.flatten()[place]), float(down.flatten()[place])))
    if high - low <= slack or not low - slack <= float(answer.flatten()[place]) <= high + slack:
        return None
    tied = ((up - down).abs() > slack).flatten()
    if int(tied.sum()) == 1 or abs(float((answer - oracle).flatten()[tied].sum())) <= slack * int(tied.sum()):
        return True
    return False if abs(float(answer.flatten()[place]) - max(low, high, key=abs)) <= slack else None


def _beside(case: Case, run: Run, stops: frozenset[str], place: int, step: float) -> torch.Tensor:
    """The gradient where one element of the node is a little larger or smaller."""
    moved = run.trial.values[case.node].to(torch.float64).clone()
    moved.view(-1)[place] += step * max(1.0, abs(float(moved.view(-1)[place])))
    return gradient(case, replace(run, trial=replace(run.trial, values={**run.trial.values, case.node: moved})), stops)
