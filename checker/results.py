"""What grading makes of a submission: a line of `results.jsonl`, as a frozen record. Nothing here needs torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Outcome = Literal["judged", "timeout", "memory", "crashed", "unreadable", "refused"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Result:
    """One submission's line. `report` is the contract's JSON (design, section 6), `seconds` the wall time its judging took.

    `submission` is its path below the folder (or in the zip) that was graded, with `/`; `student` whom it belongs to; `exercise` an id,
    empty where none could be told. `digest` is of all that decides the marks: the same digest, the same marks.
    """

    submission: str
    student: str
    exercise: str
    report: Mapping[str, Any]
    seconds: float
    outcome: Outcome
    digest: str

    @property
    def score(self) -> float:
        return float(self.report["score"])

    @property
    def max_score(self) -> float:
        return float(self.report["max_score"])

    def as_line(self) -> str:
        """Return the line, without its end. ASCII, so that no text of a learner's can break it in two."""
        return json.dumps(
            {
                "submission": self.submission,
                "student": self.student,
                "exercise": self.exercise,
                "report": self.report,
                "seconds": round(self.seconds, 4),
                "outcome": self.outcome,
                "digest": self.digest,
            },
            allow_nan=False,
        )


def from_line(line: str) -> Result:
    """Return the record of a line. Raises `ValueError` when it is none, as the torn last line of an interrupted run is."""
    try:
        data = json.loads(line)
        result = Result(**{name: data[name] for name in Result.__dataclass_fields__})
        _ = result.score, result.max_score
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a line of results: {error}") from None
    if result.outcome not in OUTCOMES or not isinstance(result.submission, str):
        raise ValueError("not a line of results")
    return result
