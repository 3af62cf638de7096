"""What a folder or a zip of submissions holds, as one list of records, however it is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from backprop_check.files import LARGEST, read_as

ITEMS_LIMIT = 200_000
DEPTH_LIMIT = 64
OTHERS_LISTED = 50
"""So many files of other kinds are listed of a folder: of a data set, a few names say enough."""
TOO_LARGE = f"is larger than {LARGEST // 1_000_000} MB: it was not opened"
TOO_DEEP = f"lies more than {DEPTH_LIMIT} folders deep: it was not searched"
METADATA = "submission_metadata.yml"
VENV = "pyvenv.cfg"
_IGNORED = {"__macosx", "__pycache__", "node_modules", "thumbs.db", "desktop.ini", "icon\r"}
_VENVS = {"venv", "env", "virtualenv"}

Kind = Literal["file", "folder", "zip", "metadata", "other", "odd", "unsafe"]


@dataclass(frozen=True)
class Item:
    """A file or a folder. `parts` is its path below the source, as the source spells it; a zip counts as a folder of what it holds.

    `file` is called like a submission; `other` is not; `odd` is a link or device that is not. `unsafe` is an entry of a zip whose path
    points out of it: its `parts` are one. `why` says why it is not opened, and `index` is its place in the list of the zip that holds it:
    the source, or `holder`.
    """

    parts: tuple[str, ...]
    kind: Kind
    why: str = ""
    refused: bool = False
    index: int = 0
    holder: Item | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        return PurePosixPath(read_as(self.name)).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without its suffix, and without what a browser put behind it."""
        name = read_as(self.name)
        suffix = PurePosixPath(name).suffix
        return name.removesuffix(suffix) if suffix else name


def kind_of(name: str) -> Kind:
    """Return what a regular file is by its name."""
    lower = read_as(name).lower()
    if lower.endswith((".py", ".ipynb")) and not (lower != name.lower() and _is_plain(name)):
        return "file"
    if lower.endswith(".zip"):
        return "zip"
    return "metadata" if name == METADATA else "other"


def _is_plain(name: str) -> bool:
    """Say whether a name has no suffix of a submission in it: text or JSON, which may be one all the same."""
    return not PurePosixPath(name).stem.lower().endswith((".py", ".ipynb"))


def is_ignored(name: str) -> bool:
    """Say whether a file or folder of this name is passed over: hidden ones (.git, .ipynb_checkpoints) and what tools leave behind."""
    return name.startswith((".", "~$")) or name.lower() in _IGNORED


def is_venv_name(name: str) -> bool:
    return name.lower() in _VENVS


def few_others(items: Iterable[Item]) -> list[Item]:
    """Leave out files of other kinds beyond the first of each folder."""
    seen: Counter[tuple[str, ...]] = Counter()
    kept = []
    for item in items:
        seen[item.parts[:-1]] += item.kind == "other"
        if item.kind != "other" or seen[item.parts[:-1]] <= OTHERS_LISTED:
            kept.append(item)
    return kept
