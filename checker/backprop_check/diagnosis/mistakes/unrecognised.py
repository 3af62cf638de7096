"""unrecognised: the answer is wrong, and no single cause is proven; only facts are given.

Family: The line raised, or is not an answer
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = torch.sin(b) + dy * 7 - a
Right: da = b * dy

Why:
A wrong guess would send you the wrong way, so the checker says what it knows: what is right (shape, sign, rows) and
what is not, and where the worst element is. Compute that one element by hand, or with `--numeric`, and look at the
forward with `backprop-check graph`.

Read more: `backprop-check check EXERCISE --numeric` shows finite differences beside both values.

Question: Leave your line aside for a moment and begin at {lines}.
Of one place: All but one place of your line can stay. Going by {lines}: what has to stand in that one?
Traits: nameless
"""

from __future__ import annotations

import torch

from backprop_check.diagnosis import claims
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.raised.failure import failing_part
from backprop_check.diagnosis.raised.refusals import operands_told, refusal
from backprop_check.records import Diagnosis, Raised


def find(case: Case) -> Diagnosis | None:
    """Always speaks: facts, never a cause."""
    raised = case.verdict.answer.raised
    if raised is not None:
        return _raised(case, raised)
    difference = case.verdict.difference
    if difference.wrong == "shape" and case.everywhere and case.answers[0].shape == case.oracles[0].shape:
        error, note = "the shape fits at the exercise's own sizes only", f"{case.node} is {case.due}. {_facts(case)}".strip()
        evidence = "In trials of other sizes the shape is held against the variable's own."
    elif difference.wrong == "shape":
        error, note = f"{case.got}, but {case.node} is {case.due}", "A gradient has exactly the shape of its variable."
        evidence = "The shape is held against the variable's own, and the numbers are not compared."
    else:
        error, note = "the shape is right, the numbers are not", _facts(case)
        evidence = "Compared with autograd's gradient, element by element."
    return Diagnosis(
        code="unrecognised",
        certainty="located",
        error=error,
        note=note,
        help=asks(case),
        span=case.span(),
        evidence=evidence,
        claims=(claims.shapes(case),),
    )


def _raised(case: Case, raised: Raised) -> Diagnosis:
    """What torch's error means here; its own words, with the shapes of what was given, where that is not known."""
    known, part = refusal(case), failing_part(case)
    given = operands_told(case, part) if part is not None else ""
    return Diagnosis(
        code="unrecognised",
        certainty="located",
        error=known.error if known else f"{raised.kind}: {raised.message}",
        note=known.note if known else f"The line stopped there. {given}".strip(),
        help=known.help if known else "Look at this part alone: is each thing that it is given of the kind and the shape it asks for?",
        span=(case.span(known.part) if known and known.part is not None else None) or raised.span or case.span(),
        evidence=f"{raised.kind}: {raised.message}",
        claims=(claims.raised(case),),
    )


def _facts(case: Case) -> str:
    """How many numbers are right, and one that is not: at the exercise's own sizes if it is wrong there, else the sizes are named."""
    i = 0 if case.verdict.differences[0].wrong else case.verdict.worst
    run, difference = case.verdict.runs[i], case.verdict.differences[i]
    answer, oracle = run.answers[case.name].value, run.trial.gradients[case.name]
    if answer is None or answer.shape != oracle.shape:
        return ""
    answer = answer.to(torch.float64)
    facts = [f"At {', '.join(f'{name} = {size}' for name, size in run.trial.sizes.items())}:"] if i else []
    bad = ~torch.isfinite(answer) & torch.isfinite(oracle)
    if bad.any():
        facts.append(f"{int(bad.sum())} of {answer.numel()} numbers are NaN or infinite.")
    wrong = (answer - oracle).abs() > case.tolerance * run.trial.scales[case.name]
    judged = torch.isfinite(oracle)
    right = int((~wrong & ~bad & judged).sum())
    shared = bool((~wrong & ~bad & judged & (oracle != 0)).any())  # where nothing arrives, 0 is right by itself
    if not judged.all():
        facts.append(f"{int((~judged).sum())} of {answer.numel()} are not judged: autograd's own are NaN or infinite there.")
    if shared and right < int(judged.sum()):
        facts.append(f"{right} of {int(judged.sum())} numbers are right.")
    elif answer.numel() > 1 and all(torch.equal(a.sign(), o.sign()) for a, o in zip(case.answers, case.oracles, strict=True)):
        facts.append("Every sign is right, in every trial.")
    shown = "" if bad.any() or i else example(case)
    if not shown and difference.worst is not None and not bad.any():
        place = f"{case.name}[{', '.join(map(str, difference.worst))}]" if difference.worst else case.name
        shown = f"The worst element: {place} is {answer[difference.worst]:.4g}, and should be {oracle[difference.worst]:.4g}."
    return " ".join((*facts, shown)).strip()
