"""What other people's systems are given, read back as they would read it."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from graded import ALL_RIGHT, CLASS, FOUR, HUNG, MIXED, PARTLY, PASSED, UNREADABLE, cause, gradient, result
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop_check.classroom.formats as formats
from backprop_check import __version__
from backprop_check.classroom.formats import prairielearn
from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.formats.table import FORMATS
from backprop_check.classroom.formats.told import brief, clip, explained
from backprop_check.classroom.results import Result, from_line
from backprop_check.classroom.roster import Roster, Student
from backprop_check.errors import BadInput

EACH = ["gradescope", "github", "exercism", "check50", "prairielearn"]


def made(name: str, results: Sequence[Result], roster: Roster | None = None) -> dict[str, str]:
    return dict(FORMATS[name](results, roster))


def document(name: str, graded: Result) -> dict[str, Any]:
    return json.loads(made(name, [graded])[f"{name}/{stem(graded.submission)}.json"])


def table(name: str, results: Sequence[Result], roster: Roster | None = None) -> list[list[str]]:
    (text,) = made(name, results, roster).values()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def records(name: str, results: Sequence[Result], roster: Roster | None = None) -> list[dict[str, str]]:
    header, *rows = table(name, results, roster)
    return [dict(zip(header, row, strict=True)) for row in rows]


def plain_roster(*labels: str) -> Roster:
    return Roster(
        "plain",
        ("student",),
        tuple((label,) for label in labels),
        tuple(Student(label, frozenset([label]), i) for i, label in enumerate(labels)),
    )


def test_the_table_lists_every_format() -> None:
    folder = Path(formats.__path__[0])
    assert set(FORMATS) == {path.stem for path in folder.glob("*.py") if "\nNAME = " in path.read_text(encoding="utf-8")}


def test_no_format_needs_torch() -> None:
    script = "import sys, backprop_check.classroom.formats.table; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(formats.__path__[0]).parents[2])
    assert run.returncode == 0, run.stderr


WORDS = {
    "proven": (FOUR[1], "line 25: db = a * b\n(N,) = (7,), but c is (N, 1) = (7, 1). The shape is not right.\nhelp: Keep the axis."),
    "missing": (FOUR[3], "not written yet"),
    "right with a remark": (FOUR[0], "Right in float32 only."),
    "right": (ALL_RIGHT[0], ""),
    "one of": (gradient("dx", "incorrect", diagnoses=[cause("a", "too big", "one-of", help="shrink"), cause("b", "too old?", "one-of")]),
               "line 20: dx = a * b\none of:\n- Too big.\n  help: shrink\n- Too old?"),
    "two": (gradient("dx", "incorrect", line=None, diagnoses=[cause("a", "too big"), cause("b", "too old")]), "Too big.\n\nToo old."),
    "shape only": (gradient("dx", "incorrect", line=None, got_shape=[7]), "The shape is (7,), but dx is (N, 1) = (7, 1)."),
    "dtype only": (gradient("dx", "incorrect", line=None, got_dtype="int64"), "The dtype is int64, not float64."),
    "numbers only": (gradient("dx", "incorrect", line=None, max_abs_diff="NaN"), "The shape is right, the numbers are not."),
    "no tensor": (gradient("dx", "incorrect", line=None, got_shape=None), "This is not a tensor; dx is (N, 1) = (7, 1)."),
    "raised": (gradient("dx", "error", line=None), "This line stopped with an error when it ran."),
    "escapes": (gradient("dx", "error", line=None, diagnoses=[cause("a", "\x1b[2J\u202e\ud800\ufffe")]), "\\x1b[2J\\u202e\\ud800\\ufffe."),
}  # fmt: skip


@pytest.mark.parametrize("given_gradient, text", WORDS.values(), ids=WORDS)
def test_explanation(given_gradient: dict[str, Any], text: str) -> None:
    assert explained(given_gradient) == text


BRIEF = {
    "right": (FOUR[0], ""),
    "missing": (FOUR[3], "not written yet"),
    "one of": (WORDS["one of"][0], "too big or too old?"),
    "two": (WORDS["two"][0], "too big; too old"),
    "raised": (gradient("dx", "error"), "this line stopped with an error when it ran"),
}


@pytest.mark.parametrize("given_gradient, text", BRIEF.values(), ids=BRIEF)
def test_the_short_form_is_one_line(given_gradient: dict[str, Any], text: str) -> None:
    assert brief(given_gradient) == text


def test_what_is_cut_says_so() -> None:
    assert clip("x" * 500, 500) == "x" * 500
    assert clip("x" * 501, 500).endswith("x … (cut, 501 characters)") and len(clip("x" * 501, 500)) == 500
    assert clip("x" * 9, 3) == "xxx"


def test_gradescope() -> None:
    data = document("gradescope", MIXED)
    tests = data.pop("tests")
    assert data == {
        "score": 1.0, "execution_time": 0.25, "output": "1 of 4 gradients right", "output_format": "text", "test_output_format": "text",
        "test_name_format": "text", "visibility": "visible", "stdout_visibility": "hidden",
        "extra_data": {"exercise": "ex05", "submission": "ann.py", "outcome": "judged"},
    }  # fmt: skip
    assert tests[1] == {
        "score": 0.0, "max_score": 1.0, "status": "failed", "name": "db", "name_format": "text", "number": "1.2", "output": WORDS["proven"][1],
        "output_format": "text", "tags": ["lost-keepdim"], "visibility": "visible", "extra_data": {"status": "incorrect"},
    }  # fmt: skip
    assert [(t["status"], t["number"], t["score"]) for t in tests] == [
        ("passed", "1.1", 1.0),
        ("failed", "1.2", 0.0),
        ("failed", "1.3", 0.0),
        ("failed", "1.4", 0.0),
    ]


def test_gradescope_of_what_was_not_judged() -> None:
    data = document("gradescope", HUNG)
    assert (data["score"], data["tests"], data["output"]) == (0.0, [], "Nothing was judged (timeout): it did not end in 10 s")
    data = document("gradescope", UNREADABLE)
    assert (data["score"], data["tests"]) == (0.0, []) and UNREADABLE.report["message"] in data["output"]
    partly = document("gradescope", PARTLY)
    assert (
        partly["output"] == "1 of 4 gradients right\nNot everything was judged (timeout): dc did not end in 10 s"
        and len(partly["tests"]) == 4
    )


def test_what_was_passed_over_is_told_where_all_is_right() -> None:
    """A line that hangs between the gradients costs none of them: who hands it in has to read of it all the same."""
    hung = result(gradients=ALL_RIGHT, outcome="timeout")
    hung.report["notices"] = ["line 7 took longer than 1 s, and was passed over", "h.py:3: \x1b[31m raised"]
    told = "Line 7 took longer than 1 s, and was passed over.\nh.py:3: \\x1b[31m raised."
    assert document("gradescope", hung)["output"] == document("prairielearn", hung)["message"] == f"4 of 4 gradients right\n{told}"
    hung.report["gradients"] = FOUR
    assert "\nNot everything was judged (timeout): " in document("gradescope", hung)["output"]


def test_exercism() -> None:
    data = document("exercism", MIXED)
    assert (data["version"], data["status"], data["message"]) == (3, "fail", None)
    assert [(t["name"], t["status"], t["task_id"]) for t in data["tests"]] == [
        ("da", "pass", 1),
        ("db", "fail", 2),
        ("dc", "error", 3),
        ("dd", "fail", 4),
    ]
    right, wrong, _, unwritten = data["tests"]
    assert (right["message"], right["output"]) == (None, "Right in float32 only.")
    assert (wrong["message"], wrong["test_code"]) == (WORDS["proven"][1], "assert_equal(db, gradient_of(b))  # (N, 1)")
    assert wrong["output"] == "trial 0 with N=7, C=3\nshape (7,), due (7, 1)\nReshaped it is right."
    assert (unwritten["message"], unwritten["output"]) == ("not written yet", None)
    assert (document("exercism", PASSED)["status"], document("exercism", PARTLY)["status"]) == ("pass", "fail")


def test_exercism_of_what_was_not_judged() -> None:
    data = document("exercism", HUNG)
    assert (data["status"], data["tests"], data["message"]) == ("error", [], "Nothing was judged (timeout): it did not end in 10 s")


def test_exercism_cuts_what_is_too_long() -> None:
    long = gradient("dx", "incorrect", diagnoses=[cause("a", "e" * 70_000, evidence="v" * 600)])
    (test,) = document("exercism", result(gradients=[long]))["tests"]
    assert len(test["message"]) == 65535 and test["message"].endswith("characters)")
    assert len(test["output"]) == 500 and test["output"].endswith("characters)")
    assert len(document("exercism", result(message="m" * 70_000))["message"]) == 65535


def test_github() -> None:
    files = made("github", [MIXED])
    data = json.loads(files["github/ann.py.json"])
    assert json.loads(base64.b64decode(files["github/ann.py.txt"])) == data and files["github/ann.py.txt"].count("\n") == 1
    assert (data["version"], data["status"], data["message"], data["max_score"]) == (3, "fail", None, 4.0)
    assert {key: data["tests"][1][key] for key in ("filename", "line_no", "duration", "score")} == {
        "filename": "ann.py",
        "line_no": 25,
        "duration": 0.0625,
        "score": 0.0,
    }
    assert data["tests"][3]["line_no"] == 0
    # The reporter prints `test_code` of every test and `message` of errors alone.
    failed = [test for test in data["tests"] if test["status"] == "fail"]
    assert failed and all(test["test_code"] == test["message"] for test in failed)


@pytest.mark.parametrize("graded", CLASS)
def test_github_is_given_the_points_of_each_gradient(graded: Result) -> None:
    """The reporter adds up the tests' scores and sends the sum to Classroom; its older releases divide by the number of tests."""
    data = document("github", graded)
    assert data["tests"] and sum(test["score"] for test in data["tests"]) == pytest.approx(graded.score)


