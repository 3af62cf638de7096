"""hard-coded-size: right at the sizes of the exercise, wrong or impossible at any other.

Family: State, dtype, harness
Forward: p = c * s
Shapes: c (N, C), s (N, 1)
Wrong: ds = (c * dp).sum(1).reshape(5, 1)
Right: ds = (c * dp).sum(1).reshape(-1, 1)

Why:
The number in the code happens to be the length of an axis today. With another batch it is not, and the line gives a
wrong gradient or stops. Take lengths from the tensors (`x.shape[0]`), keep axes instead of naming their length
(`keepdim=True`), or leave one length to torch (`-1`).

Read more: the PyTorch documentation, "torch.Tensor.shape".

Question: Let it be {large} in the place of {small}. Which lengths in your line would have to change with that, and do they?
Law: The length of an axis belongs to the tensor, not to the line. {node} is {shape}: at {small} that is {due_small}, at {large}
{due_large}. A line that holds for both takes its lengths from the tensors.
Traits: formula right, of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_edit.lengths import Taken, changes, length_of, lengths, runs_everywhere
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around, function_of
from backprop_check.exercise.sizes import nominal_name, written
from backprop_check.expression.rewrites import calls, put
from backprop_check.records import Diagnosis, Raised, Run, Span


def find(case: Case) -> Diagnosis | None:
    if "hard-coded-size" not in case.verdict.why:
        return None
    runs = case.verdict.runs
    other = next(run for run, d in zip(runs, case.verdict.differences, strict=True) if d.wrong)
    raised = other.answers[case.name].raised
    what = f"raises: {raised.message.rstrip('.')}" if raised else "is wrong"
    found = next(changes(case, case.folded, Case.is_right), None) if case.folded is not None else None
    return case.proven(
        "hard-coded-size",
        error=_error(case, found),
        note=f"Right at {_sizes(runs[0])}; at {_sizes(other)} it {what}.",
        help=_move(case, found),
        span=case.span(found[1][0].literal) if found is not None else case.span(),
        evidence=f"Right in three trials at the nominal sizes, and wrong in each at {_sizes(other)}.",
        claims=(claims.raised(case) if raised else claims.shapes(case),),
        fix=ast.unparse(ast.fix_missing_locations(found[0])) if found is not None else None,
        also=_also(case, found),
    )


def besides(case: Case) -> Diagnosis | None:
    """Of an answer that is wrong at the exercise's own sizes too: that a length in it is a number, and not right at others."""
    runs, first = case.verdict.runs, case.verdict.runs[0].answers[case.name].value
    if first is None or not case.written:
        return None
    if (guess := _guessed(case)) is not None:
        return guess
    raised = next((r for run in runs[1:] if (r := run.answers[case.name].raised) is not None), None)
    shapes = [tuple(run.trial.gradients[case.name].shape) for run in runs]
    fits = tuple(first.shape) == shapes[0]
    other = next((run for run, shape in zip(runs, shapes, strict=True) if run.answers[case.name].shape not in (None, shape)), None)
    if raised is None and not (fits and other is not None):
        return None
    found = next(changes(case, case.folded, partial(runs_everywhere, fits=fits)), None) if case.folded is not None else None
    if found is None:
        return _counted(case, raised) if case.folded is None and raised is not None else None
    reason = raised.message.rstrip(".") if raised else ""
    where = f"At other sizes the line raises: {reason}." if raised else f"At {_sizes(other)} the shape does not fit." if other else ""
    own = "the numbers are not right either" if case.verdict.differences[0].wrong == "value" else "the answer is not right either"
    now = (
        f"And at the exercise's own sizes {own}."
        if fits
        else f"And at the exercise's own sizes the shape is {written(tuple(first.shape))}, not {written(shapes[0])}."
    )
    return case.proven(
        "hard-coded-size",
        error=_error(case, found),
        note=f"{where} {now}",
        help=f"{_move(case, found)} Then check again.",
        span=case.span(found[1][0].literal),
        evidence="With these lengths taken from the forward's tensors the line runs at every size, and is not right yet.",
        claims=(claims.raised(case) if raised else claims.shapes(case),),
        also=_also(case, found),
    )


