"""missing-label: right everywhere but at the labels, where a term of the gradient is missing.

Family: Selection, indexing, non-smooth
Forward: loss = F.cross_entropy(z, y)
Shapes: z (N, C), y (N) of C
Wrong: dz = torch.softmax(z, 1) / z.shape[0]
Right: dz = (torch.softmax(z, 1) - F.one_hot(y, z.shape[1])) / z.shape[0]

Why:
The score of the label moves the loss in two ways: by its share of the normaliser, as every score does, and directly,
because it is the one that is read. The second is there at one place in each row only, and easy to forget.

Read more: any derivation of the gradient of softmax with cross-entropy (p - y).

Question: At one entry of each row your gradient is not right. What is read there that is read nowhere else?
"""

from __future__ import annotations

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.phrases import lines
from backprop_check.diagnosis.scale.constants import named_constants
from backprop_check.records import Diagnosis, Run


def find(case: Case) -> Diagnosis | None:
    """Proven by place: in every trial the answer differs from the oracle exactly where an index tensor of the forward points."""
    if not case.everywhere or not case.same_shape:
        return None
    trial = case.verdict.runs[0].trial
    indices = [n for n, v in trial.values.items() if isinstance(v, torch.Tensor) and v.dtype == torch.int64]
    for name in indices:
        if _is_a_share(case, name) and all(
            _only_there(case, run, a, o, name) for run, a, o in zip(case.runs, case.answers, case.oracles, strict=True)
        ):
            return case.proven(
                "missing-label",
                error=f"right everywhere but at the places {name} points to",
                note=f"{_readers(case, name)} reads at those places, and what comes back from there is not in your answer.",
                help=f"Add what comes back to the elements that {name} picks, and to no other.",
                evidence=f"In every trial the answer differs from autograd's gradient at all the places of {name}, and nowhere else.",
                claims=(equal(*(f"{of}.scatter(-1, {name}.unsqueeze(-1), 0.0)" for of in ("answer", "gradient"))),),
            )
    return None


def _readers(case: Case, name: str) -> str:
    return lines(line for line in case.graph.exercise.lines if name in line.reads) or "The forward"


def _only_there(case: Case, run: Run, answer: torch.Tensor, oracle: torch.Tensor, name: str) -> bool:
    index = run.trial.values[name]
    if tuple(index.shape) != tuple(oracle.shape[:-1]) or not index.numel() or int(index.max()) >= oracle.shape[-1] or int(index.min()) < 0:
        return False
    wrong = (answer - oracle).abs() > case.tolerance * run.trial.scales[case.name]
    there = torch.zeros_like(wrong).scatter(-1, index.unsqueeze(-1), True)
    return torch.equal(wrong, there) and bool((oracle[~there] != 0).any())


def _is_a_share(case: Case, name: str) -> bool:
    """Whether what is missing at the labels is what one use sends back: the same number at all of them, and one that has a name."""
    known = [{run.trial.seed: 1.0 for run in case.runs}, *(constant.values for constant in named_constants(case))]
    missing = []
    for run, answer, oracle in zip(case.runs, case.answers, case.oracles, strict=True):
        index = run.trial.values[name]
        if (
            tuple(index.shape) != tuple(oracle.shape[:-1])
            or not index.numel()
            or int(index.max()) >= oracle.shape[-1]
            or int(index.min()) < 0
        ):
            return False
        missing.append((run, (oracle - answer).gather(-1, index.unsqueeze(-1)).abs()))
    return any(all(bool(((m - c[run.trial.seed]).abs() <= case.tolerance * run.trial.scales[case.name]).all()) for run, m in missing)
               for c in known)  # fmt: skip
