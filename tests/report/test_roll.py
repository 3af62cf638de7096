"""What is said of a class beside its marks."""

from __future__ import annotations

import pytest

from backprop_check.classroom.pages.class_data import class_data
from backprop_check.classroom.pages.class_page import class_page
from backprop_check.classroom.roll import Roll, notes

SAID = {
    "nothing": (Roll(2), []),
    "one of each": (
        Roll(2, ("Bob",), ("grace",), (("grade.py", "is none"),), ("a.py",), ("ada",)),
        [
            "1 file not taken for a submission: grade.py.",
            "1 student is not in the roster, so no gradebook gets the marks: grace.",
            "1 of the roster handed in nothing: Bob.",
            "1 submission of an earlier run is not there any more and does not count: a.py.",
            "Removed, since nothing of theirs is there any more: the pages of ada.",
        ],
    ),
    "several": (
        Roll(9, tuple("abcde"), ("x", "y"), tuple((f"{n}.txt", "") for n in range(4)), ("a.py", "b.py"), ("a", "b\x1b[2J")),
        [
            "4 files not taken for submissions: 0.txt, 1.txt, 2.txt and 1 more (there).",
            "2 students are not in the roster, so no gradebook gets the marks: x, y.",
            "5 of the roster handed in nothing: a, b, c and 2 more (there).",
            "2 submissions of an earlier run are not there any more and do not count: a.py, b.py.",
            "Removed, since nothing of theirs is there any more: the pages of a, b\\x1b[2J.",
        ],
    ),
    "nobody known": (
        Roll(2, ("Bob",), ("x", "y")),
        [
            "None of the 2 students is in the roster, so no gradebook gets marks: x, y. Is it the list of this class?",
            "1 of the roster handed in nothing: Bob.",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_is_in_no_mark_is_one_line_each(name: str) -> None:
    roll, lines = SAID[name]
    assert list(notes(roll, "there")) == lines


def test_the_page_lists_what_is_in_no_mark() -> None:
    aside = tuple((f"f{n}.txt", "is neither .py nor .ipynb") for n in range(60))
    roll = Roll(3, ("Bob",), ("grace", "<i>"), aside, guessed=(("Jo/", "Jo Cox <b>"),), encoding="Latin-1")
    data = class_data([], roll)
    assert data["guessed"] == [{"name": "Jo/", "student": "Jo Cox <b>"}] and data["encoding"] == "Latin-1"
    assert data["aside"][0] == {"file": "f0.txt", "why": "is neither .py nor .ipynb"} and len(data["aside"]) == 60
    page = class_page([], roll)
    for words in (
        "Not taken for submissions: 60 files",
        "f49.txt",
        "and 10 more",
        "Not in the roster: 2 students",
        "&lt;i&gt;",
        "Nothing handed in: 1 student",
        "Known by a part of the name: 1 student",
        "Jo Cox &lt;b&gt;",
        "was read as Latin-1",
        '<a href="#aside">60 files not taken for submissions</a>, <a href="#guessed">1 student known by a part of the name</a>, ',
        '<a href="#strangers">2 students not in the roster</a>, <a href="#absent">1 student who handed in nothing</a>.',
    ):
        assert words in page
    assert page.index("was read as Latin-1") < page.index('id="again"') and "To look at" not in class_page([])
    assert "f50.txt" not in page and "<i>" not in page and "<b>" not in page
    assert "Known by" not in class_page([]) and "was read as" not in class_page([])
