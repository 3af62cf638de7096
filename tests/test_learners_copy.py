"""A learner writes into the exercise itself: the course says what is asked, and the verdicts are those of the same file handed in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backprop_check.cli.main import main
from backprop_check.errors import BadInput
from backprop_check.exercise.course import find_course, packaged_course
from backprop_check.exercise.definition import course_exercise, definition, stub_lines
from backprop_check.exercise.parse import read_exercise
from backprop_check.pytest_plugin.questions import read_question
from backprop_check.submission.zygote import Zygote

Captured = pytest.CaptureFixture[str]
NAME = "ex05_broadcast.py"
STUB = (packaged_course().exercises / NAME).read_text()
HEAD = STUB[: STUB.index("    dact = ...")]
DACT, DPROBS = "dact = torch.ones_like(act)", "dprobs = (1 - act**2) * dact"
DCOUNTS, DINV = "dcounts = counts_sum_inv * dprobs", "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)"
TARGETS = ("dact", "dprobs", "dcounts", "dcounts_sum_inv")


def copy(*lines: str, head: str = HEAD) -> str:
    return head + "".join(f"    {part}\n" for line in lines for part in line.split("\n"))


def all_but(**other: str) -> dict[str, str]:
    return dict.fromkeys(TARGETS, "correct") | other


def checked(argv: list[str], zygote: Zygote, capsys: Captured) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = main([*argv, "--json"], zygote)
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def told(report: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {g["name"]: (g["status"], [d["code"] for d in g["diagnoses"]]) for g in report["gradients"]}


FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "tuple": (copy(DACT, DPROBS, f"dcounts, dcounts_sum_inv = ({DCOUNTS[10:]}), ({DINV[18:]})"), all_but()),
    "wrong in a tuple": (copy(DACT, DPROBS, f"dcounts, dcounts_sum_inv = (-{DCOUNTS[10:]}), ({DINV[18:]})"), all_but(dcounts="incorrect")),
    "with": (copy("with torch.no_grad():\n    " + "\n    ".join([DACT, DPROBS, DCOUNTS, DINV])), all_but()),
    "wrong in a with": (copy(DACT, f"with torch.no_grad():\n    {DPROBS}\n    dcounts = dprobs", DINV), all_but(dcounts="incorrect")),
    "chained": (copy(DACT, "dprobs = up = (1 - act**2) * dact", "dcounts = again = counts_sum_inv * up", DINV), all_but()),
    "chained with a target": (copy(DACT, "dprobs = dcounts = (1 - act**2) * dact", DINV), all_but(dcounts="incorrect")),
    "loop": (copy(DACT, DPROBS, "dcounts = torch.zeros_like(counts)\nfor i in range(len(counts)):\n    dcounts[i] = counts_sum_inv[i] * dprobs[i]", DINV), all_but()),
    "all in a loop": (copy("for _ in range(1):\n    " + "\n    ".join([DACT, DPROBS, DCOUNTS, DINV])), all_but()),
    "branch": (copy(DACT, f"if counts.dim() == 2:\n    {DPROBS}\nelse:\n    dprobs = dact", DCOUNTS, DINV), all_but()),
    "annotated": (copy(DACT, "dprobs: torch.Tensor = (1 - act**2) * dact", DCOUNTS, DINV), all_but()),
    "walrus": (copy(DACT, "(dprobs := (1 - act**2) * dact)", DCOUNTS, DINV), all_but()),
    "deleted": (copy(DACT, DCOUNTS, DINV), all_but(dprobs="missing")),
    "renamed": (copy(DACT, DPROBS, "d_counts = counts_sum_inv * dprobs", DINV), all_but(dcounts="missing")),
    "none left": (copy("pass"), dict.fromkeys(TARGETS, "missing")),
    "a comparison": (copy(DACT, DPROBS, "dcounts == counts_sum_inv * dprobs", DINV), all_but(dcounts="error")),
    "broken": (copy(DACT, DPROBS, "dcounts = (counts_sum_inv * dprobs", DINV), all_but(dcounts="error")),
    "a strange parameter": (copy(DACT, DPROBS, DCOUNTS, DINV, head=HEAD.replace("act, s):", "act, s, lr=0.1):")), all_but()),
    "a parameter left out": (copy(DACT, DPROBS, DCOUNTS, DINV, head=HEAD.replace("probs, act, s):", "probs, s):")), all_but(dact="error", dprobs="error")),
    "async": (copy(DACT, DPROBS, DCOUNTS, DINV, head=HEAD.replace("def backward", "async def backward")), all_but()),
    "helpers of the learner's": (copy(DACT, DPROBS, DCOUNTS, DINV, head=HEAD.replace("import torch\n", "import torch\n\nTWO = 2\n\n\ndef twice(x):\n    return TWO * x\n")), all_but()),
    "a broken line elsewhere": (copy(DACT, DPROBS, DCOUNTS, DINV) + "\n\nprint 'done'\n", all_but()),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_is_judged_as_the_same_file_handed_in(form: str, course: Path, zygote: Zygote, capsys: Captured) -> None:
    text, statuses = FORMS[form]
    own, handed_in = course / "exercises" / NAME, course / "handed_in.py"
    handed_in.write_text(text)
    submitted = checked(["check", "ex05", "--submission", "handed_in.py"], zygote, capsys)
    own.write_text(text)
    code, report, err = checked(["ex05"], zygote, capsys)
    assert {name: status for name, (status, _) in told(report).items()} == statuses
    assert (code, err) == (0 if set(statuses.values()) == {"correct"} else 1, "")
    assert (code, told(report), report["max_score"]) == (submitted[0], told(submitted[1]), submitted[1]["max_score"])


NO_BACKWARD = {
    "renamed": (STUB.replace("def backward", "def backwards"), "`backwards` on line 23 looks like it"),
    "a method": (HEAD[: HEAD.index("def backward")] + "class Net:\n    def backward(self, act):\n        dact = 1\n", "a method of the class `Net`"),
    "gone": (HEAD[: HEAD.index("def backward")], "only `inputs` and `forward`"),
    "empty": ("", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_BACKWARD)
def test_a_copy_without_a_backward_is_one_line(case: str, course: Path, zygote: Zygote, capsys: Captured) -> None:
    text, said = NO_BACKWARD[case]
    (course / "exercises" / NAME).write_text(text)
    assert main(["ex05"], zygote) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert "`backprop-check reset ex05` puts the file back as it was and keeps a copy of yours." in captured.err
    (course / "exercises" / NAME).write_text(STUB)
    (course / "mine.py").write_text(text)
    assert main(["ex05", "--submission", "mine.py"], zygote) == 2
    assert "reset" not in capsys.readouterr().err, "it is no exercise file of the course"


PAST_MENDING = {
    "a colon lost": (HEAD.replace("act, s):", "act, s)") + f"    {DACT}\n", "line 23 could not be read"),
    "a conflict": (copy(DACT, "<<<<<<< HEAD", DPROBS, "=======", "dprobs = dact", ">>>>>>> theirs"), "git left both sides of a conflict here"),
    "a helper broken in between": (copy(DACT, "print((1 2)", DPROBS), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", PAST_MENDING)
def test_where_more_is_broken_than_an_answer_reset_is_named(case: str, course: Path, zygote: Zygote, capsys: Captured) -> None:
    text, said = PAST_MENDING[case]
    (course / "exercises" / NAME).write_text(text)
    assert main(["ex05"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert said in out
    named = "! should the file be past mending: `backprop-check reset ex05` puts the file back as it was and keeps a copy of yours" in out
    assert named == bool(said)


RIGHT = copy(DACT, DPROBS, DCOUNTS, DINV)
OTHER = {
    "a line of the forward": ("torch.tanh(probs) ", "torch.sin(probs) ", f"{NAME}:18: the course has `act = torch.tanh(probs)` here"),
    "a line less": ("    act = torch.tanh(probs)           # (N, C)\n    s = act.sum() ", "    s = probs.sum() ", f"{NAME}:18: the course has `act = torch.tanh(probs)`"),
    "a line more": ("    return s\n", "    return s\n    print(s)\n", f"{NAME}:21: this line is not in the course's `forward`"),
    "other sizes": ("N=7, C=3", "N=4, C=2", f"{NAME}:9: the course has `def inputs(N=7, C=3)` here"),
    "an input": ("torch.randn(N, 1)", "torch.ones(N, 1)", f"{NAME}:12: the course has `counts_sum_inv=torch.randn(N, 1)` here"),
    "no inputs": ("def inputs", "def outputs", f"{NAME}: the course's `inputs` is not in this file"),
    "a branch": ("    s = act.sum() ", "    if True:\n        pass\n    s = act.sum() ", f"{NAME}:19: the course has `s = act.sum()` here"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER)
def test_another_forward_is_said_and_the_courses_judges(case: str, course: Path, zygote: Zygote, capsys: Captured) -> None:
    old, new, said = OTHER[case]
    assert old in RIGHT
    own = course / "exercises" / NAME
    own.write_text(RIGHT.replace(old, new))
    code, report, err = checked(["ex05"], zygote, capsys)
    assert (code, told(report)) == (0, {name: ("correct", []) for name in TARGETS})
    assert said in err and "`backprop-check reset ex05`" in err and err.count("\n") == 1
    assert main(["graph", "ex05"]) == 0
    assert f"! {said[:12]}" in capsys.readouterr().out
    with pytest.raises(BadInput, match="solutions/"):
        definition(course_exercise(find_course(course), own))


def test_a_broken_line_of_the_forward_stops_everything(course: Path, zygote: Zygote, capsys: Captured) -> None:
    own = course / "exercises" / NAME
    own.write_text(RIGHT.replace("    return s\n", "    return s s\n"))
    for argv in (["ex05"], ["hint", "ex05"], ["graph", "ex05"], ["check", "ex05", "--numeric"], ["derive", "ex05"]):
        assert main(argv, zygote) == 2
        err = capsys.readouterr().err
        assert f"{NAME}:20: the exercise does not parse" in err and "`backprop-check reset ex05`" in err and err.count("\n") == 1
    assert main(["list"]) == 0
    assert "! ex05   cannot be read" in capsys.readouterr().out


def test_marks_of_a_conflict_above_backward_are_told(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """Python itself would refuse the file."""
    own = course / "exercises" / NAME
    above = RIGHT.replace("def inputs", "<<<<<<< HEAD\n=======\n>>>>>>> theirs\ndef inputs")
    within = RIGHT.replace("    dact =", "<<<<<<< HEAD\n    dact = 1\n=======\n    dact = 2\n>>>>>>> theirs\n    dact =")
    for text in (above, within):
        own.write_text(text)
        capsys.readouterr()
        assert main(["ex05"], zygote) == 0
        said = capsys.readouterr()
        assert " ".join(said.out.split()).count("git left both sides of a conflict here") == 1 and not said.err


def test_an_exercise_of_ones_own_has_nothing_to_be_put_back_to(course: Path, zygote: Zygote, capsys: Captured) -> None:
    (course / "exercises" / "ex90_own.py").write_text(RIGHT.replace("counts=torch.randn(N, C)", "counts=None"))
    _, report, err = checked(["ex90"], zygote, capsys)
    assert report["status"] == "error" and "draws `counts` as None" in err and "reset" not in err


def test_an_authors_own_pair_may_say_anything(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """With a solution of the course's own, that one says what is asked, whatever the package has under the same name."""
    solutions = course / "solutions"
    solutions.mkdir()
    other = RIGHT.replace("torch.tanh(probs)", "torch.sin(probs)").replace("1 - act**2", "torch.cos(probs)")
    (solutions / NAME).write_text(other)
    (course / "exercises" / NAME).write_text(other)
    assert checked(["ex05"], zygote, capsys)[::2] == (0, "")


