"""The catalogue: a page for each mistake, made of its own page, with its wrong line as it is really told."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from backprop_check.derivation.table import TABLE
from backprop_check.diagnosis.mistakes import mistakes
from backprop_check.diagnosis.pages import page, pages
from backprop_check.flow import check
from backprop_check.report.operation import usual_codes
from backprop_check.report.text import gradient_lines
from backprop_check.submission.workers import Workers
from website.text import block, code, printed, prose, table, toctree

# a mistake's page as an exercise, as tests make it that hold it to be true
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "diagnosis"))
from pages import section, write

FEW = 12
"""Of more operations at which a mistake is usual, nothing is said."""


def names() -> list[str]:
    return [each.code for each in pages()]


def make(name: str, zygote: Workers) -> Iterator[tuple[str, str]]:
    yield f"mistakes/{name}.md", "\n".join(_page(name, zygote))


def _page(name: str, zygote: Workers) -> Iterator[str]:
    told = page(name)
    yield f"# {name}\n"
    yield prose(told.sentence[:1].upper() + told.sentence[1:]) + "\n"
    yield f"Family: {prose(told.family.lower())}.\n"
    for paragraph in told.sections.get("Why", "").split("\n\n"):
        yield prose(paragraph) + "\n"
    yield "## An example\n"
    yield f"With {prose(told.said('Shapes'))}, this is the forward:\n"
    yield block(_lines(told.said("Forward")))
    yield "Wrong:\n"
    yield block(_lines(told.said("Wrong")))
    yield "Right:\n"
    yield block(_lines(told.said("Right")))
    yield "`backprop-check` says of the wrong line:\n"
    yield _message(name, zygote)
    operations = [other for other in TABLE if name in usual_codes(other)]
    if 0 < len(operations) <= FEW:
        yield f"It is usual at {', '.join(f'[{code(other)}](../operations/{other}.md)' for other in operations)}.\n"
    if "Read more" in told.sections:
        yield f"Read more: {prose(told.said('Read more'))}\n"


def _lines(statements: str) -> str:
    return "\n".join(part.strip() for part in statements.split(";"))


def _message(name: str, zygote: Workers) -> str:
    text = mistakes()[name].__doc__ or ""
    with tempfile.TemporaryDirectory() as folder:
        report = check(*write(Path(folder), text, section(text, "Wrong")), zygote)
    wrong = [gradient for gradient in report.gradients if gradient.diagnoses]
    return printed(lambda columns: (line for gradient in wrong for line in gradient_lines(gradient, report, columns)))


def index() -> Iterator[tuple[str, str]]:
    told = [f"# The catalogue of mistakes\n\n{len(names())} codes. `backprop-check explain CODE` prints the page of one.\n"]
    for family, members in groupby(pages(), key=lambda each: each.family):
        told += [
            f"## {family}\n",
            table(["code", "what it is"], ([f"[`{p.code}`](mistakes/{p.code}.md)", prose(p.sentence)] for p in members)),
        ]
    yield "mistakes.md", "\n".join([*told, toctree(f"mistakes/{name}" for name in names())])
