"""syntax-error: the line is not Python, so it could not run.

Family: The line raised, or is not an answer
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = (b * dy
Right: da = b * dy

Why:
Python reads a whole line before it computes anything. Where brackets do not close, or an operator or operand is
missing, there is nothing to compute. The other lines are judged all the same.

Read more: The Python Tutorial, "Syntax Errors".

Question: Say line {line} aloud, sign by sign: where does it stop making sense?
Law: Python reads a whole line before it computes any of it: every bracket closes, and between two values stands an operator.
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis

HELP = {
    "was never closed": "Close that bracket.",
    "forget a comma": "Look for a missing operator between two operands, or a bracket that is not closed.",
    "unmatched": "Take that bracket away, or open it where it should begin.",
    "`:=`": "Write `=`.",
    "`backward` is a plain function": "Assign the gradient alone, as in `dx = ...`.",
    "unterminated": "Close that string with the quote that opens it.",
    "print": "Take the line out, or write print(...).",
    "invalid decimal literal": "A letter follows a number at once: put an operator between them, or brackets around the number.",
}
DEFAULT = "Compare the line with one that works, bracket by bracket."


def find(case: Case) -> Diagnosis | None:
    broken = [b for b in case.submission.broken if b.target == case.name]
    if case.verdict.status != "error" or not broken or case.verdict.answer.raised is not None:
        return None
    last = broken[-1]
    return case.proven(
        last.code,
        error=last.message,
        note="So nothing was computed for this line."
        if last.pauses
        else "Python could not read this statement, so nothing was computed for it.",
        help=last.help or next((text for key, text in HELP.items() if key in last.message), DEFAULT),
        span=(last.line, last.column, last.line, last.column + 1),
        evidence="Read from the line itself." if last.pauses else "Python's own parser, on this line alone.",
    )