def test_github_follows_points_of_different_size() -> None:
    graded = result(gradients=[gradient("da", "correct", score=3.0, max_score=3.0), gradient("db", "incorrect")])
    data = document("github", graded)
    assert ([test["score"] for test in data["tests"]], data["max_score"]) == ([3.0, 0.0], 4.0)


def test_github_takes_no_message_for_a_command_of_the_runner() -> None:
    hostile = cause("a", "x\n::add-mask::1\n  ::error::2\n##[group]3\n::::")
    data = document("github", result(gradients=[gradient("dx", "error", diagnoses=[hostile])]))
    bad = document("github", result(message="x\n::stop-commands::t"))
    for text in (data["tests"][0]["message"], bad["message"], bad["tests"][0]["message"]):
        assert not [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line], text
    assert "add-mask" in data["tests"][0]["message"] and bad["tests"][0]["status"] == "error"


def test_check50() -> None:
    data = document("check50", MIXED)
    assert (data["slug"], data["version"], set(data)) == ("ex05", __version__, {"slug", "version", "results"})
    assert [r["passed"] for r in data["results"]] == [True, False, False, None]
    assert data["results"][1] == {
        "name": "db", "description": "db is the gradient of b", "passed": False, "log": WORDS["proven"][1].split("\n"),
        "cause": {"rationale": "(N,) = (7,), but c is (N, 1) = (7, 1)", "help": "Keep the axis.", "expected": "shape [7, 1]", "actual": "shape [7]"},
        "data": {"score": 0.0, "max_score": 1.0, "codes": ["lost-keepdim"]}, "dependency": None,
    }  # fmt: skip
    assert data["results"][0]["cause"] is None
    assert data["results"][3]["cause"] == {"rationale": "not written yet", "help": None}


