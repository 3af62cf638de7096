"""The steps of the example workflow, run by the shell as a runner runs them, on a repository as a student's."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from handed_in import HALF, STATUS

import backprop_check
from backprop_check.cli.main import main

WORKFLOW = yaml.safe_load((Path(__file__).parents[2] / "docs" / "classroom" / "github" / "classroom.yml").read_text())
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["run-autograding-tests"]["steps"]
GRADING = next(step for step in STEPS if step.get("id") == "gradients")
REPORT = next(step for step in STEPS if step.get("uses", "").startswith("classroom-resources/autograding-grading-reporter@"))


@pytest.fixture
def repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A course of which only ex05 is worked on, its forward changed to the student's liking."""
    folder = tmp_path / "hw1-ada"
    assert main(["init", str(folder)]) == 0
    forward = "def inputs(N=7, C=3):\n    return dict(counts=torch.zeros(N, C))\n\n\ndef forward(counts):\n    s = counts.sum()\n    return s\n\n\n"
    (folder / "exercises" / "ex05_broadcast.py").write_text(HALF.replace("def backward", forward + "def backward"))
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "tool.py").write_text("def backward():\n    pass\n")
    (folder / "README.md").write_text("# Homework\n")
    return folder


def step(repository: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run the grading step as a runner does: a script file, `bash -e`, its folder and its variables."""
    temp = repository.parent / "temp"
    temp.mkdir()
    script, output = temp / "script.sh", temp / "output"
    script.write_text(GRADING["run"])
    output.touch()
    (temp / "summary").touch()
    assert GRADING["working-directory"] == "${{ runner.temp }}"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {"GITHUB_WORKSPACE": str(repository), "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(temp)}
    environment["GITHUB_STEP_SUMMARY"] = str(temp / "summary")
    done = subprocess.run(["bash", "-e", str(script)], cwd=temp, env=environment, capture_output=True, text=True, timeout=120)
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_each_field_of_the_result_that_the_reporter_reads(repository: Path) -> None:
    done, outputs = step(repository)
    assert done.returncode == 0 and list(outputs) == ["result"], done.stderr
    data = json.loads(base64.b64decode(outputs["result"], validate=True))
    tests = data.pop("tests")
    assert data == {"version": 3, "status": "fail", "message": None, "max_score": 4.0}
    messages = {test["name"]: test.pop("message") for test in tests}
    shown = {test["name"]: test.pop("output") for test in tests}
    assert all(0 <= test.pop("duration") < 60 for test in tests)
    assert [test.pop("line_no") for test in tests] == list(range(14, 18))
    codes = {test["name"]: test.pop("test_code") for test in tests}
    assert {name: f"assert_equal({name}, gradient_of({name[1:]}))" in code for name, code in codes.items()} == {
        name: status == "correct" for name, status in STATUS.items()
    }
    assert all(codes[name] == messages[name] for name, status in STATUS.items() if status != "correct")
    summary = (repository.parent / "temp" / "summary").read_text()
    assert "(counts * dprobs).sum(1)" in summary and "^^^" in summary
    assert tests == [
        {"name": name, "status": "pass" if status == "correct" else "fail", "score": float(status == "correct"), "task_id": number, "filename": "exercises/ex05_broadcast.py"}
        for number, (name, status) in enumerate(STATUS.items(), 1)
    ]  # fmt: skip
    assert messages["dact"] is None and "(counts * dprobs).sum(1)" in messages["dcounts_sum_inv"]
    assert "shape (7,), due (7, 1)" in shown["dcounts_sum_inv"]


def test_without_an_answer_there_is_one_failing_test(repository: Path) -> None:
    for path in (repository / "exercises").iterdir():
        path.unlink()
    data = json.loads(base64.b64decode(step(repository)[1]["result"]))
    assert (data["status"], data["max_score"], [(test["status"], test["score"]) for test in data["tests"]]) == (
        "error",
        4.0,
        [("error", 0.0)],
    )
    assert "holds no .py or .ipynb file" in data["message"]


def test_where_grading_fails_the_step_fails_and_reports_nothing(repository: Path) -> None:
    done, outputs = step(repository.parent / "nowhere")
    assert done.returncode == 2 and not outputs and "there is no such file or folder" in done.stderr


def test_the_reporter_is_given_the_output_by_the_name_it_looks_for() -> None:
    runners = [name.strip() for name in REPORT["with"]["runners"].split(",")]
    assert runners == [GRADING["id"]]
    assert REPORT["env"] == {f"{name.upper()}_RESULTS": f"${{{{ steps.{name}.outputs.result }}}}" for name in runners}
    assert STEPS.index(REPORT) > STEPS.index(GRADING)


def test_the_workflow_installs_this_version() -> None:
    assert [step["run"] for step in STEPS if step.get("name") == "Install"] == [
        f"pip install --find-links .github 'backprop-check[grade]=={backprop_check.__version__}'"
    ]
