"""Compare one answer with the oracle in one trial (design, section 3)."""

from __future__ import annotations

import torch

from backprop_check.records import Answer, Difference, Run

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""What `max|Δ| / scale` may be, by the dtype of the run."""


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
    if answer.dtype not in ("float64", "float32"):
        return Difference("dtype")
    # In a float32 trial the values handed out are rounded, so a float64 answer made of them is no more exact.
    single = answer.dtype == "float32" or run.trial.dtype == torch.float32
    tolerance = TOLERANCE[torch.float32 if single else torch.float64]
    largest, worst = _largest(answer.value.to(torch.float64), gradient)
    right = largest <= tolerance * scale
    relative = 0.0 if largest == 0 else largest / scale if scale else float("inf")
    wrong_dtype = right and answer.dtype == "float32" and run.trial.dtype == torch.float64
    return Difference(
        wrong="dtype" if wrong_dtype else "" if right else "value",
        exact=bool(torch.equal(answer.value.to(torch.float64), gradient)),
        max_abs=largest,
        max_rel=relative,
        worst=worst,
    )


def close(value: torch.Tensor, gradient: torch.Tensor, scale: float, dtype: torch.dtype = torch.float64) -> bool:
    """Whether `value` is `gradient`: same shape, and `max|Δ|` within the tolerance of `dtype` times `scale`."""
    if value.shape != gradient.shape or not (value.is_floating_point()):
        return False
    return _largest(value.to(torch.float64), gradient.to(torch.float64))[0] <= TOLERANCE[dtype] * scale


def _largest(value: torch.Tensor, gradient: torch.Tensor) -> tuple[float, tuple[int, ...] | None]:
    """The largest |Δ| and where it is. NaN agrees with NaN, an infinity with the same infinity; other clashes count as infinite."""
    if value.numel() == 0:
        return 0.0, None
    difference = (value - gradient).abs()
    agrees = (value == gradient) | (value.isnan() & gradient.isnan())
    difference = torch.where(agrees, torch.zeros_like(difference), difference)
    difference = torch.where(difference.isnan(), torch.full_like(difference, float("inf")), difference)
    flat = int(difference.argmax())
    largest, worst = float(difference.flatten()[flat]), []
    for size in reversed(difference.shape):  # torch.unravel_index would import sympy
        flat, index = divmod(flat, size)
        worst.append(index)
    return largest, tuple(reversed(worst))
