"""What is said of the whole submission: what went wrong before `backward`, what does not run, and which statements were passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backprop_check.records import Outer, Raised, Submission, Verdict

_NO_NAME = re.compile(r"(?:name|variable) '(\w+)'")
_BELOW = "in your own code nothing below it would run"


def notices(submission: Submission, verdicts: Sequence[Verdict], trouble: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Yield one sentence each. What is told of a gradient is not told here."""
    yield from dict.fromkeys(f"{submission.above[-n - 1].where}: {error} (what needs it will not find it)" for n, error in trouble)
    given = {name for outer in submission.above for name in outer.names}
    for outer in _changing(submission, given):
        names = ", ".join(f"`{name}`" for name in sorted(outer.names & given))
        yield f"{outer.where}, `{outer.source}`, does not run here, so {names} stays as it was before"
    statuses = {verdict.target.name: verdict.status for verdict in verdicts}
    untold = [b for b in submission.broken if b.target is None or (statuses.get(b.target, "error") != "error" and not b.pauses)]
    for line, message in dict.fromkeys((broken.line, broken.message) for broken in untold):
        yield f"line {line} could not be read ({message}) and was passed over: Python itself would refuse the whole file"
    yield from _passed(submission, verdicts)


def _changing(submission: Submission, given: set[str]) -> Iterator[Outer]:
    """Statements that do not run and would have changed a value that `backward` reads."""
    yield from (outer for outer in submission.others if outer.why in ("loop", "call") and not outer.module and outer.names & given)


def _passed(submission: Submission, verdicts: Sequence[Verdict]) -> Iterator[str]:
    told = {r.statement for v in verdicts for run in v.runs if (r := run.answers[v.target.name].raised) is not None}
    passed: dict[int, Raised] = {}
    for raised in (raised for v in verdicts for run in v.runs for raised in run.passed):
        passed.setdefault(raised.statement, raised)
    lost = {name.lstrip("*") for name in submission.unknown}
    last = len(submission.statements) - 1
    blank = all(verdict.status == "missing" for verdict in verdicts)  # as nbgrader hands it out, with a line that raises
    for index, raised in sorted(passed.items()):
        statement = submission.statements[index]
        missing = _NO_NAME.search(raised.message) if raised.kind in ("NameError", "UnboundLocalError") else None
        follows = missing is not None and missing[1] in lost
        lost |= statement.writes
        of_the_blank = blank and raised.kind == "NotImplementedError"
        if index in told or follows or of_the_blank or raised.kind == "AutogradUsed" or (raised.kind == "return" and index == last):
            continue
        line = raised.span[0] if raised.span else statement.line
        yield f"line {line} {_what(raised)}"


def _what(raised: Raised) -> str:
    message = f": {raised.message}" if raised.message not in ("", "None") else ""  # `exit()` raises SystemExit(None)
    if raised.kind == "return":
        return f"returns, and was passed over: {_BELOW}"
    if raised.span is None and raised.kind in ("TimeoutError", "MemoryError", "ProcessEnded"):
        return f"{raised.message}, and was passed over: {_BELOW}"
    if raised.kind in ("ImportError", "ModuleNotFoundError"):
        return f"raised {raised.kind}{message} (what needs it will not find it)"
    return f"raised {raised.kind}{message} and was passed over: {_BELOW}"
