"""Read text that a person wrote, or say in one line why that cannot be done."""

from __future__ import annotations

from pathlib import Path, PurePath

from backprop_check.errors import BadInput

LARGEST = 2_000_000


def read_text(path: Path, what: str, kinds: str = ".py or .ipynb") -> str:
    """Return the text of `path` (UTF-8, with or without a byte order mark; any line ends).

    Raises `BadInput` naming `what` when there is no such file, or it is a folder, unreadable, empty, too large, binary or not UTF-8.
    """
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder: name the {what} itself.")
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path} is larger than {LARGEST // 1_000_000} MB: a {what} is a short text; name the right file.")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file. Check the name of the {what}.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from None
    except ValueError:
        raise BadInput(f"{str(path)!r} is no path a file can have: check the name of the {what}.") from None
    return decoded(raw, path, what, kinds)


def decoded(raw: bytes, path: PurePath, what: str, kinds: str = ".py or .ipynb") -> str:
    """Return the text of `raw`, the bytes of the file at `path`. Raises `BadInput` as `read_text` does of what it holds."""
    if len(raw) > LARGEST:
        raise BadInput(f"{path} is larger than {LARGEST // 1_000_000} MB: a {what} is a short text; name the right file.")
    if not raw.strip():
        raise BadInput(f"{path} is empty: save your {what} first.")
    if b"\0" in raw:
        raise BadInput(f"{path} is binary, not text: name the {what} itself ({kinds}).")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadInput(f"{path} is not UTF-8 (line {line}): save it again as UTF-8.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
