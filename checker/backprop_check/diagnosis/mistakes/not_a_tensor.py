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

Question: {node} is {axes}. What kind of thing holds its gradient, and what kind is yours?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import fill, literal, parsed
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_replay.still import moves_with_values
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.phrases import short, users
from backprop_check.diagnosis.raised.refusals import refusal, uncalled
from backprop_check.expression.rewrites import calls, parts, put
from backprop_check.records import Diagnosis

KINDS = {
    "int": "a plain number",
    "float": "a plain number",
    "bool": "True or False",
    "NoneType": "None",
    "list": "a list",
    "tuple": "a tuple",
}
METHODS = ("builtin_function_or_method", "method", "function")
LEAVING = ("item", "tolist", "numpy")


def find(case: Case) -> Diagnosis | None:
    kinds = [run.answers[case.name].kind for run in case.verdict.runs]
    if kinds[0] is None:
        return _item(case)
    if (pair := _pair(case)) is not None:
        return pair
    what = KINDS.get(kinds[0], "a function that is not called" if kinds[0] in METHODS else f"a {kinds[0]}")
    note, move = _why(case, kinds[0])
    return case.proven(
        "not-a-tensor",
        error=f"this is {what}, but {case.name} is a tensor of shape {case.due}",
        note=note,
        help=move,
        evidence=f"The value's type is {kinds[0]}.",
        fix=_fix(case),
    )


