"""undefined-name: the line uses a name that nothing has defined.

Family: The line raised, or is not an answer
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = b * dyy
Right: da = b * dy

Why:
`backward` knows the values of the forward by their names, every gradient written above the line (`d` and the node's
name), and what you defined yourself. Most undefined names are a letter off, or a gradient that is only written
further down.

Read more: The Python Tutorial, "Python Scopes and Namespaces".
"""

from __future__ import annotations

import difflib
import re

import torch

from backprop_check.diagnosis.absent import absent
from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis, Raised

_ATTRIBUTE = re.compile(r"'?(Tensor|torch)'? (?:object )?has no attribute '(\w+)'")
_NAME = re.compile(r"(?:name|variable) '(\w+)'")


def find(case: Case) -> Diagnosis | None:
    raised = case.verdict.answer.raised
    match = _NAME.search(raised.message) if raised and raised.kind in ("NameError", "UnboundLocalError") else None
    if raised is not None and raised.kind == "AttributeError":
        return _attribute(case, raised)
    if raised is None or match is None:
        return None
    name = match.group(1)
    known = absent(case.submission, name)
    return Diagnosis(
        code="undefined-name",
        certainty="proven",
        error=known.error if known else f"nothing is called `{name}` here",
        note=known.note if known else _note(case, name),
        help=known.help if known else _near(case, name, raised.statement),
        span=raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}.",
    )


def _attribute(case: Case, raised: Raised) -> Diagnosis | None:
    """A tensor, or torch, was asked for something that it does not have."""
    match = _ATTRIBUTE.search(raised.message)
    if match is None:
        return None
    owner, name = match.groups()
    function = owner == "Tensor" and hasattr(torch, name)
    instead = f"Write `torch.{name}(x)`." if function else "Its documentation lists what it has."
    near = difflib.get_close_matches(name, dir(torch.Tensor if owner == "Tensor" else torch), n=3, cutoff=0.6)
    return Diagnosis(
        code="undefined-name",
        certainty="proven",
        error=f"{'a tensor' if owner == 'Tensor' else owner} has no `{name}`",
        note=f"`torch.{name}` is a function of torch: it takes the tensor as its argument." if function else "",
        help=f"Near it: {', '.join(f'`{n}`' for n in near)}." if near and not function else instead,
        span=raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}.",
    )


def _note(case: Case, name: str) -> str:
    later = [s.line for s in case.submission.statements if name in s.writes]
    if later:
        return f"`{name}` gets its value at line {later[0]}, which had not run yet, or had failed, when this line used it."
    if name in ("F", "np", "math", "nn"):
        return f"The file does not import `{name}`."
    return "It is neither a value of the forward, nor a gradient written above, nor a name of yours."


def _near(case: Case, name: str, index: int) -> str:
    known = set(case.graph.exercise.names) | case.available
    known |= {n for s in case.submission.statements[:index] for n in s.writes}
    near = difflib.get_close_matches(name, sorted(known - {case.name}), n=3, cutoff=0.6)
    if not near:
        return "`backprop-check graph` shows the names of this exercise."
    return f"Near it: {', '.join(f'`{n}`' for n in near)}."
