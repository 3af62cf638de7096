"""The four hints on one gradient, by their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from backprop_check.exercise.solution import Step
from backprop_check.records import Exercise, Gradient, Lesson, Submission
from backprop_check.report.hint.fillings import fillings
from backprop_check.report.hint.fix import fix_lines
from backprop_check.report.hint.laws import law_lines
from backprop_check.report.hint.questions import question_lines
from backprop_check.report.hint.reach import reach
from backprop_check.report.hint.where import where_lines

STEPS = 4


def hint_lines(
    exercise: Exercise, submission: Submission, gradient: Gradient, lesson: Lesson, number: int, step: Step | None, width: int
) -> Iterator[Text]:
    """Yield hint `number` (1 to 4). `lesson` is what the graph teaches of this gradient, `step` the solution's line, where there is one."""
    filling = [fillings(submission, gradient, lesson, which) for which in range(max(1, len(gradient.diagnoses)))]
    filling = [{**known, **reach(exercise, submission, gradient, lesson, known)} for known in filling]
    yield Text.assemble((lesson.name, "bold"), f"  {exercise.id}, hint {number} of {STEPS}")
    yield Text()
    if number == 1:
        yield from where_lines(exercise, submission, gradient, lesson, width)
    elif number == 2:
        yield from question_lines(gradient, lesson, filling, width)
    elif number == 3:
        yield from law_lines(exercise, gradient, lesson, step, filling, width)
    else:
        yield from fix_lines(submission, gradient, lesson, step, width)
