"""The zips inside a folder or a zip of submissions, opened as if they were folders. Nothing is unpacked to disk."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.files import LARGEST
from backprop_check.grading.archive import Archive
from backprop_check.grading.folder import Folder
from backprop_check.grading.item import DEPTH_LIMIT, TOO_DEEP, Item, few_others

DEEPEST, ENTRIES, SIZE, WHOLE = 4, 20_000, 100_000_000, 4_000_000_000
"""Zips inside zips, entries of one, bytes of one (it is held in memory), and bytes of all."""

_DEEP = f"is a zip inside {DEEPEST} others: it was not opened"
_MANY = f"is a zip of more than {ENTRIES:,} entries: it was not opened"
_LARGE = f"is a zip of more than {SIZE // 1_000_000} MB: it was not opened"
_TOGETHER = f"is a zip, and all of them hold more than {WHOLE // 1_000_000_000} GB: it was not opened"
_BROKEN = "is no zip that can be read: ask for it again"


class Nested:
    """What `base` holds, and what the zips in it hold. It belongs to one process."""

    def __init__(self, base: Folder | Archive) -> None:
        self.base = base
        self._last: tuple[Item, Archive] | None = None
        self._left = WHOLE

    def items(self) -> list[Item]:
        """Return everything, in any order. Raises `BadInput` when `base` cannot be listed; of a zip in it, `why` says so."""
        found: list[Item] = []
        waiting = deque(self.base.items())
        while waiting:
            item = waiting.popleft()
            if item.kind == "zip" and not item.why:
                inner, why = self._inside(item)
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

    def _inside(self, holder: Item) -> tuple[list[Item], str]:
        """Return what a zip holds, or why it was not opened."""
        deep, each = 0, holder
        while each.holder is not None:
            deep, each = deep + 1, each.holder
        if deep >= DEEPEST:
            return [], _DEEP
        if self._left <= 0:
            return [], _TOGETHER
        try:
            archive = self._opened(holder)
            listed = archive.items(ENTRIES)
        except BadInput as error:
            return [], _LARGE if "larger than" in str(error) else _MANY if "more than" in str(error) else _BROKEN
        return [_below(item, holder) for item in listed], ""

    def _opened(self, holder: Item) -> Archive:
        """Return the zip `holder` stands for. One is open at a time, so that memory is bounded."""
        if self._last is None or self._last[0] != holder:
            data = self.read(holder, SIZE)
            self._left -= len(data)
            archive = Archive(Path(*holder.parts), data)
            if self._last is not None:
                self._last[1].close()
            self._last = holder, archive
        return self._last[1]


def _below(item: Item, holder: Item) -> Item:
    parts = (*holder.parts, *item.parts)
    if len(parts) > DEPTH_LIMIT:
        return Item(parts[:DEPTH_LIMIT], "folder", TOO_DEEP)
    # What points out of a student's zip is that student's, and refused.
    return replace(item, parts=parts, holder=holder, kind="odd" if item.kind == "unsafe" else item.kind)
