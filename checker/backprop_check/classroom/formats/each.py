"""One JSON file a submission: what most of the formats are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.results import Result


def json_files(folder: str, results: Sequence[Result], document: Callable[[Result], dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield `folder/<stem>.json` with the document of each result."""
    for result in results:
        yield f"{folder}/{stem(result.submission)}.json", as_json(document(result))


def as_json(data: dict[str, Any]) -> str:
    """Return the text of a JSON file: ASCII, and no number that JSON does not know."""
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def share(result: Result) -> float:
    """Return one gradient's part of the seconds: they are judged together, so no other time of one is known."""
    return round(result.seconds / max(1, len(result.report["gradients"])), 4)
