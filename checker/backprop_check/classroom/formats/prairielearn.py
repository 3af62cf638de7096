"""PrairieLearn's `results.json`: a score from 0 to 1, and one test a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backprop_check.classroom.formats.each import as_json, json_files
from backprop_check.classroom.formats.told import clip, explained, figures, summary, unjudged
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "prairielearn"
LARGEST = 1_000_000  # bytes; what is larger is rejected whole
_LIMITS = (100_000, 10_000, 1_000, 100, 0)  # characters a text, tried in turn


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `prairielearn/<stem>.json`, to be put at `/grade/results/results.json`."""
    yield from json_files(NAME, results, document)


def document(result: Result) -> dict[str, Any]:
    """Return the file of one submission, its texts cut as short as the largest size asks."""
    data: dict[str, Any] = {}
    for limit in _LIMITS:
        data = _document(result, limit)
        if len(as_json(data)) <= LARGEST:
            break
    return data


def gradable(result: Result) -> bool:
    """Return whether an attempt was made: what cannot be read or does not parse at all costs none. A hang is an attempt."""
    return bool(result.report["gradients"]) or result.outcome not in ("judged", "unreadable")


def _document(result: Result, limit: int) -> dict[str, Any]:
    judged = gradable(result)
    data = {
        "gradable": judged,
        "succeeded": True,
        "score": result.score / result.max_score if result.max_score else 0.0,
        "max_points": result.max_score,
        "message": clip(summary(result), limit),
        "output": "",
        "images": [],
        "tests": [_test(gradient, limit) for gradient in result.report["gradients"]],
    }
    return data if judged else {**data, "format_errors": [clip(unjudged(result), limit)]}


def _test(gradient: dict[str, Any], limit: int) -> dict[str, Any]:
    name = visible(gradient["name"])
    return {
        "name": name,
        "description": f"{name} is the gradient of {name[1:]}, {visible(gradient['axes'])}",
        "points": gradient["score"],
        "max_points": gradient["max_score"],
        "message": clip(explained(gradient), limit),
        "output": "" if gradient["status"] == "missing" else clip(figures(gradient), limit),
        "images": [],
    }