def test_check50_of_what_was_not_judged() -> None:
    data = document("check50", HUNG)
    assert "results" not in data
    assert data["error"] == {"type": "timeout", "value": "it did not end in 10 s", "traceback": [], "data": {}}


def test_prairielearn() -> None:
    data = document("prairielearn", MIXED)
    tests = data.pop("tests")
    assert data == {
        "gradable": True,
        "succeeded": True,
        "score": 0.25,
        "max_points": 4.0,
        "message": "1 of 4 gradients right",
        "output": "",
        "images": [],
    }
    assert tests[1] == {
        "name": "db", "description": "db is the gradient of b, (N, 1)", "points": 0.0, "max_points": 1.0, "message": WORDS["proven"][1],
        "output": "trial 0 with N=7, C=3\nshape (7,), due (7, 1)\nReshaped it is right.", "images": [],
    }  # fmt: skip


GRADABLE = [
    (MIXED, True),
    (PARTLY, True),
    (HUNG, True),
    (UNREADABLE, False),
    (result(message="nothing parses"), False),
    (result(outcome="refused"), True),
]


@pytest.mark.parametrize("graded, gradable", GRADABLE)
def test_only_what_nobody_could_read_costs_no_attempt_in_prairielearn(graded: Result, gradable: bool) -> None:
    data = document("prairielearn", graded)
    assert data["gradable"] is gradable and ("format_errors" in data) is not gradable
    if not gradable:
        assert data["format_errors"] == [graded.report["message"]] and data["score"] == 0.0


