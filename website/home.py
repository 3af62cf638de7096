"""The first page, of the README's own words and one wrong answer that is really checked; and that answer's report as JSON."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from backprop_check.cli.demo import EXERCISE, WRONG
from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.report.json import as_json
from backprop_check.report.text import report_lines
from backprop_check.submission.workers import Workers
from website.text import block, printed, toctree

README = Path(__file__).resolve().parents[1] / "README.md"
WAYS = {
    "Learn with it": ("the course", "course.md"),
    "In a notebook, a script, a test": ("notebooks and scripts", "docs/notebook.md"),
    "Grade a class": ("grading", "docs/grading.md"),
}
"""Sections of the README that begin with what to type, and where more of each is."""


def names() -> list[str]:
    return ["index", "report"]


def make(name: str, zygote: Workers) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.py"
        file.write_text(WRONG, encoding="utf-8")
        report = check(packaged_course().solution(packaged_course().find(EXERCISE)), file, zygote)
    yield f"{name}.md", "\n".join(_home(report) if name == "index" else _report(report))


def section(heading: str) -> str:
    """Return what the README says below a heading. Raises `ValueError` where it has none such."""
    found = re.search(rf"^## {re.escape(heading)}\n+(.*?)(?=^## |\Z)", README.read_text(encoding="utf-8"), re.S | re.M)
    if found is None:
        raise ValueError(f"README.md has no section {heading!r}: name in website/home.py the one that is meant.")
    return found[1]


def _home(report: Report) -> Iterator[str]:
    yield README.read_text(encoding="utf-8").partition("```")[0]
    yield printed(partial(report_lines, report))
    for heading, (called, place) in WAYS.items():
        first, fence, _ = section(heading).partition("\n```\n")
        yield f"## {heading}\n\n{first}{fence}"
        yield f"More of it: [{called}]({place}).\n"
    yield f"## Install, and see it work\n\n{section('Install, and see it work')}"
    yield f"## How it judges\n\n{section('How it judges')}"
    yield toctree(["course", "mistakes", "operations", "commands", "report"], "The tool")
    yield toctree(["docs/*", "editors/README"], "More of it")
    yield toctree(["CONTRIBUTING", "CHANGELOG"], "The project")


def _report(report: Report) -> Iterator[str]:
    yield "# The report as JSON\n"
    yield section("Exit codes and JSON")
    yield "## An example\n"
    yield "Of this answer to the exercise [ex05](course/ex05.md), which is the one of `backprop-check demo`,\n"
    yield block(WRONG)
    yield "a terminal shows\n"
    yield printed(partial(report_lines, report))
    text = json.dumps(as_json(report), indent=2, ensure_ascii=False)
    yield "and `--json` prints, on one line,\n"
    yield block(re.sub(r"\[\s+([^\[\]{}]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text), "json")
