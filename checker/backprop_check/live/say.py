"""What is said of a live comparison: the lecture's line first, then, where it is wrong, why. Values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from backprop_check.exercise.sizes import written
from backprop_check.live.caller import Caller
from backprop_check.live.compare import Asked, Compared, times_too_large
from backprop_check.records import Gradient
from backprop_check.report.layout import prose
from backprop_check.report.text import diagnosis_lines, facts

WIDTH = 92


def said(label: str, result: Compared, around: Caller, asked: Asked) -> Iterator[str]:
    """Yield the line everybody knows, and below a wrong one what is wrong."""
    difference, answer = result.difference, result.verdict.runs[0].answers[result.verdict.target.name]
    given = asked.given.shape if hasattr(asked.given, "shape") else ()
    if answer.state == "missing":
        yield f"{label:15s} | not written yet"
        return
    if difference.wrong == "shape":
        last = f"shape: {written(tuple(given))}, not {written(tuple(asked.tensor.shape))}"
    elif difference.wrong == "kind":
        last = f"a {answer.kind}, not a tensor"
    else:
        last = f"maxdiff: {difference.max_abs}"
    rounding = " (right to rounding)" if result.right and not difference.exact else ""
    yield f"{label:15s} | exact: {difference.exact!s:5s} | approximate: {result.right!s:5s} | {last}{rounding}"
    if not result.right:
        yield from (line.plain.rstrip() for line in _why(result, around, asked))


def _why(result: Compared, around: Caller, asked: Asked) -> Iterator[Text]:
    times = times_too_large(around, asked) if result.graph is None else None
    if times is not None:
        yield from prose(
            f"`{asked.node}.grad` itself is {times} times the gradient of this forward: backward() ran {times} times, and gradients "
            f"add up. Set `{asked.node}.grad = None` before you call it again.",
            WIDTH,
        )
        return
    if result.carried and not result.diagnoses:
        names = " and ".join(f"`{name}`" for name in result.carried)
        formula = "The formula is right: it" if result.formula_right else "It"
        yield from prose(f"{formula} uses {names}, which {'is' if len(result.carried) == 1 else 'are'} not right. Mend that first.", WIDTH)
        return
    line = (
        next((s.line for s in reversed(result.submission.statements) if result.verdict.target.name in s.writes), None)
        if result.submission
        else None
    )
    gradient = Gradient(result.verdict, line, None, written(tuple(asked.tensor.shape)), result.diagnoses)
    if len(result.diagnoses) > 1 and result.diagnoses[0].certainty == "one-of":
        yield from prose("one of:", WIDTH)
    for diagnosis in result.diagnoses or (facts(gradient),):
        yield from diagnosis_lines(diagnosis, gradient, result.submission, WIDTH)
    if result.carried:
        yield from prose(f"It also uses {' and '.join(f'`{name}`' for name in result.carried)}, which is not right either.", WIDTH)
    if result.graph is None:
        yield from prose("The forward could not be found in the source here, so only the numbers were compared.", WIDTH)
    elif result.diagnoses:
        yield from prose("Proven on these numbers; other sizes were not tried.", WIDTH, style="dim")
