"""A class list as it is saved: CSV in any encoding that spreadsheets write, or the workbook itself (.xlsx, .ods)."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from backprop_check.classroom.encodings import OF_WINDOWS, likeliest
from backprop_check.errors import BadInput
from backprop_check.files import read_bytes

Rows = list[tuple[str, ...]]

_WORKBOOK_LIMIT = 20_000_000
_DELIMITERS = ",;\t|"
_COLUMNS, _LOOKED = 1_000, 10_000
_NAMED = {"cp1252": "Windows-1252", "mac_roman": "Mac Roman", "cp1251": "Windows-1251", "gb18030": "GB 18030", "cp932": "Shift JIS"}
_UNREADABLE = "{} is no workbook that can be read: save the class list as CSV."


def read_sheet(path: Path) -> tuple[Rows, str]:
    """Return the rows of the class list at `path`, and in which encoding they were read where that is a guess. Raises `BadInput`."""
    raw = read_bytes(path, "roster")
    if raw.startswith(b"PK\3\4"):
        return _workbook(path, raw), ""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput(f"{path} is a workbook of old Excel: save the class list as CSV or .xlsx.")
    text, guessed = _text(path, raw)
    try:
        # The line that names the columns has most of them: above it there may be a title.
        bare = re.sub(r'"[^"]*"', "x", text[:_LOOKED])
        first = max(map(str.strip, bare.split("\n", 6)[:6]), key=lambda line: max(map(line.count, _DELIMITERS)))
        delimiter = max(_DELIMITERS, key=first.count)
        return [tuple(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)], guessed
    except csv.Error as error:
        raise BadInput(f"{path} is no CSV that can be read ({error}): export the roster again.") from None


def _text(path: Path, raw: bytes) -> tuple[str, str]:
    if not raw.strip():
        raise BadInput(f"{path} is empty: save your roster first.")
    encoding, guessed = "utf-8-sig", ""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in raw:  # every other byte of ASCII in UTF-16
        encoding = "utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"
    else:
        try:
            raw.decode(encoding)
        except UnicodeError:
            encoding = likeliest([raw], OF_WINDOWS)
            guessed = _NAMED[encoding]
    try:
        text = raw.decode(encoding)
    except UnicodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{path} is binary, not text: name the roster itself (.csv, .xlsx or .ods).")
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    if not text.strip():
        raise BadInput(f"{path} is empty: save your roster first.")
    return text, guessed


def _workbook(path: Path, raw: bytes) -> Rows:
    """Return the rows of the first sheet that has any."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            names = {info.filename: info.file_size for info in book.infolist()}
            sheets = sorted((n for n in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)), key=lambda n: (len(n), n))

            def part(name: str) -> ElementTree.Element:
                if names[name] > _WORKBOOK_LIMIT:
                    raise BadInput(f"{path} is too large a workbook: save the class list as CSV.")
                text = book.read(name)
                if b"<!DOCTYPE" in text:  # where entities could grow without bound: no spreadsheet writes one
                    raise BadInput(_UNREADABLE.format(path))
                return ElementTree.fromstring(text)  # noqa: S314 (see above)

            shared = [_all_text(each) for each in part("xl/sharedStrings.xml")] if "xl/sharedStrings.xml" in names else []
            read = (
                (_excel(part(name), shared) for name in sheets)
                if sheets
                else (_open_document(t) for t in part("content.xml").iter() if _is(t, "table"))
            )
            rows = next((rows for rows in read if any(any(row) for row in rows)), [])
    except BadInput:
        raise
    except Exception:  # a damaged zip or XML makes these raise nearly anything
        raise BadInput(_UNREADABLE.format(path)) from None
    if not rows:
        raise BadInput(f"{path} is empty: save your roster first.")
    return rows


def _excel(sheet: ElementTree.Element, shared: list[str]) -> Rows:
    rows = []
    for row in (each for each in sheet.iter() if _is(each, "row")):
        cells: dict[int, str] = {}
        for cell in row:
            at = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            value = "".join(each.text or "" for each in cell if _is(each, "v"))
            kind = cell.get("t")
            cells[at] = (
                shared[int(value)] if kind == "s" else _all_text(cell) if kind == "inlineStr" else re.sub(r"(?<=\d)\.0+$", "", value)
            )
        rows.append(_row(cells))
    return rows


def _open_document(table: ElementTree.Element) -> Rows:
    rows = []
    for row in (each for each in table.iter() if _is(each, "table-row")):
        cells: dict[int, str] = {}
        at = 0
        for cell in row:
            repeated = next((int(value) for key, value in cell.attrib.items() if key.endswith("}number-columns-repeated")), 1)
            text = " ".join(_all_text(each) for each in cell if _is(each, "p"))
            cells.update(dict.fromkeys(range(at, min(at + repeated, _COLUMNS)), text) if text else {})
            at += repeated
        rows.append(_row(cells))
    return rows


def _row(cells: dict[int, str]) -> tuple[str, ...]:
    return tuple(cells.get(n, "").strip() for n in range(min(max(cells, default=-1) + 1, _COLUMNS)))


def _column(place: str) -> int:
    """Return the number of a column from a place as B7."""
    number = 0
    for letter in re.sub(r"[^A-Z]", "", place):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _is(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


def _all_text(element: ElementTree.Element) -> str:
    return "".join(_texts(element))


def _texts(element: ElementTree.Element) -> Iterator[str]:
    """Yield the text in an element, without what tells how it is pronounced."""
    if not _is(element, "rPh"):
        yield element.text or ""
        for each in element:
            yield from _texts(each)
            yield each.tail or ""
