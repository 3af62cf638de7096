"""Turn the recorder on and off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from backprop_check.recording.recorder import Recorder

_active: Recorder | None = None
_latest: Recorder | None = None


def active() -> Recorder | None:
    """The recorder that is on, None where none is."""
    return _active


def latest() -> Recorder | None:
    """The recorder that is on or was last: what it saw stays known."""
    return _latest


def start() -> Recorder:
    """Turn a recorder on for good, as a notebook does; one that is on stays."""
    global _active, _latest
    if _active is None:
        _active = _latest = _latest or Recorder()
        _active.__enter__()  # type: ignore[no-untyped-call]
    return _active


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """Record the torch calls of the block. There is one recorder: what it saw stays known after the block, and in the next one."""
    global _active, _latest
    if _active is not None:
        yield _active
        return
    recorder = _active = _latest = _latest or Recorder()
    try:
        with recorder:
            yield recorder
    finally:
        _active = None


def record(function: Callable[..., Any], *inputs: Any, **named: Any) -> tuple[Any, Recorder]:
    """Call `function` under a recorder; return what it returned, and the recorder."""
    with recording() as recorder:
        return function(*inputs, **named), recorder