OWN = '''"""Ours."""
import torch


def inputs(N=4, C=3):
    return dict(a=torch.randn(N, C), b=torch.randn(N, C))


def forward(a, b):
    c = a * b     # (N, C)
    d = c.sin()   # (N, C)
    s = d.sum()   # ()
    return s


def backward(a, b, c, d, s):
'''
WITHOUT_SOLUTION = {
    "plain": "dd = torch.ones_like(d)\ndc = d.new_ones(()) * c.cos()\nda = b * dc\ndb = a * dc\n",
    "tuple": "dd, dc = torch.ones_like(d), c.cos()\nda, db = b * dc, a * dc\n",
    "with": "with torch.no_grad():\n    dd = torch.ones_like(d)\n    dc = c.cos() * dd\n    da, db = b * dc, a * dc\n",
    "loop": "for _ in range(1):\n    dd = torch.ones_like(d)\n    dc = c.cos() * dd\n    (da, [db]) = b * dc, [a * dc]\n",
    "chained": "dd = one = torch.ones_like(d)\ndc = up = c.cos() * one\nda: torch.Tensor = b * up\n(db := a * up)\n",
    "branches": "if a.dim():\n    dd = torch.ones_like(d)\ntry:\n    dc = c.cos() * dd\nfinally:\n    da = b * dc\nmatch 1:\n    case _:\n        db = a * dc\n",
}


