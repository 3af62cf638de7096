"""Archives that are no zip: tar and gzip are packed anew as the zip that is read everywhere; of others it is said what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import PurePath
from typing import IO, Any, cast

from backprop_check.errors import BadInput

_OPENED = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|(?:tar|py|ipynb)\.(?:gz|bz2|xz))$", re.IGNORECASE)
_CLOSED = re.compile(r"\.(?:rar|7z|ace|arj|lzh|zst|z|zipx|sitx?)$", re.IGNORECASE)
_MAGIC = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"\x28\xb5\x2f\xfd": "Zstandard"}
_HEAD, _TAR, _CHUNK = 262, b"ustar", 1 << 16
_XZ_MEMORY = 1 << 27
"""Bytes that unpacking an .xz may take. Its first lines say how much it needs; `xz -9` makes such that need half of this."""
_DAMAGED = "is damaged ({}): pack it again"
_UNPACK = "is a {} archive, which is not opened here: hand in the file itself or a .zip (or unpack it where it lies)"


def is_archive(name: str) -> bool:
    return bool(_OPENED.search(name) or _CLOSED.search(name))


def archive_stem(name: str) -> str:
    """Return the name of an archive without its suffixes: `ada` for ada.tar.gz, and for ada.py.gz."""
    return _CLOSED.sub("", _OPENED.sub("", name))


def closed(name: str) -> str:
    """Return why an archive of this name is not opened, "" where it is tried."""
    match = _CLOSED.search(name)
    return _UNPACK.format(match[0].lower()) if match else ""


class Unopened(BadInput):
    """An archive that cannot be read here. `why` says so of it, without its name."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}.")
        self.why = why


def as_zip(file: IO[bytes], name: str, limit: int) -> bytes | None:
    """Return what a tar, or a file that was packed alone, holds as the bytes of a zip; None where the file is neither.

    Raises `Unopened` where it is another kind of archive, damaged, or holds more than `limit` bytes.
    """
    head = file.read(_HEAD)
    file.seek(0)
    if kind := next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), ""):
        raise Unopened(name, _UNPACK.format(kind))
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    if opener is None and head[257:] != _TAR:
        return None
    held = io.BytesIO()
    try:
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            _pack(_Bounded(opener(file) if opener else file, name, limit), archive, PurePath(name).stem)
    except Unopened:
        raise
    except lzma.LZMAError as error:
        needs = f"needs more than {_XZ_MEMORY >> 20} MB of memory to be unpacked: pack it as a .zip"
        raise Unopened(name, needs if "emory" in str(error) else _DAMAGED.format(error)) from None
    except Exception as error:  # a damaged archive makes these raise nearly anything
        raise Unopened(name, _DAMAGED.format(str(error)[:100] or type(error).__name__)) from None
    return held.getvalue()


class _Xz:
    """What an .xz holds, read from its begin to its end in bounded memory, which `lzma.open` cannot."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._unpacks = file, lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and not self._unpacks.eof:
            fed = self._file.read(_CHUNK) if self._unpacks.needs_input else b""
            if self._unpacks.needs_input and not fed:
                raise EOFError("unexpected end of data")
            data += self._unpacks.decompress(fed, size - len(data))
        return data


_OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": _Xz}


class _Bounded:
    """A file of which no more is read than a limit. Its first bytes may be looked at."""

    def __init__(self, file: IO[bytes], name: str, limit: int) -> None:
        self._file, self._name, self._left, self._limit = file, name, limit, limit
        self.head = self._head = file.read(_HEAD)

    def read(self, size: int = -1) -> bytes:
        data, self._head = self._head[:size], self._head[size:] if size >= 0 else b""
        data += self._file.read(size - len(data) if size >= 0 else self._left + 1) if size != len(data) else b""
        self._left -= len(data)
        if self._left < 0:
            raise Unopened(
                self._name, f"holds more than {self._limit // 1_000_000} MB: hand in the file itself (or unpack it where it lies)"
            )
        return data


def _pack(file: _Bounded, archive: zipfile.ZipFile, alone: str) -> None:
    """Write into `archive` what a tar holds; `alone` is what the one file is called in what is none."""
    if file.head[257:] != _TAR:
        with archive.open(alone, "w") as written:
            shutil.copyfileobj(file, written)
        return
    with tarfile.open(fileobj=cast(IO[bytes], file), mode="r|") as tar:
        for member in tar:
            entry = zipfile.ZipInfo(member.name + "/" * member.isdir())
            kind = stat.S_IFDIR if member.isdir() else stat.S_IFREG if member.isreg() else stat.S_IFLNK
            entry.external_attr = (kind | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            data = tar.extractfile(member) if member.isreg() else None
            with archive.open(entry, "w") as written:
                if data is not None:
                    shutil.copyfileobj(data, written)
