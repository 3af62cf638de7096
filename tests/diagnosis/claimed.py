"""The report of an answer as a reader of its JSON has it, with every claim in it found true by the independent verifier."""

from __future__ import annotations

import json
from pathlib import Path

import verifier

from backprop_check.records import Report
from backprop_check.report.json import as_json

WITHOUT = {
    "aliased": "the answer was right, and was changed by a later line: of its value there is nothing to say",
    "autograd-used": "nothing was computed",
    "not-deterministic": "two runs gave two answers, and neither is the answer",
    "not-a-tensor": "the answer has no value that could be compared",
    "syntax-error": "nothing was computed",
    "unrecognised": "a line that was stopped from outside gave nothing",
    "wrong-dtype": "what is said is the dtype",
}
"""Codes that may come without any claim."""


def assert_claims_hold(report: Report, exercise: Path, answer: Path) -> None:
    """Each claim of the report is true, and every diagnosis has some; none that stands alone is false."""
    told = json.loads(json.dumps(as_json(report)))
    assert list(verifier.false_claims(told, exercise, answer)) == []
    for gradient in told["gradients"]:
        for diagnosis in gradient["diagnoses"]:
            assert diagnosis["claims"] or diagnosis["code"] in WITHOUT, diagnosis
