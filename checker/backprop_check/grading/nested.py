"""The zips inside a folder or a zip of submissions, opened as if they were folders. Nothing is unpacked to disk."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.files import LARGEST
from backprop_check.grading.archive import Archive
from backprop_check.grading.folder import Folder
from backprop_check.grading.item import DEPTH_LIMIT, ITEMS_LIMIT, TOO_DEEP, Item, few_others
from backprop_check.grading.packed import Unopened

DEEPEST, SIZE = 4, 100_000_000
"""Zips inside zips, and bytes of one, which is held in memory."""

ENTRIES, WHOLE = 20_000, 1_000_000_000
"""Entries of a student's zip, and bytes of it, with the zips in it: what is more than that costs this student only."""

_DEEP = f"is a zip inside {DEEPEST} others: it was not opened"
_MANY = "is a zip of more than {:,} entries: it was not opened"
_LARGE = f"is a zip of more than {SIZE // 1_000_000} MB: it was not opened"
_TOGETHER = f"is a zip, and with the others around it holds more than {WHOLE // 1_000_000_000} GB: it was not opened"
_UNPACKED = f"is a zip that holds more than {WHOLE // 1_000_000_000} GB of Python files and notebooks: it was not opened"
_BROKEN = "is no zip that can be read: ask for it again"


@dataclass
class _Left:
    """What may still be read of a zip and those in it."""

    entries: int
    size: int
    unpacked: float


class Nested:
    """What `base` holds, and what the zips in it hold. It belongs to one process."""

    def __init__(self, base: Folder | Archive) -> None:
        self.base = base
        self._last: tuple[Item, Archive] | None = None

    def items(self) -> list[Item]:
        """Return everything, in any order. Raises `BadInput` when `base` cannot be listed; of a zip in it, `why` says so."""
        found: list[Item] = []
        waiting = deque(self.base.items())
        # The only one may hold the whole class.
        several = sum(item.kind == "zip" for item in waiting) > 1
        entries, unpacked = (ENTRIES, WHOLE) if several else (ITEMS_LIMIT, math.inf)
        left: dict[Item, _Left] = {}
        while waiting:
            item = waiting.popleft()
            if item.kind == "zip" and not item.why:
                around = _around(item)
                inner, why = self._inside(item, len(around), left.setdefault(around[-1], _Left(entries, WHOLE, unpacked)))
                item = replace(item, why=why)
                waiting.extend(inner)
            found.append(item)
        return few_others(found)

    def read(self, item: Item, limit: int = LARGEST) -> bytes:
        """Return the bytes of a file. Raises `BadInput` when it is gone, damaged, larger than `limit` or unsafe by now."""
        if item.holder is None:
            return self.base.read(item, limit)
        inside = replace(item, parts=item.parts[len(item.holder.parts) :], holder=None)
        return self._opened(item.holder).read(inside, limit)

    def close(self) -> None:
        if self._last is not None:
            self._last[1].close()
            self._last = None
        if isinstance(self.base, Archive):
            self.base.close()

    def _inside(self, holder: Item, deep: int, left: _Left) -> tuple[list[Item], str]:
        """Return what a zip holds, or why it was not opened."""
        if deep > DEEPEST:
            return [], _DEEP
        if left.size <= 0:
            return [], _TOGETHER
        try:
            data = self.read(holder, SIZE)
        except BadInput as error:
            return [], _LARGE if "larger than" in str(error) else _BROKEN
        left.size -= len(data)
        try:
            archive = self._hold(holder, data)
            if archive.count > left.entries:
                return [], _MANY.format(left.entries)
            left.entries -= archive.count
            left.unpacked -= archive.unpacked
            if left.unpacked < 0:
                return [], _UNPACKED
            return [_below(item, holder) for item in archive.items()], ""
        except Unopened as error:
            return [], error.why
        except BadInput:
            return [], _BROKEN

    def _opened(self, holder: Item) -> Archive:
        """Return the zip `holder` stands for. One is open at a time, so that memory is bounded."""
        if self._last is not None and self._last[0] == holder:
            return self._last[1]
        return self._hold(holder, self.read(holder, SIZE))

    def _hold(self, holder: Item, data: bytes) -> Archive:
        archive = Archive(Path(*holder.parts), data)
        if self._last is not None:
            self._last[1].close()
        self._last = holder, archive
        return archive


def _around(item: Item) -> list[Item]:
    """Return a zip and those around it, from the inside."""
    around = [item]
    while (holder := around[-1].holder) is not None:
        around.append(holder)
    return around


def _below(item: Item, holder: Item) -> Item:
    parts = (*holder.parts, *item.parts)
    if len(parts) > DEPTH_LIMIT:
        return Item(parts[:DEPTH_LIMIT], "folder", TOO_DEEP)
    # What points out of a student's zip is that student's, and refused.
    return replace(item, parts=parts, holder=holder, kind="odd" if item.kind == "unsafe" else item.kind)
