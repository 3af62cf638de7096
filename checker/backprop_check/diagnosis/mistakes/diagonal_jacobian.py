"""diagonal-jacobian: each output is treated as if only its own input moved it.

Family: Composite formulas
Forward: p = torch.softmax(z, 1)
Shapes: z (N, C)
Wrong: dz = p * (1 - p) * dp
Right: dz = p * (dp - (p * dp).sum(1, keepdim=True))

Why:
Raising one logit raises its own probability and lowers all others of its row, because they add up to one. p * (1 - p)
is the effect on its own probability alone, the diagonal of the table of all effects; the others are as real.

Read more: any derivation of the softmax derivative (its Jacobian is diag(p) - p pᵀ for each row).

Question: Which numbers of {users} does {one} move? Where in your line is what comes back from each of them?
Slip: each result is moved by more than its own number of {goes_in}
Note: In {lines} each number of {goes_in} moves the results of its neighbours too; your answer has only its effect on its own.
Help: For one number of {goes_in}, add up what it does to every number of the result, each times its own gradient.
"""

from __future__ import annotations

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_replay.replay import applied, diagonal_along, downstream, jacobian
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import diagonal
from backprop_check.records import Diagnosis, Line

ELEMENTS = 512
"""Of so many elements the whole Jacobian is made; of more, only along the axis within which the operation works."""


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: the diagonal of the operation's Jacobian times the gradient from above is the learner's answer.

    The operation may be written over several lines, as a softmax by its exponentials and their sum.
    """
    shape = case.runs[0].trial.values[case.node].shape if case.everywhere else torch.Size()
    if not shape or shape.numel() > ELEMENTS or case.answers[0].shape != shape or not all(bool(a.any()) for a in case.answers):
        return None
    for line in downstream(case, frozenset({case.graph.exercise.output})):
        values = [run.trial.values[line.name] for run in case.runs]
        nodes = [run.trial.values[case.node] for run in case.runs]
        if case.same_shape and all(isinstance(v, torch.Tensor) and v.shape == n.shape for v, n in zip(values, nodes, strict=True)):
            near = line in case.consumers or any(f"d{line.name}" not in case.available for line in case.consumers)
            if (near or f"d{line.name}" in case.reads) and _is_diagonal(case, line):
                return _told(case, line)  # else, where what arrives at the consumers may be read, nobody takes the far way
    return None


def _is_diagonal(case: Case, line: Line) -> bool:
    whole = jacobian(*applied(case, case.runs[0], line))
    if not bool((whole - whole.diagonal().diag()).any()):
        return False  # an operation of each element by itself has nothing but its diagonal
    first = whole.diagonal().reshape(case.oracles[0].shape)
    above = [run.trial.gradients["d" + line.name] for run in case.runs]
    if not close(first * above[0], case.answers[0], case.scales[0]):
        return False
    for axis in range(first.dim()):
        if torch.allclose(diagonal_along(*applied(case, case.runs[0], line), axis), first, rtol=1e-9, atol=1e-12):
            diagonals = [diagonal_along(*applied(case, run, line), axis) for run in case.runs]
            return case.is_answer([d * g for d, g in zip(diagonals, above, strict=True)])
    return False


def _told(case: Case, line: Line) -> Diagnosis:
    return case.proven(
        "diagonal-jacobian",
        error=f"each number of {line.name} is moved by more than its own number of {case.node}",
        note=f"This is the effect of each number of {case.node} on its own number of {line.name}; it moves others of {line.name} too.",
        help=f"For one number of {case.node}, add up what it does to every number of {line.name}, each times what arrives there.",
        evidence=f"The diagonal of the Jacobian of {line.name} by {case.node}, times d{line.name}, is exactly your answer in every trial.",
        claims=(diagonal(line),),
    )
