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

import ast
import difflib
import re
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis, Raised
from backprop_check.submission.parse import exercise_parameters
from backprop_check.submission.statements import written

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
    error, note, move = _told(case, name, raised)
    return Diagnosis(
        code="undefined-name",
        certainty="proven",
        error=error,
        note=note,
        help=move,
        span=raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}.",
    )


def _told(case: Case, name: str, raised: Raised) -> tuple[str, str, str]:
    """What is wrong with the name, why, and the move: first for what the exercise itself knows by it, then for the learner's own names."""
    return (
        _not_handed_over(case, name)
        or _of_the_forward(case, name, raised)
        or (f"nothing is called `{name}` here", _note(case, name), _near(case, name, raised.statement))
    )


def _not_handed_over(case: Case, name: str) -> tuple[str, str, str] | None:
    """What is said of a parameter that nothing of the exercise has the name of: it has no value."""
    asked = next((one for one in case.submission.unknown if one.lstrip("*") == name), None)
    if asked is None or any(name in s.writes for s in case.submission.statements):
        return None
    note = "`backward` is handed each value of the forward under that value's own name, and nothing else."
    if asked.startswith("*"):
        return f"`{asked}` holds nothing here", note, "Name the values that you use as parameters, and read them by their names."
    if name in ("self", "cls"):
        return f"`backward` asks for `{name}`, which the forward does not name", note, "`backward` is no method: read the values by their names."
    return f"`backward` asks for `{name}`, which the forward does not name", note, _left_over(case, name)


def _left_over(case: Case, name: str) -> str:
    """The values that this `backward` does not ask for and that may be meant: those of a like name, else all where they are few."""
    left = [n for n in exercise_parameters(case.graph.exercise) if n not in case.submission.parameters]
    within = [n for n in left if len(name) > 1 and (f"_{name.lower()}_" in f"_{n.lower()}_" or f"_{n.lower()}_" in f"_{name.lower()}_")]
    near = list(dict.fromkeys([*within, *difflib.get_close_matches(name, left, n=3, cutoff=0.6)]))
    if near:
        return f"Near it: {', '.join(f'`{n}`' for n in near)}."
    if 0 < len(left) <= 3:
        return f"`backward` does not ask for {' and '.join(f'`{n}`' for n in left)} so far: is that what you mean?"
    return "`backprop-check graph` shows the names of this exercise."


def _of_the_forward(case: Case, name: str, raised: Raised) -> tuple[str, str, str] | None:
    """What is said of a value of the forward, or of a gradient that `backward` is given, where the line does not have it."""
    exercise, submission = case.graph.exercise, case.submission
    given = name not in exercise.names
    if name not in exercise_parameters(exercise):
        return _a_gradient(case, name)
    what = "the gradient of the output, given to `backward`" if given else "a value of the forward"
    if name not in submission.parameters:
        return (
            f"this `backward` does not take `{name}`",
            f"`{name}` is {what}, but `backward` has no parameter of that name here.",
            f"Add `{name}` to the parameters of `backward`.",
        )
    for node, statement in zip(case.nodes[: raised.statement], submission.statements, strict=False):
        if isinstance(node, ast.Delete) and name in statement.writes:
            return f"`{name}` has no value any more", f"`{name}` is {what}; line {statement.line} deletes it.", "Leave that line out."
    return _elsewhere(name, what)


def _a_gradient(case: Case, name: str) -> tuple[str, str, str] | None:
    """What is said of the gradient of a value of the forward: one asked for elsewhere, or not at all."""
    exercise = case.graph.exercise
    if name not in case.verdict.runs[0].trial.gradients or any(name in s.writes for s in case.submission.statements):
        return None
    if any(target.name == name for target in exercise.targets):
        return _elsewhere(name, f"the gradient of `{name[1:]}`")
    one = name[1:] == exercise.output and not exercise.takes_cotangent
    return (
        f"`{name}` has no value here",
        f"It would be the gradient of `{name[1:]}`, which this exercise does not ask for and no line above assigns.",
        f"`{name[1:]}` is the result itself, one number: its gradient is 1." if one else f"Write a line for `{name}` first.",
    )


def _elsewhere(name: str, what: str) -> tuple[str, str, str]:
    return (
        f"`{name}` has no value here",
        f"`{name}` is {what}, and known inside `backward` only, not in functions that stand outside of it.",
        f"Hand `{name}` to the function as an argument.",
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
    if any(name in binding for binding in _bindings(case)):
        return f"`{name}` is named in another place of your file, but has no value here."
    if name in ("F", "np", "math", "nn"):
        return f"The file does not import `{name}`."
    return "It is neither a value of the forward, nor a gradient written above, nor a name of yours."


def _bindings(case: Case) -> Iterator[set[str]]:
    """The names that each part of the file, inside `backward` and outside, gives to something."""
    submission = case.submission
    for node in (part for text in (submission.prelude, submission.body) for part in ast.walk(ast.parse(text))):
        yield written(node) if isinstance(node, ast.stmt | ast.NamedExpr) else {node.arg} if isinstance(node, ast.arg) else set()


def _near(case: Case, name: str, index: int) -> str:
    known = set(case.graph.exercise.names) | case.available
    known |= {n for s in case.submission.statements[:index] for n in s.writes}
    near = difflib.get_close_matches(name, sorted(known - {case.name}), n=3, cutoff=0.6)
    if not near:
        return "`backprop-check graph` shows the names of this exercise."
    return f"Near it: {', '.join(f'`{n}`' for n in near)}."
