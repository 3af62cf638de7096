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

Question: Line {line} has the forward's names to choose from, and the gradients finished above it. Which of them do you mean by {part}?
Of the end: Where does the way back begin, and what arrives there?
Of a size: Does a number of {node} count by how many there are of anything? And which tensor has an axis of that length?
Of a missing import: Which line at the top of the file would say what {part} is?
Of what is before a dot: What kind of thing stands before the last dot of {part}, and what does such a thing have?
Law: A line of `backward` may use what the forward names, the gradients written above it, names of your own, and what the file imports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F

from backprop_check.derivation.trees import parsed
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.raised.spelling import alike
from backprop_check.diagnosis.raised.unbound import told
from backprop_check.expression.rewrites import put
from backprop_check.expression.vocabulary import ATTRIBUTES, FUNCTIONS, METHODS
from backprop_check.records import Diagnosis, Raised

_ATTRIBUTE = re.compile(r"(?:^|module )'?([\w.]+)'? (?:object )?has no attribute '(\w+)'")
OWNERS = {
    "Tensor": "a tensor", "int": "a plain number", "float": "a plain number", "list": "a list", "tuple": "a tuple", "torch.Size": "a shape",
    "NoneType": "None", "range": "a range", "str": "a text", "bool": "True or False",
}  # fmt: skip
PAIRS = re.compile(r"torch\.return_types\.(max|min|sort|topk|median|nanmedian|mode|kthvalue|cummax|cummin)$")
"""What a function gives that gives numbers and their places."""
OTHERWISE = {
    "ln": "`torch.log(x)`: it is the natural logarithm",
    "sech": "`1 / torch.cosh(x)`",
    "csch": "`1 / torch.sinh(x)`",
    "sec": "`1 / torch.cos(x)`",
    "csc": "`1 / torch.sin(x)`",
    "cot": "`1 / torch.tan(x)`",
    "coth": "`1 / torch.tanh(x)`",
    "copy": "`x.clone()`",
    "astype": "`x.to(...)`",
    "power": "`x**n`",
    "dagger": "`x.T`",
}
"""How to write what torch has under no name, or under another."""

_SIZED = re.compile(r"\.shape\b|\.size\(|\.numel\(|\blen\(|\.mean\(")
_NAME = re.compile(r"(?:name|variable) '(\w+)'")


def find(case: Case) -> Diagnosis | None:
    raised = case.verdict.answer.raised
    match = _NAME.search(raised.message) if raised and raised.kind in ("NameError", "UnboundLocalError") else None
    if raised is not None and raised.kind == "AttributeError":
        return _attribute(case, raised)
    if raised is None or match is None:
        return None
    name = match.group(1)
    error, note, move, question = told(case, name, raised)
    length = re.fullmatch(r"Write `(.+)`, which is \w+\.", move)
    if length and case.derived is not None and not _SIZED.search(case.derived.text):
        move = f"No size comes into this gradient: leave it out. (`{length[1]}` would be {name}.)"
    return case.proven(
        "undefined-name",
        error=error,
        note=note,
        help=move,
        question=question,
        span=raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}.",
        claims=(claims.raised(case),),
        fix=found.fix if (found := search(case, partial(_lengths, name))) is not None else None,
    )


def _lengths(name: str, case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A length of the node where a size's name stands."""
    there = [part for part in parts(expression) if isinstance(part, ast.Name) and part.id == name]
    for axis in range(case.verdict.runs[0].trial.values[case.node].dim()) if there else ():
        changed = expression
        for part in there:
            changed = put(changed, part, parsed(f"{case.node}.shape[{axis}]"))
        yield changed, there[0]


def _attribute(case: Case, raised: Raised) -> Diagnosis | None:
    """A tensor, or torch, was asked for something that it does not have."""
    match = _ATTRIBUTE.search(raised.message)
    if match is None:
        return None
    owner, name = match.groups()
    number = owner in ("int", "float")
    found = search(case, partial(_times, name)) if number else None
    module = f"module '{owner}'" in raised.message or owner == "torch"
    who = OWNERS.get(owner, "a pair of tensors" if PAIRS.match(owner) else owner if module else f"a {owner}")
    return case.proven(
        "undefined-name",
        error=f"{who} has no `{name}`",
        question="Of what is before a dot",
        note="A dot asks what stands before it for something of its own." if number else "",
        help=_of_number(name, found is not None) if number else _instead(owner, name),
        span=raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}.",
        claims=(claims.raised(case),),
        fix=found.fix if found is not None else None,
    )


def _times(name: str, case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A number times what stands after its dot: `3 * dy.sum(0)` for `3 .dy.sum(0)`."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Attribute) and node.attr == name:
            start: ast.expr = ast.Name(name, ast.Load())
            part: ast.expr = node
            for outer in around(expression, node):
                if not isinstance(outer, ast.Call | ast.Attribute | ast.Subscript) or part not in (
                    getattr(outer, "func", None),
                    getattr(outer, "value", None),
                ):
                    break
                part = outer
            yield put(expression, part, ast.BinOp(node.value, ast.Mult(), put(part, node, start))), part


def _of_number(name: str, multiplies: bool) -> str:
    if hasattr(torch.Tensor, name) and not multiplies:
        return f"Only a tensor has `{name}`: leave it out, or take it of the tensor that was meant; a length, as `x.shape[0]`, is a number."
    return "To multiply, write `*` in the place of the dot."


def _instead(owner: str, name: str) -> str:
    """What there is in its place: the same elsewhere, another way to write it, or a name that is spelt almost so."""
    if PAIRS.match(owner):
        return "Take one of the two: `.values` for the numbers, `.indices` for the places where they stand."
    if owner not in ("Tensor", "torch") and callable(getattr(torch, name, None)):
        return f"torch has it for tensors: `torch.{name}(...)`."
    if owner in ("list", "tuple"):
        return "Make one tensor of what it holds: `torch.stack` along a new axis, `torch.cat` along one that is there."
    if owner not in ("Tensor", "torch", "torch.nn.functional"):
        return "Ask what stands before the dot: a tensor belongs there."
    if name in OTHERWISE:
        return f"Write {OTHERWISE[name]}."
    if owner == "Tensor" and callable(getattr(torch, name, None)):
        return f"It is a function of torch, which takes the tensor as its argument: `torch.{name}(x)`."
    if owner == "torch" and callable(getattr(F, name, None)):
        return f"It is in `torch.nn.functional`: `F.{name}(...)`, with `import torch.nn.functional as F` at the top of the file."
    if owner == "torch" and callable(getattr(torch.Tensor, name, None)):
        return f"It is a method of tensors: `x.{name}(...)`."
    near = alike(name, sorted(METHODS | ATTRIBUTES if owner == "Tensor" else FUNCTIONS))
    if near:
        return f"Near it: {', '.join(f'`{n}`' for n in near)}."
    return "Write it with what torch has: its documentation lists that."
