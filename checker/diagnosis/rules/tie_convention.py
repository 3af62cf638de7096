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
"""

from __future__ import annotations

from dataclasses import replace

import torch

from checker.comparison.compare import close
from checker.diagnosis.case import Case
from checker.diagnosis.counterfactual import ends
from checker.diagnosis.replay import gradient
from checker.records import Diagnosis, Run

STEP, PLACES, SAME = 1e-12, 48, 1e-9


def find(case: Case) -> Diagnosis | None:
    """Proven by moving each doubtful element a little up and down: the answer lies between the two gradients, and the sums are right."""
    if not case.everywhere or not any(_valid(case, stops) for stops in ends(case)):
        return None
    return Diagnosis(
        code="tie-convention",
        certainty="proven",
        error="where values tie, this is another valid choice than autograd's",
        note=f"At a tie {' and '.join(f'`{line.source}`' for line in case.consumers)} has no single derivative; every share between the "
        "one-sided ones is a subgradient. Everywhere else the answer is right.",
        help="Follow autograd's convention: look up how the operation of the forward shares the gradient among ties.",
        span=case.span(),
        evidence="Only elements at ties differ; there your numbers lie between the gradients just beside the tie, and their sum is "
        "autograd's, in every trial.",
    )


def _valid(case: Case, stops: frozenset[str]) -> bool:
    checked = False
    for i, run in enumerate(case.runs):
        answer, oracle, scale = case.answers[i], case.oracles[i], case.scales[i]
        if close(answer, oracle, scale):
            continue
        if answer.shape != oracle.shape or not bool(torch.isfinite(answer).all()):
            return False
        off = ((answer - oracle).abs() > SAME * scale).flatten().nonzero().flatten().tolist()
        if len(off) > PLACES or not all(_between(case, run, stops, place, answer, oracle, scale) for place in off):
            return False
        checked = True
    return checked


def _between(case: Case, run: Run, stops: frozenset[str], place: int, answer: torch.Tensor, oracle: torch.Tensor, scale: float) -> bool:
    """Whether the answer at `place` lies between the one-sided gradients, and what ties with it is short by what it has too much."""
    up, down = (_beside(case, run, stops, place, sign * STEP) for sign in (1, -1))
    sides = sorted((float(up.flatten()[place]), float(down.flatten()[place])))
    if sides[1] - sides[0] <= SAME * scale or not sides[0] - SAME * scale <= float(answer.flatten()[place]) <= sides[1] + SAME * scale:
        return False
    tied = ((up - down).abs() > SAME * scale).flatten()
    short = float((answer - oracle).flatten()[tied].sum())
    return int(tied.sum()) == 1 or abs(short) <= SAME * scale * int(tied.sum())


def _beside(case: Case, run: Run, stops: frozenset[str], place: int, step: float) -> torch.Tensor:
    """The gradient where one element of the node is a little larger or smaller."""
    moved = run.trial.values[case.node].to(torch.float64).clone()
    moved.view(-1)[place] += step * max(1.0, abs(float(moved.view(-1)[place])))
    return gradient(case, replace(run, trial=replace(run.trial, values={**run.trial.values, case.node: moved})), stops)
