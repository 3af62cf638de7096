"""not-a-tensor: the answer is a number, a list or something else, not a tensor.

Family: The line raised, or is not an answer
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = 2
Right: da = b * dy

Why:
A gradient holds one number for every number of the variable, so it is a tensor of the variable's own shape. A plain
number would be added to every element alike, and nobody would notice that the shape is not there.

Read more: the exercise's own comments give the shape of every gradient.
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis

KINDS = {
    "int": "a plain number",
    "float": "a plain number",
    "bool": "True or False",
    "NoneType": "None",
    "list": "a list",
    "tuple": "a tuple",
}


def find(case: Case) -> Diagnosis | None:
    kinds = [run.answers[case.name].kind for run in case.verdict.runs]
    if kinds[0] is None:
        return None
    what = KINDS.get(kinds[0], f"a {kinds[0]}")
    return Diagnosis(
        code="not-a-tensor",
        certainty="proven",
        error=f"this is {what}, but {case.name} is a tensor of shape {case.due}",
        note=f"{case.name} holds one number for every number of {case.node}.",
        help=_help(kinds[0], case),
        span=case.span(),
        evidence=f"The value's type is {kinds[0]}.",
    )


def _help(kind: str, case: Case) -> str:
    if kind in ("int", "float"):
        return f"If every element has that value, say so with a tensor: `torch.ones_like({case.node})` times the number."
    if kind == "tuple":
        return "A comma at the end of the line makes a tuple: take it away."
    if kind.startswith("numpy"):
        return "Stay in torch: `torch.from_numpy(...)` turns an array into a tensor."
    return f"Compute a tensor of the shape of {case.node}."
