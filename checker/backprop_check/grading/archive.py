"""A zip of submissions, never unpacked to disk: every size in it is a claim, and every path a wish."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path, PurePosixPath

from backprop_check.classroom.encodings import OF_ZIPS, likeliest
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
    Kind,
    fattest,
    is_ignored,
    is_venv_name,
    kind_of,
    too_large,
    trouble,
)
from backprop_check.grading.packed import as_zip
from backprop_check.grading.remembered import Remembered

# The two that zipfile unpacks by pieces; of the others, a few bytes can grow to gigabytes before the first piece is seen.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED, _UTF8 = 0x1, 0x800
UNPACKED = 300_000_000
"""Bytes that a tar may hold, which is packed anew in memory."""

MOST_NAMES, LONGEST_NAME = 500, 300
"""So many names, of so many bytes, are looked at to see how they were written."""

_OUTSIDE = "has a path that points out of the zip: it was not opened"
_SPECIAL = "is stored as a symbolic link or device: it was not opened"


class Archive:
    """The entries of the zip at `path`, whose bytes are `data` where it lies in another one.

    Raises `BadInput` when it is none. It stays open until `close`, and belongs to one process.
    """

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        self._code = Remembered(code_alone, REMEMBERED)
        try:
            with path.open("rb") if data is None else io.BytesIO(data) as file:
                data = as_zip(file, str(path), UNPACKED) or data
            self._zip = zipfile.ZipFile(path if data is None else io.BytesIO(data))
        except BadInput:
            raise
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from None
        except Exception:  # a damaged list of entries makes zipfile raise nearly anything
            raise BadInput(f"{path} is no zip that can be read: name a folder or a .zip of submissions.") from None
        raws = (raw for entry in self._zip.infolist() if (raw := _raw(entry)) is not None and not raw.isascii() and len(raw) < LONGEST_NAME)
        self._encoding = likeliest([*islice(raws, MOST_NAMES)], OF_ZIPS)

    def close(self) -> None:
        self._zip.close()

    @property
    def count(self) -> int:
        return len(self._zip.infolist())

    @property
    def unpacked(self) -> int:
        """Bytes of what may be submissions in it, of which all may have to be read."""
        files = [entry for entry in self._zip.infolist() if kind_of(entry.filename) == "file"]
        return sum(entry.file_size for entry in files if not too_large(entry.filename, entry.file_size))

    def items(self) -> list[Item]:
        """Return what the zip holds, in any order. Raises `BadInput` when it holds too much."""
        entries = self._zip.infolist()
        found = [item for index, entry in enumerate(entries) if (item := _item(index, entry, self._name(entry))) is not None]
        while len(found) > ITEMS_LIMIT:  # where one student has most of it, the others go on
            counts = Counter(item.parts[:n] for item in found for n in range(1, len(item.parts) + (item.kind == "folder")))
            if not (fat := fattest(counts, len(found))):
                raise BadInput(f"{self.path} holds more than {ITEMS_LIMIT:,} entries: name the zip of submissions itself.")
            found = [*(item for item in found if item.parts[: len(fat)] != fat), Item(fat, "folder", TOO_MANY)]
        venvs = {_parts(name)[:-1] for entry in entries if (name := self._name(entry)).rstrip("/").endswith(f"/{VENV}")}
        return [item for item in dict.fromkeys(found) if not _inside(item, venvs)]

    def read(self, item: Item, limit: int = LARGEST) -> bytes:
        """Return the bytes of an entry. Raises `BadInput` when it is damaged, larger than `limit`, or the zip has changed."""
        entries = self._zip.infolist()
        if item.index >= len(entries) or _parts(self._name(entries[item.index])) != item.parts:
            raise BadInput(f"{item.name!r} is not in {self.path} any more.")
        try:
            entry = entries[item.index]
            with self._zip.open(entry) as file:
                if item.suffix == ".ipynb" and entry.file_size > limit and not too_large(item.name, entry.file_size):
                    code: bytes = self._code(item.index, file.read, PurePosixPath(item.name))
                    return code
                data = file.read(limit + 1)
        except BadInput:
            raise
        except Exception as error:  # see above
            raise BadInput(f"{item.name!r} is damaged in the zip ({str(error)[:100] or type(error).__name__}): ask for it again.") from None
        if len(data) > limit:
            raise BadInput(f"{item.name!r} {TOO_LARGE}.")
        return data

    def _name(self, entry: zipfile.ZipInfo) -> str:
        """Return the path as it was meant. Some programs write UTF-8 without saying so, others in what Windows uses in their country."""
        raw = _raw(entry)
        if raw is None:
            return entry.filename
        try:
            return raw.decode("utf-8")
        except UnicodeError:
            return raw.decode(self._encoding, "replace")


def _raw(entry: zipfile.ZipInfo) -> bytes | None:
    """Return the bytes of a path of which nothing says in what it was written."""
    return None if entry.flag_bits & _UTF8 else entry.filename.encode("cp437", "replace")


def _item(index: int, entry: zipfile.ZipInfo, name: str) -> Item | None:
    parts = _parts(name)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        return Item((name,), "unsafe", _OUTSIDE, refused=True, index=index)
    if not parts or any(is_ignored(part) for part in parts):
        return None
    if len(parts) > DEPTH_LIMIT:
        return Item(parts[:DEPTH_LIMIT], "folder", TOO_DEEP)
    kind = kind_of(parts[-1])
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Item(parts, "odd" if kind == "other" else kind, _SPECIAL, refused=True, index=index)
    if name.endswith(("/", "\\")):
        return Item(parts, "folder")
    if parts[-1] == VENV and len(parts) > 1:
        return Item(parts[:-1], "folder")
    return Item(parts, kind, trouble(kind, parts[-1], entry.file_size) or _trouble(entry, kind), index=index)


def _trouble(entry: zipfile.ZipInfo, kind: Kind) -> str:
    if kind in ("file", "zip") and entry.flag_bits & _ENCRYPTED:
        return "is encrypted: hand it in without a password (or unpack the zip where it lies)"
    if kind == "file" and entry.compress_type not in _METHODS:
        return "is packed by an unusual method: unpack the zip, and grade the folder"
    return ""


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a path; old programs for Windows part it by backslashes."""
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))


def _inside(item: Item, venvs: set[tuple[str, ...]]) -> bool:
    """Say whether an item lies in one of the virtual environments. A student's folder that is one itself stays, as an empty folder."""
    above = next((n for n in range(1, len(item.parts) + 1) if item.parts[:n] in venvs), 0)
    return above > 0 and (item.kind != "folder" or len(item.parts) > above or is_venv_name(item.parts[above - 1]))
