"""Whatever is wrong with what a person gave: one line that says what and what to do, exit code 2, no traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from backprop_check.cli.main import main
from backprop_check.submission.zygote import Zygote

FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.py", b"", "is empty"),
    "blank": ("a.py", b" \n\n", "is empty"),
    "binary": ("a.py", b"\x7fELF\0\0\0", "is binary"),
    "not utf-8": ("a.py", b"# caf\xe9\n", "is not UTF-8"),
    "half a notebook": ("a.ipynb", b'{"cells": [{"cell_type": "code", "sou', "is not a whole notebook"),
    "no notebook": ("a.ipynb", b'{"a": 1}', "is no Jupyter notebook"),
    "a notebook of nothing": ("a.ipynb", b'{"cells": []}', "no function `backward`"),
    "no backward": ("a.py", b"x = 1\n", "no function `backward`"),
    "nothing parses": ("a.py", b"def backward(:\n  )(\n", "no `backward` could be read"),
    "no python": ("a.py", b"<html><body>404</body></html>\n", "backward"),
}


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("backprop-check: ")
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize("kind", FILES)
def test_a_submission_that_cannot_be_judged(kind: str, tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    name, content, told = FILES[kind]
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["check", "ex05", "--submission", str(path)], zygote) == 2
    assert told in one_line(capsys)


@pytest.mark.parametrize("kind", ["empty", "nothing parses", "missing"])
def test_the_same_as_json(kind: str, tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    if kind != "missing":
        path.write_bytes(FILES[kind][1])
    assert main(["check", "ex05", "--submission", str(path), "--json"], zygote) == 2
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["status"], report["gradients"], report["exercise"]) == ("error", [], "ex05")
    assert report["message"] in captured.err.replace("\n", "")
    assert captured.err.count("\n") == 1


def test_a_submission_that_is_not_there_or_a_folder_or_no_path(tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    for path, told in [(tmp_path / "none.py", "no such file"), (tmp_path, "is a folder"), ("a\0b.py", "no path")]:
        assert main(["check", "ex05", "--submission", str(path)], zygote) == 2
        assert told in one_line(capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_submission_that_may_not_be_read(tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    path.chmod(0)
    assert main(["check", "ex05", "--submission", str(path)], zygote) == 2
    assert "cannot be read" in one_line(capsys)


NO_TENSOR = """\
def inputs(N=3):
    return dict(x=1.0)

def forward(x):
    y = x * 2
    return y

def backward(x, y):
    dx = ...
"""

GIVEN = """\
import torch

def inputs(N=3):
    return dict(x=torch.randn(N))

def forward(x):
    y = x.sum()
    return y


def backward(x, y, dy):
    dx = ...
"""

EXERCISES = {
    "no forward": ("def inputs(N=3):\n    pass\n", "defines no `forward`"),
    "raises": ('SIZES = int("a\\nb")\n' + NO_TENSOR, "raised ValueError"),
    "no gradient to write": (NO_TENSOR.replace("dx = ...", "pass"), "names no gradient"),
    "does not parse": ("def (", "does not parse"),
    "nothing to differentiate": (NO_TENSOR, "depends on no floating input"),
    "a scalar's gradient, by its comment": (GIVEN.replace("sum()", "sum()  # ()"), "exercise.py:11: the output `y` is one number"),
    "a gradient of a number": (
        GIVEN.replace("y = x", "n = 2\n    y = x").replace("dx = ...", "dn = ...").replace(", dy", ", n"),
        "`n` depends on no",
    ),
    "a scalar's gradient, by its value": (GIVEN, "take `dy` out of the parameters"),
}


@pytest.mark.parametrize("kind", EXERCISES)
def test_an_exercise_that_cannot_be_used(kind: str, tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = EXERCISES[kind]
    path = tmp_path / "exercise.py"
    path.write_text(text)
    assert main(["check", "--exercise", str(path)], zygote) == 2
    assert told in one_line(capsys)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["ex99"], "no exercise 'ex99'"),
        (["lsit"], "did you mean `backprop-check list`"),
        (["xe05"], "did you mean `backprop-check ex05`"),
        (["broadcast"], "did you mean `backprop-check ex05` or `backprop-check ex05b`"),
        (["learn", "--help"], "no command or exercise 'learn'"),
        (["ex05", "hint"], "the command stands first: `backprop-check hint ex05`"),
        (["check", "ex05", "probs"], "does not know what to do with 'probs'"),
        (["check", "ex05", "--verbos"], "did you mean --verbose?"),
        (["dev", "check", "--mutant"], "did you mean --mutants?"),
        (["hint", "ex12", "--target", "dlogit"], "did you mean dlogits"),
        (["check", "ex05", "--exercise", "ex06"], "two exercises"),
        (["check", "--submission", "mine.py"], "Which exercise"),
        (["check", "ex05", "--time-limit", "0"], "seconds above 0"),
        (["check", "ex05", "--time-limit", "nan"], "seconds above 0"),
        (["check", "ex05", "--target", "dact"], "--numeric"),
        (["check", "ex05", "--frobnicate"], "--frobnicate"),
        (["explain", "nonsense"], "no mistake with the code"),
        (["explain", "../rules"], "no mistake with the code"),
        (["dev"], "ACTION"),
        (["init"], "DIR"),
        (["new", "///"], "no file name"),
    ],
)
def test_bad_usage(argv: list[str], told: str, course: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv, zygote) == 2
    assert told in one_line(capsys)


@pytest.mark.parametrize("argv", [[], ["ex05"], ["watch"], ["hint", "ex05"], ["new", "thing"], ["reset", "ex05", "--yes"]])
def test_where_there_is_no_course_it_says_how_to_get_one(
    argv: list[str], tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv, zygote) == 2
    assert "course" in one_line(capsys)
    assert not list(tmp_path.iterdir())
