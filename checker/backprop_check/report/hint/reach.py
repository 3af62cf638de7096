"""How far the learner's lines go: up to which values of the forward they take up gradients, or to its output."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop_check.records import Exercise, Gradient, Lesson, Submission
from backprop_check.report.hint.fillings import ends, together


def reach(exercise: Exercise, submission: Submission, gradient: Gradient, lesson: Lesson, filling: Mapping[str, str]) -> dict[str, str]:
    """Return the words for it. Where the lines begin further on than the lesson, its own lines are not all that matters."""
    node = gradient.verdict.target.node
    names = _gradients(exercise)
    found = _read(submission, lesson.name, names)
    read = [name for name in names if name in found]
    moved = _moved(exercise, node)
    near = {use.line.name for use in ends(lesson)}
    values = [names[name] for name in read if names[name] in moved]
    # Of a value beside one that it is made from, nothing is to be reached: the way goes by the other.
    taken = [v for v in values if v in near or not any(v in _moved(exercise, w) for w in values)]
    arrives = together(name for name in read if names[name] in taken)
    taken = taken if read else [exercise.output]
    own = any(lesson.name in s.writes for s in submission.statements)
    further = own and bool(lesson.uses) and not near >= set(taken)
    return {
        "reached": together(taken) if further else filling["goes"],
        "ends": together(taken) if further else filling["users"],
        "way": f"on the way from {node} to {together(taken)}" if further else f"in {filling['lines']}",
        "beside": f"the factor beside {arrives} in your line" if arrives else "what your line gives for it",
    }


def _gradients(exercise: Exercise) -> dict[str, str]:
    """The gradients that have names, and the values they are of, in the order of the forward."""
    known = {target.name: target.node for target in exercise.targets}
    known |= {"d" + exercise.output: exercise.output} if exercise.takes_cotangent else {}
    order = exercise.names
    return dict(sorted(known.items(), key=lambda item: order.index(item[1]) if item[1] in order else len(order)))


def _read(submission: Submission, name: str, gradients: Mapping[str, str]) -> set[str]:
    """What the statements of a gradient read, themselves or by names of the learner's own."""
    seen, waiting = set[str](), [name]
    while waiting:
        wanted = waiting.pop()
        reads = {r for s in submission.statements if wanted in s.writes for r in s.reads if _its_numbers(r, s.source)} - seen - {name}
        seen |= reads
        waiting += [read for read in reads if read not in gradients]
    return seen


def _its_numbers(name: str, source: str) -> bool:
    """Whether code takes the numbers of a name, not its shape or kind alone."""
    kind = r"(?:shape|size|dtype|device|ndim|dim|numel|new_\w+)\b"
    return re.search(rf"(?<!\blen\()(?<!_like\()\b{re.escape(name)}\b(?!\.{kind})", source) is not None


def _moved(exercise: Exercise, node: str) -> set[str]:
    """The values that are made from a value."""
    made: set[str] = set()
    for line in exercise.lines:
        if made.intersection(line.reads) or node in line.reads:
            made.add(line.name)
    return made
