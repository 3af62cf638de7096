"""The site's pages are made without what builds it: one of each kind, and all that they link to is there."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path

import pytest

from backprop_check.exercise.course import packaged_course
from backprop_check.submission.zygote import Zygote

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from website import documents, exercises, slips, source  # noqa: E402
from website.links import wrong_links  # noqa: E402
from website.text import prose  # noqa: E402

ONE = {"home": "index", "exercises": "ex05", "mistakes": "lost-keepdim", "operations": "tanh", "commands": "dev"}
FOLDERS = {"home": "", "exercises": "course/", "mistakes": "mistakes/", "operations": "operations/", "commands": "commands/"}


@pytest.fixture(scope="module")
def made(zygote: Zygote) -> dict[str, str]:
    """One page of each kind, and all that come without a name, by their places."""
    pages = {path: text for kind, name in ONE.items() for path, text in source.KINDS[kind].make(name, zygote)}
    return pages | {path: text for index in source.INDICES for path, text in index()}


def test_links_lead_to_pages_that_will_be_there(made: dict[str, str]) -> None:
    there = {f"{FOLDERS[kind]}{name}.md" for kind, module in source.KINDS.items() for name in module.names()} | made.keys()
    links = [(path, link) for path, text in made.items() for link in re.findall(r"\]\(([^()#\s]+\.md)", text) if "://" not in link]
    links += [(path, f"/{entry}.md") for path, text in made.items() for entry in re.findall(r"^(?:.* <)?([\w./-]+)>?$", _tocs(text), re.M)]
    wrong = [
        (path, link) for path, link in links if posixpath.normpath(posixpath.join("/", posixpath.dirname(path), link))[1:] not in there
    ]
    assert len(links) > 200 and not wrong


def _tocs(text: str) -> str:
    entries = re.findall(r"^```\{toctree\}\n(?::.*\n)*\n(.*?)^```", text, re.M | re.S)
    return "\n".join(entry for entry in "".join(entries).split("\n") if "*" not in entry and "/" in entry)


def test_an_exercise_hides_its_solution_and_shows_its_slips(made: dict[str, str]) -> None:
    page = made["course/ex05.md"]
    shown, _, folded = page.partition("<details>")
    assert "# why" in folded and "# why" not in shown and "dcounts_sum_inv = ..." in shown
    assert shown.count('class="printed wide"') == shown.count('class="printed narrow"') == 3 and '<span class="bold red">✗</span>' in shown
    assert "<svg" in shown and "<!doctype html>" in made["_extra/graphs/ex05.html"]
    assert re.search(r"\(\.\./operations/tanh\.md\)", shown) and "sums-and-copies.md" in shown


def test_a_slip_stands_in_the_line_that_a_learners_file_has() -> None:
    course = packaged_course()
    stub = course.find("ex16").read_text(encoding="utf-8").split("\n")
    written = slips.written(course.solution(course.find("ex16")), {"dx": "dx = e"}).split("\n")
    assert [(old.split("  #")[0].strip(), new) for old, new in zip(stub, written, strict=True) if old != new] == [
        ("dx = ...", "    dx = e")
    ]


def test_every_solution_has_a_backward_to_show() -> None:
    """A module's own, or that of its class."""
    course = packaged_course()
    shown = [exercises.backward(course.solution(path)) for path in course.files()]
    assert all(re.match(r"(@staticmethod\n)?def backward\(", text) and "# why" in text for text in shown)
    assert any(text.startswith("@") for text in shown)


def test_what_is_printed_is_what_is_said(made: dict[str, str]) -> None:
    said = "(N,) = (7,), but counts_sum_inv is (N, 1) = (7, 1)"
    assert said in made["index.md"] and said in (ROOT / "README.md").read_text()
    assert "lost-keepdim" in made["mistakes/lost-keepdim.md"].partition('class="printed')[2]
    assert "(1 - y**2) * dy" in made["operations/tanh.md"]
    assert "--mutants" in made["commands/dev.md"], "what an action takes is told with its command"


def test_every_document_is_a_page(made: dict[str, str]) -> None:
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")} <= made.keys()
    assert documents.documents()[-1].name == "CHANGELOG.md"


def test_prose_stands_for_itself() -> None:
    assert prose("a * b, `x[i]` and\nsum_of <b>\n\nx[i]") == "a \\* b, `x[i]` and `sum_of` \\<b\\>\n\nx\\[i\\]"


def test_wrong_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text('<p id="here"><a href="#here"><a href="there.html#here"><a href="http://elsewhere.test">')
    assert list(wrong_links(tmp_path)) == []
    (tmp_path / "wrong.html").write_text(
        '<a href="gone.html"><a href="there.html#gone"><script src="//elsewhere.test/a.js"></script><link href="https://elsewhere.test/a.css">'
    )
    (tmp_path / "wrong.css").write_text("@font-face { src: url('https://elsewhere.test/font') }")
    assert len(list(wrong_links(tmp_path))) == 5
