"""The modules that a student handed in beside a submission: which files they may be, and which of them are carried to the judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

from backprop_check.errors import BadInput
from backprop_check.files import decoded
from backprop_check.grading.item import Item
from backprop_check.grading.schemes import own_name

MOST_BYTES, MOST_MODULES, DEEPEST = 1_000_000, 32, 3

_WORD = re.compile(rb"[A-Za-z_]\w*")


def beside(item: Item, items: Iterable[Item]) -> dict[str, Item]:
    """Return the Python files of `items` that lie in the folder of `item` or below it, by their path from there."""
    folder = item.parts[:-1]
    found: dict[str, Item] = {}
    for other in items:
        below = other.parts[len(folder) :]
        if other.kind == "file" and other.suffix == ".py" and not other.why and other is not item and other.parts[: len(folder)] == folder:
            if len(below) <= DEEPEST:
                found.setdefault("/".join(below), other)
            if (own := own_name(other.name)) != other.name:  # a platform put more in front of it
                found.setdefault(own, other)
    return found


def carried(data: bytes, beside: Mapping[str, Item], read: Callable[[Item], bytes]) -> dict[str, str]:
    """Return the texts of those files that `data`, or one of them, may import, by path: all whose names it holds.

    Nothing is parsed here: what a stranger wrote is parsed under limits, by the judge.
    """
    texts: dict[str, str] = {}
    waiting, size = [data], 0
    while waiting and beside:
        words = set(_WORD.findall(waiting.pop()))
        for path, item in beside.items():
            if path in texts or len(texts) >= MOST_MODULES or not {name.encode() for name in _names(path)} <= words:
                continue
            try:
                raw = read(item)
                text = decoded(raw, PurePath(path), "module")
            except BadInput:
                continue
            if size + len(raw) <= MOST_BYTES:
                size += len(raw)
                texts[path] = text
                waiting.append(raw)
    return texts


def _names(path: str) -> list[str]:
    """The names of the module at `path`: a package's is that of its folder."""
    return [name for name in path.removesuffix(".py").split("/") if name != "__init__"]
