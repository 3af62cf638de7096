"""In the worker: what of the learner's is told to the judge of a value that crosses, of one that does not, and of an error."""

from __future__ import annotations

import re
import traceback
from typing import Any

import torch

from backprop_check.submission.refuse import SUBMISSION, AutogradUsed
from backprop_check.submission.rewrite import Left, Stopped
from backprop_check.submission.wire import DTYPES

_INSTALLED = re.compile(r"(?:[A-Za-z]:)?[\\/][^\s'\"]*[\\/](?:(?:site|dist)-packages|python3\.\d+)[\\/]")
"""Where Python and its packages lie: the machine's own affair, which no message has to name."""


def is_dense(value: Any) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and str(value.dtype).removeprefix("torch.") in DTYPES
    )


def kind_of(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.device.type} {str(value.layout).removeprefix('torch.')} tensor"[:80]
    module = type(value).__module__.split(".")[0]
    return (type(value).__qualname__ if module == "builtins" else f"{module}.{type(value).__qualname__}")[:80]


def described(error: BaseException, index: int) -> dict[str, Any]:
    if isinstance(error, Stopped):
        kind, why = error.args
        return {"kind": kind, "message": why, "index": index, "span": None}
    span = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == SUBMISSION and frame.lineno is not None:
            span = [frame.lineno, frame.colno or 0, frame.end_lineno or frame.lineno, frame.end_colno or 0]
    kind = "AutogradUsed" if isinstance(error, AutogradUsed) else "return" if isinstance(error, Left) else type(error).__name__[:80]
    return {"kind": kind, "message": first_line(error), "index": index, "span": span}


def first_line(error: BaseException) -> str:
    try:
        return _INSTALLED.sub("", str(error).strip().split("\n", 1)[0][:500])
    except Exception:
        return "(its message cannot be shown)"
