"""The second hint: what to ask oneself, about this mistake and about the operations of this graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from backprop_check.records import Gradient, Lesson
from backprop_check.report.hint import mistakes, operations, variants
from backprop_check.report.hint.facts import path
from backprop_check.report.layout import INDENT, prose


def question_lines(gradient: Gradient, lesson: Lesson, fillings: Sequence[Mapping[str, str]], width: int) -> Iterator[Text]:
    """Yield the questions, each once; none about derivatives where the formula is right."""
    for question in dict.fromkeys(_questions(gradient, lesson, fillings)):
        for i, line in enumerate(prose(question, width, indent=INDENT + 2)):
            yield line if i else Text(f"{'':{INDENT}}- {line.plain.strip()}")


def _questions(gradient: Gradient, lesson: Lesson, fillings: Sequence[Mapping[str, str]]) -> Iterator[str]:
    codes, filling = [diagnosis.code for diagnosis in gradient.diagnoses], fillings[0]
    for diagnosis, of_this in zip(gradient.diagnoses, fillings, strict=False):
        if diagnosis.code in mistakes.QUESTIONS and (lesson.uses or diagnosis.code not in mistakes.NAMELESS):
            yield variants.question(diagnosis, gradient, lesson, of_this).format_map(of_this)
    if codes and codes[0] in mistakes.RIGHT_ELSEWHERE:
        return
    if not lesson.uses:
        yield "When {node} rises by 1, by how much does {node} rise?".format_map(filling)
    elif not codes and any(use.axes != "()" for use in lesson.uses):
        yield "Let {one} rise a little. Which numbers of {users} move with it, and by how much each?".format_map(filling)
    elif not codes:
        yield "Let {one} rise a little. Does {users} move with it, and by how much?".format_map(filling)
    yield from operations.questions(path(lesson))
    if int(filling["count"]) > 1:
        yield "{node} is used {often}, for {users}. What becomes of all that comes back to it?".format_map(filling)
