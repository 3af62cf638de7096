"""What is worth saying of an answer that is right."""

from __future__ import annotations

import torch

from backprop_check.comparison.compare import tolerance
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import changed_forward
from backprop_check.records import Diagnosis


def remarks(case: Case) -> tuple[Diagnosis, ...]:
    """Return the remarks on a right answer: right by accident, in float32 only, where it was judged, or though it changed the forward."""
    why, found = case.verdict.why, []
    if "by-accident" in why:
        found.append(_by_accident(case))
    if "float32" in why:
        found.append(_float32(case))
    if any(difference.unjudged for difference in case.verdict.differences):
        found.append(_unjudged(case))
    own = case.verdict.runs[0].answers[case.name].statement
    changed = [(name, i) for name, i in case.verdict.runs[0].changed if i == own]
    if changed:
        found.append(changed_forward.told(case, *changed[-1]))
    if "rebound" in why:
        found.append(_rebound(case))
    return tuple(found)


def _by_accident(case: Case) -> Diagnosis:
    special = case.verdict.accident
    trial = case.verdict.runs[0].trial
    some = [n for n in special if trial.gradients[n].abs().max() > 1e-9 * trial.scales[n]]
    ones = all((trial.gradients[n] == 1).all() for n in special)
    what = "1 everywhere in this graph" if ones else "zero in many places" if some else "zero in this graph"
    reason = f"{' and '.join(special)} {'is' if len(special) == 1 else 'are'} {what}"
    consumers = " and ".join(line.name for line in case.consumers)
    return case.proven(
        "right-by-accident",
        error=f"right here only because {reason}",
        note=f"As a formula for {case.name} it does not hold: with other gradients arriving from above it would be wrong.",
        help=f"Write it so that it is right for any gradient that arrives at {consumers or 'its consumers'}.",
        evidence="With random numbers added to the gradients this answer reads, autograd's result and the answer part ways.",
    )


def _float32(case: Case) -> Diagnosis:
    again = "judged again all in float32, it is right to float32's own rounding"
    trials = [run.trial for run in case.verdict.runs]
    within = f"{max(tolerance(trial, case.name, trial.dtype) for trial in trials):.1g}".replace("e-0", "e-")
    where = "in trials that run in float32 throughout"
    if trials[0].dtype == torch.float64:
        again = "judged again with `.float()`, `torch.float32` and the like read as float64, it is right"
        where = "once every float32 that it asks for is a float64"
    return case.proven(
        "float32",
        error="right, computed in float32",
        note=f"The check runs in float64. A float32 part of the line made it less exact, or made torch refuse the mix; {again}.",
        help="Take the dtype from a value of the forward: `.to(x.dtype)`, `torch.zeros_like(x)`.",
        evidence=f"Within {within} of autograd's gradient, relative to the size of its terms, {where}.",
    )


def _unjudged(case: Case) -> Diagnosis:
    differences = case.verdict.differences
    i = next(i for i, difference in enumerate(differences) if difference.unjudged)
    trial = case.verdict.runs[i].trial
    sizes = ", ".join(f"{name} = {size}" for name, size in trial.sizes.items())
    return case.proven(
        "not-judged",
        error="right where it could be judged: autograd's own gradient is NaN or infinite in some places",
        note=f"With {sizes}, autograd has no number to compare {differences[i].unjudged} of your {case.answers[i].numel()} with. "
        "All others are right.",
        help="Nothing to mend in your line: it is for the exercise to keep such places out. `backprop-check dev check` shows them.",
        evidence="In those places your numbers are finite, and autograd's gradient is not.",
    )


def _rebound(case: Case) -> Diagnosis:
    names = sorted({name for run in case.verdict.runs for name, _ in run.rebound})
    listed = " and ".join(f"`{n}`" for n in names)
    return case.proven(
        "shadowed-name",
        error=f"right, once {listed or 'the forward values'} mean what the forward named so"
        if listed
        else "right, on the forward's own values",
        note="A line above gives a name of the forward another meaning; in one program this line would read the new one.",
        help="Give the new value a name of its own.",
        evidence="Right in every trial in which the forward's names are put back after each gradient.",
    )
