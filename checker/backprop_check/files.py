"""Read text that a person wrote, or say in one line why that cannot be done."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePath

from backprop_check.code_cells import NotANotebook, code_cells
from backprop_check.errors import BadInput

LARGEST, LARGEST_NOTEBOOK = 2_000_000, 500_000_000
"""Bytes of text; of a notebook, of its code alone, and with its outputs."""

_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def read_text(path: Path, what: str, kinds: str = ".py or .ipynb") -> str:
    """Return the text of `path` (UTF-8, UTF-16 with a byte order mark, or what a coding line says; any line ends).

    Raises `BadInput` naming `what` when there is no such file, or it is a folder, unreadable, empty, too large, binary or not in
    that encoding.
    """
    return decoded(read_bytes(path, what), path, what, kinds)


def read_bytes(path: Path, what: str) -> bytes:
    """Return the bytes of `path`; of a notebook that is too large to be read whole, its code. Raises `BadInput` as `read_text` does."""
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder: name the {what} itself.")
        size = path.stat().st_size
        if read_as(path.name).lower().endswith(".ipynb") and LARGEST < size <= LARGEST_NOTEBOOK:
            with path.open("rb") as file:
                return code_alone(file.read, path)
        with open(path, "rb", opener=_at_once) as file:
            raw = file.read(LARGEST + 1)  # a device may have no end
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file. Check the name of the {what}.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from None
    except ValueError:
        raise BadInput(f"{str(path)!r} is no path a file can have: check the name of the {what}.") from None
    if len(raw) > LARGEST:
        raise BadInput(_too_large(path, what))
    return raw


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes into is waited for by none."""
    if not hasattr(os, "O_NONBLOCK"):
        return os.open(path, flags)
    file = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(file, True)
    return file


def _too_large(path: PurePath, what: str) -> str:
    return f"{path} is larger than {LARGEST // 1_000_000} MB: no {what} is that long; name the right file."


def code_alone(read: Callable[[int], bytes], path: PurePath) -> bytes:
    """Return, as a notebook, the code cells of the one at `path`, which is too large to be read as a whole. Raises `BadInput`."""
    try:
        return code_cells(read, LARGEST)
    except NotANotebook as error:
        raise BadInput(f"{path} {error}: save it again from Jupyter, with the cells that count.") from None


def decoded(raw: bytes, path: PurePath, what: str, kinds: str = ".py or .ipynb") -> str:
    """Return the text of `raw`, the bytes of the file at `path`, read as Python or an editor reads them: by the byte order mark, by the
    coding line of a `.py`, else as UTF-8.

    Raises `BadInput` as `read_text` does of what it holds.
    """
    if len(raw) > LARGEST:
        raise BadInput(_too_large(path, what))
    if not raw.strip():
        raise BadInput(f"{path} is empty: save your {what} first.")
    encoding = _encoding(raw, path)
    if b"\0" in raw and not encoding.startswith("utf-16"):
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        raise BadInput(f"{path} is binary, not text (line {line} holds a zero byte): name the {what} itself ({kinds}).")
    try:
        text = raw.decode(encoding)
    except UnicodeError as error:
        if encoding.startswith("utf-16"):
            raise BadInput(f"{path} is not text, though it begins as UTF-16 does: name the {what} itself ({kinds}).") from None
        line = raw[: getattr(error, "start", 0)].count(b"\n") + 1
        named = "UTF-8" if encoding == "utf-8-sig" else f"`{encoding}`, as its coding line says"
        raise BadInput(f"{path} is not {named} (line {line}): save it again as UTF-8.") from None
    if not text.strip():
        raise BadInput(f"{path} is empty: save your {what} first.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(raw: bytes, path: PurePath) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if not read_as(path.name).lower().endswith(".py") or raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for line in re.split(rb"\r\n?|\n", raw[:4096])[:2]:  # where PEP 263 puts it
        named = _CODING.match(line)
        if named:
            encoding = named.group(1).decode()
            try:
                if bytes(range(32, 127)).decode(encoding) == bytes(range(32, 127)).decode():
                    return encoding if codecs.lookup(encoding).name != "utf-8" else "utf-8-sig"
            except (LookupError, UnicodeError):
                pass
            raise BadInput(f"{path}: its coding line names `{encoding}`, no encoding of text: save it as UTF-8 without that line.")
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return "utf-8-sig"


_SECOND = re.compile(r"(\.(?:py|ipynb|txt|json)) ?\(\d+\)$", re.IGNORECASE)
_RENAMED = {".txt": ".py", ".json": ".ipynb"}


@lru_cache(1 << 12)  # it is asked for ten times for each file of a class
def read_as(name: str) -> str:
    """Return the name by whose suffix a file is read. Browsers and mail programs hand `ex05.ipynb` on as `ex05.ipynb.json`, `ex05.py` as
    `ex05.py.txt` or `ex05.txt`; a second file of a name has a number behind it.
    """
    name = _SECOND.sub(r"\1", name.rstrip())
    stem, suffix = PurePath(name).stem, PurePath(name).suffix.lower()
    if suffix not in _RENAMED:
        return name
    return stem if PurePath(stem).suffix.lower() in _RENAMED.values() else stem + _RENAMED[suffix]
