"""What the judge must say of an exercise: its stub is not written, its solution is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backprop_check.authoring.finding import Finding
from backprop_check.flow import check
from backprop_check.records import Gradient
from backprop_check.submission.workers import Workers


def verdict_findings(stub: Path, solution: Path, zygote: Workers) -> Iterator[Finding]:
    """Check the stub and the solution as a learner's files, and yield what is not as it should be."""
    fresh = check(stub, stub, zygote)
    if fresh.message is not None:
        yield Finding(stub, 0, f"the untouched exercise cannot be judged ({fresh.message}): make it from its solution again.")
    for gradient in fresh.gradients:
        if gradient.verdict.status != "missing":
            name, line = gradient.verdict.target.name, gradient.verdict.target.line
            yield Finding(stub, line, f"`{name}` of the untouched exercise is {gradient.verdict.status}: leave `{name} = ...`.")
    solved = check(stub, solution, zygote)
    if solved.message is not None:
        yield Finding(solution, 0, f"the solution cannot be judged ({solved.message}): mend it.")
    for gradient in solved.gradients:
        yield from _solved(solution, gradient)


def _solved(solution: Path, gradient: Gradient) -> Iterator[Finding]:
    verdict, line = gradient.verdict, gradient.line or 0
    if verdict.status != "correct":
        why = f" ({gradient.diagnoses[0].code}: {gradient.diagnoses[0].error})" if gradient.diagnoses else ""
        yield Finding(solution, line, f"`{verdict.target.name}` of the solution is {verdict.status}{why}: mend it.")
    elif verdict.why or gradient.remarks:
        said = gradient.remarks[0].error if gradient.remarks else ", ".join(sorted(verdict.why))
        yield Finding(solution, line, f"`{verdict.target.name}` of the solution is right but remarked on ({said}): rewrite it.")