def test_prairielearn_stays_below_its_largest_size() -> None:
    huge = [gradient(f"d{i}", "incorrect", diagnoses=[cause("a", "é" * 30_000, evidence="é" * 30_000)]) for i in range(60)]
    (text,) = made("prairielearn", [result(gradients=huge)]).values()
    assert 100_000 < len(text.encode()) <= prairielearn.LARGEST
    assert "characters)" in json.loads(text)["tests"][59]["message"]


def test_junit() -> None:
    root = ElementTree.fromstring(made("junit", CLASS)["junit.xml"].encode())
    assert root.attrib == {"name": "backprop-check", "tests": "14", "failures": "2", "errors": "4", "skipped": "2", "time": "1.2500"}
    suite = root[0]
    assert suite.attrib == {"name": "ann.py", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "0.2500"}
    assert properties(suite) == {"student": "ann", "exercise": "ex05", "outcome": "judged", "score": "1", "max_score": "4"}
    right, wrong, raised, unwritten = suite.findall("testcase")
    assert wrong.attrib == {"classname": "ex05.ann.py", "name": "db", "time": "0.0625", "file": "ann.py", "line": "25"}
    assert properties(wrong) == {"score": "0", "max_score": "1"} and properties(right) == {"score": "1", "max_score": "1"}
    assert [child.tag for child in right] == ["properties", "system-out"] and right[1].text == "Right in float32 only."
    assert wrong[1].tag == "failure" and wrong[1].attrib == {"message": "(N,) = (7,), but c is (N, 1) = (7, 1)", "type": "lost-keepdim"}
    assert wrong[1].text == WORDS["proven"][1]
    assert raised[1].tag == "error" and raised[1].get("type") == "shape-error"
    assert (
        unwritten[1].tag == "skipped"
        and unwritten[1].attrib == {"type": "missing", "message": "not written yet"}
        and "line" not in unwritten.attrib
    )


def test_junit_of_what_was_not_judged() -> None:
    root = ElementTree.fromstring(made("junit", [HUNG, PARTLY])["junit.xml"].encode())
    (case,) = root[0].findall("testcase")
    assert (
        case.get("name") == "ex05" and case[0].tag == "error" and case[0].attrib == {"message": "it did not end in 10 s", "type": "timeout"}
    )
    assert (root[1].findtext("system-out") or "").endswith("dc did not end in 10 s")
    names = [(c.get("classname"), c.get("name")) for c in root.iter("testcase")]
    assert len(set(names)) == len(names)


