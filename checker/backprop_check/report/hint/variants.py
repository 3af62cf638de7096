"""Where the question about a mistake depends on how the answer makes it: on its shape, its loop, its signs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop_check.diagnosis.pages import VARIANTS, page
from backprop_check.records import Diagnosis, Gradient, Lesson


def question(diagnosis: Diagnosis, gradient: Gradient, lesson: Lesson, filling: Mapping[str, str]) -> str:
    """Return the question to fill in: the first variant on the mistake's page that fits this answer, else the one for all."""
    other_shape = lesson.given is None and filling["got"].startswith("(")
    # Only a part of the answer has another sign where its minus is not right: the way that the result goes says nothing of that.
    part = not any(claim.fields.get("left") == "-answer" for claim in diagnosis.claims)
    fits = {
        "Of local factors": diagnosis.error.startswith("these two are factors"),
        "Of the end": diagnosis.note.endswith("is the result itself, and its gradient is 1."),
        "Of a size": " is only the name of a size" in diagnosis.note,
        "Of factors that meet": diagnosis.help.startswith("Exchange the last two axes"),
        "Of places written to": diagnosis.error.startswith("`:` writes")
        or diagnosis.error.endswith("another place than the one that belongs here"),
        "Of brackets": diagnosis.error.startswith("brackets are missing"),
        "Of what does not belong": "does not belong here, nor does it fit" in diagnosis.error,
        "Of a missing import": diagnosis.note.startswith("The file does not import"),
        "Of lengths written down": len(gradient.diagnoses) == 1
        and other_shape
        and re.search(r"\b(ones|zeros|full)(_like)?\(", filling["part"]) is not None,
        "Of what moves nothing": not any(use.moved for use in lesson.uses),
        "Of another shape": other_shape,
        "Of a loop over places": filling["loop"] == "place",
        "Of a loop": filling["loop"] == "name",
        "Of a product of ones": re.search(r"\bones(_like)?\(.*@.*\bones(_like)?\(", filling["part"]) is not None,
        "Of one way": part and filling["count"] == "1" and [use.count for use in lesson.uses] == [1],
        "Of a term": part,
        "Of one use": filling["count"] == "1",
        "Of an infinity written down": diagnosis.error.startswith("an infinity"),
        "Of another value": diagnosis.error.endswith(" meets"),
        "Of the function itself": diagnosis.error.startswith("this sends the gradient through"),
        "Of a use": filling["count"] != "1" and filling["operation"] != "",
        "Of several lines": " and " in filling["users"],
        "Of a reduction of the forward": diagnosis.error.endswith(" makes one number of all of them"),
        "Of terms": re.search(r": `[+-]` cannot join them$", diagnosis.error) is not None,
        "Of what has no name": "is what goes into" in diagnosis.error,
    }
    known = page(diagnosis.code)
    return next((asked for variant in VARIANTS if fits[variant] and (asked := known.said(variant))), known.said("Question"))
