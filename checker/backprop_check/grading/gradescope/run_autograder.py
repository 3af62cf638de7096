#!/usr/bin/env python3
"""Grade /autograder/submission and write /autograder/results/results.json. Any Python 3 runs this; the grader has one of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# More for the command, as ["--time-limit", "5"]. With "--trust-submissions" it also runs where the container cannot confine a submission,
# which then can read the solution and change its own marks.
OPTIONS: list[str] = []

FAILED = "The autograder itself failed, and this says nothing about the submission. Please tell the course staff. It said: "


def main() -> int:
    """Return 1 where nothing could be graded. The results then hold no score, so that nobody gets a mark for it."""
    root = Path(os.environ.get("AUTOGRADER", "/autograder"))
    results = root / "results" / "results.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        trouble = grade(root, Path(folder))
        if not trouble:
            shutil.copyfile(str(Path(folder) / "gradescope.json"), str(results))
            return 0
    print(trouble)
    results.write_text(json.dumps({"output": FAILED + trouble, "output_format": "text", "visibility": "visible"}), encoding="utf-8")
    return 1


def grade(root: Path, out: Path) -> str:
    """Grade into `out`; return what went wrong, which is nothing where there is a result, whatever the marks."""
    exercise = next((root / "source").glob("*.py"), None)
    if exercise is None:
        return f"there is no exercise in {root / 'source'}."
    command = [str(root / "venv" / "bin" / "backprop-check"), "grade", str(root / "submission"), "--single", "--exercise", str(exercise)]
    command += ["--format", "gradescope", "--out", str(out), *OPTIONS]
    try:
        run = subprocess.run(command, cwd=str(out), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603, UP022 (our own command)
    except OSError as error:
        return f"{command[0]} could not be started ({error.strerror}): setup.sh did not end well."
    sys.stdout.write(run.stdout.decode(errors="replace"))
    said = run.stderr.decode(errors="replace").strip().splitlines()
    if run.returncode != 0 or not (out / "gradescope.json").is_file():
        return said[-1] if said else f"backprop-check ended with {run.returncode}."
    return ""


if __name__ == "__main__":
    sys.exit(main())
