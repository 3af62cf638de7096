"""What GitHub Classroom's graders put, in base64, in the step output `result`, for its reporter to read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Any

from backprop_check.classroom.formats import exercism
from backprop_check.classroom.formats.each import as_json, share
from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.formats.told import summary
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "github"


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `github/<stem>.json`, and the same in base64 as `github/<stem>.txt`: one line, the value of `result`."""
    for result in results:
        text = as_json(document(result))
        yield f"{NAME}/{stem(result.submission)}.json", text
        yield f"{NAME}/{stem(result.submission)}.txt", base64.b64encode(text.encode()).decode() + "\n"


def document(result: Result) -> dict[str, Any]:
    """Return the file of one submission.

    The reporter adds up the tests' scores. Its older releases divide by the number of tests, so a submission that was not judged has one,
    which is an error. Of a test that fails it prints `test_code` and not `message`, which it prints of errors: the explanation of a failure
    stands in both.
    """
    data = exercism.document(result)
    gradients = result.report["gradients"]
    tests = data["tests"] or [_nothing(result)]
    for test, gradient in zip(tests, gradients or [{"line": None, "score": 0.0}], strict=True):
        test["message"] = no_command(test["message"]) if test["message"] else None
        if test["status"] == "fail":
            test["test_code"] = test["message"]
        test["filename"] = visible(result.submission)
        test["line_no"] = gradient["line"] or 0
        test["duration"] = share(result)
        test["score"] = gradient["score"]
    message = no_command(data["message"]) if data["message"] else None
    return {**data, "message": message, "max_score": result.max_score, "tests": tests}


def no_command(text: str) -> str:
    """Return `text` such that the runner, on whose log the reporter prints it, takes no line of it for one of its commands."""
    return re.sub(r"(?m)^(\s*):(?=:)", r"\1: ", text).replace("##[", "## [")


def _nothing(result: Result) -> dict[str, Any]:
    name = visible(result.exercise) or "submission"
    return {"name": name, "test_code": "", "status": "error", "message": summary(result), "output": None, "task_id": 1}