@pytest.mark.parametrize("name", ["ex70_ours.py", NAME])
@pytest.mark.parametrize("form", WITHOUT_SOLUTION)
def test_without_a_solution_the_files_own_backward_names_the_targets(form: str, name: str, tmp_path: Path) -> None:
    """Also under a name of the package's, as long as it is plainly another graph."""
    (tmp_path / "exercises").mkdir()
    path = tmp_path / "exercises" / name
    path.write_text(OWN + "".join(f"    {line}\n" for line in WITHOUT_SOLUTION[form].splitlines()) + "    def dz():\n        ds = 1\n")
    exercise = course_exercise(find_course(tmp_path), path)
    assert sorted(target.name for target in exercise.targets) == ["da", "db", "dc", "dd"]
    assert exercise.notices == () and exercise.path == path
    assert exercise == read_exercise(path)


def test_without_a_solution_it_is_judged(tmp_path: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path)
    body = WITHOUT_SOLUTION["with"].replace("da, db = b * dc, a * dc", "da, db = b * dc, dc")
    (tmp_path / "exercises" / "ex70_ours.py").write_text(OWN + "".join(f"    {line}\n" for line in body.splitlines()))
    code, report, _ = checked(["ex70"], zygote, capsys)
    assert code == 1
    assert {n: s for n, (s, _) in told(report).items()} == {"dd": "correct", "dc": "correct", "da": "correct", "db": "incorrect"}


