"""The second hint: what to ask oneself, about this mistake and about the operations of this graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from backprop_check.diagnosis.pages import page
from backprop_check.records import Gradient, Lesson
from backprop_check.report.hint import operations, variants
from backprop_check.report.hint.fillings import path
from backprop_check.report.layout import INDENT, prose


def question_lines(gradient: Gradient, lesson: Lesson, fillings: Sequence[Mapping[str, str]], width: int) -> Iterator[Text]:
    """Yield the questions, each once; none about derivatives where the formula is right."""
    for question in dict.fromkeys(_questions(gradient, lesson, fillings)):
        for i, line in enumerate(prose(question, width, indent=INDENT + 2)):
            yield line if i else Text(f"{'':{INDENT}}- {line.plain.strip()}")


def _questions(gradient: Gradient, lesson: Lesson, fillings: Sequence[Mapping[str, str]]) -> Iterator[str]:
    told, filling = [page(diagnosis.code) for diagnosis in gradient.diagnoses], fillings[0]
    for diagnosis, known, of_this in zip(gradient.diagnoses, told, fillings, strict=False):
        if lesson.uses or "nameless" not in known.traits:
            yield variants.question(diagnosis, gradient, lesson, of_this).format_map(of_this)
    if told and "formula right" in told[0].traits:
        return
    if not lesson.uses:
        yield "When {node} rises by 1, by how much does {node} rise?".format_map(filling)
    elif not told and any(use.axes != "()" for use in lesson.uses):
        yield "Let {one} rise a little. Which numbers of {users} move with it, and by how much each?".format_map(filling)
    elif not told:
        yield "Let {one} rise a little. Does that move anything of {users}, and by how much?".format_map(filling)
    yield from operations.questions(path(lesson))
    if int(filling["count"]) > 1:
        yield "{node} is used {often}, in {users}. What becomes of all that comes back to it?".format_map(filling)
