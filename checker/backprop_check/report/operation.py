"""The page of an operation, and the list of all, as text for a terminal. Values in, lines out; nothing is printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.derivation.read import ALIASES, BINARY
from backprop_check.derivation.table import STOPS, TABLE
from backprop_check.diagnosis.pages import Page
from backprop_check.diagnosis.usual import usual
from backprop_check.records import Lesson
from backprop_check.report.hint.laws import use_lines
from backprop_check.report.hint.numbers import number_lines
from backprop_check.report.layout import prose

if TYPE_CHECKING:
    from backprop_check.derivation.example import Example  # which loads torch

LONGEST = 160
"""Characters of a gradient that is written out; of a longer one the law is said."""

STOPPED = "Nothing flows back through it: no gradient of what went in comes from here."

_A, _B = ast.Name("a"), ast.Name("b")
SIGNS = {
    **{ast.unparse(ast.BinOp(_A, kind(), _B))[2:-2]: name for kind, name in BINARY.items()},
    "[]": "index", "x[i]": "index", ".T": "t", ".mT": "mt",
}  # fmt: skip


def operation_named(word: str) -> str | None:
    """Return what the table calls an operation that is named as people write it: `@`, `torch.tanh`, `x.sum()`; None for any other word."""
    bare = re.sub(r"\(.*\)$", "", word.strip()).rpartition(".")[2]
    found = SIGNS.get(word.strip()) or ALIASES.get(bare, bare)
    return found if found in TABLE or found in STOPS else None


def usual_codes(name: str) -> Sequence[str]:
    """Return the codes of the mistakes that are usual at an operation."""
    laws = {other: tuple(map(str, row.laws.values())) for other, row in TABLE.items()}
    row = TABLE.get(name)
    return usual(name, laws, bool(row and row.slope), bool(row and row.pairs), bool(row and "keepdim" in row.parameters))


def operation_lines(name: str, example: Example | None, mistakes: Sequence[Page], width: int) -> Iterator[Text]:
    """Yield the page of an operation: its laws, on a line with shapes and one number followed back, and the usual mistakes."""
    yield Text(_title(name), style="bold")
    if example is not None:
        yield from _example_lines(example, width)
    else:
        laws = list(TABLE[name].laws.values()) if name in TABLE else [STOPPED]
        for law in dict.fromkeys(law for law in laws if isinstance(law, str)):
            yield from prose(law, width)
    if mistakes:
        yield Text()
        yield Text("Mistakes that are usual here", style="bold")
        column = max(len(page.code) for page in mistakes) + 5
        for page in mistakes:
            first, *rest = prose(page.sentence, width, indent=column)
            yield Text.assemble(f"   {page.code}".ljust(column), first.plain.strip())
            yield from rest
        yield from prose("`backprop-check explain CODE` prints the page of one.", width, indent=0, style="dim")


def names_lines(width: int) -> Iterator[Text]:
    """Yield the names of all operations."""
    signs = {name: sign for sign, name in reversed(SIGNS.items()) if sign != "x[i]"}
    yield Text()
    yield Text("Operations", style="bold")
    yield from prose(", ".join(f"{name} {signs[name]}" if name in signs else name for name in sorted(TABLE)), width)
    yield Text()
    yield from prose("`backprop-check explain tanh` prints the law of one, with a number; so do `explain @` and `explain x.sum`.", width, 0)


def _title(name: str) -> str:
    others = [*(sign for sign, of in SIGNS.items() if of == name), *(alias for alias, of in ALIASES.items() if of == name)]
    return f"{name} ({', '.join(others)})" if others else name


def _example_lines(example: Example, width: int) -> Iterator[Text]:
    exercise, lessons = example.graph.exercise, example.lessons
    (line,) = exercise.lines
    yield Text(f"   {line.name} = {line.source}", style="cyan")
    shapes = lessons[0].shapes
    yield from prose(", ".join(f"{name} {shapes[name]}" for name in exercise.names if name in shapes), width)
    for lesson in lessons:
        text = example.derived[lesson.name]
        yield Text()
        yield Text(f"   {lesson.name} = {text}" if len(text) <= LONGEST else f"   {lesson.name}", style="bold")
        for use in lesson.uses:
            yield from use_lines(exercise, lesson, use, width)
        yield from _stands(example, lesson, width)
        yield from number_lines(lesson, lesson.name[1:], width)


def _stands(example: Example, lesson: Lesson, width: int) -> Iterator[Text]:
    """Yield what the number that is followed is, and what came of it where the line works number by number."""
    values, node = example.trials[0].values, lesson.name[1:]
    (line,) = example.graph.exercise.lines
    names = [node, *([line.name] if values[line.name].shape == values[node].shape and lesson.uses[0].count == 1 else [])]
    at = tuple(map(int, re.findall(r"\d+", lesson.place)))
    yield from prose(" and ".join(f"{name}{lesson.place} is {values[name][at].item():.3g}" for name in names) + ".", width)
