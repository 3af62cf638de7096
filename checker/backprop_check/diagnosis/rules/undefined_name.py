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

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.unbound import told
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
    error, note, move = told(case, name, raised)
    return Diagnosis(
        code="undefined-name",
        certainty="proven",
        error=error,
        note=note,
        help=move,
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
