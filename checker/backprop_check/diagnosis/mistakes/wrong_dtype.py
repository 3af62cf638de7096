"""wrong-dtype: the answer holds whole numbers or truth values, not floating-point numbers.

Family: State, dtype, harness
Forward: h = torch.relu(z)
Shapes: z (N, C)
Wrong: dz = dh > 0
Right: dz = (z > 0) * dh

Why:
A gradient says how fast the loss moves, which is hardly ever a whole number. An integer or bool tensor mostly comes
from a comparison, a mask, `argmax` or `one_hot` that was meant to be multiplied with the gradient that arrives from
above.

Read more: the PyTorch documentation, "torch.dtype" and "type promotion".

Question: Of which kind are your numbers, and of which kind are those of {node}?
Law: A gradient says how much, in floating-point numbers of the forward's own kind.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import dumped, parsed, text
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.meeting import operands_of
from backprop_check.diagnosis.mistakes.missing_upstream import is_the_slope_alone
from backprop_check.diagnosis.phrases import short, users
from backprop_check.diagnosis.raised.failure import failing_part
from backprop_check.exercise.sizes import written
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.rewrites import method, parts, put
from backprop_check.records import Diagnosis

ONE_KIND = re.compile(r"same dtype, but got|expected scalar type")


def find(case: Case) -> Diagnosis | None:
    raised = case.verdict.answer.raised
    if raised is not None and "can't be cast" in raised.message:
        return case.proven(
            "wrong-dtype",
            error="a tensor of whole numbers cannot take these",
            note=f"The line raised: {raised.message}. What was made to collect the gradient holds whole numbers; a gradient does not.",
            help=f"Begin with `torch.zeros_like({case.node})`, which has the right shape and dtype.",
            span=raised.span or case.span(),
            evidence=f"{raised.kind}: {raised.message}.",
            claims=(claims.raised(case),),
        )
    if raised is not None and ONE_KIND.search(raised.message):
        return _of_two_kinds(case)
    dtypes = {run.answers[case.name].dtype for run in case.verdict.runs}
    if len(dtypes) != 1 or (dtype := next(iter(dtypes))) in (None, "float64", "float32"):
        return None
    if (places := _places(case)) is not None:
        return places
    if is_the_slope_alone(case):
        return None  # of whole numbers by itself: with the factor that it lacks it is none
    note, move = _why(case, str(dtype))
    return case.proven(
        "wrong-dtype",
        error=f"these numbers are {dtype}, but {case.name} is float64",
        note=f"{note}{_misshapen(case)}".strip(),
        help=move,
        evidence=f"The answer's dtype is {dtype} in every trial.",
    )


def _of_two_kinds(case: Case) -> Diagnosis | None:
    """A matrix product that torch refuses since one of its factors holds whole numbers, or is a mask."""
    part = failing_part(case)
    held = [(o, v) for o in (operands_of(part) if part is not None else ()) if isinstance(v := value_of(case, o), torch.Tensor)]
    whole = [(o, v) for o, v in held if not v.is_floating_point() and not v.is_complex()]
    if len(whole) != 1 or len(held) < 2:
        return None
    (factor, value), made = whole[0], method(whole[0][0], "to", parsed(f"{case.node}.dtype"))
    draft = case.draft
    places = [p for p in parts(draft) if dumped(p) == dumped(factor)] if draft is not None else []
    holds = "is a mask" if value.dtype == torch.bool else "holds whole numbers"
    return case.proven(
        "wrong-dtype",
        error=f"`{short(factor)}` {holds}, and a matrix product needs one kind",
        note="A product element by element makes one kind of two, `@` and its like do not.",
        help=f"Make them of {case.node}'s own kind first: `.to({case.node}.dtype)`.",
        span=case.span(factor),
        evidence=f"{raised.kind}: {raised.message}." if (raised := case.verdict.answer.raised) is not None else "",
        claims=(claims.raised(case),),
        fix=case.fix(*(put(draft, place, made) for place in places)) if draft is not None else None,
    )


def _misshapen(case: Case) -> str:
    if case.verdict.difference.wrong != "shape":
        return ""
    shapes = [(run.answers[case.name].shape, tuple(run.trial.gradients[case.name].shape), run.trial.sizes) for run in case.verdict.runs]
    got, due, sizes = next(((got, due, sizes) for got, due, sizes in shapes if got != due), shapes[0])
    if shapes[0][0] != shapes[0][1] or got is None:
        return f" And yours is {case.got}, but {case.node} is {case.due}."
    with_sizes = " and ".join(f"{name}={length}" for name, length in sizes.items())
    return f" And they are as many at every size: with {with_sizes} {case.node} is {written(due)}, and yours is {written(got)}."


def _places(case: Case) -> Diagnosis | None:
    """Where a number stands, in the place of how much moves with it."""
    value = case.fold(case.name)
    if not case.everywhere or value is None or not _names_places(value):
        return None
    table = _table(case, value)
    right = next((line for line in _times(case, table) if case.is_right(line)), None) if table is not None else None
    move = f"Go back to {users(case)}: how far does the result move for each number of {case.node}?"
    if table is not None and right is not None:
        move = f"Draw a table of the shape of {case.node} with a 1 at each of these places, `{text(table)}`; "
        move += f"times what arrives from above it is `{text(right)}`."
    return case.proven(
        "wrong-dtype",
        error="these are places, not amounts",
        note=f"`{short(value)}` says where a number stands, in whole numbers; a gradient says how much moves.{_misshapen(case)}",
        help=move,
        evidence="The answer's dtype is int64 in every trial.",
        fix=text(right) if right is not None else None,
    )


def _names_places(value: ast.expr) -> bool:
    called = value.func.attr if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else None
    return called in ("argmax", "argmin") or (isinstance(value, ast.Attribute) and value.attr == "indices")


def _table(case: Case, places: ast.expr) -> ast.expr | None:
    """The table with a 1 at each place, if one has the node's shape in every trial."""
    rank = case.oracles[0].dim()
    for axis in range(rank - 1, -1, -1):
        length = parsed(f"{case.node}.shape[{axis}]")
        for laid in (places, method(places, "squeeze", axis)):
            drawn: ast.expr = ast.Call(parsed("F.one_hot"), [laid, length], [])
            drawn = drawn if axis == rank - 1 else method(drawn, "movedim", -1, axis)
            if all(_shape(evaluator, drawn) == run.trial.gradients[case.name].shape for evaluator, run in case.each):
                return drawn
    return None


