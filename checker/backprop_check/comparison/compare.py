"""Compare one answer with the oracle in one trial (design, section 3)."""

from __future__ import annotations

import math

import torch

from backprop_check.records import Answer, Difference, Run, Trial
from backprop_check.trace.rounding import OWN
from backprop_check.trace.scale import EXACT


def compare(run: Run, name: str, answer: Answer | None = None) -> Difference:
    """Compare the answer to `name` (or `answer` in its place) with the gradient of the run's trial."""
    answer = answer or run.answers[name]
    gradient, scale = run.trial.gradients[name], run.trial.scales[name]
    if answer.state in ("missing", "raised"):
        return Difference("raised")
    if answer.state == "other":
        return Difference("kind")
    if answer.shape != tuple(gradient.shape) or answer.value is None:
        return Difference("shape")
    if answer.value.dtype not in (torch.float64, torch.float32):
        return Difference("dtype")
    value = answer.value.to(torch.float64)
    most, worst = largest((value - gradient).abs())
    finite = math.isfinite(most)  # then everything is
    if not finite:
        most, worst = largest(distance(value, gradient))
    right = most <= tolerance(run.trial, name, answer.value.dtype) * scale
    wrong_dtype = right and answer.value.dtype == torch.float32 and run.trial.dtype == torch.float64
    return Difference(
        wrong="dtype" if wrong_dtype else "" if right else "value",
        exact=bool(torch.equal(value, gradient)),
        max_abs=most,
        max_rel=0.0 if most == 0 else most / scale if scale else float("inf"),
        worst=worst,
        unjudged=0 if finite else int((torch.isfinite(value) & ~torch.isfinite(gradient)).sum()),
    )


def tolerance(trial: Trial, name: str, dtype: torch.dtype) -> float:
    """What `max|Δ| / scale` may be of an answer to `name` whose numbers are `dtype`.

    In a float32 trial the values handed out are rounded, so a float64 answer made of them is no more exact.
    """
    return trial.rounding.get(name, OWN) if torch.float32 in (dtype, trial.dtype) else EXACT


def close(value: torch.Tensor, gradient: torch.Tensor, scale: float, within: float = EXACT) -> bool:
    """Whether `value` is `gradient`: same shape, and `max|Δ|` at most `within` times `scale`."""
    if value.shape != gradient.shape or not value.is_floating_point():
        return False
    value, gradient = value.to(torch.float64), gradient.to(torch.float64)
    most = float((value - gradient).abs().max()) if value.numel() else 0.0
    bound = within * scale if math.isfinite(scale) else 0.0  # within an infinite scale nothing would differ
    return (most if math.isfinite(most) else largest(distance(value, gradient))[0]) <= bound


def distance(value: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """|Δ| in each place, both float64 and of one shape.

    NaN agrees with NaN, an infinity with the same infinity, and where `gradient` alone is not finite nothing is judged: 0. Other clashes
    are infinite.
    """
    agrees = (value == gradient) | (value.isnan() & gradient.isnan()) | (torch.isfinite(value) & ~torch.isfinite(gradient))
    return torch.where(agrees, 0.0, (value - gradient).abs()).nan_to_num(nan=torch.inf, posinf=torch.inf)


def largest(distances: torch.Tensor) -> tuple[float, tuple[int, ...] | None]:
    """The largest |Δ| and where it is; nothing is there in a tensor without elements."""
    if distances.numel() == 0:
        return 0.0, None
    flat = int(distances.argmax())
    most, worst = float(distances.flatten()[flat]), []
    for size in reversed(distances.shape):  # torch.unravel_index would import sympy
        flat, index = divmod(flat, size)
        worst.append(index)
    return most, tuple(reversed(worst))
