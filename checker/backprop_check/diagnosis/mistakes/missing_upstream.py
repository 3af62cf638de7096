"""missing-upstream: the local derivative alone, without the gradient that arrives from above.

Family: Local derivative
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: dz = 1 - h**2
Right: dz = (1 - h**2) * dh

Why:
The chain rule multiplies: how much the loss moves with h, times how much h moves with z. An expression without dh
gives only the second part, as if the loss were the plain sum of h.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".

Question: Suppose twice as much arrived from above. What must become of {name}, and what becomes of yours?
Slip: what arrives from above is missing from a product here
Note: Along a path the chain rule multiplies: the derivative alone does not say how the loss moves.
Help: Ask which gradient arrives at {far}, and which numbers of that one number of {node} moves.
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, names_used, search, tensors, valued_parts, weighed
from backprop_check.diagnosis.by_replay.replay import downstream, gradient
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ones_for
from backprop_check.diagnosis.phrases import lines, users
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Line


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with ones for the upstream gradients, autograd gives the learner's answer. Or by one part times its upstream."""
    return _of_all(case) or _of_one(case)


def _of_one(case: Case) -> Diagnosis | None:
    """One part of the answer lacks the factor: with it the expression is right."""
    found = search(case, edits)
    if found is None:
        return None
    part = ast.unparse(found.part)
    return case.proven(
        "missing-upstream",
        by=found,
        error=f"what arrives from above is missing from `{part}`",
        note=f"Along a path to {case.node} the chain rule multiplies each derivative with the gradient that arrives there.",
        help=f"Ask which gradient arrives at {_where(case, found)}, and multiply `{part}` with it.",
    )


def _where(case: Case, found: Mended) -> str:
    """The line whose gradient the part lacks, though that may stand elsewhere in the answer."""
    now, then = (Counter(name.id for name in names_used(tree)) for tree in (case.draft or found.tree, found.tree))
    lacking = [line for line in case.graph.exercise.lines if f"d{line.name}" in then - now]
    return lines(lacking) if lacking else users(case)


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each part without a gradient in it, times each gradient from above; the whole with one that arrives further on, too."""
    upstream = [f"d{line.name}" for line in case.consumers if f"d{line.name}" in case.available]
    valued = valued_parts(expression)
    for part in tensors(case, expression):
        if part in valued and not case.gradients_in(part):
            for name in arrivals(case) if part is expression else upstream:
                yield put(expression, part, ast.copy_location(ast.BinOp(part, ast.Mult(), ast.Name(name, ast.Load())), part)), part


def arrivals(case: Case) -> list[str]:
    """The gradients that arrive at the lines that use the node, and at those further on, as far as they may be used; the nearest first."""
    further = downstream(case, frozenset({case.graph.exercise.output}))
    return [name for name in dict.fromkeys(f"d{line.name}" for line in (*case.consumers, *further)) if name in case.available]


def _of_all(case: Case) -> Diagnosis | None:
    if not is_the_slope_alone(case):
        return None
    upstream = [f"d{line.name}" for line in _weighing(case)]
    fix = _fix(case, upstream)
    if fix is not None:  # only then is it a factor of this, number by number; else what is summed up here has to be weighed before
        note, move = f"This is how {_weighing(case)[0].name} moves with {case.node}.", f"Multiply this with {upstream[0]}."
    else:
        moves = " and ".join(f"how {line.name}.sum() moves with {case.node}" for line in _weighing(case))
        note = f"This is {moves}; {' and '.join(upstream)} {'says' if len(upstream) == 1 else 'say'} how much each of the numbers counts."
        move = asks(case)
    return case.proven(
        "missing-upstream",
        error=f"{' and '.join(upstream)} {'is' if len(upstream) == 1 else 'are'} missing here",
        note=note,
        help=move,
        evidence=f"With ones in the place of {', '.join(upstream)}, autograd gives exactly your answer in every trial.",
        claims=(ones_for(upstream),),
        fix=fix,
    )


def is_the_slope_alone(case: Case) -> bool:
    """Whether the answer is what autograd gives with ones arriving at the lines that use the node, whose gradients it does not read."""
    consumers = {line.name for line in case.consumers}
    # One that reads a gradient is worth no slope alone but by chance, as where that gradient is all ones; so is one of zeros.
    if not _weighing(case) or not case.everywhere or weighed(case) or not any(a.any() for a in case.answers):
        return False
    trials = [run.trial for run in case.runs]
    ones = [{name: torch.ones_like(t.gradients["d" + name]) for name in consumers} for t in trials]
    return case.is_answer([gradient(case, run, frozenset(consumers), above) for run, above in zip(case.runs, ones, strict=True)])


def _weighing(case: Case) -> list[Line]:
    """The lines that use the node and whose gradient has to be multiplied with: not the one that is differentiated, whose gradient is 1."""
    exercise = case.graph.exercise
    return [line for line in case.consumers if exercise.takes_cotangent or line.name != exercise.output]


def _fix(case: Case, upstream: list[str]) -> str | None:
    if case.expression is None or len(upstream) != 1:
        return None
    return case.fix(ast.BinOp(case.expression, ast.Mult(), ast.Name(upstream[0], ast.Load())))
