"""What a folder or a zip of submissions holds, as one list of records, however it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from backprop_check.files import LARGEST

ITEMS_LIMIT = 200_000
DEPTH_LIMIT = 64
TOO_LARGE = f"is larger than {LARGEST // 1_000_000} MB: it was not opened"
TOO_DEEP = f"lies more than {DEPTH_LIMIT} folders deep: it was not searched"
METADATA = "submission_metadata.yml"
VENV = "pyvenv.cfg"
_IGNORED = {"__macosx", "__pycache__", "node_modules"}
_VENVS = {"venv", "env", "virtualenv"}

Kind = Literal["file", "folder", "zip", "metadata", "odd", "unsafe"]


@dataclass(frozen=True)
class Item:
    """A file that may be a submission, or a folder. `parts` is its path below the source, as the source spells it.

    `odd` is a link or device that is not called like a submission. `unsafe` is an entry of a zip whose path points out of it: its `parts`
    are one. `why` says why it is not opened, and `index` is its place in the zip's list.
    """

    parts: tuple[str, ...]
    kind: Kind
    why: str = ""
    refused: bool = False
    index: int = 0

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        return self.name.removesuffix(self.name[-len(self.suffix) :]) if self.suffix else self.name


def kind_of(name: str) -> Kind | None:
    """Return what a regular file is by its name; None when it is of no interest."""
    lower = name.lower()
    if lower.endswith((".py", ".ipynb")):
        return "file"
    if lower.endswith(".zip"):
        return "zip"
    return "metadata" if name == METADATA else None


def is_ignored(name: str) -> bool:
    """Say whether a file or folder of this name is passed over: hidden ones (.git, .ipynb_checkpoints) and what tools leave behind."""
    return name.startswith(".") or name.lower() in _IGNORED


def is_venv_name(name: str) -> bool:
    return name.lower() in _VENVS
