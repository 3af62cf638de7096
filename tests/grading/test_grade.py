"""`backprop-check grade` as a teacher runs it: a small class in, marks and feedback out."""

from __future__ import annotations

import csv
import json
import os
import pty
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from classroom import called

from backprop_check.classroom.formats.table import FORMATS
from backprop_check.classroom.results import OUTCOMES

SOLUTION = next(Path(__file__).parents[2].glob("solutions/ex05_*.py")).read_text()
HEAD = "import torch\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n"
CARRIED = (
    HEAD
    + """\
    dact = torch.zeros_like(act)
    dprobs = (1 - act**2) * dact
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
"""
)
CLASS = {
    "right.py": SOLUTION,
    "carried.py": CARRIED,  # one mistake, which costs once
    "asks.py": HEAD + "    dact = torch.autograd.grad(s, act)[0]\n    dprobs = 1 - act**2\n",
    "hangs.py": HEAD + "    dact = torch.ones_like(act)\n    dprobs = [0 for _ in iter(int, 1)]\n    dcounts = counts_sum_inv * dprobs\n",
    "hungry.py": HEAD + "    dact = torch.ones(10**12)\n    dprobs = 1 - act**2\n",
    "leaves.py": HEAD + "    dact = torch.ones_like(act)\n    dprobs = torch.os._exit(0)\n",
    "opens.py": HEAD + "    dact = torch.ones_like(act)\n    dprobs = open(torch.__file__)\n",
    "empty.py": "",
    "no_backward.py": "x = 1\n",
}  # fmt: skip
EXPECTED = {
    "right.py": (4.0, "judged"), "carried.py": (3.0, "judged"), "asks.py": (1.0, "judged"), "hangs.py": (2.0, "timeout"), "hungry.py": (1.0, "memory"),
    "leaves.py": (1.0, "crashed"), "opens.py": (1.0, "judged"), "empty.py": (0.0, "unreadable"), "no_backward.py": (0.0, "unreadable"),
}  # fmt: skip


