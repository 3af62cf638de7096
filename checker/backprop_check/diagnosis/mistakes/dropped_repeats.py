"""dropped-repeats: where an index appears several times, only one of the gradients was kept.

Family: Selection, indexing, non-smooth
Forward: e = C[idx]
Shapes: C (N, C), idx (T) of N
Wrong: dC = torch.zeros_like(C); dC[idx] += de
Right: dC = torch.zeros_like(C).index_add(0, idx, de)

Why:
`dC[idx] += de` reads, adds and writes once for each place: where idx names a row twice, the second write replaces the
first. `index_add_`, or `index_put_` with accumulate=True, or a loop, adds every one.

Read more: the PyTorch documentation, "torch.Tensor.index_put_", accumulate.

Question: If the index names one place twice, how often does your line write there, and with what?
Of a loop over places: If two rounds of the loop write into one place, what is there after the second?
Of a loop: What is in {name} after the first round of the loop, and what is in it after the second?
Slip: elements that were picked several times receive only one of their gradients
Note: An element that was picked k times receives k gradients.
Help: Add up at the index; an assignment keeps only the last one.
"""

from __future__ import annotations

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.mistakes.missing_scatter import picks
from backprop_check.diagnosis.phrases import lines
from backprop_check.records import Diagnosis, Line, Run


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: written without accumulating, the gradients of the picked elements give the learner's answer."""
    if not case.everywhere:
        return None
    for line in case.consumers:
        if picks(line, case.node):
            for name in line.reads:
                written = [_written(case, run, line, name) for run in case.runs]
                if all(w is not None for w in written) and case.is_answer([w for w in written if w is not None]):
                    return _told(case, line, name)
    return None


def _written(case: Case, run: Run, line: Line, name: str) -> torch.Tensor | None:
    index, above = run.trial.values[name], run.trial.gradients["d" + line.name]
    if not isinstance(index, torch.Tensor) or index.dtype != torch.int64:
        return None
    oracle = run.trial.gradients[case.name]
    if above.shape != (*index.shape, *oracle.shape[1:]) or not 0 <= int(index.min()) <= int(index.max()) < oracle.shape[0]:
        return None
    return torch.zeros_like(oracle).index_put((index,), above)


def _told(case: Case, line: Line, name: str) -> Diagnosis:
    others = lines(other for other in case.consumers if other is not line)
    return case.proven(
        "dropped-repeats",
        error=f"where `{name}` names a row twice, only one of its gradients is kept",
        note=f"Each row of {case.node} was used as often as `{name}` names it, and collects a gradient from each use."
        + (f" {case.node} is also used in {others}; what that sends back is not in your answer." if others else ""),
        help="Accumulate: `index_add_`, `index_put_(..., accumulate=True)`, or a loop that adds one row at a time.",
        evidence=f"Writing d{line.name} at `{name}` once for each place gives exactly your answer in every trial.",
        claims=(equal(f"torch.zeros_like({case.node}).index_put(({name},), d{line.name})", ANSWER),),
    )
