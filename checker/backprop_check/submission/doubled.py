"""In the worker: read every float32 that the submission asks of torch as float64, so that it is judged as exactly as any other."""

from __future__ import annotations

import re
from typing import Any

import torch

from backprop_check.records import Submission

_NUMPY = (
    r"\b(np|numpy)\.(float32|single|complex64|csingle)\b|\b(import|as)\b.{0,200}?\b(float32|single)\b"
    r"|['\"](float32|single|<?[fc][48]?)['\"]"
)
_ASKS = re.compile(r"\.c?float\b|float32|complex64|FloatTensor|\bimport\b.{0,200}?\bc?float\b|" + _NUMPY)


def asks_float32(submission: Submission) -> bool:
    """Whether a submission's text may ask for float32 somewhere, of torch or of numpy."""
    return any(_ASKS.search(text) for text in (submission.prelude, submission.body))


def asks_numpy_float32(submission: Submission) -> bool:
    return any(re.search(_NUMPY, text) for text in (submission.prelude, submission.body))


def read_float32_as_float64() -> None:
    """Let the names of float32 mean float64 for the rest of this process's life.

    Names, not a mode: they hold in every thread, and nothing can switch them off and on. What numpy makes float32 stays so.
    """
    torch.float32 = torch.float = torch.float64
    torch.complex64 = torch.cfloat = torch.complex128
    torch.FloatTensor = torch.DoubleTensor  # type: ignore[misc,assignment]
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    torch.Tensor.cfloat = torch.Tensor.cdouble  # type: ignore[attr-defined]
    as_type, set_default = torch.Tensor.type, torch.set_default_tensor_type

    def type_(self: torch.Tensor, dtype: Any = None, *rest: Any, **options: Any) -> Any:
        return as_type(self, _doubled(dtype), *rest, **options)

    torch.Tensor.type = type_  # type: ignore[method-assign,assignment]
    torch.set_default_tensor_type = lambda kind: set_default(_doubled(kind))


def _doubled(kind: Any) -> Any:
    """A type as `type` takes it, which may be its name."""
    return kind.replace("torch.FloatTensor", "torch.DoubleTensor") if isinstance(kind, str) else kind
