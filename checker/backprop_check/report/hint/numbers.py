"""One number of a node followed through the chain rule: what moves with it, how steeply, and what arrives there."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.text import Text

from backprop_check.records import Lesson, Moved
from backprop_check.report.layout import INDENT, prose, visible


def number_lines(lesson: Lesson, node: str, width: int) -> Iterator[Text]:
    """Yield the table of products and their sum; nothing where they could not be measured."""
    shares = sum(use.share for use in lesson.uses)
    if not lesson.uses or not math.isclose(shares, lesson.gradient, rel_tol=1e-6, abs_tol=1e-9):
        return
    one = f"{node}{lesson.place}"
    rows = [_cells(moved) for use in lesson.uses for moved in use.moved]
    if not rows:
        yield from prose(f"In numbers: nothing moves with {one}, so its gradient is 0.{_yours(lesson)}", width)
        return
    yield from prose(f"In numbers, when {one} rises: what moves, how steeply, times what arrives there.", width)
    wide = [max(len(row[i]) for row in rows) for i in range(4)]
    for place, slope, arrives, product in rows:
        line = f"{place:{wide[0]}}   {slope:>{wide[1]}} × {arrives:>{wide[2]}} = {product:>{wide[3]}}"
        yield Text(" " * (INDENT + 3) + visible(line), style="cyan")
    more = sum(use.count for use in lesson.uses) - len(rows)
    others = f", with the {more} others that move" if more else ""
    total = f"Added up{others}: {_rounded(lesson)}." if len(rows) + more > 1 else ""
    yield from prose(f"{total}{_yours(lesson)}".strip(), width) if total or _yours(lesson) else ()


def _cells(moved: Moved) -> tuple[str, str, str, str]:
    return moved.place, _factor(moved.slope), _factor(moved.arrives), _short(moved.slope * moved.arrives)


def _factor(value: float) -> str:
    """With as many digits as tell it from 1: `0.741 × 1 = 0.743` is no product."""
    written = (f"{value:.{digits}g}" for digits in range(3, 8))
    return next((said for said in written if said not in ("1", "-1")), _short(value)) if value else "0"


def _rounded(lesson: Lesson) -> str:
    """The sum; 0 where only rounding is left of terms that cancel."""
    return _beside(lesson, lesson.gradient)


def _beside(lesson: Lesson, value: float) -> str:
    largest = max((abs(moved.slope * moved.arrives) for use in lesson.uses for moved in use.moved), default=0.0)
    return "0" if abs(value) <= 1e-12 * largest else _short(value)


def _yours(lesson: Lesson) -> str:
    """The learner's own number, where it is another."""
    if lesson.given is None or math.isclose(lesson.given, lesson.gradient, rel_tol=1e-9, abs_tol=1e-12):
        return ""
    if _short(lesson.given) == _short(lesson.gradient):
        return f" Yours there is off by {_short(lesson.given - lesson.gradient)}."
    return f" Yours there is {_beside(lesson, lesson.given)}."


def _short(value: float) -> str:
    return f"{value:.3g}" if value else "0"