def grade(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Give the command in `folder`. The teacher at a terminal, and the tests of what is lost, start it as a process of its own."""
    return called(["grade", *map(str, arguments)], folder)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("class")
    with zipfile.ZipFile(folder / "class.zip", "w") as archive:
        for name, text in CLASS.items():
            archive.writestr(name, text)
    formats = [name for name in FORMATS if name not in ("canvas", "moodle")]
    (folder / "roster.csv").write_text("name\nright\ncarried\nnobody\n")
    options = ("--exercise", "ex05", "--time-limit", "1", "--roster", "roster.csv", "--format", *formats)
    return folder / "out", grade("class.zip", "--out", "out", *options, folder=folder)


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_every_submission_has_its_line(graded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, run = graded
    assert run.returncode == 0, run.stderr
    found = {line["submission"]: (line["report"]["score"], line["outcome"]) for line in lines(out)}
    assert found == EXPECTED
    assert [line["submission"] for line in lines(out)] == sorted(EXPECTED)
    for line in lines(out):
        assert set(line) == {"submission", "student", "exercise", "report", "seconds", "outcome", "digest"}
        assert line["exercise"] == "ex05" and line["outcome"] in OUTCOMES and line["report"]["schema"] == "backprop-check/1"


def test_what_earns_nothing_says_why(graded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    told = {line["submission"]: line["report"] for line in lines(graded[0])}
    causes = {name: {g["name"]: [d["code"] for d in g["diagnoses"]] for g in report["gradients"]} for name, report in told.items()}
    assert causes["asks.py"]["dact"] == ["autograd-used"]
    assert causes["carried.py"]["dact"] and not causes["carried.py"]["dprobs"]
    assert "Permission denied: 'torch/__init__.py'" in json.dumps(told["opens.py"])  # where it is installed is nobody's affair
    assert told["empty.py"]["message"].startswith("empty.py is empty")


def test_the_rest_is_written(graded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, run = graded
    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").read_text().splitlines())}
    assert rows["right"]["score"] == "4" and rows["carried"]["score"] == "3" and rows["nobody"]["outcome"] == "no submission"
    assert {path.name for path in (out / "feedback").iterdir()} >= {
        f"{name.removesuffix('.py')}.{kind}" for name in CLASS for kind in ("md", "html")
    }
    assert json.loads((out / "class.json").read_text())["submissions"] == len(CLASS)
    assert "<html" in (out / "class.html").read_text()
    assert stat.S_IMODE((out / ".secret").stat().st_mode) == 0o600
    for name in (
        "gradescope/right.py.json",
        "github/right.py.json",
        "exercism/right.py.json",
        "check50/right.py.json",
        "prairielearn/right.py.json",
        "junit.xml",
    ):
        assert (out / name).is_file(), name
    assert "ex05" in run.stdout and "hangs.py took too long" in run.stdout and "class.html" in run.stdout


def test_points_are_the_exercises_own(tmp_path: Path) -> None:
    (tmp_path / "ex77_weighed.py").write_text(SOLUTION.replace("def inputs", "POINTS = dict(dact=0.5, dcounts=3)\n\n\ndef inputs"))
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text(CARRIED)
    run = grade("class", "--out", "out", "--exercise", "ex77_weighed.py", folder=tmp_path)
    (line,) = lines(tmp_path / "out")
    assert (run.returncode, line["report"]["score"], line["report"]["max_score"]) == (0, 5.0, 5.5), run.stderr
    assert {g["name"]: g["max_score"] for g in line["report"]["gradients"]} == {
        "dact": 0.5,
        "dprobs": 1.0,
        "dcounts": 3.0,
        "dcounts_sum_inv": 1.0,
    }


def hand_in(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_what_would_be_graded_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    hand_in(
        tmp_path / "class",
        {"ada/ex05.py": SOLUTION, "grace/ex05.py": SOLUTION, "kim/ex05.pdf": "x", "grade.py": "x = 1\n", "ada/plots.py": ""},
    )
    (tmp_path / "roster.csv").write_text("name\nAda\nKim\nBob\nCy\nDan\nEli\n")
    run = grade("class", "--exercise", "ex05", "--roster", "roster.csv", "--dry-run", folder=tmp_path)
    assert run.returncode == 0 and {path.name for path in tmp_path.iterdir()} == {"class", "roster.csv"}, run.stderr
    said = " ".join(run.stdout.split())
    for words in (
        "Ada ada/ex05.py ex05",
        "grace grace/ex05.py ex05",
        "Kim kim/ex05.pdf ex05: it is neither .py nor .ipynb",
        "3 students, 3 submissions.",
        "1 student is not in the roster, so no gradebook gets the marks: grace.",
        "4 of the roster handed in nothing: Bob, Cy, Dan and 1 more",
        "grade.py lies beside the students' work",
        "ada/plots.py has no `backward`, unlike another file of this student, which may import it",
    ):
        assert words in said, said


def test_what_is_in_no_mark_is_said_and_listed(tmp_path: Path) -> None:
    """One after another: all right but for what was left out; renamed and spoilt; and gone."""
    folder, spoilt = hand_in(tmp_path / "class", {"ada/ex05.py": SOLUTION, "bob/ex05.py": SOLUTION, "grade.py": "x = 1\n"}), CARRIED
    options = ("class", "--out", "out", "--exercise", "ex05", "--format", "gradescope", "--jobs", "1")
    run = grade(*options, folder=tmp_path)
    assert "1 file not taken for a submission: grade.py." in run.stdout, run.stderr
    told = json.loads((tmp_path / "out" / "class.json").read_text())
    assert told["aside"] == [{"file": "grade.py", "why": "lies beside the students' work"}]
    assert "but 1 file was not taken" in told["headline"] and told["headline"] in (page := (tmp_path / "out" / "class.html").read_text())
    assert "Not taken for submissions: 1 file" in page and "Nothing to explain" not in page
    (folder / "ada" / "ex05.py").rename(folder / "ada" / "ex05_final.py").write_text(spoilt)
    run = grade(*options, folder=tmp_path)
    assert "1 submission of an earlier run is not there any more and does not count: ada/ex05.py." in " ".join(run.stdout.split()), (
        run.stderr
    )
    assert {line["submission"]: line["report"]["score"] for line in lines(tmp_path / "out")} == {
        "ada/ex05_final.py": 3.0,
        "bob/ex05.py": 4.0,
    }
    assert "ada,3,3,4,75" in (tmp_path / "out" / "grades.csv").read_text()
    shutil.rmtree(folder / "ada")
    run = grade(*options[:5], "--format", "otter", folder=tmp_path)
    assert "the pages of ada." in (said := " ".join(run.stdout.split())), run.stderr
    assert "Of an earlier run, and not written again: gradescope/. Name the format" in said and "otter" not in said
    assert {path.name for path in (tmp_path / "out" / "feedback").iterdir()} == {"bob.md", "bob.html"}
    assert [path.name[:8] for path in (tmp_path / "out" / "gradescope").iterdir()] == ["bob-ex05"]


def one_student(tmp_path: Path) -> None:
    hand_in(tmp_path / "hand-in" / "week", {"forward.py": SOLUTION, "helpers.py": "x = 1\n", "a.py": SOLUTION, "nets.py": SOLUTION})


def test_several_answers_of_one_student_are_asked_about(tmp_path: Path) -> None:
    one_student(tmp_path)
    run = grade("hand-in", "--out", "out", "--exercise", "ex05", folder=tmp_path)
    assert run.returncode == 2 and run.stderr.count("\n") == 1 and not run.stdout and not (tmp_path / "out").exists()
    for words in ("3 files that may each be an answer are taken for one student's, week", "--yes", "--roster", "--dry-run"):
        assert words in run.stderr
    shown = grade("hand-in", "--exercise", "ex05", "--dry-run", folder=tmp_path)
    assert shown.returncode == 0 and "Grading asks first (or needs --yes): 3 files" in " ".join(shown.stdout.split()), shown.stdout


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_teacher_at_a_terminal_answers(tmp_path: Path, answer: str) -> None:
    one_student(tmp_path)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "backprop_check", "grade", "hand-in", "--out", "out", "--exercise", "ex05", "--jobs", "1"]
    os.write(ours, f"{answer}\n".encode())
    run = subprocess.run(command, cwd=tmp_path, stdin=theirs, capture_output=True, text=True, timeout=120)
    assert "Grade them so? [y/N]" in run.stdout
    assert (run.returncode, (tmp_path / "out" / "results.jsonl").exists()) == ((0, True) if answer == "y" else (2, False)), run.stderr


BAD = {
    "there is no such file or folder": ("nowhere", "--out", "out"),
    "there is no format 'grade-scope'": ("class", "--out", "out", "--exercise", "ex05", "--format", "grade-scope"),
    "fills": ("class", "--out", "out", "--exercise", "ex05", "--format", "canvas"),
    "There is no exercise 'ex99'": ("class", "--out", "out", "--exercise", "ex99"),
    "does not parse": ("class", "--out", "out", "--exercise", "broken.py"),
    "--single grades one exercise": ("class", "--out", "out", "--single"),
    "give a size": ("class", "--out", "out", "--memory-limit", "much"),
    "holds the submissions": ("class", "--out", "class", "--exercise", "ex05"),
    "name the folder for the results with --out": ("class", "--exercise", "ex05"),
    "--column 'y' names no column": ("class", "--out", "out", "--exercise", "ex05", "--roster", "sheet.csv", "--column", "y"),
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_what_cannot_be_carried_out_is_one_line(said: str, tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text(SOLUTION)
    (tmp_path / "broken.py").write_text("def forward(:\n")
    (tmp_path / "sheet.csv").write_text("Student,ID,Section,ex05 (9)\nPoints Possible,,,4\nA,1,S,\n")
    run = grade(*BAD[said], folder=tmp_path)
    assert run.returncode == 2 and said in run.stderr and run.stderr.count("\n") == 1 and not run.stdout, run.stderr
