"""What other ways of grading take for the same submissions. Each function returns seconds a submission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BARE = ROOT / "benchmarks" / "bare.py"
OTTER = """
import sys, time
from otter.api import grade_submission
autograder, *notebooks = sys.argv[1:]
started = time.perf_counter()
for notebook in notebooks:
    grade_submission(notebook, autograder, quiet=True)
print(time.perf_counter() - started)
"""
OTTER_TESTS = """
from otter.test_files import test_case
OK_FORMAT = False
name, points = "gradients", 1

@test_case()
def test_gradients(env):
    assert all(env["right"](env["SUBMISSION"]).values())
"""


def fresh_check(exercise: str, files: Sequence[Path]) -> float:
    """A process a submission: our own check."""
    return _each(lambda file: [sys.executable, "-m", "backprop_check", "check", exercise, "--submission", str(file), "--json"], files)


def fresh_bare(files: Sequence[Path]) -> float:
    """A process a submission: a plain comparison, as unit tests make it."""
    with tempfile.TemporaryDirectory() as folder:
        return _each(lambda file: [sys.executable, str(BARE), str(_returning(file, Path(folder)))], files)


def otter(python: str, files: Sequence[Path]) -> float:
    """Otter's in-process grading, all in one process: the start of that one is not counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(folder / "autograder.zip", "w") as autograder:
            autograder.writestr("tests/gradients.py", OTTER_TESTS)
            autograder.writestr("otter_config.json", json.dumps({"pdf": False, "print_summary": False}))
        notebooks = []
        for number, file in enumerate(files):
            notebooks.append(folder / f"{number}.ipynb")
            notebooks[-1].write_text(json.dumps(_notebook(file)))
        done = _run([python, "-c", OTTER, str(folder / "autograder.zip"), *map(str, notebooks)], folder)
        return float(done.split()[-1]) / len(files)


def nbgrader(python: str, files: Sequence[Path]) -> float:
    """`nbgrader autograde`, all students in one call, its start included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.root = {name!r}\nc.ExecutePreprocessor.timeout = 120\n"
        )
        for number, file in enumerate(files):
            for place in (f"submitted/s{number}/ps1", *(("source/ps1",) if number == 0 else ())):
                (folder / place).mkdir(parents=True)
                (folder / place / "p1.ipynb").write_text(json.dumps(_notebook(file, graded=True)))
        _run([python, "-m", "nbgrader", "generate_assignment", "ps1"], folder)
        started = time.perf_counter()
        _run([python, "-m", "nbgrader", "autograde", "ps1"], folder)
        seconds = time.perf_counter() - started
        if (graded := len(list(folder.glob("autograded/*/ps1/p1.ipynb")))) != len(files):
            raise SystemExit(f"nbgrader graded {graded} of {len(files)}")
        return seconds / len(files)


def _each(command: Callable[[Path], list[str]], files: Sequence[Path]) -> float:
    commands = [command(file) for file in files]
    started = time.perf_counter()
    for each in commands:
        _run(each, ROOT)
    return (time.perf_counter() - started) / len(files)


def _run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "checker"), "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603  (our own commands)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _returning(file: Path, folder: Path) -> Path:
    """Return a copy of the submission that returns what `backward` computes: only so can the others look at it."""
    copy = folder / f"{file.parent.name}.py"
    copy.write_text(_text(file))
    return copy


def _text(file: Path) -> str:
    return f"{file.read_text().rstrip()}\n    return locals()\n"


def _notebook(file: Path, graded: bool = False) -> dict[str, object]:
    """A notebook with the submission, what judges it, and for nbgrader a cell that does so."""
    answer = f"SUBMISSION = {_text(file)!r}\n{_text(file)}"
    judge = BARE.read_text().split("if __name__")[0]
    cells = [
        (answer, {"solution": True, "grade": False, "grade_id": "answer"}),
        (judge, {"solution": False, "grade": False, "grade_id": "judge"}),
    ]
    if graded:
        test = {"solution": False, "grade": True, "points": 1, "grade_id": "test"}
        cells.append(("assert all(right(SUBMISSION).values())", test))
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": marks["grade_id"],
                "execution_count": None,
                "outputs": [],
                "source": source,
                "metadata": {"nbgrader": {"schema_version": 3, "locked": not marks["solution"], "task": False, **marks}} if graded else {},
            }
            for source, marks in cells
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
