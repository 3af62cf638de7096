"""What an exercise asks and is worth, when the learner writes into the exercise itself: the course says it, not the learner's copy."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course, exercise_id
from backprop_check.exercise.custom import plain
from backprop_check.exercise.mend import parse_leniently
from backprop_check.exercise.outline import FILE, Points, unknown_exercises, unknown_gradients
from backprop_check.exercise.parse import parse_exercise, read_exercise
from backprop_check.exercise.targets import stubs
from backprop_check.files import read_text
from backprop_check.records import Exercise

LONGEST = 90
"""How much of a line of the course is quoted, in characters."""


def course_exercise(course: Course, path: Path) -> Exercise:
    """Return what the exercise at `path` of `course` asks, worth what the course says."""
    exercise = _asked(course, path)
    points = course.points(path)
    return exercise if points is None else replace(exercise, points=worth(exercise, points))


def worth(exercise: Exercise, points: Points) -> dict[str, float]:
    """Return what each target is worth where a course says `points` of the exercise: a number is shared out among its targets."""
    own = {target.name: exercise.points.get(target.name, 1.0) for target in exercise.targets}
    if isinstance(points, Mapping):
        return {name: points.get(name, value) for name, value in own.items()}
    whole = sum(own.values())
    return {name: points * (value / whole if whole else 1 / len(own)) for name, value in own.items()}


def check_points(course: Course, exercises: Iterable[tuple[Path, Exercise]]) -> None:
    """Raise `BadInput` where it is not clear what a course says that exercises are worth, each with its file: marks rest on that."""
    outline = course.outline
    for source in course.sources():
        if source.outline is not None and source.outline.unweighed:
            raise BadInput(source.outline.unweighed)
    for trouble in unknown_exercises(outline, course.ids()) if outline is not None else ():
        raise BadInput(f"{course.root / FILE}: {trouble}")
    for path, exercise in exercises:
        for trouble in unknown_gradients(course.points(path), exercise.id, [target.name for target in exercise.targets]):
            raise BadInput(f"{course.root / FILE}: {trouble}")


def stub(course: Course, path: Path) -> str:
    """Return the text of an exercise as it was. Raises `BadInput` where nothing says what that is."""
    return blank(read_text(course.original(path), "solution"))


def put_back(path: Path) -> str:
    """What is said of a learner's copy in which more is amiss than an answer."""
    return f"`backprop-check reset {exercise_id(path)}` puts the file back as it was and keeps a copy of yours"


def _asked(course: Course, path: Path) -> Exercise:
    """Return what the exercise asks: as the solution that mirrors it says, else as its own text does.

    The solution names every gradient, also one whose line the learner lost, broke or wrote in another form. Where a part of the copy other
    than `backward` differs from the solution's, `notices` say so. Without a solution, and where the copy is plainly another graph than the
    package's exercise of that name, the file itself is read. Raises `BadInput` when it cannot be used.
    """
    try:
        original = course.original(path)
    except BadInput:
        return read_exercise(path)
    back = put_back(path)
    try:
        text = read_text(path, "exercise file")
    except BadInput as error:
        if not path.exists():
            raise BadInput(f"{path} is gone: `backprop-check reset {exercise_id(path)}` writes it anew.") from None
        if not os.access(path, os.R_OK):
            raise
        raise BadInput(f"{str(error).removesuffix('.')}; {back}.") from None
    asked = read_exercise(original)
    tree, _, broken = parse_leniently(plain(text))
    theirs, own = _parts(ast.parse(asked.source)), _parts(tree)
    del theirs["backward"]
    other = next((name for name, node in theirs.items() if name not in own or ast.dump(own[name]) != ast.dump(node)), None)
    if other is None:
        return asked
    backward = own.get("backward")
    outside = [b for b in broken if backward is None or not backward.lineno <= b.line <= (backward.end_lineno or 0)]
    if outside:
        raise BadInput(f"{path}:{outside[0].line}: the exercise does not parse ({outside[0].message}): mend that line; {back}.")
    guessed = course.implied and original.parent.resolve() != (course.root / "solutions").resolve()
    if guessed and "forward" in own and _arguments(own["forward"]) != _arguments(theirs["forward"]):
        return read_exercise(path)
    line, what = _departure(other, theirs[other], own.get(other))
    place = f"{path.name}:{line}" if line else path.name
    return replace(asked, notices=(f"{place}: {what}, and the gradients are judged by the course's; {back}.",))