def _shape(evaluator: Evaluator, expression: ast.expr) -> torch.Size | None:
    value = evaluator.tensor(expression)
    return value.shape if value is not None else None


def _times(case: Case, table: ast.expr) -> Iterator[ast.expr]:
    """The table times what arrives from above, laid out as it is, or with an axis of length 1."""
    for line in case.consumers:
        if "d" + line.name in case.available:
            above = ast.Name("d" + line.name, ast.Load())
            laid = [above, *(method(above, "unsqueeze", axis) for axis in range(case.oracles[0].dim() - 1, 0, -1))]
            yield from (ast.BinOp(table, ast.Mult(), factor) for factor in laid)


def _why(case: Case, dtype: str) -> tuple[str, str]:
    """What such numbers lack: the right kind alone, or what arrives from above."""
    if case.everywhere and case.same_shape and case.is_oracle(case.answers):
        return (
            "The numbers are right, and only of another kind.",
            f"Make them of {case.node}'s own kind: `.to({case.node}.dtype)`, or `torch.ones_like({case.node})` for ones.",
        )
    number = float(case.answers[0].flatten()[0]) if case.everywhere and case.answers[0].numel() else None
    if number is not None and case.oracles[0].dim() and case.is_oracle([torch.full_like(oracle, number) for oracle in case.oracles]):
        move = f"`torch.full_like({case.node}, {number:g})` makes them of {case.node}'s own shape and kind."
        return "The number is right.", move
    above = [name for line in case.consumers if (name := f"d{line.name}") in case.available - case.reads]
    zeros_and_ones = case.everywhere and all(bool(((a == 0) | (a == 1)).all()) for a in case.answers)
    if dtype == "bool" or (dtype == "int64" and above and zeros_and_ones):
        what = "True and False" if dtype == "bool" else "Whole numbers"
        right = [name for name in above if case.is_oracle(_weighted(case, name))]
        move = (
            f"Multiply with what arrives from above: {' or '.join(right)}."
            if right
            else f"Go back to {users(case)}: how far does the result move with {case.node}?"
        )
        return f"{what} can say where a gradient passes, not how much of it.", move
    return "", "Compute in the forward's own dtype: float64, as its tensors are."


def _weighted(case: Case, name: str) -> Tensors | None:
    """The answer times what arrives from above."""
    try:
        return [answer * run.trial.gradients[name] for answer, run in zip(case.answers, case.runs, strict=True)]
    except RuntimeError:
        return None
