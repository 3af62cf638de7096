"""CSV files that a teacher opens in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from backprop_check.report.layout import visible

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # a Japanese Excel takes the wide ones too


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return the text of a CSV file."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def safe(text: str) -> str:
    """Return a cell of one line that no spreadsheet takes for a formula."""
    shown = visible(text)
    return "'" + shown if shown.startswith(_FORMULA) else shown


def number(value: float) -> str:
    """Return a number with at most two decimals and no exponent, as gradebooks keep it."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def read_number(text: str) -> float | None:
    """Return the positive number of a teacher's cell, with a decimal point or comma; None where there is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def column(header: Sequence[str], *names: str) -> int | None:
    """Return the index of the first column with one of these names, in any spelling of capitals; None where there is none."""
    for i, name in enumerate(header):
        if name.strip().casefold() in (wanted.casefold() for wanted in names):
            return i
    return None


def padded(row: Sequence[str], width: int) -> list[str]:
    """Return a row with as many cells as the header."""
    return [*row, *[""] * (width - len(row))]
