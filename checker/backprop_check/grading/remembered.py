"""Results that are asked for again, kept as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Remembered:
    """A function of hashable arguments that remembers its latest results."""

    def __init__(self, function: Callable[..., Any], size: int) -> None:
        self._function, self._size, self._known = function, size, OrderedDict[Any, Any]()

    def __call__(self, key: Any, *args: Any) -> Any:
        if key not in self._known:
            self._known[key] = self._function(*args)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
