"""Records as grading writes them, made small: the table that the tests of all formats share."""

from __future__ import annotations

from typing import Any

from backprop_check.classroom.results import Result
from backprop_check.records import Outcome


def cause(code: str, error: str, certainty: str = "proven", **told: Any) -> dict[str, Any]:
    given = {
        "code": code,
        "certainty": certainty,
        "error": error,
        "note": "",
        "help": "",
        "span": None,
        "evidence": "",
        "fix": "SECRET_FIX",
    }
    return given | told


def gradient(name: str, status: str, **told: Any) -> dict[str, Any]:
    judged = status in ("correct", "incorrect")
    right = float(status == "correct")
    given = {
        "name": name, "status": status, "line": 20, "source": f"{name} = a * b", "shape": [7, 1], "axes": "(N, 1)", "got_shape": [7, 1] if judged else None,
        "dtype": "float64", "got_dtype": "float64" if judged else None, "exact": bool(right), "approximate": bool(right),
        "max_abs_diff": (1.0 - right) if judged else None, "max_rel_diff": (1.0 - right) if judged else None, "score": right, "max_score": 1.0,
        "trial": 0, "sizes": {"N": 7, "C": 3}, "remarks": [], "diagnoses": [],
    }  # fmt: skip
    return given | told


KEEPDIM = cause(
    "lost-keepdim",
    "(N,) = (7,), but c is (N, 1) = (7, 1)",
    note="The shape is not right.",
    help="Keep the axis.",
    evidence="Reshaped it is right.",
)
RAISED = cause("shape-error", "`@` cannot join them", help="Ask which axis goes.")
FOUR = [
    gradient("da", "correct", line=24, remarks=[cause("float32", "right in float32 only")]),
    gradient("db", "incorrect", line=25, got_shape=[7], max_abs_diff=None, diagnoses=[KEEPDIM]),
    gradient("dc", "error", line=26, diagnoses=[RAISED]),
    gradient("dd", "missing", line=None, source=None),
]
ALL_RIGHT = [gradient(name, "correct") for name in ("da", "db", "dc", "dd")]


def result(
    submission: str = "ann.py",
    student: str = "ann",
    gradients: list[dict[str, Any]] | None = None,
    exercise: str = "ex05",
    outcome: Outcome = "judged",
    message: str | None = None,
    most: float = 4.0,
) -> Result:
    """Return a record; without gradients it is one of a submission that could not be judged."""
    given = gradients or []
    right = all(g["status"] == "correct" for g in given)
    report = {
        "schema": "backprop-check/1",
        "exercise": exercise,
        "title": f"The title of {exercise}.",
        "status": "error" if message is not None or not given else "passed" if right else "failed",
        "score": sum(g["score"] for g in given),
        "max_score": sum(g["max_score"] for g in given) if given else most,
        "message": message,
        "gradients": given,
    }
    return Result(submission, student, exercise, report, 0.25, outcome, "0" * 8)


MIXED = result(gradients=FOUR)
PASSED = result("bob.py", "bob", ALL_RIGHT)
PARTLY = result("cy.py", "cy", FOUR, outcome="timeout", message="dc did not end in 10 s")
UNREADABLE = result("dan.ipynb", "dan", outcome="unreadable", message="nothing parses: line 3")
HUNG = result("eve.py", "eve", outcome="timeout", message="it did not end in 10 s")
CLASS = [MIXED, PASSED, PARTLY, UNREADABLE, HUNG]
