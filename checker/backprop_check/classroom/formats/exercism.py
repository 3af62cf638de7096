"""Exercism's `results.json`, version 3: one test a gradient, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backprop_check.classroom.formats.each import json_files
from backprop_check.classroom.formats.told import clip, explained, figures, summary
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "exercism"
MESSAGE, OUTPUT = 65535, 500
STATUS = {"correct": "pass", "incorrect": "fail", "missing": "fail", "error": "error"}


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `exercism/<stem>.json`."""
    yield from json_files(NAME, results, document)


def document(result: Result) -> dict[str, Any]:
    """Return the file of one submission. Its status is `error`, with a message, only where nothing was judged."""
    gradients = result.report["gradients"]
    status = ("pass" if all(g["status"] == "correct" for g in gradients) else "fail") if gradients else "error"
    return {
        "version": 3,
        "status": status,
        "message": clip(summary(result), MESSAGE) if status == "error" else None,
        "tests": [_test(i, gradient) for i, gradient in enumerate(gradients, 1)],
    }


def _test(number: int, gradient: dict[str, Any]) -> dict[str, Any]:
    """Return one test. What is measured stands in `output`, and so do remarks on a right gradient, which must have no message."""
    name, right = visible(gradient["name"]), gradient["status"] == "correct"
    output = explained(gradient) if right else "" if gradient["status"] == "missing" else figures(gradient)
    return {
        "name": name,
        "test_code": f"assert_equal({name}, gradient_of({name[1:]}))  # {visible(gradient['axes'])}",
        "status": STATUS[gradient["status"]],
        "message": None if right else clip(explained(gradient), MESSAGE),
        "output": clip(output, OUTPUT) or None,
        "task_id": number,
    }
