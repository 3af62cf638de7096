"""What strangers send in to get marks, to break the grading, or to leave something behind: none of it does."""

from __future__ import annotations

import ast
import csv
import html.parser
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import odd
import pytest
from attacked import ATTACKS, HONEST, Graded, spelled, victims

HALF_EARNS = {"dact": 1.0, "dprobs": 0.0, "dcounts": 1.0, "dcounts_sum_inv": 0.0}
IGNORED = {".hidden.py", "..py", "...py", "conftest.py"}
"""Hidden files, and those that are a tool's by their name, are nobody's submission."""

SHADOWS = {name for name in odd.TEXTS if name.startswith("backprop_check/")}
"""One student's folder: what of it is taken does not matter."""

OUTCOMES: dict[str, set[str]] = {
    "end_": {"judged", "crashed", "timeout"},  # on a slow machine its work alone takes longer than the limit
    "hang_": {"timeout", "crashed", "refused", "judged"},
    "eat_": {"judged", "memory", "timeout", "crashed"},
    "lie_": {"judged", "refused", "timeout", "crashed"},
    "patch_": {"judged", "crashed", "refused", "timeout"},
    "hunt_": {"judged", "crashed", "refused"},
    "ask_": {"judged", "crashed", "timeout"},
    "forge_": {"judged", "refused"},
    "signal_": {"judged", "crashed", "memory"},
    "left_": {"judged", "crashed", "refused"},
    "show_": {"judged"},
    "read_": {"judged", "unreadable"},
}
"""What may become of each family. A quarrel with the judge is `refused`, an end of its own making `crashed`."""

EARNS = {
    "hunt_two_sessions.py": {"dprobs"},
    "hunt_three_sessions.py": {"dprobs", "dcounts_sum_inv"},
    "hunt_float32_reason.py": {"dcounts"},
    "ask_aten_tanh_backward.py": {"dact"},
}
"""What an attack earns honestly: who gives up one gradient may compute with it from then on. Of `ask_aten_tanh_backward`, a line is right."""

MUST = {
    "hang_loop.py": "timeout", "hang_regex.py": "timeout", "hang_import_time.py": "timeout", "hang_sleep_swallowing.py": "timeout",
    "eat_zeros.py": "memory", "end_exit_now.py": "crashed", "end_segfault.py": "crashed", "forge_deep_json.py": "refused",
    "forge_wrong_nonce.py": "refused", "ask_plainly.py": "judged", "forge_unknown_names.py": "refused", "forge_statements.py": "refused",
    "forge_late_prelude.py": "refused", "forge_many_early.py": "refused", "forge_header_bulk.py": "refused",
    "lie_by_the_clock.py": "judged",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing(attacked: Graded, name: str) -> None:
    """Each has one line, no point, an outcome of its family, and a reason."""
    (line,) = attacked.of(name)
    report = line["report"]
    assert line["outcome"] in OUTCOMES[name[: name.index("_") + 1]], report["message"]
    assert line["outcome"] == MUST.get(name, line["outcome"])
    assert {g["name"] for g in report["gradients"] if g["score"] or g["status"] == "correct"} == EARNS.get(name, set())
    assert (report["score"], report["max_score"]) == (len(EARNS.get(name, ())), 4)
    assert report["gradients"] or "lost twice" not in report["message"]


@pytest.mark.parametrize(
    "name", [name for name in (*odd.NAMED, *odd.TEXTS) if name not in IGNORED | SHADOWS], ids=lambda name: ascii(name)[:60]
)
def test_an_odd_file_earns_nothing(attacked: Graded, name: str) -> None:
    (line,) = [line for line in attacked.lines if line["submission"] in (name, shown(name))]
    assert line["report"]["score"] == 0
    assert line["report"]["gradients"] or "lost twice" not in line["report"]["message"]


def test_links_pipes_and_bombs_earn_nothing(attacked: Graded) -> None:
    for name in ("link.py", "folder.py", "passwd.py", "pipe.py", "bomb.zip/a.py", "bytes\\xff\\xfe.py"):
        (line,) = attacked.of(name)
        assert line["report"]["score"] == 0, name
    assert not any("root:" in json.dumps(line) for line in attacked.lines)


def test_the_command_ends_well(attacked: Graded) -> None:
    assert attacked.code == 0, attacked.said.decode(errors="replace")[-3000:]
    assert b"Traceback" not in attacked.said


def test_no_line_is_nobodys(attacked: Graded) -> None:
    names = [line["submission"] for line in attacked.lines]
    assert len(names) == len(set(names))
    assert not any(line["student"] == "forged" for line in attacked.lines)


def test_no_trace_is_left(attacked: Graded) -> None:
    assert attacked.left == ()
    assert attacked.changed == ()
    assert attacked.processes == ()
    assert (attacked.out / "canary").read_text() == "alive"
    assert {path.name for path in attacked.out.iterdir() if not path.name.startswith(".")} <= {
        "canary", "results.jsonl", "grades.csv", "feedback", "class.html", "class.json",
    }  # fmt: skip


def test_no_secret_is_told(attacked: Graded) -> None:
    for path in _written(attacked.out):
        text = path.read_text(encoding="utf-8")
        assert "BACKPROP_CANARY" not in text, path


@pytest.mark.parametrize("name", [*HONEST, *spelled()])
def test_the_honest_lose_nothing(attacked: Graded, name: str) -> None:
    (line,) = attacked.of(name)
    assert line["outcome"] == "judged"
    assert line["report"]["score"] == 4, [(g["name"], g["status"], g["diagnoses"]) for g in line["report"]["gradients"] if g["score"] < 1]


def test_the_half_right_earn_half(attacked: Graded) -> None:
    half = [line for line in attacked.lines if line["submission"].endswith("-halfright.py")]
    assert len(half) > 10
    assert all({g["name"]: g["score"] for g in line["report"]["gradients"]} == HALF_EARNS for line in half)


def test_an_attack_changes_no_other_line(attacked: Graded, alone: Graded) -> None:
    """Line by line as in a run without attacks, but for the time it took."""
    assert alone.code == 0
    ours = {line["submission"]: _timeless(line) for line in alone.lines}
    assert ours.keys() == victims().keys()
    theirs = {line["submission"]: _timeless(line) for line in attacked.lines if line["submission"] in ours}
    assert theirs == ours


def test_the_terminal_gets_no_escapes(attacked: Graded) -> None:
    said = attacked.said.decode("utf-8")
    assert not [c for c in said if (ord(c) < 32 and c not in "\n\t\r") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E]


def test_results_are_plain_ascii_lines(attacked: Graded) -> None:
    data = (attacked.out / "results.jsonl").read_bytes()
    assert data.isascii() and data.count(b"\n") == len(attacked.lines)
    assert not [byte for byte in data if byte < 32 and byte != 10]


def test_cells_of_the_csv_are_no_formulas(attacked: Graded) -> None:
    text = (attacked.out / "grades.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    assert len(rows) > len(ATTACKS)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+\-@\t\r]", cell)]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text.replace("\r\n", "\n"))


