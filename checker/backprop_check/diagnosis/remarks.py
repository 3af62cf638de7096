"""What is worth saying of an answer that is right."""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.rules import changed_forward
from backprop_check.records import Diagnosis


def remarks(case: Case) -> tuple[Diagnosis, ...]:
    """Return the remarks on a right answer: right by accident, right in float32 only, or right though it changed the forward."""
    why, found = case.verdict.why, []
    if "by-accident" in why:
        found.append(_by_accident(case))
    if "float32" in why:
        found.append(_float32(case))
    own = case.verdict.runs[0].answers[case.name].statement
    changed = [(name, i) for name, i in case.verdict.runs[0].changed if i == own]
    if changed:
        found.append(changed_forward.told(case, *changed[-1]))
    if "rebound" in why:
        found.append(_rebound(case))
    return tuple(found)


def _by_accident(case: Case) -> Diagnosis:
    zero = case.verdict.accident
    trial = case.verdict.runs[0].trial
    partly = [n for n in zero if trial.gradients[n].abs().max() > 1e-9 * trial.scales[n]]
    if partly:
        reason = f"{' and '.join(zero)} {'is' if len(zero) == 1 else 'are'} zero in many places"
    else:
        reason = f"{' and '.join(zero)} {'is' if len(zero) == 1 else 'are'} zero in this graph"
    consumers = " and ".join(line.name for line in case.consumers)
    return Diagnosis(
        code="right-by-accident",
        certainty="proven",
        error=f"right here only because {reason}",
        note=f"As a formula for {case.name} it lacks something: with other gradients arriving from above it would be wrong.",
        help=f"Write it so that it is right for any gradient that arrives at {consumers or 'its consumers'}.",
        span=case.span(),
        evidence="With random numbers added to the gradients this answer reads, autograd's result and the answer part ways.",
    )


def _float32(case: Case) -> Diagnosis:
    return Diagnosis(
        code="float32",
        certainty="proven",
        error="right, computed in float32",
        note="The check runs in float64. A float32 part of the line made it less exact, or made torch refuse the mix; "
        "judged again all in float32, it is right.",
        help="Take the dtype from a value of the forward: `.to(x.dtype)`, `torch.zeros_like(x)`.",
        span=case.span(),
        evidence="Within 1e-4 of autograd's gradient, relative to the size of its terms, in trials that run in float32 throughout.",
    )


def _rebound(case: Case) -> Diagnosis:
    names = sorted({name for run in case.verdict.runs for name, _ in run.rebound})
    listed = " and ".join(f"`{n}`" for n in names)
    return Diagnosis(
        code="shadowed-name",
        certainty="proven",
        error=f"right, once {listed or 'the forward values'} mean what the forward named so"
        if listed
        else "right, on the forward's own values",
        note="A line above gives a name of the forward another meaning; in one program this line would read the new one.",
        help="Give the new value a name of its own.",
        span=case.span(),
        evidence="Right in every trial in which the forward's names are put back after each gradient.",
    )
