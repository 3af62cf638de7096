"""The first hint: where it goes wrong in the learner's lines, and where the forward uses the value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.text import Text

from backprop_check.records import Exercise, Gradient, Lesson, Line, Submission, Use
from backprop_check.report.carets import place_lines
from backprop_check.report.excerpt import Mark, marked
from backprop_check.report.hint.fillings import arriving, named_and_counted, names_in, path, sources, spoken, together
from backprop_check.report.layout import prose


def where_lines(exercise: Exercise, submission: Submission, gradient: Gradient, lesson: Lesson, width: int) -> Iterator[Text]:
    """Yield the places of the mistake with the shapes of what the lines name, then the lines of the forward with theirs."""
    yield from place_lines(gradient.diagnoses, gradient.line, submission, width)
    written = " ".join(s.value or s.source for s in submission.statements if lesson.name in s.writes)
    valued = _valued(exercise, submission, gradient) - {lesson.name}
    named = [f"{name} is {spoken(lesson.shapes[name])}" for name in names_in(written, lesson) if name in valued]
    if gradient.diagnoses and named:
        yield from prose(f"In there, {together(named)}.", width)
        yield Text()
    if gradient.verdict.status == "missing" and gradient.diagnoses:
        yield from prose(f"So {lesson.name} has no value.", width)
    elif gradient.verdict.status == "missing":
        yield from prose(f"{lesson.name} is not written yet{f' (line {gradient.line})' if gradient.line else ''}.", width)
    node = gradient.verdict.target.node
    if not lesson.uses:
        yield from prose(f"{node} is {named_and_counted(gradient)}, the output of the forward.", width)
        return
    yield from prose(f"{node} is {named_and_counted(gradient)}. The forward uses it here:", width)
    before = node
    for use in path(lesson):
        if use.node != before:
            yield from prose(f"The gradient of {use.node} has no name here; go on to where {use.node} is used:", width)
        yield from _excerpt(exercise, use, lesson, width)
        before = use.node
    arrives = together(_arrives(exercise, use) for use in sources(lesson))
    yield from prose(f"So {lesson.name} is {spoken(lesson.axes)} too, and is made from {arrives}.", width)


def _valued(exercise: Exercise, submission: Submission, gradient: Gradient) -> set[str]:
    """The names that have values in the learner's lines: not a gradient that is asked for nowhere, nor what is told to have none."""
    given = {target.name for target in exercise.targets} | ({"d" + exercise.output} if exercise.takes_cotangent else set[str]())
    missing = {name for d in gradient.diagnoses if d.code == "undefined-name" for name in re.findall(r"`(\w+)`", d.error)}
    return {*exercise.names, *given, *(name for s in submission.statements for name in s.writes)} - missing


def _excerpt(exercise: Exercise, use: Use, lesson: Lesson, width: int) -> Iterator[Text]:
    """The line of the forward, carets under the value wherever it uses it, and behind the last one the shapes."""
    source = exercise.source.split("\n")
    spans = list(_uses(source, use.line, use.node))
    shapes = [f"{name} {lesson.shapes[name]}" for name in names_in(use.line.source, lesson)]
    text = f"{', '.join(shapes)} -> {use.line.name} {use.axes}"
    marks = [Mark(span, text if span == spans[-1] else "", "cyan") for span in spans]
    yield from marked(source, use.line.number, use.line.number + use.line.source.count("\n"), marks, width)


def _arrives(exercise: Exercise, use: Use) -> str:
    name = arriving(exercise, use)
    return f"{name}, the gradient of {use.line.name} itself" if name == "1" else f"{name} {use.axes}"


def _uses(source: list[str], line: Line, node: str) -> Iterator[tuple[int, int, int, int]]:
    for number in range(line.number, line.number + line.source.count("\n") + 1):
        code = source[number - 1].split("#")[0]
        begins = code.index("=") if number == line.number else 0
        for found in re.finditer(rf"\b{re.escape(node)}\b", code):
            if found.start() > begins:
                yield number, found.start(), number, found.end()
