"""not-written: nothing was assigned to the gradient's name, but something near it.

Family: The line raised, or is not an answer
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: d_a = b * dy
Right: da = b * dy

Why:
The gradient of `a` is called `da`, and its value is what was assigned to that very name with `=`. Under another name it is
a helper of yours; `==` only compares, and a colon only annotates. Until the name is assigned, the gradient counts as
not written, and the lines below are given the right one.

Read more: The Python Tutorial, "Using Python as a Calculator", numbers and the equal sign.

Question: By which name does the exercise ask for the gradient of {node}? And which statement gives that name a value?
Law: A value belongs to the name on the left of `=`, letter by letter. In small: `d_{node} = 2` leaves {name} without one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import NamedTuple

from backprop_check.comparison.first import compares
from backprop_check.diagnosis.case import Case
from backprop_check.exercise.nodes import walk
from backprop_check.records import Diagnosis, Span, Submission, Verdict

ALIKE = 0.8
"""From which likeness on a name is taken for a slip of another (of `difflib`)."""


class Near(NamedTuple):
    """A place where something near the gradient stands: `likeness` is 1 for its own name, 0.9 for another way to call it."""

    likeness: float
    line: int
    span: Span | None
    error: str
    note: str
    help: str


def unassigned(verdict: Verdict, submission: Submission) -> bool:
    """Whether the gradient's own line is there and assigns nothing: an error, and no stub."""
    return verdict.status == "error" and verdict.answer.state == "missing" and compares(verdict.target, submission)


def find(case: Case) -> Diagnosis | None:
    """Speaks only of a gradient that is not written; proven by what the statement itself assigns."""
    if case.verdict.status != "missing" and not unassigned(case.verdict, case.submission):
        return None
    near = max([*_not_assigned(case), *_other_names(case), *_unread(case)], key=lambda n: (n.likeness, n.line), default=None)
    if near is None:
        return None
    return case.proven(
        "not-written",
        error=near.error,
        note=near.note,
        help=near.help,
        span=near.span,
        evidence=f"No statement of `backward` assigns `{case.name}`.",
    )


def there(case: Case, near: Diagnosis) -> Case:
    """Return the case as if the statement that `near` is about wrote the gradient: what stands above it may be used in its place."""
    line = near.span[0] if near.span else 0
    statements = (replace(s, writes=s.writes | {case.name}) if s.line <= line <= s.end_line else s for s in case.submission.statements)
    return replace(case, submission=replace(case.submission, statements=tuple(statements)), memo={})


def _not_assigned(case: Case) -> Iterator[Near]:
    """The gradient's own name, where it is not assigned: `da == b`, `da: b`, or inside a function of the learner's."""
    for node in (part for statement in case.nodes for part in walk(statement)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare) and _is(case, node.value.left):
            note = f"Line {node.lineno} asks whether two values are equal. A value is given by a single `=`."
            error = f"this compares: nothing is assigned to `{case.name}`"
            yield Near(1, node.lineno, case.span(node), error, note, "Write `=` for `==`.")
        elif isinstance(node, ast.AnnAssign) and node.value is None and _is(case, node.target):
            note = f"Line {node.lineno} only says of what kind `{case.name}` is to be. A value is given by `=`."
            yield Near(
                1, node.lineno, case.span(node), f"this annotates: nothing is assigned to `{case.name}`", note, "Write `=` for the colon."
            )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store) and _is(case, inner):
                    error = f"this `{case.name}` is a name of the function `{node.name}`"
                    note = f"What line {inner.lineno} assigns is not there outside of `{node.name}`."
                    yield Near(1, inner.lineno, case.span(inner), error, note, f"Return it, and assign it to `{case.name}` outside.")


def _other_names(case: Case) -> Iterator[Near]:
    """Names, attributes and entries that statements assign and that come near the gradient's."""
    exercise = case.graph.exercise
    others = {*exercise.names, *(target.name for target in exercise.targets)}
    for node in (part for statement in case.nodes for part in walk(statement)):
        if not isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        if isinstance(node, ast.Name) and node.id not in others and (likeness := _likeness(case, node.id)):
            yield _called(case, likeness, node.lineno, case.span(node), node.id)
        elif isinstance(node, ast.Name) and node.id == case.node and _reads_gradient(case, node.lineno):
            near = _called(case, 0.9, node.lineno, case.span(node), node.id)
            yield near._replace(note=f"Line {node.lineno} assigns `{node.id}`, which is a value of the forward.")
        elif isinstance(node, ast.Attribute | ast.Subscript):
            written = ast.unparse(node)
            key = node.slice.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else None
            if written == f"{case.node}.grad" or (isinstance(key, str) and (key == case.node or _likeness(case, key, own=True))):
                yield _called(case, 0.9, node.lineno, case.span(node), written)


def _unread(case: Case) -> Iterator[Near]:
    """Lines that do not parse, and that assign a name near the gradient's."""
    targets = {target.name for target in case.graph.exercise.targets}
    for broken in case.submission.broken:
        name = broken.target
        if name and name not in targets and (likeness := _likeness(case, name)):
            span = broken.line, broken.column, broken.line, broken.column + 1
            error = f"this gradient is called `{case.name}`, not `{name}`"
            note = f"Line {broken.line} begins with `{name}`, and is not Python yet."
            yield Near(likeness, broken.line, span, error, note, f"Assign it to `{case.name}`, and mend the line.")


def _reads_gradient(case: Case, line: int) -> bool:
    gradients = {f"d{name}" for name in case.graph.exercise.names}
    return any(s.reads & gradients for s in case.submission.statements if s.line <= line <= s.end_line)


def _called(case: Case, likeness: float, line: int, span: Span | None, name: str) -> Near:
    note = f"Line {line} assigns `{name}`: under that name it is a helper of yours, and is not judged."
    error = f"this gradient is called `{case.name}`, not `{name}`"
    return Near(likeness, line, span, error, note, f"Assign it to `{case.name}`.")


def _is(case: Case, node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == case.name


def _likeness(case: Case, name: str, own: bool = False) -> float:
    """How near a name comes to the gradient's; 0 for one that is none of its, or nearer to another's. `own`: it may be the same."""
    if _means(name, case.node) or (own and name == case.name):
        return 0.9
    targets = [target.name for target in case.graph.exercise.targets]
    plain = {target: _plain(target) for target in targets}
    alike = {target: 0.89 * SequenceMatcher(None, _plain(name), plain[target]).ratio() for target in targets}
    nearer = any(_means(name, target[1:]) or alike[target] > alike[case.name] for target in targets if target != case.name)
    return alike[case.name] if name[:1].lower() == "d" and alike[case.name] >= 0.89 * ALIKE and not nearer else 0.0


def _means(name: str, node: str) -> bool:
    """Whether people call the gradient of `node` so: `d_counts`, `dCounts`, `grad_counts`, `counts_grad`, `dL_dcounts`."""
    plain, node = _plain(name), _plain(node)
    before, after = ("d", "g", "grad", "gradd", "gradient", "dld", "dlossd", "delta"), ("grad", "gradient", "bar", "delta")
    return plain in {*(word + node for word in before), *(node + word for word in after), f"d{node}grad"}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
