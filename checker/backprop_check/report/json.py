"""The report as JSON, version 1 (design, section 6)."""

from __future__ import annotations

import math
from typing import Any

from backprop_check.records import Diagnosis, Gradient, Report

SCHEMA = "backprop-check/1"
DECIMALS = 9
"""Of the sum of what gradients are worth: a course may share out points that no binary fraction is."""


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain data that `json.dumps(..., allow_nan=False)` takes."""
    gradients = [_gradient(g) for g in report.gradients]
    worth = sum(report.exercise.points.get(target.name, 1.0) for target in report.exercise.targets)
    return {
        "schema": SCHEMA,
        "exercise": report.exercise.id,
        "title": report.exercise.title,
        "status": report.status,
        "score": round(float(sum(g["score"] for g in gradients)), DECIMALS),
        "max_score": round(float(worth), DECIMALS),
        "message": report.message,
        "gradients": gradients,
        **({"notices": list(report.notices)} if report.notices else {}),
    }


def _gradient(gradient: Gradient) -> dict[str, Any]:
    verdict, answer, difference = gradient.verdict, gradient.verdict.answer, gradient.verdict.difference
    judged = verdict.status in ("correct", "incorrect") and answer.state == "tensor"
    figures, trial = judged and gradient.figures, verdict.run.trial
    return {
        "name": verdict.target.name,
        "status": verdict.status,
        "line": gradient.line,
        "source": gradient.source,
        "shape": list(trial.gradients[verdict.target.name].shape),
        "axes": gradient.axes,
        "got_shape": list(answer.shape) if judged and answer.shape is not None else None,
        "dtype": str(trial.dtype).removeprefix("torch."),
        "got_dtype": answer.dtype if judged else None,
        "exact": figures and difference.exact,
        "approximate": judged and (difference.wrong in ("", "dtype") and difference.max_abs is not None),
        "max_abs_diff": number(difference.max_abs) if figures else None,
        "max_rel_diff": number(difference.max_rel) if figures else None,
        "score": gradient.points if verdict.status == "correct" else 0.0,
        "max_score": gradient.points,
        "trial": verdict.worst,
        "sizes": dict(trial.sizes),
        "remarks": [_diagnosis(d) for d in gradient.remarks],
        "diagnoses": [_diagnosis(d) for d in gradient.diagnoses],
        **({"printed": [{"line": line, "text": "\n".join(lines)} for line, lines in gradient.printed]} if gradient.printed else {}),
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "code": diagnosis.code,
        "certainty": diagnosis.certainty,
        "error": diagnosis.error,
        "note": diagnosis.note,
        "help": diagnosis.help,
        "span": list(diagnosis.span) if diagnosis.span else None,
        "evidence": diagnosis.evidence,
        "claims": [{"kind": claim.kind, **claim.fields} for claim in diagnosis.claims],
        "fix": diagnosis.fix,
    }


def number(value: float | None) -> float | str | None:
    """A number as JSON has it: what is not finite as a text."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
