"""What grading makes of a submission: a line of `results.jsonl`, as a frozen record. Nothing here needs torch."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from backprop_check.classroom.packed import Packed
from backprop_check.records import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Types = Mapping[str, tuple[type, ...]]


@dataclass(frozen=True, slots=True)
class Result:
    """One submission's line. `report` is the contract's JSON (design, section 6), `seconds` the wall time its judging took.

    `submission` is its path below the folder (or in the zip) that was graded, with `/`; `student` whom it belongs to; `exercise` an id,
    empty where none could be told. `digest` is of all that decides the marks: the same digest, the same marks. `chapter` is the title of
    the exercise's chapter, where the course has chapters, and not in the line: courses are put in another order.
    """

    submission: str
    student: str
    exercise: str
    report: Mapping[str, Any]
    seconds: float
    outcome: Outcome
    digest: str
    chapter: str = ""

    @property
    def score(self) -> float:
        return float(self.report["score"])

    @property
    def max_score(self) -> float:
        return float(self.report["max_score"])

    def as_line(self) -> str:
        """Return the line, without its end. ASCII, so that no text of a learner's can break it in two."""
        report = self.report.text if isinstance(self.report, Packed) else json.dumps(self.report, allow_nan=False)
        whose = json.dumps({"submission": self.submission, "student": self.student, "exercise": self.exercise})
        how = json.dumps({"seconds": round(self.seconds, 4), "outcome": self.outcome, "digest": self.digest}, allow_nan=False)
        return f'{whose[:-1]}, "report": {report}, {how[1:]}'


def from_line(line: str) -> Result:
    """Return the record of a line. Raises `ValueError` when it is none, as the torn last line of an interrupted run is."""
    try:
        begin = next(_REPORT_IS.finditer(line)).end()
        report, end = _DECODER.raw_decode(line, begin)
        data = json.loads(f"{line[:begin]}null{line[end:]}")
        whole = data.pop("report") is None and _fits(data, _LINE) and _is_report(report) and data["outcome"] in OUTCOMES
        result = Result(**{name: data[name] for name in _IN_LINE}, report=Packed(report, line[begin:end])) if whole else None
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, StopIteration) as error:
        raise ValueError(f"not a line of results: {error}") from None
    if result is None:
        raise ValueError("not a line of results")
    return result


_DECODER, _REPORT_IS = json.JSONDecoder(), re.compile(r'"report"\s*:\s*')
"""No text within the line has the second: a quotation mark in a text has a \\ before it."""
_IN_LINE = [field.name for field in fields(Result) if field.name not in ("report", "chapter")]

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
