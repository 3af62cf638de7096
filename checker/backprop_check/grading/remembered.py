"""Results that are asked for again, kept as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Remembered:
    """A function that remembers its latest results by a key; only those that `lasts` says yes to."""

    def __init__(self, function: Callable[..., Any], size: int, lasts: Callable[[Any], bool] = lambda _: True) -> None:
        self._function, self._size, self._lasts, self._known = function, size, lasts, OrderedDict[Any, Any]()

    def __call__(self, key: Any, *args: Any) -> Any:
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        found = self._function(*args)
        if self._lasts(found):
            self._known[key] = found
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return found
