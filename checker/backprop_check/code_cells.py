"""Read a notebook of any size for its code: outputs, pictures and text are passed over and never held in memory.

A parser that hands over whole values, as ijson does, would hold each picture; this one holds a piece of the file and the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PIECE = 1 << 20
MOST_TOKENS = 3_000_000
"""Brackets, and what stands beside code, that are looked at in one notebook: some seconds."""

_PLAIN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_MARK = re.compile(rb'["\[\]{},:]')


class NotANotebook(ValueError):
    """The text is no notebook, or does not end as one; the message says what it is instead."""


def code_cells(read: Callable[[int], bytes], most: int) -> bytes:
    """Return a notebook (JSON) of the code cells alone of that which `read` gives by pieces.

    Raises `NotANotebook`, also where the code takes more than `most` bytes.
    """
    return _Reader(read, most).notebook()


class _Reader:
    def __init__(self, read: Callable[[int], bytes], most: int) -> None:
        self._read, self._room, self._tokens = read, most - 16, 0
        self._piece, self._at = read(PIECE).removeprefix(b"\xef\xbb\xbf"), 0

    def notebook(self) -> bytes:
        found: list[bytes] = []
        if self._next() != b"{":
            raise NotANotebook("is no notebook")
        while (key := self._key()) is not None:
            if key == b"cells" and self._opens(b"["):
                self._cells(found)
            elif key == b"worksheets" and self._opens(b"["):
                while self._opens(b"{"):
                    while (inner := self._key()) is not None:
                        if inner == b"cells" and self._opens(b"["):
                            self._cells(found)
                        else:
                            self._skip()
                if self._next() != b"]":
                    raise NotANotebook("is not a whole notebook")
            else:
                self._skip()
        return b'{"cells": [%b]}' % b", ".join(found)

    def _cells(self, found: list[bytes]) -> None:
        while True:
            mark = self._next()
            if mark == b"]":
                return
            if mark == b"{" and (source := self._cell()) is not None:
                found.append(b'{"cell_type": "code", "source": %b}' % source)
                self._room -= len(found[-1]) + 2
            if self._room < 0:
                raise NotANotebook("holds too much code")

    def _cell(self) -> bytes | None:
        """The source of a code cell, as it is spelled; None of another cell."""
        kind, source = b"", b'""'
        while (key := self._key()) is not None:
            if key == b"cell_type" and self._opens(b'"'):
                kind = self._string(64)
            elif key in (b"source", b"input") and self._opens(b'"'):
                source = b'"%b"' % self._string(self._room)
            elif key in (b"source", b"input") and self._opens(b"["):
                source = b"[%b]" % b", ".join(self._strings())
            else:
                self._skip()
        if kind != b"code":
            return None
        if len(source) > self._room:
            raise NotANotebook("holds too much code")
        return source

    def _strings(self) -> list[bytes]:
        found, room = [], self._room
        while (mark := self._next()) != b"]":
            if mark == b'"':
                text = self._string(max(0, room))
                if room >= 0:  # past it, whatever follows is too much, if this is code
                    found.append(b'"%b"' % text)
                room -= len(text) + 4
            elif mark != b",":
                raise NotANotebook("is not a whole notebook")
        return found if room >= 0 else [b" " * self._room]

    def _key(self) -> bytes | None:
        """The next key of an object, up to its colon; None at the object's end."""
        while (mark := self._next()) == b",":
            pass
        if mark == b"}":
            return None
        key = self._string(64) if mark == b'"' else None
        if key is None or self._next() != b":":
            raise NotANotebook("is not a whole notebook")
        return key

    def _opens(self, mark: bytes) -> bool:
        """Whether `mark` comes next, which is passed then; in an array, commas before it are passed too."""
        while True:
            found = self._next()
            if found == mark:
                return True
            if found != b"," or mark != b"{":
                self._at -= 1
                return False

    def _skip(self) -> None:
        """Pass over a value."""
        depth = 0
        while True:
            mark = self._next(deep=depth > 0)
            if mark == b'"':
                self._string(0)
            depth += (mark in b"{[") - (mark in b"}]")
            if depth < 0 or (mark == b"," and depth == 0):  # it was a number, or true, false or null
                self._at -= 1
                return
            if depth == 0 and mark not in b",:":
                return

    def _next(self, deep: bool = False) -> bytes:
        """The next mark, which is passed. `deep` in a value that is passed over: whole strings are no marks there."""
        self._tokens += 1
        if self._tokens > MOST_TOKENS:
            raise NotANotebook("holds too many parts to be read")
        while True:
            if deep:
                plain = _PLAIN.match(self._piece, self._at)
                self._at = plain.end() if plain else self._at
            found = _MARK.search(self._piece, self._at)
            if found is not None:
                self._at = found.end()
                return found[0]
            self._more()

    def _string(self, most: int) -> bytes:
        """A string that has begun, up to its end; past `most` bytes what is kept of it is longer than that, and no more."""
        kept, size = [], 0
        while True:
            found = _STRING.match(self._piece, self._at)
            end = found.end() if found else self._at
            if size <= most:
                kept.append(self._piece[self._at : min(end, self._at + most + 1 - size)])
                size += len(kept[-1])
            self._at = end
            if end < len(self._piece) and self._piece[end : end + 1] == b'"':
                self._at += 1
                return b"".join(kept)
            self._more(self._piece[end:])

    def _more(self, kept: bytes = b"") -> None:
        piece = self._read(PIECE)
        if not piece:
            raise NotANotebook("is not a whole notebook")
        self._piece, self._at = kept + piece, 0
