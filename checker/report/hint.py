"""Hints on one gradient, each clearer than the one before: where, what to ask, the law, the fix. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from checker.diagnosis.pages import Page
from checker.exercise.solution import Step
from checker.records import Exercise, Gradient, Line
from checker.report.excerpt import excerpt
from checker.report.layout import prose, visible
from checker.report.page import example_lines

STEPS = 4


def hint_lines(exercise: Exercise, gradient: Gradient, number: int, step: Step | None, page: Page | None, width: int) -> Iterator[Text]:
    """Yield hint `number` (1 to 4). `step` is the solution's line, `page` that of the mistake found, where there are such."""
    name = gradient.verdict.target.name
    yield Text.assemble((name, "bold"), f"  {exercise.id}, hint {number} of {STEPS}")
    yield Text()
    if number == 1:
        yield from _where(exercise, gradient, width)
    elif number == 2:
        yield from _question(exercise, gradient, width)
    elif number == 3:
        yield from _law(step, page, width)
    else:
        yield from _fix(gradient, step, width)


def _where(exercise: Exercise, gradient: Gradient, width: int) -> Iterator[Text]:
    node, users = _node_and_users(exercise, gradient)
    if not users:
        yield from prose(f"{node} is the output of the forward.", width)
    else:
        yield from prose(f"{node} is {gradient.axes}. The forward uses it here:", width)
        for line in users:
            yield from excerpt(exercise.source.split("\n"), line.number, line.number + line.source.count("\n"), None, "", width)
        name = gradient.verdict.target.name
        yield from prose(f"So {name} is {gradient.axes} too, and comes from {_arriving(exercise, users)}.", width)


def _question(exercise: Exercise, gradient: Gradient, width: int) -> Iterator[Text]:
    node, users = _node_and_users(exercise, gradient)
    for diagnosis in gradient.diagnoses[:1]:
        yield from prose(f"{diagnosis.note} {diagnosis.help}".strip(), width)
    for line in users:
        yield from prose(
            f"Ask yourself: when one number of {node} rises a little, which numbers of {line.name} move, and how much each?", width
        )
    if len(users) > 1:
        yield from prose(f"{node} is used {len(users)} times: what becomes of the gradients that come back?", width)
    else:
        yield from prose("Where it moves several, what comes back from all of them adds up.", width)


def _law(step: Step | None, page: Page | None, width: int) -> Iterator[Text]:
    if step is not None and step.why:
        yield from prose(step.why, width)
    if page is not None:
        yield from prose("The same in small:", width)
        yield from example_lines(page, width)
    elif step is None:
        yield from prose("Local derivative times upstream gradient; summed where the forward copied; added where it used twice.", width)


def _fix(gradient: Gradient, step: Step | None, width: int) -> Iterator[Text]:
    certain = [d.fix for d in gradient.diagnoses if d.certainty == "proven" and d.fix]
    source = certain[0] if certain else step.source if step else None
    if source is None:
        yield from prose("No solution stands beside this exercise, so there is no more to tell.", width)
    else:
        for line in f"{gradient.verdict.target.name} = {source}".split("\n"):
            yield Text(f"   {visible(line)}", style="green")


def _node_and_users(exercise: Exercise, gradient: Gradient) -> tuple[str, list[Line]]:
    node = gradient.verdict.target.node
    return node, [line for line in exercise.lines if node in line.reads]


def _arriving(exercise: Exercise, users: list[Line]) -> str:
    """The upstream gradients by name. That of a loss has none: it is 1, and `backward` is not given it."""
    known = {*exercise.parameters, *(target.name for target in exercise.targets)}
    return " and ".join(f"d{line.name}" if f"d{line.name}" in known else f"the gradient of {line.name}, which is 1" for line in users)
