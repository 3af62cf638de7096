"""Where in somebody's code a torch call was made: its frames, innermost first, and the source that stands there."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

Frames = tuple[tuple[CodeType, int], ...]
"""Code and the instruction it was at, of each frame of the user's own, innermost first."""

DEEP = 6
"""How many frames of the user's own are kept."""

_MOST = 2 * DEEP

_USERS, _TORCHS, _LIBRARYS, OPTIMIZERS, _FUNCTIONS = range(5)
_TORCH, _OURS = (str(Path(module).parent) for module in (torch.__file__, str(Path(__file__).parent)))
_OPTIM = str(Path(_TORCH) / "optim")
_APPLY = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined]
_LIBRARIES = (str(Path(os.__file__).parent), str(Path(_TORCH).parent))
"""Where Python's own modules lie, and what is installed."""
kinds: dict[str, int] = {}
"""Whose a file is, where that was asked before."""


def frames(frame: FrameType | None, applied: Callable[[FrameType], None]) -> tuple[Any, ...]:
    """Return the user's frames from `frame` outwards, up to the module's own or to a library that called the user's code.

    Codes and instructions alternate, flat: this runs at every call. `applied` is told of the `apply` of an `autograd.Function` among them.
    """
    found: list[Any] = []
    known = kinds
    while frame is not None:
        code = frame.f_code
        try:
            kind = known[code.co_filename]
        except KeyError:
            kind = known[code.co_filename] = _kind(code.co_filename)
        if not kind:  # the user's
            found += (code, frame.f_lasti)
            if code.co_name == "<module>" or len(found) == _MOST:
                break
        elif kind == _TORCHS:
            pass
        elif kind == _LIBRARYS and found:
            break
        elif kind == _FUNCTIONS and code is _APPLY:
            applied(frame)
        frame = frame.f_back
    return tuple(found)


def _kind(filename: str) -> int:
    if filename.startswith(_OPTIM):
        return OPTIMIZERS
    if filename == _APPLY.co_filename:
        return _FUNCTIONS
    if filename.startswith((_TORCH, _OURS)):
        return _TORCHS
    return _LIBRARYS if filename.startswith((*_LIBRARIES, "<frozen")) else _USERS


@dataclass(frozen=True)
class Place:
    """An expression that ran: the source it stands in, and from where to where (lines from 1, columns from 0 in UTF-8 bytes)."""

    filename: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def span(self) -> tuple[int, int, int, int]:
        return self.line, self.column, self.end_line, self.end_column


_places: dict[tuple[int, int], tuple[CodeType, Place | None]] = {}
"""By a code's identity: codes of two files may be equal."""


def place(code: CodeType, instruction: int) -> Place | None:
    """Return where the expression of an instruction stands, None where the code does not say."""
    known = _places.get((id(code), instruction))
    if known is None:
        if len(_places) > 10_000:
            _places.clear()
        known = _places[id(code), instruction] = code, _place(code, instruction)
    return known[1]


def _place(code: CodeType, instruction: int) -> Place | None:
    for number, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if number == instruction // 2:
            if line is None or end_line is None or column is None or end_column is None:
                return None
            return Place(code.co_filename, line, column, end_line, end_column)
    return None


@lru_cache(maxsize=4096)
def statement(there: Place) -> ast.stmt | None:
    """Return the innermost statement around a place, None where there is no source."""
    found: ast.stmt | None = None
    open_ones: list[ast.AST] = [tree(there.filename)]
    while open_ones:
        for node in ast.iter_child_nodes(open_ones.pop()):
            if isinstance(node, ast.stmt) and not _around(node, there):
                continue
            found = node if isinstance(node, ast.stmt) else found  # what is within comes later
            if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                open_ones.append(node)
    return found


def _around(node: ast.stmt, there: Place) -> bool:
    line, column, end_line, end_column = span_of(node)
    return (line, column) <= (there.line, there.column) and (there.end_line, there.end_column) <= (end_line, end_column)


def tree(filename: str) -> ast.Module:
    return _parsed("".join(linecache.getlines(filename)))


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def segment(filename: str, node: ast.expr) -> str:
    """Return the source of an expression."""
    return segment_of(Place(filename, *span_of(node)))


def segment_of(there: Place) -> str:
    """Return the source that stands at a place."""
    rows = [row.encode() for row in linecache.getlines(there.filename)[there.line - 1 : there.end_line]]
    if not rows:
        return ""
    rows[-1] = rows[-1][: there.end_column]
    rows[0] = rows[0][there.column :]
    return b"".join(rows).decode()


def span_of(node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0


def names_given(where: Frames) -> str | None:
    """Return the name that a statement gave to the value of an expression, in the frame it was made in or in one it was returned to."""
    for code, instruction in where:
        there = place(code, instruction)
        node = statement(there) if there is not None else None
        if there is None or node is None:
            return None
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if span_of(value) == there.span:
                return name
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if span_of(value) == there.span:
                return name
            case ast.AugAssign(target=ast.Name(id=name)):
                return name if there.span == span_of(node) else None
            case ast.Return(value=ast.expr() as value) if span_of(value) == there.span:
                continue
            case _:
                return None
    return None
