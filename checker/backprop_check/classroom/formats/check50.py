"""The JSON of check50: one result a gradient, or the error that kept the submission from being judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backprop_check import __version__
from backprop_check.classroom.formats.each import json_files
from backprop_check.classroom.formats.told import brief, codes, explained, unjudged
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "check50"
PASSED = {"correct": True, "incorrect": False, "error": False, "missing": None}


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `check50/<stem>.json`."""
    yield from json_files(NAME, results, document)


def document(result: Result) -> dict[str, Any]:
    """Return the file of one submission; a gradient that is not written yet is neither passed nor failed."""
    data: dict[str, Any] = {"slug": visible(result.exercise)}
    if result.report["gradients"]:
        data["results"] = [_result(gradient) for gradient in result.report["gradients"]]
    else:
        data["error"] = {"type": result.outcome, "value": unjudged(result), "traceback": [], "data": {}}
    return {**data, "version": __version__}


def _result(gradient: dict[str, Any]) -> dict[str, Any]:
    passed, name, text = PASSED[gradient["status"]], visible(gradient["name"]), explained(gradient)
    return {
        "name": name,
        "description": f"{name} is the gradient of {name[1:]}",
        "passed": passed,
        "log": text.split("\n") if text else [],
        "cause": None if passed else _cause(gradient),
        "data": {"score": gradient["score"], "max_score": gradient["max_score"], "codes": codes(gradient)},
        "dependency": None,
    }


def _cause(gradient: dict[str, Any]) -> dict[str, Any]:
    moves = " / ".join(told["help"] for told in gradient["diagnoses"] if told["help"])
    cause: dict[str, Any] = {"rationale": brief(gradient), "help": visible(moves) or None}
    if gradient["got_shape"] is not None and gradient["got_shape"] != gradient["shape"]:
        cause |= {"expected": f"shape {gradient['shape']}", "actual": f"shape {gradient['got_shape']}"}
    return cause
