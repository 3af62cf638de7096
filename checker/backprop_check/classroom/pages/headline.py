"""What to explain again tomorrow, in words: the two or three gradients that the fewest got right, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop_check.classroom.pages.prose import percent
from backprop_check.report.layout import sentence

MOST = 3
ENOUGH = 0.8
"""A gradient that so many got right is nothing to explain to the whole class again."""
ALSO_MOST = 4
UNTOLD = ("unrecognised", "wrong-idea")


def again(exercises: Sequence[Mapping[str, Any]], means: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return what to explain again, the worst first: a target with its most frequent code, and the other targets with that code.

    The share right is shrunk towards one half, as by one right and one wrong answer more: 0 of 2 is less sure than 5 of 80.
    """
    open_ones = [(exercise, t) for exercise in exercises for t in exercise["targets"] if t["correct"] < ENOUGH * t["of"]]
    open_ones.sort(key=lambda pair: (pair[1]["correct"] + 1) / (pair[1]["of"] + 2))
    told: list[dict[str, Any]] = []
    for exercise, target in open_ones:
        code = _code(target)
        same = next((item for item in told if code is not None and item["code"] == code["code"]), None)
        if same is not None:
            same["also"].append({"exercise": exercise["id"], "target": target["name"]})
        elif len(told) < MOST:
            told.append(_item(exercise["id"], target, code, means))
    return [{**item, "what": _what(item), "why": _why(item)} for item in told]


def headline(data: Mapping[str, Any]) -> str:
    """Return the sentence above, or instead of, what to explain again."""
    submissions, judged = data["submissions"], data["judged"]
    targets = [target for exercise in data["exercises"] for target in exercise["targets"]]
    if not submissions:
        return "No submission has been graded yet."
    if not judged:
        worst = max(data["outcomes"], key=data["outcomes"].__getitem__)
        reason = "" if worst == "judged" else f", most often because of this: {worst}"
        none = "The only submission could not be judged" if submissions == 1 else f"None of the {submissions} submissions could be judged"
        return f"{none}{reason}. What happened to each is listed below."
    if all(target["correct"] == target["of"] for target in targets):
        aside = len(data.get("aside", ()))  # what nobody has looked at is not right
        told = f"very gradient is right in every submission{' that could be judged' * (judged < submissions)}"
        if aside:
            return f"E{told}, but {aside} file{'s were' if aside > 1 else ' was'} not taken for submissions: see below."
        return f"Nothing to explain again: e{told}."
    if not data["again"]:
        lowest = min(targets, key=lambda target: target["correct"] / target["of"])
        share = percent(lowest["correct"], lowest["of"])
        return (
            f"Nothing that the whole class needs again: even the hardest gradient, `{lowest['name']}`, is right in {share} of submissions."
        )
    return "What the fewest got right:"


def _item(exercise: str, target: Mapping[str, Any], code: Mapping[str, Any] | None, means: Callable[[str], str]) -> dict[str, Any]:
    return {
        "exercise": exercise,
        "target": target["name"],
        "right": target["correct"],
        "missing": target["missing"],
        "of": target["of"],
        "code": code["code"] if code else None,
        "count": code["count"] if code else 0,
        "means": means(code["code"]) if code else "",
        "example": code["example"] if code else "",
        "also": [],
    }


def _code(target: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The most frequent code, one that names a mistake if there is any; None where more have not begun than have that mistake."""
    named = [code for code in target["codes"] if code["code"] not in UNTOLD] or target["codes"]
    return named[0] if named and named[0]["count"] >= target["missing"] else None


def _what(item: Mapping[str, Any]) -> str:
    share = percent(item["right"], item["of"])
    return f"`{item['target']}` in `{item['exercise']}`: {item['right']} of {item['of']} right ({share})."


def _why(item: Mapping[str, Any]) -> str:
    wrong = item["of"] - item["right"] - item["missing"]
    said = []
    if item["code"] in UNTOLD:
        said.append(f"The wrong answers have no single cause in common ({item['count']} of {wrong} are `{item['code']}`).")
    elif item["code"]:
        who = (
            f"{item['count']} of the {wrong} wrong answers"
            if item["count"] < wrong
            else "All wrong answers"
            if wrong > 1
            else "The wrong answer"
        )
        said.append(f"{who}: `{item['code']}`. {sentence(item['means'])}".rstrip())
    elif item["missing"]:
        said.append(f"{item['missing']} {'has' if item['missing'] == 1 else 'have'} not written it yet.")
    if item["also"]:
        names = [f"`{other['target']}` in `{other['exercise']}`" for other in item["also"]]
        more = f" and {len(names) - ALSO_MOST} more" if len(names) > ALSO_MOST else ""
        said.append(f"The same mistake leads in {', '.join(names[:ALSO_MOST])}{more}.")
    return " ".join(said)
