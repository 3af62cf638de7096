"""A folder of submissions. No link is followed, neither in listing nor in reading: it could lead to the teacher's own files."""

from __future__ import annotations

import itertools
import os
import stat
from collections import Counter
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from backprop_check.errors import BadInput
from backprop_check.files import LARGEST, code_alone
from backprop_check.grading.item import (
    DEPTH_LIMIT,
    ITEMS_LIMIT,
    REMEMBERED,
    TOO_DEEP,
    TOO_LARGE,
    TOO_MANY,
    VENV,
    Item,
    fattest,
    few_others,
    is_ignored,
    is_venv_name,
    kind_of,
    too_large,
    trouble,
)
from backprop_check.grading.remembered import Remembered

_LINK = "is a symbolic link, which could lead anywhere: it was not followed"
_SPECIAL = "is no regular file (a device, pipe or socket): it was not opened"


class Folder:
    """The files below `root`, without those below `exclude`; or the one file `only` in it."""

    def __init__(self, root: Path, exclude: Path | None = None, only: str | None = None) -> None:
        self.root, self.only = root, only
        self._code = Remembered(code_alone, REMEMBERED)
        self.excluded = _below(exclude, root) if exclude is not None else None

    def items(self) -> list[Item]:
        """Return what the folder holds, in any order. Raises `BadInput` when it cannot be listed or holds too much."""
        if self.only is not None:
            return [Item((self.only,), "file")]
        items: list[Item] = []
        waiting: list[tuple[str, ...]] = [()]
        counts = Counter[tuple[str, ...]]()
        while waiting:
            parts = waiting.pop()
            try:
                with os.scandir(self.root.joinpath(*parts)) as scan:
                    seen = itertools.islice(scan, ITEMS_LIMIT + 1)
                    entries = [entry for entry in seen if not is_ignored(entry.name) and (*parts, entry.name) != self.excluded]
                why = TOO_DEEP if len(parts) > DEPTH_LIMIT else ""
            except OSError as error:
                entries, why = [], f"cannot be read ({error.strerror})"
                if not parts:
                    raise BadInput(f"{self.root} {why}: check the path and its permissions.") from None
            is_venv = any(entry.name == VENV for entry in entries)
            before = len(items) + len(waiting)
            if parts and not (is_venv and is_venv_name(parts[-1])):
                items.append(Item(parts, "folder", why))
            if not why and not (is_venv and parts):
                waiting += [(*parts, entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
                items += few_others(item for entry in entries if (item := _item((*parts, entry.name), entry)) is not None)
            for n in range(len(parts) + 1):
                counts[parts[:n]] += len(items) + len(waiting) - before
            while counts[()] > ITEMS_LIMIT:  # where one student has most of it, the others go on
                if not (fat := fattest(counts, counts[()])):
                    raise BadInput(f"{self.root} holds more than {ITEMS_LIMIT:,} files and folders: name the folder of submissions itself.")
                items = [*(item for item in items if item.parts[: len(fat)] != fat), Item(fat, "folder", TOO_MANY)]
                waiting = [other for other in waiting if other[: len(fat)] != fat]
                held = counts[fat] - 1
                counts = Counter({other: n for other, n in counts.items() if other[: len(fat)] != fat})
                for n in range(len(fat)):
                    counts[fat[:n]] -= held
        return items

    def near(self) -> list[Item]:
        """Return the files in `root` itself: those that lie beside `only`."""
        try:
            with os.scandir(self.root) as scan:
                entries = [entry for entry in scan if not is_ignored(entry.name)][:ITEMS_LIMIT]
        except OSError:
            return []
        return [item for entry in entries if (item := _item((entry.name,), entry)) is not None]

    def read(self, item: Item, limit: int = LARGEST) -> bytes:
        """Return the bytes of a file. Raises `BadInput` when it is gone, larger than `limit`, or no longer a regular file."""
        try:
            data = self._bytes(item, limit)
        except OSError as error:
            raise BadInput(f"{item.name!r} cannot be read ({error.strerror}).") from None
        if len(data) > limit:
            raise BadInput(f"{item.name!r} {TOO_LARGE}.")
        return data

    def _bytes(self, item: Item, limit: int) -> bytes:
        with ExitStack() as stack:
            folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            for part in item.parts[:-1]:
                folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                stack.callback(os.close, folder)
            # Without O_NONBLOCK, opening a pipe put in the file's place would wait for ever.
            opened = os.open(item.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            file = stack.enter_context(os.fdopen(opened, "rb"))
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{item.name!r} {_SPECIAL}.")
            if item.suffix != ".ipynb" or status.st_size <= limit or too_large(item.name, status.st_size):
                return file.read(limit + 1)
            key = item.parts, status.st_size, status.st_mtime_ns
            code: bytes = self._code(key, file.read, PurePosixPath(item.name))
            return code


def _item(parts: tuple[str, ...], entry: os.DirEntry[str]) -> Item | None:
    """Return what an entry is, None when it is a folder."""
    kind = kind_of(entry.name)
    called = "odd" if kind == "other" else kind
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Item(parts, called, f"cannot be read ({error.strerror})")
    if stat.S_ISLNK(status.st_mode):
        return Item(parts, called, _LINK, refused=True)
    if stat.S_ISREG(status.st_mode):
        return Item(parts, kind, trouble(kind, entry.name, status.st_size))
    return None if stat.S_ISDIR(status.st_mode) else Item(parts, called, _SPECIAL, refused=True)


def _below(path: Path, root: Path) -> tuple[str, ...] | None:
    path, root = path.resolve(), root.resolve()
    return path.relative_to(root).parts if path.is_relative_to(root) else None
