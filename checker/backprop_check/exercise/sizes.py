"""Which sizes the trials use, and what a dimension is called in messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, count
from math import prod

from backprop_check.exercise.relations import Apart, coincidences

_PRODUCT = re.compile(r"[A-Za-z_]\w*(?:\s*[*·]\s*[A-Za-z_]\w*)+")


def choose_sizes(nominal: Mapping[str, int], listed: Sequence[Mapping[str, int]] = ()) -> list[dict[str, int]]:
    """Return three choices of sizes: the nominal one, then two others.

    The others are the exercise's own list where sizes depend on each other; of more than two, the pair that leaves the fewest relations.
    Otherwise each size in turn, the smallest first, grows by the least that leaves no relation in all three choices: see `relations`. A
    larger size grows by no less than a smaller one, so that sizes keep their order and their distance, which a forward may rest on.
    """
    if listed:
        others = [{**nominal, **dict(choice)} for choice in listed if dict(choice) != dict(nominal)] or [dict(nominal)]
        pairs = list(combinations(others, 2)) or [(others[0], others[0])]
        if len(pairs) > 1:
            pairs.sort(key=lambda pair: coincidences([(nominal[n], pair[0][n], pair[1][n]) for n in nominal]))
        return [dict(nominal), *map(dict, pairs[0])]
    apart = Apart(odd=any(n % 2 == 0 for n in nominal.values()))
    order = sorted(nominal, key=lambda name: nominal[name])
    grown = dict(zip(order, _grown([nominal[name] for name in order], apart), strict=True))
    return [{name: grown[name][trial] for name in nominal} for trial in range(3)]


def unseen_sizes(choices: Sequence[Mapping[str, int]], listed: Sequence[Mapping[str, int]] = ()) -> dict[str, int]:
    """Return sizes of no trial, for a last look at what is said: as far beyond the third choice as the second is beyond the first.

    Where the exercise lists its sizes it is one of that list that no trial has, or else the last.
    """
    if listed:
        return next((whole for choice in listed if (whole := {**choices[0], **choice}) not in choices), dict(choices[-1]))
    return {name: choices[2][name] + choices[1][name] - n for name, n in choices[0].items()}


def _grown(sizes: Sequence[int], apart: Apart) -> Iterator[tuple[int, int, int]]:
    """Yield each of the ascending sizes with what it is in the two other trials."""
    first, second, last = 1, 1, (0, 1, 1)
    for size in sizes:
        first, second = next(
            (a, total - a)
            for total in count(first + second)
            for a in range(first, total - second + 1)
            if size + a > last[1] and size + total - a > last[2] and apart.take((size, size + a, size + total - a))
        )
        last = (size, size + first, size + second)
        yield last


def written_order(source: str, names: Sequence[str]) -> list[str]:
    """Sort the names of sizes so that each product has the order in which the file writes it first: `B` before `E` where it has `B * E`."""
    order = list(names)
    for product in reversed(_PRODUCT.findall(source)):
        factors = [f for f in dict.fromkeys(re.findall(r"\w+", product)) if f in order]
        for place, name in zip(sorted(map(order.index, factors)), factors, strict=True):
            order[place] = name
    return order


def axis_name(lengths: Sequence[int], sizes: Sequence[Mapping[str, int]]) -> str:
    """Name a dimension that has `lengths[i]` where the sizes are `sizes[i]`; products are written in the order of `sizes`.

    A size (`N`), a product (`N·C`, `2·H`), a sum or difference (`N-1`, `T-K+1`), a part (`H/2`, `N//2`) or a constant. The nominal
    length where no name fits, and where two do: a name is told only if it is the only one.
    """
    if len(set(lengths)) == 1 or not sizes:
        return str(lengths[0])
    names = tuple(sizes[0])
    found = _readings(names, tuple(tuple(choice[name] for choice in sizes) for name in names)).get(tuple(lengths), [])
    return found[0] if len(found) == 1 and found[0] else str(lengths[0])


def nominal_name(number: int, sizes: Mapping[str, int]) -> str | None:
    """Return the size, or else the product of sizes, that `number` is today, if it is one only."""
    factors = [f for times in (1, 2, 3) for f in combinations_with_replacement(sizes, times) if prod(sizes[n] for n in f) == number]
    shortest = [f for f in factors if len(f) == len(factors[0])]
    return "·".join(shortest[0]) if len(shortest) == 1 else None


def may_be(number: int, sizes: Mapping[str, int]) -> bool:
    """Whether `number` is a product of sizes, a small multiple of one, or one up to 2."""
    products = {prod(f) for times in (1, 2, 3) for f in combinations_with_replacement(sizes.values(), times)}
    return number in products or any(abs(number - n) <= 2 or number in (2 * n, 3 * n, 4 * n) for n in sizes.values())


@lru_cache(maxsize=64)
def _readings(names: tuple[str, ...], columns: tuple[tuple[int, ...], ...]) -> dict[tuple[int, ...], list[str]]:
    """All that a dimension may be called, by its lengths."""
    found: dict[tuple[int, ...], list[str]] = {}
    for text, lengths in _named(names, columns):
        found.setdefault(lengths, []).append(text)
    return found


def _named(names: tuple[str, ...], columns: tuple[tuple[int, ...], ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each name with its lengths. A length without a name is one that a forward may make, and whose name would be long."""
    known = list(zip(names, columns, strict=True))
    for factors in (f for times in (1, 2, 3) for f in combinations_with_replacement(known, times)):
        text, lengths = "·".join(name for name, _ in factors), tuple(map(prod, zip(*(column for _, column in factors), strict=True)))
        yield text, lengths
        if len(factors) < 3:
            yield from ((f"{k}·{text}", tuple(k * n for n in lengths)) for k in (2, 3, 4))
            yield from ((f"{text}{k:+d}", tuple(n + k for n in lengths)) for k in (-3, -2, -1, 1, 2, 3))
            for k in (2, 3, 4):
                yield f"{text}{'//' if any(n % k for n in lengths) else '/'}{k}", tuple(n // k for n in lengths)
        if len(factors) == 1:
            yield from (("", tuple(2 * n + k for n in lengths)) for k in (-1, 1))
            if any(n % 2 for n in lengths):
                yield from (("", tuple((n + k) // 2 + 1 for n in lengths)) for k in (-3, -1))
    for (one, first), (other, second) in combinations(known, 2):
        both = list(zip(first, second, strict=True))
        for k in (-1, 0, 1):
            plus = f"{k:+d}" if k else ""
            yield f"{one}+{other}{plus}", tuple(a + b + k for a, b in both)
            yield f"{one}-{other}{plus}", tuple(a - b + k for a, b in both)
            yield f"{other}-{one}{plus}", tuple(b - a + k for a, b in both)
            yield "", tuple(abs(a - b) // 2 + k for a, b in both)
            yield "", tuple((abs(a - b) + 1) // 2 + k for a, b in both)
            yield "", tuple(a // 2 + b + k for a, b in both)
            yield "", tuple(b // 2 + a + k for a, b in both)
            yield "", tuple(a * b + k * a for a, b in both) if k else ()
            yield "", tuple(a * b + k * b for a, b in both) if k else ()
        yield "", tuple(2 * a + b for a, b in both)
        yield "", tuple(a + 2 * b for a, b in both)
    for three in combinations(columns, 3):
        yield "", tuple(map(sum, zip(*three, strict=True)))


def axes(shapes: Sequence[Sequence[int]], sizes: Sequence[Mapping[str, int]]) -> str:
    """Name a shape seen in several trials: `(N, C)`, `(N,)`, `()`; numbers where the ranks differ."""
    if len({len(shape) for shape in shapes}) > 1:
        return written(shapes[0])
    return written([axis_name(lengths, sizes) for lengths in zip(*shapes, strict=True)])


def written(shape: Sequence[int | str]) -> str:
    """Write a shape as Python writes a tuple: `(7, 3)`, `(7,)`, `()`."""
    inner = ", ".join(str(n) for n in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
