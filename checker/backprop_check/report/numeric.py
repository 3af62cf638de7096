"""Finite differences as lines of text: what each element does to the loss, beside the learner's gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from rich.text import Text

from backprop_check.comparison.compare import tolerance
from backprop_check.exercise.sizes import written
from backprop_check.records import Answer, Exercise, Gradient, Run, Trial
from backprop_check.report.layout import prose
from backprop_check.report.values import number
from backprop_check.trace.numeric import RISE, Numeric, Slope

ROWS = 24
"""The most rows of the table; of more elements, the worst are shown."""

FEW = 12
"""The most numbers of an argument that are written out."""

Measured = tuple[Slope, float, float | None]


def numeric_lines(exercise: Exercise, gradient: Gradient, run: Run, numeric: Numeric, command: str, width: int) -> Iterator[Text]:
    """Yield the inputs, the table for one gradient and what it shows. `run` is the learner's on the trial measured, `command` shows values.

    A row is an element: what it rises from, what the loss does, how steeply that is, and what the learner's gradient says.
    """
    name = gradient.verdict.target.name
    oracle, scale, answer = run.trial.gradients[name], run.trial.scales[name], run.answers[name]
    theirs = answer.value if answer.value is not None and answer.shape == tuple(oracle.shape) else None
    rows = [(s, oracle[s.index].item(), None if theirs is None else float(theirs[s.index])) for s in numeric.slopes]
    allowed = tolerance(run.trial, name, oracle.dtype if theirs is None else theirs.dtype) * scale
    shown = sorted(rows, key=lambda row: -_badness(row, allowed))[:ROWS] if len(rows) > ROWS else rows
    yield Text.assemble((name, "bold"), f" by finite differences ({exercise.id}, {_sizes(run.trial.sizes)})")
    if answer.state == "tensor" and theirs is None:
        yield from _prose(_answer(name, oracle, answer, rows, allowed, numeric), width)
        return
    yield from _inputs(exercise, run.trial, command, width)
    yield Text()
    yield from _prose([f"One number of {numeric.node} rises by {RISE:g}, and the rest of the forward runs again{_loss(exercise)}:"], width)
    yield Text()
    yield from _table(shown, allowed, numeric.node, exercise, width)
    yield Text()
    yield from _prose(_summary(numeric, rows, allowed), width)
    yield from _prose(_answer(name, oracle, answer, rows, allowed, numeric), width)
    if theirs is not None:
        yield from _prose(_ratios(theirs.to(torch.float64), oracle, allowed), width)
    yield from _prose(_together(exercise, numeric), width)


def _inputs(exercise: Exercise, trial: Trial, command: str, width: int) -> Iterator[Text]:
    """The arguments of the forward that are few numbers, and where the others are."""
    values = {name: trial.values[name] for name in (*exercise.inputs, *([f"d{exercise.output}"] if exercise.takes_cotangent else []))}
    few = {name: v for name, v in values.items() if isinstance(v, torch.Tensor) and v.numel() <= FEW}
    for name, value in few.items():
        yield from _prose([f"{name} = {_written(value.tolist())}"], width)
    if more := [name for name, v in values.items() if isinstance(v, torch.Tensor) and name not in few]:
        yield from _prose([f"{', '.join(more)}: `{command} {more[0]}`"], width)


def _written(value: Any) -> str:
    return "[" + ", ".join(map(_written, value)) + "]" if isinstance(value, list) else number(value)


def _prose(sentences: Iterable[str], width: int) -> Iterator[Text]:
    for sentence in sentences:
        yield from prose(sentence, width, indent=0)


def worst_first(answer: Answer, oracle: torch.Tensor) -> list[int]:
    """Return the flat indices where an answer of the right shape is farthest from the oracle: the elements a table must not leave out."""
    if answer.value is None or answer.shape != tuple(oracle.shape) or not oracle.numel():
        return []
    off = (answer.value.to(torch.float64) - oracle).abs().nan_to_num(nan=float("inf")).flatten()
    return [int(i) for i in off.topk(min(ROWS, len(off))).indices]


def _table(rows: list[Measured], allowed: float, node: str, exercise: Exercise, width: int) -> Iterator[Text]:
    cells = [_cells(row, node, "L" if exercise.takes_cotangent else exercise.output) for row in rows]
    wide = [max((len(row[i]) for row in cells), default=0) for i in range(len(cells[0]) if cells else 0)]
    columns = list(range(len(wide)))
    # In a narrow terminal the columns stand closer; then what rises from where goes first, then what the loss does.
    gap = 3 if sum(wide) + 3 * len(wide) <= width else 2
    for least in (1, 2):
        if sum(wide[i] + gap for i in columns) > width:
            columns.remove(least)
    for cell, (_, oracle, theirs) in zip(cells, rows, strict=True):
        line = Text((" " * gap).join(f"{cell[i]:<{wide[i]}}" for i in columns).rstrip())
        if theirs is not None:
            right = _right(theirs, oracle, allowed)
            line.append(" ✓" if right else " ✗", style="green" if right else "bold red")
        yield line


def _cells(row: Measured, node: str, loss: str) -> tuple[str, str, str, str, str]:
    slope, _, theirs = row
    risen = slope.after - slope.before
    # As many digits as show the rise in three.
    digits = min(12, max(2, 2 - math.floor(math.log10(abs(risen))))) if risen and math.isfinite(risen) else 2
    return (
        f"{node}{_index(slope)}:" if slope.index else f"{node}:",
        f"{slope.at:.6g} -> {slope.at + RISE:.6g}",
        f"{loss}: {slope.before:.{digits}f} -> {slope.after:.{digits}f}",
        f"slope {slope.central + 0.0:.4g}" if abs(slope.central) > slope.error else "slope 0",
        "" if theirs is None else f"yours {theirs + 0.0:.4g}",
    )


def _summary(numeric: Numeric, rows: list[Measured], allowed: float) -> Iterator[str]:
    if len(rows) < numeric.elements:
        worst = ", with the worst of yours among them" if any(theirs is not None for _, _, theirs in rows) else ""
        yield f"Measured: {len(rows)} of {numeric.elements} elements, spread evenly{worst}."
    if len(rows) > ROWS:
        some = any(_badness(row, allowed) for row in rows)
        yield f"Shown: the {ROWS} elements that disagree most." if some else f"Shown: the first {ROWS} elements."
    smooth = [(s, oracle) for s, oracle, _ in rows if not s.kinked]
    far = [s for s, oracle in smooth if _measured_apart(s, oracle, allowed)]
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


def _ratios(theirs: torch.Tensor, oracle: torch.Tensor, allowed: float) -> Iterator[str]:
    """How many times the slope the answer is, where that is one number, or one for each place along some axes."""
    steep = (oracle.abs() > 1e3 * allowed) & torch.isfinite(oracle) & torch.isfinite(theirs)
    if steep.sum() < 2 or not (steep | ((theirs - oracle).abs() <= allowed)).all():
        return
    ratio = torch.where(steep, theirs / oracle, torch.nan)
    if bool(((ratio - 1).abs() < 1e-9).logical_or(~steep).all()):
        return
    for axis in (None, *range(oracle.dim())) if oracle.dim() > 1 else (None,):
        known = ratio.flatten() if axis is None else ratio
        low, high = (torch.where(steep.view(known.shape), known, sign * torch.inf) for sign in (1, -1))
        low, high = (low.amin(), high.amax()) if axis is None else (low.amin(axis), high.amax(axis))
        some = torch.isfinite(low)
        if bool(((high - low).abs() <= 1e-6 * high.abs())[some].all()) and (axis is None or steep.sum(axis).max() > 1):
            if axis is None:
                yield f"Yours is {low.item():.6g} times the slope, everywhere."
            else:
                few = ", ".join(f"{x:.4g}" for x in low.flatten()[:FEW].tolist())
                yield f"Along axis {axis}, yours is the same number of times the slope: {few}{', ...' if low.numel() > FEW else ''}."
            return


def _together(exercise: Exercise, numeric: Numeric) -> Iterator[str]:
    if numeric.elements > 1 and "cell 47" in exercise.story:
        both = f"12.001 there, {numeric.together:.4g} here"
        yield f"The notebook's cell 47 moved all elements at once, so it got the SUM of the gradient: {both}."


def _loss(exercise: Exercise) -> str:
    """What L is, where the loss is no value of the forward."""
    given = f"d{exercise.output}"
    return f"; L = ({exercise.output} * {given}).sum()" if exercise.takes_cotangent else ""


def _right(theirs: float, oracle: float, allowed: float) -> bool:
    return abs(theirs - oracle) <= allowed or theirs == oracle or (theirs != theirs and oracle != oracle)


def _measured_apart(slope: Slope, oracle: float, allowed: float) -> bool:
    return abs(slope.central - oracle) > max(10 * slope.error, allowed)


def _badness(row: Measured, allowed: float) -> float:
    """How far an answer is from the oracle; without one, how far what was measured is. What rounding does is nothing."""
    slope, oracle, theirs = row
    if theirs is None and not _measured_apart(slope, oracle, allowed):
        return 0.0
    off = abs((slope.central if theirs is None else theirs) - oracle)
    return float("inf") if off != off else off if theirs is None or off > allowed else 0.0


def _index(slope: Slope) -> str:
    return "[" + ", ".join(map(str, slope.index)) + "]" if slope.index else "()"


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items())