def definition(exercise: Exercise) -> tuple[str, str]:
    """Return the file's name and text by which others are graded. Raises `BadInput` where two files disagree about what that is."""
    if exercise.notices:
        raise BadInput(f"{exercise.notices[0]} An exercise of your own takes a name of its own, or its solution into solutions/.")
    name, text = exercise.path.name, exercise.source
    if exercise.points != parse_exercise(exercise.path, text).points:
        text = f"{text.rstrip()}\n\n\nPOINTS = {dict(exercise.points)}  # as the course says\n"
    return name, text


def stub_lines(path: Path, exercise: Exercise) -> dict[str, int]:
    """Return the line at which each target of `exercise` is first assigned in the learner's copy at `path`."""
    backward = _parts(parse_leniently(plain(read_text(path, "exercise file")))[0]).get("backward")
    found = stubs(backward) if isinstance(backward, ast.FunctionDef | ast.AsyncFunctionDef) else {}
    return {target.name: found[target.name].lineno for target in exercise.targets if target.name in found}


def _departure(name: str, theirs: ast.stmt, own: ast.stmt | None) -> tuple[int | None, str]:
    """Where the copy of a part first differs from the course's, and what the course has there."""
    if own is None:
        return None, f"the course's `{name}` is not in this file"
    if not (isinstance(own, ast.FunctionDef) and isinstance(theirs, ast.FunctionDef)):
        return own.lineno, f"the course has {_quoted(theirs)} here"
    if ast.dump(own.args) != ast.dump(theirs.args):
        return own.lineno, f"the course has `def {name}({ast.unparse(theirs.args)})` here"
    for mine, due in zip(own.body, theirs.body, strict=False):
        if ast.dump(mine) != ast.dump(due):
            line, part = _narrowed(mine, due)
            return line, f"the course has {_quoted(part)} here"
    if len(own.body) > len(theirs.body):
        return own.body[len(theirs.body)].lineno, f"this line is not in the course's `{name}`"
    return own.lineno, f"the course's `{name}` is another"


def _narrowed(mine: ast.stmt, due: ast.stmt) -> tuple[int, ast.AST]:
    """Of two statements that differ, the line of the first and what the second has there: of a long one, the only part that differs."""
    line: int = mine.lineno
    part: ast.AST = due
    pair: tuple[ast.AST, ast.AST] = mine, due
    while getattr(pair[0], "lineno", line) != getattr(pair[0], "end_lineno", line):
        parts = [list(ast.iter_child_nodes(node)) for node in pair]
        unlike = [(a, b) for a, b in zip(*parts, strict=False) if ast.dump(a) != ast.dump(b)]
        if len(parts[0]) != len(parts[1]) or len(unlike) != 1:
            break
        pair = unlike[0]
        if getattr(pair[0], "lineno", line) != line:
            line, part = getattr(pair[0], "lineno", line), pair[1]
    return line, part


def _quoted(node: ast.AST) -> str:
    line = ast.unparse(node).split("\n", 1)[0]
    return f"`{line}`" if len(line) <= LONGEST else f"`{line[:LONGEST]}...`"


def _arguments(forward: ast.stmt) -> list[str]:
    return [a.arg for a in forward.args.args] if isinstance(forward, ast.FunctionDef) else []


def _parts(tree: ast.Module) -> dict[str, ast.stmt]:
    """The functions, classes and constants of a file, by name; of an exercise these are its rules, all but `backward`."""
    parts: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            parts[node.name] = node
        elif isinstance(node, ast.Assign):
            parts |= {t.id: node for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            parts[node.target.id] = node
    return parts
