"""The feedback pages and the class page: what they say, and that nothing a learner wrote becomes markup."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from backprop_check.classroom.pages.class_data import class_data
from backprop_check.classroom.pages.class_page import class_page, page_of
from backprop_check.classroom.pages.html import html
from backprop_check.classroom.pages.markdown import code, fence, markdown, prose
from backprop_check.classroom.pages.view import Part
from backprop_check.classroom.results import OUTCOMES, Result, from_line
from backprop_check.classroom.roll import Roll
from backprop_check.report.layout import visible

VOID = {"meta", "br", "hr", "img", "input", "link"}
TAGS = """html head meta title style body main h1 h2 h3 p ul ol li a section article div span strong code pre mark bdi br i
    table thead tbody tr th td details summary footer svg rect line text desc"""


class Page(HTMLParser):
    """What is in a page: its tags in order, its attributes, its text. Raises where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def diagnosis(error: str = "the shape is not right", code: str = "lost-keepdim", **more: Any) -> dict[str, Any]:
    told = {
        "code": code,
        "certainty": "proven",
        "error": error,
        "note": "",
        "help": "",
        "span": None,
        "evidence": "PROOF",
        "fix": "THE_FIX",
    }
    return {**told, **more}


def gradient(name: str = "dx", status: str = "correct", *codes: str, **more: Any) -> dict[str, Any]:
    wrong = status == "incorrect"
    told = {
        "name": name, "status": status, "line": 2, "source": f"{name} = dy.sum(1)", "shape": [7, 1], "axes": "(N, 1)",
        "got_shape": [7, 1], "dtype": "float64", "got_dtype": "float64", "exact": False, "approximate": False,
        "max_abs_diff": 0.123456 if wrong else None, "max_rel_diff": None, "score": float(status == "correct"), "max_score": 1.0,
        "trial": 0, "sizes": {"N": 7}, "remarks": [], "diagnoses": [diagnosis(code=c) for c in codes],
    }  # fmt: skip
    return {**told, **more}


def result(*gradients: dict[str, Any], submission: str = "a.py", student: str = "Ada", outcome: Any = "judged", **report: Any) -> Result:
    right = sum(g["score"] for g in gradients)
    told = {
        "schema": "backprop-check/1", "exercise": "ex05", "title": "Rows.", "status": "failed" if gradients else "error",
        "score": right, "max_score": float(len(gradients) or 4), "message": None, "gradients": list(gradients), **report,
    }  # fmt: skip
    return from_line(Result(submission, student, told["exercise"], told, 0.5, outcome, "").as_line())


def unreadable(**more: Any) -> Result:
    return result(**{"outcome": "unreadable", "message": "It is not Python.", **more})


BOTH = pytest.mark.parametrize("feedback", [html, markdown])
HOSTILE = [
    "</code></pre></p></title></style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)> [a](javascript:x) ![i](https://e.x/i.png) <https://e.x> <b>",
    "` `` ``` ~~~ ````\n```\n# heading\n<script>\n\n    code\n> quote\n- item\n1. item\n---\n===",
    "' \" onload=x & &lt; &#60; {{ 7 * 7 }} {% raw %} \\",
    "\u202egpj.exe\u2066\x1b[31m\x00\ud800\u200b\u2028",
    "[ref]: https://e.x *a* **b** _c_ ~~d~~ | a | b | @all #1 www.e.x me@e.x $x$",
    "",
]


