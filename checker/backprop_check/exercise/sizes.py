"""Which sizes the trials use, and what a dimension is called in messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from math import prod


def choose_sizes(nominal: Mapping[str, int], listed: Sequence[Mapping[str, int]] = ()) -> list[dict[str, int]]:
    """Return three choices of sizes: the nominal one, then two others.

    The others are the exercise's own list where sizes depend on each other. Otherwise each size grows, the smaller by less, so
    that all stay distinct, > 1, unlike their nominal value, and in their nominal order (which a forward may rest on).
    """
    if listed:
        others = [{**nominal, **dict(choice)} for choice in listed if dict(choice) != dict(nominal)]
        others = others or [dict(nominal)]
        return [dict(nominal), others[0], others[1 % len(others)]]
    order = sorted(nominal, key=lambda name: nominal[name])
    grown = [{name: nominal[name] + step * (1 + order.index(name)) for name in nominal} for step in (1, 2)]
    return [dict(nominal), *grown]


def axis_name(lengths: Sequence[int], sizes: Sequence[Mapping[str, int]]) -> str:
    """Name a dimension that has `lengths[i]` where the sizes are `sizes[i]`.

    A size (`N`), a product (`N·C`, `2·H`), a size more or less one (`N-1`) or a constant; the nominal length where no name fits.
    """
    if not sizes:
        return str(lengths[0])
    names = list(sizes[0])

    def fits(*factors: str, times: int = 1, plus: int = 0) -> bool:
        return all(n == times * prod(s[f] for f in factors) + plus for n, s in zip(lengths, sizes, strict=True))

    for name in names:
        if fits(name):
            return name
    if len(set(lengths)) == 1:
        return str(lengths[0])
    for count in (2, 3):
        for factors in combinations_with_replacement(names, count):
            if fits(*factors):
                return "·".join(factors)
    for name in names:
        for times in (2, 3, 4):
            if fits(name, times=times):
                return f"{times}·{name}"
        for plus in (-1, 1, -2, 2):
            if fits(name, plus=plus):
                return f"{name}{plus:+d}"
    return str(lengths[0])


def axes(shapes: Sequence[Sequence[int]], sizes: Sequence[Mapping[str, int]]) -> str:
    """Name a shape seen in several trials: `(N, C)`, `(N,)`, `()`; numbers where the ranks differ."""
    if len({len(shape) for shape in shapes}) > 1:
        return written(shapes[0])
    return written([axis_name(lengths, sizes) for lengths in zip(*shapes, strict=True)])


def written(shape: Sequence[int | str]) -> str:
    """Write a shape as Python writes a tuple: `(7, 3)`, `(7,)`, `()`."""
    inner = ", ".join(str(n) for n in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
