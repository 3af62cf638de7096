"""Call a function of the user's, and keep what its variables were when it returned."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from backprop_check.trace.graph import seeded


@dataclass(frozen=True)
class Called:
    """What a call gave, or the `error` it ended with; its `own` names as it returned, `names` with its module's too, and the `line`."""

    result: Any
    names: Mapping[str, Any]
    own: Mapping[str, Any]
    line: int | None
    error: Exception | None = None


@seeded(0)  # the same numbers are drawn each time; and the frames that are recorded end here, at this decorator's, which is a library's
def call(function: Callable[..., Any], args: Sequence[Any], within: Callable[..., Any] | None = None) -> Called:
    """Call `function`. The names are those of `within` (what a decorator wraps), the last time that it returned."""
    code = code_of(within or function)
    seen: list[tuple[dict[str, Any], dict[str, Any], int]] = []

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            seen[:] = [({**frame.f_globals, **frame.f_locals}, dict(frame.f_locals), frame.f_lineno)]

    result, error = None, None
    free = sys.getprofile() is None  # a profiler that is at work stays
    if free:
        sys.setprofile(look)
    try:
        result = function(*args)
    except Exception as raised:
        error = raised
    finally:
        if free:
            sys.setprofile(None)
    names, own, line = seen[-1] if seen else ({}, {}, None)
    return Called(result, names, own, line, error)


def code_of(function: Callable[..., Any]) -> CodeType | None:
    inner = inspect.unwrap(function)
    return getattr(inner, "__code__", None)


def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ()
