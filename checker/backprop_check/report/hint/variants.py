"""Where the question about a mistake depends on how the answer makes it: on its shape, its loop, its signs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop_check.diagnosis.pages import page
from backprop_check.records import Diagnosis, Gradient, Lesson

BRACKETS = (
    "Compare 2 * 3 + 4 with 2 * (3 + 4): how far does a factor, or a divisor, reach without brackets? "
    "Which terms of your line has it to reach?"
)
ELSEWHERE = "The forward carries {one} to {goes}. Yours is {got}: where in it is what comes back from there?"
LENGTHS = "Yours is {got}, and {node} is {axes}: where does {part} take its lengths from?"
NOTHING = "Nothing in the forward moves with {one}. What belongs there, and what does your line put there?"
REPEATED = "If two rounds of the loop write into one place, what is there after the second?"
ROUNDS = "What is in {name} after the first round of the loop, and what is in it after the second?"
FETCHED = ("not-reshaped", "wrong-permutation", "wrong-slice")
"""Numbers that come from a wrong place."""
WAYS = "On which ways does {one} move {ends}? With which sign does each send back, and which sign has it in your line?"


def question(diagnosis: Diagnosis, gradient: Gradient, lesson: Lesson, filling: Mapping[str, str]) -> str:
    """Return the question to fill in, the code's own where it fits every such answer."""
    code = diagnosis.code
    asked = page(code).said("Question")
    if code in FETCHED:
        return _fetched(lesson, filling, asked)
    if code == "wrong-sign" and not any(claim.fields.get("left") == "-answer" for claim in diagnosis.claims):
        # Only a part of the answer has another sign: the way that the result goes says nothing of that.
        return page("wrong-local-derivative").said("Question") if _one_for_one(lesson, filling) else WAYS
    if code == "wrong-local-derivative" and diagnosis.error.startswith("brackets are missing"):
        return BRACKETS
    if code == "wrong-local-derivative" and len(gradient.diagnoses) == 1 and _other_shape(lesson, filling):
        return f"{LENGTHS} {asked}" if re.search(r"\b(ones|zeros|full)(_like)?\(", filling["part"]) else asked
    if filling["loop"] and code in ("overwritten-branch", "dropped-repeats"):
        return ROUNDS if filling["loop"] == "name" else REPEATED
    return (page(code).said("Of one use") if filling["count"] == "1" else "") or asked


def _fetched(lesson: Lesson, filling: Mapping[str, str], asked: str) -> str:
    """Of numbers that come from a wrong place. One that moves nothing is carried nowhere; in another shape its place does not exist."""
    if not any(use.moved for use in lesson.uses):
        return NOTHING
    return ELSEWHERE if _other_shape(lesson, filling) else asked


def _other_shape(lesson: Lesson, filling: Mapping[str, str]) -> bool:
    return lesson.given is None and filling["got"].startswith("(")


def _one_for_one(lesson: Lesson, filling: Mapping[str, str]) -> bool:
    """Whether one number of the value moves one number of one line, by one way."""
    return filling["count"] == "1" and [use.count for use in lesson.uses] == [1]
