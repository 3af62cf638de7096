"""What can be said of an exercise and its solution without running them. Nothing here needs torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from backprop_check.authoring.finding import Finding
from backprop_check.authoring.template import STORY, TITLE
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import exercise_id
from backprop_check.exercise.custom import functions
from backprop_check.files import read_text
from backprop_check.records import Exercise

_NAME = re.compile(r"ex\d+[a-z]?_\w+\.py")


def folder_findings(exercises: Path, solutions: Path) -> Iterator[Finding]:
    """Yield what is wrong with the two folders: files without their mirror image, ids used twice, files that are no exercise."""
    stubs, solved = _names(exercises), _names(solutions)
    for name in sorted(stubs - solved):
        yield Finding(exercises / name, 0, f"there is no solutions/{name}: write it, and make the exercise from it.")
    for name in sorted(solved - stubs):
        yield Finding(solutions / name, 0, f"there is no exercises/{name}: make it from this solution, or remove this file.")
    for folder in (exercises, solutions):
        seen: dict[str, str] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name == "__pycache__":
                continue
            if not _NAME.fullmatch(path.name):
                yield Finding(path, 0, "this is no exercise (exNN_name.py): move it out of the course.")
            elif (other := seen.setdefault(exercise_id(path), path.name)) != path.name:
                yield Finding(path, 0, f"{other} has the id {exercise_id(path)} too: give one of them another number or letter.")


def text_findings(stub: Path, solution: Path, exercise: Exercise) -> Iterator[Finding]:
    """Yield what is wrong with the texts; `exercise` is the solution's file as a record."""
    source = read_text(solution, "solution")
    try:
        ast.parse(source)
    except SyntaxError as error:
        yield Finding(solution, error.lineno or 1, f"this line does not parse ({error.msg}): mend it.")
        return
    yield from _stub_findings(stub, solution, source)
    yield from _title_findings(solution, exercise)
    yield from _size_findings(solution, exercise)
    yield from _parameter_findings(solution, exercise)
    yield from _why_findings(solution, source)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.py") if _NAME.fullmatch(path.name)}


def _stub_findings(stub: Path, solution: Path, source: str) -> Iterator[Finding]:
    try:
        wanted, given = blank(source), read_text(stub, "exercise file")
    except BadInput as error:
        yield Finding(stub, 0, str(error))
        return
    if wanted.encode() != stub.read_bytes():
        pairs = zip([*wanted.split("\n"), ""], [*given.split("\n"), ""], strict=False)
        line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 0)
        yield Finding(
            stub, line, "this is not its solution with the targets blanked: change the solution, then make this file from it again."
        )


def _title_findings(path: Path, exercise: Exercise) -> Iterator[Finding]:
    lines = exercise.story.split("\n")
    if not exercise.story.strip():
        yield Finding(path, 1, "the file has no docstring: open it with a title line, an empty line, and the story of its one idea.")
    elif lines[0].endswith(TITLE) or STORY in lines:
        yield Finding(path, 1, "the docstring is still the template's: say in the title what the one idea is, and tell its story below.")
    elif len(lines) > 1 and lines[1].strip():
        yield Finding(path, 2, "the title is one line: leave the line below it empty.")
    elif len(lines) < 3:
        yield Finding(path, 1, "the docstring tells no story: say below the title what the exercise is about.")


def _size_findings(path: Path, exercise: Exercise) -> Iterator[Finding]:
    sizes = exercise.sizes
    small = [name for name, n in sizes.items() if n < 2]
    if small:
        yield Finding(path, 0, f"{', '.join(small)} of `inputs` is less than 2: an axis of length 1 hides a missing sum. Make it larger.")
    for name, n in sizes.items():
        same = [other for other in sizes if sizes[other] == n]
        if len(same) > 1 and same[0] == name:
            yield Finding(path, 0, f"{' and '.join(same)} of `inputs` are {n}: equal sizes hide a transpose. Make all sizes different.")


def _parameter_findings(path: Path, exercise: Exercise) -> Iterator[Finding]:
    given = [p for p in exercise.parameters if p == f"d{exercise.output}"]
    wanted = [*exercise.names, *given]
    if list(exercise.parameters) != wanted:
        line = _line_of(path, "def backward")
        yield Finding(path, line, f"`backward` must take every name of the forward, in order: backward({', '.join(wanted)}).")


def _why_findings(path: Path, source: str) -> Iterator[Finding]:
    lines = source.split("\n")
    for node in functions(ast.parse(source))["backward"].body:
        if isinstance(node, ast.Return):
            continue
        first = node.lineno - 2
        while first > 0 and lines[first].lstrip().startswith("#") and not lines[first].lstrip().startswith("# why"):
            first -= 1
        if not re.match(r"\s*# why: \S", lines[first]):
            yield Finding(path, node.lineno, "this line does not say why: put a comment `# why: ...` above it.")


def _line_of(path: Path, start: str) -> int:
    lines: Sequence[str] = read_text(path, "solution").split("\n")
    return next((n for n, line in enumerate(lines, 1) if line.startswith(start)), 0)
