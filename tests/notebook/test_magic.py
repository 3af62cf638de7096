"""`%%backward` in a real kernel: what it says, what of earlier cells it knows, and what it outlives."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from kernel import Shown, run

from backprop_check.exercise.course import packaged_course

CELLS = (Path(__file__).parent / "magic.txt").read_text(encoding="utf-8")

SAID: dict[str, list[str]] = {
    "mixed": [
        "✓ dact              cell [4]:2\n",
        "✗ dprobs            cell [4]:3",
        "! dcounts           cell [4]:4   undefined-name",
        "✗ dcounts_sum_inv   cell [4]:5   lost-keepdim\n   5 │ dcounts_sum_inv = row_sum(counts * dprobs)",
        "1 of 4 gradients right · next: dprobs\n\n`%%backward ex05 --hint 1` gives a hint.",
    ],
    "last named, hint": [
        "ex05: Broadcasting",
        "· dcounts           not written yet",
        "Hint 2 of 4 on dprobs:",
        "--hint 3` gives a clearer hint.",
    ],
    "right": ["✓ dcounts_sum_inv", "4 of 4 gradients right"],
    "a path": ["mine: Dot product", "2 of 2 gradients right"],
    "broken line": ["! dact              cell [8]:2   syntax-error", "✓ dprobs"],
    "after it was killed": ["✓ da", "✗ db", "1 of 2 gradients right"],
    "after the interrupt": ["2 of 2 gradients right"],
    "loaded again": ["True"],
    "graph": ["● probs = counts * counts_sum_inv", "0 of 4 gradients right (not checked yet)"],
}

REFUSED = {
    "none named": r"UsageError: name the exercise: `%%backward ex00` \(there are ex00 to ex.*\)\.",
    "nothing parses": "UsageError: cell [9]:2: no `backward` could be read (unmatched ')'): mend that line first.",
    "unknown": r"UsageError: There is no exercise 'ex99' in .*: did you mean ex.9.*\?",
    "no such hint": "UsageError: argument --hint: invalid choice: 9 (choose from 1, 2, 3, 4)",
    "empty": "UsageError: %%backward is a cell magic, but the cell body is empty.",
    "blank": "UsageError: the cell is empty: write gradients into it, one a line, as in `dprobs = ...`.",
    "interrupted": "UsageError: interrupted: nothing was checked.",
    "graph of none": r"UsageError: There is no exercise 'ex99' in .*: did you mean ex.9.*\?",
}
"""One line each, and no traceback. A key whose text has `.*` in it is a pattern."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    folder = tmp_path_factory.mktemp("notebook")
    path = folder / "mine.py"
    path.write_text(packaged_course().find("ex01").read_text(encoding="utf-8"), encoding="utf-8")
    return run(CELLS.replace("{path}", "mine.py"), folder)


def test_what_is_said(shown: dict[str, Shown]) -> None:
    missing = {name: part for name, parts in SAID.items() for part in parts if part not in shown[name].plain}
    assert not missing, "\n".join(f"{name}: {part!r} is not in\n{shown[name].plain}{shown[name].error}" for name, part in missing.items())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_line(shown: dict[str, Shown], name: str) -> None:
    said, due = re.sub(r"\x1b\[[\d;]*m", "", shown[name].error).strip(), REFUSED[name]
    assert re.fullmatch(due, said) if ".*" in due else said == due


def test_the_graph_is_a_page_in_a_frame(shown: dict[str, Shown]) -> None:
    assert shown["graph"].html.startswith('<iframe title="The forward of ex05" sandbox="allow-scripts"')
    assert "&lt;h1&gt;ex05: Broadcasting" in shown["graph"].html


def test_only_those_fail(shown: dict[str, Shown]) -> None:
    assert {name for name, said in shown.items() if said.error} == {*REFUSED}


class Page(HTMLParser):
    """What a piece of HTML is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_html_is_what_front_ends_keep(shown: dict[str, Shown]) -> None:
    """No script, style sheet, SVG, link or class: nothing that is cleaned away, and what a learner wrote is text."""
    page = Page(shown["mixed"].html)
    assert page.tags == {"div", "p", "strong", "span", "code", "pre", "mark", "details", "summary", "table", "tr", "th", "td"}
    assert page.attributes <= {"style", "title", "scope", "aria-hidden", "aria-label", "open"}
    assert "url(" not in shown["mixed"].html and "var(" not in shown["mixed"].html
    assert "dcounts = counts_sum_inv * dprob  # <script>alert(1)</script>" in page.text


def test_no_hint_stands_outside_its_details(shown: dict[str, Shown]) -> None:
    """The fix is the fourth of four, each inside the one before it."""
    html = shown["last named, hint"].html
    openings = [found.start() for found in re.finditer("<details", html)]
    fix = html.index("Derived from the forward:" if "Derived from the forward:" in html else "A right line near yours")
    assert html[:fix].count("<details") - html[:fix].count("</details") == 4
    assert len(openings) == 4 * 2  # for the one that is wrong, and the first that is not written
