"""not-finite: a formula that is right in exact numbers gives NaN or infinity in the computer's.

Family: State, dtype, harness
Forward: y = torch.log_softmax(z, 1)
Shapes: z (N, C)
Inputs: z = torch.randn(N, C) * torch.tensor([1.0] + [5000.0] * (N - 1))[:, None]
Wrong: dz = dy - z.exp() / z.exp().sum(1, keepdim=True) * dy.sum(1, keepdim=True)
Right: dz = dy - y.exp() * dy.sum(1, keepdim=True)

Why:
exp of a large number is infinite, the softmax of very different logits holds exact zeros, and infinity over infinity or
zero over zero is NaN. The forward avoids them by a fused form (log_softmax, cross_entropy) or by taking away the
maximum first. The gradient has such a form too: build it from the values the forward kept finite.

Read more: the PyTorch documentation, "torch.nn.functional.log_softmax"; Goodfellow et al., "Deep Learning", 4.1.

Question: Where does your line divide, raise or take a logarithm? What comes out where that number is 0, or very large?
"""

from __future__ import annotations

import ast

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.edits import parts
from backprop_check.diagnosis.evaluate import Evaluator
from backprop_check.exercise.sizes import written
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by value: where the answer is finite it is right, and it is not finite where autograd's gradient is."""
    if not case.everywhere or not case.same_shape:
        return None
    finite = [torch.isfinite(a) for a in case.answers]
    if all(bool(f.all()) for f in finite) or not all(bool(f.any()) for f in finite):
        return None
    if not case.mends(lambda a, o: torch.where(torch.isfinite(a) | ~torch.isfinite(o), a, o)):
        return None
    i = next(i for i, f in enumerate(finite) if not bool(f.all()))
    place = (~finite[i] & torch.isfinite(case.oracles[i])).nonzero()[0].tolist()
    guilty = _guilty(case, i)
    where = f"`{ast.unparse(guilty)}`" if guilty is not None else "the answer"
    at = written(tuple(place))
    return case.proven(
        "not-finite",
        error=f"{where} is not finite, though the gradient is",
        note=f"Where your numbers are finite they are right. At {at} of {case.name} yours is {case.answers[i][tuple(place)]:g}, "
        f"and should be {case.oracles[i][tuple(place)]:.4g}: look what each part is worth in that place.",
        help="Find the exp that overflows or the division by zero, and use a form that stays finite: a fused formula, or the forward's "
        "own results.",
        span=case.span(guilty),
        evidence="In every trial the answer equals autograd's gradient wherever it is finite.",
        claims=(equal("torch.where(answer - answer == 0, answer, gradient)"),),
    )


def _guilty(case: Case, i: int) -> ast.expr | None:
    """The smallest part of the expression that is not finite though what it is made of is."""
    if case.draft is None:
        return None
    # The draft is walked from the outside in, so that the last one found is the innermost.
    bad = [part for part in parts(case.draft) if not _finite(case.evaluators[i], part)]
    return bad[-1] if bad else None


def _finite(evaluate: Evaluator, part: ast.expr) -> bool:
    value = evaluate.tensor(part)
    return value is None or bool(torch.isfinite(value).all())
