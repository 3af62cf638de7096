"""What stands around a backward's lines: what its variables are called, and its source."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backprop_check.live.caller import Caller, Part
from backprop_check.pairs.calling import Called, parameters_of
from backprop_check.pairs.pair import Pair
from backprop_check.pairs.returned import elements
from backprop_check.recording.naming import holders


@dataclass(frozen=True)
class Around(Caller):
    """What stands around a backward's lines: `reached` says what each tensor is called in it, or else in the forward."""

    reached: Mapping[int, str] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> dict[int, str]:
        return dict(self.reached)


def around(pair: Pair, forward: Called, backward: Called) -> Around:
    """Return what stands around the lines of a backward that ran."""
    return Around({**forward.names, **backward.names}, _parts(pair, backward), _reached(pair, forward, backward), backward.own)


def _reached(pair: Pair, forward: Called, backward: Called) -> dict[int, str]:
    """What each tensor is called: as backward's own variables call it, else as the forward does, else as backward's parameter.

    What a cache holds is called by no place in it.
    """
    given = {each.name for each in parameters_of(inspect.unwrap(pair.backward_function))}
    returned = elements(pair.forward_function, forward)
    caches = {"ctx", "self", "cls", *(each.text for each in returned[1:])}

    def named(own: Mapping[str, Any], only: bool | None = None) -> dict[int, str]:
        wide = (tuple, list, dict)
        return holders({
            name: value for name, value in own.items()
            if (only is None or (name in given) is only) and not (name in caches and isinstance(value, wide))
            and not (only is not None and isinstance(value, wide)) and not (not pair.sums and isinstance(value, wide))
        })  # fmt: skip

    return {**named(backward.own, True), **named(forward.own), **named(backward.own, False)}


def _parts(pair: Pair, called: Called) -> tuple[Part, ...]:
    function = inspect.unwrap(pair.backward_function)
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return ()
    while lines and lines[0].lstrip().startswith("@"):
        lines, first = lines[1:], first + 1
    text = "\n" * (first - 1) + textwrap.dedent("".join(lines))
    return (Part(Path(function.__code__.co_filename).name, text, called.line or 1 << 30, function=True),)