def test_every_reader_asks_the_same(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """A copy with a target lost and another renamed: every command and the pytest plugin name the course's four."""
    own = course / "exercises" / NAME
    text = re.sub(r"    dprobs = .*\n", "", STUB).replace("dcounts = ...", "d_counts = 1")
    own.write_text(text)
    exercise = course_exercise(find_course(course), own)
    assert tuple(t.name for t in exercise.targets) == TARGETS
    question = read_question(own)
    assert tuple(t.name for t in question.exercise.targets) == TARGETS
    assert dict(question.lines) == stub_lines(own, exercise) == {"dact": 24, "dcounts_sum_inv": 26}
    assert main(["list", "--all"]) == 0
    assert " 0/4 " in next(line for line in capsys.readouterr().out.splitlines() if " ex05 " in line)
    assert main(["graph", "ex05"]) == 0
    assert "dprobs" in capsys.readouterr().out
    for argv in (["hint", "ex05", "--target", "dprobs"], ["hint", "ex05", "--target", "dcounts"]):
        assert main(argv, zygote) == 0
    assert "this gradient is called `dcounts`, not `d_counts`" in capsys.readouterr().out
    assert main(["check", "ex05", "--numeric", "--target", "dprobs"], zygote) == 1
    assert main(["derive", "ex05"]) == 0
