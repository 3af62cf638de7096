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

Of an infinity written down: What comes back to a number that the forward overwrites, whatever it overwrites it with?
Question: Where does your line divide, raise or take a logarithm? What comes out where that number is 0, or very large?
"""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.phrases import short
from backprop_check.exercise.sizes import written
from backprop_check.expression.evaluate import Evaluator
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
    where = f"`{text(guilty)}`" if guilty is not None else "the answer"
    at = written(tuple(place))
    if guilty is not None and _writes_infinity(guilty) and case.mends(lambda a, o: torch.where(torch.isfinite(a), a, torch.zeros_like(a))):
        return case.proven(
            "not-finite",
            error="an infinity is written down here",
            question="Of an infinity written down",
            note=f"Where your numbers are finite they are right. At {at} of {case.name} yours is {case.answers[i][tuple(place)]:g}, "
            "and should be 0.",
            help="Nothing comes back in those places: write 0 there.",
            span=case.span(guilty),
            evidence="With 0 in the places of the infinite numbers the answer equals autograd's gradient in every trial.",
            claims=(equal("torch.where(answer - answer == 0, answer, 0.0)"),),
        )
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


def anyway(case: Case) -> Diagnosis | None:
    """The fact alone, where nothing else is proven: a part has no value, though all that it is made of has one."""
    if not case.everywhere or not case.same_shape or case.draft is None:
        return None
    bad = [(~torch.isfinite(a) & torch.isfinite(o)).nonzero() for a, o in zip(case.answers, case.oracles, strict=True)]
    guilty = _guilty(case, 0)
    if guilty is None or not all(len(places) for places in bad):
        return None
    place = tuple(bad[0][0].tolist())
    return case.proven(
        "not-finite",
        error=f"`{short(guilty)}` is not finite, though the gradient is",
        note=f"At {written(place)} of {case.name} yours is {case.answers[0][place]:g}, and should be {case.oracles[0][place]:.4g}.",
        help=f"Look what goes into `{short(guilty)}` in that place, and ask whether the derivative has this part at all.",
        span=case.span(guilty),
        evidence="In every trial the answer is not finite in places where autograd's gradient is.",
    )


def _writes_infinity(part: ast.expr) -> bool:
    """Whether an infinity stands there as such: `float("-inf")`, `torch.inf`."""
    words = (n.value for n in ast.walk(part) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    named = any(isinstance(n, ast.Attribute) and n.attr == "inf" for n in ast.walk(part))
    return named or any(word.strip("+-").lower() in ("inf", "infinity") for word in words)


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