def all_of(text: str) -> Result:
    """A result with `text` wherever something of the learner's can stand. A submission has a name."""
    told = diagnosis(text, note=text, help=text, span=[1, 0, 1, 3])
    wrong = gradient(text, "incorrect", diagnoses=[told, {**told, "span": None}], source=text)
    remark = gradient("dz", remarks=[told])
    return result(
        wrong, remark, gradient("dw", "error", source=text), submission=text, student=text, message=text, title=text, outcome="timeout"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_learner_wrote_stays_text(text: str) -> None:
    def pages(text: str) -> tuple[Page, Page]:
        part = Part(all_of(text), [text, text])
        return Page(html(text, [part, part])), Page(class_page([all_of(text)], Roll(absent=(text,), guessed=((text, text),))))

    for page, plain in zip(pages(text), pages("plain"), strict=True):
        assert not set(page.tags) - set(TAGS.split())
        if text:
            assert [tag for tag in page.tags if tag != "code"] == [tag for tag in plain.tags if tag != "code"]
            assert visible(text.split("\n")[0].split()[0])[:40] in page.text
        assert not [name for _, name, _ in page.attributes if name.startswith("on")]
        assert all(value.startswith("#") for value in page.values("href")) and not page.values("src")
        assert all(c.isprintable() or c == "\n" for c in page.text)


def test_the_pages_are_self_contained() -> None:
    whole = html("Ada", [Part(all_of("x"))]) + class_page([all_of("x")])
    assert whole.count("""content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"""") == 2
    assert not re.findall(r"https?:|//|url\(|@import|<script|javascript:", whole)
    whole.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_no_markup_of_the_learners(text: str) -> None:
    def tokens(text: str) -> list[Any]:
        parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown(text, [Part(all_of(text), [text, text])] * 2))
        return [token for block in parsed for token in (block, *(block.children or ()))]

    found = tokens(text)
    assert all(c.isprintable() or c == "\n" for c in markdown(text, [Part(all_of(text), [text, text])]))
    assert not {token.type for token in found} & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "em_open",
        "s_open",
        "table_open",
        "hr",
    }
    assert not [t.content for t in found if t.type == "text" and re.search(r"://|www\.|@|#", t.content)]
    if text:
        inline = ("text", "code_inline")
        assert [t.type for t in found if t.type not in inline] == [t.type for t in tokens("plain") if t.type not in inline]


@pytest.mark.parametrize("text", ["a", "`", "``a`", " a ", "`` ` ```", "a\n```\n````", "\\"])
def test_code_spans_and_fences_give_back_their_text(text: str) -> None:
    [paragraph] = [t for t in MarkdownIt("commonmark").parse(f"x {code(text)} y") if t.type == "inline"]
    assert [t.content for t in paragraph.children or () if t.type == "code_inline"] == [visible(text)]
    assert [t.content for t in MarkdownIt("commonmark").parse(fence(text))] == [text + "\n"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1. a (N, 1) = (7, 1)", "1\\. a (N, 1) = (7, 1)"),
        ("- a", "\\- a"),
        ("through `probs`: yes, p - 1", "through `probs`: yes, p - 1"),
        ("counts_sum is used", "`counts_sum` is used"),
        ("jo_104_ex05.pdf is none. It has no torch._dynamo.", "`jo_104_ex05.pdf` is none. It has no `torch._dynamo`."),
        ("2 * x", "2 \\* x"),
    ],
)
def test_prose_is_escaped_where_it_must_be(text: str, kept: str) -> None:
    assert prose(text) == kept


LINES = ["def backward(dy):", "    dx = dy.sum(1)", "    db = (dy", "          .sum(0))", "\t日本 = dy.T"]


