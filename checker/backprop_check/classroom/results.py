"""What grading makes of a submission: a line of `results.jsonl`, as a frozen record. Nothing here needs torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from backprop_check.records import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Types = Mapping[str, tuple[type, ...]]


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
        whole = _fits(data, _LINE) and _is_report(result.report) and result.outcome in OUTCOMES
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"not a line of results: {error}") from None
    if not whole:
        raise ValueError("not a line of results")
    return result


_NUMBER, _TEXT, _TEXT_OR_NONE = (int, float), (str,), (str, type(None))
_LINE: Types = {"submission": _TEXT, "student": _TEXT, "exercise": _TEXT, "seconds": _NUMBER, "outcome": _TEXT, "digest": _TEXT}
_REPORT: Types = {
    "exercise": _TEXT_OR_NONE, "title": _TEXT_OR_NONE, "status": _TEXT, "score": _NUMBER, "max_score": _NUMBER, "message": _TEXT_OR_NONE,
    "gradients": (list,),
}  # fmt: skip
_GRADIENT: Types = {
    "name": _TEXT, "status": _TEXT, "line": (int, type(None)), "source": _TEXT_OR_NONE, "shape": (list,), "axes": _TEXT,
    "got_shape": (list, type(None)), "dtype": _TEXT, "got_dtype": _TEXT_OR_NONE, "exact": (bool,), "approximate": (bool,),
    "max_abs_diff": (int, float, str, type(None)), "max_rel_diff": (int, float, str, type(None)), "score": _NUMBER, "max_score": _NUMBER,
    "trial": (int,), "sizes": (dict,), "remarks": (list,), "diagnoses": (list,),
}  # fmt: skip
_DIAGNOSIS: Types = {
    "code": _TEXT, "certainty": _TEXT, "error": _TEXT, "note": _TEXT, "help": _TEXT, "span": (list, type(None)), "evidence": _TEXT,
    "fix": _TEXT_OR_NONE,
}  # fmt: skip


def _is_report(report: Any) -> bool:
    gradients: list[Any] = report["gradients"] if _fits(report, _REPORT) else [None]
    return all(_fits(g, _GRADIENT) and all(_fits(d, _DIAGNOSIS) for d in (*g["remarks"], *g["diagnoses"])) for g in gradients)


def _fits(data: Any, types: Types) -> bool:
    """Say whether `data` has all these entries, each of one of its types, and every number is one that a float can be."""
    return isinstance(data, dict) and all(
        name in data and isinstance(data[name], kinds) and _is_finite(data[name]) for name, kinds in types.items()
    )


def _is_finite(value: Any) -> bool:
    return not isinstance(value, int | float) or abs(value) <= sys.float_info.max
