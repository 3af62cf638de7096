"""What a folder or a zip of submissions holds, as one list of records, however it is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from backprop_check.files import LARGEST, LARGEST_NOTEBOOK, read_as
from backprop_check.grading.packed import archive_stem, closed, is_archive
from backprop_check.submission.cells import SUFFIXES

ITEMS_LIMIT = 200_000
REMEMBERED = 100
"""Of so many notebooks that are too large to be read as a whole the code is kept once it was found."""

DEPTH_LIMIT = 64
OTHERS_LISTED = 50
"""So many files of other kinds are listed of a folder: of a data set, a few names say enough."""
TOO_LARGE = f"is larger than {LARGEST // 1_000_000} MB: it was not opened"
TOO_MANY = f"holds most of more than {ITEMS_LIMIT:,} files and folders: it was not searched"
TOO_DEEP = f"lies more than {DEPTH_LIMIT} folders deep: it was not searched"
METADATA = {"submission_metadata.yml", "submission_metadata.csv"}
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
        if self.kind == "zip":
            return archive_stem(name)
        suffix = PurePosixPath(name).suffix
        return name.removesuffix(suffix) if suffix else name


def kind_of(name: str) -> Kind:
    """Return what a regular file is by its name."""
    lower = read_as(name).lower()
    if lower.endswith((".py", ".ipynb")) and not (lower != name.lower() and _is_plain(name)):
        return "file"
    if is_archive(lower):
        return "zip"
    return "metadata" if name in METADATA else "other"


def _is_plain(name: str) -> bool:
    """Say whether a name has no suffix of a submission in it: text or JSON, which may be one all the same."""
    return not PurePosixPath(name).stem.lower().endswith((".py", ".ipynb"))


def trouble(kind: Kind, name: str, size: int) -> str:
    """Return why a regular file is not opened, "" where it is."""
    return too_large(name, size) if kind == "file" else closed(name) if kind == "zip" else ""


def too_large(name: str, size: int) -> str:
    """Return why a file of this name and size is not opened. A notebook's outputs do not count, for they are passed over."""
    if read_as(name).lower().endswith(".ipynb"):
        return TOO_LARGE.replace(f"{LARGEST // 1_000_000} MB", f"{LARGEST_NOTEBOOK // 1_000_000} MB") if size > LARGEST_NOTEBOOK else ""
    return TOO_LARGE if size > LARGEST else ""


def fattest(counts: Mapping[tuple[str, ...], int], whole: int) -> tuple[str, ...]:
    """Return the innermost folder that holds more than half of what lies in the one around it, by how much each holds; () for none."""
    parts: tuple[str, ...] = ()
    while True:
        inside = [other for other in counts if len(other) == len(parts) + 1 and other[:-1] == parts and 2 * counts[other] > whole]
        if not inside:
            return parts
        parts, whole = inside[0], counts[inside[0]]


def is_ignored(name: str) -> bool:
    """Say whether a file or folder of this name is passed over: hidden ones (.git, .ipynb_checkpoints) and what tools leave behind."""
    office = name.startswith("~$") and not name.endswith(SUFFIXES)  # what Word and Excel leave beside a file that is open
    return office or name.startswith(".") or name.lower() in _IGNORED


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