def _fix(case: Case) -> str | None:
    value = getattr(case.written[-1], "value", None) if case.written else None
    if (found := search(case, edits)) is not None:
        return found.fix
    return _joined(case, value) if isinstance(value, ast.expr) and len(getattr(value, "elts", "ab")) > 1 else None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Of a plain number one for every number of the node: ones in the place of its 1, or beside it."""
    if not isinstance(value_of(case, expression), int | float):
        return
    ones = parsed(f"torch.ones_like({case.node})")
    yield from ((put(expression, part, ones), part) for part in parts(expression) if literal(part) == 1)
    yield ast.BinOp(expression, ast.Mult(), ones), expression


def _pair(case: Case) -> Diagnosis | None:
    """`a.max(1)`: whether its numbers are the answer is tried; its places are whole numbers, and never are."""
    value = getattr(case.written[-1], "value", None) if case.written else None
    held = value_of(case, value) if isinstance(value, ast.expr) else None
    if not isinstance(value, ast.expr) or not (isinstance(held, tuple) and hasattr(held, "values") and hasattr(held, "indices")):
        return None
    numbers = ast.Attribute(value, "values", ast.Load())
    right = case.is_right(numbers)
    return case.proven(
        "not-a-tensor",
        error=f"this is a pair of tensors, but {case.name} is one tensor, of shape {case.due}",
        note="Along an axis it gives the numbers (`.values`) and the places where they stand (`.indices`)"
        + ("." if right else f"; neither is {case.name}."),
        help=f"Take the numbers: `{short(numbers)}`." if right else _start(case),
        evidence="What the line gives has `.values` and `.indices`" + ("." if right else ", and neither is autograd's gradient."),
        fix=ast.unparse(numbers) if right else None,
    )


def _start(case: Case) -> str:
    return f"Go back to {users(case)}: how far does the result move for each number of {case.node}?"


def _item(case: Case) -> Diagnosis | None:
    """`.item()` of a tensor of many numbers, which raises."""
    raised, known = case.verdict.answer.raised, refusal(case)
    if raised is None or known is None or not isinstance(known.part, ast.Call) or function_of(known.part) not in ("item", "float", "int"):
        return None
    return case.proven(
        "not-a-tensor",
        error=known.error,
        note=f"{case.name} holds one number for every number of {case.node}: stay with whole tensors.",
        help=known.help,
        span=case.span(known.part),
        evidence=f"The line raised {raised.kind}: {raised.message}.",
        claims=(claims.raised(case),),
    )


def _why(case: Case, kind: str) -> tuple[str, str]:
    """Why that is no gradient, and the move: what is tried is right, what is not proven leads back to the forward."""
    value = getattr(case.written[-1], "value", None) if case.written else None
    one_each = f"{case.name} holds one number for every number of {case.node}."
    start = _start(case)
    if not isinstance(value, ast.expr):
        return one_each, start
    one = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == 1
    if kind in ("list", "tuple") and not one and (joined := _joined(case, value)) is not None:
        return "The numbers are right; they stand in several tensors, side by side.", f"Join them: `{joined}`."
    left = next((call for call in calls(value, *LEAVING) if isinstance(call.func, ast.Attribute)), None)
    if left is not None:
        assert isinstance(left.func, ast.Attribute)
        return (
            f"`.{left.func.attr}()` makes something else of a tensor.",
            f"Leave the tensor a tensor: take the `.{left.func.attr}()` away.",
        )
    if kind in ("int", "float"):
        return _number(case, value, start)
    if kind in ("list", "tuple") and isinstance(value, ast.Tuple | ast.List):
        return _several(case, value, one_each, start)
    if kind in METHODS and (method := uncalled(case, iter([n for n in ast.walk(value) if isinstance(n, ast.expr)]))) is not None:
        return "Without brackets a method is not called.", f"Write brackets after it: `{short(method)}()`."
    if kind in METHODS:
        return "Without brackets a function is not called.", "Write brackets after it, with what it takes."
    if kind.startswith("numpy"):
        return one_each, "Stay in torch: what numpy computes has a function of torch too."
    return one_each, start


def _joined(case: Case, value: ast.expr) -> str | None:
    """How to make one right tensor of several, where that can be done."""
    names = {"v": value, "x": parsed(case.node)}
    ways = ("torch.stack(v)", "torch.stack(v, 1)", "torch.stack(v, -1)", "torch.cat(v)", "torch.cat(v, 1)")
    return case.fix(*(fill(way, names) for way in ways))


def _number(case: Case, value: ast.expr, start: str) -> tuple[str, str]:
    """Whether one number for all is right, once it has the shape."""
    told = _filled(case, case.draft or value)
    if told:
        return f"The number is right, and {case.name} holds it once for every number of {case.node}.", f"Write `{told}`."
    with_ = _moved_by(case)
    return (f"No fixed number is right here: the gradient changes with {with_}." if with_ else "And the number is not right."), start


def _filled(case: Case, number: ast.expr) -> str:
    """What makes the answer of one number, in the shape of its node; nothing where that is not right."""
    written = f"torch.full_like({case.node}, {ast.unparse(number)})"
    if not case.is_right(parsed(written)):
        return ""
    return f"torch.ones_like({case.node})" if literal(number) == 1 else written


def _moved_by(case: Case) -> str:
    """What the gradient changes with, so that no fixed number is right; nothing where that is not known."""
    return "the inputs" if moves_with_values(case, kept=True) else "what arrives from above" if moves_with_values(case) else ""


def _several(case: Case, value: ast.Tuple | ast.List, one_each: str, start: str) -> tuple[str, str]:
    """A comma too many, square brackets around an answer, or values side by side."""
    if len(value.elts) != 1:
        fixed = {literal(element) for element in value.elts}
        if len(fixed) == 1 and None not in fixed and (told := _filled(case, value.elts[0])):
            return "The number is right; several of it side by side are no tensor.", f"`{told}` makes one of the shape of `{case.node}`."
        if fixed and None not in fixed and (with_ := _moved_by(case)):
            return f"Values side by side are no tensor, and no fixed numbers are right here: the gradient changes with {with_}.", start
        return (
            "Values side by side are no tensor.",
            start if not value.elts else f"Write one expression of whole tensors for all numbers of {case.name}.",
        )
    inner = value_of(case, value.elts[0])
    if isinstance(value, ast.Tuple):
        return "A comma after a value makes a tuple of it.", "Take the comma away."
    return (one_each, "Take the square brackets away.") if isinstance(inner, torch.Tensor) else (one_each, start)
