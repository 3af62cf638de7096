"""What a download holds, as a tree: a folder, or a zip that was opened, with what lies in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backprop_check.grading.item import Item


@dataclass
class Node:
    """A folder. `item` stands for it; `zips` says that it is a zip."""

    item: Item
    folders: dict[str, Node] = field(default_factory=dict)
    files: list[Item] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.item.name if self.item.parts else ""

    @property
    def stem(self) -> str:
        """The name of the folder, or of the zip without its suffix."""
        return self.item.stem if self.item.kind == "zip" else self.name

    @property
    def depth(self) -> int:
        return len(self.item.parts)

    def child(self, name: str) -> Node:
        return self.folders.setdefault(name, Node(Item((*self.item.parts, name), "folder")))

    def items(self) -> Iterator[Item]:
        """Yield everything below, the folders too."""
        yield from self.files
        for folder in self.folders.values():
            yield folder.item
            yield from folder.items()

    def holds_work(self) -> bool:
        """Say whether there is anything in it that may be a submission, at any depth."""
        return any(item.kind == "file" for item in self.items())


def tree(items: Iterable[Item]) -> Node:
    """Return the tree of all items."""
    root = Node(Item((), "folder"))
    for item in items:
        node = root
        for part in item.parts[:-1]:
            node = node.child(part)
        if item.kind == "folder" or (item.kind == "zip" and not item.why):
            node.child(item.name).item = item
        else:
            node.files.append(item)
    return root
