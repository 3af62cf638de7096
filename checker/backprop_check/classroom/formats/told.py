"""What a result says, as plain text without control characters. All formats share it; the fix is never told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backprop_check.classroom.results import Result
from backprop_check.exercise.sizes import written
from backprop_check.report.ended import ENDED
from backprop_check.report.layout import sentence, visible
from backprop_check.report.unexplained import unexplained

MISSING = "not written yet"


def plain(text: str) -> str:
    """Return `text` with its line breaks and nothing else that moves a cursor, hides or reorders text, or is illegal in XML."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def clip(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters; where it was cut, the end says so."""
    if len(text) <= limit:
        return text
    said = f" … (cut, {len(text)} characters)"
    return text[: limit - len(said)] + said if limit > len(said) else text[:limit]


def explained(gradient: Mapping[str, Any]) -> str:
    """Return why a gradient is not right, with its line; of a right one its remarks, else nothing."""
    if gradient["status"] == "missing":
        return plain("\n".join([MISSING, *(_cause(near) for near in gradient["diagnoses"])]))
    if gradient["status"] == "correct":
        return plain("\n\n".join(_cause(remark) for remark in gradient["remarks"]))
    causes = gradient["diagnoses"] or [unexplained(gradient)]
    parts = [_cause(cause) for cause in causes]
    if len(causes) > 1 and causes[0]["certainty"] == "one-of":
        parts = ["one of:", *(f"- {part}".replace("\n", "\n  ") for part in parts)]
        body = "\n".join(parts)
    else:
        body = "\n\n".join(parts)
    where = f"line {gradient['line']}: {gradient['source'] or ''}".strip() + "\n" if gradient["line"] else ""
    return plain(where + body)


def brief(gradient: Mapping[str, Any]) -> str:
    """Return in one line what is wrong with a gradient; nothing when it is right."""
    if gradient["status"] == "missing":
        return visible("; ".join([MISSING, *(near["error"] for near in gradient["diagnoses"])]))
    if gradient["status"] == "correct":
        return ""
    causes = gradient["diagnoses"] or [unexplained(gradient)]
    joint = " or " if causes[0]["certainty"] == "one-of" else "; "
    return visible(joint.join(cause["error"] for cause in causes))


def codes(gradient: Mapping[str, Any]) -> list[str]:
    """Return the codes of a gradient's causes, or of the remarks on a right one."""
    return [told["code"] for told in (*gradient["diagnoses"], *gradient["remarks"]) if told["code"]]


def figures(gradient: Mapping[str, Any]) -> str:
    """Return what was measured of a gradient: its worst trial, its shapes, its largest difference, and the evidence."""
    sizes = ", ".join(f"{name}={size}" for name, size in gradient["sizes"].items())
    lines = [f"trial {gradient['trial']} with {sizes}"] if sizes else []
    if gradient["got_shape"] is not None:
        lines.append(f"shape {written(gradient['got_shape'])}, due {written(gradient['shape'])}")
    if gradient["max_abs_diff"] is not None:
        lines.append(f"largest difference {gradient['max_abs_diff']}")
    lines += [told["evidence"] for told in (*gradient["diagnoses"], *gradient["remarks"]) if told["evidence"]]
    return plain("\n".join(lines))


def noticed(report: Mapping[str, Any]) -> list[str]:
    """Return what is said of the whole file, a sentence each: what could not be read, hung or was passed over."""
    return [visible(sentence(notice)) for notice in report.get("notices", ())]


def summary(result: Result) -> str:
    """Return how many gradients are right, why some or all could not be judged, and what of the file was passed over."""
    return "\n".join(_summary(result))


def unjudged(result: Result) -> str:
    """Return why nothing, or not everything, could be judged."""
    return plain(result.report["message"] or (ENDED[result.outcome].why if result.outcome in ENDED else "nothing could be judged"))


def _summary(result: Result) -> Iterator[str]:
    gradients = result.report["gradients"]
    if gradients:
        right = sum(g["status"] == "correct" for g in gradients)
        yield f"{right} of {len(gradients)} gradient{'s' if len(gradients) != 1 else ''} right"
    said = noticed(result.report)
    whole = bool(said) and all(g["status"] != "error" for g in gradients)  # what was passed over cost nothing, and is told
    if not gradients or result.report["message"] or (result.outcome != "judged" and not whole):
        yield f"{'Not everything' if gradients else 'Nothing'} was judged ({result.outcome}): {unjudged(result)}"
    yield from said


def _cause(told: Mapping[str, Any]) -> str:
    lines = (f"{sentence(told['error'])} {told['note']}".strip(), f"help: {told['help']}" if told["help"] else "")
    return "\n".join(line for line in lines if line)