def _counted(case: Case, raised: Raised) -> Diagnosis | None:
    """Of statements that are no one expression: a `range` counts to a number that is a length of today, and they raise at others."""
    counts = (n for node in case.written for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == "range")
    literal = next((lit for call in counts for lit in lengths(case, call)), None)
    name = _name(case, literal) if literal is not None else None
    if literal is None or name is None:
        return None
    return case.proven(
        "hard-coded-size",
        error=f"this {length_of(literal)} is the length {name} of today",
        note=f"At other sizes the line raises: {raised.message.rstrip('.')}. "
        "And at the exercise's own sizes the answer is not right either.",
        help="Count to a length that is taken from a tensor, as `x.shape[0]`. Then check again.",
        span=case.span(literal),
        evidence="It runs at the exercise's own sizes, and raises at others.",
        claims=(claims.raised(case),),
    )


def _guessed(case: Case) -> Diagnosis | None:
    """`one_hot` without a number of columns, where that makes the line right."""
    found = search(case, columns)
    if found is None:
        return None
    call = found.part
    assert isinstance(call, ast.Call)
    length = _second(found.tree, call)
    made, due = value_of(case, call), case.verdict.runs[0].trial.values[case.node]
    told = ""
    if isinstance(made, torch.Tensor):
        told = f": {made.shape[-1]} at the exercise's own sizes, where {case.node} is {written(tuple(due.shape))}"
    return case.proven(
        "hard-coded-size",
        error="`one_hot` is not told how many columns to make",
        note=f"It makes as many as the largest index of today needs{told}. That may be fewer than `{length}`, or as many.",
        help=f"Say how many: give it the length of the axis that the indices count along, `{length}`.",
        span=case.span(call),
        fix=found.fix,
    )


def _sizes(run: Run) -> str:
    return ", ".join(f"{n} = {size}" for n, size in run.trial.sizes.items())


def _name(case: Case, literal: ast.Constant) -> str | None:
    return nominal_name(length_of(literal), case.verdict.runs[0].trial.sizes)


def _error(case: Case, found: tuple[ast.expr, list[Taken]] | None) -> str:
    if found is None:
        return "this is right at the exercise's own sizes, and not at others"
    literal = found[1][0].literal
    name = _name(case, literal)
    if name is not None and isinstance(found[1][0].source, ast.BinOp):
        return f"this {length_of(literal)} is {name} of today, a product of lengths"
    return (
        f"this {length_of(literal)} is the length {name} of today"
        if name
        else f"this {length_of(literal)} is fixed, where {ast.unparse(found[1][0].source)} is meant"
    )


def _also(case: Case, found: tuple[ast.expr, list[Taken]] | None) -> tuple[tuple[Span, str], ...]:
    """The second such number, if there is one."""
    for taken in found[1][1:2] if found is not None else ():
        if (span := case.span(taken.literal)) is not None:
            name = _name(case, taken.literal)
            return ((span, f"and this {length_of(taken.literal)} {'is ' + name if name else 'is fixed too'}"),)
    return ()


def _move(case: Case, found: tuple[ast.expr, list[Taken]] | None) -> str:
    if found is None:
        return (
            f"Take every length from a tensor, as `{case.node}.shape[0]`."
            if case.verdict.runs[0].trial.gradients[case.name].dim()
            else "Take every length from a tensor."
        )
    call = next((node for node in around(found[0], found[1][0].source) if isinstance(node, ast.Call)), None)
    made = value_of(case, call) if call is not None and function_of(call) in ("ones", "zeros", "empty") else None
    if call is not None and isinstance(made, torch.Tensor) and made.shape == case.verdict.runs[0].trial.gradients[case.name].shape:
        return f"Take the whole shape from {case.node}: `torch.{function_of(call)}_like({case.node})`."
    sources = dict.fromkeys(f"`{text(taken.source)}`" for taken in found[1])
    return f"Take {'it' if len(found[1]) == 1 else 'them'} from the tensors: {', '.join(sources)}."


def columns(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A number of columns for a `one_hot` that guesses it."""
    for call in calls(expression, "one_hot"):
        if len(call.args) == 1 and not call.keywords:
            for axis in range(case.verdict.runs[0].trial.gradients[case.name].dim()):
                length = ast.parse(f"{case.node}.shape[{axis}]", mode="eval").body
                yield put(expression, call, ast.copy_location(ast.Call(call.func, [call.args[0], length], []), call)), call


def _second(changed: ast.expr, call: ast.Call) -> str:
    """The number of columns that was given to the `one_hot`."""
    new = next(c for c in calls(changed, "one_hot") if len(c.args) == 2 and ast.dump(c.args[0]) == ast.dump(call.args[0]))
    return ast.unparse(new.args[1])
