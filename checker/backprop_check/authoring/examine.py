"""Hold exercises and their solutions to the contract (design, section 2): all that `dev check` looks at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backprop_check.authoring.blind import Sight, sights, told
from backprop_check.authoring.finding import Finding
from backprop_check.authoring.sizes import size_findings, size_notes
from backprop_check.authoring.text import text_findings
from backprop_check.authoring.values import value_findings
from backprop_check.authoring.verdicts import verdict_findings
from backprop_check.derivation.backward import backward
from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, exercise_id
from backprop_check.exercise.outline import FILE, unknown_gradients
from backprop_check.exercise.parse import read_exercise
from backprop_check.submission.workers import Workers
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, load_graph


@dataclass(frozen=True)
class Examined:
    """What was found of one exercise: what to mend, and what to know (`notes`: mistakes it cannot show)."""

    id: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def examine(course: Course, exercises: Iterable[Path], zygote: Workers) -> Iterator[Examined]:
    """Examine exercise files one after the other. A file that cannot be used at all is a finding like the others."""
    files = {exercise_id(path): path for path in course.files()}

    @cache
    def graph(name: str) -> Graph:
        return load_graph(read_exercise(course.solution(files[name])))

    @cache
    def seen(name: str) -> tuple[Sight, ...]:
        return sights(graph(name))

    for stub in exercises:
        try:
            findings = list(_findings(course, stub, zygote))
            notes = []
            if not findings:
                name = exercise_id(stub)
                notes += [*_outside(graph(name)), *size_notes(graph(name))]
                siblings = [other for other in files if _number(other) == _number(name) and other != name]
                for line, wrong in told(name, {i: seen(i) for i in (name, *siblings)}, siblings):
                    if wrong:
                        findings.append(Finding(stub, 0, line))
                    else:
                        notes.append(line)
        except BadInput as error:
            findings, notes = [Finding(stub, 0, str(error))], []
        yield Examined(exercise_id(stub), tuple(findings), tuple(notes))


def _findings(course: Course, stub: Path, zygote: Workers) -> Iterator[Finding]:
    solution = course.solution(stub)
    exercise = read_exercise(solution)
    yield from text_findings(stub, solution, exercise)
    for trouble in unknown_gradients(course.points(stub), exercise.id, [target.name for target in exercise.targets]):
        yield Finding(course.root / FILE, 0, trouble)
    graph = load_graph(exercise)
    yield from value_findings(graph)
    yield from size_findings(graph)
    yield from verdict_findings(stub, solution, zygote)


@silent()
def _outside(graph: Graph) -> list[str]:
    """What of the forward the derivation does not know: there, fewer wrong answers are mended."""
    return [f"{written.name}: {written.why_not}." for written in backward(graph) if written.derived is None]


def _number(name: str) -> str:
    match = re.match(r"ex\d+", name)
    return match[0] if match else name
