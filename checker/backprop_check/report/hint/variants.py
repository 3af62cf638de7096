"""Where the question about a mistake depends on how the answer makes it: on its shape, its loop, its signs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop_check.diagnosis.pages import VARIANTS, page
from backprop_check.records import Diagnosis, Gradient, Lesson


def question(diagnosis: Diagnosis, gradient: Gradient, lesson: Lesson, filling: Mapping[str, str]) -> str:
    """Return the question to fill in: the first variant on the mistake's page that fits this answer, else the one for all.

    What the shapes and loops of an answer do not tell, the mistake itself says (`Diagnosis.question`).
    """
    other_shape = lesson.given is None and filling["got"].startswith("(")
    # Only a part of the answer has another sign where its minus is not right: the way that the result goes says nothing of that.
    part = not any(claim.fields.get("left") == "-answer" for claim in diagnosis.claims)
    fits = {
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
        "Of an operand": filling["operation"] != "" and filling["operand"] != filling["node"],
        "Of a use": filling["count"] != "1" and filling["operation"] != "",
        "Of several lines": " and " in filling["users"],
        "Of equal axes": re.fullmatch(r"\((\w+), \1\)", gradient.axes) is not None,
    }
    known = page(diagnosis.code)
    told = (known.said(variant) for variant in VARIANTS if fits.get(variant, variant == diagnosis.question))
    return next(filter(None, told), known.said("Question"))
