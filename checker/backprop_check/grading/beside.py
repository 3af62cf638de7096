"""The modules that a student handed in beside a submission: which files they may be, and which of them are carried to the judge."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from backprop_check.errors import BadInput
from backprop_check.files import decoded
from backprop_check.grading.item import Item
from backprop_check.grading.schemes import own_name

MOST_BYTES, MOST_MODULES, DEEPEST = 1_000_000, 32, 3

_WORD = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Beside:
    """The Python files in a folder and below it, by their path from there, and by what their modules are called."""

    paths: dict[str, Item] = field(default_factory=dict)
    called: dict[bytes, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: str, item: Item) -> None:
        if path not in self.paths:
            self.paths[path] = item
            self.called[(_names(path) or [b""])[-1]].append(path)


def beside(items: Iterable[Item]) -> Callable[[Item], Beside]:
    """Return what gives the Python files of `items` that lie in the folder of an item or below it."""
    folders: dict[tuple[str, ...], Beside] = defaultdict(Beside)
    for item in items:
        if item.kind == "file" and item.suffix == ".py" and not item.why:
            own = own_name(item.name)
            for deep in range(1, min(DEEPEST, len(item.parts)) + 1):
                found = folders[item.parts[:-deep]]
                found.add("/".join(item.parts[-deep:]), item)
                if own != item.name:  # a platform put more in front of it
                    found.add(own, item)
    return lambda item: folders.get(item.parts[:-1], NOTHING)


def carried(data: bytes, item: Item, beside: Beside, read: Callable[[Item], bytes]) -> dict[str, str]:
    """Return the texts of those files that `data`, the bytes of `item`, or one of them, may import, by path: all whose names it holds.

    Nothing is parsed here: what a stranger wrote is parsed under limits, by the judge.
    """
    texts: dict[str, str] = {}
    waiting, size = [data], 0
    while waiting and beside.paths and len(texts) < MOST_MODULES:
        words = {*_WORD.findall(waiting.pop())}
        for path in sorted({path for word in {*words, b""} & beside.called.keys() for path in beside.called[word]}):
            other = beside.paths[path]
            if other is item or path in texts or len(texts) >= MOST_MODULES or not {*_names(path)} <= words:
                continue
            try:
                raw = read(other)
                text = decoded(raw, PurePath(path), "module")
            except BadInput:
                continue
            if size + len(raw) <= MOST_BYTES:
                size += len(raw)
                texts[path] = text
                waiting.append(raw)
    return texts


def _names(path: str) -> list[bytes]:
    """The names of the module at `path`: a package's is that of its folder. A path that is no text names nothing that code could hold."""
    return [name.encode(errors="replace") for name in path.removesuffix(".py").split("/") if name != "__init__"]


NOTHING = Beside()
