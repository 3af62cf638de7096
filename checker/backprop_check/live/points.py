"""Points for the `backward` of a notebook: the last line of a test cell that nbgrader grades."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backprop_check.classroom.formats.told import explained, noticed
from backprop_check.errors import BadInput
from backprop_check.report.text import MARKS

TIME_LIMIT = 2.0
"""Seconds a statement of a learner's may take: nbgrader itself ends a cell after 30."""


def backprop_points(exercise: str, out_of: float | None = None, time_limit: float = TIME_LIMIT) -> float:
    """Judge the `backward` of the cells run so far, print what is wrong with it, and return its points.

    The points are the exercise's own, one a gradient unless it says otherwise, or their share of `out_of`. It is judged in a process of
    its own, from the cells' source: what they have done to this one does not matter there. Raises `BadInput` where there is no such
    exercise or no notebook.
    """
    report = _checked(exercise, list(_cells()), time_limit)
    for line in _said(report):
        print(line)
    score, most = float(report["score"]), float(report["max_score"])
    return score if out_of is None else out_of * score / most


def _checked(exercise: str, cells: Sequence[str], time_limit: float) -> Mapping[str, Any]:
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    with tempfile.TemporaryDirectory() as folder:
        path, there = Path(folder) / "notebook.ipynb", f"{folder}{os.sep}"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "backprop_check", "check", exercise, "--submission", str(path), "--json"]
        command += ["--time-limit", str(time_limit)]
        # nbgrader takes anything on standard error for a failed cell.
        run = subprocess.run(command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)  # noqa: S603 (our own module)
    try:
        report: Mapping[str, Any] = json.loads(run.stdout.replace(there, ""))
    except ValueError:
        raise BadInput(run.stderr.strip().replace(there, "") or f"the checking process ended with {run.returncode}.") from None
    if report["title"] is None:
        raise BadInput(report["message"])
    return report


def _cells() -> Iterator[str]:
    """Yield the source of the cells that ran, as it was written: IPython keeps `%%backward` cells in another form beside it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        raise BadInput("backprop_points is for notebooks: elsewhere use `backprop-check check`.")
    yield from shell.history_manager.input_hist_raw[1:]


def _said(report: Mapping[str, Any]) -> Iterator[str]:
    if report["message"]:
        yield report["message"]
    yield from (f"! {notice}" for notice in noticed(report))
    for gradient in report["gradients"]:
        yield f"{MARKS[gradient['status']][0]} {gradient['name']}"
        yield from (f"  {line}" for line in explained(gradient).splitlines())
    yield f"{report['score']:g} of {report['max_score']:g} points"
