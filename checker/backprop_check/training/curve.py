"""Losses over the steps, drawn: as lines of text, and as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

HEIGHT = 9
_HIGH = 4
"""How many times as high as autograd's highest loss a picture goes; what is above is marked at its top."""


@dataclass(frozen=True)
class Curve:
    """The losses of one training. `mark` draws it in text, `colour` in a picture; the one that others are held against is `even`."""

    name: str
    mark: str
    colour: str
    losses: Sequence[float]
    even: bool = False


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    logarithmic: bool

    def place(self, loss: float) -> float:
        """Where a loss lies, from 0 at the bottom to 1 at the top; above 1 where it is too high for the picture."""
        low, high = self._bent(self.low), self._bent(self.high)
        return (self._bent(max(loss, self.low)) - low) / ((high - low) or 1.0) if math.isfinite(loss) else 2.0

    def at(self, place: float) -> float:
        value = self._bent(self.low) + place * (self._bent(self.high) - self._bent(self.low))
        return math.exp(value) if self.logarithmic else value

    def _bent(self, loss: float) -> float:
        return math.log(loss) if self.logarithmic else loss


def plot(curves: Sequence[Curve], width: int, height: int = HEIGHT) -> list[str]:
    """Return the picture as lines of at most `width` signs; of several curves in one place the last is seen."""
    columns = max(10, width - 11)
    meant = [_means(curve.losses, columns, _longest(curves)) for curve in curves]
    scale = _scale(curves, meant)
    rows = [[" "] * columns for _ in range(height)]
    for curve, means in zip(curves, meant, strict=True):
        for column, loss in enumerate(means):
            if loss is not None:
                place = scale.place(loss)
                rows[min(height - 1, round(place * (height - 1)))][column] = "^" if place > 1.0001 else curve.mark
    labelled = {0: scale.at(0), height // 2: scale.at((height // 2) / (height - 1)), height - 1: scale.at(1)}
    lines = [f"{_number(labelled[r]) if r in labelled else '':>8} |{''.join(rows[r]).rstrip()}" for r in reversed(range(height))]
    end = f"step {_longest(curves)}"
    return [*lines, f"{'':9}+{'-' * columns}", f"{'':10}0{end:>{columns - 1}}"]


def svg(curves: Sequence[Curve], title: str) -> str:
    """Return the picture as a file of its own."""
    wide, high, left, top = 720, 440, 70, 50
    across, down = wide - left - 20, high - top - 110
    columns = min(240, _longest(curves))
    meant = [_means(curve.losses, columns, _longest(curves)) for curve in curves]
    scale = _scale(curves, meant)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img"',
        'font-family="sans-serif" font-size="13">',
        f"<title>{escape(title.rstrip('.'))}: the loss at each step</title>",
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
        f'<text x="{left}" y="26" font-size="16" fill="#1a1a1a">{escape(title)}</text>',
    ]
    for tick in range(5):
        y = top + down * (1 - tick / 4)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + across}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{_number(scale.at(tick / 4))}</text>')
    parts.append(f'<text x="{left}" y="{top + down + 20}" fill="#444444">step 0</text>')
    parts.append(f'<text x="{left + across}" y="{top + down + 20}" text-anchor="end" fill="#444444">step {_longest(curves)}</text>')
    for number, (curve, means) in enumerate(zip(curves, meant, strict=True)):
        places = [(c, scale.place(m)) for c, m in enumerate(means) if m is not None]
        points = " ".join(f"{left + across * c / max(1, columns - 1):.1f},{top + down * (1 - min(1.0, p)):.1f}" for c, p in places)
        style = f'fill="none" stroke="{curve.colour}" stroke-width="{5 if curve.even else 2}"'
        dashes = ' stroke-dasharray="6 4"' if number > 1 else ""
        parts.append(f'<polyline points="{points}" {style}{dashes}/>')
        x, y = left + across // 2 * (number % 2), top + down + 44 + 20 * (number // 2)
        parts.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" {style}{dashes}/>')
        parts.append(f'<text x="{x + 34}" y="{y}" fill="#1a1a1a">{escape(curve.name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _longest(curves: Sequence[Curve]) -> int:
    return max(len(curve.losses) for curve in curves)


def _means(losses: Sequence[float], columns: int, steps: int) -> list[float | None]:
    """The mean loss of the steps that fall into each column, None where there are none."""
    means: list[float | None] = []
    for column in range(columns):
        first = column * steps // columns
        part = losses[first : max(first + 1, (column + 1) * steps // columns)]
        means.append(sum(part) / len(part) if part else None)
    return means


def _scale(curves: Sequence[Curve], meant: Sequence[Sequence[float | None]]) -> _Scale:
    every = [m for means in meant for m in means if m is not None and math.isfinite(m)]
    even = [m for curve, means in zip(curves, meant, strict=True) if curve.even for m in means if m is not None and math.isfinite(m)]
    low, high = min(every, default=0.0), max(every, default=1.0)
    if even and max(even) > 0:
        high = min(high, _HIGH * max(even))
    return _Scale(low, high, logarithmic=low > 0 and high > 30 * low)


def _number(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 1000 or value == 0 else f"{value:.1g}" if abs(value) < 0.1 else f"{value:.2g}"