def properties(element: ElementTree.Element) -> dict[str | None, str | None]:
    return {p.get("name"): p.get("value") for p in element.iterfind("properties/property")}


def test_nbgrader() -> None:
    header = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    roster = Roster(
        "plain",
        ("login", "Last name", "First name", "Email"),
        (("zed", "Zed", "=Zoe", "z@x.org"),),
        (Student("zed", frozenset(["zed"]), 0),),
    )
    rows = table("nbgrader", [MIXED, replace(PASSED, exercise="ex06")], roster)
    assert rows[0] == header.split(",")
    assert rows[1] == ["ex05", "", "", "zed", "Zed", "'=Zoe", "z@x.org", "0.0", "0.0", "0.0", "4.0"]
    assert rows[2] == ["ex05", "", "", "ann", "", "", "", "1.0", "0.0", "1.0", "4.0"]
    assert [(row[0], row[3], row[9]) for row in rows[3:]] == [
        ("ex05", "bob", "0.0"),
        ("ex06", "zed", "0.0"),
        ("ex06", "ann", "0.0"),
        ("ex06", "bob", "4.0"),
    ]


def test_otter() -> None:
    rows = table("otter", [PASSED, MIXED, HUNG])
    assert rows == [
        ["file", "da", "db", "dc", "dd", "total_points_earned", "percent_correct", "grading_status"],
        ["points-per-question", "1.0", "1.0", "1.0", "1.0", "4.0", "1", "--"],
        ["ann.py", "1.0", "0.0", "0.0", "0.0", "1.0", "0.25", "Completed"],
        ["bob.py", "1.0", "1.0", "1.0", "1.0", "4.0", "1.0", "Completed"],
        ["eve.py", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "it did not end in 10 s"],
    ]
    several = table("otter", [PASSED, result("x.py", "x", [gradient("da", "correct")], exercise="ex06")])
    assert several[0][1:6] == ["ex05:da", "ex05:db", "ex05:dc", "ex05:dd", "ex06:da"]
    assert several[3][1:6] == ["", "", "", "", "1.0"]


def test_grades() -> None:
    late = result("ann2.py", "ann", [*ALL_RIGHT[:3], FOUR[3]])
    other = result("ex06/ann.py", "ann", [gradient("dx", "incorrect", score=0.0, max_score=2.0)], exercise="ex06")
    unknown = result("dan/notes.txt", "dan", exercise="", outcome="unreadable", message="not a Python file", most=0.0)
    (text,) = made("grades", [MIXED, late, other, PASSED, HUNG, unknown], plain_roster("zed", "ann")).values()
    assert text.startswith("student,")
    rows = records("grades", [MIXED, late, other, PASSED, HUNG, unknown], plain_roster("zed", "ann"))
    nobody = {
        "student": "zed",
        "ex05": "",
        "ex06": "",
        "score": "",
        "max_score": "6",
        "percent": "",
        "outcome": "no submission",
        "remarks": "",
    }
    assert rows[0] == nobody
    assert rows[1] == {
        "student": "ann", "ex05": "3", "ex06": "0", "score": "3", "max_score": "6", "percent": "50", "outcome": "judged",
        "remarks": "ex05: 2 files, the best counts: ann2.py; dd not written yet | ex06: dx incorrect",
    }  # fmt: skip
    assert [(row["student"], row["score"], row["percent"], row["outcome"], row["remarks"]) for row in rows[2:]] == [
        ("bob", "4", "66.67", "judged", ""),
        ("dan", "0", "0", "unreadable", "not a Python file"),
        ("eve", "0", "0", "timeout", "it did not end in 10 s"),
    ]
    hung = gradient("da", "error", diagnoses=[cause("unrecognised", "this took longer than 2 s")])
    other = gradient("db", "incorrect", diagnoses=[cause("unrecognised", "this is not the gradient")])
    assert records("grades", [result(gradients=[hung, other])])[0]["remarks"] == "da error: this took longer than 2 s; db incorrect"
    assert records("grades", [MIXED])[0]["remarks"] == "da right, float32; db lost-keepdim; dc shape-error; dd not written yet"


