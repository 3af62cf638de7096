"""What stands around a call: the caller's names, and the source that has run so far, in a notebook or in a file."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from backprop_check.recording.naming import holders

_MAGIC = re.compile(r"get_ipython\(\)\.run_cell_magic\('(\w+)'")
_RUNNING = ("time", "capture")
"""Cell magics that run their cell as it stands, once, among the caller's names."""


@dataclass(frozen=True)
class Part:
    """A stretch of source that ran as one: a cell, a file or a function. `upto` is its last line that has begun to run.

    `place` names it for a person; of a `function` only the body counts.
    """

    place: str
    text: str
    upto: int
    function: bool = False


@dataclass(frozen=True)
class Caller:
    """The names a caller sees, and the parts of its source in the order in which they ran."""

    names: Mapping[str, Any]
    parts: tuple[Part, ...]

    def statements(self) -> Iterator[tuple[Part, ast.stmt]]:
        """Yield what has run, with the part it stands in, without what cannot be parsed."""
        for part in self.parts:
            tree = _parsed(part.text)
            first = tree.body[0] if part.function and tree.body else None
            body = first.body if isinstance(first, ast.FunctionDef) else tree.body
            yield from ((part, node) for node in _flat(body) if node.lineno <= part.upto)

    @cached_property
    def held(self) -> dict[int, str]:
        """How each tensor is reached from the names, by identity; by a loop's name only where there is no other."""
        looped = {
            n.id for _, node in self.statements() if isinstance(node, ast.For) for n in ast.walk(node.target) if isinstance(n, ast.Name)
        }
        late = {name: value for name, value in self.names.items() if name in looped}
        return {**holders(late), **holders({name: value for name, value in self.names.items() if name not in looped})}

    def calls(self) -> Iterator[ast.Call]:
        """Yield the calls in what has run, in the source's order."""
        for part in self.parts:
            yield from (call for call in _calls(part.text) if call.lineno <= part.upto)


@lru_cache(maxsize=512)
def _calls(text: str) -> tuple[ast.Call, ...]:
    found = [node for node in ast.walk(_parsed(text)) if isinstance(node, ast.Call)]
    return tuple(sorted(found, key=lambda call: (call.lineno, call.col_offset)))


@lru_cache(maxsize=512)
def _parsed(text: str) -> ast.Module:
    """The tree of a part, empty where it cannot be parsed. Not to be changed: every call reads the same cells again."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def caller(frame: FrameType) -> Caller:
    """Return what stands around the call that `frame` is at."""
    names = {**frame.f_globals, **frame.f_locals}
    return Caller(names, tuple(_parts(frame)))


def _parts(frame: FrameType) -> Iterator[Part]:
    code, cells = frame.f_code, frame.f_globals.get("In")
    notebook = isinstance(cells, list) and "get_ipython" in frame.f_globals
    if isinstance(cells, list) and notebook:
        whole = [Part(f"cell [{number}]", _inside(text), 1 << 30) for number, text in enumerate(cells) if isinstance(text, str)]
        if code.co_name == "<module>" and whole:
            whole[-1] = Part(whole[-1].place, whole[-1].text, frame.f_lineno)
        yield from whole
    if code.co_name != "<module>":
        try:
            lines, first = inspect.getsourcelines(code)
        except (OSError, TypeError):
            return
        yield _function(Path(code.co_filename).name, lines, first, frame.f_lineno)
    elif not notebook:
        text = "".join(linecache.getlines(code.co_filename, frame.f_globals))
        yield Part(Path(code.co_filename).name, text, frame.f_lineno)


def _inside(text: str) -> str:
    """The Python that a cell ran: under `%%time` and its like, which IPython keeps as a call, the text that was given to it."""
    found = _MAGIC.match(text)
    try:
        call = ast.parse(text).body[0] if found and found[1] in _RUNNING else None
    except SyntaxError:
        return text
    body = call.value.args[2] if isinstance(call, ast.Expr) and isinstance(call.value, ast.Call) and len(call.value.args) == 3 else None
    return body.value if isinstance(body, ast.Constant) and isinstance(body.value, str) else text


def _function(place: str, lines: Sequence[str], first: int, at: int) -> Part:
    """A function's source as a part, dedented, its lines at the numbers they have in the file."""
    return Part(place, "\n" * (first - 1) + textwrap.dedent("".join(lines)), at, function=True)


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements in order, those inside loops, conditions and `with` too."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _flat(getattr(node, field, []))