@pytest.mark.parametrize(
    ("line", "source", "span", "shown"),
    [
        (2, "dx = dy.sum(1)", [2, 11, 2, 18], "2 │ dx = dy.sum(1)\n  │        ^^^^^^^"),
        (3, "db = (dy\n          .sum(0))", [4, 10, 4, 17], "3 │ db = (dy\n4 │       .sum(0))\n  │       ^^^^^^^"),
        (3, "db = (dy\n          .sum(0))", [3, 10, 4, 17], "3 │ db = (dy\n  │       ^^\n4 │       .sum(0))\n  │       ^^^^^^^"),
        (2, "dx = dy.sum(1)", [2, 18, 2, 18], "2 │ dx = dy.sum(1)\n  │               ^"),
        (5, "日本 = dy.T", [5, 6, 5, 10], "5 │ 日本 = dy.T\n  │        ^^^^"),
        (2, "dx = dy.sum(1)", None, "2 │ dx = dy.sum(1)"),
        (9, "dx = gone", [9, 5, 9, 9], "9 │ dx = gone"),
    ],
)
def test_the_line_and_its_caret(line: int, source: str, span: list[int] | None, shown: str) -> None:
    wrong = gradient("dx", "incorrect", line=line, source=source, diagnoses=[diagnosis(span=span)])
    [fence] = [t for t in MarkdownIt().parse(markdown("Ada", [Part(result(wrong), LINES)])) if t.type == "fence"]
    assert fence.content == shown + "\n"
    page = html("Ada", [Part(result(wrong), LINES)])
    marked = "".join(re.findall(r"<mark>(.*?)</mark>", page))
    assert len(marked) == shown.count("^") and bool(marked) == ("^" in shown)


def test_a_very_long_line_is_cut_around_the_mark() -> None:
    wrong = gradient("dx", "incorrect", diagnoses=[diagnosis(span=[1, 500_000, 1, 500_004])])
    for page in (
        html("Ada", [Part(result(wrong), ["a" * 500_000 + "HERE" + "b" * 500_000])]),
        markdown("Ada", [Part(result(wrong), None)]),
    ):
        assert len(page) < 10_000
    assert "<mark>HERE</mark>" in html("Ada", [Part(result(wrong), ["a" * 500_000 + "HERE" + "b" * 500_000])])


@BOTH
def test_each_verdict_in_words_and_never_the_fix(feedback: Any) -> None:
    page = feedback(
        "Ada",
        [
            Part(
                result(
                    gradient("da"),
                    gradient("db", "incorrect", diagnoses=[diagnosis("db is too small"), diagnosis("so it is", certainty="one-of")]),
                    gradient("dc", "error"),
                    gradient("dd", "missing", line=None, source=None),
                    gradient("de", "incorrect", got_shape=[7], max_abs_diff=None),
                    gradient("df", remarks=[diagnosis("by luck")]),
                    gradient("dg", "incorrect", max_abs_diff="NaN", trial=1, diagnoses=[diagnosis(certainty="one-of")] * 2),
                )
            )
        ],
    )
    for words in ("2 of 7 points", "right", "not right yet", "stopped with an error", "not written yet", "db is too small.", "By luck."):
        assert words in page
    assert page.count("(N, 1) = (7, 1)") == 7, "of dg, whose sizes are another trial's, the axes alone"
    for words in ("0.123 (with N = 7)", "the right gradient: NaN", "he shape is (7,), but de is (N, 1) = (7, 1)"):
        assert words in page
    assert page.count("ne of") == 1
    assert "FIX" not in page and "PROOF" not in page and "Db" not in page


@BOTH
@pytest.mark.parametrize(
    ("outcome", "words"),
    [("timeout", "loop"), ("memory", "memory"), ("crashed", "Python ended"), ("unreadable", "right file"), ("refused", "not allow")],
)
def test_what_happened_is_said_with_what_to_look_for(feedback: Any, outcome: str, words: str) -> None:
    page = feedback("Ada", [Part(unreadable(outcome=outcome, message="Why it was so."))])
    assert words in page and "Why it was so." in page and "backprop-check check ex05 --submission FILE" in page
    partly = feedback("Ada", [Part(result(gradient(), outcome=outcome))])
    assert words in partly and "--submission" not in partly


def test_all_outcomes_have_words() -> None:
    assert all("Look " in html("Ada", [Part(unreadable(outcome=outcome))]) for outcome in OUTCOMES if outcome != "judged")


def of_class(**counts: int) -> list[Result]:
    """So many submissions of each kind; a kind is `status` or `status__code`, its target dx beside a right dy."""
    kinds = [kind for kind, n in counts.items() for _ in range(n)]
    status_and_codes = [kind.replace("_", "-").split("--") for kind in kinds]
    return [result(gradient("dy"), gradient("dx", *told), submission=f"{i}.py", student=f"s{i}") for i, told in enumerate(status_and_codes)]


