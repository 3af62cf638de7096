"""Gradescope's `results.json`: one test a gradient, all of them visible to the student, all text plain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backprop_check.classroom.formats.each import json_files
from backprop_check.classroom.formats.told import codes, explained, summary
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "gradescope"


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `gradescope/<stem>.json`, to be put at `/autograder/results/results.json`."""
    yield from json_files(NAME, results, document)


def document(result: Result) -> dict[str, Any]:
    """Return the file of one submission. Its `score` is told in any case: with no tests there would be none."""
    return {
        "score": result.score,
        "execution_time": round(result.seconds, 2),
        "output": summary(result),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "exercise": visible(result.exercise),
            **({"chapter": visible(result.chapter)} if result.chapter else {}),
            "submission": visible(result.submission),
            "outcome": result.outcome,
        },
        "tests": [_test(i, gradient) for i, gradient in enumerate(result.report["gradients"], 1)],
    }


def _test(number: int, gradient: dict[str, Any]) -> dict[str, Any]:
    right = gradient["status"] == "correct"
    return {
        "score": gradient["score"],
        "max_score": gradient["max_score"],
        "status": "passed" if right else "failed",
        "name": visible(gradient["name"]),
        "name_format": "text",
        "number": f"1.{number}",
        "output": explained(gradient),
        "output_format": "text",
        "tags": codes(gradient),
        "visibility": "visible",
        "extra_data": {"status": gradient["status"]},
    }
