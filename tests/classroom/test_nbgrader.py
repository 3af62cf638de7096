"""nbgrader itself grades a notebook whose test cell ends in `backprop_points`: released, handed in by two students, autograded."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from handed_in import HALF_BODY, RIGHT

from backprop_check import backprop_points
from backprop_check.errors import BadInput

if importlib.util.find_spec("nbgrader") is None:  # not imported here: it takes longer than all that is ours
    pytest.skip("nbgrader is not installed: pip install 'backprop-check[test]'", allow_module_level=True)

DOCS = Path(__file__).parents[2] / "docs" / "classroom.md"
STUB = "import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n    dact = ...\n    dprobs = ...\n"
CHEAT = "import torch\ntorch.allclose = torch.equal = lambda *given, **options: True\n"


def test_cell() -> str:
    """The page's own test cell."""
    (cell,) = re.findall(r"```python\n(from backprop_check import backprop_points\n.*?)```", DOCS.read_text(), re.DOTALL)
    return str(cell).rstrip("\n")


test_cell.__test__ = False  # type: ignore[attr-defined]


def cell(source: str, name: str, **told: Any) -> dict[str, Any]:
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name} | told
    return {"cell_type": "code", "id": name, "execution_count": None, "outputs": [], "source": source, "metadata": {"nbgrader": marks}}


def saved(path: Path, *cells: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}))


COMMANDS = """
import json, sys
sys.modules["rfc3987_syntax"] = None
from nbgrader.apps.nbgraderapp import NbGraderApp
for command in json.loads(sys.argv[1]):
    if not command:
        print("RELEASED", flush=True)
        sys.stdin.readline()
        continue
    NbGraderApp.clear_instance()
    NbGraderApp.launch_instance(command)
"""
"""What `nbgrader` does with each command, in one process; where one is empty it waits until the students have handed in. jsonschema can do
without the package it checks addresses with, which takes seconds."""


def nbgrader(course: Path, *commands: list[str], hand_in: Callable[[], None]) -> None:
    command = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    own = {"HOME": str(course), "JUPYTER_CONFIG_DIR": str(course / "none"), "IPYTHONDIR": str(course / "none")}
    own["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # nbgrader calls alembic by its name
    with (
        (course / "said.txt").open("w+") as said,
        subprocess.Popen(
            command, cwd=course, env={**os.environ, **own}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        assert process.stdout is not None
        if any(line == "RELEASED\n" for line in process.stdout):
            hand_in()
        printed, _ = process.communicate("\n", timeout=240)
        assert process.returncode == 0, printed + (course / "said.txt").read_text()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one assignment, graded. What is handed in is what was released, but for the answers, and bob's attempt to cheat."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'backprop'\nc.Execute.timeout = 120\n")
    saved(
        folder / "source" / "ps1" / "gradients.ipynb",
        cell(STUB, "answer", solution=True),
        cell(test_cell(), "points", grade=True, locked=True, points=10),
    )

    def hand_in() -> None:
        released = json.loads((folder / "release" / "ps1" / "gradients.ipynb").read_text())
        for student, answer in {"ada": RIGHT, "bob": f"%%backward ex05\n{HALF_BODY}spare = nowhere\n"}.items():
            answered, tested = (dict(c) for c in released["cells"])
            answered["source"] = answer
            extra = [] if student == "ada" else [cell(CHEAT, "own") | {"metadata": {}}]
            saved(folder / "submitted" / student / "ps1" / "gradients.ipynb", *extra, answered, tested)

    nbgrader(folder, ["generate_assignment", "ps1"], [], ["autograde", "ps1"], ["export", "--to", "grades.csv"], hand_in=hand_in)
    return folder


def test_the_gradebook_has_the_points(course: Path) -> None:
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").read_text().splitlines())}
    assert {name: (float(row["score"]), float(row["max_score"])) for name, row in rows.items()} == {"ada": (10, 10), "bob": (5, 10)}


def test_the_student_reads_why(course: Path) -> None:
    graded = json.loads((course / "autograded" / "bob" / "ps1" / "gradients.ipynb").read_text())
    outputs = next(c["outputs"] for c in graded["cells"] if c["metadata"].get("nbgrader", {}).get("grade"))
    printed = "".join("".join(out["text"]) for out in outputs if out["output_type"] == "stream")
    assert [out["name"] for out in outputs if out["output_type"] == "stream"] == ["stdout"], "nbgrader takes standard error for a failure"
    assert printed.startswith("! Line 6 raised NameError: name 'nowhere' is not defined and was passed over: in your own code")
    assert (
        "✓ dact\n✗ dprobs\n" in printed
        and "(N,) = (7,), but counts_sum_inv is (N, 1) = (7, 1)" in printed
        and printed.endswith("2 of 4 points\n")
    )


def test_outside_a_notebook_it_says_so() -> None:
    with pytest.raises(BadInput, match="is for notebooks"):
        backprop_points("ex05")