@pytest.mark.parametrize(
    ("results", "headline", "again"),
    [
        ([], "No submission", []),
        (of_class(correct=3), "right in every submission.", []),
        ([*of_class(correct=3), unreadable()], "that could be judged", []),
        ([unreadable()] * 4, "None of the 4 submissions could be judged, most often because of this: unreadable", []),
        ([unreadable()], "The only submission could not be judged", []),
        (of_class(correct=9, incorrect__wrong_sign=1), "`dx`, is right in 90%", []),
        (of_class(incorrect__wrong_sign=1), "fewest", ["`dx` in `ex05`: 0 of 1 right (0%). The wrong answer: `wrong-sign`. The right gradient with the opposite sign."]),
        (of_class(correct=2, incorrect__wrong_sign=1, error__shape_error=3), "fewest", ["2 of 6 right (33%). 3 of the 4 wrong answers: `shape-error`."]),
        (of_class(correct=1, incorrect__unrecognised=5, incorrect__wrong_sign=1), "fewest", ["1 of the 6 wrong answers: `wrong-sign`"]),
        (of_class(correct=1, incorrect__unrecognised=5), "fewest", ["no single cause in common (5 of 5"]),
        (of_class(correct=1, error__unrecognised=5), "fewest", ["All wrong answers: `error`. The line stopped with an error"]),
        (of_class(correct=1, missing=5, incorrect__wrong_sign=2), "fewest", ["5 have not written it yet"]),
        (of_class(correct=1, missing=1), "fewest", ["1 has not written it yet"]),
        (of_class(correct=1, incorrect__no_such_code=5), "fewest", ["All wrong answers: `no-such-code`."]),
        # 5 of 80 is surer than 0 of 1, and one mistake in two gradients is one thing to explain
        (
            [
                *[result(gradient("da", "incorrect", "wrong-sign"), gradient("db", "incorrect", "wrong-sign"), exercise="ex07")] * 75,
                *[result(gradient("da"), gradient("db"), exercise="ex07")] * 5,
                result(gradient("dc", "incorrect", "transposed")),
            ],
            "fewest",
            ["`da` in `ex07`: 5 of 80 right", "`dc` in `ex05`: 0 of 1 right"],
        ),
    ],
)  # fmt: skip
def test_the_headline_says_what_to_explain_again(results: list[Result], headline: str, again: list[str]) -> None:
    data = class_data(results)
    assert headline in data["headline"]
    told = [f"{item['what']} {item['why']}" for item in data["again"]]
    assert len(told) == len(again) and all(words in item for words, item in zip(again, told, strict=True)), told
    page = Page(class_page(results))
    for words in (data["headline"], *(words for item in data["again"] for words in (item["what"], item["why"]))):
        assert words.replace("`", "") in page.text


def test_one_mistake_in_two_gradients_is_one_thing_to_explain() -> None:
    both = [result(gradient("da", "incorrect", "wrong-sign"), gradient("db", "incorrect", "wrong-sign"))]
    [item] = class_data(both)["again"]
    assert item["also"] == [{"exercise": "ex05", "target": "db"}] and "leads in `db` in `ex05`" in item["why"]


def test_the_page_is_made_from_the_data_alone() -> None:
    results = [*of_class(correct=4, incorrect__wrong_sign=3, error=2, missing=1), unreadable(submission="late/z.txt")]
    data = json.loads(json.dumps(class_data(results, Roll(absent=("Zoe",))), allow_nan=False))
    page = class_page(results, Roll(absent=("Zoe",)))
    assert page == page_of(data)
    assert re.search(r"dx</code>.*?>4<.*?>3<.*?>2<.*?>1<.*?>40%<", page)
    assert "late/z.txt" in page and "Zoe" in page and "it names submissions and students" in page
    [exercise] = data["exercises"]
    assert [(mark["from"], mark["count"]) for mark in exercise["marks"]] == [(0, 1), (1, 6), (2, 4), (3, 0), (4, 0)]
    assert (exercise["submissions"], exercise["judged"], data["students"]) == (11, 10, 11)