def test_the_best_file_counts_wherever_it_stands() -> None:
    worse = result("z.py", "bob", FOUR)
    for results in ([PASSED, worse], [worse, PASSED]):
        (row,) = records("grades", results)
        assert (row["score"], row["remarks"]) == ("4", "2 files, the best counts: bob.py")


def test_of_equal_scores_the_judged_one_counts() -> None:
    lost = result("ann0.py", "ann", outcome="crashed")
    (row,) = records("grades", [lost, result("ann1.py", "ann", [FOUR[1]] * 4)])
    assert (row["outcome"], row["score"]) == ("judged", "0")


@pytest.mark.parametrize("student", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_no_cell_is_a_formula(student: str) -> None:
    graded = result(student, student, message=student)
    canvas, moodle = gradebook(label=student), worksheet(label=student)
    for name, roster in (
        ("grades", None),
        ("grades", plain_roster(student + "2")),
        ("otter", None),
        ("nbgrader", None),
        ("moodle", moodle),
        ("canvas", canvas),
    ):
        cells = [cell for row in table(name, [graded], roster)[1:] for cell in row if cell not in ("--", "-")]
        assert cells and not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))], name


def gradebook(*columns: tuple[str, str, str, str], label: str = "ann") -> Roster:
    """A Canvas gradebook with (title, points possible, Ann's cell, Bob's cell) for each assignment."""
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(c[0] for c in columns), "Final Score")
    rows = (
        ("", "", "", "", "", *("Manual Posting" for _ in columns)),
        ("    Points Possible", "", "", "", "", *(c[1] for c in columns), "(read only)"),
        ("A, Ann", "1", "", "ann", "S1", *(c[2] for c in columns), "88"),
        ("B, Bob", "2", "", "bob", "S1", *(c[3] for c in columns), "99"),
    )
    return Roster("canvas", header, rows, (Student(label, frozenset(["ann"]), 2), Student("bob", frozenset(["bob"]), 3)))


CANVAS = {
    "by id": ([("EX05 (7)", "10", "", ""), ("Essay (8)", "5", "1", "2")], "EX05 (7)", ["10", "2.5", "10"]),
    "by title": ([("the title of EX05 (7)", "4", "", ""), ("Essay (8)", "5", "1", "2")], "the title of EX05 (7)", ["4", "1", "4"]),
    "by id as a word": ([("Homework ex05: b (7)", "", "", ""), ("ex05b (8)", "5", "1", "2")], "Homework ex05: b (7)", ["4", "1", "4"]),
    "the only one": ([("Homework (7)", "100", "3", "3")], "Homework (7)", ["100", "25", "100"]),
    "none": ([("Essay (7)", "5", "1", "2"), ("ex05b (8)", "5", "1", "2")], "ex05", ["4", "1", "4"]),
    "a total by period": (
        [("Current Score (2024)", "(read only)", "1", "2"), ("Homework (7)", "100", "3", "3")],
        "Homework (7)",
        ["100", "25", "100"],
    ),
    "two of the name": ([("ex05 (7)", "5", "1", "2"), ("Ex05 (8)", "5", "1", "2")], "ex05", ["4", "1", "4"]),
    "excused": ([("ex05 (7)", "4", "EX", "N/A")], "ex05 (7)", ["4", "EX", "N/A"]),
}


@pytest.mark.parametrize("columns, filled, cells", CANVAS.values(), ids=CANVAS)
def test_canvas(columns: list[tuple[str, str, str, str]], filled: str, cells: list[str]) -> None:
    roster = gradebook(*columns)
    header, *rows = table("canvas", [MIXED, PASSED], roster)
    at = header.index(filled)
    assert [row[at] for row in rows[1:]] == cells and rows[0][at] in ("", "Manual Posting")
    for i, row in enumerate(rows):
        kept = [cell for j, cell in enumerate(row[: len(roster.header)]) if j != at]
        before = [*roster.rows[i], *[""] * (len(roster.header) - len(roster.rows[i]))]
        assert kept == [cell for j, cell in enumerate(before) if j != at]


