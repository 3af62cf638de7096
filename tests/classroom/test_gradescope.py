"""The zip of `export gradescope`, unpacked, set up and run in a folder laid out as Gradescope lays it out.

Nothing in it is replaced: setup.sh makes its environment and has pip install the wheel of this checkout that lies beside requirements.txt.
Only pip's index is switched off; what backprop-check needs is found where these tests have it, by links in a folder on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
from handed_in import BINARY, HALF, RIGHT, STATUS, notebook

import backprop_check

CHECKOUT = Path(__file__).parents[2]
NAMES = ["setup.sh", "run_autograder", "requirements.txt", "ex05_broadcast.py"]


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with this Python first on the path, and nothing else of this process's environment."""
    base = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return subprocess.run(list(map(str, command)), env={**base, **environment}, capture_output=True, text=True, timeout=300)


def borrowed(folder: Path, *without: str) -> Path:
    """Fill a folder with links to what is installed here, but for backprop-check itself, pip and the packages named."""
    folder.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        name = path.name.lower().replace("-", "_")
        if not name.endswith(".pth") and not name.startswith(("backprop_check", "_editable", "pip", "__pycache__", *without)):
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("export") / "ex05.zip"
    done = subprocess.run(
        [sys.executable, "-m", "backprop_check", "export", "gradescope", "ex05", "--out", str(file)],
        cwd=file.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "ex05_broadcast.py" in done.stdout, done.stderr
    return file


@pytest.fixture(scope="module")
def autograder(exported: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /autograder after the container was built."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(exported) as archive:
        archive.extractall(root / "source")
    shutil.copy(wheel, root / "source")
    packages = borrowed(root.parent / "packages")
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    setup = run("bash", root / "source" / "setup.sh", AUTOGRADER=str(root), PYTHONPATH=str(packages), **offline)
    assert setup.returncode == 0, setup.stdout + setup.stderr
    assert f"Successfully installed backprop-check-{backprop_check.__version__}" in setup.stdout
    assert "What holds strangers' code back" in setup.stdout, "the build's log shows what `doctor` finds"
    # Gradescope itself copies run_autograder up and sets its mode.
    (root / "source" / "run_autograder").rename(root / "run_autograder")
    (root / "run_autograder").chmod(0o755)
    return root


def handed_in(root: Path, files: dict[str, str | bytes]) -> None:
    for old in (root / "submission").iterdir():
        old.unlink()
    (root / "results" / "results.json").unlink(missing_ok=True)
    for name, content in files.items():
        (root / "submission" / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def graded(root: Path, packages: str = "packages") -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    done = run(root / "run_autograder", AUTOGRADER=str(root), PYTHONPATH=str(root.parent / packages))
    return done, json.loads((root / "results" / "results.json").read_text())


def test_the_zip_holds_what_is_needed_and_no_answer(exported: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        assert archive.namelist() == NAMES
        modes = {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()}
        texts = {name: archive.read(name) for name in NAMES}
    assert modes == {"setup.sh": 0o755, "run_autograder": 0o755, "requirements.txt": 0o644, "ex05_broadcast.py": 0o644}
    assert not any(b"\r" in text for text in texts.values())
    assert texts["setup.sh"].startswith(b"#!/usr/bin/env bash\n") and texts["run_autograder"].startswith(b"#!/usr/bin/env python3\n")
    assert texts["requirements.txt"].endswith(f"\nbackprop-check[grade]=={backprop_check.__version__}\n".encode())
    assert texts["ex05_broadcast.py"].decode() == next(CHECKOUT.glob("exercises/ex05_*.py")).read_text()


def test_an_exercise_outside_any_course_goes_out_blank_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RIGHT)
    command = [sys.executable, "-m", "backprop_check", "export", "gradescope", "./mine.py"]
    first, second = (subprocess.run(command, cwd=tmp_path, capture_output=True, text=True) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 2) and "nothing is overwritten" in second.stderr
    with zipfile.ZipFile(tmp_path / "mine-gradescope.zip") as archive:
        assert archive.read("mine.py").count(b"= ...") == 4 and b"ones_like" not in archive.read("mine.py")


def test_each_field_of_a_half_right_submission(autograder: Path) -> None:
    """Of several files, a notebook among them, the best counts; what does not define a backward is passed over."""
    handed_in(
        autograder,
        {
            "ex05_first_try.py": HALF.replace("ones_like(act)", "zeros_like(act)"),
            "ex05.ipynb": notebook("import torch", HALF, "raise SystemExit('never run')"),
            "helpers.py": "x = 1\n",
            "data.csv": "1,2\n",
        },
    )
    done, results = graded(autograder)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = results.pop("tests")
    assert 0 < results.pop("execution_time") < 60
    assert results == {
        "score": 2.0, "output": "2 of 4 gradients right", "output_format": "text", "test_output_format": "text", "test_name_format": "text",
        "visibility": "visible", "stdout_visibility": "hidden", "extra_data": {"exercise": "ex05", "submission": "ex05.ipynb", "outcome": "judged"},
    }  # fmt: skip
    outputs = {test["name"]: test.pop("output") for test in tests}
    tags = {test["name"]: test.pop("tags") for test in tests}
    assert tests == [
        {"name": name, "score": float(status == "correct"), "max_score": 1.0, "status": "passed" if status == "correct" else "failed", "name_format": "text",
         "number": f"1.{number}", "output_format": "text", "visibility": "visible", "extra_data": {"status": status}}
        for number, (name, status) in enumerate(STATUS.items(), 1)
    ]  # fmt: skip
    assert tags["dcounts_sum_inv"] == ["lost-keepdim"] and tags["dprobs"] and not tags["dact"]
    assert outputs["dact"] == outputs["dcounts"] == ""
    assert "line 8: dcounts_sum_inv = (counts * dprobs).sum(1)" in outputs["dcounts_sum_inv"] and "help:" in outputs["dcounts_sum_inv"]


UNREADABLE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "nothing": ({}, "submission holds no .py or .ipynb file"),
    "no code": ({"essay.pdf": BINARY}, "submission holds no .py or .ipynb file"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_has_no_points_and_says_why(what: str, autograder: Path) -> None:
    files, why = UNREADABLE[what]
    handed_in(autograder, files)
    done, results = graded(autograder)
    assert (done.returncode, results["score"], results["tests"]) == (0, 0.0, []) and why in results["output"], done.stdout


def test_where_the_container_cannot_confine_nobody_gets_a_mark_unless_the_teacher_says_so(autograder: Path) -> None:
    borrowed(autograder.parent / "without_seccomp", "pyseccomp")
    handed_in(autograder, {"ex05.py": RIGHT})
    done, results = graded(autograder, "without_seccomp")
    assert done.returncode == 1 and results.keys() == {"output", "output_format", "visibility"}, "with a score it would be a mark"
    assert (
        "The autograder itself failed" in results["output"]
        and "--trust-submissions" in results["output"]
        and "--trust-submissions" in done.stdout
    )
    script = autograder / "run_autograder"
    as_exported = script.read_text()
    script.write_text(as_exported.replace("OPTIONS: list[str] = []", 'OPTIONS: list[str] = ["--trust-submissions"]'))
    try:
        assert graded(autograder, "without_seccomp")[1]["score"] == 4.0
    finally:
        script.write_text(as_exported)


def test_where_setup_failed_the_results_say_so(autograder: Path) -> None:
    handed_in(autograder, {"ex05.py": RIGHT})
    (autograder / "venv").rename(autograder / "elsewhere")
    try:
        done, results = graded(autograder)
    finally:
        (autograder / "elsewhere").rename(autograder / "venv")
    assert done.returncode == 1 and "score" not in results and "setup.sh did not end well" in results["output"]
