"""What a training came to, as JSON: plain data that `json.dumps(..., allow_nan=False)` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backprop_check.records import Report
from backprop_check.report.json import as_json, number
from backprop_check.training.outcome import apart, final, parts_at
from backprop_check.training.run import Training


def outcome(reports: Mapping[str, Report], trainings: Sequence[Training], same: bool, rounding: bool) -> dict[str, Any]:
    """Return what the first training, the learner's, came to beside the second, autograd's; the others have one gradient of autograd's."""
    yours, autograds = trainings[:2]
    differences = apart(yours.losses, autograds.losses)
    return {
        "exercises": [as_json(report) for report in reports.values()],
        "same": same,
        "rounding": rounding,
        "apart": number(max(differences, default=0.0)),
        "parts_at": parts_at(differences),
        "trainings": [_training(training) for training in trainings],
    }


def _training(training: Training) -> dict[str, Any]:
    exercise, gradient = training.replaced or (None, None)
    return {
        "by": training.name if training.replaced is None else "yours",
        "but": None if training.replaced is None else {"exercise": exercise, "gradient": gradient},
        "loss": number(final(training.losses)),
        "losses": [number(loss) for loss in training.losses],
        "samples": {str(step): text for step, text in sorted(training.samples.items())},
    }