def test_canvas_leaves_who_handed_nothing_in() -> None:
    (text,) = made("canvas", [PASSED], gradebook(("ex05 (7)", "10", "8", ""))).values()
    assert "A, Ann" in text and '"A, Ann",1,,ann,S1,8,88' in text and not text.startswith("\ufeff")


def test_canvas_fills_a_column_for_each_exercise() -> None:
    header, *rows = table("canvas", [MIXED, replace(PASSED, exercise="ex06")], gradebook(("Homework (7)", "10", "8", "9")))
    assert header[-2:] == ["ex05", "ex06"] and [row[-2:] for row in rows[1:]] == [["4", "4"], ["1", ""], ["", "4"]]
    assert [row[5] for row in rows[1:]] == ["10", "8", "9"]


def test_no_two_exercises_fill_one_column_of_canvas() -> None:
    header, *rows = table("canvas", [MIXED, replace(PASSED, exercise="ex06")], gradebook(("ex05 and ex06 (7)", "", "", "")))
    assert header[-1] == "ex06" and [[row[5], row[7]] for row in rows[1:]] == [["4", "4"], ["1", ""], ["", "4"]]


def worksheet(maximum: str = "Maximum Grade", top: str = "10.00", comments: bool = True, label: str = "ann") -> Roster:
    header = ["Identifier", "Full name", "Grade", maximum, "Grade can be changed", "Last modified (grade)", "Feedback comments"]
    rows = [
        ["Participant 1", "Ann", "", top, "Yes", "-", "old"],
        ["Participant 2", "Bob", "3", top, "No", "-", "locked"],
        ["Participant 3", "Cy", "", top, "Yes", "-", "kept"],
    ]
    width = len(header) if comments else len(header) - 1
    students = tuple(Student(name, frozenset([name]), i) for i, name in enumerate((label, "bob", "zed")))
    return Roster("moodle", tuple(header[:width]), tuple(tuple(row[:width]) for row in rows), students)


def test_moodle() -> None:
    (text,) = made("moodle", [MIXED, PASSED], worksheet()).values()
    header, ann, *others = table("moodle", [MIXED, PASSED], worksheet())
    assert text.startswith("\ufeffIdentifier,") and header == list(worksheet().header)
    assert others == [list(row) for row in worksheet().rows[1:]]
    assert ann[:6] == ["Participant 1", "Ann", "2.5", "10.00", "Yes", "-"]
    assert ann[6].split("<br>") == [
        "1 of 4 gradients right",
        "da: correct (float32)",
        "db: incorrect (lost-keepdim) - (N,) = (7,), but c is (N, 1) = (7, 1)",
        "dc: error (shape-error) - `@` cannot join them",
        "dd: not written yet",
    ]


MAXIMA = [("Maximum grade", "10,00", "2.5"), ("Maximum grade", "-", "1"), ("Highest", "10", "1")]


@pytest.mark.parametrize("name, top, grade", MAXIMA)
def test_moodle_scales_to_the_maximum(name: str, top: str, grade: str) -> None:
    assert table("moodle", [MIXED], worksheet(name, top, comments=False))[1][2] == grade


def test_moodle_adds_exercises_up_and_takes_comments_for_html() -> None:
    other = result("x.py", "ann", exercise="ex06", outcome="crashed", message="<img src=x onerror=alert(1)>\x1b[2J")
    ann = table("moodle", [MIXED, other], worksheet())[1]
    assert ann[2] == "1.25" and "ex06: Nothing was judged (crashed): &lt;img src=x onerror=alert(1)&gt;\\x1b[2J" in ann[6].split("<br>")


