"""Say why a name has no value at a line: what the exercise knows by that name, what the learner's own lines do with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.raised.absent import Told, absent
from backprop_check.diagnosis.raised.foreign_names import a_size, of_torch
from backprop_check.diagnosis.raised.spelling import near_names, related
from backprop_check.records import Raised
from backprop_check.submission.parse import exercise_parameters
from backprop_check.submission.statements import written


def told(case: Case, name: str, raised: Raised) -> Told:
    """What is wrong with the name, why, and the move: first for what the exercise itself knows by it, then for the learner's own names."""
    known = _not_handed_over(case, name) or _of_the_forward(case, name, raised)
    if known is None and not any(name in s.writes for s in case.submission.statements):
        known = absent(case.submission, name) or a_size(case, name, raised) or of_torch(case, name, raised)
    return known or _of_the_learner(case, name, raised)


def _not_handed_over(case: Case, name: str) -> Told | None:
    """What is said of a parameter that nothing of the exercise has the name of: it has no value."""
    asked = next((one for one in case.submission.unknown if one.lstrip("*") == name), None)
    if asked is None or any(name in s.writes for s in case.submission.statements):
        return None
    note = "`backward` is handed each value of the forward under that value's own name, and nothing else."
    if asked.startswith("*"):
        return Told(f"`{asked}` holds nothing here", note, "Name the values that you use as parameters, and read them by their names.")
    if name in ("self", "cls"):
        return Told(
            f"`backward` asks for `{name}`, which the forward does not name",
            note,
            "`backward` is no method: read values by their names.",
        )
    return Told(f"`backward` asks for `{name}`, which the forward does not name", note, _left_over(case, name))


def _left_over(case: Case, name: str) -> str:
    """The values that this `backward` does not ask for and that may be meant: those of a like name, else all where they are few."""
    left = [n for n in exercise_parameters(case.graph.exercise) if n not in case.submission.parameters]
    if near := related(name, left):
        return f"Near it: {', '.join(f'`{n}`' for n in near)}."
    if 0 < len(left) <= 3:
        return f"`backward` does not ask for {' and '.join(f'`{n}`' for n in left)} so far: is that what you mean?"
    return "`backprop-check graph` shows the names of this exercise."


def _of_the_forward(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of a value of the forward, or of a gradient that `backward` is given, where the line does not have it."""
    exercise, submission = case.graph.exercise, case.submission
    given = name not in exercise.names
    if name not in exercise_parameters(exercise):
        return _a_gradient(case, name, raised)
    what = "the gradient of the output, given to `backward`" if given else "a value of the forward"
    if name not in submission.parameters:
        meant = related(name, [unknown for unknown in submission.unknown if unknown.isidentifier()])
        return Told(
            f"this `backward` does not take `{name}`",
            f"`{name}` is {what}, but `backward` has no parameter of that name here.",
            f"Call the parameter `{meant[0]}` so." if meant else f"Add `{name}` to the parameters of `backward`.",
        )
    deleted = [s.line for n, s in zip(case.nodes, submission.statements, strict=True) if isinstance(n, ast.Delete) and name in s.writes]
    if deleted:
        return Told(f"`{name}` has no value any more", f"`{name}` is {what}; line {deleted[0]} deletes it.", "Leave that line out.")
    return _inside_only(name, what) if _is_outside(raised) else None


def _a_gradient(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of the gradient of a value of the forward: one asked for elsewhere, or not at all."""
    exercise = case.graph.exercise
    if name not in case.verdict.runs[0].trial.gradients:
        return None
    if any(target.name == name for target in exercise.targets):
        return _inside_only(name, f"the gradient of `{name[1:]}`") if _is_outside(raised) else None
    if any(name in s.writes for s in case.submission.statements):
        return None
    one = name[1:] == exercise.output and not exercise.takes_cotangent
    return Told(
        f"`{name}` has no value here",
        f"It would be the gradient of `{name[1:]}`, which this exercise does not ask for: "
        f"`{name[1:]}` is the result itself, and its gradient is 1."
        if one
        else f"It would be the gradient of `{name[1:]}`, which this exercise does not ask for and no line above assigns.",
        f"As a factor leave `{name}` out; elsewhere write `torch.ones_like({name[1:]})`." if one else f"Write a line for `{name}` first.",
        "Of the end" if one else "",
    )


def _of_the_learner(case: Case, name: str, raised: Raised) -> Told:
    """What is said of any other name: one that the learner's lines assign, or one that nothing has."""
    statements, error = case.submission.statements, f"`{name}` has no value here"
    writers = [s for s in statements if name in s.writes]
    above = [s.line for s in writers if s.index < raised.statement]
    below = [s.line for s in writers if s.index > raised.statement]
    if writers and _is_outside(raised):
        return _inside_only(name, "a name of `backward`")
    if above:
        return Told(error, f"`{name}` gets its value at line {above[-1]}, which failed or did not run.", "Mend that line first.")
    if below:
        note = f"`{name}` gets its value at line {below[0]} only, after this line."
        return Told(error, note, _without(case, name) or f"Move this line below line {below[0]}.")
    if writers:
        return Told(error, f"`{name}` has no value yet: this line is the first to assign it.", _first_value(case, name, raised.statement))
    if any(name in binding for binding in _bindings(case)):
        note = f"`{name}` is named in another place of your file, but not there where this line could read it."
        return Told(error, note, f"Give `{name}` a value inside `backward`, above this line.")
    error = f"nothing is called `{name}` here"
    note = "It is neither a value of the forward, nor a gradient written above, nor a name of yours."
    return Told(error, note, near_names(case, name, raised.statement))


def _without(case: Case, name: str) -> str | None:
    """What is said of a gradient that is written further down, and that does not lie on the way back to this one."""
    if name not in case.verdict.runs[0].trial.gradients or name in case.below(case.name):
        return None
    asked = {*case.available, *(target.name for target in case.graph.exercise.targets)}
    arrives = " and ".join(f"`d{line.name}`" for line in case.consumers if f"d{line.name}" in asked)
    return f"{case.name} is made without `{name}`{f': what comes back to {case.node} is in {arrives}' if arrives else ''}."


def _first_value(case: Case, name: str, index: int) -> str:
    """What a line lacks that adds to a name, or writes into it, before it has a value; or that reads what it is to compute."""
    nodes = list(ast.walk(case.nodes[index]))
    adds = any(isinstance(n, ast.AugAssign) for n in nodes) or any(
        isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) for n in nodes
    )
    if adds and name == case.name:
        return f"Begin above it with `{name} = torch.zeros_like({case.node})`."
    above = [f"d{line.name}" for line in case.consumers if f"d{line.name}" in case.available]
    if name == case.name and above:
        return f"What arrives from above is called {' and '.join(f'`{n}`' for n in above)}."
    return near_names(case, name, index)


def _is_outside(raised: Raised) -> bool:
    """Whether the name was looked for outside of `backward`, though it is a name of it: of its own, Python says that they have no value."""
    return raised.message.startswith("name ")


def _inside_only(name: str, what: str) -> Told:
    return Told(
        f"`{name}` has no value here",
        f"`{name}` is {what}, and known inside `backward` only, not in functions that stand outside of it.",
        f"Hand `{name}` to the function as an argument.",
    )


def _bindings(case: Case) -> Iterator[set[str]]:
    """The names that each part of the file, inside `backward` and outside, gives to something."""
    submission = case.submission
    for node in (part for text in (submission.prelude, submission.body) for part in ast.walk(ast.parse(text))):
        yield written(node) if isinstance(node, ast.stmt | ast.NamedExpr) else {node.arg} if isinstance(node, ast.arg) else set()
