"""The relations that hold in every choice of sizes, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations
from math import gcd

from backprop_check.exercise.relations import Column, Direction, added, direction, rise, sums

PLAIN = 4
"""Numbers up to this one make a relation that somebody might write."""


def standing(sizes: Sequence[Mapping[str, int]]) -> list[str]:
    """Return, in words, the relations that hold in each of three choices of sizes: `D = 2·heads`, `N is even`. The simplest come first.

    Of quantities, those with numbers that somebody might write; of what follows from a simpler one, nothing.
    """
    names = list(sizes[0])
    columns: list[Column] = [(sizes[0][n], sizes[1][n], sizes[2][n]) for n in names]
    found: list[tuple[frozenset[str], str]] = []
    for name, column in zip(names, columns, strict=True):
        if len(set(column)) == 1:
            found.append((frozenset({name}), f"{name} = {column[0]}"))
        elif len({n % 2 for n in column}) == 1:
            found.append((frozenset(), f"{name} is {'odd' if column[0] % 2 else 'even'}"))
    quantities = []
    for place, column in enumerate(columns):
        for form, of, values in chain(added(column, columns[:place]), sums(column, columns[:place])):
            its_names = [names[place] if i < 0 else names[i] for i in of]
            quantities.append((form.format(*its_names), frozenset(its_names), values))
    quantities.sort(key=lambda q: (len(q[1]), " - " in q[0], len(q[0])))
    for text, own, column in quantities:
        if direction(column) == (0, 0) and " " not in text and not _follows(own, found):
            found.append((own, f"{text} = {column[0]}"))
    alike: dict[Direction, list[int]] = {}
    for place, (_, _, column) in enumerate(quantities):
        alike.setdefault(direction(column), []).append(place)
    pairs = [(quantities[i], quantities[j]) for i, j in sorted(chain.from_iterable(combinations(places, 2) for places in alike.values()))]
    pairs.sort(key=lambda p: (len(p[0][1] | p[1][1]), " - " in p[0][0] + p[1][0], len(p[0][0] + p[1][0])))
    for (one, its, first), (other, theirs, second) in pairs:
        if not _follows(its | theirs, found):
            words = _words(one, first, other, second)
            if words:
                found.append((its | theirs, words))
    return [words for _, words in found]


def _follows(of: frozenset[str], found: Iterable[tuple[frozenset[str], str]]) -> bool:
    """Whether a relation of these sizes was found already, or one of some of them, from which this one may follow."""
    return any(known and known <= of for known, _ in found)


def _words(one: str, first: Column, other: str, second: Column) -> str | None:
    """`one = p·other + q` in whole numbers, or None if they are not ones that somebody might write."""
    up, along = next(((a, b) for a, b in zip(rise(first), rise(second), strict=True) if b), (0, 0))
    if not up:
        return None
    if abs(along) > abs(up):
        return _words(other, second, one, first)
    common = gcd(up, along) if along > 0 else -gcd(up, along)
    times, by = up // common, along // common
    plus = by * first[0] - times * second[0]
    if one.isidentifier() and other.isidentifier():
        plain = max(abs(times), by) <= PLAIN and (abs(plus) <= PLAIN or abs(times) == by == 1)
    else:
        plain = 0 < max(times, by) <= PLAIN and times > 0 and abs(plus) <= (1 if " " in one + other else 0)
    if not plain:
        return None
    left, right = _times(by, one), _times(times, other)
    if times < 0:
        return f"{left} + {_times(-times, other)} = {plus}"
    if plus < 0 and by == times == 1:
        left, right, plus = right, left, -plus
    return f"{left} = {right}" + (f" {'+' if plus > 0 else '-'} {abs(plus)}" if plus else "")


def _times(number: int, quantity: str) -> str:
    if number == 1:
        return quantity
    return f"{number}·({quantity})" if " " in quantity else f"{number}·{quantity}"
