"""applied-twice: a function is applied to a value that already is its result.

Family: Local derivative
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: dz = (1 - torch.tanh(h)**2) * dh
Right: dz = (1 - h**2) * dh

Why:
The forward has computed tanh(z) and called it h. Applying tanh again gives tanh(tanh(z)), which appears nowhere in
the graph. The forward keeps its results so that the backward pass can use them as they are.

Read more: the forward of the exercise, `backprop-check graph`.

Question: Of what does {part} take the function? Has the forward taken it already?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.laws import MOVED
from backprop_check.derivation.read import ALIASES
from backprop_check.derivation.table import COPIED, MEAN, SUM, TABLE
from backprop_check.derivation.trees import dumped, literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by taking the function away, wherever it stands: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    inner = inner_of(found.part)
    assert inner is not None and isinstance(found.part, ast.Call)
    of, nearer = _of_its_operand(case, found.part, inner)
    other = f", or take {function_of(found.part)} of `{of}`, as the forward does" if nearer else ""
    return case.proven(
        "applied-twice",
        by=found,
        error=f"`{text(inner)}` already is the result; the function is applied once more",
        note=case.only(f"Without it, `{text(inner)}` in its place, the expression is right."),
        help=f"Use the forward's own result as it is{other}.",
        evidence="With the call taken away the expression equals autograd's gradient in every trial.",
        fix=nearer,
    )


def _of_its_operand(case: Case, call: ast.expr, inner: ast.expr) -> tuple[str, str | None]:
    """The value of the forward that the function was taken of, and the line with it in the place of the result, where that is right."""
    operand = _taken_of(case, call, inner)
    if not isinstance(operand, ast.Name) or case.draft is None:
        return "", None
    changed = case.draft
    for same in (part for part in parts(case.draft) if dumped(part) == dumped(call)):
        changed = put(changed, same, put(same, inner_of(same) or same, operand))
    return operand.id, text(changed) if case.is_right(changed) else None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    alike: dict[str, list[ast.Call]] = {}
    for part in parts(expression):
        if isinstance(part, ast.Call) and inner_of(part) is not None:
            alike.setdefault(dumped(part), []).append(part)
    for same in alike.values():
        changed = expression
        for call in same:
            inner = inner_of(call)
            assert inner is not None
            changed = put(changed, call, inner)
        inner = inner_of(same[0])
        if inner is not None and _taken_of(case, same[0], inner) is not None:
            yield changed, same[0]


def _taken_of(case: Case, call: ast.expr, inner: ast.expr) -> ast.expr | None:
    """Of what the forward has applied the function, whose result it is applied to here; None where it is another function."""
    value = value_of(case, inner)
    if not isinstance(value, torch.Tensor):
        return None
    # Only what was computed before: exp(log(c)) is c as well, but nobody applied exp to make it.
    names, used = list(case.graph.exercise.names), {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)}
    last = max((names.index(name) for name in used if name in names), default=len(names))
    before = [line for line in case.graph.exercise.lines if names.index(line.name) <= last]
    operands = [part for line in before for part in parts(ast.parse(line.source.strip(), mode="eval").body)]
    for operand in sorted((*operands, *parts(inner)), key=lambda operand: not isinstance(operand, ast.Name)):
        result = value_of(case, put(call, inner, operand)) if operand is not inner else None
        if isinstance(result, torch.Tensor) and result.shape == value.shape and torch.allclose(result.to(value.dtype), value, rtol=1e-9):
            return operand
    return None


MAKES = ("zeros", "ones", "full", "tensor", "rand", "randn", "arange", "eye", "empty", "as_tensor", "item", "tolist")
"""Calls that apply no function to a value."""
ADDS = ("sum", "mean", "max", "min")


def inner_of(node: ast.expr) -> ast.expr | None:
    """What a function is applied to that changes numbers: `torch.tanh(x)`, `x.exp()`, `x.clamp(-1, 1)`; not one that moves or adds them."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args):
            module = isinstance(owner, ast.Name) and owner.id in ("torch", "F")
            inner, *others = args if module and args else (owner, *args)
            row = TABLE.get(ALIASES.get(name, name))
            moves = row is not None and not {MOVED, SUM, MEAN, COPIED}.isdisjoint(row.laws.values())
            plain = all(literal(other) is not None for other in (*others, *(keyword.value for keyword in node.keywords)))
            return inner if plain and not moves and not name.endswith("_like") and name not in (*MAKES, *ADDS) else None
    return None
