"""What ran, kept as it ran: torch calls by a `TorchFunctionMode`, and the straight-line graph they make, in the exercise's own language.

    with recording() as recorder:
        y = model(x)
        loss = criterion(y, t)
    forward = graph(recorder, loss, names=locals())

`graph` gives None where what ran cannot be computed again to the same values. No tensor is kept alive: a recorder holds weak references,
and what computes a value again is dropped when nothing alive was made from it.
"""

import sys
import types
from contextlib import AbstractContextManager

from backprop_check.recording.custom import Function
from backprop_check.recording.graph import Forward, graph
from backprop_check.recording.recorder import Recorder
from backprop_check.recording.switch import active, latest, record, recording, start
from backprop_check.recording.values import Call, Pass, Value

__all__ = ["Call", "Forward", "Function", "Pass", "Recorder", "Value", "active", "graph", "latest", "record", "recording", "start"]


class _Callable(types.ModuleType):
    """`from backprop_check import recording` gives this package once it is loaded, and is called as the function all the same."""

    def __call__(self) -> AbstractContextManager[Recorder]:
        return recording()


sys.modules[__name__].__class__ = _Callable
