"""Say why a submission has no `backward`, and what in it comes near to one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from backprop_check.records import Broken
from backprop_check.submission.cells import Cell
from backprop_check.submission.signature import Function

ALIKE = 0.7
"""From which likeness on a name is taken for a slip of another (of `difflib`)."""
_MAGIC = re.compile(r"(?m)^\s*# %%backward\b")
"""A cell magic below the first line, as `cells` leaves it."""


class Found(NamedTuple):
    """A definition somewhere in the submission: `inside` is the class or function around it, "" at the top level or in a plain block."""

    name: str
    place: str
    inside: str
    is_class: bool


def why_nothing(path: Path, trees: Sequence[tuple[Cell, ast.Module]], broken: Sequence[Broken]) -> str:
    """Return one line: what stands in the place of `backward`, else which line could not be read, else what is defined there."""
    functions = [found for cell, tree in trees for found in _functions(tree, cell)]
    nothing = f"{path} defines no function `backward`"
    for found in reversed(functions):
        if found.name == "backward" and found.inside:
            where = f"a method of the class `{found.inside}`" if found.is_class else f"inside `{found.inside}`"
            self = " and take `self` away" if found.is_class else ""
            return f"{nothing} at its top level: the one on {found.place} is {where}; move it out, to the left margin{self}."
        if found.name == "backward":
            return f"{nothing} at its top level: the one on {found.place} stands in a loop or a `with`; move it out, to the left margin."
    for cell, _ in trees:
        if cell.mark is None and (magic := _MAGIC.search(cell.text)) is not None:
            line = cell.text[: magic.start()].count("\n") + 1
            return f"{nothing}: `%%backward` stands on line {line} of {cell.place}, and counts only on its first; move it up."
    if any("backward" in b.source for b in broken):
        return unreadable(path, broken)
    near = max((f for f in functions if not f.inside), key=lambda f: _likeness(f.name), default=None)
    if near is not None and _likeness(near.name) >= ALIKE:
        return f"{nothing}: `{near.name}` on {near.place} looks like it; it must be called `backward`."
    bound = next((place for cell, tree in trees for place in _bound(tree, cell)), None)
    if bound is not None:
        return f"{nothing}: {bound} gives that name to something else; write the function itself, as `def backward(...):` with its lines."
    if broken:
        return unreadable(path, broken)
    names = list(dict.fromkeys(f"`{f.name}`" for f in functions if not f.inside))
    if names:
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if len(names) <= 8 else f"{len(names)} other functions"
        return f"{nothing}, only {listed}: write your gradients into a function `backward`, as in the exercise."
    return f"{nothing}: start from the exercise's own."


def unreadable(path: Path, broken: Sequence[Broken]) -> str:
    first = broken[0]
    return f"{path}:{first.line}: no `backward` could be read ({first.message}): mend that line first."


def _likeness(name: str) -> float:
    """How much a function's name is like `backward`; of the other two parts of an exercise, not at all."""
    plain = name.lower().replace("_", "")
    if plain in ("forward", "inputs"):
        return 0.0
    return 1.0 if "backward" in plain or "backprop" in plain else SequenceMatcher(None, plain, "backward").ratio()


def _functions(node: ast.AST, cell: Cell, inside: str = "", is_class: bool = False) -> Iterator[Found]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield Found(child.name, _place(child, cell), inside, is_class)
            yield from _functions(child, cell, child.name)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, cell, child.name, is_class=True)
        else:
            yield from _functions(child, cell, inside, is_class)


def _bound(tree: ast.Module, cell: Cell) -> Iterator[str]:
    """Where the name `backward` is given to something by an assignment or an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            if "backward" in (a.asname or a.name for a in node.names):
                yield _place(node, cell)
        elif isinstance(node, ast.Name) and node.id == "backward" and isinstance(node.ctx, ast.Store):
            yield _place(node, cell)


def _place(node: ast.stmt | ast.expr, cell: Cell) -> str:
    line = f"line {node.lineno}"
    return f"{line} of {cell.place}" if cell.place.endswith("]") else line