@pytest.mark.parametrize(
    "name, roster",
    [
        ("canvas", None),
        ("canvas", worksheet()),
        ("moodle", None),
        ("moodle", gradebook()),
        ("moodle", replace(worksheet(), header=("Identifier",))),
    ],
)
def test_a_gradebook_is_filled_and_never_made(name: str, roster: Roster | None) -> None:
    with pytest.raises(BadInput, match=r"download|export") as raised:
        made(name, [MIXED], roster)
    assert "\n" not in str(raised.value)


STEMS = {"ann.py": "ann.py", "a_b-1.ipynb": "a_b-1.ipynb", "A.py": "a.py-", "x/ex05.py": "x-ex05.py-", "Zoë.py": "zoe.py-", "..": "submission-", "": "submission-", "../../etc/passwd": "etc-passwd-",
         ".hidden": "hidden-", "nul.py": "_nul.py-", "名.py": "py-", "a" * 200: "a" * 60 + "-", "a-0123456789abcdef": "a-0123456789abcdef-"}  # fmt: skip


@pytest.mark.parametrize("path, begins", STEMS.items())
def test_stem(path: str, begins: str) -> None:
    assert re.fullmatch(re.escape(begins) + ("[0-9a-f]{16}" if begins.endswith("-") else ""), stem(path))


PATHS = st.one_of(st.text(max_size=90), st.text("aA./-\\ :é", max_size=8), st.text("ab0.", max_size=3).map(stem))


@given(st.lists(PATHS, unique=True, max_size=8))
def test_stems_are_safe_and_tell_paths_apart(paths: list[str]) -> None:
    stems = [stem(path) for path in paths]
    assert len({name.casefold() for name in stems}) == len(paths)
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,79}", name) for name in stems)


ANY = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"]), max_size=40) | st.sampled_from(
    ["]]>\x00\x0b\ufffe", "\ud800\udfff", "a\r\n=b,\"c'\n\u2028", "\x1b]0;x\x07\u202e"]
)
ROSTERS = [None, plain_roster("zed")]


@settings(max_examples=60, deadline=None)
@given(ANY, ANY, ANY, st.sampled_from(ROSTERS))
def test_any_text_gives_what_can_be_read(student: str, submission: str, message: str, roster: Roster | None) -> None:
    told = cause("a", message, note=message, help=message, evidence=message)
    wrong = gradient("dx", "incorrect", source=message, diagnoses=[told])
    results = [
        result(submission, student, [wrong, FOUR[0]]),
        result(submission + "2", student + "2", message=message, outcome="unreadable"),
    ]
    results = [from_line(one.as_line()) for one in results]
    sheets = {"canvas": gradebook(label=student), "moodle": worksheet(label=student)}
    for name in FORMATS:
        for path, text in made(name, results, sheets.get(name, roster)).items():
            body = text.removeprefix("\ufeff")
            assert not [c for c in body if not c.isprintable() and c != "\n"], (name, path)
            text.encode("utf-8")
            assert re.fullmatch(r"([a-z0-9]+/[a-z0-9_][a-z0-9._-]*|[a-z_]+)\.(json|txt|xml|csv)", path)
            assert read_back(path, body)
            assert "SECRET_FIX" not in text and "SECRET_FIX" not in (base64.b64decode(text).decode() if path.endswith(".txt") else "")


def read_back(path: str, text: str) -> bool:
    if path.endswith(".csv"):
        return len({len(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)}) == 1
    if path.endswith(".xml"):
        root = ElementTree.fromstring(text.encode())
        return len(root) == 2 and len(list(root.iter("testcase"))) == 3
    data = json.loads(base64.b64decode(text, validate=False) if path.endswith(".txt") else text)
    assert not [s for s in strings(data) for c in s if not c.isprintable() and c != "\n"]
    return bool(data)


def strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [s for value in data.values() for s in strings(value)]
    return [s for value in data for s in strings(value)] if isinstance(data, list) else [data] if isinstance(data, str) else []