class Page(html.parser.HTMLParser):
    """Collects the elements of a page that could run or load something, and the tags left open."""

    VOID = frozenset(
        {
            "meta",
            "link",
            "br",
            "hr",
            "img",
            "input",
            "col",
            "path",
            "line",
            "rect",
            "circle",
            "ellipse",
            "polyline",
            "polygon",
            "use",
            "stop",
            "area",
        }
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        handlers = [name for name in given if name.startswith("on") or not re.fullmatch(r"[a-zA-Z_:.\-][\w:.\-]*", name)]
        away = [value for name, value in attributes if name in ("src", "href", "action", "data", "xlink:href") and outside(value or "")]
        if handlers or away or tag in ("iframe", "object", "embed", "base", "form"):
            self.bad.append(self.get_starttag_text() or tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            while self.open and self.open[-1] != tag and self.open[-1] in ("p", "li", "td", "th", "tr", "dt", "dd", "tbody", "thead"):
                self.open.pop()
            if not self.open or self.open.pop() != tag:
                self.bad.append(f"</{tag}>")

    def handle_decl(self, declaration: str) -> None:
        if declaration.lower() != "doctype html":
            self.bad.append(declaration)


def outside(address: str) -> bool:
    return bool(re.match(r"\s*(https?:|//|javascript:|vbscript:|data:text)", address, re.IGNORECASE))


def test_pages_hold_no_markup_of_theirs(attacked: Graded) -> None:
    pages = [attacked.out / "class.html", *(attacked.out / "feedback").rglob("*.html")]
    assert len(pages) > len(ATTACKS)
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = Page()
        page.feed(text)
        page.close()
        assert not page.bad, (path.name, page.bad[:3])
        assert set(page.open) <= {"html", "body", "head", "p", "li", "td", "tr", "tbody"}, (path.name, page.open)
        for marked in ("<script>alert", "<img src=x", "<svg onload", "<b>0", "<i>"):
            assert marked not in text, (path.name, marked)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text), path.name


def test_markdown_holds_no_markup_of_theirs(attacked: Graded) -> None:
    """Outside of code spans and blocks nothing of theirs is a tag, a picture or a link."""
    for path in (attacked.out / "feedback").rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text), path.name
        prose = re.sub(r"(?ms)^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?^ {0,3}\1[`~]*\s*$", "", text)
        prose = re.sub(r"(?s)(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", prose)
        assert not re.search(r"(?<!\\)<(script|img|svg|b|i|/)", prose), path.name
        assert not re.search(r"(?<!\\)!\[[^\]]*(?<!\\)\]\(", prose), path.name


def test_pages_have_names_no_system_minds(attacked: Graded) -> None:
    paths = list((attacked.out / "feedback").rglob("*"))
    assert len({path.name.casefold() for path in paths}) == len(paths)
    for path in paths:
        assert path.name.isprintable() and len(path.name.encode()) <= 255
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', path.name), path.name
        assert not path.name.startswith(("-", ".", "~", "=")), path.name


def test_each_attack_says_what_it_tries() -> None:
    for path in ATTACKS.values():
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert doc.endswith(".") and "\n" not in doc, path.name
    assert len(ATTACKS) > 100


def _timeless(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "seconds"}


def _written(out: Path) -> Iterator[Path]:
    yield from (path for path in out.rglob("*") if path.is_file() and path.suffix in (".jsonl", ".csv", ".html", ".md", ".json"))


def shown(name: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)
