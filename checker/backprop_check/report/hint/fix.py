"""The last hint: the line itself. A right one near the learner's, else the derived one, else the solution's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from backprop_check.derivation.named import lines
from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.pages import page
from backprop_check.exercise.solution import Step
from backprop_check.expression.fold import named_so
from backprop_check.records import Gradient, Lesson, Statement, Submission
from backprop_check.report.hint.fillings import names_in, together
from backprop_check.report.layout import prose, visible

FUNCTIONAL = "import torch.nn.functional as F"


def fix_lines(submission: Submission, gradient: Gradient, lesson: Lesson, step: Step | None, width: int) -> Iterator[Text]:
    """Yield the line with the shapes of what it names, or say that there is none, and why."""
    first = gradient.diagnoses[0] if gradient.diagnoses else None
    traits = page(first.code).traits if first is not None else frozenset()
    if first is not None and "formula right" in traits:
        yield from prose(first.help, width)
    own = [s for s in submission.statements if lesson.name in s.writes]
    if "line stays" in traits:
        yield from prose(f"What you have written for {lesson.name} is right, and stays.", width)
        return
    chosen = _chosen(gradient, lesson, step, readable=bool(own))
    if chosen is None:
        yield from prose(f"There is no line to show: {lesson.outside}, and no solution stands beside this exercise.", width)
        yield from prose(
            f"The numbers of hint 3 are those it has to give; `check --numeric --target {lesson.name}` shows all of them.", width
        )
        return
    said, source = chosen[0], _in_own_names(submission, chosen[1])
    place = _place(own, lesson) if len(own) > 1 or any(s.end_line > s.line for s in own) else ""
    if first is not None and first.near is not None:
        yield from prose(f"Your lines are right once {first.near[0]}:", width)
        yield Text(f"   {visible(first.near[1])}", style="green")
        if "_scatter(" in source and not any("_scatter(" in s.source for s in own):
            return  # in one line it is no simpler
    if place and not all(re.match(rf"\s*{re.escape(lesson.name)}\s*[-+*/@]?=[^=]", s.source) for s in own):
        said = "In one line" if said.startswith("A right line") else said  # to a loop no line is near
    yield from prose(f"{said}{place}:", width)
    for line in _lines(submission, lesson, source):
        yield Text(f"   {visible(line)}", style="green")
    named = [f"{name} {lesson.shapes[name]}" for name in names_in(source, lesson)]
    yield from prose(f"{', '.join(named)} -> {lesson.name} {lesson.axes}", width, style="dim") if named else ()
    if lacks_functional(submission, source):
        yield from prose(f"It needs `{FUNCTIONAL}` at the top of the file.", width)


def lacks_functional(submission: Submission, source: str) -> bool:
    """Whether an expression names `F` in a file that does not import it."""
    return re.search(r"\bF\.", source) is not None and re.search(r"\bas F\b", submission.prelude) is None


def _in_own_names(submission: Submission, source: str) -> str:
    """The line with the file's own name for `F`, where it has another one."""
    alias = next((name for name, meant in named_so(submission).items() if isinstance(meant, ast.Name) and meant.id == "F"), None)
    return re.sub(r"\bF\.", f"{alias}.", source) if alias is not None and lacks_functional(submission, source) else source


def _place(own: Sequence[Statement], lesson: Lesson) -> str:
    """Which lines the shown one replaces, all those of a loop; of lines that make other gradients too only what they do for this one."""
    rows = sorted({row for s in own for row in range(s.line, s.end_line + 1)})
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), key=lambda at: at[1] - at[0])]
    places = together(f"{run[0]} to {run[-1]}" if len(run) > 2 else together(map(str, run)) for run in runs)
    others = any(name != lesson.name and "d" + name[1:] == name and name in lesson.shapes for s in own for name in s.writes)
    named = f"line{'s' if len(rows) > 1 else ''} {places}"
    return f", in the place of what {named} do for {lesson.name}" if others else f", in the place of {named}"


def _chosen(gradient: Gradient, lesson: Lesson, step: Step | None, readable: bool) -> tuple[str, str] | None:
    """Whose line it is, and the line. To a learner's that does not parse (`readable`) nothing can be near."""
    fix = next((diagnosis.fix for diagnosis in gradient.diagnoses if diagnosis.fix), None)
    derived = lesson.expression is not None and fix is not None and text(parsed(lesson.expression)) == text(parsed(fix))
    if fix is not None and not derived and (readable or lesson.expression is None):
        return "A right line near yours", fix
    if lesson.expression is not None:
        return "Derived from the forward", lesson.expression
    return ("The solution writes", step.source) if step is not None else None


def _lines(submission: Submission, lesson: Lesson, source: str) -> list[str]:
    """A line of one row as a learner would write it, a derived one in several where that reads better; one of several rows as it stands."""
    if "\n" in source:
        return f"{lesson.name} = {source}".split("\n")
    if source == lesson.expression:
        return [line.text for line in lines(lesson.name, parsed(source), {*submission.parameters, *lesson.shapes})]
    return [f"{lesson.name} = {text(parsed(source))}"]
