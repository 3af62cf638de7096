"""The numbers of a value or a gradient, as lines of text. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from rich.text import Text

from backprop_check.report.layout import CUT, INDENT

MOST_ROWS, MOST_SLICES = 12, 3


def value_lines(value: Any, width: int) -> Iterator[Text]:
    """Yield a tensor's numbers in at most four digits, a row for each entry of the last axis but one, cut at `width`."""
    if not isinstance(value, torch.Tensor) or value.dim() == 0:
        yield Text(" " * INDENT + number(value.item() if isinstance(value, torch.Tensor) else value))
    elif value.dim() <= 2:
        yield from _grid(value if value.dim() == 2 else value.unsqueeze(0), width, INDENT, labelled=value.dim() == 2)
    else:
        for i, part in enumerate(value[:MOST_SLICES]):
            yield Text(f"{'':{INDENT}}[{i}]", style="dim")
            yield from ((Text("  ").append_text(line)) for line in value_lines(part, width - 2))
        if len(value) > MOST_SLICES:
            yield Text(f"{'':{INDENT}}{CUT} to [{len(value) - 1}]", style="dim")


def _grid(value: torch.Tensor, width: int, indent: int, labelled: bool) -> Iterator[Text]:
    cells = [[number(x) for x in row] for row in value[:MOST_ROWS].tolist()]
    wide = max((len(cell) for row in cells for cell in row), default=1)
    label = len(f"[{len(value) - 1}] ") if labelled else 0
    for i, row in enumerate(cells):
        shown = _fitting([f"{cell:>{wide}}" for cell in row], width - indent - label)
        yield Text.assemble(" " * indent, (f"{f'[{i}]':<{label}}" if labelled else "", "dim"), shown)
    if len(value) > len(cells):
        yield Text(f"{'':{indent}}{CUT} to [{len(value) - 1}]", style="dim")


def _fitting(cells: Sequence[str], room: int) -> str:
    line = "  ".join(cells)
    if len(line) <= room:
        return line
    fit = max(1, (room - len(CUT)) // (len(cells[0]) + 2)) if cells else 0
    return "  ".join([*cells[:fit], CUT])


def number(value: Any) -> str:
    """Return a number in at most four digits, whole ones and truth values as they are."""
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)
