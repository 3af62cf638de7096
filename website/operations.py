"""A page for each operation of the table: its laws with shapes and a number, as `explain` prints them, and the usual mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from backprop_check.derivation.example import example
from backprop_check.derivation.read import ALIASES
from backprop_check.derivation.table import STOPS, TABLE
from backprop_check.diagnosis.pages import page
from backprop_check.report.operation import SIGNS, STOPPED, operation_lines, usual_codes
from backprop_check.submission.workers import Workers
from website.text import ORPHAN, code, printed, prose, table


def names() -> list[str]:
    return sorted(TABLE)


def make(name: str, _: Workers) -> Iterator[tuple[str, str]]:
    yield f"operations/{name}.md", "\n".join(_page(name))


def _page(name: str) -> Iterator[str]:
    yield f"{ORPHAN}# {name}\n"
    yield "One of the [operations](../operations.md).\n"
    if _others(name):
        yield f"Also written {', '.join(map(code, _others(name)))}.\n"
    yield f"`backprop-check explain {name}` prints of it:\n"
    shown = example(name)
    yield printed(lambda columns: islice(operation_lines(name, shown, (), columns), 1, None))
    mistakes = [page(each) for each in usual_codes(name)]
    if mistakes:
        yield "## Mistakes that are usual here\n"
        yield table(["code", "what it is"], ([f"[`{p.code}`](../mistakes/{p.code}.md)", prose(p.sentence)] for p in mistakes))


def _others(name: str) -> list[str]:
    return [*(sign for sign, of in SIGNS.items() if of == name), *(alias for alias, of in ALIASES.items() if of == name)]


def index() -> Iterator[tuple[str, str]]:
    told = [f"# Operations\n\nHow a gradient goes back through each of {len(names())} operations.\n"]
    for letter in sorted({name[0] for name in names()}):
        some = [name for name in names() if name[0] == letter]
        told.append(", ".join(f"[{code(name)}](operations/{name}.md)" for name in some) + "\n")
    told += ["## Where nothing flows back\n", f"{STOPPED}\n", ", ".join(code(name) for name in sorted(STOPS)) + "\n"]
    yield "operations.md", "\n".join(told)
