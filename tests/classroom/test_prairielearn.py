"""The example question's entry point, run as its info.json says in a folder laid out as PrairieLearn lays it out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from handed_in import HALF, STATUS

import backprop_check

QUESTION = Path(__file__).parents[2] / "docs" / "classroom" / "prairielearn"
OPTIONS = json.loads((QUESTION / "info.json").read_text())["externalGradingOptions"]


def graded(folder: Path, files: dict[str, str | bytes], exercise: str | None = None) -> dict[str, Any]:
    """Return what the grader makes of the files. /grade/results is not there yet: PrairieLearn does not make it."""
    grade = folder / "grade"
    shutil.copytree(QUESTION / "tests", grade / "tests")
    (grade / "data").mkdir()
    (grade / "data" / "data.json").write_text("{}")
    (grade / "student").mkdir()
    for name, content in files.items():
        (grade / "student" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    program, asked = OPTIONS["entrypoint"]
    environment = {**os.environ, "GRADE": str(grade), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [program.replace("/grade/", f"{grade}/", 1), exercise or asked]
    Path(command[0]).chmod(0o755)  # as PrairieLearn does
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=OPTIONS["timeout"])
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads((grade / "results" / "results.json").read_text())
    return results


def test_each_field_of_a_half_right_submission(tmp_path: Path) -> None:
    results = graded(tmp_path, {"ex05_broadcast.py": HALF})
    tests = results.pop("tests")
    assert results == {
        "gradable": True,
        "succeeded": True,
        "score": 0.5,
        "max_points": 4.0,
        "message": "2 of 4 gradients right",
        "output": "",
        "images": [],
    }
    messages = {test["name"]: test.pop("message") for test in tests}
    shown = {test["name"]: test.pop("output") for test in tests}
    assert tests == [
        {"name": name, "description": f"{name} is the gradient of {name[1:]}, (N, {axis})", "points": float(status == "correct"), "max_points": 1.0, "images": []}
        for (name, status), axis in zip(STATUS.items(), "CCC1", strict=True)
    ]  # fmt: skip
    assert (
        messages["dact"] == ""
        and "Keep the summed axis" in messages["dcounts_sum_inv"]
        and "shape (7,), due (7, 1)" in shown["dcounts_sum_inv"]
    )


def test_what_cannot_be_read_costs_no_attempt(tmp_path: Path) -> None:
    results = graded(tmp_path, {})
    assert (results["gradable"], results["score"], results["tests"]) == (False, 0.0, [])
    assert len(results["format_errors"]) == 1 and "holds no .py or .ipynb file" in results["format_errors"][0]


def test_what_the_grader_cannot_do_costs_no_attempt_and_says_so(tmp_path: Path) -> None:
    results = graded(tmp_path, {"ex05_broadcast.py": HALF}, exercise="ex99")
    assert results["gradable"] is False and results["format_errors"] == [results["message"]]
    assert "The grader itself failed" in results["message"] and "There is no exercise 'ex99'" in results["message"]


def test_the_question_is_one_that_prairielearn_accepts() -> None:
    assert OPTIONS["enabled"] is True and OPTIONS["enableNetworking"] is False and 30 < OPTIONS["timeout"] <= 600
    image = OPTIONS["image"]
    docker = (QUESTION / "Dockerfile").read_text()
    assert (
        image.endswith(f":{backprop_check.__version__}")
        and image in docker
        and f"'backprop-check[grade]=={backprop_check.__version__}'" in docker
        and f"COPY backprop_check-{backprop_check.__version__}-py3-none-any.whl " in docker
    )
