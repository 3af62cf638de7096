"""Lanes beside a list of nodes, as in a version history: a lane is a value still to be used, and joins show who uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_JOINS = {
    (True, True, False, False): "│",
    (True, True, False, True): "├",
    (True, True, True, False): "┤",
    (True, True, True, True): "┼",
    (True, False, False, True): "╰",
    (True, False, True, False): "╯",
    (True, False, True, True): "┴",
    (False, True, False, True): "╭",
    (False, True, True, False): "╮",
    (False, True, True, True): "┬",
}
"""The sign of a lane that is joined, by what it is linked with: up, down, left, right."""


class Lanes:
    """The lanes while nodes are placed one below the other. `uses` says how often each value will be used."""

    def __init__(self, uses: Mapping[str, int]) -> None:
        self.left = dict(uses)
        self.lanes: list[str | None] = []

    def place(self, name: str, operands: Sequence[str], sign: str) -> tuple[str | None, str, str]:
        """Place a node that uses `operands`. Return the row that joins them (None if a lane just goes on), its own, the one below."""
        was = list(self.lanes)
        joined = [was.index(operand) for operand in operands]
        for operand in operands:
            self.left[operand] -= 1
        ended = [i for i in joined if not self.left[was[i] or ""]]
        for i in ended:
            self.lanes[i] = None
        lane = min(ended) if ended else self._free()
        self.lanes[lane] = name
        above = self._join(was, {*joined, lane}, lane) if joined and joined != [lane] else None
        at = self._row({lane: sign})
        if not self.left[name]:
            self.lanes[lane] = None
        return above, at, self.idle()

    def idle(self) -> str:
        """Return a row on which nothing happens."""
        while self.lanes and self.lanes[-1] is None:
            self.lanes.pop()
        return self._row({})

    def _free(self) -> int:
        if None in self.lanes:
            return self.lanes.index(None)
        self.lanes.append(None)
        return len(self.lanes) - 1

    def _row(self, signs: Mapping[int, str]) -> str:
        return " ".join(signs.get(i, "│" if name else " ") for i, name in enumerate(self.lanes)).rstrip()

    def _join(self, was: Sequence[str | None], joined: set[int], lane: int) -> str:
        """The row that links the lanes in `joined`. Lanes that are only crossed stay whole, and break the line instead."""
        first, last = min(joined), max(joined)
        row = ""
        for i in range(max(len(was), len(self.lanes))):
            up = i < len(was) and was[i] is not None
            down = i < len(self.lanes) and self.lanes[i] is not None
            between = first <= i <= last
            if i in joined:
                row += _JOINS.get((up, down, i > first, i < last), "│")
            else:
                row += "│" if up else "─" if between else " "
            row += "─" if first <= i < last else " "
        return row.rstrip()