def test_plots_can_be_read_and_take_the_pages_colours() -> None:
    text = class_page(of_class(correct=4, incorrect__wrong_sign=3))
    page, ids = Page(text), re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert page.tags.count("svg") == 2 and {key for value in page.values("aria-labelledby") for key in value.split()} <= set(ids)
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert not re.search(r"#[0-9a-f]{6}|DejaVu", svg) and "currentColor" in svg and "<title" in svg and "<desc" in svg
    assert "dx: 4 of 7 right" in page.text


@pytest.mark.parametrize(
    ("scores", "most", "bins"),
    [
        ([0, 1, 1], 2.0, {0: 1, 1: 2, 2: 0}),
        ([0, 1.5, 3], 3.0, {0: 1, 0.3: 0, 0.6: 0, 0.9: 0, 1.2: 0, 1.5: 1, 1.8: 0, 2.1: 0, 2.4: 0, 2.7: 1}),
        ([100, 99], 100.0, {**dict.fromkeys(range(0, 90, 10), 0), 90: 2}),
        ([0], 0.0, {0: 1}),
    ],
)
def test_marks_fall_into_their_bins(scores: list[float], most: float, bins: dict[float, int]) -> None:
    results = [result(gradient(), score=float(score), max_score=most) for score in scores]
    data = class_data(results)
    assert {mark["from"]: mark["count"] for mark in data["exercises"][0]["marks"]} == bins
    Page(page_of(data))


def test_mistakes_that_go_together_more_often_than_chance() -> None:
    def pair(*codes: str) -> list[Result]:
        return [result(*(gradient(f"d{i}", "incorrect", code) for i, code in enumerate(codes)))]

    results = pair("a", "b") * 6 + pair("c") * 14 + pair("e", "f") * 2 + pair("c", "a") * 1 + pair("c", "g") * 3
    [found] = class_data(results)["exercises"][0]["together"]
    assert (found["codes"], found["count"], found["chance"]) == (["a", "b"], 6, 1.62)
    assert "in 6 submissions, 3.7 times as many as chance would give (1.6)" in Page(class_page(results)).text


def test_the_example_is_the_most_frequent_and_names_nobody() -> None:
    wrong = ["dx = dy  * x", "dx = dy * x", "dx = -dy"]
    by_ada = "dx = f(  # by Ada\n    dy)"
    told = class_data([result(gradient("dx", "incorrect", "wrong-sign", source=source)) for source in [*wrong, *[by_ada] * 4]])
    assert told["exercises"][0]["codes"][0]["example"] == {"target": "dx", "source": "dx = f(dy)", "count": 4}
    told = class_data([result(gradient("dx", "incorrect", "wrong-sign", source=source)) for source in wrong])
    assert told["exercises"][0]["codes"][0]["example"] == {"target": "dx", "source": "dx = dy  * x", "count": 2}


def test_what_was_judged_in_part_says_what_stopped() -> None:
    hung = result(gradient("da"), gradient("db", "error", "x"), outcome="timeout")
    [told] = class_data([hung])["unjudged"]
    assert told["partly"] and told["message"].startswith("db: ") and len(told["message"]) > 4
    assert told["message"].removeprefix("db: ") in Page(class_page([hung])).text


def test_no_torch_is_needed() -> None:
    line = result(gradient()).as_line()
    script = f"""
import sys
from backprop_check.classroom.pages import class_page, html, markdown, view
from backprop_check.classroom.results import from_line
result = from_line({line!r})
html.html("Ada", [view.Part(result)]), markdown.markdown("Ada", [view.Part(result)])
class_page.class_page([result])
assert "torch" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
