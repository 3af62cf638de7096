"""The letters of an `einsum` in another order: what that is for a tensor, a transpose is for a factor of `@`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import permutations

from backprop_check.derivation.trees import dumped, parsed
from backprop_check.diagnosis.by_edit.edits import Edit
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import calls, put

MOST = 4


def letters_of(call: ast.expr) -> tuple[list[str], str] | None:
    """The letters of each tensor of an `einsum`, and those of its result."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "einsum" and call.args):
        return None
    given = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
    before, arrow, after = re.sub(r"\s", "", str(given)).partition("->")
    return (before.split(","), after) if arrow and "." not in before else None


def relettered(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The letters of one of the tensors in another order, and that tensor; those of the result, and they."""
    for call in calls(expression, "einsum"):
        if (letters := letters_of(call)) is not None and len(letters[0]) == len(call.args) - 1:
            for order in list(permutations(letters[1]))[1:] if call is not expression and len(letters[1]) <= MOST else ():
                told = f"{','.join(letters[0])}->{''.join(order)}"
                yield put(expression, call.args[0], ast.copy_location(ast.Constant(told), call.args[0])), call.args[0]
            kept = _of_forward(case, call, letters[0])
            for i, group in enumerate(letters[0]):
                for order in list(permutations(group))[1:] if len(group) <= MOST else ():
                    groups = [*letters[0][:i], "".join(order), *letters[0][i + 1 :]]
                    told = f"{','.join(groups)}->{letters[1]}".translate(str.maketrans("".join(order), group) if i in kept else {})
                    yield put(expression, call.args[0], ast.copy_location(ast.Constant(told), call.args[0])), call


def _of_forward(case: Case, call: ast.Call, groups: list[str]) -> frozenset[int]:
    """The tensors of an `einsum` that have the letters which they have in the forward: the others are to have other letters."""
    known = set[tuple[str, str]]()
    for line in case.graph.exercise.lines:
        for other in calls(parsed(line.source.strip()), "einsum"):
            if (letters := letters_of(other)) is not None:
                known |= {(dumped(operand), group) for operand, group in zip(other.args[1:], letters[0], strict=False)}
    return frozenset(i for i, (operand, group) in enumerate(zip(call.args[1:], groups, strict=True)) if (dumped(operand), group) in known)
