"""Where an answer differs from the gradient, as squares to colour. Values in, squares out; small tensors whole, large ones in blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from backprop_check.comparison.compare import distance, tolerance
from backprop_check.records import Gradient, Verdict

ROWS, COLUMNS = 12, 12
"""How many squares there are at most, down and across. A whole tensor may be twice as long as that down."""


@dataclass(frozen=True)
class Square:
    """One number of the tensor, or the worst of a block. `strength` is its |difference| over the worst one's, 0 where it is right."""

    text: str
    title: str
    strength: float
    worst: bool


@dataclass(frozen=True)
class Heat:
    """`rows` are labelled by the index of their first number; of tensors with more than two axes all but the last run down.

    `down` and `across` name the axes, empty where there is none. `blocks` says how many numbers a square stands for, (1, 1) for each.
    """

    name: str
    down: str
    across: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Square, ...]], ...]
    blocks: tuple[int, int]
    differ: int
    count: int
    worst: str
    given: str
    due: str
    sizes: str


def heat(gradient: Gradient) -> Heat | None:
    """Return the map of a wrong answer; None where there are no numbers of the right shape to compare."""
    verdict = gradient.verdict
    answer, oracle = verdict.answer.value, verdict.run.trial.gradients[verdict.target.name]
    if verdict.status != "incorrect" or answer is None or answer.shape != oracle.shape or not oracle.numel():
        return None
    off = _off(verdict, answer)
    if not bool(off.any()):
        return None
    signed = answer.to(torch.float64) - oracle
    table, flat = off.reshape(-1, off.shape[-1] if off.dim() else 1), signed.reshape(-1, off.shape[-1] if off.dim() else 1)
    row, column = divmod(int(table.argmax()), table.shape[1])
    down = max(1, math.ceil(table.shape[0] / ROWS)) if table.shape[0] > 2 * ROWS else 1
    across = max(1, math.ceil(table.shape[1] / COLUMNS)) if table.shape[1] > COLUMNS + 4 else 1
    most = float(table[row, column])
    rows = []
    for top in range(0, table.shape[0], down):
        squares = []
        for left in range(0, table.shape[1], across):
            part = table[top : top + down, left : left + across]
            at = divmod(int(part.argmax()), part.shape[1])
            place = _index(top + at[0], left + at[1], tuple(off.shape))
            worst = (top <= row < top + down) and (left <= column < left + across)
            squares.append(_square(float(part[at]), float(flat[top + at[0], left + at[1]]), most, place, part, worst))
        rows.append((_row_label(top, tuple(off.shape)), tuple(squares)))
    names = [name.strip() for name in gradient.axes.strip("()").split(",") if name.strip()]
    return Heat(
        name=verdict.target.name,
        down=", ".join(names[:-1]),
        across=names[-1] if names else "",
        columns=tuple(str(left) for left in range(0, table.shape[1], across)) if off.dim() else (),
        rows=tuple(rows),
        blocks=(down, across),
        differ=int((off > 0).sum()),
        count=off.numel(),
        worst=_index(row, column, tuple(off.shape)),
        given=_short(float(answer.reshape(table.shape)[row, column])),
        due=_short(float(oracle.reshape(table.shape)[row, column])),
        sizes=", ".join(f"{name} = {size}" for name, size in verdict.run.trial.sizes.items()) if verdict.worst else "",
    )


def at_nominal_sizes(verdict: Verdict) -> Verdict:
    """The verdict with the trial to show as its worst: the first, whose sizes the exercise names, where the answer is as wrong there."""
    return replace(verdict, worst=0) if verdict.differences[0].wrong == verdict.difference.wrong else verdict


def _off(verdict: Verdict, answer: torch.Tensor) -> torch.Tensor:
    """|difference| where it is more than rounding, else 0; infinite where the answer is not finite and the gradient is not the same."""
    name, trial = verdict.target.name, verdict.run.trial
    distances = distance(answer.to(torch.float64), trial.gradients[name])
    return torch.where(distances > tolerance(trial, name, answer.dtype) * trial.scales[name], distances, 0.0)


def _square(off: float, signed: float, most: float, place: str, part: torch.Tensor, worst: bool) -> Square:
    wrong = int((part > 0).sum())
    if not wrong:
        return Square("", f"{place}: right" if part.numel() == 1 else f"all {part.numel()} right", 0.0, False)
    strength = 1.0 if math.isinf(off) else 0.0 if math.isinf(most) else off / most
    title = f"{place}: off by {_short(signed)}"
    if part.numel() > 1:
        title = f"{wrong} of {part.numel()} differ, the most at {title}"
    return Square(_short(signed), title, max(strength, 0.05), worst)


def _index(row: int, column: int, shape: tuple[int, ...]) -> str:
    if not shape:
        return ""
    return f"[{', '.join(map(str, (*_leading(row, shape), column)))}]"


def _row_label(row: int, shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, _leading(row, shape)))


def _leading(row: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The indices of all axes but the last, of the row that a table of the last axis has."""
    found: list[int] = []
    for size in reversed(shape[:-1]):
        row, index = divmod(row, size)
        found.append(index)
    return tuple(reversed(found))


def _short(value: float) -> str:
    return f"{value:.2g}"
