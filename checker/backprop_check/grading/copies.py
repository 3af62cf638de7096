"""Zips that lie unpacked beside themselves, or twice: what they hold is one hand-in, not two."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable

from backprop_check.errors import BadInput
from backprop_check.grading.item import Item
from backprop_check.grading.tree import Node
from backprop_check.grading.words import without_copy, words

Read = Callable[[Item], bytes]


def copies(node: Node, read: Read) -> list[tuple[Node, Node]]:
    """Return the zips that hold the same as another entry of their name, each with that one: a folder, or the first download."""
    found = []
    alike: dict[tuple[str, ...], list[Node]] = defaultdict(list)
    order = {child.name: (child.item.kind == "zip", without_copy(child.stem) != child.stem) for child in node.folders.values()}
    for child in sorted(node.folders.values(), key=lambda child: (*order[child.name], child.name)):
        near = alike[tuple(words(without_copy(child.stem)))]
        same = next((other for other in near if child.item.kind == "zip" and _is_copy(child, other, read)), None)
        if same is None:
            near.append(child)
        else:
            found.append((child, same))
    return found


def _is_copy(node: Node, other: Node, read: Read) -> bool:
    """Say whether two folders hold the same submissions. A zip may hold the folder itself."""
    held, others = ({item.parts[n.depth :]: item for item in n.items() if item.kind == "file"} for n in (node, other))
    if held and held.keys() == {(other.stem, *parts) for parts in others}:
        held = {parts[1:]: item for parts, item in held.items()}
    elif others and others.keys() == {(node.stem, *parts) for parts in held}:
        others = {parts[1:]: item for parts, item in others.items()}
    try:
        return bool(held) and held.keys() == others.keys() and _digests(held, read) == _digests(others, read)
    except BadInput:
        return False


def _digests(items: dict[tuple[str, ...], Item], read: Read) -> dict[tuple[str, ...], bytes]:
    """One zip is open at a time: its files are read one after another."""
    return {parts: hashlib.sha256(read(item)).digest() for parts, item in items.items()}
