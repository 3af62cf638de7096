"""Finite differences as lines of text: each element's measured slope beside autograd's gradient and the learner's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from rich.text import Text

from backprop_check.comparison.compare import tolerance
from backprop_check.exercise.sizes import written
from backprop_check.records import Answer, Exercise, Gradient
from backprop_check.report.layout import prose
from backprop_check.trace.numeric import Numeric, Slope

ROWS = 24
"""The most rows of the table; of more elements, the worst are shown."""

Measured = tuple[Slope, float, float | None]


def numeric_lines(exercise: Exercise, gradient: Gradient, numeric: Numeric, width: int) -> Iterator[Text]:
    """Yield the table for one gradient and what it shows, from the check's first trial (nominal sizes).

    A row is an element: its index, the central difference, autograd's number and the learner's, each in as many digits as `width` allows.
    """
    name, run = gradient.verdict.target.name, gradient.verdict.runs[0]
    oracle, scale, answer = run.trial.gradients[name], run.trial.scales[name], run.answers[name]
    theirs = answer.value if answer.value is not None and answer.shape == tuple(oracle.shape) else None
    rows = [(s, oracle[s.index].item(), None if theirs is None else float(theirs[s.index])) for s in numeric.slopes]
    allowed = tolerance(run.trial, name, oracle.dtype if theirs is None else theirs.dtype) * scale
    shown = sorted(rows, key=_badness, reverse=True)[:ROWS] if len(rows) > ROWS else rows
    yield Text.assemble((name, "bold"), f" by finite differences ({exercise.id}, {_sizes(run.trial.sizes)})")
    yield from _prose([f"One element of {numeric.node} moves by h, and the rest of the forward runs again:"], width)
    yield from _prose([_quotient(exercise, numeric.node)], width)
    yield Text()
    yield from _table(shown, allowed, width)
    yield Text()
    yield from _prose(_summary(numeric, rows, allowed), width)
    yield from _prose(_answer(name, oracle, answer, rows, allowed, numeric), width)
    yield from _prose(_together(exercise, numeric), width)


def _prose(sentences: Iterable[str], width: int) -> Iterator[Text]:
    for sentence in sentences:
        yield from prose(sentence, width, indent=0)


def worst_first(answer: Answer, oracle: torch.Tensor) -> list[int]:
    """Return the flat indices where an answer of the right shape is farthest from the oracle: the elements a table must not leave out."""
    if answer.value is None or answer.shape != tuple(oracle.shape) or not oracle.numel():
        return []
    off = (answer.value.to(torch.float64) - oracle).abs().nan_to_num(nan=float("inf")).flatten()
    return [int(i) for i in off.topk(min(ROWS, len(off))).indices]


def _table(rows: list[Measured], allowed: float, width: int) -> Iterator[Text]:
    digits = 8 if width >= 70 else 4
    column = digits + 7 if width >= 70 else 10
    margin = max([7, *(len(_index(s)) for s, _, _ in rows)])
    yield Text(f"{'element':<{margin}}{'measured':>{column}}{'autograd':>{column}}{'yours':>{column}}", style="dim")
    for slope, oracle, theirs in rows:
        right = theirs is not None and _right(theirs, oracle, allowed)
        own = "-" if theirs is None else f"{theirs:.{digits}g}"
        line = Text(f"{_index(slope):<{margin}}{slope.central:>{column}.{digits}g}{oracle:>{column}.{digits}g}{own:>{column}}")
        if theirs is not None:
            line.append(" ✓" if right else " ✗", style="green" if right else "bold red")
        yield line


def _summary(numeric: Numeric, rows: list[Measured], allowed: float) -> Iterator[str]:
    if len(rows) < numeric.elements:
        yield f"Measured: {len(rows)} of {numeric.elements} elements, spread evenly, with the worst of yours among them."
    if len(rows) > ROWS:
        yield f"Shown: the {ROWS} elements that disagree most."
    smooth = [(s, oracle) for s, oracle, _ in rows if not s.kinked]
    far = [s for s, oracle in smooth if abs(s.central - oracle) > max(10 * s.error, allowed)]
    if smooth and not far:
        gap = max(abs(s.central - oracle) for s, oracle in smooth)
        yield f"Measured and autograd agree: at most {gap:.0e} apart; measuring itself may be off by {max(s.error for s, _ in smooth):.0e}."
    elif far:
        yield f"Measured and autograd disagree at {_index(far[0])}" + (f" and {len(far) - 1} more." if len(far) > 1 else ".")
    if kinks := [s for s, _, _ in rows if s.kinked]:
        more = f" and {len(kinks) - 1} more" if len(kinks) > 1 else ""
        sides = f"{kinks[0].left:.4g} to the left, {kinks[0].right:.4g} to the right"
        yield f"At {_index(kinks[0])}{more} there is a kink: the slope is {sides}. No one number is right there."


def _answer(name: str, oracle: torch.Tensor, answer: Answer, rows: list[Measured], allowed: float, numeric: Numeric) -> Iterator[str]:
    if answer.state == "missing":
        yield f"Your {name} is not written yet."
    elif answer.state == "raised" and answer.raised is not None:
        yield f"Your {name} has no value: its line raised {answer.raised.kind}."
    elif answer.state != "tensor":
        yield f"Your {name} is no tensor: its type is {answer.kind}."
    elif answer.shape != tuple(oracle.shape):
        yield f"Your {name} has the shape {written(answer.shape or ())}, but {numeric.node} is {written(tuple(oracle.shape))}."
    else:
        off = [abs(theirs - o) for _, o, theirs in rows if theirs is not None and not _right(theirs, o, allowed)]
        wrong = f"Yours is off at {len(off)} of {len(rows)} elements, by up to {max([0.0, *off]):.4g}."
        yield wrong if off else "Yours is right at all of them."


def _together(exercise: Exercise, numeric: Numeric) -> Iterator[str]:
    if numeric.elements > 1 and "cell 47" in exercise.story:
        both = f"12.001 there, {numeric.together:.4g} here"
        yield f"The notebook's cell 47 moved all elements at once, so it got the SUM of the gradient: {both}."


def _quotient(exercise: Exercise, node: str) -> str:
    given = "d" + exercise.output
    loss = f"L = ({exercise.output} * {given}).sum()" if given in exercise.parameters else f"L = {exercise.output}"
    return f"(L({node} + h) - L({node} - h)) / 2h, {loss}."


def _right(theirs: float, oracle: float, allowed: float) -> bool:
    return abs(theirs - oracle) <= allowed or theirs == oracle or (theirs != theirs and oracle != oracle)


def _badness(row: Measured) -> float:
    slope, oracle, theirs = row
    off = abs((slope.central if theirs is None else theirs) - oracle)
    return float("inf") if off != off else off


def _index(slope: Slope) -> str:
    return "[" + ", ".join(map(str, slope.index)) + "]" if slope.index else "()"


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items())
